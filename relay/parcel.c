/* parcel - bodies and locked keys in memory, least recently used first out. Must never be the only copy of anything. */
#include "relay/parcel.h"

struct parcel *parcel_new(uint64_t number)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);

    if (parcel) {
        parcel->number = number;
        buf_init(&parcel->body);
        buf_init(&parcel->locks);
    }
    return parcel;
}

void parcel_free(struct parcel *parcel)
{
    if (!parcel)
        return;
    buf_free(&parcel->body);
    buf_free(&parcel->locks);
    free(parcel);
}

int parcel_set_lock(struct parcel *parcel, size_t place, const uint8_t lock[PARCEL_LOCK_BYTES])
{
    size_t at;

    if (place > parcel->locks.len / PARCEL_LOCK_BYTES) /* from a file: nothing is multiplied before this */
        return ERR_INVALID;
    at = place * PARCEL_LOCK_BYTES;
    if (at == parcel->locks.len)
        buf_add(&parcel->locks, lock, PARCEL_LOCK_BYTES);
    else
        memcpy(parcel->locks.data + at, lock, PARCEL_LOCK_BYTES);
    return buf_broken(&parcel->locks) ? ERR_NOMEM : OK;
}

const uint8_t *parcel_lock(const struct parcel *parcel, size_t place)
{
    return place < parcel->locks.len / PARCEL_LOCK_BYTES ? parcel->locks.data + place * PARCEL_LOCK_BYTES : NULL;
}

void parcel_cache_init(struct parcel_cache *cache, size_t budget_bytes)
{
    *cache = (struct parcel_cache){.budget = budget_bytes};
    lookup_init(&cache->by_number, offsetof(struct parcel, number), sizeof(uint64_t));
}

void parcel_cache_done(struct parcel_cache *cache)
{
    while (cache->recent)
        parcel_drop(cache, cache->recent->number);
    lookup_done(&cache->by_number);
}

static size_t parcel_size(const struct parcel *parcel)
{
    return sizeof *parcel + parcel->body.capacity + parcel->locks.capacity;
}

static void parcel_unlink(struct parcel_cache *cache, struct parcel *parcel)
{
    *(parcel->before ? &parcel->before->after : &cache->recent) = parcel->after;
    *(parcel->after ? &parcel->after->before : &cache->oldest) = parcel->before;
    parcel->before = parcel->after = NULL;
}

static void parcel_link(struct parcel_cache *cache, struct parcel *parcel)
{
    parcel->after = cache->recent;
    *(cache->recent ? &cache->recent->before : &cache->oldest) = parcel;
    cache->recent = parcel;
}

struct parcel *parcel_find(struct parcel_cache *cache, uint64_t number)
{
    struct parcel *parcel = lookup_find(&cache->by_number, &number);

    if (parcel && cache->recent != parcel) {
        parcel_unlink(cache, parcel);
        parcel_link(cache, parcel);
    }
    return parcel;
}

void parcel_keep(struct parcel_cache *cache, struct parcel *parcel)
{
    parcel_drop(cache, parcel->number);
    if (lookup_add(&cache->by_number, parcel)) {
        parcel_free(parcel);
        return;
    }
    parcel_link(cache, parcel);
    parcel->counted_bytes = parcel_size(parcel);
    cache->bytes += parcel->counted_bytes;
    while (cache->bytes > cache->budget && cache->oldest != parcel)
        parcel_drop(cache, cache->oldest->number);
}

void parcel_drop(struct parcel_cache *cache, uint64_t number)
{
    struct parcel *parcel = lookup_remove(&cache->by_number, &number);

    if (!parcel)
        return;
    cache->bytes -= parcel->counted_bytes;
    parcel_unlink(cache, parcel);
    parcel_free(parcel);
}
