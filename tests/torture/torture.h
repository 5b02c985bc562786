/*
 * torture - every allocation, or every call to the disk, failing in turn: once, and from then on.
 *
 * A program names scenarios and calls torture_main(). Each run is a process: the scenario with its N-th call failing,
 * and after it another process, on the same folder, in which nothing fails and everything must be there or possible
 * again. Calls count only between torture_on() and torture_off(): so the tests' own memory never fails. What is
 * counted: malloc, calloc, realloc, memalign and mmap, or open, read, write, sync, truncate, rename, link and unlink,
 * from our code and from the libraries alike. A run may end well, with an error, or by CHECK (docs/style.md); any other
 * signal, memory that is not given back, or a second process that fails is a finding.
 */
#ifndef TESTS_TORTURE_TORTURE_H
#define TESTS_TORTURE_TORTURE_H

#include <stdbool.h>

struct torture_scenario {
    const char *name;
    void (*run)(void);   /* with failing calls; what it gives back is counted */
    void (*again)(void); /* afterwards, nothing fails: CHECKs what must hold. NULL: run, and it must do so well */
    bool files;          /* it works on the disk: calls to it fail too */
    bool many;           /* its runs may share a process, until one ends by CHECK: many times faster */
    unsigned every;      /* 0: each call fails in turn; else every so many, where many do the same */
    const char *input;   /* what torture_input() gives */
};

/* Around each call into the code under test; they nest. */
void torture_on(void);
void torture_off(void);
/* torture_off() behind a call with a result. */
int torture_int(int result);
/* The folder of this run, on a memory file system; empty when run() begins, as run() left it when again() does. */
const char *torture_folder(void);
const char *torture_input(void);
/* A number for the process after this one, beside its files; 0 when it was not noted. */
void torture_note(const char *name, long value);
long torture_noted(const char *name);
/* True in a process in which nothing fails. */
bool torture_is_calm(void);

/* usage: PROGRAM [SECONDS [SCENARIO [N]]]: all of it, or an even sample that takes about so long (0: all); one
 * scenario; its N-th call alone, with TORTURE_TELL=1 in the environment where it stands. 1 after findings. */
int torture_main(int argc, char **argv, const struct torture_scenario *scenarios, unsigned count);

#define TORTURE_VOID(call) (torture_on(), call, torture_off())
#define TORTURE_INT(call) (torture_on(), torture_int(call))

#endif
