/* cmd_publish: one case to the hotlines meant. Has no default between live and exercise and none for whom: a person
 * says. */
#include "cli_api.h"
#include "cli_photo.h"
#include "cli_send.h"
#include "cmd.h"
#include "proto/clock.h"

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

static int read_case(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
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
    error = case_from_json(doc, &cli->note, &sending->alert);
    if (error == OK)
        error = case_check_sendable(sending->alert, clock_wall_us(), &cli->note);
    if (error != OK) {
        jdoc_free(doc);
        return cli_failed(cli, error);
    }
    sending->doc = jdoc_set_doc(sending->request, "case", doc);
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

static int read_route(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
{
    bool restricted = cli_args_has(args, "restricted"), neighbours = cli_args_has(args, "neighbours");
    if (!cli_args_has(args, "to") && !neighbours) {
        cli_hint(cli, "Say --to IT,FR or --neighbours. There is no default, and no \"all\".");
        return cli_fail(cli, ERR_USAGE, "it is not said to whom");
    }
    struct jdoc *to = jdoc_set_doc(sending->request, "to", jdoc_array());
    const char *why = "", *list;
    int error = OK;
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "to", &index)) != NULL;)
        error = cli_add_countries(cli, "--to", list, to);
    if (error == OK && case_needs_restriction(sending->alert, &why) && !restricted) {
        cli_hint(cli, "Add --restricted: it then goes to the hotlines of the countries named and to no subscriber.");
        error = cli_fail(cli, ERR_POLICY, "this case must be restricted: %s", why);
    }
    if (error == OK && neighbours)
        error = add_own_neighbours(cli, to);
    jdoc_set_bool(sending->request, "restricted", restricted);
    return error;
}

/* The last thing before the case: pictures that nobody uses are forgotten by the node. */
static int add_photos(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
{
    struct jdoc *doc = jdoc_copy(jdoc_get(sending->request, "case"));
    if (doc == NULL)
        return cli_fail(cli, ERR_NOMEM, "out of memory");
    struct jdoc *with = jdoc_set_doc(sending->request, "case", doc);
    sending->doc = with;
    return cli_photo_add(cli, args, with);
}

static int run_publish(struct cli *cli, const struct cli_args *args)
{
    struct cli_sending sending = {.request = jdoc_object(), .path = "/v1/cases"};
    int error = cli_send_status(cli, args, sending.request);
    if (error == OK)
        error = read_case(cli, args, &sending);
    if (error == OK)
        error = read_route(cli, args, &sending);
    if (error == OK && cli_args_has(args, "dry-run")) {
        error = cli_send_dry(cli, args, &sending);
    } else if (error == OK) {
        error = cli_send_confirm(cli, args, &sending);
        if (error == OK)
            error = add_photos(cli, args, &sending);
        error = error == OK ? cli_send(cli, args, &sending) : error;
    }
    case_free(sending.alert);
    jdoc_free(sending.request);
    return error;
}

static const struct cli_args_option options[] = {
    CLI_OPTIONS_STATUS,
    {"taken-over-from", 0, CLI_ARGS_VALUE, "MEMBER/REFERENCE",
     "it continues this case, which its opener closed as taken over"},
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", "the countries concerned: FR,IT"},
    {"neighbours", 0, CLI_ARGS_FLAG, NULL, "the countries beside this hotline's own, by land or a short way over sea"},
    {"restricted", 0, CLI_ARGS_FLAG, NULL, "to the countries named and to no subscriber"},
    CLI_OPTION_PHOTO,
    CLI_OPTIONS_CONFIRM,
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
