/* node_view_case: cases as lists and people see them. What was erased is absent, never made up. */
#include <stdlib.h>
#include <string.h>

#include "node/node_blob.h"
#include "node/node_view.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/closing.h"
#include "proto/country.h"
#include "proto/mapper.h"
#include "proto/reply.h"

/* ---- what a revision says ---- */

static const Hotline__Case *alert_of(const struct item *item)
{
    const Hotline__EnvelopeBody *body = item != NULL ? item_content(item) : NULL;
    return body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT ? body->alert : NULL;
}

static const Hotline__Closing *closing_of(const struct item *item)
{
    const Hotline__EnvelopeBody *body = item != NULL ? item_content(item) : NULL;
    return body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING ? body->closing : NULL;
}

static const Hotline__Reply *reply_of(const struct item *item)
{
    const Hotline__EnvelopeBody *body = item_content(item);
    return body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_REPLY ? body->reply : NULL;
}

/* ---- CaseSummary ---- */

static void set_identity(const struct node *node, struct jdoc *view, const struct case_entry *entry, int64_t now_us)
{
    size_t index;
    const Hotline__Member *opener = node_view_member(node, entry->opener, &index);
    jdoc_set_text(view, "reference", entry->reference);
    jdoc_set_text(view, "member", entry->opener);
    if (opener != NULL)
        jdoc_set_text(view, "country", opener->country);
    if (!entry->mine)
        jdoc_set_bool(view, "opener_withdrawn",
                      opener == NULL ||
                          roster_standing(node_directory(node)->roster, index, now_us) ==
                              HOTLINE__STANDING__CODE__WITHDRAWN);
    node_view_set_hex(view, "case_id", slice_of(entry->case_id, KEY_UUID_BYTES));
    jdoc_set_bool(view, "mine", entry->mine);
    jdoc_set_text(view, "status", node_view_status_name(entry->exercise));
}

static void set_route(struct jdoc *view, const struct item *newest)
{
    const Hotline__Route *route = newest->header->route; /* no header is without one */
    jdoc_set_bool(view, "restricted", route->restricted);
    node_view_set_texts(view, "countries", route->countries, route->n_countries);
}

static void set_category(struct jdoc *view, int category)
{
    if (category != 0)
        node_view_set_text_if(view, "category", mapper_code_name(&hotline__category__code__descriptor, category));
}

static void set_outcome(struct jdoc *view, int outcome)
{
    if (outcome != 0)
        node_view_set_text_if(view, "outcome", mapper_code_name(&hotline__outcome__code__descriptor, outcome));
}

/* What a tombstone still knows, where the content is gone. */
static void set_remains(struct jdoc *view, const struct case_tombstone *tombstone)
{
    set_category(view, tombstone->category);
    set_outcome(view, tombstone->outcome);
    node_view_set_text_if(view, "drill_id", tombstone->drill_id[0] != '\0' ? tombstone->drill_id : NULL);
    node_view_set_time_if(view, "opened_at", tombstone->opened_at_us);
}

static void set_alert(struct jdoc *view, const Hotline__Case *alert)
{
    if (alert == NULL)
        return;
    if (alert->has_category)
        set_category(view, (int)alert->category);
    node_view_set_text_if(view, "drill_id", alert->drill_id);
    if (alert->has_review_at)
        node_view_set_time(view, "review_at", alert->review_at);
    const Hotline__Description *described = alert->child;
    if (described == NULL)
        return;
    struct jdoc *child = jdoc_set_doc(view, "child", jdoc_object());
    const char *alias = described->n_aliases > 0 ? described->aliases[0] : NULL;
    node_view_set_text_if(child, "given_name", described->given_name != NULL ? described->given_name : alias);
    if (described->has_age_years)
        jdoc_set_int(child, "age_years", described->age_years);
}

static void set_times(struct jdoc *view, const struct case_entry *entry, const struct item *newest)
{
    const struct item *first = entry->revisions[0];
    node_view_set_time(view, "sent_at", newest->header->sent_at_us);
    if (first->header->revision == 1)
        node_view_set_time(view, "opened_at", first->header->sent_at_us);
    if (!newest->mine)
        node_view_set_time(view, "received_at", newest->at_us);
    node_view_set_time_if(view, "expires_at", newest->header->expires_at_us);
    jdoc_set_bool(view, "late", newest->late);
}

static void set_acknowledged(struct jdoc *view, const struct case_entry *entry, const struct item *newest)
{
    bool acknowledged = entry->acknowledged_at_us != 0 && entry->acknowledged_revision >= newest->header->revision;
    jdoc_set_bool(view, "acknowledged", acknowledged);
    if (acknowledged)
        node_view_set_time(view, "acknowledged_at", entry->acknowledged_at_us);
    if (entry->mine || newest->receipt_state != HOTLINE__RECEIPT_STATE__CODE__DECLINED)
        return;
    node_view_set_time(view, "declined_at", newest->receipt_at_us);
    if (newest->decline != 0)
        node_view_set_text_if(view, "decline_code",
                              mapper_code_name(&hotline__decline_code__code__descriptor, newest->decline));
}

struct jdoc *node_view_summary(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    const struct cases *cases = node_cases(node);
    const struct item *newest = cases_newest(cases, entry);
    CHECK(newest != NULL);
    const Hotline__Closing *closing = closing_of(newest);
    struct jdoc *view = jdoc_object();
    set_identity(node, view, entry, now_us);
    jdoc_set_int(view, "revision", newest->header->revision);
    jdoc_set_text(view, "state", cases_state_name(node_state(node, entry, now_us)));
    node_view_set_text_if(view, "urgency", node_view_urgency_name(newest));
    set_route(view, newest);
    if (entry->tombstone != NULL && entry->erased)
        set_remains(view, entry->tombstone);
    set_alert(view, alert_of(cases_shown(cases, entry)));
    set_times(view, entry, newest);
    set_acknowledged(view, entry, newest);
    if (closing != NULL)
        set_outcome(view, (int)closing->outcome);
    return view;
}

/* ---- the ladder ---- */

/* The newest revision that this recipient acknowledged; 0 none. */
static uint32_t acknowledged_revision(const struct case_entry *entry, const char *member)
{
    for (size_t i = entry->revision_count; i > 0; i--) {
        const struct ladder_row *row = item_row(entry->revisions[i - 1], member);
        if (row != NULL && row->state_at_us[HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED] != 0)
            return entry->revisions[i - 1]->header->revision;
    }
    return 0;
}

/* Deadlines are for DELIVERED, SHOWN, ACKNOWLEDGED, whose codes follow each other as their bits do. */
bool node_view_is_late(const struct ladder_row *row)
{
    for (int step = HOTLINE__RECEIPT_STATE__CODE__DELIVERED; step <= HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED;
         step++) {
        bool alarmed = (row->alarmed & (1u << (step - HOTLINE__RECEIPT_STATE__CODE__DELIVERED))) != 0;
        if (alarmed && row->state < step)
            return true;
    }
    return false;
}

static void set_row_times(struct jdoc *view, const struct ladder_row *row)
{
    static const char *const keys[ITEM_STATES] = {
        [0] = "queued_at",
        [HOTLINE__RECEIPT_STATE__CODE__DELIVERED] = "delivered_at",
        [HOTLINE__RECEIPT_STATE__CODE__SHOWN] = "shown_at",
        [HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED] = "acknowledged_at",
        [HOTLINE__RECEIPT_STATE__CODE__DECLINED] = "declined_at",
        [HOTLINE__RECEIPT_STATE__CODE__ERASED] = "erased_at",
    };
    for (size_t state = 0; state < ITEM_STATES; state++)
        node_view_set_time_if(view, keys[state], row->state_at_us[state]);
    node_view_set_time_if(view, "backup_until", row->backup_until_us);
}

static void set_row_note(struct jdoc *view, const struct ladder_row *row)
{
    char note[64];
    const char *code = row->unreadable != 0 && row->state == 0 ?
        mapper_code_name(&hotline__unreadable_code__code__descriptor, row->unreadable) :
        NULL;
    if (code == NULL)
        return;
    snprintf(note, sizeof note, "unreadable there: %s", code);
    jdoc_set_text(view, "note", note);
}

static struct jdoc *view_row(const struct node *node, const struct case_entry *entry, const struct ladder_row *row)
{
    size_t index = 0;
    const Hotline__Member *member = node_view_member(node, row->member, &index);
    uint32_t acknowledged = acknowledged_revision(entry, row->member);
    struct jdoc *view = jdoc_object();
    node_view_set_member(node, view, row->member);
    jdoc_set_text(view, "state", receipt_state_name(row->state));
    set_row_times(view, row);
    if (row->decline != 0)
        node_view_set_text_if(view, "decline_code",
                              mapper_code_name(&hotline__decline_code__code__descriptor, row->decline));
    if (acknowledged != 0)
        jdoc_set_int(view, "acknowledged_revision", acknowledged);
    if (member != NULL) {
        node_view_set_text_if(view, "phone", member->emergency_phone);
        jdoc_set_bool(view, "connected", node_directory(node)->members[index].connected);
    }
    jdoc_set_bool(view, "late", node_view_is_late(row));
    jdoc_set_int(view, "photos", row->photos);
    node_view_set_time_if(view, "photos_at", row->photos_at_us);
    set_row_note(view, row);
    return view;
}

struct sorted_row {
    const char *country;
    const struct ladder_row *row;
};

static int by_country_and_member(const void *a, const void *b)
{
    const struct sorted_row *left = a, *right = b;
    int order = strcmp(left->country, right->country);
    return order != 0 ? order : strcmp(left->row->member, right->row->member);
}

static void set_ladder(const struct node *node, struct jdoc *view, const struct case_entry *entry,
                       const struct item *newest)
{
    struct jdoc *ladder = jdoc_set_doc(view, "ladder", jdoc_array());
    size_t count = newest->mine ? newest->ladder_count : 0;
    struct sorted_row *rows = calloc(count + 1, sizeof *rows);
    CHECK(rows != NULL);
    for (size_t i = 0; i < count; i++) {
        const Hotline__Member *member = node_view_member(node, newest->ladder[i].member, NULL);
        rows[i] = (struct sorted_row){member != NULL ? member->country : "", &newest->ladder[i]};
    }
    qsort(rows, count, sizeof *rows, by_country_and_member);
    for (size_t i = 0; i < count; i++)
        jdoc_add_doc(ladder, view_row(node, entry, rows[i].row));
    free(rows);
}

/* ---- at the relays ---- */

static struct jdoc *view_at_relay(const struct item *item, const char *relay_id)
{
    const struct item_relay *relay = item_relay(item, relay_id);
    enum item_relay_state state = relay != NULL ? relay->state : ITEM_WAITING;
    struct jdoc *view = jdoc_object();
    jdoc_set_text(view, "relay", relay_id);
    jdoc_set_text(view, "state", state == ITEM_ACCEPTED ? "ACCEPTED" : state == ITEM_REFUSED ? "REFUSED" : "WAITING");
    if (relay == NULL || (state != ITEM_ACCEPTED && relay->refused == 0))
        return view;
    int64_t after_us = relay->at_us - item->at_us;
    node_view_set_time_if(view, "at", relay->at_us);
    jdoc_set_int(view, "after_ms", after_us > 0 ? after_us / CLOCK_MS_US : 0);
    if (relay->refused != 0) { /* while WAITING too: a passing refusal: it is sent again */
        node_view_set_text_if(view, "code", mapper_code_name(&hotline__refused_code__code__descriptor, relay->refused));
        node_view_set_text_if(view, "detail", relay->reason);
    }
    return view;
}

static void set_relays(const struct node *node, struct jdoc *view, const struct item *newest)
{
    struct jdoc *relays = jdoc_set_doc(view, "relays", jdoc_array());
    struct jdoc *unreached = jdoc_set_doc(view, "unreached", jdoc_array());
    struct jdoc *left_out = jdoc_set_doc(view, "left_out", jdoc_array());
    jdoc_set_int(view, "accepted_by", newest->mine ? (int64_t)item_accepted_by(newest) : 0);
    jdoc_set_int(view, "accepted_needed", (int64_t)node_accepted_needed(node));
    if (!newest->mine)
        return;
    for (size_t slot = 0; slot < node_uplink_count(node); slot++)
        jdoc_add_doc(relays, view_at_relay(newest, node_uplink(node, slot)->relay));
    for (size_t i = 0; i < newest->unreached_count; i++)
        jdoc_add_text(unreached, newest->unreached[i]);
    size_t room = sizeof newest->left_out / sizeof newest->left_out[0];
    for (size_t i = 0; i < newest->left_out_count && i < room; i++)
        jdoc_add_text(left_out, newest->left_out[i]);
}

/* ---- CaseView ---- */

static void set_shown(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    const struct cases *cases = node_cases(node);
    const Hotline__Case *alert = alert_of(cases_shown(cases, entry));
    const Hotline__Closing *closing = closing_of(cases_newest(cases, entry));
    struct jdoc *part = NULL;
    if (alert != NULL && case_to_json(alert, &part) == OK)
        jdoc_set_doc(view, "case", part);
    if (closing != NULL && closing_to_json(closing, &part) == OK)
        jdoc_set_doc(view, "closing", part);
}

/* How many the case has, how many of them are here whole, and which were refused. */
static void set_photos(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    const struct item *shown = cases_shown(node_cases(node), entry);
    const Hotline__Case *alert = alert_of(shown);
    jdoc_set_int(view, "photos", alert != NULL ? (int64_t)alert->n_photos : 0);
    jdoc_set_int(view, "photos_here", shown != NULL ? node_blob_count(node, shown) : 0);
    struct jdoc *refused = NULL;
    for (size_t i = 0; alert != NULL && i < alert->n_photos; i++) {
        if (!node_blob_is_refused(node, shown, i))
            continue;
        refused = refused != NULL ? refused : jdoc_set_doc(view, "photos_refused", jdoc_array());
        jdoc_add_int(refused, (int64_t)i + 1);
    }
}

static void set_opener(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    const Hotline__Member *opener = node_view_member(node, entry->opener, NULL);
    if (opener == NULL)
        return;
    node_view_set_text_if(view, "opener_name", opener->name);
    node_view_set_text_if(view, "phone", opener->emergency_phone);
}

static void set_acknowledgement(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    if (entry->mine || entry->acknowledged_at_us == 0)
        return;
    struct jdoc *own = jdoc_set_doc(view, "acknowledgement", jdoc_object());
    node_view_set_time(own, "at", entry->acknowledged_at_us);
    jdoc_set_int(own, "revision", entry->acknowledged_revision);
    node_view_set_text_if(own, "as", entry->acknowledged_as);
    jdoc_set_int(own, "accepted_by", (int64_t)node_acknowledgement_taken(node, entry));
}

struct jdoc *node_view_thread_entry(const struct node *node, const struct item *item)
{
    const Hotline__Member *writer = node_view_member(node, item->header->sender, NULL);
    const Hotline__Reply *reply = reply_of(item);
    struct jdoc *view = NULL;
    if (reply == NULL || reply_to_json(reply, &view) != OK)
        view = jdoc_object();
    node_view_set_hex(view, "id", slice_of(item->id.bytes, KEY_UUID_BYTES));
    jdoc_set_text(view, "from", item->header->sender);
    if (writer != NULL) {
        jdoc_set_text(view, "from_name", writer->name);
        jdoc_set_text(view, "country", writer->country);
    }
    jdoc_set_bool(view, "mine", item->mine);
    node_view_set_time(view, "at",
                       reply != NULL && reply->has_written_at ? reply->written_at : item->header->sent_at_us);
    if (!item->mine) {
        node_view_set_time(view, "received_at", item->at_us);
        return view;
    }
    const Hotline__Route *route = item->header->route;
    if (route->n_members > 0)
        jdoc_set_text(view, "to", route->members[0]);
    jdoc_set_text(view, "state", item_is_answered(item) ? "DELIVERED" : "QUEUED");
    jdoc_set_int(view, "accepted_by", (int64_t)item_accepted_by(item));
    return view;
}

static void set_thread(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    struct jdoc *thread = jdoc_set_doc(view, "thread", jdoc_array());
    for (size_t i = 0; i < entry->thread_count; i++)
        if (node_view_is_on_disk(node, entry->thread[i]) &&
            entry->thread[i]->header->kind == HOTLINE__KIND__CODE__REPLY)
            jdoc_add_doc(thread, node_view_thread_entry(node, entry->thread[i]));
}

static struct jdoc *view_revision(const struct node *node, const struct item *item)
{
    struct jdoc *view = jdoc_object();
    jdoc_set_int(view, "revision", item->header->revision);
    jdoc_set_text(view, "act", mapper_code_name(&hotline__act__code__descriptor, (int)item->header->act));
    node_view_set_time(view, "sent_at", item->header->sent_at_us);
    node_view_set_time(view, item->mine ? "committed_at" : "received_at", item->at_us);
    node_view_set_time_if(view, "expires_at", item->header->expires_at_us);
    node_view_set_hex(view, "envelope_id", slice_of(item->id.bytes, KEY_UUID_BYTES));
    node_view_set_hex(view, "envelope_hash", slice_of(item->hash.bytes, KEY_HASH_BYTES));
    jdoc_set_bool(view, "late", item->late);
    const Hotline__Replaces *replaces = item_replaces(item);
    if (replaces != NULL) {
        struct jdoc *before = jdoc_set_doc(view, "replaces", jdoc_object());
        jdoc_set_int(before, "revision", replaces->revision);
        if (replaces->has_envelope_hash && replaces->envelope_hash.len == KEY_HASH_BYTES)
            node_view_set_hex(before, "envelope_hash", wire_slice(replaces->envelope_hash));
        jdoc_set_bool(before, "wrong", node_replaces_wrongly(node, item));
    }
    return view;
}

static void set_revisions(const struct node *node, struct jdoc *view, const struct case_entry *entry)
{
    struct jdoc *revisions = jdoc_set_doc(view, "revisions", jdoc_array());
    for (size_t i = entry->revision_count; i > 0; i--)
        if (node_view_is_on_disk(node, entry->revisions[i - 1]))
            jdoc_add_doc(revisions, view_revision(node, entry->revisions[i - 1]));
}

struct jdoc *node_view_case(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    const struct item *newest = cases_newest(node_cases(node), entry);
    struct jdoc *view = node_view_summary(node, entry, now_us);
    set_opener(node, view, entry);
    set_shown(node, view, entry);
    set_photos(node, view, entry);
    set_acknowledgement(node, view, entry);
    node_view_set_life(node, view, entry, now_us);
    set_ladder(node, view, entry, newest);
    set_relays(node, view, newest);
    set_thread(node, view, entry);
    set_revisions(node, view, entry);
    return view;
}

struct jdoc *node_view_candidates(const struct node *node, struct case_entry *const *entries, size_t count,
                                  int64_t now_us)
{
    struct jdoc *array = jdoc_array();
    for (size_t i = 0; i < count; i++) {
        struct jdoc *one = jdoc_add_doc(array, jdoc_object());
        jdoc_set_text(one, "member", entries[i]->opener);
        jdoc_set_text(one, "reference", entries[i]->reference);
        node_view_set_hex(one, "case_id", slice_of(entries[i]->case_id, KEY_UUID_BYTES));
        jdoc_set_text(one, "status", node_view_status_name(entries[i]->exercise));
        jdoc_set_text(one, "state", cases_state_name(node_state(node, entries[i], now_us)));
    }
    return array;
}

/* ---- DryRun ---- */

static bool is_concerned(const struct node_draft *draft, const char *country)
{
    for (size_t i = 0; i < draft->to_count; i++)
        if (strcmp(draft->to[i], country) == 0)
            return true;
    return false;
}

static void add_recipient(const struct node *node, const struct node_draft *draft, size_t index, struct jdoc *array)
{
    const Hotline__Member *member = roster_member(node_directory(node)->roster, index);
    struct jdoc *one = jdoc_add_doc(array, jdoc_object());
    node_view_set_member(node, one, member->id);
    jdoc_set_text(one, "why", is_concerned(draft, member->country) ? "CONCERNED" : "SUBSCRIBED");
    jdoc_set_bool(one, "connected", node_directory(node)->members[index].connected);
    node_view_set_text_if(one, "phone", member->emergency_phone);
}

static void add_other(const struct node *node, size_t index, int64_t now_us, struct jdoc *array)
{
    const struct roster *roster = node_directory(node)->roster;
    struct jdoc *one = jdoc_add_doc(array, jdoc_object());
    node_view_set_member(node, one, roster_member(roster, index)->id);
    jdoc_set_text(one, "standing",
                  mapper_code_name(&hotline__standing__code__descriptor, (int)roster_standing(roster, index, now_us)));
}

struct jdoc *node_view_plan(const struct node *node, const struct node_draft *draft, const struct node_plan *plan,
                            int64_t now_us)
{
    const struct directory *directory = node_directory(node);
    struct jdoc *view = jdoc_object();
    jdoc_set_bool(view, "dry_run", true);
    jdoc_set_text(view, "status", node_view_status_name(draft->exercise));
    jdoc_set_bool(view, "restricted", draft->restricted);
    struct jdoc *to = jdoc_set_doc(view, "to", jdoc_array());
    for (size_t i = 0; i < draft->to_count; i++)
        jdoc_add_text(to, draft->to[i]);
    struct jdoc *recipients = jdoc_set_doc(view, "recipients", jdoc_array());
    struct jdoc *others = jdoc_set_doc(view, "not_recipients", jdoc_array());
    for (size_t i = 0; i < roster_member_count(directory->roster); i++) {
        if (route_set_has(&plan->recipients, i))
            add_recipient(node, draft, i, recipients);
        else if (i != directory->self)
            add_other(node, i, now_us, others);
    }
    struct jdoc *unreached = jdoc_set_doc(view, "unreached", jdoc_array());
    for (size_t i = 0; i < plan->unreached_count; i++)
        jdoc_add_text(unreached, country_code(plan->unreached[i]));
    return view;
}
