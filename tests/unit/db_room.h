/*
 * db_room - a folder of its own for each test of db, and the little schema that they share.
 */
#ifndef TESTS_DB_ROOM_H
#define TESTS_DB_ROOM_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/db.h"

static const char *const room_migrations[] = {
    "CREATE TABLE fact (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    "INSERT INTO fact (id, text) VALUES (1, 'one')",
    "ALTER TABLE fact ADD COLUMN weight INTEGER NOT NULL DEFAULT 7",
};
static const struct db_schema first = {"node", room_migrations, 1}, second = {"node", room_migrations, 2};
static const char sql_add[] = "INSERT INTO fact (text) VALUES (?1)";
static const char sql_all[] = "SELECT text FROM fact ORDER BY id";
static const char sql_count[] = "SELECT count(*) FROM fact";

/* A folder per test; every file in it goes with it. */
struct room {
    char folder[64];
    char path[96], other[96];
    struct err_note note;
    bool mounted; /* a small disk of its own */
};

static inline int room_open(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-db-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/a.db", room->folder);
    snprintf(room->other, sizeof room->other, "%s/b.db", room->folder);
    *state = room;
    return 0;
}

static inline int room_close(void **state)
{
    struct room *room = *state;
    if (room->mounted) {
        char command[96];
        snprintf(command, sizeof command, "umount -l %s", room->folder);
        assert_int_equal(system(command), 0);
    }
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-journal", "a.db-shm",
                                        "b.db", "b.db-wal", "b.db.part"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", room->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(room->folder), 0); /* nothing else was left there */
    free(room);
    return 0;
}

static inline struct db *open_as(struct room *room, const struct db_schema *schema, const char *owner)
{
    struct db *db = NULL;
    int error = db_open(room->path, schema, owner, &room->note, &db);
    if (error != OK)
        fail_msg("db_open: %s: %s", err_name(error), room->note.text);
    return db;
}

static inline void refused(struct room *room, const struct db_schema *schema, const char *owner, int error,
                           const char *words)
{
    struct db *db = NULL;
    assert_int_equal(db_open(room->path, schema, owner, &room->note, &db), error);
    assert_null(db);
    if (strstr(room->note.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", room->note.text, words);
    assert_non_null(strstr(room->note.text, room->path));
}

static inline int add(struct db *db, struct slice text)
{
    sqlite3_stmt *statement = db_statement(db, sql_add);
    assert_int_equal(sqlite3_bind_text(statement, 1, (const char *)text.data, (int)text.len, SQLITE_STATIC), SQLITE_OK);
    return db_run(db, statement);
}

static inline int count(struct db *db)
{
    bool row = false;
    sqlite3_stmt *statement = db_statement(db, sql_count);
    assert_int_equal(db_next(db, statement, &row), OK);
    assert_true(row);
    int rows = sqlite3_column_int(statement, 0);
    assert_int_equal(db_next(db, statement, &row), OK);
    assert_false(row);
    return rows;
}

static inline int number_of(struct db *db, const char *pragma)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db_handle(db), pragma, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static inline void write_file(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, room_open, room_close)

#endif
