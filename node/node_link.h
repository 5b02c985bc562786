/*
 * node_link - the shell between the core's uplinks and ZeroMQ: one DEALER per relay of the roster, at once and always.
 *
 * A slot here is a slot of the core (node_uplink). The core hands messages to node_link_send; what comes, and every
 * change of a connection, goes to node_receive and node_link. After each input `touched` is called, so that the owner
 * ends the turn (node_flush) once for all that came together. Deciding what is said is the core's; trying again to
 * connect is proto/zlink's; going on to a relay's next endpoint, when one does not answer, is done here.
 */
#ifndef NODE_NODE_LINK_H
#define NODE_NODE_LINK_H

#include "node/node.h"
#include "proto/zlink.h"

/* A relay's endpoint that did not connect for so long gives way to its next one. */
#define NODE_LINK_ENDPOINT_US (15 * INT64_C(1000000))

struct node_links;

/* Without a node yet: the core needs node_link_send and node_link_reconcile before it exists. ERR_NOMEM. */
int node_link_new(struct zlink_context *context, loop_fn *touched, void *ctx, struct node_links **ret_links) MUST_CHECK;
/* Gives it the core and opens its links. */
void node_link_attach(struct node_links *links, struct node *node);
/* Takes the core away: what comes is dropped, Goodbyes still leave. */
void node_link_detach(struct node_links *links);
void node_link_free(struct node_links *links);

/* node_io.send and node_io.relays_changed; ctx is the struct node_links. */
int node_link_send(void *links, size_t slot, struct slice message) MUST_CHECK;
void node_link_reconcile(void *links);
/* A few times a second. */
void node_link_tick(struct node_links *links, int64_t steady_us);

/* For metrics: of a slot; NULL when there is no link. */
const struct zlink_counters *node_link_counters(const struct node_links *links, size_t slot);
const char *node_link_endpoint(const struct node_links *links, size_t slot);

#endif
