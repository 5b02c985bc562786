/* cli_args: the forms of options, and refusals that name what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli_args.c"

static const struct cli_args_option own[] = {
    {"live", 0, CLI_ARGS_FLAG, NULL, ""},
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", ""},
    {"timeout", 'W', CLI_ARGS_VALUE, "DURATION", ""},
    {NULL, 0, CLI_ARGS_FLAG, NULL, NULL},
};
static const struct cli_args_option common[] = {
    {"no-input", 0, CLI_ARGS_FLAG, NULL, ""},
    {NULL, 0, CLI_ARGS_FLAG, NULL, NULL},
};
static const struct cli_args_option *const tables[2] = {own, common};

#define PARSE(note, args, ...)                                                                                         \
    cli_args_parse((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),    \
                   tables, (note), (args))

static void cli_args_every_form_is_read(void **state)
{
    (void)state;
    struct cli_args args;
    size_t index = 0;
    assert_int_equal(PARSE(NULL, &args, "case.json", "--live", "--to", "IT", "-W10s", "--to=FR,BE", "--no-input"), OK);
    assert_true(cli_args_has(&args, "live"));
    assert_true(cli_args_has(&args, "no-input"));
    assert_false(cli_args_has(&args, "exercise"));
    assert_string_equal(cli_args_text(&args, "timeout", "60s"), "10s");
    assert_string_equal(cli_args_next(&args, "to", &index), "IT");
    assert_string_equal(cli_args_next(&args, "to", &index), "FR,BE");
    assert_null(cli_args_next(&args, "to", &index));
    assert_int_equal(args.positional_count, 1);
    assert_string_equal(cli_args_at(&args, 0), "case.json");
    assert_null(cli_args_at(&args, 1));
    cli_args_done(&args);
}

static void cli_args_dash_is_positional_and_two_dashes_end_options(void **state)
{
    (void)state;
    struct cli_args args;
    assert_int_equal(PARSE(NULL, &args, "-", "--", "--live", "-W"), OK);
    assert_int_equal(args.positional_count, 3);
    assert_string_equal(cli_args_at(&args, 1), "--live");
    assert_false(cli_args_has(&args, "live"));
    assert_string_equal(cli_args_text(&args, "timeout", "60s"), "60s");
    cli_args_done(&args);
}

static void cli_args_value_may_begin_with_a_dash(void **state)
{
    (void)state;
    struct cli_args args;
    assert_int_equal(PARSE(NULL, &args, "--timeout", "-5"), OK);
    assert_string_equal(cli_args_text(&args, "timeout", ""), "-5");
    cli_args_done(&args);
}

static void refused(int error, const struct err_note *note, const char *says)
{
    assert_int_equal(error, ERR_USAGE);
    if (strstr(note->text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", note->text, says);
}

static void cli_args_refusals_name_the_option(void **state)
{
    (void)state;
    struct cli_args args;
    struct err_note note = {""};
    refused(PARSE(&note, &args, "--livee"), &note, "did you mean --live?");
    refused(PARSE(&note, &args, "--zzzzzz"), &note, "unknown option --zzzzzz");
    refused(PARSE(&note, &args, "-x"), &note, "unknown option -x");
    refused(PARSE(&note, &args, "--live=yes"), &note, "--live takes no value");
    refused(PARSE(&note, &args, "--timeout"), &note, "--timeout needs a value");
    refused(PARSE(&note, &args, "--to", "--live"), &note, "--to needs a value");
    refused(PARSE(&note, &args, "-W", "1s", "--timeout=2s"), &note, "--timeout is given twice");
}

static void cli_args_near_finds_the_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"publish", "inbox", "show"};
    assert_string_equal(cli_args_near("pubish", names, 3), "publish");
    assert_string_equal(cli_args_near("inbx", names, 3), "inbox");
    assert_null(cli_args_near("frobnicate", names, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_args_every_form_is_read),
        cmocka_unit_test(cli_args_dash_is_positional_and_two_dashes_end_options),
        cmocka_unit_test(cli_args_value_may_begin_with_a_dash),
        cmocka_unit_test(cli_args_refusals_name_the_option),
        cmocka_unit_test(cli_args_near_finds_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
