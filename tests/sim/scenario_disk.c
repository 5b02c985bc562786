/* scenario_disk: disks that fail, lie, are full, are gone or are old. Passes when the checker finds nothing; where a
 * store is lost, what the publisher still has must come again. */
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#define EACH (3 * CLOCK_MINUTE_US)

static void plan_with(struct sim *sim, int64_t until_us, sim_fn *fault, int64_t each_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, each_us, fault, SIM_ALL);
}

static void plan_errors(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_io_error, EACH / 6);
}

static void plan_full(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_disk_full, EACH / 2);
}

static void plan_room(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_no_room, EACH);
}

static void plan_slow(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_disk_slow, EACH / 4);
}

static void plan_relay_lost(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_lose_relay_disk, 2 * EACH);
}

static void lose_all(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)whom;
    for (unsigned r = 0; r < sim->relay_count; r++)
        fault_lose_relay_disk(sim, r, unused);
}

static void plan_all_relays_lost(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, lose_all, 8 * EACH);
}

static void plan_node_lost(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_lose_node_disk, 4 * EACH);
}

static void plan_relay_old(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_restore_relay, 2 * EACH);
    faults_every(sim, until_us, 2 * EACH, fault_back_up, SIM_ALL);
}

static void plan_node_old(struct sim *sim, int64_t until_us)
{
    plan_with(sim, until_us, fault_restore_node, 4 * EACH);
    faults_every(sim, until_us, 2 * EACH, fault_back_up, SIM_ALL);
}

/* Only one relay's disk is wrong: the other two are what the promise is about. */
static void plan_flips(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 2 * EACH, fault_flip, 0);
}

static void plan_node_flips(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, EACH, fault_flip_node, SIM_ALL);
}

static void plan_flips_on_the_way(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, EACH / 2, fault_flip_io, 0);
}

static void plan_shortened(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 2 * EACH, fault_shorten, 0);
}

const struct scenario scenarios_disk[] = {
    {.name = "io-errors",
     .passes = "writes, reads and syncs fail or are short at any call: the process stops, nothing is lost",
     .plan = plan_errors,
     .hours = 3},
    {.name = "disk-full",
     .passes = "the disk is full at any write, and has room again later",
     .plan = plan_full,
     .hours = 3},
    {.name = "disk-reserve",
     .passes = "a relay short of room refuses, and what it refused comes again",
     .plan = plan_room,
     .hours = 3},
    {.name = "disk-slow", .passes = "commits take seconds: nothing is said before them", .plan = plan_slow, .hours = 3},
    {.name = "relay-disk-lost",
     .passes = "a relay comes back empty and is filled by the publishers",
     .plan = plan_relay_lost,
     .hours = 3},
    {.name = "all-relay-disks-lost",
     .passes = "all relays come back empty at once: the outboxes lose nothing",
     .plan = plan_all_relays_lost,
     .hours = 3},
    {.name = "node-disk-lost",
     .passes = "a node comes back empty: it gets what is current, its own too",
     .plan = plan_node_lost,
     .hours = 3},
    {.name = "relay-restored",
     .passes = "a relay comes back with an old copy of its disk",
     .plan = plan_relay_old,
     .hours = 3},
    {.name = "node-restored",
     .passes = "a node comes back with an old backup, marked as one",
     .plan = plan_node_old,
     .hours = 3},
    {.name = "bit-flips",
     .passes = "bits of a relay's pages flip: it refuses to start or is as a hostile one",
     .plan = plan_flips,
     .hours = 3},
    {.name = "bit-flips-on-the-way",
     .passes = "bits flip between a running relay and its disk, reads end early: the same",
     .plan = plan_flips_on_the_way,
     .hours = 3},
    {.name = "node-bit-flips",
     .passes = "a bit of a node's store flips while it is down: it refuses to start, or nothing is changed",
     .plan = plan_node_flips,
     .hours = 3},
    {.name = "truncated", .passes = "a relay's files end early: the same", .plan = plan_shortened, .hours = 3},
    {.name = NULL},
};
