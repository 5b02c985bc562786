/* node_conf: the node's option table, and from values to a struct. Never opens what the paths name. */
#include "node_conf.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/origin.h"
#include "proto/clock.h"
#include "proto/limits.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const approvers[] = {"anybody", "supervisor", NULL};

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
     .doc = "Where the console, the API for programs, /healthz, /readyz and /metrics are served: loopback, such as "
            "127.0.0.1:9461; another address needs console_tls or console_proxy. Default: nowhere."},
    {.path = "console_name",
     .type = CONF_TEXT,
     .max = 200,
     .standard = "",
     .doc = "The name that people's browsers use for the console, such as hotline.example.org: calls to any other are "
            "refused. Default: the address of console; on loopback localhost too."},
    {.path = "console_proxy",
     .type = CONF_TEXT,
     .max = 200,
     .standard = "",
     .doc = "The address of the reverse proxy that browsers reach the console by, such as "
            "https://hotline.example.org; it speaks TLS, and sets X-Forwarded-For. Default: none."},
    {.path = "console_tls.certificate",
     .type = CONF_PATH,
     .standard = "",
     .doc = "The console's certificate and those above it, PEM. With console_tls.key the console speaks TLS."},
    {.path = "console_tls.key",
     .type = CONF_PATH,
     .standard = "",
     .doc = "The certificate's private key, PEM, readable by its owner only."},
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
    {.path = "retention.notes",
     .type = CONF_DURATION,
     .min = CLOCK_HOUR_US,
     .max = 30 * CLOCK_DAY_US,
     .standard = "72h",
     .doc = "A handover note is erased this long after it was written."},
    {.path = "approval.required",
     .type = CONF_LIST,
     .max = 8,
     .standard = "",
     .doc = "Real cases that a second person must approve before they are sent: LIVE (all), RESTRICTED, or categories "
            "such as PARENTAL_ABDUCTION. Whoever breaks the glass is told to everybody. Drills, closings "
            "and retractions never wait, nor do updates that reach no further."},
    {.path = "approval.advised",
     .type = CONF_LIST,
     .max = 8,
     .standard = "",
     .doc = "The same, of cases where it is asked for and may be left out."},
    {.path = "approval.by",
     .type = CONF_ENUM,
     .names = approvers,
     .standard = "anybody",
     .doc =
         "Who the second person may be: anybody who may publish real cases, or a supervisor, logged in as such. Never "
         "whoever wrote the words."},
    {.path = "poster.phone",
     .type = CONF_TEXT,
     .max = LIMIT_POSTER_PHONE_BYTES,
     .standard = "",
     .doc = "The number that posters tell the public to call, as it is to be printed. Default: 116 000, the number for "
            "missing children in Europe."},
    {.path = "escalation.first",
     .type = CONF_DURATION,
     .min = 0,
     .max = CLOCK_DAY_US,
     .standard = "2m",
     .doc = "An IMMEDIATE case that came and that nobody here acknowledged for so long is said by mail, command and "
            "webhook; at once when no console is armed. 0s: never."},
    {.path = "escalation.second",
     .type = CONF_DURATION,
     .min = 0,
     .max = CLOCK_DAY_US,
     .standard = "5m",
     .doc = "And again, after so long. 0s: not."},
    {.path = "escalation.third",
     .type = CONF_DURATION,
     .min = 0,
     .max = CLOCK_DAY_US,
     .standard = "15m",
     .doc = "And a last time, after so long. 0s: not."},
    {.path = "escalation.drills",
     .type = CONF_BOOL,
     .standard = "true",
     .doc = "Drills escalate too, marked EXERCISE."},
    {.path = "escalation.command",
     .type = CONF_TEXT,
     .standard = "",
     .doc =
         "A program, by its absolute path, run without a shell and without arguments at each step; it reads one JSON "
         "document, without personal data, and has 10 seconds. Default: none."},
    {.path = "mail.server",
     .type = CONF_TEXT,
     .standard = "",
     .doc = "Where mail of escalation goes: smtp://HOST:PORT (with STARTTLS) or smtps://HOST:PORT; without TLS to this "
            "machine only. Default: no mail."},
    {.path = "mail.from", .type = CONF_TEXT, .max = 200, .standard = "", .doc = "The sender's address."},
    {.path = "mail.to", .type = CONF_LIST, .max = 8, .standard = "", .doc = "Who is to be woken: addresses."},
    {.path = "mail.user",
     .type = CONF_TEXT,
     .max = 120,
     .standard = "",
     .doc = "The account at the server. Default: none is named."},
    {.path = "mail.password_file",
     .type = CONF_PATH,
     .standard = "",
     .doc = "A file whose first line is the account's password, readable by its owner only."},
    {.path = "webhooks.loopback",
     .type = CONF_BOOL,
     .standard = "false",
     .doc = "Webhooks may go to this machine, in clear too."},
    {.path = "webhooks.private",
     .type = CONF_BOOL,
     .standard = "false",
     .doc = "Webhooks may go to private networks (10.0.0.0/8, 192.168.0.0/16, fc00::/7 and so on), by https."},
    {.path = "webhooks.ca_file",
     .type = CONF_PATH,
     .standard = "",
     .doc = "The authorities that certificates of webhooks' receivers and of the mail server are checked by. Default: "
            "the system's."},
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
    conf->retention.notes_us = conf_number(source, "retention.notes");
    conf->encryption_key_life_us = conf_number(source, "encryption_key_life");
}

static void fill_waking(const struct conf *source, struct node_conf *conf)
{
    conf->escalation.after_us[0] = conf_number(source, "escalation.first");
    conf->escalation.after_us[1] = conf_number(source, "escalation.second");
    conf->escalation.after_us[2] = conf_number(source, "escalation.third");
    conf->escalation.drills = conf_number(source, "escalation.drills") != 0;
    conf->command = conf_text(source, "escalation.command");
    conf->mail.server = conf_text(source, "mail.server");
    conf->mail.from = conf_text(source, "mail.from");
    conf->mail.user = conf_text(source, "mail.user");
    conf->mail.password_file = conf_text(source, "mail.password_file");
    conf->hooks.loopback = conf_number(source, "webhooks.loopback") != 0;
    conf->hooks.private_networks = conf_number(source, "webhooks.private") != 0;
    conf->ca_file = conf_text(source, "webhooks.ca_file");
}

/* Words that are none are found by check_approval. */
static unsigned approval_set(const struct conf *source, const char *path)
{
    unsigned set = 0, bit = 0;
    for (size_t i = 0; i < conf_item_count(source, path); i++)
        set |= approval_word_of(conf_item(source, path, i), &bit) == OK ? bit : 0;
    return set;
}

static void fill(const struct conf *source, struct node_conf *conf)
{
    conf->poster_phone = conf_text(source, "poster.phone");
    conf->approval.required = approval_set(source, "approval.required");
    conf->approval.advised = approval_set(source, "approval.advised");
    conf->approval.by_supervisor = conf_number(source, "approval.by") == 1;
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
    conf->console_name = conf_text(source, "console_name");
    conf->console_proxy = conf_text(source, "console_proxy");
    conf->console_certificate = conf_text(source, "console_tls.certificate");
    conf->console_key = conf_text(source, "console_tls.key");
    conf->log_level = (enum log_level)conf_number(source, "log.level");
    conf->log_format = (enum log_format)conf_number(source, "log.format");
    conf->disk_reserve_bytes = conf_number(source, "disk_reserve");
    fill_times(source, conf);
    fill_waking(source, conf);
}

/* An address as it may stand in a header and in an SMTP command. */
static bool is_mail_address(const char *text)
{
    const char *at = strchr(text, '@');
    bool clean = true;
    for (const char *c = text; *c != '\0'; c++)
        clean = clean && *c > ' ' && *c < 0x7f && strchr("<>(),;:\\\"[]", *c) == NULL;
    return clean && at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

static void check_mail(const struct node_conf *conf, struct conf_problems *problems)
{
    const struct node_mail *mail = &conf->mail;
    if (mail->server == NULL)
        return;
    if (strncmp(mail->server, "smtp://", 7) != 0 && strncmp(mail->server, "smtps://", 8) != 0)
        conf_object(conf->source, problems, "mail.server", "begins neither with smtp:// nor with smtps://");
    if (strchr(mail->server, '@') != NULL)
        conf_object(conf->source, problems, "mail.server",
                    "names an account: that is mail.user and mail.password_file");
    if (mail->from == NULL || !is_mail_address(mail->from))
        conf_object(conf->source, problems, "mail.from", "is no mail address");
    if (conf_item_count(conf->source, "mail.to") == 0)
        conf_object(conf->source, problems, "mail.to", "names nobody");
    for (size_t i = 0; i < conf_item_count(conf->source, "mail.to"); i++)
        if (!is_mail_address(conf_item(conf->source, "mail.to", i)))
            conf_object(conf->source, problems, "mail.to", "entry %zu is no mail address", i + 1);
    if ((mail->user == NULL) != (mail->password_file == NULL))
        conf_object(conf->source, problems, "mail.user", "an account has both mail.user and mail.password_file");
}

/* What a telephone can be told by a QR code: digits, blanks between them, a plus before. */
static void check_poster(const struct node_conf *conf, struct conf_problems *problems)
{
    const char *phone = conf->poster_phone;
    size_t digits = 0;
    if (phone == NULL)
        return;
    for (const char *c = phone; *c != '\0'; c++)
        digits += *c >= '0' && *c <= '9';
    const char *rest = phone[0] == '+' ? phone + 1 : phone;
    if (digits < 3 || digits > 15 || strspn(rest, "0123456789 ") != strlen(rest))
        conf_object(conf->source, problems, "poster.phone", "is no telephone number: digits and blanks, a plus before");
}

static void check_approval(const struct node_conf *conf, struct conf_problems *problems)
{
    static const char *const paths[] = {"approval.required", "approval.advised"};
    unsigned bit;
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < conf_item_count(conf->source, paths[p]); i++)
            if (approval_word_of(conf_item(conf->source, paths[p], i), &bit) != OK)
                conf_object(conf->source, problems, paths[p],
                            "%s is none of LIVE, RESTRICTED, RUNAWAY, PARENTAL_ABDUCTION, CRIMINAL_ABDUCTION, "
                            "MISSING_IN_MIGRATION, LOST_INJURED, OTHERWISE_MISSING",
                            conf_item(conf->source, paths[p], i));
}

static void check_waking(const struct node_conf *conf, struct conf_problems *problems)
{
    static const char *const names[] = {"escalation.first", "escalation.second", "escalation.third"};
    int64_t before_us = 0;
    for (size_t i = 0; i < ESCALATION_STEPS; i++) {
        int64_t after_us = conf->escalation.after_us[i];
        if (after_us != 0 && after_us <= before_us)
            conf_object(conf->source, problems, names[i], "is not later than the step before");
        before_us = after_us != 0 ? after_us : before_us;
    }
    if (conf->command != NULL && conf->command[0] != '/')
        conf_object(conf->source, problems, "escalation.command", "%s is no absolute path", conf->command);
    check_mail(conf, problems);
}

/* Passwords and cases travel here: in clear on this machine alone. */
static void check_console(const struct node_conf *conf, struct conf_problems *problems)
{
    bool tls = conf->console_certificate != NULL, key = conf->console_key != NULL;
    if (tls != key)
        conf_object(conf->source, problems, tls ? "console_tls.certificate" : "console_tls.key",
                    "stands alone: console_tls needs certificate and key");
    if (conf->console_proxy != NULL && !origin_is_proxy(conf->console_proxy))
        conf_object(conf->source, problems, "console_proxy", "is not an address like https://hotline.example.org");
    if (conf->console != NULL && !origin_is_loopback(conf->console) && !tls && conf->console_proxy == NULL)
        conf_object(
            conf->source, problems, "console",
            "%s is reached from other machines, and passwords would travel in clear: set console_tls.certificate "
            "and console_tls.key, or console_proxy, or stand on loopback, as 127.0.0.1:9461",
            conf->console);
}

/* What one option alone cannot tell. */
static void check_sense(const struct node_conf *conf, struct conf_problems *problems)
{
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    check_console(conf, problems);
    if (strlen(conf->socket) > room)
        conf_object(conf->source, problems, "socket", "%s is longer than the %zu bytes of a Unix socket's name",
                    conf->socket, room);
    if (conf->retention.closed_latest_us < conf->retention.closed_after_ack_us)
        conf_object(conf->source, problems, "retention.closed_latest", "is shorter than retention.closed_after_ack");
    if (conf->retention.sent_in_error_latest_us < conf->retention.sent_in_error_after_ack_us)
        conf_object(conf->source, problems, "retention.sent_in_error_latest",
                    "is shorter than retention.sent_in_error_after_ack");
    check_waking(conf, problems);
    check_approval(conf, problems);
    check_poster(conf, problems);
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

size_t node_conf_mail_count(const struct node_conf *conf)
{
    return conf_item_count(conf->source, "mail.to");
}

const char *node_conf_mail_to(const struct node_conf *conf, size_t i)
{
    return conf_item(conf->source, "mail.to", i);
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
    conf_check_file(source, "console_tls.certificate", problems);
    conf_check_secret(source, "console_tls.key", problems);
    conf_check_folder(source, "store", problems);
    conf_check_secret(source, "mail.password_file", problems);
    conf_check_file(source, "webhooks.ca_file", problems);
    if (conf->command != NULL && access(conf->command, X_OK) != 0)
        conf_object(source, problems, "escalation.command", "%s cannot be run", conf->command);
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
