/* node_console: what machines read of a real core, over a real TCP listener. */
#include <arpa/inet.h>
#include <netinet/in.h>

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
        "\nhotline_http_requests_total 0\n",
        "\nhotline_node_api_waiting 0\n",
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

#define REQUEST(line) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void node_console_serves_its_pages_and_nothing_else(void **state)
{
    struct room *room = *state;
    const struct node_console_sources sources = {.node = room->node, .events = room->events, .api = room->api};
    struct node_console *console = NULL;
    assert_int_equal(node_console_open(room->loop, "127.0.0.1:0", &sources, NULL, &console), OK);
    uint16_t port = node_console_port(console);
    ask(room, port, REQUEST("GET /healthz"), "HTTP/1.1 200 OK");
    ask(room, port, REQUEST("GET /readyz"), "HTTP/1.1 503");
    ask(room, port, REQUEST("GET /readyz"), "relay relay-noord: CONNECTING\n");
    ask(room, port, REQUEST("GET /metrics"), "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    ask(room, port, REQUEST("GET /"), "/metrics");
    ask(room, port, REQUEST("GET /v1/status"), "HTTP/1.1 404");
    ask(room, port, REQUEST("POST /healthz"), "HTTP/1.1 405");
    node_console_close(console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_API_TEST(node_console_says_why_it_is_not_ready_until_a_relay_welcomes),
        ROOM_API_TEST(node_console_metrics_count_and_name_nobody),
        ROOM_API_TEST(node_console_serves_its_pages_and_nothing_else),
    };
    return cmocka_run_group_tests_name("node_console", tests, NULL, NULL);
}
