/*
 * picture - what a person hands in becomes a photo that may travel: JPEG or PNG by its first bytes, decoded, made
 * smaller, turned upright by its EXIF orientation, and encoded anew. Nothing of the input's bytes but the look of its
 * pixels comes out: no metadata, no second image, nothing that hides behind the end.
 *
 * Decoders are the attack surface: run this in a process that can do nothing else (helper.h).
 */
#ifndef NODE_PICTURE_H
#define NODE_PICTURE_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/limits.h"

struct picture {
    uint32_t width, height; /* at most LIMIT_PHOTO_SIDE_PX each */
    struct buf photo;       /* JPEG, at most LIMIT_PHOTO_BYTES */
    struct buf thumbnail;   /* JPEG, at most LIMIT_THUMBNAIL_SIDE_PX and LIMIT_THUMBNAIL_BYTES */
};

void picture_init(struct picture *picture);
void picture_done(struct picture *picture);
/* Fills an initialised picture. ERR_SYNTAX: neither JPEG nor PNG. ERR_INVALID: damaged or cut. ERR_LIMIT: pixels,
 * scans, bytes, or memory, each with its limit. ERR_INTERNAL. The note says which. */
int picture_make(struct slice input, struct err_note *note, struct picture *picture) MUST_CHECK;
/* A photo that another member sent, to be shown as it came: a JPEG of at most LIMIT_PHOTO_SIDE_PX, of the segments that
 * a decoder needs and no others, nothing behind its end, decoded to its last row without a warning. ERR_SYNTAX: no
 * JPEG. ERR_INVALID: damaged, or more than a picture. ERR_LIMIT: sides, scans, bytes, memory. ERR_INTERNAL. The note
 * says which. */
int picture_check(struct slice photo, struct err_note *note, uint32_t *ret_width, uint32_t *ret_height) MUST_CHECK;

#endif
