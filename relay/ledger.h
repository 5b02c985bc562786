/*
 * ledger - the memory of the relay: every envelope that is held (who, not the bodies), every case, every (sender, id)
 * that was ever seen, and what is owed to senders. Pure: what is decided here, the spool writes down.
 *
 * An envelope is held from ledger_add() to ledger_drop(). Of a case only the newest revision is held; what the case
 * keeps beyond that is the order of the newest one and its holders: all members that any revision was granted to.
 */
#ifndef RELAY_LEDGER_H
#define RELAY_LEDGER_H

#include "proto/due.h"
#include "proto/envelope.h"
#include "proto/lookup.h"
#include "proto/receipt.h"

struct ledger_grant {
    uint32_t member;
    uint8_t state; /* ReceiptState code, 0: nothing yet. Owed until receipt_ends_debt() */
    uint8_t spare[3];
    struct key_id key_id;
};

/* Routed, and no grant that the member can open. */
struct ledger_want {
    uint32_t member;
    bool denied; /* the sender's node says that it is not routed */
    int64_t since_us;
    int64_t asked_us; /* in the sender's present session; 0: not yet */
};

struct ledger_case;

struct ledger_envelope {
    uint64_t number; /* in the order of arrival, from 1 */
    struct key_hash hash;
    struct key_uuid id;
    uint32_t sender;
    uint8_t kind, act, urgency;
    bool exercise;
    bool has_self; /* a grant for the sender's own recovery key */
    bool recovery; /* owed to its sender, who lost its store */
    bool dirty;    /* answers changed since they were written */
    uint32_t revision;
    int64_t sent_us, expires_us, taken_us;
    uint64_t roster_version; /* that the sender held */
    uint32_t size_bytes;     /* header and body */
    struct buf header;
    struct ledger_grant *grants;
    size_t grant_count, grant_capacity;
    struct ledger_want *wants;
    size_t want_count, want_capacity;
    struct ledger_case *of_case;
    struct ledger_envelope *older, *newer;          /* all, by number */
    struct ledger_envelope *own_before, *own_after; /* of this sender */
    struct ledger_envelope *next_dirty;
    struct due over; /* when it is to be looked at whether its time is over */
};

#define LEDGER_CASE_KEY_BYTES (4 + 1 + KEY_UUID_BYTES)
struct ledger_case {
    uint8_t key[LEDGER_CASE_KEY_BYTES]; /* opener's number, drill, case id */
    uint8_t act;
    bool stored;       /* it has a row of its own */
    uint8_t free_used; /* of this revision: 1 a CLOSE, 2 a RETRACT passed outside the rate */
    uint32_t revision;
    int64_t sent_us, expires_us;
    struct key_hash hash;
    struct ledger_envelope *newest; /* NULL: it expired */
    uint32_t *holders;              /* sorted */
    size_t holder_count, holder_capacity;
    struct due over;
};

#define LEDGER_SEEN_KEY_BYTES (4 + KEY_UUID_BYTES)
struct ledger_seen {
    uint8_t key[LEDGER_SEEN_KEY_BYTES]; /* sender's number, envelope id */
    struct key_hash hash;
    struct due over;
};

enum ledger_owed_kind { LEDGER_RECEIPTS = 1, LEDGER_UNREADABLE = 2 };

#define LEDGER_OWED_KEY_BYTES (4 + RECEIPT_NAME_BYTES)
/* A recipient's signed word, owed to the sender until it says Taken. */
struct ledger_owed {
    uint8_t key[LEDGER_OWED_KEY_BYTES]; /* owner's number, name */
    uint8_t kind;
    struct due over;
    int64_t sent_us;
    struct buf bytes;                   /* SignedReceipts or SignedUnreadable */
    struct ledger_owed *before, *after; /* of this owner, oldest first */
};

struct ledger_owner {
    struct ledger_envelope *own; /* newest first */
    struct ledger_owed *first, *last;
    size_t owed_count;
    uint32_t open_cases;
    uint32_t want_count; /* of own envelopes */
};

struct ledger {
    struct lookup by_number, by_hash, cases, seen, owed;
    struct dues over_envelopes, over_cases, over_seen, over_owed; /* so that a minute costs what ends in it */
    struct ledger_envelope *oldest, *newest, *dirty;
    struct ledger_owner *owners; /* by member number */
    size_t owner_count;
    uint64_t next_number;
    size_t envelope_count, grant_count, want_count;
    int64_t held_bytes, owed_bytes; /* owed: of words, which stand in memory until their sender takes them */
};

void ledger_init(struct ledger *ledger);
void ledger_done(struct ledger *ledger);
/* Room for this member. ERR_NOMEM. */
int ledger_meet(struct ledger *ledger, uint32_t member) MUST_CHECK;
struct ledger_owner *ledger_owner(struct ledger *ledger, uint32_t member);

/* The envelope held under this hash; NULL: not held. */
struct ledger_envelope *ledger_by_hash(const struct ledger *ledger, const uint8_t hash[KEY_HASH_BYTES]);
/* As ledger_by_hash, by its number. */
struct ledger_envelope *ledger_by_number(const struct ledger *ledger, uint64_t number);
/* A blank envelope for filling; ledger_free when it is not added. NULL: no memory. */
struct ledger_envelope *ledger_blank(void);
void ledger_free(struct ledger_envelope *envelope);
/* Takes it in: its number is given (unless it has one, from the store), it is found by hash, listed under its sender,
 * and its (sender, id) is seen. For a CASE of_case is set and the case moves to it: the caller drops what it superseded
 * first. ERR_NOMEM. */
int ledger_add(struct ledger *ledger, struct ledger_envelope *envelope) MUST_CHECK;
/* Forgets and frees it; what was seen, and its case, stay. */
void ledger_drop(struct ledger *ledger, struct ledger_envelope *envelope);

/* The grant of a member, or NULL. */
struct ledger_grant *ledger_grant(const struct ledger_envelope *envelope, uint32_t member);
/* Adds one (the member has none). *ret_place is its place. ERR_NOMEM. */
int ledger_add_grant(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member, struct key_id key_id,
                     size_t *ret_place) MUST_CHECK;
bool ledger_grant_is_owed(const struct ledger_grant *grant);
/* True when somebody granted has not answered yet. */
bool ledger_is_unanswered(const struct ledger_envelope *envelope);
/* Puts it on the list of those whose answers are to be written. */
void ledger_touch(struct ledger *ledger, struct ledger_envelope *envelope);

/* The want of a member, or NULL. */
struct ledger_want *ledger_want(const struct ledger_envelope *envelope, uint32_t member);
/* Wants a grant for the member; nothing when it does already (a denied one stays denied), or when LIMIT_RECIPIENTS are
 * wanted. ERR_NOMEM. */
int ledger_add_want(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member,
                    int64_t now_us) MUST_CHECK;
void ledger_drop_want(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member);

/* The case by its name, NULL when unknown; ledger_open_case makes it. */
struct ledger_case *ledger_case(const struct ledger *ledger, uint32_t opener, bool exercise,
                                const uint8_t case_id[KEY_UUID_BYTES]);
int ledger_open_case(struct ledger *ledger, uint32_t opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES],
                     struct ledger_case **ret_case) MUST_CHECK;
uint32_t ledger_case_opener(const struct ledger_case *of_case);
/* Still open: its newest act is OPEN or UPDATE and it is held. */
bool ledger_case_is_open(const struct ledger_case *of_case);
/* A holder more. ERR_NOMEM. */
int ledger_add_holder(struct ledger_case *of_case, uint32_t member) MUST_CHECK;
/* Forgets a case that holds no envelope. */
void ledger_drop_case(struct ledger *ledger, struct ledger_case *of_case);

/* What was seen under this (sender, id), or NULL. */
struct ledger_seen *ledger_seen(const struct ledger *ledger, uint32_t sender, const uint8_t id[KEY_UUID_BYTES]);
uint32_t ledger_seen_sender(const struct ledger_seen *seen);
/* Remembers it (it is not yet) until until_us. ERR_NOMEM. */
int ledger_add_seen(struct ledger *ledger, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                    int64_t until_us) MUST_CHECK;

/* Something signed for its owner; *ret_new false when it is owed already. ERR_NOMEM. */
int ledger_owe(struct ledger *ledger, uint32_t owner, enum ledger_owed_kind kind, const struct receipt_name *name,
               struct slice bytes, int64_t until_us, bool *ret_new) MUST_CHECK;
uint32_t ledger_owed_owner(const struct ledger_owed *owed);
/* The owner has it; false when it was not owed. */
bool ledger_settle(struct ledger *ledger, uint32_t owner, const uint8_t name[RECEIPT_NAME_BYTES]);
/* What ledger_expire forgets, each before it goes. */
struct ledger_ends {
    void (*seen)(void *ctx, const struct ledger_seen *seen);
    void (*of_case)(void *ctx, const struct ledger_case *of_case);
    void (*owed)(void *ctx, const struct ledger_owed *owed);
    void *ctx;
};
/* Forgets seen ids, cases without envelope and owed words whose time is over: costs what ends, not what is held. */
void ledger_expire(struct ledger *ledger, int64_t now_us, const struct ledger_ends *ends);

#endif
