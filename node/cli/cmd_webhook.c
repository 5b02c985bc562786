/* cmd_webhook: who is told by HTTP what happens at the node, and the log of what was sent to wake people. A secret is
 * only ever printed, never an argument. */
#include <string.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cmd.h"

static int id_path(struct cli *cli, const char *folder, const char *id, const char *rest, char path[CLI_API_PATH_MAX])
{
    int error = cli_list_check_id(cli, id, "a webhook or a delivery");
    if (error != OK)
        cli_hint(cli, "`hotline webhook list` lists the webhooks, `hotline webhook log` the deliveries.");
    else
        snprintf(path, CLI_API_PATH_MAX, "/v1/%s/%s%s", folder, id, rest);
    return error;
}

/* ---- add, secret ---- */

static int show_secret(struct cli *cli, enum cli_form form, const char *id, struct jdoc *view)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *keys = NULL;
    struct buf out;
    int error = id_path(cli, "webhooks", id, "/secret", path);
    if (error == OK)
        error = cli_api_get(cli, path, &keys);
    if (error != OK)
        return error;
    jdoc_set_text(view, "secret", jdoc_get_text(keys, "secret", ""));
    jdoc_set_text(view, "public_key", jdoc_get_text(keys, "public_key", ""));
    buf_init(&out);
    buf_printf(&out, "WEBHOOK     %s\nsecret      %s\npublic key  %s\n", jdoc_get_text(view, "id", id),
               jdoc_get_text(keys, "secret", "?"), jdoc_get_text(keys, "public_key", "?"));
    error = form != CLI_TABLE ? cli_write_doc(cli, form, view) : cli_write(cli, &out);
    buf_free(&out);
    jdoc_free(keys);
    return error;
}

static struct jdoc *list_events(const struct cli_args *args)
{
    struct jdoc *events = jdoc_array();
    const char *one;
    for (size_t index = 0; (one = cli_args_next(args, "event", &index)) != NULL;)
        jdoc_add_text(events, one);
    return events;
}

static int run_add(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *request = jdoc_object(), *view = NULL;
    int error = cli_form_of(cli, args, &form);
    jdoc_set_text(request, "url", cli_args_at(args, 0));
    if (cli_args_has(args, "event"))
        jdoc_set_doc(request, "events", list_events(args));
    if (error == OK)
        error = cli_api_send(cli, "POST", "/v1/webhooks", request, &view);
    if (error == OK)
        error = show_secret(cli, form, jdoc_get_text(view, "id", ""), view);
    if (error == OK)
        cli_talk(
            "The receiver checks v1 with the secret, or v1a with the public key. `hotline webhook test %.*s` tries it.",
            CLI_LIST_ID_SHOWN, jdoc_get_text(view, "id", ""));
    jdoc_free(view);
    jdoc_free(request);
    return error;
}

static int run_secret(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = id_path(cli, "webhooks", cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error == OK)
        error = show_secret(cli, form, cli_args_at(args, 0), view);
    jdoc_free(view);
    return error;
}

/* ---- list, log ---- */

static void add_hook(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_list_id(table, row, "id");
    cli_table_cell(table, jdoc_get_text(row, "url", NULL));
    cli_list_texts(table, row, "events");
    cli_table_cell(table, jdoc_get_text(row, "created_by", NULL));
    cli_list_time(table, row, "created_at", NULL, now_us);
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"WEBHOOK", "URL", "EVENTS", "BY", "SINCE"};
    static const struct cli_list list = {"/v1/webhooks", "No webhook is here.", headers, 5, add_hook};
    return cli_list_show(cli, args, &list);
}

static void add_delivery(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_list_id(table, row, "id");
    cli_table_cell(table, jdoc_get_text(row, "way", NULL));
    cli_list_id(table, row, "webhook");
    cli_table_cell(table, jdoc_get_text(row, "type", NULL));
    cli_list_time(table, row, "at", NULL, now_us);
    cli_table_cell(table, jdoc_get_text(row, "state", NULL));
    cli_table_cell_int(table, jdoc_get_int(row, "tries", 0));
    cli_table_cell_int(table, jdoc_get_int(row, "answer", 0));
    cli_table_cell(table, jdoc_get_text(row, "why", NULL));
}

static int run_log(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"DELIVERY", "WAY",   "WEBHOOK", "TYPE", "AT",
                                          "STATE",    "TRIES", "ANSWER",  "WHY"};
    static const struct cli_list list = {"/v1/deliveries?limit=1000", "Nothing was sent yet.", headers, 9,
                                         add_delivery};
    return cli_list_show(cli, args, &list);
}

/* ---- test, replay, remove ---- */

static int post(struct cli *cli, const struct cli_args *args, const char *folder, const char *rest)
{
    enum cli_form form;
    char path[CLI_API_PATH_MAX];
    struct jdoc *nothing = jdoc_object(), *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = id_path(cli, folder, cli_args_at(args, 0), rest, path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, nothing, &view);
    if (error == OK && form != CLI_TABLE)
        error = cli_write_doc(cli, form, view);
    if (error == OK)
        cli_talk("Delivery %.*s is on its way; `hotline webhook log` says what became of it.", CLI_LIST_ID_SHOWN,
                 jdoc_get_text(view, "id", "?"));
    jdoc_free(view);
    jdoc_free(nothing);
    return error;
}

static int run_test(struct cli *cli, const struct cli_args *args)
{
    return post(cli, args, "webhooks", "/test");
}

static int run_replay(struct cli *cli, const struct cli_args *args)
{
    return post(cli, args, "deliveries", "/replay");
}

static int run_remove(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    int error = id_path(cli, "webhooks", cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_delete_if(cli, path, NULL);
    if (error == OK)
        cli_talk("Webhook %.32s is removed; what waited for it is not sent.", cli_args_at(args, 0));
    return error;
}

/* ---- the table ---- */

static const struct cli_args_option add_options[] = {
    {"event", 0, CLI_ARGS_MANY, "TYPE", "an event to tell, once for each; without it all but ladder.changed"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option output_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_webhook[] = {
    {.name = "webhook add",
     .synopsis = "URL [--event TYPE]... [-o FORMAT]",
     .summary = "tell a program by HTTP what happens at this node; prints its secret",
     .examples = "  hotline webhook add https://cases.example/hook --event case.received --event case.escalated\n"
                 "  hotline webhook add https://cases.example/hook -o json | jq -r .secret\n",
     .notes =
         "Signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature with v1 and v1a). The\n"
         "body is {type, at, case, reference, urgency, status}: never a name, never what a case says.\n"
         "https to public addresses alone, unless the node's settings webhooks.loopback and webhooks.private\n"
         "allow more; what a name resolves to is looked at for each connection, redirects are not followed.\n"
         "Tried again for 24 h when it is not taken, over restarts, under the same webhook-id.\n"
         "Events: case.received, case.updated, case.closed, case.retracted, case.expiring, case.expired,\n"
         "case.review, case.conflict, case.escalated, case.break_glass, poster.withdraw, reply.received,\n"
         "referral.received, alarm.delivered, alarm.shown, alarm.acknowledged, ladder.changed.\n",
     .options = add_options,
     .least = 1,
     .most = 1,
     .run = run_add},
    {.name = "webhook list",
     .synopsis = "[-o FORMAT]",
     .summary = "who gets webhooks",
     .examples = "  hotline webhook list\n",
     .options = output_options,
     .run = run_list},
    {.name = "webhook secret",
     .synopsis = "ID [-o FORMAT]",
     .summary = "the keys that a webhook's receiver checks signatures with",
     .examples = "  hotline webhook secret 3f9a11c2d0e4\n",
     .options = output_options,
     .least = 1,
     .most = 1,
     .run = run_secret},
    {.name = "webhook test",
     .synopsis = "ID [-o FORMAT]",
     .summary = "send a webhook that says webhook.test and nothing else",
     .examples = "  hotline webhook test 3f9a11c2d0e4\n",
     .options = output_options,
     .least = 1,
     .most = 1,
     .run = run_test},
    {.name = "webhook log",
     .synopsis = "[-o FORMAT]",
     .summary = "the last 1,000 webhooks, mails and commands, newest first, and what became of each",
     .examples = "  hotline webhook log\n  hotline webhook log -o json | jq '.[] | select(.state==\"FAILED\")'\n",
     .options = output_options,
     .run = run_log},
    {.name = "webhook replay",
     .synopsis = "DELIVERY [-o FORMAT]",
     .summary = "send one of the log again, under its id",
     .examples = "  hotline webhook replay 81c2d0e43f9a\n",
     .options = output_options,
     .least = 1,
     .most = 1,
     .run = run_replay},
    {.name = "webhook remove",
     .synopsis = "ID",
     .summary = "send no more webhooks there",
     .examples = "  hotline webhook remove 3f9a11c2d0e4\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_remove},
    {.name = NULL},
};
