/* hotline-node: options, the process's own protection, the key. Everything that runs is in node_daemon. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "node/node.h"
#include "node/node_daemon.h"
#include "proto/keyfile.h"
#include "proto/loop.h"
#include "proto/seal.h"

#define PROGRAM "hotline-node"

static const char help[] =
    "usage: hotline-node --config FILE [--check-config]\n"
    "\n"
    "A hotline's own node: it holds the keys, seals and opens alerts, and serves this hotline's people.\n"
    "\n"
    "  --config FILE    the configuration (YAML)\n"
    "  --check-config   check the configuration and the files it names, change nothing, and exit\n"
    "  --sample-config  print a configuration with each key, its unit and its default\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "Signals: SIGHUP reads the configuration and the roster file again; SIGTERM and SIGINT stop cleanly.\n"
    "Exit status: 0 stopped, 1 failed, 2 usage or configuration, 5 refused (keys, passphrase, roster).\n"
    "\n"
    "Examples:\n"
    "  hotline-node --config /etc/hotline/node.yaml --check-config\n"
    "  hotline-node --config /etc/hotline/node.yaml\n"
    "  hotline --node /run/hotline/node.sock status\n";

/* ---- the passphrase ---- */

static void read_line(int fd, char *room, size_t size)
{
    size_t len = 0;
    char one;
    while (read(fd, &one, 1) == 1 && one != '\n')
        if (len + 1 < size)
            room[len++] = one;
    room[len] = '\0';
}

/* The signals that would end the program wait until the echo is back. */
static int ask_terminal(const char *path, char *room, size_t size)
{
    struct termios before, silent;
    sigset_t block, old;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            close(fd);
        return ERR_PASSPHRASE;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &old);
    int error = tcsetattr(fd, TCSAFLUSH, &silent) == 0 ? OK : ERR_PASSPHRASE;
    if (error == OK) {
        dprintf(fd, "Passphrase of %s: ", path);
        read_line(fd, room, size);
        tcsetattr(fd, TCSAFLUSH, &before);
        dprintf(fd, "\n");
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(fd);
    return error;
}

static int ask(void *ctx, const char *path, char *room, size_t size)
{
    const struct node_conf *conf = ctx;
    struct err_note note = {""};
    if (conf->passphrase_file == NULL)
        return ask_terminal(path, room, size);
    int error = keyfile_passphrase_from(conf->passphrase_file, room, size, &note);
    if (error != OK)
        log_event(LOG_ERROR, "passphrase_file cannot be used", "why", err_explain(&note, error), NULL);
    return error;
}

/* ---- the process ---- */

static void protect(void)
{
    const struct rlimit none = {0, 0};
    umask(077);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_event(LOG_WARN, "core dumps cannot be switched off", NULL);
    if (!seal_memory_is_locked())
        log_event(LOG_WARN, "memory cannot be locked: keys may reach the swap (raise LimitMEMLOCK)", NULL);
}

static int run(const char *config)
{
    struct err_note note = {""};
    struct node_daemon_setup setup = {.config = config};
    loop_hold_reload();
    int error = helper_start(&setup.helper); /* before there is a key, a socket or a thread that it could hold */
    if (error == OK)
        error = node_conf_load(config, &note, &setup.conf);
    if (error != OK) {
        helper_free(setup.helper);
        fprintf(stderr, "%s\n", err_explain(&note, error));
        return err_exit_status(error);
    }
    log_setup(PROGRAM, setup.conf->log_level, setup.conf->log_format);
    error = seal_start();
    if (error == OK) {
        protect();
        error = keyfile_read(setup.conf->key, ask, setup.conf, &note, &setup.keys);
    }
    if (error == OK && setup.conf->previous_key != NULL)
        error = keyfile_read(setup.conf->previous_key, ask, setup.conf, &note, &setup.previous);
    if (error == OK)
        return node_daemon_run(&setup);
    key_set_free(setup.keys);
    helper_free(setup.helper);
    log_event(LOG_ERROR, "cannot start", "error", err_name(error), "why", err_explain(&note, error), NULL);
    node_conf_free(setup.conf);
    return err_exit_status(error);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"check-config", no_argument, NULL, 'k'},
        {"sample-config", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    const char *config = NULL;
    bool check = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 's':
            node_conf_write_sample(stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        case 'v':
            puts(NODE_SOFTWARE);
            return 0;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            fputs(PROGRAM " --help says how\n", stderr);
            return 2;
        }
    }
    if (config == NULL || optind < argc) {
        fputs(help, stderr);
        return 2;
    }
    return check ? node_conf_check(config, stdout, stderr) : run(config);
}
