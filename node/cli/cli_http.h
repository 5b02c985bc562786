/*
 * cli_http - HTTP to the node over its Unix socket. The only file of the command line that knows libcurl.
 */
#ifndef NODE_CLI_HTTP_H
#define NODE_CLI_HTTP_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/err.h"

struct cli_http;

struct cli_http_request {
    const char *method;          /* "GET", "POST", "PUT", "DELETE" */
    const char *path;            /* "/v1/status?..." */
    struct slice body;           /* sent when len > 0 */
    const char *content_type;    /* of the body; NULL: application/json */
    const char *idempotency_key; /* or NULL */
    const char *if_match;        /* or NULL */
    int timeout_ms;
};

struct cli_http_answer {
    int status;
    struct buf body; /* freed by the caller */
};

/* Takes no ownership of socket_path, which must live on. ERR_NOMEM. */
int cli_http_open(const char *socket_path, struct cli_http **ret_http) MUST_CHECK;
void cli_http_close(struct cli_http *http);
/* One exchange. ERR_UNREACHABLE: no connection, nothing was sent. ERR_AGAIN: the connection broke after it was made, so
 * the request may or may not have been carried out. ERR_TIMEOUT, ERR_LIMIT (answer too large), ERR_NOMEM. */
int cli_http_call(struct cli_http *http, const struct cli_http_request *request, struct err_note *note,
                  struct cli_http_answer *ret_answer) MUST_CHECK;

/* A piece of a stream's body; false ends the stream. */
typedef bool cli_http_piece(void *ctx, struct slice piece);
struct cli_http_stream {
    const char *path;
    const char *last_event_id; /* or NULL */
    int timeout_ms;            /* 0: none */
    int silence_ms;            /* the stream counts as broken after so long without a byte */
    cli_http_piece *on_piece;
    void *ctx;
};
/* Reads an endless answer until on_piece says false (OK), time is over (ERR_TIMEOUT) or it breaks (as above). Another
 * status than 200 ends it with OK, *ret_status and the body of the refusal in ret_refusal (initialised by the caller).
 */
int cli_http_stream(struct cli_http *http, const struct cli_http_stream *stream, struct err_note *note, int *ret_status,
                    struct buf *ret_refusal) MUST_CHECK;

#endif
