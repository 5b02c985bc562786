/*
 * timekeeper - a wall clock that runs evenly: the machine's clock, but for its jumps.
 *
 * Small differences are walked off, a tenth of the time that passes at most. A jump is followed only when the relays
 * say that it set the clock right; without their word the clock runs on as before. So a clock that is set to 1970, an
 * hour ahead or to and fro ends no case and silences no alarm.
 */
#ifndef NODE_TIMEKEEPER_H
#define NODE_TIMEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

#define TIMEKEEPER_JUMP_US INT64_C(60000000) /* a larger difference is a jump */

struct timekeeper {
    bool started;
    int64_t floor_us;           /* it is certainly later than this */
    int64_t time_us, steady_us; /* of the last reading */
    int64_t ahead_us;           /* the machine's clock less this one, at the last reading */
};

/* floor_us: what is signed as past, so that a machine that starts in 1970 does not believe it. */
void timekeeper_init(struct timekeeper *keeper, int64_t floor_us);
/* The time. relays_us: the relays' median less this clock; NULL: no relay's word. *ret_moved_us: by how much this
 * clock was set just now (0 nearly always); what is measured against it is to be set alike. */
int64_t timekeeper_read(struct timekeeper *keeper, int64_t wall_us, int64_t steady_us, const int64_t *relays_us,
                        int64_t *ret_moved_us);

#endif
