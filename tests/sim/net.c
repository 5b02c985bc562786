/*
 * net: connections as ZeroMQ's over TCP: in order and whole while they stand, cut with all that was under way, and
 * coming back by themselves. On top of that whatever a scenario asks a wire to do. A wire on which messages were lost,
 * doubled or out of order does not count as connected until it was cut and made anew.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/byz.h"
#include "tests/sim/sim.h"

#define WAY_US 15000 /* at most, of an undisturbed message */

struct message {
    unsigned node, relay;
    uint32_t connection;
    bool to_node;
    struct buf bytes;
};

static struct sim_link *link_of(struct sim *sim, unsigned node, unsigned relay)
{
    return &sim->nodes[node].links[relay];
}

struct session_peer net_peer(const struct sim *sim, unsigned node, unsigned relay)
{
    struct session_peer peer = {.len = 5};
    uint32_t connection = sim->nodes[node].links[relay].connection;
    peer.bytes[1] = (uint8_t)(node + 1);
    peer.bytes[2] = (uint8_t)connection;
    peer.bytes[3] = (uint8_t)(connection >> 8);
    peer.bytes[4] = (uint8_t)(connection >> 16);
    return peer;
}

size_t net_slot(const struct sim_node *node, unsigned relay)
{
    const char *id = node->p.sim->relays[relay].p.id;
    for (size_t slot = 0; node->node != NULL && slot < node_uplink_count(node->node); slot++)
        if (strcmp(node_uplink(node->node, slot)->relay, id) == 0)
            return slot;
    return SIZE_MAX;
}

static bool disturbs(const struct wire_faults *faults)
{
    return faults->cut || faults->one_way[0] || faults->one_way[1] || faults->loss || faults->twice ||
        faults->disorder || faults->delay_us > 500000 || faults->bytes_per_s || faults->flap_us;
}

/* Tells the history when the wire counts as connected, or no more. */
void net_say_clean(struct sim *sim, unsigned node, unsigned relay)
{
    struct sim_link *link = link_of(sim, node, relay);
    bool clean = link->up && !disturbs(&link->faults);
    if (clean == link->clean_said)
        return;
    link->clean_said = clean;
    struct history_event event = tap_blank(sim, HISTORY_LINK);
    event.node = sim->nodes[node].p.name;
    event.relay = sim->relays[relay].p.name;
    event.state = clean;
    history_add(&sim->history, event);
}

static int64_t live_us(const struct sim *sim)
{
    return sim->now_us - sim->skipped_us;
}

/* When a message of this length arrives, in live time. */
static int64_t arrival(struct sim *sim, struct sim_link *link, bool to_node, size_t len)
{
    const struct wire_faults *faults = &link->faults;
    int64_t at_us = live_us(sim) + rng_between(&sim->rng, 200, WAY_US);
    if (faults->delay_us > 0)
        at_us += rng_between(&sim->rng, 0, faults->delay_us);
    if (at_us < link->busy_us[to_node] && !rng_permille(&sim->rng, faults->disorder))
        at_us = link->busy_us[to_node];
    if (faults->bytes_per_s > 0)
        at_us += (int64_t)len * 1000000 / faults->bytes_per_s;
    if (at_us > link->busy_us[to_node])
        link->busy_us[to_node] = at_us;
    return at_us;
}

static void put_one(struct sim *sim, unsigned node, unsigned relay, bool to_node, struct slice bytes)
{
    struct sim_link *link = link_of(sim, node, relay);
    struct message *message = calloc(1, sizeof *message);
    CHECK(message != NULL);
    *message = (struct message){node, relay, link->connection, to_node, .bytes = {0}};
    buf_add_slice(&message->bytes, bytes);
    CHECK(!buf_broken(&message->bytes));
    link->queued[to_node]++;
    struct event event = {.at_us = arrival(sim, link, to_node, bytes.len), .kind = SIM_MESSAGE, .thing = message};
    events_put(&sim->live, event);
}

void net_put(struct sim *sim, unsigned node, unsigned relay, bool to_node, struct slice bytes)
{
    const struct wire_faults *faults = &link_of(sim, node, relay)->faults;
    sim->stats.messages++;
    if (faults->one_way[to_node] || rng_permille(&sim->rng, faults->loss))
        return;
    put_one(sim, node, relay, to_node, bytes);
    if (rng_permille(&sim->rng, faults->twice))
        put_one(sim, node, relay, to_node, bytes);
}

int net_from_node(struct sim_node *node, unsigned relay, struct slice bytes)
{
    const struct sim_link *link = &node->links[relay];
    if (!link->up)
        return ERR_UNREACHABLE;
    if (link->queued[0] >= LIMIT_HWM)
        return ERR_AGAIN;
    if (bytes.len > LIMIT_MESSAGE_BYTES)
        return ERR_LIMIT;
    tap_from_node(node, bytes);
    net_put(node->p.sim, node->p.index, relay, false, bytes);
    return OK;
}

int net_from_relay(struct sim_relay *relay, const struct session_peer *peer, struct slice bytes)
{
    struct sim *sim = relay->p.sim;
    unsigned node = peer->bytes[1] - 1u;
    struct session_peer now = net_peer(sim, node, relay->p.index);
    struct sim_link *link = link_of(sim, node, relay->p.index);
    if (!link->up || memcmp(&now, peer, sizeof now) != 0)
        return ERR_UNREACHABLE;
    if (link->queued[1] >= LIMIT_HWM)
        return ERR_AGAIN;
    tap_from_relay(relay, bytes, node);
    if (relay->byz != NULL)
        byz_relay_says(relay->byz, node, bytes);
    else
        net_put(sim, node, relay->p.index, true, bytes);
    return OK;
}

void net_drop(struct event *event)
{
    struct message *message = event->thing;
    buf_free(&message->bytes);
    free(message);
}

static void to_relay(struct sim *sim, const struct message *message)
{
    struct sim_relay *relay = &sim->relays[message->relay];
    struct session_peer peer = net_peer(sim, message->node, message->relay);
    if (!proc_lives(&relay->p))
        return;
    PROC_INTO(&relay->p,
              relay_receive(relay->relay, &peer, sim->nodes[message->node].p.id, buf_slice(&message->bytes),
                            proc_now(&relay->p)));
    proc_after(&relay->p);
}

static void to_node(struct sim *sim, const struct message *message)
{
    struct sim_node *node = &sim->nodes[message->node];
    size_t slot = net_slot(node, message->relay);
    if (node->hostile)
        byz_member_hears(sim, message->node, message->relay, buf_slice(&message->bytes));
    if (!proc_lives(&node->p) || slot == SIZE_MAX)
        return;
    tap_to_node(node, message->relay, buf_slice(&message->bytes));
    PROC_INTO(&node->p,
              node_receive(node->node, slot, buf_slice(&message->bytes), proc_now(&node->p), proc_steady(sim)));
    proc_after(&node->p);
}

void net_arrive(struct sim *sim, struct event *event)
{
    struct message *message = event->thing;
    struct sim_link *link = link_of(sim, message->node, message->relay);
    link->queued[message->to_node]--;
    if (link->up && link->connection == message->connection) {
        if (message->to_node)
            to_node(sim, message);
        else if (sim->relays[message->relay].byz == NULL ||
                 byz_relay_hears(sim->relays[message->relay].byz, message->node, buf_slice(&message->bytes)))
            to_relay(sim, message);
    }
    net_drop(event);
}

/* --- connections --- */

void net_try_soon(struct sim *sim, unsigned node, unsigned relay)
{
    struct event event = {
        .at_us = live_us(sim) + rng_between(&sim->rng, 50000, 1500000), .kind = SIM_TRY_LINK, .a = node, .b = relay};
    events_put(&sim->live, event);
}

static void put_link_event(struct sim *sim, unsigned kind, unsigned node, unsigned relay, int64_t after_us)
{
    struct event event = {.at_us = live_us(sim) + after_us,
                          .kind = kind,
                          .a = node,
                          .b = relay,
                          .number = link_of(sim, node, relay)->connection};
    events_put(&sim->live, event);
}

void net_up(struct sim *sim, unsigned node, unsigned relay)
{
    struct sim_node *from = &sim->nodes[node];
    struct sim_link *link = link_of(sim, node, relay);
    const struct wire_faults *faults = &link->faults;
    if (link->up || !from->p.running || !sim->relays[relay].p.running || faults->cut || faults->one_way[0] ||
        faults->one_way[1])
        return;
    if (!from->hostile && net_slot(from, relay) == SIZE_MAX)
        return;
    link->connection++;
    link->up = true;
    link->busy_us[0] = link->busy_us[1] = 0;
    if (faults->flap_us > 0)
        put_link_event(sim, SIM_FLAP, node, relay, rng_between(&sim->rng, faults->flap_us / 4, faults->flap_us));
    net_say_clean(sim, node, relay);
    if (from->hostile)
        return;
    if (from->p.crashed)
        return;
    PROC_INTO(&from->p, node_link(from->node, net_slot(from, relay), UPLINK_LINK_UP, proc_now(&from->p)));
    proc_after(&from->p);
}

void net_down(struct sim *sim, unsigned node, unsigned relay)
{
    struct sim_node *from = &sim->nodes[node];
    struct sim_link *link = link_of(sim, node, relay);
    if (!link->up)
        return;
    /* ZeroMQ tells a ROUTER nothing: the relay finds out when it sends, or hears it from a later look. */
    if (rng_below(&sim->rng, 2) == 0 && proc_lives(&sim->relays[relay].p))
        put_link_event(sim, SIM_GONE, node, relay, rng_between(&sim->rng, 0, 20000000));
    link->up = false;
    net_say_clean(sim, node, relay);
    if (proc_lives(&from->p) && !from->hostile && net_slot(from, relay) != SIZE_MAX) {
        PROC_INTO(&from->p, node_link(from->node, net_slot(from, relay), UPLINK_LINK_DOWN, proc_now(&from->p)));
        proc_after(&from->p);
    }
    net_try_soon(sim, node, relay);
}

static void set_faults(struct sim *sim, unsigned node, unsigned relay, const struct wire_faults *faults)
{
    struct sim_link *link = link_of(sim, node, relay);
    bool one_way = faults->one_way[0] || faults->one_way[1];
    bool was_hurt = disturbs(&link->faults);
    link->faults = *faults;
    if (one_way && link->up) {
        net_say_clean(sim, node, relay);
        put_link_event(sim, SIM_SILENT_END, node, relay, rng_between(&sim->rng, 12000000, 20000000));
    } else if (faults->cut || was_hurt) {
        net_down(sim, node, relay);
    }
    net_say_clean(sim, node, relay);
    if (faults->flap_us > 0 && link->up)
        put_link_event(sim, SIM_FLAP, node, relay, rng_between(&sim->rng, faults->flap_us / 4, faults->flap_us));
    net_try_soon(sim, node, relay);
}

void net_faults(struct sim *sim, unsigned node, unsigned relay, const struct wire_faults *faults)
{
    for (unsigned n = 0; n < sim->node_count; n++)
        for (unsigned r = 0; r < sim->relay_count; r++)
            if ((node == n || node == SIM_ALL) && (relay == r || relay == SIM_ALL))
                set_faults(sim, n, r, faults);
}
