/*
 * node_out: what leaves to a relay: frames gathered into messages, Hello, the outlet's things in their order, offers.
 * What ZeroMQ does not take now is sent again when no answer comes.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/failpoint.h"

/* Of names and serials in one Hello. */
#define HELLO_CARD_BYTES (200 * 1024)

/* --- sending --- */

void node_send_out(struct node *node, struct node_link *link)
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
        node_send_out(node, link);
    wire_add(&link->out, type, message);
    if (buf_broken(&link->out))
        buf_clear(&link->out);
}

void node_say_hello(struct node *node, struct node_link *link, int64_t steady_us)
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
    if (node_card_stands(node) && card_view(&directory->own_card, &node->scratch, &hello.card) != OK)
        hello.card = NULL;
    WIRE_SET(&name, version, roster_version(directory->roster));
    WIRE_SET_BYTES(&name, hash, roster_hash(directory->roster)->bytes, KEY_HASH_BYTES);
    hello.roster = &name;
    WIRE_SET(&hello, own_count, node->sent_count);
    /* What does not fit is sent by the relay again: cards are few bytes, and a Hello must stay one frame. */
    size_t bytes = 0;
    for (size_t i = 0; members && serials && i < count && bytes < HELLO_CARD_BYTES; i++) {
        if (!directory->members[i].has_card)
            continue;
        bytes += strlen(directory->members[i].card.member) + 16;
        members[hello.n_card_members++] = directory->members[i].card.member;
        serials[hello.n_card_serials++] = directory->members[i].card.serial;
    }
    hello.card_members = members;
    hello.card_serials = serials;
    node_frame(node, link, WIRE_HELLO, &hello.base);
    link->uplink.greeted_us = steady_us;
    link->card_said = hello.card ? directory->own_card.serial : 0;
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

/* Grants of the rows: all, or only the late ones, or only this member's; *ret_block is what the list points into. */
static size_t gather_grants(struct item *item, bool late_only, const char *only, Hotline__Grant **ret_block,
                            Hotline__Grant ***ret_list)
{
    Hotline__Grant *block = malloc((item->ladder_count + 1) * sizeof *block);
    Hotline__Grant **list = malloc((item->ladder_count + 1) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; block && list && i < item->ladder_count; i++) {
        struct ladder_row *row = &item->ladder[i];
        if (!row->has_grant || (late_only && !row->late_grant) || (only != NULL && strcmp(only, row->member) != 0))
            continue;
        send_grant_fields(&block[count], &row->grant, row->member);
        list[count] = &block[count];
        count++;
    }
    *ret_block = block;
    *ret_list = list;
    return count;
}

int node_envelope(struct item *item, const char *only, Hotline__Envelope *ret_envelope)
{
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant *block;
    WIRE_SET_BYTES(&envelope, header, item->header_bytes.data, item->header_bytes.len);
    WIRE_SET_BYTES(&envelope, signature, item->signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, item->body.data, item->body.len);
    envelope.n_grants = gather_grants(item, false, only, &block, &envelope.grants);
    bool broken = block == NULL || envelope.grants == NULL;
    if (envelope.n_grants == 0) { /* then nothing points to the block */
        free(block);
        free(envelope.grants);
        envelope.grants = NULL;
    }
    *ret_envelope = envelope;
    return broken ? ERR_NOMEM : OK;
}

void node_free_envelope(Hotline__Envelope *envelope)
{
    if (envelope->grants != NULL)
        free(envelope->grants[0]);
    free(envelope->grants);
    *envelope = (Hotline__Envelope)HOTLINE__ENVELOPE__INIT;
}

static void send_publish(struct node *node, struct node_link *link, struct item *item)
{
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Envelope envelope;
    Hotline__Grant self;
    struct envelope_grant own;
    if (node_envelope(item, NULL, &envelope) != OK)
        return; /* it is sent again when no answer comes */
    if (node_self_grant(node, item, &own) == OK) {
        send_grant_fields(&self, &own, node->keys->id);
        envelope.self_grant = &self;
    }
    publish.envelope = &envelope;
    node_frame(node, link, WIRE_PUBLISH, &publish.base);
    node_free_envelope(&envelope);
}

static void send_grants(struct node *node, struct node_link *link, struct item *item)
{
    Hotline__Grants grants = HOTLINE__GRANTS__INIT;
    Hotline__Grant *block;
    WIRE_SET_BYTES(&grants, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    grants.n_grants = gather_grants(item, true, NULL, &block, &grants.grants);
    if (grants.n_grants > 0)
        node_frame(node, link, WIRE_GRANTS, &grants.base);
    free(block);
    free(grants.grants);
}

static void send_owed(struct node *node, struct node_link *link, const struct owed *owed)
{
    ProtobufCMessage *message;
    const ProtobufCMessageDescriptor *descriptor =
        owed->unreadable ? &hotline__signed_unreadable__descriptor : &hotline__signed_receipts__descriptor;
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
static bool send_entry(struct node *node, struct node_link *link, const struct outlet_entry *entry, int64_t now_us,
                       int64_t steady_us)
{
    uint64_t committed = vault_committed(node->vault);
    if (entry->kind == OUTLET_OWED) {
        const struct owed *owed = entry->thing;
        if (owed->ticket > committed)
            return false;
        FAILPOINT("node-before-receipt");
        send_owed(node, link, owed);
        FAILPOINT("node-after-receipt");
        outlet_sent(&link->outlet, steady_us);
        return true;
    }
    struct item *item = entry->thing;
    if (item->ticket > committed || item->grants_ticket > committed)
        return false;
    bool wanted =
        entry->kind == OUTLET_GRANTS ? node_may_grant(node, item, now_us) : node_is_current(node, item, now_us);
    if (!wanted) {
        outlet_drop(&link->outlet); /* superseded or expired: the newer revision is queued by itself */
    } else if (entry->kind == OUTLET_ITEM) {
        FAILPOINT("node-before-publish");
        send_publish(node, link, item);
        FAILPOINT("node-after-publish");
        outlet_sent(&link->outlet, steady_us);
    } else {
        send_grants(node, link, item);
        outlet_sent(&link->outlet, steady_us);
    }
    return true;
}

void node_pump(struct node *node, struct node_link *link, int64_t now_us, int64_t steady_us)
{
    if (link->uplink.state != UPLINK_READY)
        return;
    for (const struct outlet_entry *entry; (entry = outlet_next(&link->outlet)) != NULL;) {
        if (!send_entry(node, link, entry, now_us, steady_us))
            break;
    }
    node_blob_give(node, link); /* photos after everything that is more urgent */
}

/* --- offers --- */

size_t node_should_hold(const struct node *node, int64_t now_us, struct key_hash *ret_xor)
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

void node_offer_all(struct node *node, struct node_link *link, int64_t now_us)
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
}

void node_lacking(struct node *node, struct node_link *link, const Hotline__Lacking *lacking)
{
    for (size_t i = 0; i < lacking->n_ids; i++) {
        struct item *item = lookup_find(&node->own, lacking->ids[i].data);
        if (item == NULL)
            continue;
        struct item_relay *relay = item_relay_add(item, link->uplink.relay);
        if (relay != NULL && relay->state == ITEM_ACCEPTED)
            relay->state = ITEM_WAITING;                     /* it lost its disk */
        if (!outlet_holds(&link->outlet, OUTLET_ITEM, item)) /* asked for again and again, it waits once */
            node_queue(node, link, OUTLET_ITEM, item);
    }
}
