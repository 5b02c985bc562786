/*
 * cap_parse - a CAP 1.2 message as a list of its elements, in order, each with its line.
 *
 * The XML is parsed in a process of its own (cap_child); what comes back is held here against the standard's table:
 * elements, order, how often, enumerations, times. So whoever reads a cap_doc reads a valid message.
 */
#ifndef NODE_CAP_PARSE_H
#define NODE_CAP_PARSE_H

#include "cap_schema.h"
#include "proto/buf.h"
#include "proto/err.h"

struct cap_item {
    const struct cap_schema_row *row; /* NULL: a foreign element after the last info; text is its name */
    unsigned line;
    const char *text; /* without blanks at its ends, valid UTF-8; NULL where a group begins */
};
/* Owns all of its texts; starts as {0}. */
struct cap_doc {
    struct cap_item *items;
    size_t count, room;
    char **texts;
    size_t text_count, text_room;
};

/* Parses at most 256 KiB. ERR_SYNTAX (not well formed, DOCTYPE, wrong place), ERR_UNKNOWN (element, enumeration),
 * ERR_INVALID (form), ERR_MISSING, ERR_LIMIT (size, levels), ERR_NOMEM, ERR_INTERNAL (the child died). The note reads
 * "FILE:LINE: ...". On success the caller frees *ret_doc. */
int cap_parse(struct slice xml, const char *file, struct err_note *note, struct cap_doc *ret_doc) MUST_CHECK;
/* The second half alone, for what a child wrote: never trusts it. */
int cap_parse_records(struct slice records, const char *file, struct err_note *note,
                      struct cap_doc *ret_doc) MUST_CHECK;
void cap_parse_done(struct cap_doc *doc);

#endif
