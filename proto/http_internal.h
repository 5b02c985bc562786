/*
 * http_internal - what the files of http share: http.c (connections, on the loop), http_request.c (the
 * object that a handler holds, and its questions), http_reply.c (answers and streams), http_guard.c (which
 * connections may stay). For them only.
 */
#ifndef PROTO_HTTP_INTERNAL_H
#define PROTO_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <uv.h>

#include "http.h"
#include "http_socket.h"

/* One connection, for http_guard.c. */
struct http_place;

struct http_guard {
    struct http_place *oldest; /* of those without a whole request */
    struct http_place *youngest;
    unsigned open; /* all, those that were shut excepted */
    unsigned max;
};

struct http {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct http_socket listener;
    struct http_counters counters;
    http_handler *handler;
    void *ctx;
    size_t body_max, large_max;
    const char *large_path;
    bool (*may_be_large)(void *ctx, const struct http_request *request);
    size_t small_max;
    size_t bodies_max, bodies; /* bytes of all of them; 0: no bound */
    size_t stream_max;
    struct http_guard guard;
    struct loop_timer *heartbeat;
    struct loop_timer *looks;
    struct http_request *requests; /* every one whose connection lives */
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_check_t check;
    uv_timer_t timer;
    int handles_left;
    int zero_turns;
    bool run_soon; /* MHD_run in this turn's check */
    bool ran;      /* since the last prepare */
    bool progress; /* a callback came since the last prepare */
    bool running;
    bool ending;
    bool listener_is_unix;
    char bad_uri; /* its address marks a connection whose request is refused at once */
};

struct http_stream {
    struct http_request *request;
    struct buf queue;
    size_t done; /* bytes of the queue that were handed over */
    struct slice heartbeat;
    loop_fn *on_closed; /* NULL after http_stream_end() */
    loop_fn *on_room;   /* NULL: nobody asks */
    void *ctx;
    bool written; /* since the last heartbeat */
    bool ended;
    bool broken;
};

struct http_request {
    struct http *http;
    struct MHD_Connection *connection; /* NULL: the client left, or the answer is out */
    struct http_request *next;
    struct http_request *previous;
    char *method;
    char *path;
    struct buf body;
    struct buf headers; /* of the answer: name NUL value NUL ... */
    struct MHD_Response *response;
    unsigned status;
    size_t body_seen, body_max, body_kept;
    bool crowded; /* there was no room for its body */
    bool handled; /* the handler has it */
    bool owed;    /* and has not answered yet */
    bool suspended;
    bool failed; /* no memory for the answer: close */
    loop_fn *on_gone;
    void *gone_ctx;
    struct http_stream *stream;
};

/* A request whose headers came; NULL when out of memory. Listed until http_internal_unlist(). */
struct http_request *http_internal_new(struct http *http, struct MHD_Connection *connection, const char *method,
                                       const char *path);
void http_internal_unlist(struct http_request *request);
/* Its body counts no longer for what all bodies may have. */
void http_internal_unkeep(struct http_request *request);
void http_internal_free(struct http_request *request);
/* The request's socket, or -1 when the client left. */
int http_internal_fd(const struct http_request *request);
/* Stops and restarts what libmicrohttpd does with the connection; restarting a running one does
 * nothing. */
void http_internal_suspend(struct http_request *request);
void http_internal_resume(struct http_request *request);
/* Lets libmicrohttpd run in this turn. */
void http_internal_run_soon(struct http *http);
/* Queues a refusal as problem+json, outside of any handler; sentence is ours and has no quotes. */
enum MHD_Result http_internal_refuse(struct http *http, struct MHD_Connection *connection, unsigned status,
                                     const char *sentence);
/* The heartbeat of one request: a stream at rest sends, a waiting request looks whether its client is
 * there. */
void http_internal_beat(struct http_request *request);

/* libmicrohttpd's MHD_NotifyConnectionCallback; cls is the http. At the limit the oldest connection that has no whole
 * request goes. */
void http_guard_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode what);
/* A whole request came, so nothing is closed from here until its answer is out. */
void http_guard_has_request(struct MHD_Connection *connection);
void http_guard_has_answer(struct MHD_Connection *connection);
/* Once a second: closes who left in the middle of a request, or took too long for it. */
void http_guard_look(struct http *http);

#endif
