/* envelope: seal and open, the golden bytes of the wire format, and everything that must not open. */
#include "fixture.h"

#define TAG 16

/* One sealed envelope and what a recipient needs. */
struct sealed {
    struct envelope_sealed made;
    struct wire_arena arena;
    struct envelope parsed;
    struct key_pair pair;
};

struct draft {
    Hotline__EnvelopeHeader header;
    Hotline__Route route;
    Hotline__CaseName name;
    struct key_uuid id, store;
    struct key_box sending;
    struct key_box_secret sending_secret;
    char country[3], *countries[1];
};

static const uint8_t case_id[16] = {0xca, 0x5e};

/* A CASE from be-baken to France; the caller changes what it wants. */
static void draft_init(const struct fixture *fixture, struct draft *draft)
{
    static const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    *draft = (struct draft){
        .header = HOTLINE__ENVELOPE_HEADER__INIT, .route = HOTLINE__ROUTE__INIT, .name = HOTLINE__CASE_NAME__INIT};
    draft->id = seal_uuid(FIXTURE_NOW, random);
    draft->store = (struct key_uuid){{0x57}};
    assert_error(key_sending(fixture->member[0], FIXTURE_NOW, &draft->sending, &draft->sending_secret), OK);
    memcpy(draft->country, "FR", 3);
    draft->countries[0] = draft->country;
    draft->route.n_countries = 1;
    draft->route.countries = draft->countries;
    draft->name.opener = fixture->member[0]->id;
    WIRE_SET_BYTES(&draft->name, case_id, case_id, 16);
    Hotline__EnvelopeHeader *header = &draft->header;
    WIRE_SET_BYTES(header, id, draft->id.bytes, 16);
    header->sender = fixture->member[0]->id;
    WIRE_SET_BYTES(header, store_id, draft->store.bytes, 16);
    WIRE_SET_BYTES(header, sending_key, draft->sending.bytes, 32);
    WIRE_SET(header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(header, status, HOTLINE__STATUS__CODE__ACTUAL);
    header->case_name = &draft->name;
    WIRE_SET(header, revision, 1);
    WIRE_SET(header, act, HOTLINE__ACT__CODE__OPEN);
    header->route = &draft->route;
    WIRE_SET(header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(header, sent_at_us, FIXTURE_NOW);
    WIRE_SET(header, expires_at_us, FIXTURE_NOW + 3 * CLOCK_DAY_US);
    WIRE_SET(header, roster_version, roster_version(fixture->roster));
    WIRE_SET_BYTES(header, roster_hash, roster_hash(fixture->roster)->bytes, 32);
}

/* The body of these tests: any message will do. */
static const ProtobufCMessage *body_message(Hotline__CaseName *body, char *text)
{
    hotline__case_name__init(body);
    body->opener = text;
    WIRE_SET_BYTES(body, case_id, case_id, 16);
    return &body->base;
}

static void parse(struct sealed *sealed)
{
    struct err_note note = {{0}};
    int result = envelope_parse(buf_slice(&sealed->made.header), slice_of(sealed->made.signature.bytes, 64),
                                buf_slice(&sealed->made.body), &sealed->arena, &note, &sealed->parsed);
    if (result != OK)
        fail_msg("%s: %s", err_name(result), note.text);
}

static void seal_draft(const struct fixture *fixture, struct draft *draft, struct sealed *sealed)
{
    Hotline__CaseName body;
    char text[] = "a lantern in the window";
    assert_error(wire_arena_init(&sealed->arena), OK);
    assert_error(
        envelope_seal(&draft->header, body_message(&body, text), &fixture->member[0]->identity_secret, &sealed->made),
        OK);
    assert_error(seal_pair(&fixture->member[1]->recovery, &draft->sending_secret, &sealed->pair), OK);
    parse(sealed);
}

static void seal_plain(const struct fixture *fixture, struct sealed *sealed)
{
    struct draft draft;
    draft_init(fixture, &draft);
    seal_draft(fixture, &draft, sealed);
}

static void sealed_done(struct sealed *sealed)
{
    envelope_sealed_done(&sealed->made);
    wire_arena_done(&sealed->arena);
}

/* A grant as it comes off the wire; points into `made`. */
static Hotline__Grant wire_grant(struct envelope_grant *made)
{
    Hotline__Grant grant = HOTLINE__GRANT__INIT;
    WIRE_SET_BYTES(&grant, nonce, made->nonce, sizeof made->nonce);
    WIRE_SET_BYTES(&grant, box, made->box, sizeof made->box);
    return grant;
}

/* --- the way there and back --- */

static void envelope_is_opened_by_its_recipient(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    struct key_content content;
    struct buf plain;
    uint64_t sequence = 0;
    size_t sender = ROSTER_NONE;
    seal_plain(fixture, &sealed);
    assert_error(envelope_verify(&sealed.parsed, fixture->roster, FIXTURE_NOW, &sender), OK);
    assert_int_equal(sender, 0);
    assert_true(key_hash_equal(&sealed.made.hash, &sealed.parsed.hash));
    assert_int_equal(sealed.made.body.len, LIMIT_BODY_PAD_BYTES + TAG);
    /* the recipient's own half: its encryption secret and the sending key from the header */
    struct key_box sending;
    struct key_pair theirs;
    struct envelope_grant made = {.sequence = 0};
    assert_error(envelope_grant_make(&sealed.made.content, UINT64_C(0x8000000000000001), &sealed.pair, &made), OK);
    Hotline__Grant grant = wire_grant(&made);
    assert_error(key_box_from(wire_slice(sealed.parsed.header->sending_key), &sending), OK);
    assert_error(seal_pair(&sending, &fixture->member[1]->recovery_secret, &theirs), OK);
    assert_error(envelope_grant_open(&sealed.parsed, &grant, &theirs, &content, &sequence), OK);
    assert_true(sequence == UINT64_C(0x8000000000000001));
    assert_memory_equal(content.bytes, sealed.made.content.bytes, 32);
    buf_init(&plain);
    buf_add_text(&plain, "before|");
    assert_error(envelope_open(&sealed.parsed, &content, &plain), OK);
    Hotline__CaseName body;
    char text[] = "a lantern in the window";
    struct buf expected;
    buf_init(&expected);
    buf_add_text(&expected, "before|");
    wire_pack(body_message(&body, text), &expected);
    assert_int_equal(plain.len, expected.len);
    assert_memory_equal(plain.data, expected.data, expected.len);
    buf_free(&expected);
    buf_free(&plain);
    sealed_done(&sealed);
}

/* Checked with another implementation: hashlib for the hashes and key derivation, Python's cryptography for Ed25519,
 * X25519, ChaCha20-Poly1305 and Poly1305, HChaCha20 and XSalsa20 written from their papers. It opens this grant and
 * this body. */
static void envelope_of_fixed_random_bytes_is_golden(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    struct envelope_grant made = {.sequence = 0};
    fixture_random_start();
    seal_plain(fixture, &sealed);
    assert_error(envelope_grant_make(&sealed.made.content, 7, &sealed.pair, &made), OK);
    fixture_random_stop();
    struct key_hash body_hash = seal_hash(buf_slice(&sealed.made.body));
    assert_hex(sealed.made.header.data, sealed.made.header.len,
               "0a1001a1fb6718007102830405060708090a120862652d62616b656e1a10570000000000000000000000000000002220"
               "e2bede744985102070b8f8caf733470d0a65228456641e1338a599823749e825280130013a1c0a0862652d62616b656e"
               "1210ca5e00000000000000000000000000004001480152040a0246525801608080d7d5e09798036880c0efa1a69f9803"
               "70017a20e13853d973030065a100814ea0329c0e306907d39c2f58a6a63d52e130c2564f820118000102030405060708"
               "090a0b0c0d0e0f10111213141516178a012023308c8690bf0c496269f5f23d21b1b7f429e1b81fd5dbb1b3cee5b48a82"
               "dce6");
    assert_hex(sealed.made.body.data, 64,
               "671744af644218754244958678c0fe59090e22288eca27ca90c048beb8e5fbfbd8a88ba66b173d3ee9a11c98ebf7ea6c"
               "376b76c11bec0d1497cbe0621f462a72");
    assert_hex(body_hash.bytes, 32, "17354f7269c47ae4e962122a3e0bb58a5d80128fd62106c635ab179abcc9b133");
    assert_hex(sealed.made.signature.bytes, 64,
               "d6f08e951d79b4020f055eaf766f52b61417e117d058fe5f69466d390134a1d183f155bd624f156ebcd4282ccfa2a584"
               "b13ba8456653f12671a00224b07be90b");
    assert_hex(sealed.made.hash.bytes, 32, "a82e2999300e8e68d36a94cb3ca48d4926a5754c3ec7aef05a9848cdcf24fe6b");
    assert_hex(made.nonce, 24, "38393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f");
    assert_hex(made.box, sizeof made.box,
               "4bde3dee22404942ea134bba6b96db705320220b83ab0eb86a1f0ac84d54930efd72ef1df78cbc70418f252afcc5aaee"
               "84372ab90e802419");
    sealed_done(&sealed);
}

/* A body of exactly `len` packed bytes: a chunk's data may be as long as a body. */
static void body_of(size_t len, uint8_t *room, Hotline__BlobChunk *body)
{
    hotline__blob_chunk__init(body);
    memset(room, 'x', len);
    WIRE_SET_BYTES(body, name, room, 32); /* 34 packed */
    WIRE_SET(body, chunk, 1);             /* 2 */
    size_t head = 34 + 2, rest = len - head, lengths = rest - 2 < 128 ? 1 : rest - 3 < 16384 ? 2 : 3;
    WIRE_SET_BYTES(body, data, room, rest - 1 - lengths);
    assert_int_equal(protobuf_c_message_get_packed_size(&body->base), len);
}

static void envelope_bodies_of_many_lengths_come_back_in_size_classes(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t room[LIMIT_BODY_BYTES + 1];
    static const size_t lengths[] = {
        40, 500, 1022, 1023, 1024, 1025, 1087, 1088, 5000, 40000, LIMIT_BODY_BYTES - 1, LIMIT_BODY_BYTES};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct draft draft;
        struct sealed sealed = {.pair = {{0}}};
        struct buf plain;
        Hotline__BlobChunk body;
        draft_init(fixture, &draft);
        body_of(lengths[i], room, &body);
        int result = envelope_seal(&draft.header, &body.base, &fixture->member[0]->identity_secret, &sealed.made);
        assert_error(result, lengths[i] < LIMIT_BODY_BYTES ? OK : ERR_LIMIT);
        if (result != OK)
            continue;
        assert_int_equal(sealed.made.body.len, seal_padded_size(lengths[i] + 1, LIMIT_BODY_PAD_BYTES) + TAG);
        assert_error(wire_arena_init(&sealed.arena), OK);
        parse(&sealed);
        buf_init(&plain);
        assert_error(envelope_open(&sealed.parsed, &sealed.made.content, &plain), OK);
        assert_int_equal(plain.len, lengths[i]);
        buf_free(&plain);
        sealed_done(&sealed);
    }
}

/* --- what must not open --- */

static void envelope_with_any_changed_byte_does_not_verify_or_open(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    struct buf plain;
    size_t sender;
    buf_init(&plain);
    seal_plain(fixture, &sealed);
    struct buf *parts[2] = {&sealed.made.header, &sealed.made.body};
    for (int part = 0; part < 2; part++) {
        for (size_t at = 0; at < parts[part]->len; at++) {
            struct envelope changed;
            parts[part]->data[at] ^= (uint8_t)(1 << at % 8);
            wire_arena_clear(&sealed.arena);
            int result = envelope_parse(buf_slice(&sealed.made.header), slice_of(sealed.made.signature.bytes, 64),
                                        buf_slice(&sealed.made.body), &sealed.arena, NULL, &changed);
            if (result == OK &&
                (envelope_verify(&changed, fixture->roster, FIXTURE_NOW, &sender) == OK ||
                 envelope_open(&changed, &sealed.made.content, &plain) == OK ||
                 key_hash_equal(&changed.hash, &sealed.made.hash)))
                fail_msg("byte %zu of part %d changed and nobody noticed", at, part);
            parts[part]->data[at] ^= (uint8_t)(1 << at % 8);
        }
    }
    assert_int_equal(plain.len, 0);
    wire_arena_clear(&sealed.arena);
    parse(&sealed);
    for (size_t bit = 0; bit < 512; bit++) {
        struct envelope changed = sealed.parsed;
        struct key_signature signature = sealed.made.signature;
        signature.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        changed.signature = slice_of(signature.bytes, 64);
        assert_error(envelope_verify(&changed, fixture->roster, FIXTURE_NOW, &sender), ERR_SIGNATURE);
    }
    buf_free(&plain);
    sealed_done(&sealed);
}

/* A header of the same key with one field changed, signed again by `identity`, around the same body. */
static void resign(struct sealed *sealed, const struct key_identity_secret *identity)
{
    struct key_hash body_hash = seal_hash(buf_slice(&sealed->made.body));
    struct buf covered;
    buf_init(&covered);
    buf_add_slice(&covered, buf_slice(&sealed->made.header));
    buf_add(&covered, body_hash.bytes, 32);
    assert_error(seal_sign(identity, SEAL_CONTEXT_ENVELOPE, buf_slice(&covered), &sealed->made.signature), OK);
    buf_free(&covered);
    wire_arena_clear(&sealed->arena);
}

/* Repacks the parsed header after a change. */
static void rewrite(struct sealed *sealed, const Hotline__EnvelopeHeader *header)
{
    struct buf packed;
    buf_init(&packed);
    fixture_pack_raw(&header->base, &packed);
    buf_clear(&sealed->made.header);
    buf_add_slice(&sealed->made.header, buf_slice(&packed));
    buf_free(&packed);
}

static void envelope_drill_does_not_open_as_real_nor_the_reverse(void **state)
{
    struct fixture *fixture = *state;
    for (int exercise = 0; exercise < 2; exercise++) {
        struct draft draft;
        struct sealed sealed;
        struct buf plain;
        uint8_t right[32], wrong[32], out[LIMIT_BODY_PAD_BYTES];
        size_t sender;
        buf_init(&plain);
        draft_init(fixture, &draft);
        draft.header.status = exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL;
        seal_draft(fixture, &draft, &sealed);
        assert_error(envelope_open(&sealed.parsed, &sealed.made.content, &plain), OK);
        /* even with the associated data of the true header, the other status's key opens nothing */
        seal_body_key(&sealed.made.content, exercise == 1, right);
        seal_body_key(&sealed.made.content, exercise == 0, wrong);
        const uint8_t *nonce = sealed.parsed.header->body_nonce.data;
        assert_error(seal_decrypt(right, nonce, sealed.parsed.header_bytes, sealed.parsed.body, out), OK);
        assert_error(seal_decrypt(wrong, nonce, sealed.parsed.header_bytes, sealed.parsed.body, out), ERR_CRYPTO);
        /* the sender itself, turning the status over and signing again, makes nothing that opens */
        Hotline__EnvelopeHeader turned = *sealed.parsed.header;
        turned.status = exercise ? HOTLINE__STATUS__CODE__ACTUAL : HOTLINE__STATUS__CODE__EXERCISE;
        rewrite(&sealed, &turned);
        resign(&sealed, &fixture->member[0]->identity_secret);
        parse(&sealed);
        assert_error(envelope_verify(&sealed.parsed, fixture->roster, FIXTURE_NOW, &sender), OK);
        buf_clear(&plain);
        assert_error(envelope_open(&sealed.parsed, &sealed.made.content, &plain), ERR_CRYPTO);
        assert_int_equal(plain.len, 0);
        buf_free(&plain);
        sealed_done(&sealed);
    }
}

static void envelope_moved_to_another_sender_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    struct buf plain;
    size_t sender = 99;
    buf_init(&plain);
    seal_plain(fixture, &sealed);
    /* signed by another member under the true header */
    resign(&sealed, &fixture->member[1]->identity_secret);
    parse(&sealed);
    assert_error(envelope_verify(&sealed.parsed, fixture->roster, FIXTURE_NOW, &sender), ERR_SIGNATURE);
    /* another member takes the body, puts its own name on the header and signs */
    Hotline__EnvelopeHeader stolen = *sealed.parsed.header;
    Hotline__CaseName own_name = *stolen.case_name;
    stolen.sender = fixture->member[1]->id;
    own_name.opener = fixture->member[1]->id;
    stolen.case_name = &own_name;
    rewrite(&sealed, &stolen);
    resign(&sealed, &fixture->member[1]->identity_secret);
    parse(&sealed);
    assert_error(envelope_verify(&sealed.parsed, fixture->roster, FIXTURE_NOW, &sender), OK);
    assert_int_equal(sender, 1);
    assert_error(envelope_open(&sealed.parsed, &sealed.made.content, &plain), ERR_CRYPTO);
    /* a stranger */
    stolen.sender = own_name.opener = (char *)(uintptr_t) "zz-fremd";
    rewrite(&sealed, &stolen);
    resign(&sealed, &fixture->member[1]->identity_secret);
    parse(&sealed);
    sender = 99;
    assert_error(envelope_verify(&sealed.parsed, fixture->roster, FIXTURE_NOW, &sender), ERR_MEMBER);
    assert_int_equal(sender, 99);
    buf_free(&plain);
    sealed_done(&sealed);
}

static void envelope_grant_for_another_key_or_envelope_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sealed one, two;
    struct envelope_grant made = {.sequence = 0}, foreign = {.sequence = 0};
    struct key_content content = {{9}};
    struct key_pair stranger;
    struct buf plain;
    uint64_t sequence = 42;
    buf_init(&plain);
    seal_plain(fixture, &one);
    seal_plain(fixture, &two);
    assert_error(envelope_grant_make(&one.made.content, 1, &one.pair, &made), OK);
    assert_error(envelope_grant_make(&two.made.content, 1, &one.pair, &foreign), OK);
    Hotline__Grant grant = wire_grant(&made), other = wire_grant(&foreign);
    assert_error(seal_pair(&fixture->member[2]->recovery, &fixture->member[1]->recovery_secret, &stranger), OK);
    assert_error(envelope_grant_open(&one.parsed, &grant, &stranger, &content, &sequence), ERR_CRYPTO);
    /* the same pair, the other envelope's grant: two recipients cannot be shown two alerts under one signature */
    assert_error(envelope_grant_open(&one.parsed, &other, &one.pair, &content, &sequence), ERR_DISPUTED);
    assert_error(envelope_open(&one.parsed, &two.made.content, &plain), ERR_DISPUTED);
    for (size_t at = 0; at < sizeof made.box; at++) {
        made.box[at] ^= 1;
        assert_error(envelope_grant_open(&one.parsed, &grant, &one.pair, &content, &sequence), ERR_CRYPTO);
        made.box[at] ^= 1;
    }
    for (size_t at = 0; at < sizeof made.nonce; at++) {
        made.nonce[at] ^= 1;
        assert_error(envelope_grant_open(&one.parsed, &grant, &one.pair, &content, &sequence), ERR_CRYPTO);
        made.nonce[at] ^= 1;
    }
    grant.box.len--;
    assert_error(envelope_grant_open(&one.parsed, &grant, &one.pair, &content, &sequence), ERR_CRYPTO);
    assert_int_equal(content.bytes[0], 9); /* untouched on failure */
    assert_int_equal(sequence, 42);
    assert_int_equal(plain.len, 0);
    buf_free(&plain);
    sealed_done(&one);
    sealed_done(&two);
}

/* A sender of bad will seals plain text that is not padded right: refused, and nothing is handed out. */
static void envelope_with_hostile_padding_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    seal_plain(fixture, &sealed);
    for (int row = 0; row < 5; row++) {
        uint8_t plain[LIMIT_BODY_PAD_BYTES] = {0}, key[32];
        struct buf out;
        buf_init(&out);
        buf_add_u8(&out, 0x80); /* the caller's own bytes before what is opened: never to be taken for our padding */
        buf_add_u8(&out, 0);
        if (row == 1)
            plain[sizeof plain - 1] = 0x01;
        if (row == 2)
            plain[sizeof plain - 1] = 0x81;
        if (row == 3)
            plain[0] = 0x80;
        if (row == 4)
            plain[sizeof plain - 1] = 0x80;
        seal_body_key(&sealed.made.content, false, key);
        assert_error(seal_encrypt(key, sealed.parsed.header->body_nonce.data, sealed.parsed.header_bytes,
                                  slice_of(plain, sizeof plain), sealed.made.body.data),
                     OK);
        assert_error(envelope_open(&sealed.parsed, &sealed.made.content, &out), row < 3 ? ERR_SYNTAX : OK);
        assert_int_equal(out.len, row < 4 ? 2 : sizeof plain + 1);
        assert_int_equal(out.data[0], 0x80);
        buf_free(&out);
    }
    sealed_done(&sealed);
}

static void envelope_body_or_header_of_wrong_size_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sealed sealed;
    struct envelope got;
    struct err_note note;
    seal_plain(fixture, &sealed);
    struct slice header = buf_slice(&sealed.made.header), signature = slice_of(sealed.made.signature.bytes, 64);
    uint8_t *big = calloc(1, LIMIT_BODY_BYTES + TAG + 1);
    assert_non_null(big);
    static const size_t bad[] = {0, 1, TAG, LIMIT_BODY_PAD_BYTES + TAG - 1, LIMIT_BODY_BYTES + TAG + 1};
    for (size_t i = 0; i < 5; i++) {
        assert_error(envelope_parse(header, signature, slice_of(big, bad[i]), &sealed.arena, &note, &got), ERR_LIMIT);
        assert_note(&note, "body");
    }
    assert_error(envelope_parse(header, signature, slice_of(big, LIMIT_BODY_BYTES + TAG), &sealed.arena, &note, &got),
                 OK);
    assert_error(envelope_parse(slice_of(big, LIMIT_HEADER_BYTES + 1), signature, buf_slice(&sealed.made.body),
                                &sealed.arena, &note, &got),
                 ERR_LIMIT);
    assert_note(&note, "header");
    got = sealed.parsed;
    size_t sender;
    for (size_t len = 0; len < 64; len++) {
        got.signature = slice_of(sealed.made.signature.bytes, len);
        assert_error(envelope_verify(&got, fixture->roster, FIXTURE_NOW, &sender), ERR_SIGNATURE);
    }
    free(big);
    sealed_done(&sealed);
}

/* --- header rules, at sealing and at parsing alike --- */

enum wrong {
    GOOD,
    ID_OF_VERSION_4,
    EXPIRES_FIRST,
    SENDING_KEY_LOW,
    NO_CASE,
    OPEN_AT_REVISION_2,
    UPDATE_AT_REVISION_1,
    OF_ANOTHER,
    NO_REVISION,
    NO_ACT,
    REPLY_WITH_ACT,
    REPLY_WITHOUT_CASE,
    REPLY_TO_NO_ID,
    REPLY_GOOD,
    PROBE_WITH_CASE,
    PROBE_GOOD,
    SENDER_NO_ID,
    NO_ROUTE,
    EMPTY_ROUTE,
    UNKNOWN_COUNTRY,
    STATUS_UNKNOWN,
    REVISION_HUGE,
    FAR_FUTURE,
    UPDATE_GOOD,
    WRONG_COUNT
};

static int apply(struct draft *draft, enum wrong wrong, struct key_box *low, char *other)
{
    Hotline__EnvelopeHeader *header = &draft->header;
    bool reply = wrong >= REPLY_WITH_ACT && wrong <= REPLY_GOOD,
         probe = wrong == PROBE_WITH_CASE || wrong == PROBE_GOOD;
    if (reply || probe) {
        header->kind = reply ? HOTLINE__KIND__CODE__REPLY : HOTLINE__KIND__CODE__PROBE;
        header->has_revision = 0;
        header->has_act = wrong == REPLY_WITH_ACT;
        draft->name.opener = other;
    }
    switch (wrong) {
    case ID_OF_VERSION_4:
        draft->id.bytes[6] = 0x4f;
        return ERR_INVALID;
    case EXPIRES_FIRST:
        header->expires_at_us = header->sent_at_us;
        return ERR_INVALID;
    case SENDING_KEY_LOW:
        WIRE_SET_BYTES(header, sending_key, low->bytes, 32);
        return ERR_KEY;
    case NO_CASE:
        header->case_name = NULL;
        return ERR_INVALID;
    case OPEN_AT_REVISION_2:
        header->revision = 2;
        return ERR_INVALID;
    case UPDATE_AT_REVISION_1:
        header->act = HOTLINE__ACT__CODE__UPDATE;
        return ERR_INVALID;
    case OF_ANOTHER:
        draft->name.opener = other;
        return ERR_MEMBER;
    case NO_REVISION:
        header->has_revision = 0;
        return ERR_INVALID;
    case NO_ACT:
        header->has_act = 0;
        return ERR_INVALID;
    case REPLY_WITH_ACT:
        return ERR_INVALID;
    case REPLY_WITHOUT_CASE:
        header->case_name = NULL;
        return ERR_INVALID;
    case REPLY_TO_NO_ID:
        memcpy(other, "\x1b[2J", 5);
        return ERR_INVALID;
    case PROBE_WITH_CASE:
        return ERR_INVALID;
    case PROBE_GOOD:
        header->case_name = NULL;
        return OK;
    case SENDER_NO_ID:
        header->sender = draft->name.opener = (char *)(uintptr_t) "Be_Baken";
        return ERR_INVALID;
    case NO_ROUTE:
        header->route = NULL;
        return ERR_MISSING;
    case EMPTY_ROUTE:
        draft->route.n_countries = 0;
        return ERR_MISSING;
    case UNKNOWN_COUNTRY:
        memcpy(draft->country, "ZZ", 3);
        return ERR_UNKNOWN;
    case STATUS_UNKNOWN:
        header->status = (Hotline__Status__Code)3;
        return ERR_UNKNOWN;
    case REVISION_HUGE:
        header->revision = 1000001;
        header->act = HOTLINE__ACT__CODE__UPDATE;
        return ERR_LIMIT;
    case FAR_FUTURE:
        header->expires_at_us = INT64_MAX;
        return ERR_LIMIT;
    case UPDATE_GOOD:
        header->revision = 2;
        header->act = HOTLINE__ACT__CODE__UPDATE;
        return OK;
    default:
        return OK;
    }
}

static void envelope_header_that_breaks_a_rule_is_neither_sealed_nor_parsed(void **state)
{
    struct fixture *fixture = *state;
    for (enum wrong wrong = GOOD; wrong < WRONG_COUNT; wrong++) {
        struct draft draft;
        struct envelope_sealed made = {.hash = {{0}}};
        struct envelope got;
        struct wire_arena arena;
        struct err_note note = {{0}};
        struct buf header;
        struct key_box low = {{1}};
        Hotline__CaseName body;
        char other[16] = "nl-lamp", text[] = "x";
        static const uint8_t nonce[24], commitment[32], sealed_body[LIMIT_BODY_PAD_BYTES + TAG];
        draft_init(fixture, &draft);
        int expected = apply(&draft, wrong, &low, other);
        int result =
            envelope_seal(&draft.header, body_message(&body, text), &fixture->member[0]->identity_secret, &made);
        if (result != expected)
            fail_msg("row %d: sealed: %s instead of %s", wrong, err_name(result), err_name(expected));
        if (result == OK)
            envelope_sealed_done(&made);
        assert_false(draft.header.has_body_nonce ||
                     draft.header.has_key_commitment); /* they pointed into a frame that is gone */
        WIRE_SET_BYTES(&draft.header, body_nonce, nonce, 24);
        WIRE_SET_BYTES(&draft.header, key_commitment, commitment, 32);
        buf_init(&header);
        fixture_pack_raw(&draft.header.base, &header);
        assert_error(wire_arena_init(&arena), OK);
        result = envelope_parse(buf_slice(&header), slice_of(NULL, 0), slice_of(sealed_body, sizeof sealed_body),
                                &arena, &note, &got);
        if (result != expected || (result != OK && note.text[0] == '\0'))
            fail_msg("row %d: parsed: %s instead of %s, \"%s\"", wrong, err_name(result), err_name(expected),
                     note.text);
        wire_arena_done(&arena);
        buf_free(&header);
    }
}

static void envelope_two_of_the_same_draft_share_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct sealed one, two;
    seal_plain(fixture, &one);
    seal_plain(fixture, &two);
    assert_memory_not_equal(one.made.content.bytes, two.made.content.bytes, 32);
    assert_memory_not_equal(one.parsed.header->body_nonce.data, two.parsed.header->body_nonce.data, 24);
    assert_memory_not_equal(one.made.body.data, two.made.body.data, 64);
    sealed_done(&one);
    sealed_done(&two);
}

/* --- order and names --- */

static void envelope_order_is_by_revision_then_time_then_hash(void **state)
{
    (void)state;
    struct key_hash low = {{1}}, high = {{2}};
    assert_true(envelope_order(1, 9, &high, 2, 1, &low) < 0);
    assert_true(envelope_order(2, 1, &low, 1, 9, &high) > 0);
    assert_true(envelope_order(2, 1, &high, 2, 2, &low) < 0);
    assert_true(envelope_order(2, 2, &low, 2, 2, &high) < 0);
    assert_true(envelope_order(2, 2, &high, 2, 2, &low) > 0);
    assert_int_equal(envelope_order(2, 2, &low, 2, 2, &low), 0);
    assert_true(envelope_order(UINT32_MAX, 0, &low, 1, 0, &low) > 0);
    assert_true(envelope_order(1, INT64_MAX, &low, 1, INT64_MIN, &low) > 0);
}

static void envelope_case_keys_of_a_drill_and_of_neighbours_differ(void **state)
{
    (void)state;
    char longest[LIMIT_ID_CHARS + 1];
    memset(longest, 'a', LIMIT_ID_CHARS);
    longest[LIMIT_ID_CHARS] = '\0';
    struct envelope_case_key real = envelope_case_key("be-baken", false, case_id),
                             drill = envelope_case_key("be-baken", true, case_id);
    struct envelope_case_key other = envelope_case_key("be-bake", false, case_id),
                             full = envelope_case_key(longest, true, case_id);
    assert_memory_not_equal(real.bytes, drill.bytes, sizeof real.bytes);
    assert_memory_not_equal(real.bytes, other.bytes, sizeof real.bytes);
    assert_memory_equal(real.bytes + 41, case_id, 16);
    assert_int_equal(full.bytes[39], 'a');
    assert_int_equal(full.bytes[40], 2);
    assert_int_equal(real.bytes[8], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(envelope_is_opened_by_its_recipient),
        FIXTURE_TEST(envelope_of_fixed_random_bytes_is_golden),
        FIXTURE_TEST(envelope_bodies_of_many_lengths_come_back_in_size_classes),
        FIXTURE_TEST(envelope_with_any_changed_byte_does_not_verify_or_open),
        FIXTURE_TEST(envelope_drill_does_not_open_as_real_nor_the_reverse),
        FIXTURE_TEST(envelope_moved_to_another_sender_is_refused),
        FIXTURE_TEST(envelope_grant_for_another_key_or_envelope_is_refused),
        FIXTURE_TEST(envelope_with_hostile_padding_is_refused),
        FIXTURE_TEST(envelope_body_or_header_of_wrong_size_is_refused),
        FIXTURE_TEST(envelope_header_that_breaks_a_rule_is_neither_sealed_nor_parsed),
        FIXTURE_TEST(envelope_two_of_the_same_draft_share_nothing),
        FIXTURE_TEST(envelope_order_is_by_revision_then_time_then_hash),
        FIXTURE_TEST(envelope_case_keys_of_a_drill_and_of_neighbours_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
