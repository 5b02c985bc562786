/* cli_text, cli_width, cli_table: nothing steers a terminal, columns line up in every script, times read well.
 * The sources are included: the command line is a program, not a library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli_table.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_width.c"
#include "proto/jdoc.h"

static void cleans_to(const char *text, const char *wanted)
{
    struct buf out;
    buf_init(&out);
    cli_text_clean(&out, text);
    assert_string_equal(buf_text(&out), wanted);
    buf_free(&out);
}

static void cli_text_controls_are_stripped(void **state)
{
    (void)state;
    cleans_to("plain", "plain");
    cleans_to("\033[31mred\033[0m", "[31mred[0m");
    cleans_to("a\001\x7f"
              "b",
              "ab");
    cleans_to("\xc2\x9b"
              "31m",
              "31m"); /* C1 CSI */
    cleans_to("x\xe2\x80\xae"
              "y\xe2\x81\xa6z",
              "xyz");                            /* RLO, LRI */
    cleans_to("x\xe2\x80\x8fy\xd8\x9cz", "xyz"); /* RLM, ALM */
    cleans_to("a\tb\nc", "a b c");
    cleans_to("\xce\xa6\xce\xac\xcf\x81\xce\xbf\xcf\x82", "\xce\xa6\xce\xac\xcf\x81\xce\xbf\xcf\x82");
    cleans_to("\xf3\xa0\x81\x81tag", "tag"); /* a language tag character */
}

static void cli_text_broken_utf8_becomes_replacement(void **state)
{
    (void)state;
    cleans_to("a\xff"
              "b",
              "a\xef\xbf\xbd"
              "b");
    cleans_to("a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd");
    cleans_to("\xc0\x9b[31m", "\xef\xbf\xbd\xef\xbf\xbd[31m"); /* overlong ESC */
}

static void cli_text_clean_lines_keeps_and_indents_lines(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    cli_text_clean_lines(&out, "one\ntwo\033x", 2);
    assert_string_equal(buf_text(&out), "one\n  twox");
    buf_free(&out);
}

static void cli_text_width_counts_columns(void **state)
{
    (void)state;
    assert_int_equal(cli_text_width("abc"), 3);
    assert_int_equal(cli_text_width("\xce\xa6\xce\xac\xcf\x81\xce\xbf\xcf\x82"), 5); /* Greek */
    assert_int_equal(cli_text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);                 /* Japanese */
    assert_int_equal(cli_text_width("e\xcc\x81"), 1);                                /* combining acute */
    assert_int_equal(cli_text_width("\xf0\x9f\x9a\xa8"), 2);                         /* an emoji */
    assert_int_equal(cli_text_width("\xd7\xa9\xd6\xb8\xd7\x9c"), 2);                 /* Hebrew with a point */
    assert_int_equal(cli_text_width("\033[1m"), 3);                                  /* ESC goes, the rest stays */
    assert_int_equal(cli_text_width(""), 0);
}

static void cli_text_escaped_json_is_the_same_document(void **state)
{
    (void)state;
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "t",
                  "a\xe2\x80\xae\xc2\x9b"
                  "b\xf3\xa0\x81\x81");
    struct buf raw, safe;
    buf_init(&raw);
    buf_init(&safe);
    assert_int_equal(jdoc_write(doc, false, &raw), OK);
    cli_text_escape_json(&safe, buf_text(&raw));
    assert_string_equal(buf_text(&safe), "{\"t\":\"a\\u202e\\u009bb\\udb40\\udc41\"}");
    struct jdoc *again = NULL;
    assert_int_equal(jdoc_parse(buf_slice(&safe), "x", NULL, &again), OK);
    assert_string_equal(jdoc_text(jdoc_get(again, "t")), jdoc_text(jdoc_get(doc, "t")));
    jdoc_free(again);
    jdoc_free(doc);
    buf_free(&raw);
    buf_free(&safe);
}

static void time_reads(const char *time, const char *now, const char *wanted)
{
    int64_t now_us = 0;
    char text[CLI_TEXT_TIME_MAX];
    assert_int_equal(clock_parse(now, &now_us), OK);
    cli_text_time(time, now_us, text);
    assert_string_equal(text, wanted);
}

static void cli_text_time_is_short_local_and_relative(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    time_reads("2026-11-21T11:40:07.000Z", "2026-11-21T11:40:52Z", "11:40:07 (45 s ago)");
    time_reads("2026-11-20T11:40:07.000Z", "2026-11-21T13:40:07Z", "20 Nov 11:40 (26 h 00 min ago)");
    time_reads("2025-11-20T11:40:07.000Z", "2025-11-20T11:40:07Z", "11:40:07 (0 s ago)");
    time_reads("2027-01-20T11:40:07Z", "2026-11-21T11:40:07Z", "20 Jan 2027 11:40 (in 60 d 0 h)");
    time_reads(NULL, "2026-11-21T11:40:07Z", "-");
    time_reads("soon", "2026-11-21T11:40:07Z", "soon");
}

static void cli_table_pads_by_width_and_strips_cells(void **state)
{
    (void)state;
    static const char *const headers[] = {"NAME", "CC", "NOTE"};
    struct cli_table *table = cli_table_new(headers, 3);
    struct buf out;
    buf_init(&out);
    cli_table_cell(table, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
    cli_table_cell(table, "JP");
    cli_table_cell(table, "\033[2Jx");
    cli_table_cell(table, "abc");
    cli_table_cell(table, NULL);
    cli_table_cell(table, "");
    assert_int_equal(cli_table_write(table, &out), OK);
    assert_string_equal(buf_text(&out),
                        "NAME    CC  NOTE\n\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e  JP  [2Jx\nabc     -\n");
    cli_table_free(table);
    buf_free(&out);
}

static void cli_table_without_headers_has_only_rows(void **state)
{
    (void)state;
    struct cli_table *table = cli_table_new(NULL, 2);
    struct buf out;
    buf_init(&out);
    cli_table_cell(table, "  a");
    cli_table_cell_int(table, -7);
    assert_int_equal(cli_table_write(table, &out), OK);
    assert_string_equal(buf_text(&out), "  a  -7\n");
    cli_table_free(table);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_text_controls_are_stripped),
        cmocka_unit_test(cli_text_broken_utf8_becomes_replacement),
        cmocka_unit_test(cli_text_clean_lines_keeps_and_indents_lines),
        cmocka_unit_test(cli_text_width_counts_columns),
        cmocka_unit_test(cli_text_escaped_json_is_the_same_document),
        cmocka_unit_test(cli_text_time_is_short_local_and_relative),
        cmocka_unit_test(cli_table_pads_by_width_and_strips_cells),
        cmocka_unit_test(cli_table_without_headers_has_only_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
