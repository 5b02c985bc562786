/*
 * relay, starting: from rows to memory, everything but the bodies.
 * Must never drop a row that it does not understand: such a store stops the start.
 */
#include "proto/log.h"
#include "relay/relay_inner.h"

static int relay_load_member(void *ctx, uint32_t number, const char *id)
{
    struct relay *relay = ctx;
    struct registry_member *member;
    bool is_new;
    int error = id && key_name_ok(id) ? OK : ERR_CORRUPT;

    if (!error)
        error = relay_know(relay, id, &is_new, &member);
    if (!error && member->number != number)
        error = ERR_CORRUPT;
    return error;
}

/* A stored roster is checked by the keys that it carries itself: one that changed them is signed by both sets. */
static int relay_verify_stored(struct slice bytes, struct roster **ret_roster)
{
    Hotline__Roster *peek;
    struct roster_trust trust = {0};
    int error = roster_peek(bytes, NULL, &peek);

    if (error)
        return error;
    trust.threshold = peek->threshold;
    for (size_t i = 0; i < peek->n_authority_keys && i < LIMIT_AUTHORITY_KEYS && !error; i++)
        error = key_identity_from(wire_slice(peek->authority_keys[i]), &trust.keys[trust.count++]);
    protobuf_c_message_free_unpacked(&peek->base, NULL);
    return error ? error : roster_verify(bytes, &trust, NULL, ret_roster);
}

static int relay_load_roster(void *ctx, struct slice bytes)
{
    struct relay *relay = ctx;
    struct roster *roster;
    int error = relay_verify_stored(bytes, &roster);

    if (error)
        return error;
    /* Each has a number in the same file, which somebody may have changed. */
    for (size_t i = 0; i < roster_member_count(roster) && !error; i++)
        error = registry_find(&relay->registry, roster_member(roster, i)->id) ? OK : ERR_CORRUPT;
    if (!error)
        error = registry_adopt(&relay->registry, roster, relay->now_us);
    if (error)
        roster_free(roster);
    return error;
}

static int relay_load_card(void *ctx, uint32_t number, struct slice bytes)
{
    struct relay *relay = ctx;
    struct registry_member *member;
    struct card card;
    size_t place;

    if (number >= relay->registry.count || !relay->registry.roster)
        return ERR_CORRUPT;
    member = registry_at(&relay->registry, number);
    /* A card of somebody who left the roster, or signed with a key that is over: the member shows a new one. */
    if (card_load(bytes, relay->registry.roster, relay->now_us, &card, &place))
        return OK;
    if (member->place != place) {
        card_done(&card);
        return ERR_CORRUPT;
    }
    registry_set_card(&relay->registry, member, &card);
    return OK;
}

static int relay_load_seen(void *ctx, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                           int64_t until_us)
{
    struct relay *relay = ctx;

    return ledger_add_seen(&relay->ledger, sender, id, hash, until_us);
}

static int relay_load_case(void *ctx, const struct spool_case *row)
{
    struct relay *relay = ctx;
    struct ledger_case *of_case;
    int error = row->opener < relay->registry.count ? OK : ERR_CORRUPT;

    if (!error)
        error = ledger_open_case(&relay->ledger, row->opener, row->exercise, row->case_id.bytes, &of_case);
    if (error)
        return error;
    of_case->stored = true;
    of_case->act = row->act;
    of_case->free_used = row->free_used;
    of_case->revision = row->revision;
    of_case->sent_us = row->sent_us;
    of_case->expires_us = row->expires_us;
    of_case->hash = row->hash;
    for (struct cursor holders = cursor_of(row->holders); !cursor_at_end(&holders) && !error;) {
        uint32_t holder = cursor_u32le(&holders);
        error = holder < relay->registry.count ? ledger_add_holder(of_case, holder) : ERR_CORRUPT;
    }
    return error;
}

static int relay_load_who(struct relay *relay, const struct spool_envelope *row, struct ledger_envelope *envelope)
{
    struct cursor who = cursor_of(row->who);
    int error = OK;

    while (!cursor_at_end(&who) && !error) {
        uint32_t member = cursor_u32le(&who);
        struct key_id key_id;
        size_t place;
        memcpy(key_id.bytes, cursor_take(&who, KEY_ID_BYTES).data, KEY_ID_BYTES);
        error = member < relay->registry.count ? ledger_add_grant(&relay->ledger, envelope, member, key_id, &place) :
                                                 ERR_CORRUPT;
    }
    return error;
}

/* Codes that wire_unpack let through when the envelope came. */
static bool relay_is_known(const struct spool_envelope *row)
{
    return row->kind >= HOTLINE__KIND__CODE__CASE && row->kind <= HOTLINE__KIND__CODE__PROBE &&
        row->act <= HOTLINE__ACT__CODE__RETRACT && row->urgency >= HOTLINE__URGENCY__CODE__IMMEDIATE &&
        row->urgency <= HOTLINE__URGENCY__CODE__ROUTINE;
}

static int relay_fill_envelope(struct relay *relay, const struct spool_envelope *row, struct ledger_envelope *envelope)
{
    bool numbered = row->number > 0 && row->number < COURIER_RECOVERY; /* the highest bit is the courier's */
    int error = numbered && row->sender < relay->registry.count && relay_is_known(row) ? OK : ERR_CORRUPT;

    envelope->number = row->number;
    envelope->sender = row->sender;
    envelope->id = row->id;
    envelope->hash = row->hash;
    envelope->kind = row->kind;
    envelope->act = row->act;
    envelope->urgency = row->urgency;
    envelope->exercise = row->exercise;
    envelope->has_self = row->has_self;
    envelope->revision = row->revision;
    envelope->sent_us = row->sent_us;
    envelope->expires_us = row->expires_us;
    envelope->taken_us = row->taken_us;
    envelope->roster_version = row->roster_version;
    envelope->size_bytes = row->size_bytes;
    buf_init(&envelope->header);
    buf_add_slice(&envelope->header, row->header);
    if (!error && buf_broken(&envelope->header))
        error = ERR_NOMEM;
    if (!error && row->case_id.len == KEY_UUID_BYTES && row->kind == HOTLINE__KIND__CODE__CASE) {
        error = row->opener < relay->registry.count ? OK : ERR_CORRUPT;
        if (!error)
            error = ledger_open_case(&relay->ledger, row->opener, row->exercise, row->case_id.data, &envelope->of_case);
        if (!error && envelope->of_case->newest)
            error = ERR_CORRUPT;
    }
    return error ? error : relay_load_who(relay, row, envelope);
}

static int relay_load_envelope(void *ctx, const struct spool_envelope *row)
{
    struct relay *relay = ctx;
    struct ledger_envelope *envelope = ledger_blank();
    int error = envelope ? relay_fill_envelope(relay, row, envelope) : ERR_NOMEM;

    if (!error)
        error = ledger_add(&relay->ledger, envelope);
    if (error)
        ledger_free(envelope);
    return error;
}

static int relay_load_grant(void *ctx, const struct spool_grant *row)
{
    struct relay *relay = ctx;
    struct ledger_envelope *envelope = ledger_by_number(&relay->ledger, row->number);
    size_t place;

    if (!envelope || row->member >= relay->registry.count || row->place > envelope->grant_count)
        return ERR_CORRUPT;
    if (row->place == envelope->grant_count)
        return ledger_add_grant(&relay->ledger, envelope, row->member, row->key_id, &place);
    envelope->grants[row->place].key_id = row->key_id;
    return envelope->grants[row->place].member == row->member ? OK : ERR_CORRUPT;
}

static int relay_load_answers(void *ctx, uint64_t number, struct slice answers)
{
    struct relay *relay = ctx;
    struct ledger_envelope *envelope = ledger_by_number(&relay->ledger, number);

    if (!envelope || answers.len < 1 || answers.len > envelope->grant_count + 1)
        return ERR_CORRUPT;
    envelope->recovery = answers.data[0] != 0;
    for (size_t i = 1; i < answers.len; i++)
        envelope->grants[i - 1].state = answers.data[i];
    return OK;
}

static int relay_load_owed(void *ctx, const struct spool_owed *row)
{
    struct relay *relay = ctx;
    bool is_new;

    if (row->owner >= relay->registry.count)
        return ERR_CORRUPT;
    return ledger_owe(&relay->ledger, row->owner, row->kind, &row->name, row->bytes, row->until_us, &is_new);
}

/* What is owed, from what was answered. */
static void relay_load_debts(struct relay *relay)
{
    for (const struct ledger_envelope *envelope = relay->ledger.oldest; envelope; envelope = envelope->newer) {
        for (size_t i = 0; i < envelope->grant_count; i++)
            if (ledger_grant_is_owed(&envelope->grants[i]))
                relay_owe(relay, envelope, envelope->grants[i].member, false);
        if (envelope->recovery)
            relay_owe(relay, envelope, envelope->sender, true);
    }
}

int relay_load(struct relay *relay, struct err_note *note)
{
    const struct spool_reader reader = {.on_member = relay_load_member,
                                        .on_roster = relay_load_roster,
                                        .on_card = relay_load_card,
                                        .on_seen = relay_load_seen,
                                        .on_case = relay_load_case,
                                        .on_envelope = relay_load_envelope,
                                        .on_grant = relay_load_grant,
                                        .on_answers = relay_load_answers,
                                        .on_owed = relay_load_owed,
                                        .ctx = relay};
    struct log_number envelopes, members;
    int error = spool_load(relay->spool, &reader);

    if (error)
        return err_set(note, error, "%s: the store cannot be read: %s", relay->conf->store, err_text(error));
    error = relay_blob_load(relay);
    if (error)
        return err_set(note, error, "%s: a stored blob cannot be read: %s", relay->conf->store, err_text(error));
    relay_load_debts(relay);
    log_event(LOG_INFO, "store loaded", "members", log_number(&members, (long long)relay->registry.count), "envelopes",
              log_number(&envelopes, (long long)relay->ledger.envelope_count), NULL);
    return OK;
}
