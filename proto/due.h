/*
 * due - what is to be looked at, by the time at which it is: a heap of places in objects that carry their own time.
 *
 * Owns its slots, never the objects. A second of quiet costs one comparison, however many objects wait; setting a time
 * costs the logarithm of their number. An object whose slot was promised (dues_meet) always finds room: only meeting
 * can fail for want of memory.
 */
#ifndef PROTO_DUE_H
#define PROTO_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Lives in the object; all zero: it does not wait. */
struct due {
    int64_t at_us;
    uint32_t place; /* in the heap, from 1 */
};

struct dues {
    struct due **all;
    size_t count, capacity, met; /* met: objects that room is kept for */
    size_t offset;
};

/* Objects whose struct due is `offset` bytes in. Takes no memory until the first is met. */
void dues_init(struct dues *dues, size_t offset);
/* Frees the slots; the objects are the caller's. */
void dues_done(struct dues *dues);
/* Room for one object more. ERR_NOMEM. */
int dues_meet(struct dues *dues) MUST_CHECK;
/* The object is about to go: it waits no more, and its room is free. */
void dues_part(struct dues *dues, struct due *due);
/* It waits for this time from now on, whatever it waited for before. */
void dues_set(struct dues *dues, struct due *due, int64_t at_us);
/* It waits for nothing. */
void dues_end(struct dues *dues, struct due *due);
/* The object with the earliest time when that is now_us or before, or NULL. It stays: set its next time, or end it. */
void *dues_first(const struct dues *dues, int64_t now_us);

#endif
