/*
 * cli_text - text from others on its way to a terminal: harmless, and measured in columns.
 */
#ifndef NODE_CLI_TEXT_H
#define NODE_CLI_TEXT_H

#include <stdbool.h>

#include "proto/buf.h"

/* Takes one character off the text (UTF-8, NUL-terminated, not at its end). A byte that starts none gives U+FFFD. */
uint32_t cli_text_take(const char **text);
/* True for what must not reach a terminal: C0, DEL, C1, bidi controls, line and paragraph separators, tags. */
bool cli_text_is_control(uint32_t character);
/* Appends text without controls; line ends and tabs become blanks. */
void cli_text_clean(struct buf *out, const char *text);
/* The same, and keeps line ends, each followed by `indent` blanks. */
void cli_text_clean_lines(struct buf *out, const char *text, size_t indent);
/* Columns that the text takes, its controls not counted. */
size_t cli_text_width(const char *text);
/* Appends written JSON, the controls in it (they can only stand within strings) as \uXXXX: the same document. */
void cli_text_escape_json(struct buf *out, const char *json);

/* "11:40:07 (45 s ago)", "20 Nov 11:40 (1 d 2 h ago)" in the local zone; the text itself when it is no RFC 3339 time;
 * "-" for NULL. */
#define CLI_TEXT_TIME_MAX 64
void cli_text_time(const char *rfc3339, int64_t now_us, char text[CLI_TEXT_TIME_MAX]);
/* "in 3 h 05 min" or "12 min ago". */
void cli_text_relative(int64_t at_us, int64_t now_us, char text[CLI_TEXT_TIME_MAX]);

#endif
