/* scenario_byz: N-1 of N relays are hostile; relay-a is honest. Passes when the checker finds nothing: at most later,
 * nothing read, forged or shown twice, and whoever was connected to the honest one for 30 s has it. */
#include <string.h>

#include "node/node_inner.h"
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
PREPARE(skip, BYZ_SKIP)
PREPARE(two_words, BYZ_TWO_WORDS | BYZ_WITHHOLD)
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

/* For minutes each member hears one relay alone, most of them a hostile one: its words stand until the others speak. */
static void plan_apart(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 12 * CLOCK_MINUTE_US, fault_cut_each_relay, SIM_ALL);
}

/* --- holes --- */

enum { SEEN }; /* noted: minutes in which some member's people see a hole */

static void honest_again(struct sim *sim, unsigned a, unsigned b)
{
    static const struct wire_faults none = {0};
    (void)a;
    (void)b;
    net_faults(sim, SIM_ALL, 0, &none);
}

static void cut_honest(struct sim *sim, unsigned a, unsigned b)
{
    static const struct wire_faults cut = {.cut = true};
    (void)a;
    (void)b;
    net_faults(sim, SIM_ALL, 0, &cut);
    sim_after(sim, 10 * CLOCK_MINUTE_US, honest_again, 0, 0);
}

static void look_for_holes(struct sim *sim, unsigned a, unsigned b)
{
    bool seen = false;
    (void)a;
    (void)b;
    for (unsigned n = 0; n < sim->member_count; n++) {
        const struct gaps *gaps = &sim->nodes[n].node->gaps;
        for (size_t i = 0; i < gaps->count; i++)
            seen |= gaps->sources[i].since_us != 0;
    }
    sim->noted[SEEN] += seen;
}

/* The honest one is away for minutes: what the two withhold is missed, asked for, and comes when it is back. */
static void plan_holes(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 480);
    faults_every(sim, until_us - 15 * CLOCK_MINUTE_US, 15 * CLOCK_MINUTE_US, cut_honest, 0);
    for (int64_t at_us = sim->now_us; at_us < until_us; at_us += CLOCK_MINUTE_US)
        sim_at(sim, at_us, look_for_holes, 0, 0);
}

static const char *check_holes(struct sim *sim)
{
    for (unsigned n = 0; n < sim->member_count; n++) {
        const struct gaps *gaps = &sim->nodes[n].node->gaps;
        for (size_t i = 0; i < gaps->count; i++)
            if (gaps->sources[i].since_us != 0)
                return "a hole is open, though all is well again";
    }
    return sim->noted[SEEN] < 5 ? "hardly anybody saw a hole" :
        sim->stats.gaps < 5     ? "hardly anybody asked for what was missing" :
                                  NULL;
}

static void plan_with_faults(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 90 * CLOCK_SECOND_US, faults_any, SIM_ALL);
}

/* The signed words on a roster that the authority never made, of this relay, and kept as proof of it. */
static bool has_proof(const struct sim_node *node, const struct sim_relay *relay)
{
    const struct evidence *evidence = &node->node->evidence;
    for (size_t i = 0; i < evidence->fact_count; i++)
        if (evidence->facts[i].kind == EVIDENCE_FORK && evidence->facts[i].proven &&
            strcmp(evidence->facts[i].who, relay->p.id) == 0)
            return true;
    return false;
}

/* Whoever was signed a roster that is not there has the proof; nobody has one of who never lied to it, and everybody
 * has the roster that the authority made. */
static const char *check_two_words(struct sim *sim)
{
    unsigned lied_to = 0;
    for (unsigned n = 0; n < sim->member_count; n++) {
        const struct sim_node *node = &sim->nodes[n];
        if (!key_hash_equal(roster_hash(node->node->directory.roster), &sim->roster_hash))
            return "somebody has another roster";
        for (unsigned r = 0; r < sim->relay_count; r++) {
            bool forked = sim->relays[r].byz != NULL && byz_relay_forked(sim->relays[r].byz, n);
            lied_to += forked;
            if (has_proof(node, &sim->relays[r]) != forked)
                return forked ? "the proof of a forked roster was not kept" :
                                "a relay is accused of what it never said";
        }
    }
    return lied_to < 3 ? "hardly anybody was signed two words" : NULL;
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
    {.name = "byz-skip",
     .passes = "... withhold the same alerts while the honest one is away: people see the hole, its sender is asked, "
               "calls nothing void that it owes, and every hole is closed in the end",
     .prepare = prepare_skip,
     .plan = plan_holes,
     .check = check_holes,
     .nodes = 5,
     .hours = 2},
    {.name = "byz-two-words",
     .passes = "... sign two members two different words on one roster, and one member two on one alert: none of it "
               "counts, and whoever was signed a roster that is not there keeps the proof",
     .prepare = prepare_two_words,
     .plan = plan_apart,
     .check = check_two_words,
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
