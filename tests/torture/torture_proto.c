/* torture_proto: the modules of proto/ one by one, and the store's file, under failing calls. */
#include "../unit/fixture.h"

#include "../fuzz/fuzz.h"
#include "proto/blob.h"
#include "proto/card.h"
#include "proto/case.h"
#include "proto/receipt.h"
#include "proto/sealed.h"
#include "proto/store.h"
#include "relay/relay_conf.h"
#include "torture.h"

static struct fixture fixture;

/* Made before anything fails. */
static struct {
    struct buf roster, case_json, conf;
    struct key_box box;
} given;

static void prepare(void)
{
    struct err_note note = {""};
    struct key_box_secret secret;
    fuzz_begin();
    fixture_init(&fixture);
    buf_init(&given.roster);
    buf_init(&given.case_json);
    buf_init(&given.conf);
    buf_add_slice(&given.roster, roster_signed(fixture.roster));
    CHECK(keyfile_slurp("tests/e2e/case.json", 1 << 20, &given.case_json, &note) == OK);
    CHECK(keyfile_slurp("config/relay.yaml", 1 << 20, &given.conf, &note) == OK);
    key_box_generate(&given.box, &secret);
}

/* A failing call is an error; without one there is none. */
static void may_fail(int error)
{
    static const int expected[] = {OK,         ERR_NOMEM,      ERR_IO,        ERR_DISK_FULL,
                                   ERR_CRYPTO, ERR_PERMISSION, ERR_NOT_FOUND, ERR_CONFIG};
    bool is_expected = error == OK || !torture_is_calm();
    for (size_t i = 0; is_expected && i < sizeof expected / sizeof expected[0]; i++)
        if (error == expected[i])
            return;
    fprintf(stderr, "%s\n", err_name(error));
    CHECK(!"an error that says what happened");
}

static void run_roster(void)
{
    struct err_note note = {""};
    struct roster *roster = NULL;
    int error = TORTURE_INT(roster_verify(buf_slice(&given.roster), &fixture.trust, &note, &roster));
    may_fail(error);
    CHECK((error == OK) == (roster != NULL));
    roster_free(roster);
    struct buf out;
    buf_init(&out);
    may_fail(TORTURE_INT(roster_request_make(fixture.member[0], NULL, FIXTURE_NOW, &out)));
    buf_free(&out);
}

static void run_card(void)
{
    struct card card, again;
    size_t index;
    const struct card_draft draft = {
        .serial = 1, .encryption_key = given.box, .not_after_us = FIXTURE_NOW + CLOCK_DAY_US, .software = "torture"};
    int error = TORTURE_INT(card_make(fixture.member[0], &draft, &card));
    may_fail(error);
    if (error != OK)
        return;
    error = TORTURE_INT(card_load(buf_slice(&card.bytes), fixture.roster, FIXTURE_NOW, &again, &index));
    may_fail(error);
    if (error == OK)
        card_done(&again);
    card_done(&card);
}

static void run_json(void)
{
    struct err_note note = {""};
    struct jdoc *doc = NULL, *shown = NULL;
    Hotline__Case *alert = NULL;
    int error = TORTURE_INT(jdoc_parse(buf_slice(&given.case_json), "case", &note, &doc));
    may_fail(error);
    if (error == OK) {
        error = TORTURE_INT(case_from_json(doc, &note, &alert));
        may_fail(error);
        CHECK((error == OK) == (alert != NULL));
    }
    if (error == OK) {
        (void)!TORTURE_INT(case_to_json(alert, &shown));
        jdoc_free(shown);
    }
    case_free(alert);
    jdoc_free(doc);
}

static void run_blob(void)
{
    static const uint8_t plain[3000] = {1};
    struct buf sealed, out;
    struct key_blob key;
    struct key_hash name;
    buf_init(&sealed);
    buf_init(&out);
    int error = TORTURE_INT(blob_seal(slice_of(plain, sizeof plain), &sealed, &key, &name));
    may_fail(error);
    if (error == OK) {
        error = TORTURE_INT(blob_open(buf_slice(&sealed), &name, &key, sizeof plain, &out));
        may_fail(error);
        CHECK(out.len == (error == OK ? sizeof plain : 0));
    }
    buf_free(&sealed);
    buf_free(&out);
}

static void run_keyfile(void)
{
    char path[128];
    struct err_note note = {""};
    struct key_set *set = NULL;
    snprintf(path, sizeof path, "%s/member.key", torture_folder());
    int error = TORTURE_INT(keyfile_write(path, fixture.member[0], NULL, &note));
    CHECK(error == OK || error == ERR_EXISTS || !torture_is_calm());
    error = TORTURE_INT(keyfile_read(path, NULL, NULL, &note, &set));
    may_fail(error);
    CHECK((error == OK) == (set != NULL));
    CHECK(set == NULL || memcmp(&set->master, &fixture.member[0]->master, sizeof set->master) == 0);
    key_set_free(set);
}

static void run_replace(void)
{
    char path[128];
    struct err_note note = {""};
    struct buf was;
    snprintf(path, sizeof path, "%s/file", torture_folder());
    may_fail(keyfile_replace(path, slice_text("old old old"), 0600, &note));
    may_fail(TORTURE_INT(keyfile_replace(path, slice_text("new"), 0600, &note)));
    buf_init(&was);
    CHECK(keyfile_slurp(path, 100, &was, &note) == OK);
    CHECK(strcmp(buf_text(&was), "new") == 0 || strcmp(buf_text(&was), "old old old") == 0); /* never half of it */
    buf_free(&was);
}

static void run_conf(void)
{
    struct err_note note = {""};
    struct relay_conf *conf = NULL;
    int error = TORTURE_INT(relay_conf_load("config/relay.yaml", &note, &conf));
    may_fail(error);
    CHECK((error == OK) == (conf != NULL));
    relay_conf_free(conf);
}

static const char *const migrations[] = {"CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT"};
static const struct db_schema schema = {.kind = "torture", .migrations = migrations, .count = 1};

static int put_row(struct db *db, void *job)
{
    sqlite3_stmt *statement = db_statement(db, "INSERT OR IGNORE INTO t (a, b) VALUES (?1, zeroblob(9000))");
    sqlite3_bind_int64(statement, 1, *(const int *)job);
    return db_run(db, statement);
}

static long rows_of(struct db *db)
{
    sqlite3_stmt *statement = db_statement(db, "SELECT count(*) FROM t");
    bool row = false;
    CHECK(db_next(db, statement, &row) == OK && row);
    long count = (long)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return count;
}

/* Reads one after the other, each begun where the one before ends: as chunks of a photo are read. */
struct reads {
    struct store *store;
    int left, ended;
};

static int read_rows(struct db *db, void *job)
{
    sqlite3_stmt *statement = db_statement(db, "SELECT count(*) FROM t");
    bool row = false;
    (void)job;
    int error = db_next(db, statement, &row);
    sqlite3_reset(statement);
    return error;
}

static void on_read(void *ctx, void *job, int result)
{
    struct reads *reads = ctx;
    (void)job;
    if (result == OK && --reads->left > 0)
        result = store_ask(reads->store, read_rows, NULL, on_read, reads);
    if (result != OK || reads->left == 0)
        reads->ended++;
}

/* Whatever fails: a chain that was begun ends once, and one that was not is never heard of. */
static void read_in_turn(struct store *store)
{
    struct reads reads = {store, 3, 0};
    bool begun = TORTURE_INT(store_ask(store, read_rows, NULL, on_read, &reads)) == OK;
    for (size_t i = 0; i < 4; i++)
        TORTURE_VOID(store_step(store));
    CHECK(reads.ended == (begun ? 1 : 0));
}

static void store_path(char path[128])
{
    snprintf(path, 128, "%s/store.db", torture_folder());
}

static void run_store(void)
{
    static int jobs[6] = {1, 2, 3, 4, 5, 6};
    char path[128];
    struct err_note note = {""};
    struct db *db = NULL;
    struct store *store = NULL;
    store_path(path);
    int error = TORTURE_INT(db_open(path, &schema, "me", &note, &db));
    may_fail(error);
    if (error != OK)
        return;
    const struct store_events events = {NULL, NULL, NULL};
    error = TORTURE_INT(store_open(NULL, db, &events, &store));
    may_fail(error);
    if (error != OK) {
        TORTURE_VOID(db_close(db));
        return;
    }
    for (size_t i = 0; i < 6; i++) {
        TORTURE_VOID(store_write(store, put_row, &jobs[i], NULL));
        if (i % 2)
            TORTURE_VOID(store_step(store));
        torture_note("committed", (long)store_committed(store));
    }
    read_in_turn(store);
    TORTURE_VOID(store_close(store));
}

static void again_store(void)
{
    char path[128];
    struct err_note note = {""};
    struct db *db = NULL;
    long committed = torture_noted("committed");
    store_path(path);
    int error = db_open(path, &schema, "me", &note, &db);
    if (error != OK)
        printf("%s: %s\n", err_name(error), note.text);
    CHECK(error == OK);
    long rows = rows_of(db);
    CHECK(rows >= committed && rows % 2 == 0); /* all that was promised; groups of two whole or not at all */
    db_close(db);
    run_store();
    CHECK(db_open(path, &schema, "me", &note, &db) == OK && rows_of(db) == 6);
    db_close(db);
}

int main(int argc, char **argv)
{
    static const struct torture_scenario scenarios[] = {
        {.name = "roster", .run = run_roster},
        {.name = "card", .run = run_card},
        {.name = "json", .run = run_json},
        {.name = "blob", .run = run_blob},
        {.name = "keyfile", .run = run_keyfile, .files = true},
        {.name = "replace", .run = run_replace, .files = true},
        {.name = "conf", .run = run_conf},
        {.name = "store", .run = run_store, .again = again_store, .files = true},
    };
    prepare();
    return torture_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
