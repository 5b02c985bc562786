/* route: the one rule, by examples and against a slow reference over random rosters, cards and routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/clock.h"
#include "proto/country.h"
#include "proto/route.h"
#include "proto/seal.h"

#define NOW_US (INT64_C(20000) * CLOCK_DAY_US)
#define POOL 130 /* more than two words of a set */
#define PLACES 9

static const char *const places[PLACES] = {"BE", "DE", "FR", "GR", "IT", "PL", "RO", "XK", "ZW"};

/* One member as the test means it; every other field of a roster entry is filled in by the pool. */
struct person {
    char id[16];
    const char *country;
    Hotline__Role__Code role;
    Hotline__Standing__Code standing;
    bool early, late; /* outside its accreditation at NOW_US */
    const char *may[PLACES];
    size_t may_count;
    bool subscribes[LIMIT_COUNTRIES]; /* on its card */
};

struct scene {
    struct key_set *authority;
    uint8_t identities[POOL][KEY_BYTES], transports[POOL][KEY_BYTES];
    struct person people[POOL];
    size_t count;
    struct roster *roster;
    struct route_index *index;
};

static int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_int_equal(seal_start(), OK);
    s->authority = key_set_new();
    assert_non_null(s->authority);
    struct key_set *other = key_set_new();
    other->generation = 1;
    for (size_t i = 0; i < POOL; i++) {
        assert_int_equal(key_set_generate(other), OK);
        memcpy(s->identities[i], other->identity.bytes, KEY_BYTES);
        memcpy(s->transports[i], other->transport.bytes, KEY_BYTES);
    }
    key_set_free(other);
    s->authority->kind = KEY_AUTHORITY;
    s->authority->generation = 1;
    assert_int_equal(key_set_generate(s->authority), OK);
    *state = s;
    return 0;
}

static void forget(struct scene *s)
{
    route_index_free(s->index);
    roster_free(s->roster);
    s->index = NULL;
    s->roster = NULL;
}

static int scene_close(void **state)
{
    struct scene *s = *state;
    forget(s);
    key_set_free(s->authority);
    free(s);
    return 0;
}

static char *writable(const char *text)
{
    union {
        const char *in;
        char *out;
    } as = {.in = text}; /* protobuf-c wants char *, and only reads it */
    return as.out;
}

static void fill_entry(const struct scene *s, size_t i, Hotline__Member *entry)
{
    const struct person *person = &s->people[i];
    *entry = (Hotline__Member)HOTLINE__MEMBER__INIT;
    entry->id = writable(person->id);
    entry->country = writable(person->country);
    entry->name = writable("Fictional hotline");
    WIRE_SET(entry, role, person->role);
    WIRE_SET(entry, standing, person->standing);
    WIRE_SET_BYTES(entry, identity_key, s->identities[i], KEY_BYTES);
    WIRE_SET_BYTES(entry, transport_key, s->transports[i], KEY_BYTES);
    WIRE_SET(entry, accredited_from_us, person->early ? NOW_US + CLOCK_DAY_US : CLOCK_DAY_US);
    if (person->late)
        WIRE_SET(entry, accredited_until_us, NOW_US - CLOCK_DAY_US);
    entry->n_may_subscribe = person->may_count;
    entry->may_subscribe = calloc(PLACES, sizeof *entry->may_subscribe);
    for (size_t k = 0; k < person->may_count; k++)
        entry->may_subscribe[k] = writable(person->may[k]);
}

static void sign_roster(struct scene *s, Hotline__Roster *roster)
{
    struct err_note note = {0};
    struct buf bytes, outer;
    buf_init(&bytes);
    buf_init(&outer);
    struct roster_trust trust = {.threshold = 1, .count = 1, .keys = {s->authority->identity}};
    if (roster_check(roster, &note) != OK)
        fail_msg("%s", note.text);
    wire_pack(&roster->base, &bytes);
    assert_int_equal(roster_sign(buf_slice(&bytes), slice_of(NULL, 0), s->authority, &outer), OK);
    if (roster_verify(buf_slice(&outer), &trust, &note, &s->roster) != OK)
        fail_msg("%s", note.text);
    buf_free(&bytes);
    buf_free(&outer);
}

static void give_card(struct scene *s, size_t i)
{
    struct card card = {0};
    for (size_t country = 0; country < COUNTRY_COUNT; country++)
        if (s->people[i].subscribes[country])
            card.subscriptions[country / 8] |= (uint8_t)(1u << (country % 8));
    size_t index = roster_find(s->roster, s->people[i].id);
    assert_true(index != ROSTER_NONE);
    route_index_card(s->index, index, &card);
}

/* Signs the people as a roster, arranges it, and gives everybody's card. */
static void arrange(struct scene *s)
{
    forget(s);
    Hotline__Roster roster = HOTLINE__ROSTER__INIT;
    Hotline__Member *entries = calloc(POOL, sizeof *entries), *pointers[POOL];
    ProtobufCBinaryData key = wire_bytes(slice_of(s->authority->identity.bytes, KEY_BYTES));
    WIRE_SET(&roster, version, 1);
    WIRE_SET(&roster, issued_at_us, NOW_US - CLOCK_DAY_US);
    WIRE_SET(&roster, expires_at_us, NOW_US + 90 * CLOCK_DAY_US);
    WIRE_SET(&roster, threshold, 1);
    roster.n_authority_keys = 1;
    roster.authority_keys = &key;
    roster.n_members = s->count;
    roster.members = pointers;
    for (size_t i = 0; i < s->count; i++) {
        fill_entry(s, i, &entries[i]);
        pointers[i] = &entries[i];
    }
    sign_roster(s, &roster);
    for (size_t i = 0; i < s->count; i++)
        free(entries[i].may_subscribe);
    free(entries);
    assert_int_equal(route_index_new(s->roster, NOW_US, &s->index), OK);
    for (size_t i = 0; i < s->count; i++)
        give_card(s, i);
}

static struct person *person(struct scene *s, const char *id, const char *country)
{
    struct person *p = &s->people[s->count++];
    *p = (struct person){
        .country = country, .role = HOTLINE__ROLE__CODE__HOTLINE, .standing = HOTLINE__STANDING__CODE__ACTIVE};
    snprintf(p->id, sizeof p->id, "%s", id);
    return p;
}

static void subscribe(struct person *p, const char *country)
{
    p->subscribes[country_index(country)] = true;
}

/* --- the reference: each sentence of the rule, slowly --- */

static const struct person *reference_find(const struct scene *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->people[i].id, id) == 0)
            return &s->people[i];
    return NULL;
}

static bool reference_in_audience(const Hotline__Route *route, const struct person *p)
{
    if (route->n_audience == 0)
        return p->role == HOTLINE__ROLE__CODE__HOTLINE;
    for (size_t i = 0; i < route->n_audience; i++)
        if (route->audience[i] == p->role)
            return true;
    return false;
}

static bool reference_subscribes(const struct person *p, const char *country)
{
    int number = country_index(country);
    if (number < 0 || !p->subscribes[number])
        return false;
    for (size_t i = 0; i < p->may_count; i++)
        if (strcmp(p->may[i], country) == 0)
            return true;
    return p->may_count == 0;
}

static bool reference_reaches(const struct scene *s, const struct route_query *query, const struct person *p)
{
    const Hotline__Route *route = query->route;
    const struct person *sender = reference_find(s, query->sender);
    if (p->standing == HOTLINE__STANDING__CODE__WITHDRAWN || p == sender)
        return false;
    if (query->granted != NULL && route_set_has(query->granted, roster_find(s->roster, p->id)))
        return true;
    for (size_t i = 0; i < route->n_members; i++)
        if (strcmp(route->members[i], p->id) == 0)
            return true;
    if (!reference_in_audience(route, p))
        return false;
    for (size_t i = 0; i < route->n_countries; i++) {
        if (strcmp(route->countries[i], p->country) == 0)
            return true;
        if (!route->restricted && reference_subscribes(p, route->countries[i]))
            return true;
    }
    return !route->restricted && sender != NULL && reference_subscribes(p, sender->country);
}

static bool reference_unreached(const struct scene *s, const struct route_query *query, const char *country)
{
    if (country_index(country) < 0)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct person *p = &s->people[i];
        bool active = p->standing == HOTLINE__STANDING__CODE__ACTIVE && !p->early && !p->late;
        if (active && strcmp(p->country, country) == 0 && strcmp(p->id, query->sender) != 0 &&
            reference_in_audience(query->route, p))
            return false;
    }
    return true;
}

static void compare_unreached(const struct scene *s, const struct route_query *query, const uint16_t *unreached,
                              size_t count)
{
    bool said[COUNTRY_COUNT] = {false};
    for (size_t i = 0; i < count; i++) {
        assert_false(said[unreached[i]]); /* each once */
        said[unreached[i]] = true;
    }
    size_t meant = 0;
    for (size_t i = 0; i < query->route->n_countries; i++) {
        const char *country = query->route->countries[i];
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && strcmp(query->route->countries[k], country) != 0;
        if (!first || !reference_unreached(s, query, country))
            continue;
        meant++;
        if (!said[country_index(country)])
            fail_msg("%s should be unreached", country);
    }
    assert_int_equal(count, meant);
}

/* Computes, compares with the reference member by member, and returns how many are reached. */
static size_t compare(const struct scene *s, const struct route_query *query)
{
    struct route_set set;
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count = SIZE_MAX, reached = 0;
    assert_int_equal(route_set_init(&set, s->count), OK);
    if (s->count > 0)
        route_set_add(&set, 0); /* what was in it does not matter */
    route_compute(s->index, query, &set, unreached, &unreached_count);
    for (size_t i = 0; i < s->count; i++) {
        const struct person *p = &s->people[i];
        size_t member = roster_find(s->roster, p->id);
        bool meant = reference_reaches(s, query, p), is = route_set_has(&set, member);
        reached += meant ? 1 : 0;
        if (meant != is || meant != route_reaches(s->index, query, member))
            fail_msg("%s of %s from %s: should be %d, is %d, alone %d", p->id, p->country, query->sender, meant, is,
                     route_reaches(s->index, query, member));
    }
    assert_int_equal(route_set_size(&set), reached);
    compare_unreached(s, query, unreached, unreached_count);
    route_set_done(&set);
    return reached;
}

static bool reaches(const struct scene *s, const char *sender, const Hotline__Route *route, const char *id)
{
    struct route_query query = {.sender = sender, .route = route};
    compare(s, &query);
    return route_reaches(s->index, &query, roster_find(s->roster, id));
}

/* --- examples --- */

/* BE sends, GR and PL are concerned; each of the others is one clause of the rule. */
static void five_countries(struct scene *s)
{
    s->count = 0;
    person(s, "be-hotline", "BE");
    person(s, "be-second", "BE");
    person(s, "gr-hotline", "GR");
    person(s, "gr-mediator", "GR")->role = HOTLINE__ROLE__CODE__MEDIATOR;
    person(s, "gr-suspended", "GR")->standing = HOTLINE__STANDING__CODE__SUSPENDED;
    person(s, "gr-withdrawn", "GR")->standing = HOTLINE__STANDING__CODE__WITHDRAWN;
    person(s, "it-hotline", "IT");
    subscribe(person(s, "ro-concerned", "RO"), "GR");
    subscribe(person(s, "ro-sender", "RO"), "BE");
    struct person *limited = person(s, "fr-limited", "FR");
    limited->may[limited->may_count++] = "IT";
    subscribe(limited, "GR");
    subscribe(limited, "IT");
    person(s, "xk-hotline", "XK");
}

static void route_concerned_country_reaches_its_hotlines(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *countries[] = {writable("GR"), writable("PL")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 2;
    assert_true(reaches(s, "be-hotline", &route, "gr-hotline"));
    assert_true(reaches(s, "be-hotline", &route, "gr-suspended"));
    assert_false(reaches(s, "be-hotline", &route, "gr-withdrawn"));
    assert_false(reaches(s, "be-hotline", &route, "gr-mediator"));
    assert_false(reaches(s, "be-hotline", &route, "it-hotline"));
    assert_false(reaches(s, "be-hotline", &route, "be-hotline"));
    assert_false(reaches(s, "be-hotline", &route, "be-second"));
    assert_true(reaches(s, "be-hotline", &route, "ro-concerned"));
    assert_true(reaches(s, "be-hotline", &route, "ro-sender"));
    assert_false(reaches(s, "be-hotline", &route, "fr-limited"));
    countries[1] = writable("IT");
    assert_true(reaches(s, "be-hotline", &route, "fr-limited"));
}

static void route_restricted_leaves_subscribers_out(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *countries[] = {writable("GR")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 1;
    WIRE_SET(&route, restricted, 1);
    assert_true(reaches(s, "be-hotline", &route, "gr-hotline"));
    assert_false(reaches(s, "be-hotline", &route, "ro-concerned"));
    assert_false(reaches(s, "be-hotline", &route, "ro-sender"));
}

static void route_named_and_granted_reach_whatever_their_role(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *members[] = {writable("gr-mediator"), writable("gr-withdrawn"), writable("be-hotline"), writable("no-such")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.members = members;
    route.n_members = 4;
    WIRE_SET(&route, restricted, 1);
    struct route_set granted;
    assert_int_equal(route_set_init(&granted, s->count), OK);
    route_set_add(&granted, roster_find(s->roster, "it-hotline"));
    route_set_add(&granted, roster_find(s->roster, "gr-withdrawn"));
    route_set_add(&granted, roster_find(s->roster, "be-hotline"));
    struct route_query query = {.sender = "be-hotline", .route = &route, .granted = &granted};
    assert_int_equal(compare(s, &query), 2); /* gr-mediator by name, it-hotline by grant */
    assert_true(route_reaches(s->index, &query, roster_find(s->roster, "gr-mediator")));
    assert_true(route_reaches(s->index, &query, roster_find(s->roster, "it-hotline")));
    route_set_done(&granted);
}

static void route_own_country_reaches_the_others_there(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *countries[] = {writable("BE")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 1;
    assert_true(reaches(s, "be-hotline", &route, "be-second"));
    assert_false(reaches(s, "be-hotline", &route, "be-hotline"));
}

static void route_unreached_names_countries_without_an_active_one(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    s->people[2].standing = HOTLINE__STANDING__CODE__SUSPENDED; /* gr-hotline: GR has only suspended ones now */
    s->people[6].late = true;                                   /* it-hotline: its accreditation ended */
    arrange(s);
    char *countries[] = {writable("GR"), writable("PL"), writable("XK"),
                         writable("IT"), writable("??"), writable("BE")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 6;
    struct route_query query = {.sender = "be-hotline", .route = &route};
    struct route_set set;
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t count = 0;
    assert_int_equal(route_set_init(&set, s->count), OK);
    route_compute(s->index, &query, &set, unreached, &count);
    assert_int_equal(count, 3);
    assert_int_equal(unreached[0], country_index("GR"));
    assert_int_equal(unreached[1], country_index("PL"));
    assert_int_equal(unreached[2], country_index("IT"));
    assert_true(route_set_has(&set, roster_find(s->roster, "gr-suspended"))); /* but it gets it */
    assert_true(route_set_has(&set, roster_find(s->roster, "it-hotline")));
    assert_true(route_set_has(&set, roster_find(s->roster, "xk-hotline")));
    route_compute(s->index, &query, &set, NULL, NULL);
    route_set_done(&set);
    compare(s, &query);
}

static void route_new_card_replaces_the_old(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *countries[] = {writable("GR")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 1;
    struct person *p = &s->people[7]; /* ro-concerned */
    assert_true(reaches(s, "it-hotline", &route, "ro-concerned"));
    memset(p->subscribes, 0, sizeof p->subscribes);
    subscribe(p, "PL");
    give_card(s, 7);
    assert_false(reaches(s, "it-hotline", &route, "ro-concerned"));
    countries[0] = writable("PL");
    assert_true(reaches(s, "it-hotline", &route, "ro-concerned"));
}

static void route_sender_off_the_roster_reaches_by_the_route_alone(void **state)
{
    struct scene *s = *state;
    five_countries(s);
    arrange(s);
    char *countries[] = {writable("GR")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 1;
    assert_true(reaches(s, "zz-unknown", &route, "gr-hotline"));
    assert_false(reaches(s, "zz-unknown", &route, "ro-sender"));
}

static void route_empty_roster_reaches_nobody(void **state)
{
    struct scene *s = *state;
    s->count = 0;
    arrange(s);
    char *countries[] = {writable("GR")};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.n_countries = 1;
    struct route_query query = {.sender = "be-hotline", .route = &route};
    assert_int_equal(compare(s, &query), 0);
}

/* --- chance, from a fixed seed --- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t below(uint64_t *seed, size_t bound)
{
    return (size_t)(next_random(seed) % bound);
}

static void random_card(struct person *p, uint64_t *seed)
{
    memset(p->subscribes, 0, sizeof p->subscribes);
    for (size_t k = below(seed, 4); k > 0; k--)
        subscribe(p, places[below(seed, PLACES)]);
}

static void random_people(struct scene *s, uint64_t *seed)
{
    s->count = 0;
    size_t count = 1 + below(seed, POOL);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "m%03zu-%zu", (i * 37) % POOL, below(seed, 10)); /* unique, not in order */
        struct person *p = person(s, id, places[below(seed, PLACES - 1)]);       /* nobody in the last one */
        p->role = (Hotline__Role__Code)(1 + (below(seed, 3) ? 0 : below(seed, 4)));
        p->standing = (Hotline__Standing__Code)(1 + (below(seed, 2) ? 0 : below(seed, 3)));
        p->early = below(seed, 8) == 0;
        p->late = !p->early && below(seed, 8) == 0;
        bool taken[PLACES] = {false};
        for (size_t k = below(seed, 3) ? 0 : 1 + below(seed, 3); k > 0; k--) {
            size_t place = below(seed, PLACES);
            if (!taken[place])
                p->may[p->may_count++] = places[place];
            taken[place] = true;
        }
        random_card(p, seed);
    }
}

static void random_query(struct scene *s, uint64_t *seed)
{
    char *countries[8], *members[8];
    Hotline__Role__Code audience[4];
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route.countries = countries;
    route.members = members;
    route.audience = audience;
    for (route.n_countries = 0; route.n_countries < 8 && below(seed, 3);)
        countries[route.n_countries++] = writable(below(seed, 12) ? places[below(seed, PLACES)] : "QQ");
    for (route.n_members = 0; route.n_members < 8 && below(seed, 3) == 0;)
        members[route.n_members++] = writable(below(seed, 6) ? s->people[below(seed, s->count)].id : "nobody");
    for (route.n_audience = 0; route.n_audience < 4 && below(seed, 3) == 0;)
        audience[route.n_audience++] = (Hotline__Role__Code)(1 + below(seed, 4));
    if (below(seed, 2))
        WIRE_SET(&route, restricted, below(seed, 2) == 0);
    struct route_set granted;
    assert_int_equal(route_set_init(&granted, s->count), OK);
    for (size_t k = below(seed, 5); k > 0; k--)
        route_set_add(&granted, below(seed, s->count));
    struct route_query query = {.sender = below(seed, 20) ? s->people[below(seed, s->count)].id : "nobody",
                                .route = &route,
                                .granted = below(seed, 2) ? &granted : NULL};
    compare(s, &query);
    route_set_done(&granted);
}

static void route_random_worlds_agree_with_the_reference(void **state)
{
    struct scene *s = *state;
    uint64_t seed = UINT64_C(0x116000116000);
    for (int world = 0; world < 25; world++) {
        random_people(s, &seed);
        arrange(s);
        for (int i = 0; i < 120; i++) {
            random_query(s, &seed);
            size_t changed = below(&seed, s->count);
            random_card(&s->people[changed], &seed);
            give_card(s, changed);
        }
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(route_concerned_country_reaches_its_hotlines),           TEST(route_restricted_leaves_subscribers_out),
        TEST(route_named_and_granted_reach_whatever_their_role),      TEST(route_own_country_reaches_the_others_there),
        TEST(route_unreached_names_countries_without_an_active_one),  TEST(route_new_card_replaces_the_old),
        TEST(route_sender_off_the_roster_reaches_by_the_route_alone), TEST(route_empty_roster_reaches_nobody),
        TEST(route_random_worlds_agree_with_the_reference),
    };
    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
