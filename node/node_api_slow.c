/* node_api_slow: requests that wait for a thread or for the disk, and then act. None is answered twice, none acts for
 * an API that has ended; one whose client has left acts all the same, as one whose answer is lost on the way. */
#include <stdlib.h>

#include "node/node_api_inner.h"
#include "proto/seal.h"

static void on_gone(void *ctx)
{
    struct node_api_slow *slow = ctx;
    http_reply(slow->request, 503, NULL, slice_of(NULL, 0));
    slow->request = NULL;
}

void *node_api_slow_new(struct node_api_call *call, size_t size)
{
    struct node_api_slow *slow = calloc(1, size);
    if (slow == NULL)
        return NULL;
    slow->api = call->api;
    slow->request = call->request;
    slow->route = call->route;
    slow->names = call->names;
    slow->caller = call->caller;
    slow->next = call->api->slow;
    call->api->slow = slow;
    http_on_gone(call->request, on_gone, slow);
    return slow;
}

void node_api_slow_done(struct node_api_slow *slow, size_t size)
{
    if (slow->api != NULL) {
        struct node_api_slow **at = &slow->api->slow;
        while (*at != slow)
            at = &(*at)->next;
        *at = slow->next;
    }
    seal_wipe(slow, size);
    free(slow);
}

void node_api_slow_end(struct node_api *api)
{
    for (struct node_api_slow *slow = api->slow; slow != NULL; slow = slow->next) {
        slow->api = NULL;
        if (slow->request != NULL)
            node_api_refuse_late(slow->request, ERR_UNREACHABLE, "the node is stopping");
        slow->request = NULL;
    }
    api->slow = NULL;
}
