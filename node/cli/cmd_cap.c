/* cmd_cap: cases out as CAP 1.2, messages of others in as drafts. Never sends anything. */
#include "cap_read.h"
#include "cap_write.h"
#include "cli_api.h"
#include "cli_text.h"
#include "cmd.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/keyfile.h"

#define NOTES_BYTES 7000 /* with a line about the rest, under LIMIT_DRAFT_NOTES_CHARS */

/* To the file, readable by its owner alone since it is about a child, or to standard output. */
static int deliver(struct cli *cli, const struct cli_args *args, struct buf *text)
{
    const char *path = cli_args_text(args, "output", NULL);
    if (path == NULL || strcmp(path, "-") == 0)
        return cli_write(cli, text);
    int error = keyfile_replace(path, buf_slice(text), 0600, &cli->note);
    return error == OK ? OK : cli_failed(cli, error);
}

/* ---- export ---- */

static int own_member(struct cli *cli, char member[64])
{
    struct jdoc *status = NULL;
    int error = cli_api_get(cli, "/v1/status", &status);
    if (error != OK)
        return error;
    snprintf(member, 64, "%s", jdoc_get_text(status, "member", "unknown"));
    jdoc_free(status);
    return OK;
}

static void tell_export(const struct jdoc *view, const struct cap_written *written)
{
    cli_talk("%s of %s/%s, CAP 1.2. It is not sealed: whoever holds it reads it.", written->type,
             jdoc_get_text(view, "member", ""), jdoc_get_text(view, "reference", ""));
    if (strcmp(jdoc_get_text(view, "status", ""), "ACTUAL") != 0)
        cli_talk("*** EXERCISE ***");
    if (jdoc_get_bool(view, "restricted", false))
        cli_warn("the case is restricted: this file goes to nobody it was not sent to");
    if (written->photos > 0)
        cli_talk("Photos (%zu) are described, not contained.", written->photos);
    if (written->name_hidden)
        cli_talk("A hidden family name was left out.");
}

/* Which files the resources of a revision are: one that has not come yet, or was changed since, has no digest. */
static int digest_photos(struct cli *cli, const struct cli_args *args, const struct jdoc *view,
                         struct cap_photos *photos)
{
    const struct jdoc *list = jdoc_get(jdoc_get(view, "case"), "photos");
    int error = OK;
    for (size_t i = 0; error == OK && i < jdoc_count(list) && i < CASE_PHOTOS_MAX; i++) {
        char rest[32], path[CLI_API_PATH_MAX];
        struct buf photo;
        buf_init(&photo);
        snprintf(rest, sizeof rest, "/photo?number=%zu", i + 1);
        error = cli_api_case_path(cli, cli_args_at(args, 0), rest, path);
        if (error == OK)
            error = cli_api_get_bytes(cli, path, &photo);
        if (error == OK && (int64_t)photo.len == jdoc_get_int(jdoc_at(list, i), "size_bytes", -1))
            cap_digest(buf_slice(&photo), photos->sha1[i]);
        if (error == ERR_NOT_FOUND) {
            cli->note.text[0] = cli->hint[0] = '\0';
            error = OK;
        }
        buf_free(&photo);
    }
    return error;
}

static int export_case(struct cli *cli, const struct cli_args *args, const struct jdoc *view, struct buf *out,
                       struct cap_written *ret_written)
{
    struct cap_photos photos = {0};
    int error = jdoc_get(view, "closing") == NULL ? digest_photos(cli, args, view, &photos) : OK;
    return error == OK ? cap_write_case(view, &photos, out, &cli->note, ret_written) : error;
}

static int export_view(struct cli *cli, const struct cli_args *args, const struct jdoc *view)
{
    struct cap_written written = {.type = "Ack"};
    char member[64];
    struct buf out;
    buf_init(&out);
    int error;
    if (cli_args_has(args, "ack")) {
        error = own_member(cli, member);
        if (error == OK)
            error = cap_write_ack(view, member, &out, &cli->note);
        if (error == ERR_STATE)
            cli_hint(cli, "`hotline ack %s` first. What others acknowledged is on the ladder: `hotline show`.",
                     jdoc_get_text(view, "reference", "ID"));
    } else {
        error = export_case(cli, args, view, &out, &written);
    }
    error = error == OK ? deliver(cli, args, &out) : cli_failed(cli, error);
    if (error == OK)
        tell_export(view, &written);
    buf_free(&out);
    return error;
}

static int run_export(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    int error = cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    error = export_view(cli, args, view);
    jdoc_free(view);
    return error;
}

/* ---- import ---- */

/* What publish would say of it, before a person tries. */
static void tell_missing(const struct cap_draft *draft)
{
    struct err_note note = {""};
    const char *why = "";
    Hotline__Case *alert = NULL;
    int error = case_from_json(draft->alert, &note, &alert);
    if (error == OK)
        error = case_check_sendable(alert, clock_wall_us(), &note);
    if (error != OK)
        cli_talk("Before it can be sent: %s", err_explain(&note, error));
    if (alert != NULL && case_needs_restriction(alert, &why) && !draft->restricted)
        cli_talk("It must be restricted: %s", why);
    case_free(alert);
}

static void tell_next(struct cap_draft *draft, const char *file)
{
    bool live = strcmp(draft->status, "Actual") == 0, drill = strcmp(draft->status, "Exercise") == 0;
    const char *status = live ? "--live" : drill ? "--exercise" : "(--live|--exercise)";
    const char *to = draft->to.len > 0 ? buf_text(&draft->to) : "COUNTRIES";
    if (drill)
        cli_talk("*** EXERCISE ***: it says that it is a drill.");
    if (strcmp(draft->type, "Update") == 0)
        cli_talk("It updates an earlier message: `hotline update ID %s` when that case was opened here, else", file);
    cli_talk("`hotline publish %s %s%s --to %s` sends it, once you have read it.", file, status,
             draft->restricted ? " --restricted" : "", to);
}

/* The report whole lines, no more than a draft's notes may be. */
static void set_notes(struct jdoc *request, struct cap_draft *draft)
{
    struct buf notes;
    buf_init(&notes);
    buf_printf(&notes, "%s %s of %s, sent %s\n", draft->type, draft->identifier, draft->sender, draft->sent);
    buf_add_slice(&notes, buf_slice(&draft->report));
    size_t len = notes.len;
    while (len > NOTES_BYTES || (len < notes.len && len > 0 && notes.data[len - 1] != '\n'))
        len--;
    struct buf clean, cut;
    buf_init(&cut);
    buf_add(&cut, notes.data, len);
    buf_init(&clean);
    cli_text_clean_lines(&clean, buf_text(&cut), 0);
    if (len < notes.len)
        buf_add_text(&clean, "... and more: import it again to read all of it");
    jdoc_set_text(request, "notes", buf_text(&clean));
    buf_free(&clean);
    buf_free(&cut);
    buf_free(&notes);
}

/* Into the node: what it says of its status is what it is meant as, so a drill cannot be sent as real. */
static int keep_draft(struct cli *cli, struct cap_draft *draft)
{
    struct jdoc *request = jdoc_object(), *view = NULL;
    bool live = strcmp(draft->status, "Actual") == 0, drill = strcmp(draft->status, "Exercise") == 0;
    jdoc_set_doc(request, "case", jdoc_copy(draft->alert));
    struct jdoc *to = jdoc_set_doc(request, "to", jdoc_array());
    int error = draft->to.len > 0 ? cli_add_countries(cli, "area", buf_text(&draft->to), to) : OK;
    jdoc_set_bool(request, "restricted", draft->restricted);
    if (live || drill)
        jdoc_set_text(request, "status", live ? "ACTUAL" : "EXERCISE");
    set_notes(request, draft);
    if (error == OK)
        error = cli_api_send(cli, "POST", "/v1/drafts", request, &view);
    if (error == OK) {
        struct buf out;
        buf_init(&out);
        buf_printf(&out, "%.12s\n", jdoc_get_text(view, "id", "?"));
        error = cli_write(cli, &out);
        buf_free(&out);
        cli_talk("`hotline draft check %.12s` says what is missing, `hotline draft publish %.12s (--live|--exercise)` "
                 "sends it, once you have read it.",
                 jdoc_get_text(view, "id", "?"), jdoc_get_text(view, "id", "?"));
    }
    jdoc_free(view);
    jdoc_free(request);
    return error;
}

static int deliver_draft(struct cli *cli, const struct cli_args *args, struct cap_draft *draft)
{
    struct buf text;
    buf_init(&text);
    if (cli_args_text(args, "output", NULL) == NULL) {
        buf_free(&text);
        return cli_write_doc(cli, CLI_JSON, draft->alert);
    }
    int error = jdoc_write(draft->alert, true, &text);
    buf_add_u8(&text, '\n');
    error = error == OK ? deliver(cli, args, &text) : cli_failed(cli, error);
    buf_free(&text);
    return error;
}

static int run_import(struct cli *cli, const struct cli_args *args)
{
    const char *path = cli_args_at(args, 0), *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct buf xml;
    struct cap_doc doc = {0};
    struct cap_draft draft = {0};
    if (cli_args_has(args, "draft") && cli_args_has(args, "output"))
        return cli_fail(cli, ERR_USAGE, "--draft and -o exclude each other: into the node, or into a file");
    int error = cli_read_file(cli, path, &xml);
    if (error != OK)
        return error;
    error = cap_parse(buf_slice(&xml), name, &cli->note, &doc);
    buf_free(&xml);
    if (error == OK)
        error = cap_read(&doc, name, &cli->note, &draft);
    cap_parse_done(&doc);
    if (error == ERR_STATE)
        cli_hint(cli, "A Cancel is answered by a person: `hotline close` or `hotline retract` for a case opened here.");
    if (error != OK)
        return cli_failed(cli, error);
    bool kept = cli_args_has(args, "draft");
    error = kept ? keep_draft(cli, &draft) : deliver_draft(cli, args, &draft);
    if (error == OK) {
        cli_talk("%s %s of %s, sent %s: a draft. Nothing was sent.", draft.type, draft.identifier, draft.sender,
                 draft.sent);
        if (draft.report.len > 0)
            cli_talk("%s", buf_text(&draft.report));
        tell_missing(&draft);
        if (!kept)
            tell_next(&draft, cli_args_text(args, "output", "DRAFT.json"));
    }
    cap_read_done(&draft);
    return error;
}

static const struct cli_args_option export_options[] = {
    {"ack", 0, CLI_ARGS_FLAG, NULL, "this hotline's acknowledgement of a received case, as an Ack"},
    {"output", 'o', CLI_ARGS_VALUE, "FILE", "write to FILE (0600) instead of standard output"},
    CLI_OPTION_END,
};
static const struct cli_args_option import_options[] = {
    {"draft", 0, CLI_ARGS_FLAG, NULL, "keep it in the node as a draft, and write the draft's id"},
    {"output", 'o', CLI_ARGS_VALUE, "FILE", "write the draft to FILE (0600) instead of standard output"},
    CLI_OPTION_END,
};

const struct cli_command cmd_cap[] = {
    {.name = "cap export",
     .synopsis = "ID [-o FILE] [--ack]",
     .summary = "a case as a message of the Common Alerting Protocol (CAP 1.2)",
     .examples = "  hotline cap export GR-2026-00001 -o alert.xml\n"
                 "  hotline cap export gr-faros/GR-2026-00001 | xmllint --format -\n"
                 "  hotline cap export GR-2026-00001 --ack -o ack.xml\n",
     .notes =
         "The newest revision: an Alert, an Update, or, once it is closed or retracted, a Cancel. The file is not\n"
         "sealed. Photos are described by type, size and digest and are not contained; a hidden family name is\n"
         "left out. What CAP has no element for is a parameter hotline:PATH, PATH as in the case's JSON.\n"
         "The case id becomes incidents, the envelope id identifier, the member sender, earlier revisions references,\n"
         "countries area/geocode ISO3166-1, the category eventCode hotline:category; handling becomes code, a drill\n"
         "status Exercise with its id in note. A restricted case has the scope Restricted, any other Private; never\n"
         "Public.\n",
     .options = export_options,
     .least = 1,
     .most = 1,
     .run = run_export},
    {.name = "cap import",
     .synopsis = "FILE|- [-o FILE | --draft]",
     .summary = "a CAP 1.2 message as the draft of a case; sends nothing",
     .examples = "  hotline cap import alert.xml -o draft.json\n"
                 "  hotline cap import - <alert.xml | jq .child\n"
                 "  hotline publish draft.json --live --to IT,FR\n"
                 "  hotline cap import alert.xml --draft\n",
     .notes = "On standard error it says, line by line, what has no place in a case and what it took for what. The\n"
              "XML is read by a process of its own that can open nothing. Refused (2): a DOCTYPE, more than 256 KiB,\n"
              "more than 16 levels, elements out of the standard's order, words that an enumeration does not know.\n"
              "A Cancel, an Ack or an Error tells no case and is refused (5).\n",
     .options = import_options,
     .least = 1,
     .most = 1,
     .run = run_import},
    {0},
};
