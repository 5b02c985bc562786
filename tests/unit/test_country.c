/* country: every code, its name, its neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/country.h"
#include "proto/country_table.h"

static void country_table_is_ordered_and_indexed(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTRY_COUNT; i++) {
        assert_int_equal(strlen(country_code(i)), 2);
        assert_true(country_name(i)[0] != '\0');
        assert_int_equal(country_index(country_code(i)), i);
        if (i > 0)
            assert_true(strcmp(country_code(i - 1), country_code(i)) < 0);
    }
}

static void country_index_known_codes_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(country_name(country_index("GR")), "Greece");
    assert_string_equal(country_name(country_index("XK")), "Kosovo");
    assert_string_equal(country_name(country_index("NO")), "Norway");
    assert_string_equal(country_name(country_index("MD")), "Moldova");
}

static void country_index_anything_else_is_none(void **state)
{
    (void)state;
    const char *const wrong[] = {"", "G", "gr", "Gr", "GRC", "ZZ", "UK", "EL", "EU", " GR", "GR ", "G\xce"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(country_index(wrong[i]), -1);
    assert_int_equal(country_index(NULL), -1);
}

static void country_find_suggests_what_was_meant(void **state)
{
    (void)state;
    const struct {
        const char *said, *meant;
    } rows[] = {{"gr", "GR"}, {"UK", "GB"}, {"el", "GR"}, {"greece", "GR"}, {"Grece", "GR"}, {"Holland", "NL"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(country_find(rows[i].said), country_index(rows[i].meant));
    assert_int_equal(country_find("ZZ"), -1);
    assert_int_equal(country_find("qwertyuiop"), -1);
}

static bool beside(const char *one, const char *other)
{
    uint16_t near[32];
    size_t count = country_neighbours(country_index(one), near, 32);
    for (size_t i = 0; i < count; i++)
        if (near[i] == country_index(other))
            return true;
    return false;
}

static void country_neighbours_land_and_sea(void **state)
{
    (void)state;
    const char *const pairs[][2] = {{"GB", "IE"}, {"GB", "FR"}, {"IT", "AL"}, {"GR", "TR"}, {"SE", "DK"}, {"GR", "IT"},
                                    {"GR", "CY"}, {"MT", "IT"}, {"FI", "EE"}, {"SE", "FI"}, {"ES", "MA"}, {"BE", "LU"},
                                    {"PL", "UA"}, {"XK", "RS"}, {"AT", "LI"}, {"HU", "SK"}, {"PT", "ES"}, {"DE", "CZ"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (!beside(pairs[i][0], pairs[i][1]) || !beside(pairs[i][1], pairs[i][0]))
            fail_msg("%s and %s are not beside each other", pairs[i][0], pairs[i][1]);
    assert_false(beside("PT", "FR"));
    assert_false(beside("GR", "RO"));
    assert_false(beside("DE", "HU"));
}

static void country_neighbours_every_member_state_has_some_and_none_is_its_own(void **state)
{
    (void)state;
    const char *const network[] = {"AL", "AT", "BA", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR",
                                   "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LT", "LU", "LV", "MD", "ME", "MK", "MT",
                                   "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "TR", "UA", "XK"};
    uint16_t near[32];
    for (size_t i = 0; i < sizeof network / sizeof network[0]; i++) {
        assert_true(country_neighbours(country_index(network[i]), near, 32) > 0);
        assert_false(beside(network[i], network[i]));
    }
}

static void country_neighbours_small_room_is_not_overrun(void **state)
{
    (void)state;
    uint16_t near[3] = {9999, 9999, 9999};
    size_t count = country_neighbours(country_index("DE"), near, 2);
    assert_true(count > 9);
    assert_true(near[0] < near[1]);
    assert_int_equal(near[2], 9999);
    assert_int_equal(country_neighbours(country_index("AU"), near, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(country_table_is_ordered_and_indexed),
        cmocka_unit_test(country_index_known_codes_have_their_names),
        cmocka_unit_test(country_index_anything_else_is_none),
        cmocka_unit_test(country_find_suggests_what_was_meant),
        cmocka_unit_test(country_neighbours_land_and_sea),
        cmocka_unit_test(country_neighbours_every_member_state_has_some_and_none_is_its_own),
        cmocka_unit_test(country_neighbours_small_room_is_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
