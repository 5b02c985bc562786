/* argon: a queue before uv's threads. Wipes every password and key that passes through. */
#include "node/argon.h"

#include <stdlib.h>
#include <string.h>

struct argon_job {
    struct argon *argon; /* NULL: nobody waits for it any more */
    struct argon_job *next;
    enum argon_queue queue;
    uint64_t share;
    struct seal_argon cost;
    char password[LIMIT_PASSPHRASE_BYTES + 1];
    uint8_t key[KEY_BYTES];
    int result;
    argon_done *done;
    void *ctx;
};

struct argon {
    struct loop *loop;
    struct argon_job *running, *waiting[ARGON_QUEUES]; /* waiting: oldest first */
    size_t running_count, running_strangers, waiting_count[ARGON_QUEUES];
};

int argon_new(struct loop *loop, struct argon **ret_argon)
{
    struct argon *argon = calloc(1, sizeof *argon);
    if (argon == NULL)
        return ERR_NOMEM;
    argon->loop = loop;
    *ret_argon = argon;
    return OK;
}

static void free_job(struct argon_job *job)
{
    seal_wipe(job, sizeof *job);
    free(job);
}

void argon_free(struct argon *argon)
{
    if (argon == NULL)
        return;
    for (struct argon_job *job = argon->running; job != NULL; job = job->next)
        job->argon = NULL;
    for (int queue = 0; queue < ARGON_QUEUES; queue++)
        for (struct argon_job *job = argon->waiting[queue], *next; job != NULL; job = next) {
            next = job->next;
            job->done(job->ctx, ERR_STATE, job->key);
            free_job(job);
        }
    free(argon);
}

/* On a thread of uv's. */
static void on_run(void *ctx)
{
    struct argon_job *job = ctx;
    job->result = seal_passphrase_key(job->password, &job->cost, job->key);
}

static void start_next(struct argon *argon);

static void on_done(void *ctx)
{
    struct argon_job *job = ctx, **at;
    struct argon *argon = job->argon;
    if (argon != NULL) {
        for (at = &argon->running; *at != job;)
            at = &(*at)->next;
        *at = job->next;
        argon->running_count--;
        argon->running_strangers -= job->queue == ARGON_STRANGER;
        start_next(argon);
    }
    job->done(job->ctx, job->result, job->key);
    free_job(job);
}

/* Who is known goes first; the last thread is for nobody else. */
static struct argon_job **next_job(struct argon *argon)
{
    if (argon->running_count >= LIMIT_LOGINS_AT_A_TIME)
        return NULL;
    if (argon->waiting[ARGON_KNOWN] != NULL)
        return &argon->waiting[ARGON_KNOWN];
    bool room = argon->running_strangers + 1 < LIMIT_LOGINS_AT_A_TIME;
    return room && argon->waiting[ARGON_STRANGER] != NULL ? &argon->waiting[ARGON_STRANGER] : NULL;
}

static void start_next(struct argon *argon)
{
    struct argon_job **at = next_job(argon), *job = at != NULL ? *at : NULL;
    if (job == NULL || loop_work(argon->loop, on_run, on_done, job) != OK)
        return; /* out of memory: the next one that ends, or that comes, tries again */
    *at = job->next;
    argon->waiting_count[job->queue]--;
    job->next = argon->running;
    argon->running = job;
    argon->running_count++;
    argon->running_strangers += job->queue == ARGON_STRANGER;
}

/* ---- shares ---- */

static uint64_t share_of(const char *share)
{
    struct key_hash hash = seal_personal_hash("hotline share", slice_text(share));
    uint64_t number;
    memcpy(&number, hash.bytes, sizeof number);
    return number;
}

static size_t count_of(const struct argon *argon, enum argon_queue queue, uint64_t share)
{
    size_t count = 0;
    for (const struct argon_job *job = argon->waiting[queue]; job != NULL; job = job->next)
        count += job->share == share;
    return count;
}

/* The last job of the share that has the most, when that has at least two more than this one. A queue is short. */
static struct argon_job **place_for(struct argon *argon, enum argon_queue queue, uint64_t share)
{
    size_t most = count_of(argon, queue, share) + 1;
    struct argon_job **place = NULL;
    for (struct argon_job **at = &argon->waiting[queue]; *at != NULL; at = &(*at)->next) {
        size_t count = count_of(argon, queue, (*at)->share);
        if (count < most || (count == most && place == NULL))
            continue;
        most = count;
        place = at;
    }
    return place;
}

static int make_room(struct argon *argon, enum argon_queue queue, uint64_t share)
{
    if (argon->waiting_count[queue] < LIMIT_LOGINS_WAITING)
        return OK;
    struct argon_job **place = place_for(argon, queue, share), *job = place != NULL ? *place : NULL;
    if (job == NULL)
        return ERR_BUSY;
    *place = job->next;
    argon->waiting_count[queue]--;
    job->done(job->ctx, ERR_BUSY, job->key);
    free_job(job);
    return OK;
}

int argon_ask(struct argon *argon, const struct argon_wish *wish)
{
    uint64_t share = share_of(wish->share);
    if (strlen(wish->password) > LIMIT_PASSPHRASE_BYTES)
        return ERR_BUSY;
    struct argon_job *job = calloc(1, sizeof *job), **at = &argon->waiting[wish->queue];
    if (job == NULL)
        return ERR_NOMEM;
    if (make_room(argon, wish->queue, share) != OK) {
        free(job);
        return ERR_BUSY;
    }
    *job = (struct argon_job){.argon = argon,
                              .queue = wish->queue,
                              .share = share,
                              .cost = *wish->cost,
                              .done = wish->done,
                              .ctx = wish->ctx};
    snprintf(job->password, sizeof job->password, "%s", wish->password);
    while (*at != NULL)
        at = &(*at)->next;
    *at = job;
    argon->waiting_count[wish->queue]++;
    start_next(argon);
    return OK;
}
