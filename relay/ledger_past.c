/*
 * ledger, the part that outlives an envelope: cases and their holders, seen ids, words owed to senders.
 * Must never drop what still orders revisions or uncovers a dispute before its time is over.
 */
#include "relay/ledger.h"

#include "proto/clock.h"

/* ---- cases ---- */

static void ledger_case_key(uint32_t opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES],
                            uint8_t key[LEDGER_CASE_KEY_BYTES])
{
    memcpy(key, &opener, 4);
    key[4] = exercise;
    memcpy(key + 5, case_id, KEY_UUID_BYTES);
}

struct ledger_case *ledger_case(const struct ledger *ledger, uint32_t opener, bool exercise,
                                const uint8_t case_id[KEY_UUID_BYTES])
{
    uint8_t key[LEDGER_CASE_KEY_BYTES];

    ledger_case_key(opener, exercise, case_id, key);
    return lookup_find(&ledger->cases, key);
}

int ledger_open_case(struct ledger *ledger, uint32_t opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES],
                     struct ledger_case **ret_case)
{
    struct ledger_case *of_case = ledger_case(ledger, opener, exercise, case_id);

    if (!of_case) {
        if (ledger_meet(ledger, opener))
            return ERR_NOMEM;
        of_case = calloc(1, sizeof *of_case);
        if (!of_case)
            return ERR_NOMEM;
        ledger_case_key(opener, exercise, case_id, of_case->key);
        if (dues_meet(&ledger->over_cases)) {
            free(of_case);
            return ERR_NOMEM;
        }
        if (lookup_add(&ledger->cases, of_case)) {
            dues_part(&ledger->over_cases, &of_case->over);
            free(of_case);
            return ERR_NOMEM;
        }
        dues_set(&ledger->over_cases, &of_case->over, 0); /* its time is not known yet */
    }
    *ret_case = of_case;
    return OK;
}

uint32_t ledger_case_opener(const struct ledger_case *of_case)
{
    uint32_t opener;

    memcpy(&opener, of_case->key, 4);
    return opener;
}

bool ledger_case_is_open(const struct ledger_case *of_case)
{
    return of_case->newest && (of_case->act == HOTLINE__ACT__CODE__OPEN || of_case->act == HOTLINE__ACT__CODE__UPDATE);
}

int ledger_add_holder(struct ledger_case *of_case, uint32_t member)
{
    size_t low = 0, high = of_case->holder_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (of_case->holders[middle] < member)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < of_case->holder_count && of_case->holders[low] == member)
        return OK;
    if (of_case->holder_count == of_case->holder_capacity) {
        size_t capacity = of_case->holder_capacity ? of_case->holder_capacity * 2 : 8;
        uint32_t *holders = realloc(of_case->holders, capacity * sizeof(*holders));
        if (!holders)
            return ERR_NOMEM;
        of_case->holders = holders;
        of_case->holder_capacity = capacity;
    }
    memmove(of_case->holders + low + 1, of_case->holders + low, (of_case->holder_count - low) * sizeof(uint32_t));
    of_case->holders[low] = member;
    of_case->holder_count++;
    return OK;
}

void ledger_drop_case(struct ledger *ledger, struct ledger_case *of_case)
{
    CHECK(!of_case->newest);
    dues_part(&ledger->over_cases, &of_case->over);
    lookup_remove(&ledger->cases, of_case->key);
    free(of_case->holders);
    free(of_case);
}

/* ---- what was seen ---- */

static void ledger_seen_key(uint32_t sender, const uint8_t id[KEY_UUID_BYTES], uint8_t key[LEDGER_SEEN_KEY_BYTES])
{
    memcpy(key, &sender, 4);
    memcpy(key + 4, id, KEY_UUID_BYTES);
}

struct ledger_seen *ledger_seen(const struct ledger *ledger, uint32_t sender, const uint8_t id[KEY_UUID_BYTES])
{
    uint8_t key[LEDGER_SEEN_KEY_BYTES];

    ledger_seen_key(sender, id, key);
    return lookup_find(&ledger->seen, key);
}

uint32_t ledger_seen_sender(const struct ledger_seen *seen)
{
    uint32_t sender;

    memcpy(&sender, seen->key, 4);
    return sender;
}

int ledger_add_seen(struct ledger *ledger, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                    int64_t until_us)
{
    struct ledger_seen *seen = calloc(1, sizeof *seen);

    if (!seen)
        return ERR_NOMEM;
    ledger_seen_key(sender, id->bytes, seen->key);
    seen->hash = *hash;
    if (dues_meet(&ledger->over_seen)) {
        free(seen);
        return ERR_NOMEM;
    }
    if (lookup_add(&ledger->seen, seen)) {
        dues_part(&ledger->over_seen, &seen->over);
        free(seen);
        return ERR_NOMEM;
    }
    dues_set(&ledger->over_seen, &seen->over, until_us);
    return OK;
}

/* ---- what is owed to senders ---- */

static void ledger_owed_key(uint32_t owner, const uint8_t name[RECEIPT_NAME_BYTES], uint8_t key[LEDGER_OWED_KEY_BYTES])
{
    memcpy(key, &owner, 4);
    memcpy(key + 4, name, RECEIPT_NAME_BYTES);
}

static void ledger_append_owed(struct ledger_owner *owner, struct ledger_owed *owed)
{
    owed->before = owner->last;
    *(owner->last ? &owner->last->after : &owner->first) = owed;
    owner->last = owed;
    owner->owed_count++;
}

int ledger_owe(struct ledger *ledger, uint32_t owner, enum ledger_owed_kind kind, const struct receipt_name *name,
               struct slice bytes, int64_t until_us, bool *ret_new)
{
    struct ledger_owed *owed;
    uint8_t key[LEDGER_OWED_KEY_BYTES];
    int error;

    ledger_owed_key(owner, name->bytes, key);
    *ret_new = false;
    if (lookup_find(&ledger->owed, key))
        return OK;
    if (ledger_meet(ledger, owner))
        return ERR_NOMEM;
    owed = calloc(1, sizeof *owed);
    if (!owed)
        return ERR_NOMEM;
    memcpy(owed->key, key, sizeof key);
    owed->kind = (uint8_t)kind;
    buf_init(&owed->bytes);
    buf_add_slice(&owed->bytes, bytes);
    error = buf_broken(&owed->bytes) ? ERR_NOMEM : dues_meet(&ledger->over_owed);
    if (!error && (error = lookup_add(&ledger->owed, owed)))
        dues_part(&ledger->over_owed, &owed->over);
    if (error) {
        buf_free(&owed->bytes);
        free(owed);
        return ERR_NOMEM;
    }
    dues_set(&ledger->over_owed, &owed->over, until_us);
    ledger->owed_bytes += (int64_t)bytes.len;
    ledger_append_owed(ledger_owner(ledger, owner), owed);
    *ret_new = true;
    return OK;
}

uint32_t ledger_owed_owner(const struct ledger_owed *owed)
{
    uint32_t owner;

    memcpy(&owner, owed->key, 4);
    return owner;
}

static void ledger_end_owed(struct ledger *ledger, struct ledger_owed *owed)
{
    struct ledger_owner *owner = ledger_owner(ledger, ledger_owed_owner(owed));

    dues_part(&ledger->over_owed, &owed->over);
    lookup_remove(&ledger->owed, owed->key);
    *(owed->before ? &owed->before->after : &owner->first) = owed->after;
    *(owed->after ? &owed->after->before : &owner->last) = owed->before;
    owner->owed_count--;
    ledger->owed_bytes -= (int64_t)owed->bytes.len;
    buf_free(&owed->bytes);
    free(owed);
}

bool ledger_settle(struct ledger *ledger, uint32_t owner, const uint8_t name[RECEIPT_NAME_BYTES])
{
    struct ledger_owed *owed;
    uint8_t key[LEDGER_OWED_KEY_BYTES];

    ledger_owed_key(owner, name, key);
    owed = lookup_find(&ledger->owed, key);
    if (!owed)
        return false;
    ledger_end_owed(ledger, owed);
    return true;
}

static void ledger_expire_cases(struct ledger *ledger, int64_t now_us, const struct ledger_ends *ends)
{
    struct ledger_case *of_case;

    while ((of_case = dues_first(&ledger->over_cases, now_us))) {
        int64_t over_us = of_case->expires_us + LIMIT_AFTERLIFE_US;
        if (over_us > now_us) {
            dues_set(&ledger->over_cases, &of_case->over, over_us); /* a later revision lives longer */
        } else if (of_case->newest) {
            dues_set(&ledger->over_cases, &of_case->over, now_us + CLOCK_MINUTE_US);
        } else {
            ends->of_case(ends->ctx, of_case);
            ledger_drop_case(ledger, of_case);
        }
    }
}

void ledger_expire(struct ledger *ledger, int64_t now_us, const struct ledger_ends *ends)
{
    struct ledger_seen *seen;
    struct ledger_owed *owed;

    while ((seen = dues_first(&ledger->over_seen, now_us))) {
        ends->seen(ends->ctx, seen);
        dues_part(&ledger->over_seen, &seen->over);
        lookup_remove(&ledger->seen, seen->key);
        free(seen);
    }
    ledger_expire_cases(ledger, now_us, ends);
    while ((owed = dues_first(&ledger->over_owed, now_us))) {
        ends->owed(ends->ctx, owed);
        ledger_end_owed(ledger, owed);
    }
}
