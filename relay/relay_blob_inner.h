/*
 * relay_blob_inner - one blob and who names it: for relay_blob*.c alone.
 */
#ifndef RELAY_RELAY_BLOB_INNER_H
#define RELAY_RELAY_BLOB_INNER_H

#include "proto/blob.h"
#include "relay/relay_inner.h"

/* One envelope's naming of one blob. */
struct relay_naming {
    struct relay_naming *next_of_blob, *next_of_envelope;
    struct relay_blob *blob;
    uint64_t number; /* the envelope's */
    uint32_t sender;
    uint64_t size_bytes;
    bool lied; /* what its sender gave had another name */
};

/* All that one envelope names. */
struct relay_names {
    uint64_t number; /* first: the table's key */
    struct relay_naming *first;
};

struct relay_blob {
    uint8_t name[KEY_HASH_BYTES]; /* first: the table's key */
    struct relay_naming *namings;
    uint32_t chunks, held; /* of a blob of bytes_all; 0 chunks: not begun */
    uint64_t bytes;
    bool whole;
    struct seal_hasher hasher; /* over what is held */
    uint32_t giver;            /* whose chunks these are; REGISTRY_NONE: nobody's, or from before the start */
    bool asked;                /* the giver uploads it now */
    uint32_t wanted_to;        /* chunks asked for so far */
    int64_t asked_us, moved_us; /* moved: its giver's turn began, or its last chunk came */
    struct relay_blob *before, *after; /* lacking */
};

/* By its name; NULL: nobody named it. */
struct relay_blob *relay_blob_find(const struct relay *relay, const uint8_t name[KEY_HASH_BYTES]);
/* The member's own naming of it that was no lie; NULL: none. */
struct relay_naming *relay_naming_of(const struct relay_blob *blob, uint32_t member);
/* It is not lacking any more, or is from now on. */
void relay_blob_unlist(struct relay *relay, struct relay_blob *blob);
void relay_blob_list(struct relay *relay, struct relay_blob *blob);

#endif
