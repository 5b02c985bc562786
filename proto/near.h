/*
 * near - "did you mean": how far apart two short words are, and which of a list is nearest to a mistyped one.
 */
#ifndef PROTO_NEAR_H
#define PROTO_NEAR_H

#include <stddef.h>

/* Insertions, deletions, substitutions and swaps of neighbours that lead from a to b, ASCII case ignored (optimal
 * string alignment distance). Only the first 47 bytes of each count. */
int near_distance(const char *a, const char *b);
/* True when a person may well have meant b: the distance is at most a third of b's length (one, for the shortest). */
int near_enough(const char *a, const char *b);

#endif
