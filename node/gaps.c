/* gaps: which numbers of a sender were met. Never refuses anything. */
#include "node/gaps.h"

#include <stdlib.h>
#include <string.h>

void gaps_init(struct gaps *gaps)
{
    *gaps = (struct gaps){0};
}

void gaps_done(struct gaps *gaps)
{
    for (size_t i = 0; i < gaps->count; i++)
        free(gaps->sources[i].above);
    free(gaps->sources);
    gaps_init(gaps);
}

struct gap_source *gaps_find(const struct gaps *gaps, const char *sender, const struct key_uuid *store_id)
{
    for (size_t i = 0; i < gaps->count; i++) {
        if (key_uuid_equal(&gaps->sources[i].store_id, store_id) && strcmp(gaps->sources[i].sender, sender) == 0)
            return &gaps->sources[i];
    }
    return NULL;
}

int gaps_restore(struct gaps *gaps, const char *sender, const struct key_uuid *store_id, uint64_t upto)
{
    struct gap_source *sources = realloc(gaps->sources, (gaps->count + 1) * sizeof *sources);
    if (sources == NULL)
        return ERR_NOMEM;
    gaps->sources = sources;
    struct gap_source *source = &sources[gaps->count++];
    *source = (struct gap_source){.store_id = *store_id, .upto = upto};
    snprintf(source->sender, sizeof source->sender, "%s", sender);
    return OK;
}

/* Ascending, without doubles. False when it was there or there is no room. */
static bool note_above(struct gap_source *source, uint64_t number)
{
    size_t at = source->above_count;
    while (at > 0 && source->above[at - 1] > number)
        at--;
    if ((at > 0 && source->above[at - 1] == number) || source->above_count == GAPS_ABOVE_MAX)
        return false;
    uint64_t *above = realloc(source->above, (source->above_count + 1) * sizeof *above);
    if (above == NULL)
        return false;
    source->above = above;
    memmove(&above[at + 1], &above[at], (source->above_count - at) * sizeof *above);
    above[at] = number;
    source->above_count++;
    return true;
}

/* Numbers above that now follow without a hole. */
static void close_holes(struct gap_source *source)
{
    size_t closed = 0;
    source->asked_us = 0;
    source->asked = 0;
    while (closed < source->above_count && source->above[closed] == source->upto + 1) {
        source->upto++;
        closed++;
    }
    source->above_count -= closed;
    memmove(source->above, source->above + closed, source->above_count * sizeof *source->above);
    if (source->above_count == 0)
        source->since_us = 0;
}

bool gaps_meet(struct gaps *gaps, const char *sender, const struct key_uuid *store_id, uint64_t number, int64_t now_us)
{
    if (number == 0)
        return false;
    struct gap_source *source = gaps_find(gaps, sender, store_id);
    if (source == NULL)
        return gaps_restore(gaps, sender, store_id, number) == OK;
    if (number <= source->upto)
        return false;
    if (number == source->upto + 1) {
        source->upto = number;
        if (source->above_count > 0)
            close_holes(source);
        return true;
    }
    if (note_above(source, number) && source->since_us == 0)
        source->since_us = now_us;
    return false;
}

bool gaps_is_due(const struct gap_source *source, int64_t now_us)
{
    unsigned doubled = source->asked < 1 ? 0 : source->asked > GAP_DOUBLED ? GAP_DOUBLED : source->asked - 1;
    int64_t again_us = GAP_AFTER_US << doubled;
    return source->since_us != 0 && now_us - source->since_us > GAP_AFTER_US && now_us - source->asked_us > again_us;
}

void gaps_reported(struct gap_source *source, int64_t now_us)
{
    source->asked_us = now_us;
    source->asked++;
}

size_t gaps_missing(const struct gap_source *source, uint64_t *out, size_t cap)
{
    size_t count = 0;
    uint64_t next = source->upto + 1;
    for (size_t i = 0; i < source->above_count; i++) {
        for (; next < source->above[i] && count < cap; next++)
            out[count++] = next;
        next = source->above[i] + 1;
    }
    return count;
}
