/*
 * vault: the only file of the node that knows SQL. Seals each record on the loop (microseconds), hands whole turns to
 * the store's thread. Never writes a plain byte, never leaves a turn half written.
 */
#include "node/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/vault_inner.h"
#include "proto/failpoint.h"
#include "proto/lookup.h"
#include "proto/seal.h"

#define VERSION 1
#define INDEX_BYTES VAULT_INDEX_BYTES
#define PATIENT_STEPS 256 /* so many may wait for a turn of their own */

static const char SQL_CREATE[] =
    "CREATE TABLE record(space INTEGER NOT NULL, id BLOB NOT NULL, owner BLOB, sealed BLOB NOT NULL,"
    " UNIQUE(space, id)) STRICT;"
    "CREATE INDEX record_owner ON record(owner) WHERE owner IS NOT NULL;"
    "CREATE TABLE case_key(owner BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT;";
/* An item's rows in one record: the same tables, but a program before it would not find them, so it refuses the file.
 */
static const char SQL_PACKED_ROWS[] = "UPDATE record SET space = space WHERE 0;";
static const char SQL_PUT[] = "INSERT INTO record(space, id, owner, sealed) VALUES(?1, ?2, ?3, ?4)"
                              " ON CONFLICT(space, id) DO UPDATE SET owner = ?3, sealed = ?4";
static const char SQL_REMOVE[] = "DELETE FROM record WHERE space = ?1 AND id = ?2";
static const char SQL_PUT_KEY[] = "INSERT INTO case_key(owner, sealed) VALUES(?1, ?2)";
static const char SQL_REMOVE_KEY[] = "DELETE FROM case_key WHERE owner = ?1";
static const char SQL_REMOVE_OWNED[] = "DELETE FROM record WHERE owner = ?1";
/* The index finds the rows, but they are read as they lie in the file: by its order each would be a page elsewhere. */
static const char SQL_EACH[] = "SELECT id, owner, sealed FROM record WHERE rowid IN"
                               " (SELECT rowid FROM record WHERE space = ?1) ORDER BY rowid";
static const char SQL_EACH_KEY[] = "SELECT owner, sealed FROM case_key";

struct index {
    uint8_t bytes[INDEX_BYTES];
};

/* A case's key, in memory while its case lives. */
struct owner_key {
    struct index owner; /* first: the key of the table */
    struct key_store key;
};

enum step_kind { STEP_PUT, STEP_REMOVE, STEP_PUT_KEY, STEP_DESTROY };

/* One change of a turn. `sealed` is a range of the turn's bytes. */
struct step {
    enum step_kind kind;
    enum vault_space space;
    struct index id, owner;
    bool owned;
    size_t from, len;
};

struct turn {
    struct step *steps;
    size_t count, capacity;
    struct buf bytes;
};

struct vault {
    struct db *db; /* until vault_start, then the store's */
    struct store *store;
    struct key_store *key; /* guarded */
    struct key_uuid store_id;
    bool fresh;
    struct lookup owners;
    struct turn *turn; /* the open one, or NULL */
    bool urgent;       /* something in it may not wait */
    bool abandoned;
};

const struct db_schema *vault_schema(void)
{
    static const char *const migrations[] = {SQL_CREATE, SQL_PACKED_ROWS};
    static const struct db_schema schema = {.kind = "node", .migrations = migrations, .count = 2};
    return &schema;
}

/* --- keys --- */

static struct index index_of(const struct vault *vault, const char *label, struct slice key)
{
    struct buf text;
    struct index index;
    buf_init(&text);
    buf_add(&text, label, strlen(label) + 1);
    buf_add_slice(&text, key);
    CHECK(!buf_broken(&text));
    struct key_hash hash = seal_keyed_hash(vault->key, buf_slice(&text));
    memcpy(index.bytes, hash.bytes, sizeof index.bytes);
    seal_wipe(text.data, text.len);
    buf_free(&text);
    return index;
}

static struct index record_index(const struct vault *vault, enum vault_space space, struct slice key)
{
    char label[24];
    snprintf(label, sizeof label, "record %d", (int)space);
    struct index index = index_of(vault, label, key);
    if (space == VAULT_ROW && key.len > KEY_HASH_BYTES) {
        /* Thirty-two answers to one alert touch one page of the index and not thirty-two. It says no more than the
         * owner column does. */
        struct index group = index_of(vault, "rows", slice_of(key.data, KEY_HASH_BYTES));
        memcpy(index.bytes, group.bytes, INDEX_BYTES / 2);
    }
    return index;
}

static struct index owner_index(const struct vault *vault, const struct envelope_case_key *owner)
{
    return index_of(vault, "case", slice_of(owner->bytes, sizeof owner->bytes));
}

/* Associated data of a record: where it stands. A record moved to another place does not open. */
struct place {
    uint8_t bytes[2 + 2 * INDEX_BYTES];
};

static struct place place_of(enum vault_space space, const struct index *id, const struct index *owner)
{
    struct place place = {{VERSION, (uint8_t)space}};
    memcpy(place.bytes + 2, id->bytes, INDEX_BYTES);
    if (owner != NULL)
        memcpy(place.bytes + 2 + INDEX_BYTES, owner->bytes, INDEX_BYTES);
    return place;
}

static int load_owner(struct vault *vault, struct slice owner, struct slice sealed, struct err_note *note)
{
    struct owner_key *entry = calloc(1, sizeof *entry);
    struct buf plain;
    buf_init(&plain);
    int result = entry == NULL   ? ERR_NOMEM :
        owner.len != INDEX_BYTES ? ERR_CORRUPT :
                                   seal_unrecord(vault->key, owner, sealed, &plain);
    if (result == OK && plain.len != KEY_BYTES)
        result = ERR_CORRUPT;
    if (result == OK) {
        memcpy(entry->owner.bytes, owner.data, INDEX_BYTES);
        memcpy(entry->key.bytes, plain.data, KEY_BYTES);
        result = lookup_add(&vault->owners, entry);
    } else {
        result = err_set(note, result == ERR_NOMEM ? result : ERR_CORRUPT,
                         "%s: a case's key does not open: the file was changed", db_path(vault->db));
    }
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.len);
    buf_free(&plain);
    if (result != OK)
        free(entry);
    return result;
}

static int load_owners(struct vault *vault, struct err_note *note)
{
    sqlite3_stmt *each = db_statement(vault->db, SQL_EACH_KEY);
    for (;;) {
        bool row;
        int result = db_next(vault->db, each, &row);
        if (result != OK || !row)
            return result;
        if ((result = load_owner(vault, db_blob(each, 0), db_blob(each, 1), note)) != OK) {
            sqlite3_reset(each);
            return result;
        }
    }
}

/* --- life --- */

static void free_vault(struct vault *vault)
{
    size_t at = 0;
    for (struct owner_key *entry; (entry = lookup_next(&vault->owners, &at)) != NULL;) {
        seal_wipe(entry, sizeof *entry);
        free(entry);
    }
    lookup_done(&vault->owners);
    key_guarded_free(vault->key);
    free(vault);
}

int vault_open(struct db *db, const struct key_set *keys, const struct key_set *previous, struct err_note *note,
               struct vault **ret_vault)
{
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        db_close(db);
        return ERR_NOMEM;
    }
    vault->db = db;
    lookup_init(&vault->owners, offsetof(struct owner_key, owner), INDEX_BYTES);
    vault->key = key_guarded_new(sizeof *vault->key);
    int result = vault->key == NULL ? ERR_NOMEM : db_begin(db);
    if (result == OK) {
        result = vault_open_key(db, keys, previous, note, vault->key);
        if (result == OK)
            result = vault_open_id(db, &vault->store_id, &vault->fresh);
        if (result == OK)
            result = db_commit(db);
        else
            db_rollback(db);
    }
    if (result == OK && previous != NULL) /* the key as the former key file wrapped it leaves the disk now */
        result = db_checkpoint(db);
    if (result == OK)
        result = load_owners(vault, note);
    if (result != OK) {
        db_close(db);
        free_vault(vault);
        return result;
    }
    *ret_vault = vault;
    return OK;
}

const struct key_uuid *vault_store_id(const struct vault *vault)
{
    return &vault->store_id;
}

bool vault_is_fresh(const struct vault *vault)
{
    return vault->fresh;
}

void vault_index(const struct vault *vault, enum vault_space space, struct slice key,
                 uint8_t ret_index[VAULT_INDEX_BYTES])
{
    struct index index = record_index(vault, space, key);
    memcpy(ret_index, index.bytes, INDEX_BYTES);
}

int vault_open_row(const struct vault *vault, enum vault_space space, struct slice id, struct slice owner,
                   struct slice sealed, struct buf *plain)
{
    struct index id_index, owner_index_bytes;
    const struct key_store *key = vault->key;
    if (id.len != INDEX_BYTES || (owner.len != 0 && owner.len != INDEX_BYTES))
        return ERR_CORRUPT;
    memcpy(id_index.bytes, id.data, INDEX_BYTES);
    if (owner.len != 0) {
        memcpy(owner_index_bytes.bytes, owner.data, INDEX_BYTES);
        const struct owner_key *entry = lookup_find(&vault->owners, &owner_index_bytes);
        if (entry == NULL)
            return ERR_CORRUPT;
        key = &entry->key;
    }
    struct place place = place_of(space, &id_index, owner.len ? &owner_index_bytes : NULL);
    int result = seal_unrecord(key, slice_of(place.bytes, sizeof place.bytes), sealed, plain);
    return result == OK || result == ERR_NOMEM ? result : ERR_CORRUPT;
}

/* protobuf-c has one answer to bytes that are none of its messages and to memory that ran out: whoever is told that the
 * store is damaged puts an old copy in its place, so the two must not be mistaken. malloc() says it in errno. */
static int read_one(vault_row each, void *ctx, struct slice plain)
{
    errno = 0;
    int result = each(ctx, plain);
    return result == ERR_CORRUPT && errno == ENOMEM ? ERR_NOMEM : result;
}

int vault_each(struct vault *vault, enum vault_space space, vault_row each, void *ctx, struct err_note *note)
{
    CHECK(vault->store == NULL);
    sqlite3_stmt *rows = db_statement(vault->db, SQL_EACH);
    sqlite3_bind_int(rows, 1, (int)space);
    struct buf plain;
    buf_init(&plain);
    int result = OK;
    for (bool row = true; result == OK;) {
        result = db_next(vault->db, rows, &row);
        if (result != OK || !row)
            break;
        buf_clear(&plain);
        result = vault_open_row(vault, space, db_blob(rows, 0), db_blob(rows, 1), db_blob(rows, 2), &plain);
        if (result == ERR_CORRUPT)
            err_set(note, result, "%s: a record does not open: the file was changed or damaged; restore a backup",
                    db_path(vault->db));
        else if (result == OK && (result = read_one(each, ctx, buf_slice(&plain))) != OK)
            err_set(note, result, "%s: a record of space %d cannot be read: %s", db_path(vault->db), (int)space,
                    err_text(result));
        if (result != OK)
            sqlite3_reset(rows);
    }
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    return result;
}

int vault_start(struct vault *vault, struct uv_loop_s *loop, const struct store_events *events)
{
    return store_open(loop, vault->db, events, &vault->store);
}

struct store *vault_store(struct vault *vault)
{
    return vault->store;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL)
        return;
    if (vault->store != NULL) {
        vault_hurry(vault);
        vault_flush(vault);
        store_close(vault->store);
    } else {
        db_close(vault->db);
    }
    free_vault(vault);
}

/* --- writing --- */

static struct step *add_patient_step(struct vault *vault, enum step_kind kind)
{
    if (vault->turn == NULL)
        vault->turn = calloc(1, sizeof *vault->turn);
    CHECK(vault->turn != NULL); /* memory is ahead of the disk: no way back but a restart */
    struct turn *turn = vault->turn;
    if (turn->count == turn->capacity) {
        turn->capacity = turn->capacity ? 2 * turn->capacity : 16;
        turn->steps = realloc(turn->steps, turn->capacity * sizeof *turn->steps);
        CHECK(turn->steps != NULL);
    }
    struct step *step = &turn->steps[turn->count++];
    *step = (struct step){.kind = kind};
    return step;
}

static struct step *add_step(struct vault *vault, enum step_kind kind)
{
    vault->urgent = true;
    return add_patient_step(vault, kind);
}

uint64_t vault_ticket(const struct vault *vault)
{
    return store_last_ticket(vault->store) + 1;
}

uint64_t vault_last(const struct vault *vault)
{
    return store_last_ticket(vault->store) + (vault->turn != NULL && vault->urgent);
}

uint64_t vault_committed(const struct vault *vault)
{
    return store_committed(vault->store);
}

/* The case's key, made and put when this is its first record. */
static const struct key_store *key_for(struct vault *vault, const struct index *owner)
{
    struct owner_key *entry = lookup_find(&vault->owners, owner);
    if (entry != NULL)
        return &entry->key;
    entry = calloc(1, sizeof *entry);
    CHECK(entry != NULL);
    entry->owner = *owner;
    seal_random(entry->key.bytes, sizeof entry->key.bytes);
    CHECK(lookup_add(&vault->owners, entry) == OK);
    struct step *step = add_step(vault, STEP_PUT_KEY);
    step->owner = *owner;
    step->from = vault->turn->bytes.len;
    CHECK(seal_record(vault->key, slice_of(owner->bytes, INDEX_BYTES), slice_of(entry->key.bytes, KEY_BYTES),
                      &vault->turn->bytes) == OK);
    step->len = vault->turn->bytes.len - step->from;
    return &entry->key;
}

static void place_step(const struct vault *vault, struct step *step, enum vault_space space, struct slice key)
{
    step->space = space;
    step->id = record_index(vault, space, key);
}

static void seal_step(struct vault *vault, struct step *step, const struct index *owner, const struct key_store *with,
                      struct slice plain)
{
    struct place place = place_of(step->space, &step->id, owner);
    step->owned = owner != NULL;
    step->owner = owner != NULL ? *owner : (struct index){{0}};
    step->from = vault->turn->bytes.len;
    CHECK(seal_record(with, slice_of(place.bytes, sizeof place.bytes), plain, &vault->turn->bytes) == OK);
    step->len = vault->turn->bytes.len - step->from;
}

uint64_t vault_put(struct vault *vault, enum vault_space space, struct slice key, const struct envelope_case_key *owner,
                   struct slice plain)
{
    struct index owner_id = owner != NULL ? owner_index(vault, owner) : (struct index){{0}};
    const struct key_store *with = owner != NULL ? key_for(vault, &owner_id) : vault->key;
    struct step *step = add_step(vault, STEP_PUT);
    place_step(vault, step, space, key);
    seal_step(vault, step, owner != NULL ? &owner_id : NULL, with, plain);
    return vault_ticket(vault);
}

void vault_note(struct vault *vault, enum vault_space space, struct slice key, struct slice plain)
{
    struct step *step = add_patient_step(vault, STEP_PUT);
    place_step(vault, step, space, key);
    seal_step(vault, step, NULL, vault->key, plain);
}

uint64_t vault_remove(struct vault *vault, enum vault_space space, struct slice key)
{
    place_step(vault, add_step(vault, STEP_REMOVE), space, key);
    return vault_ticket(vault);
}

void vault_forget(struct vault *vault, enum vault_space space, struct slice key)
{
    place_step(vault, add_patient_step(vault, STEP_REMOVE), space, key);
}

void vault_hurry(struct vault *vault)
{
    vault->urgent = vault->turn != NULL;
}

uint64_t vault_destroy_case(struct vault *vault, const struct envelope_case_key *owner)
{
    struct step *step = add_step(vault, STEP_DESTROY);
    step->owner = owner_index(vault, owner);
    struct owner_key *entry = lookup_remove(&vault->owners, &step->owner);
    if (entry != NULL) {
        seal_wipe(entry, sizeof *entry);
        free(entry);
    }
    return vault_ticket(vault);
}

static int run_put(struct db *db, const struct step *step, struct slice sealed)
{
    sqlite3_stmt *put = db_statement(db, SQL_PUT);
    sqlite3_bind_int(put, 1, (int)step->space);
    db_bind_blob(put, 2, slice_of(step->id.bytes, INDEX_BYTES));
    if (step->owned)
        db_bind_blob(put, 3, slice_of(step->owner.bytes, INDEX_BYTES));
    else
        sqlite3_bind_null(put, 3);
    db_bind_blob(put, 4, sealed);
    return db_run(db, put);
}

static int run_by_owner(struct db *db, const char *sql, const struct step *step)
{
    sqlite3_stmt *statement = db_statement(db, sql);
    db_bind_blob(statement, 1, slice_of(step->owner.bytes, INDEX_BYTES));
    return db_run(db, statement);
}

static int run_step(struct db *db, const struct step *step, struct slice sealed)
{
    sqlite3_stmt *statement;
    switch (step->kind) {
    case STEP_PUT:
        return run_put(db, step, sealed);
    case STEP_REMOVE:
        statement = db_statement(db, SQL_REMOVE);
        sqlite3_bind_int(statement, 1, (int)step->space);
        db_bind_blob(statement, 2, slice_of(step->id.bytes, INDEX_BYTES));
        return db_run(db, statement);
    case STEP_PUT_KEY:
        statement = db_statement(db, SQL_PUT_KEY);
        db_bind_blob(statement, 1, slice_of(step->owner.bytes, INDEX_BYTES));
        db_bind_blob(statement, 2, sealed);
        return db_run(db, statement);
    case STEP_DESTROY: {
        int result = run_by_owner(db, SQL_REMOVE_OWNED, step);
        FAILPOINT("erase-records-gone");
        return result == OK ? run_by_owner(db, SQL_REMOVE_KEY, step) : result;
    }
    }
    return ERR_INTERNAL;
}

/* On the store's thread, inside its transaction. */
static int run_turn(struct db *db, void *job)
{
    const struct turn *turn = job;
    for (size_t i = 0; i < turn->count; i++) {
        const struct step *step = &turn->steps[i];
        struct slice sealed = slice_of(turn->bytes.data ? turn->bytes.data + step->from : NULL, step->len);
        int result = run_step(db, step, sealed);
        if (result != OK)
            return result;
    }
    return OK;
}

static void free_turn(void *job)
{
    buf_free(&((struct turn *)job)->bytes);
    free(((struct turn *)job)->steps);
    free(job);
}

void vault_abandon(struct vault *vault)
{
    vault->abandoned = true;
}

void vault_flush(struct vault *vault)
{
    struct turn *turn = vault->turn;
    if (turn == NULL || (!vault->urgent && turn->count < PATIENT_STEPS))
        return;
    vault->turn = NULL;
    vault->urgent = false;
    FAILPOINT("node-before-write");
    if (vault->abandoned)
        free_turn(turn);
    else
        store_write(vault->store, run_turn, turn, free_turn);
    FAILPOINT("node-after-write");
}
