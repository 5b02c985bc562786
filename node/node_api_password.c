/* node_api_password: a user changes his own password, with the one that he has. Wrong ones count as at the login, so
 * that a session left open is no way to try passwords; what was typed is in no log. */
#include <string.h>

#include "node/node_api_inner.h"
#include "proto/clock.h"
#include "proto/seal.h"

/* On its way through the threads: the present password first, then the new one. */
struct change {
    struct node_api_slow slow;
    struct key_hash session; /* the one that stays */
    struct node_api_tries tries;
    struct accounts_password old, new;
    char wanted[LIMIT_PASSPHRASE_BYTES + 1];
};

static void done(struct change *change)
{
    node_api_slow_done(&change->slow, sizeof *change);
}

static void refuse(struct change *change, int error, const char *code, const char *detail)
{
    struct http_request *request = change->slow.request;
    change->slow.request = NULL;
    if (request != NULL && code != NULL)
        node_api_refuse_as(request, 403, code, detail);
    else if (request != NULL)
        node_api_refuse_late(request, error, detail);
}

/* The user, if he, his session and his password are still what they were when this began. */
static struct user *find_user(const struct change *change)
{
    struct node *node = change->slow.api->conf.node;
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    struct user *user = accounts_user(node_accounts(node), change->slow.caller.name);
    bool same = user != NULL && sessions_still(node_sessions(node), &change->session, now_us) != NULL &&
        seal_equal(user->password.hash, change->old.hash, KEY_BYTES);
    return same ? user : NULL;
}

static void apply(struct change *change, struct user *user)
{
    struct node_api *api = change->slow.api;
    struct node *node = api->conf.node;
    struct http_request *request = change->slow.request;
    user->password = change->new;
    (void)accounts_save_user(node_vault(node), user);
    (void)sessions_end_others(node_sessions(node), node_vault(node), user->name, &change->session);
    uint64_t ticket = node_api_audit(api, &change->slow.caller, change->slow.route, user->name, "OK");
    change->slow.request = NULL;
    if (request != NULL)
        node_api_answer_doc(api, request, NULL, ticket, 204);
}

static void on_hashed(void *ctx, int result, const uint8_t key[KEY_BYTES])
{
    struct change *change = ctx;
    struct user *user = change->slow.api != NULL && result == OK ? find_user(change) : NULL;
    if (user != NULL) {
        memcpy(change->new.hash, key, KEY_BYTES);
        apply(change, user);
    } else if (result == OK) {
        refuse(change, ERR_STATE, "STATE", "the session or the password changed meanwhile: nothing was done");
    } else {
        refuse(change, result, NULL, err_text(result));
    }
    done(change);
}

static void on_checked(void *ctx, int result, const uint8_t key[KEY_BYTES])
{
    struct change *change = ctx;
    struct node_api *api = change->slow.api;
    if (api != NULL && result == ERR_BUSY) /* another took its place: it was no try */
        node_api_tries_right(api, &change->tries);
    if (api == NULL || result != OK) {
        refuse(change, result, NULL, err_text(result));
        done(change);
        return;
    }
    if (!seal_equal(key, change->old.hash, KEY_BYTES)) {
        (void)node_api_audit(api, &change->slow.caller, change->slow.route, change->slow.caller.name, "PASSWORD");
        refuse(change, ERR_PERMISSION, "PASSWORD", "password: is not the present one");
        done(change);
        return;
    }
    lockout_forget(&api->lockout, change->tries.by_user);
    const struct argon_wish wish = {.password = change->wanted,
                                    .cost = &change->new.argon,
                                    .queue = ARGON_KNOWN,
                                    .share = change->tries.by_user,
                                    .done = on_hashed,
                                    .ctx = change};
    int error = argon_ask(api->argon, &wish);
    if (error == OK)
        return;
    refuse(change, error, NULL, "too many passwords are worked on at this moment; try again");
    done(change);
}

static int read_change(struct node_api_call *call, const char **ret_old, const char **ret_new)
{
    static const struct node_api_field fields[] = {
        {"password", JDOC_TEXT, true}, {"new", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    if (call->caller.kind != CALLER_USER)
        return err_set(&call->note, ERR_STATE, "only who is logged in at the console has a password here");
    int error = node_api_check_fields(call, fields);
    const char *old = jdoc_get_text(call->body, "password", "");
    if (error == OK && strlen(old) > LIMIT_PASSPHRASE_BYTES)
        error = err_set(&call->note, ERR_LIMIT, "password: has more than %d bytes", LIMIT_PASSPHRASE_BYTES);
    if (error == OK)
        error = node_api_check_password(call, "new", call->caller.name, ret_new);
    if (error == OK && strcmp(old, *ret_new) == 0)
        error = err_set(&call->note, ERR_INVALID, "new: is the present password");
    if (error == OK)
        *ret_old = old;
    return error;
}

int node_api_put_session_password(struct node_api_call *call)
{
    const char *old = NULL, *wanted = NULL;
    const struct sessions_row *session = sessions_find(node_sessions(call->node), call->cookie, call->now_us);
    const struct user *user = accounts_user(node_accounts(call->node), call->caller.name);
    struct node_api_tries tries;
    int error = read_change(call, &old, &wanted);
    if (error != OK)
        return error;
    if (session == NULL || user == NULL)
        return err_set(&call->note, ERR_STATE, "this session is over: log in again");
    node_api_tries_again(call, &tries);
    if (node_api_tries_wait(call, &tries))
        return OK;
    struct change *change = node_api_slow_new(call, sizeof *change);
    if (change == NULL)
        return ERR_NOMEM;
    change->session = session->hash;
    change->tries = tries;
    change->old = user->password;
    change->new.argon = accounts_argon();
    snprintf(change->wanted, sizeof change->wanted, "%s", wanted);
    const struct argon_wish wish = {.password = old,
                                    .cost = &change->old.argon,
                                    .queue = ARGON_KNOWN,
                                    .share = tries.by_user,
                                    .done = on_checked,
                                    .ctx = change};
    error = argon_ask(call->api->argon, &wish);
    if (error != OK) {
        http_on_gone(call->request, NULL, NULL);
        done(change);
        return err_set(&call->note, error, "too many passwords are worked on at this moment; try again");
    }
    node_api_tries_begin(call, &tries);
    return OK;
}
