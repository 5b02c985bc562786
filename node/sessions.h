/*
 * sessions - who is logged in at the console. Of the cookie only the hash is kept, here and at rest: a copy of the
 * store logs nobody in. They outlive a restart of the node, for a console that is armed at night must go on after an
 * update.
 *
 * A session ends after LIMIT_SESSION_IDLE_US without a call, LIMIT_SESSION_LIFE_US after its login, and when its user
 * is removed or gets another password. A sixth login of one user ends the session that was used longest ago.
 */
#ifndef NODE_SESSIONS_H
#define NODE_SESSIONS_H

#include "node/vault.h"
#include "proto/lookup.h"

#define SESSIONS_SECRET_BYTES 32
#define SESSIONS_TEXT_MAX (2 * SESSIONS_SECRET_BYTES + 1)
#define SESSIONS_USER_MAX 40

struct sessions_row {
    struct key_hash hash; /* first: the key of the table */
    char user[SESSIONS_USER_MAX + 1];
    int64_t begun_us, used_us, saved_us;
};

struct sessions {
    struct lookup table;
};

void sessions_init(struct sessions *sessions);
void sessions_done(struct sessions *sessions);
/* A new session in the open turn; secret: SESSIONS_SECRET_BYTES random bytes; its text is the cookie. Returns the
 * ticket, 0: no memory. */
uint64_t sessions_begin(struct sessions *sessions, struct vault *vault, const char *user,
                        const uint8_t secret[SESSIONS_SECRET_BYTES], int64_t now_us);
/* The session of a cookie, used now; NULL: none, or over (and then forgotten). */
struct sessions_row *sessions_use(struct sessions *sessions, struct vault *vault, const char *cookie, int64_t now_us);
/* As sessions_use, and nothing changes. */
const struct sessions_row *sessions_find(const struct sessions *sessions, const char *cookie, int64_t now_us);
/* The session of this hash, unless it is over; nothing changes. */
const struct sessions_row *sessions_still(const struct sessions *sessions, const struct key_hash *hash, int64_t now_us);
/* When it ends without a further call. */
int64_t sessions_end_us(const struct sessions_row *session);
/* Ends it in the open turn, and frees it. */
void sessions_end(struct sessions *sessions, struct vault *vault, struct sessions_row *session);
/* Ends all of a user; how many. */
size_t sessions_end_user(struct sessions *sessions, struct vault *vault, const char *user);
/* Ends all of a user but the one of this hash (NULL: none is spared); how many. */
size_t sessions_end_others(struct sessions *sessions, struct vault *vault, const char *user,
                           const struct key_hash *but);
/* Ends those whose time is over. */
void sessions_sweep(struct sessions *sessions, struct vault *vault, int64_t now_us);
/* How many a user has. */
size_t sessions_count(const struct sessions *sessions, const char *user);
/* How many are not over. */
size_t sessions_live(const struct sessions *sessions, int64_t now_us);
/* What a page must say beside its cookie with each act: nobody who cannot read the page knows it. */
void sessions_csrf(const char *cookie, char text[2 * KEY_HASH_BYTES + 1]);
/* One record, at the start. ERR_CORRUPT, ERR_NOMEM. */
int sessions_load(struct sessions *sessions, struct slice record) MUST_CHECK;

#endif
