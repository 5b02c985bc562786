/* picture: from any picture to the two that travel. Trusts nothing that a header says before it was held against a
 * limit. */
#include "node/picture.h"

#include "node/picture_inner.h"

/* ---- rasters ---- */

int picture_raster_init(struct picture_raster *raster, uint32_t width, uint32_t height)
{
    uint8_t *rgb = malloc((size_t)width * height * 3);
    if (rgb == NULL)
        return ERR_NOMEM;
    *raster = (struct picture_raster){.width = width, .height = height, .rgb = rgb};
    return OK;
}

void picture_raster_done(struct picture_raster *raster)
{
    free(raster->rgb);
    *raster = (struct picture_raster){0};
}

/* ---- upright ---- */

/* Where the pixel (x, y) of the turned picture stands in the one that came, of width w and height h. */
static void source_of(int orientation, uint32_t w, uint32_t h, uint32_t x, uint32_t y, uint32_t *ret_at)
{
    uint32_t sx = x, sy = y;
    if (orientation >= 5) { /* width and height change places */
        sx = y;
        sy = x;
    }
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (flip_x)
        sx = w - 1 - sx;
    if (flip_y)
        sy = h - 1 - sy;
    *ret_at = sy * w + sx;
}

static int turn(struct picture_raster *raster, int orientation)
{
    struct picture_raster turned;
    bool swaps = orientation >= 5;
    if (orientation <= 1)
        return OK;
    int result =
        picture_raster_init(&turned, swaps ? raster->height : raster->width, swaps ? raster->width : raster->height);
    if (result != OK)
        return result;
    uint8_t *to = turned.rgb;
    for (uint32_t y = 0; y < turned.height; y++) {
        for (uint32_t x = 0; x < turned.width; x++, to += 3) {
            uint32_t at;
            source_of(orientation, raster->width, raster->height, x, y, &at);
            memcpy(to, raster->rgb + (size_t)at * 3, 3);
        }
    }
    picture_raster_done(raster);
    *raster = turned;
    return OK;
}

/* ---- small enough ---- */

static int shrink(const struct picture_raster *from, uint32_t side, struct picture_raster *to)
{
    struct picture_scaler scaler;
    int result = picture_scaler_init(&scaler, from->width, from->height, side, to);
    for (uint32_t y = 0; result == OK && y < from->height; y++)
        picture_scaler_row(&scaler, from->rgb + (size_t)y * from->width * 3);
    picture_scaler_done(&scaler);
    return result;
}

static int encode_within(const struct picture_raster *raster, size_t limit, struct buf *out)
{
    static const int qualities[] = {88, 80, 70, 60, 50, 40, 30, 20};
    for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
        buf_clear(out);
        int result = picture_write_jpeg(raster, qualities[i], out);
        if (result != OK || out->len <= limit)
            return result;
    }
    return ERR_LIMIT;
}

/* Encodes it, smaller and smaller until it has no more bytes than it may. */
static int fit(const struct picture_raster *whole, uint32_t side, size_t limit, struct buf *out, uint32_t ret_size[2])
{
    int result = ERR_LIMIT;
    for (; result == ERR_LIMIT && side >= 16; side = side * 3 / 4) {
        struct picture_raster part = {0};
        result = shrink(whole, side, &part);
        if (result == OK)
            result = encode_within(&part, limit, out);
        ret_size[0] = part.width;
        ret_size[1] = part.height;
        picture_raster_done(&part);
    }
    return result;
}

/* ---- the way ---- */

void picture_init(struct picture *picture)
{
    picture->width = picture->height = 0;
    buf_init(&picture->photo);
    buf_init(&picture->thumbnail);
}

void picture_done(struct picture *picture)
{
    buf_free(&picture->photo);
    buf_free(&picture->thumbnail);
    picture_init(picture);
}

static bool begins(struct slice input, const char *magic, size_t len)
{
    return input.len >= len && memcmp(input.data, magic, len) == 0;
}

int picture_check_size(uint32_t width, uint32_t height, struct err_note *note)
{
    uint64_t pixels = (uint64_t)width * height;
    if (pixels == 0)
        return err_set(note, ERR_INVALID, "the picture is damaged: it has no pixels");
    if (pixels > LIMIT_PICTURE_PIXELS)
        return err_set(note, ERR_LIMIT, "the picture has %u x %u pixels; the limit is %d million", width, height,
                       LIMIT_PICTURE_PIXELS / 1000000);
    return OK;
}

static int decode(struct slice input, struct err_note *note, struct picture_raster *raster, int *ret_orientation)
{
    if (input.len > LIMIT_PICTURE_BYTES)
        return err_set(note, ERR_LIMIT, "the picture has %zu bytes; the limit is %d", input.len, LIMIT_PICTURE_BYTES);
    if (begins(input, "\xff\xd8\xff", 3))
        return picture_read_jpeg(input, PICTURE_LENIENT, note, raster, ret_orientation);
    if (begins(input, "\x89PNG\r\n\x1a\n", 8))
        return picture_read_png(input, note, raster, ret_orientation);
    return err_set(note, ERR_SYNTAX, "the picture is neither JPEG nor PNG");
}

int picture_make(struct slice input, struct err_note *note, struct picture *picture)
{
    struct picture_raster raster = {0};
    int orientation = 1;
    uint32_t size[2], small[2];
    int result = decode(input, note, &raster, &orientation);
    if (result == OK)
        result = turn(&raster, orientation);
    if (result == OK)
        result = fit(&raster, LIMIT_PHOTO_SIDE_PX, LIMIT_PHOTO_BYTES, &picture->photo, size);
    if (result == OK)
        result = fit(&raster, LIMIT_THUMBNAIL_SIDE_PX, LIMIT_THUMBNAIL_BYTES, &picture->thumbnail, small);
    picture_raster_done(&raster);
    if (result == ERR_NOMEM)
        return err_set(note, ERR_LIMIT, "the picture needs more than %d MiB to decode",
                       LIMIT_PICTURE_MEMORY_BYTES >> 20);
    if (result != OK)
        return result;
    picture->width = size[0];
    picture->height = size[1];
    return OK;
}
