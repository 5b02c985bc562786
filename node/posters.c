/* posters: the table of registered posters and its records. Knows no case. */
#include "node/posters.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

void posters_init(struct posters *posters)
{
    *posters = (struct posters){.count = 0};
}

void posters_done(struct posters *posters)
{
    for (size_t i = 0; i < posters->count; i++)
        free(posters->list[i]);
    free(posters->list);
    posters_init(posters);
}

static bool is_of(const struct poster *poster, const struct envelope_case_key *case_key)
{
    return memcmp(poster->case_key.bytes, case_key->bytes, sizeof case_key->bytes) == 0;
}

struct poster *posters_find(const struct posters *posters, const struct envelope_case_key *case_key, const char *digits,
                            size_t *ret_count)
{
    struct poster *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < posters->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        if (!is_of(posters->list[i], case_key))
            continue;
        buf_hex(slice_of(posters->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = posters->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

/* ---- at rest ---- */

uint64_t posters_save(struct vault *vault, struct poster *poster)
{
    Hotline__Node__PosterRecord record = HOTLINE__NODE__POSTER_RECORD__INIT;
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, poster->id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, of_case, poster->case_key.bytes, sizeof poster->case_key.bytes);
    record.language = poster->language;
    WIRE_SET(&record, square, poster->square);
    WIRE_SET(&record, at_us, poster->at_us);
    record.by = poster->by;
    WIRE_SET(&record, told, poster->told);
    if (poster->withdrawn_at_us != 0) {
        WIRE_SET(&record, withdrawn_at_us, poster->withdrawn_at_us);
        record.withdrawn_by = poster->withdrawn_by;
    }
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    poster->ticket =
        vault_put(vault, VAULT_POSTER, slice_of(poster->id.bytes, KEY_UUID_BYTES), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return poster->ticket;
}

/* ERR_NOMEM; the poster is the list's on success. */
static int keep(struct posters *posters, struct poster *poster)
{
    if (posters->count == posters->capacity) {
        size_t capacity = posters->capacity != 0 ? 2 * posters->capacity : 16;
        struct poster **list = realloc(posters->list, capacity * sizeof *list);
        if (list == NULL)
            return ERR_NOMEM;
        posters->list = list;
        posters->capacity = capacity;
    }
    posters->list[posters->count++] = poster;
    return OK;
}

static int read_record(const Hotline__Node__PosterRecord *record, struct poster *poster)
{
    if (key_uuid_from(wire_slice(record->id), &poster->id) != OK ||
        record->of_case.len != sizeof poster->case_key.bytes || record->language == NULL)
        return ERR_CORRUPT;
    memcpy(poster->case_key.bytes, record->of_case.data, sizeof poster->case_key.bytes);
    snprintf(poster->language, sizeof poster->language, "%s", record->language);
    snprintf(poster->by, sizeof poster->by, "%s", wire_text(record->by));
    snprintf(poster->withdrawn_by, sizeof poster->withdrawn_by, "%s", wire_text(record->withdrawn_by));
    poster->square = record->square;
    poster->at_us = record->at_us;
    poster->withdrawn_at_us = record->withdrawn_at_us;
    poster->told = record->told;
    return OK;
}

int posters_load(struct posters *posters, struct slice bytes)
{
    Hotline__Node__PosterRecord *record = hotline__node__poster_record__unpack(NULL, bytes.len, bytes.data);
    struct poster *poster = record != NULL ? calloc(1, sizeof *poster) : NULL;
    int result = record == NULL ? ERR_CORRUPT : poster == NULL ? ERR_NOMEM : read_record(record, poster);
    if (result == OK)
        result = keep(posters, poster);
    if (result != OK)
        free(poster);
    if (record != NULL)
        hotline__node__poster_record__free_unpacked(record, NULL);
    return result;
}

static int by_age(const void *a, const void *b)
{
    const struct poster *x = *(struct poster *const *)a, *y = *(struct poster *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

void posters_sort(struct posters *posters)
{
    if (posters->count > 1)
        qsort(posters->list, posters->count, sizeof(struct poster *), by_age);
}

/* ---- changes ---- */

int posters_add(struct posters *posters, struct vault *vault, const struct poster *wish, struct err_note *note,
                struct poster **ret_poster)
{
    if (posters->count >= LIMIT_POSTERS)
        return err_set(note, ERR_LIMIT,
                       "%d posters are registered here, the most there may be: mark those that were "
                       "taken down",
                       LIMIT_POSTERS);
    struct poster *poster = malloc(sizeof *poster);
    if (poster == NULL)
        return ERR_NOMEM;
    *poster = *wish;
    seal_random(poster->id.bytes, sizeof poster->id.bytes);
    if (keep(posters, poster) != OK) {
        free(poster);
        return ERR_NOMEM;
    }
    posters_save(vault, poster);
    *ret_poster = poster;
    return OK;
}

size_t posters_sweep(struct posters *posters, struct vault *vault, int64_t now_us)
{
    size_t kept = 0, count = posters->count;
    for (size_t i = 0; i < count; i++) {
        struct poster *poster = posters->list[i];
        if (poster->withdrawn_at_us == 0 || poster->withdrawn_at_us + LIMIT_AFTERLIFE_US > now_us) {
            posters->list[kept++] = poster;
            continue;
        }
        vault_remove(vault, VAULT_POSTER, slice_of(poster->id.bytes, KEY_UUID_BYTES));
        free(poster);
    }
    posters->count = kept;
    return count - kept;
}
