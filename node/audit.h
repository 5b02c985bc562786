/*
 * audit - the log of acts: who did what, each entry naming the hash of the one before.
 *
 * An entry is put into the open turn of the act that it is about: both are on the disk, or neither is. Entries are kept
 * as long as the store is; none is ever changed. The end of the chain is kept beside it, so that entries that are cut
 * off at the end are missed too. Nothing about a child stands in it: references, names of users and tokens, routes.
 *
 * What the chain is worth: every record is sealed under the store's key, so whoever has the file and not the key can
 * only damage or remove, and that is found. Whoever has the key can write a chain anew: against him helps to note the
 * head elsewhere from time to time.
 */
#ifndef NODE_AUDIT_H
#define NODE_AUDIT_H

#include "node/caller.h"
#include "node/vault.h"

#define AUDIT_TEXT_MAX 200

struct audit {
    uint64_t number; /* of the last entry; 0: none */
    struct key_hash head;
};

/* One entry; texts borrowed. */
struct audit_entry {
    uint64_t number;
    struct key_hash previous, hash;
    int64_t at_us;
    enum caller_kind kind;
    const char *who, *act, *subject, *result;
};

/* Adds an entry to the open turn; number and hashes are filled in here, of longer texts AUDIT_TEXT_MAX bytes are kept.
 * Returns the ticket. */
uint64_t audit_add(struct audit *audit, struct vault *vault, const struct audit_entry *entry);
/* The head, at the start. ERR_CORRUPT. */
int audit_load(struct audit *audit, struct slice record) MUST_CHECK;

/* Reads the bytes of an entry, with its hash: read(ctx, entry) when it is one. ERR_CORRUPT, ERR_NOMEM. */
typedef void audit_read(void *ctx, const struct audit_entry *entry);
int audit_open(struct slice record, audit_read *read, void *ctx) MUST_CHECK;

/* A walk along the chain, from the first entry to the head of its beginning. Pure. */
struct audit_walk {
    uint64_t next, last; /* number that comes next; of the head */
    struct key_hash previous, head;
    uint64_t broken; /* the first entry that breaks the chain; 0: none */
    const char *why;
};
void audit_walk_begin(const struct audit *audit, struct audit_walk *ret_walk);
/* result: of reading the record `next`. False when the walk is over. */
bool audit_walk_step(struct audit_walk *walk, int result, struct slice record);

#endif
