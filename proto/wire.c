/* wire: frames, the bounded arena, strict unpacking. Never hands out a message that does not pack to the bytes that
 * came. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#include <sys/mman.h>
#endif

#include "limits.h"

/* --- frame types --- */

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
} types[WIRE_TYPE_MAX] = {
#define WIRE_ROW(name, number, message) [number] = {#name, &hotline__##message##__descriptor},
    WIRE_FRAMES(WIRE_ROW)
#undef WIRE_ROW
};

const char *wire_name(uint8_t type)
{
    return type < WIRE_TYPE_MAX && types[type].name != NULL ? types[type].name : "UNKNOWN";
}

const ProtobufCMessageDescriptor *wire_descriptor(uint8_t type)
{
    return type < WIRE_TYPE_MAX ? types[type].descriptor : NULL;
}

/* --- arena --- */

/* Memory against bytes on the wire, protobuf-c's scan included. Measured: lists of short ids (Presence, Acceptance)
 * need up to 24, a run of empty submessages 50 and more. The capacity is what a roster of LIMIT_ROSTER_BYTES needs. */
#define ARENA_FACTOR 24
#define ARENA_FLOOR (16 * 1024)
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
/* A sanitizer marks every byte that malloc gives and takes: a fuzzer would do little else. Pages that went back fault.
 */
#define ARENA_BYTES (4u << 20)
#define arena_memory(bytes) arena_map(bytes)
#define arena_forget(memory, bytes) ((void)((memory) != NULL && munmap((memory), (bytes))))

static void *arena_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | 0x20 /* anonymous */, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}
#else
#define ARENA_BYTES (ARENA_FLOOR + 8 * LIMIT_ROSTER_BYTES)
#define arena_memory(bytes) malloc(bytes)
#define arena_forget(memory, bytes) free(memory)
#endif

static void *arena_alloc(void *data, size_t size)
{
    return wire_arena_take(data, size);
}

static void arena_ignore_free(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

/* Address space only: pages that no message needs are never touched. */
int wire_arena_init(struct wire_arena *arena)
{
    return wire_arena_init_sized(arena, ARENA_BYTES);
}

int wire_arena_init_for(struct wire_arena *arena, size_t bytes)
{
    bool large = bytes > ARENA_BYTES / (2 * ARENA_FACTOR);
    return wire_arena_init_sized(arena, large ? ARENA_BYTES : 2 * (ARENA_FLOOR + ARENA_FACTOR * bytes));
}

int wire_arena_init_sized(struct wire_arena *arena, size_t capacity)
{
    *arena = (struct wire_arena){.allocator = {arena_alloc, arena_ignore_free, arena}, .capacity = capacity};
    arena->memory = arena_memory(capacity);
    return arena->memory ? OK : ERR_NOMEM;
}

void wire_arena_done(struct wire_arena *arena)
{
    arena_forget(arena->memory, arena->capacity);
    arena->memory = NULL;
}

void wire_arena_clear(struct wire_arena *arena)
{
    arena->used = 0;
    arena->budget = 0;
    arena->exhausted = false;
}

void *wire_arena_take(struct wire_arena *arena, size_t len)
{
    size_t aligned = (len + 15) & ~(size_t)15;
    size_t limit = arena->budget < arena->capacity ? arena->budget : arena->capacity;
    if (aligned < len || aligned > limit || arena->used > limit - aligned) {
        arena->exhausted = true;
        return NULL;
    }
    void *room = arena->memory + arena->used;
    arena->used += aligned;
    return room;
}

/* --- frames --- */

int wire_next(struct cursor *message, struct wire_frame *ret_frame)
{
    uint32_t len = cursor_u32le(message);
    if (cursor_failed(message) || len < 1)
        return ERR_SYNTAX;
    if (len > LIMIT_FRAME_BYTES + 1)
        return ERR_LIMIT;
    struct slice frame = cursor_take(message, len);
    if (cursor_failed(message))
        return ERR_SYNTAX;
    ret_frame->type = frame.data[0];
    ret_frame->body = slice_of(frame.data + 1, frame.len - 1);
    return OK;
}

ProtobufCBinaryData wire_bytes(struct slice slice)
{
    /* protobuf-c's pointer is not const; packing only reads it. */
    union {
        const uint8_t *in;
        uint8_t *out;
    } pointer = {.in = slice.data};
    return (ProtobufCBinaryData){.len = slice.len, .data = pointer.out};
}

const char *wire_text(const char *field)
{
    return field != NULL ? field : "";
}

/* A writer that compares instead of writing: the repacked message against the bytes that came. */
struct comparer {
    ProtobufCBuffer base;
    struct slice rest;
    bool differs;
};

static void compare_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
    struct comparer *comparer = (struct comparer *)buffer;
    if (comparer->differs || len > comparer->rest.len || (len > 0 && memcmp(comparer->rest.data, data, len) != 0)) {
        comparer->differs = true;
        return;
    }
    comparer->rest.data += len;
    comparer->rest.len -= len;
}

static bool packs_to(const ProtobufCMessage *message, struct slice bytes)
{
    struct comparer comparer = {.base = {compare_append}, .rest = bytes};
    protobuf_c_message_pack_to_buffer(message, &comparer.base);
    return !comparer.differs && comparer.rest.len == 0;
}

int wire_unpack(const ProtobufCMessageDescriptor *descriptor, struct slice bytes, struct wire_arena *arena,
                struct err_note *note, ProtobufCMessage **ret_message)
{
    if (bytes.len > LIMIT_ROSTER_BYTES)
        return err_set(note, ERR_LIMIT, "%s: %zu bytes, at most %d", descriptor->short_name, bytes.len,
                       LIMIT_ROSTER_BYTES);
    arena->budget = arena->used + ARENA_FLOOR + ARENA_FACTOR * bytes.len;
    arena->exhausted = false;
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &arena->allocator, bytes.len,
                                                          bytes.data ? bytes.data : (const uint8_t *)"");
    if (message == NULL && arena->exhausted)
        return err_set(note, ERR_LIMIT, "%s: needs more memory than its size allows", descriptor->short_name);
    if (message == NULL)
        return err_set(note, ERR_SYNTAX, "%s: not a well-formed message", descriptor->short_name);
    int result = wire_check(message, note);
    if (result != OK) {
        err_prefix(note, descriptor->short_name);
        return result;
    }
    if (!packs_to(message, bytes))
        return err_set(note, ERR_SYNTAX, "%s: unknown, repeated or oddly encoded fields", descriptor->short_name);
    *ret_message = message;
    return OK;
}

void wire_pack(const ProtobufCMessage *message, struct buf *out)
{
    struct err_note note = {{0}};
    if (wire_check(message, &note) != OK) {
        fprintf(stderr, "level=fatal msg=\"a message of our own breaks its rules\" message=%s rule=\"%s\"\n",
                message->descriptor->short_name, note.text);
        CHECK(!"a message of our own keeps its rules");
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *room = buf_reserve(out, size);
    if (room == NULL)
        return;
    protobuf_c_message_pack(message, room);
    buf_grew(out, size);
}

void wire_add(struct buf *out, enum wire_type type, const ProtobufCMessage *message)
{
    CHECK(wire_descriptor((uint8_t)type) == message->descriptor);
    size_t size = protobuf_c_message_get_packed_size(message);
    CHECK(size <= LIMIT_FRAME_BYTES);
    buf_add_u32le(out, (uint32_t)size + 1);
    buf_add_u8(out, (uint8_t)type);
    wire_pack(message, out);
}
