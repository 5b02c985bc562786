/*
 * node_hook: who outside the console is told what. An event and the messages that it makes stand in one turn: after a
 * crash there are both or neither. A message says that something happened to which case, by reference; never to whom,
 * never a name, never a word that a person wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/node_make.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/log.h"

const struct hooks *node_hooks(const struct node *node)
{
    return &node->hooks;
}

const struct dispatches *node_dispatches(const struct node *node)
{
    return &node->dispatches;
}

void node_set_armed(struct node *node, size_t consoles)
{
    bool gone = node->armed > 0 && consoles == 0;
    node->armed = consoles;
    for (size_t i = 0; gone && i < node->cases.count; i++)
        dues_set(&node->cases.wakes, &node->cases.order[i]->wake, 0);
}

/* ---- what is said ---- */

static enum hooks_event kind_of(const struct node_event *event)
{
    static const struct {
        enum node_event_type type;
        int state; /* 0: any */
        enum hooks_event hook;
    } rows[] = {
        {NODE_CASE_RECEIVED, 0, HOOKS_CASE_RECEIVED},
        {NODE_CASE_UPDATED, 0, HOOKS_CASE_UPDATED},
        {NODE_CASE_CLOSED, 0, HOOKS_CASE_CLOSED},
        {NODE_CASE_RETRACTED, 0, HOOKS_CASE_RETRACTED},
        {NODE_CASE_EXPIRING, 0, HOOKS_CASE_EXPIRING},
        {NODE_CASE_EXPIRED, 0, HOOKS_CASE_EXPIRED},
        {NODE_CASE_REVIEW, 0, HOOKS_CASE_REVIEW},
        {NODE_CASE_CONFLICT, 0, HOOKS_CASE_CONFLICT},
        {NODE_CASE_ESCALATED, 0, HOOKS_CASE_ESCALATED},
        {NODE_CASE_BREAK_GLASS, 0, HOOKS_CASE_BREAK_GLASS},
        {NODE_POSTER_WITHDRAW, 0, HOOKS_POSTER_WITHDRAW},
        {NODE_REPLY_RECEIVED, 0, HOOKS_REPLY_RECEIVED},
        {NODE_REFERRAL_RECEIVED, 0, HOOKS_REFERRAL_RECEIVED},
        {NODE_LADDER_CHANGED, 0, HOOKS_LADDER_CHANGED},
        {NODE_ALARM, HOTLINE__RECEIPT_STATE__CODE__DELIVERED, HOOKS_ALARM_DELIVERED},
        {NODE_ALARM, HOTLINE__RECEIPT_STATE__CODE__SHOWN, HOOKS_ALARM_SHOWN},
        {NODE_ALARM, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED, HOOKS_ALARM_ACKNOWLEDGED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == event->type && (rows[i].state == 0 || rows[i].state == event->state))
            return rows[i].hook;
    return HOOKS_EVENTS;
}

static void set_case(struct jdoc *doc, const struct case_entry *entry)
{
    const struct item *newest = cases_last(entry);
    node_view_set_hex(doc, "case", slice_of(entry->case_id, KEY_UUID_BYTES));
    node_view_set_text_if(doc, "reference", entry->reference);
    if (newest != NULL)
        node_view_set_text_if(doc, "urgency", node_view_urgency_name(newest));
    jdoc_set_text(doc, "status", node_view_status_name(entry->exercise));
}

/* Appended to out. */
static int write_body(const char *type, const struct node_event *event, int64_t at_us, struct buf *out)
{
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "type", type);
    node_view_set_time(doc, "at", at_us);
    if (event != NULL && event->entry != NULL)
        set_case(doc, event->entry);
    if (event != NULL && event->row != NULL)
        jdoc_set_text(doc, "member", event->row->member);
    if (event != NULL && event->type == NODE_CASE_ESCALATED)
        jdoc_set_int(doc, "step", event->state);
    int error = jdoc_write(doc, false, out);
    jdoc_free(doc);
    return error == OK && buf_broken(out) ? ERR_NOMEM : error;
}

static int add(struct node *node, enum dispatch_way way, const struct hook *hook, struct dispatch_new *new,
               struct dispatch **ret_dispatch)
{
    int64_t dropped = node->dispatches.counters.dropped;
    new->way = way;
    new->hook = hook != NULL ? &hook->id : NULL;
    int error = dispatches_add(&node->dispatches, node->vault, new, ret_dispatch);
    if (error != OK)
        log_event(LOG_ERROR, "a message that should wake somebody cannot be kept", "way", dispatch_way_name(way),
                  "type", new->type, "error", err_name(error), NULL);
    else if (node->dispatches.counters.dropped != dropped)
        log_event(LOG_WARN, "too many messages wait to be sent: the oldest was given up", NULL);
    return error;
}

/* What mail and command say too. */
static bool wakes(const struct node_event *event)
{
    return event->type == NODE_CASE_ESCALATED || event->type == NODE_CASE_BREAK_GLASS;
}

static bool wants(const struct node *node, const struct node_event *event, enum hooks_event kind)
{
    bool any = wakes(event) && (node->settings.escalate_mail || node->settings.escalate_command);
    for (size_t i = 0; i < node->hooks.count; i++)
        any |= (node->hooks.list[i]->events & HOOKS_BIT(kind)) != 0;
    return any;
}

void node_hook_event(struct node *node, const struct node_event *event)
{
    enum hooks_event kind = kind_of(event);
    struct dispatch *made;
    struct buf body;
    if (kind == HOOKS_EVENTS || !wants(node, event, kind))
        return;
    buf_init(&body);
    int error = write_body(hooks_event_name(kind), event, event->at_us, &body);
    struct dispatch_new new = {.type = hooks_event_name(kind), .body = buf_text(&body), .at_us = event->at_us};
    for (size_t i = 0; error == OK && i < node->hooks.count; i++)
        if ((node->hooks.list[i]->events & HOOKS_BIT(kind)) != 0)
            (void)!add(node, DISPATCH_WEB, node->hooks.list[i], &new, &made);
    if (error == OK && wakes(event) && node->settings.escalate_mail)
        (void)!add(node, DISPATCH_MAIL, NULL, &new, &made);
    if (error == OK && wakes(event) && node->settings.escalate_command)
        (void)!add(node, DISPATCH_COMMAND, NULL, &new, &made);
    buf_free(&body);
}

/* ---- what people do ---- */

int node_hook_new(struct node *node, const struct hooks_wish *wish, struct err_note *note, struct hook **ret_hook)
{
    int error = hooks_check_url(wish->url, &node->settings.hooks, note);
    if (error == OK)
        error = node_check_disk(node, note);
    if (error != OK)
        return error;
    struct hook *there = hooks_by_url(&node->hooks, wish->url);
    if (there != NULL && there->events != wish->events)
        return err_set(note, ERR_EXISTS, "this address gets webhooks already, of other events: remove it first");
    if (there == NULL)
        return hooks_add(&node->hooks, node->vault, wish, note, ret_hook);
    *ret_hook = there;
    return OK;
}

uint64_t node_hook_remove(struct node *node, struct hook *hook, int64_t now_us)
{
    dispatches_orphan(&node->dispatches, node->vault, &hook->id, now_us);
    return hooks_remove(&node->hooks, node->vault, hook);
}

int node_hook_test(struct node *node, const struct hook *hook, int64_t now_us, struct dispatch **ret_dispatch)
{
    static const char type[] = "webhook.test";
    struct buf body;
    buf_init(&body);
    int error = write_body(type, NULL, now_us, &body);
    struct dispatch_new new = {.type = type, .body = buf_text(&body), .at_us = now_us};
    if (error == OK)
        error = add(node, DISPATCH_WEB, hook, &new, ret_dispatch);
    buf_free(&body);
    return error;
}

int node_dispatch_again(struct node *node, struct dispatch *dispatch, int64_t now_us, struct err_note *note)
{
    if (dispatch->way == DISPATCH_WEB && hooks_by_id(&node->hooks, &dispatch->hook) == NULL)
        return err_set(note, ERR_STATE, "the webhook of this delivery was removed");
    if (dispatch->flying)
        return err_set(note, ERR_STATE, "this delivery is under way");
    dispatches_again(&node->dispatches, node->vault, dispatch, now_us);
    return OK;
}

/* ---- sending ---- */

const struct dispatch *node_dispatch_take(struct node *node, int64_t now_us)
{
    struct dispatch *dispatch = dispatches_due(&node->dispatches, node->vault, now_us);
    if (dispatch != NULL)
        dispatch->flying = true;
    return dispatch;
}

void node_dispatch_done(struct node *node, const struct key_uuid *id, const struct dispatch_result *result,
                        int64_t now_us)
{
    struct dispatch *dispatch = dispatches_by_id(&node->dispatches, id);
    if (dispatch != NULL)
        dispatches_settle(&node->dispatches, node->vault, dispatch, result, now_us);
}

/* ---- escalation ---- */

static bool is_urgent(const struct item *item)
{
    return item->header->has_urgency && item->header->urgency == HOTLINE__URGENCY__CODE__IMMEDIATE;
}

/* Since when somebody waits for an answer from here: the oldest revision that nobody answered. */
static int64_t waits_since_us(const struct case_entry *entry, const struct item *newest)
{
    int64_t since_us = newest->at_us;
    for (size_t i = 0; i < entry->revision_count; i++) {
        const struct item *item = entry->revisions[i];
        if (is_urgent(item) && !item->erased && item->header->revision > entry->acknowledged_revision &&
            item->decline == 0 && item->at_us < since_us)
            since_us = item->at_us;
    }
    return since_us;
}

static struct escalation_facts facts_of(const struct node *node, const struct case_entry *entry,
                                        const struct item *newest, int64_t now_us)
{
    return (struct escalation_facts){
        .immediate = is_urgent(newest),
        .exercise = entry->exercise,
        .over = node_state(node, entry, now_us) != CASE_OPEN,
        .answered = newest->decline != 0 ||
            (entry->acknowledged_at_us != 0 && entry->acknowledged_revision >= newest->header->revision),
        .armed = node->armed > 0,
        .waited_us = node_maybe_us(node, now_us) - waits_since_us(entry, newest),
        .told = entry->escalated,
    };
}

static void tell_step(struct node *node, struct case_entry *entry, const struct item *newest, unsigned step,
                      int64_t now_us)
{
    struct node_event event = {
        .type = NODE_CASE_ESCALATED, .at_us = now_us, .entry = entry, .item = newest, .state = (int)step};
    entry->escalated = step;
    node_hold_event(node, cases_save(node->vault, entry), &event);
}

/* When to look again, on the steady clock; INT64_MAX: when it changes. */
static int64_t look_at(struct node *node, struct case_entry *entry, int64_t now_us)
{
    bool ours = entry->mine || entry->erased || entry->revision_count == 0;
    const struct item *newest = ours ? NULL : cases_newest(&node->cases, entry);
    int64_t look_us;
    if (newest == NULL || newest != cases_last(entry))
        return ours ? INT64_MAX : node->steady_us + CLOCK_SECOND_US; /* a commit is under way */
    struct escalation_facts facts = facts_of(node, entry, newest, now_us);
    unsigned step = escalation_step(&node->settings.escalation, &facts, &look_us);
    if (step != 0)
        tell_step(node, entry, newest, step, now_us);
    return look_us == INT64_MAX ? INT64_MAX : node->steady_us + look_us;
}

void node_escalate(struct node *node, int64_t now_us)
{
    struct dues *wakes = &node->cases.wakes;
    for (struct case_entry *entry; (entry = dues_first(wakes, node->steady_us)) != NULL;) {
        int64_t look_us = look_at(node, entry, now_us);
        if (look_us == INT64_MAX)
            dues_end(wakes, &entry->wake);
        else
            dues_set(wakes, &entry->wake, look_us > node->steady_us ? look_us : node->steady_us + 1);
    }
}
