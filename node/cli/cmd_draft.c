/* cmd_draft: cases that the node keeps until somebody sends them. What is changed, deleted or sent is what was read:
 * the ETag goes along, and a draft that somebody else changed meanwhile is refused. */
#include <inttypes.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cli_photo.h"
#include "cli_prompt.h"
#include "cli_send.h"
#include "cli_text.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/case.pb-c.h"
#include "proto/clock.h"

/* ---- which one ---- */

static int draft_path(struct cli *cli, const char *id, const char *rest, char path[CLI_API_PATH_MAX])
{
    int error = cli_list_check_id(cli, id, "a draft");
    if (error != OK)
        cli_hint(cli, "`hotline draft list` lists the drafts.");
    else
        snprintf(path, CLI_API_PATH_MAX, "/v1/drafts/%s%s", id, rest);
    return error;
}

/* The next thing to type, for what the node said of a draft. */
static int refused(struct cli *cli, int error, const char *id)
{
    if (error == ERR_NOT_FOUND)
        cli_hint(cli, "`hotline draft list` lists the drafts: it may have been sent or deleted.");
    else if (error == ERR_STATE)
        cli_hint(cli, "hotline draft show %.32s -o json >draft.json", id);
    return error;
}

static int get_draft(struct cli *cli, const char *id, struct jdoc **ret_view)
{
    char path[CLI_API_PATH_MAX];
    int error = draft_path(cli, id, "", path);
    return error == OK ? refused(cli, cli_api_get(cli, path, ret_view), id) : error;
}

/* ---- shown ---- */

static void add_row(struct cli_table *table, const char *label, const char *text)
{
    cli_table_cell(table, label);
    cli_table_cell(table, text);
}

static void recipients_of(const struct jdoc *view, char text[CLI_VIEW_LIST_MAX + 40])
{
    char list[CLI_VIEW_LIST_MAX];
    cli_view_list(jdoc_get(view, "to"), list);
    bool beside = jdoc_get_bool(view, "neighbours", false), none = jdoc_count(jdoc_get(view, "to")) == 0;
    snprintf(text, CLI_VIEW_LIST_MAX + 40, "%s%s%s%s", none && beside ? "" : list, beside && !none ? " + " : "",
             beside ? "neighbours" : "", jdoc_get_bool(view, "restricted", false) ? ", restricted" : "");
}

static void meant_as(const struct jdoc *view, char text[80])
{
    snprintf(text, 80, "%.20s%s%.40s", jdoc_get_text(view, "status", "not chosen"),
             jdoc_get(view, "drill") != NULL ? " " : "", jdoc_get_text(view, "drill", ""));
}

/* What a second person has said, or has to. */
static void approval_of(const struct jdoc *view, char text[200])
{
    const struct jdoc *approval = jdoc_get(view, "approval");
    const char *by = jdoc_get_text(approval, "approved_by", NULL), *need = jdoc_get_text(approval, "need", "NONE");
    bool needed = strcmp(need, "NONE") != 0;
    if (by != NULL)
        snprintf(text, 200, "by %.100s", by);
    else
        snprintf(text, 200, "%.10s%s%.30s%s%.100s", needed ? need : "", needed ? " (" : "",
                 needed ? jdoc_get_text(approval, "why", "") : "", needed ? "), not by " : "",
                 needed ? jdoc_get_text(approval, "author", "") : "");
}

static int add_head(const struct jdoc *view, int64_t now_us, struct buf *out)
{
    char text[CLI_VIEW_LIST_MAX + 40], time[CLI_TEXT_TIME_MAX], status[80];
    struct cli_table *table = cli_table_new(NULL, 2);
    if (table == NULL)
        return ERR_NOMEM;
    add_row(table, "DRAFT", jdoc_get_text(view, "id", NULL));
    meant_as(view, status);
    add_row(table, "meant as", status);
    if (jdoc_get(view, "updates") != NULL)
        add_row(table, "updates", jdoc_get_text(view, "updates", NULL));
    cli_view_list(jdoc_get(view, "widens"), text);
    if (jdoc_count(jdoc_get(view, "widens")) > 0)
        add_row(table, "reaches further", text);
    recipients_of(view, text);
    add_row(table, "to", text);
    cli_text_time(jdoc_get_text(view, "changed_at", NULL), now_us, time);
    snprintf(text, sizeof text, "%s by %.100s", time, jdoc_get_text(view, "changed_by", "?"));
    add_row(table, "changed", text);
    cli_text_time(jdoc_get_text(view, "erased_at", NULL), now_us, time);
    add_row(table, "erased", time);
    approval_of(view, text);
    if (text[0] != '\0')
        add_row(table, "approved", text);
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static void add_missing(const struct jdoc *view, struct buf *out)
{
    const struct jdoc *missing = jdoc_get(view, "missing");
    for (size_t i = 0; i < jdoc_count(missing); i++) {
        buf_add_text(out, "MISSING ");
        cli_text_clean(out, jdoc_get_text(jdoc_at(missing, i), "path", "?"));
        buf_add_text(out, ": ");
        cli_text_clean(out, jdoc_get_text(jdoc_at(missing, i), "text", "?"));
        buf_add_u8(out, '\n');
    }
}

/* What to type next, on stderr. */
static void tell_next(const struct jdoc *view)
{
    const char *status = jdoc_get_text(view, "status", ""), *id = jdoc_get_text(view, "id", "?");
    const char *how = strcmp(status, "ACTUAL") == 0 ? "--live" :
        strcmp(status, "EXERCISE") == 0             ? "--exercise" :
                                                      "(--live|--exercise)";
    if (jdoc_count(jdoc_get(view, "missing")) == 0)
        cli_talk("Nothing is missing. `hotline draft publish %.*s %s` sends it, once you have read it.",
                 CLI_LIST_ID_SHOWN, id, how);
    else
        cli_talk("%zu missing before it can be sent.", jdoc_count(jdoc_get(view, "missing")));
}

static int write_draft(struct cli *cli, enum cli_form form, const struct jdoc *view, bool whole)
{
    if (form != CLI_TABLE)
        return cli_write_doc(cli, form, view);
    struct buf out;
    buf_init(&out);
    int error = add_head(view, clock_wall_us(), &out);
    if (error == OK && whole)
        error = cli_view_case(jdoc_get(view, "case"), &hotline__case__descriptor, cli->language, &out);
    if (whole && jdoc_get(view, "notes") != NULL) {
        buf_add_text(&out, "notes\n  ");
        cli_text_clean_lines(&out, jdoc_get_text(view, "notes", ""), 2);
        buf_add_u8(&out, '\n');
    }
    add_missing(view, &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    if (error == OK)
        tell_next(view);
    return error;
}

/* ---- save ---- */

struct saving {
    struct jdoc *request; /* DraftRequest */
    struct jdoc *alert;   /* its case, borrowed */
    char id[64], etag[64];
};

static void copy_words(struct saving *saving, const struct jdoc *draft)
{
    static const char *const names[] = {"to",         "notes",      "updates", "replaces",
                                        "neighbours", "restricted", "status",  "drill"};
    size_t count = jdoc_get(draft, "updates") != NULL ? 4 : sizeof names / sizeof names[0]; /* the rest is its case's */
    for (size_t i = 0; i < count; i++)
        if (jdoc_get(draft, names[i]) != NULL)
            jdoc_set_doc(saving->request, names[i], jdoc_copy(jdoc_get(draft, names[i])));
    snprintf(saving->id, sizeof saving->id, "%s", jdoc_get_text(draft, "id", ""));
    snprintf(saving->etag, sizeof saving->etag, "%s", jdoc_get_text(draft, "etag", ""));
}

/* A case, or a draft as `draft show -o json` wrote it: then it knows what it is a change of. */
static int read_words(struct cli *cli, const char *path, struct saving *saving)
{
    struct jdoc *doc = NULL;
    int error = cli_read_doc(cli, path, &doc);
    if (error != OK)
        return error;
    bool is_draft = jdoc_type(jdoc_get(doc, "case")) == JDOC_OBJECT;
    if (is_draft)
        copy_words(saving, doc);
    saving->alert = jdoc_set_doc(saving->request, "case", jdoc_copy(is_draft ? jdoc_get(doc, "case") : doc));
    jdoc_free(doc);
    return OK;
}

static int add_recipients(struct cli *cli, const struct cli_args *args, struct saving *saving)
{
    const char *list;
    int error = OK;
    if (cli_args_has(args, "to")) {
        struct jdoc *to = jdoc_set_doc(saving->request, "to", jdoc_array());
        for (size_t index = 0; error == OK && (list = cli_args_next(args, "to", &index)) != NULL;)
            error = cli_add_countries(cli, "--to", list, to);
    }
    if (cli_args_has(args, "neighbours"))
        jdoc_set_bool(saving->request, "neighbours", true);
    if (cli_args_has(args, "restricted"))
        jdoc_set_bool(saving->request, "restricted", true);
    return error;
}

/* The case that it updates, as it is now: that is what was read. Photos are added to those that it has. */
static int add_updated(struct cli *cli, const struct cli_args *args, struct saving *saving)
{
    char path[CLI_API_PATH_MAX], name[120];
    struct jdoc *view = NULL;
    if (!cli_args_has(args, "updates"))
        return OK;
    int error = cli_api_case_path(cli, cli_args_text(args, "updates", ""), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    snprintf(name, sizeof name, "%.60s:%.50s", jdoc_get_text(view, "member", ""), jdoc_get_text(view, "reference", ""));
    jdoc_set_text(saving->request, "updates", name);
    jdoc_set_int(saving->request, "replaces", jdoc_get_int(view, "revision", 0));
    if (cli_args_has(args, "photo"))
        cli_photo_keep(view, saving->alert);
    jdoc_free(view);
    return OK;
}

static int add_status(struct cli *cli, const struct cli_args *args, struct saving *saving)
{
    if (cli_args_has(args, "live") || cli_args_has(args, "exercise"))
        return cli_send_status(cli, args, saving->request);
    if (cli_args_has(args, "drill"))
        jdoc_set_text(saving->request, "drill", cli_args_text(args, "drill", ""));
    return OK;
}

static int find_place(struct cli *cli, const struct cli_args *args, struct saving *saving)
{
    const char *id = cli_args_text(args, "id", saving->id), *etag = cli_args_text(args, "etag", saving->etag);
    if (saving->id[0] != '\0' && strncmp(saving->id, id, strlen(id)) != 0)
        return cli_fail(cli, ERR_USAGE, "--id %.32s: the file is of draft %.12s", id, saving->id);
    if (id[0] != '\0' && etag[0] == '\0') {
        cli_hint(
            cli,
            "hotline draft show %.32s -o json >draft.json, change its \"case\", then hotline draft save draft.json",
            id);
        return cli_fail(cli, ERR_USAGE, "a draft is changed by who has read it: the file has no etag");
    }
    if (id[0] == '\0' && cli_args_has(args, "etag"))
        return cli_fail(cli, ERR_USAGE, "--etag says which state of a draft; --id is missing");
    if (id != saving->id)
        snprintf(saving->id, sizeof saving->id, "%s", id);
    if (etag != saving->etag)
        snprintf(saving->etag, sizeof saving->etag, "%s", etag);
    return OK;
}

static int send_words(struct cli *cli, const struct saving *saving, struct jdoc **ret_view)
{
    char path[CLI_API_PATH_MAX];
    if (saving->id[0] == '\0')
        return cli_api_send(cli, "POST", "/v1/drafts", saving->request, ret_view);
    int error = draft_path(cli, saving->id, "", path);
    if (error == OK)
        error = refused(cli, cli_api_send_if(cli, "PUT", path, saving->etag, saving->request, ret_view), saving->id);
    return error;
}

static int run_save(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct saving saving = {.request = jdoc_object()};
    struct jdoc *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = read_words(cli, cli_args_at(args, 0), &saving);
    if (error == OK)
        error = find_place(cli, args, &saving);
    if (error == OK)
        error = add_updated(cli, args, &saving);
    if (error == OK)
        error = add_status(cli, args, &saving);
    if (error == OK)
        error = add_recipients(cli, args, &saving);
    if (error == OK)
        error = cli_photo_add(cli, args, saving.alert);
    if (error == OK)
        error = send_words(cli, &saving, &view);
    if (error == OK)
        error = write_draft(cli, form, view, false);
    jdoc_free(view);
    jdoc_free(saving.request);
    return error;
}

/* ---- list, show, check ---- */

static void add_draft(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    char text[CLI_VIEW_LIST_MAX + 40], status[80];
    cli_list_id(table, row, "id");
    cli_table_cell(table, jdoc_get_text(jdoc_get(row, "child"), "given_name", NULL));
    cli_table_cell(table, jdoc_get_text(row, "category", NULL));
    meant_as(row, status);
    cli_table_cell(table, status);
    recipients_of(row, text);
    cli_table_cell(table, text);
    cli_table_cell(table, jdoc_get_text(row, "changed_by", NULL));
    cli_list_time(table, row, "changed_at", NULL, now_us);
    cli_table_cell_int(table, (int64_t)jdoc_count(jdoc_get(row, "missing")));
    cli_list_time(table, row, "erased_at", NULL, now_us);
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"DRAFT", "CHILD",   "CATEGORY", "MEANT AS", "TO",
                                          "BY",    "CHANGED", "MISSING",  "ERASED"};
    static const struct cli_list list = {"/v1/drafts", "No draft is kept here.", headers, 9, add_draft};
    return cli_list_show(cli, args, &list);
}

static int run_show(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = get_draft(cli, cli_args_at(args, 0), &view);
    if (error == OK)
        error = write_draft(cli, form, view, true);
    jdoc_free(view);
    return error;
}

static int run_check(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *view = NULL;
    struct buf out;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = get_draft(cli, cli_args_at(args, 0), &view);
    if (error != OK)
        return error;
    size_t count = jdoc_count(jdoc_get(view, "missing"));
    buf_init(&out);
    add_missing(view, &out);
    error = form != CLI_TABLE ? cli_write_doc(cli, form, jdoc_get(view, "missing")) : cli_write(cli, &out);
    buf_free(&out);
    if (error == OK && count == 0)
        tell_next(view);
    else if (error == OK)
        error = cli_fail(cli, ERR_MISSING, "%zu missing before it can be sent", count);
    jdoc_free(view);
    return error;
}

/* ---- publish, delete ---- */

static int check_complete(struct cli *cli, const char *id, const struct jdoc *view)
{
    const struct jdoc *first = jdoc_at(jdoc_get(view, "missing"), 0);
    if (first == NULL)
        return OK;
    cli_hint(cli, "`hotline draft check %.32s` says all that is missing.", id);
    return cli_fail(cli, ERR_MISSING, "%s: %s", jdoc_get_text(first, "path", "?"), jdoc_get_text(first, "text", "?"));
}

static int run_publish(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0);
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    struct cli_sending sending = {.request = jdoc_object(), .path = path};
    int error = cli_send_status(cli, args, sending.request);
    if (error == OK)
        error = get_draft(cli, id, &view);
    if (error == OK)
        error = draft_path(cli, id, "/publish", path);
    if (error == OK)
        error = check_complete(cli, id, view);
    sending.etag = jdoc_get_text(view, "etag", "");
    sending.doc = jdoc_get(view, "case");
    if (error == OK && (error = case_from_json(sending.doc, &cli->note, &sending.alert)) != OK)
        error = cli_failed(cli, error);
    if (error == OK && cli_args_has(args, "dry-run")) {
        error = refused(cli, cli_send_dry(cli, args, &sending), id);
    } else if (error == OK) {
        error = cli_send_confirm(cli, args, &sending);
        error = error == OK ? refused(cli, cli_send(cli, args, &sending), id) : error;
    }
    case_free(sending.alert);
    jdoc_free(sending.request);
    jdoc_free(view);
    return error;
}

/* What is approved is what was read: the state that the screen shows now, or the one that --etag names. */
static int ask_approval(struct cli *cli, const struct jdoc *view)
{
    char typed[200];
    struct buf out;
    Hotline__Case *alert = NULL;
    buf_init(&out);
    int error = add_head(view, clock_wall_us(), &out);
    if (error == OK)
        error = cli_view_case(jdoc_get(view, "case"), &hotline__case__descriptor, cli->language, &out);
    add_missing(view, &out);
    fputs(buf_text(&out), stderr);
    buf_free(&out);
    if (error == OK && case_from_json(jdoc_get(view, "case"), &cli->note, &alert) != OK)
        error = cli_failed(cli, ERR_INTERNAL);
    if (error == OK)
        error = cli_prompt_line(cli, "\nType the child's given name to approve it: ", typed, sizeof typed);
    if (error == OK && !case_confirms(alert, typed))
        error = cli_fail(cli, ERR_INVALID, "\"%s\" is not the name of the child in this draft", typed);
    case_free(alert);
    return error;
}

static int run_approve(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0), *etag = cli_args_text(args, "etag", NULL);
    bool back = cli_args_has(args, "take-back");
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL, *body = jdoc_object(), *answer = NULL;
    int error = get_draft(cli, id, &view);
    if (error == OK && !back && etag == NULL && !cli_prompt_possible(cli)) {
        cli_hint(cli, "hotline draft show %.32s -o json | jq -r .etag", id);
        error = cli_fail(cli, ERR_USAGE, "--etag ETAG is missing: the state of the draft that was read");
    }
    if (error == OK && !back && etag == NULL)
        error = ask_approval(cli, view);
    if (error == OK)
        error = draft_path(cli, id, "/approval", path);
    etag = etag != NULL ? etag : jdoc_get_text(view, "etag", "");
    if (error == OK && back)
        error = refused(cli, cli_api_delete_if(cli, path, etag), id);
    else if (error == OK)
        error = refused(cli, cli_api_send_if(cli, "POST", path, etag, body, &answer), id);
    if (error == OK)
        cli_talk(back ? "The approval of draft %.12s is taken back." : "Draft %.12s is approved. Any change ends that.",
                 jdoc_get_text(view, "id", "?"));
    jdoc_free(answer);
    jdoc_free(body);
    jdoc_free(view);
    return error;
}

static int run_delete(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0);
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    int error = get_draft(cli, id, &view);
    if (error == OK)
        error = draft_path(cli, id, "", path);
    if (error == OK)
        error = refused(cli, cli_api_delete_if(cli, path, jdoc_get_text(view, "etag", "")), id);
    if (error == OK)
        cli_talk("Draft %.12s is erased.", jdoc_get_text(view, "id", "?"));
    jdoc_free(view);
    return error;
}

/* ---- the table ---- */

static const struct cli_args_option save_options[] = {
    {"id", 0, CLI_ARGS_VALUE, "ID", "change this draft; without it, and without an id in the file, a new one is made"},
    {"etag", 0, CLI_ARGS_VALUE, "ETAG", "with --id: the state that was read, when the file does not say it"},
    {"updates", 0, CLI_ARGS_VALUE, "CASE", "it is an update of this case, as the case is now; see `hotline update`"},
    CLI_OPTIONS_STATUS,
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", "the countries concerned: FR,IT"},
    {"neighbours", 0, CLI_ARGS_FLAG, NULL, "the countries beside this hotline's own, by land or a short way over sea"},
    {"restricted", 0, CLI_ARGS_FLAG, NULL, "to the countries named and to no subscriber"},
    CLI_OPTION_PHOTO,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option read_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option publish_options[] = {
    CLI_OPTIONS_STATUS, CLI_OPTIONS_CONFIRM, CLI_OPTION_WAIT, CLI_OPTION_OUTPUT, CLI_OPTION_END,
};
static const struct cli_args_option approve_options[] = {
    {"etag", 0, CLI_ARGS_VALUE, "ETAG", "the state that was read, from `draft show -o json`; without it you are asked"},
    {"take-back", 0, CLI_ARGS_FLAG, NULL, "it is not approved after all"},
    CLI_OPTION_END,
};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_draft[] = {
    {.name = "draft save",
     .synopsis = "FILE|- [--id ID] [OPTION]...",
     .summary = "keep a case in the node that is not ready to be sent",
     .examples = "  hotline draft save case.json --to IT,FR\n"
                 "  hotline draft show 3f9a11c2d0e4 -o json >draft.json\n"
                 "  hotline draft save draft.json --restricted\n"
                 "  hotline draft save case.json --updates GR-2026-00001 --to AL\n"
                 "  jq -n '{category: \"RUNAWAY\"}' | hotline draft save -\n",
     .notes =
         "FILE is a case, of which anything may be missing, or a draft as `draft show -o json` writes it, which is\n"
         "then changed. What --live or --exercise say here is what it is meant as: it is sent as nothing else.\n"
         "Nothing leaves the node. A draft is erased when it is sent or deleted, and 30 days after its last change.\n"
         "A picture waits in the node for an hour at most.\n"
         "Exit 5: somebody else has changed the draft since it was read.\n",
     .options = save_options,
     .least = 1,
     .most = 1,
     .run = run_save},
    {.name = "draft list",
     .synopsis = "[-o FORMAT]",
     .summary = "the drafts of this node, newest change first",
     .examples = "  hotline draft list\n  hotline draft list -o json | jq -r '.[] | select(.missing == []) | .id'\n",
     .options = read_options,
     .run = run_list},
    {.name = "draft show",
     .synopsis = "ID [-o FORMAT]",
     .summary = "one draft, and what is missing before it can be sent",
     .examples = "  hotline draft show 3f9a11c2d0e4\n  hotline draft show 3f9a11 -o json >draft.json\n",
     .options = read_options,
     .least = 1,
     .most = 1,
     .run = run_show},
    {.name = "draft check",
     .synopsis = "ID [-o FORMAT]",
     .summary = "what is missing before a draft can be sent; exit 2 when anything is",
     .examples = "  hotline draft check 3f9a11c2d0e4\n",
     .notes = "Who would get it: `hotline draft publish ID (--live|--exercise) --dry-run`.\n",
     .options = read_options,
     .least = 1,
     .most = 1,
     .run = run_check},
    {.name = "draft approve",
     .synopsis = "ID [--etag ETAG | --take-back]",
     .summary = "say as a second person that a draft may be sent as it is",
     .examples = "  hotline draft approve 3f9a11c2d0e4\n"
                 "  hotline draft approve 3f9a11 --etag \"$(hotline draft show 3f9a11 -o json | jq -r .etag)\"\n"
                 "  hotline draft approve 3f9a11c2d0e4 --take-back\n",
     .notes =
         "The node's setting approval.required says what needs it; approval.by, who may. Never who wrote the words,\n"
         "nor a program. Any change of the draft ends the approval.\n"
         "Exit 5: it may not be you, or the draft has changed.\n",
     .options = approve_options,
     .least = 1,
     .most = 1,
     .run = run_approve},
    {.name = "draft publish",
     .synopsis = "ID (--live|--exercise) [--confirm NAME] [OPTION]...",
     .summary = "open a case of a draft and send it; the draft is gone with it",
     .examples = "  hotline draft publish 3f9a11c2d0e4 --live --wait delivered\n"
                 "  hotline draft publish 3f9a11c2d0e4 --exercise --dry-run\n"
                 "  hotline draft publish 3f9a11c2d0e4 --live --confirm Eleni --wait accepted -W 30s -o json\n",
     .notes =
         "As `publish`, with the draft's case and recipients. Exit 5: somebody else has changed the draft meanwhile.\n"
         "Exit with --wait: 7 when it was reached in part, 5 when every relay refused, 6 when time was over.\n",
     .options = publish_options,
     .least = 1,
     .most = 1,
     .run = run_publish},
    {.name = "draft delete",
     .synopsis = "ID",
     .summary = "end a draft: its key is destroyed",
     .examples = "  hotline draft delete 3f9a11c2d0e4\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_delete},
    {0},
};
