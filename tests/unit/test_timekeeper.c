/* timekeeper: a machine's clock that jumps, drifts, swings, and starts in 1970; with and without the relays' word. */
#include "node/timekeeper.h"

#include "fixture.h"
#include "proto/clock.h"

#define WALL FIXTURE_NOW
#define STEADY CLOCK_HOUR_US

static struct timekeeper keeper;
static int64_t moved_us;

/* The clock after this much time has passed, the machine's clock being off by this much. */
static int64_t after(int64_t passed_us, int64_t error_us, const int64_t *relays_us)
{
    return timekeeper_read(&keeper, WALL + passed_us + error_us, STEADY + passed_us, relays_us, &moved_us);
}

static int start(void **state)
{
    (void)state;
    timekeeper_init(&keeper, WALL - CLOCK_DAY_US);
    assert_int_equal(after(0, 0, NULL), WALL);
    return 0;
}

static void timekeeper_even_clock_is_the_machines(void **state)
{
    (void)state;
    for (int64_t us = 0; us < CLOCK_HOUR_US; us += CLOCK_MINUTE_US)
        assert_int_equal(after(us, 0, NULL), WALL + us);
    assert_int_equal(keeper.ahead_us, 0);
}

static void timekeeper_jump_is_not_followed_and_is_known(void **state)
{
    (void)state;
    const int64_t jumps[] = {CLOCK_HOUR_US, -CLOCK_HOUR_US, -WALL, 5 * 366 * CLOCK_DAY_US};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        int64_t passed_us = ((int64_t)i + 1) * CLOCK_SECOND_US;
        assert_int_equal(after(passed_us, jumps[i], NULL), WALL + passed_us);
        assert_int_equal(keeper.ahead_us, jumps[i]);
        assert_int_equal(moved_us, 0);
    }
}

static void timekeeper_swinging_clock_runs_evenly(void **state)
{
    (void)state;
    for (int64_t i = 1; i < 1000; i++) {
        int64_t passed_us = i * CLOCK_SECOND_US;
        int64_t off_us = after(passed_us, (i % 2 ? 1 : -1) * CLOCK_HOUR_US, NULL) - WALL - passed_us;
        assert_int_equal(off_us, 0);
    }
}

static void timekeeper_many_small_jumps_are_walked_at_a_tenth(void **state)
{
    (void)state;
    int64_t error_us = 0;
    for (int64_t i = 1; i <= 100; i++) {
        error_us += 50 * CLOCK_SECOND_US; /* each second the machine's clock runs 51 */
        int64_t off_us = after(i * CLOCK_SECOND_US, error_us, NULL) - WALL - i * CLOCK_SECOND_US;
        assert_true(off_us >= 0 && off_us <= i * CLOCK_SECOND_US / 10);
    }
}

static void timekeeper_small_difference_is_walked_off_without_a_step_back(void **state)
{
    (void)state;
    int64_t last_us = WALL;
    for (int64_t us = CLOCK_SECOND_US; us <= 301 * CLOCK_SECOND_US; us += CLOCK_SECOND_US) {
        int64_t now_us = after(us, -30 * CLOCK_SECOND_US, NULL);
        assert_true(now_us > last_us);
        last_us = now_us;
    }
    assert_int_equal(keeper.ahead_us, 0);
}

static void timekeeper_jump_that_the_relays_confirm_is_followed(void **state)
{
    (void)state;
    int64_t relays_us = CLOCK_HOUR_US;
    assert_int_equal(after(CLOCK_SECOND_US, CLOCK_HOUR_US, &relays_us), WALL + CLOCK_SECOND_US + CLOCK_HOUR_US);
    assert_int_equal(moved_us, CLOCK_HOUR_US);
    relays_us -= moved_us;
    assert_int_equal(after(2 * CLOCK_SECOND_US, CLOCK_HOUR_US, &relays_us), WALL + 2 * CLOCK_SECOND_US + CLOCK_HOUR_US);
    assert_int_equal(moved_us, 0);
}

static void timekeeper_jump_away_from_the_relays_is_not_followed(void **state)
{
    (void)state;
    int64_t relays_us = 0;
    assert_int_equal(after(CLOCK_SECOND_US, CLOCK_HOUR_US, &relays_us), WALL + CLOCK_SECOND_US);
    relays_us = CLOCK_HOUR_US; /* a jump to within ten minutes of them, but further than this clock */
    assert_int_equal(after(2 * CLOCK_SECOND_US, 2 * CLOCK_HOUR_US, &relays_us), WALL + 2 * CLOCK_SECOND_US);
}

static void timekeeper_start_in_1970_begins_at_what_is_signed_as_past(void **state)
{
    (void)state;
    struct timekeeper fresh;
    timekeeper_init(&fresh, WALL);
    assert_int_equal(timekeeper_read(&fresh, 0, STEADY, NULL, &moved_us), WALL);
    assert_int_equal(timekeeper_read(&fresh, CLOCK_SECOND_US, STEADY + CLOCK_SECOND_US, NULL, &moved_us),
                     WALL + CLOCK_SECOND_US);
}

#define CASE(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(timekeeper_even_clock_is_the_machines),
        CASE(timekeeper_jump_is_not_followed_and_is_known),
        CASE(timekeeper_swinging_clock_runs_evenly),
        CASE(timekeeper_many_small_jumps_are_walked_at_a_tenth),
        CASE(timekeeper_small_difference_is_walked_off_without_a_step_back),
        CASE(timekeeper_jump_that_the_relays_confirm_is_followed),
        CASE(timekeeper_jump_away_from_the_relays_is_not_followed),
        CASE(timekeeper_start_in_1970_begins_at_what_is_signed_as_past),
    };
    return cmocka_run_group_tests_name("timekeeper", tests, NULL, NULL);
}
