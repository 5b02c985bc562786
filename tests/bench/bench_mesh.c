/* bench_mesh: workers with some members each; a parent that waits and reports. Never publishes before
 * everybody is ready. */
#include "tests/bench/bench_mesh.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/country.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/bench_shell.h"

#define LOOK_MS 1
#define READY_US (60 * CLOCK_SECOND_US)
#define FAREWELL_MS 200

struct mesh {
    const struct bench_options *options;
    struct bench_board *board;
    struct bench_net *net;
    pid_t workers[BENCH_WORKERS_MAX];
};

/* One process: members first, first + step, ... */
struct crowd {
    const struct mesh *mesh;
    struct bench_shell *shells;
    size_t first, step, count;
    uint32_t *published; /* per shell */
    struct loop *loop;
    Hotline__Case *content;
    uint32_t ready;
};

/* ---- a worker ---- */

/* CC-YYYY-NNNNN: the NNNNN-th case of the member of that country. */
static uint32_t index_of(const struct mesh *mesh, const char *reference)
{
    const char *dash = strrchr(reference, '-');
    unsigned long number = dash != NULL ? strtoul(dash + 1, NULL, 10) : 0;
    for (uint32_t i = 0; number > 0 && i < mesh->options->subs; i++) {
        uint64_t index = (uint64_t)(number - 1) * mesh->options->subs + i;
        if (strncmp(bench_net_country(i), reference, 2) == 0)
            return index < mesh->board->total ? (uint32_t)index : UINT32_MAX;
    }
    return UINT32_MAX;
}

/* Writes an age into a cell once; false when there is one. */
static bool mark(const struct bench_board *board, uint32_t *cell, uint32_t index)
{
    if (*cell != 0)
        return false;
    *cell = bench_board_age_us(board, index);
    return true;
}

static void on_ladder(struct bench_shell *shell, struct bench_board *board, const struct node_event *event,
                      uint32_t index)
{
    size_t recipient = roster_find(node_directory(shell->node)->roster, event->row->member);
    if (recipient < board->subs && mark(board, &board->receipt_us[(size_t)index * board->subs + recipient], index))
        board->receipts++;
}

static void on_event(struct bench_shell *shell, const struct node_event *event)
{
    const struct crowd *crowd = shell->ctx;
    struct bench_board *board = crowd->mesh->board;
    uint32_t index = event->entry != NULL ? index_of(crowd->mesh, event->entry->reference) : UINT32_MAX;
    if (index == UINT32_MAX)
        return;
    if (event->type == NODE_CASE_RECEIVED) {
        if (mark(board, &board->delivered_us[(size_t)index * board->subs + shell->index], index))
            board->delivered++;
        else
            board->duplicates++;
    } else if (event->type == NODE_RELAY_ACCEPTED) {
        if (mark(board, &board->accepted_us[index], index))
            board->accepted++;
    } else if (event->type == NODE_LADDER_CHANGED && event->row != NULL &&
               event->state == HOTLINE__RECEIPT_STATE__CODE__DELIVERED) {
        on_ladder(shell, board, event, index);
    }
}

static void publish(struct crowd *crowd, struct bench_shell *shell, uint32_t index)
{
    const char *const to[] = {bench_net_country(shell->index)};
    const struct node_draft draft = {.content = crowd->content, .to = to, .to_count = 1};
    struct err_note note = {""};
    struct case_entry *entry;
    uint64_t ticket;
    crowd->mesh->board->published_us[index] = clock_steady_us();
    int error = node_publish(shell->node, &draft, clock_wall_us(), &note, &entry, &ticket);
    if (error != OK || index_of(crowd->mesh, entry->reference) != index) {
        fprintf(stderr, "hotline-bench: case %u of %s: %s\n", index + 1, to[0], err_explain(&note, error));
        crowd->mesh->board->workers_failed++;
        return;
    }
    crowd->mesh->board->expected += entry->revisions[0]->ladder_count;
    crowd->mesh->board->published++;
    bench_shell_touch(shell);
}

/* What is due by the schedule. A late one is dated by when it is published: the bench's own lateness is no
 * latency of the path. */
static void publish_due(struct crowd *crowd)
{
    const struct bench_options *options = crowd->mesh->options;
    int64_t start_us = crowd->mesh->board->start_us;
    int64_t passed_us = clock_steady_us() - start_us;
    for (size_t i = 0; start_us != 0 && i < crowd->count; i++) {
        uint64_t index = (uint64_t)crowd->published[i] * options->subs + crowd->shells[i].index;
        if (index >= options->count || (int64_t)(index * CLOCK_SECOND_US / options->rate) > passed_us)
            continue;
        crowd->published[i]++;
        publish(crowd, &crowd->shells[i], (uint32_t)index);
    }
}

static void look(void *ctx)
{
    struct crowd *crowd = ctx;
    uint32_t ready = 0;
    publish_due(crowd);
    if (crowd->mesh->board->stop)
        loop_stop(crowd->loop);
    for (size_t i = 0; crowd->ready < crowd->count && i < crowd->count; i++)
        ready += bench_shell_is_ready(&crowd->shells[i]);
    if (ready > crowd->ready) {
        crowd->mesh->board->nodes_ready += ready - crowd->ready;
        crowd->ready = ready;
    }
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static int open_crowd(struct crowd *crowd, struct err_note *note)
{
    struct zlink_context *context = NULL;
    int64_t us;
    crowd->shells = calloc(crowd->count, sizeof *crowd->shells);
    crowd->published = calloc(crowd->count, sizeof *crowd->published);
    int error = crowd->shells && crowd->published ?
        bench_case_new(crowd->mesh->options->size_bytes, note, &crowd->content) :
        ERR_NOMEM;
    if (error == OK)
        error = loop_new(&crowd->loop);
    if (error == OK)
        error = zlink_context_new(crowd->loop, (int)(6 * crowd->count + 16), &context);
    for (size_t i = 0; error == OK && i < crowd->count; i++) {
        crowd->shells[i] =
            (struct bench_shell){.on_event = on_event, .ctx = crowd, .index = crowd->first + i * crowd->step};
        error = bench_shell_open(&crowd->shells[i], crowd->loop, context, crowd->mesh->net, note, &us);
    }
    return error;
}

static int run_crowd(struct crowd *crowd, struct err_note *note)
{
    struct loop_timer *timer = NULL;
    int error = open_crowd(crowd, note);
    if (error == OK)
        error = loop_timer_new(crowd->loop, look, crowd, &timer);
    if (error != OK)
        return error;
    loop_timer_every(timer, LOOK_MS);
    loop_run(crowd->loop);
    loop_timer_free(timer);
    for (size_t i = 0; i < crowd->count; i++)
        bench_shell_close(&crowd->shells[i]);
    (void)!loop_run_until(crowd->loop, never, NULL, FAREWELL_MS);
    return OK;
}

static int start_worker(struct mesh *mesh, uint32_t number, struct err_note *note)
{
    const struct bench_options *options = mesh->options;
    struct crowd crowd = {.mesh = mesh,
                          .first = number,
                          .step = options->workers,
                          .count = (options->subs - number + options->workers - 1) / options->workers};
    pid_t pid = fork();
    if (pid < 0)
        return err_set(note, ERR_IO, "fork: %s", strerror(errno));
    mesh->workers[number] = pid;
    if (pid > 0)
        return OK;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int error = run_crowd(&crowd, note);
    if (error != OK) {
        mesh->board->workers_failed++;
        dprintf(STDERR_FILENO, "hotline-bench: %s\n", err_explain(note, error));
    }
    _exit(error == OK ? 0 : 1);
}

/* ---- the parent ---- */

static int wait_ready(const struct mesh *mesh, struct err_note *note)
{
    int64_t until_us = clock_steady_us() + READY_US;
    while (mesh->board->nodes_ready < mesh->options->subs) {
        if (mesh->board->workers_failed > 0 || clock_steady_us() > until_us)
            return err_set(note, ERR_TIMEOUT, "%u of %u members are ready", mesh->board->nodes_ready,
                           mesh->options->subs);
        (void)poll(NULL, 0, 20);
    }
    return OK;
}

static void wait_done(const struct mesh *mesh)
{
    const struct bench_board *board = mesh->board;
    uint64_t before = 0;
    int64_t progress_us = clock_steady_us();
    while (board->published < board->total || board->accepted < board->total || board->receipts < board->expected) {
        uint64_t now = board->published + board->accepted + board->receipts;
        if (now != before)
            progress_us = clock_steady_us();
        before = now;
        if (board->workers_failed > 0 || clock_steady_us() - progress_us > mesh->options->patience_s * CLOCK_SECOND_US)
            return;
        (void)poll(NULL, 0, 5);
    }
}

static void report(const struct mesh *mesh, int64_t relay_us, int64_t passed_us)
{
    const struct bench_options *options = mesh->options;
    const struct bench_board *board = mesh->board;
    size_t cells = (size_t)board->total * board->subs;
    printf("{\"bench\":\"mesh\",\"members\":%u,\"count\":%u,\"size\":%u,\"rate\":%u,\"workers\":%u", options->subs,
           options->count, options->size_bytes, options->rate, options->workers);
    printf(",\"accepted\":%" PRIu64 ",\"wanted\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"receipts\":%" PRIu64
           ",\"duplicates\":%" PRIu64,
           (uint64_t)board->accepted, (uint64_t)board->expected, (uint64_t)board->delivered, (uint64_t)board->receipts,
           (uint64_t)board->duplicates);
    bench_print_spread("publish_to_accepted_us", board->accepted_us, board->total);
    bench_print_spread("publish_to_delivered_at_recipient_us", board->delivered_us, cells);
    bench_print_spread("publish_to_durable_receipt_at_publisher_us", board->receipt_us, cells);
    printf(",\"seconds\":%.3f,\"relay_cpu_us_per_case\":%.1f,\"relay_rss_kib\":%ld}\n", (double)passed_us / 1e6,
           (double)relay_us / board->total, bench_rss_kib(mesh->net->relay_pid));
}

static void stop_workers(struct mesh *mesh)
{
    mesh->board->stop = 1;
    for (size_t i = 0; i < BENCH_WORKERS_MAX; i++) {
        if (mesh->workers[i] > 0)
            waitpid(mesh->workers[i], NULL, 0);
    }
}

static int run(struct mesh *mesh, struct err_note *note)
{
    int64_t us;
    int error = bench_net_new(mesh->options, note, &mesh->net);
    if (error == OK)
        error = bench_net_start_relay(mesh->net, mesh->options->relay, note, &us);
    for (uint32_t i = 0; error == OK && i < mesh->options->workers; i++)
        error = start_worker(mesh, i, note);
    if (error == OK)
        error = wait_ready(mesh, note);
    if (error != OK)
        return error;
    int64_t relay_us = bench_cpu_us(mesh->net->relay_pid), began_us = clock_steady_us();
    mesh->board->start_us = began_us;
    wait_done(mesh);
    report(mesh, bench_cpu_us(mesh->net->relay_pid) - relay_us, clock_steady_us() - began_us);
    return OK;
}

int bench_mesh(const struct bench_options *options)
{
    struct mesh mesh = {.options = options, .board = bench_board_new(options->subs, options->count)};
    struct err_note note = {""};
    int error = mesh.board != NULL ? run(&mesh, &note) : ERR_NOMEM;
    bool whole = error == OK && mesh.board->accepted == options->count &&
        mesh.board->delivered == mesh.board->expected && mesh.board->receipts == mesh.board->expected &&
        mesh.board->duplicates == 0;
    if (error != OK)
        fprintf(stderr, "hotline-bench: %s\n", err_explain(&note, error));
    else if (!whole)
        fprintf(stderr, "hotline-bench: not all arrived, or something arrived twice\n");
    if (mesh.board != NULL)
        stop_workers(&mesh);
    bench_net_free(mesh.net);
    return whole ? 0 : 1;
}
