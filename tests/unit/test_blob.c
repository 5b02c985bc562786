/* blob: what was sealed opens, and nothing else does: cut, changed, moved, misnamed, too large. */
#include "fixture.h"
#include "proto/blob.h"

static struct buf made(size_t len)
{
    struct buf plain;
    buf_init(&plain);
    for (size_t i = 0; i < len; i++)
        buf_add_u8(&plain, (uint8_t)(i * 131 + (i >> 8)));
    assert_false(buf_broken(&plain));
    return plain;
}

static void blob_of_any_size_opens_to_what_it_was(void **state)
{
    static const size_t sizes[] = {
        1, 1023, 1024, 1025, 65535, 65536, 65537, 131072, 399999, LIMIT_BLOB_BYTES - 1, LIMIT_BLOB_BYTES};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf plain = made(sizes[i]), sealed, again;
        struct key_blob key;
        struct key_hash name, hash;
        buf_init(&sealed);
        buf_init(&again);
        assert_error(blob_seal(buf_slice(&plain), &sealed, &key, &name), OK);
        assert_int_equal(sealed.len, blob_sealed_size(sizes[i]));
        assert_true(sealed.len <= BLOB_SEALED_BYTES_MAX);
        hash = seal_hash(buf_slice(&sealed));
        assert_memory_equal(hash.bytes, name.bytes, KEY_HASH_BYTES);
        assert_error(blob_open(buf_slice(&sealed), &name, &key, sizes[i], &again), OK);
        assert_int_equal(again.len, sizes[i]);
        assert_memory_equal(again.data, plain.data, sizes[i]);
        buf_free(&plain);
        buf_free(&sealed);
        buf_free(&again);
    }
}

static void blob_chunks_put_together_are_the_sealed_file(void **state)
{
    static const size_t sizes[] = {1, 65536, 65537, 400000, LIMIT_BLOB_BYTES};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t total = blob_sealed_size(sizes[i]), at = 0;
        uint32_t count = blob_chunk_count(total);
        assert_in_range(count, 1, LIMIT_BLOB_CHUNKS);
        for (uint32_t c = 0; c < count; c++) {
            struct blob_range range = blob_chunk(total, c);
            assert_int_equal(range.from, at);
            assert_in_range(range.len, SEAL_STREAM_EXTRA_BYTES + 1, BLOB_CHUNK_BYTES_MAX);
            at += range.len;
        }
        assert_int_equal(at, total);
    }
}

static void blob_sizes_that_no_file_has_have_no_chunks(void **state)
{
    (void)state;
    assert_int_equal(blob_sealed_size(0), 0);
    assert_int_equal(blob_sealed_size(LIMIT_BLOB_BYTES + 1), 0);
    assert_int_equal(blob_chunk_count(0), 0);
    assert_int_equal(blob_chunk_count(SEAL_STREAM_HEADER_BYTES + SEAL_STREAM_EXTRA_BYTES), 0);
    assert_int_equal(blob_chunk_count(SEAL_STREAM_HEADER_BYTES + BLOB_PIECE_BYTES + SEAL_STREAM_EXTRA_BYTES), 0);
    assert_int_equal(blob_chunk_count(BLOB_SEALED_BYTES_MAX + 1), 0);
    assert_int_equal(blob_chunk_count(BLOB_SEALED_BYTES_MAX), LIMIT_BLOB_CHUNKS);
}

static void blob_hides_the_size_of_a_file_in_a_class(void **state)
{
    (void)state;
    assert_int_equal(blob_sealed_size(200001), blob_sealed_size(200500));
    assert_int_equal(blob_sealed_size(1), blob_sealed_size(1000));
}

static void blob_empty_or_over_the_limit_is_not_sealed(void **state)
{
    struct buf plain = made(LIMIT_BLOB_BYTES + 1), sealed;
    struct key_blob key;
    struct key_hash name;
    (void)state;
    buf_init(&sealed);
    assert_error(blob_seal(slice_of(plain.data, 0), &sealed, &key, &name), ERR_LIMIT);
    assert_error(blob_seal(buf_slice(&plain), &sealed, &key, &name), ERR_LIMIT);
    assert_int_equal(sealed.len, 0);
    buf_free(&plain);
    buf_free(&sealed);
}

/* Opens under the name that the changed bytes have: what the name cannot tell, the stream must. */
static int opened(struct slice sealed, const struct key_blob *key, size_t plain_bytes)
{
    struct key_hash name = seal_hash(sealed);
    struct buf out;
    buf_init(&out);
    int result = blob_open(sealed, &name, key, plain_bytes, &out);
    if (result != OK)
        assert_int_equal(out.len, 0);
    buf_free(&out);
    return result;
}

static void blob_changed_cut_or_reordered_is_refused(void **state)
{
    struct buf plain = made(200000), sealed, out;
    struct key_blob key, other;
    struct key_hash name;
    (void)state;
    buf_init(&sealed);
    buf_init(&out);
    assert_error(blob_seal(buf_slice(&plain), &sealed, &key, &name), OK);
    assert_int_equal(blob_chunk_count(sealed.len), 4);
    sealed.data[70000] ^= 1;
    assert_error(blob_open(buf_slice(&sealed), &name, &key, 200000, &out), ERR_CORRUPT);
    assert_error(opened(buf_slice(&sealed), &key, 200000), ERR_CRYPTO);
    sealed.data[70000] ^= 1;
    /* whole, and not what the case names */
    name.bytes[KEY_HASH_BYTES - 1] ^= 1;
    assert_error(blob_open(buf_slice(&sealed), &name, &key, 200000, &out), ERR_CORRUPT);
    assert_int_equal(out.len, 0);
    /* the last chunks left out, each time */
    for (uint32_t keep = 1; keep < 4; keep++)
        assert_error(opened(slice_of(sealed.data, blob_chunk(sealed.len, keep).from), &key, 1), ERR_CRYPTO);
    /* two pieces of one size changed places */
    uint8_t *first = sealed.data + SEAL_STREAM_HEADER_BYTES, *second = first + BLOB_PIECE_BYTES,
            *room = test_malloc(BLOB_PIECE_BYTES);
    memcpy(room, first, BLOB_PIECE_BYTES);
    memcpy(first, second, BLOB_PIECE_BYTES);
    memcpy(second, room, BLOB_PIECE_BYTES);
    assert_error(opened(buf_slice(&sealed), &key, 200000), ERR_CRYPTO);
    memcpy(second, first, BLOB_PIECE_BYTES);
    memcpy(first, room, BLOB_PIECE_BYTES);
    assert_error(opened(buf_slice(&sealed), &key, 200000), OK);
    other = key;
    other.bytes[0] ^= 1;
    assert_error(opened(buf_slice(&sealed), &other, 200000), ERR_CRYPTO);
    assert_error(opened(buf_slice(&sealed), &key, sealed.len), ERR_LIMIT);
    test_free(room);
    buf_free(&plain);
    buf_free(&sealed);
    buf_free(&out);
}

static void blob_same_file_twice_has_two_names(void **state)
{
    struct buf plain = made(5000), sealed;
    struct key_blob one, two;
    struct key_hash first, second;
    (void)state;
    buf_init(&sealed);
    assert_error(blob_seal(buf_slice(&plain), &sealed, &one, &first), OK);
    assert_error(blob_seal(buf_slice(&plain), &sealed, &two, &second), OK);
    assert_memory_not_equal(first.bytes, second.bytes, KEY_HASH_BYTES);
    assert_memory_not_equal(one.bytes, two.bytes, KEY_BYTES);
    buf_free(&plain);
    buf_free(&sealed);
}

static void seal_hasher_of_pieces_is_the_hash_of_the_whole(void **state)
{
    struct buf plain = made(100000);
    struct seal_hasher hasher;
    struct key_hash whole = seal_hash(buf_slice(&plain)), pieces;
    (void)state;
    seal_hasher_begin(&hasher);
    for (size_t at = 0; at < plain.len; at += 777)
        seal_hasher_add(&hasher, slice_of(plain.data + at, plain.len - at < 777 ? plain.len - at : 777));
    pieces = seal_hasher_end(&hasher);
    assert_memory_equal(pieces.bytes, whole.bytes, KEY_HASH_BYTES);
    buf_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blob_of_any_size_opens_to_what_it_was),
        cmocka_unit_test(blob_chunks_put_together_are_the_sealed_file),
        cmocka_unit_test(blob_sizes_that_no_file_has_have_no_chunks),
        cmocka_unit_test(blob_hides_the_size_of_a_file_in_a_class),
        cmocka_unit_test(blob_empty_or_over_the_limit_is_not_sealed),
        cmocka_unit_test(blob_changed_cut_or_reordered_is_refused),
        cmocka_unit_test(blob_same_file_twice_has_two_names),
        cmocka_unit_test(seal_hasher_of_pieces_is_the_hash_of_the_whole),
    };
    return seal_start() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
