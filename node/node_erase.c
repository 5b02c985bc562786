/*
 * node_erase: the end of personal data. Drafts end with their keys when nobody touches them any more. When a case's
 * time is over its key is destroyed with every record under it; what stays is a tombstone, the closing, and the shell
 * of the newest header, which say when and to whom, not about whom. Each sender is told by a signed ERASED receipt,
 * and the write-ahead log is truncated. Nothing erased is ever shown again.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/clock.h"
#include "proto/failpoint.h"
#include "proto/log.h"

#define ERASE_PER_CALL 64

/* --- when --- */

/* A referral ends with its withdrawal, as a case with its closing. */
static int64_t ends_at(const struct item *item)
{
    const struct item *withdrawal = item_content(item) != NULL && item->header->kind == HOTLINE__KIND__CODE__REFERRAL ?
        node_referral_withdrawal(item) :
        NULL;
    return withdrawal != NULL ? withdrawal->at_us : item->header->expires_at_us;
}

/* A mediator holds a referral and its answer, and no case. */
static int64_t thread_over_at(const struct case_entry *entry)
{
    int64_t over_us = 0;
    for (size_t i = 0; i < entry->thread_count; i++) {
        int64_t ends_us = ends_at(entry->thread[i]);
        over_us = ends_us > over_us ? ends_us : over_us;
    }
    return over_us;
}

/* Wall-clock time from which the case must not be held any more; INT64_MAX while it lives. */
static int64_t due_at(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    const struct node_settings *settings = &node->settings;
    const struct item *newest = cases_newest(&node->cases, entry);
    enum case_state state = cases_state(&node->cases, entry, now_us);
    if (newest == NULL && entry->revision_count == 0 && entry->thread_count > 0 && !entry->erased)
        return thread_over_at(entry) + settings->closed_latest_us;
    if (newest == NULL || entry->erased || state == CASE_OPEN)
        return INT64_MAX;
    bool in_error = state == CASE_RETRACTED;
    int64_t over_us = state == CASE_EXPIRED ? newest->header->expires_at_us : newest->at_us;
    int64_t due_us = over_us + (in_error ? settings->error_latest_us : settings->closed_latest_us);
    /* Whoever closed it here is a person that knows; a recipient must have acknowledged the closing. */
    bool known = state != CASE_EXPIRED && (entry->mine || entry->acknowledged_revision >= newest->header->revision);
    int64_t known_us = entry->mine ? newest->at_us : entry->acknowledged_at_us;
    int64_t early_us = known_us + (in_error ? settings->error_after_ack_us : settings->closed_after_ack_us);
    return known && early_us < due_us ? early_us : due_us;
}

bool node_is_erased(const struct node *node, const struct envelope *envelope)
{
    const Hotline__EnvelopeHeader *header = envelope->header;
    if (header->case_name == NULL)
        return false;
    struct envelope_case_key key = envelope_case_key(
        header->case_name->opener, header->status == HOTLINE__STATUS__CODE__EXERCISE, header->case_name->case_id.data);
    const struct case_entry *entry = cases_find(&node->cases, &key);
    if (entry == NULL || !entry->erased)
        return false;
    /* A mediator never held the case: what is asked anew after its referral was erased is no replay. */
    if (header->kind == HOTLINE__KIND__CODE__REFERRAL && entry->tombstone->revision == 0)
        return header->sent_at_us <= entry->tombstone->erased_at_us;
    return header->kind != HOTLINE__KIND__CODE__CASE || header->revision <= entry->tombstone->revision;
}

/* --- how --- */

static void tell_erased(struct node *node, struct item *item, int64_t now_us)
{
    if (item->mine || item->receipt_state == HOTLINE__RECEIPT_STATE__CODE__ERASED)
        return;
    node_receipt(node, item, HOTLINE__RECEIPT_STATE__CODE__ERASED, SIZE_MAX, now_us);
    item->receipt_state = HOTLINE__RECEIPT_STATE__CODE__ERASED;
    item->receipt_at_us = now_us;
}

void node_erase_item(struct node *node, struct item *item, int64_t now_us)
{
    tell_erased(node, item, now_us);
    node_keep_numbers(node, item);
    for (size_t i = 0; i < node->link_count; i++) {
        outlet_answered(&node->links[i].outlet, OUTLET_ITEM, item);
        outlet_answered(&node->links[i].outlet, OUTLET_GRANTS, item);
    }
    item_erase(item);
}

/* Whoever never answers is shown with the time of its last word, which may be about a revision that goes now. */
static void remember_heard(const struct case_entry *entry, struct item *newest)
{
    for (size_t r = 0; r < entry->revision_count; r++) {
        for (size_t i = 0; i < newest->ladder_count && entry->revisions[r] != newest; i++) {
            struct ladder_row *row = &newest->ladder[i];
            const struct ladder_row *earlier = item_row(entry->revisions[r], row->member);
            for (size_t s = HOTLINE__RECEIPT_STATE__CODE__DELIVERED; earlier != NULL && s < ITEM_STATES; s++)
                row->heard_us = earlier->state_at_us[s] > row->heard_us ? earlier->state_at_us[s] : row->heard_us;
        }
    }
}

/* The closing says nothing of the child: it stays whole, and is offered until every holder has answered. Its receipt
 * says that the case is erased: on its ladder the publisher counts who has done so. */
static void spare_newest(struct node *node, struct case_entry *entry, struct item *newest, bool ends, int64_t now_us)
{
    if (ends) {
        newest->spared = true;
        tell_erased(node, newest, now_us);
    } else {
        node_erase_item(node, newest, now_us);
    }
    remember_heard(entry, newest);
    cases_keep_only(entry, newest);
    item_save(node->vault, newest);
    if (newest->ladder_count > 0)
        item_save_rows(node->vault, newest); /* those of its own went with the case */
    for (size_t i = 0; i < newest->relay_count; i++)
        item_save_relay(node->vault, newest, &newest->relays[i], slice_of(NULL, 0));
}

static int erase_case(struct node *node, struct case_entry *entry, int64_t now_us)
{
    struct case_tombstone *tombstone = calloc(1, sizeof *tombstone);
    struct item *newest = cases_newest(&node->cases, entry);
    if (tombstone == NULL)
        return ERR_NOMEM; /* unreached: no memory */
    cases_describe(&node->cases, entry, tombstone);
    tombstone->erased_at_us = now_us;
    free(entry->tombstone);
    entry->tombstone = tombstone;
    bool ends = newest != NULL &&
        (newest->header->act == HOTLINE__ACT__CODE__CLOSE || newest->header->act == HOTLINE__ACT__CODE__RETRACT);
    for (size_t i = 0; i < entry->revision_count; i++) {
        if (entry->revisions[i] != newest)
            node_erase_item(node, entry->revisions[i], now_us);
    }
    for (size_t i = 0; i < entry->thread_count; i++)
        node_erase_item(node, entry->thread[i], now_us);
    FAILPOINT("erase-told");
    journal_forget(&node->journal, node->vault, &entry->key);
    vault_destroy_case(node->vault, &entry->key);
    FAILPOINT("erase-destroyed");
    node_blob_forget(node, &entry->key);
    entry->erased = true;
    cases_forget_seconds(entry);
    entry->acknowledged_as[0] = '\0'; /* who it was is in the log of acts, for as long as that is kept */
    if (newest != NULL)
        spare_newest(node, entry, newest, ends, now_us);
    else
        entry->thread_count = 0;
    cases_touch(&node->cases, entry, now_us);
    cases_save(node->vault, entry);
    return OK;
}

/* --- the write-ahead log --- */

static int run_checkpoint(struct db *db, void *job)
{
    (void)job;
    FAILPOINT("erase-before-checkpoint");
    int result = db_checkpoint(db);
    FAILPOINT("erase-after-checkpoint");
    return result;
}

static void checkpoint_done(void *ctx, void *job, int result)
{
    (void)ctx;
    (void)job;
    if (result != OK)
        log_event(LOG_WARN, "the write-ahead log could not be truncated yet", "error", err_name(result), NULL);
}

void node_truncate_log(struct node *node)
{
    if (!node->truncates)
        return;
    /* Asks run after the writes given before them. Without memory it is asked for again at the next turn. */
    node->truncates = store_ask(vault_store(node->vault), run_checkpoint, NULL, checkpoint_done, node) != OK;
}

/* When to look at a case again that is not to be erased now; INT64_MAX: when something changes. */
static int64_t look_again_at(const struct node *node, const struct case_entry *entry, int64_t due_us, int64_t now_us)
{
    const struct item *newest = cases_newest(&node->cases, entry);
    if (cases_last(entry) != newest)
        return now_us + CLOCK_SECOND_US; /* when the newest is on the disk */
    if (due_us != INT64_MAX || newest == NULL || entry->erased)
        return due_us;
    return newest->header->expires_at_us + 1; /* open until then */
}

void node_erase_due(struct node *node, int64_t wall_us)
{
    struct log_number count;
    struct dues *looks = &node->cases.looks;
    size_t erased = 0, drafts, notes;
    int64_t now_us;
    if (!node_final_us(node, wall_us, &now_us))
        return;
    for (struct case_entry *entry; erased < ERASE_PER_CALL && (entry = dues_first(looks, now_us)) != NULL;) {
        int64_t due_us = due_at(node, entry, now_us);
        if (due_us <= now_us) {
            if (erase_case(node, entry, now_us) != OK)
                break; /* unreached: no memory */
            erased++;
            continue;
        }
        due_us = look_again_at(node, entry, due_us, now_us);
        if (due_us == INT64_MAX)
            dues_end(looks, &entry->look);
        else
            dues_set(looks, &entry->look, due_us > now_us ? due_us : now_us + CLOCK_SECOND_US);
    }
    drafts = drafts_erase_due(&node->drafts, node->vault, now_us);
    if (drafts > 0)
        log_event(LOG_INFO, "old drafts erased", "count", log_number(&count, (long long)drafts), NULL);
    notes = notes_erase_due(&node->notes, node->vault, node_notes_life(node), now_us);
    if (notes > 0)
        node_notes_changed(node, wall_us);
    if (erased > 0)
        log_event(LOG_INFO, "cases erased", "count", log_number(&count, (long long)erased), NULL);
    if (erased + drafts + notes == 0)
        return;
    node_sign_receipts(node, wall_us); /* in the same turn: a crash between would leave ERASED unsaid */
    FAILPOINT("erase-before-flush");
    node->truncates = true;
    node_commit(node);
    FAILPOINT("erase-after-flush");
    node_truncate_log(node);
}

/* --- backups --- */

void node_save_backup(struct node *node)
{
    Hotline__Node__BackupRecord record = HOTLINE__NODE__BACKUP_RECORD__INIT;
    struct buf bytes;
    WIRE_SET(&record, at_us, node->backup_us);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    vault_put(node->vault, VAULT_BACKUP, slice_text("backup"), NULL, buf_slice(&bytes));
    buf_free(&bytes);
}
