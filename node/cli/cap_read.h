/*
 * cap_read - a CAP 1.2 message as the draft of a case. Pure: elements in, JSON and a report out; sends nothing.
 *
 * A message that `hotline cap export` wrote (its code says hotline:1) comes back field by field. Of any other, what has
 * one meaning is taken, what could be meant is taken and said, and what has no place is said, each with its line. The
 * identity (case id, reference, drill id, status, recipients) is never taken: the node gives it, or a person says it.
 */
#ifndef NODE_CAP_READ_H
#define NODE_CAP_READ_H

#include "cap_parse.h"
#include "proto/jdoc.h"

#define CAP_READ_NAME_MAX 128

struct cap_draft {
    struct jdoc *alert; /* a root: the file that `hotline publish` reads */
    struct buf report;  /* one line each: "FILE:LINE: element: what became of it" */
    char type[16], status[16], sender[CAP_READ_NAME_MAX], identifier[CAP_READ_NAME_MAX], sent[40];
    bool restricted; /* its scope says so */
    bool ours;       /* written by `hotline cap export` */
    struct buf to;   /* "IT,FR": the countries of its areas */
};

/* ERR_STATE: a Cancel, Ack or Error is no case, the note says what it is. ERR_MISSING: no info. ERR_LIMIT, ERR_NOMEM.
 * On success the caller ends with cap_read_done. */
int cap_read(const struct cap_doc *doc, const char *file, struct err_note *note,
             struct cap_draft *ret_draft) MUST_CHECK;
void cap_read_done(struct cap_draft *draft);

#endif
