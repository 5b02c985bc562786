/* dispatch: the table, the times of its tries, and its records. Sends nothing itself. */
#include "node/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/clock.h"
#include "proto/seal.h"
#include "proto/wire.h"

#define FIRST_US (5 * CLOCK_SECOND_US)
#define GROWTH 3

const char *dispatch_way_name(enum dispatch_way way)
{
    static const char *const names[] = {"WEBHOOK", "MAIL", "COMMAND"};
    return names[way];
}

const char *dispatch_state_name(enum dispatch_state state)
{
    static const char *const names[] = {"WAITING", "DELIVERED", "FAILED"};
    return names[state];
}

/* ---- times ---- */

int64_t dispatch_backoff_us(enum dispatch_way way, unsigned tries, uint32_t random)
{
    static const int64_t most_us[] = {CLOCK_HOUR_US, 5 * CLOCK_MINUTE_US, CLOCK_MINUTE_US};
    int64_t wait_us = FIRST_US;
    for (unsigned i = 1; i < tries && wait_us < most_us[way]; i++)
        wait_us *= GROWTH;
    if (wait_us > most_us[way])
        wait_us = most_us[way];
    int64_t half_us = wait_us / 2;
    return wait_us - wait_us / 4 + (int64_t)(((uint64_t)half_us * random) >> 32);
}

int64_t dispatch_patience_us(enum dispatch_way way)
{
    static const int64_t patience_us[] = {LIMIT_DISPATCH_WEB_US, LIMIT_DISPATCH_MAIL_US, LIMIT_DISPATCH_COMMAND_US};
    return patience_us[way];
}

/* ---- life, finding ---- */

void dispatches_init(struct dispatches *dispatches)
{
    *dispatches = (struct dispatches){.list = NULL};
}

void dispatches_done(struct dispatches *dispatches)
{
    for (size_t i = 0; i < dispatches->count; i++)
        free(dispatches->list[i]);
    free(dispatches->list);
    *dispatches = (struct dispatches){.list = NULL};
}

struct dispatch *dispatches_find(const struct dispatches *dispatches, const char *digits, size_t *ret_count)
{
    struct dispatch *found = NULL;
    size_t len = strlen(digits);
    *ret_count = 0;
    for (size_t i = 0; i < dispatches->count; i++) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(dispatches->list[i]->id.bytes, KEY_UUID_BYTES), id);
        if (len >= sizeof id || strncmp(id, digits, len) != 0)
            continue;
        found = dispatches->list[i];
        ++*ret_count;
    }
    return *ret_count == 1 ? found : NULL;
}

struct dispatch *dispatches_by_id(const struct dispatches *dispatches, const struct key_uuid *id)
{
    for (size_t i = 0; i < dispatches->count; i++)
        if (memcmp(dispatches->list[i]->id.bytes, id->bytes, KEY_UUID_BYTES) == 0)
            return dispatches->list[i];
    return NULL;
}

/* ---- at rest ---- */

static uint64_t save(struct vault *vault, struct dispatch *dispatch)
{
    Hotline__Node__DispatchRecord record = HOTLINE__NODE__DISPATCH_RECORD__INIT;
    struct buf bytes;
    WIRE_SET_BYTES(&record, id, dispatch->id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&record, hook, dispatch->hook.bytes, KEY_UUID_BYTES);
    WIRE_SET(&record, way, (uint32_t)dispatch->way);
    WIRE_SET(&record, state, (uint32_t)dispatch->state);
    WIRE_SET(&record, at_us, dispatch->at_us);
    WIRE_SET(&record, since_us, dispatch->since_us);
    WIRE_SET(&record, next_us, dispatch->next_us);
    WIRE_SET(&record, ended_at_us, dispatch->ended_at_us);
    WIRE_SET(&record, tries, dispatch->tries);
    WIRE_SET(&record, answer, dispatch->answer);
    record.type = dispatch->type;
    record.body = dispatch->body;
    record.why = dispatch->why;
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    dispatch->ticket =
        vault_put(vault, VAULT_DISPATCH, slice_of(dispatch->id.bytes, KEY_UUID_BYTES), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    return dispatch->ticket;
}

static int read_record(const Hotline__Node__DispatchRecord *record, struct dispatch *dispatch)
{
    if (key_uuid_from(wire_slice(record->id), &dispatch->id) != OK ||
        key_uuid_from(wire_slice(record->hook), &dispatch->hook) != OK || record->way >= DISPATCH_WAYS ||
        record->state >= DISPATCH_STATES || record->type == NULL || record->body == NULL)
        return ERR_CORRUPT;
    dispatch->way = (enum dispatch_way)record->way;
    dispatch->state = (enum dispatch_state)record->state;
    dispatch->at_us = record->at_us;
    dispatch->since_us = record->since_us;
    dispatch->next_us = record->next_us;
    dispatch->ended_at_us = record->ended_at_us;
    dispatch->tries = record->tries;
    dispatch->answer = record->answer;
    snprintf(dispatch->type, sizeof dispatch->type, "%s", record->type);
    snprintf(dispatch->body, sizeof dispatch->body, "%s", record->body);
    snprintf(dispatch->why, sizeof dispatch->why, "%s", wire_text(record->why));
    return OK;
}

static int make_room(struct dispatches *dispatches)
{
    if (dispatches->list == NULL)
        dispatches->list = calloc(LIMIT_DISPATCHES, sizeof *dispatches->list);
    return dispatches->list != NULL ? OK : ERR_NOMEM;
}

int dispatches_load(struct dispatches *dispatches, struct slice bytes)
{
    Hotline__Node__DispatchRecord *record = hotline__node__dispatch_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    int result = dispatch == NULL || make_room(dispatches) != OK ? ERR_NOMEM : read_record(record, dispatch);
    if (result == OK && dispatches->count == LIMIT_DISPATCHES)
        result = ERR_CORRUPT;
    if (result == OK) {
        dispatches->list[dispatches->count++] = dispatch;
        dispatches->counters.waiting += dispatch->state == DISPATCH_WAITING;
    } else {
        free(dispatch);
    }
    hotline__node__dispatch_record__free_unpacked(record, NULL);
    return result;
}

static int by_age(const void *a, const void *b)
{
    const struct dispatch *x = *(struct dispatch *const *)a, *y = *(struct dispatch *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

void dispatches_sort(struct dispatches *dispatches)
{
    if (dispatches->count > 1)
        qsort(dispatches->list, dispatches->count, sizeof dispatches->list[0], by_age);
}

/* ---- changes ---- */

static void drop(struct dispatches *dispatches, struct vault *vault, size_t at)
{
    struct dispatch *dispatch = dispatches->list[at];
    dispatches->counters.waiting -= dispatch->state == DISPATCH_WAITING;
    dispatches->counters.dropped += dispatch->state == DISPATCH_WAITING;
    vault_remove(vault, VAULT_DISPATCH, slice_of(dispatch->id.bytes, KEY_UUID_BYTES));
    dispatches->count--;
    memmove(&dispatches->list[at], &dispatches->list[at + 1], (dispatches->count - at) * sizeof dispatches->list[0]);
    free(dispatch);
}

/* The oldest that is over; else the oldest that nobody is sending. */
static bool drop_one(struct dispatches *dispatches, struct vault *vault)
{
    for (size_t i = 0; i < dispatches->count; i++) {
        if (dispatches->list[i]->state != DISPATCH_WAITING) {
            drop(dispatches, vault, i);
            return true;
        }
    }
    for (size_t i = 0; i < dispatches->count; i++) {
        if (!dispatches->list[i]->flying) {
            drop(dispatches, vault, i);
            return true;
        }
    }
    return false;
}

int dispatches_add(struct dispatches *dispatches, struct vault *vault, const struct dispatch_new *new,
                   struct dispatch **ret_dispatch)
{
    if (strlen(new->body) > LIMIT_DISPATCH_BYTES || strlen(new->type) >= DISPATCH_TYPE_MAX)
        return ERR_LIMIT;
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL || make_room(dispatches) != OK) {
        free(dispatch);
        return ERR_NOMEM;
    }
    if (dispatches->count == LIMIT_DISPATCHES && !drop_one(dispatches, vault)) {
        free(dispatch);
        return ERR_LIMIT;
    }
    seal_random(dispatch->id.bytes, sizeof dispatch->id.bytes);
    dispatch->way = new->way;
    if (new->hook != NULL)
        dispatch->hook = *new->hook;
    memcpy(dispatch->type, new->type, strlen(new->type));
    memcpy(dispatch->body, new->body, strlen(new->body));
    dispatch->at_us = dispatch->since_us = dispatch->next_us = new->at_us;
    dispatches->list[dispatches->count++] = dispatch;
    dispatches->counters.waiting++;
    save(vault, dispatch);
    *ret_dispatch = dispatch;
    return OK;
}

static bool same_target(const struct dispatch *a, const struct dispatch *b)
{
    return a->way == b->way && memcmp(a->hook.bytes, b->hook.bytes, KEY_UUID_BYTES) == 0;
}

/* Those under way; LIMIT_DISPATCH_FLIGHTS at most are. */
static size_t list_flying(const struct dispatches *dispatches, const struct dispatch *flying[LIMIT_DISPATCH_FLIGHTS])
{
    size_t count = 0;
    for (size_t i = 0; i < dispatches->count && count < LIMIT_DISPATCH_FLIGHTS; i++)
        if (dispatches->list[i]->flying)
            flying[count++] = dispatches->list[i];
    return count;
}

struct dispatch *dispatches_due(const struct dispatches *dispatches, const struct vault *vault, int64_t now_us)
{
    const struct dispatch *flying[LIMIT_DISPATCH_FLIGHTS];
    if (dispatches->counters.waiting == 0)
        return NULL;
    size_t flights = list_flying(dispatches, flying);
    for (size_t i = 0; flights < LIMIT_DISPATCH_FLIGHTS && i < dispatches->count; i++) {
        struct dispatch *one = dispatches->list[i];
        if (one->state != DISPATCH_WAITING || one->flying || one->next_us > now_us ||
            one->ticket > vault_committed(vault))
            continue;
        size_t beside = 0;
        for (size_t j = 0; j < flights; j++)
            beside += same_target(flying[j], one);
        if (beside < LIMIT_DISPATCH_BESIDE)
            return one;
    }
    return NULL;
}

bool dispatches_fails(const struct dispatches *dispatches, enum dispatch_way way, const struct key_uuid *hook,
                      const struct dispatch **ret_dispatch)
{
    for (size_t i = dispatches->count; i-- > 0;) {
        const struct dispatch *one = dispatches->list[i];
        if (one->way != way || one->tries == 0 ||
            (hook != NULL && memcmp(one->hook.bytes, hook->bytes, KEY_UUID_BYTES) != 0))
            continue;
        *ret_dispatch = one;
        return one->state == DISPATCH_FAILED || (one->state == DISPATCH_WAITING && one->tries >= 2);
    }
    return false;
}

static void end(struct dispatches *dispatches, struct dispatch *dispatch, enum dispatch_state state, int64_t now_us)
{
    dispatches->counters.waiting -= dispatch->state == DISPATCH_WAITING;
    dispatches->counters.delivered += state == DISPATCH_DELIVERED;
    dispatches->counters.failed += state == DISPATCH_FAILED;
    dispatch->state = state;
    dispatch->ended_at_us = now_us;
}

void dispatches_settle(struct dispatches *dispatches, struct vault *vault, struct dispatch *dispatch,
                       const struct dispatch_result *result, int64_t now_us)
{
    uint32_t random;
    seal_random(&random, sizeof random);
    dispatch->flying = false;
    dispatch->tries++;
    dispatch->answer = result->answer;
    snprintf(dispatch->why, sizeof dispatch->why, "%s", result->taken ? "" : result->why);
    if (dispatch->state != DISPATCH_WAITING)
        return; /* its receiver was removed meanwhile */
    dispatch->next_us = now_us + dispatch_backoff_us(dispatch->way, dispatch->tries, random);
    if (result->taken)
        end(dispatches, dispatch, DISPATCH_DELIVERED, now_us);
    else if (result->final || dispatch->next_us - dispatch->since_us > dispatch_patience_us(dispatch->way))
        end(dispatches, dispatch, DISPATCH_FAILED, now_us);
    save(vault, dispatch);
}

uint64_t dispatches_again(struct dispatches *dispatches, struct vault *vault, struct dispatch *dispatch, int64_t now_us)
{
    dispatches->counters.waiting += dispatch->state != DISPATCH_WAITING;
    dispatch->state = DISPATCH_WAITING;
    dispatch->since_us = dispatch->next_us = now_us;
    dispatch->ended_at_us = 0;
    dispatch->tries = 0;
    return save(vault, dispatch);
}

void dispatches_orphan(struct dispatches *dispatches, struct vault *vault, const struct key_uuid *hook, int64_t now_us)
{
    for (size_t i = 0; i < dispatches->count; i++) {
        struct dispatch *one = dispatches->list[i];
        if (one->way != DISPATCH_WEB || one->state != DISPATCH_WAITING ||
            memcmp(one->hook.bytes, hook->bytes, KEY_UUID_BYTES) != 0)
            continue;
        snprintf(one->why, sizeof one->why, "the webhook was removed");
        end(dispatches, one, DISPATCH_FAILED, now_us);
        save(vault, one);
    }
}
