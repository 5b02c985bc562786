/* zlink: messages of one ROUTER or DEALER. It must never block, leave half a message sent, or look into
 * a payload. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "clock.h"
#include "zlink_internal.h"

/* What CURVE adds to a payload; MAXMSGSIZE counts it. */
#define CURVE_OVERHEAD 33
/* Behind ZeroMQ's draft guard; refused by builds that do not know it, and then the gate's test is what
 * we have. */
#define ZAP_ENFORCE_DOMAIN 93
/* What ZeroMQ itself names a connection: a zero byte and 32 bits. Nobody may name himself. */
#define OWN_ID_BYTES 5

const struct zlink_counters *zlink_counters(const struct zlink *link)
{
    return &link->counters;
}

bool zlink_id_equal(const struct zlink_id *a, const struct zlink_id *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

const char *zlink_endpoint(const struct zlink *link)
{
    return link->endpoint;
}

/* ---- options ---- */

int zlink_internal_set_options(void *socket, const struct zlink_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_setsockopt(socket, options[i].name, &options[i].value, sizeof options[i].value) != 0)
            return ERR_IO;
    }
    return OK;
}

static int or_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

/* Handshakes end, dead peers are noticed, nothing larger than a message is ever held. A peer's death is the kernel's to
 * notice (20 s): ZeroMQ's heartbeats set and cancel timers at each message, and cancelling walks over the timers of all
 * connections, which at ten thousand is most of what a router does. A dealer has one connection, and adds them. */
int zlink_internal_set_common(struct zlink *link, int send_hwm, int receive_hwm, int handshake_ms)
{
    void *socket = zlink_poll_socket(link->poll);
    int64_t size_max = (int64_t)link->message_max + CURVE_OVERHEAD;
    const struct zlink_option options[] = {
        {ZMQ_IPV6, 1},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 10},
        {ZMQ_TCP_KEEPALIVE_INTVL, 5},
        {ZMQ_TCP_KEEPALIVE_CNT, 2},
        {ZMQ_TCP_MAXRT, 20000}, /* with something unacknowledged, keepalive says nothing */
        {ZMQ_HANDSHAKE_IVL, or_default(handshake_ms, 4000)},
        {ZMQ_SNDHWM, or_default(send_hwm, 1000)},
        {ZMQ_RCVHWM, or_default(receive_hwm, 1000)},
    };
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0)
        return ERR_IO;
    return zlink_internal_set_options(socket, options, sizeof options / sizeof options[0]);
}

int zlink_internal_new_link(struct zlink_context *context, int type, size_t message_max, struct zlink **ret_link)
{
    struct zlink *link = calloc(1, sizeof *link);
    if (!link)
        return ERR_NOMEM;
    link->context = context;
    link->message_max = message_max ? message_max : ZLINK_MESSAGE_MAX;
    link->connection_fd = -1;
    int error = zlink_poll_new(context, type, &link->poll);
    if (error) {
        free(link);
        return error;
    }
    *ret_link = link;
    return OK;
}

static void free_memory(void *object)
{
    struct zlink *link = object;
    zlink_peers_free(link->peers);
    free(link);
}

void zlink_free(struct zlink *link)
{
    if (!link)
        return;
    link->closing = true;
    if (link->monitor)
        (void)zmq_socket_monitor(zlink_poll_socket(link->poll), NULL, 0);
    zlink_poll_free(link->monitor);
    zlink_poll_free(link->poll);
    loop_timer_free(link->again);
    loop_reap(zlink_context_loop(link->context), link, free_memory);
}

/* An errno of ZeroMQ at a name that an operator wrote. */
int zlink_internal_endpoint_error(int reason)
{
    switch (reason) {
    case EADDRINUSE:
        return ERR_BUSY;
    case EACCES:
        return ERR_PERMISSION;
    case EMFILE:
    case ENOBUFS:
        return ERR_LIMIT;
    case ENOMEM:
        return ERR_NOMEM;
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case EPROTONOSUPPORT:
    case ENOCOMPATPROTO:
        return ERR_CONFIG;
    default:
        return ERR_IO;
    }
}

/* ZeroMQ takes a port modulo 65536; a wrong one shall be an error here, not a surprise there. Port 0 is
 * "any". */
int zlink_internal_check_endpoint(const char *endpoint, struct err_note *note)
{
    const char *port = strrchr(endpoint, ':');
    bool tcp = strncmp(endpoint, "tcp://", 6) == 0;
    if (!tcp || !port || port < endpoint + 6)
        return err_set(note, ERR_CONFIG, "%s is not an endpoint like tcp://host:7400", endpoint);
    port++;
    size_t digits = strspn(port, "0123456789");
    if (strcmp(port, "*") == 0)
        return OK;
    if (digits == 0 || digits > 5 || port[digits] != '\0' || strtoul(port, NULL, 10) > 65535)
        return err_set(note, ERR_CONFIG, "%s: the port is not 0 to 65535", endpoint);
    return OK;
}

/* ---- receiving ---- */

/* The next part; OK, ERR_AGAIN when there is none, ERR_IO when the socket is going away. */
int zlink_internal_receive_part(void *socket, zmq_msg_t *part)
{
    while (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
        if (errno != EINTR)
            return errno == EAGAIN ? ERR_AGAIN : ERR_IO;
    }
    return OK;
}

/* Reads away what is left of a message after this part. */
void zlink_internal_skip_rest(void *socket, zmq_msg_t *part)
{
    while (zmq_msg_more(part)) {
        if (zlink_internal_receive_part(socket, part) != OK)
            return;
    }
}

void zlink_internal_count_received(struct zlink *link, zmq_msg_t *payload)
{
    link->counters.received++;
    link->counters.received_bytes += (int64_t)zmq_msg_size(payload);
}

/* A payload part of a ROUTER: who sent it (User-Id is on this part; on the id part it is lost), then up
 * with it. */
static void take_from_peer(struct zlink *link, const struct zlink_id *id, zmq_msg_t *payload)
{
    struct zlink_peer peer = {.id = *id, .user = zmq_msg_gets(payload, "User-Id")};
    if (!peer.user || peer.user[0] == '\0' || strlen(peer.user) > ZLINK_USER_MAX) {
        link->counters.dropped_anonymous++;
        return;
    }
    peer.fd = zmq_msg_get(payload, ZMQ_SRCFD);
    zlink_peers_seen(link->peers, &peer);
    zlink_internal_count_received(link, payload);
    link->router.on_message(link->router.ctx, &peer, slice_of(zmq_msg_data(payload), zmq_msg_size(payload)));
}

static int receive_from_peer(struct zlink *link, zmq_msg_t *part)
{
    void *socket = zlink_poll_socket(link->poll);
    struct zlink_id id = {.len = 0};
    int error = zlink_internal_receive_part(socket, part);
    if (error)
        return error;
    size_t len = zmq_msg_size(part);
    bool own_name = len == OWN_ID_BYTES && *(const char *)zmq_msg_data(part) == 0;
    if (!own_name || !zmq_msg_more(part)) {
        link->counters.dropped_named++;
        zlink_internal_skip_rest(socket, part);
        return OK;
    }
    memcpy(id.bytes, zmq_msg_data(part), len);
    id.len = (uint8_t)len;
    error = zlink_internal_receive_part(socket, part);
    if (error)
        return error;
    if (zmq_msg_more(part)) {
        link->counters.dropped_multipart++;
        zlink_internal_skip_rest(socket, part);
        return OK;
    }
    take_from_peer(link, &id, part);
    return OK;
}

void zlink_internal_on_turn(void *ctx, bool readable, bool writable)
{
    struct zlink *link = ctx;
    zmq_msg_t part;
    zmq_msg_init(&part);
    int error = readable ? OK : ERR_AGAIN;
    int64_t until_us = clock_steady_us() + ZLINK_POLL_BUDGET_US;
    for (int i = 0; i < ZLINK_POLL_BUDGET && error == OK && !link->closing; i++) {
        if (i >= ZLINK_POLL_LEAST && clock_steady_us() >= until_us)
            break;
        error = link->peers ? receive_from_peer(link, &part) : zlink_internal_receive_from_relay(link, &part);
    }
    zmq_msg_close(&part);
    if (!writable || link->closing)
        return;
    zlink_poll_want_write(link->poll, false);
    if (link->dealer.on_writable)
        link->dealer.on_writable(link->dealer.ctx);
}

/* ---- sending ---- */

int zlink_internal_fill(zmq_msg_t *part, const void *data, size_t len)
{
    if (zmq_msg_init_size(part, len) != 0)
        return ERR_NOMEM;
    if (len > 0)
        memcpy(zmq_msg_data(part), data, len);
    return OK;
}

/* Takes the part when OK. */
int zlink_internal_send_part(void *socket, zmq_msg_t *part, int flags)
{
    while (zmq_msg_send(part, socket, ZMQ_DONTWAIT | flags) < 0) {
        if (errno != EINTR)
            return errno == EAGAIN ? ERR_AGAIN : ERR_UNREACHABLE;
    }
    return OK;
}

int zlink_internal_count_sent(struct zlink *link, int error, size_t len)
{
    if (error == ERR_AGAIN)
        link->counters.send_again++;
    if (error == ERR_UNREACHABLE)
        link->counters.send_unreachable++;
    if (error == OK) {
        link->counters.sent++;
        link->counters.sent_bytes += (int64_t)len;
    }
    return error;
}

/* Both parts exist before the first is sent, and after a MANDATORY router took the first it takes the
 * second (it drops both when the peer went away in between): so no message is ever half sent. */
int zlink_send_to(struct zlink *link, const struct zlink_id *id, struct slice message)
{
    void *socket = zlink_poll_socket(link->poll);
    zmq_msg_t name, payload;
    if (message.len > link->message_max)
        return ERR_LIMIT;
    int error = zlink_internal_fill(&payload, message.data, message.len);
    if (error)
        return error;
    error = zlink_internal_fill(&name, id->bytes, id->len);
    if (error)
        goto out;
    error = zlink_internal_send_part(socket, &name, ZMQ_SNDMORE);
    if (error)
        zmq_msg_close(&name);
    else
        CHECK(zlink_internal_send_part(socket, &payload, 0) == OK);
out:
    if (error)
        zmq_msg_close(&payload);
    return zlink_internal_count_sent(link, error, message.len);
}

/* ---- ROUTER ---- */

static int open_router(struct zlink *link, const struct zlink_router_conf *conf, struct err_note *note)
{
    void *socket = zlink_poll_socket(link->poll);
    const struct zlink_option options[] = {
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_BACKLOG, 1024},
    };
    int enforce = 1;
    size_t size = sizeof link->endpoint;
    CHECK(conf->zap_domain && conf->zap_domain[0] != '\0');
    int error = zlink_internal_check_endpoint(conf->endpoint, note);
    if (error)
        return error;
    if (zlink_internal_set_common(link, conf->send_hwm, conf->receive_hwm, conf->handshake_ms) != OK ||
        zlink_internal_set_options(socket, options, sizeof options / sizeof options[0]) != OK ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, conf->secret_key, ZLINK_KEY_BYTES) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, conf->zap_domain, strlen(conf->zap_domain)) != 0)
        return err_set(note, ERR_IO, "cannot set up the socket: %s", zmq_strerror(errno));
    (void)zmq_setsockopt(socket, ZAP_ENFORCE_DOMAIN, &enforce, sizeof enforce);
    if (zmq_bind(socket, conf->endpoint) != 0)
        return err_set(note, zlink_internal_endpoint_error(errno), "cannot listen on %s: %s", conf->endpoint,
                       zmq_strerror(errno));
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, link->endpoint, &size) != 0)
        return err_set(note, ERR_IO, "%s: %s", conf->endpoint, zmq_strerror(errno));
    return zlink_poll_start(link->poll, zlink_internal_on_turn, link);
}

int zlink_router(struct zlink_context *context, const struct zlink_router_conf *conf,
                 const struct zlink_router_events *events, struct err_note *note, struct zlink **ret_link)
{
    struct zlink *link;
    int error = zlink_internal_new_link(context, ZMQ_ROUTER, conf->message_max, &link);
    if (error)
        return err_set(note, error, "%s: %s", conf->endpoint, err_text(error));
    link->router = *events;
    error = zlink_peers_new(&link->peers);
    if (!error)
        error = open_router(link, conf, note);
    if (error) {
        zlink_free(link);
        return error;
    }
    *ret_link = link;
    return OK;
}

int zlink_cut(struct zlink *link, const struct zlink_id *id)
{
    size_t cut = zlink_peers_cut(link->peers, id);
    link->counters.cut += (int64_t)cut;
    return cut > 0 ? OK : ERR_NOT_FOUND;
}
