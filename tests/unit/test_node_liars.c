/* One of two relays lies, between real nodes and real relays: it drops, withholds, replays, reorders, cuts, changes and
 * equivocates. Deliveries come later at most, nothing twice, nothing forged, and who withholds is shown. */
#include "node_world.h"

#define HONEST 0
#define LIAR 1
#define FLOOD 400

static const struct net_publish to_france = {.to = {"FR"}};

static bool drops_all_between(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->relay == LIAR && frame->type != WIRE_HELLO && frame->type != WIRE_WELCOME &&
        frame->type != WIRE_PULSE;
}

static bool withholds_deliveries_of_both(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->node == FR && frame->type == WIRE_DELIVER;
}

static bool withholds_at_the_liar(struct net *net, const struct net_frame *frame)
{
    return frame->relay == LIAR && withholds_deliveries_of_both(net, frame);
}

static bool warned(const struct net *net, unsigned node, const char *code, const char *word)
{
    struct node_warning warnings[NODE_WARNINGS_MAX];
    size_t count = node_warnings(net->nodes[node].node, net->now_us, warnings, NODE_WARNINGS_MAX);
    for (size_t i = 0; i < count; i++)
        if (strcmp(warnings[i].code, code) == 0 && strstr(warnings[i].text, word) != NULL)
            return true;
    return false;
}

/* What the liar once carried to this node, again: by the order given, with what change does to each. */
static void repeat(struct net *net, unsigned node, bool backwards,
                   void (*change)(uint8_t *bytes, size_t *len, size_t nth))
{
    size_t count = net->frame_count;
    for (size_t n = 0; n < count && n < FLOOD; n++) {
        const struct net_frame *frame = &net->frames[backwards ? count - 1 - n : n];
        if (!frame->to_node || frame->type == WIRE_GOODBYE || frame->len == 0)
            continue; /* also what the other relay carried, and to others */
        size_t len = frame->len;
        uint8_t *copy = malloc(len);
        struct buf bytes;
        assert_non_null(copy);
        memcpy(copy, frame->bytes, len);
        if (change != NULL)
            change(copy, &len, n);
        buf_init(&bytes);
        buf_add_u32le(&bytes, (uint32_t)len + 1);
        buf_add_u8(&bytes, frame->type);
        buf_add(&bytes, copy, len);
        assert_error(net_queue(net, true, node, LIAR, buf_slice(&bytes)), OK);
        buf_free(&bytes);
        free(copy);
        net_run(net);
    }
}

static void flip(uint8_t *bytes, size_t *len, size_t nth)
{
    bytes[(nth * 7919) % *len] ^= (uint8_t)(1u << nth % 8);
}

static void cut_short(uint8_t *bytes, size_t *len, size_t nth)
{
    (void)bytes;
    *len = 1 + (nth * 31) % *len;
}

static void three_cases(struct net *net, char references[3][CASES_REFERENCE_MAX])
{
    for (size_t i = 0; i < 3; i++) {
        net_publish(net, BE, &to_france, references[i]);
        net_run(net);
    }
}

static void all_once(struct net *net, char references[3][CASES_REFERENCE_MAX])
{
    assert_int_equal(net_cases(net, FR), 3);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(net_has(net, FR, references[i]));
        assert_int_equal(net_state(net, BE, references[i], FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    }
}

static void liars_that_drop_everything_delay_nothing(void **state)
{
    struct net *net = *state;
    char references[3][CASES_REFERENCE_MAX];
    net->loses = drops_all_between;
    three_cases(net, references);
    all_once(net, references);
    assert_true(net->lost > 0);
}

static void liars_replay_and_reorder_and_nothing_is_shown_twice(void **state)
{
    struct net *net = *state;
    char references[3][CASES_REFERENCE_MAX];
    three_cases(net, references);
    repeat(net, FR, false, NULL);
    repeat(net, FR, true, NULL);
    repeat(net, BE, true, NULL);
    assert_true(node_counters(net->nodes[FR].node)->duplicates >= 6);
    net_pass(net, 90 * CLOCK_SECOND_US);
    all_once(net, references);
    assert_int_equal(net_cases(net, BE), 3);
    assert_int_equal(net_cases(net, IT), 0);
}

static void liars_cut_and_change_what_they_carry_and_it_is_refused(void **state)
{
    struct net *net = *state;
    char references[3][CASES_REFERENCE_MAX];
    net->loses = withholds_at_the_liar;
    three_cases(net, references);
    repeat(net, FR, false, cut_short);
    repeat(net, FR, false, flip);
    repeat(net, BE, false, cut_short);
    repeat(net, BE, false, flip);
    assert_true(node_uplink(net->nodes[FR].node, net_slot(&net->nodes[FR], LIAR))->refused_in > 0);
    net->loses = NULL;
    net_pass(net, 90 * CLOCK_SECOND_US);
    all_once(net, references);
    assert_int_equal(net_cases(net, IT), 0);
    assert_int_equal(roster_version(node_directory(net->nodes[FR].node)->roster), net->roster_version);
}

/* It tells one that the case is delivered and the other nothing: the publisher believes signatures alone. */
static void liars_withhold_and_are_suspected_and_the_alert_comes_later(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], withheld[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, first);
    net_run(net);
    net->loses = withholds_deliveries_of_both; /* the honest one is cut off from FR */
    net_publish(net, BE, &to_france, withheld);
    net_run(net);
    assert_false(net_has(net, FR, withheld));
    assert_int_equal(net_state(net, BE, withheld, FR), 0);
    net_pass(net, 70 * CLOCK_SECOND_US);
    assert_true(warned(net, BE, "RELAY_SUSPECTED", "fr-"));
    net->loses = withholds_at_the_liar;
    net_pass(net, 130 * CLOCK_SECOND_US);
    assert_true(net_has(net, FR, withheld));
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 2);
    assert_int_equal(net_state(net, BE, withheld, FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
}

/* To a member it shows what it carried to another: another's grants open nothing. */
static void liars_equivocate_and_nobody_opens_what_was_not_granted(void **state)
{
    struct net *net = *state;
    char references[3][CASES_REFERENCE_MAX];
    three_cases(net, references);
    repeat(net, IT, false, NULL);
    repeat(net, NL, true, NULL);
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_int_equal(net_cases(net, IT), 0);
    assert_int_equal(net_cases(net, NL), 0);
    assert_int_equal(net_state(net, BE, references[0], IT), -1); /* not on the ladder */
    all_once(net, references);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(liars_that_drop_everything_delay_nothing),
        NET_TEST(liars_replay_and_reorder_and_nothing_is_shown_twice),
        NET_TEST(liars_cut_and_change_what_they_carry_and_it_is_refused),
        NET_TEST(liars_withhold_and_are_suspected_and_the_alert_comes_later),
        NET_TEST(liars_equivocate_and_nobody_opens_what_was_not_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
