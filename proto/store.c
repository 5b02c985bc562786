/*
 * store: hands writes from the loop to the disk's thread in groups, and the news of each commit back.
 * Never says that something is committed before the disk has it; after the first failure it never writes again.
 */
#include "store.h"

#include <pthread.h>
#include <signal.h>
#include <uv.h>

#include "clock.h"
#include "proto/failpoint.h"

struct store_item {
    struct store_item *next;
    store_job run;
    void *job;
    store_free free_job; /* a write */
    store_done done;     /* an ask */
    void *ctx;
    int result;
    bool is_ask;
};

struct store_list {
    struct store_item *first, **end;
    size_t writes;
};

/* What both threads see; everything here is under its lock, except db, which is the store's thread's while that runs.
 */
struct store_shared {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_list waiting;  /* to do */
    struct store_list answered; /* asks that have run */
    uint64_t last_ticket, committed;
    struct store_counters counters;
    bool closing;
    int failure;
    char failure_text[ERR_NOTE_MAX];
    struct db *db;
    uv_async_t *bell; /* NULL without a loop */
};

struct store {
    struct store_shared *shared;
    pthread_t thread;
    struct store_events events;
    uint64_t announced;
    bool told_failure;
    bool in_callback;
};

static void list_init(struct store_list *list)
{
    *list = (struct store_list){.first = NULL, .end = &list->first};
}

static void list_push(struct store_list *list, struct store_item *item)
{
    item->next = NULL;
    *list->end = item;
    list->end = &item->next;
    list->writes += item->is_ask ? 0 : 1;
}

static struct store_item *list_pop(struct store_list *list)
{
    struct store_item *item = list->first;
    if (item == NULL)
        return NULL;
    list->first = item->next;
    if (list->first == NULL)
        list->end = &list->first;
    list->writes -= item->is_ask ? 0 : 1;
    return item;
}

/* Moves all of `from` into `to`, which is empty. */
static void list_take(struct store_list *to, struct store_list *from)
{
    list_init(to);
    if (from->first == NULL)
        return;
    *to = *from;
    list_init(from);
}

static void free_write(struct store_item *item)
{
    if (item->free_job != NULL)
        item->free_job(item->job);
    free(item);
}

static void ring(struct store_shared *shared)
{
    if (shared->bell != NULL)
        uv_async_send(shared->bell);
}

/* Under the lock. The first failure is the one that counts. */
static void set_failure(struct store_shared *shared, int error, const char *words)
{
    if (shared->failure != OK)
        return;
    shared->failure = error;
    snprintf(shared->failure_text, sizeof shared->failure_text, "%.200s: %s%s%.200s", db_path(shared->db),
             err_text(error), words[0] != '\0' ? ": " : "", words);
}

/* --- the disk's thread (or store_step) --- */

static int run_writes(struct db *db, const struct store_list *group, int64_t *ret_commit_us)
{
    int error = db_begin(db);
    for (struct store_item *item = group->first; item != NULL && error == OK; item = item->next)
        if (!item->is_ask)
            error = item->run(db, item->job);
    if (error != OK)
        return error;
    int64_t started_us = clock_steady_us();
    FAILPOINT("store-before-commit");
    error = db_commit(db);
    FAILPOINT("store-after-commit");
    *ret_commit_us = clock_steady_us() - started_us;
    return error;
}

/* One transaction for all writes of the group. */
static void commit_group(struct store_shared *shared, const struct store_list *group)
{
    int64_t took_us = 0;
    int error = run_writes(shared->db, group, &took_us);
    char words[256];
    snprintf(words, sizeof words, "%.255s", error != OK ? db_complaint(shared->db) : "");
    if (error != OK)
        db_rollback(shared->db);

    pthread_mutex_lock(&shared->lock);
    if (error == OK) {
        shared->committed += group->writes;
        shared->counters.commits++;
        shared->counters.writes += group->writes;
        shared->counters.commit_us_last = (uint64_t)took_us;
        shared->counters.commit_us_total += (uint64_t)took_us;
    } else {
        set_failure(shared, error, words);
        shared->counters.failed += group->writes;
    }
    pthread_mutex_unlock(&shared->lock);
    ring(shared); /* before the asks: a long backup must not hold back what is committed */
}

/* OK, or why asks and writes are turned away by now. Under the lock. */
static int refusal_of(const struct store_shared *shared)
{
    return shared->failure != OK ? shared->failure : shared->closing ? ERR_STATE : OK;
}

static void answer_ask(struct store_shared *shared, struct store_item *item)
{
    pthread_mutex_lock(&shared->lock);
    int refusal = refusal_of(shared);
    pthread_mutex_unlock(&shared->lock);
    item->result = refusal == OK ? item->run(shared->db, item->job) : refusal;
    pthread_mutex_lock(&shared->lock);
    list_push(&shared->answered, item);
    pthread_mutex_unlock(&shared->lock);
    ring(shared);
}

/* Writes first, then asks: an ask costs no group of its own, and sees what was given before it. */
static void process(struct store_shared *shared, struct store_list *group)
{
    pthread_mutex_lock(&shared->lock);
    bool failed = shared->failure != OK; /* what was queued before anybody noticed is dropped, too */
    if (failed)
        shared->counters.failed += group->writes;
    pthread_mutex_unlock(&shared->lock);
    if (group->writes > 0 && !failed)
        commit_group(shared, group);
    struct store_item *item;
    while ((item = list_pop(group)) != NULL) {
        if (item->is_ask)
            answer_ask(shared, item);
        else
            free_write(item);
    }
}

static void *thread_main(void *arg)
{
    struct store_shared *shared = arg;
    struct store_list group;
    for (;;) {
        pthread_mutex_lock(&shared->lock);
        while (shared->waiting.first == NULL && !shared->closing)
            pthread_cond_wait(&shared->wake, &shared->lock);
        list_take(&group, &shared->waiting);
        pthread_mutex_unlock(&shared->lock);
        if (group.first == NULL)
            return NULL; /* closing, and nothing is left */
        process(shared, &group);
    }
}

/* --- the loop's side --- */

static void answer_all(struct store_list *answered)
{
    struct store_item *item;
    while ((item = list_pop(answered)) != NULL) {
        item->done(item->ctx, item->job, item->result);
        free(item);
    }
}

/* Tells the loop's side what is new. */
static void announce(struct store *store)
{
    struct store_shared *shared = store->shared;
    struct store_list answered;
    pthread_mutex_lock(&shared->lock);
    uint64_t committed = shared->committed;
    int failure = shared->failure;
    list_take(&answered, &shared->answered);
    pthread_mutex_unlock(&shared->lock);

    store->in_callback = true;
    if (committed > store->announced) {
        FAILPOINT("store-before-telling");
        store->announced = committed;
        if (store->events.on_commit != NULL)
            store->events.on_commit(store->events.ctx, committed);
    }
    answer_all(&answered);
    if (failure != OK && !store->told_failure) {
        store->told_failure = true;
        if (store->events.on_failed != NULL) /* the text does not change after a failure */
            store->events.on_failed(store->events.ctx, failure, shared->failure_text);
    }
    store->in_callback = false;
}

static void on_bell(uv_async_t *bell)
{
    announce(bell->data);
}

static void free_bell(uv_handle_t *handle)
{
    free(handle);
}

static int start_bell(struct store *store, struct uv_loop_s *loop)
{
    uv_async_t *bell = calloc(1, sizeof *bell);
    if (bell == NULL)
        return ERR_NOMEM;
    if (uv_async_init(loop, bell, on_bell) != 0) {
        free(bell);
        return ERR_IO;
    }
    bell->data = store;
    store->shared->bell = bell;
    return OK;
}

/* The thread takes no signal: those are the loop's. */
static int start_thread(struct store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return ERR_IO;
    int failed = pthread_create(&store->thread, NULL, thread_main, store->shared);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed != 0 ? ERR_IO : OK;
}

static void free_store(struct store *store)
{
    if (store->shared->bell != NULL)
        uv_close((uv_handle_t *)store->shared->bell, free_bell);
    pthread_cond_destroy(&store->shared->wake);
    pthread_mutex_destroy(&store->shared->lock);
    free(store->shared);
    free(store);
}

int store_open(struct uv_loop_s *loop, struct db *db, const struct store_events *events, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof *store);
    struct store_shared *shared = calloc(1, sizeof *shared);
    if (store == NULL || shared == NULL) {
        free(store);
        free(shared);
        return ERR_NOMEM;
    }
    store->shared = shared;
    store->events = *events;
    shared->db = db;
    list_init(&shared->waiting);
    list_init(&shared->answered);
    CHECK(pthread_mutex_init(&shared->lock, NULL) == 0);
    CHECK(pthread_cond_init(&shared->wake, NULL) == 0);
    int error = loop != NULL ? start_bell(store, loop) : OK;
    if (error == OK && loop != NULL)
        error = start_thread(store);
    if (error != OK) {
        free_store(store);
        return error;
    }
    *ret_store = store;
    return OK;
}

/* Hands over. After a failure or in the close a write is dropped and an ask answered. Returns the last ticket. */
static uint64_t submit(struct store_shared *shared, struct store_item *item)
{
    pthread_mutex_lock(&shared->lock);
    int refusal = refusal_of(shared);
    bool drop = refusal != OK && !item->is_ask;
    uint64_t ticket = item->is_ask ? shared->last_ticket : ++shared->last_ticket;
    if (refusal == OK) {
        list_push(&shared->waiting, item);
        pthread_cond_signal(&shared->wake);
    } else if (drop) {
        shared->counters.failed++;
    } else {
        item->result = refusal;
        list_push(&shared->answered, item);
        ring(shared);
    }
    pthread_mutex_unlock(&shared->lock);
    if (drop)
        free_write(item);
    return ticket;
}

/* No memory for a write is a failed write: the loop has decided, and the disk will not follow. */
static uint64_t lose_write(struct store_shared *shared, void *job, store_free free_job)
{
    pthread_mutex_lock(&shared->lock);
    uint64_t ticket = ++shared->last_ticket;
    shared->counters.failed++;
    set_failure(shared, ERR_NOMEM, "");
    pthread_mutex_unlock(&shared->lock);
    ring(shared);
    if (free_job != NULL)
        free_job(job);
    return ticket;
}

uint64_t store_write(struct store *store, store_job run, void *job, store_free free_job)
{
    struct store_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return lose_write(store->shared, job, free_job);
    *item = (struct store_item){.run = run, .job = job, .free_job = free_job};
    return submit(store->shared, item);
}

int store_ask(struct store *store, store_job run, void *job, store_done done, void *ctx)
{
    struct store_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return ERR_NOMEM;
    *item = (struct store_item){.run = run, .job = job, .done = done, .ctx = ctx, .is_ask = true};
    (void)submit(store->shared, item);
    return OK;
}

uint64_t store_last_ticket(const struct store *store)
{
    struct store_shared *shared = store->shared;
    pthread_mutex_lock(&shared->lock);
    uint64_t ticket = shared->last_ticket;
    pthread_mutex_unlock(&shared->lock);
    return ticket;
}

uint64_t store_committed(const struct store *store)
{
    struct store_shared *shared = store->shared;
    pthread_mutex_lock(&shared->lock);
    uint64_t ticket = shared->committed;
    pthread_mutex_unlock(&shared->lock);
    return ticket;
}

struct store_counters store_counters(const struct store *store)
{
    struct store_shared *shared = store->shared;
    pthread_mutex_lock(&shared->lock);
    struct store_counters counters = shared->counters;
    counters.waiting = shared->last_ticket - shared->committed;
    pthread_mutex_unlock(&shared->lock);
    /* Asked now: room that was made is seen at once, not only after a commit that would wait for it. */
    counters.free_bytes = db_free_bytes(shared->db);
    return counters;
}

/* One turn without a thread; the number of writes that are on the disk by it. */
static size_t process_inline(struct store_shared *shared)
{
    struct store_list group;
    uint64_t before = shared->committed;
    list_take(&group, &shared->waiting);
    process(shared, &group);
    return (size_t)(shared->committed - before);
}

size_t store_step(struct store *store)
{
    CHECK(store->shared->bell == NULL && !store->in_callback);
    size_t writes = process_inline(store->shared);
    announce(store);
    return writes;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    CHECK(!store->in_callback);
    struct store_shared *shared = store->shared;
    pthread_mutex_lock(&shared->lock);
    shared->closing = true;
    pthread_cond_signal(&shared->wake);
    pthread_mutex_unlock(&shared->lock);
    if (shared->bell != NULL)
        pthread_join(store->thread, NULL);
    else
        (void)process_inline(shared);
    store->in_callback = true;
    answer_all(&shared->answered);
    db_close(shared->db);
    free_store(store);
}
