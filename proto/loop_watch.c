/* loop_watch: one file descriptor on the loop. Never closes it. */
#include <uv.h>

#include "loop.h"

struct loop_watch {
    uv_poll_t poll;
    loop_fn *on_readable;
    void *ctx;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    const struct loop_watch *watch = poll->data;
    (void)status; /* an error makes it readable: the reader meets it */
    (void)events;
    watch->on_readable(watch->ctx);
}

int loop_watch_new(struct loop *loop, int fd, loop_fn *on_readable, void *ctx, struct loop_watch **ret_watch)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return ERR_NOMEM;
    watch->on_readable = on_readable;
    watch->ctx = ctx;
    if (uv_poll_init(loop_uv(loop), &watch->poll, fd) != 0) {
        free(watch);
        return ERR_IO;
    }
    watch->poll.data = watch;
    CHECK(uv_poll_start(&watch->poll, UV_READABLE, on_poll) == 0);
    *ret_watch = watch;
    return OK;
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, free_watch);
}
