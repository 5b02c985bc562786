/* loop: timers, signals, reaping, and a clean end. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/clock.h"
#include "proto/loop.h"

#define DEADLINE_MS 5000

struct scene {
    struct loop *loop;
    struct loop_timer *timer;
    int fired;
    int reaped;
    int stops;
    int reloads;
    int wanted;
    bool in_callback;
};

static bool fired_enough(void *ctx)
{
    struct scene *s = ctx;
    return s->fired >= s->wanted;
}

static bool reaped_enough(void *ctx)
{
    struct scene *s = ctx;
    return s->reaped >= s->wanted;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void count_fire(void *ctx)
{
    struct scene *s = ctx;
    s->fired++;
}

static void free_itself(void *ctx)
{
    struct scene *s = ctx;
    s->fired++;
    loop_timer_free(s->timer);
    s->timer = NULL;
}

static struct scene begin(void)
{
    struct scene s = {0};
    assert_int_equal(loop_new(&s.loop), OK);
    return s;
}

static void timer_every_fires_again_and_again(void **state)
{
    (void)state;
    struct scene s = begin();
    s.wanted = 3;
    assert_int_equal(loop_timer_new(s.loop, count_fire, &s, &s.timer), OK);
    loop_timer_every(s.timer, 2);
    assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    loop_timer_stop(s.timer);
    int seen = s.fired;
    assert_int_equal(loop_run_until(s.loop, never, NULL, 20), ERR_TIMEOUT);
    assert_int_equal(s.fired, seen);
    loop_timer_free(s.timer);
    loop_free(s.loop);
}

static void timer_freed_inside_its_callback_is_safe(void **state)
{
    (void)state;
    struct scene s = begin();
    s.wanted = 1;
    assert_int_equal(loop_timer_new(s.loop, free_itself, &s, &s.timer), OK);
    loop_timer_every(s.timer, 1);
    assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    assert_int_equal(loop_run_until(s.loop, never, NULL, 10), ERR_TIMEOUT);
    assert_int_equal(s.fired, 1);
    loop_free(s.loop);
}

static void free_the_timer(void *ctx)
{
    struct scene *s = ctx;
    s->fired++;
    loop_timer_free(s->timer);
}

static void timer_freed_while_due_does_not_fire(void **state)
{
    (void)state;
    struct scene s = begin(), victim = {0};
    struct loop_timer *first;
    s.wanted = 1;
    assert_int_equal(loop_timer_new(s.loop, free_the_timer, &s, &first), OK);
    assert_int_equal(loop_timer_new(s.loop, count_fire, &victim, &s.timer), OK);
    loop_timer_once(first, 1);
    loop_timer_once(s.timer, 1);
    for (int64_t end = clock_steady_us() + 3000; clock_steady_us() < end;)
        continue; /* until both are due in the same turn */
    assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    assert_int_equal(loop_run_until(s.loop, never, NULL, 10), ERR_TIMEOUT);
    assert_int_equal(victim.fired, 0);
    loop_free(s.loop);
}

static void timer_once_restarted_counts_from_now(void **state)
{
    (void)state;
    struct scene s = begin();
    s.wanted = 1;
    assert_int_equal(loop_timer_new(s.loop, count_fire, &s, &s.timer), OK);
    loop_timer_once(s.timer, 1000000);
    loop_timer_once(s.timer, 1);
    assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    loop_free(s.loop); /* frees the timer that is left */
}

static void stop_from_timer(void *ctx)
{
    struct scene *s = ctx;
    loop_stop(s->loop);
}

static void run_returns_after_stop_and_can_run_again(void **state)
{
    (void)state;
    struct scene s = begin();
    assert_int_equal(loop_timer_new(s.loop, stop_from_timer, &s, &s.timer), OK);
    for (int i = 0; i < 2; i++) {
        loop_timer_once(s.timer, 1);
        loop_run(s.loop);
    }
    loop_stop(s.loop);
    loop_run(s.loop);
    loop_stop(s.loop);
    assert_int_equal(loop_run_until(s.loop, never, NULL, DEADLINE_MS), ERR_STATE);
    loop_free(s.loop);
}

struct victim {
    struct scene *scene;
    int content;
};

static void free_victim(void *object)
{
    struct victim *victim = object;
    assert_false(victim->scene->in_callback);
    victim->scene->reaped++;
    free(victim);
}

static void reap_and_use(void *ctx)
{
    struct scene *s = ctx;
    struct victim *victim = malloc(sizeof *victim);
    assert_non_null(victim);
    *victim = (struct victim){s, 41};
    s->in_callback = true;
    loop_reap(s->loop, victim, free_victim);
    victim->content++;
    assert_int_equal(victim->content, 42);
    assert_int_equal(s->reaped, 0);
    s->in_callback = false;
}

static void reap_in_a_callback_frees_once_after_it_and_soon(void **state)
{
    (void)state;
    struct scene s = begin();
    s.wanted = 1;
    assert_int_equal(loop_timer_new(s.loop, reap_and_use, &s, &s.timer), OK);
    loop_timer_once(s.timer, 1);
    assert_int_equal(loop_run_until(s.loop, reaped_enough, &s, DEADLINE_MS), OK);
    assert_int_equal(loop_run_until(s.loop, never, NULL, 5), ERR_TIMEOUT);
    assert_int_equal(s.reaped, 1);
    loop_free(s.loop);
}

static void reap_left_at_the_end_is_freed_with_the_loop(void **state)
{
    (void)state;
    struct scene s = begin();
    for (int i = 0; i < 40; i++) {
        struct victim *victim = malloc(sizeof *victim);
        assert_non_null(victim);
        *victim = (struct victim){&s, 0};
        loop_reap(s.loop, victim, free_victim);
    }
    assert_int_equal(s.reaped, 0);
    loop_free(s.loop);
    assert_int_equal(s.reaped, 40);
}

static void count_stop(void *ctx)
{
    struct scene *s = ctx;
    s->stops++;
    s->fired++;
}

static void count_reload(void *ctx)
{
    struct scene *s = ctx;
    s->reloads++;
    s->fired++;
}

static void signals_call_stop_and_reload_and_sigpipe_nothing(void **state)
{
    (void)state;
    struct scene s = begin();
    assert_int_equal(loop_signals(s.loop, count_stop, count_reload, &s), OK);
    assert_int_equal(raise(SIGPIPE), 0);
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (int i = 0; i < 3; i++) {
        s.wanted = i + 1;
        assert_int_equal(raise(numbers[i]), 0);
        assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    }
    assert_int_equal(s.stops, 2);
    assert_int_equal(s.reloads, 1);
    loop_free(s.loop);
}

static void reload_asked_before_the_loop_listens_is_held_and_told(void **state)
{
    (void)state;
    loop_hold_reload();
    assert_int_equal(raise(SIGHUP), 0); /* its default ends the program */
    struct scene s = begin();
    s.wanted = 1;
    assert_int_equal(loop_signals(s.loop, count_stop, count_reload, &s), OK);
    assert_int_equal(loop_run_until(s.loop, fired_enough, &s, DEADLINE_MS), OK);
    assert_int_equal(s.reloads, 1);
    loop_free(s.loop);
}

static void notify_without_listener_is_fine_and_with_one_arrives(void **state)
{
    (void)state;
    char folder[] = "/tmp/hotline-loop-XXXXXX", got[32] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(loop_notify("READY=1"), OK);
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/n", folder);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    assert_int_equal(loop_notify("READY=1"), OK);
    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    close(fd);
    assert_int_equal(loop_notify("READY=1"), ERR_IO);
    unsetenv("NOTIFY_SOCKET");
    unlink(address.sun_path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_every_fires_again_and_again),
        cmocka_unit_test(timer_freed_inside_its_callback_is_safe),
        cmocka_unit_test(timer_freed_while_due_does_not_fire),
        cmocka_unit_test(timer_once_restarted_counts_from_now),
        cmocka_unit_test(run_returns_after_stop_and_can_run_again),
        cmocka_unit_test(reap_in_a_callback_frees_once_after_it_and_soon),
        cmocka_unit_test(reap_left_at_the_end_is_freed_with_the_loop),
        cmocka_unit_test(signals_call_stop_and_reload_and_sigpipe_nothing),
        cmocka_unit_test(reload_asked_before_the_loop_listens_is_held_and_told),
        cmocka_unit_test(notify_without_listener_is_fine_and_with_one_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
