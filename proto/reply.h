/*
 * reply - what a recipient says back to the publisher of a case, and the referral to mediators: JSON both ways, checks.
 */
#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

#include "case.h"

/* A person's reply: {"kind": "MESSAGE", "text": ...}; strict, by path, as case_from_json. *ret_reply: reply_free. */
int reply_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Reply **ret_reply) MUST_CHECK;
/* A sighting alone, {"at": ..., "place": ..., "confidence": ...}, made into a reply of that kind. *ret_reply:
 * reply_free. */
int reply_from_sighting(const struct jdoc *doc, struct err_note *note, Hotline__Reply **ret_reply) MUST_CHECK;
/* As an object; *ret_doc is a root. Always OK. */
int reply_to_json(const Hotline__Reply *reply, struct jdoc **ret_doc) MUST_CHECK;
void reply_free(Hotline__Reply *reply);
/* Before sending and after opening: kind there; text for QUESTION, ANSWER and MESSAGE; a sighting for SIGHTING, with a
 * place or a country; every form. ERR_MISSING, ERR_INVALID, ERR_LIMIT, by path. */
int reply_check(const Hotline__Reply *reply, struct err_note *note) MUST_CHECK;

/* A person's request: {"languages": ["en"], "countries": ["GR"], "answer_by": ...}; strict, by path. *ret_referral:
 * referral_free. */
int referral_from_json(const struct jdoc *doc, struct err_note *note, Hotline__Referral **ret_referral) MUST_CHECK;
void referral_free(Hotline__Referral *referral);
/* As an object; *ret_doc is a root. Always OK. */
int referral_to_json(const Hotline__Referral *referral, struct jdoc **ret_doc) MUST_CHECK;
/* What a mediators' text should not hold and seems to: "a telephone number", "an e-mail address", "a street address";
 * NULL: none of these was seen. Looks for seven digits in a row with separators at most, an @ between letters, and a
 * street's word beside a number: names, and much else, pass. */
const char *referral_text_shows(const char *text);
/* act and id there; a request names languages, countries and a deadline, a refusal its code. */
int referral_check(const Hotline__Referral *referral, struct err_note *note) MUST_CHECK;

#endif
