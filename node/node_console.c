/* node_console: health, readiness, metrics, and the way to the API and the files. Its pages must never show who sends
 * what to whom: numbers only. */
#include "node/node_console.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_view.h"
#include "proto/clock.h"

#define PLAIN "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define CONNECTIONS_MAX 256
#define STRANGERS_BODY_MAX 4096 /* a login */
#define BODIES_MAX ((size_t)8 * LIMIT_PICTURE_BYTES)

struct node_console {
    struct http *http;
    struct origin_names names; /* of the texts below */
    char address[ORIGIN_HOST_MAX], name[ORIGIN_HOST_MAX], proxy[ORIGIN_HOST_MAX];
    struct node_console_sources sources;
    struct node_console_counters counters;
};

/* ---- the numbers ---- */

#define CORE_METRICS(X)                                                                                                \
    X(received, COUNTER, "hotline_node_received_total", "Envelopes received and kept.")                                \
    X(duplicates, COUNTER, "hotline_node_duplicates_total", "Envelopes received again.")                               \
    X(refused_in, COUNTER, "hotline_node_refused_in_total", "Frames and envelopes that broke a rule.")                 \
    X(wrong_replaces, COUNTER, "hotline_node_wrong_replaces_total",                                                    \
      "Revisions that name one that they cannot replace.")                                                             \
    X(unreadable, COUNTER, "hotline_node_unreadable_total", "Envelopes that could not be opened here.")                \
    X(disputed, COUNTER, "hotline_node_disputed_total", "Two envelopes under one id.")                                 \
    X(published, COUNTER, "hotline_node_published_total", "Envelopes of one's own.")                                   \
    X(receipts_in, COUNTER, "hotline_node_receipts_in_total", "Receipts of others.")                                   \
    X(receipts_out, COUNTER, "hotline_node_receipts_out_total", "Receipts of one's own.")                              \
    X(alarms, COUNTER, "hotline_node_alarms_total", "Deadlines that passed without their step.")                       \
    X(outbox, GAUGE, "hotline_node_outbox", "Envelopes that too few relays have accepted.")                            \
    X(inbox_open, GAUGE, "hotline_node_inbox_open", "Open cases received.")                                            \
    X(unacknowledged, GAUGE, "hotline_node_inbox_unacknowledged", "Open cases received that nobody acknowledged.")     \
    X(sent_open, GAUGE, "hotline_node_sent_open", "Open cases of one's own.")                                          \
    X(late, GAUGE, "hotline_node_late", "Recipients whose deadline has passed.")                                       \
    X(relays, GAUGE, "hotline_node_relays", "Relays on the roster.")                                                   \
    X(roster_version, GAUGE, "hotline_node_roster_version", "Version of the roster in force.")                         \
    X(roster_expires, GAUGE, "hotline_node_roster_expires_timestamp_seconds", "When the roster expires.")              \
    X(clock_offset_us, GAUGE, "hotline_node_clock_offset_microseconds", "The relays' median clock less this one.")     \
    X(commits, COUNTER, "hotline_node_store_commits_total", "Commits on the disk.")                                    \
    X(writes, COUNTER, "hotline_node_store_writes_total", "Writes in these commits.")                                  \
    X(waiting, GAUGE, "hotline_node_store_waiting", "Writes not yet committed.")                                       \
    X(free_bytes, GAUGE, "hotline_node_store_free_bytes", "Free space on the store's disk.")

#define RELAY_METRICS(X)                                                                                               \
    X(connected, GAUGE, "hotline_node_relay_connected", "1 after the relay's Welcome.")                                \
    X(round_trip_us, GAUGE, "hotline_node_relay_round_trip_microseconds", "Of the last Pulse; -1 when not measured.")  \
    X(skew_us, GAUGE, "hotline_node_relay_clock_skew_microseconds", "The relay's clock less this one.")                \
    X(outbox, GAUGE, "hotline_node_relay_outbox", "Envelopes that wait for this relay's answer.")                      \
    X(frames_in, COUNTER, "hotline_node_relay_frames_in_total", "Frames from this relay.")                             \
    X(frames_out, COUNTER, "hotline_node_relay_frames_out_total", "Frames to this relay.")                             \
    X(refused_in, COUNTER, "hotline_node_relay_refused_in_total", "Frames of this relay that were refused.")

struct core_numbers {
    CORE_METRICS(METRIC_FIELD)
};
struct relay_numbers {
    RELAY_METRICS(METRIC_FIELD)
};

static const struct metric_desc core_table[] = {CORE_METRICS(METRIC_ROW)};
static const struct metric_desc relay_table[] = {RELAY_METRICS(METRIC_ROW)};
static const struct metric_desc zlink_table[] = {ZLINK_METRICS(METRIC_ROW)};
static const struct metric_desc http_table[] = {HTTP_METRICS(METRIC_ROW)};
static const struct metric_desc events_table[] = {NODE_EVENTS_METRICS(METRIC_ROW)};
static const struct metric_desc api_table[] = {NODE_API_METRICS(METRIC_ROW)};
static const struct metric_desc console_table[] = {NODE_CONSOLE_METRICS(METRIC_ROW)};
static const struct metric_desc dispatch_table[] = {DISPATCH_METRICS(METRIC_ROW)};
static const struct metric_desc build = {"hotline_node_build_info", "This program.", METRIC_GAUGE};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

static void count_core(const struct node *node, struct core_numbers *numbers)
{
    const struct node_counters *counters = node_counters(node);
    numbers->received = (int64_t)counters->received;
    numbers->duplicates = (int64_t)counters->duplicates;
    numbers->refused_in = (int64_t)counters->refused_in;
    numbers->wrong_replaces = (int64_t)counters->wrong_replaces;
    numbers->unreadable = (int64_t)counters->unreadable;
    numbers->disputed = (int64_t)counters->disputed;
    numbers->published = (int64_t)counters->published;
    numbers->receipts_in = (int64_t)counters->receipts_in;
    numbers->receipts_out = (int64_t)counters->receipts_out;
    numbers->alarms = (int64_t)counters->alarms;
}

static void count_state(const struct node *node, int64_t now_us, struct core_numbers *numbers)
{
    const struct roster *roster = node_directory(node)->roster;
    struct node_tally tally = node_view_tally(node, now_us);
    numbers->outbox = (int64_t)node_outbox_size(node);
    numbers->inbox_open = tally.received_open;
    numbers->unacknowledged = tally.unacknowledged;
    numbers->sent_open = tally.sent_open;
    numbers->late = tally.late;
    numbers->relays = (int64_t)node_uplink_count(node);
    numbers->roster_version = (int64_t)roster_version(roster);
    numbers->roster_expires = roster_expires_us(roster) / CLOCK_SECOND_US;
    numbers->clock_offset_us = node_clock_offset_us(node);
}

static void count_store(const struct node *node, struct core_numbers *numbers)
{
    struct store_counters store = store_counters(vault_store(node_directory(node)->vault));
    numbers->commits = (int64_t)store.commits;
    numbers->writes = (int64_t)store.writes;
    numbers->waiting = (int64_t)store.waiting;
    numbers->free_bytes = store.free_bytes;
}

static struct relay_numbers count_relay(const struct node *node, size_t slot)
{
    const struct uplink *uplink = node_uplink(node, slot);
    return (struct relay_numbers){
        .connected = uplink->state == UPLINK_READY,
        .round_trip_us = uplink->round_trip_us,
        .skew_us = uplink->has_skew ? uplink->skew_us : 0,
        .outbox = (int64_t)node_waiting_at(node, slot),
        .frames_in = (int64_t)uplink->frames_in,
        .frames_out = (int64_t)uplink->frames_out,
        .refused_in = (int64_t)uplink->refused_in,
    };
}

static void write_relays(const struct node_console_sources *sources, struct buf *out)
{
    struct relay_numbers numbers[LIMIT_RELAYS];
    struct metric_set relays[LIMIT_RELAYS], links[LIMIT_RELAYS];
    size_t count = node_uplink_count(sources->node), linked = 0;
    CHECK(count <= LIMIT_RELAYS);
    for (size_t slot = 0; slot < count; slot++) {
        const char *relay = node_uplink(sources->node, slot)->relay;
        const struct zlink_counters *counters =
            sources->links != NULL ? node_link_counters(sources->links, slot) : NULL;
        numbers[slot] = count_relay(sources->node, slot);
        relays[slot] = (struct metric_set){"relay", relay, &numbers[slot]};
        if (counters != NULL)
            links[linked++] = (struct metric_set){"relay", relay, counters};
    }
    metric_write_sets(out, ROWS(relay_table), relays, count);
    metric_write_sets(out, ROWS(zlink_table), links, linked);
}

static void write_listeners(const struct node_console_sources *sources, struct buf *out)
{
    struct metric_set listeners[2];
    size_t count = 0;
    if (sources->api != NULL)
        listeners[count++] = (struct metric_set){"listener", "socket", node_api_counters(sources->api)};
    if (sources->http != NULL)
        listeners[count++] = (struct metric_set){"listener", "console", sources->http};
    metric_write_sets(out, ROWS(http_table), listeners, count);
    if (sources->counters != NULL)
        metric_write(out, ROWS(console_table), sources->counters);
}

void node_console_metrics(const struct node_console_sources *sources, int64_t now_us, struct buf *out)
{
    struct core_numbers core = {.received = 0};
    count_core(sources->node, &core);
    count_state(sources->node, now_us, &core);
    count_store(sources->node, &core);
    metric_head(out, &build);
    metric_line(out, build.name, "version", NODE_SOFTWARE, 1);
    metric_write(out, ROWS(core_table), &core);
    write_relays(sources, out);
    if (sources->events != NULL)
        metric_write(out, ROWS(events_table), node_events_counters(sources->events));
    metric_write(out, ROWS(dispatch_table), &node_dispatches(sources->node)->counters);
    write_listeners(sources, out);
    if (sources->api == NULL)
        return;
    const struct node_api_numbers numbers = node_api_numbers(sources->api, now_us);
    metric_write(out, ROWS(api_table), &numbers);
}

/* ---- readiness ---- */

void node_console_unready(const struct node *node, int64_t now_us, struct buf *out)
{
    const struct directory *directory = node_directory(node);
    size_t count = node_uplink_count(node), ready = 0;
    for (size_t slot = 0; slot < count; slot++)
        ready += node_uplink(node, slot)->state == UPLINK_READY;
    for (size_t slot = 0; slot < count && ready == 0; slot++) {
        const struct uplink *uplink = node_uplink(node, slot);
        buf_printf(out, "relay %s: %s%s%s\n", uplink->relay, uplink_state_label(uplink->state),
                   uplink->reason[0] != '\0' ? ": " : "", uplink->reason);
    }
    if (count == 0)
        buf_add_text(out, "the roster names no relay\n");
    if (roster_is_dead(directory->roster, now_us))
        buf_add_text(out, "the roster has expired, and its grace is over\n");
    if (directory_standing(directory, now_us) == HOTLINE__STANDING__CODE__WITHDRAWN)
        buf_add_text(out, "this member is withdrawn\n");
}

void node_console_notes(const struct node *node, int64_t now_us, struct buf *out)
{
    static const char *const told[] = {"WITHDRAWN",      "SUSPENDED",      "KEY",
                                       "ROSTER_EXPIRED", "ROSTER_EXPIRES", "ROSTER_EVIDENCE"};
    struct node_warning warnings[NODE_WARNINGS_MAX];
    size_t count = node_warnings(node, now_us, warnings, NODE_WARNINGS_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t t = 0; t < sizeof told / sizeof told[0]; t++)
            if (strcmp(warnings[i].code, told[t]) == 0)
                buf_printf(out, "note: %s\n", warnings[i].text);
}

/* ---- answers ---- */

static void answer(struct http_request *request, unsigned status, const char *type, struct buf *text)
{
    http_reply(request, buf_broken(text) ? 500 : status, type, buf_broken(text) ? slice_of(NULL, 0) : buf_slice(text));
}

static void get_health(const struct node_console *console, struct http_request *request, struct buf *text)
{
    (void)console;
    buf_add_text(text, "ok\n");
    answer(request, 200, PLAIN, text);
}

static int64_t wall_now(const struct node_console *console)
{
    return node_now(console->sources.node, clock_wall_us(), clock_steady_us());
}

static void get_ready(const struct node_console *console, struct http_request *request, struct buf *text)
{
    int64_t now_us = wall_now(console);
    node_console_unready(console->sources.node, now_us, text);
    unsigned status = text->len == 0 ? 200 : 503;
    if (text->len == 0)
        buf_add_text(text, "ready\n");
    node_console_notes(console->sources.node, now_us, text);
    answer(request, status, PLAIN, text);
}

static void get_metrics(const struct node_console *console, struct http_request *request, struct buf *text)
{
    node_console_metrics(&console->sources, wall_now(console), text);
    answer(request, 200, PROMETHEUS, text);
}

static const struct page {
    const char *path;
    void (*get)(const struct node_console *console, struct http_request *request, struct buf *text);
} pages[] = {{"/healthz", get_health}, {"/readyz", get_ready}, {"/metrics", get_metrics}};

/* ---- what every answer says to a browser ---- */

static const struct {
    const char *name, *value;
} headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
     "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
     "require-trusted-types-for 'script'"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static int add_headers(const struct node_console *console, struct http_request *request)
{
    int error = OK;
    for (size_t i = 0; error == OK && i < sizeof headers / sizeof headers[0]; i++)
        error = http_reply_header(request, headers[i].name, headers[i].value);
    if (error == OK && origin_is_secure(&console->names))
        error = http_reply_header(request, "Strict-Transport-Security", "max-age=31536000");
    return error;
}

/* ---- a request ---- */

static const struct page *find_page(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

static void serve_page(struct node_console *console, struct http_request *request)
{
    const struct page *page = find_page(http_path(request));
    struct buf text;
    buf_init(&text);
    if (strcmp(http_method(request), "GET") != 0) {
        console->counters.nothing++;
        buf_add_text(&text, "GET only\n");
        answer(request, 405, PLAIN, &text);
    } else if (page != NULL) {
        console->counters.pages++;
        page->get(console, request, &text);
    } else if (!origin_host_ok(&console->names, http_header(request, "Host"))) {
        console->counters.nothing++;
        buf_add_text(&text, "this console does not go by that name\n");
        answer(request, 403, PLAIN, &text);
    } else if (node_console_file(request)) {
        console->counters.files++;
    } else {
        console->counters.nothing++;
        buf_add_text(&text, "not here: /, /v1, /healthz, /readyz, /metrics\n");
        answer(request, 404, PLAIN, &text);
    }
    buf_free(&text);
}

static void on_request(void *ctx, struct http_request *request)
{
    struct node_console *console = ctx;
    if (add_headers(console, request) != OK) {
        http_reply(request, 500, NULL, slice_of(NULL, 0));
    } else if (strncmp(http_path(request), "/v1/", 4) == 0 && console->sources.api != NULL) {
        console->counters.api++;
        node_api_serve(console->sources.api, &console->names, request);
    } else {
        serve_page(console, request);
    }
}

static bool may_be_large(void *ctx, const struct http_request *request)
{
    const struct node_console *console = ctx;
    return console->sources.api != NULL && node_api_knows(console->sources.api, request);
}

/* ---- life ---- */

static const char *keep(const char *text, char room[ORIGIN_HOST_MAX])
{
    snprintf(room, ORIGIN_HOST_MAX, "%s", text != NULL ? text : "");
    return text != NULL ? room : NULL;
}

static void keep_names(struct node_console *console, const struct origin_names *names)
{
    console->names = (struct origin_names){
        .address = keep(names->address, console->address),
        .name = keep(names->name, console->name),
        .proxy = keep(names->proxy, console->proxy),
        .tls = names->tls,
    };
}

int node_console_open(struct loop *loop, const struct node_console_conf *conf,
                      const struct node_console_sources *sources, struct err_note *note,
                      struct node_console **ret_console)
{
    const struct http_conf http = {
        .address = conf->names.address,
        .max_connections = CONNECTIONS_MAX,
        .body_max = LIMIT_INPUT_BYTES,
        .large_path = NODE_API_LARGE_PATH,
        .large_max = LIMIT_PICTURE_BYTES,
        .may_be_large = may_be_large,
        .small_max = STRANGERS_BODY_MAX,
        .bodies_max = BODIES_MAX,
        .certificate = conf->certificate,
        .private_key = conf->private_key,
    };
    struct node_console *console = calloc(1, sizeof *console);
    if (console == NULL)
        return err_set(note, ERR_NOMEM, "out of memory");
    console->sources = *sources;
    keep_names(console, &conf->names);
    int error = http_listen(loop, &http, on_request, console, note, &console->http);
    if (error != OK) {
        free(console);
        return error;
    }
    console->sources.http = http_counters(console->http);
    console->sources.counters = &console->counters;
    *ret_console = console;
    return OK;
}

uint16_t node_console_port(const struct node_console *console)
{
    return http_port(console->http);
}

void node_console_stop(struct node_console *console)
{
    http_stop(console->http);
}

void node_console_close(struct node_console *console)
{
    if (console == NULL)
        return;
    http_free(console->http);
    free(console);
}
