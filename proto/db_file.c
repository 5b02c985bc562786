/*
 * db_file: what db.c and db_copy.c do with a database file: create, open with every protection, check, tell whose it
 * is. Never opens a database file by hand (db_inner.h says why).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "db_inner.h"

/* Enough for the indexes of a busy relay; a daemon's memory stays predictable. */
#define CACHE_KIB "8192"

static int error_of_errno(int system_error)
{
    switch (system_error) {
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case ENOMEM:
        return ERR_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case EEXIST:
        return ERR_EXISTS;
    case ENOENT:
        return ERR_NOT_FOUND;
    default:
        return ERR_IO;
    }
}

int db_error_of(sqlite3 *handle, int result)
{
    int system_error = handle != NULL ? sqlite3_system_errno(handle) : 0;
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return ERR_PERMISSION;
    case SQLITE_CONSTRAINT:
        return result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY ||
                result == SQLITE_CONSTRAINT_ROWID ?
            ERR_EXISTS :
            ERR_INTERNAL;
    case SQLITE_IOERR:
        if (result == SQLITE_IOERR_NOMEM)
            return ERR_NOMEM;
        return error_of_errno(system_error) == ERR_DISK_FULL ? ERR_DISK_FULL : ERR_IO;
    case SQLITE_CANTOPEN:
        return error_of_errno(system_error);
    default:
        return ERR_INTERNAL;
    }
}

int db_fail(sqlite3 *handle, int result, const char *path, struct err_note *note)
{
    int error = db_error_of(handle, result);
    if (error == ERR_BUSY)
        return err_set(note, error, "%s: another process uses it: stop that one first", path);
    if (error == ERR_DISK_FULL)
        return err_set(note, error, "%s: the disk is full", path);
    if ((result & 0xff) == SQLITE_NOTADB)
        return err_set(note, error, "%s: not a database, or damaged: restore a backup under this name", path);
    const char *words = handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
    if (error == ERR_CORRUPT)
        return err_set(note, error, "%s: damaged (%s): restore a backup under this name", path, words);
    return err_set(note, error, "%s: %s", path, words);
}

int db_fail_system(const char *path, const char *what, int system_error, struct err_note *note)
{
    return err_set(note, error_of_errno(system_error), "%s: %s: %s", path, what, strerror(system_error));
}

char *db_beside(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(size);
    if (name != NULL)
        snprintf(name, size, "%s%s", path, suffix);
    return name;
}

void db_remove_files(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *name = db_beside(path, suffixes[i]);
        if (name != NULL)
            (void)unlink(name);
        free(name);
    }
}

int db_create_file(const char *path, struct err_note *note)
{
    /* O_EXCL: when the file exists, no descriptor is made, so no lock of this process can be lost by closing it. */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? ERR_EXISTS : db_fail_system(path, "cannot be created", errno, note);
    close(fd);
    return OK;
}

int db_sync_folder(const char *path, struct err_note *note)
{
    char *folder = db_beside(path, "");
    if (folder == NULL)
        return err_set(note, ERR_NOMEM, "%s: out of memory", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    int error = OK;
    int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        error = db_fail_system(path, "its folder cannot be synced", errno, note);
    if (fd >= 0)
        close(fd);
    free(folder);
    return error;
}

static int protect(sqlite3 *handle)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_DQS_DDL, 0},   {SQLITE_DBCONFIG_DQS_DML, 0},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int now = -1;
        int result = sqlite3_db_config(handle, options[i].option, options[i].value, &now);
        if (result != SQLITE_OK || now != options[i].value)
            return result != SQLITE_OK ? result : SQLITE_ERROR;
    }
    /* locking_mode first: SQLite 3.40.1 can reset a write-ahead log wrongly when two connections share it. temp_store:
     * nothing of a case may reach another file. cell_size_check: a damaged page is met with an error, early. */
    return sqlite3_exec(handle,
                        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
                        "PRAGMA mmap_size = 0; PRAGMA cache_size = -" CACHE_KIB "; PRAGMA temp_store = MEMORY;"
                        "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON",
                        NULL, NULL, NULL);
}

int db_open_handle(const char *path, struct err_note *note, sqlite3 **ret_handle)
{
    sqlite3 *handle = NULL;
    int result = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) {
        sqlite3_extended_result_codes(handle, 1);
        result = protect(handle);
    }
    /* The first read takes the lock: whoever else has the file is met here. */
    if (result == SQLITE_OK)
        result = sqlite3_exec(handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (result != SQLITE_OK) {
        int error = db_fail(handle, result, path, note);
        sqlite3_close(handle);
        return error;
    }
    *ret_handle = handle;
    return OK;
}

int db_check_pages(sqlite3 *handle, const char *pragma, const char *path, struct err_note *note)
{
    sqlite3_stmt *statement = NULL;
    errno = 0;
    int result = sqlite3_prepare_v2(handle, pragma, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    int error = OK;
    if (result != SQLITE_ROW) {
        error = db_fail(handle, result == SQLITE_DONE ? SQLITE_CORRUPT : result, path, note);
    } else {
        const char *finding = (const char *)sqlite3_column_text(statement, 0);
        bool fine = finding != NULL && strcmp(finding, "ok") == 0;
        /* A page that SQLite had no memory for is a finding to it, too. */
        if (!fine && (finding == NULL || errno == ENOMEM))
            error = db_fail(handle, SQLITE_NOMEM, path, note);
        else if (!fine)
            error = err_set(note, ERR_CORRUPT, "%s: damaged (%.200s): restore a backup under this name", path, finding);
    }
    sqlite3_finalize(statement);
    return error;
}

/* One whole number, from a statement without parameters. */
static int read_number(sqlite3 *handle, const char *sql, int *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        *ret_number = sqlite3_column_int(statement, 0);
        result = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return result;
}

/* A meta value as text; "" when it is absent or does not fit. */
static int read_meta(sqlite3 *handle, const char *name, char *text, size_t size)
{
    sqlite3_stmt *statement = NULL;
    text[0] = '\0';
    int result = sqlite3_prepare_v2(handle, "SELECT value FROM meta WHERE name = ?1", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct slice value = db_blob(statement, 0);
        if (value.len < size) {
            if (value.len > 0)
                memcpy(text, value.data, value.len);
            text[value.len] = '\0';
        }
        result = SQLITE_DONE;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int db_read_facts(sqlite3 *handle, const char *path, struct err_note *note, struct db_facts *ret_facts)
{
    struct db_facts facts = {0};
    char until[24] = "";
    int things = 0, metas = 0;
    int result = read_number(handle, "SELECT count(*) FROM sqlite_schema", &things);
    if (result == SQLITE_OK)
        result = read_number(handle, "SELECT count(*) FROM pragma_table_info('meta') WHERE name IN ('name', 'value')",
                             &metas);
    if (result == SQLITE_OK && metas == 2)
        result = read_meta(handle, "kind", facts.kind, sizeof facts.kind);
    if (result == SQLITE_OK && metas == 2)
        result = read_meta(handle, "owner", facts.owner, sizeof facts.owner);
    if (result == SQLITE_OK && metas == 2)
        result = read_meta(handle, "backup_until_us", until, sizeof until);
    facts.backup_until_us = strtoll(until, NULL, 10);
    if (result == SQLITE_OK)
        result = read_number(handle, "PRAGMA user_version", &facts.schema);
    if (result != SQLITE_OK)
        return db_fail(handle, result, path, note);
    if ((things > 0 || facts.schema != 0) && (facts.kind[0] == '\0' || facts.owner[0] == '\0'))
        return err_set(note, ERR_MEMBER, "%s: a database, but not one of this software", path);
    *ret_facts = facts;
    return OK;
}
