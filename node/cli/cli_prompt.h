/*
 * cli_prompt - asks the person at the terminal. Secrets are read without echo from the terminal itself, never from
 * standard input.
 */
#ifndef NODE_CLI_PROMPT_H
#define NODE_CLI_PROMPT_H

#include "cli.h"
#include "proto/keyfile.h"

/* Rows for option tables. */
#define CLI_PROMPT_OPTIONS                                                                                             \
    {"passphrase-file", 0, CLI_ARGS_VALUE, "FILE", "read the passphrase from the first line of FILE (0600)"},          \
    {                                                                                                                  \
        "no-passphrase", 0, CLI_ARGS_FLAG, NULL, "leave the key file unlocked: whoever reads the file has the key"     \
    }

/* True when a person can be asked. */
bool cli_prompt_possible(const struct cli *cli);
/* One line as typed, echoed. ERR_PERMISSION when nobody can be asked; ERR_LIMIT. */
int cli_prompt_line(struct cli *cli, const char *question, char *room, size_t size) MUST_CHECK;

/* A passphrase for a new key file: from --passphrase-file, or asked twice; *ret_given false with --no-passphrase.
 * The caller wipes room. ERR_USAGE when nothing says which. */
int cli_prompt_new_passphrase(struct cli *cli, const struct cli_args *args, char *room, size_t size,
                              bool *ret_given) MUST_CHECK;

/* A new secret, "passphrase" or "password", asked twice, without echo. The caller wipes room. */
int cli_prompt_new_secret(struct cli *cli, const char *what, char *room, size_t size) MUST_CHECK;

/* How locked key files are opened: context of cli_prompt_ask. */
struct cli_prompt_source {
    struct cli *cli;
    const char *passphrase_file; /* or NULL */
};
/* A keyfile_ask. */
int cli_prompt_ask(void *source, const char *path, char *room, size_t size);
/* Opens a key file, its passphrase from --passphrase-file or the terminal. Freed by key_set_free. */
int cli_prompt_key(struct cli *cli, const struct cli_args *args, const char *path, struct key_set **ret_set) MUST_CHECK;

#endif
