/*
 * figures - a year's counts, from what tombstones and living cases tell: never a name, never a case. Pure.
 *
 * Cells of five tables: all, by category, by pair of countries, by outcome, by intake channel; drills are figures of
 * their own. What leaves a node is suppressed first: a count below FIGURES_LEAST says only that there is one, and so
 * that no subtraction gives it back, a table never has a single such cell or such cells of a sum below FIGURES_LEAST
 * while another could hide them.
 */
#ifndef NODE_FIGURES_H
#define NODE_FIGURES_H

#include "node/cases.h"
#include "proto/case.pb-c.h"
#include "proto/jdoc.h"

#define FIGURES_LEAST 5

enum figures_table { FIGURES_ALL, FIGURES_CATEGORY, FIGURES_PAIR, FIGURES_OUTCOME, FIGURES_INTAKE };

/* Durations gathered for a median. */
struct figures_sample {
    int64_t *values;
    size_t count, capacity;
};

struct figures_cell {
    enum figures_table table;
    int code;            /* of its table's codes; 0: none said */
    char from[3], to[3]; /* PAIR: where last seen, and concerned or found; "" unknown */
    uint32_t count;      /* suppressed: 0, or in merged figures what is known of it */
    bool suppressed;
    struct figures_sample close_hours, acknowledge_s;
};

struct figures {
    unsigned year;
    bool exercise;
    uint32_t opened, closed, received;
    bool opened_suppressed, closed_suppressed, received_suppressed;
    struct figures_cell *cells;
    size_t count, capacity;
    size_t members; /* whose statistics were merged into it */
};

/* Empty: of one year, of drills or of life. */
void figures_init(struct figures *figures, unsigned year, bool exercise);
void figures_done(struct figures *figures);
/* One case opened here, or received (counted only), when it was opened in the year. ERR_NOMEM. */
int figures_add(struct figures *figures, const struct case_tombstone *facts, bool mine) MUST_CHECK;
/* Hides small cells and what would give them back; medians of fewer than FIGURES_LEAST values go too. Sorts. */
void figures_suppress(struct figures *figures);
/* Orders the cells by table, then by count, largest first. */
void figures_sort(struct figures *figures);
/* The median, halves rounded down; false when there is no value. Sorts the sample. */
bool figures_median(struct figures_sample *sample, int64_t *ret_median);

/* As they travel. *ret_statistics: figures_free_statistics. ERR_NOMEM. */
int figures_to_statistics(struct figures *figures, Hotline__Statistics **ret_statistics) MUST_CHECK;
void figures_free_statistics(Hotline__Statistics *statistics);
/* Adds another member's figures of the same year and kind; its medians count once per case. ERR_INVALID: another year
 * or kind. */
int figures_merge(struct figures *figures, const Hotline__Statistics *statistics) MUST_CHECK;
/* As people read them; a root. */
struct jdoc *figures_to_doc(struct figures *figures);

#endif
