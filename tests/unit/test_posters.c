/* posters: registered only of what the public may see, listed for taking down when that ends; and the code on them. */
#include "node/posters.h"
#include "node/qr.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define KEY(text) JSON "Idempotency-Key: " text "\r\n"
#define PUBLIC_CASE                                                                                                    \
    "{\"category\":\"RUNAWAY\",\"urgency\":\"IMMEDIATE\",\"child\":{\"given_name\":\"Lotte\",\"age_years\":9,"         \
    "\"languages\":[\"nl\"]},\"last_seen\":{\"country\":\"BE\"},\"police\":{\"informed\":true},"                       \
    "\"publicity\":{\"level\":\"PUBLIC\",\"consent_by\":\"the mother\"},\"contact\":{\"phone\":\"+3225550000\"}}"
#define OPENING(of) "{\"case\":" of ",\"to\":[\"FR\"],\"status\":\"ACTUAL\",\"confirm\":\"Lotte\"}"
#define FRENCH "{\"language\":\"fr\",\"form\":\"a4\"}"

static int exchange(struct room *room, const char *head, const char *headers, const char *body, struct jdoc **ret_doc)
{
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

static const char *head_of(const char *method, const char *path, const char *rest)
{
    static char text[240];
    snprintf(text, sizeof text, "%s %s%s", method, path, rest);
    return text;
}

static void refused(struct room *room, const char *head, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, JSON, body, &doc);
    snprintf(got, sizeof got, "%d %s", status, jdoc_get_text(doc, "code", "?"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: %s instead of %s: %s", head, got, wanted, jdoc_get_text(doc, "detail", ""));
    jdoc_free(doc);
}

/* A case; its path. */
static void open_case(struct room *room, const char *body, char path[160])
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("open-a-case"), body, &doc), 201);
    snprintf(path, 160, "/v1/cases/be-baken:%s", jdoc_get_text(doc, "reference", "?"));
    jdoc_free(doc);
}

/* A poster of it; its path. */
static void make(struct room *room, const char *of, char path[200])
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, head_of("POST", of, "/posters"), JSON, FRENCH, &doc), 201);
    assert_false(jdoc_get_bool(doc, "withdraw", true));
    assert_string_equal(jdoc_get_text(doc, "phone", ""), "116 000");
    snprintf(path, 200, "%s/posters/%s", of, jdoc_get_text(doc, "id", "?"));
    jdoc_free(doc);
}

static int64_t must_go(struct room *room, const char *of)
{
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, head_of("GET", of, "/posters"), "", NULL, &doc), 200);
    int64_t count = jdoc_get_int(doc, "withdraw", -1);
    jdoc_free(doc);
    return count;
}

static size_t told(const struct room *room)
{
    size_t count = 0;
    const struct journal_row *row = journal_after(node_journal(room->node), 0);
    for (; row != NULL; row = journal_after(node_journal(room->node), row->id))
        count += strstr(row->text, "event: poster.withdraw\n") != NULL;
    return count;
}

static void tick(struct room *room)
{
    static int64_t ahead_us;
    ahead_us += 2 * CLOCK_SECOND_US;
    node_tick(room->node, clock_wall_us(), clock_steady_us() + ahead_us);
    room_settle(room);
}

static void restart(struct room *room)
{
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
}

static void posters_of_what_is_not_public_are_refused(void **state)
{
    struct room *room = *state;
    char path[160];
    open_case(room, OPENING(ROOM_CASE), path);
    refused(room, head_of("POST", path, "/posters"), FRENCH, "403 POLICY");
    refused(room, "POST /v1/cases/BE-2026-99999/posters", FRENCH, "404 NOT_FOUND");
    assert_int_equal(node_posters(room->node)->count, 0);
}

static void posters_of_a_wrong_form_are_refused(void **state)
{
    struct room *room = *state;
    char path[160];
    open_case(room, OPENING(PUBLIC_CASE), path);
    refused(room, head_of("POST", path, "/posters"), "{\"language\":\"fr\"}", "422 MISSING");
    refused(room, head_of("POST", path, "/posters"), "{\"language\":\"fr\",\"form\":\"A4\"}", "422 UNKNOWN");
    refused(room, head_of("POST", path, "/posters"), "{\"language\":\"f<r\",\"form\":\"a4\"}", "422 INVALID");
    refused(room, head_of("GET", path, "/posters/0123456789ab"), NULL, "404 NOT_FOUND");
    refused(room, head_of("GET", path, "/posters/"), NULL, "404 NOT_FOUND");
    refused(room, head_of("GET", path, "/posters/0123456789ab/qr/x"), NULL, "404 NOT_FOUND");
    refused(room, head_of("DELETE", path, "/posters/0123456789ab"), NULL, "405 METHOD");
}

static void posters_are_listed_for_taking_down_when_the_case_is_closed(void **state)
{
    struct room *room = *state;
    char path[160], first[200], second[200];
    struct jdoc *doc = NULL;
    open_case(room, OPENING(PUBLIC_CASE), path);
    make(room, path, first);
    make(room, path, second);
    tick(room);
    assert_int_equal(must_go(room, path), 0);
    assert_int_equal(told(room), 0);
    assert_int_equal(
        exchange(room, head_of("POST", path, "/close"), KEY("close-01"), "{\"outcome\":\"FOUND_SAFE\"}", NULL), 201);
    refused(room, head_of("POST", path, "/posters"), FRENCH, "403 STATE");
    tick(room);
    tick(room);
    assert_int_equal(told(room), 1);
    restart(room);
    tick(room);
    assert_int_equal(told(room), 1);
    assert_int_equal(must_go(room, path), 2);
    assert_int_equal(exchange(room, head_of("POST", first, "/withdrawn"), "", NULL, &doc), 200);
    assert_false(jdoc_get_bool(doc, "withdraw", true));
    assert_true(strlen(jdoc_get_text(doc, "withdrawn_by", "")) > 0);
    jdoc_free(doc);
    assert_int_equal(exchange(room, head_of("POST", first, "/withdrawn"), "", NULL, NULL), 200);
    assert_int_equal(must_go(room, path), 1);
    assert_int_equal(exchange(room, head_of("GET", path, ""), "", NULL, &doc), 200);
    assert_int_equal(jdoc_get_int(jdoc_get(doc, "posters"), "registered", 0), 2);
    assert_int_equal(jdoc_get_int(jdoc_get(doc, "posters"), "withdraw", 0), 1);
    jdoc_free(doc);
}

static void posters_of_a_case_that_is_not_public_any_more_must_go(void **state)
{
    struct room *room = *state;
    char path[160], poster[200];
    open_case(room, OPENING(PUBLIC_CASE), path);
    make(room, path, poster);
    assert_int_equal(
        exchange(room, head_of("POST", path, "/revisions"), KEY("update-1"), "{\"case\":" ROOM_CASE "}", NULL), 201);
    tick(room);
    assert_int_equal(must_go(room, path), 1);
    assert_int_equal(told(room), 1);
    assert_int_equal(
        exchange(room, head_of("POST", path, "/revisions"), KEY("update-2"), "{\"case\":" PUBLIC_CASE "}", NULL), 201);
    tick(room);
    assert_int_equal(must_go(room, path), 0);
}

static void posters_that_were_taken_down_long_ago_are_forgotten(void **state)
{
    struct room *room = *state;
    char path[160], poster[200];
    struct posters *posters = (struct posters *)(uintptr_t)node_posters(room->node);
    open_case(room, OPENING(PUBLIC_CASE), path);
    make(room, path, poster);
    make(room, path, poster);
    assert_int_equal(exchange(room, head_of("POST", poster, "/withdrawn"), "", NULL, NULL), 200);
    int64_t down_us = posters->list[1]->withdrawn_at_us;
    assert_int_equal(posters_sweep(posters, node_vault(room->node), down_us + LIMIT_AFTERLIFE_US - 1), 0);
    assert_int_equal(posters_sweep(posters, node_vault(room->node), down_us + LIMIT_AFTERLIFE_US), 1);
    room_settle(room);
    restart(room);
    assert_int_equal(node_posters(room->node)->count, 1);
    assert_int_equal(node_posters(room->node)->list[0]->withdrawn_at_us, 0);
}

static void qr_of_no_or_too_much_text_is_refused(void **state)
{
    (void)state;
    static char text[QR_TEXT_MAX + 2];
    struct buf svg;
    buf_init(&svg);
    memset(text, '1', QR_TEXT_MAX + 1);
    assert_int_equal(qr_svg("", &svg), ERR_LIMIT);
    assert_int_equal(qr_svg(text, &svg), ERR_LIMIT);
    assert_int_equal(svg.len, 0);
    text[QR_TEXT_MAX] = '\0';
    assert_int_equal(qr_svg(text, &svg), OK);
    buf_clear(&svg);
    assert_int_equal(qr_svg("tel:116000", &svg), OK);
    assert_non_null(strstr(buf_text(&svg), "viewBox=\"0 0 29 29\""));
    assert_non_null(strstr(buf_text(&svg), "M4 4h7v1h-7z")); /* the first finder's upper edge, inside the quiet zone */
    buf_free(&svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(posters_of_what_is_not_public_are_refused),
        ROOM_API_TEST(posters_of_a_wrong_form_are_refused),
        ROOM_API_TEST(posters_are_listed_for_taking_down_when_the_case_is_closed),
        ROOM_API_TEST(posters_of_a_case_that_is_not_public_any_more_must_go),
        ROOM_API_TEST(posters_that_were_taken_down_long_ago_are_forgotten),
        cmocka_unit_test(qr_of_no_or_too_much_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
