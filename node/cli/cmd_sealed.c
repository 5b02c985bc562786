/* cmd_sealed: a case carried by mail or by hand when every relay is dark. The file is sealed: reading it takes a
 * recipient's key. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "cli_api.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/clock.h"
#include "proto/keyfile.h"

static int export_path(struct cli *cli, const struct cli_args *args, char path[CLI_API_PATH_MAX])
{
    const char *to = cli_args_text(args, "to", NULL);
    char query[64] = "";
    size_t len = to != NULL ? strlen(to) : 0;
    if (to != NULL && (len == 0 || len > 40 || strspn(to, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)) {
        cli_hint(cli, "`hotline members` lists them.");
        return cli_fail(cli, ERR_UNKNOWN, "--to %.60s: a member's id is written like be-baken", to);
    }
    if (to != NULL)
        snprintf(query, sizeof query, "/sealed?to=%s", to);
    return cli_api_case_path(cli, cli_args_at(args, 0), to != NULL ? query : "/sealed", path);
}

static int run_export(struct cli *cli, const struct cli_args *args)
{
    const char *file = cli_args_text(args, "output", NULL), *to = cli_args_text(args, "to", NULL);
    char path[CLI_API_PATH_MAX];
    struct buf bytes;
    if (file == NULL) {
        cli_hint(cli, "For example: hotline sealed export %s -o case.sealed", cli_args_at(args, 0));
        return cli_fail(cli, ERR_USAGE, "-o FILE is missing");
    }
    buf_init(&bytes);
    int error = export_path(cli, args, path);
    if (error == OK)
        error = cli_api_get_bytes(cli, path, &bytes);
    if (error == OK && strcmp(file, "-") == 0) {
        error = cli_write(cli, &bytes);
    } else if (error == OK) {
        error = keyfile_replace(file, buf_slice(&bytes), 0600, &cli->note);
        error = error == OK ? OK : cli_failed(cli, error);
    }
    if (error == OK && strcmp(file, "-") != 0)
        cli_talk("%s: %zu bytes, sealed for %s. Carry it there; it is read in with: hotline sealed import FILE", file,
                 bytes.len, to != NULL ? to : "every recipient of this case");
    buf_free(&bytes);
    return error;
}

static void tell(const struct jdoc *view, const char *language, bool fresh)
{
    struct buf out;
    buf_init(&out);
    cli_view_headline(view, language, clock_wall_us(), &out);
    fputs(buf_text(&out), stderr);
    buf_free(&out);
    const char *member = jdoc_get_text(view, "member", "?"), *reference = jdoc_get_text(view, "reference", "?");
    if (fresh)
        cli_talk("Taken in. Its receipt goes to the relays when they are back. Read it: hotline show %s/%s", member,
                 reference);
    else
        cli_talk("It was here already; nothing has changed.");
}

static int run_import(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *view = NULL;
    struct buf bytes;
    int status = 0;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_read_file(cli, cli_args_at(args, 0), &bytes);
    if (error != OK)
        return error;
    error = cli_api_send_bytes(cli, "/v1/sealed", buf_slice(&bytes), &status, &view);
    buf_free(&bytes);
    if (error == OK && form == CLI_TABLE)
        tell(view, cli->language, status == 201);
    else if (error == OK)
        error = cli_write_doc(cli, form, view);
    jdoc_free(view);
    return error;
}

static const struct cli_args_option export_options[] = {
    {"output", 'o', CLI_ARGS_VALUE, "FILE", "the file to write (0600), or - for standard output"},
    {"to", 0, CLI_ARGS_VALUE, "MEMBER", "for this member alone; without it every recipient can open the file"},
    CLI_OPTION_END,
};
static const struct cli_args_option import_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};

const struct cli_command cmd_sealed[] = {
    {.name = "sealed export",
     .synopsis = "ID -o FILE [--to MEMBER]",
     .summary = "a case in a file, to be carried when every relay is dark",
     .examples = "  hotline sealed export GR-2026-00001 -o case.sealed --to it-lanterna\n"
                 "  hotline sealed export gr-faros/GR-2026-00001 -o answer.sealed\n",
     .notes =
         "Of a case opened here its newest revision and the answers not yet received; of a received case one's own\n"
         "replies. Nobody but the recipients can read it. The relays get the same envelopes when they are back,\n"
         "and nothing is shown twice.\n",
     .options = export_options,
     .least = 1,
     .most = 1,
     .run = run_export},
    {.name = "sealed import",
     .synopsis = "FILE [-o FORMAT]",
     .summary = "read in such a file: verified as from a relay",
     .examples = "  hotline sealed import case.sealed\n  hotline sealed import - <case.sealed\n",
     .notes = "All of the file or nothing. The receipt is kept and goes to every relay when it is back.\n",
     .options = import_options,
     .least = 1,
     .most = 1,
     .run = run_import},
    {0},
};
