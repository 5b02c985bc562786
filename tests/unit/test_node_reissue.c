/* node_reissue: two nodes with one key gave one number twice. */
#include "node_world.h"

static const struct net_publish to_france = {.to = {"FR"}};
static const struct net_publish to_italy_too = {.to = {"FR", "IT"}};
static const struct net_publish to_netherlands_too = {.to = {"FR", "NL"}};

#define LIFE(path, suffix, out) snprintf(out, sizeof out, "%s%s", path, suffix)

/* The store of Belgium as it is now, to be put back by put_back(). */
static void copy_store(struct net *net, char kept[160])
{
    char from[200], to[200];
    snprintf(kept, 160, "%s/kept.db", net->folder);
    net_copy_file(net->nodes[BE].path, kept);
    LIFE(net->nodes[BE].path, "-wal", from);
    LIFE(kept, "-wal", to);
    net_copy_file(from, to);
}

/* The clone: the copy runs, not connected, by a clock that is a minute behind: what it says loses. */
static void put_back(struct net *net, const char *kept)
{
    net_kill_node(net, BE);
    snprintf(net->nodes[BE].path, sizeof net->nodes[BE].path, "%s", kept);
    net->nodes[BE].clock_error_us = -60 * INT64_C(1000000);
    net_start(net, BE);
}

static void publish(struct net *net, char reference[CASES_REFERENCE_MAX], char kept[160])
{
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    copy_store(net, kept);
}

static void reissue_of_an_update_that_lost_is_the_next_revision_for_all(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], kept[160];
    struct err_note note = {""};
    publish(net, reference, kept);
    assert_ok(net_try_update(net, BE, reference, &to_netherlands_too, &note));
    net_run(net);
    put_back(net, kept);
    assert_null(net_revision(net, BE, reference, 2));
    assert_ok(net_try_update(net, BE, reference, &to_italy_too, &note));
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_events(net, BE, NODE_CASE_CONFLICT), 1);
    assert_non_null(net_revision(net, BE, reference, 3));
    assert_non_null(net_revision(net, FR, reference, 3));
    assert_non_null(net_revision(net, IT, reference, 3)); /* whom the one that lost had added */
    assert_non_null(net_revision(net, NL, reference, 3)); /* and whom the other one had */
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    assert_null(net_revision(net, BE, reference, 4));
    assert_int_equal(net_events(net, BE, NODE_CASE_CONFLICT), 1);
}

static void reissue_of_an_update_that_the_next_one_passes_over(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], kept[160];
    struct err_note note = {""};
    publish(net, reference, kept);
    for (int i = 0; i < 2; i++) {
        assert_ok(net_try_update(net, BE, reference, &to_netherlands_too, &note));
        net_run(net);
    }
    put_back(net, kept);
    assert_ok(net_try_update(net, BE, reference, &to_italy_too, &note));
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_events(net, BE, NODE_CASE_CONFLICT), 1);
    assert_non_null(net_revision(net, FR, reference, 4));
    assert_non_null(net_revision(net, IT, reference, 4));
    assert_non_null(net_revision(net, NL, reference, 4));
}

static void reissue_is_not_for_a_store_that_was_put_back_and_said_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], kept[160];
    struct err_note note = {""};
    publish(net, reference, kept);
    assert_ok(net_try_update(net, BE, reference, &to_netherlands_too, &note));
    net_run(net);
    put_back(net, kept);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_events(net, BE, NODE_CASE_CONFLICT), 0);
    assert_null(net_revision(net, FR, reference, 3));
}

static void reissue_of_a_closing_that_lost_closes_the_case_after_all(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], kept[160];
    struct err_note note = {""};
    publish(net, reference, kept);
    assert_ok(net_try_update(net, BE, reference, &to_netherlands_too, &note));
    net_run(net);
    put_back(net, kept);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_revision(net, FR, reference, 3)->header->act, HOTLINE__ACT__CODE__CLOSE);
    assert_int_equal(net_revision(net, NL, reference, 3)->header->act, HOTLINE__ACT__CODE__CLOSE);
}

static void reissue_never_opens_what_was_closed_and_people_are_told(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], kept[160];
    struct err_note note = {""};
    publish(net, reference, kept);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    put_back(net, kept);
    assert_ok(net_try_update(net, BE, reference, &to_italy_too, &note));
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_events(net, BE, NODE_CASE_CONFLICT), 1);
    assert_null(net_revision(net, BE, reference, 3));
    assert_int_equal(node_state(net->nodes[BE].node, net_case(net, BE, reference), net->now_us), CASE_CLOSED);
    assert_int_equal(net_cases(net, IT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(reissue_of_an_update_that_lost_is_the_next_revision_for_all),
        NET_TEST(reissue_of_an_update_that_the_next_one_passes_over),
        NET_TEST(reissue_is_not_for_a_store_that_was_put_back_and_said_nothing),
        NET_TEST(reissue_of_a_closing_that_lost_closes_the_case_after_all),
        NET_TEST(reissue_never_opens_what_was_closed_and_people_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
