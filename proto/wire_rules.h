/*
 * wire_rules - what each field of each message must be, beyond what protobuf says: the table behind wire_unpack.
 */
#ifndef PROTO_WIRE_RULES_H
#define PROTO_WIRE_RULES_H

#include <protobuf-c/protobuf-c.h>

enum wire_need { WIRE_OPTIONAL, WIRE_NEEDED };

/* For bytes and strings min and max are lengths in bytes; for a repeated field `many` bounds the count and min, max
 * each element; for numbers min and max bound the value. max 0: no bound but the frame's. */
struct wire_rule {
    uint32_t field; /* the field's number in the .proto */
    enum wire_need need;
    uint64_t min, max;
    uint32_t many;
};

/* The rules of one message: its fields not named in it have none. NULL: the message has no rules. */
const struct wire_rule *wire_rules_of(const ProtobufCMessageDescriptor *message, size_t *ret_count);

#endif
