/*
 * relay, what recipients say: receipts end debts and are owed to the sender; Unreadable blocks a debt until something
 * changes. Must never answer Taken before the word is on the disk, nor take a word from anybody but its signer.
 */
#include "proto/log.h"
#include "relay/relay_inner.h"

static int64_t relay_kept_until(const struct relay *relay)
{
    return relay->now_us + relay->conf->receipts_kept_us;
}

/* Owes a signed word to its sender, durably, sends it at once when the sender is there, and answers Taken by its name.
 */
static int relay_owe_word(struct relay *relay, struct session *session, struct registry_member *sender,
                          enum ledger_owed_kind kind, const struct spool_owed *word)
{
    bool is_new;
    int error = ledger_owe(&relay->ledger, sender->number, kind, &word->name, word->bytes, word->until_us, &is_new);

    if (error)
        return error;
    if (is_new)
        spool_put_owed(relay->spool, word);
    relay_hold_taken(relay, session->member, &word->name);
    if (is_new) {
        struct session *to = relay_session_of(relay, sender->number);
        if (to)
            relay_send_words(relay, to);
    }
    return OK;
}

/* Nobody will ask for it: the peer may forget it. */
static void relay_take_for_nobody(struct relay *relay, struct session *session, struct slice signed_bytes)
{
    struct receipt_name name = receipt_name_of(signed_bytes);

    relay_hold_taken(relay, session->member, &name);
}

static void relay_apply_receipt(struct relay *relay, uint32_t recipient, uint32_t sender,
                                const Hotline__Receipt *receipt)
{
    struct ledger_envelope *envelope = ledger_by_hash(&relay->ledger, receipt->envelope_hash.data);
    struct ledger_grant *grant = envelope && envelope->sender == sender ? ledger_grant(envelope, recipient) : NULL;

    relay->numbers.counters.receipts++;
    if (!grant || !receipt_may_follow(grant->state, (int)receipt->state))
        return;
    grant->state = (uint8_t)receipt->state;
    ledger_touch(&relay->ledger, envelope);
    if (!ledger_grant_is_owed(grant)) {
        courier_end(&relay_member_at(relay, recipient)->courier, envelope->number);
        if (ledger_want(envelope, recipient)) {
            ledger_drop_want(&relay->ledger, envelope, recipient);
            relay->pending_dirty = true;
        }
    }
}

void relay_on_receipts(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__SignedReceipts *signed_receipts = ((const Hotline__Receipts *)message)->receipts;
    struct registry_member *sender, *self = registry_at(&relay->registry, session->member);
    Hotline__ReceiptBatch *batch;
    struct spool_owed word = {.kind = LEDGER_RECEIPTS, .until_us = relay_kept_until(relay)};
    struct buf bytes;
    size_t place;
    int error = receipt_verify(signed_receipts, relay->registry.roster, relay->now_us, &relay->arena, &batch, &place);

    if (error == ERR_NOMEM) {
        log_event(LOG_ERROR, "out of memory: receipts are left to be sent again", NULL);
        return;
    }
    if (error || place != self->place) {
        if (relay_may_log(relay, session->member))
            log_event(LOG_WARN, "receipts refused", "member", self->id, "why",
                      error ? err_text(error) : "another member's", NULL);
        relay->numbers.counters.malformed++;
        if (!session_forgives(session))
            relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL, "receipts that do not verify");
        return;
    }
    sender = registry_find(&relay->registry, batch->sender);
    if (!sender) {
        relay_take_for_nobody(relay, session, wire_slice(signed_receipts->batch));
        return;
    }
    for (size_t i = 0; i < batch->n_receipts; i++)
        relay_apply_receipt(relay, session->member, sender->number, batch->receipts[i]);
    buf_init(&bytes);
    wire_pack(&signed_receipts->base, &bytes);
    word.owner = sender->number;
    word.name = receipt_name_of(wire_slice(signed_receipts->batch));
    word.bytes = buf_slice(&bytes);
    if (buf_broken(&bytes) || relay_owe_word(relay, session, sender, LEDGER_RECEIPTS, &word))
        relay_fail(relay, ERR_NOMEM, "out of memory for receipts");
    buf_free(&bytes);
    relay_pump(relay, session->member);
}

/* The Deliver is answered, the debt stays; a grant for a key that the member replaced is wanted anew. */
static void relay_apply_unreadable(struct relay *relay, struct registry_member *recipient, uint32_t sender,
                                   const Hotline__Unreadable *unreadable)
{
    struct ledger_envelope *envelope = ledger_by_hash(&relay->ledger, unreadable->envelope_hash.data);
    struct ledger_grant *grant =
        envelope && envelope->sender == sender ? ledger_grant(envelope, recipient->number) : NULL;

    relay->numbers.counters.unreadable++;
    if (!grant || !ledger_grant_is_owed(grant))
        return;
    courier_block(&relay_member_at(relay, recipient->number)->courier, envelope->number);
    if (recipient->has_card && !key_id_equal(grant->key_id, recipient->card.encryption_key_id)) {
        if (ledger_add_want(&relay->ledger, envelope, recipient->number, relay->now_us))
            relay_fail(relay, ERR_NOMEM, "out of memory for a want");
        relay->pending_dirty = true;
        relay_ask_grants(relay, sender);
    }
}

void relay_on_unreadables(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__SignedUnreadable *signed_unreadable = ((const Hotline__Unreadables *)message)->unreadable;
    struct registry_member *sender, *self = registry_at(&relay->registry, session->member);
    Hotline__Unreadable *unreadable;
    struct spool_owed word = {.kind = LEDGER_UNREADABLE, .until_us = relay_kept_until(relay)};
    struct card card;
    struct buf bytes;
    size_t place;
    int error = receipt_verify_unreadable(signed_unreadable, relay->registry.roster, relay->now_us, &relay->arena,
                                          &unreadable, &place);

    if (error == ERR_NOMEM) {
        log_event(LOG_ERROR, "out of memory: an Unreadable is left to be sent again", NULL);
        return;
    }
    if (error || place != self->place) {
        if (relay_may_log(relay, session->member))
            log_event(LOG_WARN, "unreadable refused", "member", self->id, "why",
                      error ? err_text(error) : "another member's", NULL);
        relay->numbers.counters.malformed++;
        if (!session_forgives(session))
            relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL, "an Unreadable that does not verify");
        return;
    }
    if (signed_unreadable->card &&
        card_verify(signed_unreadable->card, relay->registry.roster, relay->now_us, NULL, &card, &place) == OK) {
        if (place == self->place)
            relay_take_card(relay, self, &card);
        else
            card_done(&card);
    }
    sender = registry_find(&relay->registry, unreadable->sender);
    if (!sender) {
        relay_take_for_nobody(relay, session, wire_slice(signed_unreadable->unreadable));
        return;
    }
    relay_apply_unreadable(relay, self, sender->number, unreadable);
    buf_init(&bytes);
    wire_pack(&signed_unreadable->base, &bytes);
    word.owner = sender->number;
    word.name = receipt_name_of(wire_slice(signed_unreadable->unreadable));
    word.bytes = buf_slice(&bytes);
    if (buf_broken(&bytes) || relay_owe_word(relay, session, sender, LEDGER_UNREADABLE, &word))
        relay_fail(relay, ERR_NOMEM, "out of memory for an Unreadable");
    buf_free(&bytes);
    relay_pump(relay, session->member);
}

/* ---- to the sender ---- */

static int relay_send_word(struct relay *relay, struct session *session, const struct ledger_owed *owed)
{
    ProtobufCMessage *message;
    bool receipts = owed->kind == LEDGER_RECEIPTS;
    int error;

    wire_arena_clear(&relay->work);
    error = wire_unpack(receipts ? &hotline__signed_receipts__descriptor : &hotline__signed_unreadable__descriptor,
                        buf_slice(&owed->bytes), &relay->work, NULL, &message);
    if (error)
        return error;
    if (receipts) {
        Hotline__Receipts frame = HOTLINE__RECEIPTS__INIT;
        frame.receipts = (Hotline__SignedReceipts *)message;
        return relay_send(relay, session, WIRE_RECEIPTS, &frame.base);
    }
    Hotline__Unreadables frame = HOTLINE__UNREADABLES__INIT;
    frame.unreadable = (Hotline__SignedUnreadable *)message;
    return relay_send(relay, session, WIRE_UNREADABLES, &frame.base);
}

void relay_send_words(struct relay *relay, struct session *session)
{
    struct relay_member *member = relay_member_at(relay, session->member);
    struct ledger_owed *owed = ledger_owner(&relay->ledger, session->member)->first;
    size_t ahead = 0;

    for (; owed && ahead < RELAY_WORDS_AHEAD; owed = owed->after, ahead++) {
        if (owed->sent_us >= session->since_us && relay->now_us - owed->sent_us < COURIER_OVERDUE_US)
            continue;
        if (relay_send_word(relay, session, owed))
            return;
        owed->sent_us = relay->now_us;
        member->words_sent++;
    }
}

/* The peer has a word that was owed to it, or took back its own envelope (named by its hash). */
void relay_on_taken(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Taken *taken = (const Hotline__Taken *)message;
    struct courier *courier = &relay_member_at(relay, session->member)->courier;
    size_t left = 0;

    for (size_t i = 0; i < taken->n_names; i++) {
        if (ledger_settle(&relay->ledger, session->member, taken->names[i].data))
            spool_drop_owed(relay->spool, session->member, taken->names[i].data);
        else
            left++;
    }
    for (struct ledger_envelope *own = ledger_owner(&relay->ledger, session->member)->own; own && left > 0;
         own = own->own_after) {
        if (!own->recovery)
            continue;
        for (size_t i = 0; i < taken->n_names; i++) {
            if (memcmp(own->hash.bytes, taken->names[i].data, RECEIPT_NAME_BYTES) != 0)
                continue;
            own->recovery = false;
            ledger_touch(&relay->ledger, own);
            courier_end(courier, own->number | COURIER_RECOVERY);
            left--;
        }
    }
    relay_send_words(relay, session);
    relay_pump(relay, session->member);
}

/* ---- to the disk ---- */

void relay_write_answers(struct relay *relay)
{
    struct buf states;

    buf_init(&states);
    while (relay->ledger.dirty) {
        struct ledger_envelope *envelope = relay->ledger.dirty;
        relay->ledger.dirty = envelope->next_dirty;
        envelope->dirty = false;
        buf_clear(&states);
        buf_add_u8(&states, envelope->recovery);
        for (size_t i = 0; i < envelope->grant_count; i++)
            buf_add_u8(&states, envelope->grants[i].state);
        if (buf_broken(&states)) {
            relay_fail(relay, ERR_NOMEM, "out of memory for answers");
            break;
        }
        spool_put_answers(relay->spool, envelope->number, buf_slice(&states));
    }
    buf_free(&states);
}
