/* node_people: who works at this node, for the API. Decides nothing. */
#include <string.h>

#include "node/node_inner.h"

void node_set_duty(struct node *node, size_t consoles, const char *const *languages, size_t count)
{
    node_set_armed(node, consoles);
    node->duty_language_count = count < LIMIT_LANGUAGES ? count : LIMIT_LANGUAGES;
    for (size_t i = 0; i < node->duty_language_count; i++)
        snprintf(node->duty_languages[i], sizeof node->duty_languages[0], "%s", languages[i]);
    for (size_t i = 0; i < node->link_count; i++)
        node->links[i].uplink.pulsed_us = 0; /* the next tick says it */
}

struct accounts *node_accounts(struct node *node)
{
    return &node->accounts;
}

struct sessions *node_sessions(struct node *node)
{
    return &node->sessions;
}

const struct journal *node_journal(const struct node *node)
{
    return &node->journal;
}

struct audit *node_audit(struct node *node)
{
    return &node->audit;
}
