/*
 * bench_idle - what connections at rest cost a relay: members that said Hello and send their pulse, and nothing else.
 */
#ifndef TESTS_BENCH_BENCH_IDLE_H
#define TESTS_BENCH_BENCH_IDLE_H

#include "tests/bench/bench.h"

/* Runs it and prints one line of JSON to standard output. Gives the exit status: 0; 1 when not every member was
 * welcomed and answered to the end, or it could not run. */
int bench_idle(const struct bench_options *options);

#endif
