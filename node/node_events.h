/*
 * node_events - Server-Sent Events: what happens at this node, to everybody who listens.
 *
 * What is told, under which numbers and for how long is the journal's (journal.h). A stream begins with what follows
 * the number that its reader names; when something of that is not kept, or the number is none of this store, its first
 * event is `gap`. Each reader gets what he has not had yet, a piece at a time as he takes it; one who takes nothing is
 * dropped by proto/http and comes back with his number. No event carries personal data.
 *
 * A stream ends with the right to read it: that is asked again before each write, with each heartbeat, and when
 * somebody's rights have changed.
 */
#ifndef NODE_NODE_EVENTS_H
#define NODE_NODE_EVENTS_H

#include "node/accounts.h"
#include "node/journal.h"
#include "node/node.h"
#include "proto/http.h"

#define NODE_EVENTS_STREAMS 64
#define NODE_EVENTS_HEARTBEAT_MS 5000

struct node_events;

#define NODE_EVENTS_METRICS(X)                                                                                         \
    X(told, COUNTER, "hotline_node_events_total", "Events that happened.")                                             \
    X(streams, GAUGE, "hotline_node_event_streams", "Readers of the event stream.")                                    \
    X(gaps, COUNTER, "hotline_node_event_gaps_total", "Streams that began with a gap.")                                \
    X(withdrawn, COUNTER, "hotline_node_event_streams_ended_total", "Streams ended: their readers may not go on.")     \
    X(turned_away, COUNTER, "hotline_node_event_streams_refused_total", "Streams refused: too many readers.")

struct node_events_counters {
    NODE_EVENTS_METRICS(METRIC_FIELD)
};

/* ERR_NOMEM. */
int node_events_new(struct loop *loop, struct node_events **ret_events) MUST_CHECK;
/* Whose events they are; NULL: the node ends, nothing more is told. The node outlives the events, or is detached. */
void node_events_attach(struct node_events *events, const struct node *node);
/* Ends every stream. After the server of the streams has ended, or before: both are fine. */
void node_events_free(struct node_events *events);
/* Something was told: every stream gets it. */
void node_events_told(struct node_events *events);

/* The number in a Last-Event-ID or `after`; NULL: from now on. ERR_SYNTAX when it is no number of 1 to 20 digits. */
int node_events_read_id(const struct node_events *events, const char *text, uint64_t *ret_after) MUST_CHECK;
/* Who reads a stream, as he was admitted to it. */
struct node_events_guest {
    struct caller caller;
    struct key_hash session;                /* USER: its hash */
    uint8_t token[ACCOUNTS_TOKEN_ID_BYTES]; /* TOKEN */
};
/* Makes the request a stream of what follows `after` (0: of all that is kept) and takes it; guest is copied. ERR_BUSY:
 * too many streams, the request is untouched. */
int node_events_open(struct node_events *events, struct http_request *request, uint64_t after,
                     const struct node_events_guest *guest) MUST_CHECK;
/* Who answers whether a guest may still read; NULL: everybody may. */
typedef bool node_events_admits(void *ctx, const struct node_events_guest *guest);
void node_events_guard(struct node_events *events, node_events_admits *admits, void *ctx);
/* Rights have changed: ends the streams of those who may not read any more. */
void node_events_review(struct node_events *events);
const struct node_events_counters *node_events_counters(const struct node_events *events);

#endif
