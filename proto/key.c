/* key: derives a member's keys from its master and checks the keys of others. Never prints or copies a secret
 * elsewhere. */
#include "key.h"

#include <sodium.h>
#include <string.h>

#include "clock.h"

#define WEEK_US (7 * CLOCK_DAY_US)

void *key_guarded_new(size_t size)
{
    void *secret = sodium_malloc(size);
    if (secret != NULL)
        sodium_memzero(secret, size);
    return secret;
}

void key_guarded_free(void *secret)
{
    if (secret != NULL)
        sodium_free(secret); /* wipes */
}

struct key_set *key_set_new(void)
{
    return key_guarded_new(sizeof(struct key_set));
}

void key_set_free(struct key_set *set)
{
    key_guarded_free(set);
}

int key_set_generate(struct key_set *set)
{
    randombytes_buf(set->master.bytes, sizeof set->master.bytes);
    set->generation = 1;
    return key_set_derive(set);
}

static int derive(const struct key_set *set, uint64_t number, const char context[8], uint8_t out[KEY_BYTES])
{
    return crypto_kdf_derive_from_key(out, KEY_BYTES, number, context, set->master.bytes) == 0 ? OK : ERR_CRYPTO;
}

static int derive_identity(struct key_set *set)
{
    uint8_t seed[KEY_BYTES];
    int result = derive(set, set->generation, "HRidenty", seed);
    if (result == OK && crypto_sign_seed_keypair(set->identity.bytes, set->identity_secret.bytes, seed) != 0)
        result = ERR_CRYPTO;
    sodium_memzero(seed, sizeof seed);
    return result;
}

static int derive_box(const struct key_set *set, uint64_t number, const char context[8], uint8_t secret[KEY_BYTES],
                      uint8_t public_key[KEY_BYTES])
{
    int result = derive(set, number, context, secret);
    if (result == OK && crypto_scalarmult_base(public_key, secret) != 0)
        result = ERR_CRYPTO;
    return result;
}

int key_set_derive(struct key_set *set)
{
    int result = derive_identity(set);
    if (result == OK)
        result = derive_box(set, set->generation, "HRtransp", set->transport_secret.bytes, set->transport.bytes);
    if (result == OK)
        result = derive_box(set, 1, "HRrecovr", set->recovery_secret.bytes, set->recovery.bytes);
    return result;
}

int key_set_match(struct key_set *set, struct slice identity, struct slice transport)
{
    struct key_set *trial = key_set_new();
    int result = trial ? ERR_KEY : ERR_NOMEM;
    uint32_t most = trial ? set->generation + KEY_GENERATIONS_AHEAD : 0;
    for (uint32_t back = 0; back < most && result == ERR_KEY; back++) {
        *trial = *set;
        trial->generation = most - back;
        if (key_set_derive(trial) != OK)
            continue;
        if (slice_equal(identity, slice_of(trial->identity.bytes, KEY_BYTES)) &&
            slice_equal(transport, slice_of(trial->transport.bytes, KEY_BYTES))) {
            *set = *trial;
            result = OK;
        }
    }
    key_set_free(trial);
    return result;
}

int key_sending(const struct key_set *set, int64_t at_us, struct key_box *ret_public, struct key_box_secret *ret_secret)
{
    uint64_t week = at_us < 0 ? 0 : (uint64_t)(at_us / WEEK_US);
    return derive_box(set, week, "HRsendng", ret_secret->bytes, ret_public->bytes);
}

int key_storage_wrap(const struct key_set *set, struct key_store *ret_key)
{
    return derive(set, 1, "HRstorag", ret_key->bytes);
}

void key_box_generate(struct key_box *ret_public, struct key_box_secret *ret_secret)
{
    CHECK(crypto_box_keypair(ret_public->bytes, ret_secret->bytes) == 0);
}

struct key_id key_id_of(const uint8_t public_key[KEY_BYTES])
{
    uint8_t hash[KEY_HASH_BYTES];
    struct key_id id;
    CHECK(crypto_generichash(hash, sizeof hash, public_key, KEY_BYTES, NULL, 0) == 0);
    memcpy(id.bytes, hash, sizeof id.bytes);
    return id;
}

bool key_id_equal(struct key_id a, struct key_id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

bool key_hash_equal(const struct key_hash *a, const struct key_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool key_uuid_equal(const struct key_uuid *a, const struct key_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int key_identity_from(struct slice bytes, struct key_identity *ret_key)
{
    /* A key of mixed order passes verification of forged signatures: only points of the prime-order group. */
    if (bytes.len != KEY_BYTES || crypto_core_ed25519_is_valid_point(bytes.data) != 1)
        return ERR_KEY;
    memcpy(ret_key->bytes, bytes.data, KEY_BYTES);
    return OK;
}

/* Every u of low order on the curve and its twist, little endian, as X25519 reads it: 0, 1, the two of order 8, and
 * p - 1, p and p + 1. The same list as in libsodium's scalar multiplication. */
static const uint8_t low_order[][KEY_BYTES] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* A key of low order makes every shared secret the same known value. Compared and not multiplied: the check stands in
 * the way of every envelope, and a multiplication is 60 us of it. */
static int curve_key_from(struct slice bytes, uint8_t out[KEY_BYTES])
{
    if (bytes.len != KEY_BYTES)
        return ERR_KEY;
    for (size_t i = 0; i < sizeof low_order / sizeof low_order[0]; i++) {
        bool same = memcmp(bytes.data, low_order[i], KEY_BYTES - 1) == 0;
        if (same && (bytes.data[KEY_BYTES - 1] & 0x7f) == low_order[i][KEY_BYTES - 1]) /* the highest bit is not read */
            return ERR_KEY;
    }
    memcpy(out, bytes.data, KEY_BYTES);
    return OK;
}

int key_box_from(struct slice bytes, struct key_box *ret_key)
{
    return curve_key_from(bytes, ret_key->bytes);
}

int key_transport_from(struct slice bytes, struct key_transport *ret_key)
{
    return curve_key_from(bytes, ret_key->bytes);
}

static int exact(struct slice bytes, uint8_t *out, size_t len)
{
    if (bytes.len != len)
        return ERR_INVALID;
    memcpy(out, bytes.data, len);
    return OK;
}

int key_uuid_from(struct slice bytes, struct key_uuid *ret_id)
{
    return exact(bytes, ret_id->bytes, sizeof ret_id->bytes);
}

int key_hash_from(struct slice bytes, struct key_hash *ret_hash)
{
    return exact(bytes, ret_hash->bytes, sizeof ret_hash->bytes);
}

int key_id_from(struct slice bytes, struct key_id *ret_id)
{
    return exact(bytes, ret_id->bytes, sizeof ret_id->bytes);
}

bool key_name_ok(const char *id)
{
    size_t len = strlen(id);
    if (len == 0 || len > LIMIT_ID_CHARS || id[0] == '-' || id[len - 1] == '-')
        return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

void key_fingerprint(const uint8_t public_key[KEY_BYTES], char text[KEY_FINGERPRINT_MAX])
{
    uint8_t hash[KEY_HASH_BYTES];
    CHECK(crypto_generichash(hash, sizeof hash, public_key, KEY_BYTES, NULL, 0) == 0);
    for (int group = 0; group < 8; group++)
        snprintf(text + group * 5, 6, "%02x%02x%s", hash[2 * group], hash[2 * group + 1], group < 7 ? " " : "");
}
