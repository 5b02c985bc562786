/*
 * node_room - be-baken's node, real, on a real loop and disk, with the fixture's relay played by the test: frames are
 * handed in, what the node sends is thrown away. And a plain HTTP client on its API's socket.
 */
#ifndef TESTS_UNIT_NODE_ROOM_H
#define TESTS_UNIT_NODE_ROOM_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"
#include "node/node.h"
#include "node/node_api.h"
#include "node/node_events.h"
#include "node/node_link.h"
#include "node/node_view.h"
#include "proto/case.h"

#define ROOM_DEADLINE_MS 10000
#define ROOM_CLIENTS 3

struct room_client {
    int fd; /* -1: none */
    struct buf in;
    bool ended;
};

struct room {
    struct fixture fixture;
    struct loop *loop;
    struct loop_timer *ticker, *flush;
    char folder[64], path[96], socket[96];
    struct node *node;
    struct node_events *events;
    struct node_api *api;
    struct node_links *links; /* NULL: what the node sends is thrown away */
    char *endpoints[2];       /* of the relay; NULL: the fixture's */
    size_t endpoint_count;
    int64_t now_us;
    uint64_t serial;
    struct key_box french; /* fr-phare's encryption key */
    struct room_client clients[ROOM_CLIENTS];
    struct room_client *client; /* whose answer is waited for */
    const char *wanted;
    int turns_left; /* so many further requests are committed, each by itself; -1: all, as usual */
};

/* ---- the core's surroundings ---- */

static inline int room_send(void *ctx, size_t slot, struct slice message)
{
    struct room *room = ctx;
    return room->links != NULL ? node_link_send(room->links, slot, message) : OK;
}

static inline void room_relays_changed(void *ctx)
{
    struct room *room = ctx;
    if (room->links != NULL)
        node_link_reconcile(room->links);
}

static inline void room_event(void *ctx, const struct node_event *event)
{
    struct room *room = ctx;
    if (room->node == NULL)
        return;
    (void)event;
    if (room->events != NULL)
        node_events_told(room->events);
    if (room->api != NULL)
        node_api_changed(room->api);
}

static inline void room_failed(void *ctx, int error, const char *text)
{
    (void)ctx;
    fail_msg("the store failed: %s: %s", err_name(error), text);
}

static inline void room_flush(void *ctx)
{
    struct room *room = ctx;
    if (room->node != NULL)
        node_flush(room->node, clock_wall_us(), clock_steady_us());
}

static inline void room_touched(void *ctx)
{
    struct room *room = ctx;
    if (room->turns_left < 0)
        loop_timer_once(room->flush, 0);
    else if (room->turns_left-- > 0)
        vault_flush(node_vault(room->node));
    else
        room->turns_left = 0;
}

/* Clients are not on the loop: turns must come often enough to look at them. */
static inline void room_tick(void *ctx)
{
    (void)ctx;
}

/* The fixture's roster is of a fixed day; this node lives now. */
static inline void room_today(Hotline__Roster *roster, void *ctx)
{
    struct room *room = ctx;
    roster->issued_at_us = room->now_us - CLOCK_DAY_US;
    roster->expires_at_us = room->now_us + 30 * CLOCK_DAY_US;
    roster->members[1]->emergency_phone = (char *)(uintptr_t) "+33155500000";
    if (room->endpoint_count > 0) {
        roster->relays[0]->endpoints = room->endpoints;
        roster->relays[0]->n_endpoints = room->endpoint_count;
    }
}

/* A SignedRoster of this version, as of today. */
static inline void room_roster(struct room *room, uint64_t version, struct buf *out)
{
    struct buf bytes;
    buf_init(&bytes);
    fixture_roster_bytes(&room->fixture, version, room_today, room, &bytes);
    fixture_sign(&room->fixture, buf_slice(&bytes), 3, out);
    buf_free(&bytes);
}

static inline void room_open_node(struct room *room)
{
    struct buf seed;
    struct err_note note = {""};
    buf_init(&seed);
    room_roster(room, 1, &seed);
    struct node_setup setup = {
        .keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10),
        .trust = room->fixture.trust,
        .roster_seed = buf_slice(&seed),
        .settings = {.deadline_delivered_us = CLOCK_HOUR_US,
                     .deadline_shown_us = CLOCK_HOUR_US,
                     .deadline_acknowledged_us = CLOCK_HOUR_US,
                     .encryption_key_life_us = 7 * CLOCK_DAY_US,
                     .disk_reserve_bytes = 1 << 20},
        .io = {room, room_send, room_relays_changed, room_event, room_failed},
        .loop = loop_uv(room->loop),
        .now_us = room->now_us,
    };
    int error = db_open(room->path, vault_schema(), "be-baken", &note, &setup.db);
    if (error == OK)
        error = node_open(&setup, &note, &room->node);
    if (error != OK)
        fail_msg("node_open: %s: %s", err_name(error), note.text);
    buf_free(&seed);
}

static inline void room_close_node(struct room *room)
{
    struct node *node = room->node;
    room->node = NULL;
    node_close(node);
    loop_turn(room->loop);
}

/* All but the node. */
static inline int room_prepare(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    assert_non_null(room);
    fixture_init(&room->fixture);
    room->now_us = clock_wall_us();
    room->turns_left = -1;
    room->client = &room->clients[0];
    for (size_t i = 0; i < ROOM_CLIENTS; i++)
        room->clients[i].fd = -1;
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-node-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    snprintf(room->socket, sizeof room->socket, "%s/node.sock", room->folder);
    assert_int_equal(loop_new(&room->loop), OK);
    assert_int_equal(loop_timer_new(room->loop, room_tick, room, &room->ticker), OK);
    assert_int_equal(loop_timer_new(room->loop, room_flush, room, &room->flush), OK);
    loop_timer_every(room->ticker, 2);
    *state = room;
    return 0;
}

static inline int room_setup(void **state)
{
    room_prepare(state);
    room_open_node(*state);
    return 0;
}

static inline void room_open_api(struct room *room)
{
    const struct node_api_conf conf = {.loop = room->loop,
                                       .path = room->socket,
                                       .mode = 0600,
                                       .node = room->node,
                                       .events = room->events,
                                       .started_us = room->now_us,
                                       .touched = room_touched,
                                       .ctx = room};
    struct err_note note = {""};
    int error = node_api_open(&conf, &note, &room->api);
    if (error != OK)
        fail_msg("node_api_open: %s", note.text);
}

static inline int room_setup_api(void **state)
{
    room_setup(state);
    struct room *room = *state;
    assert_int_equal(node_events_new(room->loop, &room->events), OK);
    node_events_attach(room->events, room->node);
    room_open_api(room);
    return 0;
}

static inline void room_hang_up(struct room_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buf_free(&client->in);
}

static inline int room_teardown(void **state)
{
    struct room *room = *state;
    char wal[128];
    for (size_t i = 0; i < ROOM_CLIENTS; i++)
        room_hang_up(&room->clients[i]);
    node_api_close(room->api);
    node_events_free(room->events);
    room->events = NULL;
    room_close_node(room);
    loop_free(room->loop);
    snprintf(wal, sizeof wal, "%s-wal", room->path);
    unlink(room->path);
    unlink(wal);
    assert_int_equal(rmdir(room->folder), 0); /* nothing else was left there */
    fixture_done(&room->fixture);
    free(room);
    return 0;
}

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, room_setup, room_teardown)
#define ROOM_API_TEST(name) cmocka_unit_test_setup_teardown(name, room_setup_api, room_teardown)

/* ---- turns ---- */

static inline bool room_is_committed(void *ctx)
{
    struct room *room = ctx;
    struct vault *vault = node_vault(room->node);
    return store_counters(vault_store(vault)).waiting == 0 && vault_committed(vault) + 1 >= vault_ticket(vault);
}

/* Ends the core's turn and waits until all of it is on the disk. */
static inline void room_settle(struct room *room)
{
    room_flush(room);
    assert_error(loop_run_until(room->loop, room_is_committed, room, ROOM_DEADLINE_MS), OK);
    room_flush(room);
    assert_error(loop_run_until(room->loop, room_is_committed, room, ROOM_DEADLINE_MS), OK);
}

/* ---- the relay, played ---- */

static inline void room_frame(struct room *room, enum wire_type type, const ProtobufCMessage *message)
{
    struct buf bytes;
    buf_init(&bytes);
    wire_add(&bytes, type, message);
    node_receive(room->node, 0, buf_slice(&bytes), room->now_us, clock_steady_us());
    buf_free(&bytes);
    room_settle(room);
}

static inline void room_welcome(struct room *room)
{
    static const uint8_t zero[KEY_HASH_BYTES] = {0};
    const struct roster *roster = node_directory(room->node)->roster;
    Hotline__Welcome welcome = HOTLINE__WELCOME__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    node_link(room->node, 0, UPLINK_LINK_UP, room->now_us);
    room_settle(room);
    WIRE_SET(&name, version, roster_version(roster));
    WIRE_SET_BYTES(&name, hash, roster_hash(roster)->bytes, KEY_HASH_BYTES);
    welcome.roster = &name;
    welcome.relay = room->fixture.relay->id;
    WIRE_SET(&welcome, protocol, 1);
    WIRE_SET(&welcome, clock_us, room->now_us);
    WIRE_SET(&welcome, credit_messages, 256);
    WIRE_SET(&welcome, credit_bytes, 4 << 20);
    WIRE_SET(&welcome, message_bytes, LIMIT_MESSAGE_BYTES);
    WIRE_SET(&welcome, held_count, 0);
    WIRE_SET_BYTES(&welcome, held_xor, zero, KEY_HASH_BYTES);
    WIRE_SET(&welcome, own_card_serial, 0);
    welcome.software = (char *)(uintptr_t) "hotline-relay test";
    room_frame(room, WIRE_WELCOME, &welcome.base);
    /* An empty store waits a while for an older card of its own before it signs one. */
    node_tick(room->node, room->now_us, clock_steady_us());
    node_tick(room->node, room->now_us, clock_steady_us() + 11 * CLOCK_SECOND_US);
    room_settle(room);
    assert_true(node_directory(room->node)->has_own_card);
}

/* fr-phare's card, so that the node can grant to it. */
static inline void room_french_card(struct room *room)
{
    struct key_box_secret secret;
    struct card card = {.serial = 0};
    struct wire_arena arena;
    Hotline__Cards cards = HOTLINE__CARDS__INIT;
    Hotline__SignedCard *view = NULL;
    key_box_generate(&room->french, &secret);
    const struct card_draft draft = {.serial = ++room->serial,
                                     .store_id = seal_uuid(room->now_us, NULL),
                                     .encryption_key = room->french,
                                     .not_after_us = room->now_us + CLOCK_DAY_US,
                                     .software = "hotline-node test"};
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(card_make(room->fixture.member[1], &draft, &card), OK);
    assert_int_equal(card_view(&card, &arena, &view), OK);
    cards.n_cards = 1;
    cards.cards = &view;
    room_frame(room, WIRE_CARDS, &cards.base);
    card_done(&card);
    wire_arena_done(&arena);
}

/* The relay has this item on its disk. */
static inline void room_accept(struct room *room, const struct item *item)
{
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT, *acceptances[1] = {&acceptance};
    const struct roster *roster = node_directory(room->node)->roster;
    Hotline__Accepted accepted = HOTLINE__ACCEPTED__INIT;
    struct wire_arena arena;
    ProtobufCMessage *message = NULL;
    struct buf bytes;
    WIRE_SET_BYTES(&acceptance, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    batch.relay = room->fixture.relay->id;
    batch.sender = (char *)(uintptr_t) "be-baken";
    WIRE_SET(&batch, at_us, room->now_us);
    WIRE_SET(&batch, roster_version, roster_version(roster));
    WIRE_SET_BYTES(&batch, roster_hash, roster_hash(roster)->bytes, KEY_HASH_BYTES);
    batch.n_acceptances = 1;
    batch.acceptances = acceptances;
    buf_init(&bytes);
    assert_int_equal(receipt_sign_accepted(&batch, room->fixture.relay, &bytes), OK);
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(wire_unpack(&hotline__signed_accepted__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    accepted.accepted = (Hotline__SignedAccepted *)(void *)message;
    room_frame(room, WIRE_ACCEPTED, &accepted.base);
    buf_free(&bytes);
    wire_arena_done(&arena);
}

/* fr-phare says of an item what has become of it there. */
static inline void room_receipt(struct room *room, const struct item *item, Hotline__ReceiptState__Code state)
{
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt receipt = HOTLINE__RECEIPT__INIT, *receipts[1] = {&receipt};
    const struct roster *roster = node_directory(room->node)->roster;
    Hotline__Receipts frame = HOTLINE__RECEIPTS__INIT;
    struct wire_arena arena;
    ProtobufCMessage *message = NULL;
    struct buf bytes;
    WIRE_SET_BYTES(&receipt, envelope_hash, item->hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&receipt, state, state);
    WIRE_SET(&receipt, at_us, room->now_us);
    batch.recipient = room->fixture.member[1]->id;
    batch.sender = (char *)(uintptr_t) "be-baken";
    WIRE_SET(&batch, made_at_us, room->now_us);
    WIRE_SET(&batch, roster_version, roster_version(roster));
    WIRE_SET_BYTES(&batch, roster_hash, roster_hash(roster)->bytes, KEY_HASH_BYTES);
    batch.n_receipts = 1;
    batch.receipts = receipts;
    buf_init(&bytes);
    assert_int_equal(receipt_sign(&batch, room->fixture.member[1], &bytes), OK);
    assert_int_equal(wire_arena_init(&arena), OK);
    assert_int_equal(wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&bytes), &arena, NULL, &message), OK);
    frame.receipts = (Hotline__SignedReceipts *)(void *)message;
    room_frame(room, WIRE_RECEIPTS, &frame.base);
    buf_free(&bytes);
    wire_arena_done(&arena);
}

/* ---- cases ---- */

#define ROOM_CASE \
    "{\"category\":\"PARENTAL_ABDUCTION\",\"urgency\":\"IMMEDIATE\",\"child\":{\"given_name\":\"Lotte\"," \
    "\"age_years\":9,\"languages\":[\"nl\"]},\"last_seen\":{\"country\":\"BE\"},\"police\":{\"informed\":true}," \
    "\"publicity\":{\"level\":\"PROFESSIONALS_ONLY\"},\"contact\":{\"phone\":\"+3225550000\"}}"

static inline Hotline__Case *room_case(void)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    Hotline__Case *alert = NULL;
    int error = jdoc_parse(slice_text(ROOM_CASE), "case", &note, &doc);
    if (error == OK)
        error = case_from_json(doc, &note, &alert);
    if (error != OK)
        fail_msg("%s", note.text);
    jdoc_free(doc);
    return alert;
}

static inline struct case_entry *room_publish(struct room *room, bool exercise)
{
    const char *const to[] = {"FR"};
    struct err_note note = {""};
    struct case_entry *entry = NULL;
    Hotline__Case *alert = room_case();
    const struct node_draft draft = {.content = alert, .exercise = exercise, .to = to, .to_count = 1};
    uint64_t ticket = 0;
    int error = node_publish(room->node, &draft, room->now_us, &note, &entry, &ticket);
    if (error != OK)
        fail_msg("node_publish: %s: %s", err_name(error), note.text);
    case_free(alert);
    room_settle(room);
    return entry;
}

/* fr-phare's case FR-2026-00007, delivered to this node. */
static inline struct case_entry *room_receive(struct room *room, bool exercise)
{
    uint8_t case_id[KEY_UUID_BYTES];
    const struct roster *roster = node_directory(room->node)->roster;
    const struct card *own = &node_directory(room->node)->own_card;
    struct key_uuid id = seal_uuid(room->now_us, NULL), store = seal_uuid(room->now_us, NULL);
    struct key_box sending;
    struct key_box_secret sending_secret;
    struct key_pair pair;
    struct envelope_sealed sealed;
    struct envelope_grant made = {.member = "be-baken", .key_id = own->encryption_key_id, .sequence = 1};
    Hotline__EnvelopeHeader header = HOTLINE__ENVELOPE_HEADER__INIT;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__CaseName name = HOTLINE__CASE_NAME__INIT;
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant = HOTLINE__GRANT__INIT, *grants[1] = {&grant};
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    char country[] = "BE", *countries[1] = {country};
    memset(case_id, exercise ? 0xee : 0xcc, sizeof case_id);
    Hotline__Case *alert = room_case();
    WIRE_SET_BYTES(alert, case_id, case_id, sizeof case_id);
    alert->reference = (char *)(uintptr_t) "FR-2026-00007";
    WIRE_SET(alert, revision, 1);
    WIRE_SET(alert, status, exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(alert, opened_at, room->now_us);
    WIRE_SET(alert, valid_until, room->now_us + CLOCK_DAY_US);
    WIRE_SET(alert, codes_version, CASE_CODES_VERSION);
    body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    body.alert = alert;
    name.opener = room->fixture.member[1]->id;
    WIRE_SET_BYTES(&name, case_id, case_id, sizeof case_id);
    route.n_countries = 1;
    route.countries = countries;
    assert_int_equal(key_sending(room->fixture.member[1], room->now_us, &sending, &sending_secret), OK);
    WIRE_SET_BYTES(&header, id, id.bytes, KEY_UUID_BYTES);
    header.sender = room->fixture.member[1]->id;
    WIRE_SET_BYTES(&header, store_id, store.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&header, sending_key, sending.bytes, KEY_BYTES);
    WIRE_SET(&header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(&header, status, exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    header.case_name = &name;
    WIRE_SET(&header, revision, 1);
    WIRE_SET(&header, act, HOTLINE__ACT__CODE__OPEN);
    header.route = &route;
    WIRE_SET(&header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&header, sent_at_us, room->now_us);
    WIRE_SET(&header, expires_at_us, room->now_us + CLOCK_DAY_US);
    WIRE_SET(&header, roster_version, roster_version(roster));
    WIRE_SET_BYTES(&header, roster_hash, roster_hash(roster)->bytes, KEY_HASH_BYTES);
    assert_error(envelope_seal(&header, &body.base, &room->fixture.member[1]->identity_secret, &sealed), OK);
    assert_int_equal(seal_pair(&own->encryption_key, &sending_secret, &pair), OK);
    assert_int_equal(envelope_grant_make(&sealed.content, 1, &pair, &made), OK);
    grant.member = made.member;
    WIRE_SET_BYTES(&grant, key_id, made.key_id.bytes, KEY_ID_BYTES);
    WIRE_SET_BYTES(&grant, nonce, made.nonce, sizeof made.nonce);
    WIRE_SET_BYTES(&grant, box, made.box, sizeof made.box);
    WIRE_SET_BYTES(&envelope, header, sealed.header.data, sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, sealed.body.data, sealed.body.len);
    envelope.n_grants = 1;
    envelope.grants = grants;
    deliver.envelope = &envelope;
    room_frame(room, WIRE_DELIVER, &deliver.base);
    struct envelope_case_key key = envelope_case_key("fr-phare", exercise, case_id);
    struct case_entry *entry = cases_find(node_cases(room->node), &key);
    assert_non_null(entry);
    alert->has_case_id = 0;
    alert->case_id = (ProtobufCBinaryData){0, NULL};
    alert->reference = NULL;
    case_free(alert);
    envelope_sealed_done(&sealed);
    return entry;
}

/* ---- a client ---- */

static inline bool room_has_answer(void *ctx)
{
    struct room *room = ctx;
    struct room_client *client = room->client;
    uint8_t bytes[4096];
    ssize_t len = 1;
    while (client->fd >= 0 && !client->ended && len > 0) {
        len = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (len > 0)
            buf_add(&client->in, bytes, (size_t)len);
        client->ended = len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR);
    }
    return room->wanted != NULL ? strstr(buf_text(&client->in), room->wanted) != NULL : client->ended;
}

/* Waits for a text in the current client's input; NULL: until its connection has ended. */
static inline void room_wait(struct room *room, const char *wanted)
{
    room->wanted = wanted;
    int error = loop_run_until(room->loop, room_has_answer, room, ROOM_DEADLINE_MS);
    if (error != OK)
        fail_msg("%s: waited for \"%s\", received: %s", err_name(error), wanted != NULL ? wanted : "the end",
                 buf_text(&room->client->in));
}

/* Sends a whole request as one of the clients; head: "GET /v1/status", headers: lines with their ends. */
static inline void room_say(struct room *room, size_t which, const char *head, const char *headers, const char *body)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct buf text;
    room->client = &room->clients[which];
    room_hang_up(room->client);
    *room->client = (struct room_client){.fd = socket(AF_UNIX, SOCK_STREAM, 0)};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", room->socket);
    assert_int_equal(connect(room->client->fd, (const struct sockaddr *)&address, sizeof address), 0);
    buf_init(&text);
    buf_printf(&text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s", head, headers);
    if (body != NULL)
        buf_printf(&text, "Content-Length: %zu\r\n", strlen(body));
    buf_printf(&text, "\r\n%s", body != NULL ? body : "");
    assert_int_equal(send(room->client->fd, text.data, text.len, MSG_NOSIGNAL), text.len);
    buf_free(&text);
}

/* The status of the answer that ended; *ret_doc (may be NULL) is its body, a root. */
static inline int room_answer(struct room *room, struct jdoc **ret_doc)
{
    room_wait(room, NULL);
    const char *text = buf_text(&room->client->in), *body = strstr(text, "\r\n\r\n");
    struct err_note note = {""};
    assert_non_null(body);
    if (ret_doc != NULL && jdoc_parse(slice_text(body + 4), "answer", &note, ret_doc) != OK)
        fail_msg("%s in: %s", note.text, text);
    return (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
}

#endif
