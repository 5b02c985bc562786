/* Cases whose time runs out: told once to whom it concerns, over restarts, and again after a renewal. */
#include "node_world.h"

static const struct net_publish for_eight_minutes = {.to = {"FR"}, .valid_for_us = 8 * CLOCK_MINUTE_US};

static void publish(struct net *net, const struct net_publish *what, char *reference)
{
    net_publish(net, BE, what, reference);
    net_run(net);
}

static void expiry_is_told_to_the_publisher_when_a_quarter_is_left_and_at_the_end(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &for_eight_minutes, reference);
    net_pass(net, 6 * CLOCK_MINUTE_US - 2 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 0);
    net_pass(net, 4 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
    net_pass(net, 2 * CLOCK_MINUTE_US - 4 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRED), 0);
    assert_int_equal(net_events(net, FR, NODE_CASE_EXPIRED), 0);
    net_pass(net, 4 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRED), 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_EXPIRED), 1);
    net_pass(net, CLOCK_MINUTE_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_EXPIRING), 0);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRED), 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_EXPIRED), 1);
}

static void expiry_of_a_long_case_is_told_six_hours_before(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &(struct net_publish){.to = {"FR"}, .valid_for_us = 72 * CLOCK_HOUR_US}, reference);
    net_tick(net, 66 * CLOCK_HOUR_US - CLOCK_MINUTE_US);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 0);
    net_tick(net, 2 * CLOCK_MINUTE_US);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
}

static void expiry_is_told_once_over_restarts(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &for_eight_minutes, reference);
    net_pass(net, 6 * CLOCK_MINUTE_US + CLOCK_SECOND_US);
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
    net_pass(net, 2 * CLOCK_MINUTE_US);
    for (unsigned n = BE; n <= FR; n++) {
        net_crash(net, n);
        net_connect(net, n, NET_ALL);
    }
    net_pass(net, 10 * CLOCK_SECOND_US);
    for (unsigned n = BE; n <= FR; n++)
        assert_int_equal(net_events(net, n, NODE_CASE_EXPIRED), 1);
}

static void expiry_while_the_node_was_down_is_told_when_it_is_back(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    publish(net, &for_eight_minutes, reference);
    net_cut(net, FR, NET_ALL);
    net_kill_node(net, FR);
    net_pass(net, 9 * CLOCK_MINUTE_US);
    net_start(net, FR);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 3 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, FR, NODE_CASE_EXPIRED), 1);
}

static void expiry_of_a_renewed_case_is_told_of_its_new_end(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish(net, &for_eight_minutes, reference);
    net_pass(net, 7 * CLOCK_MINUTE_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
    assert_ok(net_try_update(net, BE, reference, &for_eight_minutes, &note));
    net_pass(net, 5 * CLOCK_MINUTE_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 1);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRED) + net_events(net, FR, NODE_CASE_EXPIRED), 0);
    net_pass(net, 90 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_EXPIRING), 2);
}

static void expiry_of_a_closed_case_is_told_to_nobody(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    publish(net, &for_eight_minutes, reference);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_pass(net, 9 * CLOCK_MINUTE_US);
    for (unsigned n = BE; n <= FR; n++)
        assert_int_equal(net_events(net, n, NODE_CASE_EXPIRING) + net_events(net, n, NODE_CASE_EXPIRED), 0);
}

static void expiry_review_is_told_to_the_publisher_once(void **state)
{
    struct net *net = *state;
    const struct net_publish day = {.to = {"FR"}, .valid_for_us = CLOCK_DAY_US};
    Hotline__Case *content = net_content(&day);
    struct node_draft draft = net_draft(&day, content);
    struct err_note note = {{0}};
    struct case_entry *entry;
    uint64_t ticket;
    WIRE_SET(content, review_at, net->now_us + CLOCK_MINUTE_US);
    assert_ok(node_publish(net->nodes[BE].node, &draft, net->now_us, &note, &entry, &ticket));
    case_free(content);
    net_pass(net, 50 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_REVIEW), 0);
    net_pass(net, 12 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_REVIEW), 1);
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, CLOCK_MINUTE_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_REVIEW), 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_REVIEW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(expiry_is_told_to_the_publisher_when_a_quarter_is_left_and_at_the_end),
        NET_TEST(expiry_of_a_long_case_is_told_six_hours_before),
        NET_TEST(expiry_is_told_once_over_restarts),
        NET_TEST(expiry_while_the_node_was_down_is_told_when_it_is_back),
        NET_TEST(expiry_of_a_renewed_case_is_told_of_its_new_end),
        NET_TEST(expiry_of_a_closed_case_is_told_to_nobody),
        NET_TEST(expiry_review_is_told_to_the_publisher_once),
    };
    return cmocka_run_group_tests_name("node_expiry", tests, NULL, NULL);
}
