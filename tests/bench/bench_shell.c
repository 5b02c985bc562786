/* bench_shell: the core's surroundings. Never decides what is sent. */
#include "tests/bench/bench_shell.h"

#include <string.h>

#include "proto/clock.h"
#include "proto/log.h"

#define TICK_MS 200

static void on_flush(void *ctx)
{
    struct bench_shell *shell = ctx;
    if (shell->node == NULL)
        return;
    if (shell->on_turn != NULL)
        shell->on_turn(shell);
    node_flush(shell->node, clock_wall_us(), clock_steady_us());
}

static void on_touched(void *ctx)
{
    bench_shell_touch(ctx);
}

void bench_shell_touch(struct bench_shell *shell)
{
    loop_timer_once(shell->flush, 0);
}

static void on_tick(void *ctx)
{
    struct bench_shell *shell = ctx;
    int64_t steady_us = clock_steady_us();
    node_link_tick(shell->links, steady_us);
    node_tick(shell->node, clock_wall_us(), steady_us);
    on_flush(shell);
}

static int send_message(void *ctx, size_t slot, struct slice message)
{
    struct bench_shell *shell = ctx;
    return node_link_send(shell->links, slot, message);
}

static void on_relays_changed(void *ctx)
{
    struct bench_shell *shell = ctx;
    node_link_reconcile(shell->links);
}

static void on_event(void *ctx, const struct node_event *event)
{
    struct bench_shell *shell = ctx;
    if (shell->node != NULL && shell->on_event != NULL)
        shell->on_event(shell, event);
}

static void on_failed(void *ctx, int error, const char *text)
{
    struct bench_shell *shell = ctx;
    log_event(LOG_ERROR, "a store failed", "error", err_name(error), "why", text, NULL);
    shell->failed = true;
    loop_stop(shell->loop);
}

/* No deadline and no retention falls into a run: their work is a daemon's, not an alert's. */
static struct node_settings settings(void)
{
    return (struct node_settings){
        .deadline_delivered_us = CLOCK_DAY_US,
        .deadline_shown_us = CLOCK_DAY_US,
        .deadline_acknowledged_us = CLOCK_DAY_US,
        .closed_after_ack_us = 30 * CLOCK_DAY_US,
        .closed_latest_us = 30 * CLOCK_DAY_US,
        .error_after_ack_us = 30 * CLOCK_DAY_US,
        .error_latest_us = 30 * CLOCK_DAY_US,
        .encryption_key_life_us = 7 * CLOCK_DAY_US,
        .disk_reserve_bytes = 64 << 20,
        .open_cases = UINT32_MAX,
    };
}

static int open_core(struct bench_shell *shell, struct bench_net *net, struct err_note *note)
{
    char path[320];
    struct node_setup setup = {
        .keys = net->members[shell->index],
        .trust = net->trust,
        .roster_seed = buf_slice(&net->roster),
        .settings = settings(),
        .io = {shell, send_message, on_relays_changed, on_event, on_failed},
        .loop = loop_uv(shell->loop),
        .now_us = clock_wall_us(),
    };
    const char *subscriptions[BENCH_MESH_MAX];
    setup.settings.subscriptions = subscriptions;
    setup.settings.subscription_count = bench_net_subscriptions(net, shell->index, subscriptions, BENCH_MESH_MAX);
    bench_net_store(net, shell->index, path, sizeof path);
    int error = db_open(path, vault_schema(), setup.keys->id, note, &setup.db);
    if (error != OK)
        return error;
    net->members[shell->index] = NULL;
    return node_open(&setup, note, &shell->node);
}

int bench_shell_open(struct bench_shell *shell, struct loop *loop, struct zlink_context *context, struct bench_net *net,
                     struct err_note *note, int64_t *ret_us)
{
    int64_t began_us = clock_steady_us();
    shell->loop = loop;
    int error = loop_timer_new(loop, on_flush, shell, &shell->flush);
    if (error == OK)
        error = loop_timer_new(loop, on_tick, shell, &shell->tick);
    if (error == OK)
        error = node_link_new(context, on_touched, shell, &shell->links);
    if (error == OK)
        error = open_core(shell, net, note);
    if (error != OK)
        return error;
    *ret_us = clock_steady_us() - began_us;
    node_link_attach(shell->links, shell->node);
    loop_timer_every(shell->tick, TICK_MS);
    return OK;
}

void bench_shell_close(struct bench_shell *shell)
{
    struct node *node = shell->node;
    shell->node = NULL;
    if (shell->links != NULL)
        node_link_detach(shell->links);
    node_close(node);
    node_link_free(shell->links);
    loop_timer_free(shell->tick);
    loop_timer_free(shell->flush);
    *shell = (struct bench_shell){.loop = shell->loop};
}

bool bench_shell_is_ready(const struct bench_shell *shell)
{
    const struct directory *directory = node_directory(shell->node);
    size_t cards = 0;
    for (size_t i = 0; i < roster_member_count(directory->roster); i++)
        cards += i == directory->self || directory->members[i].has_card;
    return directory->has_own_card && node_uplink_count(shell->node) == 1 &&
        node_uplink(shell->node, 0)->state == UPLINK_READY && cards == roster_member_count(directory->roster);
}
