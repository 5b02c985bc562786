/* origin: compares names. Resolves none: a name that is not listed is foreign, wherever it leads. */
#include "node/origin.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HTTPS "https://"

/* The host of "host", "host:port", "[v6]:port". False: none, or too long. */
static bool host_of(const char *text, char host[ORIGIN_HOST_MAX])
{
    const char *end = text[0] == '[' ? strchr(text, ']') : text + strcspn(text, ":/");
    if (end == NULL)
        return false;
    size_t len = (size_t)(end - text) + (text[0] == '[');
    if (len == 0 || len >= ORIGIN_HOST_MAX)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    const char *rest = text + len;
    return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

static bool is_loopback_host(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
        (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

bool origin_is_loopback(const char *address)
{
    char host[ORIGIN_HOST_MAX];
    return host_of(address, host) && is_loopback_host(host);
}

static bool is_host_of(const char *text, const char *host)
{
    char own[ORIGIN_HOST_MAX];
    return text != NULL && host_of(text, own) && strcasecmp(own, host) == 0;
}

static const char *proxy_host(const struct origin_names *names)
{
    return names->proxy != NULL ? names->proxy + strlen(HTTPS) : NULL;
}

bool origin_host_ok(const struct origin_names *names, const char *text)
{
    char host[ORIGIN_HOST_MAX];
    if (text == NULL || !host_of(text, host))
        return false;
    return is_host_of(names->name, host) || is_host_of(proxy_host(names), host) || is_host_of(names->address, host) ||
        (is_loopback_host(host) && origin_is_loopback(names->address));
}

bool origin_ok(const struct origin_names *names, const char *host, const char *origin)
{
    char own[ORIGIN_HOST_MAX + 16];
    if (origin == NULL || (names->proxy != NULL && strcasecmp(origin, names->proxy) == 0))
        return true;
    int len = snprintf(own, sizeof own, "%s%s", origin_is_secure(names) ? HTTPS : "http://", host != NULL ? host : "");
    return len > 0 && (size_t)len < sizeof own && strcasecmp(origin, own) == 0;
}

bool origin_is_secure(const struct origin_names *names)
{
    return names->tls || names->proxy != NULL;
}

bool origin_is_proxy(const char *text)
{
    char host[ORIGIN_HOST_MAX];
    return strncmp(text, HTTPS, strlen(HTTPS)) == 0 && host_of(text + strlen(HTTPS), host) &&
        strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-[]:") == strlen(host);
}
