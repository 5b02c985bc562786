/* card: signed by its member alone, whole, and never believed otherwise. */
#include "fixture.h"

#include "proto/card.h"
#include "proto/country.h"

static const char *const subscriptions[] = {"NL", "FR", "XK"};

static struct card_draft draft_of(const struct key_set *set)
{
    return (struct card_draft){.serial = 7,
                               .store_id = {{1, 2, 3}},
                               .encryption_key = set->recovery,
                               .not_after_us = FIXTURE_NOW + CLOCK_DAY_US,
                               .subscriptions = subscriptions,
                               .subscription_count = 3,
                               .software = "hotline-node 0.1.0"};
}

static int load(const struct fixture *fixture, struct slice bytes, struct card *card, size_t *index)
{
    *card = (struct card){0};
    return card_load(bytes, fixture->roster, FIXTURE_NOW, card, index);
}

static void card_made_is_verified_with_every_field(void **state)
{
    struct fixture *fixture = *state;
    struct card_draft draft = draft_of(fixture->member[1]);
    struct card made = {0}, got;
    struct wire_arena arena;
    Hotline__SignedCard *view = NULL;
    size_t index = ROSTER_NONE;
    assert_error(card_make(fixture->member[1], &draft, &made), OK);
    assert_error(load(fixture, buf_slice(&made.bytes), &got, &index), OK);
    assert_int_equal(index, 1);
    assert_int_equal(got.serial, 7);
    assert_string_equal(got.member, "fr-phare");
    assert_memory_equal(got.store_id.bytes, draft.store_id.bytes, 16);
    assert_memory_equal(got.encryption_key.bytes, fixture->member[1]->recovery.bytes, 32);
    assert_true(key_id_equal(got.encryption_key_id, key_id_of(fixture->member[1]->recovery.bytes)));
    assert_int_equal(got.not_after_us, FIXTURE_NOW + CLOCK_DAY_US);
    size_t count = 0;
    for (int i = -1; i < LIMIT_COUNTRIES + 1; i++)
        count += card_subscribes(&got, i);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(card_subscribes(&got, country_index(subscriptions[i])));
    assert_memory_equal(got.subscriptions, made.subscriptions, sizeof got.subscriptions);
    assert_int_equal(got.bytes.len, made.bytes.len);
    assert_memory_equal(got.bytes.data, made.bytes.data, made.bytes.len);
    assert_error(wire_arena_init(&arena), OK);
    assert_error(card_view(&got, &arena, &view), OK);
    assert_int_equal(protobuf_c_message_get_packed_size(&view->base), got.bytes.len);
    wire_arena_done(&arena);
    card_done(&got);
    card_done(&made);
}

static void card_with_any_changed_byte_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct card_draft draft = draft_of(fixture->member[0]);
    struct card made = {0}, got;
    size_t index = 99;
    assert_error(card_make(fixture->member[0], &draft, &made), OK);
    for (size_t at = 0; at < made.bytes.len; at++) {
        made.bytes.data[at] ^= (uint8_t)(1 << at % 8);
        if (load(fixture, buf_slice(&made.bytes), &got, &index) == OK)
            fail_msg("byte %zu changed and nobody noticed", at);
        made.bytes.data[at] ^= (uint8_t)(1 << at % 8);
    }
    for (size_t len = 0; len < made.bytes.len; len++)
        assert_int_not_equal(load(fixture, slice_of(made.bytes.data, len), &got, &index), OK);
    assert_int_equal(index, 99);
    card_done(&made);
}

static void card_of_another_or_of_a_stranger_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct key_set *stranger = fixture_key(KEY_MEMBER, "zz-fremd", "DE", 0x44);
    struct key_set *thief = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x44); /* the id of a member, keys of its own */
    struct card_draft draft = draft_of(stranger);
    struct card made = {0}, got;
    size_t index;
    assert_error(card_make(stranger, &draft, &made), OK);
    assert_error(load(fixture, buf_slice(&made.bytes), &got, &index), ERR_MEMBER);
    card_done(&made);
    assert_error(card_make(thief, &draft, &made), OK);
    assert_error(load(fixture, buf_slice(&made.bytes), &got, &index), ERR_SIGNATURE);
    card_done(&made);
    key_set_free(stranger);
    key_set_free(thief);
}

static void card_draft_that_breaks_a_rule_is_not_signed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const unknown[] = {"ZZ"}, *const longer[] = {"BEL"}, *const lower[] = {"be"},
                             *const empty[] = {""};
    const char *const *wrong[] = {unknown, longer, lower, empty};
    struct card made = {.serial = 99};
    for (size_t i = 0; i < 4; i++) {
        struct card_draft draft = draft_of(fixture->member[0]);
        draft.subscriptions = wrong[i];
        draft.subscription_count = 1;
        assert_error(card_make(fixture->member[0], &draft, &made), ERR_UNKNOWN);
    }
    struct card_draft draft = draft_of(fixture->member[0]);
    draft.encryption_key = (struct key_box){{1}};
    assert_error(card_make(fixture->member[0], &draft, &made), ERR_KEY);
    draft = draft_of(fixture->member[0]);
    draft.serial = 0;
    assert_error(card_make(fixture->member[0], &draft, &made), ERR_LIMIT);
    draft = draft_of(fixture->member[0]);
    draft.subscription_count = LIMIT_COUNTRIES + 1;
    assert_error(card_make(fixture->member[0], &draft, &made), ERR_LIMIT);
    assert_int_equal(made.serial, 99);
}

/* Signed by the member itself, and wrong all the same. */
static void card_signed_with_wrong_content_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct key_set *set = fixture->member[0];
    uint8_t store[16] = {0}, low[32] = {1};
    char zz[] = "ZZ", *list[1] = {zz};
    for (int row = 0; row < 4; row++) {
        Hotline__Card content = HOTLINE__CARD__INIT;
        Hotline__SignedCard outer = HOTLINE__SIGNED_CARD__INIT;
        struct key_signature signature;
        struct buf bytes, out;
        struct card got;
        size_t index;
        buf_init(&bytes);
        buf_init(&out);
        content.member = set->id;
        WIRE_SET(&content, serial, row == 0 ? UINT64_MAX : 1);
        WIRE_SET(&content, not_after_us, FIXTURE_NOW);
        WIRE_SET_BYTES(&content, store_id, store, row == 1 ? 15 : 16);
        WIRE_SET_BYTES(&content, encryption_key, row == 2 ? low : set->recovery.bytes, 32);
        content.n_subscriptions = row == 3;
        content.subscriptions = list;
        fixture_pack_raw(&content.base, &bytes);
        assert_error(seal_sign(&set->identity_secret, SEAL_CONTEXT_CARD, buf_slice(&bytes), &signature), OK);
        WIRE_SET_BYTES(&outer, card, bytes.data, bytes.len);
        WIRE_SET_BYTES(&outer, signature, signature.bytes, 64);
        fixture_pack_raw(&outer.base, &out);
        static const int errors[] = {ERR_LIMIT, ERR_LIMIT, ERR_KEY, ERR_UNKNOWN};
        assert_error(load(fixture, buf_slice(&out), &got, &index), errors[row]);
        buf_free(&bytes);
        buf_free(&out);
    }
}

static void card_next_serial_is_above_all_that_is_known(void **state)
{
    (void)state;
    assert_int_equal(card_next_serial(0, 0, 0), 1);
    assert_int_equal(card_next_serial(5, 9, 0), 10);
    assert_int_equal(card_next_serial(9, 5, 0), 10);
    assert_int_equal(card_next_serial(9, 5, 100 * CLOCK_SECOND_US), 101);
    assert_int_equal(card_next_serial(0, 0, -1), 1);
    assert_true(card_next_serial(0, UINT64_MAX, 0) > 0); /* never round to 0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(card_made_is_verified_with_every_field),
        FIXTURE_TEST(card_with_any_changed_byte_is_refused),
        FIXTURE_TEST(card_of_another_or_of_a_stranger_is_refused),
        FIXTURE_TEST(card_draft_that_breaks_a_rule_is_not_signed),
        FIXTURE_TEST(card_signed_with_wrong_content_is_refused),
        FIXTURE_TEST(card_next_serial_is_above_all_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
