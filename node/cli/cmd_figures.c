/* cmd_figures: a year in counts. What is suppressed is said to be; nothing here can bring it back. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli_api.h"
#include "cli_table.h"
#include "cmd.h"

#define HIDDEN "hidden" /* under 5, or what would give such a one away: the reader is not told which */
#define YEARS_MOST 10

/* Years beside each other, oldest first. A case belongs to the year in which it was opened and to no other, and no sum
 * over years is shown: nothing that one year hides can be taken from another. */
struct years {
    struct jdoc *docs[YEARS_MOST];
    size_t count;
    int64_t first;
};

static void number_text(const struct jdoc *doc, const char *key, char text[32])
{
    int64_t value = jdoc_get_int(doc, key, -1);
    if (value >= 0)
        snprintf(text, 32, "%" PRId64, value);
    else
        snprintf(text, 32, "%s", "");
}

/* A merged cell is not known when a member hid its own part: what is known of it is its least. */
static void count_text(const struct jdoc *cell, char text[32])
{
    int64_t least = jdoc_get_int(cell, "at_least", 0);
    if (!jdoc_get_bool(cell, "suppressed", false))
        number_text(cell, "count", text);
    else if (least > 0)
        snprintf(text, 32, ">=%" PRId64, least);
    else
        snprintf(text, 32, "%s", HIDDEN);
}

static void what_text(const struct jdoc *cell, char text[64])
{
    if (jdoc_get(cell, "from") != NULL)
        snprintf(text, 64, "%.2s-%.2s", jdoc_get_text(cell, "from", ""), jdoc_get_text(cell, "to", ""));
    else
        snprintf(text, 64, "%.60s", jdoc_get_text(cell, "code", "-"));
}

static int add_part(const struct jdoc *figures, const char *part, struct buf *out)
{
    static const char *const headers[] = {"TABLE", "", "CASES", "MEDIAN TO CLOSE", "MEDIAN TO ACKNOWLEDGE"};
    const struct jdoc *doc = jdoc_get(figures, part), *cells = jdoc_get(doc, "cells");
    struct cli_table *table = cli_table_new(headers, 5);
    char opened[32], closed[32], received[32];
    if (table == NULL)
        return ERR_NOMEM;
    number_text(doc, "opened", opened);
    number_text(doc, "closed", closed);
    number_text(doc, "received", received);
    buf_printf(out, "\n%s: opened %s, closed %s, received %s\n",
               strcmp(part, "live") == 0 ? "LIVE" : "*** EXERCISE ***", opened[0] ? opened : HIDDEN,
               closed[0] ? closed : HIDDEN, received[0] ? received : HIDDEN);
    for (size_t i = 0; i < jdoc_count(cells); i++) {
        const struct jdoc *cell = jdoc_at(cells, i);
        char what[64], count[32], close[32], acknowledge[32], text[40];
        what_text(cell, what);
        count_text(cell, count);
        number_text(cell, "median_close_hours", close);
        number_text(cell, "median_acknowledge_s", acknowledge);
        cli_table_cell(table, jdoc_get_text(cell, "table", NULL));
        cli_table_cell(table, what);
        cli_table_cell(table, count);
        snprintf(text, sizeof text, "%s h", close);
        cli_table_cell(table, close[0] != '\0' ? text : NULL);
        snprintf(text, sizeof text, "%s s", acknowledge);
        cli_table_cell(table, acknowledge[0] != '\0' ? text : NULL);
    }
    int error = jdoc_count(cells) > 0 ? cli_table_write(table, out) : OK;
    cli_table_free(table);
    return error;
}

/* The cell of another year that counts the same; NULL. */
static const struct jdoc *same_cell(const struct jdoc *figures, const char *part, const struct jdoc *cell)
{
    const struct jdoc *cells = jdoc_get(jdoc_get(figures, part), "cells");
    char what[64], other[64];
    what_text(cell, what);
    for (size_t i = 0; i < jdoc_count(cells); i++) {
        const struct jdoc *one = jdoc_at(cells, i);
        what_text(one, other);
        if (strcmp(jdoc_get_text(one, "table", ""), jdoc_get_text(cell, "table", "")) == 0 && strcmp(what, other) == 0)
            return one;
    }
    return NULL;
}

/* A row of the trend: a cell in each year. "0": nothing was counted there. */
static void add_trend_row(const struct years *years, const char *part, const struct jdoc *cell, struct cli_table *table)
{
    char text[64];
    cli_table_cell(table, jdoc_get_text(cell, "table", NULL));
    what_text(cell, text);
    cli_table_cell(table, text);
    for (size_t y = 0; y < years->count; y++) {
        const struct jdoc *same = same_cell(years->docs[y], part, cell);
        char count[32] = "0";
        if (same != NULL)
            count_text(same, count);
        cli_table_cell(table, count);
    }
}

static void add_trend_total(const struct years *years, const char *part, const char *key, struct cli_table *table)
{
    cli_table_cell(table, key);
    cli_table_cell(table, NULL);
    for (size_t y = 0; y < years->count; y++) {
        char count[32];
        number_text(jdoc_get(years->docs[y], part), key, count);
        cli_table_cell(table, count[0] != '\0' ? count : HIDDEN);
    }
}

static int add_trend(const struct years *years, const char *part, struct buf *out)
{
    const char *headers[2 + YEARS_MOST] = {"TABLE", ""};
    char names[YEARS_MOST][8];
    for (size_t y = 0; y < years->count; y++) {
        snprintf(names[y], sizeof names[y], "%04u", (unsigned)(years->first + (int64_t)y) % 10000u);
        headers[2 + y] = names[y];
    }
    struct cli_table *table = cli_table_new(headers, 2 + years->count);
    if (table == NULL)
        return ERR_NOMEM;
    buf_printf(out, "\n%s\n", strcmp(part, "live") == 0 ? "LIVE" : "*** EXERCISE ***");
    add_trend_total(years, part, "opened", table);
    add_trend_total(years, part, "closed", table);
    add_trend_total(years, part, "received", table);
    for (size_t y = 0; y < years->count; y++) {
        const struct jdoc *cells = jdoc_get(jdoc_get(years->docs[y], part), "cells");
        for (size_t i = 0; i < jdoc_count(cells); i++) {
            bool shown = false;
            for (size_t before = 0; before < y && !shown; before++)
                shown = same_cell(years->docs[before], part, jdoc_at(cells, i)) != NULL;
            if (!shown)
                add_trend_row(years, part, jdoc_at(cells, i), table);
        }
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

/* RFC 4180; no value of ours holds a comma, a quote or a line break. */
static void add_csv(const struct jdoc *figures, const char *part, struct buf *out)
{
    const struct jdoc *cells = jdoc_get(jdoc_get(figures, part), "cells");
    for (size_t i = 0; i < jdoc_count(cells); i++) {
        const struct jdoc *cell = jdoc_at(cells, i);
        char count[32], close[32], acknowledge[32];
        count_text(cell, count);
        number_text(cell, "median_close_hours", close);
        number_text(cell, "median_acknowledge_s", acknowledge);
        buf_printf(out, "%" PRId64 ",%s,%s,%s,%s,%s,%s,%s,%s\r\n", jdoc_get_int(figures, "year", 0),
                   strcmp(part, "live") == 0 ? "ACTUAL" : "EXERCISE", jdoc_get_text(cell, "table", ""),
                   jdoc_get_text(cell, "code", ""), jdoc_get_text(cell, "from", ""), jdoc_get_text(cell, "to", ""),
                   count, close, acknowledge);
    }
}

static const char csv_header[] = "year,status,table,code,from,to,count,median_close_hours,median_acknowledge_s\r\n";

static int write_years(struct cli *cli, const struct years *years, enum cli_form form, bool csv)
{
    struct buf out;
    int error = OK;
    if (!csv && form != CLI_TABLE) {
        struct jdoc *all = jdoc_array();
        for (size_t y = 0; y < years->count; y++)
            jdoc_add_doc(all, jdoc_copy(years->docs[y]));
        error = cli_write_doc(cli, form, all);
        jdoc_free(all);
        return error;
    }
    buf_init(&out);
    if (csv)
        buf_add_text(&out, csv_header);
    for (size_t y = 0; csv && y < years->count; y++) {
        add_csv(years->docs[y], "live", &out);
        add_csv(years->docs[y], "exercise", &out);
    }
    if (!csv)
        error = add_trend(years, "live", &out);
    if (!csv && error == OK)
        error = add_trend(years, "exercise", &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static int write_figures(struct cli *cli, const struct cli_args *args, const struct jdoc *figures)
{
    bool csv = strcmp(cli_args_text(args, "output", ""), "csv") == 0;
    struct buf out;
    buf_init(&out);
    int error = OK;
    if (csv) {
        buf_add_text(&out, csv_header);
        add_csv(figures, "live", &out);
        add_csv(figures, "exercise", &out);
    } else {
        bool network = jdoc_get_bool(figures, "network", false);
        buf_printf(&out, "%s %" PRId64 "%s\n", network ? "Network" : "Year", jdoc_get_int(figures, "year", 0),
                   jdoc_get_bool(figures, "suppressed", true) ?
                       "" :
                       "  IN HOUSE: nothing is suppressed, not for others' eyes");
        if (network)
            buf_printf(&out, "%zu members sent theirs\n", jdoc_count(jdoc_get(figures, "members")));
        error = add_part(figures, "live", &out);
        if (error == OK)
            error = add_part(figures, "exercise", &out);
    }
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static int send_figures(struct cli *cli, int64_t year)
{
    struct jdoc *body = jdoc_object(), *sent = NULL;
    jdoc_set_int(body, "year", year);
    int error = cli_api_send(cli, "POST", "/v1/figures", body, &sent);
    if (error == OK)
        cli_talk("figures of %" PRId64 ": sent to %zu observers, cells under 5 suppressed", year,
                 jdoc_count(jdoc_get(sent, "ladder")));
    jdoc_free(sent);
    jdoc_free(body);
    return error;
}

static int read_year(struct cli *cli, const struct cli_args *args, int64_t *ret_year)
{
    const char *text = cli_args_text(args, "year", "");
    if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
        return cli_fail(cli, ERR_USAGE, "--year is missing, or no year: --year 2026");
    *ret_year = 1000 * (text[0] - '0') + 100 * (text[1] - '0') + 10 * (text[2] - '0') + (text[3] - '0');
    return OK;
}

static int read_years(struct cli *cli, const struct cli_args *args, struct years *ret_years)
{
    const char *text = cli_args_text(args, "years", "");
    bool form =
        strlen(text) == 9 && strspn(text, "0123456789") == 4 && text[4] == '-' && strspn(text + 5, "0123456789") == 4;
    int64_t first = form ? strtol(text, NULL, 10) : 0, last = form ? strtol(text + 5, NULL, 10) : 0;
    if (!form || last < first || last - first >= YEARS_MOST)
        return cli_fail(cli, ERR_USAGE, "--years: two years, at most %d of them: --years 2022-2026", YEARS_MOST);
    *ret_years = (struct years){.count = (size_t)(last - first + 1), .first = first};
    return OK;
}

/* Several years beside each other. */
static int run_years(struct cli *cli, const struct cli_args *args, enum cli_form form, bool csv)
{
    struct years years = {.count = 0};
    char path[80];
    int error = read_years(cli, args, &years);
    if (error == OK && (cli_args_has(args, "send") || cli_args_has(args, "year")))
        error = cli_fail(cli, ERR_USAGE, "--years stands for itself: without --year, without --send");
    for (size_t y = 0; error == OK && y < years.count; y++) {
        snprintf(path, sizeof path, "/v1/figures?year=%" PRId64 "%s%s", years.first + (int64_t)y,
                 cli_args_has(args, "in-house") ? "&in_house=true" : "",
                 cli_args_has(args, "network") ? "&network=true" : "");
        error = cli_api_get(cli, path, &years.docs[y]);
    }
    if (error == OK)
        error = write_years(cli, &years, form, csv);
    for (size_t y = 0; y < years.count; y++)
        jdoc_free(years.docs[y]);
    return error;
}

static int run_figures(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form = CLI_TABLE;
    bool csv = strcmp(cli_args_text(args, "output", ""), "csv") == 0;
    bool in_house = cli_args_has(args, "in-house"), network = cli_args_has(args, "network");
    int64_t year = 0;
    char path[80];
    struct jdoc *figures = NULL;
    int error = csv ? OK : cli_form_of(cli, args, &form);
    bool several = cli_args_has(args, "years");
    if (error == OK && !several)
        error = read_year(cli, args, &year);
    if (error == OK && (int)in_house + (int)network + (int)cli_args_has(args, "send") > 1)
        error = cli_fail(cli, ERR_USAGE, "--in-house, --network and --send exclude each other");
    if (error == OK && several)
        return run_years(cli, args, form, csv);
    if (error == OK && cli_args_has(args, "send"))
        return send_figures(cli, year);
    snprintf(path, sizeof path, "/v1/figures?year=%" PRId64 "%s%s", year, in_house ? "&in_house=true" : "",
             network ? "&network=true" : "");
    if (error == OK)
        error = cli_api_get(cli, path, &figures);
    if (error == OK)
        error = csv || form == CLI_TABLE ? write_figures(cli, args, figures) : cli_write_doc(cli, form, figures);
    jdoc_free(figures);
    return error;
}

static const struct cli_args_option options[] = {
    {"year", 0, CLI_ARGS_VALUE, "YYYY", "the year in which the cases were opened"},
    {"years", 0, CLI_ARGS_VALUE, "YYYY-YYYY", "several years beside each other, at most 10"},
    {"in-house", 0, CLI_ARGS_FLAG, NULL, "suppress nothing: not for others' eyes"},
    {"network", 0, CLI_ARGS_FLAG, NULL, "an observer: what the members sent, merged"},
    {"send", 0, CLI_ARGS_FLAG, NULL, "send them, suppressed, to the network's observers"},
    {"output", 'o', CLI_ARGS_VALUE, "FORMAT", "table (default), csv, json or jsonl"},
    CLI_OPTION_END,
};

const struct cli_command cmd_figures[] = {
    {.name = "figures",
     .synopsis = "--year YYYY | --years YYYY-YYYY [--in-house | --network | --send] [-o FORMAT]",
     .summary = "a year in counts: categories, countries, outcomes, times; cells under 5 suppressed",
     .examples = "  hotline figures --year 2026\n"
                 "  hotline figures --year 2026 -o csv >figures.csv\n"
                 "  hotline figures --years 2022-2026\n"
                 "  hotline figures --year 2026 --send\n",
     .notes = "Drills are counted apart. In the table of countries a case counts once per country concerned,\n"
              "or where the child was found. Erased cases count on by what their tombstones keep.\n",
     .options = options,
     .run = run_figures},
    {0},
};
