/* session: every state against every frame type, and every step. The expectation is written down here a second time, as
 * in docs/protocol.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/seal.h"
#include "relay/session.h"

/* Hello in every state; all else that a node says when READY. */
static bool expected(enum session_state state, uint8_t type)
{
    static const uint8_t ready[] = {WIRE_HELLO,  WIRE_ROSTERS,  WIRE_CARDS,       WIRE_OFFER, WIRE_PUBLISH,
                                    WIRE_GRANTS, WIRE_RECEIPTS, WIRE_UNREADABLES, WIRE_GAP,   WIRE_GAP_ANSWER,
                                    WIRE_PULSE,  WIRE_TAKEN,    WIRE_GOODBYE,     WIRE_BLOB_PUT, WIRE_BLOB_WANT};

    if (state != SESSION_READY)
        return type == WIRE_HELLO;
    for (size_t i = 0; i < sizeof ready; i++)
        if (ready[i] == type)
            return true;
    return false;
}

static void session_every_state_and_frame_is_permitted_as_documented(void **state)
{
    (void)state;
    for (int s = 0; s < SESSION_STATES; s++)
        for (int type = 0; type < 256; type++) {
            const struct session_row *row = session_permits((enum session_state)s, (uint8_t)type);
            if ((row != NULL) != expected((enum session_state)s, (uint8_t)type))
                fail_msg("%s, %s (%d): permitted %d", session_state_name((enum session_state)s),
                         wire_name((uint8_t)type), type, row != NULL);
            if (row)
                assert_true(row->handler < SESSION_HANDLERS);
        }
}

static void session_every_state_and_event_leads_where_the_table_says(void **state)
{
    static const enum session_state to[SESSION_STATES][2] = {
        [SESSION_AWAIT_HELLO] = {SESSION_READY, SESSION_CLOSED},
        [SESSION_READY] = {SESSION_READY, SESSION_CLOSED},
        [SESSION_CLOSED] = {SESSION_READY, SESSION_CLOSED},
    };

    (void)state;
    for (int s = 0; s < SESSION_STATES; s++)
        for (int event = 0; event < 2; event++) {
            struct session session = {.state = (enum session_state)s};
            session_step(&session, (enum session_event)event);
            assert_int_equal(session.state, to[s][event]);
        }
}

static void session_malformed_frames_are_forgiven_up_to_the_budget(void **state)
{
    struct session session = {0};

    (void)state;
    for (int i = 0; i < SESSION_INVALID_MAX; i++)
        assert_true(session_forgives(&session));
    assert_false(session_forgives(&session));
}

static void session_peer_of_no_or_too_many_bytes_is_refused(void **state)
{
    uint8_t bytes[SESSION_PEER_BYTES + 1] = {0};
    struct session_peer peer;

    (void)state;
    assert_int_equal(session_peer_from(slice_of(bytes, 0), &peer), ERR_LIMIT);
    assert_int_equal(session_peer_from(slice_of(bytes, sizeof bytes), &peer), ERR_LIMIT);
    assert_int_equal(session_peer_from(slice_of(bytes, 5), &peer), OK);
    assert_int_equal(peer.len, 5);
}

static void session_table_finds_by_connection_and_forgets_what_is_dropped(void **state)
{
    struct session_table table;
    struct session_peer one = {.len = 5, .bytes = {0, 1}}, other = {.len = 5, .bytes = {0, 2}};
    struct session *session;

    (void)state;
    assert_int_equal(seal_start(), OK);
    session_table_init(&table);
    assert_int_equal(session_new(&table, &one, 7, &session), OK);
    assert_ptr_equal(session_find(&table, &one), session);
    assert_null(session_find(&table, &other));
    assert_int_equal(session->state, SESSION_AWAIT_HELLO);
    session_drop(&table, session);
    assert_null(session_find(&table, &one));
    assert_int_equal(session_new(&table, &other, 8, &session), OK);
    session_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_every_state_and_frame_is_permitted_as_documented),
        cmocka_unit_test(session_every_state_and_event_leads_where_the_table_says),
        cmocka_unit_test(session_malformed_frames_are_forgiven_up_to_the_budget),
        cmocka_unit_test(session_peer_of_no_or_too_many_bytes_is_refused),
        cmocka_unit_test(session_table_finds_by_connection_and_forgets_what_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
