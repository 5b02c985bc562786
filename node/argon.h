/*
 * argon - Argon2id of passwords off the loop: so many at a time, so many that wait, and no more.
 *
 * Two queues. Whoever has been here before (known.h) is worked on first, and may use all threads; strangers never use
 * the last one, so that a flood of them keeps nobody waiting. In each queue a job counts against a share: a device, a
 * user, an address. When a queue is full, whoever comes with two jobs fewer in it than the fullest share takes the
 * place of that share's last job: one address that floods keeps no other one out.
 */
#ifndef NODE_ARGON_H
#define NODE_ARGON_H

#include "node/accounts.h"
#include "proto/loop.h"

struct argon;

enum argon_queue { ARGON_KNOWN, ARGON_STRANGER, ARGON_QUEUES };

/* The key of a password under this cost and salt: done(ctx, OK, key) later, on the loop; ERR_NOMEM there when the
 * memory cannot be had, ERR_BUSY when another took the place, ERR_STATE at the end. */
typedef void argon_done(void *ctx, int result, const uint8_t key[KEY_BYTES]);
struct argon_wish {
    const char *password;
    const struct seal_argon *cost;
    enum argon_queue queue;
    const char *share; /* against what it counts; hashed, not kept */
    argon_done *done;
    void *ctx;
};

/* LIMIT_LOGINS_AT_A_TIME at a time, LIMIT_LOGINS_WAITING more wait in each queue. ERR_NOMEM. */
int argon_new(struct loop *loop, struct argon **ret_argon) MUST_CHECK;
/* What waits gets its done with ERR_STATE at once; what runs gets its own while the loop turns. NULL is fine. */
void argon_free(struct argon *argon);

/* ERR_BUSY: too many wait, nothing was begun; ERR_NOMEM. The done of another job may be called meanwhile. */
int argon_ask(struct argon *argon, const struct argon_wish *wish) MUST_CHECK;

#endif
