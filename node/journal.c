/* journal: the log of events. Must never keep an event of a case whose key is gone, tell one before its commit, or give
 * a number twice. */
#include "node/journal.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/clock.h"
#include "proto/seal.h"
#include "proto/wire.h"

#define HEAD_KEY "head"
#define RESERVED_AHEAD 1000 /* numbers: so seldom is the head written */
#define DROPPED_AT_ONCE 256 /* so many beyond JOURNAL_KEPT are let to gather */
#define GATHERED 64         /* so far apart may events of a turn be that share a record */

void journal_init(struct journal *journal)
{
    *journal = (struct journal){.next = 1, .begun = 1};
}

static void wipe(struct journal_row *row)
{
    if (row->text != NULL)
        seal_wipe(row->text, strlen(row->text));
    free(row->text);
    row->text = NULL;
}

void journal_done(struct journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        wipe(&journal->rows[i]);
    free(journal->rows);
}

/* ---- rows ---- */

/* What is not kept any more leaves no place. */
static void compact(struct journal *journal)
{
    size_t kept = 0, written = 0;
    for (size_t i = 0; i < journal->count; i++) {
        if (i == journal->written)
            written = kept;
        if (journal->rows[i].text != NULL)
            journal->rows[kept++] = journal->rows[i];
    }
    journal->written = journal->written == journal->count ? kept : written;
    journal->count = kept;
    journal->first = 0;
}

static int make_room(struct journal *journal)
{
    if (journal->count < journal->capacity)
        return OK;
    compact(journal);
    if (journal->count < journal->capacity - journal->capacity / 8)
        return OK;
    size_t capacity = journal->capacity > 0 ? 2 * journal->capacity : 64;
    struct journal_row *rows = realloc(journal->rows, capacity * sizeof *rows);
    if (rows == NULL)
        return journal->count < journal->capacity ? OK : ERR_NOMEM;
    journal->rows = rows;
    journal->capacity = capacity;
    return OK;
}

/* The first row from this number on. */
static size_t place_of(const struct journal *journal, uint64_t id)
{
    size_t low = journal->first, high = journal->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->rows[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct journal_row *journal_find(const struct journal *journal, uint64_t id)
{
    size_t at = place_of(journal, id);
    return at < journal->count && journal->rows[at].id == id && journal->rows[at].text != NULL ? &journal->rows[at] :
                                                                                                 NULL;
}

const struct journal_row *journal_after(const struct journal *journal, uint64_t after)
{
    if (after >= journal->told)
        return NULL;
    for (size_t i = place_of(journal, after + 1); i < journal->count && journal->rows[i].id <= journal->told; i++)
        if (journal->rows[i].text != NULL)
            return &journal->rows[i];
    return NULL;
}

bool journal_is_gap(const struct journal *journal, uint64_t after)
{
    return after > journal->told || after + 1 < journal->floor ||
        (after >= journal->holes && after + 1 < journal->begun);
}

void journal_tell(struct journal *journal, uint64_t id)
{
    if (id > journal->told)
        journal->told = id;
}

/* ---- at rest ---- */

static void pack_head(const struct journal *journal, struct buf *bytes)
{
    Hotline__Node__JournalHeadRecord record = HOTLINE__NODE__JOURNAL_HEAD_RECORD__INIT;
    WIRE_SET(&record, reserved, journal->reserved);
    WIRE_SET(&record, floor, journal->floor);
    buf_init(bytes);
    wire_pack(&record.base, bytes);
    CHECK(!buf_broken(bytes));
}

static uint64_t reserve(struct journal *journal, struct vault *vault)
{
    struct buf bytes;
    journal->reserved = journal->next + RESERVED_AHEAD;
    pack_head(journal, &bytes);
    uint64_t ticket = vault_put(vault, VAULT_JOURNAL_HEAD, slice_text(HEAD_KEY), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return ticket;
}

static bool shares(const struct journal_row *a, const struct journal_row *b)
{
    return a->has_case == b->has_case && a->owned == b->owned &&
        (!a->has_case || memcmp(&a->case_key, &b->case_key, sizeof a->case_key) == 0);
}

/* The row and those near after it that are about the same case. */
static void write_record(struct journal *journal, struct vault *vault, size_t from)
{
    struct journal_row *first = &journal->rows[from];
    Hotline__Node__JournalRecord record = HOTLINE__NODE__JOURNAL_RECORD__INIT;
    Hotline__Node__JournalRow rows[GATHERED], *list[GATHERED];
    struct vault_number_key key = vault_number_key(first->id);
    for (size_t i = from; i < journal->count && i < from + GATHERED; i++) {
        struct journal_row *row = &journal->rows[i];
        if (row->is_state || row->text == NULL || row->record != 0 || !shares(first, row))
            continue;
        row->record = first->id;
        list[record.n_rows] = &rows[record.n_rows];
        rows[record.n_rows] = (Hotline__Node__JournalRow)HOTLINE__NODE__JOURNAL_ROW__INIT;
        WIRE_SET(&rows[record.n_rows], id, row->id);
        WIRE_SET(&rows[record.n_rows], at_us, row->at_us);
        rows[record.n_rows++].text = row->text;
    }
    record.rows = list;
    if (first->has_case)
        WIRE_SET_BYTES(&record, of_case, first->case_key.bytes, ENVELOPE_CASE_KEY_BYTES);
    WIRE_SET(&record, owned, first->owned);
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    (void)vault_put(vault, VAULT_JOURNAL, slice_of(key.bytes, sizeof key.bytes), first->owned ? &first->case_key : NULL,
                    buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.len);
    buf_free(&bytes);
}

void journal_write(struct journal *journal, struct vault *vault)
{
    for (; journal->written < journal->count; journal->written++) {
        const struct journal_row *row = &journal->rows[journal->written];
        if (!row->is_state && row->text != NULL && row->record == 0)
            write_record(journal, vault, journal->written);
    }
}

/* ---- adding ---- */

/* Of each source the newest counts: whoever comes back is told of that one alone. */
static void replace_state(struct journal *journal, const char *source, uint64_t id)
{
    size_t at = 0;
    while (at < journal->state_count && strcmp(journal->states[at].source, source) != 0)
        at++;
    if (at == JOURNAL_SOURCES) /* relays of earlier rosters fill it: the first one's place is taken */
        at = 0;
    if (at == journal->state_count)
        journal->state_count++;
    else if (journal_find(journal, journal->states[at].id) != NULL)
        wipe(&journal->rows[place_of(journal, journal->states[at].id)]);
    snprintf(journal->states[at].source, sizeof journal->states[at].source, "%s", source);
    journal->states[at].id = id;
}

/* Those before `end` go; records of which all have gone are removed, and the head says from where on all is kept. */
static void drop(struct journal *journal, struct vault *vault, size_t end)
{
    struct buf head;
    for (size_t i = journal->first; i < end; i++) {
        struct journal_row *row = &journal->rows[i];
        bool more = false;
        for (size_t j = i + 1; j < journal->count && j < i + GATHERED && !more; j++)
            more = row->record != 0 && journal->rows[j].record == row->record && journal->rows[j].text != NULL;
        if (row->text != NULL && row->record != 0 && !more) {
            struct vault_number_key key = vault_number_key(row->record);
            vault_forget(vault, VAULT_JOURNAL, slice_of(key.bytes, sizeof key.bytes));
        }
        if (!row->is_state && row->text != NULL) {
            journal->live--;
            journal->floor = row->id + 1;
        }
        wipe(row);
    }
    journal->first = end;
    pack_head(journal, &head);
    vault_note(vault, VAULT_JOURNAL_HEAD, slice_text(HEAD_KEY), buf_slice(&head));
    buf_free(&head);
}

static void drop_beyond(struct journal *journal, struct vault *vault, size_t kept)
{
    size_t over = journal->live - kept, end = journal->first;
    for (; over > 0 && end < journal->written; end++)
        over -= !journal->rows[end].is_state && journal->rows[end].text != NULL;
    if (end > journal->first)
        drop(journal, vault, end);
}

uint64_t journal_add(struct journal *journal, struct vault *vault, const struct journal_new *added,
                     uint64_t *ret_ticket)
{
    uint64_t id = journal->next++;
    CHECK(make_room(journal) == OK); /* memory is ahead of the disk: no way back but a restart */
    struct journal_row *row = &journal->rows[journal->count++];
    *row = (struct journal_row){.id = id, .at_us = added->at_us, .is_state = added->source != NULL};
    row->text = strdup(added->text);
    CHECK(row->text != NULL);
    if (added->case_key != NULL) {
        row->has_case = true;
        row->owned = !added->erased;
        row->case_key = *added->case_key;
    }
    if (row->is_state)
        replace_state(journal, added->source, id);
    else
        journal->live++;
    if (id + RESERVED_AHEAD / 2 > journal->reserved)
        *ret_ticket = reserve(journal, vault);
    else if (added->source == NULL)
        *ret_ticket = vault_ticket(vault);
    if (journal->live > JOURNAL_KEPT + DROPPED_AT_ONCE)
        drop_beyond(journal, vault, JOURNAL_KEPT);
    return id;
}

/* ---- forgetting ---- */

void journal_forget(struct journal *journal, struct vault *vault, const struct envelope_case_key *case_key)
{
    for (size_t i = journal->first; i < journal->count; i++) {
        struct journal_row *row = &journal->rows[i];
        if (row->text == NULL || !row->has_case || memcmp(&row->case_key, case_key, sizeof *case_key) != 0)
            continue;
        if (row->record != 0 && !row->owned) {
            struct vault_number_key key = vault_number_key(row->record);
            (void)vault_remove(vault, VAULT_JOURNAL, slice_of(key.bytes, sizeof key.bytes));
        }
        journal->live -= !row->is_state;
        wipe(row);
    }
}

void journal_sweep(struct journal *journal, struct vault *vault, int64_t now_us)
{
    size_t end = journal->first;
    while (end < journal->written && now_us - journal->rows[end].at_us > JOURNAL_LIFE_US)
        end++;
    if (end > journal->first)
        drop(journal, vault, end);
}

/* ---- the start ---- */

static int add_loaded(struct journal *journal, const Hotline__Node__JournalRecord *record,
                      const Hotline__Node__JournalRow *loaded)
{
    int error = loaded->text == NULL || loaded->id == 0 ? ERR_CORRUPT : make_room(journal);
    if (error != OK)
        return error;
    struct journal_row row = {.id = loaded->id,
                              .record = record->rows[0]->id,
                              .at_us = loaded->at_us,
                              .has_case = record->has_of_case,
                              .owned = record->owned};
    if (record->has_of_case)
        memcpy(row.case_key.bytes, record->of_case.data, ENVELOPE_CASE_KEY_BYTES);
    row.text = strdup(loaded->text);
    if (row.text == NULL)
        return ERR_NOMEM;
    journal->rows[journal->count++] = row;
    journal->live++;
    return OK;
}

int journal_load(struct journal *journal, struct slice bytes)
{
    Hotline__Node__JournalRecord *record = hotline__node__journal_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    bool whole = record->n_rows > 0 && (!record->has_of_case || record->of_case.len == ENVELOPE_CASE_KEY_BYTES) &&
        (record->has_of_case || !record->owned);
    int error = whole ? OK : ERR_CORRUPT;
    for (size_t i = 0; error == OK && i < record->n_rows; i++)
        error = add_loaded(journal, record, record->rows[i]);
    hotline__node__journal_record__free_unpacked(record, NULL);
    return error;
}

int journal_load_head(struct journal *journal, struct slice bytes)
{
    Hotline__Node__JournalHeadRecord *record = hotline__node__journal_head_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    journal->reserved = record->reserved;
    journal->floor = record->floor;
    hotline__node__journal_head_record__free_unpacked(record, NULL);
    return OK;
}

static int by_number(const void *a, const void *b)
{
    const struct journal_row *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

void journal_begin(struct journal *journal, bool fresh, int64_t now_us)
{
    uint64_t clock = now_us > 0 ? (uint64_t)(now_us / CLOCK_MS_US) : 0;
    if (journal->count > 1)
        qsort(journal->rows, journal->count, sizeof journal->rows[0], by_number);
    uint64_t after_all = journal->count > 0 ? journal->rows[journal->count - 1].id + 1 : 1;
    journal->holes = journal->reserved > after_all ? journal->reserved : after_all;
    journal->begun = journal->next = journal->holes > clock + 1 ? journal->holes : clock + 1;
    journal->told = journal->begun - 1;
    if (fresh)
        journal->floor = journal->begun;
    journal->written = journal->count;
    for (size_t i = 0; i < journal->count && journal->rows[i].id < journal->floor; i++) { /* of records that go on */
        wipe(&journal->rows[i]);
        journal->live--;
    }
}
