/* item: an envelope held here, its rows, and what its records keep over a restart. */
#include "node/record.pb-c.h"
#include "node_world.h"

static const struct net_publish to_france_and_italy = {.to = {"FR", "IT"}};

static void item_rows_stay_sorted_and_are_made_once(void **state)
{
    (void)state;
    struct item item = {0};
    static const char *const names[] = {"nl-lamp", "be-baken", "it-lanterna", "be-baken", "fr-phare"};
    for (size_t i = 0; i < 5; i++)
        assert_non_null(item_row_add(&item, names[i]));
    assert_int_equal(item.ladder_count, 4);
    for (size_t i = 1; i < 4; i++)
        assert_true(strcmp(item.ladder[i - 1].member, item.ladder[i].member) < 0);
    assert_string_equal(item_row(&item, "it-lanterna")->member, "it-lanterna");
    assert_null(item_row(&item, "it-lantern"));
    assert_null(item_row(&item, "zz"));
    free(item.ladder);
}

static void item_is_answered_when_every_row_is(void **state)
{
    (void)state;
    struct item item = {0};
    assert_non_null(item_row_add(&item, "fr-phare"));
    item_row_add(&item, "it-lanterna")->state = HOTLINE__RECEIPT_STATE__CODE__DELIVERED;
    assert_false(item_is_answered(&item));
    item_row(&item, "fr-phare")->state = HOTLINE__RECEIPT_STATE__CODE__DECLINED;
    assert_true(item_is_answered(&item));
    free(item.ladder);
}

static void item_counts_the_relays_that_accepted(void **state)
{
    (void)state;
    struct item item = {0};
    item_relay_add(&item, "relay-noord")->state = ITEM_ACCEPTED;
    item_relay_add(&item, "relay-sud")->state = ITEM_REFUSED;
    assert_ptr_equal(item_relay_add(&item, "relay-sud"), item_relay(&item, "relay-sud"));
    assert_null(item_relay(&item, "relay-west"));
    assert_int_equal(item.relay_count, 2);
    assert_int_equal(item_accepted_by(&item), 1);
    free(item.relays);
}

/* A reply stands for nothing before it; who was left out of what a relay took is known after a restart. */
static void item_reply_replaces_nothing_and_who_was_left_out_is_kept(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    assert_ok(net_try_reply(net, FR, reference, "Seen at the station", NULL));
    net_run(net);
    assert_int_equal(net_case(net, BE, reference)->thread_count, 1);
    assert_null(item_replaces(net_case(net, BE, reference)->thread[0]));
    struct item *item = net_case(net, BE, reference)->revisions[0];
    assert_null(item_replaces(item));
    snprintf(item->left_out[0], sizeof item->left_out[0], "it-lanterna");
    item->left_out_count = 1;
    item_save_relay(node_vault(net->nodes[BE].node), item, item_relay(item, "relay-noord"), slice_of(NULL, 0));
    net_pass(net, CLOCK_SECOND_US);
    net_crash(net, BE);
    const struct item *kept = net_revision(net, BE, reference, 1);
    assert_int_equal(kept->left_out_count, 1);
    assert_string_equal(kept->left_out[0], "it-lanterna");
}

/* Byte for byte what it was, with its grants, states, proofs and relays. */
static void item_records_keep_everything_over_a_restart(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    struct key_hash hash = item->hash;
    struct key_content content = item->content_key;
    struct key_signature signature = item->signature;
    int64_t at_us = item->at_us, accepted_us = item_relay(item, "relay-noord")->at_us;
    struct ladder_row row = *item_row(item, "fr-phare");
    net_crash(net, BE);
    item = net_revision(net, BE, reference, 1);
    assert_memory_equal(item->hash.bytes, hash.bytes, KEY_HASH_BYTES);
    assert_memory_equal(item->content_key.bytes, content.bytes, KEY_BYTES);
    assert_memory_equal(item->signature.bytes, signature.bytes, KEY_SIGNATURE_BYTES);
    assert_true(item->mine && !item->late && !item->recovered);
    assert_int_equal(item->at_us, at_us);
    assert_int_equal(item->ticket, 0);
    assert_int_equal(item_relay(item, "relay-noord")->at_us, accepted_us);
    assert_int_equal(item_accepted_by(item), 2);
    const struct ladder_row *kept = item_row(item, "fr-phare");
    assert_memory_equal(kept->grant.box, row.grant.box, sizeof row.grant.box);
    assert_memory_equal(kept->grant.nonce, row.grant.nonce, sizeof row.grant.nonce);
    assert_int_equal(kept->grant.sequence, row.grant.sequence);
    assert_int_equal(kept->state, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
    assert_memory_equal(kept->state_at_us, row.state_at_us, sizeof row.state_at_us);
    assert_true(kept->proof.len > 0);
    assert_true(item_content(item) != NULL &&
                strcmp(item_content(item)->alert->child->given_name, "Aurelia-canary") == 0);
}

static void item_new_refuses_what_is_no_envelope(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct item *item = NULL;
    struct err_note note = {{0}};
    net_publish(net, BE, &to_france_and_italy, reference);
    const struct case_entry *entry = node_cases(net->nodes[BE].node)->order[0];
    const struct item *good = entry->revisions[0];
    struct slice header = buf_slice(&good->header_bytes), body = buf_slice(&good->body);
    struct slice signature = slice_of(good->signature.bytes, KEY_SIGNATURE_BYTES);
    assert_true(item_new(slice_of(header.data, header.len - 1), signature, body, &net->arena, &note, &item) != OK);
    assert_error(item_new(header, slice_of(signature.data, 63), body, &net->arena, &note, &item), ERR_SIGNATURE);
    assert_error(item_new(header, signature, slice_of(body.data, 100), &net->arena, &note, &item), ERR_LIMIT);
    assert_null(item);
    assert_ok(item_new(header, signature, body, &net->arena, &note, &item));
    struct key_content wrong = good->content_key;
    wrong.bytes[0] ^= 1;
    assert_true(item_open(item, &wrong, &net->arena, &note) != OK);
    assert_null(item_content(item));
    for (int times = 0; times < 2; times++) { /* what was open is let go */
        assert_ok(item_open(item, &good->content_key, &net->arena, &note));
        assert_non_null(item_content(item));
    }
    item_free(item);
}

static void item_body_stays_sealed_at_a_start_until_it_is_asked_for(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    net_crash(net, BE);
    net_pass(net, 120 * CLOCK_SECOND_US);                          /* expiry, alarms and relays have looked at it */
    const struct item *item = net_revision(net, BE, reference, 1); /* found by its reference */
    assert_null(item->opened);
    assert_string_equal(item->reference, reference);
    assert_true(item_is_alert(item));
    assert_string_equal(item_content(item)->alert->child->given_name, "Aurelia-canary");
    assert_ptr_equal(item_content(item), item->opened);
}

static void item_record_of_a_version_before_is_opened_at_once(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    Hotline__Node__ItemRecord record = HOTLINE__NODE__ITEM_RECORD__INIT;
    struct item *loaded;
    struct buf bytes;
    buf_init(&bytes);
    WIRE_SET_BYTES(&record, header, item->header_bytes.data, item->header_bytes.len);
    WIRE_SET_BYTES(&record, signature, (uint8_t *)(uintptr_t)item->signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&record, body, item->body.data, item->body.len);
    WIRE_SET_BYTES(&record, content_key, (uint8_t *)(uintptr_t)item->content_key.bytes, KEY_BYTES);
    wire_pack(&record.base, &bytes);
    assert_ok(item_load(buf_slice(&bytes), &net->arena, &loaded));
    assert_memory_equal(loaded->hash.bytes, item->hash.bytes, KEY_HASH_BYTES);
    assert_string_equal(loaded->reference, reference);
    assert_non_null(loaded->opened);
    item_free(loaded);
    record.has_signature = 0;
    buf_clear(&bytes);
    wire_pack(&record.base, &bytes);
    assert_error(item_load(buf_slice(&bytes), &net->arena, &loaded), ERR_CORRUPT);
    buf_free(&bytes);
}

/* ---- bodies that are not what their headers say ---- */

static int open_as(struct net *net, const struct item *good, Hotline__EnvelopeHeader *header,
                   const Hotline__EnvelopeBody *body, struct err_note *note)
{
    struct key_set *keys = net_member_keys(BE);
    struct envelope_sealed sealed = {0};
    struct item *item = NULL;
    assert_ok(envelope_seal(header, &body->base, &keys->identity_secret, &sealed));
    assert_ok(item_new(buf_slice(&sealed.header), slice_of(sealed.signature.bytes, KEY_SIGNATURE_BYTES),
                       buf_slice(&sealed.body), &net->arena, note, &item));
    assert_true(good != item);
    int result = item_open(item, &sealed.content, &net->arena, note);
    item_free(item);
    envelope_sealed_done(&sealed);
    key_set_free(keys);
    return result;
}

static void item_body_of_another_kind_revision_or_status_is_refused(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    const struct item *good = net_revision(net, BE, reference, 1);
    Hotline__EnvelopeBody empty = HOTLINE__ENVELOPE_BODY__INIT, probe = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Probe word = HOTLINE__PROBE__INIT;
    WIRE_SET(&word, sent_at, FIXTURE_NOW);
    WIRE_SET(&word, number, 1);
    probe.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_PROBE;
    probe.probe = &word;
    Hotline__EnvelopeBody *alert = item_content(good);
    Hotline__EnvelopeHeader header = *good->header;
    assert_error(open_as(net, good, &header, alert, &note), OK);
    assert_error(open_as(net, good, &header, &probe, &note), ERR_INVALID);
    assert_note(&note, "not what its header says");
    assert_error(open_as(net, good, &header, &empty, &note), ERR_INVALID);
    header.revision = 2;
    header.act = HOTLINE__ACT__CODE__UPDATE;
    assert_error(open_as(net, good, &header, alert, &note), ERR_INVALID);
    header.act = HOTLINE__ACT__CODE__CLOSE;
    assert_error(open_as(net, good, &header, alert, &note), ERR_INVALID);
    header = *good->header;
    header.status = HOTLINE__STATUS__CODE__EXERCISE;
    assert_error(open_as(net, good, &header, alert, &note), ERR_INVALID);
    /* An end: in a revision that is one, and that it names itself. */
    static const uint8_t case_id[KEY_UUID_BYTES] = {1};
    Hotline__EnvelopeBody end = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    WIRE_SET_BYTES(&closing, case_id, good->header->case_name->case_id.data, sizeof case_id);
    WIRE_SET(&closing, revision, 2);
    WIRE_SET(&closing, outcome, HOTLINE__OUTCOME__CODE__FOUND_SAFE);
    WIRE_SET(&closing, closed_at, FIXTURE_NOW);
    closing.reference = reference;
    end.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
    end.closing = &closing;
    header = *good->header;
    header.revision = 2;
    header.act = HOTLINE__ACT__CODE__CLOSE;
    assert_error(open_as(net, good, &header, &end, &note), OK);
    header.act = HOTLINE__ACT__CODE__UPDATE;
    assert_error(open_as(net, good, &header, &end, &note), ERR_INVALID);
    header.act = HOTLINE__ACT__CODE__RETRACT;
    closing.revision = 3;
    assert_error(open_as(net, good, &header, &end, &note), ERR_INVALID);
    assert_note(&note, "not what its header says");
    closing.revision = 2;
    WIRE_SET_BYTES(&closing, case_id, case_id, sizeof case_id);
    assert_error(open_as(net, good, &header, &end, &note), ERR_INVALID);
    static const Hotline__Kind__Code others[] = {HOTLINE__KIND__CODE__REPLY, HOTLINE__KIND__CODE__REFERRAL};
    for (size_t i = 0; i < 2; i++) {
        header = *good->header;
        header.kind = others[i];
        header.has_revision = header.has_act = 0;
        assert_error(open_as(net, good, &header, alert, &note), ERR_INVALID);
    }
}

/* ---- records that a disk broke ---- */

static int load_changed(struct net *net, const Hotline__Node__ItemRecord *record)
{
    struct buf bytes;
    struct item *item = NULL;
    buf_init(&bytes);
    fixture_pack_raw(&record->base, &bytes);
    int result = item_load(buf_slice(&bytes), &net->arena, &item);
    assert_true((result == OK) == (item != NULL));
    item_free(item);
    buf_free(&bytes);
    return result;
}

static void item_record_that_a_disk_broke_is_corrupt_and_no_item(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    const struct item *good = node_cases(net->nodes[BE].node)->order[0]->revisions[0];
    struct key_hash hash = good->hash;
    struct item *item = NULL;
    Hotline__Node__ItemRecord whole = HOTLINE__NODE__ITEM_RECORD__INIT;
    WIRE_SET_BYTES(&whole, header, good->header_bytes.data, good->header_bytes.len);
    WIRE_SET_BYTES(&whole, signature, (uint8_t *)(uintptr_t)good->signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&whole, erased_hash, hash.bytes, KEY_HASH_BYTES);
    assert_error(load_changed(net, &whole), OK); /* the shell of an erased one */
    Hotline__Node__ItemRecord broken = whole;
    broken.erased_hash.len--;
    assert_error(load_changed(net, &broken), ERR_CORRUPT);
    broken = whole;
    broken.signature.len--;
    assert_error(load_changed(net, &broken), ERR_CORRUPT);
    broken = whole;
    broken.header.len--;
    assert_error(load_changed(net, &broken), ERR_CORRUPT);
    broken = whole;
    broken.has_erased_hash = 0; /* neither erased nor with a body */
    assert_error(load_changed(net, &broken), ERR_CORRUPT);
    WIRE_SET_BYTES(&broken, body, good->body.data, good->body.len); /* and without its key */
    assert_error(load_changed(net, &broken), ERR_CORRUPT);
    assert_error(item_load(slice_text("\xff\xff\xff"), &net->arena, &item), ERR_CORRUPT);
    assert_null(item);
}

/* ---- a store as version 1 of the schema kept it: a record for each row ---- */

#define OLD_ROWS 8
struct old_rows {
    Hotline__Node__LadderRecord *row[OLD_ROWS];
    size_t count, records;
};

static void add_old_row(struct old_rows *rows, const Hotline__Node__LadderRecord *row, ProtobufCBinaryData hash)
{
    Hotline__Node__LadderRecord whole = *row;
    struct buf bytes;
    size_t at = 0;
    WIRE_SET_BYTES(&whole, envelope_hash, hash.data, hash.len);
    buf_init(&bytes);
    wire_pack(&whole.base, &bytes);
    while (at < rows->count && strcmp(rows->row[at]->member, row->member) != 0)
        at++;
    assert_true(at < OLD_ROWS);
    if (at < rows->count)
        hotline__node__ladder_record__free_unpacked(rows->row[at], NULL);
    else
        rows->count++;
    rows->row[at] = hotline__node__ladder_record__unpack(NULL, bytes.len, bytes.data);
    assert_non_null(rows->row[at]);
    buf_free(&bytes);
}

static int read_packed(void *ctx, struct slice bytes)
{
    Hotline__Node__RowsRecord *record = hotline__node__rows_record__unpack(NULL, bytes.len, bytes.data);
    assert_non_null(record);
    for (size_t i = 0; i < record->n_rows; i++)
        add_old_row(ctx, record->rows[i], record->envelope_hash);
    hotline__node__rows_record__free_unpacked(record, NULL);
    return OK;
}

static int read_single(void *ctx, struct slice bytes)
{
    Hotline__Node__LadderRecord *record = hotline__node__ladder_record__unpack(NULL, bytes.len, bytes.data);
    assert_non_null(record);
    add_old_row(ctx, record, record->envelope_hash);
    hotline__node__ladder_record__free_unpacked(record, NULL);
    return OK;
}

static int count_record(void *ctx, struct slice bytes)
{
    (void)bytes;
    ((struct old_rows *)ctx)->records++;
    return OK;
}

static struct vault *open_vault(const struct net *net, unsigned node, struct key_set *keys)
{
    struct err_note note = {{0}};
    struct db *db;
    struct vault *vault;
    assert_ok(db_open(net->nodes[node].path, vault_schema(), net_members[node], &note, &db));
    assert_ok(vault_open(db, keys, NULL, &note, &vault));
    return vault;
}

static void make_old(struct net *net, unsigned node, const struct envelope_case_key *owner)
{
    struct old_rows rows = {.count = 0};
    struct key_set *keys = net_member_keys(node);
    struct vault *vault = open_vault(net, node, keys);
    struct store_events events = {0};
    sqlite3 *db;
    assert_ok(vault_each(vault, VAULT_ROWS, read_packed, &rows, NULL));
    assert_ok(vault_each(vault, VAULT_ROW, read_single, &rows, NULL));
    assert_int_equal(rows.count, 2);
    assert_ok(vault_start(vault, NULL, &events));
    for (size_t i = 0; i < rows.count; i++) {
        struct buf key, bytes;
        buf_init(&key);
        buf_init(&bytes);
        buf_add_slice(&key, wire_slice(rows.row[i]->envelope_hash));
        vault_remove(vault, VAULT_ROWS, buf_slice(&key));
        buf_add_text(&key, rows.row[i]->member);
        vault_remove(vault, VAULT_ROW, buf_slice(&key));
        wire_pack(&rows.row[i]->base, &bytes);
        vault_put(vault, VAULT_LADDER, buf_slice(&key), owner, buf_slice(&bytes));
        hotline__node__ladder_record__free_unpacked(rows.row[i], NULL);
        buf_free(&key);
        buf_free(&bytes);
    }
    vault_close(vault);
    key_set_free(keys);
    assert_int_equal(sqlite3_open(net->nodes[node].path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static size_t count_records(struct net *net, unsigned node, enum vault_space space)
{
    struct old_rows rows = {.count = 0};
    struct key_set *keys = net_member_keys(node);
    struct vault *vault = open_vault(net, node, keys);
    assert_ok(vault_each(vault, space, count_record, &rows, NULL));
    vault_close(vault);
    key_set_free(keys);
    return rows.records;
}

static void item_rows_of_a_store_of_version_1_are_united_at_its_first_start(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], next[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france_and_italy, reference);
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    struct ladder_row row = *item_row(net_revision(net, BE, reference, 1), "fr-phare");
    struct envelope_case_key owner = net_case(net, BE, reference)->key;
    net_kill_node(net, BE);
    assert_int_equal(count_records(net, BE, VAULT_ROWS), 1);
    make_old(net, BE, &owner);
    assert_int_equal(count_records(net, BE, VAULT_LADDER), 2);
    assert_int_equal(count_records(net, BE, VAULT_ROWS), 0);
    for (int life = 0; life < 2; life++) { /* as it was found, and as it was written */
        net_start(net, BE);
        const struct ladder_row *kept = item_row(net_revision(net, BE, reference, 1), "fr-phare");
        assert_memory_equal(kept->grant.box, row.grant.box, sizeof row.grant.box);
        assert_int_equal(kept->state, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
        assert_memory_equal(kept->state_at_us, row.state_at_us, sizeof row.state_at_us);
        assert_true(kept->proof.len > 0);
        net_kill_node(net, BE);
        assert_int_equal(count_records(net, BE, VAULT_LADDER), 0);
        assert_int_equal(count_records(net, BE, VAULT_ROWS), 1);
    }
    net_start(net, BE);
    net_publish(net, BE, &to_france_and_italy, next);
    net_commit(net, BE);
    assert_int_equal(item_row(net_revision(net, BE, next, 1), "fr-phare")->grant.sequence, row.grant.sequence + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_rows_stay_sorted_and_are_made_once),
        cmocka_unit_test(item_is_answered_when_every_row_is),
        cmocka_unit_test(item_counts_the_relays_that_accepted),
        NET_TEST(item_records_keep_everything_over_a_restart),
        NET_TEST(item_reply_replaces_nothing_and_who_was_left_out_is_kept),
        NET_TEST(item_rows_of_a_store_of_version_1_are_united_at_its_first_start),
        NET_TEST(item_new_refuses_what_is_no_envelope),
        NET_TEST(item_body_of_another_kind_revision_or_status_is_refused),
        NET_TEST(item_record_that_a_disk_broke_is_corrupt_and_no_item),
        NET_TEST(item_body_stays_sealed_at_a_start_until_it_is_asked_for),
        NET_TEST(item_record_of_a_version_before_is_opened_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
