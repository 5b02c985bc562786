/* scenario_random: days of work, without faults and with all of them at once. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

static void plan_calm(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 12);
}

/* Faults come in the bouts of work, a few at once, and now and then in between. */
static void plan_random(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 12);
    for (int64_t at_us = sim->now_us; at_us < until_us; at_us += 2 * CLOCK_HOUR_US) {
        for (uint64_t i = 2 + rng_below(&sim->rng, 5); i > 0; i--) {
            int64_t when_us = at_us + rng_between(&sim->rng, 0, CLOCK_HOUR_US);
            if (when_us < until_us)
                sim_at(sim, when_us, faults_any, 0, 0);
        }
    }
    faults_every(sim, until_us, 3 * CLOCK_HOUR_US, fault_back_up, SIM_ALL);
}

/* Hardly a minute without one. */
static void plan_storm(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 200);
    faults_every(sim, until_us, 20 * CLOCK_SECOND_US, faults_any, SIM_ALL);
    faults_every(sim, until_us, 20 * CLOCK_MINUTE_US, fault_back_up, SIM_ALL);
}

/* A hole is asked about, answered and closed: thousands of questions are a number that nobody can ever bring. */
static const char *check_gaps(struct sim *sim)
{
    uint64_t days = 1 + (uint64_t)((sim->now_us - SIM_START_US) / CLOCK_DAY_US);
    return sim->stats.gaps > 100 * days ? "missing numbers are asked for over and over" : NULL;
}

const struct scenario scenarios_random[] = {
    {.name = "random",
     .passes = "every promise, whatever comes together over days, and no question without end",
     .plan = plan_random,
     .check = check_gaps},
    {.name = "calm",
     .passes = "work without any fault: nothing lost, nothing twice",
     .plan = plan_calm,
     .check = check_gaps},
    {.name = "storm", .passes = "faults three a minute, all kinds at once", .plan = plan_storm, .hours = 2},
    {.name = NULL},
};
