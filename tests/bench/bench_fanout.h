/*
 * bench_fanout - one publisher and its recipients, as real node cores with real stores, through one real
 * relay.
 */
#ifndef TESTS_BENCH_BENCH_FANOUT_H
#define TESTS_BENCH_BENCH_FANOUT_H

#include "tests/bench/bench.h"

/* Runs it and prints one line of JSON to standard output. Gives the exit status: 0; 1 when not all was
 * accepted and delivered, or it could not run. */
int bench_fanout(const struct bench_options *options);

#endif
