/* cap_leaf: flattens and rebuilds cases along their descriptors. Decides nothing about CAP. */
#include "cap_leaf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/case.h"
#include "proto/case_rules.h"

/* ---- the list ---- */

bool cap_leaf_has(const struct cap_leaves *leaves, const char *path)
{
    for (size_t i = 0; i < leaves->count; i++)
        if (strcmp(leaves->list[i].path, path) == 0)
            return true;
    return false;
}

int cap_leaf_add(struct cap_leaves *leaves, const char *path, const char *value, unsigned line)
{
    if (strlen(path) >= CAP_LEAF_PATH_MAX || leaves->count == CAP_LEAF_COUNT_MAX)
        return ERR_LIMIT;
    if (cap_leaf_has(leaves, path))
        return ERR_EXISTS;
    if (leaves->count == leaves->room) {
        size_t room = leaves->room > 0 ? 2 * leaves->room : 64;
        struct cap_leaf *bigger = realloc(leaves->list, room * sizeof *bigger);
        if (bigger == NULL)
            return ERR_NOMEM;
        leaves->list = bigger;
        leaves->room = room;
    }
    struct cap_leaf *leaf = &leaves->list[leaves->count];
    *leaf = (struct cap_leaf){.line = line, .value = strdup(value)};
    if (leaf->value == NULL)
        return ERR_NOMEM;
    snprintf(leaf->path, sizeof leaf->path, "%s", path);
    leaves->count++;
    return OK;
}

void cap_leaf_done(struct cap_leaves *leaves)
{
    for (size_t i = 0; i < leaves->count; i++)
        free(leaves->list[i].value);
    free(leaves->list);
    *leaves = (struct cap_leaves){0};
}

/* ---- towards JSON ---- */

struct builder {
    struct cap_leaves *leaves;
    char path[CAP_LEAF_PATH_MAX + 96]; /* a field's name on top of the longest path that can match */
};

/* The path with one more step; returns what cuts it off again. */
static size_t step(struct builder *builder, const char *name, int index)
{
    size_t before = strlen(builder->path), room = sizeof builder->path - before;
    const char *dot = before > 0 && name[0] != '\0' ? "." : "";
    if (index < 0)
        snprintf(builder->path + before, room, "%s%s", dot, name);
    else
        snprintf(builder->path + before, room, "[%d]", index);
    return before;
}

static struct cap_leaf *exact(struct builder *builder)
{
    for (size_t i = 0; i < builder->leaves->count; i++)
        if (strcmp(builder->leaves->list[i].path, builder->path) == 0)
            return &builder->leaves->list[i];
    return NULL;
}

/* Is there anything at this path or below it? */
static bool any_below(const struct builder *builder)
{
    size_t len = strlen(builder->path);
    for (size_t i = 0; i < builder->leaves->count; i++) {
        const char *path = builder->leaves->list[i].path;
        if (strncmp(path, builder->path, len) == 0 && (path[len] == '\0' || path[len] == '.' || path[len] == '['))
            return true;
    }
    return false;
}

static enum mapper_format format_of(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    const struct mapper_rules *rules = case_rules();
    for (size_t i = 0; i < rules->count; i++)
        if (strcmp(rules->rows[i].field, field->name) == 0 && strcmp(rules->rows[i].message, type->short_name) == 0)
            return rules->rows[i].format;
    return MAPPER_PLAIN;
}

static bool whole_number(const char *text, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *ret_value = value;
    return true;
}

/* A root that is an array of one, or nothing: the value as the schema types it, and as text when it does not fit: then
 * whoever checks the document names it. */
static void set_value(struct jdoc *object, struct jdoc *array, const ProtobufCFieldDescriptor *field,
                      enum mapper_format format, const char *text)
{
    int64_t number;
    bool plain = format == MAPPER_PLAIN, truth = strcmp(text, "true") == 0;
    if (plain && field->type == PROTOBUF_C_TYPE_BOOL && (truth || strcmp(text, "false") == 0)) {
        jdoc_set_bool(object, field->name, truth); /* no list of a case holds them */
    } else if (format == MAPPER_MICRODEGREES) {
        char *end;
        double degrees = strtod(text, &end);
        if (end != text && *end == '\0' && text[strspn(text, "+-.0123456789")] == '\0')
            jdoc_set_real(object, field->name, degrees);
        else
            jdoc_set_text(object, field->name, text);
    } else if (plain && field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_ENUM &&
               whole_number(text, &number)) {
        jdoc_set_int(object, field->name, number);
    } else if (array != NULL) {
        jdoc_add_text(array, text);
    } else {
        jdoc_set_text(object, field->name, text);
    }
}

static void build_message(struct builder *builder, const ProtobufCMessageDescriptor *type, struct jdoc *into);

static void build_one(struct builder *builder, const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *field, struct jdoc *into, struct jdoc *array)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (any_below(builder)) {
            struct jdoc *child = jdoc_object();
            child = array != NULL ? jdoc_add_doc(array, child) : jdoc_set_doc(into, field->name, child);
            build_message(builder, field->descriptor, child);
        }
        return;
    }
    struct cap_leaf *leaf = exact(builder);
    if (leaf == NULL)
        return;
    leaf->used = true;
    set_value(into, array, field, format_of(type, field), leaf->value);
}

static void build_list(struct builder *builder, const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, struct jdoc *into)
{
    struct jdoc *array = jdoc_set_doc(into, field->name, jdoc_array());
    for (int i = 0; i < CAP_LEAF_INDEX_MAX; i++) {
        size_t before = step(builder, "", i);
        build_one(builder, type, field, into, array);
        builder->path[before] = '\0';
    }
}

/* Recursion by the types of the schema, which never contain themselves (proto/mapper.h), not by the input. */
static void build_message(struct builder *builder, const ProtobufCMessageDescriptor *type, struct jdoc *into)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        size_t before = step(builder, field->name, -1);
        if (any_below(builder) && field->label == PROTOBUF_C_LABEL_REPEATED)
            build_list(builder, type, field, into);
        else if (any_below(builder))
            build_one(builder, type, field, into, NULL);
        builder->path[before] = '\0';
    }
}

struct jdoc *cap_leaf_build(struct cap_leaves *leaves)
{
    struct builder builder = {.leaves = leaves};
    struct jdoc *root = jdoc_object();
    for (size_t i = 0; i < leaves->count; i++)
        leaves->list[i].used = false;
    build_message(&builder, &hotline__case__descriptor, root);
    return root;
}

/* "a[17].b" as "a[0].b": alone, every element is the first. */
static void first_of_each(const char *path, char out[CAP_LEAF_PATH_MAX])
{
    size_t len = 0;
    for (; *path != '\0'; path++) {
        out[len++] = *path;
        if (*path == '[' && path[1] >= '0' && path[1] <= '9') {
            out[len++] = '0';
            path += strspn(path + 1, "0123456789");
        }
    }
    out[len] = '\0';
}

int cap_leaf_check(const struct cap_leaf *leaf, struct err_note *note)
{
    struct cap_leaf one = {.value = leaf->value};
    struct cap_leaves alone = {.list = &one, .count = 1};
    Hotline__Case *alert = NULL;
    first_of_each(leaf->path, one.path);
    struct jdoc *doc = cap_leaf_build(&alone);
    int error = one.used ? case_from_json(doc, note, &alert) :
                           err_set(note, ERR_UNKNOWN, "%s: a case has no such field", leaf->path);
    if (error == OK)
        error = case_check_form(&alert->base, note);
    case_free(alert);
    jdoc_free(doc);
    return error;
}

bool cap_leaf_is_long(const char *path)
{
    const ProtobufCMessageDescriptor *type = &hotline__case__descriptor;
    while (type != NULL) {
        char name[64];
        size_t len = strcspn(path, ".[");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), path);
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
        path += len + strcspn(path + len, ".");
        if (field == NULL || *path == '\0') {
            const struct case_form *form = field != NULL ? case_form_of(type, field) : NULL;
            return form != NULL && form->kind == CASE_TEXT;
        }
        path++;
        type = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
    }
    return false;
}

/* ---- from JSON ---- */

struct walk_level {
    const struct jdoc *doc;
    struct jdoc_iter members; /* of an object */
    size_t index;             /* of an array */
    size_t path_len;
};

static void visit_leaf(const struct jdoc *doc, const char *path, cap_leaf_visit *visit, void *ctx)
{
    char text[64];
    int64_t whole;
    double real;
    bool truth;
    if (jdoc_text(doc) != NULL) {
        visit(ctx, path, jdoc_text(doc));
        return;
    }
    if (jdoc_int(doc, &whole)) {
        snprintf(text, sizeof text, "%" PRId64, whole);
    } else if (jdoc_bool(doc, &truth)) {
        snprintf(text, sizeof text, "%s", truth ? "true" : "false");
    } else if (jdoc_real(doc, &real)) {
        snprintf(text, sizeof text, "%.6f", real);
        for (size_t len = strlen(text); len > 2 && text[len - 1] == '0' && text[len - 2] != '.'; len--)
            text[len - 1] = '\0';
    } else {
        return;
    }
    visit(ctx, path, text);
}

/* The next child of the level, its step written behind the path; NULL after the last. */
static const struct jdoc *next_child(struct walk_level *level, char *path, size_t size)
{
    const struct jdoc *child = NULL;
    const char *key = "";
    size_t room = size - level->path_len;
    if (jdoc_type(level->doc) == JDOC_ARRAY) {
        child = jdoc_at(level->doc, level->index);
        snprintf(path + level->path_len, room, "[%zu]", level->index++);
    } else if (jdoc_next(level->doc, &level->members, &key, &child)) {
        snprintf(path + level->path_len, room, "%s%s", level->path_len > 0 ? "." : "", key);
    } else {
        child = NULL;
    }
    return child;
}

void cap_leaf_walk(const struct jdoc *object, cap_leaf_visit *visit, void *ctx)
{
    struct walk_level levels[JDOC_DEPTH_MAX + 1] = {{.doc = object}};
    char path[CAP_LEAF_PATH_MAX] = "";
    size_t depth = 1;
    while (depth > 0) {
        struct walk_level *level = &levels[depth - 1];
        const struct jdoc *child = next_child(level, path, sizeof path);
        enum jdoc_type type = jdoc_type(child);
        if (child == NULL)
            depth--;
        else if (type != JDOC_ARRAY && type != JDOC_OBJECT)
            visit_leaf(child, path, visit, ctx);
        else if (depth <= JDOC_DEPTH_MAX)
            levels[depth++] = (struct walk_level){.doc = child, .path_len = strlen(path)};
    }
}
