/* cli_help: writes help out of the table of commands, so that it cannot say what the program does not do. */
#include "cli_help.h"

#include "cmd.h"

const struct cli_args_option cli_help_common[] = {
    {"node", 0, CLI_ARGS_VALUE, "SOCKET", "the node's socket (default: $HOTLINE_NODE, else /run/hotline/node.sock)"},
    {"no-input", 0, CLI_ARGS_FLAG, NULL, "never ask; fail instead"},
    {"help", 'h', CLI_ARGS_FLAG, NULL, "this page"},
    CLI_OPTION_END,
};

static const char top_examples[] = "  hotline status\n"
                                   "  hotline inbox\n"
                                   "  hotline publish case.json --live --to IT,FR --wait delivered\n"
                                   "  hotline show gr-faros/GR-2026-00001\n"
                                   "  hotline ack GR-2026-00001 --as Paola\n";

static const char top_end[] =
    "\nOptions before or after the command:\n"
    "  --node SOCKET  the node's socket (default: $HOTLINE_NODE, else /run/hotline/node.sock)\n"
    "  --no-input     never ask; fail instead\n"
    "  --version      which version this is\n"
    "\nExit status: 0 ok, 1 failed, 2 usage or configuration, 3 not found, 4 unreachable, 5 refused\n"
    "(signature, policy, roster), 6 wait timed out, 7 partly.\n"
    "`hotline help COMMAND` shows one command.\n";

static void add_row(struct buf *out, const struct cli_command *command)
{
    buf_printf(out, "  %-18s %s\n", command->name, command->summary);
}

void cli_help_all(struct buf *out)
{
    buf_add_text(out, "hotline - urgent alerts on missing children, between hotlines\n\nExamples:\n");
    buf_add_text(out, top_examples);
    buf_add_text(out, "\nCommands:\n");
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            add_row(out, c);
    buf_add_text(out, top_end);
}

void cli_help_group(const char *group, struct buf *out)
{
    size_t len = strlen(group);
    buf_printf(out, "hotline %s ...\n\n", group);
    for (size_t g = 0; g < cmd_group_count(); g++)
        for (const struct cli_command *c = cmd_group(g); c->name != NULL; c++)
            if (strncmp(c->name, group, len) == 0 && c->name[len] == ' ')
                add_row(out, c);
    buf_printf(out, "\n`hotline help %s COMMAND` shows one command.\n", group);
}

static void add_options(const struct cli_args_option *options, struct buf *out)
{
    for (const struct cli_args_option *o = options; o != NULL && o->name != NULL; o++) {
        char left[64], letter[6] = "";
        if (o->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
                 o->value != NULL ? o->value : "");
        buf_printf(out, "  %-26s %s\n", left, o->doc);
    }
}

void cli_help_command(const struct cli_command *command, struct buf *out)
{
    buf_printf(out, "hotline %s - %s\n\nExamples:\n%s", command->name, command->summary, command->examples);
    buf_printf(out, "\nUsage: hotline %s %s\n", command->name, command->synopsis);
    if (command->notes != NULL)
        buf_printf(out, "\n%s", command->notes);
    buf_add_text(out, "\nOptions:\n");
    add_options(command->options, out);
    add_options(cli_help_common, out);
}
