/*
 * seal - all of libsodium's use but key derivation: hashes, signatures, boxes, sealed bytes, random numbers.
 *
 * Signatures are Ed25519 over context || 0x00 || bytes. Contexts are the constants below and nowhere else.
 */
#ifndef PROTO_SEAL_H
#define PROTO_SEAL_H

#include "buf.h"
#include "key.h"

#define SEAL_CONTEXT_ROSTER "hotline roster v1"
#define SEAL_CONTEXT_REQUEST "hotline membership request v1"
#define SEAL_CONTEXT_CARD "hotline card v1"
#define SEAL_CONTEXT_ENVELOPE "hotline envelope v1"
#define SEAL_CONTEXT_RECEIPTS "hotline receipts v1"
#define SEAL_CONTEXT_ACCEPTED "hotline accepted v1"
#define SEAL_CONTEXT_UNREADABLE "hotline unreadable v1"
#define SEAL_CONTEXT_GAP_ANSWER "hotline gap answer v1"
#define SEAL_CONTEXT_EVIDENCE "hotline roster evidence v1"

#define SEAL_NONCE_BYTES 24
#define SEAL_TAG_BYTES 16

/* Once, before anything else. ERR_CRYPTO when libsodium cannot start. */
int seal_start(void) MUST_CHECK;
/* False when the system does not let secrets be locked into memory (swap could hold them): worth a warning. */
bool seal_memory_is_locked(void);
void seal_random(void *bytes, size_t len);
/* A UUIDv7 of now_us (RFC 9562), its random bits handed in or NULL for the system's. */
struct key_uuid seal_uuid(int64_t now_us, const uint8_t random[10]);
void seal_wipe(void *bytes, size_t len);
bool seal_equal(const void *a, const void *b, size_t len);

/* BLAKE2b-256 of a || b. */
struct key_hash seal_hash2(struct slice a, struct slice b);
struct key_hash seal_hash(struct slice bytes);
/* Keyed BLAKE2b-256: for index columns at rest. */
struct key_hash seal_keyed_hash(const struct key_store *key, struct slice bytes);
/* BLAKE2b-256 with a personalisation of up to 16 bytes. */
struct key_hash seal_personal_hash(const char *personal, struct slice bytes);

/* ERR_NOMEM, ERR_CRYPTO. */
int seal_sign(const struct key_identity_secret *secret, const char *context, struct slice bytes,
              struct key_signature *ret_signature) MUST_CHECK;
/* ERR_SIGNATURE when it does not verify or has not 64 bytes. */
int seal_verify(const struct key_identity *identity, const char *context, struct slice bytes,
                struct slice signature) MUST_CHECK;

/* XChaCha20-Poly1305-IETF. out has room for plain.len + SEAL_TAG_BYTES. */
int seal_encrypt(const uint8_t key[KEY_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], struct slice ad,
                 struct slice plain, uint8_t *out) MUST_CHECK;
/* out has room for sealed.len - SEAL_TAG_BYTES; ERR_CRYPTO, and out untouched in meaning, when the tag is wrong. */
int seal_decrypt(const uint8_t key[KEY_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], struct slice ad,
                 struct slice sealed, uint8_t *out) MUST_CHECK;

/* A record at rest: nonce || sealed bytes, appended to out. */
int seal_record(const struct key_store *key, struct slice ad, struct slice plain, struct buf *out) MUST_CHECK;
int seal_unrecord(const struct key_store *key, struct slice ad, struct slice record, struct buf *out) MUST_CHECK;

/* The shared key of two members (crypto_box_beforenm): the costly step, so cache it. ERR_KEY for a low-order key. */
int seal_pair(const struct key_box *theirs, const struct key_box_secret *ours, struct key_pair *ret_pair) MUST_CHECK;
/* crypto_box with a pair key. out has room for plain.len + SEAL_TAG_BYTES. */
int seal_box(const struct key_pair *pair, const uint8_t nonce[SEAL_NONCE_BYTES], struct slice plain,
             uint8_t *out) MUST_CHECK;
int seal_unbox(const struct key_pair *pair, const uint8_t nonce[SEAL_NONCE_BYTES], struct slice boxed,
               uint8_t *out) MUST_CHECK;

/* BLAKE2b-256 of bytes that come in pieces. */
struct seal_hasher {
    uint8_t state[384];
};
void seal_hasher_begin(struct seal_hasher *hasher);
void seal_hasher_add(struct seal_hasher *hasher, struct slice bytes);
/* The hash of all that was added; the hasher is used up. */
struct key_hash seal_hasher_end(struct seal_hasher *hasher);

/* A file in pieces that come in order or not at all: crypto_secretstream_xchacha20poly1305, no associated data; the
 * last piece carries the tag FINAL, the others MESSAGE. One side seals with begin and push, the other opens with start
 * and pull. */
#define SEAL_STREAM_HEADER_BYTES 24
#define SEAL_STREAM_EXTRA_BYTES 17
struct seal_stream {
    uint8_t state[56]; /* holds key material: seal_wipe when done */
};
int seal_stream_begin(const struct key_blob *key, uint8_t header[SEAL_STREAM_HEADER_BYTES],
                      struct seal_stream *ret_stream) MUST_CHECK;
/* out has room for plain.len + SEAL_STREAM_EXTRA_BYTES. */
int seal_stream_push(struct seal_stream *stream, struct slice plain, bool last, uint8_t *out) MUST_CHECK;
int seal_stream_start(const struct key_blob *key, const uint8_t header[SEAL_STREAM_HEADER_BYTES],
                      struct seal_stream *ret_stream) MUST_CHECK;
/* out has room for sealed.len - SEAL_STREAM_EXTRA_BYTES. ERR_CRYPTO: changed, out of order, or last where it is not the
 * last. */
int seal_stream_pull(struct seal_stream *stream, struct slice sealed, bool last, uint8_t *out) MUST_CHECK;

/* The body key of an envelope: crypto_kdf of the content key, subkey 1 context "HRactual" or subkey 2 "HRexerci". */
void seal_body_key(const struct key_content *content, bool exercise, uint8_t out[KEY_BYTES]);

/* Argon2id v13 of a passphrase; ERR_NOMEM when the memory cannot be had. */
struct seal_argon {
    uint32_t operations;
    uint64_t memory_bytes;
    uint8_t salt[16];
};
struct seal_argon seal_argon_default(void);
int seal_passphrase_key(const char *passphrase, const struct seal_argon *argon, uint8_t out[KEY_BYTES]) MUST_CHECK;

/* Padme (Nikitin et al., PETS 2019) of a length, at least minimum. */
size_t seal_padded_size(size_t len, size_t minimum);

/* URL-safe is not wanted: standard Base64 with padding, appended as text. */
void seal_base64(struct slice bytes, struct buf *out);
int seal_unbase64(const char *text, struct buf *out) MUST_CHECK;

#endif
