/* zlink_poll: when a ZeroMQ socket is looked at, and in which order it goes. It never reads or sends a
 * message. */
#include "zlink_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#include <zmq.h>

struct zlink_context {
    struct loop *loop;
    void *raw;
    unsigned long last_serial;
    size_t open; /* sockets whose zmq_close is still to come: terminating the context earlier blocks for ever */
};

struct zlink_poll {
    struct zlink_context *context;
    void *socket;
    uv_poll_t wake;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_check_t check;
    int handles_left;
    bool want_write;
    bool started;
    bool closing;
    zlink_poll_fn *on_turn;
    void *ctx;
};

int zlink_context_new(struct loop *loop, int max_sockets, struct zlink_context **ret_context)
{
    struct zlink_context *context = calloc(1, sizeof *context);
    if (!context)
        return ERR_NOMEM;
    context->loop = loop;
    context->raw = zmq_ctx_new();
    if (!context->raw) {
        free(context);
        return ERR_NOMEM;
    }
    if (zmq_ctx_set(context->raw, ZMQ_MAX_SOCKETS, max_sockets) != 0) {
        zlink_context_free(context);
        return ERR_IO;
    }
    *ret_context = context;
    return OK;
}

void zlink_context_free(struct zlink_context *context)
{
    if (!context)
        return;
    for (int turns = 0; context->open > 0; turns++) {
        CHECK(turns < 1000); /* a link was not freed: zmq_ctx_term would hang in silence */
        loop_turn(context->loop);
    }
    while (zmq_ctx_term(context->raw) != 0)
        CHECK(errno == EINTR);
    free(context);
}

struct loop *zlink_context_loop(struct zlink_context *context)
{
    return context->loop;
}

unsigned long zlink_context_serial(struct zlink_context *context)
{
    return ++context->last_serial;
}

static int events_of(struct zlink_poll *poll)
{
    int events = 0;
    size_t size = sizeof events;
    while (zmq_getsockopt(poll->socket, ZMQ_EVENTS, &events, &size) != 0) {
        if (errno != EINTR)
            return 0;
    }
    return events & (ZMQ_POLLIN | (poll->want_write ? ZMQ_POLLOUT : 0));
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    (void)handle, (void)status, (void)events;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static void on_prepare(uv_prepare_t *handle)
{
    struct zlink_poll *poll = handle->data;
    if (events_of(poll) != 0)
        uv_idle_start(&poll->idle, on_idle);
}

static void on_check(uv_check_t *handle)
{
    struct zlink_poll *poll = handle->data;
    uv_idle_stop(&poll->idle);
    int events = events_of(poll);
    if (events != 0)
        poll->on_turn(poll->ctx, (events & ZMQ_POLLIN) != 0, (events & ZMQ_POLLOUT) != 0);
}

static void close_socket(struct zlink_poll *poll)
{
    poll->context->open--;
    CHECK(zmq_close(poll->socket) == 0);
    free(poll);
}

int zlink_poll_new(struct zlink_context *context, int type, struct zlink_poll **ret_poll)
{
    int linger = 0;
    struct zlink_poll *poll = calloc(1, sizeof *poll);
    if (!poll)
        return ERR_NOMEM;
    poll->context = context;
    poll->socket = zmq_socket(context->raw, type);
    if (!poll->socket) {
        int error = errno == EMFILE ? ERR_LIMIT : ERR_IO;
        free(poll);
        return error;
    }
    context->open++;
    if (zmq_setsockopt(poll->socket, ZMQ_LINGER, &linger, sizeof linger) != 0) {
        close_socket(poll);
        return ERR_IO;
    }
    *ret_poll = poll;
    return OK;
}

int zlink_poll_start(struct zlink_poll *poll, zlink_poll_fn *on_turn, void *ctx)
{
    uv_loop_t *uv = loop_uv(poll->context->loop);
    int fd = -1;
    size_t size = sizeof fd;
    CHECK(!poll->started);
    if (zmq_getsockopt(poll->socket, ZMQ_FD, &fd, &size) != 0 || uv_poll_init(uv, &poll->wake, fd) != 0)
        return ERR_IO;
    poll->started = true;
    poll->on_turn = on_turn;
    poll->ctx = ctx;
    CHECK(uv_prepare_init(uv, &poll->prepare) == 0);
    CHECK(uv_idle_init(uv, &poll->idle) == 0);
    CHECK(uv_check_init(uv, &poll->check) == 0);
    poll->wake.data = poll->prepare.data = poll->idle.data = poll->check.data = poll;
    poll->handles_left = 4;
    CHECK(uv_prepare_start(&poll->prepare, on_prepare) == 0);
    CHECK(uv_check_start(&poll->check, on_check) == 0);
    uv_unref((uv_handle_t *)&poll->prepare);
    uv_unref((uv_handle_t *)&poll->check);
    return uv_poll_start(&poll->wake, UV_READABLE, on_wake) == 0 ? OK : ERR_IO;
}

void *zlink_poll_socket(struct zlink_poll *poll)
{
    return poll->socket;
}

void zlink_poll_want_write(struct zlink_poll *poll, bool want)
{
    poll->want_write = want;
}

static void on_closed(uv_handle_t *handle)
{
    struct zlink_poll *poll = handle->data;
    if (--poll->handles_left == 0)
        close_socket(poll);
}

void zlink_poll_free(struct zlink_poll *poll)
{
    if (!poll)
        return;
    CHECK(!poll->closing);
    poll->closing = true;
    if (!poll->started) {
        close_socket(poll);
        return;
    }
    uv_close((uv_handle_t *)&poll->wake, on_closed);
    uv_close((uv_handle_t *)&poll->prepare, on_closed);
    uv_close((uv_handle_t *)&poll->idle, on_closed);
    uv_close((uv_handle_t *)&poll->check, on_closed);
}
