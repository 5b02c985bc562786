/*
 * cli_sse - Server-Sent Events from a stream of bytes (WHATWG HTML, 9.2.6). Pure.
 */
#ifndef NODE_CLI_SSE_H
#define NODE_CLI_SSE_H

#include <stdbool.h>

#include "proto/buf.h"

/* An event as it was sent; texts borrowed for the call. id is "" when it had none. False stops the reading. */
typedef bool cli_sse_event(void *ctx, const char *id, const char *type, const char *data);

struct cli_sse {
    struct buf line, data;
    char id[24], type[40];
    bool after_return; /* the last line ended with CR: a LF that follows belongs to it */
    bool failed;       /* a line or event was larger than its bound, or memory ran out */
    cli_sse_event *on_event;
    void *ctx;
};

/* One line and one event's data are at most this long. */
#define CLI_SSE_BYTES_MAX (256 * 1024)

/* An empty stream; ended by cli_sse_done. */
void cli_sse_init(struct cli_sse *sse, cli_sse_event *on_event, void *ctx);
void cli_sse_done(struct cli_sse *sse);
/* Reads on. False when on_event said so or the stream broke its bounds (sse->failed). */
bool cli_sse_feed(struct cli_sse *sse, struct slice piece);
/* Forgets an unfinished event: after the connection broke. */
void cli_sse_reset(struct cli_sse *sse);

#endif
