/* http_request: the object that a handler holds. It must never be freed while an answer is owed. */
#include <arpa/inet.h>
#include <asm/socket.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_internal.h"

/* ---- life of a request object ---- */

void http_internal_free(struct http_request *request)
{
    if (request->response)
        MHD_destroy_response(request->response);
    if (request->stream)
        buf_free(&request->stream->queue);
    free(request->stream);
    buf_free(&request->body);
    buf_free(&request->headers);
    free(request->method);
    free(request->path);
    free(request);
}

struct http_request *http_internal_new(struct http *http, struct MHD_Connection *connection, const char *method,
                                       const char *path)
{
    struct http_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    buf_init(&request->body);
    buf_init(&request->headers);
    request->method = strdup(strcmp(method, "HEAD") == 0 ? "GET" : method);
    request->path = strdup(path);
    if (!request->method || !request->path) {
        http_internal_free(request);
        return NULL;
    }
    request->http = http;
    request->connection = connection;
    request->next = http->requests;
    if (request->next)
        request->next->previous = request;
    http->requests = request;
    return request;
}

void http_internal_unkeep(struct http_request *request)
{
    request->http->bodies -= request->body_kept;
    request->body_kept = 0;
}

void http_internal_unlist(struct http_request *request)
{
    http_internal_unkeep(request);
    if (request->next)
        request->next->previous = request->previous;
    if (request->previous)
        request->previous->next = request->next;
    else
        request->http->requests = request->next;
    request->next = request->previous = NULL;
}

/* Rule 1: resuming wakes nothing by itself. */
void http_internal_resume(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_internal_run_soon(request->http);
}

void http_internal_suspend(struct http_request *request)
{
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

/* ---- what the handler asks ---- */

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

static const char *look_up(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    const char *value = NULL;
    size_t size;
    if (!request->connection ||
        MHD_lookup_connection_value_n(request->connection, kind, name, strlen(name), &value, &size) != MHD_YES)
        return NULL;
    return value ? value : "";
}

const char *http_query(const struct http_request *request, const char *name)
{
    return look_up(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return look_up(request, MHD_HEADER_KIND, name);
}

struct slice http_body(const struct http_request *request)
{
    return buf_slice(&request->body);
}

int http_internal_fd(const struct http_request *request)
{
    if (!request->connection)
        return -1;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

int http_peer(const struct http_request *request, uid_t *ret_uid, pid_t *ret_pid)
{
    struct { /* struct ucred, which POSIX does not show */
        pid_t pid;
        uid_t uid;
        gid_t gid;
    } peer;
    socklen_t size = sizeof peer;
    int fd = http_internal_fd(request);
    if (fd < 0 || !request->http->listener_is_unix || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        size != sizeof peer)
        return ERR_STATE;
    *ret_uid = peer.uid;
    *ret_pid = peer.pid;
    return OK;
}

void http_remote(const struct http_request *request, char text[HTTP_REMOTE_MAX])
{
    struct sockaddr_storage peer;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&peer;
    socklen_t size = sizeof peer;
    int fd = http_internal_fd(request);
    text[0] = '\0';
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
        return;
    if (peer.ss_family == AF_INET6) {
        memset(six->sin6_addr.s6_addr + 8, 0, 8);
        (void)inet_ntop(AF_INET6, &six->sin6_addr, text, HTTP_REMOTE_MAX);
    } else if (peer.ss_family == AF_INET) {
        (void)inet_ntop(AF_INET, &((struct sockaddr_in *)&peer)->sin_addr, text, HTTP_REMOTE_MAX);
    }
}

bool http_gone(const struct http_request *request)
{
    return !request->connection;
}

void http_on_gone(struct http_request *request, loop_fn *on_gone, void *ctx)
{
    request->on_gone = on_gone;
    request->gone_ctx = ctx;
}
