/* cli_send: what stands between a case and its sending: live or exercise, who gets it, the name typed, the wait. Has no
 * default for any of them. */
#include "cli_send.h"

#include <inttypes.h>
#include <unistd.h>

#include "cli_api.h"
#include "cli_prompt.h"
#include "cli_table.h"
#include "cli_view.h"
#include "cli_wait.h"
#include "proto/case.pb-c.h"
#include "proto/clock.h"

static const char *given_name(const struct cli_sending *sending)
{
    const Hotline__Description *child = sending->alert->child;
    if (child != NULL && child->given_name != NULL)
        return child->given_name;
    return child != NULL && child->n_aliases > 0 ? child->aliases[0] : "";
}

int cli_send_status(struct cli *cli, const struct cli_args *args, struct jdoc *request)
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

static int ask_dry(struct cli *cli, struct cli_sending *sending, struct jdoc **ret_plan)
{
    jdoc_set_bool(sending->request, "dry_run", true);
    int error = cli_api_send_if(cli, "POST", sending->path, sending->etag, sending->request, ret_plan);
    jdoc_set_bool(sending->request, "dry_run", false);
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
    const struct jdoc *approval = jdoc_get(plan, "approval");
    if (jdoc_get_bool(approval, "missing", false))
        buf_printf(out, "\nAPPROVAL %s (%s): nobody else has approved it\n", jdoc_get_text(approval, "need", "?"),
                   jdoc_get_text(approval, "why", "?"));
    return error;
}

int cli_send_dry(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
{
    enum cli_form form;
    struct jdoc *plan = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = ask_dry(cli, sending, &plan);
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
static int tell_plan(struct cli *cli, struct cli_sending *sending)
{
    struct jdoc *plan = NULL;
    int error = ask_dry(cli, sending, &plan);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    error = cli_view_case(sending->doc, &hotline__case__descriptor, cli->language, &out);
    if (error == OK)
        error = add_plan(plan, &out);
    if (error == OK)
        fputs(buf_text(&out), stderr);
    buf_free(&out);
    jdoc_free(plan);
    return error == OK ? OK : cli_failed(cli, error);
}

int cli_send_confirm(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
{
    const char *name = cli_args_text(args, "confirm", NULL);
    char typed[200];
    if (name == NULL && (cli->no_input || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))) {
        cli_hint(cli, "Read the case once more, then add --confirm and the child's given name.");
        return cli_fail(cli, ERR_USAGE, "--confirm NAME is missing");
    }
    if (name == NULL) {
        int error = tell_plan(cli, sending);
        if (error == OK)
            error = cli_prompt_line(cli, "\nType the child's given name to send it: ", typed, sizeof typed);
        if (error != OK)
            return error;
        name = typed;
    }
    if (!case_confirms(sending->alert, name)) {
        cli_hint(cli, "Is this the right file? Nothing was sent.");
        return cli_fail(cli, ERR_INVALID, "--confirm: \"%s\" is not the name of the child in this case", name);
    }
    jdoc_set_text(sending->request, "confirm", given_name(sending));
    if (cli_args_has(args, "break-glass"))
        jdoc_set_text(sending->request, "break_glass", cli_args_text(args, "break-glass", ""));
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
                                       "left_out",  "ladder",      "approval"};
    int error = OK;
    if (form == CLI_TABLE) {
        struct buf out;
        buf_init(&out);
        cli_view_headline(view, cli->language, clock_wall_us(), &out);
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

int cli_send(struct cli *cli, const struct cli_args *args, struct cli_sending *sending)
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
        error = cli_api_send_if(cli, "POST", sending->path, sending->etag, sending->request, &view);
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
