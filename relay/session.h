/*
 * session - one peer's conversation: which frame is permitted in which state, and who answers it. Pure.
 *
 *   AWAIT_HELLO --hello--> READY --hello--> READY        the node shows another card
 *   AWAIT_HELLO, READY --closed--> CLOSED                not permitted, replaced, withdrawn, goodbye
 *   CLOSED --hello--> READY                              a node may begin again on the same connection
 * A routing id without a session is AWAIT_HELLO. What the table does not list is answered by Goodbye and ends the
 * session.
 */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include "proto/buf.h"
#include "proto/limits.h"
#include "proto/lookup.h"
#include "proto/wire.h"

enum session_state { SESSION_AWAIT_HELLO, SESSION_READY, SESSION_CLOSED, SESSION_STATES };

enum session_event { SESSION_SAID_HELLO, SESSION_ENDED };

/* Who answers a permitted frame. */
enum session_handler {
    SESSION_ON_HELLO,
    SESSION_ON_ROSTERS,
    SESSION_ON_CARDS,
    SESSION_ON_OFFER,
    SESSION_ON_PUBLISH,
    SESSION_ON_GRANTS,
    SESSION_ON_RECEIPTS,
    SESSION_ON_UNREADABLES,
    SESSION_ON_GAP,
    SESSION_ON_GAP_ANSWER,
    SESSION_ON_PULSE,
    SESSION_ON_TAKEN,
    SESSION_ON_GOODBYE,
    SESSION_ON_BLOB_PUT,
    SESSION_ON_BLOB_WANT,
    SESSION_HANDLERS
};

struct session_row {
    uint8_t state;   /* enum session_state */
    uint8_t type;    /* enum wire_type */
    uint8_t handler; /* enum session_handler */
};

/* The row that permits this frame now, or NULL. */
const struct session_row *session_permits(enum session_state state, uint8_t type);
/* "READY". */
const char *session_state_name(enum session_state state);

/* A connection's name: ZeroMQ's routing id, zero-padded; never trusted for who speaks. */
#define SESSION_PEER_BYTES 32
struct session_peer {
    uint8_t len;
    uint8_t bytes[SESSION_PEER_BYTES];
};
/* ERR_LIMIT when it is empty or too long. */
int session_peer_from(struct slice routing_id, struct session_peer *ret_peer) MUST_CHECK;

/* Frames that may fail to parse before the session ends. */
#define SESSION_INVALID_MAX 8

struct session {
    struct session_peer peer; /* first: the table's key */
    uint32_t member;          /* the relay's number for it */
    enum session_state state; /* assigned by session_step() only */
    unsigned invalid;         /* malformed frames so far */
    int64_t heard_us;         /* last frame */
    int64_t since_us;         /* last Hello */
    int64_t cut_us;           /* withdrawn: when the connection is cut; 0: never */
    bool key_replaced;        /* let in by a transport key that the roster no longer lists */
    bool silent;              /* heard nothing for LIMIT_SILENCE_MS */
    bool has_card;            /* it showed its card: alerts may flow */
    uint32_t armed_consoles;
    char languages[LIMIT_LANGUAGES][LIMIT_LANGUAGE_CHARS + 1];
    size_t language_count;
};

/* All sessions, by connection. */
struct session_table {
    struct lookup by_peer;
};
void session_table_init(struct session_table *table);
void session_table_done(struct session_table *table);
struct session *session_find(const struct session_table *table, const struct session_peer *peer);
/* A new one in AWAIT_HELLO. ERR_NOMEM. */
int session_new(struct session_table *table, const struct session_peer *peer, uint32_t member,
                struct session **ret_session) MUST_CHECK;
/* Takes it out and frees it. */
void session_drop(struct session_table *table, struct session *session);
/* The next one at or after *position (from 0), or NULL. */
struct session *session_next(const struct session_table *table, size_t *position);
/* Moves the state by the rows above; an event that has no row leaves it. */
void session_step(struct session *session, enum session_event event);
/* Counts a malformed frame; true when the session may go on. */
bool session_forgives(struct session *session);

#endif
