/* A peer with a valid key that speaks the wire by hand against a relay: what it replays, re-orders, duplicates,
 * re-addresses or malforms reaches nobody, and honest traffic goes on. */
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2
#define RETRACT HOTLINE__ACT__CODE__RETRACT
#define UPDATE HOTLINE__ACT__CODE__UPDATE

static int refused_code(struct world *world, unsigned member)
{
    Hotline__Refused *refused = world_take(world, member, WIRE_REFUSED);

    assert_non_null(refused->reason);
    assert_true(strlen(refused->reason) > 0);
    return (int)refused->code;
}

/* After everything hostile: an honest case still crosses. */
static void honest_alert_crosses(struct world *world, uint8_t case_id)
{
    struct world_alert alert;

    world_commit(world);
    world_forget(world);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = case_id}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_take(world, FR, WIRE_DELIVER);
    world_commit(world);
    assert_int_equal(world_accepted(world, BE)->n_granted, 1);
    world_alert_done(&alert);
}

static void hostile_replay_of_an_opening_after_its_retraction_reaches_nobody(void **state)
{
    struct world *world = *state;
    struct world_alert opening, retraction;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &opening);
    world_grant(world, &opening, FR);
    world_seal(world, &(struct world_case){.sender = BE, .revision = 2, .act = RETRACT}, &retraction);
    world_grant(world, &retraction, FR);
    world_publish(world, &opening);
    world_publish(world, &retraction);
    world_commit(world);
    world_forget(world);
    for (int i = 0; i < 5; i++)
        world_publish(world, &opening);
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER);
    world_stop(world);
    world_start(world); /* nor when only the disk remembers */
    world_hello_all(world);
    world_publish(world, &opening);
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER);
    world_alert_done(&opening);
    world_alert_done(&retraction);
    honest_alert_crosses(world, 9);
}

/* Every order of three revisions: who comes back later is owed the newest alone. */
static void hostile_revisions_in_any_order_leave_the_newest_alone(void **state)
{
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct world *world = *state;

    world_hello(world, BE);
    world_commit(world);
    for (uint8_t order = 0; order < 6; order++) {
        struct world_alert alerts[3];
        for (uint32_t i = 0; i < 3; i++) {
            world_seal(world,
                       &(struct world_case){.sender = BE, .case_id = order, .revision = i + 1, .act = i ? UPDATE : 0},
                       &alerts[i]);
            world_grant(world, &alerts[i], FR);
        }
        for (int i = 0; i < 3; i++)
            world_publish(world, &alerts[orders[order][i]]);
        world_commit(world);
        for (int i = 0; i < 3; i++)
            world_alert_done(&alerts[i]);
    }
    world_forget(world);
    world_hello(world, FR);
    world_commit(world);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 6);
    for (int i = 0; i < 6; i++) {
        Hotline__Deliver *deliver = world_take(world, FR, WIRE_DELIVER);
        struct wire_arena arena;
        ProtobufCMessage *message;
        assert_int_equal(wire_arena_init(&arena), OK);
        assert_int_equal(wire_unpack(&hotline__envelope_header__descriptor, wire_slice(deliver->envelope->header),
                                     &arena, NULL, &message),
                         OK);
        assert_int_equal(((Hotline__EnvelopeHeader *)message)->revision, 3);
        wire_arena_done(&arena);
    }
}

static void hostile_envelope_readdressed_in_its_header_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct wire_arena arena;
    ProtobufCMessage *message;
    char country[] = "NL";

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, NL);
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(
        wire_unpack(&hotline__envelope_header__descriptor, buf_slice(&alert.sealed.header), &arena, NULL, &message),
        OK);
    ((Hotline__EnvelopeHeader *)message)->route->countries[0] = country;
    buf_clear(&alert.sealed.header);
    wire_pack(message, &alert.sealed.header);
    world_publish(world, &alert);
    assert_int_equal(refused_code(world, BE), HOTLINE__REFUSED_CODE__CODE__BAD_SIGNATURE);
    world_none(world, NL, WIRE_DELIVER);
    wire_arena_done(&arena);
    world_alert_done(&alert);
    honest_alert_crosses(world, 9);
}

static void hostile_body_of_another_envelope_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert first, second;
    struct buf body;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &first);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 1}, &second);
    world_grant(world, &first, FR);
    body = first.sealed.body;
    first.sealed.body = second.sealed.body;
    world_publish(world, &first);
    assert_int_equal(refused_code(world, BE), HOTLINE__REFUSED_CODE__CODE__BAD_SIGNATURE);
    world_none(world, FR, WIRE_DELIVER);
    first.sealed.body = body;
    world_alert_done(&first);
    world_alert_done(&second);
    honest_alert_crosses(world, 9);
}

static void hostile_envelope_replayed_by_its_recipient_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    alert.sender = FR; /* on its own connection, with a grant for somebody else */
    alert.grant_count = 0;
    world_grant(world, &alert, NL);
    world_publish(world, &alert);
    assert_int_equal(refused_code(world, FR), HOTLINE__REFUSED_CODE__CODE__NOT_SENDER);
    world_send_grants(world, &alert); /* nor does a grant alone widen it */
    assert_int_equal(refused_code(world, FR), HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE);
    world_commit(world);
    world_none(world, NL, WIRE_DELIVER);
    alert.sender = BE;
    world_alert_done(&alert);
    honest_alert_crosses(world, 9);
}

static void hostile_receipt_repeated_is_taken_again_and_changes_nothing(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    for (int i = 0; i < 4; i++)
        world_receipt(world, FR, &alert, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_commit(world);
    assert_true(world_count(world, FR, WIRE_TAKEN) >= 1);
    assert_int_equal(world_counters(world)->owed, 0);
    assert_int_equal(world_counters(world)->words_owed, 1);
    world_alert_done(&alert);
    honest_alert_crosses(world, 9);
}

/* One Publish frame as its bytes, with `extra` behind its fields, or only its first `keep` bytes. */
static void say_raw(struct world *world, struct slice body, struct slice extra)
{
    struct session_peer peer = world_peer(world, BE);
    struct buf out;

    buf_init(&out);
    buf_add_u32le(&out, (uint32_t)(body.len + extra.len + 1));
    buf_add_u8(&out, WIRE_PUBLISH);
    buf_add_slice(&out, body);
    buf_add_slice(&out, extra);
    relay_receive(world->relay, &peer, "be-baken", buf_slice(&out), world->now_us);
    buf_free(&out);
}

static void pack_publish(const struct world_alert *alert, struct buf *ret_body)
{
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;

    WIRE_SET_BYTES(&envelope, header, alert->sealed.header.data, alert->sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, alert->sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, alert->sealed.body.data, alert->sealed.body.len);
    publish.envelope = &envelope;
    buf_init(ret_body);
    wire_pack(&publish.base, ret_body);
}

static void hostile_protobuf_is_refused_by_name_and_counted(void **state)
{
    static const uint8_t unknown_field[] = {0xf8, 0x7f, 0x01};
    static const uint8_t group[] = {0x0b, 0x0b, 0x0b, 0x0c, 0x0c, 0x0c};
    static const uint8_t endless_varint[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t beyond[] = {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f};
    struct world *world = *state;
    struct world_alert alert;
    struct buf body;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    pack_publish(&alert, &body);
    const struct {
        struct slice body, extra;
    } rows[] = {
        {buf_slice(&body), slice_of(unknown_field, sizeof unknown_field)},
        {buf_slice(&body), buf_slice(&body)}, /* the envelope twice: decoders would merge the two */
        {buf_slice(&body), slice_of(group, sizeof group)},
        {slice_of(NULL, 0), slice_of(endless_varint, sizeof endless_varint)},
        {slice_of(NULL, 0), slice_of(beyond, sizeof beyond)},
        {slice_of(body.data, body.len / 2), slice_of(NULL, 0)},
        {slice_of(NULL, 0), slice_of(NULL, 0)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = world_counters(world)->malformed;
        say_raw(world, rows[i].body, rows[i].extra);
        assert_int_equal(world_counters(world)->malformed, before + 1);
        assert_int_equal(refused_code(world, BE), HOTLINE__REFUSED_CODE__CODE__MALFORMED);
        world_hello(world, BE); /* a new session: each row with a fresh budget */
        world_commit(world);
        world_forget(world);
    }
    world_none(world, FR, WIRE_DELIVER);
    buf_free(&body);
    world_alert_done(&alert);
    honest_alert_crosses(world, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(hostile_replay_of_an_opening_after_its_retraction_reaches_nobody),
        WORLD_TEST(hostile_revisions_in_any_order_leave_the_newest_alone),
        WORLD_TEST(hostile_envelope_readdressed_in_its_header_is_refused),
        WORLD_TEST(hostile_body_of_another_envelope_is_refused),
        WORLD_TEST(hostile_envelope_replayed_by_its_recipient_is_refused),
        WORLD_TEST(hostile_receipt_repeated_is_taken_again_and_changes_nothing),
        WORLD_TEST(hostile_protobuf_is_refused_by_name_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
