/*
 * relay_blob_move - chunks in and out. Must never answer a chunk before it is on the disk, nor send one that is not.
 */
#include "proto/failpoint.h"
#include "relay/relay_blob_inner.h"
#include "relay/spool_blob.h"

#define RELAY_BLOB_AGAIN_US (10 * CLOCK_SECOND_US)
#define RELAY_BLOB_TURN_US (90 * CLOCK_SECOND_US) /* a chunk over 8 kbit/s takes 65 s */
#define REFUSED(code) HOTLINE__REFUSED_CODE__CODE__##code

/* ---- asking ---- */

static void relay_want(struct relay *relay, struct relay_blob *blob, const struct session *session,
                       const struct relay_naming *naming)
{
    Hotline__BlobWant want = HOTLINE__BLOB_WANT__INIT;
    uint32_t chunks = blob_chunk_count(naming->size_bytes), left = chunks - blob->held;
    uint32_t count = left < LIMIT_BLOB_WINDOW ? left : LIMIT_BLOB_WINDOW;

    WIRE_SET_BYTES(&want, name, blob->name, KEY_HASH_BYTES);
    WIRE_SET(&want, from_chunk, blob->held);
    WIRE_SET(&want, count, count);
    blob->asked_us = relay->now_us;
    blob->wanted_to = blob->held + count;
    (void)relay_send(relay, session, WIRE_BLOB_WANT, &want.base);
}

/* Nothing is left of what was given so far. */
static void relay_blob_restart(struct relay *relay, struct relay_blob *blob)
{
    if (blob->held > 0)
        spool_drop_blob(relay->spool, blob->name);
    blob->chunks = blob->held = blob->wanted_to = 0;
    blob->bytes = 0;
    blob->giver = REGISTRY_NONE;
}

/* The member gives this blob from now on: where it stopped, or, after another one's chunks, anew. */
static void relay_blob_assign(struct relay *relay, struct relay_blob *blob, const struct relay_naming *naming,
                              const struct session *session)
{
    bool anew = (blob->giver != REGISTRY_NONE && blob->giver != naming->sender) ||
        (blob->held > 0 && blob->chunks != blob_chunk_count(naming->size_bytes));

    if (anew)
        relay_blob_restart(relay, blob);
    blob->giver = naming->sender;
    blob->asked = true;
    blob->moved_us = relay->now_us;
    relay_member_at(relay, naming->sender)->blobs.uploads = blob;
    relay_want(relay, blob, session, naming);
}

void relay_blob_ask(struct relay *relay, uint32_t member)
{
    const struct session *session = relay_session_of(relay, member);

    if (!session || session->cut_us || relay_member_at(relay, member)->blobs.uploads ||
        spool_counters(relay->spool).free_bytes < relay->conf->disk_reserve_bytes)
        return;
    for (struct relay_blob *blob = relay->blobs.lacking; blob; blob = blob->after) {
        const struct relay_naming *naming = blob->asked ? NULL : relay_naming_of(blob, member);
        if (!naming)
            continue;
        relay_blob_assign(relay, blob, naming, session);
        return;
    }
}

/* Another member who names it, is here and uploads nothing has its turn. False: there is none. */
static bool relay_blob_pass_on(struct relay *relay, struct relay_blob *blob, const struct relay_naming *now)
{
    const struct relay_naming *next = now->next_of_blob ? now->next_of_blob : blob->namings;

    for (; next != now; next = next->next_of_blob ? next->next_of_blob : blob->namings) {
        const struct session *session = relay_session_of(relay, next->sender);
        if (next->sender == now->sender || next->lied || !session || session->cut_us ||
            relay_member_at(relay, next->sender)->blobs.uploads)
            continue;
        relay_member_at(relay, now->sender)->blobs.uploads = NULL;
        relay_blob_assign(relay, blob, next, session);
        return true;
    }
    return false;
}

void relay_blob_second(struct relay *relay)
{
    struct relay_blob *next;

    for (struct relay_blob *blob = relay->blobs.lacking; blob; blob = next) {
        const struct relay_naming *naming = blob->asked ? relay_naming_of(blob, blob->giver) : NULL;
        const struct session *session = blob->asked ? relay_session_of(relay, blob->giver) : NULL;
        next = blob->after;
        if (blob->asked && relay->now_us - blob->asked_us < RELAY_BLOB_AGAIN_US)
            continue;
        if (naming && session) {
            /* Whoever names it and gives nothing must not keep it from all. */
            bool is_over = relay->now_us - blob->moved_us >= RELAY_BLOB_TURN_US;
            if (!is_over || !relay_blob_pass_on(relay, blob, naming))
                relay_want(relay, blob, session, naming);
            continue;
        }
        if (blob->asked) {
            relay_member_at(relay, blob->giver)->blobs.uploads = NULL;
            blob->asked = false;
        }
        for (naming = blob->namings; naming && !blob->asked; naming = naming->next_of_blob)
            if (!naming->lied)
                relay_blob_ask(relay, naming->sender);
    }
}

/* ---- taking ---- */

static void relay_blob_taken(struct relay *relay, const struct session *session, const Hotline__BlobPut *put)
{
    struct receipt_name name;

    blob_chunk_name(put->name.data, put->chunk, name.bytes);
    relay_hold_taken(relay, session->member, &name);
}

/* All chunks are here: they are what was named, or they go. */
static void relay_blob_finish(struct relay *relay, struct relay_blob *blob, struct session *session,
                              struct relay_naming *naming)
{
    struct key_hash hash = seal_hasher_end(&blob->hasher);
    const struct spool_blob row = {.name = blob->name, .chunks = blob->chunks, .whole = true};

    if (memcmp(hash.bytes, blob->name, KEY_HASH_BYTES) != 0) {
        naming->lied = true;
        relay_blob_unlist(relay, blob); /* the member uploads it no more */
        relay_blob_list(relay, blob);
        relay_blob_restart(relay, blob);
        relay_refuse(relay, session, blob->name, REFUSED(MALFORMED), 0,
                     "the chunks do not hash to the blob's name: all of them are dropped");
        if (!session_forgives(session))
            relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL, "blobs that are not what they are named");
        return;
    }
    relay_blob_unlist(relay, blob);
    blob->whole = true;
    relay->blobs.finished = true;
    spool_put_blob(relay->spool, &row);
}

static void relay_blob_take(struct relay *relay, struct relay_blob *blob, struct session *session,
                            const Hotline__BlobPut *put)
{
    struct relay_naming *naming = relay_naming_of(blob, session->member);

    if (blob->held == 0) {
        const struct spool_blob row = {.name = blob->name, .chunks = put->chunks};
        blob->chunks = put->chunks;
        seal_hasher_begin(&blob->hasher);
        spool_put_blob(relay->spool, &row);
    }
    spool_put_chunk(relay->spool, blob->name, put->chunk, wire_slice(put->data));
    FAILPOINT("relay-photo-chunk");
    seal_hasher_add(&blob->hasher, wire_slice(put->data));
    blob->held++;
    blob->bytes += put->data.len;
    blob->asked_us = blob->moved_us = relay->now_us;
    if (blob->held == blob->chunks)
        relay_blob_finish(relay, blob, session, naming);
    else if (blob->held >= blob->wanted_to && blob->asked)
        relay_want(relay, blob, session, naming);
    if (!blob->whole && blob->held == 0)
        return; /* dropped: not taken */
    relay_blob_taken(relay, session, put);
}

#define REFUSE(code, ...) (relay_refuse(relay, session, put->name.data, REFUSED(code), 0, __VA_ARGS__), false)

/* Named by this member, of the size that it named, and the next one. */
static bool relay_blob_check(struct relay *relay, const struct relay_blob *blob, const struct session *session,
                             const Hotline__BlobPut *put)
{
    const struct relay_naming *naming = blob ? relay_naming_of(blob, session->member) : NULL;

    if (!naming)
        return REFUSE(UNKNOWN_ENVELOPE, "no envelope of yours that is held here names this blob");
    uint32_t chunks = blob_chunk_count(naming->size_bytes);
    if (put->chunks != chunks || put->chunk >= chunks)
        return REFUSE(TOO_LARGE, "chunk %u of %u: a blob of %llu bytes has %u", put->chunk, put->chunks,
                      (unsigned long long)naming->size_bytes, chunks);
    if (put->data.len != blob_chunk(naming->size_bytes, put->chunk).len)
        return REFUSE(MALFORMED, "chunk %u has %zu bytes, not %zu", put->chunk, put->data.len,
                      blob_chunk(naming->size_bytes, put->chunk).len);
    if (blob->whole || (blob->giver == session->member && put->chunk < blob->held))
        return true;
    if (blob->giver != session->member)
        return REFUSE(RATE, "this blob was not asked of you");
    if (put->chunk != blob->held)
        return REFUSE(MALFORMED, "chunk %u came where chunk %u is next", put->chunk, blob->held);
    return true;
}

void relay_on_blob_put(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__BlobPut *put = (const Hotline__BlobPut *)message;
    struct relay_blob *blob = relay_blob_find(relay, put->name.data);

    if (!relay_blob_check(relay, blob, session, put)) {
        relay->numbers.counters.malformed++;
        return;
    }
    if (blob->whole || put->chunk < blob->held)
        relay_blob_taken(relay, session, put); /* again: the answer was lost */
    else
        relay_blob_take(relay, blob, session, put);
    relay_blob_ask(relay, session->member);
}

/* ---- giving ---- */

/* Granted an envelope that names it; or its own sender, who lost its disk. */
static bool relay_blob_may(const struct relay *relay, const struct relay_blob *blob, uint32_t member)
{
    for (const struct relay_naming *naming = blob->namings; naming; naming = naming->next_of_blob) {
        const struct ledger_envelope *envelope = ledger_by_number(&relay->ledger, naming->number);
        if (naming->sender == member || (envelope && ledger_grant(envelope, member)))
            return true;
    }
    return false;
}

static void relay_blob_say_gone(struct relay *relay, const struct session *session, const struct relay_wish *wish)
{
    Hotline__BlobChunk chunk = HOTLINE__BLOB_CHUNK__INIT;
    uint8_t name[KEY_HASH_BYTES];

    memcpy(name, wish->name, sizeof name);
    WIRE_SET_BYTES(&chunk, name, name, KEY_HASH_BYTES);
    WIRE_SET(&chunk, chunk, wish->from);
    WIRE_SET(&chunk, gone, 1);
    (void)relay_send(relay, session, WIRE_BLOB_CHUNK, &chunk.base);
}

static void relay_wish_drop(struct relay_blob_member *member, size_t at)
{
    member->wish_count--;
    memmove(&member->wishes[at], &member->wishes[at + 1], (member->wish_count - at) * sizeof member->wishes[0]);
}

static size_t relay_wish_of(const struct relay_blob_member *member, const uint8_t name[KEY_HASH_BYTES])
{
    size_t at = 0;

    while (at < member->wish_count && memcmp(member->wishes[at].name, name, KEY_HASH_BYTES) != 0)
        at++;
    return at;
}

/* A chunk on its way from the disk to a member. */
struct relay_chunk {
    struct relay *relay;
    uint32_t member;
    uint8_t name[KEY_HASH_BYTES];
    uint32_t chunk, chunks;
};

static int relay_send_chunk(const struct relay_chunk *sought, const struct session *session, const struct buf *data)
{
    Hotline__BlobChunk chunk = HOTLINE__BLOB_CHUNK__INIT;
    uint8_t name[KEY_HASH_BYTES];

    memcpy(name, sought->name, sizeof name);
    WIRE_SET_BYTES(&chunk, name, name, KEY_HASH_BYTES);
    WIRE_SET(&chunk, chunk, sought->chunk);
    WIRE_SET(&chunk, chunks, sought->chunks);
    WIRE_SET_BYTES(&chunk, data, data->data, data->len);
    return relay_send(sought->relay, session, WIRE_BLOB_CHUNK, &chunk.base);
}

static void relay_on_chunk(void *ctx, struct buf *data, int error)
{
    struct relay_chunk *sought = ctx;
    struct relay *relay = sought->relay;

    if (!relay->failed) {
        struct relay_blob_member *member = &relay_member_at(relay, sought->member)->blobs;
        const struct session *session = relay_session_of(relay, sought->member);
        size_t at = relay_wish_of(member, sought->name);
        relay->now_us = relay->io.now(relay->io.ctx);
        member->reads = false;
        if (error && error != ERR_NOT_FOUND)
            relay_fail(relay, error, "a chunk of a stored blob cannot be read");
        if (at < member->wish_count && member->wishes[at].from == sought->chunk) {
            struct relay_wish *wish = &member->wishes[at];
            int sent = session && !error ? relay_send_chunk(sought, session, data) : ERR_NOT_FOUND;
            wish->from++;
            wish->count--;
            if (sent || wish->count == 0 || wish->from == sought->chunks)
                relay_wish_drop(member, at);
        }
        if (!relay->failed)
            relay_blob_pump(relay, sought->member);
    }
    buf_free(data);
    free(sought);
}

static void relay_chunk_read(struct relay *relay, uint32_t member, const struct relay_blob *blob,
                             const struct relay_wish *wish)
{
    struct relay_chunk *sought = calloc(1, sizeof *sought);

    if (!sought) {
        relay_fail(relay, ERR_NOMEM, "out of memory for a chunk");
        return;
    }
    *sought = (struct relay_chunk){.relay = relay, .member = member, .chunk = wish->from, .chunks = blob->chunks};
    memcpy(sought->name, blob->name, KEY_HASH_BYTES);
    relay_member_at(relay, member)->blobs.reads = true;
    spool_read_chunk(relay->spool, blob->name, wish->from, relay_on_chunk, sought);
}

/* Alerts first: while one waits for this member's credit, or for its body, no chunk goes. */
static bool relay_has_more_urgent(const struct courier *courier)
{
    for (int class = 0; class < COURIER_CLASSES; class ++)
        if (courier->queued[class].count > 0)
            return true;
    return false;
}

void relay_blob_pump(struct relay *relay, uint32_t number)
{
    struct relay_member *owner = relay_member_at(relay, number);
    struct relay_blob_member *member = &owner->blobs;
    const struct session *session = member->wish_count > 0 ? relay_session_of(relay, number) : NULL;

    if (!session || session->cut_us || member->reads || relay_has_more_urgent(&owner->courier))
        return;
    for (size_t at = 0; at < member->wish_count;) {
        const struct relay_blob *blob = relay_blob_find(relay, member->wishes[at].name);
        bool may = blob && relay_blob_may(relay, blob, number);
        if (!may || (blob->whole && member->wishes[at].from >= blob->chunks)) {
            relay_blob_say_gone(relay, session, &member->wishes[at]);
            relay_wish_drop(member, at);
            continue;
        }
        if (blob->whole) {
            relay_chunk_read(relay, number, blob, &member->wishes[at]);
            return;
        }
        at++;
    }
}

void relay_on_blob_want(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__BlobWant *want = (const Hotline__BlobWant *)message;
    struct relay_blob_member *member = &relay_member_at(relay, session->member)->blobs;
    size_t at = relay_wish_of(member, want->name.data);

    if (at < member->wish_count)
        relay_wish_drop(member, at);
    if (member->wish_count == RELAY_WISHES)
        relay_wish_drop(member, 0); /* it asks again */
    struct relay_wish *wish = &member->wishes[member->wish_count++];
    memcpy(wish->name, want->name.data, KEY_HASH_BYTES);
    wish->from = want->from_chunk;
    wish->count = want->count < LIMIT_BLOB_WINDOW ? want->count : LIMIT_BLOB_WINDOW;
    relay_blob_pump(relay, session->member);
}

void relay_blob_committed(struct relay *relay)
{
    if (!relay->blobs.finished)
        return;
    relay->blobs.finished = false;
    for (uint32_t i = 0; i < relay->member_count; i++)
        if (relay->members[i]->blobs.wish_count > 0)
            relay_blob_pump(relay, i);
}

void relay_blob_lost(struct relay *relay, uint32_t number)
{
    struct relay_blob_member *member = &relay_member_at(relay, number)->blobs;

    member->wish_count = 0;
    if (member->uploads)
        member->uploads->asked = false;
    member->uploads = NULL;
}
