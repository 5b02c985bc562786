/*
 * directory - the roster, the cards and the members' numbers in memory.
 * Must never verify anything itself (proto/roster and proto/card do), nor store anything.
 */
#include "relay/directory.h"

void directory_init(struct directory *directory)
{
    *directory = (struct directory){0};
    lookup_init(&directory->by_id, offsetof(struct directory_member, id), LIMIT_ID_CHARS + 1);
}

void directory_done(struct directory *directory)
{
    for (size_t i = 0; i < directory->count; i++) {
        if (directory->members[i]->has_card)
            card_done(&directory->members[i]->card);
        free(directory->members[i]);
    }
    for (size_t i = 0; i < directory->page_count; i++)
        buf_free(&directory->pages[i].signed_roster);
    free(directory->members);
    free(directory->pages);
    free(directory->by_place);
    lookup_done(&directory->by_id);
    route_set_done(&directory->routed);
    route_set_done(&directory->granted);
    route_index_free(directory->index);
    roster_free(directory->roster);
    *directory = (struct directory){0};
}

struct directory_member *directory_at(const struct directory *directory, uint32_t number)
{
    CHECK(number < directory->count);
    return directory->members[number];
}

/* A zero-padded key of an id; false when it is too long to be one. */
static bool directory_key(const char *id, char key[static LIMIT_ID_CHARS + 1])
{
    size_t len = strlen(id);

    memset(key, 0, LIMIT_ID_CHARS + 1);
    if (len > LIMIT_ID_CHARS)
        return false;
    memcpy(key, id, len);
    return true;
}

struct directory_member *directory_find(const struct directory *directory, const char *id)
{
    char key[LIMIT_ID_CHARS + 1];

    return directory_key(id, key) ? lookup_find(&directory->by_id, key) : NULL;
}

struct directory_member *directory_placed(const struct directory *directory, size_t place)
{
    return directory_at(directory, directory->by_place[place]);
}

static int directory_room(struct directory *directory)
{
    size_t capacity = directory->capacity ? directory->capacity * 2 : 64;
    struct directory_member **members;

    if (directory->count < directory->capacity)
        return OK;
    members = realloc(directory->members, capacity * sizeof(*members));
    if (!members)
        return ERR_NOMEM;
    directory->members = members;
    directory->capacity = capacity;
    return OK;
}

int directory_meet(struct directory *directory, const char *id, bool *ret_new, struct directory_member **ret_member)
{
    struct directory_member *member = directory_find(directory, id);
    char key[LIMIT_ID_CHARS + 1];

    *ret_new = false;
    if (member) {
        *ret_member = member;
        return OK;
    }
    if (!directory_key(id, key) || directory->count >= DIRECTORY_NONE)
        return ERR_LIMIT;
    if (directory_room(directory))
        return ERR_NOMEM;
    member = calloc(1, sizeof *member);
    if (!member)
        return ERR_NOMEM;
    memcpy(member->id, key, sizeof key);
    member->number = (uint32_t)directory->count;
    member->place = ROSTER_NONE;
    if (lookup_add(&directory->by_id, member)) {
        free(member);
        return ERR_NOMEM;
    }
    directory->members[directory->count++] = member;
    *ret_new = true;
    *ret_member = member;
    return OK;
}

int directory_standing(const struct directory *directory, const struct directory_member *member, int64_t now_us)
{
    if (!directory->roster || member->place == ROSTER_NONE)
        return 0;
    return (int)roster_standing(directory->roster, member->place, now_us);
}

static int directory_add_page(struct directory *directory, const struct roster *roster)
{
    const struct roster_trust *before = directory->roster ? roster_next_trust(directory->roster) : NULL;
    struct directory_page page = {.version = roster_version(roster)};
    struct directory_page *pages;
    size_t kept = 0;

    pages = realloc(directory->pages, (directory->page_count + 1) * sizeof(*pages));
    if (!pages)
        return ERR_NOMEM;
    directory->pages = pages;
    buf_init(&page.signed_roster);
    buf_add_slice(&page.signed_roster, roster_signed(roster));
    if (buf_broken(&page.signed_roster)) {
        buf_free(&page.signed_roster);
        return ERR_NOMEM;
    }
    page.changes = before && roster_changes_trust(roster, before);
    for (size_t i = 0; i < directory->page_count; i++) {
        if (page.changes && !pages[i].changes)
            buf_free(&pages[i].signed_roster);
        else
            pages[kept++] = pages[i];
    }
    pages[kept++] = page;
    directory->page_count = kept;
    return OK;
}

/* Puts the cards of those on the roster into a fresh index, which becomes the directory's. */
static void directory_use(struct directory *directory, struct route_index *index)
{
    for (size_t i = 0; i < directory->count; i++) {
        const struct directory_member *member = directory->members[i];
        if (member->has_card && member->place != ROSTER_NONE)
            route_index_card(index, member->place, &member->card);
    }
    route_index_free(directory->index);
    directory->index = index;
}

int directory_refresh(struct directory *directory, int64_t now_us)
{
    struct route_index *index;
    int error = route_index_new(directory->roster, now_us, &index);

    if (!error)
        directory_use(directory, index);
    return error;
}

/* Which number stands at which place of this roster. */
static void directory_arrange(struct directory *directory, const struct roster *roster, uint32_t *by_place)
{
    for (size_t i = 0; i < directory->count; i++)
        directory->members[i]->place = ROSTER_NONE;
    for (size_t i = 0; i < roster_member_count(roster); i++) {
        struct directory_member *member = directory_find(directory, roster_member(roster, i)->id);
        CHECK(member);
        member->place = i;
        by_place[i] = member->number;
    }
}

int directory_adopt(struct directory *directory, struct roster *roster, int64_t now_us)
{
    size_t count = roster_member_count(roster);
    uint32_t *by_place = calloc(count + 1, sizeof *by_place);
    struct route_set routed = {0}, granted = {0};
    struct roster *before = directory->roster;
    struct route_index *index = NULL;
    int error = by_place ? OK : ERR_NOMEM;

    if (!error)
        error = route_set_init(&routed, count);
    if (!error)
        error = route_set_init(&granted, count);
    if (!error)
        error = route_index_new(roster, now_us, &index);
    if (!error)
        error = directory_add_page(directory, roster);
    if (error) {
        free(by_place);
        route_index_free(index);
        route_set_done(&routed);
        route_set_done(&granted);
        return error;
    }
    directory_arrange(directory, roster, by_place);
    route_set_done(&directory->routed);
    route_set_done(&directory->granted);
    free(directory->by_place);
    directory->routed = routed;
    directory->granted = granted;
    directory->by_place = by_place;
    directory->roster = roster;
    directory_use(directory, index);
    roster_free(before);
    return OK;
}

void directory_set_card(struct directory *directory, struct directory_member *member, struct card *card)
{
    if (member->has_card)
        card_done(&member->card);
    member->card = *card;
    member->has_card = true;
    if (directory->index && member->place != ROSTER_NONE)
        route_index_card(directory->index, member->place, &member->card);
}
