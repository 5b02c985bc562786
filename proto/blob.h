/*
 * blob - attached files: sealed once, in chunks, named by their ciphertext.
 *
 * A file is padded with zeros to its Padme size (at least LIMIT_BODY_PAD_BYTES; what it really has stands in the body),
 * cut into pieces of LIMIT_BLOB_CHUNK_BYTES and sealed as one secretstream under a key of its own. The sealed file is
 * the stream's header and the sealed pieces, one behind the other; its name is their BLAKE2b-256. Chunk 0 is the header
 * and the first piece, chunk i the piece i: so chunks are cut by blob_chunk() alone, and put together they are the
 * sealed file.
 */
#ifndef PROTO_BLOB_H
#define PROTO_BLOB_H

#include "buf.h"
#include "key.h"
#include "limits.h"
#include "seal.h"

#define BLOB_PIECE_BYTES (LIMIT_BLOB_CHUNK_BYTES + SEAL_STREAM_EXTRA_BYTES)
/* The largest chunk, the first one, and the largest sealed file. */
#define BLOB_CHUNK_BYTES_MAX (SEAL_STREAM_HEADER_BYTES + BLOB_PIECE_BYTES)
#define BLOB_SEALED_BYTES_MAX (SEAL_STREAM_HEADER_BYTES + LIMIT_BLOB_CHUNKS * BLOB_PIECE_BYTES)

/* The sealed size of a file of so many bytes (1 to LIMIT_BLOB_BYTES); 0 for any other. */
size_t blob_sealed_size(size_t plain_bytes);
/* How many chunks a sealed file of so many bytes has; 0 when no file has this size. */
uint32_t blob_chunk_count(uint64_t sealed_bytes);
/* Where chunk i of it lies. i is below blob_chunk_count(). */
struct blob_range {
    size_t from, len;
};
struct blob_range blob_chunk(uint64_t sealed_bytes, uint32_t i);

/* Seals a file under a fresh key; the sealed file is appended to out. ERR_LIMIT: empty or over LIMIT_BLOB_BYTES. */
int blob_seal(struct slice plain, struct buf *out, struct key_blob *ret_key, struct key_hash *ret_name) MUST_CHECK;
/* Opens a whole sealed file; plain_bytes of it are appended to out. ERR_CORRUPT: it has not this name. ERR_CRYPTO: a
 * chunk was changed, moved or left out, or it is not of this key. ERR_LIMIT: it is shorter than plain_bytes. */
int blob_open(struct slice sealed, const struct key_hash *name, const struct key_blob *key, size_t plain_bytes,
              struct buf *out) MUST_CHECK;

/* How a relay names one chunk in Taken: the first 16 bytes of BLAKE2b-256(name || chunk as u32 little-endian). */
void blob_chunk_name(const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, uint8_t ret_taken[16]);

#endif
