/*
 * spool - what the relay must not forget, on the disk: members' numbers, rosters, cards, envelopes and what of them is
 * owed, cases, seen ids, words owed to senders, evidence.
 *
 * Everything put between two spool_submit() is written in one piece or not at all. spool_submit() returns a ticket;
 * on_commit(ticket) says that everything up to it is on the disk. What can be written is copied at once; out of memory
 * is remembered and fails the next submit by on_failed, as a failed write does: the process must stop, for its memory
 * is ahead of its disk. What is owed is compact: one row of one byte per grant for each envelope, written for many
 * receipts at a time.
 */
#ifndef RELAY_SPOOL_H
#define RELAY_SPOOL_H

#include "proto/receipt.h"
#include "relay/parcel.h"

struct spool;
struct uv_loop_s;

struct spool_events {
    void (*on_commit)(void *ctx, uint64_t ticket);
    void (*on_failed)(void *ctx, int error, const char *text);
    void *ctx;
};

struct spool_counters {
    uint64_t commits, writes, waiting;
    uint64_t commit_us_total, commit_us_last;
    int64_t free_bytes;
};

/* An envelope's row. At rest `who` is one record of SPOOL_WHO_BYTES per grant: member's number (u32le), key id. */
#define SPOOL_WHO_BYTES (4 + KEY_ID_BYTES)
struct spool_envelope {
    uint64_t number;
    uint32_t sender;
    struct key_uuid id;
    struct key_hash hash;
    uint8_t kind, act, urgency;
    bool exercise, has_self;
    uint32_t revision;
    int64_t sent_us, expires_us, taken_us;
    uint64_t roster_version;
    uint32_t size_bytes;
    struct slice case_id; /* empty: no case */
    uint32_t opener;
    struct slice header;
    struct slice who;
    struct slice answers; /* reading only: first byte 1 when owed to its sender, then a state per grant; may be short */
};

struct spool_grant {
    uint64_t number; /* the envelope's */
    size_t place;
    uint32_t member;
    struct key_id key_id;
    const uint8_t *lock; /* PARCEL_LOCK_BYTES; reading the index: NULL */
};

struct spool_case {
    uint32_t opener;
    bool exercise;
    struct key_uuid case_id;
    uint8_t act, free_used;
    uint32_t revision;
    int64_t sent_us, expires_us;
    struct key_hash hash;
    struct slice holders; /* u32le each */
};

struct spool_owed {
    uint32_t owner;
    uint8_t kind; /* enum ledger_owed_kind */
    struct receipt_name name;
    int64_t until_us;
    struct slice bytes;
};

/* Another envelope under a (sender, id) that was taken: both signatures prove who did it. */
struct spool_evidence {
    int64_t at_us;
    uint32_t sender;
    struct key_uuid id;
    struct key_hash first, second;
    struct slice header, signature; /* of the second */
    struct key_hash body_hash;
};

/* What a start reads, in this order; each returns 0 or an error, which ends the reading. Slices are valid for the call.
 */
struct spool_reader {
    int (*on_member)(void *ctx, uint32_t number, const char *id);
    int (*on_roster)(void *ctx, struct slice signed_roster);
    int (*on_card)(void *ctx, uint32_t member, struct slice signed_card);
    int (*on_seen)(void *ctx, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                   int64_t until_us);
    int (*on_case)(void *ctx, const struct spool_case *row);
    int (*on_envelope)(void *ctx, const struct spool_envelope *row);
    int (*on_grant)(void *ctx, const struct spool_grant *row);           /* those that came later than their envelope */
    int (*on_answers)(void *ctx, uint64_t number, struct slice answers); /* for every envelope that has some */
    int (*on_owed)(void *ctx, const struct spool_owed *row);
    void *ctx;
};

/* Opens or creates the store of this relay. Errors and their notes as db_open. Nothing runs before spool_start(). */
int spool_open(const char *path, const char *relay_id, struct err_note *note, struct spool **ret_spool) MUST_CHECK;
/* Reads all but the bodies. */
int spool_load(struct spool *spool, const struct spool_reader *reader) MUST_CHECK;
/* From now on writes run on a thread of their own and events on the loop; without a loop in spool_step(). */
int spool_start(struct spool *spool, struct uv_loop_s *loop, const struct spool_events *events) MUST_CHECK;
/* Commits what was submitted and frees everything. No event after it. NULL is fine. */
void spool_close(struct spool *spool);

/* Hands over all that was put since the last time, as one write; the ticket of the last write when there is nothing, or
 * nothing but what may wait (spool_drop_owed). */
uint64_t spool_submit(struct spool *spool);
/* The turn that is being put is given up, and nothing is taken any more: the process stops half-way through a decision,
 * and half of one must not reach the disk. What was submitted still does. */
void spool_abandon(struct spool *spool);
/* What waits goes with the next spool_submit. */
void spool_hurry(struct spool *spool);
uint64_t spool_committed(const struct spool *spool);
struct spool_counters spool_counters(const struct spool *spool);
/* Without a loop: commits what waits and runs the events. */
size_t spool_step(struct spool *spool);

/* A member's number, once. */
void spool_put_member(struct spool *spool, uint32_t number, const char *id);
/* A roster by its version; dropped when nobody needs it to follow any more. */
void spool_put_roster(struct spool *spool, uint64_t version, struct slice signed_roster);
/* Forgets a roster. */
void spool_drop_roster(struct spool *spool, uint64_t version);
/* The member's newest card, in place of the one before. */
void spool_put_card(struct spool *spool, uint32_t member, struct slice signed_card);
/* With its body and locks. */
void spool_put_envelope(struct spool *spool, const struct spool_envelope *row, const struct parcel *parcel);
void spool_put_grant(struct spool *spool, const struct spool_grant *row);
void spool_put_answers(struct spool *spool, uint64_t number, struct slice answers);
/* Its ciphertext, locks and debts go; that it was seen stays until until_us. */
void spool_drop_envelope(struct spool *spool, uint64_t number, int64_t until_us);
void spool_put_seen(struct spool *spool, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                    int64_t until_us);
/* Forgets that it was seen: its time is over. */
void spool_drop_seen(struct spool *spool, uint32_t sender, const uint8_t id[KEY_UUID_BYTES]);
void spool_put_case(struct spool *spool, const struct spool_case *row);
/* Forgets a case whose last envelope is long over. */
void spool_drop_case(struct spool *spool, uint32_t opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES]);
void spool_put_owed(struct spool *spool, const struct spool_owed *row);
/* After a crash the word may be there again, which does no harm: it waits for the next write, or for spool_hurry. */
void spool_drop_owed(struct spool *spool, uint32_t owner, const uint8_t name[RECEIPT_NAME_BYTES]);
void spool_put_evidence(struct spool *spool, const struct spool_evidence *row);
/* Forgets seen ids, cases and owed words whose time is over, by a search of all: for a start. */
void spool_expire(struct spool *spool, int64_t now_us);

/* Reads a parcel; done runs on the loop (or in spool_step) with the parcel, which it owns, or NULL when it is not held
 * any more (ERR_NOT_FOUND) or cannot be read. */
typedef void spool_parcel_fn(void *ctx, uint64_t number, struct parcel *parcel, int error);
void spool_read_parcel(struct spool *spool, uint64_t number, spool_parcel_fn *done, void *ctx);

#endif
