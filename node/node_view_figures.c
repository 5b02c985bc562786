/* node_view_figures: a year's figures from this store's cases and tombstones, or from what the members sent. Counts
 * only. */
#include <stdlib.h>
#include <string.h>

#include "node/figures.h"
#include "node/node_view.h"

int node_view_gather(const struct node *node, struct figures *figures)
{
    const struct cases *cases = node_cases(node);
    int result = OK;
    for (size_t i = 0; result == OK && i < cases->count; i++) {
        const struct case_entry *entry = cases->order[i];
        struct case_tombstone facts;
        if (entry->exercise != figures->exercise)
            continue;
        cases_describe(cases, entry, &facts);
        if (facts.opened_at_us != 0) /* a mediator's entry has no case */
            result = figures_add(figures, &facts, entry->mine);
    }
    figures_sort(figures);
    return result;
}

struct gathered {
    const struct item **items;
    size_t count, capacity;
};

static int gather(struct gathered *all, const struct item *item)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? 2 * all->capacity : 64;
        const struct item **items = realloc(all->items, capacity * sizeof(*items));
        if (items == NULL)
            return ERR_NOMEM;
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = item;
    return OK;
}

/* By sender, a sender's newest first. */
static int by_sender(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
    int order = strcmp(x->header->sender, y->header->sender);
    if (order != 0)
        return order;
    return x->header->sent_at_us > y->header->sent_at_us ? -1 : x->header->sent_at_us < y->header->sent_at_us;
}

/* What members sent of this year; a member may send it again: the newest counts. */
static int merge_all(const struct node *node, struct figures *figures, struct jdoc *members)
{
    struct gathered all = {0};
    size_t at = 0;
    int result = OK;
    for (const struct item *item;
         result == OK && (item = node_next_item(node, &at, HOTLINE__KIND__CODE__STATISTICS)) != NULL;) {
        const Hotline__Statistics *statistics = item_content(item)->statistics;
        if (!item->mine && statistics->year == figures->year && (statistics->exercise != 0) == figures->exercise)
            result = gather(&all, item);
    }
    if (all.count > 1)
        qsort(all.items, all.count, sizeof(*all.items), by_sender);
    for (size_t i = 0; result == OK && i < all.count; i++) {
        const char *sender = all.items[i]->header->sender;
        if (i > 0 && strcmp(sender, all.items[i - 1]->header->sender) == 0)
            continue;
        result = figures_merge(figures, item_content(all.items[i])->statistics);
        if (members != NULL)
            jdoc_add_text(members, sender);
    }
    free(all.items);
    figures_sort(figures);
    return result;
}

static int add_part(const struct node *node, const struct node_view_year *query, bool exercise, struct jdoc *doc)
{
    struct figures figures;
    figures_init(&figures, query->year, exercise);
    struct jdoc *members = query->network && !exercise ? jdoc_set_doc(doc, "members", jdoc_array()) : NULL;
    int result = query->network ? merge_all(node, &figures, members) : node_view_gather(node, &figures);
    if (result == OK && !query->network && !query->in_house)
        figures_suppress(&figures);
    if (result == OK)
        jdoc_set_doc(doc, exercise ? "exercise" : "live", figures_to_doc(&figures));
    figures_done(&figures);
    return result;
}

int node_view_figures(const struct node *node, const struct node_view_year *query, int64_t now_us,
                      struct jdoc **ret_doc)
{
    struct jdoc *doc = jdoc_object();
    jdoc_set_int(doc, "year", query->year);
    jdoc_set_bool(doc, "network", query->network);
    jdoc_set_bool(doc, "suppressed", !query->in_house);
    node_view_set_time(doc, "made_at", now_us);
    int result = add_part(node, query, false, doc);
    if (result == OK)
        result = add_part(node, query, true, doc);
    if (result != OK) {
        jdoc_free(doc);
        return result;
    }
    *ret_doc = doc;
    return OK;
}
