/* pure: see the header. Must never give what was computed of other bytes: all of them are compared, not a hash. */
#include "tests/sim/pure.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/err.h"
#include "tests/sim/sim.h"

#define SLOTS 32768     /* about two simulated days of different inputs; a power of two */
#define INPUT_MOST 4096 /* longer ones are computed each time */
#define OUTPUT_MOST 96  /* of a pair of keys */

enum pure { PURE_VERIFY, PURE_SIGN, PURE_POINT, PURE_BASE, PURE_SEED, PURE_SHARED };

struct part {
    const void *bytes;
    size_t len;
};

/* One call: which function, of what. */
struct call {
    enum pure what;
    struct part in[3];
    uint64_t hash;
    size_t len;
};

struct known {
    uint64_t hash;
    uint8_t *in; /* NULL: empty */
    size_t len;
    int result;
    uint8_t what, out[OUTPUT_MOST];
};

/* The library's functions have no context to carry it. */
static struct known *known;
static bool is_off;

static void mix(struct call *call, const struct part *part)
{
    const uint8_t *at = part->bytes;
    for (size_t i = 0; i < part->len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at + i, part->len - i < sizeof word ? part->len - i : sizeof word);
        call->hash = (call->hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        call->hash ^= call->hash >> 29;
    }
    call->len += part->len;
}

static struct call call_of(enum pure what, struct part a, struct part b, struct part c)
{
    struct call call = {.what = what, .in = {a, b, c}, .hash = what + 1u};
    for (size_t i = 0; i < 3; i++)
        mix(&call, &call.in[i]);
    return call;
}

static struct known *slot_of(const struct call *call)
{
    if (is_off || call->len > INPUT_MOST)
        return NULL;
    if (known == NULL)
        PROC_OUT(known = calloc(SLOTS, sizeof *known));
    CHECK(known != NULL);
    return &known[call->hash & (SLOTS - 1)];
}

static bool is_same(const struct known *slot, const struct call *call)
{
    size_t at = 0;
    if (slot == NULL || slot->in == NULL || slot->hash != call->hash || slot->what != call->what ||
        slot->len != call->len)
        return false;
    for (size_t i = 0; i < 3; at += call->in[i++].len)
        if (call->in[i].len > 0 && memcmp(slot->in + at, call->in[i].bytes, call->in[i].len) != 0)
            return false;
    return true;
}

static void keep(struct known *slot, const struct call *call, int result)
{
    size_t at = 0;
    if (slot == NULL)
        return;
    PROC_OUT(slot->in = realloc(slot->in, call->len + 1));
    CHECK(slot->in != NULL);
    for (size_t i = 0; i < 3; at += call->in[i++].len)
        if (call->in[i].len > 0)
            memcpy(slot->in + at, call->in[i].bytes, call->in[i].len);
    slot->hash = call->hash;
    slot->len = call->len;
    slot->what = (uint8_t)call->what;
    slot->result = result;
}

void pure_done(void)
{
    for (size_t i = 0; known != NULL && i < SLOTS; i++)
        free(known[i].in);
    free(known);
    known = NULL;
}

void pure_forget(bool off)
{
    pure_done();
    is_off = off;
}

/* --- libsodium's, as the linker calls them --- */

#define NONE ((struct part){NULL, 0})

#define PURE_WRAP(name, ...)                                                                                           \
    int __real_##name(__VA_ARGS__);                                                                                    \
    int __wrap_##name(__VA_ARGS__);                                                                                    \
    int __wrap_##name(__VA_ARGS__)

PURE_WRAP(crypto_sign_verify_detached, const unsigned char *signature, const unsigned char *message,
          unsigned long long len, const unsigned char *key)
{
    struct call call = call_of(PURE_VERIFY, (struct part){signature, crypto_sign_BYTES}, (struct part){message, len},
                               (struct part){key, crypto_sign_PUBLICKEYBYTES});
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call))
        return slot->result;
    int result = __real_crypto_sign_verify_detached(signature, message, len, key);
    keep(slot, &call, result);
    return result;
}

PURE_WRAP(crypto_core_ed25519_is_valid_point, const unsigned char *point)
{
    struct call call = call_of(PURE_POINT, (struct part){point, crypto_core_ed25519_BYTES}, NONE, NONE);
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call))
        return slot->result;
    int result = __real_crypto_core_ed25519_is_valid_point(point);
    keep(slot, &call, result);
    return result;
}

/* The first `first` bytes that it gives are one output, the rest the other. */
static void recall(const struct known *slot, void *ret_first, size_t first, void *ret_second, size_t second)
{
    memcpy(ret_first, slot->out, first);
    if (second > 0)
        memcpy(ret_second, slot->out + first, second);
}

static void keep_output(struct known *slot, const struct call *call, struct part first, struct part second)
{
    keep(slot, call, 0);
    if (slot == NULL)
        return;
    CHECK(first.len + second.len <= OUTPUT_MOST);
    memcpy(slot->out, first.bytes, first.len);
    if (second.len > 0)
        memcpy(slot->out + first.len, second.bytes, second.len);
}

PURE_WRAP(crypto_sign_detached, unsigned char *signature, unsigned long long *ret_len, const unsigned char *message,
          unsigned long long len, const unsigned char *key)
{
    struct call call =
        call_of(PURE_SIGN, (struct part){message, len}, (struct part){key, crypto_sign_SECRETKEYBYTES}, NONE);
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call)) {
        recall(slot, signature, crypto_sign_BYTES, NULL, 0);
        if (ret_len != NULL)
            *ret_len = crypto_sign_BYTES;
        return 0;
    }
    int result = __real_crypto_sign_detached(signature, ret_len, message, len, key);
    if (result == 0)
        keep_output(slot, &call, (struct part){signature, crypto_sign_BYTES}, NONE);
    return result;
}

PURE_WRAP(crypto_scalarmult_base, unsigned char *point, const unsigned char *scalar)
{
    struct call call = call_of(PURE_BASE, (struct part){scalar, crypto_scalarmult_SCALARBYTES}, NONE, NONE);
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call)) {
        recall(slot, point, crypto_scalarmult_BYTES, NULL, 0);
        return 0;
    }
    int result = __real_crypto_scalarmult_base(point, scalar);
    if (result == 0)
        keep_output(slot, &call, (struct part){point, crypto_scalarmult_BYTES}, NONE);
    return result;
}

PURE_WRAP(crypto_sign_seed_keypair, unsigned char *public, unsigned char *secret, const unsigned char *seed)
{
    struct call call = call_of(PURE_SEED, (struct part){seed, crypto_sign_SEEDBYTES}, NONE, NONE);
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call)) {
        recall(slot, public, crypto_sign_PUBLICKEYBYTES, secret, crypto_sign_SECRETKEYBYTES);
        return 0;
    }
    int result = __real_crypto_sign_seed_keypair(public, secret, seed);
    if (result == 0)
        keep_output(slot, &call, (struct part){public, crypto_sign_PUBLICKEYBYTES},
                    (struct part){secret, crypto_sign_SECRETKEYBYTES});
    return result;
}

PURE_WRAP(crypto_box_beforenm, unsigned char *shared, const unsigned char *public, const unsigned char *secret)
{
    struct call call = call_of(PURE_SHARED, (struct part){public, crypto_box_PUBLICKEYBYTES},
                               (struct part){secret, crypto_box_SECRETKEYBYTES}, NONE);
    struct known *slot = slot_of(&call);
    if (is_same(slot, &call)) {
        recall(slot, shared, crypto_box_BEFORENMBYTES, NULL, 0);
        return 0;
    }
    int result = __real_crypto_box_beforenm(shared, public, secret);
    if (result == 0)
        keep_output(slot, &call, (struct part){shared, crypto_box_BEFORENMBYTES}, NONE);
    return result;
}
