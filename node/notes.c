/* notes: the table of handover notes and its records. Reads no text, and keeps no note beyond its time. */
#include "node/notes.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

void notes_init(struct notes *notes)
{
    notes->count = 0;
}

static void free_note(struct note *note)
{
    if (note->text.data != NULL)
        seal_wipe(note->text.data, note->text.capacity);
    buf_free(&note->text);
    free(note);
}

void notes_done(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free_note(notes->list[i]);
    notes->count = 0;
}

struct note *notes_find(const struct notes *notes, const char *digits, size_t *ret_count)
{
    struct note *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < notes->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(notes->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = notes->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

/* ---- at rest ---- */

/* The key of its own. No member has an empty id, so no case has this key; ids are random, so no draft has it. */
static struct envelope_case_key owner_of(const struct note *note)
{
    return envelope_case_key("", false, note->id.bytes);
}

static void save(struct vault *vault, struct note *note)
{
    Hotline__Node__NoteRecord record = HOTLINE__NODE__NOTE_RECORD__INIT;
    struct envelope_case_key owner = owner_of(note);
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, note->id.bytes, KEY_UUID_BYTES);
    WIRE_SET(&record, at_us, note->at_us);
    record.by = note->by;
    WIRE_SET_BYTES(&record, text, note->text.data, note->text.len);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    note->ticket = vault_put(vault, VAULT_NOTE, slice_of(note->id.bytes, KEY_UUID_BYTES), &owner, buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.capacity);
    buf_free(&bytes);
}

static int read_record(const Hotline__Node__NoteRecord *record, struct note *note)
{
    if (key_uuid_from(wire_slice(record->id), &note->id) != OK || record->text.len == 0)
        return ERR_CORRUPT;
    note->at_us = record->at_us;
    snprintf(note->by, sizeof note->by, "%s", wire_text(record->by));
    buf_add_slice(&note->text, wire_slice(record->text));
    return buf_broken(&note->text) ? ERR_NOMEM : OK;
}

int notes_load(struct notes *notes, struct slice bytes)
{
    Hotline__Node__NoteRecord *record = hotline__node__note_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    struct note *note = notes->count < LIMIT_NOTES ? calloc(1, sizeof *note) : NULL;
    int result = note != NULL ? OK : notes->count < LIMIT_NOTES ? ERR_NOMEM : ERR_CORRUPT;
    if (result == OK) {
        buf_init(&note->text);
        result = read_record(record, note);
    }
    if (result == OK)
        notes->list[notes->count++] = note;
    else if (note != NULL)
        free_note(note);
    if (record->text.data != NULL)
        seal_wipe(record->text.data, record->text.len);
    hotline__node__note_record__free_unpacked(record, NULL);
    return result;
}

static int by_age(const void *a, const void *b)
{
    const struct note *x = *(struct note *const *)a, *y = *(struct note *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

void notes_sort(struct notes *notes)
{
    if (notes->count > 1)
        qsort(notes->list, notes->count, sizeof notes->list[0], by_age);
}

/* ---- changes ---- */

int notes_add(struct notes *notes, struct vault *vault, const struct note *wish, struct err_note *why,
              struct note **ret_note)
{
    if (notes->count == LIMIT_NOTES)
        return err_set(why, ERR_LIMIT, "%d notes are kept here, the most there may be: delete some first", LIMIT_NOTES);
    struct note *note = calloc(1, sizeof *note);
    if (note == NULL)
        return ERR_NOMEM;
    buf_init(&note->text);
    buf_add_slice(&note->text, buf_slice(&wish->text));
    if (buf_broken(&note->text)) {
        free_note(note);
        return ERR_NOMEM;
    }
    seal_random(note->id.bytes, sizeof note->id.bytes);
    note->at_us = wish->at_us;
    snprintf(note->by, sizeof note->by, "%s", wish->by);
    notes->list[notes->count++] = note;
    save(vault, note);
    *ret_note = note;
    return OK;
}

uint64_t notes_erase(struct notes *notes, struct vault *vault, struct note *note)
{
    struct envelope_case_key owner = owner_of(note);
    size_t at = 0;
    while (notes->list[at] != note)
        at++;
    notes->count--;
    memmove(notes->list + at, notes->list + at + 1, (notes->count - at) * sizeof notes->list[0]);
    free_note(note);
    return vault_destroy_case(vault, &owner);
}

size_t notes_erase_due(struct notes *notes, struct vault *vault, int64_t life_us, int64_t now_us)
{
    size_t erased = 0;
    for (size_t i = 0; i < notes->count;) {
        if (notes->list[i]->at_us + life_us > now_us) {
            i++;
            continue;
        }
        notes_erase(notes, vault, notes->list[i]); /* the next one stands here now */
        erased++;
    }
    return erased;
}
