/* fuzz_picture: a picture as a person hands it in, decoded and encoded anew; here without the process that confines it.
 */
#include "fuzz.h"
#include "node/picture.h"
#include "node/picture_inner.h"

/* A header may promise 50 million pixels for a few bytes: what a fuzzer can afford is less. */
#define PIXELS_MAX (512u * 1024)

static bool is_affordable(struct slice input)
{
    if (input.len >= 24 && memcmp(input.data, "\x89PNG", 4) == 0) {
        uint64_t width = (uint64_t)input.data[16] << 24 | (uint64_t)input.data[17] << 16 |
            (uint64_t)input.data[18] << 8 | input.data[19];
        uint64_t height = (uint64_t)input.data[20] << 24 | (uint64_t)input.data[21] << 16 |
            (uint64_t)input.data[22] << 8 | input.data[23];
        return width > 65535 || height > 65535 || width * height <= PIXELS_MAX;
    }
    for (size_t i = 0; i + 8 < input.len; i++) {
        bool frame = input.data[i] == 0xff && input.data[i + 1] >= 0xc0 && input.data[i + 1] <= 0xcf;
        uint64_t height = (uint64_t)input.data[i + 5] << 8 | input.data[i + 6];
        uint64_t width = (uint64_t)input.data[i + 7] << 8 | input.data[i + 8];
        if (frame && width * height > PIXELS_MAX)
            return false;
    }
    return true;
}

/* Another member's photo, shown as it came when it passes. */
static bool passes(struct slice photo)
{
    struct err_note note = {""};
    uint32_t width = 0, height = 0;
    if (picture_check(photo, &note, &width, &height) != OK) {
        fuzz_check_note(&note);
        return false;
    }
    CHECK(width >= 1 && width <= LIMIT_PHOTO_SIDE_PX && height >= 1 && height <= LIMIT_PHOTO_SIDE_PX);
    CHECK(photo.len <= LIMIT_PHOTO_BYTES);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct err_note note = {""};
    struct picture picture, again;
    fuzz_begin();
    int orientation = picture_orientation(input);
    CHECK(orientation >= 1 && orientation <= 8);
    if (!is_affordable(input))
        return 0;
    (void)passes(input);
    picture_init(&picture);
    if (picture_make(input, &note, &picture) == OK) {
        CHECK(picture.width >= 1 && picture.width <= LIMIT_PHOTO_SIDE_PX);
        CHECK(picture.height >= 1 && picture.height <= LIMIT_PHOTO_SIDE_PX);
        CHECK(picture.photo.len <= LIMIT_PHOTO_BYTES && picture.thumbnail.len <= LIMIT_THUMBNAIL_BYTES);
        CHECK(passes(buf_slice(&picture.photo)) && passes(buf_slice(&picture.thumbnail))); /* ours pass elsewhere */
        picture_init(&again);
        CHECK(picture_make(buf_slice(&picture.thumbnail), &note, &again) == OK);
        picture_done(&again);
    } else {
        fuzz_check_note(&note);
    }
    picture_done(&picture);
    return 0;
}
