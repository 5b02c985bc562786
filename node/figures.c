/* figures: a year's counts. Knows no node, no clock and no name; what it hides it hides before anything leaves. */
#include "node/figures.h"

#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/mapper.h"
#include "proto/wire.h"

#define SAMPLE_MAX 10000 /* a merged cell's median weighs no more cases than this */

void figures_init(struct figures *figures, unsigned year, bool exercise)
{
    *figures = (struct figures){.year = year, .exercise = exercise};
}

void figures_done(struct figures *figures)
{
    for (size_t i = 0; i < figures->count; i++) {
        free(figures->cells[i].close_hours.values);
        free(figures->cells[i].acknowledge_s.values);
    }
    free(figures->cells);
}

/* --- samples --- */

static int push(struct figures_sample *sample, int64_t value)
{
    if (sample->count == sample->capacity) {
        size_t capacity = sample->capacity != 0 ? 2 * sample->capacity : 16;
        int64_t *values = realloc(sample->values, capacity * sizeof *values);
        if (values == NULL)
            return ERR_NOMEM;
        sample->values = values;
        sample->capacity = capacity;
    }
    sample->values[sample->count++] = value;
    return OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

bool figures_median(struct figures_sample *sample, int64_t *ret_median)
{
    if (sample->count == 0)
        return false;
    qsort(sample->values, sample->count, sizeof sample->values[0], by_value);
    size_t middle = sample->count / 2;
    *ret_median =
        sample->count % 2 ? sample->values[middle] : (sample->values[middle - 1] + sample->values[middle]) / 2;
    return true;
}

/* --- counting --- */

struct place {
    enum figures_table table;
    int code;
    const char *from, *to;
};

static struct figures_cell *cell_of(struct figures *figures, const struct place *place)
{
    for (size_t i = 0; i < figures->count; i++) {
        struct figures_cell *cell = &figures->cells[i];
        if (cell->table == place->table && cell->code == place->code && strcmp(cell->from, place->from) == 0 &&
            strcmp(cell->to, place->to) == 0)
            return cell;
    }
    if (figures->count == figures->capacity) {
        size_t capacity = figures->capacity != 0 ? 2 * figures->capacity : 32;
        struct figures_cell *cells = realloc(figures->cells, capacity * sizeof *cells);
        if (cells == NULL)
            return NULL;
        figures->cells = cells;
        figures->capacity = capacity;
    }
    struct figures_cell *cell = &figures->cells[figures->count++];
    *cell = (struct figures_cell){.table = place->table, .code = place->code};
    snprintf(cell->from, sizeof cell->from, "%s", place->from);
    snprintf(cell->to, sizeof cell->to, "%s", place->to);
    return cell;
}

static int count_in(struct figures *figures, const struct case_tombstone *facts, struct place place)
{
    struct figures_cell *cell = cell_of(figures, &place);
    int result = cell != NULL ? OK : ERR_NOMEM;
    if (result == OK)
        cell->count++;
    if (result == OK && facts->closed_at_us > facts->opened_at_us)
        result = push(&cell->close_hours, (facts->closed_at_us - facts->opened_at_us) / CLOCK_HOUR_US);
    if (result == OK && facts->first_acknowledged_us > 0)
        result = push(&cell->acknowledge_s, facts->first_acknowledged_us / CLOCK_SECOND_US);
    return result;
}

/* The country where the child was found, else each that is concerned. */
static int count_pairs(struct figures *figures, const struct case_tombstone *facts)
{
    const char *from = facts->last_seen_country;
    if (facts->found_country[0] != '\0')
        return count_in(figures, facts, (struct place){FIGURES_PAIR, 0, from, facts->found_country});
    int result = OK;
    for (size_t i = 0; result == OK && i < facts->country_count; i++)
        result = count_in(figures, facts, (struct place){FIGURES_PAIR, 0, from, facts->countries[i]});
    return result;
}

int figures_add(struct figures *figures, const struct case_tombstone *facts, bool mine)
{
    if (clock_year(facts->opened_at_us) != (int)figures->year)
        return OK;
    if (!mine) {
        figures->received++;
        return OK;
    }
    figures->opened++;
    figures->closed += facts->outcome != 0;
    int result = count_in(figures, facts, (struct place){FIGURES_ALL, 0, "", ""});
    if (result == OK)
        result = count_in(figures, facts, (struct place){FIGURES_CATEGORY, facts->category, "", ""});
    if (result == OK)
        result = count_in(figures, facts, (struct place){FIGURES_OUTCOME, facts->outcome, "", ""});
    if (result == OK)
        result = count_in(figures, facts, (struct place){FIGURES_INTAKE, facts->intake_channel, "", ""});
    return result == OK ? count_pairs(figures, facts) : result;
}

/* --- order and suppression --- */

static int by_table(const void *a, const void *b)
{
    const struct figures_cell *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->suppressed != y->suppressed)
        return x->suppressed ? 1 : -1;
    if (!x->suppressed && x->count != y->count)
        return x->count > y->count ? -1 : 1;
    int order = strcmp(x->from, y->from);
    order = order != 0 ? order : strcmp(x->to, y->to);
    return order != 0 ? order : x->code < y->code ? -1 : x->code > y->code;
}

void figures_sort(struct figures *figures)
{
    if (figures->count > 1)
        qsort(figures->cells, figures->count, sizeof figures->cells[0], by_table);
}

static void hide(struct figures_cell *cell)
{
    cell->suppressed = true;
    cell->close_hours.count = cell->acknowledge_s.count = 0;
}

/* One more cell of the table, the smallest, as long as what is hidden could be told from the sum. */
static void hide_others(struct figures *figures, enum figures_table table)
{
    for (;;) {
        struct figures_cell *least = NULL;
        uint32_t sum = 0, hidden = 0;
        for (size_t i = 0; i < figures->count; i++) {
            struct figures_cell *cell = &figures->cells[i];
            if (cell->table != table)
                continue;
            sum += cell->suppressed ? cell->count : 0;
            hidden += cell->suppressed;
            if (!cell->suppressed && (least == NULL || cell->count < least->count))
                least = cell;
        }
        if (hidden == 0 || (hidden > 1 && sum >= FIGURES_LEAST) || least == NULL)
            return;
        hide(least);
    }
}

static bool is_small(uint32_t count)
{
    return count > 0 && count < FIGURES_LEAST;
}

/* Whether those still open hide another outcome: the closed total would give them away, and with them the other. */
static bool is_open_hidden(const struct figures *figures)
{
    for (size_t i = 0; i < figures->count; i++) {
        const struct figures_cell *cell = &figures->cells[i];
        if (cell->table == FIGURES_OUTCOME && cell->code == 0 && cell->suppressed)
            return true;
    }
    return false;
}

void figures_suppress(struct figures *figures)
{
    for (size_t i = 0; i < figures->count; i++) {
        struct figures_cell *cell = &figures->cells[i];
        if (is_small(cell->count))
            hide(cell);
        if (cell->close_hours.count < FIGURES_LEAST)
            cell->close_hours.count = 0;
        if (cell->acknowledge_s.count < FIGURES_LEAST)
            cell->acknowledge_s.count = 0;
    }
    for (int table = FIGURES_CATEGORY; table <= FIGURES_INTAKE; table++)
        hide_others(figures, (enum figures_table)table);
    figures->opened_suppressed |= is_small(figures->opened);
    /* Those still open are the difference of the two. */
    uint32_t open = figures->opened > figures->closed ? figures->opened - figures->closed : 0;
    figures->closed_suppressed |= is_small(figures->closed) || is_small(open) || is_open_hidden(figures);
    figures->received_suppressed |= is_small(figures->received);
    for (size_t i = 0; i < figures->count; i++) {
        if (figures->cells[i].suppressed)
            figures->cells[i].count = 0; /* what is hidden is not kept either */
    }
    figures_sort(figures);
}

/* --- as they travel --- */

static void fill_place(Hotline__StatisticsCell *to, struct figures_cell *cell)
{
    if (cell->table == FIGURES_CATEGORY && cell->code != 0)
        WIRE_SET(to, category, (Hotline__Category__Code)cell->code);
    if (cell->table == FIGURES_OUTCOME && cell->code != 0)
        WIRE_SET(to, outcome, (Hotline__Outcome__Code)cell->code);
    if (cell->table == FIGURES_INTAKE && cell->code != 0)
        WIRE_SET(to, intake_channel, (Hotline__IntakeChannel__Code)cell->code);
    if (cell->from[0] != '\0')
        to->from_country = cell->from;
    if (cell->to[0] != '\0')
        to->to_country = cell->to;
}

static void fill_cell(Hotline__StatisticsCell *to, struct figures_cell *cell)
{
    int64_t median;
    hotline__statistics_cell__init(to);
    fill_place(to, cell);
    if (cell->suppressed)
        WIRE_SET(to, suppressed, true);
    else
        WIRE_SET(to, count, cell->count);
    if (figures_median(&cell->close_hours, &median))
        WIRE_SET(to, median_close_hours, (uint32_t)median);
    if (figures_median(&cell->acknowledge_s, &median))
        WIRE_SET(to, median_acknowledge_s, (uint32_t)median);
}

/* Only the total may travel without a place: "none said" of a table would be taken for it. */
static bool travels(const struct figures_cell *cell)
{
    if (cell->table == FIGURES_PAIR)
        return cell->from[0] != '\0' || cell->to[0] != '\0';
    return cell->table == FIGURES_ALL || cell->code != 0;
}

int figures_to_statistics(struct figures *figures, Hotline__Statistics **ret_statistics)
{
    Hotline__Statistics *statistics = malloc(sizeof *statistics);
    Hotline__StatisticsCell *block = malloc((figures->count + 1) * sizeof *block),
                            **cells = malloc((figures->count + 1) * sizeof *cells);
    if (statistics == NULL || block == NULL || cells == NULL) {
        free(statistics);
        free(block);
        free(cells);
        return ERR_NOMEM;
    }
    hotline__statistics__init(statistics);
    WIRE_SET(statistics, year, figures->year);
    WIRE_SET(statistics, exercise, figures->exercise);
    if (!figures->opened_suppressed)
        WIRE_SET(statistics, opened, figures->opened);
    if (!figures->closed_suppressed)
        WIRE_SET(statistics, closed, figures->closed);
    if (!figures->received_suppressed)
        WIRE_SET(statistics, received, figures->received);
    cells[0] = block; /* so that the block is found again when no cell travels */
    for (size_t i = 0; i < figures->count; i++) {
        if (!travels(&figures->cells[i]))
            continue;
        fill_cell(&block[statistics->n_cells], &figures->cells[i]);
        cells[statistics->n_cells] = &block[statistics->n_cells];
        statistics->n_cells++;
    }
    statistics->cells = cells;
    *ret_statistics = statistics;
    return OK;
}

void figures_free_statistics(Hotline__Statistics *statistics)
{
    if (statistics == NULL)
        return;
    free(statistics->cells[0]);
    free(statistics->cells);
    free(statistics);
}

/* --- merging --- */

static struct place place_of(const Hotline__StatisticsCell *cell)
{
    const char *from = wire_text(cell->from_country), *to = wire_text(cell->to_country);
    if (cell->has_category)
        return (struct place){FIGURES_CATEGORY, (int)cell->category, "", ""};
    if (cell->has_outcome)
        return (struct place){FIGURES_OUTCOME, (int)cell->outcome, "", ""};
    if (cell->has_intake_channel)
        return (struct place){FIGURES_INTAKE, (int)cell->intake_channel, "", ""};
    if (from[0] != '\0' || to[0] != '\0')
        return (struct place){FIGURES_PAIR, 0, from, to};
    return (struct place){FIGURES_ALL, 0, "", ""};
}

static int push_times(struct figures_sample *sample, int64_t value, uint32_t times)
{
    int result = OK;
    for (uint32_t i = 0; result == OK && i < times && sample->count < SAMPLE_MAX; i++)
        result = push(sample, value);
    return result;
}

static int merge_cell(struct figures *figures, const Hotline__StatisticsCell *from)
{
    struct place place = place_of(from);
    if (strlen(place.from) > 2 || strlen(place.to) > 2)
        return ERR_INVALID;
    struct figures_cell *cell = cell_of(figures, &place);
    if (cell == NULL)
        return ERR_NOMEM;
    if (from->suppressed) {
        cell->suppressed = true; /* the sum is not known any more; what is counted is its least */
        return OK;
    }
    cell->count = cell->count > UINT32_MAX - from->count ? UINT32_MAX : cell->count + from->count;
    int result = OK;
    if (from->has_median_close_hours)
        result = push_times(&cell->close_hours, from->median_close_hours, from->count);
    if (result == OK && from->has_median_acknowledge_s)
        result = push_times(&cell->acknowledge_s, from->median_acknowledge_s, from->count);
    return result;
}

int figures_merge(struct figures *figures, const Hotline__Statistics *statistics)
{
    if (statistics->year != figures->year || (statistics->exercise != 0) != figures->exercise)
        return ERR_INVALID;
    int result = OK;
    for (size_t i = 0; result == OK && i < statistics->n_cells; i++)
        result = merge_cell(figures, statistics->cells[i]);
    figures->opened += statistics->opened;
    figures->closed += statistics->closed;
    figures->received += statistics->received;
    figures->opened_suppressed |= !statistics->has_opened;
    figures->closed_suppressed |= !statistics->has_closed;
    figures->received_suppressed |= !statistics->has_received;
    figures->members++;
    return result;
}

/* --- as people read them --- */

static const char *code_name(const struct figures_cell *cell)
{
    switch (cell->table) {
    case FIGURES_CATEGORY:
        return mapper_code_name(&hotline__category__code__descriptor, cell->code);
    case FIGURES_OUTCOME:
        return cell->code == 0 ? "OPEN" : mapper_code_name(&hotline__outcome__code__descriptor, cell->code);
    case FIGURES_INTAKE:
        return mapper_code_name(&hotline__intake_channel__code__descriptor, cell->code);
    default:
        return NULL;
    }
}

static void add_cell(struct figures_cell *cell, struct jdoc *array)
{
    static const char *const tables[] = {"all", "category", "countries", "outcome", "intake_channel"};
    struct jdoc *one = jdoc_add_doc(array, jdoc_object());
    int64_t median;
    jdoc_set_text(one, "table", tables[cell->table]);
    if (cell->table == FIGURES_PAIR) {
        jdoc_set_text(one, "from", cell->from);
        jdoc_set_text(one, "to", cell->to);
    } else if (cell->table != FIGURES_ALL) {
        const char *name = code_name(cell);
        jdoc_set_text(one, "code", name != NULL ? name : "NOT_SAID");
    }
    if (cell->suppressed)
        jdoc_set_bool(one, "suppressed", true);
    if (!cell->suppressed)
        jdoc_set_int(one, "count", cell->count);
    else if (cell->count > 0) /* merged: what the members say whose cell was not hidden */
        jdoc_set_int(one, "at_least", cell->count);
    if (figures_median(&cell->close_hours, &median))
        jdoc_set_int(one, "median_close_hours", median);
    if (figures_median(&cell->acknowledge_s, &median))
        jdoc_set_int(one, "median_acknowledge_s", median);
}

static void set_total(struct jdoc *doc, const char *key, uint32_t value, bool suppressed)
{
    if (!suppressed)
        jdoc_set_int(doc, key, value);
}

struct jdoc *figures_to_doc(struct figures *figures)
{
    struct jdoc *doc = jdoc_object();
    set_total(doc, "opened", figures->opened, figures->opened_suppressed);
    set_total(doc, "closed", figures->closed, figures->closed_suppressed);
    set_total(doc, "received", figures->received, figures->received_suppressed);
    struct jdoc *cells = jdoc_set_doc(doc, "cells", jdoc_array());
    for (size_t i = 0; i < figures->count; i++)
        add_cell(&figures->cells[i], cells);
    return doc;
}
