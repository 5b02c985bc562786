/* torture_seal: what is signed, sealed and believed (seal, envelope, receipt, roster) under failing allocations: each
 * call either did all of it or says that there was no memory, and never that something is false. */
#include "../unit/fixture.h"

#include <unistd.h>

#include "node/cases.h"
#include "proto/receipt.h"
#include "torture.h"

static struct fixture fixture;

/* Made before anything fails. */
static struct {
    struct buf roster, request;
    struct key_box sending;
    struct key_box_secret sending_secret;
    struct key_store store;
    char trust_path[64];
} given;

static void remove_trust(void)
{
    remove(given.trust_path);
}

static void prepare(void)
{
    CHECK(seal_start() == OK);
    fixture_init(&fixture);
    buf_init(&given.roster);
    buf_init(&given.request);
    fixture_roster_bytes(&fixture, 2, NULL, NULL, &given.roster);
    CHECK(roster_request_make(fixture.member[0], "tcp://be-baken.example:7601", FIXTURE_NOW, &given.request) == OK);
    CHECK(key_sending(fixture.member[0], FIXTURE_NOW, &given.sending, &given.sending_secret) == OK);
    memset(given.store.bytes, 9, sizeof given.store.bytes);
    struct buf text;
    buf_init(&text);
    roster_trust_write(&fixture.trust, &text);
    snprintf(given.trust_path, sizeof given.trust_path, "/dev/shm/hotline-trust-%ld", (long)getpid());
    FILE *file = fopen(given.trust_path, "w");
    CHECK(file != NULL && fwrite(text.data, 1, text.len, file) == text.len && fclose(file) == 0);
    buf_free(&text);
    atexit(remove_trust);
}

/* Whether it went well; when not, only for want of memory. */
static bool went(int error)
{
    if (error != OK && (error != ERR_NOMEM || torture_is_calm()))
        fprintf(stderr, "%s\n", err_name(error));
    CHECK(error == OK || (error == ERR_NOMEM && !torture_is_calm()));
    return error == OK;
}

/* --- envelopes --- */

struct draft {
    Hotline__EnvelopeHeader header;
    Hotline__Route route;
    Hotline__CaseName name, body;
    struct key_uuid id;
    uint8_t case_id[16];
    char country[3], *countries[1], text[LIMIT_ID_CHARS + 1];
};

static void draft_init(struct draft *draft)
{
    static const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    *draft = (struct draft){.header = HOTLINE__ENVELOPE_HEADER__INIT,
                            .route = HOTLINE__ROUTE__INIT,
                            .name = HOTLINE__CASE_NAME__INIT,
                            .body = HOTLINE__CASE_NAME__INIT,
                            .case_id = {0xca, 0x5e},
                            .country = "FR"};
    memset(draft->text, 'x', sizeof draft->text - 1);
    draft->id = seal_uuid(FIXTURE_NOW, random);
    draft->countries[0] = draft->country;
    draft->route.n_countries = 1;
    draft->route.countries = draft->countries;
    draft->name.opener = fixture.member[0]->id;
    WIRE_SET_BYTES(&draft->name, case_id, draft->case_id, 16);
    draft->body.opener = draft->text;
    WIRE_SET_BYTES(&draft->body, case_id, draft->case_id, 16);
    Hotline__EnvelopeHeader *header = &draft->header;
    WIRE_SET_BYTES(header, id, draft->id.bytes, 16);
    header->sender = fixture.member[0]->id;
    WIRE_SET_BYTES(header, store_id, draft->case_id, 16);
    WIRE_SET_BYTES(header, sending_key, given.sending.bytes, 32);
    WIRE_SET(header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(header, status, HOTLINE__STATUS__CODE__ACTUAL);
    header->case_name = &draft->name;
    WIRE_SET(header, revision, 1);
    WIRE_SET(header, act, HOTLINE__ACT__CODE__OPEN);
    header->route = &draft->route;
    WIRE_SET(header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(header, sent_at_us, FIXTURE_NOW);
    WIRE_SET(header, expires_at_us, FIXTURE_NOW + 3 * CLOCK_DAY_US);
    WIRE_SET(header, roster_version, roster_version(fixture.roster));
    WIRE_SET_BYTES(header, roster_hash, roster_hash(fixture.roster)->bytes, 32);
}

static void read_back(const struct envelope_sealed *sealed)
{
    struct wire_arena arena;
    struct envelope envelope;
    struct buf plain;
    size_t sender = 99;
    buf_init(&plain);
    if (!went(TORTURE_INT(wire_arena_init(&arena))))
        return;
    bool good = went(
        TORTURE_INT(envelope_parse(buf_slice(&sealed->header), slice_of(sealed->signature.bytes, KEY_SIGNATURE_BYTES),
                                   buf_slice(&sealed->body), &arena, NULL, &envelope)));
    if (good && went(TORTURE_INT(envelope_verify(&envelope, fixture.roster, FIXTURE_NOW, &sender))))
        CHECK(sender == 0);
    else
        CHECK(sender == 99);
    if (good) {
        bool opened = went(TORTURE_INT(envelope_open(&envelope, &sealed->content, &plain)));
        CHECK(opened == (plain.len > 0));
    }
    buf_free(&plain);
    wire_arena_done(&arena);
}

static void run_envelope(void)
{
    struct draft draft;
    struct envelope_sealed sealed = {0};
    draft_init(&draft);
    int error =
        TORTURE_INT(envelope_seal(&draft.header, &draft.body.base, &fixture.member[0]->identity_secret, &sealed));
    CHECK((error == OK) == (sealed.body.len > 0));
    if (went(error))
        read_back(&sealed);
    envelope_sealed_done(&sealed);
}

/* --- receipts --- */

static void run_receipts(void)
{
    static uint8_t hash[32] = {7};
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt receipt = HOTLINE__RECEIPT__INIT, *list[1] = {&receipt};
    struct buf out;
    buf_init(&out);
    WIRE_SET_BYTES(&receipt, envelope_hash, hash, 32);
    WIRE_SET(&receipt, state, HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    WIRE_SET(&receipt, at_us, FIXTURE_NOW);
    batch.recipient = fixture.member[1]->id;
    batch.sender = fixture.member[0]->id;
    WIRE_SET(&batch, made_at_us, FIXTURE_NOW);
    WIRE_SET(&batch, roster_version, 1);
    WIRE_SET_BYTES(&batch, roster_hash, hash, 32);
    batch.n_receipts = 1;
    batch.receipts = list;
    if (went(TORTURE_INT(receipt_sign(&batch, fixture.member[1], &out)))) {
        struct wire_arena arena;
        ProtobufCMessage *message;
        Hotline__ReceiptBatch *read = NULL;
        size_t index;
        CHECK(wire_arena_init(&arena) == OK);
        CHECK(wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&out), &arena, NULL, &message) == OK);
        (void)went(TORTURE_INT(receipt_verify((const Hotline__SignedReceipts *)message, fixture.roster, FIXTURE_NOW,
                                              &arena, &read, &index)));
        wire_arena_done(&arena);
    }
    buf_free(&out);
}

static void run_gap_answer(void)
{
    static uint8_t id[16] = {3};
    uint64_t voided[1] = {4};
    Hotline__GapAnswer answer = HOTLINE__GAP_ANSWER__INIT;
    struct key_signature signature;
    answer.sender = fixture.member[0]->id;
    answer.recipient = fixture.member[1]->id;
    WIRE_SET_BYTES(&answer, store_id, id, 16);
    answer.n_voided = 1;
    answer.voided = voided;
    if (went(TORTURE_INT(receipt_sign_gap_answer(&answer, fixture.member[0], &signature))))
        (void)went(TORTURE_INT(receipt_verify_gap_answer(&answer, fixture.roster, FIXTURE_NOW)));
}

/* --- the roster --- */

static void run_authority(void)
{
    struct buf first, both;
    struct roster *roster = NULL;
    Hotline__Roster *peeked = NULL;
    buf_init(&first);
    buf_init(&both);
    bool good =
        went(TORTURE_INT(roster_sign(buf_slice(&given.roster), slice_of(NULL, 0), fixture.authority[0], &first)));
    good = good &&
        went(TORTURE_INT(roster_sign(buf_slice(&given.roster), buf_slice(&first), fixture.authority[1], &both)));
    if (good) {
        (void)went(TORTURE_INT(roster_follow(fixture.roster, buf_slice(&both), NULL, &roster)));
        (void)went(TORTURE_INT(roster_peek(buf_slice(&both), NULL, &peeked)));
    }
    if (peeked != NULL)
        hotline__roster__free_unpacked(peeked, NULL);
    roster_free(roster);
    buf_free(&first);
    buf_free(&both);
}

static void run_request(void)
{
    Hotline__MembershipRequest *request = NULL;
    struct buf made;
    buf_init(&made);
    (void)went(TORTURE_INT(roster_request_make(fixture.member[0], NULL, FIXTURE_NOW, &made)));
    int error = TORTURE_INT(roster_request_read(buf_slice(&given.request), NULL, &request));
    CHECK((error == OK) == (request != NULL));
    (void)went(error);
    if (request != NULL)
        hotline__membership_request__free_unpacked(request, NULL);
    buf_free(&made);
}

static void run_trust(void)
{
    struct roster_trust trust = {0};
    struct err_note note = {""};
    if (went(TORTURE_INT(roster_trust_read(given.trust_path, &note, &trust))))
        CHECK(trust.threshold == 2 && trust.count == FIXTURE_AUTHORITIES);
    else
        CHECK(trust.count == 0);
}

/* --- records and texts --- */

static void run_records(void)
{
    static const struct slice plain = {(const uint8_t *)"a lantern in the window", 23};
    struct buf sealed, opened, text;
    buf_init(&sealed);
    buf_init(&opened);
    buf_init(&text);
    if (went(TORTURE_INT(seal_record(&given.store, slice_of(NULL, 0), plain, &sealed))) &&
        went(TORTURE_INT(seal_unrecord(&given.store, slice_of(NULL, 0), buf_slice(&sealed), &opened))))
        CHECK(slice_equal(buf_slice(&opened), plain));
    TORTURE_VOID(seal_base64(plain, &text));
    buf_free(&opened); /* room that is there would not be asked for */
    if (!buf_broken(&text) && went(TORTURE_INT(seal_unbase64(buf_text(&text), &opened))))
        CHECK(slice_equal(buf_slice(&opened), plain));
    buf_free(&sealed);
    buf_free(&opened);
    buf_free(&text);
}

static void run_passphrase(void)
{
    const struct seal_argon argon = {.operations = 1, .memory_bytes = 8192};
    uint8_t key[KEY_BYTES];
    (void)went(TORTURE_INT(seal_passphrase_key("a lantern in the window", &argon, key)));
}

/* --- approvals of a case --- */

static void run_approvals(void)
{
    struct case_entry entry = {.second_count = 0};
    const struct case_second second = {.at_us = 1, .revision = 1};
    size_t kept = 0;
    while (kept < 3 && went(TORTURE_INT(cases_add_second(&entry, &second))))
        kept++;
    CHECK(entry.second_count == kept);
    cases_forget_seconds(&entry);
}

int main(int argc, char **argv)
{
    static const struct torture_scenario scenarios[] = {
        {.name = "envelope", .run = run_envelope},   {.name = "receipts", .run = run_receipts},
        {.name = "gap", .run = run_gap_answer},      {.name = "authority", .run = run_authority},
        {.name = "request", .run = run_request},     {.name = "trust", .run = run_trust},
        {.name = "records", .run = run_records},     {.name = "passphrase", .run = run_passphrase},
        {.name = "approvals", .run = run_approvals},
    };
    prepare();
    return torture_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
