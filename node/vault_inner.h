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

#endif
