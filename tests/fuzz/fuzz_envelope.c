/* fuzz_envelope: header, signature and body of a stranger, as recipients and relays parse, verify and open them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "proto/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bodies are at least 1,040 bytes: the input ends in the part that is chosen, zeros fill the rest. */
static struct slice body_of(struct slice rest, uint8_t *room)
{
    size_t len = rest.len < LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES ? LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES : rest.len;
    if (len > LIMIT_BODY_BYTES + SEAL_TAG_BYTES)
        len = LIMIT_BODY_BYTES + SEAL_TAG_BYTES;
    memset(room, 0, len);
    if (rest.len > 0)
        memcpy(room, rest.data, rest.len < len ? rest.len : len);
    return slice_of(room, len);
}

/* Seals the chosen bytes as plain text under the header's own key: so padding is reached behind a good tag. */
static void open_hostile_plain(const struct envelope *parsed, const struct key_content *content, struct slice plain)
{
    static uint8_t sealed[LIMIT_BODY_BYTES + SEAL_TAG_BYTES];
    uint8_t key[KEY_BYTES];
    struct envelope hostile = *parsed;
    struct buf out;
    if (plain.len > LIMIT_BODY_BYTES)
        plain.len = LIMIT_BODY_BYTES;
    seal_body_key(content, parsed->header->status == HOTLINE__STATUS__CODE__EXERCISE, key);
    if (seal_encrypt(key, parsed->header->body_nonce.data, parsed->header_bytes, plain, sealed) != OK)
        return;
    hostile.body = slice_of(sealed, plain.len + SEAL_TAG_BYTES);
    buf_init(&out);
    int result = envelope_open(&hostile, content, &out);
    CHECK(result == OK || result == ERR_SYNTAX || result == ERR_DISPUTED);
    CHECK(out.len <= plain.len);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[LIMIT_BODY_BYTES + SEAL_TAG_BYTES];
    static const struct key_content content = {{0}};
    struct wire_arena arena;
    struct envelope parsed;
    struct err_note note = {{0}};
    struct cursor input = cursor_of(slice_of(data, size));
    size_t header_len = cursor_u8(&input);
    header_len |= (size_t)cursor_u8(&input) << 8;
    struct slice header = cursor_take(&input, header_len);
    if (cursor_failed(&input) || seal_start() != OK || wire_arena_init_sized(&arena, 1024 * 1024) != OK)
        return 0;
    int result =
        envelope_parse(header, slice_of(room, KEY_SIGNATURE_BYTES), body_of(input.rest, room), &arena, &note, &parsed);
    if (result == OK)
        open_hostile_plain(&parsed, &content, input.rest);
    else
        CHECK(note.text[0] != '\0');
    wire_arena_done(&arena);
    return 0;
}
