/* node_api: what is refused, by status, code and the field that is wrong; and nothing is made of any of it. */
#include "node/accounts.h"
#include "node/hooks.h"
#include "node_room.h"

#define JSON "Content-Type: application/json\r\n"
#define KEY(text) JSON "Idempotency-Key: " text "\r\n"

/* The request is refused with this status, code and path. */
static void refused(struct room *room, const char *head, const char *body, const char *wanted)
{
    char got[160];
    struct jdoc *doc = NULL;
    room_say(room, 0, head, KEY("refused-all-of-them"), body);
    int status = room_answer(room, &doc);
    snprintf(got, sizeof got, "%d %s %s", status, jdoc_get_text(doc, "code", "?"), jdoc_get_text(doc, "path", "-"));
    if (strcmp(got, wanted) != 0)
        fail_msg("%s %s: %s instead of %s: %s", head, body != NULL ? body : "", got, wanted,
                 jdoc_get_text(doc, "detail", ""));
    jdoc_free(doc);
}

static int made(struct room *room, const char *head, const char *key, const char *body, struct jdoc **ret_doc)
{
    char headers[120];
    snprintf(headers, sizeof headers, JSON "Idempotency-Key: %s\r\n", key);
    room_say(room, 0, head, headers, body);
    return room_answer(room, ret_doc);
}

/* A body whose text has so many letters. */
static const char *long_body(const char *before, size_t letters, const char *after, char *room, size_t size)
{
    size_t used = (size_t)snprintf(room, size, "%s", before);
    assert_true(used + letters + strlen(after) < size);
    memset(room + used, 'a', letters);
    snprintf(room + used + letters, size - used - letters, "%s", after);
    return room;
}

static void refusals_of_tokens_make_none(void **state)
{
    struct room *room = *state;
    const char *to = "POST /v1/tokens";
    refused(room, to, "{\"name\":\"programs\",\"scopes\":[\"read\",\"write\"]}", "422 UNKNOWN scopes[1]");
    refused(room, to, "{\"name\":\"programs\",\"scopes\":[7]}", "422 UNKNOWN scopes[0]");
    refused(room, to, "{\"name\":\"programs\",\"scopes\":[]}", "422 MISSING scopes");
    refused(room, to, "{\"name\":\"programs\",\"scopes\":[\"read\"],\"days\":0}", "422 INVALID days");
    refused(room, to, "{\"name\":\"programs\",\"scopes\":[\"read\"],\"days\":100000}", "422 INVALID days");
    refused(room, to, "{\"name\":\"7 programs\",\"scopes\":[\"read\"]}", "422 INVALID name");
    refused(room, to, "{\"scopes\":[\"read\"]}", "422 MISSING name");
    refused(room, "DELETE /v1/tokens/programs", NULL, "404 NOT_FOUND -");
    assert_int_equal(node_accounts(room->node)->token_count, 0);
}

static void refusals_of_sessions_over_the_socket_say_whose_word_counts(void **state)
{
    struct room *room = *state;
    refused(room, "POST /v1/session", "{\"user\":\"ana\",\"password\":\"a horse and a battery\"}", "403 STATE -");
    refused(room, "PUT /v1/session/password", "{\"password\":\"a\",\"new\":\"a horse and a battery\"}", "403 STATE -");
    refused(room, "DELETE /v1/session", NULL, "403 STATE -");
}

static void refusals_of_consoles_arm_none(void **state)
{
    struct room *room = *state;
    const char *to = "POST /v1/console/arm";
    refused(room, to, "{\"console\":\"00\",\"languages\":[]}", "422 INVALID console");
    refused(room, to, "{\"console\":\"zz112233445566778899aabbccddeeff\",\"languages\":[]}", "422 INVALID console");
    refused(room, to, "{\"console\":\"00112233445566778899aabbccddeeff\",\"languages\":[\"a language\"]}",
            "422 INVALID languages[0]");
    refused(room, to,
            "{\"console\":\"00112233445566778899aabbccddeeff\",\"languages\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\","
            "\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\"]}",
            "422 LIMIT languages");
    refused(room, "POST /v1/console/alive", "{\"console\":\"00112233445566778899aabbccddeeff\"}", "404 NOT_FOUND -");
    refused(room, "POST /v1/console/disarm", "{\"console\":\"00112233445566778899aabbccddeeff\"}", "404 NOT_FOUND -");
}

static void refusals_of_webhooks_add_none(void **state)
{
    struct room *room = *state;
    char body[3000];
    refused(room, "POST /v1/webhooks",
            long_body("{\"url\":\"https://alarm.example/", LIMIT_HOOK_URL_BYTES, "\"}", body, sizeof body),
            "422 LIMIT url");
    refused(room, "GET /v1/webhooks/00ff", NULL, "404 NOT_FOUND -");
    refused(room, "POST /v1/deliveries/00ff/replay", NULL, "404 NOT_FOUND -");
    assert_int_equal(node_hooks(room->node)->count, 0);
}

static void refusals_about_a_case_leave_it_as_it_was(void **state)
{
    struct room *room = *state;
    char head[160], body[6000];
    room_welcome(room);
    room_french_card(room);
    struct case_entry *entry = room_receive(room, false);
    const char *id = "FR-2026-00007";
    snprintf(head, sizeof head, "POST /v1/cases/%s/acknowledge", id);
    refused(room, head, long_body("{\"as\":\"", LIMIT_NAME_BYTES + 1, "\"}", body, sizeof body), "422 LIMIT as");
    refused(room, head, "{\"as\":\"  \"}", "422 INVALID as");
    refused(room, head, "{\"as\":\"A\\u0007na\"}", "422 INVALID as");
    snprintf(head, sizeof head, "POST /v1/cases/%s/replies", id);
    refused(room, head, "{\"kind\":\"MESSAGE\",\"text\":\"x\",\"in_reply_to\":\"0123456789abcdef0123456789abcdef\"}",
            "422 INVALID in_reply_to");
    refused(room, head, "{\"kind\":\"MESSAGE\",\"text\":\"x\",\"sighting\":{\"country\":\"FR\"}}",
            "422 INVALID sighting");
    snprintf(head, sizeof head, "POST /v1/cases/%s/decline", id);
    refused(room, head, "{\"code\":\"TIRED\"}", "422 UNKNOWN code");
    snprintf(head, sizeof head, "GET /v1/cases/%s?wait=accepted", id);
    refused(room, head, NULL, "403 STATE -");
    snprintf(head, sizeof head, "GET /v1/cases/%s?wait=accepted&of=acknowledgement", id);
    refused(room, head, NULL, "403 STATE -");
    snprintf(head, sizeof head, "GET /v1/cases/%s?wait=delivered&of=acknowledgement", id);
    refused(room, head, NULL, "422 INVALID wait");
    snprintf(head, sizeof head, "GET /v1/cases/%s?wait=delivered&of=somebody", id);
    refused(room, head, NULL, "422 UNKNOWN of");
    assert_int_equal(entry->acknowledged_at_us, 0);
    assert_int_equal(entry->thread_count, 0);
}

static void refusals_of_drafts_and_drills_keep_none(void **state)
{
    struct room *room = *state;
    char drafts[2][40], body[900], soon[CLOCK_TEXT_MAX], late[CLOCK_TEXT_MAX];
    struct jdoc *doc = NULL;
    refused(room, "POST /v1/drafts", "{\"case\":{},\"status\":\"EXERCISE\",\"drill\":\"spring 2026\"}",
            "422 INVALID drill");
    refused(room, "GET /v1/drafts/00ff", NULL, "404 NOT_FOUND -");
    refused(room, "DELETE /v1/drills/00ff", NULL, "404 NOT_FOUND -");
    for (int exercise = 0; exercise < 2; exercise++) {
        snprintf(body, sizeof body, "{\"case\":" ROOM_CASE ",\"to\":[\"FR\"],\"status\":\"%s\"%s}",
                 exercise ? "EXERCISE" : "ACTUAL", exercise ? ",\"drill\":\"SPRING-2026\"" : "");
        doc = NULL;
        assert_int_equal(made(room, "POST /v1/drafts", exercise ? "draft-two" : "draft-one", body, &doc), 201);
        snprintf(drafts[exercise], sizeof drafts[0], "%s", jdoc_get_text(doc, "id", ""));
        jdoc_free(doc);
    }
    clock_format(room->now_us + CLOCK_DAY_US, soon);
    clock_format(room->now_us + 40 * CLOCK_DAY_US, late);
    const struct {
        int exercise;
        const char *at, *confirm, *wanted;
    } wishes[] = {{1, "tomorrow", "Lotte", "422 INVALID at"},
                  {1, "2020-01-01T00:00:00Z", "Lotte", "422 INVALID at"},
                  {1, late, "Lotte", "422 LIMIT at"},
                  {0, soon, "Lotte", "422 INVALID draft"},
                  {1, soon, "Lena", "422 INVALID confirm"}};
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        snprintf(body, sizeof body, "{\"draft\":\"%s\",\"at\":\"%s\",\"confirm\":\"%s\"}", drafts[wishes[i].exercise],
                 wishes[i].at, wishes[i].confirm);
        refused(room, "POST /v1/drills", body, wishes[i].wanted);
    }
    doc = NULL;
    room_say(room, 0, "GET /v1/drills", "", NULL);
    assert_int_equal(room_answer(room, &doc), 200);
    assert_int_equal(jdoc_count(jdoc_get(doc, "items")), 0);
    jdoc_free(doc);
}

static void refusals_of_a_backup_write_nothing(void **state)
{
    struct room *room = *state;
    char body[6000];
    refused(room, "POST /v1/backup", "{\"path\":\"here.db\"}", "422 INVALID path");
    refused(room, "POST /v1/backup", long_body("{\"path\":\"/", 4096, "\"}", body, sizeof body), "422 LIMIT path");
    refused(room, "POST /v1/backup", "{}", "422 MISSING path");
}

#define ROOM_API_TEST(name) cmocka_unit_test_setup_teardown(name, room_setup_api, room_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(refusals_of_tokens_make_none),
        ROOM_API_TEST(refusals_of_sessions_over_the_socket_say_whose_word_counts),
        ROOM_API_TEST(refusals_of_consoles_arm_none),
        ROOM_API_TEST(refusals_of_webhooks_add_none),
        ROOM_API_TEST(refusals_about_a_case_leave_it_as_it_was),
        ROOM_API_TEST(refusals_of_drafts_and_drills_keep_none),
        ROOM_API_TEST(refusals_of_a_backup_write_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
