/*
 * cli_poster - a poster as one page of HTML, photo and code in it, fit to print: what the public may know of a case.
 * Pure.
 */
#ifndef NODE_CLI_POSTER_H
#define NODE_CLI_POSTER_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/jdoc.h"

struct cli_poster {
    const struct jdoc *view;   /* CaseView of docs/openapi.yaml */
    const struct jdoc *poster; /* Poster of it: language, form, phone, valid_until */
    struct slice photo;        /* JPEG; empty: none */
    const char *qr;            /* SVG of our own node */
};

/* Whether there are words in this language. */
bool cli_poster_speaks(const char *language);
/* Appends the page. Whatever the case says is text in it, never markup. ERR_UNKNOWN: the language; ERR_NOMEM. */
int cli_poster_write(const struct cli_poster *sheet, struct buf *page) MUST_CHECK;

#endif
