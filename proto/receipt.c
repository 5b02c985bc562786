/* receipt: signs and verifies what recipients and relays say, and keeps the one order of states. */
#include "receipt.h"

#include <string.h>

#include "seal.h"

struct receipt_name receipt_name_of(struct slice signed_bytes)
{
    struct key_hash hash = seal_hash(signed_bytes);
    struct receipt_name name;
    memcpy(name.bytes, hash.bytes, sizeof name.bytes);
    return name;
}

/* Rows and columns: none, DELIVERED, SHOWN, ACKNOWLEDGED, DECLINED, ERASED, as the table in the header. */
static const bool may_follow[6][6] = {
    {0, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1},
    {0, 0, 0, 0, 1, 1}, {0, 0, 0, 1, 0, 1}, {0, 0, 0, 0, 0, 0},
};

bool receipt_may_follow(int from, int to)
{
    return from >= 0 && from < 6 && to >= 0 && to < 6 && may_follow[from][to];
}

bool receipt_ends_debt(int state)
{
    return state >= HOTLINE__RECEIPT_STATE__CODE__DELIVERED && state <= HOTLINE__RECEIPT_STATE__CODE__ERASED;
}

const char *receipt_state_name(int state)
{
    static const char *const names[] = {"QUEUED", "DELIVERED", "SHOWN", "ACKNOWLEDGED", "DECLINED", "ERASED"};
    return state >= 0 && state < 6 ? names[state] : "UNKNOWN";
}

/* Packs `content` and signs the bytes. */
static int pack_and_sign(const ProtobufCMessage *content, const struct key_identity_secret *secret, const char *context,
                         struct buf *bytes, struct key_signature *ret_signature)
{
    int result = wire_check(content, NULL);
    if (result != OK)
        return result;
    wire_pack(content, bytes);
    return buf_broken(bytes) ? ERR_NOMEM : seal_sign(secret, context, buf_slice(bytes), ret_signature);
}

/* A batch that is too large for one frame is refused here: how much is gathered is the caller's and its peers' doing.
 */
static int pack_outer(const ProtobufCMessage *outer, struct buf *out)
{
    int result = wire_check(outer, NULL);
    if (result != OK)
        return result;
    wire_pack(outer, out);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

int receipt_sign(const Hotline__ReceiptBatch *batch, const struct key_set *set, struct buf *out)
{
    Hotline__SignedReceipts outer = HOTLINE__SIGNED_RECEIPTS__INIT;
    struct key_signature signature;
    struct buf bytes;
    buf_init(&bytes);
    int result = pack_and_sign(&batch->base, &set->identity_secret, SEAL_CONTEXT_RECEIPTS, &bytes, &signature);
    if (result == OK) {
        WIRE_SET_BYTES(&outer, batch, bytes.data, bytes.len);
        WIRE_SET_BYTES(&outer, signature, signature.bytes, sizeof signature.bytes);
        result = pack_outer(&outer.base, out);
    }
    buf_free(&bytes);
    return result;
}

/* Unpacks, finds the signer on the roster and verifies. `signer` is read from the message by the caller's getter. */
static int verify_member(const char *signer, const struct roster *roster, const char *context, struct slice bytes,
                         struct slice signature, int64_t now_us, size_t *ret_index)
{
    size_t index = roster_find(roster, signer);
    if (index == ROSTER_NONE)
        return ERR_MEMBER;
    int result = roster_verify_member(roster, index, context, bytes, signature, now_us);
    if (result == OK)
        *ret_index = index;
    return result;
}

int receipt_verify(const Hotline__SignedReceipts *signed_receipts, const struct roster *roster, int64_t now_us,
                   struct wire_arena *arena, Hotline__ReceiptBatch **ret_batch, size_t *ret_recipient)
{
    ProtobufCMessage *message;
    struct slice bytes = wire_slice(signed_receipts->batch);
    int result = wire_unpack(&hotline__receipt_batch__descriptor, bytes, arena, NULL, &message);
    if (result != OK)
        return result;
    Hotline__ReceiptBatch *batch = (Hotline__ReceiptBatch *)message;
    result = verify_member(batch->recipient, roster, SEAL_CONTEXT_RECEIPTS, bytes,
                           wire_slice(signed_receipts->signature), now_us, ret_recipient);
    if (result == OK)
        *ret_batch = batch;
    return result;
}

int receipt_sign_accepted(const Hotline__AcceptedBatch *batch, const struct key_set *relay, struct buf *out)
{
    Hotline__SignedAccepted outer = HOTLINE__SIGNED_ACCEPTED__INIT;
    struct key_signature signature;
    struct buf bytes;
    buf_init(&bytes);
    int result = pack_and_sign(&batch->base, &relay->identity_secret, SEAL_CONTEXT_ACCEPTED, &bytes, &signature);
    if (result == OK) {
        WIRE_SET_BYTES(&outer, batch, bytes.data, bytes.len);
        WIRE_SET_BYTES(&outer, signature, signature.bytes, sizeof signature.bytes);
        result = pack_outer(&outer.base, out);
    }
    buf_free(&bytes);
    return result;
}

int receipt_verify_accepted(const Hotline__SignedAccepted *signed_accepted, const struct roster *roster,
                            struct wire_arena *arena, Hotline__AcceptedBatch **ret_batch)
{
    ProtobufCMessage *message;
    struct slice bytes = wire_slice(signed_accepted->batch);
    int result = wire_unpack(&hotline__accepted_batch__descriptor, bytes, arena, NULL, &message);
    if (result != OK)
        return result;
    Hotline__AcceptedBatch *batch = (Hotline__AcceptedBatch *)message;
    size_t relay = roster_find_relay(roster, batch->relay);
    if (relay == ROSTER_NONE)
        return ERR_MEMBER;
    result = roster_verify_relay(roster, relay, SEAL_CONTEXT_ACCEPTED, bytes, wire_slice(signed_accepted->signature));
    if (result == OK)
        *ret_batch = batch;
    return result;
}

int receipt_sign_unreadable(const Hotline__Unreadable *unreadable, const struct key_set *set, struct buf *ret_bytes,
                            struct key_signature *ret_signature)
{
    return pack_and_sign(&unreadable->base, &set->identity_secret, SEAL_CONTEXT_UNREADABLE, ret_bytes, ret_signature);
}

int receipt_verify_unreadable(const Hotline__SignedUnreadable *signed_unreadable, const struct roster *roster,
                              int64_t now_us, struct wire_arena *arena, Hotline__Unreadable **ret_unreadable,
                              size_t *ret_recipient)
{
    ProtobufCMessage *message;
    struct slice bytes = wire_slice(signed_unreadable->unreadable);
    int result = wire_unpack(&hotline__unreadable__descriptor, bytes, arena, NULL, &message);
    if (result != OK)
        return result;
    Hotline__Unreadable *unreadable = (Hotline__Unreadable *)message;
    result = verify_member(unreadable->recipient, roster, SEAL_CONTEXT_UNREADABLE, bytes,
                           wire_slice(signed_unreadable->signature), now_us, ret_recipient);
    if (result == OK)
        *ret_unreadable = unreadable;
    return result;
}

int receipt_sign_gap_answer(Hotline__GapAnswer *answer, const struct key_set *set, struct key_signature *ret_signature)
{
    struct buf bytes;
    answer->has_signature = 0;
    buf_init(&bytes);
    int result = pack_and_sign(&answer->base, &set->identity_secret, SEAL_CONTEXT_GAP_ANSWER, &bytes, ret_signature);
    if (result == OK)
        WIRE_SET_BYTES(answer, signature, ret_signature->bytes, sizeof ret_signature->bytes);
    buf_free(&bytes);
    return result;
}

int receipt_verify_gap_answer(const Hotline__GapAnswer *answer, const struct roster *roster, int64_t now_us)
{
    Hotline__GapAnswer words = *answer;
    struct buf bytes;
    size_t sender;
    words.has_signature = 0;
    buf_init(&bytes);
    wire_pack(&words.base, &bytes); /* nothing but the one encoding was taken: these are the bytes that came */
    int result = buf_broken(&bytes) ? ERR_NOMEM :
                                      verify_member(answer->sender, roster, SEAL_CONTEXT_GAP_ANSWER, buf_slice(&bytes),
                                                    wire_slice(answer->signature), now_us, &sender);
    buf_free(&bytes);
    return result;
}
