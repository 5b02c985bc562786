/* http_guard: which connections of http may stay. Whoever only connects, drips a request, or leaves in its middle must
 * not take the places of those who ask: a health check has to get in while a port is being scanned.
 *
 * libmicrohttpd 0.9.75 alone does not see to that. Its epoll is edge-triggered, and a read that fills less than its
 * room counts as "nothing more to read"; so where data and the end of the stream come in one edge, the end is never
 * read, and the place is held until the idle time-out. And each dripped byte starts that time-out again. */
#include <stdlib.h>
#include <sys/socket.h>

#include "http_internal.h"

/* From accept, or from the end of the last answer, to the end of a request. */
#define WHOLE_REQUEST_MS 60000
#define HALF_CLOSED_MS 1000

struct http_place {
    struct http *http;
    struct MHD_Connection *connection;
    struct http_place *next; /* among those who wait: the younger */
    struct http_place *previous;
    uint64_t since_ms; /* of the loop's clock */
    bool waits;        /* no whole request yet: listed */
    bool shut;
};

static int fd_of(const struct http_place *place)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(place->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void unlist(struct http_place *place)
{
    struct http_guard *guard = &place->http->guard;
    if (!place->waits)
        return;
    *(place->previous ? &place->previous->next : &guard->oldest) = place->next;
    *(place->next ? &place->next->previous : &guard->youngest) = place->previous;
    place->next = place->previous = NULL;
    place->waits = false;
}

static void list_as_youngest(struct http_place *place)
{
    struct http_guard *guard = &place->http->guard;
    unlist(place);
    place->since_ms = uv_now(loop_uv(place->http->loop));
    place->waits = true;
    place->previous = guard->youngest;
    *(guard->youngest ? &guard->youngest->next : &guard->oldest) = place;
    guard->youngest = place;
}

/* libmicrohttpd sees an error on it in its next run, and closes it. */
static void shut(struct http_place *place)
{
    unlist(place);
    place->shut = true;
    place->http->guard.open--;
    place->http->counters.shut++;
    (void)shutdown(fd_of(place), SHUT_RDWR);
    http_internal_run_soon(place->http);
}

static bool has_left(const struct http_place *place)
{
    char byte;
    return recv(fd_of(place), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Some places stay free, so that the limit itself, at which nobody is accepted, is not reached. */
static void make_room(struct http *http)
{
    unsigned spare = http->guard.max / 8 + 1;
    if (http->guard.open + spare > http->guard.max && http->guard.oldest)
        shut(http->guard.oldest);
}

void http_guard_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode what)
{
    struct http *http = cls;
    struct http_place *place = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        http_internal_run_soon(http); /* at its limit libmicrohttpd listens again only in the run after this one */
        if (!place)
            return;
        unlist(place);
        http->guard.open -= !place->shut;
        *socket_context = NULL;
        free(place);
        return;
    }
    make_room(http);
    place = calloc(1, sizeof *place);
    if (!place)
        return; /* it lives by libmicrohttpd's own time-out */
    *place = (struct http_place){.http = http, .connection = connection};
    *socket_context = place;
    http->guard.open++;
    list_as_youngest(place);
}

static struct http_place *place_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void http_guard_has_request(struct MHD_Connection *connection)
{
    struct http_place *place = place_of(connection);
    if (place)
        unlist(place);
}

void http_guard_has_answer(struct MHD_Connection *connection)
{
    struct http_place *place = place_of(connection);
    if (place && !place->shut)
        list_as_youngest(place);
}

void http_guard_look(struct http *http)
{
    uint64_t now_ms = uv_now(loop_uv(http->loop));
    struct http_place *next;
    for (struct http_place *place = http->guard.oldest; place; place = next) {
        uint64_t age_ms = now_ms - place->since_ms;
        next = place->next;
        if (age_ms < HALF_CLOSED_MS)
            return; /* the rest is younger */
        if (age_ms >= WHOLE_REQUEST_MS || has_left(place))
            shut(place);
    }
}
