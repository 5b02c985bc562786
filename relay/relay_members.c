/*
 * relay, who takes part: the members by their numbers; rosters and cards that arrive, and what follows from them.
 * Must never believe a roster or a card that does not verify, nor serve a withdrawn member anything but its last
 * roster.
 */
#include "proto/failpoint.h"
#include "proto/log.h"
#include "relay/relay_inner.h"

/* ---- their numbers, and what is known of each ---- */

struct relay_member *relay_member_at(struct relay *relay, uint32_t number)
{
    CHECK(number < relay->member_count);
    return relay->members[number];
}

static int relay_add_member(struct relay *relay)
{
    struct relay_member *member;

    if (relay->member_count == relay->member_capacity) {
        size_t capacity = relay->member_capacity ? relay->member_capacity * 2 : 64;
        struct relay_member **members = realloc(relay->members, capacity * sizeof(*members));
        if (!members)
            return ERR_NOMEM;
        relay->members = members;
        relay->member_capacity = capacity;
    }
    member = calloc(1, sizeof *member);
    if (!member)
        return ERR_NOMEM;
    courier_init(&member->courier, relay->conf->limits.credit_messages, relay->conf->limits.credit_bytes);
    relay->members[relay->member_count++] = member;
    return OK;
}

int relay_know(struct relay *relay, const char *id, bool *ret_new, struct registry_member **ret_member)
{
    int error = registry_meet(&relay->registry, id, ret_new, ret_member);

    if (!error)
        error = ledger_meet(&relay->ledger, (*ret_member)->number);
    while (!error && relay->member_count < relay->registry.count)
        error = relay_add_member(relay);
    return error;
}

int relay_meet(struct relay *relay, const char *id, struct registry_member **ret_member)
{
    bool is_new;
    int error = relay_know(relay, id, &is_new, ret_member);

    if (!error && is_new)
        spool_put_member(relay->spool, (*ret_member)->number, (*ret_member)->id);
    return error;
}

struct session *relay_session_of(struct relay *relay, uint32_t member)
{
    struct session *session = relay_member_at(relay, member)->session;

    return session && session->state == SESSION_READY && !session->silent ? session : NULL;
}

/* ---- rosters ---- */

void relay_send_rosters(struct relay *relay, const struct session *session, uint64_t known_version)
{
    struct registry *registry = &relay->registry;
    Hotline__Rosters rosters = HOTLINE__ROSTERS__INIT;
    size_t bytes = 0;

    rosters.rosters = wire_arena_take(relay_build(relay), LIMIT_ROSTERS_PER_FRAME * sizeof(*rosters.rosters));
    if (!rosters.rosters)
        return;
    wire_arena_clear(&relay->work);
    for (size_t i = 0; i < registry->page_count; i++) {
        struct slice page = buf_slice(&registry->pages[i].signed_roster);
        ProtobufCMessage *message;
        if (registry->pages[i].version <= known_version || page.len > LIMIT_FRAME_BYTES - 64)
            continue;
        if (rosters.n_rosters == LIMIT_ROSTERS_PER_FRAME ||
            (rosters.n_rosters > 0 && bytes + page.len > RELAY_PAGE_BYTES)) {
            (void)relay_send(relay, session, WIRE_ROSTERS, &rosters.base);
            rosters.n_rosters = bytes = 0;
            wire_arena_clear(&relay->work);
        }
        if (wire_unpack(&hotline__signed_roster__descriptor, page, &relay->work, NULL, &message))
            continue;
        rosters.rosters[rosters.n_rosters++] = (Hotline__SignedRoster *)message;
        bytes += page.len + 16;
    }
    if (rosters.n_rosters > 0)
        (void)relay_send(relay, session, WIRE_ROSTERS, &rosters.base);
}

/* Its last roster, a Goodbye, and after at most a second the cut. Nothing else is served from now on. */
static void relay_withdraw(struct relay *relay, struct session *session, uint64_t before)
{
    relay_send_rosters(relay, session, before);
    relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__WITHDRAWN, "this member is withdrawn");
    session->cut_us = relay->now_us + RELAY_FLUSH_US;
    log_event(LOG_WARN, "member withdrawn: cut", "member", registry_at(&relay->registry, session->member)->id, NULL);
}

/* The roster first: the member may hold the new key already, and comes back with it at once. */
static void relay_end_old_key(struct relay *relay, struct session *session, uint64_t before)
{
    relay_send_rosters(relay, session, before);
    relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__NOT_MEMBER, "the roster lists another transport key now");
    session->cut_us = relay->now_us + RELAY_FLUSH_US;
}

static void relay_tell_roster(struct relay *relay, uint64_t before)
{
    struct session *session;
    size_t at = 0;

    while ((session = session_next(&relay->sessions, &at))) {
        const struct registry_member *member = registry_at(&relay->registry, session->member);
        int standing = registry_standing(&relay->registry, member, relay->now_us);
        if (session->cut_us)
            continue;
        if (standing == HOTLINE__STANDING__CODE__WITHDRAWN || standing == 0)
            relay_withdraw(relay, session, before);
        else if (session->key_replaced)
            relay_end_old_key(relay, session, before);
        else if (session->state == SESSION_READY)
            relay_send_rosters(relay, session, before);
    }
}

/* Connections that were let in by a key which the new roster no longer lists must end: whoever holds the old key is
 * out. */
static void relay_mark_old_keys(struct relay *relay, const struct roster *before, const struct roster *roster)
{
    struct session *session;
    size_t at = 0;

    while ((session = session_next(&relay->sessions, &at))) {
        const char *id = registry_at(&relay->registry, session->member)->id;
        size_t old = roster_find(before, id), new = roster_find(roster, id);
        if (session->cut_us || old == ROSTER_NONE || new == ROSTER_NONE ||
            slice_equal(wire_slice(roster_member(before, old)->transport_key),
                        wire_slice(roster_member(roster, new)->transport_key)))
            continue;
        session->key_replaced = true;
    }
}

/* Debts of those who are withdrawn end; of all others nothing is blocked any more. */
static void relay_review_debts(struct relay *relay)
{
    for (uint32_t i = 0; i < relay->member_count; i++) {
        int standing = registry_standing(&relay->registry, registry_at(&relay->registry, i), relay->now_us);
        if (standing == HOTLINE__STANDING__CODE__WITHDRAWN)
            courier_clear(&relay->members[i]->courier);
        else
            courier_unblock_all(&relay->members[i]->courier, relay->now_us);
    }
}

static void relay_drop_old_pages(struct relay *relay, const uint64_t *versions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool kept = false;
        for (size_t j = 0; j < relay->registry.page_count && !kept; j++)
            kept = relay->registry.pages[j].version == versions[i];
        if (!kept)
            spool_drop_roster(relay->spool, versions[i]);
    }
}

int relay_adopt(struct relay *relay, struct roster *roster)
{
    struct registry *registry = &relay->registry;
    uint64_t before = registry->roster ? roster_version(registry->roster) : 0;
    size_t page_count = registry->page_count;
    uint64_t *versions = calloc(page_count + 1, sizeof *versions);
    struct registry_member *member;
    struct log_number number;
    int error = versions ? OK : ERR_NOMEM;

    for (size_t i = 0; i < page_count && !error; i++)
        versions[i] = registry->pages[i].version;
    for (size_t i = 0; i < roster_member_count(roster) && !error; i++)
        error = relay_meet(relay, roster_member(roster, i)->id, &member);
    if (!error && before > 0)
        relay_mark_old_keys(relay, registry->roster, roster);
    if (!error)
        error = registry_adopt(registry, roster, relay->now_us);
    if (!error) {
        spool_put_roster(relay->spool, roster_version(roster), roster_signed(roster));
        relay_drop_old_pages(relay, versions, page_count);
        FAILPOINT("relay-roster-taken");
        log_event(LOG_INFO, "roster in force", "version", log_number(&number, (long long)roster_version(roster)), NULL);
        if (before > 0) {
            relay->io.admit(relay->io.ctx, roster);
            FAILPOINT("relay-roster-admitted");
            relay_tell_roster(relay, before);
            relay_review_debts(relay);
            relay_sweep_all(relay);
        }
    }
    if (error)
        roster_free(roster);
    free(versions);
    return error;
}

/* ERR_EXISTS and ERR_ROLLBACK say that nothing is new. */
static int relay_follow(struct relay *relay, struct slice bytes, struct err_note *note)
{
    struct roster *roster;
    int error = roster_follow(relay->registry.roster, bytes, note, &roster);

    return error ? error : relay_adopt(relay, roster);
}

int relay_offer_roster(struct relay *relay, struct slice signed_roster, int64_t now_us, struct err_note *note)
{
    int error;

    relay->now_us = now_us;
    error = relay_follow(relay, signed_roster, note);
    if (error == ERR_EXISTS || error == ERR_ROLLBACK)
        return OK;
    if (!error) {
        relay_write_answers(relay);
        uint64_t ticket = spool_submit(relay->spool);
        if (!relay->failed)
            relay_hold_seal(relay, ticket);
    }
    return error;
}

void relay_on_rosters(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Rosters *rosters = (const Hotline__Rosters *)message;

    for (size_t i = 0; i < rosters->n_rosters && session->state == SESSION_READY; i++) {
        struct err_note note = {{0}};
        struct buf bytes;
        int error;

        buf_init(&bytes);
        wire_pack(&rosters->rosters[i]->base, &bytes);
        error = buf_broken(&bytes) ? ERR_NOMEM : relay_follow(relay, buf_slice(&bytes), &note);
        buf_free(&bytes);
        if (error && error != ERR_EXISTS && error != ERR_ROLLBACK) {
            if (relay_may_log(relay, session->member))
                log_event(LOG_WARN, "roster refused", "member", registry_at(&relay->registry, session->member)->id,
                          "why", err_explain(&note, error), NULL);
            return;
        }
    }
}

/* ---- cards ---- */

static void relay_tell_card(struct relay *relay, const struct registry_member *member)
{
    Hotline__Cards cards = HOTLINE__CARDS__INIT;
    Hotline__SignedCard *view;

    wire_arena_clear(&relay->work);
    if (card_view(&member->card, &relay->work, &view))
        return;
    cards.cards = &view;
    cards.n_cards = 1;
    relay_send_all(relay, WIRE_CARDS, &cards.base, member->number);
}

void relay_take_card(struct relay *relay, struct registry_member *member, struct card *card)
{
    bool store_changed, key_changed;

    if (member->has_card && card->serial <= member->card.serial) {
        card_done(card);
        return;
    }
    store_changed = !member->has_card || !key_uuid_equal(&card->store_id, &member->card.store_id);
    key_changed = store_changed || !key_id_equal(card->encryption_key_id, member->card.encryption_key_id);
    spool_put_card(relay->spool, member->number, buf_slice(&card->bytes));
    registry_set_card(&relay->registry, member, card);
    relay_tell_card(relay, member);
    if (key_changed)
        courier_unblock_all(&relay_member_at(relay, member->number)->courier, relay->now_us);
    relay_reconsider(relay, member, store_changed);
}

void relay_on_cards(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Cards *cards = (const Hotline__Cards *)message;

    for (size_t i = 0; i < cards->n_cards; i++) {
        struct err_note note = {{0}};
        struct card card;
        size_t place;
        int error = card_verify(cards->cards[i], relay->registry.roster, relay->now_us, &note, &card, &place);

        if (error) {
            if (relay_may_log(relay, session->member))
                log_event(LOG_WARN, "card refused", "member", registry_at(&relay->registry, session->member)->id, "why",
                          err_explain(&note, error), NULL);
            continue;
        }
        if (registry_placed(&relay->registry, place)->number == session->member) {
            struct receipt_name name = receipt_name_of(buf_slice(&card.bytes));

            session->has_card = true;
            relay_hold_taken(relay, session->member, &name); /* the member may count out the key before */
        }
        relay_take_card(relay, registry_placed(&relay->registry, place), &card);
    }
    relay_pump(relay, session->member);
}
