/* torture_relay: a real relay core with three members' frames under failing calls. */
#define WORLD_FOLDER "/dev/shm"
#include "../fuzz/fuzz.h"
#include "../unit/fixture.h"
#include "proto/card.h"
#include "proto/receipt.h"
#include "relay/relay.h"
#include "torture.h"

/* Only the relay's own calls fail, not the tests' around them. */
#define relay_receive(...) TORTURE_VOID(relay_receive(__VA_ARGS__))
#define relay_tick(...) TORTURE_VOID(relay_tick(__VA_ARGS__))
#define relay_free(...) TORTURE_VOID(relay_free(__VA_ARGS__))
#define relay_stop(...) TORTURE_VOID(relay_stop(__VA_ARGS__))
#define relay_gone(...) TORTURE_VOID(relay_gone(__VA_ARGS__))
#define relay_step(...) ((size_t)TORTURE_INT((int)relay_step(__VA_ARGS__)))
#define relay_new(...) TORTURE_INT(relay_new(__VA_ARGS__))
#define spool_open(...) TORTURE_INT(spool_open(__VA_ARGS__))
#define WORLD_AWAY() torture_off()
#define WORLD_BACK() torture_on()
#include "../unit/relay_world.h"

static struct world *world;
static struct world_alert alerts[3];

/* What every run does: two cases, grants that come later, answers, a close; and time for what is owed. */
static void play(void)
{
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++) {
        world->connection[i]++;
        world_hello(world, i);
        world_commit(world);
    }
    world_publish(world, &alerts[0]);
    world_commit(world);
    world_publish(world, &alerts[1]);
    world_send_grants(world, &alerts[0]);
    world_commit(world);
    world_receipt(world, 1, &alerts[0], HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_unreadable(world, 2, &alerts[1], HOTLINE__UNREADABLE_CODE__CODE__BAD_GRANT);
    world_commit(world);
    world_publish(world, &alerts[2]);
    world_receipt(world, 1, &alerts[2], HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
    world_pass(world, 6 * CLOCK_SECOND_US);
}

/* An envelope is accepted when an Accepted names it. */
static bool is_accepted(const struct world_alert *alert)
{
    for (size_t i = 0; i < world->frame_count; i++) {
        const struct world_frame *frame = &world->frames[i];
        if (frame->type != WIRE_ACCEPTED)
            continue;
        for (size_t at = 0; at + KEY_HASH_BYTES <= frame->len; at++)
            if (memcmp(frame->bytes + at, alert->sealed.hash.bytes, KEY_HASH_BYTES) == 0)
                return true;
    }
    return false;
}

static void set_path(void)
{
    snprintf(world->path, sizeof world->path, "%s/relay.db", torture_folder());
    world->failed = OK;
    world->now_us = FIXTURE_NOW;
}

/* What was accepted is written down beside the store, for the process after this one. */
static void say_accepted(void)
{
    long accepted = 0;
    for (size_t i = 0; i < 3; i++)
        accepted |= (long)is_accepted(&alerts[i]) << i;
    torture_note("accepted", accepted);
}

static void run(void)
{
    struct err_note note = {{0}};
    set_path();
    int error = world_try_start(world, roster_signed(world->fixture.roster), &note);
    if (error != OK) {
        CHECK(!torture_is_calm() && note.text[0] != '\0' ? true : error == ERR_NOMEM);
        world->relay = NULL;
        return;
    }
    play();
    say_accepted();
    CHECK(world->failed == OK || !torture_is_calm());
    world_stop(world);
    world_forget(world);
}

/* The relay starts again on what is there, still holds all that it accepted, and takes the rest. */
static void again(void)
{
    const long accepted = torture_noted("accepted");
    struct err_note note = {{0}};
    bool was[3] = {accepted & 1, accepted & 2, accepted & 4};
    set_path();
    int error = world_try_start(world, roster_signed(world->fixture.roster), &note);
    if (error != OK)
        fprintf(stderr, "%s: %s\n", err_name(error), note.text);
    CHECK(error == OK);
    size_t held = (size_t)relay_numbers(world->relay, world->now_us)->counters.held;
    fprintf(stderr, "accepted %d %d %d, held %zu\n", was[0], was[1], was[2], held);
    CHECK(held >= (size_t)((was[0] || was[2]) + was[1])); /* the third replaces the first */
    world_forget(world);
    play();
    CHECK(world->failed == OK);
    CHECK(is_accepted(&alerts[1]) && is_accepted(&alerts[2]));
    CHECK(relay_numbers(world->relay, world->now_us)->counters.held == 2);
    world_stop(world);
    world_forget(world);
}

int main(int argc, char **argv)
{
    static const struct torture_scenario scenarios[] = {{.name = "relay", .run = run, .again = again, .files = true}};
    void *state;
    fuzz_begin();
    CHECK(world_setup(&state) == 0);
    world = state;
    log_setup("torture", LOG_ERROR, LOG_LOGFMT);
    world->conf.disk_reserve_bytes = 0;
    world_stop(world);
    unlink(world->path);
    world_seal(world, &(struct world_case){.sender = 0, .case_id = 1}, &alerts[0]);
    world_grant(world, &alerts[0], 1);
    world_seal(world, &(struct world_case){.sender = 1, .case_id = 2, .country = "NL"}, &alerts[1]);
    world_grant(world, &alerts[1], 2);
    world_seal(world, &(struct world_case){.sender = 0, .case_id = 1, .revision = 2, .act = HOTLINE__ACT__CODE__CLOSE},
               &alerts[2]);
    world_grant(world, &alerts[2], 1);
    rmdir(world->folder);
    return torture_main(argc, argv, scenarios, 1);
}
