/*
 * db - one SQLite file, opened so that what was committed survives power loss, owned by one thread.
 *
 * locking_mode=EXCLUSIVE, journal_mode=WAL, synchronous=FULL, secure_delete, defensive, no trusted schema, no mmap,
 * foreign keys on, quick_check at the start of a file of up to DB_CHECKED_BYTES. A `meta` row names kind, owner and
 * schema: a file of another member, another kind or a newer version is refused in words. Migrations run forward in one
 * transaction each. Other processes are kept out.
 */
#ifndef PROTO_DB_H
#define PROTO_DB_H

#include <sqlite3.h>

#include "buf.h"
#include "err.h"

#define DB_CHECKED_BYTES (64 << 20) /* larger ones are checked by `hotline db check` (db_inspect) */

struct db;

struct db_schema {
    const char *kind;              /* "relay", "node" */
    const char *const *migrations; /* SQL, in order; their count is the schema's version */
    int count;
};

/* Opens or creates (0600, folder synced). ERR_BUSY: another process has it. ERR_NEWER, ERR_MEMBER (another owner or
 * kind), ERR_CORRUPT, ERR_DISK_FULL, ERR_IO; the note says what to do. */
int db_open(const char *path, const struct db_schema *schema, const char *owner, struct err_note *note,
            struct db **ret_db) MUST_CHECK;
void db_close(struct db *db);
/* For the durable leaves and nobody else. */
sqlite3 *db_handle(struct db *db);
const char *db_path(const struct db *db);
/* True when this open made the schema: the file was new or empty. */
bool db_is_new(const struct db *db);

/* What SQLite last complained about, for a log line; "" when nothing. Never a stored value. */
const char *db_complaint(const struct db *db);

/* A statement prepared once and kept; sql is a constant whose address is its key. It comes back reset and with nothing
 * bound, so it cannot be used again while its own rows are being read. SQL that does not compile is our own mistake:
 * CHECK. */
sqlite3_stmt *db_statement(struct db *db, const char *sql);
/* Runs a statement to its end (rows are dropped), resets it. ERR_DISK_FULL, ERR_IO, ERR_CORRUPT; ERR_EXISTS: a UNIQUE
 * or PRIMARY KEY stands against it; ERR_INTERNAL: another constraint does. */
int db_run(struct db *db, sqlite3_stmt *statement) MUST_CHECK;
/* *ret_row says whether there is one more row; resets at the end or on error. */
int db_next(struct db *db, sqlite3_stmt *statement, bool *ret_row) MUST_CHECK;
/* A column's bytes, valid until the statement goes on; empty for NULL. */
struct slice db_blob(sqlite3_stmt *statement, int column);
/* Binds bytes (an empty slice is an empty blob, not NULL). Borrowed until the statement has run. Positions count
 * from 1. */
void db_bind_blob(sqlite3_stmt *statement, int position, struct slice bytes);

/* Takes the write lock at once. Transactions do not nest. */
int db_begin(struct db *db) MUST_CHECK;
/* Returns only after the disk has it. An error here means: stop the process. */
int db_commit(struct db *db) MUST_CHECK;
/* Nothing when no transaction is open. */
void db_rollback(struct db *db);

/* Small values under names: store id, counters. get replaces the content of ret_value; ERR_NOT_FOUND. "kind" and
 * "owner" are db's own, and "backup_until_us" of a backup. */
int db_meta_get(struct db *db, const char *name, struct buf *ret_value) MUST_CHECK;
int db_meta_set(struct db *db, const char *name, struct slice value) MUST_CHECK;

/* A consistent, verified copy at path (one file, 0600, never over an existing one), made through this connection
 * outside any transaction. It says in itself until when it may be kept. Written as path.part first, so that what stands
 * at path is whole. ERR_EXISTS, ERR_DISK_FULL, ERR_IO. */
int db_backup(struct db *db, const char *path, int64_t until_us, struct err_note *note) MUST_CHECK;
/* Truncates the write-ahead log, so that nothing erased lingers in it. */
int db_checkpoint(struct db *db) MUST_CHECK;
/* Bytes free for an unprivileged process on the file's file system; INT64_MAX when unknown. */
int64_t db_free_bytes(const struct db *db);

/* What a stopped database is, after checking every page: for `hotline db check` and restore. Changes nothing (a log
 * left by a crash is read and stays). */
struct db_facts {
    char kind[16];
    char owner[64];
    int schema;
    int64_t size_bytes;
    int64_t backup_until_us; /* a backup: when it is to be deleted; 0: none */
};
/* ERR_NOT_FOUND, ERR_BUSY (its program runs), ERR_CORRUPT, ERR_MEMBER (not a database of this software). */
int db_inspect(const char *path, struct err_note *note, struct db_facts *ret_facts) MUST_CHECK;
/* Copies a verified backup to path (never over an existing file) and marks it restored: the next open finds meta
 * "restored" = "1" and the owner takes a new store id. ret_facts: the backup's. ERR_EXISTS also for a leftover
 * path-wal: it would be replayed. */
int db_restore(const char *backup, const char *path, struct err_note *note, struct db_facts *ret_facts) MUST_CHECK;

#endif
