/* seal_hook: the specification's own example, RFC 8032's key, and what a receiver does with a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/seal.h"
#include "proto/seal_hook.h"

/* The example of the specification Standard Webhooks and of its libraries. */
static const char example_secret[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char example_code[] = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

static struct seal_hook_message example(void)
{
    return (struct seal_hook_message){"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, slice_text("{\"test\": 2432232314}")};
}

static void seal_hook_example_of_the_specification_gives_its_code(void **state)
{
    (void)state;
    struct seal_hook_message message = example();
    uint8_t code[SEAL_HOOK_BYTES];
    struct buf secret, text;
    buf_init(&secret);
    buf_init(&text);
    assert_int_equal(seal_unbase64(example_secret, &secret), OK);
    assert_int_equal(secret.len, 24);
    assert_int_equal(seal_hook_code(buf_slice(&secret), &message, code), OK);
    seal_base64(slice_of(code, sizeof code), &text);
    assert_string_equal(buf_text(&text), example_code);
    buf_free(&secret);
    buf_free(&text);
}

static void seal_hook_other_id_time_or_body_gives_another_code(void **state)
{
    (void)state;
    struct seal_hook_message messages[4] = {example(), example(), example(), example()};
    uint8_t codes[4][SEAL_HOOK_BYTES];
    messages[1].id = "msg_p5jXN8AQM9LWM0D4loKWxJeK";
    messages[2].at_s++;
    messages[3].body = slice_text("{\"test\": 2432232315}");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(seal_hook_code(slice_text("a secret of any length"), &messages[i], codes[i]), OK);
    for (size_t i = 1; i < 4; i++)
        assert_memory_not_equal(codes[0], codes[i], SEAL_HOOK_BYTES);
}

static void from_hex(const char *text, uint8_t *bytes, size_t len)
{
    assert_int_equal(buf_unhex(text, bytes, len), OK);
}

/* RFC 8032, 7.1, TEST 1: the seed and its public key. */
static void seal_hook_seed_of_the_rfc_gives_its_public_key(void **state)
{
    (void)state;
    struct seal_hook hook = {{0}, {0}};
    uint8_t wanted[32];
    struct buf text, bytes;
    buf_init(&text);
    buf_init(&bytes);
    from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", hook.seed, 32);
    from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", wanted, 32);
    assert_int_equal(seal_hook_public_text(&hook, &text), OK);
    assert_memory_equal(buf_text(&text), "whpk_", 5);
    assert_int_equal(seal_unbase64(buf_text(&text) + 5, &bytes), OK);
    assert_int_equal(bytes.len, 32);
    assert_memory_equal(bytes.data, wanted, 32);
    buf_free(&text);
    buf_free(&bytes);
}

static void seal_hook_signature_verifies_over_id_time_and_body(void **state)
{
    (void)state;
    static const char wanted[] = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
    static const char other[] = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265331.{\"test\": 2432232314}";
    struct seal_hook hook;
    struct seal_hook_message message = example();
    uint8_t signature[SEAL_HOOK_SIGNATURE_BYTES], public_key[32], secret_key[64];
    seal_hook_make(&hook);
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret_key, hook.seed), 0);
    assert_int_equal(seal_hook_sign(&hook, &message, signature), OK);
    assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)wanted, sizeof wanted - 1, public_key), 0);
    assert_int_not_equal(crypto_sign_verify_detached(signature, (const uint8_t *)other, sizeof other - 1, public_key),
                         0);
}

static void seal_hook_header_has_both_signatures(void **state)
{
    (void)state;
    struct seal_hook hook;
    struct seal_hook_message message = example();
    struct buf text;
    buf_init(&text);
    seal_hook_make(&hook);
    assert_int_equal(seal_hook_header(&hook, &message, &text), OK);
    assert_int_equal(text.len, 3 + 44 + 5 + 88);
    assert_memory_equal(buf_text(&text), "v1,", 3);
    assert_memory_equal(buf_text(&text) + 47, " v1a,", 5);
    buf_free(&text);
}

static void seal_hook_secret_text_is_what_libraries_take(void **state)
{
    (void)state;
    struct seal_hook hook, other;
    struct buf text, bytes;
    buf_init(&text);
    buf_init(&bytes);
    seal_hook_make(&hook);
    seal_hook_make(&other);
    assert_memory_not_equal(&hook, &other, sizeof hook);
    seal_hook_secret_text(&hook, &text);
    assert_memory_equal(buf_text(&text), "whsec_", 6);
    assert_int_equal(seal_unbase64(buf_text(&text) + 6, &bytes), OK);
    assert_memory_equal(bytes.data, hook.secret, SEAL_HOOK_BYTES);
    buf_free(&text);
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(seal_hook_example_of_the_specification_gives_its_code),
        cmocka_unit_test(seal_hook_other_id_time_or_body_gives_another_code),
        cmocka_unit_test(seal_hook_seed_of_the_rfc_gives_its_public_key),
        cmocka_unit_test(seal_hook_signature_verifies_over_id_time_and_body),
        cmocka_unit_test(seal_hook_header_has_both_signatures),
        cmocka_unit_test(seal_hook_secret_text_is_what_libraries_take),
    };
    return seal_start() != OK ? 1 : cmocka_run_group_tests(all, NULL, NULL);
}
