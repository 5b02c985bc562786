/* seal_hook: Standard Webhooks' signatures by libsodium. No other key of this program ever signs here. */
#include "seal_hook.h"

#include <inttypes.h>
#include <sodium.h>

#include "seal.h"

_Static_assert(SEAL_HOOK_BYTES == crypto_auth_hmacsha256_BYTES, "v1");
_Static_assert(SEAL_HOOK_BYTES == crypto_sign_SEEDBYTES, "seed of v1a");
_Static_assert(SEAL_HOOK_SIGNATURE_BYTES == crypto_sign_BYTES, "v1a");

void seal_hook_make(struct seal_hook *ret_hook)
{
    seal_random(ret_hook->secret, sizeof ret_hook->secret);
    seal_random(ret_hook->seed, sizeof ret_hook->seed);
}

static int add_signed(const struct seal_hook_message *message, struct buf *out)
{
    buf_printf(out, "%s.%" PRId64 ".", message->id, message->at_s);
    buf_add_slice(out, message->body);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

int seal_hook_code(struct slice secret, const struct seal_hook_message *message, uint8_t ret_code[SEAL_HOOK_BYTES])
{
    crypto_auth_hmacsha256_state state;
    struct buf text;
    buf_init(&text);
    int error = add_signed(message, &text);
    if (error == OK) {
        crypto_auth_hmacsha256_init(&state, secret.data, secret.len);
        crypto_auth_hmacsha256_update(&state, text.data, text.len);
        crypto_auth_hmacsha256_final(&state, ret_code);
        seal_wipe(&state, sizeof state);
    }
    buf_free(&text);
    return error;
}

/* The pair of the seed; the caller wipes the secret half. */
static int make_pair(const struct seal_hook *hook, uint8_t public_key[crypto_sign_PUBLICKEYBYTES],
                     uint8_t secret_key[crypto_sign_SECRETKEYBYTES])
{
    return crypto_sign_seed_keypair(public_key, secret_key, hook->seed) == 0 ? OK : ERR_CRYPTO;
}

int seal_hook_sign(const struct seal_hook *hook, const struct seal_hook_message *message,
                   uint8_t ret_signature[SEAL_HOOK_SIGNATURE_BYTES])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    struct buf text;
    buf_init(&text);
    int error = add_signed(message, &text);
    if (error == OK)
        error = make_pair(hook, public_key, secret_key);
    if (error == OK && crypto_sign_detached(ret_signature, NULL, text.data, text.len, secret_key) != 0)
        error = ERR_CRYPTO;
    seal_wipe(secret_key, sizeof secret_key);
    buf_free(&text);
    return error;
}

int seal_hook_header(const struct seal_hook *hook, const struct seal_hook_message *message, struct buf *out)
{
    uint8_t code[SEAL_HOOK_BYTES], signature[SEAL_HOOK_SIGNATURE_BYTES];
    int error = seal_hook_code(slice_of(hook->secret, sizeof hook->secret), message, code);
    if (error == OK)
        error = seal_hook_sign(hook, message, signature);
    if (error != OK)
        return error;
    buf_add_text(out, "v1,");
    seal_base64(slice_of(code, sizeof code), out);
    buf_add_text(out, " v1a,");
    seal_base64(slice_of(signature, sizeof signature), out);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

void seal_hook_secret_text(const struct seal_hook *hook, struct buf *out)
{
    buf_add_text(out, "whsec_");
    seal_base64(slice_of(hook->secret, sizeof hook->secret), out);
}

int seal_hook_public_text(const struct seal_hook *hook, struct buf *out)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    int error = make_pair(hook, public_key, secret_key);
    seal_wipe(secret_key, sizeof secret_key);
    if (error != OK)
        return error;
    buf_add_text(out, "whpk_");
    seal_base64(slice_of(public_key, sizeof public_key), out);
    return buf_broken(out) ? ERR_NOMEM : OK;
}
