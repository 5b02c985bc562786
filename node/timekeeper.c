/* timekeeper: the machine's clock without its jumps. Pure; never believes a jump that no relay confirms. */
#include "node/timekeeper.h"

#include <stddef.h>

#define CONFIRMED_US INT64_C(600000000) /* ten minutes: as close as a node's clock must be to be corrected */
#define WALK_PART 10

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

void timekeeper_init(struct timekeeper *keeper, int64_t floor_us)
{
    *keeper = (struct timekeeper){.floor_us = floor_us};
}

int64_t timekeeper_read(struct timekeeper *keeper, int64_t wall_us, int64_t steady_us, const int64_t *relays_us,
                        int64_t *ret_moved_us)
{
    *ret_moved_us = 0;
    if (!keeper->started) {
        keeper->started = true;
        keeper->time_us = wall_us > keeper->floor_us ? wall_us : keeper->floor_us;
        keeper->steady_us = steady_us;
        keeper->ahead_us = wall_us - keeper->time_us;
        return keeper->time_us;
    }
    int64_t passed_us = steady_us > keeper->steady_us ? steady_us - keeper->steady_us : 0;
    keeper->steady_us += passed_us;
    keeper->time_us += passed_us;
    int64_t apart_us = wall_us - keeper->time_us;
    if (distance(apart_us, 0) <= TIMEKEEPER_JUMP_US) {
        int64_t most_us = passed_us / WALK_PART;
        keeper->time_us += apart_us > most_us ? most_us : apart_us < -most_us ? -most_us : apart_us;
    } else if (relays_us != NULL) {
        int64_t theirs_us = keeper->time_us + *relays_us;
        if (distance(wall_us, theirs_us) < CONFIRMED_US &&
            distance(wall_us, theirs_us) < distance(keeper->time_us, theirs_us)) {
            *ret_moved_us = apart_us;
            keeper->time_us = wall_us;
        }
    }
    keeper->ahead_us = wall_us - keeper->time_us;
    return keeper->time_us;
}
