/*
 * cap_leaf - a case as a flat list of paths and values, "child.clothing[1].colour" = "RED": what CAP's parameters can
 * carry. Both ways, typed by the schema of the case, so that a field added there needs no line here.
 */
#ifndef NODE_CAP_LEAF_H
#define NODE_CAP_LEAF_H

#include <stdbool.h>

#include "proto/jdoc.h"

#define CAP_LEAF_PATH_MAX 128
/* A case of ours has at most a few hundred. */
#define CAP_LEAF_COUNT_MAX 1000
/* Elements of one list; no list of a case may be longer. */
#define CAP_LEAF_INDEX_MAX 32

struct cap_leaf {
    char path[CAP_LEAF_PATH_MAX];
    char *value;
    unsigned line; /* where it stood */
    bool used;     /* it is in the document built last */
};
/* Starts as {0}; owns the values. */
struct cap_leaves {
    struct cap_leaf *list;
    size_t count, room;
};

/* Appends a copy. ERR_LIMIT (path, count), ERR_EXISTS (this path is there), ERR_NOMEM. */
int cap_leaf_add(struct cap_leaves *leaves, const char *path, const char *value, unsigned line) MUST_CHECK;
void cap_leaf_done(struct cap_leaves *leaves);
bool cap_leaf_has(const struct cap_leaves *leaves, const char *path);

/* The case's JSON of these leaves, a root, and which of them found a place (`used`). Lists close their gaps. Values are
 * typed by the schema where their text allows; nothing is checked yet. */
struct jdoc *cap_leaf_build(struct cap_leaves *leaves);
/* One leaf alone, as case_from_json and the table of forms see it: ERR_UNKNOWN, ERR_INVALID, ERR_LIMIT, with a note. */
int cap_leaf_check(const struct cap_leaf *leaf, struct err_note *note) MUST_CHECK;
/* Does the field hold several lines? False for a path that names none. */
bool cap_leaf_is_long(const char *path);

/* All leaves of a JSON object below `prefix`, in its order, to a visitor; `value` as text. */
typedef void cap_leaf_visit(void *ctx, const char *path, const char *value);
void cap_leaf_walk(const struct jdoc *object, cap_leaf_visit *visit, void *ctx);

#endif
