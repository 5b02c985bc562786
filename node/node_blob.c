/* node_blob: what is here of the photos of received cases, and asking for the rest. Believes no chunk before the whole
 * file has its name and opens. */
#include "node/node_blob.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/blob.h"
#include "proto/clock.h"
#include "proto/failpoint.h"
#include "proto/log.h"
#include "proto/seal.h"

#define ANSWER_US (15 * CLOCK_SECOND_US) /* a relay that is silent about a chunk for so long is asked no more */
#define STALLED_US (2 * CLOCK_SECOND_US)
#define AGAIN_LEAST_US (500 * CLOCK_MS_US)
#define AGAIN_MOST_US CLOCK_MINUTE_US

#define LOOK_AGAIN_US (5 * CLOCK_SECOND_US)

/* The whole file of a blob on its way from the disk to a judgement. */
struct node_blob_check {
    struct node *node; /* NULL: closed meanwhile */
    struct key_hash name;
    struct node_blob_check *next, *before;
};

/* --- the table --- */

void node_blobs_init(struct node_blobs *blobs)
{
    *blobs = (struct node_blobs){.lacking = 0};
    lookup_init(&blobs->by_name, offsetof(struct node_blob, name), KEY_HASH_BYTES);
}

void node_blobs_done(struct node_blobs *blobs)
{
    size_t at = 0;
    for (struct node_blob_check *check = blobs->checks; check != NULL; check = check->next)
        check->node = NULL; /* it is freed by whoever answers it */
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

bool node_blob_is_lacking(const struct node_blob *blob)
{
    return !blob->whole && !blob->refused;
}

static void remove_blob(struct node *node, struct node_blob *blob)
{
    lookup_remove(&node->blobs.by_name, &blob->name);
    node->blobs.lacking -= node_blob_is_lacking(blob);
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

bool node_blob_is_refused(const struct node *node, const struct item *item, size_t number)
{
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(item, &count);
    const struct node_blob *blob = number < count && photos[number]->name.len == KEY_HASH_BYTES ?
        lookup_find(&node->blobs.by_name, photos[number]->name.data) :
        NULL;
    return blob != NULL && blob->refused;
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

static void drop_chunks(struct node *node, struct node_blob *blob)
{
    for (uint32_t i = 0; i < blob->held; i++) {
        struct node_chunk_key key = node_chunk_key(&blob->name, i);
        vault_remove(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes));
    }
    blob->held = 0;
}

static void start_anew(struct node *node, struct node_blob *blob)
{
    drop_chunks(node, blob);
    node_blob_save(node, blob);
    in_vain(node, blob);
}

/* --- checking --- */

/* The sender's ladder has a column for it: said again in the state that was said. */
static void tell(struct node *node, struct item *item, int64_t now_us)
{
    struct case_entry *entry = item->case_entry;
    if (!item->mine && item->receipt_state != HOTLINE__RECEIPT_STATE__CODE__ERASED)
        node_receipt(node, item, item->receipt_state, SIZE_MAX, now_us);
    cases_touch(&node->cases, entry, now_us);
}

/* Its name first: with that, whatever else is wrong is its sender's doing. */
static int open_whole(const struct node_blob *blob, const Hotline__Attachment *photo, struct slice sealed,
                      struct buf *plain)
{
    struct key_blob key;
    if (photo->key.len != KEY_BYTES || !photo->has_size_bytes)
        return ERR_CRYPTO;
    memcpy(key.bytes, photo->key.data, KEY_BYTES);
    int result = blob_open(sealed, &blob->name, &key, photo->size_bytes, plain);
    if (result == OK && (plain->len < 3 || memcmp(plain->data, "\xff\xd8\xff", 3) != 0))
        result = ERR_INVALID;
    seal_wipe(&key, sizeof key);
    return result;
}

/* Gone, and not asked for again: every relay has the same. The case it belongs to is as good as before. */
static void refuse(struct node *node, struct node_blob *blob, struct item *item, const char *why)
{
    log_event(LOG_WARN, "a photo is refused: it is nothing that may be shown", "sender", item->header->sender, "why",
              why, NULL);
    node->counters.refused_in++;
    node->blobs.lacking -= node_blob_is_lacking(blob);
    blob->refused = true;
    drop_chunks(node, blob);
    node_blob_save(node, blob);
    cases_touch(&node->cases, item->case_entry, node->now_us);
}

static void take(struct node *node, struct node_blob *blob, struct item *item)
{
    node->blobs.lacking -= node_blob_is_lacking(blob);
    blob->whole = true;
    node_blob_save(node, blob);
    tell(node, item, node->now_us);
}

/* What became of the check of a whole file. */
static void judge(struct node *node, struct node_blob *blob, struct item *item, int result, const char *why)
{
    switch (result) {
    case OK:
        take(node, blob, item);
        return;
    case ERR_INVALID:
    case ERR_SYNTAX:
    case ERR_LIMIT:
    case ERR_CRYPTO:
        refuse(node, blob, item, why);
        return;
    case ERR_CORRUPT:
    case ERR_NOT_FOUND:
        log_event(LOG_WARN, "a photo is not what its case names; it is asked for again", "relay", blob->relay, "error",
                  err_name(result), NULL);
        node->counters.refused_in++;
        start_anew(node, blob);
        return;
    default: /* nothing was found out */
        blob->again_us = node->steady_us + LOOK_AGAIN_US;
    }
}

static void end_check(struct node_blob_check *check)
{
    if (check->node != NULL) {
        if (check->before != NULL)
            check->before->next = check->next;
        else
            check->node->blobs.checks = check->next;
        if (check->next != NULL)
            check->next->before = check->before;
    }
    free(check);
}

/* What the check is about, when it is still wanted. */
static struct item *checked_item(struct node_blob_check *check, struct node_blob **ret_blob,
                                 const Hotline__Attachment **ret_photo)
{
    struct node *node = check->node;
    struct node_blob *blob = node == NULL || node->closing ? NULL : lookup_find(&node->blobs.by_name, &check->name);
    if (blob == NULL)
        return NULL;
    blob->checking = false;
    *ret_blob = blob;
    return node_blob_is_lacking(blob) && blob->held == blob->chunks ? needed_by(node, blob, ret_photo) : NULL;
}

static void on_looked(void *ctx, int error, const struct err_note *note, uint32_t width, uint32_t height)
{
    struct node_blob_check *check = ctx;
    const Hotline__Attachment *photo;
    struct node_blob *blob;
    struct item *item = checked_item(check, &blob, &photo);
    const char *why = err_explain(note, error);
    if (item != NULL && error == OK && (photo->width_px != width || photo->height_px != height)) {
        error = ERR_INVALID;
        why = "its sides are not those that its case says";
    }
    if (item != NULL)
        judge(check->node, blob, item, error, why);
    end_check(check);
}

static void on_read(void *ctx, int error, struct slice sealed)
{
    struct node_blob_check *check = ctx;
    const Hotline__Attachment *photo;
    struct node_blob *blob;
    struct item *item = checked_item(check, &blob, &photo);
    struct buf plain;
    bool looks = false;
    buf_init(&plain);
    if (error == ERR_CRYPTO) /* of our own disk */
        error = ERR_CORRUPT;
    if (item != NULL && error == OK)
        error = open_whole(blob, photo, sealed, &plain);
    if (item != NULL && error == OK && check->node->io.look != NULL) {
        error = check->node->io.look(check->node->io.ctx, buf_slice(&plain), on_looked, check);
        looks = blob->checking = error == OK;
        error = error == OK ? OK : ERR_BUSY;
    }
    if (item != NULL && !looks)
        judge(check->node, blob, item, error, err_text(error));
    if (!looks)
        end_check(check);
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
}

static void begin_check(struct node *node, struct node_blob *blob)
{
    struct node_blob_check *check = calloc(1, sizeof *check);
    if (check == NULL)
        return;
    *check = (struct node_blob_check){.node = node, .name = blob->name, .next = node->blobs.checks};
    if (check->next != NULL)
        check->next->before = check;
    node->blobs.checks = check;
    blob->checking = node_blob_read(node, blob, on_read, check) == OK;
    if (!blob->checking)
        end_check(check);
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
    if (blob == NULL || !node_blob_is_lacking(blob) || strcmp(blob->relay, link->uplink.relay) != 0)
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
    FAILPOINT("node-photo-chunk");
    blob->held++;
    blob->asked_us = node->steady_us;
    blob->ticket = node_blob_save(node, blob);
    if (blob->held < blob->chunks && blob->held == blob->wanted_to)
        ask(node, link, blob);
}

/* It takes one of the places: chunks come. One whose relay waits for it itself takes none. */
static bool is_busy(const struct node *node, const struct node_blob *blob)
{
    return node_blob_is_lacking(blob) && blob->relay[0] != '\0' && node->steady_us - blob->asked_us < STALLED_US;
}

/* One that is lacking: asks, gives up on a relay, or checks. */
static void move(struct node *node, struct node_blob *blob, bool room)
{
    const Hotline__Attachment *photo;
    if (blob->held == blob->chunks) {
        if (!blob->checking && node->steady_us >= blob->again_us && blob->ticket <= vault_committed(node->vault) &&
            needed_by(node, blob, &photo) != NULL)
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
        if (!node_blob_is_lacking(blob))
            continue;
        bool was = is_busy(node, blob);
        move(node, blob, active < NODE_BLOBS_AT_ONCE);
        active += (size_t)is_busy(node, blob) - (size_t)was;
    }
}
