/*
 * cli - what every command of `hotline` shares: the table row that describes a command, its context, how it fails, how
 * it writes. stdout is data, stderr is talk.
 *
 * A command returns 0 or an ERR_*; the program ends with err_exit_status() of it. Before it returns an error it says
 * what and why with cli_fail, and, where there is one, the next thing to do with cli_hint. main prints both, once.
 */
#ifndef NODE_CLI_H
#define NODE_CLI_H

#include <stdbool.h>

#include "cli_args.h"
#include "proto/buf.h"
#include "proto/err.h"
#include "proto/jdoc.h"
#include "proto/limits.h"

#define CLI_VERSION "hotline 0.1.0"
#define CLI_HINT_MAX 2048

struct cli_command;

struct cli {
    const char *socket_path;
    char language[LIMIT_LANGUAGE_CHARS + 1]; /* of the reader: "fr"; "en" unless the environment says another */
    bool no_input;                           /* never ask a person */
    int exit_status;                         /* of a command with exit statuses of its own; 0: the error's */
    const struct cli_command *command;       /* the one that runs */
    struct err_note note;
    char hint[CLI_HINT_MAX];
};

struct cli_command {
    const char *name;     /* "roster sign"; NULL ends a table */
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line */
    const char *examples; /* whole lines */
    const char *notes;    /* whole lines, or NULL */
    const struct cli_args_option *options;
    size_t least, most; /* positional arguments */
    int (*run)(struct cli *cli, const struct cli_args *args);
};

enum cli_form { CLI_TABLE, CLI_JSON, CLI_JSONL };

/* Rows for option tables. */
#define CLI_OPTION_OUTPUT                                                                                              \
    {                                                                                                                  \
        "output", 'o', CLI_ARGS_VALUE, "FORMAT", "table (default), json or jsonl"                                      \
    }
#define CLI_OPTION_WAIT                                                                                                \
    {"wait", 0, CLI_ARGS_VALUE, "STEP", "wait until it is accepted, delivered or acknowledged"},                       \
    {                                                                                                                  \
        "timeout", 'W', CLI_ARGS_VALUE, "DURATION", "how long to wait at most (default 60s)"                           \
    }
#define CLI_OPTION_LANG                                                                                                \
    {                                                                                                                  \
        "lang", 0, CLI_ARGS_VALUE, "LANG", "codes in de, en, es, fr, hu, it, pl or ro (default: $LANG's)"              \
    }
#define CLI_OPTION_END                                                                                                 \
    {                                                                                                                  \
        NULL, 0, CLI_ARGS_FLAG, NULL, NULL                                                                             \
    }

/* Notes what went wrong and returns error. */
int cli_fail(struct cli *cli, int error, const char *format, ...) PRINTF_LIKE(3, 4);
/* Returns error with cli->note as it is, filled in by a library call, or with the error's sentence when that is empty.
 */
int cli_failed(struct cli *cli, int error);
/* Notes the next thing to do. */
void cli_hint(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* One line of talk on stderr, cleaned of terminal controls. */
void cli_talk(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same, marked as a warning. */
void cli_warn(const char *format, ...) PRINTF_LIKE(1, 2);

/* "fr_FR.UTF-8" or "fr-BE" as "fr"; "en" for NULL, "C" and what there are no phrases for: then false. */
bool cli_language(const char *locale, char language[LIMIT_LANGUAGE_CHARS + 1]);
/* Reads --lang into cli->language, when it is there. ERR_USAGE: there are no phrases for it. */
int cli_take_language(struct cli *cli, const struct cli_args *args) MUST_CHECK;

/* Reads -o. ERR_USAGE. */
int cli_form_of(struct cli *cli, const struct cli_args *args, enum cli_form *ret_form) MUST_CHECK;
/* Writes to stdout, all of it. ERR_IO. */
int cli_write(struct cli *cli, struct buf *text) MUST_CHECK;
/* A document as JSON, or, CLI_JSONL, each element of an array (or the document) on a line of its own. */
int cli_write_doc(struct cli *cli, enum cli_form form, const struct jdoc *doc) MUST_CHECK;

/* Wraps text in an SGR colour for stdout when that is a terminal that wants it; else the text alone. Never the only
 * carrier of a meaning. */
void cli_add_coloured(struct buf *out, const char *sgr, const char *text);

/* A list of countries as people write it, "FR,IT" or more than one argument, checked: ERR_UNKNOWN with "did you mean".
 * Appends texts to array, no country twice. */
int cli_add_countries(struct cli *cli, const char *option, const char *list, struct jdoc *array) MUST_CHECK;
/* Appends the neighbours of a country. */
int cli_add_neighbours(struct cli *cli, const char *country, struct jdoc *array) MUST_CHECK;

/* Reads a file, or standard input for "-", at most LIMIT_INPUT_BYTES. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO. */
int cli_read_file(struct cli *cli, const char *path, struct buf *ret_text) MUST_CHECK;
/* The same, parsed: ERR_SYNTAX with FILE:LINE:COLUMN. *ret_doc is a root. */
int cli_read_doc(struct cli *cli, const char *path, struct jdoc **ret_doc) MUST_CHECK;

#endif
