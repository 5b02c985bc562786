/* scenario_process: processes that end. Each passes when the checker finds nothing: nothing accepted is lost, each is
 * shown once, a receipt exists if and only if its row is durable, and all agree 60 s after the last fault. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#define EACH (3 * CLOCK_MINUTE_US)
#define DENSE 160 /* bouts a day: one every nine minutes */

static void plan_with(struct sim *sim, int64_t until_us, sim_fn *fault, int64_t each_us)
{
    work_plan(sim, until_us, DENSE);
    faults_every(sim, until_us, each_us, fault, SIM_ALL);
}

static void plan_kill(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_kill, EACH / 6);
}

static void kill_a_relay(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)whom;
    fault_kill(sim, sim->node_count + (unsigned)rng_below(&sim->rng, sim->relay_count), unused);
}

static void plan_kill_relay(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, kill_a_relay, EACH / 3);
}

static void plan_words(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_end_on_word, EACH / 8);
}

static void plan_relays(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_kill_relays, 2 * EACH);
}

static void plan_power(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_power, EACH / 8);
}

static void plan_power_all(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_power_all, 2 * EACH);
}

static void plan_stop(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_stop, EACH / 4);
}

/* Whoever has a case erases it within minutes, and dies while it does. */
static void plan_erasure(struct sim *sim, int64_t until_us)
{
    for (int64_t at_us = sim->now_us; at_us < until_us; at_us += CLOCK_DAY_US)
        work_plan(sim, until_us, 20);
    faults_every(sim, until_us, 20 * CLOCK_MINUTE_US, fault_power, SIM_ALL);
}

static void plan_memory(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_memory, EACH / 12);
}

static void plan_memory_and_wires(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_memory, EACH / 6);
    faults_every(sim, until_us, EACH, fault_lossy, SIM_ALL);
    faults_every(sim, until_us, EACH, fault_power, SIM_ALL);
}

/* Without AddressSanitizer, whose memory never fails. */
static const char *check_memory(struct sim *sim)
{
    return memory_can_fail() && sim->stats.short_of_memory < 20 ? "hardly an allocation failed" : NULL;
}

const struct scenario scenarios_process[] = {
    {.name = "kill",
     .passes = "kill -9 of anybody at any instant, also half-way in a write",
     .plan = plan_kill,
     .hours = 3},
    {.name = "kill-relay", .passes = "kill -9 of a relay at any instant", .plan = plan_kill_relay, .hours = 3},
    {.name = "kill-at-word",
     .passes = "the end right after Accepted, Taken, Deliver, Receipts, Publish, Grants",
     .plan = plan_words,
     .hours = 3},
    {.name = "kill-all-relays", .passes = "all relays at once", .plan = plan_relays, .hours = 3},
    {.name = "power", .passes = "one loses its power at any step of its disk", .plan = plan_power, .hours = 3},
    {.name = "power-all", .passes = "all lose their power at once", .plan = plan_power_all, .hours = 3},
    {.name = "stop", .passes = "clean stops and starts", .plan = plan_stop, .hours = 3},
    {.name = "erasure",
     .passes = "power goes while cases are erased: what is erased stays so, the rest stays whole",
     .plan = plan_erasure,
     .hours = 60},
    {.name = "memory",
     .passes =
         "an allocation fails in anybody, once or from then on until its restart, also in a start: nothing is lost",
     .plan = plan_memory,
     .check = check_memory,
     .hours = 2},
    {.name = "memory-and-wires",
     .passes = "... while wires lose and power goes",
     .plan = plan_memory_and_wires,
     .check = check_memory,
     .hours = 2},
    {.name = NULL},
};
