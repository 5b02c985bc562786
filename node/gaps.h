/*
 * gaps - the numbers that senders give to their cases for us: what is missing is a case that somebody withholds. Pure.
 *
 * Per (sender, store id): everything up to `upto` was met, and single numbers above it. Counting begins with the first
 * number met, so that a late joiner is no gap; 0 is unnumbered. A number never causes a refusal.
 */
#ifndef NODE_GAPS_H
#define NODE_GAPS_H

#include "proto/clock.h"
#include "proto/key.h"

#define GAP_AFTER_US CLOCK_MINUTE_US
#define GAP_DOUBLED 4       /* times: then every 16 minutes */
#define GAPS_ABOVE_MAX 1024 /* numbers met above the first hole; more of them are not remembered */

struct gap_source {
    char sender[LIMIT_ID_CHARS + 1];
    struct key_uuid store_id;
    uint64_t upto;
    uint64_t *above; /* met, ascending */
    size_t above_count;
    int64_t since_us; /* when the first hole was noticed; 0 none */
    int64_t asked_us; /* when it was last reported; 0 never */
    unsigned asked;   /* how often, since a hole closed */
};

struct gaps {
    struct gap_source *sources;
    size_t count;
};

void gaps_init(struct gaps *gaps);
void gaps_done(struct gaps *gaps);
/* A number was met (or declared void by its sender). True when upto moved: the source is worth saving. */
bool gaps_meet(struct gaps *gaps, const char *sender, const struct key_uuid *store_id, uint64_t number, int64_t now_us);
/* From a record. ERR_NOMEM. */
int gaps_restore(struct gaps *gaps, const char *sender, const struct key_uuid *store_id, uint64_t upto) MUST_CHECK;
/* NULL when nothing of this source was met. */
struct gap_source *gaps_find(const struct gaps *gaps, const char *sender, const struct key_uuid *store_id);
/* A hole is to be reported now: GAP_AFTER_US after it was noticed, then each time after twice as long, GAP_DOUBLED
 * times: a sender that has an answer gives it at once, and one that has none must not be asked for ever. */
bool gaps_is_due(const struct gap_source *source, int64_t now_us);
void gaps_reported(struct gap_source *source, int64_t now_us);
/* The missing numbers, ascending, at most cap; how many. */
size_t gaps_missing(const struct gap_source *source, uint64_t *out, size_t cap);

#endif
