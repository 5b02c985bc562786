/* outlet: what goes out to one relay, by urgency, within its window, until it is answered. */
#include "fixture.h"
#include "node/outlet.h"

static char things[1000];

static struct outlet *start(void)
{
    static struct outlet outlet;
    outlet_init(&outlet);
    return &outlet;
}

static void push(struct outlet *outlet, enum outlet_kind kind, size_t thing, int rank)
{
    assert_int_equal(outlet_push(outlet, kind, &things[thing], rank), OK);
}

/* The number of the next thing, which is sent at that time; -1: none. */
static int send_next(struct outlet *outlet, int64_t at_us)
{
    const struct outlet_entry *next = outlet_next(outlet);
    if (next == NULL)
        return -1;
    int thing = (int)((char *)next->thing - things);
    outlet_sent(outlet, at_us);
    return thing;
}

static void outlet_next_is_the_most_urgent_then_the_oldest(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    push(outlet, OUTLET_ITEM, 1, 3);
    push(outlet, OUTLET_ITEM, 2, 0);
    push(outlet, OUTLET_OWED, 3, 1);
    push(outlet, OUTLET_ITEM, 4, 0);
    const int order[] = {2, 4, 3, 1, -1};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(send_next(outlet, 1), order[i]);
    outlet_done(outlet);
}

static void outlet_push_of_what_waits_or_flies_adds_nothing_but_grants(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    push(outlet, OUTLET_ITEM, 1, 0);
    push(outlet, OUTLET_ITEM, 1, 0);
    push(outlet, OUTLET_GRANTS, 1, 0);
    assert_int_equal(outlet_size(outlet, OUTLET_ITEM), 1);
    assert_int_equal(outlet_size(outlet, OUTLET_GRANTS), 1);
    send_next(outlet, 1);
    send_next(outlet, 1);
    push(outlet, OUTLET_ITEM, 1, 0);
    push(outlet, OUTLET_GRANTS, 1, 0); /* the frame that flies lacks those made since */
    assert_int_equal(outlet_size(outlet, OUTLET_ITEM), 1);
    assert_int_equal(outlet_size(outlet, OUTLET_GRANTS), 2);
    assert_true(outlet_landed(outlet, OUTLET_GRANTS, &things[1]));
    assert_int_equal(outlet_size(outlet, OUTLET_GRANTS), 1);
    assert_false(outlet_landed(outlet, OUTLET_GRANTS, &things[1]));
    assert_true(outlet_holds(outlet, OUTLET_GRANTS, &things[1]));
    assert_false(outlet_holds(outlet, OUTLET_OWED, &things[1]));
    outlet_done(outlet);
}

static void outlet_window_is_bounded_and_opens_with_each_answer(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    for (size_t i = 0; i < OUTLET_WINDOW + 10; i++)
        push(outlet, OUTLET_ITEM, i, 0);
    for (int i = 0; i < OUTLET_WINDOW; i++)
        assert_int_equal(send_next(outlet, 1), i);
    assert_null(outlet_next(outlet));
    assert_true(outlet_answered(outlet, OUTLET_ITEM, &things[7]));
    assert_int_equal(send_next(outlet, 1), OUTLET_WINDOW);
    assert_null(outlet_next(outlet));
    outlet_done(outlet);
}

static void outlet_again_puts_what_is_overdue_in_front_in_its_order(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    for (size_t i = 0; i < 5; i++)
        push(outlet, OUTLET_ITEM, i, 0);
    for (int i = 0; i < 4; i++)
        send_next(outlet, 10 * i); /* sent at 0, 10, 20, 30; the fifth waits */
    outlet_again(outlet, 20);
    const int order[] = {0, 1, 2, 4, -1};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(send_next(outlet, 50), order[i]);
    assert_int_equal(outlet_size(outlet, OUTLET_ITEM), 5);
    outlet_done(outlet);
}

static void outlet_answered_takes_it_out_wherever_it_is(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    push(outlet, OUTLET_ITEM, 1, 0);
    push(outlet, OUTLET_ITEM, 2, 2);
    send_next(outlet, 1);
    assert_true(outlet_answered(outlet, OUTLET_ITEM, &things[1]));
    assert_true(outlet_answered(outlet, OUTLET_ITEM, &things[2]));
    assert_false(outlet_answered(outlet, OUTLET_ITEM, &things[2]));
    assert_int_equal(outlet_size(outlet, OUTLET_ITEM), 0);
    assert_null(outlet_next(outlet));
    outlet_done(outlet);
}

static void outlet_ring_keeps_its_order_while_it_grows_and_wraps(void **state)
{
    (void)state;
    struct outlet *outlet = start();
    size_t pushed = 0;
    int taken = 0;
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < 11; i++)
            push(outlet, OUTLET_ITEM, pushed++ % 1000, 1);
        for (unsigned i = 0; i < 7; i++) {
            assert_int_equal(send_next(outlet, 1), taken);
            assert_true(outlet_answered(outlet, OUTLET_ITEM, &things[taken]));
            taken++;
        }
    }
    assert_int_equal(outlet_size(outlet, OUTLET_ITEM), 60 * 4);
    outlet_done(outlet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outlet_next_is_the_most_urgent_then_the_oldest),
        cmocka_unit_test(outlet_push_of_what_waits_or_flies_adds_nothing_but_grants),
        cmocka_unit_test(outlet_window_is_bounded_and_opens_with_each_answer),
        cmocka_unit_test(outlet_again_puts_what_is_overdue_in_front_in_its_order),
        cmocka_unit_test(outlet_answered_takes_it_out_wherever_it_is),
        cmocka_unit_test(outlet_ring_keeps_its_order_while_it_grows_and_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
