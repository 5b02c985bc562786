/*
 * node_net - the wires, clocks and disks of node_world: two real relay cores and up to four real node cores, inline
 * stores, no sockets, no threads, one clock that the test turns. Messages travel through a queue that the test can cut,
 * lose or look into; every frame is kept in a log.
 */
#ifndef TESTS_UNIT_NODE_NET_H
#define TESTS_UNIT_NODE_NET_H

#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "node/node.h"
#include "proto/card.h"
#include "proto/case.h"
#include "proto/closing.h"
#include "proto/log.h"
#include "proto/receipt.h"
#include "proto/reply.h"
#include "relay/relay.h"

#define NET_NODES 4
#define NET_RELAYS 2
#define NET_FRAMES 8192
#define NET_EVENTS 512
#define NET_ALL 99
/* Around what a node calls back: for tests in which its own calls fail (tests/torture). */
#ifndef NET_AWAY
#define NET_AWAY() ((void)0)
#define NET_BACK() ((void)0)
#endif
#ifndef NET_FOLDER
#define NET_FOLDER "/tmp"
#endif

enum { BE, FR, IT, NL }; /* the nodes, in the order of their ids */

static const char *const net_members[NET_NODES] = {"be-baken", "fr-phare", "it-lanterna", "nl-lamp"};
static const char *const net_countries[NET_NODES] = {"BE", "FR", "IT", "NL"};
static const char *const net_relay_ids[NET_RELAYS] = {"relay-noord", "relay-sud"};

struct net_event {
    enum node_event_type type;
    int state;
    char member[LIMIT_ID_CHARS + 1], relay[LIMIT_ID_CHARS + 1];
    uint32_t revision;
    bool late, exercise;
};

struct net;

struct net_node {
    struct net *net;
    unsigned index;
    struct node *node; /* NULL: not running */
    char path[160];
    unsigned life; /* of its path: counts crashes and lost disks */
    bool held;     /* its disk does not answer: nothing is committed */
    const char *subscriptions[4];
    size_t subscription_count;
    int64_t clock_error_us, key_life_us;
    bool guarded; /* its shell asks node_now, as the daemon does; else it hands in the machine's clock as it is */
    struct net_event events[NET_EVENTS];
    size_t event_count;
    int failed;
};

struct net_relay {
    struct net *net;
    unsigned index;
    struct key_set *keys;
    struct relay *relay;
    struct relay_conf conf;
    char path[160];
    unsigned life;
    bool held;
    int64_t clock_error_us;
    uint8_t connection[NET_NODES]; /* counts up with each new one; 0 never */
    bool connected[NET_NODES];
};

struct net_frame {
    bool to_node;
    unsigned node, relay;
    uint8_t type;
    uint8_t *bytes;
    size_t len;
};

struct net_message {
    struct net_message *next;
    bool to_node;
    unsigned node, relay;
    struct buf bytes;
};

struct net {
    struct key_set *authority;
    struct roster_trust trust;
    struct buf roster; /* SignedRoster in force */
    uint64_t roster_version;
    struct key_hash roster_hash;
    unsigned relay_count;           /* on the roster */
    bool absent[NET_NODES];         /* not on the roster */
    bool has_other_keys[NET_NODES]; /* there */
    Hotline__Standing__Code standing[NET_NODES];
    Hotline__Role__Code role[NET_NODES];
    int64_t roster_life_us, issued_us;
    struct net_node nodes[NET_NODES];
    struct net_relay relays[NET_RELAYS];
    struct net_message *first, **end;
    struct net_frame frames[NET_FRAMES];
    size_t frame_count;
    struct wire_arena arena;
    char folder[64];
    int64_t now_us, steady_us;
    /* True: this frame is lost. */
    bool (*loses)(struct net *net, const struct net_frame *frame);
    unsigned lost;
};

/* ---- the wires ---- */

static inline void net_log_frames(struct net *net, bool to_node, unsigned node, unsigned relay, struct slice bytes,
                                  struct buf *kept)
{
    struct cursor cursor = cursor_of(bytes);
    while (!cursor_at_end(&cursor)) {
        struct wire_frame frame;
        assert_int_equal(wire_next(&cursor, &frame), OK);
        assert_true(net->frame_count < NET_FRAMES);
        struct net_frame *row = &net->frames[net->frame_count];
        *row = (struct net_frame){to_node, node, relay, frame.type, malloc(frame.body.len + 1), frame.body.len};
        assert_non_null(row->bytes);
        if (frame.body.len > 0)
            memcpy(row->bytes, frame.body.data, frame.body.len);
        net->frame_count++;
        if (net->loses != NULL && net->loses(net, row)) {
            net->lost++;
            continue;
        }
        buf_add_u32le(kept, (uint32_t)frame.body.len + 1);
        buf_add_u8(kept, frame.type);
        buf_add_slice(kept, frame.body);
    }
}

static inline int net_queue(struct net *net, bool to_node, unsigned node, unsigned relay, struct slice bytes)
{
    if (!net->relays[relay].connected[node])
        return ERR_UNREACHABLE;
    struct net_message *message = calloc(1, sizeof *message);
    assert_non_null(message);
    buf_init(&message->bytes);
    *message = (struct net_message){.to_node = to_node, .node = node, .relay = relay, .bytes = message->bytes};
    net_log_frames(net, to_node, node, relay, bytes, &message->bytes);
    *net->end = message;
    net->end = &message->next;
    return OK;
}

static inline unsigned net_relay_named(const char *id)
{
    for (unsigned r = 0; r < NET_RELAYS; r++)
        if (strcmp(net_relay_ids[r], id) == 0)
            return r;
    fail_msg("no relay %s", id);
    return 0;
}

static inline size_t net_slot(const struct net_node *node, unsigned relay)
{
    for (size_t slot = 0; slot < node_uplink_count(node->node); slot++)
        if (strcmp(node_uplink(node->node, slot)->relay, net_relay_ids[relay]) == 0)
            return slot;
    return SIZE_MAX;
}

/* ---- nodes ---- */

static inline int net_node_send(void *ctx, size_t slot, struct slice message)
{
    struct net_node *self = ctx;
    if (self->node == NULL)
        return ERR_UNREACHABLE;
    NET_AWAY();
    int error =
        net_queue(self->net, false, self->index, net_relay_named(node_uplink(self->node, slot)->relay), message);
    NET_BACK();
    return error;
}

static inline void net_nothing(void *ctx)
{
    (void)ctx;
}

static inline void net_node_event(void *ctx, const struct node_event *event)
{
    struct net_node *self = ctx;
    if (event->type == NODE_MEMBERS_CHANGED)
        return;
    assert_true(self->event_count < NET_EVENTS);
    struct net_event *row = &self->events[self->event_count++];
    *row = (struct net_event){.type = event->type, .state = event->state};
    if (event->item != NULL) {
        row->revision = event->item->header->revision;
        row->late = event->item->late;
        row->exercise = item_is_exercise(event->item);
    }
    if (event->row != NULL)
        snprintf(row->member, sizeof row->member, "%s", event->row->member);
    if (event->relay != NULL)
        snprintf(row->relay, sizeof row->relay, "%s", event->relay->relay);
}

static inline void net_node_failed(void *ctx, int error, const char *text)
{
    (void)text;
    ((struct net_node *)ctx)->failed = error;
}

static inline struct key_set *net_member_keys(unsigned index)
{
    return fixture_key(KEY_MEMBER, net_members[index], net_countries[index], (uint8_t)(0x10 + index));
}

static inline int net_try_open(struct net *net, unsigned index, struct key_set *keys, struct slice seed,
                               struct err_note *note)
{
    struct net_node *self = &net->nodes[index];
    struct node_setup setup = {.keys = keys,
                               .trust = net->trust,
                               .roster_seed = seed,
                               .now_us = net->now_us + self->clock_error_us,
                               .settings = {.deadline_delivered_us = CLOCK_MINUTE_US,
                                            .deadline_shown_us = 2 * CLOCK_MINUTE_US,
                                            .deadline_acknowledged_us = 5 * CLOCK_MINUTE_US,
                                            .encryption_key_life_us = self->key_life_us,
                                            .closed_after_ack_us = CLOCK_DAY_US,
                                            .closed_latest_us = 90 * CLOCK_DAY_US,
                                            .error_after_ack_us = CLOCK_DAY_US,
                                            .error_latest_us = 30 * CLOCK_DAY_US,
                                            .disk_reserve_bytes = 1 << 20,
                                            .subscriptions = self->subscriptions,
                                            .subscription_count = self->subscription_count},
                               .io = {self, net_node_send, net_nothing, net_node_event, net_node_failed}};
    int error = db_open(self->path, vault_schema(), net_members[index], note, &setup.db);
    if (error != OK) {
        key_set_free(keys);
        return error;
    }
    struct node *node = NULL;
    error = node_open(&setup, note, &node);
    self->node = node;
    return error;
}

static inline int64_t net_node_now(const struct net_node *self)
{
    int64_t wall_us = self->net->now_us + self->clock_error_us;
    return self->guarded && self->node != NULL ? node_now(self->node, wall_us, self->net->steady_us) : wall_us;
}

/* Everything that it has to write reaches the disk. */
static inline size_t net_commit(struct net *net, unsigned index)
{
    struct net_node *self = &net->nodes[index];
    node_flush(self->node, net_node_now(self), net->steady_us);
    return store_step(vault_store(node_vault(self->node)));
}

static inline void net_start(struct net *net, unsigned index)
{
    struct err_note note = {{0}};
    int error = net_try_open(net, index, net_member_keys(index), buf_slice(&net->roster), &note);
    if (error != OK)
        fail_msg("%s does not open: %s: %s", net_members[index], err_name(error), note.text);
    net_commit(net, index);
    node_tick(net->nodes[index].node, net_node_now(&net->nodes[index]), net->steady_us);
}

/* ---- relays ---- */

static inline int net_relay_send(void *ctx, const struct session_peer *peer, struct slice frames)
{
    struct net_relay *self = ctx;
    unsigned node = peer->bytes[1] - 1u;
    if (peer->bytes[2] != self->connection[node])
        return ERR_UNREACHABLE;
    return net_queue(self->net, true, node, self->index, frames);
}

static inline void net_relay_cut(void *ctx, const struct session_peer *peer)
{
    struct net_relay *self = ctx;
    self->connected[peer->bytes[1] - 1u] = false;
}

static inline void net_relay_admit(void *ctx, const struct roster *roster)
{
    (void)ctx;
    (void)roster;
}

static inline void net_relay_failed(void *ctx, int error, const char *text)
{
    (void)ctx;
    fail_msg("a relay failed: %s: %s", err_name(error), text);
}

static inline int64_t net_relay_now(void *ctx)
{
    const struct net_relay *self = ctx;
    return self->net->now_us + self->clock_error_us;
}

static inline void net_start_relay(struct net *net, unsigned index)
{
    struct net_relay *self = &net->relays[index];
    struct err_note note = {{0}};
    struct relay_setup setup = {
        .conf = &self->conf,
        .keys = self->keys,
        .trust = &net->trust,
        .seed = buf_slice(&net->roster),
        .now_us = net->now_us,
        .io = {net_relay_send, net_relay_cut, net_relay_admit, net_relay_failed, net_relay_now, self}};
    int error = spool_open(self->path, net_relay_ids[index], &note, &setup.spool);
    if (error == OK)
        error = relay_new(&setup, &note, &self->relay);
    if (error != OK)
        fail_msg("%s does not open: %s: %s", net_relay_ids[index], err_name(error), note.text);
}

static inline struct session_peer net_peer(const struct net *net, unsigned node, unsigned relay)
{
    struct session_peer peer = {.len = 5};
    peer.bytes[1] = (uint8_t)(node + 1);
    peer.bytes[2] = net->relays[relay].connection[node];
    return peer;
}

/* ---- the roster ---- */

static inline void net_sign_roster(struct net *net)
{
    Hotline__Roster roster = HOTLINE__ROSTER__INIT;
    Hotline__Member members[NET_NODES], *member_list[NET_NODES];
    Hotline__Relay relays[NET_RELAYS], *relay_list[NET_RELAYS];
    struct key_set *keys[NET_NODES];
    char endpoint[] = "tcp://relay.example:7600", *endpoints[1] = {endpoint};
    ProtobufCBinaryData authority = wire_bytes(slice_of(net->authority->identity.bytes, KEY_BYTES));
    struct buf bytes;
    buf_init(&bytes);
    for (unsigned i = 0; i < NET_NODES; i++) {
        keys[i] = net->has_other_keys[i] ?
            fixture_key(KEY_MEMBER, net_members[i], net_countries[i], (uint8_t)(0x50 + i)) :
            net_member_keys(i);
        if (net->absent[i])
            continue;
        Hotline__Member *member = &members[roster.n_members];
        fixture_member(keys[i], member);
        WIRE_SET(member, standing, net->standing[i]);
        WIRE_SET(member, role, net->role[i]);
        member_list[roster.n_members++] = member;
    }
    for (unsigned i = 0; i < net->relay_count; i++) {
        hotline__relay__init(&relays[i]);
        relays[i].id = net->relays[i].keys->id;
        relays[i].country = net->relays[i].keys->country;
        relays[i].name = net->relays[i].keys->name;
        relays[i].n_endpoints = 1;
        relays[i].endpoints = endpoints;
        WIRE_SET_BYTES(&relays[i], identity_key, net->relays[i].keys->identity.bytes, KEY_BYTES);
        WIRE_SET_BYTES(&relays[i], transport_key, net->relays[i].keys->transport.bytes, KEY_BYTES);
        relay_list[i] = &relays[i];
    }
    WIRE_SET(&roster, version, ++net->roster_version);
    if (net->roster_version > 1)
        WIRE_SET_BYTES(&roster, previous_hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&roster, issued_at_us, net->issued_us);
    WIRE_SET(&roster, expires_at_us, net->issued_us + net->roster_life_us);
    WIRE_SET(&roster, threshold, 1);
    roster.n_authority_keys = 1;
    roster.authority_keys = &authority;
    roster.members = member_list;
    roster.n_relays = net->relay_count;
    roster.relays = relay_list;
    fixture_pack_raw(&roster.base, &bytes);
    net->roster_hash = seal_hash(buf_slice(&bytes));
    buf_clear(&net->roster);
    assert_int_equal(roster_sign(buf_slice(&bytes), slice_of(NULL, 0), net->authority, &net->roster), OK);
    buf_free(&bytes);
    for (unsigned i = 0; i < NET_NODES; i++)
        key_set_free(keys[i]);
}

/* ---- time and movement ---- */

static inline void net_deliver_one(struct net *net, struct net_message *message)
{
    struct net_node *node = &net->nodes[message->node];
    struct net_relay *relay = &net->relays[message->relay];
    if (message->bytes.len == 0 || !relay->connected[message->node])
        return;
    if (message->to_node) {
        if (node->node != NULL && net_slot(node, message->relay) != SIZE_MAX)
            node_receive(node->node, net_slot(node, message->relay), buf_slice(&message->bytes), net_node_now(node),
                         net->steady_us);
    } else if (relay->relay != NULL) {
        struct session_peer peer = net_peer(net, message->node, message->relay);
        relay_receive(relay->relay, &peer, net_members[message->node], buf_slice(&message->bytes),
                      net_relay_now(relay));
    }
}

static inline bool net_step(struct net *net)
{
    bool moved = false;
    for (unsigned i = 0; i < NET_NODES; i++) {
        struct net_node *node = &net->nodes[i];
        if (node->node == NULL)
            continue;
        node_flush(node->node, net_node_now(node), net->steady_us);
        if (!node->held)
            moved |= store_step(vault_store(node_vault(node->node))) > 0;
    }
    for (unsigned i = 0; i < NET_RELAYS; i++)
        if (net->relays[i].relay != NULL && !net->relays[i].held)
            moved |= relay_step(net->relays[i].relay) > 0;
    struct net_message *message = net->first;
    if (message == NULL)
        return moved;
    net->first = message->next;
    if (net->first == NULL)
        net->end = &net->first;
    net_deliver_one(net, message);
    buf_free(&message->bytes);
    free(message);
    return true;
}

/* Until nothing moves any more. */
static inline void net_run(struct net *net)
{
    for (unsigned rounds = 0; net_step(net); rounds++)
        assert_true(rounds < 20000); /* it never comes to rest */
}

static inline void net_tick(struct net *net, int64_t us)
{
    net->now_us += us;
    net->steady_us += us;
    for (unsigned i = 0; i < NET_RELAYS; i++)
        if (net->relays[i].relay != NULL)
            relay_tick(net->relays[i].relay, net_relay_now(&net->relays[i]));
    for (unsigned i = 0; i < NET_NODES; i++)
        if (net->nodes[i].node != NULL)
            node_tick(net->nodes[i].node, net_node_now(&net->nodes[i]), net->steady_us);
    net_run(net);
}

/* Time passes in steps of a quarter of a second. */
static inline void net_pass(struct net *net, int64_t us)
{
    for (; us > 0; us -= CLOCK_SECOND_US / 4)
        net_tick(net, us < CLOCK_SECOND_US / 4 ? us : CLOCK_SECOND_US / 4);
}

/* ---- links ---- */

static inline void net_link_up(struct net *net, unsigned node, unsigned relay)
{
    struct net_relay *self = &net->relays[relay];
    struct net_node *to = &net->nodes[node];
    if (to->node == NULL || self->relay == NULL || net_slot(to, relay) == SIZE_MAX)
        return;
    self->connection[node]++;
    self->connected[node] = true;
    node_link(to->node, net_slot(to, relay), UPLINK_LINK_UP, net_node_now(to));
}

static inline void net_link_down(struct net *net, unsigned node, unsigned relay)
{
    struct net_relay *self = &net->relays[relay];
    struct net_node *to = &net->nodes[node];
    if (!self->connected[node])
        return;
    struct session_peer peer = net_peer(net, node, relay);
    self->connected[node] = false;
    if (self->relay != NULL)
        relay_gone(self->relay, &peer, net->now_us);
    if (to->node != NULL && net_slot(to, relay) != SIZE_MAX)
        node_link(to->node, net_slot(to, relay), UPLINK_LINK_DOWN, net_node_now(to));
}

/* NET_ALL stands for each. */
static inline void net_connect(struct net *net, unsigned node, unsigned relay)
{
    for (unsigned n = 0; n < NET_NODES; n++)
        for (unsigned r = 0; r < NET_RELAYS; r++)
            if ((node == n || node == NET_ALL) && (relay == r || relay == NET_ALL))
                net_link_up(net, n, r);
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
}

static inline void net_cut(struct net *net, unsigned node, unsigned relay)
{
    for (unsigned n = 0; n < NET_NODES; n++)
        for (unsigned r = 0; r < NET_RELAYS; r++)
            if ((node == n || node == NET_ALL) && (relay == r || relay == NET_ALL))
                net_link_down(net, n, r);
    net_run(net);
}

#endif
