/*
 * bench - what the parts of hotline-bench share: the options, the board in shared memory on which every
 * process writes what it saw, and what a process has cost. One alert is one cell per recipient; nothing is
 * sampled, nothing is left out.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/err.h"

#define BENCH_WORKERS_MAX 16
#define BENCH_STEPS_MAX 256

struct bench_options {
    uint32_t subs;       /* recipients */
    uint32_t count;      /* alerts that are measured */
    uint32_t prior;      /* alerts published before, unmeasured, and left open */
    uint32_t size_bytes; /* of the packed case */
    uint32_t rate;       /* alerts a second; 0: as fast as the window allows */
    uint32_t window;     /* alerts that may be unfinished */
    uint32_t workers;    /* processes of recipients */
    uint32_t step;       /* 0, or: what each so many alerts cost */
    bool until_accepted; /* finished when accepted; otherwise when every receipt is on the publisher's disk */
    bool mesh;           /* members subscribe to their neighbours and all publish; subs is their number */
    bool restart;        /* afterwards: how long relay and publisher take to start again */
    const char *relay;   /* the relay's program */
    const char *folder;  /* where stores go */
    uint32_t patience_s; /* without progress for so long, it failed */
};

/* Written by one process each; read by all. Times are of the steady clock, us; a latency of 0 means: not yet.
 */
struct bench_board {
    _Atomic uint32_t nodes_ready, workers_failed, stop;
    _Atomic uint64_t delivered, duplicates;
    _Atomic uint64_t published, accepted, receipts, expected; /* of a mesh */
    _Atomic int64_t start_us;                                 /* of a mesh: steady; 0: not yet */
    uint32_t subs, total;                                     /* total: prior and measured ones */
    int64_t *published_us;                                    /* [total] */
    uint32_t *accepted_us;                                    /* [total] publish to Accepted on the publisher's disk */
    uint32_t *delivered_us; /* [total * subs] publish to shown at the recipient, after its commit */
    uint32_t *receipt_us;   /* [total * subs] publish to that receipt on the publisher's disk */
};

/* Shared with every process forked afterwards. NULL when there is no memory. Never freed: the process ends.
 */
struct bench_board *bench_board_new(uint32_t subs, uint32_t total);
/* Now less when alert `index` was published; at least 1. */
uint32_t bench_board_age_us(const struct bench_board *board, uint32_t index);

struct bench_spread {
    size_t count;
    uint32_t p50, p99, max;
};
/* Of the cells that are not 0. ERR_NOMEM. */
int bench_spread_of(const uint32_t *cells, size_t count, struct bench_spread *ret_spread) MUST_CHECK;

/* ,"NAME":{"count":..,"p50":..,"p99":..,"max":..} */
void bench_print_spread(const char *name, const uint32_t *cells, size_t count);

/* CPU time of a process, all threads, user and system; 0 when it is gone. Granularity: the kernel's tick (10
 * ms). */
int64_t bench_cpu_us(pid_t pid);
/* Resident memory now and at its most, in KiB; 0 when it is gone. */
long bench_rss_kib(pid_t pid);
long bench_rss_most_kib(pid_t pid);

#endif
