/* router - from numbers to the roster's places and back around proto/route. Must never take a recipient away. */
#include "relay/router.h"

static struct route_query router_query(struct registry *registry, const struct router_query *query)
{
    route_set_clear(&registry->granted);
    for (size_t i = 0; i < query->holder_count; i++) {
        const struct registry_member *holder = registry_at(registry, query->holders[i]);
        if (holder->place != ROSTER_NONE)
            route_set_add(&registry->granted, holder->place);
    }
    return (struct route_query){.sender = query->sender, .route = query->route, .granted = &registry->granted};
}

const struct route_set *router_route(struct registry *registry, const struct router_query *query,
                                     uint16_t *ret_unreached, size_t *ret_unreached_count)
{
    struct route_query route = router_query(registry, query);

    route_set_clear(&registry->routed);
    route_compute(registry->index, &route, &registry->routed, ret_unreached, ret_unreached_count);
    return &registry->routed;
}

bool router_reaches(struct registry *registry, const struct router_query *query, const struct registry_member *member)
{
    struct route_query route = router_query(registry, query);

    return member->place != ROSTER_NONE && route_reaches(registry->index, &route, member->place);
}

enum router_verdict router_judge(const struct registry *registry, const char *member, uint64_t sender_version,
                                 int64_t now_us)
{
    const struct registry_member *known = registry_find(registry, member);

    switch (known ? registry_standing(registry, known, now_us) : 0) {
    case HOTLINE__STANDING__CODE__ACTIVE:
    case HOTLINE__STANDING__CODE__SUSPENDED:
        return ROUTER_KEEP;
    case HOTLINE__STANDING__CODE__WITHDRAWN:
        return ROUTER_WITHDRAWN;
    default:
        return sender_version > roster_version(registry->roster) && key_name_ok(member) ? ROUTER_KEEP_UNSEEN :
                                                                                          ROUTER_UNKNOWN;
    }
}

const char *router_why(enum router_verdict verdict)
{
    return verdict == ROUTER_WITHDRAWN ? "WITHDRAWN" : verdict == ROUTER_UNKNOWN ? "UNKNOWN" : NULL;
}
