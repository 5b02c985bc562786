/*
 * cap_write - a case of this node as a CAP 1.2 message. Pure: the node's CaseView in, XML out.
 *
 * | the case                          | CAP                                                                        |
 * |-----------------------------------|----------------------------------------------------------------------------|
 * | envelope id, opener, sent at      | identifier, sender, sent (in UTC, written -00:00)                          |
 * | ACTUAL, EXERCISE                  | status Actual, Exercise; the drill id in note                              |
 * | OPEN, UPDATE, CLOSE and RETRACT   | msgType Alert, Update, Cancel; an acknowledgement is an Ack                |
 * | restricted                        | scope Restricted, with the rule in restriction; else Private, to addresses |
 * | handling                          | code hotline:publicity.level=..., hotline:do_not_approach=true             |
 * | earlier revisions, case id        | references, incidents                                                      |
 * | category                          | eventCode hotline:category; category Rescue, and Security for abductions   |
 * | urgency, severity, certainty      | the same; ROUTINE is Future                                                |
 * | last_seen.at, valid_until         | onset, expires                                                             |
 * | circumstances, police.on_sighting | description, instruction                                                   |
 * | contact.phone                     | contact                                                                    |
 * | everything else                   | parameter hotline:PATH, PATH as in the case's JSON                         |
 * | photos                            | resource with mimeType, size and digest; never a derefUri, never a picture |
 * | countries                         | area with geocode ISO3166-1; the place last seen is an area with a circle  |
 *
 * A closing says nothing about the child, here as everywhere. A hidden family name is left out.
 */
#ifndef NODE_CAP_WRITE_H
#define NODE_CAP_WRITE_H

#include "cap_digest.h"
#include "proto/case.h"
#include "proto/jdoc.h"

/* Names of values and codes that are ours begin with this; `code` holds the profile's own name. */
#define CAP_WRITE_PREFIX "hotline:"
#define CAP_WRITE_PROFILE "hotline:1"

/* SHA-1 of the files of the photos, in the order of the case; "" for one that is not here: it gets no digest. */
struct cap_photos {
    char sha1[CASE_PHOTOS_MAX][CAP_DIGEST_TEXT];
};

struct cap_written {
    const char *type; /* "Alert", static */
    size_t photos;    /* described, not contained */
    bool name_hidden; /* a family name was left out */
};

/* The newest revision, or, once it is closed, its Cancel. ERR_NOT_FOUND: its content was erased. ERR_NOMEM. */
int cap_write_case(const struct jdoc *view, const struct cap_photos *photos, struct buf *out, struct err_note *note,
                   struct cap_written *ret_written) MUST_CHECK;
/* This member's acknowledgement of a received case. ERR_STATE: there is none. */
int cap_write_ack(const struct jdoc *view, const char *member, struct buf *out, struct err_note *note) MUST_CHECK;

/* True for a path that has a place of its own in CAP and is never a parameter. */
bool cap_write_has_place(const char *path);

#endif
