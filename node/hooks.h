/*
 * hooks - who gets webhooks: address, events, keys. In memory whole, at rest under the store's key.
 *
 * An event is a bit, by its place in the table of hooks_event_name; at rest it is its name. Sends nothing.
 */
#ifndef NODE_HOOKS_H
#define NODE_HOOKS_H

#include "node/vault.h"
#include "proto/key.h"
#include "proto/limits.h"
#include "proto/seal_hook.h"

enum hooks_event {
    HOOKS_CASE_RECEIVED,
    HOOKS_CASE_UPDATED,
    HOOKS_CASE_CLOSED,
    HOOKS_CASE_RETRACTED,
    HOOKS_CASE_EXPIRING,
    HOOKS_CASE_EXPIRED,
    HOOKS_CASE_REVIEW,
    HOOKS_CASE_CONFLICT,
    HOOKS_CASE_ESCALATED,
    HOOKS_CASE_BREAK_GLASS,
    HOOKS_POSTER_WITHDRAW,
    HOOKS_REPLY_RECEIVED,
    HOOKS_REFERRAL_RECEIVED,
    HOOKS_ALARM_DELIVERED,
    HOOKS_ALARM_SHOWN,
    HOOKS_ALARM_ACKNOWLEDGED,
    HOOKS_LADDER_CHANGED,
    HOOKS_EVENTS
};
/* All but the steps of every single recipient. */
#define HOOKS_USUAL (((uint32_t)1 << HOOKS_LADDER_CHANGED) - 1)
#define HOOKS_BIT(event) ((uint32_t)1 << (event))

struct hook {
    struct key_uuid id;
    char url[LIMIT_HOOK_URL_BYTES + 1];
    uint32_t events;
    struct seal_hook keys;
    int64_t created_at_us;
    char created_by[LIMIT_NAME_BYTES + 1];
    uint64_t ticket; /* on the disk when vault_committed() >= ticket; 0 after a start */
};

struct hooks {
    struct hook *list[LIMIT_HOOKS]; /* by age; owned */
    size_t count;
};

/* Targets that are allowed besides https to public addresses. */
struct hooks_policy {
    bool loopback; /* this machine, in clear too */
    bool private_networks;
};

struct hooks_wish {
    const char *url;
    uint32_t events;
    const char *by; /* LIMIT_NAME_BYTES at most */
    int64_t at_us;
};

/* "case.received"; hooks_event_find: HOOKS_EVENTS when there is no such event. */
const char *hooks_event_name(enum hooks_event event);
enum hooks_event hooks_event_find(const char *name);

void hooks_init(struct hooks *hooks);
/* Wipes and frees what is in memory. */
void hooks_done(struct hooks *hooks);
/* What of an address can be told without resolving it. ERR_INVALID, ERR_LIMIT, ERR_POLICY, with a note on `url`. */
int hooks_check_url(const char *url, const struct hooks_policy *policy, struct err_note *note) MUST_CHECK;
/* By its id, or its first digits: the hook, and how many begin so. NULL unless one does. */
struct hook *hooks_find(const struct hooks *hooks, const char *digits, size_t *ret_count);
struct hook *hooks_by_id(const struct hooks *hooks, const struct key_uuid *id);
struct hook *hooks_by_url(const struct hooks *hooks, const char *url);
/* A new one with keys of its own, in the open turn; its address was checked. ERR_LIMIT, ERR_NOMEM. */
int hooks_add(struct hooks *hooks, struct vault *vault, const struct hooks_wish *wish, struct err_note *note,
              struct hook **ret_hook) MUST_CHECK;
/* In the open turn; wipes and frees it. Returns the ticket. */
uint64_t hooks_remove(struct hooks *hooks, struct vault *vault, struct hook *hook);
/* One record, at the start. ERR_CORRUPT, ERR_NOMEM. */
int hooks_load(struct hooks *hooks, struct slice record) MUST_CHECK;

#endif
