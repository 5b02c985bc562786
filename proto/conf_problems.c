/* conf_problems: collects lines for people. Never decides anything. */
#include "conf_problems.h"

#include <stdbool.h>
#include <string.h>

#define SHOWN_MAX 100

void conf_problems_init(struct conf_problems *problems)
{
    *problems = (struct conf_problems){.count = 0};
    buf_init(&problems->text);
}

void conf_problems_free(struct conf_problems *problems)
{
    buf_free(&problems->text);
    problems->count = 0;
}

void conf_problems_add(struct conf_problems *problems, const char *file, struct conf_place place, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    conf_problems_vadd(problems, file, place, format, args);
    va_end(args);
}

void conf_problems_vadd(struct conf_problems *problems, const char *file, struct conf_place place, const char *format,
                        va_list args)
{
    if (++problems->count > SHOWN_MAX)
        return;
    char line[ERR_NOTE_MAX];
    vsnprintf(line, sizeof line, format, args);
    if (place.line > 0)
        buf_printf(&problems->text, "%s:%u:%u: %s\n", file, place.line, place.column, line);
    else
        buf_printf(&problems->text, "%s: %s\n", file, line);
}

void conf_problems_append(struct conf_problems *problems, const struct conf_problems *more)
{
    buf_add_slice(&problems->text, buf_slice(&more->text));
    problems->count += more->count;
}

const char *conf_problems_text(struct conf_problems *problems)
{
    if (problems->count == 0)
        return "";
    if (buf_broken(&problems->text))
        return "out of memory\n";
    return buf_text(&problems->text);
}

void conf_problems_note(struct conf_problems *problems, struct err_note *note)
{
    if (note == NULL || problems->count == 0)
        return;
    const char *text = conf_problems_text(problems), *end = text;
    size_t lines = 0, room = sizeof note->text - sizeof " (and 18446744073709551615 more)";
    for (const char *newline; (newline = strchr(end, '\n')) != NULL; end = newline + 1, lines++) {
        if ((size_t)(newline - text) > room)
            break;
    }
    size_t len = lines > 0 ? (size_t)(end - text) - 1 : room;
    size_t left = problems->count - (lines > 0 ? lines : 1);
    /* Lines, which err_set would join; what was read has no other control characters (conf_yaml_text). */
    if (left > 0)
        snprintf(note->text, sizeof note->text, "%.*s (and %zu more)", (int)len, text, left);
    else
        snprintf(note->text, sizeof note->text, "%.*s", (int)len, text);
}

int conf_problems_report(struct conf_problems *problems, const char *file, int error, FILE *out, FILE *talk)
{
    if (problems->count == 0) {
        fprintf(error ? talk : out, "%s: %s\n", file, err_text(error));
        return err_exit_status(error);
    }
    fputs(conf_problems_text(problems), talk);
    if (problems->count > SHOWN_MAX)
        fprintf(talk, "%s: and %zu more\n", file, problems->count - SHOWN_MAX);
    return err_exit_status(ERR_CONFIG);
}

const char *conf_problems_quote(const char *text, char quoted[CONF_QUOTED_MAX])
{
    size_t used = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c && used < CONF_QUOTED_MAX - 4; c++) {
        bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;
        if (c1)
            c++;
        quoted[used++] = c1 || *c < 0x20 || *c == 0x7f ? '?' : (char)*c;
        if (used == CONF_QUOTED_MAX - 4 && c[1]) {
            while (used > 0 && ((unsigned char)quoted[used - 1] & 0xc0) == 0x80)
                used--;
            if (used > 0 && (unsigned char)quoted[used - 1] >= 0xc0)
                used--; /* a character that would be cut in the middle */
            memcpy(quoted + used, "...", 3);
            used += 3;
            break;
        }
    }
    quoted[used] = '\0';
    return quoted;
}
