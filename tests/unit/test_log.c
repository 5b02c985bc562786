/* log: one escaped line per event. stderr is caught in a temporary file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/log.h"

struct caught {
    FILE *file;
    int real_stderr;
    char text[8192];
};

static void catch_stderr(struct caught *caught)
{
    caught->file = tmpfile();
    assert_non_null(caught->file);
    caught->real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fileno(caught->file), STDERR_FILENO) >= 0);
}

/* What was written to stderr since, which is given back. */
static const char *release_stderr(struct caught *caught)
{
    assert_true(dup2(caught->real_stderr, STDERR_FILENO) >= 0);
    close(caught->real_stderr);
    rewind(caught->file);
    size_t len = fread(caught->text, 1, sizeof caught->text - 1, caught->file);
    caught->text[len] = '\0';
    fclose(caught->file);
    return caught->text;
}

static const char *behind_time(const char *line, const char *start)
{
    assert_memory_equal(line, start, strlen(start));
    const char *z = strchr(line, 'Z');
    assert_non_null(z);
    return z + 1;
}

static void log_logfmt_line_has_time_level_program_message_pairs(void **state)
{
    (void)state;
    struct caught caught;
    log_setup("hotline-test", LOG_INFO, LOG_LOGFMT);
    catch_stderr(&caught);
    log_event(LOG_WARN, "relay refused an alert", "code", "LIMIT", "empty", "", "none", (const char *)NULL, NULL);
    const char *line = release_stderr(&caught);
    assert_string_equal(behind_time(line, "ts=2"),
                        " level=warn prog=hotline-test msg=\"relay refused an alert\" "
                        "code=LIMIT empty=\"\" none=\"\"\n");
}

static void log_json_line_is_one_object_of_strings(void **state)
{
    (void)state;
    struct caught caught;
    struct log_number number;
    log_setup("hotline-test", LOG_INFO, LOG_JSON);
    catch_stderr(&caught);
    log_event(LOG_ERROR, "x", "n", log_number(&number, -42), NULL);
    const char *line = release_stderr(&caught);
    assert_string_equal(behind_time(line, "{\"ts\":\"2"),
                        "\",\"level\":\"error\",\"prog\":\"hotline-test\",\"msg\":\"x\",\"n\":\"-42\"}\n");
}

static void log_below_the_level_writes_nothing(void **state)
{
    (void)state;
    struct caught caught;
    log_setup("hotline-test", LOG_WARN, LOG_LOGFMT);
    catch_stderr(&caught);
    log_event(LOG_INFO, "quiet", NULL);
    log_event(LOG_DEBUG, "quiet", NULL);
    assert_string_equal(release_stderr(&caught), "");
}

static void log_values_cannot_forge_lines_or_reach_the_terminal(void **state)
{
    (void)state;
    static const enum log_format formats[] = {LOG_LOGFMT, LOG_JSON};
    for (size_t i = 0; i < 2; i++) {
        struct caught caught;
        log_setup("hotline-test", LOG_INFO, formats[i]);
        catch_stderr(&caught);
        log_event(LOG_INFO, "m\nlevel=error", "v", "a\nb\r\x1b[31m\x7f\t\"q\"\\ = z", NULL);
        const char *line = release_stderr(&caught);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        for (const char *c = line; *c && *c != '\n'; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_non_null(strstr(line, "m\\u000alevel=error"));
        assert_non_null(strstr(line, "a\\u000ab\\u000d\\u001b[31m\\u007f\\u0009\\\"q\\\"\\\\ = z"));
    }
}

static void log_utf8_stays_readable(void **state)
{
    (void)state;
    struct caught caught;
    log_setup("hotline-test", LOG_INFO, LOG_LOGFMT);
    catch_stderr(&caught);
    log_event(LOG_INFO, "x", "relay", "\xce\xb1\xce\xb2", NULL);
    assert_non_null(strstr(release_stderr(&caught), "relay=\"\xce\xb1\xce\xb2\"\n"));
}

/* A C1 control written as UTF-8 (0x9b opens a sequence as ESC [ does) must not reach a terminal either. */
static void log_c1_controls_are_escaped(void **state)
{
    (void)state;
    struct caught caught;
    log_setup("hotline-test", LOG_INFO, LOG_LOGFMT);
    catch_stderr(&caught);
    log_event(LOG_INFO, "x", "v",
              "a\xc2\x9b"
              "31m",
              NULL);
    assert_null(strstr(release_stderr(&caught), "\xc2\x9b"));
}

static void log_numbers_have_room_for_all(void **state)
{
    (void)state;
    struct log_number number;
    assert_string_equal(log_number(&number, INT64_MIN), "-9223372036854775808");
    assert_string_equal(log_number(&number, INT64_MAX), "9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_logfmt_line_has_time_level_program_message_pairs),
        cmocka_unit_test(log_json_line_is_one_object_of_strings),
        cmocka_unit_test(log_below_the_level_writes_nothing),
        cmocka_unit_test(log_values_cannot_forge_lines_or_reach_the_terminal),
        cmocka_unit_test(log_utf8_stays_readable),
        cmocka_unit_test(log_c1_controls_are_escaped),
        cmocka_unit_test(log_numbers_have_room_for_all),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
