/*
 * cli_wait - waiting for a case to get somewhere, and what it means when it does not.
 */
#ifndef NODE_CLI_WAIT_H
#define NODE_CLI_WAIT_H

#include "cli.h"

/* Reads --wait and -W. *ret_step is NULL without --wait. ERR_USAGE. */
int cli_wait_read(struct cli *cli, const struct cli_args *args, const char **ret_step,
                  int64_t *ret_limit_us) MUST_CHECK;
/* Polls GET `case_path`?wait=step&of=of until it is reached, settled or time is over; *inout_view, a root or NULL, is
 * replaced by the newest answer. Then as cli_wait_verdict, with note and hint. */
int cli_wait_for(struct cli *cli, const char *case_path, const char *step, const char *of, int64_t limit_us,
                 struct jdoc **inout_view) MUST_CHECK;
/* Of a view that has `wait`: OK; ERR_PARTLY when some, but not all; ERR_POLICY when every relay refused; else
 * ERR_TIMEOUT. */
int cli_wait_verdict(const struct jdoc *view, const char *step, struct err_note *note) MUST_CHECK;

#endif
