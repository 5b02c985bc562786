/*
 * node: the orchestrator's life and turn. An alert leaves by node_send.c (draft -> seal -> rows -> outlets), arrives by
 * node_deliver.c (open -> seen -> case -> receipt), its answers by node_answer.c; receipts leave by node_owed.c. Here are the
 * frames of the relays, the turn (sign, commit, send), and what waits for a commit. Nothing is said before its disk.
 */
#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/clock.h"
#include "proto/country.h"
#include "proto/log.h"
#include "proto/seal.h"

#define SETTLE_US (300 * CLOCK_MS_US)         /* after the last Welcome: own cards have come by then */
#define CARD_WAIT_US (10 * CLOCK_SECOND_US)   /* an empty store waits this long for relays that are away */
#define REPLACED_WAIT_US CLOCK_MINUTE_US
#define OFFSET_MAX_US (10 * CLOCK_MINUTE_US)

/* --- small --- */

struct node_link *node_link_named(struct node *node, const char *relay)
{
    for (size_t i = 0; i < node->link_count; i++) {
        if (strcmp(node->links[i].uplink.relay, relay) == 0)
            return &node->links[i];
    }
    return NULL;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int64_t node_clock_offset_us(const struct node *node)
{
    int64_t offsets[LIMIT_RELAYS];
    size_t count = 0;
    for (size_t i = 0; i < node->link_count && count < LIMIT_RELAYS; i++) {
        if (node->links[i].uplink.has_skew)
            offsets[count++] = node->links[i].uplink.skew_us;
    }
    if (count == 0)
        return 0;
    qsort(offsets, count, sizeof offsets[0], compare_times);
    return count % 2 ? offsets[count / 2] : (offsets[count / 2 - 1] + offsets[count / 2]) / 2;
}

int64_t node_stamp(const struct node *node, int64_t now_us)
{
    int64_t offset = node_clock_offset_us(node);
    return offset > -OFFSET_MAX_US && offset < OFFSET_MAX_US ? now_us + offset : now_us;
}

int node_rank(const struct item *item)
{
    switch (item->header->urgency) {
    case HOTLINE__URGENCY__CODE__IMMEDIATE:
        return 0;
    case HOTLINE__URGENCY__CODE__EXPECTED:
        return 2;
    default:
        return 3;
    }
}

bool node_is_current(const struct node *node, const struct item *item, int64_t now_us)
{
    const Hotline__EnvelopeHeader *header = item->header;
    (void)node;
    if (!item_is_case(item))
        return now_us <= header->expires_at_us && !item_is_answered(item);
    const struct case_entry *entry = item->case_entry;
    if (entry->revisions[entry->revision_count - 1] != item)
        return false;
    bool ends = header->act == HOTLINE__ACT__CODE__CLOSE || header->act == HOTLINE__ACT__CODE__RETRACT;
    if (ends)
        return now_us - LIMIT_AFTERLIFE_US <= header->expires_at_us && (now_us <= header->expires_at_us || !item_is_answered(item));
    return now_us <= header->expires_at_us;
}

void node_queue(struct node *node, struct node_link *link, enum outlet_kind kind, struct item *item)
{
    for (size_t i = 0; i < node->link_count; i++) {
        if (link != NULL && link != &node->links[i])
            continue;
        if (outlet_push(&node->links[i].outlet, kind, item, node_rank(item)) != OK)
            log_event(LOG_ERROR, "out of memory while queueing an envelope; it goes with the next offer", NULL);
    }
}

int node_keep(struct node *node, struct item *item, bool *ret_newest)
{
    *ret_newest = false;
    int result = lookup_add(&node->items, item);
    if (result == OK && item->mine)
        result = lookup_add(&node->own, item);
    if (result == OK && item->mine && node->sent_count == node->sent_capacity) {
        size_t capacity = node->sent_capacity ? 2 * node->sent_capacity : 64;
        struct item **sent = realloc(node->sent, capacity * sizeof *sent);
        if (sent == NULL)
            return ERR_NOMEM;
        node->sent = sent;
        node->sent_capacity = capacity;
    }
    if (result == OK && item->mine)
        node->sent[node->sent_count++] = item;
    if (result == OK && item->header->case_name != NULL) {
        struct case_entry *entry = cases_entry(&node->cases, item, node->keys->id);
        result = entry ? cases_add(&node->cases, entry, item, ret_newest) : ERR_NOMEM;
    }
    return result;
}

/* --- what waits for a commit --- */

static struct held *hold(struct node *node, uint64_t ticket, enum held_kind kind)
{
    if (node->held_count == node->held_capacity) {
        size_t capacity = node->held_capacity ? 2 * node->held_capacity : 64;
        struct held *held = malloc(capacity * sizeof *held);
        CHECK(held != NULL);
        for (size_t i = 0; i < node->held_count; i++)
            held[i] = node->held[(node->held_head + i) % node->held_capacity];
        free(node->held);
        node->held = held;
        node->held_head = 0;
        node->held_capacity = capacity;
    }
    struct held *slot = &node->held[(node->held_head + node->held_count++) % node->held_capacity];
    *slot = (struct held){.ticket = ticket, .kind = kind};
    return slot;
}

void node_hold_event(struct node *node, uint64_t ticket, const struct node_event *event)
{
    struct held *held = hold(node, ticket, HELD_EVENT);
    held->event = *event;
    if (event->row != NULL)
        snprintf(held->member, sizeof held->member, "%s", event->row->member);
    if (event->relay != NULL)
        snprintf(held->relay, sizeof held->relay, "%s", event->relay->relay);
    held->event.row = NULL;
    held->event.relay = NULL;
}

void node_hold_taken(struct node *node, uint64_t ticket, const struct node_link *link, struct receipt_name name)
{
    struct held *held = hold(node, ticket, HELD_TAKEN);
    held->name = name;
    snprintf(held->relay, sizeof held->relay, "%s", link->uplink.relay);
}

void node_when(struct node *node, uint64_t ticket, void (*fn)(void *ctx), void *ctx)
{
    struct held *held = hold(node, ticket, HELD_CALL);
    held->fn = fn;
    held->ctx = ctx;
}

static void tell_event(struct node *node, struct held *held)
{
    struct node_event *event = &held->event;
    if (held->member[0] != '\0' && event->item != NULL)
        event->row = item_row(event->item, held->member);
    if (held->relay[0] != '\0' && event->item != NULL)
        event->relay = item_relay(event->item, held->relay);
    node->io.event(node->io.ctx, event);
}

static void tell_taken(struct node *node, const struct held *held)
{
    struct node_link *link = node_link_named(node, held->relay);
    if (link == NULL || link->uplink.state != UPLINK_READY)
        return; /* it will ask again */
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;
    ProtobufCBinaryData name = wire_bytes(slice_of(held->name.bytes, RECEIPT_NAME_BYTES));
    taken.n_names = 1;
    taken.names = &name;
    node_frame(node, link, WIRE_TAKEN, &taken.base);
}

/* Tickets only grow along the ring but for calls, which may ask for an older one: each is due by its own ticket. */
static void release_held(struct node *node)
{
    uint64_t committed = vault_committed(node->vault);
    for (size_t left = node->held_count; left > 0; left--) {
        struct held held = node->held[node->held_head];
        if (held.ticket > committed)
            break;
        node->held_head = (node->held_head + 1) % node->held_capacity;
        node->held_count--;
        if (held.kind == HELD_TAKEN)
            tell_taken(node, &held);
        else if (held.kind == HELD_EVENT)
            tell_event(node, &held);
        else
            held.fn(held.ctx);
    }
}

static void on_commit(void *ctx, uint64_t ticket)
{
    struct node *node = ctx;
    (void)ticket;
    if (node->closing)
        return;
    release_held(node);
    node_flush(node, clock_wall_us(), clock_steady_us());
}

static void on_failed(void *ctx, int error, const char *text)
{
    struct node *node = ctx;
    node->failed = true;
    if (!node->closing)
        node->io.failed(node->io.ctx, error, text);
}

/* --- sending --- */

static void send_out(struct node *node, struct node_link *link)
{
    if (link->out.len == 0)
        return;
    /* What is not taken now is sent again when no answer comes: nothing is lost by dropping it here. */
    int result = node->io.send(node->io.ctx, (size_t)(link - node->links), buf_slice(&link->out));
    if (result == OK)
        link->uplink.frames_out++;
    buf_clear(&link->out);
}

void node_frame(struct node *node, struct node_link *link, enum wire_type type, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message) + 5;
    if (link->out.len > 0 && link->out.len + size > LIMIT_GATHER_BYTES)
        send_out(node, link);
    wire_add(&link->out, type, message);
    if (buf_broken(&link->out))
        buf_clear(&link->out);
}

static void say_hello(struct node *node, struct node_link *link, int64_t steady_us)
{
    struct directory *directory = &node->directory;
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    uint32_t protocols[] = {WIRE_PROTOCOL};
    size_t count = roster_member_count(directory->roster);
    char **members = malloc((count + 1) * sizeof *members);
    uint64_t *serials = malloc((count + 1) * sizeof *serials);
    hello.n_protocol = 1;
    hello.protocol = protocols;
    wire_arena_clear(&node->scratch);
    if (directory->has_own_card && card_view(&directory->own_card, &node->scratch, &hello.card) != OK)
        hello.card = NULL;
    WIRE_SET(&name, version, roster_version(directory->roster));
    WIRE_SET_BYTES(&name, hash, roster_hash(directory->roster)->bytes, KEY_HASH_BYTES);
    hello.roster = &name;
    WIRE_SET(&hello, own_count, node->sent_count);
    for (size_t i = 0; members && serials && i < count; i++) {
        if (!directory->members[i].has_card)
            continue;
        members[hello.n_card_members++] = directory->members[i].card.member;
        serials[hello.n_card_serials++] = directory->members[i].card.serial;
    }
    hello.card_members = members;
    hello.card_serials = serials;
    node_frame(node, link, WIRE_HELLO, &hello.base);
    link->uplink.greeted_us = steady_us;
    link->offered = false;
    free(members);
    free(serials);
}

static void send_grant_fields(Hotline__Grant *grant, struct envelope_grant *from, char *member)
{
    hotline__grant__init(grant);
    grant->member = member;
    WIRE_SET_BYTES(grant, key_id, from->key_id.bytes, KEY_ID_BYTES);
    WIRE_SET_BYTES(grant, nonce, from->nonce, sizeof from->nonce);
    WIRE_SET_BYTES(grant, box, from->box, sizeof from->box);
}

/* Grants of the rows, all or only the late ones; *ret_grants is one block with its pointers. */
static size_t gather_grants(struct item *item, bool late_only, Hotline__Grant **ret_block, Hotline__Grant ***ret_list)
{
    Hotline__Grant *block = malloc((item->ladder_count + 1) * sizeof *block);
    Hotline__Grant **list = malloc((item->ladder_count + 1) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; block && list && i < item->ladder_count; i++) {
        struct ladder_row *row = &item->ladder[i];
        if (!row->has_grant || (late_only && !row->late_grant))
            continue;
        send_grant_fields(&block[count], &row->grant, row->member);
        list[count] = &block[count];
        count++;
    }
    *ret_block = block;
    *ret_list = list;
    return count;
}

static void send_publish(struct node *node, struct node_link *link, struct item *item)
{
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant *block, self;
    struct envelope_grant own;
    WIRE_SET_BYTES(&envelope, header, item->header_bytes.data, item->header_bytes.len);
    WIRE_SET_BYTES(&envelope, signature, item->signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, item->body.data, item->body.len);
    envelope.n_grants = gather_grants(item, false, &block, &envelope.grants);
    if (node_self_grant(node, item, &own) == OK) {
        send_grant_fields(&self, &own, node->keys->id);
        envelope.self_grant = &self;
    }
    publish.envelope = &envelope;
    node_frame(node, link, WIRE_PUBLISH, &publish.base);
    free(block);
    free(envelope.grants);
}

static void send_grants(struct node *node, struct node_link *link, struct item *item)
{
    Hotline__Grants grants = HOTLINE__GRANTS__INIT;
    Hotline__Grant *block;
    WIRE_SET_BYTES(&grants, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    grants.n_grants = gather_grants(item, true, &block, &grants.grants);
    if (grants.n_grants > 0)
        node_frame(node, link, WIRE_GRANTS, &grants.base);
    free(block);
    free(grants.grants);
}

static void send_owed(struct node *node, struct node_link *link, const struct owed *owed)
{
    ProtobufCMessage *message;
    const ProtobufCMessageDescriptor *descriptor = owed->unreadable ? &hotline__signed_unreadable__descriptor : &hotline__signed_receipts__descriptor;
    wire_arena_clear(&node->scratch);
    if (wire_unpack(descriptor, buf_slice(&owed->signed_bytes), &node->scratch, NULL, &message) != OK)
        return;
    Hotline__Receipts receipts = HOTLINE__RECEIPTS__INIT;
    Hotline__Unreadables unreadables = HOTLINE__UNREADABLES__INIT;
    receipts.receipts = (Hotline__SignedReceipts *)message;
    unreadables.unreadable = (Hotline__SignedUnreadable *)message;
    if (owed->unreadable)
        node_frame(node, link, WIRE_UNREADABLES, &unreadables.base);
    else
        node_frame(node, link, WIRE_RECEIPTS, &receipts.base);
}

/* Sends an entry if it is on the disk and still wanted. False: it must wait for the disk. */
static bool send_entry(struct node *node, struct node_link *link, const struct outlet_entry *entry, int64_t now_us, int64_t steady_us)
{
    uint64_t committed = vault_committed(node->vault);
    if (entry->kind == OUTLET_OWED) {
        const struct owed *owed = entry->thing;
        if (owed->ticket > committed)
            return false;
        send_owed(node, link, owed);
        outlet_sent(&link->outlet, steady_us);
        return true;
    }
    struct item *item = entry->thing;
    if (item->ticket > committed)
        return false;
    if (!node_is_current(node, item, now_us)) {
        outlet_drop(&link->outlet); /* superseded or expired: the newer revision is queued by itself */
    } else if (entry->kind == OUTLET_ITEM) {
        send_publish(node, link, item);
        outlet_sent(&link->outlet, steady_us);
    } else {
        send_grants(node, link, item);
        outlet_sent(&link->outlet, steady_us);
    }
    return true;
}

static void pump(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    if (link->uplink.state != UPLINK_READY)
        return;
    for (const struct outlet_entry *entry; (entry = outlet_next(&link->outlet)) != NULL;) {
        if (!send_entry(node, link, entry, now_us, steady_us))
            break;
    }
}

void node_flush(struct node *node, int64_t now_us, int64_t steady_us)
{
    if (node->failed || node->closing)
        return;
    node_sign_receipts(node, now_us);
    vault_flush(node->vault);
    release_held(node);
    for (size_t i = 0; i < node->link_count; i++) {
        pump(node, &node->links[i], now_us, steady_us);
        send_out(node, &node->links[i]);
    }
}

/* --- offers --- */

/* Count and XOR of the hashes that a relay should hold of us: the newest revisions of unexpired cases, and what is unanswered. */
static size_t should_hold(const struct node *node, int64_t now_us, struct key_hash *ret_xor)
{
    size_t count = 0;
    struct key_hash sum = {{0}};
    for (size_t i = 0; i < node->sent_count; i++) {
        if (!node_is_current(node, node->sent[i], now_us))
            continue;
        for (int b = 0; b < KEY_HASH_BYTES; b++)
            sum.bytes[b] ^= node->sent[i]->hash.bytes[b];
        count++;
    }
    *ret_xor = sum;
    return count;
}

static void send_offer_page(struct node *node, struct node_link *link, struct item **items, size_t count, uint32_t page)
{
    Hotline__Offer offer = HOTLINE__OFFER__INIT;
    Hotline__OfferedEnvelope *block = malloc((count + 1) * sizeof *block), **list = malloc((count + 1) * sizeof *list);
    for (size_t i = 0; block && list && i < count; i++) {
        hotline__offered_envelope__init(&block[i]);
        WIRE_SET_BYTES(&block[i], id, items[i]->id.bytes, KEY_UUID_BYTES);
        WIRE_SET_BYTES(&block[i], hash, items[i]->hash.bytes, KEY_HASH_BYTES);
        list[i] = &block[i];
    }
    WIRE_SET(&offer, page, page);
    offer.n_envelopes = block && list ? count : 0;
    offer.envelopes = list;
    if (offer.n_envelopes > 0)
        node_frame(node, link, WIRE_OFFER, &offer.base);
    free(block);
    free(list);
}

static void offer_all(struct node *node, struct node_link *link, int64_t now_us)
{
    struct item *page[LIMIT_OFFERS];
    size_t count = 0;
    uint32_t number = 0;
    for (size_t i = 0; i < node->sent_count; i++) {
        if (!node_is_current(node, node->sent[i], now_us) || node->sent[i]->ticket > vault_committed(node->vault))
            continue;
        page[count++] = node->sent[i];
        if (count == LIMIT_OFFERS) {
            send_offer_page(node, link, page, count, number++);
            count = 0;
        }
    }
    if (count > 0)
        send_offer_page(node, link, page, count, number);
    link->offered = true;
}

static void on_lacking(struct node *node, struct node_link *link, const Hotline__Lacking *lacking)
{
    for (size_t i = 0; i < lacking->n_ids; i++) {
        struct item *item = lookup_find(&node->own, lacking->ids[i].data);
        if (item == NULL)
            continue;
        struct item_relay *relay = item_relay_add(item, link->uplink.relay);
        if (relay != NULL && relay->state == ITEM_ACCEPTED)
            relay->state = ITEM_WAITING; /* it lost its disk */
        node_queue(node, link, OUTLET_ITEM, item);
    }
}

/* --- frames --- */

static void link_event(struct node *node, struct node_link *link, enum uplink_event event, const char *reason, int64_t now_us)
{
    enum uplink_state before = link->uplink.state;
    if (!uplink_step(&link->uplink, event, reason, now_us))
        return;
    if (before == UPLINK_READY) {
        outlet_again(&link->outlet, INT64_MAX);
        route_set_clear(&link->present);
    }
    struct node_event told = {.type = NODE_RELAY_STATE, .at_us = now_us, .uplink = &link->uplink};
    node->io.event(node->io.ctx, &told);
}

static void on_welcome(struct node *node, struct node_link *link, const Hotline__Welcome *welcome, int64_t now_us, int64_t steady_us)
{
    struct uplink *uplink = &link->uplink;
    if (strcmp(welcome->relay, uplink->relay) != 0) {
        log_event(LOG_WARN, "a relay answers under another name", "expected", uplink->relay, "got", welcome->relay, NULL);
        return;
    }
    uplink->roster_version = welcome->roster->version;
    uplink->skew_us = welcome->clock_us - now_us;
    uplink->has_skew = true;
    uplink->pulsed_us = steady_us;
    if (welcome->own_card_serial > node->directory.own_serial_seen && node->directory.has_own_card)
        node->directory.own_serial_seen = welcome->own_card_serial;
    node->welcomed_us = steady_us;
    link_event(node, link, UPLINK_WELCOMED, NULL, now_us);
    if (welcome->roster->version < roster_version(node->directory.roster)) {
        Hotline__Rosters rosters = HOTLINE__ROSTERS__INIT;
        ProtobufCMessage *message;
        wire_arena_clear(&node->scratch);
        if (wire_unpack(&hotline__signed_roster__descriptor, roster_signed(node->directory.roster), &node->scratch, NULL, &message) == OK &&
            roster_signed(node->directory.roster).len < LIMIT_FRAME_BYTES - 64) {
            Hotline__SignedRoster *one = (Hotline__SignedRoster *)message;
            rosters.n_rosters = 1;
            rosters.rosters = &one;
            node_frame(node, link, WIRE_ROSTERS, &rosters.base);
        }
    }
    struct key_hash sum;
    size_t count = should_hold(node, now_us, &sum);
    if (count != welcome->held_count || memcmp(sum.bytes, welcome->held_xor.data, KEY_HASH_BYTES) != 0)
        offer_all(node, link, now_us);
}

static void on_rosters(struct node *node, struct node_link *link, const Hotline__Rosters *rosters, int64_t now_us)
{
    bool changed = false;
    for (size_t i = 0; i < rosters->n_rosters; i++) {
        struct buf bytes;
        struct err_note note = {{0}};
        buf_init(&bytes);
        wire_pack(&rosters->rosters[i]->base, &bytes);
        int result = buf_broken(&bytes) ? ERR_NOMEM : directory_follow(&node->directory, buf_slice(&bytes), now_us, &note);
        buf_free(&bytes);
        changed |= result == OK;
        if (result != OK && result != ERR_EXISTS && result != ERR_ROLLBACK)
            log_event(LOG_WARN, "a relay sent a roster that is refused", "relay", link->uplink.relay, "error", err_name(result), "why", note.text, NULL);
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
    member->armed = present->armed_consoles > 0;
    member->duty_language_count = 0;
    for (size_t i = 0; i < present->n_languages_on_duty && i < 8; i++)
        snprintf(member->duty_languages[member->duty_language_count++], sizeof member->duty_languages[0], "%s", present->languages_on_duty[i]);
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
    node->io.event(node->io.ctx, &event);
}

static void on_pending(struct node *node, const struct node_link *link, const Hotline__Pending *pending)
{
    size_t at = 0;
    while (at < node->pending_count && (strcmp(node->pending[at].sender, pending->sender) != 0 || strcmp(node->pending[at].relay, link->uplink.relay) != 0))
        at++;
    if (pending->count == 0) {
        if (at < node->pending_count)
            node->pending[at] = node->pending[--node->pending_count];
        return;
    }
    if (at == sizeof node->pending / sizeof node->pending[0])
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

static void on_goodbye(struct node *node, struct node_link *link, const Hotline__Goodbye *goodbye, int64_t now_us, int64_t steady_us)
{
    const char *reason = goodbye->reason ? goodbye->reason : "";
    switch (goodbye->code) {
    case HOTLINE__GOODBYE_CODE__CODE__HELLO_FIRST:
        link_event(node, link, UPLINK_HELLO_WANTED, NULL, now_us);
        say_hello(node, link, steady_us);
        break;
    case HOTLINE__GOODBYE_CODE__CODE__REPLACED:
        log_event(LOG_ERROR, "another node uses this member's key: stop one of the two", "relay", link->uplink.relay, NULL);
        node->replaced = true;
        link->uplink.greeted_us = steady_us;
        link_event(node, link, UPLINK_WAS_REPLACED, "another node uses this member's key", now_us);
        break;
    default:
        snprintf(link->uplink.reason, sizeof link->uplink.reason, "%s", reason);
        log_event(LOG_INFO, "a relay said goodbye", "relay", link->uplink.relay, "why", reason, NULL);
        break;
    }
}

static void on_frame(struct node *node, struct node_link *link, uint8_t type, ProtobufCMessage *message, int64_t now_us, int64_t steady_us)
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
        on_lacking(node, link, (const Hotline__Lacking *)message);
        break;
    case WIRE_ACCEPTED:
        node_accepted(node, link, (const Hotline__Accepted *)message, now_us);
        break;
    case WIRE_REFUSED:
        node_refused(node, link, (const Hotline__Refused *)message, now_us, steady_us);
        break;
    case WIRE_DELIVER:
        node_deliver(node, link, (const Hotline__Deliver *)message, now_us);
        break;
    case WIRE_GRANT_WANTED:
        node_grant_wanted(node, link, (const Hotline__GrantWanted *)message, now_us);
        break;
    case WIRE_PENDING:
        on_pending(node, link, (const Hotline__Pending *)message);
        break;
    case WIRE_RECEIPTS:
        node_receipts(node, link, (const Hotline__Receipts *)message, now_us);
        break;
    case WIRE_UNREADABLES:
        node_unreadables(node, link, (const Hotline__Unreadables *)message, now_us);
        break;
    case WIRE_TAKEN:
        node_taken(node, link, (const Hotline__Taken *)message);
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
            log_event(LOG_WARN, "a relay sent a frame that is refused", "relay", relay, "frame", wire_name(frame.type), "why", note.text, NULL);
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
    link_event(node, link, event, event == UPLINK_LINK_DOWN ? "connection lost" : event == UPLINK_KEY_REFUSED ? "the relay does not know this key" : NULL, now_us);
    if (event == UPLINK_LINK_UP) {
        link->uplink.heard_us = clock_steady_us();
        say_hello(node, link, link->uplink.heard_us);
    }
}

/* --- the roster and the card --- */

static void free_link(struct node_link *link)
{
    outlet_done(&link->outlet);
    buf_free(&link->out);
    route_set_done(&link->present);
}

/* A new link has everything of ours to send that its relay has not accepted. */
static int fill_link(struct node *node, struct node_link *link)
{
    int64_t now_us = clock_wall_us();
    for (size_t i = 0; i < node->sent_count; i++) {
        const struct item_relay *relay = item_relay(node->sent[i], link->uplink.relay);
        if ((relay == NULL || relay->state == ITEM_WAITING) && node_is_current(node, node->sent[i], now_us))
            node_queue(node, link, OUTLET_ITEM, node->sent[i]);
    }
    size_t at = 0;
    for (struct owed *owed; (owed = lookup_next(&node->owed, &at)) != NULL;) {
        for (size_t i = 0; i < owed->relay_count; i++) {
            if (strcmp(owed->relays[i], link->uplink.relay) == 0 && outlet_push(&link->outlet, OUTLET_OWED, owed, 1) != OK)
                return ERR_NOMEM;
        }
    }
    return OK;
}

static int make_link(struct node *node, const Hotline__Relay *relay, int64_t now_us, struct node_link *link)
{
    uplink_init(&link->uplink, relay->id, now_us);
    outlet_init(&link->outlet);
    buf_init(&link->out);
    return route_set_init(&link->present, roster_member_count(node->directory.roster));
}

/* One link per relay of the roster; those that stay keep their state. */
static int build_links(struct node *node, int64_t now_us)
{
    const struct roster *roster = node->directory.roster;
    size_t count = roster_relay_count(roster), old_count = node->link_count;
    struct node_link *links = calloc(count + 1, sizeof *links), *old = node->links;
    if (links == NULL)
        return ERR_NOMEM;
    bool *fresh = calloc(count + 1, sizeof *fresh);
    int result = fresh ? OK : ERR_NOMEM;
    for (size_t i = 0; result == OK && i < count; i++) {
        const Hotline__Relay *relay = roster_relay(roster, i);
        struct node_link *before = node_link_named(node, relay->id);
        fresh[i] = before == NULL;
        if (before != NULL) {
            links[i] = *before;
            memset(before, 0, sizeof *before);
            route_set_done(&links[i].present);
            result = route_set_init(&links[i].present, roster_member_count(roster));
        } else {
            result = make_link(node, relay, now_us, &links[i]);
        }
    }
    for (size_t i = 0; i < old_count; i++)
        free_link(&old[i]);
    free(old);
    node->links = links;
    node->link_count = count;
    for (size_t i = 0; result == OK && i < count; i++)
        result = fresh[i] ? fill_link(node, &links[i]) : OK;
    free(fresh);
    return result;
}

void node_roster_changed(struct node *node, int64_t now_us)
{
    struct log_number version;
    log_event(LOG_INFO, "roster changed", "version", log_number(&version, (long long)roster_version(node->directory.roster)), NULL);
    CHECK(build_links(node, now_us) == OK);
    struct node_event event = {.type = NODE_ROSTER_CHANGED, .at_us = now_us};
    node_hold_event(node, vault_ticket(node->vault), &event);
    node->io.relays_changed(node->io.ctx);
}

int node_bring_roster(struct node *node, struct slice signed_roster, int64_t now_us, struct err_note *note)
{
    int result = directory_follow(&node->directory, signed_roster, now_us, note);
    if (result != OK)
        return result;
    node_roster_changed(node, now_us);
    for (size_t i = 0; i < node->link_count; i++)
        link_event(node, &node->links[i], UPLINK_HELLO_WANTED, NULL, now_us);
    return OK;
}

static void spread_card(struct node *node)
{
    Hotline__Cards cards = HOTLINE__CARDS__INIT;
    Hotline__SignedCard *card;
    wire_arena_clear(&node->scratch);
    if (card_view(&node->directory.own_card, &node->scratch, &card) != OK)
        return;
    cards.n_cards = 1;
    cards.cards = &card;
    for (size_t i = 0; i < node->link_count; i++) {
        if (node->links[i].uplink.state == UPLINK_READY)
            node_frame(node, &node->links[i], WIRE_CARDS, &cards.base);
    }
}

static int new_card(struct node *node, const uint8_t *subscriptions, int64_t now_us, struct err_note *note)
{
    int result = directory_new_card(&node->directory, subscriptions, node->settings.encryption_key_life_us, now_us, note);
    if (result == OK) {
        /* The key must be on the disk before anybody locks an alert for it: the flush makes it so before the next input. */
        vault_flush(node->vault);
        spread_card(node);
    }
    return result;
}

void node_renew_card(struct node *node, int64_t now_us)
{
    struct err_note note = {{0}};
    struct directory *directory = &node->directory;
    if (!directory_card_is_due(directory, now_us))
        return;
    const uint8_t *subscriptions = directory->has_own_card        ? directory->own_card.subscriptions
                                   : directory->own_serial_seen > 0 ? directory->own_seen
                                                                    : node->first_subscriptions;
    uint8_t copy[LIMIT_COUNTRIES / 8];
    memcpy(copy, subscriptions, sizeof copy);
    if (new_card(node, copy, now_us, &note) != OK)
        log_event(LOG_ERROR, "a new card cannot be made", "why", note.text, NULL);
}

int node_subscribe(struct node *node, const uint8_t subscriptions[LIMIT_COUNTRIES / 8], int64_t now_us, struct err_note *note, uint64_t *ret_ticket)
{
    const Hotline__Member *self = directory_self(&node->directory);
    for (int country = 0; country < COUNTRY_COUNT; country++) {
        if (!(subscriptions[country / 8] >> (country % 8) & 1) || self == NULL || self->n_may_subscribe == 0)
            continue;
        bool allowed = false;
        for (size_t i = 0; i < self->n_may_subscribe; i++)
            allowed |= strcmp(self->may_subscribe[i], country_code(country)) == 0;
        if (!allowed)
            return err_set(note, ERR_POLICY, "the roster does not allow this member to subscribe to %s (%s)", country_code(country), country_name(country));
    }
    uint8_t copy[LIMIT_COUNTRIES / 8];
    memcpy(copy, subscriptions, sizeof copy);
    *ret_ticket = vault_ticket(node->vault);
    return new_card(node, copy, now_us, note);
}

/* --- the clock's turn --- */

static void send_pulse(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    WIRE_SET(&pulse, clock_us, now_us);
    WIRE_SET(&pulse, outbox, (uint32_t)outlet_size(&link->outlet, OUTLET_ITEM));
    node_frame(node, link, WIRE_PULSE, &pulse.base);
    link->uplink.pulsed_us = steady_us;
}

static void tick_link(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    struct uplink *uplink = &link->uplink;
    int64_t since_hello_us = steady_us - uplink->greeted_us;
    if (uplink->state == UPLINK_READY && steady_us - uplink->heard_us > LIMIT_SILENCE_MS * CLOCK_MS_US) {
        link_event(node, link, UPLINK_SILENT, "silent", now_us);
        say_hello(node, link, steady_us);
    } else if (uplink->state == UPLINK_READY && steady_us - uplink->pulsed_us >= LIMIT_PULSE_MS * CLOCK_MS_US) {
        send_pulse(node, link, now_us, steady_us);
    } else if ((uplink->state == UPLINK_GREETING && since_hello_us > 2 * CLOCK_SECOND_US) ||
               (uplink->state == UPLINK_REPLACED && since_hello_us > REPLACED_WAIT_US)) {
        link_event(node, link, UPLINK_RETRY, NULL, now_us);
        say_hello(node, link, steady_us);
    }
    if (uplink->state == UPLINK_READY)
        outlet_again(&link->outlet, steady_us - LIMIT_RESEND_MS * CLOCK_MS_US);
}

/* An empty store takes the subscriptions of its last card, if any relay has it: it waits for all of them, or ten seconds. */
static void tick_card(struct node *node, int64_t now_us, int64_t steady_us)
{
    if (node->directory.has_own_card) {
        node_renew_card(node, now_us);
        return;
    }
    size_t ready = 0;
    for (size_t i = 0; i < node->link_count; i++)
        ready += node->links[i].uplink.state == UPLINK_READY;
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
        free(seen);
    }
}

void node_tick(struct node *node, int64_t now_us, int64_t steady_us)
{
    if (node->failed)
        return;
    if (node->opened_us == 0)
        node->opened_us = steady_us;
    for (size_t i = 0; i < node->link_count; i++)
        tick_link(node, &node->links[i], now_us, steady_us);
    tick_card(node, now_us, steady_us);
    tick_delayed(node, steady_us);
    if (steady_us - node->ticked_us > CLOCK_SECOND_US) {
        node->ticked_us = steady_us;
        node_alarms(node, now_us);
    }
    if (steady_us - node->checked_us > CLOCK_HOUR_US) {
        node->checked_us = steady_us;
        forget_old(node, now_us);
    }
}

/* --- life --- */

void node_change_settings(struct node *node, const struct node_settings *settings)
{
    node->settings = *settings;
    node->settings.subscriptions = NULL;
    node->settings.subscription_count = 0;
}

static void init_tables(struct node *node)
{
    lookup_init(&node->items, offsetof(struct item, hash), KEY_HASH_BYTES);
    lookup_init(&node->own, offsetof(struct item, id), KEY_UUID_BYTES);
    lookup_init(&node->seen, offsetof(struct seen, key), LIMIT_ID_CHARS + KEY_UUID_BYTES);
    lookup_init(&node->sequences, offsetof(struct sequence, member), LIMIT_ID_CHARS);
    lookup_init(&node->idempotency, offsetof(struct node_idempotency, key), sizeof ((struct node_idempotency *)0)->key);
    lookup_init(&node->owed, offsetof(struct owed, name), RECEIPT_NAME_BYTES);
}

static void free_table(struct lookup *table, void (*free_one)(void *))
{
    size_t at = 0;
    for (void *one; (one = lookup_next(table, &at)) != NULL;)
        free_one(one);
    lookup_done(table);
}

static void free_item(void *item)
{
    item_free(item);
}

static void free_owed(void *owed)
{
    node_free_owed(owed);
}

static void free_node(struct node *node)
{
    for (size_t i = 0; i < node->link_count; i++)
        free_link(&node->links[i]);
    free(node->links);
    cases_done(&node->cases);
    free_table(&node->items, free_item);
    lookup_done(&node->own);
    free_table(&node->seen, free);
    free_table(&node->sequences, free);
    free_table(&node->idempotency, free);
    free_table(&node->owed, free_owed);
    free(node->sent);
    free(node->receipts);
    free(node->held);
    free(node->delayed);
    directory_done(&node->directory);
    wire_arena_done(&node->arena);
    wire_arena_done(&node->scratch);
    vault_close(node->vault);
    key_set_free(node->keys);
    free(node);
}

static int open_parts(struct node *node, struct node_setup *setup, struct err_note *note)
{
    int result = wire_arena_init(&node->arena);
    if (result == OK)
        result = wire_arena_init(&node->scratch);
    if (result == OK)
        result = directory_open(&node->directory, node->vault, node->keys, &setup->trust, setup->roster_seed, setup->now_us, note);
    if (result == OK)
        result = node_load(node, note);
    if (result != OK)
        return result;
    for (size_t i = 0; i < setup->settings.subscription_count; i++) {
        int country = country_index(setup->settings.subscriptions[i]);
        if (country >= 0)
            node->first_subscriptions[country / 8] |= (uint8_t)(1u << (country % 8));
    }
    struct store_events events = {.on_commit = on_commit, .on_failed = on_failed, .ctx = node};
    result = vault_start(node->vault, setup->loop, &events);
    return result == OK ? build_links(node, setup->now_us) : result;
}

int node_open(struct node_setup *setup, struct err_note *note, struct node **ret_node)
{
    struct vault *vault;
    int result = vault_open(setup->db, setup->keys, note, &vault);
    if (result != OK) {
        key_set_free(setup->keys);
        return result;
    }
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        vault_close(vault);
        key_set_free(setup->keys);
        return ERR_NOMEM;
    }
    node->keys = setup->keys;
    node->vault = vault;
    node->io = setup->io;
    init_tables(node);
    cases_init(&node->cases, vault);
    node_change_settings(node, &setup->settings);
    result = open_parts(node, setup, note);
    if (result != OK) {
        node->closing = true;
        free_node(node);
        return result;
    }
    vault_flush(node->vault);
    *ret_node = node;
    return OK;
}

void node_close(struct node *node)
{
    if (node == NULL)
        return;
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    WIRE_SET(&goodbye, code, HOTLINE__GOODBYE_CODE__CODE__STOPPING);
    node_flush(node, clock_wall_us(), clock_steady_us());
    for (size_t i = 0; i < node->link_count; i++) {
        if (node->links[i].uplink.state != UPLINK_READY)
            continue;
        node_frame(node, &node->links[i], WIRE_GOODBYE, &goodbye.base);
        send_out(node, &node->links[i]);
    }
    node->closing = true;
    free_node(node);
}
