/* cli_wait: the exit a wait ends with, by docs/protocol.md; and that it asks until it knows. The node is played by a
 * stub. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli.c"
#include "node/cli/cli_args.c"
#include "node/cli/cli_text.c"
#include "node/cli/cli_wait.c"
#include "node/cli/cli_width.c"

static struct {
    const char *const *answers;
    size_t count, asked;
    char last_path[256];
} node;

int cli_api_get_within(struct cli *cli, const char *path, int timeout_ms, struct jdoc **ret_doc)
{
    (void)timeout_ms;
    snprintf(node.last_path, sizeof node.last_path, "%s", path);
    if (node.asked >= node.count)
        return cli_fail(cli, ERR_UNREACHABLE, "asked too often");
    return jdoc_parse(slice_text(node.answers[node.asked++]), "stub", &cli->note, ret_doc);
}

#define RELAY_REFUSED "{\"relay\":\"relay-1\",\"state\":\"REFUSED\",\"code\":\"MEMBER\",\"detail\":\"withdrawn\"}"
#define RELAY_WAITING "{\"relay\":\"relay-2\",\"state\":\"WAITING\"}"

static void ends(const char *view, const char *step, int wanted, const char *says)
{
    struct jdoc *doc = NULL;
    struct err_note note = {""};
    assert_int_equal(jdoc_parse(slice_text(view), "view", &note, &doc), OK);
    int verdict = cli_wait_verdict(doc, step, &note);
    assert_string_equal(err_name(verdict), err_name(wanted));
    if (strstr(note.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", note.text, says);
    jdoc_free(doc);
}

static void cli_wait_verdict_follows_the_protocol(void **state)
{
    (void)state;
    ends("{\"wait\":{\"reached\":true},\"accepted_by\":0}", "accepted", OK, "");
    ends("{\"wait\":{\"reached\":false},\"accepted_by\":1,\"accepted_needed\":2,\"relays\":[" RELAY_WAITING "]}",
         "accepted", ERR_PARTLY, "by 1 of 2");
    ends("{\"wait\":{\"reached\":false},\"accepted_by\":0,\"relays\":[" RELAY_REFUSED "]}", "accepted", ERR_POLICY,
         "withdrawn");
    ends("{\"wait\":{\"reached\":false},\"accepted_by\":0,\"relays\":[" RELAY_REFUSED "," RELAY_WAITING "]}",
         "accepted", ERR_TIMEOUT, "no relay");
    ends("{\"wait\":{\"reached\":false},\"accepted_by\":0,\"relays\":[]}", "accepted", ERR_TIMEOUT, "no relay");
    ends("{\"accepted_by\":2,\"ladder\":[{\"state\":\"QUEUED\"},{\"state\":\"SHOWN\"}]}", "delivered", ERR_PARTLY,
         "1 of 2");
    ends("{\"accepted_by\":2,\"ladder\":[{\"state\":\"QUEUED\"}]}", "delivered", ERR_TIMEOUT, "nobody of 1");
    ends("{\"accepted_by\":2,\"ladder\":[{\"state\":\"DELIVERED\"}]}", "acknowledged", ERR_TIMEOUT, "nobody of 1");
    ends("{\"accepted_by\":2,\"ladder\":[{\"state\":\"DELIVERED\"},{\"state\":\"DECLINED\"}]}", "acknowledged",
         ERR_PARTLY, "1 of 2");
}

static void cli_wait_verdicts_have_their_exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(err_exit_status(ERR_TIMEOUT), 6);
    assert_int_equal(err_exit_status(ERR_PARTLY), 7);
    assert_int_equal(err_exit_status(ERR_POLICY), 5);
}

static void cli_wait_asks_until_reached(void **state)
{
    (void)state;
    static const char *const answers[] = {"{\"wait\":{\"reached\":false}}", "{\"wait\":{\"reached\":false}}",
                                          "{\"wait\":{\"reached\":true},\"reference\":\"R\"}"};
    struct cli cli = {0};
    struct jdoc *view = NULL;
    node.answers = answers;
    node.count = 3;
    node.asked = 0;
    assert_int_equal(cli_wait_for(&cli, "/v1/cases/R", "delivered", "aa", 60 * CLOCK_SECOND_US, &view), OK);
    assert_int_equal(node.asked, 3);
    assert_string_equal(node.last_path, "/v1/cases/R?wait=delivered&of=aa&timeout_ms=10000");
    assert_string_equal(jdoc_get_text(view, "reference", ""), "R");
    jdoc_free(view);
}

static void cli_wait_ends_when_settled_or_out_of_time(void **state)
{
    (void)state;
    static const char *const settled[] = {"{\"wait\":{\"reached\":false,\"settled\":true},\"relays\":[" RELAY_REFUSED
                                          "]}"};
    static const char *const silent[] = {"{\"wait\":{\"reached\":false,\"settled\":false}}"};
    struct cli cli = {0};
    struct jdoc *view = NULL;
    node.answers = settled;
    node.count = 1;
    node.asked = 0;
    assert_int_equal(cli_wait_for(&cli, "/p", "accepted", NULL, 60 * CLOCK_SECOND_US, &view), ERR_POLICY);
    node.answers = silent;
    node.asked = 0;
    assert_int_equal(cli_wait_for(&cli, "/p", "accepted", NULL, 0, &view), ERR_TIMEOUT);
    assert_string_equal(node.last_path, "/p?wait=accepted&timeout_ms=0");
    jdoc_free(view);
}

static void cli_countries_are_checked_and_kept_once(void **state)
{
    (void)state;
    struct cli cli = {0};
    struct jdoc *to = jdoc_array();
    assert_int_equal(cli_add_countries(&cli, "--to", "IT,FR", to), OK);
    assert_int_equal(cli_add_countries(&cli, "--to", "FR,BE", to), OK);
    assert_int_equal(jdoc_count(to), 3);
    assert_int_equal(cli_add_countries(&cli, "--to", "UK", to), ERR_UNKNOWN);
    assert_non_null(strstr(cli.note.text, "did you mean GB"));
    assert_int_equal(cli_add_countries(&cli, "--to", "IT,", to), ERR_UNKNOWN);
    assert_int_equal(cli_add_countries(&cli, "--to", "", to), ERR_UNKNOWN);
    jdoc_free(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cli_wait_verdict_follows_the_protocol),
        cmocka_unit_test(cli_wait_verdicts_have_their_exit_statuses),
        cmocka_unit_test(cli_wait_asks_until_reached),
        cmocka_unit_test(cli_wait_ends_when_settled_or_out_of_time),
        cmocka_unit_test(cli_countries_are_checked_and_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
