/*
 * node_statistics: the end of yearly figures. They name nobody, but they may not pile up: of a member's figures of one
 * year the newest stands, and ours end with their validity. Those of others stay beside each other for years, so that
 * an observer sees trends. Nothing of a case ends here.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/node_inner.h"
#include "proto/clock.h"
#include "proto/log.h"

#define KEPT_YEARS 10

static const Hotline__Statistics *said(const struct item *item)
{
    return item_content(item)->statistics;
}

static bool is_drill(const struct item *item)
{
    return said(item)->exercise != 0;
}

/* What stands for one thing side by side, its newest first. */
static int by_subject(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    int order = strcmp(x->header->sender, y->header->sender);
    if (order != 0)
        return order;
    if (said(x)->year != said(y)->year)
        return said(x)->year < said(y)->year ? -1 : 1;
    if (is_drill(x) != is_drill(y))
        return is_drill(x) ? 1 : -1;
    if (x->header->sent_at_us != y->header->sent_at_us)
        return x->header->sent_at_us > y->header->sent_at_us ? -1 : 1;
    return memcmp(x->hash.bytes, y->hash.bytes, KEY_HASH_BYTES);
}

static bool same_subject(const struct item *x, const struct item *y)
{
    return strcmp(x->header->sender, y->header->sender) == 0 && said(x)->year == said(y)->year &&
        is_drill(x) == is_drill(y);
}

/* Ours that an observer still lacks waits for its validity's end, whatever came after it: its answer is to find it. */
static bool is_over(const struct item *item, const struct item *newer, int64_t now_us)
{
    bool superseded = newer != NULL && same_subject(item, newer);
    if (item->mine)
        return (superseded && item_is_answered(item)) || item->header->expires_at_us < now_us;
    time_t seconds = (time_t)(now_us / CLOCK_SECOND_US);
    struct tm date;
    bool old = gmtime_r(&seconds, &date) != NULL && said(item)->year + KEPT_YEARS < (unsigned)(date.tm_year + 1900);
    return superseded || old;
}

static struct item **gather(const struct node *node, size_t *ret_count)
{
    struct item **list = NULL;
    size_t count = 0, capacity = 0, at = 0;
    for (struct item *item; (item = lookup_next(&node->items, &at)) != NULL;) {
        if (item->header->kind != HOTLINE__KIND__CODE__STATISTICS || item_content(item) == NULL ||
            item->ticket > vault_committed(node->vault))
            continue;
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            struct item **grown = realloc(list, capacity * sizeof(*list));
            if (grown == NULL)
                break; /* the others in an hour */
            list = grown;
        }
        list[count++] = item;
    }
    *ret_count = count;
    return list;
}

void node_end_statistics(struct node *node, int64_t now_us)
{
    struct log_number number;
    size_t count, ended = 0;
    struct item **list = gather(node, &count);
    int64_t surely_us = node_surely_us(node, now_us);
    if (count > 1)
        qsort(list, count, sizeof(*list), by_subject);
    for (size_t i = count; i-- > 0;) { /* from the oldest: what is newer is still there to be compared with */
        if (!is_over(list[i], i > 0 ? list[i - 1] : NULL, surely_us))
            continue;
        node_erase_item(node, list[i], now_us);
        item_remove(node->vault, list[i]);
        ended++;
    }
    free(list);
    if (ended > 0)
        log_event(LOG_INFO, "old figures erased", "count", log_number(&number, (long long)ended), NULL);
}
