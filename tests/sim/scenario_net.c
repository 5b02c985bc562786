/* scenario_net: wires. Passes when the checker finds nothing: whoever was connected for 30 s has it. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#define EACH (2 * CLOCK_MINUTE_US)

static void plan_with(struct sim *sim, int64_t until_us, sim_fn *fault)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, EACH, fault, SIM_ALL);
}

#define PLAN(name)                                                                                                     \
    static void plan_##name(struct sim *sim, int64_t until_us)                                                         \
    {                                                                                                                  \
        plan_with(sim, until_us, fault_##name);                                                                        \
    }
PLAN(cut)
PLAN(one_way)
PLAN(lossy)
PLAN(late)
PLAN(narrow)
PLAN(flapping)
PLAN(cut_each_relay)

/* All connections of all at once, again and again. */
static void storm(struct sim *sim, unsigned whom, unsigned unused)
{
    static const struct wire_faults cut = {.cut = true}, none = {0};
    (void)whom;
    (void)unused;
    net_faults(sim, SIM_ALL, SIM_ALL, &cut);
    net_faults(sim, SIM_ALL, SIM_ALL, &none);
}

static void plan_reconnect(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 20 * CLOCK_SECOND_US, storm, SIM_ALL);
}

const struct scenario scenarios_net[] = {
    {.name = "partition", .passes = "wires are cut for seconds to hours", .plan = plan_cut, .hours = 4},
    {.name = "one-way", .passes = "what goes one way is never seen", .plan = plan_one_way, .hours = 3},
    {.name = "lossy",
     .passes = "messages are lost (to 30 %), doubled, late and out of order",
     .plan = plan_lossy,
     .hours = 3},
    {.name = "late", .passes = "each message is up to 5 s late", .plan = plan_late, .hours = 3},
    {.name = "narrow",
     .passes = "8 kbit/s, photos included: a slow reader slows only itself",
     .plan = plan_narrow,
     .hours = 3},
    {.name = "flapping", .passes = "connections last seconds", .plan = plan_flapping, .hours = 3},
    {.name = "each-another-relay",
     .passes = "each node sees another relay alone, for minutes",
     .plan = plan_cut_each_relay,
     .hours = 3},
    {.name = "reconnect-storm",
     .passes = "40 nodes reconnect at once, three times a minute",
     .plan = plan_reconnect,
     .nodes = 40,
     .hours = 1},
    {.name = NULL},
};
