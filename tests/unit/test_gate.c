/* gate: who gets in, with real handshakes on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zmq.h>

#include <cmocka.h>

#include "proto/zlink.h"
#include "relay/gate.h"

#define DEADLINE_MS 20000

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
    struct keys relay, node, stranger;
    char user[64];
    struct zlink_id id; /* of the last message */
    int messages;
    int connected, disconnected, refused;
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

static struct gate_entry entry_of(const struct keys *keys, const char *member)
{
    struct gate_entry entry = {.member = ""};
    memcpy(entry.key, keys->public_key, sizeof entry.key);
    snprintf(entry.member, sizeof entry.member, "%s", member);
    return entry;
}

static void on_router_message(void *ctx, const struct zlink_peer *peer, struct slice message)
{
    struct scene *s = ctx;
    (void)message;
    snprintf(s->user, sizeof s->user, "%s", peer->user);
    s->id = peer->id;
    s->messages++;
}

static void on_dealer_message(void *ctx, struct slice message)
{
    (void)ctx, (void)message;
}

static void on_state(void *ctx, enum zlink_state state)
{
    struct scene *s = ctx;
    s->connected += state == ZLINK_CONNECTED;
    s->disconnected += state == ZLINK_DISCONNECTED;
    s->refused += state == ZLINK_REFUSED;
}

static struct scene *begin(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->relay = new_keys();
    s->node = new_keys();
    s->stranger = new_keys();
    assert_int_equal(loop_new(&s->loop), OK);
    assert_int_equal(zlink_context_new(s->loop, 64, &s->context), OK);
    assert_int_equal(gate_new(s->context, NULL, &s->gate), OK);
    const struct zlink_router_conf conf = {
        .endpoint = "tcp://127.0.0.1:*",
        .secret_key = s->relay.secret_key,
        .zap_domain = GATE_DOMAIN,
        .handshake_ms = 1000,
    };
    const struct zlink_router_events events = {on_router_message, s};
    assert_int_equal(zlink_router(s->context, &conf, &events, NULL, &s->router), OK);
    return s;
}

static void open_dealer(struct scene *s, const struct keys *keys)
{
    const struct zlink_dealer_conf conf = {
        .endpoint = zlink_endpoint(s->router),
        .server_key = s->relay.public_key,
        .public_key = keys->public_key,
        .secret_key = keys->secret_key,
        .refused_wait_ms = 20,
        .refused_wait_max_ms = 50,
    };
    const struct zlink_dealer_events events = {on_dealer_message, on_state, NULL, s};
    assert_int_equal(zlink_dealer(s->context, &conf, &events, NULL, &s->dealer), OK);
}

static void end(struct scene *s)
{
    zlink_free(s->dealer);
    zlink_free(s->router);
    gate_free(s->gate);
    zlink_context_free(s->context);
    loop_free(s->loop);
    free(s);
}

static void allow(struct scene *s, const struct keys *keys, const char *member)
{
    struct gate_entry entry = entry_of(keys, member);
    assert_int_equal(gate_allow_only(s->gate, &entry, 1, NULL), OK);
}

static void wait_for(struct scene *s, bool (*done)(void *ctx))
{
    assert_int_equal(loop_run_until(s->loop, done, s, DEADLINE_MS), OK);
}

static bool is_connected(void *ctx)
{
    return zlink_state(((struct scene *)ctx)->dealer) == ZLINK_CONNECTED;
}

static bool is_refused(void *ctx)
{
    return zlink_state(((struct scene *)ctx)->dealer) == ZLINK_REFUSED;
}

static bool asked_thrice(void *ctx)
{
    return gate_counters(((struct scene *)ctx)->gate)->refused_key >= 3;
}

static bool deferred_twice(void *ctx)
{
    return gate_counters(((struct scene *)ctx)->gate)->deferred >= 2;
}

static bool has_message(void *ctx)
{
    return ((struct scene *)ctx)->messages > 0;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* ---- tests ---- */

static void gate_known_key_is_admitted_under_its_member(void **state)
{
    (void)state;
    struct scene *s = begin();
    allow(s, &s->node, "pl-kompas");
    open_dealer(s, &s->node);
    wait_for(s, is_connected);
    assert_int_equal(zlink_send(s->dealer, slice_text("hello")), OK);
    wait_for(s, has_message);
    assert_string_equal(s->user, "pl-kompas");
    assert_int_equal(gate_counters(s->gate)->admitted, 1);
    end(s);
}

static void gate_unknown_key_is_refused_again_and_again_until_it_is_allowed(void **state)
{
    (void)state;
    struct scene *s = begin();
    allow(s, &s->node, "pl-kompas");
    open_dealer(s, &s->stranger);
    wait_for(s, is_refused);
    assert_int_equal(zlink_send(s->dealer, slice_text("x")), ERR_UNREACHABLE);
    wait_for(s, asked_thrice);
    assert_int_equal(s->refused, 1); /* one state, however often it tried */
    assert_int_equal(s->connected, 0);
    allow(s, &s->stranger, "lu-lanter");
    wait_for(s, is_connected);
    end(s);
}

static void gate_stolen_public_key_without_its_secret_never_gets_in(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct keys forged = s->node;
    memcpy(forged.secret_key, s->stranger.secret_key, sizeof forged.secret_key);
    allow(s, &s->node, "pl-kompas");
    open_dealer(s, &forged);
    assert_int_equal(loop_run_until(s->loop, is_connected, s, 400), ERR_TIMEOUT);
    assert_int_equal(gate_counters(s->gate)->admitted, 0);
    assert_int_equal(s->messages, 0);
    end(s);
}

static void gate_before_the_first_set_defers_and_does_not_refuse(void **state)
{
    (void)state;
    struct scene *s = begin();
    open_dealer(s, &s->node);
    wait_for(s, deferred_twice);
    assert_int_equal(s->refused, 0);
    allow(s, &s->node, "pl-kompas");
    wait_for(s, is_connected);
    end(s);
}

static void gate_member_removed_and_cut_is_gone(void **state)
{
    (void)state;
    struct scene *s = begin();
    allow(s, &s->node, "pl-kompas");
    open_dealer(s, &s->node);
    wait_for(s, is_connected);
    assert_int_equal(zlink_send(s->dealer, slice_text("hello")), OK);
    wait_for(s, has_message);
    allow(s, &s->stranger, "lu-lanter");
    assert_int_equal(zlink_cut(s->router, &s->id), OK);
    wait_for(s, is_refused);
    assert_int_equal(s->disconnected, 1);
    end(s);
}

static void try_raw(struct scene *s, bool curve, const struct keys *keys)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int linger = 0;
    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (curve) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, s->relay.public_key, 32);
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 32);
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, 32);
    } else {
        zmq_setsockopt(socket, ZMQ_PLAIN_USERNAME, keys ? "pl-kompas" : NULL, keys ? 9 : 0);
    }
    assert_int_equal(zmq_connect(socket, zlink_endpoint(s->router)), 0);
    (void)zmq_send(socket, "let me in", 9, ZMQ_DONTWAIT);
    int waited = loop_run_until(s->loop, has_message, s, 300);
    assert_true(waited == OK || waited == ERR_TIMEOUT);
    zmq_close(socket);
    zmq_ctx_term(context);
}

static void gate_other_mechanisms_get_nothing_through(void **state)
{
    (void)state;
    struct scene *s = begin();
    allow(s, &s->node, "pl-kompas");
    try_raw(s, false, NULL);     /* NULL */
    try_raw(s, false, &s->node); /* PLAIN */
    try_raw(s, true, &s->stranger);
    assert_int_equal(s->messages, 0);
    assert_int_equal(gate_counters(s->gate)->admitted, 0);
    try_raw(s, true, &s->node); /* the same client with a member's key: the test can fail */
    assert_int_equal(s->messages, 1);
    end(s);
}

/* ZAP asked by hand through a socket of the gate's own context, as ZeroMQ itself never would. */
struct asker {
    struct zlink_poll *poll;
    char code[8];
    int parts;
};

static void on_answer(void *ctx, bool readable, bool writable)
{
    struct asker *asker = ctx;
    char part[64];
    int len;
    (void)readable, (void)writable;
    while ((len = zmq_recv(zlink_poll_socket(asker->poll), part, sizeof part - 1, ZMQ_DONTWAIT)) >= 0) {
        part[len] = '\0';
        if (asker->parts++ == 2)
            snprintf(asker->code, sizeof asker->code, "%.3s", part);
    }
}

static bool answered(void *ctx)
{
    return ((struct asker *)ctx)->parts == 6;
}

static void ask(struct scene *s, const char *const parts[], size_t count, char code[8])
{
    struct asker asker = {.parts = 0};
    assert_int_equal(zlink_poll_new(s->context, ZMQ_REQ, &asker.poll), OK);
    assert_int_equal(zmq_connect(zlink_poll_socket(asker.poll), "inproc://zeromq.zap.01"), 0);
    assert_int_equal(zlink_poll_start(asker.poll, on_answer, &asker), OK);
    for (size_t i = 0; i < count; i++)
        assert_true(
            zmq_send(zlink_poll_socket(asker.poll), parts[i], strlen(parts[i]), i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
    assert_int_equal(loop_run_until(s->loop, answered, &asker, DEADLINE_MS), OK);
    memcpy(code, asker.code, sizeof asker.code);
    zlink_poll_free(asker.poll);
}

static void gate_questions_that_it_does_not_understand_get_400(void **state)
{
    (void)state;
    static const char key[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        const char *parts[9];
        size_t count;
        const char *code;
    } rows[] = {
        {{"1.0", "7", "hotline", "127.0.0.1", "", "CURVE", key}, 7, "200"},
        {{"1.0", "7", "hotline", "127.0.0.1", "", "NULL"}, 6, "400"},
        {{"1.0", "7", "hotline", "127.0.0.1", "", "PLAIN", "user", "password"}, 8, "400"},
        {{"1.0", "7", "hotline", "127.0.0.1", "", "NULL", key}, 7, "400"},
        {{"2.0", "7", "hotline", "127.0.0.1", "", "CURVE", key}, 7, "400"},
        {{"1.0", "7", "elsewhere", "127.0.0.1", "", "CURVE", key}, 7, "400"},
        {{"1.0", "7", "hotline", "127.0.0.1", "", "CURVE", "short"}, 7, "400"},
        {{"1.0", "7", "hotline", "127.0.0.1", "", "CURVE", key, key}, 8, "400"},
        {{"1.0"}, 1, "400"},
    };
    struct scene *s = begin();
    struct gate_entry entry = {.member = "pl-kompas"};
    char code[8];
    memcpy(entry.key, key, sizeof entry.key);
    assert_int_equal(gate_allow_only(s->gate, &entry, 1, NULL), OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(s, rows[i].parts, rows[i].count, code);
        assert_string_equal(code, rows[i].code);
    }
    end(s);
}

static void gate_set_with_one_key_twice_or_no_name_is_refused_and_the_old_one_stays(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct err_note note = {""};
    allow(s, &s->node, "pl-kompas");
    struct gate_entry twice[] = {entry_of(&s->stranger, "it-lanterna"), entry_of(&s->node, "pl-kompas"),
                                 entry_of(&s->stranger, "gr-faros")};
    assert_int_equal(gate_allow_only(s->gate, twice, 3, &note), ERR_EXISTS);
    assert_non_null(strstr(note.text, "gr-faros"));
    assert_non_null(strstr(note.text, "it-lanterna"));
    struct gate_entry nameless = entry_of(&s->stranger, "");
    assert_int_equal(gate_allow_only(s->gate, &nameless, 1, &note), ERR_INVALID);
    assert_string_equal(gate_member(s->gate, s->node.public_key), "pl-kompas");
    assert_null(gate_member(s->gate, s->stranger.public_key));
    assert_int_equal(gate_allow_only(s->gate, NULL, 0, &note), OK);
    assert_null(gate_member(s->gate, s->node.public_key));
    end(s);
}

static void gate_10000_keys_are_each_found(void **state)
{
    (void)state;
    struct scene *s = begin();
    enum { COUNT = 10000 };
    struct gate_entry *entries = calloc(COUNT, sizeof *entries);
    assert_non_null(entries);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t mixed = i * 2654435761u;
        memcpy(entries[i].key, &mixed, sizeof mixed);
        snprintf(entries[i].member, sizeof entries[i].member, "m-%u", i);
    }
    assert_int_equal(gate_allow_only(s->gate, entries, COUNT, NULL), OK);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_string_equal(gate_member(s->gate, entries[i].key), entries[i].member);
    assert_null(gate_member(s->gate, s->node.public_key));
    assert_int_equal(gate_counters(s->gate)->keys, COUNT);
    free(entries);
    end(s);
}

static void gate_second_one_in_a_context_is_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct gate *second = NULL;
    struct err_note note = {""};
    assert_int_equal(gate_new(s->context, &note, &second), ERR_BUSY);
    assert_null(second);
    assert_int_equal(loop_run_until(s->loop, never, NULL, 5), ERR_TIMEOUT);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_known_key_is_admitted_under_its_member),
        cmocka_unit_test(gate_unknown_key_is_refused_again_and_again_until_it_is_allowed),
        cmocka_unit_test(gate_stolen_public_key_without_its_secret_never_gets_in),
        cmocka_unit_test(gate_before_the_first_set_defers_and_does_not_refuse),
        cmocka_unit_test(gate_member_removed_and_cut_is_gone),
        cmocka_unit_test(gate_other_mechanisms_get_nothing_through),
        cmocka_unit_test(gate_questions_that_it_does_not_understand_get_400),
        cmocka_unit_test(gate_set_with_one_key_twice_or_no_name_is_refused_and_the_old_one_stays),
        cmocka_unit_test(gate_10000_keys_are_each_found),
        cmocka_unit_test(gate_second_one_in_a_context_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
