/*
 * vault - the node's records at rest: sealed one by one, a key per case, written in atomic turns.
 *
 * Every record is XChaCha20-Poly1305 under its case's key, or the store's key when it belongs to no case; its space,
 * its index and its owner are associated data. Index columns are keyed BLAKE2b, so that the file says nothing of who or
 * what. The store's key is random, wrapped by the member's master. Destroying a case's key destroys the case.
 *
 * Memory decides, the disk follows: puts and removals gather in a turn; vault_flush hands the turn to the store as one
 * write, so it commits whole or not at all. A put returns the ticket to wait for before anything is said to anybody.
 */
#ifndef NODE_VAULT_H
#define NODE_VAULT_H

#include "proto/db.h"
#include "proto/envelope.h"
#include "proto/key.h"
#include "proto/store.h"

struct vault;

enum vault_space {
    VAULT_ITEM = 1,
    VAULT_LADDER, /* of stores before version 2 of the schema: read once, then VAULT_ROWS */
    VAULT_RELAY,
    VAULT_CASE,
    VAULT_SEEN,
    VAULT_OWED,
    VAULT_KEY,
    VAULT_SEQUENCE,
    VAULT_REFERENCE,
    VAULT_IDEMPOTENCY,
    VAULT_ROSTER,   /* SignedRoster bytes, by version */
    VAULT_CARD,     /* SignedCard bytes, by member */
    VAULT_BACKUP,   /* when the last backup was made */
    VAULT_EVIDENCE, /* of rosters that cannot be true together */
    VAULT_GAP,      /* numbers met, by sender and store */
    VAULT_BLOB,     /* what is here of an attached file, by name */
    VAULT_CHUNK,    /* its sealed chunks, by name and number: never read at a start */
    VAULT_DRAFT,    /* cases not sent yet, by id */
    VAULT_ROWS,     /* all recipients of an item, in one record, by its hash */
    VAULT_ROW,      /* one of them since, by hash and member: those of an item stand side by side in the index */
    VAULT_USER,     /* who may log in, by name */
    VAULT_TOKEN,    /* of programs, by id */
    VAULT_SESSION,  /* who is logged in, by the hash of the cookie */
    VAULT_AUDIT,    /* entries of the audit log, by number: never read at a start */
    VAULT_AUDIT_HEAD,
    VAULT_HOOK = 40,    /* who gets webhooks, by id */
    VAULT_DISPATCH,     /* what was sent to wake people, by id */
    VAULT_NOTE,         /* handover notes, by id */
    VAULT_POSTER,       /* posters registered, by id */
    VAULT_DRILL,        /* drills scheduled, by id */
    VAULT_JOURNAL = 50, /* events, by the number of the first in a record */
    VAULT_JOURNAL_HEAD,
};

/* The schema for db_open(). */
const struct db_schema *vault_schema(void);

/* Takes db. Makes or unwraps the store's key; a new store id when the file is new or was restored. ERR_CRYPTO: the file
 * was sealed by another master; previous (may be NULL) is tried then, and the store's key is wrapped anew. Then
 * vault_each, then vault_start. */
int vault_open(struct db *db, const struct key_set *keys, const struct key_set *previous, struct err_note *note,
               struct vault **ret_vault) MUST_CHECK;
const struct key_uuid *vault_store_id(const struct vault *vault);
/* True when this start made a new store id: an empty or restored store. */
bool vault_is_fresh(const struct vault *vault);
/* Calls each(ctx, plain record) for all of a space, in no order; stops at the first error. Before vault_start only.
 * ERR_CORRUPT when a record does not open. */
typedef int (*vault_row)(void *ctx, struct slice plain);
int vault_each(struct vault *vault, enum vault_space space, vault_row each, void *ctx,
               struct err_note *note) MUST_CHECK;
/* Reads one record: found(ctx, OK, plain) on the loop (or in the store's step), as of all that was flushed before;
 * plain is valid during the call. ERR_NOT_FOUND, ERR_CORRUPT (its case's key was destroyed too), ERR_STATE (the store
 * closes). ERR_NOMEM at once: found is not called. After vault_start. */
typedef void vault_found(void *ctx, int result, struct slice plain);
int vault_find(struct vault *vault, enum vault_space space, struct slice key, vault_found *found, void *ctx) MUST_CHECK;
/* Reads records by number (vault_number_key), so many from `first` on, as vault_find does: found once for each, in
 * order; then, with `number` 0, once more at the end with OK or the store's error. VAULT_MANY at
 * most. ERR_NOMEM at once. */
#define VAULT_MANY 500
typedef void vault_found_number(void *ctx, uint64_t number, int result, struct slice plain);
int vault_find_numbers(struct vault *vault, enum vault_space space, uint64_t first, size_t count,
                       vault_found_number *found, void *ctx) MUST_CHECK;
/* The key of a record that is found by its number. */
struct vault_number_key {
    uint8_t bytes[8];
};
struct vault_number_key vault_number_key(uint64_t number);
/* Starts the store on the loop (NULL: inline). events->on_commit and on_failed as in store.h. */
int vault_start(struct vault *vault, struct uv_loop_s *loop, const struct store_events *events) MUST_CHECK;
struct store *vault_store(struct vault *vault);

/* Adds or replaces a record in the open turn. owner NULL: under the store's key. Returns its ticket. */
uint64_t vault_put(struct vault *vault, enum vault_space space, struct slice key, const struct envelope_case_key *owner,
                   struct slice plain);
uint64_t vault_remove(struct vault *vault, enum vault_space space, struct slice key);
/* As vault_remove, of what does no harm when it is there again after a crash: it goes with the next turn that is
 * written for another reason, or by vault_hurry. Saves a sync of the disk for each answer that lets this node forget.
 */
void vault_forget(struct vault *vault, enum vault_space space, struct slice key);
/* As vault_put, of what is missed by nobody when it is lost in a crash: it goes as vault_forget does. */
void vault_note(struct vault *vault, enum vault_space space, struct slice key, struct slice plain);
/* What waits in the open turn goes with the next vault_flush. */
void vault_hurry(struct vault *vault);
/* Destroys the case's key and every record under it. */
uint64_t vault_destroy_case(struct vault *vault, const struct envelope_case_key *owner);
/* Ends the turn: one write to the store; nothing when the turn is empty, or has only what may wait. */
void vault_flush(struct vault *vault);
/* The open turn and every later one are given up: the process stops half-way through a decision, and half of one must
 * not reach the disk. What was flushed still does. */
void vault_abandon(struct vault *vault);
/* Everything up to this ticket is on the disk. */
uint64_t vault_committed(const struct vault *vault);
/* The ticket of the open turn: only for whoever puts something into it. */
uint64_t vault_ticket(const struct vault *vault);
/* The ticket of the last put: of the open turn, or of the last one handed over when nothing is in it yet. */
uint64_t vault_last(const struct vault *vault);

/* Commits what waits, closes the store and wipes the keys. */
void vault_close(struct vault *vault);

#endif
