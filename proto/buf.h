/*
 * buf - bytes: a borrowed slice, a growing buffer, a reading cursor with a sticky error.
 *
 * A slice owns nothing and is valid as long as what it points into. A buf owns its bytes; after a failed
 * allocation it is *broken*: further writes do nothing and buf_broken() says so once, at the end. A cursor
 * never reads past its slice; after the first short read every later read gives zeros and cursor_failed().
 */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct slice {
    const uint8_t *data;
    size_t len;
};

/* A slice over a NUL-terminated string, without the NUL. */
struct slice slice_text(const char *text);
static inline struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){(const uint8_t *)data, len};
}
/* Equal length and bytes (not constant time: never for secrets). */
bool slice_equal(struct slice a, struct slice b);

struct buf {
    uint8_t *data;
    size_t len;
    size_t capacity;
    bool broken;
};

void buf_init(struct buf *buf);
void buf_free(struct buf *buf);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *buf);
/* Room for `more` further bytes; NULL when out of memory. The caller writes there, then buf_grew(). */
uint8_t *buf_reserve(struct buf *buf, size_t more);
void buf_grew(struct buf *buf, size_t added);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_slice(struct buf *buf, struct slice slice);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_u32le(struct buf *buf, uint32_t value);
void buf_add_u64le(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
bool buf_broken(const struct buf *buf);
struct slice buf_slice(const struct buf *buf);
/* The content as a C string (a NUL is kept behind it, outside len); "" when broken. */
const char *buf_text(struct buf *buf);

struct cursor {
    struct slice rest;
    bool failed;
};

/* A cursor at the slice's beginning. */
struct cursor cursor_of(struct slice slice);
/* The next len bytes; an empty slice and a sticky failure when fewer are left. */
struct slice cursor_take(struct cursor *cursor, size_t len);
uint8_t cursor_u8(struct cursor *cursor);
uint32_t cursor_u32le(struct cursor *cursor);
uint64_t cursor_u64le(struct cursor *cursor);
bool cursor_failed(const struct cursor *cursor);
/* True when nothing failed and nothing is left. */
bool cursor_at_end(const struct cursor *cursor);

/* Lower-case hexadecimal; text has room for 2 * len + 1. */
void buf_hex(struct slice bytes, char *text);
/* Exactly len bytes from 2 * len hexadecimal digits (either case); ERR_SYNTAX otherwise. */
int buf_unhex(const char *text, uint8_t *bytes, size_t len) MUST_CHECK;

#endif
