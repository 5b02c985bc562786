/*
 * country - ISO 3166-1 alpha-2, with XK, as small numbers; names; and who is beside whom.
 *
 * An index counts the codes in alphabetical order. It is for arrays and bit sets within one program: a new country
 * moves it, so neither the wire nor the disk ever holds one.
 */
#ifndef PROTO_COUNTRY_H
#define PROTO_COUNTRY_H

#include <stddef.h>
#include <stdint.h>

/* The 249 of ISO 3166-1 and XK. */
#define COUNTRY_COUNT 250

/* 0 .. COUNTRY_COUNT - 1, or -1 when it is no code. Exactly two capitals: "gr" and "GRC" are none. NULL is none. */
int country_index(const char *alpha2);
/* The code and the English name of an index (CHECKed). */
const char *country_code(int index);
const char *country_name(int index);
/* The index that a person most likely meant, for "did you mean": by code in either case, by name, by the usual mistakes
 * (UK, EL), by the nearest name. -1 when nothing is near. Never a substitute for country_index on input. */
int country_find(const char *text);
/* The indices beside this one, by land or by a short way over sea, in order of their codes; at most cap are written.
 * Returns how many there are. */
size_t country_neighbours(int index, uint16_t out[], size_t cap);

#endif
