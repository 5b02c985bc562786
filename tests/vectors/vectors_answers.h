/*
 * vectors_answers - the rest of the golden vectors: what is answered (receipts, Unreadable, Accepted), and whole
 * messages of frames from the handshake to the first receipt, as they cross the link.
 */
#ifndef TESTS_VECTORS_VECTORS_ANSWERS_H
#define TESTS_VECTORS_VECTORS_ANSWERS_H

#include "tests/vectors/vectors.h"

static inline void vectors_sign_receipts(const struct fixture *fixture, const struct key_hash *hash,
                                         Hotline__ReceiptState__Code state, struct buf *out)
{
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt receipt = HOTLINE__RECEIPT__INIT, *list[1] = {&receipt};
    WIRE_SET_BYTES(&receipt, envelope_hash, hash->bytes, KEY_HASH_BYTES);
    WIRE_SET(&receipt, state, state);
    WIRE_SET(&receipt, at_us, FIXTURE_NOW + 250000);
    if (state == HOTLINE__RECEIPT_STATE__CODE__DECLINED)
        WIRE_SET(&receipt, decline, HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY);
    if (state == HOTLINE__RECEIPT_STATE__CODE__ERASED)
        WIRE_SET(&receipt, backup_until_us, FIXTURE_NOW + 30 * CLOCK_DAY_US);
    if (state == HOTLINE__RECEIPT_STATE__CODE__SHOWN)
        WIRE_SET(&receipt, late, true);
    batch.recipient = fixture->member[VECTORS_RECIPIENT]->id;
    batch.sender = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET(&batch, made_at_us, FIXTURE_NOW + 260000);
    WIRE_SET(&batch, roster_version, roster_version(fixture->roster));
    WIRE_SET_BYTES(&batch, roster_hash, roster_hash(fixture->roster)->bytes, KEY_HASH_BYTES);
    batch.n_receipts = 1;
    batch.receipts = list;
    assert_int_equal(receipt_sign(&batch, fixture->member[VECTORS_RECIPIENT], out), OK);
}

static inline struct key_hash vectors_actual_hash(const struct fixture *fixture)
{
    struct vectors_sealed sealed;
    vectors_seal(fixture, false, &sealed);
    struct key_hash hash = sealed.made.hash;
    vectors_sealed_done(&sealed);
    return hash;
}

/* What a relay or sender answers in Taken: of the signed bytes. */
static inline struct receipt_name vectors_name(struct slice signed_receipts)
{
    struct wire_arena arena;
    ProtobufCMessage *message;
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(wire_unpack(&hotline__signed_receipts__descriptor, signed_receipts, &arena, NULL, &message), OK);
    struct receipt_name name = receipt_name_of(wire_slice(((const Hotline__SignedReceipts *)message)->batch));
    wire_arena_done(&arena);
    return name;
}

static inline struct jdoc *vectors_receipts(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc(
        "SignedReceipts of nl-lamp for the envelope of envelope-actual.json, one of each state, and their names");
    struct jdoc *list = jdoc_set_doc(doc, "receipts", jdoc_array());
    struct key_hash hash = vectors_actual_hash(fixture);
    struct buf bytes;
    buf_init(&bytes);
    for (int state = HOTLINE__RECEIPT_STATE__CODE__DELIVERED; state <= HOTLINE__RECEIPT_STATE__CODE__ERASED; state++) {
        struct jdoc *row = jdoc_add_doc(list, jdoc_object());
        buf_clear(&bytes);
        vectors_sign_receipts(fixture, &hash, (Hotline__ReceiptState__Code)state, &bytes);
        struct receipt_name name = vectors_name(buf_slice(&bytes));
        jdoc_set_text(row, "state", receipt_state_name(state));
        vectors_hex_of(row, "name", name.bytes, RECEIPT_NAME_BYTES);
        vectors_hex(row, "signed", buf_slice(&bytes));
    }
    buf_free(&bytes);
    return doc;
}

static inline struct jdoc *vectors_unreadable(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("a SignedUnreadable of nl-lamp with its card: the grant was for a key that it does not hold");
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    struct key_hash hash = vectors_actual_hash(fixture);
    struct card card = {.serial = 0};
    struct key_box_secret secret;
    struct key_signature signature;
    struct wire_arena arena;
    struct buf bytes, packed;
    buf_init(&bytes);
    buf_init(&packed);
    unreadable.recipient = fixture->member[VECTORS_RECIPIENT]->id;
    unreadable.sender = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET_BYTES(&unreadable, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    WIRE_SET(&unreadable, at_us, FIXTURE_NOW + 250000);
    assert_int_equal(receipt_sign_unreadable(&unreadable, fixture->member[VECTORS_RECIPIENT], &bytes, &signature), OK);
    vectors_make_card(fixture->member[VECTORS_RECIPIENT], &card, &secret);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(card_view(&card, &arena, &outer.card), OK);
    WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    wire_pack(&outer.base, &packed);
    struct receipt_name name = receipt_name_of(buf_slice(&bytes));
    vectors_hex_of(doc, "name", name.bytes, RECEIPT_NAME_BYTES);
    vectors_hex(doc, "signed", buf_slice(&packed));
    wire_arena_done(&arena);
    card_done(&card);
    buf_free(&bytes);
    buf_free(&packed);
    return doc;
}

static inline struct jdoc *vectors_gap_answer(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("a GapAnswer of be-baken to nl-lamp: one number is void, one envelope is sent again");
    Hotline__GapAnswer answer = HOTLINE__GAP_ANSWER__INIT;
    struct key_hash hash = vectors_actual_hash(fixture);
    ProtobufCBinaryData again[1] = {{16, hash.bytes}};
    uint64_t voided[1] = {VECTORS_SEQUENCE - 1};
    struct key_signature signature;
    struct buf packed;
    buf_init(&packed);
    answer.recipient = fixture->member[VECTORS_RECIPIENT]->id;
    answer.sender = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET_BYTES(&answer, store_id, hash.bytes + 16, KEY_UUID_BYTES);
    answer.n_voided = answer.n_envelope_ids = 1;
    answer.voided = voided;
    answer.envelope_ids = again;
    assert_int_equal(receipt_sign_gap_answer(&answer, fixture->member[VECTORS_SENDER], &signature), OK);
    wire_pack(&answer.base, &packed);
    vectors_hex(doc, "signed", buf_slice(&packed));
    buf_free(&packed);
    return doc;
}

/* `full`: with every list, whether or not it fits the envelope. */
static inline void vectors_sign_accepted(const struct fixture *fixture, bool full, struct buf *out)
{
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT, *list[1] = {&acceptance};
    Hotline__LeftOut left_out = HOTLINE__LEFT_OUT__INIT, *left_outs[1] = {&left_out};
    struct key_hash hash = vectors_actual_hash(fixture);
    char why[] = "WITHDRAWN", country[] = "DE", *granted[1] = {fixture->member[VECTORS_RECIPIENT]->id},
         *unreached[1] = {country};
    char late[] = "de-spaet", *wanted[1] = {late};
    WIRE_SET_BYTES(&acceptance, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    acceptance.n_granted = acceptance.n_present = 1;
    acceptance.n_wanted = acceptance.n_left_out = acceptance.n_unreached = full;
    acceptance.granted = acceptance.present = granted;
    acceptance.wanted = wanted;
    left_out.member = fixture->member[1]->id;
    left_out.why = why;
    acceptance.left_out = left_outs;
    acceptance.unreached = unreached;
    batch.relay = fixture->relay->id;
    batch.sender = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET(&batch, at_us, FIXTURE_NOW + 20000);
    WIRE_SET(&batch, roster_version, roster_version(fixture->roster));
    WIRE_SET_BYTES(&batch, roster_hash, roster_hash(fixture->roster)->bytes, KEY_HASH_BYTES);
    batch.n_acceptances = 1;
    batch.acceptances = list;
    assert_int_equal(receipt_sign_accepted(&batch, fixture->relay, out), OK);
}

static inline struct jdoc *vectors_accepted(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("a SignedAccepted of relay-noord for the envelope of envelope-actual.json, with every list filled");
    struct buf bytes;
    buf_init(&bytes);
    vectors_sign_accepted(fixture, true, &bytes);
    vectors_hex(doc, "signed", buf_slice(&bytes));
    buf_free(&bytes);
    return doc;
}

/* --- by file --- */

static inline struct jdoc *vectors_sealed_file(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("a file that carries the envelope of envelope-actual.json by hand, for nl-lamp alone, "
                    "with a card of be-baken");
    Hotline__SealedFile file = HOTLINE__SEALED_FILE__INIT;
    Hotline__Envelope *envelopes[1];
    struct err_note note = {{0}};
    struct vectors_sealed sealed;
    struct card card = {.serial = 0};
    struct key_box_secret secret;
    struct wire_arena arena;
    ProtobufCMessage *message;
    struct buf envelope, out;
    buf_init(&envelope);
    buf_init(&out);
    vectors_seal(fixture, false, &sealed);
    vectors_pack_envelope(&sealed, false, &envelope);
    vectors_make_card(fixture->member[VECTORS_SENDER], &card, &secret);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(wire_unpack(&hotline__envelope__descriptor, buf_slice(&envelope), &arena, NULL, &message), OK);
    envelopes[0] = (Hotline__Envelope *)message;
    file.sender = fixture->member[VECTORS_SENDER]->id;
    assert_int_equal(card_view(&card, &arena, &file.card), OK);
    file.n_envelopes = 1;
    file.envelopes = envelopes;
    assert_int_equal(sealed_write(&file, &note, &out), OK);
    vectors_hex(doc, "file", buf_slice(&out));
    wire_arena_done(&arena);
    card_done(&card);
    vectors_sealed_done(&sealed);
    buf_free(&envelope);
    buf_free(&out);
    return doc;
}

/* --- frames --- */

static inline void vectors_add_frame(struct jdoc *list, const char *from, const char *says, enum wire_type type,
                                     const ProtobufCMessage *message)
{
    struct jdoc *row = jdoc_add_doc(list, jdoc_object());
    struct buf bytes;
    buf_init(&bytes);
    wire_add(&bytes, type, message);
    jdoc_set_text(row, "from", from);
    jdoc_set_text(row, "says", says);
    jdoc_set_text(row, "frame", wire_name((uint8_t)type));
    vectors_hex(row, "bytes", buf_slice(&bytes));
    buf_free(&bytes);
}

static inline void vectors_add_hello(const struct fixture *fixture, struct jdoc *list, Hotline__SignedCard *card,
                                     Hotline__RosterName *roster)
{
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__Welcome welcome = HOTLINE__WELCOME__INIT;
    uint32_t versions[1] = {WIRE_PROTOCOL};
    uint64_t serials[1] = {1795219000};
    uint8_t none[KEY_HASH_BYTES] = {0};
    char *members[1] = {fixture->member[VECTORS_SENDER]->id};
    char software[] = "hotline-relay 0.1.0";
    hello.n_protocol = 1;
    hello.protocol = versions;
    hello.card = card;
    hello.roster = roster;
    hello.n_card_members = hello.n_card_serials = 1;
    hello.card_members = members;
    hello.card_serials = serials;
    vectors_add_frame(list, "nl-lamp", "who I am, and what I know", WIRE_HELLO, &hello.base);
    WIRE_SET(&welcome, protocol, WIRE_PROTOCOL);
    welcome.relay = fixture->relay->id;
    WIRE_SET(&welcome, clock_us, FIXTURE_NOW);
    welcome.roster = roster;
    WIRE_SET(&welcome, credit_messages, LIMIT_CREDIT_MESSAGES);
    WIRE_SET(&welcome, credit_bytes, LIMIT_CREDIT_BYTES);
    WIRE_SET(&welcome, message_bytes, LIMIT_MESSAGE_BYTES);
    WIRE_SET(&welcome, held_count, 0);
    WIRE_SET_BYTES(&welcome, held_xor, none, KEY_HASH_BYTES);
    WIRE_SET(&welcome, own_card_serial, 0);
    welcome.software = software;
    vectors_add_frame(list, "relay-noord", "who I am, and what I hold of you", WIRE_WELCOME, &welcome.base);
}

static inline void vectors_add_pulses(struct jdoc *list)
{
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    WIRE_SET(&pulse, clock_us, FIXTURE_NOW + 5000000);
    WIRE_SET(&pulse, outbox, 0);
    vectors_add_frame(list, "nl-lamp", "I am alive", WIRE_PULSE, &pulse.base);
    hotline__pulse__init(&pulse);
    WIRE_SET(&pulse, clock_us, FIXTURE_NOW + 5001000);
    WIRE_SET(&pulse, echo_us, FIXTURE_NOW + 5000000);
    vectors_add_frame(list, "relay-noord", "so am I, and this is my clock", WIRE_PULSE, &pulse.base);
}

static inline void vectors_add_receipt(const struct fixture *fixture, struct jdoc *list, const struct key_hash *hash)
{
    Hotline__Receipts receipts = HOTLINE__RECEIPTS__INIT;
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;
    struct wire_arena arena;
    ProtobufCMessage *message;
    struct buf bytes;
    buf_init(&bytes);
    vectors_sign_receipts(fixture, hash, HOTLINE__RECEIPT_STATE__CODE__DELIVERED, &bytes);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    receipts.receipts = (Hotline__SignedReceipts *)message;
    vectors_add_frame(list, "nl-lamp", "it is on my disk, in the operators' view", WIRE_RECEIPTS, &receipts.base);
    struct receipt_name name = vectors_name(buf_slice(&bytes));
    ProtobufCBinaryData names[1] = {wire_bytes(slice_of(name.bytes, RECEIPT_NAME_BYTES))};
    taken.n_names = 1;
    taken.names = names;
    vectors_add_frame(list, "relay-noord", "I keep that for its sender; you may forget it", WIRE_TAKEN, &taken.base);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

static inline void vectors_add_delivery(struct jdoc *list, struct vectors_sealed *sealed)
{
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    struct wire_arena arena;
    ProtobufCMessage *message;
    struct buf bytes;
    buf_init(&bytes);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(wire_unpack(&hotline__envelope__descriptor, buf_slice(&sealed->packed), &arena, NULL, &message),
                     OK);
    publish.envelope = (Hotline__Envelope *)message;
    vectors_add_frame(list, "be-baken", "an alert, with the grants and the self grant", WIRE_PUBLISH, &publish.base);
    vectors_pack_envelope(sealed, false, &bytes);
    assert_int_equal(wire_unpack(&hotline__envelope__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    deliver.envelope = (Hotline__Envelope *)message;
    vectors_add_frame(list, "relay-noord", "the same to nl-lamp, with its grant alone", WIRE_DELIVER, &deliver.base);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

static inline void vectors_add_accepted(const struct fixture *fixture, struct jdoc *list)
{
    Hotline__Accepted accepted = HOTLINE__ACCEPTED__INIT;
    struct wire_arena arena;
    ProtobufCMessage *message;
    struct buf bytes;
    buf_init(&bytes);
    vectors_sign_accepted(fixture, false, &bytes);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(wire_unpack(&hotline__signed_accepted__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    accepted.accepted = (Hotline__SignedAccepted *)message;
    vectors_add_frame(list, "relay-noord", "to be-baken: durable here, for these", WIRE_ACCEPTED, &accepted.base);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

static inline struct jdoc *vectors_frames(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc(
        "nl-lamp's first alert, from Hello to Goodbye: frames as they cross the link, each a message of its own");
    struct jdoc *list = jdoc_set_doc(doc, "frames", jdoc_array());
    Hotline__RosterName roster = HOTLINE__ROSTER_NAME__INIT;
    Hotline__SignedCard *card;
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    struct key_hash hash = *roster_hash(fixture->roster);
    struct vectors_sealed sealed;
    struct wire_arena arena;
    vectors_seal(fixture, false, &sealed);
    assert_int_equal(wire_arena_init_sized(&arena, 65536), OK);
    assert_int_equal(card_view(&sealed.card, &arena, &card), OK);
    WIRE_SET(&roster, version, roster_version(fixture->roster));
    WIRE_SET_BYTES(&roster, hash, hash.bytes, KEY_HASH_BYTES);
    vectors_add_hello(fixture, list, card, &roster);
    vectors_add_delivery(list, &sealed);
    vectors_add_accepted(fixture, list);
    vectors_add_receipt(fixture, list, &sealed.made.hash);
    vectors_add_pulses(list);
    WIRE_SET(&goodbye, code, HOTLINE__GOODBYE_CODE__CODE__STOPPING);
    vectors_add_frame(list, "nl-lamp", "a clean stop", WIRE_GOODBYE, &goodbye.base);
    wire_arena_done(&arena);
    vectors_sealed_done(&sealed);
    return doc;
}

#include "tests/vectors/vectors_blob.h"
#include "tests/vectors/vectors_kinds.h"

#endif
