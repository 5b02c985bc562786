/* node_api_admit: who calls, and whether he may. Whatever is not known here is refused; a refusal says what is missing,
 * never who there is. */
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "node/node_api_inner.h"
#include "proto/clock.h"
#include "proto/seal.h"

#define COOKIE "hotline_session"
#define BEARER "Bearer "

/* ---- over the Unix socket ---- */

static void find_account(const struct node_api_call *call, struct caller *caller)
{
    char room[4096];
    struct passwd entry, *found = NULL;
    uid_t uid;
    pid_t pid;
    caller->kind = CALLER_ACCOUNT;
    snprintf(caller->name, sizeof caller->name, "unknown");
    if (http_peer(call->request, &uid, &pid) != OK)
        return;
    if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found != NULL)
        snprintf(caller->name, sizeof caller->name, "%s", found->pw_name);
    else
        snprintf(caller->name, sizeof caller->name, "uid %lu", (unsigned long)uid);
}

/* ---- at the console ---- */

bool node_api_cookie_of(const struct http_request *request, const char *name, char *value, size_t size)
{
    const char *at = http_header(request, "Cookie");
    size_t name_len = strlen(name);
    while (at != NULL && *at != '\0') {
        at += strspn(at, " ;");
        size_t len = strcspn(at, ";");
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=' && len - name_len == size) {
            memcpy(value, at + name_len + 1, size - 1);
            value[size - 1] = '\0';
            return true;
        }
        at += len;
    }
    return false;
}

bool node_api_cookie(const struct http_request *request, char cookie[SESSIONS_TEXT_MAX])
{
    return node_api_cookie_of(request, COOKIE, cookie, SESSIONS_TEXT_MAX);
}

static const char *bearer_of(const struct http_request *request)
{
    const char *header = http_header(request, "Authorization");
    if (header == NULL || strncasecmp(header, BEARER, strlen(BEARER)) != 0)
        return NULL;
    header += strlen(BEARER);
    return header + strspn(header, " ");
}

bool node_api_knows(const struct node_api *api, const struct http_request *request)
{
    struct node *node = api->conf.node;
    char cookie[SESSIONS_TEXT_MAX];
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    const char *bearer = bearer_of(request);
    if (bearer != NULL)
        return accounts_find_token(node_accounts(node), bearer, now_us) != NULL;
    return node_api_cookie(request, cookie) && sessions_find(node_sessions(node), cookie, now_us) != NULL;
}

static int refuse_stranger(struct node_api_call *call, const char *why)
{
    call->status = 401;
    call->code = "LOGIN";
    call->api->numbers.strangers++;
    int error = http_reply_header(call->request, "WWW-Authenticate", "Bearer");
    return error != OK ? error : err_set(&call->note, ERR_PERMISSION, "%s", why);
}

static int find_token(struct node_api_call *call, const char *bearer)
{
    const struct token *token =
        accounts_use_token(node_accounts(call->node), node_vault(call->node), bearer, call->now_us);
    if (token == NULL)
        return refuse_stranger(call, "this token is unknown, revoked or expired");
    call->caller = (struct caller){.kind = CALLER_TOKEN, .scopes = token->scopes};
    snprintf(call->caller.name, sizeof call->caller.name, "%s", token->name);
    return OK;
}

static bool is_safe(const struct node_api_call *call)
{
    return strcmp(http_method(call->request), "GET") == 0;
}

/* The browser sends the cookie for every page; the word is known to our own alone. */
static int check_csrf(struct node_api_call *call)
{
    char wanted[2 * KEY_HASH_BYTES + 1];
    const char *given = http_header(call->request, "X-CSRF-Token");
    sessions_csrf(call->cookie, wanted);
    if (is_safe(call) ||
        (given != NULL && strlen(given) == strlen(wanted) && seal_equal(given, wanted, strlen(wanted))))
        return OK;
    call->code = "CSRF";
    call->api->numbers.foreign++;
    return err_set(&call->note, ERR_PERMISSION, "the header X-CSRF-Token is not that of this session: GET /v1/session");
}

static int find_user(struct node_api_call *call)
{
    struct sessions_row *session =
        sessions_use(node_sessions(call->node), node_vault(call->node), call->cookie, call->now_us);
    const struct user *user = session != NULL ? accounts_user(node_accounts(call->node), session->user) : NULL;
    if (user == NULL)
        return refuse_stranger(call, "this session is over: log in again");
    call->caller = (struct caller){.kind = CALLER_USER, .role = user->role};
    snprintf(call->caller.name, sizeof call->caller.name, "%s", user->name);
    return check_csrf(call);
}

/* DNS rebinding: a page of another name that leads here. Other sites: their origin. */
static int check_page(struct node_api_call *call)
{
    const char *host = http_header(call->request, "Host"), *origin = http_header(call->request, "Origin");
    call->code = "ORIGIN";
    if (!origin_host_ok(call->names, host))
        return err_set(&call->note, ERR_PERMISSION,
                       "Host: this console does not go by that name; console_name in its configuration says which");
    if (!origin_ok(call->names, host, origin))
        return err_set(&call->note, ERR_PERMISSION, "Origin: calls come from this console's own pages alone");
    call->code = NULL;
    return OK;
}

static int find_caller(struct node_api_call *call)
{
    const char *bearer = bearer_of(call->request);
    int error = check_page(call);
    call->api->numbers.foreign += error != OK;
    if (error != OK || call->route->permission == CALLER_ANYBODY)
        return error;
    if (bearer != NULL)
        return find_token(call, bearer);
    return node_api_cookie(call->request, call->cookie) ? find_user(call) : refuse_stranger(call, "log in first");
}

/* ---- whether he may ---- */

int node_api_check_may(struct node_api_call *call, enum caller_permission permission)
{
    if (caller_may(&call->caller, permission))
        return OK;
    caller_refusal(&call->caller, permission, &call->note);
    call->api->numbers.forbidden++;
    return ERR_PERMISSION;
}

int node_api_admit(struct node_api_call *call)
{
    int error = OK;
    if (call->names == NULL)
        find_account(call, &call->caller);
    else
        error = find_caller(call);
    return error == OK ? node_api_check_may(call, call->route->permission) : error;
}

/* ---- whether he still may ---- */

void node_api_guest(const struct node_api_call *call, struct node_events_guest *ret_guest)
{
    *ret_guest = (struct node_events_guest){.caller = call->caller};
    if (call->caller.kind == CALLER_USER) {
        const struct sessions_row *session = sessions_find(node_sessions(call->node), call->cookie, call->now_us);
        if (session != NULL)
            ret_guest->session = session->hash;
    }
    if (call->caller.kind == CALLER_TOKEN) {
        const struct token *token =
            accounts_find_token(node_accounts(call->node), bearer_of(call->request), call->now_us);
        if (token != NULL)
            memcpy(ret_guest->token, token->id, sizeof ret_guest->token);
    }
}

/* Another role reads another console: its reader asks anew. */
static bool is_still_user(struct node *node, const struct node_events_guest *guest, int64_t now_us)
{
    const struct sessions_row *session = sessions_still(node_sessions(node), &guest->session, now_us);
    const struct user *user = session != NULL ? accounts_user(node_accounts(node), session->user) : NULL;
    return user != NULL && user->role == guest->caller.role;
}

bool node_api_admits(void *ctx, const struct node_events_guest *guest)
{
    const struct node_api *api = ctx;
    struct node *node = api->conf.node;
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    if (guest->caller.kind == CALLER_USER)
        return is_still_user(node, guest, now_us);
    if (guest->caller.kind == CALLER_TOKEN)
        return accounts_still_token(node_accounts(node), guest->token, now_us) != NULL;
    return guest->caller.kind == CALLER_ACCOUNT;
}
