/* relay_console - health, readiness, metrics. Must never show who sends what to whom: numbers only. */
#include "relay/relay_console.h"

#include "proto/clock.h"

/* The loop ticks every 50 ms; without a tick for so long it hangs. */
#define RELAY_CONSOLE_ALIVE_US (10 * CLOCK_SECOND_US)

struct relay_console {
    struct http *http;
    struct relay *relay;
    struct relay_link *link;
};

static const struct metric_desc relay_metrics[] = {RELAY_METRICS(METRIC_ROW)};
static const struct metric_desc zlink_metrics[] = {ZLINK_METRICS(METRIC_ROW)};
static const struct metric_desc gate_metrics[] = {GATE_METRICS(METRIC_ROW)};
static const struct metric_desc http_metrics[] = {HTTP_METRICS(METRIC_ROW)};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static void relay_console_frames(struct buf *out, const struct metric_desc *desc, const int64_t counts[WIRE_TYPE_MAX])
{
    metric_head(out, desc);
    for (unsigned type = 0; type < WIRE_TYPE_MAX; type++)
        if (wire_descriptor((uint8_t)type))
            metric_line(out, desc->name, "type", wire_name((uint8_t)type), counts[type]);
}

void relay_console_metrics(struct relay *relay, const struct relay_link *link, const struct http *http, int64_t now_us,
                           struct buf *out)
{
    static const struct metric_desc in = {"hotline_relay_frames_in_total", "Frames received, by type.", METRIC_COUNTER};
    static const struct metric_desc sent = {"hotline_relay_frames_out_total", "Frames sent, by type.", METRIC_COUNTER};
    static const struct metric_desc refused = {"hotline_relay_refused_total", "Envelopes refused, by code.",
                                               METRIC_COUNTER};
    static const struct metric_desc build = {"hotline_relay_build_info", "This program.", METRIC_GAUGE};
    const struct relay_numbers *numbers = relay_numbers(relay, now_us);

    metric_head(out, &build);
    metric_line(out, build.name, "version", RELAY_VERSION, 1);
    metric_write(out, ROWS(relay_metrics), &numbers->counters);
    relay_console_frames(out, &in, numbers->frames_in);
    relay_console_frames(out, &sent, numbers->frames_out);
    metric_head(out, &refused);
    for (int code = 1; code < RELAY_REFUSED_CODES; code++)
        metric_line(out, refused.name, "code", relay_refused_name(code), numbers->refused[code]);
    metric_histogram_write(out, "hotline_relay_accept_seconds", "From an envelope's arrival to its Accepted.",
                           &numbers->accept_latency);
    metric_histogram_write(out, "hotline_relay_commit_seconds", "Commits of the store.", &numbers->commit_latency);
    if (link) {
        metric_write(out, ROWS(zlink_metrics), relay_link_counters(link));
        metric_write(out, ROWS(gate_metrics), relay_link_gate(link));
    }
    if (http)
        metric_write(out, ROWS(http_metrics), http_counters(http));
}

/* Answers with the text; the buffer is freed. */
static void relay_console_answer(struct http_request *request, unsigned status, const char *type, struct buf *text)
{
    if (buf_broken(text))
        http_reply(request, 500, NULL, slice_of(NULL, 0));
    else
        http_reply(request, status, type, buf_slice(text));
    buf_free(text);
}

static void relay_console_on_request(void *ctx, struct http_request *request)
{
    struct relay_console *console = ctx;
    const char *path = http_path(request);
    const char *plain = "text/plain; charset=utf-8";
    struct buf text;

    buf_init(&text);
    if (strcmp(http_method(request), "GET") != 0) {
        buf_add_text(&text, "GET only\n");
        relay_console_answer(request, 405, plain, &text);
    } else if (strcmp(path, "/healthz") == 0) {
        bool alive = clock_steady_us() - relay_link_ticked_us(console->link) < RELAY_CONSOLE_ALIVE_US;
        buf_add_text(&text, alive ? "ok\n" : "the loop hangs\n");
        relay_console_answer(request, alive ? 200 : 503, plain, &text);
    } else if (strcmp(path, "/readyz") == 0) {
        bool ready;
        relay_unready(console->relay, clock_wall_us(), &text);
        ready = text.len == 0;
        if (ready)
            buf_add_text(&text, "ready\n");
        relay_notes(console->relay, clock_wall_us(), &text);
        relay_console_answer(request, ready ? 200 : 503, plain, &text);
    } else if (strcmp(path, "/metrics") == 0) {
        relay_console_metrics(console->relay, console->link, console->http, clock_wall_us(), &text);
        relay_console_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    } else {
        buf_add_text(&text, "not here: /healthz, /readyz, /metrics\n");
        relay_console_answer(request, 404, plain, &text);
    }
}

int relay_console_open(struct loop *loop, const char *address, struct relay *relay, struct relay_link *link,
                       struct err_note *note, struct relay_console **ret_console)
{
    const struct http_conf conf = {.address = address, .max_connections = 64, .body_max = 1024};
    struct relay_console *console = calloc(1, sizeof *console);
    int error;

    if (!console)
        return ERR_NOMEM;
    console->relay = relay;
    console->link = link;
    error = http_listen(loop, &conf, relay_console_on_request, console, note, &console->http);
    if (error) {
        free(console);
        return error;
    }
    *ret_console = console;
    return OK;
}

void relay_console_close(struct relay_console *console)
{
    if (!console)
        return;
    http_free(console->http);
    free(console);
}
