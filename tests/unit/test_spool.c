/* spool: what was committed is there after a reopen, what was not is not; parcels come back as they were put. */
#include <unistd.h>

#include "fixture.h"
#include "relay/ledger.h"
#include "relay/spool.h"

struct room {
    char folder[64], path[96], wal[112];
    struct spool *spool;
    uint64_t committed;
    int failed;
    /* what a load saw */
    size_t members, envelopes, grants, answers, seen, cases, owed, cards;
    struct spool_envelope last;
    uint8_t states[8];
    size_t state_count;
    /* what a read gave */
    struct parcel *parcel;
    int error;
};

static void on_commit(void *ctx, uint64_t ticket)
{
    ((struct room *)ctx)->committed = ticket;
}

static void on_failed(void *ctx, int error, const char *text)
{
    (void)text;
    ((struct room *)ctx)->failed = error;
}

static int on_member(void *ctx, uint32_t number, const char *id)
{
    struct room *room = ctx;

    assert_int_equal(number, room->members);
    assert_string_equal(id, number ? "fr-phare" : "be-baken");
    room->members++;
    return OK;
}

static int on_roster(void *ctx, struct slice bytes)
{
    (void)ctx;
    (void)bytes;
    return OK;
}

static int on_card(void *ctx, uint32_t member, struct slice card)
{
    (void)member;
    assert_int_equal(card.len, 3);
    ((struct room *)ctx)->cards++;
    return OK;
}

static int on_seen(void *ctx, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash, int64_t until_us)
{
    (void)sender;
    (void)hash;
    assert_int_equal(id->bytes[0], 0x77);
    assert_int_equal(until_us, 5000);
    ((struct room *)ctx)->seen++;
    return OK;
}

static int on_case(void *ctx, const struct spool_case *row)
{
    assert_int_equal(row->holders.len, 8);
    ((struct room *)ctx)->cases++;
    return OK;
}

static int on_envelope(void *ctx, const struct spool_envelope *row)
{
    struct room *room = ctx;

    room->last = *row;
    assert_int_equal(row->who.len, 2 * SPOOL_WHO_BYTES);
    assert_memory_equal(row->header.data, "header", 6);
    room->envelopes++;
    return OK;
}

static int on_grant(void *ctx, const struct spool_grant *row)
{
    assert_int_equal(row->place, 1);
    ((struct room *)ctx)->grants++;
    return OK;
}

static int on_answers(void *ctx, uint64_t number, struct slice answers)
{
    struct room *room = ctx;

    (void)number;
    assert_true(answers.len <= sizeof room->states);
    memcpy(room->states, answers.data, answers.len);
    room->state_count = answers.len;
    room->answers++;
    return OK;
}

static int on_owed(void *ctx, const struct spool_owed *row)
{
    assert_int_equal(row->kind, LEDGER_RECEIPTS);
    assert_memory_equal(row->bytes.data, "signed", 6);
    ((struct room *)ctx)->owed++;
    return OK;
}

static void open_spool(struct room *room)
{
    const struct spool_reader reader = {.on_member = on_member,
                                        .on_roster = on_roster,
                                        .on_card = on_card,
                                        .on_seen = on_seen,
                                        .on_case = on_case,
                                        .on_envelope = on_envelope,
                                        .on_grant = on_grant,
                                        .on_answers = on_answers,
                                        .on_owed = on_owed,
                                        .ctx = room};
    const struct spool_events events = {.on_commit = on_commit, .on_failed = on_failed, .ctx = room};
    struct err_note note = {{0}};
    int error = spool_open(room->path, "relay-noord", &note, &room->spool);

    if (error)
        fail_msg("spool_open: %s: %s", err_name(error), note.text);
    room->members = room->envelopes = room->grants = room->answers = room->seen = room->cases = room->owed =
        room->cards = 0;
    assert_int_equal(spool_load(room->spool, &reader), OK);
    assert_int_equal(spool_start(room->spool, NULL, &events), OK);
}

static void reopen(struct room *room)
{
    spool_close(room->spool);
    open_spool(room);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);

    assert_non_null(room);
    assert_int_equal(seal_start(), OK);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-spool-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/relay.db", room->folder);
    snprintf(room->wal, sizeof room->wal, "%s-wal", room->path);
    open_spool(room);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;

    spool_close(room->spool);
    parcel_free(room->parcel);
    unlink(room->path);
    unlink(room->wal);
    rmdir(room->folder);
    free(room);
    return 0;
}

static void put_envelope(struct room *room, uint64_t number)
{
    struct parcel *parcel = parcel_new(number);
    uint8_t lock[PARCEL_LOCK_BYTES], who[2 * SPOOL_WHO_BYTES] = {0};
    struct spool_envelope row = {.number = number,
                                 .id = {{0x77}},
                                 .hash = {{(uint8_t)number, 1}},
                                 .kind = 1,
                                 .act = 1,
                                 .urgency = 2,
                                 .revision = 3,
                                 .sent_us = 1000,
                                 .expires_us = 2000,
                                 .has_self = true,
                                 .size_bytes = 99,
                                 .case_id = slice_of(who, 16),
                                 .header = slice_text("header"),
                                 .who = slice_of(who, sizeof who)};

    assert_non_null(parcel);
    buf_add_text(&parcel->body, "sealed body");
    for (uint8_t place = 0; place < 2; place++) {
        memset(lock, place + 1, sizeof lock);
        assert_int_equal(parcel_set_lock(parcel, place, lock), OK);
    }
    parcel->has_self = true;
    memset(parcel->self, 9, sizeof parcel->self);
    spool_put_envelope(room->spool, &row, parcel);
    parcel_free(parcel);
}

static void on_parcel(void *ctx, uint64_t number, struct parcel *parcel, int error)
{
    struct room *room = ctx;

    (void)number;
    parcel_free(room->parcel);
    room->parcel = parcel;
    room->error = error;
}

static void read_parcel(struct room *room, uint64_t number)
{
    room->error = 1;
    spool_read_parcel(room->spool, number, on_parcel, room);
    spool_step(room->spool);
    assert_true(room->error <= 0);
}

static void spool_everything_put_is_there_after_a_reopen(void **state)
{
    struct room *room = *state;
    const struct spool_case of_case = {.case_id = {{1}}, .holders = slice_of("\0\0\0\0\1\0\0\0", 8), .expires_us = 9};
    const struct spool_owed owed = {
        .owner = 1, .kind = LEDGER_RECEIPTS, .name = {{4}}, .until_us = 4000, .bytes = slice_text("signed")};

    spool_put_member(room->spool, 0, "be-baken");
    spool_put_member(room->spool, 1, "fr-phare");
    spool_put_card(room->spool, 1, slice_text("car"));
    spool_put_card(room->spool, 1, slice_text("rac"));
    put_envelope(room, 5);
    spool_put_answers(room->spool, 5, slice_of("\1\0\2", 3));
    spool_put_case(room->spool, &of_case);
    spool_put_owed(room->spool, &owed);
    spool_submit(room->spool);
    spool_step(room->spool);
    reopen(room);
    assert_int_equal(room->members, 2);
    assert_int_equal(room->cards, 1);
    assert_int_equal(room->envelopes, 1);
    assert_int_equal(room->last.number, 5);
    assert_int_equal(room->last.revision, 3);
    assert_int_equal(room->last.expires_us, 2000);
    assert_true(room->last.has_self);
    assert_int_equal(room->answers, 1);
    assert_memory_equal(room->states, "\1\0\2", 3);
    assert_int_equal(room->cases, 1);
    assert_int_equal(room->owed, 1);
}

static void spool_parcel_comes_back_with_late_grants_in_place(void **state)
{
    struct room *room = *state;
    uint8_t lock[PARCEL_LOCK_BYTES];
    const struct spool_grant late = {.number = 5, .place = 1, .member = 1, .lock = lock};

    put_envelope(room, 5);
    memset(lock, 7, sizeof lock);
    spool_put_grant(room->spool, &late);
    spool_submit(room->spool);
    spool_step(room->spool);
    read_parcel(room, 5);
    assert_int_equal(room->error, OK);
    assert_true(slice_equal(buf_slice(&room->parcel->body), slice_text("sealed body")));
    assert_int_equal(parcel_lock(room->parcel, 0)[0], 1);
    assert_int_equal(parcel_lock(room->parcel, 1)[0], 7);
    assert_null(parcel_lock(room->parcel, 2));
    assert_true(room->parcel->has_self);
    read_parcel(room, 6);
    assert_int_equal(room->error, ERR_NOT_FOUND);
    reopen(room);
    assert_int_equal(room->grants, 1);
}

static void spool_dropped_envelope_leaves_nothing_but_that_it_was_seen(void **state)
{
    struct room *room = *state;

    put_envelope(room, 5);
    spool_submit(room->spool);
    spool_drop_envelope(room->spool, 5, 5000);
    spool_submit(room->spool);
    spool_step(room->spool);
    reopen(room);
    assert_int_equal(room->envelopes, 0);
    assert_int_equal(room->seen, 1);
    read_parcel(room, 5);
    assert_int_equal(room->error, ERR_NOT_FOUND);
    spool_expire(room->spool, 5000);
    spool_submit(room->spool);
    spool_step(room->spool);
    reopen(room);
    assert_int_equal(room->seen, 0);
}

static void spool_ticket_is_announced_only_when_it_is_committed(void **state)
{
    struct room *room = *state;
    uint64_t first, second;

    spool_put_member(room->spool, 0, "be-baken");
    first = spool_submit(room->spool);
    spool_put_member(room->spool, 1, "fr-phare");
    second = spool_submit(room->spool);
    assert_true(second > first);
    assert_int_equal(spool_submit(room->spool), second); /* nothing new */
    assert_int_equal(room->committed, 0);
    spool_step(room->spool);
    assert_int_equal(room->committed, second);
    assert_int_equal(spool_counters(room->spool).commits, 1);
}

static void spool_word_taken_waits_for_another_write_or_for_hurry(void **state)
{
    struct room *room = *state;
    struct spool_owed word = {
        .owner = 1, .kind = LEDGER_RECEIPTS, .name = {{4}}, .until_us = 4000, .bytes = slice_text("signed")};
    uint64_t first, second;

    spool_put_owed(room->spool, &word);
    word.name.bytes[0] = 5;
    spool_put_owed(room->spool, &word);
    first = spool_submit(room->spool);
    spool_drop_owed(room->spool, 1, word.name.bytes);
    assert_int_equal(spool_submit(room->spool), first); /* no sync of its own */
    spool_put_member(room->spool, 0, "be-baken");
    second = spool_submit(room->spool);
    assert_true(second > first); /* it went along */
    word.name.bytes[0] = 4;
    spool_drop_owed(room->spool, 1, word.name.bytes);
    assert_int_equal(spool_submit(room->spool), second);
    spool_hurry(room->spool);
    assert_true(spool_submit(room->spool) > second);
    spool_step(room->spool);
    reopen(room);
    assert_int_equal(room->owed, 0);
}

static void spool_failed_write_is_told_and_nothing_of_it_stays(void **state)
{
    struct room *room = *state;

    spool_put_member(room->spool, 0, "be-baken");
    spool_put_member(room->spool, 0, "fr-phare"); /* the same number: our own mistake shows as a failed store */
    spool_submit(room->spool);
    spool_step(room->spool);
    assert_true(room->failed < 0);
    assert_int_equal(room->committed, 0);
    reopen(room);
    assert_int_equal(room->members, 0);
}

static void parcel_cache_drops_the_least_recently_used(void **state)
{
    struct parcel_cache cache;
    uint8_t body[3000] = {0};

    (void)state;
    parcel_cache_init(&cache, 12000);
    for (uint64_t i = 1; i <= 3; i++) {
        struct parcel *parcel = parcel_new(i);
        buf_add(&parcel->body, body, sizeof body);
        parcel_keep(&cache, parcel);
        parcel_find(&cache, 1);
    }
    assert_non_null(parcel_find(&cache, 1));
    for (uint64_t i = 4; i <= 5; i++) {
        struct parcel *parcel = parcel_new(i);
        buf_add(&parcel->body, body, sizeof body);
        parcel_keep(&cache, parcel);
    }
    assert_null(parcel_find(&cache, 2));
    assert_non_null(parcel_find(&cache, 5));
    assert_true(cache.bytes <= cache.budget);
    parcel_cache_done(&cache);
    assert_int_equal(cache.bytes, 0);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(spool_everything_put_is_there_after_a_reopen),
        SPOOL_TEST(spool_parcel_comes_back_with_late_grants_in_place),
        SPOOL_TEST(spool_dropped_envelope_leaves_nothing_but_that_it_was_seen),
        SPOOL_TEST(spool_ticket_is_announced_only_when_it_is_committed),
        SPOOL_TEST(spool_word_taken_waits_for_another_write_or_for_hurry),
        SPOOL_TEST(spool_failed_write_is_told_and_nothing_of_it_stays),
        cmocka_unit_test(parcel_cache_drops_the_least_recently_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
