/* bench_recipients: writes onto the board when each alert was shown. Never counts what is not committed. */
#include "tests/bench/bench_recipients.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bench/bench_shell.h"

#define LOOK_MS 50
#define FAREWELL_MS 200

struct recipients {
    const struct bench_share *share;
    struct bench_shell *shells;
    struct loop *loop;
    size_t ready;
};

uint32_t bench_alert_index(const char *reference, uint32_t total)
{
    const char *dash = strrchr(reference, '-');
    unsigned long number = dash != NULL ? strtoul(dash + 1, NULL, 10) : 0;
    return number >= 1 && number <= total ? (uint32_t)number - 1 : UINT32_MAX;
}

static void on_event(struct bench_shell *shell, const struct node_event *event)
{
    struct recipients *recipients = shell->ctx;
    struct bench_board *board = recipients->share->board;
    if (event->type != NODE_CASE_RECEIVED)
        return;
    uint32_t index = bench_alert_index(event->entry->reference, board->total);
    if (index == UINT32_MAX)
        return;
    uint32_t *cell = &board->delivered_us[(size_t)index * board->subs + shell->index - 1];
    if (*cell != 0) {
        board->duplicates++;
        return;
    }
    *cell = bench_board_age_us(board, index);
    board->delivered++;
}

static void look(void *ctx)
{
    struct recipients *recipients = ctx;
    size_t ready = 0;
    for (size_t i = 0; i < recipients->share->count; i++)
        ready += bench_shell_is_ready(&recipients->shells[i]);
    recipients->share->board->nodes_ready += (uint32_t)(ready - recipients->ready);
    recipients->ready = ready;
    if (recipients->share->board->stop)
        loop_stop(recipients->loop);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static int open_shells(struct recipients *recipients, struct zlink_context *context, struct err_note *note)
{
    int error = OK;
    int64_t us;
    for (size_t i = 0; error == OK && i < recipients->share->count; i++) {
        recipients->shells[i] =
            (struct bench_shell){.on_event = on_event, .ctx = recipients, .index = recipients->share->first + i};
        error = bench_shell_open(&recipients->shells[i], recipients->loop, context, recipients->share->net, note, &us);
    }
    return error;
}

static int run(struct recipients *recipients, struct err_note *note)
{
    struct zlink_context *context = NULL;
    struct loop_timer *timer = NULL;
    recipients->shells = calloc(recipients->share->count, sizeof *recipients->shells);
    int error = recipients->shells ? loop_new(&recipients->loop) : ERR_NOMEM;
    if (error == OK)
        error = zlink_context_new(recipients->loop, (int)(6 * recipients->share->count + 16), &context);
    if (error == OK)
        error = open_shells(recipients, context, note);
    if (error == OK)
        error = loop_timer_new(recipients->loop, look, recipients, &timer);
    if (error != OK)
        return error;
    loop_timer_every(timer, LOOK_MS);
    loop_run(recipients->loop);
    loop_timer_free(timer);
    for (size_t i = 0; i < recipients->share->count; i++) {
        error = recipients->shells[i].failed ? ERR_IO : error;
        bench_shell_close(&recipients->shells[i]);
    }
    (void)!loop_run_until(recipients->loop, never, NULL, FAREWELL_MS);
    return error;
}

int bench_recipients_start(const struct bench_share *share, struct err_note *note, pid_t *ret_pid)
{
    pid_t pid = fork();
    if (pid < 0)
        return err_set(note, ERR_IO, "fork: %s", strerror(errno));
    if (pid > 0) {
        *ret_pid = pid;
        return OK;
    }
    struct recipients recipients = {.share = share};
    struct err_note why = {""};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int error = run(&recipients, &why);
    if (error != OK) {
        share->board->workers_failed++;
        dprintf(STDERR_FILENO, "hotline-bench: recipients: %s\n", err_explain(&why, error));
    }
    _exit(error == OK ? 0 : 1);
}
