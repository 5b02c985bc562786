/* http: libmicrohttpd on the uv loop. It must never block, hold more of a body than the limit, or free
 * a request that a handler still owes an answer. The five rules it rests on were measured; each is
 * marked where it is kept. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_internal.h"

/* Rule 3: that many turns without waiting and without a callback, then a pause. */
#define ZERO_TURNS_MAX 8
#define PAUSE_MS 5
#define LOOK_MS 1000
/* What browsers of the last years speak. */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* Of one connection: request line, headers, response headers. */
#define CONNECTION_MEMORY 32768
/* Of a body over the limit, so much beyond four limits is read away before the connection is closed
 * instead. */
#define DISCARD_MAX 65536

const struct http_counters *http_counters(const struct http *http)
{
    return &http->counters;
}

uint16_t http_port(const struct http *http)
{
    return http->listener.port;
}

/* ---- callbacks of libmicrohttpd ---- */

struct lengths {
    unsigned lengths;
    unsigned encodings;
    bool wrong;
    uint64_t length;
};

static enum MHD_Result count_lengths(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct lengths *seen = cls;
    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        size_t digits = value ? strspn(value, "0123456789") : 0;
        seen->lengths++;
        seen->wrong = seen->wrong || digits == 0 || value[digits] != '\0';
        seen->length = digits > 18 ? UINT64_MAX : strtoull(value ? value : "", NULL, 10);
    }
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        seen->encodings++;
        seen->wrong = seen->wrong || !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

static size_t body_max_of(const struct http *http, const char *path)
{
    return http->large_path && strcmp(path, http->large_path) == 0 ? http->large_max : http->body_max;
}

static enum MHD_Result refuse_large(struct http *http, struct MHD_Connection *connection, size_t max)
{
    char sentence[80];
    snprintf(sentence, sizeof sentence, "the body is over the limit of %zu bytes", max);
    return http_internal_refuse(http, connection, MHD_HTTP_CONTENT_TOO_LARGE, sentence);
}

/* Rule 5: what can be refused by its headers is, before a byte of the body is read. */
static enum MHD_Result begin_request(struct http *http, struct MHD_Connection *connection, const char *method,
                                     const char *url, void **con_cls)
{
    struct lengths seen = {.lengths = 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_lengths, &seen);
    if (seen.wrong || seen.lengths + seen.encodings > 1)
        return http_internal_refuse(http, connection, MHD_HTTP_BAD_REQUEST, "the length of the body is not clear");
    struct http_request *request = http_internal_new(http, connection, method, url);
    if (!request)
        return MHD_NO;
    size_t max = body_max_of(http, url);
    if (max > http->small_max && http->may_be_large && !http->may_be_large(http->ctx, request))
        max = http->small_max;
    request->body_max = max;
    if (seen.length <= max) {
        *con_cls = request;
        return MHD_YES;
    }
    http_internal_unlist(request);
    http_internal_free(request);
    return refuse_large(http, connection, max);
}

/* Over the limit nothing is kept; the rest is read away for a while, so that the client gets to read
 * its 413. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t len)
{
    struct http *http = request->http;
    size_t max = request->body_max;
    request->body_seen += len;
    request->crowded |= http->bodies_max != 0 && len > http->bodies_max - http->bodies;
    if (request->body_seen <= max && !request->crowded) {
        buf_add(&request->body, data, len);
        request->body_kept += len;
        http->bodies += len;
    } else {
        buf_free(&request->body);
        http_internal_unkeep(request);
    }
    return request->body_seen <= 4 * max + DISCARD_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result conclude(struct http_request *request)
{
    struct http *http = request->http;
    if (!request->handled && request->body_seen > request->body_max)
        return refuse_large(http, request->connection, request->body_max);
    if (!request->handled && request->crowded)
        return http_internal_refuse(http, request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                                    "too many large bodies at this moment: try again");
    if (buf_broken(&request->body))
        return MHD_NO;
    if (!request->handled && !http->ending) {
        request->handled = request->owed = true;
        http->counters.requests++;
        http_guard_has_request(request->connection);
        http->handler(http->ctx, request);
    }
    if (request->failed)
        return MHD_NO;
    if (request->response) {
        enum MHD_Result result = MHD_queue_response(request->connection, request->status, request->response);
        MHD_destroy_response(request->response);
        request->response = NULL;
        return result;
    }
    if (http->ending)
        return http_internal_refuse(http, request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is stopping");
    http_internal_suspend(request);
    return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *len, void **con_cls)
{
    struct http *http = cls;
    (void)version;
    http->progress = true;
    if (*con_cls == &http->bad_uri)
        return http_internal_refuse(http, connection, MHD_HTTP_BAD_REQUEST, "a NUL in the address");
    if (!*con_cls)
        return begin_request(http, connection, method, url, con_cls);
    if (*len > 0) {
        size_t taken = *len;
        *len = 0;
        return take_body(*con_cls, data, taken);
    }
    return conclude(*con_cls);
}

/* The raw address, before "%00" becomes an end of a C string that a route could be fooled with. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct http *http = cls;
    (void)connection;
    http->progress = true;
    return strstr(uri, "%00") ? &http->bad_uri : NULL;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    struct http *http = cls;
    struct http_request *request = *con_cls;
    (void)why;
    http->progress = true;
    if (!request || *con_cls == &http->bad_uri)
        return;
    *con_cls = NULL;
    http_guard_has_answer(connection);
    http_internal_unlist(request);
    request->connection = NULL;
    request->suspended = false;
    if (request->owed) {
        http->counters.gone++;
        if (request->on_gone)
            request->on_gone(request->gone_ctx);
        return;
    }
    if (request->stream) {
        http->counters.streams--;
        if (request->stream->on_closed)
            request->stream->on_closed(request->stream->ctx);
    }
    http_internal_free(request);
}

/* ---- on the loop ---- */

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

void http_internal_run_soon(struct http *http)
{
    http->run_soon = true;
    uv_idle_start(&http->idle, on_idle);
}

static void on_heartbeat(void *ctx)
{
    struct http *http = ctx;
    for (struct http_request *request = http->requests; request; request = request->next)
        http_internal_beat(request);
}

static void on_look(void *ctx)
{
    http_guard_look(ctx);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct http *http = handle->data;
    (void)status, (void)events;
    http->run_soon = true;
}

static void on_timer(uv_timer_t *handle)
{
    struct http *http = handle->data;
    http->run_soon = true;
}

/* Rules 2 and 3: when MHD wants to run again without being woken. */
static void plan(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool wanted = MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES;
    bool zero = wanted && wait_ms == 0;
    http->zero_turns = zero && !http->progress ? http->zero_turns + 1 : 0;
    http->progress = false;
    if (!wanted) {
        uv_timer_stop(&http->timer);
        return;
    }
    if (zero && http->zero_turns <= ZERO_TURNS_MAX) {
        http->run_soon = true;
        return;
    }
    uv_timer_start(&http->timer, on_timer, zero ? PAUSE_MS : wait_ms, 0);
}

static void on_prepare(uv_prepare_t *handle)
{
    struct http *http = handle->data;
    if (http->ran) {
        http->ran = false;
        plan(http);
    }
    if (http->run_soon)
        uv_idle_start(&http->idle, on_idle);
}

static void run(struct http *http)
{
    http->run_soon = false;
    http->running = true;
    MHD_run(http->daemon);
    http->running = false;
    http->ran = true;
}

static void on_check(uv_check_t *handle)
{
    struct http *http = handle->data;
    uv_idle_stop(&http->idle);
    if (http->run_soon)
        run(http);
}

/* ---- life ---- */

/* libmicrohttpd's options are not const; it copies what it needs of these. */
static void *text_option(const char *text)
{
    return (void *)(uintptr_t)text;
}

static int start_daemon(struct http *http, const struct http_conf *conf)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, http->listener.fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)http->guard.max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)conf->per_address, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, conf->timeout_s ? (intptr_t)conf->timeout_s : 30, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {conf->certificate ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, text_option(conf->certificate)},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, text_option(conf->private_key)},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, text_option(TLS_PRIORITIES)},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned tls = conf->certificate ? MHD_USE_TLS : 0;
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | tls, 0, NULL, NULL, on_access, http,
                                    MHD_OPTION_ARRAY, options, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
                                    MHD_OPTION_NOTIFY_CONNECTION, http_guard_on_connection, http,
                                    MHD_OPTION_URI_LOG_CALLBACK, on_uri, http, MHD_OPTION_END);
    return http->daemon ? OK : ERR_IO;
}

static int start_handles(struct http *http)
{
    uv_loop_t *uv = loop_uv(http->loop);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(uv, &http->poll, info->epoll_fd) != 0)
        return ERR_IO;
    CHECK(uv_prepare_init(uv, &http->prepare) == 0);
    CHECK(uv_idle_init(uv, &http->idle) == 0);
    CHECK(uv_check_init(uv, &http->check) == 0);
    CHECK(uv_timer_init(uv, &http->timer) == 0);
    http->handles_left = 5;
    http->poll.data = http->prepare.data = http->idle.data = http->check.data = http->timer.data = http;
    CHECK(uv_prepare_start(&http->prepare, on_prepare) == 0);
    CHECK(uv_check_start(&http->check, on_check) == 0);
    uv_unref((uv_handle_t *)&http->prepare);
    uv_unref((uv_handle_t *)&http->check);
    http->ran = true;
    return uv_poll_start(&http->poll, UV_READABLE, on_poll) == 0 ? OK : ERR_IO;
}

static int open_listener(struct http *http, const struct http_conf *conf, struct err_note *note)
{
    http->listener.fd = -1;
    http->listener_is_unix = conf->address == NULL;
    if (conf->address)
        return http_socket_tcp(conf->address, note, &http->listener);
    return http_socket_unix(conf->path, conf->mode ? conf->mode : 0600, conf->group, note, &http->listener);
}

int http_listen(struct loop *loop, const struct http_conf *conf, http_handler *handler, void *ctx,
                struct err_note *note, struct http **ret_http)
{
    const char *name = conf->address ? conf->address : conf->path;
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return err_set(note, ERR_NOMEM, "%s: out of memory", name);
    http->loop = loop;
    http->handler = handler;
    http->ctx = ctx;
    http->body_max = conf->body_max ? conf->body_max : 65536;
    http->large_path = conf->large_path;
    http->large_max = conf->large_max;
    http->may_be_large = conf->may_be_large;
    http->small_max = conf->small_max;
    http->guard.max = conf->max_connections ? conf->max_connections : 256;
    http->bodies_max = conf->bodies_max;
    http->stream_max = conf->stream_max ? conf->stream_max : 262144;
    int error = open_listener(http, conf, note);
    if (error)
        goto out;
    error = start_daemon(http, conf);
    if (!error)
        error = start_handles(http);
    if (!error)
        error = loop_timer_new(loop, on_heartbeat, http, &http->heartbeat);
    if (!error)
        error = loop_timer_new(loop, on_look, http, &http->looks);
    if (error) {
        error = err_set(note, error, "%s: the HTTP server does not start: %s", name, err_text(error));
        goto out;
    }
    loop_timer_every(http->looks, LOOK_MS);
    loop_timer_every(http->heartbeat, conf->heartbeat_ms ? conf->heartbeat_ms : 5000);
    *ret_http = http;
    return OK;
out:
    http_free(http);
    return error;
}

void http_stop(struct http *http)
{
    if (http->listener.fd < 0)
        return;
    if (http->daemon)
        MHD_quiesce_daemon(http->daemon);
    http_socket_close(&http->listener);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http *http = handle->data;
    if (--http->handles_left == 0)
        free(http);
}

/* No descriptor is closed while it is polled, and all are resumed before the end (rule 4). */
static void end_daemon(struct http *http)
{
    http->ending = true;
    if (http->handles_left > 0)
        uv_poll_stop(&http->poll);
    for (struct http_request *request = http->requests; request; request = request->next)
        http_internal_resume(request);
    for (int i = 0; i < 3; i++) /* resumed, answered, sent */
        run(http);
    MHD_stop_daemon(http->daemon);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    CHECK(!http->running && !http->ending);
    http_stop(http);
    loop_timer_free(http->heartbeat);
    loop_timer_free(http->looks);
    if (http->daemon)
        end_daemon(http);
    if (http->handles_left == 0) {
        free(http);
        return;
    }
    uv_close((uv_handle_t *)&http->poll, on_handle_closed);
    uv_close((uv_handle_t *)&http->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&http->idle, on_handle_closed);
    uv_close((uv_handle_t *)&http->check, on_handle_closed);
    uv_close((uv_handle_t *)&http->timer, on_handle_closed);
}
