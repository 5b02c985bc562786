/* node_facts: what views ask of the node. Reads only. */
#include <string.h>

#include "node/node_inner.h"
#include "proto/clock.h"

/* For so long after it was last seen a clone is warned of. */
#define CLONED_FOR_US (15 * CLOCK_MINUTE_US)

#define EXPIRY_WARNING_US (6 * CLOCK_HOUR_US)
#define EXPIRY_WARNINGS 4
#define EVIDENCE_WARNINGS 6

const struct cases *node_cases(const struct node *node)
{
    return &node->cases;
}

const struct directory *node_directory(const struct node *node)
{
    return &node->directory;
}

size_t node_uplink_count(const struct node *node)
{
    return node->link_count;
}

const struct uplink *node_uplink(const struct node *node, size_t slot)
{
    CHECK(slot < node->link_count);
    return &node->links[slot].uplink;
}

size_t node_waiting_at(const struct node *node, size_t slot)
{
    CHECK(slot < node->link_count);
    return outlet_size(&node->links[slot].outlet, OUTLET_ITEM);
}

size_t node_accepted_needed(const struct node *node)
{
    return node->link_count < 2 ? node->link_count : 2;
}

size_t node_outbox_size(const struct node *node)
{
    size_t size = 0;
    int64_t now_us = node->now_us;
    for (size_t i = 0; i < node->sent_count; i++)
        size += node_is_current(node, node->sent[i], now_us) &&
            item_accepted_by(node->sent[i]) < node_accepted_needed(node);
    return size;
}

struct vault *node_vault(struct node *node)
{
    return node->vault;
}

/* Taken by all relays that were owed it but those that still are. */
size_t node_acknowledgement_taken(const struct node *node, const struct case_entry *entry)
{
    const struct item *newest = cases_newest(&node->cases, entry);
    if (newest == NULL || newest->receipt_state != HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED)
        return 0;
    size_t waiting = 0;
    for (size_t i = 0; i < node->link_count; i++)
        waiting += node_owes(node, &newest->hash, node->links[i].uplink.relay);
    return node->link_count - waiting;
}

const struct item *node_item(const struct node *node, const struct key_uuid *id)
{
    return lookup_find(&node->own, id);
}

const struct node_pending *node_pending(const struct node *node, size_t i)
{
    return i < node->pending_count ? &node->pending[i] : NULL;
}

const struct node_counters *node_counters(const struct node *node)
{
    return &node->counters;
}

/* --- warnings --- */

struct warnings {
    struct node_warning *out;
    size_t count, cap;
};

static void warn(struct warnings *warnings, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
static void warn(struct warnings *warnings, const char *code, const char *format, ...)
{
    if (warnings->count == warnings->cap)
        return;
    struct node_warning *row = &warnings->out[warnings->count++];
    va_list args;
    va_start(args, format);
    row->code = code;
    vsnprintf(row->text, sizeof row->text, format, args);
    va_end(args);
}

static void warn_of_roster(const struct node *node, int64_t now_us, struct warnings *warnings)
{
    const struct roster *roster = node->directory.roster;
    char age[CLOCK_TEXT_MAX];
    int64_t left_us = roster_expires_us(roster) - now_us;
    clock_format_age(left_us < 0 ? -left_us : left_us, age);
    if (roster_is_dead(roster, now_us))
        warn(warnings, "ROSTER_EXPIRED",
             "The roster expired %s ago, beyond its grace of 30 days: nothing can be opened until the "
             "authority signs a new one.",
             age);
    else if (left_us < 0)
        warn(warnings, "ROSTER_EXPIRED",
             "The roster expired %s ago: after 30 days nothing can be opened. Ask the authority for a new one.", age);
    else if (left_us < 14 * CLOCK_DAY_US)
        warn(warnings, "ROSTER_EXPIRES", "The roster expires in %s: ask the authority for a new one.", age);
}

static const char *node_phone(const struct node *node, const char *member)
{
    size_t index = roster_find(node->directory.roster, member);
    const char *phone = index == ROSTER_NONE ? NULL : roster_member(node->directory.roster, index)->emergency_phone;
    return phone ? phone : "no number on the roster";
}

/* Cases of our own that end within six hours unless they are renewed: the nearest few by name. */
static void warn_of_expiry(const struct node *node, int64_t now_us, struct warnings *warnings)
{
    size_t count = 0;
    for (size_t i = 0; i < node->cases.count; i++) {
        const struct case_entry *entry = node->cases.order[i];
        if (!entry->mine || cases_newest(&node->cases, entry) == NULL || node_state(node, entry, now_us) != CASE_OPEN)
            continue;
        char left[CLOCK_TEXT_MAX];
        int64_t left_us = cases_newest(&node->cases, entry)->header->expires_at_us - node_surely_us(node, now_us);
        if (left_us > EXPIRY_WARNING_US || ++count > EXPIRY_WARNINGS)
            continue;
        clock_format_age(left_us, left);
        warn(warnings, "CASE_EXPIRES",
             "%s expires in %s: renew it (hotline update %s FILE --valid-for 72h) or close it.", entry->reference, left,
             entry->reference);
    }
    if (count > EXPIRY_WARNINGS)
        warn(warnings, "CASE_EXPIRES", "%zu more cases of our own expire within 6 hours.", count - EXPIRY_WARNINGS);
}

/* The newest few; whoever makes up many must not push other warnings out. */
static void warn_of_evidence(const struct node *node, struct warnings *warnings)
{
    size_t count = node->evidence.fact_count, told = count < EVIDENCE_WARNINGS ? count : EVIDENCE_WARNINGS;
    for (size_t i = 0; i < told; i++) {
        const struct evidence_fact *fact = &node->evidence.facts[count - 1 - i];
        char at[CLOCK_TEXT_MAX];
        clock_format(fact->at_us, at);
        warn(warnings, "ROSTER_EVIDENCE", "%s %s (version %llu, noticed %s). %s: tell the authority.", fact->who,
             evidence_text(fact->kind), (unsigned long long)fact->version, at,
             fact->proven ? "The proof is kept" : "It did not sign that");
    }
    if (count > told)
        warn(warnings, "ROSTER_EVIDENCE", "%zu older notices of rosters that cannot be true together are kept.",
             count - told);
}

/* Whoever sealed two contents under one name: once for each such sender, with how many. */
static void warn_of_disputes(const struct node *node, struct warnings *warnings)
{
    for (size_t i = 0; i < node->disputed_count; i++) {
        const uint8_t *sender = node->disputed[i]->key;
        size_t same = 0, before = 0;
        for (size_t j = 0; j < node->disputed_count; j++) {
            bool is_same = memcmp(node->disputed[j]->key, sender, LIMIT_ID_CHARS) == 0;
            same += is_same;
            before += is_same && j < i;
        }
        if (before > 0)
            continue;
        char id[LIMIT_ID_CHARS + 1];
        snprintf(id, sizeof id, "%.*s", LIMIT_ID_CHARS, (const char *)sender);
        warn(warnings, "DISPUTED",
             "%s signed two contents under one name (%zu of its alerts and messages). The first stays, the proof is "
             "kept: ring it (%s), and tell the authority.",
             id, same, node_phone(node, id));
    }
}

/* What others left out or said against each other. */
static void warn_of_others(const struct node *node, struct warnings *warnings)
{
    uint64_t missing[LIMIT_GAP_NUMBERS];
    warn_of_evidence(node, warnings);
    warn_of_disputes(node, warnings);
    for (size_t i = 0; i < node->gaps.count; i++) {
        const struct gap_source *source = &node->gaps.sources[i];
        if (source->asked_us != 0)
            warn(warnings, "GAP", "%zu alerts of %s are missing here; it was asked to send them again. Ring it: %s.",
                 gaps_missing(source, missing, LIMIT_GAP_NUMBERS), source->sender, node_phone(node, source->sender));
    }
    for (size_t i = 0; i < node->link_count; i++) {
        const struct node_link *link = &node->links[i];
        if (link->suspected)
            warn(warnings, "RELAY_SUSPECTED",
                 "%s took an alert for %s, whom it called connected, and no receipt came in a minute.",
                 link->uplink.relay, link->suspected_of);
    }
}

/* Those who should be woken are not: until the next message of that way is taken. */
static void warn_of_waking(const struct node *node, struct warnings *warnings)
{
    const struct dispatch *last;
    char id[2 * KEY_UUID_BYTES + 1];
    if (node->settings.escalate_mail && dispatches_fails(&node->dispatches, DISPATCH_MAIL, NULL, &last))
        warn(warnings, "MAIL_FAILS", "The last mail to wake people was not taken: %s. See mail.* in the configuration.",
             last->why);
    if (node->settings.escalate_command && dispatches_fails(&node->dispatches, DISPATCH_COMMAND, NULL, &last))
        warn(warnings, "COMMAND_FAILS", "The command to wake people did not work the last time: %s.", last->why);
    for (size_t i = 0; i < node->hooks.count; i++) {
        const struct hook *hook = node->hooks.list[i];
        if (!dispatches_fails(&node->dispatches, DISPATCH_WEB, &hook->id, &last))
            continue;
        buf_hex(slice_of(hook->id.bytes, KEY_UUID_BYTES), id);
        warn(warnings, "WEBHOOK_FAILS", "The last webhook to %.12s was not taken: %s (hotline webhook log).", id,
             last->why);
    }
}

size_t node_warnings(const struct node *node, int64_t now_us, struct node_warning *out, size_t cap)
{
    struct warnings warnings = {.out = out, .cap = cap};
    Hotline__Standing__Code standing = directory_standing(&node->directory, now_us);
    size_t ready = 0;
    for (size_t i = 0; i < node->link_count; i++)
        ready += node->links[i].uplink.state == UPLINK_READY;
    if (standing == HOTLINE__STANDING__CODE__WITHDRAWN)
        warn(&warnings, "WITHDRAWN", "The authority withdrew this member: it gets no alerts and cannot send.");
    else if (standing == HOTLINE__STANDING__CODE__SUSPENDED)
        warn(&warnings, "SUSPENDED", "This member is suspended: it can update, close and reply, but open nothing.");
    if (node->directory.locked_out)
        warn(&warnings, "KEY",
             "The roster names keys that this key file does not hold: start the node with the new key file.");
    if (ready == 0)
        warn(&warnings, "NO_RELAY",
             "No relay is connected: alerts are neither sent nor received. Check the network, then ring the "
             "relays' operators.");
    if (node->replaced_us != 0 && node->steady_us - node->replaced_us < CLONED_FOR_US)
        warn(&warnings, "CLONED", "Another node uses this member's key: stop one of the two.");
    warn_of_roster(node, now_us, &warnings);
    warn_of_others(node, &warnings);
    warn_of_expiry(node, now_us, &warnings);
    warn_of_waking(node, &warnings);
    int64_t offset_us = node_clock_offset_us(node);
    if (offset_us > 30 * CLOCK_SECOND_US || offset_us < -30 * CLOCK_SECOND_US)
        warn(&warnings, "CLOCK", "This machine's clock is %lld s %s the relays': set it.",
             (long long)(offset_us < 0 ? -offset_us : offset_us) / CLOCK_SECOND_US,
             offset_us > 0 ? "behind" : "ahead of");
    int64_t free_bytes = store_counters(vault_store(node->vault)).free_bytes;
    if (free_bytes < node->settings.disk_reserve_bytes)
        warn(&warnings, "DISK", "The store's disk has %lld MiB free: new cases are refused below %lld MiB.",
             (long long)(free_bytes >> 20), (long long)(node->settings.disk_reserve_bytes >> 20));
    if (ready > 0 && ready < node->link_count)
        warn(&warnings, "RELAY_AWAY", "%zu of %zu relays are connected.", ready, node->link_count);
    if (node->link_count < 3)
        warn(&warnings, "FEW_RELAYS", "The roster has %zu relay%s: a network runs three or more.", node->link_count,
             node->link_count == 1 ? "" : "s");
    return warnings.count;
}

/* --- backup --- */

struct backup {
    char path[4096];
    int64_t at_us, before_us; /* wall: this one, and the one before it */
    struct err_note note;
    void (*done)(void *ctx, int error, const char *text);
    void *ctx;
};

static int run_backup(struct db *db, void *job)
{
    struct backup *backup = job;
    return db_backup(db, backup->path, backup->at_us + LIMIT_AFTERLIFE_US, &backup->note);
}

static void backup_done(void *ctx, void *job, int result)
{
    struct backup *backup = job;
    struct node *node = ctx;
    if (result != OK && !node->closing && node->backup_us == backup->at_us) { /* there is none of that time after all */
        node->backup_us = backup->before_us;
        node_save_backup(node);
    }
    backup->done(backup->ctx, result, err_explain(&backup->note, result));
    free(backup);
}

void node_backup(struct node *node, const char *path, void (*done)(void *ctx, int error, const char *text), void *ctx)
{
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL || strlen(path) >= sizeof backup->path) {
        int error = backup ? ERR_LIMIT : ERR_NOMEM;
        free(backup);
        done(ctx, error, error == ERR_LIMIT ? "the path is too long" : err_text(error));
        return;
    }
    snprintf(backup->path, sizeof backup->path, "%s", path);
    backup->done = done;
    backup->ctx = ctx;
    backup->before_us = node->backup_us;
    backup->at_us = node->now_us;
    /* On the disk before the copy is: whatever dies between, ERASED says that there may be one. The copy has it too. */
    node->backup_us = backup->at_us;
    node_save_backup(node);
    vault_flush(node->vault);
    int error = store_ask(vault_store(node->vault), run_backup, backup, backup_done, node);
    if (error != OK)
        backup_done(node, backup, error);
}
