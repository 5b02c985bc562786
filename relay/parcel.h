/*
 * parcel - what a Deliver needs beyond the ledger: signature, body and the locked keys of one envelope; and a cache of
 * the recent ones, so that the hot path never reads the disk.
 *
 * The cache owns its parcels and drops the least recently used beyond its budget. A parcel from parcel_find() is valid
 * until the next parcel_keep() or parcel_drop().
 */
#ifndef RELAY_PARCEL_H
#define RELAY_PARCEL_H

#include "proto/envelope.h"
#include "proto/lookup.h"

#define PARCEL_CACHE_BYTES (64 * 1024 * 1024)
/* A grant at rest: nonce and box. */
#define PARCEL_LOCK_BYTES (24 + ENVELOPE_GRANT_BOX_BYTES)
/* The sender's grant to itself at rest: key id, nonce and box. */
#define PARCEL_SELF_BYTES (KEY_ID_BYTES + PARCEL_LOCK_BYTES)

struct parcel {
    uint64_t number; /* the envelope's */
    struct key_signature signature;
    bool has_self;
    uint8_t self[PARCEL_SELF_BYTES];
    struct buf body;
    struct buf locks;     /* PARCEL_LOCK_BYTES for each place of the ledger's grants */
    size_t counted_bytes; /* in the cache's sum */
    struct parcel *before, *after;
};

struct parcel_cache {
    struct lookup by_number;
    struct parcel *recent, *oldest;
    size_t bytes, budget;
};

/* An empty parcel of this envelope; NULL: no memory. */
struct parcel *parcel_new(uint64_t number);
void parcel_free(struct parcel *parcel);
/* Writes the lock at this place (appending when it is the next one). ERR_NOMEM. */
int parcel_set_lock(struct parcel *parcel, size_t place, const uint8_t lock[PARCEL_LOCK_BYTES]) MUST_CHECK;
/* The lock at a place, NULL beyond the last. */
const uint8_t *parcel_lock(const struct parcel *parcel, size_t place);

/* An empty cache of so many bytes, embedded by the caller; done frees every parcel in it. */
void parcel_cache_init(struct parcel_cache *cache, size_t budget_bytes);
void parcel_cache_done(struct parcel_cache *cache);
/* The parcel, now the most recently used one; NULL when it is not at hand. */
struct parcel *parcel_find(struct parcel_cache *cache, uint64_t number);
/* Takes the parcel (in place of one with the same number), also when it has no room and is freed at once: the newest
 * parcel itself always stays. */
void parcel_keep(struct parcel_cache *cache, struct parcel *parcel);
void parcel_drop(struct parcel_cache *cache, uint64_t number);

#endif
