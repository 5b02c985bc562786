/*
 * address - what kind of place an IP address is, for connections whose target somebody else named (webhooks): a name
 * that resolves into our own machine or network must not make this node speak to it (SSRF).
 *
 * By the registries of special-purpose addresses (RFC 6890 and IANA's lists), and the addresses at which clouds hand
 * out their machines' secrets. IPv4 inside IPv6 (mapped, NAT64) counts as what it is inside.
 */
#ifndef NODE_ADDRESS_H
#define NODE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_LOOPBACK,
    ADDRESS_PRIVATE,  /* of a network that is somebody's own */
    ADDRESS_FORBIDDEN /* link-local, metadata, multicast, reserved, another family: nobody may be called there */
};

/* Of AF_INET and AF_INET6; anything else is forbidden. */
enum address_kind address_kind(const struct sockaddr *address);
/* Of an address as it is written ("192.0.2.1", "::1"). False: it is none, but perhaps a name. */
bool address_read(const char *text, enum address_kind *ret_kind);
/* "a public address", "this machine", ... */
const char *address_kind_name(enum address_kind kind);

#endif
