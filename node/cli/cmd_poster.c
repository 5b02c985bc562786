/* cmd_poster: posters of cases that the public may see: registered at the node, drawn here, taken down again. Draws
 * only what the public may know: no hidden name, no need, nothing of a companion. */
#include <string.h>

#include "cli_api.h"
#include "cli_poster.h"
#include "cli_table.h"
#include "cli_text.h"
#include "cmd.h"
#include "proto/clock.h"
#include "proto/keyfile.h"

#define ID_SHOWN 12

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
                 ID_SHOWN, jdoc_get_text(poster, "id", "?"));
    buf_free(&photo);
    buf_free(&qr);
    buf_free(&page);
    jdoc_free(view);
    jdoc_free(poster);
    return error;
}

/* ---- those there are ---- */

static int add_list(const struct jdoc *items, int64_t now_us, struct buf *out)
{
    static const char *const headers[] = {"POSTER", "LANGUAGE", "FORM", "MADE", "BY", "STATE"};
    struct cli_table *table = cli_table_new(headers, sizeof headers / sizeof headers[0]);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < jdoc_count(items); i++) {
        const struct jdoc *one = jdoc_at(items, i);
        char text[200], time[CLI_TEXT_TIME_MAX];
        snprintf(text, sizeof text, "%.*s", ID_SHOWN, jdoc_get_text(one, "id", "?"));
        cli_table_cell(table, text);
        cli_table_cell(table, jdoc_get_text(one, "language", NULL));
        cli_table_cell(table, jdoc_get_text(one, "form", NULL));
        cli_text_time(jdoc_get_text(one, "at", NULL), now_us, time);
        cli_table_cell(table, time);
        cli_table_cell(table, jdoc_get_text(one, "by", NULL));
        snprintf(text, sizeof text, "taken down by %.120s", jdoc_get_text(one, "withdrawn_by", "?"));
        cli_table_cell(table,
                       jdoc_get(one, "withdrawn_at") != NULL     ? text :
                           jdoc_get_bool(one, "withdraw", false) ? "TAKE IT DOWN" :
                                                                   "hangs");
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static int run_list(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char path[CLI_API_PATH_MAX];
    struct jdoc *page = NULL;
    struct buf out;
    buf_init(&out);
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), "/posters", path);
    if (error == OK)
        error = cli_api_get(cli, path, &page);
    const struct jdoc *items = jdoc_get(page, "items");
    if (error == OK && form != CLI_TABLE)
        error = cli_write_doc(cli, form, items);
    else if (error == OK && jdoc_count(items) == 0)
        cli_talk("No poster of it was made here.");
    else if (error == OK && (error = add_list(items, clock_wall_us(), &out)) != OK)
        error = cli_failed(cli, error);
    if (error == OK)
        error = cli_write(cli, &out);
    buf_free(&out);
    jdoc_free(page);
    return error;
}

static int run_withdrawn(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 1);
    char rest[80], path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object(), *poster = NULL;
    size_t len = strlen(id);
    int error = OK;
    if (len < 6 || len > 32 || strspn(id, "0123456789abcdef") != len) {
        cli_hint(cli, "hotline poster list %.60s", cli_args_at(args, 0));
        error = cli_fail(cli, ERR_USAGE, "\"%.40s\" is not the id of a poster, nor its first six or more digits", id);
    }
    snprintf(rest, sizeof rest, "/posters/%.32s/withdrawn", id);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), rest, path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, body, &poster);
    if (error == OK)
        cli_talk("Poster %.*s is marked as taken down.", ID_SHOWN, jdoc_get_text(poster, "id", "?"));
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
