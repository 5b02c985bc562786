/* cmd_poster: posters of cases that the public may see: registered at the node, drawn here, taken down again. Draws
 * only what the public may know: no hidden name, no need, nothing of a companion. */
#include <string.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cli_poster.h"
#include "cmd.h"

/* ---- drawing ---- */

static int register_poster(struct cli *cli, const struct cli_args *args, struct jdoc **ret_poster)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *request = jdoc_object();
    jdoc_set_text(request, "language", cli_args_text(args, "lang", "en"));
    jdoc_set_text(request, "form", cli_args_text(args, "form", "a4"));
    int error = cli_api_case_path(cli, cli_args_at(args, 0), "/posters", path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, request, ret_poster);
    jdoc_free(request);
    return error;
}

/* The first photo, when it is here; none is no error. */
static int fetch_photo(struct cli *cli, const char *id, const struct jdoc *view, struct buf *photo)
{
    char path[CLI_API_PATH_MAX];
    if (jdoc_get_int(view, "photos_here", 0) == 0) {
        if (jdoc_get_int(view, "photos", 0) > 0)
            cli_warn("the photo is not here yet: the poster is without it");
        return OK;
    }
    int error = cli_api_case_path(cli, id, "/photo?number=1", path);
    return error == OK ? cli_api_get_bytes(cli, path, photo) : error;
}

static int save(struct cli *cli, const char *file, const struct buf *page)
{
    FILE *out = fopen(file, "wx");
    if (out == NULL)
        return cli_fail(cli, ERR_IO, "%s: cannot be made, or is there already", file);
    bool whole = fwrite(page->data, 1, page->len, out) == page->len;
    whole &= fclose(out) == 0;
    return whole ? OK : cli_fail(cli, ERR_IO, "%s: cannot be written whole", file);
}

static int check_options(struct cli *cli, const struct cli_args *args)
{
    const char *form = cli_args_text(args, "form", "a4"), *language = cli_args_text(args, "lang", NULL);
    if (cli_args_text(args, "output", NULL) == NULL)
        return cli_fail(cli, ERR_USAGE, "-o FILE is missing: the poster is a page of HTML, to be printed by a browser");
    if (language == NULL || !cli_poster_speaks(language)) {
        cli_hint(cli, "Languages: en fr de es it pl ro hu.");
        return cli_fail(cli, ERR_USAGE, language == NULL ? "--lang is missing" : "--lang %s: posters do not speak it",
                        language);
    }
    if (strcmp(form, "a4") != 0 && strcmp(form, "square") != 0)
        return cli_fail(cli, ERR_USAGE, "--form %.20s: is neither a4 nor square", form);
    return OK;
}

static int run_poster(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0);
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL, *poster = NULL;
    struct buf photo, qr, page;
    buf_init(&photo);
    buf_init(&qr);
    buf_init(&page);
    int error = check_options(cli, args);
    if (error == OK)
        error = cli_api_case_path(cli, id, "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error == OK)
        error = fetch_photo(cli, id, view, &photo);
    if (error == OK) /* what hangs is registered: before it is drawn, so that none hangs that is not */
        error = register_poster(cli, args, &poster);
    if (error == OK)
        error = cli_api_get_bytes(cli, jdoc_get_text(poster, "qr", ""), &qr);
    const struct cli_poster sheet = {.view = view, .poster = poster, .photo = buf_slice(&photo), .qr = buf_text(&qr)};
    if (error == OK && (error = cli_poster_write(&sheet, &page)) != OK)
        error = cli_failed(cli, error);
    if (error == OK)
        error = save(cli, cli_args_text(args, "output", ""), &page);
    if (error == OK)
        cli_talk("Registered as poster %.*s. Print it from a browser; it has to be taken down when the case is over.",
                 CLI_LIST_ID_SHOWN, jdoc_get_text(poster, "id", "?"));
    buf_free(&photo);
    buf_free(&qr);
    buf_free(&page);
    jdoc_free(view);
    jdoc_free(poster);
    return error;
}

/* ---- those there are ---- */

static void add_poster(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    char down[160];
    snprintf(down, sizeof down, "taken down by %.120s", jdoc_get_text(row, "withdrawn_by", "?"));
    cli_list_id(table, row, "id");
    cli_table_cell(table, jdoc_get_text(row, "language", NULL));
    cli_table_cell(table, jdoc_get_text(row, "form", NULL));
    cli_list_time(table, row, "at", NULL, now_us);
    cli_table_cell(table, jdoc_get_text(row, "by", NULL));
    if (jdoc_get(row, "withdrawn_at") != NULL)
        cli_table_cell(table, down);
    else
        cli_table_cell(table, jdoc_get_bool(row, "withdraw", false) ? "TAKE IT DOWN" : "hangs");
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"POSTER", "LANGUAGE", "FORM", "MADE", "BY", "STATE"};
    char path[CLI_API_PATH_MAX];
    const struct cli_list list = {path, "No poster of it was made here.", headers, 6, add_poster};
    int error = cli_api_case_path(cli, cli_args_at(args, 0), "/posters", path);
    return error == OK ? cli_list_show(cli, args, &list) : error;
}

static int run_withdrawn(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 1);
    char rest[80], path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object(), *poster = NULL;
    int error = cli_list_check_id(cli, id, "a poster");
    if (error != OK)
        cli_hint(cli, "hotline poster list %.60s", cli_args_at(args, 0));
    snprintf(rest, sizeof rest, "/posters/%.32s/withdrawn", id);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), rest, path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, body, &poster);
    if (error == OK)
        cli_talk("Poster %.*s is marked as taken down.", CLI_LIST_ID_SHOWN, jdoc_get_text(poster, "id", "?"));
    jdoc_free(body);
    jdoc_free(poster);
    return error;
}

/* ---- the table ---- */

static const struct cli_args_option poster_options[] = {
    {"lang", 0, CLI_ARGS_VALUE, "LANGUAGE", "what it speaks: en fr de es it pl ro hu"},
    {"form", 0, CLI_ARGS_VALUE, "FORM", "a4 (default) or square"},
    {"output", 'o', CLI_ARGS_VALUE, "FILE", "the page, HTML, whole in one file; must not be there"},
    CLI_OPTION_END,
};
static const struct cli_args_option list_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option no_options[] = {CLI_OPTION_END};

const struct cli_command cmd_poster[] = {
    {.name = "poster list",
     .synopsis = "ID [-o FORMAT]",
     .summary = "the posters of a case that were made here, and which have to be taken down",
     .examples = "  hotline poster list GR-2026-00001\n"
                 "  hotline poster list GR-2026-00001 -o json | jq '.[] | select(.withdraw)'\n",
     .options = list_options,
     .least = 1,
     .most = 1,
     .run = run_list},
    {.name = "poster withdrawn",
     .synopsis = "ID POSTER",
     .summary = "say that a poster was taken down",
     .examples = "  hotline poster withdrawn GR-2026-00001 3f9a11c2d0e4\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_withdrawn},
    {.name = "poster",
     .synopsis = "ID --lang LANGUAGE [--form a4|square] -o FILE",
     .summary = "make a poster for the public of a case that may be published",
     .examples = "  hotline poster GR-2026-00001 --lang fr -o poster.html\n"
                 "  hotline poster GR-2026-00001 --lang it --form square -o poster.html\n",
     .notes =
         "A page of HTML, photo and code in it, that a browser prints; it fetches nothing. The code calls the node's\n"
         "setting poster.phone. Each one is registered, and listed for taking down when the case is over. Exit 5: the\n"
         "case is over, or its publicity is not PUBLIC.\n",
     .options = poster_options,
     .least = 1,
     .most = 1,
     .run = run_poster},
    {0},
};
