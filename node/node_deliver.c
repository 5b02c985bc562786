/*
 * node_deliver: an envelope comes in. The heart of exactly once: verify the bytes; roster, sizes; open; then in one
 * turn seen, view and receipt; commit; show; send the receipt. What fails is counted and answered, and never marks the
 * id as seen.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/log.h"
#include "proto/seal.h"

/* --- what was seen --- */

static void seen_key(const char *sender, const uint8_t *id, uint8_t key[LIMIT_ID_CHARS + KEY_UUID_BYTES])
{
    memset(key, 0, LIMIT_ID_CHARS + KEY_UUID_BYTES);
    memcpy(key, sender, strlen(sender));
    memcpy(key + LIMIT_ID_CHARS, id, KEY_UUID_BYTES);
}

struct seen *node_seen(const struct node *node, const char *sender, const struct key_uuid *id)
{
    uint8_t key[LIMIT_ID_CHARS + KEY_UUID_BYTES];
    seen_key(sender, id->bytes, key);
    return lookup_find(&node->seen, key);
}

static void save_seen(struct node *node, const struct seen *seen, struct slice proof)
{
    Hotline__Node__SeenRecord record = HOTLINE__NODE__SEEN_RECORD__INIT;
    char sender[LIMIT_ID_CHARS + 1];
    struct buf bytes;
    snprintf(sender, sizeof sender, "%.*s", LIMIT_ID_CHARS, (const char *)seen->key);
    record.sender = sender;
    WIRE_SET_BYTES(&record, id, seen->key + LIMIT_ID_CHARS, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, hash, seen->hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&record, until_us, seen->until_us);
    if (seen->is_disputed)
        WIRE_SET_BYTES(&record, disputed_hash, seen->disputed.bytes, KEY_HASH_BYTES);
    if (proof.len > 0)
        WIRE_SET_BYTES(&record, disputed_proof, proof.data, proof.len);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    vault_put(node->vault, VAULT_SEEN, slice_of(seen->key, sizeof seen->key), NULL, buf_slice(&bytes));
    buf_free(&bytes);
}

int node_see(struct node *node, const struct item *item, int64_t now_us)
{
    struct seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL)
        return ERR_NOMEM;
    seen_key(item->header->sender, item->id.bytes, seen->key);
    seen->hash = item->hash;
    int64_t expires_us = item->header->expires_at_us > now_us ? item->header->expires_at_us : now_us;
    seen->until_us = expires_us + LIMIT_AFTERLIFE_US;
    int result = lookup_add(&node->seen, seen);
    if (result != OK) {
        free(seen);
        return result;
    }
    save_seen(node, seen, slice_of(NULL, 0));
    return OK;
}

static void show_disputed(struct node *node, struct seen *seen)
{
    if (node->disputed_count < sizeof node->disputed / sizeof node->disputed[0])
        node->disputed[node->disputed_count++] = seen;
}

void node_undispute(struct node *node, const struct seen *seen)
{
    for (size_t i = 0; seen->is_disputed && i < node->disputed_count; i++) {
        if (node->disputed[i] == seen) {
            node->disputed[i] = node->disputed[--node->disputed_count];
            return;
        }
    }
}

int node_load_seen(struct node *node, struct slice bytes)
{
    Hotline__Node__SeenRecord *record = hotline__node__seen_record__unpack(NULL, bytes.len, bytes.data);
    struct seen *seen = calloc(1, sizeof *seen);
    int result = record == NULL ? ERR_CORRUPT : seen == NULL ? ERR_NOMEM : OK;
    if (result == OK &&
        (record->sender == NULL || strlen(record->sender) > LIMIT_ID_CHARS || record->id.len != KEY_UUID_BYTES ||
         record->hash.len != KEY_HASH_BYTES))
        result = ERR_CORRUPT;
    if (result == OK) {
        seen_key(record->sender, record->id.data, seen->key);
        memcpy(seen->hash.bytes, record->hash.data, KEY_HASH_BYTES);
        seen->until_us = record->until_us;
        seen->is_disputed = record->disputed_hash.len == KEY_HASH_BYTES;
        if (seen->is_disputed)
            memcpy(seen->disputed.bytes, record->disputed_hash.data, KEY_HASH_BYTES);
        result = lookup_add(&node->seen, seen);
    }
    if (result == OK && seen->is_disputed)
        show_disputed(node, seen);
    if (result != OK)
        free(seen);
    if (record != NULL)
        hotline__node__seen_record__free_unpacked(record, NULL);
    return result;
}

/* --- opening --- */

/* Replies and mediators' answers come to the opener, answers and requests from it: no third party speaks in a case's
 * thread. */
static bool may_say(const struct node *node, const struct item *item)
{
    Hotline__Kind__Code kind = item->header->kind;
    if (kind != HOTLINE__KIND__CODE__REPLY && kind != HOTLINE__KIND__CODE__REFERRAL)
        return true;
    const char *opener = item->header->case_name->opener;
    bool from_opener = kind == HOTLINE__KIND__CODE__REPLY ?
        item_content(item)->reply->kind == HOTLINE__REPLY_KIND__CODE__ANSWER :
        item_content(item)->referral->act == HOTLINE__REFERRAL_ACT__CODE__REQUEST ||
            item_content(item)->referral->act == HOTLINE__REFERRAL_ACT__CODE__WITHDRAW;
    return strcmp(opener, from_opener ? item->header->sender : node->keys->id) == 0;
}

/* Why an envelope cannot be read, as the answer's code; 0 when it can. ERR_NOMEM: not known, and nothing is answered.
 */
static int open_for_us(struct node *node, struct item *item, const Hotline__Envelope *wire,
                       const struct envelope *envelope)
{
    const Hotline__Grant *grant = NULL;
    for (size_t i = 0; i < wire->n_grants; i++) {
        if (strcmp(wire->grants[i]->member, node->keys->id) == 0)
            grant = wire->grants[i];
    }
    struct key_box sending;
    struct key_id key_id;
    struct key_pair pair;
    struct key_content content;
    struct err_note note = {{0}};
    if (grant == NULL || key_id_from(wire_slice(grant->key_id), &key_id) != OK ||
        key_box_from(wire_slice(envelope->header->sending_key), &sending) != OK)
        return HOTLINE__UNREADABLE_CODE__CODE__BAD_GRANT;
    int result = directory_pair_in(&node->directory, &sending, key_id, &pair);
    if (result == ERR_NOT_FOUND)
        return HOTLINE__UNREADABLE_CODE__CODE__NO_KEY;
    if (result == OK)
        result = envelope_grant_open(envelope, grant, &pair, &content, &item->sequence);
    seal_wipe(&pair, sizeof pair);
    if (result == ERR_NOMEM)
        return result;
    if (result != OK)
        return result == ERR_DISPUTED ? HOTLINE__UNREADABLE_CODE__CODE__BAD_COMMITMENT :
                                        HOTLINE__UNREADABLE_CODE__CODE__BAD_GRANT;
    result = item_open(item, &content, &node->scratch, &note);
    seal_wipe(&content, sizeof content);
    if (result == ERR_NOMEM)
        return result;
    if (result == OK && !may_say(node, item))
        result = ERR_MEMBER;
    if (result != OK)
        log_event(LOG_WARN, "an envelope opens to something else than it says", "sender", envelope->header->sender,
                  "error", err_name(result), NULL);
    return result == OK ? 0 : HOTLINE__UNREADABLE_CODE__CODE__BAD_BODY;
}

/* --- showing --- */

static enum node_event_type event_of(const struct item *item)
{
    const Hotline__EnvelopeHeader *header = item->header;
    const struct case_entry *entry = item->case_entry;
    if (header->kind == HOTLINE__KIND__CODE__REPLY)
        return NODE_REPLY_RECEIVED;
    if (header->kind == HOTLINE__KIND__CODE__REFERRAL)
        return NODE_REFERRAL_RECEIVED;
    if (header->act == HOTLINE__ACT__CODE__CLOSE)
        return NODE_CASE_CLOSED;
    if (header->act == HOTLINE__ACT__CODE__RETRACT)
        return NODE_CASE_RETRACTED;
    /* After a closing or an erasure an UPDATE opens the case again, as loud as an opening. */
    const struct item *before = entry->revision_count > 1 ? entry->revisions[entry->revision_count - 2] : NULL;
    bool reopens = before == NULL || before->erased || before->header->act == HOTLINE__ACT__CODE__CLOSE;
    return reopens ? NODE_CASE_RECEIVED : NODE_CASE_UPDATED;
}

bool node_replaces_wrongly(const struct node *node, const struct item *item)
{
    const Hotline__Replaces *replaces = item_replaces(item);
    struct key_hash hash;
    if (replaces == NULL)
        return false;
    if (replaces->has_revision && replaces->revision >= item->header->revision)
        return true;
    if (!replaces->has_envelope_hash || replaces->envelope_hash.len != KEY_HASH_BYTES)
        return false;
    memcpy(hash.bytes, replaces->envelope_hash.data, KEY_HASH_BYTES);
    const struct item *other = lookup_find(&node->items, &hash);
    return other != NULL &&
        (!item_is_case(other) || other->case_entry != item->case_entry ||
         (replaces->has_revision && other->header->revision != replaces->revision));
}

/* Counted and shown, no more: what a sender says of its past must not cost anybody the alert. */
static void check_replaces(struct node *node, const struct item *item)
{
    if (!item_is_case(item) || !node_replaces_wrongly(node, item))
        return;
    node->counters.wrong_replaces++;
    log_event(LOG_WARN, "a revision says that it replaces what it cannot", "sender", item->header->sender, NULL);
}

int node_take_in(struct node *node, struct item *item, int64_t now_us)
{
    bool newest;
    item->at_us = now_us;
    item->late = node_surely_us(node, now_us) > item->header->expires_at_us;
    item->receipt_state = HOTLINE__RECEIPT_STATE__CODE__DELIVERED;
    item->receipt_at_us = now_us;
    int result = node_keep(node, item, &newest);
    if (result == OK)
        result = node_see(node, item, now_us);
    if (result != OK)
        return node_half_kept(node, item, result);
    uint64_t ticket = item_save(node->vault, item);
    if (item->case_entry != NULL) {
        if (item->late) /* that it is over is said with its arrival */
            item->case_entry->expired_told_us = item->header->expires_at_us;
        cases_touch(&node->cases, item->case_entry, now_us);
        cases_save(node->vault, item->case_entry);
    }
    node_receipt(node, item, HOTLINE__RECEIPT_STATE__CODE__DELIVERED, SIZE_MAX, now_us);
    /* An older revision that comes late goes into the timeline without alarm. */
    if (item->case_entry != NULL && (newest || !item_is_case(item))) {
        struct node_event event = {.type = event_of(item), .at_us = now_us, .entry = item->case_entry, .item = item};
        node_hold_event(node, ticket, &event);
    }
    node_meet(node, item, now_us);
    check_replaces(node, item);
    node->counters.received++;
    return OK;
}

/* --- our own, handed back after a lost disk --- */

static int open_own(struct node *node, struct item *item, const Hotline__Envelope *wire,
                    const struct envelope *envelope)
{
    struct key_box sending;
    struct key_pair pair;
    struct key_content content;
    uint64_t number;
    if (wire->self_grant == NULL || key_box_from(wire_slice(envelope->header->sending_key), &sending) != OK)
        return ERR_CRYPTO;
    int result = seal_pair(&sending, &node->keys->recovery_secret, &pair);
    if (result == OK)
        result = envelope_grant_open(envelope, wire->self_grant, &pair, &content, &number);
    if (result == OK)
        result = item_open(item, &content, &node->scratch, NULL);
    seal_wipe(&pair, sizeof pair);
    seal_wipe(&content, sizeof content);
    return result;
}

/* References resume above the highest recovered. */
static void resume_reference(struct node *node, const char *reference)
{
    unsigned year, number;
    char country[3];
    if (sscanf(reference, "%2[A-Z]-%4u-%8u", country, &year, &number) != 3)
        return;
    if (year > node->reference_year || (year == node->reference_year && number > node->reference_last)) {
        node->reference_year = year;
        node->reference_last = number;
        node_save_reference(node);
    }
}

/* Who was granted, as the union of what the relays say, and that this relay holds it. */
static int recover_rows(struct node *node, struct node_link *link, struct item *item, const Hotline__Deliver *deliver,
                        int64_t now_us)
{
    for (size_t i = 0; i < deliver->n_granted; i++) {
        if (item_row(item, deliver->granted[i]) != NULL || !node_may_have_had(node, item, deliver->granted[i]))
            continue;
        struct ladder_row *row = item_row_add(item, deliver->granted[i]);
        if (row == NULL)
            return ERR_NOMEM;
        row->state_at_us[0] = item->at_us;
        item_save_row(node->vault, item, row);
        node_expect(node, item);
    }
    struct item_relay *relay = item_relay_add(item, link->uplink.relay);
    if (relay != NULL && relay->state != ITEM_ACCEPTED) {
        relay->state = ITEM_ACCEPTED;
        relay->at_us = now_us;
        item_save_relay(node->vault, item, relay, slice_of(NULL, 0));
    }
    return OK;
}

static int recover(struct node *node, struct node_link *link, struct item *item, const Hotline__Deliver *deliver,
                   int64_t now_us, uint64_t *ret_ticket)
{
    bool newest;
    item->mine = item->recovered = true;
    item->at_us = item->header->sent_at_us;
    int result = node_keep(node, item, &newest);
    if (result == OK)
        result = recover_rows(node, link, item, deliver, now_us);
    if (result != OK)
        return node_half_kept(node, item, result);
    *ret_ticket = item_save(node->vault, item);
    if (item->case_entry != NULL) {
        resume_reference(node, item->case_entry->reference);
        cases_touch(&node->cases, item->case_entry, now_us);
        cases_save(node->vault, item->case_entry);
    }
    if (item->case_entry != NULL && newest)
        node_hold_reissue(node, *ret_ticket, item->case_entry);
    return OK;
}

static void deliver_own(struct node *node, struct node_link *link, const Hotline__Deliver *deliver,
                        const struct envelope *envelope, int64_t now_us)
{
    const Hotline__Envelope *wire = deliver->envelope;
    struct item *item = lookup_find(&node->items, &envelope->hash);
    struct receipt_name name;
    uint64_t ticket = vault_last(node->vault);
    memcpy(name.bytes, envelope->hash.bytes, RECEIPT_NAME_BYTES);
    if (item == NULL && node_is_erased(node, envelope)) {
        node->counters.duplicates++; /* what is erased here comes back by no relay's word */
    } else if (item == NULL) {
        int result = item_of(envelope, NULL, &item);
        if (result == OK && (result = open_own(node, item, wire, envelope)) != OK)
            item_free(item);
        else if (result == OK)
            result = recover(node, link, item, deliver, now_us, &ticket);
        if (result != OK) {
            log_event(LOG_WARN, "an envelope of our own cannot be recovered", "relay", link->uplink.relay, "error",
                      err_name(result), NULL);
            return;
        }
    } else if (item->recovered && recover_rows(node, link, item, deliver, now_us) == OK) {
        ticket = vault_last(node->vault);
    }
    node_hold_taken(node, ticket, link, name);
}

/* --- the way in --- */

static void duplicate(struct node *node, struct node_link *link, const char *sender, const struct key_hash *hash,
                      int64_t now_us)
{
    struct item *item = lookup_find(&node->items, hash);
    node->counters.duplicates++;
    /* The relay lost our receipt, or never had it: say it again, to this relay alone, unless it is on its way. */
    size_t only = (size_t)(link - node->links);
    if (node_owes(node, hash, link->uplink.relay))
        return;
    if (item != NULL)
        node_receipt(node, item, item->receipt_state, only, item->receipt_at_us);
    else
        node_receipt_for(node, sender, hash, HOTLINE__RECEIPT_STATE__CODE__ERASED, only, now_us);
}

static void dispute(struct node *node, struct node_link *link, struct seen *seen, const struct envelope *envelope,
                    int64_t now_us)
{
    node->counters.disputed++;
    log_event(LOG_WARN, "two envelopes under one id: the first stays", "sender", envelope->header->sender, "relay",
              link->uplink.relay, NULL);
    if (!seen->is_disputed) {
        seen->is_disputed = true;
        seen->disputed = envelope->hash;
        show_disputed(node, seen);
        struct buf proof;
        buf_init(&proof);
        node_prove(envelope, &proof);
        save_seen(node, seen, buf_slice(&proof));
        buf_free(&proof);
    }
    node_unreadable(node, envelope->header->sender, &envelope->hash, HOTLINE__UNREADABLE_CODE__CODE__DISPUTED, link,
                    now_us);
}

/* The sender is who it says, by the roster that is held here: 0, or the answer's code; ERR_NOMEM as open_for_us. */
static int check_sender(const struct node *node, const struct envelope *envelope, int64_t now_us)
{
    size_t sender;
    int result = envelope_verify(envelope, node->directory.roster, now_us, &sender);
    if (result == OK) {
        const struct roster *roster = node->directory.roster;
        bool gone = roster_standing(roster, sender, now_us) == HOTLINE__STANDING__CODE__WITHDRAWN;
        return gone && envelope->header->sent_at_us > roster_issued_us(roster) ?
            HOTLINE__UNREADABLE_CODE__CODE__NO_SENDER :
            0;
    }
    if (result == ERR_MEMBER)
        return envelope->header->roster_version > roster_version(node->directory.roster) ?
            HOTLINE__UNREADABLE_CODE__CODE__ROSTER_OLDER :
            HOTLINE__UNREADABLE_CODE__CODE__NO_SENDER;
    return result == ERR_NOMEM ? result : HOTLINE__UNREADABLE_CODE__CODE__BAD_SIGNATURE;
}

void node_judge(struct node *node, const Hotline__Envelope *wire, int64_t now_us, struct node_judged *ret_judged)
{
    struct node_judged judged = {.verdict = NODE_NO_ENVELOPE};
    struct envelope *envelope = &judged.envelope;
    wire_arena_clear(&node->scratch);
    if (envelope_parse(wire_slice(wire->header), wire_slice(wire->signature), wire_slice(wire->body), &node->scratch,
                       &judged.note, envelope) != OK) {
        *ret_judged = judged;
        return;
    }
    judged.verdict = NODE_UNREADABLE;
    judged.unreadable = check_sender(node, envelope, now_us);
    if (judged.unreadable == 0) {
        const char *sender = envelope->header->sender;
        judged.seen = node_seen(node, sender, &envelope->id);
        bool held =
            lookup_find(&node->items, &envelope->hash) != NULL; /* also when it was seen too long ago to remember */
        node_hear_envelope(node, envelope, now_us);
        if (strcmp(sender, node->keys->id) == 0)
            judged.verdict = NODE_OWN;
        else if (held || (judged.seen != NULL && key_hash_equal(&judged.seen->hash, &envelope->hash)))
            judged.verdict = NODE_KNOWN;
        else if (judged.seen != NULL)
            judged.verdict = NODE_DISPUTED;
        else if (node_is_erased(node, envelope))
            judged.verdict = NODE_KNOWN;
        else
            judged.verdict = NODE_NEW;
    }
    if (judged.verdict == NODE_NEW && item_of(envelope, NULL, &judged.item) != OK)
        judged.item = NULL;
    if (judged.item != NULL && (judged.unreadable = open_for_us(node, judged.item, wire, envelope)) != 0) {
        judged.verdict = NODE_UNREADABLE;
        item_free(judged.item);
        judged.item = NULL;
    }
    if (judged.unreadable < 0) { /* Unreadable would end the relay's debt: without memory nothing is said */
        judged.verdict = NODE_NEW;
        judged.unreadable = 0;
    }
    *ret_judged = judged;
}

void node_deliver(struct node *node, struct node_link *link, const Hotline__Deliver *deliver, int64_t now_us)
{
    struct node_judged judged;
    node_judge(node, deliver->envelope, now_us, &judged);
    const struct envelope *envelope = &judged.envelope;
    switch (judged.verdict) {
    case NODE_NO_ENVELOPE:
        node->counters.refused_in++;
        log_event(LOG_WARN, "a relay delivered something that is no envelope", "relay", link->uplink.relay, "why",
                  judged.note.text, NULL);
        break;
    case NODE_UNREADABLE:
        node_unreadable(node, envelope->header->sender, &envelope->hash,
                        (Hotline__UnreadableCode__Code)judged.unreadable, link, now_us);
        break;
    case NODE_OWN:
        deliver_own(node, link, deliver, envelope, now_us);
        break;
    case NODE_KNOWN:
        duplicate(node, link, envelope->header->sender, &envelope->hash, now_us); /* ERASED, unless it is on its way */
        break;
    case NODE_DISPUTED:
        dispute(node, link, judged.seen, envelope, now_us);
        break;
    case NODE_NEW:
        if (judged.item == NULL || node_take_in(node, judged.item, now_us) != OK)
            log_event(LOG_ERROR, "out of memory: an envelope is left to be delivered again", NULL);
        break;
    }
}
