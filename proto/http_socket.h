/*
 * http_socket - a listening TCP or Unix socket for http. Internal to http.
 *
 * A Unix socket that a dead process left is replaced, a live one never; the path is removed at the end
 * only while it still is the file that we made.
 */
#ifndef PROTO_HTTP_SOCKET_H
#define PROTO_HTTP_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct http_socket {
    int fd;        /* -1: none */
    uint16_t port; /* of a TCP socket */
    char *path;    /* of a Unix socket */
    dev_t device;
    ino_t inode;
};

/* Listens on "127.0.0.1:8080" or "[::1]:0" (0: any free port; numbers only, no names are looked up).
 * ERR_CONFIG, ERR_BUSY, ERR_PERMISSION, ERR_IO. */
int http_socket_tcp(const char *address, struct err_note *note, struct http_socket *ret_socket) MUST_CHECK;
/* Listens on a path, with these permission bits and this group (NULL: as the process) before anybody
 * can connect. ERR_BUSY, ERR_EXISTS (a file that is no socket), ERR_CONFIG (unknown group), ERR_LIMIT
 * (path too long), ERR_PERMISSION, ERR_NOMEM, ERR_IO. */
int http_socket_unix(const char *path, mode_t mode, const char *group, struct err_note *note,
                     struct http_socket *ret_socket) MUST_CHECK;
/* Closes and removes. A second call does nothing. */
void http_socket_close(struct http_socket *socket);

#endif
