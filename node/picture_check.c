/* picture_check: whether a photo of another member's is a picture and nothing else. It is shown as it came, so what a
 * decoder would only skip (words, a second file, a page behind the end) refuses it. */
#include "node/picture_inner.h"

enum marker {
    MARKER_FRAME_BASELINE = 0xc0,
    MARKER_FRAME_EXTENDED = 0xc1,
    MARKER_FRAME_PROGRESSIVE = 0xc2,
    MARKER_HUFFMAN = 0xc4,
    MARKER_RESTART = 0xd0, /* to 0xd7 */
    MARKER_END = 0xd9,
    MARKER_SCAN = 0xda,
    MARKER_QUANTISATION = 0xdb,
    MARKER_RESTART_INTERVAL = 0xdd,
    MARKER_JFIF = 0xe0,
};

struct walk {
    struct slice jpeg;
    size_t at;
    uint32_t width, height; /* 0: no frame yet */
    bool has_jfif, ended;
};

static int damaged(struct err_note *note, const char *why)
{
    return err_set(note, ERR_INVALID, "the photo is damaged: %s", why);
}

/* Behind a scan's header: to the next marker that is no restart and no stuffed byte. */
static void skip_scan(struct walk *walk)
{
    const uint8_t *data = walk->jpeg.data;
    while (walk->at + 1 < walk->jpeg.len) {
        uint8_t next = data[walk->at + 1];
        if (data[walk->at] == 0xff && next != 0 && next != 0xff &&
            !(next >= MARKER_RESTART && next < MARKER_RESTART + 8))
            return;
        walk->at++;
    }
}

static int walk_frame(struct walk *walk, struct slice segment, struct err_note *note)
{
    if (walk->width != 0 || segment.len < 6)
        return damaged(note, "it has two frames, or half a one");
    walk->height = (uint32_t)segment.data[1] << 8 | segment.data[2];
    walk->width = (uint32_t)segment.data[3] << 8 | segment.data[4];
    if (walk->width == 0 || walk->height == 0)
        return damaged(note, "it has no pixels");
    if (walk->width > LIMIT_PHOTO_SIDE_PX || walk->height > LIMIT_PHOTO_SIDE_PX)
        return err_set(note, ERR_LIMIT, "the photo has %u x %u pixels; the limit of a side is %d", walk->width,
                       walk->height, LIMIT_PHOTO_SIDE_PX);
    return OK;
}

/* JFIF's own, which says density and has room for a thumbnail: without one it is 14 bytes. */
static int walk_jfif(struct walk *walk, struct slice segment, struct err_note *note)
{
    if (walk->has_jfif || segment.len != 14 || memcmp(segment.data, "JFIF", 5) != 0)
        return err_set(note, ERR_INVALID, "the photo holds more than a picture (segment APP0)");
    walk->has_jfif = true;
    return OK;
}

static int walk_segment(struct walk *walk, uint8_t marker, struct slice segment, struct err_note *note)
{
    switch (marker) {
    case MARKER_FRAME_BASELINE:
    case MARKER_FRAME_EXTENDED:
    case MARKER_FRAME_PROGRESSIVE:
        return walk_frame(walk, segment, note);
    case MARKER_JFIF:
        return walk_jfif(walk, segment, note);
    case MARKER_SCAN:
        skip_scan(walk);
        return OK;
    case MARKER_HUFFMAN:
    case MARKER_QUANTISATION:
    case MARKER_RESTART_INTERVAL:
        return OK;
    default:
        return err_set(note, ERR_INVALID, "the photo holds more than a picture (segment %02X)", marker);
    }
}

static int walk_one(struct walk *walk, struct err_note *note)
{
    const uint8_t *data = walk->jpeg.data;
    while (walk->at + 1 < walk->jpeg.len && data[walk->at] == 0xff && data[walk->at + 1] == 0xff)
        walk->at++;
    if (walk->at + 2 > walk->jpeg.len || data[walk->at] != 0xff)
        return damaged(note, "it has no end");
    uint8_t marker = data[walk->at + 1];
    walk->at += 2;
    walk->ended = marker == MARKER_END;
    if (walk->ended)
        return OK;
    if (walk->at + 2 > walk->jpeg.len)
        return damaged(note, "it has no end");
    size_t len = (size_t)data[walk->at] << 8 | data[walk->at + 1];
    if (len < 2 || len > walk->jpeg.len - walk->at)
        return damaged(note, "a segment has no end");
    struct slice segment = slice_of(data + walk->at + 2, len - 2);
    walk->at += len;
    return walk_segment(walk, marker, segment, note);
}

/* Every segment is one that a decoder needs, and the last byte is the picture's. */
static int check_segments(struct walk *walk, struct err_note *note)
{
    if (walk->jpeg.len < 4 || memcmp(walk->jpeg.data, "\xff\xd8\xff", 3) != 0)
        return err_set(note, ERR_SYNTAX, "the photo is no JPEG");
    int error = OK;
    for (walk->at = 2; error == OK && !walk->ended;)
        error = walk_one(walk, note);
    if (error == OK && walk->at != walk->jpeg.len)
        return err_set(note, ERR_INVALID, "the photo holds more than a picture (%zu bytes behind its end)",
                       walk->jpeg.len - walk->at);
    return error == OK && walk->width == 0 ? damaged(note, "it has no frame") : error;
}

int picture_check(struct slice photo, struct err_note *note, uint32_t *ret_width, uint32_t *ret_height)
{
    struct walk walk = {.jpeg = photo};
    struct picture_raster raster = {0};
    int orientation = 1;
    if (photo.len > LIMIT_BLOB_BYTES)
        return err_set(note, ERR_LIMIT, "the photo has %zu bytes; the limit is %d", photo.len, LIMIT_BLOB_BYTES);
    int error = check_segments(&walk, note);
    if (error == OK)
        error = picture_read_jpeg(photo, PICTURE_STRICT, note, &raster, &orientation);
    if (error == OK && (raster.width != walk.width || raster.height != walk.height))
        error = ERR_INTERNAL;
    picture_raster_done(&raster);
    if (error == ERR_NOMEM)
        return err_set(note, ERR_LIMIT, "the photo needs more than %d MiB to decode", LIMIT_PICTURE_MEMORY_BYTES >> 20);
    if (error != OK)
        return error;
    *ret_width = walk.width;
    *ret_height = walk.height;
    return OK;
}
