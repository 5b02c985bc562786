/*
 * node_answer: what comes back to envelopes of our own: relays' Accepted and Refused, recipients' receipts and
 * Unreadables, relays' wishes for grants, and the deadlines that nothing answered. Silence is visible here.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/clock.h"
#include "proto/log.h"

/* --- relays --- */

static struct item *own_by_hash(const struct node *node, struct slice hash)
{
    struct item *item = hash.len == KEY_HASH_BYTES ? lookup_find(&node->items, hash.data) : NULL;
    return item != NULL && item->mine ? item : NULL;
}

static void note_left_out(struct item *item, const Hotline__Acceptance *acceptance)
{
    for (size_t i = 0; i < acceptance->n_left_out; i++) {
        bool known = false;
        for (size_t j = 0; j < item->left_out_count; j++)
            known |= strcmp(item->left_out[j], acceptance->left_out[i]->member) == 0;
        if (!known && item->left_out_count < sizeof item->left_out / sizeof item->left_out[0])
            snprintf(item->left_out[item->left_out_count++], sizeof item->left_out[0], "%s",
                     acceptance->left_out[i]->member);
    }
}

/* An Accepted answers a Publish or Grants: Grants only when it names, or leaves out, everybody whose grant was late. */
static bool answers_grants(const struct item *item, const Hotline__Acceptance *acceptance)
{
    size_t late = 0, named = 0;
    for (size_t i = 0; i < item->ladder_count; i++)
        late += item->ladder[i].has_grant && item->ladder[i].late_grant;
    for (size_t i = 0; late > 0 && i < acceptance->n_granted; i++) {
        const struct ladder_row *row = item_row(item, acceptance->granted[i]);
        named += row != NULL && row->has_grant && row->late_grant;
    }
    for (size_t i = 0; late > 0 && i < acceptance->n_left_out; i++) {
        const struct ladder_row *row = item_row(item, acceptance->left_out[i]->member);
        named += row != NULL && row->has_grant && row->late_grant;
    }
    return named >= late;
}

static void accept_one(struct node *node, struct node_link *link, const Hotline__Acceptance *acceptance,
                       struct slice proof, int64_t now_us)
{
    struct item *item = own_by_hash(node, wire_slice(acceptance->envelope_hash));
    if (item == NULL)
        return;
    /* The answer is to what was sent first; grants added since then still wait. */
    if (!outlet_answered(&link->outlet, OUTLET_ITEM, item) && answers_grants(item, acceptance))
        outlet_landed(&link->outlet, OUTLET_GRANTS, item);
    struct item_relay *relay = item_relay_add(item, link->uplink.relay);
    if (relay == NULL)
        return;
    bool first = relay->state != ITEM_ACCEPTED;
    note_left_out(item, acceptance);
    node_note_present(item, relay, acceptance->present, acceptance->n_present);
    if (acceptance->n_present > 0)
        node_expect(node, item);
    relay->state = ITEM_ACCEPTED;
    relay->refused = 0;
    relay->reason[0] = '\0';
    if (!first)
        return;
    relay->at_us = now_us;
    uint64_t ticket = item_save_relay(node->vault, item, relay, proof);
    struct node_event event = {.type = NODE_RELAY_ACCEPTED,
                               .at_us = now_us,
                               .entry = item->case_entry,
                               .item = item,
                               .relay = relay,
                               .after_us = now_us - item->at_us};
    node_hold_event(node, ticket, &event);
}

void node_accepted(struct node *node, struct node_link *link, const Hotline__Accepted *accepted, int64_t now_us)
{
    Hotline__AcceptedBatch *batch;
    int result = receipt_verify_accepted(accepted->accepted, node->directory.roster, &node->arena, &batch);
    if (result == OK && (strcmp(batch->relay, link->uplink.relay) != 0 || strcmp(batch->sender, node->keys->id) != 0))
        result = ERR_MEMBER;
    if (result != OK) {
        node->counters.refused_in++;
        log_event(LOG_WARN, "an Accepted is refused", "relay", link->uplink.relay, "error", err_name(result), NULL);
        return;
    }
    node_hear_signed(node,
                     &(struct evidence_word){.who = batch->relay,
                                             .version = batch->roster_version,
                                             .hash = wire_slice(batch->roster_hash),
                                             .said_at_us = batch->at_us},
                     &accepted->accepted->base, now_us);
    struct buf proof;
    buf_init(&proof);
    /* The proof is kept once per envelope: a batch of one is the rule when it matters, a large one is evidence for all
     * of it. */
    if (batch->n_acceptances <= 4)
        wire_pack(&accepted->accepted->base, &proof);
    for (size_t i = 0; i < batch->n_acceptances; i++)
        accept_one(node, link, batch->acceptances[i], buf_slice(&proof), now_us);
    buf_free(&proof);
}

static bool is_passing(int code)
{
    return code == HOTLINE__REFUSED_CODE__CODE__RATE || code == HOTLINE__REFUSED_CODE__CODE__DISK_FULL ||
        code == HOTLINE__REFUSED_CODE__CODE__FROM_THE_FUTURE || code == HOTLINE__REFUSED_CODE__CODE__TOO_MANY_OPEN;
}

static void send_later(struct node *node, const struct node_link *link, struct item *item, int64_t due_us)
{
    for (size_t i = 0; i < node->delayed_count; i++) {
        if (node->delayed[i].item == item && strcmp(node->delayed[i].relay, link->uplink.relay) == 0)
            return;
    }
    if (node->delayed_count == node->delayed_capacity) {
        size_t capacity = node->delayed_capacity ? 2 * node->delayed_capacity : 16;
        struct delayed *delayed = realloc(node->delayed, capacity * sizeof *delayed);
        if (delayed == NULL)
            return; /* the next Offer brings it */
        node->delayed = delayed;
        node->delayed_capacity = capacity;
    }
    struct delayed *slot = &node->delayed[node->delayed_count++];
    *slot = (struct delayed){.item = item, .due_us = due_us};
    snprintf(slot->relay, sizeof slot->relay, "%s", link->uplink.relay);
}

void node_refused(struct node *node, struct node_link *link, const Hotline__Refused *refused, int64_t now_us,
                  int64_t steady_us)
{
    struct item *item = own_by_hash(node, wire_slice(refused->envelope_hash));
    if (item == NULL)
        return;
    if (refused->code == HOTLINE__REFUSED_CODE__CODE__UNKNOWN_ENVELOPE) {
        outlet_answered(&link->outlet, OUTLET_GRANTS, item);
        node_queue(node, link, OUTLET_ITEM, item); /* it lost the envelope: send it whole */
        return;
    }
    outlet_answered(&link->outlet, OUTLET_ITEM, item);
    struct item_relay *relay = item_relay_add(item, link->uplink.relay);
    if (relay == NULL)
        return;
    relay->refused = refused->code;
    relay->at_us = now_us;
    snprintf(relay->reason, sizeof relay->reason, "%s", wire_text(refused->reason));
    if (is_passing(refused->code)) {
        int64_t wait_us = (refused->has_retry_after_ms ? refused->retry_after_ms : LIMIT_RESEND_MS) * CLOCK_MS_US;
        send_later(node, link, item, steady_us + (wait_us < CLOCK_MINUTE_US ? wait_us : CLOCK_MINUTE_US));
    } else {
        relay->state = ITEM_REFUSED;
    }
    uint64_t ticket = item_save_relay(node->vault, item, relay, slice_of(NULL, 0));
    const ProtobufCEnumValue *code = /* one of the list: wire_unpack() */
        protobuf_c_enum_descriptor_get_value(&hotline__refused_code__code__descriptor, refused->code);
    log_event(LOG_WARN, "a relay refused an envelope", "relay", link->uplink.relay, "code", code->name, NULL);
    struct node_event event = {.type = NODE_RELAY_REFUSED,
                               .at_us = now_us,
                               .entry = item->case_entry,
                               .item = item,
                               .relay = relay,
                               .after_us = now_us - item->at_us};
    node_hold_event(node, ticket, &event);
}

/* --- receipts --- */

/* The photo column grows by itself: the receipt that says so repeats a state, which moves nothing. */
static void take_photos(struct node *node, const Hotline__Receipt *receipt, struct item *item, struct ladder_row *row,
                        int64_t now_us)
{
    if (!receipt->has_photos || receipt->photos <= row->photos)
        return;
    row->photos = receipt->photos;
    row->photos_at_us = receipt->at_us;
    item_save_row(node->vault, item, row);
    if (item->case_entry != NULL)
        cases_touch(&node->cases, item->case_entry, now_us);
}

/* One receipt into its row; nothing when it moves no state forward. */
static void take_receipt(struct node *node, const Hotline__Receipt *receipt, const char *recipient, struct slice proof,
                         int64_t now_us)
{
    struct item *item = own_by_hash(node, wire_slice(receipt->envelope_hash));
    struct ladder_row *row = item ? item_row(item, recipient) : NULL;
    /* A stranger's word opens no row: later revisions go to all that have one. But for what was granted before a disk
     * was lost. */
    if (item == NULL || (row == NULL && (!item->recovered || !node_may_have_had(node, item, recipient))))
        return;
    if (row == NULL) {
        if ((row = item_row_add(item, recipient)) == NULL)
            return;
        node_expect(node, item);
    }
    take_photos(node, receipt, item, row, now_us);
    if (!receipt_may_follow(row->state, receipt->state))
        return;
    row->state = receipt->state;
    row->state_at_us[receipt->state] = receipt->at_us;
    row->decline = receipt->has_decline ? (int)receipt->decline : row->decline;
    row->backup_until_us = receipt->has_backup_until_us ? receipt->backup_until_us : row->backup_until_us;
    row->unreadable = 0;
    buf_clear(&row->proof);
    buf_add_slice(&row->proof, proof);
    uint64_t ticket = item_save_row(node->vault, item, row);
    struct node_event event = {.type = NODE_LADDER_CHANGED,
                               .at_us = now_us,
                               .entry = item->case_entry,
                               .item = item,
                               .row = row,
                               .state = receipt->state,
                               .after_us = now_us - item->at_us};
    node_hold_event(node, ticket, &event);
}

void node_receipts(struct node *node, struct node_link *link, const Hotline__Receipts *receipts, int64_t now_us)
{
    const Hotline__SignedReceipts *signed_receipts = receipts->receipts;
    Hotline__ReceiptBatch *batch;
    size_t recipient;
    struct receipt_name name = receipt_name_of(wire_slice(signed_receipts->batch));
    int result = receipt_verify(signed_receipts, node->directory.roster, now_us, &node->arena, &batch, &recipient);
    if (result != OK || strcmp(batch->sender, node->keys->id) != 0) {
        node->counters.refused_in++;
        log_event(LOG_WARN, "receipts are refused", "relay", link->uplink.relay, "error", err_name(result), NULL);
        if (result == OK || result == ERR_SIGNATURE)
            node_hold_taken(node, vault_last(node->vault), link,
                            name); /* it will never be good: the relay may forget it */
        return;
    }
    node_hear_signed(node,
                     &(struct evidence_word){.who = batch->recipient,
                                             .version = batch->roster_version,
                                             .hash = wire_slice(batch->roster_hash),
                                             .said_at_us = batch->made_at_us},
                     &signed_receipts->base, now_us);
    struct buf proof;
    buf_init(&proof);
    if (batch->n_receipts <= 8)
        wire_pack(&signed_receipts->base, &proof);
    for (size_t i = 0; i < batch->n_receipts; i++)
        take_receipt(node, batch->receipts[i], batch->recipient, buf_slice(&proof), now_us);
    buf_free(&proof);
    node->counters.receipts_in += batch->n_receipts;
    /* A repeated batch may stand behind a commit that is still under way: the answer waits for all that was put. */
    node_hold_taken(node, vault_last(node->vault), link, name);
}

void node_unreadables(struct node *node, struct node_link *link, const Hotline__Unreadables *unreadables,
                      int64_t now_us)
{
    const Hotline__SignedUnreadable *signed_unreadable = unreadables->unreadable;
    Hotline__Unreadable *unreadable;
    size_t recipient;
    bool changed = false;
    struct receipt_name name = receipt_name_of(wire_slice(signed_unreadable->unreadable));
    int result = receipt_verify_unreadable(signed_unreadable, node->directory.roster, now_us, &node->arena, &unreadable,
                                           &recipient);
    if (result != OK || strcmp(unreadable->sender, node->keys->id) != 0) {
        node->counters.refused_in++;
        if (result == OK || result == ERR_SIGNATURE)
            node_hold_taken(node, vault_last(node->vault), link, name);
        return;
    }
    if (signed_unreadable->card != NULL &&
        directory_card(&node->directory, signed_unreadable->card, now_us, &changed) != OK)
        node->counters.refused_in++;
    struct item *item = own_by_hash(node, wire_slice(unreadable->envelope_hash));
    struct ladder_row *row = item ? item_row(item, unreadable->recipient) : NULL;
    if (row != NULL && !receipt_ends_debt(row->state) && recipient != node->directory.self) {
        struct key_id before = row->grant.key_id;
        if (node_grant(node, item, recipient, true) == OK &&
            !key_id_equal(before, item_row(item, unreadable->recipient)->grant.key_id)) {
            node_queue(node, NULL, OUTLET_GRANTS, item);
        } else {
            row = item_row(item, unreadable->recipient);
            row->unreadable = unreadable->code;
            item_save_row(node->vault, item, row);
        }
    }
    node->counters.unreadable++;
    node_hold_taken(node, vault_last(node->vault), link, name);
}

/* --- grants that a relay wants --- */

static void answer_not_routed(struct node *node, struct node_link *link, const Hotline__GrantWanted *wanted,
                              const char *member)
{
    Hotline__Grants grants = HOTLINE__GRANTS__INIT;
    char id[LIMIT_ID_CHARS + 1], *ids[1] = {id};
    snprintf(id, sizeof id, "%s", member);
    grants.has_envelope_hash = 1;
    grants.envelope_hash = wanted->envelope_hash;
    grants.n_not_routed = 1;
    grants.not_routed = ids;
    node_frame(node, link, WIRE_GRANTS, &grants.base);
}

void node_grant_wanted(struct node *node, struct node_link *link, const Hotline__GrantWanted *wanted, int64_t now_us)
{
    struct item *item = own_by_hash(node, wire_slice(wanted->envelope_hash));
    struct route_set routed;
    bool changed, any = false;
    for (size_t i = 0; i < wanted->n_cards; i++) {
        if (directory_card(&node->directory, wanted->cards[i], now_us, &changed) != OK)
            node->counters.refused_in++;
    }
    if (item == NULL || !node_may_grant(node, item, now_us) ||
        route_set_init(&routed, roster_member_count(node->directory.roster)) != OK)
        return;
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count;
    node_route(node, item, &routed, unreached, &unreached_count);
    for (size_t i = 0; i < wanted->n_cards; i++) {
        struct card card;
        size_t index;
        if (card_verify(wanted->cards[i], node->directory.roster, now_us, NULL, &card, &index) != OK)
            continue;
        if (!route_set_has(&routed, index))
            answer_not_routed(node, link, wanted, card.member);
        else
            any |= node_grant(node, item, index, true) == OK;
        card_done(&card);
    }
    route_set_done(&routed);
    if (!any)
        return;
    if (item->case_entry != NULL)
        cases_touch(&node->cases, item->case_entry, now_us);
    node_queue(node, NULL, OUTLET_GRANTS, item);
}

/* --- deadlines --- */

struct deadline {
    int state;
    unsigned bit;
    int64_t after_us;
};

/* What was made in this run is timed by the clock that never steps. */
static int64_t age_us(const struct node *node, const struct item *item, int64_t now_us)
{
    return item->steady_us != 0 ? node->steady_us - item->steady_us : node_maybe_us(node, now_us) - item->at_us;
}

static void alarm_row(struct node *node, struct item *item, struct ladder_row *row, const struct deadline *deadline,
                      int64_t now_us)
{
    if (row->state >= deadline->state || (row->alarmed & deadline->bit) ||
        age_us(node, item, now_us) < deadline->after_us)
        return;
    row->alarmed |= deadline->bit;
    node->counters.alarms++;
    uint64_t ticket = item_save_row(node->vault, item, row);
    struct node_event event = {.type = NODE_ALARM,
                               .at_us = now_us,
                               .entry = item->case_entry,
                               .item = item,
                               .row = row,
                               .state = deadline->state,
                               .after_us = now_us - item->at_us};
    node_hold_event(node, ticket, &event);
}

/* Alarms of an item whose time has come; when its next deadline is by the steady clock, or INT64_MAX. */
static int64_t alarm_item(struct node *node, struct item *item, int64_t now_us)
{
    const struct deadline deadlines[] = {
        {HOTLINE__RECEIPT_STATE__CODE__DELIVERED, 1, node->settings.deadline_delivered_us},
        {HOTLINE__RECEIPT_STATE__CODE__SHOWN, 2, node->settings.deadline_shown_us},
        {HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED, 4, node->settings.deadline_acknowledged_us},
    };
    int64_t next_us = INT64_MAX;
    if (node_is_settled(item))
        return INT64_MAX;
    if (!node_is_current(node, item, now_us))
        return node->steady_us + CLOCK_HOUR_US; /* it expired, if the clock is right */
    int64_t began_us = node->steady_us - age_us(node, item, now_us);
    for (size_t r = 0; r < item->ladder_count; r++) {
        for (size_t d = 0; d < sizeof deadlines / sizeof deadlines[0]; d++) {
            struct ladder_row *row = &item->ladder[r];
            int64_t due_us = began_us + deadlines[d].after_us;
            alarm_row(node, item, row, &deadlines[d], now_us);
            if (row->state < deadlines[d].state && !(row->alarmed & deadlines[d].bit) && due_us < next_us)
                next_us = due_us;
        }
    }
    return next_us;
}

void node_expect(struct node *node, struct item *item)
{
    if (!item->mine)
        return;
    if (item_is_case(item) && item->header->urgency == HOTLINE__URGENCY__CODE__IMMEDIATE)
        dues_set(&node->alarms, &item->alarm, 0);
    dues_set(&node->promises, &item->promise, 0);
}

/* What was made in an earlier run is timed by the wall clock, and so is every expiry: when that clock was set, or a
 * relay says what time it is, each is looked at anew. */
static void follow_clock(struct node *node, int64_t now_us)
{
    int64_t lead_us = node_maybe_us(node, now_us) - node->steady_us, moved_us = lead_us - node->alarm_lead_us;
    if (moved_us > -CLOCK_SECOND_US && moved_us < CLOCK_SECOND_US)
        return;
    node->alarm_lead_us = lead_us;
    for (size_t i = 0; i < node->sent_count; i++)
        node_expect(node, node->sent[i]);
}

void node_alarms(struct node *node, int64_t now_us)
{
    follow_clock(node, now_us);
    for (struct item *item; (item = dues_first(&node->alarms, node->steady_us)) != NULL;) {
        int64_t next_us = alarm_item(node, item, now_us);
        if (next_us == INT64_MAX)
            dues_end(&node->alarms, &item->alarm);
        else
            dues_set(&node->alarms, &item->alarm, next_us);
    }
}
