/*
 * wire_check: walks a message by its descriptor and holds every field against its rule. Never trusts what protobuf-c
 * lets through: NUL and bad UTF-8 in strings, codes that do not exist, absent fields.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "wire.h"
#include "wire_rules.h"

/* No message of ours nests deeper: Deliver > Envelope > Grant. */
#define DEPTH_MAX 8

struct walk {
    struct err_note *note;
    const char *path[DEPTH_MAX]; /* field names from the top */
    int depth;
};

/* "path.to.message.what" as the note. */
static int complain_of(struct walk *walk, int error, const char *what)
{
    if (walk->note == NULL)
        return error;
    size_t used = 0;
    char *text = walk->note->text;
    for (int i = 0; i < walk->depth && used < ERR_NOTE_MAX / 2; i++)
        used += (size_t)snprintf(text + used, ERR_NOTE_MAX - used, "%s.", walk->path[i]);
    snprintf(text + used, ERR_NOTE_MAX - used, "%s", what);
    return error;
}

static int complain(struct walk *walk, int error, const ProtobufCFieldDescriptor *field, const char *what)
{
    char text[192];
    snprintf(text, sizeof text, "%s: %s", field->name, what);
    return complain_of(walk, error, text);
}

static const struct wire_rule *rule_for(const struct wire_rule *rules, size_t count, uint32_t field)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].field == field)
            return &rules[i];
    }
    return NULL;
}

static int check_length(struct walk *walk, const ProtobufCFieldDescriptor *field, const struct wire_rule *rule,
                        size_t len)
{
    if (rule == NULL)
        return OK;
    if (len < rule->min || (rule->max != 0 && len > rule->max)) {
        char what[96];
        snprintf(what, sizeof what, "%zu bytes, allowed are %" PRIu64 " to %" PRIu64, len, rule->min, rule->max);
        return complain(walk, ERR_LIMIT, field, what);
    }
    return OK;
}

static int check_number(struct walk *walk, const ProtobufCFieldDescriptor *field, const struct wire_rule *rule,
                        uint64_t value)
{
    if (rule == NULL || (rule->min == 0 && rule->max == 0))
        return OK;
    if (value < rule->min || (rule->max != 0 && value > rule->max)) {
        char what[96];
        snprintf(what, sizeof what, "%" PRIu64 " is outside %" PRIu64 " to %" PRIu64, value, rule->min,
                 rule->max ? rule->max : UINT64_MAX);
        return complain(walk, ERR_LIMIT, field, what);
    }
    return OK;
}

static int check_code(struct walk *walk, const ProtobufCFieldDescriptor *field, int32_t value)
{
    if (protobuf_c_enum_descriptor_get_value(field->descriptor, value) != NULL)
        return OK;
    return complain(walk, ERR_UNKNOWN, field, "not a code that this version knows");
}

/* One value of a field that is not a message: `at` points at it in the struct. */
static int check_scalar(struct walk *walk, const ProtobufCFieldDescriptor *field, const struct wire_rule *rule,
                        const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)at;
        struct slice bytes = slice_of(text, strlen(text));
        if (!utf8_is_valid(bytes))
            return complain(walk, ERR_SYNTAX, field, "not UTF-8");
        return check_length(walk, field, rule, bytes.len);
    }
    case PROTOBUF_C_TYPE_BYTES:
        return check_length(walk, field, rule, ((const ProtobufCBinaryData *)at)->len);
    case PROTOBUF_C_TYPE_ENUM:
        return check_code(walk, field, *(const int32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return check_number(walk, field, rule, *(const uint64_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
        return check_number(walk, field, rule, *(const uint32_t *)at);
    default:
        return OK;
    }
}

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static int check_message(struct walk *walk, const ProtobufCMessage *message);

static int check_value(struct walk *walk, const ProtobufCFieldDescriptor *field, const struct wire_rule *rule,
                       const void *at)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return check_scalar(walk, field, rule, at);
    if (walk->depth == DEPTH_MAX)
        return complain(walk, ERR_LIMIT, field, "nested too deep");
    walk->path[walk->depth++] = field->name;
    int result = check_message(walk, *(ProtobufCMessage *const *)at);
    walk->depth--;
    return result;
}

static int check_repeated(struct walk *walk, const ProtobufCFieldDescriptor *field, const struct wire_rule *rule,
                          const ProtobufCMessage *message)
{
    const uint8_t *base = (const uint8_t *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const uint8_t *values = *(uint8_t *const *)(const void *)(base + field->offset);
    if (rule != NULL && rule->many != 0 && count > rule->many) {
        char what[64];
        snprintf(what, sizeof what, "%zu of them, at most %" PRIu32, count, rule->many);
        return complain(walk, ERR_LIMIT, field, what);
    }
    if (count == 0 && rule != NULL && rule->need == WIRE_NEEDED)
        return complain(walk, ERR_MISSING, field, "needed, and empty");
    for (size_t i = 0; i < count; i++) {
        int result = check_value(walk, field, rule, values + i * element_size(field->type));
        if (result != OK)
            return result;
    }
    return OK;
}

static bool is_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const uint8_t *base = (const uint8_t *)message;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)(const void *)(base + field->offset) != NULL;
    return *(const protobuf_c_boolean *)(const void *)(base + field->quantifier_offset) != 0;
}

/* Depth is bounded by DEPTH_MAX and by the schemas, which have no recursive type. */
static int check_message(struct walk *walk, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    size_t rule_count;
    const struct wire_rule *rules = wire_rules_of(descriptor, &rule_count);
    if (message->n_unknown_fields >
        0) /* protobuf-c keeps them and packs them again: comparing bytes does not find them */
        return complain_of(walk, ERR_UNKNOWN, "a field that this version does not know");
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const struct wire_rule *rule = rule_for(rules, rule_count, field->id);
        int result = OK;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            result = check_repeated(walk, field, rule, message);
        else if (is_present(field, message))
            result = check_value(walk, field, rule, (const uint8_t *)message + field->offset);
        else if (rule != NULL && rule->need == WIRE_NEEDED)
            result = complain(walk, ERR_MISSING, field, "needed, and absent");
        if (result != OK)
            return result;
    }
    return OK;
}

int wire_check(const ProtobufCMessage *message, struct err_note *note)
{
    struct walk walk = {.note = note};
    return check_message(&walk, message);
}
