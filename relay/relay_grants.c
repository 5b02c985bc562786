/*
 * relay, grants that come later: for late joiners, for members with a new key.
 * Must never take a grant away, nor let an older key replace the one that the member shows on its card.
 */
#include "relay/relay_inner.h"

/* Worth taking over an existing grant: for another key, and the one that the member holds now (or nobody knows). */
static bool relay_grant_is_better(const struct relay *relay, const struct ledger_envelope *envelope,
                                  const struct ledger_grant *held, struct key_id key_id)
{
    const struct registry_member *member = registry_at(&relay->registry, held->member);

    if (key_id_equal(held->key_id, key_id) || !(ledger_grant_is_owed(held) || ledger_want(envelope, held->member)))
        return false;
    return !member->has_card || !key_id_equal(held->key_id, member->card.encryption_key_id);
}

static void relay_write_grant(struct relay *relay, const struct ledger_envelope *envelope, size_t place,
                              const Hotline__Grant *grant)
{
    const struct ledger_grant *held = &envelope->grants[place];
    struct parcel *parcel = parcel_find(&relay->cache, envelope->number);
    uint8_t lock[PARCEL_LOCK_BYTES];
    const struct spool_grant row = {
        .number = envelope->number, .place = place, .member = held->member, .key_id = held->key_id, .lock = lock};

    memcpy(lock, grant->nonce.data, 24);
    memcpy(lock + 24, grant->box.data, ENVELOPE_GRANT_BOX_BYTES);
    spool_put_grant(relay->spool, &row);
    if (parcel && parcel_set_lock(parcel, place, lock))
        parcel_drop(&relay->cache, envelope->number);
}

static int relay_merge_grant(struct relay *relay, struct ledger_envelope *envelope, const Hotline__Grant *grant,
                             bool *ret_new)
{
    struct relay_member *owner;
    struct registry_member *member;
    struct ledger_grant *held;
    struct key_id key_id;
    size_t place;

    *ret_new = false;
    if (router_why(router_judge(&relay->registry, grant->member, envelope->roster_version, relay->now_us)))
        return OK;
    if (relay_meet(relay, grant->member, &member))
        return ERR_NOMEM;
    held = ledger_grant(envelope, member->number);
    if (member->number == envelope->sender || (!held && envelope->grant_count >= LIMIT_RECIPIENTS))
        return OK;
    owner = relay_member_at(relay, member->number);
    memcpy(key_id.bytes, grant->key_id.data, KEY_ID_BYTES);
    if (held && !relay_grant_is_better(relay, envelope, held, key_id)) {
        courier_unblock(&owner->courier, envelope->number, relay->now_us);
        if (key_id_equal(held->key_id, key_id))
            ledger_drop_want(&relay->ledger, envelope, member->number);
        return OK;
    }
    if (held) {
        place = (size_t)(held - envelope->grants);
        held->key_id = key_id;
        held->state = 0;
        ledger_touch(&relay->ledger, envelope);
        courier_end(&owner->courier, envelope->number);
    } else if (ledger_add_grant(&relay->ledger, envelope, member->number, key_id, &place)) {
        return ERR_NOMEM;
    }
    ledger_drop_want(&relay->ledger, envelope, member->number);
    relay_write_grant(relay, envelope, place, grant);
    relay_owe(relay, envelope, member->number, false);
    *ret_new = true;
    return OK;
}

int relay_merge_grants(struct relay *relay, struct ledger_envelope *envelope, Hotline__Grant *const *grants,
                       size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        const struct registry_member *member;
        bool is_new;
        int error = relay_merge_grant(relay, envelope, grants[i], &is_new);
        if (error)
            return error;
        member = registry_find(&relay->registry, grants[i]->member);
        if (member)
            relay_pump(relay, member->number);
        any = any || is_new;
        relay->numbers.counters.grants_late += is_new;
    }
    if (any) {
        relay->pending_dirty = true;
        if (envelope->of_case && envelope->of_case->stored)
            relay_write_case(relay, envelope->of_case);
    }
    return OK;
}

void relay_accept_again(struct relay *relay, uint32_t member, const struct ledger_envelope *envelope)
{
    struct relay_acceptance *acceptance = relay_acceptance_new(2 * envelope->grant_count + envelope->want_count, 0);
    const char **at;

    if (!acceptance) {
        relay_fail(relay, ERR_NOMEM, "out of memory for an answer");
        return;
    }
    at = acceptance->names;
    acceptance->hash = envelope->hash;
    for (size_t i = 0; i < envelope->grant_count; i++, acceptance->granted++)
        *at++ = registry_at(&relay->registry, envelope->grants[i].member)->id;
    for (size_t i = 0; i < envelope->want_count; i++) {
        if (envelope->wants[i].denied || ledger_grant(envelope, envelope->wants[i].member))
            continue;
        *at++ = registry_at(&relay->registry, envelope->wants[i].member)->id;
        acceptance->wanted++;
    }
    for (size_t i = 0; i < envelope->grant_count; i++)
        if (relay_session_of(relay, envelope->grants[i].member)) {
            *at++ = registry_at(&relay->registry, envelope->grants[i].member)->id;
            acceptance->present++;
        }
    relay_hold_accepted(relay, member, acceptance);
}

void relay_on_grants(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Grants *grants = (const Hotline__Grants *)message;
    struct ledger_envelope *envelope = ledger_by_hash(&relay->ledger, grants->envelope_hash.data);

    if (!envelope || envelope->sender != session->member) {
        relay_refuse(relay, session, grants->envelope_hash.data, HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE, 0,
                     "this relay holds no such envelope of %s", registry_at(&relay->registry, session->member)->id);
        return;
    }
    if (relay_merge_grants(relay, envelope, grants->grants, grants->n_grants)) {
        relay_fail(relay, ERR_NOMEM, "out of memory for a grant");
        return;
    }
    for (size_t i = 0; i < grants->n_not_routed; i++) {
        const struct registry_member *member = registry_find(&relay->registry, grants->not_routed[i]);
        struct ledger_want *want = member ? ledger_want(envelope, member->number) : NULL;
        if (want) {
            want->denied = true;
            relay->pending_dirty = true;
        }
    }
    relay_accept_again(relay, session->member, envelope);
}
