/* fuzz_blob: an attached file of a stranger: its sizes, its chunks, and a stream sealed by whoever has the key. */
#include "fuzz.h"
#include "proto/blob.h"

static const struct key_blob key = {{1}};

/* However long a sealed file is said to be: its chunks lie in it, one behind the other. */
static void check_sizes(uint64_t sealed_bytes)
{
    uint32_t count = blob_chunk_count(sealed_bytes);
    size_t at = 0;
    CHECK(count <= LIMIT_BLOB_CHUNKS);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_range range = blob_chunk(sealed_bytes, i);
        CHECK(range.from == at && range.len > 0 && range.len <= BLOB_CHUNK_BYTES_MAX);
        at += range.len;
    }
    CHECK(count == 0 || at == sealed_bytes);
}

static void open_named(struct slice sealed, size_t plain_bytes)
{
    struct key_hash name = seal_hash(sealed);
    struct buf out;
    buf_init(&out);
    if (blob_open(sealed, &name, &key, plain_bytes, &out) == OK)
        CHECK(out.len == plain_bytes);
    else
        CHECK(out.len == 0);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    struct key_blob fresh;
    struct key_hash name;
    struct buf sealed, out;
    fuzz_begin();
    check_sizes(cursor_u64le(&input));
    uint32_t cut = cursor_u32le(&input);
    size_t plain_bytes = cursor_u32le(&input) % (2 * LIMIT_BLOB_BYTES);
    if (cursor_failed(&input))
        return 0;
    open_named(input.rest, plain_bytes);
    buf_init(&sealed);
    buf_init(&out);
    if (input.rest.len > 0 && blob_seal(input.rest, &sealed, &fresh, &name) == OK) {
        CHECK(sealed.len == blob_sealed_size(input.rest.len));
        CHECK(blob_open(buf_slice(&sealed), &name, &fresh, input.rest.len, &out) == OK);
        CHECK(slice_equal(buf_slice(&out), input.rest));
        sealed.data[cut % sealed.len] ^= (uint8_t)(1 + (cut >> 24) % 255);
        name = seal_hash(buf_slice(&sealed)); /* a sender that names what it changed */
        size_t before = out.len;
        CHECK(blob_open(buf_slice(&sealed), &name, &fresh, input.rest.len, &out) != OK && out.len == before);
    }
    buf_free(&sealed);
    buf_free(&out);
    return 0;
}
