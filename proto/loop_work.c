/* loop_work: what takes long goes to uv's threads and comes back to the loop. It decides nothing. */
#include <stdlib.h>
#include <uv.h>

#include "loop.h"

struct work {
    uv_work_t uv;
    loop_fn *run, *done;
    void *job;
};

static void on_run(uv_work_t *uv)
{
    struct work *work = uv->data;
    work->run(work->job);
}

static void on_done(uv_work_t *uv, int status)
{
    struct work *work = uv->data;
    CHECK(status == 0); /* nothing here is ever cancelled */
    loop_fn *done = work->done;
    void *job = work->job;
    free(work);
    done(job);
}

int loop_work(struct loop *loop, loop_fn *run, loop_fn *done, void *job)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return ERR_NOMEM;
    *work = (struct work){.run = run, .done = done, .job = job};
    work->uv.data = work;
    if (uv_queue_work(loop_uv(loop), &work->uv, on_run, on_done) == 0)
        return OK;
    free(work);
    return ERR_IO;
}
