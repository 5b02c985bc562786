/*
 * fuzz_signed: what members and relays sign: card, receipts, acceptances, unreadable, evidence of gaps. The first byte
 * says which; the rest is its content, looked at as it is, and signed by a member whose key is at hand.
 */
#include "../unit/fixture.h"

#include "fuzz.h"
#include "proto/card.h"
#include "proto/receipt.h"

static struct fixture fixture;

static struct slice sign(const struct key_set *by, const char *context, struct slice content,
                         struct key_signature *signature)
{
    CHECK(seal_sign(&by->identity_secret, context, content, signature) == OK);
    return slice_of(signature->bytes, KEY_SIGNATURE_BYTES);
}

static void try_card(struct slice content, struct slice signature)
{
    Hotline__SignedCard signed_card = HOTLINE__SIGNED_CARD__INIT;
    struct err_note note = {""};
    struct card card, again;
    size_t index;
    WIRE_SET_BYTES(&signed_card, card, content.data, content.len);
    WIRE_SET_BYTES(&signed_card, signature, signature.data, signature.len);
    if (card_verify(&signed_card, fixture.roster, FIXTURE_NOW, &note, &card, &index) != OK) {
        fuzz_check_note(&note);
        return;
    }
    CHECK(index < roster_member_count(fixture.roster));
    CHECK(card_load(buf_slice(&card.bytes), fixture.roster, FIXTURE_NOW, &again, &index) == OK);
    CHECK(again.serial == card.serial && strcmp(again.member, card.member) == 0);
    card_done(&again);
    card_done(&card);
}

static void try_receipts(struct slice content, struct slice signature, struct wire_arena *arena)
{
    Hotline__SignedReceipts words = HOTLINE__SIGNED_RECEIPTS__INIT;
    Hotline__ReceiptBatch *batch;
    size_t index;
    WIRE_SET_BYTES(&words, batch, content.data, content.len);
    WIRE_SET_BYTES(&words, signature, signature.data, signature.len);
    if (receipt_verify(&words, fixture.roster, FIXTURE_NOW, arena, &batch, &index) != OK)
        return;
    CHECK(batch->n_receipts >= 1 && batch->n_receipts <= LIMIT_RECEIPTS);
    for (size_t i = 0; i < batch->n_receipts; i++) {
        CHECK(batch->receipts[i]->envelope_hash.len == KEY_HASH_BYTES);
        CHECK(receipt_state_name((int)batch->receipts[i]->state) != NULL);
        (void)receipt_may_follow(0, (int)batch->receipts[i]->state);
    }
}

static void try_accepted(struct slice content, struct slice signature, struct wire_arena *arena)
{
    Hotline__SignedAccepted words = HOTLINE__SIGNED_ACCEPTED__INIT;
    Hotline__AcceptedBatch *batch;
    WIRE_SET_BYTES(&words, batch, content.data, content.len);
    WIRE_SET_BYTES(&words, signature, signature.data, signature.len);
    if (receipt_verify_accepted(&words, fixture.roster, arena, &batch) == OK)
        for (size_t i = 0; i < batch->n_acceptances; i++)
            CHECK(batch->acceptances[i]->envelope_hash.len == KEY_HASH_BYTES);
}

static void try_unreadable(struct slice content, struct slice signature, struct wire_arena *arena)
{
    Hotline__SignedUnreadable words = HOTLINE__SIGNED_UNREADABLE__INIT;
    Hotline__Unreadable *unreadable;
    size_t index;
    WIRE_SET_BYTES(&words, unreadable, content.data, content.len);
    WIRE_SET_BYTES(&words, signature, signature.data, signature.len);
    if (receipt_verify_unreadable(&words, fixture.roster, FIXTURE_NOW, arena, &unreadable, &index) == OK)
        CHECK(unreadable->envelope_hash.len == KEY_HASH_BYTES && index < FIXTURE_MEMBERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire_arena arena;
    struct key_signature signature;
    fuzz_begin();
    if (fixture.roster == NULL) {
        fixture_init(&fixture);
        CHECK(wire_arena_init(&arena) == OK);
    }
    if (size == 0 || size > LIMIT_FRAME_BYTES)
        return 0;
    struct slice content = slice_of(data + 1, size - 1);
    const struct key_set *member = fixture.member[data[0] / 4 % FIXTURE_MEMBERS];
    wire_arena_clear(&arena);
    switch (data[0] % 4) {
    case 0:
        try_card(content, sign(member, SEAL_CONTEXT_CARD, content, &signature));
        break;
    case 1:
        try_receipts(content, sign(member, SEAL_CONTEXT_RECEIPTS, content, &signature), &arena);
        break;
    case 2:
        try_accepted(content, sign(fixture.relay, SEAL_CONTEXT_ACCEPTED, content, &signature), &arena);
        break;
    default:
        try_unreadable(content, sign(member, SEAL_CONTEXT_UNREADABLE, content, &signature), &arena);
        break;
    }
    return 0;
}
