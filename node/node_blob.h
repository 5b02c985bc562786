/*
 * node_blob - attached files at the node: those of its own, given to relays that ask for them; those of received cases,
 * asked for chunk by chunk, of one relay and then another; and the pictures that people handed in for a case that is
 * not sent yet.
 *
 * A blob's chunks are records of the vault under its case's key: erasing the case erases them. They come in order and
 * each is saved with how many there are, so after any crash the next BlobWant goes on. When the last one is here the
 * whole is read back, held against its name, opened, and looked at by a process that can do nothing else
 * (node_io.look); only then it counts, and the sender learns it by a receipt (docs/decisions/0011). What a relay gave
 * that is not what was named goes, and another relay is asked. What its sender named and is nothing that may be shown
 * goes too, is marked as refused, and asked for no more.
 */
#ifndef NODE_NODE_BLOB_H
#define NODE_NODE_BLOB_H

#include "node/cases.h"
#include "node/picture.h"

struct node;
struct node_link;
struct node_outgoing;
struct node_draft;

/* Fetched at a time: more would only stand in each other's way. */
#define NODE_BLOBS_AT_ONCE 2
/* Pictures that were handed in and not sent yet; the oldest makes room, and each is forgotten after an hour. */
#define NODE_UPLOADS 24
#define NODE_UPLOAD_LIFE_US (INT64_C(3600) * 1000000)

/* A case that names the blob, and how. */
struct node_blob_case {
    struct envelope_case_key key;
    uint64_t size_bytes; /* sealed, as its header says */
    bool refused;        /* what came was nothing that this case may show */
};

struct node_blob {
    struct key_hash name;           /* first: the key of the table */
    struct envelope_case_key owner; /* one of the cases: it is asked for, kept and judged as that one names it */
    struct node_blob_case *cases;
    size_t case_count;
    uint64_t size_bytes; /* sealed */
    uint32_t chunks, held;
    bool whole, checking;
    bool refused;                   /* by us, of every case: their senders' doing */
    uint64_t ticket;                /* of the last chunk */
    char relay[LIMIT_ID_CHARS + 1]; /* asked now; "" none */
    size_t next_slot;               /* asked next */
    uint32_t wanted_to;
    int64_t asked_us, again_us; /* steady */
    unsigned tries;             /* in vain */
};

struct node_upload {
    uint8_t id[16];
    int64_t at_us;
    struct picture picture; /* at_us 0: none */
};

struct node_blobs {
    struct lookup by_name;
    struct node_blob_check *checks; /* at work */
    size_t lacking;                 /* neither whole nor refused */
    struct node_upload uploads[NODE_UPLOADS];
};

/* What one relay asked for and has not got. */
struct node_giving {
    struct key_hash name;
    uint32_t from, count; /* 0: nothing */
    bool reads;
};

void node_blobs_init(struct node_blobs *blobs);
void node_blobs_done(struct node_blobs *blobs);
/* A record of VAULT_BLOB. */
int node_blob_load(struct node *node, struct slice record) MUST_CHECK;

/* --- node_blob_table.c: which there are --- */
/* An item of a case is kept from now on: its photos are known, and asked for unless they are here. ERR_NOMEM. */
int node_blob_meet(struct node *node, const struct item *item) MUST_CHECK;
/* The case is erased, its key is gone. What another case names, too, is asked for anew. */
void node_blob_forget(struct node *node, const struct envelope_case_key *owner);
/* Neither whole nor refused: it may still come. */
bool node_blob_is_lacking(const struct node_blob *blob);
/* What is known of a photo; NULL: nothing. */
const struct node_blob *node_blob_of(const struct node *node, const Hotline__Attachment *photo);
/* The revision's number-th photo (from 0) came and was refused. */
bool node_blob_is_refused(const struct node *node, const struct item *item, size_t number);
/* How many of the revision's photos are here whole. */
uint32_t node_blob_count(const struct node *node, const struct item *item);
/* Puts the blob's record; its ticket. */
uint64_t node_blob_save(struct node *node, const struct node_blob *blob);
/* A blob of this name, made when it is new, and named by this case from now on. ERR_NOMEM. */
int node_blob_add(struct node *node, const struct key_hash *name, const struct envelope_case_key *owner,
                  uint64_t size_bytes, struct node_blob **ret_blob) MUST_CHECK;
/* The key of a chunk's record. */
struct node_chunk_key {
    uint8_t bytes[KEY_HASH_BYTES + 4];
};
struct node_chunk_key node_chunk_key(const struct key_hash *name, uint32_t chunk);
/* Removes its chunks. */
void node_blob_drop(struct node *node, struct node_blob *blob);
/* What its owner shows, when this photo is still in it. */
struct item *node_blob_needed_by(const struct node *node, const struct node_blob *blob,
                                 const Hotline__Attachment **ret_photo);
/* To the next case that shows it and has not refused it (and tells another size of it); false: there is none. */
bool node_blob_hand_on(struct node *node, struct node_blob *blob, bool of_other_size);
/* As its owner names it, it is nothing to show: on to the next case. True: there is none, it is refused for all. */
bool node_blob_refuse(struct node *node, struct node_blob *blob);
/* The photos of a revision; NULL and 0 when it has none. */
Hotline__Attachment *const *node_blob_photos(const struct item *item, size_t *ret_count);

/* --- node_blob.c: fetching --- */
void node_on_blob_chunk(struct node *node, struct node_link *link, const Hotline__BlobChunk *chunk, int64_t now_us);
/* Asks for what is lacking, checks what came. */
void node_blob_tick(struct node *node, int64_t now_us, int64_t steady_us);
/* The node closes: whoever checks a file meets nobody. */
void node_blob_checks_done(struct node_blobs *blobs);

/* --- node_blob_give.c: to relays, and to people --- */
void node_on_blob_want(struct node *node, struct node_link *link, const Hotline__BlobWant *want);
/* Sends the next chunk that the relay asked for, when nothing else waits for it. */
void node_blob_give(struct node *node, struct node_link *link);
/* Reads a whole sealed file; done gets its bytes, valid during the call, or an error. ERR_NOMEM at once. */
typedef void node_blob_done(void *ctx, int error, struct slice sealed);
int node_blob_read(struct node *node, const struct node_blob *blob, node_blob_done *done, void *ctx) MUST_CHECK;
/* The number-th photo (from 1) of what a case shows, opened: a JPEG. ERR_NOT_FOUND: there is none, or it is not here
 * yet. ERR_INVALID: it came, and is nothing that may be shown. */
int node_photo_read(struct node *node, const struct case_entry *entry, size_t number, struct err_note *note,
                    node_blob_done *done, void *ctx) MUST_CHECK;

/* --- node_photo.c: out --- */
/* Keeps a copy of a picture for a draft to come; its id. ERR_NOMEM. */
int node_photo_offer(struct node *node, const struct picture *picture, int64_t now_us, uint8_t ret_id[16]) MUST_CHECK;
/* True while that picture waits to be sent. */
bool node_photo_waits(const struct node *node, const uint8_t id[16]);
/* The revision (NULL: none) has the photo that is named so. */
bool node_photo_was(const struct item *before, const uint8_t id[16]);
/* content names a photo that the revision before (NULL: none) has not. */
bool node_photo_adds(const struct item *before, const Hotline__Case *content);
/* The photos of a revision about to be sealed, sealed themselves; names and keys stand in content and header. */
struct node_attached {
    struct buf sealed[3];
    struct key_hash names[3];
    uint8_t uploads[3][16];
    bool is_new[3];
    size_t count;
    Hotline__BlobName rows[3], *list[3]; /* the header borrows them */
};
/* Fills content's photos, from uploads and from the revision before (NULL: none), and the header's blobs. ERR_UNKNOWN,
 * ERR_MISSING, ERR_NOMEM with a note. node_attached_done in any case, after the sealing. */
int node_photo_attach(struct node *node, struct node_outgoing *out, Hotline__Case *content, const struct item *before,
                      bool replaces, struct err_note *note, struct node_attached *attached) MUST_CHECK;
/* The revision is sealed: the chunks go into its turn. */
void node_photo_keep(struct node *node, const struct item *item, const struct node_attached *attached);
void node_attached_done(struct node_attached *attached);

#endif
