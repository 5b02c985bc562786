/* address: the table of ranges. Resolves nothing, connects to nothing; what is in no row of the table is forbidden. */
#include "node/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "proto/err.h"

struct range {
    const char *text; /* the first address */
    unsigned bits;
    enum address_kind kind;
};

/* The first row that fits counts. */
static const struct range ranges_4[] = {
    {"100.100.100.200", 32, ADDRESS_FORBIDDEN}, /* metadata */
    {"168.63.129.16", 32, ADDRESS_FORBIDDEN},   /* metadata */
    {"192.0.0.0", 24, ADDRESS_FORBIDDEN},       /* metadata, and protocol assignments */
    {"0.0.0.0", 8, ADDRESS_FORBIDDEN},
    {"10.0.0.0", 8, ADDRESS_PRIVATE},
    {"100.64.0.0", 10, ADDRESS_PRIVATE}, /* behind a carrier's NAT */
    {"127.0.0.0", 8, ADDRESS_LOOPBACK},
    {"169.254.0.0", 16, ADDRESS_FORBIDDEN}, /* link-local, metadata */
    {"172.16.0.0", 12, ADDRESS_PRIVATE},
    {"192.0.2.0", 24, ADDRESS_FORBIDDEN}, /* documentation */
    {"192.88.99.0", 24, ADDRESS_FORBIDDEN},
    {"192.168.0.0", 16, ADDRESS_PRIVATE},
    {"198.18.0.0", 15, ADDRESS_FORBIDDEN},   /* benchmarks */
    {"198.51.100.0", 24, ADDRESS_FORBIDDEN}, /* documentation */
    {"203.0.113.0", 24, ADDRESS_FORBIDDEN},  /* documentation */
    {"224.0.0.0", 3, ADDRESS_FORBIDDEN},     /* multicast, reserved, broadcast */
    {"0.0.0.0", 0, ADDRESS_PUBLIC},
};

static const struct range ranges_6[] = {
    {"::1", 128, ADDRESS_LOOPBACK},
    {"fd00:ec2::254", 128, ADDRESS_FORBIDDEN}, /* metadata */
    {"fd20:ce::254", 128, ADDRESS_FORBIDDEN},  /* metadata */
    {"fc00::", 7, ADDRESS_PRIVATE},
    {"2001::", 23, ADDRESS_FORBIDDEN},     /* Teredo and other protocols */
    {"2001:db8::", 32, ADDRESS_FORBIDDEN}, /* documentation */
    {"2002::", 16, ADDRESS_FORBIDDEN},     /* 6to4: an IPv4 address in disguise */
    {"3fff::", 20, ADDRESS_FORBIDDEN},     /* documentation */
    {"2000::", 3, ADDRESS_PUBLIC},
};

static const char *const inside_6[] = {"::ffff:0:0", "64:ff9b::"}; /* of 96 bits: IPv4 follows */

static bool same_start(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static enum address_kind look_up(const struct range *ranges, size_t count, int family, const uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t start[16];
        CHECK(inet_pton(family, ranges[i].text, start) == 1);
        if (same_start(bytes, start, ranges[i].bits))
            return ranges[i].kind;
    }
    return ADDRESS_FORBIDDEN;
}

static enum address_kind kind_4(const uint8_t bytes[4])
{
    return look_up(ranges_4, sizeof ranges_4 / sizeof ranges_4[0], AF_INET, bytes);
}

static enum address_kind kind_6(const uint8_t bytes[16])
{
    for (size_t i = 0; i < sizeof inside_6 / sizeof inside_6[0]; i++) {
        uint8_t start[16];
        CHECK(inet_pton(AF_INET6, inside_6[i], start) == 1);
        if (same_start(bytes, start, 96))
            return kind_4(bytes + 12);
    }
    return look_up(ranges_6, sizeof ranges_6 / sizeof ranges_6[0], AF_INET6, bytes);
}

enum address_kind address_kind(const struct sockaddr *address)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    if (address->sa_family == AF_INET) {
        memcpy(&four, address, sizeof four);
        return kind_4((const uint8_t *)&four.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return ADDRESS_FORBIDDEN;
    memcpy(&six, address, sizeof six);
    return kind_6(six.sin6_addr.s6_addr);
}

bool address_read(const char *text, enum address_kind *ret_kind)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1)
        *ret_kind = kind_4(bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *ret_kind = kind_6(bytes);
    else
        return false;
    return true;
}

const char *address_kind_name(enum address_kind kind)
{
    static const char *const names[] = {"a public address", "this machine", "a private network",
                                        "an address that nobody may be called at"};
    return names[kind];
}
