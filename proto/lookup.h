/*
 * lookup - a hash table of objects that carry their own key: fixed length, at a fixed place in the object.
 *
 * Owns its slots, never the objects. Keys that peers choose are mixed with a seed of this process. An object's key may
 * not change while it is in the table; objects may be freed only after lookup_remove() or when the table is done.
 */
#ifndef PROTO_LOOKUP_H
#define PROTO_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct lookup {
    void **slots;
    size_t capacity, count, used; /* used: with removed ones */
    size_t key_offset, key_len;
    uint64_t seed;
};

/* A table of objects whose key is key_len bytes at key_offset. Takes no memory until the first add. */
void lookup_init(struct lookup *table, size_t key_offset, size_t key_len);
/* Frees the slots; the objects are the caller's. */
void lookup_done(struct lookup *table);
/* The object with this key, or NULL. */
void *lookup_find(const struct lookup *table, const void *key);
/* Adds an object whose key is not in the table yet (CHECKed by the caller's lookup_find). ERR_NOMEM. */
int lookup_add(struct lookup *table, void *object) MUST_CHECK;
/* Takes out the object with this key; NULL when there is none. */
void *lookup_remove(struct lookup *table, const void *key);
/* The next object at or after slot *position, which moves behind it; NULL at the end. Start with 0. Removing while
 * walking is allowed, adding is not. */
void *lookup_next(const struct lookup *table, size_t *position);

#endif
