/* jdoc: strict parsing with positions, getters that accept absence, builders, exact output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/jdoc.h"

static struct jdoc *parsed(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "in.json", &note, &doc) != OK)
        fail_msg("%s: %s", text, note.text);
    return doc;
}

static void refused(const char *text, size_t len, int wanted, const char *says)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    int error = jdoc_parse(slice_of(text, len), "in.json", &note, &doc);
    assert_string_equal(err_name(error), err_name(wanted));
    assert_null(doc);
    if (strstr(note.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", note.text, says);
}

static void jdoc_parse_malformed_names_file_line_and_column(void **state)
{
    (void)state;
    refused("{\n  \"a\": 1,\n  \"b\" 2\n}", 21, ERR_SYNTAX, "in.json:3:");
    refused("{\"a\": tru", 9, ERR_SYNTAX, "in.json:1:");
    refused("", 0, ERR_SYNTAX, "in.json:1:1: ");
    refused("{} {}", 5, ERR_SYNTAX, "in.json:1:");
    refused("42", 2, ERR_SYNTAX, "in.json:1:");
    refused("{\"a\": 9223372036854775808}", 26, ERR_SYNTAX, "too big integer");
    refused("{\"a\": \"\xff\"}", 10, ERR_SYNTAX, "in.json:1:");
}

static void jdoc_parse_duplicate_key_is_refused(void **state)
{
    (void)state;
    refused("{\"a\": 1,\n\"a\": 2}", 16, ERR_SYNTAX, "in.json:2:");
}

static void jdoc_parse_nul_is_refused(void **state)
{
    (void)state;
    refused("{\"a\": \"x\0y\"}", 12, ERR_SYNTAX, "in.json:1:");
    refused("{\"a\": \"x\\u0000y\"}", 17, ERR_SYNTAX, "in.json:1:");
    refused("{\"a\\u0000\": 1}", 14, ERR_SYNTAX, "in.json:1:");
}

static void jdoc_parse_control_characters_do_not_reach_the_note(void **state)
{
    (void)state;
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    assert_int_equal(jdoc_parse(slice_text("{\"a\": \x1b[31m}"), "in.json", &note, &doc), ERR_SYNTAX);
    assert_null(strchr(note.text, '\x1b'));
}

static void jdoc_parse_depth_at_limit_passes_and_beyond_is_refused(void **state)
{
    (void)state;
    char text[4 * JDOC_DEPTH_MAX + 8] = "";
    memset(text, '[', JDOC_DEPTH_MAX);
    memset(text + JDOC_DEPTH_MAX, ']', JDOC_DEPTH_MAX);
    jdoc_free(parsed(text));
    memset(text, '[', JDOC_DEPTH_MAX + 1);
    memset(text + JDOC_DEPTH_MAX + 1, ']', JDOC_DEPTH_MAX + 1);
    char where[32];
    snprintf(where, sizeof where, "in.json:1:%d: nested", JDOC_DEPTH_MAX + 1);
    refused(text, strlen(text), ERR_LIMIT, where);
}

static void jdoc_parse_brackets_in_texts_are_not_depth(void **state)
{
    (void)state;
    jdoc_free(parsed("{\"a\": \"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[\\\\\"}"));
}

static void jdoc_parse_over_the_size_limit_is_refused(void **state)
{
    (void)state;
    char *text = malloc(JDOC_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', JDOC_BYTES_MAX + 1);
    refused(text, JDOC_BYTES_MAX + 1, ERR_LIMIT, "the limit is 16777216");
    free(text);
}

static void jdoc_getters_read_types_and_nothing_else(void **state)
{
    (void)state;
    struct jdoc *doc = parsed("{\"t\": \"x\", \"i\": -5, \"r\": 1.5, \"b\": true, \"n\": null, \"l\": [1, 2]}");
    int64_t integer = 7;
    double real = 0;
    bool truth = false;
    assert_string_equal(jdoc_text(jdoc_get(doc, "t")), "x");
    assert_true(jdoc_int(jdoc_get(doc, "i"), &integer));
    assert_int_equal(integer, -5);
    assert_false(jdoc_int(jdoc_get(doc, "r"), &integer));
    assert_false(jdoc_int(jdoc_get(doc, "t"), &integer));
    assert_int_equal(integer, -5);
    assert_true(jdoc_real(jdoc_get(doc, "r"), &real) && real > 1.49 && real < 1.51);
    assert_true(jdoc_real(jdoc_get(doc, "i"), &real) && real < -4.9);
    assert_true(jdoc_bool(jdoc_get(doc, "b"), &truth) && truth);
    assert_false(jdoc_bool(jdoc_get(doc, "i"), &truth));
    assert_int_equal(jdoc_type(jdoc_get(doc, "n")), JDOC_NULL);
    assert_int_equal(jdoc_count(jdoc_get(doc, "l")), 2);
    assert_int_equal(jdoc_count(doc), 6);
    assert_null(jdoc_at(jdoc_get(doc, "l"), 2));
    assert_int_equal(jdoc_get_int(doc, "i", 9), -5);
    assert_int_equal(jdoc_get_int(doc, "t", 9), 9);
    assert_string_equal(jdoc_get_text(doc, "none", "-"), "-");
    assert_true(jdoc_get_bool(doc, "none", true));
    jdoc_free(doc);
}

static void jdoc_getters_on_nothing_give_nothing(void **state)
{
    (void)state;
    int64_t integer;
    assert_null(jdoc_get(NULL, "a"));
    assert_null(jdoc_at(NULL, 0));
    assert_null(jdoc_text(NULL));
    assert_false(jdoc_int(NULL, &integer));
    assert_int_equal(jdoc_count(NULL), 0);
    assert_int_equal(jdoc_type(NULL), JDOC_NULL);
    jdoc_free(NULL);
}

static void jdoc_next_gives_members_in_the_order_written(void **state)
{
    (void)state;
    struct jdoc *doc = parsed("{\"z\": 1, \"a\": 2, \"m\": 3}");
    struct jdoc_iter at = {0};
    const char *key;
    const struct jdoc *value;
    char keys[8] = "";
    while (jdoc_next(doc, &at, &key, &value)) {
        size_t len = strlen(keys);
        snprintf(keys + len, sizeof keys - len, "%s", key);
    }
    assert_string_equal(keys, "zam");
    jdoc_free(doc);
}

static void wrote(const struct jdoc *doc, bool pretty, const char *wanted)
{
    struct buf out;
    buf_init(&out);
    assert_int_equal(jdoc_write(doc, pretty, &out), OK);
    assert_string_equal(buf_text(&out), wanted);
    buf_free(&out);
}

static void jdoc_builders_write_what_was_set(void **state)
{
    (void)state;
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "text", "Ελένη \"x\"");
    jdoc_set_int(doc, "int", INT64_MIN);
    jdoc_set_bool(doc, "bool", false);
    jdoc_set_real(doc, "real", 41.1);
    jdoc_set_null(doc, "null");
    struct jdoc *list = jdoc_set_doc(doc, "list", jdoc_array());
    jdoc_add_text(list, "a");
    jdoc_add_int(list, 2);
    jdoc_set_int(jdoc_add_doc(list, jdoc_object()), "k", 3);
    jdoc_set_int(doc, "int", 4);
    wrote(
        doc, false,
        "{\"text\":\"Ελένη \\\"x\\\"\",\"int\":4,\"bool\":false,\"real\":41.1,"
                     "\"null\":null,\"list\":[\"a\",2,{\"k\":3}]}");
    jdoc_free(doc);
}

static void jdoc_write_pretty_is_indented(void **state)
{
    (void)state;
    struct jdoc *doc = parsed("{\"a\": [1]}");
    wrote(doc, true, "{\n  \"a\": [\n    1\n  ]\n}");
    jdoc_free(doc);
}

static void jdoc_set_text_bad_utf8_is_replaced(void **state)
{
    (void)state;
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "a", "x\xffy\xce\xb5\xe2\x82");
    wrote(doc, false, "{\"a\":\"x\xef\xbf\xbdy\xce\xb5\xef\xbf\xbd\xef\xbf\xbd\"}");
    jdoc_free(doc);
}

static void jdoc_copy_outlives_its_source(void **state)
{
    (void)state;
    struct jdoc *doc = parsed("{\"a\": {\"b\": [1, 2]}}");
    struct jdoc *copy = jdoc_copy(jdoc_get(doc, "a"));
    jdoc_free(doc);
    wrote(copy, false, "{\"b\":[1,2]}");
    jdoc_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jdoc_parse_malformed_names_file_line_and_column),
        cmocka_unit_test(jdoc_parse_duplicate_key_is_refused),
        cmocka_unit_test(jdoc_parse_nul_is_refused),
        cmocka_unit_test(jdoc_parse_control_characters_do_not_reach_the_note),
        cmocka_unit_test(jdoc_parse_depth_at_limit_passes_and_beyond_is_refused),
        cmocka_unit_test(jdoc_parse_brackets_in_texts_are_not_depth),
        cmocka_unit_test(jdoc_parse_over_the_size_limit_is_refused),
        cmocka_unit_test(jdoc_getters_read_types_and_nothing_else),
        cmocka_unit_test(jdoc_getters_on_nothing_give_nothing),
        cmocka_unit_test(jdoc_next_gives_members_in_the_order_written),
        cmocka_unit_test(jdoc_builders_write_what_was_set),
        cmocka_unit_test(jdoc_write_pretty_is_indented),
        cmocka_unit_test(jdoc_set_text_bad_utf8_is_replaced),
        cmocka_unit_test(jdoc_copy_outlives_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
