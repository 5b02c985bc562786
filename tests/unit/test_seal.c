/* seal: published vectors (RFC 8032, RFC 9562, the XChaCha draft), and what must not open. */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

long syscall(long number, ...); /* no POSIX */

/* RFC 8032, 7.1: seed, public key, message, signature. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void seal_ed25519_is_that_of_rfc8032_under_a_context(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc8032 / sizeof rfc8032[0]; i++) {
        uint8_t seed[32], message[2], framed[64], expected[64];
        size_t len = strlen(rfc8032[i].message) / 2;
        struct key_identity identity;
        struct key_identity_secret secret;
        struct key_signature signature;
        fixture_unhex(rfc8032[i].seed, seed, sizeof seed);
        fixture_unhex(rfc8032[i].message, message, len);
        assert_int_equal(crypto_sign_seed_keypair(identity.bytes, secret.bytes, seed), 0);
        assert_hex(identity.bytes, 32, rfc8032[i].public_key);
        assert_error(key_identity_from(slice_of(identity.bytes, 32), &identity), OK);
        assert_int_equal(crypto_sign_detached(signature.bytes, NULL, message, len, secret.bytes), 0);
        assert_hex(signature.bytes, 64, rfc8032[i].signature);
        /* the same bytes without a context are not a signature of ours */
        assert_error(seal_verify(&identity, "hotline test v1", slice_of(message, len), slice_of(signature.bytes, 64)),
                     ERR_SIGNATURE);
        memcpy(framed, "hotline test v1", 16); /* with its NUL */
        memcpy(framed + 16, message, len);
        assert_int_equal(crypto_sign_detached(expected, NULL, framed, 16 + len, secret.bytes), 0);
        assert_error(seal_sign(&secret, "hotline test v1", slice_of(message, len), &signature), OK);
        assert_memory_equal(signature.bytes, expected, 64);
        assert_error(seal_verify(&identity, "hotline test v1", slice_of(message, len), slice_of(signature.bytes, 64)),
                     OK);
    }
}

static void seal_signature_of_another_context_message_or_length_is_refused(void **state)
{
    (void)state;
    struct key_set *set = fixture_key(KEY_MEMBER, "be-baken", "BE", 1);
    struct key_signature signature;
    static const char *const contexts[] = {SEAL_CONTEXT_ROSTER,     SEAL_CONTEXT_REQUEST,  SEAL_CONTEXT_CARD,
                                           SEAL_CONTEXT_ENVELOPE,   SEAL_CONTEXT_RECEIPTS, SEAL_CONTEXT_ACCEPTED,
                                           SEAL_CONTEXT_UNREADABLE, SEAL_CONTEXT_EVIDENCE};
    struct slice text = slice_text("a lantern");
    for (size_t a = 0; a < 8; a++) {
        assert_error(seal_sign(&set->identity_secret, contexts[a], text, &signature), OK);
        for (size_t b = 0; b < 8; b++) {
            int result = seal_verify(&set->identity, contexts[b], text, slice_of(signature.bytes, 64));
            if (result != (a == b ? OK : ERR_SIGNATURE))
                fail_msg("signed as %s, verified as %s: %s", contexts[a], contexts[b], err_name(result));
        }
    }
    for (size_t len = 0; len < 64; len++)
        assert_error(seal_verify(&set->identity, contexts[7], text, slice_of(signature.bytes, len)), ERR_SIGNATURE);
    for (size_t bit = 0; bit < 512; bit++) {
        struct key_signature changed = signature;
        changed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_error(seal_verify(&set->identity, contexts[7], text, slice_of(changed.bytes, 64)), ERR_SIGNATURE);
    }
    assert_error(seal_verify(&set->identity, contexts[7], slice_text("a lanterN"), slice_of(signature.bytes, 64)),
                 ERR_SIGNATURE);
    key_set_free(set);
}

/* Made with Python: X25519 of the cryptography package and HSalsa20 written from its paper. */
static void seal_pair_matches_an_independent_implementation_from_both_sides(void **state)
{
    (void)state;
    struct key_set *a = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10),
                   *b = fixture_key(KEY_MEMBER, "fr-phare", "FR", 0x11);
    struct key_pair one, other;
    assert_error(seal_pair(&b->recovery, &a->recovery_secret, &one), OK);
    assert_error(seal_pair(&a->recovery, &b->recovery_secret, &other), OK);
    assert_hex(one.bytes, 32, "44de3e45c904c76614d2988d4d4e0b04573a9a701a13ea4f527a3f6c3dc1f420");
    assert_memory_equal(one.bytes, other.bytes, 32);
    key_set_free(a);
    key_set_free(b);
}

/* draft-irtf-cfrg-xchacha-03, A.3.1. */
static void seal_encrypt_is_xchacha20_poly1305(void **state)
{
    (void)state;
    static const char text[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        "sunscreen would be it.";
    uint8_t key[32], nonce[24], ad[12], out[sizeof text - 1 + SEAL_TAG_BYTES], back[sizeof text];
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)(0x80 + i);
    for (int i = 0; i < 24; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    fixture_unhex("50515253c0c1c2c3c4c5c6c7", ad, sizeof ad);
    assert_error(seal_encrypt(key, nonce, slice_of(ad, sizeof ad), slice_text(text), out), OK);
    assert_hex(out, sizeof out,
               "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
               "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
               "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    assert_error(seal_decrypt(key, nonce, slice_of(ad, sizeof ad), slice_of(out, sizeof out), back), OK);
    assert_memory_equal(back, text, sizeof text - 1);
    ad[3] ^= 1;
    assert_error(seal_decrypt(key, nonce, slice_of(ad, sizeof ad), slice_of(out, sizeof out), back), ERR_CRYPTO);
    for (size_t len = 0; len < SEAL_TAG_BYTES; len++)
        assert_error(seal_decrypt(key, nonce, slice_of(NULL, 0), slice_of(out, len), back), ERR_CRYPTO);
}

/* Made with Python's hashlib.blake2b. */
static void seal_hashes_match_an_independent_implementation(void **state)
{
    (void)state;
    struct key_store key;
    for (uint8_t i = 0; i < 32; i++)
        key.bytes[i] = i;
    struct key_hash plain = seal_hash(slice_text("abc")), halves = seal_hash2(slice_text("a"), slice_text("bc"));
    struct key_hash keyed = seal_keyed_hash(&key, slice_text("abc")),
                    commit = seal_personal_hash("HRcommit", slice_of(key.bytes, 32));
    assert_hex(plain.bytes, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_memory_equal(plain.bytes, halves.bytes, 32);
    assert_hex(keyed.bytes, 32, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    assert_hex(commit.bytes, 32, "ef3857271c7fb81057e076d603d5ae4861715c6245130d05affb742d182a8d8b");
    struct key_content content;
    uint8_t body_key[32];
    memcpy(content.bytes, key.bytes, 32);
    seal_body_key(&content, false, body_key);
    assert_hex(body_key, 32, "32fc683613c7ad9ba6d19bd50f2cd669a0086bb430ad8e9c54ce294db93b830d");
    seal_body_key(&content, true, body_key);
    assert_hex(body_key, 32, "16b92c549ec3353102127a4b5bbc2f051c4443fd146cca95f2021c5fb1dd6624");
}

static void seal_record_opens_only_whole_in_place_and_with_its_key(void **state)
{
    (void)state;
    struct key_store key = {{1}}, other = {{2}};
    struct buf record, plain;
    buf_init(&record);
    buf_init(&plain);
    buf_add_text(&plain, "before|");
    assert_error(seal_record(&key, slice_text("table 1 row 2"), slice_text("a secret"), &record), OK);
    assert_int_equal(record.len, 24 + 8 + 16);
    assert_error(seal_unrecord(&key, slice_text("table 1 row 3"), buf_slice(&record), &plain), ERR_CRYPTO);
    assert_error(seal_unrecord(&other, slice_text("table 1 row 2"), buf_slice(&record), &plain), ERR_CRYPTO);
    for (size_t len = 0; len < record.len; len++)
        assert_error(seal_unrecord(&key, slice_text("table 1 row 2"), slice_of(record.data, len), &plain),
                     len < 40 ? ERR_CORRUPT : ERR_CRYPTO);
    for (size_t at = 0; at < record.len; at++) {
        record.data[at] ^= 0x40;
        assert_error(seal_unrecord(&key, slice_text("table 1 row 2"), buf_slice(&record), &plain), ERR_CRYPTO);
        record.data[at] ^= 0x40;
    }
    assert_string_equal(buf_text(&plain), "before|");
    assert_error(seal_unrecord(&key, slice_text("table 1 row 2"), buf_slice(&record), &plain), OK);
    assert_string_equal(buf_text(&plain), "before|a secret");
    struct buf again;
    buf_init(&again);
    assert_error(seal_record(&key, slice_text("table 1 row 2"), slice_text("a secret"), &again), OK);
    assert_memory_not_equal(again.data, record.data, 24); /* a new nonce each time */
    buf_free(&again);
    buf_free(&record);
    buf_free(&plain);
}

static void seal_padding_hides_length_at_twelve_percent_at_most(void **state)
{
    (void)state;
    assert_int_equal(seal_padded_size(0, 0), 0);
    assert_int_equal(seal_padded_size(1, 0), 1);
    assert_int_equal(seal_padded_size(2, 0), 2);
    assert_int_equal(seal_padded_size(9, 0), 10); /* the paper's own: 9 bytes become 10 */
    assert_int_equal(seal_padded_size(0, 1024), 1024);
    assert_int_equal(seal_padded_size(1024, 1024), 1024);
    assert_int_equal(seal_padded_size(1025, 1024), 1088);
    assert_int_equal(seal_padded_size(65536, 1024), 65536);
    size_t sizes = 0, before = 0;
    for (size_t len = 1; len <= 70000; len++) {
        size_t size = seal_padded_size(len, 0);
        if (size < len || size < before || (size - len) * 100 > len * 12 || seal_padded_size(size, 0) != size)
            fail_msg("%zu becomes %zu", len, size);
        sizes += size != before;
        before = size;
    }
    assert_true(sizes < 300);
}

static void seal_uuid_is_version_7_in_order_of_time(void **state)
{
    (void)state;
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    struct key_uuid id = seal_uuid(INT64_C(1645557742000000), ones); /* the time of RFC 9562, A.6 */
    assert_hex(id.bytes, 16, "017f22e279b07fffbfffffffffffffff");
    struct key_uuid later = seal_uuid(INT64_C(1645557742001000), NULL);
    assert_true(memcmp(id.bytes, later.bytes, 6) < 0);
    assert_int_equal(later.bytes[6] >> 4, 7);
    assert_int_equal(later.bytes[8] >> 6, 2);
    assert_int_equal(seal_uuid(-5, ones).bytes[5], 0);
}

static void seal_argon_parameters_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    struct seal_argon argon = seal_argon_default(), small = {.operations = 1, .memory_bytes = 8192};
    uint8_t key[32], again[32];
    assert_true(argon.memory_bytes >= 256u * 1024 * 1024);
    assert_true(argon.operations >= 3);
    assert_error(seal_passphrase_key("lantern", &small, key), OK);
    assert_error(seal_passphrase_key("lantern", &small, again), OK);
    assert_memory_equal(key, again, 32);
    assert_error(seal_passphrase_key("lanterN", &small, again), OK);
    assert_memory_not_equal(key, again, 32);
    const struct seal_argon bad[] = {{0, 8192, {0}},
                                     {LIMIT_ARGON_OPERATIONS + 1, 8192, {0}},
                                     {1, 8191, {0}},
                                     {1, 0, {0}},
                                     {1, (uint64_t)LIMIT_ARGON_MEMORY_BYTES + 1, {0}},
                                     {1, UINT64_MAX, {0}},
                                     {1, UINT64_C(0x100000000) + 8192, {0}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_error(seal_passphrase_key("lantern", &bad[i], key), ERR_LIMIT);
}

static void seal_base64_goes_there_and_back_and_refuses_the_rest(void **state)
{
    (void)state;
    struct buf text, bytes;
    buf_init(&text);
    buf_init(&bytes);
    seal_base64(slice_text("any carnal pleas"), &text);
    assert_string_equal(buf_text(&text), "YW55IGNhcm5hbCBwbGVhcw==");
    assert_error(seal_unbase64(buf_text(&text), &bytes), OK);
    assert_string_equal(buf_text(&bytes), "any carnal pleas");
    static const char *const bad[] = {"YW5", "YW55=", "YW5*", "YW5_", "YW 5", "YQ==YQ==", "=", "YR=="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(&bytes);
        if (seal_unbase64(bad[i], &bytes) != ERR_SYNTAX || bytes.len != 0)
            fail_msg("%s is taken", bad[i]);
    }
    assert_error(seal_unbase64("", &bytes), OK);
    buf_free(&text);
    buf_free(&bytes);
}

static void seal_box_shorter_than_its_tag_is_refused(void **state)
{
    static const uint8_t boxed[SEAL_TAG_BYTES + 1] = {1}, nonce[SEAL_NONCE_BYTES] = {2};
    const struct key_pair pair = {{3}};
    uint8_t out[1] = {0x5a};
    (void)state;
    for (size_t len = 0; len <= sizeof boxed; len++)
        assert_int_equal(seal_unbox(&pair, nonce, slice_of(boxed, len), out), ERR_CRYPTO);
}

/* What a process may lock: the limit first, then, for root, the privilege that is above it. */
static void set_lock(rlim_t bytes, bool privileged, struct __user_cap_data_struct caps[2])
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    struct __user_cap_data_struct wanted[2] = {caps[0], caps[1]};
    if (!privileged)
        wanted[0].effective &= ~(1u << CAP_IPC_LOCK);
    assert_int_equal(syscall(SYS_capset, &head, wanted), 0);
}

static void seal_memory_that_may_not_be_locked_is_said_to_be_so(void **state)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];
    struct rlimit before;
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* there mlock() is the sanitizer's own: it does nothing and says that it did */
#endif
    assert_int_equal(syscall(SYS_capget, &head, caps), 0);
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
    set_lock(0, false, caps);
    assert_false(seal_memory_is_locked());
    set_lock(before.rlim_cur, true, caps);
    if (before.rlim_cur >= 8192)
        assert_true(seal_memory_is_locked());
}

int main(void)
{
    if (seal_start() != OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal_ed25519_is_that_of_rfc8032_under_a_context),
        cmocka_unit_test(seal_signature_of_another_context_message_or_length_is_refused),
        cmocka_unit_test(seal_pair_matches_an_independent_implementation_from_both_sides),
        cmocka_unit_test(seal_encrypt_is_xchacha20_poly1305),
        cmocka_unit_test(seal_hashes_match_an_independent_implementation),
        cmocka_unit_test(seal_record_opens_only_whole_in_place_and_with_its_key),
        cmocka_unit_test(seal_padding_hides_length_at_twelve_percent_at_most),
        cmocka_unit_test(seal_uuid_is_version_7_in_order_of_time),
        cmocka_unit_test(seal_argon_parameters_beyond_the_limits_are_refused),
        cmocka_unit_test(seal_base64_goes_there_and_back_and_refuses_the_rest),
        cmocka_unit_test(seal_box_shorter_than_its_tag_is_refused),
        cmocka_unit_test(seal_memory_that_may_not_be_locked_is_said_to_be_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
