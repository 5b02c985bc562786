/*
 * argon - Argon2id of passwords off the loop: so many at a time, so many that wait, and no more.
 */
#ifndef NODE_ARGON_H
#define NODE_ARGON_H

#include "node/accounts.h"
#include "proto/loop.h"

struct argon;
struct argon_job;

/* ret: LIMIT_LOGINS_AT_A_TIME at a time, LIMIT_LOGINS_WAITING more wait. ERR_NOMEM. */
int argon_new(struct loop *loop, struct argon **ret_argon) MUST_CHECK;
/* What waits gets its done with ERR_STATE at once; what runs gets its own while the loop turns. NULL is fine. */
void argon_free(struct argon *argon);

/* The key of a password under this cost and salt: done(ctx, OK, key) later, on the loop; ERR_NOMEM there when the
 * memory cannot be had. ERR_BUSY: too many wait, nothing was begun; ERR_NOMEM. */
typedef void argon_done(void *ctx, int result, const uint8_t key[KEY_BYTES]);
int argon_ask(struct argon *argon, const char *password, const struct seal_argon *cost, argon_done *done,
              void *ctx) MUST_CHECK;

#endif
