/*
 * loop - the one uv loop of a program: its signals, timers, watched descriptors, work for threads and deferred frees.
 *
 * Everything here belongs to the thread that runs the loop. Callbacks may free
 * any object of this module, their own too: the memory goes when no call into it is on the stack any
 * more. Order at the end (measured, keep it): stop accepting, flush, zlink, http, store thread,
 * zlink_context, loop.
 */
#ifndef PROTO_LOOP_H
#define PROTO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct uv_loop_s;

typedef void loop_fn(void *ctx);

/* A new loop. From now on SIGPIPE is ignored in this process. ERR_NOMEM, ERR_IO. */
int loop_new(struct loop **ret_loop) MUST_CHECK;
/* Ends the loop; never from inside one of its callbacks. Other owners' handles (zlink, http) must be on
 * their way out already: an open one is our own mistake. Frees the timers that are left, and
 * what was to be reaped. */
void loop_free(struct loop *loop);

/* Runs turns until loop_stop(); returns at once when it was called before. The next loop_run() starts
 * afresh. */
void loop_run(struct loop *loop);
/* Runs turns until done(ctx) is true (OK), loop_stop() was called (ERR_STATE) or timeout_ms went by
 * (ERR_TIMEOUT). For draining at the end of a program, and for tests. */
int loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, uint64_t timeout_ms) MUST_CHECK;
/* One turn that does not wait. */
void loop_turn(struct loop *loop);
/* Lets loop_run() return after this turn. */
void loop_stop(struct loop *loop);
/* For the other owners of uv: zlink, http, fetch, store. */
struct uv_loop_s *loop_uv(struct loop *loop);

/* Holds SIGHUP back until loop_signals() has a way to tell of it: first thing in main, for a program that is asked to
 * reload while it still reads its key must not die of it. */
void loop_hold_reload(void);
/* on_stop at each SIGTERM and SIGINT, on_reload at each SIGHUP. Once per loop. ERR_IO. */
int loop_signals(struct loop *loop, loop_fn *on_stop, loop_fn *on_reload, void *ctx) MUST_CHECK;

/* A timer at rest; start it with once or every. ERR_NOMEM. */
int loop_timer_new(struct loop *loop, loop_fn *on_fire, void *ctx, struct loop_timer **ret_timer) MUST_CHECK;
/* (Re)starts it: one call after delay_ms from now, replacing what was planned. */
void loop_timer_once(struct loop_timer *timer, uint64_t delay_ms);
/* (Re)starts it: a call every period_ms (at least 1), the first one period from now. */
void loop_timer_every(struct loop_timer *timer, uint64_t period_ms);
void loop_timer_stop(struct loop_timer *timer);
/* No further call, not even one that was due in this turn. */
void loop_timer_free(struct loop_timer *timer);

/* Calls on_readable while the descriptor (no regular file) has something to read, or its other end is gone. Free it
 * before the descriptor is closed, and before loop_free(). ERR_NOMEM, ERR_IO. */
int loop_watch_new(struct loop *loop, int fd, loop_fn *on_readable, void *ctx,
                   struct loop_watch **ret_watch) MUST_CHECK;
/* No further call. NULL is fine. */
void loop_watch_free(struct loop_watch *watch);

/* Runs run(job) on a thread of uv's pool, then done(job) on the loop: for what takes long and touches nothing else.
 * loop_free() waits for both. ERR_NOMEM, ERR_IO: neither runs. */
int loop_work(struct loop *loop, loop_fn *run, loop_fn *done, void *job) MUST_CHECK;

/* Takes object: free_object(object) runs once, at the end of this turn, when nothing of this turn can
 * be inside it. Out of memory, the object is leaked: better than freed under its user. */
void loop_reap(struct loop *loop, void *object, void (*free_object)(void *object));

/* Tells systemd (NOTIFY_SOCKET) something like "READY=1" or "STOPPING=1"; OK also when nobody listens.
 * ERR_IO. */
int loop_notify(const char *state);

#endif
