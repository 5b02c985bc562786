/* drills: scheduled over the real socket, sent in time or not at all, by a loop that really turns. */
#include "node/drafts.h"
#include "node/drills.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define DRAFT "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"EXERCISE\",\"drill\":\"SPRING-2026\"}"
#define REAL "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"ACTUAL\"}"

static int exchange(struct room *room, const char *head, const char *body, struct jdoc **ret_doc)
{
    static unsigned serial;
    char headers[160];
    snprintf(headers, sizeof headers, JSON "Idempotency-Key: drills-%06u\r\n", ++serial);
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

static void keep(struct room *room, const char *body, char id[40])
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/drafts", body, &doc), 201);
    snprintf(id, 40, "%s", jdoc_get_text(doc, "id", "?"));
    jdoc_free(doc);
}

static const char *plan(const char *draft, int64_t at_us, const char *name)
{
    static char body[240];
    char at[CLOCK_TEXT_MAX];
    clock_format(at_us, at);
    snprintf(body, sizeof body, "{\"draft\":\"%s\",\"at\":\"%s\",\"confirm\":\"%s\"}", draft, at, name);
    return body;
}

static void refused(struct room *room, const char *head, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, body, &doc);
    snprintf(got, sizeof got, "%d %s %s", status, jdoc_get_text(doc, "code", "?"), jdoc_get_text(doc, "path", "-"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s %s: %s instead of %s: %s", head, body, got, wanted, jdoc_get_text(doc, "detail", ""));
    jdoc_free(doc);
}

static bool is_over(void *ctx)
{
    const struct drills *drills = node_drills(((struct room *)ctx)->node);
    return drills->count == 1 && drills->list[0]->state != DRILL_SCHEDULED;
}

static const struct drill *wait_until_over(struct room *room)
{
    assert_error(loop_run_until(room->loop, is_over, room, ROOM_DEADLINE_MS), OK);
    room_settle(room);
    return node_drills(room->node)->list[0];
}

static size_t told(const struct room *room, const char *line)
{
    size_t count = 0;
    const struct journal_row *row = journal_after(node_journal(room->node), 0);
    for (; row != NULL; row = journal_after(node_journal(room->node), row->id))
        count += strstr(row->text, line) != NULL;
    return count;
}

static void drills_that_are_due_are_sent_as_exercises_and_their_drafts_are_gone(void **state)
{
    struct room *room = *state;
    char id[40];
    struct jdoc *doc = NULL;
    keep(room, DRAFT, id);
    assert_int_equal(exchange(room, "POST /v1/drills", plan(id, clock_wall_us() + 500000, "Lotte"), &doc), 201);
    assert_string_equal(jdoc_get_text(doc, "state", "?"), "SCHEDULED");
    assert_string_equal(jdoc_get_text(doc, "drill", "?"), "SPRING-2026");
    jdoc_free(doc);
    const struct drill *drill = wait_until_over(room);
    assert_int_equal(drill->state, DRILL_SENT);
    assert_int_equal(node_drafts(room->node)->count, 0);
    assert_int_equal(node_cases(room->node)->count, 1);
    const struct case_entry *entry = node_cases(room->node)->order[0];
    assert_true(entry->exercise);
    assert_string_equal(entry->reference, drill->reference);
    assert_int_equal(told(room, "event: drill.sent\n"), 1);
}

static void drills_that_are_too_late_are_missed_and_never_sent(void **state)
{
    struct room *room = *state;
    char id[40];
    struct err_note note = {""};
    struct drill *made = NULL;
    keep(room, DRAFT, id);
    const struct draft *draft = node_drafts(room->node)->list[0];
    const struct drill wish = {.draft = draft->id,
                               .tag = draft->tag,
                               .drill_id = "SPRING-2026",
                               .by = "ineke",
                               .at_us = clock_wall_us() - DRILLS_LATE_US - CLOCK_SECOND_US};
    assert_int_equal(drills_add(node_drills(room->node), node_vault(room->node), &wish, &note, &made), OK);
    assert_int_equal(wait_until_over(room)->state, DRILL_MISSED);
    assert_int_equal(node_cases(room->node)->count, 0);
    assert_int_equal(node_drafts(room->node)->count, 1);
    assert_int_equal(told(room, "event: drill.missed\n"), 1);
}

static void drills_whose_draft_was_changed_are_refused(void **state)
{
    struct room *room = *state;
    char id[40];
    struct draft *draft;
    const struct drafts_words other = {.document = slice_text("{\"case\":{}}"), .by = "karim"};
    keep(room, DRAFT, id);
    draft = node_drafts(room->node)->list[0];
    assert_int_equal(exchange(room, "POST /v1/drills", plan(id, clock_wall_us() + 300000, "Lotte"), NULL), 201);
    assert_int_equal(node_draft_change(room->node, draft, &other, room->now_us, NULL), OK);
    const struct drill *drill = wait_until_over(room);
    assert_int_equal(drill->state, DRILL_REFUSED);
    assert_string_equal(drill->why, "its draft was changed since it was scheduled");
    assert_int_equal(node_cases(room->node)->count, 0);
}

static void drills_survive_a_restart_and_can_be_cancelled(void **state)
{
    struct room *room = *state;
    char id[40], head[80];
    struct jdoc *doc = NULL;
    keep(room, DRAFT, id);
    assert_int_equal(exchange(room, "POST /v1/drills", plan(id, clock_wall_us() + CLOCK_HOUR_US, "Lotte"), &doc), 201);
    snprintf(head, sizeof head, "DELETE /v1/drills/%s", jdoc_get_text(doc, "id", "?"));
    jdoc_free(doc);
    refused(room, "POST /v1/drills", plan(id, clock_wall_us() + CLOCK_HOUR_US, "Lotte"), "409 EXISTS -");
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
    assert_int_equal(node_drills(room->node)->count, 1);
    assert_int_equal(node_drills(room->node)->list[0]->state, DRILL_SCHEDULED);
    assert_int_equal(exchange(room, head, NULL, NULL), 204);
    assert_int_equal(node_drills(room->node)->count, 0);
    refused(room, head, NULL, "404 NOT_FOUND -");
}

static void drills_that_could_not_be_sent_are_not_scheduled(void **state)
{
    struct room *room = *state;
    char real[40], drill[40], bare[40];
    int64_t soon_us = clock_wall_us() + CLOCK_HOUR_US;
    keep(room, REAL, real);
    keep(room, DRAFT, drill);
    keep(room, "{\"case\":{},\"to\":[\"FR\"],\"status\":\"EXERCISE\",\"drill\":\"A-1\"}", bare);
    refused(room, "POST /v1/drills", plan(real, soon_us, "Lotte"), "422 INVALID draft");
    refused(room, "POST /v1/drills", plan(drill, soon_us, "Lena"), "422 INVALID confirm");
    refused(room, "POST /v1/drills", plan(drill, clock_wall_us() - CLOCK_SECOND_US, "Lotte"), "422 INVALID at");
    refused(room, "POST /v1/drills", plan(drill, soon_us + DRILLS_AHEAD_US, "Lotte"), "422 LIMIT at");
    refused(room, "POST /v1/drills", plan("0123456789ab", soon_us, "Lotte"), "404 NOT_FOUND -");
    refused(room, "POST /v1/drills", "{\"draft\":\"0123456789ab\",\"at\":\"tomorrow\"}", "422 MISSING confirm");
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/drills", plan(bare, soon_us, "Lotte"), &doc), 422);
    jdoc_free(doc);
    assert_int_equal(node_drills(room->node)->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(drills_that_are_due_are_sent_as_exercises_and_their_drafts_are_gone),
        ROOM_API_TEST(drills_that_are_too_late_are_missed_and_never_sent),
        ROOM_API_TEST(drills_whose_draft_was_changed_are_refused),
        ROOM_API_TEST(drills_survive_a_restart_and_can_be_cancelled),
        ROOM_API_TEST(drills_that_could_not_be_sent_are_not_scheduled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
