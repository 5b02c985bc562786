/*
 * relay, offers: which of a sender's envelopes this relay lacks, so that an emptied relay, or one whose clock ended
 * something too early, is filled again. Must never ask for what is over, nor take anything in itself.
 */
#include "relay/relay_inner.h"

/* Never had, or ended here before its time. */
static bool relay_lacks(const struct relay *relay, uint32_t sender, const Hotline__OfferedEnvelope *offered)
{
    const struct ledger_seen *seen = ledger_seen(&relay->ledger, sender, offered->id.data);

    if (!seen)
        return true;
    return seen->over.at_us - LIMIT_AFTERLIFE_US > relay->now_us && !ledger_by_hash(&relay->ledger, seen->hash.bytes);
}

void relay_on_offer(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Offer *offer = (const Hotline__Offer *)message;
    struct relay_member *member = relay_member_at(relay, session->member);
    uint32_t most = 2 * relay->conf->limits.open_cases;
    Hotline__Lacking lacking = HOTLINE__LACKING__INIT;

    lacking.ids = wire_arena_take(relay_build(relay), (offer->n_envelopes + 1) * sizeof(*lacking.ids));
    if (!lacking.ids)
        return;
    if (relay->now_us - member->asked_since_us > CLOCK_HOUR_US || relay->now_us < member->asked_since_us) {
        member->asked_since_us = relay->now_us;
        member->asked = 0;
        member->asked_sum = 0;
    }
    for (size_t i = 0; i < offer->n_envelopes; i++) {
        if (!relay_lacks(relay, session->member, offer->envelopes[i]))
            continue;
        lacking.ids[lacking.n_ids++] = offer->envelopes[i]->id;
        if (member->asked_sum < most) {
            member->asked_sum++;
            member->asked++;
        }
    }
    WIRE_SET(&lacking, page, offer->page);
    (void)relay_send(relay, session, WIRE_LACKING, &lacking.base);
}
