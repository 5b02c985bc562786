/*
 * clock of a simulated machine: what it shows when it is truly now_us. Right, set off, drifting, swinging, or at 1970.
 */
#ifndef TESTS_SIM_CLOCK_H
#define TESTS_SIM_CLOCK_H

#include <stdint.h>

struct sim_clock {
    int64_t offset_us;               /* at since_us */
    int64_t since_us;                /* true time from which it drifts */
    int32_t drift_ppm;               /* gains so many microseconds a second */
    int64_t swing_us, swing_each_us; /* 0: does not; it goes forth and back by swing_us at each such interval */
};

/* Shows the true time. */
void sim_clock_right(struct sim_clock *clock);
/* Off by so much from now on. */
void sim_clock_jump(struct sim_clock *clock, int64_t now_us, int64_t offset_us);
/* Gains from now on, from what it shows now. */
void sim_clock_drift(struct sim_clock *clock, int64_t now_us, int32_t drift_ppm);
void sim_clock_swing(struct sim_clock *clock, int64_t by_us, int64_t each_us);
int64_t sim_clock_shows(const struct sim_clock *clock, int64_t now_us);

#endif
