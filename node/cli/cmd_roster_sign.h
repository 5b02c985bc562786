/*
 * cmd_roster_sign - `roster sign` and `roster verify`: rows of cmd_roster's table.
 */
#ifndef NODE_CMD_ROSTER_SIGN_H
#define NODE_CMD_ROSTER_SIGN_H

#include "cli.h"
#include "proto/roster.h"

/* What was signed last, in the authority's folder. */
#define CMD_ROSTER_LAST "last.signed"
/* The authority keys that the next roster brings, while a change is under way. */
#define CMD_ROSTER_NEXT "authority.next"

extern const struct cli_args_option cmd_roster_sign_options[];
extern const struct cli_args_option cmd_roster_verify_options[];
/* Runs `roster sign`. */
int cmd_roster_sign_run(struct cli *cli, const struct cli_args *args);
/* Runs `roster verify`. */
int cmd_roster_verify_run(struct cli *cli, const struct cli_args *args);

/* A signed roster's file: its content, unverified (freed by mapper_free), and its bytes into ret_signed (initialised by
 * the caller; may be NULL). */
int cmd_roster_peek(struct cli *cli, const char *path, struct buf *ret_signed, Hotline__Roster **ret_roster) MUST_CHECK;

/* cmd_roster_keys.c: new authority keys, the first set and a later one. */
int cmd_roster_init_run(struct cli *cli, const struct cli_args *args) MUST_CHECK;
int cmd_roster_rekey_run(struct cli *cli, const struct cli_args *args) MUST_CHECK;

#endif
