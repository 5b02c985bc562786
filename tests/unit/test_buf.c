/* buf: slices, growing buffers, cursors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/buf.h"

static void buf_new_is_empty_text(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    assert_string_equal(buf_text(&buf), "");
    assert_int_equal(buf_slice(&buf).len, 0);
    assert_false(buf_broken(&buf));
    buf_free(&buf);
    buf_free(&buf);
}

static void buf_grows_past_its_first_capacity(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    for (int i = 0; i < 10000; i++)
        buf_add_u8(&buf, (uint8_t)i);
    assert_int_equal(buf.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.data[i], (uint8_t)i);
    buf_free(&buf);
}

static void buf_text_is_terminated_outside_its_length(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    char big[300];
    memset(big, 'a', sizeof big);
    for (size_t len = 250; len < 260; len++) { /* around the first capacity */
        buf_clear(&buf);
        buf_add(&buf, big, len);
        assert_int_equal(strlen(buf_text(&buf)), len);
        assert_int_equal(buf.len, len);
    }
    buf_free(&buf);
}

static void buf_printf_appends_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_add_text(&buf, "a=");
    buf_printf(&buf, "%d %s", 42, "b");
    buf_printf(&buf, "%300d", 1);
    assert_int_equal(buf.len, 6 + 300);
    assert_memory_equal(buf_text(&buf), "a=42 b  ", 8);
    buf_free(&buf);
}

static void buf_impossible_size_breaks_it_until_cleared(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_add_text(&buf, "kept");
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf_broken(&buf));
    buf_add_text(&buf, "ignored");
    buf_printf(&buf, "%s", "ignored");
    assert_int_equal(buf_slice(&buf).len, 0);
    assert_string_equal(buf_text(&buf), "");
    buf_clear(&buf);
    buf_add_text(&buf, "again");
    assert_string_equal(buf_text(&buf), "again");
    buf_free(&buf);
}

static void buf_reserve_then_grew_keeps_direct_writes(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_add_text(&buf, "ab");
    uint8_t *room = buf_reserve(&buf, 1000);
    assert_non_null(room);
    memcpy(room, "cd", 2);
    buf_grew(&buf, 2);
    assert_string_equal(buf_text(&buf), "abcd");
    buf_add(&buf, NULL, 0);
    assert_string_equal(buf_text(&buf), "abcd");
    buf_free(&buf);
}

static void buf_integers_are_little_endian_and_come_back(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_add_u8(&buf, 0xfe);
    buf_add_u32le(&buf, UINT32_C(0x89abcdef));
    buf_add_u64le(&buf, UINT64_C(0x8123456789abcdef));
    static const uint8_t expected[] = {0xfe, 0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x81};
    assert_int_equal(buf.len, sizeof expected);
    assert_memory_equal(buf.data, expected, sizeof expected);
    struct cursor cursor = cursor_of(buf_slice(&buf));
    assert_int_equal(cursor_u8(&cursor), 0xfe);
    assert_int_equal(cursor_u32le(&cursor), UINT32_C(0x89abcdef));
    assert_true(cursor_u64le(&cursor) == UINT64_C(0x8123456789abcdef));
    assert_true(cursor_at_end(&cursor));
    buf_free(&buf);
}

static void cursor_short_read_fails_and_stays_failed(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(slice_of("abc", 3));
    assert_int_equal(cursor_u8(&cursor), 'a');
    assert_int_equal(cursor_u32le(&cursor), 0);
    assert_true(cursor_failed(&cursor));
    assert_int_equal(cursor_u8(&cursor), 0); /* two bytes are left, but the failure sticks */
    assert_int_equal(cursor_take(&cursor, 0).len, 0);
    assert_false(cursor_at_end(&cursor));
}

static void cursor_takes_exactly_to_the_end(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(slice_of("abcd", 4));
    struct slice all = cursor_take(&cursor, 4);
    assert_true(slice_equal(all, slice_text("abcd")));
    assert_true(cursor_at_end(&cursor));
    assert_int_equal(cursor_take(&cursor, 0).len, 0);
    assert_false(cursor_failed(&cursor));
    assert_int_equal(cursor_take(&cursor, SIZE_MAX).len, 0);
    assert_true(cursor_failed(&cursor));
}

static void cursor_half_a_u64_fails(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(slice_of("abcdefg", 7));
    cursor_u64le(&cursor);
    assert_true(cursor_failed(&cursor));
}

static void slice_equality_is_length_and_bytes(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_of(NULL, 0), slice_text("")));
    assert_true(slice_equal(slice_text("ab"), slice_of("abc", 2)));
    assert_false(slice_equal(slice_text("ab"), slice_text("abc")));
    assert_false(slice_equal(slice_text("ab"), slice_text("ac")));
}

static void buf_hex_and_back(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    char text[9];
    buf_hex(slice_of(bytes, sizeof bytes), text);
    assert_string_equal(text, "000fa0ff");
    uint8_t back[4];
    assert_int_equal(buf_unhex("000FA0ff", back, 4), OK);
    assert_memory_equal(back, bytes, 4);
}

static void buf_unhex_refuses_and_leaves_its_output(void **state)
{
    (void)state;
    const char *const bad[] = {"", "0", "000fa0f", "000fa0ff0", "000fa0fg", "0x0fa0ff", " 00fa0ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[4] = {1, 2, 3, 4};
        assert_int_equal(buf_unhex(bad[i], bytes, 4), ERR_SYNTAX);
        assert_memory_equal(bytes, "\1\2\3\4", 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_new_is_empty_text),
        cmocka_unit_test(buf_grows_past_its_first_capacity),
        cmocka_unit_test(buf_text_is_terminated_outside_its_length),
        cmocka_unit_test(buf_printf_appends_and_keeps_what_was_there),
        cmocka_unit_test(buf_impossible_size_breaks_it_until_cleared),
        cmocka_unit_test(buf_reserve_then_grew_keeps_direct_writes),
        cmocka_unit_test(buf_integers_are_little_endian_and_come_back),
        cmocka_unit_test(cursor_short_read_fails_and_stays_failed),
        cmocka_unit_test(cursor_takes_exactly_to_the_end),
        cmocka_unit_test(cursor_half_a_u64_fails),
        cmocka_unit_test(slice_equality_is_length_and_bytes),
        cmocka_unit_test(buf_hex_and_back),
        cmocka_unit_test(buf_unhex_refuses_and_leaves_its_output),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
