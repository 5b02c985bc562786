/* node_conf: the node's table, its sample file, --check-config. Runs in the top folder of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/node_conf.h"
#include "proto/clock.h"

#define SAMPLE "config/node.yaml"

static const char minimal[] = "member: gr-faros\nkey: n.key\nauthority: a.pub\nroster: roster.signed\nstore: n.db\n"
                              "socket: n.sock\n";

struct fixture {
    char folder[64];
    char file[96];
    struct node_conf *conf;
};

static const char *const files[] = {"n.key", "a.pub", "roster.signed", "n.yaml"};

static char *in_folder(const struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->folder, name);
    return path;
}

/* The minimal configuration and more lines; or any text, when file is not the configuration. */
static void write_text(const char *file, const char *more)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(minimal, out);
    fputs(more, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, 0600), 0);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/test_node_conf.XXXXXX"};
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.file, sizeof fixture.file, "%s/n.yaml", fixture.folder);
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        write_text(in_folder(&fixture, files[i], path), "");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    node_conf_free(fixture->conf);
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(in_folder(fixture, files[i], path));
    return rmdir(fixture->folder); /* fails when a check left something behind */
}

/* --check-config; what it printed, out and talk one after the other. The caller frees. */
static char *check(const char *file, int expected_status)
{
    char *text = NULL;
    size_t len;
    FILE *both = open_memstream(&text, &len);
    assert_non_null(both);
    int status = node_conf_check(file, both, both);
    fclose(both);
    if (status != expected_status)
        fail_msg("status %d instead of %d: %s", status, expected_status, text);
    return text;
}

static void node_conf_minimal_file_gets_the_defaults(void **state)
{
    struct fixture *f = *state;
    struct err_note note = {""};
    assert_int_equal(node_conf_load(f->file, &note, &f->conf), OK);
    assert_string_equal(note.text, "");
    char path[128];
    assert_string_equal(f->conf->member, "gr-faros");
    assert_string_equal(f->conf->key, in_folder(f, "n.key", path));
    assert_string_equal(f->conf->authority, in_folder(f, "a.pub", path));
    assert_string_equal(f->conf->roster, in_folder(f, "roster.signed", path));
    assert_string_equal(f->conf->store, in_folder(f, "n.db", path));
    assert_string_equal(f->conf->socket, in_folder(f, "n.sock", path));
    assert_null(f->conf->passphrase_file);
    assert_null(f->conf->console);
    assert_null(f->conf->socket_group);
    assert_int_equal(f->conf->socket_mode, 0660);
    assert_int_equal(f->conf->log_level, LOG_INFO);
    assert_int_equal(f->conf->log_format, LOG_LOGFMT);
    assert_int_equal(f->conf->deadlines.delivered_us, 60 * CLOCK_SECOND_US);
    assert_int_equal(f->conf->deadlines.shown_us, 2 * CLOCK_MINUTE_US);
    assert_int_equal(f->conf->deadlines.acknowledged_us, 5 * CLOCK_MINUTE_US);
    assert_int_equal(f->conf->retention.closed_after_ack_us, 24 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.closed_latest_us, 72 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.sent_in_error_after_ack_us, CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.sent_in_error_latest_us, 24 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->encryption_key_life_us, 7 * CLOCK_DAY_US);
    assert_int_equal(f->conf->disk_reserve_bytes, 64 << 20);
    assert_int_equal(node_conf_subscription_count(f->conf), 0);
}

static void node_conf_written_values_reach_their_fields(void **state)
{
    struct fixture *f = *state;
    write_text(f->file,
               "passphrase_file: p\nconsole: 127.0.0.1:9461\nsocket_mode: 0600\nsocket_group: staff\n"
               "subscriptions: [BE, ES]\ndisk_reserve: 3MiB\nencryption_key_life: 2d\n"
               "log: {level: error, format: json}\n"
               "deadlines: {delivered: 10s, shown: 11s, acknowledged: 12s}\n"
               "retention: {closed_after_ack: 1h, closed_latest: 2h, sent_in_error_after_ack: 3h, "
               "sent_in_error_latest: 4h}\n");
    struct err_note note = {""};
    if (node_conf_load(f->file, &note, &f->conf) != OK)
        fail_msg("%s", note.text);
    assert_non_null(f->conf->passphrase_file);
    assert_string_equal(f->conf->console, "127.0.0.1:9461");
    assert_int_equal(f->conf->socket_mode, 0600);
    assert_string_equal(f->conf->socket_group, "staff");
    assert_int_equal(node_conf_subscription_count(f->conf), 2);
    assert_string_equal(node_conf_subscription(f->conf, 0), "BE");
    assert_string_equal(node_conf_subscription(f->conf, 1), "ES");
    assert_null(node_conf_subscription(f->conf, 2));
    assert_int_equal(f->conf->disk_reserve_bytes, 3 << 20);
    assert_int_equal(f->conf->encryption_key_life_us, 2 * CLOCK_DAY_US);
    assert_int_equal(f->conf->log_level, LOG_ERROR);
    assert_int_equal(f->conf->log_format, LOG_JSON);
    assert_int_equal(f->conf->deadlines.delivered_us, 10 * CLOCK_SECOND_US);
    assert_int_equal(f->conf->deadlines.shown_us, 11 * CLOCK_SECOND_US);
    assert_int_equal(f->conf->deadlines.acknowledged_us, 12 * CLOCK_SECOND_US);
    assert_int_equal(f->conf->retention.closed_after_ack_us, CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.closed_latest_us, 2 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.sent_in_error_after_ack_us, 3 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->retention.sent_in_error_latest_us, 4 * CLOCK_HOUR_US);
}

static void node_conf_norway_is_a_country(void **state)
{
    struct fixture *f = *state;
    write_text(f->file, "subscriptions: [NO]\n");
    assert_int_equal(node_conf_load(f->file, NULL, &f->conf), OK);
    assert_string_equal(node_conf_subscription(f->conf, 0), "NO");
}

static void node_conf_every_required_key_is_named_when_missing(void **state)
{
    struct fixture *f = *state;
    FILE *out = fopen(f->file, "w");
    assert_non_null(out);
    assert_int_equal(fclose(out), 0);
    static const char *const keys[] = {"member", "key", "authority", "roster", "store", "socket"};
    char *text = check(f->file, 2);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "missing key \"%s\": ", keys[i]);
        if (strstr(text, wanted) == NULL)
            fail_msg("%s is not named in %s", keys[i], text);
    }
    free(text);
}

static void node_conf_check_finds_nothing_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char *text = check(f->file, 0), expected[128];
    snprintf(expected, sizeof expected, "%s: ok\n", f->file);
    assert_string_equal(text, expected);
    free(text);
}

static void node_conf_what_makes_no_sense_together_is_refused(void **state)
{
    struct fixture *f = *state;
    char name[150], more[400];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(more, sizeof more, "retention: {closed_latest: 1h, sent_in_error_latest: 1m}\nsocket_mode: 0666\n");
    write_text(f->file, more);
    char *text = check(f->file, 2);
    assert_non_null(strstr(text, "n.yaml:8:14: socket_mode: \"0666\" is out of bounds"));
    free(text);
    write_text(f->file, "retention: {closed_latest: 1h, sent_in_error_latest: 1m}\n");
    text = check(f->file, 2);
    assert_non_null(strstr(text, "n.yaml:7:13: retention.closed_latest: is shorter"));
    assert_non_null(strstr(text, "n.yaml:7:32: retention.sent_in_error_latest: is shorter"));
    free(text);
    FILE *out = fopen(f->file, "w");
    assert_non_null(out);
    fprintf(out, "member: a\nkey: k\nauthority: a\nroster: r\nstore: s\nsocket: %s\n", name);
    assert_int_equal(fclose(out), 0);
    text = check(f->file, 2);
    assert_non_null(strstr(text, "n.yaml:6:1: socket: "));
    assert_non_null(strstr(text, "is longer than the 107 bytes"));
    free(text);
}

/* Lines to add, and what must be said of them. */
static const struct wrong {
    const char *lines, *said;
} wrongs[] = {
    {"mail: {server: \"http://mail.example\", from: a@b.example, to: [c@d.example]}\n",
     "mail.server: begins neither with smtp:// nor with smtps://"},
    {"mail: {server: \"smtp://me@mail.example\", from: a@b.example, to: [c@d.example]}\n",
     "mail.server: names an account"},
    {"mail: {server: \"smtps://mail.example\", to: [c@d.example]}\n", "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: nobody, to: [c@d.example]}\n", "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: \"@b.example\", to: [c@d.example]}\n",
     "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: \"a@\", to: [c@d.example]}\n", "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: \"a@b@c\", to: [c@d.example]}\n", "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: \"a b@c.example\", to: [c@d.example]}\n",
     "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: \"<a@c.example>\", to: [c@d.example]}\n",
     "mail.from: is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: a@b.example}\n", "mail.to: names nobody"},
    {"mail: {server: \"smtps://mail.example\", from: a@b.example, to: [c@d.example, nobody]}\n",
     "mail.to: entry 2 is no mail address"},
    {"mail: {server: \"smtps://mail.example\", from: a@b.example, to: [c@d.example], user: me}\n",
     "mail.user: an account has both"},
    {"poster: {phone: \"call us\"}\n", "poster.phone: is no telephone number"},
    {"poster: {phone: \"12\"}\n", "poster.phone: is no telephone number"},
    {"poster: {phone: \"+1234567890123456\"}\n", "poster.phone: is no telephone number"},
    {"approval: {required: [LIVE, WHATEVER]}\n", "approval.required: WHATEVER is none of LIVE"},
    {"approval: {advised: [SOMETIMES]}\n", "approval.advised: SOMETIMES is none of LIVE"},
    {"escalation: {first: 5m, second: 5m}\n", "escalation.second: is not later than the step before"},
    {"escalation: {command: bell}\n", "escalation.command: bell is no absolute path"},
    {"escalation: {command: /no/such/bell}\n", "escalation.command: /no/such/bell cannot be run"},
    {"console_tls: {key: k.pem}\n", "console_tls.key: stands alone"},
    {"console_tls: {certificate: c.pem}\n", "console_tls.certificate: stands alone"},
};

static void node_conf_what_cannot_work_is_refused_by_its_key(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        write_text(f->file, wrongs[i].lines);
        char *text = check(f->file, 2);
        if (strstr(text, wrongs[i].said) == NULL)
            fail_msg("%s: %s", wrongs[i].lines, text);
        free(text);
    }
}

static void node_conf_who_is_woken_and_must_read_reaches_its_fields(void **state)
{
    struct fixture *f = *state;
    struct err_note note = {""};
    write_text(f->file,
               "approval: {required: [LIVE], advised: [RUNAWAY]}\nposter: {phone: \"+32 2 550 00 00\"}\n"
               "mail: {server: \"smtp://mail.example\", from: a@b.example, to: [c@d.example]}\n"
               "escalation: {first: 5m, second: 0s, third: 30m}\n");
    if (node_conf_load(f->file, &note, &f->conf) != OK)
        fail_msg("%s", note.text);
    assert_string_equal(f->conf->poster_phone, "+32 2 550 00 00");
    assert_string_equal(f->conf->mail.from, "a@b.example");
    assert_int_equal(f->conf->escalation.after_us[0], 5 * CLOCK_MINUTE_US);
    assert_int_equal(f->conf->escalation.after_us[2], 30 * CLOCK_MINUTE_US);
}

static void node_conf_check_looks_at_files_and_group(void **state)
{
    struct fixture *f = *state;
    char path[128];
    write_text(f->file, "socket_group: no-such-group-here\n");
    assert_int_equal(chmod(in_folder(f, "n.key", path), 0604), 0);
    assert_int_equal(unlink(in_folder(f, "a.pub", path)), 0);
    char *text = check(f->file, 2);
    assert_non_null(strstr(text, "n.yaml:2:1: key: "));
    assert_non_null(strstr(text, "n.yaml:3:1: authority: "));
    assert_non_null(strstr(text, "n.yaml:7:1: socket_group: there is no group no-such-group-here\n"));
    free(text);
}

static char *sample_text(void)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    node_conf_write_sample(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* UPDATE_SAMPLES=1 writes the sample instead, after the table was changed. */
static void node_conf_sample_file_is_what_the_table_gives(void **state)
{
    (void)state;
    char *expected = sample_text(), found[65536];
    if (getenv("UPDATE_SAMPLES") != NULL) {
        FILE *out = fopen(SAMPLE, "w");
        assert_non_null(out);
        fputs(expected, out);
        assert_int_equal(fclose(out), 0);
    }
    FILE *in = fopen(SAMPLE, "r");
    if (in == NULL)
        fail_msg("%s: not found; run this in the project's top folder", SAMPLE);
    found[fread(found, 1, sizeof found - 1, in)] = '\0';
    fclose(in);
    if (strcmp(found, expected) != 0)
        fail_msg("%s differs from the option table; UPDATE_SAMPLES=1 %s writes it", SAMPLE, "test_node_conf");
    free(expected);
}

static void node_conf_sample_values_are_the_defaults(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(node_conf_load(f->file, NULL, &f->conf), OK);
    struct node_conf *sample = NULL;
    assert_int_equal(node_conf_load(SAMPLE, NULL, &sample), OK);
    assert_memory_equal(&sample->deadlines, &f->conf->deadlines, sizeof sample->deadlines);
    assert_memory_equal(&sample->retention, &f->conf->retention, sizeof sample->retention);
    assert_int_equal(sample->encryption_key_life_us, f->conf->encryption_key_life_us);
    assert_int_equal(sample->disk_reserve_bytes, f->conf->disk_reserve_bytes);
    assert_int_equal(sample->socket_mode, f->conf->socket_mode);
    assert_int_equal(node_conf_subscription_count(sample), 0);
    assert_int_equal(sample->log_level, f->conf->log_level);
    assert_int_equal(sample->log_format, f->conf->log_format);
    assert_null(sample->passphrase_file);
    assert_null(sample->socket_group);
    assert_null(sample->console);
    node_conf_free(sample);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(node_conf_minimal_file_gets_the_defaults),
        TEST(node_conf_written_values_reach_their_fields),
        TEST(node_conf_norway_is_a_country),
        TEST(node_conf_every_required_key_is_named_when_missing),
        TEST(node_conf_check_finds_nothing_and_leaves_nothing),
        TEST(node_conf_what_makes_no_sense_together_is_refused),
        TEST(node_conf_check_looks_at_files_and_group),
        TEST(node_conf_what_cannot_work_is_refused_by_its_key),
        TEST(node_conf_who_is_woken_and_must_read_reaches_its_fields),
        TEST(node_conf_sample_file_is_what_the_table_gives),
        TEST(node_conf_sample_values_are_the_defaults),
    };
    return cmocka_run_group_tests_name("node_conf", tests, NULL, NULL);
}
