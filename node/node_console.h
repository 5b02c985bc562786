/*
 * node_console - the node's listener for people's browsers, for case-management systems, and for machines that watch
 * it: the console's files, the API (/v1, docs/openapi.yaml), /healthz, /readyz with reasons, /metrics.
 *
 * The three pages for machines show numbers and relay ids and nothing of a case, a member or a person; whoever reaches
 * the listener reads them. The files are the same for everybody. The API asks who calls (node_api_admit.c). Every
 * answer has the headers that let a browser load nothing from elsewhere. In clear on loopback alone: beyond it with TLS
 * or behind a declared proxy (node_conf.c refuses the rest).
 */
#ifndef NODE_NODE_CONSOLE_H
#define NODE_NODE_CONSOLE_H

#include "node/node_api.h"
#include "node/node_events.h"
#include "node/node_link.h"

struct node_console;

#define NODE_CONSOLE_METRICS(X)                                                                                        \
    X(api, COUNTER, "hotline_node_console_api_total", "Calls of the API at the console.")                              \
    X(files, COUNTER, "hotline_node_console_files_total", "The console's files, asked for.")                           \
    X(pages, COUNTER, "hotline_node_console_pages_total", "Health, readiness and metrics, asked for.")                 \
    X(nothing, COUNTER, "hotline_node_console_nothing_total", "What is not there, or under another name, asked for.")

struct node_console_counters {
    NODE_CONSOLE_METRICS(METRIC_FIELD)
};

/* What it shows; all of it outlives the console. api, links and events may be NULL; the last two are the console's own.
 */
struct node_console_sources {
    struct node *node;
    const struct node_links *links;
    struct node_api *api;
    const struct node_events *events;
    const struct http_counters *http;
    const struct node_console_counters *counters;
};

/* Where it listens and what it is called. The names are copied; the PEM texts outlive the console. */
struct node_console_conf {
    struct origin_names names;             /* address: HOST:PORT */
    const char *certificate, *private_key; /* PEM; NULL: in clear */
};

/* ERR_* of http_listen, with its note. */
int node_console_open(struct loop *loop, const struct node_console_conf *conf,
                      const struct node_console_sources *sources, struct err_note *note,
                      struct node_console **ret_console) MUST_CHECK;
/* The real port. */
uint16_t node_console_port(const struct node_console *console);
/* Accepts no further connection. */
void node_console_stop(struct node_console *console);
/* Never from a callback of it. */
void node_console_close(struct node_console *console);

/* Answers a GET of one of the console's files, and takes the request; false: there is no such file. */
bool node_console_file(struct http_request *request);

/* One line for each reason why alerts would not get through now; nothing when they would. */
void node_console_unready(const struct node *node, int64_t now_us, struct buf *out);
/* Lines "note: ..." on the roster and this member's standing: what people must know though alerts do get through. */
void node_console_notes(const struct node *node, int64_t now_us, struct buf *out);
/* The Prometheus text. */
void node_console_metrics(const struct node_console_sources *sources, int64_t now_us, struct buf *out);

#endif
