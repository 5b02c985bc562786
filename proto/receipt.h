/*
 * receipt - signed statements of a recipient: delivered, shown, acknowledged by a person, declined, erased; the other
 * signed answers (Unreadable, Accepted); and the one order of states.
 *
 *   from \ to     DELIVERED SHOWN ACKNOWLEDGED DECLINED ERASED
 *   (none)            x       x        x          x       x
 *   DELIVERED         -       x        x          x       x
 *   SHOWN             -       -        x          x       x
 *   ACKNOWLEDGED      -       -        -          x       x
 *   DECLINED          -       -        x          -       x
 *   ERASED            -       -        -          -       -
 *
 * A state never moves back; what is listed as `-` is kept out. ACKNOWLEDGED after DECLINED: the person thought again.
 * After ERASED nothing.
 */
#ifndef PROTO_RECEIPT_H
#define PROTO_RECEIPT_H

#include "roster.h"

#define RECEIPT_NAME_BYTES 16

/* How both sides name a signed thing to say that they have it: first 16 bytes of BLAKE2b-256 of the signed bytes. */
struct receipt_name {
    uint8_t bytes[RECEIPT_NAME_BYTES];
};
struct receipt_name receipt_name_of(struct slice signed_bytes);

/* True when `to` may follow `from` (0: no receipt yet). */
bool receipt_may_follow(int from, int to);
/* True when the state ends a relay's debt: DELIVERED, DECLINED, ERASED (and what follows DELIVERED). */
bool receipt_ends_debt(int state);
/* "DELIVERED"; "QUEUED" for 0. */
const char *receipt_state_name(int state);

/* Packs and signs a batch, appended to out as SignedReceipts bytes. ERR_LIMIT: more than one frame holds. */
int receipt_sign(const Hotline__ReceiptBatch *batch, const struct key_set *set, struct buf *out) MUST_CHECK;
/* Verifies by the roster; the batch lives in the arena. *ret_recipient is the signer's roster index. */
int receipt_verify(const Hotline__SignedReceipts *signed_receipts, const struct roster *roster, int64_t now_us,
                   struct wire_arena *arena, Hotline__ReceiptBatch **ret_batch, size_t *ret_recipient) MUST_CHECK;

/* A relay's signed word; appended to out as SignedAccepted bytes. ERR_LIMIT: more than one frame holds. */
int receipt_sign_accepted(const Hotline__AcceptedBatch *batch, const struct key_set *relay, struct buf *out) MUST_CHECK;
int receipt_verify_accepted(const Hotline__SignedAccepted *signed_accepted, const struct roster *roster,
                            struct wire_arena *arena, Hotline__AcceptedBatch **ret_batch) MUST_CHECK;

/* A recipient's signed "cannot read this". */
int receipt_sign_unreadable(const Hotline__Unreadable *unreadable, const struct key_set *set, struct buf *ret_bytes,
                            struct key_signature *ret_signature) MUST_CHECK;
int receipt_verify_unreadable(const Hotline__SignedUnreadable *signed_unreadable, const struct roster *roster,
                              int64_t now_us, struct wire_arena *arena, Hotline__Unreadable **ret_unreadable,
                              size_t *ret_recipient) MUST_CHECK;

/* A sender's signed answer to a Gap. The signature covers the message without its field 6, which is the last: the bytes
 * before it. sign fills it in, borrowing ret_signature. */
int receipt_sign_gap_answer(Hotline__GapAnswer *answer, const struct key_set *set,
                            struct key_signature *ret_signature) MUST_CHECK;
/* By the identity of its sender on the roster. ERR_MEMBER, ERR_SIGNATURE, ERR_NOMEM. */
int receipt_verify_gap_answer(const Hotline__GapAnswer *answer, const struct roster *roster, int64_t now_us) MUST_CHECK;

#endif
