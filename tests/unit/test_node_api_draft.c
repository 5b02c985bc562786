/* node_api_draft: drafts over the real socket, changed by who read them last, sent by the way of every case. */
#include "node/drafts.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define KEY(text) JSON "Idempotency-Key: " text "\r\n"
#define DRAFT "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"]}"
#define LIVE "{\"status\":\"ACTUAL\",\"confirm\":\"Lotte\"}"

struct kept {
    char id[40], etag[64];
};

static int exchange(struct room *room, const char *head, const char *headers, const char *body, struct jdoc **ret_doc)
{
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

static void refused(struct room *room, const char *head, const char *headers, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, headers, body, &doc);
    snprintf(got, sizeof got, "%d %s %s", status, jdoc_get_text(doc, "code", "?"), jdoc_get_text(doc, "path", "-"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s %s: %s instead of %s: %s", head, body != NULL ? body : "", got, wanted,
                 jdoc_get_text(doc, "detail", ""));
    jdoc_free(doc);
}

static const char *said(struct room *room, const char *text)
{
    return strstr(buf_text(&room->client->in), text);
}

static size_t draft_count(const struct room *room)
{
    return node_drafts(room->node)->count;
}

static size_t case_count(const struct room *room)
{
    return node_cases(room->node)->count;
}

static void remember(const struct jdoc *doc, struct kept *kept)
{
    snprintf(kept->id, sizeof kept->id, "%s", jdoc_get_text(doc, "id", "?"));
    snprintf(kept->etag, sizeof kept->etag, "%s", jdoc_get_text(doc, "etag", "?"));
}

static struct kept keep(struct room *room, const char *body)
{
    static unsigned serial;
    struct kept kept;
    char headers[128];
    struct jdoc *doc = NULL;
    snprintf(headers, sizeof headers, KEY("keep-%06u"), ++serial);
    int status = exchange(room, "POST /v1/drafts", headers, body, &doc);
    if (status != 201)
        fail_msg("%d: %s", status, jdoc_get_text(doc, "detail", "?"));
    remember(doc, &kept);
    jdoc_free(doc);
    return kept;
}

/* "PUT /v1/drafts/ID/rest" */
static const char *head_of(const char *method, const struct kept *kept, const char *rest)
{
    static char head[160];
    snprintf(head, sizeof head, "%s /v1/drafts/%s%s", method, kept->id, rest);
    return head;
}

/* If-Match, and an Idempotency-Key unless it is NULL. */
static const char *match(const struct kept *kept, const char *key)
{
    static char headers[240];
    snprintf(headers, sizeof headers, JSON "If-Match: %s\r\n%s%s%s", kept->etag, key ? "Idempotency-Key: " : "",
             key ? key : "", key ? "\r\n" : "");
    return headers;
}

static bool is_missing(const struct jdoc *doc, const char *path)
{
    const struct jdoc *missing = jdoc_get(doc, "missing");
    for (size_t i = 0; i < jdoc_count(missing); i++)
        if (strcmp(jdoc_get_text(jdoc_at(missing, i), "path", ""), path) == 0)
            return jdoc_get_text(jdoc_at(missing, i), "text", NULL) != NULL;
    return false;
}

static void restart(struct room *room)
{
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
}

/* ---- kept and read ---- */

static void node_api_draft_that_is_kept_survives_a_restart(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    struct kept kept = keep(room, DRAFT);
    assert_non_null(said(room, "\r\nLocation: /v1/drafts/"));
    assert_non_null(said(room, "\r\nETag: \""));
    restart(room);
    assert_int_equal(exchange(room, head_of("GET", &kept, ""), "", NULL, &doc), 200);
    assert_string_equal(jdoc_get_text(doc, "etag", ""), kept.etag);
    assert_string_equal(jdoc_get_text(jdoc_get(jdoc_get(doc, "case"), "child"), "given_name", ""), "Lotte");
    assert_int_equal(jdoc_count(jdoc_get(doc, "missing")), 0);
    assert_null(jdoc_get(doc, "status"));
    assert_non_null(jdoc_get(doc, "erased_at"));
    assert_true(strlen(jdoc_get_text(doc, "changed_by", "")) > 0);
    jdoc_free(doc);
    assert_int_equal(case_count(room), 0);
}

static void node_api_draft_says_all_that_is_missing(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    struct kept kept =
        keep(room,
             "{\"case\":{\"category\":\"RUNAWAY\",\"child\":{\"medical_needs\":[{\"need\":\"INSULIN\"}]},"
             "\"photos\":[{\"upload\":\"00112233445566778899aabbccddeeff\"}]}}");
    assert_int_equal(exchange(room, head_of("GET", &kept, ""), "", NULL, &doc), 200);
    assert_true(is_missing(doc, "case.child.given_name"));
    assert_true(is_missing(doc, "case.contact.phone"));
    assert_true(is_missing(doc, "case.photos[0].upload"));
    assert_true(is_missing(doc, "to"));
    assert_true(is_missing(doc, "restricted"));
    assert_false(is_missing(doc, "case.category"));
    assert_false(jdoc_get_bool(jdoc_at(jdoc_get(doc, "photos"), 0), "here", true));
    jdoc_free(doc);
    doc = NULL;
    kept = keep(room, "{\"case\":" ROOM_CASE ",\"neighbours\":true}");
    assert_int_equal(exchange(room, head_of("GET", &kept, ""), "", NULL, &doc), 200);
    assert_int_equal(jdoc_count(jdoc_get(doc, "missing")), 0);
    jdoc_free(doc);
    doc = NULL;
    assert_int_equal(exchange(room, "GET /v1/drafts", "", NULL, &doc), 200);
    assert_int_equal(jdoc_count(jdoc_get(doc, "items")), 2);
    assert_string_equal(jdoc_get_text(jdoc_at(jdoc_get(doc, "items"), 0), "id", ""), kept.id);
    assert_null(jdoc_get(jdoc_at(jdoc_get(doc, "items"), 0), "case"));
    jdoc_free(doc);
}

static void node_api_draft_of_a_wrong_form_is_refused_by_its_path(void **state)
{
    struct room *room = *state;
    const char *to = "POST /v1/drafts";
    refused(room, to, KEY("12345678"), "{}", "422 MISSING case");
    refused(room, to, JSON, DRAFT, "400 MISSING -");
    refused(room, to, KEY("12345678"), "{\"case\":{\"csae\":1}}", "422 UNKNOWN case.csae");
    refused(room, to, KEY("12345678"), "{\"case\":{\"category\":\"LOST\"}}", "422 UNKNOWN case.category");
    refused(room, to, KEY("12345678"), "{\"case\":{\"revision\":1}}", "422 INVALID case.revision");
    refused(room, to, KEY("12345678"), "{\"case\":{\"contact\":{\"phone\":\"call me\"}}}",
            "422 INVALID case.contact.phone");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[\"ZZ\"]}", "422 UNKNOWN to[0]");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"status\":\"LIVE\"}", "422 UNKNOWN status");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"status\":\"ACTUAL\",\"drill\":\"A-1\"}", "422 INVALID drill");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"notes\":\"\\u001b[2J\"}", "422 INVALID notes");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"confirm\":\"Lotte\"}", "422 UNKNOWN confirm");
    char *long_text = malloc(400), *body = malloc(200000);
    memset(long_text, 'x', 399);
    long_text[399] = '\0';
    snprintf(body, 200000, "{\"case\":{\"child\":{\"given_name\":\"%s\"}}}", long_text);
    refused(room, to, KEY("12345678"), body, "422 LIMIT case.child.given_name");
    memset(body, ' ', 200000);
    memcpy(body, "{\"case\":{},\"notes\":\"", 20);
    memset(body + 20, 'n', LIMIT_DRAFT_NOTES_CHARS + 1);
    memcpy(body + 20 + LIMIT_DRAFT_NOTES_CHARS + 1, "\"}", 3);
    refused(room, to, KEY("12345678"), body, "422 LIMIT notes");
    free(long_text);
    free(body);
    assert_int_equal(draft_count(room), 0);
}

static void node_api_draft_same_key_keeps_one(void **state)
{
    struct room *room = *state;
    struct jdoc *first = NULL, *again = NULL;
    assert_int_equal(exchange(room, "POST /v1/drafts", KEY("once-and-only"), DRAFT, &first), 201);
    restart(room);
    assert_int_equal(exchange(room, "POST /v1/drafts", KEY("once-and-only"), DRAFT, &again), 201);
    assert_non_null(said(room, "\r\nIdempotency-Replayed: true\r\n"));
    assert_string_equal(jdoc_get_text(first, "id", "1"), jdoc_get_text(again, "id", "2"));
    assert_int_equal(draft_count(room), 1);
    jdoc_free(first);
    jdoc_free(again);
}

static void node_api_draft_too_many_are_refused(void **state)
{
    struct room *room = *state;
    const struct drafts_words words = {.document = slice_text(DRAFT), .by = "ineke"};
    for (int i = 0; i < LIMIT_DRAFTS; i++) {
        struct draft *draft = NULL;
        assert_int_equal(node_draft_new(room->node, &words, room->now_us, NULL, &draft), OK);
    }
    refused(room, "POST /v1/drafts", KEY("one-too-many"), DRAFT, "422 LIMIT -");
    assert_int_equal(draft_count(room), LIMIT_DRAFTS);
}

/* ---- changed and deleted ---- */

static void node_api_draft_change_needs_the_etag_of_now(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    struct kept kept = keep(room, DRAFT), fresh;
    const char *other = "{\"case\":" ROOM_CASE ",\"to\":[\"FR\",\"IT\"]}";
    refused(room, head_of("PUT", &kept, ""), JSON, other, "428 PRECONDITION -");
    assert_int_equal(exchange(room, head_of("PUT", &kept, ""), match(&kept, NULL), other, &doc), 200);
    assert_non_null(said(room, "\r\nETag: \""));
    remember(doc, &fresh);
    assert_string_equal(fresh.id, kept.id);
    assert_string_not_equal(fresh.etag, kept.etag);
    jdoc_free(doc);
    doc = NULL;
    refused(room, head_of("PUT", &kept, ""), match(&kept, NULL), "{\"case\":{}}", "412 STALE -");
    refused(room, head_of("PUT", &kept, ""), JSON "If-Match: *\r\n", "{\"case\":{}}", "412 STALE -");
    /* The same words again, as a client does whose answer was lost: done already. */
    assert_int_equal(exchange(room, head_of("PUT", &kept, ""), match(&kept, NULL), other, &doc), 200);
    assert_string_equal(jdoc_get_text(doc, "etag", ""), fresh.etag);
    jdoc_free(doc);
    refused(room, head_of("PUT", &fresh, ""), match(&fresh, NULL), "{\"case\":{\"csae\":1}}", "422 UNKNOWN case.csae");
    refused(room, head_of("DELETE", &kept, ""), "", NULL, "428 PRECONDITION -");
    refused(room, head_of("DELETE", &kept, ""), match(&kept, NULL), NULL, "412 STALE -");
    assert_int_equal(draft_count(room), 1);
}

static void node_api_draft_that_is_deleted_is_gone_after_a_restart(void **state)
{
    struct room *room = *state;
    struct kept kept = keep(room, DRAFT);
    assert_int_equal(exchange(room, head_of("DELETE", &kept, ""), match(&kept, NULL), NULL, NULL), 204);
    refused(room, head_of("GET", &kept, ""), "", NULL, "404 NOT_FOUND -");
    restart(room);
    refused(room, head_of("GET", &kept, ""), "", NULL, "404 NOT_FOUND -");
    refused(room, "GET /v1/drafts/abc", "", NULL, "404 NOT_FOUND -");
    assert_int_equal(draft_count(room), 0);
}

/* Both clocks run evenly, as on a machine that was left alone. */
static void node_api_draft_that_nobody_touches_ends(void **state)
{
    struct room *room = *state;
    struct kept kept = keep(room, DRAFT);
    int64_t wall_us = clock_wall_us(), steady_us = clock_steady_us();
    node_tick(room->node, wall_us, steady_us);
    node_tick(room->node, wall_us + LIMIT_DRAFT_LIFE_US - CLOCK_MINUTE_US,
              steady_us + LIMIT_DRAFT_LIFE_US - CLOCK_MINUTE_US);
    assert_int_equal(draft_count(room), 1);
    node_tick(room->node, wall_us + LIMIT_DRAFT_LIFE_US + CLOCK_MINUTE_US,
              steady_us + LIMIT_DRAFT_LIFE_US + CLOCK_MINUTE_US);
    assert_int_equal(draft_count(room), 0);
    refused(room, head_of("GET", &kept, ""), "", NULL, "404 NOT_FOUND -");
    restart(room);
    assert_int_equal(draft_count(room), 0);
}

/* ---- sent ---- */

static void node_api_draft_is_sent_once_and_gone_in_the_same_turn(void **state)
{
    struct room *room = *state;
    struct jdoc *first = NULL, *again = NULL;
    struct kept kept = keep(room, DRAFT);
    uint64_t before = vault_last(node_vault(room->node));
    assert_int_equal(exchange(room, head_of("POST", &kept, "/publish"), match(&kept, "send-it-once"), LIVE, &first),
                     201);
    assert_non_null(said(room, "\r\nLocation: /v1/cases/be-baken:BE-"));
    assert_int_equal(vault_last(node_vault(room->node)), before + 1);
    assert_string_equal(jdoc_get_text(first, "status", ""), "ACTUAL");
    assert_int_equal(draft_count(room), 0);
    assert_int_equal(case_count(room), 1);
    assert_int_equal(exchange(room, head_of("POST", &kept, "/publish"), match(&kept, "send-it-once"), LIVE, &again),
                     201);
    assert_non_null(said(room, "\r\nIdempotency-Replayed: true\r\n"));
    assert_string_equal(jdoc_get_text(first, "reference", "1"), jdoc_get_text(again, "reference", "2"));
    refused(room, head_of("POST", &kept, "/publish"), match(&kept, "send-it-twice"), LIVE, "404 NOT_FOUND -");
    restart(room);
    assert_int_equal(draft_count(room), 0);
    assert_int_equal(case_count(room), 1);
    jdoc_free(first);
    jdoc_free(again);
}

static void node_api_draft_that_may_not_be_sent_stays(void **state)
{
    struct room *room = *state;
    struct kept kept = keep(room, DRAFT), bare = keep(room, "{\"case\":{},\"to\":[\"FR\"]}");
    struct kept drill =
        keep(room, "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"EXERCISE\",\"drill\":\"A-1\"}");
    struct kept nowhere = keep(room, "{\"case\":" ROOM_CASE "}");
    const char *wrong = "{\"status\":\"ACTUAL\",\"confirm\":\"Lena\"}";
    refused(room, head_of("POST", &kept, "/publish"), match(&kept, "12345678"), "{\"confirm\":\"Lotte\"}",
            "422 MISSING status");
    refused(room, head_of("POST", &kept, "/publish"), match(&kept, "12345678"), "{\"status\":\"ACTUAL\"}",
            "422 MISSING confirm");
    refused(room, head_of("POST", &kept, "/publish"), match(&kept, "12345678"), wrong, "422 INVALID confirm");
    refused(room, head_of("POST", &kept, "/publish"), KEY("12345678"), LIVE, "428 PRECONDITION -");
    refused(room, head_of("POST", &kept, "/publish"), match(&bare, "12345678"), LIVE, "412 STALE -");
    refused(room, head_of("POST", &kept, "/publish"), match(&kept, NULL), LIVE, "400 MISSING -");
    refused(room, head_of("POST", &bare, "/publish"), match(&bare, "12345678"), LIVE, "422 MISSING case.category");
    refused(room, head_of("POST", &drill, "/publish"), match(&drill, "12345678"), LIVE, "422 INVALID status");
    refused(room, head_of("POST", &drill, "/publish"), match(&drill, "12345678"),
            "{\"status\":\"EXERCISE\",\"drill\":\"B-2\",\"confirm\":\"Lotte\"}", "422 INVALID drill");
    refused(room, head_of("POST", &nowhere, "/publish"), match(&nowhere, "12345678"), LIVE, "422 MISSING to");
    assert_int_equal(draft_count(room), 4);
    assert_int_equal(case_count(room), 0);
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, head_of("POST", &drill, "/publish"), match(&drill, "12345678"),
                              "{\"status\":\"EXERCISE\",\"confirm\":\"Lotte\"}", &doc),
                     201);
    assert_string_equal(jdoc_get_text(doc, "drill_id", ""), "A-1");
    jdoc_free(doc);
}

static void node_api_draft_dry_run_goes_to_the_neighbours_and_keeps_it(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    struct kept kept = keep(room, "{\"case\":" ROOM_CASE ",\"to\":[\"FR\",\"IT\"],\"neighbours\":true}");
    assert_int_equal(
        exchange(room, head_of("POST", &kept, "/publish"), JSON, "{\"status\":\"EXERCISE\",\"dry_run\":true}", &doc),
        200);
    const struct jdoc *to = jdoc_get(doc, "to");
    bool dutch = false;
    for (size_t i = 0; i < jdoc_count(to); i++)
        dutch |= strcmp(jdoc_text(jdoc_at(to, i)), "NL") == 0;
    assert_true(dutch);
    assert_string_equal(jdoc_text(jdoc_at(to, 1)), "IT");
    jdoc_free(doc);
    assert_int_equal(draft_count(room), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(node_api_draft_that_is_kept_survives_a_restart),
        ROOM_API_TEST(node_api_draft_says_all_that_is_missing),
        ROOM_API_TEST(node_api_draft_of_a_wrong_form_is_refused_by_its_path),
        ROOM_API_TEST(node_api_draft_same_key_keeps_one),
        ROOM_API_TEST(node_api_draft_too_many_are_refused),
        ROOM_API_TEST(node_api_draft_change_needs_the_etag_of_now),
        ROOM_API_TEST(node_api_draft_that_is_deleted_is_gone_after_a_restart),
        ROOM_API_TEST(node_api_draft_that_nobody_touches_ends),
        ROOM_API_TEST(node_api_draft_is_sent_once_and_gone_in_the_same_turn),
        ROOM_API_TEST(node_api_draft_that_may_not_be_sent_stays),
        ROOM_API_TEST(node_api_draft_dry_run_goes_to_the_neighbours_and_keeps_it),
    };
    return cmocka_run_group_tests_name("node_api_draft", tests, NULL, NULL);
}
