/*
 * session - the table of permitted frames and the states of a conversation.
 * Must never send, look at a clock, or decide anything about content.
 */
#include "relay/session.h"

static const struct session_row session_rows[] = {
    {SESSION_AWAIT_HELLO, WIRE_HELLO, SESSION_ON_HELLO},
    {SESSION_CLOSED, WIRE_HELLO, SESSION_ON_HELLO},
    {SESSION_READY, WIRE_HELLO, SESSION_ON_HELLO},
    {SESSION_READY, WIRE_ROSTERS, SESSION_ON_ROSTERS},
    {SESSION_READY, WIRE_CARDS, SESSION_ON_CARDS},
    {SESSION_READY, WIRE_OFFER, SESSION_ON_OFFER},
    {SESSION_READY, WIRE_PUBLISH, SESSION_ON_PUBLISH},
    {SESSION_READY, WIRE_GRANTS, SESSION_ON_GRANTS},
    {SESSION_READY, WIRE_RECEIPTS, SESSION_ON_RECEIPTS},
    {SESSION_READY, WIRE_UNREADABLES, SESSION_ON_UNREADABLES},
    {SESSION_READY, WIRE_GAP, SESSION_ON_GAP},
    {SESSION_READY, WIRE_GAP_ANSWER, SESSION_ON_GAP_ANSWER},
    {SESSION_READY, WIRE_PULSE, SESSION_ON_PULSE},
    {SESSION_READY, WIRE_TAKEN, SESSION_ON_TAKEN},
    {SESSION_READY, WIRE_GOODBYE, SESSION_ON_GOODBYE},
    {SESSION_READY, WIRE_BLOB_PUT, SESSION_ON_BLOB_PUT},
    {SESSION_READY, WIRE_BLOB_WANT, SESSION_ON_BLOB_WANT},
};

static const struct {
    enum session_state from;
    enum session_event event;
    enum session_state to;
} session_steps[] = {
    {SESSION_AWAIT_HELLO, SESSION_SAID_HELLO, SESSION_READY}, {SESSION_READY, SESSION_SAID_HELLO, SESSION_READY},
    {SESSION_CLOSED, SESSION_SAID_HELLO, SESSION_READY},      {SESSION_AWAIT_HELLO, SESSION_ENDED, SESSION_CLOSED},
    {SESSION_READY, SESSION_ENDED, SESSION_CLOSED},
};

const struct session_row *session_permits(enum session_state state, uint8_t type)
{
    for (size_t i = 0; i < sizeof session_rows / sizeof session_rows[0]; i++)
        if (session_rows[i].state == (uint8_t)state && session_rows[i].type == type)
            return &session_rows[i];
    return NULL;
}

const char *session_state_name(enum session_state state)
{
    static const char *const names[SESSION_STATES] = {"AWAIT_HELLO", "READY", "CLOSED"};

    return (unsigned)state < SESSION_STATES ? names[state] : "UNKNOWN";
}

int session_peer_from(struct slice routing_id, struct session_peer *ret_peer)
{
    if (routing_id.len == 0 || routing_id.len > SESSION_PEER_BYTES)
        return ERR_LIMIT;
    *ret_peer = (struct session_peer){.len = (uint8_t)routing_id.len};
    memcpy(ret_peer->bytes, routing_id.data, routing_id.len);
    return OK;
}

void session_table_init(struct session_table *table)
{
    lookup_init(&table->by_peer, offsetof(struct session, peer), sizeof(struct session_peer));
}

void session_table_done(struct session_table *table)
{
    struct session *session;
    size_t at = 0;

    while ((session = session_next(table, &at)))
        free(session);
    lookup_done(&table->by_peer);
}

struct session *session_find(const struct session_table *table, const struct session_peer *peer)
{
    return lookup_find(&table->by_peer, peer);
}

int session_new(struct session_table *table, const struct session_peer *peer, uint32_t member,
                struct session **ret_session)
{
    struct session *session = calloc(1, sizeof *session);
    int error;

    if (!session)
        return ERR_NOMEM;
    session->peer = *peer;
    session->member = member;
    error = lookup_add(&table->by_peer, session);
    if (error) {
        free(session);
        return error;
    }
    *ret_session = session;
    return OK;
}

void session_drop(struct session_table *table, struct session *session)
{
    lookup_remove(&table->by_peer, &session->peer);
    free(session);
}

struct session *session_next(const struct session_table *table, size_t *position)
{
    return lookup_next(&table->by_peer, position);
}

void session_step(struct session *session, enum session_event event)
{
    for (size_t i = 0; i < sizeof session_steps / sizeof session_steps[0]; i++) {
        if (session_steps[i].from == session->state && session_steps[i].event == event) {
            session->state = session_steps[i].to;
            return;
        }
    }
}

bool session_forgives(struct session *session)
{
    return ++session->invalid <= SESSION_INVALID_MAX;
}
