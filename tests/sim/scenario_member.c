/* scenario_member: members that change, and members that attack. Passes when the checker finds nothing among the
 * others: nothing forged is shown, and the flood of one delays nobody beyond the promise. */
#include "tests/sim/byz.h"
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

static void plan_suspended(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 10 * CLOCK_MINUTE_US, fault_suspend, SIM_ALL);
}

/* In the middle of what goes on; and while wires fail. */
static void plan_withdrawn(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 2 * CLOCK_MINUTE_US, fault_cut, SIM_ALL);
    sim_at(sim, sim->now_us + CLOCK_HOUR_US, fault_withdraw, 1, 0);
    sim_at(sim, sim->now_us + 2 * CLOCK_HOUR_US, fault_withdraw, 4, 0);
}

/* Eight days, so that each renews its encryption key, while some are away. */
static void plan_rotation(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 8);
    faults_every(sim, until_us, 4 * CLOCK_HOUR_US, fault_cut, SIM_ALL);
    faults_every(sim, until_us, 8 * CLOCK_HOUR_US, fault_power, SIM_ALL);
}

static void plan_identities(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 20 * CLOCK_MINUTE_US, fault_new_identity, SIM_ALL);
}

static void subscribe(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    work_do(sim, (unsigned)rng_below(&sim->rng, sim->node_count), WORK_SUBSCRIBE);
}

static void plan_late_subscribers(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 40 * CLOCK_SECOND_US, subscribe, 0);
    faults_every(sim, until_us, 2 * CLOCK_MINUTE_US, fault_kill, SIM_ALL);
}

static void with_attacker(struct sim *sim, unsigned attacks)
{
    byz_member_turn(sim, 2, attacks, 700000);
}

static void prepare_flood(struct sim *sim)
{
    with_attacker(sim, BYZ_FLOOD);
}

static void prepare_collide(struct sim *sim)
{
    with_attacker(sim, BYZ_COLLIDE);
}

static void prepare_garbage(struct sim *sim)
{
    with_attacker(sim, BYZ_GARBAGE | BYZ_NOISE);
}

static void prepare_newer(struct sim *sim)
{
    with_attacker(sim, BYZ_NEWER);
}

static const char *check_newer(struct sim *sim)
{
    return sim->noted[0] < 5 ? "a peer of version 2 alone was hardly told that there is no common version" :
        sim->noted[1] > 0    ? "a peer of version 2 alone was let in" :
        sim->noted[2] < 5    ? "a peer of versions 1 and 2 was hardly let in" :
        sim->noted[3] < 5    ? "a frame with a field that nobody knows was hardly refused" :
                               NULL;
}

static void plan_attack(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 4 * CLOCK_MINUTE_US, fault_cut, SIM_ALL);
}

const struct scenario scenarios_member[] = {
    {.name = "suspended",
     .passes = "members are suspended and active again while they work",
     .plan = plan_suspended,
     .hours = 4},
    {.name = "withdrawn",
     .passes = "two members are withdrawn mid-flight: the others lose nothing",
     .plan = plan_withdrawn,
     .hours = 4},
    {.name = "keys-renewed",
     .passes = "nine days: each encryption key is renewed while some are away",
     .plan = plan_rotation,
     .hours = 216},
    {.name = "identities-renewed",
     .passes = "members get new identity and transport keys while they are away and others write to them",
     .plan = plan_identities,
     .hours = 4},
    {.name = "late-subscribers",
     .passes = "subscriptions change all the time: late ones get the open cases",
     .plan = plan_late_subscribers,
     .hours = 3},
    {.name = "member-floods",
     .passes = "a member floods: the others are served",
     .prepare = prepare_flood,
     .plan = plan_attack,
     .hours = 2},
    {.name = "member-collides",
     .passes = "a member says two things under one id: the first stays, nobody shows both",
     .prepare = prepare_collide,
     .plan = plan_attack,
     .hours = 2},
    {.name = "member-garbage",
     .passes = "a member signs garbage, and sends frames that are none",
     .prepare = prepare_garbage,
     .plan = plan_attack,
     .hours = 2},
    {.name = "newer-versions",
     .passes =
         "a program of a version to come: refused in words, welcome where it knows ours, nobody else notices",
     .prepare = prepare_newer,
     .plan = plan_attack,
     .check = check_newer,
     .hours = 2},
    {.name = NULL},
};
