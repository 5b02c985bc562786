/*
 * quota - how much one member may send: token buckets of openings and of updates and replies. Pure.
 *
 * A bucket fills by its rate a minute and holds twice that. What a relay asked for, receipts, and the free closings are
 * outside: the caller does not ask.
 */
#ifndef RELAY_QUOTA_H
#define RELAY_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct quota {
    int64_t tokens_us; /* time saved up: one action costs a minute divided by the rate */
    int64_t filled_us; /* when it was counted last; 0: never, so full */
};

/* Takes one action at `per_minute`; false when the bucket is empty: *ret_wait_ms says when one will be there. */
bool quota_take(struct quota *quota, uint32_t per_minute, int64_t now_us, uint32_t *ret_wait_ms);

#endif
