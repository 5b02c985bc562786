/* faults: see the header. */
#include "tests/sim/faults.h"

#include <string.h>

#include "tests/sim/work.h"

static unsigned anyone(struct sim *sim, unsigned whom)
{
    return whom == SIM_ALL ? (unsigned)rng_below(&sim->rng, proc_count(sim)) : whom;
}

/* A relay's number among all; of the honest ones only. */
static struct sim_process *any_relay(struct sim *sim, unsigned whom)
{
    return &sim->relays[whom == SIM_ALL ? rng_below(&sim->rng, sim->relay_count) : whom].p;
}

static struct sim_process *any_node(struct sim *sim, unsigned whom)
{
    return &sim->nodes[whom == SIM_ALL ? rng_below(&sim->rng, sim->node_count) : whom].p;
}

static bool is_core(const struct sim_process *process)
{
    return process->is_relay || !process->sim->nodes[process->index].hostile;
}

static int64_t some_time(struct sim *sim, int64_t most_us)
{
    return rng_between(&sim->rng, CLOCK_SECOND_US / 2, most_us);
}

/* --- processes --- */

static void end_for_a_while(struct sim_process *process, enum disk_end how, int64_t most_us)
{
    if (!is_core(process) || !process->running)
        return;
    proc_end(process, how);
    proc_start_after(process, some_time(process->sim, most_us));
}

void fault_kill(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    /* Between two calls into it, or in the middle of what it writes. */
    if (rng_below(&sim->rng, 2) == 0)
        disk_end_at(process->disk, rng_below(&sim->rng, 200), DISK_KILLED);
    else
        end_for_a_while(process, DISK_KILLED, CLOCK_MINUTE_US);
}

void fault_power(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    if (rng_below(&sim->rng, 4) > 0)
        disk_end_at(process->disk, rng_below(&sim->rng, 200), DISK_POWER_CUT);
    else
        end_for_a_while(process, DISK_POWER_CUT, CLOCK_MINUTE_US);
}

/* Right after it said what makes another forget, or show: the named points. */
void fault_end_on_word(struct sim *sim, unsigned whom, unsigned unused)
{
    static const uint8_t of_relay[] = {WIRE_ACCEPTED, WIRE_TAKEN, WIRE_DELIVER, WIRE_RECEIPTS, WIRE_WELCOME};
    static const uint8_t of_node[] = {WIRE_PUBLISH, WIRE_RECEIPTS, WIRE_TAKEN, WIRE_GRANTS, WIRE_OFFER};
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    process->end_on_frame = (process->is_relay ? of_relay : of_node)[rng_below(&sim->rng, 5)];
    process->end_on_frame_how = rng_below(&sim->rng, 3) ? DISK_POWER_CUT : DISK_KILLED;
}

void fault_kill_relays(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)whom;
    (void)unused;
    for (unsigned r = 0; r < sim->relay_count; r++)
        end_for_a_while(&sim->relays[r].p, DISK_KILLED, 2 * CLOCK_MINUTE_US);
}

void fault_power_all(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)whom;
    (void)unused;
    for (unsigned i = 0; i < proc_count(sim); i++)
        end_for_a_while(proc_at(sim, i), DISK_POWER_CUT, 2 * CLOCK_MINUTE_US);
}

void fault_stop(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    if (!is_core(process) || !proc_lives(process))
        return;
    proc_stop(process);
    proc_start_after(process, some_time(sim, 10 * CLOCK_MINUTE_US));
}

/* SIGSTOP: nothing is read, nothing is said; the wires fill. Modelled as wires that go nowhere. */
void fault_freeze(struct sim *sim, unsigned whom, unsigned unused)
{
    fault_one_way(sim, whom, unused);
}

/* --- memory --- */

/* Any order of size: a start takes thousands, a frame tens. */
static uint64_t some_call(struct sim *sim)
{
    return 1 + rng_below(&sim->rng, UINT64_C(1) << rng_between(&sim->rng, 3, 13));
}

static void memory_again(struct sim *sim, unsigned whom, unsigned turn)
{
    struct sim_process *process = proc_at(sim, whom);
    if (process->turn == turn && process->memory.for_good)
        end_for_a_while(process, DISK_KILLED, CLOCK_SECOND_US);
}

void fault_memory(struct sim *sim, unsigned whom, unsigned unused)
{
    unsigned number = anyone(sim, whom);
    struct sim_process *process = proc_at(sim, number);
    struct memory_use fault = {.fails_at = some_call(sim), .for_good = rng_below(&sim->rng, 2)};
    (void)unused;
    if (!is_core(process) || !proc_lives(process))
        return;
    if (rng_below(&sim->rng, 4) == 0) {
        process->memory_in_start = fault;
        end_for_a_while(process, DISK_KILLED, CLOCK_SECOND_US);
        return;
    }
    process->expected_to_fail = true;
    process->memory.fails_at = process->memory.calls + fault.fails_at;
    process->memory.for_good = fault.for_good;
    sim_after(sim, some_time(sim, CLOCK_MINUTE_US), memory_again, number, process->turn);
}

/* --- disks --- */

void fault_io_error(struct sim *sim, unsigned whom, unsigned unused)
{
    static const enum disk_fault kinds[] = {DISK_WRITE_ERROR, DISK_SYNC_ERROR, DISK_SHORT_WRITE, DISK_READ_ERROR};
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    process->expected_to_fail = true;
    disk_fail(process->disk, kinds[rng_below(&sim->rng, 4)], rng_below(&sim->rng, 60),
              1 + (unsigned)rng_below(&sim->rng, 3));
}

static void room_again(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)unused;
    disk_heal(proc_at(sim, whom)->disk);
}

void fault_disk_full(struct sim *sim, unsigned whom, unsigned unused)
{
    unsigned number = anyone(sim, whom);
    struct sim_process *process = proc_at(sim, number);
    (void)unused;
    process->expected_to_fail = true;
    disk_fail(process->disk, DISK_FULL, rng_below(&sim->rng, 60), 1);
    sim_after(sim, some_time(sim, 5 * CLOCK_MINUTE_US), room_again, number, 0);
}

static void fast_again(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)unused;
    proc_at(sim, whom)->commit_most_us = 8000;
}

void fault_disk_slow(struct sim *sim, unsigned whom, unsigned unused)
{
    unsigned number = anyone(sim, whom);
    (void)unused;
    proc_at(sim, number)->commit_most_us = rng_between(&sim->rng, 100000, 4000000);
    sim_after(sim, some_time(sim, 5 * CLOCK_MINUTE_US), fast_again, number, 0);
}

static void enough_room(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)unused;
    sim->relays[whom].conf.disk_reserve_bytes = 1 << 20;
}

void fault_no_room(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_relay(sim, whom);
    (void)unused;
    sim->relays[process->index].conf.disk_reserve_bytes = INT64_MAX;
    sim_after(sim, some_time(sim, 5 * CLOCK_MINUTE_US), enough_room, process->index, 0);
}

void fault_lose_relay_disk(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_relay(sim, whom);
    (void)unused;
    proc_end(process, DISK_KILLED);
    disk_wipe(process->disk);
    process->started_from = 1;
    proc_start_after(process, some_time(sim, CLOCK_MINUTE_US));
}

void fault_lose_node_disk(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    (void)unused;
    if (!is_core(process))
        return;
    proc_end(process, DISK_KILLED);
    disk_wipe(process->disk);
    process->started_from = 1;
    proc_start_after(process, some_time(sim, CLOCK_MINUTE_US));
}

void fault_back_up(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = proc_at(sim, anyone(sim, whom));
    (void)unused;
    if (!proc_lives(process))
        return;
    disk_image_free(process->backup);
    process->backup = disk_copy(process->disk);
}

/* The files as they once were, as a snapshot of a machine brings them back. */
void fault_restore_relay(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_relay(sim, whom);
    (void)unused;
    if (process->backup == NULL) {
        fault_back_up(sim, sim->node_count + process->index, 0);
        return;
    }
    proc_end(process, DISK_KILLED);
    disk_restore(process->disk, process->backup);
    process->started_from = 2;
    proc_start_after(process, some_time(sim, CLOCK_MINUTE_US));
}

/* As `hotline db restore` does it: the copy knows that it is one. */
static void mark_restored(struct sim_process *process)
{
    struct err_note note = {{0}};
    struct db *db = NULL;
    disk_start(process->disk);
    CHECK(db_open(disk_path(process->disk), vault_schema(), process->id, &note, &db) == OK);
    CHECK(db_meta_set(db, "restored", slice_text("1")) == OK);
    db_close(db);
    disk_end(process->disk, DISK_KILLED);
}

void fault_restore_node(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    (void)unused;
    if (process->backup == NULL) {
        fault_back_up(sim, process->index, 0);
        return;
    }
    proc_end(process, DISK_KILLED);
    disk_restore(process->disk, process->backup);
    mark_restored(process);
    process->started_from = 2;
    proc_start_after(process, some_time(sim, CLOCK_MINUTE_US));
}

/* A relay whose disk lies is no honest relay any more: the others must do. */
static struct sim_process *distrust(struct sim *sim, unsigned relay)
{
    struct sim_process *process = any_relay(sim, relay);
    struct history_event event = tap_blank(sim, HISTORY_RELAY);
    event.relay = process->name;
    history_add(&sim->history, event);
    process->expected_to_fail = process->frail = true;
    return process;
}

static struct sim_process *damage(struct sim *sim, unsigned relay)
{
    struct sim_process *process = distrust(sim, relay);
    proc_end(process, DISK_KILLED);
    return process;
}

void fault_flip_io(struct sim *sim, unsigned relay, unsigned unused)
{
    static const enum disk_fault kinds[] = {DISK_FLIPPED_READ, DISK_FLIPPED_WRITE, DISK_SHORT_READ};
    struct sim_process *process = distrust(sim, relay);
    (void)unused;
    disk_fail(process->disk, kinds[rng_below(&sim->rng, 3)], rng_below(&sim->rng, 20),
              1 + (unsigned)rng_below(&sim->rng, 3));
    if (rng_below(&sim->rng, 2) == 0) /* most is read at a start, and checkpoints are written at an end */
        fault_stop(sim, sim->node_count + process->index, 0);
}

void fault_flip(struct sim *sim, unsigned relay, unsigned unused)
{
    struct sim_process *process = damage(sim, relay);
    (void)unused;
    for (unsigned i = 0; i < 3; i++)
        disk_flip_bit(process->disk);
    proc_start_after(process, some_time(sim, 5 * CLOCK_SECOND_US));
}

/* A node has no other: what is wrong must be told, and its operator puts an empty store in its place. */
void fault_flip_node(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    (void)unused;
    if (!is_core(process) || !process->running)
        return;
    process->expected_to_fail = process->frail = true;
    proc_end(process, DISK_KILLED);
    disk_flip_old_bit(process->disk);
    proc_start_after(process, some_time(sim, 5 * CLOCK_SECOND_US));
}

void fault_shorten(struct sim *sim, unsigned relay, unsigned unused)
{
    struct sim_process *process = damage(sim, relay);
    (void)unused;
    disk_shorten(process->disk, (unsigned)rng_below(&sim->rng, 2));
    proc_start_after(process, some_time(sim, 5 * CLOCK_SECOND_US));
}

/* --- wires --- */

static void wires_again(struct sim *sim, unsigned node, unsigned relay)
{
    static const struct wire_faults none = {0};
    if (!sim->quiet)
        net_faults(sim, node, relay, &none);
}

/* One wire, all of a node, or all of a relay; for a while. */
static void hurt_wires(struct sim *sim, unsigned whom, const struct wire_faults *faults, int64_t most_us)
{
    unsigned node = (unsigned)rng_below(&sim->rng, sim->node_count);
    unsigned relay = (unsigned)rng_below(&sim->rng, sim->relay_count);
    if (whom != SIM_ALL) {
        node = whom < sim->node_count ? whom : SIM_ALL;
        relay = whom < sim->node_count ? SIM_ALL : whom - sim->node_count;
    } else if (rng_below(&sim->rng, 3) == 0) {
        node = SIM_ALL;
    } else if (rng_below(&sim->rng, 2) == 0) {
        relay = SIM_ALL;
    }
    net_faults(sim, node, relay, faults);
    sim_after(sim, some_time(sim, most_us), wires_again, node, relay);
}

void fault_cut(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.cut = true};
    (void)unused;
    hurt_wires(sim, whom, &faults, rng_below(&sim->rng, 5) == 0 ? 4 * CLOCK_HOUR_US : 3 * CLOCK_MINUTE_US);
}

void fault_one_way(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.one_way = {false}};
    (void)unused;
    faults.one_way[rng_below(&sim->rng, 2)] = true;
    hurt_wires(sim, whom, &faults, 3 * CLOCK_MINUTE_US);
}

void fault_lossy(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.loss = (uint16_t)rng_below(&sim->rng, 301),
                                 .twice = (uint16_t)rng_below(&sim->rng, 200),
                                 .disorder = (uint16_t)rng_below(&sim->rng, 300),
                                 .delay_us = rng_between(&sim->rng, 0, 2000000)};
    (void)unused;
    hurt_wires(sim, whom, &faults, 3 * CLOCK_MINUTE_US);
}

void fault_late(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.delay_us = rng_between(&sim->rng, 500000, 5000000)};
    (void)unused;
    hurt_wires(sim, whom, &faults, 5 * CLOCK_MINUTE_US);
}

void fault_narrow(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.bytes_per_s = 1000};
    (void)unused;
    hurt_wires(sim, whom, &faults, 10 * CLOCK_MINUTE_US);
}

void fault_flapping(struct sim *sim, unsigned whom, unsigned unused)
{
    struct wire_faults faults = {.flap_us = rng_between(&sim->rng, 500000, 20000000)};
    (void)unused;
    hurt_wires(sim, whom, &faults, 5 * CLOCK_MINUTE_US);
}

void fault_cut_each_relay(struct sim *sim, unsigned whom, unsigned unused)
{
    static const struct wire_faults cut = {.cut = true};
    (void)whom;
    (void)unused;
    for (unsigned n = 0; n < sim->node_count; n++)
        for (unsigned r = 0; r < sim->relay_count; r++)
            if (n % sim->relay_count != r)
                net_faults(sim, n, r, &cut);
    sim_after(sim, some_time(sim, 10 * CLOCK_MINUTE_US), wires_again, SIM_ALL, SIM_ALL);
}

/* --- clocks --- */

static void right_again(struct sim *sim, unsigned whom, unsigned unused)
{
    (void)unused;
    sim_clock_right(&proc_at(sim, whom)->clock);
}

void fault_clock_node(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    (void)unused;
    switch (rng_below(&sim->rng, 5)) {
    case 0:
        sim_clock_jump(&process->clock, sim->now_us, CLOCK_HOUR_US);
        break;
    case 1:
        sim_clock_jump(&process->clock, sim->now_us, -CLOCK_HOUR_US);
        break;
    case 2:
        sim_clock_jump(&process->clock, sim->now_us, -sim->now_us + 1000000);
        break;
    case 3:
        sim_clock_swing(&process->clock, rng_between(&sim->rng, 1, 120) * CLOCK_SECOND_US, 3 * CLOCK_SECOND_US);
        break;
    default:
        sim_clock_drift(&process->clock, sim->now_us, (int32_t)rng_between(&sim->rng, -5000, 5000));
    }
    sim_after(sim, some_time(sim, 30 * CLOCK_MINUTE_US), right_again, process->index, 0);
}

void fault_clock_relay(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_relay(sim, whom);
    int64_t by_us = rng_below(&sim->rng, 2) ? CLOCK_HOUR_US : -CLOCK_HOUR_US;
    (void)unused;
    if (rng_below(&sim->rng, 4) == 0)
        sim_clock_swing(&process->clock, rng_between(&sim->rng, 1, 60) * CLOCK_SECOND_US, 2 * CLOCK_SECOND_US);
    else
        sim_clock_jump(&process->clock, sim->now_us, by_us);
    sim_after(sim, some_time(sim, 30 * CLOCK_MINUTE_US), right_again, sim->node_count + process->index, 0);
}

/* --- the authority --- */

static void active_again(struct sim *sim, unsigned node, unsigned unused)
{
    (void)unused;
    if (sim->nodes[node].standing != HOTLINE__STANDING__CODE__SUSPENDED)
        return;
    sim->nodes[node].standing = HOTLINE__STANDING__CODE__ACTIVE;
    world_new_roster(sim);
}

void fault_suspend(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    struct sim_node *node = &sim->nodes[process->index];
    (void)unused;
    if (node->standing != HOTLINE__STANDING__CODE__ACTIVE)
        return;
    node->standing = HOTLINE__STANDING__CODE__SUSPENDED;
    world_new_roster(sim);
    sim_after(sim, some_time(sim, 6 * CLOCK_HOUR_US), active_again, process->index, 0);
}

void fault_withdraw(struct sim *sim, unsigned node, unsigned unused)
{
    (void)unused;
    sim->nodes[node].standing = HOTLINE__STANDING__CODE__WITHDRAWN;
    world_new_roster(sim);
}

/* Once each: the roster names one former key of a member. The new key file is ready, the authority lists it, and the
 * old one is not started again. */
static void listed(struct sim *sim, unsigned node, unsigned unused)
{
    (void)unused;
    sim->nodes[node].key_generation++;
    world_new_roster(sim);
    proc_start_after(&sim->nodes[node].p, some_time(sim, 10 * CLOCK_MINUTE_US));
}

void fault_new_identity(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = any_node(sim, whom);
    (void)unused;
    if (!is_core(process) || !proc_lives(process) || sim->nodes[process->index].key_generation > 1)
        return;
    proc_stop(process);
    sim_after(sim, some_time(sim, 10 * CLOCK_MINUTE_US), listed, process->index, 0);
}

/* --- together --- */

void faults_any(struct sim *sim, unsigned a, unsigned b)
{
    static const struct {
        sim_fn *fn;
        unsigned weight;
        const char *name;
    } mix[] = {
#define FAULTS_ROW(name, weight) {fault_##name, weight, #name},
        FAULTS(FAULTS_ROW)
#undef FAULTS_ROW
    };
    uint64_t sum = 0;
    (void)a;
    (void)b;
    for (size_t i = 0; i < sizeof mix / sizeof mix[0]; i++)
        sum += mix[i].weight;
    uint64_t draw = rng_below(&sim->rng, sum);
    size_t i = 0;
    while (draw >= mix[i].weight)
        draw -= mix[i++].weight;
    if (sim->shape.verbose)
        fprintf(stderr, "%lld fault %s\n", (long long)(sim->now_us - SIM_START_US), mix[i].name);
    mix[i].fn(sim, SIM_ALL, 0);
}

void faults_every(struct sim *sim, int64_t until_us, int64_t each_us, sim_fn *fn, unsigned whom)
{
    for (int64_t at_us = sim->now_us + rng_between(&sim->rng, 0, each_us); at_us < until_us;
         at_us += rng_between(&sim->rng, each_us / 2, 3 * each_us / 2))
        sim_at(sim, at_us, fn, whom, 0);
}
