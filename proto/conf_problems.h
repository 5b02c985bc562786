/*
 * conf_problems - what is wrong with a configuration file: "FILE:LINE:COLUMN: sentence" lines, in the order found.
 *
 * Only the first hundred are kept as text; all are counted.
 */
#ifndef PROTO_CONF_PROBLEMS_H
#define PROTO_CONF_PROBLEMS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "buf.h"
#include "err.h"

struct conf_problems {
    struct buf text; /* each line ends with a newline */
    size_t count;
};

/* Where in a file, both from 1; line 0: in the file as a whole. */
struct conf_place {
    unsigned line, column;
};

void conf_problems_init(struct conf_problems *problems);
void conf_problems_free(struct conf_problems *problems);
/* Adds one line, cut at ERR_NOTE_MAX bytes after the place. */
void conf_problems_add(struct conf_problems *problems, const char *file, struct conf_place place, const char *format,
                       ...) PRINTF_LIKE(4, 5);
void conf_problems_vadd(struct conf_problems *problems, const char *file, struct conf_place place, const char *format,
                        va_list args);
/* Adds all of more behind those of problems. */
void conf_problems_append(struct conf_problems *problems, const struct conf_problems *more);
/* Every line, each ended by a newline; "" when nothing is wrong. Valid until the next change. */
const char *conf_problems_text(struct conf_problems *problems);
/* The lines that fit into one note, and how many more there are. Nothing when nothing is wrong or note is NULL. */
void conf_problems_note(struct conf_problems *problems, struct err_note *note);
/* What --check-config prints after a load that gave error: "FILE: ok" to out, or every problem to talk. Gives the exit
 * status: 0, 2 when anything is wrong, that of error when it is something else than the file's content. */
int conf_problems_report(struct conf_problems *problems, const char *file, int error, FILE *out, FILE *talk);

/* Text from a file made fit for a terminal: short, and without control characters (C1 as UTF-8 included). */
#define CONF_QUOTED_MAX 64
const char *conf_problems_quote(const char *text, char quoted[CONF_QUOTED_MAX]);

#endif
