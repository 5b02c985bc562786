/* cmd_inbox: what came in, and one case whole. Reading here is not SHOWN: only an armed console says that. */
#include "cli_api.h"
#include "cli_photo.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/case.pb-c.h"
#include "proto/clock.h"

static int run_inbox(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *items = NULL;
    int error = cli_form_of(cli, args, &form);
    const char *path = cli_args_has(args, "sent") ? "/v1/cases?box=sent" : "/v1/cases?box=received";
    if (error == OK)
        error = cli_api_list(cli, path, &items);
    if (error != OK)
        return error;
    struct buf out;
    buf_init(&out);
    if (form != CLI_TABLE) {
        error = cli_write_doc(cli, form, items);
    } else if (jdoc_count(items) == 0) {
        cli_talk(cli_args_has(args, "sent") ? "No case was sent from here." : "No case was received here.");
    } else {
        error = cli_view_inbox(items, clock_wall_us(), &out);
        error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    }
    buf_free(&out);
    jdoc_free(items);
    return error;
}

static int write_view(struct cli *cli, const struct jdoc *view)
{
    int64_t now_us = clock_wall_us();
    struct buf out;
    buf_init(&out);
    cli_view_headline(view, cli->language, now_us, &out);
    int error = cli_view_case(jdoc_get(view, "case"), &hotline__case__descriptor, cli->language, &out);
    if (error == OK && jdoc_get(view, "closing") != NULL)
        error = cli_view_case(jdoc_get(view, "closing"), &hotline__closing__descriptor, cli->language, &out);
    if (error == OK)
        error = cli_view_ladder(view, now_us, &out);
    cli_view_relays(view, &out);
    cli_view_thread(view, cli->language, now_us, &out);
    cli_view_revisions(view, now_us, &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static int run_show(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    if (cli_args_has(args, "photo"))
        return cli_photo_save(cli, args);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_take_language(cli, args);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    error = form == CLI_TABLE ? write_view(cli, view) : cli_write_doc(cli, form, view);
    jdoc_free(view);
    return error;
}

static const struct cli_args_option inbox_options[] = {
    {"sent", 0, CLI_ARGS_FLAG, NULL, "the cases that this hotline opened instead"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option show_options[] = {
    {"photo", 0, CLI_ARGS_VALUE, "N", "save the N-th photo (from 1) to the file that -o names, - for standard output"},
    CLI_OPTION_LANG,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_inbox[] = {
    {.name = "inbox",
     .synopsis = "[--sent] [-o FORMAT]",
     .summary = "the cases received, closed and retracted ones included",
     .examples = "  hotline inbox\n"
                 "  hotline inbox -o json | jq -r '.[] | select(.state==\"OPEN\") | .reference'\n"
                 "  hotline inbox --sent\n",
     .options = inbox_options,
     .run = run_inbox},
    {.name = "show",
     .synopsis = "ID [--lang LANG] [-o FORMAT | --photo N -o FILE]",
     .summary = "one case: what it says, who has it, what was answered",
     .examples = "  hotline show GR-2026-00001\n"
                 "  hotline show gr-faros/GR-2026-00001\n"
                 "  hotline show 3f9a2c -o json | jq '.ladder[] | {member, state}'\n"
                 "  hotline show GR-2026-00001 --lang pl\n"
                 "  hotline show GR-2026-00001 --photo 1 -o photo.jpg\n",
     .notes =
         "ID is a reference, MEMBER/REFERENCE, or the first six or more digits of the case id.\n"
         "What fits more than one case is refused (2) with the list.\n"
         "What the schema has a code for (category, clothing, risks) is said in your language; free text stays as\n"
         "it was written, in the language that `text language` names.\n",
     .options = show_options,
     .least = 1,
     .most = 1,
     .run = run_show},
    {0},
};
