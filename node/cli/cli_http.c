/* cli_http: libcurl over a Unix socket. Follows no redirect, speaks no other scheme, never leaves the machine. */
#include "cli_http.h"

#include <curl/curl.h>

#include "proto/jdoc.h"

struct cli_http {
    CURL *curl;
    const char *socket_path;
    char error[CURL_ERROR_SIZE];
};

struct sink {
    struct buf *body;
    const struct cli_http_stream *stream; /* NULL: collect */
    CURL *curl;
    bool stopped, overflow;
};

int cli_http_open(const char *socket_path, struct cli_http **ret_http)
{
    struct cli_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return ERR_NOMEM;
    http->socket_path = socket_path;
    http->curl = curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK ? curl_easy_init() : NULL;
    if (http->curl == NULL) {
        free(http);
        return ERR_NOMEM;
    }
    *ret_http = http;
    return OK;
}

void cli_http_close(struct cli_http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    free(http);
}

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
    struct sink *sink = ctx;
    size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
    if (sink->stream != NULL && status == 200) {
        sink->stopped = !sink->stream->on_piece(sink->stream->ctx, slice_of(data, len));
        return sink->stopped ? 0 : len;
    }
    if (sink->body->len + len > JDOC_BYTES_MAX) {
        sink->overflow = true;
        return 0;
    }
    buf_add(sink->body, data, len);
    return buf_broken(sink->body) ? 0 : len;
}

static void set_common(struct cli_http *http, const char *url, struct sink *sink)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    http->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, http->socket_path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
}

static int error_of(struct cli_http *http, CURLcode code, const struct sink *sink, struct err_note *note)
{
    if (code == CURLE_OK || sink->stopped)
        return OK;
    if (sink->overflow)
        return err_set(note, ERR_LIMIT, "the node's answer is larger than %u bytes", JDOC_BYTES_MAX);
    if (code == CURLE_COULDNT_CONNECT)
        return err_set(note, ERR_UNREACHABLE, "cannot reach the node at %s", http->socket_path);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(note, ERR_TIMEOUT, "the node at %s does not answer", http->socket_path);
    if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR)
        return err_set(note, ERR_NOMEM, "out of memory");
    return err_set(note, ERR_AGAIN, "the connection to the node at %s broke: %s", http->socket_path,
                   http->error[0] != '\0' ? http->error : curl_easy_strerror(code));
}

/* curl's lists grow by one; NULL when out of memory, and then the list is freed. */
static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *headers_of(const struct cli_http_request *request)
{
    struct curl_slist *list =
        add_header(NULL, "Accept", "application/json, application/problem+json, application/octet-stream");
    if (list != NULL)
        list = add_header(list, "Expect", "");
    if (list != NULL && request->body.len > 0)
        list = add_header(list, "Content-Type",
                          request->content_type != NULL ? request->content_type : "application/json");
    if (list != NULL && request->idempotency_key != NULL)
        list = add_header(list, "Idempotency-Key", request->idempotency_key);
    if (list != NULL && request->if_match != NULL)
        list = add_header(list, "If-Match", request->if_match);
    return list;
}

int cli_http_call(struct cli_http *http, const struct cli_http_request *request, struct err_note *note,
                  struct cli_http_answer *ret_answer)
{
    struct buf body;
    buf_init(&body);
    struct sink sink = {.body = &body, .curl = http->curl};
    char url[1024];
    snprintf(url, sizeof url, "http://localhost%s", request->path);
    set_common(http, url, &sink);
    struct curl_slist *headers = headers_of(request);
    if (headers == NULL)
        return err_set(note, ERR_NOMEM, "out of memory");
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE, (long)request->body.len);
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, request->body.len > 0 ? (const char *)request->body.data : "");
    }
    int error = error_of(http, curl_easy_perform(http->curl), &sink, note);
    curl_slist_free_all(headers);
    if (error != OK) {
        buf_free(&body);
        return error;
    }
    long status = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_answer = (struct cli_http_answer){.status = (int)status, .body = body};
    return OK;
}

int cli_http_stream(struct cli_http *http, const struct cli_http_stream *stream, struct err_note *note, int *ret_status,
                    struct buf *ret_refusal)
{
    struct sink sink = {.body = ret_refusal, .stream = stream, .curl = http->curl};
    char url[1024];
    snprintf(url, sizeof url, "http://localhost%s", stream->path);
    set_common(http, url, &sink);
    struct curl_slist *headers = add_header(NULL, "Accept", "text/event-stream, application/problem+json");
    if (headers != NULL && stream->last_event_id != NULL)
        headers = add_header(headers, "Last-Event-ID", stream->last_event_id);
    if (headers == NULL)
        return err_set(note, ERR_NOMEM, "out of memory");
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    if (stream->timeout_ms > 0)
        curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)stream->timeout_ms);
    curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(http->curl, CURLOPT_LOW_SPEED_TIME, (long)(stream->silence_ms / 1000));
    CURLcode code = curl_easy_perform(http->curl);
    curl_slist_free_all(headers);
    long status = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    int error = error_of(http, code, &sink, note);
    if (error == OK && !sink.stopped && status == 200)
        error = err_set(note, ERR_AGAIN, "the node at %s ended the stream", http->socket_path);
    if (error == OK)
        *ret_status = (int)status;
    return error;
}
