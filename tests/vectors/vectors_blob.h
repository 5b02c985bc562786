/*
 * vectors_blob - attached files in the golden vectors: one of a single chunk and one of two, with keys, names, the
 * Attachment of the body, the BlobName of the header, and the frames that carry them up and down.
 */
#ifndef TESTS_VECTORS_VECTORS_BLOB_H
#define TESTS_VECTORS_VECTORS_BLOB_H

#include "proto/blob.h"
#include "tests/vectors/vectors.h"

#define VECTORS_BLOB_SMALL 37
#define VECTORS_BLOB_LARGE 66000

struct vectors_blob {
    struct buf plain, sealed;
    struct key_blob key;
    struct key_hash name;
};

/* Byte i of a file is 7 i + 3, modulo 256. The sealing does not look at what it seals. */
static inline void vectors_blob_make(size_t size, struct vectors_blob *ret_blob)
{
    buf_init(&ret_blob->plain);
    buf_init(&ret_blob->sealed);
    for (size_t i = 0; i < size; i++)
        buf_add_u8(&ret_blob->plain, (uint8_t)(7 * i + 3));
    fixture_random_start();
    assert_int_equal(blob_seal(buf_slice(&ret_blob->plain), &ret_blob->sealed, &ret_blob->key, &ret_blob->name), OK);
    fixture_random_stop();
}

static inline void vectors_blob_done(struct vectors_blob *blob)
{
    buf_free(&blob->plain);
    buf_free(&blob->sealed);
}

static inline void vectors_blob_chunks(struct jdoc *doc, const struct vectors_blob *blob)
{
    struct jdoc *list = jdoc_set_doc(doc, "chunks", jdoc_array());
    for (uint32_t i = 0; i < blob_chunk_count(blob->sealed.len); i++) {
        struct jdoc *row = jdoc_add_doc(list, jdoc_object());
        struct blob_range range = blob_chunk(blob->sealed.len, i);
        uint8_t taken[16];
        blob_chunk_name(blob->name.bytes, i, taken);
        jdoc_set_int(row, "from", (int64_t)range.from);
        jdoc_set_int(row, "bytes", (int64_t)range.len);
        vectors_hex_of(row, "taken", taken, sizeof taken);
    }
}

/* As the body and the header name it. */
static inline void vectors_blob_names(struct jdoc *doc, struct vectors_blob *blob)
{
    static char type[] = "image/jpeg";
    Hotline__Attachment photo = HOTLINE__ATTACHMENT__INIT;
    Hotline__BlobName name = HOTLINE__BLOB_NAME__INIT;
    struct buf bytes;
    buf_init(&bytes);
    WIRE_SET_BYTES(&photo, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET_BYTES(&photo, key, blob->key.bytes, KEY_BYTES);
    WIRE_SET(&photo, size_bytes, (uint32_t)blob->plain.len);
    photo.mime_type = type;
    wire_pack(&photo.base, &bytes);
    vectors_hex(doc, "attachment", buf_slice(&bytes));
    buf_clear(&bytes);
    WIRE_SET_BYTES(&name, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&name, size_bytes, blob->sealed.len);
    wire_pack(&name.base, &bytes);
    vectors_hex(doc, "blob_name", buf_slice(&bytes));
    buf_free(&bytes);
}

static inline void vectors_blob_file(struct jdoc *list, size_t size)
{
    struct jdoc *doc = jdoc_add_doc(list, jdoc_object());
    struct vectors_blob blob;
    vectors_blob_make(size, &blob);
    jdoc_set_int(doc, "plain_bytes", (int64_t)size);
    vectors_hex_of(doc, "key", blob.key.bytes, KEY_BYTES);
    vectors_hex_of(doc, "name", blob.name.bytes, KEY_HASH_BYTES);
    jdoc_set_int(doc, "sealed_bytes", (int64_t)blob.sealed.len);
    vectors_blob_chunks(doc, &blob);
    vectors_blob_names(doc, &blob);
    vectors_hex(doc, "sealed", buf_slice(&blob.sealed));
    vectors_blob_done(&blob);
}

/* ---- frames of the small one ---- */

static inline void vectors_blob_up(struct jdoc *list, struct vectors_blob *blob)
{
    Hotline__BlobWant want = HOTLINE__BLOB_WANT__INIT;
    Hotline__BlobPut put = HOTLINE__BLOB_PUT__INIT;
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;
    uint8_t name[16];
    ProtobufCBinaryData names[1] = {wire_bytes(slice_of(name, sizeof name))};
    WIRE_SET_BYTES(&want, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&want, from_chunk, 0);
    WIRE_SET(&want, count, 1);
    vectors_add_frame(list, "relay-noord", "to be-baken: your envelope names it, and I lack it", WIRE_BLOB_WANT,
                      &want.base);
    WIRE_SET_BYTES(&put, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&put, chunk, 0);
    WIRE_SET(&put, chunks, 1);
    WIRE_SET_BYTES(&put, data, blob->sealed.data, blob->sealed.len);
    vectors_add_frame(list, "be-baken", "its only chunk", WIRE_BLOB_PUT, &put.base);
    blob_chunk_name(blob->name.bytes, 0, name);
    taken.n_names = 1;
    taken.names = names;
    vectors_add_frame(list, "relay-noord", "to be-baken: it is on my disk", WIRE_TAKEN, &taken.base);
}

static inline void vectors_blob_down(struct jdoc *list, struct vectors_blob *blob)
{
    Hotline__BlobWant want = HOTLINE__BLOB_WANT__INIT;
    Hotline__BlobChunk chunk = HOTLINE__BLOB_CHUNK__INIT;
    WIRE_SET_BYTES(&want, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&want, from_chunk, 0);
    WIRE_SET(&want, count, 1);
    vectors_add_frame(list, "nl-lamp", "an envelope granted to me names it", WIRE_BLOB_WANT, &want.base);
    WIRE_SET_BYTES(&chunk, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&chunk, chunk, 0);
    WIRE_SET(&chunk, chunks, 1);
    WIRE_SET_BYTES(&chunk, data, blob->sealed.data, blob->sealed.len);
    vectors_add_frame(list, "relay-noord", "to nl-lamp: its only chunk", WIRE_BLOB_CHUNK, &chunk.base);
    hotline__blob_chunk__init(&chunk);
    WIRE_SET_BYTES(&chunk, name, blob->name.bytes, KEY_HASH_BYTES);
    WIRE_SET(&chunk, chunk, 0);
    WIRE_SET(&chunk, gone, true);
    vectors_add_frame(list, "relay-zuid", "or: not held here, or not for you; ask another relay", WIRE_BLOB_CHUNK,
                      &chunk.base);
}

static inline struct jdoc *vectors_blobs(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc("attached files, byte i of each 7 i + 3 modulo 256: sealed, named, cut; and the "
                                   "frames that carry the first up and down");
    struct jdoc *files = jdoc_set_doc(doc, "files", jdoc_array()), *frames;
    struct vectors_blob blob;
    (void)fixture;
    vectors_blob_file(files, VECTORS_BLOB_SMALL);
    vectors_blob_file(files, VECTORS_BLOB_LARGE);
    frames = jdoc_set_doc(doc, "frames", jdoc_array());
    vectors_blob_make(VECTORS_BLOB_SMALL, &blob);
    vectors_blob_up(frames, &blob);
    vectors_blob_down(frames, &blob);
    vectors_blob_done(&blob);
    return doc;
}

#endif
