/* buf: slices, growing buffers and cursors. Never reads or writes outside what it was given. */
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice slice_text(const char *text)
{
    return slice_of(text, strlen(text));
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void buf_init(struct buf *buf)
{
    *buf = (struct buf){0};
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    buf_init(buf);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->broken = false;
}

uint8_t *buf_reserve(struct buf *buf, size_t more)
{
    if (buf->broken)
        return NULL;
    size_t wanted = buf->len + more + 1; /* the one is buf_text's NUL */
    if (wanted <= more) {
        buf->broken = true;
        return NULL;
    }
    if (wanted > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : 256;
        while (capacity < wanted)
            capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
        uint8_t *data = realloc(buf->data, capacity);
        if (data == NULL) {
            buf->broken = true;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
    }
    return buf->data + buf->len;
}

void buf_grew(struct buf *buf, size_t added)
{
    CHECK(!buf->broken && buf->len + added < buf->capacity);
    buf->len += added;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    uint8_t *room = buf_reserve(buf, len);
    if (room == NULL)
        return;
    memcpy(room, data, len);
    buf->len += len;
}

void buf_add_slice(struct buf *buf, struct slice slice)
{
    buf_add(buf, slice.data, slice.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
    buf_add(buf, &value, 1);
}

void buf_add_u32le(struct buf *buf, uint32_t value)
{
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u64le(struct buf *buf, uint64_t value)
{
    buf_add_u32le(buf, (uint32_t)value);
    buf_add_u32le(buf, (uint32_t)(value >> 32));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *room = len < 0 ? NULL : buf_reserve(buf, (size_t)len);
    if (room != NULL) {
        vsnprintf((char *)room, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    } else {
        buf->broken = true;
    }
    va_end(again);
}

bool buf_broken(const struct buf *buf)
{
    return buf->broken;
}

struct slice buf_slice(const struct buf *buf)
{
    return slice_of(buf->data, buf->broken ? 0 : buf->len);
}

const char *buf_text(struct buf *buf)
{
    uint8_t *end = buf_reserve(buf, 0);
    if (end == NULL)
        return "";
    *end = '\0';
    return (const char *)buf->data;
}

struct cursor cursor_of(struct slice slice)
{
    return (struct cursor){.rest = slice};
}

struct slice cursor_take(struct cursor *cursor, size_t len)
{
    if (cursor->failed || len > cursor->rest.len) {
        cursor->failed = true;
        return slice_of(NULL, 0);
    }
    struct slice taken = slice_of(cursor->rest.data, len);
    cursor->rest.data += len;
    cursor->rest.len -= len;
    return taken;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    struct slice byte = cursor_take(cursor, 1);
    return byte.len ? byte.data[0] : 0;
}

uint32_t cursor_u32le(struct cursor *cursor)
{
    struct slice bytes = cursor_take(cursor, 4);
    uint32_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value |= (uint32_t)bytes.data[i] << (8 * i);
    return value;
}

uint64_t cursor_u64le(struct cursor *cursor)
{
    uint64_t low = cursor_u32le(cursor);
    return low | (uint64_t)cursor_u32le(cursor) << 32;
}

bool cursor_failed(const struct cursor *cursor)
{
    return cursor->failed;
}

bool cursor_at_end(const struct cursor *cursor)
{
    return !cursor->failed && cursor->rest.len == 0;
}

void buf_hex(struct slice bytes, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.len] = '\0';
}

static int nibble_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int buf_unhex(const char *text, uint8_t *bytes, size_t len)
{
    if (strlen(text) != 2 * len)
        return ERR_SYNTAX;
    for (size_t i = 0; i < len; i++) {
        if (nibble_of(text[2 * i]) < 0 || nibble_of(text[2 * i + 1]) < 0)
            return ERR_SYNTAX;
    }
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(nibble_of(text[2 * i]) << 4 | nibble_of(text[2 * i + 1]));
    return OK;
}
