/* What the calls that fail (torture.c) and the processes in which they do (runs.c) share. */
#ifndef TESTS_TORTURE_INNER_H
#define TESTS_TORTURE_INNER_H

#include <stdbool.h>

enum kind { MEMORY, DISK, KINDS };
struct torture {
    enum kind kind;
    long fails_at; /* 0: never */
    bool for_good; /* and every later one */
    long count, live;
    long seen[KINDS]; /* calls of all scenarios, without a failure */
    int depth;
    bool tells; /* where the call stands that fails */
    char folder[64];
    const char *input;
};

extern struct torture torture;

#endif
