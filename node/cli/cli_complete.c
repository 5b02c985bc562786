/* cli_complete: scripts out of the table. What is put into them is text of ours alone. */
#include "cli_complete.h"

#include <string.h>

#include "cli_help.h"
#include "cmd.h"

/* Calls each(ctx, command) for all commands, in the order of the help. */
typedef void each_command(struct buf *out, const struct cli_command *command);

static void for_all(struct buf *out, each_command *each)
{
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            each(out, c);
}

/* The first command of its group, or one that has none: where the first word is written. */
static bool leads(const struct cli_command *command)
{
    size_t len = strcspn(command->name, " ");
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            if (strcspn(c->name, " ") == len && strncmp(c->name, command->name, len) == 0)
                return c == command;
    return false;
}

static const char *second_word(const struct cli_command *command)
{
    const char *blank = strchr(command->name, ' ');
    return blank != NULL ? blank + 1 : NULL;
}

static int first_len(const struct cli_command *command)
{
    return (int)strcspn(command->name, " ");
}

/* Text inside single quotes of a shell. */
static void add_quoted(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_text(out, "'\\''");
        else
            buf_add_u8(out, (uint8_t)*text);
    }
}

static void add_first(struct buf *out, const struct cli_command *command)
{
    if (leads(command))
        buf_printf(out, " %.*s", first_len(command), command->name);
}

static void add_option_words(struct buf *out, const struct cli_args_option *options)
{
    for (const struct cli_args_option *o = options; o != NULL && o->name != NULL; o++) {
        buf_printf(out, " --%s", o->name);
        if (o->letter != 0)
            buf_printf(out, " -%c", o->letter);
    }
}

/* ---- bash ---- */

static void bash_seconds(struct buf *out, const struct cli_command *command)
{
    if (second_word(command) == NULL || !leads(command))
        return;
    buf_printf(out, "    '%.*s ') words='", first_len(command), command->name);
    size_t len = (size_t)first_len(command);
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            if ((size_t)first_len(c) == len && strncmp(c->name, command->name, len) == 0 && second_word(c) != NULL)
                buf_printf(out, " %s", second_word(c));
    buf_add_text(out, "' ;;\n");
}

static void bash_options(struct buf *out, const struct cli_command *command)
{
    buf_printf(out, "    '%s'*) words='", command->name);
    add_option_words(out, command->options);
    add_option_words(out, cli_help_common);
    buf_add_text(out, "' ;;\n");
}

static void write_bash(struct buf *out)
{
    buf_add_text(
        out,
        "# hotline, completion for bash:  . <(hotline completion bash)\n"
        "_hotline() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} first='' second='' words='' i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${COMP_WORDS[i]} in\n"
        "        --node) i=$((i + 1)) ;;\n"
        "        -*) ;;\n"
        "        *) if [ -z \"$first\" ]; then first=${COMP_WORDS[i]}; else second=${COMP_WORDS[i]}; break; fi ;;\n"
        "        esac\n"
        "    done\n"
        "    COMPREPLY=()\n"
        "    case \"$first $second\" in\n"
        "    ' ') words='");
    for_all(out, add_first);
    buf_add_text(out, " help --node --no-input --version' ;;\n");
    for_all(out, bash_seconds);
    for_all(out, bash_options);
    buf_add_text(out,
                 "    esac\n"
                 "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                 "}\n"
                 "complete -o default -F _hotline hotline\n");
}

/* ---- zsh ---- */

/* In a list of _describe a colon parts the word from its description. */
static void zsh_entry(struct buf *out, const char *word, size_t len, const char *summary)
{
    buf_printf(out, "        '%.*s:", (int)len, word);
    add_quoted(out, summary);
    buf_add_text(out, "'\n");
}

static void zsh_first(struct buf *out, const struct cli_command *command)
{
    if (leads(command))
        zsh_entry(out, command->name, (size_t)first_len(command),
                  second_word(command) == NULL ? command->summary : "...");
}

static void zsh_seconds(struct buf *out, const struct cli_command *command)
{
    if (second_word(command) == NULL || !leads(command))
        return;
    size_t len = (size_t)first_len(command);
    buf_printf(out, "    '%.*s ') list=(\n", (int)len, command->name);
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            if ((size_t)first_len(c) == len && strncmp(c->name, command->name, len) == 0 && second_word(c) != NULL)
                zsh_entry(out, second_word(c), strlen(second_word(c)), c->summary);
    buf_add_text(out, "        ) ;;\n");
}

static void zsh_options_of(struct buf *out, const struct cli_args_option *options)
{
    for (const struct cli_args_option *o = options; o != NULL && o->name != NULL; o++) {
        char word[48];
        snprintf(word, sizeof word, "--%s", o->name);
        zsh_entry(out, word, strlen(word), o->doc);
    }
}

static void zsh_options(struct buf *out, const struct cli_command *command)
{
    buf_printf(out, "    '%s'*) list=(\n", command->name);
    zsh_options_of(out, command->options);
    zsh_options_of(out, cli_help_common);
    buf_add_text(out, "        ) ;;\n");
}

static void write_zsh(struct buf *out)
{
    buf_add_text(out,
                 "#compdef hotline\n"
                 "# hotline, completion for zsh: put it as _hotline into a folder of $fpath\n"
                 "_hotline() {\n"
                 "    local first='' second='' i\n"
                 "    local -a list\n"
                 "    for ((i = 2; i < CURRENT; i++)); do\n"
                 "        case $words[i] in\n"
                 "        --node) i=$((i + 1)) ;;\n"
                 "        -*) ;;\n"
                 "        *) if [[ -z $first ]]; then first=$words[i]; else second=$words[i]; break; fi ;;\n"
                 "        esac\n"
                 "    done\n"
                 "    case \"$first $second\" in\n"
                 "    ' ') list=(\n");
    for_all(out, zsh_first);
    buf_add_text(out, "        ) ;;\n");
    for_all(out, zsh_seconds);
    for_all(out, zsh_options);
    buf_add_text(out,
                 "    esac\n"
                 "    _describe 'hotline' list || _files\n"
                 "}\n"
                 "_hotline \"$@\"\n");
}

/* ---- fish ---- */

static void fish_command(struct buf *out, const struct cli_command *command)
{
    const char *second = second_word(command);
    int len = first_len(command);
    if (leads(command)) {
        buf_printf(out, "complete -c hotline -f -n __fish_use_subcommand -a %.*s -d '", len, command->name);
        add_quoted(out, second == NULL ? command->summary : "...");
        buf_add_text(out, "'\n");
    }
    if (second != NULL) {
        buf_printf(out, "complete -c hotline -f -n '__hotline_at %.*s 2' -a %s -d '", len, command->name, second);
        add_quoted(out, command->summary);
        buf_add_text(out, "'\n");
    }
    for (const struct cli_args_option *o = command->options; o != NULL && o->name != NULL; o++) {
        buf_printf(out, "complete -c hotline -n '__hotline_in %s' -l %s", command->name, o->name);
        if (o->letter != 0)
            buf_printf(out, " -s %c", o->letter);
        buf_printf(out, "%s -d '", o->kind == CLI_ARGS_FLAG ? "" : " -r");
        add_quoted(out, o->doc);
        buf_add_text(out, "'\n");
    }
}

static void write_fish(struct buf *out)
{
    buf_add_text(out,
                 "# hotline, completion for fish:  hotline completion fish >~/.config/fish/completions/hotline.fish\n"
                 "function __hotline_words\n"
                 "    for word in (commandline -opc)[2..-1]\n"
                 "        string match -q -- '-*' $word; or echo $word\n"
                 "    end\n"
                 "end\n"
                 "function __hotline_at\n"
                 "    set -l words (__hotline_words)\n"
                 "    test (count $words) = 1; and test \"$words[1]\" = $argv[1]\n"
                 "end\n"
                 "function __hotline_in\n"
                 "    set -l words (__hotline_words)\n"
                 "    string match -q -- \"$argv *\" \"$words \"\n"
                 "end\n");
    for_all(out, fish_command);
    for (const struct cli_args_option *o = cli_help_common; o->name != NULL; o++) {
        buf_printf(out, "complete -c hotline -l %s%s -d '", o->name, o->kind == CLI_ARGS_FLAG ? "" : " -r");
        add_quoted(out, o->doc);
        buf_add_text(out, "'\n");
    }
}

int cli_complete_write(const char *shell, struct buf *out)
{
    if (strcmp(shell, "bash") == 0)
        write_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        write_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        write_fish(out);
    else
        return ERR_UNKNOWN;
    return buf_broken(out) ? ERR_NOMEM : OK;
}
