/* jdoc: reads, builds and writes JSON through jansson. Never lets a document decide how deep the stack goes. */
#include "jdoc.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* jansson's readers take a mutable json_t; constness is this module's promise to its callers. */
static json_t *json_of(const struct jdoc *doc)
{
    return (json_t *)(uintptr_t)doc;
}

static struct jdoc *doc_of(json_t *json)
{
    return (struct jdoc *)(void *)json;
}

struct position {
    int line, column;
};

/* Nesting is counted outside of strings only; whether the text is JSON at all is jansson's to say. */
static bool too_deep(struct slice text, struct position *ret_at)
{
    int depth = 0;
    bool in_string = false;
    struct position at = {1, 0};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        at.column++;
        if (c == '\n')
            at = (struct position){at.line + 1, 0};
        else if (in_string && c == '\\')
            i++, at.column++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
        if (depth > JDOC_DEPTH_MAX) {
            *ret_at = at;
            return true;
        }
    }
    return false;
}

/* jansson quotes the input in its message: what reaches a terminal must not steer it. */
static void strip_controls(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
            *c = '?';
}

/* jansson goes on with half a token when its memory fails, and the document is not the one that was written. It hands
 * its allocator no context: that one failed is noted for the thread that parses. */
static _Thread_local bool memory_failed;

static void *memory_or_note(size_t size)
{
    void *block = malloc(size);
    memory_failed = memory_failed || block == NULL;
    return block;
}

int jdoc_parse(struct slice text, const char *file_name, struct err_note *note, struct jdoc **ret_doc)
{
    if (text.len > JDOC_BYTES_MAX)
        return err_set(note, ERR_LIMIT, "%s:1:1: %zu bytes; the limit is %u", file_name, text.len, JDOC_BYTES_MAX);
    struct position at;
    if (too_deep(text, &at))
        return err_set(note, ERR_LIMIT, "%s:%d:%d: nested deeper than %d levels", file_name, at.line, at.column,
                       JDOC_DEPTH_MAX);
    json_error_t error;
    json_set_alloc_funcs(memory_or_note, free);
    memory_failed = false;
    json_t *json = json_loadb(text.len ? (const char *)text.data : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (memory_failed) {
        json_decref(json);
        return err_set(note, ERR_NOMEM, "%s: out of memory", file_name);
    }
    if (json == NULL) {
        strip_controls(error.text);
        return err_set(note, ERR_SYNTAX, "%s:%d:%d: %s", file_name, error.line < 1 ? 1 : error.line,
                       error.column < 1 ? 1 : error.column, error.text);
    }
    *ret_doc = doc_of(json);
    return OK;
}

void jdoc_free(struct jdoc *root)
{
    json_decref(json_of(root));
}

struct jdoc *jdoc_copy(const struct jdoc *doc)
{
    json_t *copy = json_deep_copy(json_of(doc));
    CHECK(copy != NULL);
    return doc_of(copy);
}

static int append(const char *text, size_t len, void *out)
{
    buf_add(out, text, len);
    return 0;
}

int jdoc_write(const struct jdoc *doc, bool pretty, struct buf *out)
{
    /* 15 significant digits: 41.1 stays 41.1 and every decimal that a person wrote comes back as written. */
    size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
    int failed = json_dump_callback(json_of(doc), append, out, flags);
    return failed || buf_broken(out) ? ERR_NOMEM : OK;
}

enum jdoc_type jdoc_type(const struct jdoc *doc)
{
    if (doc == NULL)
        return JDOC_NULL;
    switch (json_typeof(json_of(doc))) {
    case JSON_OBJECT:
        return JDOC_OBJECT;
    case JSON_ARRAY:
        return JDOC_ARRAY;
    case JSON_STRING:
        return JDOC_TEXT;
    case JSON_INTEGER:
        return JDOC_INT;
    case JSON_REAL:
        return JDOC_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JDOC_BOOL;
    case JSON_NULL:
        break;
    }
    return JDOC_NULL;
}

const char *jdoc_type_name(enum jdoc_type type)
{
    static const char *const names[] = {"null",   "true or false", "a whole number", "a number with a fraction",
                                        "a text", "an array",      "an object"};
    return names[type];
}

const struct jdoc *jdoc_get(const struct jdoc *doc, const char *key)
{
    return doc_of(json_object_get(json_of(doc), key));
}

size_t jdoc_count(const struct jdoc *doc)
{
    return json_is_object(json_of(doc)) ? json_object_size(json_of(doc)) : json_array_size(json_of(doc));
}

const struct jdoc *jdoc_at(const struct jdoc *doc, size_t index)
{
    return doc_of(json_array_get(json_of(doc), index));
}

const char *jdoc_text(const struct jdoc *doc)
{
    return json_string_value(json_of(doc));
}

bool jdoc_int(const struct jdoc *doc, int64_t *ret_value)
{
    if (jdoc_type(doc) != JDOC_INT)
        return false;
    *ret_value = json_integer_value(json_of(doc));
    return true;
}

bool jdoc_real(const struct jdoc *doc, double *ret_value)
{
    if (jdoc_type(doc) != JDOC_INT && jdoc_type(doc) != JDOC_REAL)
        return false;
    *ret_value = json_number_value(json_of(doc));
    return true;
}

bool jdoc_bool(const struct jdoc *doc, bool *ret_value)
{
    if (jdoc_type(doc) != JDOC_BOOL)
        return false;
    *ret_value = json_is_true(json_of(doc));
    return true;
}

const char *jdoc_get_text(const struct jdoc *doc, const char *key, const char *fallback)
{
    const char *text = jdoc_text(jdoc_get(doc, key));
    return text != NULL ? text : fallback;
}

int64_t jdoc_get_int(const struct jdoc *doc, const char *key, int64_t fallback)
{
    int64_t value = fallback;
    return jdoc_int(jdoc_get(doc, key), &value) ? value : fallback;
}

bool jdoc_get_bool(const struct jdoc *doc, const char *key, bool fallback)
{
    bool value = fallback;
    return jdoc_bool(jdoc_get(doc, key), &value) ? value : fallback;
}

bool jdoc_next(const struct jdoc *object, struct jdoc_iter *iter, const char **ret_key, const struct jdoc **ret_value)
{
    json_t *json = json_of(object);
    iter->at = iter->started ? json_object_iter_next(json, iter->at) : json_object_iter(json);
    iter->started = true;
    if (iter->at == NULL)
        return false;
    *ret_key = json_object_iter_key(iter->at);
    *ret_value = doc_of(json_object_iter_value(iter->at));
    return true;
}

struct jdoc *jdoc_object(void)
{
    json_t *json = json_object();
    CHECK(json != NULL);
    return doc_of(json);
}

struct jdoc *jdoc_array(void)
{
    json_t *json = json_array();
    CHECK(json != NULL);
    return doc_of(json);
}

/* One text with each byte replaced that no UTF-8 sequence explains. */
static json_t *repaired(struct slice text)
{
    struct buf good;
    buf_init(&good);
    for (size_t i = 0; i < text.len;) {
        size_t len = 1;
        json_t *probe = NULL;
        for (; probe == NULL && len <= 4 && i + len <= text.len; len++)
            probe = json_stringn((const char *)text.data + i, len);
        if (probe != NULL)
            buf_add(&good, text.data + i, --len);
        else
            buf_add_text(&good, "\xef\xbf\xbd"), len = 1;
        json_decref(probe);
        i += len;
    }
    CHECK(!buf_broken(&good));
    json_t *json = json_stringn(buf_text(&good), good.len);
    buf_free(&good);
    return json;
}

static json_t *text_of(struct slice text)
{
    json_t *json = json_stringn(text.len ? (const char *)text.data : "", text.len);
    return json != NULL ? json : repaired(text);
}

static struct jdoc *set(struct jdoc *object, const char *key, json_t *value)
{
    CHECK(value != NULL && json_object_set_new_nocheck(json_of(object), key, value) == 0);
    return doc_of(value);
}

static struct jdoc *add(struct jdoc *array, json_t *value)
{
    CHECK(value != NULL && json_array_append_new(json_of(array), value) == 0);
    return doc_of(value);
}

void jdoc_set_text(struct jdoc *object, const char *key, const char *text)
{
    set(object, key, text != NULL ? text_of(slice_text(text)) : json_null());
}

void jdoc_set_slice(struct jdoc *object, const char *key, struct slice text)
{
    set(object, key, text_of(text));
}

void jdoc_set_int(struct jdoc *object, const char *key, int64_t value)
{
    set(object, key, json_integer(value));
}

void jdoc_set_bool(struct jdoc *object, const char *key, bool value)
{
    set(object, key, json_boolean(value));
}

void jdoc_set_real(struct jdoc *object, const char *key, double value)
{
    set(object, key, isfinite(value) ? json_real(value) : json_null());
}

void jdoc_set_null(struct jdoc *object, const char *key)
{
    set(object, key, json_null());
}

struct jdoc *jdoc_set_doc(struct jdoc *object, const char *key, struct jdoc *child)
{
    return set(object, key, json_of(child));
}

void jdoc_add_text(struct jdoc *array, const char *text)
{
    add(array, text != NULL ? text_of(slice_text(text)) : json_null());
}

void jdoc_add_int(struct jdoc *array, int64_t value)
{
    add(array, json_integer(value));
}

void jdoc_add_bool(struct jdoc *array, bool value)
{
    add(array, json_boolean(value));
}

void jdoc_add_real(struct jdoc *array, double value)
{
    add(array, isfinite(value) ? json_real(value) : json_null());
}

struct jdoc *jdoc_add_doc(struct jdoc *array, struct jdoc *child)
{
    return add(array, json_of(child));
}
