/* utf8: the strict decoder of RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/utf8.h"

static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, point >>= 6)
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)((0xf00 >> len & 0xff) | point);
    return len;
}

static void utf8_every_code_point_comes_back(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x120000; point++) {
        uint8_t bytes[4];
        size_t len = encode(point, bytes), got_len;
        int32_t got = utf8_next(slice_of(bytes, len), &got_len);
        bool good = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        if (got != (good ? (int32_t)point : -1) || got_len != (good ? len : 1))
            fail_msg("U+%X: %d in %zu bytes", point, (int)got, got_len);
    }
}

static void utf8_every_pair_of_bytes_is_judged_right(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t bytes[2] = {(uint8_t)a, (uint8_t)b};
            bool good = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
            if (utf8_is_valid(slice_of(bytes, 2)) != good)
                fail_msg("%02x %02x", a, b);
        }
    }
}

static void utf8_malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "a\xc3(",
                                      "\xe2(\xa1",
                                      "\xf0\x9f(\x98",
                                      "good\xed\xa0\xbd\xed\xb8\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (utf8_is_valid(slice_text(bad[i])))
            fail_msg("row %zu is taken", i);
    }
}

static void utf8_cut_text_is_not_read_past_its_end(void **state)
{
    (void)state;
    static const uint8_t whole[] = {0xf0, 0x9f, 0x98, 0x80};
    for (size_t len = 1; len < 4; len++) {
        uint8_t *exact = malloc(len); /* the address sanitizer stands behind it */
        size_t got;
        assert_non_null(exact);
        memcpy(exact, whole, len);
        assert_int_equal(utf8_next(slice_of(exact, len), &got), -1);
        assert_int_equal(got, 1);
        free(exact);
    }
    assert_true(utf8_is_valid(slice_of(NULL, 0)));
}

static void utf8_controls_are_what_moves_a_terminal_or_turns_text(void **state)
{
    (void)state;
    static const int32_t controls[] = {0,    7,     '\b',   '\r',   0x1b,   0x7f,   0x80,   0x9b,
                                       0x9f, 0x61c, 0x200e, 0x200f, 0x202a, 0x202e, 0x2066, 0x2069};
    static const int32_t letters[] = {'\n',   '\t',   ' ',    '~',    0xa0,   0xe9,   0x61b,
                                      0x200d, 0x2029, 0x202f, 0x2065, 0x206a, 0x1f600};
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        if (!utf8_is_control(controls[i]))
            fail_msg("U+%X", (unsigned)controls[i]);
    }
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (utf8_is_control(letters[i]))
            fail_msg("U+%X", (unsigned)letters[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_every_code_point_comes_back),
        cmocka_unit_test(utf8_every_pair_of_bytes_is_judged_right),
        cmocka_unit_test(utf8_malformed_text_is_refused),
        cmocka_unit_test(utf8_cut_text_is_not_read_past_its_end),
        cmocka_unit_test(utf8_controls_are_what_moves_a_terminal_or_turns_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
