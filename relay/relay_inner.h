/*
 * relay_inner - the relay's state and the steps that its files share: for relay*.c of the core alone.
 */
#ifndef RELAY_RELAY_INNER_H
#define RELAY_RELAY_INNER_H

#include "proto/clock.h"
#include "relay/courier.h"
#include "relay/ledger.h"
#include "relay/parcel.h"
#include "relay/quota.h"
#include "relay/registry.h"
#include "relay/relay.h"
#include "relay/relay_blob.h"
#include "relay/router.h"

/* A silent connection's session is forgotten after this; the next frame is asked for a Hello. */
#define RELAY_FORGET_US (5 * CLOCK_MINUTE_US)
/* A withdrawn member's connection is cut this long after its last roster was sent. */
#define RELAY_FLUSH_US CLOCK_SECOND_US
/* Presence is told at the latest so often, and a second later for each 5,000 sessions: it goes to all of them. */
#define RELAY_PRESENCE_US (200 * CLOCK_MS_US)
#define RELAY_PRESENCE_EACH_US 200
#define RELAY_WANT_AGAIN_US CLOCK_MINUTE_US
/* Envelopes looked at in one go when who is routed may have changed. */
#define RELAY_SWEEP 4000
/* What one frame of many parts is kept under. */
#define RELAY_PAGE_BYTES (160 * 1024)
/* Evidence kept of one member: enough to prove it. */
#define RELAY_EVIDENCE_MAX 64
/* Goodbyes per second to connections without a session. */
#define RELAY_GOODBYES_PER_MINUTE 6000
/* Words owed that are sent to their owner before it answered any. */
#define RELAY_WORDS_AHEAD 512

/* What the member was last told to be waiting for. */
struct relay_pending {
    uint32_t sender;
    uint32_t told, count; /* as last told; as counted in this round */
    int urgency;
    int64_t since_us;
};

/* What the relay knows of a member beside the registry: by the same number. */
struct relay_member {
    struct session *session; /* the newest, READY; or NULL */
    struct courier courier;
    struct quota openings, updates;
    bool present; /* as last told */
    bool present_dirty;
    int64_t present_since_us;
    uint32_t asked;     /* envelopes asked for by Lacking: outside the rate */
    uint32_t asked_sum; /* within the hour: bounds what goes past the rate */
    int64_t asked_since_us;
    uint32_t evidence;
    uint32_t words_sent;    /* of those owed, in this session */
    int64_t lines_since_us; /* of the log, about it */
    uint32_t lines;
    struct relay_pending *pendings;
    size_t pending_count;
    struct relay_blob_member blobs;
};

#define RELAY_UNSEALED UINT64_MAX
/* An answer that lets a peer forget; kept until its ticket is on the disk. */
struct relay_acceptance;
struct relay_hold {
    uint64_t ticket; /* RELAY_UNSEALED: this turn's, not submitted yet */
    uint32_t member;
    int64_t since_us;
    struct relay_acceptance *acceptance; /* NULL: a Taken */
    struct receipt_name name;
};

/* A body on its way from the disk, and who waits for it. */
struct relay_reading {
    uint64_t number;
    uint64_t *keys; /* as given to the couriers */
    uint32_t *members;
    size_t count, capacity;
};

struct relay {
    const struct relay_conf *conf;
    struct key_set *keys;
    struct relay_io io;
    struct spool *spool;
    struct registry registry;
    struct ledger ledger;
    struct parcel_cache cache;
    struct session_table sessions;
    struct relay_blobs blobs;
    struct relay_member **members;
    size_t member_count, member_capacity;
    struct lookup reading;
    struct wire_arena arena; /* the frame being handled */
    struct wire_arena work;  /* what is unpacked besides: cleared by whoever uses it, before */
    struct wire_arena build; /* lists of a frame being built: relay_build() */
    struct buf out;          /* the frame being sent */
    struct relay_hold *holds;
    size_t hold_first, hold_count, hold_capacity;
    struct quota goodbyes;
    struct relay_numbers numbers;
    int64_t now_us;
    int64_t presence_us, minute_us, second_us;
    uint64_t sweep_next; /* envelope number; 0: no sweep */
    struct {
        uint64_t version; /* 0: none seen */
        char member[LIMIT_ID_CHARS + 1];
    } fork; /* the last Hello that named another roster of our version */
    bool presence_dirty, pending_dirty;
    bool failed, stopping;
};

/* ---- relay.c ---- */
/* The end of every turn: what was decided goes to the spool as one write, and what is answered waits for it. */
void relay_settle(struct relay *relay);
/* Starts the store's thread; its commits release what is held, its failure ends the relay. */
int relay_watch_spool(struct relay *relay, struct uv_loop_s *loop) MUST_CHECK;
/* Sends one frame of this session's; an error when it was not taken. */
int relay_send(struct relay *relay, const struct session *session, enum wire_type type,
               const ProtobufCMessage *message);
/* Sends one frame to every READY session, silent ones too (they may only be slow, and say no Hello when they come
 * back), but those of `except` (REGISTRY_NONE: to all); packed once. */
void relay_send_all(struct relay *relay, enum wire_type type, const ProtobufCMessage *message, uint32_t except);
/* An empty arena for the lists of one frame; valid until the next call. */
struct wire_arena *relay_build(struct relay *relay);
/* Ends the session: Goodbye, and no debts fly any more. reason may be NULL. */
void relay_end(struct relay *relay, struct session *session, Hotline__GoodbyeCode__Code code, const char *reason);
/* The member's session is no more its newest: what flew is owed again, others hear of it. */
void relay_lose(struct relay *relay, struct session *session);
/* Memory ran out, or the store failed, after something was decided: the process must stop. */
void relay_fail(struct relay *relay, int error, const char *text);
/* One more line of the log about what this member does: true for RELAY_LINES_MAX a minute, so that nobody fills a disk
 * with them. What is left out is said once a minute, and counted in the metrics like the rest. */
#define RELAY_LINES_MAX 200
bool relay_may_log(struct relay *relay, uint32_t member);

/* ---- relay_hold.c ---- */
/* Answers Accepted for this envelope, after the commit. left_out and unreached may be empty; all are copied. */
struct relay_acceptance {
    struct key_hash hash;
    const char **names; /* ids in the registry, codes in the country table: never freed before */
    size_t granted, wanted, present, unreached,
        left_out; /* counts, in this order in names; left_out: pairs member, why */
    char *room;   /* for ids that the registry does not know */
};
/* Room for `names` pointers and `room` bytes. NULL: no memory. */
struct relay_acceptance *relay_acceptance_new(size_t names, size_t room);
void relay_acceptance_free(struct relay_acceptance *acceptance);
/* Takes the acceptance. */
void relay_hold_accepted(struct relay *relay, uint32_t member, struct relay_acceptance *acceptance);
void relay_hold_taken(struct relay *relay, uint32_t member, const struct receipt_name *name);
/* What was held in this turn waits for this ticket. */
void relay_hold_seal(struct relay *relay, uint64_t ticket);
/* Sends all that waited for tickets up to this one. */
void relay_hold_release(struct relay *relay, uint64_t committed);
void relay_hold_done(struct relay *relay);

/* ---- relay_publish.c ---- */
void relay_on_publish(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_on_grants(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_refuse(struct relay *relay, const struct session *session, const uint8_t hash[KEY_HASH_BYTES],
                  Hotline__RefusedCode__Code code, uint32_t retry_after_ms, const char *format, ...) PRINTF_LIKE(6, 7);
/* Deletes the envelope: debts end, ciphertext goes, its id stays seen. */
void relay_drop_envelope(struct relay *relay, struct ledger_envelope *envelope);
/* Writes the case's row: before its newest envelope goes. */
void relay_write_case(struct relay *relay, struct ledger_case *of_case);

/* ---- relay_grants.c ---- */
/* Adds to a held envelope the grants that are new or for a newer key, writes them down, ends the wants that they
 * answer, and sends what is now owed. Those of withdrawn and unknown members are left out. ERR_NOMEM. */
int relay_merge_grants(struct relay *relay, struct ledger_envelope *envelope, Hotline__Grant *const *grants,
                       size_t count) MUST_CHECK;
/* The present state of an envelope as an acceptance, held for the member. */
void relay_accept_again(struct relay *relay, uint32_t member, const struct ledger_envelope *envelope);

/* ---- relay_receipts.c ---- */
void relay_on_receipts(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_on_unreadables(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_on_taken(struct relay *relay, struct session *session, const ProtobufCMessage *message);
/* Sends the words owed to this session's member that were not sent in it yet. */
void relay_send_words(struct relay *relay, struct session *session);
/* Writes the answers that changed. */
void relay_write_answers(struct relay *relay);

/* ---- relay_hello.c ---- */
void relay_on_hello(struct relay *relay, struct session *session, const ProtobufCMessage *message);
/* A member that was only slow says no Hello: what came for it meanwhile goes out now. */
void relay_hear_again(struct relay *relay, struct session *session);
void relay_on_pulse(struct relay *relay, struct session *session, const ProtobufCMessage *message);
/* Marks that others should hear of this member. */
void relay_touch_presence(struct relay *relay, uint32_t member);
/* Tells what changed since the last time. */
void relay_push_presence(struct relay *relay);

/* ---- relay_members.c ---- */
/* A number, a ledger's owner and a place for this id, stored when new. */
int relay_meet(struct relay *relay, const char *id, struct registry_member **ret_member) MUST_CHECK;
/* As relay_meet, for what is stored already. */
int relay_know(struct relay *relay, const char *id, bool *ret_new, struct registry_member **ret_member) MUST_CHECK;
struct relay_member *relay_member_at(struct relay *relay, uint32_t number);
/* The READY session of a member that is not silent, or NULL. */
struct session *relay_session_of(struct relay *relay, uint32_t member);
void relay_on_rosters(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_on_cards(struct relay *relay, struct session *session, const ProtobufCMessage *message);
/* A verified card: kept, told and acted on when newer. Takes the card either way. */
void relay_take_card(struct relay *relay, struct registry_member *member, struct card *card);
/* Makes a verified roster the one in force, in memory and on the disk. Takes it either way. */
int relay_adopt(struct relay *relay, struct roster *roster) MUST_CHECK;
/* Sends every roster newer than this version. */
void relay_send_rosters(struct relay *relay, const struct session *session, uint64_t known_version);

/* ---- relay_deliver.c ---- */
/* Owes an envelope to a member (its grant is in the ledger), or its own back to its sender. */
void relay_owe(struct relay *relay, const struct ledger_envelope *envelope, uint32_t member, bool recovery);
/* Sends what the member's credit allows. */
void relay_pump(struct relay *relay, uint32_t member);
/* Asks the sender for the grants that its envelopes lack. */
void relay_ask_grants(struct relay *relay, uint32_t sender);
/* Tells members what waits for senders that are away. */
void relay_tell_pending(struct relay *relay);
/* Computes anew who is routed: of every envelope, in slices by relay_sweep(). */
void relay_sweep_all(struct relay *relay);
void relay_sweep(struct relay *relay);
/* Owes an envelope to its own sender, who opens it with its recovery key; nothing when it has no grant for that. */
void relay_hand_back(struct relay *relay, struct ledger_envelope *envelope);
/* The same for one member, at once. store_changed: it lost its store, so that all is owed or wanted again. */
void relay_reconsider(struct relay *relay, struct registry_member *member, bool store_changed);
void relay_readings_done(struct relay *relay);

/* ---- relay_offer.c ---- */
void relay_on_offer(struct relay *relay, struct session *session, const ProtobufCMessage *message);

/* ---- relay_over.c ---- */
/* The machine's clock went back: what it ended while it was ahead is only taken again when its sender offers it, so
 * everybody is asked to greet anew. */
void relay_clock_was_set_back(struct relay *relay);
/* Once a minute: what is over goes; standings and the roster's age move with the day. */
void relay_minute(struct relay *relay);

/* ---- relay_load.c ---- */
/* Reads the store into memory. */
int relay_load(struct relay *relay, struct err_note *note) MUST_CHECK;

#endif
