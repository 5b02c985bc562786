/* db: what it refuses and in which words, and what survives. */
#include "tests/unit/db_room.h"

static void db_new_file_is_private_and_protected(void **state)
{
    struct room *room = *state;
    mode_t mask = umask(0);
    struct db *db = open_as(room, &first, "gr-hotline");
    umask(mask);
    struct stat status;
    assert_int_equal(stat(room->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(db_is_new(db));
    assert_string_equal(db_path(db), room->path);
    assert_int_equal(number_of(db, "PRAGMA synchronous"), 2);
    assert_int_equal(number_of(db, "PRAGMA secure_delete"), 1);
    assert_int_equal(number_of(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number_of(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(number_of(db, "PRAGMA cache_size"), -8192);
    assert_int_equal(number_of(db, "PRAGMA temp_store"), 2);
    assert_int_equal(number_of(db, "SELECT name = 'wal' FROM (SELECT journal_mode AS name FROM pragma_journal_mode)"),
                     1);
    assert_int_equal(
        number_of(db, "SELECT name = 'exclusive' FROM (SELECT locking_mode AS name FROM pragma_locking_mode)"), 1);
    int defensive = 0;
    sqlite3_db_config(db_handle(db), SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    assert_int_equal(defensive, 1);
    char shm[128];
    snprintf(shm, sizeof shm, "%s-shm", room->path);
    assert_int_equal(access(shm, F_OK), -1); /* exclusive before WAL: the log's index is in memory */
    assert_true(db_free_bytes(db) > 0);
    db_close(db);
}

static void db_second_open_finds_what_was_committed(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(add(db, slice_text("two")), OK);
    assert_int_equal(db_commit(db), OK);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(add(db, slice_text("three")), OK);
    db_rollback(db);
    db_rollback(db);
    db_close(db);

    db = open_as(room, &first, "gr-hotline");
    assert_false(db_is_new(db));
    assert_int_equal(count(db), 2);
    bool row = false;
    sqlite3_stmt *statement = db_statement(db, sql_all);
    assert_int_equal(db_next(db, statement, &row), OK);
    assert_int_equal(db_next(db, statement, &row), OK);
    assert_true(slice_equal(db_blob(statement, 0), slice_text("two")));
    assert_ptr_equal(db_statement(db, sql_all), statement); /* kept, and back at the start */
    assert_int_equal(db_next(db, statement, &row), OK);
    assert_true(slice_equal(db_blob(statement, 0), slice_text("one")));
    db_close(db);
}

static void db_statement_comes_back_with_nothing_bound(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(add(db, slice_text("two")), OK);
    assert_int_equal(db_run(db, db_statement(db, sql_add)), ERR_INTERNAL); /* NOT NULL: not "two" once more */
    assert_int_equal(count(db), 2);
    db_close(db);
}

static void db_many_statements_are_each_kept(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    enum { MANY = 300 };
    char(*texts)[32] = calloc(MANY, sizeof *texts);
    sqlite3_stmt **statements = calloc(MANY, sizeof *statements);
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
        statements[i] = db_statement(db, texts[i]);
    }
    for (int i = 0; i < MANY; i++) {
        bool row = false;
        assert_ptr_equal(db_statement(db, texts[i]), statements[i]);
        assert_int_equal(db_next(db, statements[i], &row), OK);
        assert_int_equal(sqlite3_column_int(statements[i], 0), i);
    }
    db_close(db);
    free(statements);
    free(texts);
}

static void db_meta_keeps_values_under_names(void **state)
{
    struct room *room = *state;
    struct buf value;
    buf_init(&value);
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(db_meta_get(db, "store_id", &value), ERR_NOT_FOUND);
    assert_int_equal(db_meta_set(db, "store_id", slice_of("\0\1\2", 3)), OK);
    assert_int_equal(db_meta_set(db, "store_id", slice_of("\0\1\3", 3)), OK);
    assert_int_equal(db_meta_set(db, "nothing", slice_of(NULL, 0)), OK);
    db_close(db);
    db = open_as(room, &first, "gr-hotline");
    buf_add_text(&value, "old");
    assert_int_equal(db_meta_get(db, "store_id", &value), OK);
    assert_true(slice_equal(buf_slice(&value), slice_of("\0\1\3", 3)));
    assert_int_equal(db_meta_get(db, "nothing", &value), OK);
    assert_int_equal(value.len, 0);
    db_close(db);
    buf_free(&value);
}

static void db_same_key_twice_exists_and_other_constraints_are_internal(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_string_equal(db_complaint(db), "");
    assert_int_equal(db_run(db, db_statement(db, "INSERT INTO fact (id, text) VALUES (1, 'again')")), ERR_EXISTS);
    assert_non_null(strstr(db_complaint(db), "UNIQUE"));
    assert_int_equal(db_run(db, db_statement(db, "INSERT INTO fact (id, text) VALUES (2, NULL)")), ERR_INTERNAL);
    db_close(db);
}

static void db_migration_from_1_to_2_keeps_rows(void **state)
{
    struct room *room = *state;
    db_close(open_as(room, &first, "gr-hotline"));
    struct db *db = open_as(room, &second, "gr-hotline");
    assert_false(db_is_new(db));
    assert_int_equal(number_of(db, "SELECT weight FROM fact WHERE text = 'one'"), 7);
    assert_int_equal(number_of(db, "PRAGMA user_version"), 2);
    db_close(db);
}

static void db_failing_migration_leaves_the_version_before(void **state)
{
    struct room *room = *state;
    static const char *const broken[] = {"CREATE TABLE fact (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
                                         "CREATE TABLE half (id INTEGER) STRICT; INSERT INTO nowhere VALUES (1)"};
    static const struct db_schema bad = {"node", broken, 2};
    db_close(open_as(room, &first, "gr-hotline"));
    refused(room, &bad, "gr-hotline", ERR_INTERNAL, "migration to schema 2");
    struct db *db = open_as(room, &second, "gr-hotline");
    assert_int_equal(number_of(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    db_close(db);
}

static void db_newer_version_is_refused(void **state)
{
    struct room *room = *state;
    db_close(open_as(room, &second, "gr-hotline"));
    refused(room, &first, "gr-hotline", ERR_NEWER, "schema 2, this one knows 1");
    db_close(open_as(room, &second, "gr-hotline"));
}

static void db_other_owner_or_kind_is_refused(void **state)
{
    struct room *room = *state;
    static const struct db_schema relay = {"relay", room_migrations, 1};
    db_close(open_as(room, &first, "gr-hotline"));
    refused(room, &first, "pl-hotline", ERR_MEMBER, "node gr-hotline, not of node pl-hotline");
    refused(room, &relay, "gr-hotline", ERR_MEMBER, "node gr-hotline, not of relay gr-hotline");
    db_close(open_as(room, &first, "gr-hotline"));
}

static void db_foreign_database_is_refused_and_not_touched(void **state)
{
    struct room *room = *state;
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(room->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "CREATE TABLE song (title TEXT)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    refused(room, &first, "gr-hotline", ERR_MEMBER, "not one of this software");
    assert_int_equal(sqlite3_open(room->path, &handle), SQLITE_OK);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(handle, "PRAGMA journal_mode", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "delete");
    sqlite3_finalize(statement);
    sqlite3_close(handle);
}

static void db_garbage_is_refused_as_corrupt(void **state)
{
    struct room *room = *state;
    char garbage[8192];
    memset(garbage, 'x', sizeof garbage);
    write_file(room->path, garbage, sizeof garbage);
    refused(room, &first, "gr-hotline", ERR_CORRUPT, "not a database");
}

/* No page of it is looked at but the first: its header knows how long it was. */
static void db_too_large_to_check_and_cut_short_is_refused_as_corrupt(void **state)
{
    static const char grow[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)"
                               " INSERT INTO fact (text) SELECT CAST(zeroblob(1 << 20) AS TEXT) FROM n";
    struct room *room = *state;
    struct stat status;
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(sqlite3_exec(db_handle(db), grow, NULL, NULL, NULL), SQLITE_OK);
    db_close(db);
    assert_int_equal(stat(room->path, &status), 0);
    assert_true(status.st_size - 4096 > DB_CHECKED_BYTES);
    assert_int_equal(truncate(room->path, status.st_size - 4096), 0);
    refused(room, &first, "gr-hotline", ERR_CORRUPT, "restore a backup");
}

/* One letter of a column's name, as one flipped bit changes it: SQLite would take it. */
static void db_changed_schema_is_refused_as_corrupt(void **state)
{
    static const char change[] = "UPDATE sqlite_schema SET sql = replace(sql, 'text', 'tezt') WHERE name = 'fact'";
    struct room *room = *state;
    sqlite3 *handle;
    db_close(open_as(room, &first, "gr-hotline"));
    assert_int_equal(sqlite3_open(room->path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "PRAGMA writable_schema = ON", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, change, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(handle), 1);
    sqlite3_close(handle);
    refused(room, &first, "gr-hotline", ERR_CORRUPT, "restore a backup");
}

static void db_damaged_page_is_refused_as_corrupt(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    for (int i = 0; i < 2000; i++)
        assert_int_equal(add(db, slice_text("a line long enough to fill some pages")), OK);
    db_close(db);
    int fd = open(room->path, O_RDWR);
    char zeros[4096];
    memset(zeros, 0xa5, sizeof zeros);
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, 4096 * 5), sizeof zeros);
    close(fd);
    refused(room, &first, "gr-hotline", ERR_CORRUPT, "restore a backup");
    struct db_facts facts;
    assert_int_equal(db_inspect(room->path, &room->note, &facts), ERR_CORRUPT);
}

static void db_empty_file_counts_as_new(void **state)
{
    struct room *room = *state;
    write_file(room->path, "", 0);
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_true(db_is_new(db));
    db_close(db);
}

static void db_missing_folder_and_folder_are_refused(void **state)
{
    struct room *room = *state;
    struct db *db = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/none/a.db", room->folder);
    assert_int_equal(db_open(path, &first, "gr-hotline", &room->note, &db), ERR_NOT_FOUND);
    assert_non_null(strstr(room->note.text, path));
    assert_int_equal(db_open(room->folder, &first, "gr-hotline", &room->note, &db), ERR_IO);
    assert_non_null(strstr(room->note.text, "not a regular file"));
}

static void db_mode_open_to_others_is_closed(void **state)
{
    struct room *room = *state;
    db_close(open_as(room, &first, "gr-hotline"));
    assert_int_equal(chmod(room->path, 0644), 0);
    db_close(open_as(room, &first, "gr-hotline"));
    struct stat status;
    assert_int_equal(stat(room->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void db_open_twice_in_one_process_is_busy(void **state)
{
    struct room *room = *state;
    struct db *db = open_as(room, &first, "gr-hotline");
    refused(room, &first, "gr-hotline", ERR_BUSY, "another process");
    assert_int_equal(add(db, slice_text("still ours")), OK);
    /* The refused open has not dropped the lock either. */
    int release_status;
    pid_t child = fork();
    if (child == 0) {
        struct db *mine = NULL;
        _exit(db_open(room->path, &first, "gr-hotline", NULL, &mine) == ERR_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &release_status, 0), child);
    assert_int_equal(release_status, 0);
    db_close(db);
}

static void db_checkpoint_takes_erased_text_off_the_disk(void **state)
{
    struct room *room = *state;
    static const char canary[] = "CANARY-vermilion-otter";
    struct db *db = open_as(room, &first, "gr-hotline");
    assert_int_equal(add(db, slice_text(canary)), OK);
    assert_int_equal(db_checkpoint(db), OK);
    assert_int_equal(db_run(db, db_statement(db, "DELETE FROM fact WHERE id = 2")), OK);
    assert_int_equal(db_checkpoint(db), OK);
    static const char *const suffixes[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        char path[128];
        static char bytes[1 << 20];
        snprintf(path, sizeof path, "%s%s", room->path, suffixes[i]);
        FILE *file = fopen(path, "rb"); /* closing it drops our locks: nobody else is about in this test */
        assert_non_null(file);
        size_t len = fread(bytes, 1, sizeof bytes - 1, file);
        fclose(file);
        for (size_t at = 0; at + sizeof canary - 1 <= len; at++)
            assert_memory_not_equal(bytes + at, canary, sizeof canary - 1);
    }
    db_close(db);
}

/* --- a full disk: a small tmpfs, where the test may mount one --- */

static bool mount_small(struct room *room)
{
    char command[160];
    snprintf(command, sizeof command, "mount -t tmpfs -o size=512k,mode=0700 tmpfs %s 2>/dev/null", room->folder);
    room->mounted = geteuid() == 0 && system(command) == 0;
    return room->mounted;
}

static void fill_disk(struct room *room)
{
    char *block = calloc(1, 4096);
    int fd = open(room->other, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, 4096) == 4096)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
    free(block);
}

static void db_full_disk_is_told_apart_and_loses_nothing(void **state)
{
    struct room *room = *state;
    if (!mount_small(room))
        skip();
    struct db *db = open_as(room, &first, "gr-hotline");
    int error = OK, rows = 1;
    static char text[20000];
    memset(text, 'y', sizeof text);
    while (error == OK && rows < 1000) {
        assert_int_equal(db_begin(db), OK);
        error = add(db, slice_of(text, sizeof text));
        if (error == OK)
            error = db_commit(db);
        rows += error == OK ? 1 : 0;
    }
    assert_int_equal(error, ERR_DISK_FULL);
    db_rollback(db);
    assert_int_equal(count(db), rows);
    assert_int_equal(db_backup(db, room->other, 1, &room->note), ERR_DISK_FULL);
    assert_non_null(strstr(room->note.text, "the disk is full"));
    assert_int_equal(access(room->other, F_OK), -1);
    db_close(db);
    db = open_as(room, &first, "gr-hotline");
    assert_int_equal(count(db), rows);
    db_close(db);
}

static void db_new_file_on_a_full_disk_leaves_no_trace(void **state)
{
    struct room *room = *state;
    if (!mount_small(room))
        skip();
    fill_disk(room);
    refused(room, &first, "gr-hotline", ERR_DISK_FULL, "the disk is full");
    assert_int_equal(access(room->path, F_OK), -1);
    unlink(room->other);
    db_close(open_as(room, &first, "gr-hotline"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(db_new_file_is_private_and_protected),
        TEST(db_second_open_finds_what_was_committed),
        TEST(db_statement_comes_back_with_nothing_bound),
        TEST(db_many_statements_are_each_kept),
        TEST(db_meta_keeps_values_under_names),
        TEST(db_same_key_twice_exists_and_other_constraints_are_internal),
        TEST(db_migration_from_1_to_2_keeps_rows),
        TEST(db_failing_migration_leaves_the_version_before),
        TEST(db_newer_version_is_refused),
        TEST(db_other_owner_or_kind_is_refused),
        TEST(db_foreign_database_is_refused_and_not_touched),
        TEST(db_garbage_is_refused_as_corrupt),
        TEST(db_changed_schema_is_refused_as_corrupt),
        TEST(db_damaged_page_is_refused_as_corrupt),
        TEST(db_too_large_to_check_and_cut_short_is_refused_as_corrupt),
        TEST(db_empty_file_counts_as_new),
        TEST(db_missing_folder_and_folder_are_refused),
        TEST(db_mode_open_to_others_is_closed),
        TEST(db_open_twice_in_one_process_is_busy),
        TEST(db_checkpoint_takes_erased_text_off_the_disk),
        TEST(db_full_disk_is_told_apart_and_loses_nothing),
        TEST(db_new_file_on_a_full_disk_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
