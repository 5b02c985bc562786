/* journal: numbers, what is kept over a restart and how long, and what an erased case leaves. */
#include <unistd.h>

#include "fixture.h"
#include "node/journal.h"
#include "proto/clock.h"
#include "proto/seal.h"

#define NOW_US (INT64_C(1790000000) * 1000000)

struct room {
    char folder[64], path[96];
    struct key_set *keys;
    struct vault *vault;
    struct journal journal;
    struct err_note note;
    int64_t now_us;
};

static int load(void *ctx, struct slice record)
{
    return journal_load(ctx, record);
}

static int load_head(void *ctx, struct slice record)
{
    return journal_load_head(ctx, record);
}

static void open_room(struct room *room, bool fresh)
{
    const struct store_events events = {0};
    struct db *db = NULL;
    assert_int_equal(db_open(room->path, vault_schema(), "be-baken", &room->note, &db), OK);
    assert_int_equal(vault_open(db, room->keys, NULL, &room->note, &room->vault), OK);
    journal_init(&room->journal);
    assert_int_equal(vault_each(room->vault, VAULT_JOURNAL, load, &room->journal, &room->note), OK);
    assert_int_equal(vault_each(room->vault, VAULT_JOURNAL_HEAD, load_head, &room->journal, &room->note), OK);
    journal_begin(&room->journal, fresh, room->now_us);
    assert_int_equal(vault_start(room->vault, NULL, &events), OK);
}

/* As after kill -9: what was not flushed is gone. */
static void restart(struct room *room, bool fresh)
{
    vault_abandon(room->vault);
    vault_close(room->vault);
    journal_done(&room->journal);
    open_room(room, fresh);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    assert_int_equal(seal_start(), OK);
    room->keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    room->now_us = NOW_US;
    open_room(room, true);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;
    vault_close(room->vault);
    journal_done(&room->journal);
    key_set_free(room->keys);
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

static struct envelope_case_key case_of(uint8_t number)
{
    const uint8_t id[KEY_UUID_BYTES] = {number};
    return envelope_case_key("be-baken", false, id);
}

/* source NULL: an act. Its text is "NUMBER TEXT". */
static uint64_t add(struct room *room, const char *source, const struct envelope_case_key *key, bool erased)
{
    char text[64];
    uint64_t ticket = 0;
    snprintf(text, sizeof text, "%llu of %d", (unsigned long long)room->journal.next, key != NULL ? key->bytes[0] : -1);
    const struct journal_new added = {
        .at_us = room->now_us, .source = source, .case_key = key, .erased = erased, .text = text};
    return journal_add(&room->journal, room->vault, &added, &ticket);
}

static uint64_t add_acts(struct room *room, size_t count)
{
    uint64_t id = 0;
    for (size_t i = 0; i < count; i++)
        id = add(room, NULL, NULL, false);
    return id;
}

static void commit(struct room *room)
{
    journal_write(&room->journal, room->vault);
    vault_flush(room->vault);
    while (store_step(vault_store(room->vault))) {
    }
    journal_tell(&room->journal, room->journal.next - 1);
}

static size_t count_after(const struct room *room, uint64_t after)
{
    size_t count = 0;
    for (const struct journal_row *row; (row = journal_after(&room->journal, after)) != NULL; after = row->id)
        count++;
    return count;
}

static void journal_number_names_what_follows(void **state)
{
    struct room *room = *state;
    uint64_t last = add_acts(room, 3);
    assert_int_equal(count_after(room, 0), 0); /* nothing before it was told */
    commit(room);
    assert_int_equal(count_after(room, 0), 3);
    assert_int_equal(count_after(room, last - 2), 2);
    assert_int_equal(count_after(room, last), 0);
    assert_false(journal_is_gap(&room->journal, last));
    assert_false(journal_is_gap(&room->journal, last - 3)); /* the first of this run follows it */
    assert_true(journal_is_gap(&room->journal, last + 1));
    assert_true(journal_is_gap(&room->journal, UINT64_MAX));
    assert_true(journal_is_gap(&room->journal, last - 4));
}

static void journal_committed_events_outlive_a_kill_under_their_numbers(void **state)
{
    struct room *room = *state;
    struct envelope_case_key one = case_of(1), two = case_of(2);
    uint64_t first = add(room, NULL, &one, false);
    add(room, NULL, &two, false);
    add(room, NULL, NULL, false);
    uint64_t fourth = add(room, NULL, &one, false);
    commit(room);
    uint64_t lost = add_acts(room, 2);
    restart(room, false);
    assert_int_equal(count_after(room, 0), 4);
    assert_int_equal(count_after(room, first), 3);
    char text[64];
    snprintf(text, sizeof text, "%llu of %d", (unsigned long long)fourth, one.bytes[0]);
    assert_string_equal(journal_find(&room->journal, fourth)->text, text);
    assert_null(journal_find(&room->journal, lost));
    assert_false(journal_is_gap(&room->journal, first));
    assert_false(journal_is_gap(&room->journal, fourth));
    assert_true(add_acts(room, 1) > lost); /* it may have been given to somebody */
    commit(room);
    assert_int_equal(count_after(room, fourth), 1);
}

static void journal_no_number_is_given_twice(void **state)
{
    struct room *room = *state;
    uint64_t last = 0;
    for (int run = 0; run < 3; run++) {
        for (int i = 0; i < 1700; i++) { /* news of states alone: nothing of it is at rest but the reserve */
            uint64_t id = add(room, i % 2 ? "relay-1" : "", NULL, false);
            assert_true(id > last);
            last = id;
            if (i % 100 == 0)
                commit(room);
        }
        commit(room);
        room->now_us -= CLOCK_HOUR_US; /* a clock put back helps nobody */
        restart(room, false);
    }
}

static void journal_older_run_of_another_program_is_a_gap(void **state)
{
    struct room *room = *state;
    uint64_t last = add_acts(room, 2);
    commit(room);
    room->now_us += CLOCK_DAY_US;
    restart(room, false);
    assert_false(journal_is_gap(&room->journal, last));
    assert_true(journal_is_gap(&room->journal, last + 40000000)); /* between the runs; nobody here gave it */
    assert_false(journal_is_gap(&room->journal, room->journal.begun - 1));
}

static void journal_restored_store_is_a_gap_to_everybody(void **state)
{
    struct room *room = *state;
    uint64_t last = add_acts(room, 2);
    commit(room);
    room->now_us += CLOCK_MINUTE_US;
    restart(room, true);
    assert_true(journal_is_gap(&room->journal, last));
    assert_true(journal_is_gap(&room->journal, last - 1));
}

static void journal_keeps_the_newest_and_says_what_is_gone(void **state)
{
    struct room *room = *state;
    uint64_t first = room->journal.next, last = 0;
    for (int i = 0; i < 60; i++) {
        last = add_acts(room, 100);
        commit(room);
    }
    for (int again = 0; again < 2; again++) {
        size_t kept = count_after(room, 0);
        assert_in_range(kept, JOURNAL_KEPT, JOURNAL_KEPT + 300);
        assert_true(journal_is_gap(&room->journal, first));
        assert_true(journal_is_gap(&room->journal, last - kept - 1));
        assert_false(journal_is_gap(&room->journal, last - kept));
        assert_int_equal(count_after(room, last - 10), 10);
        vault_hurry(room->vault);
        commit(room);
        restart(room, false);
    }
}

static void journal_events_end_after_three_days(void **state)
{
    struct room *room = *state;
    uint64_t old = add_acts(room, 2);
    commit(room);
    room->now_us += JOURNAL_LIFE_US / 2;
    uint64_t young = add_acts(room, 1);
    commit(room);
    room->now_us += JOURNAL_LIFE_US / 2 + 1;
    journal_sweep(&room->journal, room->vault, room->now_us);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(count_after(room, 0), 1);
        assert_non_null(journal_find(&room->journal, young));
        assert_true(journal_is_gap(&room->journal, old - 1));
        assert_false(journal_is_gap(&room->journal, old));
        vault_hurry(room->vault);
        commit(room);
        restart(room, false);
    }
}

static void journal_erased_case_leaves_nothing(void **state)
{
    struct room *room = *state;
    struct envelope_case_key gone = case_of(1), stays = case_of(2);
    add(room, NULL, &gone, false);
    add(room, NULL, &stays, false);
    add(room, NULL, &gone, false);
    commit(room);
    add(room, NULL, &gone, false); /* of the same turn */
    journal_forget(&room->journal, room->vault, &gone);
    (void)vault_destroy_case(room->vault, &gone);
    uint64_t after = add(room, NULL, &gone, true); /* a tombstone's */
    commit(room);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(count_after(room, 0), 2);
        assert_non_null(journal_find(&room->journal, after));
        restart(room, false);
    }
    journal_forget(&room->journal, room->vault, &gone); /* it was opened again, and erased again */
    (void)vault_destroy_case(room->vault, &gone);
    commit(room);
    restart(room, false);
    assert_int_equal(count_after(room, 0), 1);
}

static void journal_of_a_state_the_newest_counts(void **state)
{
    struct room *room = *state;
    uint64_t act = add_acts(room, 1);
    for (int i = 0; i < 20000; i++) { /* a relay that flaps, or lies, pushes no act out */
        add(room, "relay-1", NULL, false);
        if (i % 1000 == 0)
            commit(room);
    }
    uint64_t other = add(room, "relay-2", NULL, false), newest = add(room, "relay-1", NULL, false);
    commit(room);
    assert_int_equal(count_after(room, 0), 3);
    assert_non_null(journal_find(&room->journal, act));
    assert_non_null(journal_find(&room->journal, other));
    assert_non_null(journal_find(&room->journal, newest));
    assert_false(journal_is_gap(&room->journal, act + 1));
    assert_true(room->journal.capacity < 4096);
}

static void journal_record_that_is_none_is_refused(void **state)
{
    struct room *room = *state;
    static const uint8_t owned_by_none[] = {0x0a, 0x05, 0x08, 0x01, 0x1a, 0x01, 'x', 0x18, 0x01};
    static const uint8_t short_case[] = {0x0a, 0x05, 0x08, 0x01, 0x1a, 0x01, 'x', 0x12, 0x01, 0x01};
    static const uint8_t no_text[] = {0x0a, 0x02, 0x08, 0x01};
    assert_int_equal(journal_load(&room->journal, slice_of(NULL, 0)), ERR_CORRUPT);
    assert_int_equal(journal_load(&room->journal, slice_text("garbage")), ERR_CORRUPT);
    assert_int_equal(journal_load(&room->journal, slice_of(owned_by_none, sizeof owned_by_none)), ERR_CORRUPT);
    assert_int_equal(journal_load(&room->journal, slice_of(short_case, sizeof short_case)), ERR_CORRUPT);
    assert_int_equal(journal_load(&room->journal, slice_of(no_text, sizeof no_text)), ERR_CORRUPT);
    assert_int_equal(journal_load_head(&room->journal, slice_text("garbage")), ERR_CORRUPT);
    assert_int_equal(room->journal.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(journal_number_names_what_follows),
        TEST(journal_committed_events_outlive_a_kill_under_their_numbers),
        TEST(journal_no_number_is_given_twice),
        TEST(journal_older_run_of_another_program_is_a_gap),
        TEST(journal_restored_store_is_a_gap_to_everybody),
        TEST(journal_keeps_the_newest_and_says_what_is_gone),
        TEST(journal_events_end_after_three_days),
        TEST(journal_erased_case_leaves_nothing),
        TEST(journal_of_a_state_the_newest_counts),
        TEST(journal_record_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
