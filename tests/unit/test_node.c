/* node: the whole way of an alert through real nodes and real relays. What falls on the way is in test_node_falls.c. */
#include "node_world.h"
#include "proto/country.h"

#define RECEIPT(state) HOTLINE__RECEIPT_STATE__CODE__##state

static const struct net_publish to_france = {.to = {"FR"}};
static const struct net_publish to_france_and_italy = {.to = {"FR", "IT"}};

static void subscribe(struct net *net, unsigned node, const char *country)
{
    uint8_t set[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    uint64_t ticket;
    int index = country_index(country);
    set[index / 8] |= (uint8_t)(1u << (index % 8));
    assert_ok(node_subscribe(net->nodes[node].node, set, net->now_us, &note, &ticket));
    net_run(net);
}

static void publish_and_run(struct net *net, const struct net_publish *what, char *reference)
{
    net_publish(net, BE, what, reference);
    net_run(net);
}

/* ---- the main job ---- */

static void node_case_published_is_accepted_by_two_delivered_and_answered(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france_and_italy, reference);
    assert_string_equal(reference, "BE-2026-00001");
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 2);
    for (unsigned n = FR; n <= IT; n++) {
        assert_int_equal(net_events(net, n, NODE_CASE_RECEIVED), 1);
        assert_string_equal(item_content(net_revision(net, n, reference, 1))->alert->child->given_name,
                            "Aurelia-canary");
        assert_int_equal(net_state(net, BE, reference, n), RECEIPT(DELIVERED));
    }
    assert_false(net_has(net, NL, reference));
    assert_int_equal(net_state(net, BE, reference, NL), -1);
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 2);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    assert_int_equal(net_state(net, BE, reference, FR), RECEIPT(ACKNOWLEDGED));
    assert_int_equal(net_state(net, BE, reference, IT), RECEIPT(DELIVERED));
    assert_int_equal(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)), 2);
    assert_int_equal(node_outbox_size(net->nodes[BE].node), 0);
}

static void node_two_relays_deliver_and_it_is_shown_once(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_DELIVER), 2);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 0);
    assert_int_equal(net_cases(net, FR), 1);
    assert_int_equal(node_counters(net->nodes[FR].node)->duplicates, 1);
    assert_int_equal(net_case(net, FR, reference)->revision_count, 1);
}

static void node_drill_stays_a_drill(void **state)
{
    struct net *net = *state;
    struct net_publish drill = {.to = {"FR"}, .exercise = true};
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &drill, reference);
    assert_true(net->nodes[FR].events[0].exercise);
    assert_true(net_case(net, FR, reference)->exercise);
}

static void node_reply_reaches_the_opener_alone(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish_and_run(net, &to_france_and_italy, reference);
    assert_ok(net_try_reply(net, FR, reference, "Seen at the station.", &note));
    net_run(net);
    assert_int_equal(net_events(net, BE, NODE_REPLY_RECEIVED), 1);
    assert_int_equal(net_case(net, BE, reference)->thread_count, 1);
    assert_int_equal(net_case(net, IT, reference)->thread_count, 0);
    assert_int_equal(net_frames(net, true, IT, NET_ALL, WIRE_DELIVER), 2); /* of the case alone */
}

/* ---- nothing before its commit ---- */

static void node_publish_leaves_only_after_its_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->nodes[BE].held = true;
    publish_and_run(net, &to_france, reference);
    assert_int_equal(net_sent(net, BE, WIRE_PUBLISH), 0);
    assert_false(net_has(net, BE, reference));
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(net_sent(net, BE, WIRE_PUBLISH), 0);
    net->nodes[BE].held = false;
    net_run(net);
    assert_int_equal(net_sent(net, BE, WIRE_PUBLISH), 2);
    assert_true(net_has(net, FR, reference));
}

static void node_accepted_is_told_only_after_its_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_commit(net, BE);
    net->nodes[BE].held = true;
    net_run(net);
    assert_true(net_frames(net, true, BE, NET_ALL, WIRE_ACCEPTED) > 0);
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 0);
    net->nodes[BE].held = false;
    net_run(net);
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 2);
}

/* Taken would let the relays forget the receipt: a crash before the commit, and nobody knew it any more. */
static void node_receipt_that_was_not_committed_comes_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish_and_run(net, &to_france, reference);
    net_forget(net);
    net->nodes[BE].held = true;
    net_connect(net, FR, NET_ALL);
    assert_true(net_frames(net, true, BE, NET_ALL, WIRE_RECEIPTS) > 0);
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN), 0);
    net_crash(net, BE);
    assert_int_equal(net_state(net, BE, reference, FR), 0);
    net_connect(net, BE, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_true(net_sent(net, BE, WIRE_TAKEN) > 0);
}

static void node_received_case_is_shown_and_answered_only_after_its_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->nodes[FR].held = true;
    publish_and_run(net, &to_france, reference);
    assert_int_equal(net_frames(net, true, FR, NET_ALL, WIRE_DELIVER), 2);
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 0);
    assert_int_equal(net->nodes[FR].event_count, 0);
    assert_int_equal(net_cases(net, FR), 0);
    net->nodes[FR].held = false;
    net_run(net);
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 2);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

static void node_receipt_is_taken_only_after_its_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net_forget(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net->nodes[BE].held = true;
    net_run(net);
    assert_int_equal(net_frames(net, true, BE, NET_ALL, WIRE_RECEIPTS), 2);
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN), 0);
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 0);
    net->nodes[BE].held = false;
    net_run(net);
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN), 2);
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 1);
}

static void node_acknowledgement_leaves_only_after_its_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net_forget(net);
    net->nodes[FR].held = true;
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 0);
    net->nodes[FR].held = false;
    net_run(net);
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 2);
}

static void set_true(void *ctx)
{
    *(bool *)ctx = true;
}

static void node_call_waits_for_its_ticket(void **state)
{
    struct net *net = *state;
    bool called = false, old = false;
    uint8_t nothing[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    uint64_t ticket;
    struct node *node = net->nodes[NL].node;
    net->nodes[NL].held = true;
    node_when(node, 1, set_true, &old); /* long on the disk */
    assert_ok(node_subscribe(node, nothing, net->now_us, &note, &ticket));
    node_when(node, ticket, set_true, &called);
    net_run(net);
    assert_true(old);
    assert_false(called);
    net->nodes[NL].held = false;
    net_run(net);
    assert_true(called);
}

/* A key that a crash could take away must lock no alert. */
static void node_card_leaves_only_after_its_commit(void **state)
{
    struct net *net = *state;
    uint8_t nothing[LIMIT_COUNTRIES / 8] = {0};
    struct err_note note = {{0}};
    uint64_t ticket, serial = node_directory(net->nodes[NL].node)->own_card.serial;
    net->nodes[NL].held = true;
    assert_ok(node_subscribe(net->nodes[NL].node, nothing, net->now_us, &note, &ticket));
    net_run(net);
    assert_int_equal(net_sent(net, NL, WIRE_CARDS), 0);
    net_cut(net, NL, 0);
    net_connect(net, NL, 0); /* nor in a Hello */
    const Hotline__Hello *hello = net_last(net, false, NL, 0, WIRE_HELLO);
    assert_null(hello->card);
    net->nodes[NL].held = false;
    net_run(net);
    assert_int_equal(net_sent(net, NL, WIRE_CARDS), 2);
    assert_true(node_directory(net->nodes[NL].node)->own_card.serial > serial);
    assert_int_equal(node_directory(net->nodes[BE].node)->members[NL].card.serial,
                     node_directory(net->nodes[NL].node)->own_card.serial);
}

static void node_late_grants_leave_only_after_their_commit(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish_and_run(net, &to_france, reference);
    net_forget(net);
    net->nodes[BE].held = true;
    subscribe(net, NL, "FR");
    assert_true(net_frames(net, true, BE, NET_ALL, WIRE_GRANT_WANTED) > 0);
    assert_int_equal(net_sent(net, BE, WIRE_GRANTS), 0);
    net->nodes[BE].held = false;
    net_run(net);
    assert_true(net_sent(net, BE, WIRE_GRANTS) > 0);
    assert_int_equal(net_events(net, NL, NODE_CASE_RECEIVED), 1); /* the late joiner got it */
    assert_int_equal(net_state(net, BE, reference, NL), RECEIPT(DELIVERED));
}

/* ---- who may ---- */

static int try_open(struct net *net, char *reference, struct err_note *note)
{
    return net_try_publish(net, BE, &to_france, note, reference);
}

static void node_withdrawn_member_cannot_publish(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net->standing[BE] = HOTLINE__STANDING__CODE__WITHDRAWN;
    net_new_roster(net);
    assert_error(try_open(net, reference, &note), ERR_MEMBER);
    assert_note(&note, "withdrawn");
    assert_int_equal(
        node_directory(net->nodes[FR].node)->roster ? roster_version(node_directory(net->nodes[FR].node)->roster) : 0,
        2);
}

static void node_suspended_member_updates_and_closes_but_opens_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], other[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish_and_run(net, &to_france, reference);
    net->standing[BE] = HOTLINE__STANDING__CODE__SUSPENDED;
    net_new_roster(net);
    assert_error(try_open(net, other, &note), ERR_MEMBER);
    assert_note(&note, "suspended");
    assert_ok(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_CLOSED), 1);
    assert_error(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}}, &note),
                 ERR_MEMBER); /* it would open */
}

static void node_dead_roster_opens_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], other[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct net_publish month = {.to = {"FR"}, .valid_for_us = 30 * CLOCK_DAY_US};
    net->roster_life_us = 2 * CLOCK_DAY_US; /* expires in one day */
    net_new_roster(net);
    net_cut(net, NET_ALL, NET_ALL);
    net->now_us += 29 * CLOCK_DAY_US;
    publish_and_run(net, &month, reference); /* within its grace */
    net->now_us += 3 * CLOCK_DAY_US;
    assert_error(try_open(net, other, &note), ERR_EXPIRED);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
}

static void node_nobody_to_reach_is_refused_and_an_empty_country_is_named(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    assert_error(net_try_publish(net, BE, &(struct net_publish){.to = {"PT"}}, &note, reference), ERR_POLICY);
    assert_note(&note, "nobody would get it");
    assert_error(net_try_publish(net, BE, &(struct net_publish){.to = {NULL}}, &note, reference), ERR_MISSING);
    assert_error(net_try_publish(net, BE, &(struct net_publish){.to = {"QQ"}}, &note, reference), ERR_UNKNOWN);
    publish_and_run(net, &(struct net_publish){.to = {"PT", "FR"}}, reference);
    const struct item *item = net_revision(net, BE, reference, 1);
    assert_int_equal(item->unreached_count, 1);
    assert_string_equal(item->unreached[0], "PT");
    net_crash(net, BE);
    assert_string_equal(net_revision(net, BE, reference, 1)->unreached[0], "PT");
}

static void node_legal_group_needs_a_restricted_case_from_its_opening_on(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct net_publish legal = {.to = {"FR"}, .medical = true};
    assert_error(net_try_publish(net, BE, &legal, &note, reference), ERR_POLICY);
    publish_and_run(net, &to_france, reference);
    assert_error(net_try_update(net, BE, reference, &legal, &note), ERR_POLICY);
    assert_int_equal(net_case(net, BE, reference)->revision_count, 1);
    legal.restricted = true;
    publish_and_run(net, &legal, reference);
    assert_non_null(item_content(net_revision(net, FR, reference, 1))->alert->legal);
}

static void node_restricted_case_passes_subscribers_by(void **state)
{
    struct net *net = *state;
    char open[CASES_REFERENCE_MAX], restricted[CASES_REFERENCE_MAX];
    subscribe(net, NL, "FR");
    publish_and_run(net, &to_france, open);
    publish_and_run(net, &(struct net_publish){.to = {"FR"}, .restricted = true}, restricted);
    assert_true(net_has(net, NL, open));
    assert_false(net_has(net, NL, restricted));
    assert_true(net_has(net, FR, restricted));
}

/* ---- revisions ---- */

static void node_update_close_and_reopening_follow_each_other(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    const struct cases *cases = node_cases(net->nodes[FR].node);
    publish_and_run(net, &to_france, reference);
    assert_ok(net_try_update(net, BE, reference, &(struct net_publish){.to = {"IT"}}, &note)); /* widens */
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 1);
    assert_int_equal(net_events(net, IT, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net->nodes[IT].events[0].revision, 2); /* over a hole */
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_CLOSED), 1);
    assert_int_equal(cases_state(cases, net_case(net, FR, reference), net->now_us), CASE_CLOSED);
    assert_error(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), ERR_STATE);
    assert_ok(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_int_equal(cases_state(cases, net_case(net, FR, reference), net->now_us), CASE_OPEN);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 2); /* it opens again, as loud as at first */
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__RETRACT, &note));
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_RETRACTED), 1);
    assert_int_equal(net_events(net, IT, NODE_CASE_RETRACTED), 1);
    assert_error(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}}, &note), ERR_STATE);
    assert_error(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), ERR_STATE);
    assert_int_equal(net_state(net, BE, reference, IT), RECEIPT(DELIVERED));
}

static void node_only_the_opener_revises(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish_and_run(net, &to_france, reference);
    assert_error(net_try_update(net, FR, reference, &to_france, &note), ERR_STATE);
    assert_error(net_try_finish(net, FR, reference, HOTLINE__ACT__CODE__CLOSE, &note), ERR_STATE);
    assert_error(net_try_acknowledge(net, BE, reference), ERR_STATE);
    assert_error(net_try_reply(net, BE, reference, "to myself", &note), ERR_STATE);
}

static void node_revision_expires_no_earlier_than_those_before(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct net_publish ten = {.to = {"FR"}, .valid_for_us = 10 * CLOCK_HOUR_US},
                       one = {.to = {NULL}, .valid_for_us = CLOCK_HOUR_US},
                       twelve = {.to = {NULL}, .valid_for_us = 12 * CLOCK_HOUR_US};
    publish_and_run(net, &ten, reference);
    int64_t first_us = net_revision(net, BE, reference, 1)->header->expires_at_us;
    assert_ok(net_try_update(net, BE, reference, &one, &note));
    net_run(net);
    assert_int_equal(net_revision(net, BE, reference, 2)->header->expires_at_us, first_us);
    assert_ok(net_try_update(net, BE, reference, &twelve, &note)); /* what a person asks for, not more */
    net_run(net);
    assert_int_equal(net_revision(net, BE, reference, 3)->header->expires_at_us, first_us + 2 * CLOCK_HOUR_US);
}

/* ---- numbers ---- */

static uint64_t number_at(const struct net *net, unsigned node, const char *reference, uint32_t revision)
{
    return net_revision(net, node, reference, revision)->sequence;
}

static void node_numbers_are_the_cases_own_and_grow_per_recipient(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX], third[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish_and_run(net, &to_france, first);
    publish_and_run(net, &to_france_and_italy, second);
    assert_ok(net_try_update(net, BE, first, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_int_equal(number_at(net, FR, first, 1), 1);
    assert_int_equal(number_at(net, FR, first, 2), 1);
    assert_int_equal(number_at(net, FR, second, 1), 2);
    assert_int_equal(number_at(net, IT, second, 1), 1);
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    publish_and_run(net, &to_france, third);
    assert_int_equal(number_at(net, FR, third, 1), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(node_case_published_is_accepted_by_two_delivered_and_answered),
        NET_TEST(node_two_relays_deliver_and_it_is_shown_once),
        NET_TEST(node_drill_stays_a_drill),
        NET_TEST(node_reply_reaches_the_opener_alone),
        NET_TEST(node_publish_leaves_only_after_its_commit),
        NET_TEST(node_accepted_is_told_only_after_its_commit),
        NET_TEST(node_receipt_that_was_not_committed_comes_again),
        NET_TEST(node_received_case_is_shown_and_answered_only_after_its_commit),
        NET_TEST(node_receipt_is_taken_only_after_its_commit),
        NET_TEST(node_acknowledgement_leaves_only_after_its_commit),
        NET_TEST(node_call_waits_for_its_ticket),
        NET_TEST(node_card_leaves_only_after_its_commit),
        NET_TEST(node_late_grants_leave_only_after_their_commit),
        NET_TEST(node_withdrawn_member_cannot_publish),
        NET_TEST(node_suspended_member_updates_and_closes_but_opens_nothing),
        NET_TEST(node_dead_roster_opens_nothing),
        NET_TEST(node_nobody_to_reach_is_refused_and_an_empty_country_is_named),
        NET_TEST(node_legal_group_needs_a_restricted_case_from_its_opening_on),
        NET_TEST(node_restricted_case_passes_subscribers_by),
        NET_TEST(node_update_close_and_reopening_follow_each_other),
        NET_TEST(node_only_the_opener_revises),
        NET_TEST(node_revision_expires_no_earlier_than_those_before),
        NET_TEST(node_numbers_are_the_cases_own_and_grow_per_recipient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
