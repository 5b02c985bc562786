/*
 * relay_world - one relay without sockets, threads or a clock, and three members that talk to it by hand.
 *
 * be-baken (0), fr-phare (1), nl-lamp (2) of the fixture; relay-noord is the relay. Every frame that the relay sends is
 * kept until a test takes it by member and type.
 */
#ifndef TESTS_UNIT_RELAY_WORLD_H
#define TESTS_UNIT_RELAY_WORLD_H

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "proto/card.h"
#include "proto/receipt.h"
#include "relay/relay.h"

#define WORLD_FRAMES 4096
/* Around what the relay calls back: for tests in which its own calls fail (tests/torture). */
#ifndef WORLD_AWAY
#define WORLD_AWAY() ((void)0)
#define WORLD_BACK() ((void)0)
#endif
#ifndef WORLD_FOLDER
#define WORLD_FOLDER "/tmp"
#endif

struct world_frame {
    struct session_peer peer;
    uint8_t type;
    uint8_t *bytes;
    size_t len;
};

struct world {
    struct fixture fixture;
    struct relay_conf conf;
    char folder[64], path[96];
    struct relay *relay;
    struct wire_arena arena;
    struct world_frame frames[WORLD_FRAMES];
    size_t frame_count;
    int64_t now_us;
    unsigned cuts, admits;
    int failed;
    bool deaf; /* send says ERR_AGAIN */
    /* what each member is */
    struct key_box encryption[FIXTURE_MEMBERS];
    struct key_uuid store[FIXTURE_MEMBERS];
    uint64_t serial[FIXTURE_MEMBERS];
    const char *subscription[FIXTURE_MEMBERS]; /* one country, or NULL */
    uint8_t connection[FIXTURE_MEMBERS];       /* counts up with each new one */
    uint64_t roster_version;
};

/* An envelope as its sender keeps it. */
struct world_alert {
    struct envelope_sealed sealed;
    struct key_uuid id;
    unsigned sender;
    struct envelope_grant grants[FIXTURE_MEMBERS];
    size_t grant_count;
    bool self;
};

static inline struct session_peer world_peer(const struct world *world, unsigned member)
{
    struct session_peer peer = {.len = 5};

    peer.bytes[1] = (uint8_t)(member + 1);
    peer.bytes[2] = world->connection[member];
    return peer;
}

/* ---- the relay's world ---- */

static inline int world_send(void *ctx, const struct session_peer *peer, struct slice frames)
{
    struct world *world = ctx;
    struct cursor cursor = cursor_of(frames);

    if (world->deaf)
        return ERR_AGAIN;
    WORLD_AWAY();
    while (!cursor_at_end(&cursor)) {
        struct wire_frame frame;
        struct world_frame *kept = &world->frames[world->frame_count++];
        assert_true(world->frame_count <= WORLD_FRAMES);
        assert_int_equal(wire_next(&cursor, &frame), OK);
        *kept = (struct world_frame){.peer = *peer, .type = frame.type, .len = frame.body.len};
        kept->bytes = malloc(frame.body.len + 1);
        memcpy(kept->bytes, frame.body.data, frame.body.len);
    }
    WORLD_BACK();
    return OK;
}

static inline void world_cut(void *ctx, const struct session_peer *peer)
{
    (void)peer;
    ((struct world *)ctx)->cuts++;
}

static inline void world_admit(void *ctx, const struct roster *roster)
{
    (void)roster;
    ((struct world *)ctx)->admits++;
}

static inline void world_failed(void *ctx, int error, const char *text)
{
    (void)text;
    ((struct world *)ctx)->failed = error;
}

static inline int64_t world_now(void *ctx)
{
    return ((struct world *)ctx)->now_us;
}

static inline int world_try_start(struct world *world, struct slice seed, struct err_note *note)
{
    struct relay_setup setup = {.conf = &world->conf,
                                .keys = world->fixture.relay,
                                .trust = &world->fixture.trust,
                                .seed = seed,
                                .now_us = world->now_us,
                                .io = {.send = world_send,
                                       .cut = world_cut,
                                       .admit = world_admit,
                                       .failed = world_failed,
                                       .now = world_now,
                                       .ctx = world}};
    int error = spool_open(world->path, "relay-noord", note, &setup.spool);

    return error ? error : relay_new(&setup, note, &world->relay);
}

static inline void world_start(struct world *world)
{
    struct err_note note = {{0}};
    int error = world_try_start(world, roster_signed(world->fixture.roster), &note);

    if (error)
        fail_msg("relay_new: %s: %s", err_name(error), note.text);
}

static inline void world_forget(struct world *world)
{
    for (size_t i = 0; i < world->frame_count; i++)
        free(world->frames[i].bytes);
    world->frame_count = 0;
}

static inline void world_stop(struct world *world)
{
    relay_free(world->relay);
    world->relay = NULL;
}

static inline int world_setup(void **state)
{
    static struct relay_limits limits = {.validity_max_us = LIMIT_VALIDITY_MAX_US,
                                         .openings_per_minute = 30,
                                         .updates_per_minute = 60,
                                         .open_cases = 2000,
                                         .recipients = 1024,
                                         .credit_messages = 256,
                                         .credit_bytes = 4 << 20};
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    fixture_init(&world->fixture);
    assert_int_equal(wire_arena_init(&world->arena), OK);
    world->now_us = FIXTURE_NOW;
    world->roster_version = 1;
    snprintf(world->folder, sizeof world->folder, WORLD_FOLDER "/hotline-test-relay-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof world->path, "%s/relay.db", world->folder);
    world->conf = (struct relay_conf){.relay = "relay-noord",
                                      .key = "relay.key",
                                      .store = world->path,
                                      .limits = limits,
                                      .disk_reserve_bytes = 1 << 20,
                                      .receipts_kept_us = LIMIT_AFTERLIFE_US};
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++) {
        struct key_box_secret secret;
        key_box_generate(&world->encryption[i], &secret);
        world->store[i] = seal_uuid(world->now_us, NULL);
        world->serial[i] = 1;
    }
    world_start(world);
    *state = world;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *world = *state;
    char wal[128];

    world_stop(world);
    world_forget(world);
    unlink(world->path);
    snprintf(wal, sizeof wal, "%s-wal", world->path);
    unlink(wal);
    rmdir(world->folder);
    wire_arena_done(&world->arena);
    fixture_done(&world->fixture);
    free(world);
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* ---- frames from the relay ---- */

static inline size_t world_count(const struct world *world, unsigned member, enum wire_type type)
{
    struct session_peer peer = world_peer(world, member);
    size_t count = 0;

    for (size_t i = 0; i < world->frame_count; i++)
        count += world->frames[i].type == type && memcmp(&world->frames[i].peer, &peer, sizeof peer) == 0;
    return count;
}

/* The first frame of this type for this member, taken out; it lives until the next world_take. NULL: none. */
static inline void *world_peek(struct world *world, unsigned member, enum wire_type type)
{
    struct session_peer peer = world_peer(world, member);

    for (size_t i = 0; i < world->frame_count; i++) {
        struct world_frame frame = world->frames[i];
        struct err_note note = {{0}};
        ProtobufCMessage *message;
        if (frame.type != type || memcmp(&frame.peer, &peer, sizeof peer) != 0)
            continue;
        memmove(world->frames + i, world->frames + i + 1, (--world->frame_count - i) * sizeof(world->frames[0]));
        wire_arena_clear(&world->arena);
        if (wire_unpack(wire_descriptor(frame.type), slice_of(frame.bytes, frame.len), &world->arena, &note, &message))
            fail_msg("the relay's %s does not parse: %s", wire_name(frame.type), note.text);
        free(frame.bytes);
        return message;
    }
    return NULL;
}

#define world_take(world, member, type) world_take_at((world), (member), (type), __FILE__, __LINE__)
static inline void *world_take_at(struct world *world, unsigned member, enum wire_type type, const char *file, int line)
{
    void *message = world_peek(world, member, type);

    if (!message) {
        for (size_t i = 0; i < world->frame_count; i++)
            print_error("  waiting: %s for member %d\n", wire_name(world->frames[i].type),
                        world->frames[i].peer.bytes[1] - 1);
        fail_msg("%s:%d: no %s for %s", file, line, wire_name(type), world->fixture.member[member]->id);
    }
    return message;
}

#define world_none(world, member, type) world_none_at((world), (member), (type), __FILE__, __LINE__)
static inline void world_none_at(struct world *world, unsigned member, enum wire_type type, const char *file, int line)
{
    size_t count = world_count(world, member, type);

    if (count)
        fail_msg("%s:%d: %zu unexpected %s for %s", file, line, count, wire_name(type),
                 world->fixture.member[member]->id);
}

/* What the relay counts, as of now. */
static inline const struct relay_counters *world_counters(struct world *world)
{
    return &relay_numbers(world->relay, world->now_us)->counters;
}

/* ---- frames to the relay ---- */

static inline void world_say(struct world *world, unsigned member, enum wire_type type, const ProtobufCMessage *message)
{
    struct session_peer peer = world_peer(world, member);
    struct buf out;

    buf_init(&out);
    wire_add(&out, type, message);
    relay_receive(world->relay, &peer, world->fixture.member[member]->id, buf_slice(&out), world->now_us);
    buf_free(&out);
}

static inline void world_commit(struct world *world)
{
    while (relay_step(world->relay) > 0)
        ;
}

/* Time passes, the relay ticks, its writes reach the disk. */
static inline void world_pass(struct world *world, int64_t us)
{
    world->now_us += us;
    relay_tick(world->relay, world->now_us);
    world_commit(world);
}

static inline void world_card(struct world *world, unsigned member, struct card *ret_card)
{
    struct card_draft draft = {.serial = world->serial[member],
                               .store_id = world->store[member],
                               .encryption_key = world->encryption[member],
                               .not_after_us = world->now_us + CLOCK_DAY_US,
                               .subscriptions = &world->subscription[member],
                               .subscription_count = world->subscription[member] ? 1 : 0,
                               .software = "hotline-node 0.1.0"};

    assert_int_equal(card_make(world->fixture.member[member], &draft, ret_card), OK);
}

static inline void world_hello(struct world *world, unsigned member)
{
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName roster = HOTLINE__ROSTER_NAME__INIT;
    struct wire_arena arena;
    struct card card;
    uint32_t protocol = 1;

    assert_int_equal(wire_arena_init(&arena), OK);
    world_card(world, member, &card);
    assert_int_equal(card_view(&card, &arena, &hello.card), OK);
    hello.n_protocol = 1;
    hello.protocol = &protocol;
    WIRE_SET(&roster, version, world->roster_version);
    WIRE_SET_BYTES(&roster, hash, roster_hash(world->fixture.roster)->bytes, KEY_HASH_BYTES);
    hello.roster = &roster;
    world_say(world, member, WIRE_HELLO, &hello.base);
    card_done(&card);
    wire_arena_done(&arena);
}

static inline void world_hello_all(struct world *world)
{
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        world_hello(world, i);
    world_commit(world);
    world_forget(world);
}

/* A case of member `sender`, concerning one country; ordered by what the caller gives. */
struct world_case {
    unsigned sender;
    uint8_t case_id;
    uint32_t revision;
    Hotline__Act__Code act;
    const char *country;
    Hotline__Urgency__Code urgency;
    bool exercise;
    int64_t sent_us, expires_us; /* 0: now, and in 72 h */
    Hotline__BlobName **blobs;
    size_t blob_count;
};

static inline void world_seal(struct world *world, const struct world_case *from, struct world_alert *ret_alert)
{
    Hotline__EnvelopeHeader header = HOTLINE__ENVELOPE_HEADER__INIT;
    Hotline__CaseName name = HOTLINE__CASE_NAME__INIT;
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    Hotline__Pulse body = HOTLINE__PULSE__INIT;
    uint8_t case_id[16] = {from->case_id};
    char country[3], *countries[1] = {country};
    int64_t sent_us = from->sent_us ? from->sent_us : world->now_us;

    *ret_alert = (struct world_alert){.sender = from->sender, .id = seal_uuid(world->now_us, NULL), .self = true};
    snprintf(country, sizeof country, "%s", from->country ? from->country : "FR");
    WIRE_SET(&body, clock_us, 1);
    WIRE_SET_BYTES(&header, id, ret_alert->id.bytes, 16);
    header.sender = name.opener = world->fixture.member[from->sender]->id;
    WIRE_SET_BYTES(&name, case_id, case_id, 16);
    header.case_name = &name;
    route.n_countries = 1;
    route.countries = countries;
    header.route = &route;
    WIRE_SET_BYTES(&header, store_id, world->store[from->sender].bytes, 16);
    WIRE_SET_BYTES(&header, sending_key, world->encryption[from->sender].bytes, KEY_BYTES);
    WIRE_SET(&header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(&header, status, from->exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(&header, revision, from->revision ? from->revision : 1);
    WIRE_SET(&header, act, from->act ? from->act : HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&header, urgency, from->urgency ? from->urgency : HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&header, sent_at_us, sent_us);
    WIRE_SET(&header, expires_at_us, from->expires_us ? from->expires_us : sent_us + LIMIT_VALIDITY_DEFAULT_US);
    WIRE_SET(&header, roster_version, world->roster_version);
    WIRE_SET_BYTES(&header, roster_hash, roster_hash(world->fixture.roster)->bytes, KEY_HASH_BYTES);
    header.n_blobs = from->blob_count;
    header.blobs = from->blobs;
    assert_int_equal(
        envelope_seal(&header, &body.base, &world->fixture.member[from->sender]->identity_secret, &ret_alert->sealed),
        OK);
}

/* A grant for this member's present encryption key. Boxes are opaque to a relay: random bytes do. */
static inline void world_grant(struct world *world, struct world_alert *alert, unsigned member)
{
    struct envelope_grant *grant = &alert->grants[alert->grant_count++];

    snprintf(grant->member, sizeof grant->member, "%s", world->fixture.member[member]->id);
    grant->key_id = key_id_of(world->encryption[member].bytes);
    seal_random(grant->nonce, sizeof grant->nonce);
    seal_random(grant->box, sizeof grant->box);
}

static inline void world_fill_grants(struct world_alert *alert, Hotline__Grant *grants, Hotline__Grant **list)
{
    for (size_t i = 0; i < alert->grant_count; i++) {
        hotline__grant__init(&grants[i]);
        grants[i].member = alert->grants[i].member;
        WIRE_SET_BYTES(&grants[i], key_id, alert->grants[i].key_id.bytes, KEY_ID_BYTES);
        WIRE_SET_BYTES(&grants[i], nonce, alert->grants[i].nonce, 24);
        WIRE_SET_BYTES(&grants[i], box, alert->grants[i].box, ENVELOPE_GRANT_BOX_BYTES);
        list[i] = &grants[i];
    }
}

static inline void world_publish(struct world *world, struct world_alert *alert)
{
    Hotline__Publish publish = HOTLINE__PUBLISH__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grants[FIXTURE_MEMBERS], *list[FIXTURE_MEMBERS], self = HOTLINE__GRANT__INIT;
    uint8_t zero[ENVELOPE_GRANT_BOX_BYTES] = {0};

    WIRE_SET_BYTES(&envelope, header, alert->sealed.header.data, alert->sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, alert->sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, alert->sealed.body.data, alert->sealed.body.len);
    world_fill_grants(alert, grants, list);
    envelope.n_grants = alert->grant_count;
    envelope.grants = list;
    self.member = world->fixture.member[alert->sender]->id;
    WIRE_SET_BYTES(&self, key_id, zero, KEY_ID_BYTES);
    WIRE_SET_BYTES(&self, nonce, zero, 24);
    WIRE_SET_BYTES(&self, box, zero, ENVELOPE_GRANT_BOX_BYTES);
    envelope.self_grant = alert->self ? &self : NULL;
    publish.envelope = &envelope;
    world_say(world, alert->sender, WIRE_PUBLISH, &publish.base);
}

static inline void world_send_grants(struct world *world, struct world_alert *alert)
{
    Hotline__Grants frame = HOTLINE__GRANTS__INIT;
    Hotline__Grant grants[FIXTURE_MEMBERS], *list[FIXTURE_MEMBERS];

    world_fill_grants(alert, grants, list);
    WIRE_SET_BYTES(&frame, envelope_hash, alert->sealed.hash.bytes, KEY_HASH_BYTES);
    frame.n_grants = alert->grant_count;
    frame.grants = list;
    world_say(world, alert->sender, WIRE_GRANTS, &frame.base);
}

/* One receipt of `recipient` for an alert. `as` signs (the recipient itself when honest). */
static inline void world_receipt_as(struct world *world, unsigned recipient, unsigned as,
                                    const struct world_alert *alert, Hotline__ReceiptState__Code state)
{
    Hotline__Receipts frame = HOTLINE__RECEIPTS__INIT;
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt receipt = HOTLINE__RECEIPT__INIT, *list[1] = {&receipt};
    struct buf bytes;
    ProtobufCMessage *message;
    struct wire_arena arena;

    batch.recipient = world->fixture.member[as]->id;
    batch.sender = world->fixture.member[alert->sender]->id;
    WIRE_SET(&batch, made_at_us, world->now_us);
    WIRE_SET(&batch, roster_version, world->roster_version);
    WIRE_SET_BYTES(&batch, roster_hash, roster_hash(world->fixture.roster)->bytes, KEY_HASH_BYTES);
    batch.n_receipts = 1;
    batch.receipts = list;
    WIRE_SET_BYTES(&receipt, envelope_hash, alert->sealed.hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&receipt, state, state);
    WIRE_SET(&receipt, at_us, world->now_us);
    buf_init(&bytes);
    assert_int_equal(receipt_sign(&batch, world->fixture.member[as], &bytes), OK);
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    frame.receipts = (Hotline__SignedReceipts *)message;
    world_say(world, recipient, WIRE_RECEIPTS, &frame.base);
    buf_free(&bytes);
    wire_arena_done(&arena);
}

static inline void world_receipt(struct world *world, unsigned recipient, const struct world_alert *alert,
                                 Hotline__ReceiptState__Code state)
{
    world_receipt_as(world, recipient, recipient, alert, state);
}

static inline void world_taken(struct world *world, unsigned member, struct slice name)
{
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;
    ProtobufCBinaryData names[1] = {wire_bytes(slice_of(name.data, RECEIPT_NAME_BYTES))};

    taken.n_names = 1;
    taken.names = names;
    world_say(world, member, WIRE_TAKEN, &taken.base);
}

/* "I cannot read this", with the recipient's present card. */
static inline void world_unreadable(struct world *world, unsigned recipient, const struct world_alert *alert,
                                    Hotline__UnreadableCode__Code code)
{
    Hotline__Unreadables frame = HOTLINE__UNREADABLES__INIT;
    Hotline__SignedUnreadable signed_unreadable = HOTLINE__SIGNED_UNREADABLE__INIT;
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    struct key_signature signature;
    struct wire_arena arena;
    struct card card;
    struct buf bytes;

    unreadable.recipient = world->fixture.member[recipient]->id;
    unreadable.sender = world->fixture.member[alert->sender]->id;
    WIRE_SET_BYTES(&unreadable, envelope_hash, alert->sealed.hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, code);
    WIRE_SET(&unreadable, at_us, world->now_us);
    buf_init(&bytes);
    assert_int_equal(receipt_sign_unreadable(&unreadable, world->fixture.member[recipient], &bytes, &signature), OK);
    assert_int_equal(wire_arena_init(&arena), OK);
    world_card(world, recipient, &card);
    WIRE_SET_BYTES(&signed_unreadable, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&signed_unreadable, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    assert_int_equal(card_view(&card, &arena, &signed_unreadable.card), OK);
    frame.unreadable = &signed_unreadable;
    world_say(world, recipient, WIRE_UNREADABLES, &frame.base);
    buf_free(&bytes);
    card_done(&card);
    wire_arena_done(&arena);
}

/* The one acceptance of the next Accepted frame for this member; verified. */
static inline Hotline__Acceptance *world_accepted(struct world *world, unsigned member)
{
    Hotline__Accepted *accepted = world_take(world, member, WIRE_ACCEPTED);
    Hotline__AcceptedBatch *batch;

    assert_int_equal(receipt_verify_accepted(accepted->accepted, world->fixture.roster, &world->arena, &batch), OK);
    assert_string_equal(batch->relay, "relay-noord");
    assert_string_equal(batch->sender, world->fixture.member[member]->id);
    assert_int_equal(batch->n_acceptances, 1);
    return batch->acceptances[0];
}

static inline void world_alert_done(struct world_alert *alert)
{
    envelope_sealed_done(&alert->sealed);
}

/* Another roster: the next version with this change. Gives the relay its bytes as its file would. */
static inline void world_new_roster(struct world *world, fixture_change change, void *ctx)
{
    struct buf bytes, signed_bytes;
    struct err_note note = {{0}};
    struct roster *roster;

    buf_init(&bytes);
    buf_init(&signed_bytes);
    fixture_roster_bytes(&world->fixture, ++world->roster_version, change, ctx, &bytes);
    fixture_sign(&world->fixture, buf_slice(&bytes), 3, &signed_bytes);
    assert_int_equal(relay_offer_roster(world->relay, buf_slice(&signed_bytes), world->now_us, &note), OK);
    assert_int_equal(roster_follow(world->fixture.roster, buf_slice(&signed_bytes), &note, &roster), OK);
    roster_free(world->fixture.roster);
    world->fixture.roster = roster;
    buf_free(&bytes);
    buf_free(&signed_bytes);
}

#endif
