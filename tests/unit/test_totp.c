/* totp: RFC 6238, appendix B (SHA-1), the last six digits of its eight; and what counts as a code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES] = {'1', '2', '3', '4', '5', '6', '7', '8', '9', '0',
                                                  '1', '2', '3', '4', '5', '6', '7', '8', '9', '0'};

static void totp_codes_are_those_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        uint64_t seconds;
        uint32_t code;
    } rows[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(totp_code(secret, rows[i].seconds / TOTP_STEP_S), rows[i].code);
}

static bool check(uint64_t seconds, const char *text, uint64_t *last)
{
    return totp_check(secret, text, (int64_t)seconds * 1000000, last);
}

static void totp_code_counts_a_step_early_or_late_and_no_further(void **state)
{
    (void)state;
    uint64_t last = 0;
    assert_true(check(59 + 30, "287082", &last));
    last = 0;
    assert_true(check(59 - 30, "287082", &last));
    last = 0;
    assert_false(check(59 + 60, "287082", &last));
    assert_false(check(59 + 3000, "287082", &last));
    assert_int_equal(last, 0);
}

static void totp_code_counts_once(void **state)
{
    (void)state;
    uint64_t last = 0;
    assert_true(check(59, "287082", &last));
    assert_int_equal(last, 1);
    assert_false(check(59, "287082", &last));
    assert_false(check(60, "287082", &last)); /* nor in the step after */
}

static void totp_code_is_six_digits(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "28708", "2870820", "28708a", " 287082", "-87082", "287083"};
    uint64_t last = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(check(59, wrong[i], &last));
    assert_true(check(1234567890, "005924", &last));
}

static void totp_secret_is_written_in_base32(void **state)
{
    (void)state;
    char text[TOTP_TEXT_MAX];
    totp_text(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totp_codes_are_those_of_the_rfc),
        cmocka_unit_test(totp_code_counts_a_step_early_or_late_and_no_further),
        cmocka_unit_test(totp_code_counts_once),
        cmocka_unit_test(totp_code_is_six_digits),
        cmocka_unit_test(totp_secret_is_written_in_base32),
    };
    return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
