/* cli_text: strips what could steer a terminal and counts columns. Must never let a control character through. */
#include "cli_text.h"

#include <stdio.h>
#include <time.h>

#include "cli_width.h"
#include "proto/clock.h"
#include "proto/utf8.h"

#define REPLACEMENT 0xFFFD

uint32_t cli_text_take(const char **text)
{
    size_t len;
    int32_t character = utf8_next(slice_of(*text, strnlen(*text, 4)), &len);
    *text += len;
    return character < 0 ? REPLACEMENT : (uint32_t)character;
}

bool cli_text_is_control(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},  {0x2028, 0x202E},
                  {0x2066, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static void add_character(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_add_u8(out, (uint8_t)(0xC0 | c >> 6));
        buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_add_u8(out, (uint8_t)(0xE0 | c >> 12));
        buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        buf_add_u8(out, (uint8_t)(0xF0 | c >> 18));
        buf_add_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

void cli_text_clean(struct buf *out, const char *text)
{
    while (*text != '\0') {
        uint32_t c = cli_text_take(&text);
        if (c == '\n' || c == '\t')
            buf_add_u8(out, ' ');
        else if (!cli_text_is_control(c))
            add_character(out, c);
    }
}

void cli_text_clean_lines(struct buf *out, const char *text, size_t indent)
{
    while (*text != '\0') {
        uint32_t c = cli_text_take(&text);
        if (c == '\n') {
            buf_add_u8(out, '\n');
            for (size_t i = 0; i < indent; i++)
                buf_add_u8(out, ' ');
        } else if (c == '\t') {
            buf_add_u8(out, ' ');
        } else if (!cli_text_is_control(c)) {
            add_character(out, c);
        }
    }
}

size_t cli_text_width(const char *text)
{
    size_t width = 0;
    while (*text != '\0') {
        uint32_t c = cli_text_take(&text);
        if (!cli_text_is_control(c))
            width += (size_t)cli_width_of(c);
    }
    return width;
}

void cli_text_escape_json(struct buf *out, const char *json)
{
    while (*json != '\0') {
        uint32_t c = cli_text_take(&json);
        if (c == '\n' || !cli_text_is_control(c)) {
            add_character(out, c);
        } else if (c < 0x10000) {
            buf_printf(out, "\\u%04x", (unsigned)c);
        } else {
            uint32_t rest = c - 0x10000;
            buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + (rest >> 10)), (unsigned)(0xDC00 + (rest & 0x3FF)));
        }
    }
}

void cli_text_relative(int64_t at_us, int64_t now_us, char text[CLI_TEXT_TIME_MAX])
{
    char age[CLOCK_TEXT_MAX];
    bool past = at_us <= now_us;
    clock_format_age(past ? now_us - at_us : at_us - now_us, age);
    snprintf(text, CLI_TEXT_TIME_MAX, past ? "%s ago" : "in %s", age);
}

void cli_text_time(const char *rfc3339, int64_t now_us, char text[CLI_TEXT_TIME_MAX])
{
    int64_t at_us;
    if (rfc3339 == NULL || clock_parse(rfc3339, &at_us) != OK) {
        snprintf(text, CLI_TEXT_TIME_MAX, "%s", rfc3339 != NULL ? rfc3339 : "-");
        return;
    }
    time_t at = (time_t)(at_us / CLOCK_SECOND_US), now = (time_t)(now_us / CLOCK_SECOND_US);
    struct tm then, today;
    if (localtime_r(&at, &then) == NULL || localtime_r(&now, &today) == NULL) {
        snprintf(text, CLI_TEXT_TIME_MAX, "%s", rfc3339);
        return;
    }
    char relative[CLI_TEXT_TIME_MAX], when[32];
    cli_text_relative(at_us, now_us, relative);
    bool same_year = then.tm_year == today.tm_year;
    if (same_year && then.tm_yday == today.tm_yday)
        strftime(when, sizeof when, "%H:%M:%S", &then);
    else
        strftime(when, sizeof when, same_year ? "%d %b %H:%M" : "%d %b %Y %H:%M", &then);
    snprintf(text, CLI_TEXT_TIME_MAX, "%s (%.24s)", when, relative);
}
