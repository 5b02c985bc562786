/* world: who there is: the authority, its roster, members and relays, with keys that follow from their names. */
#include <stdlib.h>
#include <string.h>

#include "proto/keyfile.h"
#include "proto/seal.h"
#include "tests/sim/sim.h"

static const char *const countries[] = {"BE", "FR", "IT", "NL", "DE", "ES", "PT", "PL", "RO", "HU",
                                        "GR", "LU", "AT", "CZ", "SK", "SI", "HR", "DK", "SE", "FI"};
#define COUNTRIES (sizeof countries / sizeof countries[0])

struct key_set *world_keys(enum key_kind kind, const char *id, const char *country, unsigned fill, unsigned generation)
{
    struct key_set *set = key_set_new();
    CHECK(set != NULL);
    set->kind = kind;
    snprintf(set->id, sizeof set->id, "%s", id);
    snprintf(set->country, sizeof set->country, "%s", country);
    snprintf(set->name, sizeof set->name, "Hotline %s", id);
    set->generation = generation;
    memset(set->master.bytes, (int)fill, sizeof set->master.bytes);
    CHECK(key_set_derive(set) == OK);
    return set;
}

struct key_set *world_node_keys(const struct sim_node *node, unsigned generation)
{
    unsigned index = node->clone_of != NULL ? node->clone_of->p.index : node->p.index;
    return world_keys(KEY_MEMBER, node->p.id, node->p.country, 0x10 + index, generation);
}

/* --- the roster --- */

static void fill_member(const struct sim_node *node, struct key_set *keys, Hotline__Member *member)
{
    hotline__member__init(member);
    member->id = keys->id;
    member->country = keys->country;
    member->name = keys->name;
    WIRE_SET(member, role, node->role);
    WIRE_SET(member, standing, node->standing);
    WIRE_SET_BYTES(member, identity_key, keys->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(member, transport_key, keys->transport.bytes, KEY_BYTES);
}

/* What it was before, and signed by: good for as long as alerts are. */
struct former {
    Hotline__FormerKey key, *list[1];
    struct key_identity identity;
};

static void fill_former(const struct sim_node *node, struct former *former, Hotline__Member *member)
{
    if (node->key_generation < 2)
        return;
    struct key_set *keys = world_node_keys(node, node->key_generation - 1);
    former->identity = keys->identity;
    key_set_free(keys);
    hotline__former_key__init(&former->key);
    WIRE_SET_BYTES(&former->key, identity_key, former->identity.bytes, KEY_BYTES);
    WIRE_SET(&former->key, until_us, node->p.sim->now_us + 30 * CLOCK_DAY_US);
    former->list[0] = &former->key;
    member->n_former_keys = 1;
    member->former_keys = former->list;
}

static void fill_relay(struct key_set *keys, char **endpoints, Hotline__Relay *relay)
{
    hotline__relay__init(relay);
    relay->id = keys->id;
    relay->country = keys->country;
    relay->name = keys->name;
    relay->n_endpoints = 1;
    relay->endpoints = endpoints;
    WIRE_SET_BYTES(relay, identity_key, keys->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(relay, transport_key, keys->transport.bytes, KEY_BYTES);
}

/* By the authority's keys, and by the next ones when they come with it. */
static void sign_bytes(struct sim *sim, struct slice bytes)
{
    struct buf once;
    buf_init(&once);
    CHECK(roster_sign(bytes, slice_of(NULL, 0), sim->authority, &once) == OK);
    buf_clear(&sim->roster_bytes);
    if (sim->next_authority != NULL)
        CHECK(roster_sign(bytes, buf_slice(&once), sim->next_authority, &sim->roster_bytes) == OK);
    else
        buf_add_slice(&sim->roster_bytes, buf_slice(&once));
    CHECK(!buf_broken(&sim->roster_bytes));
    buf_free(&once);
}

static void sign(struct sim *sim, Hotline__Roster *roster)
{
    const struct key_set *next = sim->next_authority != NULL ? sim->next_authority : sim->authority;
    ProtobufCBinaryData authority = wire_bytes(slice_of(next->identity.bytes, KEY_BYTES));
    struct err_note note = {{0}};
    struct buf bytes;
    buf_init(&bytes);
    WIRE_SET(roster, version, ++sim->roster_version);
    if (sim->roster_version > 1)
        WIRE_SET_BYTES(roster, previous_hash, sim->roster_hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(roster, issued_at_us, sim->now_us - CLOCK_MINUTE_US);
    WIRE_SET(roster, expires_at_us, sim->now_us + sim->roster_life_us);
    WIRE_SET(roster, threshold, 1);
    roster->n_authority_keys = 1;
    roster->authority_keys = &authority;
    CHECK(roster_check(roster, &note) == OK);
    wire_pack(&roster->base, &bytes);
    CHECK(!buf_broken(&bytes));
    sim->roster_hash = seal_hash(buf_slice(&bytes));
    sign_bytes(sim, buf_slice(&bytes));
    buf_free(&bytes);
    roster_free(sim->roster);
    CHECK(roster_verify(buf_slice(&sim->roster_bytes), &sim->trust, &note, &sim->roster) == OK);
}

static void say_members(struct sim *sim)
{
    for (unsigned i = 0; i < sim->member_count; i++) {
        struct history_event event = tap_blank(sim, HISTORY_MEMBER);
        event.node = sim->nodes[i].p.name;
        event.state = (uint8_t)sim->nodes[i].standing;
        event.act = (uint8_t)sim->nodes[i].role;
        event.revision = (uint32_t)sim->roster_version;
        event.text = sim->nodes[i].p.country;
        history_add(&sim->history, event);
    }
}

void world_sign_roster(struct sim *sim)
{
    Hotline__Roster roster = HOTLINE__ROSTER__INIT;
    Hotline__Member members[SIM_NODES], *member_list[SIM_NODES];
    Hotline__Relay relays[SIM_RELAYS], *relay_list[SIM_RELAYS];
    struct key_set *keys[SIM_NODES];
    struct former former[SIM_NODES];
    char endpoint[] = "tcp://relay.example:7600", *endpoints[1] = {endpoint};
    for (unsigned i = 0; i < sim->member_count; i++) {
        const struct sim_node *node = &sim->nodes[i];
        keys[i] = world_node_keys(node, node->key_generation);
        fill_member(node, keys[i], &members[i]);
        fill_former(node, &former[i], &members[i]);
        member_list[i] = &members[i];
    }
    for (unsigned i = 0; i < sim->relay_count; i++) {
        fill_relay(sim->relays[i].keys, endpoints, &relays[i]);
        relay_list[i] = &relays[i];
    }
    roster.n_members = sim->member_count;
    roster.members = member_list;
    roster.n_relays = sim->relay_count;
    roster.relays = relay_list;
    sign(sim, &roster);
    for (unsigned i = 0; i < sim->member_count; i++)
        key_set_free(keys[i]);
    say_members(sim);
}

void world_new_roster(struct sim *sim)
{
    struct err_note note = {{0}};
    world_sign_roster(sim);
    for (unsigned r = 0; r < sim->relay_count; r++) {
        struct sim_relay *relay = &sim->relays[r];
        if (!proc_lives(&relay->p))
            continue;
        /* One that was away when the authority's keys changed learns that from a node first. */
        volatile int error = ERR_NOMEM;
        PROC_INTO(&relay->p,
                  error = relay_offer_roster(relay->relay, buf_slice(&sim->roster_bytes), proc_now(&relay->p), &note));
        CHECK(error == OK || sim->files_stay || relay->p.memory.struck);
        proc_after(&relay->p);
    }
}

void world_new_authority(struct sim *sim)
{
    if (!sim->files_stay) {
        sim->files_stay = true;
        sim->old_trust = sim->trust;
        buf_add_slice(&sim->old_roster, buf_slice(&sim->roster_bytes));
        CHECK(!buf_broken(&sim->old_roster));
    }
    sim->next_authority = world_keys(KEY_AUTHORITY, "authority", "", 0xf0 + ++sim->authority_generation, 1);
    world_new_roster(sim);
    key_set_free(sim->authority);
    sim->authority = sim->next_authority;
    sim->next_authority = NULL;
    sim->trust = (struct roster_trust){.threshold = 1, .count = 1, .keys = {sim->authority->identity}};
}

/* --- who there is --- */

static void make_body(struct sim *sim, struct sim_process *process, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s.db", sim->folder, name);
    process->sim = sim;
    process->name = history_name(&sim->history, name);
    process->disk = disk_new(path, rng_next(&sim->rng));
    process->commit_least_us = 200;
    process->commit_most_us = 8000;
    process->started_from = 1;
    process->end_in_start = DISK_NEVER;
}

static void make_process(struct sim *sim, struct sim_process *process, unsigned index, bool is_relay)
{
    snprintf(process->country, sizeof process->country, "%s", countries[index % COUNTRIES]);
    if (is_relay)
        snprintf(process->id, sizeof process->id, "relay-%c", (int)('a' + index));
    else
        snprintf(process->id, sizeof process->id, "%c%c-%02u", countries[index % COUNTRIES][0] | 0x20,
                 countries[index % COUNTRIES][1] | 0x20, index);
    process->index = index;
    process->is_relay = is_relay;
    make_body(sim, process, process->id);
}

static void make_relay(struct sim *sim, unsigned index)
{
    struct sim_relay *relay = &sim->relays[index];
    make_process(sim, &relay->p, index, true);
    relay->keys = world_keys(KEY_RELAY, relay->p.id, relay->p.country, 0x80 + index, 1);
    relay->conf = (struct relay_conf){.relay = relay->p.id,
                                      .key = "relay.key",
                                      .store = disk_path(relay->p.disk),
                                      .disk_reserve_bytes = 1 << 20,
                                      .receipts_kept_us = LIMIT_AFTERLIFE_US,
                                      .limits = {.validity_max_us = LIMIT_VALIDITY_MAX_US,
                                                 .openings_per_minute = LIMIT_OPENINGS_PER_MINUTE,
                                                 .updates_per_minute = LIMIT_UPDATES_PER_MINUTE,
                                                 .open_cases = LIMIT_OPEN_CASES,
                                                 .recipients = LIMIT_RECIPIENTS,
                                                 .credit_messages = LIMIT_CREDIT_MESSAGES,
                                                 .credit_bytes = LIMIT_CREDIT_BYTES}};
}

/* The last two of a large network are a mediator and an observer; some subscribe to a neighbour. */
static void make_node(struct sim *sim, unsigned index)
{
    struct sim_node *node = &sim->nodes[index];
    make_process(sim, &node->p, index, false);
    node->standing = HOTLINE__STANDING__CODE__ACTIVE;
    node->role = HOTLINE__ROLE__CODE__HOTLINE;
    if (sim->node_count > 6 && index == sim->node_count - 1)
        node->role = HOTLINE__ROLE__CODE__OBSERVER;
    if (sim->node_count > 6 && index == sim->node_count - 2)
        node->role = HOTLINE__ROLE__CODE__MEDIATOR;
    node->key_generation = 1;
    node->reserve_bytes = 1 << 20;
    if (rng_below(&sim->rng, 3) == 0)
        snprintf(node->subscription[node->subscription_count++], 3, "%s",
                 countries[(index + 1) % (sim->node_count < COUNTRIES ? sim->node_count : COUNTRIES)]);
}

unsigned world_clone(struct sim *sim, unsigned node)
{
    struct sim_node *first = &sim->nodes[node], *clone = &sim->nodes[sim->node_count];
    char name[48];
    CHECK(sim->node_count < SIM_NODES && first->clone_of == NULL);
    snprintf(name, sizeof name, "%s.clone", first->p.id);
    clone->p = (struct sim_process){.index = sim->node_count, .absent = true};
    memcpy(clone->p.id, first->p.id, sizeof clone->p.id);
    memcpy(clone->p.country, first->p.country, sizeof clone->p.country);
    make_body(sim, &clone->p, name);
    clone->clone_of = first;
    clone->standing = first->standing;
    clone->role = first->role;
    clone->key_generation = 1;
    clone->reserve_bytes = first->reserve_bytes;
    return sim->node_count++;
}

void world_clone_comes(struct sim *sim, unsigned clone, bool with_copy)
{
    struct sim_node *node = &sim->nodes[clone];
    struct history_event event = tap_blank(sim, HISTORY_CLONE);
    event.node = node->p.name;
    event.member = node->clone_of->p.name;
    event.state = !with_copy;
    history_add(&sim->history, event);
    if (with_copy) {
        struct disk_image *image = disk_copy(node->clone_of->p.disk);
        disk_end(node->p.disk, DISK_KILLED);
        disk_restore(node->p.disk, image);
        disk_image_free(image);
        node->p.started_from = 0;
    }
    node->p.absent = false;
    proc_start(&node->p);
}

void world_make(struct sim *sim)
{
    sim->member_count = sim->node_count;
    struct history_event event = tap_blank(sim, HISTORY_NETWORK);
    event.state = (uint8_t)sim->relay_count;
    history_add(&sim->history, event);
    sim->authority = world_keys(KEY_AUTHORITY, "authority", "", 0xf0, 1);
    sim->trust = (struct roster_trust){.threshold = 1, .count = 1, .keys = {sim->authority->identity}};
    sim->roster_life_us = 120 * CLOCK_DAY_US;
    for (unsigned i = 0; i < sim->node_count; i++)
        make_node(sim, i);
    for (unsigned i = 0; i < sim->relay_count; i++)
        make_relay(sim, i);
    world_sign_roster(sim);
}
