/*
 * hotline-crash: crash images of the real store code. A store lives and writes; before each step of its disk the power
 * might go, and what that would leave, torn down to single sectors, is kept. Each such image is then opened by the real
 * code: it must open, everything reported as committed is there, and each turn is there whole or not at all.
 *
 * The control is the proof that this can fail: the same with synchronous=NORMAL must lose records.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/vault.h"
#include "proto/clock.h"
#include "proto/log.h"
#include "proto/seal.h"
#include "relay/spool.h"
#include "tests/sim/sim.h"

#define PER_LIFE 24
#define TEARS 3 /* images of one step */

struct shot {
    struct disk_image *image;
    uint64_t reported; /* by then */
};

struct crash {
    struct rng rng, sodium;
    struct disk *disk, *probe;
    struct key_set *keys;
    const char *pragmas;
    uint64_t before, reported;
    struct shot *shots;
    size_t shot_count, shot_capacity;
    uint64_t images, wrong;
    struct err_note note;
};

/* What a life writes, and what is found: how many turns, from 1 without a gap; negative: the image is wrong. */
struct store_kind {
    const char *name;
    void (*live)(struct crash *crash);
    int64_t (*find)(struct crash *crash);
};

static void take_shots(void *ctx)
{
    struct crash *crash = ctx;
    for (int i = 0; i < TEARS; i++) {
        if (crash->shot_count == crash->shot_capacity) {
            crash->shot_capacity = crash->shot_capacity ? 2 * crash->shot_capacity : 1024;
            crash->shots = realloc(crash->shots, crash->shot_capacity * sizeof *crash->shots);
            CHECK(crash->shots != NULL);
        }
        crash->shots[crash->shot_count++] = (struct shot){disk_tear(crash->disk), crash->reported};
    }
}

static void hear_commit(void *ctx, uint64_t ticket)
{
    struct crash *crash = ctx;
    crash->reported = crash->before + ticket;
}

/* Some writes share a commit. */
static bool commits_now(struct crash *crash, uint64_t i)
{
    return i == PER_LIFE || rng_below(&crash->rng, 3) != 0;
}

static int64_t wrong(struct crash *crash, const char *what)
{
    if (crash->note.text[0] == '\0')
        snprintf(crash->note.text, sizeof crash->note.text, "%s", what);
    return -1;
}

/* --- a plain table, by the store --- */

static const char *const ledger_migrations[] = {
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, text BLOB NOT NULL, UNIQUE (text)) STRICT"};
static const struct db_schema ledger_schema = {"node", ledger_migrations, 1};
static const char sql_add[] = "INSERT INTO entry (number, text) VALUES (?1, ?2)";
static const char sql_all[] = "SELECT number, text FROM entry ORDER BY number";

/* From a few bytes to more than a quarter of a page, each told by its number. */
static struct slice text_of(uint64_t number, uint8_t text[1200])
{
    size_t len = 16 + (size_t)(number * 211 % 1184);
    memset(text, (int)(number * 37 % 251), len);
    memcpy(text, &number, sizeof number);
    return slice_of(text, len);
}

static int add_entry(struct db *db, void *job)
{
    uint8_t text[1200];
    uint64_t number = *(const uint64_t *)job;
    sqlite3_stmt *add = db_statement(db, sql_add);
    sqlite3_bind_int64(add, 1, (sqlite3_int64)number);
    db_bind_blob(add, 2, text_of(number, text));
    return db_run(db, add);
}

static void ledger_live(struct crash *crash)
{
    const struct store_events events = {.on_commit = hear_commit, .ctx = crash};
    struct store *store;
    struct db *db;
    CHECK(db_open(disk_path(crash->disk), &ledger_schema, "be-baken", &crash->note, &db) == OK);
    CHECK(sqlite3_exec(db_handle(db), crash->pragmas, NULL, NULL, NULL) == SQLITE_OK);
    CHECK(store_open(NULL, db, &events, &store) == OK);
    for (uint64_t i = 1; i <= PER_LIFE; i++) {
        uint64_t *number = malloc(sizeof *number);
        CHECK(number != NULL);
        *number = crash->before + i;
        (void)store_write(store, add_entry, number, free);
        if (commits_now(crash, i))
            CHECK(store_step(store) > 0);
    }
    store_close(store);
}

static int64_t ledger_find(struct crash *crash)
{
    int64_t found = 0;
    uint8_t text[1200];
    struct db *db;
    if (db_open(disk_path(crash->probe), &ledger_schema, "be-baken", &crash->note, &db) != OK)
        return wrong(crash, "does not open");
    sqlite3_stmt *all = db_statement(db, sql_all);
    for (bool row = true; row;) {
        if (db_next(db, all, &row) != OK)
            found = wrong(crash, "cannot be read");
        if (row &&
            (sqlite3_column_int64(all, 0) != ++found || !slice_equal(db_blob(all, 1), text_of((uint64_t)found, text))))
            found = wrong(crash, "a record is missing or another one");
        row &= found >= 0;
    }
    sqlite3_reset(all);
    db_close(db);
    return found;
}

/* --- turns of a vault: an item and its ladder, under the key of a case that four turns share --- */

static struct vault *open_vault(struct crash *crash, const struct disk *disk)
{
    struct vault *vault = NULL;
    struct db *db;
    if (db_open(disk_path(disk), vault_schema(), "be-baken", &crash->note, &db) != OK ||
        vault_open(db, crash->keys, NULL, &crash->note, &vault) != OK)
        return NULL;
    return vault;
}

static void turns_live(struct crash *crash)
{
    const struct store_events events = {.on_commit = hear_commit, .ctx = crash};
    struct vault *vault = open_vault(crash, crash->disk);
    CHECK(vault != NULL && vault_start(vault, NULL, &events) == OK);
    for (uint64_t i = 1; i <= PER_LIFE; i++) {
        uint64_t number = crash->before + i;
        uint8_t id[KEY_UUID_BYTES] = {(uint8_t)(number / 4)};
        struct envelope_case_key owner = envelope_case_key("be-baken", false, id);
        struct slice key = slice_of(&number, sizeof number);
        vault_put(vault, VAULT_ITEM, key, &owner, key);
        vault_put(vault, VAULT_LADDER, key, number % 2 ? &owner : NULL, key);
        vault_flush(vault);
        if (commits_now(crash, i))
            CHECK(store_step(vault_store(vault)) > 0);
    }
    vault_close(vault);
}

struct turns {
    uint64_t count, highest;
};

static int count_turn(void *ctx, struct slice plain)
{
    struct turns *turns = ctx;
    uint64_t number;
    CHECK(plain.len == sizeof number);
    memcpy(&number, plain.data, sizeof number);
    turns->count++;
    turns->highest = number > turns->highest ? number : turns->highest;
    return OK;
}

static int64_t turns_find(struct crash *crash)
{
    struct turns items = {0}, ladders = {0};
    struct vault *vault = open_vault(crash, crash->probe);
    if (vault == NULL)
        return wrong(crash, "does not open");
    int error = vault_each(vault, VAULT_ITEM, count_turn, &items, &crash->note);
    if (error == OK)
        error = vault_each(vault, VAULT_LADDER, count_turn, &ladders, &crash->note);
    vault_close(vault);
    if (error != OK)
        return wrong(crash, "a record cannot be read");
    if (items.count != items.highest || ladders.count != ladders.highest || items.count != ladders.count)
        return wrong(crash, "half a turn");
    return (int64_t)items.count;
}

/* --- submits of a spool: a member, what was seen of it, and a word owed to it --- */

struct counts {
    int64_t members, seen, owed;
};

static int count_member(void *ctx, uint32_t number, const char *id)
{
    struct counts *counts = ctx;
    (void)id;
    return (int64_t)number == ++counts->members ? OK : ERR_CORRUPT;
}

static int count_seen(void *ctx, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                      int64_t until_us)
{
    (void)sender;
    (void)until_us;
    ((struct counts *)ctx)->seen++;
    return hash->bytes[0] == id->bytes[0] ? OK : ERR_CORRUPT;
}

static int count_owed(void *ctx, const struct spool_owed *row)
{
    uint8_t text[1200];
    ((struct counts *)ctx)->owed++;
    return slice_equal(row->bytes, text_of(row->owner, text)) ? OK : ERR_CORRUPT;
}

static void spool_live(struct crash *crash)
{
    const struct spool_events events = {.on_commit = hear_commit, .ctx = crash};
    struct counts counts = {0};
    struct spool_reader reader = {
        .on_member = count_member, .on_seen = count_seen, .on_owed = count_owed, .ctx = &counts};
    struct spool *spool;
    CHECK(spool_open(disk_path(crash->disk), "relay-a", &crash->note, &spool) == OK);
    CHECK(spool_load(spool, &reader) == OK && spool_start(spool, NULL, &events) == OK);
    for (uint64_t i = 1; i <= PER_LIFE; i++) {
        uint32_t number = (uint32_t)(crash->before + i);
        struct key_uuid id = {{(uint8_t)number, (uint8_t)(number >> 8)}};
        struct key_hash hash = {{(uint8_t)number}};
        uint8_t text[1200];
        char name[32];
        struct spool_owed owed = {
            .owner = number, .kind = 1, .until_us = INT64_MAX / 2, .bytes = text_of(number, text)};
        snprintf(name, sizeof name, "m-%u", number);
        spool_put_member(spool, number, name);
        spool_put_seen(spool, number, &id, &hash, INT64_MAX / 2);
        spool_put_owed(spool, &owed);
        (void)spool_submit(spool);
        if (commits_now(crash, i))
            CHECK(spool_step(spool) > 0);
    }
    spool_close(spool);
}

static int64_t spool_find(struct crash *crash)
{
    struct counts counts = {0};
    struct spool_reader reader = {
        .on_member = count_member, .on_seen = count_seen, .on_owed = count_owed, .ctx = &counts};
    struct spool *spool;
    if (spool_open(disk_path(crash->probe), "relay-a", &crash->note, &spool) != OK)
        return wrong(crash, "does not open");
    int error = spool_load(spool, &reader);
    spool_close(spool);
    if (error != OK)
        return wrong(crash, "a row is missing, or another one");
    return counts.members == counts.seen && counts.members == counts.owed ? counts.members :
                                                                            wrong(crash, "half a submit");
}

static const struct store_kind kinds[] = {
    {"store", ledger_live, ledger_find}, {"vault", turns_live, turns_find}, {"spool", spool_live, spool_find}};

/* --- lives and images --- */

static void check_shot(struct crash *crash, const struct store_kind *kind, const struct shot *shot)
{
    crash->note.text[0] = '\0';
    disk_end(crash->probe, DISK_KILLED);
    disk_restore(crash->probe, shot->image);
    disk_start(crash->probe);
    int64_t found = kind->find(crash);
    crash->images++;
    if (found >= 0 && (uint64_t)found >= shot->reported)
        return;
    if (crash->wrong++ < 5 && crash->pragmas[0] == '\0')
        printf("FAIL %s: image %" PRIu64 ": %" PRIu64 " were reported, %" PRId64 " are there%s%s\n", kind->name,
               crash->images, shot->reported, found, crash->note.text[0] ? ": " : "", crash->note.text);
}

/* The next life begins from one of the images of this one, now and then from nothing. */
static void begin_again(struct crash *crash, const struct store_kind *kind)
{
    const struct shot *shot = crash->shot_count > 0 ? &crash->shots[rng_below(&crash->rng, crash->shot_count)] : NULL;
    disk_end(crash->disk, DISK_KILLED);
    disk_wipe(crash->disk);
    crash->before = 0;
    if (shot != NULL && rng_below(&crash->rng, 4) > 0) {
        disk_restore(crash->disk, shot->image);
        disk_end(crash->probe, DISK_KILLED);
        disk_restore(crash->probe, shot->image);
        disk_start(crash->probe);
        int64_t found = kind->find(crash);
        if (found > 0 && found < 200)
            crash->before = (uint64_t)found;
        else
            disk_wipe(crash->disk);
    }
    disk_start(crash->disk);
    crash->reported = crash->before;
    for (size_t i = 0; i < crash->shot_count; i++)
        disk_image_free(crash->shots[i].image);
    crash->shot_count = 0;
}

static uint64_t run_kind(struct crash *crash, const struct store_kind *kind, uint64_t images)
{
    crash->images = crash->wrong = 0;
    while (crash->images < images) {
        begin_again(crash, kind);
        disk_on_step(crash->disk, take_shots, crash);
        kind->live(crash);
        disk_on_step(crash->disk, NULL, NULL);
        for (size_t i = 0; i < crash->shot_count && crash->images < images; i++)
            check_shot(crash, kind, &crash->shots[i]);
    }
    return crash->wrong;
}

static void start(struct crash *crash, uint64_t seed, const char *folder)
{
    char path[100];
    rng_seed(&crash->rng, seed);
    rng_split(&crash->rng, &crash->sodium);
    rng_rule_sodium(&crash->sodium);
    CHECK(seal_start() == OK);
    log_setup("crash", LOG_ERROR, LOG_LOGFMT);
    disks_install();
    disks_run_on_open("PRAGMA wal_autocheckpoint = 6");
    snprintf(path, sizeof path, "%s/a.db", folder);
    crash->disk = disk_new(path, rng_next(&crash->rng));
    snprintf(path, sizeof path, "%s/b.db", folder);
    crash->probe = disk_new(path, rng_next(&crash->rng));
    crash->keys = world_keys(KEY_MEMBER, "be-baken", "BE", 0x11, 1);
}

static void end(struct crash *crash, const char *folder)
{
    for (size_t i = 0; i < crash->shot_count; i++)
        disk_image_free(crash->shots[i].image);
    free(crash->shots);
    unlink(disk_path(crash->disk));
    unlink(disk_path(crash->probe));
    disk_free(crash->disk);
    disk_free(crash->probe);
    key_set_free(crash->keys);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    uint64_t images = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, lost = 0;
    char folder[] = "/tmp/hotline-crash-XXXXXX";
    uint64_t looked_at = 0;
    struct crash crash = {.pragmas = ""};
    CHECK(mkdtemp(folder) != NULL);
    start(&crash, seed, folder);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        lost += run_kind(&crash, &kinds[i], images / 3 + 1);
        looked_at += crash.images;
    }
    uint64_t kept = disk_sectors_kept(crash.disk), dropped = disk_sectors_dropped(crash.disk);
    crash.pragmas = "PRAGMA synchronous = NORMAL";
    uint64_t controls = images / 10 + 100, found = run_kind(&crash, &kinds[0], controls);
    end(&crash, folder);
    printf("%" PRIu64 " crash images, %" PRIu64 " wrong (%" PRIu64 " torn sectors kept, %" PRIu64
           " lost); control synchronous=NORMAL: %" PRIu64 " of %" PRIu64 " lost records\n",
           looked_at, lost, kept, dropped, found, controls);
    if (looked_at < images || kept == 0 || dropped == 0)
        printf("FAIL fewer images than were asked for, or none that is torn: this test proves nothing\n");
    if (found == 0)
        printf("FAIL the control lost nothing: this test proves nothing\n");
    if (lost > 0)
        printf("FAIL make crash N=%" PRIu64 " SEED=%" PRIu64 "\n", images, seed);
    return lost > 0 || found == 0 || looked_at < images || kept == 0 || dropped == 0;
}
