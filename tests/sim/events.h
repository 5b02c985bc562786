/*
 * events - what is to happen, by simulated time; of equal times the first put comes first. A binary heap of values.
 */
#ifndef TESTS_SIM_EVENTS_H
#define TESTS_SIM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    int64_t at_us;
    uint64_t order; /* set by events_put */
    unsigned kind;
    unsigned a, b; /* whom it is about; as the kind says */
    uint64_t number;
    void *thing; /* whoever takes the event owns it */
};

struct events {
    struct event *heap;
    size_t count, capacity;
    uint64_t next_order;
};

void events_init(struct events *events);
/* Frees the heap, not the things: take them out first. */
void events_done(struct events *events);
void events_put(struct events *events, struct event event);
/* The next event; NULL when there is none. Valid until the next put or take. */
const struct event *events_next(const struct events *events);
/* Takes it out; there must be one. */
struct event events_take(struct events *events);

#endif
