/* picture: pictures that are unusual and right, as a printer's four colours, and those of others that are put together
 * wrongly: named, never shown. */
#include <stdio.h>

#include <jpeglib.h>

#include "fixture.h"
#include "picture_room.h"

/* ---- four colours ---- */

/* What an ink leaves of white paper: cyan takes red away, and so on. */
static void ink(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint8_t cmyk[4])
{
    bool left = x < width / 2, top = y < height / 2;
    memset(cmyk, 0, 4);
    if (left && top)
        cmyk[1] = cmyk[2] = 255; /* red */
    else if (top)
        cmyk[0] = cmyk[2] = 255; /* green */
    else if (left)
        cmyk[0] = cmyk[1] = 255; /* blue */
    else
        cmyk[3] = 255; /* black */
}

/* adobe: with Adobe's mark, whose colours are stored as what is left of the light. */
static struct buf four_colours(uint32_t width, uint32_t height, bool adobe)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long len = 0;
    uint8_t *row = malloc((size_t)width * 4);
    struct buf out;
    buf_init(&out);
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &bytes, &len);
    info.image_width = width;
    info.image_height = height;
    info.input_components = 4;
    info.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    info.write_Adobe_marker = adobe;
    jpeg_start_compress(&info, TRUE);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            ink(x, y, width, height, row + (size_t)x * 4);
            for (int c = 0; adobe && c < 4; c++)
                row[(size_t)x * 4 + (size_t)c] = (uint8_t)(255 - row[(size_t)x * 4 + (size_t)c]);
        }
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    buf_add(&out, bytes, len);
    free(bytes);
    free(row);
    return out;
}

static void check_colour(const struct picture_raster *raster, uint32_t x, uint32_t y, const int wanted[3])
{
    const uint8_t *at =
        raster->rgb + ((size_t)(y * raster->height / 100) * raster->width + x * raster->width / 100) * 3;
    for (int c = 0; c < 3; c++)
        if (abs(at[c] - wanted[c]) > 30)
            fail_msg("at %u %%, %u %%: %u %u %u", x, y, at[0], at[1], at[2]);
}

static void picture_of_four_printed_colours_looks_as_it_was_printed(void **state)
{
    static const int red[] = {255, 0, 0}, green[] = {0, 255, 0}, blue[] = {0, 0, 255}, black[] = {0, 0, 0};
    (void)state;
    for (int adobe = 0; adobe < 2; adobe++) {
        struct buf printed = four_colours(320, 240, adobe);
        struct picture picture;
        struct picture_raster raster = {0};
        struct err_note note = {""};
        int orientation;
        picture_init(&picture);
        if (picture_make(buf_slice(&printed), &note, &picture) != OK)
            fail_msg("adobe %d: %s", adobe, note.text);
        assert_int_equal(picture.width, 320);
        assert_error(picture_read_jpeg(buf_slice(&picture.photo), PICTURE_LENIENT, &note, &raster, &orientation), OK);
        check_colour(&raster, 25, 25, red);
        check_colour(&raster, 75, 25, green);
        check_colour(&raster, 25, 75, blue);
        check_colour(&raster, 75, 75, black);
        picture_raster_done(&raster);
        picture_done(&picture);
        buf_free(&printed);
    }
}

/* ---- put together wrongly ---- */

static void check_refused(const struct buf *photo, int expected, const char *text)
{
    struct err_note note = {""};
    uint32_t width = 0, height = 0;
    assert_error(picture_check(buf_slice(photo), &note, &width, &height), expected);
    assert_int_equal(width + height, 0);
    assert_note(&note, text);
}

/* Where the first segment of this marker begins. */
static size_t segment_at(const struct buf *jpeg, uint8_t marker)
{
    for (size_t at = 2; at + 3 < jpeg->len; at += 2 + ((size_t)jpeg->data[at + 2] << 8 | jpeg->data[at + 3])) {
        assert_int_equal(jpeg->data[at], 0xff);
        if (jpeg->data[at + 1] == marker)
            return at;
    }
    fail_msg("no segment %02X", marker);
    return 0;
}

/* The JPEG with these bytes put in before `at`. */
static void put_before(const struct buf *jpeg, size_t at, const void *bytes, size_t len, struct buf *out)
{
    buf_clear(out);
    buf_add(out, jpeg->data, at);
    buf_add(out, bytes, len);
    buf_add(out, jpeg->data + at, jpeg->len - at);
}

static void picture_check_refuses_frames_that_are_two_none_or_half(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48), odd;
    size_t frame = segment_at(&jpeg, 0xc0);
    (void)state;
    buf_init(&odd);
    put_before(&jpeg, frame, jpeg.data + frame, 2 + ((size_t)jpeg.data[frame + 2] << 8 | jpeg.data[frame + 3]), &odd);
    check_refused(&odd, ERR_INVALID, "it has two frames");
    put_before(&jpeg, frame, "\xff\xc0\x00\x04\x08\x00", 6, &odd);
    check_refused(&odd, ERR_INVALID, "or half a one");
    buf_clear(&odd);
    buf_add(&odd, "\xff\xd8\xff\xd9", 4);
    check_refused(&odd, ERR_INVALID, "it has no frame");
    for (size_t zero = 5; zero <= 7; zero += 2) { /* the bytes of height, and of width */
        buf_clear(&odd);
        buf_add_slice(&odd, buf_slice(&jpeg));
        memset(odd.data + frame + zero, 0, 2);
        check_refused(&odd, ERR_INVALID, "it has no pixels");
    }
    buf_free(&odd);
    odd = picture_room_jpeg(20, 1601);
    check_refused(&odd, ERR_LIMIT, "20 x 1601 pixels");
    buf_free(&odd);
    buf_free(&jpeg);
}

static void picture_check_refuses_a_head_that_carries_more(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48), odd;
    static const uint8_t thumbnail[] = {0xff, 0xe0, 0,  19, 'J', 'F', 'I', 'F', 0,   1,  1,
                                        0,    0,    72, 0,  72,  1,   1,   255, 255, 255};
    static const uint8_t other[] = {0xff, 0xe0, 0, 16, 'J', 'F', 'X', 'X', 0, 1, 1, 0, 0, 72, 0, 72, 0, 0};
    static const uint8_t right[] = {0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 72, 0, 72, 0, 0};
    struct err_note note = {""};
    uint32_t width, height;
    (void)state;
    buf_init(&odd);
    put_before(&jpeg, 2, thumbnail, sizeof thumbnail, &odd);
    check_refused(&odd, ERR_INVALID, "more than a picture (segment APP0)");
    put_before(&jpeg, 2, other, sizeof other, &odd);
    check_refused(&odd, ERR_INVALID, "more than a picture (segment APP0)");
    put_before(&jpeg, 2, right, sizeof right, &odd);
    check_refused(&odd, ERR_INVALID, "more than a picture (segment APP0)"); /* it has one already */
    put_before(&jpeg, segment_at(&jpeg, 0xc0), "\xff\xff\xff", 3, &odd);    /* filled up, as a camera may */
    assert_error(picture_check(buf_slice(&odd), &note, &width, &height), OK);
    assert_int_equal(width, 64);
    put_before(&jpeg, 2, "\xff\xdb\x00\x01", 4, &odd);
    check_refused(&odd, ERR_INVALID, "a segment has no end");
    put_before(&jpeg, 2, "\xff\xdb\xff\xff", 4, &odd);
    check_refused(&odd, ERR_INVALID, "a segment has no end");
    put_before(&jpeg, 2, "\xfe\xdb", 2, &odd);
    check_refused(&odd, ERR_SYNTAX, "no JPEG");
    put_before(&jpeg, segment_at(&jpeg, 0xc0), "\xfe\xdb", 2, &odd);
    check_refused(&odd, ERR_INVALID, "it has no end");
    buf_free(&odd);
    buf_free(&jpeg);
}

static void picture_check_of_more_bytes_than_a_photo_has_is_refused(void **state)
{
    struct err_note note = {""};
    uint32_t width, height;
    size_t len = LIMIT_BLOB_BYTES + 1;
    uint8_t *bytes = calloc(1, len);
    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, "\xff\xd8\xff", 3);
    assert_error(picture_check(slice_of(bytes, len), &note, &width, &height), ERR_LIMIT);
    assert_note(&note, "bytes; the limit is");
    free(bytes);
}

/* A mark that begins as EXIF does and is none turns nothing. */
static void picture_with_another_mark_in_the_place_of_exif_is_upright(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48), odd;
    static const uint8_t mark[] = {0xff, 0xe1, 0, 12, 'h', 't', 't', 'p', ':', '/', '/', 'x', 0, 6};
    static const uint8_t stub[] = {0xff, 0xe1, 0, 8, 'E', 'x', 'i', 'f', 0, 0};
    struct err_note note = {""};
    (void)state;
    buf_init(&odd);
    for (int i = 0; i < 2; i++) {
        struct picture_raster raster = {0};
        int orientation = 0;
        put_before(&jpeg, 2, i == 0 ? mark : stub, i == 0 ? sizeof mark : sizeof stub, &odd);
        assert_error(picture_read_jpeg(buf_slice(&odd), PICTURE_LENIENT, &note, &raster, &orientation), OK);
        assert_int_equal(orientation, 1);
        assert_int_equal(raster.width, 64);
        picture_raster_done(&raster);
    }
    buf_free(&odd);
    buf_free(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_of_four_printed_colours_looks_as_it_was_printed),
        cmocka_unit_test(picture_check_refuses_frames_that_are_two_none_or_half),
        cmocka_unit_test(picture_check_refuses_a_head_that_carries_more),
        cmocka_unit_test(picture_check_of_more_bytes_than_a_photo_has_is_refused),
        cmocka_unit_test(picture_with_another_mark_in_the_place_of_exif_is_upright),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
