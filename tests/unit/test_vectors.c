/* vectors: the golden vectors are what this code makes today, and this code reads them; one changed bit and it does
 * not. */
#include "tests/vectors/vectors.h"

static struct jdoc *loaded(const char *name)
{
    struct err_note note = {{0}};
    struct jdoc *doc = NULL;
    struct buf text;
    char path[128];
    snprintf(path, sizeof path, "tests/vectors/%s.json", name);
    buf_init(&text);
    if (keyfile_slurp(path, LIMIT_INPUT_BYTES, &text, &note) != OK ||
        jdoc_parse(buf_slice(&text), path, &note, &doc) != OK)
        fail_msg("%s", note.text);
    buf_free(&text);
    return doc;
}

/* The bytes of a member; the caller frees. */
static struct buf bytes_of(const struct jdoc *doc, const char *key)
{
    struct buf bytes;
    const char *hex = jdoc_get_text(doc, key, NULL);
    if (hex == NULL)
        fail_msg("no %s", key);
    size_t len = strlen(hex) / 2;
    buf_init(&bytes);
    uint8_t *room = buf_reserve(&bytes, len);
    assert_non_null(room);
    fixture_unhex(hex, room, len);
    buf_grew(&bytes, len);
    return bytes;
}

static void vectors_are_what_is_made_today(void **state)
{
    const struct fixture *fixture = *state;
    struct buf made, stored;
    buf_init(&made);
    buf_init(&stored);
#define VECTORS_COMPARE(name, maker)                                                                                   \
    {                                                                                                                  \
        struct jdoc *fresh = maker(fixture), *file = loaded(name);                                                     \
        buf_clear(&made);                                                                                              \
        buf_clear(&stored);                                                                                            \
        assert_error(jdoc_write(fresh, true, &made), OK);                                                              \
        assert_error(jdoc_write(file, true, &stored), OK);                                                             \
        if (!slice_equal(buf_slice(&made), buf_slice(&stored)))                                                        \
            fail_msg(                                                                                                  \
                "tests/vectors/%s.json is not what this code makes: a break of the protocol, or run `make vectors`",   \
                name);                                                                                                 \
        jdoc_free(fresh);                                                                                              \
        jdoc_free(file);                                                                                               \
    }
    VECTORS(VECTORS_COMPARE)
#undef VECTORS_COMPARE
    buf_free(&made);
    buf_free(&stored);
}

/* --- the files, taken apart --- */

static int this_passphrase(void *ctx, const char *path, char *room, size_t size)
{
    (void)path;
    return snprintf(room, size, "%s", (const char *)ctx) < (int)size ? OK : ERR_PASSPHRASE;
}

static int read_key(const char *text, const char *passphrase, struct key_set **ret_set)
{
    char path[] = "/tmp/vectors-XXXXXX";
    struct err_note note = {{0}};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int result = keyfile_read(path, this_passphrase, (void *)(uintptr_t)passphrase, &note, ret_set);
    unlink(path);
    return result;
}

static void vectors_key_files_are_read_with_and_without_a_lock(void **state)
{
    const struct fixture *fixture = *state;
    struct jdoc *doc = loaded("keyfile");
    const char *texts[] = {"unlocked", "locked"};
    struct key_set *set = NULL;
    for (size_t i = 0; i < 2; i++) {
        assert_error(read_key(jdoc_get_text(doc, texts[i], ""), VECTORS_PASSPHRASE, &set), OK);
        assert_memory_equal(set->identity.bytes, fixture->member[VECTORS_SENDER]->identity.bytes, KEY_BYTES);
        assert_string_equal(set->id, "be-baken");
        key_set_free(set);
    }
    assert_error(read_key(jdoc_get_text(doc, "locked", ""), "another", &set), ERR_PASSPHRASE);
    jdoc_free(doc);
}

static void vectors_requests_are_read(void **state)
{
    struct jdoc *doc = loaded("request");
    struct err_note note = {{0}};
    Hotline__MembershipRequest *request = NULL;
    const char *names[] = {"member", "relay"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf bytes = bytes_of(doc, names[i]);
        assert_error(roster_request_read(buf_slice(&bytes), &note, &request), OK);
        assert_int_equal(request->n_endpoints, i);
        protobuf_c_message_free_unpacked(&request->base, NULL);
        bytes.data[bytes.len - 1] ^= 1;
        assert_int_not_equal(roster_request_read(buf_slice(&bytes), &note, &request), OK);
        buf_free(&bytes);
    }
    jdoc_free(doc);
}

static void vectors_rosters_follow_each_other(void **state)
{
    const struct fixture *fixture = *state;
    struct jdoc *doc = loaded("roster");
    struct buf first = bytes_of(doc, "first"), second = bytes_of(doc, "second"),
               few = bytes_of(doc, "second_signed_by_too_few");
    struct err_note note = {{0}};
    struct roster *one = NULL, *two = NULL, *none = NULL;
    assert_error(roster_verify(buf_slice(&first), &fixture->trust, &note, &one), OK);
    assert_error(roster_follow(one, buf_slice(&few), &note, &none), ERR_THRESHOLD);
    assert_error(roster_follow(one, buf_slice(&second), &note, &two), OK);
    assert_true(key_hash_equal(roster_previous(two), roster_hash(one)));
    assert_hex(roster_hash(two)->bytes, KEY_HASH_BYTES, jdoc_get_text(doc, "second_hash", ""));
    assert_int_equal(roster_standing(two, roster_find(two, "fr-phare"), FIXTURE_NOW),
                     HOTLINE__STANDING__CODE__WITHDRAWN);
    assert_error(roster_follow(two, buf_slice(&first), &note, &none), ERR_ROLLBACK);
    roster_free(one);
    roster_free(two);
    buf_free(&first);
    buf_free(&second);
    buf_free(&few);
    jdoc_free(doc);
}

static void vectors_card_is_verified(void **state)
{
    const struct fixture *fixture = *state;
    struct jdoc *doc = loaded("card");
    struct buf bytes = bytes_of(doc, "card");
    struct card card = {.serial = 0};
    size_t index = ROSTER_NONE;
    assert_error(card_load(buf_slice(&bytes), fixture->roster, FIXTURE_NOW, &card, &index), OK);
    assert_int_equal(index, VECTORS_RECIPIENT);
    assert_hex(card.encryption_key.bytes, KEY_BYTES, jdoc_get_text(doc, "encryption_public", ""));
    card_done(&card);
    bytes.data[bytes.len - 1] ^= 1;
    assert_int_not_equal(card_load(buf_slice(&bytes), fixture->roster, FIXTURE_NOW, &card, &index), OK);
    buf_free(&bytes);
    jdoc_free(doc);
}

/* Unpacks into the arena what is in hexadecimal under a key. */
static ProtobufCMessage *unpacked(const ProtobufCMessageDescriptor *type, const struct jdoc *doc, const char *key,
                                  struct wire_arena *arena)
{
    struct err_note note = {{0}};
    struct buf bytes = bytes_of(doc, key);
    ProtobufCMessage *message = NULL;
    if (wire_unpack(type, buf_slice(&bytes), arena, &note, &message) != OK)
        fail_msg("%s: %s", key, note.text);
    buf_free(&bytes);
    return message;
}

/* Opens the envelope of a document as nl-lamp, and as its sender. */
static void open_vector(const struct fixture *fixture, const struct jdoc *doc)
{
    struct jdoc *card = loaded("card");
    struct buf secret_bytes = bytes_of(card, "encryption_secret"), plain;
    struct wire_arena arena;
    struct envelope envelope;
    struct err_note note = {{0}};
    struct key_box sending;
    struct key_box_secret secret;
    struct key_pair pair;
    struct key_content content;
    uint64_t sequence = 0;
    size_t sender = ROSTER_NONE;
    assert_error(wire_arena_init(&arena), OK);
    const Hotline__Envelope *wire =
        (const Hotline__Envelope *)unpacked(&hotline__envelope__descriptor, doc, "envelope", &arena);
    assert_error(envelope_parse(wire_slice(wire->header), wire_slice(wire->signature), wire_slice(wire->body), &arena,
                                &note, &envelope),
                 OK);
    assert_error(envelope_verify(&envelope, fixture->roster, FIXTURE_NOW, &sender), OK);
    assert_hex(envelope.hash.bytes, KEY_HASH_BYTES, jdoc_get_text(doc, "hash", ""));
    memcpy(secret.bytes, secret_bytes.data, KEY_BYTES);
    assert_error(key_box_from(wire_slice(envelope.header->sending_key), &sending), OK);
    assert_error(seal_pair(&sending, &secret, &pair), OK);
    assert_error(envelope_grant_open(&envelope, wire->grants[0], &pair, &content, &sequence), OK);
    assert_int_equal(sequence, VECTORS_SEQUENCE);
    buf_init(&plain);
    assert_error(envelope_open(&envelope, &content, &plain), OK);
    assert_hex(plain.data, plain.len, jdoc_get_text(doc, "plain", ""));
    const Hotline__EnvelopeBody *body =
        (const Hotline__EnvelopeBody *)unpacked(&hotline__envelope_body__descriptor, doc, "plain", &arena);
    assert_error(case_check_body(body, &note), OK);
    assert_error(seal_pair(&sending, &fixture->member[VECTORS_SENDER]->recovery_secret, &pair), OK);
    assert_error(envelope_grant_open(&envelope, wire->self_grant, &pair, &content, &sequence), OK);
    assert_int_equal(sequence, 0);
    content.bytes[0] ^= 1;
    assert_int_not_equal(envelope_open(&envelope, &content, &plain), OK);
    wire_arena_done(&arena);
    buf_free(&plain);
    buf_free(&secret_bytes);
    jdoc_free(card);
}

static void vectors_envelopes_open_for_recipient_and_sender(void **state)
{
    static const char *const names[] = {"envelope-actual", "envelope-exercise"};
    for (size_t i = 0; i < 2; i++) {
        struct jdoc *doc = loaded(names[i]);
        open_vector(*state, doc);
        jdoc_free(doc);
    }
}

static void vectors_envelopes_of_every_other_kind_open(void **state)
{
    struct jdoc *doc = loaded("envelope-kinds");
    const struct jdoc *list = jdoc_get(doc, "envelopes");
    assert_int_equal(jdoc_count(list), 5);
    for (size_t i = 0; i < 5; i++)
        open_vector(*state, jdoc_at(list, i));
    jdoc_free(doc);
}

static void vectors_answers_are_verified(void **state)
{
    const struct fixture *fixture = *state;
    struct jdoc *receipts = loaded("receipts"), *unreadable = loaded("unreadable"), *accepted = loaded("accepted");
    const struct jdoc *list = jdoc_get(receipts, "receipts");
    struct wire_arena arena, inner;
    Hotline__ReceiptBatch *batch;
    Hotline__Unreadable *said;
    Hotline__AcceptedBatch *promise;
    size_t index = ROSTER_NONE;
    assert_error(wire_arena_init(&arena), OK);
    assert_error(wire_arena_init(&inner), OK);
    assert_int_equal(jdoc_count(list), HOTLINE__RECEIPT_STATE__CODE__ERASED);
    for (size_t i = 0; i < jdoc_count(list); i++) {
        Hotline__SignedReceipts *signed_receipts = (Hotline__SignedReceipts *)unpacked(
            &hotline__signed_receipts__descriptor, jdoc_at(list, i), "signed", &arena);
        assert_error(receipt_verify(signed_receipts, fixture->roster, FIXTURE_NOW, &inner, &batch, &index), OK);
        assert_string_equal(receipt_state_name((int)batch->receipts[0]->state),
                            jdoc_get_text(jdoc_at(list, i), "state", ""));
        struct receipt_name name = receipt_name_of(wire_slice(signed_receipts->batch));
        assert_hex(name.bytes, RECEIPT_NAME_BYTES, jdoc_get_text(jdoc_at(list, i), "name", ""));
        signed_receipts->signature.data[0] ^= 1;
        assert_error(receipt_verify(signed_receipts, fixture->roster, FIXTURE_NOW, &inner, &batch, &index),
                     ERR_SIGNATURE);
    }
    const Hotline__SignedUnreadable *signed_unreadable = (const Hotline__SignedUnreadable *)unpacked(
        &hotline__signed_unreadable__descriptor, unreadable, "signed", &arena);
    assert_error(receipt_verify_unreadable(signed_unreadable, fixture->roster, FIXTURE_NOW, &inner, &said, &index), OK);
    assert_int_equal(said->code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    const Hotline__SignedAccepted *signed_accepted =
        (const Hotline__SignedAccepted *)unpacked(&hotline__signed_accepted__descriptor, accepted, "signed", &arena);
    assert_error(receipt_verify_accepted(signed_accepted, fixture->roster, &inner, &promise), OK);
    assert_string_equal(promise->acceptances[0]->granted[0], "nl-lamp");
    wire_arena_done(&arena);
    wire_arena_done(&inner);
    jdoc_free(receipts);
    jdoc_free(unreadable);
    jdoc_free(accepted);
}

static void vectors_gap_answer_is_verified_and_no_other_is(void **state)
{
    const struct fixture *fixture = *state;
    struct jdoc *doc = loaded("gap-answer");
    struct wire_arena arena;
    assert_error(wire_arena_init(&arena), OK);
    Hotline__GapAnswer *answer =
        (Hotline__GapAnswer *)unpacked(&hotline__gap_answer__descriptor, doc, "signed", &arena);
    assert_error(receipt_verify_gap_answer(answer, fixture->roster, FIXTURE_NOW), OK);
    answer->voided[0]++;
    assert_error(receipt_verify_gap_answer(answer, fixture->roster, FIXTURE_NOW), ERR_SIGNATURE);
    answer->voided[0]--;
    answer->signature.data[0] ^= 1;
    assert_error(receipt_verify_gap_answer(answer, fixture->roster, FIXTURE_NOW), ERR_SIGNATURE);
    answer->signature.data[0] ^= 1;
    answer->sender = answer->recipient;
    assert_error(receipt_verify_gap_answer(answer, fixture->roster, FIXTURE_NOW), ERR_SIGNATURE);
    wire_arena_done(&arena);
    jdoc_free(doc);
}

static void frames_of(const char *name, size_t least)
{
    struct jdoc *doc = loaded(name);
    const struct jdoc *list = jdoc_get(doc, "frames");
    struct err_note note = {{0}};
    struct wire_arena arena;
    assert_error(wire_arena_init(&arena), OK);
    assert_true(jdoc_count(list) >= least);
    for (size_t i = 0; i < jdoc_count(list); i++) {
        struct buf bytes = bytes_of(jdoc_at(list, i), "bytes"), again;
        struct cursor cursor = cursor_of(buf_slice(&bytes));
        struct wire_frame frame;
        ProtobufCMessage *message = NULL;
        wire_arena_clear(&arena);
        assert_error(wire_next(&cursor, &frame), OK);
        assert_true(cursor_at_end(&cursor));
        assert_string_equal(wire_name(frame.type), jdoc_get_text(jdoc_at(list, i), "frame", ""));
        assert_error(wire_unpack(wire_descriptor(frame.type), frame.body, &arena, &note, &message), OK);
        buf_init(&again);
        wire_add(&again, (enum wire_type)frame.type, message);
        assert_true(slice_equal(buf_slice(&again), buf_slice(&bytes)));
        buf_free(&again);
        buf_free(&bytes);
    }
    wire_arena_done(&arena);
    jdoc_free(doc);
}

static void vectors_frames_are_unpacked_and_packed_again(void **state)
{
    (void)state;
    frames_of("frames", 6);
    frames_of("blobs", 6);
}

/* One file: whole as it stands, and not with a byte changed, a chunk left out or two exchanged. */
static void open_file(const struct jdoc *doc)
{
    struct buf sealed = bytes_of(doc, "sealed"), key_bytes = bytes_of(doc, "key"), name_bytes = bytes_of(doc, "name"),
               plain;
    size_t size = (size_t)jdoc_get_int(doc, "plain_bytes", 0);
    struct key_hash name;
    struct key_blob key;
    buf_init(&plain);
    memcpy(key.bytes, key_bytes.data, KEY_BYTES);
    assert_error(key_hash_from(buf_slice(&name_bytes), &name), OK);
    assert_error(blob_open(buf_slice(&sealed), &name, &key, size, &plain), OK);
    assert_int_equal(plain.len, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(plain.data[i], (uint8_t)(7 * i + 3));
    for (size_t i = 0; i < sealed.len; i += 1 + sealed.len / 50) {
        sealed.data[i] ^= 1;
        struct key_hash other = seal_hash(buf_slice(&sealed));
        assert_error(blob_open(buf_slice(&sealed), &name, &key, size, &plain), ERR_CORRUPT);
        assert_error(blob_open(buf_slice(&sealed), &other, &key, size, &plain), ERR_CRYPTO);
        sealed.data[i] ^= 1;
    }
    const struct jdoc *chunks = jdoc_get(doc, "chunks");
    assert_int_equal(jdoc_count(chunks), blob_chunk_count(sealed.len));
    assert_int_equal(blob_sealed_size(size), sealed.len);
    for (uint32_t i = 0; i < jdoc_count(chunks); i++) {
        struct blob_range range = blob_chunk(sealed.len, i);
        assert_int_equal(jdoc_get_int(jdoc_at(chunks, i), "from", -1), range.from);
        assert_int_equal(jdoc_get_int(jdoc_at(chunks, i), "bytes", -1), range.len);
    }
    buf_free(&plain);
    buf_free(&sealed);
    buf_free(&key_bytes);
    buf_free(&name_bytes);
}

static void vectors_attached_files_open_whole_and_only_whole(void **state)
{
    struct jdoc *doc = loaded("blobs");
    const struct jdoc *files = jdoc_get(doc, "files");
    (void)state;
    assert_int_equal(jdoc_count(files), 2);
    for (size_t i = 0; i < jdoc_count(files); i++)
        open_file(jdoc_at(files, i));
    jdoc_free(doc);
}

/* Each byte changed or cut, with the digest of before: refused. Whole: the one envelope of envelope-actual.json. */
static void vectors_file_of_envelopes_is_read_whole_and_only_whole(void **state)
{
    struct jdoc *doc = loaded("sealed-file"), *actual = loaded("envelope-actual");
    struct buf file = bytes_of(doc, "file"), header = bytes_of(actual, "header");
    const Hotline__SealedFile *read = NULL;
    struct err_note note = {{0}};
    struct wire_arena arena;
    (void)state;
    assert_error(wire_arena_init_for(&arena, file.len), OK);
    assert_error(sealed_read(buf_slice(&file), &arena, &note, &read), OK);
    assert_string_equal(read->sender, "be-baken");
    assert_non_null(read->card);
    assert_int_equal(read->n_envelopes, 1);
    assert_true(slice_equal(wire_slice(read->envelopes[0]->header), buf_slice(&header)));
    assert_int_equal(read->envelopes[0]->n_grants, 1);
    assert_null(read->envelopes[0]->self_grant);
    for (size_t i = 0; i < file.len; i++) {
        wire_arena_clear(&arena);
        assert_int_not_equal(sealed_read(slice_of(file.data, i), &arena, &note, &read), OK);
        file.data[i] ^= 1;
        wire_arena_clear(&arena);
        assert_int_not_equal(sealed_read(buf_slice(&file), &arena, &note, &read), OK);
        file.data[i] ^= 1;
    }
    wire_arena_done(&arena);
    buf_free(&file);
    buf_free(&header);
    jdoc_free(doc);
    jdoc_free(actual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(vectors_are_what_is_made_today),
        FIXTURE_TEST(vectors_key_files_are_read_with_and_without_a_lock),
        FIXTURE_TEST(vectors_requests_are_read),
        FIXTURE_TEST(vectors_rosters_follow_each_other),
        FIXTURE_TEST(vectors_card_is_verified),
        FIXTURE_TEST(vectors_envelopes_open_for_recipient_and_sender),
        FIXTURE_TEST(vectors_envelopes_of_every_other_kind_open),
        FIXTURE_TEST(vectors_answers_are_verified),
        FIXTURE_TEST(vectors_gap_answer_is_verified_and_no_other_is),
        FIXTURE_TEST(vectors_frames_are_unpacked_and_packed_again),
        FIXTURE_TEST(vectors_attached_files_open_whole_and_only_whole),
        FIXTURE_TEST(vectors_file_of_envelopes_is_read_whole_and_only_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
