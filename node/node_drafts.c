/* node_drafts: what people do with drafts, and their end. Nothing here leaves the node. */
#include "node/node_inner.h"
#include "node/node_make.h"
#include "proto/clock.h"

const struct drafts *node_drafts(const struct node *node)
{
    return &node->drafts;
}

/* Stamped by the clock that erasing follows: a wrong one must not end a draft early. */
static struct drafts_words words_of(const struct node *node, struct slice document, const char *by, int64_t now_us)
{
    int64_t at_us;
    (void)node_final_us(node, now_us, &at_us);
    return (struct drafts_words){.document = document, .by = by, .at_us = at_us};
}

int node_draft_new(struct node *node, struct slice document, const char *by, int64_t now_us, struct err_note *note,
                   struct draft **ret_draft)
{
    struct drafts_words words = words_of(node, document, by, now_us);
    int result = node_check_disk(node, note);
    return result == OK ? drafts_add(&node->drafts, node->vault, &words, note, ret_draft) : result;
}

int node_draft_change(struct node *node, struct draft *draft, struct slice document, const char *by, int64_t now_us,
                      struct err_note *note)
{
    struct drafts_words words = words_of(node, document, by, now_us);
    int result = node_check_disk(node, note);
    return result == OK ? drafts_change(node->vault, draft, &words) : result;
}

uint64_t node_draft_erase(struct node *node, struct draft *draft)
{
    node->truncates = true;
    return drafts_erase(&node->drafts, node->vault, draft);
}
