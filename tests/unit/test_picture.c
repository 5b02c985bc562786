/* picture: what comes out is small, upright and silent; what is no picture, or too much of one, is refused by name and
 * soon. */
#include "fixture.h"
#include "picture_room.h"
#include "proto/clock.h"

static bool holds(const struct buf *bytes, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= bytes->len; i++)
        if (memcmp(bytes->data + i, text, len) == 0)
            return true;
    return false;
}

/* Decodes what came out and gives the colour around a point, in hundredths of width and height. */
static void colour_at(const struct buf *jpeg, uint32_t x, uint32_t y, uint8_t rgb[3])
{
    struct picture_raster raster = {0};
    struct err_note note = {""};
    int orientation = 0;
    assert_error(picture_read_jpeg(buf_slice(jpeg), PICTURE_LENIENT, &note, &raster, &orientation), OK);
    assert_int_equal(orientation, 1);
    memcpy(rgb, raster.rgb + ((size_t)(y * raster.height / 100) * raster.width + x * raster.width / 100) * 3, 3);
    picture_raster_done(&raster);
}

static void check_made(const struct picture *picture)
{
    assert_in_range(picture->width, 1, LIMIT_PHOTO_SIDE_PX);
    assert_in_range(picture->height, 1, LIMIT_PHOTO_SIDE_PX);
    assert_in_range(picture->photo.len, 100, LIMIT_PHOTO_BYTES);
    assert_in_range(picture->thumbnail.len, 100, LIMIT_THUMBNAIL_BYTES);
    assert_memory_equal(picture->photo.data, "\xff\xd8\xff", 3);
    assert_memory_equal(picture->thumbnail.data, "\xff\xd8\xff", 3);
}

static void check_corners(const struct buf *jpeg)
{
    uint8_t rgb[3];
    colour_at(jpeg, 20, 20, rgb);
    assert_true(rgb[0] > 180 && rgb[1] < 90 && rgb[2] < 90);
    colour_at(jpeg, 80, 20, rgb);
    assert_true(rgb[1] > 180 && rgb[0] < 110 && rgb[2] < 90);
    colour_at(jpeg, 20, 80, rgb);
    assert_true(rgb[2] > 180 && rgb[0] < 90 && rgb[1] < 110);
}

static void made_from(struct slice input, struct picture *picture)
{
    struct err_note note = {""};
    picture_init(picture);
    int error = picture_make(input, &note, picture);
    if (error != OK)
        fail_msg("%s: %s", err_name(error), note.text);
    check_made(picture);
}

/* Refused with this error, a note with this text in it, and within a second. */
static void refused(struct slice input, int expected, const char *text)
{
    struct picture picture;
    struct err_note note = {""};
    picture_init(&picture);
    int64_t before_us = clock_steady_us();
    assert_error(picture_make(input, &note, &picture), expected);
    assert_in_range(clock_steady_us() - before_us, 0, CLOCK_SECOND_US);
    if (strstr(note.text, text) == NULL)
        fail_msg("the note says \"%s\", not \"%s\"", note.text, text);
    picture_done(&picture);
}

static void picture_jpeg_of_any_size_becomes_a_photo_and_a_thumbnail(void **state)
{
    static const uint32_t sizes[][4] = {
        {8, 8, 8, 8},         {1600, 1200, 1600, 1200}, {3200, 1600, 1600, 800}, {1000, 4000, 400, 1600},
        {1601, 17, 1600, 17}, {4000, 1, 1600, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf jpeg = picture_room_jpeg(sizes[i][0], sizes[i][1]);
        struct picture picture;
        made_from(buf_slice(&jpeg), &picture);
        assert_int_equal(picture.width, sizes[i][2]);
        assert_int_equal(picture.height, sizes[i][3]);
        picture_done(&picture);
        buf_free(&jpeg);
    }
}

static void picture_looks_as_it_did_after_all_that(void **state)
{
    struct buf jpeg = picture_room_jpeg(2400, 1800), png = picture_room_png(700, 300, false);
    struct picture picture;
    (void)state;
    made_from(buf_slice(&jpeg), &picture);
    check_corners(&picture.photo);
    check_corners(&picture.thumbnail);
    picture_done(&picture);
    made_from(buf_slice(&png), &picture);
    check_corners(&picture.photo);
    check_corners(&picture.thumbnail);
    picture_done(&picture);
    buf_free(&jpeg);
    buf_free(&png);
}

/* Where a camera held so puts the upright picture's pixel (x, y): EXIF 2.32, 4.6.4, by the picture's own words. */
static void turned_source(int orientation, uint32_t w, uint32_t h, uint32_t x, uint32_t y, uint32_t *sx, uint32_t *sy)
{
    switch (orientation) {
    case 2:
        *sx = w - 1 - x;
        *sy = y;
        break; /* row 0 top, column 0 right */
    case 3:
        *sx = w - 1 - x;
        *sy = h - 1 - y;
        break; /* bottom, right */
    case 4:
        *sx = x;
        *sy = h - 1 - y;
        break; /* bottom, left */
    case 5:
        *sx = y;
        *sy = x;
        break; /* left, top */
    case 6:
        *sx = y;
        *sy = w - 1 - x;
        break; /* right, top */
    case 7:
        *sx = h - 1 - y;
        *sy = w - 1 - x;
        break; /* right, bottom */
    case 8:
        *sx = h - 1 - y;
        *sy = x;
        break; /* left, bottom */
    default:
        *sx = x;
        *sy = y;
        break;
    }
}

static void picture_of_every_orientation_comes_out_upright(void **state)
{
    const uint32_t w = 640, h = 480;
    (void)state;
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        struct picture_raster upright, stored;
        struct buf jpeg, tagged;
        struct picture picture;
        bool swaps = orientation >= 5;
        buf_init(&jpeg);
        picture_room_raster(&upright, w, h);
        assert_int_equal(picture_raster_init(&stored, swaps ? h : w, swaps ? w : h), OK);
        for (uint32_t y = 0; y < h; y++)
            for (uint32_t x = 0; x < w; x++) {
                uint32_t sx, sy;
                turned_source(orientation, w, h, x, y, &sx, &sy);
                memcpy(stored.rgb + ((size_t)sy * stored.width + sx) * 3, upright.rgb + ((size_t)y * w + x) * 3, 3);
            }
        assert_int_equal(picture_write_jpeg(&stored, 90, &jpeg), OK);
        tagged = picture_room_exif(&jpeg, orientation, "GPS 50.8503 N canary");
        made_from(buf_slice(&tagged), &picture);
        assert_int_equal(picture.width, w);
        assert_int_equal(picture.height, h);
        check_corners(&picture.photo);
        check_corners(&picture.thumbnail);
        picture_done(&picture);
        picture_raster_done(&upright);
        picture_raster_done(&stored);
        buf_free(&jpeg);
        buf_free(&tagged);
    }
}

static void picture_says_nothing_but_its_pixels(void **state)
{
    struct buf jpeg = picture_room_jpeg(300, 200), tagged = picture_room_exif(&jpeg, 1, "GPS 50.8503 N canary"),
               png = picture_room_png(60, 40, false);
    struct picture picture;
    (void)state;
    buf_add_text(&tagged, "PK\3\4<script>canary</script>"); /* a second file behind the end */
    assert_true(holds(&tagged, "canary") && holds(&png, "canary"));
    made_from(buf_slice(&tagged), &picture);
    assert_false(holds(&picture.photo, "canary") || holds(&picture.thumbnail, "canary"));
    assert_false(holds(&picture.photo, "Exif") || holds(&picture.photo, "script"));
    picture_done(&picture);
    buf_add_text(&png, "PK\3\4canary");
    made_from(buf_slice(&png), &picture);
    assert_false(holds(&picture.photo, "canary") || holds(&picture.thumbnail, "canary"));
    picture_done(&picture);
    buf_free(&jpeg);
    buf_free(&tagged);
    buf_free(&png);
}

static void picture_shines_through_to_white(void **state)
{
    struct buf png = picture_room_png(64, 64, true);
    struct picture picture;
    uint8_t rgb[3];
    (void)state;
    made_from(buf_slice(&png), &picture);
    colour_at(&picture.photo, 20, 20, rgb);
    assert_true(rgb[0] > 250 && rgb[1] > 250 && rgb[2] > 250);
    picture_done(&picture);
    buf_free(&png);
}

/* The worst that a sensor can make: every pixel another. */
static void picture_of_noise_is_brought_under_the_limits(void **state)
{
    struct picture_raster raster;
    struct buf jpeg;
    struct picture picture;
    uint32_t seed = 7;
    (void)state;
    buf_init(&jpeg);
    assert_int_equal(picture_raster_init(&raster, 1600, 1600), OK);
    for (size_t i = 0; i < 1600u * 1600u * 3; i++)
        raster.rgb[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    assert_int_equal(picture_write_jpeg(&raster, 95, &jpeg), OK);
    made_from(buf_slice(&jpeg), &picture);
    picture_done(&picture);
    picture_raster_done(&raster);
    buf_free(&jpeg);
}

static void picture_that_is_none_is_refused(void **state)
{
    (void)state;
    refused(slice_text("GIF89a\1\0\1\0"), ERR_SYNTAX, "neither JPEG nor PNG");
    refused(slice_text("<svg xmlns='http://www.w3.org/2000/svg'/>"), ERR_SYNTAX, "neither JPEG nor PNG");
    refused(slice_text("RIFF\x10\0\0\0WEBPVP8 "), ERR_SYNTAX, "neither JPEG nor PNG");
    refused(slice_of("", 0), ERR_SYNTAX, "neither JPEG nor PNG");
    refused(slice_of("\xff\xd8\xff", 3), ERR_INVALID, "damaged");
    refused(slice_of("\x89PNG\r\n\x1a\n", 8), ERR_INVALID, "damaged");
}

static void picture_of_random_bytes_behind_a_magic_is_refused(void **state)
{
    uint8_t bytes[5000];
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct picture picture;
        struct err_note note = {""};
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        memcpy(bytes, round % 2 ? "\xff\xd8\xff\xe0" : "\x89PNG\r\n\x1a\n", round % 2 ? 4 : 8);
        picture_init(&picture);
        int error = picture_make(slice_of(bytes, sizeof bytes), &note, &picture);
        assert_true(error == ERR_INVALID || error == ERR_LIMIT);
        assert_true(note.text[0] != '\0');
        picture_done(&picture);
    }
}

static void picture_cut_at_every_place_is_refused(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48), png = picture_room_png(16, 12, false);
    (void)state;
    for (size_t len = 3; len + 2 < jpeg.len; len += 3)
        refused(slice_of(jpeg.data, len), ERR_INVALID, "damaged");
    for (size_t len = 8; len + 16 < png.len; len += 3)
        refused(slice_of(png.data, len), ERR_INVALID, "damaged");
    buf_free(&jpeg);
    buf_free(&png);
}

/* The frame header of the JPEG: FF C0, length, precision, height, width. */
static void forge_jpeg_size(struct buf *jpeg, uint16_t width, uint16_t height)
{
    for (size_t i = 0; i + 9 < jpeg->len; i++) {
        if (jpeg->data[i] != 0xff || jpeg->data[i + 1] != 0xc0)
            continue;
        jpeg->data[i + 5] = (uint8_t)(height >> 8);
        jpeg->data[i + 6] = (uint8_t)height;
        jpeg->data[i + 7] = (uint8_t)(width >> 8);
        jpeg->data[i + 8] = (uint8_t)width;
        return;
    }
    fail_msg("no frame header");
}

static void picture_of_a_forged_size_is_refused(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48), png;
    (void)state;
    forge_jpeg_size(&jpeg, 65000, 65000);
    refused(buf_slice(&jpeg), ERR_LIMIT, "65000 x 65000 pixels; the limit is 50 million");
    forge_jpeg_size(&jpeg, 7000, 7000);
    refused(buf_slice(&jpeg), ERR_INVALID, "damaged");
    forge_jpeg_size(&jpeg, 0, 48);
    refused(buf_slice(&jpeg), ERR_INVALID, "damaged");
    buf_init(&png);
    picture_room_png_head(&png, 8000, 8000, 2, 0);
    refused(buf_slice(&png), ERR_LIMIT, "8000 x 8000 pixels; the limit is 50 million");
    buf_clear(&png);
    picture_room_png_head(&png, 1000000, 1000000, 2, 0);
    refused(buf_slice(&png), ERR_LIMIT, "1000000 x 1000000 pixels");
    buf_clear(&png);
    picture_room_png_head(&png, 7000, 7000, 2, 1);
    picture_room_chunk(&png, "IDAT", slice_of("\x78\x01\x01\x00\x00\xff\xff", 7));
    refused(buf_slice(&png), ERR_INVALID, "damaged");
    buf_free(&jpeg);
    buf_free(&png);
}

/* A progressive frame whose one scan comes again and again: a kilobyte a hundred times. */
static void picture_of_too_many_scans_is_refused(void **state)
{
    static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0};
    static const uint8_t frame[] = {0xff, 0xc2, 0, 11, 8, 1, 0, 1, 0, 1, 1, 0x11, 0};
    static const uint8_t table[] = {0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0x00};
    struct buf jpeg;
    (void)state;
    buf_init(&jpeg);
    buf_add(&jpeg, head, sizeof head);
    for (int i = 0; i < 64; i++)
        buf_add_u8(&jpeg, 1);
    buf_add(&jpeg, frame, sizeof frame);
    buf_add(&jpeg, table, sizeof table);
    for (int i = 0; i < 300; i++) {
        buf_add(&jpeg, scan, sizeof scan);
        for (int b = 0; b < 32 * 32 / 8; b++)
            buf_add_u8(&jpeg, 0);
    }
    buf_add(&jpeg, "\xff\xd9", 2);
    refused(buf_slice(&jpeg), ERR_LIMIT, "more than 100 scans");
    buf_free(&jpeg);
}

/* ---- photos of others ---- */

static void check_refused(struct slice photo, int expected, const char *text)
{
    struct err_note note = {""};
    uint32_t width = 0, height = 0;
    assert_error(picture_check(photo, &note, &width, &height), expected);
    assert_int_equal(width + height, 0);
    if (strstr(note.text, text) == NULL)
        fail_msg("the note says \"%s\", not \"%s\"", note.text, text);
}

static void picture_check_takes_what_picture_make_made(void **state)
{
    static const uint32_t sizes[][2] = {{8, 8}, {1600, 1200}, {1000, 4000}, {333, 777}, {4000, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf jpeg = picture_room_jpeg(sizes[i][0], sizes[i][1]);
        struct picture picture;
        struct err_note note = {""};
        uint32_t width, height;
        made_from(buf_slice(&jpeg), &picture);
        if (picture_check(buf_slice(&picture.photo), &note, &width, &height) != OK)
            fail_msg("%u x %u: %s", sizes[i][0], sizes[i][1], note.text);
        assert_int_equal(width, picture.width);
        assert_int_equal(height, picture.height);
        picture_done(&picture);
        buf_free(&jpeg);
    }
}

static void with_segment(const struct buf *jpeg, uint8_t marker, const char *text, struct buf *out)
{
    size_t len = strlen(text) + 2;
    buf_init(out);
    buf_add(out, jpeg->data, 2);
    buf_add(out, (const uint8_t[]){0xff, marker, (uint8_t)(len >> 8), (uint8_t)len}, 4);
    buf_add_text(out, text);
    buf_add(out, jpeg->data + 2, jpeg->len - 2);
}

static void picture_check_refuses_what_is_more_than_a_picture(void **state)
{
    struct buf jpeg = picture_room_jpeg(120, 80), more;
    (void)state;
    for (int marker = 0xe0; marker <= 0xfe; marker++) {
        with_segment(&jpeg, (uint8_t)marker, "<script>", &more);
        check_refused(buf_slice(&more), ERR_INVALID, "more than a picture");
        buf_free(&more);
    }
    buf_init(&more);
    buf_add_slice(&more, buf_slice(&jpeg));
    buf_add_text(&more, "<html>");
    check_refused(buf_slice(&more), ERR_INVALID, "6 bytes behind its end");
    buf_clear(&more); /* between the last row and the end, where a decoder looks no more */
    buf_add(&more, jpeg.data, jpeg.len - 2);
    buf_add_text(&more, "<html><script>alert(1)</script>");
    buf_add(&more, "\xff\xd9", 2);
    check_refused(buf_slice(&more), ERR_INVALID, "damaged");
    buf_clear(&more); /* twice */
    buf_add_slice(&more, buf_slice(&jpeg));
    buf_add_slice(&more, buf_slice(&jpeg));
    check_refused(buf_slice(&more), ERR_INVALID, "behind its end");
    check_refused(slice_text("\x89PNG\r\n\x1a\n"), ERR_SYNTAX, "no JPEG");
    check_refused(slice_of(NULL, 0), ERR_SYNTAX, "no JPEG");
    buf_free(&more);
    more = picture_room_jpeg(1601, 20);
    check_refused(buf_slice(&more), ERR_LIMIT, "1601 x 20 pixels; the limit of a side is 1600");
    buf_free(&more);
    buf_free(&jpeg);
}

static void picture_check_refuses_a_photo_cut_anywhere(void **state)
{
    struct buf jpeg = picture_room_jpeg(64, 48);
    struct err_note note = {""};
    uint32_t width, height;
    (void)state;
    for (size_t len = 0; len < jpeg.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees a step over the end */
        memcpy(exact, jpeg.data, len);
        assert_int_not_equal(picture_check(slice_of(exact, len), &note, &width, &height), OK);
        free(exact);
    }
    buf_free(&jpeg);
}

static void picture_over_the_limit_of_bytes_is_refused(void **state)
{
    uint8_t *bytes = calloc(1, LIMIT_PICTURE_BYTES + 1);
    (void)state;
    refused(slice_of(bytes, LIMIT_PICTURE_BYTES + 1), ERR_LIMIT, "the limit is 20971520");
    free(bytes);
}

static void picture_orientation_that_makes_no_sense_is_upright(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int expected;
    } rows[] = {
        {"", 0, 1},
        {"II*\0\xff\xff\xff\xff\0\0\0\0\0\0", 14, 1},
        {"II*\0\x08\0\0\0\xff\xff\x12\1\3\0", 14, 1},
        {"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 6},
        {"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0", 22, 6},
        {"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0", 22, 1},
        {"II*\0\x08\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0\0\0", 22, 1},
        {"XX*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 22, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(picture_orientation(slice_of(rows[i].bytes, rows[i].len)), rows[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_jpeg_of_any_size_becomes_a_photo_and_a_thumbnail),
        cmocka_unit_test(picture_looks_as_it_did_after_all_that),
        cmocka_unit_test(picture_of_every_orientation_comes_out_upright),
        cmocka_unit_test(picture_says_nothing_but_its_pixels),
        cmocka_unit_test(picture_shines_through_to_white),
        cmocka_unit_test(picture_of_noise_is_brought_under_the_limits),
        cmocka_unit_test(picture_that_is_none_is_refused),
        cmocka_unit_test(picture_of_random_bytes_behind_a_magic_is_refused),
        cmocka_unit_test(picture_cut_at_every_place_is_refused),
        cmocka_unit_test(picture_of_a_forged_size_is_refused),
        cmocka_unit_test(picture_of_too_many_scans_is_refused),
        cmocka_unit_test(picture_check_takes_what_picture_make_made),
        cmocka_unit_test(picture_check_refuses_what_is_more_than_a_picture),
        cmocka_unit_test(picture_check_refuses_a_photo_cut_anywhere),
        cmocka_unit_test(picture_over_the_limit_of_bytes_is_refused),
        cmocka_unit_test(picture_orientation_that_makes_no_sense_is_upright),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
