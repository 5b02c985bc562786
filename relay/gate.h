/*
 * gate - who may connect at all: the ZAP handler (ZeroMQ RFC 27) that ZeroMQ asks in each CURVE
 * handshake.
 *
 * A handshake proves that the peer holds the secret of its transport key; the gate says whose key that
 * is. An unknown key, another mechanism or a malformed question gets 400. ZAP asks at the handshake
 * only: whoever is connected stays, so the caller of gate_allow_only() drops and cuts (zlink_cut)
 * the members that are gone. Must stand before the first bind: without a handler CURVE lets everyone
 * in.
 */
#ifndef RELAY_GATE_H
#define RELAY_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/metric.h"
#include "proto/zlink_poll.h"

#define GATE_KEY_BYTES 32
#define GATE_MEMBER_MAX 40
/* The ZAP domain of the relay's ROUTER; questions for another one are refused. */
#define GATE_DOMAIN "hotline"

struct gate;

struct gate_entry {
    uint8_t key[GATE_KEY_BYTES];      /* transport public key */
    char member[GATE_MEMBER_MAX + 1]; /* becomes User-Id of every message of the connection */
};

#define GATE_METRICS(X)                                                                                                \
    X(admitted, COUNTER, "hotline_gate_admitted_total", "Handshakes admitted.")                                        \
    X(refused_key, COUNTER, "hotline_gate_refused_key_total", "Handshakes refused: no member has this key.")           \
    X(refused_request, COUNTER, "hotline_gate_refused_request_total", "Handshakes refused: not CURVE, or malformed.")  \
    X(deferred, COUNTER, "hotline_gate_deferred_total", "Handshakes put off: no roster was loaded yet.")               \
    X(keys, GAUGE, "hotline_gate_keys", "Transport keys that are admitted.")

struct gate_counters {
    GATE_METRICS(METRIC_FIELD)
};

/* Takes the handler's name in this context. Fatal for a relay when it fails: ERR_BUSY (a gate stands
 * already), ERR_NOMEM, ERR_LIMIT, ERR_IO. Until the first gate_allow_only() everyone is told to try
 * again later (300). */
int gate_new(struct zlink_context *context, struct err_note *note, struct gate **ret_gate) MUST_CHECK;
/* Replaces the whole set by a copy of entries, in one step; on failure the old set stays. ERR_EXISTS
 * (one key twice), ERR_INVALID (no member name), ERR_NOMEM. */
int gate_allow_only(struct gate *gate, const struct gate_entry *entries, size_t count,
                    struct err_note *note) MUST_CHECK;
/* The member of a key, or NULL; valid until the next gate_allow_only(). */
const char *gate_member(const struct gate *gate, const uint8_t key[GATE_KEY_BYTES]);
const struct gate_counters *gate_counters(const struct gate *gate);
void gate_free(struct gate *gate);

#endif
