/* node_view: the parts that all documents share, and events. An event never says anything about the child. */
#include "node/node_view.h"

#include "proto/clock.h"
#include "proto/mapper.h"

/* ---- parts ---- */

void node_view_set_time(struct jdoc *object, const char *key, int64_t at_us)
{
    char text[CLOCK_TEXT_MAX];
    clock_format(at_us, text);
    jdoc_set_text(object, key, text);
}

void node_view_set_time_if(struct jdoc *object, const char *key, int64_t at_us)
{
    if (at_us != 0)
        node_view_set_time(object, key, at_us);
}

void node_view_set_text_if(struct jdoc *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        jdoc_set_text(object, key, text);
}

void node_view_set_hex(struct jdoc *object, const char *key, struct slice bytes)
{
    char text[2 * KEY_HASH_BYTES + 1];
    CHECK(bytes.len <= KEY_HASH_BYTES);
    buf_hex(bytes, text);
    jdoc_set_text(object, key, text);
}

void node_view_set_texts(struct jdoc *object, const char *key, char *const *texts, size_t count)
{
    struct jdoc *array = jdoc_set_doc(object, key, jdoc_array());
    for (size_t i = 0; i < count; i++)
        jdoc_add_text(array, texts[i]);
}

const Hotline__Member *node_view_member(const struct node *node, const char *id, size_t *ret_index)
{
    const struct roster *roster = node_directory(node)->roster;
    size_t index = roster_find(roster, id);
    if (index == ROSTER_NONE)
        return NULL;
    if (ret_index != NULL)
        *ret_index = index;
    return roster_member(roster, index);
}

void node_view_set_member(const struct node *node, struct jdoc *object, const char *id)
{
    const Hotline__Member *member = node_view_member(node, id, NULL);
    jdoc_set_text(object, "member", id);
    if (member == NULL)
        return;
    jdoc_set_text(object, "country", member->country);
    jdoc_set_text(object, "name", member->name);
}

const char *node_view_status_name(bool exercise)
{
    return exercise ? "EXERCISE" : "ACTUAL";
}

const char *node_view_urgency_name(const struct item *item)
{
    if (!item->header->has_urgency)
        return NULL;
    return mapper_code_name(&hotline__urgency__code__descriptor, (int)item->header->urgency);
}

bool node_view_is_on_disk(const struct node *node, const struct item *item)
{
    return item->ticket <= vault_committed(node_cases(node)->vault);
}

/* ---- events ---- */

const char *node_view_event_type(enum node_event_type type)
{
    static const char *const names[] = {
        [NODE_CASE_RECEIVED] = "case.received",
        [NODE_CASE_UPDATED] = "case.updated",
        [NODE_CASE_CLOSED] = "case.closed",
        [NODE_CASE_RETRACTED] = "case.retracted",
        [NODE_CASE_EXPIRING] = "case.expiring",
        [NODE_CASE_EXPIRED] = "case.expired",
        [NODE_CASE_REVIEW] = "case.review",
        [NODE_CASE_ESCALATED] = "case.escalated",
        [NODE_CASE_CONFLICT] = "case.conflict",
        [NODE_REPLY_RECEIVED] = "reply.received",
        [NODE_LADDER_CHANGED] = "ladder.changed",
        [NODE_REFERRAL_RECEIVED] = "referral.received",
        [NODE_RELAY_ACCEPTED] = "relay.accepted",
        [NODE_RELAY_REFUSED] = "relay.refused",
        [NODE_RELAY_STATE] = "relay.state",
        [NODE_ROSTER_CHANGED] = "roster.changed",
        [NODE_MEMBERS_CHANGED] = "members.changed",
        [NODE_ALARM] = "alarm",
        [NODE_NOTES_CHANGED] = "notes.changed",
        [NODE_DRAFTS_CHANGED] = "drafts.changed",
        [NODE_CASE_BREAK_GLASS] = "case.break_glass",
        [NODE_POSTER_WITHDRAW] = "poster.withdraw",
        [NODE_DRILL_SENT] = "drill.sent",
        [NODE_DRILL_MISSED] = "drill.missed",
        [NODE_DRILL_REFUSED] = "drill.refused",
    };
    CHECK((size_t)type < sizeof names / sizeof names[0]);
    return names[type];
}

/* Of whom the event tells: a recipient, a writer, or who opened the case. */
static const char *event_member(const struct node_event *event)
{
    if (event->row != NULL)
        return event->row->member;
    if ((event->type == NODE_REPLY_RECEIVED || event->type == NODE_REFERRAL_RECEIVED) && event->item != NULL)
        return event->item->header->sender;
    bool about_relay = event->type == NODE_RELAY_ACCEPTED || event->type == NODE_RELAY_REFUSED;
    return event->entry != NULL && !about_relay ? event->entry->opener : NULL;
}

static void set_case(struct jdoc *object, const struct case_entry *entry)
{
    node_view_set_text_if(object, "reference", entry->reference);
    jdoc_set_text(object, "opener", entry->opener);
    node_view_set_hex(object, "case_id", slice_of(entry->case_id, KEY_UUID_BYTES));
    jdoc_set_text(object, "status", node_view_status_name(entry->exercise));
}

/* What every reader of case.* sorts and alarms by; codes only. */
static void set_content(struct jdoc *object, const struct item *item)
{
    const Hotline__EnvelopeBody *body = item_content(item);
    node_view_set_text_if(object, "urgency", node_view_urgency_name(item));
    if (item->header->route != NULL)
        node_view_set_texts(object, "countries", item->header->route->countries, item->header->route->n_countries);
    jdoc_set_bool(object, "late", item->late);
    if (body == NULL)
        return;
    if (body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT)
        node_view_set_text_if(object, "drill_id", body->alert->drill_id);
    if (body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT && body->alert->has_category)
        node_view_set_text_if(object, "category",
                              mapper_code_name(&hotline__category__code__descriptor, (int)body->alert->category));
    if (body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING && body->closing->has_outcome)
        node_view_set_text_if(object, "outcome",
                              mapper_code_name(&hotline__outcome__code__descriptor, (int)body->closing->outcome));
}

static void set_reply(struct jdoc *object, const struct item *item)
{
    const Hotline__EnvelopeBody *body = item_content(item);
    node_view_set_hex(object, "reply", slice_of(item->id.bytes, KEY_UUID_BYTES));
    if (body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_REPLY && body->reply->has_kind)
        node_view_set_text_if(object, "kind",
                              mapper_code_name(&hotline__reply_kind__code__descriptor, (int)body->reply->kind));
}

static void set_referral(struct jdoc *object, const struct item *item)
{
    if (item_content(item) == NULL)
        return;
    const Hotline__Referral *referral = item_content(item)->referral;
    node_view_set_text_if(object, "reference", referral->reference); /* a mediator holds no case to take it from */
    node_view_set_text_if(object, "urgency", node_view_urgency_name(item));
    node_view_set_hex(object, "referral", wire_slice(referral->referral_id));
    node_view_set_text_if(object, "kind",
                          mapper_code_name(&hotline__referral_act__code__descriptor, (int)referral->act));
}

static void set_relay(struct jdoc *object, const struct node_event *event)
{
    const struct item_relay *relay = event->relay;
    jdoc_set_text(object, "relay", relay->relay);
    if (event->type != NODE_RELAY_REFUSED)
        return;
    node_view_set_text_if(object, "code", mapper_code_name(&hotline__refused_code__code__descriptor, relay->refused));
    node_view_set_text_if(object, "detail", relay->reason);
}

static void set_uplink(struct jdoc *object, const struct uplink *uplink)
{
    jdoc_set_text(object, "relay", uplink->relay);
    jdoc_set_text(object, "state", uplink_state_label(uplink->state));
    if (uplink->state != UPLINK_READY)
        node_view_set_text_if(object, "reason", uplink->reason);
}

static void set_roster(struct jdoc *object, const struct node *node)
{
    const struct roster *roster = node_directory(node)->roster;
    jdoc_set_int(object, "version", (int64_t)roster_version(roster));
    node_view_set_hex(object, "hash", slice_of(roster_hash(roster)->bytes, KEY_HASH_BYTES));
}

static void set_event_member(const struct node *node, struct jdoc *object, const struct node_event *event)
{
    const char *id = event_member(event);
    if (id == NULL)
        return;
    const Hotline__Member *member = node_view_member(node, id, NULL);
    jdoc_set_text(object, "member", id);
    if (member != NULL)
        jdoc_set_text(object, "country", member->country);
    if (member != NULL && event->type == NODE_ALARM)
        node_view_set_text_if(object, "phone", member->emergency_phone);
}

static bool has_delay(enum node_event_type type)
{
    return type == NODE_LADDER_CHANGED || type == NODE_RELAY_ACCEPTED || type == NODE_RELAY_REFUSED;
}

struct jdoc *node_view_event(const struct node *node, const struct node_event *event, uint64_t id)
{
    struct jdoc *object = jdoc_object();
    const struct item *item = event->item;
    jdoc_set_int(object, "id", (int64_t)id);
    jdoc_set_text(object, "type", node_view_event_type(event->type));
    node_view_set_time(object, "at", event->at_us);
    if (event->entry != NULL)
        set_case(object, event->entry);
    set_event_member(node, object, event);
    if (item != NULL && item_is_case(item))
        jdoc_set_int(object, "revision", item->header->revision);
    if (item != NULL && event->type <= NODE_CASE_CONFLICT)
        set_content(object, item);
    if (item != NULL && (event->type == NODE_CASE_EXPIRING || event->type == NODE_CASE_EXPIRED))
        node_view_set_time(object, "expires_at", item->header->expires_at_us);
    if (event->type == NODE_CASE_REVIEW)
        node_view_set_time_if(object, "review_at", event->entry->review_told_us);
    if (item != NULL && event->type == NODE_REPLY_RECEIVED)
        set_reply(object, item);
    if (item != NULL && event->type == NODE_REFERRAL_RECEIVED)
        set_referral(object, item);
    if (event->type == NODE_LADDER_CHANGED)
        jdoc_set_text(object, "state", receipt_state_name(event->state));
    if (event->type == NODE_ALARM)
        jdoc_set_text(object, "step", receipt_state_name(event->state));
    if (event->type == NODE_CASE_ESCALATED)
        jdoc_set_int(object, "escalation", event->state);
    if (event->type == NODE_CASE_BREAK_GLASS && event->entry->second_count > 0)
        jdoc_set_text(object, "by", event->entry->seconds[event->entry->second_count - 1].by);
    if (event->type == NODE_POSTER_WITHDRAW)
        jdoc_set_int(object, "count", event->state);
    if (event->type >= NODE_DRILL_SENT && event->type <= NODE_DRILL_REFUSED)
        node_view_set_hex(object, "drill", slice_of(event->draft.bytes, KEY_UUID_BYTES));
    if (event->type == NODE_DRAFTS_CHANGED) {
        node_view_set_hex(object, "draft", slice_of(event->draft.bytes, KEY_UUID_BYTES));
        jdoc_set_bool(object, "approved", event->state != 0);
    }
    if (event->relay != NULL)
        set_relay(object, event);
    if (event->uplink != NULL)
        set_uplink(object, event->uplink);
    if (event->type == NODE_ROSTER_CHANGED)
        set_roster(object, node);
    if (has_delay(event->type))
        jdoc_set_int(object, "after_ms", event->after_us / CLOCK_MS_US);
    return object;
}
