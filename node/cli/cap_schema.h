/*
 * cap_schema - the elements of CAP 1.2 (OASIS Standard, 1 July 2010) as a table: what stands in what, in which order,
 * how often, and which words an enumeration knows. Pure data; cap_parse holds a document against it.
 */
#ifndef NODE_CAP_SCHEMA_H
#define NODE_CAP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#define CAP_SCHEMA_NAMESPACE "urn:oasis:names:tc:emergency:cap:1.2"
/* So that a set of rows fits 64 bits. */
#define CAP_SCHEMA_ROWS_MAX 64

enum cap_schema_type {
    CAP_SCHEMA_GROUP, /* holds elements and no text */
    CAP_SCHEMA_TEXT,
    CAP_SCHEMA_TIME, /* 2026-11-21T09:40:00-00:00; never Z, never a fraction */
    CAP_SCHEMA_WHOLE,
    CAP_SCHEMA_DECIMAL,
    CAP_SCHEMA_LANGUAGE,
    CAP_SCHEMA_WORD /* one of `words` */
};

struct cap_schema_row {
    const char *in; /* the name of the group around it; "" for the document. Names of groups are unique */
    const char *name;
    enum cap_schema_type type;
    bool needed, many;
    const char *const *words; /* ends with NULL */
};

/* In the order of the standard's sequences. */
extern const struct cap_schema_row cap_schema_rows[];
extern const size_t cap_schema_count;

/* The row of an element within a group, or NULL. */
const struct cap_schema_row *cap_schema_find(const char *in, const char *name);
/* Is the text of the row's type? *ret_wanted is otherwise what it should be, for people; room for 200 bytes. */
#define CAP_SCHEMA_WANTED_MAX 200
bool cap_schema_fits(const struct cap_schema_row *row, const char *text, char wanted[CAP_SCHEMA_WANTED_MAX]);

#endif
