/* err: names, sentences and exit statuses of the error list, and the note that says where. */
#include "err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err_row {
    const char *name;
    int exit_status;
    const char *text;
};

#define ERR_ROW(name, status, text) {#name, status, text},
static const struct err_row rows[ERR_ORD_COUNT] = {{"OK", 0, "ok"}, ERR_LIST(ERR_ROW)};
#undef ERR_ROW
static const struct err_row unlisted = {"UNLISTED", 1, "unlisted error"};

static const struct err_row *row_of(int error)
{
    return error <= 0 && -error < (int)ERR_ORD_COUNT ? &rows[-error] : &unlisted;
}

const char *err_name(int error)
{
    return row_of(error)->name;
}

const char *err_text(int error)
{
    return row_of(error)->text;
}

int err_exit_status(int error)
{
    return row_of(error)->exit_status;
}

/* Notes quote what strangers wrote, and end on terminals: nothing that steers one, and one line. */
static void disarm(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

int err_set(struct err_note *note, int error, const char *format, ...)
{
    if (note == NULL)
        return error;
    va_list args;
    va_start(args, format);
    vsnprintf(note->text, sizeof note->text, format, args);
    va_end(args);
    disarm(note->text);
    return error;
}

void err_prefix(struct err_note *note, const char *prefix)
{
    if (note == NULL)
        return;
    char old[ERR_NOTE_MAX];
    memcpy(old, note->text, sizeof old);
    size_t used = (size_t)snprintf(note->text, sizeof note->text, "%s: ", prefix);
    if (used < sizeof note->text)
        snprintf(note->text + used, sizeof note->text - used, "%s", old);
}

const char *err_explain(const struct err_note *note, int error)
{
    return note != NULL && note->text[0] != '\0' ? note->text : err_text(error);
}

void err_check_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "level=fatal msg=\"check failed: %s\" at=%s:%d\n", condition, file, line);
    abort();
}
