/*
 * spool_blob - attached files in the spool: a row for each and a row for each chunk. Put as spool.h says: with the rest
 * of the turn, in one piece or not at all.
 */
#ifndef RELAY_SPOOL_BLOB_H
#define RELAY_SPOOL_BLOB_H

#include "relay/spool.h"

struct spool_blob {
    const uint8_t *name;   /* KEY_HASH_BYTES */
    uint32_t chunks, held; /* in all; here, from the first on without a hole */
    uint64_t bytes;        /* of those */
    bool whole;            /* all are there and have the name */
};

/* A start: every blob, then (spool_load_chunks) the chunks of one in order. Before spool_start(). ERR_CORRUPT, or what
 * the callback returned. */
int spool_load_blobs(struct spool *spool, int (*on_blob)(void *ctx, const struct spool_blob *row),
                     void *ctx) MUST_CHECK;
int spool_load_chunks(struct spool *spool, const uint8_t name[KEY_HASH_BYTES],
                      int (*on_chunk)(void *ctx, struct slice data), void *ctx) MUST_CHECK;

/* The blob's row: with its first chunk, and again when it is whole. */
void spool_put_blob(struct spool *spool, const struct spool_blob *row);
void spool_put_chunk(struct spool *spool, const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, struct slice data);
/* Forgets it with all its chunks. */
void spool_drop_blob(struct spool *spool, const uint8_t name[KEY_HASH_BYTES]);

/* Reads one chunk; done runs on the loop (or in spool_step) with its bytes, which it takes and frees, or an error:
 * ERR_NOT_FOUND, ERR_NOMEM, ERR_STATE (the spool closes). */
typedef void spool_chunk_fn(void *ctx, struct buf *data, int error);
void spool_read_chunk(struct spool *spool, const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, spool_chunk_fn *done,
                      void *ctx);

#endif
