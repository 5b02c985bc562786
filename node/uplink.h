/*
 * uplink - the relationship with one relay: which frames are permitted now, whether it is alive, what its clock says.
 * The mirror of the relay's session; pure.
 *
 *   state       event                    -> state
 *   OFFLINE     link up                  -> GREETING (Hello is sent)
 *   GREETING    Welcome                  -> READY
 *   READY       Goodbye HELLO_FIRST      -> GREETING (Hello again)
 *   READY       silence                  -> GREETING (Hello again: ZeroMQ may have reconnected without a word)
 *   REPLACED    a minute                 -> GREETING (Hello again)
 *   GREETING, READY, REPLACED  link down -> OFFLINE
 *   GREETING, READY  Goodbye REPLACED    -> REPLACED (another node uses this key)
 *   all but REFUSED  key refused         -> REFUSED
 *   REFUSED, REPLACED  link up           -> GREETING
 *   What is not listed changes nothing.
 */
#ifndef NODE_UPLINK_H
#define NODE_UPLINK_H

#include "proto/key.h"
#include "proto/wire.h"

enum uplink_state { UPLINK_OFFLINE, UPLINK_GREETING, UPLINK_READY, UPLINK_REFUSED, UPLINK_REPLACED };
enum uplink_event {
    UPLINK_LINK_UP,
    UPLINK_LINK_DOWN,
    UPLINK_KEY_REFUSED,
    UPLINK_WELCOMED,
    UPLINK_HELLO_WANTED,
    UPLINK_WAS_REPLACED,
    UPLINK_SILENT,
    UPLINK_RETRY
};

struct uplink {
    char relay[LIMIT_ID_CHARS + 1];
    enum uplink_state state;
    bool link_is_up;
    int64_t since_us;                        /* wall: of the state */
    int64_t heard_us, pulsed_us, greeted_us; /* steady */
    int64_t round_trip_us;                   /* -1: not measured */
    int64_t skew_us;                         /* its clock less ours */
    bool has_skew;
    uint64_t roster_version;
    char reason[LIMIT_SENTENCE_BYTES + 1]; /* why the last session ended */
    uint64_t held_count;                   /* of Welcome */
    struct key_hash held_xor;
    uint64_t frames_in, frames_out, refused_in;
};

/* OFFLINE, nothing measured. */
void uplink_init(struct uplink *uplink, const char *relay, int64_t now_us);
/* Applies an event by the table above. True when the state changed. */
bool uplink_step(struct uplink *uplink, enum uplink_event event, const char *reason, int64_t now_us);
/* Whether the relay may send this now. */
bool uplink_permits(const struct uplink *uplink, uint8_t frame_type);
const char *uplink_state_name(enum uplink_state state);
/* "CONNECTED", "CONNECTING", "REFUSED": for people. */
const char *uplink_state_label(enum uplink_state state);

#endif
