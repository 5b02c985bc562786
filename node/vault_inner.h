/*
 * vault_inner - for vault*.c alone: where a record stands, and opening one.
 */
#ifndef NODE_VAULT_INNER_H
#define NODE_VAULT_INNER_H

#include "node/vault.h"

#define VAULT_INDEX_BYTES 16

/* The index column of a record with this key. */
void vault_index(const struct vault *vault, enum vault_space space, struct slice key,
                 uint8_t ret_index[VAULT_INDEX_BYTES]);
/* Opens a row's columns; appended to plain. ERR_CORRUPT, also when its case's key was destroyed. */
int vault_open_row(const struct vault *vault, enum vault_space space, struct slice id, struct slice owner,
                   struct slice sealed, struct buf *plain) MUST_CHECK;

/* --- vault_key.c; inside the transaction of vault_open --- */
/* Unwraps the store's key, or makes and wraps it; previous (may be NULL) is tried too. ERR_CRYPTO, with the note. */
int vault_open_key(struct db *db, const struct key_set *keys, const struct key_set *previous, struct err_note *note,
                   struct key_store *key) MUST_CHECK;
/* The store's id; a new one, and *ret_fresh, when there is none or the file was restored from a backup: then it is
 * another store than the one that was backed up, and peers must send again. */
int vault_open_id(struct db *db, struct key_uuid *id, bool *ret_fresh) MUST_CHECK;

#endif
