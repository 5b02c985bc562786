/*
 * store - the disk off the loop: one thread that owns one db and commits in groups.
 *
 * The loop decides in memory and hands writes over; each gets a ticket. The thread takes all that waits, runs it in one
 * transaction, commits (one fsync), and the loop hears on_commit(last ticket). Whatever lets a peer forget waits for
 * its ticket. A write or commit that fails is final: on_failed, and the process must stop (memory is ahead of the
 * disk). Without a loop (loop NULL) nothing runs until store_step(): the same behaviour in one thread, for simulation
 * and tests.
 */
#ifndef PROTO_STORE_H
#define PROTO_STORE_H

#include <stdint.h>

#include "db.h"

struct store;
struct uv_loop_s;

/* A write: runs on the store's thread, inside the group's transaction. A read (store_ask): there too, outside any. */
typedef int (*store_job)(struct db *db, void *job);
typedef void (*store_free)(void *job);
/* Runs on the loop after a store_ask, with the job's result. The callee owns job from here. */
typedef void (*store_done)(void *ctx, void *job, int result);

struct store_events {
    void (*on_commit)(void *ctx, uint64_t ticket);             /* everything up to ticket is on the disk */
    void (*on_failed)(void *ctx, int error, const char *text); /* once; the process must stop */
    void *ctx;
};

struct store_counters {
    uint64_t commits, writes; /* groups on the disk, and the writes in them */
    uint64_t failed;          /* writes that were lost: 0, or the process is about to stop */
    uint64_t commit_us_total, commit_us_last;
    uint64_t waiting;   /* writes not yet committed */
    int64_t free_bytes; /* of the disk, now */
};

/* Takes db (on success). Either event may be NULL. ERR_NOMEM, ERR_IO (no thread). */
int store_open(struct uv_loop_s *loop, struct db *db, const struct store_events *events,
               struct store **ret_store) MUST_CHECK;
/* Takes job (freed by free_job, which may be NULL, after the commit or without one after a failure; on the store's
 * thread). Returns its ticket: from 1, by one. */
uint64_t store_write(struct store *store, store_job run, void *job, store_free free_job);
/* Runs between groups, outside any transaction (reads, backups), then done on the loop, after on_commit for what it
 * saw. It sees every write given before it committed, and maybe later ones; asks run in their order. After a failure,
 * and at the close, it does not run: done gets the error (ERR_STATE at the close). done never runs inside this call.
 * ERR_NOMEM: nothing was begun, neither runs, and job stays the caller's. */
int store_ask(struct store *store, store_job run, void *job, store_done done, void *ctx) MUST_CHECK;
/* The last ticket given and the last one on the disk. */
uint64_t store_last_ticket(const struct store *store);
uint64_t store_committed(const struct store *store);
struct store_counters store_counters(const struct store *store);
/* Without a loop: commits what waits and runs the callbacks; the number of writes done. What a callback hands over
 * waits for the next step. With a loop it is our own mistake: CHECK. */
size_t store_step(struct store *store);
/* Commits what waits (unless it failed), joins the thread, closes the db. Asks that were not answered yet are, with
 * their result, before it returns; no on_commit or on_failed comes any more, and no callback after it. Not from inside
 * a callback of the store. The loop must turn once more afterwards: only then is the bell's handle freed. */
void store_close(struct store *store);

#endif
