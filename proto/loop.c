/* loop: a thin owner of uv. It decides nothing; it must never block, and never free what a callback is
 * inside of. */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

struct reaped {
    void *object;
    void (*free_object)(void *object);
};

struct loop {
    uv_loop_t uv;
    uv_async_t keep;     /* holds the loop open while everything else is unreferenced */
    uv_check_t reaper;   /* started first, so that it runs last among the checks of a turn */
    uv_idle_t reap_soon; /* no waiting while something is to be reaped */
    uv_signal_t signals[3];
    size_t signal_count;
    loop_fn *on_stop;
    loop_fn *on_reload;
    void *signal_ctx;
    struct reaped *reaped;
    size_t reaped_count;
    size_t reaped_room;
    bool stopped;
};

struct loop_timer {
    uv_timer_t uv;
    loop_fn *on_fire;
    void *ctx;
};

static void ignore_keep(uv_async_t *handle)
{
    (void)handle;
}

static void ignore_idle(uv_idle_t *handle)
{
    (void)handle;
}

/* What a free_object() reaps in its turn goes in the next turn: the list is taken before it is walked.
 * */
static void reap_all(struct loop *loop)
{
    struct reaped *list = loop->reaped;
    size_t count = loop->reaped_count;
    loop->reaped = NULL;
    loop->reaped_count = loop->reaped_room = 0;
    for (size_t i = 0; i < count; i++)
        list[i].free_object(list[i].object);
    free(list);
}

static void on_reaper(uv_check_t *handle)
{
    struct loop *loop = handle->data;
    if (loop->reaped_count == 0)
        return;
    reap_all(loop);
    if (loop->reaped_count == 0)
        uv_idle_stop(&loop->reap_soon);
}

static void ignore_sigpipe(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
}

int loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return ERR_NOMEM;
    if (uv_loop_init(&loop->uv) != 0)
        goto out;
    if (uv_async_init(&loop->uv, &loop->keep, ignore_keep) != 0) {
        CHECK(uv_loop_close(&loop->uv) == 0);
        goto out;
    }
    CHECK(uv_check_init(&loop->uv, &loop->reaper) == 0);
    CHECK(uv_check_start(&loop->reaper, on_reaper) == 0);
    CHECK(uv_idle_init(&loop->uv, &loop->reap_soon) == 0);
    uv_unref((uv_handle_t *)&loop->reaper);
    uv_unref((uv_handle_t *)&loop->reap_soon);
    loop->reaper.data = loop;
    ignore_sigpipe();
    *ret_loop = loop;
    return OK;
out:
    free(loop);
    return ERR_IO;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

/* Timers are ours and carry themselves in data; an open handle of anybody else has no owner
 * left. */
static void close_left(uv_handle_t *handle, void *ctx)
{
    struct loop *loop = ctx;
    if (uv_is_closing(handle))
        return;
    bool embedded = (char *)handle >= (char *)loop && (char *)handle < (char *)loop + sizeof *loop;
    if (embedded) {
        uv_close(handle, NULL);
        return;
    }
    uv_handle_type type = uv_handle_get_type(handle);
    CHECK((type == UV_TIMER || type == UV_ASYNC) && handle->data == handle);
    uv_close(handle, free_handle);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    uv_walk(&loop->uv, close_left, loop);
    while (uv_loop_close(&loop->uv) != 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
    while (loop->reaped_count > 0)
        reap_all(loop);
    free(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        uv_run(&loop->uv, UV_RUN_ONCE);
    loop->stopped = false;
}

static void set_true(void *ctx)
{
    bool *flag = ctx;
    *flag = true;
}

int loop_run_until(struct loop *loop, bool (*done)(void *ctx), void *ctx, uint64_t timeout_ms)
{
    bool late = false;
    struct loop_timer *deadline;
    int error = loop_timer_new(loop, set_true, &late, &deadline);
    if (error)
        return error;
    uv_update_time(&loop->uv);
    loop_timer_once(deadline, timeout_ms);
    while (!done(ctx)) {
        if (loop->stopped || late) {
            error = loop->stopped ? ERR_STATE : ERR_TIMEOUT;
            loop->stopped = false;
            break;
        }
        uv_run(&loop->uv, UV_RUN_ONCE);
    }
    loop_timer_free(deadline);
    return error;
}

void loop_turn(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    uv_async_send(&loop->keep);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *loop = handle->data;
    if (number == SIGHUP)
        loop->on_reload(loop->signal_ctx);
    else
        loop->on_stop(loop->signal_ctx);
}

static void mask_reload(int how)
{
    sigset_t reload;
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    CHECK(pthread_sigmask(how, &reload, NULL) == 0);
}

void loop_hold_reload(void)
{
    mask_reload(SIG_BLOCK);
}

int loop_signals(struct loop *loop, loop_fn *on_stop, loop_fn *on_reload, void *ctx)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    CHECK(loop->signal_count == 0);
    loop->on_stop = on_stop;
    loop->on_reload = on_reload;
    loop->signal_ctx = ctx;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uv_signal_t *handle = &loop->signals[i];
        if (uv_signal_init(&loop->uv, handle) != 0)
            return ERR_IO;
        loop->signal_count++;
        handle->data = loop;
        uv_unref((uv_handle_t *)handle);
        if (uv_signal_start(handle, on_signal, numbers[i]) != 0)
            return ERR_IO;
    }
    mask_reload(SIG_UNBLOCK);
    return OK;
}

static void on_timer(uv_timer_t *handle)
{
    struct loop_timer *timer = (struct loop_timer *)handle;
    timer->on_fire(timer->ctx);
}

int loop_timer_new(struct loop *loop, loop_fn *on_fire, void *ctx, struct loop_timer **ret_timer)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return ERR_NOMEM;
    CHECK(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
    timer->on_fire = on_fire;
    timer->ctx = ctx;
    *ret_timer = timer;
    return OK;
}

/* uv counts from the start of the turn; a long turn must not shorten the delay. */
static void start_timer(struct loop_timer *timer, uint64_t delay_ms, uint64_t period_ms)
{
    uv_update_time(timer->uv.loop);
    CHECK(uv_timer_start(&timer->uv, on_timer, delay_ms, period_ms) == 0);
}

void loop_timer_once(struct loop_timer *timer, uint64_t delay_ms)
{
    start_timer(timer, delay_ms, 0);
}

void loop_timer_every(struct loop_timer *timer, uint64_t period_ms)
{
    uint64_t period = period_ms > 0 ? period_ms : 1;
    start_timer(timer, period, period);
}

void loop_timer_stop(struct loop_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_handle);
}

void loop_reap(struct loop *loop, void *object, void (*free_object)(void *object))
{
    if (!object)
        return;
    if (loop->reaped_count == loop->reaped_room) {
        size_t room = loop->reaped_room ? 2 * loop->reaped_room : 16;
        struct reaped *grown = realloc(loop->reaped, room * sizeof *grown);
        if (!grown)
            return;
        loop->reaped = grown;
        loop->reaped_room = room;
    }
    loop->reaped[loop->reaped_count++] = (struct reaped){object, free_object};
    uv_idle_start(&loop->reap_soon, ignore_idle);
}

int loop_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || path[0] == '\0')
        return OK;
    size_t len = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || len >= sizeof address.sun_path)
        return ERR_IO;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    close(fd);
    return sent == (ssize_t)strlen(state) ? OK : ERR_IO;
}
