/*
 * registry - the roster, the cards and the members' numbers in memory.
 * Must never verify anything itself (proto/roster and proto/card do), nor store anything.
 */
#include "relay/registry.h"

void registry_init(struct registry *registry)
{
    *registry = (struct registry){0};
    lookup_init(&registry->by_id, offsetof(struct registry_member, id), LIMIT_ID_CHARS + 1);
}

void registry_done(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->members[i]->has_card)
            card_done(&registry->members[i]->card);
        free(registry->members[i]);
    }
    for (size_t i = 0; i < registry->page_count; i++)
        buf_free(&registry->pages[i].signed_roster);
    free(registry->members);
    free(registry->pages);
    free(registry->by_place);
    lookup_done(&registry->by_id);
    route_set_done(&registry->routed);
    route_set_done(&registry->granted);
    route_index_free(registry->index);
    roster_free(registry->roster);
    *registry = (struct registry){0};
}

struct registry_member *registry_at(const struct registry *registry, uint32_t number)
{
    CHECK(number < registry->count);
    return registry->members[number];
}

/* A zero-padded key of an id; false when it is too long to be one. */
static bool registry_key(const char *id, char key[static LIMIT_ID_CHARS + 1])
{
    size_t len = strlen(id);

    memset(key, 0, LIMIT_ID_CHARS + 1);
    if (len > LIMIT_ID_CHARS)
        return false;
    memcpy(key, id, len);
    return true;
}

struct registry_member *registry_find(const struct registry *registry, const char *id)
{
    char key[LIMIT_ID_CHARS + 1];

    return registry_key(id, key) ? lookup_find(&registry->by_id, key) : NULL;
}

struct registry_member *registry_placed(const struct registry *registry, size_t place)
{
    return registry_at(registry, registry->by_place[place]);
}

static int registry_room(struct registry *registry)
{
    size_t capacity = registry->capacity ? registry->capacity * 2 : 64;
    struct registry_member **members;

    if (registry->count < registry->capacity)
        return OK;
    members = realloc(registry->members, capacity * sizeof(*members));
    if (!members)
        return ERR_NOMEM;
    registry->members = members;
    registry->capacity = capacity;
    return OK;
}

int registry_meet(struct registry *registry, const char *id, bool *ret_new, struct registry_member **ret_member)
{
    struct registry_member *member = registry_find(registry, id);
    char key[LIMIT_ID_CHARS + 1];

    *ret_new = false;
    if (member) {
        *ret_member = member;
        return OK;
    }
    if (!registry_key(id, key) || registry->count >= REGISTRY_NONE)
        return ERR_LIMIT;
    if (registry_room(registry))
        return ERR_NOMEM;
    member = calloc(1, sizeof *member);
    if (!member)
        return ERR_NOMEM;
    memcpy(member->id, key, sizeof key);
    member->number = (uint32_t)registry->count;
    member->place = ROSTER_NONE;
    if (lookup_add(&registry->by_id, member)) {
        free(member);
        return ERR_NOMEM;
    }
    registry->members[registry->count++] = member;
    *ret_new = true;
    *ret_member = member;
    return OK;
}

int registry_standing(const struct registry *registry, const struct registry_member *member, int64_t now_us)
{
    if (!registry->roster || member->place == ROSTER_NONE)
        return 0;
    return (int)roster_standing(registry->roster, member->place, now_us);
}

static int registry_add_page(struct registry *registry, const struct roster *roster)
{
    const struct roster_trust *before = registry->roster ? roster_next_trust(registry->roster) : NULL;
    struct registry_page page = {.version = roster_version(roster)};
    struct registry_page *pages;
    size_t kept = 0;

    pages = realloc(registry->pages, (registry->page_count + 1) * sizeof(*pages));
    if (!pages)
        return ERR_NOMEM;
    registry->pages = pages;
    buf_init(&page.signed_roster);
    buf_add_slice(&page.signed_roster, roster_signed(roster));
    if (buf_broken(&page.signed_roster)) {
        buf_free(&page.signed_roster);
        return ERR_NOMEM;
    }
    page.changes = before && roster_changes_trust(roster, before);
    for (size_t i = 0; i < registry->page_count; i++) {
        if (!pages[i].changes)
            buf_free(&pages[i].signed_roster);
        else
            pages[kept++] = pages[i];
    }
    pages[kept++] = page;
    registry->page_count = kept;
    return OK;
}

/* Puts the cards of those on the roster into a fresh index, which becomes the registry's. */
static void registry_use(struct registry *registry, struct route_index *index)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct registry_member *member = registry->members[i];
        if (member->has_card && member->place != ROSTER_NONE)
            route_index_card(index, member->place, &member->card);
    }
    route_index_free(registry->index);
    registry->index = index;
}

int registry_refresh(struct registry *registry, int64_t now_us)
{
    struct route_index *index;
    int error = route_index_new(registry->roster, now_us, &index);

    if (!error)
        registry_use(registry, index);
    return error;
}

/* Which number stands at which place of this roster. */
static void registry_arrange(struct registry *registry, const struct roster *roster, uint32_t *by_place)
{
    for (size_t i = 0; i < registry->count; i++)
        registry->members[i]->place = ROSTER_NONE;
    for (size_t i = 0; i < roster_member_count(roster); i++) {
        struct registry_member *member = registry_find(registry, roster_member(roster, i)->id);
        CHECK(member);
        member->place = i;
        by_place[i] = member->number;
    }
}

int registry_adopt(struct registry *registry, struct roster *roster, int64_t now_us)
{
    size_t count = roster_member_count(roster);
    uint32_t *by_place = calloc(count + 1, sizeof *by_place);
    struct route_set routed = {0}, granted = {0};
    struct roster *before = registry->roster;
    struct route_index *index = NULL;
    int error = by_place ? OK : ERR_NOMEM;

    if (!error)
        error = route_set_init(&routed, count);
    if (!error)
        error = route_set_init(&granted, count);
    if (!error)
        error = route_index_new(roster, now_us, &index);
    if (!error)
        error = registry_add_page(registry, roster);
    if (error) {
        free(by_place);
        route_index_free(index);
        route_set_done(&routed);
        route_set_done(&granted);
        return error;
    }
    registry_arrange(registry, roster, by_place);
    route_set_done(&registry->routed);
    route_set_done(&registry->granted);
    free(registry->by_place);
    registry->routed = routed;
    registry->granted = granted;
    registry->by_place = by_place;
    registry->roster = roster;
    registry_use(registry, index);
    roster_free(before);
    return OK;
}

void registry_set_card(struct registry *registry, struct registry_member *member, struct card *card)
{
    if (member->has_card)
        card_done(&member->card);
    member->card = *card;
    member->has_card = true;
    if (registry->index && member->place != ROSTER_NONE)
        route_index_card(registry->index, member->place, &member->card);
}
