/* node_api_record: who did what through the socket: one line of the log per act, with the operating-system account of
 * the caller and the case's reference. Never a name of a case, a word of its content, or what the caller wrote. */
#include <pwd.h>
#include <string.h>

#include "node/node_api_inner.h"
#include "proto/log.h"

void node_api_account(const struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1])
{
    char room[4096];
    struct passwd entry, *found = NULL;
    uid_t uid;
    pid_t pid;
    snprintf(name, LIMIT_NAME_BYTES + 1, "unknown");
    if (http_peer(call->request, &uid, &pid) != OK)
        return;
    if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found != NULL)
        snprintf(name, LIMIT_NAME_BYTES + 1, "%s", found->pw_name);
    else
        snprintf(name, LIMIT_NAME_BYTES + 1, "uid %lu", (unsigned long)uid);
}

void node_api_record(const struct node_api_call *call, const struct case_entry *entry)
{
    char account[LIMIT_NAME_BYTES + 1], act[96], name[LIMIT_ID_CHARS + 1 + CASES_REFERENCE_MAX] = "-";
    node_api_account(call, account);
    snprintf(act, sizeof act, "%s %s", call->route->method, call->route->path);
    if (entry != NULL)
        snprintf(name, sizeof name, "%s:%s", entry->opener, entry->reference);
    log_event(LOG_INFO, "act", "account", account, "act", act, "case", name, NULL);
}
