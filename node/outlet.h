/*
 * outlet - what goes out to one relay: in order of urgency, within a window, sent again until answered. Pure.
 *
 * It holds pointers to things that the node owns and knows nothing of them. A thing is either waiting, or in flight, or
 * not here (grants may be both). Whoever frees a thing forgets it here first.
 */
#ifndef NODE_OUTLET_H
#define NODE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

enum outlet_kind { OUTLET_ITEM, OUTLET_GRANTS, OUTLET_OWED };

struct outlet_entry {
    enum outlet_kind kind;
    void *thing;
    int rank;
    int64_t sent_us; /* steady; in flight only */
};

#define OUTLET_RANKS 4 /* 0 first: immediate alerts, then receipts, then expected, then routine */
#define OUTLET_WINDOW 256

struct outlet_queue {
    struct outlet_entry *entries; /* a ring */
    size_t head, count, capacity;
};

struct outlet {
    struct outlet_queue waiting[OUTLET_RANKS];
    struct outlet_entry flight[OUTLET_WINDOW];
    size_t flight_count;
};

void outlet_init(struct outlet *outlet);
void outlet_done(struct outlet *outlet);
/* Queues a thing behind its rank, unless it waits or flies already as this kind; grants in flight are queued once more,
 * for the frame that flies lacks those added since. ERR_NOMEM. */
int outlet_push(struct outlet *outlet, enum outlet_kind kind, void *thing, int rank) MUST_CHECK;
/* The next one to send, or NULL (nothing waits, the window is full). It stays the next until outlet_sent or
 * outlet_drop. */
const struct outlet_entry *outlet_next(const struct outlet *outlet);
/* It was handed to the link. */
void outlet_sent(struct outlet *outlet, int64_t steady_us);
/* It need not be sent any more. */
void outlet_drop(struct outlet *outlet);
/* The relay answered one that flies; what waits stays. False when none flew. */
bool outlet_landed(struct outlet *outlet, enum outlet_kind kind, const void *thing);
/* The relay answered: out of flight, else out of waiting. False when it was not here. */
bool outlet_answered(struct outlet *outlet, enum outlet_kind kind, const void *thing);
/* The connection was lost, or what was sent before `before_us` was not answered: back to the front of their ranks. */
void outlet_again(struct outlet *outlet, int64_t before_us);
size_t outlet_size(const struct outlet *outlet, enum outlet_kind kind);
/* It waits or flies: costs a walk. */
bool outlet_holds(const struct outlet *outlet, enum outlet_kind kind, const void *thing);

#endif
