/* rng: see the header. Must give the same numbers on every machine. */
#include "tests/sim/rng.h"

#include <sodium.h>
#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        rng->state[i] = splitmix(&seed);
}

void rng_split(struct rng *from, struct rng *ret_rng)
{
    rng_seed(ret_rng, rng_next(from));
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t below)
{
    return below ? rng_next(rng) % below : 0;
}

int64_t rng_between(struct rng *rng, int64_t least, int64_t most)
{
    return least + (int64_t)rng_below(rng, (uint64_t)(most - least) + 1);
}

bool rng_permille(struct rng *rng, unsigned permille)
{
    return permille > 0 && rng_below(rng, 1000) < permille;
}

void rng_fill(struct rng *rng, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    while (len > 0) {
        uint64_t word = rng_next(rng);
        size_t part = len < sizeof word ? len : sizeof word;
        memcpy(at, &word, part);
        at += part;
        len -= part;
    }
}

static struct rng *sodium_rng;

static const char *sodium_name(void)
{
    return "simulated";
}

static uint32_t sodium_word(void)
{
    return (uint32_t)rng_next(sodium_rng);
}

static void sodium_fill(void *const bytes, const size_t len)
{
    rng_fill(sodium_rng, bytes, len);
}

void rng_rule_sodium(struct rng *rng)
{
    static randombytes_implementation simulated;
    sodium_rng = rng;
    simulated =
        (randombytes_implementation){.implementation_name = sodium_name, .random = sodium_word, .buf = sodium_fill};
    randombytes_set_implementation(&simulated);
}
