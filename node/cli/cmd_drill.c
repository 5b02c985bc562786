/* cmd_drill: drills sent now or put on the timetable of the node, and how one went: who got its cases, who
 * acknowledged, after how long. Sends nothing that is no exercise. */
#include <inttypes.h>
#include <string.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cmd.h"
#include "proto/clock.h"

/* ---- how it went ---- */

static int get_report(struct cli *cli, const char *drill, struct jdoc **ret_report)
{
    char path[CLI_API_PATH_MAX];
    size_t len = strlen(drill);
    if (len > 32 || strspn(drill, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != len)
        return cli_fail(cli, ERR_USAGE, "\"%.40s\" is no drill id: capitals, digits and dashes, as SPRING-2026", drill);
    snprintf(path, sizeof path, "/v1/drills/report?drill=%s", drill);
    int error = cli_api_get(cli, path, ret_report);
    if (error == ERR_NOT_FOUND)
        cli_hint(cli, "`hotline drill report` lists the drills that were sent from here.");
    return error;
}

static void seconds_cell(struct cli_table *table, const struct jdoc *row, const char *key)
{
    char text[32];
    int64_t ms = jdoc_get_int(row, key, -1);
    snprintf(text, sizeof text, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
    cli_table_cell(table, ms >= 0 ? text : NULL);
}

static int write_table(struct cli *cli, const struct jdoc *report)
{
    static const char *const headers[] = {
        "CASE", "COUNTRY", "MEMBER", "STATE", "DELIVERED AFTER", "SHOWN AFTER", "ACKNOWLEDGED AFTER", "MISSED"};
    struct cli_table *table = cli_table_new(headers, 8);
    if (table == NULL)
        return cli_failed(cli, ERR_NOMEM);
    const struct jdoc *rows = jdoc_get(report, "rows");
    struct buf out;
    buf_init(&out);
    buf_printf(&out, "*** EXERCISE *** %s\n", jdoc_get_text(report, "drill_id", ""));
    for (size_t i = 0; i < jdoc_count(rows); i++) {
        const struct jdoc *row = jdoc_at(rows, i);
        cli_table_cell(table, jdoc_get_text(row, "reference", NULL));
        cli_table_cell(table, jdoc_get_text(row, "country", NULL));
        cli_table_cell(table, jdoc_get_text(row, "member", NULL));
        cli_table_cell(table, jdoc_get_text(row, "state", NULL));
        seconds_cell(table, row, "delivered_after_ms");
        seconds_cell(table, row, "shown_after_ms");
        seconds_cell(table, row, "acknowledged_after_ms");
        cli_list_texts(table, row, "missed");
    }
    int error = cli_table_write(table, &out);
    buf_printf(&out,
               "\n%" PRId64 " of %" PRId64 " delivered, %" PRId64 " shown, %" PRId64 " acknowledged: score %" PRId64
               " of 100\n",
               jdoc_get_int(report, "delivered", 0), jdoc_get_int(report, "recipients", 0),
               jdoc_get_int(report, "shown", 0), jdoc_get_int(report, "acknowledged", 0),
               jdoc_get_int(report, "score", 0));
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    cli_table_free(table);
    return error;
}

static void add_sum(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    static const char *const counts[] = {"cases",        "recipients", "delivered", "shown",
                                         "acknowledged", "missed",     "score"};
    cli_table_cell(table, jdoc_get_text(row, "drill_id", NULL));
    cli_list_time(table, row, "sent_at", NULL, now_us);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        cli_table_cell_int(table, jdoc_get_int(row, counts[i], 0));
}

static int run_report(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"DRILL", "SENT",         "CASES",  "RECIPIENTS", "DELIVERED",
                                          "SHOWN", "ACKNOWLEDGED", "MISSED", "SCORE"};
    static const struct cli_list list = {"/v1/drills/report", "No drill was sent from here.", headers, 9, add_sum};
    enum cli_form form;
    struct jdoc *report = NULL;
    if (cli_args_at(args, 0) == NULL)
        return cli_list_show(cli, args, &list);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = get_report(cli, cli_args_at(args, 0), &report);
    if (error == OK)
        error = form == CLI_TABLE ? write_table(cli, report) : cli_write_doc(cli, form, report);
    jdoc_free(report);
    return error;
}

/* ---- the timetable ---- */

static int schedule(struct cli *cli, const struct cli_args *args, enum cli_form form)
{
    struct jdoc *request = jdoc_object(), *drill = NULL;
    jdoc_set_text(request, "draft", cli_args_at(args, 0));
    jdoc_set_text(request, "at", cli_args_text(args, "at", ""));
    jdoc_set_text(request, "confirm", cli_args_text(args, "confirm", ""));
    if (cli_args_has(args, "picture"))
        jdoc_set_bool(request, "picture", true);
    int error = cli_api_send(cli, "POST", "/v1/drills", request, &drill);
    if (error == OK && form != CLI_TABLE)
        error = cli_write_doc(cli, form, drill);
    else if (error == OK)
        cli_talk("*** EXERCISE *** %s is scheduled as %.*s. `hotline drill cancel` ends that.",
                 jdoc_get_text(drill, "drill", "?"), CLI_LIST_ID_SHOWN, jdoc_get_text(drill, "id", "?"));
    jdoc_free(request);
    jdoc_free(drill);
    return error;
}

/* The draft as it is now, which names its drill, as nothing but an exercise. */
static int send_now(struct cli *cli, const struct cli_args *args, enum cli_form form)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *request = jdoc_object(), *draft = NULL, *view = NULL;
    jdoc_set_text(request, "status", "EXERCISE");
    jdoc_set_text(request, "confirm", cli_args_text(args, "confirm", ""));
    snprintf(path, sizeof path, "/v1/drafts/%.32s", cli_args_at(args, 0));
    int error = cli_api_get(cli, path, &draft);
    if (error == OK && jdoc_get(draft, "drill") == NULL)
        error =
            cli_fail(cli, ERR_INVALID, "this draft names no drill: `hotline draft save` with --exercise --drill ID");
    snprintf(path, sizeof path, "/v1/drafts/%.32s/publish", cli_args_at(args, 0));
    if (error == OK)
        error = cli_api_send_if(cli, "POST", path, jdoc_get_text(draft, "etag", ""), request, &view);
    if (error == OK && form != CLI_TABLE)
        error = cli_write_doc(cli, form, view);
    else if (error == OK)
        cli_talk("*** EXERCISE *** %s is on its way as %s. `hotline drill report %s` says how it goes.",
                 jdoc_get_text(draft, "drill", "?"), jdoc_get_text(view, "reference", "?"),
                 jdoc_get_text(draft, "drill", "?"));
    jdoc_free(request);
    jdoc_free(draft);
    jdoc_free(view);
    return error;
}

static int run_start(struct cli *cli, const struct cli_args *args)
{
    const char *at = cli_args_text(args, "at", NULL);
    bool now = cli_args_has(args, "now");
    enum cli_form form;
    int64_t at_us;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_list_check_id(cli, cli_args_at(args, 0), "a draft");
    if (error == OK && now == (at != NULL))
        error = cli_fail(cli, ERR_USAGE, "either --at TIME, as 2026-12-01T09:00:00Z, or --now");
    if (error == OK && now && cli_args_has(args, "picture"))
        error =
            cli_fail(cli, ERR_USAGE, "--picture goes with --at: to send one at once hand it in, `draft save --photo`");
    if (error == OK && at != NULL && clock_parse(at, &at_us) != OK)
        error = cli_fail(cli, ERR_USAGE, "--at: is no time, as 2026-12-01T09:00:00Z");
    if (error == OK && !cli_args_has(args, "confirm"))
        error = cli_fail(cli, ERR_USAGE, "--confirm NAME is missing: the given name of the child in the exercise");
    if (error != OK)
        return error;
    return now ? send_now(cli, args, form) : schedule(cli, args, form);
}

static void add_drill(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_list_id(table, row, "id");
    cli_table_cell(table, jdoc_get_text(row, "drill", NULL));
    cli_list_time(table, row, "at", NULL, now_us);
    cli_table_cell(table, jdoc_get_text(row, "by", NULL));
    cli_table_cell(table, jdoc_get_text(row, "state", NULL));
    cli_table_cell(table, jdoc_get_text(row, "reference", NULL));
    cli_table_cell(table, jdoc_get_text(row, "why", NULL));
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"ID", "DRILL", "AT", "BY", "STATE", "CASE", "WHY"};
    static const struct cli_list list = {"/v1/drills", "No drill is scheduled here.", headers, 7, add_drill};
    return cli_list_show(cli, args, &list);
}

static int run_cancel(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    int error = cli_list_check_id(cli, cli_args_at(args, 0), "a drill");
    snprintf(path, sizeof path, "/v1/drills/%.32s", cli_args_at(args, 0));
    if (error == OK)
        error = cli_api_delete_if(cli, path, NULL);
    if (error == OK)
        cli_talk("The drill is cancelled; its draft stays.");
    return error;
}

static const struct cli_args_option start_options[] = {
    {"at", 0, CLI_ARGS_VALUE, "TIME", "when it is to be sent, as 2026-12-01T09:00:00Z; 30 days ahead at most"},
    {"now", 0, CLI_ARGS_FLAG, NULL, "it is sent at once"},
    {"picture", 0, CLI_ARGS_FLAG, NULL, "with --at: with a picture, of a card that says EXERCISE"},
    {"confirm", 0, CLI_ARGS_VALUE, "NAME", "the given name of the child in the exercise"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};
static const struct cli_args_option options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};

const struct cli_command cmd_drill[] = {
    {.name = "drill start",
     .synopsis = "DRAFT (--at TIME|--now) --confirm NAME [-o FORMAT]",
     .summary = "send an exercise, now or at a time: a draft that is meant as one and names its drill",
     .examples = "  hotline draft save drill.json --exercise --drill SPRING-2026 --to FR,IT\n"
                 "  hotline drill start 3f9a11c2d0e4 --at 2026-12-01T09:00:00Z --confirm Eleni\n",
     .notes =
         "Sent at its time, over restarts of the node; when it cannot be within 15 minutes it is MISSED and not sent\n"
         "at all. A draft that was changed since is REFUSED. Without pictures: they wait for an hour at most.\n"
         "Now: `hotline draft publish DRAFT --exercise`.\n",
     .options = start_options,
     .least = 1,
     .most = 1,
     .run = run_start},
    {.name = "drill list",
     .synopsis = "[-o FORMAT]",
     .summary = "the timetable of drills, newest time first, and what became of each",
     .examples = "  hotline drill list\n",
     .options = options,
     .run = run_list},
    {.name = "drill cancel",
     .synopsis = "ID",
     .summary = "take a drill off the timetable",
     .examples = "  hotline drill cancel 81c2d0e43f9a\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_cancel},
    {.name = "drill report",
     .synopsis = "[DRILL-ID] [-o FORMAT]",
     .summary =
         "how a drill sent from here went: who got it, who acknowledged, after how long; without an id all drills",
     .examples = "  hotline drill report\n"
                 "  hotline drill report SPRING-2026\n"
                 "  hotline drill report SPRING-2026 -o json | jq .score\n",
     .notes =
         "The score is half for deliveries, half for acknowledgements by a person, counted from the first sending.\n"
         "MISSED are the steps whose deadline passed (of an IMMEDIATE one), or that were never made. A case that\n"
         "was erased since is in it with what its closing knows.\n",
     .options = options,
     .most = 1,
     .run = run_report},
    {0},
};
