/*
 * helper_inner - what the two ends of the helper's socket agree on.
 */
#ifndef NODE_HELPER_INNER_H
#define NODE_HELPER_INNER_H

#include <sys/types.h>

#include "node/helper.h"

/* To the helper: two file descriptors go along, the picture and the empty result. Back: the same number when it is at
 * work, and when it is over; or that whatever was at work is lost. */
enum helper_task { HELPER_MAKE, HELPER_CHECK };
enum helper_says { HELPER_OVER, HELPER_AT_WORK, HELPER_LOST };
struct helper_word {
    uint64_t number;
    int32_t task;   /* to the helper */
    int32_t says;   /* back */
    int32_t signal; /* back, over: that ended the child; 0 none */
};

/* What a child writes: this, then the photo, then the thumbnail; of HELPER_CHECK this alone. */
#define HELPER_MAGIC 0x48725063u
struct helper_result {
    uint32_t magic;
    int32_t error;
    uint32_t width, height;
    uint32_t photo_bytes, thumbnail_bytes;
    char note[ERR_NOTE_MAX];
};
#define HELPER_RESULT_BYTES_MAX (sizeof(struct helper_result) + LIMIT_PHOTO_BYTES + LIMIT_THUMBNAIL_BYTES)

/* A message with `count` (at most 2) descriptors. ERR_UNREACHABLE: the other end is gone. ERR_AGAIN, ERR_IO. */
int helper_send(int fd, const struct helper_word *word, const int *fds, size_t count) MUST_CHECK;
/* The same, received; descriptors are the caller's. ERR_UNREACHABLE at the end. ERR_AGAIN when there is none
 * (non-blocking). */
int helper_receive(int fd, struct helper_word *ret_word, int fds[2], size_t *ret_count) MUST_CHECK;
/* The next message, which stays: whoever takes it says so first, so that none is lost with its taker. Errors as above.
 */
int helper_peek(int fd, struct helper_word *ret_word) MUST_CHECK;
/* Reads or writes all of it at an offset. ERR_IO: not so many. */
int helper_read(int fd, void *bytes, size_t len, size_t at) MUST_CHECK;
int helper_write(int fd, struct slice bytes) MUST_CHECK;

/* Gives up, in a child, all that decoding needs not: for good. Under a sanitizer only cores, time and the size of
 * files. */
void helper_bound(void);
/* The helper's whole life, which ends with daemon's, its parent's; does not return. Its work is a process of its own,
 * begun anew, after a while that grows, when it ends; the daemon is told of the picture that was lost. */
NO_RETURN void helper_serve(int fd, pid_t daemon);

#endif
