/*
 * relay, delivering: what is owed to members that are there, within their credit; bodies that are not at hand.
 * Must never hand a member another one's grant.
 */
#include "relay/relay_inner.h"

/* What a Deliver weighs beyond header and body. */
#define RELAY_DELIVER_BYTES 256

void relay_owe(struct relay *relay, const struct ledger_envelope *envelope, uint32_t member, bool recovery)
{
    const struct registry_member *owner = registry_at(&relay->registry, member);
    struct courier_debt debt = {.key = envelope->number | (recovery ? COURIER_RECOVERY : 0),
                                .age_us = envelope->sent_us,
                                .size_bytes = envelope->size_bytes + RELAY_DELIVER_BYTES,
                                .class = COURIER_CLASSES - 1};

    if (relay->registry.roster &&
        registry_standing(&relay->registry, owner, relay->now_us) == HOTLINE__STANDING__CODE__WITHDRAWN)
        return;
    if (!recovery && envelope->urgency >= 1 && envelope->urgency <= COURIER_CLASSES)
        debt.class = (uint8_t)(envelope->urgency - 1);
    if (courier_owe(&relay_member_at(relay, member)->courier, &debt, relay->now_us))
        relay_fail(relay, ERR_NOMEM, "out of memory for a debt");
}

/* ---- one Deliver ---- */

static int relay_fill_grant(Hotline__Grant *grant, char *member, const uint8_t key_id[KEY_ID_BYTES],
                            const uint8_t lock[PARCEL_LOCK_BYTES])
{
    hotline__grant__init(grant);
    grant->member = member;
    WIRE_SET_BYTES(grant, key_id, key_id, KEY_ID_BYTES);
    WIRE_SET_BYTES(grant, nonce, lock, 24);
    WIRE_SET_BYTES(grant, box, lock + 24, ENVELOPE_GRANT_BOX_BYTES);
    return OK;
}

/* The sender's own: its grant to itself, and who was granted. */
static int relay_fill_recovery(struct relay *relay, const struct ledger_envelope *held, const struct parcel *parcel,
                               Hotline__Deliver *deliver, Hotline__Grant *grant)
{
    struct wire_arena *arena = relay_build(relay);

    deliver->granted = wire_arena_take(arena, (held->grant_count + 1) * sizeof(char *));
    if (!parcel->has_self || !deliver->granted)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < held->grant_count; i++)
        deliver->granted[deliver->n_granted++] = registry_at(&relay->registry, held->grants[i].member)->id;
    WIRE_SET(deliver, recovery, 1);
    deliver->envelope->self_grant = grant;
    return relay_fill_grant(grant, registry_at(&relay->registry, held->sender)->id, parcel->self,
                            parcel->self + KEY_ID_BYTES);
}

static int relay_fill_deliver(struct relay *relay, const struct ledger_envelope *held, const struct parcel *parcel,
                              uint32_t member, Hotline__Deliver *deliver, Hotline__Grant *grant)
{
    const struct ledger_grant *granted = ledger_grant(held, member);
    const uint8_t *lock = granted ? parcel_lock(parcel, (size_t)(granted - held->grants)) : NULL;

    if (!lock)
        return ERR_NOT_FOUND;
    deliver->envelope->n_grants = 1;
    return relay_fill_grant(grant, registry_at(&relay->registry, member)->id, granted->key_id.bytes, lock);
}

static int relay_deliver(struct relay *relay, const struct session *session, const struct ledger_envelope *held,
                         const struct parcel *parcel, bool recovery)
{
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant, *grants[1] = {&grant};
    int error;

    deliver.envelope = &envelope;
    envelope.grants = grants;
    envelope.has_header = envelope.has_signature = envelope.has_body = 1;
    envelope.header = wire_bytes(buf_slice(&held->header));
    envelope.signature = wire_bytes(slice_of(parcel->signature.bytes, KEY_SIGNATURE_BYTES));
    envelope.body = wire_bytes(buf_slice(&parcel->body));
    error = recovery ? relay_fill_recovery(relay, held, parcel, &deliver, &grant) :
                       relay_fill_deliver(relay, held, parcel, session->member, &deliver, &grant);
    if (error)
        return error;
    error = relay_send(relay, session, WIRE_DELIVER, &deliver.base);
    if (!error)
        relay->numbers.counters.delivered++;
    return error;
}

/* ---- bodies from the disk ---- */

static void relay_reading_free(struct relay_reading *reading)
{
    free(reading->keys);
    free(reading->members);
    free(reading);
}

/* What the disk gave is what was taken in: header (read at the start) and body have the hash that they had. */
static bool relay_is_whole(const struct ledger_envelope *held, const struct parcel *parcel)
{
    struct key_hash body = seal_hash(buf_slice(&parcel->body));
    struct key_hash hash = seal_hash2(buf_slice(&held->header), slice_of(body.bytes, sizeof body.bytes));

    return key_hash_equal(&hash, &held->hash);
}

/* The parcel came: everybody who waited is served from memory. */
static void relay_on_parcel(void *ctx, uint64_t number, struct parcel *parcel, int error)
{
    struct relay *relay = ctx;
    struct relay_reading *reading = lookup_remove(&relay->reading, &number);
    struct ledger_envelope *held = ledger_by_number(&relay->ledger, number);

    relay->now_us = relay->io.now(relay->io.ctx);
    if (parcel && held && !relay_is_whole(held, parcel))
        error = ERR_CORRUPT;
    if (parcel && held && !error)
        parcel_keep(&relay->cache, parcel);
    else
        parcel_free(parcel);
    if (error && held && error != ERR_STATE)
        relay_fail(relay, error, "a stored envelope cannot be read");
    if (!reading)
        return;
    for (size_t i = 0; i < reading->count; i++)
        courier_again(&relay_member_at(relay, reading->members[i])->courier, reading->keys[i], relay->now_us);
    for (size_t i = 0; i < reading->count && !relay->failed; i++)
        relay_pump(relay, reading->members[i]);
    relay_reading_free(reading);
}

static int relay_reading_add(struct relay_reading *reading, uint64_t key, uint32_t member)
{
    if (reading->count == reading->capacity) {
        size_t capacity = reading->capacity ? reading->capacity * 2 : 4;
        uint64_t *keys = realloc(reading->keys, capacity * sizeof(*keys));
        uint32_t *members;
        if (!keys)
            return ERR_NOMEM;
        reading->keys = keys;
        members = realloc(reading->members, capacity * sizeof(*members));
        if (!members)
            return ERR_NOMEM;
        reading->members = members;
        reading->capacity = capacity;
    }
    reading->keys[reading->count] = key;
    reading->members[reading->count++] = member;
    return OK;
}

static int relay_read(struct relay *relay, uint64_t number, uint64_t key, uint32_t member)
{
    struct relay_reading *reading = lookup_find(&relay->reading, &number);
    bool is_new = !reading;
    int error;

    if (is_new) {
        reading = calloc(1, sizeof *reading);
        if (!reading)
            return ERR_NOMEM;
        reading->number = number;
        error = lookup_add(&relay->reading, reading);
        if (error) {
            free(reading);
            return error;
        }
    }
    error = relay_reading_add(reading, key, member);
    if (is_new) {
        relay->numbers.counters.disk_reads++;
        spool_read_parcel(relay->spool, number, relay_on_parcel, relay);
    }
    return error;
}

void relay_readings_done(struct relay *relay)
{
    struct relay_reading *reading;
    size_t at = 0;

    while ((reading = lookup_next(&relay->reading, &at)))
        relay_reading_free(reading);
    lookup_done(&relay->reading);
}

/* ---- the pump ---- */

void relay_pump(struct relay *relay, uint32_t member)
{
    struct courier *courier = &relay_member_at(relay, member)->courier;
    struct session *session = relay_session_of(relay, member);
    uint64_t key;

    while (session && session->has_card && !session->cut_us && courier_next(courier, relay->now_us, &key)) {
        const struct ledger_envelope *held = ledger_by_number(&relay->ledger, key & ~COURIER_RECOVERY);
        const struct parcel *parcel;
        int error;

        CHECK(held);
        parcel = parcel_find(&relay->cache, held->number);
        if (!parcel) {
            if (relay_read(relay, held->number, key, member))
                relay_fail(relay, ERR_NOMEM, "out of memory for a delivery");
            continue;
        }
        error = relay_deliver(relay, session, held, parcel, (key & COURIER_RECOVERY) != 0);
        if (error == ERR_NOT_FOUND) {
            courier_block(courier, key);
        } else if (error) {
            courier_again(courier, key, relay->now_us);
            return;
        }
    }
    relay_blob_pump(relay, member); /* photos after everything that is more urgent */
}
