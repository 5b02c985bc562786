/* cli_health: thresholds on both sides, and the three forms that machines read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli_health.c"

#define NOW INT64_C(1795219200000000) /* 2026-11-21T00:00:00Z */

static struct cli_health found(const char *check, const char *status)
{
    struct cli_health health = {0};
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    if (jdoc_parse(slice_text(status), "status", &note, &doc) != OK)
        fail_msg("%s", note.text);
    assert_int_equal(cli_health_of(check, doc, NOW, &health), OK);
    jdoc_free(doc);
    assert_true(health.text[0] != '\0');
    if (health.state == CLI_HEALTH_OK)
        assert_string_equal(health.next, "");
    return health;
}

static void is(const char *check, const char *status, enum cli_health_state wanted)
{
    struct cli_health health = found(check, status);
    if (health.state != wanted)
        fail_msg("%s of %s: %s instead of %s (%s)", check, status, cli_health_state_name(health.state),
                 cli_health_state_name(wanted), health.text);
}

#define UP "{\"id\":\"relay-1\",\"state\":\"CONNECTED\"}"
#define AWAY "{\"id\":\"relay-2\",\"state\":\"CONNECTING\",\"reason\":\"silent\"}"

static void cli_health_relays_count(void **state)
{
    (void)state;
    is("relay", "{\"relays\":[" UP "]}", CLI_HEALTH_OK);
    is("relay", "{\"relays\":[" UP "," AWAY "]}", CLI_HEALTH_WARNING);
    is("relay", "{\"relays\":[" AWAY "]}", CLI_HEALTH_CRITICAL);
    is("relay", "{\"relays\":[]}", CLI_HEALTH_CRITICAL);
    assert_non_null(strstr(found("relay", "{\"relays\":[" UP "," AWAY "]}").text, "relay-2 (silent)"));
}

static void cli_health_delivery_is_worst_first(void **state)
{
    (void)state;
    is("delivery", "{\"late\":0,\"outbox\":0,\"inbox\":{\"unacknowledged\":3}}", CLI_HEALTH_OK);
    is("delivery", "{\"late\":0,\"outbox\":1}", CLI_HEALTH_WARNING);
    is("delivery", "{\"late\":0,\"outbox\":0,\"inbox\":{\"pending\":[{}]}}", CLI_HEALTH_WARNING);
    is("delivery", "{\"late\":1,\"outbox\":1}", CLI_HEALTH_CRITICAL);
}

static void cli_health_roster_by_what_is_left(void **state)
{
    (void)state;
    is("roster", "{\"roster_expires_at\":\"2026-12-05T00:00:00.000Z\"}", CLI_HEALTH_OK);
    is("roster", "{\"roster_expires_at\":\"2026-12-04T23:59:59.000Z\"}", CLI_HEALTH_WARNING);
    is("roster", "{\"roster_expires_at\":\"2026-11-20T23:59:59.000Z\"}", CLI_HEALTH_CRITICAL);
    is("roster",
       "{\"roster_expires_at\":\"2027-12-05T00:00:00.000Z\",\"warnings\":[{\"code\":\"SUSPENDED\",\"text\":\"x\"}]}",
       CLI_HEALTH_CRITICAL);
    is("roster",
       "{\"roster_expires_at\":\"2027-12-05T00:00:00.000Z\",\"warnings\":[{\"code\":\"CLOCK\",\"text\":\"x\"}]}",
       CLI_HEALTH_OK);
    is("roster", "{}", CLI_HEALTH_UNKNOWN);
}

static void cli_health_clock_on_both_sides(void **state)
{
    (void)state;
    is("clock", "{\"relays\":[" UP "],\"clock_offset_ms\":29999}", CLI_HEALTH_OK);
    is("clock", "{\"relays\":[" UP "],\"clock_offset_ms\":-30000}", CLI_HEALTH_WARNING);
    is("clock", "{\"relays\":[" UP "],\"clock_offset_ms\":600000}", CLI_HEALTH_CRITICAL);
    is("clock", "{\"relays\":[" AWAY "],\"clock_offset_ms\":0}", CLI_HEALTH_UNKNOWN);
}

static void cli_health_disk_and_the_nodes_own_reserve(void **state)
{
    (void)state;
    is("disk", "{\"disk_free_bytes\":1073741824}", CLI_HEALTH_OK);
    is("disk", "{\"disk_free_bytes\":1073741823}", CLI_HEALTH_WARNING);
    is("disk", "{\"disk_free_bytes\":268435455}", CLI_HEALTH_CRITICAL);
    is("disk", "{\"disk_free_bytes\":2147483648,\"warnings\":[{\"code\":\"DISK\",\"text\":\"x\"}]}",
       CLI_HEALTH_CRITICAL);
    is("disk", "{\"disk_free_bytes\":null}", CLI_HEALTH_UNKNOWN);
}

static void cli_health_unknown_question_is_refused(void **state)
{
    struct cli_health health;
    (void)state;
    assert_int_equal(cli_health_of("weather", NULL, NOW, &health), ERR_UNKNOWN);
}

static void cli_health_forms_are_what_machines_read(void **state)
{
    struct cli_health health = found("relay", "{\"relays\":[" UP "]}");
    struct buf out;
    (void)state;
    buf_init(&out);
    assert_int_equal(cli_health_write(&health, CLI_HEALTH_NAGIOS, &out), OK);
    assert_string_equal(buf_text(&out), "HOTLINE RELAY OK - 1 of 1 relays are connected | connected=1 relays=1\n");
    buf_clear(&out);
    assert_int_equal(cli_health_write(&health, CLI_HEALTH_PROMETHEUS, &out), OK);
    assert_non_null(strstr(buf_text(&out), "# TYPE hotline_check_relay_state gauge\nhotline_check_relay_state 0\n"));
    assert_non_null(strstr(buf_text(&out), "\nhotline_check_relay_connected 1\n"));
    /* A text of others cannot begin the performance data. */
    snprintf(health.text, sizeof health.text, "away: x | connected=9\nnext");
    buf_clear(&out);
    assert_int_equal(cli_health_write(&health, CLI_HEALTH_NAGIOS, &out), OK);
    assert_string_equal(buf_text(&out), "HOTLINE RELAY OK - away: x   connected=9 next | connected=1 relays=1\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_health_relays_count),
        cmocka_unit_test(cli_health_delivery_is_worst_first),
        cmocka_unit_test(cli_health_roster_by_what_is_left),
        cmocka_unit_test(cli_health_clock_on_both_sides),
        cmocka_unit_test(cli_health_disk_and_the_nodes_own_reserve),
        cmocka_unit_test(cli_health_unknown_question_is_refused),
        cmocka_unit_test(cli_health_forms_are_what_machines_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
