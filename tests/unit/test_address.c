/* address: the first and last address of each range, its neighbours, and IPv4 in IPv6's clothes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "node/address.h"

static const struct {
    const char *text;
    enum address_kind kind;
} rows[] = {
    {"0.0.0.0", ADDRESS_FORBIDDEN},
    {"0.255.255.255", ADDRESS_FORBIDDEN},
    {"1.0.0.0", ADDRESS_PUBLIC},
    {"9.255.255.255", ADDRESS_PUBLIC},
    {"10.0.0.0", ADDRESS_PRIVATE},
    {"10.255.255.255", ADDRESS_PRIVATE},
    {"11.0.0.0", ADDRESS_PUBLIC},
    {"100.63.255.255", ADDRESS_PUBLIC},
    {"100.64.0.0", ADDRESS_PRIVATE},
    {"100.100.100.200", ADDRESS_FORBIDDEN},
    {"100.127.255.255", ADDRESS_PRIVATE},
    {"100.128.0.0", ADDRESS_PUBLIC},
    {"126.255.255.255", ADDRESS_PUBLIC},
    {"127.0.0.1", ADDRESS_LOOPBACK},
    {"127.255.255.255", ADDRESS_LOOPBACK},
    {"128.0.0.0", ADDRESS_PUBLIC},
    {"168.63.129.16", ADDRESS_FORBIDDEN},
    {"168.63.129.17", ADDRESS_PUBLIC},
    {"169.253.255.255", ADDRESS_PUBLIC},
    {"169.254.169.254", ADDRESS_FORBIDDEN},
    {"169.255.0.0", ADDRESS_PUBLIC},
    {"172.15.255.255", ADDRESS_PUBLIC},
    {"172.16.0.0", ADDRESS_PRIVATE},
    {"172.31.255.255", ADDRESS_PRIVATE},
    {"172.32.0.0", ADDRESS_PUBLIC},
    {"192.0.0.192", ADDRESS_FORBIDDEN},
    {"192.0.1.0", ADDRESS_PUBLIC},
    {"192.0.2.1", ADDRESS_FORBIDDEN},
    {"192.88.99.1", ADDRESS_FORBIDDEN},
    {"192.167.255.255", ADDRESS_PUBLIC},
    {"192.168.0.0", ADDRESS_PRIVATE},
    {"192.168.255.255", ADDRESS_PRIVATE},
    {"192.169.0.0", ADDRESS_PUBLIC},
    {"198.17.255.255", ADDRESS_PUBLIC},
    {"198.18.0.0", ADDRESS_FORBIDDEN},
    {"198.19.255.255", ADDRESS_FORBIDDEN},
    {"198.20.0.0", ADDRESS_PUBLIC},
    {"198.51.100.9", ADDRESS_FORBIDDEN},
    {"203.0.113.9", ADDRESS_FORBIDDEN},
    {"223.255.255.255", ADDRESS_PUBLIC},
    {"224.0.0.1", ADDRESS_FORBIDDEN},
    {"240.0.0.1", ADDRESS_FORBIDDEN},
    {"255.255.255.255", ADDRESS_FORBIDDEN},
    {"::", ADDRESS_FORBIDDEN},
    {"::1", ADDRESS_LOOPBACK},
    {"::2", ADDRESS_FORBIDDEN},
    {"::7f00:1", ADDRESS_FORBIDDEN},
    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
    {"::ffff:10.1.2.3", ADDRESS_PRIVATE},
    {"::ffff:169.254.169.254", ADDRESS_FORBIDDEN},
    {"::ffff:1.1.1.1", ADDRESS_PUBLIC},
    {"64:ff9b::10.0.0.1", ADDRESS_PRIVATE},
    {"64:ff9b::1.1.1.1", ADDRESS_PUBLIC},
    {"64:ff9b:1::1", ADDRESS_FORBIDDEN},
    {"100::1", ADDRESS_FORBIDDEN},
    {"2001::1", ADDRESS_FORBIDDEN},
    {"2001:1ff::1", ADDRESS_FORBIDDEN},
    {"2001:200::1", ADDRESS_PUBLIC},
    {"2001:db8::1", ADDRESS_FORBIDDEN},
    {"2001:db9::1", ADDRESS_PUBLIC},
    {"2002:7f00:1::", ADDRESS_FORBIDDEN},
    {"2003::1", ADDRESS_PUBLIC},
    {"3fff::1", ADDRESS_FORBIDDEN},
    {"3fff:1000::1", ADDRESS_PUBLIC},
    {"4000::1", ADDRESS_FORBIDDEN},
    {"fbff::1", ADDRESS_FORBIDDEN},
    {"fc00::1", ADDRESS_PRIVATE},
    {"fd00:ec2::254", ADDRESS_FORBIDDEN},
    {"fd00:ec2::253", ADDRESS_PRIVATE},
    {"fdff::1", ADDRESS_PRIVATE},
    {"fe80::1", ADDRESS_FORBIDDEN},
    {"fec0::1", ADDRESS_FORBIDDEN},
    {"ff02::1", ADDRESS_FORBIDDEN},
};

static void address_every_range_has_its_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum address_kind kind;
        assert_true(address_read(rows[i].text, &kind));
        if (kind != rows[i].kind)
            fail_msg("%s is %s, not %s", rows[i].text, address_kind_name(kind), address_kind_name(rows[i].kind));
    }
}

static void address_as_a_socket_has_it_is_the_same(void **state)
{
    (void)state;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_int_equal(inet_pton(AF_INET, "169.254.169.254", &four.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.168.1.1", &six.sin6_addr), 1);
    assert_int_equal(address_kind((const struct sockaddr *)&four), ADDRESS_FORBIDDEN);
    assert_int_equal(address_kind((const struct sockaddr *)&six), ADDRESS_PRIVATE);
    assert_int_equal(address_kind((const struct sockaddr *)&local), ADDRESS_FORBIDDEN);
}

static void address_name_or_other_writing_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"hook.example", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "", "1.2.3.4 "};
    enum address_kind kind = ADDRESS_PUBLIC;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(address_read(texts[i], &kind));
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(address_every_range_has_its_kind),
        cmocka_unit_test(address_as_a_socket_has_it_is_the_same),
        cmocka_unit_test(address_name_or_other_writing_is_none),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
