/* notes: handover notes over the real socket: kept, listed, ended with nothing left. */
#include "node/notes.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"

static int exchange(struct room *room, const char *head, const char *headers, const char *body, struct jdoc **ret_doc)
{
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

static void refused(struct room *room, const char *head, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    int status = exchange(room, head, JSON, body, &doc);
    snprintf(got, sizeof got, "%d %s %s", status, jdoc_get_text(doc, "code", "?"), jdoc_get_text(doc, "path", "-"));
    jdoc_free(doc);
    assert_string_equal(got, wanted);
}

/* The new note's id. */
static void leave(struct room *room, const char *body, const char *headers, char id[40])
{
    struct jdoc *doc = NULL;
    int status = exchange(room, "POST /v1/notes", headers, body, &doc);
    if (status != 201)
        fail_msg("%d: %s", status, jdoc_get_text(doc, "detail", "?"));
    snprintf(id, 40, "%s", jdoc_get_text(doc, "id", "?"));
    jdoc_free(doc);
}

static size_t count_of(const struct room *room)
{
    return node_notes(room->node)->count;
}

static void restart(struct room *room)
{
    node_api_close(room->api);
    room->api = NULL;
    room_close_node(room);
    room_open_node(room);
    room_open_api(room);
}

static void notes_come_newest_first_and_survive_a_restart(void **state)
{
    struct room *room = *state;
    struct jdoc *page = NULL;
    char first[40], second[40];
    leave(room, "{\"text\":\"Bari calls back at 6.\\nAsk for the duty desk.\"}", JSON, first);
    leave(room, "{\"text\":\"Ring the coast guard \\u00e0 midi.\"}", JSON, second);
    restart(room);
    assert_int_equal(exchange(room, "GET /v1/notes", "", NULL, &page), 200);
    const struct jdoc *items = jdoc_get(page, "items"), *old = jdoc_at(items, 1);
    assert_int_equal(jdoc_count(items), 2);
    assert_string_equal(jdoc_get_text(jdoc_at(items, 0), "id", "?"), second);
    assert_string_equal(jdoc_get_text(old, "id", "?"), first);
    assert_string_equal(jdoc_get_text(old, "text", "?"), "Bari calls back at 6.\nAsk for the duty desk.");
    assert_true(strlen(jdoc_get_text(old, "by", "")) > 0);
    assert_true(strcmp(jdoc_get_text(old, "erased_at", ""), jdoc_get_text(old, "at", "")) > 0);
    jdoc_free(page);
}

static void notes_of_a_wrong_form_are_refused(void **state)
{
    struct room *room = *state;
    static char body[LIMIT_NOTE_CHARS + 32], id[40];
    refused(room, "POST /v1/notes", "{}", "422 MISSING text");
    refused(room, "POST /v1/notes", "{\"text\":\" \\n \"}", "422 MISSING text");
    refused(room, "POST /v1/notes", "{\"text\":\"a\\u0007b\"}", "422 INVALID text");
    refused(room, "POST /v1/notes", "{\"text\":\"a\\u202eb\"}", "422 INVALID text");
    refused(room, "POST /v1/notes", "{\"text\":\"a\",\"by\":\"anna\"}", "422 UNKNOWN by");
    snprintf(body, sizeof body, "{\"text\":\"%0*d\"}", LIMIT_NOTE_CHARS + 1, 7);
    refused(room, "POST /v1/notes", body, "422 LIMIT text");
    snprintf(body, sizeof body, "{\"text\":\"%0*d\"}", LIMIT_NOTE_CHARS, 7);
    leave(room, body, JSON, id);
    assert_int_equal(count_of(room), 1);
}

static void notes_same_key_leaves_one(void **state)
{
    struct room *room = *state;
    char first[40], again[40];
    leave(room, "{\"text\":\"once\"}", JSON "Idempotency-Key: leave-it-once\r\n", first);
    leave(room, "{\"text\":\"once\"}", JSON "Idempotency-Key: leave-it-once\r\n", again);
    assert_string_equal(first, again);
    assert_int_equal(count_of(room), 1);
}

static void notes_too_many_are_refused(void **state)
{
    struct room *room = *state;
    struct note wish = {.at_us = room->now_us, .by = "ineke"}, *made = NULL;
    struct err_note note = {""};
    buf_init(&wish.text);
    buf_add_text(&wish.text, "again");
    for (int i = 0; i < LIMIT_NOTES; i++)
        assert_int_equal(node_note_new(room->node, &wish, &note, &made), OK);
    assert_int_equal(node_note_new(room->node, &wish, &note, &made), ERR_LIMIT);
    buf_free(&wish.text);
    room_settle(room);
    refused(room, "POST /v1/notes", "{\"text\":\"one more\"}", "422 LIMIT -");
}

static void notes_that_are_deleted_are_gone_after_a_restart(void **state)
{
    struct room *room = *state;
    char id[40], other[40], head[80];
    leave(room, "{\"text\":\"done by now\"}", JSON, id);
    leave(room, "{\"text\":\"still to do\"}", JSON, other);
    refused(room, "DELETE /v1/notes/abc", NULL, "404 NOT_FOUND -");
    refused(room, "DELETE /v1/notes/0123456789ab", NULL, "404 NOT_FOUND -");
    snprintf(head, sizeof head, "DELETE /v1/notes/%.8s", id);
    assert_int_equal(exchange(room, head, "", NULL, NULL), 204);
    refused(room, head, NULL, "404 NOT_FOUND -");
    restart(room);
    assert_int_equal(count_of(room), 1);
    assert_string_equal(buf_text(&node_notes(room->node)->list[0]->text), "still to do");
}

static void notes_end_after_their_time(void **state)
{
    struct room *room = *state;
    char id[40];
    leave(room, "{\"text\":\"for tonight\"}", JSON, id);
    int64_t wall_us = clock_wall_us(), steady_us = clock_steady_us(), life_us = LIMIT_NOTES_LIFE_US;
    node_tick(room->node, wall_us, steady_us);
    node_tick(room->node, wall_us + life_us - CLOCK_MINUTE_US, steady_us + life_us - CLOCK_MINUTE_US);
    assert_int_equal(count_of(room), 1);
    node_tick(room->node, wall_us + life_us + CLOCK_MINUTE_US, steady_us + life_us + CLOCK_MINUTE_US);
    assert_int_equal(count_of(room), 0);
    restart(room);
    assert_int_equal(count_of(room), 0);
}

static void notes_are_told_to_who_listens_without_their_text(void **state)
{
    struct room *room = *state;
    char id[40];
    size_t told = 0;
    leave(room, "{\"text\":\"Aurelia-canary\"}", JSON, id);
    room_settle(room);
    const struct journal_row *row = journal_after(node_journal(room->node), 0);
    for (; row != NULL; row = journal_after(node_journal(room->node), row->id)) {
        told += strstr(row->text, "event: notes.changed\n") != NULL;
        assert_null(strstr(row->text, "Aurelia"));
    }
    assert_int_equal(told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(notes_come_newest_first_and_survive_a_restart),
        ROOM_API_TEST(notes_of_a_wrong_form_are_refused),
        ROOM_API_TEST(notes_same_key_leaves_one),
        ROOM_API_TEST(notes_too_many_are_refused),
        ROOM_API_TEST(notes_that_are_deleted_are_gone_after_a_restart),
        ROOM_API_TEST(notes_end_after_their_time),
        ROOM_API_TEST(notes_are_told_to_who_listens_without_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
