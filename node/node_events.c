/* node_events: a ring of written events and the streams that get them. Never waits for a reader, never asks the core.
 */
#include "node/node_events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_view.h"
#include "proto/clock.h"

struct reader {
    struct node_events *events;
    struct http_stream *stream;
    struct node_events_guest guest;
    struct reader *next;
};

struct node_events {
    struct loop_timer *heartbeat;
    struct buf ring[NODE_EVENTS_KEPT]; /* event `id` stands at id % NODE_EVENTS_KEPT */
    uint64_t first, next;              /* of this run; of the event to come */
    struct reader *readers;
    node_events_admits *admits;
    void *admits_ctx;
    struct node_events_counters counters;
};

static const char opening[] = ": hotline-node events\n\n";

const struct node_events_counters *node_events_counters(const struct node_events *events)
{
    return &events->counters;
}

/* ---- what is kept ---- */

static uint64_t oldest(const struct node_events *events)
{
    uint64_t told = events->next - events->first;
    return told > NODE_EVENTS_KEPT ? events->next - NODE_EVENTS_KEPT : events->first;
}

/* id 0: an event that no reader is to come back to. */
static void write_event(struct buf *out, uint64_t id, const char *type, const struct jdoc *doc)
{
    if (id != 0)
        buf_printf(out, "id: %" PRIu64 "\n", id);
    buf_printf(out, "event: %s\ndata: ", type);
    CHECK(jdoc_write(doc, false, out) == OK);
    buf_add_text(out, "\n\n");
}

static void write_bare(struct buf *out, const char *type)
{
    char at[CLOCK_TEXT_MAX];
    struct jdoc *doc = jdoc_object();
    clock_format(clock_wall_us(), at);
    jdoc_set_text(doc, "type", type);
    jdoc_set_text(doc, "at", at);
    write_event(out, 0, type, doc);
    jdoc_free(doc);
}

int node_events_read_id(const struct node_events *events, const char *text, uint64_t *ret_after)
{
    if (text == NULL) {
        *ret_after = events->next - 1;
        return OK;
    }
    size_t len = strlen(text);
    if (len == 0 || len > 20 || strspn(text, "0123456789") != len)
        return ERR_SYNTAX;
    *ret_after = strtoull(text, NULL, 10);
    return OK;
}

bool node_events_backlog(const struct node_events *events, uint64_t after, struct buf *out)
{
    bool all = after == 0;
    bool gap = !all && (after >= events->next || after + 1 < oldest(events));
    if (gap)
        write_bare(out, "gap");
    for (uint64_t id = gap || all ? oldest(events) : after + 1; id < events->next; id++)
        buf_add_slice(out, buf_slice(&events->ring[id % NODE_EVENTS_KEPT]));
    return gap;
}

/* ---- readers ---- */

static void on_closed(void *ctx)
{
    struct reader *reader = ctx;
    struct reader **at = &reader->events->readers;
    while (*at != reader)
        at = &(*at)->next;
    *at = reader->next;
    reader->events->counters.streams--;
    free(reader);
}

void node_events_guard(struct node_events *events, node_events_admits *admits, void *ctx)
{
    events->admits = admits;
    events->admits_ctx = ctx;
}

void node_events_review(struct node_events *events)
{
    for (struct reader **at = &events->readers; events->admits != NULL && *at != NULL;) {
        struct reader *reader = *at;
        if (events->admits(events->admits_ctx, &reader->guest)) {
            at = &reader->next;
            continue;
        }
        *at = reader->next;
        http_stream_end(reader->stream);
        free(reader);
        events->counters.streams--;
        events->counters.withdrawn++;
    }
}

/* A reader that does not take it is closed by http, and on_closed comes later. */
static void write_to_all(struct node_events *events, struct slice text)
{
    node_events_review(events);
    for (struct reader *reader = events->readers; reader != NULL; reader = reader->next)
        (void)!http_stream_write(reader->stream, text);
}

int node_events_open(struct node_events *events, struct http_request *request, uint64_t after,
                     const struct node_events_guest *guest)
{
    struct reader *reader = NULL;
    if (events->counters.streams < NODE_EVENTS_STREAMS)
        reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        events->counters.turned_away++;
        return ERR_BUSY;
    }
    struct buf first;
    buf_init(&first);
    buf_add_text(&first, opening);
    events->counters.gaps += node_events_backlog(events, after, &first);
    reader->stream = http_stream_start(request, "text/event-stream", slice_of(NULL, 0), on_closed, reader);
    if (reader->stream == NULL) { /* its client has left */
        free(reader);
        goto out;
    }
    reader->events = events;
    reader->guest = *guest;
    reader->next = events->readers;
    events->readers = reader;
    events->counters.streams++;
    (void)!http_stream_write(reader->stream, buf_slice(&first));
out:
    buf_free(&first);
    return OK;
}

static void on_heartbeat(void *ctx)
{
    struct node_events *events = ctx;
    if (events->readers == NULL)
        return;
    struct buf text;
    buf_init(&text);
    write_bare(&text, "heartbeat");
    write_to_all(events, buf_slice(&text));
    buf_free(&text);
}

void node_events_tell(struct node_events *events, const struct node *node, const struct node_event *event)
{
    uint64_t id = events->next++;
    struct buf *text = &events->ring[id % NODE_EVENTS_KEPT];
    struct jdoc *doc = node_view_event(node, event, id);
    buf_clear(text);
    write_event(text, id, node_view_event_type(event->type), doc);
    jdoc_free(doc);
    CHECK(!buf_broken(text));
    events->counters.told++;
    write_to_all(events, buf_slice(text));
}

/* ---- life ---- */

int node_events_new(struct loop *loop, int64_t started_us, struct node_events **ret_events)
{
    struct node_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < NODE_EVENTS_KEPT; i++)
        buf_init(&events->ring[i]);
    events->first = events->next = (uint64_t)(started_us > 0 ? started_us / CLOCK_MS_US : 0) + 1;
    int error = loop_timer_new(loop, on_heartbeat, events, &events->heartbeat);
    if (error != OK) {
        node_events_free(events);
        return error;
    }
    loop_timer_every(events->heartbeat, NODE_EVENTS_HEARTBEAT_MS);
    *ret_events = events;
    return OK;
}

void node_events_free(struct node_events *events)
{
    if (events == NULL)
        return;
    while (events->readers != NULL) {
        struct reader *reader = events->readers;
        events->readers = reader->next;
        http_stream_end(reader->stream);
        free(reader);
    }
    loop_timer_free(events->heartbeat);
    for (size_t i = 0; i < NODE_EVENTS_KEPT; i++)
        buf_free(&events->ring[i]);
    free(events);
}
