/*
 * cli_args - a command's arguments, by a table of options. Pure: prints nothing, asks nobody.
 *
 * --name VALUE, --name=VALUE, -W VALUE, -WVALUE, flags, `--` (only positional ones follow), `-` (a positional one).
 * All texts are borrowed from argv.
 */
#ifndef NODE_CLI_ARGS_H
#define NODE_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/err.h"

enum cli_args_kind {
    CLI_ARGS_FLAG,
    CLI_ARGS_VALUE, /* once */
    CLI_ARGS_MANY   /* as often as wanted */
};

struct cli_args_option {
    const char *name; /* without dashes; NULL ends a table */
    char letter;      /* 0: none */
    enum cli_args_kind kind;
    const char *value; /* "FILE"; NULL for a flag */
    const char *doc;   /* one line */
};

struct cli_args_given {
    const struct cli_args_option *option;
    const char *value;
};

struct cli_args {
    struct cli_args_given *given;
    size_t given_count;
    const char **positional;
    size_t positional_count;
};

/* The command's own options, then those that every command has (may be NULL). ERR_USAGE with "did you mean"; ERR_NOMEM.
 */
int cli_args_parse(const char *const *argv, size_t argc, const struct cli_args_option *const tables[2],
                   struct err_note *note, struct cli_args *ret_args) MUST_CHECK;
void cli_args_done(struct cli_args *args);

/* Whether the option was given. */
bool cli_args_has(const struct cli_args *args, const char *name);
/* The value, or the fallback when the option was not given. */
const char *cli_args_text(const struct cli_args *args, const char *name, const char *fallback);
/* The values of an option given more than once, from *index on: NULL after the last. */
const char *cli_args_next(const struct cli_args *args, const char *name, size_t *index);
/* NULL beyond the last. */
const char *cli_args_at(const struct cli_args *args, size_t index);

/* The name of the list nearest to a mistyped one, or NULL. */
const char *cli_args_near(const char *word, const char *const *names, size_t count);

#endif
