/*
 * proc: processes. Each is a real core on a disk of its own; it can end between any two calls into it, at any step of
 * its disk, or right after it said a word. What it does while it is taken apart reaches nobody.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/node_inner.h"
#include "tests/sim/byz.h"
#include "tests/sim/sim.h"

#define TICK_US 200000
#define IDLE_TICK_US CLOCK_SECOND_US /* after AWAKE_US in which nobody said more than that it lives */
#define AWAKE_US (5 * CLOCK_SECOND_US)

static struct sim_node *node_of(struct sim_process *process)
{
    return &process->sim->nodes[process->index];
}

static struct sim_relay *relay_of(struct sim_process *process)
{
    return &process->sim->relays[process->index];
}

struct sim_process *proc_at(struct sim *sim, unsigned number)
{
    return number < sim->node_count ? &sim->nodes[number].p : &sim->relays[number - sim->node_count].p;
}

unsigned proc_count(const struct sim *sim)
{
    return sim->node_count + sim->relay_count;
}

static unsigned number_of(const struct sim_process *process)
{
    return process->is_relay ? process->sim->node_count + process->index : process->index;
}

int64_t proc_now(const struct sim_process *process)
{
    int64_t shows_us = sim_clock_shows(&process->clock, process->sim->now_us);
    struct node *node = process->is_relay ? NULL : process->sim->nodes[process->index].node;
    return node != NULL ? node_now(node, shows_us, proc_steady(process->sim)) : shows_us;
}

int64_t proc_steady(const struct sim *sim)
{
    return sim->now_us - SIM_START_US + CLOCK_HOUR_US;
}

bool proc_lives(const struct sim_process *process)
{
    return process->running && !process->failed && !process->stopped && !disk_has_ended(process->disk);
}

static void put(struct sim_process *process, unsigned kind, int64_t after_us)
{
    struct sim *sim = process->sim;
    struct event event = {.at_us = sim->now_us - sim->skipped_us + after_us,
                          .kind = kind,
                          .a = number_of(process),
                          .number = process->turn};
    events_put(&sim->live, event);
}

/* --- the cores' worlds --- */

static int send_of_node(struct sim_node *node, size_t slot, struct slice message)
{
    struct sim *sim = node->p.sim;
    if (!proc_lives(&node->p))
        return ERR_UNREACHABLE;
    const char *id = node_uplink(node->node, slot)->relay;
    for (unsigned r = 0; r < sim->relay_count; r++)
        if (strcmp(sim->relays[r].p.id, id) == 0)
            return net_from_node(node, r, message);
    return ERR_UNREACHABLE;
}

static int node_send(void *ctx, size_t slot, struct slice message)
{
    int error;
    PROC_OUT(error = send_of_node(ctx, slot, message));
    return error;
}

static void node_relays_changed(void *ctx)
{
    (void)ctx;
}

static void node_event(void *ctx, const struct node_event *event)
{
    struct sim_node *node = ctx;
    if (proc_lives(&node->p))
        PROC_OUT(tap_event(node, event));
}

static void say_broken(struct sim_process *process, const char *what, const char *why)
{
    char text[700];
    struct history_event event = tap_blank(process->sim, HISTORY_BROKEN);
    snprintf(text, sizeof text, "%s %s: %s", process->id, what, why);
    event.text = text;
    history_add(&process->sim->history, event);
}

static void core_failed(struct sim_process *process, int error, const char *text)
{
    if (process->running && !disk_has_ended(process->disk) && !process->expected_to_fail)
        say_broken(process, "stopped", text[0] ? text : err_name(error));
    process->failed = true;
}

void proc_crashed(struct sim_process *process)
{
    if (!process->expected_to_fail)
        say_broken(process, "ended by CHECK", "after memory had run out a while ago");
    process->crashed = process->failed = true;
}

static void node_failed(void *ctx, int error, const char *text)
{
    PROC_OUT(core_failed(&((struct sim_node *)ctx)->p, error, text));
}

static int relay_says(void *ctx, const struct session_peer *peer, struct slice frames)
{
    struct sim_relay *relay = ctx;
    int error = ERR_UNREACHABLE;
    if (proc_lives(&relay->p))
        PROC_OUT(error = net_from_relay(relay, peer, frames));
    return error;
}

static void relay_cuts(void *ctx, const struct session_peer *peer)
{
    struct sim_relay *relay = ctx;
    struct session_peer now = net_peer(relay->p.sim, peer->bytes[1] - 1u, relay->p.index);
    if (proc_lives(&relay->p) && memcmp(&now, peer, sizeof now) == 0)
        PROC_OUT(net_down(relay->p.sim, peer->bytes[1] - 1u, relay->p.index));
}

static void relay_admits(void *ctx, const struct roster *roster)
{
    (void)ctx;
    (void)roster;
}

static void relay_failed(void *ctx, int error, const char *text)
{
    PROC_OUT(core_failed(&((struct sim_relay *)ctx)->p, error, text));
}

static int64_t relay_now(void *ctx)
{
    return proc_now(&((struct sim_relay *)ctx)->p);
}

/* --- start --- */

/* What its operator put there: files of the day when it was first started, where nobody touches them. */
static bool has_old_files(const struct sim_process *process)
{
    return process->sim->files_stay && process->started_from == 0;
}

static const struct roster_trust *trust_of(const struct sim_process *process)
{
    return has_old_files(process) ? &process->sim->old_trust : &process->sim->trust;
}

static struct slice seed_of(const struct sim_process *process)
{
    return buf_slice(has_old_files(process) ? &process->sim->old_roster : &process->sim->roster_bytes);
}

static int open_node(struct sim_node *node, struct err_note *note)
{
    const char *subscriptions[3];
    struct node_setup setup = {.trust = *trust_of(&node->p),
                               .roster_seed = seed_of(&node->p),
                               .now_us = proc_now(&node->p),
                               .settings = {.deadline_delivered_us = CLOCK_MINUTE_US,
                                            .deadline_shown_us = 2 * CLOCK_MINUTE_US,
                                            .deadline_acknowledged_us = 5 * CLOCK_MINUTE_US,
                                            .encryption_key_life_us = 7 * CLOCK_DAY_US,
                                            .closed_after_ack_us = CLOCK_DAY_US,
                                            .closed_latest_us = 3 * CLOCK_DAY_US,
                                            .error_after_ack_us = CLOCK_HOUR_US,
                                            .error_latest_us = CLOCK_DAY_US,
                                            .disk_reserve_bytes = node->reserve_bytes,
                                            .subscriptions = subscriptions,
                                            .subscription_count = node->subscription_count},
                               .io = {node, node_send, node_relays_changed, node_event, node_failed}};
    for (size_t i = 0; i < node->subscription_count; i++)
        subscriptions[i] = node->subscription[i];
    PROC_OUT(setup.keys = world_node_keys(node, node->key_generation));
    int error = db_open(disk_path(node->p.disk), vault_schema(), node->p.id, note, &setup.db);
    if (error != OK) {
        key_set_free(setup.keys);
        return error;
    }
    return node_open(&setup, note, &node->node);
}

static int open_relay(struct sim_relay *relay, struct err_note *note)
{
    struct relay_setup setup = {.conf = &relay->conf,
                                .keys = relay->keys,
                                .trust = trust_of(&relay->p),
                                .seed = seed_of(&relay->p),
                                .now_us = proc_now(&relay->p),
                                .io = {relay_says, relay_cuts, relay_admits, relay_failed, relay_now, relay}};
    int error = spool_open(disk_path(relay->p.disk), relay->p.id, note, &setup.spool);
    return error != OK ? error : relay_new(&setup, note, &relay->relay);
}

/* A store that is damaged is replaced by an empty one, as an operator without a backup would. */
static void refused_to_start(struct sim_process *process, int error, const struct err_note *note)
{
    process->sim->stats.refused_starts++;
    bool damaged = error == ERR_CORRUPT || error == ERR_CRYPTO || error == ERR_MEMBER || error == ERR_KEY;
    if (process->memory.struck && damaged) /* an operator would put a backup in its place */
        say_broken(process, "calls its store damaged, but memory had run out", note->text);
    else if (!process->expected_to_fail && !process->memory.struck)
        say_broken(process, "does not start", note->text[0] ? note->text : err_name(error));
    process->running = false;
    process->sim->stats.short_of_memory += process->memory.struck;
    disk_end(process->disk, DISK_KILLED);
    if (damaged) {
        disk_wipe(process->disk);
        process->started_from = 1;
    }
    proc_start_after(process, rng_between(&process->sim->rng, 1000000, 5000000));
}

static int open_core(struct sim_process *process, struct err_note *note)
{
    return process->is_relay ? open_relay(relay_of(process), note) : open_node(node_of(process), note);
}

static void try_links(struct sim_process *process)
{
    struct sim *sim = process->sim;
    for (unsigned n = 0; n < sim->node_count; n++)
        for (unsigned r = 0; r < sim->relay_count; r++)
            if (process->is_relay ? r == process->index : n == process->index)
                net_try_soon(sim, n, r);
}

void proc_start(struct sim_process *process)
{
    struct err_note note = {{0}};
    if (process->running || process->absent)
        return;
    disk_start(process->disk);
    if (process->end_in_start != DISK_NEVER)
        disk_end_at(process->disk, process->end_in_start, process->end_in_start_how);
    process->end_in_start = DISK_NEVER;
    process->turn++;
    process->running = true;
    process->failed = process->crashed = process->stopped = process->commit_put = false;
    process->end_on_frame = 0;
    process->memory = process->memory_in_start;
    process->expected_to_fail |= process->memory.fails_at > 0;
    process->memory_in_start = (struct memory_use){0};
    if (!process->is_relay && node_of(process)->hostile) {
        try_links(process);
        return;
    }
    int error = ERR_NOMEM;
    PROC_INTO(process, error = open_core(process, &note));
    if (process->crashed)
        error = ERR_NOMEM;
    if (error != OK) {
        refused_to_start(process, error, &note);
        return;
    }
    process->sim->stats.starts++;
    process->expected_to_fail = process->frail || process->memory.fails_at > 0;
    if (process->is_relay)
        tap_relay_started(relay_of(process));
    else
        tap_node_started(node_of(process));
    process->started_from = 0;
    put(process, SIM_TICK, rng_between(&process->sim->rng, 0, TICK_US));
    try_links(process);
    proc_after(process);
}

static void start_planned(struct sim *sim, unsigned number, unsigned turn)
{
    struct sim_process *process = proc_at(sim, number);
    if (!process->running && process->turn == turn)
        proc_start(process);
}

void proc_start_after(struct sim_process *process, int64_t us)
{
    sim_after(process->sim, us, start_planned, number_of(process), process->turn);
}

/* --- end --- */

static void cut_links(struct sim_process *process)
{
    struct sim *sim = process->sim;
    for (unsigned n = 0; n < sim->node_count; n++)
        for (unsigned r = 0; r < sim->relay_count; r++)
            if (process->is_relay ? r == process->index : n == process->index)
                net_down(sim, n, r);
}

static void take_apart(struct sim_process *process)
{
    if (process->is_relay) {
        struct relay *relay = relay_of(process)->relay;
        relay_of(process)->relay = NULL;
        if (!process->crashed)
            PROC_INTO(process, relay_free(relay));
    } else {
        if (!process->crashed)
            PROC_INTO(process, node_close(node_of(process)->node));
        node_of(process)->node = NULL;
    }
}

void proc_end(struct sim_process *process, enum disk_end how)
{
    if (!process->running)
        return;
    disk_end(process->disk, how);
    process->running = false;
    process->sim->stats.ends++;
    process->sim->stats.short_of_memory += process->memory.struck;
    struct history_event event = tap_blank(process->sim, process->is_relay ? HISTORY_RELAY_STOP : HISTORY_STOP);
    *(process->is_relay ? &event.relay : &event.node) = process->name;
    history_add(&process->sim->history, event);
    cut_links(process);
    take_apart(process);
}

static void stop_core(struct sim_process *process)
{
    if (process->is_relay) {
        relay_stop(relay_of(process)->relay, proc_now(process));
        while (relay_step(relay_of(process)->relay) > 0)
            ;
    } else if (node_of(process)->node != NULL) {
        struct node *node = node_of(process)->node;
        do
            node_flush(node, proc_now(process), proc_steady(process->sim));
        while (store_step(vault_store(node_vault(node))) > 0);
    }
}

/* SIGTERM: what is decided reaches the disk, and Goodbye is said. */
void proc_stop(struct sim_process *process)
{
    if (!proc_lives(process))
        return;
    PROC_INTO(process, stop_core(process));
    proc_end(process, DISK_KILLED);
}

/* --- turns --- */

static void end_if_over(struct sim_process *process)
{
    if (!process->running || (!process->failed && !disk_has_ended(process->disk)))
        return;
    /* After a failed sync nobody knows what the kernel kept. */
    proc_end(process, disk_did_fail(process->disk) ? DISK_POWER_CUT : DISK_KILLED);
    proc_start_after(process, rng_between(&process->sim->rng, 500000, 8000000));
}

static void put_commit(struct sim_process *process)
{
    if (process->commit_put)
        return;
    process->commit_put = true;
    put(process, SIM_COMMIT, rng_between(&process->sim->rng, process->commit_least_us, process->commit_most_us));
}

void proc_after(struct sim_process *process)
{
    if (proc_lives(process) && !process->is_relay && node_of(process)->node != NULL)
        PROC_INTO(process, node_flush(node_of(process)->node, proc_now(process), proc_steady(process->sim)));
    end_if_over(process);
    if (process->running)
        put_commit(process);
}

static struct sim_process *of_event(struct sim *sim, const struct event *event)
{
    struct sim_process *process = proc_at(sim, event->a);
    return process->running && process->turn == event->number ? process : NULL;
}

/* A daemon looks at what is due five times a second. While nothing moves in the whole network, what is due then is due
 * in seconds or minutes: a look each second finds the same, and is most of what a simulated day costs. */
static int64_t tick_us(const struct sim *sim)
{
    bool idle = sim->now_us - sim->skipped_us - sim->moved_us > AWAKE_US;
    return idle && !sim->quiet ? IDLE_TICK_US : TICK_US;
}

void proc_tick(struct sim *sim, struct event *event)
{
    struct sim_process *process = of_event(sim, event);
    if (process == NULL)
        return;
    if (process->is_relay)
        PROC_INTO(process, relay_tick(relay_of(process)->relay, proc_now(process)));
    else
        PROC_INTO(process, node_tick(node_of(process)->node, proc_now(process), proc_steady(sim)));
    put(process, SIM_TICK, tick_us(sim));
    proc_after(process);
}

void proc_commit(struct sim *sim, struct event *event)
{
    struct sim_process *process = of_event(sim, event);
    if (process == NULL)
        return;
    process->commit_put = false;
    volatile size_t writes = 0;
    if (process->is_relay)
        PROC_INTO(process, writes = relay_step(relay_of(process)->relay));
    else
        PROC_INTO(process, writes = store_step(vault_store(node_vault(node_of(process)->node))));
    sim->stats.commits += writes > 0;
    if (writes > 0) {
        proc_after(process);
        return;
    }
    end_if_over(process);
}
