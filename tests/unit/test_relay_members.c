/* relay: conversations and who takes part: Hello, cards, rosters, presence, late joiners, lost disks, hostile frames.
 */
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2
#define DELIVERED HOTLINE__RECEIPT_STATE__CODE__DELIVERED

static void relay_hello_is_answered_by_welcome_cards_and_presence(void **state)
{
    struct world *world = *state;
    Hotline__Welcome *welcome;
    Hotline__Presence *presence;

    world_hello(world, BE);
    welcome = world_take(world, BE, WIRE_WELCOME);
    assert_string_equal(welcome->relay, "relay-noord");
    assert_int_equal(welcome->roster->version, 1);
    assert_int_equal(welcome->held_count, 0);
    assert_int_equal(welcome->own_card_serial, 0);
    presence = world_take(world, BE, WIRE_PRESENCE);
    assert_true(presence->whole);
    assert_int_equal(presence->n_members, 1);
    world_hello(world, FR);
    assert_int_equal(((Hotline__Cards *)world_take(world, BE, WIRE_CARDS))->n_cards, 1);
    assert_int_equal(((Hotline__Cards *)world_take(world, FR, WIRE_CARDS))->n_cards, 2);
}

static void relay_frame_before_hello_is_answered_by_goodbye(void **state)
{
    struct world *world = *state;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;

    WIRE_SET(&pulse, clock_us, 1);
    world_say(world, BE, WIRE_PULSE, &pulse.base);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, BE, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__HELLO_FIRST);
    world_none(world, BE, WIRE_PULSE);
}

static void relay_pulse_is_answered_with_clock_and_echo(void **state)
{
    struct world *world = *state;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT, *answer;

    world_hello_all(world);
    WIRE_SET(&pulse, clock_us, 12345);
    world_say(world, BE, WIRE_PULSE, &pulse.base);
    answer = world_take(world, BE, WIRE_PULSE);
    assert_int_equal(answer->clock_us, world->now_us);
    assert_int_equal(answer->echo_us, 12345);
}

static void relay_late_subscriber_gets_the_open_case(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    Hotline__Deliver *deliver;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    world->subscription[NL] = "BE";
    world->serial[NL]++;
    world_hello(world, NL);
    assert_int_equal(((Hotline__GrantWanted *)world_take(world, BE, WIRE_GRANT_WANTED))->n_cards, 1);
    alert.grant_count = 0;
    world_grant(world, &alert, NL);
    world_send_grants(world, &alert);
    deliver = world_take(world, NL, WIRE_DELIVER);
    assert_string_equal(deliver->envelope->grants[0]->member, "nl-lamp");
    world_alert_done(&alert);
}

static void relay_member_waits_for_a_sender_that_is_away_and_is_told(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    Hotline__Pending *pending;
    struct session_peer peer;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    peer = world_peer(world, BE);
    relay_gone(world->relay, &peer, world->now_us);
    world_forget(world);
    world->subscription[NL] = "BE";
    world->serial[NL]++;
    world_hello(world, NL);
    pending = world_take(world, NL, WIRE_PENDING);
    assert_string_equal(pending->sender, "be-baken");
    assert_int_equal(pending->count, 1);
    world_hello(world, BE);
    world_take(world, BE, WIRE_GRANT_WANTED);
    world_alert_done(&alert);
}

/* A new store and a new key: the case is wanted again, and its own cases are handed back. */
static void relay_node_that_lost_its_disk_gets_everything_again(void **state)
{
    struct world *world = *state;
    struct world_alert theirs, own;
    Hotline__Deliver *deliver;
    struct key_box_secret secret;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &theirs);
    world_grant(world, &theirs, FR);
    world_publish(world, &theirs);
    world_seal(world, &(struct world_case){.sender = FR, .country = "BE"}, &own);
    world_grant(world, &own, BE);
    world_publish(world, &own);
    world_receipt(world, FR, &theirs, DELIVERED);
    world_commit(world);
    world_forget(world);
    world->store[FR] = seal_uuid(world->now_us, NULL);
    world->serial[FR]++;
    world->connection[FR]++;
    key_box_generate(&world->encryption[FR], &secret);
    world_hello(world, FR);
    deliver = world_take(world, FR, WIRE_DELIVER);
    assert_true(deliver->recovery);
    assert_int_equal(deliver->envelope->n_grants, 0);
    assert_non_null(deliver->envelope->self_grant);
    assert_int_equal(deliver->n_granted, 1);
    assert_string_equal(deliver->granted[0], "be-baken");
    world_taken(world, FR, slice_of(own.sealed.hash.bytes, RECEIPT_NAME_BYTES));
    world_take(world, BE, WIRE_GRANT_WANTED);
    theirs.grant_count = 0;
    world_grant(world, &theirs, FR);
    world_send_grants(world, &theirs);
    deliver = world_take(world, FR, WIRE_DELIVER);
    assert_true(slice_equal(wire_slice(deliver->envelope->grants[0]->box),
                            slice_of(theirs.grants[0].box, ENVELOPE_GRANT_BOX_BYTES)));
    world_receipt(world, FR, &theirs, DELIVERED);
    world_commit(world);
    world_stop(world); /* and all of this is remembered */
    world_start(world);
    world->connection[FR]++;
    world_hello(world, FR);
    world_none(world, FR, WIRE_DELIVER);
    world_alert_done(&theirs);
    world_alert_done(&own);
}

static void world_suspend_be(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[BE], standing, HOTLINE__STANDING__CODE__SUSPENDED);
}

static void relay_suspended_member_updates_and_closes_and_opens_nothing(void **state)
{
    static const struct {
        uint32_t revision;
        Hotline__Act__Code act;
        bool taken;
    } rows[] = {{2, HOTLINE__ACT__CODE__UPDATE, true},
                {3, HOTLINE__ACT__CODE__CLOSE, true},
                {4, HOTLINE__ACT__CODE__UPDATE, false}};
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_alert_done(&alert);
    world_new_roster(world, world_suspend_be, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_forget(world);
        world_seal(world, &(struct world_case){.sender = BE, .revision = rows[i].revision, .act = rows[i].act}, &alert);
        world_grant(world, &alert, FR);
        world_publish(world, &alert);
        assert_int_equal(world_count(world, BE, WIRE_REFUSED), rows[i].taken ? 0 : 1);
        world_alert_done(&alert);
    }
    assert_int_equal(((Hotline__Refused *)world_take(world, BE, WIRE_REFUSED))->code,
                     HOTLINE__REFUSED_CODE__CODE__NOT_ALLOWED);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 9}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    assert_int_equal(((Hotline__Refused *)world_take(world, BE, WIRE_REFUSED))->code,
                     HOTLINE__REFUSED_CODE__CODE__NOT_ALLOWED);
    world_alert_done(&alert);
}

static void world_rekey_fr(Hotline__Roster *roster, void *ctx)
{
    WIRE_SET_BYTES(roster->members[FR], transport_key, ((struct key_set *)ctx)->transport.bytes, KEY_BYTES);
}

static void relay_connection_of_a_replaced_transport_key_is_cut(void **state)
{
    struct world *world = *state;
    struct key_set *other = fixture_key(KEY_MEMBER, "fr-phare", "FR", 0x77);

    world_hello_all(world);
    world_new_roster(world, world_rekey_fr, other);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, FR, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__NOT_MEMBER);
    world_hello(world, FR);
    world_none(world, FR, WIRE_WELCOME);
    world_pass(world, 1100 * CLOCK_MS_US);
    assert_int_equal(world->cuts, 1);
    world->connection[FR]++; /* with the new key */
    world_hello(world, FR);
    world_take(world, FR, WIRE_WELCOME);
    key_set_free(other);
}

/* A node with a newer roster brings it; it is stored and in force after a restart too. */
static void relay_newer_roster_from_a_node_is_taken_and_stays(void **state)
{
    struct world *world = *state;
    Hotline__Rosters rosters = HOTLINE__ROSTERS__INIT;
    Hotline__SignedRoster *list[1];
    struct buf bytes, signed_bytes;
    ProtobufCMessage *message;
    struct wire_arena arena;

    world_hello_all(world);
    buf_init(&bytes);
    buf_init(&signed_bytes);
    fixture_roster_bytes(&world->fixture, 2, world_suspend_be, NULL, &bytes);
    fixture_sign(&world->fixture, buf_slice(&bytes), 3, &signed_bytes);
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(wire_unpack(&hotline__signed_roster__descriptor, buf_slice(&signed_bytes), &arena, NULL, &message),
                     OK);
    list[0] = (Hotline__SignedRoster *)message;
    rosters.n_rosters = 1;
    rosters.rosters = list;
    world_say(world, FR, WIRE_ROSTERS, &rosters.base);
    world_commit(world);
    world_take(world, BE, WIRE_ROSTERS);
    assert_int_equal(roster_version(relay_roster(world->relay)), 2);
    world_stop(world);
    world_start(world); /* the file still says version 1 */
    assert_int_equal(roster_version(relay_roster(world->relay)), 2);
    list[0]->signatures[0]->signature.data[0] ^= 1;
    world_hello(world, FR);
    world_say(world, FR, WIRE_ROSTERS, &rosters.base);
    assert_int_equal(roster_version(relay_roster(world->relay)), 2);
    buf_free(&bytes);
    buf_free(&signed_bytes);
    wire_arena_done(&arena);
}

static void relay_offer_is_answered_with_what_is_lacking(void **state)
{
    struct world *world = *state;
    struct world_alert held, lacking;
    Hotline__Offer offer = HOTLINE__OFFER__INIT;
    Hotline__OfferedEnvelope items[2], *list[2] = {&items[0], &items[1]};
    Hotline__Lacking *answer;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &held);
    world_grant(world, &held, FR);
    world_publish(world, &held);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 9}, &lacking);
    for (size_t i = 0; i < 2; i++) {
        const struct world_alert *alert = i ? &lacking : &held;
        hotline__offered_envelope__init(&items[i]);
        WIRE_SET_BYTES(&items[i], id, alert->id.bytes, 16);
        WIRE_SET_BYTES(&items[i], hash, alert->sealed.hash.bytes, 32);
    }
    WIRE_SET(&offer, page, 7);
    offer.n_envelopes = 2;
    offer.envelopes = list;
    world_say(world, BE, WIRE_OFFER, &offer.base);
    answer = world_take(world, BE, WIRE_LACKING);
    assert_int_equal(answer->page, 7);
    assert_int_equal(answer->n_ids, 1);
    assert_memory_equal(answer->ids[0].data, lacking.id.bytes, 16);
    world_alert_done(&held);
    world_alert_done(&lacking);
}

static void relay_newer_connection_of_a_member_replaces_the_older(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_take(world, FR, WIRE_DELIVER);
    world->connection[FR]++;
    world_hello(world, FR);
    world_take(world, FR, WIRE_DELIVER); /* was in flight on the old one: owed again */
    world->connection[FR]--;
    assert_int_equal(((Hotline__Goodbye *)world_take(world, FR, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__REPLACED);
    world_alert_done(&alert);
}

static void world_withdraw_fr(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[FR], standing, HOTLINE__STANDING__CODE__WITHDRAWN);
}

static void relay_withdrawn_member_gets_its_roster_then_the_cut(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    Hotline__Acceptance *acceptance;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;

    world_hello_all(world);
    world_new_roster(world, world_withdraw_fr, NULL);
    assert_int_equal(((Hotline__Rosters *)world_take(world, FR, WIRE_ROSTERS))->n_rosters, 1);
    world_take(world, BE, WIRE_ROSTERS);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, FR, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__WITHDRAWN);
    WIRE_SET(&pulse, clock_us, 1);
    world_say(world, FR, WIRE_PULSE, &pulse.base);
    world_none(world, FR, WIRE_PULSE);
    assert_int_equal(world->cuts, 0);
    world_pass(world, 1100 * CLOCK_MS_US);
    assert_int_equal(world->cuts, 1);
    assert_int_equal(world->admits, 2);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_grant(world, &alert, NL);
    world_publish(world, &alert);
    world_commit(world);
    acceptance = world_accepted(world, BE);
    assert_int_equal(acceptance->n_granted, 1);
    assert_int_equal(acceptance->n_left_out, 1);
    assert_string_equal(acceptance->left_out[0]->member, "fr-phare");
    assert_string_equal(acceptance->left_out[0]->why, "WITHDRAWN");
    assert_int_equal(acceptance->n_unreached, 1);
    assert_string_equal(acceptance->unreached[0], "FR");
    world_alert_done(&alert);
}

static void relay_silent_member_is_shown_as_gone_and_comes_back(void **state)
{
    struct world *world = *state;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    Hotline__Presence *presence;

    world_hello_all(world);
    world_pass(world, CLOCK_SECOND_US);
    world_forget(world);
    WIRE_SET(&pulse, clock_us, 1);
    for (int i = 0; i < 18; i++) {
        world_say(world, BE, WIRE_PULSE, &pulse.base);
        world_say(world, NL, WIRE_PULSE, &pulse.base);
        world_pass(world, CLOCK_SECOND_US);
    }
    presence = world_take(world, BE, WIRE_PRESENCE);
    assert_int_equal(presence->n_members, 1);
    assert_string_equal(presence->members[0]->member, "fr-phare");
    assert_false(presence->members[0]->connected);
    world_say(world, FR, WIRE_PULSE, &pulse.base);
    world_take(world, FR, WIRE_PULSE);
    world_pass(world, CLOCK_SECOND_US);
    assert_true(((Hotline__Presence *)world_take(world, BE, WIRE_PRESENCE))->members[0]->connected);
}

/* A machine that stood still for twenty seconds on a connection that held: it says no Hello when it goes on. */
static void relay_silent_sender_gets_the_receipts_that_came_meanwhile(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    WIRE_SET(&pulse, clock_us, 1);
    for (int i = 0; i < 20; i++) {
        world_say(world, FR, WIRE_PULSE, &pulse.base);
        world_pass(world, CLOCK_SECOND_US);
    }
    world_receipt(world, FR, &alert, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    world_commit(world);
    world_none(world, BE, WIRE_RECEIPTS);
    world_say(world, BE, WIRE_PULSE, &pulse.base);
    world_take(world, BE, WIRE_RECEIPTS);
    world_alert_done(&alert);
}

static void relay_stolen_connection_with_another_identity_is_refused(void **state)
{
    struct world *world = *state;
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName roster = HOTLINE__ROSTER_NAME__INIT;
    struct wire_arena arena;
    struct card card;
    uint32_t protocol = 1;

    assert_int_equal(wire_arena_init(&arena), OK);
    world_card(world, FR, &card);
    assert_int_equal(card_view(&card, &arena, &hello.card), OK);
    hello.n_protocol = 1;
    hello.protocol = &protocol;
    WIRE_SET(&roster, version, 1);
    WIRE_SET_BYTES(&roster, hash, roster_hash(world->fixture.roster)->bytes, KEY_HASH_BYTES);
    hello.roster = &roster;
    world_say(world, NL, WIRE_HELLO, &hello.base);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, NL, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__NOT_MEMBER);
    world_none(world, NL, WIRE_WELCOME);
    card_done(&card);
    wire_arena_done(&arena);
}

static void relay_wrong_key_for_its_roster_entry_does_not_start(void **state)
{
    struct world *world = *state;
    struct err_note note = {{0}};
    struct key_set *right = world->fixture.relay;

    world_stop(world);
    world->fixture.relay = fixture_key(KEY_RELAY, "relay-noord", "NL", 0x61);
    assert_error(world_try_start(world, roster_signed(world->fixture.roster), &note), ERR_KEY);
    assert_note(&note, "the key in relay.key is not the one on roster version 1");
    key_set_free(world->fixture.relay);
    world->fixture.relay = right;
}

static void relay_garbage_ends_the_session_after_its_budget(void **state)
{
    struct world *world = *state;
    struct session_peer peer = world_peer(world, BE);
    static const uint8_t garbage[] = {6, 0, 0, 0, WIRE_PULSE, 0xff, 0xff, 0xff, 0xff, 0xff};

    world_hello_all(world);
    for (int i = 0; i < SESSION_INVALID_MAX; i++)
        relay_receive(world->relay, &peer, "be-baken", slice_of(garbage, sizeof garbage), world->now_us);
    world_none(world, BE, WIRE_GOODBYE);
    relay_receive(world->relay, &peer, "be-baken", slice_of(garbage, sizeof garbage), world->now_us);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, BE, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__PROTOCOL);
    relay_receive(world->relay, &peer, "be-baken", slice_of(garbage, 3), world->now_us);
    relay_receive(world->relay, &peer, "nobody", slice_of(garbage, 3), world->now_us);
}

static void relay_frame_of_the_other_direction_ends_the_session(void **state)
{
    struct world *world = *state;
    Hotline__Pending pending = HOTLINE__PENDING__INIT;
    char sender[] = "be-baken";

    world_hello_all(world);
    pending.sender = sender;
    WIRE_SET(&pending, urgency, HOTLINE__URGENCY__CODE__ROUTINE);
    WIRE_SET(&pending, since_us, 1);
    WIRE_SET(&pending, count, 1);
    world_say(world, BE, WIRE_PENDING, &pending.base);
    assert_int_equal(((Hotline__Goodbye *)world_take(world, BE, WIRE_GOODBYE))->code,
                     HOTLINE__GOODBYE_CODE__CODE__PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_hello_is_answered_by_welcome_cards_and_presence),
        WORLD_TEST(relay_frame_before_hello_is_answered_by_goodbye),
        WORLD_TEST(relay_pulse_is_answered_with_clock_and_echo),
        WORLD_TEST(relay_late_subscriber_gets_the_open_case),
        WORLD_TEST(relay_member_waits_for_a_sender_that_is_away_and_is_told),
        WORLD_TEST(relay_node_that_lost_its_disk_gets_everything_again),
        WORLD_TEST(relay_suspended_member_updates_and_closes_and_opens_nothing),
        WORLD_TEST(relay_connection_of_a_replaced_transport_key_is_cut),
        WORLD_TEST(relay_newer_roster_from_a_node_is_taken_and_stays),
        WORLD_TEST(relay_offer_is_answered_with_what_is_lacking),
        WORLD_TEST(relay_newer_connection_of_a_member_replaces_the_older),
        WORLD_TEST(relay_withdrawn_member_gets_its_roster_then_the_cut),
        WORLD_TEST(relay_silent_member_is_shown_as_gone_and_comes_back),
        WORLD_TEST(relay_silent_sender_gets_the_receipts_that_came_meanwhile),
        WORLD_TEST(relay_stolen_connection_with_another_identity_is_refused),
        WORLD_TEST(relay_wrong_key_for_its_roster_entry_does_not_start),
        WORLD_TEST(relay_garbage_ends_the_session_after_its_budget),
        WORLD_TEST(relay_frame_of_the_other_direction_ends_the_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
