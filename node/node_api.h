/*
 * node_api - the node's REST API on its Unix socket and at its console, exactly as docs/openapi.yaml says.
 *
 * A request is routed by a table {method, path, what it needs, permission, handler}; what a route needs (a body, an
 * idempotency key, the case that its path names) is there when its handler runs. A handler reads the core, answers at
 * once, or hands an act to the core and lets the answer wait for the commit. The rules of the network are the core's;
 * forms of requests and answers, problems, idempotency and waiting are here. Each call has one caller (caller.h), each
 * route one permission. Who opens the socket may everything; at the console there are users and tokens. Acts are in the
 * audit log.
 *
 *   node_api.c         routes, one request's way, life          node_api_answer.c  documents and problems
 *   node_api_body.c    strict reading of bodies and queries     node_api_wait.c    answers that wait
 *   node_api_read.c    what only reads                          node_api_act.c     what people do
 *   node_api_sealed.c  envelopes by file                        node_api_record.c  who did what
 *   node_api_draft.c   drafts, by the ETag that was read        node_api_photo.c   pictures
 *   node_api_hook.c    webhooks, the log of deliveries
 *   node_api_admit.c   who calls, and whether he may            node_api_slow.c    requests that wait for a thread
 *   node_api_session.c logging in and out                       node_api_user.c, node_api_token.c, node_api_audit.c
 */
#ifndef NODE_NODE_API_H
#define NODE_NODE_API_H

#include "node/helper.h"
#include "node/node.h"
#include "node/node_events.h"
#include "node/origin.h"
#include "proto/http.h"

/* The one address whose bodies may be larger than LIMIT_INPUT_BYTES. */
#define NODE_API_LARGE_PATH "/v1/photos"

struct node_api;

struct node_api_conf {
    struct loop *loop;
    const char *path; /* of the Unix socket */
    unsigned mode;
    const char *group;          /* NULL: the process's */
    struct node *node;          /* outlives the API */
    struct node_events *events; /* outlives the API */
    struct helper *helper;      /* decodes pictures; NULL: none can be handed in */
    int64_t started_us;
    loop_fn *touched; /* after each request, so that the owner ends the core's turn */
    void *ctx;
};

/* Listens. ERR_* of http_listen, with its note. */
int node_api_open(const struct node_api_conf *conf, struct err_note *note, struct node_api **ret_api) MUST_CHECK;
/* Something happened at the core: requests that wait for a step look again. */
void node_api_changed(struct node_api *api);
/* Serves a request that came to the console, whose names these are, and takes it. */
void node_api_serve(struct node_api *api, const struct origin_names *names, struct http_request *request);
/* Whether the caller of a request at the console is known, by cookie or token: others may send little. */
bool node_api_knows(const struct node_api *api, const struct http_request *request);
/* Accepts no further connection. */
void node_api_stop(struct node_api *api);
/* Requests that wait for a commit or a step. */
size_t node_api_waiting(const struct node_api *api);
/* Nobody waits for a commit. */
bool node_api_is_idle(const struct node_api *api);
/* Answers what waits with 503 and ends the server. Never from a callback of it. */
void node_api_close(struct node_api *api);
/* Of the Unix socket's listener. */
const struct http_counters *node_api_counters(const struct node_api *api);

#define NODE_API_METRICS(X)                                                                                            \
    X(waiting, GAUGE, "hotline_node_api_waiting", "Requests that wait for a commit or a step.")                        \
    X(sessions, GAUGE, "hotline_node_sessions", "Sessions of users that are logged in.")                               \
    X(armed, GAUGE, "hotline_node_consoles_armed", "Armed consoles.")                                                  \
    X(logins, COUNTER, "hotline_node_logins_total", "Logins.")                                                         \
    X(logins_refused, COUNTER, "hotline_node_logins_refused_total", "Logins refused: user, password or code.")         \
    X(logins_put_off, COUNTER, "hotline_node_logins_put_off_total", "Logins told to wait: wrong tries, or too many.")  \
    X(strangers, COUNTER, "hotline_node_api_strangers_total",                                                          \
      "Calls refused: no session or token, or one that is over.")                                                      \
    X(forbidden, COUNTER, "hotline_node_api_forbidden_total", "Calls refused: the caller may not do this.")            \
    X(foreign, COUNTER, "hotline_node_api_foreign_total",                                                              \
      "Calls refused: another site, another name, or without the page's word.")
struct node_api_numbers {
    NODE_API_METRICS(METRIC_FIELD)
};
/* What is counted, and what there is now. */
struct node_api_numbers node_api_numbers(const struct node_api *api, int64_t now_us);

#endif
