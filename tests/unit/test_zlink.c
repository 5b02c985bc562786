/* zlink: real sockets on loopback under CURVE, with real timers. The gate is the real one. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "proto/clock.h"
#include "proto/zlink.h"
#include "relay/gate.h"

#define DEADLINE_MS 30000
#define MANY 20000

struct keys {
    uint8_t public_key[32];
    uint8_t secret_key[32];
};

struct scene {
    struct loop *loop;
    struct zlink_context *context;
    struct gate *gate;
    struct zlink *router;
    struct zlink *dealer;
    struct loop_timer *timer;
    struct keys relay, node;
    /* what the router saw */
    struct zlink_id id;
    struct zlink_id first_id;
    char user[64];
    uint32_t at_router;
    size_t last_len;
    bool echo;
    int64_t busy_us;     /* what each message takes */
    uint32_t seen, most; /* messages at the last turn of a timer; the most between two */
    /* what the dealer saw */
    uint32_t at_dealer;
    uint32_t to_send;
    uint32_t sent;
    bool in_order;
    bool free_on_message;
    int connected, disconnected, writable;
    uint32_t wanted;
};

static struct keys new_keys(void)
{
    char public_text[41], secret_text[41];
    struct keys keys;
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_non_null(zmq_z85_decode(keys.public_key, public_text));
    assert_non_null(zmq_z85_decode(keys.secret_key, secret_text));
    return keys;
}

static void on_router_message(void *ctx, const struct zlink_peer *peer, struct slice message)
{
    struct scene *s = ctx;
    uint32_t number = 0;
    if (s->at_router == 0)
        s->first_id = peer->id;
    s->id = peer->id;
    snprintf(s->user, sizeof s->user, "%s", peer->user);
    s->last_len = message.len;
    if (message.len >= sizeof number)
        memcpy(&number, message.data, sizeof number);
    s->in_order = s->in_order && number == s->at_router;
    s->at_router++;
    for (int64_t began_us = clock_steady_us(); s->busy_us > 0 && clock_steady_us() - began_us < s->busy_us;)
        continue;
    if (s->echo)
        assert_int_equal(zlink_send_to(s->router, &peer->id, message), OK);
}

static void on_dealer_message(void *ctx, struct slice message)
{
    struct scene *s = ctx;
    uint32_t number = 0;
    memcpy(&number, message.data, sizeof number);
    s->in_order = s->in_order && number == s->at_dealer;
    s->at_dealer++;
    if (s->free_on_message) {
        zlink_free(s->dealer);
        s->dealer = NULL;
    }
}

static void on_state(void *ctx, enum zlink_state state)
{
    struct scene *s = ctx;
    if (state == ZLINK_CONNECTED)
        s->connected++;
    if (state == ZLINK_DISCONNECTED)
        s->disconnected++;
}

static void on_writable(void *ctx)
{
    struct scene *s = ctx;
    s->writable++;
}

static struct zlink *open_router(struct scene *s, const char *endpoint)
{
    const struct zlink_router_conf conf = {
        .endpoint = endpoint,
        .secret_key = s->relay.secret_key,
        .zap_domain = GATE_DOMAIN,
        .send_hwm = 50000,
        .handshake_ms = 1000,
    };
    const struct zlink_router_events events = {on_router_message, s};
    struct err_note note = {""};
    struct zlink *link = NULL;
    int error = zlink_router(s->context, &conf, &events, &note, &link);
    if (error)
        print_message("%s\n", note.text);
    assert_int_equal(error, OK);
    return link;
}

static struct zlink *open_dealer_to(struct scene *s, const char *endpoint)
{
    const struct zlink_dealer_conf conf = {
        .endpoint = endpoint,
        .server_key = s->relay.public_key,
        .public_key = s->node.public_key,
        .secret_key = s->node.secret_key,
        .send_hwm = 200,
    };
    const struct zlink_dealer_events events = {on_dealer_message, on_state, on_writable, s};
    struct zlink *link = NULL;
    assert_int_equal(zlink_dealer(s->context, &conf, &events, NULL, &link), OK);
    return link;
}

static struct zlink *open_dealer(struct scene *s)
{
    return open_dealer_to(s, zlink_endpoint(s->router));
}

static bool dealer_connected(void *ctx)
{
    struct scene *s = ctx;
    return s->dealer && zlink_state(s->dealer) == ZLINK_CONNECTED;
}

static bool dealer_lost(void *ctx)
{
    struct scene *s = ctx;
    return s->disconnected > 0;
}

static bool router_has(void *ctx)
{
    struct scene *s = ctx;
    return s->at_router >= s->wanted;
}

static bool dealer_has(void *ctx)
{
    struct scene *s = ctx;
    return s->at_dealer >= s->wanted;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void wait_for(struct scene *s, bool (*done)(void *ctx))
{
    assert_int_equal(loop_run_until(s->loop, done, s, DEADLINE_MS), OK);
}

static struct scene *begin(void)
{
    struct scene *s = calloc(1, sizeof *s);
    struct gate_entry entry = {.member = "be-baken"};
    assert_non_null(s);
    s->in_order = true;
    s->relay = new_keys();
    s->node = new_keys();
    memcpy(entry.key, s->node.public_key, sizeof entry.key);
    assert_int_equal(loop_new(&s->loop), OK);
    assert_int_equal(zlink_context_new(s->loop, 64, &s->context), OK);
    assert_int_equal(gate_new(s->context, NULL, &s->gate), OK);
    assert_int_equal(gate_allow_only(s->gate, &entry, 1, NULL), OK);
    s->router = open_router(s, "tcp://127.0.0.1:*");
    s->dealer = open_dealer(s);
    return s;
}

static void end(struct scene *s)
{
    loop_timer_free(s->timer);
    zlink_free(s->dealer);
    zlink_free(s->router);
    gate_free(s->gate);
    zlink_context_free(s->context);
    loop_free(s->loop);
    free(s);
}

static uint16_t port_of(const struct scene *s)
{
    const char *colon = strrchr(zlink_endpoint(s->router), ':');
    assert_non_null(colon);
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

/* ---- tests ---- */

static void send_some(void *ctx)
{
    struct scene *s = ctx;
    for (int i = 0; i < 97 && s->sent < s->to_send; i++) {
        int error = zlink_send(s->dealer, slice_of(&s->sent, sizeof s->sent));
        if (error) {
            assert_int_equal(error, ERR_AGAIN);
            return;
        }
        s->sent++;
    }
}

static void zlink_20000_messages_sent_by_a_timer_come_in_order_and_back(void **state)
{
    (void)state;
    struct scene *s = begin();
    wait_for(s, dealer_connected);
    s->echo = true;
    s->to_send = s->wanted = MANY;
    assert_int_equal(loop_timer_new(s->loop, send_some, s, &s->timer), OK);
    loop_timer_every(s->timer, 1);
    wait_for(s, dealer_has);
    assert_true(s->in_order);
    assert_int_equal(s->at_router, MANY);
    assert_int_equal(s->at_dealer, MANY);
    assert_string_equal(s->user, "be-baken");
    assert_int_equal(zlink_counters(s->router)->received, MANY);
    assert_int_equal(zlink_counters(s->dealer)->received, MANY);
    end(s);
}

static void count_between(void *ctx)
{
    struct scene *s = ctx;
    if (s->at_router - s->seen > s->most)
        s->most = s->at_router - s->seen;
    s->seen = s->at_router;
}

/* Each may ask for a signature's check: the news of a commit must not wait for all that came. */
static void zlink_slow_messages_let_the_loop_turn_in_between(void **state)
{
    (void)state;
    struct scene *s = begin();
    wait_for(s, dealer_connected);
    s->busy_us = ZLINK_POLL_BUDGET_US;
    s->to_send = s->wanted = 40;
    assert_int_equal(loop_timer_new(s->loop, count_between, s, &s->timer), OK);
    send_some(s);
    loop_timer_every(s->timer, 1);
    wait_for(s, router_has);
    count_between(s);
    assert_true(s->in_order);
    assert_in_range(s->most, 1, 2 * ZLINK_POLL_LEAST);
    end(s);
}

static void zlink_send_before_the_handshake_is_unreachable(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(zlink_send(s->dealer, slice_text("early")), ERR_UNREACHABLE);
    wait_for(s, dealer_connected);
    assert_int_equal(zlink_send(s->dealer, slice_text("now")), OK);
    s->wanted = 1;
    wait_for(s, router_has);
    assert_int_equal(s->last_len, 3);
    end(s);
}

static bool became_writable(void *ctx)
{
    struct scene *s = ctx;
    return s->writable > 0;
}

static void zlink_full_queue_says_again_then_writable(void **state)
{
    (void)state;
    struct scene *s = begin();
    static uint8_t big[ZLINK_MESSAGE_MAX];
    wait_for(s, dealer_connected);
    int error = OK;
    while (error == OK) /* no turn of the loop: the router does not read */
        error = zlink_send(s->dealer, slice_of(big, sizeof big));
    assert_int_equal(error, ERR_AGAIN);
    wait_for(s, became_writable);
    assert_int_equal(s->writable, 1);
    assert_int_equal(zlink_counters(s->dealer)->send_again, 1);
    end(s);
}

static void zlink_oversize_is_refused_before_sending_and_the_largest_passes(void **state)
{
    (void)state;
    struct scene *s = begin();
    static uint8_t big[ZLINK_MESSAGE_MAX + 1];
    wait_for(s, dealer_connected);
    assert_int_equal(zlink_send(s->dealer, slice_of(big, sizeof big)), ERR_LIMIT);
    assert_int_equal(zlink_send(s->dealer, slice_of(big, sizeof big - 1)), OK);
    s->wanted = 1;
    s->echo = true;
    wait_for(s, router_has);
    assert_int_equal(s->last_len, ZLINK_MESSAGE_MAX);
    assert_int_equal(zlink_send_to(s->router, &s->id, slice_of(big, sizeof big)), ERR_LIMIT);
    wait_for(s, dealer_has);
    assert_int_equal(s->disconnected, 0);
    end(s);
}

/* A raw client with the node's key, for what zlink itself refuses to do. */
static void *raw_dealer(struct scene *s, void *context, const char *name)
{
    int linger = 0, timeout_ms = DEADLINE_MS;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout_ms, sizeof timeout_ms);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, s->relay.public_key, 32);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, s->node.public_key, 32);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, s->node.secret_key, 32);
    if (name)
        zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
    assert_int_equal(zmq_connect(socket, zlink_endpoint(s->router)), 0);
    return socket;
}

/* After the burst nothing wakes the loop any more: an edge of ZMQ_FD that was lost is a stall for ever. */
static void zlink_burst_from_elsewhere_then_silence_is_read_to_its_end(void **state)
{
    (void)state;
    struct scene *s = begin();
    zlink_free(s->dealer);
    s->dealer = NULL;
    void *context = zmq_ctx_new();
    void *sender = raw_dealer(s, context, NULL);
    for (uint32_t number = 0; number < 900; number++)
        assert_int_equal(zmq_send(sender, &number, sizeof number, 0), sizeof number);
    s->wanted = 900;
    wait_for(s, router_has);
    assert_true(s->in_order);
    zmq_close(sender);
    zmq_ctx_term(context);
    end(s);
}

static bool dropped_each(void *ctx)
{
    const struct zlink_counters *counters = zlink_counters(((struct scene *)ctx)->router);
    return counters->dropped_multipart == 2 && counters->dropped_named == 1;
}

static void zlink_multipart_and_self_named_messages_are_dropped_and_counted(void **state)
{
    (void)state;
    struct scene *s = begin();
    void *context = zmq_ctx_new();
    void *plain = raw_dealer(s, context, NULL), *named = raw_dealer(s, context, "squatter");
    assert_int_equal(zmq_send(plain, "a", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(plain, "b", 1, 0), 1);
    assert_int_equal(zmq_send(plain, "a", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(plain, "b", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(plain, "c", 1, 0), 1);
    assert_int_equal(zmq_send(named, "x", 1, 0), 1);
    wait_for(s, dropped_each);
    assert_int_equal(s->at_router, 0);
    assert_int_equal(zmq_send(plain, "good", 4, 0), 4);
    s->wanted = 1;
    wait_for(s, router_has);
    zmq_close(plain);
    zmq_close(named);
    zmq_ctx_term(context);
    end(s);
}

static int tcp_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void zlink_garbage_and_oversize_on_the_port_do_not_stop_honest_peers(void **state)
{
    (void)state;
    struct scene *s = begin();
    static uint8_t noise[ZLINK_MESSAGE_MAX * 2];
    uint32_t seed = 1;
    int fds[8];
    wait_for(s, dealer_connected);
    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(seed >> 24);
    }
    /* A greeting of ZMTP 3 with CURVE, then a frame that claims 2^62 bytes. */
    static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    static const uint8_t huge[9] = {0x06, 0x40, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < 8; i++) {
        fds[i] = tcp_to(port_of(s));
        if (i % 2) {
            assert_int_equal(send(fds[i], greeting, sizeof greeting, MSG_NOSIGNAL), sizeof greeting);
            assert_int_equal(send(fds[i], huge, sizeof huge, MSG_NOSIGNAL), sizeof huge);
        }
        (void)!send(fds[i], noise + i, sizeof noise - 8, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    void *context = zmq_ctx_new();
    void *oversize = raw_dealer(s, context, NULL);
    assert_int_equal(zmq_send(oversize, noise, ZLINK_MESSAGE_MAX + 1, 0), ZLINK_MESSAGE_MAX + 1);
    s->echo = true;
    s->to_send = s->wanted = 500;
    assert_int_equal(loop_timer_new(s->loop, send_some, s, &s->timer), OK);
    loop_timer_every(s->timer, 1);
    wait_for(s, dealer_has);
    assert_true(s->in_order);
    assert_int_equal(s->at_router, 500); /* the oversize one never came */
    assert_int_equal(s->disconnected, 0);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    zmq_close(oversize);
    zmq_ctx_term(context);
    end(s);
}

static bool unreachable_now(void *ctx)
{
    struct scene *s = ctx;
    return zlink_send_to(s->router, &s->id, slice_text("still there?")) == ERR_UNREACHABLE;
}

static void zlink_send_to_a_peer_that_left_is_unreachable(void **state)
{
    (void)state;
    struct scene *s = begin();
    const struct zlink_id nobody = {.bytes = {0, 9, 9, 9, 9}, .len = 5};
    assert_int_equal(zlink_send_to(s->router, &nobody, slice_text("x")), ERR_UNREACHABLE);
    wait_for(s, dealer_connected);
    assert_int_equal(zlink_send(s->dealer, slice_text("hello")), OK);
    s->wanted = 1;
    wait_for(s, router_has);
    zlink_free(s->dealer);
    s->dealer = NULL;
    wait_for(s, unreachable_now);
    assert_int_equal(zlink_cut(s->router, &nobody), ERR_NOT_FOUND);
    end(s);
}

static void zlink_cut_peer_is_gone_and_comes_back_with_another_id(void **state)
{
    (void)state;
    struct scene *s = begin();
    wait_for(s, dealer_connected);
    assert_int_equal(zlink_send(s->dealer, slice_text("one")), OK);
    s->wanted = 1;
    wait_for(s, router_has);
    assert_int_equal(zlink_cut(s->router, &s->id), OK);
    assert_int_equal(zlink_cut(s->router, &s->id), ERR_NOT_FOUND);
    wait_for(s, dealer_lost);
    wait_for(s, dealer_connected);
    assert_int_equal(s->connected, 2);
    assert_int_equal(zlink_send(s->dealer, slice_text("two")), OK);
    s->wanted = 2;
    wait_for(s, router_has);
    assert_false(zlink_id_equal(&s->id, &s->first_id));
    end(s);
}

static void zlink_relay_restarted_is_found_again(void **state)
{
    (void)state;
    struct scene *s = begin();
    char endpoint[128];
    wait_for(s, dealer_connected);
    snprintf(endpoint, sizeof endpoint, "%s", zlink_endpoint(s->router));
    zlink_free(s->router);
    s->router = NULL;
    wait_for(s, dealer_lost);
    assert_int_equal(zlink_send(s->dealer, slice_text("x")), ERR_UNREACHABLE);
    s->router = open_router(s, endpoint);
    wait_for(s, dealer_connected);
    end(s);
}

/* A relay, or whoever stands between, says what is no ZMTP. */
struct liar {
    int listener, fd, accepted;
    size_t len; /* of its greeting, before noise */
};

static bool came_again(void *ctx)
{
    static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    static const uint8_t noise[64] = {0x04, 20, 5, 'R', 'E', 'A', 'D', 'Y', 0x99, 0x99, 0x99};
    struct liar *liar = ctx;
    int fd = accept(liar->listener, NULL, NULL);
    if (fd < 0)
        return false;
    liar->accepted++;
    (void)!send(fd, greeting, liar->len, MSG_NOSIGNAL);
    (void)!send(fd, noise, sizeof noise, MSG_NOSIGNAL);
    if (liar->fd >= 0)
        close(liar->fd);
    liar->fd = fd;
    return liar->accepted > 1;
}

static void zlink_bytes_that_break_the_protocol_end_one_connection_alone(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct scene *s = begin();
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof address;
        struct liar liar = {
            .listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .fd = -1, .len = round ? 64 : 12};
        char endpoint[64];
        assert_int_equal(bind(liar.listener, (const struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(liar.listener, 8), 0);
        assert_int_equal(getsockname(liar.listener, (struct sockaddr *)&address, &len), 0);
        snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
        zlink_free(s->dealer);
        s->dealer = open_dealer_to(s, endpoint);
        assert_int_equal(loop_run_until(s->loop, came_again, &liar, DEADLINE_MS), OK);
        close(liar.fd);
        close(liar.listener);
        end(s);
    }
}

static bool dealer_freed(void *ctx)
{
    return ((struct scene *)ctx)->dealer == NULL;
}

static void zlink_freed_inside_on_message_is_safe(void **state)
{
    (void)state;
    struct scene *s = begin();
    uint32_t number = 0;
    wait_for(s, dealer_connected);
    assert_int_equal(zlink_send(s->dealer, slice_of(&number, sizeof number)), OK);
    s->wanted = 1;
    wait_for(s, router_has);
    for (; number < 10; number++)
        assert_int_equal(zlink_send_to(s->router, &s->id, slice_of(&number, sizeof number)), OK);
    s->free_on_message = true;
    wait_for(s, dealer_freed);
    assert_int_equal(loop_run_until(s->loop, never, NULL, 20), ERR_TIMEOUT);
    assert_int_equal(s->at_dealer, 1);
    end(s);
}

static void zlink_wrong_endpoints_are_named(void **state)
{
    (void)state;
    struct scene *s = begin();
    static const struct {
        const char *endpoint;
        int error;
    } rows[] = {{"nonsense", ERR_CONFIG}, {"tcp://127.0.0.1:70000", ERR_CONFIG}, {"smoke://x", ERR_CONFIG}};
    const struct zlink_router_events events = {on_router_message, s};
    struct zlink_router_conf conf = {.secret_key = s->relay.secret_key, .zap_domain = GATE_DOMAIN};
    struct err_note note = {""};
    struct zlink *link = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        conf.endpoint = rows[i].endpoint;
        assert_int_equal(zlink_router(s->context, &conf, &events, &note, &link), rows[i].error);
        assert_non_null(strstr(note.text, rows[i].endpoint));
    }
    conf.endpoint = zlink_endpoint(s->router);
    assert_int_equal(zlink_router(s->context, &conf, &events, &note, &link), ERR_BUSY);
    assert_null(link);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zlink_20000_messages_sent_by_a_timer_come_in_order_and_back),
        cmocka_unit_test(zlink_burst_from_elsewhere_then_silence_is_read_to_its_end),
        cmocka_unit_test(zlink_slow_messages_let_the_loop_turn_in_between),
        cmocka_unit_test(zlink_send_before_the_handshake_is_unreachable),
        cmocka_unit_test(zlink_full_queue_says_again_then_writable),
        cmocka_unit_test(zlink_oversize_is_refused_before_sending_and_the_largest_passes),
        cmocka_unit_test(zlink_multipart_and_self_named_messages_are_dropped_and_counted),
        cmocka_unit_test(zlink_garbage_and_oversize_on_the_port_do_not_stop_honest_peers),
        cmocka_unit_test(zlink_send_to_a_peer_that_left_is_unreachable),
        cmocka_unit_test(zlink_cut_peer_is_gone_and_comes_back_with_another_id),
        cmocka_unit_test(zlink_relay_restarted_is_found_again),
        cmocka_unit_test(zlink_bytes_that_break_the_protocol_end_one_connection_alone),
        cmocka_unit_test(zlink_freed_inside_on_message_is_safe),
        cmocka_unit_test(zlink_wrong_endpoints_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
