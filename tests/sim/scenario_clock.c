/* scenario_clock: clocks that are wrong. Passes when the checker finds nothing: a wrong clock may delay what its owner
 * sends, it loses, doubles and erases nothing. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

static void plan_nodes(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 3 * CLOCK_MINUTE_US, fault_clock_node, SIM_ALL);
}

static void plan_relays(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 10 * CLOCK_MINUTE_US, fault_clock_relay, SIM_ALL);
}

/* From its start to the end of the run one node believes that it is 1970. */
static void prepare_1970(struct sim *sim)
{
    sim_clock_jump(&sim->nodes[1].p.clock, sim->now_us, -sim->now_us + 1000000);
}

static void plan_1970(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
}

/* The roster expires while half of them are away, and a new one comes. */
static void new_roster(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    sim->roster_life_us = 120 * CLOCK_DAY_US;
    world_new_roster(sim);
}

static void prepare_short_roster(struct sim *sim)
{
    sim->roster_life_us = CLOCK_HOUR_US;
    world_sign_roster(sim);
}

static void plan_expiry(struct sim *sim, int64_t until_us)
{
    static const struct wire_faults cut = {.cut = true};
    work_plan(sim, until_us, 100);
    for (unsigned n = 0; n < sim->node_count; n += 2)
        net_faults(sim, n, SIM_ALL, &cut);
    sim_at(sim, sim->now_us + 4 * CLOCK_HOUR_US, new_roster, 0, 0);
}

const struct scenario scenarios_clock[] = {
    {.name = "clocks-of-nodes",
     .passes = "nodes' clocks: an hour on or back, 1970, swinging, drifting",
     .plan = plan_nodes,
     .hours = 4},
    {.name = "clocks-of-relays",
     .passes = "relays' clocks: an hour on or back, swinging",
     .plan = plan_relays,
     .hours = 4},
    {.name = "clock-1970",
     .passes = "a node that always believes it is 1970 still gets and shows all",
     .prepare = prepare_1970,
     .plan = plan_1970,
     .hours = 3},
    {.name = "roster-expires",
     .passes = "the roster expires while half of them are offline, and a new one comes",
     .prepare = prepare_short_roster,
     .plan = plan_expiry,
     .hours = 6},
    {.name = NULL},
};
