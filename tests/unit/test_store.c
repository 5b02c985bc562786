/* store: groups, order, the first failure, and that what was reported committed is there after kill -9. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "proto/clock.h"
#include "proto/store.h"

#define DEADLINE_US (20 * CLOCK_SECOND_US)

static const char *const migrations[] = {"CREATE TABLE line (number INTEGER NOT NULL UNIQUE) STRICT"};
static const struct db_schema schema = {"relay", migrations, 1};
static const char sql_add[] = "INSERT INTO line (number) VALUES (?1)";
static const char sql_count[] = "SELECT count(*), coalesce(max(number), 0) FROM line";

struct scene {
    char folder[64], path[96];
    uv_loop_t loop;
    struct store *store;
    uint64_t committed; /* as on_commit told */
    int commits_heard;
    int failures, failure;
    char failure_text[256];
    int answers, answer, count, largest;
    bool write_again; /* from on_commit, once */
    bool in_order;    /* on_commit came before the answer */
};

/* What a job carries; `freed` and `gate` live outside. */
struct job {
    int64_t number;
    int *freed;
    pthread_mutex_t *gate; /* the job waits for it */
    atomic_int *started;
    struct scene *scene;
    int count, largest;
};

static void free_job(void *arg)
{
    struct job *job = arg;
    if (job->freed != NULL)
        ++*job->freed;
    free(job);
}

static void pass_gate(struct job *job)
{
    if (job->started != NULL)
        atomic_store(job->started, 1);
    if (job->gate != NULL) {
        pthread_mutex_lock(job->gate);
        pthread_mutex_unlock(job->gate);
    }
}

static int add_line(struct db *db, void *arg)
{
    struct job *job = arg;
    pass_gate(job);
    sqlite3_stmt *statement = db_statement(db, sql_add);
    sqlite3_bind_int64(statement, 1, job->number);
    return db_run(db, statement);
}

static int refuse(struct db *db, void *arg)
{
    (void)db;
    pass_gate(arg);
    return ERR_CORRUPT;
}

static int count_lines(struct db *db, void *arg)
{
    struct job *job = arg;
    bool row = false;
    CHECK(sqlite3_get_autocommit(db_handle(db))); /* asks run outside any transaction */
    sqlite3_stmt *statement = db_statement(db, sql_count);
    int error = db_next(db, statement, &row);
    if (error == OK) {
        job->count = sqlite3_column_int(statement, 0);
        job->largest = sqlite3_column_int(statement, 1);
        sqlite3_reset(statement);
    }
    return error;
}

static struct job *job_new(int64_t number, int *freed)
{
    struct job *job = calloc(1, sizeof *job);
    job->number = number;
    job->freed = freed;
    return job;
}

static void on_commit(void *ctx, uint64_t ticket)
{
    struct scene *s = ctx;
    assert_true(ticket > s->committed);
    s->committed = ticket;
    s->commits_heard++;
    if (s->write_again) {
        s->write_again = false;
        store_write(s->store, add_line, job_new(1000, NULL), free_job);
    }
}

static void on_failed(void *ctx, int error, const char *text)
{
    struct scene *s = ctx;
    s->failures++;
    s->failure = error;
    snprintf(s->failure_text, sizeof s->failure_text, "%s", text);
}

static void on_answer(void *ctx, void *arg, int result)
{
    struct scene *s = ctx;
    struct job *job = arg;
    s->answers++;
    s->answer = result;
    s->count = job->count;
    s->largest = job->largest;
    s->in_order = s->committed >= (uint64_t)job->largest;
    free(job);
}

static struct db *open_db(struct scene *s)
{
    struct err_note note = {0};
    struct db *db = NULL;
    if (db_open(s->path, &schema, "west", &note, &db) != OK)
        fail_msg("%s", note.text);
    return db;
}

static void start(struct scene *s, bool with_loop)
{
    struct store_events events = {on_commit, on_failed, s};
    assert_int_equal(store_open(with_loop ? &s->loop : NULL, open_db(s), &events, &s->store), OK);
}

static int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "/tmp/hotline-test-store-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/a.db", s->folder);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    *state = s;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *s = *state;
    store_close(s->store);
    assert_int_equal(uv_run(&s->loop, UV_RUN_DEFAULT), 0); /* frees the bell */
    assert_int_equal(uv_loop_close(&s->loop), 0);
    unlink(s->path);
    char log[128];
    snprintf(log, sizeof log, "%s-wal", s->path);
    unlink(log);
    assert_int_equal(rmdir(s->folder), 0);
    free(s);
    return 0;
}

/* Turns the loop until *value is at least wanted. */
static void turn_until(struct scene *s, const int *value, int wanted)
{
    int64_t deadline_us = clock_steady_us() + DEADLINE_US;
    while (*value < wanted) {
        uv_run(&s->loop, UV_RUN_NOWAIT);
        if (clock_steady_us() > deadline_us)
            fail_msg("%d is not %d in time", *value, wanted);
    }
}

static void turn_until_committed(struct scene *s, uint64_t ticket)
{
    int64_t deadline_us = clock_steady_us() + DEADLINE_US;
    while (s->committed < ticket) {
        uv_run(&s->loop, UV_RUN_NOWAIT);
        if (clock_steady_us() > deadline_us)
            fail_msg("ticket %llu is not committed in time", (unsigned long long)ticket);
    }
}

static int lines_on_disk(struct scene *s)
{
    struct db *db = open_db(s);
    struct job job = {0};
    assert_int_equal(count_lines(db, &job), OK);
    db_close(db);
    return job.count;
}

static void store_writes_behind_a_slow_one_commit_as_one_group(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    start(s, true);
    pthread_mutex_lock(&gate);
    struct job *slow = job_new(1, &freed);
    slow->gate = &gate;
    assert_int_equal(store_write(s->store, add_line, slow, free_job), 1);
    /* The thread has taken the slow one, or will take it with the others: two groups at most. */
    for (int i = 2; i <= 500; i++)
        assert_int_equal(store_write(s->store, add_line, job_new(i, &freed), free_job), i);
    assert_int_equal(store_committed(s->store), 0);
    assert_int_equal(store_counters(s->store).waiting, 500);
    pthread_mutex_unlock(&gate);
    turn_until_committed(s, 500);
    struct store_counters counters = store_counters(s->store);
    assert_in_range(counters.commits, 1, 2);
    assert_int_equal(counters.writes, 500);
    assert_int_equal(counters.waiting, 0);
    assert_int_equal(counters.failed, 0);
    assert_true(counters.commit_us_total >= counters.commit_us_last);
    assert_true(counters.free_bytes > 0 && counters.free_bytes < INT64_MAX);
    assert_int_equal(store_last_ticket(s->store), 500);
    assert_int_equal(store_committed(s->store), 500);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(freed, 500);
    assert_int_equal(lines_on_disk(s), 500);
}

static void give(struct scene *s, int first, int count)
{
    for (int i = first; i < first + count; i++)
        store_write(s->store, add_line, job_new(i, NULL), free_job);
}

/* The loop does not turn meanwhile: nothing but the lock of each question stands between the two threads. */
static void store_asked_while_it_writes_says_what_is_on_the_disk(void **state)
{
    struct scene *s = *state;
    int64_t deadline_us = clock_steady_us() + DEADLINE_US;
    uint64_t committed, before = 0;
    start(s, true);
    give(s, 1, 50);
    while ((committed = store_committed(s->store)) < 50) {
        assert_true(committed >= before && clock_steady_us() < deadline_us);
        before = committed;
    }
    give(s, 51, 50);
    for (uint64_t waiting; (waiting = store_counters(s->store).waiting) > 0;)
        assert_true(waiting <= 50 && clock_steady_us() < deadline_us);
    assert_int_equal(store_committed(s->store), 100);
    assert_int_equal(s->committed, 0); /* told on the loop alone */
    turn_until_committed(s, 100);
}

static void store_ask_sees_every_write_given_before(void **state)
{
    struct scene *s = *state;
    start(s, true);
    for (int round = 1; round <= 50; round++) {
        for (int i = 0; i < 3; i++)
            store_write(s->store, add_line, job_new((int64_t)store_last_ticket(s->store) + 1, NULL), free_job);
        assert_int_equal(store_ask(s->store, count_lines, job_new(0, NULL), on_answer, s), OK);
        if (round % 3 == 0)
            continue; /* the next round comes while this one is under way */
        turn_until(s, &s->answers, round);
        assert_int_equal(s->answer, OK);
        assert_int_equal(s->count, 3 * round);
        assert_true(s->in_order);
    }
}

static void store_failing_job_stops_everything_once(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    start(s, true);
    store_write(s->store, add_line, job_new(1, &freed), free_job);
    turn_until_committed(s, 1);
    store_write(s->store, add_line, job_new(2, &freed), free_job);
    store_write(s->store, refuse, job_new(3, &freed), free_job);
    turn_until(s, &s->failures, 1);
    store_write(s->store, add_line, job_new(4, &freed), free_job);
    assert_int_equal(store_ask(s->store, count_lines, job_new(0, NULL), on_answer, s), OK);
    turn_until(s, &s->answers, 1);
    assert_int_equal(s->answer, ERR_CORRUPT);
    assert_int_equal(s->failures, 1);
    assert_int_equal(s->failure, ERR_CORRUPT);
    assert_non_null(strstr(s->failure_text, s->path));
    assert_non_null(strstr(s->failure_text, err_text(ERR_CORRUPT)));
    assert_int_equal(store_last_ticket(s->store), 4);
    assert_int_equal(store_committed(s->store), s->committed);
    uint64_t told = s->committed;
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(s->failures, 1);
    assert_int_equal(freed, 4);
    assert_in_range(told, 1, 2); /* 2 when it went in a group of its own */
    assert_int_equal(lines_on_disk(s), told);
}

static void store_failure_drops_what_was_queued_behind(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    start(s, true);
    pthread_mutex_lock(&gate);
    struct job *slow = job_new(1, &freed), *twin = job_new(1, &freed);
    slow->gate = &gate;
    store_write(s->store, add_line, slow, free_job);
    store_write(s->store, add_line, twin, free_job); /* UNIQUE stands against it */
    for (int i = 3; i <= 20; i++)
        store_write(s->store, add_line, job_new(i, &freed), free_job);
    pthread_mutex_unlock(&gate);
    turn_until(s, &s->failures, 1);
    assert_int_equal(s->failure, ERR_EXISTS);
    assert_non_null(strstr(s->failure_text, "UNIQUE"));
    uint64_t told = s->committed;
    assert_in_range(told, 0, 1);
    assert_int_equal(store_counters(s->store).failed, 20 - told);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(freed, 20);
    assert_int_equal(lines_on_disk(s), told);
}

static void store_failure_stops_the_group_after_it(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    atomic_int started = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    start(s, true);
    pthread_mutex_lock(&gate);
    struct job *bad = job_new(1, &freed);
    bad->gate = &gate;
    bad->started = &started;
    store_write(s->store, refuse, bad, free_job);
    int64_t deadline_us = clock_steady_us() + DEADLINE_US;
    while (atomic_load(&started) == 0)
        assert_true(clock_steady_us() < deadline_us);
    store_write(s->store, add_line, job_new(2, &freed), free_job); /* nobody knows of the failure yet */
    pthread_mutex_unlock(&gate);
    turn_until(s, &s->failures, 1);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(freed, 2);
    assert_int_equal(s->committed, 0);
    assert_int_equal(lines_on_disk(s), 0);
}

static void store_close_commits_what_waits_and_answers_asks(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    start(s, true);
    pthread_mutex_lock(&gate);
    struct job *slow = job_new(1, &freed);
    slow->gate = &gate;
    store_write(s->store, add_line, slow, free_job);
    for (int i = 2; i <= 100; i++)
        store_write(s->store, add_line, job_new(i, &freed), free_job);
    assert_int_equal(store_ask(s->store, count_lines, job_new(0, NULL), on_answer, s), OK);
    pthread_mutex_unlock(&gate);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(freed, 100);
    assert_int_equal(s->answers, 1); /* its job came back, whether it ran or not */
    assert_true(s->answer == OK || s->answer == ERR_STATE);
    assert_int_equal(s->commits_heard, 0);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(s->commits_heard, 0);
    assert_int_equal(lines_on_disk(s), 100);
}

static void store_without_loop_does_nothing_until_a_step(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    start(s, false);
    assert_int_equal(store_step(s->store), 0);
    assert_int_equal(s->commits_heard, 0);
    for (int i = 1; i <= 10; i++)
        store_write(s->store, add_line, job_new(i, &freed), free_job);
    assert_int_equal(store_ask(s->store, count_lines, job_new(0, NULL), on_answer, s), OK);
    assert_int_equal(store_committed(s->store), 0);
    assert_int_equal(freed, 0);
    s->write_again = true;
    assert_int_equal(store_step(s->store), 10);
    assert_int_equal(freed, 10);
    assert_int_equal(s->committed, 10);
    assert_int_equal(s->commits_heard, 1);
    assert_int_equal(s->answers, 1);
    assert_int_equal(s->count, 10);
    assert_true(s->in_order);
    assert_int_equal(store_counters(s->store).waiting, 1); /* what on_commit handed over */
    assert_int_equal(store_step(s->store), 1);
    assert_int_equal(s->committed, 11);
    store_write(s->store, add_line, job_new(12, NULL), free_job);
    assert_int_equal(store_ask(s->store, count_lines, job_new(0, NULL), on_answer, s), OK);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(s->answers, 2);
    assert_int_equal(s->answer, ERR_STATE);
    assert_int_equal(lines_on_disk(s), 12);
}

static void store_without_loop_fails_once_too(void **state)
{
    struct scene *s = *state;
    int freed = 0;
    start(s, false);
    store_write(s->store, add_line, job_new(1, &freed), free_job);
    store_write(s->store, refuse, job_new(2, &freed), free_job);
    assert_int_equal(store_step(s->store), 0);
    assert_int_equal(s->failures, 1);
    store_write(s->store, add_line, job_new(3, &freed), free_job);
    assert_int_equal(store_step(s->store), 0);
    assert_int_equal(s->failures, 1);
    assert_int_equal(s->committed, 0);
    assert_int_equal(freed, 3);
    assert_int_equal(store_counters(s->store).failed, 3);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(lines_on_disk(s), 0);
}

/* --- kill -9 --- */

static int report_to;

static void report_commit(void *ctx, uint64_t ticket)
{
    (void)ctx;
    if (write(report_to, &ticket, sizeof ticket) != sizeof ticket)
        _exit(3);
}

/* Writes for ever, in groups of every size, and reports each commit. */
static void write_until_killed(struct scene *s)
{
    struct store_events events = {report_commit, NULL, NULL};
    uv_loop_t loop;
    struct store *store = NULL;
    struct db *db = NULL;
    if (uv_loop_init(&loop) != 0 || db_open(s->path, &schema, "west", NULL, &db) != OK ||
        store_open(&loop, db, &events, &store) != OK)
        _exit(2);
    for (int64_t number = (int64_t)s->count + 1;; number++) {
        store_write(store, add_line, job_new(number, NULL), free_job);
        if (number % 7 == 0)
            uv_run(&loop, UV_RUN_NOWAIT);
        while (store_last_ticket(store) - store_committed(store) > 200)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void store_killed_has_all_that_was_reported(void **state)
{
    struct scene *s = *state;
    int had = 0;
    for (int round = 0; round < 8; round++) {
        int news[2];
        uint64_t ticket = 0, last = 0, wanted = 50 + 137 * (uint64_t)round;
        assert_int_equal(pipe(news), 0);
        s->count = had;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(news[0]);
            alarm(60); /* a store that never commits must not keep the test */
            report_to = news[1];
            write_until_killed(s);
        }
        close(news[1]);
        while (last < wanted && read(news[0], &ticket, sizeof ticket) == sizeof ticket)
            last = ticket;
        assert_true(last >= wanted);
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(news[0], &ticket, sizeof ticket) == sizeof ticket)
            last = ticket;
        close(news[0]);
        assert_int_equal(waitpid(child, NULL, 0), child);

        struct db *db = open_db(s);
        struct job job = {0};
        assert_int_equal(count_lines(db, &job), OK);
        db_close(db);
        assert_int_equal(job.count, job.largest); /* no hole: groups are whole and in order */
        assert_true((uint64_t)job.count >= (uint64_t)had + last);
        had = job.count;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(store_killed_has_all_that_was_reported), /* forks: before any thread */
        TEST(store_writes_behind_a_slow_one_commit_as_one_group),
        TEST(store_asked_while_it_writes_says_what_is_on_the_disk),
        TEST(store_ask_sees_every_write_given_before),
        TEST(store_failing_job_stops_everything_once),
        TEST(store_failure_drops_what_was_queued_behind),
        TEST(store_failure_stops_the_group_after_it),
        TEST(store_close_commits_what_waits_and_answers_asks),
        TEST(store_without_loop_does_nothing_until_a_step),
        TEST(store_without_loop_fails_once_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
