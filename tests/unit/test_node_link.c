/* node_link: a real core and real CURVE links to a ROUTER with a gate; only the relay's mind is missing. */
#include "node_room.h"
#include "relay/gate.h"

struct scene {
    struct room *room;
    struct zlink_context *context;
    struct gate *gate;
    struct zlink *router;
    char endpoint[64];
    size_t hellos;
    char user[ZLINK_USER_MAX + 1];
    struct zlink_id id;
};

/* ---- the relay's side ---- */

static void on_router_message(void *ctx, const struct zlink_peer *peer, struct slice message)
{
    struct scene *s = ctx;
    struct cursor cursor = cursor_of(message);
    struct wire_frame frame;
    while (!cursor_at_end(&cursor)) {
        assert_int_equal(wire_next(&cursor, &frame), OK);
        s->hellos += frame.type == WIRE_HELLO;
    }
    s->id = peer->id;
    snprintf(s->user, sizeof s->user, "%s", peer->user);
}

static void open_router(struct scene *s, const char *endpoint)
{
    const struct zlink_router_conf conf = {
        .endpoint = endpoint, .secret_key = s->room->fixture.relay->transport_secret.bytes, .zap_domain = GATE_DOMAIN};
    const struct zlink_router_events events = {on_router_message, s};
    struct err_note note = {""};
    if (zlink_router(s->context, &conf, &events, &note, &s->router) != OK)
        fail_msg("%s", note.text);
}

static void admit(struct scene *s, const struct key_set *keys)
{
    struct gate_entry entry;
    memcpy(entry.key, keys->transport.bytes, sizeof entry.key);
    snprintf(entry.member, sizeof entry.member, "%s", keys->id);
    assert_int_equal(gate_allow_only(s->gate, &entry, 1, NULL), OK);
}

/* ---- the scene ---- */

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    void *room = NULL;
    assert_non_null(s);
    room_prepare(&room);
    s->room = room;
    assert_int_equal(zlink_context_new(s->room->loop, 64, &s->context), OK);
    assert_int_equal(gate_new(s->context, NULL, &s->gate), OK);
    admit(s, s->room->fixture.member[0]);
    open_router(s, "tcp://127.0.0.1:*");
    snprintf(s->endpoint, sizeof s->endpoint, "%s", zlink_endpoint(s->router));
    s->room->endpoints[0] = s->endpoint;
    s->room->endpoint_count = 1;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    void *room = s->room;
    if (s->room->links != NULL)
        node_link_detach(s->room->links);
    node_link_free(s->room->links);
    s->room->links = NULL;
    zlink_free(s->router);
    gate_free(s->gate);
    zlink_context_free(s->context);
    int result = room_teardown(&room);
    free(s);
    return result;
}

static void start(struct scene *s)
{
    assert_int_equal(node_link_new(s->context, room_touched, s->room, &s->room->links), OK);
    room_open_node(s->room);
    node_link_attach(s->room->links, s->room->node);
}

static enum uplink_state state_of(const struct scene *s)
{
    return node_uplink(s->room->node, 0)->state;
}

static bool has_hello(void *ctx)
{
    return ((struct scene *)ctx)->hellos >= 1;
}

static bool has_second_hello(void *ctx)
{
    return ((struct scene *)ctx)->hellos >= 2;
}

static bool is_offline(void *ctx)
{
    return state_of(ctx) == UPLINK_OFFLINE;
}

static bool is_refused(void *ctx)
{
    return state_of(ctx) == UPLINK_REFUSED;
}

static void wait_for(struct scene *s, bool (*done)(void *ctx))
{
    assert_error(loop_run_until(s->room->loop, done, s, ROOM_DEADLINE_MS), OK);
}

/* ---- tests ---- */

static void node_link_hello_reaches_the_relay_of_the_roster(void **state)
{
    struct scene *s = *state;
    start(s);
    wait_for(s, has_hello);
    assert_string_equal(s->user, "be-baken");
    assert_int_equal(state_of(s), UPLINK_GREETING);
    assert_string_equal(node_link_endpoint(s->room->links, 0), s->endpoint);
    assert_int_equal(node_link_counters(s->room->links, 0)->connected, 1);
    assert_null(node_link_counters(s->room->links, 1));
}

static void node_link_relay_that_comes_back_is_greeted_again(void **state)
{
    struct scene *s = *state;
    start(s);
    wait_for(s, has_hello);
    zlink_free(s->router);
    s->router = NULL;
    wait_for(s, is_offline);
    for (int i = 0; i < 20; i++)
        loop_turn(s->room->loop);
    open_router(s, s->endpoint);
    wait_for(s, has_second_hello);
}

static void node_link_key_that_the_gate_does_not_know_is_refused(void **state)
{
    struct scene *s = *state;
    admit(s, s->room->fixture.member[2]);
    start(s);
    wait_for(s, is_refused);
    assert_int_equal(s->hellos, 0);
}

static void node_link_endpoint_that_does_not_answer_gives_way_to_the_next(void **state)
{
    struct scene *s = *state;
    char nobody[] = "tcp://127.0.0.1:1";
    s->room->endpoints[0] = nobody;
    s->room->endpoints[1] = s->endpoint;
    s->room->endpoint_count = 2;
    start(s);
    int64_t steady_us = clock_steady_us();
    node_link_tick(s->room->links, steady_us);
    node_link_tick(s->room->links, steady_us + NODE_LINK_ENDPOINT_US - 1);
    assert_string_equal(node_link_endpoint(s->room->links, 0), nobody);
    node_link_tick(s->room->links, steady_us + NODE_LINK_ENDPOINT_US);
    assert_string_equal(node_link_endpoint(s->room->links, 0), s->endpoint);
    wait_for(s, has_hello);
}

static void bring_roster(struct scene *s, uint64_t version)
{
    struct buf roster;
    struct err_note note = {""};
    buf_init(&roster);
    room_roster(s->room, version, &roster);
    int error = node_bring_roster(s->room->node, buf_slice(&roster), s->room->now_us, &note);
    if (error != OK)
        fail_msg("%s: %s", err_name(error), note.text);
    buf_free(&roster);
    room_settle(s->room);
}

static void node_link_new_roster_leaves_a_standing_link_alone(void **state)
{
    struct scene *s = *state;
    start(s);
    wait_for(s, has_hello);
    struct zlink_id before = s->id;
    bring_roster(s, 2);
    node_link_reconcile(s->room->links);
    assert_int_equal(zlink_send_to(s->router, &before, slice_text("x")), OK); /* the connection is the same one */
    assert_int_equal(node_link_counters(s->room->links, 0)->connected, 1);
    assert_int_equal(node_link_counters(s->room->links, 0)->disconnected, 0);
}

static void node_link_relay_that_moved_is_followed(void **state)
{
    struct scene *s = *state;
    struct zlink *old;
    char moved[64];
    start(s);
    wait_for(s, has_hello);
    old = s->router;
    open_router(s, "tcp://127.0.0.1:*");
    snprintf(moved, sizeof moved, "%s", zlink_endpoint(s->router));
    s->room->endpoints[0] = moved;
    bring_roster(s, 2);
    assert_string_equal(node_link_endpoint(s->room->links, 0), moved);
    node_link_tick(s->room->links, clock_steady_us()); /* tells the core that the old connection is no more */
    wait_for(s, has_second_hello);
    zlink_free(old);
}

static void node_link_without_a_core_drops_what_comes(void **state)
{
    struct scene *s = *state;
    start(s);
    wait_for(s, has_hello);
    node_link_detach(s->room->links);
    assert_int_equal(zlink_send_to(s->router, &s->id, slice_text("not even a frame")), OK);
    for (int i = 0; i < 50; i++)
        loop_turn(s->room->loop);
    assert_int_equal(node_link_send(s->room->links, 0, slice_text("a goodbye")), OK);
    assert_int_equal(node_link_send(s->room->links, 1, slice_text("to nobody")), ERR_UNREACHABLE);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(node_link_hello_reaches_the_relay_of_the_roster),
        LINK_TEST(node_link_relay_that_comes_back_is_greeted_again),
        LINK_TEST(node_link_key_that_the_gate_does_not_know_is_refused),
        LINK_TEST(node_link_endpoint_that_does_not_answer_gives_way_to_the_next),
        LINK_TEST(node_link_new_roster_leaves_a_standing_link_alone),
        LINK_TEST(node_link_relay_that_moved_is_followed),
        LINK_TEST(node_link_without_a_core_drops_what_comes),
    };
    return cmocka_run_group_tests_name("node_link", tests, NULL, NULL);
}
