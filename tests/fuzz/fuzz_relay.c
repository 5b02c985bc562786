/*
 * fuzz_relay: a sequence of frames into a real relay core: three members' sessions, time, reconnections, restarts. What
 * members say is mutated inside and signed again (fuzz_steps.h).
 */
#define WORLD_FOLDER "/dev/shm"
#include "../unit/relay_world.h"

#include "fuzz_steps.h"

static struct world *world;
static struct fuzz_dresser dresser;

static void start_world(void)
{
    void *state;
    CHECK(world_setup(&state) == 0);
    world = state;
    fuzz_remove_at_exit(world->folder);
    world->conf.disk_reserve_bytes = 0;
}

/* An empty store, the clock at its beginning, the first roster. */
static void start_over(void)
{
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", world->path);
    unlink(world->path);
    unlink(wal);
    world->now_us = FIXTURE_NOW;
    world->failed = OK;
    memset(world->connection, 0, sizeof world->connection);
    world_start(world);
    world_hello_all(world);
}

static void take_frame(const struct fuzz_step *step, unsigned member)
{
    struct session_peer peer = world_peer(world, member);
    struct buf message;
    buf_init(&message);
    dresser.who = dresser.from = world->fixture.member[member];
    dresser.flags = step->flags & ~(unsigned)FUZZ_SEAL;
    dresser.refer = step->refer;
    struct slice body = fuzz_dressed(&dresser, step->what, step->bytes);
    if (body.len <= LIMIT_FRAME_BYTES) {
        buf_add_u32le(&message, (uint32_t)body.len + 1);
        buf_add_u8(&message, step->what);
        buf_add_slice(&message, body);
        relay_receive(world->relay, &peer, world->fixture.member[member]->id, buf_slice(&message), world->now_us);
    }
    buf_free(&message);
}

static void pass(struct slice bytes)
{
    struct cursor input = cursor_of(bytes);
    uint32_t ms = cursor_u32le(&input);
    world_pass(world, (int64_t)(ms % (90u * 86400u * 1000u)) * 1000 + 1);
}

static void take_step(const struct fuzz_step *step)
{
    unsigned member = step->who % FIXTURE_MEMBERS;
    struct session_peer peer = world_peer(world, member);
    switch (step->what) {
    case FUZZ_DO_PASS:
        pass(step->bytes);
        break;
    case FUZZ_DO_RECONNECT:
        if (step->refer & 1)
            relay_gone(world->relay, &peer, world->now_us);
        world->connection[member]++;
        break;
    case FUZZ_DO_RESTART:
        world_stop(world);
        world_start(world);
        break;
    case FUZZ_DO_RAW:
        relay_receive(world->relay, &peer, world->fixture.member[member]->id, step->bytes, world->now_us);
        break;
    default:
        take_frame(step, member);
        break;
    }
    if (step->refer & 0x80)
        return; /* more before the disk answers */
    world_commit(world);
    if (world->frame_count > WORLD_FRAMES / 2)
        world_forget(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    struct fuzz_step step;
    fuzz_begin();
    if (world == NULL) {
        start_world();
        world_stop(world);
    }
    start_over();
    fuzz_dresser_start(&dresser);
    dresser.roster = world->fixture.roster;
    for (int steps = 0; steps < FUZZ_STEPS && !cursor_at_end(&input) && fuzz_next_step(&input, &step); steps++) {
        take_step(&step);
        CHECK(world->failed == OK);
    }
    (void)relay_numbers(world->relay, world->now_us);
    world_pass(world, CLOCK_SECOND_US);
    relay_stop(world->relay, world->now_us);
    world_stop(world);
    world_forget(world);
    return 0;
}
