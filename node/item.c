/* item: an envelope held here and its records. Never keeps a header that envelope_parse would refuse. */
#include "node/item.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/case.h"
#include "proto/seal.h"

/* --- life --- */

int item_new(struct slice header, struct slice signature, struct slice body, struct wire_arena *arena,
             struct err_note *note, struct item **ret_item)
{
    struct envelope envelope;
    int result = envelope_parse(header, signature, body, arena, note, &envelope);
    return result == OK ? item_of(&envelope, note, ret_item) : result;
}

int item_of(const struct envelope *envelope, struct err_note *note, struct item **ret_item)
{
    struct slice header = envelope->header_bytes, signature = envelope->signature;
    if (signature.len != KEY_SIGNATURE_BYTES)
        return err_set(note, ERR_SIGNATURE, "signature: %zu bytes, wanted %d", signature.len, KEY_SIGNATURE_BYTES);
    struct item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return ERR_NOMEM; /* unreached: no memory */
    item->hash = envelope->hash;
    item->id = envelope->id;
    buf_add_slice(&item->header_bytes, header);
    buf_add_slice(&item->body, envelope->body);
    memcpy(item->signature.bytes, signature.data, KEY_SIGNATURE_BYTES);
    item->header = hotline__envelope_header__unpack(NULL, header.len, header.data);
    if (item->header == NULL || buf_broken(&item->header_bytes) || buf_broken(&item->body)) {
        item_free(item);  /* unreached: no memory */
        return ERR_NOMEM; /* unreached: no memory */
    }
    *ret_item = item;
    return OK;
}

void item_free(struct item *item)
{
    if (item == NULL)
        return;
    for (size_t i = 0; i < item->ladder_count; i++)
        buf_free(&item->ladder[i].proof);
    free(item->ladder);
    free(item->relays);
    buf_free(&item->header_bytes);
    buf_free(&item->body);
    if (item->header != NULL)
        hotline__envelope_header__free_unpacked(item->header, NULL);
    if (item->opened != NULL)
        hotline__envelope_body__free_unpacked(item->opened, NULL);
    seal_wipe(&item->content_key, sizeof item->content_key);
    free(item);
}

/* --- opening --- */

static bool content_fits(const Hotline__EnvelopeHeader *header, const Hotline__EnvelopeBody *body)
{
    bool ends = header->act == HOTLINE__ACT__CODE__CLOSE || header->act == HOTLINE__ACT__CODE__RETRACT;
    ProtobufCBinaryData id = {0};
    switch (body->content_case) {
    case HOTLINE__ENVELOPE_BODY__CONTENT_ALERT:
        if (header->kind != HOTLINE__KIND__CODE__CASE || ends || body->alert->status != header->status)
            return false;
        if (body->alert->revision != header->revision)
            return false;
        id = body->alert->case_id;
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING:
        if (header->kind != HOTLINE__KIND__CODE__CASE || !ends)
            return false;
        if (body->closing->revision != header->revision)
            return false;
        id = body->closing->case_id;
        break;
    case HOTLINE__ENVELOPE_BODY__CONTENT_REPLY:
        return header->kind == HOTLINE__KIND__CODE__REPLY;
    case HOTLINE__ENVELOPE_BODY__CONTENT_REFERRAL:
        return header->kind == HOTLINE__KIND__CODE__REFERRAL;
    case HOTLINE__ENVELOPE_BODY__CONTENT_STATISTICS:
        return header->kind == HOTLINE__KIND__CODE__STATISTICS;
    case HOTLINE__ENVELOPE_BODY__CONTENT_PROBE:
        return header->kind == HOTLINE__KIND__CODE__PROBE;
    default:
        return false;
    }
    return slice_equal(wire_slice(id), wire_slice(header->case_name->case_id));
}

/* For envelope_open: item_new or item_load took it apart already. */
static struct envelope envelope_of(const struct item *item)
{
    return (struct envelope){
        .header = item->header, .header_bytes = buf_slice(&item->header_bytes), .body = buf_slice(&item->body)};
}

/* What a start must know without the body. */
static void note_summary(struct item *item)
{
    const Hotline__EnvelopeBody *body = item->opened;
    const char *reference = NULL;
    if (body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT) {
        reference = body->alert->reference;
        item->review_at_us = body->alert->has_review_at ? body->alert->review_at : 0;
    } else if (body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING) {
        reference = body->closing->reference;
    }
    snprintf(item->reference, sizeof item->reference, "%s", reference ? reference : "");
}

static int open_body(const struct item *item, const struct key_content *key, struct wire_arena *arena,
                     struct err_note *note, struct buf *plain)
{
    const struct envelope envelope = envelope_of(item);
    int result = envelope_open(&envelope, key, plain);
    if (result != OK)
        return err_set(note, result, "the body does not open: %s", err_text(result));
    ProtobufCMessage *message;
    if ((result = wire_unpack(&hotline__envelope_body__descriptor, buf_slice(plain), arena, note, &message)) != OK)
        return result;
    const Hotline__EnvelopeBody *body = (const Hotline__EnvelopeBody *)message;
    if (!content_fits(item->header, body))
        return err_set(note, ERR_INVALID, "the body is not what its header says");
    return case_check_body(body, note);
}

int item_open(struct item *item, const struct key_content *key, struct wire_arena *arena, struct err_note *note)
{
    struct buf plain;
    buf_init(&plain);
    int result = open_body(item, key, arena, note, &plain);
    Hotline__EnvelopeBody *content = NULL;
    if (result == OK) {
        content = hotline__envelope_body__unpack(NULL, plain.len, plain.data);
        result = content ? OK : ERR_NOMEM;
    }
    if (result == OK) {
        if (item->opened != NULL)
            hotline__envelope_body__free_unpacked(item->opened, NULL);
        item->opened = content;
        item->content_key = *key;
        item->has_key = true;
        note_summary(item);
    }
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    return result;
}

/* It was opened and checked before it was stored: a body that does not open now is our own mistake, or no memory. */
static Hotline__EnvelopeBody *open_again(const struct item *item)
{
    const struct envelope envelope = envelope_of(item);
    struct buf plain;
    buf_init(&plain);
    CHECK(envelope_open(&envelope, &item->content_key, &plain) == OK);
    Hotline__EnvelopeBody *content = hotline__envelope_body__unpack(NULL, plain.len, plain.data);
    CHECK(content != NULL);
    seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    return content;
}

Hotline__EnvelopeBody *item_content(const struct item *item)
{
    if (item->opened == NULL && item->has_key)
        ((struct item *)(uintptr_t)item)->opened = open_again(item); /* what it holds does not change by it */
    return item->opened;
}

void item_erase(struct item *item)
{
    if (item->body.data != NULL)
        seal_wipe(item->body.data, item->body.capacity);
    buf_free(&item->body);
    seal_wipe(&item->content_key, sizeof item->content_key);
    if (item->opened != NULL)
        hotline__envelope_body__free_unpacked(item->opened, NULL);
    item->opened = NULL;
    item->has_key = false;
    memset(item->reference, 0, sizeof item->reference);
    item->review_at_us = 0;
    item->erased = item->spared = true;
}

const Hotline__Replaces *item_replaces(const struct item *item)
{
    const Hotline__EnvelopeBody *body = item_content(item);
    if (body == NULL)
        return NULL;
    switch (body->content_case) {
    case HOTLINE__ENVELOPE_BODY__CONTENT_ALERT:
        return body->alert->replaces;
    case HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING:
        return body->closing->replaces;
    default:
        return NULL;
    }
}

/* --- rows --- */

struct ladder_row *item_row(const struct item *item, const char *member)
{
    size_t low = 0, high = item->ladder_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(item->ladder[middle].member, member);
        if (order == 0)
            return &item->ladder[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct ladder_row *item_row_add(struct item *item, const char *member)
{
    struct ladder_row *row = item_row(item, member);
    if (row != NULL)
        return row;
    struct ladder_row *ladder = item->ladder;
    if (item->ladder_count == item->ladder_capacity) {
        size_t capacity = item->ladder_capacity ? 2 * item->ladder_capacity : 8;
        if ((ladder = realloc(ladder, capacity * sizeof *ladder)) == NULL)
            return NULL; /* unreached: no memory */
        item->ladder = ladder;
        item->ladder_capacity = capacity;
    }
    size_t at = item->ladder_count++;
    while (at > 0 && strcmp(ladder[at - 1].member, member) > 0) {
        ladder[at] = ladder[at - 1];
        at--;
    }
    ladder[at] = (struct ladder_row){0};
    snprintf(ladder[at].member, sizeof ladder[at].member, "%s", member);
    return &ladder[at];
}

struct item_relay *item_relay(const struct item *item, const char *relay)
{
    for (size_t i = 0; i < item->relay_count; i++) {
        if (strcmp(item->relays[i].relay, relay) == 0)
            return &item->relays[i];
    }
    return NULL;
}

struct item_relay *item_relay_add(struct item *item, const char *relay)
{
    struct item_relay *old = item_relay(item, relay);
    if (old != NULL)
        return old;
    struct item_relay *relays = realloc(item->relays, (item->relay_count + 1) * sizeof *relays);
    if (relays == NULL)
        return NULL; /* unreached: no memory */
    item->relays = relays;
    struct item_relay *fresh = &relays[item->relay_count++];
    *fresh = (struct item_relay){0};
    snprintf(fresh->relay, sizeof fresh->relay, "%s", relay);
    return fresh;
}

size_t item_accepted_by(const struct item *item)
{
    size_t count = 0;
    for (size_t i = 0; i < item->relay_count; i++)
        count += item->relays[i].state == ITEM_ACCEPTED;
    return count;
}

bool item_is_answered(const struct item *item)
{
    for (size_t i = 0; i < item->ladder_count; i++) {
        if (!receipt_ends_debt(item->ladder[i].state))
            return false;
    }
    return true;
}

bool item_is_case(const struct item *item)
{
    return item->header->kind == HOTLINE__KIND__CODE__CASE;
}

bool item_is_alert(const struct item *item)
{
    Hotline__Act__Code act = item->header->act;
    bool ends = act == HOTLINE__ACT__CODE__CLOSE || act == HOTLINE__ACT__CODE__RETRACT;
    return item->has_key && item_is_case(item) && !ends; /* content_fits() held it to that */
}

bool item_is_exercise(const struct item *item)
{
    return item->header->status == HOTLINE__STATUS__CODE__EXERCISE;
}

const struct envelope_case_key *item_owner(const struct item *item, struct envelope_case_key *room)
{
    const Hotline__CaseName *name = item->header->case_name;
    if (name == NULL || item->spared)
        return NULL;
    *room = envelope_case_key(name->opener, item_is_exercise(item), name->case_id.data);
    return room;
}

/* --- at rest --- */

static uint64_t put(struct vault *vault, enum vault_space space, struct slice key, const struct item *item,
                    const ProtobufCMessage *record)
{
    struct envelope_case_key room;
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(record, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket = vault_put(vault, space, key, item_owner(item, &room), buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.len);
    buf_free(&bytes);
    return ticket;
}

uint64_t item_save(struct vault *vault, struct item *item)
{
    Hotline__Node__ItemRecord record = HOTLINE__NODE__ITEM_RECORD__INIT;
    char *unreached[LIMIT_COUNTRIES];
    WIRE_SET_BYTES(&record, header, item->header_bytes.data, item->header_bytes.len);
    WIRE_SET_BYTES(&record, signature, item->signature.bytes, KEY_SIGNATURE_BYTES);
    if (item->erased) {
        WIRE_SET_BYTES(&record, erased_hash, item->hash.bytes, KEY_HASH_BYTES);
    } else {
        WIRE_SET_BYTES(&record, body, item->body.data, item->body.len);
        WIRE_SET_BYTES(&record, content_key, item->content_key.bytes, KEY_BYTES);
        WIRE_SET_BYTES(&record, hash, item->hash.bytes, KEY_HASH_BYTES);
        if (item_is_case(item)) {
            record.reference = item->reference;
            WIRE_SET(&record, review_at_us, item->review_at_us);
        }
    }
    WIRE_SET(&record, at_us, item->at_us);
    WIRE_SET(&record, mine, item->mine);
    WIRE_SET(&record, late, item->late);
    WIRE_SET(&record, recovered, item->recovered);
    WIRE_SET(&record, receipt_state, (uint32_t)item->receipt_state);
    WIRE_SET(&record, receipt_at_us, item->receipt_at_us);
    if (item->decline != 0)
        WIRE_SET(&record, decline, (uint32_t)item->decline);
    WIRE_SET(&record, sequence, item->sequence);
    for (size_t i = 0; i < item->unreached_count; i++)
        unreached[i] = item->unreached[i];
    record.n_unreached = item->unreached_count;
    record.unreached = unreached;
    uint64_t ticket = put(vault, VAULT_ITEM, slice_of(item->hash.bytes, KEY_HASH_BYTES), item, &record.base);
    if (item->ticket == 0)
        item->ticket = ticket;
    return ticket;
}

/* hash || name: the key of a row's record. */
struct row_key {
    uint8_t bytes[KEY_HASH_BYTES + LIMIT_ID_CHARS];
    size_t len;
};

static struct row_key row_key(const struct item *item, const char *name)
{
    struct row_key key;
    size_t len = strlen(name);
    memcpy(key.bytes, item->hash.bytes, KEY_HASH_BYTES);
    memcpy(key.bytes + KEY_HASH_BYTES, name, len);
    key.len = KEY_HASH_BYTES + len;
    return key;
}

/* The record borrows from the row, but for its hash. */
static void record_row(const struct ladder_row *row, Hotline__Node__LadderRecord *record)
{
    hotline__node__ladder_record__init(record);
    record->member = (char *)(uintptr_t)row->member;
    if (row->has_grant) {
        record->has_key_id = record->has_nonce = record->has_box = 1;
        record->key_id = wire_bytes(slice_of(row->grant.key_id.bytes, KEY_ID_BYTES));
        record->nonce = wire_bytes(slice_of(row->grant.nonce, sizeof row->grant.nonce));
        record->box = wire_bytes(slice_of(row->grant.box, sizeof row->grant.box));
        WIRE_SET(record, sequence, row->grant.sequence);
    }
    WIRE_SET(record, state, (uint32_t)row->state);
    record->n_state_at_us = ITEM_STATES;
    record->state_at_us = (int64_t *)(uintptr_t)row->state_at_us;
    WIRE_SET(record, decline, (uint32_t)row->decline);
    WIRE_SET(record, backup_until_us, row->backup_until_us);
    WIRE_SET(record, unreadable, (uint32_t)row->unreadable);
    WIRE_SET(record, alarmed, row->alarmed);
    if (row->photos > 0) {
        WIRE_SET(record, photos, row->photos);
        WIRE_SET(record, photos_at_us, row->photos_at_us);
    }
    if (row->heard_us != 0)
        WIRE_SET(record, heard_us, row->heard_us);
    if (row->late_grant)
        WIRE_SET(record, late_grant, 1);
    if (row->proof.len > 0) {
        record->has_proof = 1;
        record->proof = wire_bytes(buf_slice(&row->proof));
    }
}

uint64_t item_save_row(struct vault *vault, const struct item *item, const struct ladder_row *row)
{
    Hotline__Node__LadderRecord record;
    record_row(row, &record);
    record.has_envelope_hash = 1;
    record.envelope_hash = wire_bytes(slice_of(item->hash.bytes, KEY_HASH_BYTES));
    struct row_key key = row_key(item, row->member);
    return put(vault, VAULT_ROW, slice_of(key.bytes, key.len), item, &record.base);
}

uint64_t item_save_rows(struct vault *vault, const struct item *item)
{
    Hotline__Node__RowsRecord record = HOTLINE__NODE__ROWS_RECORD__INIT;
    Hotline__Node__LadderRecord *block = calloc(item->ladder_count + 1, sizeof *block);
    Hotline__Node__LadderRecord **list = calloc(item->ladder_count + 1, sizeof *list);
    CHECK(block != NULL && list != NULL); /* memory is ahead of the disk: no way back but a restart */
    for (size_t i = 0; i < item->ladder_count; i++) {
        record_row(&item->ladder[i], &block[i]);
        list[i] = &block[i];
    }
    WIRE_SET_BYTES(&record, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    record.n_rows = item->ladder_count;
    record.rows = list;
    uint64_t ticket = put(vault, VAULT_ROWS, slice_of(item->hash.bytes, KEY_HASH_BYTES), item, &record.base);
    free(block);
    free(list);
    return ticket;
}

void item_unite_rows(struct vault *vault, const struct item *item)
{
    for (size_t i = 0; i < item->ladder_count; i++) {
        struct row_key key = row_key(item, item->ladder[i].member);
        vault_remove(vault, VAULT_LADDER, slice_of(key.bytes, key.len));
    }
    item_save_rows(vault, item);
}

uint64_t item_save_relay(struct vault *vault, const struct item *item, const struct item_relay *relay,
                         struct slice proof)
{
    Hotline__Node__RelayRecord record = HOTLINE__NODE__RELAY_RECORD__INIT;
    struct item_relay copy = *relay;
    char *left_out[8], names[8][LIMIT_ID_CHARS + 1];
    WIRE_SET_BYTES(&record, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    record.relay = copy.relay;
    record.reason = copy.reason;
    WIRE_SET(&record, accepted, relay->state == ITEM_ACCEPTED);
    WIRE_SET(&record, at_us, relay->at_us);
    /* One that was only put off still waits, after a restart too. */
    WIRE_SET(&record, refused, relay->state == ITEM_REFUSED ? (uint32_t)relay->refused : 0);
    for (size_t i = 0; i < item->left_out_count; i++) {
        snprintf(names[i], sizeof names[i], "%s", item->left_out[i]);
        left_out[i] = names[i];
    }
    record.n_left_out = item->left_out_count;
    record.left_out = left_out;
    if (proof.len > 0)
        WIRE_SET_BYTES(&record, proof, proof.data, proof.len);
    struct row_key key = row_key(item, relay->relay);
    return put(vault, VAULT_RELAY, slice_of(key.bytes, key.len), item, &record.base);
}

void item_remove(struct vault *vault, const struct item *item)
{
    struct slice hash = slice_of(item->hash.bytes, KEY_HASH_BYTES);
    for (size_t i = 0; i < item->ladder_count; i++) {
        struct row_key key = row_key(item, item->ladder[i].member);
        vault_remove(vault, VAULT_ROW, slice_of(key.bytes, key.len));
    }
    for (size_t i = 0; i < item->relay_count; i++) {
        struct row_key key = row_key(item, item->relays[i].relay);
        vault_remove(vault, VAULT_RELAY, slice_of(key.bytes, key.len));
    }
    vault_remove(vault, VAULT_ROWS, hash);
    vault_remove(vault, VAULT_ITEM, hash);
}

static int load_key(const Hotline__Node__ItemRecord *record, struct item *item, struct wire_arena *arena)
{
    struct key_content key;
    if (record->content_key.len != KEY_BYTES)
        return ERR_CORRUPT;
    memcpy(key.bytes, record->content_key.data, KEY_BYTES);
    int result = OK;
    if (record->reference != NULL) {
        item->content_key = key;
        item->has_key = true;
        snprintf(item->reference, sizeof item->reference, "%s", record->reference);
        item->review_at_us = record->review_at_us;
    } else {
        result = item_open(item, &key, arena, NULL);
    }
    seal_wipe(&key, sizeof key);
    return result == ERR_NOMEM || result == OK ? result : ERR_CORRUPT;
}

static int load_fields(const Hotline__Node__ItemRecord *record, struct item *item, struct wire_arena *arena)
{
    item->at_us = record->at_us;
    item->mine = record->mine;
    item->late = record->late;
    item->recovered = record->recovered;
    item->receipt_state = (int)record->receipt_state;
    item->receipt_at_us = record->receipt_at_us;
    item->decline = (int)record->decline;
    item->sequence = record->sequence;
    for (size_t i = 0; i < record->n_unreached && i < LIMIT_COUNTRIES; i++)
        snprintf(item->unreached[item->unreached_count++], sizeof item->unreached[0], "%s", record->unreached[i]);
    return item->erased ? OK : load_key(record, item, arena);
}

/* The header was checked when it came. An erased item's hash cannot be made again: its body is gone. */
static int load_shell(const Hotline__Node__ItemRecord *record, struct item *item)
{
    struct slice header = wire_slice(record->header), body = wire_slice(record->body);
    item->header = hotline__envelope_header__unpack(NULL, header.len, header.data);
    if (item->header == NULL || record->signature.len != KEY_SIGNATURE_BYTES)
        return ERR_CORRUPT;
    item->erased = item->spared = record->has_erased_hash;
    if (!item->erased && body.len < SEAL_TAG_BYTES)
        return ERR_CORRUPT;
    memcpy(item->signature.bytes, record->signature.data, KEY_SIGNATURE_BYTES);
    buf_add_slice(&item->header_bytes, header);
    buf_add_slice(&item->body, body);
    if (buf_broken(&item->header_bytes) || buf_broken(&item->body))
        return ERR_NOMEM; /* unreached: no memory */
    int result = key_uuid_from(wire_slice(item->header->id), &item->id);
    if (result == OK && item->erased)
        result = key_hash_from(wire_slice(record->erased_hash), &item->hash);
    else if (result == OK && record->has_hash)
        result = key_hash_from(wire_slice(record->hash), &item->hash);
    else if (result == OK)
        item->hash = envelope_hash(header, body); /* of a version before */
    return result == OK ? OK : ERR_CORRUPT;
}

int item_load(struct slice record_bytes, struct wire_arena *arena, struct item **ret_item)
{
    Hotline__Node__ItemRecord *record = hotline__node__item_record__unpack(NULL, record_bytes.len, record_bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    struct item *item = calloc(1, sizeof *item);
    int result = item != NULL ? load_shell(record, item) : ERR_NOMEM;
    if (result == OK)
        result = load_fields(record, item, arena);
    if (result == OK)
        *ret_item = item;
    else
        item_free(item);
    if (record->content_key.data != NULL)
        seal_wipe(record->content_key.data, record->content_key.len);
    hotline__node__item_record__free_unpacked(record, NULL);
    return result;
}
