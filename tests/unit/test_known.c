/* known: a device is known for one user and one password, an address for one user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/known.h"
#include "proto/seal.h"

#define DAY (INT64_C(24) * 3600 * 1000000)
#define NOW (20000 * DAY)

static const uint8_t secret[KEY_BYTES] = {1, 2, 3}, other[KEY_BYTES] = {1, 2, 4};
static const uint8_t id[KNOWN_ID_BYTES] = {0xa1, 0xb2, 0xc3};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct known_places));
    return seal_start();
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void known_device_is_for_one_user_and_one_password_until_its_end(void **state)
{
    (void)state;
    char text[KNOWN_TEXT_MAX];
    uint8_t found[KNOWN_ID_BYTES] = {0};
    known_device_text(secret, "anna", id, NOW + DAY, text);
    assert_true(known_device(secret, "anna", text, NOW, found));
    assert_memory_equal(found, id, sizeof id);
    assert_false(known_device(secret, "bert", text, NOW, found));
    assert_false(known_device(other, "anna", text, NOW, found));
    assert_true(known_device(secret, "anna", text, NOW + DAY - 1, found));
    assert_false(known_device(secret, "anna", text, NOW + DAY, found));
}

static void known_device_text_that_was_changed_anywhere_is_worth_nothing(void **state)
{
    (void)state;
    char text[KNOWN_TEXT_MAX], changed[KNOWN_TEXT_MAX + 1];
    uint8_t found[KNOWN_ID_BYTES];
    known_device_text(secret, "anna", id, NOW + DAY, text);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        memcpy(changed, text, sizeof text);
        changed[i] = changed[i] == '0' ? '1' : '0';
        assert_false(known_device(secret, "anna", changed, NOW, found));
    }
    memcpy(changed, text, sizeof text);
    changed[sizeof text - 2] = '\0';
    assert_false(known_device(secret, "anna", changed, NOW, found));
    snprintf(changed, sizeof changed, "%s0", text);
    assert_false(known_device(secret, "anna", changed, NOW, found));
    assert_false(known_device(secret, "anna", "", NOW, found));
}

static void known_cookie_of_each_user_has_its_own_name(void **state)
{
    (void)state;
    char anna[KNOWN_COOKIE_MAX], bert[KNOWN_COOKIE_MAX], again[KNOWN_COOKIE_MAX];
    known_cookie("anna", anna);
    known_cookie("bert", bert);
    known_cookie("anna", again);
    assert_string_not_equal(anna, bert);
    assert_string_equal(anna, again);
    assert_null(strstr(anna, "anna"));
}

static void known_place_is_of_one_user_and_is_forgotten_in_time(void **state)
{
    struct known_places *places = *state;
    known_place_add(places, "anna", "192.0.2.1", NOW);
    assert_true(known_place(places, "anna", "192.0.2.1", NOW));
    assert_false(known_place(places, "anna", "192.0.2.2", NOW));
    assert_false(known_place(places, "bert", "192.0.2.1", NOW));
    assert_false(known_place(places, "anna", "192.0.2.1", NOW + KNOWN_LIFE_US));
    known_place_add(places, "anna", "192.0.2.1", NOW + DAY);
    assert_true(known_place(places, "anna", "192.0.2.1", NOW + KNOWN_LIFE_US));
}

static void known_places_that_are_full_forget_who_was_here_longest_ago(void **state)
{
    struct known_places *places = *state;
    char address[40];
    for (int i = 0; i < KNOWN_PLACES + 1; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", i);
        known_place_add(places, "anna", address, NOW + i);
    }
    assert_false(known_place(places, "anna", "192.0.2.0", NOW + DAY));
    assert_true(known_place(places, "anna", "192.0.2.1", NOW + DAY));
    assert_true(known_place(places, "anna", address, NOW + DAY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_device_is_for_one_user_and_one_password_until_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(known_device_text_that_was_changed_anywhere_is_worth_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(known_cookie_of_each_user_has_its_own_name, setup, teardown),
        cmocka_unit_test_setup_teardown(known_place_is_of_one_user_and_is_forgotten_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(known_places_that_are_full_forget_who_was_here_longest_ago, setup, teardown),
    };
    return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
