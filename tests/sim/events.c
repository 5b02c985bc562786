/* events: see the header. */
#include "tests/sim/events.h"

#include <stdlib.h>

#include "proto/err.h"

void events_init(struct events *events)
{
    *events = (struct events){0};
}

void events_done(struct events *events)
{
    free(events->heap);
    events_init(events);
}

static bool before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void events_put(struct events *events, struct event event)
{
    if (events->count == events->capacity) {
        events->capacity = events->capacity ? 2 * events->capacity : 256;
        events->heap = realloc(events->heap, events->capacity * sizeof *events->heap);
        CHECK(events->heap != NULL);
    }
    event.order = events->next_order++;
    size_t at = events->count++;
    for (; at > 0 && before(&event, &events->heap[(at - 1) / 2]); at = (at - 1) / 2)
        events->heap[at] = events->heap[(at - 1) / 2];
    events->heap[at] = event;
}

const struct event *events_next(const struct events *events)
{
    return events->count > 0 ? &events->heap[0] : NULL;
}

struct event events_take(struct events *events)
{
    CHECK(events->count > 0);
    struct event first = events->heap[0], last = events->heap[--events->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < events->count; at = child) {
        if (child + 1 < events->count && before(&events->heap[child + 1], &events->heap[child]))
            child++;
        if (!before(&events->heap[child], &last))
            break;
        events->heap[at] = events->heap[child];
    }
    if (events->count > 0)
        events->heap[at] = last;
    return first;
}
