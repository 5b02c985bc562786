/* drill_picture: draws it dot by dot, and writes the PNG without compressing: nothing here decodes or reads anything.
 */
#include "node/drill_picture.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH DRILL_PICTURE_WIDTH
#define HEIGHT DRILL_PICTURE_HEIGHT
#define ROW (WIDTH + 1) /* a byte before each row says how it is coded: as it is */
#define PAPER 0xff
#define HATCH 0xb0
#define INK 0x00
#define FRAME 24      /* dots of hatching around */
#define STORED 65535u /* bytes of one block that is not compressed, at most */

/* ---- drawing ---- */

/* Letters of 5 x 7 dots, a row in each byte. */
static const struct glyph {
    char letter;
    uint8_t rows[7];
} glyphs[] = {
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}}, {'X', {0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11}},
    {'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}}, {'C', {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}}, {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}},
};

static void dot(uint8_t *rows, size_t x, size_t y, size_t size)
{
    for (size_t i = 0; i < size && y + i < HEIGHT; i++)
        for (size_t j = 0; j < size && x + j < WIDTH; j++)
            rows[(y + i) * ROW + 1 + x + j] = INK;
}

static void draw_letter(uint8_t *rows, char letter, size_t x, size_t y, size_t size)
{
    for (size_t g = 0; g < sizeof glyphs / sizeof glyphs[0]; g++)
        for (size_t i = 0; glyphs[g].letter == letter && i < 7; i++)
            for (size_t j = 0; j < 5; j++)
                if ((glyphs[g].rows[i] & (0x10u >> j)) != 0)
                    dot(rows, x + j * size, y + i * size, size);
}

static void draw(uint8_t *rows)
{
    static const char word[] = "EXERCISE";
    static const size_t lines[] = {60, 210, 360};
    const size_t size = 6, step = 6 * size, left = (WIDTH - (sizeof word - 1) * step + size) / 2;
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++) {
            bool inside = x >= FRAME && x < WIDTH - FRAME && y >= FRAME && y < HEIGHT - FRAME;
            rows[y * ROW + 1 + x] = inside ? ((x + y) % 32 < 2 ? HATCH : PAPER) : ((x + y) % 16 < 8 ? INK : PAPER);
        }
    for (size_t line = 0; line < sizeof lines / sizeof lines[0]; line++)
        for (size_t i = 0; word[i] != '\0'; i++)
            draw_letter(rows, word[i], left + i * step, lines[line], size);
}

/* ---- writing: PNG (W3C, third edition), zlib (RFC 1950), blocks that are stored (RFC 1951, 3.2.4) ---- */

static uint32_t crc_of(struct slice bytes)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    return crc ^ 0xffffffffu;
}

static uint32_t adler_of(const uint8_t *bytes, size_t len)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < len; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void add_u32(struct buf *out, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    buf_add(out, bytes, sizeof bytes);
}

/* The checksum is of type and data. */
static void add_chunk(struct buf *out, const char type[4], struct slice data)
{
    struct buf body;
    buf_init(&body);
    buf_add(&body, type, 4);
    buf_add_slice(&body, data);
    add_u32(out, (uint32_t)data.len);
    buf_add_slice(out, buf_slice(&body));
    add_u32(out, crc_of(buf_slice(&body)));
    buf_free(&body);
}

static void add_stored(struct buf *out, const uint8_t *bytes, size_t len)
{
    buf_add(out, "\x78\x01", 2);
    for (size_t at = 0; at < len; at += STORED) {
        uint16_t part = (uint16_t)(len - at < STORED ? len - at : STORED), inverse = (uint16_t)~part;
        const uint8_t head[5] = {at + part == len, (uint8_t)part, (uint8_t)(part >> 8), (uint8_t)inverse,
                                 (uint8_t)(inverse >> 8)};
        buf_add(out, head, sizeof head);
        buf_add(out, bytes + at, part);
    }
    add_u32(out, adler_of(bytes, len));
}

void drill_picture(struct buf *out)
{
    uint8_t *rows = calloc(HEIGHT, ROW);
    struct buf part;
    buf_init(&part);
    if (rows == NULL) {
        out->broken = true;
        return;
    }
    draw(rows);
    buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    add_u32(&part, WIDTH);
    add_u32(&part, HEIGHT);
    buf_add(&part, "\x08\x00\x00\x00\x00", 5); /* 8 bits of grey */
    add_chunk(out, "IHDR", buf_slice(&part));
    buf_free(&part);
    buf_init(&part);
    add_stored(&part, rows, (size_t)HEIGHT * ROW);
    add_chunk(out, "IDAT", buf_slice(&part));
    add_chunk(out, "IEND", slice_of(NULL, 0));
    if (buf_broken(&part))
        out->broken = true;
    buf_free(&part);
    free(rows);
}
