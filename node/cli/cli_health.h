/*
 * cli_health - is this node well? One finding per question, from the documents of the API; for `check` and `doctor`.
 * Pure: documents and the clock in, findings and their texts out.
 */
#ifndef NODE_CLI_HEALTH_H
#define NODE_CLI_HEALTH_H

#include "cli.h"

/* The values are the exit statuses of a Nagios plug-in. */
enum cli_health_state { CLI_HEALTH_OK, CLI_HEALTH_WARNING, CLI_HEALTH_CRITICAL, CLI_HEALTH_UNKNOWN };

#define CLI_HEALTH_VALUES 4
#define CLI_HEALTH_TEXT_MAX 400
struct cli_health {
    const char *check; /* "relay" */
    enum cli_health_state state;
    char text[CLI_HEALTH_TEXT_MAX]; /* one sentence */
    char next[CLI_HEALTH_TEXT_MAX]; /* what to do, a command where there is one; "" when all is well */
    struct {
        const char *name; /* "connected", its unit at its end */
        int64_t value;
    } values[CLI_HEALTH_VALUES];
    size_t value_count;
};

/* The questions of `hotline check`, in the order of their help; NULL ends the list. */
extern const char *const cli_health_checks[];
/* Answers one by NodeStatus. ERR_UNKNOWN: there is no such question. */
int cli_health_of(const char *check, const struct jdoc *status, int64_t now_us,
                  struct cli_health *ret_health) MUST_CHECK;
/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *cli_health_state_name(enum cli_health_state state);

enum cli_health_form { CLI_HEALTH_NAGIOS, CLI_HEALTH_JSON, CLI_HEALTH_PROMETHEUS };
/* Appends the finding: one line with performance data, one document, or metrics for a text file collector. */
int cli_health_write(const struct cli_health *health, enum cli_health_form form, struct buf *out) MUST_CHECK;
/* The finding as a document, a root. */
struct jdoc *cli_health_doc(const struct cli_health *health);

#endif
