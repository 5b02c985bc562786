/* seal: thin, checked calls into libsodium. Every return is looked at; no nonce is ever a counter. */
#include "seal.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"

_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce of the AEAD");
_Static_assert(SEAL_NONCE_BYTES == crypto_box_NONCEBYTES, "nonce of a box");
_Static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag of the AEAD");
_Static_assert(SEAL_TAG_BYTES == crypto_box_MACBYTES, "tag of a box");
_Static_assert(KEY_BYTES == crypto_box_BEFORENMBYTES, "pair key");
_Static_assert(KEY_SIGNATURE_BYTES == crypto_sign_BYTES, "signature");
_Static_assert(SEAL_STREAM_HEADER_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header of a stream");
_Static_assert(SEAL_STREAM_EXTRA_BYTES == crypto_secretstream_xchacha20poly1305_ABYTES, "extra bytes of a piece");
_Static_assert(sizeof(((struct seal_hasher *)0)->state) >= sizeof(crypto_generichash_state), "room for a hash");
_Static_assert(sizeof(((struct seal_stream *)0)->state) >= sizeof(crypto_secretstream_xchacha20poly1305_state),
               "room for a stream");

int seal_start(void)
{
    return sodium_init() < 0 ? ERR_CRYPTO : OK;
}

bool seal_memory_is_locked(void)
{
    uint8_t page[64] = {0};
    if (mlock(page, sizeof page) != 0)
        return false;
    munlock(page, sizeof page);
    return true;
}

void seal_random(void *bytes, size_t len)
{
    randombytes_buf(bytes, len);
}

struct key_uuid seal_uuid(int64_t now_us, const uint8_t random[10])
{
    struct key_uuid id;
    uint64_t ms = now_us < 0 ? 0 : (uint64_t)(now_us / CLOCK_MS_US);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    if (random != NULL)
        memcpy(id.bytes + 6, random, 10);
    else
        randombytes_buf(id.bytes + 6, 10);
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

void seal_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}

bool seal_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

static struct key_hash hash_with(const uint8_t *key, size_t key_len, struct slice a, struct slice b)
{
    struct key_hash hash;
    crypto_generichash_state state;
    CHECK(crypto_generichash_init(&state, key, key_len, sizeof hash.bytes) == 0);
    crypto_generichash_update(&state, a.data, a.len);
    crypto_generichash_update(&state, b.data, b.len);
    CHECK(crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes) == 0);
    return hash;
}

struct key_hash seal_hash2(struct slice a, struct slice b)
{
    return hash_with(NULL, 0, a, b);
}

struct key_hash seal_hash(struct slice bytes)
{
    return hash_with(NULL, 0, bytes, slice_of(NULL, 0));
}

struct key_hash seal_keyed_hash(const struct key_store *key, struct slice bytes)
{
    return hash_with(key->bytes, sizeof key->bytes, bytes, slice_of(NULL, 0));
}

struct key_hash seal_personal_hash(const char *personal, struct slice bytes)
{
    struct key_hash hash;
    uint8_t label[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    size_t len = strlen(personal);
    CHECK(len <= sizeof label);
    memcpy(label, personal, len);
    CHECK(crypto_generichash_blake2b_salt_personal(hash.bytes, sizeof hash.bytes, bytes.data, bytes.len, NULL, 0, NULL,
                                                   label) == 0);
    return hash;
}

/* context || 0x00 || bytes, in one piece as crypto_sign wants it (Ed25519 reads its message twice). */
static int framed(const char *context, struct slice bytes, struct buf *out)
{
    buf_add(out, context, strlen(context) + 1);
    buf_add_slice(out, bytes);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

int seal_sign(const struct key_identity_secret *secret, const char *context, struct slice bytes,
              struct key_signature *ret_signature)
{
    struct buf message;
    buf_init(&message);
    int result = framed(context, bytes, &message);
    if (result == OK) /* it fails for no input */
        CHECK(crypto_sign_detached(ret_signature->bytes, NULL, message.data, message.len, secret->bytes) == 0);
    buf_free(&message);
    return result;
}

int seal_verify(const struct key_identity *identity, const char *context, struct slice bytes, struct slice signature)
{
    if (signature.len != KEY_SIGNATURE_BYTES)
        return ERR_SIGNATURE;
    struct buf message;
    buf_init(&message);
    int result = framed(context, bytes, &message);
    if (result == OK && crypto_sign_verify_detached(signature.data, message.data, message.len, identity->bytes) != 0)
        result = ERR_SIGNATURE;
    buf_free(&message);
    return result;
}

int seal_encrypt(const uint8_t key[KEY_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], struct slice ad,
                 struct slice plain, uint8_t *out)
{
    unsigned long long len;
    int failed =
        crypto_aead_xchacha20poly1305_ietf_encrypt(out, &len, plain.data, plain.len, ad.data, ad.len, NULL, nonce, key);
    return failed ? ERR_CRYPTO : OK;
}

int seal_decrypt(const uint8_t key[KEY_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], struct slice ad,
                 struct slice sealed, uint8_t *out)
{
    if (sealed.len < SEAL_TAG_BYTES)
        return ERR_CRYPTO;
    unsigned long long len;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out, &len, NULL, sealed.data, sealed.len, ad.data, ad.len,
                                                            nonce, key);
    return failed ? ERR_CRYPTO : OK;
}

int seal_record(const struct key_store *key, struct slice ad, struct slice plain, struct buf *out)
{
    size_t total = SEAL_NONCE_BYTES + plain.len + SEAL_TAG_BYTES;
    uint8_t *room = buf_reserve(out, total);
    if (room == NULL)
        return ERR_NOMEM;
    randombytes_buf(room, SEAL_NONCE_BYTES);
    int result = seal_encrypt(key->bytes, room, ad, plain, room + SEAL_NONCE_BYTES);
    if (result == OK)
        buf_grew(out, total);
    return result;
}

int seal_unrecord(const struct key_store *key, struct slice ad, struct slice record, struct buf *out)
{
    if (record.len < SEAL_NONCE_BYTES + SEAL_TAG_BYTES)
        return ERR_CORRUPT;
    struct slice sealed = slice_of(record.data + SEAL_NONCE_BYTES, record.len - SEAL_NONCE_BYTES);
    uint8_t *room = buf_reserve(out, sealed.len - SEAL_TAG_BYTES);
    if (room == NULL)
        return ERR_NOMEM;
    int result = seal_decrypt(key->bytes, record.data, ad, sealed, room);
    if (result == OK)
        buf_grew(out, sealed.len - SEAL_TAG_BYTES);
    return result;
}

int seal_pair(const struct key_box *theirs, const struct key_box_secret *ours, struct key_pair *ret_pair)
{
    struct key_pair pair;
    if (crypto_box_beforenm(pair.bytes, theirs->bytes, ours->bytes) != 0)
        return ERR_KEY;
    *ret_pair = pair;
    sodium_memzero(&pair, sizeof pair);
    return OK;
}

int seal_box(const struct key_pair *pair, const uint8_t nonce[SEAL_NONCE_BYTES], struct slice plain, uint8_t *out)
{
    return crypto_box_easy_afternm(out, plain.data, plain.len, nonce, pair->bytes) == 0 ? OK : ERR_CRYPTO;
}

int seal_unbox(const struct key_pair *pair, const uint8_t nonce[SEAL_NONCE_BYTES], struct slice boxed, uint8_t *out)
{
    if (boxed.len < SEAL_TAG_BYTES)
        return ERR_CRYPTO;
    return crypto_box_open_easy_afternm(out, boxed.data, boxed.len, nonce, pair->bytes) == 0 ? OK : ERR_CRYPTO;
}

/* libsodium wants its state aligned; ours lies wherever its owner does. */
void seal_hasher_begin(struct seal_hasher *hasher)
{
    crypto_generichash_state state;
    CHECK(crypto_generichash_init(&state, NULL, 0, KEY_HASH_BYTES) == 0);
    memcpy(hasher->state, &state, sizeof state);
}

void seal_hasher_add(struct seal_hasher *hasher, struct slice bytes)
{
    crypto_generichash_state state;
    memcpy(&state, hasher->state, sizeof state);
    crypto_generichash_update(&state, bytes.data, bytes.len);
    memcpy(hasher->state, &state, sizeof state);
}

struct key_hash seal_hasher_end(struct seal_hasher *hasher)
{
    struct key_hash hash;
    crypto_generichash_state state;
    memcpy(&state, hasher->state, sizeof state);
    CHECK(crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes) == 0);
    return hash;
}

static crypto_secretstream_xchacha20poly1305_state *state_of(struct seal_stream *stream)
{
    return (crypto_secretstream_xchacha20poly1305_state *)(void *)stream->state;
}

int seal_stream_begin(const struct key_blob *key, uint8_t header[SEAL_STREAM_HEADER_BYTES],
                      struct seal_stream *ret_stream)
{
    return crypto_secretstream_xchacha20poly1305_init_push(state_of(ret_stream), header, key->bytes) == 0 ? OK :
                                                                                                            ERR_CRYPTO;
}

int seal_stream_push(struct seal_stream *stream, struct slice plain, bool last, uint8_t *out)
{
    unsigned char tag =
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    return crypto_secretstream_xchacha20poly1305_push(state_of(stream), out, NULL, plain.data, plain.len, NULL, 0,
                                                      tag) == 0 ?
        OK :
        ERR_CRYPTO;
}

int seal_stream_start(const struct key_blob *key, const uint8_t header[SEAL_STREAM_HEADER_BYTES],
                      struct seal_stream *ret_stream)
{
    return crypto_secretstream_xchacha20poly1305_init_pull(state_of(ret_stream), header, key->bytes) == 0 ? OK :
                                                                                                            ERR_CRYPTO;
}

int seal_stream_pull(struct seal_stream *stream, struct slice sealed, bool last, uint8_t *out)
{
    unsigned char tag;
    if (sealed.len < SEAL_STREAM_EXTRA_BYTES ||
        crypto_secretstream_xchacha20poly1305_pull(state_of(stream), out, NULL, &tag, sealed.data, sealed.len, NULL,
                                                   0) != 0)
        return ERR_CRYPTO;
    return last == (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) ? OK : ERR_CRYPTO;
}

void seal_body_key(const struct key_content *content, bool exercise, uint8_t out[KEY_BYTES])
{
    CHECK(crypto_kdf_derive_from_key(out, KEY_BYTES, exercise ? 2 : 1, exercise ? "HRexerci" : "HRactual",
                                     content->bytes) == 0);
}

struct seal_argon seal_argon_default(void)
{
    struct seal_argon argon = {.operations = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
                               .memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_MODERATE};
    randombytes_buf(argon.salt, sizeof argon.salt);
    return argon;
}

int seal_passphrase_key(const char *passphrase, const struct seal_argon *argon, uint8_t out[KEY_BYTES])
{
    if (argon->operations < 1 || argon->operations > LIMIT_ARGON_OPERATIONS ||
        argon->memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN || argon->memory_bytes > LIMIT_ARGON_MEMORY_BYTES)
        return ERR_LIMIT;
    int failed = crypto_pwhash(out, KEY_BYTES, passphrase, strlen(passphrase), argon->salt, argon->operations,
                               (size_t)argon->memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    return failed ? ERR_NOMEM : OK;
}

/* Padme: round up so that only the leading bits of a length stay visible; at most 12 % overhead. */
size_t seal_padded_size(size_t len, size_t minimum)
{
    if (len <= minimum || len < 2)
        return len > minimum ? len : minimum;
    unsigned exponent = 63 - (unsigned)__builtin_clzll((unsigned long long)len);
    unsigned significant = 64 - (unsigned)__builtin_clzll((unsigned long long)exponent);
    unsigned low_bits = exponent - significant;
    size_t mask = ((size_t)1 << low_bits) - 1;
    return (len + mask) & ~mask;
}

void seal_base64(struct slice bytes, struct buf *out)
{
    size_t size = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    uint8_t *room = buf_reserve(out, size);
    if (room == NULL)
        return;
    sodium_bin2base64((char *)room, size, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL);
    buf_grew(out, size - 1);
}

int seal_unbase64(const char *text, struct buf *out)
{
    size_t most = strlen(text) / 4 * 3 + 3, len;
    uint8_t *room = buf_reserve(out, most);
    if (room == NULL)
        return ERR_NOMEM;
    const char *end;
    if (sodium_base642bin(room, most, text, strlen(text), NULL, &len, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end != '\0')
        return ERR_SYNTAX;
    buf_grew(out, len);
    return OK;
}
