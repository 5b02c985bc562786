/* err: names, exit statuses, notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/err.h"

static void err_names_and_statuses_follow_the_list(void **state)
{
    (void)state;
    assert_string_equal(err_name(OK), "OK");
    assert_string_equal(err_name(ERR_NOMEM), "NOMEM");
    assert_string_equal(err_name(ERR_PARTLY), "PARTLY");
    assert_int_equal(err_exit_status(OK), 0);
    assert_int_equal(err_exit_status(ERR_CONFIG), 2);
    assert_int_equal(err_exit_status(ERR_NOT_FOUND), 3);
    assert_int_equal(err_exit_status(ERR_UNREACHABLE), 4);
    assert_int_equal(err_exit_status(ERR_SIGNATURE), 5);
    assert_int_equal(err_exit_status(ERR_TIMEOUT), 6);
    assert_int_equal(err_exit_status(ERR_PARTLY), 7);
}

static void err_unlisted_numbers_are_named_so(void **state)
{
    (void)state;
    const int numbers[] = {1, 4711, -(int)ERR_ORD_COUNT, -100000, INT32_MIN + 1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_string_equal(err_name(numbers[i]), "UNLISTED");
        assert_int_equal(err_exit_status(numbers[i]), 1);
    }
}

static void err_every_row_has_a_sentence_and_a_status_in_range(void **state)
{
    (void)state;
    for (int error = -(int)ERR_ORD_COUNT + 1; error < 0; error++) {
        assert_true(strlen(err_text(error)) > 2);
        assert_in_range(err_exit_status(error), 1, 7);
        assert_string_not_equal(err_name(error), "UNLISTED");
    }
}

static void err_set_writes_the_note_and_returns_the_error(void **state)
{
    (void)state;
    struct err_note note = {""};
    assert_int_equal(err_set(&note, ERR_LIMIT, "%s: %d", "body", 7), ERR_LIMIT);
    assert_string_equal(note.text, "body: 7");
    assert_int_equal(err_set(NULL, ERR_LIMIT, "%s", "nobody listens"), ERR_LIMIT);
}

static void err_prefix_goes_before_and_cuts_at_the_end(void **state)
{
    (void)state;
    struct err_note note = {"colour: PURPLISH"};
    err_prefix(&note, "child.hair");
    assert_string_equal(note.text, "child.hair: colour: PURPLISH");
    memset(note.text, 'x', sizeof note.text - 1);
    note.text[sizeof note.text - 1] = '\0';
    err_prefix(&note, "p");
    assert_int_equal(strlen(note.text), sizeof note.text - 1);
    assert_memory_equal(note.text, "p: xxx", 6);
    char longer[2 * ERR_NOTE_MAX];
    memset(longer, 'y', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_prefix(&note, longer);
    assert_int_equal(strlen(note.text), sizeof note.text - 1);
    err_prefix(NULL, "nothing to do");
}

static void err_explain_prefers_the_note(void **state)
{
    (void)state;
    struct err_note note = {"where"}, empty = {""};
    assert_string_equal(err_explain(&note, ERR_IO), "where");
    assert_string_equal(err_explain(&empty, ERR_IO), err_text(ERR_IO));
    assert_string_equal(err_explain(NULL, ERR_IO), err_text(ERR_IO));
}

/* Notes quote what strangers wrote, and are shown on terminals. */
static void err_note_holds_no_control_characters(void **state)
{
    struct err_note note = {""};
    (void)state;
    assert_int_equal(err_set(&note, ERR_NEWER, "version %s", "1\x1b[2J\n\x7f\xc3\xa9"), ERR_NEWER);
    assert_string_equal(note.text, "version 1?[2J??\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_note_holds_no_control_characters),
        cmocka_unit_test(err_names_and_statuses_follow_the_list),
        cmocka_unit_test(err_unlisted_numbers_are_named_so),
        cmocka_unit_test(err_every_row_has_a_sentence_and_a_status_in_range),
        cmocka_unit_test(err_set_writes_the_note_and_returns_the_error),
        cmocka_unit_test(err_prefix_goes_before_and_cuts_at_the_end),
        cmocka_unit_test(err_explain_prefers_the_note),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
