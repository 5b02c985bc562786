/*
 * checker - a history in, every broken promise out. Knows the promises (quality: what must hold) and nothing of the
 * code that keeps them: no header of relay/ or node/ is included here.
 *
 * Checked for each event as it comes: each shown at most once in the life of a store; what is shown was signed by an
 * accredited member, granted to this one, equal in every byte, a drill as a drill; what is granted concerns who gets it
 * (checker_route.c); nothing older is shown as news; a store that comes back has what it said to have (own, shown,
 * answered by a receipt; at a relay: promised by Accepted); states only move forward, and only by receipts that were
 * sent; people are told of no Accepted that was not signed; a canary, a disk that grew beyond its bound, a program that
 * gave up. At END: nothing accepted is lost (checker_lost.c), whom an open case concerns was granted it, and all agree.
 */
#ifndef TESTS_SIM_CHECKER_H
#define TESTS_SIM_CHECKER_H

#include "tests/sim/history.h"

struct checker_report {
    size_t violations;
    size_t alerts, accepted, views, receipts; /* that it was a test */
    size_t owed;                              /* (accepted alert, named recipient) pairs that had to arrive */
};

/* Says each violation on out (NULL: nowhere), at most `most` of them. */
struct checker_report checker_run(const struct history *history, FILE *out, size_t most);

#endif
