/*
 * wire - frames to structs and back, strictly, within a budget. The only owner of protobuf-c's packing.
 *
 * Unpacking: the input is bounded first; memory comes from an arena with a budget; the message must pack again to the
 * same bytes (so no unknown field, no duplicate, no odd encoding survives); strings are UTF-8 without NUL; codes are
 * known; and each field keeps the rule of wire_rules.c (required, length, count). What comes out needs no further shape
 * checks.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "buf.h"
#include "err.h"
#include "proto/envelope.pb-c.h"
#include "proto/roster.pb-c.h"
#include "proto/session.pb-c.h"

/* X(name, number on the wire, message). The names are what logs, metrics and documents call a frame. */
#define WIRE_FRAMES(X)                                                                                                 \
    X(HELLO, 1, hello)                                                                                                 \
    X(ROSTERS, 2, rosters)                                                                                             \
    X(CARDS, 3, cards)                                                                                                 \
    X(OFFER, 4, offer)                                                                                                 \
    X(PUBLISH, 5, publish)                                                                                             \
    X(GRANTS, 6, grants)                                                                                               \
    X(RECEIPTS, 7, receipts)                                                                                           \
    X(UNREADABLES, 8, unreadables)                                                                                     \
    X(GAP, 9, gap)                                                                                                     \
    X(GAP_ANSWER, 10, gap_answer)                                                                                      \
    X(BLOB_PUT, 11, blob_put)                                                                                          \
    X(BLOB_WANT, 12, blob_want)                                                                                        \
    X(PULSE, 13, pulse)                                                                                                \
    X(TAKEN, 14, taken)                                                                                                \
    X(GOODBYE, 15, goodbye)                                                                                            \
    X(WELCOME, 32, welcome)                                                                                            \
    X(LACKING, 33, lacking)                                                                                            \
    X(ACCEPTED, 34, accepted)                                                                                          \
    X(REFUSED, 35, refused)                                                                                            \
    X(DELIVER, 36, deliver)                                                                                            \
    X(GRANT_WANTED, 37, grant_wanted)                                                                                  \
    X(PENDING, 38, pending)                                                                                            \
    X(PRESENCE, 39, presence)                                                                                          \
    X(BLOB_CHUNK, 40, blob_chunk)

#define WIRE_ENUM(name, number, message) WIRE_##name = number,
enum wire_type { WIRE_FRAMES(WIRE_ENUM) WIRE_TYPE_MAX = 64 };
#undef WIRE_ENUM

#define WIRE_PROTOCOL 1

struct wire_frame {
    uint8_t type; /* as it came: ask wire_descriptor() whether it is one */
    struct slice body;
};

/* "PUBLISH", or "UNKNOWN". */
const char *wire_name(uint8_t type);
/* NULL for a type that does not exist. */
const ProtobufCMessageDescriptor *wire_descriptor(uint8_t type);

/* Memory for unpacked messages: freed all at once, never more than its budget. One per loop, cleared per frame. */
struct wire_arena {
    ProtobufCAllocator allocator; /* first: hand &arena->allocator to protobuf-c */
    uint8_t *memory;
    size_t capacity, used, budget;
    bool exhausted;
};
int wire_arena_init(struct wire_arena *arena) MUST_CHECK;
/* One for a single signed message of so many bytes and the message inside it: takes no more memory than these may need.
 */
int wire_arena_init_for(struct wire_arena *arena, size_t bytes) MUST_CHECK;
/* One for small messages: never more than capacity bytes. */
int wire_arena_init_sized(struct wire_arena *arena, size_t capacity) MUST_CHECK;
void wire_arena_done(struct wire_arena *arena);
/* Forgets all messages unpacked into it. */
void wire_arena_clear(struct wire_arena *arena);
/* Room in the arena, aligned; NULL over budget. */
void *wire_arena_take(struct wire_arena *arena, size_t len);

/* The next frame of a message; ERR_SYNTAX when it is cut or empty, ERR_LIMIT when a length is over its bound. */
int wire_next(struct cursor *message, struct wire_frame *ret_frame) MUST_CHECK;
/* Strict unpacking. The result lives in the arena (until wire_arena_clear) and borrows nothing. The note names the
 * field. */
int wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct slice bytes, struct wire_arena *arena,
                struct err_note *note, ProtobufCMessage **ret_message) MUST_CHECK;
/* Checks a message that this side made: same rules. */
int wire_check(const ProtobufCMessage *message, struct err_note *note) MUST_CHECK;
/* Appends the packed message. A message that breaks its rules is our own mistake: CHECK. */
void wire_pack(const ProtobufCMessage *message, struct buf *out);
/* Appends one frame: length, type, message. */
void wire_add(struct buf *out, enum wire_type type, const ProtobufCMessage *message);

/* Between protobuf-c's bytes and ours. The pointer is borrowed either way. */
static inline struct slice wire_slice(ProtobufCBinaryData data)
{
    return slice_of(data.data, data.len);
}
ProtobufCBinaryData wire_bytes(struct slice slice);
/* An optional string field: "" where it is absent. Borrowed. */
const char *wire_text(const char *field);
/* Sets an optional bytes field: WIRE_SET_BYTES(&header, id, uuid.bytes, 16). */
#define WIRE_SET_BYTES(message, field, pointer, size)                                                                  \
    ((message)->has_##field = 1, (message)->field = wire_bytes(slice_of((pointer), (size))))
#define WIRE_SET(message, field, value) ((message)->has_##field = 1, (message)->field = (value))

#endif
