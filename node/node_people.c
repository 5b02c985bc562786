/* node_people: who works at this node, for the API. Decides nothing. */
#include "node/node_inner.h"

struct accounts *node_accounts(struct node *node)
{
    return &node->accounts;
}

struct sessions *node_sessions(struct node *node)
{
    return &node->sessions;
}

struct audit *node_audit(struct node *node)
{
    return &node->audit;
}
