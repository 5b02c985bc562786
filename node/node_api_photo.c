/* node_api_photo: pictures in, photos out. A picture is never looked at in this process: the helper decodes it. */
#include <stdlib.h>
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_blob.h"
#include "proto/clock.h"

/* Outlives its request, and the API: the helper and the disk answer when they do. */
struct waiting {
    struct node_api *api;
    struct http_request *request; /* NULL: its client has left, or the API ended */
};

static void on_client_gone(void *ctx)
{
    struct waiting *waiting = ctx;
    http_reply(waiting->request, 503, NULL, slice_of(NULL, 0));
    waiting->request = NULL;
}

static struct waiting *wait_for(struct node_api_call *call)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting != NULL)
        *waiting = (struct waiting){.api = call->api, .request = call->request};
    return waiting;
}

/* ---- in ---- */

static void answer_picture(const struct waiting *waiting, const struct picture *picture)
{
    struct node_api *api = waiting->api;
    uint8_t id[16];
    char hex[2 * sizeof id + 1];
    int error =
        node_photo_offer(api->conf.node, picture, node_now(api->conf.node, clock_wall_us(), clock_steady_us()), id);
    if (error != OK) {
        node_api_refuse_late(waiting->request, error, err_text(error));
        return;
    }
    buf_hex(slice_of(id, sizeof id), hex);
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "photo", hex);
    jdoc_set_int(doc, "width_px", picture->width);
    jdoc_set_int(doc, "height_px", picture->height);
    jdoc_set_int(doc, "size_bytes", (int64_t)picture->photo.len);
    jdoc_set_int(doc, "thumbnail_bytes", (int64_t)picture->thumbnail.len);
    node_api_answer(waiting->request, 201, doc);
}

static void on_picture(void *ctx, int error, const struct err_note *note, const struct picture *picture)
{
    struct waiting *waiting = ctx;
    if (waiting->request != NULL && error == OK)
        answer_picture(waiting, picture);
    else if (waiting->request != NULL)
        node_api_refuse_late(waiting->request, error, err_explain(note, error));
    free(waiting);
}

int node_api_post_photo(struct node_api_call *call)
{
    struct waiting *waiting = wait_for(call);
    if (waiting == NULL)
        return ERR_NOMEM;
    int error = helper_picture(call->api->conf.helper, http_body(call->request), &call->note, on_picture, waiting);
    if (error != OK) {
        free(waiting);
        return error;
    }
    node_api_record(call, NULL);
    http_on_gone(call->request, on_client_gone, waiting);
    return OK;
}

/* ---- out ---- */

static void on_photo(void *ctx, int error, struct slice photo)
{
    struct waiting *waiting = ctx;
    if (waiting->request != NULL && error == OK)
        http_reply(waiting->request, 200, "image/jpeg", photo);
    else if (waiting->request != NULL)
        node_api_refuse_late(waiting->request, error == ERR_NOT_FOUND || error == ERR_CORRUPT ? ERR_NOT_FOUND : error,
                             "this photo cannot be read");
    free(waiting);
}

int node_api_get_photo(struct node_api_call *call)
{
    int64_t number = 1;
    int error = node_api_read_number(call, "number", 1, LIMIT_BLOBS, &number);
    if (error != OK)
        return error;
    struct waiting *waiting = wait_for(call);
    if (waiting == NULL)
        return ERR_NOMEM;
    error = node_photo_read(call->node, call->entry, (size_t)number, &call->note, on_photo, waiting);
    if (error != OK)
        free(waiting);
    else
        http_on_gone(call->request, on_client_gone, waiting);
    return error;
}
