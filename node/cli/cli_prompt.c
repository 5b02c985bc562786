/* cli_prompt: the terminal. Must never echo a passphrase, nor leave a terminal without echo. */
#include "cli_prompt.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "proto/limits.h"
#include "proto/seal.h"

static int open_terminal(const struct cli *cli)
{
    return cli->no_input ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool cli_prompt_possible(const struct cli *cli)
{
    int fd = open_terminal(cli);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int read_line(int fd, char *room, size_t size)
{
    size_t used = 0;
    bool too_long = false;
    char c = '\0';
    while (read(fd, &c, 1) == 1 && c != '\n') {
        if (used + 1 < size)
            room[used++] = c;
        else
            too_long = true;
    }
    room[used] = '\0';
    return too_long ? ERR_LIMIT : c == '\n' ? OK : ERR_PERMISSION;
}

static int write_text(int fd, const char *text)
{
    size_t len = strlen(text);
    return write(fd, text, len) == (ssize_t)len ? OK : ERR_IO;
}

int cli_prompt_line(struct cli *cli, const char *question, char *room, size_t size)
{
    int fd = open_terminal(cli);
    if (fd < 0)
        return cli_fail(cli, ERR_PERMISSION, "there is no terminal to ask on");
    int error = write_text(fd, question);
    if (error == OK)
        error = read_line(fd, room, size);
    close(fd);
    return error == OK ? OK : cli_fail(cli, error, "no answer");
}

/* The signals that would end the program wait until the echo is back. */
static int read_secret(int fd, const char *question, char *room, size_t size)
{
    struct termios before, silent;
    sigset_t block, old;
    if (tcgetattr(fd, &before) != 0)
        return ERR_IO;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGHUP);
    sigprocmask(SIG_BLOCK, &block, &old);
    int error = tcsetattr(fd, TCSAFLUSH, &silent) == 0 ? write_text(fd, question) : ERR_IO;
    if (error == OK)
        error = read_line(fd, room, size);
    if (tcsetattr(fd, TCSAFLUSH, &before) != 0 && error == OK)
        error = ERR_IO;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (error == OK)
        error = write_text(fd, "\n");
    return error == OK && strchr(room, 3) != NULL ? ERR_PERMISSION : error;
}

static int ask_secret(struct cli *cli, const char *question, char *room, size_t size)
{
    int fd = open_terminal(cli);
    if (fd < 0) {
        cli_hint(cli, "Run it on a terminal, or give --passphrase-file FILE.");
        return cli_fail(cli, ERR_PASSPHRASE, "a passphrase is needed and there is no terminal to ask on");
    }
    int error = read_secret(fd, question, room, size);
    close(fd);
    return error == OK ? OK : cli_fail(cli, ERR_PASSPHRASE, "no passphrase was given");
}

int cli_prompt_new_secret(struct cli *cli, const char *what, char *room, size_t size)
{
    char again[LIMIT_PASSPHRASE_BYTES + 1], question[80];
    snprintf(question, sizeof question, "New %s (at least 12 characters): ", what);
    int error = ask_secret(cli, question, room, size);
    if (error == OK && strlen(room) < 12)
        error = cli_fail(cli, ERR_INVALID, "the %s has fewer than 12 characters", what);
    if (error == OK)
        error = ask_secret(cli, "The same again: ", again, sizeof again);
    if (error == OK && strcmp(room, again) != 0)
        error = cli_fail(cli, ERR_INVALID, "the two %ss differ", what);
    seal_wipe(again, sizeof again);
    return error;
}

int cli_prompt_new_passphrase(struct cli *cli, const struct cli_args *args, char *room, size_t size, bool *ret_given)
{
    const char *file = cli_args_text(args, "passphrase-file", NULL);
    bool none = cli_args_has(args, "no-passphrase");
    if (none && file != NULL)
        return cli_fail(cli, ERR_USAGE, "--no-passphrase and --passphrase-file exclude each other");
    int error = OK;
    if (file != NULL) {
        error = keyfile_passphrase_from(file, room, size, &cli->note);
        if (error == OK && room[0] == '\0')
            error = cli_fail(cli, ERR_INVALID, "%s: its first line is empty", file);
    } else if (!none && !cli_prompt_possible(cli)) {
        cli_hint(cli, "Give --passphrase-file FILE, or --no-passphrase for an unlocked key file.");
        error = cli_fail(cli, ERR_USAGE, "a new key needs a passphrase and there is no terminal to ask on");
    } else if (!none) {
        error = cli_prompt_new_secret(cli, "passphrase", room, size);
    }
    if (error == OK)
        *ret_given = !none;
    return error == OK ? OK : cli_failed(cli, error);
}

int cli_prompt_ask(void *source, const char *path, char *room, size_t size)
{
    struct cli_prompt_source *from = source;
    if (from->passphrase_file != NULL)
        return keyfile_passphrase_from(from->passphrase_file, room, size, &from->cli->note);
    char question[300];
    snprintf(question, sizeof question, "Passphrase of %.200s: ", path);
    return ask_secret(from->cli, question, room, size);
}

int cli_prompt_key(struct cli *cli, const struct cli_args *args, const char *path, struct key_set **ret_set)
{
    struct cli_prompt_source source = {cli, cli_args_text(args, "passphrase-file", NULL)};
    char unused[LIMIT_PASSPHRASE_BYTES + 1];
    /* Read once before: what is wrong with this file is not what is wrong with the key file. */
    int error = source.passphrase_file == NULL ?
        OK :
        keyfile_passphrase_from(source.passphrase_file, unused, sizeof unused, &cli->note);
    seal_wipe(unused, sizeof unused);
    if (error != OK)
        return cli_failed(cli, error);
    error = keyfile_read(path, cli_prompt_ask, &source, &cli->note, ret_set);
    return error == OK ? OK : cli_failed(cli, error);
}
