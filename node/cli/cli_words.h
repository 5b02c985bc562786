/*
 * cli_words - bytes as words, for a fingerprint that two people read to each other over the telephone.
 */
#ifndef NODE_CLI_WORDS_H
#define NODE_CLI_WORDS_H

#include "proto/buf.h"

/* The word of a byte: one of 256, lower-case ASCII, each unlike the others. Static. */
const char *cli_words_of(uint8_t byte);
/* Appends one word per byte, a dash after every fourth. */
void cli_words_add(struct buf *out, struct slice bytes);

#endif
