/* keyfile: what is written comes back; a file that was changed, cut, opened up or is not one is refused with its
 * reason. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96];
    struct key_set *set;
};

static int place_setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    snprintf(place->folder, sizeof place->folder, "/tmp/test-keyfile-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/be-baken.key", place->folder);
    place->set = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    *state = place;
    return 0;
}

static int place_teardown(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    assert_int_equal(rmdir(place->folder), 0); /* nothing else was left behind */
    key_set_free(place->set);
    free(place);
    return 0;
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

static void put(const char *path, const void *data, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

/* Answers every question with its context. */
static int answer(void *ctx, const char *path, char *room, size_t size)
{
    (void)path;
    return snprintf(room, size, "%s", (const char *)ctx) < (int)size ? OK : ERR_LIMIT;
}

static int never_asked(void *ctx, const char *path, char *room, size_t size)
{
    (void)ctx, (void)path, (void)room, (void)size;
    fail_msg("asked for a passphrase of a file that is not locked");
    return ERR_PASSPHRASE;
}

/* The golden unlocked file. */
static const char plain_file[] =
    "hotline-key 1\nkind member\nid be-baken\ncountry BE\nname Hotline be-baken\ngeneration 1\nlock none\n"
    "secret 1010101010101010101010101010101010101010101010101010101010101010\n";

/* A locked file with the cheapest parameters, built by hand from the description in keyfile.h. */
static void locked_file(const char *passphrase, struct buf *out)
{
    struct seal_argon argon = {.operations = 1, .memory_bytes = 8192, .salt = {1, 2, 3}};
    uint8_t nonce[24] = {9, 8, 7}, key[32], sealed[48], master[32];
    char salt[33], nonce_hex[49], sealed_hex[97];
    memset(master, 0x10, sizeof master);
    buf_hex(slice_of(argon.salt, 16), salt);
    buf_hex(slice_of(nonce, 24), nonce_hex);
    buf_printf(out,
               "hotline-key 1\nkind member\nid be-baken\ncountry BE\nname Hotline be-baken\ngeneration 1\n"
               "lock argon2id13 1 8192 %s %s\n",
               salt, nonce_hex);
    assert_error(seal_passphrase_key(passphrase, &argon, key), OK);
    assert_error(seal_encrypt(key, nonce, buf_slice(out), slice_of(master, 32), sealed), OK);
    buf_hex(slice_of(sealed, sizeof sealed), sealed_hex);
    buf_printf(out, "secret %s\n", sealed_hex);
}

static void keyfile_unlocked_is_written_exactly_and_comes_back(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct key_set *got = NULL;
    struct buf text;
    struct stat facts;
    bool locked = true;
    umask(0);
    assert_error(keyfile_write(place->path, place->set, NULL, &note), OK);
    assert_int_equal(stat(place->path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    buf_init(&text);
    assert_error(keyfile_slurp(place->path, 4096, &text, &note), OK);
    assert_string_equal(buf_text(&text), plain_file);
    buf_free(&text);
    assert_error(keyfile_is_locked(place->path, &note, &locked), OK);
    assert_false(locked);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), OK);
    assert_memory_equal(got, place->set, sizeof *got);
    key_set_free(got);
}

static void keyfile_locked_hides_the_master_and_comes_back(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct key_set *got = NULL;
    struct buf text;
    bool locked = false;
    assert_error(keyfile_write(place->path, place->set, "a lantern in the window", &note), OK);
    buf_init(&text);
    assert_error(keyfile_slurp(place->path, 4096, &text, &note), OK);
    assert_null(strstr(buf_text(&text), "10101010"));
    assert_non_null(strstr(buf_text(&text), "\nlock argon2id13 3 268435456 "));
    buf_free(&text);
    assert_error(keyfile_is_locked(place->path, &note, &locked), OK);
    assert_true(locked);
    char right[] = "a lantern in the window", wrong[] = "a lantern in the windoW";
    assert_error(keyfile_read(place->path, answer, wrong, &note, &got), ERR_PASSPHRASE);
    assert_note(&note, "wrong passphrase");
    assert_null(got);
    assert_error(keyfile_read(place->path, NULL, NULL, &note, &got), ERR_PASSPHRASE);
    assert_note(&note, "nobody to ask");
    assert_error(keyfile_read(place->path, answer, right, &note, &got), OK);
    assert_memory_equal(got, place->set, sizeof *got);
    key_set_free(got);
}

static void keyfile_others_may_read_is_refused_with_the_remedy(void **state)
{
    struct place *place = *state;
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777};
    struct err_note note;
    struct key_set *got = NULL;
    char phrase[64];
    bool locked;
    put(place->path, plain_file, sizeof plain_file - 1, 0600);
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(chmod(place->path, open_modes[i]), 0);
        assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_PERMISSION);
        assert_note(&note, "chmod 600");
        assert_error(keyfile_is_locked(place->path, &note, &locked), ERR_PERMISSION);
        assert_error(keyfile_passphrase_from(place->path, phrase, sizeof phrase, &note), ERR_PERMISSION);
    }
    assert_int_equal(chmod(place->path, 0400), 0);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), OK);
    key_set_free(got);
}

static void keyfile_is_never_written_over_anything(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    char link_path[128];
    struct buf text;
    put(place->path, "precious", 8, 0600);
    assert_error(keyfile_write(place->path, place->set, NULL, &note), ERR_EXISTS);
    snprintf(link_path, sizeof link_path, "%s/link", place->folder);
    unlink(place->path);
    assert_int_equal(symlink(place->path, link_path), 0); /* dangling: open would create what it points to */
    assert_error(keyfile_write(link_path, place->set, NULL, &note), ERR_EXISTS);
    assert_int_equal(access(place->path, F_OK), -1);
    unlink(link_path);
    put(place->path, "precious", 8, 0600);
    buf_init(&text);
    assert_error(keyfile_slurp(place->path, 8, &text, &note), OK);
    assert_string_equal(buf_text(&text), "precious");
    buf_free(&text);
}

static void keyfile_that_is_no_regular_file_is_refused_at_once(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct key_set *got = NULL;
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_NOT_FOUND);
    assert_error(keyfile_read(place->folder, never_asked, NULL, &note, &got), ERR_INVALID);
    assert_note(&note, "not a regular file");
    assert_int_equal(mkfifo(place->path, 0600), 0);
    alarm(20); /* a pipe without a writer must not hold us up */
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_INVALID);
    alarm(0);
    assert_null(got);
}

static void keyfile_cut_at_any_length_is_refused_with_its_line(void **state)
{
    struct place *place = *state;
    struct err_note note;
    struct key_set *got = NULL;
    for (size_t len = 0; len < sizeof plain_file - 1; len++) {
        put(place->path, plain_file, len, 0600);
        int result = keyfile_read(place->path, never_asked, NULL, &note, &got);
        int line = 1;
        for (size_t i = 0; i < len; i++)
            line += plain_file[i] == '\n';
        char where[128];
        snprintf(where, sizeof where, "%s:%d: ", place->path, line);
        if (result != ERR_SYNTAX || strstr(note.text, where) == NULL)
            fail_msg("cut to %zu: %s: %s", len, err_name(result), note.text);
    }
}

/* One flipped bit at each byte. Names and hexadecimal digits of an unlocked file can change into others: then the
 * result must show the change. Nothing may crash, and every refusal names the file. */
static void keyfile_unlocked_with_a_changed_bit_is_refused_or_shows_it(void **state)
{
    struct place *place = *state;
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * (sizeof plain_file - 1); bit++) {
        char changed[sizeof plain_file];
        struct err_note note = {{0}};
        struct key_set *got = NULL;
        memcpy(changed, plain_file, sizeof changed);
        changed[bit / 8] ^= (char)(1 << bit % 8);
        put(place->path, changed, sizeof changed - 1, 0600);
        int result = keyfile_read(place->path, answer, (void *)(uintptr_t) "x", &note, &got);
        if (result == OK) {
            if (memcmp(got, place->set, sizeof *got) == 0)
                fail_msg("bit %zu changed and nobody noticed", bit);
            key_set_free(got);
        } else {
            refused++;
            if (strstr(note.text, place->path) == NULL || (result != ERR_SYNTAX && result != ERR_NEWER))
                fail_msg("bit %zu: %s: %s", bit, err_name(result), note.text);
        }
    }
    assert_true(refused > 4 * (sizeof plain_file - 1));
}

static void keyfile_locked_with_a_changed_bit_is_refused(void **state)
{
    struct place *place = *state;
    struct buf file;
    struct err_note note;
    struct key_set *got = NULL;
    char phrase[] = "a lantern";
    buf_init(&file);
    locked_file(phrase, &file);
    put(place->path, file.data, file.len, 0600);
    assert_error(keyfile_read(place->path, answer, phrase, &note, &got), OK);
    assert_memory_equal(got, place->set, sizeof *got);
    key_set_free(got);
    for (size_t at = 0; at < file.len; at++) {
        if (file.data[at] >= 'a' && file.data[at] <= 'f' && at > 150)
            continue; /* 0x20 would only make a hexadecimal digit a capital one */
        file.data[at] ^= at % 2 ? 0x20 : 0x02;
        put(place->path, file.data, file.len, 0600);
        int result = keyfile_read(place->path, answer, phrase, &note, &got);
        if (result == OK || strstr(note.text, place->path) == NULL)
            fail_msg("byte %zu changed: %s: %s", at, err_name(result), note.text);
        file.data[at] ^= at % 2 ? 0x20 : 0x02;
    }
    for (size_t len = 0; len < file.len; len++) {
        put(place->path, file.data, len, 0600);
        assert_error(keyfile_read(place->path, answer, phrase, &note, &got), ERR_SYNTAX);
    }
    buf_free(&file);
}

/* The locked file is bound to all that stands above its secret: another name, country or generation does not open. */
static void keyfile_locked_with_another_head_is_refused(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *from, *to;
    } swaps[] = {{"be-baken\ncountry", "be-bakem\ncountry"}, {"country BE", "country NL"},
                 {"generation 1", "generation 2"},           {"kind member", "kind relay"},
                 {"argon2id13 1 ", "argon2id13 2 "},         {" 8192 ", " 9216 "}};
    char phrase[] = "a lantern";
    for (size_t i = 0; i < sizeof swaps / sizeof swaps[0]; i++) {
        struct buf file, changed;
        struct err_note note;
        struct key_set *got = NULL;
        buf_init(&file);
        buf_init(&changed);
        locked_file(phrase, &file);
        const char *text = buf_text(&file), *at = strstr(text, swaps[i].from);
        assert_non_null(at);
        buf_add(&changed, text, (size_t)(at - text));
        buf_add_text(&changed, swaps[i].to);
        buf_add_text(&changed, at + strlen(swaps[i].from));
        put(place->path, changed.data, changed.len, 0600);
        assert_error(keyfile_read(place->path, answer, phrase, &note, &got), ERR_PASSPHRASE);
        buf_free(&file);
        buf_free(&changed);
    }
}

static void keyfile_lines_that_are_wrong_are_named(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *file;
        int line, error;
    } rows[] = {
        {"hotline-key 2\n", 1, ERR_NEWER},
        {"hotline-key 1\nkind king\n", 2, ERR_SYNTAX},
        {"hotline-key 1\nid be-baken\n", 2, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid Be\n", 3, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid -\n", 3, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 3, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BEL\n", 4, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BE\nname b\ngeneration 0\n", 6, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BE\nname b\ngeneration -1\n", 6, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BE\nname b\ngeneration 4294967297\n", 6, ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BE\nname b\ngeneration 1\nlock argon2i 1 8192 00 00\n", 7,
         ERR_SYNTAX},
        {"hotline-key 1\nkind member\nid a\ncountry BE\nname b\ngeneration 1\nlock none\nsecret 00\n", 8, ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err_note note = {{0}};
        struct key_set *got = NULL;
        char where[128];
        put(place->path, rows[i].file, strlen(rows[i].file), 0600);
        assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), rows[i].error);
        snprintf(where, sizeof where, "%s:%d: ", place->path, rows[i].line);
        assert_note(&note, where);
    }
}

static void keyfile_with_something_behind_the_secret_is_refused(void **state)
{
    struct place *place = *state;
    struct err_note note;
    struct key_set *got = NULL;
    char longer[sizeof plain_file + 8];
    memcpy(longer, plain_file, sizeof plain_file);
    longer[sizeof plain_file - 1] = 'x';
    put(place->path, longer, sizeof plain_file, 0600);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_SYNTAX);
    longer[sizeof plain_file - 1] = '\0'; /* a NUL would hide what follows from every string function */
    longer[sizeof plain_file] = 'x';
    put(place->path, longer, sizeof plain_file + 1, 0600);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_SYNTAX);
    assert_note(&note, "NUL");
    char *big = calloc(1, LIMIT_KEYFILE_BYTES + 1);
    assert_non_null(big);
    memset(big, 'a', LIMIT_KEYFILE_BYTES + 1);
    put(place->path, big, LIMIT_KEYFILE_BYTES + 1, 0600);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_LIMIT);
    put(place->path, big, LIMIT_KEYFILE_BYTES, 0600);
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), ERR_SYNTAX);
    free(big);
}

/* What could not be read again must not be written: the key would be lost. */
static void keyfile_of_a_set_that_would_not_read_back_is_not_written(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"two\nlines", "tab\there", "\x1b[2J", "bad \xff utf-8", "turned \xe2\x80\xae"};
    struct err_note note = {{0}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(place->set->name, sizeof place->set->name, "%s", names[i]);
        assert_error(keyfile_write(place->path, place->set, NULL, &note), ERR_INVALID);
        assert_note(&note, "name");
        assert_int_equal(access(place->path, F_OK), -1);
    }
    snprintf(place->set->name, sizeof place->set->name, "%s", "T\xc3\xa9l\xc3\xa9phone");
    snprintf(place->set->id, sizeof place->set->id, "%s", "Be Baken");
    assert_error(keyfile_write(place->path, place->set, NULL, &note), ERR_INVALID);
    assert_note(&note, "id");
    snprintf(place->set->id, sizeof place->set->id, "%s", "be-baken");
    assert_error(keyfile_write(place->path, place->set, NULL, &note), OK);
    struct key_set *got = NULL;
    assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), OK);
    assert_string_equal(got->name, "T\xc3\xa9l\xc3\xa9phone");
    key_set_free(got);
}

static void keyfile_longest_fields_come_back(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct key_set *got = NULL;
    memset(place->set->id, 'a', LIMIT_ID_CHARS);
    for (size_t len = 0; len <= LIMIT_NAME_BYTES;
         len++) { /* every length of the text: nothing moves while it holds the secret */
        memset(place->set->name, 0, sizeof place->set->name);
        memset(place->set->name, 'n', len);
        place->set->generation = 1000000;
        assert_error(key_set_derive(place->set), OK);
        assert_error(keyfile_write(place->path, place->set, NULL, &note), OK);
        assert_error(keyfile_read(place->path, never_asked, NULL, &note, &got), OK);
        assert_memory_equal(got, place->set, sizeof *got);
        key_set_free(got);
        unlink(place->path);
    }
}

static void keyfile_passphrase_is_the_first_line(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    char room[16];
    static const struct {
        const char *file, *phrase;
    } rows[] = {{"a lantern", "a lantern"},     {"a lantern\nmore\n", "a lantern"},
                {"a lantern\r\n", "a lantern"}, {"", NULL},
                {"\na lantern", NULL},          {"sixteen letters!", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(place->path, rows[i].file, strlen(rows[i].file), 0600);
        assert_error(keyfile_passphrase_from(place->path, room, sizeof room, &note),
                     rows[i].phrase ? OK : ERR_PASSPHRASE);
        if (rows[i].phrase)
            assert_string_equal(room, rows[i].phrase);
    }
    put(place->path, "a\0b", 3, 0600);
    assert_error(keyfile_passphrase_from(place->path, room, sizeof room, &note), ERR_SYNTAX);
}

static void keyfile_slurp_stops_at_its_bound(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, "had ");
    put(place->path, "0123456789", 10, 0644);
    assert_error(keyfile_slurp(place->path, 9, &text, &note), ERR_LIMIT);
    assert_note(&note, "9 bytes");
    assert_error(keyfile_slurp(place->folder, 9, &text, &note), ERR_IO);
    assert_error(keyfile_slurp("/nowhere/at/all", 9, &text, &note), ERR_NOT_FOUND);
    assert_string_equal(buf_text(&text), "had ");
    assert_error(keyfile_slurp(place->path, 10, &text, &note), OK);
    assert_string_equal(buf_text(&text), "had 0123456789");
    buf_free(&text);
}

static void keyfile_replace_is_whole_and_leaves_no_trace(void **state)
{
    struct place *place = *state;
    struct err_note note = {{0}};
    struct buf text;
    struct stat facts;
    char inside[128];
    buf_init(&text);
    umask(022);
    assert_error(keyfile_replace(place->path, slice_text("one"), 0644, &note), OK);
    assert_error(keyfile_replace(place->path, slice_text("three"), 0640, &note), OK);
    assert_error(keyfile_slurp(place->path, 99, &text, &note), OK);
    assert_string_equal(buf_text(&text), "three");
    assert_int_equal(stat(place->path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0640);
    assert_int_not_equal(keyfile_replace(place->folder, slice_text("x"), 0644, &note), OK);
    snprintf(inside, sizeof inside, "%s/none/x", place->folder);
    assert_error(keyfile_replace(inside, slice_text("x"), 0644, &note), ERR_NOT_FOUND);
    buf_free(&text);
}

int main(void)
{
    if (seal_start() != OK)
        return 1;
    const struct CMUnitTest tests[] = {
        PLACE_TEST(keyfile_unlocked_is_written_exactly_and_comes_back),
        PLACE_TEST(keyfile_locked_hides_the_master_and_comes_back),
        PLACE_TEST(keyfile_others_may_read_is_refused_with_the_remedy),
        PLACE_TEST(keyfile_is_never_written_over_anything),
        PLACE_TEST(keyfile_that_is_no_regular_file_is_refused_at_once),
        PLACE_TEST(keyfile_cut_at_any_length_is_refused_with_its_line),
        PLACE_TEST(keyfile_unlocked_with_a_changed_bit_is_refused_or_shows_it),
        PLACE_TEST(keyfile_locked_with_a_changed_bit_is_refused),
        PLACE_TEST(keyfile_locked_with_another_head_is_refused),
        PLACE_TEST(keyfile_lines_that_are_wrong_are_named),
        PLACE_TEST(keyfile_with_something_behind_the_secret_is_refused),
        PLACE_TEST(keyfile_of_a_set_that_would_not_read_back_is_not_written),
        PLACE_TEST(keyfile_longest_fields_come_back),
        PLACE_TEST(keyfile_passphrase_is_the_first_line),
        PLACE_TEST(keyfile_slurp_stops_at_its_bound),
        PLACE_TEST(keyfile_replace_is_whole_and_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
