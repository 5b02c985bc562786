/* due: a binary heap with each object's place noted in the object. Never looks at a clock. */
#include "due.h"

#include <stdlib.h>

void dues_init(struct dues *dues, size_t offset)
{
    *dues = (struct dues){.offset = offset};
}

void dues_done(struct dues *dues)
{
    free(dues->all);
    *dues = (struct dues){.offset = dues->offset};
}

int dues_meet(struct dues *dues)
{
    if (dues->met == UINT32_MAX)
        return ERR_NOMEM; /* a place is 32 bits */
    if (dues->met == dues->capacity) {
        size_t capacity = dues->capacity ? 2 * dues->capacity : 64;
        struct due **all = realloc(dues->all, capacity * sizeof(*all));
        if (!all)
            return ERR_NOMEM;
        dues->all = all;
        dues->capacity = capacity;
    }
    dues->met++;
    return OK;
}

void dues_part(struct dues *dues, struct due *due)
{
    CHECK(dues->met > 0);
    dues_end(dues, due);
    dues->met--;
}

static void dues_put(struct dues *dues, size_t place, struct due *due)
{
    dues->all[place - 1] = due;
    due->place = (uint32_t)place;
}

/* Moves it towards the root, then towards the leaves, until its time fits. */
static void dues_settle(struct dues *dues, struct due *due)
{
    size_t place = due->place;

    for (; place > 1 && dues->all[place / 2 - 1]->at_us > due->at_us; place /= 2)
        dues_put(dues, place, dues->all[place / 2 - 1]);
    for (size_t child = 2 * place; child <= dues->count; child = 2 * place) {
        if (child < dues->count && dues->all[child]->at_us < dues->all[child - 1]->at_us)
            child++;
        if (dues->all[child - 1]->at_us >= due->at_us)
            break;
        dues_put(dues, place, dues->all[child - 1]);
        place = child;
    }
    dues_put(dues, place, due);
}

void dues_set(struct dues *dues, struct due *due, int64_t at_us)
{
    due->at_us = at_us;
    if (due->place == 0) {
        CHECK(dues->count < dues->met);
        dues_put(dues, ++dues->count, due);
    }
    dues_settle(dues, due);
}

void dues_end(struct dues *dues, struct due *due)
{
    struct due *last;
    uint32_t place = due->place;

    if (place == 0)
        return;
    CHECK(place <= dues->count && dues->all[place - 1] == due);
    due->place = 0;
    last = dues->all[--dues->count];
    if (last == due)
        return;
    dues_put(dues, place, last);
    dues_settle(dues, last);
}

void *dues_first(const struct dues *dues, int64_t now_us)
{
    if (dues->count == 0 || dues->all[0]->at_us > now_us)
        return NULL;
    return (char *)dues->all[0] - dues->offset;
}
