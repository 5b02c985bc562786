/* cli_api: one exchange with the node, tried again where that is safe. Never prints. */
#include "cli_api.h"

#include "cli_http.h"
#include "proto/seal.h"

#define CALL_MS 15000
#define TRIES 4

static int error_by_name(const char *code)
{
    for (int ordinal = 1; ordinal < (int)ERR_ORD_COUNT; ordinal++)
        if (strcmp(err_name(-ordinal), code) == 0)
            return -ordinal;
    if (strcmp(code, "STALE") == 0 || strcmp(code, "PRECONDITION") == 0)
        return ERR_STATE;
    if (strcmp(code, "APPROVAL") == 0 || strcmp(code, "SAME_PERSON") == 0 || strcmp(code, "SUPERVISOR") == 0)
        return ERR_POLICY;
    return strcmp(code, "IDEMPOTENCY") == 0 ? ERR_EXISTS : ERR_INTERNAL;
}

/* Of an answer that names no code: the HTTP server's own, before any of ours. */
static int error_by_status(int status)
{
    if (status == 413 || status == 414 || status == 431)
        return ERR_LIMIT;
    return status >= 400 && status < 500 ? ERR_SYNTAX : ERR_INTERNAL;
}

static void hint_candidates(struct cli *cli, const struct jdoc *candidates)
{
    struct buf list;
    buf_init(&list);
    buf_add_text(&list, "Name it as MEMBER/REFERENCE or by more digits of its case id:");
    for (size_t i = 0; i < jdoc_count(candidates); i++) {
        const struct jdoc *one = jdoc_at(candidates, i);
        buf_printf(&list, "\n  %s/%s  %s  %s %s", jdoc_get_text(one, "member", "?"),
                   jdoc_get_text(one, "reference", "?"), jdoc_get_text(one, "case_id", "?"),
                   jdoc_get_text(one, "status", ""), jdoc_get_text(one, "state", ""));
    }
    cli_hint(cli, "%s", buf_text(&list));
    buf_free(&list);
}

int cli_api_problem(struct cli *cli, int status, struct slice body)
{
    struct jdoc *problem = NULL;
    if (jdoc_parse(body, "answer", NULL, &problem) != OK)
        return cli_fail(cli, error_by_status(status), "the node answered with HTTP status %d and no explanation",
                        status);
    const char *code = jdoc_get_text(problem, "code", NULL);
    int error = code != NULL ? error_by_name(code) : error_by_status(status);
    const char *path = jdoc_get_text(problem, "path", NULL);
    const char *detail = jdoc_get_text(problem, "detail", jdoc_get_text(problem, "title", err_text(error)));
    bool names_path = path == NULL || strncmp(detail, path, strlen(path)) == 0;
    cli_fail(cli, error, "%s%s%s", names_path ? "" : path, names_path ? "" : ": ", detail);
    if (error == ERR_AMBIGUOUS)
        hint_candidates(cli, jdoc_get(problem, "candidates"));
    else if (error == ERR_NOT_FOUND)
        cli_hint(cli, "`hotline inbox` lists the cases received here, `hotline inbox --sent` those sent.");
    else if (code != NULL && strcmp(code, "APPROVAL") == 0)
        cli_hint(cli,
                 "Another person: `hotline draft approve ID`, or at the console. When nobody is there: --break-glass "
                 "REASON sends it, and everybody is told.");
    else if (error == ERR_MEMBER || error == ERR_EXPIRED)
        cli_hint(cli, "`hotline status` shows the roster and this member's standing.");
    jdoc_free(problem);
    return error;
}

int cli_api_unreached(struct cli *cli, int error)
{
    if (error == ERR_UNREACHABLE || error == ERR_AGAIN || error == ERR_TIMEOUT) {
        cli_hint(cli, "Is it running? Start hotline-node, or name its socket: hotline --node SOCKET %s ...",
                 cli->command != NULL ? cli->command->name : "status");
        return ERR_UNREACHABLE;
    }
    return cli_failed(cli, error);
}

/* A 503 says "not now": the same request may be sent again. */
static bool try_again(int error, int status, int tried)
{
    return (error == ERR_AGAIN && tried < TRIES) || (error == ERR_TIMEOUT && tried < 2) ||
        (error == OK && status == 503 && tried < TRIES);
}

static void pause_ms(int ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

static int exchange(struct cli *cli, const struct cli_http_request *request, struct cli_http_answer *ret_answer)
{
    bool repeatable =
        strcmp(request->method, "POST") != 0 || request->idempotency_key != NULL || request->content_type != NULL;
    struct cli_http *http = NULL;
    int error = cli_http_open(cli->socket_path, &http);
    if (error != OK)
        return cli_failed(cli, error);
    for (int tried = 1;; tried++) {
        struct cli_http_answer answer = {0};
        error = cli_http_call(http, request, &cli->note, &answer);
        if (repeatable && try_again(error, answer.status, tried)) {
            buf_free(&answer.body);
            pause_ms(250 * tried);
            continue;
        }
        if (error == OK)
            *ret_answer = answer;
        break;
    }
    cli_http_close(http);
    if (error == OK)
        return OK;
    bool unsure = error != ERR_UNREACHABLE && strcmp(request->method, "GET") != 0;
    error = cli_api_unreached(cli, error);
    if (unsure && error == ERR_UNREACHABLE)
        cli_hint(cli,
                 "It may have been done all the same. Before trying again look with `hotline inbox --sent` or "
                 "`hotline show ID`.");
    return error;
}

/* An answer that is no problem; its body is the caller's. */
static int call_raw(struct cli *cli, const struct cli_http_request *request, struct cli_http_answer *ret_answer)
{
    struct cli_http_answer answer = {0};
    int error = exchange(cli, request, &answer);
    if (error == OK && (answer.status < 200 || answer.status >= 300)) {
        error = cli_api_problem(cli, answer.status, buf_slice(&answer.body));
        buf_free(&answer.body);
    }
    if (error == OK)
        *ret_answer = answer;
    return error;
}

static int call(struct cli *cli, const struct cli_http_request *request, int *ret_status, struct jdoc **ret_doc)
{
    struct cli_http_answer answer = {0};
    int error = call_raw(cli, request, &answer);
    if (error != OK)
        return error;
    if (answer.status == 204)
        *ret_doc = NULL;
    else
        error = jdoc_parse(buf_slice(&answer.body), "the node's answer", &cli->note, ret_doc);
    buf_free(&answer.body);
    if (ret_status != NULL)
        *ret_status = answer.status;
    return error == OK ? OK : ERR_INTERNAL;
}

int cli_api_get_bytes(struct cli *cli, const char *path, struct buf *ret_bytes)
{
    struct cli_http_request request = {.method = "GET", .path = path, .timeout_ms = CALL_MS};
    struct cli_http_answer answer = {0};
    int error = call_raw(cli, &request, &answer);
    if (error != OK)
        return error;
    buf_add_slice(ret_bytes, buf_slice(&answer.body));
    buf_free(&answer.body);
    return buf_broken(ret_bytes) ? cli_fail(cli, ERR_NOMEM, "out of memory") : OK;
}

int cli_api_send_bytes(struct cli *cli, const char *path, struct slice bytes, int *ret_status, struct jdoc **ret_doc)
{
    struct cli_http_request request = {.method = "POST",
                                       .path = path,
                                       .body = bytes,
                                       .content_type = "application/octet-stream",
                                       .timeout_ms = CALL_MS};
    return call(cli, &request, ret_status, ret_doc);
}

int cli_api_get_within(struct cli *cli, const char *path, int timeout_ms, struct jdoc **ret_doc)
{
    struct cli_http_request request = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
    return call(cli, &request, NULL, ret_doc);
}

int cli_api_get(struct cli *cli, const char *path, struct jdoc **ret_doc)
{
    return cli_api_get_within(cli, path, CALL_MS, ret_doc);
}

int cli_api_send(struct cli *cli, const char *method, const char *path, const struct jdoc *body, struct jdoc **ret_doc)
{
    return cli_api_send_if(cli, method, path, NULL, body, ret_doc);
}

int cli_api_delete_if(struct cli *cli, const char *path, const char *etag)
{
    struct cli_http_request request = {.method = "DELETE", .path = path, .if_match = etag, .timeout_ms = CALL_MS};
    struct jdoc *nothing = NULL;
    int error = call(cli, &request, NULL, &nothing);
    jdoc_free(nothing);
    return error;
}

int cli_api_send_if(struct cli *cli, const char *method, const char *path, const char *etag, const struct jdoc *body,
                    struct jdoc **ret_doc)
{
    uint8_t random[16];
    char key[2 * sizeof random + 1];
    seal_random(random, sizeof random);
    buf_hex(slice_of(random, sizeof random), key);
    struct buf text;
    buf_init(&text);
    int error = jdoc_write(body, false, &text);
    if (error != OK) {
        buf_free(&text);
        return cli_failed(cli, error);
    }
    struct cli_http_request request = {
        .method = method, .path = path, .body = buf_slice(&text), .if_match = etag, .timeout_ms = CALL_MS};
    if (strcmp(method, "POST") == 0)
        request.idempotency_key = key;
    error = call(cli, &request, NULL, ret_doc);
    buf_free(&text);
    return error;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~:", c) != NULL;
}

/* Appends text percent-encoded; false when it does not fit. */
static bool encode(const char *text, char *out, size_t size)
{
    size_t at = 0;
    for (; *text != '\0'; text++) {
        if (at + 4 > size)
            return false;
        if (is_plain(*text))
            out[at++] = *text;
        else
            at += (size_t)snprintf(out + at, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    out[at] = '\0';
    return true;
}

int cli_api_list(struct cli *cli, const char *path, struct jdoc **ret_array)
{
    struct jdoc *all = jdoc_array();
    char cursor[640] = "";
    while (true) {
        char page_path[CLI_API_PATH_MAX + 64];
        snprintf(page_path, sizeof page_path, "%s%climit=500%s%s", path, strchr(path, '?') != NULL ? '&' : '?',
                 cursor[0] != '\0' ? "&cursor=" : "", cursor);
        struct jdoc *page = NULL;
        int error = cli_api_get(cli, page_path, &page);
        if (error != OK) {
            jdoc_free(all);
            return error;
        }
        const struct jdoc *items = jdoc_get(page, "items");
        for (size_t i = 0; i < jdoc_count(items); i++)
            jdoc_add_doc(all, jdoc_copy(jdoc_at(items, i)));
        bool more = encode(jdoc_get_text(page, "next_cursor", ""), cursor, sizeof cursor) && cursor[0] != '\0';
        jdoc_free(page);
        if (!more)
            break;
    }
    *ret_array = all;
    return OK;
}

int cli_api_case_path(struct cli *cli, const char *id, const char *rest, char path[CLI_API_PATH_MAX])
{
    char named[121], encoded[400];
    if (strlen(id) >= sizeof named || id[0] == '\0')
        return cli_fail(cli, ERR_USAGE, "\"%.40s\" is not the name of a case: REFERENCE, MEMBER/REFERENCE or a case id",
                        id);
    snprintf(named, sizeof named, "%s", id);
    char *slash = strchr(named, '/');
    if (slash != NULL)
        *slash = ':';
    CHECK(encode(named, encoded, sizeof encoded));
    snprintf(path, CLI_API_PATH_MAX, "/v1/cases/%s%s", encoded, rest);
    return OK;
}
