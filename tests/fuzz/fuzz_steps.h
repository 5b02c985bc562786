/*
 * fuzz_steps - an input of the stateful targets: a list of steps, and the mutator that changes one inside its message.
 *
 * A step: what (frame type, or a FUZZ_DO_), who, flags (fuzz_dress.h), refer, length (u16 little-endian), bytes.
 */
#ifndef TESTS_FUZZ_FUZZ_STEPS_H
#define TESTS_FUZZ_FUZZ_STEPS_H

#include "fuzz_dress.h"

#define FUZZ_STEPS 64
#define FUZZ_STEP_HEAD 6

/* What a step does when it is no frame. Above every frame type. */
enum {
    FUZZ_DO_PASS = 0x80, /* bytes: milliseconds, u32 */
    FUZZ_DO_RECONNECT,
    FUZZ_DO_RESTART,
    FUZZ_DO_RAW, /* bytes as a whole message */
    FUZZ_DO_ACT, /* a person at the node; refer says what */
    FUZZ_DO_END
};

struct fuzz_step {
    uint8_t what, who, flags, refer;
    struct slice bytes;
};

static inline bool fuzz_next_step(struct cursor *input, struct fuzz_step *ret_step)
{
    struct fuzz_step step = {cursor_u8(input), cursor_u8(input), cursor_u8(input), cursor_u8(input), {NULL, 0}};
    size_t len = cursor_u8(input);
    len |= (size_t)cursor_u8(input) << 8;
    if (cursor_failed(input))
        return false;
    step.bytes = cursor_take(input, len < input->rest.len ? len : input->rest.len);
    *ret_step = step;
    return true;
}

static inline size_t fuzz_put_step(const struct fuzz_step *step, uint8_t *out, size_t room)
{
    size_t len = step->bytes.len > 0xffff ? 0xffff : step->bytes.len;
    if (room < FUZZ_STEP_HEAD + len)
        return 0;
    const uint8_t head[FUZZ_STEP_HEAD] = {step->what,  step->who,    step->flags,
                                          step->refer, (uint8_t)len, (uint8_t)(len >> 8)};
    memcpy(out, head, sizeof head);
    if (len > 0)
        memcpy(out + FUZZ_STEP_HEAD, step->bytes.data, len);
    return FUZZ_STEP_HEAD + len;
}

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static struct fuzz_dresser fuzz_mutating;

static inline unsigned fuzz_pick(unsigned below)
{
    return below == 0 ? 0 : fuzz_random_word() % below;
}

static inline uint64_t fuzz_number(uint64_t old)
{
    static const uint64_t odd[] = {0,          1,          2,         0x7f,       0xff,
                                   0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX, (uint64_t)INT64_MIN};
    switch (fuzz_pick(4)) {
    case 0:
        return odd[fuzz_pick(sizeof odd / sizeof odd[0])];
    case 1:
        return old + fuzz_pick(5) - 2;
    case 2:
        return old ^ UINT64_C(1) << fuzz_pick(64);
    default:
        return fuzz_pick(10);
    }
}

static inline void fuzz_mutate_bytes(ProtobufCBinaryData *data)
{
    uint8_t *room = wire_arena_take(&fuzz_mutating.arena, data->len + 64);
    if (room == NULL)
        return;
    if (data->len > 0)
        memcpy(room, data->data, data->len);
    data->len = LLVMFuzzerMutate(room, data->len, data->len + 32);
    data->data = room;
}

static inline void fuzz_mutate_message(ProtobufCMessage *message, unsigned depth);

/* Bytes that hold a message of ours: mutated inside. */
static inline bool fuzz_mutate_inner(const ProtobufCMessage *outer, ProtobufCBinaryData *data, unsigned depth)
{
    const ProtobufCMessageDescriptor *inner =
        outer->descriptor == &hotline__envelope__descriptor ? &hotline__envelope_header__descriptor : NULL;
    for (size_t i = 0; i < sizeof fuzz_signeds / sizeof fuzz_signeds[0]; i++)
        if (outer->descriptor == fuzz_signeds[i].outer)
            inner = fuzz_signeds[i].inner;
    ProtobufCMessage *message = inner != NULL ? fuzz_unpack(&fuzz_mutating, inner, wire_slice(*data)) : NULL;
    if (message == NULL)
        return false;
    fuzz_mutate_message(message, depth + 1);
    *data = wire_bytes(fuzz_pack(&fuzz_mutating, message));
    return true;
}

static inline void fuzz_mutate_value(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, void *at,
                                     unsigned depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        if (*(ProtobufCMessage **)at != NULL)
            fuzz_mutate_message(*(ProtobufCMessage **)at, depth + 1);
        break;
    case PROTOBUF_C_TYPE_STRING: {
        char *text = *(char **)at;
        ProtobufCBinaryData data = {text != NULL ? strlen(text) : 0, (uint8_t *)text};
        fuzz_mutate_bytes(&data);
        if (data.data != NULL) {
            data.data[data.len] = '\0';
            *(char **)at = (char *)data.data;
        }
        break;
    }
    case PROTOBUF_C_TYPE_BYTES:
        if (fuzz_pick(8) == 0 || field != message->descriptor->fields || !fuzz_mutate_inner(message, at, depth))
            fuzz_mutate_bytes(at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
        *(uint64_t *)at = fuzz_number(*(uint64_t *)at);
        break;
    default:
        *(uint32_t *)at = (uint32_t)fuzz_number(*(uint32_t *)at);
        break;
    }
}

static inline size_t fuzz_width(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
        return 8;
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    default:
        return 4;
    }
}

/* One more, one fewer, or one changed. */
static inline void fuzz_mutate_list(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, unsigned depth)
{
    size_t *count = (size_t *)((uint8_t *)message + field->quantifier_offset), width = fuzz_width(field);
    uint8_t **list = (uint8_t **)((uint8_t *)message + field->offset);
    if (*count == 0)
        return;
    size_t which = fuzz_pick((unsigned)*count);
    uint8_t *room;
    switch (fuzz_pick(4)) {
    case 0:
        memmove(*list + which * width, *list + (which + 1) * width, (*count - which - 1) * width);
        --*count;
        break;
    case 1:
        room = *count < 600 ? wire_arena_take(&fuzz_mutating.arena, (*count + 1) * width) : NULL;
        if (room == NULL)
            return;
        memcpy(room, *list, *count * width);
        memcpy(room + *count * width, *list + which * width, width);
        *list = room;
        ++*count;
        break;
    default:
        fuzz_mutate_value(message, field, *list + which * width, depth);
        break;
    }
}

static inline void fuzz_mutate_message(ProtobufCMessage *message, unsigned depth)
{
    if (depth > FUZZ_DEPTH || message->descriptor->n_fields == 0)
        return;
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[fuzz_pick(message->descriptor->n_fields)];
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        fuzz_mutate_list(message, field, depth);
        return;
    }
    bool pointer = field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
    if (!pointer && !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) {
        protobuf_c_boolean *has = (protobuf_c_boolean *)((uint8_t *)message + field->quantifier_offset);
        bool drops = *has && fuzz_pick(12) == 0;
        *has = !drops;
        if (drops)
            return;
    }
    fuzz_mutate_value(message, field, (uint8_t *)message + field->offset, depth);
}

static inline void fuzz_mutate_step(struct fuzz_step *step)
{
    static uint8_t room[70000];
    const ProtobufCMessageDescriptor *descriptor = wire_descriptor(step->what);
    fuzz_clear(&fuzz_mutating);
    ProtobufCMessage *message = descriptor != NULL ? fuzz_unpack(&fuzz_mutating, descriptor, step->bytes) : NULL;
    if (fuzz_pick(8) == 0)
        step->flags = (uint8_t)fuzz_pick(16);
    if (fuzz_pick(8) == 0)
        step->who = (uint8_t)fuzz_pick(4);
    if (fuzz_pick(4) == 0)
        step->refer = (uint8_t)fuzz_pick(8);
    if (message == NULL || fuzz_pick(10) == 0) {
        size_t len = step->bytes.len < 60000 ? step->bytes.len : 60000;
        if (len > 0)
            memcpy(room, step->bytes.data, len);
        step->bytes = slice_of(room, LLVMFuzzerMutate(room, len, len + 64));
        return;
    }
    for (unsigned times = 1 + fuzz_pick(3); times > 0; times--)
        fuzz_mutate_message(message, 0);
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len <= 65000)
        step->bytes = slice_of(room, protobuf_c_message_pack(message, room));
}

/* Steps are changed inside, doubled, dropped, moved; one time in eight the input is bytes like any other. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static uint8_t copy[1 << 20];
    struct fuzz_step steps[FUZZ_STEPS + 1];
    size_t count = 0, len = 0;
    fuzz_begin();
    fuzz_random_state ^= (uint64_t)seed * UINT64_C(0xbf58476d1ce4e5b9) + 1;
    if (size > sizeof copy || fuzz_pick(8) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    fuzz_dresser_start(&fuzz_mutating);
    memcpy(copy, data, size);
    struct cursor input = cursor_of(slice_of(copy, size));
    while (count < FUZZ_STEPS && !cursor_at_end(&input) && fuzz_next_step(&input, &steps[count]))
        count++;
    if (count == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t which = fuzz_pick((unsigned)count), other = fuzz_pick((unsigned)count);
    switch (fuzz_pick(8)) {
    case 0:
        memmove(steps + which, steps + which + 1, (count - which - 1) * sizeof steps[0]);
        count--;
        break;
    case 1:
        memmove(steps + other + 1, steps + other, (count - other) * sizeof steps[0]);
        steps[other] = steps[which > other ? which + 1 : which];
        count = count < FUZZ_STEPS ? count + 1 : count;
        break;
    case 2: {
        struct fuzz_step moved = steps[which];
        steps[which] = steps[other];
        steps[other] = moved;
        break;
    }
    case 3:
        steps[which].what = (uint8_t)(FUZZ_DO_PASS + fuzz_pick(FUZZ_DO_END - FUZZ_DO_PASS));
        break;
    default:
        fuzz_mutate_step(&steps[which]);
        break;
    }
    for (size_t i = 0; i < count; i++) {
        size_t put = fuzz_put_step(&steps[i], data + len, max_size - len);
        if (put == 0)
            break;
        len += put;
    }
    return len;
}
#endif

#endif
