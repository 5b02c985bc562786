/* http_socket: makes listening sockets. It must never take a path away from a living process. */
#include "http_socket.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define HOST_MAX 64
#define LISTENING_TYPE (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

static int errno_error(int reason)
{
    switch (reason) {
    case EADDRINUSE:
        return ERR_BUSY;
    case EACCES:
    case EPERM:
        return ERR_PERMISSION;
    case EADDRNOTAVAIL:
        return ERR_CONFIG;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

static int refuse(struct err_note *note, const char *name)
{
    int reason = errno;
    if (reason == EADDRINUSE)
        return err_set(note, ERR_BUSY, "another process listens on %s", name);
    return err_set(note, errno_error(reason), "cannot listen on %s: %s", name, strerror(reason));
}

/* "host:port" or "[host]:port" into its halves; host has room for HOST_MAX. */
static bool split(const char *address, char *host, const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || colon[1] == '\0')
        return false;
    const char *begin = address, *end = colon;
    if (*begin == '[') {
        if (end[-1] != ']')
            return false;
        begin++;
        end--;
    } else if (memchr(address, ':', (size_t)(colon - address))) {
        return false;
    }
    size_t len = (size_t)(end - begin);
    if (len == 0 || len >= HOST_MAX)
        return false;
    memcpy(host, begin, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return true;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && text[digits] == '\0' && strtoul(text, NULL, 10) <= 65535;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in6 bound;
    socklen_t size = sizeof bound;
    memset(&bound, 0, sizeof bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
        return 0;
    return ntohs(bound.sin6_port); /* at the same place in a sockaddr_in */
}

static int listen_at(const struct addrinfo *where, const char *address, struct err_note *note, int *ret_fd)
{
    int on = 1;
    int fd = socket(where->ai_family, LISTENING_TYPE, 0);
    if (fd < 0)
        return refuse(note, address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (where->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int error = refuse(note, address);
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return OK;
}

int http_socket_tcp(const char *address, struct err_note *note, struct http_socket *ret_socket)
{
    char host[HOST_MAX];
    const char *port = "";
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found = NULL;
    int fd = -1;
    if (!split(address, host, &port) || !is_port(port) || getaddrinfo(host, port, &hints, &found) != 0)
        return err_set(note, ERR_CONFIG, "%s is not an address like 127.0.0.1:8080 or [::1]:8080", address);
    int error = listen_at(found, address, note, &fd);
    freeaddrinfo(found);
    if (error)
        return error;
    *ret_socket = (struct http_socket){.fd = fd, .port = port_of(fd)};
    return OK;
}

/* ---- Unix ---- */

/* Removes what a dead process left behind. */
static int clear_path(const struct sockaddr_un *address, struct err_note *note)
{
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? OK : refuse(note, path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(note, ERR_EXISTS, "%s exists and is not a socket", path);
    int probe = socket(AF_UNIX, LISTENING_TYPE, 0);
    if (probe < 0)
        return refuse(note, path);
    int connected = connect(probe, (const struct sockaddr *)address, sizeof *address);
    int reason = connected == 0 ? 0 : errno;
    close(probe);
    if (reason == ENOENT)
        return OK;
    if (reason != ECONNREFUSED)
        return err_set(note, ERR_BUSY, "another process listens on %s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return refuse(note, path);
    return OK;
}

static int find_group(const char *group, struct err_note *note, gid_t *ret_gid)
{
    const struct group *found = getgrnam(group);
    if (!found)
        return err_set(note, ERR_CONFIG, "group %s does not exist", group);
    *ret_gid = found->gr_gid;
    return OK;
}

/* Bound, owned and permitted, then listening: before that nobody gets through, whatever the umask was.
 * */
static int bind_path(struct http_socket *made, const struct sockaddr_un *address, mode_t mode, gid_t gid)
{
    struct stat status;
    if (bind(made->fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    if (lstat(address->sun_path, &status) != 0)
        return -1;
    made->device = status.st_dev;
    made->inode = status.st_ino;
    if (chmod(address->sun_path, mode) != 0)
        return -1;
    if (gid != (gid_t)-1 && chown(address->sun_path, (uid_t)-1, gid) != 0)
        return -1;
    return listen(made->fd, BACKLOG);
}

int http_socket_unix(const char *path, mode_t mode, const char *group, struct err_note *note,
                     struct http_socket *ret_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct http_socket made = {.fd = -1};
    gid_t gid = (gid_t)-1;
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path)
        return err_set(note, ERR_LIMIT, "%s: a socket's path has 1 to %zu bytes", path, sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, len);
    int error = group ? find_group(group, note, &gid) : OK;
    if (!error)
        error = clear_path(&address, note);
    if (error)
        return error;
    made.path = strdup(path);
    if (!made.path)
        return err_set(note, ERR_NOMEM, "%s: out of memory", path);
    made.fd = socket(AF_UNIX, LISTENING_TYPE, 0);
    if (made.fd < 0 || bind_path(&made, &address, mode, gid) != 0) {
        error = refuse(note, path);
        http_socket_close(&made);
        return error;
    }
    *ret_socket = made;
    return OK;
}

void http_socket_close(struct http_socket *made)
{
    struct stat status;
    if (made->fd >= 0)
        close(made->fd);
    made->fd = -1;
    if (made->path && made->inode != 0 && lstat(made->path, &status) == 0 && status.st_dev == made->device &&
        status.st_ino == made->inode)
        unlink(made->path);
    free(made->path);
    made->path = NULL;
}
