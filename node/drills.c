/* drills: the table of what is scheduled, its records, and what is due. Sends nothing. */
#include "node/drills.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

void drills_init(struct drills *drills)
{
    drills->count = 0;
}

void drills_done(struct drills *drills)
{
    for (size_t i = 0; i < drills->count; i++)
        free(drills->list[i]);
    drills->count = 0;
}

const char *drills_state_name(enum drill_state state)
{
    static const char *const names[DRILL_STATES] = {
        [DRILL_SCHEDULED] = "SCHEDULED", [DRILL_SENT] = "SENT", [DRILL_MISSED] = "MISSED", [DRILL_REFUSED] = "REFUSED"};
    return names[state];
}

struct drill *drills_find(const struct drills *drills, const char *digits, size_t *ret_count)
{
    struct drill *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < drills->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(drills->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = drills->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

struct drill *drills_of(const struct drills *drills, const struct key_uuid *draft)
{
    for (size_t i = 0; i < drills->count; i++)
        if (drills->list[i]->state == DRILL_SCHEDULED && key_uuid_equal(&drills->list[i]->draft, draft))
            return drills->list[i];
    return NULL;
}

struct drill *drills_due(const struct drills *drills, int64_t now_us, bool *ret_missed)
{
    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];
        if (drill->state != DRILL_SCHEDULED || drill->at_us > now_us)
            continue;
        *ret_missed = now_us - drill->at_us > DRILLS_LATE_US;
        return drill;
    }
    return NULL;
}

/* ---- at rest ---- */

uint64_t drills_save(struct vault *vault, struct drill *drill)
{
    Hotline__Node__DrillRecord record = HOTLINE__NODE__DRILL_RECORD__INIT;
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, drill->id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, draft, drill->draft.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, tag, drill->tag.bytes, KEY_UUID_BYTES);
    record.drill_id = drill->drill_id;
    WIRE_SET(&record, at_us, drill->at_us);
    record.by = drill->by;
    WIRE_SET(&record, kind, (uint32_t)drill->kind);
    WIRE_SET(&record, state, (uint32_t)drill->state);
    WIRE_SET(&record, picture, drill->picture);
    record.reference = drill->reference;
    record.why = drill->why;
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    drill->ticket = vault_put(vault, VAULT_DRILL, slice_of(drill->id.bytes, KEY_UUID_BYTES), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return drill->ticket;
}

static void copy(char *room, size_t size, const char *text)
{
    snprintf(room, size, "%s", wire_text(text));
}

static int read_record(const Hotline__Node__DrillRecord *record, struct drill *drill)
{
    if (key_uuid_from(wire_slice(record->id), &drill->id) != OK ||
        key_uuid_from(wire_slice(record->draft), &drill->draft) != OK ||
        key_uuid_from(wire_slice(record->tag), &drill->tag) != OK || record->state >= DRILL_STATES)
        return ERR_CORRUPT;
    drill->at_us = record->at_us;
    drill->kind = (enum caller_kind)record->kind;
    drill->picture = record->picture;
    drill->state = (enum drill_state)record->state;
    copy(drill->drill_id, sizeof drill->drill_id, record->drill_id);
    copy(drill->by, sizeof drill->by, record->by);
    copy(drill->reference, sizeof drill->reference, record->reference);
    copy(drill->why, sizeof drill->why, record->why);
    return OK;
}

int drills_load(struct drills *drills, struct slice bytes)
{
    Hotline__Node__DrillRecord *record = hotline__node__drill_record__unpack(NULL, bytes.len, bytes.data);
    struct drill *drill = record != NULL ? calloc(1, sizeof *drill) : NULL;
    int result = record == NULL || drills->count == LIMIT_DRILLS ? ERR_CORRUPT :
        drill == NULL                                            ? ERR_NOMEM :
                                                                   read_record(record, drill);
    if (result == OK)
        drills->list[drills->count++] = drill;
    else
        free(drill);
    if (record != NULL)
        hotline__node__drill_record__free_unpacked(record, NULL);
    return result;
}

static int by_time(const void *a, const void *b)
{
    const struct drill *x = *(struct drill *const *)a, *y = *(struct drill *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

void drills_sort(struct drills *drills)
{
    if (drills->count > 1)
        qsort(drills->list, drills->count, sizeof drills->list[0], by_time);
}

/* ---- changes ---- */

int drills_add(struct drills *drills, struct vault *vault, const struct drill *wish, struct err_note *note,
               struct drill **ret_drill)
{
    if (drills->count == LIMIT_DRILLS)
        return err_set(note, ERR_LIMIT, "%d drills are listed here, the most there may be: cancel some, or wait",
                       LIMIT_DRILLS);
    struct drill *drill = malloc(sizeof *drill);
    if (drill == NULL)
        return ERR_NOMEM;
    *drill = *wish;
    drill->state = DRILL_SCHEDULED;
    seal_random(drill->id.bytes, sizeof drill->id.bytes);
    drills->list[drills->count++] = drill;
    drills_sort(drills);
    drills_save(vault, drill);
    *ret_drill = drill;
    return OK;
}

uint64_t drills_remove(struct drills *drills, struct vault *vault, struct drill *drill)
{
    size_t at = 0;
    while (drills->list[at] != drill)
        at++;
    uint64_t ticket = vault_remove(vault, VAULT_DRILL, slice_of(drill->id.bytes, KEY_UUID_BYTES));
    drills->count--;
    memmove(drills->list + at, drills->list + at + 1, (drills->count - at) * sizeof drills->list[0]);
    free(drill);
    return ticket;
}

void drills_sweep(struct drills *drills, struct vault *vault, int64_t now_us)
{
    for (size_t i = drills->count; i-- > 0;)
        if (drills->list[i]->state != DRILL_SCHEDULED && drills->list[i]->at_us + DRILLS_KEPT_US < now_us)
            (void)drills_remove(drills, vault, drills->list[i]);
}
