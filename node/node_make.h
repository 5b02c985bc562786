/*
 * node_make - an envelope of our own in the making; shared by what sends cases (node_send.c), answers (node_reply.c)
 * and what goes to mediators and observers (node_refer.c).
 */
#ifndef NODE_NODE_MAKE_H
#define NODE_NODE_MAKE_H

#include "node/node_inner.h"

#define NODE_OUT_MEMBERS 16 /* named by a reply, an answer or one withdrawal */

/* Header, body and the room that they point into. Not to be copied. */
struct node_outgoing {
    Hotline__EnvelopeHeader header;
    Hotline__EnvelopeBody body;
    Hotline__CaseName case_name;
    Hotline__Route route;
    uint8_t id[KEY_UUID_BYTES], store_id[KEY_UUID_BYTES], case_id[KEY_UUID_BYTES];
    struct key_box sending;
    struct key_hash roster_hash;
    char sender[LIMIT_ID_CHARS + 1], opener[LIMIT_ID_CHARS + 1], reader[LIMIT_ID_CHARS + 1];
    char codes[LIMIT_COUNTRIES][3];
    char *countries[LIMIT_COUNTRIES];
    char *members[NODE_OUT_MEMBERS]; /* figures name every observer, in a list of their own */
    int64_t made_us;                 /* by our own clock; the header has the stamp that others see */
};

/* May this member send; opens: also something new. ERR_MEMBER, ERR_EXPIRED with a sentence. */
int node_check_standing(const struct node *node, bool opens, int64_t now_us, struct err_note *note) MUST_CHECK;
/* Room for something new, above the reserve. ERR_DISK_FULL with free, needed and what to do. */
int node_check_disk(const struct node *node, struct err_note *note) MUST_CHECK;
/* A new header of this kind with an empty route and no case; the body is the caller's to set. ERR_KEY and the like. */
int node_begin(struct node *node, struct node_outgoing *out, Hotline__Kind__Code kind, bool exercise,
               int64_t now_us) MUST_CHECK;
void node_name_case(struct node_outgoing *out, const char *opener, const uint8_t *case_id);
/* A country concerned, once. ERR_UNKNOWN with "did you mean". */
int node_out_country(struct node_outgoing *out, const char *code, struct err_note *note) MUST_CHECK;
/* For this member alone, restricted. */
void node_out_reader(struct node_outgoing *out, const char *member);
/* Seals header and body into an item of our own, which is the caller's until node_launch. ERR_LIMIT, ERR_NOMEM. */
int node_seal(struct node *node, struct node_outgoing *out, struct err_note *note, struct item **ret_item) MUST_CHECK;
/* Grants for all that the rule names, rows for those without a key too, a row per relay; saved and queued in this turn.
 */
int node_launch(struct node *node, struct item *item, struct err_note *note, uint64_t *ret_ticket) MUST_CHECK;

/* node_refer.c */
/* A closing of the case: mediators that accepted a request of it, or still owe an answer, are told to stop. In the
 * turn of the closing; what fails is logged, and stops no closing. */
void node_withdraw_referrals(struct node *node, const struct case_entry *entry, int64_t now_us);

#endif
