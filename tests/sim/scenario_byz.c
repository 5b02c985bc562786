/* scenario_byz: N-1 of N relays are hostile; relay-a is honest. Passes when the checker finds nothing: at most later,
 * nothing read, forged or shown twice, and whoever was connected to the honest one for 30 s has it. */
#include "tests/sim/byz.h"
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

static void turn_hostile(struct sim *sim, unsigned tricks)
{
    for (unsigned r = 1; r < sim->relay_count; r++) {
        struct history_event event = tap_blank(sim, HISTORY_RELAY);
        event.relay = sim->relays[r].p.name;
        history_add(&sim->history, event);
        sim->relays[r].byz = byz_relay_new(sim, r, tricks);
    }
}

#define PREPARE(name, tricks)                                                                                          \
    static void prepare_##name(struct sim *sim)                                                                        \
    {                                                                                                                  \
        turn_hostile(sim, tricks);                                                                                     \
    }
PREPARE(drop, BYZ_DROP)
PREPARE(replay, BYZ_REPLAY)
PREPARE(reorder, BYZ_REORDER)
PREPARE(withhold, BYZ_WITHHOLD)
PREPARE(truncate, BYZ_TRUNCATE)
PREPARE(mix, BYZ_MIX)
PREPARE(equivocate, BYZ_EQUIVOCATE)
PREPARE(all, BYZ_ALL)

/* Whoever publishes has a clock that is wrong by an hour from its start on; the relays' are right. */
static void prepare_ahead(struct sim *sim)
{
    turn_hostile(sim, BYZ_ALL);
    for (unsigned n = 0; n < sim->node_count; n++)
        sim_clock_jump(&sim->nodes[n].p.clock, sim->now_us, n % 2 ? CLOCK_HOUR_US : 2 * CLOCK_HOUR_US);
}

static void plan_alone(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
}

static void plan_with_faults(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 90 * CLOCK_SECOND_US, faults_any, SIM_ALL);
}

const struct scenario scenarios_byz[] = {
    {.name = "byz-drop",
     .passes = "two of three relays drop frames",
     .prepare = prepare_drop,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-replay",
     .passes = "... say old frames again, to anybody",
     .prepare = prepare_replay,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-reorder",
     .passes = "... change the order",
     .prepare = prepare_reorder,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-withhold",
     .passes = "... accept and deliver nothing",
     .prepare = prepare_withhold,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-truncate",
     .passes = "... cut and change bytes",
     .prepare = prepare_truncate,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-mix",
     .passes = "... put headers, bodies and grants of two envelopes together",
     .prepare = prepare_mix,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-equivocate",
     .passes = "... say one thing to one and another to the next",
     .prepare = prepare_equivocate,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-all", .passes = "... do all of it", .prepare = prepare_all, .plan = plan_alone, .hours = 2},
    {.name = "byz-ahead",
     .passes = "... do all of it, and every publisher's clock is an hour or two ahead: nothing comes later for it",
     .prepare = prepare_ahead,
     .plan = plan_alone,
     .hours = 2},
    {.name = "byz-faults",
     .passes = "... do all of it, while everything else fails, too",
     .prepare = prepare_all,
     .plan = plan_with_faults,
     .hours = 2},
    {.name = NULL},
};
