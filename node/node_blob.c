/* node_blob: what is here of the photos of received cases, and asking for the rest. Believes no chunk before the whole
 * file has its name and opens. */
#include "node/node_blob.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
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
    struct envelope_case_key owner; /* as whose photo it was read */
    struct node_blob_check *next, *before;
};

void node_blob_checks_done(struct node_blobs *blobs)
{
    for (struct node_blob_check *check = blobs->checks; check != NULL; check = check->next)
        check->node = NULL; /* it is freed by whoever answers it */
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
    if (all_asked)
        node_blob_hand_on(node, blob, true); /* a case that tells a wrong size is not the last word */
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
    node_blob_drop(node, blob);
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

/* Gone, and not asked for again in this case's name: every relay has the same. The case is as good as before. */
static void refuse(struct node *node, struct node_blob *blob, struct item *item, const char *why)
{
    log_event(LOG_WARN, "a photo is refused: it is nothing that may be shown", "sender", item->header->sender, "why",
              why, NULL);
    node->counters.refused_in++;
    node_blob_refuse(node, blob);
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
    if (memcmp(blob->owner.bytes, check->owner.bytes, sizeof blob->owner.bytes) != 0)
        return NULL;
    *ret_blob = blob;
    return node_blob_is_lacking(blob) && blob->held == blob->chunks ? node_blob_needed_by(node, blob, ret_photo) : NULL;
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
    *check =
        (struct node_blob_check){.node = node, .name = blob->name, .owner = blob->owner, .next = node->blobs.checks};
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
    if (node_blob_needed_by(node, blob, &photo) == NULL) {
        node_blob_hand_on(node, blob, false);
        return;
    }
    if (blob->held == blob->chunks) {
        if (!blob->checking && node->steady_us >= blob->again_us && blob->ticket <= vault_committed(node->vault))
            begin_check(node, blob);
        return;
    }
    if (blob->relay[0] != '\0') {
        const struct node_link *link = node_link_named(node, blob->relay);
        if (link != NULL && link->uplink.state == UPLINK_READY && node->steady_us - blob->asked_us < ANSWER_US)
            return;
        in_vain(node, blob);
    }
    if (!room || node->steady_us < blob->again_us)
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
