/*
 * jdoc - JSON documents. The only module that knows jansson.
 *
 * Ownership: a *root* comes from jdoc_parse, jdoc_object, jdoc_array or jdoc_copy and is freed by jdoc_free. A *child*
 * (jdoc_get, jdoc_at, jdoc_next) is borrowed and lives as long as its root stays unchanged. jdoc_set_doc and
 * jdoc_add_doc *take* a root: it is a child from then on. Every reader accepts NULL, as an absent value, so that
 * jdoc_text(jdoc_get(jdoc_get(doc, "child"), "sex")) needs no check on the way.
 *
 * Memory: the builders CHECK their allocations. A document is an answer being written, all that is durable has been
 * committed before, and an answer with a field silently missing would be worse than a restart. Parsing, whose size
 * others choose, returns ERR_NOMEM instead.
 */
#ifndef PROTO_JDOC_H
#define PROTO_JDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "limits.h"

/* A page of a node's whole inbox fits; what a person writes is bounded more tightly by who reads it. */
#define JDOC_BYTES_MAX (16u << 20)
/* Our deepest document has nine levels. jansson recurses while parsing, so depth is counted before it starts. */
#define JDOC_DEPTH_MAX LIMIT_INPUT_DEPTH

struct jdoc;

enum jdoc_type { JDOC_NULL, JDOC_BOOL, JDOC_INT, JDOC_REAL, JDOC_TEXT, JDOC_ARRAY, JDOC_OBJECT };

/* Parses one object or array: strict RFC 8259, no duplicate keys, no NUL in texts, nothing after it. ERR_SYNTAX,
 * ERR_LIMIT (bytes, depth), ERR_NOMEM; the note reads "FILE:LINE:COLUMN: message". *ret_doc is a root. */
int jdoc_parse(struct slice text, const char *file_name, struct err_note *note, struct jdoc **ret_doc) MUST_CHECK;
/* Frees a root and all below it; NULL is fine. */
void jdoc_free(struct jdoc *root);
/* A deep copy of any document or child, as a root. */
struct jdoc *jdoc_copy(const struct jdoc *doc);
/* Appends the text to out: two spaces of indent when pretty, else one line; no newline at the end. ERR_NOMEM. */
int jdoc_write(const struct jdoc *doc, bool pretty, struct buf *out) MUST_CHECK;

/* NULL counts as JDOC_NULL. */
enum jdoc_type jdoc_type(const struct jdoc *doc);
/* "text", "number", "object" ...: the word for people. */
const char *jdoc_type_name(enum jdoc_type type);
/* The member of an object; NULL when there is none or doc is no object. */
const struct jdoc *jdoc_get(const struct jdoc *doc, const char *key);
/* Number of elements of an array or members of an object; 0 for everything else. */
size_t jdoc_count(const struct jdoc *doc);
/* The element of an array; NULL beyond its end or when doc is no array. */
const struct jdoc *jdoc_at(const struct jdoc *doc, size_t index);
/* A text, NUL-terminated and valid UTF-8, borrowed; NULL when doc is none. */
const char *jdoc_text(const struct jdoc *doc);
/* True and the value when doc is a whole number (written without fraction or exponent). */
bool jdoc_int(const struct jdoc *doc, int64_t *ret_value);
/* True and the value when doc is any number. */
bool jdoc_real(const struct jdoc *doc, double *ret_value);
/* True and the value when doc is true or false. */
bool jdoc_bool(const struct jdoc *doc, bool *ret_value);

/* A member's value, or the fallback when it is absent or of another type. */
const char *jdoc_get_text(const struct jdoc *doc, const char *key, const char *fallback);
int64_t jdoc_get_int(const struct jdoc *doc, const char *key, int64_t fallback);
bool jdoc_get_bool(const struct jdoc *doc, const char *key, bool fallback);

/* Members in the order written: struct jdoc_iter at = {0}; while (jdoc_next(object, &at, &key, &value)) ... */
struct jdoc_iter {
    void *at;
    bool started;
};
bool jdoc_next(const struct jdoc *object, struct jdoc_iter *iter, const char **ret_key, const struct jdoc **ret_value);

/* Empty roots. */
struct jdoc *jdoc_object(void);
struct jdoc *jdoc_array(void);
/* Set a member, replacing one of the same key. A text that is not valid UTF-8 gets U+FFFD for each bad byte; a NULL
 * text is written as null; a real that is not finite too. */
void jdoc_set_text(struct jdoc *object, const char *key, const char *text);
void jdoc_set_slice(struct jdoc *object, const char *key, struct slice text);
void jdoc_set_int(struct jdoc *object, const char *key, int64_t value);
void jdoc_set_bool(struct jdoc *object, const char *key, bool value);
void jdoc_set_real(struct jdoc *object, const char *key, double value);
void jdoc_set_null(struct jdoc *object, const char *key);
/* Takes child; returns it, borrowed, so that a nested object is filled where it hangs. */
struct jdoc *jdoc_set_doc(struct jdoc *object, const char *key, struct jdoc *child);
/* Append to an array, as above. */
void jdoc_add_text(struct jdoc *array, const char *text);
void jdoc_add_int(struct jdoc *array, int64_t value);
void jdoc_add_bool(struct jdoc *array, bool value);
void jdoc_add_real(struct jdoc *array, double value);
struct jdoc *jdoc_add_doc(struct jdoc *array, struct jdoc *child);

#endif
