/* node_api_token: what lets a case-management system in. A token is shown once, when it is made. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/seal.h"

#define DAYS_DEFAULT 90

static struct jdoc *view_token(const struct token *token)
{
    char id[2 * ACCOUNTS_TOKEN_ID_BYTES + 1];
    struct jdoc *doc = jdoc_object();
    const char *name;
    unsigned bit = 0;
    buf_hex(slice_of(token->id, sizeof token->id), id);
    jdoc_set_text(doc, "id", id);
    jdoc_set_text(doc, "name", token->name);
    struct jdoc *scopes = jdoc_set_doc(doc, "scopes", jdoc_array());
    for (int i = 0; (name = caller_scope_name(i, &bit)) != NULL; i++)
        if ((token->scopes & bit) != 0)
            jdoc_add_text(scopes, name);
    node_view_set_time(doc, "created_at", token->created_us);
    jdoc_set_text(doc, "created_by", token->created_by);
    node_view_set_time(doc, "expires_at", token->expires_us);
    if (token->used_us != 0)
        node_view_set_time(doc, "used_at", token->used_us);
    return doc;
}

int node_api_get_tokens(struct node_api_call *call)
{
    const struct accounts *accounts = node_accounts(call->node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < accounts->token_count; i++)
        jdoc_add_doc(items, view_token(accounts->tokens[i]));
    node_api_answer(call->request, 200, page);
    return OK;
}

static int read_scopes(struct node_api_call *call, unsigned *ret_scopes)
{
    const struct jdoc *array = jdoc_get(call->body, "scopes");
    unsigned scopes = 0;
    for (size_t i = 0; i < jdoc_count(array); i++) {
        const char *name = jdoc_text(jdoc_at(array, i));
        unsigned bit = 0;
        if (name == NULL || caller_scope_of(name, &bit) != OK)
            return err_set(&call->note, ERR_UNKNOWN,
                           "scopes[%zu]: is none of read, draft, publish:exercise, publish:live", i);
        scopes |= bit;
    }
    if (scopes == 0)
        return err_set(&call->note, ERR_MISSING, "scopes: at least one is required");
    *ret_scopes = scopes;
    return OK;
}

static int read_token(struct node_api_call *call, struct token *token)
{
    int64_t days = jdoc_get_int(call->body, "days", DAYS_DEFAULT);
    const char *name = jdoc_get_text(call->body, "name", "");
    if (days < 1 || days > LIMIT_TOKEN_DAYS)
        return err_set(&call->note, ERR_INVALID, "days: must be from 1 to %d", LIMIT_TOKEN_DAYS);
    if (!accounts_name_ok(name))
        return err_set(&call->note, ERR_INVALID, "name: 1 to %d of a-z 0-9 . - _ and a letter first",
                       ACCOUNTS_NAME_MAX);
    snprintf(token->name, sizeof token->name, "%s", name);
    caller_label(&call->caller, token->created_by);
    token->created_us = call->now_us;
    token->expires_us = call->now_us + days * CLOCK_DAY_US;
    return read_scopes(call, &token->scopes);
}

int node_api_post_token(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"name", JDOC_TEXT, true}, {"scopes", JDOC_ARRAY, true}, {"days", JDOC_INT, false}, {NULL, JDOC_NULL, false}};
    struct token wanted = {.name = ""}, *token = NULL;
    char text[ACCOUNTS_TOKEN_MAX];
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_token(call, &wanted);
    if (error == OK)
        error =
            accounts_add_token(node_accounts(call->node), node_vault(call->node), &wanted, &call->note, text, &token);
    if (error != OK)
        return error;
    struct jdoc *doc = view_token(token);
    jdoc_set_text(doc, "token", text);
    seal_wipe(text, sizeof text);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, token->name, "OK");
    node_api_answer_doc(call->api, call->request, doc, ticket, 201);
    return OK;
}

int node_api_delete_token(struct node_api_call *call)
{
    char name[ACCOUNTS_NAME_MAX + 1];
    struct token *token = accounts_token(node_accounts(call->node), call->name);
    if (token == NULL)
        return err_set(&call->note, ERR_NOT_FOUND, "there is no token of this id or name");
    snprintf(name, sizeof name, "%s", token->name);
    (void)accounts_remove_token(node_accounts(call->node), node_vault(call->node), token);
    uint64_t ticket = node_api_audit(call->api, &call->caller, call->route, name, "OK");
    node_api_answer_doc(call->api, call->request, NULL, ticket, 204);
    return OK;
}
