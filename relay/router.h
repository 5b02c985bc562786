/*
 * router - proto's routing rule applied to the relay's registry: who should have an envelope, and whose grant is kept.
 * Pure: only ever adds recipients; a grant is left out for a withdrawn or unknown member alone.
 */
#ifndef RELAY_ROUTER_H
#define RELAY_ROUTER_H

#include "relay/registry.h"

/* What the rule looks at. holders: numbers of the members that were granted an earlier revision. */
struct router_query {
    const char *sender;
    const Hotline__Route *route;
    const uint32_t *holders;
    size_t holder_count;
};

enum router_verdict {
    ROUTER_KEEP,        /* ACTIVE or SUSPENDED */
    ROUTER_KEEP_UNSEEN, /* unknown here, but the sender's roster is newer */
    ROUTER_WITHDRAWN,
    ROUTER_UNKNOWN
};

/* Who is routed, as places of the current roster: the registry's scratch set, valid until the next call.
 * ret_unreached (room for LIMIT_COUNTRIES, or NULL) gets the country indexes with nobody ACTIVE. */
const struct route_set *router_route(struct registry *registry, const struct router_query *query,
                                     uint16_t *ret_unreached, size_t *ret_unreached_count);
/* The same for one member alone. */
bool router_reaches(struct registry *registry, const struct router_query *query, const struct registry_member *member);
/* Whether a grant for this member id is kept; sender_version: the roster that the sender held. */
enum router_verdict router_judge(const struct registry *registry, const char *member, uint64_t sender_version,
                                 int64_t now_us);
/* "WITHDRAWN", "UNKNOWN"; NULL for a kept one. */
const char *router_why(enum router_verdict verdict);

#endif
