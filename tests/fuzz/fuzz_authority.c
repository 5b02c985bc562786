/* fuzz_authority: the file of an authority's public keys, and a membership request, as files from strangers. */
#include "fuzz.h"
#include "proto/roster.h"

static void check_trust(const struct roster_trust *trust)
{
    struct buf text;
    struct roster_trust again;
    struct err_note note = {""};
    CHECK(trust->threshold >= 1 && trust->threshold <= trust->count && trust->count <= LIMIT_AUTHORITY_KEYS);
    buf_init(&text);
    roster_trust_write(trust, &text);
    CHECK(roster_trust_read(fuzz_file(buf_slice(&text)), &note, &again) == OK);
    CHECK(again.threshold == trust->threshold && again.count == trust->count);
    CHECK(memcmp(again.keys, trust->keys, trust->count * sizeof trust->keys[0]) == 0);
    buf_free(&text);
}

/* The content as if whoever asks had signed it, with a key of our own: everything behind the signature. */
static void check_request(struct slice input)
{
    static const uint8_t seed[32] = {7};
    struct key_identity identity;
    struct key_identity_secret secret;
    struct key_signature signature;
    struct buf inner, outer;
    Hotline__MembershipRequest *request = NULL;
    Hotline__SignedRequest around = HOTLINE__SIGNED_REQUEST__INIT;
    struct err_note note = {""};
    Hotline__MembershipRequest *content = hotline__membership_request__unpack(NULL, input.len, input.data);
    if (content == NULL)
        return;
    CHECK(crypto_sign_seed_keypair(identity.bytes, secret.bytes, seed) == 0);
    buf_init(&inner);
    buf_init(&outer);
    ProtobufCBinaryData theirs = content->identity_key;
    if (content->has_identity_key)
        content->identity_key = wire_bytes(slice_of(identity.bytes, KEY_BYTES));
    size_t len = protobuf_c_message_get_packed_size(&content->base);
    uint8_t *room = buf_reserve(&inner, len + 1);
    CHECK(room != NULL);
    buf_grew(&inner, protobuf_c_message_pack(&content->base, room));
    content->identity_key = theirs;
    CHECK(seal_sign(&secret, SEAL_CONTEXT_REQUEST, buf_slice(&inner), &signature) == OK);
    WIRE_SET_BYTES(&around, request, inner.data, inner.len);
    WIRE_SET_BYTES(&around, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    room = buf_reserve(&outer, protobuf_c_message_get_packed_size(&around.base));
    CHECK(room != NULL);
    buf_grew(&outer, protobuf_c_message_pack(&around.base, room));
    if (roster_request_read(buf_slice(&outer), &note, &request) == OK)
        protobuf_c_message_free_unpacked(&request->base, NULL);
    else
        fuzz_check_note(&note);
    buf_free(&inner);
    buf_free(&outer);
    protobuf_c_message_free_unpacked(&content->base, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_note note = {""};
    struct roster_trust trust;
    Hotline__MembershipRequest *request = NULL;
    fuzz_begin();
    if (roster_trust_read(fuzz_file(slice_of(data, size)), &note, &trust) == OK)
        check_trust(&trust);
    else
        fuzz_check_note(&note);
    if (roster_request_read(slice_of(data, size), &note, &request) == OK)
        protobuf_c_message_free_unpacked(&request->base, NULL);
    check_request(slice_of(data, size));
    return 0;
}
