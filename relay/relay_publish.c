/*
 * relay, publishing: one envelope from its sender into the ledger and the spool, or a refusal with its limit.
 *
 * A revision that comes after a newer one of its case is answered Accepted naming nobody: a newer revision is held in
 * its place, which is all that "accepted" promises; nothing of it is owed or stored but its (sender, id). Must never
 * take an envelope that its sender did not sign, nor look into a body.
 */
#include <stdarg.h>

#include "proto/country.h"
#include "proto/log.h"
#include "proto/seal.h"
#include "relay/relay_inner.h"

#define REFUSED(code) HOTLINE__REFUSED_CODE__CODE__##code
#define ACT(code) HOTLINE__ACT__CODE__##code

/* One publication on its way. */
struct relay_publication {
    struct session *session;
    struct registry_member *sender;
    const Hotline__Envelope *sent;
    struct envelope envelope;
    const Hotline__EnvelopeHeader *header;
    struct ledger_case *of_case; /* NULL: not a case, or its first revision here */
    const struct route_set *routed;
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count;
    size_t left_out;
    struct ledger_envelope *held; /* being made */
    struct parcel *parcel;
};

/* ---- refusals ---- */

const char *relay_refused_name(int code)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&hotline__refused_code__code__descriptor, code);

    return value ? value->name : "UNKNOWN";
}

void relay_refuse(struct relay *relay, const struct session *session, const uint8_t hash[KEY_HASH_BYTES],
                  Hotline__RefusedCode__Code code, uint32_t retry_after_ms, const char *format, ...)
{
    Hotline__Refused refused = HOTLINE__REFUSED__INIT;
    char reason[LIMIT_SENTENCE_BYTES + 1];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    WIRE_SET_BYTES(&refused, envelope_hash, hash, KEY_HASH_BYTES);
    WIRE_SET(&refused, code, code);
    if (reason[0])
        refused.reason = reason;
    if (retry_after_ms)
        WIRE_SET(&refused, retry_after_ms, retry_after_ms);
    if ((unsigned)code < RELAY_REFUSED_CODES)
        relay->numbers.refused[code]++;
    if (relay_may_log(relay, session->member))
        log_event(LOG_INFO, "refused", "member", registry_at(&relay->registry, session->member)->id, "code",
                  relay_refused_name((int)code), "reason", reason, NULL);
    (void)relay_send(relay, session, WIRE_REFUSED, &refused.base);
}

#define REFUSE(code, wait_ms, ...)                                                                                     \
    (relay_refuse(relay, pub->session, pub->envelope.hash.bytes, REFUSED(code), (wait_ms), __VA_ARGS__), false)

static bool relay_is_closing(const struct relay_publication *pub)
{
    return pub->header->kind == HOTLINE__KIND__CODE__CASE &&
        (pub->header->act == ACT(CLOSE) || pub->header->act == ACT(RETRACT));
}

/* ---- the checks, in their order ---- */

static bool relay_parse(struct relay *relay, struct relay_publication *pub)
{
    struct err_note note = {{0}};
    struct slice header = wire_slice(pub->sent->header), body = wire_slice(pub->sent->body);
    struct key_hash body_hash = seal_hash(body);
    int error = envelope_parse(header, wire_slice(pub->sent->signature), body, &relay->arena, &note, &pub->envelope);

    if (error) {
        pub->envelope.hash = seal_hash2(header, slice_of(body_hash.bytes, KEY_HASH_BYTES));
        return error == ERR_MEMBER ? REFUSE(NOT_SENDER, 0, "%s", err_explain(&note, error)) :
                                     REFUSE(MALFORMED, 0, "%s", err_explain(&note, error));
    }
    pub->header = pub->envelope.header;
    if (strcmp(pub->header->sender, pub->sender->id) != 0)
        return REFUSE(NOT_SENDER, 0, "the sender is %s, this session is %s", pub->header->sender, pub->sender->id);
    if (pub->sent->n_grants > relay->conf->limits.recipients)
        return REFUSE(TOO_LARGE, 0, "%zu grants, at most %u", pub->sent->n_grants, relay->conf->limits.recipients);
    return true;
}

/* It was ended here before its time, by a clock of this relay's that was wrong: it is taken as if it was new. */
static bool relay_ended_early(const struct relay *relay, const struct relay_publication *pub)
{
    const struct ledger_case *of_case = pub->of_case;

    if (pub->header->expires_at_us <= relay->now_us)
        return false;
    return pub->header->kind != HOTLINE__KIND__CODE__CASE ||
        (of_case && !of_case->newest && key_hash_equal(&of_case->hash, &pub->envelope.hash));
}

/* True when it is new: not the same envelope again. */
static bool relay_is_new(struct relay *relay, struct relay_publication *pub)
{
    const struct ledger_seen *seen = ledger_seen(&relay->ledger, pub->sender->number, pub->envelope.id.bytes);
    struct ledger_envelope *held;
    struct relay_acceptance *nobody;

    if (!seen || !key_hash_equal(&seen->hash, &pub->envelope.hash))
        return true;
    relay->numbers.counters.duplicates++;
    held = ledger_by_hash(&relay->ledger, pub->envelope.hash.bytes);
    if (held) {
        if (relay_merge_grants(relay, held, pub->sent->grants, pub->sent->n_grants))
            relay_fail(relay, ERR_NOMEM, "out of memory for a grant");
        relay_accept_again(relay, pub->sender->number, held);
        return false;
    }
    if (relay_ended_early(relay, pub))
        return true;
    nobody = relay_acceptance_new(0, 0);
    if (nobody) {
        nobody->hash = pub->envelope.hash;
        relay_hold_accepted(relay, pub->sender->number, nobody);
    }
    return false;
}

static bool relay_check_times(struct relay *relay, struct relay_publication *pub)
{
    int64_t sent_us = pub->header->sent_at_us, expires_us = pub->header->expires_at_us;
    int64_t end_us = relay_is_closing(pub) ? expires_us + LIMIT_AFTERLIFE_US : expires_us;
    char text[CLOCK_TEXT_MAX];

    if (expires_us - sent_us > relay->conf->limits.validity_max_us) {
        clock_format_age(relay->conf->limits.validity_max_us, text);
        return REFUSE(VALIDITY_TOO_LONG, 0, "expires_at_us: at most %s after sent_at_us", text);
    }
    if (sent_us > relay->now_us + LIMIT_FUTURE_US) {
        clock_format(relay->now_us, text);
        return REFUSE(FROM_THE_FUTURE, 0, "sent_at_us: more than 24 h ahead of this relay's clock, %s", text);
    }
    if (end_us <= relay->now_us) {
        clock_format(expires_us, text);
        return REFUSE(EXPIRED, 0, "it expired at %s", text);
    }
    return true;
}

static void relay_keep_evidence(struct relay *relay, const struct relay_publication *pub,
                                const struct ledger_seen *seen)
{
    struct relay_member *member = relay_member_at(relay, pub->sender->number);
    const struct spool_evidence evidence = {.at_us = relay->now_us,
                                            .sender = pub->sender->number,
                                            .id = pub->envelope.id,
                                            .first = seen->hash,
                                            .second = pub->envelope.hash,
                                            .header = pub->envelope.header_bytes,
                                            .signature = pub->envelope.signature,
                                            .body_hash = seal_hash(pub->envelope.body)};

    relay->numbers.counters.disputes++;
    if (relay_may_log(relay, pub->sender->number))
        log_event(LOG_WARN, "two contents under one id: evidence kept", "member", pub->sender->id, NULL);
    if (member->evidence++ < RELAY_EVIDENCE_MAX)
        spool_put_evidence(relay->spool, &evidence);
}

static bool relay_check_signature(struct relay *relay, struct relay_publication *pub)
{
    const struct ledger_seen *seen = ledger_seen(&relay->ledger, pub->sender->number, pub->envelope.id.bytes);
    size_t place;
    int error = envelope_verify(&pub->envelope, relay->registry.roster, relay->now_us, &place);

    if (error == ERR_NOMEM) { /* a refusal would be for good: unanswered, it comes again */
        log_event(LOG_ERROR, "out of memory: a Publish is left to be sent again", NULL);
        return false;
    }
    if (error)
        return REFUSE(BAD_SIGNATURE, 0, "the signature does not verify with %s's identity key on roster version %llu",
                      pub->sender->id, (unsigned long long)roster_version(relay->registry.roster));
    if (seen && !key_hash_equal(&seen->hash, &pub->envelope.hash)) {
        relay_keep_evidence(relay, pub, seen);
        return REFUSE(DISPUTED, 0, "another envelope has this id; the first one stays");
    }
    return true;
}

/* OPEN, and UPDATE of what was closed, are for members in good standing under a living roster. */
static bool relay_check_standing(struct relay *relay, struct relay_publication *pub)
{
    const struct ledger_case *of_case = pub->of_case;
    bool closed = of_case && (of_case->act == ACT(CLOSE) || of_case->act == ACT(RETRACT));
    bool opens = pub->header->kind == HOTLINE__KIND__CODE__CASE &&
        (pub->header->act == ACT(OPEN) || (pub->header->act == ACT(UPDATE) && closed));
    Hotline__Role__Code role = roster_member(relay->registry.roster, pub->sender->place)->role;

    if (!opens)
        return true;
    if (role == HOTLINE__ROLE__CODE__OBSERVER || role == HOTLINE__ROLE__CODE__PROBE)
        return REFUSE(NOT_ALLOWED, 0, "the role of %s opens no cases", pub->sender->id);
    if (registry_standing(&relay->registry, pub->sender, relay->now_us) != HOTLINE__STANDING__CODE__ACTIVE)
        return REFUSE(NOT_ALLOWED, 0, "%s is suspended: it may update, close and reply, not open", pub->sender->id);
    if (roster_is_dead(relay->registry.roster, relay->now_us))
        return REFUSE(ROSTER_STALE, 0, "roster version %llu expired more than 30 days ago: nothing may be opened",
                      (unsigned long long)roster_version(relay->registry.roster));
    return true;
}

/* One CLOSE and one RETRACT per revision held are outside the rate, and so is what this relay asked for. */
static bool relay_is_free(struct relay *relay, const struct relay_publication *pub)
{
    struct relay_member *member = relay_member_at(relay, pub->sender->number);
    uint8_t bit = pub->header->act == ACT(CLOSE) ? 1 : 2;

    if (relay_is_closing(pub) && pub->of_case && pub->of_case->newest && !(pub->of_case->free_used & bit)) {
        pub->of_case->free_used |= bit;
        return true;
    }
    if (member->asked == 0)
        return false;
    member->asked--;
    return true;
}

static bool relay_check_rate(struct relay *relay, struct relay_publication *pub)
{
    struct relay_member *member = relay_member_at(relay, pub->sender->number);
    const struct relay_limits *limits = &relay->conf->limits;
    bool opening = pub->header->kind == HOTLINE__KIND__CODE__CASE && pub->header->act == ACT(OPEN);
    uint32_t rate = opening ? limits->openings_per_minute : limits->updates_per_minute;
    uint32_t wait_ms = 0;

    if (relay_is_free(relay, pub) ||
        quota_take(opening ? &member->openings : &member->updates, rate, relay->now_us, &wait_ms))
        return true;
    return REFUSE(RATE, wait_ms, "more than %u %s a minute", rate, opening ? "openings" : "updates and replies");
}

static bool relay_check_room(struct relay *relay, struct relay_publication *pub)
{
    const struct ledger_owner *owner = ledger_owner(&relay->ledger, pub->sender->number);
    bool opens = pub->header->kind == HOTLINE__KIND__CODE__CASE && !relay_is_closing(pub) &&
        !(pub->of_case && ledger_case_is_open(pub->of_case));

    if (opens && owner->open_cases >= relay->conf->limits.open_cases)
        return REFUSE(TOO_MANY_OPEN, 0, "%u cases are open, at most %u", owner->open_cases,
                      relay->conf->limits.open_cases);
    if (!relay_is_closing(pub) && spool_counters(relay->spool).free_bytes < relay->conf->disk_reserve_bytes)
        return REFUSE(DISK_FULL, 10000, "this relay's disk has less than %lld bytes free",
                      (long long)relay->conf->disk_reserve_bytes);
    return true;
}

/* False when a newer revision is known: accepted, nothing is owed, and the sender gets the newer one. */
static bool relay_is_newest(struct relay *relay, struct relay_publication *pub)
{
    const struct ledger_case *of_case = pub->of_case;
    struct relay_acceptance *nobody;
    int64_t until_us = pub->header->expires_at_us + LIMIT_AFTERLIFE_US;

    if (!of_case || of_case->revision == 0 || key_hash_equal(&of_case->hash, &pub->envelope.hash) ||
        envelope_order(pub->header->revision, pub->header->sent_at_us, &pub->envelope.hash, of_case->revision,
                       of_case->sent_us, &of_case->hash) > 0)
        return true;
    relay->numbers.counters.superseded++;
    nobody = relay_acceptance_new(0, 0);
    if (!nobody ||
        ledger_add_seen(&relay->ledger, pub->sender->number, &pub->envelope.id, &pub->envelope.hash, until_us)) {
        relay_acceptance_free(nobody);
        relay_fail(relay, ERR_NOMEM, "out of memory for a superseded revision");
        return false;
    }
    spool_put_seen(relay->spool, pub->sender->number, &pub->envelope.id, &pub->envelope.hash, until_us);
    nobody->hash = pub->envelope.hash;
    relay_hold_accepted(relay, pub->sender->number, nobody);
    if (pub->of_case->newest) { /* its sender does not know it: a clone, or a store that was put back */
        relay_hand_back(relay, pub->of_case->newest);
        relay_pump(relay, pub->sender->number);
    }
    return false;
}

/* ---- taking it in ---- */

static int relay_add_sent_grant(struct relay *relay, struct relay_publication *pub, const Hotline__Grant *grant)
{
    struct registry_member *member;
    uint8_t lock[PARCEL_LOCK_BYTES];
    struct key_id key_id;
    size_t place;
    enum router_verdict verdict =
        router_judge(&relay->registry, grant->member, pub->header->roster_version, relay->now_us);

    if (router_why(verdict)) {
        pub->left_out++;
        return OK;
    }
    if (relay_meet(relay, grant->member, &member))
        return ERR_NOMEM;
    if (member->number == pub->sender->number || ledger_grant(pub->held, member->number))
        return OK;
    memcpy(key_id.bytes, grant->key_id.data, KEY_ID_BYTES);
    memcpy(lock, grant->nonce.data, 24);
    memcpy(lock + 24, grant->box.data, ENVELOPE_GRANT_BOX_BYTES);
    if (ledger_add_grant(&relay->ledger, pub->held, member->number, key_id, &place))
        return ERR_NOMEM;
    return parcel_set_lock(pub->parcel, place, lock);
}

static int relay_fill_parcel(struct relay_publication *pub)
{
    const Hotline__Grant *self = pub->sent->self_grant;

    memcpy(pub->parcel->signature.bytes, pub->envelope.signature.data, KEY_SIGNATURE_BYTES);
    buf_add_slice(&pub->parcel->body, pub->envelope.body);
    if (self) {
        pub->parcel->has_self = true;
        memcpy(pub->parcel->self, self->key_id.data, KEY_ID_BYTES);
        memcpy(pub->parcel->self + KEY_ID_BYTES, self->nonce.data, 24);
        memcpy(pub->parcel->self + KEY_ID_BYTES + 24, self->box.data, ENVELOPE_GRANT_BOX_BYTES);
    }
    return buf_broken(&pub->parcel->body) ? ERR_NOMEM : OK;
}

/* The ledger's envelope and the parcel, made but not yet taken in. */
static int relay_make(struct relay *relay, struct relay_publication *pub)
{
    const Hotline__EnvelopeHeader *header = pub->header;
    struct ledger_envelope *held = pub->held = ledger_blank();
    int error;

    pub->parcel = parcel_new(relay->ledger.next_number);
    if (!held || !pub->parcel)
        return ERR_NOMEM;
    buf_init(&held->header);
    buf_add_slice(&held->header, pub->envelope.header_bytes);
    held->hash = pub->envelope.hash;
    held->id = pub->envelope.id;
    held->sender = pub->sender->number;
    held->kind = (uint8_t)header->kind;
    held->act = header->has_act ? (uint8_t)header->act : 0;
    held->urgency = (uint8_t)header->urgency;
    held->exercise = header->status == HOTLINE__STATUS__CODE__EXERCISE;
    held->has_self = pub->sent->self_grant != NULL;
    held->revision = header->has_revision ? header->revision : 0;
    held->sent_us = header->sent_at_us;
    held->expires_us = header->expires_at_us;
    held->taken_us = relay->now_us;
    held->roster_version = header->roster_version;
    held->size_bytes = (uint32_t)(pub->envelope.header_bytes.len + pub->envelope.body.len);
    error = buf_broken(&held->header) ? ERR_NOMEM : relay_fill_parcel(pub);
    for (size_t i = 0; i < pub->sent->n_grants && !error; i++)
        error = relay_add_sent_grant(relay, pub, pub->sent->grants[i]);
    return error;
}

static void relay_route(struct relay *relay, struct relay_publication *pub)
{
    const struct router_query query = {.sender = pub->sender->id,
                                       .route = pub->header->route,
                                       .holders = pub->of_case ? pub->of_case->holders : NULL,
                                       .holder_count = pub->of_case ? pub->of_case->holder_count : 0};

    pub->routed = router_route(&relay->registry, &query, pub->unreached, &pub->unreached_count);
}

static bool relay_check_somebody(struct relay *relay, struct relay_publication *pub)
{
    if (pub->header->kind != HOTLINE__KIND__CODE__CASE || pub->header->act != ACT(OPEN) || pub->held->grant_count > 0 ||
        route_set_size(pub->routed) > 0)
        return true;
    return REFUSE(NOBODY, 0, "nobody on roster version %llu is reached by this route",
                  (unsigned long long)roster_version(relay->registry.roster));
}

void relay_write_case(struct relay *relay, struct ledger_case *of_case)
{
    struct spool_case row = {.opener = ledger_case_opener(of_case),
                             .exercise = of_case->key[4] != 0,
                             .act = of_case->act,
                             .free_used = of_case->free_used,
                             .revision = of_case->revision,
                             .sent_us = of_case->sent_us,
                             .expires_us = of_case->expires_us,
                             .hash = of_case->hash};
    struct buf holders;

    buf_init(&holders);
    for (size_t i = 0; i < of_case->holder_count; i++)
        buf_add_u32le(&holders, of_case->holders[i]);
    if (buf_broken(&holders)) {
        relay_fail(relay, ERR_NOMEM, "out of memory for a case");
    } else {
        memcpy(row.case_id.bytes, of_case->key + 5, KEY_UUID_BYTES);
        row.holders = buf_slice(&holders);
        spool_put_case(relay->spool, &row);
        of_case->stored = true;
    }
    buf_free(&holders);
}

void relay_drop_envelope(struct relay *relay, struct ledger_envelope *envelope)
{
    for (size_t i = 0; i < envelope->grant_count; i++)
        courier_end(&relay_member_at(relay, envelope->grants[i].member)->courier, envelope->number);
    courier_end(&relay_member_at(relay, envelope->sender)->courier, envelope->number | COURIER_RECOVERY);
    if (envelope->want_count > 0)
        relay->pending_dirty = true;
    spool_drop_envelope(relay->spool, envelope->number, envelope->expires_us + LIMIT_AFTERLIFE_US);
    parcel_drop(&relay->cache, envelope->number);
    relay_blob_unnamed(relay, envelope->number);
    ledger_drop(&relay->ledger, envelope);
}

static void relay_write_envelope(struct relay *relay, const struct relay_publication *pub)
{
    const struct ledger_envelope *held = pub->held;
    struct spool_envelope row = {.number = held->number,
                                 .sender = held->sender,
                                 .id = held->id,
                                 .hash = held->hash,
                                 .kind = held->kind,
                                 .act = held->act,
                                 .urgency = held->urgency,
                                 .exercise = held->exercise,
                                 .has_self = held->has_self,
                                 .revision = held->revision,
                                 .sent_us = held->sent_us,
                                 .expires_us = held->expires_us,
                                 .taken_us = held->taken_us,
                                 .roster_version = held->roster_version,
                                 .size_bytes = held->size_bytes,
                                 .opener = held->sender,
                                 .header = buf_slice(&held->header)};
    struct buf who;

    buf_init(&who);
    for (size_t i = 0; i < held->grant_count; i++) {
        buf_add_u32le(&who, held->grants[i].member);
        buf_add(&who, held->grants[i].key_id.bytes, KEY_ID_BYTES);
    }
    if (held->of_case)
        row.case_id = slice_of(held->of_case->key + 5, KEY_UUID_BYTES);
    row.who = buf_slice(&who);
    if (buf_broken(&who))
        relay_fail(relay, ERR_NOMEM, "out of memory for an envelope");
    else
        spool_put_envelope(relay->spool, &row, pub->parcel);
    buf_free(&who);
}

/* From here on memory has it: the older revision goes, this one is held, owed, written. Takes held and parcel. */
static int relay_take_in(struct relay *relay, struct relay_publication *pub)
{
    const Hotline__EnvelopeHeader *header = pub->header;
    struct ledger_case *of_case = NULL;
    int error = OK;

    if (header->kind == HOTLINE__KIND__CODE__CASE)
        error = ledger_open_case(&relay->ledger, pub->sender->number, pub->held->exercise,
                                 header->case_name->case_id.data, &of_case);
    if (error)
        return error;
    if (of_case && of_case->newest)
        relay_drop_envelope(relay, of_case->newest);
    pub->held->of_case = of_case;
    error = ledger_add(&relay->ledger, pub->held);
    if (error)
        return error;
    CHECK(pub->held->number == pub->parcel->number);
    if (of_case && (of_case->stored || pub->of_case))
        relay_write_case(relay, of_case);
    relay_write_envelope(relay, pub);
    parcel_keep(&relay->cache, pub->parcel);
    pub->parcel = NULL;
    error = relay_blob_named(relay, pub->held, header->blobs, header->n_blobs);
    for (size_t i = 0; i < pub->held->grant_count; i++)
        relay_owe(relay, pub->held, pub->held->grants[i].member, false);
    for (size_t at = route_set_next(pub->routed, 0); at != SIZE_MAX && !error;
         at = route_set_next(pub->routed, at + 1)) {
        const struct registry_member *member = registry_placed(&relay->registry, at);
        if (!ledger_grant(pub->held, member->number))
            error = ledger_add_want(&relay->ledger, pub->held, member->number, relay->now_us);
    }
    if (pub->held->want_count > 0)
        relay->pending_dirty = true;
    return error;
}

/* ---- answering ---- */

static void relay_name_left_out(struct relay *relay, const struct relay_publication *pub,
                                struct relay_acceptance *acceptance, const char **at)
{
    char *room = acceptance->room;

    for (size_t i = 0; i < pub->sent->n_grants; i++) {
        const char *id = pub->sent->grants[i]->member;
        const char *why = router_why(router_judge(&relay->registry, id, pub->header->roster_version, relay->now_us));
        size_t size = strlen(id) + 1;
        if (!why)
            continue;
        memcpy(room, id, size);
        *at++ = room;
        *at++ = why;
        room += size;
        acceptance->left_out++;
    }
}

static void relay_accept(struct relay *relay, const struct relay_publication *pub)
{
    const struct ledger_envelope *held = pub->held;
    size_t names = 2 * held->grant_count + held->want_count + pub->unreached_count + 2 * pub->left_out;
    struct relay_acceptance *acceptance = relay_acceptance_new(names, pub->left_out * (LIMIT_ID_CHARS + 1));
    const char **at;

    if (!acceptance) {
        relay_fail(relay, ERR_NOMEM, "out of memory for an answer");
        return;
    }
    acceptance->hash = held->hash;
    at = acceptance->names;
    for (size_t i = 0; i < held->grant_count; i++, acceptance->granted++)
        *at++ = registry_at(&relay->registry, held->grants[i].member)->id;
    for (size_t i = 0; i < held->want_count; i++, acceptance->wanted++)
        *at++ = registry_at(&relay->registry, held->wants[i].member)->id;
    for (size_t i = 0; i < held->grant_count; i++)
        if (relay_session_of(relay, held->grants[i].member)) {
            *at++ = registry_at(&relay->registry, held->grants[i].member)->id;
            acceptance->present++;
        }
    for (size_t i = 0; i < pub->unreached_count; i++, acceptance->unreached++)
        *at++ = country_code(pub->unreached[i]);
    relay_name_left_out(relay, pub, acceptance, at);
    relay->numbers.counters.accepted++;
    relay_hold_accepted(relay, pub->sender->number, acceptance);
}

void relay_on_publish(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    struct relay_publication publication = {.session = session,
                                            .sent = ((const Hotline__Publish *)message)->envelope,
                                            .sender = registry_at(&relay->registry, session->member)};
    struct relay_publication *pub = &publication;
    int error;

    if (!relay_parse(relay, pub))
        return;
    if (pub->header->kind == HOTLINE__KIND__CODE__CASE)
        pub->of_case =
            ledger_case(&relay->ledger, session->member, pub->header->status == HOTLINE__STATUS__CODE__EXERCISE,
                        pub->header->case_name->case_id.data);
    if (!relay_is_new(relay, pub))
        return;
    if (!relay_check_times(relay, pub) || !relay_check_signature(relay, pub) || !relay_check_standing(relay, pub) ||
        !relay_check_rate(relay, pub) || !relay_check_room(relay, pub) || !relay_is_newest(relay, pub))
        return;
    relay_route(relay, pub);
    error = relay_make(relay, pub);
    if (!error && relay_check_somebody(relay, pub)) {
        error = relay_take_in(relay, pub);
        if (!error) {
            relay_accept(relay, pub);
            for (size_t i = 0; i < pub->held->grant_count; i++)
                relay_pump(relay, pub->held->grants[i].member);
            relay_ask_grants(relay, session->member);
            relay_blob_ask(relay, session->member);
            return;
        }
    }
    if (error)
        relay_fail(relay, error, "out of memory for an envelope");
    if (pub->held && ledger_by_number(&relay->ledger, pub->held->number) != pub->held)
        ledger_free(pub->held);
    parcel_free(pub->parcel);
}
