/*
 * cli_send - sending a case, of a file or of a draft: the same questions, answers and exit statuses for both.
 */
#ifndef NODE_CLI_SEND_H
#define NODE_CLI_SEND_H

#include "cli.h"
#include "proto/case.h"

struct cli_sending {
    struct jdoc *request;   /* the body, a root; the caller's to fill in and to free */
    const char *path;       /* to POST it to: takes `status`, `drill`, `confirm`, `dry_run`, answers with the case */
    const char *etag;       /* of the draft that it sends; NULL: of a file */
    const struct jdoc *doc; /* the case, to be read before it is confirmed; borrowed */
    Hotline__Case *alert;   /* the same, for its names; the caller's to free */
};

/* Rows for option tables. */
#define CLI_OPTIONS_STATUS                                                                                             \
    {"live", 0, CLI_ARGS_FLAG, NULL, "a real child"},                                                                  \
        {"exercise", 0, CLI_ARGS_FLAG, NULL, "a drill, marked as such everywhere"},                                    \
    {                                                                                                                  \
        "drill", 0, CLI_ARGS_VALUE, "DRILL-ID", "with --exercise: the drill that it is part of, as SPRING-2026"        \
    }
#define CLI_OPTIONS_CONFIRM                                                                                            \
    {"confirm", 0, CLI_ARGS_VALUE, "NAME", "the child's given name or alias, typed by the one who sends"},             \
        {"break-glass", 0, CLI_ARGS_VALUE, "REASON", "send it without the second person that the rules ask for"},      \
    {                                                                                                                  \
        "dry-run", 0, CLI_ARGS_FLAG, NULL, "check all, show who would get it and who would not, send nothing"          \
    }

/* --live or --exercise, and --drill, into the request. ERR_USAGE: neither, both, a real case in a drill. */
int cli_send_status(struct cli *cli, const struct cli_args *args, struct jdoc *request) MUST_CHECK;
/* --dry-run: who would get it, on standard output. */
int cli_send_dry(struct cli *cli, const struct cli_args *args, struct cli_sending *sending) MUST_CHECK;
/* --confirm, or, on a terminal, shows who gets it and asks. ERR_USAGE, ERR_INVALID: not the child's name. */
int cli_send_confirm(struct cli *cli, const struct cli_args *args, struct cli_sending *sending) MUST_CHECK;
/* Sends it, waits as --wait says, writes what became of it. */
int cli_send(struct cli *cli, const struct cli_args *args, struct cli_sending *sending) MUST_CHECK;

#endif
