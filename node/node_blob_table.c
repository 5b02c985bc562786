/* node_blob_table: which photos there are, and which cases name each. More than one case may name the same: a member
 * that got a photo can name it in a case of its own, truly or not, so that no case's word spoils another's. */
#include "node/node_blob.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/blob.h"

void node_blobs_init(struct node_blobs *blobs)
{
    *blobs = (struct node_blobs){.lacking = 0};
    lookup_init(&blobs->by_name, offsetof(struct node_blob, name), KEY_HASH_BYTES);
}

void node_blobs_done(struct node_blobs *blobs)
{
    size_t at = 0;
    node_blob_checks_done(blobs);
    for (struct node_blob *blob; (blob = lookup_next(&blobs->by_name, &at)) != NULL;) {
        free(blob->cases);
        free(blob);
    }
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

bool node_blob_is_lacking(const struct node_blob *blob)
{
    return !blob->whole && !blob->refused;
}

static void remove_blob(struct node *node, struct node_blob *blob)
{
    lookup_remove(&node->blobs.by_name, &blob->name);
    node->blobs.lacking -= node_blob_is_lacking(blob);
    free(blob->cases);
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
    if (blob->refused)
        WIRE_SET(&record, refused, true);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket =
        vault_put(node->vault, VAULT_BLOB, slice_of(blob->name.bytes, KEY_HASH_BYTES), &blob->owner, buf_slice(&bytes));
    buf_free(&bytes);
    return ticket;
}

/* NULL: it is none of those that name it. */
static struct node_blob_case *case_of(const struct node_blob *blob, const struct envelope_case_key *key)
{
    for (size_t i = 0; i < blob->case_count; i++)
        if (memcmp(blob->cases[i].key.bytes, key->bytes, sizeof key->bytes) == 0)
            return &blob->cases[i];
    return NULL;
}

static void own(struct node_blob *blob, const struct node_blob_case *owner)
{
    blob->owner = owner->key;
    blob->size_bytes = owner->size_bytes;
    blob->chunks = blob_chunk_count(owner->size_bytes);
}

void node_blob_drop(struct node *node, struct node_blob *blob)
{
    for (uint32_t i = 0; i < blob->held; i++) {
        struct node_chunk_key key = node_chunk_key(&blob->name, i);
        vault_remove(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes));
    }
    blob->held = 0;
}

/* It is asked for anew, as this case names it. */
static void hand_over(struct node *node, struct node_blob *blob, const struct node_blob_case *owner)
{
    node_blob_drop(node, blob);
    node->blobs.lacking += !node_blob_is_lacking(blob);
    blob->whole = blob->refused = false;
    blob->relay[0] = '\0';
    blob->again_us = 0;
    own(blob, owner);
    node_blob_save(node, blob);
}

static struct node_blob *new_blob(struct node *node, const struct key_hash *name)
{
    struct node_blob *blob = calloc(1, sizeof *blob);
    if (blob == NULL)
        return NULL;
    blob->name = *name;
    if (lookup_add(&node->blobs.by_name, blob) != OK) {
        free(blob);
        return NULL;
    }
    node->blobs.lacking++;
    return blob;
}

int node_blob_add(struct node *node, const struct key_hash *name, const struct envelope_case_key *owner,
                  uint64_t size_bytes, struct node_blob **ret_blob)
{
    struct node_blob *blob = lookup_find(&node->blobs.by_name, name);
    if (blob == NULL)
        blob = new_blob(node, name);
    struct node_blob_case *one = blob != NULL ? case_of(blob, owner) : NULL;
    if (blob != NULL && one == NULL) {
        struct node_blob_case *cases = realloc(blob->cases, (blob->case_count + 1) * sizeof *cases);
        if (cases != NULL) {
            blob->cases = cases;
            one = &cases[blob->case_count++];
            *one = (struct node_blob_case){.key = *owner, .size_bytes = size_bytes};
        }
    }
    if (one == NULL)
        return ERR_NOMEM;
    if (blob->chunks == 0)
        own(blob, one);
    else if (blob->refused && !one->refused)
        hand_over(node, blob, one);
    *ret_blob = blob;
    return OK;
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
    if (result == OK) {
        case_of(blob, &owner)->size_bytes = record->size_bytes;
        own(blob, case_of(blob, &owner)); /* its chunks are under the key of this one */
    }
    if (result == OK && (blob->chunks == 0 || record->held > blob->chunks))
        result = ERR_CORRUPT;
    if (result == OK) {
        blob->held = record->held;
        blob->whole = record->whole;
        blob->refused = record->refused && !record->whole;
        node->blobs.lacking -= !node_blob_is_lacking(blob);
    }
    if (record != NULL)
        hotline__node__blob_record__free_unpacked(record, NULL);
    return result;
}

/* --- which photos --- */

Hotline__Attachment *const *node_blob_photos(const struct item *item, size_t *ret_count)
{
    const Hotline__EnvelopeBody *body = item != NULL ? item_content(item) : NULL;
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
    size_t count = 0;
    Hotline__Attachment *const *photos = item->header->n_blobs > 0 ? node_blob_photos(item, &count) : NULL;
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
    for (struct node_blob *blob; (blob = lookup_next(&node->blobs.by_name, &at)) != NULL;) {
        struct node_blob_case *one = case_of(blob, owner);
        bool owned = memcmp(blob->owner.bytes, owner->bytes, sizeof owner->bytes) == 0;
        if (one != NULL)
            *one = blob->cases[--blob->case_count];
        if (blob->case_count == 0)
            remove_blob(node, blob);
        else if (one != NULL && owned) /* its chunks went with the case's key */
            hand_over(node, blob, &blob->cases[0]);
    }
}

/* As this case names it: not, when what came is nothing that it may show. */
static bool is_refused(const struct node_blob *blob, const struct item *item)
{
    const struct node_blob_case *one = case_of(blob, &item->case_entry->key);
    return blob->refused || (one != NULL && one->refused);
}

const struct node_blob *node_blob_of(const struct node *node, const Hotline__Attachment *photo)
{
    return photo->name.len == KEY_HASH_BYTES ? lookup_find(&node->blobs.by_name, photo->name.data) : NULL;
}

uint32_t node_blob_count(const struct node *node, const struct item *item)
{
    size_t count;
    uint32_t whole = 0;
    Hotline__Attachment *const *photos = node_blob_photos(item, &count);
    for (size_t i = 0; i < count; i++) {
        const struct node_blob *blob = node_blob_of(node, photos[i]);
        whole += blob != NULL && blob->whole && !is_refused(blob, item);
    }
    return whole;
}

bool node_blob_is_refused(const struct node *node, const struct item *item, size_t number)
{
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(item, &count);
    const struct node_blob *blob = number < count ? node_blob_of(node, photos[number]) : NULL;
    return blob != NULL && is_refused(blob, item);
}

static struct item *shown_with(const struct node *node, const struct node_blob *blob,
                               const struct envelope_case_key *key, const Hotline__Attachment **ret_photo)
{
    const struct case_entry *entry = cases_find(&node->cases, key);
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

struct item *node_blob_needed_by(const struct node *node, const struct node_blob *blob,
                                 const Hotline__Attachment **ret_photo)
{
    return shown_with(node, blob, &blob->owner, ret_photo);
}

bool node_blob_hand_on(struct node *node, struct node_blob *blob, bool of_other_size)
{
    const Hotline__Attachment *photo;
    const struct node_blob_case *now = case_of(blob, &blob->owner);
    size_t from = (size_t)(now - blob->cases);
    for (size_t i = 1; i < blob->case_count; i++) {
        const struct node_blob_case *next = &blob->cases[(from + i) % blob->case_count];
        if (next->refused || (of_other_size && next->size_bytes == blob->size_bytes) ||
            shown_with(node, blob, &next->key, &photo) == NULL)
            continue;
        hand_over(node, blob, next);
        return true;
    }
    return false;
}

bool node_blob_refuse(struct node *node, struct node_blob *blob)
{
    case_of(blob, &blob->owner)->refused = true;
    if (node_blob_hand_on(node, blob, false))
        return false;
    node->blobs.lacking -= node_blob_is_lacking(blob);
    blob->refused = true;
    node_blob_drop(node, blob);
    node_blob_save(node, blob);
    return true;
}
