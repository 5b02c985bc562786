/*
 * sealed - envelopes in a file, to be carried by mail or by hand when every relay is dark.
 *
 *   file = "hotline-sealed 1 " || 64 lower-case hexadecimal digits || "\n" || packed SealedFile
 *   the digits: BLAKE2b-256 of the packed SealedFile; they find what a carrier damaged, and prove nothing: every
 *   envelope and the card are signed, and verified by whoever takes them in
 */
#ifndef PROTO_SEALED_H
#define PROTO_SEALED_H

#include "proto/envelope.pb-c.h"
#include "wire.h"

#define SEALED_VERSION 1

/* Appends the file; version is set here. ERR_LIMIT (over LIMIT_SEALED_BYTES, with size and limit), ERR_NOMEM. */
int sealed_write(Hotline__SealedFile *file, struct err_note *note, struct buf *out) MUST_CHECK;
/* Takes a file apart; the result lives in the arena, of wire_arena_init_for(its size). ERR_SYNTAX (not such a file,
 * cut, changed), ERR_UNKNOWN (another version), ERR_LIMIT, and ERR_* of wire_unpack; the note says which. */
int sealed_read(struct slice bytes, struct wire_arena *arena, struct err_note *note,
                const Hotline__SealedFile **ret_file) MUST_CHECK;

#endif
