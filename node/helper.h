/*
 * helper - a second process for what must not share the daemon's fate: decoding pictures that somebody handed in.
 *
 * main starts it before it reads a key, opens a socket or makes a thread, so it holds no secret and can fork. Node and
 * helper share a socketpair of short messages; pictures go in files that exist in memory only, one for what came and
 * one for what comes of it. For each picture the helper forks a child that may use LIMIT_PICTURE_MEMORY_BYTES and
 * LIMIT_PICTURE_CPU_S, and whose only system calls are read, write and memory (seccomp): it reads the one file, writes
 * the other and ends, or is ended. What a child wrote is held against every limit again before it is believed. The
 * process that forks them is begun anew by its parent when it ends, after 100 ms at first and 10 s at most; the picture
 * that it had at work is answered with ERR_UNREACHABLE, what waits is not lost.
 */
#ifndef NODE_HELPER_H
#define NODE_HELPER_H

#include "node/picture.h"
#include "proto/loop.h"

struct helper;

/* Forks the helper; it ends when this process does. Before anything else. ERR_IO, ERR_NOMEM. */
int helper_start(struct helper **ret_helper) MUST_CHECK;
/* Its answers come on this loop from now on. ERR_NOMEM, ERR_IO. */
int helper_attach(struct helper *helper, struct loop *loop) MUST_CHECK;

/* picture is borrowed, and NULL on an error, which the note explains. */
typedef void helper_done(void *ctx, int error, const struct err_note *note, const struct picture *picture);
/* Hands over a copy of the picture; done runs on the loop, once. ERR_BUSY: HELPER_WAITING_MAX wait already.
 * ERR_UNREACHABLE: the helper has ended. ERR_LIMIT, ERR_NOMEM, ERR_IO. On an error done does not run. */
#define HELPER_WAITING_MAX 8
int helper_picture(struct helper *helper, struct slice input, struct err_note *note, helper_done *done,
                   void *ctx) MUST_CHECK;

/* Has picture_check() look at a photo that another member sent. done gets a picture of sides alone, without bytes.
 * Errors as above; ERR_SYNTAX, ERR_INVALID and ERR_LIMIT to done are about the photo, any other says nothing of it. */
int helper_check(struct helper *helper, struct slice photo, struct err_note *note, helper_done *done,
                 void *ctx) MUST_CHECK;

/* Ends the helper; what waits is answered with ERR_STATE. The loop must turn once more. NULL is fine. */
void helper_free(struct helper *helper);

#endif
