/*
 * roster - who takes part, as the authority signed it: k of n, versions, chain, expiry; and the authority's own side.
 *
 * A struct roster is always verified, immutable and owns its bytes; members and relays are read through it and valid as
 * long as it is. Members are dense: index 0 .. roster_member_count-1, ordered by id, so that sets of members are bit
 * sets.
 */
#ifndef PROTO_ROSTER_H
#define PROTO_ROSTER_H

#include "key.h"
#include "wire.h"

/* Whose signatures count: configured at first start from authority.pub, afterwards carried by the roster before. */
struct roster_trust {
    uint32_t threshold;
    size_t count;
    struct key_identity keys[LIMIT_AUTHORITY_KEYS];
};

/* Which of the authority's keys signed a roster, each once, as their ids. */
struct roster_signers {
    size_t count;
    struct key_id ids[LIMIT_AUTHORITY_KEYS];
};

struct roster;

#define ROSTER_NONE SIZE_MAX

/* authority.pub: lines "hotline-authority 1", "threshold K", "key HEX" for each. */
int roster_trust_read(const char *path, struct err_note *note, struct roster_trust *ret_trust) MUST_CHECK;
void roster_trust_write(const struct roster_trust *trust, struct buf *out);

/* Verifies a SignedRoster (as bytes) against the trust and every rule of its content. ERR_SYNTAX, ERR_LIMIT, ERR_KEY,
 * ERR_SIGNATURE, ERR_THRESHOLD ("1 of 2 needed signatures"), ERR_INVALID with member and field. Expiry is not looked
 * at. */
int roster_verify(struct slice signed_roster, const struct roster_trust *trust, struct err_note *note,
                  struct roster **ret_roster) MUST_CHECK;
/* Verifies the one that may follow `current`: by the trust it carries, version higher (same version and hash:
 * ERR_EXISTS; lower: ERR_ROLLBACK; same version, other hash: ERR_DISPUTED, which is evidence of a fork). */
int roster_follow(const struct roster *current, struct slice signed_roster, struct err_note *note,
                  struct roster **ret_roster) MUST_CHECK;
void roster_free(struct roster *roster);

/* What the roster says of itself. */
uint64_t roster_version(const struct roster *roster);
/* BLAKE2b-256 of the roster bytes: with the version, the name of a roster. */
const struct key_hash *roster_hash(const struct roster *roster);
/* The hash of the roster before, as this one names it; NULL when it names none (version 1). */
const struct key_hash *roster_previous(const struct roster *roster);
/* The whole SignedRoster as it came. */
struct slice roster_signed(const struct roster *roster);
/* The authority's keys whose signatures on it were verified; of the new keys when it changed them. */
const struct roster_signers *roster_signers(const struct roster *roster);
const struct roster_trust *roster_next_trust(const struct roster *roster);
/* True when this roster changed the authority's keys or threshold against `trust`. */
bool roster_changes_trust(const struct roster *roster, const struct roster_trust *trust);
int64_t roster_issued_us(const struct roster *roster);
int64_t roster_expires_us(const struct roster *roster);
/* Expired; and expired for longer than its grace, when nothing may be opened any more. */
bool roster_is_stale(const struct roster *roster, int64_t now_us);
bool roster_is_dead(const struct roster *roster, int64_t now_us);

/* Members, dense, ordered by id. */
size_t roster_member_count(const struct roster *roster);
/* Borrowed from the roster; the index is CHECKed. */
const Hotline__Member *roster_member(const struct roster *roster, size_t index);
/* ROSTER_NONE when it is not on it. */
size_t roster_find(const struct roster *roster, const char *member_id);
size_t roster_relay_count(const struct roster *roster);
const Hotline__Relay *roster_relay(const struct roster *roster, size_t index);
size_t roster_find_relay(const struct roster *roster, const char *relay_id);

/* WITHDRAWN, or SUSPENDED (also when outside accredited_from / _until), or ACTIVE. */
Hotline__Standing__Code roster_standing(const struct roster *roster, size_t index, int64_t now_us);
/* Verifies a signature of a member, by its identity key or a former one still valid at now_us. */
int roster_verify_member(const struct roster *roster, size_t index, const char *context, struct slice bytes,
                         struct slice signature, int64_t now_us) MUST_CHECK;
int roster_verify_relay(const struct roster *roster, size_t index, const char *context, struct slice bytes,
                        struct slice signature) MUST_CHECK;

/* --- the authority's side (the command line, offline) --- */

/* A request, signed by the identity key that it asks for; appended to out as SignedRequest bytes. endpoint NULL: a
 * member. */
int roster_request_make(const struct key_set *set, const char *endpoint, int64_t now_us, struct buf *out) MUST_CHECK;
/* Verified and parsed; freed by protobuf_c_message_free_unpacked(&request->base, NULL). */
int roster_request_read(struct slice signed_request, struct err_note *note,
                        Hotline__MembershipRequest **ret_request) MUST_CHECK;
/* Checks a Roster message by every rule that roster_verify uses; sorts members and relays by id first. */
int roster_check(Hotline__Roster *roster, struct err_note *note) MUST_CHECK;
/* One signature of an authority key over roster bytes, added to a SignedRoster (appended to out): keeps the signatures
 * in `signed_roster` (may be empty) when they are over the same bytes, drops them otherwise. ERR_LIMIT: over
 * LIMIT_ROSTER_BYTES. */
int roster_sign(struct slice roster_bytes, struct slice signed_roster, const struct key_set *authority,
                struct buf *out) MUST_CHECK;
/* Parses the Roster message inside a SignedRoster without verifying; freed as above. */
int roster_peek(struct slice signed_roster, struct err_note *note, Hotline__Roster **ret_roster) MUST_CHECK;

#endif
