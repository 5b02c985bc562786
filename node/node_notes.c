/* node_notes: what one shift leaves for the next, and its end. Nothing here leaves the node. */
#include "node/node_inner.h"
#include "node/node_make.h"

const struct notes *node_notes(const struct node *node)
{
    return &node->notes;
}

int64_t node_notes_life(const struct node *node)
{
    return node->settings.notes_us != 0 ? node->settings.notes_us : LIMIT_NOTES_LIFE_US;
}

void node_notes_changed(struct node *node, int64_t now_us)
{
    const struct node_event event = {.type = NODE_NOTES_CHANGED, .at_us = now_us};
    node_hold_event(node, vault_last(node->vault), &event);
}

int node_note_new(struct node *node, const struct note *wish, struct err_note *note, struct note **ret_note)
{
    struct note stamped = *wish;
    int result = node_check_disk(node, note);
    (void)node_final_us(node, wish->at_us, &stamped.at_us); /* by the clock that erasing follows */
    if (result == OK)
        result = notes_add(&node->notes, node->vault, &stamped, note, ret_note);
    if (result == OK)
        node_notes_changed(node, wish->at_us);
    return result;
}

uint64_t node_note_erase(struct node *node, struct note *note)
{
    uint64_t ticket = notes_erase(&node->notes, node->vault, note);
    node->truncates = true;
    node_notes_changed(node, node->now_us);
    return ticket;
}
