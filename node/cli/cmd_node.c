/* cmd_node: this hotline's own node: its state, its fellow members, its subscriptions. */
#include <inttypes.h>

#include "cli_api.h"
#include "cli_table.h"
#include "cli_text.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/clock.h"

static void add_line(struct buf *out, const char *label, const char *value)
{
    buf_printf(out, "%-14s ", label);
    cli_text_clean(out, value != NULL ? value : "-");
    buf_add_u8(out, '\n');
}

static void number_cell(struct cli_table *table, const struct jdoc *row, const char *key)
{
    double value = 0;
    char text[32];
    if (!jdoc_real(jdoc_get(row, key), &value)) {
        cli_table_cell(table, NULL);
        return;
    }
    snprintf(text, sizeof text, "%.0f ms", value);
    cli_table_cell(table, text);
}

static int add_relays(const struct jdoc *relays, int64_t now_us, struct buf *out)
{
    static const char *const headers[] = {"RELAY", "STATE", "SINCE", "ROUND TRIP", "CLOCK", "ROSTER", "OUTBOX", ""};
    struct cli_table *table = cli_table_new(headers, 8);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(relays); i++) {
        const struct jdoc *relay = jdoc_at(relays, i);
        char since[CLI_TEXT_TIME_MAX];
        cli_text_time(jdoc_get_text(relay, "since", NULL), now_us, since);
        cli_table_cell(table, jdoc_get_text(relay, "id", NULL));
        cli_table_cell(table, jdoc_get_text(relay, "state", NULL));
        cli_table_cell(table, since);
        number_cell(table, relay, "round_trip_ms");
        number_cell(table, relay, "clock_skew_ms");
        cli_table_cell_int(table, jdoc_get_int(relay, "roster_version", 0));
        cli_table_cell_int(table, jdoc_get_int(relay, "outbox", 0));
        cli_table_cell(table, jdoc_get_text(relay, "reason", ""));
    }
    buf_add_u8(out, '\n');
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static void add_facts(const struct jdoc *status, int64_t now_us, struct buf *out)
{
    char text[CLI_VIEW_LIST_MAX], expires[CLI_TEXT_TIME_MAX];
    const struct jdoc *inbox = jdoc_get(status, "inbox");
    snprintf(text, sizeof text, "%.40s (%.2s) %.120s, %.20s", jdoc_get_text(status, "member", "?"),
             jdoc_get_text(status, "country", "?"), jdoc_get_text(status, "name", ""),
             jdoc_get_text(status, "standing", "?"));
    add_line(out, "member", text);
    add_line(out, "version", jdoc_get_text(status, "version", NULL));
    cli_text_time(jdoc_get_text(status, "roster_expires_at", NULL), now_us, expires);
    snprintf(text, sizeof text, "version %" PRId64 ", valid until %s", jdoc_get_int(status, "roster_version", 0),
             expires);
    add_line(out, "roster", text);
    cli_view_list(jdoc_get(status, "subscriptions"), text);
    add_line(out, "subscriptions", text);
    snprintf(text, sizeof text, "%" PRId64 " open, %" PRId64 " to be answered, %" PRId64 " in all",
             jdoc_get_int(inbox, "open", 0), jdoc_get_int(inbox, "unacknowledged", 0), jdoc_get_int(inbox, "total", 0));
    add_line(out, "inbox", text);
    snprintf(text, sizeof text, "%" PRId64 " not yet accepted, %" PRId64 " steps late",
             jdoc_get_int(status, "outbox", 0), jdoc_get_int(status, "late", 0));
    add_line(out, "outbox", text);
    snprintf(text, sizeof text, "%+" PRId64 " ms against the relays", jdoc_get_int(status, "clock_offset_ms", 0));
    add_line(out, "clock", text);
    int64_t disk_free = jdoc_get_int(status, "disk_free_bytes", -1);
    snprintf(text, sizeof text, "%" PRId64 " MiB free", disk_free / (1 << 20));
    add_line(out, "disk", disk_free >= 0 ? text : NULL);
}

static int add_status(const struct jdoc *status, struct buf *out)
{
    int64_t now_us = clock_wall_us();
    add_facts(status, now_us, out);
    const struct jdoc *warnings = jdoc_get(status, "warnings"),
                      *pending = jdoc_get(jdoc_get(status, "inbox"), "pending");
    for (size_t i = 0; i < jdoc_count(warnings); i++) {
        cli_add_coloured(out, "33;1", "WARNING");
        buf_add_text(out, "        ");
        cli_text_clean(out, jdoc_get_text(jdoc_at(warnings, i), "text", "?"));
        buf_add_u8(out, '\n');
    }
    for (size_t i = 0; i < jdoc_count(pending); i++) {
        const struct jdoc *one = jdoc_at(pending, i);
        char text[CLI_VIEW_LIST_MAX];
        snprintf(text, sizeof text, "a case of %.40s (%.12s) waits for its sender to come back; call %.20s",
                 jdoc_get_text(one, "member", "?"), jdoc_get_text(one, "urgency", "?"),
                 jdoc_get_text(one, "phone", "-"));
        add_line(out, "PENDING", text);
    }
    return add_relays(jdoc_get(status, "relays"), now_us, out);
}

static int add_members(const struct jdoc *members, struct buf *out)
{
    static const char *const headers[] = {"MEMBER",  "COUNTRY",   "NAME",          "ROLE",  "STANDING", "CONNECTED",
                                          "CONSOLE", "LANGUAGES", "SUBSCRIBES TO", "PHONE", "KEY UNTIL"};
    struct cli_table *table = cli_table_new(headers, 11);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(members); i++) {
        const struct jdoc *one = jdoc_at(members, i);
        char list[CLI_VIEW_LIST_MAX], until[CLI_TEXT_TIME_MAX], armed[32];
        bool self = jdoc_get_bool(one, "self", false);
        cli_table_cell(table, jdoc_get_text(one, "id", NULL));
        cli_table_cell(table, jdoc_get_text(one, "country", NULL));
        cli_table_cell(table, jdoc_get_text(one, "name", NULL));
        cli_table_cell(table, jdoc_get_text(one, "role", NULL));
        cli_table_cell(table, jdoc_get_text(one, "standing", NULL));
        cli_table_cell(table, self ? "(here)" : jdoc_get_bool(one, "connected", false) ? "yes" : "no");
        snprintf(armed, sizeof armed, "%" PRId64 " armed", jdoc_get_int(one, "armed_consoles", 0));
        cli_table_cell(table, jdoc_get_int(one, "armed_consoles", 0) > 0 ? armed : "-");
        cli_view_list(jdoc_get(one, "languages"), list);
        cli_table_cell(table, list);
        cli_view_list(jdoc_get(one, "subscriptions"), list);
        cli_table_cell(table, list);
        cli_table_cell(table, jdoc_get_text(one, "phone", NULL));
        cli_text_time(jdoc_get_text(one, "key_expires_at", NULL), clock_wall_us(), until);
        cli_table_cell(table, until);
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static int write_table(struct cli *cli, int error, struct buf *out)
{
    error = error == OK ? cli_write(cli, out) : cli_failed(cli, error);
    buf_free(out);
    return error;
}

static int run_status(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *status = NULL;
    struct buf out;
    buf_init(&out);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_get(cli, "/v1/status", &status);
    if (error != OK)
        return error;
    error = form == CLI_TABLE ? write_table(cli, add_status(status, &out), &out) : cli_write_doc(cli, form, status);
    jdoc_free(status);
    return error;
}

static int run_members(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *answer = NULL;
    struct buf out;
    buf_init(&out);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_get(cli, "/v1/members", &answer);
    if (error != OK)
        return error;
    const struct jdoc *items = jdoc_get(answer, "items");
    error = form == CLI_TABLE ? write_table(cli, add_members(items, &out), &out) : cli_write_doc(cli, form, items);
    jdoc_free(answer);
    return error;
}

/* What to PUT: the whole set, or an edit. An empty object when nothing is to change. */
static int read_edit(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    struct jdoc *all = jdoc_array(), *add = jdoc_array(), *less = jdoc_array();
    const char *list;
    int error = OK;
    for (size_t i = 0; error == OK && i < args->positional_count; i++)
        error = cli_add_countries(cli, "subscribe", args->positional[i], all);
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "add", &index)) != NULL;)
        error = cli_add_countries(cli, "--add", list, add);
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "remove", &index)) != NULL;)
        error = cli_add_countries(cli, "--remove", list, less);
    bool edit = jdoc_count(add) > 0 || jdoc_count(less) > 0, none = cli_args_has(args, "none");
    bool whole = jdoc_count(all) > 0 || cli_args_has(args, "neighbours");
    if (error == OK && edit + none + whole > 1)
        error = cli_fail(cli, ERR_USAGE, "name the whole set, or --add and --remove, or --none");
    if (error == OK && (whole || none))
        jdoc_set_doc(body, "countries", jdoc_copy(all));
    if (error == OK && edit) {
        jdoc_set_doc(body, "add", jdoc_copy(add));
        jdoc_set_doc(body, "remove", jdoc_copy(less));
    }
    jdoc_free(all);
    jdoc_free(add);
    jdoc_free(less);
    return error;
}

/* --neighbours: those of this member's own country, besides what is named. */
static int with_neighbours(struct cli *cli, struct jdoc *body)
{
    struct jdoc *now = NULL;
    int error = cli_api_get(cli, "/v1/subscriptions", &now);
    if (error != OK)
        return error;
    struct jdoc *all = jdoc_copy(jdoc_get(body, "countries"));
    error = cli_add_neighbours(cli, jdoc_get_text(now, "country", ""), all);
    jdoc_free(now);
    if (error == OK)
        jdoc_set_doc(body, "countries", all);
    else
        jdoc_free(all);
    return error;
}

static int run_subscribe(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *body = jdoc_object(), *answer = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = read_edit(cli, args, body);
    if (error == OK && cli_args_has(args, "neighbours"))
        error = with_neighbours(cli, body);
    if (error == OK)
        error = jdoc_count(body) == 0 ? cli_api_get(cli, "/v1/subscriptions", &answer) :
                                        cli_api_send(cli, "PUT", "/v1/subscriptions", body, &answer);
    jdoc_free(body);
    if (error != OK)
        return error;
    if (form == CLI_TABLE) {
        struct buf out;
        char list[CLI_VIEW_LIST_MAX];
        buf_init(&out);
        cli_view_list(jdoc_get(answer, "countries"), list);
        buf_printf(&out, "%s\n", list);
        error = write_table(cli, OK, &out);
    } else {
        error = cli_write_doc(cli, form, answer);
    }
    jdoc_free(answer);
    return error;
}

static const struct cli_args_option read_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option subscribe_options[] = {
    {"add", 0, CLI_ARGS_MANY, "COUNTRIES", "these too"},
    {"remove", 0, CLI_ARGS_MANY, "COUNTRIES", "these no more"},
    {"neighbours", 0, CLI_ARGS_FLAG, NULL, "the neighbours of this hotline's country (besides those named)"},
    {"none", 0, CLI_ARGS_FLAG, NULL, "only what concerns this hotline's own country"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_node[] = {
    {.name = "status",
     .synopsis = "[-o FORMAT]",
     .summary = "this node: relays, roster, inbox, clock, warnings",
     .examples = "  hotline status\n"
                 "  hotline status -o json | jq '[.relays[] | select(.state==\"CONNECTED\")] | length'\n",
     .options = read_options,
     .run = run_status},
    {.name = "members",
     .synopsis = "[-o FORMAT]",
     .summary = "who takes part, who is there, whom to call",
     .examples = "  hotline members\n"
                 "  hotline members -o json | jq -r '.[] | select(.country==\"IT\") | .phone'\n",
     .options = read_options,
     .run = run_members},
    {.name = "subscribe",
     .synopsis = "[COUNTRY]... [--neighbours] | --add COUNTRIES | --remove COUNTRIES | --none",
     .summary = "whose cases to get besides those that concern one's own country",
     .examples = "  hotline subscribe\n"
                 "  hotline subscribe FR DE\n"
                 "  hotline subscribe --add PL --remove DE\n"
                 "  hotline subscribe --neighbours\n",
     .notes = "Without arguments it shows the set. Countries named replace it.\n",
     .options = subscribe_options,
     .most = 250,
     .run = run_subscribe},
    {0},
};
