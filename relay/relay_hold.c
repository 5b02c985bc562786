/*
 * relay, holding answers: a queue of what may only be said after a commit, and the one place where it is said.
 * Must never send before its ticket is on the disk.
 */
#include "proto/failpoint.h"
#include "relay/relay_inner.h"

/* Of one signature: keeps a batch well under a message. */
#define RELAY_BATCH_BYTES (96 * 1024)

struct relay_acceptance *relay_acceptance_new(size_t names, size_t room)
{
    struct relay_acceptance *acceptance = calloc(1, sizeof *acceptance);

    if (!acceptance)
        return NULL;
    acceptance->names = calloc(names + 1, sizeof *acceptance->names);
    acceptance->room = calloc(room + 1, 1);
    if (!acceptance->names || !acceptance->room) {
        relay_acceptance_free(acceptance);
        return NULL;
    }
    return acceptance;
}

void relay_acceptance_free(struct relay_acceptance *acceptance)
{
    if (!acceptance)
        return;
    free(acceptance->names);
    free(acceptance->room);
    free(acceptance);
}

static struct relay_hold *relay_hold_push(struct relay *relay, uint32_t member)
{
    struct relay_hold *hold;

    if (relay->hold_first + relay->hold_count == relay->hold_capacity) {
        size_t capacity = relay->hold_count * 2 + 64;
        struct relay_hold *holds = calloc(capacity, sizeof *holds);
        if (!holds) {
            relay_fail(relay, ERR_NOMEM, "out of memory for an answer");
            return NULL;
        }
        if (relay->hold_count > 0)
            memcpy(holds, relay->holds + relay->hold_first, relay->hold_count * sizeof(*holds));
        free(relay->holds);
        relay->holds = holds;
        relay->hold_first = 0;
        relay->hold_capacity = capacity;
    }
    hold = &relay->holds[relay->hold_first + relay->hold_count++];
    *hold = (struct relay_hold){.ticket = RELAY_UNSEALED, .member = member, .since_us = relay->now_us};
    return hold;
}

void relay_hold_accepted(struct relay *relay, uint32_t member, struct relay_acceptance *acceptance)
{
    struct relay_hold *hold = relay_hold_push(relay, member);

    if (hold)
        hold->acceptance = acceptance;
    else
        relay_acceptance_free(acceptance);
}

void relay_hold_taken(struct relay *relay, uint32_t member, const struct receipt_name *name)
{
    struct relay_hold *hold = relay_hold_push(relay, member);

    if (hold)
        hold->name = *name;
}

void relay_hold_seal(struct relay *relay, uint64_t ticket)
{
    for (size_t i = relay->hold_count; i > 0; i--) {
        struct relay_hold *hold = &relay->holds[relay->hold_first + i - 1];
        if (hold->ticket != RELAY_UNSEALED)
            break;
        hold->ticket = ticket;
    }
}

/* ---- saying it ---- */

static size_t relay_acceptance_bytes(const struct relay_acceptance *acceptance)
{
    size_t names = acceptance->granted + acceptance->wanted + acceptance->present + acceptance->unreached +
        2 * acceptance->left_out;

    return 64 + names * (LIMIT_ID_CHARS + 6);
}

/* protobuf-c wants char **: nothing behind it is written to. */
static char **relay_names(const char **names)
{
    union {
        const char **from;
        char **to;
    } cast = {.from = names};

    return cast.to;
}

static char *relay_name(const char *name)
{
    union {
        const char *from;
        char *to;
    } cast = {.from = name};

    return cast.to;
}

static int relay_fill_acceptance(struct wire_arena *arena, struct relay_acceptance *from, Hotline__Acceptance *to)
{
    const char **at = from->names;

    hotline__acceptance__init(to);
    WIRE_SET_BYTES(to, envelope_hash, from->hash.bytes, KEY_HASH_BYTES);
    to->n_granted = from->granted;
    to->granted = relay_names(at);
    to->n_wanted = from->wanted;
    to->wanted = relay_names(at += from->granted);
    to->n_present = from->present;
    to->present = relay_names(at += from->wanted);
    to->n_unreached = from->unreached;
    to->unreached = relay_names(at += from->present);
    at += from->unreached;
    to->left_out = wire_arena_take(arena, (from->left_out + 1) * sizeof(*to->left_out));
    if (!to->left_out)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->left_out; i++) {
        to->left_out[i] = wire_arena_take(arena, sizeof(Hotline__LeftOut));
        if (!to->left_out[i])
            return ERR_LIMIT;
        hotline__left_out__init(to->left_out[i]);
        to->left_out[i]->member = relay_name(at[2 * i]);
        to->left_out[i]->why = relay_name(at[2 * i + 1]);
    }
    to->n_left_out = from->left_out;
    return OK;
}

static void relay_say_accepted(struct relay *relay, const struct session *session, Hotline__AcceptedBatch *batch)
{
    Hotline__Accepted accepted = HOTLINE__ACCEPTED__INIT;
    ProtobufCMessage *signed_accepted = NULL;
    struct buf bytes;

    batch->relay = relay_name(relay->keys->id);
    batch->sender = registry_at(&relay->registry, session->member)->id;
    WIRE_SET(batch, at_us, relay->now_us);
    WIRE_SET(batch, roster_version, roster_version(relay->registry.roster));
    WIRE_SET_BYTES(batch, roster_hash, roster_hash(relay->registry.roster)->bytes, KEY_HASH_BYTES);
    buf_init(&bytes);
    wire_arena_clear(&relay->work);
    if (receipt_sign_accepted(batch, relay->keys, &bytes) == OK && !buf_broken(&bytes) &&
        wire_unpack(&hotline__signed_accepted__descriptor, buf_slice(&bytes), &relay->work, NULL, &signed_accepted) ==
            OK) {
        accepted.accepted = (Hotline__SignedAccepted *)signed_accepted;
        (void)relay_send(relay, session, WIRE_ACCEPTED, &accepted.base);
    }
    buf_free(&bytes);
}

/* One member's acceptances among these, in as few signatures as fit. */
static void relay_say_acceptances(struct relay *relay, const struct session *session, struct relay_hold *const *holds,
                                  size_t count)
{
    size_t at = 0;

    while (at < count) {
        Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
        struct wire_arena *arena = relay_build(relay);
        size_t bytes = 0, n = 0, most = count - at < LIMIT_FRAMES ? count - at : LIMIT_FRAMES;

        batch.acceptances = wire_arena_take(arena, most * sizeof(*batch.acceptances));
        while (batch.acceptances && n < most && (n == 0 || bytes < RELAY_BATCH_BYTES)) {
            Hotline__Acceptance *acceptance = wire_arena_take(arena, sizeof *acceptance);
            if (!acceptance || relay_fill_acceptance(arena, holds[at]->acceptance, acceptance))
                break;
            batch.acceptances[n++] = acceptance;
            bytes += relay_acceptance_bytes(holds[at++]->acceptance);
        }
        if (n == 0)
            return;
        batch.n_acceptances = n;
        relay_say_accepted(relay, session, &batch);
    }
}

static void relay_say_taken(struct relay *relay, const struct session *session, struct relay_hold *const *holds,
                            size_t count)
{
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;

    taken.names = wire_arena_take(relay_build(relay), LIMIT_FRAMES * sizeof(*taken.names));
    if (!taken.names)
        return;
    for (size_t i = 0; i < count; i++) {
        taken.names[taken.n_names++] = wire_bytes(slice_of(holds[i]->name.bytes, RECEIPT_NAME_BYTES));
        if (taken.n_names == LIMIT_FRAMES || i + 1 == count) {
            (void)relay_send(relay, session, WIRE_TAKEN, &taken.base);
            taken.n_names = 0;
        }
    }
}

static int relay_hold_order(const void *a, const void *b)
{
    const struct relay_hold *x = *(struct relay_hold *const *)a, *y = *(struct relay_hold *const *)b;

    if (x->member != y->member)
        return x->member < y->member ? -1 : 1;
    if (!x->acceptance != !y->acceptance)
        return x->acceptance ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void relay_say(struct relay *relay, struct relay_hold **holds, size_t count)
{
    qsort(holds, count, sizeof(struct relay_hold *), relay_hold_order);
    for (size_t at = 0, end; at < count; at = end) {
        const struct session *session = relay_session_of(relay, holds[at]->member);
        bool accepted = holds[at]->acceptance != NULL;

        for (end = at + 1;
             end < count && holds[end]->member == holds[at]->member && (holds[end]->acceptance != NULL) == accepted;)
            end++;
        if (session && accepted)
            relay_say_acceptances(relay, session, holds + at, end - at);
        else if (session)
            relay_say_taken(relay, session, holds + at, end - at);
    }
}

void relay_hold_release(struct relay *relay, uint64_t committed)
{
    size_t count = 0;
    struct relay_hold **ready;

    while (count < relay->hold_count && relay->holds[relay->hold_first + count].ticket <= committed)
        count++;
    if (count == 0)
        return;
    ready = malloc(count * sizeof(*ready));
    if (!ready) {
        relay_fail(relay, ERR_NOMEM, "out of memory for an answer");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ready[i] = &relay->holds[relay->hold_first + i];
        if (ready[i]->acceptance)
            metric_observe(&relay->numbers.accept_latency, relay->now_us - ready[i]->since_us);
    }
    FAILPOINT("relay-before-answer");
    relay_say(relay, ready, count);
    FAILPOINT("relay-after-answer");
    for (size_t i = 0; i < count; i++)
        relay_acceptance_free(relay->holds[relay->hold_first + i].acceptance);
    relay->hold_first += count;
    relay->hold_count -= count;
    if (relay->hold_count == 0)
        relay->hold_first = 0;
    free(ready);
}

void relay_hold_done(struct relay *relay)
{
    for (size_t i = 0; i < relay->hold_count; i++)
        relay_acceptance_free(relay->holds[relay->hold_first + i].acceptance);
    free(relay->holds);
}
