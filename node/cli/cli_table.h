/*
 * cli_table - rows and columns for people. Cells are cleaned of terminal controls and padded by display width.
 */
#ifndef NODE_CLI_TABLE_H
#define NODE_CLI_TABLE_H

#include "proto/buf.h"

struct cli_table;

/* `columns` headers, kept as pointers, or NULL for a table without them. NULL when out of memory. */
struct cli_table *cli_table_new(const char *const *headers, size_t columns);
void cli_table_free(struct cli_table *table);
/* The next cell, from left to right, then the next row. NULL shows as "-". A copy is made. */
void cli_table_cell(struct cli_table *table, const char *text);
void cli_table_cell_int(struct cli_table *table, int64_t value);
/* Appends header line and rows; no blanks at the end of a line. ERR_NOMEM when a cell was lost before. */
int cli_table_write(const struct cli_table *table, struct buf *out) MUST_CHECK;

#endif
