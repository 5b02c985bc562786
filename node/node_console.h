/*
 * node_console - the node's own listener for machines that watch it: /healthz, /readyz with reasons, /metrics.
 *
 * Numbers and relay ids only: nothing here names a case, a member or a person. In clear and without accounts, so it
 * stands on loopback. The API is not here but on the Unix socket.
 */
#ifndef NODE_NODE_CONSOLE_H
#define NODE_NODE_CONSOLE_H

#include "node/node_api.h"
#include "node/node_events.h"
#include "node/node_link.h"

struct node_console;

/* What it shows; all of it outlives the console. api, links and events may be NULL. */
struct node_console_sources {
    struct node *node;
    const struct node_links *links;
    const struct node_api *api;
    const struct node_events *events;
};

/* address: HOST:PORT. ERR_* of http_listen, with its note. */
int node_console_open(struct loop *loop, const char *address, const struct node_console_sources *sources,
                      struct err_note *note, struct node_console **ret_console) MUST_CHECK;
/* The real port. */
uint16_t node_console_port(const struct node_console *console);
/* Accepts no further connection. */
void node_console_stop(struct node_console *console);
/* Never from a callback of it. */
void node_console_close(struct node_console *console);

/* One line for each reason why alerts would not get through now; nothing when they would. */
void node_console_unready(const struct node *node, int64_t now_us, struct buf *out);
/* Lines "note: ..." on the roster and this member's standing: what people must know though alerts do get through. */
void node_console_notes(const struct node *node, int64_t now_us, struct buf *out);
/* The Prometheus text. */
void node_console_metrics(const struct node_console_sources *sources, int64_t now_us, struct buf *out);

#endif
