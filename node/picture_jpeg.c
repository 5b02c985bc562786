/* picture_jpeg: libjpeg both ways. Its errors come back as a jump, so all that must be freed stands in a struct of the
 * caller. */
#include <setjmp.h>

#include <jpeglib.h>

/* The codes alone: the macros of jerror.h use what is banned here. */
enum jpeg_code {
#define JERROR_H
#define JMESSAGE(code, string) code,
#include <jerror.h>
    JPEG_CODE_COUNT
};

#include "node/picture_inner.h"

struct jumping {
    struct jpeg_error_mgr manager; /* first: what libjpeg has a pointer to */
    jmp_buf out;
    struct err_note *note;
    enum picture_care care;
    int error;
};

static void leave(struct jumping *jumping, int error)
{
    jumping->error = error;
    longjmp(jumping->out, 1);
}

static void on_error(j_common_ptr info)
{
    struct jumping *jumping = (struct jumping *)(void *)info->err;
    char text[JMSG_LENGTH_MAX];
    if (info->err->msg_code == JERR_OUT_OF_MEMORY)
        leave(jumping, ERR_NOMEM);
    info->err->format_message(info, text);
    leave(jumping, err_set(jumping->note, ERR_INVALID, "the picture is damaged: %s", text));
}

/* What libjpeg only warns of, and paints grey, is a picture that was cut: refused. Strictly, so is all that it warns
 * of.
 */
static void on_message(j_common_ptr info, int level)
{
    const struct jumping *jumping = (const struct jumping *)(const void *)info->err;
    bool cut = info->err->msg_code == JWRN_JPEG_EOF || info->err->msg_code == JWRN_HIT_MARKER;
    if (level < 0 && (cut || jumping->care == PICTURE_STRICT))
        on_error(info);
}

/* A progressive picture of thousands of scans costs hours for some kilobytes. */
static void on_progress(j_common_ptr info)
{
    const struct jpeg_decompress_struct *reader = (const struct jpeg_decompress_struct *)(void *)info;
    struct jumping *jumping = (struct jumping *)(void *)info->err;
    if (reader->input_scan_number > LIMIT_PICTURE_SCANS)
        leave(jumping, err_set(jumping->note, ERR_LIMIT, "the picture has more than %d scans", LIMIT_PICTURE_SCANS));
}

static void init_errors(struct jumping *jumping, struct err_note *note)
{
    memset(jumping, 0, sizeof *jumping);
    jpeg_std_error(&jumping->manager);
    jumping->manager.error_exit = on_error;
    jumping->manager.emit_message = on_message;
    jumping->note = note;
}

/* ---- reading ---- */

struct reading {
    struct jpeg_decompress_struct info;
    struct jpeg_progress_mgr progress;
    struct jumping errors;
    struct picture_scaler scaler;
    uint8_t *row, *rgb; /* as decoded; as red, green, blue when that is another */
    struct picture_raster *raster;
    int orientation;
};

static int orientation_of(const struct jpeg_decompress_struct *info)
{
    for (const struct jpeg_marker_struct *marker = info->marker_list; marker != NULL; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > 6 && memcmp(marker->data, "Exif\0", 6) == 0)
            return picture_orientation(slice_of(marker->data + 6, marker->data_length - 6));
    return 1;
}

/* Adobe's CMYK is stored inverted: what is there is what light is left. */
static void from_cmyk(const uint8_t *cmyk, bool inverted, uint32_t width, uint8_t *rgb)
{
    for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        uint32_t black = inverted ? cmyk[3] : 255u - cmyk[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)((inverted ? cmyk[c] : 255u - cmyk[c]) * black / 255);
    }
}

/* The smallest of libjpeg's own reductions that leaves as many pixels as are wanted. */
static void choose_scale(struct jpeg_decompress_struct *info)
{
    JDIMENSION longest = info->image_width > info->image_height ? info->image_width : info->image_height;
    info->scale_denom = 8;
    for (info->scale_num = 1; info->scale_num < 8 && (uint64_t)longest * info->scale_num / 8 < LIMIT_PHOTO_SIDE_PX;)
        info->scale_num++;
}

static int begin(struct reading *reading, struct slice input)
{
    struct jpeg_decompress_struct *info = &reading->info;
    jpeg_create_decompress(info);
    reading->progress.progress_monitor = on_progress;
    info->progress = &reading->progress;
    jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
    jpeg_mem_src(info, input.data, (unsigned long)input.len);
    jpeg_read_header(info, TRUE);
    int result = picture_check_size(info->image_width, info->image_height, reading->errors.note);
    if (result != OK)
        return result;
    reading->orientation = orientation_of(info);
    bool cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    choose_scale(info);
    jpeg_start_decompress(info);
    size_t width = info->output_width;
    reading->row = malloc(width * (size_t)info->output_components);
    reading->rgb = cmyk ? malloc(width * 3) : NULL;
    if (reading->row == NULL || (cmyk && reading->rgb == NULL))
        return ERR_NOMEM;
    return picture_scaler_init(&reading->scaler, info->output_width, info->output_height, LIMIT_PHOTO_SIDE_PX,
                               reading->raster);
}

static void read_rows(struct reading *reading)
{
    struct jpeg_decompress_struct *info = &reading->info;
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = reading->row;
        if (jpeg_read_scanlines(info, &row, 1) != 1)
            leave(&reading->errors,
                  err_set(reading->errors.note, ERR_INVALID, "the picture is damaged: a row is missing"));
        if (reading->rgb != NULL)
            from_cmyk(reading->row, info->saw_Adobe_marker, info->output_width, reading->rgb);
        picture_scaler_row(&reading->scaler, reading->rgb != NULL ? reading->rgb : reading->row);
    }
    if (reading->errors.care == PICTURE_STRICT)
        jpeg_finish_decompress(info); /* says what lies between the last row and the end */
}

int picture_read_jpeg(struct slice input, enum picture_care care, struct err_note *note, struct picture_raster *raster,
                      int *ret_orientation)
{
    struct reading *reading = calloc(1, sizeof *reading);
    volatile int result = OK;
    if (reading == NULL)
        return ERR_NOMEM;
    reading->raster = raster;
    init_errors(&reading->errors, note);
    reading->errors.care = care;
    reading->info.err = &reading->errors.manager;
    if (setjmp(reading->errors.out) == 0) {
        result = begin(reading, input);
        if (result == OK)
            read_rows(reading);
    } else {
        result = reading->errors.error;
    }
    if (result == OK)
        *ret_orientation = reading->orientation;
    picture_scaler_done(&reading->scaler);
    free(reading->row);
    free(reading->rgb);
    jpeg_destroy_decompress(&reading->info);
    free(reading);
    return result;
}

/* ---- writing ---- */

struct writing {
    struct jpeg_compress_struct info;
    struct jumping errors;
    unsigned char *data;
    unsigned long len;
};

static void write_rows(struct writing *writing, const struct picture_raster *raster, int quality)
{
    struct jpeg_compress_struct *info = &writing->info;
    jpeg_create_compress(info);
    jpeg_mem_dest(info, &writing->data, &writing->len);
    info->image_width = raster->width;
    info->image_height = raster->height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    info->optimize_coding = TRUE;
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = raster->rgb + (size_t)info->next_scanline * raster->width * 3;
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

int picture_write_jpeg(const struct picture_raster *raster, int quality, struct buf *out)
{
    struct writing *writing = calloc(1, sizeof *writing);
    volatile int result = OK;
    if (writing == NULL)
        return ERR_NOMEM;
    init_errors(&writing->errors, NULL);
    writing->info.err = &writing->errors.manager;
    if (setjmp(writing->errors.out) == 0)
        write_rows(writing, raster, quality);
    else
        result = writing->errors.error == ERR_NOMEM ? ERR_NOMEM : ERR_INTERNAL;
    if (result == OK)
        buf_add(out, writing->data, writing->len);
    jpeg_destroy_compress(&writing->info);
    free(writing->data);
    free(writing);
    return result != OK ? result : buf_broken(out) ? ERR_NOMEM : OK;
}
