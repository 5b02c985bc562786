/*
 * spool_inner - the spool's own state, shared by spool.c and spool_read.c alone.
 */
#ifndef RELAY_SPOOL_INNER_H
#define RELAY_SPOOL_INNER_H

#include "proto/store.h"
#include "relay/spool.h"

/* One statement with its values, copied; several make one write. */
struct spool_write;

struct spool {
    struct db *db;       /* until spool_start() */
    struct store *store; /* from then on */
    struct spool_events events;
    struct spool_write *first, *last; /* put, not submitted yet */
    bool broken;                      /* out of memory while putting */
};

#endif
