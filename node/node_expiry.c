/*
 * node_expiry: a case whose time runs out is told to people: to its publisher while there is time to renew it and when
 * its review is due, to everybody who holds it when it is over. Each once, over restarts too: what was told is kept
 * with the case, as the time that it was told of, so that a renewed case is told of again.
 */
#include "node/node_inner.h"
#include "proto/clock.h"

#define NEAR_PART 4                      /* a quarter of the validity ... */
#define NEAR_MOST_US (6 * CLOCK_HOUR_US) /* ... or this, whichever is shorter */
#define SETTLE_US CLOCK_MINUTE_US        /* without a relay's word a start waits for it this long */

/* Since when the case has had this end: its renewals begin a new validity, other updates do not. */
static int64_t near_us(const struct case_entry *entry, const struct item *newest)
{
    int64_t until_us = newest->header->expires_at_us, since_us = newest->header->sent_at_us;
    for (size_t i = entry->revision_count; i-- > 0;) {
        const Hotline__EnvelopeHeader *header = entry->revisions[i]->header;
        if (header->expires_at_us == until_us && header->sent_at_us < since_us)
            since_us = header->sent_at_us;
    }
    int64_t part_us = (until_us - since_us) / NEAR_PART;
    return part_us < NEAR_MOST_US ? part_us : NEAR_MOST_US;
}

static void tell(struct node *node, struct case_entry *entry, const struct item *item, enum node_event_type type,
                 int64_t now_us)
{
    struct node_event event = {.type = type, .at_us = now_us, .entry = entry, .item = item};
    cases_touch(&node->cases, entry, now_us);
    node_hold_event(node, cases_save(node->vault, entry), &event);
}

static void look_at(struct node *node, struct case_entry *entry, int64_t now_us, int64_t surely_us)
{
    const struct item *newest = cases_newest(&node->cases, entry), *shown = cases_shown(&node->cases, entry);
    if (newest == NULL || shown != newest)
        return; /* closed, or erased */
    int64_t until_us = newest->header->expires_at_us, left_us = until_us - surely_us;
    if (left_us < 0 && entry->expired_told_us != until_us) {
        entry->expired_told_us = until_us;
        tell(node, entry, newest, NODE_CASE_EXPIRED, now_us);
    }
    if (left_us < 0 || !entry->mine)
        return;
    if (left_us <= NEAR_MOST_US && entry->expiring_told_us != until_us && left_us <= near_us(entry, newest)) {
        entry->expiring_told_us = until_us;
        tell(node, entry, newest, NODE_CASE_EXPIRING, now_us);
    }
    int64_t review_us = shown->review_at_us;
    if (review_us != 0 && review_us <= surely_us && entry->review_told_us != review_us) {
        entry->review_told_us = review_us;
        tell(node, entry, newest, NODE_CASE_REVIEW, now_us);
    }
}

void node_watch_expiry(struct node *node, int64_t now_us)
{
    int64_t offset_us;
    if (!node_relays_offset(node, &offset_us) && node->steady_us - node->opened_us < SETTLE_US)
        return;
    int64_t surely_us = node_surely_us(node, now_us);
    for (size_t i = 0; i < node->cases.count; i++)
        look_at(node, node->cases.order[i], now_us, surely_us);
}
