/* cli_sse: events out of a stream however it is cut; bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli_sse.c"

struct seen {
    int count, stop_after;
    char text[512];
};

static bool note_event(void *ctx, const char *id, const char *type, const char *data)
{
    struct seen *seen = ctx;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "[%s|%s|%s]", id, type, data);
    return ++seen->count != seen->stop_after;
}

static const char stream[] =
    ": hello\n\nid: 7\nevent: case.received\ndata: {\"a\":1}\n\nevent: heartbeat\r\ndata: {}\r\n\r\n"
    "data: one\ndata:two\nretry: 5\n\nid: 9\n\n";
#define WANTED "[7|case.received|{\"a\":1}][|heartbeat|{}][|message|one\ntwo]"

static void cli_sse_events_are_found_however_the_stream_is_cut(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof stream; step++) {
        struct seen seen = {0};
        struct cli_sse sse;
        cli_sse_init(&sse, note_event, &seen);
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t left = sizeof stream - 1 - at;
            assert_true(cli_sse_feed(&sse, slice_of(stream + at, left < step ? left : step)));
        }
        assert_string_equal(seen.text, WANTED);
        cli_sse_done(&sse);
    }
}

static void cli_sse_stops_when_told(void **state)
{
    (void)state;
    struct seen seen = {.stop_after = 1};
    struct cli_sse sse;
    cli_sse_init(&sse, note_event, &seen);
    assert_false(cli_sse_feed(&sse, slice_text(stream)));
    assert_int_equal(seen.count, 1);
    assert_false(sse.failed);
    cli_sse_done(&sse);
}

static void cli_sse_unfinished_event_is_forgotten_on_reset(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct cli_sse sse;
    cli_sse_init(&sse, note_event, &seen);
    assert_true(cli_sse_feed(&sse, slice_text("id: 3\ndata: half")));
    cli_sse_reset(&sse);
    assert_true(cli_sse_feed(&sse, slice_text("data: whole\n\n")));
    assert_string_equal(seen.text, "[|message|whole]");
    cli_sse_done(&sse);
}

static void cli_sse_endless_line_breaks_its_bound(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct cli_sse sse;
    char block[4096];
    bool go_on = true;
    size_t fed = 0;
    memset(block, 'x', sizeof block);
    cli_sse_init(&sse, note_event, &seen);
    for (; go_on && fed < 4 * CLI_SSE_BYTES_MAX; fed += sizeof block)
        go_on = cli_sse_feed(&sse, slice_of(block, sizeof block));
    assert_false(go_on);
    assert_true(sse.failed);
    assert_in_range(fed, CLI_SSE_BYTES_MAX, CLI_SSE_BYTES_MAX + 2 * sizeof block);
    cli_sse_done(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_sse_events_are_found_however_the_stream_is_cut),
        cmocka_unit_test(cli_sse_stops_when_told),
        cmocka_unit_test(cli_sse_unfinished_event_is_forgotten_on_reset),
        cmocka_unit_test(cli_sse_endless_line_breaks_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
