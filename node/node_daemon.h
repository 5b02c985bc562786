/*
 * node_daemon - the graph of one running node: core, links, API, events and console on one loop, its signals, its end.
 *
 *   zlink --> node_link --> core <-- node_api <-- the Unix socket
 *                ^           |
 *                +-- send ---+-- event --> node_events --> streams; node_api's waiting answers
 *
 * Each input asks for the end of the core's turn (node_flush), which comes once for all that the loop brought together.
 */
#ifndef NODE_NODE_DAEMON_H
#define NODE_NODE_DAEMON_H

#include "node/helper.h"
#include "node/node_conf.h"
#include "proto/key.h"

struct node_daemon_setup {
    const char *config;       /* the file, read again on SIGHUP */
    struct node_conf *conf;   /* taken */
    struct key_set *keys;     /* taken */
    struct key_set *previous; /* of previous_key, or NULL; taken */
    struct helper *helper;    /* started before anything else; taken */
};

/* Runs until SIGTERM or SIGINT; gives the exit status of the program. Logs why it could not start or had to stop. */
int node_daemon_run(const struct node_daemon_setup *setup);

#endif
