/*
 * fuzz_dress - a frame of a fuzz input made presentable: what it says stays, the names and signatures around it become
 * good. So a mutation of the content reaches what stands behind the signature.
 *
 * Everything is made in an arena and lives until that is cleared.
 */
#ifndef TESTS_FUZZ_FUZZ_DRESS_H
#define TESTS_FUZZ_FUZZ_DRESS_H

#include "fuzz.h"
#include "proto/envelope.h"
#include "proto/key.h"
#include "proto/receipt.h"
#include "proto/roster.h"
#include "proto/wire.h"

#define FUZZ_HASHES 64
#define FUZZ_DEPTH 6

/* What an input may ask for, a bit each. */
enum fuzz_dressing {
    FUZZ_SIGN = 1,  /* signatures are made anew, by who speaks */
    FUZZ_NAME = 2,  /* rosters and speakers are named as they are */
    FUZZ_REFER = 4, /* hashes of envelopes are of one that went by */
    FUZZ_SEAL = 8   /* an envelope's body is sealed, and its grant made, for recipient */
};

struct fuzz_dresser {
    struct wire_arena arena;
    const struct roster *roster;
    const struct key_set *who;  /* who speaks and signs: a member, or the relay */
    const struct key_set *from; /* who made what a relay hands on */
    struct key_box recipient;   /* FUZZ_SEAL: its encryption key */
    bool has_recipient;
    char recipient_id[LIMIT_ID_CHARS + 1];
    struct key_hash hashes[FUZZ_HASHES]; /* of envelopes that went by, newest last */
    size_t hash_count;
    unsigned flags, refer;
};

static inline void fuzz_dresser_start(struct fuzz_dresser *dresser)
{
    if (dresser->arena.memory == NULL)
        CHECK(wire_arena_init_sized(&dresser->arena, 4 * 1024 * 1024) == OK);
    dresser->hash_count = 0;
}

/* Empty, and all of it may be used: nothing here is a stranger's. */
static inline void fuzz_clear(struct fuzz_dresser *dresser)
{
    wire_arena_clear(&dresser->arena);
    dresser->arena.budget = dresser->arena.capacity;
}

static inline ProtobufCMessage *fuzz_unpack(struct fuzz_dresser *dresser, const ProtobufCMessageDescriptor *descriptor,
                                            struct slice bytes)
{
    return protobuf_c_message_unpack(descriptor, &dresser->arena.allocator, bytes.len, bytes.data);
}

static inline struct slice fuzz_pack(struct fuzz_dresser *dresser, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *room = wire_arena_take(&dresser->arena, len + 1);
    return room == NULL ? slice_of("", 0) : slice_of(room, protobuf_c_message_pack(message, room));
}

static inline ProtobufCBinaryData fuzz_copy(struct fuzz_dresser *dresser, const void *bytes, size_t len)
{
    uint8_t *room = wire_arena_take(&dresser->arena, len + 1);
    if (room == NULL)
        return (ProtobufCBinaryData){0, NULL};
    memcpy(room, bytes, len);
    return (ProtobufCBinaryData){len, room};
}

static inline char *fuzz_name(struct fuzz_dresser *dresser, const char *id)
{
    return (char *)fuzz_copy(dresser, id, strlen(id) + 1).data;
}

static inline void fuzz_remember(struct fuzz_dresser *dresser, struct key_hash hash)
{
    if (dresser->hash_count == FUZZ_HASHES)
        memmove(dresser->hashes, dresser->hashes + 1, --dresser->hash_count * sizeof hash);
    dresser->hashes[dresser->hash_count++] = hash;
}

static inline ProtobufCBinaryData fuzz_signature(struct fuzz_dresser *dresser, const char *context, struct slice bytes)
{
    struct key_signature signature;
    CHECK(seal_sign(&dresser->from->identity_secret, context, bytes, &signature) == OK);
    return fuzz_copy(dresser, signature.bytes, KEY_SIGNATURE_BYTES);
}

/* Signed bytes, by the message that holds them. */
static const struct fuzz_signed {
    const ProtobufCMessageDescriptor *outer, *inner;
    const char *context;
} fuzz_signeds[] = {
    {&hotline__signed_card__descriptor, &hotline__card__descriptor, SEAL_CONTEXT_CARD},
    {&hotline__signed_receipts__descriptor, &hotline__receipt_batch__descriptor, SEAL_CONTEXT_RECEIPTS},
    {&hotline__signed_accepted__descriptor, &hotline__accepted_batch__descriptor, SEAL_CONTEXT_ACCEPTED},
    {&hotline__signed_unreadable__descriptor, &hotline__unreadable__descriptor, SEAL_CONTEXT_UNREADABLE},
};

static inline void fuzz_dress(struct fuzz_dresser *dresser, ProtobufCMessage *message, unsigned depth);

/* The inner message dressed, packed and signed; all four have bytes first and the signature second. */
static inline void fuzz_dress_signed(struct fuzz_dresser *dresser, ProtobufCMessage *message,
                                     const struct fuzz_signed *row, unsigned depth)
{
    Hotline__SignedReceipts *outer = (Hotline__SignedReceipts *)message;
    const struct key_set *from = dresser->from;
    ProtobufCMessage *inner = fuzz_unpack(dresser, row->inner, wire_slice(outer->batch));
    if (inner == NULL || !outer->has_batch)
        return;
    fuzz_dress(dresser, inner, depth + 1);
    struct slice bytes = fuzz_pack(dresser, inner);
    outer->batch = wire_bytes(bytes);
    if (row->inner == &hotline__accepted_batch__descriptor)
        dresser->from = dresser->who;
    if (dresser->flags & FUZZ_SIGN) {
        outer->has_signature = 1;
        outer->signature = fuzz_signature(dresser, row->context, bytes);
    }
    dresser->from = from;
}

/* The body is plain text in the input: padded, sealed under a fixed key, and granted to the recipient. */
static inline void fuzz_seal(struct fuzz_dresser *dresser, Hotline__Envelope *envelope, Hotline__EnvelopeHeader *header)
{
    static const struct key_content content = {{1}};
    struct key_box sending;
    struct key_box_secret secret;
    struct key_pair pair;
    struct envelope_grant made = {.sequence = 0};
    uint8_t key[KEY_BYTES];
    struct key_hash commitment = seal_personal_hash("HRcommit", slice_of(content.bytes, KEY_BYTES));
    if (!header->has_body_nonce || header->body_nonce.len != SEAL_NONCE_BYTES || envelope->body.len > 60000 ||
        key_sending(dresser->from, header->sent_at_us, &sending, &secret) != OK ||
        seal_pair(&dresser->recipient, &secret, &pair) != OK)
        return;
    WIRE_SET_BYTES(header, sending_key, fuzz_copy(dresser, sending.bytes, KEY_BYTES).data, KEY_BYTES);
    WIRE_SET_BYTES(header, key_commitment, fuzz_copy(dresser, commitment.bytes, KEY_HASH_BYTES).data, KEY_HASH_BYTES);
    struct slice head = fuzz_pack(dresser, &header->base);
    size_t padded = seal_padded_size(envelope->body.len + 1, LIMIT_BODY_PAD_BYTES);
    uint8_t *plain = wire_arena_take(&dresser->arena, padded);
    uint8_t *sealed = wire_arena_take(&dresser->arena, padded + SEAL_TAG_BYTES);
    if (plain == NULL || sealed == NULL)
        return;
    memset(plain, 0, padded);
    if (envelope->body.len > 0)
        memcpy(plain, envelope->body.data, envelope->body.len);
    plain[envelope->body.len] = 0x80;
    seal_body_key(&content, header->status == HOTLINE__STATUS__CODE__EXERCISE, key);
    CHECK(seal_encrypt(key, header->body_nonce.data, head, slice_of(plain, padded), sealed) == OK);
    WIRE_SET_BYTES(envelope, body, sealed, padded + SEAL_TAG_BYTES);
    for (size_t i = 0; i < envelope->n_grants && i < 4; i++) {
        Hotline__Grant *grant = envelope->grants[i];
        CHECK(envelope_grant_make(&content, dresser->refer, &pair, &made) == OK);
        struct key_id id = key_id_of(dresser->recipient.bytes);
        grant->member = fuzz_name(dresser, dresser->recipient_id);
        WIRE_SET_BYTES(grant, key_id, fuzz_copy(dresser, id.bytes, KEY_ID_BYTES).data, KEY_ID_BYTES);
        WIRE_SET_BYTES(grant, nonce, fuzz_copy(dresser, made.nonce, sizeof made.nonce).data, sizeof made.nonce);
        WIRE_SET_BYTES(grant, box, fuzz_copy(dresser, made.box, sizeof made.box).data, sizeof made.box);
    }
}

static inline void fuzz_dress_envelope(struct fuzz_dresser *dresser, Hotline__Envelope *envelope, unsigned depth)
{
    Hotline__EnvelopeHeader *header = (Hotline__EnvelopeHeader *)fuzz_unpack(
        dresser, &hotline__envelope_header__descriptor, wire_slice(envelope->header));
    struct key_hash body_hash;
    if (header == NULL || !envelope->has_header)
        return;
    fuzz_dress(dresser, &header->base, depth + 1);
    if ((dresser->flags & FUZZ_SEAL) && dresser->has_recipient) {
        fuzz_seal(dresser, envelope, header);
    } else if (envelope->body.len < LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES) { /* relays look at the length alone */
        uint8_t *room = wire_arena_take(&dresser->arena, LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES);
        if (room == NULL)
            return;
        memset(room, (int)envelope->body.len, LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES);
        WIRE_SET_BYTES(envelope, body, room, LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES);
    }
    envelope->header = wire_bytes(fuzz_pack(dresser, &header->base));
    body_hash = seal_hash(wire_slice(envelope->body));
    uint8_t *covered = wire_arena_take(&dresser->arena, envelope->header.len + KEY_HASH_BYTES);
    if (covered == NULL)
        return;
    memcpy(covered, envelope->header.data, envelope->header.len);
    memcpy(covered + envelope->header.len, body_hash.bytes, KEY_HASH_BYTES);
    struct slice bytes = slice_of(covered, envelope->header.len + KEY_HASH_BYTES);
    if (dresser->flags & FUZZ_SIGN) {
        envelope->has_signature = 1;
        envelope->signature = fuzz_signature(dresser, SEAL_CONTEXT_ENVELOPE, bytes);
    }
    fuzz_remember(dresser, seal_hash(bytes));
}

/* One field by its name: rosters, who speaks, and which envelope is meant. */
static inline void fuzz_dress_field(struct fuzz_dresser *dresser, const ProtobufCFieldDescriptor *field, void *at)
{
    if ((dresser->flags & FUZZ_NAME) && field->type == PROTOBUF_C_TYPE_STRING && *(char **)at != NULL) {
        if (strcmp(field->name, "sender") == 0 && dresser->flags & FUZZ_SEAL)
            *(char **)at = fuzz_name(dresser, dresser->from->id);
        if (strcmp(field->name, "relay") == 0)
            *(char **)at = fuzz_name(dresser, dresser->who->id);
    }
    if ((dresser->flags & FUZZ_NAME) && strcmp(field->name, "roster_version") == 0)
        *(uint64_t *)at = roster_version(dresser->roster);
    if (field->type != PROTOBUF_C_TYPE_BYTES)
        return;
    if ((dresser->flags & FUZZ_NAME) && strcmp(field->name, "roster_hash") == 0)
        *(ProtobufCBinaryData *)at = fuzz_copy(dresser, roster_hash(dresser->roster)->bytes, KEY_HASH_BYTES);
    if ((dresser->flags & FUZZ_REFER) && dresser->hash_count > 0 && strcmp(field->name, "envelope_hash") == 0)
        *(ProtobufCBinaryData *)at =
            fuzz_copy(dresser, dresser->hashes[dresser->hash_count - 1 - dresser->refer % dresser->hash_count].bytes,
                      KEY_HASH_BYTES);
}

static inline void fuzz_dress(struct fuzz_dresser *dresser, ProtobufCMessage *message, unsigned depth)
{
    if (depth > FUZZ_DEPTH)
        return;
    for (size_t i = 0; i < sizeof fuzz_signeds / sizeof fuzz_signeds[0]; i++)
        if (message->descriptor == fuzz_signeds[i].outer)
            fuzz_dress_signed(dresser, message, &fuzz_signeds[i], depth);
    if (message->descriptor == &hotline__envelope__descriptor)
        fuzz_dress_envelope(dresser, (Hotline__Envelope *)message, depth);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        uint8_t *at = (uint8_t *)message + field->offset;
        bool many = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = many ? *(size_t *)((uint8_t *)message + field->quantifier_offset) : 1;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            ProtobufCMessage **list = many ? *(ProtobufCMessage ***)at : (ProtobufCMessage **)at;
            for (size_t j = 0; j < count; j++)
                if (list[j] != NULL)
                    fuzz_dress(dresser, list[j], depth + 1);
        } else if (!many) {
            fuzz_dress_field(dresser, field, at);
        }
    }
}

/* Signed as it stands, and not over bytes of its own. */
static inline void fuzz_dress_gap_answer(struct fuzz_dresser *dresser, Hotline__GapAnswer *answer)
{
    struct key_signature signature;
    if (dresser->flags & FUZZ_NAME)
        answer->sender = fuzz_name(dresser, dresser->from->id);
    if ((dresser->flags & FUZZ_NAME) && dresser->has_recipient)
        answer->recipient = fuzz_name(dresser, dresser->recipient_id);
    if (!(dresser->flags & FUZZ_SIGN) || receipt_sign_gap_answer(answer, dresser->from, &signature) != OK)
        return;
    answer->has_signature = 1;
    answer->signature = fuzz_copy(dresser, signature.bytes, KEY_SIGNATURE_BYTES);
}

/* The frame's message as it is to travel; the bytes as they are when they are no such message. */
static inline struct slice fuzz_dressed(struct fuzz_dresser *dresser, uint8_t type, struct slice bytes)
{
    const ProtobufCMessageDescriptor *descriptor = wire_descriptor(type);
    fuzz_clear(dresser);
    ProtobufCMessage *message = descriptor != NULL ? fuzz_unpack(dresser, descriptor, bytes) : NULL;
    if (message == NULL)
        return bytes;
    if (type == WIRE_HELLO && (dresser->flags & FUZZ_NAME)) {
        Hotline__Hello *hello = (Hotline__Hello *)message;
        if (hello->roster != NULL) {
            WIRE_SET(hello->roster, version, roster_version(dresser->roster));
            hello->roster->has_hash = 1;
            hello->roster->hash = fuzz_copy(dresser, roster_hash(dresser->roster)->bytes, KEY_HASH_BYTES);
        }
    }
    fuzz_dress(dresser, message, 0);
    if (message->descriptor == &hotline__gap_answer__descriptor)
        fuzz_dress_gap_answer(dresser, (Hotline__GapAnswer *)message);
    return fuzz_pack(dresser, message);
}

#endif
