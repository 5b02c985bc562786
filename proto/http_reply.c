/* http_reply: answers and streams. A slow reader costs its queue and no more; nothing here waits for
 * anybody. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_internal.h"

#define STREAM_BLOCK 16384

/* ---- answers ---- */

static bool is_printable(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            return false;
    }
    return true;
}

int http_reply_header(struct http_request *request, const char *name, const char *value)
{
    if (name[0] == '\0' || strpbrk(name, " :\t") || !is_printable(name) || !is_printable(value))
        return ERR_INVALID;
    buf_add(&request->headers, name, strlen(name) + 1);
    buf_add(&request->headers, value, strlen(value) + 1);
    return buf_broken(&request->headers) ? ERR_NOMEM : OK;
}

static bool add_default(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_get_response_header(response, name) || MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Takes response; it is destroyed, and NULL returned, when a header does not fit. headers: pairs, or
 * empty. */
static struct MHD_Response *finish_response(struct MHD_Response *response, const char *content_type,
                                            struct slice headers)
{
    bool fine = response != NULL;
    for (size_t at = 0; fine && at < headers.len;) {
        const char *name = (const char *)headers.data + at;
        const char *value = name + strlen(name) + 1;
        fine = MHD_add_response_header(response, name, value) == MHD_YES;
        at += strlen(name) + strlen(value) + 2;
    }
    fine = fine && (!content_type || add_default(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type)) &&
        add_default(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") &&
        add_default(response, "X-Content-Type-Options", "nosniff");
    if (!fine && response)
        MHD_destroy_response(response);
    return fine ? response : NULL;
}

static struct MHD_Response *bytes_response(const char *content_type, struct slice body, struct slice headers)
{
    struct buf copy;
    buf_init(&copy);
    buf_add_slice(&copy, body);
    if (buf_broken(&copy))
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(copy.len, copy.data, MHD_RESPMEM_MUST_COPY);
    buf_free(&copy);
    return finish_response(response, content_type, headers);
}

/* What a refusal before any handler is called, so that a client need not guess from the status. */
static const struct refusal {
    unsigned status;
    int error;
    const char *type;
} refusals[] = {
    {MHD_HTTP_BAD_REQUEST, ERR_SYNTAX, "syntax"},
    {MHD_HTTP_CONTENT_TOO_LARGE, ERR_LIMIT, "limit"},
    {MHD_HTTP_SERVICE_UNAVAILABLE, ERR_UNREACHABLE, "unreachable"},
};

static const struct refusal *refusal_of(unsigned status)
{
    static const struct refusal internal = {MHD_HTTP_INTERNAL_SERVER_ERROR, ERR_INTERNAL, "internal"};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].status == status)
            return &refusals[i];
    return &internal;
}

enum MHD_Result http_internal_refuse(struct http *http, struct MHD_Connection *connection, unsigned status,
                                     const char *sentence)
{
    char body[512];
    const struct refusal *row = refusal_of(status);
    int len = snprintf(
        body, sizeof body,
        "{\"type\":\"urn:hotline:problem:%s\",\"title\":\"%s\",\"status\":%u,\"code\":\"%s\",\"detail\":\"%s\"}\n",
        row->type, err_text(row->error), status, err_name(row->error), sentence);
    struct MHD_Response *response =
        bytes_response("application/problem+json", slice_of(body, (size_t)len), slice_of(NULL, 0));
    if (!response)
        return MHD_NO;
    http->counters.refused++;
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static void count_answer(struct http_counters *counters, unsigned status)
{
    counters->taken += status >= 200 && status < 400;
    counters->declined += status >= 400 && status < 500;
    counters->errors += status >= 500;
}

/* The answer is there (or failed): the request is no longer the handler's. */
static void answer(struct http_request *request, unsigned status, struct MHD_Response *response)
{
    if (response != NULL)
        count_answer(&request->http->counters, status);
    request->owed = false;
    request->status = status;
    request->response = response;
    request->failed = response == NULL;
    http_internal_resume(request);
}

void http_reply(struct http_request *request, unsigned status, const char *content_type, struct slice body)
{
    CHECK(request->owed);
    if (!request->connection) {
        http_internal_free(request);
        return;
    }
    struct MHD_Response *response = NULL;
    if (!buf_broken(&request->headers))
        response = bytes_response(content_type, body, buf_slice(&request->headers));
    answer(request, status, response);
}

/* ---- streams ---- */

size_t http_stream_queued(const struct http_stream *stream)
{
    return stream->queue.len - stream->done;
}

void http_stream_on_room(struct http_stream *stream, loop_fn *on_room)
{
    stream->on_room = on_room;
}

static ssize_t read_stream(void *cls, uint64_t position, char *room, size_t max)
{
    struct http_stream *stream = cls;
    (void)position;
    stream->request->http->progress = true;
    if (http_stream_queued(stream) == 0 && stream->on_room && !stream->broken && !stream->ended &&
        !stream->request->http->ending)
        stream->on_room(stream->ctx);
    size_t left = http_stream_queued(stream);
    size_t len = left < max ? left : max;
    if (stream->broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left == 0 && (stream->ended || stream->request->http->ending))
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0) {
        http_internal_suspend(stream->request);
        return 0;
    }
    memcpy(room, stream->queue.data + stream->done, len);
    stream->done += len;
    if (stream->done == stream->queue.len) {
        buf_clear(&stream->queue);
        stream->done = 0;
    }
    return (ssize_t)len;
}

struct http_stream *http_stream_start(struct http_request *request, const char *content_type, struct slice heartbeat,
                                      loop_fn *on_closed, void *ctx)
{
    CHECK(request->owed);
    if (!request->connection) {
        http_internal_free(request);
        return NULL;
    }
    struct MHD_Response *response = NULL;
    struct http_stream *stream = calloc(1, sizeof *stream);
    if (stream && !buf_broken(&request->headers))
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, stream, NULL);
    response = finish_response(response, content_type, buf_slice(&request->headers));
    if (!response) {
        free(stream);
        answer(request, 0, NULL);
        return NULL;
    }
    *stream = (struct http_stream){.request = request, .heartbeat = heartbeat, .on_closed = on_closed, .ctx = ctx};
    buf_init(&stream->queue);
    request->stream = stream;
    request->http->counters.streams++;
    answer(request, MHD_HTTP_OK, response);
    return stream;
}

/* A connection that waits for room notices nothing else: shutting it down lets it fail. MHD closes it.
 * */
static int break_stream(struct http_stream *stream, int error)
{
    if (!stream->broken) {
        stream->broken = true;
        stream->request->http->counters.streams_slow += error == ERR_LIMIT;
        (void)shutdown(http_internal_fd(stream->request), SHUT_RDWR);
        http_internal_resume(stream->request);
    }
    return error;
}

int http_stream_write(struct http_stream *stream, struct slice data)
{
    struct buf *queue = &stream->queue;
    size_t left = queue->len - stream->done;
    if (stream->broken || data.len > stream->request->http->stream_max - left)
        return break_stream(stream, ERR_LIMIT);
    if (stream->done > 0) {
        memmove(queue->data, queue->data + stream->done, left);
        queue->len = left;
        stream->done = 0;
    }
    buf_add_slice(queue, data);
    if (buf_broken(queue))
        return break_stream(stream, ERR_NOMEM);
    stream->written = true;
    http_internal_resume(stream->request);
    return OK;
}

void http_stream_end(struct http_stream *stream)
{
    stream->on_closed = NULL;
    stream->on_room = NULL;
    stream->ended = true;
    http_internal_resume(stream->request);
}

/* Rule 4: suspended connections notice nothing. A stream at rest gets its heartbeat, and fails when
 * nobody is there; a request that waits for its answer is asked whether its connection is broken
 * (half-closed is no reason). */
void http_internal_beat(struct http_request *request)
{
    struct http_stream *stream = request->stream;
    struct pollfd state = {.fd = http_internal_fd(request), .events = 0};
    if (stream && !stream->ended && !stream->written && stream->heartbeat.len > 0)
        (void)!http_stream_write(stream, stream->heartbeat);
    if (stream)
        stream->written = false;
    if (request->suspended && poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR)) != 0) {
        request->failed = !stream;
        if (stream)
            (void)break_stream(stream, ERR_UNREACHABLE);
        http_internal_resume(request);
    }
}
