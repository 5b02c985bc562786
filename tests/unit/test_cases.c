/* cases: revisions in their one order, states, and what people type to name a case. */
#include "node/record.pb-c.h"
#include "node_world.h"

static const struct net_publish to_france = {.to = {"FR"}};

static int named(const struct net *net, unsigned node, const char *name, size_t *ret_count)
{
    struct case_entry *candidates[3], *entry = NULL;
    return cases_named(node_cases(net->nodes[node].node), name, candidates, 3, ret_count, &entry);
}

static void cases_are_found_by_what_people_type(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX], id[2 * KEY_UUID_BYTES + 1], text[120];
    size_t count;
    net_publish(net, BE, &to_france, first);
    net_publish(net, BE, &to_france, second);
    net_run(net);
    buf_hex(slice_of(net_case(net, FR, first)->case_id, KEY_UUID_BYTES), id);
    const char *const before[] = {"", "be-baken:", "be-baken/"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%s%s", before[i], first);
        assert_error(named(net, FR, text, &count), OK);
        snprintf(text, sizeof text, "%s%s", before[i], id);
        assert_error(named(net, FR, text, &count), OK);
        id[8] = '\0';
        snprintf(text, sizeof text, "%s%s", before[i], id);
        assert_error(named(net, FR, text, &count), OK);
        buf_hex(slice_of(net_case(net, FR, first)->case_id, KEY_UUID_BYTES), id);
    }
    id[5] = '\0';
    assert_error(named(net, FR, id, &count), ERR_NOT_FOUND); /* too short to name anything */
    assert_error(named(net, FR, "", &count), ERR_NOT_FOUND);
    assert_error(named(net, FR, "nl-lamp/BE-2026-00001", &count), ERR_NOT_FOUND);
    assert_error(named(net, FR, "BE-2026-99999", &count), ERR_NOT_FOUND);
    assert_error(named(net, FR, "be-baken:", &count), ERR_NOT_FOUND);
}

static void cases_of_one_name_are_ambiguous_and_all_named(void **state)
{
    struct net *net = *state;
    char live[CASES_REFERENCE_MAX], drill[CASES_REFERENCE_MAX];
    size_t count;
    net_publish(net, BE, &to_france, live);
    net_run(net);
    net_lose_disk(net, BE); /* without recovery it counts from 1 again */
    net_cut(net, FR, NET_ALL);
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .exercise = true}, drill);
    assert_string_equal(live, drill);
    net_connect(net, BE, NET_ALL);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_error(named(net, FR, live, &count), ERR_AMBIGUOUS);
    assert_int_equal(count, 2);
    assert_int_equal(net_cases(net, FR), 2);
}

static void cases_not_on_the_disk_are_not_found(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    size_t count;
    net->nodes[BE].held = true;
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    assert_error(named(net, BE, reference, &count), ERR_NOT_FOUND);
    assert_int_equal(node_cases(net->nodes[BE].node)->count, 1);
    assert_int_equal(
        cases_state(node_cases(net->nodes[BE].node), node_cases(net->nodes[BE].node)->order[0], net->now_us),
        CASE_OPEN);
    net->nodes[BE].held = false;
    net_run(net);
    assert_error(named(net, BE, reference, &count), OK);
}

static void cases_state_is_the_newest_revisions(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    const struct cases *cases = node_cases(net->nodes[FR].node);
    struct net_publish brief = {.to = {"FR"}, .valid_for_us = CLOCK_HOUR_US};
    net_publish(net, BE, &brief, reference);
    net_run(net);
    const struct case_entry *entry = net_case(net, FR, reference);
    assert_int_equal(cases_state(cases, entry, net->now_us), CASE_OPEN);
    assert_int_equal(cases_state(cases, entry, net->now_us + 2 * CLOCK_HOUR_US), CASE_EXPIRED);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_int_equal(cases_state(cases, entry, net->now_us + 2 * CLOCK_HOUR_US), CASE_CLOSED); /* closed stays closed */
    assert_int_equal(cases_shown(cases, entry)->header->revision, 1); /* the child is still shown */
    assert_string_equal(cases_state_name(CASE_RETRACTED), "RETRACTED");
}

static void cases_keep_their_order_of_change_over_a_restart(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &to_france, first);
    net_run(net);
    net_tick(net, CLOCK_SECOND_US);
    net_publish(net, BE, &to_france, second);
    net_run(net);
    net_tick(net, CLOCK_SECOND_US);
    assert_ok(net_try_update(net, BE, first, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_true(net_case(net, FR, first)->changed > net_case(net, FR, second)->changed);
    net_crash(net, FR);
    assert_true(net_case(net, FR, first)->changed > net_case(net, FR, second)->changed);
    assert_false(net_case(net, FR, first)->mine);
    net_crash(net, BE);
    assert_true(net_case(net, BE, first)->mine);
}

static void cases_reference_of_the_greatest_length_is_kept_whole(void **state)
{
    (void)state;
    assert_true(CASES_REFERENCE_MAX > 32); /* form_is_reference allows 32 characters */
}

static void cases_record_that_a_disk_broke_is_corrupt_and_no_case(void **state)
{
    (void)state;
    static uint8_t id[KEY_UUID_BYTES] = {1};
    static char long_name[LIMIT_ID_CHARS + 2], name[] = "be-baken";
    const struct {
        char *opener;
        size_t id_len;
        int error;
    } rows[] = {{name, KEY_UUID_BYTES, OK},
                {name, KEY_UUID_BYTES - 1, ERR_CORRUPT},
                {NULL, KEY_UUID_BYTES, ERR_CORRUPT},
                {long_name, KEY_UUID_BYTES, ERR_CORRUPT}};
    struct cases cases;
    memset(long_name, 'a', sizeof long_name - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Hotline__Node__CaseRecord record = HOTLINE__NODE__CASE_RECORD__INIT;
        struct buf bytes;
        buf_init(&bytes);
        record.opener = rows[i].opener;
        WIRE_SET_BYTES(&record, case_id, id, rows[i].id_len);
        fixture_pack_raw(&record.base, &bytes);
        cases_init(&cases, NULL);
        assert_error(cases_load(&cases, buf_slice(&bytes)), rows[i].error);
        assert_int_equal(cases.count, rows[i].error == OK);
        cases_done(&cases);
        buf_free(&bytes);
    }
    cases_init(&cases, NULL);
    assert_error(cases_load(&cases, slice_text("\xff\xff\xff")), ERR_CORRUPT);
    cases_done(&cases);
}

/* Who approved its revisions is kept of the last ones; what was sent without anybody's is kept longest. */
static void cases_oldest_approval_goes_and_what_was_sent_without_one_stays(void **state)
{
    struct case_entry entry = {.second_count = 0};
    struct case_second second = {.at_us = 1};
    (void)state;
    for (uint32_t i = 1; i <= CASES_SECONDS_MAX; i++) {
        second.revision = i;
        snprintf(second.reason, sizeof second.reason, "%s", i == 1 ? "nobody else was on duty" : "");
        assert_int_equal(cases_add_second(&entry, &second), OK);
    }
    second.revision = 100;
    assert_int_equal(cases_add_second(&entry, &second), OK);
    assert_int_equal(entry.second_count, CASES_SECONDS_MAX);
    assert_int_equal(entry.seconds[0].revision, 1); /* without an approval */
    assert_int_equal(entry.seconds[1].revision, 3); /* the second one went */
    assert_int_equal(entry.seconds[CASES_SECONDS_MAX - 1].revision, 100);
    for (uint32_t i = 0; i < CASES_SECONDS_MAX; i++)
        snprintf(entry.seconds[i].reason, sizeof entry.seconds[i].reason, "alone");
    assert_int_equal(cases_add_second(&entry, &second), OK);
    assert_int_equal(entry.second_count, CASES_SECONDS_MAX);
    assert_int_equal(entry.seconds[0].revision, 3); /* the oldest, where all are alike */
    cases_forget_seconds(&entry);
    assert_null(entry.seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_record_that_a_disk_broke_is_corrupt_and_no_case),
        NET_TEST(cases_are_found_by_what_people_type),
        NET_TEST(cases_of_one_name_are_ambiguous_and_all_named),
        NET_TEST(cases_not_on_the_disk_are_not_found),
        NET_TEST(cases_state_is_the_newest_revisions),
        NET_TEST(cases_keep_their_order_of_change_over_a_restart),
        cmocka_unit_test(cases_reference_of_the_greatest_length_is_kept_whole),
        cmocka_unit_test(cases_oldest_approval_goes_and_what_was_sent_without_one_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
