/* mapper_internal: what mapper.c (walk, to JSON) and mapper_read.c (from JSON) share. Nobody else includes it. */
#ifndef PROTO_MAPPER_INTERNAL_H
#define PROTO_MAPPER_INTERNAL_H

#include "buf.h"
#include "mapper.h"

/* "child.clothing[1].colour"; cut silently when too long: it is for people. */
struct mapper_path {
    char text[MAPPER_PATH_MAX];
    size_t len;
};
/* Appends one step and returns what mapper_path_pop needs. */
size_t mapper_path_push(struct mapper_path *path, const char *name, size_t index, bool repeated);
void mapper_path_pop(struct mapper_path *path, size_t before);

/* The rule of a field, or NULL. */
const struct mapper_rule *mapper_rule_of(const struct mapper_rules *rules, const ProtobufCMessageDescriptor *type,
                                         const ProtobufCFieldDescriptor *field);
/* Its format; MAPPER_PLAIN without one. */
enum mapper_format mapper_format_of(const struct mapper_rule *rule);
/* The size of one element in a repeated field's array. */
size_t mapper_element_size(const ProtobufCFieldDescriptor *field);
/* The first element and how many there are; an optional field is an array of 0 or 1. */
const void *mapper_elements(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t *ret_count);

/* RFC 4648 base64 with padding. */
void mapper_base64(struct slice bytes, struct buf *out);
/* Strict: padding needed, no blanks, unused bits zero. ERR_SYNTAX. */
int mapper_unbase64(const char *text, struct buf *out) MUST_CHECK;
/* True for a real calendar date YYYY-MM-DD. */
bool mapper_is_date(const char *text);

#endif
