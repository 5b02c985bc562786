/*
 * node_reply: what the holders of a case say back: a person has read it, a person declines it, a reply to the
 * publisher; and the publisher's answer to one that asked. Each goes to one member, never to the others.
 */
#include "node/node_make.h"

#include <string.h>

/* --- receipts by people --- */

static int check_received(const struct case_entry *entry, const struct item *newest, const char *verb,
                          struct err_note *note)
{
    if (entry->mine)
        return err_set(note, ERR_STATE, "%s is a case of your own: its recipients %s it", entry->reference, verb);
    return newest != NULL ? OK : err_set(note, ERR_NOT_FOUND, "%s: nothing to %s", entry->reference, verb);
}

/* The newest revision's state at this member, and the receipt that says so; what may not follow is left as it was. */
static void settle(struct node *node, struct item *newest, int state, int decline, int64_t now_us)
{
    if (!receipt_may_follow(newest->receipt_state, state))
        return;
    newest->receipt_state = state;
    newest->receipt_at_us = now_us;
    newest->decline = decline;
    node_receipt(node, newest, state, SIZE_MAX, now_us);
    item_save(node->vault, newest);
}

int node_acknowledge(struct node *node, struct case_entry *entry, const char *as, int64_t now_us, struct err_note *note,
                     uint64_t *ret_ticket)
{
    struct item *newest = cases_newest(&node->cases, entry);
    int result = check_received(entry, newest, "acknowledge", note);
    if (result != OK)
        return result;
    if (strlen(as) > LIMIT_NAME_BYTES)
        return err_set(note, ERR_LIMIT, "as: %zu bytes, at most %d", strlen(as), LIMIT_NAME_BYTES);
    entry->acknowledged_at_us = now_us;
    entry->acknowledged_revision = newest->header->revision;
    entry->escalated = 0;
    if (!entry->erased) /* the tombstone names nobody */
        snprintf(entry->acknowledged_as, sizeof entry->acknowledged_as, "%s", as);
    cases_touch(&node->cases, entry, now_us);
    settle(node, newest, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED, 0, now_us);
    *ret_ticket = cases_save(node->vault, entry);
    return OK;
}

int node_shown(struct node *node, struct case_entry *entry, int64_t revision, int64_t now_us, struct err_note *note,
               bool *ret_fresh)
{
    struct item *newest = cases_newest(&node->cases, entry);
    int result = check_received(entry, newest, "show", note);
    if (result == OK && (int64_t)newest->header->revision != revision)
        result = err_set(note, ERR_STATE, "revision %lld is not the newest any more", (long long)revision);
    if (result != OK)
        return result;
    *ret_fresh = receipt_may_follow(newest->receipt_state, HOTLINE__RECEIPT_STATE__CODE__SHOWN);
    settle(node, newest, HOTLINE__RECEIPT_STATE__CODE__SHOWN, 0, now_us);
    return OK;
}

int node_decline(struct node *node, struct case_entry *entry, Hotline__DeclineCode__Code code, int64_t now_us,
                 struct err_note *note, uint64_t *ret_ticket)
{
    struct item *newest = cases_newest(&node->cases, entry);
    int result = check_received(entry, newest, "decline", note);
    if (result != OK)
        return result;
    if (!receipt_may_follow(newest->receipt_state, HOTLINE__RECEIPT_STATE__CODE__DECLINED))
        return err_set(note, ERR_STATE, "%s is %s here already", entry->reference,
                       receipt_state_name(newest->receipt_state));
    cases_touch(&node->cases, entry, now_us);
    settle(node, newest, HOTLINE__RECEIPT_STATE__CODE__DECLINED, (int)code, now_us);
    *ret_ticket = cases_save(node->vault, entry);
    return OK;
}

/* --- replies --- */

/* Who wrote the entry of the thread that is answered; it must hold the case still. */
static int find_asker(const struct node *node, const struct case_entry *entry, const Hotline__Reply *answer,
                      struct err_note *note, const char **ret_asker)
{
    if (!answer->has_in_reply_to)
        return err_set(note, ERR_MISSING, "in_reply_to: is required: the id of the reply that is answered");
    for (size_t i = 0; i < entry->thread_count; i++) {
        const struct item *asked = entry->thread[i];
        if (asked->mine || asked->header->kind != HOTLINE__KIND__CODE__REPLY ||
            !slice_equal(slice_of(asked->id.bytes, KEY_UUID_BYTES), wire_slice(answer->in_reply_to)))
            continue;
        size_t index = roster_find(node->directory.roster, asked->header->sender);
        if (index == ROSTER_NONE ||
            roster_standing(node->directory.roster, index, node->now_us) == HOTLINE__STANDING__CODE__WITHDRAWN)
            return err_set(note, ERR_MEMBER, "in_reply_to: %s is not on the roster any more", asked->header->sender);
        *ret_asker = asked->header->sender;
        return OK;
    }
    return err_set(note, ERR_UNKNOWN, "in_reply_to: no reply to %s has this id", entry->reference);
}

/* To the publisher, or from it to the one that asked. */
static int find_reader(const struct node *node, const struct case_entry *entry, const Hotline__Reply *reply,
                       struct err_note *note, const char **ret_reader)
{
    bool answer = reply->kind == HOTLINE__REPLY_KIND__CODE__ANSWER;
    if (answer && entry->mine)
        return find_asker(node, entry, reply, note, ret_reader);
    if (answer)
        return err_set(note, ERR_STATE, "kind: an ANSWER is the publisher's; %s was opened by %s: write a MESSAGE",
                       entry->reference, entry->opener);
    if (entry->mine)
        return err_set(note, ERR_STATE,
                       "%s is a case of your own: replies come from its recipients; answer one with the kind ANSWER",
                       entry->reference);
    *ret_reader = entry->opener;
    return OK;
}

static int seal_reply(struct node *node, struct node_outgoing *out, const struct case_entry *entry,
                      Hotline__Reply *reply, struct err_note *note, struct item **ret_item)
{
    char reference[CASES_REFERENCE_MAX], *kept = reply->reference;
    snprintf(reference, sizeof reference, "%s", entry->reference);
    reply->reference = reference;
    WIRE_SET(reply, revision, cases_newest(&node->cases, entry)->header->revision);
    WIRE_SET(reply, written_at, out->header.sent_at_us);
    out->body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REPLY;
    out->body.reply = reply;
    int result = node_seal(node, out, note, ret_item);
    reply->reference = kept;
    return result;
}

int node_reply(struct node *node, struct case_entry *entry, Hotline__Reply *reply, int64_t now_us,
               struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    struct item *item = NULL, *newest = cases_newest(&node->cases, entry);
    const char *reader = NULL;
    int result = node_check_standing(node, false, now_us, note);
    if (result == OK && (newest == NULL || entry->erased))
        result = err_set(note, ERR_NOT_FOUND, "%s: nothing to reply to", entry->reference);
    if (result == OK)
        result = find_reader(node, entry, reply, note, &reader);
    if (result == OK)
        result = node_begin(node, &out, HOTLINE__KIND__CODE__REPLY, entry->exercise, now_us);
    if (result != OK)
        return result;
    node_name_case(&out, entry->opener, entry->case_id);
    node_out_reader(&out, reader);
    WIRE_SET(&out.header, urgency, newest->header->urgency);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + LIMIT_VALIDITY_DEFAULT_US);
    result = seal_reply(node, &out, entry, reply, note, &item);
    if (result == OK)
        result = node_launch(node, item, note, ret_ticket);
    if (result == OK && ret_item != NULL)
        *ret_item = item;
    return result;
}
