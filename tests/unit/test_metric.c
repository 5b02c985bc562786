/* metric: the exact text that a scraper reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/metric.h"

#define SHOP_METRICS(X)                                                                                                \
    X(sold, COUNTER, "shop_sold_total", "Things sold.")                                                                \
    X(shelves, GAUGE, "shop_shelves", "Shelves there are now.")

struct shop_counters {
    SHOP_METRICS(METRIC_FIELD)
};

static const struct metric_desc table[] = {SHOP_METRICS(METRIC_ROW)};

static void metric_table_is_written_in_order(void **state)
{
    (void)state;
    struct shop_counters shop = {.sold = 7, .shelves = -2};
    struct buf out;
    buf_init(&out);
    metric_write(&out, table, 2, &shop);
    assert_string_equal(buf_text(&out),
                        "# HELP shop_sold_total Things sold.\n# TYPE shop_sold_total counter\n"
                        "shop_sold_total 7\n"
                        "# HELP shop_shelves Shelves there are now.\n# TYPE shop_shelves gauge\n"
                        "shop_shelves -2\n");
    buf_free(&out);
}

static void metric_sets_share_one_head(void **state)
{
    (void)state;
    struct shop_counters north = {.sold = 1}, south = {.sold = 2};
    const struct metric_set sets[] = {{"shop", "north", &north}, {"shop", "south", &south}};
    struct buf out;
    buf_init(&out);
    metric_write_sets(&out, table, 1, sets, 2);
    assert_string_equal(buf_text(&out),
                        "# HELP shop_sold_total Things sold.\n# TYPE shop_sold_total counter\n"
                        "shop_sold_total{shop=\"north\"} 1\nshop_sold_total{shop=\"south\"} 2\n");
    buf_free(&out);
}

static void metric_label_value_is_escaped(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    metric_line(&out, "up", "who", "a\"b\\c\nd\033", 1);
    assert_string_equal(buf_text(&out), "up{who=\"a\\\"b\\\\c\\nd?\"} 1\n");
    buf_free(&out);
}

static void metric_histogram_cumulates_and_sums(void **state)
{
    (void)state;
    struct metric_histogram h = {{0}, 0};
    struct buf out;
    buf_init(&out);
    metric_observe(&h, 500); /* the bound belongs to its bucket */
    metric_observe(&h, 501);
    metric_observe(&h, -5);       /* a stepped clock */
    metric_observe(&h, 60000000); /* beyond the last bound */
    metric_histogram_write(&out, "commit_seconds", "Time to commit.", &h);
    const char *text = buf_text(&out);
    assert_non_null(strstr(text, "# TYPE commit_seconds histogram\n"));
    assert_non_null(strstr(text, "commit_seconds_bucket{le=\"0.0005\"} 2\n"));
    assert_non_null(strstr(text, "commit_seconds_bucket{le=\"0.001\"} 3\n"));
    assert_non_null(strstr(text, "commit_seconds_bucket{le=\"30\"} 3\n"));
    assert_non_null(strstr(text, "commit_seconds_bucket{le=\"+Inf\"} 4\n"));
    assert_non_null(strstr(text, "commit_seconds_sum 60.001001\n"));
    assert_non_null(strstr(text, "commit_seconds_count 4\n"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metric_table_is_written_in_order),
        cmocka_unit_test(metric_sets_share_one_head),
        cmocka_unit_test(metric_label_value_is_escaped),
        cmocka_unit_test(metric_histogram_cumulates_and_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
