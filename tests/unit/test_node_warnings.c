/* node_facts: what a node warns people of, in words that say what to do, for as long as it is so. */
#include "node/node_inner.h"
#include "node/node_view.h"
#include "node_world.h"

/* The warning of this code, or NULL; how many there are. */
static const char *warned(const struct net *net, const char *code, size_t *ret_count)
{
    static struct node_warning rows[NODE_WARNINGS_MAX];
    const char *text = NULL;
    size_t count = node_warnings(net->nodes[BE].node, net->now_us, rows, NODE_WARNINGS_MAX), found = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].code, code) != 0)
            continue;
        text = text != NULL ? text : rows[i].text;
        found++;
    }
    if (ret_count != NULL)
        *ret_count = found;
    return text;
}

static void check_warned(const struct net *net, const char *code, const char *part)
{
    const char *text = warned(net, code, NULL);
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("%s: \"%s\" has no \"%s\"", code, text != NULL ? text : "(no such warning)", part);
}

static void check_not_warned(const struct net *net, const char *code)
{
    const char *text = warned(net, code, NULL);
    if (text != NULL)
        fail_msg("%s: \"%s\"", code, text);
}

static void change_settings(struct net *net, void (*change)(struct node_settings *settings))
{
    struct node_settings settings = net->nodes[BE].node->settings;
    change(&settings);
    node_change_settings(net->nodes[BE].node, &settings);
}

/* ---- this member and its roster ---- */

static void warnings_of_the_rosters_end_come_before_and_after_it(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "ROSTER_EXPIRES");
    net->now_us += 20 * CLOCK_DAY_US;
    check_warned(net, "ROSTER_EXPIRES", "The roster expires in ");
    net->now_us += 12 * CLOCK_DAY_US;
    check_not_warned(net, "ROSTER_EXPIRES");
    check_warned(net, "ROSTER_EXPIRED", "after 30 days nothing can be opened");
    net->now_us += 30 * CLOCK_DAY_US;
    check_warned(net, "ROSTER_EXPIRED", "beyond its grace of 30 days: nothing can be opened until");
}

static void warnings_of_a_standing_say_what_is_still_possible(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "SUSPENDED");
    net->standing[BE] = HOTLINE__STANDING__CODE__SUSPENDED;
    net_new_roster(net);
    check_warned(net, "SUSPENDED", "it can update, close and reply, but open nothing");
    net->standing[BE] = HOTLINE__STANDING__CODE__WITHDRAWN;
    net_new_roster(net);
    check_not_warned(net, "SUSPENDED");
    check_warned(net, "WITHDRAWN", "it gets no alerts and cannot send");
}

static void warnings_of_keys_that_are_not_in_the_key_file(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "KEY");
    net->has_other_keys[BE] = true;
    net_new_roster(net);
    check_warned(net, "KEY", "start the node with the new key file");
}

static void warnings_of_another_node_with_the_same_key_end_after_a_while(void **state)
{
    struct net *net = *state;
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    WIRE_SET(&goodbye, code, HOTLINE__GOODBYE_CODE__CODE__REPLACED);
    check_not_warned(net, "CLONED");
    net_inject(net, BE, 0, WIRE_GOODBYE, &goodbye.base);
    assert_int_equal(node_uplink(net->nodes[BE].node, net_slot(&net->nodes[BE], 0))->state, UPLINK_REPLACED);
    check_warned(net, "CLONED", "stop one of the two");
    check_warned(net, "RELAY_AWAY", "1 of 2 relays are connected");
    for (int i = 0; i < 16; i++) {
        net_tick(net, CLOCK_MINUTE_US);
        net_forget(net);
    }
    check_not_warned(net, "CLONED");
}

static void warnings_of_relays_count_those_that_are_there(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "RELAY_AWAY");
    check_not_warned(net, "NO_RELAY");
    check_warned(net, "FEW_RELAYS", "The roster has 2 relays: a network runs three or more");
    net_cut(net, BE, 0);
    check_warned(net, "RELAY_AWAY", "1 of 2 relays are connected");
    net_cut(net, BE, 1);
    check_warned(net, "NO_RELAY", "alerts are neither sent nor received");
    check_not_warned(net, "RELAY_AWAY");
    net->relay_count = 1;
    net_connect(net, BE, NET_ALL);
    net_new_roster(net);
    check_warned(net, "FEW_RELAYS", "The roster has 1 relay: a network");
}

static void all_of_the_disk(struct node_settings *settings)
{
    settings->disk_reserve_bytes = INT64_MAX;
}

static void warnings_of_a_full_disk_say_what_is_refused(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "DISK");
    change_settings(net, all_of_the_disk);
    check_warned(net, "DISK", "new cases are refused below");
}

static void warnings_of_the_clock_say_which_way_it_is_off(void **state)
{
    struct net *net = *state;
    check_not_warned(net, "CLOCK");
    for (unsigned r = 0; r < NET_RELAYS; r++)
        net->relays[r].clock_error_us = 3 * CLOCK_MINUTE_US;
    net_pass(net, CLOCK_MINUTE_US);
    check_warned(net, "CLOCK", "s behind the relays': set it");
    for (unsigned r = 0; r < NET_RELAYS; r++)
        net->relays[r].clock_error_us = -3 * CLOCK_MINUTE_US;
    net_pass(net, CLOCK_MINUTE_US);
    check_warned(net, "CLOCK", "s ahead of the relays': set it");
}

/* ---- cases ---- */

static void warnings_of_cases_that_end_soon_name_a_few_and_count_the_others(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], other[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    size_t count;
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .valid_for_us = CLOCK_DAY_US}, other);
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .valid_for_us = 2 * CLOCK_HOUR_US}, first);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}, .valid_for_us = 2 * CLOCK_HOUR_US}, other);
    net_run(net);
    warned(net, "CASE_EXPIRES", &count);
    assert_int_equal(count, 1); /* neither what is not ours nor what lasts */
    check_warned(net, "CASE_EXPIRES", first);
    assert_ok(net_try_finish(net, BE, first, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    check_not_warned(net, "CASE_EXPIRES");
    for (int i = 0; i < 12; i++) {
        net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .valid_for_us = 3 * CLOCK_HOUR_US}, other);
        net_run(net);
    }
    warned(net, "CASE_EXPIRES", &count);
    assert_in_range(count, 2, 11);
    static struct node_warning rows[NODE_WARNINGS_MAX];
    size_t all = node_warnings(net->nodes[BE].node, net->now_us, rows, NODE_WARNINGS_MAX);
    bool told = false;
    char rest[80];
    snprintf(rest, sizeof rest, "%zu more cases of our own expire within 6 hours", 12 - (count - 1));
    for (size_t i = 0; i < all; i++)
        told |= strstr(rows[i].text, rest) != NULL;
    assert_true(told);
    assert_int_equal(node_warnings(net->nodes[BE].node, net->now_us, rows, 2), 2); /* no more than there is room for */
}

/* ---- members and relays ---- */

static struct key_hash hash_of(uint8_t fill)
{
    struct key_hash hash;
    memset(hash.bytes, fill, sizeof hash.bytes);
    return hash;
}

static void warnings_of_rosters_that_cannot_be_true_together(void **state)
{
    struct net *net = *state;
    struct node *node = net->nodes[BE].node;
    size_t count;
    check_not_warned(net, "ROSTER_EVIDENCE");
    for (uint8_t i = 0; i < 9; i++) {
        char who[LIMIT_ID_CHARS + 1];
        struct key_hash hash = hash_of(i);
        snprintf(who, sizeof who, "xx-member%u", i);
        node_hear(node,
                  &(struct evidence_word){.who = who,
                                          .version = net->roster_version,
                                          .hash = slice_of(hash.bytes, sizeof hash.bytes),
                                          .said_at_us = net->now_us,
                                          .proof = i == 8 ? slice_text("what it signed") : slice_of(NULL, 0)},
                  net->now_us);
    }
    check_warned(net, "ROSTER_EVIDENCE", "xx-member8");
    check_warned(net, "ROSTER_EVIDENCE", "The proof is kept: tell the authority");
    warned(net, "ROSTER_EVIDENCE", &count);
    assert_in_range(count, 2, 8);
    static struct node_warning rows[NODE_WARNINGS_MAX];
    size_t all = node_warnings(node, net->now_us, rows, NODE_WARNINGS_MAX);
    bool unsigned_one = false, older = false;
    for (size_t i = 0; i < all; i++) {
        unsigned_one |= strstr(rows[i].text, "It did not sign that") != NULL;
        older |= strstr(rows[i].text, "older notices of rosters that cannot be true together") != NULL;
    }
    assert_true(unsigned_one && older);
}

/* ---- waking people ---- */

static void by_all_ways(struct node_settings *settings)
{
    settings->escalate_mail = settings->escalate_command = settings->hooks.loopback = true;
    settings->escalation = (struct escalation_rule){.after_us = {CLOCK_MINUTE_US}};
}

static void by_no_mail(struct node_settings *settings)
{
    settings->escalate_mail = false;
}

/* Tries all that is due once, with this result; returns how many. */
static size_t try_all(struct net *net, const struct dispatch_result *result)
{
    struct node *node = net->nodes[BE].node;
    const struct dispatch *one;
    size_t count = 0;
    net_pass(net, CLOCK_SECOND_US);
    while (count < 20 && (one = node_dispatch_take(node, net->now_us)) != NULL) {
        struct key_uuid id = one->id;
        node_dispatch_done(node, &id, result, net->now_us);
        count++;
    }
    net_run(net);
    return count;
}

static void warnings_of_people_who_cannot_be_woken_end_when_they_can(void **state)
{
    struct net *net = *state;
    struct node *node = net->nodes[BE].node;
    const struct dispatch_result no = {.final = true, .answer = 500, .why = "it answered with an error"};
    const struct dispatch_result yes = {.taken = true, .answer = 200};
    const struct hooks_wish wish = {"http://127.0.0.1:9/hook", HOOKS_USUAL, "Ana", net->now_us};
    const struct hooks_wish fewer = {"http://127.0.0.1:9/hook", HOOKS_BIT(HOOKS_CASE_RECEIVED), "Ana", net->now_us};
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct hook *hook = NULL, *again = NULL;
    change_settings(net, by_all_ways);
    assert_ok(node_hook_new(node, &wish, &note, &hook));
    assert_ok(node_hook_new(node, &wish, &note, &again));
    assert_ptr_equal(again, hook); /* once */
    assert_error(node_hook_new(node, &fewer, &note, &again), ERR_EXISTS);
    assert_note(&note, "remove it first");
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, reference);
    net_run(net);
    net_pass(net, 2 * CLOCK_MINUTE_US);
    assert_int_equal(net_events(net, BE, NODE_CASE_ESCALATED), 1);
    assert_int_equal(try_all(net, &no), 4); /* its arrival by webhook, and that nobody answers by all three ways */
    check_warned(net, "WEBHOOK_FAILS", "it answered with an error (hotline webhook log)");
    check_warned(net, "MAIL_FAILS", "it answered with an error. See mail.*");
    check_warned(net, "COMMAND_FAILS", "it answered with an error");
    change_settings(net, by_no_mail); /* nobody is to be woken so any more */
    check_not_warned(net, "MAIL_FAILS");
    check_warned(net, "COMMAND_FAILS", "it answered with an error");
    change_settings(net, by_all_ways);
    struct dispatch *test = NULL;
    assert_ok(node_hook_test(node, hook, net->now_us, &test));
    net_run(net);
    assert_int_equal(try_all(net, &yes), 1);
    check_not_warned(net, "WEBHOOK_FAILS");
    check_warned(net, "MAIL_FAILS", "it answered with an error");
    const struct key_uuid id = test->id;
    net_run(net);
    node_hook_remove(node, hook, net->now_us);
    assert_error(node_dispatch_again(node, dispatches_by_id(&node->dispatches, &id), net->now_us, &note), ERR_STATE);
    assert_note(&note, "the webhook of this delivery was removed");
    for (size_t i = 0; i < node->dispatches.count; i++) /* the mail and the command once more, and they are taken */
        if (node->dispatches.list[i]->way != DISPATCH_WEB)
            assert_ok(node_dispatch_again(node, node->dispatches.list[i], net->now_us, &note));
    assert_int_equal(try_all(net, &yes), 2);
    check_not_warned(net, "MAIL_FAILS");
    check_not_warned(net, "COMMAND_FAILS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(warnings_of_the_rosters_end_come_before_and_after_it),
        NET_TEST(warnings_of_a_standing_say_what_is_still_possible),
        NET_TEST(warnings_of_keys_that_are_not_in_the_key_file),
        NET_TEST(warnings_of_another_node_with_the_same_key_end_after_a_while),
        NET_TEST(warnings_of_relays_count_those_that_are_there),
        NET_TEST(warnings_of_a_full_disk_say_what_is_refused),
        NET_TEST(warnings_of_the_clock_say_which_way_it_is_off),
        NET_TEST(warnings_of_cases_that_end_soon_name_a_few_and_count_the_others),
        NET_TEST(warnings_of_rosters_that_cannot_be_true_together),
        NET_TEST(warnings_of_people_who_cannot_be_woken_end_when_they_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
