/*
 * hook_link - sends what the core has to tell outside (node/dispatch.h): webhooks and mail by libcurl's multi
 * interface, commands as processes; all on the loop, a few at a time, each try bounded in time and size.
 *
 * Whoever named the address of a webhook may not make this node speak to places of his choice: each address that a name
 * resolves to is looked at before it is connected to, redirects are not followed, proxies of the environment are not
 * used, and nothing of an answer is kept but its status. It decides nothing: when something is tried again is the
 * core's.
 */
#ifndef NODE_HOOK_LINK_H
#define NODE_HOOK_LINK_H

#include "node/node.h"
#include "node/node_conf.h"
#include "proto/loop.h"

struct hook_link;

/* touched(ctx) after each change of the core. ERR_NOMEM, ERR_IO. */
int hook_link_new(struct loop *loop, loop_fn *touched, void *ctx, struct hook_link **ret_link) MUST_CHECK;
/* Settings, borrowed until the next ones. */
void hook_link_conf(struct hook_link *link, const struct node_conf *conf);
/* The core, from now on. Before it is closed: hook_link_free. */
void hook_link_attach(struct hook_link *link, struct node *node);
/* Begins what is due; a few times a second. */
void hook_link_step(struct hook_link *link);
/* Breaks off what is under way: it is tried again after the next start. */
void hook_link_free(struct hook_link *link);

#endif
