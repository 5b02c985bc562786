/* scenario: the list of all, and how one is run. */
#include "tests/sim/scenario.h"

#include <string.h>
#include <time.h>

#include "proto/clock.h"
#include "tests/sim/checker.h"

static const struct scenario *const groups[] = {scenarios_random, scenarios_process, scenarios_disk,    scenarios_net,
                                                scenarios_clock,  scenarios_member,  scenarios_upgrade, scenarios_clone,
                                                scenarios_byz,    scenarios_control};

const struct scenario *scenario_at(size_t number)
{
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const struct scenario *one = groups[g]; one->name != NULL; one++)
            if (number-- == 0)
                return one;
    return NULL;
}

const struct scenario *scenario_named(const char *name)
{
    const struct scenario *one;
    for (size_t i = 0; (one = scenario_at(i)) != NULL; i++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

static void start_all(struct sim *sim)
{
    for (unsigned i = proc_count(sim); i > 0; i--)
        proc_start(proc_at(sim, i - 1));
    sim_run_for(sim, 15 * CLOCK_SECOND_US);
}

/* Faults end; all histories have 60 s to converge. */
static void end_run(struct sim *sim)
{
    sim_heal(sim);
    sim_run_for(sim, CLOCK_MINUTE_US);
    sim_look(sim);
}

struct scenario_result scenario_run(const struct scenario *scenario, const struct sim_shape *asked, double hours,
                                    FILE *talk, FILE *history)
{
    struct sim_shape shape = *asked;
    shape.relays = scenario->relays ? scenario->relays : shape.relays;
    shape.nodes = scenario->nodes ? scenario->nodes : shape.nodes;
    hours = scenario->hours ? scenario->hours : hours;
    clock_t began = clock();
    struct sim *sim = sim_new(&shape);
    if (scenario->prepare != NULL)
        scenario->prepare(sim);
    start_all(sim);
    int64_t until_us = sim->now_us + (int64_t)(hours * (double)CLOCK_HOUR_US);
    scenario->plan(sim, until_us);
    sim_run_until(sim, until_us);
    end_run(sim);
    struct checker_report report = checker_run(&sim->history, scenario->must_fail ? NULL : talk, 20);
    const char *wrong = scenario->check != NULL ? scenario->check(sim) : NULL;
    if (wrong == NULL && hours >= 2 && (report.accepted == 0 || report.views == 0 || report.owed == 0))
        wrong = "nothing was accepted, shown or owed: this run shows nothing";
    if (wrong != NULL && talk != NULL)
        fprintf(talk, "VIOLATION %s: %s\n", scenario->name, wrong);
    if (history != NULL)
        history_write(&sim->history, history);
    struct scenario_result result = {.passed = (report.violations > 0) == scenario->must_fail && wrong == NULL,
                                     .digest = sim->history.digest,
                                     .stats = sim->stats,
                                     .alerts = report.alerts,
                                     .accepted = report.accepted,
                                     .views = report.views,
                                     .receipts = report.receipts,
                                     .owed = report.owed};
    sim_free(sim);
    result.seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    return result;
}
