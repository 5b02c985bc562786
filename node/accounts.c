/* accounts: the tables of users and tokens and their records. Must never give away a password's hash, a secret of codes
 * or a token. */
#include "node/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/wire.h"

#define USED_EVERY_US (INT64_C(600) * 1000000)

void accounts_init(struct accounts *accounts)
{
    accounts->user_count = accounts->token_count = 0;
}

static void free_user(struct user *user)
{
    if (user != NULL)
        seal_wipe(user, sizeof *user);
    free(user);
}

void accounts_done(struct accounts *accounts)
{
    for (size_t i = 0; i < accounts->user_count; i++)
        free_user(accounts->users[i]);
    for (size_t i = 0; i < accounts->token_count; i++)
        free(accounts->tokens[i]);
    accounts_init(accounts);
}

bool accounts_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= ACCOUNTS_NAME_MAX && name[0] >= 'a' && name[0] <= 'z' &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

static int check_name(const char *name, struct err_note *note)
{
    if (accounts_name_ok(name))
        return OK;
    return err_set(note, ERR_INVALID, "1 to %d of a-z 0-9 . - _ and a letter first", ACCOUNTS_NAME_MAX);
}

struct seal_argon accounts_argon(void)
{
    struct seal_argon argon = {.operations = LIMIT_LOGIN_OPERATIONS, .memory_bytes = LIMIT_LOGIN_MEMORY_BYTES};
    seal_random(argon.salt, sizeof argon.salt);
    return argon;
}

/* ---- users ---- */

struct user *accounts_user(const struct accounts *accounts, const char *name)
{
    for (size_t i = 0; i < accounts->user_count; i++)
        if (strcmp(accounts->users[i]->name, name) == 0)
            return accounts->users[i];
    return NULL;
}

uint64_t accounts_save_user(struct vault *vault, struct user *user)
{
    Hotline__Node__UserRecord record = HOTLINE__NODE__USER_RECORD__INIT;
    struct accounts_password *password = &user->password;
    struct buf bytes;
    record.name = user->name;
    WIRE_SET(&record, role, (uint32_t)user->role);
    WIRE_SET_BYTES(&record, salt, password->argon.salt, sizeof password->argon.salt);
    WIRE_SET(&record, operations, password->argon.operations);
    WIRE_SET(&record, memory_bytes, password->argon.memory_bytes);
    WIRE_SET_BYTES(&record, hash, password->hash, KEY_BYTES);
    if (user->has_totp) {
        WIRE_SET_BYTES(&record, totp_secret, user->totp_secret, TOTP_SECRET_BYTES);
        WIRE_SET(&record, totp_last, user->totp_last);
    }
    WIRE_SET(&record, created_at_us, user->created_us);
    WIRE_SET(&record, login_at_us, user->login_us);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket = vault_put(vault, VAULT_USER, slice_text(user->name), NULL, buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.capacity);
    buf_free(&bytes);
    return ticket;
}

int accounts_add_user(struct accounts *accounts, struct vault *vault, const struct user *user, struct err_note *note)
{
    int error = check_name(user->name, note);
    if (error != OK) {
        err_prefix(note, "user");
        return error;
    }
    if (accounts_user(accounts, user->name) != NULL)
        return err_set(note, ERR_EXISTS, "user: %s is there already", user->name);
    if (accounts->user_count == LIMIT_USERS)
        return err_set(note, ERR_LIMIT, "user: there are %d users already; the limit", LIMIT_USERS);
    struct user *made = malloc(sizeof *made);
    if (made == NULL)
        return ERR_NOMEM;
    *made = *user;
    accounts->users[accounts->user_count++] = made;
    (void)accounts_save_user(vault, made);
    return OK;
}

uint64_t accounts_remove_user(struct accounts *accounts, struct vault *vault, struct user *user)
{
    uint64_t ticket = vault_remove(vault, VAULT_USER, slice_text(user->name));
    for (size_t i = 0; i < accounts->user_count; i++)
        if (accounts->users[i] == user)
            accounts->users[i--] = accounts->users[--accounts->user_count];
    free_user(user);
    return ticket;
}

static int read_user(const Hotline__Node__UserRecord *record, struct user *user)
{
    struct accounts_password *password = &user->password;
    if (record->name == NULL || !accounts_name_ok(record->name) || record->role >= CALLER_ROLES ||
        record->salt.len != sizeof password->argon.salt || record->hash.len != KEY_BYTES ||
        (record->has_totp_secret && record->totp_secret.len != TOTP_SECRET_BYTES))
        return ERR_CORRUPT;
    snprintf(user->name, sizeof user->name, "%s", record->name);
    user->role = (enum caller_role)record->role;
    memcpy(password->argon.salt, record->salt.data, sizeof password->argon.salt);
    memcpy(password->hash, record->hash.data, KEY_BYTES);
    password->argon.operations = record->operations;
    password->argon.memory_bytes = record->memory_bytes;
    user->has_totp = record->has_totp_secret;
    if (user->has_totp)
        memcpy(user->totp_secret, record->totp_secret.data, TOTP_SECRET_BYTES);
    user->totp_last = record->totp_last;
    user->created_us = record->created_at_us;
    user->login_us = record->login_at_us;
    return OK;
}

int accounts_load_user(struct accounts *accounts, struct slice bytes)
{
    Hotline__Node__UserRecord *record = hotline__node__user_record__unpack(NULL, bytes.len, bytes.data);
    struct user *user = calloc(1, sizeof *user);
    int error = user == NULL ? ERR_NOMEM : record == NULL ? ERR_CORRUPT : read_user(record, user);
    if (error == OK && accounts->user_count == LIMIT_USERS)
        error = ERR_CORRUPT;
    if (error == OK)
        accounts->users[accounts->user_count++] = user;
    else
        free_user(user);
    if (record != NULL)
        hotline__node__user_record__free_unpacked(record, NULL);
    return error;
}

/* ---- tokens ---- */

static void save_token(struct vault *vault, struct token *token, bool patient)
{
    Hotline__Node__TokenRecord record = HOTLINE__NODE__TOKEN_RECORD__INIT;
    struct slice key = slice_of(token->id, sizeof token->id);
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, token->id, sizeof token->id);
    record.name = token->name;
    WIRE_SET(&record, scopes, token->scopes);
    WIRE_SET_BYTES(&record, hash, token->hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&record, created_at_us, token->created_us);
    record.created_by = token->created_by;
    WIRE_SET(&record, expires_at_us, token->expires_us);
    WIRE_SET(&record, used_at_us, token->used_us);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    if (patient)
        vault_note(vault, VAULT_TOKEN, key, buf_slice(&bytes));
    else
        (void)vault_put(vault, VAULT_TOKEN, key, NULL, buf_slice(&bytes));
    buf_free(&bytes);
    token->saved_us = token->used_us;
}

struct token *accounts_token(const struct accounts *accounts, const char *id)
{
    for (size_t i = 0; i < accounts->token_count; i++) {
        char digits[2 * ACCOUNTS_TOKEN_ID_BYTES + 1];
        buf_hex(slice_of(accounts->tokens[i]->id, ACCOUNTS_TOKEN_ID_BYTES), digits);
        if (strcmp(digits, id) == 0 || strcmp(accounts->tokens[i]->name, id) == 0)
            return accounts->tokens[i];
    }
    return NULL;
}

static struct key_hash token_hash(const char *text)
{
    return seal_personal_hash("hotline token", slice_text(text));
}

static void make_token(struct token *token, char text[ACCOUNTS_TOKEN_MAX])
{
    uint8_t secret[KEY_BYTES];
    seal_random(secret, sizeof secret);
    seal_random(token->id, sizeof token->id);
    snprintf(text, ACCOUNTS_TOKEN_MAX, "%s", ACCOUNTS_TOKEN_PREFIX);
    buf_hex(slice_of(secret, sizeof secret), text + strlen(text));
    seal_wipe(secret, sizeof secret);
    token->hash = token_hash(text);
}

int accounts_add_token(struct accounts *accounts, struct vault *vault, const struct token *token, struct err_note *note,
                       char text[ACCOUNTS_TOKEN_MAX], struct token **ret_token)
{
    int error = check_name(token->name, note);
    if (error != OK) {
        err_prefix(note, "name");
        return error;
    }
    if (accounts_token(accounts, token->name) != NULL)
        return err_set(note, ERR_EXISTS, "name: there is a token %s already", token->name);
    if (accounts->token_count == LIMIT_TOKENS)
        return err_set(note, ERR_LIMIT, "there are %d tokens already; the limit", LIMIT_TOKENS);
    struct token *made = malloc(sizeof *made);
    if (made == NULL)
        return ERR_NOMEM;
    *made = *token;
    make_token(made, text);
    accounts->tokens[accounts->token_count++] = made;
    save_token(vault, made, false);
    *ret_token = made;
    return OK;
}

const struct token *accounts_find_token(const struct accounts *accounts, const char *text, int64_t now_us)
{
    struct key_hash hash = token_hash(text);
    const struct token *found = NULL;
    for (size_t i = 0; i < accounts->token_count; i++)
        if (seal_equal(accounts->tokens[i]->hash.bytes, hash.bytes, KEY_HASH_BYTES))
            found = accounts->tokens[i];
    return found != NULL && now_us < found->expires_us ? found : NULL;
}

const struct token *accounts_still_token(const struct accounts *accounts, const uint8_t id[ACCOUNTS_TOKEN_ID_BYTES],
                                         int64_t now_us)
{
    for (size_t i = 0; i < accounts->token_count; i++)
        if (seal_equal(accounts->tokens[i]->id, id, ACCOUNTS_TOKEN_ID_BYTES))
            return now_us < accounts->tokens[i]->expires_us ? accounts->tokens[i] : NULL;
    return NULL;
}

struct token *accounts_use_token(struct accounts *accounts, struct vault *vault, const char *text, int64_t now_us)
{
    const struct token *found = accounts_find_token(accounts, text, now_us);
    for (size_t i = 0; i < accounts->token_count; i++) {
        struct token *token = accounts->tokens[i];
        if (token != found)
            continue;
        token->used_us = now_us;
        if (token->used_us - token->saved_us > USED_EVERY_US)
            save_token(vault, token, true);
        return token;
    }
    return NULL;
}

uint64_t accounts_remove_token(struct accounts *accounts, struct vault *vault, struct token *token)
{
    uint64_t ticket = vault_remove(vault, VAULT_TOKEN, slice_of(token->id, sizeof token->id));
    for (size_t i = 0; i < accounts->token_count; i++)
        if (accounts->tokens[i] == token)
            accounts->tokens[i--] = accounts->tokens[--accounts->token_count];
    free(token);
    return ticket;
}

int accounts_load_token(struct accounts *accounts, struct slice bytes)
{
    Hotline__Node__TokenRecord *record = hotline__node__token_record__unpack(NULL, bytes.len, bytes.data);
    struct token *token = calloc(1, sizeof *token);
    int error = token == NULL ? ERR_NOMEM : record == NULL ? ERR_CORRUPT : OK;
    if (error == OK &&
        (accounts->token_count == LIMIT_TOKENS || record->id.len != sizeof token->id || record->name == NULL ||
         key_hash_from(wire_slice(record->hash), &token->hash) != OK))
        error = ERR_CORRUPT;
    if (error == OK) {
        memcpy(token->id, record->id.data, sizeof token->id);
        snprintf(token->name, sizeof token->name, "%s", record->name);
        snprintf(token->created_by, sizeof token->created_by, "%s", wire_text(record->created_by));
        token->scopes = record->scopes;
        token->created_us = record->created_at_us;
        token->expires_us = record->expires_at_us;
        token->used_us = token->saved_us = record->used_at_us;
        accounts->tokens[accounts->token_count++] = token;
    } else {
        free(token);
    }
    if (record != NULL)
        hotline__node__token_record__free_unpacked(record, NULL);
    return error;
}
