/*
 * picture_inner - what the files of picture share: pixels, and the way from a decoder's rows to fewer of them.
 */
#ifndef NODE_PICTURE_INNER_H
#define NODE_PICTURE_INNER_H

#include "node/picture.h"

/* Red, green, blue, row after row. */
struct picture_raster {
    uint32_t width, height;
    uint8_t *rgb;
};
int picture_raster_init(struct picture_raster *raster, uint32_t width, uint32_t height) MUST_CHECK;
void picture_raster_done(struct picture_raster *raster);

/* Averages rows of a picture into a raster whose longer side is at most `side`; never larger than the picture. */
struct picture_scaler {
    uint32_t width, height; /* of what comes in */
    uint32_t row;           /* the next one to come in */
    uint32_t out_row;
    float *line, *sum; /* a row made narrower; the rows above each other that make one */
    struct picture_raster *raster;
};
/* Makes the raster; both are freed by the caller, also on failure. ERR_NOMEM. */
int picture_scaler_init(struct picture_scaler *scaler, uint32_t width, uint32_t height, uint32_t side,
                        struct picture_raster *raster) MUST_CHECK;
void picture_scaler_done(struct picture_scaler *scaler);
/* One row of `width` pixels, in order. */
void picture_scaler_row(struct picture_scaler *scaler, const uint8_t *rgb);

/* Width and height as a header says them, before anything is made for them. ERR_LIMIT, ERR_INVALID. */
int picture_check_size(uint32_t width, uint32_t height, struct err_note *note) MUST_CHECK;
/* The EXIF orientation, 1 to 8, of a TIFF block; 1 when there is none or it makes no sense. */
int picture_orientation(struct slice tiff);

/* What a camera wrote may be slightly wrong; what one of us wrote is not. */
enum picture_care { PICTURE_LENIENT, PICTURE_STRICT };
/* Decode to a raster of at most LIMIT_PHOTO_SIDE_PX, which the caller frees in any case. */
int picture_read_jpeg(struct slice input, enum picture_care care, struct err_note *note, struct picture_raster *raster,
                      int *ret_orientation) MUST_CHECK;
int picture_read_png(struct slice input, struct err_note *note, struct picture_raster *raster,
                     int *ret_orientation) MUST_CHECK;
/* Encodes; appended to out. ERR_NOMEM. */
int picture_write_jpeg(const struct picture_raster *raster, int quality, struct buf *out) MUST_CHECK;

#endif
