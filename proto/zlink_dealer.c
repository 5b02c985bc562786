/* zlink_dealer: the node's side of zlink. It must never deliver anything of an earlier connection after
 * CONNECTED. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <zmq.h>

#include "zlink_internal.h"

#define LOST_WAIT_MS 2500

const char *zlink_state_name(enum zlink_state state)
{
#define STATE_TEXT(name) #name,
    static const char *const names[] = {ZLINK_STATES(STATE_TEXT)};
#undef STATE_TEXT
    return names[state];
}

enum zlink_state zlink_state(const struct zlink *link)
{
    return link->state;
}

int zlink_internal_receive_from_relay(struct zlink *link, zmq_msg_t *part)
{
    void *socket = zlink_poll_socket(link->poll);
    int error = zlink_internal_receive_part(socket, part);
    if (error)
        return error;
    if (zmq_msg_more(part)) {
        link->counters.dropped_multipart++;
        zlink_internal_skip_rest(socket, part);
    } else if (link->state != ZLINK_CONNECTED) {
        link->counters.dropped_stale++;
    } else {
        zlink_internal_count_received(link, part);
        link->dealer.on_message(link->dealer.ctx, slice_of(zmq_msg_data(part), zmq_msg_size(part)));
    }
    return OK;
}

int zlink_send(struct zlink *link, struct slice message)
{
    zmq_msg_t payload;
    if (message.len > link->message_max)
        return ERR_LIMIT;
    if (link->state != ZLINK_CONNECTED)
        return zlink_internal_count_sent(link, ERR_UNREACHABLE, message.len);
    int error = zlink_internal_fill(&payload, message.data, message.len);
    if (error)
        return error;
    error = zlink_internal_send_part(zlink_poll_socket(link->poll), &payload, 0);
    if (error)
        zmq_msg_close(&payload);
    if (error == ERR_AGAIN)
        zlink_poll_want_write(link->poll, true);
    return zlink_internal_count_sent(link, error, message.len);
}

static void set_state(struct zlink *link, enum zlink_state state)
{
    if (link->state == state)
        return;
    link->state = state;
    if (state == ZLINK_CONNECTED)
        link->counters.connected++;
    if (state == ZLINK_DISCONNECTED)
        link->counters.disconnected++;
    if (state == ZLINK_REFUSED)
        link->counters.refused++;
    link->dealer.on_state(link->dealer.ctx, state);
}

/* ENOENT (not connected to it) is as good as done. */
static void drop_connection(struct zlink *link)
{
    link->connection_fd = -1;
    (void)zmq_disconnect(zlink_poll_socket(link->poll), link->endpoint);
}

static void connect_again(void *ctx)
{
    struct zlink *link = ctx;
    drop_connection(link);
    if (zmq_connect(zlink_poll_socket(link->poll), link->endpoint) != 0)
        loop_timer_once(link->again, link->refused_wait_max_ms);
}

/* After a refusal ZeroMQ stays silent for good; so we try ourselves, a whole network never in step. */
static void begin_waiting(struct zlink *link)
{
    uint32_t random = 0;
    uint64_t wait = link->refused_wait_ms;
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    link->refused_wait_ms = wait * 2 < link->refused_wait_max_ms ? wait * 2 : link->refused_wait_max_ms;
    drop_connection(link);
    loop_timer_once(link->again, wait + random % (wait / 2 + 1));
    set_state(link, ZLINK_REFUSED);
}

/* ZeroMQ comes back by itself from a lost line, and never from bytes that break its protocol: one that was changed on
 * the way would cost this relay for good. The two look alike here, so whatever is not connected by then is begun anew.
 */
static void begin_anew(struct zlink *link)
{
    uint32_t random = 0;
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    loop_timer_once(link->again, LOST_WAIT_MS + random % LOST_WAIT_MS);
}

/* Whatever is readable now came on a connection before this one: the relay is silent until Hello. */
static void begin_session(struct zlink *link)
{
    void *socket = zlink_poll_socket(link->poll);
    zmq_msg_t part;
    zmq_msg_init(&part);
    while (zlink_internal_receive_part(socket, &part) == OK) {
        zlink_internal_skip_rest(socket, &part);
        link->counters.dropped_stale++;
    }
    zmq_msg_close(&part);
    link->refused_wait_ms = link->refused_wait_min_ms;
    set_state(link, ZLINK_CONNECTED);
}

/* A refusal stays the state while we try again: it is what a person has to know. */
static void lose_session(struct zlink *link)
{
    if (link->state == ZLINK_CONNECTED)
        set_state(link, ZLINK_DISCONNECTED);
}

static void on_event(struct zlink *link, uint16_t event, int32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        link->connection_fd = value;
        loop_timer_stop(link->again);
        lose_session(link);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (link->connection_fd >= 0)
            begin_session(link);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        if (link->connection_fd >= 0)
            begin_waiting(link);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (link->connection_fd >= 0 && value == link->connection_fd) {
            lose_session(link);
            begin_anew(link);
        }
        break;
    default:
        break;
    }
}

/* An event is two parts: 16 bits of event and 32 of value in this machine's order, then an endpoint. */
static void on_monitor(void *ctx, bool readable, bool writable)
{
    struct zlink *link = ctx;
    void *socket = zlink_poll_socket(link->monitor);
    zmq_msg_t part;
    (void)readable, (void)writable;
    zmq_msg_init(&part);
    for (int i = 0; i < ZLINK_POLL_BUDGET && !link->closing && zlink_internal_receive_part(socket, &part) == OK; i++) {
        uint16_t event = 0;
        int32_t value = -1;
        if (zmq_msg_size(&part) >= sizeof event + sizeof value) {
            memcpy(&event, zmq_msg_data(&part), sizeof event);
            memcpy(&value, (const char *)zmq_msg_data(&part) + sizeof event, sizeof value);
        }
        zlink_internal_skip_rest(socket, &part);
        on_event(link, event, value);
    }
    zmq_msg_close(&part);
}

static int watch(struct zlink *link)
{
    char name[64];
    const int events =
        ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    snprintf(name, sizeof name, "inproc://zlink-monitor-%lu", zlink_context_serial(link->context));
    if (zmq_socket_monitor(zlink_poll_socket(link->poll), name, events) != 0)
        return ERR_IO;
    int error = zlink_poll_new(link->context, ZMQ_PAIR, &link->monitor);
    if (error)
        return error;
    if (zmq_connect(zlink_poll_socket(link->monitor), name) != 0)
        return ERR_IO;
    return zlink_poll_start(link->monitor, on_monitor, link);
}

static int open_dealer(struct zlink *link, const struct zlink_dealer_conf *conf, struct err_note *note)
{
    void *socket = zlink_poll_socket(link->poll);
    const struct zlink_option options[] = {
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_RECONNECT_IVL, 100},
        {ZMQ_RECONNECT_IVL_MAX, 2000},
        {ZMQ_CONNECT_TIMEOUT, 5000},
        {ZMQ_HEARTBEAT_IVL, 5000}, /* a relay that hangs while its kernel answers */
        {ZMQ_HEARTBEAT_TIMEOUT, 15000},
        {ZMQ_HEARTBEAT_TTL, 0}, /* a timer at the relay for each of us, and it has its own way: zlink.c */
    };
    size_t len = strlen(conf->endpoint);
    int error = zlink_internal_check_endpoint(conf->endpoint, note);
    if (error)
        return error;
    if (len >= sizeof link->endpoint)
        return err_set(note, ERR_CONFIG, "endpoint: longer than %d characters", ENDPOINT_MAX - 1);
    memcpy(link->endpoint, conf->endpoint, len + 1);
    if (zlink_internal_set_common(link, conf->send_hwm, conf->receive_hwm, 0) != OK ||
        zlink_internal_set_options(socket, options, sizeof options / sizeof options[0]) != OK ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, conf->server_key, ZLINK_KEY_BYTES) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, conf->public_key, ZLINK_KEY_BYTES) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, conf->secret_key, ZLINK_KEY_BYTES) != 0)
        return err_set(note, ERR_IO, "cannot set up the socket: %s", zmq_strerror(errno));
    error = watch(link);
    if (error)
        return err_set(note, error, "cannot watch %s: %s", link->endpoint, err_text(error));
    error = zlink_poll_start(link->poll, zlink_internal_on_turn, link);
    if (error)
        return error;
    if (zmq_connect(socket, link->endpoint) != 0)
        return err_set(note, zlink_internal_endpoint_error(errno), "cannot connect to %s: %s", link->endpoint,
                       zmq_strerror(errno));
    return OK;
}

int zlink_dealer(struct zlink_context *context, const struct zlink_dealer_conf *conf,
                 const struct zlink_dealer_events *events, struct err_note *note, struct zlink **ret_link)
{
    struct zlink *link;
    int error = zlink_internal_new_link(context, ZMQ_DEALER, conf->message_max, &link);
    if (error)
        return err_set(note, error, "%s: %s", conf->endpoint, err_text(error));
    link->dealer = *events;
    link->refused_wait_min_ms = conf->refused_wait_ms ? conf->refused_wait_ms : 5000;
    link->refused_wait_max_ms = conf->refused_wait_max_ms ? conf->refused_wait_max_ms : 600000;
    link->refused_wait_ms = link->refused_wait_min_ms;
    error = loop_timer_new(zlink_context_loop(context), connect_again, link, &link->again);
    if (!error)
        error = open_dealer(link, conf, note);
    if (error) {
        zlink_free(link);
        return error;
    }
    *ret_link = link;
    return OK;
}
