/* byz_member: a real member's keys in hostile hands. Speaks to every relay by hand-made frames. */
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "proto/seal.h"
#include "tests/sim/byz.h"

/* What it is made of; one per hostile node. */
struct attacker {
    struct key_set *keys;
    struct key_box encryption;
    struct key_uuid store;
    unsigned attacks;
    int64_t each_us;
    uint32_t greeted[SIM_RELAYS]; /* the connection that heard Hello */
};

static struct attacker attackers[SIM_NODES];

static void say(struct sim *sim, unsigned node, unsigned relay, enum wire_type type, const ProtobufCMessage *message)
{
    struct buf out;
    buf_init(&out);
    wire_add(&out, type, message);
    CHECK(!buf_broken(&out));
    net_put(sim, node, relay, false, buf_slice(&out));
    buf_free(&out);
}

static void hello(struct sim *sim, unsigned node, unsigned relay)
{
    struct attacker *self = &attackers[node];
    Hotline__Hello frame = HOTLINE__HELLO__INIT;
    Hotline__RosterName roster = HOTLINE__ROSTER_NAME__INIT;
    /* Of a program to come: every other time it knows ours no more. */
    uint32_t protocol[2] = {1, 2};
    bool alone = self->attacks & BYZ_NEWER && self->greeted[relay] % 2;
    struct card card;
    struct card_draft draft = {.serial = (uint64_t)sim->now_us / 1000000,
                               .store_id = self->store,
                               .encryption_key = self->encryption,
                               .not_after_us = sim->now_us + 7 * CLOCK_DAY_US,
                               .software = "hostile 1"};
    CHECK(card_make(self->keys, &draft, &card) == OK);
    wire_arena_clear(&sim->arena);
    CHECK(card_view(&card, &sim->arena, &frame.card) == OK);
    frame.n_protocol = self->attacks & BYZ_NEWER && !alone ? 2 : 1;
    frame.protocol = alone ? protocol + 1 : protocol;
    WIRE_SET(&roster, version, sim->roster_version);
    WIRE_SET_BYTES(&roster, hash, sim->roster_hash.bytes, KEY_HASH_BYTES);
    frame.roster = &roster;
    say(sim, node, relay, WIRE_HELLO, &frame.base);
    card_done(&card);
}

/* An envelope with a valid signature, an id of its own choice, and a body that nobody can open. */
static void publish_garbage(struct sim *sim, unsigned node, unsigned relays, const struct key_uuid *id,
                            uint32_t revision)
{
    struct attacker *self = &attackers[node];
    struct sim_node *victim = &sim->nodes[rng_below(&sim->rng, sim->node_count)];
    Hotline__EnvelopeHeader header = HOTLINE__ENVELOPE_HEADER__INIT;
    Hotline__CaseName name = HOTLINE__CASE_NAME__INIT;
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    Hotline__Probe body = HOTLINE__PROBE__INIT;
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant = HOTLINE__GRANT__INIT, *grants[1] = {&grant}, own = HOTLINE__GRANT__INIT;
    uint8_t junk[ENVELOPE_GRANT_BOX_BYTES];
    char *countries[1] = {victim->p.country};
    struct envelope_sealed sealed = {0};
    WIRE_SET_BYTES(&header, id, id->bytes, KEY_UUID_BYTES);
    header.sender = name.opener = self->keys->id;
    WIRE_SET_BYTES(&name, case_id, id->bytes, KEY_UUID_BYTES);
    header.case_name = &name;
    route.n_countries = 1;
    route.countries = countries;
    header.route = &route;
    WIRE_SET_BYTES(&header, store_id, self->store.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&header, sending_key, self->encryption.bytes, KEY_BYTES);
    WIRE_SET(&header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(&header, status, HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(&header, revision, revision);
    WIRE_SET(&header, act, revision > 1 ? HOTLINE__ACT__CODE__UPDATE : HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&header, sent_at_us, sim->now_us);
    WIRE_SET(&header, expires_at_us, sim->now_us + CLOCK_DAY_US);
    WIRE_SET(&header, roster_version, sim->roster_version);
    WIRE_SET_BYTES(&header, roster_hash, sim->roster_hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&body, number, rng_next(&sim->rng) >> 8);
    if (envelope_seal(&header, &body.base, &self->keys->identity_secret, &sealed) != OK)
        return;
    rng_fill(&sim->rng, junk, sizeof junk);
    grant.member = victim->p.id;
    own.member = self->keys->id;
    for (unsigned i = 0; i < 2; i++) {
        Hotline__Grant *one = i ? &own : &grant;
        WIRE_SET_BYTES(one, key_id, junk, KEY_ID_BYTES);
        WIRE_SET_BYTES(one, nonce, junk, 24);
        WIRE_SET_BYTES(one, box, junk, ENVELOPE_GRANT_BOX_BYTES);
    }
    WIRE_SET_BYTES(&envelope, header, sealed.header.data, sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, sealed.body.data, sealed.body.len);
    envelope.n_grants = 1;
    envelope.grants = grants;
    envelope.self_grant = &own;
    publish.envelope = &envelope;
    struct history_event event = tap_blank(sim, HISTORY_HOSTILE);
    event.hash = tap_hash(&sealed.hash);
    history_add(&sim->history, event);
    for (unsigned r = 0; r < sim->relay_count; r++)
        if (relays >> r & 1)
            say(sim, node, r, WIRE_PUBLISH, &publish.base);
    envelope_sealed_done(&sealed);
}

static void collide(struct sim *sim, unsigned node)
{
    struct key_uuid id = seal_uuid(sim->now_us, NULL);
    for (unsigned r = 0; r < sim->relay_count; r++)
        publish_garbage(sim, node, 1u << r, &id, 1);
    publish_garbage(sim, node, UINT32_MAX, &id, UINT32_MAX / 2);
}

static void noise(struct sim *sim, unsigned node)
{
    uint8_t bytes[700];
    size_t len = 1 + rng_below(&sim->rng, sizeof bytes - 1);
    rng_fill(&sim->rng, bytes, len);
    if (rng_below(&sim->rng, 2)) { /* a frame by its length and type, with nothing sensible in it */
        uint32_t inner = (uint32_t)len - 4;
        if (len < 6)
            return;
        memcpy(bytes, &inner, 4);
        bytes[4] = (uint8_t)(1 + rng_below(&sim->rng, WIRE_TYPE_MAX));
    }
    net_put(sim, node, (unsigned)rng_below(&sim->rng, sim->relay_count), false, slice_of(bytes, len));
}

/* A Publish that begins with a field of a schema to come; and now and then a new connection, to say Hello anew. */
static void newer(struct sim *sim, unsigned node)
{
    static const uint8_t frame[] = {4, 0, 0, 0, WIRE_PUBLISH, 0x80, 0x7d, 1};
    for (unsigned r = 0; r < sim->relay_count; r++)
        net_put(sim, node, r, false, slice_of(frame, sizeof frame));
    if (rng_below(&sim->rng, 20) == 0)
        net_down(sim, node, (unsigned)rng_below(&sim->rng, sim->relay_count));
}

void byz_member_hears(struct sim *sim, unsigned node, unsigned relay, struct slice bytes)
{
    const struct attacker *self = &attackers[node];
    bool alone = self->greeted[relay] % 2;
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    while (self->attacks & BYZ_NEWER && !cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        ProtobufCMessage *message = NULL;
        wire_arena_clear(&sim->arena);
        sim->noted[alone ? 1 : 2] += frame.type == WIRE_WELCOME;
        sim->noted[3] += frame.type == WIRE_REFUSED;
        if (frame.type == WIRE_GOODBYE &&
            wire_unpack(&hotline__goodbye__descriptor, frame.body, &sim->arena, NULL, &message) == OK)
            sim->noted[0] +=
                alone && ((Hotline__Goodbye *)(void *)message)->code == HOTLINE__GOODBYE_CODE__CODE__VERSION;
    }
}

static void attack(struct sim *sim, unsigned node, unsigned unused)
{
    struct attacker *self = &attackers[node];
    (void)unused;
    if (sim->quiet) {
        key_set_free(self->keys);
        self->keys = NULL;
        return;
    }
    for (unsigned r = 0; r < sim->relay_count; r++) {
        const struct sim_link *link = &sim->nodes[node].links[r];
        if (link->up && self->greeted[r] != link->connection) {
            self->greeted[r] = link->connection;
            hello(sim, node, r);
        }
    }
    unsigned which = 1u << rng_below(&sim->rng, 4);
    if (which & self->attacks & BYZ_FLOOD)
        for (unsigned i = 0; i < 20; i++) {
            struct key_uuid id = seal_uuid(sim->now_us, NULL);
            publish_garbage(sim, node, UINT32_MAX, &id, 1);
        }
    if (which & self->attacks & BYZ_COLLIDE)
        collide(sim, node);
    if (which & self->attacks & BYZ_GARBAGE) {
        struct key_uuid id = seal_uuid(sim->now_us, NULL);
        publish_garbage(sim, node, UINT32_MAX, &id, 1 + (uint32_t)rng_below(&sim->rng, 5));
    }
    if (self->attacks & BYZ_NEWER)
        newer(sim, node);
    if (which & self->attacks & BYZ_NOISE)
        noise(sim, node);
    sim_after(sim, self->each_us, attack, node, 0);
}

void byz_member_turn(struct sim *sim, unsigned node, unsigned attacks, int64_t each_us)
{
    struct attacker *self = &attackers[node];
    struct key_box_secret secret;
    *self = (struct attacker){.attacks = attacks, .each_us = each_us};
    sim->nodes[node].hostile = true;
    self->keys = world_keys(KEY_MEMBER, sim->nodes[node].p.id, sim->nodes[node].p.country, 0x10 + node, 1);
    key_box_generate(&self->encryption, &secret);
    seal_random(self->store.bytes, KEY_UUID_BYTES);
    struct history_event event = tap_blank(sim, HISTORY_MEMBER);
    event.node = sim->nodes[node].p.name;
    event.state = 4;
    event.act = (uint8_t)sim->nodes[node].role;
    event.revision = (uint32_t)sim->roster_version;
    event.text = sim->nodes[node].p.country;
    history_add(&sim->history, event);
    sim_after(sim, 2 * CLOCK_SECOND_US, attack, node, 0);
}
