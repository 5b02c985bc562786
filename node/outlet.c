/* outlet: rings by rank and a bounded flight. Never sends, never frees a thing. */
#include "node/outlet.h"

#include <stdlib.h>

void outlet_init(struct outlet *outlet)
{
    *outlet = (struct outlet){0};
}

void outlet_done(struct outlet *outlet)
{
    for (int rank = 0; rank < OUTLET_RANKS; rank++)
        free(outlet->waiting[rank].entries);
    outlet_init(outlet);
}

static struct outlet_entry *at(const struct outlet_queue *queue, size_t index)
{
    return &queue->entries[(queue->head + index) % queue->capacity];
}

static int grow(struct outlet_queue *queue)
{
    size_t capacity = queue->capacity ? 2 * queue->capacity : 32;
    struct outlet_entry *entries = malloc(capacity * sizeof *entries);
    if (entries == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < queue->count; i++)
        entries[i] = *at(queue, i);
    free(queue->entries);
    *queue = (struct outlet_queue){.entries = entries, .count = queue->count, .capacity = capacity};
    return OK;
}

static bool is(const struct outlet_entry *entry, enum outlet_kind kind, const void *thing)
{
    return entry->kind == kind && entry->thing == thing;
}

static bool flies(const struct outlet *outlet, enum outlet_kind kind, const void *thing)
{
    for (size_t i = 0; i < outlet->flight_count; i++) {
        if (is(&outlet->flight[i], kind, thing))
            return true;
    }
    return false;
}

/* Waiting twice costs one needless sending, which every answer is idempotent against; so only the newest is looked at.
 */
static bool waits_last(const struct outlet_queue *queue, enum outlet_kind kind, const void *thing)
{
    return queue->count > 0 && is(at(queue, queue->count - 1), kind, thing);
}

int outlet_push(struct outlet *outlet, enum outlet_kind kind, void *thing, int rank)
{
    CHECK(rank >= 0 && rank < OUTLET_RANKS);
    struct outlet_queue *queue = &outlet->waiting[rank];
    bool grows = kind == OUTLET_GRANTS; /* the frame in flight lacks the grants added since */
    if (waits_last(queue, kind, thing) || (!grows && flies(outlet, kind, thing)))
        return OK;
    if (queue->count == queue->capacity) {
        int result = grow(queue);
        if (result != OK)
            return result;
    }
    *at(queue, queue->count++) = (struct outlet_entry){.kind = kind, .thing = thing, .rank = rank};
    return OK;
}

/* The most urgent rank with something in it; OUTLET_RANKS when nothing waits. */
static int first_rank(const struct outlet *outlet)
{
    int rank = 0;
    while (rank < OUTLET_RANKS && outlet->waiting[rank].count == 0)
        rank++;
    return rank;
}

const struct outlet_entry *outlet_next(const struct outlet *outlet)
{
    int rank = first_rank(outlet);
    if (rank == OUTLET_RANKS || outlet->flight_count == OUTLET_WINDOW)
        return NULL;
    return at(&outlet->waiting[rank], 0);
}

void outlet_drop(struct outlet *outlet)
{
    int rank = first_rank(outlet);
    CHECK(rank < OUTLET_RANKS);
    struct outlet_queue *queue = &outlet->waiting[rank];
    queue->head = (queue->head + 1) % queue->capacity;
    queue->count--;
}

void outlet_sent(struct outlet *outlet, int64_t steady_us)
{
    const struct outlet_entry *next = outlet_next(outlet);
    CHECK(next != NULL);
    struct outlet_entry entry = *next;
    entry.sent_us = steady_us;
    outlet->flight[outlet->flight_count++] = entry;
    outlet_drop(outlet);
}

static bool leave_queue(struct outlet_queue *queue, enum outlet_kind kind, const void *thing)
{
    size_t kept = 0;
    for (size_t i = 0; i < queue->count; i++) {
        if (!is(at(queue, i), kind, thing))
            *at(queue, kept++) = *at(queue, i);
    }
    bool left = kept < queue->count;
    queue->count = kept;
    return left;
}

bool outlet_landed(struct outlet *outlet, enum outlet_kind kind, const void *thing)
{
    for (size_t i = 0; i < outlet->flight_count; i++) {
        if (is(&outlet->flight[i], kind, thing)) {
            outlet->flight[i] = outlet->flight[--outlet->flight_count];
            return true;
        }
    }
    return false;
}

bool outlet_answered(struct outlet *outlet, enum outlet_kind kind, const void *thing)
{
    if (outlet_landed(outlet, kind, thing))
        return true;
    /* An answer to something that waits again (a resend was due): rare, so it may cost a walk. */
    bool left = false;
    for (int rank = 0; rank < OUTLET_RANKS; rank++)
        left |= leave_queue(&outlet->waiting[rank], kind, thing);
    return left;
}

static int put_front(struct outlet_queue *queue, const struct outlet_entry *entry)
{
    if (queue->count == queue->capacity && grow(queue) != OK)
        return ERR_NOMEM;
    queue->head = (queue->head + queue->capacity - 1) % queue->capacity;
    queue->count++;
    *at(queue, 0) = *entry;
    return OK;
}

void outlet_again(struct outlet *outlet, int64_t before_us)
{
    size_t kept = 0;
    for (size_t i = outlet->flight_count; i-- > 0;) {
        struct outlet_entry *entry = &outlet->flight[i];
        if (entry->sent_us > before_us || put_front(&outlet->waiting[entry->rank], entry) != OK)
            continue;
        entry->thing = NULL;
    }
    for (size_t i = 0; i < outlet->flight_count; i++) {
        if (outlet->flight[i].thing != NULL)
            outlet->flight[kept++] = outlet->flight[i];
    }
    outlet->flight_count = kept;
}

size_t outlet_size(const struct outlet *outlet, enum outlet_kind kind)
{
    size_t size = 0;
    for (size_t i = 0; i < outlet->flight_count; i++)
        size += outlet->flight[i].kind == kind;
    for (int rank = 0; rank < OUTLET_RANKS; rank++) {
        for (size_t i = 0; i < outlet->waiting[rank].count; i++)
            size += at(&outlet->waiting[rank], i)->kind == kind;
    }
    return size;
}

bool outlet_holds(const struct outlet *outlet, enum outlet_kind kind, const void *thing)
{
    bool holds = flies(outlet, kind, thing);
    for (int rank = 0; !holds && rank < OUTLET_RANKS; rank++) {
        for (size_t i = 0; !holds && i < outlet->waiting[rank].count; i++)
            holds = is(at(&outlet->waiting[rank], i), kind, thing);
    }
    return holds;
}
