/*
 * db: opens one SQLite file so that a commit is durable and nobody else can interfere, and runs statements on it.
 * Never decides what is stored; never retries a failed commit; never touches a file that belongs to somebody else.
 */
#include "db.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "db_inner.h"
#include "proto/failpoint.h"

static const char sql_meta_get[] = "SELECT value FROM meta WHERE name = ?1";
static const char sql_meta_set[] =
    "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";

/* One prepared statement under the address of its text; an open-addressed table, never more than half full. */
struct db_slot {
    const char *sql;
    sqlite3_stmt *statement;
};

struct db {
    sqlite3 *handle;
    char *path;
    bool is_new;
    struct db_slot *slots;
    size_t slot_count, slots_used; /* slot_count: a power of two */
    uint64_t uses; /* a write at each use: so the thread sanitizer sees two threads here, SQLite being built without */
};

static bool same_or_says(const char *path, const struct db_schema *schema, const char *owner,
                         const struct db_facts *facts, struct err_note *note)
{
    if (strcmp(facts->kind, schema->kind) == 0 && strcmp(facts->owner, owner) == 0)
        return true;
    err_set(note, ERR_MEMBER, "%s: this is the database of %s %s, not of %s %s", path, facts->kind, facts->owner,
            schema->kind, owner);
    return false;
}

/* Whose file is it? Nothing is written before this is answered. */
static int claim(struct db *db, const struct db_schema *schema, const char *owner, struct err_note *note,
                 struct db_facts *ret_facts)
{
    struct db_facts facts = {0};
    int error = db_read_facts(db->handle, db->path, note, &facts);
    if (error != OK)
        return error;
    if (facts.kind[0] != '\0' && !same_or_says(db->path, schema, owner, &facts, note))
        return ERR_MEMBER;
    if (facts.schema > schema->count)
        return err_set(
            note, ERR_NEWER,
            "%s: written by a newer version of this software (schema %d, this one knows %d): run that version",
            db->path, facts.schema, schema->count);
    *ret_facts = facts;
    return OK;
}

/* WAL only after locking_mode=EXCLUSIVE (db_open_handle): the log's index then lives in memory, not in a shared file.
 */
static int use_wal(struct db *db, struct err_note *note)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    bool wal = false;
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        wal = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
        result = sqlite3_step(statement);
    }
    int error = result == SQLITE_DONE ? OK : db_fail(db->handle, result, db->path, note);
    sqlite3_finalize(statement);
    if (error == OK && !wal)
        return err_set(note, ERR_IO, "%s: this file system does not allow a write-ahead log", db->path);
    return error;
}

static int exec(struct db *db, const char *sql, struct err_note *note)
{
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? OK : db_fail(db->handle, result, db->path, note);
}

static int make_meta(struct db *db, const char *kind, const char *owner, struct err_note *note)
{
    FAILPOINT("migration-empty");
    int error = exec(db, "BEGIN IMMEDIATE; " DB_SQL_META, note);
    if (error == OK)
        error = db_meta_set(db, "kind", slice_text(kind));
    if (error == OK)
        error = db_meta_set(db, "owner", slice_text(owner));
    if (error == OK)
        error = exec(db, "COMMIT", note);
    if (error != OK)
        db_rollback(db);
    return error;
}

static int migrate_one(struct db *db, const char *sql, int version, struct err_note *note)
{
    char stamp[64];
    snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", version);
    int error = exec(db, "BEGIN IMMEDIATE", note);
    if (error == OK)
        error = exec(db, sql, note);
    FAILPOINT("migration-half");
    if (error == OK)
        error = exec(db, stamp, note);
    FAILPOINT("migration-before-commit");
    if (error == OK)
        error = exec(db, "COMMIT", note);
    if (error == OK)
        return OK;
    db_rollback(db);
    char where[48];
    snprintf(where, sizeof where, "migration to schema %d", version);
    err_prefix(note, where);
    return error;
}

static int migrate(struct db *db, const struct db_schema *schema, const struct db_facts *facts, const char *owner,
                   struct err_note *note)
{
    if (facts->kind[0] == '\0') {
        int error = make_meta(db, schema->kind, owner, note);
        if (error != OK)
            return error;
    }
    for (int i = facts->schema; i < schema->count; i++) {
        int error = migrate_one(db, schema->migrations[i], i + 1, note);
        if (error != OK)
            return error;
    }
    FAILPOINT("migration-done");
    db->is_new = facts->schema == 0;
    return OK;
}

/* An older umask or a careless copy may have opened it to others: closed again, without a file descriptor (db_inner.h).
 */
static int keep_private(const char *path, struct err_note *note)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return db_fail_system(path, "cannot be looked at", errno, note);
    if (!S_ISREG(status.st_mode))
        return err_set(note, ERR_IO, "%s: not a regular file", path);
    if ((status.st_mode & 077) != 0 && chmod(path, 0600) != 0)
        return err_set(note, ERR_PERMISSION, "%s: others can read it, and its mode cannot be changed to 0600", path);
    return OK;
}

/* Checking every page of a large file would keep a member away for seconds. What a crash can tear the log mends; a file
 * cut short is refused by its header; and a page that is damaged is refused when it is read, which a start does to all
 * but what is never read at one (cell_size_check; a node's records are authenticated besides). `hotline db check` reads
 * them all. */
static bool is_small(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_size <= DB_CHECKED_BYTES;
}

static int open_and_claim(struct db *db, const struct db_schema *schema, const char *owner, struct err_note *note)
{
    struct db_facts facts = {0};
    int error = keep_private(db->path, note);
    if (error == OK)
        error = db_open_handle(db->path, note, &db->handle);
    if (error == OK)
        error = db_check_log(db->handle, db->path, note);
    if (error == OK)
        error = claim(db, schema, owner, note, &facts);
    if (error == OK)
        error = use_wal(db, note);
    if (error == OK && is_small(db->path))
        error = db_check_pages(db->handle, "PRAGMA quick_check(1)", db->path, note);
    if (error == OK)
        error = migrate(db, schema, &facts, owner, note);
    if (error == OK)
        error = db_check_shape(db->handle, db->path, schema, note);
    if (error == OK)
        error = db_sync_folder(db->path, note);
    return error;
}

int db_open(const char *path, const struct db_schema *schema, const char *owner, struct err_note *note,
            struct db **ret_db)
{
    struct db_facts room;
    CHECK(strlen(schema->kind) > 0 && strlen(schema->kind) < sizeof room.kind);
    CHECK(strlen(owner) > 0 && strlen(owner) < sizeof room.owner);
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL || (db->path = db_beside(path, "")) == NULL) {
        free(db);
        return err_set(note, ERR_NOMEM, "%s: out of memory", path);
    }
    int error = db_create_file(path, note);
    bool created = error == OK;
    if (error == OK || error == ERR_EXISTS)
        error = open_and_claim(db, schema, owner, note);
    if (error != OK) {
        db_close(db);
        /* BUSY: another process came between and has it by now. */
        if (created && error != ERR_BUSY)
            db_remove_files(path);
        return error;
    }
    *ret_db = db;
    return OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < db->slot_count; i++)
        sqlite3_finalize(db->slots[i].statement);
    free(db->slots);
    /* The last statement is gone, so this closes, and moves the log into the file. */
    CHECK(sqlite3_close(db->handle) == SQLITE_OK);
    free(db->path);
    free(db);
}

sqlite3 *db_handle(struct db *db)
{
    return db->handle;
}

const char *db_path(const struct db *db)
{
    return db->path;
}

bool db_is_new(const struct db *db)
{
    return db->is_new;
}

const char *db_complaint(const struct db *db)
{
    int result = sqlite3_errcode(db->handle) & 0xff;
    bool calm = result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE;
    return calm ? "" : sqlite3_errmsg(db->handle);
}

static struct db_slot *slot_of(struct db_slot *slots, size_t count, const char *sql)
{
    uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(mixed >> 32) & (count - 1);
    while (slots[i].sql != NULL && slots[i].sql != sql)
        i = (i + 1) & (count - 1);
    return &slots[i];
}

static void grow_slots(struct db *db)
{
    size_t count = db->slot_count == 0 ? 64 : db->slot_count * 2;
    struct db_slot *slots = calloc(count, sizeof *slots);
    CHECK(slots != NULL);
    for (size_t i = 0; i < db->slot_count; i++)
        if (db->slots[i].sql != NULL)
            *slot_of(slots, count, db->slots[i].sql) = db->slots[i];
    free(db->slots);
    db->slots = slots;
    db->slot_count = count;
}

sqlite3_stmt *db_statement(struct db *db, const char *sql)
{
    db->uses++;
    if (db->slots_used * 2 >= db->slot_count)
        grow_slots(db);
    struct db_slot *slot = slot_of(db->slots, db->slot_count, sql);
    if (slot->sql == NULL) {
        int result = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL);
        if (result != SQLITE_OK)
            fprintf(stderr, "level=fatal msg=\"SQL does not compile\" why=\"%s\"\n", sqlite3_errmsg(db->handle));
        CHECK(result == SQLITE_OK && slot->statement != NULL);
        slot->sql = sql;
        db->slots_used++;
        return slot->statement;
    }
    sqlite3_reset(slot->statement);
    sqlite3_clear_bindings(slot->statement);
    return slot->statement;
}

int db_run(struct db *db, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    while (result == SQLITE_ROW)
        result = sqlite3_step(statement);
    int error = result == SQLITE_DONE ? OK : db_error_of(db->handle, result);
    sqlite3_reset(statement);
    return error;
}

int db_next(struct db *db, sqlite3_stmt *statement, bool *ret_row)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        *ret_row = true;
        return OK;
    }
    int error = result == SQLITE_DONE ? OK : db_error_of(db->handle, result);
    sqlite3_reset(statement);
    if (error == OK)
        *ret_row = false;
    return error;
}

struct slice db_blob(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    return slice_of(data, data != NULL ? (size_t)sqlite3_column_bytes(statement, column) : 0);
}

void db_bind_blob(sqlite3_stmt *statement, int position, struct slice bytes)
{
    const void *data = bytes.len > 0 ? (const void *)bytes.data : "";
    CHECK(sqlite3_bind_blob64(statement, position, data, bytes.len, SQLITE_STATIC) == SQLITE_OK);
}

int db_begin(struct db *db)
{
    CHECK(sqlite3_get_autocommit(db->handle));
    return db_run(db, db_statement(db, sql_begin));
}

int db_commit(struct db *db)
{
    CHECK(!sqlite3_get_autocommit(db->handle));
    return db_run(db, db_statement(db, sql_commit));
}

void db_rollback(struct db *db)
{
    /* Some failures (a full disk among them) have rolled back by themselves. */
    if (!sqlite3_get_autocommit(db->handle))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int db_meta_get(struct db *db, const char *name, struct buf *ret_value)
{
    sqlite3_stmt *statement = db_statement(db, sql_meta_get);
    CHECK(sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK);
    bool row = false;
    int error = db_next(db, statement, &row);
    if (error != OK)
        return error;
    if (!row)
        return ERR_NOT_FOUND;
    buf_clear(ret_value);
    buf_add_slice(ret_value, db_blob(statement, 0));
    sqlite3_reset(statement);
    return buf_broken(ret_value) ? ERR_NOMEM : OK;
}

int db_meta_set(struct db *db, const char *name, struct slice value)
{
    sqlite3_stmt *statement = db_statement(db, sql_meta_set);
    CHECK(sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK);
    db_bind_blob(statement, 2, value);
    return db_run(db, statement);
}

int db_checkpoint(struct db *db)
{
    int result = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return result == SQLITE_OK ? OK : db_error_of(db->handle, result);
}

int64_t db_free_bytes(const struct db *db)
{
    struct statvfs fs;
    if (statvfs(db->path, &fs) != 0)
        return INT64_MAX;
    uint64_t unit = fs.f_frsize, blocks = fs.f_bavail;
    return unit == 0 || blocks > INT64_MAX / unit ? INT64_MAX : (int64_t)(blocks * unit);
}
