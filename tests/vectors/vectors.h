/*
 * vectors - the golden vectors: each sealed or signed object of the protocol, of fixed keys, fixed times and random
 * bytes that count 00 01 02 ... from each file's beginning. make_vectors.c writes them; tests/unit/test_vectors.c makes
 * them anew, compares, and takes the files apart; tests/stranger/check_vectors.py does the latter without any of our
 * code.
 *
 * Bytes are hexadecimal. The network is that of tests/unit/fixture.h: be-baken sends, nl-lamp receives, relay-noord
 * stores.
 */
#ifndef TESTS_VECTORS_VECTORS_H
#define TESTS_VECTORS_VECTORS_H

#include <unistd.h>

#include "proto/card.h"
#include "proto/case.h"
#include "proto/jdoc.h"
#include "proto/receipt.h"
#include "proto/sealed.h"
#include "tests/unit/fixture.h"

#define VECTORS_SENDER 0
#define VECTORS_RECIPIENT 2
#define VECTORS_SEQUENCE 7
#define VECTORS_PASSPHRASE "a lantern in the window"

/* X("file without .json", maker) */
#define VECTORS(X)                                                                                                     \
    X("keys", vectors_keys)                                                                                            \
    X("padme", vectors_padme)                                                                                          \
    X("keyfile", vectors_keyfile)                                                                                      \
    X("request", vectors_request)                                                                                      \
    X("roster", vectors_roster)                                                                                        \
    X("card", vectors_card)                                                                                            \
    X("envelope-actual", vectors_actual)                                                                               \
    X("envelope-exercise", vectors_exercise)                                                                           \
    X("receipts", vectors_receipts)                                                                                    \
    X("unreadable", vectors_unreadable)                                                                                \
    X("accepted", vectors_accepted)                                                                                    \
    X("gap-answer", vectors_gap_answer)                                                                                \
    X("frames", vectors_frames)                                                                                        \
    X("blobs", vectors_blobs)                                                                                          \
    X("sealed-file", vectors_sealed_file)                                                                              \
    X("envelope-kinds", vectors_kinds)

static inline void vectors_hex(struct jdoc *object, const char *key, struct slice bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    assert_non_null(text);
    buf_hex(bytes, text);
    jdoc_set_text(object, key, text);
    free(text);
}

static inline void vectors_hex_of(struct jdoc *object, const char *key, const void *bytes, size_t len)
{
    vectors_hex(object, key, slice_of(bytes, len));
}

static inline struct jdoc *vectors_doc(const char *what)
{
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "what", what);
    return doc;
}

/* --- keys --- */

static inline struct jdoc *vectors_keys(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("what derives from a master, and from a content key; a signature; a pair key and a box");
    struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 0);
    struct key_box sending;
    struct key_box_secret sending_secret;
    struct key_store wrap;
    struct key_content content;
    struct key_pair pair;
    struct key_signature signature;
    struct envelope_grant grant = {.sequence = 0};
    uint8_t body_key[KEY_BYTES];
    (void)fixture;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        set->master.bytes[i] = (uint8_t)i;
        content.bytes[i] = (uint8_t)(0x40 + i);
    }
    assert_int_equal(key_set_derive(set), OK);
    assert_int_equal(key_sending(set, FIXTURE_NOW, &sending, &sending_secret), OK);
    assert_int_equal(key_storage_wrap(set, &wrap), OK);
    struct key_id id = key_id_of(set->identity.bytes);
    struct key_hash commitment = seal_personal_hash("HRcommit", slice_of(content.bytes, KEY_BYTES));
    vectors_hex_of(doc, "master", set->master.bytes, KEY_BYTES);
    jdoc_set_int(doc, "generation", set->generation);
    jdoc_set_int(doc, "sent_at_us", FIXTURE_NOW);
    jdoc_set_int(doc, "week", FIXTURE_NOW / 1000000 / 604800);
    vectors_hex_of(doc, "identity_public", set->identity.bytes, KEY_BYTES);
    vectors_hex_of(doc, "identity_key_id", id.bytes, KEY_ID_BYTES);
    vectors_hex_of(doc, "transport_secret", set->transport_secret.bytes, KEY_BYTES);
    vectors_hex_of(doc, "transport_public", set->transport.bytes, KEY_BYTES);
    vectors_hex_of(doc, "recovery_secret", set->recovery_secret.bytes, KEY_BYTES);
    vectors_hex_of(doc, "recovery_public", set->recovery.bytes, KEY_BYTES);
    vectors_hex_of(doc, "sending_secret", sending_secret.bytes, KEY_BYTES);
    vectors_hex_of(doc, "sending_public", sending.bytes, KEY_BYTES);
    vectors_hex_of(doc, "storage_wrap", wrap.bytes, KEY_BYTES);
    vectors_hex_of(doc, "content_key", content.bytes, KEY_BYTES);
    seal_body_key(&content, false, body_key);
    vectors_hex_of(doc, "body_key_actual", body_key, KEY_BYTES);
    seal_body_key(&content, true, body_key);
    vectors_hex_of(doc, "body_key_exercise", body_key, KEY_BYTES);
    vectors_hex_of(doc, "key_commitment", commitment.bytes, KEY_HASH_BYTES);
    assert_int_equal(seal_sign(&set->identity_secret, SEAL_CONTEXT_CARD, slice_text("abc"), &signature), OK);
    jdoc_set_text(doc, "signature_context", SEAL_CONTEXT_CARD);
    vectors_hex(doc, "signature_bytes", slice_text("abc"));
    vectors_hex_of(doc, "signature", signature.bytes, KEY_SIGNATURE_BYTES);
    assert_int_equal(seal_pair(&set->recovery, &sending_secret, &pair), OK);
    vectors_hex_of(doc, "pair_of_sending_and_recovery", pair.bytes, KEY_BYTES);
    fixture_random_start();
    assert_int_equal(envelope_grant_make(&content, VECTORS_SEQUENCE, &pair, &grant), OK);
    fixture_random_stop();
    jdoc_set_int(doc, "sequence", VECTORS_SEQUENCE);
    vectors_hex_of(doc, "box_nonce", grant.nonce, sizeof grant.nonce);
    vectors_hex_of(doc, "box", grant.box, sizeof grant.box);
    key_set_free(set);
    return doc;
}

static inline struct jdoc *vectors_padme(const struct fixture *fixture)
{
    static const size_t lengths[] = {1,    1023, 1024, 1025, 1087,  1088,  1089, 2047,
                                     2048, 2049, 5000, 9999, 40000, 65535, 65536};
    struct jdoc *doc = vectors_doc("the length of a body with its mark, and its size with padding");
    struct jdoc *sizes = jdoc_set_doc(doc, "sizes", jdoc_array());
    (void)fixture;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct jdoc *row = jdoc_add_doc(sizes, jdoc_object());
        jdoc_set_int(row, "length", (int64_t)lengths[i]);
        jdoc_set_int(row, "padded", (int64_t)seal_padded_size(lengths[i], LIMIT_BODY_PAD_BYTES));
    }
    return doc;
}

/* --- files --- */

static inline void vectors_key_text(struct jdoc *doc, const char *key, const struct key_set *set,
                                    const char *passphrase)
{
    char path[] = "/tmp/vectors-XXXXXX";
    struct err_note note = {{0}};
    struct buf text;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    buf_init(&text);
    if (keyfile_write(path, set, passphrase, &note) != OK ||
        keyfile_slurp(path, LIMIT_KEYFILE_BYTES, &text, &note) != OK)
        fail_msg("%s", note.text);
    unlink(path);
    jdoc_set_slice(doc, key, buf_slice(&text));
    buf_free(&text);
}

static inline struct jdoc *vectors_keyfile(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc("a key file without a lock, with one, and the authority.pub of the network");
    const struct key_set *set = fixture->member[VECTORS_SENDER];
    struct buf text;
    vectors_hex_of(doc, "master", set->master.bytes, KEY_BYTES);
    vectors_key_text(doc, "unlocked", set, NULL);
    jdoc_set_text(doc, "passphrase", VECTORS_PASSPHRASE);
    fixture_random_start();
    vectors_key_text(doc, "locked", set, VECTORS_PASSPHRASE);
    fixture_random_stop();
    buf_init(&text);
    roster_trust_write(&fixture->trust, &text);
    jdoc_set_slice(doc, "authority_pub", buf_slice(&text));
    buf_free(&text);
    return doc;
}

/* --- membership --- */

static inline struct jdoc *vectors_request(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc("a SignedRequest of a member, and one of a relay");
    struct buf bytes;
    buf_init(&bytes);
    assert_int_equal(roster_request_make(fixture->member[VECTORS_SENDER], NULL, FIXTURE_NOW, &bytes), OK);
    vectors_hex(doc, "member", buf_slice(&bytes));
    buf_clear(&bytes);
    assert_int_equal(roster_request_make(fixture->relay, "tcp://relay-noord.example:7600", FIXTURE_NOW, &bytes), OK);
    vectors_hex(doc, "relay", buf_slice(&bytes));
    buf_free(&bytes);
    return doc;
}

/* Version 2: be-baken has a phone, fr-phare is withdrawn. */
static inline void vectors_second(Hotline__Roster *roster, void *ctx)
{
    static char phone[] = "+3225550000";
    const struct key_hash *before = ctx;
    WIRE_SET_BYTES(roster, previous_hash, before->bytes, KEY_HASH_BYTES);
    roster->members[0]->emergency_phone = phone;
    roster->members[1]->standing = HOTLINE__STANDING__CODE__WITHDRAWN;
}

static inline struct jdoc *vectors_roster(const struct fixture *fixture)
{
    struct jdoc *doc =
        vectors_doc("two SignedRosters, the second following the first, both by the first two of three authority keys");
    struct fixture copy = *fixture;
    struct key_hash hash = *roster_hash(fixture->roster);
    struct buf bytes, signed_bytes;
    buf_init(&bytes);
    buf_init(&signed_bytes);
    vectors_hex(doc, "first", roster_signed(fixture->roster));
    vectors_hex_of(doc, "first_hash", hash.bytes, KEY_HASH_BYTES);
    fixture_roster_bytes(&copy, 2, vectors_second, &hash, &bytes);
    fixture_sign(&copy, buf_slice(&bytes), 3, &signed_bytes);
    hash = seal_hash(buf_slice(&bytes));
    vectors_hex(doc, "second", buf_slice(&signed_bytes));
    vectors_hex_of(doc, "second_hash", hash.bytes, KEY_HASH_BYTES);
    buf_clear(&signed_bytes);
    fixture_sign(&copy, buf_slice(&bytes), 1, &signed_bytes);
    vectors_hex(doc, "second_signed_by_too_few", buf_slice(&signed_bytes));
    buf_free(&bytes);
    buf_free(&signed_bytes);
    return doc;
}

/* The card of a member in these vectors; ret_secret is its encryption key's other half. */
static inline void vectors_make_card(const struct key_set *set, struct card *ret_card,
                                     struct key_box_secret *ret_secret)
{
    static const char *const countries[] = {"BE", "FR"};
    struct card_draft draft = {.serial = 1795219201,
                               .store_id = {{0x57, 0x0e}},
                               .not_after_us = FIXTURE_NOW + 7 * CLOCK_DAY_US,
                               .subscriptions = countries,
                               .subscription_count = 2,
                               .software = "hotline-node 0.1.0"};
    fixture_random_start();
    key_box_generate(&draft.encryption_key, ret_secret);
    fixture_random_stop();
    assert_int_equal(card_make(set, &draft, ret_card), OK);
}

static inline struct jdoc *vectors_card(const struct fixture *fixture)
{
    struct jdoc *doc = vectors_doc("the SignedCard of nl-lamp, and the secret half of its encryption key");
    struct card card = {.serial = 0};
    struct key_box_secret secret;
    vectors_make_card(fixture->member[VECTORS_RECIPIENT], &card, &secret);
    vectors_hex(doc, "card", buf_slice(&card.bytes));
    vectors_hex_of(doc, "encryption_secret", secret.bytes, KEY_BYTES);
    vectors_hex_of(doc, "encryption_public", card.encryption_key.bytes, KEY_BYTES);
    vectors_hex_of(doc, "key_id", card.encryption_key_id.bytes, KEY_ID_BYTES);
    card_done(&card);
    return doc;
}

/* --- envelopes --- */

/* One envelope of be-baken for nl-lamp, and all that it was made of. */
struct vectors_sealed {
    struct envelope_sealed made;
    struct envelope_grant grant, self;
    struct buf plain, packed; /* EnvelopeBody; Envelope with its grants */
    struct card card;
    struct key_box_secret encryption_secret;
};

static inline void vectors_alert(Hotline__EnvelopeBody *body, Hotline__Case *alert, const uint8_t case_id[16],
                                 bool exercise)
{
    static Hotline__Description child;
    static Hotline__LastSeen seen;
    static char reference[] = "BE-2026-00001", name[] = "Leonor", country[] = "BE", likely[] = "NL",
                *likely_list[] = {likely};
    hotline__envelope_body__init(body);
    hotline__case__init(alert);
    hotline__description__init(&child);
    hotline__last_seen__init(&seen);
    WIRE_SET_BYTES(alert, case_id, case_id, 16);
    alert->reference = reference;
    WIRE_SET(alert, revision, 1);
    WIRE_SET(alert, status, exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(alert, opened_at, FIXTURE_NOW);
    WIRE_SET(alert, category, HOTLINE__CATEGORY__CODE__RUNAWAY);
    WIRE_SET(alert, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    child.given_name = name;
    WIRE_SET(&child, age_years, 8);
    seen.country = country;
    alert->child = &child;
    alert->last_seen = &seen;
    alert->n_likely_countries = 1;
    alert->likely_countries = likely_list;
    body->content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    body->alert = alert;
}

static inline void vectors_header(const struct fixture *fixture, bool exercise, Hotline__EnvelopeHeader *header)
{
    static const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, store[16] = {0x57};
    static Hotline__Route route;
    static char country[] = "NL", *countries[] = {country};
    static struct key_uuid id;
    hotline__envelope_header__init(header);
    hotline__route__init(&route);
    id = seal_uuid(FIXTURE_NOW, random);
    route.n_countries = 1;
    route.countries = countries;
    WIRE_SET_BYTES(header, id, id.bytes, 16);
    header->sender = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET_BYTES(header, store_id, store, 16);
    WIRE_SET(header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(header, status, exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(header, revision, 1);
    WIRE_SET(header, act, HOTLINE__ACT__CODE__OPEN);
    header->route = &route;
    WIRE_SET(header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(header, sent_at_us, FIXTURE_NOW);
    WIRE_SET(header, expires_at_us, FIXTURE_NOW + 3 * CLOCK_DAY_US);
    WIRE_SET(header, roster_version, roster_version(fixture->roster));
    WIRE_SET_BYTES(header, roster_hash, roster_hash(fixture->roster)->bytes, KEY_HASH_BYTES);
}

static inline Hotline__Grant vectors_grant(struct envelope_grant *made)
{
    Hotline__Grant grant = HOTLINE__GRANT__INIT;
    grant.member = made->member;
    WIRE_SET_BYTES(&grant, key_id, made->key_id.bytes, KEY_ID_BYTES);
    WIRE_SET_BYTES(&grant, nonce, made->nonce, sizeof made->nonce);
    WIRE_SET_BYTES(&grant, box, made->box, sizeof made->box);
    return grant;
}

static inline void vectors_make_grant(const struct vectors_sealed *sealed, const struct key_set *to,
                                      const struct key_box *key, const struct key_box_secret *sending,
                                      struct envelope_grant *grant)
{
    struct key_pair pair;
    uint64_t number = grant == &sealed->self ? 0 : VECTORS_SEQUENCE;
    snprintf(grant->member, sizeof grant->member, "%s", to->id);
    grant->key_id = key_id_of(key->bytes);
    assert_int_equal(seal_pair(key, sending, &pair), OK);
    assert_int_equal(envelope_grant_make(&sealed->made.content, number, &pair, grant), OK);
}

/* The Envelope that `sealed` is; `with_self` as it is published, without as it is delivered. */
static inline void vectors_pack_envelope(struct vectors_sealed *sealed, bool with_self, struct buf *out)
{
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant = vectors_grant(&sealed->grant), self = vectors_grant(&sealed->self), *grants[1] = {&grant};
    WIRE_SET_BYTES(&envelope, header, sealed->made.header.data, sealed->made.header.len);
    WIRE_SET_BYTES(&envelope, signature, sealed->made.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, sealed->made.body.data, sealed->made.body.len);
    envelope.n_grants = 1;
    envelope.grants = grants;
    envelope.self_grant = with_self ? &self : NULL;
    wire_pack(&envelope.base, out);
}

/* Seals any body under its header, which lacks the sending key alone. */
static inline void vectors_seal_body(const struct fixture *fixture, Hotline__EnvelopeHeader *header,
                                     const Hotline__EnvelopeBody *body, struct vectors_sealed *sealed)
{
    const struct key_set *sender = fixture->member[VECTORS_SENDER], *recipient = fixture->member[VECTORS_RECIPIENT];
    struct key_box sending;
    struct key_box_secret sending_secret;
    *sealed = (struct vectors_sealed){.grant = {.sequence = 0}};
    vectors_make_card(recipient, &sealed->card, &sealed->encryption_secret);
    assert_int_equal(key_sending(sender, FIXTURE_NOW, &sending, &sending_secret), OK);
    WIRE_SET_BYTES(header, sending_key, sending.bytes, KEY_BYTES);
    buf_init(&sealed->plain);
    buf_init(&sealed->packed);
    wire_pack(&body->base, &sealed->plain);
    fixture_random_start();
    assert_int_equal(envelope_seal(header, &body->base, &sender->identity_secret, &sealed->made), OK);
    vectors_make_grant(sealed, recipient, &sealed->card.encryption_key, &sending_secret, &sealed->grant);
    vectors_make_grant(sealed, sender, &sender->recovery, &sending_secret, &sealed->self);
    fixture_random_stop();
    vectors_pack_envelope(sealed, true, &sealed->packed);
}

static inline void vectors_seal(const struct fixture *fixture, bool exercise, struct vectors_sealed *sealed)
{
    static const uint8_t case_id[16] = {0xca, 0x5e};
    Hotline__EnvelopeHeader header;
    Hotline__CaseName name = HOTLINE__CASE_NAME__INIT;
    Hotline__EnvelopeBody body;
    Hotline__Case alert;
    vectors_header(fixture, exercise, &header);
    name.opener = fixture->member[VECTORS_SENDER]->id;
    WIRE_SET_BYTES(&name, case_id, case_id, 16);
    header.case_name = &name;
    vectors_alert(&body, &alert, case_id, exercise);
    vectors_seal_body(fixture, &header, &body, sealed);
}

static inline void vectors_sealed_done(struct vectors_sealed *sealed)
{
    envelope_sealed_done(&sealed->made);
    card_done(&sealed->card);
    buf_free(&sealed->plain);
    buf_free(&sealed->packed);
}

static inline struct jdoc *vectors_envelope(const struct fixture *fixture, bool exercise)
{
    struct jdoc *doc =
        vectors_doc("an Envelope of be-baken with a grant for nl-lamp's card (card.json) and the self grant");
    struct vectors_sealed sealed;
    struct key_hash body_hash;
    struct key_box sending;
    struct key_box_secret sending_secret;
    struct key_pair pair;
    uint8_t body_key[KEY_BYTES];
    vectors_seal(fixture, exercise, &sealed);
    body_hash = seal_hash(buf_slice(&sealed.made.body));
    seal_body_key(&sealed.made.content, exercise, body_key);
    assert_int_equal(key_sending(fixture->member[VECTORS_SENDER], FIXTURE_NOW, &sending, &sending_secret), OK);
    assert_int_equal(seal_pair(&sending, &sealed.encryption_secret, &pair), OK);
    jdoc_set_text(doc, "status", exercise ? "EXERCISE" : "ACTUAL");
    jdoc_set_int(doc, "sequence", VECTORS_SEQUENCE);
    vectors_hex_of(doc, "sender_master", fixture->member[VECTORS_SENDER]->master.bytes, KEY_BYTES);
    vectors_hex_of(doc, "content_key", sealed.made.content.bytes, KEY_BYTES);
    vectors_hex_of(doc, "body_key", body_key, KEY_BYTES);
    vectors_hex_of(doc, "pair_key", pair.bytes, KEY_BYTES);
    vectors_hex(doc, "plain", buf_slice(&sealed.plain));
    vectors_hex(doc, "header", buf_slice(&sealed.made.header));
    vectors_hex(doc, "body", buf_slice(&sealed.made.body));
    vectors_hex_of(doc, "body_hash", body_hash.bytes, KEY_HASH_BYTES);
    vectors_hex_of(doc, "hash", sealed.made.hash.bytes, KEY_HASH_BYTES);
    vectors_hex_of(doc, "signature", sealed.made.signature.bytes, KEY_SIGNATURE_BYTES);
    vectors_hex_of(doc, "grant_nonce", sealed.grant.nonce, sizeof sealed.grant.nonce);
    vectors_hex_of(doc, "grant_box", sealed.grant.box, sizeof sealed.grant.box);
    vectors_hex_of(doc, "self_nonce", sealed.self.nonce, sizeof sealed.self.nonce);
    vectors_hex_of(doc, "self_box", sealed.self.box, sizeof sealed.self.box);
    vectors_hex(doc, "envelope", buf_slice(&sealed.packed));
    vectors_sealed_done(&sealed);
    return doc;
}

static inline struct jdoc *vectors_actual(const struct fixture *fixture)
{
    return vectors_envelope(fixture, false);
}

static inline struct jdoc *vectors_exercise(const struct fixture *fixture)
{
    return vectors_envelope(fixture, true);
}

#include "tests/vectors/vectors_answers.h"

#endif
