/* fuzz_sealed: a file of envelopes carried by hand: as it came, and with the digest that its content should have. */
#include "fuzz.h"
#include "proto/envelope.h"
#include "proto/sealed.h"

static void read_file(struct slice bytes)
{
    struct wire_arena arena;
    struct err_note note = {""};
    const Hotline__SealedFile *file = NULL;
    if (wire_arena_init_for(&arena, bytes.len) != OK)
        return;
    if (sealed_read(bytes, &arena, &note, &file) == OK) {
        CHECK(file->version == SEALED_VERSION && file->n_envelopes <= LIMIT_SEALED_ENVELOPES);
        struct wire_arena inner;
        CHECK(wire_arena_init_sized(&inner, 1024 * 1024) == OK);
        for (size_t i = 0; i < file->n_envelopes; i++) {
            const Hotline__Envelope *envelope = file->envelopes[i];
            struct envelope parsed;
            wire_arena_clear(&inner);
            (void)!envelope_parse(wire_slice(envelope->header), wire_slice(envelope->signature),
                                  wire_slice(envelope->body), &inner, &note, &parsed);
        }
        wire_arena_done(&inner);
    } else {
        CHECK(file == NULL);
        fuzz_check_note(&note);
    }
    wire_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_hash digest;
    struct buf file;
    char hex[2 * KEY_HASH_BYTES + 1];
    fuzz_begin();
    read_file(slice_of(data, size));
    const uint8_t *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    struct slice content =
        line_end != NULL ? slice_of(line_end + 1, size - (size_t)(line_end + 1 - data)) : slice_of(data, size);
    buf_init(&file);
    digest = seal_hash(content);
    buf_hex(slice_of(digest.bytes, KEY_HASH_BYTES), hex);
    buf_printf(&file, "hotline-sealed 1 %s\n", hex);
    buf_add_slice(&file, content);
    read_file(buf_slice(&file));
    buf_free(&file);
    return 0;
}
