/*
 * case - what an alert says: JSON both ways, what blocks sending, what a recipient may trust the form of.
 *
 * The schema is case.proto; a field's name there is its name in JSON. Messages made here live in malloc's memory and
 * are freed by case_free; messages from wire_unpack live in its arena and are only read here. Replies are in reply.h,
 * the closing in closing.h, phrases for codes in phrase.h.
 *
 * A draft becomes an alert so: case_from_json (strict form, by path) -> case_check_sendable (starred fields, ranges) ->
 * the node fills in the identity group -> sealed. At the recipient: opened -> case_check_body -> shown.
 */
#ifndef PROTO_CASE_H
#define PROTO_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "jdoc.h"
#include "limits.h"
#include "mapper.h"
#include "proto/case.pb-c.h"

/* A packed case fits a body with its padding, which rounds up to 2 KiB at this size, and some room for the frame. */
#define CASE_BYTES_MAX (LIMIT_BODY_BYTES - 4096)
#define CASE_ID_BYTES 16
#define CASE_PHOTOS_MAX 3
#define CASE_THUMBNAIL_BYTES_MAX (12 * 1024)
/* The network's categories as of this version of case.proto. */
#define CASE_CODES_VERSION 1
/* Hotlines stay responsible beyond 18 for those who went missing as children. */
#define CASE_CHILD_AGE_MAX 25

/* How the messages of case.proto look in JSON: for mapper_read and mapper_write. Static. */
const struct mapper_rules *case_rules(void);

/* A person's draft. Unknown fields, wrong codes, wrong types and the fields that the node fills in are refused by their
 * path (ERR_UNKNOWN, ERR_INVALID). Says nothing yet about missing fields or ranges. When last_seen.at has an offset and
 * there is no zone, the offset becomes the zone. *ret_case is the caller's. */
int case_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Case **ret_case) MUST_CHECK;
/* All that a reader needs, as an object; keys of photos are left out. *ret_doc is a root. Always OK. */
int case_to_json(const Hotline__Case *alert, struct jdoc **ret_doc) MUST_CHECK;
void case_free(Hotline__Case *alert);

/* May this draft be sent? ERR_MISSING: the note names every missing starred field by its path, the first one first,
 * separated by "; ". ERR_INVALID, ERR_LIMIT: one field, by its path, with the limit. The identity group may be absent.
 * Only the validity is held against now_us: a node's clock may be wrong, and what a person says about the past never
 * blocks. */
int case_check_sendable(const Hotline__Case *alert, int64_t now_us, struct err_note *note) MUST_CHECK;
/* What a recipient checks after opening: content is there, every text is clean UTF-8 within its length, every code
 * known, countries, languages, numbers and counts in form, and the identity of a case present. Not the starred fields:
 * an alert that lacks one is shown all the same. ERR_INVALID, ERR_LIMIT, ERR_MISSING. */
int case_check_body(const Hotline__EnvelopeBody *body, struct err_note *note) MUST_CHECK;
/* The form alone, of any message of case.proto. */
int case_check_form(const ProtobufCMessage *message, struct err_note *note) MUST_CHECK;

/* The alert's urgency; EXPECTED when it does not say (urgency is not starred: no alarm by default, no silence either).
 */
Hotline__Urgency__Code case_urgency(const Hotline__Case *alert);
/* True when the case must be restricted from its OPEN on; *ret_why (may be NULL) is then half a sentence, static. */
bool case_needs_restriction(const Hotline__Case *alert, const char **ret_why);
/* Did a person type this child's name? The given name, an alias, or the given name in another script; blanks around it
 * are ignored, and the case of ASCII letters. */
bool case_confirms(const Hotline__Case *alert, const char *name);

#endif
