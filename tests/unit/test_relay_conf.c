/* relay_conf: the relay's table, its sample file, --check-config. Runs in the top folder of the project. */
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

#include "proto/clock.h"
#include "proto/limits.h"
#include "relay/relay_conf.h"

#define SAMPLE "config/relay.yaml"

static const char minimal[] = "relay: relay-1\nkey: r.key\nauthority: a.pub\nroster: roster.signed\nstore: r.db\n"
                              "listen: tcp://127.0.0.1:4460\nadmin: 127.0.0.1:9460\n";

struct fixture {
    char folder[64];
    char file[96];
    struct relay_conf *conf;
};

static const char *const files[] = {"r.key", "a.pub", "roster.signed", "r.yaml"};

static char *in_folder(const struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->folder, name);
    return path;
}

static void write_text(const char *file, const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, 0600), 0);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/test_relay_conf.XXXXXX"};
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.file, sizeof fixture.file, "%s/r.yaml", fixture.folder);
    char path[128];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        write_text(in_folder(&fixture, files[i], path), minimal);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    relay_conf_free(fixture->conf);
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
    int status = relay_conf_check(file, both, both);
    fclose(both);
    if (status != expected_status)
        fail_msg("status %d instead of %d: %s", status, expected_status, text);
    return text;
}

static void relay_conf_minimal_file_gets_the_protocols_limits(void **state)
{
    struct fixture *f = *state;
    struct err_note note = {""};
    assert_int_equal(relay_conf_load(f->file, &note, &f->conf), OK);
    assert_string_equal(note.text, "");
    char path[128];
    assert_string_equal(f->conf->relay, "relay-1");
    assert_string_equal(f->conf->key, in_folder(f, "r.key", path));
    assert_string_equal(f->conf->authority, in_folder(f, "a.pub", path));
    assert_string_equal(f->conf->roster, in_folder(f, "roster.signed", path));
    assert_string_equal(f->conf->store, in_folder(f, "r.db", path));
    assert_string_equal(f->conf->listen, "tcp://127.0.0.1:4460");
    assert_string_equal(f->conf->admin, "127.0.0.1:9460");
    assert_null(f->conf->passphrase_file);
    assert_int_equal(f->conf->log_level, LOG_INFO);
    assert_int_equal(f->conf->log_format, LOG_LOGFMT);
    assert_int_equal(f->conf->limits.validity_max_us, LIMIT_VALIDITY_MAX_US);
    assert_int_equal(f->conf->limits.openings_per_minute, LIMIT_OPENINGS_PER_MINUTE);
    assert_int_equal(f->conf->limits.updates_per_minute, LIMIT_UPDATES_PER_MINUTE);
    assert_int_equal(f->conf->limits.open_cases, LIMIT_OPEN_CASES);
    assert_int_equal(f->conf->limits.recipients, LIMIT_RECIPIENTS);
    assert_int_equal(f->conf->limits.credit_messages, LIMIT_CREDIT_MESSAGES);
    assert_int_equal(f->conf->limits.credit_bytes, LIMIT_CREDIT_BYTES);
    assert_int_equal(f->conf->disk_reserve_bytes, 64 << 20);
    assert_int_equal(f->conf->receipts_kept_us, 30 * CLOCK_DAY_US);
}

static void relay_conf_written_values_reach_their_fields(void **state)
{
    struct fixture *f = *state;
    char text[1024];
    snprintf(
        text, sizeof text,
        "%spassphrase_file: p\ndisk_reserve: 2MiB\nreceipts_kept: 2d\nlog: {level: debug, format: "
        "json}\nlimits: {validity_max: 3h, openings_per_minute: 4, updates_per_minute: 5, open_cases: 6, recipients: "
        "7, credit_messages: 8, credit_bytes: 1MiB}\n",
        minimal);
    write_text(f->file, text);
    assert_int_equal(relay_conf_load(f->file, NULL, &f->conf), OK);
    assert_non_null(f->conf->passphrase_file);
    assert_int_equal(f->conf->disk_reserve_bytes, 2 << 20);
    assert_int_equal(f->conf->receipts_kept_us, 2 * CLOCK_DAY_US);
    assert_int_equal(f->conf->log_level, LOG_DEBUG);
    assert_int_equal(f->conf->log_format, LOG_JSON);
    assert_int_equal(f->conf->limits.validity_max_us, 3 * CLOCK_HOUR_US);
    assert_int_equal(f->conf->limits.openings_per_minute, 4);
    assert_int_equal(f->conf->limits.updates_per_minute, 5);
    assert_int_equal(f->conf->limits.open_cases, 6);
    assert_int_equal(f->conf->limits.recipients, 7);
    assert_int_equal(f->conf->limits.credit_messages, 8);
    assert_int_equal(f->conf->limits.credit_bytes, 1 << 20);
}

static void relay_conf_every_required_key_is_named_when_missing(void **state)
{
    struct fixture *f = *state;
    write_text(f->file, "log: {level: info}\n");
    struct err_note note = {""};
    struct relay_conf *untouched = NULL;
    assert_int_equal(relay_conf_load(f->file, &note, &untouched), ERR_CONFIG);
    assert_null(untouched);
    assert_non_null(strstr(note.text, "missing key \"relay\""));
    static const char *const keys[] = {"relay", "key", "authority", "roster", "store", "listen", "admin"};
    char *text = check(f->file, 2);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "missing key \"%s\": ", keys[i]);
        if (strstr(text, wanted) == NULL)
            fail_msg("%s is not named in %s", keys[i], text);
    }
    free(text);
}

static void relay_conf_check_finds_nothing_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char *text = check(f->file, 0), expected[128];
    snprintf(expected, sizeof expected, "%s: ok\n", f->file);
    assert_string_equal(text, expected);
    free(text);
    char path[128];
    assert_int_equal(access(in_folder(f, "r.db", path), F_OK), -1);
}

static void relay_conf_check_names_line_and_word(void **state)
{
    struct fixture *f = *state;
    char bad[1024], *listen;
    snprintf(bad, sizeof bad, "%s", minimal);
    listen = strstr(bad, "listen");
    memmove(listen + 3, listen + 4, strlen(listen + 4) + 1);
    memcpy(listen, "lis", 3); /* "lisen: ..." */
    write_text(f->file, bad);
    char *text = check(f->file, 2);
    assert_non_null(strstr(text, "r.yaml:6:1: unknown key \"lisen\"; did you mean \"listen\"?\n"));
    free(text);
}

static void relay_conf_check_looks_at_the_files(void **state)
{
    struct fixture *f = *state;
    char path[128];
    assert_int_equal(chmod(in_folder(f, "r.key", path), 0644), 0);
    assert_int_equal(unlink(in_folder(f, "a.pub", path)), 0);
    assert_int_equal(unlink(in_folder(f, "roster.signed", path)), 0);
    char *text = check(f->file, 2);
    assert_non_null(strstr(text, "r.yaml:2:1: key: "));
    assert_non_null(strstr(text, "(mode 0644)"));
    assert_non_null(strstr(text, "r.yaml:3:1: authority: "));
    assert_non_null(strstr(text, "r.yaml:4:1: roster: "));
    free(text);
    char elsewhere[1024];
    snprintf(elsewhere, sizeof elsewhere,
             "relay: r\nkey: k\nauthority: a\nroster: r\nstore: none/r.db\nlisten: tcp://*:1\n"
             "admin: a:1\npassphrase_file: p\n");
    write_text(f->file, elsewhere);
    text = check(f->file, 2);
    assert_non_null(strstr(text, "r.yaml:5:1: store: folder "));
    assert_non_null(strstr(text, "r.yaml:8:1: passphrase_file: "));
    free(text);
}

static char *sample_text(void)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    relay_conf_write_sample(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* UPDATE_SAMPLES=1 writes the sample instead, after the table was changed. */
static void relay_conf_sample_file_is_what_the_table_gives(void **state)
{
    struct fixture *f = *state;
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
        fail_msg("%s differs from the option table; UPDATE_SAMPLES=1 %s writes it", SAMPLE, "test_relay_conf");
    free(expected);
    assert_int_equal(relay_conf_load(SAMPLE, NULL, &f->conf), OK);
    assert_true(conf_is_written(f->conf->source, "log.format"));
}

static void relay_conf_sample_values_are_the_defaults(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(relay_conf_load(f->file, NULL, &f->conf), OK);
    struct relay_conf *sample = NULL;
    assert_int_equal(relay_conf_load(SAMPLE, NULL, &sample), OK);
    assert_memory_equal(&sample->limits, &f->conf->limits, sizeof sample->limits);
    assert_int_equal(sample->disk_reserve_bytes, f->conf->disk_reserve_bytes);
    assert_int_equal(sample->receipts_kept_us, f->conf->receipts_kept_us);
    assert_int_equal(sample->log_level, f->conf->log_level);
    assert_int_equal(sample->log_format, f->conf->log_format);
    assert_null(sample->passphrase_file);
    relay_conf_free(sample);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(relay_conf_minimal_file_gets_the_protocols_limits),
        TEST(relay_conf_written_values_reach_their_fields),
        TEST(relay_conf_every_required_key_is_named_when_missing),
        TEST(relay_conf_check_finds_nothing_and_leaves_nothing),
        TEST(relay_conf_check_names_line_and_word),
        TEST(relay_conf_check_looks_at_the_files),
        TEST(relay_conf_sample_file_is_what_the_table_gives),
        TEST(relay_conf_sample_values_are_the_defaults),
    };
    return cmocka_run_group_tests_name("relay_conf", tests, NULL, NULL);
}
