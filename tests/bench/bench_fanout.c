/* bench_fanout: the publisher's side and the report. Never prints a figure of an alert that did not arrive as
 * if it had. */
#include "tests/bench/bench_fanout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/bench_recipients.h"
#include "tests/bench/bench_shell.h"

#define READY_MS 60000
#define FAREWELL_MS 200
/* Published in one turn at most, so that answers are looked at in between. */
#define PER_TURN 16

/* What one stretch of alerts cost. */
struct stretch {
    int64_t at_us; /* steady */
    int64_t relay_us, publisher_us, recipients_us;
    uint32_t finished;
};

struct fanout {
    const struct bench_options *options;
    struct bench_board *board;
    struct bench_net *net;
    struct bench_share shares[BENCH_WORKERS_MAX];
    pid_t workers[BENCH_WORKERS_MAX];
    struct loop *loop;
    struct zlink_context *context;
    struct bench_shell shell;
    struct loop_timer *timer;
    Hotline__Case *content;
    uint16_t *missing; /* receipts and the Accepted that each alert still lacks */
    uint32_t published, finished, accepted, received, failed;
    int64_t began_us; /* of the measured ones, and when the last one finished */
    int64_t progress_us;
    struct stretch start, end, steps[BENCH_STEPS_MAX];
    size_t step_count;
    int64_t relay_start_us, relay_again_us, node_again_us;
    int64_t relay_again_cpu_us, node_again_cpu_us;
};

/* ---- publishing ---- */

static struct stretch measure(const struct fanout *fanout)
{
    struct stretch stretch = {.at_us = clock_steady_us(),
                              .relay_us = bench_cpu_us(fanout->net->relay_pid),
                              .publisher_us = bench_cpu_us(getpid()),
                              .finished = fanout->finished};
    for (size_t i = 0; i < fanout->options->workers; i++)
        stretch.recipients_us += bench_cpu_us(fanout->workers[i]);
    return stretch;
}

static void publish_one(struct fanout *fanout)
{
    static const char *const to[] = {"FR"};
    const struct node_draft draft = {.content = fanout->content, .to = to, .to_count = 1};
    struct err_note note = {""};
    struct case_entry *entry;
    uint64_t ticket;
    if (fanout->published == fanout->options->prior)
        fanout->start = measure(fanout);
    fanout->board->published_us[fanout->published] = clock_steady_us();
    int error = node_publish(fanout->shell.node, &draft, clock_wall_us(), &note, &entry, &ticket);
    if (error == OK && bench_alert_index(entry->reference, fanout->board->total) == fanout->published) {
        fanout->published++;
        return;
    }
    fprintf(stderr, "hotline-bench: alert %u: %s\n", fanout->published + 1, err_explain(&note, error));
    fanout->failed++;
    loop_stop(fanout->loop);
}

/* Alerts that the rate allows by now; the first ones, which are not measured, know no rate. */
static uint32_t allowed(const struct fanout *fanout)
{
    const struct bench_options *options = fanout->options;
    if (options->rate == 0 || fanout->published < options->prior)
        return fanout->board->total;
    int64_t passed_us = fanout->published == options->prior ? 0 : clock_steady_us() - fanout->start.at_us;
    uint64_t by_now = 1 + (uint64_t)passed_us * options->rate / CLOCK_SECOND_US;
    return options->prior + (by_now < options->count ? (uint32_t)by_now : options->count);
}

/* The measured ones begin when all before are done, so that none of their work is counted. */
static bool may_publish(const struct fanout *fanout)
{
    const struct bench_options *options = fanout->options;
    if (fanout->published == fanout->board->total || fanout->failed > 0)
        return false;
    if (fanout->published == options->prior && fanout->finished < options->prior)
        return false;
    return fanout->published - fanout->finished < options->window && fanout->published < allowed(fanout);
}

static void on_turn(struct bench_shell *shell)
{
    struct fanout *fanout = shell->ctx;
    if (fanout->missing == NULL)
        return;
    for (int i = 0; i < PER_TURN && may_publish(fanout); i++)
        publish_one(fanout);
    if (may_publish(fanout))
        bench_shell_touch(shell);
}

/* ---- what comes back, each after its commit here ---- */

static void finish_step(struct fanout *fanout)
{
    const struct bench_options *options = fanout->options;
    if (fanout->finished == fanout->board->total)
        fanout->end = measure(fanout);
    uint32_t measured = fanout->finished > options->prior ? fanout->finished - options->prior : 0;
    if (options->step > 0 && measured > 0 && measured % options->step == 0 && fanout->step_count < BENCH_STEPS_MAX)
        fanout->steps[fanout->step_count++] = measure(fanout);
}

static void count_down(struct fanout *fanout, uint32_t index)
{
    fanout->progress_us = clock_steady_us();
    if (--fanout->missing[index] != 0)
        return;
    fanout->finished++;
    finish_step(fanout);
}

static void on_accepted(struct fanout *fanout, uint32_t index)
{
    if (fanout->board->accepted_us[index] != 0)
        return;
    fanout->board->accepted_us[index] = bench_board_age_us(fanout->board, index);
    fanout->accepted++;
    count_down(fanout, index);
}

static void on_receipt(struct fanout *fanout, uint32_t index, const char *member)
{
    size_t number = strtoul(strrchr(member, '-') + 1, NULL, 10);
    uint32_t *cell = &fanout->board->receipt_us[(size_t)index * fanout->board->subs + number - 1];
    if (*cell != 0)
        return;
    *cell = bench_board_age_us(fanout->board, index);
    fanout->received++;
    if (!fanout->options->until_accepted)
        count_down(fanout, index);
}

static void on_event(struct bench_shell *shell, const struct node_event *event)
{
    struct fanout *fanout = shell->ctx;
    uint32_t index =
        event->entry != NULL ? bench_alert_index(event->entry->reference, fanout->board->total) : UINT32_MAX;
    if (index == UINT32_MAX || fanout->missing == NULL)
        return;
    if (event->type == NODE_RELAY_ACCEPTED)
        on_accepted(fanout, index);
    else if (event->type == NODE_LADDER_CHANGED && event->row != NULL &&
             event->state == HOTLINE__RECEIPT_STATE__CODE__DELIVERED)
        on_receipt(fanout, index, event->row->member);
    else
        return;
    bench_shell_touch(shell);
}

/* ---- the run ---- */

static bool is_ready(void *ctx)
{
    const struct fanout *fanout = ctx;
    return fanout->board->workers_failed > 0 ||
        (bench_shell_is_ready(&fanout->shell) && fanout->board->nodes_ready == fanout->options->subs);
}

/* With until_accepted the receipts still come when the last alert is accepted. */
static bool is_done(void *ctx)
{
    const struct fanout *fanout = ctx;
    bool all = fanout->finished == fanout->board->total &&
        fanout->received == (uint64_t)fanout->board->total * fanout->board->subs;
    bool stuck = clock_steady_us() - fanout->progress_us > fanout->options->patience_s * CLOCK_SECOND_US;
    return all || stuck || fanout->failed > 0 || fanout->board->workers_failed > 0;
}

static void on_timer(void *ctx)
{
    struct fanout *fanout = ctx;
    if (may_publish(fanout))
        bench_shell_touch(&fanout->shell);
}

static int start_workers(struct fanout *fanout, struct err_note *note)
{
    const struct bench_options *options = fanout->options;
    size_t first = 1;
    int error = OK;
    for (uint32_t i = 0; error == OK && i < options->workers; i++) {
        size_t count = options->subs / options->workers + (i < options->subs % options->workers);
        fanout->shares[i] =
            (struct bench_share){.net = fanout->net, .board = fanout->board, .first = first, .count = count};
        error = bench_recipients_start(&fanout->shares[i], note, &fanout->workers[i]);
        first += count;
    }
    return error;
}

static void stop_workers(struct fanout *fanout)
{
    fanout->board->stop = 1;
    for (uint32_t i = 0; i < fanout->options->workers; i++) {
        if (fanout->workers[i] > 0)
            waitpid(fanout->workers[i], NULL, 0);
        fanout->workers[i] = 0;
    }
}

static int open_publisher(struct fanout *fanout, struct err_note *note, int64_t *ret_us)
{
    int error = loop_new(&fanout->loop);
    if (error == OK)
        error = zlink_context_new(fanout->loop, 24, &fanout->context);
    fanout->shell = (struct bench_shell){.on_event = on_event, .on_turn = on_turn, .ctx = fanout, .index = 0};
    return error == OK ? bench_shell_open(&fanout->shell, fanout->loop, fanout->context, fanout->net, note, ret_us) :
                         error;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void close_publisher(struct fanout *fanout)
{
    if (fanout->loop == NULL)
        return;
    bench_shell_close(&fanout->shell);
    (void)!loop_run_until(fanout->loop, never, NULL, FAREWELL_MS);
    if (fanout->context != NULL)
        zlink_context_free(fanout->context);
    loop_free(fanout->loop);
    fanout->context = NULL;
    fanout->loop = NULL;
}

static int work(struct fanout *fanout, struct err_note *note)
{
    int error = loop_run_until(fanout->loop, is_ready, fanout, READY_MS);
    if (error != OK || fanout->board->workers_failed > 0)
        return err_set(note, ERR_TIMEOUT, "%u of %u recipients are ready", fanout->board->nodes_ready,
                       fanout->options->subs);
    fanout->missing = calloc(fanout->board->total, sizeof *fanout->missing);
    if (fanout->missing == NULL || (error = loop_timer_new(fanout->loop, on_timer, fanout, &fanout->timer)) != OK)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < fanout->board->total; i++)
        fanout->missing[i] = (uint16_t)(1 + (fanout->options->until_accepted ? 0 : fanout->board->subs));
    fanout->progress_us = clock_steady_us();
    loop_timer_every(fanout->timer, 1);
    bench_shell_touch(&fanout->shell);
    while (!is_done(fanout)) {
        if (loop_run_until(fanout->loop, is_done, fanout, 1000) == ERR_STATE)
            return err_set(note, ERR_STATE, "stopped after %u alerts", fanout->published);
    }
    loop_timer_free(fanout->timer);
    return OK;
}

/* Relay and publisher anew, with all that the run left in their stores. */
static int restart(struct fanout *fanout, struct err_note *note)
{
    struct key_set *again = key_set_new();
    if (again == NULL)
        return ERR_NOMEM;
    *again = *node_directory(fanout->shell.node)->keys;
    fanout->net->members[0] = again;
    stop_workers(fanout);
    close_publisher(fanout);
    bench_net_stop_relay(fanout->net);
    int error = bench_net_start_relay(fanout->net, fanout->options->relay, note, &fanout->relay_again_us);
    fanout->relay_again_cpu_us = bench_cpu_us(fanout->net->relay_pid);
    int64_t before_us = bench_cpu_us(getpid());
    if (error == OK)
        error = open_publisher(fanout, note, &fanout->node_again_us);
    fanout->node_again_cpu_us = bench_cpu_us(getpid()) - before_us;
    return error;
}

/* ---- the report ---- */

static double per(int64_t us, uint64_t n)
{
    return n > 0 ? (double)us / (double)n : 0;
}

static void print_costs(const char *name, const struct stretch *from, const struct stretch *to, uint32_t subs)
{
    uint32_t alerts = to->finished - from->finished;
    double seconds = (double)(to->at_us - from->at_us) / 1e6;
    printf("%s{\"stored\":%u,\"alerts_per_s\":%.1f,\"relay_cpu_us_per_alert\":%.1f,\"publisher_cpu_us_per_"
           "alert\":%.1f,"
           "\"recipient_cpu_us_per_delivery\":%.1f}",
           name, to->finished, seconds > 0 ? alerts / seconds : 0, per(to->relay_us - from->relay_us, alerts),
           per(to->publisher_us - from->publisher_us, alerts),
           per(to->recipients_us - from->recipients_us, (uint64_t)alerts * subs));
}

static void print_steps(const struct fanout *fanout)
{
    const struct stretch *from = &fanout->start;
    printf(",\"steps\":[");
    for (size_t i = 0; i < fanout->step_count; i++) {
        print_costs(i > 0 ? "," : "", from, &fanout->steps[i], fanout->board->subs);
        from = &fanout->steps[i];
    }
    printf("]");
}

static void report(const struct fanout *fanout, long rss_kib, long rss_most_kib)
{
    const struct bench_options *options = fanout->options;
    const struct bench_board *board = fanout->board;
    const struct stretch *from = &fanout->start, *to = &fanout->end;
    size_t first = (size_t)options->prior * board->subs, cells = (size_t)options->count * board->subs;
    double seconds = (double)(to->at_us - from->at_us) / 1e6;
    printf("{\"bench\":\"fanout\",\"subs\":%u,\"count\":%u,\"prior\":%u,\"size\":%u,\"rate\":%u,\"window\":%"
           "u,\"workers\":%u,"
           "\"finished_when\":\"%s\"",
           options->subs, options->count, options->prior, options->size_bytes, options->rate, options->window,
           options->workers, options->until_accepted ? "accepted" : "every receipt durable at the publisher");
    printf(",\"accepted\":%u,\"delivered\":%" PRIu64 ",\"receipts\":%u,\"duplicates\":%" PRIu64, fanout->accepted,
           (uint64_t)board->delivered, fanout->received, (uint64_t)board->duplicates);
    bench_print_spread("publish_to_accepted_us", board->accepted_us + options->prior, options->count);
    bench_print_spread("publish_to_delivered_at_recipient_us", board->delivered_us + first, cells);
    bench_print_spread("publish_to_durable_receipt_at_publisher_us", board->receipt_us + first, cells);
    printf(",\"seconds\":%.3f,\"accepted_per_s\":%.1f,\"deliveries_per_s\":%.1f", seconds,
           seconds > 0 ? options->count / seconds : 0, seconds > 0 ? (double)cells / seconds : 0);
    print_costs(",\"cost\":", from, to, board->subs);
    printf(",\"relay_rss_kib\":%ld,\"relay_rss_most_kib\":%ld,\"relay_first_start_ms\":%.1f", rss_kib, rss_most_kib,
           (double)fanout->relay_start_us / 1e3);
    if (options->step > 0)
        print_steps(fanout);
    if (options->restart)
        printf(",\"restart\":{\"stored\":%u,\"relay_ms\":%.1f,\"relay_cpu_ms\":%.0f,\"publisher_ms\":%.1f,"
               "\"publisher_cpu_ms\":%.0f}",
               board->total, (double)fanout->relay_again_us / 1e3, (double)fanout->relay_again_cpu_us / 1e3,
               (double)fanout->node_again_us / 1e3, (double)fanout->node_again_cpu_us / 1e3);
    printf("}\n");
}

static int run(struct fanout *fanout, struct err_note *note)
{
    int64_t us;
    int error = bench_case_new(fanout->options->size_bytes, note, &fanout->content);
    if (error == OK)
        error = bench_net_new(fanout->options, note, &fanout->net);
    if (error == OK)
        error = bench_net_start_relay(fanout->net, fanout->options->relay, note, &fanout->relay_start_us);
    if (error == OK)
        error = start_workers(fanout, note);
    if (error == OK)
        error = open_publisher(fanout, note, &us);
    if (error == OK)
        error = work(fanout, note);
    if (error != OK)
        return error;
    if (fanout->finished < fanout->board->total)
        fanout->end = measure(fanout);
    long rss_kib = bench_rss_kib(fanout->net->relay_pid), most_kib = bench_rss_most_kib(fanout->net->relay_pid);
    if (fanout->options->restart)
        error = restart(fanout, note);
    if (error == OK)
        report(fanout, rss_kib, most_kib);
    return error;
}

int bench_fanout(const struct bench_options *options)
{
    struct fanout fanout = {.options = options};
    struct err_note note = {""};
    fanout.board = bench_board_new(options->subs, options->prior + options->count);
    int error = fanout.board != NULL ? run(&fanout, &note) : ERR_NOMEM;
    bool whole = error == OK && fanout.accepted == fanout.board->total && fanout.board->duplicates == 0 &&
        fanout.board->delivered == (uint64_t)fanout.board->total * options->subs;
    if (error != OK)
        fprintf(stderr, "hotline-bench: %s\n", err_explain(&note, error));
    else if (!whole)
        fprintf(stderr, "hotline-bench: not all arrived, or something arrived twice\n");
    if (fanout.board != NULL)
        stop_workers(&fanout);
    close_publisher(&fanout);
    bench_net_free(fanout.net);
    case_free(fanout.content);
    free(fanout.missing);
    return whole ? 0 : 1;
}
