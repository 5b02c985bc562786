/*
 * node_sealed: envelopes by file, when every relay is dark. Out: what is current of our own in one case. In: as from a
 * relay, but all or nothing, and refused in words to whoever brought it. A copy that a relay delivers later is a
 * duplicate.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/sealed.h"

/* --- out --- */

/* Wanted by whoever lacks it: the newest revision, and replies that nobody has answered. */
static bool travels(const struct node *node, const struct item *item, const char *to, int64_t now_us)
{
    if (!item->mine || item->ticket > vault_committed(node->vault) || !node_is_current(node, item, now_us))
        return false;
    const struct ladder_row *row = to != NULL ? item_row(item, to) : NULL;
    return to == NULL || (row != NULL && row->has_grant);
}

/* Own envelopes of the case that are current; the room is for all of them. */
static size_t gather(const struct node *node, const struct case_entry *entry, const char *to, int64_t now_us,
                     struct item **items)
{
    size_t count = 0;
    struct item *newest = cases_newest(&node->cases, entry);
    if (newest != NULL && travels(node, newest, to, now_us))
        items[count++] = newest;
    for (size_t i = 0; i < entry->thread_count; i++) {
        if (travels(node, entry->thread[i], to, now_us))
            items[count++] = entry->thread[i];
    }
    return count;
}

static int write_file(struct node *node, struct item **items, size_t count, const char *to, struct err_note *note,
                      struct buf *out)
{
    Hotline__SealedFile file = HOTLINE__SEALED_FILE__INIT;
    Hotline__Envelope *block = calloc(count, sizeof *block), **list = calloc(count, sizeof *list);
    int result = block && list ? OK : ERR_NOMEM;
    size_t made = 0;
    wire_arena_clear(&node->scratch);
    for (; result == OK && made < count; made++) {
        result = node_envelope(items[made], to, &block[made]);
        list[made] = &block[made];
    }
    file.sender = node->keys->id;
    if (node_card_stands(node) && card_view(&node->directory.own_card, &node->scratch, &file.card) != OK)
        file.card = NULL;
    file.n_envelopes = count;
    file.envelopes = list;
    if (result == OK)
        result = sealed_write(&file, note, out);
    for (size_t i = 0; block != NULL && i < made; i++)
        node_free_envelope(&block[i]);
    free(block);
    free(list);
    return result;
}

int node_export(struct node *node, const struct case_entry *entry, const char *to, int64_t now_us,
                struct err_note *note, struct buf *out)
{
    struct item **items = calloc(entry->thread_count + 1, sizeof(struct item *));
    if (items == NULL)
        return ERR_NOMEM;
    size_t count = gather(node, entry, to, now_us, items);
    int result = OK;
    if (count == 0 && to != NULL && gather(node, entry, NULL, now_us, items) > 0)
        result = err_set(note, ERR_MEMBER, "%s holds no grant for what this node has to send of this case", to);
    else if (count == 0 && !entry->mine)
        result = err_set(note, ERR_STATE,
                         "this case is %s's, which alone can hand it on; no reply of ours waits for it", entry->opener);
    else if (count == 0)
        result = err_set(note, ERR_STATE, "nothing of this case is valid any more: update it first");
    else
        result = write_file(node, items, count, to, note, out);
    free(items);
    if (result == ERR_LIMIT && to == NULL)
        err_prefix(note, "too many recipients for one file, name one");
    return result;
}

/* --- in --- */

struct incoming {
    struct item *item; /* NULL: it is here already */
    struct key_hash hash;
};

/* Why it cannot be read here, for the person that brought the file. */
static int refuse_unreadable(const struct node *node, const struct node_judged *judged, const Hotline__Envelope *wire,
                             struct err_note *note)
{
    const char *sender = judged->envelope.header->sender, *self = node->keys->id;
    bool granted = false;
    for (size_t i = 0; i < wire->n_grants; i++)
        granted |= strcmp(wire->grants[i]->member, self) == 0;
    switch (judged->unreadable) {
    case HOTLINE__UNREADABLE_CODE__CODE__NO_SENDER:
        return err_set(note, ERR_MEMBER,
                       "%s is not a member by the roster held here, or was withdrawn before it wrote this", sender);
    case HOTLINE__UNREADABLE_CODE__CODE__ROSTER_OLDER:
        return err_set(note, ERR_MEMBER,
                       "%s is on a newer roster than the one held here (version %llu): bring that roster first", sender,
                       (unsigned long long)roster_version(node->directory.roster));
    case HOTLINE__UNREADABLE_CODE__CODE__BAD_SIGNATURE:
        return err_set(note, ERR_SIGNATURE, "an envelope is not signed by %s, whom it names as its sender", sender);
    case HOTLINE__UNREADABLE_CODE__CODE__NO_KEY:
        return err_set(note, ERR_KEY, "it was sealed for a key that this store does not hold; %s must export it again",
                       sender);
    case HOTLINE__UNREADABLE_CODE__CODE__BAD_COMMITMENT:
    case HOTLINE__UNREADABLE_CODE__CODE__BAD_BODY:
        return err_set(note, ERR_KEY, "an envelope of %s opens to something else than it says", sender);
    default:
        return granted ?
            err_set(note, ERR_KEY, "the grant for %s does not open", self) :
            err_set(note, ERR_MEMBER, "the file holds nothing for %s: %s must export it for this member", self, sender);
    }
}

static int refuse_verdict(const struct node *node, const struct node_judged *judged, const Hotline__Envelope *wire,
                          struct err_note *note)
{
    switch (judged->verdict) {
    case NODE_NO_ENVELOPE:
        return err_set(note, ERR_SYNTAX, "something in the file is no envelope: %.400s", judged->note.text);
    case NODE_UNREADABLE:
        return refuse_unreadable(node, judged, wire, note);
    case NODE_OWN:
        return err_set(note, ERR_STATE, "the file is this member's own: its recipients read it in");
    case NODE_DISPUTED:
        return err_set(note, ERR_DISPUTED, "another envelope of %s is known under the same id",
                       judged->envelope.header->sender);
    default:
        return judged->verdict == NODE_NEW && judged->item == NULL ? ERR_NOMEM : OK;
    }
}

static struct envelope_case_key key_of(const Hotline__EnvelopeHeader *header)
{
    return envelope_case_key(header->case_name->opener, header->status == HOTLINE__STATUS__CODE__EXERCISE,
                             header->case_name->case_id.data);
}

/* The rules of a file: one sender, one case, nothing twice. */
static int check_place(const Hotline__SealedFile *file, const struct incoming *before, size_t count,
                       const struct envelope *envelope, const struct envelope_case_key *key, struct err_note *note)
{
    if (strcmp(envelope->header->sender, file->sender) != 0)
        return err_set(note, ERR_INVALID, "the file is said to be %s's, and an envelope in it is %s's", file->sender,
                       envelope->header->sender);
    if (envelope->header->case_name == NULL)
        return err_set(note, ERR_INVALID, "an envelope in the file belongs to no case");
    struct envelope_case_key own = key_of(envelope->header);
    if (count > 0 && memcmp(own.bytes, key->bytes, sizeof own.bytes) != 0)
        return err_set(note, ERR_INVALID, "the envelopes in the file are of more than one case");
    for (size_t i = 0; i < count; i++) {
        if (key_hash_equal(&before[i].hash, &envelope->hash))
            return err_set(note, ERR_INVALID, "the file holds the same envelope twice");
    }
    return OK;
}

static int judge_all(struct node *node, const Hotline__SealedFile *file, int64_t now_us, struct err_note *note,
                     struct incoming *incoming, struct envelope_case_key *ret_key)
{
    for (size_t i = 0; i < file->n_envelopes; i++) {
        struct node_judged judged;
        node_judge(node, file->envelopes[i], now_us, &judged);
        incoming[i].item = judged.item;
        int result = refuse_verdict(node, &judged, file->envelopes[i], note);
        if (result == OK)
            result = check_place(file, incoming, i, &judged.envelope, ret_key, note);
        if (result != OK)
            return result;
        incoming[i].hash = judged.envelope.hash;
        *ret_key = key_of(judged.envelope.header);
    }
    return OK;
}

/* The sender's card, so that it can be answered. */
static int take_card(struct node *node, const Hotline__SealedFile *file, int64_t now_us, struct err_note *note)
{
    bool changed = false;
    if (file->card == NULL)
        return OK;
    int result = directory_card(&node->directory, file->card, now_us, &changed);
    if (result != OK)
        return err_set(note, result == ERR_NOMEM ? ERR_NOMEM : ERR_SIGNATURE,
                       "the card in the file does not verify (%s)", err_text(result));
    if (changed) {
        struct node_event event = {.type = NODE_MEMBERS_CHANGED, .at_us = now_us};
        node_hold_event(node, vault_ticket(node->vault), &event);
    }
    return OK;
}

static int take_all(struct node *node, const Hotline__SealedFile *file, int64_t now_us, struct err_note *note,
                    struct incoming *incoming, struct envelope_case_key *ret_key, size_t *ret_new)
{
    size_t fresh = 0;
    int result = judge_all(node, file, now_us, note, incoming, ret_key);
    for (size_t i = 0; i < file->n_envelopes; i++)
        fresh += incoming[i].item != NULL;
    const struct case_entry *entry = result == OK ? cases_find(&node->cases, ret_key) : NULL;
    if (result == OK && fresh == 0 && (entry == NULL || entry->erased))
        result = err_set(note, ERR_STATE, "this case was erased here when its time was over; it is not shown again");
    if (result == OK)
        result = take_card(node, file, now_us, note);
    for (size_t i = 0; i < file->n_envelopes; i++) {
        if (result != OK)
            item_free(incoming[i].item);
        else if (incoming[i].item != NULL)
            result = node_take_in(node, incoming[i].item, now_us);
    }
    *ret_new = fresh;
    return result;
}

int node_import(struct node *node, struct slice bytes, int64_t now_us, struct err_note *note,
                struct case_entry **ret_entry, size_t *ret_new, uint64_t *ret_ticket)
{
    struct wire_arena arena;
    const Hotline__SealedFile *file;
    struct envelope_case_key key;
    struct incoming *incoming = NULL;
    size_t fresh = 0;
    int result = wire_arena_init_for(&arena, bytes.len);
    if (result != OK)
        return result;
    node->now_us = now_us;
    result = sealed_read(bytes, &arena, note, &file);
    if (result == OK && (incoming = calloc(file->n_envelopes, sizeof *incoming)) == NULL)
        result = ERR_NOMEM;
    if (result == OK)
        result = take_all(node, file, now_us, note, incoming, &key, &fresh);
    if (result == OK) {
        *ret_entry = cases_find(&node->cases, &key);
        *ret_new = fresh;
        *ret_ticket = vault_last(node->vault);
    }
    free(incoming);
    wire_arena_done(&arena);
    return result;
}
