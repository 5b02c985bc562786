/*
 * bench_net - a whole small network in a temporary folder: authority, roster, keys, a relay's files; and the
 * relay's process.
 *
 * Fanout: member 0 publishes (country BE), members 1 to subs are recipients (country FR). Mesh: one member
 * per country, in order of their codes, each subscribes to those of its neighbours that take part. A member's
 * number here is its index in the roster. Every name is fictional.
 */
#ifndef TESTS_BENCH_BENCH_NET_H
#define TESTS_BENCH_BENCH_NET_H

#include "proto/roster.h"
#include "tests/bench/bench.h"

struct bench_net {
    char folder[256];
    char endpoint[64];
    int port;
    struct roster_trust trust;
    struct buf roster;        /* SignedRoster */
    struct key_set **members; /* subs + 1; a node takes its own and leaves NULL */
    size_t member_count;
    bool mesh;
    struct key_set *relay, *authority;
    pid_t relay_pid; /* 0: it does not run */
};

/* Makes keys, signs the roster and writes the relay's files. */
int bench_net_new(const struct bench_options *options, struct err_note *note, struct bench_net **ret_net) MUST_CHECK;
/* Starts the relay and waits until it listens. *ret_us: how long that took. Before any thread and any ZeroMQ
 * context, or by a process that only waits: it forks. */
int bench_net_start_relay(struct bench_net *net, const char *program, struct err_note *note,
                          int64_t *ret_us) MUST_CHECK;
/* Ends it in an orderly way (TERM, and after 10 s KILL) and waits for it. */
void bench_net_stop_relay(struct bench_net *net);
/* Removes the folder too. */
void bench_net_free(struct bench_net *net);
/* Countries of a mesh, at most. */
#define BENCH_MESH_MAX 40
/* The country of a member of a mesh. */
const char *bench_net_country(size_t index);
/* What a member subscribes to; at most cap are written. Returns how many. */
size_t bench_net_subscriptions(const struct bench_net *net, size_t index, const char **codes, size_t cap);
/* The store of member `index`. */
void bench_net_store(const struct bench_net *net, size_t index, char *room, size_t size);

#endif
