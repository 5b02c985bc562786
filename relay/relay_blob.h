/*
 * relay_blob - attached files at the relay: who names them, what is here of them, who waits for them.
 *
 * A blob exists while an envelope that is held names it; one row and one copy, whoever names it. The relay pulls: it
 * asks a sender that named a blob for the next LIMIT_BLOB_WINDOW chunks, one blob per sender at a time, takes them in
 * order, and when the last one is there the whole must have its name. So whatever crashes, the next BlobWant says where
 * to go on. A member that was granted an envelope naming it gets chunks in the same way, when nothing more urgent waits
 * for it; a wish for a blob that is still on its way waits with it. Must never hand a blob to anybody else, nor keep a
 * byte that nobody names.
 */
#ifndef RELAY_RELAY_BLOB_H
#define RELAY_RELAY_BLOB_H

#include "proto/lookup.h"
#include "proto/seal.h"
#include "proto/wire.h"

struct relay;
struct session;
struct ledger_envelope;
struct relay_blob;

#define RELAY_WISHES 16

/* Chunks that a member asked for and has not got. */
struct relay_wish {
    uint8_t name[KEY_HASH_BYTES];
    uint32_t from, count;
};

/* Of one member. */
struct relay_blob_member {
    struct relay_wish wishes[RELAY_WISHES]; /* oldest first */
    size_t wish_count;
    bool reads;                 /* a chunk is on its way from the disk */
    struct relay_blob *uploads; /* asked of it now, or NULL */
};

struct relay_blobs {
    struct lookup by_name, by_envelope;
    struct relay_blob *lacking; /* not whole */
    bool unnamed;               /* some may be named by nobody any more */
    bool finished;              /* one became whole since the last commit */
};

void relay_blobs_init(struct relay_blobs *blobs);
void relay_blobs_done(struct relay_blobs *blobs);

/* The envelope, held from now on, names these. ERR_NOMEM. */
int relay_blob_named(struct relay *relay, const struct ledger_envelope *envelope, Hotline__BlobName *const *names,
                     size_t count) MUST_CHECK;
/* It is not held any more. */
void relay_blob_unnamed(struct relay *relay, uint64_t number);
/* The end of a turn: what nobody names any more goes, in the same write as the envelopes that named it. */
void relay_blob_settle(struct relay *relay);
/* A commit: those that wait for a blob that became whole are served. */
void relay_blob_committed(struct relay *relay);
/* A start, when the envelopes are in the ledger. ERR_*, as the spool. */
int relay_blob_load(struct relay *relay) MUST_CHECK;

/* A chunk that was asked for; a wish for chunks. */
void relay_on_blob_put(struct relay *relay, struct session *session, const ProtobufCMessage *message);
void relay_on_blob_want(struct relay *relay, struct session *session, const ProtobufCMessage *message);
/* The member is here, or answered something: asks it for what it named and is lacking. */
void relay_blob_ask(struct relay *relay, uint32_t member);
/* Sends the next chunk that it wished for, when nothing more urgent waits for it. */
void relay_blob_pump(struct relay *relay, uint32_t member);
/* Its session is over. */
void relay_blob_lost(struct relay *relay, uint32_t member);
/* Once a second: asks again for what did not come. */
void relay_blob_second(struct relay *relay);
/* Blobs named, and those of them that are whole. */
size_t relay_blob_count(const struct relay *relay, size_t *ret_whole);

#endif
