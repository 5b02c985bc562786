/* The machine's clock goes wrong under a running node, or before it starts: no case ends by it, no alarm is silenced,
 * and nothing is late but what is. */
#include "node/drafts.h"
#include "node/node_inner.h"
#include "node_world.h"

static const struct net_publish half_an_hour = {.to = {"FR"}, .valid_for_us = 30 * CLOCK_MINUTE_US};

static int setup(void **state)
{
    struct net *net = net_new();
    for (unsigned n = 0; n < NET_NODES; n++) {
        net->nodes[n].guarded = true;
        net_start(net, n);
    }
    net_connect(net, NET_ALL, NET_ALL);
    net_pass(net, 6 * CLOCK_SECOND_US);
    net_forget(net);
    *state = net;
    return 0;
}

static enum case_state state_at(const struct net *net, unsigned node, const char *reference)
{
    const struct net_node *self = &net->nodes[node];
    return node_state(self->node, net_case(net, node, reference), net_node_now(self));
}

static void publish(struct net *net, const struct net_publish *what, char *reference)
{
    net_publish(net, BE, what, reference);
    net_run(net);
}

static bool is_warned(const struct net *net, unsigned node)
{
    struct node_warning warnings[16];
    size_t count = node_warnings(net->nodes[node].node, net_node_now(&net->nodes[node]), warnings, 16);
    bool told = false;
    for (size_t i = 0; i < count; i++)
        told |= strcmp(warnings[i].code, "CLOCK") == 0;
    return told;
}

static void clock_that_jumps_ends_no_case(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const int64_t errors[] = {CLOCK_HOUR_US, -FIXTURE_NOW, 366 * CLOCK_DAY_US, -CLOCK_HOUR_US};
    publish(net, &half_an_hour, reference);
    for (size_t i = 0; i < 4; i++) {
        net->nodes[BE].clock_error_us = net->nodes[FR].clock_error_us = errors[i];
        net_pass(net, 7 * CLOCK_SECOND_US);
        assert_int_equal(state_at(net, BE, reference), CASE_OPEN);
        assert_int_equal(state_at(net, FR, reference), CASE_OPEN);
        assert_true(is_warned(net, BE));
    }
    net_pass(net, 30 * CLOCK_MINUTE_US); /* and it ends in its time, whatever the machine says */
    assert_int_equal(state_at(net, BE, reference), CASE_EXPIRED);
    assert_int_equal(state_at(net, FR, reference), CASE_EXPIRED);
    net->nodes[BE].clock_error_us = 0;
    net_pass(net, CLOCK_SECOND_US);
    assert_false(is_warned(net, BE));
}

static void clock_that_swings_without_relays_ends_no_case(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &half_an_hour, reference);
    net_cut(net, NET_ALL, NET_ALL);
    for (unsigned i = 0; i < 200; i++) {
        net->nodes[BE].clock_error_us = (i % 2 ? 1 : -1) * CLOCK_HOUR_US;
        net_tick(net, CLOCK_SECOND_US / 4);
        assert_int_equal(state_at(net, BE, reference), CASE_OPEN);
    }
}

static void clock_that_jumps_silences_and_hastens_no_alarm(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish(net, &half_an_hour, reference);
    net->nodes[BE].clock_error_us = CLOCK_HOUR_US;
    net_pass(net, 50 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_ALARM), 0);
    net->nodes[BE].clock_error_us = -FIXTURE_NOW;
    net_pass(net, 15 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_ALARM), 1);
}

static void clock_an_hour_ahead_at_the_start_ends_no_case_and_makes_nothing_late(void **state)
{
    struct net *net = *state;
    char old[CASES_REFERENCE_MAX], fresh[CASES_REFERENCE_MAX];
    publish(net, &half_an_hour, old);
    net->nodes[FR].clock_error_us = CLOCK_HOUR_US;
    net_crash(net, FR);
    net_connect(net, FR, NET_ALL);
    assert_int_equal(state_at(net, FR, old), CASE_OPEN);
    publish(net, &half_an_hour, fresh);
    assert_false(net_revision(net, FR, fresh, 1)->late);
    assert_int_equal(state_at(net, FR, fresh), CASE_OPEN);
}

static void clock_years_ahead_at_the_start_erases_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &half_an_hour, reference);
    net->nodes[FR].clock_error_us = 5 * 366 * CLOCK_DAY_US;
    net_crash(net, FR);
    net_pass(net, CLOCK_HOUR_US / 4); /* no relay says a word */
    assert_false(net_case(net, FR, reference)->erased);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_false(net_case(net, FR, reference)->erased);
    assert_int_equal(state_at(net, FR, reference), CASE_OPEN);
}

/* One of two: what both say in the middle is wrong by years too. */
static void clock_of_one_lying_relay_erases_nothing_and_keeps_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note;
    struct draft *draft;
    const struct drafts_words words = {.document = slice_text("{}"), .by = "desk"};
    publish(net, &half_an_hour, reference);
    assert_int_equal(node_draft_new(net->nodes[BE].node, &words, net_node_now(&net->nodes[BE]), &note, &draft), OK);
    net->relays[1].clock_error_us = 5 * 366 * CLOCK_DAY_US;
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_false(net_case(net, FR, reference)->erased);
    assert_false(net_case(net, BE, reference)->erased);
    assert_int_equal(node_drafts(net->nodes[BE].node)->count, 1);
    net->relays[1].clock_error_us = -5 * 366 * CLOCK_DAY_US;
    net_pass(net, 30 * CLOCK_SECOND_US);
    net->now_us += 91 * CLOCK_DAY_US;
    net->steady_us += 91 * CLOCK_DAY_US;
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, reference)->erased);
    assert_true(net_case(net, BE, reference)->erased);
}

static void clock_alone_ends_what_is_over(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &half_an_hour, reference);
    net->now_us += 91 * CLOCK_DAY_US;
    net_crash(net, FR);
    net_pass(net, CLOCK_MINUTE_US);
    assert_false(net_case(net, FR, reference)->erased); /* a relay may still say that this clock is wrong */
    net->now_us += CLOCK_DAY_US;
    net->steady_us += CLOCK_DAY_US;
    net_pass(net, CLOCK_MINUTE_US);
    assert_true(net_case(net, FR, reference)->erased);
}

/* Two of three lie, and the honest one is not heard: our own clock does not say so. */
static void clock_of_all_relays_that_are_heard_erases_nothing_before_our_own(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &half_an_hour, reference);
    for (unsigned r = 0; r < NET_RELAYS; r++)
        net->relays[r].clock_error_us = (5 + r) * 366 * CLOCK_DAY_US;
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_false(net_case(net, FR, reference)->erased);
    assert_false(net_case(net, BE, reference)->erased);
}

/* Dedup is for as long as what was seen could come again: a start with the clock ahead ends none of it. */
static void clock_years_ahead_at_the_start_forgets_nothing_that_was_seen(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct node_idempotency record = {.key = "once", .status = 201};
    publish(net, &half_an_hour, reference);
    record.until_us = net_node_now(&net->nodes[FR]) + CLOCK_DAY_US;
    assert_error(node_idempotency_put(net->nodes[FR].node, &record), OK);
    net_pass(net, CLOCK_SECOND_US);
    size_t seen = net->nodes[FR].node->seen.count;
    assert_true(seen > 0);
    net->nodes[FR].clock_error_us = 5 * 366 * CLOCK_DAY_US;
    net_crash(net, FR);
    net_pass(net, CLOCK_SECOND_US); /* no relay says a word */
    net->now_us += 2 * CLOCK_HOUR_US;
    net->steady_us += 2 * CLOCK_HOUR_US;
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net->nodes[FR].node->seen.count, seen);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net->nodes[FR].node->seen.count, seen);
    net->nodes[FR].clock_error_us = 0;
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net->nodes[FR].node->seen.count, seen);
    assert_non_null(node_idempotency_find(net->nodes[FR].node, "once", net_node_now(&net->nodes[FR])));
}

/* What a relay ended too early it takes again from its sender: here both of them did. */
static void clock_of_relays_that_jumps_and_comes_back_loses_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, NL, NET_ALL);
    net_publish(net, BE, &(struct net_publish){.to = {"NL"}, .valid_for_us = 30 * CLOCK_MINUTE_US}, reference);
    net_run(net);
    net->relays[0].clock_error_us = net->relays[1].clock_error_us = CLOCK_HOUR_US;
    net_pass(net, 2 * CLOCK_SECOND_US);
    net->relays[0].clock_error_us = net->relays[1].clock_error_us = 0;
    net_pass(net, 10 * CLOCK_SECOND_US);
    net_connect(net, NL, NET_ALL);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_true(net_has(net, NL, reference));
    assert_int_equal(net_state(net, BE, reference, NL), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_int_equal(net_events(net, NL, NODE_CASE_RECEIVED), 1);
}

static bool loses_receipts_to_the_publisher(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->node == BE && frame->type == WIRE_RECEIPTS;
}

static void clock_of_relays_that_comes_back_holds_no_receipt_back(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->relays[0].clock_error_us = net->relays[1].clock_error_us = 20 * CLOCK_MINUTE_US;
    net->loses = loses_receipts_to_the_publisher;
    publish(net, &half_an_hour, reference);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), 0);
    net->loses = NULL;
    net->relays[0].clock_error_us = net->relays[1].clock_error_us = 0;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
}

static void clock_in_1970_at_the_start_silences_no_alarm(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    publish(net, &half_an_hour, reference);
    net->nodes[BE].clock_error_us = -FIXTURE_NOW;
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 65 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_ALARM), 1);
    assert_int_equal(state_at(net, BE, reference), CASE_OPEN);
}

static void clock_that_is_set_right_is_followed_when_the_relays_agree(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->nodes[BE].clock_error_us = -2 * CLOCK_HOUR_US;
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 6 * CLOCK_SECOND_US);
    assert_true(is_warned(net, BE));
    net->nodes[BE].clock_error_us = 0;
    net_pass(net, CLOCK_SECOND_US);
    assert_false(is_warned(net, BE));
    publish(net, &half_an_hour, reference);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
    int64_t off_us = net_revision(net, BE, reference, 1)->header->sent_at_us - net->now_us;
    assert_true(off_us < CLOCK_SECOND_US && off_us > -CLOCK_SECOND_US);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, net_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(clock_that_jumps_ends_no_case),
        CASE(clock_that_swings_without_relays_ends_no_case),
        CASE(clock_that_jumps_silences_and_hastens_no_alarm),
        CASE(clock_an_hour_ahead_at_the_start_ends_no_case_and_makes_nothing_late),
        CASE(clock_years_ahead_at_the_start_erases_nothing),
        CASE(clock_of_one_lying_relay_erases_nothing_and_keeps_nothing),
        CASE(clock_of_all_relays_that_are_heard_erases_nothing_before_our_own),
        CASE(clock_years_ahead_at_the_start_forgets_nothing_that_was_seen),
        CASE(clock_alone_ends_what_is_over),
        CASE(clock_of_relays_that_jumps_and_comes_back_loses_nothing),
        CASE(clock_of_relays_that_comes_back_holds_no_receipt_back),
        CASE(clock_in_1970_at_the_start_silences_no_alarm),
        CASE(clock_that_is_set_right_is_followed_when_the_relays_agree),
    };
    return cmocka_run_group_tests_name("node_clock", tests, NULL, NULL);
}
