/* courier: order, ageing, credit, blocking, what is lost and what is overdue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/seal.h"
#include "relay/courier.h"
#include "relay/quota.h"

#define SECOND INT64_C(1000000)

static int setup(void **state)
{
    static struct courier courier;

    if (seal_start())
        return -1;
    courier_init(&courier, 4, 1000);
    *state = &courier;
    return 0;
}

static int teardown(void **state)
{
    courier_done(*state);
    return 0;
}

static void owe(struct courier *courier, uint64_t key, int class, int64_t age_us, int64_t now_us)
{
    struct courier_debt debt = {.key = key, .age_us = age_us, .size_bytes = 100, .class = (uint8_t) class};

    assert_int_equal(courier_owe(courier, &debt, now_us), OK);
}

/* The next key; 0 when nothing goes. */
static uint64_t next(struct courier *courier, int64_t now_us)
{
    uint64_t key = 0;

    return courier_next(courier, now_us, &key) ? key : 0;
}

static void courier_most_urgent_goes_first_then_the_oldest(void **state)
{
    struct courier *courier = *state;

    owe(courier, 1, 2, 10, 0);
    owe(courier, 2, 1, 30, 0);
    owe(courier, 3, 1, 20, 0);
    owe(courier, 4, 0, 40, 0);
    assert_int_equal(next(courier, 1), 4);
    assert_int_equal(next(courier, 1), 3);
    assert_int_equal(next(courier, 1), 2);
    assert_int_equal(next(courier, 1), 1);
}

static void courier_without_credit_nothing_goes_and_an_answer_frees_it(void **state)
{
    struct courier *courier = *state;

    for (uint64_t i = 1; i <= 5; i++)
        owe(courier, i, 0, (int64_t)i, 0);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(next(courier, 0), i);
    assert_int_equal(next(courier, 0), 0);
    assert_true(courier_end(courier, 2));
    assert_int_equal(next(courier, 0), 5);
    assert_int_equal(courier_count(courier), 4);
}

static void courier_bytes_are_credit_too_but_one_always_goes(void **state)
{
    struct courier *courier = *state;
    struct courier_debt big = {.key = 1, .size_bytes = 5000}, small = {.key = 2, .size_bytes = 10, .age_us = 1};

    assert_int_equal(courier_owe(courier, &big, 0), OK);
    assert_int_equal(courier_owe(courier, &small, 0), OK);
    assert_int_equal(next(courier, 0), 1);
    assert_int_equal(next(courier, 0), 0);
    courier_end(courier, 1);
    assert_int_equal(next(courier, 0), 2);
    for (uint64_t key = 3; key < 6; key++) /* of 1000 bytes two fly, and the third would be beyond */
        assert_int_equal(courier_owe(courier, &(struct courier_debt){.key = key, .size_bytes = 400, .age_us = 2}, 0),
                         OK);
    assert_int_equal(next(courier, 0), 3);
    assert_int_equal(next(courier, 0), 4);
    assert_int_equal(next(courier, 0), 0);
    courier_end(courier, 3);
    assert_int_equal(next(courier, 0), 5);
}

/* A low one that waited for more than 30 s goes with every fourth pick. */
static void courier_low_urgency_does_not_starve(void **state)
{
    struct courier *courier = *state;
    int64_t now = 40 * SECOND;
    int routine_at = 0;

    owe(courier, 1000, 2, 5, 0);
    for (uint64_t i = 1; i <= 20; i++)
        owe(courier, i, 0, (int64_t)i, now);
    for (int pick = 1; pick <= 8 && !routine_at; pick++) {
        uint64_t key = next(courier, now);
        courier_end(courier, key);
        if (key == 1000)
            routine_at = pick;
    }
    assert_int_equal(routine_at, 4);
}

static void courier_young_low_urgency_waits(void **state)
{
    struct courier *courier = *state;

    owe(courier, 1000, 2, 5, 0);
    for (uint64_t i = 1; i <= 8; i++)
        owe(courier, i, 0, (int64_t)i, 0);
    for (uint64_t i = 1; i <= 8; i++) {
        assert_int_equal(next(courier, 10 * SECOND), i);
        courier_end(courier, i);
    }
    assert_int_equal(next(courier, 10 * SECOND), 1000);
}

static void courier_lost_session_owes_all_that_flew_again(void **state)
{
    struct courier *courier = *state;

    owe(courier, 1, 0, 1, 0);
    owe(courier, 2, 0, 2, 0);
    next(courier, 0);
    next(courier, 0);
    assert_int_equal(next(courier, 0), 0);
    courier_lost(courier, 1);
    assert_int_equal(next(courier, 1), 1);
    assert_int_equal(next(courier, 1), 2);
}

static void courier_owed_twice_goes_once(void **state)
{
    struct courier *courier = *state;

    owe(courier, 1, 0, 1, 0);
    owe(courier, 1, 0, 1, 0);
    assert_int_equal(next(courier, 0), 1);
    owe(courier, 1, 0, 1, 0);
    assert_int_equal(next(courier, 0), 0);
    assert_int_equal(courier_count(courier), 1);
}

static void courier_unanswered_for_a_minute_goes_again(void **state)
{
    struct courier *courier = *state;

    owe(courier, 1, 0, 1, 0);
    next(courier, 0);
    assert_int_equal(courier_overdue(courier, COURIER_OVERDUE_US), 0);
    assert_int_equal(courier_overdue(courier, COURIER_OVERDUE_US + 1), 1);
    assert_int_equal(next(courier, COURIER_OVERDUE_US + 1), 1);
}

static void courier_blocked_frees_credit_and_goes_only_after_unblock(void **state)
{
    struct courier *courier = *state;

    for (uint64_t i = 1; i <= 5; i++)
        owe(courier, i, 0, (int64_t)i, 0);
    for (int i = 0; i < 4; i++)
        next(courier, 0);
    courier_block(courier, 1);
    assert_int_equal(next(courier, 0), 5);
    courier_lost(courier, 0);
    for (uint64_t i = 2; i <= 5; i++) {
        assert_int_equal(next(courier, 0), i);
        courier_end(courier, i);
    }
    assert_int_equal(next(courier, 0), 0);
    courier_unblock_all(courier, 0);
    assert_int_equal(next(courier, 0), 1);
}

/* A heap of ten thousand with removals in its middle stays in order. */
static void courier_many_in_any_order_come_out_by_age(void **state)
{
    struct courier *courier = *state;
    uint64_t seed = 7;
    int64_t last = -1;

    for (uint64_t i = 1; i <= 10000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        owe(courier, i, 1, (int64_t)(seed >> 40), 0);
    }
    for (uint64_t i = 3; i <= 10000; i += 3)
        assert_true(courier_end(courier, i));
    for (size_t left = courier_count(courier); left > 0; left--) {
        uint64_t key = next(courier, 0);
        const struct courier_item *item = lookup_find(&courier->items, &key);
        assert_true(key % 3 != 0);
        assert_true(item->age_us >= last);
        last = item->age_us;
        courier_end(courier, key);
    }
    assert_int_equal(next(courier, 0), 0);
}

static void quota_burst_is_twice_the_rate_and_fills_by_the_minute(void **state)
{
    struct quota quota = {0};
    uint32_t wait_ms = 0;
    int taken = 0;

    (void)state;
    while (quota_take(&quota, 30, SECOND, &wait_ms))
        taken++;
    assert_int_equal(taken, 60);
    assert_in_range(wait_ms, 1, 2001);
    assert_false(quota_take(&quota, 30, 2 * SECOND, &wait_ms));
    assert_true(quota_take(&quota, 30, 3 * SECOND, &wait_ms));
    assert_false(quota_take(&quota, 30, 3 * SECOND, &wait_ms));
}

#define COURIER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COURIER_TEST(courier_most_urgent_goes_first_then_the_oldest),
        COURIER_TEST(courier_without_credit_nothing_goes_and_an_answer_frees_it),
        COURIER_TEST(courier_bytes_are_credit_too_but_one_always_goes),
        COURIER_TEST(courier_low_urgency_does_not_starve),
        COURIER_TEST(courier_young_low_urgency_waits),
        COURIER_TEST(courier_lost_session_owes_all_that_flew_again),
        COURIER_TEST(courier_owed_twice_goes_once),
        COURIER_TEST(courier_unanswered_for_a_minute_goes_again),
        COURIER_TEST(courier_blocked_frees_credit_and_goes_only_after_unblock),
        COURIER_TEST(courier_many_in_any_order_come_out_by_age),
        COURIER_TEST(quota_burst_is_twice_the_rate_and_fills_by_the_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
