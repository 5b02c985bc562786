/*
 * db_copy: backups, restoring, and looking at a stopped database. A copy is complete and checked before it gets its
 * name; nothing is ever written over an existing file, and the original is not changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_inner.h"
#include "proto/failpoint.h"

static bool stands(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Pages through SQLite, then back from WAL to one plain file. */
static int copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct err_note *note)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return db_fail(to, sqlite3_extended_errcode(to), path, note);
    int result = sqlite3_backup_step(backup, -1);
    int finished = sqlite3_backup_finish(backup);
    if (result == SQLITE_DONE && finished == SQLITE_OK)
        result = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    else if (result == SQLITE_DONE)
        result = finished;
    return result == SQLITE_OK ? OK : db_fail(to, result, path, note);
}

/* What a copy says of itself: that it was restored, and is no backup any more; or until when it may be kept. */
static const char SQL_RESTORED[] = "INSERT INTO meta (name, value) VALUES ('restored', CAST('1' AS BLOB)) "
                                   "ON CONFLICT (name) DO UPDATE SET value = excluded.value; "
                                   "DELETE FROM meta WHERE name = 'backup_until_us'";
#define SQL_BACKUP                                                                                                     \
    "INSERT INTO meta (name, value) VALUES ('backup_until_us', CAST('%" PRId64 "' AS BLOB)) "                          \
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"

static int mark(sqlite3 *handle, const char *sql, const char *path, struct err_note *note)
{
    int result = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? OK : db_fail(handle, result, path, note);
}

static int sync_file(const char *path, struct err_note *note)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int error = OK;
    if (fd < 0 || fsync(fd) != 0)
        error = db_fail_system(path, "cannot be synced", errno, note);
    if (fd >= 0)
        close(fd);
    return error;
}

/* From its temporary name to its own, which must still be free: link() refuses to replace, rename() would. */
static int give_name(const char *part, const char *path, struct err_note *note)
{
    if (link(part, path) == 0) {
        FAILPOINT("copy-named");
        (void)unlink(part);
        return db_sync_folder(path, note);
    }
    bool no_links = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
    if (no_links && !stands(path) && rename(part, path) == 0)
        return db_sync_folder(path, note);
    return db_fail_system(path, "cannot get its name", errno, note);
}

static int write_part(sqlite3 *from, const char *part, const char *sql, struct err_note *note)
{
    sqlite3 *to = NULL;
    struct db_facts facts;
    int error = db_create_file(part, note);
    if (error == OK)
        error = db_open_handle(part, note, &to);
    if (error == OK)
        error = copy_pages(from, to, part, note);
    FAILPOINT("copy-pages");
    if (error == OK)
        error = mark(to, sql, part, note);
    if (error == OK)
        error = db_check_pages(to, "PRAGMA quick_check(1)", part, note);
    if (error == OK)
        error = db_read_facts(to, part, note, &facts);
    sqlite3_close(to);
    if (error == OK)
        error = sync_file(part, note);
    FAILPOINT("copy-synced");
    return error;
}

/* sql: what the copy says of itself. */
static int copy_to(sqlite3 *from, const char *path, const char *sql, struct err_note *note)
{
    if (stands(path))
        return err_set(note, ERR_EXISTS, "%s: exists already; nothing is written over it", path);
    char *part = db_beside(path, ".part");
    if (part == NULL)
        return err_set(note, ERR_NOMEM, "%s: out of memory", path);
    db_remove_files(part); /* of a copy that was cut short */
    int error = write_part(from, part, sql, note);
    if (error == OK)
        error = give_name(part, path, note);
    if (error != OK)
        db_remove_files(part);
    free(part);
    return error;
}

int db_backup(struct db *db, const char *path, int64_t until_us, struct err_note *note)
{
    char sql[sizeof SQL_BACKUP + 24];
    CHECK(sqlite3_get_autocommit(db_handle(db)));
    snprintf(sql, sizeof sql, SQL_BACKUP, until_us);
    return copy_to(db_handle(db), path, sql, note);
}

/* Opens a stopped database so that closing it changes nothing. */
static int open_stopped(const char *path, struct err_note *note, sqlite3 **ret_handle)
{
    struct stat status;
    char *log = db_beside(path, "-wal");
    if (log == NULL)
        return err_set(note, ERR_NOMEM, "%s: out of memory", path);
    bool crashed = stat(log, &status) == 0 && status.st_size > 0;
    free(log);
    if (stat(path, &status) != 0)
        return db_fail_system(path, "cannot be opened", errno, note);
    sqlite3 *handle = NULL;
    int error = db_open_handle(path, note, &handle);
    if (error != OK)
        return error;
    /* Without a log SQLite makes an empty one and takes it away again at the close; a log left by a crash must stay. */
    if (crashed)
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    error = db_check_log(handle, path, note);
    int result = error == OK ? sqlite3_exec(handle, "PRAGMA query_only = ON", NULL, NULL, NULL) : SQLITE_OK;
    if (result != SQLITE_OK)
        error = db_fail(handle, result, path, note);
    if (error != OK) {
        sqlite3_close(handle);
        return error;
    }
    *ret_handle = handle;
    return OK;
}

static int inspect_open(sqlite3 *handle, const char *path, struct err_note *note, struct db_facts *ret_facts)
{
    struct db_facts facts;
    struct stat status;
    int error = db_read_facts(handle, path, note, &facts);
    if (error != OK)
        return error;
    if (facts.kind[0] == '\0')
        return err_set(note, ERR_MEMBER, "%s: an empty database", path);
    error = db_check_pages(handle, "PRAGMA integrity_check(1)", path, note);
    if (error != OK)
        return error;
    if (stat(path, &status) != 0)
        return db_fail_system(path, "cannot be looked at", errno, note);
    facts.size_bytes = (int64_t)status.st_size;
    *ret_facts = facts;
    return OK;
}

int db_inspect(const char *path, struct err_note *note, struct db_facts *ret_facts)
{
    sqlite3 *handle = NULL;
    int error = open_stopped(path, note, &handle);
    if (error == OK)
        error = inspect_open(handle, path, note, ret_facts);
    sqlite3_close(handle);
    return error;
}

/* A log without its database would be replayed into whatever comes to stand under that name. */
static int refuse_leftovers(const char *path, struct err_note *note)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *name = db_beside(path, suffixes[i]);
        if (name == NULL)
            return err_set(note, ERR_NOMEM, "%s: out of memory", path);
        bool found = stands(name);
        free(name);
        if (found)
            return err_set(note, ERR_EXISTS, "%s%s: left by an earlier database; move it away first", path,
                           suffixes[i]);
    }
    return OK;
}

int db_restore(const char *backup, const char *path, struct err_note *note, struct db_facts *ret_facts)
{
    sqlite3 *handle = NULL;
    struct db_facts facts;
    int error = refuse_leftovers(path, note);
    if (error == OK)
        error = open_stopped(backup, note, &handle);
    if (error == OK)
        error = inspect_open(handle, backup, note, &facts);
    if (error == OK)
        error = copy_to(handle, path, SQL_RESTORED, note);
    if (error == OK)
        *ret_facts = facts;
    sqlite3_close(handle);
    return error;
}
