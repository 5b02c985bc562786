/*
 * cli_list - a list of the node's, fetched and shown: a table for people, the documents for programs.
 */
#ifndef NODE_CLI_LIST_H
#define NODE_CLI_LIST_H

#include "cli.h"
#include "cli_table.h"

/* One row: a cell for each header, from left to right. */
typedef void cli_list_row(struct cli_table *table, const struct jdoc *row, int64_t now_us);

struct cli_list {
    const char *path; /* its answer holds the array "items" */
    const char *none; /* said when there is nothing */
    const char *const *headers;
    size_t columns;
    cli_list_row *add;
};

/* GET of list->path, in the form that -o asks for. */
int cli_list_show(struct cli *cli, const struct cli_args *args, const struct cli_list *list) MUST_CHECK;

/* A cell with the time of a field, or with `none` when it has none. */
void cli_list_time(struct cli_table *table, const struct jdoc *row, const char *field, const char *none,
                   int64_t now_us);
/* A cell with an id's first digits: enough to name it on the command line. */
#define CLI_LIST_ID_SHOWN 12
void cli_list_id(struct cli_table *table, const struct jdoc *row, const char *field);
/* Whether text can be the id of `what` ("a draft"), or its first digits, six at the least. ERR_USAGE, noted. */
int cli_list_check_id(struct cli *cli, const char *text, const char *what) MUST_CHECK;
/* A cell with the texts of an array, "IT FR". */
void cli_list_texts(struct cli_table *table, const struct jdoc *row, const char *field);

#endif
