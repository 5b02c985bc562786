/* cli_health: thresholds and words. Asks no node and reads no file. */
#include "cli_health.h"

#include <inttypes.h>
#include <stdarg.h>

#include "proto/clock.h"

#define ROSTER_WARN_US (14 * CLOCK_DAY_US)
#define CLOCK_WARN_MS 30000
#define CLOCK_CRITICAL_MS 600000
#define DISK_CRITICAL_BYTES (INT64_C(256) << 20)
#define DISK_WARN_BYTES (INT64_C(1) << 30)

const char *const cli_health_checks[] = {"relay", "delivery", "roster", "clock", "disk", NULL};

static void find(struct cli_health *health, enum cli_health_state state, const char *format, ...) PRINTF_LIKE(3, 4);
static void find(struct cli_health *health, enum cli_health_state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(health->text, sizeof health->text, format, args);
    va_end(args);
    health->state = state;
}

static void advise(struct cli_health *health, const char *next)
{
    snprintf(health->next, sizeof health->next, "%s", next);
}

static void add_value(struct cli_health *health, const char *name, int64_t value)
{
    CHECK(health->value_count < CLI_HEALTH_VALUES);
    health->values[health->value_count].name = name;
    health->values[health->value_count++].value = value;
}

static size_t connected_of(const struct jdoc *relays)
{
    size_t count = 0;
    for (size_t i = 0; i < jdoc_count(relays); i++)
        count += strcmp(jdoc_get_text(jdoc_at(relays, i), "state", ""), "CONNECTED") == 0;
    return count;
}

/* Those away, by name: "relay-2 (connection lost)". */
static void list_away(const struct jdoc *relays, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < jdoc_count(relays) && used + 1 < size; i++) {
        const struct jdoc *relay = jdoc_at(relays, i);
        if (strcmp(jdoc_get_text(relay, "state", ""), "CONNECTED") == 0)
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%.40s (%.60s)", used > 0 ? ", " : "",
                                 jdoc_get_text(relay, "id", "?"), jdoc_get_text(relay, "reason", "not connected"));
    }
}

static void check_relay(const struct jdoc *status, int64_t now_us, struct cli_health *health)
{
    const struct jdoc *relays = jdoc_get(status, "relays");
    size_t total = jdoc_count(relays), connected = connected_of(relays);
    char away[240] = "";
    (void)now_us;
    list_away(relays, away, sizeof away);
    add_value(health, "connected", (int64_t)connected);
    add_value(health, "relays", (int64_t)total);
    if (connected == total && total > 0) {
        find(health, CLI_HEALTH_OK, "%zu of %zu relays are connected", connected, total);
        return;
    }
    find(health, connected == 0 ? CLI_HEALTH_CRITICAL : CLI_HEALTH_WARNING, "%zu of %zu relays are connected; away: %s",
         connected, total, away);
    advise(health, "hotline status    (the reason of each; then the network from here, then the relay's operator)");
}

static void check_delivery(const struct jdoc *status, int64_t now_us, struct cli_health *health)
{
    int64_t late = jdoc_get_int(status, "late", 0), outbox = jdoc_get_int(status, "outbox", 0);
    size_t pending = jdoc_count(jdoc_get(jdoc_get(status, "inbox"), "pending"));
    (void)now_us;
    add_value(health, "late", late);
    add_value(health, "outbox", outbox);
    add_value(health, "unacknowledged", jdoc_get_int(jdoc_get(status, "inbox"), "unacknowledged", 0));
    add_value(health, "pending", (int64_t)pending);
    if (late > 0) {
        find(health, CLI_HEALTH_CRITICAL, "%" PRId64 " recipients are late with a step of an open case", late);
        advise(health, "hotline inbox --sent, then hotline show ID    (whom to ring)");
    } else if (outbox > 0) {
        find(health, CLI_HEALTH_WARNING, "%" PRId64 " envelopes wait for relays to accept them", outbox);
        advise(health, "hotline check relay; when all are dark: hotline sealed export ID -o FILE");
    } else if (pending > 0) {
        find(health, CLI_HEALTH_WARNING, "cases of %zu senders wait at a relay for their sender to come back", pending);
        advise(health, "hotline status    (whom to ring)");
    } else {
        find(health, CLI_HEALTH_OK, "nothing waits and nobody is late");
    }
}

/* A warning of the node that a question takes over; NULL when there is none. */
static const char *warning_of(const struct jdoc *status, const char *const *codes)
{
    const struct jdoc *warnings = jdoc_get(status, "warnings");
    for (size_t i = 0; i < jdoc_count(warnings); i++)
        for (size_t c = 0; codes[c] != NULL; c++)
            if (strcmp(jdoc_get_text(jdoc_at(warnings, i), "code", ""), codes[c]) == 0)
                return jdoc_get_text(jdoc_at(warnings, i), "text", codes[c]);
    return NULL;
}

static void check_roster(const struct jdoc *status, int64_t now_us, struct cli_health *health)
{
    static const char *const grave[] = {"WITHDRAWN", "SUSPENDED", "KEY", "ROSTER_EVIDENCE", NULL};
    int64_t expires_us = 0;
    const char *warning = warning_of(status, grave);
    char age[CLOCK_TEXT_MAX] = "";
    if (clock_parse(jdoc_get_text(status, "roster_expires_at", ""), &expires_us) != OK) {
        find(health, CLI_HEALTH_UNKNOWN, "the node does not say when its roster expires");
        return;
    }
    int64_t left_us = expires_us - now_us;
    clock_format_age(left_us < 0 ? -left_us : left_us, age);
    add_value(health, "version", jdoc_get_int(status, "roster_version", 0));
    add_value(health, "left_seconds", left_us / CLOCK_SECOND_US);
    if (left_us < 0)
        find(health, CLI_HEALTH_CRITICAL, "the roster expired %s ago%s", age,
             left_us < -30 * CLOCK_DAY_US ? ", beyond its grace of 30 days: nothing can be opened" :
                                            ": after 30 days nothing can be opened");
    else if (warning != NULL)
        find(health, CLI_HEALTH_CRITICAL, "%.380s", warning);
    else
        find(health, left_us < ROSTER_WARN_US ? CLI_HEALTH_WARNING : CLI_HEALTH_OK,
             "roster version %" PRId64 ", valid for %s", jdoc_get_int(status, "roster_version", 0), age);
    if (health->state != CLI_HEALTH_OK)
        advise(health,
               left_us >= 0 && warning != NULL ?
                   "hotline status; then ring the authority" :
                   "ask the authority for a new roster; then systemctl reload hotline-node");
}

static void check_clock(const struct jdoc *status, int64_t now_us, struct cli_health *health)
{
    int64_t offset_ms = jdoc_get_int(status, "clock_offset_ms", 0);
    int64_t size_ms = offset_ms < 0 ? -offset_ms : offset_ms;
    (void)now_us;
    if (connected_of(jdoc_get(status, "relays")) == 0) {
        find(health, CLI_HEALTH_UNKNOWN, "no relay is connected to compare the clock with");
        advise(health, "hotline check relay");
        return;
    }
    add_value(health, "offset_ms", offset_ms);
    find(health,
         size_ms >= CLOCK_CRITICAL_MS ? CLI_HEALTH_CRITICAL :
             size_ms >= CLOCK_WARN_MS ? CLI_HEALTH_WARNING :
                                        CLI_HEALTH_OK,
         "the relays' clocks are %+" PRId64 " ms from this machine's", offset_ms);
    if (health->state != CLI_HEALTH_OK)
        advise(health, "timedatectl status    (is the time synchronised?)");
}

static void check_disk(const struct jdoc *status, int64_t now_us, struct cli_health *health)
{
    int64_t free_bytes = jdoc_get_int(status, "disk_free_bytes", -1);
    static const char *const grave[] = {"DISK", NULL};
    (void)now_us;
    if (free_bytes < 0) {
        find(health, CLI_HEALTH_UNKNOWN, "the node cannot tell how much of its disk is free");
        advise(health, "df -h /var/lib/hotline-node");
        return;
    }
    add_value(health, "free_bytes", free_bytes);
    bool critical = free_bytes < DISK_CRITICAL_BYTES || warning_of(status, grave) != NULL;
    find(health,
         critical                         ? CLI_HEALTH_CRITICAL :
             free_bytes < DISK_WARN_BYTES ? CLI_HEALTH_WARNING :
                                            CLI_HEALTH_OK,
         "%" PRId64 " MiB of the store's disk are free", free_bytes >> 20);
    if (health->state != CLI_HEALTH_OK)
        advise(health, "df -h /var/lib/hotline-node    (a full disk refuses new cases)");
}

int cli_health_of(const char *check, const struct jdoc *status, int64_t now_us, struct cli_health *ret_health)
{
    static void (*const answers[])(const struct jdoc *, int64_t, struct cli_health *) = {
        check_relay, check_delivery, check_roster, check_clock, check_disk,
    };
    for (size_t i = 0; cli_health_checks[i] != NULL; i++) {
        if (strcmp(cli_health_checks[i], check) != 0)
            continue;
        *ret_health = (struct cli_health){.check = cli_health_checks[i]};
        answers[i](status, now_us, ret_health);
        return OK;
    }
    return ERR_UNKNOWN;
}

const char *cli_health_state_name(enum cli_health_state state)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    CHECK((size_t)state < sizeof names / sizeof names[0]);
    return names[state];
}

/* ---- forms ---- */

/* A pipe would begin the performance data. */
static void add_sentence(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_add_u8(out, *text == '|' || *text == '\n' ? ' ' : (uint8_t)*text);
}

static void write_nagios(const struct cli_health *health, struct buf *out)
{
    buf_add_text(out, "HOTLINE ");
    for (const char *c = health->check; *c != '\0'; c++)
        buf_add_u8(out, (uint8_t)(*c >= 'a' && *c <= 'z' ? *c - ('a' - 'A') : *c));
    buf_printf(out, " %s - ", cli_health_state_name(health->state));
    add_sentence(out, health->text);
    for (size_t i = 0; i < health->value_count; i++)
        buf_printf(out, "%s%s=%" PRId64, i == 0 ? " | " : " ", health->values[i].name, health->values[i].value);
    buf_add_u8(out, '\n');
    if (health->next[0] == '\0')
        return;
    add_sentence(out, health->next);
    buf_add_u8(out, '\n');
}

static void write_prometheus(const struct cli_health *health, struct buf *out)
{
    buf_printf(out,
               "# HELP hotline_check_%s_state 0 ok, 1 warning, 2 critical, 3 unknown.\n"
               "# TYPE hotline_check_%s_state gauge\nhotline_check_%s_state %d\n",
               health->check, health->check, health->check, (int)health->state);
    for (size_t i = 0; i < health->value_count; i++)
        buf_printf(out, "# TYPE hotline_check_%s_%s gauge\nhotline_check_%s_%s %" PRId64 "\n", health->check,
                   health->values[i].name, health->check, health->values[i].name, health->values[i].value);
}

struct jdoc *cli_health_doc(const struct cli_health *health)
{
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "check", health->check);
    jdoc_set_text(doc, "state", cli_health_state_name(health->state));
    jdoc_set_text(doc, "text", health->text);
    if (health->next[0] != '\0')
        jdoc_set_text(doc, "next", health->next);
    struct jdoc *values = jdoc_set_doc(doc, "values", jdoc_object());
    for (size_t i = 0; i < health->value_count; i++)
        jdoc_set_int(values, health->values[i].name, health->values[i].value);
    return doc;
}

int cli_health_write(const struct cli_health *health, enum cli_health_form form, struct buf *out)
{
    int error = OK;
    if (form == CLI_HEALTH_NAGIOS) {
        write_nagios(health, out);
    } else if (form == CLI_HEALTH_PROMETHEUS) {
        write_prometheus(health, out);
    } else {
        struct jdoc *doc = cli_health_doc(health);
        error = jdoc_write(doc, true, out);
        buf_add_u8(out, '\n');
        jdoc_free(doc);
    }
    return buf_broken(out) ? ERR_NOMEM : error;
}
