/* node_view_figures: a year's figures from this store's cases and tombstones, or from what the members sent. Counts
 * only. */
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

/* A member may send a year's figures again: the newest count. */
static bool is_newest(const struct node *node, const struct item *item)
{
    const Hotline__Statistics *statistics = item->content->statistics;
    size_t at = 0;
    for (const struct item *other; (other = node_next_item(node, &at, HOTLINE__KIND__CODE__STATISTICS)) != NULL;) {
        const Hotline__Statistics *one = other->content->statistics;
        if (other != item && !other->mine && strcmp(other->header->sender, item->header->sender) == 0 &&
            one->year == statistics->year && one->exercise == statistics->exercise &&
            other->header->sent_at_us > item->header->sent_at_us)
            return false;
    }
    return true;
}

static int merge_all(const struct node *node, struct figures *figures, struct jdoc *members)
{
    size_t at = 0;
    int result = OK;
    for (const struct item *item;
         result == OK && (item = node_next_item(node, &at, HOTLINE__KIND__CODE__STATISTICS)) != NULL;) {
        const Hotline__Statistics *statistics = item->content->statistics;
        if (item->mine || statistics->year != figures->year || (statistics->exercise != 0) != figures->exercise ||
            !is_newest(node, item))
            continue;
        result = figures_merge(figures, statistics);
        if (members != NULL)
            jdoc_add_text(members, item->header->sender);
    }
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
