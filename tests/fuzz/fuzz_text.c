/* fuzz_text: text of strangers on its way to a terminal, a table, a log line, and an event stream read by the command.
 */
#include "node/cli/cli_sse.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_width.c"

#include "fuzz.h"
#include "proto/clock.h"
#include "proto/country.h"
#include "proto/form.h"
#include "proto/near.h"
#include "proto/utf8.h"

/* Nothing that steers a terminal is left, and it is whole UTF-8. */
static void check_clean(struct buf *out, bool lines)
{
    const char *at = buf_text(out);
    CHECK(strlen(at) == out->len);
    while (*at != '\0') {
        uint32_t character = cli_text_take(&at);
        CHECK(!cli_text_is_control(character) || (lines && character == '\n'));
        CHECK(cli_width_of(character) >= 0 && cli_width_of(character) <= 2);
    }
    buf_clear(out);
}

static void clean(const char *text)
{
    struct buf out;
    char when[CLI_TEXT_TIME_MAX];
    buf_init(&out);
    cli_text_clean(&out, text);
    check_clean(&out, false);
    cli_text_clean_lines(&out, text, 4);
    check_clean(&out, true);
    CHECK(cli_text_width(text) <= 2 * strlen(text));
    cli_text_time(text, INT64_C(1795219200000000), when);
    CHECK(strlen(when) < sizeof when);
    cli_text_escape_json(&out, text);
    buf_free(&out);
}

static bool on_event(void *ctx, const char *id, const char *type, const char *data)
{
    CHECK(strlen(id) < 24 && strlen(type) < 40 && strlen(data) <= CLI_SSE_BYTES_MAX);
    ++*(size_t *)ctx;
    return true;
}

/* The same events, however the stream is cut. */
static void read_stream(struct slice stream, size_t cut)
{
    size_t whole = 0, pieces = 0;
    struct cli_sse sse;
    cli_sse_init(&sse, on_event, &whole);
    bool fine = cli_sse_feed(&sse, stream);
    cli_sse_done(&sse);
    cli_sse_init(&sse, on_event, &pieces);
    cut = stream.len > 0 ? cut % stream.len : 0;
    bool also = cli_sse_feed(&sse, slice_of(stream.data, cut)) &&
        cli_sse_feed(&sse, slice_of(stream.data + cut, stream.len - cut));
    cli_sse_done(&sse);
    CHECK(fine == also && whole == pieces);
}

/* The little readers of one value. */
static void read_values(const char *text)
{
    int64_t value;
    char room[CLOCK_TEXT_MAX];
    size_t chars;
    if (clock_parse(text, &value) == OK)
        clock_format(value, room);
    if (clock_parse_duration(text, &value) == OK)
        clock_format_age(value, room);
    int country = country_find(text);
    CHECK(country >= -1 && country < COUNTRY_COUNT);
    (void)form_text(text, true, &chars);
    (void)form_is_language(text);
    (void)form_is_phone(text);
    (void)form_is_zone(text);
    (void)form_is_script(text);
    CHECK(!form_is_member(text) || strlen(text) <= 40);
    CHECK(!form_is_reference(text) || strlen(text) <= 32);
    (void)near_enough(text, "PURPLE");
    (void)utf8_is_valid(slice_text(text));
    log_event(LOG_DEBUG, text, "key", text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_begin();
    char *text = fuzz_text(data, size);
    clean(text);
    read_values(text);
    read_stream(slice_of(data, size), size > 0 ? data[0] * 7u : 0);
    free(text);
    return 0;
}
