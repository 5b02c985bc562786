/* case_rules: the table of forms, one row per field of case.proto that needs one. Shared with the test that proves it
 * whole. */
#ifndef PROTO_CASE_RULES_H
#define PROTO_CASE_RULES_H

#include "mapper.h"
#include <stdint.h>

enum case_form_kind {
    CASE_LINE, /* one line of free text, at most `most` characters */
    CASE_TEXT, /* the same, of several lines */
    CASE_COUNTRY,
    CASE_LANGUAGE,
    CASE_PHONE,
    CASE_DATE,
    CASE_ZONE,
    CASE_SCRIPT,
    CASE_MEMBER,
    CASE_REFERENCE,
    CASE_MIME,
    CASE_NUMBER, /* least to most */
    CASE_BYTES,  /* least to most bytes */
    CASE_COUNT   /* a repeated field of messages or codes: max_count only */
};

struct case_form {
    const char *message, *field;
    enum case_form_kind kind;
    int64_t least, most;
    unsigned max_count; /* of a repeated field; 0 for others */
};

/* The row of a field, or NULL: a bool, a code or a submessage needs none unless repeated. */
const struct case_form *case_form_of(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);

#endif
