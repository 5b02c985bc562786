/*
 * cap_child - the only code that touches expat, and the process in which it runs.
 *
 * An XML parser fed by strangers is attack surface. So it runs in a child with nothing to lose: no descriptor but one
 * pipe, its memory an arena made beforehand, and a system call filter that knows writing and ending. What it reads it
 * writes to the pipe as records, which the parent (cap_parse) trusts no more than the XML:
 *
 *   kind (1 byte)  line (u32le)  length (u32le)  bytes
 */
#ifndef NODE_CAP_CHILD_H
#define NODE_CAP_CHILD_H

#include "proto/buf.h"
#include "proto/err.h"

#define CAP_CHILD_INPUT_BYTES_MAX (256 * 1024)
#define CAP_CHILD_DEPTH_MAX 16
/* 64 k elements of four bytes cost two records each; anything above is no CAP message. */
#define CAP_CHILD_OUTPUT_BYTES_MAX (4 * 1024 * 1024)

enum cap_child_kind {
    CAP_CHILD_BEGIN = 'B',   /* an element of CAP 1.2: its name */
    CAP_CHILD_FOREIGN = 'O', /* an element of another namespace: its name */
    CAP_CHILD_TEXT = 'T',    /* a piece of text */
    CAP_CHILD_END = 'E',     /* the innermost element */
    CAP_CHILD_REFUSED = 'R', /* nothing follows: why, for people */
    CAP_CHILD_LIMIT = 'L',   /* the same, for a limit */
    CAP_CHILD_WHOLE = 'W'    /* nothing follows: the document was well formed */
};

/* Takes everything away from this process except writing to the descriptor and ending: other descriptors, privileges,
 * memory, time, and, where the kernel can, every other system call. A killed call ends the process by SIGSYS. */
int cap_child_confine(int keep_fd) MUST_CHECK;
/* The child's life: confines itself, parses, writes records to the descriptor, ends. `salt` (random) spoils crafted
 * hash collisions. */
NO_RETURN void cap_child_run(struct slice xml, unsigned long salt, int out_fd);

#endif
