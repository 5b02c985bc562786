/* argon: who is known is worked on first and never waits behind strangers; no share takes a queue for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/argon.h"
#include "proto/seal.h"

#define DEADLINE_MS 20000
#define ASKED_MAX 64

/* A password's try; which one stands in its number. */
struct asked {
    struct scene *scene;
    int result, place; /* place: the how-manieth that ended; 0: not yet */
};

struct scene {
    struct loop *loop;
    struct argon *argon;
    struct asked asked[ASKED_MAX];
    int count, ended, wanted;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    *state = scene;
    return scene == NULL || seal_start() != OK || loop_new(&scene->loop) != OK ||
        argon_new(scene->loop, &scene->argon) != OK;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    argon_free(scene->argon);
    loop_free(scene->loop);
    free(scene);
    return 0;
}

static void on_done(void *ctx, int result, const uint8_t key[KEY_BYTES])
{
    struct asked *asked = ctx;
    (void)key;
    asked->result = result;
    asked->place = ++asked->scene->ended;
}

/* The number of the try, or an error. */
static int ask(struct scene *scene, enum argon_queue queue, const char *share)
{
    const struct seal_argon cost = {.operations = 1, .memory_bytes = 8192};
    struct asked *asked = &scene->asked[scene->count];
    asked->scene = scene;
    const struct argon_wish wish = {
        .password = "correct horse", .cost = &cost, .queue = queue, .share = share, .done = on_done, .ctx = asked};
    int error = argon_ask(scene->argon, &wish);
    return error == OK ? scene->count++ : error;
}

static bool all_ended(void *ctx)
{
    struct scene *scene = ctx;
    return scene->ended >= scene->wanted;
}

static void run(struct scene *scene)
{
    scene->wanted = scene->count;
    assert_int_equal(loop_run_until(scene->loop, all_ended, scene, DEADLINE_MS), OK);
}

/* A queue of strangers that is full; the first one is worked on. */
static void fill(struct scene *scene, bool of_one)
{
    char share[40];
    for (int i = 0; i <= LIMIT_LOGINS_WAITING; i++) {
        snprintf(share, sizeof share, "address 192.0.2.%d", of_one ? 1 : i);
        assert_true(ask(scene, ARGON_STRANGER, share) >= 0);
    }
}

static void argon_known_one_is_worked_on_at_once_beside_a_flood(void **state)
{
    struct scene *scene = *state;
    fill(scene, false);
    assert_int_equal(ask(scene, ARGON_STRANGER, "address 198.51.100.1"), ERR_BUSY);
    int known = ask(scene, ARGON_KNOWN, "device 1"), second = ask(scene, ARGON_KNOWN, "device 2");
    assert_true(known >= 0 && second >= 0);
    run(scene);
    assert_true(scene->asked[known].place <= 3);
    assert_true(scene->asked[second].place <= 4);
    for (int i = 0; i < scene->count; i++)
        assert_int_equal(scene->asked[i].result, OK);
}

static void argon_one_share_keeps_no_other_out(void **state)
{
    struct scene *scene = *state;
    fill(scene, true);
    int last = scene->count - 1, other = ask(scene, ARGON_STRANGER, "address 192.0.2.2");
    assert_true(other >= 0);
    assert_int_equal(scene->asked[last].result, ERR_BUSY);
    assert_int_equal(scene->asked[last].place, 1);
    assert_int_equal(ask(scene, ARGON_STRANGER, "address 192.0.2.1"), ERR_BUSY);
    run(scene);
    assert_int_equal(scene->asked[other].result, OK);
    assert_int_equal(scene->asked[0].result, OK);
}

static void argon_shares_that_have_one_each_are_left_alone(void **state)
{
    struct scene *scene = *state;
    fill(scene, false);
    assert_int_equal(ask(scene, ARGON_STRANGER, "address 192.0.2.99"), ERR_BUSY);
    assert_int_equal(scene->ended, 0);
    run(scene);
}

static void argon_end_answers_all_that_wait(void **state)
{
    struct scene *scene = *state;
    fill(scene, false);
    argon_free(scene->argon);
    scene->argon = NULL;
    assert_int_equal(scene->ended, LIMIT_LOGINS_WAITING);
    assert_int_equal(scene->asked[scene->count - 1].result, ERR_STATE);
    run(scene);
    assert_int_equal(scene->asked[0].result, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(argon_known_one_is_worked_on_at_once_beside_a_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(argon_one_share_keeps_no_other_out, setup, teardown),
        cmocka_unit_test_setup_teardown(argon_shares_that_have_one_each_are_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(argon_end_answers_all_that_wait, setup, teardown),
    };
    return cmocka_run_group_tests_name("argon", tests, NULL, NULL);
}
