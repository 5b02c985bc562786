/*
 * spool_inner - the spool's own state, for spool*.c alone.
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
    size_t patient;                   /* of those, how many may wait */
    bool urgent;                      /* another one may not */
    bool broken;                      /* out of memory while putting */
    bool abandoned;                   /* nothing is written any more */
};

/* A whole number, or bytes. */
struct spool_value {
    int64_t number;
    struct slice bytes;
    bool is_bytes;
    bool is_text;
};
/* One statement with a copy of its values, for the next write. sql is a constant. */
void spool_put(struct spool *spool, const char *sql, const struct spool_value *values, size_t count);

#endif
