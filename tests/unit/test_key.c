/* key: derivation against vectors made with another implementation, and every bad public key refused. */
#include "fixture.h"

/* Computed with Python's hashlib.blake2b(key=master, salt=number, person=context) and the cryptography package. */
static void key_derivation_matches_an_independent_implementation(void **state)
{
    (void)state;
    struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    assert_hex(set->identity_secret.bytes, 32, "cb861a15109b06dc27ff0cfc66fc1dbba176754f549232537ef3de7ecc13a4a3");
    assert_hex(set->transport_secret.bytes, 32, "2c0c36c52dd7a2a883c02f4a8408c54d0e56ee5a7bd1e3974d4b03648c3d1064");
    assert_hex(set->recovery_secret.bytes, 32, "7e0704a7385d09cd50c8b2d1293ee84b49be038ca1d049e76aa069585677bb54");
    assert_hex(set->identity.bytes, 32, "689383cd8dfcff790e721c6beea2bd36907603041fa38f09a7b2a8bbd9564f1f");
    assert_hex(set->transport.bytes, 32, "5f8dd1d12565e492b4ad1b4982e788f5e8f0167c1b4f6ab4a5b43646f3ca467c");
    assert_hex(set->recovery.bytes, 32, "521c1f33f58ea2c0c1d35a4824a3e5cbe28e03e411ed970547a9e1226fd9105c");
    struct key_store wrap;
    struct key_box sending;
    struct key_box_secret secret;
    assert_error(key_storage_wrap(set, &wrap), OK);
    assert_hex(wrap.bytes, 32, "f0df413737e13039d0260249bc1661df422a02d86faee540114d8a95c4f8cc98");
    assert_error(key_sending(set, FIXTURE_NOW, &sending, &secret), OK);
    assert_hex(secret.bytes, 32, "49426bb3fddbd035d88023d62b49896802e1d400a0e6436f542700f8827ea5c3");
    key_set_free(set);
}

static void key_rotation_changes_identity_and_transport_alone(void **state)
{
    (void)state;
    struct key_set *one = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10),
                   *two = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    two->generation = 2;
    assert_error(key_set_derive(two), OK);
    assert_memory_not_equal(one->identity.bytes, two->identity.bytes, KEY_BYTES);
    assert_memory_not_equal(one->transport.bytes, two->transport.bytes, KEY_BYTES);
    /* What was granted to ourselves before a rotation must still open after it. */
    assert_memory_equal(one->recovery.bytes, two->recovery.bytes, KEY_BYTES);
    struct key_store a, b;
    assert_error(key_storage_wrap(one, &a), OK);
    assert_error(key_storage_wrap(two, &b), OK);
    assert_memory_equal(a.bytes, b.bytes, KEY_BYTES);
    key_set_free(one);
    key_set_free(two);
}

static void key_match_finds_the_generation_that_the_roster_names(void **state)
{
    (void)state;
    struct key_set *held = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10),
                   *rotated = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10),
                   *other = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x11);
    rotated->generation = 3;
    assert_error(key_set_derive(rotated), OK);
    assert_error(key_set_match(held, slice_of(rotated->identity.bytes, KEY_BYTES),
                               slice_of(rotated->transport.bytes, KEY_BYTES)),
                 OK);
    assert_int_equal(held->generation, 3);
    assert_memory_equal(held->identity_secret.bytes, rotated->identity_secret.bytes, 64);
    assert_error(
        key_set_match(held, slice_of(other->identity.bytes, KEY_BYTES), slice_of(other->transport.bytes, KEY_BYTES)),
        ERR_KEY);
    assert_error(
        key_set_match(held, slice_of(rotated->identity.bytes, KEY_BYTES), slice_of(other->transport.bytes, KEY_BYTES)),
        ERR_KEY);
    assert_int_equal(held->generation, 3);
    key_set_free(held);
    key_set_free(rotated);
    key_set_free(other);
}

static void key_sending_changes_at_the_week_and_only_there(void **state)
{
    (void)state;
    struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    int64_t week = INT64_C(604800000000), start = FIXTURE_NOW / week * week;
    struct key_box before, first, last, ancient, epoch;
    struct key_box_secret secret;
    assert_error(key_sending(set, start - 1, &before, &secret), OK);
    assert_error(key_sending(set, start, &first, &secret), OK);
    assert_error(key_sending(set, start + week - 1, &last, &secret), OK);
    assert_memory_not_equal(before.bytes, first.bytes, KEY_BYTES);
    assert_memory_equal(first.bytes, last.bytes, KEY_BYTES);
    assert_error(key_sending(set, INT64_MIN, &ancient, &secret), OK);
    assert_error(key_sending(set, 0, &epoch, &secret), OK);
    assert_memory_equal(ancient.bytes, epoch.bytes, KEY_BYTES);
    key_set_free(set);
}

static void key_generated_sets_differ_and_sign(void **state)
{
    (void)state;
    struct key_set *a = key_set_new(), *b = key_set_new();
    struct key_signature signature;
    struct slice text = slice_text("a lantern");
    assert_error(key_set_generate(a), OK);
    assert_error(key_set_generate(b), OK);
    assert_memory_not_equal(a->master.bytes, b->master.bytes, KEY_BYTES);
    assert_int_equal(a->generation, 1);
    assert_error(seal_sign(&a->identity_secret, SEAL_CONTEXT_CARD, text, &signature), OK);
    assert_error(seal_verify(&a->identity, SEAL_CONTEXT_CARD, text, slice_of(signature.bytes, 64)), OK);
    assert_error(seal_verify(&b->identity, SEAL_CONTEXT_CARD, text, slice_of(signature.bytes, 64)), ERR_SIGNATURE);
    key_set_free(a);
    key_set_free(b);
    key_set_free(NULL);
}

/* The known points of low order of Curve25519, with and without the bit that is masked (Bernstein; RFC 7748,
 * section 6.1). */
static const char *const low_x25519[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void key_box_and_transport_of_low_order_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof low_x25519 / sizeof low_x25519[0]); i++) {
        uint8_t point[32];
        struct key_box box;
        struct key_transport transport;
        fixture_unhex(low_x25519[i / 2], point, sizeof point);
        point[31] |= i % 2 ? 0x80 : 0;
        if (key_box_from(slice_of(point, 32), &box) != ERR_KEY ||
            key_transport_from(slice_of(point, 32), &transport) != ERR_KEY)
            fail_msg("%s is taken", low_x25519[i / 2]);
        struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 1);
        struct key_pair pair;
        memcpy(box.bytes, point, sizeof point);
        assert_error(seal_pair(&box, &set->recovery_secret, &pair), ERR_KEY);
        key_set_free(set);
    }
}

/* Every point of order 1, 2, 4 and 8 of Ed25519, and encodings that are not canonical. */
static const char *const low_ed25519[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void key_identity_of_low_or_mixed_order_is_refused(void **state)
{
    (void)state;
    struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 1);
    struct key_identity identity;
    size_t mixed = 0;
    assert_error(key_identity_from(slice_of(set->identity.bytes, 32), &identity), OK);
    for (size_t i = 0; i < sizeof low_ed25519 / sizeof low_ed25519[0]; i++) {
        uint8_t point[32], sum[32];
        fixture_unhex(low_ed25519[i], point, sizeof point);
        if (key_identity_from(slice_of(point, 32), &identity) != ERR_KEY)
            fail_msg("%s is taken", low_ed25519[i]);
        if (i == 0 || i >= 8 || crypto_core_ed25519_add(sum, set->identity.bytes, point) != 0)
            continue;
        mixed++; /* an honest key plus a point of low order */
        if (key_identity_from(slice_of(sum, 32), &identity) != ERR_KEY)
            fail_msg("an identity plus %s is taken", low_ed25519[i]);
    }
    assert_int_equal(mixed, 7);
    key_set_free(set);
}

static void key_point_off_the_curve_or_of_wrong_length_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[33] = {2}; /* y = 2 is on no point */
    struct key_identity identity = {{7}};
    struct key_box box = {{7}};
    struct key_uuid uuid;
    struct key_hash hash;
    struct key_id id;
    assert_error(key_identity_from(slice_of(bytes, 32), &identity), ERR_KEY);
    bytes[0] = 9;
    assert_error(key_box_from(slice_of(bytes, 32), &box), OK);
    for (size_t len = 0; len <= 33; len++) {
        if (len != 32) {
            assert_error(key_identity_from(slice_of(bytes, len), &identity), ERR_KEY);
            assert_error(key_box_from(slice_of(bytes, len), &box), ERR_KEY);
        }
        assert_error(key_hash_from(slice_of(bytes, len), &hash), len == 32 ? OK : ERR_INVALID);
        assert_error(key_uuid_from(slice_of(bytes, len), &uuid), len == 16 ? OK : ERR_INVALID);
        assert_error(key_id_from(slice_of(bytes, len), &id), len == 8 ? OK : ERR_INVALID);
    }
    assert_int_equal(identity.bytes[0], 7); /* untouched on failure */
}

static void key_names_are_short_lowercase_and_without_dash_at_an_end(void **state)
{
    (void)state;
    assert_true(key_name_ok("a"));
    assert_true(key_name_ok("be-baken-2"));
    assert_true(key_name_ok("0123456789012345678901234567890123456789"));
    static const char *const bad[] = {"",
                                      "-a",
                                      "a-",
                                      "A",
                                      "be_baken",
                                      "be baken",
                                      "b\xc3\xa9",
                                      "a\n",
                                      "a/b",
                                      "a.b",
                                      "01234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (key_name_ok(bad[i]))
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

static void key_id_and_fingerprint_are_of_the_hash(void **state)
{
    (void)state;
    uint8_t key[32];
    char text[KEY_FINGERPRINT_MAX];
    memset(key, 0x11, sizeof key);
    struct key_hash hash = seal_hash(slice_of(key, sizeof key));
    struct key_id id = key_id_of(key);
    assert_memory_equal(id.bytes, hash.bytes, KEY_ID_BYTES);
    key_fingerprint(key, text);
    assert_int_equal(strlen(text), 39);
    char expected[5];
    snprintf(expected, sizeof expected, "%02x%02x", hash.bytes[14], hash.bytes[15]);
    assert_string_equal(text + 35, expected);
    key[0]++;
    assert_false(key_id_equal(id, key_id_of(key)));
}

int main(void)
{
    if (seal_start() != OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_derivation_matches_an_independent_implementation),
        cmocka_unit_test(key_rotation_changes_identity_and_transport_alone),
        cmocka_unit_test(key_match_finds_the_generation_that_the_roster_names),
        cmocka_unit_test(key_sending_changes_at_the_week_and_only_there),
        cmocka_unit_test(key_generated_sets_differ_and_sign),
        cmocka_unit_test(key_box_and_transport_of_low_order_are_refused),
        cmocka_unit_test(key_identity_of_low_or_mixed_order_is_refused),
        cmocka_unit_test(key_point_off_the_curve_or_of_wrong_length_is_refused),
        cmocka_unit_test(key_names_are_short_lowercase_and_without_dash_at_an_end),
        cmocka_unit_test(key_id_and_fingerprint_are_of_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
