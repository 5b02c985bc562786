/* figures: what is counted, what is hidden, what a merge knows. */
#include "fixture.h"

#include "node/figures.h"
#include "proto/clock.h"

#define AT_2026 (INT64_C(1782000000) * 1000000) /* June 2026 */
#define ABDUCTION HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION
#define RUNAWAY HOTLINE__CATEGORY__CODE__RUNAWAY
#define FOUND HOTLINE__OUTCOME__CODE__FOUND_SAFE
#define PHONE HOTLINE__INTAKE_CHANNEL__CODE__PHONE

static struct case_tombstone one(int category, int outcome, int64_t hours)
{
    struct case_tombstone facts = {.opened_at_us = AT_2026,
                                   .category = category,
                                   .outcome = outcome,
                                   .intake_channel = PHONE,
                                   .last_seen_country = "GR",
                                   .countries = {"IT", "FR"},
                                   .country_count = 2};
    if (outcome != 0) {
        facts.closed_at_us = AT_2026 + hours * CLOCK_HOUR_US;
        snprintf(facts.found_country, sizeof facts.found_country, "IT");
    }
    facts.first_acknowledged_us = hours * CLOCK_SECOND_US;
    return facts;
}

static void add(struct figures *figures, size_t times, int category, int outcome, int64_t hours)
{
    for (size_t i = 0; i < times; i++) {
        struct case_tombstone facts = one(category, outcome, hours);
        assert_int_equal(figures_add(figures, &facts, true), OK);
    }
}

static struct figures_cell *find(struct figures *figures, enum figures_table table, int code)
{
    for (size_t i = 0; i < figures->count; i++)
        if (figures->cells[i].table == table && figures->cells[i].code == code)
            return &figures->cells[i];
    return NULL;
}

static void figures_add_counts_once_per_table_and_once_per_country_concerned(void **state)
{
    (void)state;
    struct figures figures;
    figures_init(&figures, 2026, false);
    add(&figures, 3, RUNAWAY, 0, 1);
    add(&figures, 2, ABDUCTION, FOUND, 1);
    assert_int_equal(figures.opened, 5);
    assert_int_equal(figures.closed, 2);
    assert_int_equal(find(&figures, FIGURES_ALL, 0)->count, 5);
    assert_int_equal(find(&figures, FIGURES_CATEGORY, RUNAWAY)->count, 3);
    assert_int_equal(find(&figures, FIGURES_OUTCOME, 0)->count, 3);
    assert_int_equal(find(&figures, FIGURES_INTAKE, PHONE)->count, 5);
    figures_sort(&figures);
    uint32_t it = 0, fr = 0;
    for (size_t i = 0; i < figures.count; i++) {
        const struct figures_cell *cell = &figures.cells[i];
        it += cell->table == FIGURES_PAIR && strcmp(cell->to, "IT") == 0 ? cell->count : 0;
        fr += cell->table == FIGURES_PAIR && strcmp(cell->to, "FR") == 0 ? cell->count : 0;
    }
    assert_int_equal(it, 5); /* concerned by three, found there twice */
    assert_int_equal(fr, 3);
    figures_done(&figures);
}

static void figures_add_takes_its_year_alone_and_counts_what_was_received(void **state)
{
    (void)state;
    struct figures figures;
    struct case_tombstone facts = one(RUNAWAY, 0, 1);
    figures_init(&figures, 2025, false);
    assert_int_equal(figures_add(&figures, &facts, true), OK);
    assert_int_equal(figures.opened, 0);
    assert_int_equal(figures.count, 0);
    figures_done(&figures);
    figures_init(&figures, 2026, false);
    assert_int_equal(figures_add(&figures, &facts, false), OK);
    assert_int_equal(figures.opened, 0);
    assert_int_equal(figures.received, 1);
    assert_int_equal(figures.count, 0);
    figures_done(&figures);
}

static void figures_median_of_odd_even_and_none(void **state)
{
    (void)state;
    struct figures figures;
    int64_t median = -1;
    figures_init(&figures, 2026, false);
    add(&figures, 1, RUNAWAY, FOUND, 40);
    add(&figures, 1, RUNAWAY, FOUND, 2);
    add(&figures, 1, RUNAWAY, FOUND, 6);
    struct figures_cell *cell = find(&figures, FIGURES_ALL, 0);
    assert_true(figures_median(&cell->close_hours, &median));
    assert_int_equal(median, 6);
    add(&figures, 1, RUNAWAY, FOUND, 10);
    cell = find(&figures, FIGURES_ALL, 0);
    assert_true(figures_median(&cell->close_hours, &median));
    assert_int_equal(median, 8);
    struct figures_sample none = {0};
    assert_false(figures_median(&none, &median));
    figures_done(&figures);
}

static void figures_suppress_hides_small_cells_and_the_one_that_gives_them_away(void **state)
{
    (void)state;
    struct figures figures;
    figures_init(&figures, 2026, false);
    add(&figures, 20, RUNAWAY, FOUND, 4);
    add(&figures, 9, ABDUCTION, FOUND, 4);
    add(&figures, 4, HOTLINE__CATEGORY__CODE__LOST_INJURED, FOUND, 4);
    figures_suppress(&figures);
    struct figures_cell *small = find(&figures, FIGURES_CATEGORY, HOTLINE__CATEGORY__CODE__LOST_INJURED);
    assert_true(small->suppressed);
    assert_int_equal(small->count, 0);
    assert_int_equal(small->close_hours.count, 0);
    assert_true(find(&figures, FIGURES_CATEGORY, ABDUCTION)->suppressed); /* else 33 - 20 - 9 = 4 */
    assert_false(find(&figures, FIGURES_CATEGORY, RUNAWAY)->suppressed);
    assert_false(find(&figures, FIGURES_ALL, 0)->suppressed);
    assert_false(figures.opened_suppressed);
    figures_done(&figures);
}

static void figures_suppress_leaves_four_hidden_and_five_shown(void **state)
{
    (void)state;
    struct figures figures;
    int64_t median;
    figures_init(&figures, 2026, false);
    add(&figures, 4, RUNAWAY, FOUND, 4);
    figures_suppress(&figures);
    assert_true(figures.opened_suppressed && figures.closed_suppressed);
    for (size_t i = 0; i < figures.count; i++)
        assert_true(figures.cells[i].suppressed);
    figures_done(&figures);
    figures_init(&figures, 2026, false);
    add(&figures, 5, RUNAWAY, FOUND, 4);
    figures_suppress(&figures);
    assert_false(figures.opened_suppressed || figures.closed_suppressed);
    for (size_t i = 0; i < figures.count; i++)
        assert_false(figures.cells[i].suppressed);
    assert_true(figures_median(&find(&figures, FIGURES_CATEGORY, RUNAWAY)->close_hours, &median));
    figures_done(&figures);
}

static void figures_suppress_hides_few_open_ones_behind_the_closed(void **state)
{
    (void)state;
    struct figures figures;
    figures_init(&figures, 2026, false);
    add(&figures, 10, RUNAWAY, FOUND, 4);
    add(&figures, 2, RUNAWAY, 0, 4);
    figures_suppress(&figures);
    assert_false(figures.opened_suppressed);
    assert_true(figures.closed_suppressed); /* else 12 - 10 = 2 */
    assert_true(find(&figures, FIGURES_OUTCOME, FOUND)->suppressed);
    figures_done(&figures);
}

static void figures_suppress_hides_the_closed_when_the_open_ones_hide_an_outcome(void **state)
{
    (void)state;
    struct figures figures;
    figures_init(&figures, 2026, false);
    add(&figures, 10, RUNAWAY, FOUND, 4);
    add(&figures, 3, RUNAWAY, HOTLINE__OUTCOME__CODE__RETURNED, 4);
    add(&figures, 5, RUNAWAY, 0, 4);
    figures_suppress(&figures);
    assert_true(find(&figures, FIGURES_OUTCOME, HOTLINE__OUTCOME__CODE__RETURNED)->suppressed);
    assert_true(find(&figures, FIGURES_OUTCOME, 0)->suppressed);
    assert_true(figures.closed_suppressed); /* else 13 - 10 = 3 */
    figures_done(&figures);
}

/* What a reader can subtract: a table's cells from the opened, its closings from the closed, closed from opened. */
static void assert_no_subtraction_tells(const struct figures *figures)
{
    for (int table = FIGURES_CATEGORY; table <= FIGURES_INTAKE; table++) {
        size_t hidden = 0, hidden_closings = 0;
        bool open_hidden = false;
        for (size_t i = 0; i < figures->count; i++) {
            const struct figures_cell *cell = &figures->cells[i];
            if ((int)cell->table != table || !cell->suppressed)
                continue;
            hidden++;
            hidden_closings += table == FIGURES_OUTCOME && cell->code != 0;
            open_hidden |= table == FIGURES_OUTCOME && cell->code == 0;
        }
        if (table == FIGURES_PAIR) /* a case counts in several: no sum is known */
            continue;
        assert_true(figures->opened_suppressed || hidden != 1);
        assert_true(figures->closed_suppressed || hidden_closings != 1);
        assert_true(figures->opened_suppressed || figures->closed_suppressed || !open_hidden);
    }
}

static void figures_suppress_of_random_years_lets_no_subtraction_tell(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        struct figures figures;
        figures_init(&figures, 2026, false);
        for (int category = RUNAWAY; category <= ABDUCTION; category++)
            for (int outcome = 0; outcome <= 4; outcome++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                unsigned draw = (unsigned)(seed >> 33);
                add(&figures, draw % 3 == 0 ? 0 : (draw >> 8) % 9, category, outcome, 4);
            }
        figures_suppress(&figures);
        assert_no_subtraction_tells(&figures);
        figures_done(&figures);
    }
}

static void figures_merge_adds_and_keeps_hidden_what_a_member_hid(void **state)
{
    (void)state;
    struct figures mine, network;
    Hotline__Statistics *statistics = NULL;
    figures_init(&network, 2026, false);
    for (int member = 0; member < 2; member++) {
        figures_init(&mine, 2026, false);
        add(&mine, member == 0 ? 12 : 6, RUNAWAY, FOUND, member == 0 ? 4 : 10);
        add(&mine, member == 0 ? 8 : 1, ABDUCTION, FOUND, 4);
        figures_suppress(&mine);
        assert_int_equal(figures_to_statistics(&mine, &statistics), OK);
        assert_int_equal(figures_merge(&network, statistics), OK);
        figures_free_statistics(statistics);
        figures_done(&mine);
    }
    int64_t median;
    assert_int_equal(network.members, 2);
    assert_int_equal(network.opened, 27);
    assert_false(network.opened_suppressed);
    assert_true(find(&network, FIGURES_CATEGORY, ABDUCTION)->suppressed);
    assert_int_equal(find(&network, FIGURES_CATEGORY, ABDUCTION)->count, 8); /* what is known */
    assert_int_equal(find(&network, FIGURES_OUTCOME, FOUND)->count, 27);
    assert_false(find(&network, FIGURES_OUTCOME, FOUND)->suppressed);
    assert_true(figures_median(&find(&network, FIGURES_ALL, 0)->close_hours, &median));
    assert_int_equal(median, 4);
    figures_done(&network);
}

static void figures_merge_of_another_year_or_of_drills_is_refused(void **state)
{
    (void)state;
    struct figures drills, network;
    Hotline__Statistics *statistics = NULL;
    figures_init(&drills, 2026, true);
    assert_int_equal(figures_to_statistics(&drills, &statistics), OK);
    figures_init(&network, 2026, false);
    assert_int_equal(figures_merge(&network, statistics), ERR_INVALID);
    network.exercise = true;
    network.year = 2025;
    assert_int_equal(figures_merge(&network, statistics), ERR_INVALID);
    assert_int_equal(network.members, 0);
    figures_free_statistics(statistics);
    figures_done(&drills);
    figures_done(&network);
}

/* The row of a table and code in what people read; NULL. */
static const struct jdoc *row_of(const struct jdoc *doc, const char *table, const char *code)
{
    const struct jdoc *cells = jdoc_get(doc, "cells");
    for (size_t i = 0; i < jdoc_count(cells); i++)
        if (strcmp(jdoc_get_text(jdoc_at(cells, i), "table", ""), table) == 0 &&
            strcmp(jdoc_get_text(jdoc_at(cells, i), "code", ""), code) == 0)
            return jdoc_at(cells, i);
    return NULL;
}

static void figures_of_a_network_say_at_least_where_a_member_hid_its_own(void **state)
{
    (void)state;
    struct figures mine, network;
    Hotline__Statistics *statistics = NULL;
    figures_init(&network, 2026, false);
    for (int member = 0; member < 2; member++) {
        figures_init(&mine, 2026, false);
        add(&mine, member == 0 ? 12 : 6, RUNAWAY, FOUND, 4);
        add(&mine, member == 0 ? 8 : 1, ABDUCTION, 0, 4);
        figures_suppress(&mine);
        assert_int_equal(figures_to_statistics(&mine, &statistics), OK);
        assert_int_equal(figures_merge(&network, statistics), OK);
        figures_free_statistics(statistics);
        figures_done(&mine);
    }
    figures_free_statistics(NULL);
    figures_sort(&network);
    struct jdoc *doc = figures_to_doc(&network);
    const struct jdoc *hidden = row_of(doc, "category", "PARENTAL_ABDUCTION"), *all = row_of(doc, "all", "");
    assert_true(jdoc_get_bool(hidden, "suppressed", false));
    assert_null(jdoc_get(hidden, "count"));
    assert_int_equal(jdoc_get_int(hidden, "at_least", 0), 8);
    assert_int_equal(jdoc_get_int(all, "count", 0), 27);
    assert_int_equal(jdoc_get_int(all, "median_close_hours", 0), 4);
    assert_int_equal(jdoc_get_int(all, "median_acknowledge_s", 0), 4);
    assert_null(jdoc_get(hidden, "median_close_hours")); /* none of those shown is closed */
    jdoc_free(doc);
    figures_done(&network);
}

static void figures_of_what_nobody_said_are_named_so(void **state)
{
    (void)state;
    struct figures figures;
    struct case_tombstone facts = {.opened_at_us = AT_2026};
    figures_init(&figures, 2026, false);
    assert_int_equal(figures_add(&figures, &facts, true), OK);
    figures_sort(&figures);
    struct jdoc *doc = figures_to_doc(&figures);
    assert_int_equal(jdoc_get_int(row_of(doc, "category", "NOT_SAID"), "count", 0), 1);
    assert_int_equal(jdoc_get_int(row_of(doc, "intake_channel", "NOT_SAID"), "count", 0), 1);
    assert_int_equal(jdoc_get_int(row_of(doc, "outcome", "OPEN"), "count", 0), 1);
    jdoc_free(doc);
    Hotline__Statistics *statistics = NULL;
    assert_int_equal(figures_to_statistics(&figures, &statistics), OK);
    assert_int_equal(statistics->n_cells, 1); /* the total: nothing else has a name to travel under */
    assert_int_equal(statistics->cells[0]->count, 1);
    figures_free_statistics(statistics);
    figures_done(&figures);
}

/* A member may send what it likes under its own name: no sum runs over, and what is no country is no row. */
static void figures_merge_of_hostile_cells_stays_within_its_numbers(void **state)
{
    (void)state;
    struct figures network;
    char odd[] = "Italy", fine[] = "IT";
    Hotline__StatisticsCell cell = HOTLINE__STATISTICS_CELL__INIT, *cells[2] = {&cell, &cell};
    Hotline__Statistics statistics = HOTLINE__STATISTICS__INIT;
    WIRE_SET(&statistics, year, 2026);
    WIRE_SET(&cell, count, UINT32_MAX);
    WIRE_SET(&cell, median_close_hours, 7);
    WIRE_SET(&cell, median_acknowledge_s, 9);
    statistics.n_cells = 2;
    statistics.cells = cells;
    figures_init(&network, 2026, false);
    assert_int_equal(figures_merge(&network, &statistics), OK);
    assert_true(find(&network, FIGURES_ALL, 0)->count == UINT32_MAX);
    int64_t median;
    assert_true(figures_median(&find(&network, FIGURES_ALL, 0)->close_hours, &median));
    assert_int_equal(median, 7);
    statistics.n_cells = 1;
    cell.to_country = odd;
    assert_int_equal(figures_merge(&network, &statistics), ERR_INVALID);
    cell.to_country = fine;
    cell.from_country = odd;
    assert_int_equal(figures_merge(&network, &statistics), ERR_INVALID);
    assert_null(find(&network, FIGURES_PAIR, 0));
    cell.from_country = NULL;
    assert_int_equal(figures_merge(&network, &statistics), OK);
    assert_string_equal(find(&network, FIGURES_PAIR, 0)->to, "IT");
    figures_done(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_add_counts_once_per_table_and_once_per_country_concerned),
        cmocka_unit_test(figures_add_takes_its_year_alone_and_counts_what_was_received),
        cmocka_unit_test(figures_median_of_odd_even_and_none),
        cmocka_unit_test(figures_suppress_hides_small_cells_and_the_one_that_gives_them_away),
        cmocka_unit_test(figures_suppress_leaves_four_hidden_and_five_shown),
        cmocka_unit_test(figures_suppress_hides_few_open_ones_behind_the_closed),
        cmocka_unit_test(figures_suppress_hides_the_closed_when_the_open_ones_hide_an_outcome),
        cmocka_unit_test(figures_suppress_of_random_years_lets_no_subtraction_tell),
        cmocka_unit_test(figures_merge_adds_and_keeps_hidden_what_a_member_hid),
        cmocka_unit_test(figures_merge_of_another_year_or_of_drills_is_refused),
        cmocka_unit_test(figures_of_a_network_say_at_least_where_a_member_hid_its_own),
        cmocka_unit_test(figures_of_what_nobody_said_are_named_so),
        cmocka_unit_test(figures_merge_of_hostile_cells_stays_within_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
