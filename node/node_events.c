/* node_events: the streams, and how far each reader is. Never waits for a reader, keeps no event itself. */
#include "node/node_events.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"

#define PIECE_BYTES 65536 /* so much waits for one reader; the rest waits in the journal */

struct reader {
    struct node_events *events;
    struct http_stream *stream;
    struct node_events_guest guest;
    uint64_t had; /* all up to this number was written to him */
    struct reader *next;
};

struct node_events {
    struct loop_timer *heartbeat;
    const struct node *node; /* NULL: none yet, or no more */
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

void node_events_attach(struct node_events *events, const struct node *node)
{
    events->node = node;
}

/* An event that nobody is to come back to: it has no number. */
static void write_bare(struct buf *out, const char *type)
{
    char at[CLOCK_TEXT_MAX];
    clock_format(clock_wall_us(), at);
    buf_printf(out, "event: %s\ndata: {\"type\":\"%s\",\"at\":\"%s\"}\n\n", type, type, at);
}

int node_events_read_id(const struct node_events *events, const char *text, uint64_t *ret_after)
{
    if (text == NULL) {
        *ret_after = events->node != NULL ? node_journal(events->node)->told : 0;
        return OK;
    }
    size_t len = strlen(text);
    if (len == 0 || len > 20 || strspn(text, "0123456789") != len)
        return ERR_SYNTAX;
    *ret_after = strtoull(text, NULL, 10);
    return OK;
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

/* A number that is not kept, or none of ours: the reader reads the lists, then all that there is. */
static void write_gap(struct reader *reader, const struct journal *journal, struct buf *out)
{
    if (reader->had == 0 || !journal_is_gap(journal, reader->had))
        return;
    write_bare(out, "gap");
    reader->events->counters.gaps++;
    reader->had = journal->floor > 0 ? journal->floor - 1 : 0;
    if (reader->had > journal->told)
        reader->had = journal->told;
}

/* As much of what he has not had as may wait for him. A reader that is being closed takes nothing: on_closed comes
 * later. */
static void pump(struct reader *reader)
{
    const struct node *node = reader->events->node;
    const struct journal_row *row;
    uint64_t had = reader->had;
    struct buf text;
    buf_init(&text);
    if (node == NULL || http_stream_queued(reader->stream) >= PIECE_BYTES)
        return;
    const struct journal *journal = node_journal(node);
    write_gap(reader, journal, &text);
    while (text.len < PIECE_BYTES && (row = journal_after(journal, reader->had)) != NULL) {
        buf_add_text(&text, row->text);
        reader->had = row->id;
    }
    if (text.len < PIECE_BYTES)
        reader->had = journal->told > reader->had ? journal->told : reader->had;
    if (buf_broken(&text))
        reader->had = had; /* no memory: with the next event */
    else if (text.len > 0)
        (void)!http_stream_write(reader->stream, buf_slice(&text));
    buf_free(&text);
}

static void on_room(void *ctx)
{
    pump(ctx);
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
    reader->stream = http_stream_start(request, "text/event-stream", slice_of(NULL, 0), on_closed, reader);
    if (reader->stream == NULL) { /* its client has left */
        free(reader);
        return OK;
    }
    reader->events = events;
    reader->guest = *guest;
    reader->had = after;
    reader->next = events->readers;
    events->readers = reader;
    events->counters.streams++;
    http_stream_on_room(reader->stream, on_room);
    if (http_stream_write(reader->stream, slice_text(opening)) == OK)
        pump(reader);
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
    node_events_review(events);
    for (struct reader *reader = events->readers; reader != NULL; reader = reader->next)
        (void)!http_stream_write(reader->stream, buf_slice(&text));
    buf_free(&text);
}

void node_events_told(struct node_events *events)
{
    events->counters.told++;
    node_events_review(events);
    for (struct reader *reader = events->readers; reader != NULL; reader = reader->next)
        pump(reader);
}

/* ---- life ---- */

int node_events_new(struct loop *loop, struct node_events **ret_events)
{
    struct node_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return ERR_NOMEM;
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
    free(events);
}
