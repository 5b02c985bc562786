/* node_api_approval: the second person. Who approves is known by his login or his account; what he approves is what he
 * read, by its ETag. The reason of who sends without is kept with the case and in no log. */
#include <string.h>

#include "node/drafts.h"
#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/form.h"

void node_api_person(const struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1])
{
    const struct token *token =
        call->caller.kind == CALLER_TOKEN ? accounts_token(node_accounts(call->node), call->caller.name) : NULL;
    snprintf(name, LIMIT_NAME_BYTES + 1, "%s", token != NULL ? token->created_by : call->caller.name);
}

/* ---- approving ---- */

static int refuse(struct node_api_call *call, enum approval_refusal why, const struct draft *draft)
{
    switch (why) {
    case APPROVAL_MAY:
        break;
    case APPROVAL_PROGRAM:
        return err_set(&call->note, ERR_PERMISSION, "a program approves nothing: that is for a person who has read it");
    case APPROVAL_NOBODY:
        return err_set(&call->note, ERR_PERMISSION, "it is not known who you are: log in at the console");
    case APPROVAL_SAME:
        call->code = "SAME_PERSON";
        return err_set(&call->note, ERR_POLICY, "these words are by %s: another person must approve them",
                       draft->author);
    case APPROVAL_NO_SUPERVISOR:
        call->code = "SUPERVISOR";
        return err_set(&call->note, ERR_POLICY, "a supervisor must approve it, logged in at the console as one");
    }
    return OK;
}

static int answer_draft(struct node_api_call *call, const struct draft *draft, uint64_t ticket)
{
    struct node_api_subject subject = {.kind = NODE_API_DRAFT, .reply = draft->id};
    node_api_record_draft(call, &draft->id);
    return node_api_answer_after(call, &subject, ticket, 200);
}

int node_api_post_draft_approval(struct node_api_call *call)
{
    struct draft *draft = NULL;
    int error = node_api_find_draft(call, &draft);
    if (error == OK)
        error = node_api_match_draft(call, draft, true);
    if (error == OK)
        error = refuse(call,
                       approval_may(node_approval_policy(call->node), &call->caller, draft->changed_by, draft->author),
                       draft);
    if (error != OK)
        return error;
    if (draft->approved_by[0] != '\0') { /* by whom it was first: a try that is repeated changes nothing */
        struct node_api_subject subject = {.kind = NODE_API_DRAFT, .reply = draft->id};
        return node_api_answer_after(call, &subject, draft->ticket, 200);
    }
    return answer_draft(call, draft, node_draft_approve(call->node, draft, call->caller.name, call->now_us));
}

int node_api_delete_draft_approval(struct node_api_call *call)
{
    struct draft *draft = NULL;
    int error = node_api_find_draft(call, &draft);
    if (error == OK)
        error = node_api_match_draft(call, draft, true);
    if (error == OK && draft->approved_by[0] == '\0')
        error = err_set(&call->note, ERR_NOT_FOUND, "nobody has approved this draft as it is now");
    return error != OK ? error : answer_draft(call, draft, node_draft_approve(call->node, draft, NULL, call->now_us));
}

/* ---- sending ---- */

/* With call->entry the draft is an update of it. */
static enum approval_need need_of(const struct node_api_call *call, const struct node_draft *draft,
                                  const char **ret_why)
{
    const struct approval_facts facts = {.exercise = draft->exercise,
                                         .restricted = draft->restricted,
                                         .category = draft->content->has_category ? (int)draft->content->category : 0};
    *ret_why = NULL;
    if (call->entry != NULL && node_update_widens(call->node, call->entry, draft) == 0)
        return APPROVAL_NONE;
    return approval_need(node_approval_policy(call->node), &facts, ret_why);
}

static bool is_approved(const struct node_api_call *call)
{
    return call->draft != NULL && call->draft->approved_by[0] != '\0';
}

static int read_reason(struct node_api_call *call, const char *reason)
{
    size_t chars = 0;
    if (form_is_blank(reason))
        return err_set(&call->note, ERR_MISSING, "break_glass: a reason is required, in words");
    if (form_text(reason, false, &chars) != FORM_CLEAN)
        return err_set(&call->note, ERR_INVALID, "break_glass: contains what is not text");
    if (chars > LIMIT_BREAK_GLASS_CHARS)
        return err_set(&call->note, ERR_LIMIT, "break_glass: %zu characters; the limit is %d", chars,
                       LIMIT_BREAK_GLASS_CHARS);
    return OK;
}

static void name_ways(unsigned widens, char text[80])
{
    const char *word;
    unsigned bit;
    text[0] = '\0';
    for (int i = 0; (word = approval_widening(i, &bit)) != NULL; i++)
        if ((widens & bit) != 0)
            snprintf(text + strlen(text), 80 - strlen(text), "%s%s", text[0] != '\0' ? ", " : "", word);
}

static int refuse_missing(struct node_api_call *call, const struct node_draft *draft, const char *why)
{
    const char *who = node_approval_policy(call->node)->by_supervisor ? "a supervisor" : "a second person";
    const char *next = call->draft != NULL ? "or send it with break_glass and a reason" :
                                             "keep it as a draft, or send it with break_glass and a reason";
    char ways[80] = "";
    call->code = "APPROVAL";
    if (call->entry == NULL)
        return err_set(&call->note, ERR_POLICY, "%s must approve %s before it is sent (%s): %s", who,
                       call->draft != NULL ? "this draft" : "it", why, next);
    name_ways(node_update_widens(call->node, call->entry, draft), ways);
    return err_set(&call->note, ERR_POLICY,
                   "%s must approve this update before it is sent (%s), for it reaches further than before (%s): %s",
                   who, why, ways, next);
}

int node_api_second(struct node_api_call *call, const struct node_draft *draft, struct case_second *ret_second,
                    bool *ret_needed)
{
    const char *why = NULL, *reason = jdoc_get_text(call->body, "break_glass", NULL);
    enum approval_need need = need_of(call, draft, &why);
    struct case_second second = {.at_us = call->now_us};
    int error = reason != NULL ? read_reason(call, reason) : OK;
    if (error != OK)
        return error;
    *ret_needed = false;
    if (is_approved(call)) {
        snprintf(second.by, sizeof second.by, "%s", call->draft->approved_by);
        second.at_us = call->draft->approved_at_us;
    } else if (need != APPROVAL_REQUIRED) {
        return OK;
    } else if (reason == NULL) {
        return refuse_missing(call, draft, why);
    } else {
        node_api_account(call, second.by);
        snprintf(second.reason, sizeof second.reason, "%s", reason);
        call->result = "BREAK_GLASS";
    }
    *ret_second = second;
    *ret_needed = true;
    return OK;
}

void node_api_tell_second(const struct node_api_call *call, const struct node_draft *draft, struct jdoc *plan)
{
    const char *why = NULL;
    enum approval_need need = need_of(call, draft, &why);
    struct jdoc *doc = jdoc_set_doc(plan, "approval", jdoc_object());
    jdoc_set_text(doc, "need", approval_need_name(need));
    if (why != NULL)
        jdoc_set_text(doc, "why", why);
    jdoc_set_bool(doc, "missing", need != APPROVAL_NONE && !is_approved(call));
    if (call->entry != NULL)
        node_view_set_widens(plan, node_update_widens(call->node, call->entry, draft));
}
