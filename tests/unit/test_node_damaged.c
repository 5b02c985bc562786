/* node: a store with a record that this program did not write. The node refuses to start, by a line that says which
 * file and what to do; it never starts without what the record held, and never takes it for something else. */
#define NET_FOLDER "/dev/shm"
#include "node_world.h"

#include "node/accounts.h"
#include "node/record.pb-c.h"
#include "node/totp.h"
#include "node/vault.h"

static char long_text[3000];
static uint8_t bytes[64];

struct room {
    struct net *net;
    char honest[160], reference[CASES_REFERENCE_MAX];
    struct key_hash hash; /* of a case that it sent */
    uint8_t number;
};

static int setup(void **state)
{
    static struct room room;
    memset(long_text, 'a', sizeof long_text - 1);
    room = (struct room){.net = net_new()};
    struct net *net = room.net;
    net_start(net, BE);
    net_start(net, FR);
    net_connect(net, NET_ALL, NET_ALL);
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, room.reference);
    net_run(net);
    room.hash = net_revision(net, BE, room.reference, 1)->hash;
    net_kill_node(net, BE);
    memcpy(room.honest, net->nodes[BE].path, sizeof room.honest);
    *state = &room;
    return 0;
}

static int teardown(void **state)
{
    net_free(((struct room *)*state)->net);
    return 0;
}

static void put(struct net *net, enum vault_space space, uint8_t number, struct slice plain)
{
    const uint8_t key[] = {0xff, number};
    const struct store_events events = {NULL, NULL, NULL};
    struct err_note note = {{0}};
    struct key_set *keys = net_member_keys(BE);
    struct db *db;
    struct vault *vault;
    assert_ok(db_open(net->nodes[BE].path, vault_schema(), net_members[BE], &note, &db));
    assert_ok(vault_open(db, keys, NULL, &note, &vault));
    assert_ok(vault_start(vault, NULL, &events));
    vault_put(vault, space, slice_of(key, sizeof key), NULL, plain);
    vault_flush(vault);
    vault_close(vault);
    key_set_free(keys);
}

/* A copy of the honest store, to which records are added. */
static void fresh_copy(struct room *room)
{
    struct net_node *node = &room->net->nodes[BE];
    memcpy(node->path, room->honest, sizeof node->path);
    net_next_life(node->path, room->net->folder, net_members[BE], &node->life, true);
}

static int start(struct room *room, struct err_note *note)
{
    return net_try_open(room->net, BE, net_member_keys(BE), buf_slice(&room->net->roster), note);
}

static void add(struct room *room, enum vault_space space, const ProtobufCMessage *record)
{
    struct buf plain;
    buf_init(&plain);
    fixture_pack_raw(record, &plain);
    put(room->net, space, ++room->number, buf_slice(&plain));
    buf_free(&plain);
}

static void expect_refusal(struct room *room, enum vault_space space, const char *what)
{
    struct err_note note = {{0}};
    char named[40];
    int error = start(room, &note);
    snprintf(named, sizeof named, "space %d ", (int)space);
    if (error == OK)
        fail_msg("space %d, %s: the node started", (int)space, what);
    assert_null(room->net->nodes[BE].node);
    if (error == ERR_NOMEM || strstr(note.text, named) == NULL || strstr(note.text, room->net->folder) == NULL)
        fail_msg("space %d, %s: %s: %s", (int)space, what, err_name(error), note.text);
}

/* One record that must be refused. */
static void refused(struct room *room, enum vault_space space, const ProtobufCMessage *record, const char *what)
{
    fresh_copy(room);
    add(room, space, record);
    expect_refusal(room, space, what);
}

/* The node starts with what was added. */
static struct node *started(struct room *room)
{
    struct err_note note = {{0}};
    int error = start(room, &note);
    if (error != OK)
        fail_msg("%s: %s", err_name(error), note.text);
    return room->net->nodes[BE].node;
}

static ProtobufCBinaryData some(size_t len)
{
    return wire_bytes(slice_of(bytes, len));
}
#define SET(record, field, len) ((record)->has_##field = 1, (record)->field = some(len))

static void node_record_of_any_table_that_is_no_record_is_refused(void **state)
{
    static const enum vault_space spaces[] = {
        VAULT_ITEM,     VAULT_LADDER,     VAULT_RELAY,        VAULT_CASE,     VAULT_SEEN,   VAULT_OWED,
        VAULT_KEY,      VAULT_GAP,        VAULT_SEQUENCE,     VAULT_BACKUP,   VAULT_ROWS,   VAULT_IDEMPOTENCY,
        VAULT_EVIDENCE, VAULT_BLOB,       VAULT_DRAFT,        VAULT_ROW,      VAULT_USER,   VAULT_TOKEN,
        VAULT_SESSION,  VAULT_HOOK,       VAULT_DISPATCH,     VAULT_NOTE,     VAULT_POSTER, VAULT_DRILL,
        VAULT_JOURNAL,  VAULT_AUDIT_HEAD, VAULT_JOURNAL_HEAD, VAULT_REFERENCE};
    struct room *room = *state;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        fresh_copy(room);
        put(room->net, spaces[i], 1, slice_text("\xff\xff\xff"));
        expect_refusal(room, spaces[i], "no record");
    }
}

static void node_record_of_recipients_without_its_envelope_or_member_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__LadderRecord row = HOTLINE__NODE__LADDER_RECORD__INIT, *rows[] = {&row};
    Hotline__Node__RowsRecord record = HOTLINE__NODE__ROWS_RECORD__INIT;
    char member[] = "fr-phare";
    row.member = member;
    SET(&row, envelope_hash, 3);
    refused(room, VAULT_ROW, &row.base, "a short hash");
    refused(room, VAULT_LADDER, &row.base, "a short hash");
    WIRE_SET_BYTES(&row, envelope_hash, room->hash.bytes, KEY_HASH_BYTES);
    row.member = NULL;
    refused(room, VAULT_ROW, &row.base, "no member");
    row.member = long_text;
    refused(room, VAULT_ROW, &row.base, "a long member");
    record.n_rows = 1;
    record.rows = rows;
    SET(&record, envelope_hash, 31);
    refused(room, VAULT_ROWS, &record.base, "a short hash");
    WIRE_SET_BYTES(&record, envelope_hash, room->hash.bytes, KEY_HASH_BYTES);
    refused(room, VAULT_ROWS, &record.base, "a row with a long member");
}

static void node_record_of_a_recipient_with_a_state_of_another_version_counts_as_queued(void **state)
{
    struct room *room = *state;
    int64_t many[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    char member[] = "nl-lamp";
    Hotline__Node__LadderRecord row = HOTLINE__NODE__LADDER_RECORD__INIT;
    row.member = member;
    row.n_state_at_us = sizeof many / sizeof many[0];
    row.state_at_us = many;
    WIRE_SET(&row, state, 250);
    WIRE_SET_BYTES(&row, envelope_hash, room->hash.bytes, KEY_HASH_BYTES);
    SET(&row, box, ENVELOPE_GRANT_BOX_BYTES > sizeof bytes ? sizeof bytes : ENVELOPE_GRANT_BOX_BYTES);
    SET(&row, nonce, 5);
    fresh_copy(room);
    add(room, VAULT_ROW, &row.base);
    started(room);
    struct item *item = net_revision(room->net, BE, room->reference, 1);
    const struct ladder_row *loaded = item_row(item, "nl-lamp");
    assert_non_null(loaded);
    assert_int_equal(loaded->state, 0);
    assert_false(loaded->has_grant);
    assert_int_equal(loaded->state_at_us[ITEM_STATES - 1], ITEM_STATES);
    net_kill_node(room->net, BE);
}

static void node_record_of_a_relay_without_its_name_or_envelope_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__RelayRecord record = HOTLINE__NODE__RELAY_RECORD__INIT;
    char relay[] = "relay-sud";
    WIRE_SET_BYTES(&record, envelope_hash, room->hash.bytes, KEY_HASH_BYTES);
    refused(room, VAULT_RELAY, &record.base, "no relay");
    record.relay = relay;
    SET(&record, envelope_hash, 3);
    refused(room, VAULT_RELAY, &record.base, "a short hash");
}

/* Each relay's record says who was left out, as far as it was known: the longest list is the newest. */
static void node_records_of_relays_tell_who_was_left_out_once_and_at_most_eight(void **state)
{
    struct room *room = *state;
    char relays[2][12] = {"relay-noord", "relay-sud"}, names[12][12], *list[12];
    struct item *item;
    fresh_copy(room);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "xx-%u", i);
        list[i] = names[i];
    }
    for (unsigned r = 0; r < 2; r++) {
        Hotline__Node__RelayRecord record = HOTLINE__NODE__RELAY_RECORD__INIT;
        record.relay = relays[r];
        record.n_left_out = r == 0 ? 3 : 12;
        record.left_out = list;
        WIRE_SET(&record, refused, 2);
        WIRE_SET_BYTES(&record, envelope_hash, room->hash.bytes, KEY_HASH_BYTES);
        add(room, VAULT_RELAY, &record.base);
    }
    started(room);
    item = net_revision(room->net, BE, room->reference, 1);
    assert_int_equal(item->left_out_count, 8);
    for (unsigned i = 0; i < 8; i++)
        assert_string_equal(item->left_out[i], names[i]);
    assert_int_equal(item_relay(item, "relay-sud")->state, ITEM_REFUSED);
    assert_string_equal(item_relay(item, "relay-sud")->reason, "");
    net_kill_node(room->net, BE);
}

static void node_record_of_what_was_seen_without_its_name_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__SeenRecord record = HOTLINE__NODE__SEEN_RECORD__INIT;
    char sender[] = "fr-phare";
    SET(&record, id, KEY_UUID_BYTES);
    SET(&record, hash, KEY_HASH_BYTES);
    refused(room, VAULT_SEEN, &record.base, "no sender");
    record.sender = long_text;
    refused(room, VAULT_SEEN, &record.base, "a long sender");
    record.sender = sender;
    SET(&record, id, 4);
    refused(room, VAULT_SEEN, &record.base, "a short id");
    SET(&record, id, KEY_UUID_BYTES);
    SET(&record, hash, 4);
    refused(room, VAULT_SEEN, &record.base, "a short hash");
}

static void node_record_of_owed_receipts_without_its_name_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__OwedRecord record = HOTLINE__NODE__OWED_RECORD__INIT;
    char sender[] = "fr-phare", relay[] = "relay-sud", *relays[LIMIT_RELAYS + 1];
    SET(&record, name, RECEIPT_NAME_BYTES);
    refused(room, VAULT_OWED, &record.base, "no sender");
    record.sender = sender;
    SET(&record, name, 3);
    refused(room, VAULT_OWED, &record.base, "a short name");
    SET(&record, name, RECEIPT_NAME_BYTES);
    for (size_t i = 0; i <= LIMIT_RELAYS; i++)
        relays[i] = relay;
    record.relays = relays;
    record.n_relays = LIMIT_RELAYS + 1;
    refused(room, VAULT_OWED, &record.base, "more relays than there can be");
}

static void node_record_of_a_photo_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__BlobRecord record = HOTLINE__NODE__BLOB_RECORD__INIT;
    SET(&record, name, KEY_HASH_BYTES);
    SET(&record, owner, 2);
    WIRE_SET(&record, size_bytes, 2000);
    refused(room, VAULT_BLOB, &record.base, "no owner");
    SET(&record, owner, sizeof((struct envelope_case_key *)0)->bytes);
    SET(&record, name, 2);
    refused(room, VAULT_BLOB, &record.base, "a short name");
    SET(&record, name, KEY_HASH_BYTES);
    WIRE_SET(&record, held, 2);
    refused(room, VAULT_BLOB, &record.base, "more chunks than it has");
    WIRE_SET(&record, held, 0);
    WIRE_SET(&record, size_bytes, 0);
    refused(room, VAULT_BLOB, &record.base, "no size");
}

static void node_record_of_a_number_reference_key_or_request_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__SequenceRecord sequence = HOTLINE__NODE__SEQUENCE_RECORD__INIT;
    Hotline__Node__IdempotencyRecord request = HOTLINE__NODE__IDEMPOTENCY_RECORD__INIT;
    Hotline__Node__KeyRecord key = HOTLINE__NODE__KEY_RECORD__INIT;
    char name[] = "key-1";
    refused(room, VAULT_SEQUENCE, &sequence.base, "no member");
    sequence.member = long_text;
    refused(room, VAULT_SEQUENCE, &sequence.base, "a long member");
    SET(&request, request_hash, KEY_HASH_BYTES);
    refused(room, VAULT_IDEMPOTENCY, &request.base, "no key");
    request.key = long_text;
    refused(room, VAULT_IDEMPOTENCY, &request.base, "a long key");
    request.key = name;
    SET(&request, request_hash, 3);
    refused(room, VAULT_IDEMPOTENCY, &request.base, "a short hash");
    SET(&key, public_key, KEY_BYTES);
    SET(&key, secret_key, 3);
    refused(room, VAULT_KEY, &key.base, "a short secret");
    SET(&key, public_key, 3);
    SET(&key, secret_key, KEY_BYTES);
    refused(room, VAULT_KEY, &key.base, "a short key");
}

/* References given out in an older year do not bring numbers back. */
static void node_record_of_an_older_years_references_does_not_count(void **state)
{
    struct room *room = *state;
    char reference[CASES_REFERENCE_MAX];
    Hotline__Node__ReferenceRecord record = HOTLINE__NODE__REFERENCE_RECORD__INIT;
    WIRE_SET(&record, year, 2019);
    WIRE_SET(&record, last, 700);
    fresh_copy(room);
    add(room, VAULT_REFERENCE, &record.base);
    started(room);
    net_publish(room->net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    assert_string_equal(room->reference, "BE-2026-00001");
    assert_string_equal(reference, "BE-2026-00002");
    net_kill_node(room->net, BE);
}

static void node_record_of_evidence_or_numbers_met_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__EvidenceRecord evidence = HOTLINE__NODE__EVIDENCE_RECORD__INIT;
    Hotline__Node__GapRecord gap = HOTLINE__NODE__GAP_RECORD__INIT;
    char who[] = "fr-phare";
    WIRE_SET(&evidence, kind, 1);
    SET(&evidence, hash, KEY_HASH_BYTES);
    refused(room, VAULT_EVIDENCE, &evidence.base, "of nobody");
    evidence.who = who;
    WIRE_SET(&evidence, kind, 0);
    refused(room, VAULT_EVIDENCE, &evidence.base, "of no kind");
    WIRE_SET(&evidence, kind, 250);
    refused(room, VAULT_EVIDENCE, &evidence.base, "of a kind that is none");
    WIRE_SET(&evidence, kind, 1);
    SET(&evidence, hash, 3);
    refused(room, VAULT_EVIDENCE, &evidence.base, "a short hash");
    SET(&gap, store_id, KEY_UUID_BYTES);
    refused(room, VAULT_GAP, &gap.base, "no sender");
    gap.sender = long_text;
    refused(room, VAULT_GAP, &gap.base, "a long sender");
    gap.sender = who;
    SET(&gap, store_id, 3);
    refused(room, VAULT_GAP, &gap.base, "a short store id");
}

static void node_record_of_a_draft_note_poster_or_drill_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__DraftRecord draft = HOTLINE__NODE__DRAFT_RECORD__INIT;
    Hotline__Node__NoteRecord written = HOTLINE__NODE__NOTE_RECORD__INIT;
    Hotline__Node__PosterRecord poster = HOTLINE__NODE__POSTER_RECORD__INIT;
    Hotline__Node__DrillRecord drill = HOTLINE__NODE__DRILL_RECORD__INIT;
    SET(&draft, document, 2);
    SET(&draft, tag, KEY_UUID_BYTES);
    refused(room, VAULT_DRAFT, &draft.base, "no id");
    SET(&draft, id, KEY_UUID_BYTES);
    SET(&draft, tag, 2);
    refused(room, VAULT_DRAFT, &draft.base, "a short tag");
    SET(&draft, tag, KEY_UUID_BYTES);
    SET(&draft, document, 0);
    refused(room, VAULT_DRAFT, &draft.base, "no words");
    SET(&written, text, 2);
    refused(room, VAULT_NOTE, &written.base, "no id");
    SET(&written, id, KEY_UUID_BYTES);
    SET(&written, text, 0);
    refused(room, VAULT_NOTE, &written.base, "no words");
    SET(&poster, of_case, sizeof((struct envelope_case_key *)0)->bytes);
    poster.language = long_text;
    refused(room, VAULT_POSTER, &poster.base, "no id");
    SET(&poster, id, KEY_UUID_BYTES);
    SET(&poster, of_case, 2);
    refused(room, VAULT_POSTER, &poster.base, "of no case");
    SET(&poster, of_case, sizeof((struct envelope_case_key *)0)->bytes);
    poster.language = NULL;
    refused(room, VAULT_POSTER, &poster.base, "in no language");
    refused(room, VAULT_DRILL, &drill.base, "no id");
    SET(&drill, id, KEY_UUID_BYTES);
    refused(room, VAULT_DRILL, &drill.base, "no draft");
    SET(&drill, draft, KEY_UUID_BYTES);
    refused(room, VAULT_DRILL, &drill.base, "no tag");
    SET(&drill, tag, KEY_UUID_BYTES);
    WIRE_SET(&drill, state, 250);
    refused(room, VAULT_DRILL, &drill.base, "a state that is none");
}

static void node_record_of_a_receiver_or_message_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__HookRecord hook = HOTLINE__NODE__HOOK_RECORD__INIT;
    Hotline__Node__DispatchRecord message = HOTLINE__NODE__DISPATCH_RECORD__INIT;
    char url[] = "https://hook.example/in", text[] = "case.received";
    SET(&hook, secret, SEAL_HOOK_BYTES);
    SET(&hook, seed, SEAL_HOOK_BYTES);
    hook.url = url;
    refused(room, VAULT_HOOK, &hook.base, "no id");
    SET(&hook, id, KEY_UUID_BYTES);
    hook.url = NULL;
    refused(room, VAULT_HOOK, &hook.base, "no url");
    hook.url = long_text;
    refused(room, VAULT_HOOK, &hook.base, "a long url");
    hook.url = url;
    SET(&hook, secret, 3);
    refused(room, VAULT_HOOK, &hook.base, "a short secret");
    SET(&hook, secret, SEAL_HOOK_BYTES);
    SET(&hook, seed, 3);
    refused(room, VAULT_HOOK, &hook.base, "a short seed");
    SET(&message, hook, KEY_UUID_BYTES);
    message.type = message.body = text;
    refused(room, VAULT_DISPATCH, &message.base, "no id");
    SET(&message, id, KEY_UUID_BYTES);
    SET(&message, hook, 3);
    refused(room, VAULT_DISPATCH, &message.base, "a short receiver");
    SET(&message, hook, KEY_UUID_BYTES);
    WIRE_SET(&message, way, 250);
    refused(room, VAULT_DISPATCH, &message.base, "a way that is none");
    WIRE_SET(&message, way, 0);
    WIRE_SET(&message, state, 250);
    refused(room, VAULT_DISPATCH, &message.base, "a state that is none");
    WIRE_SET(&message, state, 0);
    message.type = NULL;
    refused(room, VAULT_DISPATCH, &message.base, "no type");
    message.type = text;
    message.body = NULL;
    refused(room, VAULT_DISPATCH, &message.base, "no body");
}

static void honest_user(Hotline__Node__UserRecord *user, char *name)
{
    hotline__node__user_record__init(user);
    user->name = name;
    SET(user, salt, 16);
    SET(user, hash, KEY_BYTES);
}

static void node_record_of_a_user_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__UserRecord user;
    char name[] = "ana", bad[] = "Ana!";
    honest_user(&user, NULL);
    refused(room, VAULT_USER, &user.base, "no name");
    honest_user(&user, bad);
    refused(room, VAULT_USER, &user.base, "a name that is none");
    honest_user(&user, name);
    WIRE_SET(&user, role, 250);
    refused(room, VAULT_USER, &user.base, "a role that is none");
    honest_user(&user, name);
    SET(&user, salt, 3);
    refused(room, VAULT_USER, &user.base, "a short salt");
    honest_user(&user, name);
    SET(&user, hash, 3);
    refused(room, VAULT_USER, &user.base, "a short hash");
    honest_user(&user, name);
    SET(&user, totp_secret, 3);
    refused(room, VAULT_USER, &user.base, "a short secret of its codes");
    honest_user(&user, name);
    SET(&user, totp_secret, TOTP_SECRET_BYTES);
    fresh_copy(room);
    add(room, VAULT_USER, &user.base);
    const struct user *loaded = accounts_user(node_accounts(started(room)), "ana");
    assert_non_null(loaded);
    assert_true(loaded->has_totp);
    net_kill_node(room->net, BE);
}

static void node_record_of_a_token_session_or_audit_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__TokenRecord token = HOTLINE__NODE__TOKEN_RECORD__INIT;
    Hotline__Node__SessionRecord session = HOTLINE__NODE__SESSION_RECORD__INIT;
    Hotline__Node__AuditHeadRecord head = HOTLINE__NODE__AUDIT_HEAD_RECORD__INIT;
    char name[] = "desk";
    token.name = name;
    SET(&token, hash, KEY_HASH_BYTES);
    refused(room, VAULT_TOKEN, &token.base, "no id");
    SET(&token, id, sizeof((struct token *)0)->id);
    token.name = NULL;
    refused(room, VAULT_TOKEN, &token.base, "no name");
    token.name = name;
    SET(&token, hash, 3);
    refused(room, VAULT_TOKEN, &token.base, "a short hash");
    refused(room, VAULT_SESSION, &session.base, "no hash");
    SET(&head, hash, 3);
    refused(room, VAULT_AUDIT_HEAD, &head.base, "a short hash");
}

static void node_record_of_a_case_or_event_that_cannot_be_is_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__CaseRecord one = HOTLINE__NODE__CASE_RECORD__INIT;
    Hotline__Node__JournalRow row = HOTLINE__NODE__JOURNAL_ROW__INIT, *rows[] = {&row};
    Hotline__Node__JournalRecord events = HOTLINE__NODE__JOURNAL_RECORD__INIT;
    char opener[] = "fr-phare", text[] = "event: ready\n\n";
    SET(&one, case_id, KEY_UUID_BYTES);
    refused(room, VAULT_CASE, &one.base, "no opener");
    one.opener = long_text;
    refused(room, VAULT_CASE, &one.base, "a long opener");
    one.opener = opener;
    SET(&one, case_id, 3);
    refused(room, VAULT_CASE, &one.base, "a short id");
    refused(room, VAULT_JOURNAL, &events.base, "no event");
    events.n_rows = 1;
    events.rows = rows;
    WIRE_SET(&row, id, 7);
    refused(room, VAULT_JOURNAL, &events.base, "an event without text");
    row.text = text;
    WIRE_SET(&row, id, 0);
    refused(room, VAULT_JOURNAL, &events.base, "an event without a number");
    WIRE_SET(&row, id, 7);
    SET(&events, of_case, 3);
    refused(room, VAULT_JOURNAL, &events.base, "of a case that cannot be");
    events.has_of_case = 0;
    WIRE_SET(&events, owned, true);
    refused(room, VAULT_JOURNAL, &events.base, "under the key of no case");
}

/* As a store of before kept it: of the opening alone. */
static void node_record_of_a_case_of_before_keeps_who_approved_its_opening(void **state)
{
    struct room *room = *state;
    char opener[] = "be-baken", by[] = "ana", reason[] = "alone";
    Hotline__Node__CaseRecord record = HOTLINE__NODE__CASE_RECORD__INIT;
    const struct case_entry *entry = NULL;
    record.opener = opener;
    record.second_by = by;
    record.second_reason = reason;
    WIRE_SET(&record, second_at_us, 7);
    SET(&record, case_id, KEY_UUID_BYTES);
    fresh_copy(room);
    add(room, VAULT_CASE, &record.base);
    const struct cases *cases = node_cases(started(room));
    for (size_t i = 0; i < cases->count; i++)
        if (cases->order[i]->revision_count == 0)
            entry = cases->order[i];
    assert_non_null(entry);
    assert_int_equal(entry->second_count, 1);
    assert_int_equal(entry->seconds[0].revision, 1);
    assert_int_equal(entry->seconds[0].at_us, 7);
    assert_string_equal(entry->seconds[0].by, "ana");
    assert_string_equal(entry->seconds[0].reason, "alone");
    net_kill_node(room->net, BE);
}

static void node_record_of_a_case_with_too_many_approvals_is_refused(void **state)
{
    struct room *room = *state;
    char opener[] = "be-baken";
    Hotline__Node__CaseRecord record = HOTLINE__NODE__CASE_RECORD__INIT;
    Hotline__Node__SecondRecord second = HOTLINE__NODE__SECOND_RECORD__INIT, *list[CASES_SECONDS_MAX + 1];
    record.opener = opener;
    SET(&record, case_id, KEY_UUID_BYTES);
    for (size_t i = 0; i <= CASES_SECONDS_MAX; i++)
        list[i] = &second;
    record.seconds = list;
    record.n_seconds = CASES_SECONDS_MAX + 1;
    refused(room, VAULT_CASE, &record.base, "too many approvals");
}

/* More than there can be: whoever wrote them was not this program. */
static void node_records_beyond_a_limit_are_refused(void **state)
{
    struct room *room = *state;
    Hotline__Node__HookRecord hook = HOTLINE__NODE__HOOK_RECORD__INIT;
    Hotline__Node__TokenRecord token = HOTLINE__NODE__TOKEN_RECORD__INIT;
    char url[] = "https://hook.example/in", name[] = "desk";
    uint8_t id[KEY_UUID_BYTES] = {0};
    hook.url = url;
    token.name = name;
    SET(&hook, secret, SEAL_HOOK_BYTES);
    SET(&hook, seed, SEAL_HOOK_BYTES);
    SET(&token, hash, KEY_HASH_BYTES);
    SET(&token, id, sizeof((struct token *)0)->id);
    fresh_copy(room);
    for (int i = 0; i <= LIMIT_HOOKS; i++) {
        id[0] = (uint8_t)i;
        WIRE_SET_BYTES(&hook, id, id, sizeof id);
        add(room, VAULT_HOOK, &hook.base);
    }
    expect_refusal(room, VAULT_HOOK, "one too many");
    fresh_copy(room);
    for (int i = 0; i <= LIMIT_TOKENS; i++)
        add(room, VAULT_TOKEN, &token.base);
    expect_refusal(room, VAULT_TOKEN, "one too many");
}

int main(void)
{
#define DAMAGED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        DAMAGED_TEST(node_record_of_any_table_that_is_no_record_is_refused),
        DAMAGED_TEST(node_record_of_recipients_without_its_envelope_or_member_is_refused),
        DAMAGED_TEST(node_record_of_a_recipient_with_a_state_of_another_version_counts_as_queued),
        DAMAGED_TEST(node_record_of_a_relay_without_its_name_or_envelope_is_refused),
        DAMAGED_TEST(node_records_of_relays_tell_who_was_left_out_once_and_at_most_eight),
        DAMAGED_TEST(node_record_of_what_was_seen_without_its_name_is_refused),
        DAMAGED_TEST(node_record_of_owed_receipts_without_its_name_is_refused),
        DAMAGED_TEST(node_record_of_a_photo_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_number_reference_key_or_request_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_an_older_years_references_does_not_count),
        DAMAGED_TEST(node_record_of_evidence_or_numbers_met_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_draft_note_poster_or_drill_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_receiver_or_message_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_user_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_token_session_or_audit_that_cannot_be_is_refused),
        DAMAGED_TEST(node_record_of_a_case_or_event_that_cannot_be_is_refused),
        DAMAGED_TEST(node_records_beyond_a_limit_are_refused),
        DAMAGED_TEST(node_record_of_a_case_of_before_keeps_who_approved_its_opening),
        DAMAGED_TEST(node_record_of_a_case_with_too_many_approvals_is_refused),
    };
    return cmocka_run_group_tests_name("node_damaged", tests, NULL, NULL);
}
