/*
 * route - the one routing rule, used by the sender's node and by every relay, so that both compute the same set.
 *
 * To every ACTIVE or SUSPENDED member other than the sender
 *   whose role is in the audience and whose country is concerned, or
 *   whose role is in the audience and who subscribes, as its roster entry allows, to the sender's country or a
 * concerned one, unless the route is restricted, or who is named, or who was granted an earlier revision of the case.
 * Sets of members are bit sets over the roster's dense indexes: one envelope costs (members / 64) words a country.
 */
#ifndef PROTO_ROUTE_H
#define PROTO_ROUTE_H

#include "card.h"

/* A set of member indexes. */
struct route_set {
    uint64_t *words;
    size_t count; /* bits */
};
int route_set_init(struct route_set *set, size_t count) MUST_CHECK;
void route_set_done(struct route_set *set);
void route_set_clear(struct route_set *set);
void route_set_add(struct route_set *set, size_t index);
void route_set_remove(struct route_set *set, size_t index);
bool route_set_has(const struct route_set *set, size_t index);
size_t route_set_size(const struct route_set *set);
/* The first member at or after `from`; SIZE_MAX when there is none: for (i = route_set_next(s, 0); i != SIZE_MAX; i =
 * route_set_next(s, i + 1)). */
size_t route_set_next(const struct route_set *set, size_t from);

/* The roster and the cards, arranged by country, role and standing. Rebuilt for a new roster; told of each card. */
struct route_index;
int route_index_new(const struct roster *roster, int64_t now_us, struct route_index **ret_index) MUST_CHECK;
void route_index_free(struct route_index *index);
/* A member's subscriptions, cut down to what its roster entry allows. */
void route_index_card(struct route_index *index, size_t member, const struct card *card);

/* What the rule looks at, from a header that passed wire_unpack. */
struct route_query {
    const char *sender;
    const Hotline__Route *route;
    const struct route_set *granted; /* earlier revisions' recipients, over the same roster; or NULL */
};

/* Puts the whole rule's answer into ret_set (initialised for this roster's member count). Unknown countries and members
 * of the route concern nobody. ret_unreached (may be NULL) gets the concerned countries with nobody ACTIVE in the
 * audience, as country indexes, at most LIMIT_COUNTRIES; *ret_unreached_count how many. */
void route_compute(const struct route_index *index, const struct route_query *query, struct route_set *ret_set,
                   uint16_t *ret_unreached, size_t *ret_unreached_count);
/* The same rule for one member alone. */
bool route_reaches(const struct route_index *index, const struct route_query *query, size_t member);

/* Checks a route by itself: countries exist, no duplicates, somebody is meant. The note names the field. */
int route_check(const Hotline__Route *route, struct err_note *note) MUST_CHECK;

#endif
