/* node_api_read: what only reads. Reading a case is not SHOWN: nothing here tells anybody anything. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"

#define PAGE_DEFAULT 100

int node_api_get_status(struct node_api_call *call)
{
    node_api_answer(call->request, 200, node_view_status(call->node, call->api->conf.started_us, call->now_us));
    return OK;
}

int node_api_get_settings(struct node_api_call *call)
{
    node_api_answer(call->request, 200, node_view_settings(call->node));
    return OK;
}

int node_api_get_members(struct node_api_call *call)
{
    node_api_answer(call->request, 200, node_view_members(call->node, call->now_us));
    return OK;
}

int node_api_get_subscriptions(struct node_api_call *call)
{
    node_api_answer(call->request, 200, node_view_subscriptions(call->node));
    return OK;
}

int node_api_get_case(struct node_api_call *call)
{
    if (http_query(call->request, "wait") != NULL)
        return node_api_wait_step(call);
    node_api_answer(call->request, 200, node_view_case(call->node, call->entry, call->now_us));
    return OK;
}

int node_api_get_events(struct node_api_call *call)
{
    struct node_events *events = call->api->conf.events;
    const char *text = http_header(call->request, "Last-Event-ID");
    uint64_t after = 0;
    int error = node_events_read_id(events, text != NULL ? text : http_query(call->request, "after"), &after);
    if (error != OK)
        return err_set(&call->note, ERR_INVALID, "after: is not the number of an event");
    struct node_events_guest guest;
    node_api_guest(call, &guest);
    error = node_events_open(events, call->request, after, &guest);
    return error == OK ?
        OK :
        err_set(&call->note, error, "too many readers of events; the limit is %d", NODE_EVENTS_STREAMS);
}

/* ---- the list ----
 *
 * A pass lists the cases whose last change lies between floor and after, newest first. A case that changes meanwhile
 * leaves its place, so a further pass lists what has changed since this one began (above top): nothing is ever left
 * out. */

struct pass {
    uint64_t top;          /* the last change when the pass began */
    uint64_t floor, after; /* floor < change < after */
};

static int read_pass(struct node_api_call *call, struct pass *ret_pass)
{
    const char *text = http_query(call->request, "cursor");
    struct pass pass = {.top = node_cases(call->node)->last_change, .after = UINT64_MAX};
    int end = -1;
    if (text != NULL &&
        (strlen(text) > 80 ||
         sscanf(text, "%" SCNx64 "-%" SCNx64 "-%" SCNx64 "%n", &pass.top, &pass.floor, &pass.after, &end) != 3 ||
         text[end] != '\0'))
        return err_set(&call->note, ERR_INVALID, "cursor: is not a next_cursor of this list");
    *ret_pass = pass;
    return OK;
}

/* What may be asked for. -1: any. */
struct filter {
    int box, state, status;
};

static int read_filter(struct node_api_call *call, struct filter *ret_filter)
{
    static const char *const boxes[] = {"received", "sent", NULL};
    static const char *const states[] = {"OPEN", "CLOSED", "RETRACTED", "EXPIRED", NULL};
    static const char *const statuses[] = {"ACTUAL", "EXERCISE", NULL};
    int error = node_api_read_choice(call, "box", boxes, &ret_filter->box);
    if (error == OK)
        error = node_api_read_choice(call, "state", states, &ret_filter->state);
    if (error == OK)
        error = node_api_read_choice(call, "status", statuses, &ret_filter->status);
    return error;
}

static bool passes(const struct filter *filter, const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    return entry->mine == (filter->box == 1) && cases_newest(node_cases(node), entry) != NULL &&
        (filter->status < 0 || (int)entry->exercise == filter->status) &&
        (filter->state < 0 || (int)node_state(node, entry, now_us) == filter->state);
}

static int newest_change_first(const void *a, const void *b)
{
    const struct case_entry *const *left = a, *const *right = b;
    return (*left)->changed < (*right)->changed ? 1 : (*left)->changed > (*right)->changed ? -1 : 0;
}

/* Those of the pass that pass, in order; *ret_later: there is something for a further pass. The caller frees the array.
 */
static size_t select_cases(const struct node_api_call *call, const struct filter *filter, const struct pass *pass,
                           const struct case_entry **found, bool *ret_later)
{
    const struct cases *cases = node_cases(call->node);
    size_t count = 0;
    *ret_later = false;
    for (size_t i = 0; i < cases->count; i++) {
        const struct case_entry *entry = cases->order[i];
        if (!passes(filter, call->node, entry, call->now_us))
            continue;
        *ret_later = *ret_later || entry->changed > pass->top;
        if (entry->changed > pass->floor && entry->changed < pass->after && entry->changed <= pass->top)
            found[count++] = entry;
    }
    qsort(found, count, sizeof *found, newest_change_first);
    return count;
}

static void set_cursor(struct jdoc *page, const struct pass *pass)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, pass->top, pass->floor, pass->after);
    jdoc_set_text(page, "next_cursor", text);
}

static struct jdoc *view_page(const struct node_api_call *call, const struct filter *filter, struct pass pass,
                              size_t limit)
{
    const struct cases *cases = node_cases(call->node);
    const struct case_entry **found = calloc(cases->count + 1, sizeof *found);
    bool later = false;
    CHECK(found != NULL);
    size_t count = select_cases(call, filter, &pass, found, &later);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < count && i < limit; i++)
        jdoc_add_doc(items, node_view_summary(call->node, found[i], call->now_us));
    jdoc_set_null(page, "next_cursor");
    if (count > limit) {
        pass.after = found[limit - 1]->changed;
        set_cursor(page, &pass);
    } else if (later) {
        set_cursor(page, &(struct pass){.top = cases->last_change, .floor = pass.top, .after = UINT64_MAX});
    }
    free(found);
    return page;
}

int node_api_get_cases(struct node_api_call *call)
{
    struct filter filter = {.box = -1};
    struct pass pass = {.top = 0};
    int64_t limit = PAGE_DEFAULT;
    int error = read_filter(call, &filter);
    if (error == OK)
        error = node_api_read_number(call, "limit", 1, NODE_API_PAGE_MAX, &limit);
    if (error == OK)
        error = read_pass(call, &pass);
    if (error == OK)
        node_api_answer(call->request, 200, view_page(call, &filter, pass, (size_t)limit));
    return error;
}
