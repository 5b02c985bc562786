/* envelope: seal and open. The only place that knows layout, padding, nonces and associated data. */
#include "envelope.h"

#include <string.h>

#include "route.h"
#include "seal.h"

#define COMMIT_PERSONAL "HRcommit"
#define PAD_MARK 0x80

/* --- header rules --- */

static int check_case_fields(const Hotline__EnvelopeHeader *header, struct err_note *note)
{
    bool is_case = header->kind == HOTLINE__KIND__CODE__CASE;
    bool about_case =
        is_case || header->kind == HOTLINE__KIND__CODE__REPLY || header->kind == HOTLINE__KIND__CODE__REFERRAL;
    if (about_case != (header->case_name != NULL))
        return err_set(note, ERR_INVALID, "header.case_name: %s for this kind", about_case ? "needed" : "not allowed");
    if (is_case != (bool)header->has_revision || is_case != (bool)header->has_act)
        return err_set(note, ERR_INVALID, "header.revision, header.act: of a CASE, and of nothing else");
    if (about_case && !key_name_ok(header->case_name->opener))
        return err_set(note, ERR_INVALID, "header.case_name.opener: not a member id");
    if (!is_case)
        return OK;
    if (strcmp(header->case_name->opener, header->sender) != 0)
        return err_set(note, ERR_MEMBER, "header.case_name: only %s revises this case", header->case_name->opener);
    if ((header->revision == 1) != (header->act == HOTLINE__ACT__CODE__OPEN))
        return err_set(note, ERR_INVALID, "header.act: OPEN is revision 1, and nothing else is");
    return OK;
}

static int check_header(const Hotline__EnvelopeHeader *header, struct err_note *note)
{
    if (!key_name_ok(header->sender))
        return err_set(note, ERR_INVALID, "header.sender: not a member id");
    if ((header->id.data[6] >> 4) != 7)
        return err_set(note, ERR_INVALID, "header.id: not a UUIDv7");
    if (header->expires_at_us <= header->sent_at_us)
        return err_set(note, ERR_INVALID, "header.expires_at_us: not after sent_at_us");
    struct key_box sending;
    if (key_box_from(wire_slice(header->sending_key), &sending) != OK)
        return err_set(note, ERR_KEY, "header.sending_key: of low order");
    int result = check_case_fields(header, note);
    return result == OK ? route_check(header->route, note) : result;
}

struct key_hash envelope_hash(struct slice header, struct slice body)
{
    struct key_hash body_hash = seal_hash(body);
    return seal_hash2(header, slice_of(body_hash.bytes, sizeof body_hash.bytes));
}

int envelope_parse(struct slice header, struct slice signature, struct slice body, struct wire_arena *arena,
                   struct err_note *note, struct envelope *ret_envelope)
{
    if (header.len > LIMIT_HEADER_BYTES)
        return err_set(note, ERR_LIMIT, "header: %zu bytes, at most %d", header.len, LIMIT_HEADER_BYTES);
    if (body.len < LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES || body.len > LIMIT_BODY_BYTES + SEAL_TAG_BYTES)
        return err_set(note, ERR_LIMIT, "body: %zu bytes, allowed are %d to %d", body.len,
                       LIMIT_BODY_PAD_BYTES + SEAL_TAG_BYTES, LIMIT_BODY_BYTES + SEAL_TAG_BYTES);
    ProtobufCMessage *message;
    int result = wire_unpack(&hotline__envelope_header__descriptor, header, arena, note, &message);
    if (result != OK)
        return result;
    struct envelope envelope = {.header_bytes = header, .signature = signature, .body = body};
    envelope.header = (const Hotline__EnvelopeHeader *)message;
    if ((result = check_header(envelope.header, note)) != OK)
        return result;
    memcpy(envelope.id.bytes, envelope.header->id.data, sizeof envelope.id.bytes);
    envelope.hash = envelope_hash(header, body);
    *ret_envelope = envelope;
    return OK;
}

/* What the signature covers: header || BLAKE2b-256(body). */
static int signed_bytes(struct slice header, struct slice body, struct buf *out)
{
    struct key_hash body_hash = seal_hash(body);
    buf_add_slice(out, header);
    buf_add(out, body_hash.bytes, sizeof body_hash.bytes);
    return buf_broken(out) ? ERR_NOMEM : OK;
}

int envelope_verify(const struct envelope *envelope, const struct roster *roster, int64_t now_us, size_t *ret_sender)
{
    size_t sender = roster_find(roster, envelope->header->sender);
    if (sender == ROSTER_NONE)
        return ERR_MEMBER;
    struct buf bytes;
    buf_init(&bytes);
    int result = signed_bytes(envelope->header_bytes, envelope->body, &bytes);
    if (result == OK)
        result =
            roster_verify_member(roster, sender, SEAL_CONTEXT_ENVELOPE, buf_slice(&bytes), envelope->signature, now_us);
    buf_free(&bytes);
    if (result == OK)
        *ret_sender = sender;
    return result;
}

/* --- sealing --- */

static int padded_body(const ProtobufCMessage *body, struct buf *out)
{
    size_t size = seal_padded_size(protobuf_c_message_get_packed_size(body) + 1, LIMIT_BODY_PAD_BYTES);
    if (size > LIMIT_BODY_BYTES)
        return ERR_LIMIT;
    if (buf_reserve(out, size) == NULL) /* all of it at once: growing would leave plain text behind in freed memory */
        return ERR_NOMEM;
    wire_pack(body, out);
    size_t zeros = size - out->len - 1;
    buf_add_u8(out, PAD_MARK);
    uint8_t *room = buf_reserve(out, zeros);
    CHECK(room != NULL); /* it was reserved above */
    memset(room, 0, zeros);
    buf_grew(out, zeros);
    return OK;
}

static bool is_exercise(const Hotline__EnvelopeHeader *header)
{
    return header->status == HOTLINE__STATUS__CODE__EXERCISE;
}

static int seal_body(const Hotline__EnvelopeHeader *header, const ProtobufCMessage *body,
                     struct envelope_sealed *sealed)
{
    struct buf plain;
    uint8_t key[KEY_BYTES];
    buf_init(&plain);
    int result = padded_body(body, &plain);
    if (result == OK) {
        seal_body_key(&sealed->content, is_exercise(header), key);
        uint8_t *room = buf_reserve(&sealed->body, plain.len + SEAL_TAG_BYTES);
        result = room == NULL ?
            ERR_NOMEM :
            seal_encrypt(key, header->body_nonce.data, buf_slice(&sealed->header), buf_slice(&plain), room);
        if (result == OK)
            buf_grew(&sealed->body, plain.len + SEAL_TAG_BYTES);
        seal_wipe(key, sizeof key);
    }
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    return result;
}

int envelope_seal(Hotline__EnvelopeHeader *header, const ProtobufCMessage *body,
                  const struct key_identity_secret *identity, struct envelope_sealed *ret_sealed)
{
    struct envelope_sealed sealed = {0};
    uint8_t nonce[SEAL_NONCE_BYTES];
    seal_random(nonce, sizeof nonce);
    seal_random(sealed.content.bytes, sizeof sealed.content.bytes);
    struct key_hash commitment = seal_personal_hash(COMMIT_PERSONAL, slice_of(sealed.content.bytes, KEY_BYTES));
    WIRE_SET_BYTES(header, body_nonce, nonce, sizeof nonce);
    WIRE_SET_BYTES(header, key_commitment, commitment.bytes, sizeof commitment.bytes);
    struct buf covered;
    buf_init(&covered);
    int result = wire_check(&header->base, NULL);
    if (result == OK)
        result = check_header(header, NULL);
    if (result == OK) {
        wire_pack(&header->base, &sealed.header);
        result = buf_broken(&sealed.header) ? ERR_NOMEM : sealed.header.len > LIMIT_HEADER_BYTES ? ERR_LIMIT : OK;
    }
    if (result == OK)
        result = seal_body(header, body, &sealed);
    if (result == OK)
        result = signed_bytes(buf_slice(&sealed.header), buf_slice(&sealed.body), &covered);
    if (result == OK)
        result = seal_sign(identity, SEAL_CONTEXT_ENVELOPE, buf_slice(&covered), &sealed.signature);
    buf_free(&covered);
    header->has_body_nonce = header->has_key_commitment = 0; /* they point into this frame */
    if (result != OK) {
        envelope_sealed_done(&sealed);
        return result;
    }
    sealed.hash = envelope_hash(buf_slice(&sealed.header), buf_slice(&sealed.body));
    *ret_sealed = sealed;
    seal_wipe(&sealed.content, sizeof sealed.content);
    return OK;
}

void envelope_sealed_done(struct envelope_sealed *sealed)
{
    buf_free(&sealed->header);
    buf_free(&sealed->body);
    seal_wipe(&sealed->content, sizeof sealed->content);
}

/* --- grants --- */

int envelope_grant_make(const struct key_content *content, uint64_t sequence, const struct key_pair *pair,
                        struct envelope_grant *grant)
{
    uint8_t plain[KEY_BYTES + 8];
    memcpy(plain, content->bytes, KEY_BYTES);
    for (int i = 0; i < 8; i++)
        plain[KEY_BYTES + i] = (uint8_t)(sequence >> (8 * i));
    seal_random(grant->nonce, sizeof grant->nonce);
    int result = seal_box(pair, grant->nonce, slice_of(plain, sizeof plain), grant->box);
    seal_wipe(plain, sizeof plain);
    if (result == OK)
        grant->sequence = sequence;
    return result;
}

static int check_commitment(const struct envelope *envelope, const struct key_content *content)
{
    struct key_hash commitment = seal_personal_hash(COMMIT_PERSONAL, slice_of(content->bytes, KEY_BYTES));
    return seal_equal(commitment.bytes, envelope->header->key_commitment.data, KEY_HASH_BYTES) ? OK : ERR_DISPUTED;
}

int envelope_grant_open(const struct envelope *envelope, const Hotline__Grant *grant, const struct key_pair *pair,
                        struct key_content *ret_content, uint64_t *ret_sequence)
{
    uint8_t plain[KEY_BYTES + 8];
    if (grant->box.len != ENVELOPE_GRANT_BOX_BYTES || grant->nonce.len != SEAL_NONCE_BYTES)
        return ERR_CRYPTO;
    int result = seal_unbox(pair, grant->nonce.data, wire_slice(grant->box), plain);
    if (result != OK)
        return result;
    struct key_content content;
    memcpy(content.bytes, plain, KEY_BYTES);
    struct cursor number = cursor_of(slice_of(plain + KEY_BYTES, 8));
    result = check_commitment(envelope, &content);
    if (result == OK) {
        *ret_content = content;
        *ret_sequence = cursor_u64le(&number);
    }
    seal_wipe(plain, sizeof plain);
    seal_wipe(&content, sizeof content);
    return result;
}

/* --- opening --- */

/* Where the mark stands; ERR_SYNTAX when there is none behind the zeros. */
static int unpad(struct buf *plain, size_t from)
{
    size_t end = plain->len;
    while (end > from && plain->data[end - 1] == 0)
        end--;
    if (end == from || plain->data[end - 1] != PAD_MARK)
        return ERR_SYNTAX;
    plain->len = end - 1;
    return OK;
}

int envelope_open(const struct envelope *envelope, const struct key_content *content, struct buf *out)
{
    int result = check_commitment(envelope, content);
    if (result != OK)
        return result;
    size_t plain_size = envelope->body.len - SEAL_TAG_BYTES, before = out->len;
    uint8_t key[KEY_BYTES], *room = buf_reserve(out, plain_size);
    if (room == NULL)
        return ERR_NOMEM;
    seal_body_key(content, is_exercise(envelope->header), key);
    result = seal_decrypt(key, envelope->header->body_nonce.data, envelope->header_bytes, envelope->body, room);
    seal_wipe(key, sizeof key);
    if (result != OK)
        return result;
    buf_grew(out, plain_size);
    result = unpad(out, before);
    if (result != OK)
        out->len = before;
    return result;
}

/* --- order and names --- */

int envelope_order(uint32_t revision_a, int64_t sent_a_us, const struct key_hash *hash_a, uint32_t revision_b,
                   int64_t sent_b_us, const struct key_hash *hash_b)
{
    if (revision_a != revision_b)
        return revision_a < revision_b ? -1 : 1;
    if (sent_a_us != sent_b_us)
        return sent_a_us < sent_b_us ? -1 : 1;
    return memcmp(hash_a->bytes, hash_b->bytes, sizeof hash_a->bytes);
}

struct envelope_case_key envelope_case_key(const char *opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES])
{
    struct envelope_case_key key = {{0}};
    size_t len = strlen(opener);
    CHECK(len <= LIMIT_ID_CHARS);
    memcpy(key.bytes, opener, len);
    key.bytes[LIMIT_ID_CHARS] = exercise ? 2 : 1;
    memcpy(key.bytes + LIMIT_ID_CHARS + 1, case_id, KEY_UUID_BYTES);
    return key;
}
