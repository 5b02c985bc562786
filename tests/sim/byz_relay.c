/*
 * byz_relay: stands between a real core and the wire, and has the relay's keys. What it signs is signed rightly; what
 * it does to the words of members can only be seen by those who check them.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/seal.h"
#include "tests/sim/byz.h"

#define KEPT 64
#define HELD 4

struct kept {
    unsigned node;
    uint8_t type;
    struct buf body;
};

struct byz_relay {
    struct sim *sim;
    unsigned relay, tricks;
    bool forked[SIM_NODES]; /* was signed a word on a roster that is not there */
    struct rng rng;
    struct kept kept[KEPT]; /* frames that were said: a ring */
    size_t kept_count;
    struct kept held[HELD]; /* frames that wait for later ones */
    struct wire_arena arena, other;
};

struct byz_relay *byz_relay_new(struct sim *sim, unsigned relay, unsigned tricks)
{
    struct byz_relay *byz = calloc(1, sizeof *byz);
    CHECK(byz != NULL && wire_arena_init(&byz->arena) == OK && wire_arena_init(&byz->other) == OK);
    byz->sim = sim;
    byz->relay = relay;
    byz->tricks = tricks;
    rng_split(&sim->rng, &byz->rng);
    return byz;
}

void byz_relay_free(struct byz_relay *byz)
{
    if (byz == NULL)
        return;
    for (size_t i = 0; i < KEPT; i++)
        buf_free(&byz->kept[i].body);
    for (size_t i = 0; i < HELD; i++)
        buf_free(&byz->held[i].body);
    wire_arena_done(&byz->arena);
    wire_arena_done(&byz->other);
    free(byz);
}

static bool plays(struct byz_relay *byz, enum byz_trick trick, unsigned permille)
{
    return !byz->sim->quiet && (byz->tricks & trick) && rng_permille(&byz->rng, permille);
}

static void put(struct byz_relay *byz, unsigned node, uint8_t type, struct slice body)
{
    struct buf out;
    if (!byz->sim->nodes[node].links[byz->relay].up)
        return;
    buf_init(&out);
    buf_add_u32le(&out, (uint32_t)body.len + 1);
    buf_add_u8(&out, type);
    buf_add_slice(&out, body);
    if (plays(byz, BYZ_TRUNCATE, 80))
        out.len = 1 + (size_t)rng_below(&byz->rng, out.len);
    if (plays(byz, BYZ_TRUNCATE, 80))
        out.data[rng_below(&byz->rng, out.len)] ^= (uint8_t)(1u << rng_below(&byz->rng, 8));
    net_put(byz->sim, node, byz->relay, true, buf_slice(&out));
    buf_free(&out);
}

static void keep(struct kept *kept, unsigned node, uint8_t type, struct slice body)
{
    kept->node = node;
    kept->type = type;
    buf_clear(&kept->body);
    buf_add_slice(&kept->body, body);
    CHECK(!buf_broken(&kept->body));
}

/* An old frame again: to whoever it was for, or to somebody else. */
static void replay(struct byz_relay *byz)
{
    size_t count = byz->kept_count < KEPT ? byz->kept_count : KEPT;
    if (count == 0)
        return;
    const struct kept *old = &byz->kept[rng_below(&byz->rng, count)];
    unsigned node = plays(byz, BYZ_MIX, 500) ? (unsigned)rng_below(&byz->rng, byz->sim->node_count) : old->node;
    put(byz, node, old->type, buf_slice(&old->body));
}

static void *unpack(struct wire_arena *arena, const ProtobufCMessageDescriptor *descriptor, struct slice bytes)
{
    ProtobufCMessage *message = NULL;
    wire_arena_clear(arena);
    return wire_unpack(descriptor, bytes, arena, NULL, &message) == OK ? message : NULL;
}

static void say(struct byz_relay *byz, unsigned node, uint8_t type, const ProtobufCMessage *message)
{
    struct buf body;
    buf_init(&body);
    wire_pack(message, &body);
    CHECK(!buf_broken(&body));
    put(byz, node, type, buf_slice(&body));
    buf_free(&body);
}

/* Header, body, signature or grants of two envelopes exchanged. */
static bool mix(struct byz_relay *byz, unsigned node, struct slice body)
{
    Hotline__Deliver *one = unpack(&byz->arena, &hotline__deliver__descriptor, body);
    size_t count = byz->kept_count < KEPT ? byz->kept_count : KEPT;
    for (size_t i = 0; one != NULL && i < count; i++) {
        const struct kept *old = &byz->kept[(i + rng_below(&byz->rng, count)) % count];
        if (old->type != WIRE_DELIVER)
            continue;
        Hotline__Deliver *two = unpack(&byz->other, &hotline__deliver__descriptor, buf_slice(&old->body));
        if (two == NULL)
            continue;
        switch (rng_below(&byz->rng, 4)) {
        case 0:
            one->envelope->body = two->envelope->body;
            break;
        case 1:
            one->envelope->header = two->envelope->header;
            break;
        case 2:
            one->envelope->signature = two->envelope->signature;
            break;
        default:
            one->envelope->n_grants = two->envelope->n_grants;
            one->envelope->grants = two->envelope->grants;
        }
        say(byz, node, WIRE_DELIVER, &one->base);
        return true;
    }
    return false;
}

/* "Everybody is connected", "nobody is", and counts that are not so. */
static bool equivocate(struct byz_relay *byz, unsigned node, uint8_t type, struct slice body)
{
    if (type == WIRE_WELCOME) {
        Hotline__Welcome *welcome = unpack(&byz->arena, &hotline__welcome__descriptor, body);
        if (welcome == NULL)
            return false;
        welcome->held_count = rng_below(&byz->rng, 50);
        welcome->clock_us += rng_between(&byz->rng, -CLOCK_HOUR_US, CLOCK_HOUR_US);
        say(byz, node, type, &welcome->base);
        return true;
    }
    if (type == WIRE_PRESENCE) {
        Hotline__Presence *presence = unpack(&byz->arena, &hotline__presence__descriptor, body);
        for (size_t i = 0; presence != NULL && i < presence->n_members; i++)
            WIRE_SET(presence->members[i], connected, rng_below(&byz->rng, 2) != 0);
        if (presence != NULL)
            say(byz, node, type, &presence->base);
        return presence != NULL;
    }
    return false;
}

/* --- two words, each signed and valid alone --- */

/* All members by name, and all left out. */
struct words {
    char *names[SIM_NODES], why[10];
    Hotline__LeftOut rows[SIM_NODES], *list[SIM_NODES];
};

static void fill_words(struct sim *sim, struct words *words)
{
    snprintf(words->why, sizeof words->why, "WITHDRAWN");
    for (unsigned i = 0; i < sim->member_count; i++) {
        hotline__left_out__init(&words->rows[i]);
        words->rows[i].member = words->names[i] = sim->nodes[i].p.id;
        words->rows[i].why = words->why;
        words->list[i] = &words->rows[i];
    }
}

/* As if everybody had been granted it and were there; or as if all were withdrawn. */
static void make_word(const struct byz_relay *byz, Hotline__AcceptedBatch *batch, bool generous, struct words *words)
{
    for (size_t i = 0; i < batch->n_acceptances; i++) {
        Hotline__Acceptance *acceptance = batch->acceptances[i];
        acceptance->n_granted = acceptance->n_present = generous ? byz->sim->member_count : 0;
        acceptance->n_left_out = generous ? 0 : byz->sim->member_count;
        acceptance->granted = acceptance->present = words->names;
        acceptance->left_out = words->list;
    }
}

static void sign_word(struct byz_relay *byz, unsigned node, Hotline__AcceptedBatch *batch)
{
    Hotline__Accepted accepted = HOTLINE__ACCEPTED__INIT;
    struct buf out;
    buf_init(&out);
    if (receipt_sign_accepted(batch, byz->sim->relays[byz->relay].keys, &out) == OK)
        accepted.accepted = unpack(&byz->arena, &hotline__signed_accepted__descriptor, buf_slice(&out));
    if (accepted.accepted != NULL)
        say(byz, node, WIRE_ACCEPTED, &accepted.base);
    buf_free(&out);
}

/* Members with an odd number are signed another roster of this version than the even ones; and each of them hears, of
 * its own alert, what the other half hears of theirs, and now and then both. */
static bool two_words(struct byz_relay *byz, unsigned node, struct slice body)
{
    const Hotline__Accepted *accepted = unpack(&byz->arena, &hotline__accepted__descriptor, body);
    Hotline__AcceptedBatch *batch = accepted == NULL ?
        NULL :
        unpack(&byz->other, &hotline__accepted_batch__descriptor, wire_slice(accepted->accepted->batch));
    struct words words;
    if (batch == NULL)
        return false;
    fill_words(byz->sim, &words);
    if (node % 2 == 1) {
        batch->roster_hash.data[0] ^= 1;
        byz->forked[node] = true;
    }
    make_word(byz, batch, node % 2 == 0, &words);
    sign_word(byz, node, batch);
    if (plays(byz, BYZ_TWO_WORDS, 500)) {
        make_word(byz, batch, node % 2 == 1, &words);
        sign_word(byz, node, batch);
    }
    return true;
}

bool byz_relay_forked(const struct byz_relay *byz, unsigned node)
{
    return byz->forked[node];
}

static bool is_victim(const struct byz_relay *byz, unsigned node)
{
    return (byz->tricks & BYZ_WITHHOLD) && !byz->sim->quiet && node % 3 != 0;
}

/* Relays that play together withhold the same ones. */
static bool is_skipped(struct byz_relay *byz, const struct wire_frame *frame)
{
    if (!(byz->tricks & BYZ_SKIP) || byz->sim->quiet || frame->type != WIRE_DELIVER)
        return false;
    const Hotline__Deliver *deliver = unpack(&byz->arena, &hotline__deliver__descriptor, frame->body);
    return deliver != NULL && deliver->envelope->signature.data[0] % 2 == 1;
}

static void let_go(struct byz_relay *byz)
{
    for (size_t i = 0; i < HELD; i++) {
        struct kept *held = &byz->held[i];
        if (held->type != 0 && (byz->sim->quiet || rng_below(&byz->rng, 4) == 0)) {
            put(byz, held->node, held->type, buf_slice(&held->body));
            held->type = 0;
        }
    }
}

static bool hold_back(struct byz_relay *byz, unsigned node, uint8_t type, struct slice body)
{
    struct kept *held = &byz->held[rng_below(&byz->rng, HELD)];
    if (held->type != 0)
        return false;
    keep(held, node, type, body);
    return true;
}

static void pass_on(struct byz_relay *byz, unsigned node, const struct wire_frame *frame)
{
    bool said = false;
    if (plays(byz, BYZ_REPLAY, 150) && frame->type != WIRE_PULSE)
        replay(byz);
    if ((is_victim(byz, node) && (frame->type == WIRE_DELIVER || frame->type == WIRE_RECEIPTS)) ||
        is_skipped(byz, frame) || plays(byz, BYZ_DROP, 300))
        return;
    if (plays(byz, BYZ_MIX, 300) && frame->type == WIRE_DELIVER)
        said = mix(byz, node, frame->body);
    if (!said && frame->type == WIRE_ACCEPTED && plays(byz, BYZ_TWO_WORDS, 800))
        said = two_words(byz, node, frame->body);
    if (!said && plays(byz, BYZ_EQUIVOCATE, 400))
        said = equivocate(byz, node, frame->type, frame->body);
    if (!said && plays(byz, BYZ_REORDER, 300))
        said = hold_back(byz, node, frame->type, frame->body);
    if (!said)
        put(byz, node, frame->type, frame->body);
    if (frame->type != WIRE_PULSE && frame->type != WIRE_PRESENCE)
        keep(&byz->kept[byz->kept_count++ % KEPT], node, frame->type, frame->body);
}

void byz_relay_says(struct byz_relay *byz, unsigned node, struct slice bytes)
{
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK)
        pass_on(byz, node, &frame);
    let_go(byz);
}

/* Signs that it has what it never kept, for everybody, all of them connected. */
static void accept_falsely(struct byz_relay *byz, unsigned node, const Hotline__Publish *publish)
{
    struct sim *sim = byz->sim;
    struct sim_relay *relay = &sim->relays[byz->relay];
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT, *list[1] = {&acceptance};
    struct key_hash body = seal_hash(wire_slice(publish->envelope->body));
    struct key_hash hash = seal_hash2(wire_slice(publish->envelope->header), slice_of(body.bytes, sizeof body.bytes));
    char *names[SIM_NODES];
    struct buf out;
    for (unsigned i = 0; i < sim->node_count; i++)
        names[i] = sim->nodes[i].p.id;
    WIRE_SET_BYTES(&acceptance, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    acceptance.n_granted = acceptance.n_present = sim->node_count;
    acceptance.granted = acceptance.present = names;
    batch.relay = relay->p.id;
    batch.sender = sim->nodes[node].p.id;
    WIRE_SET(&batch, at_us, sim->now_us);
    WIRE_SET(&batch, roster_version, sim->roster_version);
    WIRE_SET_BYTES(&batch, roster_hash, sim->roster_hash.bytes, KEY_HASH_BYTES);
    batch.n_acceptances = 1;
    batch.acceptances = list;
    buf_init(&out);
    Hotline__Accepted accepted = HOTLINE__ACCEPTED__INIT;
    if (receipt_sign_accepted(&batch, relay->keys, &out) == OK)
        accepted.accepted = unpack(&byz->other, &hotline__signed_accepted__descriptor, buf_slice(&out));
    if (accepted.accepted != NULL)
        say(byz, node, WIRE_ACCEPTED, &accepted.base);
    buf_free(&out);
}

bool byz_relay_hears(struct byz_relay *byz, unsigned node, struct slice bytes)
{
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    if (plays(byz, BYZ_DROP, 200))
        return false;
    if (!plays(byz, BYZ_EQUIVOCATE, 300))
        return true;
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        if (frame.type != WIRE_PUBLISH)
            continue;
        const Hotline__Publish *publish = unpack(&byz->arena, &hotline__publish__descriptor, frame.body);
        if (publish != NULL)
            accept_falsely(byz, node, publish);
        return false;
    }
    return true;
}
