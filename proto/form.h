/*
 * form - the forms of text that have a standard: clean UTF-8, BCP 47, E.164, time zones and the network's own names.
 *
 * Each takes a NUL-terminated text of any content and only looks at it.
 */
#ifndef PROTO_FORM_H
#define PROTO_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum form_text {
    FORM_CLEAN,
    FORM_NOT_UTF8,
    FORM_CONTROL, /* C0, DEL, C1, line and paragraph separators */
    FORM_BIDI     /* embeddings, overrides and isolates: they make a text read as another */
};

/* Is the text fit to be shown? Newline and tab are controls unless many_lines. *ret_chars: how many code points (set
 * for FORM_CLEAN). Left-to-right and right-to-left *marks* pass: Arabic and Hebrew need them. */
enum form_text form_text(const char *text, bool many_lines, size_t *ret_chars);
/* Nothing but blanks, or NULL. */
bool form_is_blank(const char *text);
/* RFC 5646: well-formed, not looked up; at most 35 characters. */
bool form_is_language(const char *text);
/* ITU-T E.164 with its plus: "+302109999999". */
bool form_is_phone(const char *text);
/* An IANA name by its shape ("Europe/Athens"), or an offset ("+02:00"). */
bool form_is_zone(const char *text);
/* ISO 15924 by its shape: "Cyrl". */
bool form_is_script(const char *text);
/* A member's id: lower-case letters, digits, dashes; 1 to 40. */
bool form_is_member(const char *text);
/* A case's reference: capitals, digits, dashes; 1 to 32. */
bool form_is_reference(const char *text);

#endif
