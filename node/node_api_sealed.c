/* node_api_sealed: a case's envelopes out to a file and in from one. What a file may hold is the core's to judge. */
#include "node/node_api_inner.h"

int node_api_get_sealed(struct node_api_call *call)
{
    const char *to = http_query(call->request, "to");
    struct buf file;
    if (to != NULL && roster_find(node_directory(call->node)->roster, to) == ROSTER_NONE)
        return err_set(&call->note, ERR_UNKNOWN, "to: no member of this name is on the roster");
    buf_init(&file);
    int error = node_export(call->node, call->entry, to, call->now_us, &call->note, &file);
    if (error == OK) {
        node_api_record(call, call->entry);
        http_reply(call->request, 200, NODE_API_BYTES_TYPE, buf_slice(&file));
    }
    buf_free(&file);
    return error;
}

int node_api_post_sealed(struct node_api_call *call)
{
    struct case_entry *entry = NULL;
    size_t fresh = 0;
    uint64_t ticket = 0;
    int error = node_import(call->node, http_body(call->request), call->now_us, &call->note, &entry, &fresh, &ticket);
    if (error != OK)
        return error;
    struct node_api_subject subject = node_api_subject_case(entry);
    node_api_record(call, entry);
    return node_api_answer_after(call, &subject, ticket, fresh > 0 ? 201 : 200);
}
