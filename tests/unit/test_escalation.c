/* escalation: each fact that keeps it silent, each step at its time, once, and the whole table against the rule as it
 * is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/escalation.h"

#define SECOND INT64_C(1000000)

static const struct escalation_rule usual = {{120 * SECOND, 300 * SECOND, 900 * SECOND}, true};

static struct escalation_facts waiting(int64_t waited_s, unsigned told)
{
    return (struct escalation_facts){.immediate = true, .armed = true, .waited_us = waited_s * SECOND, .told = told};
}

static unsigned step_of(const struct escalation_rule *rule, struct escalation_facts facts, int64_t *ret_look_us)
{
    int64_t look_us;
    unsigned step = escalation_step(rule, &facts, &look_us);
    assert_true(look_us >= 0);
    if (ret_look_us != NULL)
        *ret_look_us = look_us;
    return step;
}

static void escalation_each_step_comes_at_its_time_once(void **state)
{
    (void)state;
    int64_t look_us;
    assert_int_equal(step_of(&usual, waiting(119, 0), NULL), 0);
    assert_int_equal(step_of(&usual, waiting(120, 0), NULL), 1);
    assert_int_equal(step_of(&usual, waiting(120, 1), &look_us), 0);
    assert_int_equal(look_us, 180 * SECOND);
    assert_int_equal(step_of(&usual, waiting(300, 1), NULL), 2);
    assert_int_equal(step_of(&usual, waiting(900, 2), &look_us), 3);
    assert_int_equal(look_us, INT64_MAX);
    assert_int_equal(step_of(&usual, waiting(90000, 3), &look_us), 0);
    assert_int_equal(look_us, INT64_MAX);
}

static void escalation_no_console_armed_is_told_at_once(void **state)
{
    (void)state;
    struct escalation_facts facts = waiting(0, 0);
    int64_t look_us;
    facts.armed = false;
    assert_int_equal(step_of(&usual, facts, &look_us), 1);
    assert_int_equal(look_us, 300 * SECOND);
    facts.told = 1;
    assert_int_equal(step_of(&usual, facts, NULL), 0);
}

static void escalation_armed_is_looked_at_again_soon(void **state)
{
    (void)state;
    int64_t look_us;
    assert_int_equal(step_of(&usual, waiting(0, 0), &look_us), 0);
    assert_true(look_us <= 5 * SECOND);
}

static void escalation_after_a_long_absence_only_the_highest_is_told(void **state)
{
    (void)state;
    assert_int_equal(step_of(&usual, waiting(3600, 0), NULL), 3);
    assert_int_equal(step_of(&usual, waiting(301, 0), NULL), 2);
}

static void escalation_step_that_is_not_configured_is_skipped(void **state)
{
    (void)state;
    const struct escalation_rule rule = {{0, 300 * SECOND, 0}, true}, none = {{0, 0, 0}, true};
    struct escalation_facts facts = waiting(0, 0);
    int64_t look_us;
    facts.armed = false;
    assert_int_equal(step_of(&rule, facts, &look_us), 0);
    assert_int_equal(look_us, 300 * SECOND);
    assert_int_equal(step_of(&rule, waiting(300, 0), NULL), 2);
    assert_int_equal(step_of(&none, waiting(300000, 0), &look_us), 0);
    assert_int_equal(look_us, INT64_MAX);
}

/* Every combination of facts: told only when the rule's own sentence says so. */
static void escalation_whole_table_is_the_rule(void **state)
{
    (void)state;
    static const int64_t waited[] = {0, 119, 120, 299, 300, 899, 900};
    for (unsigned bits = 0; bits < 64; bits++) {
        const struct escalation_rule rule = {{120 * SECOND, 300 * SECOND, 900 * SECOND}, (bits & 32) != 0};
        for (unsigned told = 0; told <= ESCALATION_STEPS; told++) {
            for (size_t w = 0; w < sizeof waited / sizeof waited[0]; w++) {
                struct escalation_facts facts = {(bits & 1) != 0,
                                                 (bits & 2) != 0,
                                                 (bits & 4) != 0,
                                                 (bits & 8) != 0,
                                                 (bits & 16) != 0,
                                                 waited[w] * SECOND,
                                                 told};
                bool speaks = facts.immediate && !facts.over && !facts.answered && (!facts.exercise || rule.drills);
                unsigned wanted = waited[w] >= 900   ? 3 :
                    waited[w] >= 300                 ? 2 :
                    waited[w] >= 120 || !facts.armed ? 1 :
                                                       0;
                wanted = speaks && wanted > told ? wanted : 0;
                unsigned step = step_of(&rule, facts, NULL);
                if (step != wanted)
                    fail_msg("facts %u, told %u, waited %d s: step %u, not %u", bits, told, (int)waited[w], step,
                             wanted);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(escalation_each_step_comes_at_its_time_once),
        cmocka_unit_test(escalation_no_console_armed_is_told_at_once),
        cmocka_unit_test(escalation_armed_is_looked_at_again_soon),
        cmocka_unit_test(escalation_after_a_long_absence_only_the_highest_is_told),
        cmocka_unit_test(escalation_step_that_is_not_configured_is_skipped),
        cmocka_unit_test(escalation_whole_table_is_the_rule),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
