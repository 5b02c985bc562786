/*
 * zlink - one ZeroMQ socket on the loop: a relay's ROUTER or one uplink's DEALER, both under CURVE.
 *
 * What a message contains is opaque here. One message is one part; anything else is dropped and
 * counted. A send is accepted or not, and accepted means nothing (a peer's crash loses thousands of
 * them): only the peer's own acknowledgement counts, and credit keeps far below the high-water marks.
 * Callbacks run on the loop's thread, at most ZLINK_POLL_BUDGET messages per link and turn; they may
 * send on and free any link, their own too.
 */
#ifndef PROTO_ZLINK_H
#define PROTO_ZLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "metric.h"
#include "zlink_poll.h"

#define ZLINK_KEY_BYTES 32
/* A member id, and room to spare: a longer User-Id counts as none. */
#define ZLINK_USER_MAX 63
#define ZLINK_ID_MAX 16
#define ZLINK_MESSAGE_MAX (256 * 1024)

/* The name of one connection of a ROUTER: never the same again for another one. Copy freely; compare
 * with zlink_id_equal(). */
struct zlink_id {
    uint8_t bytes[ZLINK_ID_MAX];
    uint8_t len;
};

/* Who sent a message. user is what the gate gave this connection (borrowed for the call). */
struct zlink_peer {
    struct zlink_id id;
    const char *user;
    int fd;
};

/* The same connection. */
bool zlink_id_equal(const struct zlink_id *a, const struct zlink_id *b);

#define ZLINK_METRICS(X)                                                                                               \
    X(received, COUNTER, "hotline_zlink_received_total", "Messages received.")                                         \
    X(received_bytes, COUNTER, "hotline_zlink_received_bytes_total", "Bytes of messages received.")                    \
    X(sent, COUNTER, "hotline_zlink_sent_total", "Messages handed to ZeroMQ.")                                         \
    X(sent_bytes, COUNTER, "hotline_zlink_sent_bytes_total", "Bytes of messages handed to ZeroMQ.")                    \
    X(send_again, COUNTER, "hotline_zlink_send_blocked_total", "Sends refused because the peer's queue was full.")     \
    X(send_unreachable, COUNTER, "hotline_zlink_send_unreachable_total", "Sends refused because the peer is gone.")    \
    X(dropped_multipart, COUNTER, "hotline_zlink_dropped_multipart_total", "Messages of several parts, dropped.")      \
    X(dropped_anonymous, COUNTER, "hotline_zlink_dropped_anonymous_total", "Messages without User-Id, dropped.")       \
    X(dropped_named, COUNTER, "hotline_zlink_dropped_named_total", "Messages of peers naming themselves, dropped.")    \
    X(dropped_stale, COUNTER, "hotline_zlink_dropped_stale_total", "Messages of a connection before, dropped.")        \
    X(cut, COUNTER, "hotline_zlink_cut_total", "Connections cut.")                                                     \
    X(connected, COUNTER, "hotline_zlink_connected_total", "Handshakes that succeeded, as a client.")                  \
    X(disconnected, COUNTER, "hotline_zlink_disconnected_total", "Connections lost, as a client.")                     \
    X(refused, COUNTER, "hotline_zlink_refused_total", "Handshakes refused by the relay's gate, as a client.")

struct zlink_counters {
    ZLINK_METRICS(METRIC_FIELD)
};

struct zlink;

/* ---- a relay's side: ROUTER ---- */

struct zlink_router_conf {
    const char *endpoint;      /* "tcp://0.0.0.0:7400", "tcp://[::]:7400", "tcp://127.0.0.1:*" */
    const uint8_t *secret_key; /* ZLINK_KEY_BYTES, copied by ZeroMQ */
    const char *zap_domain;    /* not empty: the gate is asked for each connection */
    size_t message_max;        /* 0: ZLINK_MESSAGE_MAX; also what an unauthenticated peer can make us hold */
    int send_hwm;              /* messages per peer; 0: 1000 */
    int receive_hwm;           /* messages per peer; 0: 1000 */
    int handshake_ms;          /* 0: 4000 */
};

struct zlink_router_events {
    void (*on_message)(void *ctx, const struct zlink_peer *peer, struct slice message); /* message: for the call */
    void *ctx;
};

/* Binds. The gate must stand before (CURVE without a handler lets everyone in). ERR_BUSY (address in
 * use), ERR_CONFIG (not an endpoint, or not ours), ERR_PERMISSION, ERR_LIMIT, ERR_NOMEM, ERR_IO; the
 * note names it. */
int zlink_router(struct zlink_context *context, const struct zlink_router_conf *conf,
                 const struct zlink_router_events *events, struct err_note *note, struct zlink **ret_link) MUST_CHECK;
/* The bound endpoint with its real port; of a DEALER the configured one. Valid as long as the link. */
const char *zlink_endpoint(const struct zlink *link);
/* OK, ERR_AGAIN (its queue is full: try when it has answered something), ERR_UNREACHABLE (gone for
 * good), ERR_LIMIT (over message_max), ERR_NOMEM. Never half a message. */
int zlink_send_to(struct zlink *link, const struct zlink_id *id, struct slice message) MUST_CHECK;
/* Shuts the TCP connection down on which this peer's messages came. What it sent before may still be
 * delivered, so drop it in the session first. ERR_NOT_FOUND: it never sent anything, or is gone. */
int zlink_cut(struct zlink *link, const struct zlink_id *id);

/* ---- a node's side: DEALER ---- */

#define ZLINK_STATES(X) X(DISCONNECTED) X(CONNECTED) X(REFUSED)
#define ZLINK_STATE_VALUE(name) ZLINK_##name,
/* CONNECTED: the handshake succeeded, both keys are proved. REFUSED: the relay's gate does not know our
 * key; the link tries again by itself, later and later, and the state stays until it is CONNECTED.
 * DISCONNECTED: it tries again by itself, soon. */
enum zlink_state { ZLINK_STATES(ZLINK_STATE_VALUE) };
#undef ZLINK_STATE_VALUE
const char *zlink_state_name(enum zlink_state state);

struct zlink_dealer_conf {
    const char *endpoint;
    const uint8_t *server_key; /* ZLINK_KEY_BYTES each, copied by ZeroMQ */
    const uint8_t *public_key;
    const uint8_t *secret_key;
    size_t message_max;           /* 0: ZLINK_MESSAGE_MAX */
    int send_hwm;                 /* messages; 0: 1000 */
    int receive_hwm;              /* messages; 0: 1000 */
    uint64_t refused_wait_ms;     /* first wait after a refusal; 0: 5000. Doubled each time, with jitter */
    uint64_t refused_wait_max_ms; /* 0: 600000 */
};

struct zlink_dealer_events {
    void (*on_message)(void *ctx, struct slice message); /* message: for the call */
    void (*on_state)(void *ctx, enum zlink_state state); /* each change; at first it is DISCONNECTED */
    void (*on_writable)(void *ctx);                      /* once after a send that said ERR_AGAIN; may be NULL */
    void *ctx;
};

/* Begins to connect. Nothing of an earlier connection is delivered after on_state(CONNECTED): the relay
 * is silent until it is spoken to. ERR_CONFIG (not an endpoint), ERR_LIMIT, ERR_NOMEM, ERR_IO; the note
 * names it. */
int zlink_dealer(struct zlink_context *context, const struct zlink_dealer_conf *conf,
                 const struct zlink_dealer_events *events, struct err_note *note, struct zlink **ret_link) MUST_CHECK;
/* OK, ERR_AGAIN (on_writable will come), ERR_UNREACHABLE (not CONNECTED), ERR_LIMIT (over message_max),
 * ERR_NOMEM. */
int zlink_send(struct zlink *link, struct slice message) MUST_CHECK;
enum zlink_state zlink_state(const struct zlink *link);
/* ---- both ---- */

/* Of this link, since it was made. */
const struct zlink_counters *zlink_counters(const struct zlink *link);
/* Drops what is unsent: drain first. No further callbacks. */
void zlink_free(struct zlink *link);

#endif
