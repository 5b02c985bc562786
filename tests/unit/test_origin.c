/* origin: which names a console answers to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "node/origin.h"

static const struct origin_names local = {.address = "127.0.0.1:9461"};
static const struct origin_names named = {.address = "192.0.2.7:9461", .name = "desk.example.org", .tls = true};
static const struct origin_names proxied = {.address = "127.0.0.1:9461", .proxy = "https://hotline.example.org"};

static void origin_loopback_addresses_are_told_from_others(void **state)
{
    (void)state;
    assert_true(origin_is_loopback("127.0.0.1:9461"));
    assert_true(origin_is_loopback("127.8.8.8:1"));
    assert_true(origin_is_loopback("[::1]:9461"));
    assert_true(origin_is_loopback("localhost:9461"));
    assert_false(origin_is_loopback("0.0.0.0:9461"));
    assert_false(origin_is_loopback("[::]:9461"));
    assert_false(origin_is_loopback("127.0.0.1.example.org:9461"));
    assert_false(origin_is_loopback("192.0.2.7:9461"));
}

static void origin_host_must_be_one_of_the_names(void **state)
{
    (void)state;
    assert_true(origin_host_ok(&local, "127.0.0.1:9461"));
    assert_true(origin_host_ok(&local, "localhost:9461"));
    assert_true(origin_host_ok(&local, "LOCALHOST"));
    assert_true(origin_host_ok(&local, "[::1]:7000"));
    assert_false(origin_host_ok(&local, "rebound.example.org:9461"));
    assert_false(origin_host_ok(&local, "127.0.0.1.rebound.example.org"));
    assert_false(origin_host_ok(&local, "localhost.rebound.example.org"));
    assert_false(origin_host_ok(&local, "localhost:94x"));
    assert_false(origin_host_ok(&local, "localhost/"));
    assert_false(origin_host_ok(&local, ""));
    assert_false(origin_host_ok(&local, NULL));
    assert_true(origin_host_ok(&named, "desk.example.org:9461"));
    assert_true(origin_host_ok(&named, "192.0.2.7:9461"));
    assert_false(origin_host_ok(&named, "localhost:9461"));
    assert_true(origin_host_ok(&proxied, "hotline.example.org"));
}

static void origin_must_be_the_pages_own(void **state)
{
    (void)state;
    assert_true(origin_ok(&local, "localhost:9461", NULL));
    assert_true(origin_ok(&local, "localhost:9461", "http://localhost:9461"));
    assert_false(origin_ok(&local, "localhost:9461", "http://localhost:9462"));
    assert_false(origin_ok(&local, "localhost:9461", "https://localhost:9461"));
    assert_false(origin_ok(&local, "localhost:9461", "http://foreign.example"));
    assert_false(origin_ok(&local, "localhost:9461", "null"));
    assert_false(origin_ok(&local, "localhost:9461", ""));
    assert_true(origin_ok(&named, "desk.example.org", "https://desk.example.org"));
    assert_true(origin_ok(&proxied, "127.0.0.1:9461", "https://hotline.example.org"));
    assert_false(origin_ok(&proxied, "127.0.0.1:9461", "http://127.0.0.1:9461"));
}

static void origin_proxy_is_an_https_address_and_nothing_more(void **state)
{
    (void)state;
    assert_true(origin_is_proxy("https://hotline.example.org"));
    assert_true(origin_is_proxy("https://hotline.example.org:8443"));
    assert_false(origin_is_proxy("http://hotline.example.org"));
    assert_false(origin_is_proxy("https://hotline.example.org/console"));
    assert_false(origin_is_proxy("https://"));
    assert_false(origin_is_proxy("https://a b"));
    assert_true(origin_is_secure(&proxied));
    assert_true(origin_is_secure(&named));
    assert_false(origin_is_secure(&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origin_loopback_addresses_are_told_from_others),
        cmocka_unit_test(origin_host_must_be_one_of_the_names),
        cmocka_unit_test(origin_must_be_the_pages_own),
        cmocka_unit_test(origin_proxy_is_an_https_address_and_nothing_more),
    };
    return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
