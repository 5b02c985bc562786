/* node_reissue: two nodes with one key (a clone, a store that was put back) can give one number twice. All that read
 * them agree on which of the two stands (envelope_order), so what the people of the other one wrote would silently be
 * gone. Whoever lost says it again, under the next number.
 *
 * But never over a closing: an UPDATE after it would open the case again, and nobody here asked for that. Then the
 * people are told, and decide. */
#include "node/node_inner.h"
#include "proto/log.h"

/* Does the next revision, which we did not know, say that it replaces another one than ours? */
static bool passes_over(const struct item *stands, const struct item *ours)
{
    const Hotline__Replaces *replaces = item_replaces(stands);
    return stands->header->revision == ours->header->revision + 1 && replaces != NULL &&
        replaces->envelope_hash.len == KEY_HASH_BYTES &&
        memcmp(replaces->envelope_hash.data, ours->hash.bytes, KEY_HASH_BYTES) != 0;
}

/* Our own revision that a recovered one stands over, under the same number or passing it over with the next; NULL. */
static struct item *lost_of(const struct case_entry *entry)
{
    if (!entry->mine || entry->erased || entry->revision_count < 2)
        return NULL;
    const struct item *stands = cases_last(entry);
    struct item *lost = entry->revisions[entry->revision_count - 2];
    bool same = stands->header->revision == lost->header->revision || passes_over(stands, lost);
    bool known = item_content(stands) != NULL && item_content(lost) != NULL;
    return same && known && stands->recovered && !lost->recovered ? lost : NULL;
}

static bool is_closing(const struct item *item)
{
    return item_content(item)->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
}

static int say_again(struct node *node, struct case_entry *entry, const struct item *lost, int64_t now_us,
                     struct err_note *note)
{
    const Hotline__Route *route = lost->header->route;
    struct node_draft draft = {
        .content = item_content(lost)->alert,
        .to = (const char *const *)route->countries,
        .to_count = route->n_countries,
    };
    uint64_t ticket;
    if (!is_closing(lost))
        return node_update(node, entry, &draft, now_us, note, &ticket);
    Hotline__Closing closing = *item_content(lost)->closing;
    return node_finish(node, entry, (Hotline__Act__Code)lost->header->act, &closing, now_us, note, &ticket);
}

void node_reissue(struct node *node, struct case_entry *entry, int64_t now_us)
{
    const struct item *lost = lost_of(entry);
    struct err_note note = {""};
    if (lost == NULL)
        return;
    const struct item *stands = cases_last(entry);
    struct node_event event = {.type = NODE_CASE_CONFLICT, .at_us = now_us, .entry = entry, .item = stands};
    node_hold_event(node, vault_ticket(node->vault), &event);
    if (is_closing(stands))
        return;
    int result = say_again(node, entry, lost, now_us, &note);
    if (result != OK)
        log_event(LOG_WARN, "a revision of our own that lost against another is not sent again", "case",
                  entry->reference, "error", err_name(result), "why", note.text, NULL);
}

void node_hold_reissues(struct node *node)
{
    for (size_t i = 0; i < node->cases.count; i++) {
        struct case_entry *entry = node->cases.order[i];
        if (lost_of(entry) != NULL && !is_closing(cases_last(entry)))
            node_hold_reissue(node, 0, entry);
    }
}
