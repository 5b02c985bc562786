/* vault: records sealed where they stand, under their case's key, written in whole turns. */
#include <unistd.h>

#include "fixture.h"
#include "node/vault.h"

static const char CANARY[] = "Aurelia-canary-4711";

struct room {
    char folder[64], path[96];
    struct key_set *keys;
    struct db *db;
    struct vault *vault;
    struct buf found; /* records, each with its length before it */
    size_t count;
    struct err_note note;
};

static int try_open_after(struct room *room, const struct key_set *keys, const struct key_set *previous)
{
    int error = db_open(room->path, vault_schema(), "be-baken", &room->note, &room->db);
    if (error == OK)
        error = vault_open(room->db, keys, previous, &room->note, &room->vault);
    if (error != OK)
        room->vault = NULL;
    return error;
}

static int try_open(struct room *room, const struct key_set *keys)
{
    return try_open_after(room, keys, NULL);
}

static void run(struct room *room)
{
    const struct store_events events = {0};
    assert_int_equal(vault_start(room->vault, NULL, &events), OK);
}

static int gather(void *ctx, struct slice plain)
{
    struct room *room = ctx;
    room->count++;
    buf_add_slice(&room->found, plain);
    buf_add_u8(&room->found, '|');
    return OK;
}

static int read_all(struct room *room, enum vault_space space)
{
    buf_clear(&room->found);
    room->count = 0;
    return vault_each(room->vault, space, gather, room, &room->note);
}

static void assert_found(struct room *room, enum vault_space space, const char *expected)
{
    assert_int_equal(read_all(room, space), OK);
    buf_add_u8(&room->found, '\0');
    assert_string_equal((const char *)room->found.data, expected);
}

static void reopen(struct room *room)
{
    vault_close(room->vault);
    assert_int_equal(try_open(room, room->keys), OK);
}

static void sql(struct room *room, const char *text)
{
    sqlite3 *db;
    char *complaint = NULL;
    vault_close(room->vault);
    room->vault = NULL;
    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &complaint) != SQLITE_OK)
        fail_msg("%s: %s", text, complaint);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    assert_int_equal(seal_start(), OK);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-vault-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    room->keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x11);
    buf_init(&room->found);
    assert_int_equal(try_open(room, room->keys), OK);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;
    char command[128];
    vault_close(room->vault);
    key_set_free(room->keys);
    buf_free(&room->found);
    snprintf(command, sizeof command, "rm -rf '%s'", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

#define VAULT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct envelope_case_key owner_of(uint8_t fill)
{
    uint8_t id[KEY_UUID_BYTES] = {fill};
    return envelope_case_key("be-baken", false, id);
}

static uint64_t put(struct room *room, enum vault_space space, const char *key, const struct envelope_case_key *owner,
                    const char *text)
{
    return vault_put(room->vault, space, slice_text(key), owner, slice_text(text));
}

static void vault_put_is_found_after_its_commit_and_not_before(void **state)
{
    struct room *room = *state;
    run(room);
    uint64_t first = put(room, VAULT_KEY, "a", NULL, "one");
    assert_int_equal(put(room, VAULT_KEY, "b", NULL, "two"), first); /* one turn, one ticket */
    assert_int_equal(vault_last(room->vault), first);
    assert_true(vault_committed(room->vault) < first);
    vault_flush(room->vault);
    assert_true(vault_committed(room->vault) < first);
    assert_int_equal(vault_last(room->vault), first);
    assert_int_equal(vault_ticket(room->vault), first + 1);
    store_step(vault_store(room->vault));
    assert_int_equal(vault_committed(room->vault), first);
    vault_flush(room->vault); /* an empty turn is none */
    assert_int_equal(store_step(vault_store(room->vault)), 0);
    reopen(room);
    assert_int_equal(read_all(room, VAULT_KEY), OK);
    assert_int_equal(room->count, 2);
}

static void vault_put_of_the_same_key_replaces_and_remove_removes(void **state)
{
    struct room *room = *state;
    struct envelope_case_key owner = owner_of(1);
    run(room);
    put(room, VAULT_CASE, "a", &owner, "one");
    vault_flush(room->vault);
    put(room, VAULT_CASE, "a", NULL, "two"); /* another owner: the record goes with it */
    put(room, VAULT_KEY, "a", NULL, "other space");
    put(room, VAULT_CASE, "b", NULL, "gone");
    vault_remove(room->vault, VAULT_CASE, slice_text("b"));
    reopen(room);
    assert_found(room, VAULT_CASE, "two|");
    assert_found(room, VAULT_KEY, "other space|");
}

static void vault_destroyed_case_is_gone_with_all_its_records(void **state)
{
    struct room *room = *state;
    struct envelope_case_key first = owner_of(1), second = owner_of(2);
    run(room);
    put(room, VAULT_ITEM, "a", &first, "first");
    put(room, VAULT_LADDER, "a", &first, "first");
    put(room, VAULT_ITEM, "b", &second, "second");
    vault_flush(room->vault);
    vault_destroy_case(room->vault, &first);
    reopen(room);
    assert_found(room, VAULT_ITEM, "second|");
    assert_int_equal(read_all(room, VAULT_LADDER), OK);
    assert_int_equal(room->count, 0);
    run(room);
    vault_destroy_case(room->vault, &second);
    put(room, VAULT_ITEM, "c", &second, "opened anew"); /* under a key of its own, in the same turn */
    reopen(room);
    assert_found(room, VAULT_ITEM, "opened anew|");
}

static void vault_record_moved_to_another_place_does_not_open(void **state)
{
    struct room *room = *state;
    struct envelope_case_key first = owner_of(1), second = owner_of(2);
    static const char *const moves[] = {
        /* another index */
        "UPDATE record SET id = zeroblob(16) WHERE space = 1 AND rowid = (SELECT min(rowid) FROM record "
        "WHERE space = 1)",
        /* another space */
        "UPDATE record SET space = 2 WHERE space = 1 AND rowid = (SELECT min(rowid) FROM record WHERE space = 1)",
        /* two contents change places within one case */
        "UPDATE record SET sealed = (SELECT r.sealed FROM record r WHERE r.space = 1 AND r.owner = "
        "record.owner AND r.id <> record.id) "
        "WHERE space = 1 AND (SELECT count(*) FROM record r WHERE r.space = 1 AND r.owner = record.owner) = 2",
        /* another case's */
        "UPDATE record SET owner = (SELECT max(owner) FROM record) WHERE owner = (SELECT min(owner) FROM record)",
        /* no case's */
        "UPDATE record SET owner = NULL WHERE space = 1 AND rowid = (SELECT min(rowid) FROM record WHERE space = 1)",
        /* a bit */
        "UPDATE record SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB) WHERE space = 1"};
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        run(room);
        put(room, VAULT_ITEM, "a", &first, "one");
        put(room, VAULT_ITEM, "b", &first, "two");
        put(room, VAULT_ITEM, "c", &second, "three");
        sql(room, moves[i]);
        assert_int_equal(try_open(room, room->keys), OK);
        int item = read_all(room, VAULT_ITEM), ladder = read_all(room, VAULT_LADDER);
        if (item != ERR_CORRUPT && ladder != ERR_CORRUPT)
            fail_msg("move %zu: %s", i, err_name(item));
        assert_note(&room->note, "does not open");
        sql(room, "DELETE FROM record; DELETE FROM case_key");
        assert_int_equal(try_open(room, room->keys), OK);
    }
}

static void vault_case_key_of_another_case_does_not_open(void **state)
{
    struct room *room = *state;
    struct envelope_case_key first = owner_of(1), second = owner_of(2);
    run(room);
    put(room, VAULT_ITEM, "a", &first, "one");
    put(room, VAULT_ITEM, "b", &second, "two");
    sql(room, "UPDATE case_key SET sealed = (SELECT max(sealed) FROM case_key)");
    assert_error(try_open(room, room->keys), ERR_CORRUPT);
}

static void vault_of_another_master_is_refused_in_words(void **state)
{
    struct room *room = *state;
    struct key_set *other = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x12);
    run(room);
    put(room, VAULT_KEY, "a", NULL, "one");
    vault_close(room->vault);
    assert_error(try_open(room, other), ERR_CRYPTO);
    assert_note(&room->note, "another key");
    assert_int_equal(try_open(room, room->keys), OK);
    assert_found(room, VAULT_KEY, "one|");
    key_set_free(other);
}

static void vault_of_a_former_key_file_is_wrapped_anew(void **state)
{
    struct room *room = *state;
    struct key_set *next = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x12);
    run(room);
    put(room, VAULT_KEY, "a", NULL, "one");
    vault_close(room->vault);
    assert_int_equal(try_open_after(room, next, room->keys), OK);
    assert_found(room, VAULT_KEY, "one|");
    run(room);
    vault_close(room->vault);
    assert_error(try_open(room, room->keys), ERR_CRYPTO); /* the old master opens nothing any more */
    assert_int_equal(try_open(room, next), OK);
    assert_found(room, VAULT_KEY, "one|");
    key_set_free(next);
}

static void vault_forgetting_waits_for_a_write_or_for_hurry(void **state)
{
    struct room *room = *state;
    run(room);
    put(room, VAULT_OWED, "a", NULL, "one");
    vault_flush(room->vault);
    store_step(vault_store(room->vault));
    uint64_t before = vault_last(room->vault);
    vault_forget(room->vault, VAULT_OWED, slice_text("a"));
    vault_flush(room->vault);
    assert_int_equal(store_step(vault_store(room->vault)), 0); /* no sync for it alone */
    assert_int_equal(vault_last(room->vault), before);         /* and nobody waits for it */
    assert_int_equal(put(room, VAULT_OWED, "b", NULL, "two"), before + 1);
    vault_flush(room->vault);
    assert_int_equal(store_step(vault_store(room->vault)), 1);
    vault_forget(room->vault, VAULT_OWED, slice_text("b"));
    vault_hurry(room->vault);
    vault_flush(room->vault);
    assert_int_equal(store_step(vault_store(room->vault)), 1);
    reopen(room);
    assert_int_equal(read_all(room, VAULT_OWED), OK);
    assert_int_equal(room->count, 0);
}

static void vault_store_id_is_kept_and_renewed_by_a_restore(void **state)
{
    struct room *room = *state;
    struct key_uuid id = *vault_store_id(room->vault);
    assert_true(vault_is_fresh(room->vault));
    run(room);
    reopen(room);
    assert_false(vault_is_fresh(room->vault));
    assert_true(key_uuid_equal(&id, vault_store_id(room->vault)));
    run(room);
    sql(room, "INSERT INTO meta(name, value) VALUES('restored', x'31') ON CONFLICT(name) DO UPDATE SET value = x'31'");
    assert_int_equal(try_open(room, room->keys), OK);
    assert_true(vault_is_fresh(room->vault));
    assert_false(key_uuid_equal(&id, vault_store_id(room->vault)));
    id = *vault_store_id(room->vault);
    run(room);
    reopen(room);
    assert_true(key_uuid_equal(&id, vault_store_id(room->vault))); /* once */
}

static bool file_holds(const char *path, const void *needle, size_t len)
{
    FILE *file = fopen(path, "rb");
    static uint8_t bytes[4 << 20];
    if (file == NULL)
        return false;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i + len <= size; i++)
        if (memcmp(bytes + i, needle, len) == 0)
            return true;
    return false;
}

static void vault_file_says_nothing_of_who_or_what(void **state)
{
    struct room *room = *state;
    struct envelope_case_key owner = owner_of(0xc7);
    char wal[128];
    memset(owner.bytes + LIMIT_ID_CHARS + 1, 0xc7, KEY_UUID_BYTES);
    run(room);
    for (int i = 0; i < 200; i++) {
        char key[64];
        snprintf(key, sizeof key, "key-canary-%d", i);
        put(room, VAULT_ITEM, key, i % 2 ? &owner : NULL, CANARY);
        vault_flush(room->vault);
    }
    store_step(vault_store(room->vault));
    snprintf(wal, sizeof wal, "%s-wal", room->path);
    const char *const files[] = {room->path, wal};
    for (size_t i = 0; i < 2; i++) {
        assert_false(file_holds(files[i], CANARY, sizeof CANARY - 1));
        assert_false(file_holds(files[i], "key-canary", 10));
        assert_false(file_holds(files[i], owner.bytes + LIMIT_ID_CHARS + 1, KEY_UUID_BYTES));
        assert_false(file_holds(files[i], room->keys->master.bytes, KEY_BYTES));
    }
    assert_true(file_holds(wal, "record", 6)); /* it was the right file */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(vault_put_is_found_after_its_commit_and_not_before),
        VAULT_TEST(vault_put_of_the_same_key_replaces_and_remove_removes),
        VAULT_TEST(vault_destroyed_case_is_gone_with_all_its_records),
        VAULT_TEST(vault_record_moved_to_another_place_does_not_open),
        VAULT_TEST(vault_case_key_of_another_case_does_not_open),
        VAULT_TEST(vault_of_another_master_is_refused_in_words),
        VAULT_TEST(vault_of_a_former_key_file_is_wrapped_anew),
        VAULT_TEST(vault_forgetting_waits_for_a_write_or_for_hurry),
        VAULT_TEST(vault_store_id_is_kept_and_renewed_by_a_restore),
        VAULT_TEST(vault_file_says_nothing_of_who_or_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
