/*
 * relay, grants that are missing: who is routed now, what their senders are asked, what members are told to wait for.
 * Must never take a recipient away: it only ever adds.
 */
#include "relay/relay_inner.h"

/* ---- who is routed ---- */

/* The header, unpacked into the work arena; NULL when it cannot be (it was checked when it came). */
static const Hotline__EnvelopeHeader *relay_header(struct relay *relay, const struct ledger_envelope *envelope)
{
    ProtobufCMessage *message;

    wire_arena_clear(&relay->work);
    if (wire_unpack(&hotline__envelope_header__descriptor, buf_slice(&envelope->header), &relay->work, NULL, &message))
        return NULL;
    return (const Hotline__EnvelopeHeader *)message;
}

static struct router_query relay_query(const struct ledger_envelope *envelope, const Hotline__EnvelopeHeader *header)
{
    const struct ledger_case *of_case = envelope->of_case;

    return (struct router_query){.sender = header->sender,
                                 .route = header->route,
                                 .holders = of_case ? of_case->holders : NULL,
                                 .holder_count = of_case ? of_case->holder_count : 0};
}

static bool relay_is_holder(const struct ledger_envelope *envelope, uint32_t member)
{
    const struct ledger_case *of_case = envelope->of_case;

    for (size_t i = 0; of_case && i < of_case->holder_count; i++)
        if (of_case->holders[i] == member)
            return true;
    return false;
}

/* The end of a case is for those who had it: a late joiner is not told of cases that are over. */
static bool relay_is_late_for(const struct ledger_envelope *envelope, uint32_t member)
{
    bool closing = envelope->of_case &&
        (envelope->act == HOTLINE__ACT__CODE__CLOSE || envelope->act == HOTLINE__ACT__CODE__RETRACT);

    return closing && !relay_is_holder(envelope, member);
}

static void relay_add_want(struct relay *relay, struct ledger_envelope *envelope, uint32_t member)
{
    struct ledger_want *want = ledger_want(envelope, member);

    if (want) {
        want->denied = false;
        want->asked_us = 0;
    } else if (ledger_add_want(&relay->ledger, envelope, member, relay->now_us)) {
        relay_fail(relay, ERR_NOMEM, "out of memory for a want");
    }
    relay->pending_dirty = true;
}

static void relay_sweep_envelope(struct relay *relay, struct ledger_envelope *envelope)
{
    const Hotline__EnvelopeHeader *header = envelope->expires_us > relay->now_us ? relay_header(relay, envelope) : NULL;
    const struct route_set *routed;
    struct router_query query;

    for (size_t i = 0; i < envelope->grant_count; i++)
        if (ledger_grant_is_owed(&envelope->grants[i]))
            relay_owe(relay, envelope, envelope->grants[i].member, false);
    if (!header)
        return;
    query = relay_query(envelope, header);
    routed = router_route(&relay->registry, &query, NULL, NULL);
    for (size_t i = envelope->want_count; i > 0; i--) {
        uint32_t member = envelope->wants[i - 1].member;
        size_t place = registry_at(&relay->registry, member)->place;
        if (!ledger_grant(envelope, member) && (place == ROSTER_NONE || !route_set_has(routed, place)))
            ledger_drop_want(&relay->ledger, envelope, member);
    }
    for (size_t at = route_set_next(routed, 0); at != SIZE_MAX; at = route_set_next(routed, at + 1)) {
        uint32_t member = registry_placed(&relay->registry, at)->number;
        if (!ledger_grant(envelope, member) && !relay_is_late_for(envelope, member))
            relay_add_want(relay, envelope, member);
    }
}

void relay_sweep_all(struct relay *relay)
{
    relay->sweep_next = relay->ledger.oldest ? relay->ledger.oldest->number : 0;
    relay->pending_dirty = true;
    if (relay->sweep_next)
        relay_sweep(relay);
}

/* Numbers only grow, so that a dropped envelope is no obstacle: the next higher one is looked for from the newest end
 * only when the exact one is gone. */
static struct ledger_envelope *relay_sweep_from(const struct relay *relay)
{
    struct ledger_envelope *envelope = ledger_by_number(&relay->ledger, relay->sweep_next);

    if (envelope)
        return envelope;
    for (envelope = relay->ledger.oldest; envelope && envelope->number < relay->sweep_next;)
        envelope = envelope->newer;
    return envelope;
}

void relay_sweep(struct relay *relay)
{
    struct ledger_envelope *envelope = relay_sweep_from(relay);

    for (size_t i = 0; i < RELAY_SWEEP && envelope; i++) {
        relay_sweep_envelope(relay, envelope);
        envelope = envelope->newer;
    }
    relay->sweep_next = envelope ? envelope->number : 0;
    for (uint32_t i = 0; i < relay->member_count; i++) {
        relay_ask_grants(relay, i);
        relay_pump(relay, i);
    }
}

/* A grant for a member whose store is new: owed again when it is for the key that the card shows, wanted otherwise. */
static void relay_grant_again(struct relay *relay, struct ledger_envelope *envelope, struct ledger_grant *grant,
                              const struct registry_member *member)
{
    struct courier *courier = &relay_member_at(relay, member->number)->courier;

    grant->state = 0;
    ledger_touch(&relay->ledger, envelope);
    courier_end(courier, envelope->number);
    relay_owe(relay, envelope, member->number, false);
    if (key_id_equal(grant->key_id, member->card.encryption_key_id))
        return;
    courier_block(courier, envelope->number);
    if (envelope->expires_us > relay->now_us)
        relay_add_want(relay, envelope, member->number);
}

static void relay_reconsider_route(struct relay *relay, struct ledger_envelope *envelope,
                                   const struct registry_member *member)
{
    const Hotline__EnvelopeHeader *header = envelope->expires_us > relay->now_us ? relay_header(relay, envelope) : NULL;
    struct router_query query;

    if (!header)
        return;
    query = relay_query(envelope, header);
    if (!router_reaches(&relay->registry, &query, member)) {
        ledger_drop_want(&relay->ledger, envelope, member->number);
        relay->pending_dirty = true;
    } else if (!relay_is_late_for(envelope, member->number)) {
        relay_add_want(relay, envelope, member->number);
    }
}

void relay_hand_back(struct relay *relay, struct ledger_envelope *envelope)
{
    if (!envelope->has_self || envelope->expires_us <= relay->now_us)
        return;
    envelope->recovery = true;
    ledger_touch(&relay->ledger, envelope);
    relay_owe(relay, envelope, envelope->sender, true);
}

void relay_reconsider(struct relay *relay, struct registry_member *member, bool store_changed)
{
    for (struct ledger_envelope *envelope = relay->ledger.oldest; envelope; envelope = envelope->newer) {
        struct ledger_grant *grant = ledger_grant(envelope, member->number);

        if (envelope->sender == member->number) {
            if (store_changed)
                relay_hand_back(relay, envelope);
        } else if (grant && store_changed) {
            relay_grant_again(relay, envelope, grant, member);
        } else if (!grant) {
            relay_reconsider_route(relay, envelope, member);
        }
    }
    for (uint32_t i = 0; i < relay->member_count; i++)
        relay_ask_grants(relay, i);
    relay_pump(relay, member->number);
}

/* ---- asking senders ---- */

/* The cards of those that this envelope should be granted to and whose grants were not asked for lately. */
static size_t relay_wanted_cards(struct relay *relay, struct ledger_envelope *envelope, Hotline__SignedCard **cards)
{
    size_t count = 0, bytes = 0;

    wire_arena_clear(&relay->work);
    for (size_t i = 0; i < envelope->want_count && count < LIMIT_CARDS_PER_FRAME && bytes < RELAY_PAGE_BYTES; i++) {
        struct ledger_want *want = &envelope->wants[i];
        const struct registry_member *member = registry_at(&relay->registry, want->member);
        if (want->denied || !member->has_card ||
            (want->asked_us && relay->now_us - want->asked_us < RELAY_WANT_AGAIN_US))
            continue;
        if (card_view(&member->card, &relay->work, &cards[count]))
            continue;
        want->asked_us = relay->now_us;
        bytes += member->card.bytes.len;
        count++;
    }
    return count;
}

void relay_ask_grants(struct relay *relay, uint32_t sender)
{
    const struct ledger_owner *owner = ledger_owner(&relay->ledger, sender);
    struct session *session = relay_session_of(relay, sender);

    if (!session || owner->want_count == 0)
        return;
    for (struct ledger_envelope *own = owner->own; own; own = own->own_after) {
        Hotline__GrantWanted wanted = HOTLINE__GRANT_WANTED__INIT;
        Hotline__SignedCard *cards[LIMIT_CARDS_PER_FRAME];

        if (own->want_count == 0 || own->expires_us <= relay->now_us)
            continue;
        wanted.cards = cards;
        wanted.n_cards = relay_wanted_cards(relay, own, cards);
        if (wanted.n_cards == 0)
            continue;
        WIRE_SET_BYTES(&wanted, envelope_hash, own->hash.bytes, KEY_HASH_BYTES);
        WIRE_SET_BYTES(&wanted, envelope_id, own->id.bytes, KEY_UUID_BYTES);
        if (relay_send(relay, session, WIRE_GRANT_WANTED, &wanted.base))
            return;
    }
}

/* ---- telling members ---- */

static struct relay_pending *relay_pending_of(struct relay_member *member, uint32_t sender)
{
    struct relay_pending *pendings;

    for (size_t i = 0; i < member->pending_count; i++)
        if (member->pendings[i].sender == sender)
            return &member->pendings[i];
    pendings = realloc(member->pendings, (member->pending_count + 1) * sizeof(*pendings));
    if (!pendings)
        return NULL;
    member->pendings = pendings;
    pendings[member->pending_count] = (struct relay_pending){.sender = sender};
    return &pendings[member->pending_count++];
}

static void relay_count_pending(struct relay *relay, const struct ledger_envelope *envelope)
{
    for (size_t i = 0; i < envelope->want_count; i++) {
        const struct ledger_want *want = &envelope->wants[i];
        struct relay_pending *pending;

        if (want->denied || !relay_session_of(relay, want->member))
            continue;
        pending = relay_pending_of(relay_member_at(relay, want->member), envelope->sender);
        if (!pending)
            return;
        if (pending->count == 0 || want->since_us < pending->since_us)
            pending->since_us = want->since_us;
        if (pending->count == 0 || envelope->urgency < pending->urgency)
            pending->urgency = envelope->urgency;
        pending->count++;
    }
}

static void relay_send_pending(struct relay *relay, const struct session *session, const struct relay_pending *pending)
{
    Hotline__Pending frame = HOTLINE__PENDING__INIT;

    frame.sender = registry_at(&relay->registry, pending->sender)->id;
    WIRE_SET(&frame, urgency,
             (Hotline__Urgency__Code)(pending->urgency ? pending->urgency : HOTLINE__URGENCY__CODE__ROUTINE));
    WIRE_SET(&frame, since_us, pending->since_us > 0 ? pending->since_us : 1);
    WIRE_SET(&frame, count, pending->count);
    (void)relay_send(relay, session, WIRE_PENDING, &frame.base);
}

void relay_tell_pending(struct relay *relay)
{
    relay->pending_dirty = false;
    for (uint32_t i = 0; i < relay->member_count; i++)
        for (size_t j = 0; j < relay->members[i]->pending_count; j++)
            relay->members[i]->pendings[j].count = 0;
    for (uint32_t i = 0; i < relay->member_count; i++) {
        const struct ledger_owner *owner = ledger_owner(&relay->ledger, i);
        if (owner->want_count == 0 || relay_session_of(relay, i))
            continue;
        for (const struct ledger_envelope *own = owner->own; own; own = own->own_after)
            if (own->expires_us > relay->now_us)
                relay_count_pending(relay, own);
    }
    for (uint32_t i = 0; i < relay->member_count; i++) {
        struct relay_member *member = relay->members[i];
        const struct session *session = relay_session_of(relay, i);
        size_t kept = 0;
        for (size_t j = 0; j < member->pending_count; j++) {
            struct relay_pending *pending = &member->pendings[j];
            if (session && pending->count != pending->told)
                relay_send_pending(relay, session, pending);
            pending->told = pending->count;
            if (pending->count > 0)
                member->pendings[kept++] = *pending;
        }
        member->pending_count = kept;
    }
}
