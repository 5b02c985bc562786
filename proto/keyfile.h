/*
 * keyfile - one key set in one file, locked by a passphrase or readable by its owner alone.
 *
 * Text, one "name value" a line, in this order: hotline-key 1 / kind / id / country / name / generation / lock /
 * secret. `lock none` or `lock argon2id13 OPERATIONS MEMORY_BYTES SALT NONCE` (hexadecimal); `secret` is the master, or
 * the master under XChaCha20-Poly1305 with everything above the line as associated data.
 */
#ifndef PROTO_KEYFILE_H
#define PROTO_KEYFILE_H

#include "key.h"

/* Asks a person for the passphrase of a file: writes at most size - 1 bytes and a NUL into room; ERR_PASSPHRASE when
 * there is nobody to ask. Called only for a locked file. */
typedef int (*keyfile_ask)(void *ctx, const char *path, char *room, size_t size);

/* Creates path (0600, never over an existing file: ERR_EXISTS), synced to disk. passphrase NULL: not locked. */
int keyfile_write(const char *path, const struct key_set *set, const char *passphrase,
                  struct err_note *note) MUST_CHECK;
/* ERR_NOT_FOUND, ERR_PERMISSION (group or others may read it), ERR_SYNTAX (with its line), ERR_PASSPHRASE.
 * Takes about half a second for a locked file. The caller frees with key_set_free. */
int keyfile_read(const char *path, keyfile_ask ask, void *ctx, struct err_note *note,
                 struct key_set **ret_set) MUST_CHECK;
/* True in *ret_locked when the file needs a passphrase; reads its text only. */
int keyfile_is_locked(const char *path, struct err_note *note, bool *ret_locked) MUST_CHECK;
/* Reads the first line of a file (as a service manager hands a passphrase over) without its newline; the file must be
 * readable by its owner only. */
int keyfile_passphrase_from(const char *path, char *room, size_t size, struct err_note *note) MUST_CHECK;

/* A whole small file into buf (at most max_bytes: ERR_LIMIT). */
int keyfile_slurp(const char *path, size_t max_bytes, struct buf *ret_buf, struct err_note *note) MUST_CHECK;
/* Writes a file whole or not at all: temporary name, fsync, rename, fsync of the folder. mode as for open. */
int keyfile_replace(const char *path, struct slice content, unsigned mode, struct err_note *note) MUST_CHECK;

#endif
