/* hook_link_run: the command of escalation. No shell, no argument, an environment of its own, none of our descriptors;
 * one JSON document on its stdin. Ten seconds, then it and what it started are killed. Of its output only the length
 * is told. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/hook_link_inner.h"
#include "proto/clock.h"
#include "proto/log.h"

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int set_actions(posix_spawn_file_actions_t *actions, int in, int out)
{
    if (posix_spawn_file_actions_adddup2(actions, in, 0) != 0 ||
        posix_spawn_file_actions_adddup2(actions, out, 1) != 0 ||
        posix_spawn_file_actions_adddup2(actions, out, 2) != 0 ||
        posix_spawn_file_actions_addclosefrom_np(actions, 3) != 0)
        return ERR_NOMEM;
    return OK;
}

/* A group of its own, so that it ends with what it started; signals as at a program's start. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) !=
            0 ||
        posix_spawnattr_setpgroup(attributes, 0) != 0 || posix_spawnattr_setsigmask(attributes, &none) != 0 ||
        posix_spawnattr_setsigdefault(attributes, &all) != 0)
        return ERR_NOMEM;
    return OK;
}

static int spawn(const char *command, int in, int out, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[256], path[] = "PATH=/usr/local/bin:/usr/bin:/bin", language[] = "LC_ALL=C.UTF-8";
    char *argv[] = {name, NULL}, *environment[] = {path, language, NULL};
    snprintf(name, sizeof name, "%s", command);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ERR_NOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ERR_NOMEM;
    }
    int error = set_actions(&actions, in, out);
    if (error == OK)
        error = set_attributes(&attributes);
    if (error == OK && posix_spawn(ret_pid, command, &actions, &attributes, argv, environment) != 0)
        error = ERR_IO;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int hook_link_run(struct hook_flight *flight, const struct dispatch *dispatch, const struct node_conf *conf)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    if (conf->command == NULL)
        return ERR_CONFIG;
    buf_printf(&flight->out, "%s\n", dispatch->body);
    int error = buf_broken(&flight->out) ? ERR_NOMEM : OK;
    if (error == OK &&
        (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 ||
         fcntl(out[0], F_SETFL, O_NONBLOCK) != 0))
        error = ERR_IO;
    if (error == OK)
        error = spawn(conf->command, in[0], out[1], &flight->pid);
    close_end(&in[0]);
    close_end(&out[1]);
    flight->in = in[1];
    flight->from = out[0];
    flight->until_us = clock_steady_us() + LIMIT_DISPATCH_TRY_MS * CLOCK_MS_US;
    if (error != OK) {
        close_end(&flight->in);
        close_end(&flight->from);
        flight->pid = 0;
    }
    return error;
}

static void feed(struct hook_flight *flight)
{
    while (flight->in >= 0 && flight->fed < flight->out.len) {
        ssize_t wrote = write(flight->in, flight->out.data + flight->fed, flight->out.len - flight->fed);
        if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (wrote < 0)
            break; /* it does not want to read: its exit status counts */
        flight->fed += (size_t)wrote;
    }
    close_end(&flight->in);
}

static void listen_to(struct hook_flight *flight)
{
    char scrap[4096];
    for (size_t i = 0; i < 16 && flight->from >= 0; i++) {
        ssize_t got = read(flight->from, scrap, sizeof scrap);
        if (got < 0)
            return;
        if (got == 0)
            close_end(&flight->from);
        flight->answered += got > 0 ? (size_t)got : 0;
    }
}

static void log_end(const struct hook_flight *flight, int status)
{
    char length[24], exit_text[24];
    snprintf(length, sizeof length, "%zu", flight->answered);
    snprintf(exit_text, sizeof exit_text, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    log_event(LOG_INFO, "the command of escalation has ended", "exit", exit_text, "output_bytes", length, NULL);
}

bool hook_link_run_step(struct hook_flight *flight, struct dispatch_result *ret_result)
{
    int status = 0;
    feed(flight);
    listen_to(flight);
    pid_t ended = waitpid(flight->pid, &status, WNOHANG);
    if (ended == 0 && clock_steady_us() < flight->until_us)
        return false;
    if (ended == 0) {
        hook_link_run_end(flight);
        *ret_result = (struct dispatch_result){.why = "the command took too long and was killed"};
        return true;
    }
    listen_to(flight);
    (void)kill(-flight->pid, SIGKILL); /* what it left behind, if its group is still there */
    flight->pid = 0;
    close_end(&flight->in);
    close_end(&flight->from);
    if (ended > 0)
        log_end(flight, status);
    bool taken = ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    *ret_result = (struct dispatch_result){.taken = taken,
                                           .answer = ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                                           .why = "the command failed"};
    return true;
}

void hook_link_run_end(struct hook_flight *flight)
{
    if (flight->pid > 0) {
        (void)kill(-flight->pid, SIGKILL);
        (void)waitpid(flight->pid, NULL, 0);
    }
    flight->pid = 0;
    close_end(&flight->in);
    close_end(&flight->from);
}
