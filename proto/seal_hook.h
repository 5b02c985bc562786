/*
 * seal_hook - signatures of webhooks, as the specification Standard Webhooks has them: over "ID.SECONDS.BODY",
 * v1 is HMAC-SHA256 under a shared secret, v1a is Ed25519 (RFC 8032), which the receiver checks without a secret.
 */
#ifndef PROTO_SEAL_HOOK_H
#define PROTO_SEAL_HOOK_H

#include <stdint.h>

#include "buf.h"
#include "err.h"

#define SEAL_HOOK_BYTES 32 /* of a secret, a seed, a code */
#define SEAL_HOOK_SIGNATURE_BYTES 64

/* The keys of one receiver, of this node's making. */
struct seal_hook {
    uint8_t secret[SEAL_HOOK_BYTES]; /* shared with it */
    uint8_t seed[SEAL_HOOK_BYTES];   /* of an Ed25519 key pair */
};

/* What is signed. */
struct seal_hook_message {
    const char *id; /* no full stop in it */
    int64_t at_s;   /* seconds since 1970 */
    struct slice body;
};

/* Fresh keys. */
void seal_hook_make(struct seal_hook *ret_hook);
/* v1: the code under a secret of any length. ERR_NOMEM. */
int seal_hook_code(struct slice secret, const struct seal_hook_message *message,
                   uint8_t ret_code[SEAL_HOOK_BYTES]) MUST_CHECK;
/* v1a: the signature. ERR_NOMEM, ERR_CRYPTO. */
int seal_hook_sign(const struct seal_hook *hook, const struct seal_hook_message *message,
                   uint8_t ret_signature[SEAL_HOOK_SIGNATURE_BYTES]) MUST_CHECK;
/* The header webhook-signature, appended: "v1,BASE64 v1a,BASE64". ERR_NOMEM, ERR_CRYPTO. */
int seal_hook_header(const struct seal_hook *hook, const struct seal_hook_message *message, struct buf *out) MUST_CHECK;
/* What the receiver is given, appended: "whsec_BASE64", "whpk_BASE64". */
void seal_hook_secret_text(const struct seal_hook *hook, struct buf *out);
int seal_hook_public_text(const struct seal_hook *hook, struct buf *out) MUST_CHECK;

#endif
