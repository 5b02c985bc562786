/* cmd_drill: drills put on the timetable of the node, and how one went: who got its cases, who acknowledged, after how
 * long. Sends nothing by itself. */
#include <inttypes.h>
#include <string.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cmd.h"
#include "proto/clock.h"

/* Half for the delivery, half for a person's acknowledgement. */
#define SCORE_STEPS 2

struct score {
    int64_t cases, recipients, delivered, acknowledged;
};

/* Milliseconds from the row's beginning to the step; -1 when it was not reached. */
static int64_t after_ms(const struct jdoc *row, const char *key)
{
    int64_t from_us, to_us;
    const char *from = jdoc_get_text(row, "queued_at", ""), *to = jdoc_get_text(row, key, "");
    if (clock_parse(from, &from_us) != OK || clock_parse(to, &to_us) != OK)
        return -1;
    return to_us > from_us ? (to_us - from_us) / CLOCK_MS_US : 0;
}

static void set_after(struct jdoc *one, const char *key, int64_t ms)
{
    if (ms >= 0)
        jdoc_set_int(one, key, ms);
}

/* A member that acknowledged at once has it too: the ladder keeps the steps that it saw. */
static void add_row(const struct jdoc *view, const struct jdoc *row, struct jdoc *rows, struct score *score)
{
    struct jdoc *one = jdoc_add_doc(rows, jdoc_object());
    int64_t acknowledged = after_ms(row, "acknowledged_at"), delivered = after_ms(row, "delivered_at");
    delivered = delivered < 0 ? acknowledged : delivered;
    jdoc_set_text(one, "reference", jdoc_get_text(view, "reference", ""));
    jdoc_set_text(one, "member", jdoc_get_text(row, "member", ""));
    jdoc_set_text(one, "country", jdoc_get_text(row, "country", ""));
    jdoc_set_text(one, "state", jdoc_get_text(row, "state", ""));
    set_after(one, "delivered_after_ms", delivered);
    set_after(one, "acknowledged_after_ms", acknowledged);
    score->recipients++;
    score->delivered += delivered >= 0;
    score->acknowledged += acknowledged >= 0;
}

static int add_case(struct cli *cli, const struct jdoc *item, struct jdoc *rows, struct score *score)
{
    char path[CLI_API_PATH_MAX], name[120];
    struct jdoc *view = NULL;
    snprintf(name, sizeof name, "%.60s/%.50s", jdoc_get_text(item, "member", ""), jdoc_get_text(item, "reference", ""));
    int error = cli_api_case_path(cli, name, "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    const struct jdoc *ladder = jdoc_get(view, "ladder");
    for (size_t i = 0; i < jdoc_count(ladder); i++)
        add_row(view, jdoc_at(ladder, i), rows, score);
    score->cases++;
    jdoc_free(view);
    return OK;
}

static int gather(struct cli *cli, const char *drill, struct jdoc *report)
{
    struct jdoc *items = NULL, *rows = jdoc_set_doc(report, "rows", jdoc_array());
    struct score score = {0};
    int error = cli_api_list(cli, "/v1/cases?box=sent&status=EXERCISE", &items);
    for (size_t i = 0; error == OK && i < jdoc_count(items); i++)
        if (strcmp(jdoc_get_text(jdoc_at(items, i), "drill_id", ""), drill) == 0)
            error = add_case(cli, jdoc_at(items, i), rows, &score);
    jdoc_free(items);
    if (error == OK && score.cases == 0)
        error = cli_fail(cli, ERR_NOT_FOUND, "no exercise was sent from here under the drill id %s", drill);
    jdoc_set_int(report, "cases", score.cases);
    jdoc_set_int(report, "recipients", score.recipients);
    jdoc_set_int(report, "delivered", score.delivered);
    jdoc_set_int(report, "acknowledged", score.acknowledged);
    int64_t most = SCORE_STEPS * score.recipients;
    jdoc_set_int(report, "score", most > 0 ? 100 * (score.delivered + score.acknowledged) / most : 0);
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
    static const char *const headers[] = {"CASE",  "COUNTRY",         "MEMBER",
                                          "STATE", "DELIVERED AFTER", "ACKNOWLEDGED AFTER"};
    struct cli_table *table = cli_table_new(headers, 6);
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
        seconds_cell(table, row, "acknowledged_after_ms");
    }
    int error = cli_table_write(table, &out);
    buf_printf(&out, "\n%" PRId64 " of %" PRId64 " delivered, %" PRId64 " acknowledged: score %" PRId64 " of 100\n",
               jdoc_get_int(report, "delivered", 0), jdoc_get_int(report, "recipients", 0),
               jdoc_get_int(report, "acknowledged", 0), jdoc_get_int(report, "score", 0));
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    cli_table_free(table);
    return error;
}

static int run_report(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *report = jdoc_object();
    jdoc_set_text(report, "drill_id", cli_args_at(args, 0));
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = gather(cli, cli_args_at(args, 0), report);
    if (error == OK)
        error = form == CLI_TABLE ? write_table(cli, report) : cli_write_doc(cli, form, report);
    jdoc_free(report);
    return error;
}

/* ---- the timetable ---- */

static int run_start(struct cli *cli, const struct cli_args *args)
{
    const char *at = cli_args_text(args, "at", NULL), *name = cli_args_text(args, "confirm", NULL);
    struct jdoc *request = jdoc_object(), *drill = NULL;
    enum cli_form form;
    int64_t at_us;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_list_check_id(cli, cli_args_at(args, 0), "a draft");
    if (error == OK && (at == NULL || clock_parse(at, &at_us) != OK)) {
        cli_hint(cli, "To send it now: hotline draft publish %.32s --exercise", cli_args_at(args, 0));
        error = cli_fail(cli, ERR_USAGE, "--at TIME is missing, or no time: as 2026-12-01T09:00:00Z");
    }
    if (error == OK && name == NULL)
        error = cli_fail(cli, ERR_USAGE, "--confirm NAME is missing: the given name of the child in the exercise");
    if (error == OK) {
        jdoc_set_text(request, "draft", cli_args_at(args, 0));
        jdoc_set_text(request, "at", at);
        jdoc_set_text(request, "confirm", name);
        error = cli_api_send(cli, "POST", "/v1/drills", request, &drill);
    }
    if (error == OK && form != CLI_TABLE)
        error = cli_write_doc(cli, form, drill);
    else if (error == OK)
        cli_talk("*** EXERCISE *** %s is scheduled as %.*s. `hotline drill cancel` ends that.",
                 jdoc_get_text(drill, "drill", "?"), CLI_LIST_ID_SHOWN, jdoc_get_text(drill, "id", "?"));
    jdoc_free(request);
    jdoc_free(drill);
    return error;
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
    {"confirm", 0, CLI_ARGS_VALUE, "NAME", "the given name of the child in the exercise"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};
static const struct cli_args_option options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};

const struct cli_command cmd_drill[] = {
    {.name = "drill start",
     .synopsis = "DRAFT --at TIME --confirm NAME [-o FORMAT]",
     .summary = "schedule an exercise: a draft that is meant as one and names its drill",
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
     .synopsis = "DRILL-ID [-o FORMAT]",
     .summary = "how a drill sent from here went: who got it, who acknowledged, after how long",
     .examples = "  hotline drill report SPRING-2026\n"
                 "  hotline drill report SPRING-2026 -o json | jq .score\n",
     .notes = "The score is half for deliveries, half for acknowledgements by a person. Of a\n"
              "case that was closed it counts the closing; one that was erased since is in it too.\n",
     .options = options,
     .least = 1,
     .most = 1,
     .run = run_report},
    {0},
};
