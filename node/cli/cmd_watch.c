/* cmd_watch: what happens, as it happens; and a program for each event. Never loses an event over a broken connection.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_api.h"
#include "cli_http.h"
#include "cli_sse.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/clock.h"

#define SILENCE_MS 20000
#define RETRY_MS 1000

extern char **environ;

struct watch {
    struct cli *cli;
    enum cli_form form;
    const char *command; /* --exec, or NULL */
    int64_t left;        /* events still wanted; -1: no end */
    int64_t end_us;      /* steady; 0: no end */
    char last_id[24];
    int error;
    struct cli_sse sse;
};

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.data, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes = slice_of(bytes.data + put, bytes.len - (size_t)put);
    }
    return true;
}

/* The event goes in on standard input only: nothing from the network reaches a command line. */
static int spawn_shell(const char *command, int input, pid_t *ret_pid)
{
    char shell[] = "/bin/sh", option[] = "-c", *text = strdup(command);
    if (text == NULL)
        return ENOMEM;
    char *const argv[] = {shell, option, text, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(ret_pid, shell, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(text);
    return error;
}

static void run_command(struct watch *watch, const char *data)
{
    /* A file without a name, not a pipe: the command may read it or not, and nobody blocks. */
    FILE *input = tmpfile();
    pid_t pid;
    int status = 0;
    if (input == NULL || !write_all(fileno(input), slice_text(data)) || lseek(fileno(input), 0, SEEK_SET) != 0) {
        cli_warn("--exec: cannot hand the event over: %s", strerror(errno));
    } else {
        int error = spawn_shell(watch->command, fileno(input), &pid);
        if (error != 0)
            cli_warn("--exec: %s", strerror(error));
        else if (waitpid(pid, &status, 0) == pid && status != 0)
            cli_warn("--exec: the command ended with status %d", WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    }
    if (input != NULL)
        fclose(input);
}

static int write_event(struct watch *watch, const struct jdoc *event)
{
    if (watch->form != CLI_TABLE)
        return cli_write_doc(watch->cli, CLI_JSONL, event);
    struct buf line;
    buf_init(&line);
    cli_view_event(event, clock_wall_us(), &line);
    int error = cli_write(watch->cli, &line);
    buf_free(&line);
    return error;
}

static bool on_event(void *ctx, const char *id, const char *type, const char *data)
{
    struct watch *watch = ctx;
    struct jdoc *event = NULL;
    if (id[0] != '\0')
        snprintf(watch->last_id, sizeof watch->last_id, "%s", id);
    if (strcmp(type, "heartbeat") == 0)
        return true;
    if (jdoc_parse(slice_text(data), "event", &watch->cli->note, &event) != OK) {
        watch->error = cli_fail(watch->cli, ERR_INTERNAL, "the node sent an event that is no JSON");
        return false;
    }
    watch->error = write_event(watch, event);
    jdoc_free(event);
    if (watch->error == OK && watch->command != NULL)
        run_command(watch, data);
    if (watch->left > 0)
        watch->left--;
    return watch->error == OK && watch->left != 0;
}

static bool on_piece(void *ctx, struct slice piece)
{
    struct watch *watch = ctx;
    bool go_on = cli_sse_feed(&watch->sse, piece);
    if (watch->sse.failed)
        watch->error =
            cli_fail(watch->cli, ERR_LIMIT, "the node sent an event larger than %d bytes", CLI_SSE_BYTES_MAX);
    return go_on;
}

/* Milliseconds until -W is over; 0 without. At least 1, since 0 means no end. */
static int left_ms(const struct watch *watch)
{
    if (watch->end_us == 0)
        return 0;
    int64_t ms = (watch->end_us - clock_steady_us()) / CLOCK_MS_US;
    return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static bool is_over(const struct watch *watch)
{
    return watch->end_us != 0 && clock_steady_us() >= watch->end_us;
}

/* One connection. *ret_again: it broke, and the stream goes on with the next one. */
static int listen_once(struct watch *watch, struct cli_http *http, bool *ret_again)
{
    struct cli_http_stream stream = {.path = "/v1/events",
                                     .timeout_ms = left_ms(watch),
                                     .silence_ms = SILENCE_MS,
                                     .last_event_id = watch->last_id[0] != '\0' ? watch->last_id : NULL,
                                     .on_piece = on_piece,
                                     .ctx = watch};
    struct buf refusal;
    int status = 200;
    buf_init(&refusal);
    int error = cli_http_stream(http, &stream, &watch->cli->note, &status, &refusal);
    if (watch->error != OK)
        error = watch->error;
    else if (error == OK && status != 200)
        error = cli_api_problem(watch->cli, status, buf_slice(&refusal));
    else
        *ret_again = error == ERR_AGAIN || error == ERR_UNREACHABLE || error == ERR_TIMEOUT;
    buf_free(&refusal);
    return error;
}

static int listen_on(struct watch *watch, struct cli_http *http)
{
    bool told = false, connected = false;
    while (true) {
        bool again = false;
        int64_t began_us = clock_steady_us();
        int error = listen_once(watch, http, &again);
        if (is_over(watch) && again)
            return cli_fail(watch->cli, ERR_TIMEOUT, "time is over");
        if (!again)
            return error;
        connected = connected || error != ERR_UNREACHABLE;
        if (!connected)
            return cli_api_unreached(watch->cli, error);
        if (!told || clock_steady_us() - began_us > 10 * CLOCK_SECOND_US)
            cli_warn("%s; trying again every second", watch->cli->note.text);
        told = true;
        cli_sse_reset(&watch->sse);
        int pause_ms = watch->end_us != 0 && left_ms(watch) < RETRY_MS ? left_ms(watch) : RETRY_MS;
        struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000L};
        nanosleep(&pause, NULL);
    }
}

static int read_count(struct cli *cli, const struct cli_args *args, int64_t *ret_count)
{
    const char *text = cli_args_text(args, "count", NULL);
    char *end = NULL;
    long long value = text != NULL ? strtoll(text, &end, 10) : -1;
    if (text != NULL && (end == text || *end != '\0' || value < 1))
        return cli_fail(cli, ERR_USAGE, "-C %s: a whole number from 1 on", text);
    *ret_count = value;
    return OK;
}

static int read_limit(struct cli *cli, const struct cli_args *args, int64_t *ret_end_us)
{
    const char *text = cli_args_text(args, "timeout", NULL);
    int64_t limit_us = 0;
    if (text != NULL && clock_parse_duration(text, &limit_us) != OK)
        return cli_fail(cli, ERR_USAGE, "-W %s: a duration is a number and a unit: 500ms, 30s, 5m, 1h", text);
    *ret_end_us = text != NULL ? clock_steady_us() + limit_us : 0;
    return OK;
}

static int run_watch(struct cli *cli, const struct cli_args *args)
{
    struct watch watch = {.cli = cli, .command = cli_args_text(args, "exec", NULL)};
    struct cli_http *http = NULL;
    int error = cli_form_of(cli, args, &watch.form);
    if (error == OK)
        error = read_count(cli, args, &watch.left);
    if (error == OK)
        error = read_limit(cli, args, &watch.end_us);
    if (error != OK)
        return error;
    snprintf(watch.last_id, sizeof watch.last_id, "%.20s", cli_args_text(args, "after", ""));
    error = cli_http_open(cli->socket_path, &http);
    if (error != OK)
        return cli_failed(cli, error);
    signal(SIGPIPE, SIG_IGN);
    cli_sse_init(&watch.sse, on_event, &watch);
    error = listen_on(&watch, http);
    cli_sse_done(&watch.sse);
    cli_http_close(http);
    return error;
}

static const struct cli_args_option options[] = {
    {"count", 'C', CLI_ARGS_VALUE, "N", "stop after N events"},
    {"timeout", 'W', CLI_ARGS_VALUE, "DURATION", "stop after this long, with exit status 6"},
    {"after", 0, CLI_ARGS_VALUE, "ID", "begin after this event (0: with all that the node still keeps)"},
    {"exec", 0, CLI_ARGS_VALUE, "COMMAND",
     "run COMMAND by /bin/sh for each event, the event's JSON on its standard input"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_watch[] = {
    {.name = "watch",
     .synopsis = "[-C N] [-W DURATION] [--exec COMMAND] [-o FORMAT]",
     .summary = "what happens, as it happens",
     .examples = "  hotline watch\n"
                 "  hotline watch -o jsonl | jq -r 'select(.type==\"ladder.changed\") | .member + \" \" + .state'\n"
                 "  hotline watch --exec 'jq -e \".type == \\\"case.received\\\"\" >/dev/null && play alarm.wav'\n"
                 "  hotline watch -C 1 -W 60s\n",
     .notes = "With -o json or jsonl each event is one line. A connection that breaks is made again, and nothing is\n"
              "missed as long as the node kept running. COMMAND is text of yours for the shell; nothing that came\n"
              "from the network is put into it. Commands run one after the other.\n",
     .options = options,
     .run = run_watch},
    {0},
};
