/* form: clean text, languages, telephone numbers, zones and the network's own names; the edges of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/form.h"

static void form_text_accepts_what_people_write(void **state)
{
    (void)state;
    size_t chars = 0;
    const char *const good[] = {"", "Ελένη", "ملك", "Zoë\xc2\xa0", "\xf0\x9f\xa6\x8a", "a\xe2\x80\x8f", "\xef\xbf\xbd"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(form_text(good[i], false, &chars), FORM_CLEAN);
    assert_int_equal(form_text("Ελένη", false, &chars), FORM_CLEAN);
    assert_int_equal(chars, 5);
    assert_int_equal(form_text("a\n\tb", true, &chars), FORM_CLEAN);
    assert_int_equal(chars, 4);
}

static void form_text_refuses_broken_utf8(void **state)
{
    (void)state;
    const char *const bad[] = {"\x80",
                               "\xc0\xaf",
                               "\xc1\xbf",
                               "\xc3",
                               "\xc3(",
                               "\xe0\x80\xaf",
                               "\xe2\x82",
                               "\xed\xa0\x80",
                               "\xf0\x80\x80\xaf",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xff",
                               "a\xe2\x82z"};
    size_t chars;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (form_text(bad[i], true, &chars) != FORM_NOT_UTF8)
            fail_msg("row %zu passed as UTF-8", i);
}

static void form_text_refuses_controls_and_overrides(void **state)
{
    (void)state;
    const char *const controls[] = {"\x01",     "\x1b[0m",  "\r",           "\x7f",
                                    "\xc2\x80", "\xc2\x9b", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    const char *const bidi[] = {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
    size_t chars;
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        assert_int_equal(form_text(controls[i], true, &chars), FORM_CONTROL);
    for (size_t i = 0; i < sizeof bidi / sizeof bidi[0]; i++)
        assert_int_equal(form_text(bidi[i], true, &chars), FORM_BIDI);
    assert_int_equal(form_text("a\nb", false, &chars), FORM_CONTROL);
    assert_int_equal(form_text("a\tb", false, &chars), FORM_CONTROL);
}

static void all(bool is(const char *), bool wanted, const char *const rows[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(rows[i]) != wanted)
            fail_msg("\"%s\" should %s", rows[i], wanted ? "pass" : "be refused");
}
#define PASS(is, ...)                                                                                                  \
    all(is, true, (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))
#define FAIL(is, ...)                                                                                                  \
    all(is, false, (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void form_languages(void **state)
{
    (void)state;
    PASS(form_is_language, "el", "en-GB", "sr-Latn", "zh-Hant-TW", "rom", "de-CH-1996", "en-x-private", "rmy-t-ro");
    FAIL(form_is_language, "", "e", "x", "el-", "-el", "el--GR", "e1", "el_GR", "greekgreek", "en-x", "en-a-b",
         "en-abcdefghi", "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd", "el ", "ελ");
}

static void form_phones(void **state)
{
    (void)state;
    PASS(form_is_phone, "+302109999999", "+32116000", "+123456789012345");
    FAIL(form_is_phone, "", "+", "116000", "+0302109999999", "+1234567890123456", "+30 210", "+30210x", "0030210999999",
         "+3021099999 ", "+1234");
}

static void form_zones(void **state)
{
    (void)state;
    PASS(form_is_zone, "Europe/Athens", "UTC", "America/Argentina/Ushuaia", "Etc/GMT+2", "+02:00", "-11:30", "+23:59");
    FAIL(form_is_zone, "", "/", "Europe/", "Europe//Athens", "+2:00", "+24:00", "+02:60", "+02:0x", "Athens time",
         "../../etc/passwd", "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void form_names_of_the_network(void **state)
{
    (void)state;
    PASS(form_is_member, "be-baken", "a", "gr2");
    FAIL(form_is_member, "", "BE-baken", "be_baken", "be baken", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    PASS(form_is_reference, "BE-2026-00123", "X");
    FAIL(form_is_reference, "", "be-2026-00123", "BE/2026", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    PASS(form_is_script, "Cyrl");
    FAIL(form_is_script, "", "cyrl", "Cyr", "Cyril");
}

static void form_blanks(void **state)
{
    (void)state;
    assert_true(form_is_blank(NULL));
    assert_true(form_is_blank(""));
    assert_true(form_is_blank(" \t\n"));
    assert_false(form_is_blank(" x "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_text_accepts_what_people_write),
        cmocka_unit_test(form_text_refuses_broken_utf8),
        cmocka_unit_test(form_text_refuses_controls_and_overrides),
        cmocka_unit_test(form_languages),
        cmocka_unit_test(form_phones),
        cmocka_unit_test(form_zones),
        cmocka_unit_test(form_names_of_the_network),
        cmocka_unit_test(form_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
