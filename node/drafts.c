/* drafts: the table of drafts and its records. Reads no document, sends nothing, and keeps no draft beyond its time. */
#include "node/drafts.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

void drafts_init(struct drafts *drafts)
{
    drafts->count = 0;
}

static void clear_document(struct draft *draft)
{
    if (draft->document.data != NULL)
        seal_wipe(draft->document.data, draft->document.capacity);
    buf_free(&draft->document);
}

static void free_draft(struct draft *draft)
{
    clear_document(draft);
    free(draft);
}

void drafts_done(struct drafts *drafts)
{
    for (size_t i = 0; i < drafts->count; i++)
        free_draft(drafts->list[i]);
    drafts->count = 0;
}

struct draft *drafts_find(const struct drafts *drafts, const char *digits, size_t *ret_count)
{
    struct draft *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < drafts->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(drafts->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = drafts->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

/* --- at rest --- */

/* The key of its own. No member has an empty id, so no case has this key. */
static struct envelope_case_key owner_of(const struct draft *draft)
{
    return envelope_case_key("", false, draft->id.bytes);
}

static uint64_t save(struct vault *vault, struct draft *draft)
{
    Hotline__Node__DraftRecord record = HOTLINE__NODE__DRAFT_RECORD__INIT;
    struct envelope_case_key owner = owner_of(draft);
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, draft->id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, tag, draft->tag.bytes, KEY_UUID_BYTES);
    WIRE_SET(&record, created_at_us, draft->created_at_us);
    WIRE_SET(&record, changed_at_us, draft->changed_at_us);
    record.created_by = draft->created_by;
    record.changed_by = draft->changed_by;
    record.author = draft->author;
    if (draft->approved_by[0] != '\0') {
        record.approved_by = draft->approved_by;
        WIRE_SET(&record, approved_at_us, draft->approved_at_us);
        WIRE_SET_BYTES(&record, approved_tag, draft->tag.bytes, KEY_UUID_BYTES);
    }
    WIRE_SET_BYTES(&record, document, draft->document.data, draft->document.len);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    draft->ticket = vault_put(vault, VAULT_DRAFT, slice_of(draft->id.bytes, KEY_UUID_BYTES), &owner, buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.capacity);
    buf_free(&bytes);
    return draft->ticket;
}

static int read_record(const Hotline__Node__DraftRecord *record, struct draft *draft)
{
    int result = key_uuid_from(wire_slice(record->id), &draft->id);
    if (result == OK)
        result = key_uuid_from(wire_slice(record->tag), &draft->tag);
    if (result != OK || record->document.len == 0)
        return ERR_CORRUPT;
    draft->created_at_us = record->created_at_us;
    draft->changed_at_us = record->changed_at_us;
    snprintf(draft->created_by, sizeof draft->created_by, "%s", wire_text(record->created_by));
    snprintf(draft->changed_by, sizeof draft->changed_by, "%s", wire_text(record->changed_by));
    snprintf(draft->author, sizeof draft->author, "%s", record->author ? record->author : draft->changed_by);
    if (record->approved_by != NULL && slice_equal(wire_slice(record->approved_tag), wire_slice(record->tag))) {
        snprintf(draft->approved_by, sizeof draft->approved_by, "%s", record->approved_by);
        draft->approved_at_us = record->approved_at_us;
    }
    buf_add_slice(&draft->document, wire_slice(record->document));
    return buf_broken(&draft->document) ? ERR_NOMEM : OK;
}

int drafts_load(struct drafts *drafts, struct slice bytes)
{
    Hotline__Node__DraftRecord *record = hotline__node__draft_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    struct draft *draft = drafts->count < LIMIT_DRAFTS ? calloc(1, sizeof *draft) : NULL;
    int result = draft != NULL ? OK : drafts->count < LIMIT_DRAFTS ? ERR_NOMEM : ERR_CORRUPT;
    if (result == OK) {
        buf_init(&draft->document);
        result = read_record(record, draft);
    }
    if (result == OK)
        drafts->list[drafts->count++] = draft;
    else if (draft != NULL)
        free_draft(draft);
    if (record->document.data != NULL)
        seal_wipe(record->document.data, record->document.len);
    hotline__node__draft_record__free_unpacked(record, NULL);
    return result;
}

/* --- changes --- */

/* The draft is untouched when there is no memory. */
static int set_words(struct draft *draft, const struct drafts_words *words)
{
    struct buf document;
    buf_init(&document);
    buf_add_slice(&document, words->document);
    if (buf_broken(&document)) {
        buf_free(&document);
        return ERR_NOMEM;
    }
    clear_document(draft);
    draft->document = document;
    draft->changed_at_us = words->at_us;
    snprintf(draft->changed_by, sizeof draft->changed_by, "%s", words->by);
    snprintf(draft->author, sizeof draft->author, "%s", words->author != NULL ? words->author : words->by);
    draft->approved_by[0] = '\0';
    draft->approved_at_us = 0;
    seal_random(draft->tag.bytes, sizeof draft->tag.bytes);
    return OK;
}

int drafts_add(struct drafts *drafts, struct vault *vault, const struct drafts_words *words, struct err_note *note,
               struct draft **ret_draft)
{
    if (drafts->count == LIMIT_DRAFTS)
        return err_set(note, ERR_LIMIT, "%d drafts are kept here, the most there may be: send or delete some first",
                       LIMIT_DRAFTS);
    struct draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL)
        return ERR_NOMEM;
    buf_init(&draft->document);
    int result = set_words(draft, words);
    if (result != OK) {
        free_draft(draft);
        return result;
    }
    seal_random(draft->id.bytes, sizeof draft->id.bytes);
    draft->created_at_us = words->at_us;
    snprintf(draft->created_by, sizeof draft->created_by, "%s", words->by);
    drafts->list[drafts->count++] = draft;
    save(vault, draft);
    *ret_draft = draft;
    return OK;
}

int drafts_change(struct vault *vault, struct draft *draft, const struct drafts_words *words)
{
    if (slice_equal(buf_slice(&draft->document), words->document))
        return OK;
    int result = set_words(draft, words);
    if (result == OK)
        save(vault, draft);
    return result;
}

uint64_t drafts_approve(struct vault *vault, struct draft *draft, const char *by, int64_t at_us)
{
    snprintf(draft->approved_by, sizeof draft->approved_by, "%s", by != NULL ? by : "");
    draft->approved_at_us = by != NULL ? at_us : 0;
    return save(vault, draft);
}

uint64_t drafts_erase(struct drafts *drafts, struct vault *vault, struct draft *draft)
{
    struct envelope_case_key owner = owner_of(draft);
    size_t at = 0;
    while (drafts->list[at] != draft)
        at++;
    drafts->list[at] = drafts->list[--drafts->count];
    free_draft(draft);
    return vault_destroy_case(vault, &owner);
}

bool drafts_is_noted(struct draft *draft, const char *by, int64_t now_us)
{
    struct draft_noted *oldest = &draft->noted[0];
    for (size_t i = 0; i < DRAFTS_NOTED; i++) {
        struct draft_noted *noted = &draft->noted[i];
        if (strcmp(noted->by, by) == 0 && noted->at_us != 0) {
            bool still = now_us - noted->at_us < DRAFTS_NOTED_US;
            noted->at_us = still ? noted->at_us : now_us;
            return still;
        }
        oldest = noted->at_us < oldest->at_us ? noted : oldest;
    }
    snprintf(oldest->by, sizeof oldest->by, "%s", by);
    oldest->at_us = now_us;
    return false;
}

int64_t drafts_erased_at(const struct draft *draft)
{
    return draft->changed_at_us + LIMIT_DRAFT_LIFE_US;
}

size_t drafts_erase_due(struct drafts *drafts, struct vault *vault, int64_t now_us)
{
    size_t erased = 0;
    for (size_t i = 0; i < drafts->count;) {
        if (drafts_erased_at(drafts->list[i]) > now_us) {
            i++;
            continue;
        }
        drafts_erase(drafts, vault, drafts->list[i]); /* another one stands here now */
        erased++;
    }
    return erased;
}
