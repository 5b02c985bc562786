/*
 * memory - what each process of the simulator takes from the heap: counted, bounded, and refused when a fault says so.
 *
 * malloc and its like are this program's own. They count and fail only between memory_enter() and memory_leave(), which
 * stand around each call into a core (PROC_INTO of sim.h); what the core calls back leaves again. A core may answer a
 * refusal with an error, or with CHECK: that ends the simulated process where it stands, as it would end the real one.
 * With AddressSanitizer, which has a malloc of its own, nothing is counted and nothing fails.
 */
#ifndef TESTS_SIM_MEMORY_H
#define TESTS_SIM_MEMORY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

/* One life of one process. All zero: nothing was taken, nothing fails. */
struct memory_use {
    int64_t live_bytes, most_bytes;
    uint64_t calls;
    uint64_t fails_at; /* this call fails; 0: none */
    bool for_good;     /* and every later one */
    bool struck;       /* one failed */
};

struct memory_frame {
    struct memory_use *outer;
    struct memory_frame *outer_frame;
    jmp_buf back; /* where a failed CHECK goes, once a call failed */
};

/* NULL: nobody's, as in what a core calls. */
void memory_enter(struct memory_use *use, struct memory_frame *frame);
void memory_leave(const struct memory_frame *frame);
/* False with AddressSanitizer. */
bool memory_can_fail(void);

#endif
