/* node_api_session: logging in and out of the console. An unknown user, a wrong password and a wrong code look alike
 * and take as long; what was typed is in no log. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/seal.h"

/* Wrong tries without a wait: of one user, and of one address, behind which a whole office may sit. */
#define FREE_OF_USER 5
#define FREE_OF_ADDRESS 20
/* A queue of strangers is worked off in less. */
#define BUSY_US (3 * CLOCK_SECOND_US)

struct login {
    struct node_api_slow slow;
    struct accounts_password password; /* of the user; of nobody when there is none */
    char user[ACCOUNTS_NAME_MAX + 1];  /* "": unknown */
    struct node_api_tries tries;
    uint8_t device[KNOWN_ID_BYTES];
    char address[HTTP_REMOTE_MAX];
    char totp[16];
    bool has_totp;
};

static const struct caller nobody = {.kind = CALLER_UNKNOWN};

/* ---- answers ---- */

static struct jdoc *view_session(const struct caller *caller, const char *cookie, int64_t end_us)
{
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "user", caller->name);
    jdoc_set_text(doc, "kind", caller_kind_name(caller->kind));
    if (caller->kind == CALLER_USER)
        jdoc_set_text(doc, "role", caller_role_name(caller->role));
    struct jdoc *may = jdoc_set_doc(doc, "may", jdoc_array());
#define ADD_NAME(name, word)                                                                                           \
    if (caller_may(caller, CALLER_##name))                                                                             \
        jdoc_add_text(may, #name);
    CALLER_PERMISSIONS(ADD_NAME)
#undef ADD_NAME
    if (cookie != NULL) {
        char csrf[2 * KEY_HASH_BYTES + 1];
        sessions_csrf(cookie, csrf);
        jdoc_set_text(doc, "csrf", csrf);
        node_view_set_time(doc, "expires_at", end_us);
    }
    return doc;
}

static int set_cookie(struct http_request *request, const struct origin_names *names, const char *value, int max_age)
{
    char line[256];
    snprintf(line, sizeof line, "hotline_session=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d%s", value, max_age,
             origin_is_secure(names) ? "; Secure" : "");
    int error = http_reply_header(request, "Set-Cookie", line);
    seal_wipe(line, sizeof line);
    return error;
}

/* For the next login only: no other address gets it to see. */
static int set_device(struct http_request *request, const struct login *login, const struct user *user, int64_t now_us)
{
    char line[320], name[KNOWN_COOKIE_MAX], text[KNOWN_TEXT_MAX];
    known_cookie(user->name, name);
    known_device_text(user->password.hash, user->name, login->device, now_us + KNOWN_LIFE_US, text);
    snprintf(line, sizeof line, "%s=%s; HttpOnly; SameSite=Strict; Path=/v1/session; Max-Age=%d%s", name, text,
             (int)(KNOWN_LIFE_US / CLOCK_SECOND_US), origin_is_secure(login->slow.names) ? "; Secure" : "");
    return http_reply_header(request, "Set-Cookie", line);
}

static void refuse_for_now(struct http_request *request, int64_t wait_us, const char *detail)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)((wait_us + CLOCK_SECOND_US - 1) / CLOCK_SECOND_US));
    (void)!http_reply_header(request, "Retry-After", seconds);
    node_api_refuse_as(request, 429, "TOO_MANY", detail);
}

/* ---- wrong tries ---- */

/* The last address that the declared proxy wrote; else who connected. */
static void address_of(const struct node_api_call *call, char text[HTTP_REMOTE_MAX])
{
    const char *forwarded = call->names->proxy != NULL ? http_header(call->request, "X-Forwarded-For") : NULL;
    const char *last = forwarded != NULL ? strrchr(forwarded, ',') : NULL;
    http_remote(call->request, text);
    if (forwarded != NULL)
        snprintf(text, HTTP_REMOTE_MAX, "%s", last != NULL ? last + 1 + strspn(last + 1, " ") : forwarded);
}

/* The device that this user logged in with before, if it says so. */
static bool device_of(const struct node_api_call *call, const struct user *user, uint8_t device[KNOWN_ID_BYTES])
{
    char name[KNOWN_COOKIE_MAX], text[KNOWN_TEXT_MAX];
    known_cookie(user->name, name);
    return node_api_cookie_of(call->request, name, text, sizeof text) &&
        known_device(user->password.hash, user->name, text, call->now_us, device);
}

void node_api_tries_of(const struct node_api_call *call, const char *name, const struct user *user,
                       struct node_api_tries *ret_tries, uint8_t ret_device[KNOWN_ID_BYTES])
{
    struct node_api_tries *tries = ret_tries;
    char address[HTTP_REMOTE_MAX], digits[2 * KNOWN_ID_BYTES + 1];
    address_of(call, address);
    tries->queue = ARGON_KNOWN;
    snprintf(tries->owner, sizeof tries->owner, "user %.140s", name);
    snprintf(tries->by_address, sizeof tries->by_address, "address %s", address);
    if (user != NULL && device_of(call, user, ret_device)) {
        buf_hex(slice_of(ret_device, KNOWN_ID_BYTES), digits);
        snprintf(tries->by_user, sizeof tries->by_user, "device %s", digits);
        tries->by_address[0] = '\0';
        return;
    }
    seal_random(ret_device, KNOWN_ID_BYTES);
    if (user != NULL && known_place(&call->api->places, user->name, address, call->now_us)) {
        snprintf(tries->by_user, sizeof tries->by_user, "place %s %s", user->name, address);
        return;
    }
    snprintf(tries->by_user, sizeof tries->by_user, "user %.140s", name);
    tries->queue = ARGON_STRANGER;
}

void node_api_tries_again(const struct node_api_call *call, struct node_api_tries *ret_tries)
{
    *ret_tries = (struct node_api_tries){.queue = ARGON_KNOWN};
    snprintf(ret_tries->by_user, sizeof ret_tries->by_user, "again %s", call->caller.name);
    snprintf(ret_tries->owner, sizeof ret_tries->owner, "user %s", call->caller.name);
}

bool node_api_tries_wait(struct node_api_call *call, const struct node_api_tries *tries)
{
    const struct lockout *lockout = &call->api->lockout;
    int64_t of_user = lockout_wait(lockout, tries->by_user, call->now_us);
    int64_t of_address = tries->by_address[0] != '\0' ? lockout_wait(lockout, tries->by_address, call->now_us) : 0;
    int64_t wait_us = of_user > of_address ? of_user : of_address;
    if (wait_us > 0) {
        call->api->numbers.logins_put_off++;
        refuse_for_now(call->request, wait_us, "too many wrong tries: wait, or have an administrator unlock it");
    }
    return wait_us > 0;
}

void node_api_tries_begin(struct node_api_call *call, const struct node_api_tries *tries)
{
    lockout_wrong(&call->api->lockout, tries->by_user, FREE_OF_USER, call->now_us);
    lockout_belongs(&call->api->lockout, tries->by_user, tries->owner);
    if (tries->by_address[0] != '\0')
        lockout_wrong(&call->api->lockout, tries->by_address, FREE_OF_ADDRESS, call->now_us);
}

void node_api_tries_right(struct node_api *api, const struct node_api_tries *tries)
{
    lockout_right(&api->lockout, tries->by_user);
    if (tries->by_address[0] != '\0')
        lockout_right(&api->lockout, tries->by_address);
}

/* ---- logging in ---- */

static void let_in(struct login *login, struct user *user)
{
    struct node_api_slow *slow = &login->slow;
    struct node_api *api = slow->api;
    struct node *node = api->conf.node;
    uint8_t secret[SESSIONS_SECRET_BYTES];
    char cookie[SESSIONS_TEXT_MAX];
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    struct caller caller = {.kind = CALLER_USER, .role = user->role};
    snprintf(caller.name, sizeof caller.name, "%s", user->name);
    lockout_forget(&api->lockout, login->tries.by_user);
    if (login->tries.by_address[0] != '\0')
        lockout_right(&api->lockout, login->tries.by_address);
    known_place_add(&api->places, user->name, login->address, now_us);
    seal_random(secret, sizeof secret);
    buf_hex(slice_of(secret, sizeof secret), cookie);
    user->login_us = now_us;
    api->numbers.logins++;
    (void)accounts_save_user(node_vault(node), user);
    uint64_t begun = sessions_begin(node_sessions(node), node_vault(node), user->name, secret, now_us);
    uint64_t ticket = node_api_audit(api, &caller, slow->route, user->name, begun != 0 ? "OK" : "NOMEM");
    struct http_request *request = slow->request;
    slow->request = NULL;
    if (request != NULL && begun != 0 &&
        set_cookie(request, slow->names, cookie, (int)(LIMIT_SESSION_LIFE_US / CLOCK_SECOND_US)) == OK &&
        set_device(request, login, user, now_us) == OK)
        node_api_answer_doc(api, request, view_session(&caller, cookie, now_us + LIMIT_SESSION_IDLE_US), ticket, 200);
    else if (request != NULL)
        node_api_refuse_late(request, ERR_NOMEM, err_text(ERR_NOMEM));
    seal_wipe(secret, sizeof secret);
    seal_wipe(cookie, sizeof cookie);
}

static void turn_away(struct login *login, unsigned status, const char *code, const char *detail)
{
    struct http_request *request = login->slow.request;
    login->slow.request = NULL;
    login->slow.api->numbers.logins_refused++;
    if (login->user[0] != '\0') /* who is unknown here may have typed a password where the name belongs */
        (void)node_api_audit(login->slow.api, &nobody, login->slow.route, login->user, code);
    if (request != NULL)
        node_api_refuse_as(request, status, code, detail);
}

/* The code counts only after the password, so that nobody learns from it that he guessed one. */
static void judge(struct login *login, bool right)
{
    struct node *node = login->slow.api->conf.node;
    struct user *user = login->user[0] != '\0' ? accounts_user(node_accounts(node), login->user) : NULL;
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    if (user == NULL || !right || !seal_equal(user->password.hash, login->password.hash, KEY_BYTES)) {
        turn_away(login, 401, "LOGIN", "user, password or code is wrong");
    } else if (user->has_totp && !login->has_totp) {
        node_api_tries_right(login->slow.api, &login->tries);
        turn_away(login, 401, "TOTP", "the six digits of the authenticator are needed too");
    } else if (user->has_totp && !totp_check(user->totp_secret, login->totp, now_us, &user->totp_last)) {
        turn_away(login, 401, "LOGIN", "user, password or code is wrong");
    } else {
        let_in(login, user);
    }
}

static void on_checked(void *ctx, int result, const uint8_t key[KEY_BYTES])
{
    struct login *login = ctx;
    if (login->slow.api == NULL) {
        node_api_slow_done(&login->slow, sizeof *login);
        return;
    }
    if (result == ERR_BUSY) { /* another took its place: it was no try */
        struct http_request *request = login->slow.request;
        login->slow.request = NULL;
        node_api_tries_right(login->slow.api, &login->tries);
        login->slow.api->numbers.logins_put_off++;
        if (request != NULL)
            refuse_for_now(request, BUSY_US, "too many log in at this moment");
    } else if (result == OK) {
        judge(login, seal_equal(key, login->password.hash, KEY_BYTES));
    } else if (login->slow.request != NULL) {
        struct http_request *request = login->slow.request;
        login->slow.request = NULL;
        node_api_refuse_late(request, result, err_text(result));
    }
    node_api_slow_done(&login->slow, sizeof *login);
}

static void fill_login(struct login *login, const struct node_api_call *call)
{
    const char *name = jdoc_get_text(call->body, "user", ""), *totp = jdoc_get_text(call->body, "totp", NULL);
    const struct user *user = accounts_user(node_accounts(call->node), name);
    node_api_tries_of(call, name, user, &login->tries, login->device);
    address_of(call, login->address);
    login->has_totp = totp != NULL && totp[0] != '\0';
    snprintf(login->totp, sizeof login->totp, "%.15s", totp != NULL ? totp : "");
    if (user == NULL) {
        login->password.argon = accounts_argon();
        seal_random(login->password.hash, KEY_BYTES);
        return;
    }
    login->password = user->password;
    snprintf(login->user, sizeof login->user, "%s", user->name);
}

/* A try counts as wrong from its beginning: many at once are no way around the wait. */
static int begin(struct node_api_call *call, struct login *login, const char *password)
{
    if (node_api_tries_wait(call, &login->tries))
        return OK;
    const struct node_api_tries *tries = &login->tries;
    const struct argon_wish wish = {.password = password,
                                    .cost = &login->password.argon,
                                    .queue = tries->queue,
                                    .share = tries->by_address[0] != '\0' ? tries->by_address : tries->by_user,
                                    .done = on_checked,
                                    .ctx = login};
    if (argon_ask(call->api->argon, &wish) != OK) {
        call->api->numbers.logins_put_off++;
        refuse_for_now(call->request, BUSY_US, "too many log in at this moment");
        return ERR_BUSY;
    }
    node_api_tries_begin(call, tries);
    return ERR_AGAIN;
}

int node_api_post_session(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"user", JDOC_TEXT, true}, {"password", JDOC_TEXT, true}, {"totp", JDOC_TEXT, false}, {NULL, JDOC_NULL, false}};
    int error = node_api_check_fields(call, fields);
    if (error != OK)
        return error;
    if (call->names == NULL)
        return err_set(&call->note, ERR_STATE, "over this socket the account of the operating system counts");
    if (strlen(jdoc_get_text(call->body, "password", "")) > LIMIT_PASSPHRASE_BYTES)
        return err_set(&call->note, ERR_LIMIT, "password: has more than %d bytes", LIMIT_PASSPHRASE_BYTES);
    struct login *login = node_api_slow_new(call, sizeof *login);
    if (login == NULL)
        return ERR_NOMEM;
    fill_login(login, call);
    if (begin(call, login, jdoc_get_text(call->body, "password", "")) != ERR_AGAIN) { /* it was answered */
        login->slow.request = NULL;
        node_api_slow_done(&login->slow, sizeof *login);
    }
    return OK;
}

/* ---- who am I, logging out ---- */

int node_api_get_session(struct node_api_call *call)
{
    const struct sessions_row *session =
        call->caller.kind == CALLER_USER ? sessions_find(node_sessions(call->node), call->cookie, call->now_us) : NULL;
    node_api_answer(call->request, 200,
                    view_session(&call->caller, session != NULL ? call->cookie : NULL,
                                 session != NULL ? sessions_end_us(session) : 0));
    return OK;
}

int node_api_delete_session(struct node_api_call *call)
{
    struct sessions *sessions = node_sessions(call->node);
    if (call->caller.kind != CALLER_USER)
        return err_set(&call->note, ERR_STATE, "there is no session here: %s",
                       call->caller.kind == CALLER_TOKEN ? "a token is revoked instead" : "the account counts");
    struct sessions_row *session = sessions_use(sessions, node_vault(call->node), call->cookie, call->now_us);
    if (session != NULL)
        sessions_end(sessions, node_vault(call->node), session);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, call->caller.name, "OK");
    int error = set_cookie(call->request, call->names, "", 0);
    if (error == OK)
        node_api_answer_doc(call->api, call->request, NULL, ticket, 204);
    return error;
}
