/* scenario_random: days of work, without faults and with all of them at once. */
#include "tests/sim/scenario.h"

static void plan_calm(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 12);
}

const struct scenario scenarios_random[] = {
    {.name = "calm", .passes = "work without any fault: nothing lost, nothing twice", .plan = plan_calm},
    {.name = NULL},
};
