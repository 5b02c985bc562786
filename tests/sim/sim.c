/* sim: the two queues, sleep, healing, the last look. */
#include "tests/sim/sim.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "proto/seal.h"
#include "tests/sim/byz.h"
#include "tests/sim/work.h"

#define REST_US (100 * CLOCK_SECOND_US) /* nothing moved for so long: retries, gaps and alarms are through */
#define AWAKE_US (10 * CLOCK_SECOND_US)
#define SLEEP_MOST_US CLOCK_HOUR_US
#define SLEEP_LEAST_US (20 * CLOCK_SECOND_US)

/* --- life --- */

static void make_folder(struct sim *sim)
{
    snprintf(sim->folder, sizeof sim->folder, "/dev/shm/hotline-sim-XXXXXX");
    if (mkdtemp(sim->folder) != NULL)
        return;
    snprintf(sim->folder, sizeof sim->folder, "/tmp/hotline-sim-XXXXXX");
    CHECK(mkdtemp(sim->folder) != NULL);
}

struct sim *sim_new(const struct sim_shape *shape)
{
    struct sim *sim = calloc(1, sizeof *sim);
    CHECK(sim != NULL && shape->nodes <= SIM_NODES && shape->relays <= SIM_RELAYS && shape->relays > 0);
    sim->shape = *shape;
    sim->node_count = shape->nodes;
    sim->relay_count = shape->relays;
    rng_seed(&sim->rng, shape->seed);
    rng_split(&sim->rng, &sim->sodium_rng);
    rng_rule_sodium(&sim->sodium_rng);
    CHECK(seal_start() == OK);
    rng_split(&sim->rng, &sim->sodium_rng); /* the first start in a process drew from it */
    disks_install();
    disks_run_on_open("PRAGMA wal_autocheckpoint = 40");
    /* SQLite's own dice: salts of logs. */
    CHECK(sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(shape->seed % 100000 + 1), NULL) == SQLITE_OK);
    CHECK(wire_arena_init(&sim->arena) == OK);
    buf_init(&sim->roster_bytes);
    buf_init(&sim->old_roster);
    events_init(&sim->live);
    events_init(&sim->plan);
    history_init(&sim->history);
    sim->now_us = SIM_START_US;
    make_folder(sim);
    world_make(sim);
    sim->work = work_new(sim);
    return sim;
}

static void drop_events(struct events *events)
{
    while (events->count > 0) {
        struct event event = events_take(events);
        if (event.kind == SIM_MESSAGE)
            net_drop(&event);
        else
            free(event.thing);
    }
    events_done(events);
}

void sim_free(struct sim *sim)
{
    char path[300];
    for (unsigned i = 0; i < proc_count(sim); i++) {
        struct sim_process *process = proc_at(sim, i);
        proc_end(process, DISK_KILLED);
        snprintf(path, sizeof path, "%s", disk_path(process->disk));
        unlink(path);
        disk_free(process->disk);
        disk_image_free(process->backup);
    }
    for (unsigned r = 0; r < sim->relay_count; r++) {
        byz_relay_free(sim->relays[r].byz);
        key_set_free(sim->relays[r].keys);
    }
    rmdir(sim->folder);
    work_free(sim->work);
    drop_events(&sim->live);
    drop_events(&sim->plan);
    key_set_free(sim->authority);
    roster_free(sim->roster);
    buf_free(&sim->roster_bytes);
    buf_free(&sim->old_roster);
    wire_arena_done(&sim->arena);
    history_done(&sim->history);
    free(sim);
}

/* --- the queues --- */

struct planned {
    sim_fn *fn;
};

void sim_at(struct sim *sim, int64_t at_us, sim_fn *fn, unsigned a, unsigned b)
{
    struct planned *planned = malloc(sizeof *planned);
    CHECK(planned != NULL);
    planned->fn = fn;
    struct event event = {.at_us = at_us, .kind = SIM_PLANNED, .a = a, .b = b, .thing = planned};
    events_put(&sim->plan, event);
}

void sim_after(struct sim *sim, int64_t us, sim_fn *fn, unsigned a, unsigned b)
{
    sim_at(sim, sim->now_us + us, fn, a, b);
}

static void run_link_event(struct sim *sim, const struct event *event)
{
    struct sim_link *link = &sim->nodes[event->a].links[event->b];
    bool same = link->connection == event->number;
    switch (event->kind) {
    case SIM_TRY_LINK:
        net_up(sim, event->a, event->b);
        break;
    case SIM_FLAP:
    case SIM_SILENT_END:
        if (same)
            net_down(sim, event->a, event->b);
        break;
    case SIM_GONE: {
        struct sim_relay *relay = &sim->relays[event->b];
        struct session_peer peer = net_peer(sim, event->a, event->b);
        peer.bytes[2] = (uint8_t)event->number;
        peer.bytes[3] = (uint8_t)(event->number >> 8);
        peer.bytes[4] = (uint8_t)(event->number >> 16);
        if (proc_lives(&relay->p)) {
            PROC_INTO(&relay->p, relay_gone(relay->relay, &peer, proc_now(&relay->p)));
            proc_after(&relay->p);
        }
        break;
    }
    default:
        break;
    }
}

static void run_event(struct sim *sim, struct event *event)
{
    sim->stats.steps++;
    switch (event->kind) {
    case SIM_MESSAGE:
        net_arrive(sim, event);
        break;
    case SIM_TICK:
        proc_tick(sim, event);
        break;
    case SIM_COMMIT:
        proc_commit(sim, event);
        break;
    case SIM_PLANNED: {
        struct planned *planned = event->thing;
        planned->fn(sim, event->a, event->b);
        free(planned);
        break;
    }
    default:
        run_link_event(sim, event);
        break;
    }
}

/* Nothing moved for long, and the plan is far: the world's time goes on. */
static bool sleep_until(struct sim *sim, int64_t until_us)
{
    int64_t live_us = sim->now_us - sim->skipped_us;
    const struct event *planned = events_next(&sim->plan);
    int64_t to_us = planned != NULL && planned->at_us < until_us ? planned->at_us : until_us;
    int64_t by_us = to_us - sim->now_us;
    if (live_us - sim->moved_us < REST_US || live_us - sim->slept_us < AWAKE_US || by_us < SLEEP_LEAST_US || sim->quiet)
        return false;
    if (by_us > SLEEP_MOST_US)
        by_us = SLEEP_MOST_US;
    sim->now_us += by_us;
    sim->skipped_us += by_us;
    sim->slept_us = live_us;
    sim->stats.skips++;
    sim->stats.skipped_us += by_us;
    return true;
}

void sim_run_until(struct sim *sim, int64_t until_us)
{
    for (;;) {
        if (sleep_until(sim, until_us))
            continue;
        const struct event *live = events_next(&sim->live), *plan = events_next(&sim->plan);
        int64_t live_us = live != NULL ? live->at_us + sim->skipped_us : INT64_MAX;
        int64_t plan_us = plan != NULL ? plan->at_us : INT64_MAX;
        int64_t next_us = live_us < plan_us ? live_us : plan_us;
        if (next_us > until_us) {
            sim->now_us = until_us > sim->now_us ? until_us : sim->now_us;
            return;
        }
        struct event event = events_take(live_us < plan_us ? &sim->live : &sim->plan);
        if (next_us > sim->now_us)
            sim->now_us = next_us;
        run_event(sim, &event);
    }
}

void sim_run_for(struct sim *sim, int64_t us)
{
    sim_run_until(sim, sim->now_us + us);
}

/* --- the end --- */

void sim_heal(struct sim *sim)
{
    static const struct wire_faults none = {0};
    sim->quiet = true;
    for (unsigned i = 0; i < proc_count(sim); i++) {
        struct sim_process *process = proc_at(sim, i);
        sim_clock_right(&process->clock);
        process->end_on_frame = 0;
        process->memory.fails_at = 0;
        process->memory.for_good = false;
        process->memory_in_start = (struct memory_use){0};
        disk_end_at(process->disk, DISK_NEVER, DISK_KILLED);
        /* What failed may have failed for good: such a process is restarted. */
        if (process->running && disk_did_fail(process->disk))
            proc_end(process, DISK_POWER_CUT);
        disk_heal(process->disk);
        process->commit_most_us = 8000;
        proc_start(process);
        process->expected_to_fail = process->frail;
    }
    net_faults(sim, SIM_ALL, SIM_ALL, &none);
    history_add(&sim->history, tap_blank(sim, HISTORY_HEALED));
}

void sim_look(struct sim *sim)
{
    tap_sizes(sim);
    history_add(&sim->history, tap_blank(sim, HISTORY_LOOK));
    for (unsigned i = 0; i < sim->node_count; i++)
        if (!sim->nodes[i].hostile && proc_lives(&sim->nodes[i].p))
            tap_look(&sim->nodes[i]);
    history_add(&sim->history, tap_blank(sim, HISTORY_END));
}
