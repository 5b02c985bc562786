/* node_api_user: who may log in. Passwords come in and never go out; a new one, and a removal, ends what its user had
 * open. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "node/qr.h"
#include "proto/clock.h"
#include "proto/seal.h"

/* A password on its way through the threads, for a user who is new or there. */
struct setting {
    struct node_api_slow slow;
    struct user user; /* name and role */
    bool is_new;
};

/* ---- shown ---- */

static struct jdoc *view_user(struct node_api *api, const struct user *user, int64_t now_us)
{
    char name[ACCOUNTS_NAME_MAX + 8];
    struct jdoc *doc = jdoc_object();
    snprintf(name, sizeof name, "user %s", user->name);
    jdoc_set_text(doc, "user", user->name);
    jdoc_set_text(doc, "role", caller_role_name(user->role));
    jdoc_set_bool(doc, "totp", user->has_totp);
    node_view_set_time(doc, "created_at", user->created_us);
    if (user->login_us != 0)
        node_view_set_time(doc, "login_at", user->login_us);
    jdoc_set_int(doc, "sessions", (int64_t)sessions_count(node_sessions(api->conf.node), user->name));
    int64_t wait_us = lockout_wait_of(&api->lockout, name, now_us);
    jdoc_set_int(doc, "locked_seconds", (wait_us + CLOCK_SECOND_US - 1) / CLOCK_SECOND_US);
    return doc;
}

int node_api_get_users(struct node_api_call *call)
{
    const struct accounts *accounts = node_accounts(call->node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < accounts->user_count; i++)
        jdoc_add_doc(items, view_user(call->api, accounts->users[i], call->now_us));
    node_api_answer(call->request, 200, page);
    return OK;
}

/* ---- passwords ---- */

static uint64_t apply(struct setting *setting, struct err_note *note, struct user **ret_user)
{
    struct node_api *api = setting->slow.api;
    struct node *node = api->conf.node;
    struct accounts *accounts = node_accounts(node);
    if (setting->is_new && accounts_add_user(accounts, node_vault(node), &setting->user, note) != OK)
        return 0;
    struct user *user = accounts_user(accounts, setting->user.name);
    if (user == NULL) {
        (void)err_set(note, ERR_NOT_FOUND, "the user was removed meanwhile");
        return 0;
    }
    user->password = setting->user.password;
    (void)accounts_save_user(node_vault(node), user);
    if (!setting->is_new)
        (void)sessions_end_user(node_sessions(node), node_vault(node), user->name);
    *ret_user = user;
    return node_api_audit(api, &setting->slow.caller, setting->slow.route, user->name, "OK");
}

static void on_hashed(void *ctx, int result, const uint8_t key[KEY_BYTES])
{
    struct setting *setting = ctx;
    struct node_api *api = setting->slow.api;
    struct http_request *request = setting->slow.request;
    struct err_note note = {""};
    struct user *user = NULL;
    if (api != NULL && result == OK) {
        memcpy(setting->user.password.hash, key, KEY_BYTES);
        setting->user.created_us = node_now(api->conf.node, clock_wall_us(), clock_steady_us());
        uint64_t ticket = apply(setting, &note, &user);
        setting->slow.request = NULL;
        if (request != NULL && user != NULL)
            node_api_answer_doc(api, request, view_user(api, user, setting->user.created_us), ticket,
                                setting->is_new ? 201 : 200);
        else if (request != NULL)
            node_api_refuse_late(request, ERR_EXISTS, note.text);
    } else if (request != NULL) {
        setting->slow.request = NULL;
        node_api_refuse_late(request, result, err_text(result));
    }
    node_api_slow_done(&setting->slow, sizeof *setting);
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

int node_api_check_password(struct node_api_call *call, const char *field, const char *user, const char **ret_password)
{
    const char *password = jdoc_get_text(call->body, field, "");
    if (characters(password) < LIMIT_PASSWORD_CHARS_LEAST)
        return err_set(&call->note, ERR_INVALID, "%s: has fewer than %d characters", field, LIMIT_PASSWORD_CHARS_LEAST);
    if (strlen(password) > LIMIT_PASSPHRASE_BYTES)
        return err_set(&call->note, ERR_LIMIT, "%s: has more than %d bytes", field, LIMIT_PASSPHRASE_BYTES);
    if (strstr(password, user) != NULL && characters(password) < strlen(user) + LIMIT_PASSWORD_CHARS_LEAST)
        return err_set(&call->note, ERR_INVALID, "%s: is the user's name and little else", field);
    *ret_password = password;
    return OK;
}

static int hash_password(struct node_api_call *call, const struct user *user, bool is_new)
{
    const char *password = NULL;
    int error = node_api_check_password(call, "password", user->name, &password);
    struct setting *setting = error == OK ? node_api_slow_new(call, sizeof *setting) : NULL;
    if (setting == NULL)
        return error != OK ? error : ERR_NOMEM;
    setting->user = *user;
    setting->user.password.argon = accounts_argon();
    setting->is_new = is_new;
    const struct argon_wish wish = {.password = password,
                                    .cost = &setting->user.password.argon,
                                    .queue = ARGON_KNOWN,
                                    .share = call->caller.name,
                                    .done = on_hashed,
                                    .ctx = setting};
    error = argon_ask(call->api->argon, &wish);
    if (error == OK)
        return OK;
    http_on_gone(call->request, NULL, NULL);
    node_api_slow_done(&setting->slow, sizeof *setting);
    return err_set(&call->note, error, "too many passwords are worked on at this moment; try again");
}

static int read_role(struct node_api_call *call, enum caller_role *ret_role)
{
    if (caller_role_of(jdoc_get_text(call->body, "role", ""), ret_role) != OK)
        return err_set(&call->note, ERR_UNKNOWN, "role: is none of operator, supervisor, it, read-only");
    return OK;
}

int node_api_post_user(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"user", JDOC_TEXT, true}, {"role", JDOC_TEXT, true}, {"password", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    struct user user = {.name = ""};
    int error = node_api_check_fields(call, fields);
    const char *name = jdoc_get_text(call->body, "user", "");
    if (error == OK && !accounts_name_ok(name))
        error =
            err_set(&call->note, ERR_INVALID, "user: 1 to %d of a-z 0-9 . - _ and a letter first", ACCOUNTS_NAME_MAX);
    if (error == OK && accounts_user(node_accounts(call->node), name) != NULL)
        error = err_set(&call->note, ERR_EXISTS, "there is a user %s already", name);
    if (error == OK)
        error = read_role(call, &user.role);
    if (error != OK)
        return error;
    snprintf(user.name, sizeof user.name, "%s", name);
    return hash_password(call, &user, true);
}

/* ---- what is changed of one ---- */

static int find_user(struct node_api_call *call, struct user **ret_user)
{
    struct user *user = accounts_user(node_accounts(call->node), call->name);
    if (user == NULL)
        return err_set(&call->note, ERR_NOT_FOUND, "there is no user of this name");
    *ret_user = user;
    return OK;
}

int node_api_put_user_password(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"password", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    struct user *user = NULL;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = find_user(call, &user);
    return error == OK ? hash_password(call, user, false) : error;
}

/* Puts the user and the act into this turn, and answers after it. */
static int changed(struct node_api_call *call, struct user *user, const char *subject)
{
    (void)accounts_save_user(node_vault(call->node), user);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, subject, "OK");
    node_api_answer_doc(call->api, call->request, view_user(call->api, user, call->now_us), ticket, 200);
    return OK;
}

int node_api_put_user_role(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"role", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    enum caller_role role = CALLER_READ_ONLY;
    char subject[ACCOUNTS_NAME_MAX + 16];
    struct user *user = NULL;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = find_user(call, &user);
    if (error == OK)
        error = read_role(call, &role);
    if (error != OK)
        return error;
    user->role = role;
    snprintf(subject, sizeof subject, "%s: %s", user->name, caller_role_name(role));
    return changed(call, user, subject);
}

int node_api_delete_user(struct node_api_call *call)
{
    struct user *user = NULL;
    struct vault *vault = node_vault(call->node);
    int error = find_user(call, &user);
    if (error != OK)
        return error;
    (void)sessions_end_user(node_sessions(call->node), vault, user->name);
    (void)accounts_remove_user(node_accounts(call->node), vault, user);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, call->name, "OK");
    node_api_answer_doc(call->api, call->request, NULL, ticket, 204);
    return OK;
}

/* The address as a code for the authenticator's camera; without one the secret is typed. */
static void set_qr(struct jdoc *doc, const char *uri)
{
    struct buf svg;
    buf_init(&svg);
    if (qr_svg(uri, &svg) == OK)
        jdoc_set_slice(doc, "qr", buf_slice(&svg));
    seal_wipe(svg.data, svg.len);
    buf_free(&svg);
}

/* The secret leaves here once, for the authenticator. */
int node_api_post_user_totp(struct node_api_call *call)
{
    char secret[TOTP_TEXT_MAX], uri[256];
    struct user *user = NULL;
    int error = find_user(call, &user);
    if (error != OK)
        return error;
    seal_random(user->totp_secret, sizeof user->totp_secret);
    user->has_totp = true;
    user->totp_last = 0;
    (void)accounts_save_user(node_vault(call->node), user);
    (void)sessions_end_user(node_sessions(call->node), node_vault(call->node), user->name);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, user->name, "OK");
    totp_text(user->totp_secret, secret);
    snprintf(uri, sizeof uri, "otpauth://totp/Hotline%%20Relay:%s?secret=%s&issuer=Hotline%%20Relay", user->name,
             secret);
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "user", user->name);
    jdoc_set_text(doc, "secret", secret);
    jdoc_set_text(doc, "uri", uri);
    set_qr(doc, uri);
    seal_wipe(secret, sizeof secret);
    seal_wipe(uri, sizeof uri);
    node_api_answer_doc(call->api, call->request, doc, ticket, 201);
    return OK;
}

int node_api_delete_user_totp(struct node_api_call *call)
{
    struct user *user = NULL;
    int error = find_user(call, &user);
    if (error != OK)
        return error;
    user->has_totp = false;
    seal_wipe(user->totp_secret, sizeof user->totp_secret);
    return changed(call, user, user->name);
}

int node_api_post_user_unlock(struct node_api_call *call)
{
    char name[ACCOUNTS_NAME_MAX + 8];
    struct user *user = NULL;
    int error = find_user(call, &user);
    if (error != OK)
        return error;
    snprintf(name, sizeof name, "user %s", user->name);
    lockout_forget_of(&call->api->lockout, name);
    return changed(call, user, user->name);
}
