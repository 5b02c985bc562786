/* db: a log that a crash left. A torn end is the crash's own and is passed over; damage before it is told. */
#include "tests/unit/db_room.h"

#define HEADER_BYTES 32
#define PAGE_BYTES 4096
#define FRAME_BYTES (24 + PAGE_BYTES)
#define SECTOR_BYTES 512

struct bytes {
    uint8_t *data;
    size_t len;
};

static struct bytes read_log(const struct room *room)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s-wal", room->path);
    assert_int_equal(stat(path, &status), 0);
    struct bytes log = {malloc((size_t)status.st_size), (size_t)status.st_size};
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fread(log.data, 1, log.len, in), log.len);
    fclose(in);
    return log;
}

static void write_log(const struct room *room, const uint8_t *data, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s-wal", room->path);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* A process that opens the store, commits texts of these many pages and dies. */
static void commit_and_crash(const struct room *room, const unsigned *pages, size_t pages_count)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct db *db = NULL;
        bool fine = db_open(room->path, &first, "gr-hotline", NULL, &db) == OK;
        for (size_t i = 0; i < pages_count && fine; i++) {
            size_t len = 100 + PAGE_BYTES * (size_t)(pages[i] - 1);
            char *text = malloc(len);
            memset(text, 'a' + (int)i, len);
            fine = db_begin(db) == OK && add(db, slice_of(text, len)) == OK && db_commit(db) == OK;
            free(text);
        }
        _exit(fine ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A store whose main file has all but `pages`, which stand in the log alone. */
static struct bytes crashed(struct room *room, const unsigned *pages, size_t pages_count)
{
    db_close(open_as(room, &first, "gr-hotline"));
    commit_and_crash(room, pages, pages_count);
    return read_log(room);
}

static size_t frame_count(const struct bytes *log)
{
    return (log->len - HEADER_BYTES) / FRAME_BYTES;
}

static uint8_t *frame(const struct bytes *log, size_t number) /* from 1 */
{
    return log->data + HEADER_BYTES + (number - 1) * FRAME_BYTES;
}

static bool is_commit(const struct bytes *log, size_t number)
{
    return memcmp(frame(log, number) + 4, "\0\0\0", 4) != 0;
}

/* The last frame of the commit that is `back` before the last. */
static size_t commit_frame(const struct bytes *log, unsigned back)
{
    size_t number = frame_count(log);
    for (;; number--)
        if (is_commit(log, number) && back-- == 0)
            return number;
}

static int rows_of(struct room *room)
{
    struct db *db = open_as(room, &first, "gr-hotline");
    int rows = count(db);
    db_close(db);
    return rows;
}

/* Who refuses it leaves it as it is. */
static void assert_told(struct room *room, const struct bytes *log, const char *words)
{
    struct db_facts facts;
    write_log(room, log->data, log->len);
    refused(room, &first, "gr-hotline", ERR_CORRUPT, words);
    assert_int_equal(db_inspect(room->path, &room->note, &facts), ERR_CORRUPT);
    struct bytes after = read_log(room);
    assert_int_equal(after.len, log->len);
    assert_memory_equal(after.data, log->data, log->len);
    free(after.data);
}

/* ---- damage ---- */

static void db_log_with_a_flipped_bit_is_told_in_each_frame_before_the_last_two_commits(void **state)
{
    static const unsigned pages[] = {1, 3, 1, 2, 1, 1};
    static const size_t places[] = {0, 3, 6, 9, 15, 17, 22, 24, 24 + 700, FRAME_BYTES - 1};
    struct room *room = *state;
    struct bytes log = crashed(room, pages, 6);
    char words[64];
    for (size_t number = 1; number < commit_frame(&log, 2); number++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            frame(&log, number)[places[i]] ^= 0x10;
            snprintf(words, sizeof words, "a.db-wal: damaged at frame %zu:", number);
            assert_told(room, &log, words);
            frame(&log, number)[places[i]] ^= 0x10;
        }
    }
    write_log(room, log.data, log.len);
    assert_int_equal(rows_of(room), 1 + 6);
    free(log.data);
}

static void db_log_with_a_flipped_bit_in_its_header_is_told(void **state)
{
    static const unsigned pages[] = {1};
    struct room *room = *state;
    struct bytes log = crashed(room, pages, 1);
    for (size_t i = 0; i < HEADER_BYTES; i++) {
        log.data[i] ^= 0x04;
        assert_told(room, &log, "a.db-wal: damaged at its begin");
        log.data[i] ^= 0x04;
    }
    free(log.data);
}

/* ---- what a crash may leave ---- */

static void db_log_that_ends_anywhere_is_read_to_its_last_whole_commit(void **state)
{
    static const unsigned pages[] = {1, 2, 1};
    struct room *room = *state;
    db_close(open_as(room, &first, "gr-hotline"));
    struct bytes file = {0};
    FILE *in = fopen(room->path, "rb");
    file.data = malloc(1 << 20);
    file.len = fread(file.data, 1, 1 << 20, in);
    fclose(in);
    commit_and_crash(room, pages, 3);
    struct bytes log = read_log(room);
    int before = 0;
    for (size_t len = 0; len <= log.len; len += len < log.len - 97 || len == log.len ? 97 : log.len - len) {
        FILE *out = fopen(room->path, "wb");
        assert_int_equal(fwrite(file.data, 1, file.len, out), file.len);
        fclose(out);
        write_log(room, log.data, len);
        int rows = rows_of(room);
        assert_true(rows >= before);
        before = rows;
    }
    assert_int_equal(before, 1 + 3);
    free(file.data);
    free(log.data);
}

/* Each sector of the last commit in turn did not reach the disk. */
static void db_log_with_a_torn_last_commit_is_read_up_to_it(void **state)
{
    static const unsigned pages[] = {2, 1, 3};
    struct room *room = *state;
    struct bytes log = crashed(room, pages, 3);
    struct bytes torn = {malloc(log.len), log.len};
    size_t from = HEADER_BYTES + commit_frame(&log, 1) * FRAME_BYTES;
    for (size_t at = from; at < log.len; at += SECTOR_BYTES) {
        size_t end = at / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES;
        memcpy(torn.data, log.data, log.len);
        memset(torn.data + at, 0x55, (end < log.len ? end : log.len) - at);
        write_log(room, torn.data, torn.len);
        struct db_facts facts;
        assert_int_equal(db_inspect(room->path, &room->note, &facts), OK);
    }
    assert_int_equal(rows_of(room), 1 + 2);
    free(torn.data);
    free(log.data);
}

/* What stands before the mark of the commit that is `back` before the last was never written. */
static void tear(const struct room *room, unsigned back)
{
    struct bytes log = read_log(room);
    memset(frame(&log, commit_frame(&log, back) - 1) + 24, 0x55, SECTOR_BYTES);
    write_log(room, log.data, log.len);
    free(log.data);
}

/* What comes after a torn commit is written over it, as far as it goes: behind it stand the marks of both torn ones. */
static void db_log_with_the_remains_of_two_torn_commits_is_none_with_damage(void **state)
{
    static const unsigned large[] = {1, 9}, middling[] = {5}, small[] = {1};
    struct room *room = *state;
    free(crashed(room, large, 2).data);
    tear(room, 0);
    commit_and_crash(room, middling, 1);
    tear(room, 1);
    commit_and_crash(room, small, 1);
    struct bytes log = read_log(room);
    unsigned marks = 0;
    for (size_t number = 1; number <= frame_count(&log); number++)
        marks += is_commit(&log, number);
    assert_int_equal(marks, 4);
    free(log.data);
    assert_int_equal(rows_of(room), 1 + 2);
}

/* A file system that made room and had written nothing. */
static void db_log_of_zeros_is_an_empty_one(void **state)
{
    static const unsigned pages[] = {1};
    struct room *room = *state;
    struct bytes log = crashed(room, pages, 1);
    memset(log.data, 0, log.len);
    write_log(room, log.data, log.len);
    assert_int_equal(rows_of(room), 1);
    free(log.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(db_log_with_a_flipped_bit_is_told_in_each_frame_before_the_last_two_commits),
        TEST(db_log_with_a_flipped_bit_in_its_header_is_told),
        TEST(db_log_that_ends_anywhere_is_read_to_its_last_whole_commit),
        TEST(db_log_with_a_torn_last_commit_is_read_up_to_it),
        TEST(db_log_with_the_remains_of_two_torn_commits_is_none_with_damage),
        TEST(db_log_of_zeros_is_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
