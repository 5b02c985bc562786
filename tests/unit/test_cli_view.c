/* cli_view, cli_draft, cli_words: what people read. A drill says so; what comes from others is harmless; a diff names
 * each field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli.c"
#include "node/cli/cli_args.c"
#include "node/cli/cli_draft.c"
#include "node/cli/cli_table.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_view.c"
#include "node/cli/cli_width.c"
#include "node/cli/cli_words.c"

static struct jdoc *parsed(const char *text)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(text), "in.json", &note, &doc) != OK)
        fail_msg("%s: %s", text, note.text);
    return doc;
}

static void says(struct buf *out, const char *wanted)
{
    if (strstr(buf_text(out), wanted) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", buf_text(out), wanted);
}

static void cli_view_drill_says_so_in_words(void **state)
{
    (void)state;
    struct buf out;
    struct jdoc *view =
        parsed("{\"reference\":\"GR-2026-00001\",\"member\":\"gr-faros\",\"status\":\"EXERCISE\",\"state\":\"OPEN\","
               "\"revision\":1}");
    buf_init(&out);
    cli_view_headline(view, "en", 0, &out);
    says(&out, "*** EXERCISE ***");
    assert_null(strstr(buf_text(&out), "LIVE"));
    buf_clear(&out);
    jdoc_set_text(view, "status", "ACTUAL");
    cli_view_headline(view, "en", 0, &out);
    says(&out, "LIVE");
    assert_null(strstr(buf_text(&out), "EXERCISE"));
    buf_free(&out);
    jdoc_free(view);
}

static void cli_view_text_of_others_cannot_steer(void **state)
{
    (void)state;
    struct jdoc *view =
        parsed("{\"reference\":\"R\\u001b[2J\",\"member\":\"m\\u202e\",\"state\":\"OPEN\\u009b\",\"thread\":[{\"from\":"
               "\"a\\u001b\",\"kind\":\"MESSAGE\",\"text\":\"x\\u001b]0;t\\u0007\\ny\"}],\"case\":{\"a\":\"b\\u001b\"},"
               "\"ladder\":[{\"name\":\"n\",\"member\":\"m\\u001b[1m\",\"state\":\"QUEUED\",\"note\":\"\\u001b\"}]}");
    struct buf out;
    buf_init(&out);
    cli_view_headline(view, "en", 0, &out);
    cli_view_thread(view, "en", 0, &out);
    assert_int_equal(cli_view_ladder(view, 0, &out), OK);
    assert_int_equal(cli_view_case(jdoc_get(view, "case"), &hotline__case__descriptor, "en", &out), OK);
    const char *at = buf_text(&out);
    while (*at != '\0') {
        uint32_t c = cli_text_take(&at);
        assert_true(c == '\n' || !cli_text_is_control(c));
    }
    buf_free(&out);
    jdoc_free(view);
}

static void cli_view_case_lists_every_field_by_its_path(void **state)
{
    (void)state;
    struct jdoc *alert = parsed(
        "{\"do_not_approach\":true,\"child\":{\"given_name\":\"Eleni\",\"languages\":[\"el\",\"en\"],\"clothing\":"
        "[{\"item\":\"COAT\"},{\"item\":\"CAP\"}],\"glasses\":false,\"age_years\":9},"
        "\"last_seen\":{\"latitude\":38.25}}");
    struct buf out;
    buf_init(&out);
    assert_int_equal(cli_view_case(alert, &hotline__case__descriptor, NULL, &out), OK);
    says(&out, "DO NOT APPROACH\n");
    says(&out, "  child, given name        Eleni\n");
    says(&out, "  child, languages         el en\n");
    says(&out, "  child, clothing 1, item  Coat\n");
    says(&out, "  child, clothing 2, item  Cap\n");
    says(&out, "  child, glasses           no\n");
    says(&out, "  child, age years         9\n");
    says(&out, "  last seen, latitude      38.250000\n");
    buf_free(&out);
    jdoc_free(alert);
}

static void cli_view_case_says_codes_in_the_readers_language(void **state)
{
    (void)state;
    struct jdoc *alert =
        parsed("{\"category\":\"PARENTAL_ABDUCTION\",\"child\":{\"given_name\":\"COAT\",\"hair\":{\"colour\":"
               "\"RED\"},\"clothing\":[{\"item\":\"COAT\",\"colour\":\"RED\"}]},\"risks\":[\"TRAFFICKING\","
               "\"WEATHER\"],\"likely_countries\":[\"FR\",\"IT\"]}");
    static const struct {
        const char *language, *category, *coat;
    } said[] = {{"en", "Parental abduction", "Coat"},
                 {"fr", "Enlèvement parental", "Manteau"},
                 {"xx", "Parental abduction", "Coat"}};
    struct buf out;
    buf_init(&out);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        buf_clear(&out);
        assert_int_equal(cli_view_case(alert, &hotline__case__descriptor, said[i].language, &out), OK);
        says(&out, said[i].category);
        says(&out, said[i].coat);
        says(&out, " COAT\n"); /* what people wrote is nobody's code */
        says(&out, "FR IT\n");
        assert_null(strstr(buf_text(&out), "TRAFFICKING"));
    }
    buf_clear(&out);
    struct jdoc *view =
        parsed("{\"status\":\"ACTUAL\",\"state\":\"OPEN\",\"urgency\":\"IMMEDIATE\",\"category\":"
               "\"RUNAWAY\",\"thread\":[{\"kind\":\"SIGHTING\",\"sighting\":{\"confidence\":\"PROBABLE\","
               "\"source_grade\":\"B\",\"information_grade\":2}}]}");
    cli_view_headline(view, "de", 0, &out);
    cli_view_thread(view, "de", 0, &out);
    assert_null(strstr(buf_text(&out), "RUNAWAY"));
    assert_null(strstr(buf_text(&out), "PROBABLE"));
    says(&out, "information grade");
    buf_free(&out);
    jdoc_free(view);
    jdoc_free(alert);
}

static void cli_language_is_that_of_the_locale_or_english(void **state)
{
    (void)state;
    char language[LIMIT_LANGUAGE_CHARS + 1];
    assert_true(cli_language("fr_FR.UTF-8", language));
    assert_string_equal(language, "fr");
    assert_true(cli_language("pl-PL", language));
    assert_string_equal(language, "pl");
    static const char *const none[] = {NULL, "", "C", "C.UTF-8", "POSIX", "xx_XX", "e"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(cli_language(none[i], language));
        assert_string_equal(language, "en");
    }
}

static void cli_view_ladder_names_whom_to_call(void **state)
{
    (void)state;
    struct jdoc *view = parsed("{\"ladder\":[{\"country\":\"IT\",\"member\":\"it-lanterna\",\"state\":\"QUEUED\","
                               "\"phone\":\"+3225550000\",\"late\":true}]}");
    struct buf out;
    buf_init(&out);
    assert_int_equal(cli_view_ladder(view, 0, &out), OK);
    says(&out, "+3225550000  LATE: call them\n");
    buf_free(&out);
    jdoc_free(view);
}

static void cli_view_event_is_one_line(void **state)
{
    (void)state;
    struct jdoc *event = parsed("{\"type\":\"ladder.changed\",\"reference\":\"GR-2026-00001\",\"opener\":\"gr-faros\","
                                "\"member\":\"it-lanterna\","
                                "\"state\":\"DELIVERED\",\"status\":\"EXERCISE\",\"revision\":2,\"after_ms\":212}");
    struct buf out;
    buf_init(&out);
    cli_view_event(event, 0, &out);
    says(&out,
         "ladder.changed   EXERCISE  GR-2026-00001  gr-faros  it-lanterna  DELIVERED  revision 2  after 212 ms\n");
    assert_ptr_equal(strchr(buf_text(&out), '\n'), buf_text(&out) + out.len - 1);
    buf_free(&out);
    jdoc_free(event);
}

static void cli_draft_put_keeps_order_and_replaces(void **state)
{
    (void)state;
    struct jdoc *draft = cli_draft_new();
    cli_draft_put(draft, "members", "b", parsed("{\"id\":\"b\",\"n\":1}"));
    cli_draft_put(draft, "members", "c", parsed("{\"id\":\"c\"}"));
    cli_draft_put(draft, "members", "a", parsed("{\"id\":\"a\"}"));
    cli_draft_put(draft, "members", "b", parsed("{\"id\":\"b\",\"n\":2}"));
    assert_int_equal(jdoc_count(jdoc_get(draft, "members")), 3);
    assert_string_equal(jdoc_get_text(jdoc_at(jdoc_get(draft, "members"), 0), "id", ""), "a");
    assert_int_equal(jdoc_get_int(cli_draft_find(draft, "members", "b"), "n", 0), 2);
    cli_draft_put(draft, "members", "b", NULL);
    assert_null(cli_draft_find(draft, "members", "b"));
    assert_int_equal(jdoc_count(jdoc_get(draft, "members")), 2);
    jdoc_free(draft);
}

static void cli_draft_diff_names_entry_and_field(void **state)
{
    (void)state;
    struct jdoc *before =
        parsed("{\"members\":[{\"id\":\"a\",\"standing\":\"ACTIVE\",\"old\":true},{\"id\":\"gone\"}],\"relays\":[]}");
    struct jdoc *after = parsed("{\"members\":[{\"id\":\"a\",\"standing\":\"SUSPENDED\"},"
                                "{\"id\":\"new\",\"country\":\"BE\",\"name\":\"N\"}],\"relays\":[{\"id\":\"r\"}]}");
    struct buf out;
    buf_init(&out);
    assert_int_equal(cli_draft_diff(before, after, &out), 5);
    assert_string_equal(buf_text(&out),
                        "~ member a standing: ACTIVE -> SUSPENDED\n~ member a old: yes -> -\n+ member new (BE) N\n"
                        "- member gone\n+ relay r (?) \n");
    buf_clear(&out);
    assert_int_equal(cli_draft_diff(after, after, &out), 0);
    buf_free(&out);
    jdoc_free(before);
    jdoc_free(after);
}

static void cli_words_are_256_and_unlike_each_other(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        const char *word = cli_words_of((uint8_t)a);
        assert_in_range(strlen(word), 4, 10);
        assert_true(strspn(word, "abcdefghijklmnopqrstuvwxyz") == strlen(word));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(cli_words_of((uint8_t)b), word);
    }
    struct buf out;
    buf_init(&out);
    cli_words_add(&out, slice_of("\0\0\0\0\1", 5));
    says(&out, " - ");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_view_drill_says_so_in_words),
        cmocka_unit_test(cli_view_text_of_others_cannot_steer),
        cmocka_unit_test(cli_view_case_lists_every_field_by_its_path),
        cmocka_unit_test(cli_view_case_says_codes_in_the_readers_language),
        cmocka_unit_test(cli_language_is_that_of_the_locale_or_english),
        cmocka_unit_test(cli_view_ladder_names_whom_to_call),
        cmocka_unit_test(cli_view_event_is_one_line),
        cmocka_unit_test(cli_draft_put_keeps_order_and_replaces),
        cmocka_unit_test(cli_draft_diff_names_entry_and_field),
        cmocka_unit_test(cli_words_are_256_and_unlike_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
