/* lockout: how long wrong tries cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/lockout.h"
#include "proto/seal.h"

#define S INT64_C(1000000)
#define NOW (1000000 * S)

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct lockout));
    return seal_start();
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void wrong(struct lockout *lockout, const char *name, int times, int64_t now_us)
{
    for (int i = 0; i < times; i++)
        lockout_wrong(lockout, name, 5, now_us);
}

static void lockout_fifth_wrong_try_costs_and_each_further_one_twice_as_much(void **state)
{
    struct lockout *lockout = *state;
    wrong(lockout, "user anna", 4, NOW);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW), 0);
    wrong(lockout, "user anna", 1, NOW);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW), 5 * S);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW + 5 * S), 0);
    wrong(lockout, "user anna", 1, NOW + 5 * S);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW + 5 * S), 10 * S);
    wrong(lockout, "user anna", 100, NOW + 5 * S);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW + 5 * S), LOCKOUT_MOST_US);
    assert_int_equal(lockout_wait(lockout, "user bert", NOW), 0);
}

static void lockout_right_try_takes_itself_back(void **state)
{
    struct lockout *lockout = *state;
    wrong(lockout, "address 192.0.2.1", 5, NOW);
    lockout_right(lockout, "address 192.0.2.1");
    assert_int_equal(lockout_wait(lockout, "address 192.0.2.1", NOW), 0);
    wrong(lockout, "address 192.0.2.1", 1, NOW);
    assert_int_equal(lockout_wait(lockout, "address 192.0.2.1", NOW), 5 * S);
}

static void lockout_is_forgotten_after_an_hour_or_by_an_administrator(void **state)
{
    struct lockout *lockout = *state;
    wrong(lockout, "user anna", 30, NOW);
    lockout_forget(lockout, "user anna");
    assert_int_equal(lockout_wait(lockout, "user anna", NOW), 0);
    wrong(lockout, "user anna", 30, NOW);
    wrong(lockout, "user anna", 1, NOW + LOCKOUT_FORGET_US);
    assert_int_equal(lockout_wait(lockout, "user anna", NOW + LOCKOUT_FORGET_US), 0);
}

static void lockout_full_table_forgets_who_was_wrong_least_and_longest_ago(void **state)
{
    struct lockout *lockout = *state;
    char name[40];
    wrong(lockout, "user guessed", 10, NOW);
    wrong(lockout, "user first", 1, NOW + 1);
    wrong(lockout, "user second", 4, NOW + 1);
    for (int i = 0; i < 3 * LOCKOUT_ROWS; i++) { /* a flood of names, each wrong once */
        snprintf(name, sizeof name, "user %d", i);
        wrong(lockout, name, 1, NOW + 2);
    }
    assert_true(lockout_wait(lockout, "user guessed", NOW + 2) > 0);
    wrong(lockout, "user second", 1, NOW + 2);
    assert_true(lockout_wait(lockout, "user second", NOW + 2) > 0);
    wrong(lockout, "user first", 4, NOW + 2);
    assert_int_equal(lockout_wait(lockout, "user first", NOW + 2), 0);
    wrong(lockout, "user late", 1, NOW + LOCKOUT_FORGET_US); /* what is over goes first, however wrong it was */
    assert_int_equal(lockout_wait(lockout, "user guessed", NOW + LOCKOUT_FORGET_US), 0);
}

static void lockout_names_of_one_owner_are_told_and_forgotten_together(void **state)
{
    struct lockout *lockout = *state;
    wrong(lockout, "user anna", 5, NOW);
    lockout_belongs(lockout, "user anna", "user anna");
    wrong(lockout, "device 1", 7, NOW);
    lockout_belongs(lockout, "device 1", "user anna");
    wrong(lockout, "device 2", 9, NOW);
    lockout_belongs(lockout, "device 2", "user bert");
    assert_int_equal(lockout_wait_of(lockout, "user anna", NOW), 20 * S);
    assert_int_equal(lockout_wait_of(lockout, "user carl", NOW), 0);
    lockout_forget_of(lockout, "user anna");
    assert_int_equal(lockout_wait(lockout, "user anna", NOW), 0);
    assert_int_equal(lockout_wait(lockout, "device 1", NOW), 0);
    assert_int_equal(lockout_wait(lockout, "device 2", NOW), 80 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lockout_fifth_wrong_try_costs_and_each_further_one_twice_as_much, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lockout_right_try_takes_itself_back, setup, teardown),
        cmocka_unit_test_setup_teardown(lockout_is_forgotten_after_an_hour_or_by_an_administrator, setup, teardown),
        cmocka_unit_test_setup_teardown(lockout_full_table_forgets_who_was_wrong_least_and_longest_ago, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lockout_names_of_one_owner_are_told_and_forgotten_together, setup, teardown),
    };
    return cmocka_run_group_tests_name("lockout", tests, NULL, NULL);
}
