/* db: copies, and looking at a database that another process has, had, or damaged. */
#include "tests/unit/db_room.h"

#define UNTIL INT64_C(1797811200000000) /* 2026-12-21 */

/* A child that opens the database, says so, and holds it until the pipe closes. */
static pid_t hold_in_child(struct room *room, int *ret_release)
{
    int ready[2], release[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(release), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct db *db = NULL;
        close(release[1]);
        if (db_open(room->path, &first, "gr-hotline", NULL, &db) != OK || write(ready[1], "r", 1) != 1)
            _exit(1);
        _exit(read(release[0], &byte, 1) == 0 ? 0 : 2); /* without db_close: as a crash would leave it */
    }
    close(ready[1]);
    close(release[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *ret_release = release[1];
    return child;
}

static void db_held_by_another_process_is_busy(void **state)
{
    struct room *room = *state;
    int release;
    db_close(open_as(room, &first, "gr-hotline"));
    pid_t child = hold_in_child(room, &release);
    refused(room, &first, "gr-hotline", ERR_BUSY, "another process");
    struct db_facts facts;
    assert_int_equal(db_inspect(room->path, &room->note, &facts), ERR_BUSY);
    close(release);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    db_close(open_as(room, &first, "gr-hotline"));
}

static void db_crash_leaves_a_log_that_inspect_reads_and_keeps(void **state)
{
    struct room *room = *state;
    int release, status;
    pid_t child = hold_in_child(room, &release);
    close(release);
    assert_int_equal(waitpid(child, &status, 0), child);
    char log[128];
    struct stat before, after;
    snprintf(log, sizeof log, "%s-wal", room->path);
    assert_int_equal(stat(log, &before), 0);
    assert_true(before.st_size > 0);
    struct db_facts facts;
    assert_int_equal(db_inspect(room->path, &room->note, &facts), OK);
    assert_string_equal(facts.owner, "gr-hotline");
    assert_int_equal(stat(log, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(count(db), 1);
    db_close(db);
}

static void db_inspect_says_what_it_is_and_leaves_no_trace(void **state)
{
    struct room *room = *state;
    struct db_facts facts;
    assert_int_equal(db_inspect(room->path, &room->note, &facts), ERR_NOT_FOUND);
    db_close(open_as(room, &second, "gr-hotline"));
    assert_int_equal(db_inspect(room->path, &room->note, &facts), OK);
    assert_string_equal(facts.kind, "node");
    assert_string_equal(facts.owner, "gr-hotline");
    assert_int_equal(facts.schema, 2);
    assert_true(facts.size_bytes >= 4096);
    char log[128];
    snprintf(log, sizeof log, "%s-wal", room->path);
    assert_int_equal(access(log, F_OK), -1);
    snprintf(log, sizeof log, "%s-shm", room->path);
    assert_int_equal(access(log, F_OK), -1);
}

static void db_backup_is_one_whole_file_and_never_overwrites(void **state)
{
    struct room *room = *state;
    char stale[128];
    snprintf(stale, sizeof stale, "%s.part", room->other);
    write_file(stale, "cut short", 9);
    struct db *db = open_as(room, &second, "gr-hotline");
    assert_int_equal(add(db, slice_text("in the log only")), OK);
    assert_int_equal(db_backup(db, room->other, UNTIL, &room->note), OK);
    assert_int_equal(access(stale, F_OK), -1);
    assert_int_equal(add(db, slice_text("after")), OK);
    assert_int_equal(db_backup(db, room->other, UNTIL, &room->note), ERR_EXISTS);
    assert_non_null(strstr(room->note.text, room->other));
    assert_int_equal(db_checkpoint(db), OK);
    assert_int_equal(count(db), 3);
    db_close(db);

    struct stat status;
    assert_int_equal(stat(room->other, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    sqlite3 *handle = NULL; /* as any other program would, on a folder that cannot be written */
    assert_int_equal(sqlite3_open_v2(room->other, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(handle,
                                        "SELECT count(*), (SELECT journal_mode FROM pragma_journal_mode) FROM fact", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 2);
    assert_string_equal((const char *)sqlite3_column_text(statement, 1), "delete");
    sqlite3_finalize(statement);
    sqlite3_close(handle);
}

static void db_backup_into_a_missing_folder_is_refused(void **state)
{
    struct room *room = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/none/b.db", room->folder);
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(db_backup(db, path, UNTIL, &room->note), ERR_NOT_FOUND);
    assert_int_equal(count(db), 1);
    db_close(db);
}

static void db_restore_marks_the_copy_and_not_the_backup(void **state)
{
    struct room *room = *state;
    struct buf value;
    buf_init(&value);
    struct db_facts facts = {0};
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(db_meta_get(db, "restored", &value), ERR_NOT_FOUND);
    assert_int_equal(add(db, slice_text("kept")), OK);
    assert_int_equal(db_backup(db, room->other, UNTIL, &room->note), OK);
    db_close(db);
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), ERR_EXISTS);

    unlink(room->path);
    char log[128];
    snprintf(log, sizeof log, "%s-wal", room->path);
    write_file(log, "left", 4);
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), ERR_EXISTS);
    assert_non_null(strstr(room->note.text, "-wal"));
    unlink(log);
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), OK);
    assert_int_equal(facts.backup_until_us, UNTIL);
    assert_int_equal(db_inspect(room->path, &room->note, &facts), OK);
    assert_int_equal(facts.backup_until_us, 0); /* it is no backup any more */
    assert_int_equal(db_inspect(room->other, &room->note, &facts), OK);
    assert_int_equal(facts.backup_until_us, UNTIL);
    db = open_as(room, &first, "gr-hotline");
    assert_false(db_is_new(db));
    assert_int_equal(count(db), 2);
    assert_int_equal(db_meta_get(db, "restored", &value), OK);
    assert_string_equal(buf_text(&value), "1");
    db_close(db);

    snprintf(room->path, sizeof room->path, "%s", room->other);
    db = open_as(room, &first, "gr-hotline");
    assert_int_equal(db_meta_get(db, "restored", &value), ERR_NOT_FOUND);
    db_close(db);
    buf_free(&value);
    snprintf(room->path, sizeof room->path, "%s/a.db", room->folder);
}

static void db_restore_of_something_else_is_refused(void **state)
{
    struct room *room = *state;
    struct db_facts facts;
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), ERR_NOT_FOUND);
    write_file(room->other,
               "this is no database at all, but long enough for a header to be looked for in it: "
               "0123456789012345678901234567890123456789",
               120);
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), ERR_CORRUPT);
    write_file(room->other, "", 0);
    assert_int_equal(db_restore(room->other, room->path, &room->note, &facts), ERR_MEMBER);
    assert_int_equal(access(room->path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(db_held_by_another_process_is_busy),
        TEST(db_crash_leaves_a_log_that_inspect_reads_and_keeps),
        TEST(db_inspect_says_what_it_is_and_leaves_no_trace),
        TEST(db_backup_is_one_whole_file_and_never_overwrites),
        TEST(db_backup_into_a_missing_folder_is_refused),
        TEST(db_restore_marks_the_copy_and_not_the_backup),
        TEST(db_restore_of_something_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
