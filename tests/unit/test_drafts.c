/* drafts: kept under their own keys, changed under new tags, ended with nothing left. */
#include <unistd.h>

#include "fixture.h"
#include "node/drafts.h"
#include "proto/seal.h"

static const char CANARY[] = "Aurelia-canary-4711";

struct room {
    char folder[64], path[96];
    struct key_set *keys;
    struct vault *vault;
    struct drafts drafts;
    struct err_note note;
};

static int load(void *ctx, struct slice record)
{
    return drafts_load(ctx, record);
}

static void open_room(struct room *room)
{
    const struct store_events events = {0};
    struct db *db = NULL;
    assert_int_equal(db_open(room->path, vault_schema(), "be-baken", &room->note, &db), OK);
    assert_int_equal(vault_open(db, room->keys, NULL, &room->note, &room->vault), OK);
    drafts_init(&room->drafts);
    assert_int_equal(vault_each(room->vault, VAULT_DRAFT, load, &room->drafts, &room->note), OK);
    assert_int_equal(vault_start(room->vault, NULL, &events), OK);
}

static void close_room(struct room *room)
{
    vault_close(room->vault);
    room->vault = NULL;
    drafts_done(&room->drafts);
}

static void reopen(struct room *room)
{
    close_room(room);
    open_room(room);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    assert_int_equal(seal_start(), OK);
    room->keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    open_room(room);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;
    close_room(room);
    key_set_free(room->keys);
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

static struct draft *add(struct room *room, const char *text, int64_t at_us)
{
    struct drafts_words words = {.document = slice_text(text), .by = "ineke", .at_us = at_us};
    struct draft *draft = NULL;
    int error = drafts_add(&room->drafts, room->vault, &words, &room->note, &draft);
    if (error != OK)
        fail_msg("%s", err_explain(&room->note, error));
    return draft;
}

static const char *id_of(const struct draft *draft, char text[33])
{
    buf_hex(slice_of(draft->id.bytes, KEY_UUID_BYTES), text);
    return text;
}

static struct draft *find(const struct room *room, const char *digits)
{
    size_t count;
    return drafts_find(&room->drafts, digits, &count);
}

static void drafts_kept_draft_comes_back_whole(void **state)
{
    struct room *room = *state;
    char id[33];
    struct draft *draft = add(room, CANARY, 1000);
    struct key_uuid tag = draft->tag;
    id_of(draft, id);
    vault_flush(room->vault);
    reopen(room);
    draft = find(room, id);
    assert_non_null(draft);
    assert_true(slice_equal(buf_slice(&draft->document), slice_text(CANARY)));
    assert_true(key_uuid_equal(&draft->tag, &tag));
    assert_string_equal(draft->created_by, "ineke");
    assert_string_equal(draft->changed_by, "ineke");
    assert_int_equal(draft->created_at_us, 1000);
    assert_int_equal(draft->changed_at_us, 1000);
    assert_int_equal(drafts_erased_at(draft), 1000 + LIMIT_DRAFT_LIFE_US);
}

static void drafts_change_gives_a_new_tag_and_the_same_words_none(void **state)
{
    struct room *room = *state;
    struct draft *draft = add(room, "one", 1000);
    struct key_uuid first = draft->tag, second;
    struct drafts_words same = {.document = slice_text("one"), .by = "karim", .at_us = 2000};
    struct drafts_words other = {.document = slice_text("two"), .by = "karim", .at_us = 3000};
    assert_int_equal(drafts_change(room->vault, draft, &same), OK);
    assert_true(key_uuid_equal(&draft->tag, &first));
    assert_int_equal(draft->changed_at_us, 1000);
    assert_int_equal(drafts_change(room->vault, draft, &other), OK);
    second = draft->tag;
    assert_false(key_uuid_equal(&second, &first));
    assert_string_equal(draft->changed_by, "karim");
    assert_string_equal(draft->created_by, "ineke");
    vault_flush(room->vault);
    reopen(room);
    assert_int_equal(room->drafts.count, 1);
    draft = room->drafts.list[0];
    assert_true(key_uuid_equal(&draft->tag, &second));
    assert_true(slice_equal(buf_slice(&draft->document), slice_text("two")));
    /* Back to words that it had: still another state of it. */
    struct drafts_words back = {.document = slice_text("one"), .by = "karim", .at_us = 4000};
    assert_int_equal(drafts_change(room->vault, draft, &back), OK);
    assert_false(key_uuid_equal(&draft->tag, &first));
}

static void drafts_approval_is_kept_and_ends_with_the_words(void **state)
{
    struct room *room = *state;
    struct draft *draft = add(room, "one", 1000);
    struct key_uuid tag = draft->tag;
    drafts_approve(room->vault, draft, "karim", 2000);
    vault_flush(room->vault);
    reopen(room);
    draft = room->drafts.list[0];
    assert_string_equal(draft->approved_by, "karim");
    assert_int_equal(draft->approved_at_us, 2000);
    assert_string_equal(draft->author, "ineke");
    assert_true(key_uuid_equal(&draft->tag, &tag));
    struct drafts_words same = {.document = slice_text("one"), .by = "ineke", .at_us = 3000};
    struct drafts_words other = {.document = slice_text("two"), .by = "token desk", .author = "anna", .at_us = 3000};
    assert_int_equal(drafts_change(room->vault, draft, &same), OK);
    assert_string_equal(draft->approved_by, "karim");
    assert_int_equal(drafts_change(room->vault, draft, &other), OK);
    assert_string_equal(draft->approved_by, "");
    vault_flush(room->vault);
    reopen(room);
    draft = room->drafts.list[0];
    assert_string_equal(draft->approved_by, "");
    assert_string_equal(draft->author, "anna");
    drafts_approve(room->vault, draft, "karim", 4000);
    drafts_approve(room->vault, draft, NULL, 5000);
    vault_flush(room->vault);
    reopen(room);
    assert_string_equal(room->drafts.list[0]->approved_by, "");
}

static void drafts_erased_draft_is_gone_with_its_key(void **state)
{
    struct room *room = *state;
    char id[33], other[33];
    id_of(add(room, CANARY, 1000), id);
    id_of(add(room, "another", 1000), other);
    vault_flush(room->vault);
    drafts_erase(&room->drafts, room->vault, find(room, id));
    assert_null(find(room, id));
    vault_flush(room->vault);
    reopen(room);
    assert_null(find(room, id));
    assert_non_null(find(room, other));
    vault_close(room->vault);
    room->vault = NULL;
    sqlite3 *db;
    sqlite3_stmt *count;
    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM case_key", -1, &count, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(count, 0), 1);
    sqlite3_finalize(count);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void drafts_end_thirty_days_after_their_last_change(void **state)
{
    struct room *room = *state;
    char kept[33];
    add(room, "old", 1000);
    add(room, "older", 500);
    id_of(add(room, "young", 2000), kept);
    assert_int_equal(drafts_erase_due(&room->drafts, room->vault, 499 + LIMIT_DRAFT_LIFE_US), 0);
    assert_int_equal(drafts_erase_due(&room->drafts, room->vault, 1000 + LIMIT_DRAFT_LIFE_US), 2);
    assert_int_equal(room->drafts.count, 1);
    assert_non_null(find(room, kept));
}

static void drafts_too_many_are_refused_with_the_limit(void **state)
{
    struct room *room = *state;
    struct drafts_words words = {.document = slice_text("x"), .by = "ineke", .at_us = 1};
    struct draft *draft = NULL;
    for (int i = 0; i < LIMIT_DRAFTS; i++)
        add(room, "x", 1);
    assert_error(drafts_add(&room->drafts, room->vault, &words, &room->note, &draft), ERR_LIMIT);
    assert_null(draft);
    assert_non_null(strstr(room->note.text, "200 drafts"));
    drafts_erase(&room->drafts, room->vault, room->drafts.list[7]);
    add(room, "x", 1);
}

static void drafts_are_found_by_their_first_digits_when_one_begins_so(void **state)
{
    struct room *room = *state;
    size_t count = 7;
    add(room, "x", 1);
    add(room, "y", 1);
    assert_null(drafts_find(&room->drafts, "", &count));
    assert_int_equal(count, 2);
    assert_null(drafts_find(&room->drafts, "zz", &count));
    assert_int_equal(count, 0);
    char id[33];
    assert_ptr_equal(drafts_find(&room->drafts, id_of(room->drafts.list[1], id), &count), room->drafts.list[1]);
    assert_null(drafts_find(&room->drafts, "000000000000000000000000000000000", &count));
}

static void drafts_damaged_record_is_refused(void **state)
{
    struct room *room = *state;
    assert_error(drafts_load(&room->drafts,
                             slice_text("\x0a\x03"
                                        "abc")),
                 ERR_CORRUPT);
    assert_error(drafts_load(&room->drafts, slice_text("\xff\xff")), ERR_CORRUPT);
    assert_int_equal(room->drafts.count, 0);
}

static void drafts_changes_are_noted_once_an_hour_for_each_who_makes_them(void **state)
{
    struct draft draft = {.created_at_us = 1};
    int64_t now_us = INT64_C(1790000000) * 1000000;
    (void)state;
    assert_false(drafts_is_noted(&draft, "anna", now_us));
    assert_true(drafts_is_noted(&draft, "anna", now_us + 1));
    assert_false(drafts_is_noted(&draft, "bert", now_us + 2));
    assert_true(drafts_is_noted(&draft, "anna", now_us + DRAFTS_NOTED_US - 1));
    assert_false(drafts_is_noted(&draft, "anna", now_us + DRAFTS_NOTED_US));
    assert_true(drafts_is_noted(&draft, "anna", now_us + 2 * DRAFTS_NOTED_US - 1));
    static const char *const more[] = {"carl", "dora", "emil"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        assert_false(drafts_is_noted(&draft, more[i], now_us + DRAFTS_NOTED_US + (int64_t)i));
    assert_false(drafts_is_noted(&draft, "bert", now_us + DRAFTS_NOTED_US + 9)); /* the one of longest ago gave way */
    assert_true(drafts_is_noted(&draft, "emil", now_us + DRAFTS_NOTED_US + 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drafts_kept_draft_comes_back_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_change_gives_a_new_tag_and_the_same_words_none, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_approval_is_kept_and_ends_with_the_words, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_erased_draft_is_gone_with_its_key, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_end_thirty_days_after_their_last_change, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_too_many_are_refused_with_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_are_found_by_their_first_digits_when_one_begins_so, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_damaged_record_is_refused, setup, teardown),
        cmocka_unit_test(drafts_changes_are_noted_once_an_hour_for_each_who_makes_them),
    };
    return cmocka_run_group_tests_name("drafts", tests, NULL, NULL);
}
