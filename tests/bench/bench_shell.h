/*
 * bench_shell - one node core on a loop, with its store on the disk and its link to the relay: what
 * node_daemon is, without API, console and events. Several may stand on one loop and one ZeroMQ context.
 */
#ifndef TESTS_BENCH_BENCH_SHELL_H
#define TESTS_BENCH_BENCH_SHELL_H

#include "node/node.h"
#include "node/node_link.h"
#include "proto/loop.h"
#include "tests/bench/bench_net.h"

struct bench_shell {
    struct loop *loop;
    struct node_links *links;
    struct node *node;
    struct loop_timer *flush, *tick;
    /* What happened, after its commit; and the end of each turn. Either may be NULL. */
    void (*on_event)(struct bench_shell *shell, const struct node_event *event);
    void (*on_turn)(struct bench_shell *shell);
    void *ctx;
    size_t index; /* of the member */
    bool failed;  /* its store did: the loop was stopped */
};

/* Opens member shell->index of the net: on_event, on_turn, ctx and index are set by the caller. *ret_us: what
 * node_open took. */
int bench_shell_open(struct bench_shell *shell, struct loop *loop, struct zlink_context *context, struct bench_net *net,
                     struct err_note *note, int64_t *ret_us) MUST_CHECK;
/* A turn is to be ended soon. */
void bench_shell_touch(struct bench_shell *shell);
/* Says Goodbye, commits, closes. NULL parts are fine. The loop must turn afterwards. */
void bench_shell_close(struct bench_shell *shell);
/* Connected, welcomed, its own card signed and everybody's known. */
bool bench_shell_is_ready(const struct bench_shell *shell);

#endif
