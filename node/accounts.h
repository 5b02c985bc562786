/*
 * accounts - who may use the console and the API over it: users with a password and a role, tokens with scopes. Sealed
 * in the store, all in memory. Passwords are Argon2id, made and checked elsewhere (argon.h): it takes long. Tokens are
 * 32 random bytes, of which the hash is kept.
 */
#ifndef NODE_ACCOUNTS_H
#define NODE_ACCOUNTS_H

#include "node/caller.h"
#include "node/totp.h"
#include "node/vault.h"
#include "proto/seal.h"

#define ACCOUNTS_NAME_MAX 40
#define ACCOUNTS_TOKEN_ID_BYTES 6
#define ACCOUNTS_TOKEN_PREFIX "hotline_"
#define ACCOUNTS_TOKEN_MAX (sizeof ACCOUNTS_TOKEN_PREFIX + 2 * KEY_BYTES)

/* What a password became. */
struct accounts_password {
    struct seal_argon argon;
    uint8_t hash[KEY_BYTES];
};

struct user {
    char name[ACCOUNTS_NAME_MAX + 1];
    enum caller_role role;
    struct accounts_password password;
    bool has_totp;
    uint8_t totp_secret[TOTP_SECRET_BYTES];
    uint64_t totp_last;
    int64_t created_us, login_us; /* login: the last; 0 never */
};

struct token {
    uint8_t id[ACCOUNTS_TOKEN_ID_BYTES];
    char name[ACCOUNTS_NAME_MAX + 1];
    unsigned scopes;
    struct key_hash hash;
    int64_t created_us, expires_us, used_us, saved_us; /* used: 0 never */
    char created_by[LIMIT_NAME_BYTES + 1];
};

struct accounts {
    struct user *users[LIMIT_USERS]; /* owned, in no order */
    size_t user_count;
    struct token *tokens[LIMIT_TOKENS];
    size_t token_count;
};

void accounts_init(struct accounts *accounts);
/* Wipes and frees. */
void accounts_done(struct accounts *accounts);

/* a-z, 0-9, dot, dash, underscore; a letter first; 1 to 40. For tokens too. */
bool accounts_name_ok(const char *name);
/* The cost of new passwords, and a random salt. */
struct seal_argon accounts_argon(void);

/* NULL: there is none. */
struct user *accounts_user(const struct accounts *accounts, const char *name);
/* A new user in the open turn. ERR_INVALID (the name), ERR_EXISTS, ERR_LIMIT, ERR_NOMEM. */
int accounts_add_user(struct accounts *accounts, struct vault *vault, const struct user *user,
                      struct err_note *note) MUST_CHECK;
/* Puts what changed into the open turn; returns its ticket. */
uint64_t accounts_save_user(struct vault *vault, struct user *user);
/* Removes, wipes and frees. Returns the ticket. */
uint64_t accounts_remove_user(struct accounts *accounts, struct vault *vault, struct user *user);

/* A new token in the open turn; text is the token, which is kept nowhere. ERR_INVALID, ERR_EXISTS (the name),
 * ERR_LIMIT, ERR_NOMEM. name, scopes, times and created_by of `token` count. */
int accounts_add_token(struct accounts *accounts, struct vault *vault, const struct token *token, struct err_note *note,
                       char text[ACCOUNTS_TOKEN_MAX], struct token **ret_token) MUST_CHECK;
/* By its id in hexadecimal, or its name. NULL: there is none. */
struct token *accounts_token(const struct accounts *accounts, const char *id);
/* The token of a caller's text, used now; NULL: none, or expired. */
struct token *accounts_use_token(struct accounts *accounts, struct vault *vault, const char *text, int64_t now_us);
/* As accounts_use_token, and nothing changes. */
const struct token *accounts_find_token(const struct accounts *accounts, const char *text, int64_t now_us);
/* The token with exactly this id, unless it has expired; nothing changes. */
const struct token *accounts_still_token(const struct accounts *accounts, const uint8_t id[ACCOUNTS_TOKEN_ID_BYTES],
                                         int64_t now_us);
/* Removes and frees. Returns the ticket. */
uint64_t accounts_remove_token(struct accounts *accounts, struct vault *vault, struct token *token);

/* One record each, at the start. ERR_CORRUPT, ERR_NOMEM. */
int accounts_load_user(struct accounts *accounts, struct slice record) MUST_CHECK;
int accounts_load_token(struct accounts *accounts, struct slice record) MUST_CHECK;

#endif
