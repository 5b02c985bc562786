/* item: an envelope held here, its rows, and what its records keep over a restart. */
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
    assert_true(item->content != NULL && strcmp(item->content->alert->child->given_name, "Aurelia-canary") == 0);
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
    assert_null(item->content);
    assert_ok(item_open(item, &good->content_key, &net->arena, &note));
    assert_non_null(item->content);
    item_free(item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(item_rows_stay_sorted_and_are_made_once),
        cmocka_unit_test(item_is_answered_when_every_row_is),
        cmocka_unit_test(item_counts_the_relays_that_accepted),
        NET_TEST(item_records_keep_everything_over_a_restart),
        NET_TEST(item_new_refuses_what_is_no_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
