/*
 * bench_recipients - a process of recipients: each a node core that verifies, opens, stores (FULL) and signs
 * its receipt.
 */
#ifndef TESTS_BENCH_BENCH_RECIPIENTS_H
#define TESTS_BENCH_BENCH_RECIPIENTS_H

#include "tests/bench/bench_net.h"

struct bench_share {
    struct bench_net *net;
    struct bench_board *board;
    size_t first, count; /* of the members */
};

/* Forks it. It ends when the board says so, or with its parent. ERR_IO. */
int bench_recipients_start(const struct bench_share *share, struct err_note *note, pid_t *ret_pid) MUST_CHECK;
/* The number of an alert among all of the run: cases are numbered by their references, from 1. UINT32_MAX:
 * none of the run's. */
uint32_t bench_alert_index(const char *reference, uint32_t total);

#endif
