/* cli_table: collects cleaned cells, then pads each column to its widest. Never prints; it appends to a buf. */
#include "cli_table.h"

#include <inttypes.h>

#include "cli_text.h"

#define GAP 2

struct cli_table {
    const char *const *headers;
    size_t columns, cells, capacity;
    char **texts;
    bool broken;
};

struct cli_table *cli_table_new(const char *const *headers, size_t columns)
{
    CHECK(columns > 0);
    struct cli_table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->headers = headers;
        table->columns = columns;
    }
    return table;
}

void cli_table_free(struct cli_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->cells; i++)
        free(table->texts[i]);
    free(table->texts);
    free(table);
}

static bool make_room(struct cli_table *table)
{
    if (table->cells < table->capacity)
        return true;
    size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
    char **texts = realloc(table->texts, capacity * sizeof *texts);
    if (texts == NULL)
        return false;
    table->texts = texts;
    table->capacity = capacity;
    return true;
}

void cli_table_cell(struct cli_table *table, const char *text)
{
    struct buf clean;
    buf_init(&clean);
    cli_text_clean(&clean, text == NULL ? "-" : text);
    char *copy = buf_broken(&clean) || !make_room(table) ? NULL : strdup(buf_text(&clean));
    buf_free(&clean);
    if (copy == NULL)
        table->broken = true;
    else
        table->texts[table->cells++] = copy;
}

void cli_table_cell_int(struct cli_table *table, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    cli_table_cell(table, text);
}

static size_t column_width(const struct cli_table *table, size_t column)
{
    size_t widest = table->headers != NULL ? cli_text_width(table->headers[column]) : 0;
    for (size_t i = column; i < table->cells; i += table->columns) {
        size_t width = cli_text_width(table->texts[i]);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void end_line(struct buf *out)
{
    while (!out->broken && out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    buf_add_u8(out, '\n');
}

static void add_padded(struct buf *out, const char *text, size_t width)
{
    buf_add_text(out, text);
    for (size_t used = cli_text_width(text); used < width; used++)
        buf_add_u8(out, ' ');
}

int cli_table_write(const struct cli_table *table, struct buf *out)
{
    size_t *widths = calloc(table->columns, sizeof *widths);
    if (widths == NULL || table->broken) {
        free(widths);
        return ERR_NOMEM;
    }
    for (size_t c = 0; c + 1 < table->columns; c++)
        widths[c] = column_width(table, c) + GAP;
    for (size_t c = 0; c < table->columns && table->headers != NULL; c++)
        add_padded(out, table->headers[c], widths[c]);
    if (table->headers != NULL)
        end_line(out);
    for (size_t i = 0; i < table->cells; i++) {
        add_padded(out, table->texts[i], widths[i % table->columns]);
        if (i % table->columns == table->columns - 1)
            end_line(out);
    }
    free(widths);
    return buf_broken(out) ? ERR_NOMEM : OK;
}
