/*
 * spool_sql - the spool's statements: one place for the schema, for spool.c (writes) and spool_read.c (reads) alone.
 */
#ifndef RELAY_SPOOL_SQL_H
#define RELAY_SPOOL_SQL_H

#include "proto/db.h"

/* Kind, owner and migrations of a relay's store. */
const struct db_schema *spool_sql_schema(void);

#endif
