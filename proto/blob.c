/* blob: cuts, seals and opens attached files. Opens nothing whose name is wrong, and gives no byte of a file before all
 * of it was seen to be whole. */
#include "blob.h"

#include <string.h>

static size_t padded(size_t plain_bytes)
{
    size_t size = seal_padded_size(plain_bytes, LIMIT_BODY_PAD_BYTES);
    return size < LIMIT_BLOB_BYTES ? size : LIMIT_BLOB_BYTES;
}

static size_t pieces_of(size_t plain_bytes)
{
    return (plain_bytes + LIMIT_BLOB_CHUNK_BYTES - 1) / LIMIT_BLOB_CHUNK_BYTES;
}

size_t blob_sealed_size(size_t plain_bytes)
{
    if (plain_bytes == 0 || plain_bytes > LIMIT_BLOB_BYTES)
        return 0;
    size_t size = padded(plain_bytes);
    return SEAL_STREAM_HEADER_BYTES + size + pieces_of(size) * SEAL_STREAM_EXTRA_BYTES;
}

uint32_t blob_chunk_count(uint64_t sealed_bytes)
{
    if (sealed_bytes <= SEAL_STREAM_HEADER_BYTES + SEAL_STREAM_EXTRA_BYTES || sealed_bytes > BLOB_SEALED_BYTES_MAX)
        return 0;
    uint64_t pieces = sealed_bytes - SEAL_STREAM_HEADER_BYTES, rest = pieces % BLOB_PIECE_BYTES;
    if (rest != 0 && rest <= SEAL_STREAM_EXTRA_BYTES)
        return 0;
    return (uint32_t)((pieces + BLOB_PIECE_BYTES - 1) / BLOB_PIECE_BYTES);
}

struct blob_range blob_chunk(uint64_t sealed_bytes, uint32_t i)
{
    size_t size = (size_t)sealed_bytes;
    size_t from = i == 0 ? 0 : SEAL_STREAM_HEADER_BYTES + (size_t)i * BLOB_PIECE_BYTES;
    size_t to = SEAL_STREAM_HEADER_BYTES + ((size_t)i + 1) * BLOB_PIECE_BYTES;
    CHECK(from < size);
    return (struct blob_range){.from = from, .len = (to < size ? to : size) - from};
}

/* The pieces of a padded file behind the stream's header in `room`. */
static int seal_pieces(struct seal_stream *stream, struct slice plain, uint8_t *room)
{
    size_t count = pieces_of(plain.len);
    int result = OK;
    for (size_t i = 0; result == OK && i < count; i++) {
        size_t from = i * LIMIT_BLOB_CHUNK_BYTES, len = plain.len - from;
        bool last = len <= LIMIT_BLOB_CHUNK_BYTES;
        result = seal_stream_push(stream, slice_of(plain.data + from, last ? len : LIMIT_BLOB_CHUNK_BYTES), last,
                                  room + i * BLOB_PIECE_BYTES);
    }
    return result;
}

int blob_seal(struct slice plain, struct buf *out, struct key_blob *ret_key, struct key_hash *ret_name)
{
    size_t total = blob_sealed_size(plain.len), size = padded(plain.len);
    struct seal_stream stream;
    struct key_blob key;
    struct buf whole;
    if (total == 0)
        return ERR_LIMIT;
    buf_init(&whole);
    uint8_t *room = buf_reserve(out, total), *at = buf_reserve(&whole, size);
    int result = room && at ? OK : ERR_NOMEM;
    if (result == OK) {
        memcpy(at, plain.data, plain.len);
        memset(at + plain.len, 0, size - plain.len);
        seal_random(key.bytes, sizeof key.bytes);
        result = seal_stream_begin(&key, room, &stream);
        if (result == OK)
            result = seal_pieces(&stream, slice_of(at, size), room + SEAL_STREAM_HEADER_BYTES);
        seal_wipe(&stream, sizeof stream);
        seal_wipe(at, size);
    }
    buf_free(&whole);
    if (result != OK)
        return result;
    *ret_name = seal_hash(slice_of(room, total));
    *ret_key = key;
    seal_wipe(&key, sizeof key);
    buf_grew(out, total);
    return OK;
}

static int open_pieces(struct slice sealed, const struct key_blob *key, uint8_t *room)
{
    struct seal_stream stream;
    uint32_t count = blob_chunk_count(sealed.len);
    int result = seal_stream_start(key, sealed.data, &stream);
    for (uint32_t i = 0; result == OK && i < count; i++) {
        size_t from = SEAL_STREAM_HEADER_BYTES + (size_t)i * BLOB_PIECE_BYTES, left = sealed.len - from;
        bool last = i + 1 == count;
        result = seal_stream_pull(&stream, slice_of(sealed.data + from, last ? left : BLOB_PIECE_BYTES), last,
                                  room + (size_t)i * LIMIT_BLOB_CHUNK_BYTES);
    }
    seal_wipe(&stream, sizeof stream);
    return result;
}

int blob_open(struct slice sealed, const struct key_hash *name, const struct key_blob *key, size_t plain_bytes,
              struct buf *out)
{
    uint32_t count = blob_chunk_count(sealed.len);
    if (count == 0)
        return ERR_CORRUPT;
    struct key_hash hash = seal_hash(sealed);
    if (!key_hash_equal(&hash, name))
        return ERR_CORRUPT;
    size_t padded_bytes = sealed.len - SEAL_STREAM_HEADER_BYTES - (size_t)count * SEAL_STREAM_EXTRA_BYTES;
    if (plain_bytes > padded_bytes)
        return ERR_LIMIT;
    uint8_t *room = buf_reserve(out, padded_bytes);
    if (room == NULL)
        return ERR_NOMEM;
    int result = open_pieces(sealed, key, room);
    if (result == OK)
        buf_grew(out, plain_bytes);
    else
        seal_wipe(room, padded_bytes);
    return result;
}

void blob_chunk_name(const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, uint8_t ret_taken[16])
{
    uint8_t number[4] = {(uint8_t)chunk, (uint8_t)(chunk >> 8), (uint8_t)(chunk >> 16), (uint8_t)(chunk >> 24)};
    struct key_hash hash = seal_hash2(slice_of(name, KEY_HASH_BYTES), slice_of(number, sizeof number));
    memcpy(ret_taken, hash.bytes, 16);
}
