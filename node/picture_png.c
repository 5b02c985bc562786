/* picture_png: libpng, reading only. Text, profiles and every other chunk that says more than pixels is skipped unread.
 */
#include <png.h>

#include "node/picture_inner.h"

#define SIDE_MAX 65535
/* Of one chunk that libpng would keep: EXIF is far smaller. */
#define CHUNK_MAX (256 * 1024)

struct reading {
    png_structp png;
    png_infop info;
    struct slice rest;
    struct err_note *note;
    int error;
    struct picture_scaler scaler;
    uint8_t *row, **rows; /* RGBA: one row; or all of an interlaced picture */
    uint8_t *whole;
    uint8_t *rgb;
    struct picture_raster *raster;
    uint32_t width, height;
    int orientation;
};

static void on_error(png_structp png, png_const_charp text)
{
    struct reading *reading = png_get_error_ptr(png);
    bool memory = strstr(text, "memory") != NULL;
    reading->error = memory ? ERR_NOMEM : err_set(reading->note, ERR_INVALID, "the picture is damaged: %s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep data, size_t len)
{
    struct reading *reading = png_get_io_ptr(png);
    if (len > reading->rest.len)
        png_error(png, "it ends too early");
    memcpy(data, reading->rest.data, len);
    reading->rest = slice_of(reading->rest.data + len, reading->rest.len - len);
}

static void leave(struct reading *reading, int error)
{
    reading->error = error;
    png_longjmp(reading->png, 1);
}

/* Compressed text and colour profiles are where bombs hide. */
static void skip_chunks(png_structp png)
{
    static const png_byte names[] = "iCCP\0tEXt\0zTXt\0iTXt\0sPLT\0hIST\0tIME\0pCAL\0sCAL\0oFFs";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, (int)(sizeof names / 5));
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_user_limits(png, SIDE_MAX, SIDE_MAX);
    png_set_chunk_cache_max(png, 64);
    png_set_chunk_malloc_max(png, CHUNK_MAX);
}

/* Whatever the file has becomes red, green, blue and how much of them. */
static void ask_for_rgba(png_structp png, png_infop info)
{
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void read_head(struct reading *reading)
{
    png_set_read_fn(reading->png, reading, on_read);
    skip_chunks(reading->png);
    png_read_info(reading->png, reading->info);
    reading->width = png_get_image_width(reading->png, reading->info);
    reading->height = png_get_image_height(reading->png, reading->info);
    png_uint_32 len = 0;
    png_bytep exif = NULL;
    reading->orientation = 1;
    if (png_get_eXIf_1(reading->png, reading->info, &len, &exif) != 0 && exif != NULL)
        reading->orientation = picture_orientation(slice_of(exif, len));
    ask_for_rgba(reading->png, reading->info);
    if (png_get_rowbytes(reading->png, reading->info) != (size_t)reading->width * 4)
        leave(reading, ERR_INTERNAL);
}

/* What shines through becomes white. */
static void give_row(struct reading *reading, const uint8_t *rgba)
{
    uint8_t *rgb = reading->rgb;
    for (uint32_t x = 0; x < reading->width; x++, rgba += 4, rgb += 3)
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)((rgba[c] * rgba[3] + 255 * (255 - rgba[3]) + 127) / 255);
    picture_scaler_row(&reading->scaler, reading->rgb);
}

static void read_interlaced(struct reading *reading)
{
    size_t row_bytes = (size_t)reading->width * 4;
    reading->whole = malloc(row_bytes * reading->height);
    reading->rows = malloc(reading->height * sizeof *reading->rows);
    if (reading->whole == NULL || reading->rows == NULL)
        leave(reading, ERR_NOMEM);
    for (uint32_t y = 0; y < reading->height; y++)
        reading->rows[y] = reading->whole + y * row_bytes;
    png_read_image(reading->png, reading->rows);
    for (uint32_t y = 0; y < reading->height; y++)
        give_row(reading, reading->rows[y]);
}

static void read_pixels(struct reading *reading)
{
    int result =
        picture_scaler_init(&reading->scaler, reading->width, reading->height, LIMIT_PHOTO_SIDE_PX, reading->raster);
    reading->row = malloc((size_t)reading->width * 4);
    reading->rgb = malloc((size_t)reading->width * 3);
    if (result != OK || reading->row == NULL || reading->rgb == NULL)
        leave(reading, ERR_NOMEM);
    if (png_get_interlace_type(reading->png, reading->info) != PNG_INTERLACE_NONE) {
        read_interlaced(reading);
        return;
    }
    for (uint32_t y = 0; y < reading->height; y++) {
        png_read_row(reading->png, reading->row, NULL);
        give_row(reading, reading->row);
    }
}

static void free_reading(struct reading *reading)
{
    png_destroy_read_struct(&reading->png, &reading->info, NULL);
    picture_scaler_done(&reading->scaler);
    free(reading->row);
    free(reading->rows);
    free(reading->whole);
    free(reading->rgb);
    free(reading);
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* IHDR is the first chunk, or libpng refuses the file: its size is judged before libpng sees a byte. */
static int check_head(struct slice input, struct err_note *note)
{
    if (input.len < 24)
        return err_set(note, ERR_INVALID, "the picture is damaged: it ends too early");
    return picture_check_size(big_endian(input.data + 16), big_endian(input.data + 20), note);
}

int picture_read_png(struct slice input, struct err_note *note, struct picture_raster *raster, int *ret_orientation)
{
    int result = check_head(input, note);
    if (result != OK)
        return result;
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return ERR_NOMEM;
    reading->rest = input;
    reading->note = note;
    reading->raster = raster;
    reading->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reading, on_error, on_warning);
    reading->info = reading->png ? png_create_info_struct(reading->png) : NULL;
    if (reading->info == NULL) {
        free_reading(reading);
        return ERR_NOMEM;
    }
    if (setjmp(png_jmpbuf(reading->png)) == 0) {
        read_head(reading);
        read_pixels(reading);
        *ret_orientation = reading->orientation;
    }
    result = reading->error;
    free_reading(reading);
    return result;
}
