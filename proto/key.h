/*
 * key - the kinds of key, each a type of its own so that the compiler catches a swap, and the set that derives from one
 * member's master.
 *
 * Secrets live in memory from key_set_new() (guarded, locked where the system allows it, wiped on free). Derivation:
 * crypto_kdf (BLAKE2b) of the 32-byte master with an 8-character context each: identity "HRidenty" and transport
 * "HRtransp", with the key's generation as subkey id; recovery "HRrecovr" with subkey id 1; sending "HRsendng" with the
 * week as subkey id; storage wrap "HRstorag" with subkey id 1. A week is floor(unix seconds / 604800).
 */
#ifndef PROTO_KEY_H
#define PROTO_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "limits.h"

#define KEY_BYTES 32
#define KEY_ID_BYTES 8
#define KEY_SIGNATURE_BYTES 64
#define KEY_HASH_BYTES 32
#define KEY_UUID_BYTES 16

struct key_hash {
    uint8_t bytes[KEY_HASH_BYTES];
}; /* BLAKE2b-256 */
struct key_id {
    uint8_t bytes[KEY_ID_BYTES];
}; /* first bytes of BLAKE2b-256 of a public key */
struct key_uuid {
    uint8_t bytes[KEY_UUID_BYTES];
}; /* envelope id, case id, store id */
struct key_signature {
    uint8_t bytes[KEY_SIGNATURE_BYTES];
}; /* Ed25519 */
struct key_identity {
    uint8_t bytes[KEY_BYTES];
}; /* Ed25519 public */
struct key_identity_secret {
    uint8_t bytes[64];
}; /* Ed25519 secret (seed, public) */
struct key_transport {
    uint8_t bytes[KEY_BYTES];
}; /* Curve25519 public, CurveZMQ */
struct key_transport_secret {
    uint8_t bytes[KEY_BYTES];
};
struct key_box {
    uint8_t bytes[KEY_BYTES];
}; /* X25519 public: encryption, sending, recovery */
struct key_box_secret {
    uint8_t bytes[KEY_BYTES];
};
struct key_pair {
    uint8_t bytes[KEY_BYTES];
}; /* crypto_box_beforenm of two members: cache it */
struct key_master {
    uint8_t bytes[KEY_BYTES];
};
struct key_content {
    uint8_t bytes[KEY_BYTES];
}; /* one envelope's */
struct key_blob {
    uint8_t bytes[KEY_BYTES];
}; /* one attached file's */
struct key_store {
    uint8_t bytes[KEY_BYTES];
}; /* seals records at rest */

enum key_kind { KEY_MEMBER = 1, KEY_RELAY = 2, KEY_AUTHORITY = 3 };

/* Everything one key file holds and derives. The secrets are only ever here. */
struct key_set {
    enum key_kind kind;
    char id[LIMIT_ID_CHARS + 1]; /* member or relay id; authority: a label */
    char country[3];             /* "" for an authority */
    char name[LIMIT_NAME_BYTES + 1];
    uint32_t generation; /* from 1; the identity and transport keys of a rotation count up */
    struct key_master master;
    struct key_identity identity;
    struct key_identity_secret identity_secret;
    struct key_transport transport;
    struct key_transport_secret transport_secret;
    struct key_box recovery;
    struct key_box_secret recovery_secret;
};

/* Guarded memory for secrets, zeroed; NULL when there is none. key_guarded_free wipes; NULL is fine. */
void *key_guarded_new(size_t size);
void key_guarded_free(void *secret);
/* An empty set in guarded memory; NULL when there is none. Freed (and wiped) by key_set_free. */
struct key_set *key_set_new(void);
/* Wipes and frees; NULL is fine. */
void key_set_free(struct key_set *set);
/* A fresh master and what derives from it; kind, id, country, name are set by the caller before or after. */
int key_set_generate(struct key_set *set) MUST_CHECK;
/* Fills everything that derives from set->master and set->generation. */
int key_set_derive(struct key_set *set) MUST_CHECK;

/* Derives the generation whose identity and transport keys are these: how a roster says which keys are in force. Looks
 * up to KEY_GENERATIONS_AHEAD beyond the set's own. ERR_KEY: this master never had them; the set is unchanged. */
#define KEY_GENERATIONS_AHEAD 8
int key_set_match(struct key_set *set, struct slice identity, struct slice transport) MUST_CHECK;

/* The sending pair of a week (X25519). The secret belongs into guarded memory of the caller. */
int key_sending(const struct key_set *set, int64_t at_us, struct key_box *ret_public,
                struct key_box_secret *ret_secret) MUST_CHECK;
/* The key that wraps a store's own storage key. */
int key_storage_wrap(const struct key_set *set, struct key_store *ret_key) MUST_CHECK;
/* A fresh X25519 pair. */
void key_box_generate(struct key_box *ret_public, struct key_box_secret *ret_secret);

/* The id of any 32-byte public key. */
struct key_id key_id_of(const uint8_t public_key[KEY_BYTES]);
bool key_id_equal(struct key_id a, struct key_id b);
bool key_hash_equal(const struct key_hash *a, const struct key_hash *b);
bool key_uuid_equal(const struct key_uuid *a, const struct key_uuid *b);

/* From bytes of a peer: exact length, and for identities a valid point of the prime-order group, for the X25519 kinds
 * not of low order; ERR_KEY otherwise. */
int key_identity_from(struct slice bytes, struct key_identity *ret_key) MUST_CHECK;
int key_box_from(struct slice bytes, struct key_box *ret_key) MUST_CHECK;
int key_transport_from(struct slice bytes, struct key_transport *ret_key) MUST_CHECK;
/* Exact length; ERR_INVALID otherwise. */
int key_uuid_from(struct slice bytes, struct key_uuid *ret_id) MUST_CHECK;
int key_hash_from(struct slice bytes, struct key_hash *ret_hash) MUST_CHECK;
int key_id_from(struct slice bytes, struct key_id *ret_id) MUST_CHECK;

/* The id of a member or relay: [a-z0-9-], 1 to 40 characters, no dash at an end. */
bool key_name_ok(const char *id);
/* A key's fingerprint for reading aloud: eight groups of four hexadecimal digits of its BLAKE2b-256. */
#define KEY_FINGERPRINT_MAX 48
void key_fingerprint(const uint8_t public_key[KEY_BYTES], char text[KEY_FINGERPRINT_MAX]);

#endif
