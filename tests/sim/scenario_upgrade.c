/* scenario_upgrade: what changes under a network that goes on: the stores' schema, the authority's keys, the protocol.
 * Passes when the checker finds nothing, and when what was to change has changed. */
#include <sqlite3.h>
#include <string.h>

#include "node/directory.h"
#include "node/node_inner.h"
#include "relay/relay_inner.h"
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

/* --- a store of the version before, with all that is in it --- */

/* Its database, stopped, as any tool opens it; these disks have no shared memory, so nobody else may. */
static sqlite3 *open_store(struct sim_process *process)
{
    sqlite3 *handle = NULL;
    CHECK(sqlite3_open(disk_path(process->disk), &handle) == SQLITE_OK);
    CHECK(sqlite3_exec(handle, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK);
    return handle;
}

static int schema_of(sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    int version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return version;
}

/* As the program before left it: a relay knew no attachments, a node's tables were the same. */
static void make_older(struct sim_process *process)
{
    sqlite3 *handle = open_store(process);
    if (process->is_relay && schema_of(handle) == 2)
        CHECK(sqlite3_exec(handle, "DROP TABLE blob_chunks; DROP TABLE blobs", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_exec(handle, "PRAGMA user_version = 1", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(handle);
}

#define STEPS_OF_A_START 16 /* of its disk, about: the migration is among them */
enum { ENDED_BEFORE, ENDED_AFTER, CAME_THROUGH };

/* Stops, is put back to the older schema with all that it holds, and dies at some step of the start that migrates it.
 */
static void upgrade(struct sim *sim, unsigned whom, unsigned unused)
{
    struct sim_process *process = proc_at(sim, (unsigned)rng_below(&sim->rng, proc_count(sim)));
    (void)whom;
    (void)unused;
    if (!proc_lives(process))
        return;
    proc_stop(process);
    disk_start(process->disk);
    make_older(process);
    disk_end(process->disk, DISK_KILLED);
    process->end_in_start = rng_below(&sim->rng, STEPS_OF_A_START);
    process->end_in_start_how = rng_below(&sim->rng, 2) ? DISK_POWER_CUT : DISK_KILLED;
    proc_start(process);
    if (process->running) {
        sim->noted[CAME_THROUGH]++;
        return;
    }
    disk_start(process->disk);
    sqlite3 *handle = open_store(process);
    sim->noted[schema_of(handle) == 1 ? ENDED_BEFORE : ENDED_AFTER]++;
    sqlite3_close(handle);
    disk_end(process->disk, DISK_KILLED);
}

static void plan_migration(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 40 * CLOCK_SECOND_US, upgrade, SIM_ALL);
}

static const char *check_migration(struct sim *sim)
{
    if (sim->noted[ENDED_BEFORE] < 10 || sim->noted[ENDED_AFTER] < 10)
        return "the starts did not end on both sides of the migration's commit";
    return NULL;
}

/* --- the authority's keys --- */

static void change_authority(struct sim *sim, unsigned a, unsigned b)
{
    (void)a;
    (void)b;
    world_new_authority(sim);
}

/* Three times, so that who was away may be two changes behind; some are away each time, relays among them. */
static void plan_authority(struct sim *sim, int64_t until_us)
{
    work_plan(sim, until_us, 160);
    faults_every(sim, until_us, 2 * CLOCK_MINUTE_US, fault_cut, SIM_ALL);
    faults_every(sim, until_us, 3 * CLOCK_MINUTE_US, fault_power, SIM_ALL);
    faults_every(sim, until_us, 30 * CLOCK_MINUTE_US, fault_suspend, SIM_ALL);
    for (unsigned i = 1; i <= 3; i++)
        sim_at(sim, sim->now_us + i * CLOCK_HOUR_US, change_authority, 0, 0);
}

static const char *check_authority(struct sim *sim)
{
    for (unsigned i = 0; i < sim->node_count; i++)
        if (proc_lives(&sim->nodes[i].p) && roster_version(sim->nodes[i].node->directory.roster) != sim->roster_version)
            return "a node has not the roster that is in force";
    for (unsigned i = 0; i < sim->relay_count; i++)
        if (proc_lives(&sim->relays[i].p) &&
            roster_version(sim->relays[i].relay->registry.roster) != sim->roster_version)
            return "a relay has not the roster that is in force";
    return NULL;
}

const struct scenario scenarios_upgrade[] = {
    {.name = "migration-killed",
     .passes = "stores of the schema before, full, are migrated by starts that die at any step: whole, before or after",
     .plan = plan_migration,
     .check = check_migration,
     .hours = 2},
    {.name = "authority-renewed",
     .passes =
         "the authority's keys change three times, by old and new, while some are away: all follow by the network",
     .plan = plan_authority,
     .check = check_authority,
     .hours = 4},
    {.name = NULL},
};
