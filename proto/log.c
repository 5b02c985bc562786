/* log: formats one event into one buffer and writes it with one call, so that lines of threads never mix. */
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"

static struct {
    const char *program;
    enum log_level least;
    enum log_format format;
} settings = {"hotline", LOG_INFO, LOG_LOGFMT};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(const char *program, enum log_level least, enum log_format format)
{
    settings.program = program;
    settings.least = least;
    settings.format = format;
}

const char *log_number(struct log_number *room, long long value)
{
    snprintf(room->text, sizeof room->text, "%lld", value);
    return room->text;
}

/* Between quotes: what JSON and logfmt both need escaped, and every control character. */
static void add_quoted(struct buf *line, const char *value)
{
    buf_add_u8(line, '"');
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            buf_printf(line, "\\u%04x", *++c); /* C1 controls in UTF-8 */
        else if (*c == '"' || *c == '\\')
            buf_printf(line, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            buf_printf(line, "\\u%04x", *c);
        else
            buf_add_u8(line, *c);
    }
    buf_add_u8(line, '"');
}

static bool is_bare(const char *value)
{
    if (*value == '\0')
        return false;
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c <= 0x20 || *c == '"' || *c == '=' || *c == '\\' || *c >= 0x7f)
            return false;
    }
    return true;
}

static void add_pair(struct buf *line, const char *key, const char *value)
{
    if (settings.format == LOG_JSON) {
        buf_add_text(line, line->len == 1 ? "" : ",");
        add_quoted(line, key);
        buf_add_u8(line, ':');
        add_quoted(line, value);
        return;
    }
    buf_printf(line, line->len ? " %s=" : "%s=", key);
    if (is_bare(value))
        buf_add_text(line, value);
    else
        add_quoted(line, value);
}

void log_event(enum log_level level, const char *message, ...)
{
    if (level < settings.least)
        return;
    struct buf line;
    buf_init(&line);
    if (settings.format == LOG_JSON)
        buf_add_u8(&line, '{');
    char now[CLOCK_TEXT_MAX];
    clock_format(clock_wall_us(), now);
    add_pair(&line, "ts", now);
    add_pair(&line, "level", level_names[level]);
    add_pair(&line, "prog", settings.program);
    add_pair(&line, "msg", message);
    va_list args;
    va_start(args, message);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);
        add_pair(&line, key, value ? value : "");
    }
    va_end(args);
    buf_add_text(&line, settings.format == LOG_JSON ? "}\n" : "\n");
    for (struct slice rest = buf_slice(&line); rest.len > 0;) {
        ssize_t wrote = write(STDERR_FILENO, rest.data, rest.len);
        if (wrote <= 0)
            break;
        rest.data += wrote;
        rest.len -= (size_t)wrote;
    }
    buf_free(&line);
}
