/*
 * log - one line per event to stderr, logfmt or JSON, never a name, a place or any content of a case.
 *
 *   log_event(LOG_WARN, "relay refused an alert", "code", code, "limit", "30/min", NULL);
 *
 * Keys and values are NUL-terminated strings in pairs, ended by NULL. Values are escaped; control characters never
 * reach the terminal. The only global state outside main: level, format and the program's name.
 */
#ifndef PROTO_LOG_H
#define PROTO_LOG_H

#include "err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

#define SENTINEL __attribute__((sentinel))

/* Once, at the start. The name is borrowed for ever. */
void log_setup(const char *program, enum log_level least, enum log_format format);
/* One event: pairs of key and value, ended by NULL. A NULL value is an empty one. */
void log_event(enum log_level level, const char *message, ...) SENTINEL;
/* Room for a number as text, so that log_event's arguments stay strings: log_number(&n, 42). */
struct log_number {
    char text[24];
};
const char *log_number(struct log_number *room, long long value);

#endif
