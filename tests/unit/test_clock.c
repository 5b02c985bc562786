/* clock: RFC 3339, durations, ages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/clock.h"

static int64_t parsed(const char *text)
{
    int64_t at_us = INT64_MIN;
    int error = clock_parse(text, &at_us);
    if (error)
        fail_msg("%s: %s", text, err_name(error));
    return at_us;
}

static void clock_known_instants_parse_and_format(void **state)
{
    (void)state;
    /* Seconds from an independent calendar: date -u -d TEXT +%s. */
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"1969-12-31T23:59:59.000Z", -1},
        {"2000-02-29T12:00:00.000Z", 951825600},
        {"2026-11-21T09:40:00.000Z", 1795254000},
        {"2038-01-19T03:14:08.000Z", 2147483648},
        {"1900-03-01T00:00:00.000Z", -2203891200},
        {"2100-03-01T00:00:00.000Z", 4107542400},
        {"9999-12-31T23:59:59.000Z", 253402300799},
        {"0001-01-01T00:00:00.000Z", -62135596800},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CLOCK_TEXT_MAX];
        assert_int_equal(parsed(rows[i].text), rows[i].seconds * CLOCK_SECOND_US);
        clock_format(rows[i].seconds * CLOCK_SECOND_US, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void clock_every_day_of_eight_centuries_comes_back(void **state)
{
    (void)state;
    for (int64_t day = -150000; day < 150000; day++) {
        char text[CLOCK_TEXT_MAX];
        clock_format(day * CLOCK_DAY_US, text);
        assert_int_equal(parsed(text), day * CLOCK_DAY_US);
    }
}

static void clock_offsets_lead_to_the_same_instant(void **state)
{
    (void)state;
    int64_t at = parsed("2026-11-21T09:40:00Z");
    assert_int_equal(parsed("2026-11-21T10:40:00+01:00"), at);
    assert_int_equal(parsed("2026-11-21T04:10:00-05:30"), at);
    assert_int_equal(parsed("2026-11-22T09:39:00+23:59"), at);
    assert_int_equal(parsed("2026-11-21T09:40:00-00:00"), at);
    assert_int_equal(parsed("2026-11-21t09:40:00z"), at);
    assert_int_equal(parsed("2026-11-21 09:40:00Z"), at);
    assert_int_equal(parsed("2027-01-01T00:30:00+01:00"), parsed("2026-12-31T23:30:00Z"));
}

static void clock_fractions_are_read_to_the_microsecond_and_shown_to_the_millisecond(void **state)
{
    (void)state;
    int64_t at = parsed("2026-11-21T09:40:00Z");
    assert_int_equal(parsed("2026-11-21T09:40:00.1Z"), at + 100000);
    assert_int_equal(parsed("2026-11-21T09:40:00.000001Z"), at + 1);
    assert_int_equal(parsed("2026-11-21T09:40:00.999999+00:00"), at + 999999);
    char text[CLOCK_TEXT_MAX];
    clock_format(at + 999999, text);
    assert_string_equal(text, "2026-11-21T09:40:00.999Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void clock_malformed_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T09:40:00",
        "2026-11-21T09:40Z",
        "2026-11-21T09:40:00ZZ",
        "2026-11-21T09:40:00Z ",
        " 2026-11-21T09:40:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T23:60:00Z",
        "2026-11-21T23:59:60Z",
        "2026-11-21T09:40:00.Z",
        "2026-11-21T09:40:00.1234567Z",
        "2026-11-21T09:40:00+24:00",
        "2026-11-21T09:40:00+01:60",
        "2026-11-21T09:40:00+0100",
        "2026-11-21T09:40:00+01",
        "26-11-21T09:40:00Z",
        "2026-11-21X09:40:00Z",
        "-026-11-21T09:40:00Z",
        "2026-1-021T09:40:00Z",
        "2026/11/21T09:40:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t at_us = 77;
        if (clock_parse(bad[i], &at_us) != ERR_SYNTAX)
            fail_msg("\"%s\" was not refused", bad[i]);
        assert_int_equal(at_us, 77);
    }
    assert_int_equal(parsed("2000-02-29T00:00:00Z"), 951782400 * CLOCK_SECOND_US);
    assert_int_equal(parsed("2024-02-29T00:00:00Z"), 1709164800 * CLOCK_SECOND_US);
}

static void clock_durations_have_one_number_and_one_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {{"0s", 0},
                {"500ms", 500 * CLOCK_MS_US},
                {"45s", 45 * CLOCK_SECOND_US},
                {"90m", 90 * CLOCK_MINUTE_US},
                {"90min", 90 * CLOCK_MINUTE_US},
                {"72h", 72 * CLOCK_HOUR_US},
                {"30d", 30 * CLOCK_DAY_US},
                {"36525d", 36525 * CLOCK_DAY_US}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = -1;
        assert_int_equal(clock_parse_duration(rows[i].text, &us), OK);
        assert_int_equal(us, rows[i].us);
    }
}

static void clock_malformed_durations_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } rows[] = {{"", ERR_SYNTAX},      {"s", ERR_SYNTAX},
                {"5", ERR_SYNTAX},     {"-5s", ERR_SYNTAX},
                {"5 s", ERR_SYNTAX},   {"1h30m", ERR_SYNTAX},
                {"1.5h", ERR_SYNTAX},  {"5S", ERR_SYNTAX},
                {"36526d", ERR_LIMIT}, {"99999999999999999999s", ERR_LIMIT},
                {"5w", ERR_SYNTAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = 77;
        assert_int_equal(clock_parse_duration(rows[i].text, &us), rows[i].error);
        assert_int_equal(us, 77);
    }
}

static void clock_ages_are_short(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {{-5 * CLOCK_SECOND_US, "0 s"},        {89 * CLOCK_SECOND_US, "89 s"},
                {90 * CLOCK_SECOND_US, "1 min"},      {90 * CLOCK_MINUTE_US - 1, "89 min"},
                {90 * CLOCK_MINUTE_US, "1 h 30 min"}, {3 * CLOCK_HOUR_US + 5 * CLOCK_MINUTE_US, "3 h 05 min"},
                {48 * CLOCK_HOUR_US, "2 d 0 h"},      {52 * CLOCK_HOUR_US, "2 d 4 h"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CLOCK_TEXT_MAX];
        clock_format_age(rows[i].us, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void clock_year_changes_at_midnight_utc(void **state)
{
    (void)state;
    assert_int_equal(clock_year(parsed("2026-12-31T23:59:59.999999Z")), 2026);
    assert_int_equal(clock_year(parsed("2027-01-01T00:00:00Z")), 2027);
    assert_int_equal(clock_year(-1), 1969);
}

static void clock_steady_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_steady_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_steady_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_us() > parsed("2025-01-01T00:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_known_instants_parse_and_format),
        cmocka_unit_test(clock_every_day_of_eight_centuries_comes_back),
        cmocka_unit_test(clock_offsets_lead_to_the_same_instant),
        cmocka_unit_test(clock_fractions_are_read_to_the_microsecond_and_shown_to_the_millisecond),
        cmocka_unit_test(clock_malformed_times_are_refused),
        cmocka_unit_test(clock_durations_have_one_number_and_one_unit),
        cmocka_unit_test(clock_malformed_durations_are_refused),
        cmocka_unit_test(clock_ages_are_short),
        cmocka_unit_test(clock_year_changes_at_midnight_utc),
        cmocka_unit_test(clock_steady_never_goes_back),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
