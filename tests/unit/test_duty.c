/* duty: who is armed, for how long, and what is spoken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/duty.h"

#define S INT64_C(1000000)

static struct duty_console console(uint8_t id, const char *who, int64_t heard_us)
{
    struct duty_console made = {.id = {id}, .language_count = 2, .heard_us = heard_us};
    snprintf(made.who, sizeof made.who, "%s", who);
    snprintf(made.languages[0], sizeof made.languages[0], "fr");
    snprintf(made.languages[1], sizeof made.languages[1], "%s", id % 2 ? "de" : "nl");
    return made;
}

static void duty_silent_console_counts_no_more(void **state)
{
    (void)state;
    struct duty *duty = calloc(1, sizeof *duty);
    struct duty_console a = console(1, "anna", 0), b = console(2, "bert", 0);
    assert_int_equal(duty_arm(duty, &a), OK);
    assert_int_equal(duty_arm(duty, &b), OK);
    assert_int_equal(duty_alive(duty, b.id, "bert", 20 * S), OK);
    assert_false(duty_sweep(duty, DUTY_SILENCE_US));
    assert_true(duty_sweep(duty, DUTY_SILENCE_US + 1));
    assert_int_equal(duty->count, 1);
    assert_false(duty_has(duty, "anna"));
    assert_true(duty_has(duty, "bert"));
    assert_int_equal(duty_alive(duty, a.id, "anna", 31 * S), ERR_NOT_FOUND);
    free(duty);
}

static void duty_console_is_its_callers_alone(void **state)
{
    (void)state;
    struct duty *duty = calloc(1, sizeof *duty);
    struct duty_console a = console(1, "anna", 0), stolen = console(1, "bert", 0);
    assert_int_equal(duty_arm(duty, &a), OK);
    assert_int_equal(duty_arm(duty, &stolen), ERR_STATE);
    assert_int_equal(duty_alive(duty, a.id, "bert", 0), ERR_NOT_FOUND);
    assert_int_equal(duty_disarm(duty, a.id, "bert"), ERR_NOT_FOUND);
    assert_int_equal(duty_disarm(duty, a.id, "anna"), OK);
    assert_int_equal(duty->count, 0);
    free(duty);
}

static void duty_languages_are_said_once_and_consoles_are_bounded(void **state)
{
    (void)state;
    struct duty *duty = calloc(1, sizeof *duty);
    const char *languages[LIMIT_LANGUAGES];
    for (uint8_t i = 0; i < DUTY_CONSOLES; i++) {
        struct duty_console one = console(i, "anna", 0);
        assert_int_equal(duty_arm(duty, &one), OK);
        assert_int_equal(duty_arm(duty, &one), OK); /* again is the same */
    }
    struct duty_console more = console(200, "anna", 0);
    assert_int_equal(duty_arm(duty, &more), ERR_LIMIT);
    assert_int_equal(duty_languages(duty, languages), 3);
    assert_string_equal(languages[0], "fr");
    assert_string_equal(languages[1], "nl");
    assert_string_equal(languages[2], "de");
    free(duty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duty_silent_console_counts_no_more),
        cmocka_unit_test(duty_console_is_its_callers_alone),
        cmocka_unit_test(duty_languages_are_said_once_and_consoles_are_bounded),
    };
    return cmocka_run_group_tests_name("duty", tests, NULL, NULL);
}
