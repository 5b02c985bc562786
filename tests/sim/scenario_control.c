/* scenario_control: what the checker must find. When one of these passes, the others prove nothing. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

/* All disks say that they synced, and did not. */
static void prepare_lie(struct sim *sim)
{
    (void)sim;
    disks_lie(true);
}

static void plan_lie(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 2 * CLOCK_MINUTE_US, fault_power, SIM_ALL);
    faults_every(sim, until_us, 6 * CLOCK_MINUTE_US, fault_power_all, SIM_ALL);
}

static const char *check_lie(struct sim *sim)
{
    (void)sim;
    disks_lie(false);
    return NULL;
}

const struct scenario scenarios_control[] = {
    {.name = "control-lying-disks",
     .passes = "disks that do not sync: the checker must find what is lost",
     .prepare = prepare_lie,
     .plan = plan_lie,
     .check = check_lie,
     .hours = 3,
     .must_fail = true},
    {.name = NULL},
};
