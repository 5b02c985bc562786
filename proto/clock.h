/*
 * clock - the seam through which time enters. Cores are handed `now_us`; only shells call clock_wall_us().
 *
 * Times on the wire and at rest are int64 microseconds since 1970-01-01T00:00:00Z (UTC, no leap seconds).
 */
#ifndef PROTO_CLOCK_H
#define PROTO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define CLOCK_MS_US INT64_C(1000)
#define CLOCK_SECOND_US INT64_C(1000000)
#define CLOCK_MINUTE_US (60 * CLOCK_SECOND_US)
#define CLOCK_HOUR_US (60 * CLOCK_MINUTE_US)
#define CLOCK_DAY_US (24 * CLOCK_HOUR_US)

/* The machine's wall clock. */
int64_t clock_wall_us(void);
/* A clock that never steps; its zero is arbitrary. */
int64_t clock_steady_us(void);

/* RFC 3339 with milliseconds in UTC: "2026-11-21T09:40:00.000Z". */
#define CLOCK_TEXT_MAX 32
void clock_format(int64_t at_us, char text[CLOCK_TEXT_MAX]);
/* Any RFC 3339 date-time (offset or Z needed, fraction up to 6 digits); ERR_SYNTAX otherwise. */
int clock_parse(const char *text, int64_t *ret_at_us) MUST_CHECK;
/* "72h", "30d", "90m", "45s", "500ms": a whole number and one unit; ERR_SYNTAX, ERR_LIMIT beyond 100 years. */
int clock_parse_duration(const char *text, int64_t *ret_us) MUST_CHECK;
/* A short age for people: "45 s", "12 min", "3 h 05 min", "2 d 4 h". */
void clock_format_age(int64_t age_us, char text[CLOCK_TEXT_MAX]);
/* The calendar year (UTC) of an instant. */
int clock_year(int64_t at_us);

#endif
