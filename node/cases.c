/* cases: revisions in their one order, threads, and finding a case by what a person types. Never decides what is sent.
 */
#include "node/cases.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"

#define NAME_DIGITS_LEAST 6

void cases_init(struct cases *cases, const struct vault *vault)
{
    *cases = (struct cases){.vault = vault};
    lookup_init(&cases->by_key, offsetof(struct case_entry, key), sizeof(struct envelope_case_key));
    dues_init(&cases->looks, offsetof(struct case_entry, look));
    dues_init(&cases->wakes, offsetof(struct case_entry, wake));
}

void cases_done(struct cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        free(cases->order[i]->revisions);
        free(cases->order[i]->thread);
        free(cases->order[i]->tombstone);
        cases_forget_seconds(cases->order[i]);
        free(cases->order[i]);
    }
    free(cases->order);
    dues_done(&cases->looks);
    dues_done(&cases->wakes);
    lookup_done(&cases->by_key);
}

struct case_entry *cases_find(const struct cases *cases, const struct envelope_case_key *key)
{
    return lookup_find(&cases->by_key, key);
}

void cases_look_again(struct cases *cases, struct case_entry *entry)
{
    dues_set(&cases->looks, &entry->look, 0);
    dues_set(&cases->wakes, &entry->wake, 0);
}

static int keep(struct cases *cases, struct case_entry *entry)
{
    if (cases->count == cases->capacity) {
        size_t capacity = cases->capacity ? 2 * cases->capacity : 64;
        struct case_entry **order = realloc(cases->order, capacity * sizeof *order);
        if (order == NULL)
            return ERR_NOMEM; /* unreached: no memory */
        cases->order = order;
        cases->capacity = capacity;
    }
    int result = dues_meet(&cases->looks);
    if (result != OK)
        return result; /* unreached: no memory */
    if ((result = dues_meet(&cases->wakes)) == OK && (result = lookup_add(&cases->by_key, entry)) != OK)
        dues_part(&cases->wakes, &entry->wake); /* unreached: no memory */
    if (result != OK) {
        dues_part(&cases->looks, &entry->look); /* unreached: no memory */
        return result;                          /* unreached: no memory */
    }
    cases->order[cases->count++] = entry;
    cases_look_again(cases, entry);
    return OK;
}

static struct case_entry *fresh_entry(struct cases *cases, const char *opener, bool exercise, const uint8_t *case_id)
{
    struct case_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL; /* unreached: no memory */
    entry->key = envelope_case_key(opener, exercise, case_id);
    snprintf(entry->opener, sizeof entry->opener, "%s", opener);
    memcpy(entry->case_id, case_id, KEY_UUID_BYTES);
    entry->exercise = exercise;
    if (keep(cases, entry) != OK) {
        free(entry); /* unreached: no memory */
        return NULL; /* unreached: no memory */
    }
    return entry;
}

struct case_entry *cases_entry(struct cases *cases, const struct item *item, const char *self)
{
    const Hotline__CaseName *name = item->header->case_name;
    struct envelope_case_key key = envelope_case_key(name->opener, item_is_exercise(item), name->case_id.data);
    struct case_entry *entry = cases_find(cases, &key);
    if (entry == NULL)
        entry = fresh_entry(cases, name->opener, item_is_exercise(item), name->case_id.data);
    if (entry != NULL)
        entry->mine = strcmp(entry->opener, self) == 0;
    return entry;
}

static int order_of(const struct item *a, const struct item *b)
{
    return envelope_order(a->header->revision, a->header->sent_at_us, &a->hash, b->header->revision,
                          b->header->sent_at_us, &b->hash);
}

static int by_time(const struct item *a, const struct item *b)
{
    return a->header->sent_at_us < b->header->sent_at_us ? -1 : a->header->sent_at_us > b->header->sent_at_us;
}

/* Insertion from the end: revisions and replies nearly always come in order. */
static int insert(struct item ***list, size_t *count, struct item *item,
                  int (*order)(const struct item *, const struct item *))
{
    struct item **grown = realloc(*list, (*count + 1) * sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM; /* unreached: no memory */
    *list = grown;
    size_t at = (*count)++;
    while (at > 0 && order(grown[at - 1], item) > 0) {
        grown[at] = grown[at - 1];
        at--;
    }
    grown[at] = item;
    return OK;
}

int cases_add(struct cases *cases, struct case_entry *entry, struct item *item, bool *ret_newest)
{
    item->case_entry = entry;
    cases_look_again(cases, entry);
    if (!item_is_case(item)) {
        *ret_newest = false;
        return insert(&entry->thread, &entry->thread_count, item, by_time);
    }
    int result = insert(&entry->revisions, &entry->revision_count, item, order_of);
    bool newest = result == OK && cases_last(entry) == item;
    if (result == OK && item->reference[0] != '\0' && (newest || entry->reference[0] == '\0'))
        snprintf(entry->reference, sizeof entry->reference, "%s", item->reference);
    if (result == OK)
        *ret_newest = newest;
    return result;
}

void cases_touch(struct cases *cases, struct case_entry *entry, int64_t now_us)
{
    entry->changed = ++cases->last_change;
    entry->changed_us = now_us;
    cases_look_again(cases, entry);
}

static bool on_disk(const struct cases *cases, const struct item *item)
{
    return item->ticket <= vault_committed(cases->vault);
}

struct item *cases_last(const struct case_entry *entry)
{
    return entry->revision_count > 0 ? entry->revisions[entry->revision_count - 1] : NULL;
}

struct item *cases_newest(const struct cases *cases, const struct case_entry *entry)
{
    for (size_t i = entry->revision_count; i-- > 0;) {
        if (on_disk(cases, entry->revisions[i]))
            return entry->revisions[i];
    }
    return NULL;
}

struct item *cases_shown(const struct cases *cases, const struct case_entry *entry)
{
    for (size_t i = entry->revision_count; i-- > 0;) {
        struct item *item = entry->revisions[i];
        if (on_disk(cases, item) && item_is_alert(item))
            return item;
    }
    return NULL;
}

enum case_state cases_state(const struct cases *cases, const struct case_entry *entry, int64_t now_us)
{
    const struct item *newest = cases_newest(cases, entry);
    if (newest == NULL)
        return CASE_OPEN;
    if (newest->header->act == HOTLINE__ACT__CODE__CLOSE)
        return CASE_CLOSED;
    if (newest->header->act == HOTLINE__ACT__CODE__RETRACT)
        return CASE_RETRACTED;
    return now_us > newest->header->expires_at_us ? CASE_EXPIRED : CASE_OPEN;
}

const char *cases_state_name(enum case_state state)
{
    static const char *const names[] = {"OPEN", "CLOSED", "RETRACTED", "EXPIRED"};
    return names[state];
}

/* --- finding --- */

struct search {
    const char *reference;           /* behind member: or member/ */
    char member[LIMIT_ID_CHARS + 1]; /* "" when none was typed */
};

static bool is_hex_name(const char *name)
{
    size_t len = strlen(name);
    return len >= NAME_DIGITS_LEAST && len <= 2 * KEY_UUID_BYTES && strspn(name, "0123456789abcdef") == len;
}

static bool matches(const struct case_entry *entry, const struct search *search)
{
    char id[2 * KEY_UUID_BYTES + 1];
    if (search->member[0] != '\0' && strcmp(search->member, entry->opener) != 0)
        return false;
    if (strcmp(entry->reference, search->reference) == 0)
        return true;
    if (!is_hex_name(search->reference))
        return false;
    buf_hex(slice_of(entry->case_id, KEY_UUID_BYTES), id);
    return strncmp(id, search->reference, strlen(search->reference)) == 0;
}

static struct search search_for(const char *name)
{
    struct search search = {.reference = name};
    size_t len = strcspn(name, ":/");
    if (name[len] != '\0' && len <= LIMIT_ID_CHARS) {
        snprintf(search.member, sizeof search.member, "%.*s", (int)len, name);
        search.reference = name + len + 1;
    }
    return search;
}

int cases_named(const struct cases *cases, const char *name, struct case_entry **candidates, size_t cap,
                size_t *ret_count, struct case_entry **ret_entry)
{
    struct search search = search_for(name);
    struct case_entry *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < cases->count; i++) {
        struct case_entry *entry = cases->order[i];
        if (!matches(entry, &search) || cases_newest(cases, entry) == NULL)
            continue;
        found = entry;
        if (count < cap)
            candidates[count] = entry;
        count++;
    }
    *ret_count = count < cap ? count : cap;
    if (count == 0)
        return ERR_NOT_FOUND;
    if (count > 1)
        return ERR_AMBIGUOUS;
    *ret_entry = found;
    return OK;
}

int cases_own(const struct cases *cases, const char *name, struct case_entry **ret_entry)
{
    struct case_entry *candidate;
    size_t count;
    int result = cases_named(cases, name, &candidate, 1, &count, ret_entry);
    if (result != OK)
        return result;
    return (*ret_entry)->mine && (*ret_entry)->revision_count > 0 ? OK : ERR_STATE;
}

/* --- tombstones --- */

static void describe_alert(const Hotline__Case *alert, struct case_tombstone *tombstone)
{
    tombstone->category = alert->has_category ? (int)alert->category : 0;
    tombstone->intake_channel = alert->has_intake_channel ? (int)alert->intake_channel : 0;
    snprintf(tombstone->drill_id, sizeof tombstone->drill_id, "%s", wire_text(alert->drill_id));
    if (alert->last_seen != NULL && alert->last_seen->country != NULL)
        snprintf(tombstone->last_seen_country, sizeof tombstone->last_seen_country, "%s", alert->last_seen->country);
}

static void describe_acknowledgement(const struct case_entry *entry, struct case_tombstone *tombstone)
{
    int64_t first_us = entry->acknowledged_at_us;
    for (size_t r = 0; r < entry->revision_count; r++) {
        for (size_t i = 0; i < entry->revisions[r]->ladder_count; i++) {
            int64_t at_us = entry->revisions[r]->ladder[i].state_at_us[HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED];
            if (at_us != 0 && (first_us == 0 || at_us < first_us))
                first_us = at_us;
        }
    }
    tombstone->first_acknowledged_us = first_us > tombstone->opened_at_us ? first_us - tombstone->opened_at_us : 0;
}

void cases_describe(const struct cases *cases, const struct case_entry *entry, struct case_tombstone *ret_tombstone)
{
    const struct item *newest = cases_newest(cases, entry), *shown = cases_shown(cases, entry);
    struct case_tombstone *tombstone = ret_tombstone;
    *tombstone = entry->tombstone ? *entry->tombstone : (struct case_tombstone){0};
    if (newest == NULL || entry->erased)
        return;
    const Hotline__Route *route = newest->header->route;
    tombstone->revision = newest->header->revision;
    tombstone->country_count = 0;
    for (size_t i = 0; i < route->n_countries && i < LIMIT_COUNTRIES; i++)
        snprintf(tombstone->countries[tombstone->country_count++], sizeof tombstone->countries[0], "%s",
                 route->countries[i]);
    if (tombstone->opened_at_us == 0)
        tombstone->opened_at_us = entry->revisions[0]->header->sent_at_us;
    if (shown != NULL)
        describe_alert(item_content(shown)->alert, tombstone);
    if (item_content(newest) != NULL && item_content(newest)->content_case == HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING) {
        const Hotline__Closing *closing = item_content(newest)->closing;
        tombstone->outcome = (int)closing->outcome; /* none comes without: closing_check() */
        tombstone->closed_at_us = newest->header->sent_at_us;
        snprintf(tombstone->found_country, sizeof tombstone->found_country, "%s", wire_text(closing->found_country));
    }
    describe_acknowledgement(entry, tombstone);
}

void cases_keep_only(struct case_entry *entry, struct item *item)
{
    CHECK(entry->revision_count > 0);
    entry->revisions[0] = item;
    entry->revision_count = 1;
    entry->thread_count = 0;
}

/* --- at rest --- */

/* When there is no room the oldest approval goes; a broken glass only when all are broken ones. */
static void drop_second(struct case_entry *entry)
{
    size_t oldest = 0;
    for (size_t i = entry->second_count; i-- > 0;)
        if (entry->seconds[i].reason[0] == 0)
            oldest = i;
    memmove(&entry->seconds[oldest], &entry->seconds[oldest + 1],
            (entry->second_count - oldest - 1) * sizeof *entry->seconds);
    entry->second_count--;
}

int cases_add_second(struct case_entry *entry, const struct case_second *second)
{
    size_t count = entry->second_count;
    if (count == CASES_SECONDS_MAX) {
        drop_second(entry);
        entry->seconds[entry->second_count++] = *second;
        return OK;
    }
    struct case_second *more =
        calloc(count + 1, sizeof *more); /* realloc leaves a copy, and a reason may name people */
    if (more == NULL)
        return ERR_NOMEM;
    if (count > 0)
        memcpy(more, entry->seconds, count * sizeof *more);
    more[count] = *second;
    cases_forget_seconds(entry);
    entry->seconds = more;
    entry->second_count = count + 1;
    return OK;
}

void cases_forget_seconds(struct case_entry *entry)
{
    if (entry->seconds != NULL)
        seal_wipe(entry->seconds, entry->second_count * sizeof *entry->seconds);
    free(entry->seconds);
    entry->seconds = NULL;
    entry->second_count = 0;
}

/* Into rows and list, which the record then points to. */
static void save_seconds(const struct case_entry *entry, Hotline__Node__CaseRecord *record,
                         Hotline__Node__SecondRecord rows[CASES_SECONDS_MAX],
                         Hotline__Node__SecondRecord *list[CASES_SECONDS_MAX])
{
    for (size_t i = 0; i < entry->second_count; i++) {
        hotline__node__second_record__init(&rows[i]);
        rows[i].by = entry->seconds[i].by;
        rows[i].reason = entry->seconds[i].reason;
        WIRE_SET(&rows[i], at_us, entry->seconds[i].at_us);
        WIRE_SET(&rows[i], revision, entry->seconds[i].revision);
        list[i] = &rows[i];
    }
    record->seconds = list;
    record->n_seconds = entry->second_count;
}

uint64_t cases_save(struct vault *vault, const struct case_entry *entry)
{
    Hotline__Node__CaseRecord record = HOTLINE__NODE__CASE_RECORD__INIT;
    struct case_entry copy = *entry;
    record.opener = copy.opener;
    record.acknowledged_as = copy.acknowledged_as;
    Hotline__Node__SecondRecord seconds[CASES_SECONDS_MAX], *list[CASES_SECONDS_MAX];
    save_seconds(&copy, &record, seconds, list);
    WIRE_SET_BYTES(&record, case_id, entry->case_id, KEY_UUID_BYTES);
    WIRE_SET(&record, exercise, entry->exercise);
    WIRE_SET(&record, acknowledged_at_us, entry->acknowledged_at_us);
    WIRE_SET(&record, acknowledged_revision, entry->acknowledged_revision);
    WIRE_SET(&record, changed_us, entry->changed_us);
    WIRE_SET(&record, expiring_told_us, entry->expiring_told_us);
    WIRE_SET(&record, expired_told_us, entry->expired_told_us);
    WIRE_SET(&record, review_told_us, entry->review_told_us);
    WIRE_SET(&record, escalated, entry->escalated);
    struct case_tombstone tombstone;
    char *countries[LIMIT_COUNTRIES];
    if (entry->tombstone != NULL) {
        tombstone = *entry->tombstone;
        record.reference = copy.reference;
        record.last_seen_country = tombstone.last_seen_country;
        record.found_country = tombstone.found_country;
        record.drill_id = tombstone.drill_id;
        WIRE_SET(&record, erased_at_us, tombstone.erased_at_us);
        WIRE_SET(&record, erased_revision, tombstone.revision);
        WIRE_SET(&record, category, (uint32_t)tombstone.category);
        WIRE_SET(&record, outcome, (uint32_t)tombstone.outcome);
        WIRE_SET(&record, intake_channel, (uint32_t)tombstone.intake_channel);
        WIRE_SET(&record, opened_at_us, tombstone.opened_at_us);
        WIRE_SET(&record, closed_at_us, tombstone.closed_at_us);
        WIRE_SET(&record, first_acknowledged_us, tombstone.first_acknowledged_us);
        for (size_t i = 0; i < tombstone.country_count; i++)
            countries[i] = tombstone.countries[i];
        record.n_countries = tombstone.country_count;
        record.countries = countries;
    }
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    uint64_t ticket = vault_put(vault, VAULT_CASE, slice_of(entry->key.bytes, sizeof entry->key.bytes),
                                entry->erased ? NULL : &entry->key, buf_slice(&bytes));
    buf_free(&bytes);
    return ticket;
}

static int load_tombstone(struct case_entry *entry, const Hotline__Node__CaseRecord *record)
{
    struct case_tombstone *tombstone = calloc(1, sizeof *tombstone);
    if (tombstone == NULL)
        return ERR_NOMEM; /* unreached: no memory */
    tombstone->erased_at_us = record->erased_at_us;
    tombstone->revision = record->erased_revision;
    tombstone->category = (int)record->category;
    tombstone->outcome = (int)record->outcome;
    tombstone->intake_channel = (int)record->intake_channel;
    tombstone->opened_at_us = record->opened_at_us;
    tombstone->closed_at_us = record->closed_at_us;
    tombstone->first_acknowledged_us = record->first_acknowledged_us;
    snprintf(tombstone->last_seen_country, sizeof tombstone->last_seen_country, "%s",
             wire_text(record->last_seen_country));
    snprintf(tombstone->found_country, sizeof tombstone->found_country, "%s", wire_text(record->found_country));
    snprintf(tombstone->drill_id, sizeof tombstone->drill_id, "%s", wire_text(record->drill_id));
    for (size_t i = 0; i < record->n_countries && i < LIMIT_COUNTRIES; i++)
        snprintf(tombstone->countries[tombstone->country_count++], sizeof tombstone->countries[0], "%s",
                 record->countries[i]);
    snprintf(entry->reference, sizeof entry->reference, "%s", wire_text(record->reference));
    free(entry->tombstone);
    entry->tombstone = tombstone;
    return OK;
}

static int load_second(struct case_entry *entry, const Hotline__Node__SecondRecord *row)
{
    struct case_second second = {.at_us = row->at_us, .revision = row->revision};
    snprintf(second.by, sizeof second.by, "%s", wire_text(row->by));
    snprintf(second.reason, sizeof second.reason, "%s", wire_text(row->reason));
    int result = entry->second_count < CASES_SECONDS_MAX ? cases_add_second(entry, &second) : ERR_CORRUPT;
    seal_wipe(&second, sizeof second);
    return result;
}

static int load_seconds(struct case_entry *entry, const Hotline__Node__CaseRecord *record)
{
    int result = OK;
    cases_forget_seconds(entry);
    if (record->second_by != NULL) { /* as a store of before kept the opening's */
        Hotline__Node__SecondRecord first = HOTLINE__NODE__SECOND_RECORD__INIT;
        first.by = record->second_by;
        first.reason = record->second_reason;
        first.at_us = record->second_at_us;
        first.revision = 1;
        result = load_second(entry, &first);
    }
    for (size_t i = 0; result == OK && i < record->n_seconds; i++)
        result = load_second(entry, record->seconds[i]);
    return result;
}

int cases_load(struct cases *cases, struct slice bytes)
{
    Hotline__Node__CaseRecord *record = hotline__node__case_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL || record->opener == NULL || record->case_id.len != KEY_UUID_BYTES ||
        strlen(record->opener) > LIMIT_ID_CHARS) {
        if (record != NULL)
            hotline__node__case_record__free_unpacked(record, NULL);
        return ERR_CORRUPT;
    }
    struct envelope_case_key key = envelope_case_key(record->opener, record->exercise, record->case_id.data);
    struct case_entry *entry = cases_find(cases, &key);
    if (entry == NULL)
        entry = fresh_entry(cases, record->opener, record->exercise, record->case_id.data);
    if (entry != NULL) {
        entry->acknowledged_at_us = record->acknowledged_at_us;
        entry->acknowledged_revision = record->acknowledged_revision;
        entry->changed_us = record->changed_us;
        entry->expiring_told_us = record->expiring_told_us;
        entry->expired_told_us = record->expired_told_us;
        entry->review_told_us = record->review_told_us;
        entry->escalated = record->escalated;
        snprintf(entry->acknowledged_as, sizeof entry->acknowledged_as, "%s", wire_text(record->acknowledged_as));
    }
    int result = entry == NULL ? ERR_NOMEM : record->erased_at_us != 0 ? load_tombstone(entry, record) : OK;
    if (result == OK)
        result = load_seconds(entry, record);
    hotline__node__case_record__free_unpacked(record, NULL);
    return result;
}
