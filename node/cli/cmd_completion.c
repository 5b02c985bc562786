/* cmd_completion: the shell's help while typing. */
#include "cli_complete.h"
#include "cmd.h"

static int run_completion(struct cli *cli, const struct cli_args *args)
{
    const char *shell = cli_args_at(args, 0);
    struct buf out;
    buf_init(&out);
    int error = cli_complete_write(shell, &out);
    if (error == ERR_UNKNOWN)
        error = cli_fail(cli, ERR_USAGE, "\"%.40s\": there is bash, zsh and fish", shell);
    else
        error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_completion[] = {
    {.name = "completion",
     .synopsis = "bash|zsh|fish",
     .summary = "a script that completes these commands in a shell",
     .examples = "  . <(hotline completion bash)\n"
                 "  hotline completion bash >/usr/share/bash-completion/completions/hotline\n"
                 "  hotline completion zsh >/usr/local/share/zsh/site-functions/_hotline\n"
                 "  hotline completion fish >~/.config/fish/completions/hotline.fish\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_completion},
    {0},
};
