/*
 * mapper - JSON to protobuf messages and back, by their descriptors; and a walk over all that a message holds.
 *
 * Works for any of our proto2 messages. A field's name is its JSON name, an enum value's name its code. What JSON
 * cannot say by itself (an int64 that is an instant, bytes that are a hash) stands in a table of rules that the caller
 * hands in. Strict: unknown fields, unknown codes, wrong types and numbers out of range are refused by their full path,
 * as `child.clothing[1].colour: "PURPLISH" is not a code; nearest: PURPLE, ...`. An absent field is absent in JSON,
 * never null.
 *
 * The recursion follows the message types, not the input: our types never contain themselves (a test walks them), and
 * MAPPER_DEPTH_MAX is CHECKed.
 */
#ifndef PROTO_MAPPER_H
#define PROTO_MAPPER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "jdoc.h"

#define MAPPER_DEPTH_MAX 12
#define MAPPER_PATH_MAX 256

enum mapper_format {
    MAPPER_PLAIN,
    MAPPER_TIME_US,      /* int64 <-> RFC 3339; written in UTC with milliseconds */
    MAPPER_DURATION_US,  /* int64 <-> "72h", "90m" (clock_parse_duration) */
    MAPPER_HEX,          /* bytes <-> lower-case hexadecimal; what bytes are without a rule */
    MAPPER_BASE64,       /* bytes <-> RFC 4648 with padding */
    MAPPER_DATE,         /* string, a real calendar date YYYY-MM-DD; checked when read */
    MAPPER_MICRODEGREES, /* sint32 <-> degrees with up to six decimals, -180 to 180 */
    MAPPER_SECRET        /* never in JSON, in neither direction */
};

struct mapper_rule {
    const char *message; /* the type's short name: "LastSeen" */
    const char *field;
    enum mapper_format format;
    bool filled_in; /* by the node: refused in JSON unless the reader says accept_filled_in */
};

struct mapper_rules {
    const struct mapper_rule *rows; /* the caller's; may be NULL when count is 0 */
    size_t count;
};

struct mapper_reader {
    const struct mapper_rules *rules; /* NULL: none */
    ProtobufCAllocator *allocator;    /* NULL: malloc and free */
    bool accept_filled_in;
};

/* Builds a message of the type from a JSON object. ERR_UNKNOWN (field, code), ERR_INVALID (type, range, form),
 * ERR_NOMEM; the note begins with the path. *ret_message is the caller's: mapper_free with the same allocator. */
int mapper_read(const struct mapper_reader *reader, const ProtobufCMessageDescriptor *type, const struct jdoc *doc,
                struct err_note *note, ProtobufCMessage **ret_message) MUST_CHECK;
/* protobuf_c_message_free_unpacked; NULL is fine. */
void mapper_free(ProtobufCMessage *message, ProtobufCAllocator *allocator);
/* The message as a JSON object, a root. Codes that this version does not know are written as numbers, an uint64
 * beyond int64 as text. The message must be well formed (unpacked, or checked): ours to ensure. */
struct jdoc *mapper_write(const struct mapper_rules *rules, const ProtobufCMessage *message);

/* One present field. For a repeated field `value` is the element, `index` its place, and the visit is made per element;
 * `count` is then the field's length, else 1. value points to what C holds: char * const *, ProtobufCBinaryData,
 * uint32_t, ProtobufCMessage * const * ... */
struct mapper_spot {
    const ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
    const void *value;
    size_t index, count;
    const char *path; /* borrowed for the call */
};
/* 0 goes on; anything else ends the walk and is returned. */
typedef int mapper_visit(void *context, const struct mapper_spot *spot);
/* Visits all present fields, a submessage before what it holds, in the order of their numbers. */
int mapper_walk(const ProtobufCMessage *message, mapper_visit *visit, void *context) MUST_CHECK;

/* The name of an enum's value ("RED"), or NULL when this version does not know it. */
const char *mapper_code_name(const ProtobufCEnumDescriptor *type, int value);

#endif
