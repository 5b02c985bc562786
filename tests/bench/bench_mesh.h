/*
 * bench_mesh - a network as it is meant to be: each hotline of a country subscribes to its neighbours, and
 * all of them publish.
 */
#ifndef TESTS_BENCH_BENCH_MESH_H
#define TESTS_BENCH_BENCH_MESH_H

#include "tests/bench/bench.h"

/* Runs it and prints one line of JSON. Case j is published by member j modulo their number at j / rate
 * seconds, whatever the ones before have come to. Exit status as bench_fanout. */
int bench_mesh(const struct bench_options *options);

#endif
