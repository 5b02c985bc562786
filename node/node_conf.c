/* node_conf: the node's option table, and from values to a struct. Never opens what the paths name. */
#include "node_conf.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "proto/clock.h"
#include "proto/limits.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

static const struct conf_option options[] = {
    {.path = "member", .type = CONF_ID, .example = "be-baken", .doc = "This hotline's id, as on the roster."},
    {.path = "key",
     .type = CONF_PATH,
     .example = "/etc/hotline/node.key",
     .doc = "The member's key file, readable by its owner only. Made by `hotline key generate`."},
    {.path = "passphrase_file",
     .type = CONF_PATH,
     .standard = "",
     .doc = "A file whose first line unlocks the key file. Leave it out when the key file is not locked."},
    {.path = "previous_key",
     .type = CONF_PATH,
     .standard = "",
     .doc =
         "The key file before, after it was replaced by a wholly new one: opens the store once and wraps its key anew. "
         "Take the line out after that start."},
    {.path = "authority",
     .type = CONF_PATH,
     .example = "/etc/hotline/authority.pub",
     .doc = "The public keys of the network's authority, compared by fingerprint when they were handed over."},
    {.path = "roster",
     .type = CONF_PATH,
     .example = "/etc/hotline/roster.signed",
     .doc = "The signed list of members and relays. A seed: ignored when older than what the store holds. "
            "Read again on SIGHUP."},
    {.path = "store",
     .type = CONF_PATH,
     .example = "/var/lib/hotline-node/node.db",
     .doc = "The database. Created at the first start, in a folder that exists. Cases are encrypted in it."},
    {.path = "socket",
     .type = CONF_PATH,
     .example = "/run/hotline/node.sock",
     .doc = "The Unix socket of the API, which `hotline --node` speaks to; at most 107 bytes long."},
    {.path = "socket_mode",
     .type = CONF_MODE,
     .max = 0770,
     .standard = "0660",
     .doc = "Who may open the socket: its owner, its group, never everybody."},
    {.path = "socket_group",
     .type = CONF_TEXT,
     .max = 32,
     .standard = "",
     .doc = "The group of the operators, which the socket is given to. Default: the group of the process."},
    {.path = "console",
     .type = CONF_HOSTPORT,
     .standard = "",
     .doc = "Where /healthz, /readyz, /metrics and the console are served, in clear: loopback, such as "
            "127.0.0.1:9461. Default: nowhere."},
    {.path = "subscriptions",
     .type = CONF_COUNTRY_LIST,
     .max = LIMIT_COUNTRIES,
     .standard = "",
     .doc = "Countries whose unrestricted alerts are wanted besides the own country's, for the first start only; "
            "`hotline subscribe` replaces them afterwards."},
    {.path = "disk_reserve",
     .type = CONF_SIZE,
     .min = 1 << 20,
     .max = INT64_C(1) << 40,
     .standard = "64MiB",
     .doc = "With less free space than this on the store's disk, no new case can be published."},
    {.path = "encryption_key_life",
     .type = CONF_DURATION,
     .min = CLOCK_HOUR_US,
     .max = 90 * CLOCK_DAY_US,
     .standard = "7d",
     .doc = "How long a key that others encrypt to is used before the next one is published."},
    {.path = "deadlines.delivered",
     .type = CONF_DURATION,
     .min = 5 * CLOCK_SECOND_US,
     .max = CLOCK_DAY_US,
     .standard = "60s",
     .doc = "An IMMEDIATE case not delivered after this long alarms the publisher, with the number to call."},
    {.path = "deadlines.shown",
     .type = CONF_DURATION,
     .min = 5 * CLOCK_SECOND_US,
     .max = CLOCK_DAY_US,
     .standard = "2m",
     .doc = "The same, not shown on an armed console."},
    {.path = "deadlines.acknowledged",
     .type = CONF_DURATION,
     .min = 5 * CLOCK_SECOND_US,
     .max = CLOCK_DAY_US,
     .standard = "5m",
     .doc = "The same, not acknowledged by a person."},
    {.path = "retention.closed_after_ack",
     .type = CONF_DURATION,
     .min = 0,
     .max = 30 * CLOCK_DAY_US,
     .standard = "24h",
     .doc = "A closed case's personal data is erased this long after its closing was acknowledged."},
    {.path = "retention.closed_latest",
     .type = CONF_DURATION,
     .min = 0,
     .max = 30 * CLOCK_DAY_US,
     .standard = "72h",
     .doc = "The same, this long after its closing if nobody acknowledged it."},
    {.path = "retention.sent_in_error_after_ack",
     .type = CONF_DURATION,
     .min = 0,
     .max = 30 * CLOCK_DAY_US,
     .standard = "1h",
     .doc = "A case that was sent in error: erased this long after its retraction was acknowledged."},
    {.path = "retention.sent_in_error_latest",
     .type = CONF_DURATION,
     .min = 0,
     .max = 30 * CLOCK_DAY_US,
     .standard = "24h",
     .doc = "The same, this long after its retraction if nobody acknowledged it."},
    {.path = "log.level",
     .type = CONF_ENUM,
     .names = log_levels,
     .standard = "info",
     .doc = "What is logged at least. No level logs any content of a case."},
    {.path = "log.format",
     .type = CONF_ENUM,
     .names = log_formats,
     .standard = "logfmt",
     .doc = "How a line is written."},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

static void fill_times(const struct conf *source, struct node_conf *conf)
{
    conf->deadlines.delivered_us = conf_number(source, "deadlines.delivered");
    conf->deadlines.shown_us = conf_number(source, "deadlines.shown");
    conf->deadlines.acknowledged_us = conf_number(source, "deadlines.acknowledged");
    conf->retention.closed_after_ack_us = conf_number(source, "retention.closed_after_ack");
    conf->retention.closed_latest_us = conf_number(source, "retention.closed_latest");
    conf->retention.sent_in_error_after_ack_us = conf_number(source, "retention.sent_in_error_after_ack");
    conf->retention.sent_in_error_latest_us = conf_number(source, "retention.sent_in_error_latest");
    conf->encryption_key_life_us = conf_number(source, "encryption_key_life");
}

static void fill(const struct conf *source, struct node_conf *conf)
{
    conf->member = conf_text(source, "member");
    conf->key = conf_text(source, "key");
    conf->passphrase_file = conf_text(source, "passphrase_file");
    conf->previous_key = conf_text(source, "previous_key");
    conf->authority = conf_text(source, "authority");
    conf->roster = conf_text(source, "roster");
    conf->store = conf_text(source, "store");
    conf->socket = conf_text(source, "socket");
    conf->socket_group = conf_text(source, "socket_group");
    conf->socket_mode = (unsigned)conf_number(source, "socket_mode");
    conf->console = conf_text(source, "console");
    conf->log_level = (enum log_level)conf_number(source, "log.level");
    conf->log_format = (enum log_format)conf_number(source, "log.format");
    conf->disk_reserve_bytes = conf_number(source, "disk_reserve");
    fill_times(source, conf);
}

/* What one option alone cannot tell. */
static void check_sense(const struct node_conf *conf, struct conf_problems *problems)
{
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(conf->socket) > room)
        conf_object(conf->source, problems, "socket", "%s is longer than the %zu bytes of a Unix socket's name",
                    conf->socket, room);
    if (conf->retention.closed_latest_us < conf->retention.closed_after_ack_us)
        conf_object(conf->source, problems, "retention.closed_latest", "is shorter than retention.closed_after_ack");
    if (conf->retention.sent_in_error_latest_us < conf->retention.sent_in_error_after_ack_us)
        conf_object(conf->source, problems, "retention.sent_in_error_latest",
                    "is shorter than retention.sent_in_error_after_ack");
}

static int load(const char *file, struct conf_problems *problems, struct node_conf **ret_conf)
{
    struct node_conf *conf = calloc(1, sizeof *conf);
    if (conf == NULL)
        return ERR_NOMEM;
    int error = conf_load(file, options, OPTION_COUNT, problems, &conf->source);
    if (error)
        goto out;
    fill(conf->source, conf);
    check_sense(conf, problems);
    if (problems->count > 0) {
        error = ERR_CONFIG;
        goto out;
    }
    *ret_conf = conf;
    conf = NULL;
out:
    node_conf_free(conf);
    return error;
}

int node_conf_load(const char *file, struct err_note *note, struct node_conf **ret_conf)
{
    struct conf_problems problems;
    conf_problems_init(&problems);
    int error = load(file, &problems, ret_conf);
    conf_problems_note(&problems, note);
    conf_problems_free(&problems);
    return error;
}

void node_conf_free(struct node_conf *conf)
{
    if (conf == NULL)
        return;
    conf_free(conf->source);
    free(conf);
}

size_t node_conf_subscription_count(const struct node_conf *conf)
{
    return conf_item_count(conf->source, "subscriptions");
}

const char *node_conf_subscription(const struct node_conf *conf, size_t i)
{
    return conf_item(conf->source, "subscriptions", i);
}

static void check_surroundings(const struct node_conf *conf, struct conf_problems *problems)
{
    const struct conf *source = conf->source;
    conf_check_secret(source, "key", problems);
    conf_check_secret(source, "passphrase_file", problems);
    conf_check_secret(source, "previous_key", problems);
    conf_check_file(source, "authority", problems);
    conf_check_file(source, "roster", problems);
    conf_check_folder(source, "store", problems);
    if (conf->socket_group != NULL && getgrnam(conf->socket_group) == NULL)
        conf_object(source, problems, "socket_group", "there is no group %s", conf->socket_group);
}

int node_conf_check(const char *file, FILE *out, FILE *talk)
{
    struct conf_problems problems;
    conf_problems_init(&problems);
    struct node_conf *conf = NULL;
    int error = load(file, &problems, &conf);
    if (error == OK)
        check_surroundings(conf, &problems);
    int status = conf_problems_report(&problems, file, error, out, talk);
    node_conf_free(conf);
    conf_problems_free(&problems);
    return status;
}

void node_conf_write_sample(FILE *out)
{
    conf_write_sample("hotline-node: every key, with its unit, bounds and default. Keys with a default may be left "
                      "out; unknown keys are errors. Relative paths are relative to this file's folder.\n"
                      "To check: hotline-node --config FILE --check-config",
                      options, OPTION_COUNT, out);
}
