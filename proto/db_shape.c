/*
 * db_shape: are the tables of a file those that its schema makes? SQLite takes any text there that it can parse, so one
 * flipped bit renames a column, and the first statement that names it no longer compiles.
 */
#include "db_inner.h"

/* SQLite's own (sqlite_sequence, indexes behind a PRIMARY KEY) have no text that anybody wrote. */
static const char sql_shape[] = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name, sql";

static int prepare(sqlite3 *handle, const char *path, struct err_note *note, sqlite3_stmt **ret_statement)
{
    int result = sqlite3_prepare_v2(handle, sql_shape, -1, ret_statement, NULL);
    return result == SQLITE_OK ? OK : db_fail(handle, result, path, note);
}

/* The same tables, in memory. */
static int make_model(const struct db_schema *schema, const char *path, struct err_note *note, sqlite3 **ret_model)
{
    sqlite3 *model = NULL;
    int result = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(model, DB_SQL_META, NULL, NULL, NULL);
    for (int i = 0; i < schema->count && result == SQLITE_OK; i++)
        result = sqlite3_exec(model, schema->migrations[i], NULL, NULL, NULL);
    *ret_model = model;
    return result == SQLITE_OK ? OK : db_fail(model, result, path, note);
}

static bool same_text(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    const char *left = (const char *)sqlite3_column_text(a, column);
    const char *right = (const char *)sqlite3_column_text(b, column);
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static int compare(sqlite3_stmt *found, sqlite3_stmt *meant, const char *path, struct err_note *note)
{
    for (;;) {
        int there = sqlite3_step(found), due = sqlite3_step(meant);
        if (there == SQLITE_DONE && due == SQLITE_DONE)
            return OK;
        if (there != SQLITE_ROW && there != SQLITE_DONE)
            return db_fail(sqlite3_db_handle(found), there, path, note);
        if (due != SQLITE_ROW && due != SQLITE_DONE)
            return db_fail(sqlite3_db_handle(meant), due, path, note);
        if (there != due || !same_text(found, meant, 0) || !same_text(found, meant, 1))
            return err_set(note, ERR_CORRUPT, "%s: its tables are not those of its schema: restore a backup", path);
    }
}

int db_check_shape(sqlite3 *handle, const char *path, const struct db_schema *schema, struct err_note *note)
{
    sqlite3 *model = NULL;
    sqlite3_stmt *found = NULL, *meant = NULL;
    int error = make_model(schema, path, note, &model);
    if (error == OK)
        error = prepare(handle, path, note, &found);
    if (error == OK)
        error = prepare(model, path, note, &meant);
    if (error == OK)
        error = compare(found, meant, path, note);
    sqlite3_finalize(found);
    sqlite3_finalize(meant);
    CHECK(sqlite3_close(model) == SQLITE_OK);
    return error;
}
