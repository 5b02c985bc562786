/* relay: what a Publish is refused for, what is taken a second time, and who goes on waiting for a grant. */
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2
#define ACT(name) HOTLINE__ACT__CODE__##name
#define REFUSED(name) HOTLINE__REFUSED_CODE__CODE__##name

/* Sealed, granted to FR, published and committed. Its caller ends it. */
static void publish(struct world *world, const struct world_case *from, struct world_alert *ret_alert)
{
    world_seal(world, from, ret_alert);
    world_grant(world, ret_alert, FR);
    world_publish(world, ret_alert);
    world_commit(world);
}

static void publish_only(struct world *world, const struct world_case *from)
{
    struct world_alert alert;
    publish(world, from, &alert);
    world_alert_done(&alert);
}

static void expect_refused(struct world *world, unsigned member, int code, const char *reason)
{
    const Hotline__Refused *refused = world_take(world, member, WIRE_REFUSED);
    assert_int_equal(refused->code, code);
    if (strstr(refused->reason, reason) == NULL)
        fail_msg("the reason is: %s", refused->reason);
    world_none(world, member, WIRE_ACCEPTED);
    world_none(world, FR, WIRE_DELIVER);
}

static size_t held(struct world *world)
{
    return (size_t)world_counters(world)->held;
}

static void leave(struct world *world, unsigned member)
{
    struct session_peer peer = world_peer(world, member);
    relay_gone(world->relay, &peer, world->now_us);
    world->connection[member]++;
}

static void come(struct world *world, unsigned member, const char *subscription)
{
    world->subscription[member] = subscription;
    world->serial[member]++;
    world_hello(world, member);
    world_commit(world);
}

static void lose_store(struct world *world, unsigned member)
{
    struct key_box_secret secret;
    leave(world, member);
    key_box_generate(&world->encryption[member], &secret);
    world->store[member] = seal_uuid(world->now_us, NULL);
    come(world, member, NULL);
}

/* ---- refusals ---- */

static void relay_envelope_with_more_grants_than_may_be_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    world_hello_all(world);
    world->conf.limits.recipients = 1;
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_grant(world, &alert, NL);
    world_publish(world, &alert);
    world_commit(world);
    expect_refused(world, BE, REFUSED(TOO_LARGE), "2 grants, at most 1");
    assert_int_equal(held(world), 0);
    world_alert_done(&alert);
}

static void make_role(Hotline__Roster *roster, void *ctx)
{
    WIRE_SET(roster->members[BE], role, *(const Hotline__Role__Code *)ctx);
}

static void relay_observer_and_probe_open_no_cases(void **state)
{
    static const Hotline__Role__Code roles[] = {HOTLINE__ROLE__CODE__OBSERVER, HOTLINE__ROLE__CODE__PROBE};
    struct world *world = *state;
    world_hello_all(world);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        Hotline__Role__Code role = roles[i];
        world_new_roster(world, make_role, &role);
        publish_only(world, &(struct world_case){.sender = BE, .case_id = (uint8_t)(1 + i)});
        expect_refused(world, BE, REFUSED(NOT_ALLOWED), "the role of be-baken opens no cases");
    }
    assert_int_equal(held(world), 0);
}

/* Under a roster that nobody renewed nothing begins; what is open goes on and can be closed. */
static void relay_roster_long_expired_opens_nothing_and_lets_closings_pass(void **state)
{
    struct world *world = *state;
    world->now_us = FIXTURE_NOW + 59 * CLOCK_DAY_US;
    world_hello_all(world);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1});
    assert_int_equal(held(world), 1);
    world->now_us += 2 * CLOCK_DAY_US;
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        come(world, i, NULL);
    world_forget(world);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 2});
    expect_refused(world, BE, REFUSED(ROSTER_STALE), "expired more than 30 days ago");
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1, .revision = 2, .act = ACT(CLOSE)});
    world_none(world, BE, WIRE_REFUSED);
    world_take(world, FR, WIRE_DELIVER);
}

static void relay_open_cases_beyond_the_limit_are_refused_until_one_is_closed(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    world->conf.limits.open_cases = 1;
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1});
    world_take(world, FR, WIRE_DELIVER);
    world_forget(world);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 2});
    expect_refused(world, BE, REFUSED(TOO_MANY_OPEN), "1 cases are open, at most 1");
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1, .revision = 2, .act = ACT(UPDATE)});
    world_none(world, BE, WIRE_REFUSED); /* an update opens nothing */
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1, .revision = 3, .act = ACT(CLOSE)});
    world_none(world, BE, WIRE_REFUSED);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 2});
    world_none(world, BE, WIRE_REFUSED);
}

/* One CLOSE of a revision is outside the rate; the next is not. */
static void relay_second_closing_of_a_case_counts_in_the_rate(void **state)
{
    struct world *world = *state;
    uint32_t revision = 1;
    world_hello_all(world);
    world->conf.limits.updates_per_minute = 1;
    publish_only(world, &(struct world_case){.sender = BE, .revision = revision});
    while (world_count(world, BE, WIRE_REFUSED) == 0 && revision < 20)
        publish_only(world, &(struct world_case){.sender = BE, .revision = ++revision, .act = ACT(UPDATE)});
    assert_in_range(revision, 2, 19);
    world_forget(world);
    publish_only(world, &(struct world_case){.sender = BE, .revision = revision, .act = ACT(CLOSE)});
    world_none(world, BE, WIRE_REFUSED);
    world_take(world, FR, WIRE_DELIVER);
    world_forget(world);
    publish_only(world, &(struct world_case){.sender = BE, .revision = revision + 1, .act = ACT(CLOSE)});
    expect_refused(world, BE, REFUSED(RATE), "updates and replies a minute");
}

/* ---- taken ---- */

static void relay_grant_to_the_sender_or_twice_to_one_counts_once(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, BE);
    world_grant(world, &alert, FR);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_none(world, BE, WIRE_DELIVER);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 1);
    assert_memory_equal(((Hotline__Deliver *)world_take(world, FR, WIRE_DELIVER))->envelope->grants[0]->box.data,
                        alert.grants[1].box, ENVELOPE_GRANT_BOX_BYTES); /* the first of the two */
    assert_int_equal(world_accepted(world, BE)->n_left_out, 0);
    world_alert_done(&alert);
}

/* Its clock ran ahead and it ended the case too early: what the sender offers again is held again. */
static void relay_case_that_a_wrong_clock_ended_is_taken_again(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE}, &alert);
    world_pass(world, 80 * CLOCK_HOUR_US);
    world_pass(world, 2 * CLOCK_MINUTE_US);
    assert_int_equal(held(world), 0);
    world->now_us = FIXTURE_NOW + CLOCK_MINUTE_US;
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        come(world, i, NULL);
    world_forget(world);
    world_publish(world, &alert);
    world_commit(world);
    assert_int_equal(held(world), 1);
    world_take(world, FR, WIRE_DELIVER);
    assert_memory_equal(world_accepted(world, BE)->envelope_hash.data, alert.sealed.hash.bytes, KEY_HASH_BYTES);
    world_alert_done(&alert);
}

/* After its end the same envelope is accepted, so that its sender lets go of it, and owed to nobody. */
static void relay_envelope_again_after_its_end_is_accepted_and_owed_to_nobody(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE}, &alert);
    world_pass(world, LIMIT_VALIDITY_DEFAULT_US + CLOCK_MINUTE_US);
    world_pass(world, 2 * CLOCK_MINUTE_US);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        come(world, i, NULL);
    world_forget(world);
    world_publish(world, &alert);
    world_commit(world);
    assert_memory_equal(world_accepted(world, BE)->envelope_hash.data, alert.sealed.hash.bytes, KEY_HASH_BYTES);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(held(world), 0);
    world_alert_done(&alert);
}

/* The newer revision was here and is over: the older one is not shown in its place, and there is nothing to give back.
 */
static void relay_older_revision_after_the_newer_ones_end_is_owed_to_nobody(void **state)
{
    struct world *world = *state;
    const struct world_case newer = {
        .sender = BE, .revision = 2, .act = ACT(UPDATE), .expires_us = FIXTURE_NOW + CLOCK_HOUR_US};
    struct world_alert older;
    world_hello_all(world);
    publish_only(world, &newer);
    world_seal(world, &(struct world_case){.sender = BE, .revision = 1}, &older);
    world_grant(world, &older, FR);
    world_pass(world, 2 * CLOCK_HOUR_US);
    world_pass(world, 2 * CLOCK_MINUTE_US);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        come(world, i, NULL);
    world_forget(world);
    world_publish(world, &older);
    world_commit(world);
    world_accepted(world, BE);
    world_none(world, BE, WIRE_DELIVER);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(held(world), 0);
    world_alert_done(&older);
}

/* ---- who waits for a grant ---- */

static void relay_late_subscriber_is_not_told_of_a_case_that_is_over(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish_only(world, &(struct world_case){.sender = BE});
    publish_only(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(CLOSE)});
    world_forget(world);
    come(world, NL, "BE");
    world_none(world, BE, WIRE_GRANT_WANTED);
    lose_store(world, FR); /* it had the case: its end is wanted for it */
    const Hotline__GrantWanted *wanted = world_take(world, BE, WIRE_GRANT_WANTED);
    assert_int_equal(wanted->n_cards, 1);
}

static void remove_nl(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    roster->n_members = NL;
}

static void relay_member_that_left_the_roster_is_waited_for_no_more(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish_only(world, &(struct world_case){.sender = BE});
    leave(world, BE);
    come(world, NL, "BE");
    world_take(world, NL, WIRE_PENDING);
    world_forget(world);
    world_new_roster(world, remove_nl, NULL);
    world_pass(world, CLOCK_SECOND_US);
    come(world, BE, NULL);
    world_none(world, BE, WIRE_GRANT_WANTED);
}

static void relay_member_that_unsubscribes_is_waited_for_no_more(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish_only(world, &(struct world_case){.sender = BE});
    leave(world, BE);
    come(world, NL, "BE");
    assert_int_equal(((Hotline__Pending *)world_take(world, NL, WIRE_PENDING))->count, 1);
    leave(world, NL);
    come(world, NL, NULL);
    world_forget(world);
    come(world, BE, NULL);
    world_none(world, BE, WIRE_GRANT_WANTED);
}

/* Per sender: how many, since when, and the most urgent of them. */
static void relay_member_is_told_what_waits_for_each_sender(void **state)
{
    struct world *world = *state;
    int64_t since_us = FIXTURE_NOW + CLOCK_SECOND_US;
    world_hello_all(world);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 1, .urgency = HOTLINE__URGENCY__CODE__EXPECTED});
    world_pass(world, CLOCK_SECOND_US);
    come(world, NL, "BE"); /* wanted since now; BE does not answer */
    world_pass(world, CLOCK_SECOND_US);
    publish_only(world, &(struct world_case){.sender = BE, .case_id = 2, .country = "FR"});
    publish_only(world, &(struct world_case){.sender = FR, .case_id = 3, .country = "BE"});
    world_forget(world);
    leave(world, BE);
    leave(world, FR);
    world_pass(world, CLOCK_SECOND_US);
    bool told[2] = {false, false};
    for (const Hotline__Pending *pending; (pending = world_peek(world, NL, WIRE_PENDING)) != NULL;) {
        bool be = strcmp(pending->sender, "be-baken") == 0;
        assert_int_equal(pending->count, be ? 2 : 1);
        assert_int_equal(pending->urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
        assert_int_equal(pending->since_us, be ? since_us : since_us + CLOCK_SECOND_US);
        told[be] = true;
    }
    assert_true(told[0] && told[1]);
}

/* Without a grant of its own kept with it, an envelope cannot be given back: it is not sent as if it could. */
static void relay_envelope_without_a_self_grant_is_not_handed_back(void **state)
{
    struct world *world = *state;
    struct world_alert kept, lost;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE, .case_id = 1}, &kept);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 2}, &lost);
    lost.self = false;
    world_grant(world, &lost, FR);
    world_publish(world, &lost);
    world_commit(world);
    world_forget(world);
    lose_store(world, BE);
    const Hotline__Deliver *back = world_take(world, BE, WIRE_DELIVER);
    assert_true(back->recovery);
    assert_memory_equal(back->envelope->signature.data, kept.sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    world_none(world, BE, WIRE_DELIVER);
    world_alert_done(&kept);
    world_alert_done(&lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_envelope_with_more_grants_than_may_be_is_refused),
        WORLD_TEST(relay_observer_and_probe_open_no_cases),
        WORLD_TEST(relay_roster_long_expired_opens_nothing_and_lets_closings_pass),
        WORLD_TEST(relay_open_cases_beyond_the_limit_are_refused_until_one_is_closed),
        WORLD_TEST(relay_second_closing_of_a_case_counts_in_the_rate),
        WORLD_TEST(relay_grant_to_the_sender_or_twice_to_one_counts_once),
        WORLD_TEST(relay_case_that_a_wrong_clock_ended_is_taken_again),
        WORLD_TEST(relay_envelope_again_after_its_end_is_accepted_and_owed_to_nobody),
        WORLD_TEST(relay_older_revision_after_the_newer_ones_end_is_owed_to_nobody),
        WORLD_TEST(relay_late_subscriber_is_not_told_of_a_case_that_is_over),
        WORLD_TEST(relay_member_that_left_the_roster_is_waited_for_no_more),
        WORLD_TEST(relay_member_that_unsubscribes_is_waited_for_no_more),
        WORLD_TEST(relay_member_is_told_what_waits_for_each_sender),
        WORLD_TEST(relay_envelope_without_a_self_grant_is_not_handed_back),
    };
    return cmocka_run_group_tests_name("relay_publish", tests, NULL, NULL);
}
