/*
 * zlink_poll - one ZeroMQ socket in the uv loop: the shape that neither stalls nor starves, and the one
 * context.
 *
 * ZMQ_FD is edge-triggered, and any look at ZMQ_EVENTS, any send and any receive consumes the edge. So
 * (measured): uv_poll only wakes; uv_prepare asks ZMQ_EVENTS before the loop may sleep and, if there is
 * work, starts a no-op uv_idle so that it does not; uv_check stops that and works, at most
 * ZLINK_POLL_BUDGET messages per turn. For zlink and gate only, the two owners of ZeroMQ. Sockets may
 * be sent on from timers, from check and poll callbacks, and from on_turn; never from a uv_prepare
 * callback (it could come after this socket's own look).
 */
#ifndef PROTO_ZLINK_POLL_H
#define PROTO_ZLINK_POLL_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "loop.h"

/* Messages that one socket may read per turn of the loop, so that timers and other peers get theirs. */
#define ZLINK_POLL_BUDGET 64
/* But after so many, none is begun after this long: a message may ask for a signature's check, and the news
 * of a commit waits for the turn. So many always: time that passes while others have the processor must not
 * make the batches small. */
#define ZLINK_POLL_LEAST 8
#define ZLINK_POLL_BUDGET_US 1000

struct zlink_context;
struct zlink_poll;

/* The process's ZeroMQ context, for at most max_sockets sockets (monitors and gate count; each link
 * takes up to three). Never fork after this. ERR_NOMEM, ERR_IO. */
int zlink_context_new(struct loop *loop, int max_sockets, struct zlink_context **ret_context) MUST_CHECK;
/* After every link and gate was freed; turns the loop until their sockets are closed. Never from a
 * callback. */
void zlink_context_free(struct zlink_context *context);
/* The loop that it stands on. */
struct loop *zlink_context_loop(struct zlink_context *context);
/* A number never given before, for inproc names. */
unsigned long zlink_context_serial(struct zlink_context *context);

/* There is work. Reads at most ZLINK_POLL_BUDGET messages when readable, sends what waited when
 * writable. */
typedef void zlink_poll_fn(void *ctx, bool readable, bool writable);

/* A new socket of this ZeroMQ type (not connected to anything) on the context's loop. ERR_NOMEM,
 * ERR_LIMIT (too many sockets), ERR_IO. */
int zlink_poll_new(struct zlink_context *context, int type, struct zlink_poll **ret_poll) MUST_CHECK;
/* Begins to call on_turn. Once, after the socket's options are set. */
int zlink_poll_start(struct zlink_poll *poll, zlink_poll_fn *on_turn, void *ctx) MUST_CHECK;
/* The socket, to set options, send and receive; valid until zlink_poll_free(). */
void *zlink_poll_socket(struct zlink_poll *poll);
/* Whether on_turn is also wanted when the socket becomes writable (off at first). */
void zlink_poll_want_write(struct zlink_poll *poll, bool want);
/* No further on_turn. The handles close; the socket only after the last of them did. From callbacks
 * too. */
void zlink_poll_free(struct zlink_poll *poll);

#endif
