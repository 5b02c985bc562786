/* node_photo: pictures that people handed in, and their way into a revision: sealed before it, kept with it, in its
 * turn. */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/node_make.h"
#include "proto/blob.h"
#include "proto/case.h"
#include "proto/seal.h"

/* --- handed in --- */

static void drop_upload(struct node_upload *upload)
{
    picture_done(&upload->picture);
    upload->at_us = 0;
}

int node_photo_offer(struct node *node, const struct picture *picture, int64_t now_us, uint8_t ret_id[16])
{
    struct node_upload *uploads = node->blobs.uploads, *oldest = &uploads[0];
    for (size_t i = 0; i < NODE_UPLOADS; i++) {
        if (uploads[i].at_us != 0 && now_us - uploads[i].at_us > NODE_UPLOAD_LIFE_US)
            drop_upload(&uploads[i]);
        if (uploads[i].at_us < oldest->at_us)
            oldest = &uploads[i];
    }
    if (oldest->at_us != 0)
        drop_upload(oldest);
    picture_init(&oldest->picture);
    buf_add_slice(&oldest->picture.photo, buf_slice(&picture->photo));
    buf_add_slice(&oldest->picture.thumbnail, buf_slice(&picture->thumbnail));
    if (buf_broken(&oldest->picture.photo) || buf_broken(&oldest->picture.thumbnail)) {
        picture_done(&oldest->picture);
        return ERR_NOMEM;
    }
    oldest->picture.width = picture->width;
    oldest->picture.height = picture->height;
    oldest->at_us = now_us > 0 ? now_us : 1;
    seal_random(oldest->id, sizeof oldest->id);
    memcpy(ret_id, oldest->id, sizeof oldest->id);
    return OK;
}

static struct node_upload *upload_of(struct node *node, const uint8_t id[16])
{
    for (size_t i = 0; i < NODE_UPLOADS; i++)
        if (node->blobs.uploads[i].at_us != 0 && memcmp(node->blobs.uploads[i].id, id, 16) == 0)
            return &node->blobs.uploads[i];
    return NULL;
}

bool node_photo_waits(const struct node *node, const uint8_t id[16])
{
    for (size_t i = 0; i < NODE_UPLOADS; i++)
        if (node->blobs.uploads[i].at_us != 0 && memcmp(node->blobs.uploads[i].id, id, 16) == 0)
            return true;
    return false;
}

/* --- into a revision --- */

static int own_bytes(struct slice from, protobuf_c_boolean *has, ProtobufCBinaryData *to)
{
    uint8_t *copy = malloc(from.len > 0 ? from.len : 1);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(copy, from.data, from.len);
    free(to->data);
    *has = 1;
    *to = (ProtobufCBinaryData){from.len, copy};
    return OK;
}

static int set_attachment(Hotline__Attachment *photo, const struct picture *picture, const struct key_hash *name,
                          const struct key_blob *key)
{
    char *type = strdup("image/jpeg");
    if (type == NULL)
        return ERR_NOMEM;
    if (photo->mime_type != NULL && photo->mime_type != (const char *)protobuf_c_empty_string)
        free(photo->mime_type);
    photo->mime_type = type;
    WIRE_SET(photo, size_bytes, (uint32_t)picture->photo.len);
    WIRE_SET(photo, width_px, picture->width);
    WIRE_SET(photo, height_px, picture->height);
    int result = own_bytes(slice_of(name->bytes, KEY_HASH_BYTES), &photo->has_name, &photo->name);
    if (result == OK)
        result = own_bytes(slice_of(key->bytes, KEY_BYTES), &photo->has_key, &photo->key);
    return result == OK ? own_bytes(buf_slice(&picture->thumbnail), &photo->has_thumbnail, &photo->thumbnail) : result;
}

/* What a new revision says of a photo that the case has: the photo as it was, with the words of now. */
static int set_again(Hotline__Attachment *photo, const Hotline__Attachment *before)
{
    struct picture picture = {.width = before->width_px, .height = before->height_px};
    struct key_hash name;
    struct key_blob key;
    if (before->key.len != KEY_BYTES || key_hash_from(wire_slice(before->name), &name) != OK)
        return ERR_CORRUPT;
    memcpy(key.bytes, before->key.data, KEY_BYTES);
    picture.thumbnail = (struct buf){.data = before->thumbnail.data, .len = before->thumbnail.len};
    picture.photo.len = before->size_bytes;
    int result = set_attachment(photo, &picture, &name, &key);
    seal_wipe(&key, sizeof key);
    return result;
}

static const Hotline__Attachment *photo_before(const struct item *before, const uint8_t id[16])
{
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(before, &count);
    for (size_t i = 0; i < count; i++)
        if (photos[i]->name.len == KEY_HASH_BYTES && memcmp(photos[i]->name.data, id, 16) == 0)
            return photos[i];
    return NULL;
}

bool node_photo_was(const struct item *before, const uint8_t id[16])
{
    return before != NULL && photo_before(before, id) != NULL;
}

bool node_photo_adds(const struct item *before, const Hotline__Case *content)
{
    for (size_t i = 0; i < content->n_photos; i++)
        if (content->photos[i]->upload.len != 16 || !node_photo_was(before, content->photos[i]->upload.data))
            return true;
    return false;
}

static void clear_upload(Hotline__Attachment *photo)
{
    free(photo->upload.data);
    photo->has_upload = 0;
    photo->upload = (ProtobufCBinaryData){0, NULL};
}

static int attach_one(struct node *node, Hotline__Attachment *photo, const struct item *before, struct err_note *note,
                      struct node_attached *attached)
{
    size_t i = attached->count;
    struct key_blob key;
    if (!photo->has_upload || photo->upload.len != 16)
        return err_set(note, ERR_MISSING, "case.photos[%zu].upload: is required: POST /v1/photos answers it", i);
    struct node_upload *upload = upload_of(node, photo->upload.data);
    const Hotline__Attachment *old = photo_before(before, photo->upload.data);
    int result = OK;
    memcpy(attached->uploads[i], photo->upload.data, 16);
    attached->is_new[i] = upload != NULL;
    if (upload != NULL) {
        result = blob_seal(buf_slice(&upload->picture.photo), &attached->sealed[i], &key, &attached->names[i]);
        if (result == OK)
            result = set_attachment(photo, &upload->picture, &attached->names[i], &key);
        seal_wipe(&key, sizeof key);
    } else if (old != NULL) {
        result = set_again(photo, old);
    } else {
        return err_set(note, ERR_UNKNOWN,
                       "case.photos[%zu].upload: no picture was handed in under this id within the hour", i);
    }
    clear_upload(photo);
    if (result == OK)
        attached->count++;
    return result;
}

/* Copies the photos of the revision before, as they are. */
static int carry_over(Hotline__Case *content, const struct item *before)
{
    size_t count;
    Hotline__Attachment *const *photos = node_blob_photos(before, &count);
    content->photos = count > 0 ? calloc(count, sizeof *content->photos) : NULL;
    if (count > 0 && content->photos == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct buf bytes;
        buf_init(&bytes);
        wire_pack(&photos[i]->base, &bytes);
        content->photos[i] = buf_broken(&bytes) ? NULL : hotline__attachment__unpack(NULL, bytes.len, bytes.data);
        if (bytes.data != NULL)
            seal_wipe(bytes.data, bytes.len);
        buf_free(&bytes);
        if (content->photos[i] == NULL)
            return ERR_NOMEM;
        content->n_photos++;
    }
    return OK;
}

/* The header names what relays keep and recipients ask for. */
static void name_blobs(struct node_outgoing *out, const Hotline__Case *content, const struct item *before,
                       struct node_attached *attached)
{
    size_t count = 0;
    for (size_t i = 0; i < content->n_photos && count < 3; i++) {
        const Hotline__Attachment *photo = content->photos[i];
        uint64_t size = blob_sealed_size(photo->size_bytes);
        for (size_t j = 0; before != NULL && j < before->header->n_blobs; j++)
            if (slice_equal(wire_slice(before->header->blobs[j]->name), wire_slice(photo->name)))
                size = before->header->blobs[j]->size_bytes;
        if (photo->name.len != KEY_HASH_BYTES || size == 0)
            continue;
        hotline__blob_name__init(&attached->rows[count]);
        WIRE_SET_BYTES(&attached->rows[count], name, photo->name.data, KEY_HASH_BYTES);
        WIRE_SET(&attached->rows[count], size_bytes, size);
        attached->list[count] = &attached->rows[count];
        count++;
    }
    out->header.n_blobs = count;
    out->header.blobs = attached->list;
}

int node_photo_attach(struct node *node, struct node_outgoing *out, Hotline__Case *content, const struct item *before,
                      bool replaces, struct err_note *note, struct node_attached *attached)
{
    int result = OK;
    _Static_assert(CASE_PHOTOS_MAX == sizeof attached->sealed / sizeof attached->sealed[0], "room for a case's photos");
    if (!replaces && content->n_photos == 0)
        result = carry_over(content, before);
    else
        for (size_t i = 0; result == OK && i < content->n_photos; i++)
            result = attach_one(node, content->photos[i], before, note, attached);
    if (result == OK)
        name_blobs(out, content, before, attached);
    return result;
}

void node_photo_keep(struct node *node, const struct item *item, const struct node_attached *attached)
{
    for (size_t i = 0; i < attached->count; i++) {
        struct slice sealed = buf_slice(&attached->sealed[i]);
        struct node_blob *blob;
        if (!attached->is_new[i])
            continue;
        CHECK(node_blob_add(node, &attached->names[i], &item->case_entry->key, sealed.len, &blob) == OK);
        for (uint32_t c = 0; c < blob->chunks; c++) {
            struct node_chunk_key key = node_chunk_key(&blob->name, c);
            struct blob_range range = blob_chunk(sealed.len, c);
            vault_put(node->vault, VAULT_CHUNK, slice_of(key.bytes, sizeof key.bytes), &blob->owner,
                      slice_of(sealed.data + range.from, range.len));
        }
        node->blobs.lacking -= node_blob_is_lacking(blob);
        blob->held = blob->chunks;
        blob->whole = true;
        blob->refused = false;
        node_blob_save(node, blob);
        struct node_upload *upload = upload_of(node, attached->uploads[i]);
        if (upload != NULL)
            drop_upload(upload);
    }
}

void node_attached_done(struct node_attached *attached)
{
    for (size_t i = 0; i < sizeof attached->sealed / sizeof attached->sealed[0]; i++)
        buf_free(&attached->sealed[i]);
}
