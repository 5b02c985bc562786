/*
 * scenario - named runs: what is done and broken, and when it passes. A scenario plans, the program runs it for its
 * hours, heals everything, waits 60 s, looks, and asks the checker; what else must hold the scenario checks itself.
 */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "tests/sim/sim.h"
#include "tests/sim/work.h"

struct scenario {
    const char *name, *passes; /* when it passes: one sentence */
    /* Before anything runs: who is hostile, whose clock is wrong from the start. NULL: nothing. */
    void (*prepare)(struct sim *sim);
    /* All run and are connected: puts work and faults on the plan, up to until_us. */
    void (*plan)(struct sim *sim, int64_t until_us);
    /* After the last look: what is wrong, in words; NULL when it passes. NULL: the checker is all. */
    const char *(*check)(struct sim *sim);
    unsigned relays, nodes; /* 0: as asked for */
    unsigned hours;         /* of its own; 0: as asked for */
    bool must_fail;         /* a control: it passes when the checker finds something */
};

/* By number from 0; NULL beyond the last. */
const struct scenario *scenario_at(size_t number);
const struct scenario *scenario_named(const char *name);

struct scenario_result {
    bool passed;
    uint64_t digest; /* of the history */
    double seconds;  /* of the processor */
    struct sim_stats stats;
    size_t alerts, accepted, views, receipts, owed;
};
/* One seed. Violations are told on talk (NULL: nowhere). history: written there when not NULL. */
struct scenario_result scenario_run(const struct scenario *scenario, const struct sim_shape *shape, double hours,
                                    FILE *talk, FILE *history);

/* The groups. */
extern const struct scenario scenarios_random[], scenarios_process[], scenarios_disk[], scenarios_net[],
    scenarios_clock[], scenarios_member[], scenarios_upgrade[], scenarios_clone[], scenarios_byz[], scenarios_control[];

#endif
