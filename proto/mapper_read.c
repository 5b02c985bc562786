/* mapper_read: from JSON to a message. Refuses whatever it does not know, by path; never guesses a value. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "mapper_internal.h"
#include "near.h"

/* A list of allowed codes longer than this is cut to the nearest. */
#define CODES_SHOWN 12

struct reading {
    const struct mapper_reader *how;
    struct mapper_path path;
    struct err_note *note;
    int depth;
};

static int read_message(struct reading *reading, const ProtobufCMessageDescriptor *type, const struct jdoc *doc,
                        ProtobufCMessage **ret_message);

/* ---- memory ---- */

static void *take(struct reading *reading, size_t size)
{
    ProtobufCAllocator *allocator = reading->how->allocator;
    return allocator != NULL ? allocator->alloc(allocator->allocator_data, size) : malloc(size);
}

static int no_memory(struct reading *reading)
{
    return err_set(reading->note, ERR_NOMEM, "%s: out of memory", reading->path.text);
}

void mapper_free(ProtobufCMessage *message, ProtobufCAllocator *allocator)
{
    if (message != NULL)
        protobuf_c_message_free_unpacked(message, allocator);
}

/* ---- refusals ---- */

static const char *here(const struct reading *reading)
{
    return reading->path.len > 0 ? reading->path.text : "(document)";
}

static int wrong_type(struct reading *reading, const struct jdoc *doc, const char *wanted)
{
    if (jdoc_type(doc) == JDOC_NULL)
        return err_set(reading->note, ERR_INVALID, "%s: is null; leave the field out", here(reading));
    return err_set(reading->note, ERR_INVALID, "%s: is %s, must be %s", here(reading), jdoc_type_name(jdoc_type(doc)),
                   wanted);
}

/* What stands in the note was typed by somebody: shown short and without anything that steers a terminal. */
static const char *shown(const char *text, char room[48])
{
    size_t len = 0;
    for (; text[len] != '\0' && len < 40; len++)
        room[len] = (unsigned char)text[len] < 0x20 || (unsigned char)text[len] >= 0x7f ? '?' : text[len];
    room[len] = '\0';
    if (text[len] != '\0')
        memcpy(room + len, "...", 4);
    return room;
}

static int unknown_field(struct reading *reading, const ProtobufCMessageDescriptor *type, const char *key)
{
    char word[48];
    const char *best = NULL;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *name = type->fields[i].name;
        if (near_enough(key, name) && (best == NULL || near_distance(key, name) < near_distance(key, best)))
            best = name;
    }
    mapper_path_push(&reading->path, shown(key, word), 0, false);
    if (best == NULL)
        return err_set(reading->note, ERR_UNKNOWN, "%s: unknown field", here(reading));
    return err_set(reading->note, ERR_UNKNOWN, "%s: unknown field; did you mean \"%s\"?", here(reading), best);
}

/* The code nearest to text that is not listed yet; ties in the order of the schema. */
static unsigned nearest_code(const ProtobufCEnumDescriptor *type, const char *text, const bool listed[])
{
    unsigned best = type->n_values;
    for (unsigned i = 0; i < type->n_values; i++)
        if (!listed[i] &&
            (best == type->n_values ||
             near_distance(text, type->values[i].name) < near_distance(text, type->values[best].name)))
            best = i;
    return best;
}

static int unknown_code(struct reading *reading, const ProtobufCEnumDescriptor *type, const char *text)
{
    char word[48], list[ERR_NOTE_MAX] = "";
    bool listed[256] = {false};
    CHECK(type->n_values <= sizeof listed);
    bool all = type->n_values <= CODES_SHOWN;
    size_t used = 0;
    for (unsigned n = 0; n < type->n_values && n < CODES_SHOWN; n++) {
        unsigned i = all ? n : nearest_code(type, text, listed);
        listed[i] = true;
        int added = snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", type->values[i].name);
        if (added < 0 || (size_t)added >= sizeof list - used)
            break;
        used += (size_t)added;
    }
    return err_set(reading->note, ERR_UNKNOWN, "%s: \"%s\" is not a code; %s: %s", here(reading), shown(text, word),
                   all ? "allowed" : "nearest", list);
}

/* ---- one value ---- */

static int read_integer(struct reading *reading, const struct jdoc *doc, int64_t least, int64_t most,
                        int64_t *ret_value)
{
    int64_t value;
    if (!jdoc_int(doc, &value))
        return wrong_type(reading, doc, "a whole number");
    if (value < least || value > most)
        return err_set(reading->note, ERR_INVALID, "%s: %lld is out of range (%lld to %lld)", here(reading),
                       (long long)value, (long long)least, (long long)most);
    *ret_value = value;
    return OK;
}

static int read_microdegrees(struct reading *reading, const struct jdoc *doc, int32_t *ret_value)
{
    double degrees;
    if (!jdoc_real(doc, &degrees))
        return wrong_type(reading, doc, "a number of degrees");
    if (!(degrees >= -180 && degrees <= 180))
        return err_set(reading->note, ERR_INVALID, "%s: is out of range (-180 to 180 degrees)", here(reading));
    *ret_value = (int32_t)lround(degrees * 1e6);
    return OK;
}

static int read_int64(struct reading *reading, const struct jdoc *doc, enum mapper_format format, int64_t *ret_value)
{
    if (format != MAPPER_TIME_US && format != MAPPER_DURATION_US)
        return read_integer(reading, doc, INT64_MIN, INT64_MAX, ret_value);
    const char *text = jdoc_text(doc);
    bool time = format == MAPPER_TIME_US;
    if (text == NULL)
        return wrong_type(reading, doc, time ? "a text with a time" : "a text with a duration");
    int error = time ? clock_parse(text, ret_value) : clock_parse_duration(text, ret_value);
    char word[48];
    if (error != OK)
        return err_set(reading->note, ERR_INVALID, "%s: \"%s\" is not %s", here(reading), shown(text, word),
                       time ? "a time with an offset, as 2026-11-21T11:40:00+02:00" : "a duration, as 72h or 30d");
    return OK;
}

static int read_enum(struct reading *reading, const struct jdoc *doc, const ProtobufCEnumDescriptor *type,
                     int *ret_value)
{
    const char *text = jdoc_text(doc);
    if (text == NULL)
        return wrong_type(reading, doc, "a code");
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(type, text);
    if (value == NULL)
        return unknown_code(reading, type, text);
    *ret_value = value->value;
    return OK;
}

static int read_string(struct reading *reading, const struct jdoc *doc, enum mapper_format format, char **ret_text)
{
    const char *text = jdoc_text(doc);
    if (text == NULL)
        return wrong_type(reading, doc, "a text");
    char word[48];
    if (format == MAPPER_DATE && !mapper_is_date(text))
        return err_set(reading->note, ERR_INVALID, "%s: \"%s\" is not a date, as 2026-11-21", here(reading),
                       shown(text, word));
    size_t size = strlen(text) + 1;
    char *copy = take(reading, size);
    if (copy == NULL)
        return no_memory(reading);
    memcpy(copy, text, size);
    *ret_text = copy;
    return OK;
}

static int decode_bytes(const char *text, enum mapper_format format, struct buf *out)
{
    if (format == MAPPER_BASE64)
        return mapper_unbase64(text, out);
    size_t len = strlen(text) / 2;
    uint8_t *room = buf_reserve(out, len);
    if (room == NULL)
        return ERR_NOMEM;
    if (strlen(text) % 2 != 0 || buf_unhex(text, room, len) != OK)
        return ERR_SYNTAX;
    buf_grew(out, len);
    return OK;
}

static int read_bytes(struct reading *reading, const struct jdoc *doc, enum mapper_format format,
                      ProtobufCBinaryData *ret_bytes)
{
    const char *text = jdoc_text(doc);
    bool base64 = format == MAPPER_BASE64;
    if (text == NULL)
        return wrong_type(reading, doc, base64 ? "a text in base64" : "a text in hexadecimal");
    struct buf bytes;
    buf_init(&bytes);
    int error = decode_bytes(text, format, &bytes);
    uint8_t *copy = NULL;
    if (error == ERR_SYNTAX)
        err_set(reading->note, error = ERR_INVALID, "%s: is not %s", here(reading), base64 ? "base64" : "hexadecimal");
    else if (error == ERR_NOMEM || (bytes.len > 0 && (copy = take(reading, bytes.len)) == NULL))
        error = no_memory(reading);
    if (error == OK) {
        if (bytes.len > 0)
            memcpy(copy, bytes.data, bytes.len);
        *ret_bytes = (ProtobufCBinaryData){bytes.len, copy};
    }
    buf_free(&bytes);
    return error;
}

static int read_number(struct reading *reading, const ProtobufCFieldDescriptor *field, const struct jdoc *doc,
                       enum mapper_format format, void *place)
{
    int64_t integer = 0;
    int error;
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        error = read_integer(reading, doc, 0, UINT32_MAX, &integer);
        *(uint32_t *)place = (uint32_t)integer;
        return error;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        error = read_integer(reading, doc, 0, INT64_MAX, &integer);
        *(uint64_t *)place = (uint64_t)integer;
        return error;
    default:
        if (format == MAPPER_MICRODEGREES)
            return read_microdegrees(reading, doc, place);
        error = read_integer(reading, doc, INT32_MIN, INT32_MAX, &integer);
        *(int32_t *)place = (int32_t)integer;
        return error;
    }
}

static int read_value(struct reading *reading, const ProtobufCFieldDescriptor *field, const struct jdoc *doc,
                      enum mapper_format format, void *place)
{
    bool truth;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_int64(reading, doc, format, place);
    case PROTOBUF_C_TYPE_BOOL:
        if (!jdoc_bool(doc, &truth))
            return wrong_type(reading, doc, "true or false");
        *(protobuf_c_boolean *)place = truth;
        return OK;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reading, doc, field->descriptor, place);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reading, doc, format, place);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reading, doc, format, place);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(reading, field->descriptor, doc, place);
    default:
        return read_number(reading, field, doc, format, place);
    }
}

/* ---- fields and messages ---- */

static int read_repeated(struct reading *reading, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         const struct jdoc *doc, enum mapper_format format)
{
    if (jdoc_type(doc) != JDOC_ARRAY)
        return wrong_type(reading, doc, "an array");
    size_t count = jdoc_count(doc), size = mapper_element_size(field);
    if (count == 0)
        return OK;
    uint8_t *elements = take(reading, count * size);
    if (elements == NULL)
        return no_memory(reading);
    memset(elements, 0, count * size);
    uint8_t *base = (uint8_t *)message;
    *(void **)(void *)(base + field->offset) = elements;
    size_t *filled = (size_t *)(void *)(base + field->quantifier_offset);
    for (size_t i = 0; i < count; i++) {
        size_t before = mapper_path_push(&reading->path, "", i, true);
        int error = read_value(reading, field, jdoc_at(doc, i), format, elements + i * size);
        if (error != OK)
            return error;
        *filled = i + 1;
        mapper_path_pop(&reading->path, before);
    }
    return OK;
}

static int read_single(struct reading *reading, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const struct jdoc *doc, enum mapper_format format)
{
    uint8_t *base = (uint8_t *)message;
    void *quantifier = base + field->quantifier_offset;
    bool oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (oneof && *(uint32_t *)quantifier != 0)
        return err_set(reading->note, ERR_INVALID, "%s: only one of these alternatives can be given", here(reading));
    int error = read_value(reading, field, doc, format, base + field->offset);
    if (error != OK)
        return error;
    if (oneof)
        *(uint32_t *)quantifier = field->id;
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
             field->type != PROTOBUF_C_TYPE_MESSAGE)
        *(protobuf_c_boolean *)quantifier = 1;
    return OK;
}

static int read_field(struct reading *reading, ProtobufCMessage *message, const char *key, const struct jdoc *doc)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, key);
    const struct mapper_rule *rule = field != NULL ? mapper_rule_of(reading->how->rules, type, field) : NULL;
    enum mapper_format format = mapper_format_of(rule);
    if (field == NULL)
        return unknown_field(reading, type, key);
    size_t before = mapper_path_push(&reading->path, key, 0, false);
    bool refused = format == MAPPER_SECRET || (rule != NULL && rule->filled_in && !reading->how->accept_filled_in);
    int error;
    if (refused)
        error = err_set(reading->note, ERR_INVALID, "%s: is filled in by the node; leave it out", here(reading));
    else if (field->label == PROTOBUF_C_LABEL_REPEATED)
        error = read_repeated(reading, message, field, doc, format);
    else
        error = read_single(reading, message, field, doc, format);
    if (error == OK)
        mapper_path_pop(&reading->path, before);
    return error;
}

static int read_message(struct reading *reading, const ProtobufCMessageDescriptor *type, const struct jdoc *doc,
                        ProtobufCMessage **ret_message)
{
    if (jdoc_type(doc) != JDOC_OBJECT)
        return wrong_type(reading, doc, "an object");
    CHECK(++reading->depth <= MAPPER_DEPTH_MAX);
    ProtobufCMessage *message = take(reading, type->sizeof_message);
    if (message == NULL)
        return no_memory(reading);
    type->message_init(message);
    struct jdoc_iter at = {0};
    const char *key;
    const struct jdoc *value;
    while (jdoc_next(doc, &at, &key, &value)) {
        int error = read_field(reading, message, key, value);
        if (error != OK) {
            mapper_free(message, reading->how->allocator);
            return error;
        }
    }
    reading->depth--;
    *ret_message = message;
    return OK;
}

int mapper_read(const struct mapper_reader *reader, const ProtobufCMessageDescriptor *type, const struct jdoc *doc,
                struct err_note *note, ProtobufCMessage **ret_message)
{
    struct reading reading = {.how = reader, .note = note};
    return read_message(&reading, type, doc, ret_message);
}
