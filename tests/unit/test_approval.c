/* approval: what needs a second person, who that may be, and that nothing is sent without, or not in silence. */
#include "node/approval.h"
#include "node/drafts.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define DRAFT "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"]}"
#define LIVE "{\"status\":\"ACTUAL\",\"confirm\":\"Lotte\"}"
#define BROKEN "{\"status\":\"ACTUAL\",\"confirm\":\"Lotte\",\"break_glass\":\"alone at night\"}"
#define CASE "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"ACTUAL\",\"confirm\":\"Lotte\"}"

/* ---- the rule ---- */

static void approval_need_is_the_strongest_that_fits(void **state)
{
    (void)state;
    const int abduction = HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION, runaway = HOTLINE__CATEGORY__CODE__RUNAWAY;
    unsigned bit = 0;
    assert_int_equal(approval_word_of("PARENTAL_ABDUCTION", &bit), OK);
    const struct {
        unsigned required, advised;
        struct approval_facts facts;
        const char *wanted;
    } rows[] = {
        {0, 0, {false, true, abduction}, "NONE -"},
        {APPROVAL_LIVE, 0, {false, false, 0}, "REQUIRED LIVE"},
        {APPROVAL_LIVE, 0, {true, true, abduction}, "NONE -"},
        {APPROVAL_RESTRICTED, APPROVAL_LIVE, {false, false, runaway}, "ADVISED LIVE"},
        {APPROVAL_RESTRICTED, APPROVAL_LIVE, {false, true, runaway}, "REQUIRED RESTRICTED"},
        {bit, APPROVAL_RESTRICTED, {false, false, abduction}, "REQUIRED PARENTAL_ABDUCTION"},
        {bit, APPROVAL_RESTRICTED, {false, false, runaway}, "NONE -"},
        {bit, 0, {false, false, 0}, "NONE -"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct approval_policy policy = {.required = rows[i].required, .advised = rows[i].advised};
        const char *why = "?";
        char got[64];
        const char *need = approval_need_name(approval_need(&policy, &rows[i].facts, &why));
        snprintf(got, sizeof got, "%s %s", need, why != NULL ? why : "-");
        assert_string_equal(got, rows[i].wanted);
    }
}

static void approval_words_are_all_categories_and_two_more(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *codes = &hotline__category__code__descriptor;
    unsigned all = 0, bit = 0;
    for (unsigned i = 0; i < codes->n_values; i++) {
        assert_int_equal(approval_word_of(codes->values[i].name, &bit), OK);
        assert_int_equal(all & bit, 0);
        all |= bit;
    }
    assert_int_equal(approval_word_of("LIVE", &bit), OK);
    assert_int_equal(all & bit, 0);
    assert_int_equal(approval_word_of("RESTRICTED", &bit), OK);
    assert_int_equal(all & bit, 0);
    assert_int_equal(approval_word_of("live", &bit), ERR_UNKNOWN);
    assert_int_equal(approval_word_of("", &bit), ERR_UNKNOWN);
}

static void approval_is_never_by_who_wrote_it_nor_a_program(void **state)
{
    (void)state;
    const struct approval_policy anybody = {0}, supervised = {.by_supervisor = true};
    const struct caller anna = {.kind = CALLER_USER, .name = "anna"},
                        account = {.kind = CALLER_ACCOUNT, .name = "Anna"};
    const struct caller token = {.kind = CALLER_TOKEN, .name = "desk"},
                        unknown = {.kind = CALLER_ACCOUNT, .name = "unknown"};
    const struct caller head = {.kind = CALLER_USER, .role = CALLER_SUPERVISOR, .name = "head"};
    assert_int_equal(approval_may(&anybody, &anna, "ineke", "ineke"), APPROVAL_MAY);
    assert_int_equal(approval_may(&anybody, &anna, "anna", "anna"), APPROVAL_SAME);
    assert_int_equal(approval_may(&anybody, &account, "anna", "anna"), APPROVAL_SAME);
    assert_int_equal(approval_may(&anybody, &anna, "token desk", "anna"), APPROVAL_SAME);
    assert_int_equal(approval_may(&anybody, &anna, "token desk", "ineke"), APPROVAL_MAY);
    assert_int_equal(approval_may(&anybody, &token, "ineke", "ineke"), APPROVAL_PROGRAM);
    assert_int_equal(approval_may(&anybody, &unknown, "ineke", "ineke"), APPROVAL_NOBODY);
    assert_int_equal(approval_may(&supervised, &anna, "ineke", "ineke"), APPROVAL_NO_SUPERVISOR);
    assert_int_equal(approval_may(&supervised, &account, "ineke", "ineke"), APPROVAL_NO_SUPERVISOR);
    assert_int_equal(approval_may(&supervised, &head, "ineke", "ineke"), APPROVAL_MAY);
    assert_int_equal(approval_may(&supervised, &head, "head", "head"), APPROVAL_SAME);
}

/* ---- over the API ---- */

static void require(struct room *room, unsigned required)
{
    struct node_settings settings = {.deadline_delivered_us = CLOCK_HOUR_US,
                                     .deadline_shown_us = CLOCK_HOUR_US,
                                     .deadline_acknowledged_us = CLOCK_HOUR_US,
                                     .encryption_key_life_us = 7 * CLOCK_DAY_US,
                                     .disk_reserve_bytes = 1 << 20,
                                     .approval = {.required = required}};
    node_change_settings(room->node, &settings);
}

static int exchange(struct room *room, const char *head, const char *key, const char *etag, const char *body,
                    struct jdoc **ret_doc)
{
    char headers[240];
    snprintf(headers, sizeof headers, JSON "Idempotency-Key: %s\r\n%s%s%s", key, etag != NULL ? "If-Match: " : "",
             etag != NULL ? etag : "", etag != NULL ? "\r\n" : "");
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

static void refused(struct room *room, const char *head, const char *key, const char *etag, const char *body,
                    const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, key, etag, body, &doc);
    snprintf(got, sizeof got, "%d %s", status, jdoc_get_text(doc, "code", "?"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: %s instead of %s: %s", head, got, wanted, jdoc_get_text(doc, "detail", ""));
    jdoc_free(doc);
}

/* A draft, its id and its ETag. */
static struct draft *keep(struct room *room, char head[80], char etag[64])
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/drafts", "keep-this", NULL, DRAFT, &doc), 201);
    snprintf(head, 80, "POST /v1/drafts/%s", jdoc_get_text(doc, "id", "?"));
    snprintf(etag, 64, "%s", jdoc_get_text(doc, "etag", "?"));
    jdoc_free(doc);
    return node_drafts(room->node)->list[0];
}

static const char *with(const char *head, const char *rest)
{
    static char text[240];
    snprintf(text, sizeof text, "%s%s", head, rest);
    return text;
}

static void approval_that_is_missing_stops_a_draft_and_a_direct_way(void **state)
{
    struct room *room = *state;
    char head[80], etag[64];
    struct jdoc *doc = NULL;
    require(room, APPROVAL_LIVE);
    keep(room, head, etag);
    refused(room, with(head, "/publish"), "publish-1", etag, LIVE, "403 APPROVAL");
    refused(room, "POST /v1/cases", "publish-2", NULL, CASE, "403 APPROVAL");
    refused(room, with(head, "/approval"), "approve-1", NULL, NULL, "428 PRECONDITION");
    refused(room, with(head, "/approval"), "approve-2", etag, NULL, "403 SAME_PERSON");
    assert_int_equal(
        exchange(room, with(head, "/publish"), "dry-run-1", NULL, "{\"status\":\"ACTUAL\",\"dry_run\":true}", &doc),
        200);
    const struct jdoc *told = jdoc_get(doc, "approval");
    assert_string_equal(jdoc_get_text(told, "need", ""), "REQUIRED");
    assert_true(jdoc_get_bool(told, "missing", false));
    jdoc_free(doc);
    assert_int_equal(node_cases(room->node)->count, 0);
    assert_int_equal(exchange(room, with(head, "/publish"), "exercise-1", etag,
                              "{\"status\":\"EXERCISE\",\"confirm\":\"Lotte\"}", NULL),
                     201);
}

static void approval_sends_the_words_that_it_was_given_for(void **state)
{
    struct room *room = *state;
    char head[80], etag[64], put[80];
    struct jdoc *doc = NULL;
    require(room, APPROVAL_LIVE);
    struct draft *draft = keep(room, head, etag);
    node_draft_approve(room->node, draft, "karim", room->now_us);
    snprintf(put, sizeof put, "PUT%s", head + 4);
    assert_int_equal(exchange(room, put, "change-1", etag, "{\"case\":" ROOM_CASE ",\"to\":[\"FR\",\"NL\"]}", &doc),
                     200);
    assert_null(jdoc_get(jdoc_get(doc, "approval"), "approved_by"));
    snprintf(etag, sizeof etag, "%s", jdoc_get_text(doc, "etag", "?"));
    jdoc_free(doc);
    refused(room, with(head, "/publish"), "publish-1", etag, LIVE, "403 APPROVAL");
    node_draft_approve(room->node, draft, "karim", room->now_us);
    assert_int_equal(exchange(room, with(head, "/publish"), "publish-2", etag, LIVE, &doc), 201);
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "approval"), "approved_by", "?"), "karim");
    jdoc_free(doc);
}

static void approval_glass_that_is_broken_is_told_and_kept_over_a_restart(void **state)
{
    struct room *room = *state;
    char head[80], etag[64], path[120];
    struct jdoc *doc = NULL;
    size_t told = 0;
    require(room, APPROVAL_LIVE);
    keep(room, head, etag);
    refused(room, with(head, "/publish"), "publish-1", etag,
            "{\"status\":\"ACTUAL\",\"confirm\":\"Lotte\",\"break_glass\":\" \"}", "422 MISSING");
    assert_int_equal(exchange(room, with(head, "/publish"), "publish-2", etag, BROKEN, &doc), 201);
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "approval"), "break_glass", "?"), "alone at night");
    snprintf(path, sizeof path, "GET /v1/cases/%s", jdoc_get_text(doc, "reference", "?"));
    jdoc_free(doc);
    room_settle(room);
    const struct journal_row *row = journal_after(node_journal(room->node), 0);
    for (; row != NULL; row = journal_after(node_journal(room->node), row->id)) {
        told += strstr(row->text, "event: case.break_glass\n") != NULL;
        assert_null(strstr(row->text, "alone at night"));
    }
    assert_int_equal(told, 1);
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
    room_say(room, 0, path, "", NULL);
    assert_int_equal(room_answer(room, &doc), 200);
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "approval"), "break_glass", "?"), "alone at night");
    jdoc_free(doc);
}

static void approval_widens_by_what_reaches_further_and_by_nothing_else(void **state)
{
    (void)state;
    const int none = HOTLINE__PUBLICITY_LEVEL__CODE__NONE, desk = HOTLINE__PUBLICITY_LEVEL__CODE__PROFESSIONALS_ONLY;
    const int all = HOTLINE__PUBLICITY_LEVEL__CODE__PUBLIC;
    const struct {
        struct approval_change change;
        unsigned wanted;
    } rows[] = {
        {{false, false, none, none, 1, 1}, 0},
        {{true, false, none, none, 1, 1}, APPROVAL_RECIPIENTS},
        {{false, true, none, none, 1, 1}, APPROVAL_PHOTO},
        {{false, false, none, desk, 1, 1}, APPROVAL_AUDIENCE},
        {{false, false, desk, all, 1, 1}, APPROVAL_AUDIENCE},
        {{false, false, all, none, 1, 1}, 0},
        {{false, false, all, all, 1, 1}, 0},
        {{false, false, 0, none, 1, 1}, 0},
        {{false, false, 0, desk, 1, 1}, APPROVAL_AUDIENCE},
        {{false, false, none, none, 1, 2}, APPROVAL_CATEGORY},
        {{true, true, none, all, 2, 1}, APPROVAL_RECIPIENTS | APPROVAL_PHOTO | APPROVAL_AUDIENCE | APPROVAL_CATEGORY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(approval_widens(&rows[i].change), rows[i].wanted);
    unsigned all_bits = 0, bit = 0;
    for (int i = 0; approval_widening(i, &bit) != NULL; i++)
        all_bits |= bit;
    assert_int_equal(all_bits, APPROVAL_RECIPIENTS | APPROVAL_PHOTO | APPROVAL_AUDIENCE | APPROVAL_CATEGORY);
}

/* A case that is open, of revision 1; *path is its POST without a last step. */
static void open_case(struct room *room, char path[120], char reference[60])
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", "open-it-1", NULL, CASE, &doc), 201);
    snprintf(path, 120, "POST /v1/cases/%s", jdoc_get_text(doc, "reference", "?"));
    snprintf(reference, 60, "%s:%s", jdoc_get_text(doc, "member", "?"), jdoc_get_text(doc, "reference", "?"));
    jdoc_free(doc);
}

#define FURTHER "{\"case\":" ROOM_CASE ",\"to\":[\"NL\"]%s}"

static void approval_stops_an_update_that_reaches_further(void **state)
{
    struct room *room = *state;
    char path[120], reference[60], body[4096];
    struct jdoc *doc = NULL;
    open_case(room, path, reference);
    require(room, APPROVAL_LIVE);
    snprintf(body, sizeof body, FURTHER, "");
    refused(room, with(path, "/revisions"), "update-1", NULL, body, "403 APPROVAL");
    snprintf(body, sizeof body, FURTHER, ",\"dry_run\":true");
    assert_int_equal(exchange(room, with(path, "/revisions"), "update-2", NULL, body, &doc), 200);
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(doc, "widens"), 0)), "RECIPIENTS");
    assert_int_equal(jdoc_count(jdoc_get(doc, "to")), 2);
    assert_true(jdoc_get_bool(jdoc_get(doc, "approval"), "missing", false));
    jdoc_free(doc);
    assert_int_equal(exchange(room, with(path, "/revisions"), "update-3", NULL,
                              "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"replaces\":1}", NULL),
                     201);
    refused(room, with(path, "/revisions"), "update-4", NULL, "{\"case\":" ROOM_CASE ",\"replaces\":1}", "412 STALE");
    snprintf(body, sizeof body, FURTHER, ",\"break_glass\":\"alone at night\"");
    assert_int_equal(exchange(room, with(path, "/revisions"), "update-5", NULL, body, &doc), 201);
    const struct jdoc *second = jdoc_at(jdoc_get(doc, "approvals"), 0);
    assert_string_equal(jdoc_get_text(second, "break_glass", "?"), "alone at night");
    assert_int_equal(jdoc_get_int(second, "revision", 0), 3);
    assert_null(jdoc_get(doc, "approval"));
    jdoc_free(doc);
}

static void approval_of_a_draft_sends_its_update_while_the_case_is_as_it_was_read(void **state)
{
    struct room *room = *state;
    char path[120], reference[60], body[4096], head[80], etag[64];
    struct jdoc *doc = NULL;
    open_case(room, path, reference);
    require(room, APPROVAL_LIVE);
    snprintf(body, sizeof body, FURTHER, ",\"updates\":\"nobody:XX-2026-00001\",\"replaces\":1");
    refused(room, "POST /v1/drafts", "draft-01", NULL, body, "404 NOT_FOUND");
    snprintf(body, sizeof body, "{\"case\":" ROOM_CASE ",\"updates\":\"%s\"}", reference);
    refused(room, "POST /v1/drafts", "draft-02", NULL, body, "422 MISSING");
    snprintf(body, sizeof body, "{\"case\":" ROOM_CASE ",\"updates\":\"%s\",\"replaces\":1,\"status\":\"EXERCISE\"}",
             reference);
    refused(room, "POST /v1/drafts", "draft-03", NULL, body, "422 INVALID");
    snprintf(body, sizeof body, "{\"case\":" ROOM_CASE ",\"to\":[\"NL\"],\"updates\":\"%s\",\"replaces\":1}",
             reference);
    assert_int_equal(exchange(room, "POST /v1/drafts", "draft-04", NULL, body, &doc), 201);
    snprintf(head, sizeof head, "POST /v1/drafts/%s", jdoc_get_text(doc, "id", "?"));
    snprintf(etag, sizeof etag, "%s", jdoc_get_text(doc, "etag", "?"));
    assert_string_equal(jdoc_get_text(doc, "status", "?"), "ACTUAL");
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "approval"), "need", "?"), "REQUIRED");
    assert_int_equal(jdoc_count(jdoc_get(doc, "missing")), 0);
    jdoc_free(doc);
    struct draft *draft = node_drafts(room->node)->list[0];
    refused(room, with(head, "/publish"), "publish-1", etag, "{\"status\":\"ACTUAL\"}", "403 APPROVAL");
    node_draft_approve(room->node, draft, "karim", room->now_us);
    refused(room, with(head, "/publish"), "publish-2", etag, "{\"status\":\"EXERCISE\"}", "422 INVALID");
    refused(room, with(head, "/publish"), "publish-3", etag, "{\"status\":\"ACTUAL\",\"confirm\":\"Nobody\"}",
            "422 INVALID");
    assert_int_equal(exchange(room, with(path, "/revisions"), "update-1", NULL, "{\"case\":" ROOM_CASE "}", NULL), 201);
    refused(room, with(head, "/publish"), "publish-4", etag, "{\"status\":\"ACTUAL\"}", "412 STALE");
    snprintf(body, sizeof body, "{\"case\":" ROOM_CASE ",\"to\":[\"NL\"],\"updates\":\"%s\",\"replaces\":2}",
             reference);
    char put[80];
    snprintf(put, sizeof put, "PUT%s", head + 4);
    assert_int_equal(exchange(room, put, "change-1", etag, body, &doc), 200);
    snprintf(etag, sizeof etag, "%s", jdoc_get_text(doc, "etag", "?"));
    assert_null(jdoc_get(jdoc_get(doc, "approval"), "approved_by"));
    jdoc_free(doc);
    node_draft_approve(room->node, draft, "karim", room->now_us);
    assert_int_equal(exchange(room, with(head, "/publish"), "publish-5", etag, "{\"status\":\"ACTUAL\"}", &doc), 201);
    assert_int_equal(jdoc_get_int(doc, "revision", 0), 3);
    assert_string_equal(jdoc_get_text(jdoc_at(jdoc_get(doc, "approvals"), 0), "approved_by", "?"), "karim");
    assert_int_equal(node_drafts(room->node)->count, 0);
    jdoc_free(doc);
}

static void approval_delays_no_correction_no_closing_and_no_retraction(void **state)
{
    struct room *room = *state;
    char path[160];
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", "publish-1", NULL, CASE, &doc), 201);
    snprintf(path, sizeof path, "POST /v1/cases/%s", jdoc_get_text(doc, "reference", "?"));
    assert_null(jdoc_get(doc, "approval"));
    jdoc_free(doc);
    require(room, APPROVAL_LIVE | APPROVAL_RESTRICTED);
    assert_int_equal(exchange(room, with(path, "/revisions"), "update-1", NULL, "{\"case\":" ROOM_CASE "}", NULL), 201);
    assert_int_equal(exchange(room, with(path, "/close"), "close-01", NULL, "{\"outcome\":\"FOUND_SAFE\"}", NULL), 201);
    assert_int_equal(exchange(room, with(path, "/retract"), "retract-1", NULL, "{\"reason\":\"sent in error\"}", NULL),
                     201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approval_need_is_the_strongest_that_fits),
        cmocka_unit_test(approval_words_are_all_categories_and_two_more),
        cmocka_unit_test(approval_is_never_by_who_wrote_it_nor_a_program),
        ROOM_API_TEST(approval_that_is_missing_stops_a_draft_and_a_direct_way),
        ROOM_API_TEST(approval_sends_the_words_that_it_was_given_for),
        ROOM_API_TEST(approval_glass_that_is_broken_is_told_and_kept_over_a_restart),
        cmocka_unit_test(approval_widens_by_what_reaches_further_and_by_nothing_else),
        ROOM_API_TEST(approval_stops_an_update_that_reaches_further),
        ROOM_API_TEST(approval_of_a_draft_sends_its_update_while_the_case_is_as_it_was_read),
        ROOM_API_TEST(approval_delays_no_correction_no_closing_and_no_retraction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
