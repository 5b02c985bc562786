/* conf (with conf_type, conf_yaml, conf_problems): what a file may say, and where a person is sent to repair it. */
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
#include "proto/conf.h"

static const char *const colours[] = {"red", "green", NULL};

static const struct conf_option table[] = {
    {.path = "name", .type = CONF_ID, .example = "be-baken", .doc = "Who."},
    {.path = "key", .type = CONF_PATH, .standard = "", .doc = "A file."},
    {.path = "listen", .type = CONF_ENDPOINT, .standard = "tcp://*:4460", .doc = "Where."},
    {.path = "admin", .type = CONF_HOSTPORT, .standard = "", .doc = "Where else."},
    {.path = "loud", .type = CONF_BOOL, .standard = "false", .doc = "How."},
    {.path = "words", .type = CONF_LIST, .max = 3, .standard = "", .doc = "Some."},
    {.path = "countries", .type = CONF_COUNTRY_LIST, .standard = "", .doc = "Which."},
    {.path = "colour", .type = CONF_ENUM, .names = colours, .standard = "green", .doc = "Which one."},
    {.path = "mode", .type = CONF_MODE, .max = 0770, .standard = "0660", .doc = "For whom."},
    {.path = "title", .type = CONF_TEXT, .max = 10, .standard = "", .doc = "Says."},
    {.path = "limits.cases", .type = CONF_INT, .min = -5, .max = 100, .standard = "30", .unit = "cases", .doc = "N."},
    {.path = "limits.bytes", .type = CONF_SIZE, .min = 1, .max = 1 << 30, .standard = "4MiB", .doc = "Size."},
    {.path = "limits.wait",
     .type = CONF_DURATION,
     .min = 0,
     .max = 30 * CLOCK_DAY_US,
     .standard = "72h",
     .doc = "Time."},
};
#define COUNT (sizeof table / sizeof table[0])

struct fixture {
    char folder[64];
    char file[96];
    struct conf_problems problems;
    struct conf *conf;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/test_conf.XXXXXX"};
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.file, sizeof fixture.file, "%s/x.yaml", fixture.folder);
    conf_problems_init(&fixture.problems);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    conf_free(fixture->conf);
    conf_problems_free(&fixture->problems);
    unlink(fixture->file);
    rmdir(fixture->folder);
    return 0;
}

static void write_bytes(const char *file, const void *bytes, size_t len)
{
    FILE *out = fopen(file, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

/* Loads the text afresh: earlier results of this test are forgotten. */
static int load(struct fixture *fixture, const char *text)
{
    conf_free(fixture->conf);
    fixture->conf = NULL;
    conf_problems_free(&fixture->problems);
    write_bytes(fixture->file, text, strlen(text));
    return conf_load(fixture->file, table, COUNT, &fixture->problems, &fixture->conf);
}

/* The text is refused with exactly these lines, without "FILE:" in front. */
static void refuses(struct fixture *fixture, const char *text, const char *lines)
{
    assert_int_equal(load(fixture, text), ERR_CONFIG);
    assert_null(fixture->conf);
    struct buf bare;
    buf_init(&bare);
    size_t skip = strlen(fixture->file) + 1, count = 0;
    for (const char *at = conf_problems_text(&fixture->problems); *at; count++) {
        size_t len = strcspn(at, "\n") + 1;
        assert_memory_equal(at, fixture->file, skip - 1);
        buf_add(&bare, at + skip, len - skip);
        at += len;
    }
    assert_string_equal(buf_text(&bare), lines);
    assert_int_equal(fixture->problems.count, count);
    buf_free(&bare);
}

static void loads(struct fixture *fixture, const char *text)
{
    if (load(fixture, text) != OK)
        fail_msg("refused: %s", conf_problems_text(&fixture->problems));
    assert_int_equal(fixture->problems.count, 0);
}

static void conf_defaults_fill_what_is_not_written(void **state)
{
    struct fixture *f = *state;
    loads(f, "name: gr-faros\n");
    assert_string_equal(conf_text(f->conf, "name"), "gr-faros");
    assert_string_equal(conf_text(f->conf, "listen"), "tcp://*:4460");
    assert_null(conf_text(f->conf, "key"));
    assert_null(conf_text(f->conf, "admin"));
    assert_int_equal(conf_number(f->conf, "loud"), 0);
    assert_string_equal(conf_text(f->conf, "colour"), "green");
    assert_int_equal(conf_number(f->conf, "colour"), 1);
    assert_int_equal(conf_number(f->conf, "mode"), 0660);
    assert_int_equal(conf_number(f->conf, "limits.cases"), 30);
    assert_int_equal(conf_number(f->conf, "limits.bytes"), 4 << 20);
    assert_int_equal(conf_number(f->conf, "limits.wait"), 72 * CLOCK_HOUR_US);
    assert_int_equal(conf_item_count(f->conf, "countries"), 0);
    assert_null(conf_item(f->conf, "countries", 0));
    assert_true(conf_is_written(f->conf, "name"));
    assert_false(conf_is_written(f->conf, "listen"));
}

static void conf_every_type_is_read(void **state)
{
    struct fixture *f = *state;
    loads(f,
          "name: a\nkey: /etc/k\nlisten: tcp://[::1]:65535\nadmin: localhost:1\nloud: true\nwords: [x, 'y, z']\n"
          "countries: [NO, GB]\ncolour: red\nmode: 0600\ntitle: \"a: b # c\"\n"
          "limits:\n  cases: -5\n  bytes: 64KiB\n  wait: 500ms\n");
    assert_string_equal(conf_text(f->conf, "key"), "/etc/k");
    assert_string_equal(conf_text(f->conf, "listen"), "tcp://[::1]:65535");
    assert_string_equal(conf_text(f->conf, "admin"), "localhost:1");
    assert_int_equal(conf_number(f->conf, "loud"), 1);
    assert_int_equal(conf_item_count(f->conf, "words"), 2);
    assert_string_equal(conf_item(f->conf, "words", 1), "y, z");
    assert_string_equal(conf_item(f->conf, "countries", 0), "NO");
    assert_int_equal(conf_number(f->conf, "colour"), 0);
    assert_int_equal(conf_number(f->conf, "mode"), 0600);
    assert_string_equal(conf_text(f->conf, "title"), "a: b # c");
    assert_int_equal(conf_number(f->conf, "limits.cases"), -5);
    assert_int_equal(conf_number(f->conf, "limits.bytes"), 65536);
    assert_int_equal(conf_number(f->conf, "limits.wait"), 500000);
}

static void conf_lists_are_sequences_or_comma_text_or_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const same[] = {"[BE, ES]", "\"BE, ES\"", "BE,ES", "' BE ,  ES '", "\n  - BE\n  - ES"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "name: a\ncountries: %s\n", same[i]);
        loads(f, text);
        assert_int_equal(conf_item_count(f->conf, "countries"), 2);
        assert_string_equal(conf_item(f->conf, "countries", 0), "BE");
        assert_string_equal(conf_item(f->conf, "countries", 1), "ES");
        assert_null(conf_item(f->conf, "countries", 2));
    }
    static const char *const empty[] = {"[]", "\"\"", "", "\"  \""};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "name: a\ncountries: %s\n", empty[i]);
        loads(f, text);
        assert_int_equal(conf_item_count(f->conf, "countries"), 0);
    }
}

static void conf_bad_list_items_are_named(void **state)
{
    struct fixture *f = *state;
    refuses(f, "name: a\ncountries: [BE, be, ZZ, BE]\n",
            "2:17: countries: \"be\" is no country code; did you mean \"BE\" (Belgium)?\n"
            "2:21: countries: \"ZZ\" is not valid, expected a list of at most 64 ISO 3166-1 codes such as BE, ES\n"
            "2:25: countries: \"BE\" is named twice\n");
    refuses(f, "name: a\ncountries: 'BE,,ES'\n",
            "2:12: countries: \"\" is not valid, expected a list of at most 64 ISO 3166-1 codes such as BE, ES\n");
    refuses(f, "name: a\nwords: a,b,c,d\n", "2:8: words: more than 3 items\n");
    refuses(f, "name: a\nwords: [a, [b], {c: d}]\n",
            "2:12: words: a list of single values is expected here\n"
            "2:17: words: a list of single values is expected here\n");
}

static void conf_unknown_keys_get_their_place_and_a_suggestion(void **state)
{
    struct fixture *f = *state;
    refuses(f, "name: a\nlisen: tcp://*:1\n", "2:1: unknown key \"lisen\"; did you mean \"listen\"?\n");
    refuses(f, "name: a\nLISTEN: tcp://*:1\n", "2:1: unknown key \"LISTEN\"; did you mean \"listen\"?\n");
    refuses(f, "name: a\nzebra: 1\n", "2:1: unknown key \"zebra\"\n");
    refuses(f, "name: a\ncases: 1\n", "2:1: unknown key \"cases\"; did you mean \"limits.cases\"?\n");
    refuses(f, "name: a\nlimts:\n  cases: 1\n", "2:1: unknown key \"limts\"; did you mean \"limits\"?\n");
    refuses(f, "name: a\nlimits:\n  casse: 1\n", "3:3: unknown key \"limits.casse\"; did you mean \"limits.cases\"?\n");
    refuses(f, "name: a\nlimits:\n  listen: 1\n", "3:3: unknown key \"limits.listen\"; did you mean \"listen\"?\n");
    refuses(f, "name: a\nlimits:\n  limits:\n    cases: 1\n", "3:3: unknown key \"limits.limits\"\n");
}

static void conf_all_errors_are_told_at_once(void **state)
{
    struct fixture *f = *state;
    refuses(f, "lisen: x\nlimits:\n  cases: many\nzebra:\n  - {deep: [1, 2]}\nloud: yes\n",
            "1:1: unknown key \"lisen\"; did you mean \"listen\"?\n"
            "3:10: limits.cases: \"many\" is not valid, expected a whole number from -5 to 100\n"
            "4:1: unknown key \"zebra\"\n"
            "6:7: loud: \"yes\" is not valid, expected true or false\n"
            " missing key \"name\": Who.\n");
}

static void conf_values_out_of_type_or_bounds_say_what_is_expected(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line, *problem;
    } rows[] = {
        {"limits: {cases: 101}", "limits.cases: \"101\" is out of bounds, expected a whole number from -5 to 100"},
        {"limits: {cases: 99999999999999999999}",
         "limits.cases: \"99999999999999999999\" is out of bounds, expected a whole number from -5 to 100"},
        {"limits: {cases: 1.0}", "limits.cases: \"1.0\" is not valid, expected a whole number from -5 to 100"},
        {"limits: {cases: 0x10}", "limits.cases: \"0x10\" is not valid, expected a whole number from -5 to 100"},
        {"limits: {cases: +1}", "limits.cases: \"+1\" is not valid, expected a whole number from -5 to 100"},
        {"limits: {bytes: 4MB}",
         "limits.bytes: \"4MB\" is not valid, expected a size in B, KiB, MiB or GiB from 1B to 1GiB"},
        {"limits: {bytes: 0}",
         "limits.bytes: \"0\" is out of bounds, expected a size in B, KiB, MiB or GiB from 1B to 1GiB"},
        {"limits: {bytes: 9223372036854775807GiB}",
         "limits.bytes: \"9223372036854775807GiB\" is out of bounds, expected a size in B, KiB, MiB or GiB from 1B "
         "to 1GiB"},
        {"limits: {wait: 31d}",
         "limits.wait: \"31d\" is out of bounds, expected a duration in ms, s, m, h or d from 0s "
         "to 30d"},
        {"limits: {wait: 3}",
         "limits.wait: \"3\" is not valid, expected a duration in ms, s, m, h or d from 0s to 30d"},
        {"colour: blue", "colour: \"blue\" is not valid, expected one of red, green"},
        {"mode: 0666", "mode: \"0666\" is out of bounds, expected an octal file mode with no bits beyond 0770"},
        {"mode: 0o600", "mode: \"0o600\" is not valid, expected an octal file mode with no bits beyond 0770"},
        {"title: eleven char", "title: \"eleven char\" is out of bounds, expected a text of at most 10 bytes"},
        {"loud: [true]", "loud: has a nested value, expected true or false"},
        {"loud: ", "loud: has no value; leave the line out for the default, false"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "name: a\n%s\n", rows[i].line);
        assert_int_equal(load(f, text), ERR_CONFIG);
        assert_int_equal(f->problems.count, 1);
        const char *line = conf_problems_text(&f->problems);
        const char *at = strstr(line, rows[i].problem);
        if (at == NULL || strlen(at) != strlen(rows[i].problem) + 1)
            fail_msg("\"%s\" gave: %s", rows[i].line, line);
    }
}

static void conf_addresses_are_checked(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {"listen: tcp://*:1", "listen: 'tcp://[fe80::1%eth0]:5'",
                                       "listen: tcp://relay.example.org:4460", "admin: 127.0.0.1:80",
                                       "admin: '[::1]:80'"};
    static const char *const bad[] = {"listen: 127.0.0.1:80",
                                      "listen: tcp://127.0.0.1",
                                      "listen: tcp://127.0.0.1:0",
                                      "listen: tcp://:80",
                                      "listen: tcp://127.0.0.1:65536",
                                      "listen: udp://127.0.0.1:80",
                                      "listen: tcp://a b:80",
                                      "listen: tcp://::1:80",
                                      "listen: 'tcp://[::1:80'",
                                      "listen: 'tcp://[]:80'",
                                      "listen: tcp://a:80/x",
                                      "listen: tcp://a:+80",
                                      "listen: ipc:///tmp/x",
                                      "admin: '*:80'",
                                      "admin: 'localhost:'",
                                      "admin: localhost",
                                      "admin: ':80'",
                                      "admin: tcp://localhost:80"};
    char text[128];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "name: a\n%s\n", good[i]);
        loads(f, text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "name: a\n%s\n", bad[i]);
        if (load(f, text) != ERR_CONFIG || f->problems.count != 1)
            fail_msg("not refused once: %s", bad[i]);
    }
}

static void conf_ids_are_lowercase_digits_and_dashes(void **state)
{
    struct fixture *f = *state;
    loads(f, "name: a23456789-123456789-123456789-123456789\n");
    static const char *const bad[] = {"Be-baken", "be_baken", "-be",   "be-",
                                      "be baken", "bé",       "../be", "a1234567890123456789012345678901234567890"};
    char text[128];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "name: \"%s\"\n", bad[i]);
        if (load(f, text) != ERR_CONFIG)
            fail_msg("not refused: %s", bad[i]);
    }
    refuses(f, "name:\n", "1:6: name: is required and has no value\n");
}

static void conf_repeated_keys_are_refused(void **state)
{
    struct fixture *f = *state;
    refuses(f, "name: a\nloud: true\nname: b\n", "3:1: name: is given twice, first in line 1\n");
    refuses(f, "name: a\nlimits: {cases: 1, cases: 2}\n", "2:20: limits.cases: is given twice, first in line 2\n");
    refuses(f, "name: a\nlimits:\n  cases: 1\nlimits:\n  bytes: 1\n", "4:1: limits: is given twice, first in line 2\n");
    refuses(f, "name: a\nlimits:\n  cases: 1\nlimits.cases: 1\n",
            "4:1: limits.cases: is given twice, first in line 3\n");
}

static void conf_yaml_features_that_hide_things_are_refused(void **state)
{
    struct fixture *f = *state;
    refuses(f, "name: &x a\ntitle: *x\n", "1:7: anchors (&name) are not allowed\n");
    refuses(f, "name: a\ntitle: *x\n", "2:8: aliases (*name) are not allowed\n");
    refuses(f, "name: a\nlimits: &l {cases: 1}\n", "2:9: anchors (&name) are not allowed\n");
    refuses(f, "name: a\nwords: &l [a]\n", "2:8: anchors (&name) are not allowed\n");
    refuses(f, "name: !!str a\n", "1:7: tags (!type) are not allowed\n");
    refuses(f, "name: a\n---\nname: b\n", "2:1: more than one document; a file is one\n");
    refuses(f, "name: a\n? [x]\n: y\n", "2:3: a key must be a word\n");
    refuses(f, "name: a\ntitle: \"b\\0c\"\n", "2:8: title: control characters and line breaks are not allowed\n");
    refuses(f, "name: a\ntitle: |\n  b\n  c\n", "2:8: title: control characters and line breaks are not allowed\n");
    refuses(f, "name: a\n\"ti\\ntle\": b\n", "2:1: key: control characters and line breaks are not allowed\n");
}

static void conf_files_that_are_no_mapping_are_refused(void **state)
{
    struct fixture *f = *state;
    refuses(f, "- a\n- b\n", "1:1: expected \"key: value\" lines\n missing key \"name\": Who.\n");
    refuses(f, "just words\n", "1:1: expected \"key: value\" lines\n missing key \"name\": Who.\n");
    refuses(f, "", " missing key \"name\": Who.\n");
    refuses(f, "# only a comment\n", " missing key \"name\": Who.\n");
    refuses(f, "---\n", " missing key \"name\": Who.\n");
    refuses(f, "name: a\nlimits: 5\n", "2:9: limits: is a section; indent its keys below it\n");
    loads(f, "name: a\nlimits:\n");
}

static void conf_broken_yaml_names_its_line(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"name: a\n  loud: true\n", ":2:7: not YAML: "},
        {"name: \"a\n", ":2:1: not YAML: "},
        {"name: a\nwords: [a, b\nloud: x\n", ":3:5: not YAML: "},
        {"name: a\n\tloud: true\n", ":2:1: not YAML: "},
        {"name: a\nloud: \xff\n", ":2:7: not UTF-8 text: "},
        {"name: a\nloud: \xc3\x28\n", ":2:8: not UTF-8 text: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(load(f, rows[i].text), ERR_CONFIG);
        const char *line = conf_problems_text(&f->problems);
        if (strstr(line, rows[i].place) == NULL)
            fail_msg("%zu: wanted %s, got %s", i, rows[i].place, line);
    }
}

static void conf_files_cut_anywhere_never_crash(void **state)
{
    struct fixture *f = *state;
    const char *whole = "name: a\nwords: [x, 'y']\nlimits:\n  cases: 5\n  bytes: \"1KiB\"\ntitle: >\n  folded\n";
    for (size_t len = 0; len <= strlen(whole); len++) {
        conf_free(f->conf);
        f->conf = NULL;
        conf_problems_free(&f->problems);
        write_bytes(f->file, whole, len);
        int error = conf_load(f->file, table, COUNT, &f->problems, &f->conf);
        assert_true(error == OK ? f->problems.count == 0 : error == ERR_CONFIG && f->problems.count > 0);
    }
}

static void conf_too_large_or_unreadable_files_are_refused(void **state)
{
    struct fixture *f = *state;
    size_t len = CONF_FILE_MAX + 1;
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, '#', len);
    text[len] = '\0';
    refuses(f, text, " larger than 256 KiB\n");
    memcpy(text, "name: a\n", 8);
    text[len - 1] = '\0';
    loads(f, text);
    memset(text, '[', len - 1); /* nesting as deep as a file can */
    assert_int_equal(load(f, text), ERR_CONFIG);
    assert_non_null(strstr(conf_problems_text(&f->problems), "x.yaml:1:17: nested too deeply\n"));
    free(text);
    conf_problems_free(&f->problems);
    assert_int_equal(conf_load("/nonexistent/x.yaml", table, COUNT, &f->problems, &f->conf), ERR_CONFIG);
    assert_string_equal(conf_problems_text(&f->problems),
                        "/nonexistent/x.yaml: cannot be opened: No such file or directory: "
                        "--sample-config prints one to begin with\n");
    conf_problems_free(&f->problems);
    assert_int_equal(conf_load(f->folder, table, COUNT, &f->problems, &f->conf), ERR_CONFIG);
    assert_non_null(strstr(conf_problems_text(&f->problems), "cannot be read: Is a directory"));
}

static void conf_relative_paths_follow_the_file(void **state)
{
    struct fixture *f = *state;
    char expected[128];
    loads(f, "name: a\nkey: sub/x.key\n");
    snprintf(expected, sizeof expected, "%s/sub/x.key", f->folder);
    assert_string_equal(conf_text(f->conf, "key"), expected);
    loads(f, "name: a\nkey: /abs/x.key\n");
    assert_string_equal(conf_text(f->conf, "key"), "/abs/x.key");
    char old[256];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(f->folder), 0);
    conf_free(f->conf);
    f->conf = NULL;
    assert_int_equal(conf_load("x.yaml", table, COUNT, &f->problems, &f->conf), OK);
    assert_int_equal(chdir(old), 0);
    assert_string_equal(conf_text(f->conf, "key"), "/abs/x.key");
}

static void conf_note_holds_what_fits_and_counts_the_rest(void **state)
{
    struct fixture *f = *state;
    char text[4096] = "name: a\n";
    size_t used = strlen(text);
    for (int i = 0; i < 150; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "zebra%d: 1\n", i);
    assert_int_equal(load(f, text), ERR_CONFIG);
    assert_int_equal(f->problems.count, 150);
    struct err_note note = {""};
    conf_problems_note(&f->problems, &note);
    assert_non_null(strstr(note.text, ":2:1: unknown key \"zebra0\"\n"));
    size_t lines = 1;
    for (const char *c = note.text; *c; c++)
        lines += *c == '\n';
    char tail[40];
    snprintf(tail, sizeof tail, " (and %zu more)", 150 - lines);
    assert_string_equal(note.text + strlen(note.text) - strlen(tail), tail);
    refuses(f, "name: a\nzebra: 1\n", "2:1: unknown key \"zebra\"\n");
    conf_problems_note(&f->problems, &note);
    assert_non_null(strstr(note.text, ":2:1: unknown key \"zebra\""));
    assert_null(strchr(note.text, '\n'));
}

static void conf_report_says_ok_or_everything(void **state)
{
    struct fixture *f = *state;
    char *out_text = NULL, *talk_text = NULL;
    size_t out_len, talk_len;
    FILE *out = open_memstream(&out_text, &out_len), *talk = open_memstream(&talk_text, &talk_len);
    loads(f, "name: a\n");
    assert_int_equal(conf_problems_report(&f->problems, "x.yaml", OK, out, talk), 0);
    assert_int_equal(conf_problems_report(&f->problems, "x.yaml", ERR_NOMEM, out, talk), 1);
    assert_int_equal(load(f, "zebra: 1\n"), ERR_CONFIG);
    assert_int_equal(conf_problems_report(&f->problems, "x.yaml", ERR_CONFIG, out, talk), 2);
    fclose(out);
    fclose(talk);
    assert_string_equal(out_text, "x.yaml: ok\n");
    assert_non_null(strstr(talk_text, "x.yaml: out of memory\n"));
    assert_non_null(strstr(talk_text, "zebra"));
    assert_non_null(strstr(talk_text, "missing key \"name\""));
    free(out_text);
    free(talk_text);
}

static void conf_quote_is_fit_for_a_terminal(void **state)
{
    (void)state;
    char quoted[CONF_QUOTED_MAX];
    assert_string_equal(conf_problems_quote("a\x1b[31m\x7f\n\xc2\x9b", quoted), "a?[31m???");
    assert_string_equal(conf_problems_quote("\xc3\xa9", quoted), "\xc3\xa9");
    char text[200] = "x";
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    conf_problems_quote(text, quoted);
    size_t len = strlen(quoted);
    assert_true(len < CONF_QUOTED_MAX);
    assert_string_equal(quoted + len - 3, "...");
    assert_int_equal((len - 3 - 1) % 2, 0); /* no character is cut in the middle */
    memset(text, 'a', CONF_QUOTED_MAX - 4);
    text[CONF_QUOTED_MAX - 4] = '\0';
    assert_string_equal(conf_problems_quote(text, quoted), text);
}

static void conf_checks_look_at_files_without_touching_them(void **state)
{
    struct fixture *f = *state;
    char key[128];
    snprintf(key, sizeof key, "%s/k", f->folder);
    loads(f, "name: a\nkey: k\n");
    conf_check_secret(f->conf, "key", &f->problems);
    assert_non_null(strstr(conf_problems_text(&f->problems), "x.yaml:2:1: key: "));
    assert_non_null(strstr(conf_problems_text(&f->problems), "/k: No such file or directory\n"));
    write_bytes(key, "x", 1);
    assert_int_equal(chmod(key, 0640), 0);
    loads(f, "name: a\nkey: k\n");
    conf_check_file(f->conf, "key", &f->problems);
    assert_int_equal(f->problems.count, 0);
    conf_check_secret(f->conf, "key", &f->problems);
    assert_non_null(strstr(conf_problems_text(&f->problems), "(mode 0640); chmod 600 "));
    assert_int_equal(chmod(key, 0600), 0);
    loads(f, "name: a\nkey: k\n");
    conf_check_secret(f->conf, "key", &f->problems);
    conf_check_folder(f->conf, "key", &f->problems);
    assert_int_equal(f->problems.count, 0);
    assert_int_equal(unlink(key), 0);
    loads(f, "name: a\n");
    conf_check_secret(f->conf, "key", &f->problems); /* not set: nothing to look at */
    conf_check_folder(f->conf, "key", &f->problems);
    assert_int_equal(f->problems.count, 0);
    loads(f, "name: a\nkey: none/k\n");
    conf_check_folder(f->conf, "key", &f->problems);
    assert_non_null(strstr(conf_problems_text(&f->problems), "/none: No such file or directory\n"));
    loads(f, "name: a\nkey: .\n");
    conf_check_secret(f->conf, "key", &f->problems);
    assert_non_null(strstr(conf_problems_text(&f->problems), " is not a file\n"));
}

static void conf_sample_loads_with_every_default(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    conf_write_sample("heading\nsecond line", table, COUNT, out);
    assert_int_equal(fclose(out), 0);
    loads(f, text);
    assert_memory_equal(text, "# heading\n# second line\n\n# Who.\n", 32);
    assert_non_null(
        strstr(text, "limits:\n  # N.\n  # cases: a whole number from -5 to 100; default 30\n  cases: 30\n"));
    assert_string_equal(conf_text(f->conf, "name"), "be-baken");
    for (size_t i = 0; i < COUNT; i++)
        assert_true(conf_is_written(f->conf, table[i].path));
    assert_int_equal(conf_number(f->conf, "mode"), 0660);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(conf_defaults_fill_what_is_not_written),
        TEST(conf_every_type_is_read),
        TEST(conf_lists_are_sequences_or_comma_text_or_nothing),
        TEST(conf_bad_list_items_are_named),
        TEST(conf_unknown_keys_get_their_place_and_a_suggestion),
        TEST(conf_all_errors_are_told_at_once),
        TEST(conf_values_out_of_type_or_bounds_say_what_is_expected),
        TEST(conf_addresses_are_checked),
        TEST(conf_ids_are_lowercase_digits_and_dashes),
        TEST(conf_repeated_keys_are_refused),
        TEST(conf_yaml_features_that_hide_things_are_refused),
        TEST(conf_files_that_are_no_mapping_are_refused),
        TEST(conf_broken_yaml_names_its_line),
        TEST(conf_files_cut_anywhere_never_crash),
        TEST(conf_too_large_or_unreadable_files_are_refused),
        TEST(conf_relative_paths_follow_the_file),
        TEST(conf_note_holds_what_fits_and_counts_the_rest),
        TEST(conf_report_says_ok_or_everything),
        TEST(conf_quote_is_fit_for_a_terminal),
        TEST(conf_checks_look_at_files_without_touching_them),
        TEST(conf_sample_loads_with_every_default),
    };
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
