/* route: sets of members, and a route checked by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/route.h"

static char *writable(const char *text)
{
    union {
        const char *in;
        char *out;
    } as = {.in = text}; /* protobuf-c wants char *, and only reads it */
    return as.out;
}

/* --- sets --- */

static void route_set_walks_its_members_in_order(void **state)
{
    (void)state;
    static const size_t in[] = {0, 1, 63, 64, 127, 128, 199};
    struct route_set set, none;
    assert_int_equal(route_set_init(&set, 200), OK);
    assert_int_equal(route_set_init(&none, 0), OK);
    assert_true(route_set_next(&set, 0) == SIZE_MAX);
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        route_set_add(&set, in[i]);
    size_t at = 0;
    for (size_t i = route_set_next(&set, 0); i != SIZE_MAX; i = route_set_next(&set, i + 1))
        assert_int_equal(i, in[at++]);
    assert_int_equal(at, 7);
    assert_int_equal(route_set_size(&set), 7);
    route_set_remove(&set, 64);
    assert_false(route_set_has(&set, 64));
    assert_int_equal(route_set_next(&set, 64), 127);
    assert_false(route_set_has(&set, 5000));
    route_set_clear(&set);
    assert_int_equal(route_set_size(&set), 0);
    assert_int_equal(route_set_size(&none), 0);
    assert_true(route_set_next(&none, 0) == SIZE_MAX);
    route_set_clear(&none);
    route_set_done(&none);
    route_set_done(&set);
    route_set_done(&set);
}

/* --- a route by itself --- */

static void route_says(const Hotline__Route *route, int error, const char *words)
{
    struct err_note note = {0};
    assert_int_equal(route_check(route, &note), error);
    if (strstr(note.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", note.text, words);
}

static void route_check_names_what_is_wrong(void **state)
{
    (void)state;
    char *countries[] = {writable("GR"), writable("XK"), writable("BE")};
    char *members[] = {writable("pl-hotline"), writable("it-hotline"), writable("be-hotline")};
    Hotline__Role__Code audience[] = {HOTLINE__ROLE__CODE__HOTLINE, HOTLINE__ROLE__CODE__MEDIATOR};
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    route_says(&route, ERR_MISSING, "neither a country nor a member");
    route.countries = countries;
    route.n_countries = 3;
    route_says(&route, OK, "");
    route.members = members;
    route.n_members = 3;
    route.audience = audience;
    route.n_audience = 2;
    route_says(&route, OK, "");
    countries[2] = writable("UK");
    route_says(&route, ERR_UNKNOWN, "route.countries[2]: UK is not an ISO 3166-1 alpha-2 code; did you mean GB?");
    countries[2] = writable("gr");
    route_says(&route, ERR_UNKNOWN, "did you mean GR?");
    countries[2] = writable("GR");
    route_says(&route, ERR_INVALID, "route.countries[2]: GR stands there twice");
    countries[2] = writable("BE");
    members[2] = writable("pl-hotline");
    route_says(&route, ERR_INVALID, "route.members[2]: pl-hotline stands there twice");
    members[2] = writable("be-hotline");
    audience[1] = HOTLINE__ROLE__CODE__HOTLINE;
    route_says(&route, ERR_INVALID, "route.audience[1]: stands there twice");
    route.n_countries = 0;
    route.n_audience = 0;
    route_says(&route, OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_set_walks_its_members_in_order),
        cmocka_unit_test(route_check_names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
