/*
 * rng - all chance of a simulation, from one seed: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64.
 *
 * rng_rule_sodium() makes libsodium draw from one of these too, so that keys, ids and nonces are the same in every run.
 * Never for anything but tests.
 */
#ifndef TESTS_SIM_RNG_H
#define TESTS_SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
/* Another stream of the same seed: what one draws does not move the other. */
void rng_split(struct rng *from, struct rng *ret_rng);
uint64_t rng_next(struct rng *rng);
/* 0 .. below - 1; 0 when below is 0. */
uint64_t rng_below(struct rng *rng, uint64_t below);
/* least .. most, both included. */
int64_t rng_between(struct rng *rng, int64_t least, int64_t most);
/* True in so many of a thousand draws. */
bool rng_permille(struct rng *rng, unsigned permille);
void rng_fill(struct rng *rng, void *bytes, size_t len);

/* From now on libsodium draws from this one (borrowed until the next call). Its interface has no context: this is the
 * only thing of the simulator that is one per process. Call it before seal_start(). */
void rng_rule_sodium(struct rng *rng);

#endif
