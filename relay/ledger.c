/*
 * ledger - envelopes, grants and wants in memory, each found in one step by whatever names it.
 * Must never look at a clock, hold a body, or write anything down.
 */
#include "relay/ledger.h"

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){.next_number = 1};
    lookup_init(&ledger->by_number, offsetof(struct ledger_envelope, number), sizeof(uint64_t));
    lookup_init(&ledger->by_hash, offsetof(struct ledger_envelope, hash), KEY_HASH_BYTES);
    lookup_init(&ledger->cases, offsetof(struct ledger_case, key), LEDGER_CASE_KEY_BYTES);
    lookup_init(&ledger->seen, offsetof(struct ledger_seen, key), LEDGER_SEEN_KEY_BYTES);
    lookup_init(&ledger->owed, offsetof(struct ledger_owed, key), LEDGER_OWED_KEY_BYTES);
    dues_init(&ledger->over_envelopes, offsetof(struct ledger_envelope, over));
    dues_init(&ledger->over_cases, offsetof(struct ledger_case, over));
    dues_init(&ledger->over_seen, offsetof(struct ledger_seen, over));
    dues_init(&ledger->over_owed, offsetof(struct ledger_owed, over));
}

static void ledger_free_owed(struct ledger_owed *owed)
{
    buf_free(&owed->bytes);
    free(owed);
}

void ledger_done(struct ledger *ledger)
{
    struct ledger_owed *owed;
    struct ledger_case *of_case;
    size_t at = 0;

    while (ledger->oldest) {
        struct ledger_envelope *newer = ledger->oldest->newer;
        ledger_free(ledger->oldest);
        ledger->oldest = newer;
    }
    while ((owed = lookup_next(&ledger->owed, &at)))
        ledger_free_owed(owed);
    for (at = 0; (of_case = lookup_next(&ledger->cases, &at));) {
        free(of_case->holders);
        free(of_case);
    }
    at = 0;
    for (struct ledger_seen *seen; (seen = lookup_next(&ledger->seen, &at));)
        free(seen);
    lookup_done(&ledger->by_number);
    lookup_done(&ledger->by_hash);
    lookup_done(&ledger->cases);
    lookup_done(&ledger->seen);
    lookup_done(&ledger->owed);
    dues_done(&ledger->over_envelopes);
    dues_done(&ledger->over_cases);
    dues_done(&ledger->over_seen);
    dues_done(&ledger->over_owed);
    free(ledger->owners);
    *ledger = (struct ledger){0};
}

int ledger_meet(struct ledger *ledger, uint32_t member)
{
    size_t count = ledger->owner_count;
    struct ledger_owner *owners;

    if (member < count)
        return OK;
    count = member < 32 ? 64 : (size_t)member * 2;
    owners = realloc(ledger->owners, count * sizeof(*owners));
    if (!owners)
        return ERR_NOMEM;
    memset(owners + ledger->owner_count, 0, (count - ledger->owner_count) * sizeof(*owners));
    ledger->owners = owners;
    ledger->owner_count = count;
    return OK;
}

struct ledger_owner *ledger_owner(struct ledger *ledger, uint32_t member)
{
    CHECK(member < ledger->owner_count);
    return &ledger->owners[member];
}

struct ledger_envelope *ledger_by_hash(const struct ledger *ledger, const uint8_t hash[KEY_HASH_BYTES])
{
    return lookup_find(&ledger->by_hash, hash);
}

struct ledger_envelope *ledger_by_number(const struct ledger *ledger, uint64_t number)
{
    return lookup_find(&ledger->by_number, &number);
}

struct ledger_envelope *ledger_blank(void)
{
    return calloc(1, sizeof(struct ledger_envelope));
}

void ledger_free(struct ledger_envelope *envelope)
{
    if (!envelope)
        return;
    buf_free(&envelope->header);
    free(envelope->grants);
    free(envelope->wants);
    free(envelope);
}

/* ---- in and out ---- */

static void ledger_link(struct ledger *ledger, struct ledger_envelope *envelope)
{
    struct ledger_owner *owner = ledger_owner(ledger, envelope->sender);

    envelope->older = ledger->newest;
    if (ledger->newest)
        ledger->newest->newer = envelope;
    else
        ledger->oldest = envelope;
    ledger->newest = envelope;
    envelope->own_after = owner->own;
    if (owner->own)
        owner->own->own_before = envelope;
    owner->own = envelope;
}

static void ledger_unlink(struct ledger *ledger, struct ledger_envelope *envelope)
{
    struct ledger_owner *owner = ledger_owner(ledger, envelope->sender);

    *(envelope->older ? &envelope->older->newer : &ledger->oldest) = envelope->newer;
    *(envelope->newer ? &envelope->newer->older : &ledger->newest) = envelope->older;
    *(envelope->own_before ? &envelope->own_before->own_after : &owner->own) = envelope->own_after;
    if (envelope->own_after)
        envelope->own_after->own_before = envelope->own_before;
}

/* The case moves to this revision: its order, and everybody granted is a holder from now on. */
static int ledger_move_case(struct ledger *ledger, struct ledger_envelope *envelope)
{
    struct ledger_case *of_case = envelope->of_case;

    for (size_t i = 0; i < envelope->grant_count; i++)
        if (ledger_add_holder(of_case, envelope->grants[i].member))
            return ERR_NOMEM;
    CHECK(!of_case->newest);
    of_case->newest = envelope;
    of_case->act = envelope->act;
    of_case->revision = envelope->revision;
    of_case->sent_us = envelope->sent_us;
    of_case->hash = envelope->hash;
    if (envelope->act == HOTLINE__ACT__CODE__OPEN || envelope->act == HOTLINE__ACT__CODE__UPDATE)
        of_case->free_used = 0; /* closing does not earn another free closing */
    if (of_case->expires_us < envelope->expires_us)
        of_case->expires_us = envelope->expires_us;
    if (ledger_case_is_open(of_case))
        ledger_owner(ledger, ledger_case_opener(of_case))->open_cases++;
    return OK;
}

int ledger_add(struct ledger *ledger, struct ledger_envelope *envelope)
{
    int error = ledger_meet(ledger, envelope->sender);

    if (envelope->number == 0)
        envelope->number = ledger->next_number;
    if (!error && !ledger_seen(ledger, envelope->sender, envelope->id.bytes))
        error = ledger_add_seen(ledger, envelope->sender, &envelope->id, &envelope->hash,
                                envelope->expires_us + LIMIT_AFTERLIFE_US);
    if (!error)
        error = lookup_add(&ledger->by_number, envelope);
    if (error)
        return error;
    error = lookup_add(&ledger->by_hash, envelope);
    if (!error)
        error = dues_meet(&ledger->over_envelopes);
    if (!error && envelope->of_case && (error = ledger_move_case(ledger, envelope)))
        dues_part(&ledger->over_envelopes, &envelope->over);
    if (error) {
        lookup_remove(&ledger->by_number, &envelope->number);
        lookup_remove(&ledger->by_hash, &envelope->hash);
        return error;
    }
    if (envelope->number >= ledger->next_number)
        ledger->next_number = envelope->number + 1;
    ledger_link(ledger, envelope);
    dues_set(&ledger->over_envelopes, &envelope->over, envelope->expires_us);
    ledger->envelope_count++;
    ledger->grant_count += envelope->grant_count;
    ledger->held_bytes += envelope->size_bytes;
    return OK;
}

static void ledger_forget_dirty(struct ledger *ledger, struct ledger_envelope *envelope)
{
    struct ledger_envelope **link = &ledger->dirty;

    if (!envelope->dirty)
        return;
    while (*link != envelope)
        link = &(*link)->next_dirty;
    *link = envelope->next_dirty;
    envelope->dirty = false;
}

void ledger_drop(struct ledger *ledger, struct ledger_envelope *envelope)
{
    struct ledger_case *of_case = envelope->of_case;

    if (of_case && of_case->newest == envelope) {
        if (ledger_case_is_open(of_case))
            ledger_owner(ledger, ledger_case_opener(of_case))->open_cases--;
        of_case->newest = NULL;
    }
    ledger_forget_dirty(ledger, envelope);
    dues_part(&ledger->over_envelopes, &envelope->over);
    lookup_remove(&ledger->by_number, &envelope->number);
    lookup_remove(&ledger->by_hash, &envelope->hash);
    ledger_unlink(ledger, envelope);
    ledger->envelope_count--;
    ledger->grant_count -= envelope->grant_count;
    ledger->want_count -= envelope->want_count;
    ledger_owner(ledger, envelope->sender)->want_count -= (uint32_t)envelope->want_count;
    ledger->held_bytes -= envelope->size_bytes;
    ledger_free(envelope);
}

/* ---- grants and wants ---- */

struct ledger_grant *ledger_grant(const struct ledger_envelope *envelope, uint32_t member)
{
    for (size_t i = 0; i < envelope->grant_count; i++)
        if (envelope->grants[i].member == member)
            return &envelope->grants[i];
    return NULL;
}

int ledger_add_grant(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member, struct key_id key_id,
                     size_t *ret_place)
{
    bool held = ledger_by_number(ledger, envelope->number) == envelope;

    if (envelope->grant_count == envelope->grant_capacity) {
        size_t capacity = envelope->grant_capacity ? envelope->grant_capacity * 2 : 4;
        struct ledger_grant *grants = realloc(envelope->grants, capacity * sizeof(*grants));
        if (!grants)
            return ERR_NOMEM;
        envelope->grants = grants;
        envelope->grant_capacity = capacity;
    }
    if (held && envelope->of_case && ledger_add_holder(envelope->of_case, member))
        return ERR_NOMEM;
    envelope->grants[envelope->grant_count] = (struct ledger_grant){.member = member, .key_id = key_id};
    *ret_place = envelope->grant_count++;
    if (held)
        ledger->grant_count++;
    return OK;
}

bool ledger_grant_is_owed(const struct ledger_grant *grant)
{
    return !receipt_ends_debt(grant->state);
}

bool ledger_is_unanswered(const struct ledger_envelope *envelope)
{
    for (size_t i = 0; i < envelope->grant_count; i++)
        if (ledger_grant_is_owed(&envelope->grants[i]))
            return true;
    return false;
}

void ledger_touch(struct ledger *ledger, struct ledger_envelope *envelope)
{
    if (envelope->dirty)
        return;
    envelope->dirty = true;
    envelope->next_dirty = ledger->dirty;
    ledger->dirty = envelope;
}

struct ledger_want *ledger_want(const struct ledger_envelope *envelope, uint32_t member)
{
    for (size_t i = 0; i < envelope->want_count; i++)
        if (envelope->wants[i].member == member)
            return &envelope->wants[i];
    return NULL;
}

int ledger_add_want(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member, int64_t now_us)
{
    if (ledger_want(envelope, member) || envelope->want_count >= LIMIT_RECIPIENTS)
        return OK;
    if (envelope->want_count == envelope->want_capacity) {
        size_t capacity = envelope->want_capacity ? envelope->want_capacity * 2 : 2;
        struct ledger_want *wants = realloc(envelope->wants, capacity * sizeof(*wants));
        if (!wants)
            return ERR_NOMEM;
        envelope->wants = wants;
        envelope->want_capacity = capacity;
    }
    envelope->wants[envelope->want_count++] = (struct ledger_want){.member = member, .since_us = now_us};
    ledger_owner(ledger, envelope->sender)->want_count++;
    ledger->want_count++;
    return OK;
}

void ledger_drop_want(struct ledger *ledger, struct ledger_envelope *envelope, uint32_t member)
{
    struct ledger_want *want = ledger_want(envelope, member);

    if (!want)
        return;
    *want = envelope->wants[--envelope->want_count];
    ledger_owner(ledger, envelope->sender)->want_count--;
    ledger->want_count--;
}
