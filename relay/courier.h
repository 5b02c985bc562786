/*
 * courier - what goes next to one member: credit, urgency, age, ageing, and sending again. Pure: no bytes, no clock.
 *
 * An item is owed from courier_owe() until courier_end(). It is QUEUED, IN_FLIGHT (sent, not answered: it uses credit)
 * or BLOCKED (the member said Unreadable: owed, but not sent before something changed). QUEUED --next--> IN_FLIGHT
 * --lost, overdue--> QUEUED;  any --block--> BLOCKED --unblock--> QUEUED;  any --end--> gone Order: the most urgent
 * class first, the oldest first within it; every COURIER_AGEING_TURN-th pick goes to a lower class whose oldest item
 * waits for more than COURIER_AGEING_US, so that nothing starves. Every step is O(log n).
 */
#ifndef RELAY_COURIER_H
#define RELAY_COURIER_H

#include "proto/limits.h"
#include "proto/lookup.h"

#define COURIER_CLASSES 3
#define COURIER_AGEING_US (INT64_C(30) * 1000000)
#define COURIER_AGEING_TURN 4
/* What one session did not answer within this is sent again. */
#define COURIER_OVERDUE_US (INT64_C(60) * 1000000)
/* Set in the key of the sender's own envelope that is handed back to it. */
#define COURIER_RECOVERY (UINT64_C(1) << 63)

enum courier_state { COURIER_QUEUED, COURIER_IN_FLIGHT, COURIER_BLOCKED };

struct courier_item {
    uint64_t key;     /* the envelope's number, perhaps with COURIER_RECOVERY */
    int64_t age_us;   /* oldest first by this, then by key */
    int64_t since_us; /* owed here since; or when it was sent last, in flight */
    uint32_t size_bytes;
    uint8_t class;                       /* 0 most urgent */
    uint8_t state;                       /* enum courier_state; assigned by courier_set() only */
    size_t place;                        /* in its heap */
    struct courier_item *before, *after; /* in flight, oldest first */
};

struct courier_heap {
    struct courier_item **items;
    size_t count, capacity;
};

struct courier {
    struct courier_heap queued[COURIER_CLASSES];
    struct courier_item *oldest, *newest; /* in flight */
    struct lookup items;
    size_t flying, blocked;
    uint64_t flying_bytes;
    uint32_t window_messages;
    uint64_t window_bytes;
    uint32_t picks;
};

/* With its credit: at most so many messages and bytes unanswered. Embedded by the caller. */
void courier_init(struct courier *courier, uint32_t window_messages, uint64_t window_bytes);
void courier_done(struct courier *courier);

/* What is owed: key, age, size and class (0 .. 2) of an item. */
struct courier_debt {
    uint64_t key;
    int64_t age_us;
    uint32_t size_bytes;
    uint8_t class;
};
/* Owes it from now on; nothing happens when it is owed already. ERR_NOMEM. */
int courier_owe(struct courier *courier, const struct courier_debt *debt, int64_t now_us) MUST_CHECK;
/* The debt is over, in whatever state; true when it was owed. */
bool courier_end(struct courier *courier, uint64_t key);
/* All debts, and those that wait for credit. */
size_t courier_count(const struct courier *courier);

/* The item that goes next, within credit: it is in flight from now on. False: nothing to send, or no credit left. */
bool courier_next(struct courier *courier, int64_t now_us, uint64_t *ret_key);
/* It could not be sent after all (its body is not at hand yet, memory): queued again. */
void courier_again(struct courier *courier, uint64_t key, int64_t now_us);
/* The member cannot read it: its credit is free, and it is not sent before courier_unblock(). */
void courier_block(struct courier *courier, uint64_t key);
/* Something changed for it; nothing happens unless it was blocked. */
void courier_unblock(struct courier *courier, uint64_t key, int64_t now_us);
void courier_unblock_all(struct courier *courier, int64_t now_us);
/* The session is over: all that flew is owed again. */
void courier_lost(struct courier *courier, int64_t now_us);
/* Queues again what flew for longer than COURIER_OVERDUE_US; how many. */
size_t courier_overdue(struct courier *courier, int64_t now_us);
/* Ends all debts. */
void courier_clear(struct courier *courier);

#endif
