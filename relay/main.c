/*
 * hotline-relay: options, configuration, the graph, and its orderly end. Must never decide anything about an alert.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/keyfile.h"
#include "proto/log.h"
#include "proto/loop.h"
#include "proto/seal.h"
#include "relay/relay_conf.h"
#include "relay/relay_console.h"
#include "relay/relay_link.h"

/* ROUTER, gate, their helpers, and room to spare. */
#define MAIN_SOCKETS 64
/* What is left in ZeroMQ's queues at a stop gets this long to go. */
#define MAIN_DRAIN_MS 200

static const char main_help[] =
    "usage: hotline-relay --config FILE [--check-config]\n"
    "\n"
    "Stores and forwards sealed alerts between accredited hotlines. It reads headers only.\n"
    "\n"
    "  --config FILE    the configuration (YAML)\n"
    "  --check-config   check the configuration and the files it names, change nothing, and exit\n"
    "  --sample-config  print a configuration with each key, its unit and its default\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "Signals: SIGHUP reads the roster file and the limits again; SIGTERM and SIGINT stop cleanly.\n"
    "Exit status: 0 stopped, 1 failed, 2 usage or configuration, 5 refused (keys, passphrase, roster).\n"
    "\n"
    "Examples:\n"
    "  hotline-relay --config /etc/hotline/relay.yaml --check-config\n"
    "  hotline-relay --config /etc/hotline/relay.yaml\n"
    "  hotline-relay --sample-config > relay.yaml\n";

struct main_program {
    const char *config;
    struct relay_conf *conf;
    struct key_set *keys;
    struct roster_trust trust;
    struct loop *loop;
    struct zlink_context *context;
    struct relay_link *link;
    struct relay *relay;
    struct relay_console *console;
    int status;
};

/* ---- the passphrase ---- */

static int main_ask_terminal(const char *path, char *room, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios before, quiet;
    sigset_t block, old;
    size_t len = 0;
    char one;

    if (fd < 0)
        return ERR_PASSPHRASE;
    if (tcgetattr(fd, &before)) {
        close(fd);
        return ERR_PASSPHRASE;
    }
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &old); /* until the echo is back */
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    dprintf(fd, "passphrase of %s: ", path);
    tcsetattr(fd, TCSAFLUSH, &quiet);
    while (len + 1 < size && read(fd, &one, 1) == 1 && one != '\n')
        room[len++] = one;
    room[len] = '\0';
    tcsetattr(fd, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &old, NULL);
    dprintf(fd, "\n");
    close(fd);
    return OK;
}

static int main_ask(void *ctx, const char *path, char *room, size_t size)
{
    const struct main_program *program = ctx;
    struct err_note note = {{0}};
    int error;

    if (!program->conf->passphrase_file)
        return main_ask_terminal(path, room, size);
    error = keyfile_passphrase_from(program->conf->passphrase_file, room, size, &note);
    if (error)
        log_event(LOG_ERROR, "passphrase_file", "why", err_explain(&note, error), NULL);
    return error;
}

/* ---- signals ---- */

static void main_on_stop(void *ctx)
{
    struct main_program *program = ctx;

    log_event(LOG_INFO, "stopping", NULL);
    loop_stop(program->loop);
}

static void main_take_conf(struct main_program *program, struct relay_conf *conf)
{
    const struct relay_conf *old = program->conf;

    if (strcmp(old->relay, conf->relay) != 0 || strcmp(old->key, conf->key) != 0 ||
        strcmp(old->store, conf->store) != 0 || strcmp(old->listen, conf->listen) != 0 ||
        strcmp(old->admin, conf->admin) != 0)
        log_event(LOG_WARN, "relay, key, store, listen and admin change at the next start only", NULL);
    log_setup("hotline-relay", conf->log_level, conf->log_format);
    relay_reconfigure(program->relay, conf);
    relay_conf_free(program->conf);
    program->conf = conf;
}

static void main_on_reload(void *ctx)
{
    struct main_program *program = ctx;
    struct relay_conf *conf;
    struct err_note note = {{0}};
    struct buf seed;
    int error = relay_conf_load(program->config, &note, &conf);

    if (error)
        log_event(LOG_ERROR, "configuration not taken, the old one stays", "why", err_explain(&note, error), NULL);
    else
        main_take_conf(program, conf);
    buf_init(&seed);
    note.text[0] = '\0';
    error = keyfile_slurp(program->conf->roster, LIMIT_ROSTER_BYTES, &seed, &note);
    if (!error)
        error = relay_offer_roster(program->relay, buf_slice(&seed), clock_wall_us(), &note);
    if (error)
        log_event(LOG_ERROR, "roster not taken, the old one stays", "file", program->conf->roster, "why",
                  err_explain(&note, error), NULL);
    else
        log_event(LOG_INFO, "roster file and limits read again", "roster", note.text[0] ? note.text : "taken", NULL);
    buf_free(&seed);
}

static void main_on_failed(void *ctx, int error, const char *text)
{
    struct main_program *program = ctx;

    log_event(LOG_ERROR, "the store failed: stopping, for nothing more can be promised", "error", err_name(error),
              "why", text, NULL);
    program->status = 1;
    loop_stop(program->loop);
}

/* ---- building the graph ---- */

static void main_harden(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        log_event(LOG_WARN, "core dumps cannot be switched off", NULL);
    if (!seal_memory_is_locked())
        log_event(LOG_WARN, "memory cannot be locked: keys may reach the swap (raise LimitMEMLOCK)", NULL);
}

static int main_read_files(struct main_program *program, struct buf *seed, struct err_note *note)
{
    int error = keyfile_read(program->conf->key, main_ask, program, note, &program->keys);

    if (!error)
        error = roster_trust_read(program->conf->authority, note, &program->trust);
    if (!error)
        error = keyfile_slurp(program->conf->roster, LIMIT_ROSTER_BYTES, seed, note);
    return error;
}

static int main_build_relay(struct main_program *program, struct slice seed, struct err_note *note)
{
    struct relay_setup setup = {.conf = program->conf,
                                .keys = program->keys,
                                .trust = &program->trust,
                                .seed = seed,
                                .loop = loop_uv(program->loop),
                                .io = relay_link_io(program->link),
                                .now_us = clock_wall_us()};
    int error = spool_open(program->conf->store, program->conf->relay, note, &setup.spool);

    return error ? error : relay_new(&setup, note, &program->relay);
}

static int main_build(struct main_program *program, struct err_note *note)
{
    struct buf seed;
    int error;

    buf_init(&seed);
    error = main_read_files(program, &seed, note);
    if (!error)
        error = loop_new(&program->loop);
    if (!error)
        error = loop_signals(program->loop, main_on_stop, main_on_reload, program);
    if (!error)
        error = zlink_context_new(program->loop, MAIN_SOCKETS, &program->context);
    if (!error)
        error = relay_link_new(program->loop, program->context, main_on_failed, program, note, &program->link);
    if (!error)
        error = main_build_relay(program, buf_slice(&seed), note);
    if (!error)
        error = relay_link_bind(program->link, program->relay, program->conf->listen, program->keys, note);
    if (!error)
        error = relay_console_open(program->loop, program->conf->admin, program->relay, program->link, note,
                                   &program->console);
    buf_free(&seed);
    return error;
}

static bool main_never(void *ctx)
{
    (void)ctx;
    return false;
}

/* Goodbye to all, what was decided to the disk, then everything goes: zlink, http, store thread, context, loop. */
static void main_end(struct main_program *program)
{
    if (program->console) {
        relay_stop(program->relay, clock_wall_us());
        relay_link_flush(program->link);
        (void)!loop_run_until(program->loop, main_never, NULL, MAIN_DRAIN_MS);
    }
    relay_link_free(program->link);
    relay_console_close(program->console);
    relay_free(program->relay);
    if (program->context)
        zlink_context_free(program->context);
    if (program->loop) {
        loop_turn(program->loop);
        loop_free(program->loop);
    }
    key_set_free(program->keys);
    relay_conf_free(program->conf);
}

static int main_run(struct main_program *program)
{
    struct err_note note = {{0}};
    int error;

    loop_hold_reload();
    error = relay_conf_load(program->config, &note, &program->conf);
    if (error) {
        fprintf(stderr, "%s\n", err_explain(&note, error));
        return err_exit_status(error);
    }
    log_setup("hotline-relay", program->conf->log_level, program->conf->log_format);
    if (seal_start()) {
        log_event(LOG_ERROR, "libsodium cannot start", NULL);
        main_end(program);
        return 1;
    }
    main_harden();
    error = main_build(program, &note);
    if (error) {
        log_event(LOG_ERROR, "cannot start", "why", err_explain(&note, error), NULL);
        main_end(program);
        return err_exit_status(error);
    }
    log_event(LOG_INFO, "serving", "relay", program->conf->relay, "listen", relay_link_endpoint(program->link), "admin",
              program->conf->admin, NULL);
    (void)!loop_notify("READY=1");
    loop_run(program->loop);
    (void)!loop_notify("STOPPING=1");
    main_end(program);
    log_event(LOG_INFO, "stopped", NULL);
    return program->status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"check-config", no_argument, NULL, 'k'},
        {"sample-config", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    struct main_program program = {0};
    bool check = false;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            program.config = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 's':
            relay_conf_write_sample(stdout);
            return ferror(stdout) ? 1 : 0;
        case 'v':
            printf("hotline-relay %s\n", RELAY_VERSION);
            return 0;
        case 'h':
            fputs(main_help, stdout);
            return 0;
        default:
            fputs("hotline-relay --help says how\n", stderr);
            return 2;
        }
    }
    if (!program.config || optind < argc) {
        fputs(main_help, stderr);
        return 2;
    }
    return check ? relay_conf_check(program.config, stdout, stderr) : main_run(&program);
}
