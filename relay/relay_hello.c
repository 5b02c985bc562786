/*
 * relay, beginning a conversation: Hello, Welcome and what the node lacks; who is there; the pulse.
 * Must never deliver to a node that has not shown the card of its present store.
 */
#include "proto/log.h"
#include "relay/relay_inner.h"

#define RELAY_SOFTWARE "hotline-relay 0.1.0"

/* What is held of this member: the newest revision of each unexpired case, and all else that somebody has not answered.
 */
static uint64_t relay_held_of(struct relay *relay, uint32_t member, uint8_t sum[KEY_HASH_BYTES])
{
    uint64_t count = 0;

    memset(sum, 0, KEY_HASH_BYTES);
    for (const struct ledger_envelope *own = ledger_owner(&relay->ledger, member)->own; own; own = own->own_after) {
        if (own->expires_us <= relay->now_us || (!own->of_case && !ledger_is_unanswered(own)))
            continue;
        for (size_t i = 0; i < KEY_HASH_BYTES; i++)
            sum[i] ^= own->hash.bytes[i];
        count++;
    }
    return count;
}

static void relay_send_welcome(struct relay *relay, const struct session *session, uint64_t card_serial)
{
    Hotline__Welcome welcome = HOTLINE__WELCOME__INIT;
    Hotline__RosterName roster = HOTLINE__ROSTER_NAME__INIT;
    uint8_t sum[KEY_HASH_BYTES];
    char software[] = RELAY_SOFTWARE, id[LIMIT_ID_CHARS + 1];

    snprintf(id, sizeof id, "%s", relay->keys->id);
    WIRE_SET(&welcome, protocol, WIRE_PROTOCOL);
    welcome.relay = id;
    WIRE_SET(&welcome, clock_us, relay->now_us);
    WIRE_SET(&roster, version, roster_version(relay->registry.roster));
    WIRE_SET_BYTES(&roster, hash, roster_hash(relay->registry.roster)->bytes, KEY_HASH_BYTES);
    welcome.roster = &roster;
    WIRE_SET(&welcome, credit_messages, relay->conf->limits.credit_messages);
    WIRE_SET(&welcome, credit_bytes, relay->conf->limits.credit_bytes);
    WIRE_SET(&welcome, message_bytes, LIMIT_MESSAGE_BYTES);
    WIRE_SET(&welcome, held_count, relay_held_of(relay, session->member, sum));
    WIRE_SET_BYTES(&welcome, held_xor, sum, KEY_HASH_BYTES);
    WIRE_SET(&welcome, own_card_serial, card_serial);
    welcome.software = software;
    (void)relay_send(relay, session, WIRE_WELCOME, &welcome.base);
}

/* ---- cards that the node lacks ---- */

static int relay_flush_cards(struct relay *relay, const struct session *session, Hotline__Cards *cards, size_t *bytes)
{
    int error = cards->n_cards > 0 ? relay_send(relay, session, WIRE_CARDS, &cards->base) : OK;

    cards->n_cards = 0;
    *bytes = 0;
    wire_arena_clear(&relay->work);
    return error;
}

static void relay_send_cards(struct relay *relay, const struct session *session, const uint64_t *known)
{
    Hotline__Cards cards = HOTLINE__CARDS__INIT;
    size_t bytes = 0;

    cards.cards = wire_arena_take(relay_build(relay), LIMIT_CARDS_PER_FRAME * sizeof(*cards.cards));
    wire_arena_clear(&relay->work);
    for (size_t i = 0; cards.cards && i < relay->registry.count; i++) {
        const struct registry_member *member = registry_at(&relay->registry, (uint32_t)i);
        if (!member->has_card || member->place == ROSTER_NONE || member->card.serial <= known[i])
            continue;
        if (cards.n_cards == LIMIT_CARDS_PER_FRAME || bytes + member->card.bytes.len > RELAY_PAGE_BYTES)
            if (relay_flush_cards(relay, session, &cards, &bytes))
                return;
        if (card_view(&member->card, &relay->work, &cards.cards[cards.n_cards]) == OK) {
            cards.n_cards++;
            bytes += member->card.bytes.len + 16;
        }
    }
    (void)relay_flush_cards(relay, session, &cards, &bytes);
}

static void relay_send_lacking_cards(struct relay *relay, const struct session *session, const Hotline__Hello *hello)
{
    uint64_t *known = calloc(relay->registry.count + 1, sizeof *known);

    if (!known)
        return;
    for (size_t i = 0; i < hello->n_card_members && i < hello->n_card_serials; i++) {
        const struct registry_member *member = registry_find(&relay->registry, hello->card_members[i]);
        if (member)
            known[member->number] = hello->card_serials[i];
    }
    relay_send_cards(relay, session, known);
    free(known);
}

/* ---- presence ---- */

void relay_touch_presence(struct relay *relay, uint32_t member)
{
    relay_member_at(relay, member)->present_dirty = true;
    relay->presence_dirty = true;
}

static Hotline__Present *relay_present(struct relay *relay, struct wire_arena *arena, uint32_t number)
{
    struct relay_member *member = relay_member_at(relay, number);
    struct session *session = relay_session_of(relay, number);
    Hotline__Present *present = wire_arena_take(arena, sizeof *present);

    if (!present)
        return NULL;
    hotline__present__init(present);
    present->member = registry_at(&relay->registry, number)->id;
    WIRE_SET(present, connected, session != NULL);
    WIRE_SET(present, since_us, member->present_since_us);
    if (!session)
        return present;
    WIRE_SET(present, armed_consoles, session->armed_consoles);
    present->languages_on_duty = wire_arena_take(arena, (session->language_count + 1) * sizeof(char *));
    for (size_t i = 0; present->languages_on_duty && i < session->language_count; i++)
        present->languages_on_duty[present->n_languages_on_duty++] = session->languages[i];
    return present;
}

/* Sends what is in the list to one session, or to every one. */
static void relay_flush_presence(struct relay *relay, const struct session *to, Hotline__Presence *presence)
{
    if (to)
        (void)relay_send(relay, to, WIRE_PRESENCE, &presence->base);
    else
        relay_send_all(relay, WIRE_PRESENCE, &presence->base, REGISTRY_NONE);
}

/* In pages: of all that are connected (to one session), or of those that changed (to all). */
static void relay_tell_presence(struct relay *relay, const struct session *to)
{
    size_t page = RELAY_PAGE_BYTES / 700, sent = 0;
    uint32_t at = 0;

    do {
        Hotline__Presence presence = HOTLINE__PRESENCE__INIT;
        struct wire_arena *arena = relay_build(relay);
        presence.members = wire_arena_take(arena, page * sizeof(*presence.members));
        for (; at < relay->member_count && presence.n_members < page && presence.members; at++) {
            Hotline__Present *present;
            if (to ? !relay_session_of(relay, at) : !relay->members[at]->present_dirty)
                continue;
            if (!to)
                relay->members[at]->present_dirty = false;
            present = relay_present(relay, arena, at);
            if (present)
                presence.members[presence.n_members++] = present;
        }
        WIRE_SET(&presence, whole, to != NULL && sent == 0);
        if (presence.n_members > 0 || (to && sent == 0))
            relay_flush_presence(relay, to, &presence);
        sent++;
    } while (at < relay->member_count);
}

void relay_push_presence(struct relay *relay)
{
    relay->presence_dirty = false;
    for (uint32_t i = 0; i < relay->member_count; i++) {
        struct relay_member *member = relay->members[i];
        bool present = relay_session_of(relay, i) != NULL;
        if (member->present_dirty && member->present != present) {
            member->present = present;
            member->present_since_us = relay->now_us;
        }
    }
    relay_tell_presence(relay, NULL);
}

void relay_on_pulse(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Pulse *pulse = (const Hotline__Pulse *)message;
    Hotline__Pulse answer = HOTLINE__PULSE__INIT;
    uint32_t armed = pulse->has_armed_consoles ? pulse->armed_consoles : 0;
    bool changed = armed != session->armed_consoles || pulse->n_languages_on_duty != session->language_count;

    session->armed_consoles = armed;
    session->language_count = 0;
    for (size_t i = 0; i < pulse->n_languages_on_duty && i < LIMIT_LANGUAGES; i++) {
        char *room = session->languages[session->language_count++];
        changed = changed || strcmp(room, pulse->languages_on_duty[i]) != 0;
        snprintf(room, sizeof session->languages[0], "%s", pulse->languages_on_duty[i]);
    }
    if (changed)
        relay_touch_presence(relay, session->member);
    WIRE_SET(&answer, clock_us, relay->now_us);
    WIRE_SET(&answer, echo_us, pulse->clock_us);
    (void)relay_send(relay, session, WIRE_PULSE, &answer.base);
}

/* ---- hello ---- */

static bool relay_speaks(const Hotline__Hello *hello)
{
    for (size_t i = 0; i < hello->n_protocol; i++)
        if (hello->protocol[i] == WIRE_PROTOCOL)
            return true;
    return false;
}

/* The card it shows. True when the session may go on; *ret_shown: the store behind it is the one known here from now
 * on. */
static bool relay_hello_card(struct relay *relay, struct session *session, const Hotline__Hello *hello, bool *ret_shown)
{
    struct registry_member *self = registry_at(&relay->registry, session->member);
    bool newer = hello->roster->version > roster_version(relay->registry.roster);
    struct err_note note = {{0}};
    struct card card;
    size_t place;
    int error;

    *ret_shown = false;
    if (!hello->card)
        return true;
    error = card_verify(hello->card, relay->registry.roster, relay->now_us, &note, &card, &place);
    if (error == ERR_NOMEM) { /* not its fault: it says Hello again */
        log_event(LOG_ERROR, "out of memory: a Hello is left to be said again", NULL);
        return false;
    }
    if (error && newer)
        return true; /* perhaps its key changed on the roster that it will bring; then it shows the card again */
    if (error || place != self->place) {
        if (!error)
            err_set(&note, ERR_MEMBER, "the card is of %s, the connection of %s", card.member, self->id);
        if (relay_may_log(relay, session->member))
            log_event(LOG_WARN, "card refused", "member", self->id, "why", err_explain(&note, error), NULL);
        relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__NOT_MEMBER, err_explain(&note, error));
        if (!error)
            card_done(&card);
        return false;
    }
    *ret_shown =
        !self->has_card || card.serial >= self->card.serial || key_uuid_equal(&card.store_id, &self->card.store_id);
    relay_take_card(relay, self, &card);
    return true;
}

static bool relay_may_stay(struct relay *relay, struct session *session, const Hotline__Hello *hello)
{
    struct registry_member *self = registry_at(&relay->registry, session->member);

    if (session->cut_us)
        return false;
    if (!relay_speaks(hello)) {
        relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__VERSION, "this relay speaks protocol version 1 only");
        return false;
    }
    if (registry_standing(&relay->registry, self, relay->now_us) == HOTLINE__STANDING__CODE__WITHDRAWN) {
        relay_send_rosters(relay, session, hello->roster->version);
        relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__WITHDRAWN, "this member is withdrawn");
        session->cut_us = relay->now_us + RELAY_FLUSH_US;
        return false;
    }
    return true;
}

/* It becomes the newest session of its member. */
static void relay_begin(struct relay *relay, struct session *session)
{
    struct relay_member *member = relay_member_at(relay, session->member);

    if (member->session && member->session != session)
        relay_end(relay, member->session, HOTLINE__GOODBYE_CODE__CODE__REPLACED,
                  "a newer connection of this member took over");
    courier_lost(&member->courier, relay->now_us);
    session_step(session, SESSION_SAID_HELLO);
    session->since_us = relay->now_us;
    session->silent = false;
    member->session = session;
    member->pending_count = 0;
    relay->pending_dirty = true;
    for (struct ledger_envelope *own = ledger_owner(&relay->ledger, session->member)->own; own; own = own->own_after)
        for (size_t i = 0; i < own->want_count; i++)
            own->wants[i].asked_us = 0;
    if (!member->present)
        relay_touch_presence(relay, session->member);
}

/* Unsigned words: noticed, shown, no reason to refuse anybody. */
static void relay_hear_roster(struct relay *relay, const char *member, const Hotline__RosterName *name)
{
    const struct roster *ours = relay->registry.roster;

    if (name->version != roster_version(ours) ||
        slice_equal(wire_slice(name->hash), slice_of(roster_hash(ours)->bytes, KEY_HASH_BYTES)))
        return;
    if (relay_may_log(relay, registry_find(&relay->registry, member)->number))
        log_event(LOG_ERROR, "another roster under the same version: a fork of the network", "member", member, NULL);
    relay->fork.version = name->version;
    snprintf(relay->fork.member, sizeof relay->fork.member, "%s", member);
}

void relay_on_hello(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Hello *hello = (const Hotline__Hello *)message;
    const struct registry_member *self = registry_at(&relay->registry, session->member);
    uint64_t serial = self->has_card ? self->card.serial : 0;
    bool shown;

    if (!relay_may_stay(relay, session, hello))
        return;
    relay_hear_roster(relay, self->id, hello->roster);
    if (!relay_hello_card(relay, session, hello, &shown))
        return;
    relay_begin(relay, session);
    session->has_card = shown;
    relay_send_welcome(relay, session, serial);
    relay_send_rosters(relay, session, hello->roster->version);
    relay_send_lacking_cards(relay, session, hello);
    relay_tell_presence(relay, session);
    relay_send_words(relay, session);
    relay_ask_grants(relay, session->member);
    relay_blob_ask(relay, session->member);
    relay_tell_pending(relay);
    relay_pump(relay, session->member);
    if (relay_may_log(relay, session->member))
        log_event(LOG_INFO, "session", "member", self->id, NULL);
}

void relay_hear_again(struct relay *relay, struct session *session)
{
    session->silent = false;
    session->heard_us = relay->now_us;
    relay->pending_dirty = true;
    relay_touch_presence(relay, session->member);
    relay_send_words(relay, session);
    relay_ask_grants(relay, session->member);
    relay_pump(relay, session->member);
}
