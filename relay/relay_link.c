/*
 * relay_link - from messages to relay_receive(), from relay_io to messages.
 * Must never call into the core while the core is calling out: what it must hear of waits for the next turn.
 */
#include "relay/relay_link.h"

#include "proto/clock.h"
#include "proto/log.h"
#include "proto/lookup.h"

#define RELAY_LINK_TICK_MS 50
/* A connection's buffer is forgotten after this long without use. */
#define RELAY_LINK_IDLE_US CLOCK_MINUTE_US
/* How often the buffers are looked at for that: a walk over all connections. */
#define RELAY_LINK_SWEEP_US (10 * CLOCK_SECOND_US)
/* A flushed buffer keeps at most this much memory. */
#define RELAY_LINK_KEEP_BYTES 4096

/* One connection that something is gathered for. */
struct relay_link_peer {
    struct session_peer peer; /* first: the table's key */
    struct buf out;
    int64_t used_us;
    bool gone;    /* ZeroMQ knows it no more: to be told to the core */
    bool waiting; /* on the link's list of those to flush */
    struct relay_link_peer *next;
};

struct relay_link {
    struct loop *loop;
    struct zlink_context *context;
    struct gate *gate;
    struct zlink *router;
    struct relay *relay;
    struct loop_timer *flush, *tick;
    struct lookup peers;
    struct relay_link_peer *waiting; /* something is gathered for these */
    relay_link_failed *on_failed;
    void *ctx;
    int64_t ticked_us, swept_us;
    bool flush_planned;
};

static struct zlink_id relay_link_id(const struct session_peer *peer)
{
    struct zlink_id id = {.len = peer->len};

    CHECK(peer->len <= ZLINK_ID_MAX);
    memcpy(id.bytes, peer->bytes, peer->len);
    return id;
}

/* ---- out ---- */

/* Hands a buffer over; it stays when ZeroMQ's queue is full. */
static int relay_link_flush_peer(struct relay_link *link, struct relay_link_peer *peer)
{
    struct zlink_id id = relay_link_id(&peer->peer);
    int error;

    if (peer->out.len == 0 || !link->router)
        return OK;
    error = zlink_send_to(link->router, &id, buf_slice(&peer->out));
    if (error == ERR_AGAIN)
        return error;
    if (error == ERR_UNREACHABLE)
        peer->gone = true;
    else if (error)
        log_event(LOG_WARN, "message not sent", "why", err_text(error), NULL);
    if (peer->out.capacity > RELAY_LINK_KEEP_BYTES || error) {
        buf_free(&peer->out);
        buf_init(&peer->out);
    }
    buf_clear(&peer->out);
    return error;
}

static void relay_link_wait(struct relay_link *link, struct relay_link_peer *peer)
{
    if (peer->waiting)
        return;
    peer->waiting = true;
    peer->next = link->waiting;
    link->waiting = peer;
}

static void relay_link_drop(struct relay_link *link, struct relay_link_peer *peer)
{
    struct relay_link_peer **at = &link->waiting;

    while (peer->waiting && *at != peer)
        at = &(*at)->next;
    if (peer->waiting)
        *at = peer->next;
    lookup_remove(&link->peers, &peer->peer);
    buf_free(&peer->out);
    free(peer);
}

void relay_link_flush(struct relay_link *link)
{
    struct relay_link_peer *peer = link->waiting, *next;
    bool blocked = false;

    link->waiting = NULL;
    for (; peer; peer = next) {
        next = peer->next;
        peer->waiting = false;
        if (relay_link_flush_peer(link, peer) == ERR_AGAIN)
            blocked = true;
        if (peer->out.len > 0 || peer->gone)
            relay_link_wait(link, peer);
    }
    if (blocked) {
        link->flush_planned = true;
        loop_timer_once(link->flush, RELAY_LINK_TICK_MS);
    }
}

/* Tells the core of connections that are gone, now that it is not calling. */
static void relay_link_bury(struct relay_link *link)
{
    struct relay_link_peer *peer = link->waiting, *next;

    for (; peer; peer = next) {
        next = peer->next;
        if (peer->gone) {
            relay_gone(link->relay, &peer->peer, clock_wall_us());
            relay_link_drop(link, peer);
        }
    }
}

static void relay_link_on_flush(void *ctx)
{
    struct relay_link *link = ctx;

    link->flush_planned = false;
    relay_link_flush(link);
    relay_link_bury(link);
}

static struct relay_link_peer *relay_link_peer(struct relay_link *link, const struct session_peer *id)
{
    struct relay_link_peer *peer = lookup_find(&link->peers, id);

    if (peer)
        return peer;
    peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    peer->peer = *id;
    buf_init(&peer->out);
    if (lookup_add(&link->peers, peer)) {
        free(peer);
        return NULL;
    }
    return peer;
}

static int relay_link_send(void *ctx, const struct session_peer *id, struct slice frames)
{
    struct relay_link *link = ctx;
    struct relay_link_peer *peer = relay_link_peer(link, id);

    if (!peer)
        return ERR_NOMEM;
    if (peer->gone)
        return ERR_UNREACHABLE;
    if (peer->out.len > 0 && peer->out.len + frames.len > LIMIT_GATHER_BYTES) {
        int error = relay_link_flush_peer(link, peer);
        if (error == ERR_AGAIN || peer->gone) {
            relay_link_wait(link, peer);
            return error;
        }
    }
    buf_add_slice(&peer->out, frames);
    if (buf_broken(&peer->out)) {
        buf_free(&peer->out);
        buf_init(&peer->out);
        return ERR_NOMEM;
    }
    peer->used_us = clock_steady_us();
    relay_link_wait(link, peer);
    if (!link->flush_planned) {
        link->flush_planned = true;
        loop_timer_once(link->flush, 0);
    }
    return OK;
}

static void relay_link_cut(void *ctx, const struct session_peer *id)
{
    struct relay_link *link = ctx;
    struct relay_link_peer *peer = lookup_find(&link->peers, id);
    struct zlink_id name = relay_link_id(id);

    if (peer)
        relay_link_drop(link, peer);
    if (link->router)
        (void)zlink_cut(link->router, &name);
}

/* ---- who may connect ---- */

static size_t relay_link_fill(const struct roster *roster, int64_t now_us, struct gate_entry *entries)
{
    size_t count = 0;

    for (size_t i = 0; i < roster_member_count(roster); i++) {
        const Hotline__Member *member = roster_member(roster, i);
        if (roster_standing(roster, i, now_us) == HOTLINE__STANDING__CODE__WITHDRAWN)
            continue;
        memcpy(entries[count].key, member->transport_key.data, GATE_KEY_BYTES);
        snprintf(entries[count].member, sizeof entries[count].member, "%s", member->id);
        count++;
    }
    return count;
}

static void relay_link_admit(void *ctx, const struct roster *roster)
{
    struct relay_link *link = ctx;
    struct gate_entry *entries = calloc(roster_member_count(roster) + 1, sizeof *entries);
    struct err_note note = {{0}};
    int error = entries ? OK : ERR_NOMEM;

    if (!error)
        error = gate_allow_only(link->gate, entries, relay_link_fill(roster, clock_wall_us(), entries), &note);
    if (error)
        log_event(LOG_ERROR, "the gate keeps the members of the roster before", "why", err_explain(&note, error), NULL);
    free(entries);
}

/* ---- in, and time ---- */

static void relay_link_on_message(void *ctx, const struct zlink_peer *from, struct slice message)
{
    struct relay_link *link = ctx;
    struct session_peer peer;

    if (session_peer_from(slice_of(from->id.bytes, from->id.len), &peer))
        return;
    relay_receive(link->relay, &peer, from->user, message, clock_wall_us());
}

static void relay_link_on_tick(void *ctx)
{
    struct relay_link *link = ctx;
    struct relay_link_peer *peer;
    size_t at = 0;

    link->ticked_us = clock_steady_us();
    relay_tick(link->relay, clock_wall_us());
    if (link->ticked_us - link->swept_us < RELAY_LINK_SWEEP_US)
        return;
    link->swept_us = link->ticked_us;
    while ((peer = lookup_next(&link->peers, &at)))
        if (peer->out.len == 0 && !peer->gone && link->ticked_us - peer->used_us > RELAY_LINK_IDLE_US)
            relay_link_drop(link, peer);
}

static void relay_link_on_failed(void *ctx, int error, const char *text)
{
    struct relay_link *link = ctx;

    link->on_failed(link->ctx, error, text);
}

static int64_t relay_link_now(void *ctx)
{
    (void)ctx;
    return clock_wall_us();
}

struct relay_io relay_link_io(struct relay_link *link)
{
    return (struct relay_io){.send = relay_link_send,
                             .cut = relay_link_cut,
                             .admit = relay_link_admit,
                             .failed = relay_link_on_failed,
                             .now = relay_link_now,
                             .ctx = link};
}

/* ---- life ---- */

int relay_link_new(struct loop *loop, struct zlink_context *context, relay_link_failed *on_failed, void *ctx,
                   struct err_note *note, struct relay_link **ret_link)
{
    struct relay_link *link = calloc(1, sizeof *link);
    int error;

    if (!link)
        return ERR_NOMEM;
    link->loop = loop;
    link->context = context;
    link->on_failed = on_failed;
    link->ctx = ctx;
    lookup_init(&link->peers, offsetof(struct relay_link_peer, peer), sizeof(struct session_peer));
    error = loop_timer_new(loop, relay_link_on_flush, link, &link->flush);
    if (!error)
        error = loop_timer_new(loop, relay_link_on_tick, link, &link->tick);
    if (!error)
        error = gate_new(context, note, &link->gate);
    if (error) {
        relay_link_free(link);
        return error;
    }
    *ret_link = link;
    return OK;
}

int relay_link_bind(struct relay_link *link, struct relay *relay, const char *endpoint, const struct key_set *keys,
                    struct err_note *note)
{
    const struct zlink_router_conf conf = {.endpoint = endpoint,
                                           .secret_key = keys->transport_secret.bytes,
                                           .zap_domain = GATE_DOMAIN,
                                           .message_max = LIMIT_MESSAGE_BYTES,
                                           .send_hwm = LIMIT_HWM,
                                           .receive_hwm = LIMIT_HWM};
    const struct zlink_router_events events = {.on_message = relay_link_on_message, .ctx = link};
    int error;

    link->relay = relay;
    error = zlink_router(link->context, &conf, &events, note, &link->router);
    if (error)
        return error;
    link->ticked_us = clock_steady_us();
    loop_timer_every(link->tick, RELAY_LINK_TICK_MS);
    return OK;
}

const char *relay_link_endpoint(const struct relay_link *link)
{
    return zlink_endpoint(link->router);
}

const struct zlink_counters *relay_link_counters(const struct relay_link *link)
{
    return zlink_counters(link->router);
}

const struct gate_counters *relay_link_gate(const struct relay_link *link)
{
    return gate_counters(link->gate);
}

int64_t relay_link_ticked_us(const struct relay_link *link)
{
    return link->ticked_us;
}

void relay_link_free(struct relay_link *link)
{
    struct relay_link_peer *peer;
    size_t at = 0;

    if (!link)
        return;
    loop_timer_free(link->flush);
    loop_timer_free(link->tick);
    zlink_free(link->router);
    gate_free(link->gate);
    while ((peer = lookup_next(&link->peers, &at)))
        relay_link_drop(link, peer);
    lookup_done(&link->peers);
    free(link);
}
