/* node_console: what machines read of a real core, over a real TCP listener. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "node/accounts.h"
#include "node/node_console.h"
#include "node_room.h"

static void node_console_says_why_it_is_not_ready_until_a_relay_welcomes(void **state)
{
    struct room *room = *state;
    struct buf text;
    buf_init(&text);
    node_console_unready(room->node, room->now_us, &text);
    assert_string_equal(buf_text(&text), "relay relay-noord: CONNECTING\n");
    buf_clear(&text);
    room_welcome(room);
    node_console_unready(room->node, room->now_us, &text);
    assert_string_equal(buf_text(&text), "");
    node_console_unready(room->node, room->now_us + 31 * CLOCK_DAY_US, &text); /* expired, and still in its grace */
    assert_string_equal(buf_text(&text), "");
    node_console_unready(room->node, room->now_us + 61 * CLOCK_DAY_US, &text);
    assert_string_equal(buf_text(&text), "the roster has expired, and its grace is over\n");
    buf_free(&text);
}

static void node_console_metrics_count_and_name_nobody(void **state)
{
    struct room *room = *state;
    const struct node_console_sources sources = {.node = room->node, .events = room->events, .api = room->api};
    struct buf text;
    buf_init(&text);
    room_welcome(room);
    room_french_card(room);
    room_receive(room, false);
    room_publish(room, false);
    node_console_metrics(&sources, room->now_us, &text);
    static const char *const lines[] = {
        "# TYPE hotline_node_received_total counter\nhotline_node_received_total 1\n",
        "\nhotline_node_inbox_unacknowledged 1\n",
        "\nhotline_node_sent_open 1\n",
        "\nhotline_node_outbox 1\n",
        "\nhotline_node_relay_connected{relay=\"relay-noord\"} 1\n",
        "\nhotline_node_events_total ",
        "\nhotline_http_requests_total{listener=\"socket\"} 0\n",
        "\nhotline_node_api_waiting 0\n",
        "\nhotline_node_sessions 0\n",
        "\nhotline_node_dispatch_waiting 0\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strstr(buf_text(&text), lines[i]) == NULL)
            fail_msg("%s is not in:\n%s", lines[i], buf_text(&text));
    static const char *const secrets[] = {"Lotte", "fr-phare", "FR-2026", "BE-2026", "+32"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_null(strstr(buf_text(&text), secrets[i]));
    buf_free(&text);
}

static void ask(struct room *room, uint16_t port, const char *request, const char *wanted)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    room_hang_up(room->client);
    *room->client = (struct room_client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(connect(room->client->fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(room->client->fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    room_wait(room, NULL);
    if (strstr(buf_text(&room->client->in), wanted) == NULL)
        fail_msg("%s got %s", request, buf_text(&room->client->in));
}

#define WITH(line, headers) line " HTTP/1.1\r\nConnection: close\r\n" headers "\r\n"
#define REQUEST(line) WITH(line, "Host: localhost\r\n")
#define LOGIN "Content-Type: application/json\r\nContent-Length: "

static struct node_console *open_console(struct room *room)
{
    const struct node_console_sources sources = {.node = room->node, .events = room->events, .api = room->api};
    const struct node_console_conf conf = {.names = {.address = "127.0.0.1:0"}};
    struct node_console *console = NULL;
    assert_int_equal(node_console_open(room->loop, &conf, &sources, NULL, &console), OK);
    return console;
}

static void node_console_serves_its_pages_and_nothing_else(void **state)
{
    struct room *room = *state;
    struct node_console *console = open_console(room);
    uint16_t port = node_console_port(console);
    ask(room, port, WITH("GET /healthz", "Host: x\r\n"), "HTTP/1.1 200 OK");
    ask(room, port, REQUEST("GET /healthz"), "HTTP/1.1 200 OK");
    ask(room, port, REQUEST("GET /readyz"), "HTTP/1.1 503");
    ask(room, port, REQUEST("GET /readyz"), "relay relay-noord: CONNECTING\n");
    ask(room, port, REQUEST("GET /metrics"), "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    ask(room, port, REQUEST("GET /"), "<!doctype html>");
    ask(room, port, REQUEST("GET /v2/status"), "HTTP/1.1 404");
    ask(room, port, REQUEST("GET /../etc/passwd"), "HTTP/1.1 404");
    ask(room, port, REQUEST("POST /healthz"), "HTTP/1.1 405");
    ask(room, port, WITH("GET /", "Host: foreign.example\r\n"), "HTTP/1.1 403");
    node_console_close(console);
}

static void node_console_files_are_compressed_and_known_again(void **state)
{
    struct room *room = *state;
    struct node_console *console = open_console(room);
    uint16_t port = node_console_port(console);
    ask(room, port, REQUEST("GET /index.html"), "Content-Security-Policy: default-src 'none'; script-src 'self';");
    ask(room, port, WITH("GET /", "Host: localhost\r\nAccept-Encoding: br, gzip\r\n"), "Content-Encoding: gzip\r\n");
    const char *etag = strstr(buf_text(&room->client->in), "ETag: ");
    assert_non_null(etag);
    char request[300];
    snprintf(request, sizeof request,
             "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-None-Match: %.34s\r\n\r\n", etag + 6);
    ask(room, port, request, "HTTP/1.1 304");
    node_console_close(console);
}

static void node_console_api_knows_nobody_without_login_or_token(void **state)
{
    struct room *room = *state;
    struct node_console *console = open_console(room);
    uint16_t port = node_console_port(console);
    ask(room, port, REQUEST("GET /v1/status"), "HTTP/1.1 401");
    assert_non_null(strstr(buf_text(&room->client->in), "\"code\":\"LOGIN\""));
    ask(room, port, WITH("GET /v1/status", "Host: foreign.example\r\n"), "\"code\":\"ORIGIN\"");
    ask(room, port, WITH("GET /v1/status", "Host: localhost\r\nOrigin: http://foreign.example\r\n"),
        "\"code\":\"ORIGIN\"");
    ask(room, port, WITH("GET /v1/status", "Host: localhost\r\nAuthorization: Bearer hotline_0\r\n"),
        "this token is unknown");
    ask(room, port, WITH("POST /v1/cases", "Host: localhost\r\nContent-Length: 0\r\n"), "HTTP/1.1 401");
    node_console_close(console);
}

/* Before anybody is known, nobody makes the node hold a picture, or a megabyte. */
static void node_console_strangers_send_little(void **state)
{
    struct room *room = *state;
    struct node_console *console = open_console(room);
    uint16_t port = node_console_port(console);
    ask(room, port, WITH("POST /v1/photos", "Host: localhost\r\nContent-Length: 5000\r\n"), "HTTP/1.1 413");
    ask(room, port, WITH("POST /v1/session", "Host: localhost\r\n" LOGIN "4097\r\n"), "limit of 4096 bytes");
    node_console_close(console);
}

static void node_console_token_opens_what_its_scopes_allow(void **state)
{
    struct room *room = *state;
    struct node_console *console = open_console(room);
    uint16_t port = node_console_port(console);
    const struct token wanted = {.name = "ccms",
                                 .scopes = CALLER_SCOPE_READ,
                                 .created_us = room->now_us,
                                 .expires_us = room->now_us + CLOCK_HOUR_US};
    struct token *token = NULL;
    struct err_note note = {""};
    char text[ACCOUNTS_TOKEN_MAX], request[500];
    assert_int_equal(
        accounts_add_token(node_accounts(room->node), node_vault(room->node), &wanted, &note, text, &token), OK);
    snprintf(request, sizeof request, WITH("GET /v1/cases", "Host: localhost\r\nAuthorization: Bearer %s\r\n"), text);
    ask(room, port, request, "HTTP/1.1 200");
    snprintf(request, sizeof request, WITH("GET /v1/users", "Host: localhost\r\nAuthorization: Bearer %s\r\n"), text);
    ask(room, port, request, "the scopes of this token do not allow it to administer this node");
    snprintf(request, sizeof request,
             WITH("POST /v1/cases", "Host: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n"), text);
    ask(room, port, request, "HTTP/1.1 403");
    assert_int_equal(token->used_us != 0, 1);
    node_console_close(console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(node_console_says_why_it_is_not_ready_until_a_relay_welcomes),
        ROOM_API_TEST(node_console_metrics_count_and_name_nobody),
        ROOM_API_TEST(node_console_serves_its_pages_and_nothing_else),
        ROOM_API_TEST(node_console_files_are_compressed_and_known_again),
        ROOM_API_TEST(node_console_api_knows_nobody_without_login_or_token),
        ROOM_API_TEST(node_console_strangers_send_little),
        ROOM_API_TEST(node_console_token_opens_what_its_scopes_allow),
    };
    return cmocka_run_group_tests_name("node_console", tests, NULL, NULL);
}
