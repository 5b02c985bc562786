/*
 * db_inner - what db.c and the files beside it share. Nobody else includes it.
 *
 * Never open and close a database file by hand while a connection of this process has it: the close would drop SQLite's
 * POSIX locks, and with them the promise that no other process interferes.
 */
#ifndef PROTO_DB_INNER_H
#define PROTO_DB_INNER_H

#include "db.h"

/* The table that every database has. */
#define DB_SQL_META "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"

/* The error of a SQLite result; a full disk is told apart from other failures. */
int db_error_of(sqlite3 *handle, int result);
/* The same, with "PATH: ..." in the note. handle may be NULL. */
int db_fail(sqlite3 *handle, int result, const char *path, struct err_note *note);
/* "PATH: what: the system's words" for an errno value, and its error. */
int db_fail_system(const char *path, const char *what, int system_error, struct err_note *note);
/* Makes an empty file, 0600. ERR_EXISTS (no note) when something has that name. */
int db_create_file(const char *path, struct err_note *note) MUST_CHECK;
/* Makes the folder's entry of path durable. */
int db_sync_folder(const char *path, struct err_note *note) MUST_CHECK;
/* Opens an existing file with every protection, and takes it for this connection alone. *ret_handle is closed by the
 * caller. */
int db_open_handle(const char *path, struct err_note *note, sqlite3 **ret_handle) MUST_CHECK;
/* Runs "PRAGMA quick_check(1)" or "PRAGMA integrity_check(1)"; ERR_CORRUPT with SQLite's first finding. */
int db_check_pages(sqlite3 *handle, const char *pragma, const char *path, struct err_note *note) MUST_CHECK;
/* Of a handle that has read: ERR_CORRUPT when a write-ahead log that a crash left is damaged before its last two
 * commits, and SQLite would pass over what stands behind; it is left as it is then. Damage in the last two is not told:
 * a power cut could have torn them. */
int db_check_log(sqlite3 *handle, const char *path, struct err_note *note) MUST_CHECK;
/* ERR_CORRUPT when the tables are not, to the letter, those that all of the schema's migrations make. */
int db_check_shape(sqlite3 *handle, const char *path, const struct db_schema *schema, struct err_note *note) MUST_CHECK;
/* Kind, owner and schema; kind "" for an empty database. ERR_MEMBER when it is not one of this software. */
int db_read_facts(sqlite3 *handle, const char *path, struct err_note *note, struct db_facts *ret_facts) MUST_CHECK;
/* path with a suffix, in new memory; NULL when there is none. */
char *db_beside(const char *path, const char *suffix);
/* Removes path-wal, path-shm, path-journal and path itself, as far as they exist. */
void db_remove_files(const char *path);

#endif
