/*
 * http - small HTTP/1.1 servers on the loop: TCP or Unix socket, answers now or later, event streams.
 *
 * A request reaches the handler when its whole body was read. The handler answers at once, or keeps the
 * request and answers later. Every request is answered exactly once, by http_reply() or
 * http_stream_start(), also when its client left or the server was freed meanwhile: until then the
 * object is the handler's, after that it is gone. Every answer has Date, X-Content-Type-Options:
 * nosniff and, unless the handler sets another, Cache-Control: no-store. HEAD arrives as GET, and its
 * body is left out. Refused before any handler: two Content-Length, Content-Length with
 * Transfer-Encoding, a NUL in the address (400), a body over the limit (413). Beyond loopback and Unix sockets
 * it speaks TLS, or stands behind something that does.
 */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"
#include "loop.h"
#include "metric.h"

struct http;
struct http_request;
struct http_stream;

#define HTTP_METRICS(X)                                                                                                \
    X(requests, COUNTER, "hotline_http_requests_total", "Requests that reached a handler.")                            \
    X(refused, COUNTER, "hotline_http_refused_total", "Requests refused before any handler.")                          \
    X(taken, COUNTER, "hotline_http_answers_ok_total", "Answers of 200 to 399.")                                       \
    X(declined, COUNTER, "hotline_http_answers_refused_total", "Answers of 400 to 499.")                               \
    X(errors, COUNTER, "hotline_http_answers_failed_total", "Answers of 500 and more.")                                \
    X(gone, COUNTER, "hotline_http_client_gone_total", "Clients that left before their answer.")                       \
    X(shut, COUNTER, "hotline_http_shut_total",                                                                        \
      "Connections closed without a whole request: left, too slow, no room.")                                          \
    X(streams, GAUGE, "hotline_http_streams", "Event streams that are open.")                                          \
    X(streams_slow, COUNTER, "hotline_http_streams_slow_total", "Event streams closed: reader too slow.")

struct http_counters {
    HTTP_METRICS(METRIC_FIELD)
};

struct http_request;

struct http_conf {
    const char *address;      /* "127.0.0.1:8080", "[::1]:0"; or NULL and: */
    const char *path;         /* of a Unix socket */
    mode_t mode;              /* its permissions; 0: 0600 */
    const char *group;        /* its group; NULL: the process's */
    unsigned max_connections; /* 0: 256 */
    unsigned per_address;     /* connections of one IP address; 0: any number */
    unsigned timeout_s;       /* without progress, requests that wait for their answer excepted; 0: 30 */
    size_t body_max;          /* bytes; 0: 65536 */
    const char *large_path;   /* one path whose bodies may be larger; NULL: none. A constant */
    size_t large_max;
    size_t bodies_max; /* bytes of all bodies at a time: who comes beyond gets 503; 0: no bound */
    /* Whether this request, whose headers came, may have a body beyond small_max; NULL: all may. A stranger's bodies
     * must not fill the memory. Asked on the loop, with the listener's ctx. */
    bool (*may_be_large)(void *ctx, const struct http_request *request);
    size_t small_max;
    const char *certificate, *private_key; /* PEM; both: TLS. NULL: none. Not copied */
    size_t stream_max;                     /* bytes queued for one slow reader; 0: 262144 */
    uint64_t heartbeat_ms;                 /* of streams at rest, and how soon a client that left is noticed; 0: 5000 */
};

typedef void http_handler(void *ctx, struct http_request *request);

/* Listens. ERR_BUSY ("another process listens on ..."), ERR_CONFIG, ERR_EXISTS, ERR_PERMISSION,
 * ERR_LIMIT, ERR_NOMEM, ERR_IO; the note names the address. */
int http_listen(struct loop *loop, const struct http_conf *conf, http_handler *handler, void *ctx,
                struct err_note *note, struct http **ret_http) MUST_CHECK;
/* The real port of a TCP listener, 0 otherwise. */
uint16_t http_port(const struct http *http);
const struct http_counters *http_counters(const struct http *http);
/* Accepts no further connection and removes the Unix socket; what is open goes on. */
void http_stop(struct http *http);
/* Ends everything: unanswered requests get 503 (the handler still owes its http_reply), streams get
 * their on_closed. Never from inside a handler or a stream's callback. */
void http_free(struct http *http);

/* ---- a request; texts and slices are valid until it is answered ---- */

/* "GET", "POST", ...; "GET" for HEAD. */
const char *http_method(const struct http_request *request);
/* Decoded, from "/" on, without the query. */
const char *http_path(const struct http_request *request);
/* The first value of a query argument, decoded; "" for ?name without one; NULL when absent or the
 * client left. */
const char *http_query(const struct http_request *request, const char *name);
/* The first value of a header, any case of its name; NULL when absent or the client left. */
const char *http_header(const struct http_request *request, const char *name);
struct slice http_body(const struct http_request *request);
/* Who connected to a Unix socket (as of then). ERR_STATE on TCP or when the client left. */
int http_peer(const struct http_request *request, uid_t *ret_uid, pid_t *ret_pid) MUST_CHECK;
/* The address that connected over TCP, without its port; of IPv6 the network of 64 bits. "" when unknown. */
#define HTTP_REMOTE_MAX 64
void http_remote(const struct http_request *request, char text[HTTP_REMOTE_MAX]);
/* The client is known to have left. Answering is safe, needed, and reaches nobody. */
bool http_gone(const struct http_request *request);
/* on_gone(ctx) once, when that becomes known before the answer; it may answer in it. */
void http_on_gone(struct http_request *request, loop_fn *on_gone, void *ctx);

/* ---- answers ---- */

/* Adds a header to the answer to come. ERR_INVALID (control characters), ERR_NOMEM. */
int http_reply_header(struct http_request *request, const char *name, const char *value) MUST_CHECK;
/* Answers, and takes the request. body is copied; content_type may be NULL. Out of memory: the
 * connection closes. */
void http_reply(struct http_request *request, unsigned status, const char *content_type, struct slice body);

/* Answers 200 with an open end, and takes the request. heartbeat (":\n\n" for text/event-stream; may be
 * empty; not copied, so a constant) is sent when nothing else was for a while. on_closed(ctx) comes
 * once when the client left, was too slow or the server ends, and the stream is gone after it; not
 * after http_stream_end(). NULL: the client left already, or no memory; no on_closed then. */
struct http_stream *http_stream_start(struct http_request *request, const char *content_type, struct slice heartbeat,
                                      loop_fn *on_closed, void *ctx);
/* Queues a copy. ERR_LIMIT: the reader is too slow, and is being closed (on_closed follows); ERR_NOMEM:
 * the same. */
int http_stream_write(struct http_stream *stream, struct slice data) MUST_CHECK;
/* Bytes that wait for the reader. */
size_t http_stream_queued(const struct http_stream *stream);
/* on_room(ctx), with the stream's ctx, whenever the reader has taken all that was queued: to write what follows, a
 * piece at a time. It may write, and nothing else. */
void http_stream_on_room(struct http_stream *stream, loop_fn *on_room);
/* What is queued still goes; the stream is gone for the caller. */
void http_stream_end(struct http_stream *stream);

#endif
