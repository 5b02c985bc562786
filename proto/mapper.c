/* mapper: the walk over a message and the way from a message to JSON. Knows no message type by name. */
#include "mapper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "mapper_internal.h"

const struct mapper_rule *mapper_rule_of(const struct mapper_rules *rules, const ProtobufCMessageDescriptor *type,
                                         const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; rules != NULL && i < rules->count; i++)
        if (strcmp(rules->rows[i].field, field->name) == 0 && strcmp(rules->rows[i].message, type->short_name) == 0)
            return &rules->rows[i];
    return NULL;
}

enum mapper_format mapper_format_of(const struct mapper_rule *rule)
{
    return rule != NULL ? rule->format : MAPPER_PLAIN;
}

size_t mapper_path_push(struct mapper_path *path, const char *name, size_t index, bool repeated)
{
    size_t before = path->len, room = sizeof path->text - before;
    const char *dot = before > 0 && name[0] != '\0' ? "." : "";
    int added = repeated ? snprintf(path->text + before, room, "%s%s[%zu]", dot, name, index) :
                           snprintf(path->text + before, room, "%s%s", dot, name);
    path->len += added > 0 && (size_t)added < room ? (size_t)added : room - 1;
    return before;
}

void mapper_path_pop(struct mapper_path *path, size_t before)
{
    path->len = before;
    path->text[before] = '\0';
}

size_t mapper_element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    }
    CHECK(!"a field type that protobuf-c does not have");
    return 0;
}

const void *mapper_elements(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t *ret_count)
{
    const uint8_t *base = (const uint8_t *)message;
    const void *member = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *ret_count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        return *(const void *const *)member;
    }
    bool present = true;
    const void *quantifier = base + field->quantifier_offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        present = *(const uint32_t *)quantifier == field->id;
    else if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
        present = field->label != PROTOBUF_C_LABEL_OPTIONAL || *(const protobuf_c_boolean *)quantifier;
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        present = present && *(const void *const *)member != NULL;
    *ret_count = present;
    return member;
}

const char *mapper_code_name(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
    return row != NULL ? row->name : NULL;
}

/* ---- the walk ---- */

struct walk {
    mapper_visit *visit;
    void *context;
    struct mapper_path path;
    int depth;
};

static int walk_message(struct walk *walk, const ProtobufCMessage *message);

static int walk_element(struct walk *walk, const struct mapper_spot *spot)
{
    int error = walk->visit(walk->context, spot);
    if (error == OK && spot->field->type == PROTOBUF_C_TYPE_MESSAGE)
        error = walk_message(walk, *(const ProtobufCMessage *const *)spot->value);
    return error;
}

static int walk_message(struct walk *walk, const ProtobufCMessage *message)
{
    CHECK(++walk->depth <= MAPPER_DEPTH_MAX);
    int error = OK;
    for (unsigned i = 0; error == OK && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t count;
        const uint8_t *elements = mapper_elements(message, field, &count);
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        for (size_t at = 0; error == OK && at < count; at++) {
            size_t before = mapper_path_push(&walk->path, field->name, at, repeated);
            const void *value = elements + at * mapper_element_size(field);
            error = walk_element(walk, &(struct mapper_spot){message, field, value, at, count, walk->path.text});
            mapper_path_pop(&walk->path, before);
        }
    }
    walk->depth--;
    return error;
}

int mapper_walk(const ProtobufCMessage *message, mapper_visit *visit, void *context)
{
    struct walk walk = {.visit = visit, .context = context};
    return walk_message(&walk, message);
}

/* ---- to JSON ---- */

struct writer {
    const struct mapper_rules *rules;
    int depth;
};

static struct jdoc *write_message(struct writer *writer, const ProtobufCMessage *message);

/* Where a value goes: under its key in an object, or at the end of an array when key is NULL. */
struct slot {
    struct jdoc *into;
    const char *key;
};

static void put_text(struct slot slot, const char *text)
{
    if (slot.key != NULL)
        jdoc_set_text(slot.into, slot.key, text);
    else
        jdoc_add_text(slot.into, text);
}

static void put_int(struct slot slot, int64_t value)
{
    if (slot.key != NULL)
        jdoc_set_int(slot.into, slot.key, value);
    else
        jdoc_add_int(slot.into, value);
}

static void put_real(struct slot slot, double value)
{
    if (slot.key != NULL)
        jdoc_set_real(slot.into, slot.key, value);
    else
        jdoc_add_real(slot.into, value);
}

static void put_bool(struct slot slot, bool value)
{
    if (slot.key != NULL)
        jdoc_set_bool(slot.into, slot.key, value);
    else
        jdoc_add_bool(slot.into, value);
}

static void put_doc(struct slot slot, struct jdoc *doc)
{
    if (slot.key != NULL)
        jdoc_set_doc(slot.into, slot.key, doc);
    else
        jdoc_add_doc(slot.into, doc);
}

static void put_bytes(struct slot slot, ProtobufCBinaryData bytes, enum mapper_format format)
{
    struct buf text;
    buf_init(&text);
    if (format == MAPPER_BASE64) {
        mapper_base64(slice_of(bytes.data, bytes.len), &text);
    } else {
        uint8_t *room = buf_reserve(&text, 2 * bytes.len + 1);
        CHECK(room != NULL);
        buf_hex(slice_of(bytes.data, bytes.len), (char *)room);
        buf_grew(&text, 2 * bytes.len);
    }
    CHECK(!buf_broken(&text));
    put_text(slot, buf_text(&text));
    buf_free(&text);
}

static void put_duration(struct slot slot, int64_t us)
{
    static const struct {
        int64_t us;
        const char *unit;
    } units[] = {{CLOCK_DAY_US, "d"}, {CLOCK_HOUR_US, "h"}, {CLOCK_MINUTE_US, "m"}, {CLOCK_SECOND_US, "s"}};
    char text[40];
    size_t i = 0;
    while (i < sizeof units / sizeof units[0] && us % units[i].us != 0)
        i++;
    if (i < sizeof units / sizeof units[0])
        snprintf(text, sizeof text, "%lld%s", (long long)(us / units[i].us), units[i].unit);
    else
        snprintf(text, sizeof text, "%lldms", (long long)(us / CLOCK_MS_US));
    put_text(slot, text);
}

static void put_int64(struct slot slot, int64_t value, enum mapper_format format)
{
    char text[CLOCK_TEXT_MAX];
    if (format == MAPPER_TIME_US) {
        clock_format(value, text);
        put_text(slot, text);
    } else if (format == MAPPER_DURATION_US) {
        put_duration(slot, value);
    } else {
        put_int(slot, value);
    }
}

static void put_uint64(struct slot slot, uint64_t value)
{
    char text[24];
    if (value <= INT64_MAX) {
        put_int(slot, (int64_t)value);
        return;
    }
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_text(slot, text);
}

static void put_enum(struct slot slot, const ProtobufCFieldDescriptor *field, int value)
{
    const char *name = mapper_code_name(field->descriptor, value);
    if (name != NULL)
        put_text(slot, name);
    else
        put_int(slot, value);
}

static void put_value(struct writer *writer, struct slot slot, const ProtobufCFieldDescriptor *field, const void *value,
                      enum mapper_format format)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        if (format == MAPPER_MICRODEGREES)
            put_real(slot, *(const int32_t *)value / 1e6);
        else
            put_int(slot, *(const int32_t *)value);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        put_int(slot, *(const uint32_t *)value);
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        put_int64(slot, *(const int64_t *)value, format);
        return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        put_uint64(slot, *(const uint64_t *)value);
        return;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        CHECK(!"no schema of ours has a field of floating point");
        return;
    case PROTOBUF_C_TYPE_BOOL:
        put_bool(slot, *(const protobuf_c_boolean *)value);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(slot, field, *(const int *)value);
        return;
    case PROTOBUF_C_TYPE_STRING:
        put_text(slot, *(const char *const *)value);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(slot, *(const ProtobufCBinaryData *)value, format);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_doc(slot, write_message(writer, *(const ProtobufCMessage *const *)value));
        return;
    }
}

static struct jdoc *write_message(struct writer *writer, const ProtobufCMessage *message)
{
    CHECK(++writer->depth <= MAPPER_DEPTH_MAX);
    struct jdoc *object = jdoc_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        enum mapper_format format = mapper_format_of(mapper_rule_of(writer->rules, message->descriptor, field));
        size_t count;
        const uint8_t *elements = mapper_elements(message, field, &count);
        if (format == MAPPER_SECRET || count == 0)
            continue;
        struct slot slot = {object, field->name};
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            slot = (struct slot){jdoc_set_doc(object, field->name, jdoc_array()), NULL};
        for (size_t at = 0; at < count; at++)
            put_value(writer, slot, field, elements + at * mapper_element_size(field), format);
    }
    writer->depth--;
    return object;
}

struct jdoc *mapper_write(const struct mapper_rules *rules, const ProtobufCMessage *message)
{
    struct writer writer = {.rules = rules};
    return write_message(&writer, message);
}
