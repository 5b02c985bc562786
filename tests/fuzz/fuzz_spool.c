/*
 * fuzz_spool: a relay's database that somebody changed: rows altered, cut, taken away, bytes of the file flipped. The
 * relay refuses to start, or starts and serves; it never crashes. An input is a list of changes to one honest store.
 */
#define WORLD_FOLDER "/dev/shm"
#include "../unit/relay_world.h"

#include <sqlite3.h>

#include "fuzz.h"

/* What can be changed: a column, and the columns that name its row. */
static const struct place {
    const char *table, *column, *key;
} places[] = {
    {"members", "number", "number"},
    {"members", "id", "number"},
    {"cards", "member", "member"},
    {"cards", "signed", "member"},
    {"rosters", "version", "version"},
    {"rosters", "signed", "version"},
    {"envelopes", "number", "number"},
    {"envelopes", "sender", "number"},
    {"envelopes", "id", "number"},
    {"envelopes", "hash", "number"},
    {"envelopes", "kind", "number"},
    {"envelopes", "act", "number"},
    {"envelopes", "urgency", "number"},
    {"envelopes", "exercise", "number"},
    {"envelopes", "has_self", "number"},
    {"envelopes", "revision", "number"},
    {"envelopes", "sent_us", "number"},
    {"envelopes", "expires_us", "number"},
    {"envelopes", "taken_us", "number"},
    {"envelopes", "roster_version", "number"},
    {"envelopes", "size_bytes", "number"},
    {"envelopes", "opener", "number"},
    {"envelopes", "case_id", "number"},
    {"envelopes", "header", "number"},
    {"envelopes", "who", "number"},
    {"bodies", "signature", "number"},
    {"bodies", "self", "number"},
    {"bodies", "locks", "number"},
    {"bodies", "body", "number"},
    {"grants", "number", "number, place"},
    {"grants", "place", "number, place"},
    {"grants", "member", "number, place"},
    {"grants", "key_id", "number, place"},
    {"grants", "lock", "number, place"},
    {"answers", "number", "number"},
    {"answers", "states", "number"},
    {"seen", "sender", "sender, id"},
    {"seen", "id", "sender, id"},
    {"seen", "hash", "sender, id"},
    {"seen", "until_us", "sender, id"},
    {"cases", "opener", "opener, exercise, case_id"},
    {"cases", "act", "opener, exercise, case_id"},
    {"cases", "revision", "opener, exercise, case_id"},
    {"cases", "holders", "opener, exercise, case_id"},
    {"cases", "hash", "opener, exercise, case_id"},
    {"cases", "expires_us", "opener, exercise, case_id"},
    {"owed", "owner", "owner, name"},
    {"owed", "kind", "owner, name"},
    {"owed", "until_us", "owner, name"},
    {"owed", "bytes", "owner, name"},
    {"blobs", "chunks", "name"},
    {"blobs", "whole", "name"},
    {"blob_chunks", "chunk", "name, chunk"},
    {"blob_chunks", "data", "name, chunk"},
    {"meta", "value", "name"},
};

static struct world *world;
static struct buf honest; /* the store's file, as an honest session left it */
static struct world_alert first;

static void honest_blob(Hotline__BlobName *name, uint8_t hash[KEY_HASH_BYTES], struct slice data)
{
    struct key_hash of = seal_hash(data);
    memcpy(hash, of.bytes, KEY_HASH_BYTES);
    hotline__blob_name__init(name);
    WIRE_SET_BYTES(name, name, hash, KEY_HASH_BYTES);
    WIRE_SET(name, size_bytes, data.len);
}

/* Alerts with and without answers, a late grant, a photo, words that are owed: a row in every table. */
static void make_store(void)
{
    static uint8_t sealed[1065], blob_hash[KEY_HASH_BYTES];
    Hotline__BlobName name, *names[1] = {&name};
    Hotline__BlobPut put = HOTLINE__BLOB_PUT__INIT;
    struct err_note note = {{0}};
    struct world_alert second, third;
    honest_blob(&name, blob_hash, slice_of(sealed, sizeof sealed));
    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = 0, .case_id = 1, .blobs = names, .blob_count = 1}, &first);
    world_grant(world, &first, 1);
    world_publish(world, &first);
    world_commit(world);
    world_grant(world, &first, 2);
    world_send_grants(world, &first);
    world_seal(world, &(struct world_case){.sender = 1, .case_id = 2, .country = "NL"}, &second);
    world_grant(world, &second, 2);
    world_publish(world, &second);
    world_seal(world, &(struct world_case){.sender = 0, .case_id = 3}, &third);
    world_grant(world, &third, 1);
    world_publish(world, &third);
    world_commit(world);
    WIRE_SET_BYTES(&put, name, blob_hash, KEY_HASH_BYTES);
    WIRE_SET(&put, chunk, 0);
    WIRE_SET(&put, chunks, 1);
    WIRE_SET_BYTES(&put, data, sealed, sizeof sealed);
    world_say(world, 0, WIRE_BLOB_PUT, &put.base);
    world_receipt(world, 1, &first, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_unreadable(world, 1, &third, HOTLINE__UNREADABLE_CODE__CODE__BAD_GRANT);
    world_alert_done(&second);
    world_alert_done(&third);
    world_seal(world, &(struct world_case){.sender = 0, .case_id = 3, .revision = 2, .act = HOTLINE__ACT__CODE__UPDATE},
               &third);
    world_grant(world, &third, 1);
    world_publish(world, &third);
    world_alert_done(&third);
    world_pass(world, CLOCK_SECOND_US);
    world_stop(world);
    world_forget(world);
    buf_init(&honest);
    CHECK(keyfile_slurp(world->path, 64 * 1024 * 1024, &honest, &note) == OK);
}

static void write_store(struct slice content)
{
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", world->path);
    unlink(wal);
    unlink(world->path);
    int fd = open(world->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, content.data, content.len) == (ssize_t)content.len && close(fd) == 0);
}

/* Where a change says that bytes follow: their length, then themselves. */
static struct slice some_bytes(struct cursor *input)
{
    return cursor_take(input, cursor_u8(input));
}

static void run(sqlite3 *db, const char *sql, unsigned row, const struct slice *bytes, int64_t number)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_int(statement, 1, (int)row);
        if (bytes != NULL)
            sqlite3_bind_blob(statement, 2, bytes->len > 0 ? (const void *)bytes->data : "", (int)bytes->len,
                              SQLITE_TRANSIENT);
        else
            sqlite3_bind_int64(statement, 2, number);
        (void)sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
}

enum { SET_NUMBER, SET_BYTES, PATCH, CUT, DROP, SET_TEXT, FLIP, WAYS };

static void change(sqlite3 *db, struct cursor *input)
{
    char sql[512], value[128] = "?2";
    uint8_t way = cursor_u8(input) % WAYS, row = cursor_u8(input) % 8;
    const struct place *place = &places[cursor_u8(input) % (sizeof places / sizeof places[0])];
    struct slice bytes = {NULL, 0};
    int64_t number = 0;
    if (way == SET_NUMBER) {
        number = (int64_t)cursor_u64le(input);
    } else if (way == SET_BYTES || way == SET_TEXT) {
        bytes = some_bytes(input);
        if (way == SET_TEXT)
            snprintf(value, sizeof value, "CAST(?2 AS TEXT)");
    } else if (way == CUT) {
        number = cursor_u8(input);
        snprintf(value, sizeof value, "substr(%s, 1, ?2)", place->column);
    } else if (way == PATCH) {
        unsigned at = cursor_u8(input) | (unsigned)cursor_u8(input) << 8;
        bytes = some_bytes(input);
        snprintf(value, sizeof value, "CAST(substr(%s, 1, %u) || ?2 || substr(%s, %u) AS BLOB)", place->column, at,
                 place->column, at + (unsigned)bytes.len + 1);
    }
    if (way == DROP)
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s LIMIT 1 OFFSET ?1)", place->table,
                 place->key, place->key, place->table);
    else
        snprintf(sql, sizeof sql, "UPDATE %s SET %s = %s WHERE (%s) IN (SELECT %s FROM %s LIMIT 1 OFFSET ?1)",
                 place->table, place->column, value, place->key, place->key, place->table);
    bool with_bytes = way == SET_BYTES || way == SET_TEXT || way == PATCH;
    run(db, sql, row, with_bytes ? &bytes : NULL, number);
}

static void change_all(struct cursor *input)
{
    sqlite3 *db = NULL;
    CHECK(sqlite3_open(world->path, &db) == SQLITE_OK);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN", NULL, NULL, NULL);
    for (int changes = 0; changes < 32 && input->rest.len > 2 && input->rest.data[0] % WAYS != FLIP; changes++)
        change(db, input);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    /* Behind the changes of rows: bytes of the file. */
    int fd = open(world->path, O_RDWR);
    for (int flips = 0; fd >= 0 && flips < 32 && input->rest.len >= 6; flips++) {
        (void)cursor_u8(input);
        off_t at = (off_t)(cursor_u32le(input) % honest.len);
        uint8_t byte = cursor_u8(input), old;
        if (pread(fd, &old, 1, at) == 1)
            byte ^= old;
        (void)!pwrite(fd, &byte, 1, at);
    }
    close(fd);
}

/* What it does with what it read: delivers, answers, forgets. */
static void serve(void)
{
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++) {
        world->connection[i]++;
        world_hello(world, i);
    }
    world_pass(world, CLOCK_SECOND_US);
    world_receipt(world, 2, &first, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_pass(world, 6 * CLOCK_SECOND_US);
    struct buf reasons;
    buf_init(&reasons);
    relay_unready(world->relay, world->now_us, &reasons);
    (void)relay_numbers(world->relay, world->now_us);
    buf_free(&reasons);
    world_pass(world, 40 * CLOCK_DAY_US);
    world_pass(world, 40 * CLOCK_DAY_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    struct err_note note = {{0}};
    fuzz_begin();
    if (world == NULL) {
        void *state;
        CHECK(world_setup(&state) == 0);
        world = state;
        fuzz_remove_at_exit(world->folder);
        world->conf.disk_reserve_bytes = 0;
        make_store();
    }
    world->now_us = FIXTURE_NOW + CLOCK_MINUTE_US;
    world->failed = OK;
    write_store(buf_slice(&honest));
    change_all(&input);
    if (world_try_start(world, roster_signed(world->fixture.roster), &note) == OK) {
        serve();
        world_stop(world);
    } else {
        fuzz_check_note(&note);
        world->relay = NULL;
    }
    world_forget(world);
    return 0;
}
