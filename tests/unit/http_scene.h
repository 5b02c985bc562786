/* http_scene - a real server on a real loop, and clients that are plain sockets read in the same thread; for the tests
 * of http: test_http.c, test_http_guard.c. */
#ifndef TESTS_UNIT_HTTP_SCENE_H
#define TESTS_UNIT_HTTP_SCENE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/http.h"

#define DEADLINE_MS 10000
#define CLIENTS 4

struct client {
    int fd; /* -1: closed by us */
    struct buf in;
    bool ended;
};

struct scene {
    struct loop *loop;
    struct http *http;
    char folder[40];
    char path[64];
    struct client clients[CLIENTS];
    int current;
    const char *wanted;
    /* what handlers saw */
    int handled;
    char method[16], target[128], query[64], header[64];
    struct buf body;
    uid_t uid;
    pid_t pid;
    int peer_error;
    struct http_request *kept;
    struct http_stream *stream;
    int gone, closed;
};

/* ---- the server's side ---- */

static inline void count_gone(void *ctx)
{
    ((struct scene *)ctx)->gone++;
}

static inline void count_closed(void *ctx)
{
    struct scene *s = ctx;
    s->closed++;
    s->stream = NULL;
}

static inline void note_request(struct scene *s, struct http_request *request)
{
    const char *query = http_query(request, "q");
    const char *header = http_header(request, "x-case");
    s->handled++;
    snprintf(s->method, sizeof s->method, "%s", http_method(request));
    snprintf(s->target, sizeof s->target, "%s", http_path(request));
    snprintf(s->query, sizeof s->query, "%s", query ? query : "(none)");
    snprintf(s->header, sizeof s->header, "%s", header ? header : "(none)");
    buf_clear(&s->body);
    buf_add_slice(&s->body, http_body(request));
    s->peer_error = http_peer(request, &s->uid, &s->pid);
}

static inline void handle(void *ctx, struct http_request *request)
{
    struct scene *s = ctx;
    note_request(s, request);
    if (strcmp(http_path(request), "/late") == 0) {
        http_on_gone(request, count_gone, s);
        s->kept = request;
    } else if (strcmp(http_path(request), "/events") == 0) {
        s->stream = http_stream_start(request, "text/event-stream", slice_text(":\n\n"), count_closed, s);
        assert_non_null(s->stream);
    } else {
        assert_int_equal(http_reply_header(request, "X-Bad", "a\r\nSet-Cookie: x"), ERR_INVALID);
        assert_int_equal(http_reply_header(request, "X-Good", "yes"), OK);
        http_reply(request, 200, "text/plain", slice_text("hello\n"));
    }
}

/* ---- the client's side ---- */

static inline void take_input(struct client *client)
{
    uint8_t room[4096];
    ssize_t len = 1;
    while (client->fd >= 0 && !client->ended && len > 0) {
        len = recv(client->fd, room, sizeof room, MSG_DONTWAIT);
        if (len > 0)
            buf_add(&client->in, room, (size_t)len);
        client->ended = len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR);
    }
}

static inline struct client *client_of(struct scene *s)
{
    return &s->clients[s->current];
}

static inline bool has_wanted(void *ctx)
{
    struct scene *s = ctx;
    take_input(client_of(s));
    return strstr(buf_text(&client_of(s)->in), s->wanted) != NULL;
}

static inline bool has_ended(void *ctx)
{
    struct scene *s = ctx;
    take_input(client_of(s));
    return client_of(s)->ended;
}

static inline bool has_kept(void *ctx)
{
    return ((struct scene *)ctx)->kept != NULL;
}

static inline bool has_stream(void *ctx)
{
    return ((struct scene *)ctx)->stream != NULL;
}

static inline bool has_gone(void *ctx)
{
    return ((struct scene *)ctx)->gone > 0;
}

static inline bool has_closed(void *ctx)
{
    return ((struct scene *)ctx)->closed > 0;
}

static inline bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static inline void wait_for(struct scene *s, bool (*done)(void *ctx))
{
    int error = loop_run_until(s->loop, done, s, DEADLINE_MS);
    if (error)
        print_message("received: %s\n", buf_text(&client_of(s)->in));
    assert_int_equal(error, OK);
}

static inline void wait_text(struct scene *s, const char *text)
{
    s->wanted = text;
    wait_for(s, has_wanted);
}

/* The clients are not on the loop: this timer lets its turns come often enough to look at them. */
static inline void tick(void *ctx)
{
    (void)ctx;
}

static inline struct scene *begin(void)
{
    struct scene *s = calloc(1, sizeof *s);
    struct loop_timer *ticker;
    assert_non_null(s);
    buf_init(&s->body);
    for (int i = 0; i < CLIENTS; i++) {
        s->clients[i].fd = -1;
        buf_init(&s->clients[i].in);
    }
    assert_int_equal(loop_new(&s->loop), OK);
    assert_int_equal(loop_timer_new(s->loop, tick, NULL, &ticker), OK);
    loop_timer_every(ticker, 2);
    snprintf(s->folder, sizeof s->folder, "/tmp/hotline-http-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/node.sock", s->folder);
    return s;
}

static inline void listen_tcp(struct scene *s)
{
    const struct http_conf conf = {
        .address = "127.0.0.1:0",
        .body_max = 1000,
        .bodies_max = 1500,
        .stream_max = 100000,
        .heartbeat_ms = 20,
    };
    struct err_note note = {""};
    int error = http_listen(s->loop, &conf, handle, s, &note, &s->http);
    if (error)
        print_message("%s\n", note.text);
    assert_int_equal(error, OK);
    assert_int_not_equal(http_port(s->http), 0);
}

static inline void listen_unix(struct scene *s)
{
    const struct http_conf conf = {.path = s->path, .mode = 0660, .heartbeat_ms = 20};
    assert_int_equal(http_listen(s->loop, &conf, handle, s, NULL, &s->http), OK);
}

static inline void hang_up(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

static inline void end(struct scene *s)
{
    for (int i = 0; i < CLIENTS; i++) {
        hang_up(&s->clients[i]);
        buf_free(&s->clients[i].in);
    }
    http_free(s->http);
    if (s->kept)
        http_reply(s->kept, 200, NULL, slice_text(""));
    loop_free(s->loop);
    assert_int_equal(access(s->path, F_OK), -1);
    rmdir(s->folder);
    buf_free(&s->body);
    free(s);
}

static inline void call(struct scene *s, int which)
{
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_port = htons(http_port(s->http))};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    bool is_tcp = http_port(s->http) != 0;
    struct client *client = &s->clients[which];
    tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(local.sun_path, s->path, sizeof s->path);
    s->current = which;
    client->ended = false;
    buf_clear(&client->in);
    client->fd = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    assert_true(client->fd >= 0);
    int connected = is_tcp ? connect(client->fd, (const struct sockaddr *)&tcp, sizeof tcp) :
                             connect(client->fd, (const struct sockaddr *)&local, sizeof local);
    assert_int_equal(connected, 0);
}

static inline void say(struct scene *s, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(client_of(s)->fd, text, len, MSG_NOSIGNAL), len);
}

static inline void ask(struct scene *s, const char *text)
{
    call(s, s->current);
    say(s, text);
}

static inline void expect_status(struct scene *s, const char *request, const char *status)
{
    hang_up(client_of(s));
    ask(s, request);
    wait_text(s, "\r\n\r\n");
    if (strncmp(buf_text(&client_of(s)->in), status, strlen(status)) != 0)
        fail_msg("%.60s got %.60s, wanted %s", request, buf_text(&client_of(s)->in), status);
}

#endif
