/* main: finds the command, reads its arguments, runs it, and says once how it ended. Knows nothing of what commands do.
 */
#include <locale.h>

#include "cli_help.h"
#include "cmd.h"
#include "proto/seal.h"

#define DEFAULT_SOCKET "/run/hotline/node.sock"

static int print(struct cli *cli, struct buf *text)
{
    int error = cli_write(cli, text);
    buf_free(text);
    return error;
}

static int help(struct cli *cli, const char *first, const char *second)
{
    struct buf out;
    buf_init(&out);
    size_t words;
    const struct cli_command *command = first != NULL ? cmd_find(first, second, &words) : NULL;
    if (first == NULL)
        cli_help_all(&out);
    else if (command != NULL)
        cli_help_command(command, &out);
    else if (cmd_is_group(first))
        cli_help_group(first, &out);
    else
        return cli_fail(cli, ERR_USAGE, "there is no command \"%s\"", first);
    return print(cli, &out);
}

static int refuse_command(struct cli *cli, const char *first, const char *second)
{
    bool group = cmd_is_group(first);
    const char *wrong = group ? second : first;
    cli_hint(cli, group ? "`hotline help %s` lists its commands." : "`hotline --help` lists the commands.", first);
    if (wrong == NULL || wrong[0] == '-')
        return cli_fail(cli, ERR_USAGE, "`hotline %s` needs a command", first);
    const char *near = cmd_near(group ? first : NULL, wrong);
    if (near == NULL)
        return cli_fail(cli, ERR_USAGE, "there is no command \"%s%s%s\"", group ? first : "", group ? " " : "", wrong);
    int len = (int)strcspn(near, " ");
    return cli_fail(cli, ERR_USAGE, "there is no command \"%s%s%s\"; did you mean `hotline %s%s%.*s`?",
                    group ? first : "", group ? " " : "", wrong, group ? first : "", group ? " " : "", len, near);
}

static int check_count(struct cli *cli, const struct cli_args *args)
{
    const struct cli_command *command = cli->command;
    if (args->positional_count >= command->least && args->positional_count <= command->most)
        return OK;
    cli_hint(cli, "Usage: hotline %s %s", command->name, command->synopsis);
    if (args->positional_count > command->most)
        return cli_fail(cli, ERR_USAGE, "too many arguments from \"%s\" on", args->positional[command->most]);
    return cli_fail(cli, ERR_USAGE, "an argument is missing");
}

static int run(struct cli *cli, const char *const *argv, size_t argc)
{
    const struct cli_args_option *const tables[2] = {cli->command->options, cli_help_common};
    struct cli_args args;
    int error = cli_args_parse(argv, argc, tables, &cli->note, &args);
    if (error != OK) {
        cli_hint(cli, "`hotline help %s` shows its options.", cli->command->name);
        return error;
    }
    cli->no_input = cli->no_input || cli_args_has(&args, "no-input");
    cli->socket_path = cli_args_text(&args, "node", cli->socket_path);
    if (cli_args_has(&args, "help")) {
        struct buf out;
        buf_init(&out);
        cli_help_command(cli->command, &out);
        error = print(cli, &out);
    } else {
        error = check_count(cli, &args);
        error = error == OK ? cli->command->run(cli, &args) : error;
    }
    cli_args_done(&args);
    return error;
}

/* Options before the command; *ret_help, *ret_version as asked. Returns how many words they took, or a negative error.
 */
static int take_leading(struct cli *cli, const char *const *argv, size_t argc, bool *ret_help, bool *ret_version)
{
    size_t at = 0;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *word = argv[at];
        if (strcmp(word, "--no-input") == 0)
            cli->no_input = true;
        else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            *ret_help = true;
        else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
            *ret_version = true;
        else if (strncmp(word, "--node=", 7) == 0)
            cli->socket_path = word + 7;
        else if (strcmp(word, "--node") == 0 && at + 1 < argc)
            cli->socket_path = argv[++at];
        else
            return cli_fail(cli, ERR_USAGE, "unknown option %.60s before the command", word);
    }
    return (int)at;
}

static int dispatch(struct cli *cli, const char *const *argv, size_t argc)
{
    bool wants_help = false, wants_version = false;
    int taken = take_leading(cli, argv, argc, &wants_help, &wants_version);
    if (taken < 0) {
        cli_hint(cli, "`hotline --help` lists the commands.");
        return taken;
    }
    argv += taken;
    argc -= (size_t)taken;
    struct buf out;
    buf_init(&out);
    if (wants_version) {
        buf_add_text(&out, CLI_VERSION "\n");
        return print(cli, &out);
    }
    const char *first = argc > 0 ? argv[0] : NULL, *second = argc > 1 ? argv[1] : NULL;
    if (wants_help)
        return help(cli, first, second);
    if (first != NULL && strcmp(first, "help") == 0)
        return help(cli, second, argc > 2 ? argv[2] : NULL);
    if (first == NULL) {
        cli_help_all(&out);
        fputs(buf_text(&out), stderr);
        buf_free(&out);
        return cli_fail(cli, ERR_USAGE, "which command?");
    }
    if (cmd_is_group(first) && second != NULL && (strcmp(second, "--help") == 0 || strcmp(second, "-h") == 0))
        return help(cli, first, NULL);
    size_t words = 0;
    cli->command = cmd_find(first, second, &words);
    return cli->command != NULL ? run(cli, argv + words, argc - words) : refuse_command(cli, first, second);
}

/* As gettext looks for it. */
static const char *reader_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *socket_path = getenv("HOTLINE_NODE");
    struct cli cli = {.socket_path = socket_path != NULL && socket_path[0] != '\0' ? socket_path : DEFAULT_SOCKET};
    setlocale(LC_TIME, "");
    (void)cli_language(reader_locale(), cli.language);
    int error = seal_start();
    if (error == OK)
        error = dispatch(&cli, (const char *const *)(argv + 1), argc > 0 ? (size_t)argc - 1 : 0);
    if (error != OK) {
        cli_talk("hotline%s%s: %s", cli.command != NULL ? " " : "", cli.command != NULL ? cli.command->name : "",
                 err_explain(&cli.note, error));
        if (cli.hint[0] != '\0')
            cli_talk("%s", cli.hint);
    }
    return cli.exit_status != 0 ? cli.exit_status : err_exit_status(error);
}
