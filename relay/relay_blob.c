/*
 * relay_blob - which blobs there are: named by envelopes, gone with the last of them.
 * Must never forget a blob in memory before its rows are put to go.
 */
#include "relay/relay_blob.h"

#include "relay/relay_blob_inner.h"
#include "relay/spool_blob.h"

void relay_blobs_init(struct relay_blobs *blobs)
{
    *blobs = (struct relay_blobs){.lacking = NULL};
    lookup_init(&blobs->by_name, offsetof(struct relay_blob, name), KEY_HASH_BYTES);
    lookup_init(&blobs->by_envelope, offsetof(struct relay_names, number), sizeof(uint64_t));
}

void relay_blobs_done(struct relay_blobs *blobs)
{
    struct relay_names *names;
    void *blob;
    size_t at = 0;

    while ((names = lookup_next(&blobs->by_envelope, &at))) {
        while (names->first) {
            struct relay_naming *next = names->first->next_of_envelope;
            free(names->first);
            names->first = next;
        }
        free(names);
    }
    at = 0;
    while ((blob = lookup_next(&blobs->by_name, &at)))
        free(blob);
    lookup_done(&blobs->by_name);
    lookup_done(&blobs->by_envelope);
}

struct relay_blob *relay_blob_find(const struct relay *relay, const uint8_t name[KEY_HASH_BYTES])
{
    return lookup_find(&relay->blobs.by_name, name);
}

struct relay_naming *relay_naming_of(const struct relay_blob *blob, uint32_t member)
{
    for (struct relay_naming *naming = blob->namings; naming; naming = naming->next_of_blob)
        if (naming->sender == member && !naming->lied)
            return naming;
    return NULL;
}

/* ---- the list of those that are lacking ---- */

void relay_blob_list(struct relay *relay, struct relay_blob *blob)
{
    blob->before = NULL;
    blob->after = relay->blobs.lacking;
    if (blob->after)
        blob->after->before = blob;
    relay->blobs.lacking = blob;
}

void relay_blob_unlist(struct relay *relay, struct relay_blob *blob)
{
    if (blob->before)
        blob->before->after = blob->after;
    else
        relay->blobs.lacking = blob->after;
    if (blob->after)
        blob->after->before = blob->before;
    blob->before = blob->after = NULL;
    if (blob->asked)
        relay_member_at(relay, blob->giver)->blobs.uploads = NULL;
    blob->asked = false;
}

/* ---- naming ---- */

static int relay_blob_meet(struct relay *relay, const uint8_t name[KEY_HASH_BYTES], struct relay_blob **ret_blob)
{
    struct relay_blob *blob = relay_blob_find(relay, name);

    if (!blob) {
        blob = calloc(1, sizeof *blob);
        if (!blob)
            return ERR_NOMEM;
        memcpy(blob->name, name, KEY_HASH_BYTES);
        blob->giver = REGISTRY_NONE;
        if (lookup_add(&relay->blobs.by_name, blob)) {
            free(blob);
            return ERR_NOMEM;
        }
        relay_blob_list(relay, blob);
    }
    *ret_blob = blob;
    return OK;
}

static int relay_blob_name_one(struct relay *relay, const struct ledger_envelope *envelope, struct relay_names *names,
                               const Hotline__BlobName *name)
{
    struct relay_blob *blob;
    struct relay_naming *naming;

    if (blob_chunk_count(name->size_bytes) == 0 || relay_blob_meet(relay, name->name.data, &blob))
        return blob_chunk_count(name->size_bytes) == 0 ? OK : ERR_NOMEM;
    naming = calloc(1, sizeof *naming);
    if (!naming)
        return ERR_NOMEM;
    *naming = (struct relay_naming){.next_of_blob = blob->namings,
                                    .next_of_envelope = names->first,
                                    .blob = blob,
                                    .number = envelope->number,
                                    .sender = envelope->sender,
                                    .size_bytes = name->size_bytes};
    blob->namings = names->first = naming;
    return OK;
}

int relay_blob_named(struct relay *relay, const struct ledger_envelope *envelope, Hotline__BlobName *const *list,
                     size_t count)
{
    struct relay_names *names;
    int error = OK;

    if (count == 0)
        return OK;
    names = calloc(1, sizeof *names);
    if (!names)
        return ERR_NOMEM;
    names->number = envelope->number;
    error = lookup_add(&relay->blobs.by_envelope, names);
    if (error) {
        free(names);
        return error;
    }
    for (size_t i = 0; i < count && !error; i++)
        error = relay_blob_name_one(relay, envelope, names, list[i]);
    return error;
}

static void relay_blob_leave(struct relay_blob *blob, const struct relay_naming *naming)
{
    struct relay_naming **at = &blob->namings;

    while (*at != naming)
        at = &(*at)->next_of_blob;
    *at = naming->next_of_blob;
}

void relay_blob_unnamed(struct relay *relay, uint64_t number)
{
    struct relay_names *names = lookup_remove(&relay->blobs.by_envelope, &number);

    if (!names)
        return;
    while (names->first) {
        struct relay_naming *naming = names->first;
        names->first = naming->next_of_envelope;
        relay_blob_leave(naming->blob, naming);
        if (!naming->blob->namings)
            relay->blobs.unnamed = true;
        free(naming);
    }
    free(names);
}

void relay_blob_settle(struct relay *relay)
{
    struct relay_blob *blob;
    size_t at = 0;

    if (!relay->blobs.unnamed)
        return;
    relay->blobs.unnamed = false;
    while ((blob = lookup_next(&relay->blobs.by_name, &at))) {
        if (blob->namings)
            continue;
        if (!blob->whole)
            relay_blob_unlist(relay, blob);
        if (blob->held > 0)
            spool_drop_blob(relay->spool, blob->name);
        lookup_remove(&relay->blobs.by_name, blob->name);
        free(blob);
        relay->blobs.finished = true; /* who waits for it hears that it is gone */
    }
}

size_t relay_blob_count(const struct relay *relay, size_t *ret_whole)
{
    size_t lacking = 0, count = relay->blobs.by_name.count;

    for (const struct relay_blob *blob = relay->blobs.lacking; blob; blob = blob->after)
        lacking++;
    *ret_whole = count - lacking;
    return count;
}

/* ---- a start ---- */

static int relay_load_names(struct relay *relay, const struct ledger_envelope *envelope)
{
    ProtobufCMessage *message;
    const Hotline__EnvelopeHeader *header;

    wire_arena_clear(&relay->work);
    if (wire_unpack(&hotline__envelope_header__descriptor, buf_slice(&envelope->header), &relay->work, NULL, &message))
        return ERR_CORRUPT;
    header = (const Hotline__EnvelopeHeader *)message;
    return relay_blob_named(relay, envelope, header->blobs, header->n_blobs);
}

static int relay_load_chunk(void *ctx, struct slice data)
{
    seal_hasher_add(ctx, data);
    return OK;
}

static int relay_load_blob(void *ctx, const struct spool_blob *row)
{
    struct relay *relay = ctx;
    struct relay_blob *blob;
    int error = relay_blob_meet(relay, row->name, &blob);

    if (error)
        return error;
    relay->blobs.unnamed = true; /* one that nobody names goes at the end of the turn */
    blob->chunks = row->chunks;
    blob->held = row->held;
    blob->bytes = row->bytes;
    blob->wanted_to = row->held;
    if (row->whole) {
        relay_blob_unlist(relay, blob);
        blob->whole = true;
        return OK;
    }
    seal_hasher_begin(&blob->hasher);
    return spool_load_chunks(relay->spool, blob->name, relay_load_chunk, &blob->hasher);
}

int relay_blob_load(struct relay *relay)
{
    int error = OK;

    for (const struct ledger_envelope *envelope = relay->ledger.oldest; envelope && !error; envelope = envelope->newer)
        error = relay_load_names(relay, envelope);
    return error ? error : spool_load_blobs(relay->spool, relay_load_blob, relay);
}
