/* drill_picture: a whole PNG, always the same, that the decoder takes, with ink where the word stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "node/drill_picture.h"
#include "node/picture.h"

static void drill_picture_is_taken_as_any_picture_and_always_the_same(void **state)
{
    (void)state;
    struct buf one, two;
    struct picture picture;
    struct err_note note = {""};
    buf_init(&one);
    buf_init(&two);
    drill_picture(&one);
    drill_picture(&two);
    assert_false(buf_broken(&one));
    assert_true(slice_equal(buf_slice(&one), buf_slice(&two)));
    picture_init(&picture);
    int error = picture_make(buf_slice(&one), &note, &picture);
    if (error != OK)
        fail_msg("%s", note.text);
    assert_int_equal(picture.width, DRILL_PICTURE_WIDTH);
    assert_int_equal(picture.height, DRILL_PICTURE_HEIGHT);
    picture_done(&picture);
    buf_free(&one);
    buf_free(&two);
}

static void drill_picture_has_its_word_inside_its_frame(void **state)
{
    (void)state;
    struct buf png;
    png_image image = {.version = PNG_IMAGE_VERSION};
    size_t ink = 0;
    buf_init(&png);
    drill_picture(&png);
    assert_true(png_image_begin_read_from_memory(&image, png.data, png.len));
    image.format = PNG_FORMAT_GRAY;
    uint8_t *dots = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(dots);
    assert_true(png_image_finish_read(&image, NULL, dots, 0, NULL));
    for (size_t y = 60; y < 102; y++) /* the first of three lines of letters */
        for (size_t x = 48; x < DRILL_PICTURE_WIDTH - 48; x++)
            ink += dots[y * DRILL_PICTURE_WIDTH + x] == 0;
    assert_in_range(ink, 3000, 9000);
    assert_int_not_equal(dots[0], dots[8]); /* hatched */
    free(dots);
    buf_free(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drill_picture_is_taken_as_any_picture_and_always_the_same),
        cmocka_unit_test(drill_picture_has_its_word_inside_its_frame),
    };
    return cmocka_run_group_tests_name("drill_picture", tests, NULL, NULL);
}
