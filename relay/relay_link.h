/*
 * relay_link - the relay's shell: ROUTER and gate on one side, the core on the other.
 *
 * Frames for one connection are gathered into one message until the end of the turn or LIMIT_GATHER_BYTES: per-message
 * overhead is what fan-out costs. A frame that does not fit goes alone. Nothing here decides anything.
 */
#ifndef RELAY_RELAY_LINK_H
#define RELAY_RELAY_LINK_H

#include "proto/key.h"
#include "proto/zlink.h"
#include "relay/gate.h"
#include "relay/relay.h"

struct relay_link;

/* The core's store failed: the program must end with status 1. */
typedef void relay_link_failed(void *ctx, int error, const char *text);

/* Puts the gate up. Errors as gate_new. */
int relay_link_new(struct loop *loop, struct zlink_context *context, relay_link_failed *on_failed, void *ctx,
                   struct err_note *note, struct relay_link **ret_link) MUST_CHECK;
/* What the core needs: valid as long as the link. */
struct relay_io relay_link_io(struct relay_link *link);
/* Binds the ROUTER and begins to serve this relay, ticking it. Errors as zlink_router. */
int relay_link_bind(struct relay_link *link, struct relay *relay, const char *endpoint, const struct key_set *keys,
                    struct err_note *note) MUST_CHECK;
/* The bound endpoint, with its real port. */
const char *relay_link_endpoint(const struct relay_link *link);
/* Hands everything gathered to ZeroMQ now. */
void relay_link_flush(struct relay_link *link);
const struct zlink_counters *relay_link_counters(const struct relay_link *link);
const struct gate_counters *relay_link_gate(const struct relay_link *link);
/* When the core was last ticked, by the steady clock. */
int64_t relay_link_ticked_us(const struct relay_link *link);
/* Drops what is unsent. The relay is not touched any more. NULL is fine. */
void relay_link_free(struct relay_link *link);

#endif
