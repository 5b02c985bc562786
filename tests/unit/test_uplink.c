/* uplink: every state with every event, and every state with every frame, against the tables of uplink.h and
 * docs/protocol.md. */
#include "fixture.h"
#include "node/uplink.h"

#define STATES 5
#define EVENTS 8

static const enum uplink_event events[EVENTS] = {UPLINK_LINK_UP,  UPLINK_LINK_DOWN,    UPLINK_KEY_REFUSED,
                                                 UPLINK_WELCOMED, UPLINK_HELLO_WANTED, UPLINK_WAS_REPLACED,
                                                 UPLINK_SILENT,   UPLINK_RETRY};

/* By state (rows) and event (columns, in the order above): the state that follows. */
#define O UPLINK_OFFLINE
#define G UPLINK_GREETING
#define R UPLINK_READY
#define X UPLINK_REFUSED
#define P UPLINK_REPLACED
static const enum uplink_state follows[STATES][EVENTS] = {
    /*            up down key welcome hello replaced silent retry */
    /* OFFLINE  */ {G, O, X, O, O, O, O, O},
    /* GREETING */ {G, O, X, R, G, P, G, G},
    /* READY    */ {R, O, X, R, G, P, G, R},
    /* REFUSED  */ {G, X, X, X, X, X, X, X},
    /* REPLACED */ {G, O, X, P, P, P, P, G},
};

static void uplink_step_follows_the_table_for_every_state_and_event(void **state)
{
    (void)state;
    for (int from = 0; from < STATES; from++) {
        for (int e = 0; e < EVENTS; e++) {
            struct uplink uplink;
            uplink_init(&uplink, "relay-noord", 5);
            uplink.state = (enum uplink_state)from;
            bool changed = uplink_step(&uplink, events[e], NULL, 9);
            if (uplink.state != follows[from][e])
                fail_msg("%s and event %d: %s instead of %s", uplink_state_name((enum uplink_state)from), e,
                         uplink_state_name(uplink.state), uplink_state_name(follows[from][e]));
            assert_int_equal(changed, (int)follows[from][e] != from);
            assert_int_equal(uplink.since_us, changed ? 9 : 5);
        }
    }
}

static void uplink_permits_what_the_table_says_and_nothing_else(void **state)
{
    (void)state;
    static const uint8_t ready[] = {WIRE_WELCOME, WIRE_ROSTERS,    WIRE_GOODBYE,     WIRE_CARDS,     WIRE_PRESENCE,
                                    WIRE_LACKING, WIRE_ACCEPTED,   WIRE_REFUSED,     WIRE_DELIVER,   WIRE_GRANT_WANTED,
                                    WIRE_PENDING, WIRE_RECEIPTS,   WIRE_UNREADABLES, WIRE_TAKEN,     WIRE_PULSE,
                                    WIRE_GAP,     WIRE_GAP_ANSWER, WIRE_BLOB_WANT,   WIRE_BLOB_CHUNK};
    static const uint8_t greeting[] = {WIRE_WELCOME, WIRE_ROSTERS, WIRE_GOODBYE};
    for (int from = 0; from < STATES; from++) {
        struct uplink uplink;
        uplink_init(&uplink, "relay-noord", 5);
        uplink.state = (enum uplink_state)from;
        for (int type = 0; type < 256; type++) {
            bool expected = false;
            for (size_t i = 0; from == UPLINK_READY && i < sizeof ready; i++)
                expected |= ready[i] == type;
            for (size_t i = 0; from == UPLINK_GREETING && i < sizeof greeting; i++)
                expected |= greeting[i] == type;
            expected |= from == UPLINK_REPLACED && type == WIRE_GOODBYE;
            if (uplink_permits(&uplink, (uint8_t)type) != expected)
                fail_msg("%s, frame %d (%s): %d", uplink_state_name((enum uplink_state)from), type,
                         wire_name((uint8_t)type), !expected);
        }
    }
}

static void uplink_keeps_the_reason_of_its_last_change_and_the_link(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink, "relay-noord", 5);
    assert_int_equal(uplink.round_trip_us, -1);
    uplink_step(&uplink, UPLINK_LINK_UP, NULL, 6);
    assert_true(uplink.link_is_up);
    uplink_step(&uplink, UPLINK_KEY_REFUSED, "the relay does not know this key", 7);
    assert_false(uplink.link_is_up);
    assert_string_equal(uplink.reason, "the relay does not know this key");
    assert_string_equal(uplink_state_label(uplink.state), "REFUSED");
    assert_string_equal(uplink_state_label(UPLINK_READY), "CONNECTED");
    assert_string_equal(uplink_state_label(UPLINK_GREETING), "CONNECTING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uplink_step_follows_the_table_for_every_state_and_event),
        cmocka_unit_test(uplink_permits_what_the_table_says_and_nothing_else),
        cmocka_unit_test(uplink_keeps_the_reason_of_its_last_change_and_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
