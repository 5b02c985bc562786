/* node_api: the routes, and one request's way from its line to its handler. Logs no body and
 * no answer; acts are recorded by node_api_record. */
#include "node/node_api.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/seal.h"

#define CONNECTIONS_MAX 256
#define CANDIDATES_MAX 16

#define ACT (NODE_API_BODY | NODE_API_KEY)

static const struct node_api_route routes[] = {
    {"GET", "/v1/status", 0, CALLER_STATUS, node_api_get_status},
    {"GET", "/v1/settings", 0, CALLER_STATUS, node_api_get_settings},
    {"GET", "/v1/members", 0, CALLER_STATUS, node_api_get_members},
    {"GET", "/v1/subscriptions", 0, CALLER_STATUS, node_api_get_subscriptions},
    {"PUT", "/v1/subscriptions", NODE_API_BODY, CALLER_PUBLISH_LIVE, node_api_put_subscriptions},
    {"POST", "/v1/backup", NODE_API_BODY, CALLER_ADMIN, node_api_post_backup},
    {"GET", "/v1/cases", 0, CALLER_READ, node_api_get_cases},
    {"POST", "/v1/cases", ACT | NODE_API_DRY, CALLER_PUBLISH, node_api_post_case},
    {"GET", "/v1/cases/{case}", 0, CALLER_READ, node_api_get_case},
    {"POST", "/v1/cases/{case}/revisions", ACT | NODE_API_DRY, CALLER_PUBLISH, node_api_post_revision},
    {"POST", "/v1/cases/{case}/close", ACT, CALLER_PUBLISH, node_api_post_close},
    {"POST", "/v1/cases/{case}/retract", ACT, CALLER_PUBLISH, node_api_post_retract},
    {"POST", "/v1/cases/{case}/acknowledge", ACT, CALLER_ANSWER, node_api_post_acknowledge},
    {"POST", "/v1/cases/{case}/decline", ACT, CALLER_ANSWER, node_api_post_decline},
    {"POST", "/v1/cases/{case}/replies", ACT, CALLER_ANSWER, node_api_post_reply},
    {"POST", "/v1/cases/{case}/referrals", ACT, CALLER_PUBLISH, node_api_post_referral},
    {"GET", "/v1/referrals", 0, CALLER_READ, node_api_get_referrals},
    {"GET", "/v1/referrals/{referral}", 0, CALLER_READ, node_api_get_referral},
    {"POST", "/v1/referrals/{referral}/answer", ACT, CALLER_ANSWER, node_api_post_referral_answer},
    {"GET", "/v1/figures", 0, CALLER_READ, node_api_get_figures},
    {"POST", "/v1/figures", ACT, CALLER_PUBLISH_LIVE, node_api_post_figures},
    {"GET", "/v1/drafts", 0, CALLER_DRAFT, node_api_get_drafts},
    {"POST", "/v1/drafts", ACT, CALLER_DRAFT, node_api_post_draft},
    {"GET", "/v1/drafts/{draft}", 0, CALLER_DRAFT, node_api_get_draft},
    {"PUT", "/v1/drafts/{draft}", NODE_API_BODY, CALLER_DRAFT, node_api_put_draft},
    {"DELETE", "/v1/drafts/{draft}", 0, CALLER_DRAFT, node_api_delete_draft},
    {"POST", "/v1/drafts/{draft}/publish", ACT | NODE_API_DRY, CALLER_PUBLISH, node_api_post_draft_publish},
    {"POST", "/v1/drafts/{draft}/approval", 0, CALLER_PUBLISH_LIVE, node_api_post_draft_approval},
    {"DELETE", "/v1/drafts/{draft}/approval", 0, CALLER_PUBLISH_LIVE, node_api_delete_draft_approval},
    {"GET", "/v1/drills", 0, CALLER_READ, node_api_get_drills},
    {"GET", "/v1/drills/report", 0, CALLER_READ, node_api_get_drill_report},
    {"POST", "/v1/drills", ACT, CALLER_PUBLISH_EXERCISE, node_api_post_drill},
    {"DELETE", "/v1/drills/{drill}", 0, CALLER_PUBLISH_EXERCISE, node_api_delete_drill},
    {"GET", "/v1/notes", 0, CALLER_NOTES, node_api_get_notes},
    {"POST", "/v1/notes", NODE_API_BODY | NODE_API_KEY_MAY, CALLER_NOTES, node_api_post_note},
    {"DELETE", "/v1/notes/{note}", 0, CALLER_NOTES, node_api_delete_note},
    {"POST", "/v1/photos", 0, CALLER_DRAFT, node_api_post_photo},
    {"GET", "/v1/cases/{case}/photo", 0, CALLER_READ, node_api_get_photo},
    {"GET", "/v1/cases/{case}/posters", 0, CALLER_READ, node_api_get_posters},
    {"POST", "/v1/cases/{case}/posters", NODE_API_BODY, CALLER_ANSWER, node_api_post_poster},
    {"GET", "/v1/cases/{case}/posters/{poster}", 0, CALLER_READ, node_api_get_poster},
    {"GET", "/v1/cases/{case}/posters/{poster}/qr", 0, CALLER_READ, node_api_get_poster_qr},
    {"POST", "/v1/cases/{case}/posters/{poster}/withdrawn", 0, CALLER_ANSWER, node_api_post_poster_withdrawn},
    {"GET", "/v1/cases/{case}/sealed", 0, CALLER_PUBLISH, node_api_get_sealed},
    {"POST", "/v1/sealed", NODE_API_BYTES, CALLER_ANSWER, node_api_post_sealed},
    {"GET", "/v1/webhooks", 0, CALLER_ADMIN, node_api_get_webhooks},
    {"POST", "/v1/webhooks", NODE_API_BODY, CALLER_ADMIN, node_api_post_webhook},
    {"GET", "/v1/webhooks/{webhook}", 0, CALLER_ADMIN, node_api_get_webhook},
    {"DELETE", "/v1/webhooks/{webhook}", 0, CALLER_ADMIN, node_api_delete_webhook},
    {"GET", "/v1/webhooks/{webhook}/secret", 0, CALLER_ADMIN, node_api_get_webhook_secret},
    {"POST", "/v1/webhooks/{webhook}/test", 0, CALLER_ADMIN, node_api_post_webhook_test},
    {"GET", "/v1/deliveries", 0, CALLER_ADMIN, node_api_get_deliveries},
    {"POST", "/v1/deliveries/{delivery}/replay", 0, CALLER_ADMIN, node_api_post_delivery_replay},
    {"GET", "/v1/events", 0, CALLER_READ, node_api_get_events},
    {"POST", "/v1/console/arm", NODE_API_BODY, CALLER_CONSOLE, node_api_post_console_arm},
    {"POST", "/v1/console/alive", NODE_API_BODY, CALLER_CONSOLE, node_api_post_console_alive},
    {"POST", "/v1/console/disarm", NODE_API_BODY, CALLER_CONSOLE, node_api_post_console_disarm},
    {"POST", "/v1/cases/{case}/shown", NODE_API_BODY, CALLER_CONSOLE, node_api_post_shown},
    {"POST", "/v1/session", NODE_API_BODY, CALLER_ANYBODY, node_api_post_session},
    {"GET", "/v1/session", 0, CALLER_SOMEBODY, node_api_get_session},
    {"DELETE", "/v1/session", 0, CALLER_SOMEBODY, node_api_delete_session},
    {"PUT", "/v1/session/password", NODE_API_BODY, CALLER_SOMEBODY, node_api_put_session_password},
    {"GET", "/v1/users", 0, CALLER_ADMIN, node_api_get_users},
    {"POST", "/v1/users", NODE_API_BODY, CALLER_ADMIN, node_api_post_user},
    {"DELETE", "/v1/users/{user}", 0, CALLER_ADMIN, node_api_delete_user},
    {"PUT", "/v1/users/{user}/role", NODE_API_BODY, CALLER_ADMIN, node_api_put_user_role},
    {"PUT", "/v1/users/{user}/password", NODE_API_BODY, CALLER_ADMIN, node_api_put_user_password},
    {"POST", "/v1/users/{user}/totp", 0, CALLER_ADMIN, node_api_post_user_totp},
    {"DELETE", "/v1/users/{user}/totp", 0, CALLER_ADMIN, node_api_delete_user_totp},
    {"POST", "/v1/users/{user}/unlock", 0, CALLER_ADMIN, node_api_post_user_unlock},
    {"GET", "/v1/tokens", 0, CALLER_ADMIN, node_api_get_tokens},
    {"POST", "/v1/tokens", NODE_API_BODY, CALLER_ADMIN, node_api_post_token},
    {"DELETE", "/v1/tokens/{token}", 0, CALLER_ADMIN, node_api_delete_token},
    {"GET", "/v1/audit", 0, CALLER_AUDIT, node_api_get_audit},
    {"GET", "/v1/audit/verify", 0, CALLER_AUDIT, node_api_get_audit_verify},
};
#define ROUTE_COUNT (sizeof routes / sizeof routes[0])

/* ---- routes ---- */

/* One name of a path, up to the next slash: how long it is; 0: there is none, or it is too long. */
static size_t take_name(const char *path, char name[NODE_API_NAME_MAX + 1])
{
    size_t len = strcspn(path, "/");
    if (len == 0 || len > NODE_API_NAME_MAX)
        return 0;
    memcpy(name, path, len);
    name[len] = '\0';
    return len;
}

/* A pattern has two names at most. */
static bool path_fits(const char *pattern, const char *path, struct node_api_call *call)
{
    char *room = call->name;
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t len = take_name(path, room);
        if (len == 0)
            return false;
        path += len;
        pattern = strchr(pattern, '}') + 1;
        room = call->second;
    }
    return *path == '\0';
}

static int no_such_method(struct node_api_call *call, const char *allowed)
{
    call->status = 405;
    call->code = "METHOD";
    int error = http_reply_header(call->request, "Allow", allowed);
    return error != OK ?
        error :
        err_set(&call->note, ERR_USAGE, "%s is not possible here; allowed: %s", http_method(call->request), allowed);
}

static int find_route(struct node_api_call *call)
{
    const char *method = http_method(call->request), *path = http_path(call->request);
    char allowed[32] = "";
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!path_fits(routes[i].path, path, call))
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            call->route = &routes[i];
            return OK;
        }
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s%s", used > 0 ? ", " : "", routes[i].method);
    }
    if (allowed[0] != '\0')
        return no_such_method(call, allowed);
    return err_set(&call->note, ERR_NOT_FOUND,
                   "there is nothing at this address; docs/openapi.yaml lists what there is");
}

/* ---- what a route needs ---- */

static int find_case(struct node_api_call *call)
{
    struct case_entry *candidates[CANDIDATES_MAX];
    size_t count = 0;
    int error = cases_named(node_cases(call->node), call->name, candidates, CANDIDATES_MAX, &count, &call->entry);
    if (error == ERR_NOT_FOUND)
        return err_set(&call->note, error, "no case here goes by this name");
    if (error != ERR_AMBIGUOUS)
        return error;
    call->candidates =
        node_view_candidates(call->node, candidates, count < CANDIDATES_MAX ? count : CANDIDATES_MAX, call->now_us);
    return err_set(&call->note, error, "%zu cases go by this name: say MEMBER:REFERENCE or more digits of the case id",
                   count);
}

static bool is_key(const char *text)
{
    size_t len = strlen(text);
    return len >= NODE_API_KEY_LEAST && len <= NODE_API_KEY_MAX &&
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static int read_key(struct node_api_call *call)
{
    const char *key = http_header(call->request, "Idempotency-Key");
    call->status = 400;
    if (key == NULL)
        return err_set(&call->note, ERR_MISSING, "the header Idempotency-Key is required here");
    if (!is_key(key))
        return err_set(&call->note, ERR_SYNTAX, "Idempotency-Key: %d to %d characters of A-Z a-z 0-9 - _",
                       NODE_API_KEY_LEAST, NODE_API_KEY_MAX);
    call->status = 0;
    call->key = key;
    struct buf line;
    buf_init(&line);
    buf_printf(&line, "%s %s\n", http_method(call->request), http_path(call->request));
    bool broken = buf_broken(&line);
    call->hash = seal_hash2(buf_slice(&line), http_body(call->request));
    buf_free(&line);
    return broken ? ERR_NOMEM : OK;
}

static bool wants_key(const struct node_api_call *call)
{
    bool dry = (call->route->needs & NODE_API_DRY) != 0 && jdoc_get_bool(call->body, "dry_run", false);
    bool given = (call->route->needs & NODE_API_KEY_MAY) != 0 && http_header(call->request, "Idempotency-Key") != NULL;
    return ((call->route->needs & NODE_API_KEY) != 0 && !dry) || given;
}

/* Who publishes what: known when the case or the body is. */
static int check_publishing(struct node_api_call *call)
{
    if (call->route->permission != CALLER_PUBLISH)
        return OK;
    bool exercise =
        call->entry != NULL ? call->entry->exercise : strcmp(jdoc_get_text(call->body, "status", ""), "EXERCISE") == 0;
    return node_api_check_may(call, exercise ? CALLER_PUBLISH_EXERCISE : CALLER_PUBLISH_LIVE);
}

/* In this order: nothing of a body is read, no case is looked for, before the caller is known and may do this. */
static int serve(struct node_api_call *call)
{
    int error = find_route(call);
    if (error == OK)
        error = node_api_admit(call);
    if (error == OK && (call->route->needs & NODE_API_BODY) != 0)
        error = node_api_read_body(call);
    if (error == OK && (call->route->needs & NODE_API_BYTES) != 0)
        error = node_api_check_bytes(call);
    if (error == OK && strstr(call->route->path, "{case}") != NULL)
        error = find_case(call);
    if (error == OK)
        error = check_publishing(call);
    if (error == OK && wants_key(call)) {
        bool replayed = false;
        error = read_key(call);
        if (error == OK)
            error = node_api_replay(call, &replayed);
        if (error != OK || replayed)
            return error;
    }
    return error != OK ? error : call->route->handle(call);
}

void node_api_serve(struct node_api *api, const struct origin_names *names, struct http_request *request)
{
    struct node_api_call call = {.api = api,
                                 .node = api->conf.node,
                                 .request = request,
                                 .names = names,
                                 .now_us = node_now(api->conf.node, clock_wall_us(), clock_steady_us())};
    int error = node_has_failed(call.node) ?
        err_set(&call.note, ERR_BUSY, "this node stops: its store or memory failed") :
        serve(&call);
    if (error != OK)
        node_api_refuse(&call, error);
    jdoc_free(call.body);
    jdoc_free(call.candidates);
    api->conf.touched(api->conf.ctx);
}

static void on_request(void *ctx, struct http_request *request)
{
    node_api_serve(ctx, NULL, request);
}

/* ---- life ---- */

static void on_poll(void *ctx)
{
    node_api_changed(ctx);
}

static void on_drills(void *ctx)
{
    node_api_drill_sweep(ctx);
}

int node_api_open(const struct node_api_conf *conf, struct err_note *note, struct node_api **ret_api)
{
    const struct http_conf http = {
        .path = conf->path,
        .mode = conf->mode,
        .group = conf->group,
        .max_connections = CONNECTIONS_MAX,
        .body_max = LIMIT_INPUT_BYTES,
        .large_path = NODE_API_LARGE_PATH,
        .large_max = LIMIT_PICTURE_BYTES,
    };
    struct node_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return err_set(note, ERR_NOMEM, "out of memory");
    api->conf = *conf;
    int error = loop_timer_new(conf->loop, on_poll, api, &api->poll);
    if (error == OK)
        error = loop_timer_new(conf->loop, node_api_duty_sweep, api, &api->sweep);
    if (error == OK)
        error = loop_timer_new(conf->loop, on_drills, api, &api->drills);
    if (error == OK)
        error = argon_new(conf->loop, &api->argon);
    if (error == OK)
        error = http_listen(conf->loop, &http, on_request, api, note, &api->http);
    if (error != OK) {
        node_api_close(api);
        return error;
    }
    loop_timer_every(api->sweep, 5000);
    loop_timer_every(api->drills, 2000);
    if (api->conf.events != NULL)
        node_events_guard(api->conf.events, node_api_admits, api);
    *ret_api = api;
    return OK;
}

void node_api_stop(struct node_api *api)
{
    http_stop(api->http);
}

void node_api_close(struct node_api *api)
{
    if (api == NULL)
        return;
    if (api->conf.events != NULL)
        node_events_guard(api->conf.events, NULL, NULL);
    node_api_drill_end(api);
    node_api_wait_end(api);
    node_api_slow_end(api);
    argon_free(api->argon);
    http_free(api->http);
    loop_timer_free(api->poll);
    if (api->drills != NULL)
        loop_timer_free(api->drills);
    if (api->sweep != NULL)
        loop_timer_free(api->sweep);
    free(api);
}

const struct http_counters *node_api_counters(const struct node_api *api)
{
    return http_counters(api->http);
}

struct node_api_numbers node_api_numbers(const struct node_api *api, int64_t now_us)
{
    struct node_api_numbers numbers = api->numbers;
    numbers.waiting = (int64_t)node_api_waiting(api);
    numbers.sessions = (int64_t)sessions_live(node_sessions(api->conf.node), now_us);
    numbers.armed = (int64_t)api->duty.count;
    return numbers;
}
