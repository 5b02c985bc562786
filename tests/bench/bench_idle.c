/*
 * bench_idle: a connection per member, each with its own CURVE key, its Hello and a pulse every five seconds, as a node
 * at rest has it; no stores and no cards. Never measures before the last one is welcomed and the greetings are over.
 */
#include "tests/bench/bench_idle.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/loop.h"
#include "proto/wire.h"
#include "proto/zlink.h"
#include "tests/bench/bench_net.h"

#define TURN_MS 50
#define CONNECTS_PER_TURN 2 /* of one process, so that a handshake waits for no other's */
#define SETTLE_MS 8000
#define MEASURE_MS 30000
#define READY_S 300

struct idle;

struct idle_peer {
    struct idle *idle;
    struct zlink *link;
    bool ready;
};

/* One process of connections. */
struct idle {
    const struct bench_net *net;
    struct bench_board *board;
    struct key_hash roster; /* as every member holds it */
    int64_t pulses_from_us;
    uint64_t pulses;
    size_t first, count, opened, next_pulse;
    struct idle_peer *peers;
    struct loop *loop;
    struct zlink_context *context;
    struct buf out;
};

/* ---- a connection ---- */

static void say(struct idle_peer *peer, enum wire_type type, const ProtobufCMessage *message)
{
    struct buf *out = &peer->idle->out;
    buf_clear(out);
    wire_add(out, type, message);
    if (buf_broken(out) || zlink_send(peer->link, buf_slice(out)) != OK)
        peer->idle->board->duplicates++; /* in this run: what was not sent */
}

static void on_state(void *ctx, enum zlink_state state)
{
    struct idle_peer *peer = ctx;
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    uint32_t protocols[] = {WIRE_PROTOCOL};
    if (peer->ready) {
        peer->ready = false;
        peer->idle->board->nodes_ready--;
    }
    if (state != ZLINK_CONNECTED)
        return;
    WIRE_SET(&name, version, 1);
    WIRE_SET_BYTES(&name, hash, peer->idle->roster.bytes, KEY_HASH_BYTES);
    hello.n_protocol = 1;
    hello.protocol = protocols;
    hello.roster = &name;
    say(peer, WIRE_HELLO, &hello.base);
}

static void on_message(void *ctx, struct slice message)
{
    struct idle_peer *peer = ctx;
    struct cursor cursor = cursor_of(message);
    struct wire_frame frame;
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        if (frame.type == WIRE_WELCOME && !peer->ready) {
            peer->ready = true;
            peer->idle->board->nodes_ready++;
        } else if (frame.type == WIRE_PULSE) {
            peer->idle->board->receipts++; /* in this run: pulses that were answered */
        }
    }
}

static int open_one(struct idle *idle, size_t at, struct err_note *note)
{
    const struct key_set *keys = idle->net->members[idle->first + at];
    const struct zlink_dealer_conf conf = {.endpoint = idle->net->endpoint,
                                           .server_key = idle->net->relay->transport.bytes,
                                           .public_key = keys->transport.bytes,
                                           .secret_key = keys->transport_secret.bytes};
    struct idle_peer *peer = &idle->peers[at];
    const struct zlink_dealer_events events = {.on_message = on_message, .on_state = on_state, .ctx = peer};
    peer->idle = idle;
    return zlink_dealer(idle->context, &conf, &events, note, &peer->link);
}

static void on_turn(void *ctx)
{
    struct idle *idle = ctx;
    struct err_note note = {""};
    for (int i = 0; i < CONNECTS_PER_TURN && idle->opened < idle->count; i++) {
        if (open_one(idle, idle->opened, &note) != OK) {
            dprintf(STDERR_FILENO, "hotline-bench: connection %zu: %s\n", idle->first + idle->opened, note.text);
            idle->board->workers_failed++;
            loop_stop(idle->loop);
            return;
        }
        idle->opened++;
    }
    if (idle->opened < idle->count)
        return;
    if (idle->pulses_from_us == 0)
        idle->pulses_from_us = clock_steady_us();
    int64_t passed_us = clock_steady_us() - idle->pulses_from_us;
    for (; idle->pulses * LIMIT_PULSE_MS * CLOCK_MS_US < (uint64_t)passed_us * idle->count; idle->pulses++) {
        struct idle_peer *peer = &idle->peers[idle->next_pulse];
        Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
        idle->next_pulse = (idle->next_pulse + 1) % idle->count;
        WIRE_SET(&pulse, clock_us, clock_wall_us());
        if (peer->ready)
            say(peer, WIRE_PULSE, &pulse.base);
    }
}

static void on_look(void *ctx)
{
    struct idle *idle = ctx;
    if (idle->board->stop)
        loop_stop(idle->loop);
}

static int run_worker(struct idle *idle)
{
    struct loop_timer *timer = NULL, *look = NULL;
    buf_init(&idle->out);
    idle->peers = calloc(idle->count, sizeof *idle->peers);
    int error = idle->peers ? loop_new(&idle->loop) : ERR_NOMEM;
    if (error == OK)
        error = zlink_context_new(idle->loop, (int)(3 * idle->count + 16), &idle->context);
    if (error == OK)
        error = loop_timer_new(idle->loop, on_turn, idle, &timer);
    if (error == OK)
        error = loop_timer_new(idle->loop, on_look, idle, &look);
    if (error == OK) {
        loop_timer_every(timer, TURN_MS);
        loop_timer_every(look, TURN_MS);
        loop_run(idle->loop);
    }
    return error; /* the process ends here, with all that it holds */
}

static int start_worker(struct idle *idle, pid_t *ret_pid)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int error = run_worker(idle);
        idle->board->workers_failed += error != OK;
        _exit(error == OK ? 0 : 1);
    }
    *ret_pid = pid;
    return pid > 0 ? OK : ERR_IO;
}

/* ---- the run ---- */

static bool wait_ready(const struct bench_board *board, uint32_t count)
{
    int64_t began_us = clock_steady_us();
    while (board->nodes_ready < count && board->workers_failed == 0) {
        if (clock_steady_us() - began_us > READY_S * CLOCK_SECOND_US)
            return false;
        (void)poll(NULL, 0, TURN_MS);
    }
    return board->workers_failed == 0;
}

static bool measure(const struct bench_options *options, const struct bench_net *net, struct bench_board *board)
{
    int64_t began_us = clock_steady_us();
    if (!wait_ready(board, options->subs)) {
        fprintf(stderr, "hotline-bench: %u of %u members are welcomed\n", board->nodes_ready, options->subs);
        return false;
    }
    double connected_s = (double)(clock_steady_us() - began_us) / 1e6;
    int64_t greeted_us = bench_cpu_us(net->relay_pid);
    (void)poll(NULL, 0, SETTLE_MS);
    int64_t cpu_us = bench_cpu_us(net->relay_pid), from_us = clock_steady_us();
    uint64_t pulses = board->receipts;
    (void)poll(NULL, 0, MEASURE_MS);
    double seconds = (double)(clock_steady_us() - from_us) / 1e6;
    cpu_us = bench_cpu_us(net->relay_pid) - cpu_us;
    pulses = board->receipts - pulses;
    printf(
        "{\"bench\":\"idle\",\"members\":%u,\"connected_s\":%.1f,\"relay_cpu_s_until_connected\":%.2f,\"seconds\":%.1f,"
        "\"pulses_per_s\":%.0f,\"relay_cpu_percent\":%.2f,\"relay_rss_kib\":%ld,\"relay_rss_most_kib\":%ld,"
        "\"connected_at_end\":%u,\"not_sent\":%llu}\n",
        options->subs, connected_s, (double)greeted_us / 1e6, seconds, (double)pulses / seconds,
        (double)cpu_us / seconds / 1e4, bench_rss_kib(net->relay_pid), bench_rss_most_kib(net->relay_pid),
        board->nodes_ready, (unsigned long long)board->duplicates);
    return board->nodes_ready == options->subs && board->workers_failed == 0;
}

int bench_idle(const struct bench_options *options)
{
    struct idle idles[BENCH_WORKERS_MAX];
    pid_t workers[BENCH_WORKERS_MAX] = {0};
    struct bench_net *net = NULL;
    struct err_note note = {""};
    struct bench_board *board = bench_board_new(1, 1);
    struct roster *roster = NULL;
    size_t first = 1;
    int64_t us;
    bool whole = false;
    int error = board ? bench_net_new(options, &note, &net) : ERR_NOMEM;
    if (error == OK)
        error = roster_verify(buf_slice(&net->roster), &net->trust, &note, &roster);
    if (error == OK)
        error = bench_net_start_relay(net, options->relay, &note, &us);
    for (uint32_t i = 0; error == OK && i < options->workers; i++) {
        size_t count = options->subs / options->workers + (i < options->subs % options->workers);
        idles[i] =
            (struct idle){.net = net, .board = board, .roster = *roster_hash(roster), .first = first, .count = count};
        error = start_worker(&idles[i], &workers[i]);
        first += count;
    }
    if (error == OK)
        whole = measure(options, net, board);
    else
        fprintf(stderr, "hotline-bench: %s\n", err_explain(&note, error));
    if (board != NULL)
        board->stop = 1;
    for (uint32_t i = 0; i < options->workers; i++) {
        if (workers[i] > 0)
            waitpid(workers[i], NULL, 0);
    }
    roster_free(roster);
    bench_net_free(net);
    return whole ? 0 : 1;
}
