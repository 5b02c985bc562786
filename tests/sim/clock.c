/* clock: see the header. The steady clock of a machine is not here: it cannot be set. */
#include "tests/sim/clock.h"

void sim_clock_right(struct sim_clock *clock)
{
    *clock = (struct sim_clock){0};
}

void sim_clock_jump(struct sim_clock *clock, int64_t now_us, int64_t offset_us)
{
    *clock = (struct sim_clock){.offset_us = offset_us, .since_us = now_us};
}

void sim_clock_drift(struct sim_clock *clock, int64_t now_us, int32_t drift_ppm)
{
    int64_t offset_us = sim_clock_shows(clock, now_us) - now_us;
    *clock = (struct sim_clock){.offset_us = offset_us, .since_us = now_us, .drift_ppm = drift_ppm};
}

void sim_clock_swing(struct sim_clock *clock, int64_t by_us, int64_t each_us)
{
    *clock = (struct sim_clock){.swing_us = by_us, .swing_each_us = each_us};
}

int64_t sim_clock_shows(const struct sim_clock *clock, int64_t now_us)
{
    int64_t shows_us = now_us + clock->offset_us + (now_us - clock->since_us) / 1000000 * clock->drift_ppm;
    if (clock->swing_each_us > 0)
        shows_us += now_us / clock->swing_each_us % 2 ? clock->swing_us : -clock->swing_us;
    return shows_us;
}
