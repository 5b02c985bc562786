/*
 * evidence - what others' signed words say of the roster: frozen, rolled back, forked rosters are noticed at the first
 * contact.
 *
 * Every envelope, receipt batch, Accepted and Welcome names the roster that its maker holds. A name that cannot be true
 * beside ours is kept with the bytes that prove it. Pure but for its records.
 */
#ifndef NODE_EVIDENCE_H
#define NODE_EVIDENCE_H

#include "node/vault.h"
#include "proto/roster.h"

#define EVIDENCE_MAX 256

/* X(name, what it is) */
#define EVIDENCE_KINDS(X)                                                                                              \
    X(FORK, "holds another roster of the same version: the authority signed two, or its keys are stolen")              \
    X(ROLLBACK, "went back to an older roster")                                                                        \
    X(FROZEN, "was not given the newest roster for an hour")                                                           \
    X(WITHHELD, "holds a newer roster than any relay gave us")                                                         \
    X(CHAIN, "a new roster does not name the one before it: the authority may have been restored from a backup")
#define EVIDENCE_VALUE(name, text) EVIDENCE_##name,
enum evidence_kind { EVIDENCE_NONE, EVIDENCE_KINDS(EVIDENCE_VALUE) };
#undef EVIDENCE_VALUE

/* One thing noticed; the key of its record is (kind, who, version, hash). */
struct evidence_fact {
    enum evidence_kind kind;
    char who[LIMIT_ID_CHARS + 1];
    uint64_t version;
    struct key_hash hash;
    int64_t at_us;
    bool proven; /* signed bytes are kept with it */
};

/* A peer's word of its roster. */
struct evidence_word {
    const char *who;
    uint64_t version;
    struct slice hash;
    struct slice proof; /* the signed bytes; empty: unsigned (a relay's Welcome) */
    int64_t said_at_us; /* by the peer's clock, from the same bytes: old words come again, and in any order */
};

/* What a peer said last, by its own clock. */
struct evidence_peer {
    char who[LIMIT_ID_CHARS + 1];
    int64_t said_at_us;
    uint64_t version, highest;
    int64_t differs_since_us; /* of being behind or ahead of us; 0 not */
};

struct evidence {
    struct vault *vault;
    struct evidence_fact facts[EVIDENCE_MAX];
    size_t fact_count;
    struct evidence_peer *peers; /* ordered by who */
    size_t peer_count;
};

/* Empty; facts are saved in the vault. */
void evidence_init(struct evidence *evidence, struct vault *vault);
void evidence_done(struct evidence *evidence);
/* From a record. ERR_CORRUPT. */
int evidence_load(struct evidence *evidence, struct slice record) MUST_CHECK;

/* What a peer's word says of its roster, beside ours. Words from before its newest can prove a fork and nothing else.
 * Proof that comes later joins the fact. The kind that is new, kept and worth telling now, or EVIDENCE_NONE. */
enum evidence_kind evidence_hear(struct evidence *evidence, const struct evidence_word *word, const struct roster *ours,
                                 int64_t now_us);
/* A roster taken over the one with this version and hash: whether it names it, when it is the very next. */
enum evidence_kind evidence_follow(struct evidence *evidence, uint64_t version_before, const struct key_hash *before,
                                   const struct roster *taken, int64_t now_us);
/* "FORK", and the sentence of the list. */
const char *evidence_name(enum evidence_kind kind);
const char *evidence_text(enum evidence_kind kind);

#endif
