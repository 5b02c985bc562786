/* cmd_publish: one case to the hotlines meant. Has no default between live and exercise and none for whom: a person
 * says. */
#include <inttypes.h>
#include <unistd.h>

#include "cli_api.h"
#include "cli_photo.h"
#include "cli_prompt.h"
#include "cli_table.h"
#include "cli_text.h"
#include "cli_view.h"
#include "cli_wait.h"
#include "cmd.h"
#include "proto/case.h"
#include "proto/clock.h"

struct draft {
    struct jdoc *request; /* the body of POST /v1/cases */
    Hotline__Case *alert;
};

static const char *given_name(const struct draft *draft)
{
    const Hotline__Description *child = draft->alert->child;
    if (child != NULL && child->given_name != NULL)
        return child->given_name;
    return child != NULL && child->n_aliases > 0 ? child->aliases[0] : "";
}

static int read_status(struct cli *cli, const struct cli_args *args, struct jdoc *request)
{
    bool live = cli_args_has(args, "live"), exercise = cli_args_has(args, "exercise");
    cli_hint(cli, "Say --live for a real child, --exercise for a drill. There is no default.");
    if (live && exercise)
        return cli_fail(cli, ERR_USAGE, "--live and --exercise exclude each other");
    if (!live && !exercise)
        return cli_fail(cli, ERR_USAGE, "--live or --exercise is missing");
    cli_hint(cli, "%s", "");
    if (live && cli_args_has(args, "drill"))
        return cli_fail(cli, ERR_USAGE, "--drill goes with --exercise: a real case is part of no drill");
    if (cli_args_has(args, "drill"))
        jdoc_set_text(request, "drill", cli_args_text(args, "drill", ""));
    jdoc_set_text(request, "status", live ? "ACTUAL" : "EXERCISE");
    return OK;
}

/* The case that this one continues, as the node knows it. */
static int add_handover(struct cli *cli, const char *former, struct jdoc *doc)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    int error = cli_api_case_path(cli, former, "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    struct jdoc *handover = jdoc_set_doc(doc, "taken_over_from", jdoc_object());
    jdoc_set_text(handover, "member", jdoc_get_text(view, "member", ""));
    jdoc_set_text(handover, "case_id", jdoc_get_text(view, "case_id", ""));
    jdoc_set_text(handover, "reference", jdoc_get_text(view, "reference", ""));
    jdoc_free(view);
    return OK;
}

static int read_case(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    struct jdoc *doc = NULL;
    const char *former = cli_args_text(args, "taken-over-from", NULL);
    int error = cli_read_doc(cli, cli_args_at(args, 0), &doc);
    if (error != OK)
        return error;
    if (former != NULL && (error = add_handover(cli, former, doc)) != OK) {
        jdoc_free(doc);
        return error;
    }
    error = case_from_json(doc, &cli->note, &draft->alert);
    if (error == OK)
        error = case_check_sendable(draft->alert, clock_wall_us(), &cli->note);
    if (error != OK) {
        jdoc_free(doc);
        return cli_failed(cli, error);
    }
    jdoc_set_doc(draft->request, "case", doc);
    return OK;
}

static int add_own_neighbours(struct cli *cli, struct jdoc *to)
{
    struct jdoc *status = NULL;
    int error = cli_api_get(cli, "/v1/status", &status);
    if (error == OK)
        error = cli_add_neighbours(cli, jdoc_get_text(status, "country", ""), to);
    jdoc_free(status);
    return error;
}

static int read_route(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    bool restricted = cli_args_has(args, "restricted"), neighbours = cli_args_has(args, "neighbours");
    if (!cli_args_has(args, "to") && !neighbours) {
        cli_hint(cli, "Say --to IT,FR or --neighbours. There is no default, and no \"all\".");
        return cli_fail(cli, ERR_USAGE, "it is not said to whom");
    }
    struct jdoc *to = jdoc_set_doc(draft->request, "to", jdoc_array());
    const char *why = "", *list;
    int error = OK;
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "to", &index)) != NULL;)
        error = cli_add_countries(cli, "--to", list, to);
    if (error == OK && case_needs_restriction(draft->alert, &why) && !restricted) {
        cli_hint(cli, "Add --restricted: it then goes to the hotlines of the countries named and to no subscriber.");
        error = cli_fail(cli, ERR_POLICY, "this case must be restricted: %s", why);
    }
    if (error == OK && neighbours)
        error = add_own_neighbours(cli, to);
    jdoc_set_bool(draft->request, "restricted", restricted);
    return error;
}

static int ask_dry(struct cli *cli, struct draft *draft, struct jdoc **ret_plan)
{
    jdoc_set_bool(draft->request, "dry_run", true);
    int error = cli_api_send(cli, "POST", "/v1/cases", draft->request, ret_plan);
    jdoc_set_bool(draft->request, "dry_run", false);
    return error;
}

static int add_members(const struct jdoc *members, const char *title, const char *last_header, struct buf *out)
{
    const char *const headers[] = {"COUNTRY", "MEMBER", "NAME", last_header};
    struct cli_table *table = cli_table_new(headers, 4);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(members); i++) {
        const struct jdoc *one = jdoc_at(members, i);
        bool connected = jdoc_get_bool(one, "connected", true);
        char last[64];
        snprintf(last, sizeof last, "%.30s%s", jdoc_get_text(one, "why", jdoc_get_text(one, "standing", "")),
                 connected ? "" : ", NOT CONNECTED");
        cli_table_cell(table, jdoc_get_text(one, "country", NULL));
        cli_table_cell(table, jdoc_get_text(one, "member", NULL));
        cli_table_cell(table, jdoc_get_text(one, "name", NULL));
        cli_table_cell(table, last);
    }
    buf_printf(out, "\n%s (%zu)\n", title, jdoc_count(members));
    int error = jdoc_count(members) > 0 ? cli_table_write(table, out) : OK;
    cli_table_free(table);
    return error;
}

static int add_plan(const struct jdoc *plan, struct buf *out)
{
    bool drill = strcmp(jdoc_get_text(plan, "status", ""), "EXERCISE") == 0;
    buf_printf(out, "%s%s\n", drill ? "*** EXERCISE ***" : "LIVE",
               jdoc_get_bool(plan, "restricted", false) ? ", restricted" : "");
    int error = add_members(jdoc_get(plan, "recipients"), "It goes to", "WHY", out);
    if (error == OK)
        error = add_members(jdoc_get(plan, "not_recipients"), "It does NOT go to", "STANDING", out);
    char list[CLI_VIEW_LIST_MAX];
    cli_view_list(jdoc_get(plan, "unreached"), list);
    if (jdoc_count(jdoc_get(plan, "unreached")) > 0)
        buf_printf(out, "\nNOBODY REACHED IN: %s\n", list);
    return error;
}

static int show_plan(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    enum cli_form form;
    struct jdoc *plan = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = ask_dry(cli, draft, &plan);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    if (form != CLI_TABLE) {
        error = cli_write_doc(cli, form, plan);
    } else {
        error = add_plan(plan, &out);
        error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
        cli_talk("Nothing was sent (--dry-run).");
    }
    buf_free(&out);
    jdoc_free(plan);
    return error;
}

/* On stderr, since stdout is data: what, to whom, to whom not. */
static int tell_plan(struct cli *cli, struct draft *draft)
{
    struct jdoc *plan = NULL;
    int error = ask_dry(cli, draft, &plan);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    error = cli_view_case(jdoc_get(draft->request, "case"), &out);
    if (error == OK)
        error = add_plan(plan, &out);
    if (error == OK)
        fputs(buf_text(&out), stderr);
    buf_free(&out);
    jdoc_free(plan);
    return error == OK ? OK : cli_failed(cli, error);
}

static int confirm(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    const char *name = cli_args_text(args, "confirm", NULL);
    char typed[200];
    if (name == NULL && (cli->no_input || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))) {
        cli_hint(cli, "Read the case once more, then add --confirm and the child's given name.");
        return cli_fail(cli, ERR_USAGE, "--confirm NAME is missing");
    }
    if (name == NULL) {
        int error = tell_plan(cli, draft);
        if (error == OK)
            error = cli_prompt_line(cli, "\nType the child's given name to send it: ", typed, sizeof typed);
        if (error != OK)
            return error;
        name = typed;
    }
    if (!case_confirms(draft->alert, name)) {
        cli_hint(cli, "Is this the right file? Nothing was sent.");
        return cli_fail(cli, ERR_INVALID, "--confirm: \"%s\" is not the name of the child in this case", name);
    }
    jdoc_set_text(draft->request, "confirm", given_name(draft));
    return OK;
}

static void copy_member(struct jdoc *to, const struct jdoc *from, const char *key)
{
    if (jdoc_get(from, key) != NULL)
        jdoc_set_doc(to, key, jdoc_copy(jdoc_get(from, key)));
}

static int write_result(struct cli *cli, enum cli_form form, const struct jdoc *view)
{
    static const char *const keys[] = {"reference", "case_id",     "member",          "revision",   "status",
                                       "state",     "sent_at",     "expires_at",      "restricted", "drill_id",
                                       "countries", "accepted_by", "accepted_needed", "relays",     "unreached",
                                       "left_out",  "ladder"};
    int error = OK;
    if (form == CLI_TABLE) {
        struct buf out;
        buf_init(&out);
        cli_view_headline(view, clock_wall_us(), &out);
        error = cli_view_ladder(view, clock_wall_us(), &out);
        cli_view_relays(view, &out);
        error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
        buf_free(&out);
        return error;
    }
    struct jdoc *result = jdoc_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        copy_member(result, view, keys[i]);
    error = cli_write_doc(cli, form, result);
    jdoc_free(result);
    return error;
}

static void warn_of(const struct jdoc *view)
{
    char list[CLI_VIEW_LIST_MAX];
    cli_view_list(jdoc_get(view, "unreached"), list);
    if (jdoc_count(jdoc_get(view, "unreached")) > 0)
        cli_warn("nobody is reached in %s: no active hotline there", list);
    int64_t accepted = jdoc_get_int(view, "accepted_by", 0);
    if (accepted == 1)
        cli_warn("accepted by one relay only");
}

static int send_draft(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    enum cli_form form;
    const char *step = NULL;
    int64_t limit_us = 0;
    char path[CLI_API_PATH_MAX], name[120];
    struct jdoc *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_wait_read(cli, args, &step, &limit_us);
    if (error == OK)
        error = cli_api_send(cli, "POST", "/v1/cases", draft->request, &view);
    if (error != OK)
        return error;
    snprintf(name, sizeof name, "%.60s/%.50s", jdoc_get_text(view, "member", ""), jdoc_get_text(view, "reference", ""));
    error = cli_api_case_path(cli, name, "", path);
    if (error == OK && step != NULL)
        error = cli_wait_for(cli, path, step, NULL, limit_us, &view);
    int written = write_result(cli, form, view);
    warn_of(view);
    jdoc_free(view);
    return error != OK ? error : written;
}

/* The last thing before the case: pictures that nobody uses are forgotten by the node. */
static int add_photos(struct cli *cli, const struct cli_args *args, struct draft *draft)
{
    struct jdoc *doc = jdoc_copy(jdoc_get(draft->request, "case"));
    if (doc == NULL)
        return cli_fail(cli, ERR_NOMEM, "out of memory");
    return cli_photo_add(cli, args, jdoc_set_doc(draft->request, "case", doc));
}

static int run_publish(struct cli *cli, const struct cli_args *args)
{
    struct draft draft = {.request = jdoc_object()};
    int error = read_status(cli, args, draft.request);
    if (error == OK)
        error = read_case(cli, args, &draft);
    if (error == OK)
        error = read_route(cli, args, &draft);
    if (error == OK && cli_args_has(args, "dry-run")) {
        error = show_plan(cli, args, &draft);
    } else if (error == OK) {
        error = confirm(cli, args, &draft);
        if (error == OK)
            error = add_photos(cli, args, &draft);
        error = error == OK ? send_draft(cli, args, &draft) : error;
    }
    case_free(draft.alert);
    jdoc_free(draft.request);
    return error;
}

static const struct cli_args_option options[] = {
    {"live", 0, CLI_ARGS_FLAG, NULL, "a real child"},
    {"exercise", 0, CLI_ARGS_FLAG, NULL, "a drill, marked as such everywhere"},
    {"drill", 0, CLI_ARGS_VALUE, "DRILL-ID", "with --exercise: the drill that it is part of, as SPRING-2026"},
    {"taken-over-from", 0, CLI_ARGS_VALUE, "MEMBER/REFERENCE",
     "it continues this case, which its opener closed as taken over"},
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", "the countries concerned: FR,IT"},
    {"neighbours", 0, CLI_ARGS_FLAG, NULL, "the countries beside this hotline's own, by land or a short way over sea"},
    {"restricted", 0, CLI_ARGS_FLAG, NULL, "to the countries named and to no subscriber"},
    CLI_OPTION_PHOTO,
    {"confirm", 0, CLI_ARGS_VALUE, "NAME", "the child's given name or alias, typed by the one who sends"},
    {"dry-run", 0, CLI_ARGS_FLAG, NULL, "check all, show who would get it and who would not, send nothing"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_publish[] = {
    {.name = "publish",
     .synopsis = "FILE|- (--live|--exercise) (--to COUNTRIES | --neighbours) [--confirm NAME] [OPTION]...",
     .summary = "open a case and send it",
     .examples = "  hotline publish case.json --live --to IT,FR --wait delivered\n"
                 "  hotline publish case.json --exercise --neighbours --dry-run\n"
                 "  hotline publish - --live --to IT --confirm Eleni --wait accepted -W 30s -o json <case.json\n",
     .notes =
         "The case is a JSON file (docs/openapi.yaml, Case). On a terminal it shows who gets it and who does not,\n"
         "and asks for the child's given name; elsewhere --confirm says it. A call that is cut off and tried\n"
         "again sends once.\n"
         "Exit with --wait: 7 when it was reached in part, 5 when every relay refused, 6 when time was over.\n",
     .options = options,
     .least = 1,
     .most = 1,
     .run = run_publish},
    {0},
};
