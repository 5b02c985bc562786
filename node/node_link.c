/* node_link: the roster's relays as ZeroMQ links. Must never decide what is said, nor keep a link to what left the
 * roster. */
#include "node/node_link.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"

struct relay_link {
    struct node_links *links;
    size_t slot;
    char relay[LIMIT_ID_CHARS + 1];
    char endpoint[LIMIT_ENDPOINT_BYTES + 1];
    size_t endpoint_index; /* of the relay's endpoints */
    struct key_transport key;
    struct zlink *zlink;
    int64_t trying_since_us;  /* steady; 0: connected, or just begun */
    struct key_transport own; /* that it was opened with */
};

struct node_links {
    struct zlink_context *context;
    struct node *node;
    loop_fn *touched;
    void *ctx;
    struct relay_link *slots[LIMIT_RELAYS];
    size_t count;
};

/* ---- what comes ---- */

static int64_t now(const struct node_links *links)
{
    return node_now(links->node, clock_wall_us(), clock_steady_us());
}

static void on_message(void *ctx, struct slice message)
{
    const struct relay_link *link = ctx;
    struct node_links *links = link->links;
    if (links->node == NULL)
        return;
    node_receive(links->node, link->slot, message, now(links), clock_steady_us());
    links->touched(links->ctx);
}

static enum uplink_event event_of(enum zlink_state state)
{
    switch (state) {
    case ZLINK_CONNECTED:
        return UPLINK_LINK_UP;
    case ZLINK_REFUSED:
        return UPLINK_KEY_REFUSED;
    case ZLINK_DISCONNECTED:
        break;
    }
    return UPLINK_LINK_DOWN;
}

static void on_state(void *ctx, enum zlink_state state)
{
    struct relay_link *link = ctx;
    struct node_links *links = link->links;
    log_event(LOG_INFO, "relay link", "relay", link->relay, "endpoint", link->endpoint, "state",
              zlink_state_name(state), NULL);
    link->trying_since_us = 0;
    if (links->node == NULL)
        return;
    node_link(links->node, link->slot, event_of(state), now(links));
    links->touched(links->ctx);
}

static void on_writable(void *ctx)
{
    const struct relay_link *link = ctx;
    link->links->touched(link->links->ctx);
}

int node_link_send(void *ctx, size_t slot, struct slice message)
{
    const struct node_links *links = ctx;
    if (slot >= links->count || links->slots[slot]->zlink == NULL)
        return ERR_UNREACHABLE;
    return zlink_send(links->slots[slot]->zlink, message);
}

/* ---- one link ---- */

static const Hotline__Relay *relay_of(const struct node_links *links, const char *id)
{
    const struct roster *roster = node_directory(links->node)->roster;
    size_t index = roster_find_relay(roster, id);
    return index == ROSTER_NONE ? NULL : roster_relay(roster, index);
}

/* Failure leaves zlink NULL: the relay counts as unreachable, and the next endpoint is tried in time. */
static void connect_link(struct relay_link *link)
{
    const struct key_set *keys = node_directory(link->links->node)->keys;
    link->own = keys->transport;
    const struct zlink_dealer_conf conf = {
        .endpoint = link->endpoint,
        .server_key = link->key.bytes,
        .public_key = keys->transport.bytes,
        .secret_key = keys->transport_secret.bytes,
        .message_max = LIMIT_MESSAGE_BYTES,
        .send_hwm = LIMIT_HWM,
        .receive_hwm = LIMIT_HWM,
    };
    const struct zlink_dealer_events events = {on_message, on_state, on_writable, link};
    struct err_note note = {""};
    int error = zlink_dealer(link->links->context, &conf, &events, &note, &link->zlink);
    if (error != OK)
        log_event(LOG_WARN, "no link to a relay", "relay", link->relay, "why", err_explain(&note, error), NULL);
}

static bool choose_endpoint(struct relay_link *link, const Hotline__Relay *relay)
{
    if (relay->n_endpoints == 0)
        return false;
    link->endpoint_index %= relay->n_endpoints;
    snprintf(link->endpoint, sizeof link->endpoint, "%s", relay->endpoints[link->endpoint_index]);
    return true;
}

static void free_memory(void *link)
{
    free(link);
}

/* It may be the link whose callback runs now: the memory goes at the end of the turn. */
static void drop_link(struct relay_link *link)
{
    zlink_free(link->zlink);
    loop_reap(zlink_context_loop(link->links->context), link, free_memory);
}

static struct relay_link *open_link(struct node_links *links, const Hotline__Relay *relay)
{
    struct relay_link *link = calloc(1, sizeof *link);
    CHECK(link != NULL);
    link->links = links;
    snprintf(link->relay, sizeof link->relay, "%s", relay->id);
    if (choose_endpoint(link, relay) && key_transport_from(wire_slice(relay->transport_key), &link->key) == OK)
        connect_link(link);
    return link;
}

/* ---- the roster's relays ---- */

/* It may stay: the same relay, under the same key, still at this endpoint, and our own key is the same. */
static bool still_stands(const struct relay_link *link, const Hotline__Relay *relay)
{
    struct key_transport key;
    const struct key_set *keys = node_directory(link->links->node)->keys;
    if (memcmp(link->own.bytes, keys->transport.bytes, KEY_BYTES) != 0)
        return false;
    if (link->zlink == NULL || strcmp(link->relay, relay->id) != 0 ||
        key_transport_from(wire_slice(relay->transport_key), &key) != OK ||
        memcmp(key.bytes, link->key.bytes, sizeof key.bytes) != 0)
        return false;
    for (size_t i = 0; i < relay->n_endpoints; i++)
        if (strcmp(relay->endpoints[i], link->endpoint) == 0)
            return true;
    return false;
}

/* Takes the link that may stay out of the old ones; NULL when there is none. */
static struct relay_link *take_standing(struct relay_link **old, size_t count, const Hotline__Relay *relay)
{
    for (size_t i = 0; i < count; i++) {
        struct relay_link *link = old[i];
        if (link == NULL || !still_stands(link, relay))
            continue;
        old[i] = NULL;
        return link;
    }
    return NULL;
}

void node_link_reconcile(void *ctx)
{
    struct node_links *links = ctx;
    if (links->node == NULL)
        return;
    struct relay_link *old[LIMIT_RELAYS];
    size_t old_count = links->count;
    memcpy(old, links->slots, sizeof old);
    links->count = node_uplink_count(links->node);
    CHECK(links->count <= LIMIT_RELAYS);
    for (size_t slot = 0; slot < links->count; slot++) {
        const Hotline__Relay *relay = relay_of(links, node_uplink(links->node, slot)->relay);
        CHECK(relay != NULL);
        struct relay_link *link = take_standing(old, old_count, relay);
        links->slots[slot] = link != NULL ? link : open_link(links, relay);
        links->slots[slot]->slot = slot;
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != NULL)
            drop_link(old[i]);
}

/* The next endpoint, when this one was given its time. */
static void move_on(struct relay_link *link, int64_t steady_us)
{
    const Hotline__Relay *relay = relay_of(link->links, link->relay);
    link->trying_since_us = steady_us;
    link->endpoint_index++;
    if (relay == NULL || !choose_endpoint(link, relay) || (link->zlink != NULL && relay->n_endpoints == 1))
        return;
    zlink_free(link->zlink);
    link->zlink = NULL;
    connect_link(link);
}

/* A link that was opened anew under an uplink that the core knew told nobody of its beginning. */
static void tell_what_is(struct relay_link *link)
{
    bool up = link->zlink != NULL && zlink_state(link->zlink) == ZLINK_CONNECTED;
    bool thought_up = node_uplink(link->links->node, link->slot)->link_is_up;
    if (up != thought_up)
        node_link(link->links->node, link->slot, up ? UPLINK_LINK_UP : UPLINK_LINK_DOWN, now(link->links));
}

void node_link_tick(struct node_links *links, int64_t steady_us)
{
    for (size_t slot = 0; slot < links->count && links->node != NULL; slot++) {
        struct relay_link *link = links->slots[slot];
        tell_what_is(link);
        bool trying = link->zlink == NULL || zlink_state(link->zlink) == ZLINK_DISCONNECTED;
        if (!trying || link->trying_since_us == 0)
            link->trying_since_us = trying ? steady_us : 0;
        else if (steady_us - link->trying_since_us >= NODE_LINK_ENDPOINT_US)
            move_on(link, steady_us);
    }
}

/* ---- life ---- */

int node_link_new(struct zlink_context *context, loop_fn *touched, void *ctx, struct node_links **ret_links)
{
    struct node_links *links = calloc(1, sizeof *links);
    if (links == NULL)
        return ERR_NOMEM;
    *links = (struct node_links){.context = context, .touched = touched, .ctx = ctx};
    *ret_links = links;
    return OK;
}

void node_link_attach(struct node_links *links, struct node *node)
{
    links->node = node;
    node_link_reconcile(links);
}

void node_link_detach(struct node_links *links)
{
    links->node = NULL;
}

void node_link_free(struct node_links *links)
{
    if (links == NULL)
        return;
    for (size_t slot = 0; slot < links->count; slot++)
        drop_link(links->slots[slot]);
    free(links);
}

const struct zlink_counters *node_link_counters(const struct node_links *links, size_t slot)
{
    return slot < links->count && links->slots[slot]->zlink != NULL ? zlink_counters(links->slots[slot]->zlink) : NULL;
}

const char *node_link_endpoint(const struct node_links *links, size_t slot)
{
    return slot < links->count ? links->slots[slot]->endpoint : NULL;
}
