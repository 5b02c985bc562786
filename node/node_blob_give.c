/* node_blob_give: chunks out of the vault: to relays that ask for them, after everything more urgent, and whole files
 * to whoever may see them. Never holds more than one chunk per relay in memory. */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/blob.h"
#include "proto/seal.h"

/* --- to a relay --- */

/* A chunk on its way from the disk to a relay. */
struct gift {
    struct node *node;
    char relay[LIMIT_ID_CHARS + 1];
    struct key_hash name;
    uint32_t chunk, chunks;
};

void node_on_blob_want(struct node *node, struct node_link *link, const Hotline__BlobWant *want)
{
    const struct node_blob *blob = lookup_find(&node->blobs.by_name, want->name.data);
    if (blob == NULL || !blob->whole || want->from_chunk >= blob->chunks)
        return; /* the relay asks again, or another one that named it */
    uint32_t left = blob->chunks - want->from_chunk,
             count = want->count < LIMIT_BLOB_WINDOW ? want->count : LIMIT_BLOB_WINDOW;
    bool reads = link->giving.reads;
    link->giving = (struct node_giving){
        .name = blob->name, .from = want->from_chunk, .count = count < left ? count : left, .reads = reads};
    node_blob_give(node, link);
}

static void put(struct node *node, struct node_link *link, const struct gift *gift, struct slice data)
{
    Hotline__BlobPut message = HOTLINE__BLOB_PUT__INIT;
    struct key_hash name = gift->name;
    WIRE_SET_BYTES(&message, name, name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&message, chunk, gift->chunk);
    WIRE_SET(&message, chunks, gift->chunks);
    message.has_data = 1;
    message.data = wire_bytes(data);
    node_frame(node, link, WIRE_BLOB_PUT, &message.base);
    node_send_out(node, link);
}

static void on_found(void *ctx, int result, struct slice data)
{
    struct gift *gift = ctx;
    struct node *node = gift->node;
    struct node_link *link = node->closing ? NULL : node_link_named(node, gift->relay);
    if (link != NULL) {
        struct node_giving *giving = &link->giving;
        giving->reads = false;
        bool still = giving->count > 0 && giving->from == gift->chunk && key_hash_equal(&giving->name, &gift->name);
        if (still && result == OK && link->uplink.state == UPLINK_READY) {
            put(node, link, gift, data);
            giving->from++;
            giving->count--;
        } else if (still) {
            giving->count = 0;
        }
        node_blob_give(node, link);
    }
    free(gift);
}

void node_blob_give(struct node *node, struct node_link *link)
{
    struct node_giving *giving = &link->giving;
    const struct node_blob *blob = giving->count > 0 ? lookup_find(&node->blobs.by_name, &giving->name) : NULL;
    if (blob == NULL)
        giving->count = 0;
    if (giving->count == 0 || giving->reads || link->uplink.state != UPLINK_READY || outlet_next(&link->outlet) != NULL)
        return;
    struct gift *gift = calloc(1, sizeof *gift);
    if (gift == NULL)
        return;
    *gift = (struct gift){.node = node, .name = giving->name, .chunk = giving->from, .chunks = blob->chunks};
    snprintf(gift->relay, sizeof gift->relay, "%s", link->uplink.relay);
    struct node_chunk_key key = node_chunk_key(&giving->name, giving->from);
    giving->reads = vault_find(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes), on_found, gift) == OK;
    if (!giving->reads)
        free(gift);
}

/* --- a whole file --- */

struct reading {
    struct node *node;
    struct key_hash name;
    uint32_t next, chunks;
    struct buf sealed;
    node_blob_done *done;
    void *ctx;
};

static void end_reading(struct reading *reading, int error)
{
    reading->done(reading->ctx, error, error == OK ? buf_slice(&reading->sealed) : slice_of(NULL, 0));
    buf_free(&reading->sealed);
    free(reading);
}

static int read_next(struct reading *reading);

static void on_chunk(void *ctx, int result, struct slice data)
{
    struct reading *reading = ctx;
    if (result == OK) {
        buf_add_slice(&reading->sealed, data);
        reading->next++;
        result = buf_broken(&reading->sealed) ? ERR_NOMEM : OK;
    }
    if (result == OK && reading->next < reading->chunks && !reading->node->closing)
        result = read_next(reading);
    else if (result == OK && reading->next < reading->chunks)
        result = ERR_STATE;
    if (result != OK || reading->next == reading->chunks)
        end_reading(reading, result);
}

static int read_next(struct reading *reading)
{
    struct node_chunk_key key = node_chunk_key(&reading->name, reading->next);
    return vault_find(reading->node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes), on_chunk, reading);
}

int node_blob_read(struct node *node, const struct node_blob *blob, node_blob_done *done, void *ctx)
{
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return ERR_NOMEM;
    *reading = (struct reading){.node = node, .name = blob->name, .chunks = blob->chunks, .done = done, .ctx = ctx};
    buf_init(&reading->sealed);
    int result = read_next(reading);
    if (result != OK)
        free(reading);
    return result;
}

/* --- for people --- */

struct showing {
    struct key_hash name;
    struct key_blob key;
    size_t size_bytes;
    node_blob_done *done;
    void *ctx;
};

static void on_whole(void *ctx, int error, struct slice sealed)
{
    struct showing *showing = ctx;
    struct buf plain;
    buf_init(&plain);
    if (error == OK)
        error = blob_open(sealed, &showing->name, &showing->key, showing->size_bytes, &plain);
    showing->done(showing->ctx, error, buf_slice(&plain));
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    seal_wipe(showing, sizeof *showing);
    free(showing);
}

int node_photo_read(struct node *node, const struct case_entry *entry, size_t number, struct err_note *note,
                    node_blob_done *done, void *ctx)
{
    size_t count;
    const struct item *shown = cases_shown(&node->cases, entry);
    Hotline__Attachment *const *photos = node_blob_photos(shown, &count);
    if (number == 0 || number > count)
        return err_set(note, ERR_NOT_FOUND, "%s has %zu photos", entry->reference, count);
    const Hotline__Attachment *photo = photos[number - 1];
    const struct node_blob *blob = node_blob_of(node, photo);
    if (node_blob_is_refused(node, shown, number - 1))
        return err_set(note, ERR_INVALID, "photo %zu of %s came and is refused: it is no picture, or more than one",
                       number, entry->reference);
    if (blob == NULL || !blob->whole || photo->key.len != KEY_BYTES)
        return err_set(note, ERR_NOT_FOUND, "photo %zu of %s has not come yet: its thumbnail is in the case", number,
                       entry->reference);
    struct showing *showing = calloc(1, sizeof *showing);
    if (showing == NULL)
        return ERR_NOMEM;
    *showing = (struct showing){.name = blob->name, .size_bytes = photo->size_bytes, .done = done, .ctx = ctx};
    memcpy(showing->key.bytes, photo->key.data, KEY_BYTES);
    int result = node_blob_read(node, blob, on_whole, showing);
    if (result != OK) {
        seal_wipe(showing, sizeof *showing);
        free(showing);
    }
    return result;
}
