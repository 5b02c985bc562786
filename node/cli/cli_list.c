/* cli_list: fetches a list and shows it. An empty one is said on stderr, so that a program reads no words as a row. */
#include "cli_list.h"

#include <string.h>

#include "cli_api.h"
#include "cli_text.h"
#include "cli_view.h"
#include "proto/clock.h"

void cli_list_time(struct cli_table *table, const struct jdoc *row, const char *field, const char *none, int64_t now_us)
{
    char text[CLI_TEXT_TIME_MAX];
    const char *at = jdoc_get_text(row, field, NULL);
    cli_text_time(at, now_us, text);
    cli_table_cell(table, at != NULL ? text : none);
}

void cli_list_id(struct cli_table *table, const struct jdoc *row, const char *field)
{
    char text[CLI_LIST_ID_SHOWN + 1];
    const char *id = jdoc_get_text(row, field, NULL);
    snprintf(text, sizeof text, "%.*s", CLI_LIST_ID_SHOWN, id != NULL ? id : "");
    cli_table_cell(table, id != NULL ? text : NULL);
}

int cli_list_check_id(struct cli *cli, const char *text, const char *what)
{
    size_t len = strlen(text);
    if (len >= 6 && len <= 32 && strspn(text, "0123456789abcdef") == len)
        return OK;
    return cli_fail(cli, ERR_USAGE, "\"%.40s\" is not the id of %s, nor its first six or more digits", text, what);
}

void cli_list_texts(struct cli_table *table, const struct jdoc *row, const char *field)
{
    char text[CLI_VIEW_LIST_MAX];
    cli_view_list(jdoc_get(row, field), text);
    cli_table_cell(table, text);
}

static int write_rows(struct cli *cli, const struct cli_list *list, const struct jdoc *items)
{
    struct buf out;
    struct cli_table *table = cli_table_new(list->headers, list->columns);
    int64_t now_us = clock_wall_us();
    buf_init(&out);
    int error = table == NULL ? ERR_NOMEM : OK;
    for (size_t i = 0; error == OK && i < jdoc_count(items); i++)
        list->add(table, jdoc_at(items, i), now_us);
    if (error == OK)
        error = cli_table_write(table, &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    cli_table_free(table);
    buf_free(&out);
    return error;
}

int cli_list_show(struct cli *cli, const struct cli_args *args, const struct cli_list *list)
{
    enum cli_form form;
    struct jdoc *page = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_get(cli, list->path, &page);
    if (error != OK)
        return error;
    const struct jdoc *items = jdoc_get(page, "items");
    if (form != CLI_TABLE)
        error = cli_write_doc(cli, form, items);
    else if (jdoc_count(items) == 0)
        cli_talk("%s", list->none);
    else
        error = write_rows(cli, list, items);
    jdoc_free(page);
    return error;
}
