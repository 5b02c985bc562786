/* node_events: streams over the API's real socket. What they tell is test_journal.c's. */
#include "node/node_api_inner.h"
#include "node/node_inner.h"
#include "node_room.h"

/* Things that happened, each in a turn with the others; MEMBERS_CHANGED would count once. */
static void tell(struct room *room, size_t times)
{
    const struct node_event event = {.type = NODE_ROSTER_CHANGED, .at_us = room->now_us};
    for (size_t i = 0; i < times; i++)
        node_hold_event(room->node, vault_ticket(node_vault(room->node)), &event);
    room_settle(room);
}

static uint64_t last_id(struct room *room)
{
    uint64_t id = 0;
    assert_int_equal(node_events_read_id(room->events, NULL, &id), OK);
    return id;
}

static size_t count_words(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

static void node_events_id_that_is_no_number_is_refused(void **state)
{
    struct room *room = *state;
    uint64_t id = 7;
    static const char *const bad[] = {"", "x", "-1", " 1", "1.5", "123456789012345678901"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(node_events_read_id(room->events, bad[i], &id), ERR_SYNTAX);
    assert_int_equal(id, 7);
    assert_int_equal(node_events_read_id(room->events, "42", &id), OK);
    assert_int_equal(id, 42);
}

static void node_events_stream_of_an_unknown_number_begins_with_a_gap(void **state)
{
    struct room *room = *state;
    char header[64];
    tell(room, 2);
    snprintf(header, sizeof header, "Last-Event-ID: %llu\r\n", (unsigned long long)(last_id(room) + 1));
    room_say(room, 0, "GET /v1/events", header, NULL);
    room_wait(room, "event: gap\n");
    tell(room, 1);
    room_wait(room, "event: roster.changed\n");
    assert_int_equal(node_events_counters(room->events)->gaps, 1);
}

static void node_events_long_backlog_comes_whole(void **state)
{
    struct room *room = *state;
    char wanted[64];
    tell(room, 3000); /* far more than may wait for one reader at a time */
    snprintf(wanted, sizeof wanted, "id: %llu\n", (unsigned long long)last_id(room));
    room_say(room, 0, "GET /v1/events?after=0", "", NULL);
    room_wait(room, wanted);
    assert_true(room->client->in.len > 300000);
    assert_int_equal(count_words(buf_text(&room->client->in), "event: roster.changed\n"), 3000);
    assert_null(strstr(buf_text(&room->client->in), "event: gap"));
}

static void node_events_stream_gets_what_happens_and_a_heartbeat(void **state)
{
    struct room *room = *state;
    room_say(room, 0, "GET /v1/events", "", NULL);
    room_wait(room, ": hotline-node events\n\n");
    assert_non_null(strstr(buf_text(&room->client->in), "Content-Type: text/event-stream\r\n"));
    assert_null(strstr(buf_text(&room->client->in), "event: roster.changed"));
    tell(room, 1);
    room_wait(room, "event: roster.changed\ndata: {\"id\":");
    room_wait(room, "event: heartbeat\ndata: {\"type\":\"heartbeat\",\"at\":\"");
    assert_int_equal(node_events_counters(room->events)->streams, 1);
}

static void node_events_stream_resumes_after_the_last_number(void **state)
{
    struct room *room = *state;
    char header[64], wanted[64];
    tell(room, 3);
    uint64_t last = last_id(room);
    snprintf(header, sizeof header, "Last-Event-ID: %llu\r\n", (unsigned long long)(last - 1));
    snprintf(wanted, sizeof wanted, "id: %llu\n", (unsigned long long)last);
    room_say(room, 0, "GET /v1/events?after=0", header, NULL); /* the header goes first */
    room_wait(room, wanted);
    assert_int_equal(count_words(buf_text(&room->client->in), "event: roster.changed\n"), 1);
    assert_null(strstr(buf_text(&room->client->in), "event: gap"));
}

static bool no_stream(void *ctx)
{
    const struct room *room = ctx;
    return node_events_counters(room->events)->streams == 0;
}

static void node_events_reader_that_leaves_is_forgotten(void **state)
{
    struct room *room = *state;
    room_say(room, 0, "GET /v1/events", "", NULL);
    room_wait(room, "events\n\n");
    room_say(room, 1, "GET /v1/events", "", NULL);
    room_wait(room, "events\n\n");
    room_hang_up(&room->clients[0]);
    room_hang_up(&room->clients[1]);
    assert_error(loop_run_until(room->loop, no_stream, room, ROOM_DEADLINE_MS), OK);
    tell(room, 1);
}

static bool as_said(void *ctx, const struct node_events_guest *guest)
{
    (void)guest;
    return *(const bool *)ctx;
}

static void node_events_stream_ends_with_the_right_to_read_it(void **state)
{
    struct room *room = *state;
    bool may = true;
    node_events_guard(room->events, as_said, &may);
    room_say(room, 0, "GET /v1/events", "", NULL);
    room_wait(room, "events\n\n");
    node_events_review(room->events);
    tell(room, 1);
    room_wait(room, "event: roster.changed");
    may = false;
    tell(room, 2);
    room_wait(room, NULL);
    assert_int_equal(count_words(buf_text(&room->client->in), "event: roster.changed\n"), 1);
    assert_int_equal(node_events_counters(room->events)->streams, 0);
    assert_int_equal(node_events_counters(room->events)->withdrawn, 1);
}

static void node_events_guest_is_admitted_as_long_as_his_session(void **state)
{
    struct room *room = *state;
    struct vault *vault = node_vault(room->node);
    struct accounts *accounts = node_accounts(room->node);
    struct sessions *sessions = node_sessions(room->node);
    static const uint8_t secret[SESSIONS_SECRET_BYTES] = {7};
    struct user anna = {.name = "anna", .role = CALLER_OPERATOR, .created_us = room->now_us};
    char cookie[SESSIONS_TEXT_MAX];
    buf_hex(slice_of(secret, sizeof secret), cookie);
    assert_int_equal(accounts_add_user(accounts, vault, &anna, NULL), OK);
    assert_true(sessions_begin(sessions, vault, "anna", secret, clock_wall_us()) > 0);
    struct sessions_row *session = sessions_use(sessions, vault, cookie, clock_wall_us());
    struct node_events_guest guest = {.caller = {.kind = CALLER_USER, .role = CALLER_OPERATOR}};
    guest.session = session->hash;
    assert_true(node_api_admits(room->api, &guest));
    session->used_us -= LIMIT_SESSION_IDLE_US + CLOCK_MINUTE_US; /* idle for twelve hours */
    assert_false(node_api_admits(room->api, &guest));
    session->used_us = clock_wall_us();
    assert_true(node_api_admits(room->api, &guest));
    session->begun_us -= LIMIT_SESSION_LIFE_US + CLOCK_MINUTE_US;
    assert_false(node_api_admits(room->api, &guest));
    session->begun_us = session->used_us;
    accounts_user(accounts, "anna")->role = CALLER_READ_ONLY;
    assert_false(node_api_admits(room->api, &guest));
    room_settle(room);
}

static void node_events_guest_is_admitted_as_long_as_his_token(void **state)
{
    struct room *room = *state;
    struct token wanted = {.name = "reader", .scopes = CALLER_SCOPE_READ}, *token = NULL;
    char text[ACCOUNTS_TOKEN_MAX];
    wanted.expires_us = clock_wall_us() + CLOCK_HOUR_US;
    assert_int_equal(accounts_add_token(node_accounts(room->node), node_vault(room->node), &wanted, NULL, text, &token),
                     OK);
    struct node_events_guest guest = {.caller = {.kind = CALLER_TOKEN, .scopes = CALLER_SCOPE_READ}};
    memcpy(guest.token, token->id, sizeof guest.token);
    assert_true(node_api_admits(room->api, &guest));
    token->expires_us = clock_wall_us() - 1;
    assert_false(node_api_admits(room->api, &guest));
    accounts_remove_token(node_accounts(room->node), node_vault(room->node), token);
    assert_false(node_api_admits(room->api, &guest));
    guest.caller.kind = CALLER_UNKNOWN;
    assert_false(node_api_admits(room->api, &guest));
    room_settle(room);
}

static void node_events_end_of_the_node_ends_the_streams(void **state)
{
    struct room *room = *state;
    room_say(room, 0, "GET /v1/events", "", NULL);
    room_wait(room, "events\n\n");
    node_api_close(room->api);
    room->api = NULL;
    room_wait(room, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(node_events_id_that_is_no_number_is_refused),
        ROOM_API_TEST(node_events_stream_of_an_unknown_number_begins_with_a_gap),
        ROOM_API_TEST(node_events_long_backlog_comes_whole),
        ROOM_API_TEST(node_events_stream_gets_what_happens_and_a_heartbeat),
        ROOM_API_TEST(node_events_stream_resumes_after_the_last_number),
        ROOM_API_TEST(node_events_reader_that_leaves_is_forgotten),
        ROOM_API_TEST(node_events_stream_ends_with_the_right_to_read_it),
        ROOM_API_TEST(node_events_guest_is_admitted_as_long_as_his_session),
        ROOM_API_TEST(node_events_guest_is_admitted_as_long_as_his_token),
        ROOM_API_TEST(node_events_end_of_the_node_ends_the_streams),
    };
    return cmocka_run_group_tests_name("node_events", tests, NULL, NULL);
}
