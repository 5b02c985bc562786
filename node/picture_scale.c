/* picture_scale: an area average, row by row, so that a picture of 50 megapixels never stands in memory whole. And
 * EXIF's one number. */
#include "node/picture_inner.h"

static uint32_t scaled(uint32_t length, uint32_t longest, uint32_t side)
{
    if (longest <= side)
        return length;
    uint32_t size = (uint32_t)(((uint64_t)length * side + longest / 2) / longest);
    return size > 0 ? size : 1;
}

int picture_scaler_init(struct picture_scaler *scaler, uint32_t width, uint32_t height, uint32_t side,
                        struct picture_raster *raster)
{
    uint32_t longest = width > height ? width : height;
    *scaler = (struct picture_scaler){.width = width, .height = height, .raster = raster};
    int result = picture_raster_init(raster, scaled(width, longest, side), scaled(height, longest, side));
    if (result != OK)
        return result;
    scaler->line = calloc((size_t)raster->width * 3, sizeof *scaler->line);
    scaler->sum = calloc((size_t)raster->width * 3, sizeof *scaler->sum);
    return scaler->line && scaler->sum ? OK : ERR_NOMEM;
}

void picture_scaler_done(struct picture_scaler *scaler)
{
    free(scaler->line);
    free(scaler->sum);
    scaler->line = scaler->sum = NULL;
}

/* The row, narrower: each pixel gives to the one or two that it lies over. */
static void narrow(struct picture_scaler *scaler, const uint8_t *rgb)
{
    uint32_t out = scaler->raster->width;
    double step = (double)out / scaler->width;
    float *line = scaler->line;
    memset(line, 0, (size_t)out * 3 * sizeof *line);
    for (uint32_t x = 0; x < scaler->width; x++, rgb += 3) {
        double from = x * step, to = from + step;
        uint32_t i = (uint32_t)from < out ? (uint32_t)from : out - 1;
        float rest = i + 1 < out && to > i + 1 ? (float)(to - (i + 1)) : 0, own = (float)step - rest;
        for (int c = 0; c < 3; c++) {
            line[i * 3 + (uint32_t)c] += own * rgb[c];
            if (rest > 0)
                line[i * 3 + 3 + (uint32_t)c] += rest * rgb[c];
        }
    }
}

static void flush(struct picture_scaler *scaler)
{
    size_t count = (size_t)scaler->raster->width * 3;
    uint8_t *to = scaler->raster->rgb + scaler->out_row * count;
    for (size_t i = 0; i < count; i++) {
        float value = scaler->sum[i] + 0.5f;
        to[i] = value >= 255 ? 255 : value <= 0 ? 0 : (uint8_t)value;
        scaler->sum[i] = 0;
    }
    scaler->out_row++;
}

static void add(struct picture_scaler *scaler, float weight)
{
    size_t count = (size_t)scaler->raster->width * 3;
    for (size_t i = 0; i < count; i++)
        scaler->sum[i] += weight * scaler->line[i];
}

void picture_scaler_row(struct picture_scaler *scaler, const uint8_t *rgb)
{
    uint32_t out = scaler->raster->height;
    double step = (double)out / scaler->height, from = scaler->row * step, to = from + step;
    CHECK(scaler->row < scaler->height);
    narrow(scaler, rgb);
    scaler->row++;
    bool last = scaler->row == scaler->height;
    double edge = scaler->out_row + 1.0;
    double rest = to > edge && scaler->out_row + 1 < out ? to - edge : 0;
    add(scaler, (float)(step - rest));
    if (last || to >= edge - 1e-9)
        flush(scaler);
    if (rest > 1e-9 && !last)
        add(scaler, (float)rest);
}

/* ---- EXIF ---- */

static uint32_t number(struct slice tiff, size_t at, int bytes, bool little)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)tiff.data[at + (size_t)i] << (8 * (little ? i : bytes - 1 - i));
    return value;
}

int picture_orientation(struct slice tiff)
{
    if (tiff.len < 14 || (memcmp(tiff.data, "II*\0", 4) != 0 && memcmp(tiff.data, "MM\0*", 4) != 0))
        return 1;
    bool little = tiff.data[0] == 'I';
    size_t at = number(tiff, 4, 4, little);
    if (at > tiff.len - 2)
        return 1;
    size_t count = number(tiff, at, 2, little);
    for (at += 2; count > 0 && at + 12 <= tiff.len; count--, at += 12) {
        if (number(tiff, at, 2, little) != 0x0112)
            continue;
        uint32_t value = number(tiff, at + 8, 2, little);
        return number(tiff, at + 2, 2, little) == 3 && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
