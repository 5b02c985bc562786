/* node_api_record: who did what: one line of the log per act, and one entry of the audit log in the act's own turn,
 * with the caller and the case's reference. Never a name of a case, a word of its content, or what the caller wrote. */
#include <string.h>

#include "node/node_api_inner.h"
#include "proto/clock.h"
#include "proto/log.h"

void node_api_account(const struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1])
{
    caller_label(&call->caller, name);
}

static void act_of(const struct node_api_route *route, char act[AUDIT_TEXT_MAX])
{
    snprintf(act, AUDIT_TEXT_MAX, "%s %s", route->method, route->path);
}

uint64_t node_api_audit(struct node_api *api, const struct caller *caller, const struct node_api_route *route,
                        const char *subject, const char *result)
{
    struct node *node = api->conf.node;
    char act[AUDIT_TEXT_MAX];
    act_of(route, act);
    const struct audit_entry entry = {
        .at_us = node_now(node, clock_wall_us(), clock_steady_us()),
        .kind = caller->kind,
        .who = caller->name,
        .act = act,
        .subject = subject,
        .result = result,
    };
    uint64_t ticket = audit_add(node_audit(node), node_vault(node), &entry);
    log_event(LOG_INFO, "act", "account", caller->name[0] != '\0' ? caller->name : "-", "act", act, "subject", subject,
              "result", result, NULL);
    if (api->conf.events != NULL)
        node_events_review(api->conf.events); /* what a role, a session or a token allows may be another thing now */
    api->conf.touched(api->conf.ctx);
    return ticket;
}

static void record(const struct node_api_call *call, const char *subject)
{
    char label[LIMIT_NAME_BYTES + 1], act[AUDIT_TEXT_MAX];
    caller_label(&call->caller, label);
    act_of(call->route, act);
    const struct audit_entry kept = {
        .at_us = call->now_us,
        .kind = call->caller.kind,
        .who = call->caller.name,
        .act = act,
        .subject = subject,
        .result = call->result != NULL ? call->result : "OK",
    };
    (void)audit_add(node_audit(call->node), node_vault(call->node), &kept);
    log_event(LOG_INFO, "act", "account", label, "act", act, "case", subject[0] != '\0' ? subject : "-", NULL);
}

void node_api_record(const struct node_api_call *call, const struct case_entry *entry)
{
    char name[LIMIT_ID_CHARS + 1 + CASES_REFERENCE_MAX] = "";
    if (entry != NULL)
        snprintf(name, sizeof name, "%s:%s", entry->opener, entry->reference);
    record(call, name);
}

void node_api_record_draft(const struct node_api_call *call, const struct key_uuid *id)
{
    char name[sizeof "draft " + 2 * KEY_UUID_BYTES] = "draft ";
    buf_hex(slice_of(id->bytes, KEY_UUID_BYTES), name + strlen(name));
    record(call, name);
}
