/* hooks: the table of receivers and its records. Resolves no name and sends nothing. */
#include "node/hooks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/address.h"
#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

static const char *const event_names[HOOKS_EVENTS] = {
    [HOOKS_CASE_RECEIVED] = "case.received",
    [HOOKS_CASE_UPDATED] = "case.updated",
    [HOOKS_CASE_CLOSED] = "case.closed",
    [HOOKS_CASE_RETRACTED] = "case.retracted",
    [HOOKS_CASE_EXPIRING] = "case.expiring",
    [HOOKS_CASE_EXPIRED] = "case.expired",
    [HOOKS_CASE_REVIEW] = "case.review",
    [HOOKS_CASE_CONFLICT] = "case.conflict",
    [HOOKS_CASE_ESCALATED] = "case.escalated",
    [HOOKS_CASE_BREAK_GLASS] = "case.break_glass",
    [HOOKS_POSTER_WITHDRAW] = "poster.withdraw",
    [HOOKS_REPLY_RECEIVED] = "reply.received",
    [HOOKS_REFERRAL_RECEIVED] = "referral.received",
    [HOOKS_ALARM_DELIVERED] = "alarm.delivered",
    [HOOKS_ALARM_SHOWN] = "alarm.shown",
    [HOOKS_ALARM_ACKNOWLEDGED] = "alarm.acknowledged",
    [HOOKS_LADDER_CHANGED] = "ladder.changed",
};

const char *hooks_event_name(enum hooks_event event)
{
    return event_names[event];
}

enum hooks_event hooks_event_find(const char *name)
{
    size_t at = 0;
    while (at < HOOKS_EVENTS && strcmp(event_names[at], name) != 0)
        at++;
    return (enum hooks_event)at;
}

void hooks_init(struct hooks *hooks)
{
    hooks->count = 0;
}

static void free_hook(struct hook *hook)
{
    seal_wipe(hook, sizeof *hook);
    free(hook);
}

void hooks_done(struct hooks *hooks)
{
    for (size_t i = 0; i < hooks->count; i++)
        free_hook(hooks->list[i]);
    hooks->count = 0;
}

/* ---- addresses ---- */

/* The host of what follows the scheme: up to a port, a path, a query; an IPv6 address without its brackets. */
static bool host_of(const char *rest, char host[256])
{
    bool bracketed = rest[0] == '[';
    size_t len = bracketed ? strcspn(++rest, "]") : strcspn(rest, ":/?");
    if (len == 0 || len > 255 || (bracketed && rest[len] != ']'))
        return false;
    memcpy(host, rest, len);
    host[len] = '\0';
    return true;
}

static int check_kind(enum address_kind kind, bool clear, const struct hooks_policy *policy, struct err_note *note)
{
    if (clear && kind != ADDRESS_LOOPBACK)
        return err_set(note, ERR_POLICY, "url: must begin with https://");
    if (kind == ADDRESS_PUBLIC || (kind == ADDRESS_LOOPBACK && policy->loopback) ||
        (kind == ADDRESS_PRIVATE && policy->private_networks))
        return OK;
    return err_set(note, ERR_POLICY, "url: is %s%s", address_kind_name(kind),
                   kind == ADDRESS_LOOPBACK    ? "; the setting webhooks.loopback allows it" :
                       kind == ADDRESS_PRIVATE ? "; the setting webhooks.private allows it" :
                                                 "");
}

int hooks_check_url(const char *url, const struct hooks_policy *policy, struct err_note *note)
{
    bool secure = strncasecmp(url, "https://", 8) == 0, clear = strncasecmp(url, "http://", 7) == 0;
    enum address_kind kind;
    char host[256];
    if (strlen(url) > LIMIT_HOOK_URL_BYTES)
        return err_set(note, ERR_LIMIT, "url: %zu bytes, at most %d", strlen(url), LIMIT_HOOK_URL_BYTES);
    if (!secure && !(clear && policy->loopback))
        return err_set(note, ERR_POLICY, "url: must begin with https://");
    for (const char *at = url; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f || strchr("@#\\\"<>^`{|}", *at) != NULL)
            return err_set(note, ERR_INVALID, "url: has a character at place %zu that no address here may have",
                           (size_t)(at - url) + 1);
    }
    if (!host_of(url + (secure ? 8 : 7), host))
        return err_set(note, ERR_INVALID, "url: names no host");
    if (strcasecmp(host, "localhost") == 0)
        return check_kind(ADDRESS_LOOPBACK, clear, policy, note);
    if (address_read(host, &kind))
        return check_kind(kind, clear, policy, note);
    return OK; /* a name: what it resolves to is looked at for each connection */
}

/* ---- finding ---- */

struct hook *hooks_find(const struct hooks *hooks, const char *digits, size_t *ret_count)
{
    struct hook *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < hooks->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(hooks->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = hooks->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

struct hook *hooks_by_id(const struct hooks *hooks, const struct key_uuid *id)
{
    for (size_t i = 0; i < hooks->count; i++)
        if (memcmp(hooks->list[i]->id.bytes, id->bytes, KEY_UUID_BYTES) == 0)
            return hooks->list[i];
    return NULL;
}

struct hook *hooks_by_url(const struct hooks *hooks, const char *url)
{
    for (size_t i = 0; i < hooks->count; i++)
        if (strcmp(hooks->list[i]->url, url) == 0)
            return hooks->list[i];
    return NULL;
}

/* ---- changes, at rest ---- */

static uint64_t save(struct vault *vault, struct hook *hook)
{
    Hotline__Node__HookRecord record = HOTLINE__NODE__HOOK_RECORD__INIT;
    char names[HOOKS_EVENTS][32];
    char *events[HOOKS_EVENTS];
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, hook->id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, secret, hook->keys.secret, SEAL_HOOK_BYTES);
    WIRE_SET_BYTES(&record, seed, hook->keys.seed, SEAL_HOOK_BYTES);
    WIRE_SET(&record, created_at_us, hook->created_at_us);
    record.url = hook->url;
    record.created_by = hook->created_by;
    record.events = events;
    for (int i = 0; i < HOOKS_EVENTS; i++) {
        if ((hook->events & HOOKS_BIT(i)) == 0)
            continue;
        snprintf(names[i], sizeof names[i], "%s", event_names[i]);
        events[record.n_events++] = names[i];
    }
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    hook->ticket = vault_put(vault, VAULT_HOOK, slice_of(hook->id.bytes, KEY_UUID_BYTES), NULL, buf_slice(&bytes));
    seal_wipe(bytes.data, bytes.capacity);
    buf_free(&bytes);
    return hook->ticket;
}

int hooks_add(struct hooks *hooks, struct vault *vault, const struct hooks_wish *wish, struct err_note *note,
              struct hook **ret_hook)
{
    if (hooks->count == LIMIT_HOOKS)
        return err_set(note, ERR_LIMIT, "%d webhooks are here, the most there may be: remove one first", LIMIT_HOOKS);
    struct hook *hook = calloc(1, sizeof *hook);
    if (hook == NULL)
        return ERR_NOMEM;
    seal_random(hook->id.bytes, sizeof hook->id.bytes);
    seal_hook_make(&hook->keys);
    snprintf(hook->url, sizeof hook->url, "%s", wish->url);
    snprintf(hook->created_by, sizeof hook->created_by, "%s", wish->by);
    hook->events = wish->events;
    hook->created_at_us = wish->at_us;
    hooks->list[hooks->count++] = hook;
    save(vault, hook);
    *ret_hook = hook;
    return OK;
}

uint64_t hooks_remove(struct hooks *hooks, struct vault *vault, struct hook *hook)
{
    size_t at = 0;
    while (hooks->list[at] != hook)
        at++;
    hooks->count--;
    memmove(&hooks->list[at], &hooks->list[at + 1], (hooks->count - at) * sizeof hooks->list[0]);
    uint64_t ticket = vault_remove(vault, VAULT_HOOK, slice_of(hook->id.bytes, KEY_UUID_BYTES));
    free_hook(hook);
    return ticket;
}

static int read_record(const Hotline__Node__HookRecord *record, struct hook *hook)
{
    if (key_uuid_from(wire_slice(record->id), &hook->id) != OK || record->url == NULL ||
        strlen(record->url) > LIMIT_HOOK_URL_BYTES || record->secret.len != SEAL_HOOK_BYTES ||
        record->seed.len != SEAL_HOOK_BYTES)
        return ERR_CORRUPT;
    memcpy(hook->keys.secret, record->secret.data, SEAL_HOOK_BYTES);
    memcpy(hook->keys.seed, record->seed.data, SEAL_HOOK_BYTES);
    snprintf(hook->url, sizeof hook->url, "%s", record->url);
    snprintf(hook->created_by, sizeof hook->created_by, "%s", wire_text(record->created_by));
    hook->created_at_us = record->created_at_us;
    for (size_t i = 0; i < record->n_events; i++) {
        enum hooks_event event = hooks_event_find(record->events[i]);
        if (event != HOOKS_EVENTS) /* of another version: nothing to send for it */
            hook->events |= HOOKS_BIT(event);
    }
    return OK;
}

static int by_age(const void *a, const void *b)
{
    const struct hook *x = *(struct hook *const *)a, *y = *(struct hook *const *)b;
    return x->created_at_us < y->created_at_us ? -1 : x->created_at_us > y->created_at_us;
}

int hooks_load(struct hooks *hooks, struct slice bytes)
{
    Hotline__Node__HookRecord *record = hotline__node__hook_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    struct hook *hook = calloc(1, sizeof *hook);
    int result = hook == NULL ? ERR_NOMEM : hooks->count == LIMIT_HOOKS ? ERR_CORRUPT : read_record(record, hook);
    if (result == OK) {
        hooks->list[hooks->count++] = hook;
        qsort(hooks->list, hooks->count, sizeof hooks->list[0], by_age);
    } else if (hook != NULL) {
        free_hook(hook);
    }
    if (record->secret.data != NULL)
        seal_wipe(record->secret.data, record->secret.len);
    if (record->seed.data != NULL)
        seal_wipe(record->seed.data, record->seed.len);
    hotline__node__hook_record__free_unpacked(record, NULL);
    return result;
}
