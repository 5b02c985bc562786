/*
 * node: the orchestrator, read first. An alert leaves by node_send.c (draft -> seal -> rows -> outlets; replies:
 * node_reply.c, mediators and figures: node_refer.c, what they share: node_make.c) and node_out.c (outlet -> frames),
 * arrives by node_deliver.c (open -> seen -> case -> receipt), its answers by node_answer.c; receipts leave by
 * node_owed.c; both ways by file: node_sealed.c; what may only be said after its commit waits in node_hold.c;
 * node_life.c opens and closes. Here are the frames of the relays, the turn (sign, commit, send) and the clock. Nothing
 * is said before its disk.
 */
#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/clock.h"
#include "proto/failpoint.h"
#include "proto/log.h"

#define SETTLE_US (100 * CLOCK_MS_US)       /* after the last Welcome: own cards have come by then */
#define CARD_WAIT_US (10 * CLOCK_SECOND_US) /* an empty store waits this long for relays that are away */
#define REPLACED_WAIT_US CLOCK_MINUTE_US
#define ERASE_EVERY_US (5 * CLOCK_SECOND_US)

/* --- the turn --- */

void node_flush(struct node *node, int64_t now_us, int64_t steady_us)
{
    if (node->failed || node->closing)
        return;
    node->now_us = now_us;
    node->steady_us = steady_us;
    node_sign_receipts(node, now_us);
    node_commit(node);
    node_truncate_log(node);
    node_release_held(node);
    for (size_t i = 0; i < node->link_count; i++) {
        node_pump(node, &node->links[i], now_us, steady_us);
        node_send_out(node, &node->links[i]);
    }
}

/* --- frames --- */

/* What this relay has slept through, oldest first. */
static void bring_rosters(struct node *node, struct node_link *link, uint64_t known_version)
{
    const struct succession *succession = &node->directory.succession;
    for (size_t i = 0; i < succession->count; i++) {
        struct slice page = buf_slice(&succession->pages[i].signed_roster);
        Hotline__Rosters rosters = HOTLINE__ROSTERS__INIT;
        ProtobufCMessage *message;
        wire_arena_clear(&node->scratch);
        if (succession->pages[i].version <= known_version || page.len > LIMIT_FRAME_BYTES - 64 ||
            wire_unpack(&hotline__signed_roster__descriptor, page, &node->scratch, NULL, &message) != OK)
            continue;
        Hotline__SignedRoster *one = (Hotline__SignedRoster *)message;
        rosters.n_rosters = 1;
        rosters.rosters = &one;
        node_frame(node, link, WIRE_ROSTERS, &rosters.base);
    }
}

/* A session tells anew what is pending; what an earlier one told is over. */
static void forget_pending(struct node *node, const char *relay)
{
    for (size_t i = node->pending_count; i-- > 0;) {
        if (strcmp(node->pending[i].relay, relay) == 0)
            node->pending[i] = node->pending[--node->pending_count];
    }
}

static void on_welcome(struct node *node, struct node_link *link, const Hotline__Welcome *welcome, int64_t now_us,
                       int64_t steady_us)
{
    struct uplink *uplink = &link->uplink;
    if (strcmp(welcome->relay, uplink->relay) != 0) {
        log_event(LOG_WARN, "a relay answers under another name", "expected", uplink->relay, "got", welcome->relay,
                  NULL);
        return;
    }
    uplink->roster_version = welcome->roster->version;
    forget_pending(node, uplink->relay);
    node_hear(node,
              &(struct evidence_word){.who = uplink->relay,
                                      .version = welcome->roster->version,
                                      .hash = wire_slice(welcome->roster->hash),
                                      .said_at_us = welcome->clock_us},
              now_us);
    uplink->skew_us = welcome->clock_us - now_us;
    uplink->has_skew = true;
    uplink->pulsed_us = steady_us;
    node->welcomed_us = steady_us;
    node_link_event(node, link, UPLINK_WELCOMED, NULL, now_us);
    node_say_card(node, link);
    bring_rosters(node, link, welcome->roster->version);
    struct key_hash sum;
    size_t count = node_should_hold(node, now_us, &sum);
    if (count != welcome->held_count || memcmp(sum.bytes, welcome->held_xor.data, KEY_HASH_BYTES) != 0)
        node_offer_all(node, link, now_us);
}

static void on_rosters(struct node *node, struct node_link *link, const Hotline__Rosters *rosters, int64_t now_us)
{
    bool changed = false;
    for (size_t i = 0; i < rosters->n_rosters; i++) {
        struct buf bytes;
        struct err_note note = {{0}};
        buf_init(&bytes);
        wire_pack(&rosters->rosters[i]->base, &bytes);
        int result =
            buf_broken(&bytes) ? ERR_NOMEM : node_follow(node, link->uplink.relay, buf_slice(&bytes), now_us, &note);
        buf_free(&bytes);
        changed |= result == OK;
        if (result != OK && result != ERR_EXISTS && result != ERR_ROLLBACK)
            log_event(LOG_WARN, "a relay sent a roster that is refused", "relay", link->uplink.relay, "error",
                      err_name(result), "why", note.text, NULL);
    }
    if (changed)
        node_roster_changed(node, now_us);
}

static void on_cards(struct node *node, const Hotline__Cards *cards, int64_t now_us)
{
    bool any = false;
    for (size_t i = 0; i < cards->n_cards; i++) {
        bool changed = false;
        if (directory_card(&node->directory, cards->cards[i], now_us, &changed) != OK)
            node->counters.refused_in++;
        any |= changed;
    }
    if (any) {
        struct node_event event = {.type = NODE_MEMBERS_CHANGED, .at_us = now_us};
        node_hold_event(node, vault_ticket(node->vault), &event);
    }
}

static void set_presence(struct node *node, const Hotline__Present *present, struct node_link *link)
{
    size_t index = roster_find(node->directory.roster, present->member);
    if (index == ROSTER_NONE)
        return;
    struct directory_member *member = &node->directory.members[index];
    if (present->connected)
        route_set_add(&link->present, index);
    else
        route_set_remove(&link->present, index);
    member->armed_consoles = present->armed_consoles;
    member->duty_language_count = 0;
    for (size_t i = 0; i < present->n_languages_on_duty && i < 8; i++)
        snprintf(member->duty_languages[member->duty_language_count++], sizeof member->duty_languages[0], "%s",
                 present->languages_on_duty[i]);
}

static void on_presence(struct node *node, struct node_link *link, const Hotline__Presence *presence, int64_t now_us)
{
    if (presence->whole)
        route_set_clear(&link->present);
    for (size_t i = 0; i < presence->n_members; i++)
        set_presence(node, presence->members[i], link);
    for (size_t i = 0; i < roster_member_count(node->directory.roster); i++) {
        bool connected = false;
        for (size_t j = 0; j < node->link_count; j++)
            connected |= route_set_has(&node->links[j].present, i);
        node->directory.members[i].connected = connected;
    }
    struct node_event event = {.type = NODE_MEMBERS_CHANGED, .at_us = now_us};
    node_hold_event(node, vault_last(node->vault), &event);
}

/* A relay's word is unsigned: what it may fill with it is its share, and for members alone. */
static bool may_add_pending(const struct node *node, const struct node_link *link, const char *sender)
{
    size_t rows = 0, share = sizeof node->pending / sizeof node->pending[0] / node->link_count;
    for (size_t i = 0; i < node->pending_count; i++)
        rows += strcmp(node->pending[i].relay, link->uplink.relay) == 0;
    return rows < share && roster_find(node->directory.roster, sender) != ROSTER_NONE;
}

static void on_pending(struct node *node, const struct node_link *link, const Hotline__Pending *pending)
{
    size_t at = 0;
    while (at < node->pending_count &&
           (strcmp(node->pending[at].sender, pending->sender) != 0 ||
            strcmp(node->pending[at].relay, link->uplink.relay) != 0))
        at++;
    if (pending->count == 0) {
        if (at < node->pending_count)
            node->pending[at] = node->pending[--node->pending_count];
        return;
    }
    if (at == node->pending_count && !may_add_pending(node, link, pending->sender))
        return;
    if (at == node->pending_count)
        node->pending_count++;
    struct node_pending *row = &node->pending[at];
    snprintf(row->sender, sizeof row->sender, "%s", pending->sender);
    snprintf(row->relay, sizeof row->relay, "%s", link->uplink.relay);
    row->urgency = pending->urgency;
    row->since_us = pending->since_us;
    row->count = pending->count;
}

static void on_pulse(struct node_link *link, const Hotline__Pulse *pulse, int64_t now_us)
{
    struct uplink *uplink = &link->uplink;
    if (pulse->has_echo_us && pulse->echo_us > 0 && pulse->echo_us <= now_us) {
        uplink->round_trip_us = now_us - pulse->echo_us;
        uplink->skew_us = pulse->clock_us - (pulse->echo_us + uplink->round_trip_us / 2);
        uplink->has_skew = true;
    }
}

static void on_goodbye(struct node *node, struct node_link *link, const Hotline__Goodbye *goodbye, int64_t now_us,
                       int64_t steady_us)
{
    const char *reason = wire_text(goodbye->reason);
    switch (goodbye->code) {
    case HOTLINE__GOODBYE_CODE__CODE__HELLO_FIRST:
        node_link_event(node, link, UPLINK_HELLO_WANTED, NULL, now_us);
        if (link->uplink.state == UPLINK_GREETING) /* not when another node of this member took over */
            node_say_hello(node, link, steady_us);
        break;
    case HOTLINE__GOODBYE_CODE__CODE__REPLACED:
        log_event(LOG_ERROR, "another node uses this member's key: stop one of the two", "relay", link->uplink.relay,
                  NULL);
        node->replaced_us = steady_us;
        link->uplink.greeted_us = steady_us;
        node_link_event(node, link, UPLINK_WAS_REPLACED, "another node uses this member's key", now_us);
        break;
    default:
        snprintf(link->uplink.reason, sizeof link->uplink.reason, "%s", reason);
        log_event(LOG_INFO, "a relay said goodbye", "relay", link->uplink.relay, "why", reason, NULL);
        break;
    }
}

static void on_frame(struct node *node, struct node_link *link, uint8_t type, ProtobufCMessage *message, int64_t now_us,
                     int64_t steady_us)
{
    switch (type) {
    case WIRE_WELCOME:
        on_welcome(node, link, (const Hotline__Welcome *)message, now_us, steady_us);
        break;
    case WIRE_ROSTERS:
        on_rosters(node, link, (const Hotline__Rosters *)message, now_us);
        break;
    case WIRE_CARDS:
        on_cards(node, (const Hotline__Cards *)message, now_us);
        break;
    case WIRE_PRESENCE:
        on_presence(node, link, (const Hotline__Presence *)message, now_us);
        break;
    case WIRE_LACKING:
        node_lacking(node, link, (const Hotline__Lacking *)message);
        break;
    case WIRE_ACCEPTED:
        FAILPOINT("node-accepted");
        node_accepted(node, link, (const Hotline__Accepted *)message, now_us);
        break;
    case WIRE_REFUSED:
        node_refused(node, link, (const Hotline__Refused *)message, now_us, steady_us);
        break;
    case WIRE_DELIVER:
        FAILPOINT("node-deliver");
        node_deliver(node, link, (const Hotline__Deliver *)message, now_us);
        break;
    case WIRE_GRANT_WANTED:
        node_grant_wanted(node, link, (const Hotline__GrantWanted *)message, now_us);
        break;
    case WIRE_PENDING:
        on_pending(node, link, (const Hotline__Pending *)message);
        break;
    case WIRE_RECEIPTS:
        FAILPOINT("node-receipts");
        node_receipts(node, link, (const Hotline__Receipts *)message, now_us);
        break;
    case WIRE_UNREADABLES:
        node_unreadables(node, link, (const Hotline__Unreadables *)message, now_us);
        break;
    case WIRE_TAKEN:
        FAILPOINT("node-taken");
        node_taken(node, link, (const Hotline__Taken *)message);
        break;
    case WIRE_GAP:
        node_gap(node, link, (const Hotline__Gap *)message, now_us);
        break;
    case WIRE_GAP_ANSWER:
        node_gap_answer(node, link, (const Hotline__GapAnswer *)message, now_us);
        break;
    case WIRE_BLOB_WANT:
        node_on_blob_want(node, link, (const Hotline__BlobWant *)message);
        break;
    case WIRE_BLOB_CHUNK:
        node_on_blob_chunk(node, link, (const Hotline__BlobChunk *)message, now_us);
        break;
    case WIRE_PULSE:
        on_pulse(link, (const Hotline__Pulse *)message, now_us);
        break;
    case WIRE_GOODBYE:
        on_goodbye(node, link, (const Hotline__Goodbye *)message, now_us, steady_us);
        break;
    default:
        break;
    }
}

void node_receive(struct node *node, size_t slot, struct slice bytes, int64_t now_us, int64_t steady_us)
{
    if (slot >= node->link_count || node->failed)
        return;
    struct cursor message = cursor_of(bytes);
    node->now_us = now_us;
    node->steady_us = steady_us;
    node->links[slot].uplink.heard_us = steady_us;
    /* A roster among the frames may rebuild the links: the slot is looked up anew for each. */
    char relay[LIMIT_ID_CHARS + 1];
    snprintf(relay, sizeof relay, "%s", node->links[slot].uplink.relay);
    for (size_t i = 0; message.rest.len > 0 && i < LIMIT_FRAMES; i++) {
        struct node_link *link = node_link_named(node, relay);
        struct wire_frame frame;
        struct err_note note = {{0}};
        ProtobufCMessage *unpacked;
        if (link == NULL || wire_next(&message, &frame) != OK)
            return;
        link->uplink.frames_in++;
        if (!uplink_permits(&link->uplink, frame.type)) {
            link->uplink.refused_in++;
            continue;
        }
        wire_arena_clear(&node->arena);
        if (wire_unpack(wire_descriptor(frame.type), frame.body, &node->arena, &note, &unpacked) != OK) {
            link->uplink.refused_in++;
            log_event(LOG_WARN, "a relay sent a frame that is refused", "relay", relay, "frame", wire_name(frame.type),
                      "why", note.text, NULL);
            continue;
        }
        on_frame(node, link, frame.type, unpacked, now_us, steady_us);
    }
}

void node_link(struct node *node, size_t slot, enum uplink_event event, int64_t now_us)
{
    if (slot >= node->link_count)
        return;
    struct node_link *link = &node->links[slot];
    node_link_event(node, link, event,
                    event == UPLINK_LINK_DOWN       ? "connection lost" :
                        event == UPLINK_KEY_REFUSED ? "the relay does not know this key" :
                                                      NULL,
                    now_us);
    if (event == UPLINK_LINK_UP) {
        link->uplink.heard_us = node->steady_us;
        node_say_hello(node, link, node->steady_us);
    }
}

/* --- the clock's turn --- */

static void send_pulse(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    WIRE_SET(&pulse, clock_us, now_us);
    WIRE_SET(&pulse, outbox, (uint32_t)outlet_size(&link->outlet, OUTLET_ITEM));
    char *languages[LIMIT_LANGUAGES];
    for (size_t i = 0; i < node->duty_language_count; i++)
        languages[i] = node->duty_languages[i];
    WIRE_SET(&pulse, armed_consoles, (uint32_t)node->armed);
    pulse.n_languages_on_duty = node->duty_language_count;
    pulse.languages_on_duty = languages;
    node_frame(node, link, WIRE_PULSE, &pulse.base);
    link->uplink.pulsed_us = steady_us;
}

static void tick_link(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    struct uplink *uplink = &link->uplink;
    if (uplink->greeted_us == 0)
        uplink->greeted_us = steady_us; /* it was greeted before the first tick said what time it is */
    int64_t since_hello_us = steady_us - uplink->greeted_us;
    if (uplink->state == UPLINK_READY && steady_us - uplink->heard_us > LIMIT_SILENCE_MS * CLOCK_MS_US) {
        node_link_event(node, link, UPLINK_SILENT, "silent", now_us);
        node_say_hello(node, link, steady_us);
    } else if (uplink->state == UPLINK_READY && steady_us - uplink->pulsed_us >= LIMIT_PULSE_MS * CLOCK_MS_US) {
        send_pulse(node, link, now_us, steady_us);
    } else if ((uplink->state == UPLINK_GREETING && since_hello_us > 2 * CLOCK_SECOND_US) ||
               (uplink->state == UPLINK_REPLACED && since_hello_us > REPLACED_WAIT_US)) {
        node_link_event(node, link, UPLINK_RETRY, NULL, now_us);
        node_say_hello(node, link, steady_us);
    }
    if (uplink->state == UPLINK_READY)
        outlet_again(&link->outlet, steady_us - LIMIT_RESEND_MS * CLOCK_MS_US);
}

/* An empty store takes the subscriptions of its last card, if any relay has it: it waits for all of them, or ten
 * seconds. */
static void tick_card(struct node *node, int64_t now_us, int64_t steady_us)
{
    size_t ready = 0;
    for (size_t i = 0; i < node->link_count; i++)
        ready += node->links[i].uplink.state == UPLINK_READY;
    if (node->directory.has_own_card) {
        if (ready > 0) /* a key's 30 days after its successor begin when a relay can have the successor's card */
            node_renew_card(node, now_us);
        return;
    }
    bool all = ready == node->link_count && steady_us - node->welcomed_us > SETTLE_US;
    if (all || (ready > 0 && steady_us - node->opened_us > CARD_WAIT_US))
        node_renew_card(node, now_us);
}

static void tick_delayed(struct node *node, int64_t steady_us)
{
    for (size_t i = 0; i < node->delayed_count;) {
        struct delayed delayed = node->delayed[i];
        if (delayed.due_us > steady_us) {
            i++;
            continue;
        }
        node->delayed[i] = node->delayed[--node->delayed_count];
        struct node_link *link = node_link_named(node, delayed.relay);
        if (link != NULL)
            node_queue(node, link, OUTLET_ITEM, delayed.item);
    }
}

/* What is known once is known until it is over by more than our own clock: a start with it years ahead would forget
 * which alerts were seen, and show them again. */
static void forget_old(struct node *node, int64_t now_us)
{
    size_t at = 0;
    for (struct node_idempotency *record; (record = lookup_next(&node->idempotency, &at)) != NULL;) {
        if (record->until_us > now_us)
            continue;
        vault_remove(node->vault, VAULT_IDEMPOTENCY, slice_text(record->key));
        lookup_remove(&node->idempotency, record->key);
        free(record);
    }
    at = 0;
    for (struct seen *seen; (seen = lookup_next(&node->seen, &at)) != NULL;) {
        if (seen->until_us > now_us)
            continue;
        vault_remove(node->vault, VAULT_SEEN, slice_of(seen->key, sizeof seen->key));
        lookup_remove(&node->seen, seen->key);
        node_undispute(node, seen);
        free(seen);
    }
}

void node_tick(struct node *node, int64_t now_us, int64_t steady_us)
{
    if (node->failed)
        return;
    node->now_us = now_us;
    node->steady_us = steady_us;
    if (node->opened_us == 0)
        node->opened_us = steady_us;
    for (size_t i = 0; i < node->link_count; i++)
        tick_link(node, &node->links[i], now_us, steady_us);
    tick_card(node, now_us, steady_us);
    tick_delayed(node, steady_us);
    node_blob_tick(node, now_us, steady_us);
    if (steady_us - node->ticked_us > CLOCK_SECOND_US) {
        node->ticked_us = steady_us;
        vault_hurry(node->vault);
        node_alarms(node, now_us);
        node_escalate(node, now_us);
        node_watch_expiry(node, now_us);
        node_watch_posters(node, now_us);
        node_watch_gaps(node, now_us);
        node_watch_promises(node, now_us);
    }
    if (steady_us - node->erased_us > ERASE_EVERY_US) {
        node->erased_us = steady_us;
        node_erase_due(node, now_us);
    }
    if (steady_us - node->checked_us > CLOCK_HOUR_US) {
        node->checked_us = steady_us;
        drills_sweep(&node->drills, node->vault, now_us);
        (void)posters_sweep(&node->posters, node->vault, now_us);
        sessions_sweep(&node->sessions, node->vault, now_us);
        journal_sweep(&node->journal, node->vault, now_us);
    }
    int64_t final_us;
    if (steady_us - node->forgot_us > CLOCK_HOUR_US && node_final_us(node, now_us, &final_us)) {
        node->forgot_us = steady_us;
        forget_old(node, final_us);
        node_end_statistics(node, final_us);
    }
}
