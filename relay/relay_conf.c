/* relay_conf: the relay's option table, and from values to a struct. Never opens what the paths name. */
#include "relay_conf.h"

#include <stdlib.h>

#include "proto/clock.h"
#include "proto/limits.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

static const struct conf_option options[] = {
    {.path = "relay", .type = CONF_ID, .example = "relay-1", .doc = "This relay's id, as on the roster."},
    {.path = "key",
     .type = CONF_PATH,
     .example = "/etc/hotline/relay.key",
     .doc = "The relay's key file, readable by its owner only. Made by `hotline key generate`."},
    {.path = "passphrase_file",
     .type = CONF_PATH,
     .standard = "",
     .doc = "A file whose first line unlocks the key file. Leave it out when the key file is not locked."},
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
     .example = "/var/lib/hotline-relay/relay.db",
     .doc = "The database. Created at the first start, in a folder that exists."},
    {.path = "listen",
     .type = CONF_ENDPOINT,
     .example = "tcp://*:4460",
     .doc = "Where nodes connect to. Every connection is encrypted and only keys of the roster are let in."},
    {.path = "admin",
     .type = CONF_HOSTPORT,
     .example = "127.0.0.1:9460",
     .doc = "Where /healthz, /readyz and /metrics are served, in clear: loopback or an internal network."},
    {.path = "disk_reserve",
     .type = CONF_SIZE,
     .min = 1 << 20,
     .max = INT64_C(1) << 40,
     .standard = "64MiB",
     .doc = "With less free space than this on the store's disk, new alerts are refused; closings and receipts "
            "still pass."},
    {.path = "receipts_kept",
     .type = CONF_DURATION,
     .min = CLOCK_DAY_US,
     .max = 365 * CLOCK_DAY_US,
     .standard = "30d",
     .doc = "How long receipts wait for a sender who is away."},
    {.path = "limits.validity_max",
     .type = CONF_DURATION,
     .min = CLOCK_HOUR_US,
     .max = LIMIT_VALIDITY_MAX_US,
     .standard = "30d",
     .doc = "The longest validity of an alert, from its sending."},
    {.path = "limits.openings_per_minute",
     .type = CONF_INT,
     .min = 1,
     .max = 1000000,
     .standard = "30",
     .unit = "cases per member and minute",
     .doc = "New cases; bursts may be twice that."},
    {.path = "limits.updates_per_minute",
     .type = CONF_INT,
     .min = 1,
     .max = 10000,
     .standard = "60",
     .unit = "envelopes per member and minute",
     .doc = "Updates and replies; bursts may be twice that. Receipts, and one closing and one retraction per "
            "revision, do not count."},
    {.path = "limits.open_cases",
     .type = CONF_INT,
     .min = 1,
     .max = 1000000,
     .standard = "2000",
     .unit = "cases per member",
     .doc = "Cases that one member may have open at a time."},
    {.path = "limits.recipients",
     .type = CONF_INT,
     .min = 1,
     .max = LIMIT_RECIPIENTS,
     .standard = "1024",
     .unit = "members per envelope",
     .doc = "Grants that one envelope may carry."},
    {.path = "limits.credit_messages",
     .type = CONF_INT,
     .min = 1,
     .max = LIMIT_HWM / 4,
     .standard = "256",
     .unit = "messages per node",
     .doc = "Deliveries that a node may leave unanswered before the relay waits for it."},
    {.path = "limits.credit_bytes",
     .type = CONF_SIZE,
     .min = LIMIT_MESSAGE_BYTES,
     .max = 256 << 20,
     .standard = "4MiB",
     .unit = "per node",
     .doc = "The same, in bytes."},
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

static void fill_limits(const struct conf *source, struct relay_limits *limits)
{
    limits->validity_max_us = conf_number(source, "limits.validity_max");
    limits->openings_per_minute = (uint32_t)conf_number(source, "limits.openings_per_minute");
    limits->updates_per_minute = (uint32_t)conf_number(source, "limits.updates_per_minute");
    limits->open_cases = (uint32_t)conf_number(source, "limits.open_cases");
    limits->recipients = (uint32_t)conf_number(source, "limits.recipients");
    limits->credit_messages = (uint32_t)conf_number(source, "limits.credit_messages");
    limits->credit_bytes = (uint32_t)conf_number(source, "limits.credit_bytes");
}

static int load(const char *file, struct conf_problems *problems, struct relay_conf **ret_conf)
{
    struct conf *source = NULL;
    int error = conf_load(file, options, OPTION_COUNT, problems, &source);
    if (error)
        return error;
    struct relay_conf *conf = calloc(1, sizeof *conf);
    if (conf == NULL) {
        conf_free(source);
        return ERR_NOMEM;
    }
    conf->source = source;
    conf->relay = conf_text(source, "relay");
    conf->key = conf_text(source, "key");
    conf->passphrase_file = conf_text(source, "passphrase_file");
    conf->authority = conf_text(source, "authority");
    conf->roster = conf_text(source, "roster");
    conf->store = conf_text(source, "store");
    conf->listen = conf_text(source, "listen");
    conf->admin = conf_text(source, "admin");
    conf->log_level = (enum log_level)conf_number(source, "log.level");
    conf->log_format = (enum log_format)conf_number(source, "log.format");
    conf->disk_reserve_bytes = conf_number(source, "disk_reserve");
    conf->receipts_kept_us = conf_number(source, "receipts_kept");
    fill_limits(source, &conf->limits);
    *ret_conf = conf;
    return OK;
}

int relay_conf_load(const char *file, struct err_note *note, struct relay_conf **ret_conf)
{
    struct conf_problems problems;
    conf_problems_init(&problems);
    int error = load(file, &problems, ret_conf);
    conf_problems_note(&problems, note);
    conf_problems_free(&problems);
    return error;
}

void relay_conf_free(struct relay_conf *conf)
{
    if (conf == NULL)
        return;
    conf_free(conf->source);
    free(conf);
}

int relay_conf_check(const char *file, FILE *out, FILE *talk)
{
    struct conf_problems problems;
    conf_problems_init(&problems);
    struct relay_conf *conf = NULL;
    int error = load(file, &problems, &conf);
    if (error == OK) {
        conf_check_secret(conf->source, "key", &problems);
        conf_check_secret(conf->source, "passphrase_file", &problems);
        conf_check_file(conf->source, "authority", &problems);
        conf_check_file(conf->source, "roster", &problems);
        conf_check_folder(conf->source, "store", &problems);
    }
    int status = conf_problems_report(&problems, file, error, out, talk);
    relay_conf_free(conf);
    conf_problems_free(&problems);
    return status;
}

void relay_conf_write_sample(FILE *out)
{
    conf_write_sample("hotline-relay: every key, with its unit, bounds and default. Keys with a default may be left "
                      "out; unknown keys are errors. Relative paths are relative to this file's folder.\n"
                      "To check: hotline-relay --config FILE --check-config",
                      options, OPTION_COUNT, out);
}
