/* sealed: the frame of a file of envelopes. Whatever is cut or changed is found and named. */
#include "fixture.h"
#include "proto/sealed.h"

/* A file of one envelope of made-up bytes: the frame opens none. */
static void make(struct buf *out)
{
    uint8_t header[200], body[LIMIT_BODY_PAD_BYTES + 16], signature[64], nonce[24], box[56], key_id[8];
    Hotline__SealedFile file = HOTLINE__SEALED_FILE__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT, *envelopes[1] = {&envelope};
    Hotline__Grant grant = HOTLINE__GRANT__INIT, *grants[1] = {&grant};
    struct err_note note = {""};
    memset(header, 1, sizeof header);
    memset(body, 2, sizeof body);
    memset(signature, 3, sizeof signature);
    memset(nonce, 4, sizeof nonce);
    memset(box, 5, sizeof box);
    memset(key_id, 6, sizeof key_id);
    grant.member = (char *)(uintptr_t) "fr-phare";
    WIRE_SET_BYTES(&grant, key_id, key_id, sizeof key_id);
    WIRE_SET_BYTES(&grant, nonce, nonce, sizeof nonce);
    WIRE_SET_BYTES(&grant, box, box, sizeof box);
    WIRE_SET_BYTES(&envelope, header, header, sizeof header);
    WIRE_SET_BYTES(&envelope, signature, signature, sizeof signature);
    WIRE_SET_BYTES(&envelope, body, body, sizeof body);
    envelope.n_grants = 1;
    envelope.grants = grants;
    file.sender = (char *)(uintptr_t) "be-baken";
    file.n_envelopes = 1;
    file.envelopes = envelopes;
    assert_int_equal(sealed_write(&file, &note, out), OK);
}

/* Reads; the error, with what it says. */
static int read_file(struct slice bytes, struct err_note *note)
{
    struct wire_arena arena;
    const Hotline__SealedFile *file = NULL;
    *note = (struct err_note){""};
    assert_int_equal(wire_arena_init_for(&arena, bytes.len), OK);
    int error = sealed_read(bytes, &arena, note, &file);
    if (error == OK) {
        assert_string_equal(file->sender, "be-baken");
        assert_int_equal(file->n_envelopes, 1);
        assert_int_equal(file->envelopes[0]->body.len, LIMIT_BODY_PAD_BYTES + 16);
        assert_string_equal(file->envelopes[0]->grants[0]->member, "fr-phare");
    } else {
        assert_true(note->text[0] != '\0');
    }
    wire_arena_done(&arena);
    return error;
}

static void sealed_written_file_is_read_back(void **state)
{
    struct buf file;
    struct err_note note;
    (void)state;
    buf_init(&file);
    make(&file);
    assert_memory_equal(file.data, "hotline-sealed 1 ", 17);
    assert_int_equal(file.data[81], '\n');
    assert_int_equal(read_file(buf_slice(&file), &note), OK);
    buf_free(&file);
}

static void sealed_cut_anywhere_is_refused(void **state)
{
    struct buf file;
    struct err_note note;
    (void)state;
    buf_init(&file);
    make(&file);
    for (size_t len = 0; len < file.len; len++)
        if (read_file(slice_of(file.data, len), &note) != ERR_SYNTAX)
            fail_msg("cut after %zu bytes: %s", len, note.text);
    buf_free(&file);
}

static void sealed_changed_anywhere_is_refused(void **state)
{
    struct buf file;
    struct err_note note;
    (void)state;
    buf_init(&file);
    make(&file);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 0x20; /* also the case of a hexadecimal digit */
        int error = read_file(buf_slice(&file), &note);
        if (error != ERR_SYNTAX && !(i == 15 && error == ERR_UNKNOWN) && !(i == 16 && error == ERR_UNKNOWN))
            fail_msg("byte %zu changed: %s %s", i, err_name(error), note.text);
        file.data[i] ^= 0x20;
    }
    buf_add_u8(&file, 0);
    assert_int_equal(read_file(buf_slice(&file), &note), ERR_SYNTAX);
    buf_free(&file);
}

static void sealed_other_version_is_named(void **state)
{
    struct buf file;
    struct err_note note;
    (void)state;
    buf_init(&file);
    make(&file);
    file.data[15] = '2';
    assert_int_equal(read_file(buf_slice(&file), &note), ERR_UNKNOWN);
    assert_non_null(strstr(note.text, "version"));
    buf_free(&file);
}

static void sealed_over_the_limit_names_size_and_limit(void **state)
{
    struct buf file;
    struct err_note note;
    (void)state;
    buf_init(&file);
    make(&file);
    while (file.len <= LIMIT_SEALED_BYTES)
        buf_add_u8(&file, 0);
    assert_int_equal(read_file(buf_slice(&file), &note), ERR_LIMIT);
    assert_non_null(strstr(note.text, "1048577"));
    assert_non_null(strstr(note.text, "1048576"));
    buf_free(&file);
}

static void sealed_too_many_envelopes_are_not_written(void **state)
{
    Hotline__SealedFile file = HOTLINE__SEALED_FILE__INIT;
    struct err_note note = {""};
    struct buf out;
    (void)state;
    buf_init(&out);
    file.sender = (char *)(uintptr_t) "be-baken";
    file.n_envelopes = LIMIT_SEALED_ENVELOPES + 1;
    assert_int_equal(sealed_write(&file, &note, &out), ERR_LIMIT);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_written_file_is_read_back),
        cmocka_unit_test(sealed_cut_anywhere_is_refused),
        cmocka_unit_test(sealed_changed_anywhere_is_refused),
        cmocka_unit_test(sealed_other_version_is_named),
        cmocka_unit_test(sealed_over_the_limit_names_size_and_limit),
        cmocka_unit_test(sealed_too_many_envelopes_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
