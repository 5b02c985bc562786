/*
 * route: who an envelope is for. Decides by roster, cards and header alone, so that node and relay agree; never by who
 * is connected, nor by what a sender would like.
 */
#include "route.h"

#include "country.h"

#define ROLES 5 /* Role.Code counts from 1 */

/* One bit per country. */
struct route_countries {
    uint8_t bits[LIMIT_COUNTRIES / 8];
};
_Static_assert(COUNTRY_COUNT <= LIMIT_COUNTRIES, "a card's and a member's country sets hold every country");

/* What the rule needs of one member. */
struct route_member {
    int country;                /* -1: unknown */
    struct route_countries may; /* subscribe to */
    struct route_countries subscribes;
};

struct route_index {
    const struct roster *roster;
    size_t count; /* of members */
    struct route_member *members;
    uint64_t *words;           /* of all sets below, in one piece */
    struct route_set receives; /* ACTIVE or SUSPENDED */
    struct route_set active;
    struct route_set roles[ROLES];
    struct route_set located[COUNTRY_COUNT];
    struct route_set subscribed[COUNTRY_COUNT];
};

#define INDEX_SETS (2 + ROLES + 2 * COUNTRY_COUNT)

static size_t words_of(size_t count)
{
    return (count + 63) / 64;
}

/* --- sets --- */

int route_set_init(struct route_set *set, size_t count)
{
    uint64_t *words = calloc(words_of(count) + 1, sizeof *words); /* never an empty allocation */
    if (words == NULL)
        return ERR_NOMEM;
    *set = (struct route_set){.words = words, .count = count};
    return OK;
}

void route_set_done(struct route_set *set)
{
    free(set->words);
    *set = (struct route_set){0};
}

void route_set_clear(struct route_set *set)
{
    if (set->count > 0)
        memset(set->words, 0, words_of(set->count) * sizeof set->words[0]);
}

void route_set_add(struct route_set *set, size_t index)
{
    CHECK(index < set->count);
    set->words[index / 64] |= UINT64_C(1) << (index % 64);
}

void route_set_remove(struct route_set *set, size_t index)
{
    CHECK(index < set->count);
    set->words[index / 64] &= ~(UINT64_C(1) << (index % 64));
}

bool route_set_has(const struct route_set *set, size_t index)
{
    return index < set->count && ((set->words[index / 64] >> (index % 64)) & 1) != 0;
}

size_t route_set_size(const struct route_set *set)
{
    size_t size = 0;
    for (size_t i = 0; i < words_of(set->count); i++)
        size += (size_t)__builtin_popcountll(set->words[i]);
    return size;
}

size_t route_set_next(const struct route_set *set, size_t from)
{
    if (from >= set->count)
        return SIZE_MAX;
    size_t word = from / 64;
    uint64_t rest = set->words[word] & (UINT64_MAX << (from % 64));
    while (rest == 0) {
        if (++word >= words_of(set->count))
            return SIZE_MAX;
        rest = set->words[word];
    }
    return word * 64 + (size_t)__builtin_ctzll(rest);
}

/* --- the index --- */

static bool country_bit(const struct route_countries *set, int country)
{
    return country >= 0 && ((set->bits[country / 8] >> (country % 8)) & 1) != 0;
}

static void fill_may_subscribe(const Hotline__Member *member, struct route_countries *may)
{
    if (member->n_may_subscribe == 0)
        memset(may->bits, 0xff, sizeof may->bits);
    for (size_t i = 0; i < member->n_may_subscribe; i++) {
        int country = country_index(member->may_subscribe[i]);
        if (country >= 0)
            may->bits[country / 8] |= (uint8_t)(1u << (country % 8));
    }
}

static void place_member(struct route_index *index, size_t i, int64_t now_us)
{
    const Hotline__Member *member = roster_member(index->roster, i);
    struct route_member *place = &index->members[i];
    Hotline__Standing__Code standing = roster_standing(index->roster, i, now_us);
    place->country = country_index(member->country);
    fill_may_subscribe(member, &place->may);
    if (place->country >= 0)
        route_set_add(&index->located[place->country], i);
    if ((size_t)member->role < ROLES)
        route_set_add(&index->roles[member->role], i);
    if (standing == HOTLINE__STANDING__CODE__ACTIVE)
        route_set_add(&index->active, i);
    if (standing == HOTLINE__STANDING__CODE__ACTIVE || standing == HOTLINE__STANDING__CODE__SUSPENDED)
        route_set_add(&index->receives, i);
}

static struct route_set next_set(struct route_index *index, size_t *used)
{
    return (struct route_set){.words = index->words + (*used)++ * words_of(index->count), .count = index->count};
}

static void lay_out(struct route_index *index)
{
    size_t used = 0;
    index->receives = next_set(index, &used);
    index->active = next_set(index, &used);
    for (size_t i = 0; i < ROLES; i++)
        index->roles[i] = next_set(index, &used);
    for (size_t i = 0; i < COUNTRY_COUNT; i++) {
        index->located[i] = next_set(index, &used);
        index->subscribed[i] = next_set(index, &used);
    }
    CHECK(used == INDEX_SETS);
}

int route_index_new(const struct roster *roster, int64_t now_us, struct route_index **ret_index)
{
    struct route_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return ERR_NOMEM;
    index->roster = roster;
    index->count = roster_member_count(roster);
    index->members = calloc(index->count + 1, sizeof *index->members);
    index->words = calloc(INDEX_SETS * words_of(index->count) + 1, sizeof *index->words);
    if (index->members == NULL || index->words == NULL) {
        route_index_free(index);
        return ERR_NOMEM;
    }
    lay_out(index);
    for (size_t i = 0; i < index->count; i++)
        place_member(index, i, now_us);
    *ret_index = index;
    return OK;
}

void route_index_free(struct route_index *index)
{
    if (index == NULL)
        return;
    free(index->words);
    free(index->members);
    free(index);
}

void route_index_card(struct route_index *index, size_t member, const struct card *card)
{
    CHECK(member < index->count);
    struct route_member *place = &index->members[member];
    struct route_countries now;
    for (size_t i = 0; i < sizeof now.bits; i++)
        now.bits[i] = card->subscriptions[i] & place->may.bits[i];
    for (int country = 0; country < COUNTRY_COUNT; country++) {
        bool was = country_bit(&place->subscribes, country), is = country_bit(&now, country);
        if (is && !was)
            route_set_add(&index->subscribed[country], member);
        if (was && !is)
            route_set_remove(&index->subscribed[country], member);
    }
    place->subscribes = now;
}

/* --- the rule --- */

/* A query, looked up: what both forms of the rule start from. */
struct route_ask {
    size_t sender;      /* ROSTER_NONE: not on this roster */
    int sender_country; /* -1: unknown */
    bool restricted;
    bool roles[ROLES]; /* the audience */
};

static struct route_ask look_up(const struct route_index *index, const struct route_query *query)
{
    const Hotline__Route *route = query->route;
    struct route_ask ask = {.sender = roster_find(index->roster, query->sender), .sender_country = -1};
    if (ask.sender != ROSTER_NONE)
        ask.sender_country = index->members[ask.sender].country;
    ask.restricted = route->has_restricted && route->restricted;
    for (size_t i = 0; i < route->n_audience; i++)
        if ((size_t)route->audience[i] < ROLES)
            ask.roles[route->audience[i]] = true;
    if (route->n_audience == 0)
        ask.roles[HOTLINE__ROLE__CODE__HOTLINE] = true;
    return ask;
}

static uint64_t audience_word(const struct route_index *index, const struct route_ask *ask, size_t word)
{
    uint64_t bits = 0;
    for (size_t role = 0; role < ROLES; role++)
        if (ask->roles[role])
            bits |= index->roles[role].words[word];
    return bits;
}

static void add_words(struct route_set *to, const struct route_set *from)
{
    for (size_t i = 0; i < words_of(to->count); i++)
        to->words[i] |= from->words[i];
}

static void add_country(const struct route_index *index, const struct route_ask *ask, int country, struct route_set *to)
{
    add_words(to, &index->located[country]);
    if (!ask->restricted)
        add_words(to, &index->subscribed[country]);
}

static bool has_active(const struct route_index *index, const struct route_ask *ask, int country)
{
    const struct route_set *located = &index->located[country];
    for (size_t i = 0; i < words_of(index->count); i++) {
        uint64_t bits = located->words[i] & index->active.words[i] & audience_word(index, ask, i);
        if (ask->sender != ROSTER_NONE && ask->sender / 64 == i)
            bits &= ~(UINT64_C(1) << (ask->sender % 64));
        if (bits != 0)
            return true;
    }
    return false;
}

static void add_granted(const struct route_set *granted, struct route_set *to)
{
    CHECK(granted->count == to->count); /* sets of another roster mean other members */
    add_words(to, granted);
}

void route_compute(const struct route_index *index, const struct route_query *query, struct route_set *ret_set,
                   uint16_t *ret_unreached, size_t *ret_unreached_count)
{
    CHECK(ret_set->count == index->count);
    const Hotline__Route *route = query->route;
    struct route_ask ask = look_up(index, query);
    bool seen[COUNTRY_COUNT] = {false};
    size_t unreached = 0;

    route_set_clear(ret_set);
    for (size_t i = 0; i < route->n_countries; i++) {
        int country = country_index(route->countries[i]);
        if (country < 0 || seen[country])
            continue;
        seen[country] = true;
        add_country(index, &ask, country, ret_set);
        if (ret_unreached != NULL && !has_active(index, &ask, country))
            ret_unreached[unreached++] = (uint16_t)country;
    }
    if (!ask.restricted && ask.sender_country >= 0)
        add_words(ret_set, &index->subscribed[ask.sender_country]);
    for (size_t i = 0; i < words_of(index->count); i++)
        ret_set->words[i] &= audience_word(index, &ask, i);

    for (size_t i = 0; i < route->n_members; i++) {
        size_t named = roster_find(index->roster, route->members[i]);
        if (named != ROSTER_NONE)
            route_set_add(ret_set, named);
    }
    if (query->granted != NULL)
        add_granted(query->granted, ret_set);
    for (size_t i = 0; i < words_of(index->count); i++)
        ret_set->words[i] &= index->receives.words[i];
    if (ask.sender != ROSTER_NONE)
        route_set_remove(ret_set, ask.sender);
    if (ret_unreached_count != NULL)
        *ret_unreached_count = unreached;
}

static bool in_audience(const struct route_index *index, const struct route_ask *ask, size_t member)
{
    for (size_t role = 0; role < ROLES; role++)
        if (ask->roles[role] && route_set_has(&index->roles[role], member))
            return true;
    return false;
}

static bool concerned_or_subscribed(const struct route_member *place, const struct route_ask *ask,
                                    const Hotline__Route *route)
{
    if (!ask->restricted && country_bit(&place->subscribes, ask->sender_country))
        return true;
    for (size_t i = 0; i < route->n_countries; i++) {
        int country = country_index(route->countries[i]);
        if (country >= 0 &&
            (place->country == country || (!ask->restricted && country_bit(&place->subscribes, country))))
            return true;
    }
    return false;
}

bool route_reaches(const struct route_index *index, const struct route_query *query, size_t member)
{
    CHECK(member < index->count);
    const Hotline__Route *route = query->route;
    struct route_ask ask = look_up(index, query);
    if (member == ask.sender || !route_set_has(&index->receives, member))
        return false;
    if (query->granted != NULL && route_set_has(query->granted, member))
        return true;
    const char *id = roster_member(index->roster, member)->id;
    for (size_t i = 0; i < route->n_members; i++)
        if (strcmp(route->members[i], id) == 0)
            return true;
    return in_audience(index, &ask, member) && concerned_or_subscribed(&index->members[member], &ask, route);
}

/* --- a route by itself --- */

static int check_countries(const Hotline__Route *route, struct err_note *note)
{
    bool seen[COUNTRY_COUNT] = {false};
    for (size_t i = 0; i < route->n_countries; i++) {
        const char *code = route->countries[i];
        int country = country_index(code);
        if (country < 0) {
            int meant = country_find(code);
            return err_set(note, ERR_UNKNOWN, "route.countries[%zu]: %.40s is not an ISO 3166-1 alpha-2 code%s%s%s", i,
                           code, meant >= 0 ? "; did you mean " : "", meant >= 0 ? country_code(meant) : "",
                           meant >= 0 ? "?" : "");
        }
        if (seen[country])
            return err_set(note, ERR_INVALID, "route.countries[%zu]: %s stands there twice", i, code);
        seen[country] = true;
    }
    return OK;
}

static int check_audience(const Hotline__Route *route, struct err_note *note)
{
    bool seen[ROLES] = {false};
    for (size_t i = 0; i < route->n_audience; i++) {
        size_t role = (size_t)route->audience[i];
        if (role >= ROLES)
            return err_set(note, ERR_UNKNOWN, "route.audience[%zu]: %zu is not a role", i, role);
        if (seen[role])
            return err_set(note, ERR_INVALID, "route.audience[%zu]: stands there twice", i);
        seen[role] = true;
    }
    return OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(**(char *const *const *)a, **(char *const *const *)b);
}

/* Sorted by name, two equal ones are neighbours: a peer can name a thousand. */
static int check_members(const Hotline__Route *route, struct err_note *note)
{
    size_t count = route->n_members;
    if (count > LIMIT_RECIPIENTS)
        return err_set(note, ERR_LIMIT, "route.members: %zu, at most %d", count, LIMIT_RECIPIENTS);
    if (count < 2)
        return OK;
    char ***sorted = malloc(count * sizeof *sorted);
    if (sorted == NULL)
        return err_set(note, ERR_NOMEM, "route.members: out of memory");
    for (size_t i = 0; i < count; i++)
        sorted[i] = &route->members[i];
    qsort(sorted, count, sizeof *sorted, compare_names);
    int error = OK;
    for (size_t i = 1; i < count && error == OK; i++) {
        if (strcmp(*sorted[i - 1], *sorted[i]) != 0)
            continue;
        char **later = sorted[i - 1] > sorted[i] ? sorted[i - 1] : sorted[i];
        error = err_set(note, ERR_INVALID, "route.members[%zu]: %.40s stands there twice",
                        (size_t)(later - route->members), *later);
    }
    free(sorted);
    return error;
}

int route_check(const Hotline__Route *route, struct err_note *note)
{
    if (route->n_countries == 0 && route->n_members == 0)
        return err_set(note, ERR_MISSING, "route: names neither a country nor a member");
    int error = check_countries(route, note);
    if (error == OK)
        error = check_members(route, note);
    if (error == OK)
        error = check_audience(route, note);
    return error;
}
