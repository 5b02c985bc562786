/* router and registry: numbers that stay while rosters renumber, who is routed, whose grant is kept. */
#include "fixture.h"
#include "relay/router.h"

#define BE 0
#define FR 1
#define NL 2

struct office {
    struct fixture fixture;
    struct registry registry;
};

static void adopt(struct office *office, struct roster *roster)
{
    for (size_t i = 0; i < roster_member_count(roster); i++) {
        struct registry_member *member;
        bool is_new;
        assert_int_equal(registry_meet(&office->registry, roster_member(roster, i)->id, &is_new, &member), OK);
    }
    assert_int_equal(registry_adopt(&office->registry, roster, FIXTURE_NOW), OK);
}

static int setup(void **state)
{
    struct office *office = calloc(1, sizeof *office);

    assert_non_null(office);
    fixture_init(&office->fixture);
    registry_init(&office->registry);
    adopt(office, office->fixture.roster);
    office->fixture.roster = NULL; /* the registry's */
    *state = office;
    return 0;
}

static int teardown(void **state)
{
    struct office *office = *state;

    registry_done(&office->registry);
    fixture_done(&office->fixture);
    free(office);
    return 0;
}

static void next_roster(struct office *office, fixture_change change, void *ctx)
{
    struct buf bytes, signed_bytes;
    struct roster *roster;
    struct err_note note = {{0}};

    buf_init(&bytes);
    buf_init(&signed_bytes);
    fixture_roster_bytes(&office->fixture, roster_version(office->registry.roster) + 1, change, ctx, &bytes);
    fixture_sign(&office->fixture, buf_slice(&bytes), 3, &signed_bytes);
    assert_error(roster_follow(office->registry.roster, buf_slice(&signed_bytes), &note, &roster), OK);
    adopt(office, roster);
    buf_free(&bytes);
    buf_free(&signed_bytes);
}

static const struct route_set *route(struct office *office, const char *country, bool restricted,
                                     const uint32_t *holders, size_t count)
{
    static Hotline__Route rule;
    static char code[3], *codes[1] = {code};
    const struct router_query query = {.sender = "be-baken", .route = &rule, .holders = holders, .holder_count = count};
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count = 0;

    hotline__route__init(&rule);
    snprintf(code, sizeof code, "%s", country);
    rule.n_countries = 1;
    rule.countries = codes;
    if (restricted)
        WIRE_SET(&rule, restricted, 1);
    return router_route(&office->registry, &query, unreached, &unreached_count);
}

static void set_card(struct office *office, unsigned member, const char *subscription)
{
    struct card_draft draft = {.serial = 1,
                               .not_after_us = FIXTURE_NOW + CLOCK_DAY_US,
                               .subscriptions = &subscription,
                               .subscription_count = 1,
                               .software = "hotline-node 0.1.0"};
    struct key_box_secret secret;
    struct card card;

    key_box_generate(&draft.encryption_key, &secret);
    assert_int_equal(card_make(office->fixture.member[member], &draft, &card), OK);
    registry_set_card(&office->registry, registry_at(&office->registry, member), &card);
}

static void router_concerned_country_and_subscriber_are_routed_the_sender_never(void **state)
{
    struct office *office = *state;
    const struct route_set *routed = route(office, "FR", false, NULL, 0);

    assert_int_equal(route_set_size(routed), 1);
    assert_true(route_set_has(routed, FR));
    set_card(office, NL, "BE");
    routed = route(office, "FR", false, NULL, 0);
    assert_int_equal(route_set_size(routed), 2);
    assert_true(route_set_has(routed, NL));
    assert_int_equal(route_set_size(route(office, "FR", true, NULL, 0)), 1);
    assert_int_equal(route_set_size(route(office, "BE", true, NULL, 0)), 0);
}

static void router_holders_of_an_earlier_revision_stay_routed(void **state)
{
    struct office *office = *state;
    const uint32_t holders[] = {NL};
    const struct router_query query = {
        .sender = "be-baken", .route = &(Hotline__Route)HOTLINE__ROUTE__INIT, .holders = holders, .holder_count = 1};

    assert_true(route_set_has(route(office, "FR", true, holders, 1), NL));
    assert_true(router_reaches(&office->registry, &query, registry_at(&office->registry, NL)));
    assert_false(router_reaches(&office->registry, &query, registry_at(&office->registry, FR)));
}

static void withdraw_fr(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[FR], standing, HOTLINE__STANDING__CODE__WITHDRAWN);
}

static void router_grants_of_withdrawn_and_unknown_are_left_out_unless_the_senders_roster_is_newer(void **state)
{
    struct office *office = *state;

    assert_int_equal(router_judge(&office->registry, "fr-phare", 1, FIXTURE_NOW), ROUTER_KEEP);
    assert_int_equal(router_judge(&office->registry, "es-faro", 1, FIXTURE_NOW), ROUTER_UNKNOWN);
    assert_int_equal(router_judge(&office->registry, "es-faro", 2, FIXTURE_NOW), ROUTER_KEEP_UNSEEN);
    assert_int_equal(router_judge(&office->registry, "No Id", 2, FIXTURE_NOW), ROUTER_UNKNOWN);
    next_roster(office, withdraw_fr, NULL);
    assert_int_equal(router_judge(&office->registry, "fr-phare", 9, FIXTURE_NOW), ROUTER_WITHDRAWN);
    assert_string_equal(router_why(ROUTER_WITHDRAWN), "WITHDRAWN");
    assert_null(router_why(ROUTER_KEEP));
}

static void without_be(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    roster->members++;
    roster->n_members--;
}

static void registry_numbers_stay_when_a_roster_renumbers(void **state)
{
    struct office *office = *state;
    const struct registry_member *nl = registry_find(&office->registry, "nl-lamp");

    assert_int_equal(nl->number, NL);
    assert_int_equal(nl->place, 2);
    next_roster(office, without_be, NULL);
    assert_int_equal(nl->number, NL);
    assert_int_equal(nl->place, 1);
    assert_int_equal(registry_find(&office->registry, "be-baken")->place, ROSTER_NONE);
    assert_int_equal(registry_standing(&office->registry, registry_at(&office->registry, BE), FIXTURE_NOW), 0);
    assert_int_equal(office->registry.page_count, 1);
    assert_ptr_equal(registry_placed(&office->registry, 1), nl);
}

static void change_keys(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster, threshold, 1);
}

static void registry_keeps_the_current_roster_and_each_that_changed_keys(void **state)
{
    struct office *office = *state;

    next_roster(office, NULL, NULL);
    assert_int_equal(office->registry.page_count, 1);
    assert_int_equal(office->registry.pages[0].version, 2);
    next_roster(office, change_keys, NULL);
    assert_int_equal(office->registry.page_count, 1);
    assert_int_equal(office->registry.pages[0].version, 3);
    next_roster(office, change_keys, NULL);
    assert_int_equal(office->registry.page_count, 2);
}

#define ROUTER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTER_TEST(router_concerned_country_and_subscriber_are_routed_the_sender_never),
        ROUTER_TEST(router_holders_of_an_earlier_revision_stay_routed),
        ROUTER_TEST(router_grants_of_withdrawn_and_unknown_are_left_out_unless_the_senders_roster_is_newer),
        ROUTER_TEST(registry_numbers_stay_when_a_roster_renumbers),
        ROUTER_TEST(registry_keeps_the_current_roster_and_each_that_changed_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
