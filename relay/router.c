/* router - from numbers to the roster's places and back around proto/route. Must never take a recipient away. */
#include "relay/router.h"

static struct route_query router_query(struct directory *directory, const struct router_query *query)
{
    route_set_clear(&directory->granted);
    for (size_t i = 0; i < query->holder_count; i++) {
        const struct directory_member *holder = directory_at(directory, query->holders[i]);
        if (holder->place != ROSTER_NONE)
            route_set_add(&directory->granted, holder->place);
    }
    return (struct route_query){.sender = query->sender, .route = query->route, .granted = &directory->granted};
}

const struct route_set *router_route(struct directory *directory, const struct router_query *query,
                                     uint16_t *ret_unreached, size_t *ret_unreached_count)
{
    struct route_query route = router_query(directory, query);

    route_set_clear(&directory->routed);
    route_compute(directory->index, &route, &directory->routed, ret_unreached, ret_unreached_count);
    return &directory->routed;
}

bool router_reaches(struct directory *directory, const struct router_query *query, const struct directory_member *member)
{
    struct route_query route = router_query(directory, query);

    return member->place != ROSTER_NONE && route_reaches(directory->index, &route, member->place);
}

enum router_verdict router_judge(const struct directory *directory, const char *member, uint64_t sender_version, int64_t now_us)
{
    const struct directory_member *known = directory_find(directory, member);

    switch (known ? directory_standing(directory, known, now_us) : 0) {
    case HOTLINE__STANDING__CODE__ACTIVE:
    case HOTLINE__STANDING__CODE__SUSPENDED:
        return ROUTER_KEEP;
    case HOTLINE__STANDING__CODE__WITHDRAWN:
        return ROUTER_WITHDRAWN;
    default:
        return sender_version > roster_version(directory->roster) && key_name_ok(member) ? ROUTER_KEEP_UNSEEN : ROUTER_UNKNOWN;
    }
}

const char *router_why(enum router_verdict verdict)
{
    return verdict == ROUTER_WITHDRAWN ? "WITHDRAWN" : verdict == ROUTER_UNKNOWN ? "UNKNOWN" : NULL;
}
