/* country_table: the generated rows of proto/country. Only country.c includes it. */
#ifndef PROTO_COUNTRY_TABLE_H
#define PROTO_COUNTRY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "country.h"

struct country_row {
    const char *code;
    const char *name;
};
struct country_border {
    uint16_t from, to;
};
/* Ordered by code. */
extern const struct country_row country_rows[COUNTRY_COUNT];
/* Ordered by from, then to. */
extern const struct country_border country_borders[];
extern const size_t country_border_count;

#endif
