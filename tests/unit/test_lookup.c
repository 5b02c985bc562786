/* lookup: the table against a plain list, with removals, growth and walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/lookup.h"

#define COUNT 5000

struct thing {
    int other;
    uint8_t key[19]; /* not a whole number of words */
    bool in;
};

static void name(struct thing *thing, unsigned number)
{
    memset(thing, 0, sizeof *thing);
    memcpy(thing->key + 15, &number, sizeof number);
}

static struct thing *things_new(void)
{
    struct thing *things = calloc(COUNT, sizeof *things);
    assert_non_null(things);
    for (unsigned i = 0; i < COUNT; i++)
        name(&things[i], i * 7);
    return things;
}

static void lookup_empty_table_finds_nothing(void **state)
{
    (void)state;
    struct lookup table;
    uint8_t key[19] = {0};
    size_t position = 0;
    lookup_init(&table, offsetof(struct thing, key), sizeof key);
    assert_null(lookup_find(&table, key));
    assert_null(lookup_remove(&table, key));
    assert_null(lookup_next(&table, &position));
    lookup_done(&table);
    lookup_done(&table);
}

static void lookup_finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    struct thing *things = things_new(), stranger;
    struct lookup table;
    lookup_init(&table, offsetof(struct thing, key), sizeof stranger.key);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(lookup_add(&table, &things[i]), OK);
    assert_int_equal(table.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_ptr_equal(lookup_find(&table, things[i].key), &things[i]);
        name(&stranger, i * 7 + 3);
        assert_null(lookup_find(&table, stranger.key));
    }
    lookup_done(&table);
    free(things);
}

static void lookup_last_byte_of_the_key_counts(void **state)
{
    (void)state;
    struct lookup table;
    struct thing a, b;
    name(&a, 1);
    name(&b, 1);
    b.key[18] ^= 1;
    lookup_init(&table, offsetof(struct thing, key), sizeof a.key);
    assert_int_equal(lookup_add(&table, &a), OK);
    assert_null(lookup_find(&table, b.key));
    assert_int_equal(lookup_add(&table, &b), OK);
    assert_ptr_equal(lookup_find(&table, a.key), &a);
    assert_ptr_equal(lookup_find(&table, b.key), &b);
    lookup_done(&table);
}

static void lookup_keeps_step_with_a_plain_list_through_many_changes(void **state)
{
    (void)state;
    struct thing *things = things_new();
    struct lookup table;
    unsigned walk = 12345, in = 0;
    lookup_init(&table, offsetof(struct thing, key), sizeof things->key);
    for (int step = 0; step < 200000; step++) {
        walk = walk * 1103515245u + 12345u;
        struct thing *thing = &things[(walk >> 8) % (step < 100000 ? 40 : COUNT)];
        assert_ptr_equal(lookup_find(&table, thing->key), thing->in ? thing : NULL);
        if (thing->in) {
            assert_ptr_equal(lookup_remove(&table, thing->key), thing);
            in--;
        } else {
            assert_int_equal(lookup_add(&table, thing), OK);
            in++;
        }
        thing->in = !thing->in;
        assert_int_equal(table.count, in);
    }
    for (unsigned i = 0; i < COUNT; i++)
        assert_ptr_equal(lookup_find(&table, things[i].key), things[i].in ? &things[i] : NULL);
    lookup_done(&table);
    free(things);
}

static void lookup_churn_of_a_few_does_not_grow_the_table(void **state)
{
    (void)state;
    struct thing *things = things_new();
    struct lookup table;
    lookup_init(&table, offsetof(struct thing, key), sizeof things->key);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(lookup_add(&table, &things[i]), OK);
        assert_ptr_equal(lookup_remove(&table, things[i].key), &things[i]);
    }
    assert_true(table.capacity <= 64);
    lookup_done(&table);
    free(things);
}

static void lookup_walk_meets_each_once_and_may_remove(void **state)
{
    (void)state;
    struct thing *things = things_new();
    struct lookup table;
    lookup_init(&table, offsetof(struct thing, key), sizeof things->key);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(lookup_add(&table, &things[i]), OK);
    size_t position = 0, met = 0;
    for (struct thing *thing; (thing = lookup_next(&table, &position)) != NULL; met++) {
        assert_false(thing->in);
        thing->in = true;
        if (met % 2 == 0)
            assert_ptr_equal(lookup_remove(&table, thing->key), thing);
    }
    assert_int_equal(met, COUNT);
    assert_int_equal(table.count, COUNT / 2);
    lookup_done(&table);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup_empty_table_finds_nothing),
        cmocka_unit_test(lookup_finds_what_was_added_and_nothing_else),
        cmocka_unit_test(lookup_last_byte_of_the_key_counts),
        cmocka_unit_test(lookup_keeps_step_with_a_plain_list_through_many_changes),
        cmocka_unit_test(lookup_churn_of_a_few_does_not_grow_the_table),
        cmocka_unit_test(lookup_walk_meets_each_once_and_may_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
