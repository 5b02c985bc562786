/* argon: a queue before uv's threads. Wipes every password and key that passes through. */
#include "node/argon.h"

#include <stdlib.h>
#include <string.h>

struct argon_job {
    struct argon *argon; /* NULL: nobody waits for it any more */
    struct argon_job *next;
    struct seal_argon cost;
    char password[LIMIT_PASSPHRASE_BYTES + 1];
    uint8_t key[KEY_BYTES];
    int result;
    argon_done *done;
    void *ctx;
};

struct argon {
    struct loop *loop;
    struct argon_job *running, *waiting; /* waiting: oldest first */
    size_t running_count, waiting_count;
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
    for (struct argon_job *job = argon->waiting, *next; job != NULL; job = next) {
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
        start_next(argon);
    }
    job->done(job->ctx, job->result, job->key);
    free_job(job);
}

static void start_next(struct argon *argon)
{
    struct argon_job *job = argon->waiting;
    if (job == NULL || argon->running_count == LIMIT_LOGINS_AT_A_TIME ||
        loop_work(argon->loop, on_run, on_done, job) != OK)
        return; /* out of memory: the next one that ends, or that comes, tries again */
    argon->waiting = job->next;
    argon->waiting_count--;
    job->next = argon->running;
    argon->running = job;
    argon->running_count++;
}

int argon_ask(struct argon *argon, const char *password, const struct seal_argon *cost, argon_done *done, void *ctx)
{
    struct argon_job **at = &argon->waiting;
    if (argon->waiting_count >= LIMIT_LOGINS_WAITING || strlen(password) > LIMIT_PASSPHRASE_BYTES)
        return ERR_BUSY;
    struct argon_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return ERR_NOMEM;
    *job = (struct argon_job){.argon = argon, .cost = *cost, .done = done, .ctx = ctx};
    snprintf(job->password, sizeof job->password, "%s", password);
    while (*at != NULL)
        at = &(*at)->next;
    *at = job;
    argon->waiting_count++;
    start_next(argon);
    return OK;
}
