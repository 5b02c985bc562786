/* node_view: documents against docs/openapi.yaml, from a real core whose relay and neighbours are played. */
#include "node_room.h"

static const char *text_at(const struct jdoc *doc, const char *key)
{
    return jdoc_get_text(doc, key, "(absent)");
}

static bool says(const struct jdoc *doc, const char *word)
{
    struct buf text;
    buf_init(&text);
    assert_int_equal(jdoc_write(doc, false, &text), OK);
    bool found = strstr(buf_text(&text), word) != NULL;
    buf_free(&text);
    return found;
}

static void node_view_summary_of_an_own_case_has_every_required_field(void **state)
{
    struct room *room = *state;
    struct case_entry *entry = room_publish(room, false);
    struct jdoc *view = node_view_summary(room->node, entry, room->now_us);
    static const char *const required[] = {"reference", "member", "case_id",   "mine", "revision",
                                           "status",    "state",  "countries", "late"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
        if (jdoc_get(view, required[i]) == NULL)
            fail_msg("%s is absent", required[i]);
    assert_string_equal(text_at(view, "member"), "be-baken");
    assert_string_equal(text_at(view, "country"), "BE");
    assert_string_equal(text_at(view, "status"), "ACTUAL");
    assert_string_equal(text_at(view, "state"), "OPEN");
    assert_string_equal(text_at(view, "urgency"), "IMMEDIATE");
    assert_string_equal(text_at(view, "category"), "PARENTAL_ABDUCTION");
    assert_string_equal(text_at(jdoc_get(view, "child"), "given_name"), "Lotte");
    assert_int_equal(jdoc_get_int(jdoc_get(view, "child"), "age_years", 0), 9);
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(view, "countries"), 0)), "FR");
    assert_null(jdoc_get(view, "received_at"));
    assert_int_equal(strlen(text_at(view, "case_id")), 32);
    jdoc_free(view);
}

static void node_view_ladder_shows_what_the_recipient_said(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_publish(room, false);
    const struct item *item = cases_newest(node_cases(room->node), entry);
    struct jdoc *view = node_view_case(room->node, entry, room->now_us);
    const struct jdoc *row = jdoc_at(jdoc_get(view, "ladder"), 0);
    assert_int_equal(jdoc_count(jdoc_get(view, "ladder")), 1);
    assert_string_equal(text_at(row, "member"), "fr-phare");
    assert_string_equal(text_at(row, "state"), "QUEUED");
    assert_string_equal(text_at(row, "phone"), "+33155500000");
    assert_string_equal(text_at(jdoc_at(jdoc_get(view, "relays"), 0), "state"), "WAITING");
    assert_int_equal(jdoc_get_int(view, "accepted_needed", 0), 1);
    jdoc_free(view);
    room_accept(room, item);
    room_receipt(room, item, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    room_receipt(room, item, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
    view = node_view_case(room->node, entry, room->now_us);
    row = jdoc_at(jdoc_get(view, "ladder"), 0);
    assert_string_equal(text_at(row, "state"), "ACKNOWLEDGED");
    assert_non_null(jdoc_get(row, "delivered_at"));
    assert_int_equal(jdoc_get_int(row, "acknowledged_revision", 0), 1);
    assert_string_equal(text_at(jdoc_at(jdoc_get(view, "relays"), 0), "state"), "ACCEPTED");
    assert_int_equal(jdoc_get_int(view, "accepted_by", 0), 1);
    jdoc_free(view);
}

static void node_view_late_row_is_one_whose_step_is_still_missing(void **state)
{
    (void)state;
    struct ladder_row row = {.alarmed = 0};
    assert_false(node_view_is_late(&row));
    row.alarmed = 1; /* not delivered in time */
    assert_true(node_view_is_late(&row));
    row.state = HOTLINE__RECEIPT_STATE__CODE__DELIVERED;
    assert_false(node_view_is_late(&row));
    row.alarmed = 1 | 4; /* nor acknowledged */
    assert_true(node_view_is_late(&row));
    row.state = HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED;
    assert_false(node_view_is_late(&row));
    row.state = HOTLINE__RECEIPT_STATE__CODE__DECLINED;
    assert_false(node_view_is_late(&row));
}

static void node_view_received_drill_is_marked_and_has_no_ladder(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_receive(room, true);
    struct jdoc *view = node_view_case(room->node, entry, room->now_us);
    assert_string_equal(text_at(view, "status"), "EXERCISE");
    assert_string_equal(text_at(view, "member"), "fr-phare");
    assert_string_equal(text_at(view, "reference"), "FR-2026-00007");
    assert_string_equal(text_at(view, "phone"), "+33155500000");
    assert_false(jdoc_get_bool(view, "mine", true));
    assert_false(jdoc_get_bool(view, "acknowledged", true));
    assert_non_null(jdoc_get(view, "received_at"));
    assert_int_equal(jdoc_type(jdoc_get(view, "ladder")), JDOC_ARRAY);
    assert_int_equal(jdoc_count(jdoc_get(view, "ladder")), 0);
    assert_int_equal(jdoc_count(jdoc_get(view, "relays")), 0);
    assert_int_equal(jdoc_count(jdoc_get(view, "revisions")), 1);
    assert_string_equal(text_at(jdoc_get(jdoc_get(view, "case"), "child"), "given_name"), "Lotte");
    jdoc_free(view);
}

static void node_view_status_tells_relays_boxes_and_warnings(void **state)
{
    struct room *room = *state;
    struct jdoc *view = node_view_status(room->node, room->now_us, room->now_us);
    const struct jdoc *relay = jdoc_at(jdoc_get(view, "relays"), 0);
    assert_string_equal(text_at(relay, "id"), "relay-noord");
    assert_string_equal(text_at(relay, "state"), "CONNECTING");
    assert_string_equal(text_at(relay, "endpoint"), "tcp://relay-noord.example:7600");
    assert_int_equal(jdoc_type(jdoc_get(relay, "round_trip_ms")), JDOC_NULL);
    assert_non_null(jdoc_get(relay, "round_trip_ms"));
    assert_int_equal(jdoc_get_int(view, "roster_version", 0), 1);
    assert_string_equal(text_at(view, "standing"), "ACTIVE");
    assert_int_equal(jdoc_type(jdoc_get(view, "warnings")), JDOC_ARRAY);
    jdoc_free(view);
    room_welcome(room);
    room_french_card(room);
    room_receive(room, false);
    room_publish(room, false);
    view = node_view_status(room->node, room->now_us, room->now_us);
    assert_string_equal(text_at(jdoc_at(jdoc_get(view, "relays"), 0), "state"), "CONNECTED");
    assert_int_equal(jdoc_get_int(jdoc_get(view, "inbox"), "total", -1), 1);
    assert_int_equal(jdoc_get_int(jdoc_get(view, "inbox"), "unacknowledged", -1), 1);
    assert_int_equal(jdoc_get_int(view, "sent_open", -1), 1);
    assert_int_equal(jdoc_get_int(view, "outbox", -1), 1);
    jdoc_free(view);
}

static void node_view_members_are_all_and_in_order(void **state)
{
    struct room *room = *state;
    struct jdoc *view = node_view_members(room->node, room->now_us);
    const struct jdoc *items = jdoc_get(view, "items");
    assert_int_equal(jdoc_count(items), 3);
    assert_string_equal(text_at(jdoc_at(items, 0), "id"), "be-baken");
    assert_true(jdoc_get_bool(jdoc_at(items, 0), "self", false));
    assert_string_equal(text_at(jdoc_at(items, 1), "phone"), "+33155500000");
    assert_null(jdoc_get(jdoc_at(items, 1), "subscriptions")); /* no card is known */
    assert_string_equal(text_at(jdoc_at(items, 2), "standing"), "ACTIVE");
    jdoc_free(view);
}

static void node_view_plan_names_who_gets_it_and_who_does_not(void **state)
{
    struct room *room = *state;
    const char *const to[] = {"FR", "PL"};
    Hotline__Case *alert = room_case();
    const struct node_draft draft = {.content = alert, .to = to, .to_count = 2};
    struct node_plan plan;
    struct err_note note = {""};
    assert_error(node_plan(room->node, &draft, room->now_us, &note, &plan), OK);
    struct jdoc *view = node_view_plan(room->node, &draft, &plan, room->now_us);
    assert_int_equal(jdoc_count(jdoc_get(view, "recipients")), 1);
    assert_string_equal(text_at(jdoc_at(jdoc_get(view, "recipients"), 0), "member"), "fr-phare");
    assert_string_equal(text_at(jdoc_at(jdoc_get(view, "recipients"), 0), "why"), "CONCERNED");
    assert_int_equal(jdoc_count(jdoc_get(view, "not_recipients")), 1); /* nl-lamp; not this member itself */
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(view, "unreached"), 0)), "PL");
    jdoc_free(view);
    route_set_done(&plan.recipients);
    case_free(alert);
}

static void node_view_events_say_nothing_about_the_child(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_receive(room, false);
    const struct item *item = cases_newest(node_cases(room->node), entry);
    const struct node_event event = {.type = NODE_CASE_RECEIVED, .at_us = room->now_us, .entry = entry, .item = item};
    struct jdoc *view = node_view_event(room->node, &event, 17);
    assert_int_equal(jdoc_get_int(view, "id", 0), 17);
    assert_string_equal(text_at(view, "type"), "case.received");
    assert_string_equal(text_at(view, "reference"), "FR-2026-00007");
    assert_string_equal(text_at(view, "opener"), "fr-phare");
    assert_string_equal(text_at(view, "member"), "fr-phare");
    assert_string_equal(text_at(view, "country"), "FR");
    assert_string_equal(text_at(view, "urgency"), "IMMEDIATE");
    assert_int_equal(jdoc_get_int(view, "revision", 0), 1);
    assert_false(says(view, "Lotte"));
    assert_false(says(view, "+3225550000"));
    jdoc_free(view);
}

static void node_view_event_of_a_ladder_names_recipient_state_and_delay(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_publish(room, false);
    const struct item *item = cases_newest(node_cases(room->node), entry);
    const struct node_event event = {.type = NODE_LADDER_CHANGED,
                                     .at_us = room->now_us,
                                     .entry = entry,
                                     .item = item,
                                     .row = &item->ladder[0],
                                     .state = HOTLINE__RECEIPT_STATE__CODE__DELIVERED,
                                     .after_us = 212999};
    struct jdoc *view = node_view_event(room->node, &event, 1);
    assert_string_equal(text_at(view, "type"), "ladder.changed");
    assert_string_equal(text_at(view, "opener"), "be-baken");
    assert_string_equal(text_at(view, "member"), "fr-phare");
    assert_string_equal(text_at(view, "country"), "FR");
    assert_string_equal(text_at(view, "state"), "DELIVERED");
    assert_int_equal(jdoc_get_int(view, "after_ms", 0), 212);
    jdoc_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(node_view_summary_of_an_own_case_has_every_required_field),
        ROOM_TEST(node_view_ladder_shows_what_the_recipient_said),
        cmocka_unit_test(node_view_late_row_is_one_whose_step_is_still_missing),
        ROOM_TEST(node_view_received_drill_is_marked_and_has_no_ladder),
        ROOM_TEST(node_view_status_tells_relays_boxes_and_warnings),
        ROOM_TEST(node_view_members_are_all_and_in_order),
        ROOM_TEST(node_view_plan_names_who_gets_it_and_who_does_not),
        ROOM_TEST(node_view_events_say_nothing_about_the_child),
        ROOM_TEST(node_view_event_of_a_ladder_names_recipient_state_and_delay),
    };
    return cmocka_run_group_tests_name("node_view", tests, NULL, NULL);
}
