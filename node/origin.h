/*
 * origin - whether a browser's call comes from this console's own pages: the defence against DNS rebinding and against
 * other sites. Pure.
 */
#ifndef NODE_ORIGIN_H
#define NODE_ORIGIN_H

#include <stdbool.h>

#define ORIGIN_HOST_MAX 256

/* What the configuration names; texts are borrowed. */
struct origin_names {
    const char *address; /* HOST:PORT that is listened on */
    const char *name;    /* that browsers use; NULL: none */
    const char *proxy;   /* "https://NAME[:PORT]" of a declared reverse proxy; NULL: none */
    bool tls;            /* this listener itself speaks TLS */
};

/* 127.0.0.0/8, ::1 or localhost: nobody beyond this machine reaches such an address. */
bool origin_is_loopback(const char *address);
/* The Host header names this console: the name, the proxy, the address; on loopback its names too. Any port. */
bool origin_host_ok(const struct origin_names *names, const char *host);
/* The Origin header (NULL: absent, as other programs have it) is that of the page's own address, host: its Host header.
 */
bool origin_ok(const struct origin_names *names, const char *host, const char *origin);
/* True when people's browsers reach it by TLS: cookies are for TLS alone. */
bool origin_is_secure(const struct origin_names *names);
/* "https://name" or "https://name:port", nothing after it. */
bool origin_is_proxy(const char *text);

#endif
