/*
 * lookup - open addressing with linear probing; removed slots are marked until the next growth.
 * Must never call back into what it holds, nor free an object.
 */
#include "lookup.h"

#include "proto/seal.h"

#define LOOKUP_FIRST 16

static char lookup_removed;
#define LOOKUP_GONE ((void *)&lookup_removed)

void lookup_init(struct lookup *table, size_t key_offset, size_t key_len)
{
    *table = (struct lookup){.key_offset = key_offset, .key_len = key_len};
    seal_random(&table->seed, sizeof table->seed);
}

void lookup_done(struct lookup *table)
{
    free(table->slots);
    table->slots = NULL;
    table->capacity = table->count = table->used = 0;
}

/* Multiply and fold, eight bytes at a time: fast, and different in every process. */
static size_t lookup_hash(const struct lookup *table, const uint8_t *key)
{
    uint64_t hash = table->seed;

    for (size_t i = 0; i < table->key_len; i += 8) {
        uint64_t word = 0;
        size_t len = table->key_len - i < 8 ? table->key_len - i : 8;
        memcpy(&word, key + i, len);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(hash ^ hash >> 32);
}

static const uint8_t *lookup_key(const struct lookup *table, const void *object)
{
    return (const uint8_t *)object + table->key_offset;
}

/* The slot that holds the key, or SIZE_MAX. */
static size_t lookup_slot(const struct lookup *table, const void *key)
{
    size_t at;

    if (table->capacity == 0)
        return SIZE_MAX;
    at = lookup_hash(table, key) & (table->capacity - 1);
    while (table->slots[at]) {
        if (table->slots[at] != LOOKUP_GONE && memcmp(lookup_key(table, table->slots[at]), key, table->key_len) == 0)
            return at;
        at = (at + 1) & (table->capacity - 1);
    }
    return SIZE_MAX;
}

void *lookup_find(const struct lookup *table, const void *key)
{
    size_t at = lookup_slot(table, key);

    return at == SIZE_MAX ? NULL : table->slots[at];
}

static void lookup_put(struct lookup *table, void *object)
{
    size_t at = lookup_hash(table, lookup_key(table, object)) & (table->capacity - 1);

    while (table->slots[at] && table->slots[at] != LOOKUP_GONE)
        at = (at + 1) & (table->capacity - 1);
    if (!table->slots[at])
        table->used++;
    table->slots[at] = object;
    table->count++;
}

static int lookup_grow(struct lookup *table)
{
    struct lookup bigger = *table;

    bigger.capacity = LOOKUP_FIRST;
    while (bigger.capacity < table->count * 3)
        bigger.capacity *= 2;
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return ERR_NOMEM;
    bigger.count = bigger.used = 0;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i] && table->slots[i] != LOOKUP_GONE)
            lookup_put(&bigger, table->slots[i]);
    free(table->slots);
    *table = bigger;
    return OK;
}

int lookup_add(struct lookup *table, void *object)
{
    if ((table->used + 1) * 4 > table->capacity * 3) {
        int error = lookup_grow(table);
        if (error)
            return error;
    }
    lookup_put(table, object);
    return OK;
}

void *lookup_remove(struct lookup *table, const void *key)
{
    size_t at = lookup_slot(table, key);
    void *object;

    if (at == SIZE_MAX)
        return NULL;
    object = table->slots[at];
    table->slots[at] = LOOKUP_GONE;
    table->count--;
    return object;
}

void *lookup_next(const struct lookup *table, size_t *position)
{
    while (*position < table->capacity) {
        void *object = table->slots[(*position)++];
        if (object && object != LOOKUP_GONE)
            return object;
    }
    return NULL;
}
