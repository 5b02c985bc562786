/* node_api: requests over the real socket to a real core; relay and neighbours are played. */
#include <semaphore.h>

#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define KEY(text) JSON "Idempotency-Key: " text "\r\n"
#define PUBLISH "{\"case\":" ROOM_CASE ",\"status\":\"ACTUAL\",\"to\":[\"FR\"],\"confirm\":\"lotte\"}"

/* ---- helpers ---- */

static int exchange(struct room *room, const char *head, const char *headers, const char *body, struct jdoc **ret_doc)
{
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

/* The request is refused with this status, code and path (NULL: none). */
static void refused(struct room *room, const char *head, const char *headers, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, headers, body, &doc);
    snprintf(got, sizeof got, "%d %s %s", status, jdoc_get_text(doc, "code", "?"), jdoc_get_text(doc, "path", "-"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s %s: %s instead of %s: %s", head, body != NULL ? body : "", got, wanted,
                 jdoc_get_text(doc, "detail", ""));
    assert_int_equal(jdoc_get_int(doc, "status", 0), status);
    assert_non_null(strstr(buf_text(&room->client->in), "Content-Type: application/problem+json\r\n"));
    jdoc_free(doc);
}

static const char *header_of_answer(struct room *room, const char *name)
{
    return strstr(buf_text(&room->client->in), name);
}

static size_t case_count(const struct room *room)
{
    return node_cases(room->node)->count;
}

static char *case_path(const struct case_entry *entry, const char *rest, char path[160])
{
    snprintf(path, 160, "%s:%s%s", entry->opener, entry->reference, rest);
    return path;
}

/* "POST /v1/cases/gr-faros:REF/close" */
static char *head_for(const char *method, const struct case_entry *entry, const char *rest, char head[256])
{
    char path[160];
    snprintf(head, 256, "%s /v1/cases/%s", method, case_path(entry, rest, path));
    return head;
}

/* ---- routes and problems ---- */

static void node_api_unknown_address_or_method_is_a_problem(void **state)
{
    struct room *room = *state;
    refused(room, "GET /v1/nothing", "", NULL, "404 NOT_FOUND -");
    refused(room, "GET /v1/cases/", "", NULL, "404 NOT_FOUND -");
    refused(room, "GET /v1/cases/a/b/c", "", NULL, "404 NOT_FOUND -");
    refused(room, "DELETE /v1/cases", "", NULL, "405 METHOD -");
    assert_non_null(header_of_answer(room, "\r\nAllow: GET, POST\r\n"));
}

static void node_api_case_that_is_not_here_is_not_found(void **state)
{
    struct room *room = *state;
    refused(room, "GET /v1/cases/BE-2026-99999", "", NULL, "404 NOT_FOUND -");
    refused(room, "POST /v1/cases/BE-2026-99999/close", KEY("12345678"), "{\"outcome\":\"FOUND_SAFE\"}",
            "404 NOT_FOUND -");
}

static void node_api_ambiguous_name_lists_the_candidates(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    room_receive(room, false);
    room_receive(room, true);
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "GET /v1/cases/FR-2026-00007", "", NULL, &doc), 409);
    assert_string_equal(jdoc_get_text(doc, "code", ""), "AMBIGUOUS");
    assert_int_equal(jdoc_count(jdoc_get(doc, "candidates")), 2);
    jdoc_free(doc);
    doc = NULL;
    assert_int_equal(exchange(room, "GET /v1/cases/cccccc", "", NULL, &doc), 200);
    assert_string_equal(jdoc_get_text(doc, "status", ""), "ACTUAL");
    jdoc_free(doc);
}

/* ---- bodies ---- */

static void node_api_bad_body_is_refused_by_its_path(void **state)
{
    struct room *room = *state;
    const char *to = "POST /v1/cases";
    refused(room, to, "Idempotency-Key: 12345678\r\n", "{}", "415 SYNTAX -");
    refused(room, to, KEY("12345678"), "{\"case\":", "400 SYNTAX -");
    refused(room, to, KEY("12345678"), "[]", "400 SYNTAX -");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"case\":{}}", "400 SYNTAX -");
    refused(room, to, KEY("12345678"), "{\"csae\":{}}", "422 UNKNOWN csae");
    refused(room, to, KEY("12345678"), "{\"case\":[]}", "422 INVALID case");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[\"FR\"]}", "422 MISSING status");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[\"FR\"],\"status\":\"LIVE\"}", "422 UNKNOWN status");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[],\"status\":\"ACTUAL\"}", "422 MISSING to");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[\"FR\",\"ZZ\"],\"status\":\"ACTUAL\"}",
            "422 UNKNOWN to[1]");
    refused(room, to, KEY("12345678"), "{\"case\":{},\"to\":[\"FR\",\"FR\"],\"status\":\"ACTUAL\"}",
            "422 INVALID to[1]");
    refused(room, to, KEY("12345678"),
            "{\"case\":{\"child\":{\"hair\":{\"colour\":\"PURPLISH\"}}},\"to\":[\"FR\"],\"status\":\"ACTUAL\"}",
            "422 UNKNOWN case.child.hair.colour");
    refused(room, to, KEY("12345678"), "{\"case\":{\"revision\":1},\"to\":[\"FR\"],\"status\":\"ACTUAL\"}",
            "422 INVALID case.revision");
    refused(room, to, KEY("12345678"), "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"ACTUAL\"}",
            "422 MISSING confirm");
    refused(room, to, KEY("12345678"),
            "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"ACTUAL\",\"confirm\":\"Lena\"}",
            "422 INVALID confirm");
    assert_null(header_of_answer(room, "Lena"));
    assert_int_equal(case_count(room), 0);
}

static void node_api_missing_fields_are_all_named_from_the_body_root(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    exchange(room, "POST /v1/cases", KEY("12345678"), "{\"case\":{},\"to\":[\"FR\"],\"status\":\"ACTUAL\"}", &doc);
    const char *detail = jdoc_get_text(doc, "detail", "");
    assert_non_null(strstr(detail, "case.last_seen.country: is required"));
    assert_non_null(strstr(detail, "; case.contact.phone: is required"));
    assert_null(strstr(detail, "; contact"));
    jdoc_free(doc);
}

static void node_api_queries_are_checked(void **state)
{
    struct room *room = *state;
    refused(room, "GET /v1/cases?limit=0", "", NULL, "422 INVALID limit");
    refused(room, "GET /v1/cases?limit=501", "", NULL, "422 INVALID limit");
    refused(room, "GET /v1/cases?limit=1e2", "", NULL, "422 INVALID limit");
    refused(room, "GET /v1/cases?box=trash", "", NULL, "422 UNKNOWN box");
    refused(room, "GET /v1/cases?cursor=1-2", "", NULL, "422 INVALID cursor");
    refused(room, "GET /v1/cases?cursor=1-2-3x", "", NULL, "422 INVALID cursor");
    refused(room, "GET /v1/events?after=now", "", NULL, "422 INVALID after");
}

/* ---- acts and their keys ---- */

static void node_api_publish_is_answered_after_its_commit(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH, &doc), 201);
    assert_non_null(header_of_answer(room, "\r\nLocation: /v1/cases/be-baken:BE-"));
    assert_null(header_of_answer(room, "Idempotency-Replayed"));
    assert_string_equal(jdoc_get_text(doc, "state", ""), "OPEN");
    assert_int_equal(jdoc_get_int(doc, "accepted_by", -1), 0);
    const struct case_entry *entry = node_cases(room->node)->order[0];
    assert_true(vault_committed(node_vault(room->node)) >= entry->revisions[0]->ticket);
    jdoc_free(doc);
}

static void node_api_same_key_and_request_is_done_once(void **state)
{
    struct room *room = *state;
    struct jdoc *first = NULL, *again = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH, &first), 201);
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH, &again), 201);
    assert_non_null(header_of_answer(room, "\r\nIdempotency-Replayed: true\r\n"));
    assert_non_null(header_of_answer(room, "\r\nLocation: /v1/cases/be-baken:BE-"));
    assert_string_equal(jdoc_get_text(first, "reference", "1"), jdoc_get_text(again, "reference", "2"));
    assert_int_equal(case_count(room), 1);
    refused(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH " ", "422 IDEMPOTENCY -");
    refused(room, "POST /v1/cases", JSON, PUBLISH, "400 MISSING -");
    refused(room, "POST /v1/cases", KEY("short"), PUBLISH, "400 SYNTAX -");
    refused(room, "POST /v1/cases", KEY("no blanks in here"), PUBLISH, "400 SYNTAX -");
    assert_int_equal(case_count(room), 1);
    jdoc_free(first);
    jdoc_free(again);
}

/* Two tries at once: the second one must wait for the first one's commit, and both get the same case. */
static void node_api_same_key_before_the_commit_is_done_once(void **state)
{
    struct room *room = *state;
    struct jdoc *first = NULL, *again = NULL;
    room_say(room, 0, "POST /v1/cases", KEY("once-and-only"), PUBLISH);
    room_say(room, 1, "POST /v1/cases", KEY("once-and-only"), PUBLISH);
    assert_int_equal(room_answer(room, &again), 201);
    room->client = &room->clients[0];
    assert_int_equal(room_answer(room, &first), 201);
    assert_string_equal(jdoc_get_text(first, "reference", "1"), jdoc_get_text(again, "reference", "2"));
    assert_int_equal(case_count(room), 1);
    jdoc_free(first);
    jdoc_free(again);
}

static bool one_waits(void *ctx)
{
    const struct room *room = ctx;
    return node_api_waiting(room->api) == 1;
}

static bool two_wait(void *ctx)
{
    const struct room *room = ctx;
    return node_api_waiting(room->api) == 2;
}

/* The store's thread, held until it is let go. */
static int hold_store(struct db *db, void *job)
{
    (void)db;
    return sem_wait(job) == 0 ? OK : ERR_IO;
}

static void store_was_held(void *ctx, void *job, int result)
{
    (void)ctx;
    (void)job;
    assert_error(result, OK);
}

struct first_bell {
    struct room *room;
    uint64_t ticket, committed;
    size_t waiting;
    int rung;
};

static void note_first_bell(void *ctx)
{
    struct first_bell *bell = ctx;
    bell->rung++;
    bell->committed = vault_committed(node_vault(bell->room->node));
    bell->waiting = node_api_waiting(bell->room->api);
}

/* Two requests in two turns, of which only the first is committed: its bell must not answer the other one. */
static void node_api_bell_of_an_earlier_commit_answers_nobody_else(void **state)
{
    struct room *room = *state;
    struct first_bell bell = {.room = room};
    sem_t go;
    assert_int_equal(sem_init(&go, 0, 0), 0);
    room_settle(room);
    assert_int_equal(store_ask(vault_store(node_vault(room->node)), hold_store, &go, store_was_held, room), OK);
    bell.ticket = vault_ticket(node_vault(room->node));
    room->turns_left = 1;
    room_say(room, 0, "POST /v1/cases", KEY("first-case"), PUBLISH);
    assert_error(loop_run_until(room->loop, one_waits, room, ROOM_DEADLINE_MS), OK);
    node_when(room->node, bell.ticket, note_first_bell, &bell); /* behind the API's own, they ring in their order */
    room_say(room, 1, "POST /v1/cases", KEY("second-case"), PUBLISH);
    assert_error(loop_run_until(room->loop, two_wait, room, ROOM_DEADLINE_MS), OK);
    assert_false(node_api_is_idle(room->api));
    room->turns_left = -1;
    assert_int_equal(sem_post(&go), 0);
    assert_int_equal(room_answer(room, NULL), 201);
    room->client = &room->clients[0];
    assert_int_equal(room_answer(room, NULL), 201);
    assert_int_equal(bell.rung, 1);
    assert_int_equal(bell.committed, bell.ticket);
    assert_int_equal(bell.waiting, 1);
    assert_true(node_api_is_idle(room->api));
    assert_int_equal(case_count(room), 2);
    sem_destroy(&go);
}

static void node_api_key_survives_a_restart_with_what_it_made(void **state)
{
    struct room *room = *state;
    struct jdoc *first = NULL, *again = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH, &first), 201);
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("once-and-only"), PUBLISH, &again), 201);
    assert_non_null(header_of_answer(room, "\r\nIdempotency-Replayed: true\r\n"));
    assert_string_equal(jdoc_get_text(first, "reference", "1"), jdoc_get_text(again, "reference", "2"));
    assert_int_equal(case_count(room), 1);
    jdoc_free(first);
    jdoc_free(again);
}

static void node_api_refused_request_leaves_no_key(void **state)
{
    struct room *room = *state;
    refused(room, "POST /v1/cases", KEY("try-again-1"),
            "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"ACTUAL\"}", "422 MISSING confirm");
    struct jdoc *doc = NULL;
    assert_int_equal(exchange(room, "POST /v1/cases", KEY("try-again-1"), PUBLISH, &doc), 201);
    assert_null(header_of_answer(room, "Idempotency-Replayed"));
    jdoc_free(doc);
}

static void node_api_dry_run_needs_no_key_and_keeps_nothing(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    const char *body = "{\"case\":" ROOM_CASE ",\"status\":\"EXERCISE\",\"to\":[\"FR\"],\"dry_run\":true}";
    assert_int_equal(exchange(room, "POST /v1/cases", JSON, body, &doc), 200);
    assert_true(jdoc_get_bool(doc, "dry_run", false));
    assert_string_equal(jdoc_get_text(doc, "status", ""), "EXERCISE");
    assert_int_equal(jdoc_count(jdoc_get(doc, "recipients")), 1);
    assert_int_equal(case_count(room), 0);
    jdoc_free(doc);
}

static void node_api_update_close_and_retract_make_revisions(void **state)
{
    struct room *room = *state;
    struct case_entry *entry = room_publish(room, false);
    struct jdoc *doc = NULL;
    char head[256];
    assert_int_equal(exchange(room, head_for("POST", entry, "/revisions", head), KEY("update-1"),
                              "{\"case\":" ROOM_CASE ",\"to\":[\"NL\"]}", &doc),
                     201);
    assert_int_equal(jdoc_get_int(doc, "revision", 0), 2);
    assert_int_equal(jdoc_count(jdoc_get(doc, "countries")), 2);
    assert_null(header_of_answer(room, "\r\nLocation:"));
    jdoc_free(doc);
    doc = NULL;
    refused(room, head_for("POST", entry, "/close", head), KEY("close-12"), "{\"outcome\":\"LOST\"}",
            "422 UNKNOWN outcome");
    refused(room, head_for("POST", entry, "/close", head), KEY("close-12"),
            "{\"outcome\":\"SENT_IN_ERROR\",\"reason\":\"x\"}", "422 INVALID outcome");
    assert_int_equal(exchange(room, head_for("POST", entry, "/close", head), KEY("close-12"),
                              "{\"outcome\":\"FOUND_SAFE\",\"found_country\":\"FR\"}", &doc),
                     201);
    assert_string_equal(jdoc_get_text(doc, "state", ""), "CLOSED");
    assert_string_equal(jdoc_get_text(doc, "outcome", ""), "FOUND_SAFE");
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "closing"), "found_country", ""), "FR");
    jdoc_free(doc);
    doc = NULL;
    refused(room, head_for("POST", entry, "/retract", head), KEY("retract-1"), "{\"reason\":\"  \"}",
            "422 MISSING reason");
    assert_int_equal(exchange(room, head_for("POST", entry, "/retract", head), KEY("retract-1"),
                              "{\"reason\":\"sent in error\"}", &doc),
                     201);
    assert_string_equal(jdoc_get_text(doc, "state", ""), "RETRACTED");
    jdoc_free(doc);
}

static void node_api_acknowledging_records_who_or_the_account(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_receive(room, false);
    struct jdoc *doc = NULL;
    char head[256];
    refused(room, head_for("POST", entry, "/acknowledge", head), KEY("acknow-1"), "{\"as\":\" \"}", "422 INVALID as");
    refused(room, head, KEY("acknow-1"), "{\"who\":\"Paola\"}", "422 UNKNOWN who");
    assert_int_equal(exchange(room, head, KEY("acknow-1"), "{\"as\":\"Paola\"}", &doc), 201);
    assert_true(jdoc_get_bool(doc, "acknowledged", false));
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "acknowledgement"), "as", ""), "Paola");
    jdoc_free(doc);
    doc = NULL;
    struct case_entry *drill = room_receive(room, true);
    snprintf(head, sizeof head, "POST /v1/cases/eeeeeeee/acknowledge");
    assert_int_equal(exchange(room, head, KEY("acknow-2"), "{}", &doc), 201);
    assert_true(drill->acknowledged_as[0] != '\0');
    assert_string_not_equal(drill->acknowledged_as, "unknown");
    jdoc_free(doc);
}

static void node_api_reply_comes_back_as_a_thread_entry_and_is_replayed(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_receive(room, false);
    struct jdoc *doc = NULL, *again = NULL;
    char head[256];
    head_for("POST", entry, "/replies", head);
    refused(room, head, KEY("reply-001"), "{\"kind\":\"MESSAGE\"}", "422 MISSING text");
    refused(room, head, KEY("reply-001"), "{\"kind\":\"ANSWER\",\"text\":\"x\"}", "403 STATE -");
    refused(room, head, KEY("reply-001"), "{\"kind\":\"ACTING\",\"sighting\":{\"country\":\"FR\"}}",
            "422 INVALID sighting");
    assert_int_equal(
        exchange(room, head, KEY("reply-001"), "{\"kind\":\"MESSAGE\",\"text\":\"Bari police informed\"}", &doc), 201);
    assert_string_equal(jdoc_get_text(doc, "text", ""), "Bari police informed");
    assert_string_equal(jdoc_get_text(doc, "from", ""), "be-baken");
    assert_string_equal(jdoc_get_text(doc, "state", ""), "QUEUED");
    assert_int_equal(
        exchange(room, head, KEY("reply-001"), "{\"kind\":\"MESSAGE\",\"text\":\"Bari police informed\"}", &again),
        201);
    assert_string_equal(jdoc_get_text(doc, "id", "1"), jdoc_get_text(again, "id", "2"));
    assert_int_equal(entry->thread_count, 1);
    jdoc_free(doc);
    jdoc_free(again);
}

static void node_api_subscriptions_are_replaced_or_edited(void **state)
{
    struct room *room = *state;
    struct jdoc *doc = NULL;
    refused(room, "PUT /v1/subscriptions", JSON, "{\"add\":[\"FR\"]}", "503 AGAIN -"); /* no card yet */
    assert_non_null(header_of_answer(room, "\r\nRetry-After: "));
    room_welcome(room);
    refused(room, "PUT /v1/subscriptions", JSON, "{}", "422 USAGE countries");
    refused(room, "PUT /v1/subscriptions", JSON, "{\"countries\":[],\"add\":[]}", "422 USAGE countries");
    refused(room, "PUT /v1/subscriptions", JSON, "{\"countries\":[\"gr\"]}", "422 UNKNOWN countries[0]");
    assert_int_equal(exchange(room, "PUT /v1/subscriptions", JSON, "{\"countries\":[\"GR\",\"FR\"]}", &doc), 200);
    assert_int_equal(jdoc_count(jdoc_get(doc, "countries")), 2);
    jdoc_free(doc);
    doc = NULL;
    assert_int_equal(
        exchange(room, "PUT /v1/subscriptions", JSON, "{\"add\":[\"PL\"],\"remove\":[\"GR\",\"ES\"]}", &doc), 200);
    assert_int_equal(jdoc_count(jdoc_get(doc, "countries")), 2);
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(doc, "countries"), 1)), "PL");
    jdoc_free(doc);
}

static void node_api_backup_is_written_once(void **state)
{
    struct room *room = *state;
    char body[160], path[96];
    struct jdoc *doc = NULL;
    snprintf(path, sizeof path, "%s/copy.db", room->folder);
    snprintf(body, sizeof body, "{\"path\":\"%s\"}", path);
    refused(room, "POST /v1/backup", JSON, "{\"path\":\"copy.db\"}", "422 INVALID path");
    assert_int_equal(exchange(room, "POST /v1/backup", JSON, body, &doc), 201);
    assert_string_equal(jdoc_get_text(doc, "path", ""), path);
    assert_true(jdoc_get_int(doc, "size_bytes", 0) > 4096);
    jdoc_free(doc);
    refused(room, "POST /v1/backup", JSON, body, "409 EXISTS -");
    assert_int_equal(unlink(path), 0);
}

/* ---- waiting ---- */

static void node_api_wait_answers_when_the_step_is_reached(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_publish(room, false);
    const struct item *item = cases_newest(node_cases(room->node), entry);
    struct jdoc *doc = NULL;
    char head[256];
    room_say(room, 0, head_for("GET", entry, "?wait=accepted&timeout_ms=9000", head), "", NULL);
    assert_error(loop_run_until(room->loop, one_waits, room, ROOM_DEADLINE_MS), OK);
    assert_int_equal(room->client->in.len, 0);
    room_accept(room, item);
    assert_int_equal(room_answer(room, &doc), 200);
    assert_true(jdoc_get_bool(jdoc_get(doc, "wait"), "reached", false));
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "wait"), "for", ""), "accepted");
    jdoc_free(doc);
    doc = NULL;
    assert_int_equal(exchange(room, head_for("GET", entry, "?wait=delivered&timeout_ms=0", head), "", NULL, &doc), 200);
    assert_false(jdoc_get_bool(jdoc_get(doc, "wait"), "reached", true));
    jdoc_free(doc);
    doc = NULL;
    room_receipt(room, item, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_int_equal(exchange(room, head, "", NULL, &doc), 200);
    assert_true(jdoc_get_bool(jdoc_get(doc, "wait"), "reached", false));
    jdoc_free(doc);
}

static void node_api_wait_of_refused_everywhere_is_settled(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    struct case_entry *entry = room_publish(room, false);
    const struct item *item = cases_newest(node_cases(room->node), entry);
    Hotline__Refused no = HOTLINE__REFUSED__INIT;
    struct jdoc *doc = NULL;
    char head[256];
    WIRE_SET_BYTES(&no, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&no, code, HOTLINE__REFUSED_CODE__CODE__NOT_ALLOWED);
    no.reason = (char *)(uintptr_t) "this member opens nothing";
    room_frame(room, WIRE_REFUSED, &no.base);
    assert_int_equal(exchange(room, head_for("GET", entry, "?wait=delivered&timeout_ms=9000", head), "", NULL, &doc),
                     200);
    assert_false(jdoc_get_bool(jdoc_get(doc, "wait"), "reached", true));
    assert_true(jdoc_get_bool(jdoc_get(doc, "wait"), "settled", false));
    const struct jdoc *relay = jdoc_at(jdoc_get(doc, "relays"), 0);
    assert_string_equal(jdoc_get_text(relay, "code", ""), "NOT_ALLOWED");
    assert_string_equal(jdoc_get_text(relay, "detail", ""), "this member opens nothing");
    jdoc_free(doc);
}

static void node_api_wait_for_what_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    room_french_card(room);
    char head[256];
    struct case_entry *own = room_publish(room, false), *theirs = room_receive(room, false);
    refused(room, head_for("GET", theirs, "?wait=accepted", head), "", NULL, "403 STATE -");
    refused(room, head_for("GET", theirs, "?wait=accepted&of=acknowledgement", head), "", NULL, "403 STATE -");
    refused(room, head_for("GET", own, "?wait=seen", head), "", NULL, "422 UNKNOWN wait");
    refused(room, head_for("GET", own, "?wait=accepted&of=abc", head), "", NULL, "422 UNKNOWN of");
    refused(room, head_for("GET", own, "?wait=accepted&timeout_ms=30001", head), "", NULL, "422 INVALID timeout_ms");
}

static bool has_left(void *ctx)
{
    const struct room *room = ctx;
    return node_api_counters(room->api)->gone >= 1;
}

static void node_api_waiting_client_that_leaves_is_forgotten(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    struct case_entry *entry = room_publish(room, false);
    char head[256];
    room_say(room, 0, head_for("GET", entry, "?wait=accepted&timeout_ms=30000", head), "", NULL);
    assert_error(loop_run_until(room->loop, one_waits, room, ROOM_DEADLINE_MS), OK);
    room_hang_up(room->client);
    assert_error(loop_run_until(room->loop, has_left, room, ROOM_DEADLINE_MS), OK);
    assert_int_equal(node_api_waiting(room->api), 0);
    room_accept(room, cases_newest(node_cases(room->node), entry)); /* nobody is told, nothing breaks */
    node_api_changed(room->api);
}

static void node_api_closing_answers_who_still_waits(void **state)
{
    struct room *room = *state;
    room_welcome(room);
    struct case_entry *entry = room_publish(room, false);
    char head[256];
    room_say(room, 0, head_for("GET", entry, "?wait=accepted&timeout_ms=30000", head), "", NULL);
    assert_error(loop_run_until(room->loop, one_waits, room, ROOM_DEADLINE_MS), OK);
    node_api_close(room->api);
    room->api = NULL;
    assert_int_equal(room_answer(room, NULL), 503);
}

/* ---- the list ---- */

static void publish_many(struct room *room, size_t count)
{
    for (size_t i = 0; i < count; i++)
        room_publish(room, i % 2 == 1);
}

/* One page; its references are appended to out, each with a blank. Gives the cursor of the next, or false. */
static bool read_page(struct room *room, const char *query, char cursor[96], struct buf *out)
{
    char head[256];
    struct jdoc *doc = NULL;
    snprintf(head, sizeof head, "GET /v1/cases?box=sent&limit=2%s%s%s", query, cursor[0] != '\0' ? "&cursor=" : "",
             cursor);
    assert_int_equal(exchange(room, head, "", NULL, &doc), 200);
    for (size_t i = 0; i < jdoc_count(jdoc_get(doc, "items")); i++)
        buf_printf(out, "%s ",
                   jdoc_get_text(jdoc_at(jdoc_get(doc, "items"), i), "reference", "?") + strlen("BE-2026-0000"));
    snprintf(cursor, 96, "%s", jdoc_get_text(doc, "next_cursor", ""));
    jdoc_free(doc);
    return cursor[0] != '\0';
}

static void node_api_pages_show_each_case_once_newest_change_first(void **state)
{
    struct room *room = *state;
    char cursor[96] = "";
    struct buf seen;
    buf_init(&seen);
    publish_many(room, 5);
    for (int page = 0; read_page(room, "", cursor, &seen); page++)
        assert_true(page < 5);
    assert_string_equal(buf_text(&seen), "5 4 3 2 1 ");
    buf_clear(&seen);
    cursor[0] = '\0';
    while (read_page(room, "&status=EXERCISE&state=OPEN", cursor, &seen))
        ;
    assert_string_equal(buf_text(&seen), "4 2 ");
    buf_free(&seen);
}

static void node_api_pages_lose_no_case_that_changes_meanwhile(void **state)
{
    struct room *room = *state;
    char cursor[96] = "", head[256];
    struct buf seen;
    struct jdoc *doc = NULL;
    buf_init(&seen);
    publish_many(room, 5);
    assert_true(read_page(room, "", cursor, &seen));
    const struct case_entry *oldest = node_cases(room->node)->order[0];
    assert_int_equal(
        exchange(room, head_for("POST", oldest, "/close", head), KEY("close-it"), "{\"outcome\":\"FOUND_SAFE\"}", &doc),
        201);
    jdoc_free(doc);
    for (int page = 0; read_page(room, "", cursor, &seen); page++)
        assert_true(page < 5);
    assert_string_equal(buf_text(&seen), "5 4 3 2 1 ");
    buf_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(node_api_unknown_address_or_method_is_a_problem),
        ROOM_API_TEST(node_api_case_that_is_not_here_is_not_found),
        ROOM_API_TEST(node_api_ambiguous_name_lists_the_candidates),
        ROOM_API_TEST(node_api_bad_body_is_refused_by_its_path),
        ROOM_API_TEST(node_api_missing_fields_are_all_named_from_the_body_root),
        ROOM_API_TEST(node_api_queries_are_checked),
        ROOM_API_TEST(node_api_publish_is_answered_after_its_commit),
        ROOM_API_TEST(node_api_same_key_and_request_is_done_once),
        ROOM_API_TEST(node_api_same_key_before_the_commit_is_done_once),
        ROOM_API_TEST(node_api_bell_of_an_earlier_commit_answers_nobody_else),
        ROOM_API_TEST(node_api_key_survives_a_restart_with_what_it_made),
        ROOM_API_TEST(node_api_refused_request_leaves_no_key),
        ROOM_API_TEST(node_api_dry_run_needs_no_key_and_keeps_nothing),
        ROOM_API_TEST(node_api_update_close_and_retract_make_revisions),
        ROOM_API_TEST(node_api_acknowledging_records_who_or_the_account),
        ROOM_API_TEST(node_api_reply_comes_back_as_a_thread_entry_and_is_replayed),
        ROOM_API_TEST(node_api_subscriptions_are_replaced_or_edited),
        ROOM_API_TEST(node_api_backup_is_written_once),
        ROOM_API_TEST(node_api_wait_answers_when_the_step_is_reached),
        ROOM_API_TEST(node_api_wait_of_refused_everywhere_is_settled),
        ROOM_API_TEST(node_api_wait_for_what_cannot_be_is_refused),
        ROOM_API_TEST(node_api_waiting_client_that_leaves_is_forgotten),
        ROOM_API_TEST(node_api_closing_answers_who_still_waits),
        ROOM_API_TEST(node_api_pages_show_each_case_once_newest_change_first),
        ROOM_API_TEST(node_api_pages_lose_no_case_that_changes_meanwhile),
    };
    return cmocka_run_group_tests_name("node_api", tests, NULL, NULL);
}
