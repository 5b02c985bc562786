/*
 * cli_complete - completion scripts for shells, written out of the table of commands: they offer what there is.
 */
#ifndef NODE_CLI_COMPLETE_H
#define NODE_CLI_COMPLETE_H

#include "proto/buf.h"
#include "proto/err.h"

/* Appends the script for "bash", "zsh" or "fish". ERR_UNKNOWN: another shell. */
int cli_complete_write(const char *shell, struct buf *out) MUST_CHECK;

#endif
