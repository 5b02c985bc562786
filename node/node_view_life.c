/* node_view_life: what a case's view says of its end and of what came after it: who has erased it, who is not known to
 * have, and which case continues it. Says nothing that was erased. */
#include <string.h>

#include "node/node_view.h"

/* ---- erasure ---- */

/* When a receipt or an envelope of this member was last dated; 0 never. Its own clock, as it signed. */
static int64_t last_heard(const struct node *node, const char *member)
{
    const struct cases *cases = node_cases(node);
    int64_t last_us = 0;
    for (size_t c = 0; c < cases->count; c++) {
        const struct case_entry *entry = cases->order[c];
        for (size_t r = 0; r < entry->revision_count; r++) {
            const struct item *item = entry->revisions[r];
            const struct ladder_row *row = item->mine ? item_row(item, member) : NULL;
            if (!item->mine && strcmp(item->header->sender, member) == 0 && item->at_us > last_us)
                last_us = item->at_us;
            if (row != NULL && row->heard_us > last_us)
                last_us = row->heard_us;
            for (size_t s = HOTLINE__RECEIPT_STATE__CODE__DELIVERED; row != NULL && s < ITEM_STATES; s++)
                last_us = row->state_at_us[s] > last_us ? row->state_at_us[s] : last_us;
        }
    }
    return last_us;
}

static void add_holder(const struct node *node, struct jdoc *array, const char *member, int64_t now_us)
{
    size_t index = 0;
    bool known = node_view_member(node, member, &index) != NULL;
    bool withdrawn =
        !known || roster_standing(node_directory(node)->roster, index, now_us) == HOTLINE__STANDING__CODE__WITHDRAWN;
    struct jdoc *one = jdoc_add_doc(array, jdoc_object());
    node_view_set_member(node, one, member);
    node_view_set_time_if(one, "last_heard_at", last_heard(node, member));
    jdoc_set_bool(one, "withdrawn", withdrawn);
}

/* Counted on the newest revision, which goes to everybody who ever held the case. */
static void set_erased_by(const struct node *node, struct jdoc *view, const struct item *newest, int64_t now_us)
{
    struct jdoc *others = jdoc_set_doc(view, "not_erased", jdoc_array());
    size_t erased = 0, all = 0;
    for (size_t i = 0; i < newest->ladder_count; i++) {
        const struct ladder_row *row = &newest->ladder[i];
        bool done = row->state == HOTLINE__RECEIPT_STATE__CODE__ERASED;
        all++;
        erased += done;
        if (!done)
            add_holder(node, others, row->member, now_us);
    }
    jdoc_set_int(view, "erased_by", (int64_t)erased);
    jdoc_set_int(view, "erased_of", (int64_t)all);
}

/* ---- handover ---- */

static const Hotline__Case *shown_of(const struct node *node, const struct case_entry *entry)
{
    const struct item *shown = cases_shown(node_cases(node), entry);
    return shown != NULL ? item_content(shown)->alert : NULL;
}

/* Only the member that the closing named continues a case: nobody else can claim to. */
static void set_continued(const struct node *node, struct jdoc *view, const struct case_entry *entry,
                          const struct item *newest)
{
    const struct cases *cases = node_cases(node);
    const Hotline__EnvelopeBody *body = item_content(newest);
    const char *taker = body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING ?
        body->closing->taken_over_by :
        NULL;
    if (taker == NULL)
        return;
    struct jdoc *array = jdoc_set_doc(view, "continued_as", jdoc_array());
    for (size_t i = 0; i < cases->count; i++) {
        const Hotline__Case *alert = shown_of(node, cases->order[i]);
        const Hotline__Handover *from = alert != NULL ? alert->taken_over_from : NULL;
        if (from == NULL || strcmp(cases->order[i]->opener, taker) != 0 || from->member == NULL ||
            strcmp(from->member, entry->opener) != 0 ||
            !slice_equal(wire_slice(from->case_id), slice_of(entry->case_id, KEY_UUID_BYTES)))
            continue;
        struct jdoc *one = jdoc_add_doc(array, jdoc_object());
        jdoc_set_text(one, "member", cases->order[i]->opener);
        jdoc_set_text(one, "reference", cases->order[i]->reference);
    }
}

/* ---- the second person ---- */

static void fill_second(struct jdoc *part, const struct case_second *second)
{
    bool broken = second->reason[0] != '\0';
    node_view_set_text_if(part, "break_glass", second->reason);
    jdoc_set_text(part, broken ? "break_glass_by" : "approved_by", second->by);
    node_view_set_time(part, broken ? "break_glass_at" : "approved_at", second->at_us);
}

static void set_seconds(struct jdoc *view, const struct case_entry *entry)
{
    if (entry->second_count == 0)
        return;
    if (entry->seconds[0].revision == 1)
        fill_second(jdoc_set_doc(view, "approval", jdoc_object()), &entry->seconds[0]);
    struct jdoc *list = jdoc_set_doc(view, "approvals", jdoc_array());
    for (size_t i = 0; i < entry->second_count; i++) {
        struct jdoc *one = jdoc_add_doc(list, jdoc_object());
        jdoc_set_int(one, "revision", entry->seconds[i].revision);
        fill_second(one, &entry->seconds[i]);
    }
}

static void set_posters(const struct node *node, struct jdoc *view, const struct case_entry *entry, int64_t now_us)
{
    struct node_poster_count count = node_poster_count(node, entry, now_us);
    if (count.registered == 0)
        return;
    struct jdoc *part = jdoc_set_doc(view, "posters", jdoc_object());
    jdoc_set_int(part, "registered", (int64_t)count.registered);
    jdoc_set_int(part, "withdraw", (int64_t)count.withdraw);
}

void node_view_set_life(const struct node *node, struct jdoc *view, const struct case_entry *entry, int64_t now_us)
{
    const struct item *newest = cases_newest(node_cases(node), entry);
    if (entry->erased && entry->tombstone != NULL)
        node_view_set_time_if(view, "erased_at", entry->tombstone->erased_at_us);
    if (entry->mine && node_state(node, entry, now_us) != CASE_OPEN)
        set_erased_by(node, view, newest, now_us);
    set_continued(node, view, entry, newest);
    set_seconds(view, entry);
    set_posters(node, view, entry, now_us);
}
