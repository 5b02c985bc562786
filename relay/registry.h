/*
 * registry - who is who for the relay: the roster, all rosters to hand on, the cards, and a number for each member that
 * never changes (rosters renumber their members; what is stored must not).
 *
 * Numbers count from 0 in the order in which ids were first met, and are stored by the caller. Members are never freed
 * before the registry is: their ids may be kept by pointer.
 */
#ifndef RELAY_REGISTRY_H
#define RELAY_REGISTRY_H

#include "proto/card.h"
#include "proto/lookup.h"
#include "proto/roster.h"
#include "proto/route.h"

#define REGISTRY_NONE UINT32_MAX

struct registry_member {
    char id[LIMIT_ID_CHARS + 1]; /* zero-padded: the table's key */
    uint32_t number;
    size_t place; /* on the roster; ROSTER_NONE: not on it */
    bool has_card;
    struct card card;
};

/* A roster as it came, to hand on. */
struct registry_page {
    uint64_t version;
    bool changes; /* it changed the authority's keys */
    struct buf signed_roster;
};

struct registry {
    struct roster *roster; /* NULL before the first */
    struct route_index *index;
    struct registry_member **members;
    size_t count, capacity;
    struct lookup by_id;
    uint32_t *by_place;
    struct registry_page *pages;
    size_t page_count;
    struct route_set routed, granted; /* scratch of the router, for this roster's member count */
};

void registry_init(struct registry *registry);
void registry_done(struct registry *registry);

/* The member of this number (CHECKed), of this id, at this roster index. find: NULL when the id was never met. */
struct registry_member *registry_at(const struct registry *registry, uint32_t number);
struct registry_member *registry_find(const struct registry *registry, const char *id);
struct registry_member *registry_placed(const struct registry *registry, size_t place);
/* The member with this id; *ret_new says that it was never met and got the next number (store it). ERR_NOMEM. */
int registry_meet(struct registry *registry, const char *id, bool *ret_new,
                  struct registry_member **ret_member) MUST_CHECK;

/* The standing on the roster now; 0 when it is not on it. */
int registry_standing(const struct registry *registry, const struct registry_member *member, int64_t now_us);

/* Makes this roster the current one and adds it to what is handed on (pages that no follower needs any more go: all
 * before it that did not change the authority's keys). Every member of it must have
 * been met. Takes the roster on success. ERR_NOMEM. */
int registry_adopt(struct registry *registry, struct roster *roster, int64_t now_us) MUST_CHECK;
/* Standings depend on the day: computes the routing index anew. ERR_NOMEM. */
int registry_refresh(struct registry *registry, int64_t now_us) MUST_CHECK;
/* Takes a verified card as the member's newest. */
void registry_set_card(struct registry *registry, struct registry_member *member, struct card *card);

#endif
