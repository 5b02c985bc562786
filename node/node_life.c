/* node_life: opens the node from its store, closes it, and the small questions that all of its files ask. */
#include <string.h>

#include "node/node_inner.h"
#include "proto/clock.h"
#include "proto/country.h"
#include "proto/log.h"

#define ALONE_US CLOCK_DAY_US /* without any relay's word since the start our own clock ends nothing before this */
#define OFFSET_MAX_US (10 * CLOCK_MINUTE_US)

/* --- small --- */

struct node_link *node_link_named(struct node *node, const char *relay)
{
    for (size_t i = 0; i < node->link_count; i++) {
        if (strcmp(node->links[i].uplink.relay, relay) == 0)
            return &node->links[i];
    }
    return NULL;
}

/* A few, on each look at a clock: qsort would cost more than all the rest. */
static void sort_times(int64_t *times, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int64_t time_us = times[i];
        size_t at = i;
        for (; at > 0 && times[at - 1] > time_us; at--)
            times[at] = times[at - 1];
        times[at] = time_us;
    }
}

bool node_relays_offset(const struct node *node, int64_t *ret_us)
{
    int64_t offsets[LIMIT_RELAYS];
    size_t count = 0;
    for (size_t i = 0; i < node->link_count && count < LIMIT_RELAYS; i++) {
        if (node->links[i].uplink.has_skew)
            offsets[count++] = node->links[i].uplink.skew_us;
    }
    if (count == 0)
        return false;
    sort_times(offsets, count);
    *ret_us = count % 2 ? offsets[count / 2] : (offsets[count / 2 - 1] + offsets[count / 2]) / 2;
    return true;
}

bool node_final_us(const struct node *node, int64_t now_us, int64_t *ret_us)
{
    int64_t clocks[LIMIT_RELAYS + 1] = {now_us};
    size_t count = 1;
    for (size_t i = 0; i < node->link_count && count <= LIMIT_RELAYS; i++) {
        if (node->links[i].uplink.has_skew)
            clocks[count++] = now_us + node->links[i].uplink.skew_us;
    }
    sort_times(clocks, count);
    *ret_us = count > 2 && clocks[1] < now_us ? clocks[1] : count > 2 ? now_us : clocks[0];
    return count > 1 || node->steady_us - node->opened_us > ALONE_US;
}

int64_t node_clock_offset_us(const struct node *node)
{
    int64_t offset_us = 0;
    (void)node_relays_offset(node, &offset_us);
    return offset_us - node->keeper.ahead_us;
}

int64_t node_now(struct node *node, int64_t wall_us, int64_t steady_us)
{
    int64_t offset_us, moved_us;
    bool any = node_relays_offset(node, &offset_us);
    int64_t now_us = timekeeper_read(&node->keeper, wall_us, steady_us, any ? &offset_us : NULL, &moved_us);
    for (size_t i = 0; i < node->link_count && moved_us != 0; i++)
        node->links[i].uplink.skew_us -= moved_us;
    return now_us;
}

static bool is_correctable(int64_t offset_us)
{
    return offset_us > -OFFSET_MAX_US && offset_us < OFFSET_MAX_US;
}

int64_t node_stamp(const struct node *node, int64_t now_us)
{
    int64_t offset_us = 0;
    (void)node_relays_offset(node, &offset_us);
    return is_correctable(offset_us) ? now_us + offset_us : now_us;
}

int64_t node_surely_us(const struct node *node, int64_t now_us)
{
    int64_t offset_us = 0;
    (void)node_relays_offset(node, &offset_us);
    return is_correctable(offset_us) || offset_us < 0 ? now_us + offset_us : now_us;
}

int64_t node_maybe_us(const struct node *node, int64_t now_us)
{
    int64_t offset_us = 0;
    (void)node_relays_offset(node, &offset_us);
    return !is_correctable(offset_us) && offset_us > 0 ? now_us + offset_us : now_us;
}

enum case_state node_state(const struct node *node, const struct case_entry *entry, int64_t now_us)
{
    return cases_state(&node->cases, entry, node_surely_us(node, now_us));
}

int node_rank(const struct item *item)
{
    switch (item->header->urgency) {
    case HOTLINE__URGENCY__CODE__IMMEDIATE:
        return 0;
    case HOTLINE__URGENCY__CODE__EXPECTED:
        return 2;
    default:
        return 3;
    }
}

bool node_is_current(const struct node *node, const struct item *item, int64_t now_us)
{
    const Hotline__EnvelopeHeader *header = item->header;
    if (item->erased)
        return false;
    now_us = node_surely_us(node, now_us); /* as the header's own times were stamped */
    if (!item_is_case(item))
        return now_us <= header->expires_at_us && !item_is_answered(item);
    const struct case_entry *entry = item->case_entry;
    if (cases_last(entry) != item)
        return false;
    bool ends = header->act == HOTLINE__ACT__CODE__CLOSE || header->act == HOTLINE__ACT__CODE__RETRACT;
    if (ends)
        return now_us - LIMIT_AFTERLIFE_US <= header->expires_at_us &&
            (now_us <= header->expires_at_us || !item_is_answered(item));
    return now_us <= header->expires_at_us;
}

bool node_is_settled(const struct item *item)
{
    const struct case_entry *entry = item->case_entry;
    if (item->erased)
        return true;
    return item_is_case(item) ? cases_last(entry) != item : item_is_answered(item);
}

bool node_may_grant(const struct node *node, const struct item *item, int64_t now_us)
{
    if (item_is_case(item))
        return node_is_current(node, item, now_us);
    return !item->erased && node_surely_us(node, now_us) <= item->header->expires_at_us;
}

void node_queue(struct node *node, struct node_link *link, enum outlet_kind kind, struct item *item)
{
    for (size_t i = 0; i < node->link_count; i++) {
        if (link != NULL && link != &node->links[i])
            continue;
        if (outlet_push(&node->links[i].outlet, kind, item, node_rank(item)) != OK)
            log_event(LOG_ERROR, "out of memory while queueing an envelope; it goes with the next offer", NULL);
    }
}

int node_keep(struct node *node, struct item *item, bool *ret_newest)
{
    *ret_newest = false;
    int result = lookup_add(&node->items, item);
    if (result == OK && item->mine)
        result = lookup_add(&node->own, item);
    if (result == OK && item->mine)
        result = dues_meet(&node->alarms);
    if (result == OK && item->mine)
        result = dues_meet(&node->promises);
    if (result == OK && item->mine && node->sent_count == node->sent_capacity) {
        size_t capacity = node->sent_capacity ? 2 * node->sent_capacity : 64;
        struct item **sent = realloc(node->sent, capacity * sizeof *sent);
        if (sent == NULL)
            return ERR_NOMEM;
        node->sent = sent;
        node->sent_capacity = capacity;
    }
    if (result == OK && item->mine)
        node->sent[node->sent_count++] = item;
    if (result == OK && item->header->case_name != NULL) {
        struct case_entry *entry = cases_entry(&node->cases, item, node->keys->id);
        if (entry != NULL && entry->erased && !item->spared)
            entry->erased = false; /* a higher revision opens the case anew */
        result = entry ? cases_add(&node->cases, entry, item, ret_newest) : ERR_NOMEM;
        if (result == OK)
            result = node_blob_meet(node, item);
    }
    if (result == OK)
        node_expect(node, item);
    return result;
}

/* --- life --- */

static void on_commit(void *ctx, uint64_t ticket)
{
    struct node *node = ctx;
    (void)ticket;
    if (node->closing)
        return;
    node_release_held(node);
    node_flush(node, node->now_us, node->steady_us);
}

void node_fail(struct node *node, int error, const char *text)
{
    if (node->failed)
        return;
    node->failed = true;
    vault_abandon(node->vault);
    if (!node->closing)
        node->io.failed(node->io.ctx, error, text);
}

bool node_has_failed(const struct node *node)
{
    return node->failed;
}

int node_half_kept(struct node *node, struct item *item, int error)
{
    if (lookup_find(&node->items, &item->hash) == item)
        node_fail(node, error, "out of memory while an envelope was taken in");
    else
        item_free(item);
    return error;
}

static void on_failed(void *ctx, int error, const char *text)
{
    struct node *node = ctx;
    node->failed = true;
    if (!node->closing)
        node->io.failed(node->io.ctx, error, text);
}

void node_change_settings(struct node *node, const struct node_settings *settings)
{
    node->settings = *settings;
    node->settings.subscriptions = NULL;
    node->settings.subscription_count = 0;
    for (size_t i = 0; i < node->sent_count; i++)
        node_expect(node, node->sent[i]);
    for (size_t i = 0; i < node->cases.count; i++)
        cases_look_again(&node->cases, node->cases.order[i]);
}

static void init_tables(struct node *node)
{
    lookup_init(&node->items, offsetof(struct item, hash), KEY_HASH_BYTES);
    lookup_init(&node->own, offsetof(struct item, id), KEY_UUID_BYTES);
    lookup_init(&node->seen, offsetof(struct seen, key), LIMIT_ID_CHARS + KEY_UUID_BYTES);
    lookup_init(&node->sequences, offsetof(struct sequence, member), LIMIT_ID_CHARS);
    lookup_init(&node->idempotency, offsetof(struct node_idempotency, key), sizeof((struct node_idempotency *)0)->key);
    lookup_init(&node->owed, offsetof(struct owed, name), RECEIPT_NAME_BYTES);
    dues_init(&node->alarms, offsetof(struct item, alarm));
    dues_init(&node->promises, offsetof(struct item, promise));
}

static void free_table(struct lookup *table, void (*free_one)(void *))
{
    size_t at = 0;
    for (void *one; (one = lookup_next(table, &at)) != NULL;)
        free_one(one);
    lookup_done(table);
}

static void free_item(void *item)
{
    item_free(item);
}

static void free_owed(void *owed)
{
    node_free_owed(owed);
}

static void free_node(struct node *node)
{
    for (size_t i = 0; i < node->link_count; i++)
        node_free_link(&node->links[i]);
    free(node->links);
    drafts_done(&node->drafts);
    notes_done(&node->notes);
    posters_done(&node->posters);
    drills_done(&node->drills);
    hooks_done(&node->hooks);
    dispatches_done(&node->dispatches);
    accounts_done(&node->accounts);
    sessions_done(&node->sessions);
    cases_done(&node->cases);
    free_table(&node->items, free_item);
    lookup_done(&node->own);
    free_table(&node->seen, free);
    free_table(&node->sequences, free);
    free_table(&node->idempotency, free);
    free_table(&node->owed, free_owed);
    evidence_done(&node->evidence);
    node_blobs_done(&node->blobs);
    gaps_done(&node->gaps);
    dues_done(&node->alarms);
    dues_done(&node->promises);
    free(node->sent);
    free(node->receipts);
    for (size_t i = 0; i < node->held_count; i++)
        free(node->held[(node->held_head + i) % node->held_capacity].uplink);
    free(node->held);
    journal_done(&node->journal);
    free(node->delayed);
    directory_done(&node->directory);
    wire_arena_done(&node->arena);
    wire_arena_done(&node->scratch);
    vault_close(node->vault);
    key_set_free(node->keys);
    free(node);
}

static int open_parts(struct node *node, struct node_setup *setup, struct err_note *note)
{
    int result = wire_arena_init(&node->arena);
    if (result == OK)
        result = wire_arena_init(&node->scratch);
    if (result == OK)
        result = directory_open(&node->directory, node->vault, node->keys, &setup->trust, setup->roster_seed,
                                setup->now_us, note);
    if (result == OK)
        result = node_load(node, note);
    if (result != OK)
        return result;
    timekeeper_init(&node->keeper, roster_issued_us(node->directory.roster));
    for (size_t i = 0; i < setup->settings.subscription_count; i++) {
        int country = country_index(setup->settings.subscriptions[i]);
        if (country >= 0)
            node->first_subscriptions[country / 8] |= (uint8_t)(1u << (country % 8));
    }
    struct store_events events = {.on_commit = on_commit, .on_failed = on_failed, .ctx = node};
    result = vault_start(node->vault, setup->loop, &events);
    if (result == OK) {
        directory_keep_seed(&node->directory);
        node_unite_rows(node);
        node_drop_owed(node);
        node_hold_reissues(node);
    }
    return result == OK ? node_build_links(node, setup->now_us) : result;
}

int node_open(struct node_setup *setup, struct err_note *note, struct node **ret_node)
{
    struct vault *vault;
    int result = vault_open(setup->db, setup->keys, setup->previous, note, &vault);
    if (result != OK) {
        key_set_free(setup->keys);
        return result;
    }
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        vault_close(vault);
        key_set_free(setup->keys);
        return ERR_NOMEM;
    }
    node->keys = setup->keys;
    node->vault = vault;
    node->io = setup->io;
    node->now_us = setup->now_us;
    init_tables(node);
    cases_init(&node->cases, vault);
    drafts_init(&node->drafts);
    notes_init(&node->notes);
    posters_init(&node->posters);
    drills_init(&node->drills);
    hooks_init(&node->hooks);
    dispatches_init(&node->dispatches);
    accounts_init(&node->accounts);
    sessions_init(&node->sessions);
    journal_init(&node->journal);
    evidence_init(&node->evidence, vault);
    node_blobs_init(&node->blobs);
    gaps_init(&node->gaps);
    node_change_settings(node, &setup->settings);
    result = open_parts(node, setup, note);
    if (result != OK) {
        node->closing = true;
        free_node(node);
        return result;
    }
    node_commit(node);
    *ret_node = node;
    return OK;
}

void node_close(struct node *node)
{
    if (node == NULL)
        return;
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    WIRE_SET(&goodbye, code, HOTLINE__GOODBYE_CODE__CODE__STOPPING);
    node_flush(node, node->now_us, node->steady_us);
    for (size_t i = 0; i < node->link_count; i++) {
        if (node->links[i].uplink.state != UPLINK_READY)
            continue;
        node_frame(node, &node->links[i], WIRE_GOODBYE, &goodbye.base);
        node_send_out(node, &node->links[i]);
    }
    node->closing = true;
    free_node(node);
}
