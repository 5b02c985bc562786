/* checker_table: what the checker gathers, found by (64 bits, 8 bits). Rows are never taken out. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/checker_inner.h"

static size_t table_slot(const struct table *table, uint64_t key, uint8_t by)
{
    uint64_t hash = (key ^ ((uint64_t)by << 56)) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash ^ hash >> 32) & (table->slot_count - 1);
    for (; table->slots[at] != 0; at = (at + 1) & (table->slot_count - 1)) {
        const uint8_t *row = table->rows + (table->slots[at] - 1) * table->size;
        uint64_t row_key;
        memcpy(&row_key, row, sizeof row_key);
        if (row_key == key && row[sizeof row_key] == by)
            return at;
    }
    return at;
}

static void table_grow(struct table *table)
{
    size_t count = table->slot_count ? 2 * table->slot_count : 1024;
    free(table->slots);
    table->slots = calloc(count, sizeof *table->slots);
    table->capacity = count / 2;
    table->rows = realloc(table->rows, table->capacity * table->size);
    CHECK(table->slots != NULL && table->rows != NULL);
    table->slot_count = count;
    for (size_t i = 0; i < table->count; i++) {
        uint64_t key;
        memcpy(&key, table->rows + i * table->size, sizeof key);
        table->slots[table_slot(table, key, table->rows[i * table->size + sizeof key])] = (uint32_t)i + 1;
    }
}

/* Every row begins with its key: 8 bytes and one more. */
void *table_row(struct table *table, uint64_t key, uint8_t by, bool make)
{
    if (make && table->count == table->capacity)
        table_grow(table);
    if (table->slot_count == 0)
        return NULL;
    size_t at = table_slot(table, key, by);
    if (table->slots[at] == 0) {
        if (!make)
            return NULL;
        uint8_t *row = table->rows + table->count * table->size;
        memset(row, 0, table->size);
        memcpy(row, &key, sizeof key);
        row[sizeof key] = by;
        table->slots[at] = (uint32_t)++table->count;
    }
    return table->rows + (table->slots[at] - 1) * table->size;
}

void table_done(struct table *table)
{
    free(table->rows);
    free(table->slots);
}
