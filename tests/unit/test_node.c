/* node: the whole way of an alert through real nodes and real relays, and what falls on the way. */
#include "node_world.h"

static const struct net_publish to_france_and_italy = {.to = {"FR", "IT"}};

/* ---- the main job ---- */

static void node_case_published_is_accepted_by_two_delivered_and_answered(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    assert_string_equal(reference, "BE-2026-00001");
    net_run(net);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 2);
    for (unsigned n = FR; n <= IT; n++) {
        assert_int_equal(net_events(net, n, NODE_CASE_RECEIVED), 1);
        assert_string_equal(net_revision(net, n, reference, 1)->content->alert->child->given_name, "Aurelia-canary");
        assert_int_equal(net_state(net, BE, reference, n), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    }
    assert_false(net_has(net, NL, reference));
    assert_int_equal(net_state(net, BE, reference, NL), -1);
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 2);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
    assert_int_equal(net_state(net, BE, reference, IT), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_int_equal(node_acknowledgement_taken(net->nodes[FR].node, net_case(net, FR, reference)), 2);
    assert_int_equal(node_outbox_size(net->nodes[BE].node), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(node_case_published_is_accepted_by_two_delivered_and_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
