/* node_load: the tables from the vault at start, and what people see of them: counts, warnings, pending senders. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"

/* --- loading: cases first, then items, then rows --- */

struct loading {
    struct node *node;
    struct item **items;
    size_t count, capacity;
};

static int load_case(void *ctx, struct slice bytes)
{
    return cases_load(&((struct node *)ctx)->cases, bytes);
}

static int load_item(void *ctx, struct slice bytes)
{
    struct loading *loading = ctx;
    if (loading->count == loading->capacity) {
        size_t capacity = loading->capacity ? 2 * loading->capacity : 256;
        struct item **items = realloc(loading->items, capacity * sizeof *items);
        if (items == NULL)
            return ERR_NOMEM;
        loading->items = items;
        loading->capacity = capacity;
    }
    wire_arena_clear(&loading->node->arena);
    int result = item_load(bytes, &loading->node->arena, &loading->items[loading->count]);
    if (result == OK)
        loading->count++;
    return result;
}

static int by_age(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

static int load_items(struct node *node, struct err_note *note)
{
    struct loading loading = {.node = node};
    int result = vault_each(node->vault, VAULT_ITEM, load_item, &loading, note);
    if (result == OK && loading.count > 1)
        qsort(loading.items, loading.count, sizeof loading.items[0], by_age);
    size_t kept = 0;
    for (; result == OK && kept < loading.count; kept++) {
        bool newest;
        result = node_keep(node, loading.items[kept], &newest);
    }
    for (size_t i = kept; i < loading.count; i++)
        item_free(loading.items[i]);
    free(loading.items);
    return result;
}

static void row_from(struct ladder_row *row, const Hotline__Node__LadderRecord *record)
{
    row->has_grant = record->box.len == ENVELOPE_GRANT_BOX_BYTES && record->nonce.len == sizeof row->grant.nonce &&
        key_id_from(wire_slice(record->key_id), &row->grant.key_id) == OK;
    if (row->has_grant) {
        memcpy(row->grant.box, record->box.data, sizeof row->grant.box);
        memcpy(row->grant.nonce, record->nonce.data, sizeof row->grant.nonce);
        snprintf(row->grant.member, sizeof row->grant.member, "%s", row->member);
        row->grant.sequence = record->sequence;
    }
    row->state = record->state < ITEM_STATES ? (int)record->state : 0;
    for (size_t i = 0; i < record->n_state_at_us && i < ITEM_STATES; i++)
        row->state_at_us[i] = record->state_at_us[i];
    row->decline = (int)record->decline;
    row->backup_until_us = record->backup_until_us;
    row->unreadable = (int)record->unreadable;
    row->alarmed = record->alarmed;
    row->photos = record->photos;
    row->photos_at_us = record->photos_at_us;
    row->heard_us = record->heard_us;
    row->late_grant = record->late_grant;
    buf_clear(&row->proof); /* of the row as it was packed */
    buf_add_slice(&row->proof, wire_slice(record->proof));
}

static int load_row_of(struct node *node, struct item *item, const Hotline__Node__LadderRecord *record)
{
    if (record->member == NULL || strlen(record->member) > LIMIT_ID_CHARS)
        return ERR_CORRUPT;
    struct ladder_row *row = item_row_add(item, record->member);
    if (row == NULL)
        return ERR_NOMEM;
    row_from(row, record);
    return row->has_grant ? node_number_given(node, row->member, row->grant.sequence) : OK;
}

static struct item *item_named(const struct node *node, ProtobufCBinaryData hash)
{
    return lookup_find(&node->items, hash.data);
}

static int load_row(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__LadderRecord *record = hotline__node__ladder_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int result = record->envelope_hash.len == KEY_HASH_BYTES ? OK : ERR_CORRUPT;
    struct item *item = result == OK ? item_named(node, record->envelope_hash) : NULL;
    if (item != NULL)
        result = load_row_of(node, item, record);
    hotline__node__ladder_record__free_unpacked(record, NULL);
    return result;
}

/* One by one, as before version 2 of the schema. */
static int load_row_apart(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    int result = load_row(ctx, bytes);
    Hotline__Node__LadderRecord *record =
        result == OK ? hotline__node__ladder_record__unpack(NULL, bytes.len, bytes.data) : NULL;
    struct item *item = record != NULL ? item_named(node, record->envelope_hash) : NULL;
    if (item != NULL)
        item->rows_apart = true;
    if (record != NULL)
        hotline__node__ladder_record__free_unpacked(record, NULL);
    return result;
}

static int load_rows(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__RowsRecord *record = hotline__node__rows_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int result = record->envelope_hash.len == KEY_HASH_BYTES ? OK : ERR_CORRUPT;
    struct item *item = result == OK ? item_named(node, record->envelope_hash) : NULL;
    for (size_t i = 0; item != NULL && result == OK && i < record->n_rows; i++)
        result = load_row_of(node, item, record->rows[i]);
    hotline__node__rows_record__free_unpacked(record, NULL);
    return result;
}

void node_unite_rows(struct node *node)
{
    for (size_t i = 0; i < node->sent_count; i++) {
        if (node->sent[i]->rows_apart)
            item_unite_rows(node->vault, node->sent[i]);
        node->sent[i]->rows_apart = false;
    }
}

static int load_relay(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__RelayRecord *record = hotline__node__relay_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int result = record->relay && record->envelope_hash.len == KEY_HASH_BYTES ? OK : ERR_CORRUPT;
    struct item *item = result == OK ? lookup_find(&node->items, record->envelope_hash.data) : NULL;
    struct item_relay *relay = item ? item_relay_add(item, record->relay) : NULL;
    if (relay != NULL) {
        relay->state = record->accepted ? ITEM_ACCEPTED : record->refused ? ITEM_REFUSED : ITEM_WAITING;
        relay->at_us = record->at_us;
        relay->refused = (int)record->refused;
        snprintf(relay->reason, sizeof relay->reason, "%s", wire_text(record->reason));
        /* Each relay's record holds what was known of all of them when it answered: the longest is the newest. */
        for (size_t i = item->left_out_count; i < record->n_left_out && i < 8; i++)
            snprintf(item->left_out[item->left_out_count++], sizeof item->left_out[0], "%s", record->left_out[i]);
    }
    hotline__node__relay_record__free_unpacked(record, NULL);
    return result;
}

static int load_blob(void *ctx, struct slice bytes)
{
    return node_blob_load(ctx, bytes);
}

static int load_seen(void *ctx, struct slice bytes)
{
    return node_load_seen(ctx, bytes);
}

static int load_owed(void *ctx, struct slice bytes)
{
    return node_load_owed(ctx, bytes);
}

static int load_sequence(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__SequenceRecord *record = hotline__node__sequence_record__unpack(NULL, bytes.len, bytes.data);
    struct sequence *sequence = calloc(1, sizeof *sequence);
    int result = record == NULL ? ERR_CORRUPT : sequence == NULL ? ERR_NOMEM : OK;
    if (result == OK && (record->member == NULL || strlen(record->member) > LIMIT_ID_CHARS))
        result = ERR_CORRUPT;
    if (result == OK) {
        memcpy(sequence->member, record->member, strlen(record->member));
        sequence->last = sequence->saved = record->last;
        result = lookup_add(&node->sequences, sequence);
    }
    if (result != OK)
        free(sequence);
    if (record != NULL)
        hotline__node__sequence_record__free_unpacked(record, NULL);
    return result;
}

static int load_reference(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__ReferenceRecord *record = hotline__node__reference_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    if (record->year >= node->reference_year) {
        node->reference_year = record->year;
        node->reference_last = record->last;
    }
    hotline__node__reference_record__free_unpacked(record, NULL);
    return OK;
}

static int load_backup(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__BackupRecord *record = hotline__node__backup_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    node->backup_us = record->at_us;
    hotline__node__backup_record__free_unpacked(record, NULL);
    return OK;
}

static int load_draft(void *ctx, struct slice bytes)
{
    return drafts_load(&((struct node *)ctx)->drafts, bytes);
}

static int load_note(void *ctx, struct slice bytes)
{
    return notes_load(&((struct node *)ctx)->notes, bytes);
}

static int load_poster(void *ctx, struct slice bytes)
{
    return posters_load(&((struct node *)ctx)->posters, bytes);
}

static int load_drill(void *ctx, struct slice bytes)
{
    return drills_load(&((struct node *)ctx)->drills, bytes);
}

static int load_hook(void *ctx, struct slice bytes)
{
    return hooks_load(&((struct node *)ctx)->hooks, bytes);
}

static int load_dispatch(void *ctx, struct slice bytes)
{
    return dispatches_load(&((struct node *)ctx)->dispatches, bytes);
}

static int load_user(void *ctx, struct slice bytes)
{
    return accounts_load_user(&((struct node *)ctx)->accounts, bytes);
}

static int load_token(void *ctx, struct slice bytes)
{
    return accounts_load_token(&((struct node *)ctx)->accounts, bytes);
}

static int load_session(void *ctx, struct slice bytes)
{
    return sessions_load(&((struct node *)ctx)->sessions, bytes);
}

static int load_audit(void *ctx, struct slice bytes)
{
    return audit_load(&((struct node *)ctx)->audit, bytes);
}

static int load_journal(void *ctx, struct slice bytes)
{
    return journal_load(&((struct node *)ctx)->journal, bytes);
}

static int load_journal_head(void *ctx, struct slice bytes)
{
    return journal_load_head(&((struct node *)ctx)->journal, bytes);
}

static int load_evidence(void *ctx, struct slice bytes)
{
    return evidence_load(&((struct node *)ctx)->evidence, bytes);
}

static int load_gap(void *ctx, struct slice bytes)
{
    return node_load_gap(ctx, bytes);
}

static int load_idempotency(void *ctx, struct slice bytes)
{
    struct node *node = ctx;
    Hotline__Node__IdempotencyRecord *record = hotline__node__idempotency_record__unpack(NULL, bytes.len, bytes.data);
    struct node_idempotency *entry = calloc(1, sizeof *entry);
    int result = record == NULL ? ERR_CORRUPT : entry == NULL ? ERR_NOMEM : OK;
    if (result == OK && (record->key == NULL || strlen(record->key) >= sizeof entry->key))
        result = ERR_CORRUPT;
    if (result == OK) {
        memcpy(entry->key, record->key, strlen(record->key));
        entry->status = record->status;
        entry->until_us = record->until_us;
        snprintf(entry->location, sizeof entry->location, "%s", wire_text(record->location));
        snprintf(entry->of, sizeof entry->of, "%s", wire_text(record->of));
        result = key_hash_from(wire_slice(record->request_hash), &entry->request_hash);
    }
    if (result == OK)
        result = lookup_add(&node->idempotency, entry);
    if (result != OK)
        free(entry);
    if (record != NULL)
        hotline__node__idempotency_record__free_unpacked(record, NULL);
    return result;
}

static int by_change(const void *a, const void *b)
{
    const struct case_entry *x = *(struct case_entry *const *)a, *y = *(struct case_entry *const *)b;
    return x->changed_us < y->changed_us ? -1 : x->changed_us > y->changed_us;
}

/* What is told of a case beside its rows, and the order in which the cases changed last. */
static void settle_cases(struct node *node)
{
    struct cases *cases = &node->cases;
    for (size_t i = 0; i < cases->count; i++) {
        struct case_entry *entry = cases->order[i];
        struct item *last = cases_last(entry);
        entry->mine = strcmp(entry->opener, node->keys->id) == 0;
        /* Erased when no revision but spared ones is left under its tombstone. */
        entry->erased = entry->tombstone != NULL &&
            (last != NULL ? last->header->revision <= entry->tombstone->revision : entry->thread_count == 0);
        if (entry->erased && last != NULL)
            last->spared = true;
    }
    if (cases->count > 1)
        qsort(cases->order, cases->count, sizeof cases->order[0], by_change);
    for (size_t i = 0; i < cases->count; i++)
        cases->order[i]->changed = ++cases->last_change;
}

/* Every table: cases, then items, then what names either. */
static int load_tables(struct node *node, struct err_note *note)
{
    static const struct {
        enum vault_space space;
        vault_row each;
    } tables[] = {{VAULT_SEQUENCE, load_sequence},
                  {VAULT_LADDER, load_row_apart},
                  {VAULT_ROWS, load_rows},
                  {VAULT_ROW, load_row},
                  {VAULT_RELAY, load_relay},
                  {VAULT_SEEN, load_seen},
                  {VAULT_OWED, load_owed},
                  {VAULT_REFERENCE, load_reference},
                  {VAULT_IDEMPOTENCY, load_idempotency},
                  {VAULT_BLOB, load_blob},
                  {VAULT_BACKUP, load_backup},
                  {VAULT_EVIDENCE, load_evidence},
                  {VAULT_GAP, load_gap},
                  {VAULT_DRAFT, load_draft},
                  {VAULT_HOOK, load_hook},
                  {VAULT_DISPATCH, load_dispatch},
                  {VAULT_USER, load_user},
                  {VAULT_TOKEN, load_token},
                  {VAULT_SESSION, load_session},
                  {VAULT_AUDIT_HEAD, load_audit},
                  {VAULT_NOTE, load_note},
                  {VAULT_POSTER, load_poster},
                  {VAULT_DRILL, load_drill},
                  {VAULT_JOURNAL, load_journal},
                  {VAULT_JOURNAL_HEAD, load_journal_head}};
    int result = vault_each(node->vault, VAULT_CASE, load_case, node, note);
    if (result == OK)
        result = load_items(node, note);
    for (size_t i = 0; result == OK && i < sizeof tables / sizeof tables[0]; i++)
        result = vault_each(node->vault, tables[i].space, tables[i].each, node, note);
    return result;
}

int node_load(struct node *node, struct err_note *note)
{
    int result = load_tables(node, note);
    if (result != OK)
        return result;
    dispatches_sort(&node->dispatches);
    notes_sort(&node->notes);
    posters_sort(&node->posters);
    drills_sort(&node->drills);
    journal_begin(&node->journal, vault_is_fresh(node->vault), node->now_us);
    size_t at = 0;
    for (const struct item *item; (item = lookup_next(&node->items, &at)) != NULL;) {
        if (!item->mine)
            node_meet_loaded(node, item, node->now_us);
    }
    settle_cases(node);
    return OK;
}

/* --- small records --- */

static void put_small(struct node *node, enum vault_space space, struct slice key, const ProtobufCMessage *record)
{
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(record, &bytes);
    CHECK(!buf_broken(&bytes));
    vault_put(node->vault, space, key, NULL, buf_slice(&bytes));
    buf_free(&bytes);
}

void node_save_sequence(struct node *node, const struct sequence *sequence)
{
    Hotline__Node__SequenceRecord record = HOTLINE__NODE__SEQUENCE_RECORD__INIT;
    char member[LIMIT_ID_CHARS + 1];
    snprintf(member, sizeof member, "%.*s", LIMIT_ID_CHARS, sequence->member);
    record.member = member;
    WIRE_SET(&record, last, sequence->last);
    put_small(node, VAULT_SEQUENCE, slice_text(member), &record.base);
}

void node_save_reference(struct node *node)
{
    Hotline__Node__ReferenceRecord record = HOTLINE__NODE__REFERENCE_RECORD__INIT;
    WIRE_SET(&record, year, node->reference_year);
    WIRE_SET(&record, last, node->reference_last);
    put_small(node, VAULT_REFERENCE, slice_text("reference"), &record.base);
}

const struct node_idempotency *node_idempotency_find(const struct node *node, const char *key, int64_t now_us)
{
    char padded[sizeof((struct node_idempotency *)0)->key] = {0};
    if (strlen(key) >= sizeof padded)
        return NULL;
    memcpy(padded, key, strlen(key));
    const struct node_idempotency *entry = lookup_find(&node->idempotency, padded);
    return entry != NULL && entry->until_us > now_us ? entry : NULL;
}

int node_idempotency_put(struct node *node, const struct node_idempotency *from)
{
    Hotline__Node__IdempotencyRecord record = HOTLINE__NODE__IDEMPOTENCY_RECORD__INIT;
    struct node_idempotency *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return ERR_NOMEM;
    *entry = *from;
    memset(entry->key, 0, sizeof entry->key);
    memcpy(entry->key, from->key, strlen(from->key));
    free(lookup_remove(&node->idempotency, entry->key));
    if (lookup_add(&node->idempotency, entry) != OK) {
        free(entry);
        return ERR_NOMEM;
    }
    record.key = entry->key;
    record.location = entry->location;
    record.of = entry->of;
    WIRE_SET(&record, status, entry->status);
    WIRE_SET(&record, until_us, entry->until_us);
    WIRE_SET_BYTES(&record, request_hash, entry->request_hash.bytes, KEY_HASH_BYTES);
    entry->ticket = vault_ticket(node->vault);
    put_small(node, VAULT_IDEMPOTENCY, slice_text(entry->key), &record.base);
    return OK;
}
