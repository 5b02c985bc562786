/* test_gaps: numbers of a sender, met in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "node/gaps.h"

static const struct key_uuid store_a = {{1}}, store_b = {{2}};

static int setup(void **state)
{
    static struct gaps gaps;
    gaps_init(&gaps);
    *state = &gaps;
    return 0;
}

static int teardown(void **state)
{
    gaps_done(*state);
    return 0;
}

static void meet_all(struct gaps *gaps, const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gaps_meet(gaps, "be-baken", &store_a, numbers[i], (int64_t)(1000 + i));
}

static void gaps_first_number_met_is_the_beginning(void **state)
{
    struct gaps *gaps = *state;
    uint64_t out[8];
    assert_true(gaps_meet(gaps, "be-baken", &store_a, 57, 1));
    const struct gap_source *source = gaps_find(gaps, "be-baken", &store_a);
    assert_int_equal(source->upto, 57);
    assert_int_equal(gaps_missing(source, out, 8), 0);
    assert_int_equal(source->since_us, 0);
}

static void gaps_hole_is_noticed_with_its_time_and_closes(void **state)
{
    struct gaps *gaps = *state;
    const uint64_t numbers[] = {1, 2, 5, 7};
    uint64_t out[8];
    meet_all(gaps, numbers, 4);
    struct gap_source *source = gaps_find(gaps, "be-baken", &store_a);
    assert_int_equal(gaps_missing(source, out, 8), 3);
    assert_int_equal(out[0], 3);
    assert_int_equal(out[1], 4);
    assert_int_equal(out[2], 6);
    assert_int_equal(source->since_us, 1002);
    gaps_meet(gaps, "be-baken", &store_a, 4, 2000);
    assert_int_equal(gaps_missing(source, out, 8), 2);
    assert_true(gaps_meet(gaps, "be-baken", &store_a, 3, 2001));
    assert_int_equal(source->upto, 5);
    assert_true(gaps_meet(gaps, "be-baken", &store_a, 6, 2002));
    assert_int_equal(source->upto, 7);
    assert_int_equal(gaps_missing(source, out, 8), 0);
    assert_int_equal(source->since_us, 0);
}

static void gaps_doubles_and_zero_change_nothing(void **state)
{
    struct gaps *gaps = *state;
    const uint64_t numbers[] = {4, 4, 0, 6, 6, 2};
    uint64_t out[8];
    meet_all(gaps, numbers, 6);
    const struct gap_source *source = gaps_find(gaps, "be-baken", &store_a);
    assert_int_equal(source->upto, 4);
    assert_int_equal(source->above_count, 1);
    assert_int_equal(gaps_missing(source, out, 8), 1);
    assert_int_equal(out[0], 5);
}

static void gaps_another_store_of_the_sender_counts_apart(void **state)
{
    struct gaps *gaps = *state;
    gaps_meet(gaps, "be-baken", &store_a, 10, 1);
    gaps_meet(gaps, "be-baken", &store_b, 1, 1);
    gaps_meet(gaps, "fr-phare", &store_a, 3, 1);
    assert_int_equal(gaps_find(gaps, "be-baken", &store_a)->upto, 10);
    assert_int_equal(gaps_find(gaps, "be-baken", &store_b)->upto, 1);
    assert_int_equal(gaps_find(gaps, "fr-phare", &store_a)->upto, 3);
    assert_null(gaps_find(gaps, "fr-phare", &store_b));
}

static void gaps_what_is_remembered_above_a_hole_is_bounded(void **state)
{
    struct gaps *gaps = *state;
    uint64_t out[4];
    gaps_meet(gaps, "be-baken", &store_a, 1, 1);
    for (uint64_t number = 3; number < 3 + 3 * GAPS_ABOVE_MAX; number++)
        gaps_meet(gaps, "be-baken", &store_a, number, 2);
    const struct gap_source *source = gaps_find(gaps, "be-baken", &store_a);
    assert_int_equal(source->above_count, GAPS_ABOVE_MAX);
    assert_int_equal(gaps_missing(source, out, 4), 1);
    assert_int_equal(out[0], 2);
}

static void gaps_hole_that_stays_is_reported_ever_more_rarely(void **state)
{
    struct gaps *gaps = *state;
    int64_t now_us = 1, last_us = 0;
    meet_all(gaps, (const uint64_t[]){1, 3, 5}, 3);
    struct gap_source *source = gaps_find(gaps, "be-baken", &store_a);
    for (unsigned minutes = 1; minutes <= 16; minutes *= 2) {
        last_us = now_us;
        assert_false(gaps_is_due(source, now_us + minutes * CLOCK_MINUTE_US - CLOCK_SECOND_US));
        now_us += minutes * CLOCK_MINUTE_US + CLOCK_SECOND_US;
        assert_true(gaps_is_due(source, now_us));
        gaps_reported(source, now_us);
        if (minutes == 1) { /* the first one is after the hole, the second after the first report */
            assert_false(gaps_is_due(source, now_us + CLOCK_MINUTE_US));
            now_us += CLOCK_MINUTE_US + CLOCK_SECOND_US;
            assert_true(gaps_is_due(source, now_us));
            gaps_reported(source, now_us);
        }
    }
    assert_true(now_us - last_us > 16 * CLOCK_MINUTE_US);
    for (unsigned i = 0; i < 3; i++, gaps_reported(source, now_us)) {
        assert_false(gaps_is_due(source, now_us + 16 * CLOCK_MINUTE_US));
        now_us += 16 * CLOCK_MINUTE_US + 1;
        assert_true(gaps_is_due(source, now_us));
    }
    gaps_meet(gaps, "be-baken", &store_a, 2, now_us); /* a hole closes: the next one is asked for anew */
    assert_true(gaps_is_due(source, now_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gaps_first_number_met_is_the_beginning, setup, teardown),
        cmocka_unit_test_setup_teardown(gaps_hole_is_noticed_with_its_time_and_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(gaps_doubles_and_zero_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(gaps_another_store_of_the_sender_counts_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(gaps_what_is_remembered_above_a_hole_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(gaps_hole_that_stays_is_reported_ever_more_rarely, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
