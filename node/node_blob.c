/* node_blob: what is here of the photos of received cases, and asking for the rest. Believes no chunk before the whole
 * file has its name and opens. */
#include "node/node_blob.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/blob.h"
#include "proto/clock.h"
#include "proto/log.h"
#include "proto/seal.h"

#define ANSWER_US (15 * CLOCK_SECOND_US) /* a relay that is silent about a chunk for so long is asked no more */
#define STALLED_US (2 * CLOCK_SECOND_US)
#define AGAIN_LEAST_US (500 * CLOCK_MS_US)
#define AGAIN_MOST_US CLOCK_MINUTE_US

/* --- the table --- */

void node_blobs_init(struct node_blobs *blobs)
{
    *blobs = (struct node_blobs){.lacking = 0};
    lookup_init(&blobs->by_name, offsetof(struct node_blob, name), KEY_HASH_BYTES);
}

void node_blobs_done(struct node_blobs *blobs)
{
    size_t at = 0;
    for (void *blob; (blob = lookup_next(&blobs->by_name, &at)) != NULL;)
        free(blob);
    lookup_done(&blobs->by_name);
    for (size_t i = 0; i < NODE_UPLOADS; i++)
        if (blobs->uploads[i].at_us != 0)
            picture_done(&blobs->uploads[i].picture);
}

struct node_chunk_key node_chunk_key(const struct key_hash *name, uint32_t chunk)
{
    struct node_chunk_key key;
    memcpy(key.bytes, name->bytes, KEY_HASH_BYTES);
    for (int i = 0; i < 4; i++)
        key.bytes[KEY_HASH_BYTES + i] = (uint8_t)(chunk >> (8 * i));
    return key;
}

int node_blob_add(struct node *node, const struct key_hash *name, const struct envelope_case_key *owner,
                  uint64_t size_bytes, struct node_blob **ret_blob)
{
    struct node_blob *blob = lookup_find(&node->blobs.by_name, name);
    if (blob == NULL) {
        blob = calloc(1, sizeof *blob);
        if (blob == NULL)
            return ERR_NOMEM;
        *blob = (struct node_blob){
            .name = *name, .owner = *owner, .size_bytes = size_bytes, .chunks = blob_chunk_count(size_bytes)};
        if (lookup_add(&node->blobs.by_name, blob) != OK) {
            free(blob);
            return ERR_NOMEM;
        }
        node->blobs.lacking++;
    }
    *ret_blob = blob;
    return OK;
}

static void remove_blob(struct node *node, struct node_blob *blob)
{
    lookup_remove(&node->blobs.by_name, &blob->name);
    node->blobs.lacking -= !blob->whole;
    free(blob);
}

uint64_t node_blob_save(struct node *node, const struct node_blob *blob)
{
    Hotline__Node__BlobRecord record = HOTLINE__NODE__BLOB_RECORD__INIT;
    struct node_blob copy = *blob;
    struct buf bytes;
    buf_init(&bytes);
    WIRE_SET_BYTES(&record, name, copy.name.bytes, KEY_HASH_BYTES);
    WIRE_SET_BYTES(&record, owner, copy.owner.bytes, sizeof copy.owner.bytes);
    WIRE_SET(&record, size_bytes, blob->size_bytes);
    WIRE_SET(&record, held, blob->held);
    WIRE_SET(&record, whole, blob->whole);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket =
        vault_put(node->vault, VAULT_BLOB, slice_of(blob->name.bytes, KEY_HASH_BYTES), &blob->owner, buf_slice(&bytes));
    buf_free(&bytes);
    return ticket;
}

int node_blob_load(struct node *node, struct slice bytes)
{
    Hotline__Node__BlobRecord *record = hotline__node__blob_record__unpack(NULL, bytes.len, bytes.data);
    struct node_blob *blob;
    struct key_hash name;
    struct envelope_case_key owner;
    int result = record == NULL || record->owner.len != sizeof owner.bytes ?
        ERR_CORRUPT :
        key_hash_from(wire_slice(record->name), &name);
    if (result == OK) {
        memcpy(owner.bytes, record->owner.data, sizeof owner.bytes);
        result = node_blob_add(node, &name, &owner, record->size_bytes, &blob);
    }
    if (result == OK && (blob->chunks == 0 || record->held > blob->chunks))
        result = ERR_CORRUPT;
    if (result == OK) {
        blob->held = record->held;
        blob->whole = record->whole;
        node->blobs.lacking -= blob->whole;
    }
    if (record != NULL)
        hotline__node__blob_record__free_unpacked(record, NULL);
    return result;
}

/* --- which photos --- */

Hotline__Attachment *const *node_blob_photos(const struct item *item, size_t *ret_count)
{
    const Hotline__EnvelopeBody *body = item != NULL ? item->content : NULL;
    const Hotline__Case *alert =
        body != NULL && body->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_ALERT ? body->alert : NULL;
    *ret_count = alert != NULL ? alert->n_photos : 0;
    return alert != NULL ? alert->photos : NULL;
}

static const Hotline__BlobName *named_in(const Hotline__EnvelopeHeader *header, struct slice name)
{
    for (size_t i = 0; i < header->n_blobs; i++)
        if (slice_equal(wire_slice(header->blobs[i]->name), name))
            return header->blobs[i];
    return NULL;
}

int node_blob_meet(struct node *node, const struct item *item)
{
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(item, &count);
    int result = OK;
    for (size_t i = 0; result == OK && i < count; i++) {
        /* Relays serve what the signed header names, so a photo that it does not name cannot be had. */
        const Hotline__BlobName *row = named_in(item->header, wire_slice(photos[i]->name));
        struct node_blob *blob;
        struct key_hash name;
        if (row == NULL || blob_chunk_count(row->size_bytes) == 0 ||
            key_hash_from(wire_slice(photos[i]->name), &name) != OK)
            continue;
        result = node_blob_add(node, &name, &item->case_entry->key, row->size_bytes, &blob);
    }
    return result;
}

void node_blob_forget(struct node *node, const struct envelope_case_key *owner)
{
    size_t at = 0;
    for (struct node_blob *blob; (blob = lookup_next(&node->blobs.by_name, &at)) != NULL;)
        if (memcmp(blob->owner.bytes, owner->bytes, sizeof owner->bytes) == 0)
            remove_blob(node, blob);
}

uint32_t node_blob_count(const struct node *node, const struct item *item)
{
    size_t count;
    uint32_t whole = 0;
    Hotline__Attachment *const *photos = node_blob_photos(item, &count);
    for (size_t i = 0; i < count; i++) {
        const struct node_blob *blob =
            photos[i]->name.len == KEY_HASH_BYTES ? lookup_find(&node->blobs.by_name, photos[i]->name.data) : NULL;
        whole += blob != NULL && blob->whole;
    }
    return whole;
}

/* What the case shows, when this photo is still in it. */
static struct item *needed_by(const struct node *node, const struct node_blob *blob,
                              const Hotline__Attachment **ret_photo)
{
    const struct case_entry *entry = cases_find(&node->cases, &blob->owner);
    struct item *shown = entry != NULL && !entry->erased ? cases_shown(&node->cases, entry) : NULL;
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(shown, &count);
    for (size_t i = 0; i < count; i++) {
        *ret_photo = photos[i];
        if (slice_equal(wire_slice(photos[i]->name), slice_of(blob->name.bytes, KEY_HASH_BYTES)))
            return shown;
    }
    return NULL;
}

/* --- asking --- */

static void ask(struct node *node, struct node_link *link, struct node_blob *blob)
{
    Hotline__BlobWant want = HOTLINE__BLOB_WANT__INIT;
    uint32_t left = blob->chunks - blob->held;
    struct key_hash name = blob->name;
    WIRE_SET_BYTES(&want, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&want, from_chunk, blob->held);
    WIRE_SET(&want, count, left < LIMIT_BLOB_WINDOW ? left : LIMIT_BLOB_WINDOW);
    blob->wanted_to = blob->held + want.count;
    blob->asked_us = node->steady_us;
    snprintf(blob->relay, sizeof blob->relay, "%s", link->uplink.relay);
    node_frame(node, link, WIRE_BLOB_WANT, &want.base);
}

/* The relay does not have it, or does not answer: the next one at once, and all of them anew after a while that grows.
 */
static void in_vain(struct node *node, struct node_blob *blob)
{
    size_t round = node->link_count > 0 ? ++blob->tries / node->link_count : 1;
    int64_t wait_us = AGAIN_LEAST_US << (round < 8 ? round : 8);
    bool all_asked = node->link_count == 0 || blob->tries % node->link_count == 0;
    blob->relay[0] = '\0';
    blob->again_us = all_asked ? node->steady_us + (wait_us < AGAIN_MOST_US ? wait_us : AGAIN_MOST_US) : 0;
}

static struct node_link *next_link(struct node *node, struct node_blob *blob)
{
    for (size_t i = 0; i < node->link_count; i++) {
        struct node_link *link = &node->links[blob->next_slot++ % node->link_count];
        if (link->uplink.state == UPLINK_READY)
            return link;
    }
    return NULL;
}

static void start_anew(struct node *node, struct node_blob *blob)
{
    for (uint32_t i = 0; i < blob->held; i++) {
        struct node_chunk_key key = node_chunk_key(&blob->name, i);
        vault_remove(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes));
    }
    blob->held = 0;
    node_blob_save(node, blob);
    in_vain(node, blob);
}

/* --- checking --- */

struct check {
    struct node *node;
    struct key_hash name;
};

/* The sender's ladder has a column for it: said again in the state that was said. */
static void tell(struct node *node, struct item *item, int64_t now_us)
{
    struct case_entry *entry = item->case_entry;
    if (!item->mine && item->receipt_state != HOTLINE__RECEIPT_STATE__CODE__ERASED)
        node_receipt(node, item, item->receipt_state, SIZE_MAX, now_us);
    cases_touch(&node->cases, entry, now_us);
}

static int check_whole(const struct node_blob *blob, const Hotline__Attachment *photo, struct slice sealed)
{
    struct key_blob key;
    struct buf plain;
    if (photo->key.len != KEY_BYTES || !photo->has_size_bytes)
        return ERR_CRYPTO;
    buf_init(&plain);
    memcpy(key.bytes, photo->key.data, KEY_BYTES);
    int result = blob_open(sealed, &blob->name, &key, photo->size_bytes, &plain);
    if (result == OK && (plain.len < 3 || memcmp(plain.data, "\xff\xd8\xff", 3) != 0))
        result = ERR_INVALID; /* its sender's doing: no other relay has another one */
    seal_wipe(&key, sizeof key);
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    return result;
}

static void on_read(void *ctx, int error, struct slice sealed)
{
    struct check *check = ctx;
    struct node *node = check->node;
    const Hotline__Attachment *photo;
    struct node_blob *blob = node->closing ? NULL : lookup_find(&node->blobs.by_name, &check->name);
    struct item *item = blob != NULL ? needed_by(node, blob, &photo) : NULL;
    free(check);
    if (blob != NULL)
        blob->checking = false;
    if (item == NULL || blob->whole || blob->held < blob->chunks)
        return;
    int result = error == OK ? check_whole(blob, photo, sealed) : error;
    if (result == ERR_INVALID) {
        blob->checking = true; /* no relay has another one: it is neither shown nor asked for again in this life */
        log_event(LOG_WARN, "a photo is no JPEG: it is not shown", "sender", item->header->sender, NULL);
        return;
    }
    if (result == OK) {
        blob->whole = true;
        node->blobs.lacking--;
        node_blob_save(node, blob);
        tell(node, item, node->now_us);
        return;
    }
    log_event(LOG_WARN, "a photo is not what its case names; it is asked for again", "relay", blob->relay, "error",
              err_name(result), NULL);
    node->counters.refused_in++;
    start_anew(node, blob);
}

static void begin_check(struct node *node, struct node_blob *blob)
{
    struct check *check = calloc(1, sizeof *check);
    if (check == NULL)
        return;
    *check = (struct check){.node = node, .name = blob->name};
    blob->checking = node_blob_read(node, blob, on_read, check) == OK;
    if (!blob->checking)
        free(check);
}

/* --- chunks --- */

static bool fits(const struct node_blob *blob, const struct node_link *link, const Hotline__BlobChunk *chunk)
{
    return strcmp(blob->relay, link->uplink.relay) == 0 && chunk->chunk == blob->held && blob->held < blob->wanted_to &&
        chunk->chunks == blob->chunks && chunk->data.len == blob_chunk(blob->size_bytes, chunk->chunk).len;
}

void node_on_blob_chunk(struct node *node, struct node_link *link, const Hotline__BlobChunk *chunk, int64_t now_us)
{
    struct node_blob *blob = lookup_find(&node->blobs.by_name, chunk->name.data);
    (void)now_us;
    if (blob == NULL || blob->whole || strcmp(blob->relay, link->uplink.relay) != 0)
        return; /* erased since, or another relay was faster */
    if (chunk->has_gone && chunk->gone) {
        in_vain(node, blob);
        return;
    }
    if (!fits(blob, link, chunk)) {
        node->counters.refused_in++;
        in_vain(node, blob);
        return;
    }
    struct node_chunk_key key = node_chunk_key(&blob->name, blob->held);
    vault_put(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes), &blob->owner, wire_slice(chunk->data));
    blob->held++;
    blob->asked_us = node->steady_us;
    blob->ticket = node_blob_save(node, blob);
    if (blob->held < blob->chunks && blob->held == blob->wanted_to)
        ask(node, link, blob);
}

/* It takes one of the places: chunks come. One whose relay waits for it itself takes none. */
static bool is_busy(const struct node *node, const struct node_blob *blob)
{
    return !blob->whole && blob->relay[0] != '\0' && node->steady_us - blob->asked_us < STALLED_US;
}

/* One that is lacking: asks, gives up on a relay, or checks. */
static void move(struct node *node, struct node_blob *blob, bool room)
{
    const Hotline__Attachment *photo;
    if (blob->held == blob->chunks) {
        if (!blob->checking && blob->ticket <= vault_committed(node->vault) && needed_by(node, blob, &photo) != NULL)
            begin_check(node, blob);
        return;
    }
    if (blob->relay[0] != '\0') {
        const struct node_link *link = node_link_named(node, blob->relay);
        if (link != NULL && link->uplink.state == UPLINK_READY && node->steady_us - blob->asked_us < ANSWER_US)
            return;
        in_vain(node, blob);
    }
    if (!room || node->steady_us < blob->again_us || needed_by(node, blob, &photo) == NULL)
        return;
    struct node_link *link = next_link(node, blob);
    if (link != NULL)
        ask(node, link, blob);
}

void node_blob_tick(struct node *node, int64_t now_us, int64_t steady_us)
{
    size_t at = 0, active = 0;
    (void)now_us;
    (void)steady_us;
    if (node->blobs.lacking == 0)
        return;
    for (struct node_blob *blob; (blob = lookup_next(&node->blobs.by_name, &at)) != NULL;)
        active += is_busy(node, blob);
    at = 0;
    for (struct node_blob *blob; (blob = lookup_next(&node->blobs.by_name, &at)) != NULL;) {
        if (blob->whole)
            continue;
        bool was = is_busy(node, blob);
        move(node, blob, active < NODE_BLOBS_AT_ONCE);
        active += (size_t)is_busy(node, blob) - (size_t)was;
    }
}
