/* scenario_clone: one key, two stores. Passes when the checker finds nothing: what is owed to the member is in one of
 * the two, neither shows anything twice, nobody else is disturbed, and the people of one at least are told. */
#include "node/node_inner.h"
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#define CLONED 0
enum { TOLD };

static void prepare_clone(struct sim *sim)
{
    (void)world_clone(sim, CLONED);
}

static void comes(struct sim *sim, unsigned with_copy, unsigned unused)
{
    (void)unused;
    world_clone_comes(sim, sim->member_count, with_copy);
}

/* Whether one of the two knows of the other by now. */
static void look(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    const unsigned both[2] = {CLONED, sim->member_count};
    for (size_t i = 0; i < 2; i++) {
        const struct sim_node *node = &sim->nodes[both[i]];
        sim->noted[TOLD] += node->node != NULL && node->node->replaced_us != 0;
    }
}

/* Its operator ends it: who was replaced tries again after a minute. */
static void goes(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    proc_end(&sim->nodes[sim->member_count].p, DISK_KILLED);
    sim->nodes[sim->member_count].p.absent = true;
}

static void plan(struct sim *sim, int64_t until_us, bool with_copy)
{
    int64_t from_us = sim->now_us + 20 * CLOCK_MINUTE_US, over_us = until_us - 2 * CLOCK_MINUTE_US;
    work_plan(sim, until_us, 160);
    faults_every(sim, over_us, 4 * CLOCK_MINUTE_US, fault_cut, SIM_ALL);
    sim_at(sim, from_us, comes, with_copy, 0);
    /* Idle minutes are slept over, both of them too: they meet when the next ones are not. */
    for (int64_t at_us = from_us + 5 * CLOCK_MINUTE_US; at_us < over_us; at_us += 5 * CLOCK_MINUTE_US)
        sim_at(sim, at_us, look, 0, 0);
    sim_at(sim, over_us, goes, 0, 0);
}

static void plan_copy(struct sim *sim, int64_t until_us)
{
    plan(sim, until_us, true);
}

static void plan_empty(struct sim *sim, int64_t until_us)
{
    plan(sim, until_us, false);
}

static const char *check_clone(struct sim *sim)
{
    return sim->noted[TOLD] == 0 ? "neither of the two was told of the other" : NULL;
}

const struct scenario scenarios_clone[] = {
    {.name = "clone-of-a-disk",
     .passes =
         "a copy of a machine runs beside it: one of the two has what is owed, both are told, nobody else suffers",
     .prepare = prepare_clone,
     .plan = plan_copy,
     .check = check_clone,
     .hours = 2},
    {.name = "clone-with-an-empty-disk",
     .passes = "... and the same of one that starts with the key alone",
     .prepare = prepare_clone,
     .plan = plan_empty,
     .check = check_clone,
     .hours = 2},
    {.name = NULL},
};
