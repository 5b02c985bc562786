/* node_api_answer: documents, problems (RFC 9457), and which HTTP status an error is. Never shows more than the note
 * says. */
#include <stdlib.h>
#include <string.h>

#include "node/drafts.h"
#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "node/notes.h"
#include "proto/clock.h"

#define RETRY_AFTER_S "1"

/* Errors that a caller may meet; every other one is INTERNAL. blames: the note may begin with the path of a field. */
static const struct error_row {
    int error;
    unsigned status;
    bool blames;
} error_rows[] = {
    {ERR_SYNTAX, 400, false},      {ERR_MISSING, 422, true},     {ERR_INVALID, 422, true},
    {ERR_UNKNOWN, 422, true},      {ERR_USAGE, 422, true},       {ERR_LIMIT, 422, true},
    {ERR_MEMBER, 403, false},      {ERR_POLICY, 403, true},      {ERR_EXPIRED, 403, false},
    {ERR_SIGNATURE, 403, false},   {ERR_ROLLBACK, 403, false},   {ERR_KEY, 403, false},
    {ERR_STATE, 403, false},       {ERR_PERMISSION, 403, false}, {ERR_NOT_FOUND, 404, false},
    {ERR_AMBIGUOUS, 409, false},   {ERR_EXISTS, 409, false},     {ERR_DISPUTED, 409, false},
    {ERR_NOMEM, 500, false},       {ERR_IO, 500, false},         {ERR_INTERNAL, 500, false},
    {ERR_CORRUPT, 500, false},     {ERR_BUSY, 503, false},       {ERR_AGAIN, 503, false},
    {ERR_UNREACHABLE, 503, false}, {ERR_DISK_FULL, 507, false},
};

static const struct error_row *row_of(int error)
{
    static const struct error_row internal = {ERR_INTERNAL, 500, false};
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++)
        if (error_rows[i].error == error)
            return &error_rows[i];
    return &internal;
}

/* ---- documents ---- */

static void send_doc(struct http_request *request, unsigned status, const char *type, struct jdoc *doc)
{
    struct buf text;
    buf_init(&text);
    CHECK(jdoc_write(doc, false, &text) == OK);
    buf_add_u8(&text, '\n');
    jdoc_free(doc);
    http_reply(request, status, type, buf_slice(&text));
    buf_free(&text);
}

void node_api_answer(struct http_request *request, unsigned status, struct jdoc *doc)
{
    send_doc(request, status, "application/json", doc);
}

static const struct draft *draft_of(const struct node *node, const struct key_uuid *id)
{
    char digits[2 * KEY_UUID_BYTES + 1];
    size_t count;
    buf_hex(slice_of(id->bytes, KEY_UUID_BYTES), digits);
    return drafts_find(node_drafts(node), digits, &count);
}

static const struct note *note_of(const struct node *node, const struct key_uuid *id)
{
    char digits[2 * KEY_UUID_BYTES + 1];
    size_t count;
    buf_hex(slice_of(id->bytes, KEY_UUID_BYTES), digits);
    return notes_find(node_notes(node), digits, &count);
}

static struct jdoc *view_waking(const struct node *node, const struct node_api_subject *subject)
{
    const struct hook *hook = hooks_by_id(node_hooks(node), &subject->reply);
    const struct dispatch *dispatch = dispatches_by_id(node_dispatches(node), &subject->reply);
    if (subject->kind == NODE_API_HOOK)
        return hook != NULL ? node_view_hook(hook) : NULL;
    return dispatch != NULL ? node_view_dispatch(node, dispatch) : NULL;
}

static struct jdoc *view_subject(const struct node_api *api, const struct node_api_subject *subject)
{
    struct node *node = api->conf.node;
    int64_t now_us = node_now(node, clock_wall_us(), clock_steady_us());
    const struct case_entry *entry;
    const struct item *item;
    const struct draft *draft;
    const struct note *note;
    switch (subject->kind) {
    case NODE_API_CASE:
        entry = cases_find(node_cases(node), &subject->case_key);
        if (entry == NULL || cases_newest(node_cases(node), entry) == NULL)
            return NULL;
        return node_view_case(node, entry, now_us);
    case NODE_API_REPLY:
        item = node_item(node, &subject->reply);
        return item != NULL ? node_view_sent(node, item, now_us) : NULL;
    case NODE_API_DRAFT:
        draft = draft_of(node, &subject->reply);
        return draft != NULL ? node_view_draft(node, draft, now_us) : NULL;
    case NODE_API_DRAFTS:
        return node_view_drafts(node, now_us);
    case NODE_API_NOTE:
        note = note_of(node, &subject->reply);
        return note != NULL ? node_view_note(node, note) : NULL;
    case NODE_API_DRILL:
        return node_api_view_drill(node, &subject->reply);
    case NODE_API_NOTES:
        return node_view_notes(node);
    case NODE_API_HOOK:
    case NODE_API_DISPATCH:
        return view_waking(node, subject);
    case NODE_API_SUBSCRIPTIONS:
        return node_view_subscriptions(node);
    case NODE_API_NOTHING:
        break;
    }
    return NULL;
}

void node_api_answer_subject(struct node_api *api, struct http_request *request, unsigned status,
                             const struct node_api_subject *subject, const char *location)
{
    if (subject->kind == NODE_API_NOTHING) {
        http_reply(request, status, NULL, slice_of(NULL, 0));
        return;
    }
    struct jdoc *doc = view_subject(api, subject);
    int error = location != NULL ? http_reply_header(request, "Location", location) : OK;
    if (error == OK && doc != NULL && subject->kind == NODE_API_DRAFT)
        error = http_reply_header(request, "ETag", jdoc_get_text(doc, "etag", ""));
    if (doc != NULL && error == OK) {
        node_api_answer(request, status, doc);
        return;
    }
    jdoc_free(doc);
    node_api_refuse_late(request, error != OK ? error : ERR_NOT_FOUND, "what this request made has been erased since");
}

/* ---- problems ---- */

/* "child.hair.colour: PURPLISH is not a code" begins with a path; a sentence does not. */
static size_t path_length(const char *note)
{
    size_t len = strspn(note, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.[]");
    return len > 0 && note[len] == ':' && note[len + 1] == ' ' ? len : 0;
}

static struct jdoc *problem_of(const struct error_row *row, const char *code, const char *detail)
{
    char type[64], path[ERR_NOTE_MAX];
    struct jdoc *problem = jdoc_object();
    int used = snprintf(type, sizeof type, "urn:hotline:problem:");
    for (const char *c = code; *c != '\0' && used < (int)sizeof type - 1; c++)
        type[used++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    type[used] = '\0';
    jdoc_set_text(problem, "type", type);
    jdoc_set_text(problem, "title", row->error == ERR_PERMISSION ? "not allowed" : err_text(row->error));
    jdoc_set_text(problem, "detail", detail);
    jdoc_set_text(problem, "code", code);
    size_t len = row->blames ? path_length(detail) : 0;
    if (len > 0) {
        snprintf(path, sizeof path, "%.*s", (int)len, detail);
        jdoc_set_text(problem, "path", path);
    }
    return problem;
}

static void send_problem(struct http_request *request, unsigned status, struct jdoc *problem)
{
    jdoc_set_int(problem, "status", status);
    if (status == 503 && http_reply_header(request, "Retry-After", RETRY_AFTER_S) != OK)
        status = 500;
    send_doc(request, status, "application/problem+json", problem);
}

void node_api_refuse(struct node_api_call *call, int error)
{
    const struct error_row *row = row_of(error);
    struct jdoc *problem =
        problem_of(row, call->code != NULL ? call->code : err_name(row->error), err_explain(&call->note, row->error));
    if (call->candidates != NULL) {
        jdoc_set_doc(problem, "candidates", call->candidates);
        call->candidates = NULL;
    }
    send_problem(call->request, call->status != 0 ? call->status : row->status, problem);
}

void node_api_refuse_late(struct http_request *request, int error, const char *detail)
{
    const struct error_row *row = row_of(error);
    send_problem(request, row->status, problem_of(row, err_name(row->error), detail));
}

void node_api_refuse_as(struct http_request *request, unsigned status, const char *code, const char *detail)
{
    const struct error_row *row = row_of(ERR_PERMISSION);
    struct jdoc *problem = problem_of(row, code, detail);
    send_problem(request, status, problem);
}

/* ---- subjects ---- */

struct node_api_subject node_api_subject_case(const struct case_entry *entry)
{
    return (struct node_api_subject){.kind = NODE_API_CASE, .case_key = entry->key};
}

/* As they stand at rest with an Idempotency-Key. */
static const char *const subject_words[] = {
    [NODE_API_CASE] = "case", [NODE_API_REPLY] = "reply", [NODE_API_DRAFT] = "draft",
    [NODE_API_NOTE] = "note", [NODE_API_DRILL] = "drill", [NODE_API_NOTHING] = NULL};

void node_api_subject_write(const struct node_api_subject *subject, char text[NODE_API_SUBJECT_MAX])
{
    char hex[2 * ENVELOPE_CASE_KEY_BYTES + 1];
    const char *kind = subject_words[subject->kind];
    CHECK(kind != NULL);
    if (subject->kind == NODE_API_CASE)
        buf_hex(slice_of(subject->case_key.bytes, sizeof subject->case_key.bytes), hex);
    else
        buf_hex(slice_of(subject->reply.bytes, sizeof subject->reply.bytes), hex);
    snprintf(text, NODE_API_SUBJECT_MAX, "%s %s", kind, hex);
}

int node_api_subject_read(const char *text, struct node_api_subject *ret_subject)
{
    struct node_api_subject subject = {.kind = NODE_API_CASE};
    int error = ERR_CORRUPT;
    if (strncmp(text, "case ", 5) == 0) {
        error = buf_unhex(text + 5, subject.case_key.bytes, sizeof subject.case_key.bytes);
    } else if (strncmp(text, "reply ", 6) == 0 || strncmp(text, "draft ", 6) == 0) {
        subject.kind = text[0] == 'r' ? NODE_API_REPLY : NODE_API_DRAFT;
        error = buf_unhex(text + 6, subject.reply.bytes, sizeof subject.reply.bytes);
    } else if (strncmp(text, "drill ", 6) == 0) {
        subject.kind = NODE_API_DRILL;
        error = buf_unhex(text + 6, subject.reply.bytes, sizeof subject.reply.bytes);
    } else if (strncmp(text, "note ", 5) == 0) {
        subject.kind = NODE_API_NOTE;
        error = buf_unhex(text + 5, subject.reply.bytes, sizeof subject.reply.bytes);
    }
    if (error != OK)
        return ERR_CORRUPT;
    *ret_subject = subject;
    return OK;
}
