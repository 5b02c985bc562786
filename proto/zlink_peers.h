/*
 * zlink_peers - which TCP connection a ROUTER's peer speaks on, so that it can be cut. Internal to
 * zlink.
 *
 * ZeroMQ says the descriptor of a message (ZMQ_SRCFD) but owns it, and may close and reuse it at any
 * time. So both addresses of the connection are kept with it, and compared before it is touched.
 */
#ifndef PROTO_ZLINK_PEERS_H
#define PROTO_ZLINK_PEERS_H

#include "zlink.h"

struct zlink_peers;

/* ERR_NOMEM. */
int zlink_peers_new(struct zlink_peers **ret_peers) MUST_CHECK;
void zlink_peers_free(struct zlink_peers *peers);
/* Remembers the connection of a message that just came. Out of memory: it is not remembered and cannot
 * be cut. */
void zlink_peers_seen(struct zlink_peers *peers, const struct zlink_peer *peer);
/* Shuts down the connections of this id; how many. They are forgotten. */
size_t zlink_peers_cut(struct zlink_peers *peers, const struct zlink_id *id);

#endif
