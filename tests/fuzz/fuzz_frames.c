/* fuzz_frames: one ZeroMQ message as a peer sends it: frames, strict unpacking of each, and the signed bytes inside. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A message that was taken must pack to exactly what came. */
static void check_repack(const ProtobufCMessage *message, struct slice bytes)
{
    struct buf again;
    buf_init(&again);
    wire_pack(message, &again);
    CHECK(slice_equal(buf_slice(&again), bytes));
    buf_free(&again);
}

/* What travels as bytes inside these frames. */
static void inner(const ProtobufCMessage *message, struct wire_arena *arena)
{
    struct err_note note = {{0}};
    ProtobufCMessage *content;
    if (message->descriptor == &hotline__publish__descriptor) {
        struct slice header = wire_slice(((const Hotline__Publish *)message)->envelope->header);
        if (wire_unpack(&hotline__envelope_header__descriptor, header, arena, &note, &content) == OK)
            check_repack(content, header);
    } else if (message->descriptor == &hotline__receipts__descriptor) {
        struct slice batch = wire_slice(((const Hotline__Receipts *)message)->receipts->batch);
        if (wire_unpack(&hotline__receipt_batch__descriptor, batch, arena, &note, &content) == OK)
            check_repack(content, batch);
    } else if (message->descriptor == &hotline__accepted__descriptor) {
        struct slice batch = wire_slice(((const Hotline__Accepted *)message)->accepted->batch);
        if (wire_unpack(&hotline__accepted_batch__descriptor, batch, arena, &note, &content) == OK)
            check_repack(content, batch);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_arena arena;
    struct cursor message = cursor_of(slice_of(data, size));
    if (size > LIMIT_MESSAGE_BYTES || wire_arena_init_sized(&arena, 8 * 1024 * 1024) != OK)
        return 0;
    for (int frames = 0; frames < LIMIT_FRAMES && !cursor_at_end(&message); frames++) {
        struct wire_frame frame;
        struct err_note note = {{0}};
        ProtobufCMessage *unpacked;
        if (wire_next(&message, &frame) != OK)
            break;
        const ProtobufCMessageDescriptor *descriptor = wire_descriptor(frame.type);
        if (descriptor == NULL)
            continue;
        wire_arena_clear(&arena);
        if (wire_unpack(descriptor, frame.body, &arena, &note, &unpacked) != OK) {
            CHECK(note.text[0] != '\0');
            continue;
        }
        check_repack(unpacked, frame.body);
        inner(unpacked, &arena);
    }
    wire_arena_done(&arena);
    return 0;
}
