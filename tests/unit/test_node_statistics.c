/* node_statistics: figures of a year end when newer ones stand in their place, or with their validity. */
#include "node/node_inner.h"
#include "node_world.h"

static void send_year(struct net *net, unsigned n, unsigned year, bool exercise)
{
    Hotline__Statistics statistics = HOTLINE__STATISTICS__INIT;
    struct err_note note = {""};
    const struct item *item;
    uint64_t ticket;
    WIRE_SET(&statistics, year, year);
    WIRE_SET(&statistics, exercise, exercise);
    assert_int_equal(node_send_statistics(net->nodes[n].node, &statistics, net->now_us, &note, &item, &ticket), OK);
    net_pass(net, 2 * CLOCK_SECOND_US);
}

static size_t held(struct net *net, unsigned n)
{
    size_t at = 0, count = 0;
    while (node_next_item(net->nodes[n].node, &at, HOTLINE__KIND__CODE__STATISTICS) != NULL)
        count++;
    return count;
}

static size_t records(struct net *net, unsigned n)
{
    size_t at = 0, count = 0;
    net_crash(net, n); /* what a start finds */
    for (const struct item *item; (item = lookup_next(&net->nodes[n].node->items, &at)) != NULL;)
        count += item->header->kind == HOTLINE__KIND__CODE__STATISTICS;
    return count;
}

static void an_hour(struct net *net)
{
    for (int i = 0; i < 61; i++)
        net_tick(net, CLOCK_MINUTE_US);
    net_pass(net, 2 * CLOCK_SECOND_US);
}

static void with_an_observer(struct net *net)
{
    net->role[FR] = HOTLINE__ROLE__CODE__OBSERVER;
    net_new_roster(net);
    net_pass(net, 2 * CLOCK_SECOND_US);
}

static void statistics_newer_of_a_year_takes_the_place_of_the_older(void **state)
{
    struct net *net = *state;
    with_an_observer(net);
    send_year(net, BE, 2025, false);
    send_year(net, BE, 2026, false);
    send_year(net, BE, 2026, true); /* drills are figures of their own */
    send_year(net, BE, 2026, false);
    assert_int_equal(held(net, FR), 4);
    assert_int_equal(held(net, BE), 4);
    an_hour(net);
    assert_int_equal(held(net, FR), 3);
    assert_int_equal(held(net, BE), 3);
    assert_int_equal(records(net, FR), 3);
    assert_int_equal(records(net, BE), 3);
}

static void statistics_of_our_own_end_with_their_validity_and_an_observers_stay(void **state)
{
    struct net *net = *state;
    with_an_observer(net);
    send_year(net, BE, 2026, false);
    net->roster_life_us = 90 * CLOCK_DAY_US;
    net_new_roster(net);
    an_hour(net);
    assert_int_equal(held(net, BE), 1);
    net_tick(net, 31 * CLOCK_DAY_US);
    an_hour(net);
    assert_int_equal(held(net, BE), 0);
    assert_int_equal(held(net, FR), 1);
    assert_int_equal(records(net, BE), 0);
    assert_int_equal(records(net, FR), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(statistics_newer_of_a_year_takes_the_place_of_the_older),
        NET_TEST(statistics_of_our_own_end_with_their_validity_and_an_observers_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
