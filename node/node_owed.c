/*
 * node_owed: what this member says of others' envelopes: receipts, gathered per turn and sender under one signature,
 * and Unreadables. Each is kept until every relay of the roster has taken it.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/log.h"

#define UNREADABLES_MAX 512 /* owed to one relay at once: twice its credit */

/* --- records --- */

void node_free_owed(struct owed *owed)
{
    if (owed == NULL)
        return;
    buf_free(&owed->signed_bytes);
    free(owed->hashes);
    free(owed->relays);
    free(owed);
}

static uint64_t save_owed(struct node *node, const struct owed *owed)
{
    Hotline__Node__OwedRecord record = HOTLINE__NODE__OWED_RECORD__INIT;
    struct buf bytes;
    char sender[LIMIT_ID_CHARS + 1], *relays[LIMIT_RELAYS];
    ProtobufCBinaryData *hashes = malloc((owed->hash_count + 1) * sizeof *hashes);
    CHECK(hashes != NULL);
    snprintf(sender, sizeof sender, "%s", owed->sender);
    record.sender = sender;
    WIRE_SET_BYTES(&record, name, owed->name.bytes, RECEIPT_NAME_BYTES);
    WIRE_SET_BYTES(&record, signed_bytes, owed->signed_bytes.data, owed->signed_bytes.len);
    WIRE_SET(&record, unreadable, owed->unreadable);
    WIRE_SET(&record, made_at_us, owed->made_at_us);
    for (size_t i = 0; i < owed->relay_count && i < LIMIT_RELAYS; i++)
        relays[record.n_relays++] = owed->relays[i];
    record.relays = relays;
    for (size_t i = 0; i < owed->hash_count; i++)
        hashes[record.n_envelope_hashes++] = wire_bytes(slice_of(owed->hashes[i].bytes, KEY_HASH_BYTES));
    record.envelope_hashes = hashes;
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket =
        vault_put(node->vault, VAULT_OWED, slice_of(owed->name.bytes, RECEIPT_NAME_BYTES), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    free(hashes);
    return ticket;
}

static int fill_owed(struct owed *owed, const Hotline__Node__OwedRecord *record)
{
    if (record->sender == NULL || record->name.len != RECEIPT_NAME_BYTES || record->n_relays > LIMIT_RELAYS)
        return ERR_CORRUPT;
    memcpy(owed->name.bytes, record->name.data, RECEIPT_NAME_BYTES);
    snprintf(owed->sender, sizeof owed->sender, "%s", record->sender);
    buf_add_slice(&owed->signed_bytes, wire_slice(record->signed_bytes));
    owed->unreadable = record->unreadable;
    owed->made_at_us = record->made_at_us;
    owed->relays = calloc(LIMIT_RELAYS, sizeof *owed->relays);
    owed->hashes = calloc(record->n_envelope_hashes + 1, sizeof *owed->hashes);
    if (owed->relays == NULL || owed->hashes == NULL || buf_broken(&owed->signed_bytes))
        return ERR_NOMEM;
    for (size_t i = 0; i < record->n_relays; i++)
        snprintf(owed->relays[owed->relay_count++], sizeof owed->relays[0], "%s", record->relays[i]);
    for (size_t i = 0; i < record->n_envelope_hashes; i++) {
        if (key_hash_from(wire_slice(record->envelope_hashes[i]), &owed->hashes[owed->hash_count]) == OK)
            owed->hash_count++;
    }
    return OK;
}

/* Its envelopes know it, so that a duplicate is answered without a walk over all that is owed. NULL: they forget it. */
static void tie_items(struct node *node, const struct owed *owed, const struct owed *to)
{
    for (size_t i = 0; !owed->unreadable && i < owed->hash_count; i++) {
        struct item *item = lookup_find(&node->items, &owed->hashes[i]);
        if (item != NULL && (to != NULL || item->owed == owed))
            item->owed = to;
    }
}

int node_load_owed(struct node *node, struct slice bytes)
{
    Hotline__Node__OwedRecord *record = hotline__node__owed_record__unpack(NULL, bytes.len, bytes.data);
    struct owed *owed = calloc(1, sizeof *owed);
    int result = record == NULL ? ERR_CORRUPT : owed == NULL ? ERR_NOMEM : fill_owed(owed, record);
    if (result == OK)
        result = lookup_add(&node->owed, owed);
    if (result == OK)
        tie_items(node, owed, owed);
    else
        node_free_owed(owed);
    if (record != NULL)
        hotline__node__owed_record__free_unpacked(record, NULL);
    return result;
}

/* Nobody waits for it any more. Takes owed. */
static void forget_owed(struct node *node, struct owed *owed)
{
    for (size_t i = 0; i < node->link_count; i++)
        outlet_answered(&node->links[i].outlet, OUTLET_OWED, owed);
    vault_forget(node->vault, VAULT_OWED, slice_of(owed->name.bytes, RECEIPT_NAME_BYTES));
    lookup_remove(&node->owed, &owed->name);
    tie_items(node, owed, NULL);
    node_free_owed(owed);
}

/* Names the relays, saves and queues. Takes owed. */
static void keep_owed(struct node *node, struct owed *owed, size_t only)
{
    owed->relays = calloc(LIMIT_RELAYS, sizeof *owed->relays);
    if (owed->relays == NULL || lookup_find(&node->owed, &owed->name) != NULL || lookup_add(&node->owed, owed) != OK) {
        node_free_owed(owed); /* the relays deliver again and the receipt is made again */
        return;
    }
    for (size_t i = 0; i < node->link_count && owed->relay_count < LIMIT_RELAYS; i++) {
        if (only == SIZE_MAX || only == i)
            snprintf(owed->relays[owed->relay_count++], sizeof owed->relays[0], "%s", node->links[i].uplink.relay);
    }
    owed->ticket = save_owed(node, owed);
    tie_items(node, owed, owed);
    for (size_t i = 0; i < node->link_count; i++) {
        if ((only == SIZE_MAX || only == i) && outlet_push(&node->links[i].outlet, OUTLET_OWED, owed, 1) != OK)
            log_event(LOG_ERROR, "out of memory while queueing a receipt; it goes after a restart", NULL);
    }
}

/* --- receipts --- */

static struct fresh_receipt *fresh(struct node *node, const char *sender, const struct key_hash *hash, int state)
{
    if (node->receipt_count == node->receipt_capacity) {
        size_t capacity = node->receipt_capacity ? 2 * node->receipt_capacity : 32;
        struct fresh_receipt *receipts = realloc(node->receipts, capacity * sizeof *receipts);
        CHECK(receipts != NULL);
        node->receipts = receipts;
        node->receipt_capacity = capacity;
    }
    struct fresh_receipt *receipt = &node->receipts[node->receipt_count++];
    *receipt = (struct fresh_receipt){.hash = *hash, .state = state};
    snprintf(receipt->sender, sizeof receipt->sender, "%s", sender);
    return receipt;
}

void node_receipt_for(struct node *node, const char *sender, const struct key_hash *hash, int state, size_t only,
                      int64_t now_us)
{
    struct fresh_receipt *receipt = fresh(node, sender, hash, state);
    receipt->at_us = node_stamp(node, now_us);
    receipt->only = only;
    if (state == HOTLINE__RECEIPT_STATE__CODE__ERASED && node->backup_us != 0 &&
        now_us - node->backup_us < LIMIT_AFTERLIFE_US)
        receipt->backup_until_us = node->backup_us + LIMIT_AFTERLIFE_US;
}

void node_receipt(struct node *node, const struct item *item, int state, size_t only, int64_t now_us)
{
    node_receipt_for(node, item->header->sender, &item->hash, state, only, now_us);
    node->receipts[node->receipt_count - 1].late = item->late;
    node->receipts[node->receipt_count - 1].photos = node_blob_count(node, item);
    if (state == HOTLINE__RECEIPT_STATE__CODE__DECLINED)
        node->receipts[node->receipt_count - 1].decline = item->decline;
}

static int by_sender(const void *a, const void *b)
{
    const struct fresh_receipt *x = a, *y = b;
    int order = strcmp(x->sender, y->sender);
    if (order != 0)
        return order;
    return x->only < y->only ? -1 : x->only > y->only;
}

static struct owed *signed_batch(struct node *node, const struct fresh_receipt *first, size_t count, int64_t now_us)
{
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt *block = malloc(count * sizeof *block), **list = malloc(count * sizeof *list);
    struct owed *owed = calloc(1, sizeof *owed);
    char sender[LIMIT_ID_CHARS + 1];
    struct key_hash roster = *roster_hash(node->directory.roster);
    if (block && list && owed)
        owed->hashes = malloc(count * sizeof *owed->hashes);
    bool ready = block && list && owed && owed->hashes;
    snprintf(sender, sizeof sender, "%s", first->sender);
    batch.recipient = node->keys->id;
    batch.sender = sender;
    WIRE_SET(&batch, made_at_us, node_stamp(node, now_us));
    WIRE_SET(&batch, roster_version, roster_version(node->directory.roster));
    WIRE_SET_BYTES(&batch, roster_hash, roster.bytes, KEY_HASH_BYTES);
    for (size_t i = 0; ready && i < count; i++) {
        hotline__receipt__init(&block[i]);
        WIRE_SET_BYTES(&block[i], envelope_hash, first[i].hash.bytes, KEY_HASH_BYTES);
        WIRE_SET(&block[i], state, (Hotline__ReceiptState__Code)first[i].state);
        WIRE_SET(&block[i], at_us, first[i].at_us);
        if (first[i].late)
            WIRE_SET(&block[i], late, true);
        if (first[i].photos > 0)
            WIRE_SET(&block[i], photos, first[i].photos);
        if (first[i].backup_until_us != 0)
            WIRE_SET(&block[i], backup_until_us, first[i].backup_until_us);
        if (first[i].decline != 0)
            WIRE_SET(&block[i], decline, (Hotline__DeclineCode__Code)first[i].decline);
        list[i] = &block[i];
        owed->hashes[owed->hash_count++] = first[i].hash;
    }
    batch.n_receipts = ready ? count : 0;
    batch.receipts = list;
    int result = ready ? receipt_sign(&batch, node->keys, &owed->signed_bytes) : ERR_NOMEM;
    free(block);
    free(list);
    if (result != OK) {
        node_free_owed(owed);
        return NULL;
    }
    snprintf(owed->sender, sizeof owed->sender, "%s", sender);
    owed->made_at_us = now_us;
    return owed;
}

/* The name that relays answer with: of the signed bytes, not of what wraps them. */
static int name_batch(struct node *node, struct owed *owed)
{
    ProtobufCMessage *message;
    wire_arena_clear(&node->scratch);
    int result = wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&owed->signed_bytes), &node->scratch,
                             NULL, &message);
    if (result == OK)
        owed->name = receipt_name_of(wire_slice(((const Hotline__SignedReceipts *)message)->batch));
    return result;
}

void node_sign_receipts(struct node *node, int64_t now_us)
{
    if (node->receipt_count == 0)
        return;
    qsort(node->receipts, node->receipt_count, sizeof node->receipts[0], by_sender);
    for (size_t from = 0, to; from < node->receipt_count; from = to) {
        const struct fresh_receipt *first = &node->receipts[from];
        for (to = from + 1;
             to < node->receipt_count && to - from < LIMIT_RECEIPTS && by_sender(first, &node->receipts[to]) == 0;)
            to++;
        struct owed *owed = signed_batch(node, first, to - from, now_us);
        if (owed == NULL || name_batch(node, owed) != OK) {
            node_free_owed(owed);
            continue;
        }
        node->counters.receipts_out += to - from;
        keep_owed(node, owed, first->only);
    }
    node->receipt_count = 0;
}

/* --- unreadable --- */

static bool names_hash(const struct owed *owed, const struct key_hash *hash)
{
    for (size_t i = 0; i < owed->hash_count; i++) {
        if (key_hash_equal(&owed->hashes[i], hash))
            return true;
    }
    return false;
}

static int sign_unreadable(struct node *node, const Hotline__Unreadable *unreadable, struct owed *owed)
{
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    struct key_signature signature;
    struct buf bytes;
    buf_init(&bytes);
    int result = receipt_sign_unreadable(unreadable, node->keys, &bytes, &signature);
    if (result == OK) {
        struct wire_arena arena;
        WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
        WIRE_SET_BYTES(&outer, signature, signature.bytes, KEY_SIGNATURE_BYTES);
        owed->name = receipt_name_of(buf_slice(&bytes));
        result = wire_arena_init_sized(&arena, 256 * 1024);
        if (result == OK && node->directory.has_own_card &&
            card_view(&node->directory.own_card, &arena, &outer.card) != OK)
            outer.card = NULL;
        if (result == OK)
            wire_pack(&outer.base, &owed->signed_bytes);
        wire_arena_done(&arena);
        if (buf_broken(&owed->signed_bytes))
            result = ERR_NOMEM;
    }
    buf_free(&bytes);
    return result;
}

/* A relay that delivers the same again, or garbage without end, is not answered without end. */
static bool answers_enough(const struct node *node, const struct key_hash *hash, const char *relay)
{
    size_t at = 0, count = 0;
    for (const struct owed *owed; (owed = lookup_next(&node->owed, &at)) != NULL;) {
        bool waits = false;
        for (size_t i = 0; owed->unreadable && i < owed->relay_count; i++)
            waits |= strcmp(owed->relays[i], relay) == 0;
        if (waits && (names_hash(owed, hash) || ++count == UNREADABLES_MAX))
            return true;
    }
    return false;
}

void node_unreadable(struct node *node, const char *sender, const struct key_hash *hash,
                     Hotline__UnreadableCode__Code code, struct node_link *link, int64_t now_us)
{
    struct owed *owed = calloc(1, sizeof *owed);
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    char to[LIMIT_ID_CHARS + 1];
    node->counters.unreadable++;
    if (answers_enough(node, hash, link->uplink.relay) || owed == NULL ||
        (owed->hashes = malloc(sizeof *owed->hashes)) == NULL) {
        node_free_owed(owed);
        return;
    }
    snprintf(to, sizeof to, "%s", sender);
    unreadable.recipient = node->keys->id;
    unreadable.sender = to;
    WIRE_SET_BYTES(&unreadable, envelope_hash, hash->bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, code);
    WIRE_SET(&unreadable, at_us, node_stamp(node, now_us));
    snprintf(owed->sender, sizeof owed->sender, "%s", sender);
    owed->hashes[owed->hash_count++] = *hash;
    owed->unreadable = true;
    owed->made_at_us = now_us;
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&hotline__unreadable_code__code__descriptor, code);
    log_event(LOG_WARN, "an envelope cannot be read here; its sender is told", "sender", sender, "relay",
              link->uplink.relay, "code", value ? value->name : "?", NULL);
    if (sign_unreadable(node, &unreadable, owed) == OK)
        keep_owed(node, owed, (size_t)(link - node->links));
    else
        node_free_owed(owed);
}

/* --- answers --- */

static bool drop_relay(struct owed *owed, const char *relay)
{
    for (size_t i = 0; i < owed->relay_count; i++) {
        if (strcmp(owed->relays[i], relay) != 0)
            continue;
        if (i + 1 < owed->relay_count)
            memcpy(owed->relays[i], owed->relays[owed->relay_count - 1], sizeof owed->relays[i]);
        owed->relay_count--;
        return true;
    }
    return false;
}

void node_taken(struct node *node, struct node_link *link, const Hotline__Taken *taken)
{
    for (size_t i = 0; i < taken->n_names; i++) {
        struct owed *owed = lookup_find(&node->owed, taken->names[i].data);
        struct receipt_name name;
        memcpy(name.bytes, taken->names[i].data, sizeof name.bytes);
        if (owed == NULL)
            directory_card_taken(&node->directory, name, node->now_us);
        if (owed == NULL || !drop_relay(owed, link->uplink.relay))
            continue;
        outlet_answered(&link->outlet, OUTLET_OWED, owed);
        if (owed->relay_count > 0) {
            save_owed(node, owed);
            continue;
        }
        forget_owed(node, owed);
    }
}

void node_drop_owed(struct node *node)
{
    size_t at = 0;
    for (struct owed *owed; (owed = lookup_next(&node->owed, &at)) != NULL;) {
        size_t before = owed->relay_count;
        for (size_t i = owed->relay_count; i-- > 0;) {
            char relay[LIMIT_ID_CHARS + 1];
            memcpy(relay, owed->relays[i], sizeof relay);
            if (roster_find_relay(node->directory.roster, relay) == ROSTER_NONE)
                drop_relay(owed, relay);
        }
        if (owed->relay_count == 0)
            forget_owed(node, owed);
        else if (owed->relay_count != before)
            save_owed(node, owed);
    }
}

bool node_owes(const struct node *node, const struct key_hash *hash, const char *relay)
{
    const struct item *item = lookup_find(&node->items, hash);
    const struct owed *owed = item ? item->owed : NULL;
    for (size_t i = 0; owed != NULL && i < owed->relay_count; i++) {
        if (strcmp(owed->relays[i], relay) == 0)
            return true;
    }
    for (size_t i = 0; i < node->receipt_count; i++) {
        if (key_hash_equal(&node->receipts[i].hash, hash))
            return true;
    }
    return false;
}
