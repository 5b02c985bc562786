/* node_drafts: what people do with drafts, and their end; in which ways an update reaches further. Nothing here leaves
 * the node. */
#include "node/node_blob.h"
#include "node/node_inner.h"
#include "node/node_make.h"
#include "proto/seal.h"

const struct drafts *node_drafts(const struct node *node)
{
    return &node->drafts;
}

/* Stamped by the clock that erasing follows: a wrong one must not end a draft early. */
static struct drafts_words stamped(const struct node *node, const struct drafts_words *words, int64_t now_us)
{
    struct drafts_words stamped = *words;
    (void)node_final_us(node, now_us, &stamped.at_us);
    return stamped;
}

int node_draft_new(struct node *node, const struct drafts_words *words, int64_t now_us, struct err_note *note,
                   struct draft **ret_draft)
{
    struct drafts_words now = stamped(node, words, now_us);
    int result = node_check_disk(node, note);
    return result == OK ? drafts_add(&node->drafts, node->vault, &now, note, ret_draft) : result;
}

int node_draft_change(struct node *node, struct draft *draft, const struct drafts_words *words, int64_t now_us,
                      struct err_note *note)
{
    struct drafts_words now = stamped(node, words, now_us);
    int result = node_check_disk(node, note);
    return result == OK ? drafts_change(node->vault, draft, &now) : result;
}

const struct node_settings *node_settings(const struct node *node)
{
    return &node->settings;
}

const struct approval_policy *node_approval_policy(const struct node *node)
{
    return &node->settings.approval;
}

uint64_t node_draft_approve(struct node *node, struct draft *draft, const char *by, int64_t now_us)
{
    const struct node_event event = {
        .type = NODE_DRAFTS_CHANGED, .at_us = now_us, .draft = draft->id, .state = by != NULL};
    uint64_t ticket = drafts_approve(node->vault, draft, by, now_us);
    node_hold_event(node, ticket, &event);
    return ticket;
}

static int publicity_of(const Hotline__Case *alert)
{
    const Hotline__Publicity *publicity = alert != NULL ? alert->publicity : NULL;
    return publicity != NULL && publicity->has_level ? (int)publicity->level : 0;
}

static int category_of(const Hotline__Case *alert)
{
    return alert != NULL && alert->has_category ? (int)alert->category : 0;
}

static bool has_country(const Hotline__Route *route, const char *code)
{
    for (size_t i = 0; i < route->n_countries; i++)
        if (strcmp(route->countries[i], code) == 0)
            return true;
    return false;
}

unsigned node_update_widens(const struct node *node, const struct case_entry *entry, const struct node_draft *draft)
{
    const struct item *newest = cases_last(entry);
    const struct item *shown = cases_shown(&node->cases, entry); /* absent after an erasure: then all is more */
    const Hotline__Case *before = shown != NULL ? item_content(shown)->alert : NULL;
    struct approval_change change = {
        .more_photos = node_photo_adds(shown, draft->content),
        .publicity_before = publicity_of(before),
        .publicity_after = publicity_of(draft->content),
        .category_before = category_of(before),
        .category_after = category_of(draft->content),
    };
    if (before == NULL && entry->tombstone != NULL)
        change.category_before = entry->tombstone->category;
    for (size_t i = 0; i < draft->to_count; i++)
        change.more_countries = change.more_countries || !has_country(newest->header->route, draft->to[i]);
    return approval_widens(&change);
}

struct drills *node_drills(struct node *node)
{
    return &node->drills;
}

void node_drill_told(struct node *node, struct drill *drill, const struct case_entry *entry, int64_t now_us)
{
    static const enum node_event_type types[DRILL_STATES] = {
        [DRILL_SENT] = NODE_DRILL_SENT, [DRILL_MISSED] = NODE_DRILL_MISSED, [DRILL_REFUSED] = NODE_DRILL_REFUSED};
    const struct node_event event = {.type = types[drill->state], .at_us = now_us, .entry = entry, .draft = drill->id};
    node_hold_event(node, drills_save(node->vault, drill), &event);
}

uint64_t node_case_second(struct node *node, struct case_entry *entry, const struct case_second *second, int64_t now_us)
{
    const struct node_event event = {.type = NODE_CASE_BREAK_GLASS,
                                     .at_us = now_us,
                                     .entry = entry,
                                     .item = cases_last(entry)};
    struct case_second of_newest = *second;
    of_newest.revision = cases_last(entry)->header->revision;
    CHECK(cases_add_second(entry, &of_newest) == OK); /* the revision is in the turn: never without it */
    seal_wipe(&of_newest, sizeof of_newest);
    uint64_t ticket = cases_save(node->vault, entry);
    if (second->reason[0] != '\0')
        node_hold_event(node, ticket, &event);
    return ticket;
}

uint64_t node_draft_erase(struct node *node, struct draft *draft)
{
    node->truncates = true;
    return drafts_erase(&node->drafts, node->vault, draft);
}
