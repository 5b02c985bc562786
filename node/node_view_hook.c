/* node_view_hook: receivers of webhooks and the log of what was sent. Shows no key. */
#include "node/node_view.h"

static void set_id(struct jdoc *object, const char *key, const struct key_uuid *id)
{
    node_view_set_hex(object, key, slice_of(id->bytes, KEY_UUID_BYTES));
}

struct jdoc *node_view_hook(const struct hook *hook)
{
    struct jdoc *object = jdoc_object();
    set_id(object, "id", &hook->id);
    jdoc_set_text(object, "url", hook->url);
    struct jdoc *events = jdoc_set_doc(object, "events", jdoc_array());
    for (int i = 0; i < HOOKS_EVENTS; i++)
        if ((hook->events & HOOKS_BIT(i)) != 0)
            jdoc_add_text(events, hooks_event_name((enum hooks_event)i));
    node_view_set_time(object, "created_at", hook->created_at_us);
    jdoc_set_text(object, "created_by", hook->created_by);
    return object;
}

struct jdoc *node_view_dispatch(const struct node *node, const struct dispatch *dispatch)
{
    struct jdoc *object = jdoc_object();
    set_id(object, "id", &dispatch->id);
    jdoc_set_text(object, "way", dispatch_way_name(dispatch->way));
    if (dispatch->way == DISPATCH_WEB) {
        const struct hook *hook = hooks_by_id(node_hooks(node), &dispatch->hook);
        set_id(object, "webhook", &dispatch->hook);
        node_view_set_text_if(object, "url", hook != NULL ? hook->url : NULL);
    }
    jdoc_set_text(object, "type", dispatch->type);
    jdoc_set_text(object, "state", dispatch_state_name(dispatch->state));
    node_view_set_time(object, "at", dispatch->at_us);
    jdoc_set_int(object, "tries", (int64_t)dispatch->tries);
    if (dispatch->answer != 0)
        jdoc_set_int(object, "answer", dispatch->answer);
    node_view_set_text_if(object, "why", dispatch->why);
    if (dispatch->state == DISPATCH_WAITING)
        node_view_set_time(object, "next_at", dispatch->next_us);
    node_view_set_time_if(object, "ended_at", dispatch->ended_at_us);
    return object;
}
