/*
 * courier - one heap per urgency class, a list of what flies, a table of all by key.
 * Must never look at a clock, nor know what an item contains.
 */
#include "relay/courier.h"

void courier_init(struct courier *courier, uint32_t window_messages, uint64_t window_bytes)
{
    *courier = (struct courier){.window_messages = window_messages, .window_bytes = window_bytes};
    lookup_init(&courier->items, offsetof(struct courier_item, key), sizeof(uint64_t));
}

void courier_done(struct courier *courier)
{
    courier_clear(courier);
    for (int i = 0; i < COURIER_CLASSES; i++)
        free(courier->queued[i].items);
    lookup_done(&courier->items);
}

/* ---- heaps ---- */

static bool courier_older(const struct courier_item *a, const struct courier_item *b)
{
    return a->age_us != b->age_us ? a->age_us < b->age_us : a->key < b->key;
}

static void courier_place(struct courier_heap *heap, size_t at, struct courier_item *item)
{
    heap->items[at] = item;
    item->place = at;
}

static void courier_up(struct courier_heap *heap, size_t at)
{
    struct courier_item *item = heap->items[at];

    while (at > 0 && courier_older(item, heap->items[(at - 1) / 2])) {
        courier_place(heap, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    courier_place(heap, at, item);
}

static void courier_down(struct courier_heap *heap, size_t at)
{
    struct courier_item *item = heap->items[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && courier_older(heap->items[child + 1], heap->items[child]))
            child++;
        if (!courier_older(heap->items[child], item))
            break;
        courier_place(heap, at, heap->items[child]);
        at = child;
    }
    courier_place(heap, at, item);
}

/* Room in its heap is kept for every item of a class, in whatever state, so that queueing again cannot fail. */
static int courier_room(struct courier *courier, int class)
{
    struct courier_heap *heap = &courier->queued[class];
    size_t wanted = courier->items.count + 1;
    struct courier_item **items;

    if (wanted <= heap->capacity)
        return OK;
    wanted = wanted < 8 ? 8 : wanted * 2;
    items = realloc(heap->items, wanted * sizeof(*items));
    if (!items)
        return ERR_NOMEM;
    heap->items = items;
    heap->capacity = wanted;
    return OK;
}

static void courier_push(struct courier_heap *heap, struct courier_item *item)
{
    CHECK(heap->count < heap->capacity);
    courier_place(heap, heap->count++, item);
    courier_up(heap, item->place);
}

static void courier_pull(struct courier_heap *heap, struct courier_item *item)
{
    size_t at = item->place;
    struct courier_item *last = heap->items[--heap->count];

    if (last == item)
        return;
    courier_place(heap, at, last);
    courier_up(heap, at);
    courier_down(heap, last->place);
}

/* ---- states ---- */

static void courier_fly(struct courier *courier, struct courier_item *item)
{
    item->after = NULL;
    item->before = courier->newest;
    if (courier->newest)
        courier->newest->after = item;
    else
        courier->oldest = item;
    courier->newest = item;
    courier->flying++;
    courier->flying_bytes += item->size_bytes;
}

static void courier_land(struct courier *courier, struct courier_item *item)
{
    if (item->before)
        item->before->after = item->after;
    else
        courier->oldest = item->after;
    if (item->after)
        item->after->before = item->before;
    else
        courier->newest = item->before;
    courier->flying--;
    courier->flying_bytes -= item->size_bytes;
}

static void courier_leave(struct courier *courier, struct courier_item *item)
{
    switch ((enum courier_state)item->state) {
    case COURIER_QUEUED:
        courier_pull(&courier->queued[item->class], item);
        break;
    case COURIER_IN_FLIGHT:
        courier_land(courier, item);
        break;
    case COURIER_BLOCKED:
        courier->blocked--;
        break;
    }
}

static void courier_enter(struct courier *courier, struct courier_item *item, enum courier_state state)
{
    item->state = (uint8_t)state;
    switch (state) {
    case COURIER_QUEUED:
        courier_push(&courier->queued[item->class], item);
        break;
    case COURIER_IN_FLIGHT:
        courier_fly(courier, item);
        break;
    case COURIER_BLOCKED:
        courier->blocked++;
        break;
    }
}

/* The one place where an item changes its state. */
static void courier_set(struct courier *courier, struct courier_item *item, enum courier_state state, int64_t now_us)
{
    courier_leave(courier, item);
    item->since_us = now_us;
    courier_enter(courier, item, state);
}

int courier_owe(struct courier *courier, const struct courier_debt *debt, int64_t now_us)
{
    struct courier_item *item;
    int error;

    CHECK(debt->class < COURIER_CLASSES);
    if (lookup_find(&courier->items, &debt->key))
        return OK;
    error = courier_room(courier, debt->class);
    if (error)
        return error;
    item = calloc(1, sizeof *item);
    if (!item)
        return ERR_NOMEM;
    *item = (struct courier_item){.key = debt->key,
                                  .age_us = debt->age_us,
                                  .since_us = now_us,
                                  .size_bytes = debt->size_bytes,
                                  .class = debt->class};
    error = lookup_add(&courier->items, item);
    if (error) {
        free(item);
        return error;
    }
    courier_enter(courier, item, COURIER_QUEUED);
    return OK;
}

bool courier_end(struct courier *courier, uint64_t key)
{
    struct courier_item *item = lookup_remove(&courier->items, &key);

    if (!item)
        return false;
    courier_leave(courier, item);
    free(item);
    return true;
}

size_t courier_count(const struct courier *courier)
{
    return courier->items.count;
}

/* ---- what goes next ---- */

static struct courier_item *courier_head(const struct courier *courier, int class)
{
    const struct courier_heap *heap = &courier->queued[class];

    return heap->count > 0 ? heap->items[0] : NULL;
}

static struct courier_item *courier_choose(const struct courier *courier, int64_t now_us)
{
    struct courier_item *best = NULL;

    for (int i = 0; i < COURIER_CLASSES && !best; i++)
        best = courier_head(courier, i);
    if (!best || (courier->picks + 1) % COURIER_AGEING_TURN != 0)
        return best;
    for (int i = best->class + 1; i < COURIER_CLASSES; i++) {
        struct courier_item *head = courier_head(courier, i);
        if (head && now_us - head->since_us > COURIER_AGEING_US && head->since_us <= best->since_us)
            return head;
    }
    return best;
}

bool courier_next(struct courier *courier, int64_t now_us, uint64_t *ret_key)
{
    struct courier_item *item;

    if (courier->flying >= courier->window_messages)
        return false;
    item = courier_choose(courier, now_us);
    if (!item)
        return false;
    if (courier->flying > 0 && courier->flying_bytes + item->size_bytes > courier->window_bytes)
        return false;
    courier->picks++;
    courier_set(courier, item, COURIER_IN_FLIGHT, now_us);
    *ret_key = item->key;
    return true;
}

void courier_again(struct courier *courier, uint64_t key, int64_t now_us)
{
    struct courier_item *item = lookup_find(&courier->items, &key);

    if (item && item->state == COURIER_IN_FLIGHT)
        courier_set(courier, item, COURIER_QUEUED, now_us);
}

void courier_block(struct courier *courier, uint64_t key)
{
    struct courier_item *item = lookup_find(&courier->items, &key);

    if (item && item->state != COURIER_BLOCKED)
        courier_set(courier, item, COURIER_BLOCKED, item->since_us);
}

void courier_unblock(struct courier *courier, uint64_t key, int64_t now_us)
{
    struct courier_item *item = lookup_find(&courier->items, &key);

    if (item && item->state == COURIER_BLOCKED)
        courier_set(courier, item, COURIER_QUEUED, now_us);
}

void courier_unblock_all(struct courier *courier, int64_t now_us)
{
    struct courier_item *item;
    size_t at = 0;

    if (courier->blocked == 0)
        return;
    while ((item = lookup_next(&courier->items, &at)))
        if (item->state == COURIER_BLOCKED)
            courier_set(courier, item, COURIER_QUEUED, now_us);
}

void courier_lost(struct courier *courier, int64_t now_us)
{
    while (courier->oldest)
        courier_set(courier, courier->oldest, COURIER_QUEUED, now_us);
}

size_t courier_overdue(struct courier *courier, int64_t now_us)
{
    size_t count = 0;

    while (courier->oldest && now_us - courier->oldest->since_us > COURIER_OVERDUE_US) {
        courier_set(courier, courier->oldest, COURIER_QUEUED, now_us);
        count++;
    }
    return count;
}

void courier_clear(struct courier *courier)
{
    struct courier_item *item;
    size_t at = 0;

    while ((item = lookup_next(&courier->items, &at)))
        courier_end(courier, item->key);
}
