/*
 * closing - the end of a case: found, returned, withdrawn, taken over, sent in error. The body of a CLOSE or RETRACT.
 */
#ifndef PROTO_CLOSING_H
#define PROTO_CLOSING_H

#include "case.h"

/* A person's closing: {"outcome": "FOUND_SAFE", "found_country": "IT"}; strict, by path. *ret_closing: closing_free. */
int closing_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Closing **ret_closing) MUST_CHECK;
/* As an object; *ret_doc is a root. Always OK. */
int closing_to_json(const Hotline__Closing *closing, struct jdoc **ret_doc) MUST_CHECK;
void closing_free(Hotline__Closing *closing);
/* May a person's closing be sent? outcome there, SENT_IN_ERROR with its reason, TAKEN_OVER with the member; every form.
 * ERR_MISSING, ERR_INVALID, ERR_LIMIT, by path. The node's own fields may be absent. */
int closing_check_sendable(const Hotline__Closing *closing, struct err_note *note) MUST_CHECK;
/* After opening: form, outcome and the case's identity. */
int closing_check(const Hotline__Closing *closing, struct err_note *note) MUST_CHECK;

/* "found-safe" or "FOUND_SAFE" to its code; ERR_UNKNOWN with the list of them otherwise. */
int case_outcome_from_text(const char *text, struct err_note *note, Hotline__Outcome__Code *ret_outcome) MUST_CHECK;

#endif
