/*
 * envelope - seal and open: what travels between two members and nobody between them can read, forge or alter.
 *
 * Layout, nonces, associated data and contexts are here and in docs/protocol.md and nowhere else:
 *   header bytes = packed EnvelopeHeader;  body key = seal_body_key(content key, status)
 *   body = XChaCha20-Poly1305(body key, header.body_nonce, ad = header bytes, padded plain text)
 *   padded = packed EnvelopeBody || 0x80 || 0x00..., to Padme's size, at least LIMIT_BODY_PAD_BYTES
 *   hash = BLAKE2b-256(header || BLAKE2b-256(body));  signature over header || BLAKE2b-256(body)
 *   grant = crypto_box(pair key, nonce, content key || u64le sequence)
 */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include "key.h"
#include "roster.h"
#include "wire.h"

#define ENVELOPE_GRANT_BOX_BYTES (KEY_BYTES + 8 + 16)

/* An envelope taken apart: its slices and header borrow what it was parsed from and the arena. */
struct envelope {
    struct slice header_bytes;
    struct slice signature;
    struct slice body;
    const Hotline__EnvelopeHeader *header;
    struct key_hash hash;
    struct key_uuid id;
};

/* Checks the header's own rules (kind, act, revision, times, route, lengths) and computes the hash. */
int envelope_parse(struct slice header, struct slice signature, struct slice body, struct wire_arena *arena,
                   struct err_note *note, struct envelope *ret_envelope) MUST_CHECK;
/* What names an envelope: BLAKE2b-256(header || BLAKE2b-256(body)). */
struct key_hash envelope_hash(struct slice header, struct slice body);
/* Verifies the sender's signature by the roster; ERR_MEMBER when the sender is not on it. *ret_sender is its index. */
int envelope_verify(const struct envelope *envelope, const struct roster *roster, int64_t now_us,
                    size_t *ret_sender) MUST_CHECK;

/* A new envelope. `header` is filled by the caller, but for body_nonce and key_commitment: set here, and cleared again.
 * header_bytes, body and signature are appended to their buffers; *ret_content is the content key (guard it). */
struct envelope_sealed {
    struct buf header;
    struct buf body;
    struct key_signature signature;
    struct key_hash hash;
    struct key_content content;
};
int envelope_seal(Hotline__EnvelopeHeader *header, const ProtobufCMessage *body,
                  const struct key_identity_secret *identity, struct envelope_sealed *ret_sealed) MUST_CHECK;
void envelope_sealed_done(struct envelope_sealed *sealed);

/* One grant: nonce and box written into the caller's memory. */
struct envelope_grant {
    char member[LIMIT_ID_CHARS + 1];
    struct key_id key_id;
    uint8_t nonce[24];
    uint8_t box[ENVELOPE_GRANT_BOX_BYTES];
    uint64_t sequence; /* inside the box too; 0: unnumbered */
};
int envelope_grant_make(const struct key_content *content, uint64_t sequence, const struct key_pair *pair,
                        struct envelope_grant *grant) MUST_CHECK;
/* Opens a grant; ERR_CRYPTO when the box is not for this pair, ERR_DISPUTED when the key is not the committed one. */
int envelope_grant_open(const struct envelope *envelope, const Hotline__Grant *grant, const struct key_pair *pair,
                        struct key_content *ret_content, uint64_t *ret_sequence) MUST_CHECK;
/* Opens the body with the content key: appends the unpadded packed EnvelopeBody to out. ERR_CRYPTO, ERR_DISPUTED
 * (commitment), ERR_SYNTAX (padding). */
int envelope_open(const struct envelope *envelope, const struct key_content *content, struct buf *out) MUST_CHECK;

/* Whether a case revision comes after another: (revision, sent_at, hash), everywhere. */
int envelope_order(uint32_t revision_a, int64_t sent_a_us, const struct key_hash *hash_a, uint32_t revision_b,
                   int64_t sent_b_us, const struct key_hash *hash_b);

/* The key of a case in any table: opener NUL-padded to 40, status, case id: 57 bytes. */
#define ENVELOPE_CASE_KEY_BYTES (LIMIT_ID_CHARS + 1 + KEY_UUID_BYTES)
struct envelope_case_key {
    uint8_t bytes[ENVELOPE_CASE_KEY_BYTES];
};
struct envelope_case_key envelope_case_key(const char *opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES]);

#endif
