/* node_api_hook: receivers of webhooks, and the log of what was sent to wake people. The one place that gives out a
 * webhook's secret, and only when it is asked for by itself. */
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/seal.h"

#define ID_DIGITS_LEAST 6

/* ---- finding ---- */

static int find_hook(struct node_api_call *call, struct hook **ret_hook)
{
    size_t count = 0;
    struct hook *hook = hooks_find(node_hooks(call->node), call->name, &count);
    if (strlen(call->name) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no webhook here goes by this id");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu webhooks begin so: say more digits", count);
    *ret_hook = hook;
    return OK;
}

static int find_dispatch(struct node_api_call *call, struct dispatch **ret_dispatch)
{
    size_t count = 0;
    struct dispatch *dispatch = dispatches_find(node_dispatches(call->node), call->name, &count);
    if (strlen(call->name) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no delivery here goes by this id: the oldest are forgotten");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu deliveries begin so: say more digits", count);
    *ret_dispatch = dispatch;
    return OK;
}

static struct node_api_subject subject_of(enum node_api_subject_kind kind, const struct key_uuid *id)
{
    return (struct node_api_subject){.kind = kind, .reply = *id};
}

/* ---- reading ---- */

int node_api_get_webhooks(struct node_api_call *call)
{
    const struct hooks *hooks = node_hooks(call->node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->list[i]->ticket <= vault_committed(node_vault(call->node)))
            jdoc_add_doc(items, node_view_hook(hooks->list[i]));
    node_api_answer(call->request, 200, page);
    return OK;
}

int node_api_get_webhook(struct node_api_call *call)
{
    struct hook *hook = NULL;
    int error = find_hook(call, &hook);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(NODE_API_HOOK, &hook->id);
    return node_api_answer_after(call, &subject, hook->ticket, 200);
}

int node_api_get_webhook_secret(struct node_api_call *call)
{
    struct hook *hook = NULL;
    struct buf secret, public_key;
    int error = find_hook(call, &hook);
    if (error != OK)
        return error;
    buf_init(&secret);
    buf_init(&public_key);
    seal_hook_secret_text(&hook->keys, &secret);
    error = seal_hook_public_text(&hook->keys, &public_key);
    if (error == OK && buf_broken(&secret))
        error = ERR_NOMEM;
    if (error == OK) {
        struct jdoc *doc = jdoc_object();
        jdoc_set_text(doc, "secret", buf_text(&secret));
        jdoc_set_text(doc, "public_key", buf_text(&public_key));
        node_api_record(call, NULL);
        node_api_answer(call->request, 200, doc);
    }
    if (secret.data != NULL)
        seal_wipe(secret.data, secret.capacity);
    buf_free(&secret);
    buf_free(&public_key);
    return error;
}

int node_api_get_deliveries(struct node_api_call *call)
{
    const struct dispatches *all = node_dispatches(call->node);
    int64_t limit = 100;
    int error = node_api_read_number(call, "limit", 1, LIMIT_DISPATCHES, &limit);
    if (error != OK)
        return error;
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = all->count; i-- > 0 && limit > 0;) {
        if (all->list[i]->ticket > vault_committed(node_vault(call->node)))
            continue;
        jdoc_add_doc(items, node_view_dispatch(call->node, all->list[i]));
        limit--;
    }
    node_api_answer(call->request, 200, page);
    return OK;
}

/* ---- acts ---- */

static int read_events(struct node_api_call *call, uint32_t *ret_events)
{
    const struct jdoc *list = jdoc_get(call->body, "events");
    uint32_t events = 0;
    for (size_t i = 0; i < jdoc_count(list); i++) {
        const char *name = jdoc_text(jdoc_at(list, i));
        enum hooks_event event = name != NULL ? hooks_event_find(name) : HOOKS_EVENTS;
        if (event == HOOKS_EVENTS)
            return err_set(&call->note, ERR_UNKNOWN, "events[%zu]: is no event that webhooks tell", i);
        events |= HOOKS_BIT(event);
    }
    *ret_events = events != 0 ? events : HOOKS_USUAL;
    return OK;
}

int node_api_post_webhook(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"url", JDOC_TEXT, true}, {"events", JDOC_ARRAY, false}, {NULL, JDOC_NULL, false}};
    char account[LIMIT_NAME_BYTES + 1];
    struct hook *hook = NULL;
    struct hooks_wish wish = {.by = account, .at_us = call->now_us};
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_events(call, &wish.events);
    if (error != OK)
        return error;
    node_api_account(call, account);
    wish.url = jdoc_get_text(call->body, "url", "");
    error = node_hook_new(call->node, &wish, &call->note, &hook);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(NODE_API_HOOK, &hook->id);
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, hook->ticket, 201);
}

int node_api_delete_webhook(struct node_api_call *call)
{
    struct node_api_subject subject = {.kind = NODE_API_NOTHING};
    struct hook *hook = NULL;
    int error = find_hook(call, &hook);
    if (error != OK)
        return error;
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, node_hook_remove(call->node, hook, call->now_us), 204);
}

int node_api_post_webhook_test(struct node_api_call *call)
{
    struct hook *hook = NULL;
    struct dispatch *dispatch = NULL;
    int error = find_hook(call, &hook);
    if (error == OK)
        error = node_hook_test(call->node, hook, call->now_us, &dispatch);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(NODE_API_DISPATCH, &dispatch->id);
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, dispatch->ticket, 202);
}

int node_api_post_delivery_replay(struct node_api_call *call)
{
    struct dispatch *dispatch = NULL;
    int error = find_dispatch(call, &dispatch);
    if (error == OK)
        error = node_dispatch_again(call->node, dispatch, call->now_us, &call->note);
    if (error != OK)
        return error;
    struct node_api_subject subject = subject_of(NODE_API_DISPATCH, &dispatch->id);
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, dispatch->ticket, 202);
}
