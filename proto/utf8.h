/*
 * utf8 - whether bytes are UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF), and reading it.
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include "buf.h"

/* All of it, NUL included as a character. */
bool utf8_is_valid(struct slice text);
/* The code point at the front and its length in *ret_len (1 to 4); -1 and length 1 when it is malformed. text.len > 0.
 */
int32_t utf8_next(struct slice text, size_t *ret_len);
/* C0 but newline and tab, DEL, C1, and the bidirectional controls: what must never reach a terminal from a peer. */
bool utf8_is_control(int32_t code_point);

#endif
