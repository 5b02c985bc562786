/*
 * cli_help - the pages that `hotline help` shows: examples first.
 */
#ifndef NODE_CLI_HELP_H
#define NODE_CLI_HELP_H

#include "cli.h"

/* The options that every command has. */
extern const struct cli_args_option cli_help_common[];

/* `hotline --help`. */
void cli_help_all(struct buf *out);
/* `hotline help key`: the commands of a group. */
void cli_help_group(const char *group, struct buf *out);
/* `hotline help publish`. */
void cli_help_command(const struct cli_command *command, struct buf *out);

#endif
