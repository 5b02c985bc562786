/* node_grant: who an envelope of our own reaches, its grants and the numbers in them. One durable grant per recipient
 * and key. */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/seal.h"

/* Everybody that an earlier revision of the item's case was granted to. */
static void granted_before(const struct node *node, const struct item *item, struct route_set *set)
{
    const struct case_entry *entry = item->case_entry;
    for (size_t r = 0; entry != NULL && item_is_case(item) && r < entry->revision_count; r++) {
        const struct item *earlier = entry->revisions[r];
        if (earlier == item || earlier->header->revision >= item->header->revision)
            break;
        for (size_t i = 0; i < earlier->ladder_count; i++) {
            /* Who was granted what a relay handed back is that relay's unsigned word: of a restricted case only those
             * count who said so themselves, by a receipt, or whom the rule names anyway. */
            bool claimed = earlier->recovered && earlier->header->route->restricted && earlier->ladder[i].state == 0;
            size_t index = roster_find(node->directory.roster, earlier->ladder[i].member);
            if (index != ROSTER_NONE && !claimed)
                route_set_add(set, index);
        }
    }
}

void node_route(const struct node *node, const struct item *item, struct route_set *set, uint16_t *ret_unreached,
                size_t *ret_unreached_count)
{
    struct route_set granted;
    CHECK(route_set_init(&granted, set->count) == OK);
    granted_before(node, item, &granted);
    struct route_query query = {.sender = node->keys->id, .route = item->header->route, .granted = &granted};
    route_compute(node->directory.index, &query, set, ret_unreached, ret_unreached_count);
    route_set_done(&granted);
}

bool node_may_have_had(const struct node *node, const struct item *item, const char *member)
{
    const Hotline__Route *route = item->header->route;
    struct route_query query = {.sender = node->keys->id, .route = route};
    size_t index = roster_find(node->directory.roster, member);
    if (!route->restricted)
        return true;
    return index != SIZE_MAX && route_reaches(node->directory.index, &query, index);
}

/* --- numbers --- */

static struct sequence *sequence_of(struct node *node, const char *member)
{
    char key[LIMIT_ID_CHARS] = {0};
    memcpy(key, member, strlen(member));
    struct sequence *sequence = lookup_find(&node->sequences, key);
    if (sequence != NULL)
        return sequence;
    sequence = calloc(1, sizeof *sequence);
    if (sequence == NULL)
        return NULL;
    memcpy(sequence->member, key, sizeof key);
    if (lookup_add(&node->sequences, sequence) != OK) {
        free(sequence);
        return NULL;
    }
    return sequence;
}

/* The row that carries it is the record of its being given: a number costs no record of its own. */
static uint64_t next_number(struct node *node, const char *member)
{
    struct sequence *sequence = sequence_of(node, member);
    return sequence != NULL ? ++sequence->last : 0;
}

int node_number_given(struct node *node, const char *member, uint64_t number)
{
    struct sequence *sequence = sequence_of(node, member);
    if (sequence == NULL)
        return ERR_NOMEM;
    sequence->last = number > sequence->last ? number : sequence->last;
    return OK;
}

struct sequence *node_sequence(const struct node *node, const char *member)
{
    char key[LIMIT_ID_CHARS] = {0};
    if (strlen(member) > sizeof key)
        return NULL;
    memcpy(key, member, strlen(member));
    return lookup_find(&node->sequences, key);
}

uint64_t node_number_last(const struct node *node, const char *member)
{
    const struct sequence *sequence = node_sequence(node, member);
    return sequence != NULL ? sequence->last : 0;
}

void node_keep_numbers(struct node *node, const struct item *item)
{
    for (size_t i = 0; i < item->ladder_count; i++) {
        const struct ladder_row *row = &item->ladder[i];
        struct sequence *sequence = row->has_grant ? sequence_of(node, row->member) : NULL;
        CHECK(!row->has_grant || sequence != NULL); /* it was given out: its sequence is there */
        if (sequence == NULL || row->grant.sequence <= sequence->saved)
            continue;
        sequence->saved = sequence->last;
        node_save_sequence(node, sequence);
    }
}

bool node_is_of_store(const struct node *node, const struct item *item)
{
    struct key_uuid store_id;
    return key_uuid_from(wire_slice(item->header->store_id), &store_id) == OK &&
        key_uuid_equal(&store_id, vault_store_id(node->vault));
}

/* Each revision carries its case's number: the recipient's gaps are missing cases, not missing revisions. Numbers count
 * within the store that a header names: one of this store in a header of an earlier one, or the other way round, would
 * be missed under this store's name until its case expires. */
static uint64_t number_for(struct node *node, const struct item *item, const char *member)
{
    const struct case_entry *entry = item->case_entry;
    if (!node_is_of_store(node, item))
        return 0;
    for (size_t r = 0; entry != NULL && item_is_case(item) && r < entry->revision_count; r++) {
        const struct ladder_row *row = item_row(entry->revisions[r], member);
        if (entry->revisions[r] != item && row != NULL && row->has_grant && row->grant.sequence != 0 &&
            node_is_of_store(node, entry->revisions[r]))
            return row->grant.sequence;
    }
    return next_number(node, member);
}

/* --- grants --- */

int node_grant(struct node *node, struct item *item, size_t member, bool late)
{
    const struct directory_member *to = &node->directory.members[member];
    const char *id = roster_member(node->directory.roster, member)->id;
    if (roster_standing(node->directory.roster, member, node->now_us) == HOTLINE__STANDING__CODE__WITHDRAWN)
        return ERR_MEMBER; /* also when it asks for a new key's: what it could not read then, it shall not read now */
    struct ladder_row *row = item_row_add(item, id);
    if (row == NULL)
        return ERR_NOMEM;
    int result = to->has_card ? OK : ERR_NOT_FOUND;
    if (result == OK && !(row->has_grant && key_id_equal(row->grant.key_id, to->card.encryption_key_id))) {
        struct key_pair pair;
        uint64_t number = row->has_grant ? row->grant.sequence : number_for(node, item, id);
        result = directory_pair_out(&node->directory, item->header->sent_at_us, &to->card.encryption_key, &pair);
        if (result == OK)
            result = envelope_grant_make(&item->content_key, number, &pair, &row->grant);
        seal_wipe(&pair, sizeof pair);
        if (result == OK) {
            row->has_grant = true;
            row->unreadable = 0;
            row->grant.key_id = to->card.encryption_key_id;
            snprintf(row->grant.member, sizeof row->grant.member, "%s", id);
        }
    }
    row->late_grant |= late && row->has_grant;
    if (row->state_at_us[0] == 0)
        row->state_at_us[0] = item->at_us;
    item->grants_ticket = late ? item_save_row(node->vault, item, row) : vault_ticket(node->vault);
    node_expect(node, item);
    return result;
}

int node_self_grant(struct node *node, const struct item *item, struct envelope_grant *ret_grant)
{
    struct key_pair pair;
    struct envelope_grant grant = {.key_id = key_id_of(node->keys->recovery.bytes)};
    snprintf(grant.member, sizeof grant.member, "%s", node->keys->id);
    int result = directory_pair_out(&node->directory, item->header->sent_at_us, &node->keys->recovery, &pair);
    if (result == OK)
        result = envelope_grant_make(&item->content_key, 0, &pair, &grant);
    seal_wipe(&pair, sizeof pair);
    if (result == OK)
        *ret_grant = grant;
    return result;
}
