/*
 * zlink_internal - what zlink.c (both sides, ROUTER) and zlink_dealer.c share. For them only.
 */
#ifndef PROTO_ZLINK_INTERNAL_H
#define PROTO_ZLINK_INTERNAL_H

#include <zmq.h>

#include "zlink.h"
#include "zlink_peers.h"

#define ENDPOINT_MAX 256

struct zlink {
    struct zlink_context *context;
    struct zlink_poll *poll;
    struct zlink_counters counters;
    char endpoint[ENDPOINT_MAX];
    size_t message_max;
    bool closing;
    /* ROUTER */
    struct zlink_router_events router;
    struct zlink_peers *peers;
    /* DEALER */
    struct zlink_dealer_events dealer;
    struct zlink_poll *monitor;
    struct loop_timer *again;
    enum zlink_state state;
    int connection_fd; /* of the newest TCP connection; events of an older one are of no interest */
    uint64_t refused_wait_ms, refused_wait_min_ms, refused_wait_max_ms;
};

struct zlink_option {
    int name;
    int value;
};

/* Sets int options one by one; ERR_IO at the first that fails, with errno. */
int zlink_internal_set_options(void *socket, const struct zlink_option *options, size_t count) MUST_CHECK;
/* The options that both sides have. */
int zlink_internal_set_common(struct zlink *link, int send_hwm, int receive_hwm, int handshake_ms) MUST_CHECK;
/* A link with a socket of this type that is not connected yet; message_max 0: the standard. */
int zlink_internal_new_link(struct zlink_context *context, int type, size_t message_max,
                            struct zlink **ret_link) MUST_CHECK;
/* Our error for an errno of bind or connect. */
int zlink_internal_endpoint_error(int reason);
/* tcp://host:port with a port that is one; ERR_CONFIG and a note otherwise. */
int zlink_internal_check_endpoint(const char *endpoint, struct err_note *note) MUST_CHECK;
/* The next part; OK, ERR_AGAIN when there is none, ERR_IO when the socket is going away. */
int zlink_internal_receive_part(void *socket, zmq_msg_t *part) MUST_CHECK;
/* Reads away what is left of a message after this part. */
void zlink_internal_skip_rest(void *socket, zmq_msg_t *part);
void zlink_internal_count_received(struct zlink *link, zmq_msg_t *payload);
/* What zlink_poll calls for either side; ctx is the link. */
void zlink_internal_on_turn(void *ctx, bool readable, bool writable);
/* A part with a copy of these bytes. ERR_NOMEM. */
int zlink_internal_fill(zmq_msg_t *part, const void *data, size_t len) MUST_CHECK;
/* Takes the part when OK. ERR_AGAIN, ERR_UNREACHABLE. */
int zlink_internal_send_part(void *socket, zmq_msg_t *part, int flags) MUST_CHECK;
/* Counts how a send of len bytes went; returns error. */
int zlink_internal_count_sent(struct zlink *link, int error, size_t len);
/* One message of a DEALER: handed up, or dropped and counted. */
int zlink_internal_receive_from_relay(struct zlink *link, zmq_msg_t *part) MUST_CHECK;

#endif
