/* due: what waits comes in the order of its time, however it was set, moved and ended. */
#include <stdlib.h>

#include "proto/due.h"
#include "tests/unit/fixture.h"

struct thing {
    int name;
    struct due due;
};

static void due_order_is_that_of_times_after_moves_and_ends(void **state)
{
    enum { THINGS = 500 };
    static struct thing things[THINGS];
    struct dues dues;
    int64_t last_us = -1;
    size_t seen = 0, ended = 0;
    unsigned random = 12345;
    (void)state;
    dues_init(&dues, offsetof(struct thing, due));
    assert_null(dues_first(&dues, INT64_MAX));
    for (int i = 0; i < THINGS; i++) {
        things[i] = (struct thing){.name = i};
        assert_int_equal(dues_meet(&dues), OK);
        random = random * 1103515245u + 12345u;
        dues_set(&dues, &things[i].due, (int64_t)(random >> 8) % 100000);
    }
    for (int i = 0; i < THINGS; i += 3) { /* to another time, earlier or later */
        random = random * 1103515245u + 12345u;
        dues_set(&dues, &things[i].due, (int64_t)(random >> 8) % 100000);
    }
    for (int i = 0; i < THINGS; i += 7, ended++)
        dues_end(&dues, &things[i].due);
    dues_end(&dues, &things[0].due); /* twice does nothing */
    for (struct thing *thing; (thing = dues_first(&dues, INT64_MAX)) != NULL; seen++) {
        assert_true(thing->name % 7 != 0);
        assert_true(thing->due.at_us >= last_us);
        assert_null(dues_first(&dues, thing->due.at_us - 1));
        assert_ptr_equal(dues_first(&dues, thing->due.at_us), thing);
        last_us = thing->due.at_us;
        dues_end(&dues, &thing->due);
    }
    assert_int_equal(seen + ended, THINGS);
    dues_done(&dues);
}

static void due_part_gives_room_back(void **state)
{
    struct dues dues;
    struct thing one = {.name = 1}, two = {.name = 2};
    (void)state;
    dues_init(&dues, offsetof(struct thing, due));
    assert_int_equal(dues_meet(&dues), OK);
    dues_set(&dues, &one.due, 5);
    dues_part(&dues, &one.due);
    assert_null(dues_first(&dues, 10));
    assert_int_equal(dues_meet(&dues), OK);
    dues_set(&dues, &two.due, 7);
    assert_ptr_equal(dues_first(&dues, 7), &two);
    assert_int_equal(dues.met, 1);
    dues_done(&dues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_order_is_that_of_times_after_moves_and_ends),
        cmocka_unit_test(due_part_gives_room_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
