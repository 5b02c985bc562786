/*
 * picture_room - test pictures made by the byte: PNGs with stored or repeated pixels, JPEGs by the encoder under test,
 * EXIF.
 */
#ifndef TESTS_UNIT_PICTURE_ROOM_H
#define TESTS_UNIT_PICTURE_ROOM_H

#include "fixture.h"
#include "node/picture_inner.h"

/* A gradient with a red top left, a green top right and a blue bottom left corner: a turned one is told from an upright
 * one. */
static inline void picture_room_raster(struct picture_raster *raster, uint32_t width, uint32_t height)
{
    assert_int_equal(picture_raster_init(raster, width, height), OK);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t *at = raster->rgb + ((size_t)y * width + x) * 3;
            bool left = x < width / 2, top = y < height / 2;
            at[0] = left && top ? 250 : (uint8_t)(x * 60 / width);
            at[1] = !left && top ? 250 : (uint8_t)(y * 60 / height);
            at[2] = left && !top ? 250 : 20;
        }
    }
}

static inline struct buf picture_room_jpeg(uint32_t width, uint32_t height)
{
    struct picture_raster raster;
    struct buf out;
    buf_init(&out);
    picture_room_raster(&raster, width, height);
    assert_int_equal(picture_write_jpeg(&raster, 90, &out), OK);
    picture_raster_done(&raster);
    return out;
}

/* Puts an APP1 segment with this orientation and a text behind the first two bytes. */
static inline struct buf picture_room_exif(const struct buf *jpeg, uint8_t orientation, const char *text)
{
    static const uint8_t head[] = {'E', 'x', 'i', 'f', 0,    0,    'M', 'M', 0, '*', 0, 0,
                                   0,   8,   0,   2,   0x01, 0x12, 0,   3,   0, 0,   0, 1};
    struct buf out;
    size_t len = strlen(text) + 1, total = 2 + sizeof head + 4 + 12 + 4 + len;
    buf_init(&out);
    buf_add(&out, jpeg->data, 2);
    buf_add_u8(&out, 0xff);
    buf_add_u8(&out, 0xe1);
    buf_add_u8(&out, (uint8_t)(total >> 8));
    buf_add_u8(&out, (uint8_t)total);
    buf_add(&out, head, sizeof head);
    buf_add(&out, (const uint8_t[]){0, orientation, 0, 0}, 4);
    /* ImageDescription, ASCII, behind the directory */
    buf_add(&out, (const uint8_t[]){0x01, 0x0e, 0, 2, 0, 0, 0, (uint8_t)len, 0, 0, 0, 38}, 12);
    buf_add(&out, (const uint8_t[]){0, 0, 0, 0}, 4);
    buf_add(&out, text, len);
    buf_add(&out, jpeg->data + 2, jpeg->len - 2);
    return out;
}

static inline uint32_t picture_room_crc(struct slice a)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < a.len; i++) {
        crc ^= a.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static inline void picture_room_u32be(struct buf *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_u8(out, (uint8_t)(value >> shift));
}

static inline void picture_room_chunk(struct buf *out, const char *name, struct slice data)
{
    size_t from = out->len + 4;
    picture_room_u32be(out, (uint32_t)data.len);
    buf_add(out, name, 4);
    buf_add_slice(out, data);
    picture_room_u32be(out, picture_room_crc(slice_of(out->data + from, out->len - from)));
}

/* Magic and IHDR: eight bits a channel. */
static inline void picture_room_png_head(struct buf *out, uint32_t width, uint32_t height, uint8_t colour_type,
                                         uint8_t interlace)
{
    struct buf head;
    buf_init(&head);
    buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    picture_room_u32be(&head, width);
    picture_room_u32be(&head, height);
    buf_add(&head, (const uint8_t[]){8, colour_type, 0, 0, interlace}, 5);
    picture_room_chunk(out, "IHDR", buf_slice(&head));
    buf_free(&head);
}

/* Bytes as a zlib stream of stored blocks. */
static inline void picture_room_stored(struct buf *out, struct slice bytes)
{
    uint32_t a = 1, b = 0;
    buf_add(out, "\x78\x01", 2);
    for (size_t at = 0; at < bytes.len || at == 0;) {
        size_t len = bytes.len - at < 65535 ? bytes.len - at : 65535;
        buf_add_u8(out, at + len == bytes.len);
        buf_add(out, (const uint8_t[]){(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)~len, (uint8_t)(~len >> 8)}, 4);
        buf_add(out, bytes.data + at, len);
        at += len;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        a = (a + bytes.data[i]) % 65521;
        b = (b + a) % 65521;
    }
    picture_room_u32be(out, b << 16 | a);
}

/* A PNG of this raster, true colour, opaque or (alpha) half transparent. */
static inline struct buf picture_room_png(uint32_t width, uint32_t height, bool alpha)
{
    struct picture_raster raster;
    struct buf out, rows, packed;
    buf_init(&out);
    buf_init(&rows);
    buf_init(&packed);
    picture_room_raster(&raster, width, height);
    for (uint32_t y = 0; y < height; y++) {
        buf_add_u8(&rows, 0);
        for (uint32_t x = 0; x < width; x++) {
            buf_add(&rows, raster.rgb + ((size_t)y * width + x) * 3, 3);
            if (alpha)
                buf_add_u8(&rows, 0);
        }
    }
    picture_room_stored(&packed, buf_slice(&rows));
    picture_room_png_head(&out, width, height, alpha ? 6 : 2, 0);
    picture_room_chunk(&out, "tEXt", slice_of("Comment\0GPS 50.8503 N canary", 28));
    picture_room_chunk(&out, "IDAT", buf_slice(&packed));
    picture_room_chunk(&out, "IEND", slice_of(NULL, 0));
    picture_raster_done(&raster);
    buf_free(&rows);
    buf_free(&packed);
    return out;
}

#endif
