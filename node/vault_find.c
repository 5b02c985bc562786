/* vault_find: records when they are needed: read on the store's thread, opened on the loop. For what is too large to
 * stand in memory. */
#include <stdlib.h>

#include "node/vault_inner.h"
#include "proto/seal.h"

struct search {
    struct vault *vault;
    enum vault_space space;
    uint8_t id[VAULT_INDEX_BYTES];
    struct buf owner, sealed;
    vault_found *found;
    void *ctx;
};

/* On the store's thread. */
static int run_search(struct db *db, void *job)
{
    struct search *search = job;
    sqlite3_stmt *row = db_statement(db, "SELECT owner, sealed FROM record WHERE space = ?1 AND id = ?2");
    bool found = false;
    sqlite3_bind_int(row, 1, (int)search->space);
    db_bind_blob(row, 2, slice_of(search->id, sizeof search->id));
    int result = db_next(db, row, &found);
    if (result != OK || !found)
        return result != OK ? result : ERR_NOT_FOUND;
    buf_add_slice(&search->owner, db_blob(row, 0));
    buf_add_slice(&search->sealed, db_blob(row, 1));
    sqlite3_reset(row);
    return buf_broken(&search->owner) || buf_broken(&search->sealed) ? ERR_NOMEM : OK;
}

static void search_done(void *ctx, void *job, int result)
{
    struct search *search = job;
    struct buf plain;
    (void)ctx;
    buf_init(&plain);
    if (result == OK)
        result = vault_open_row(search->vault, search->space, slice_of(search->id, sizeof search->id),
                                buf_slice(&search->owner), buf_slice(&search->sealed), &plain);
    search->found(search->ctx, result, buf_slice(&plain));
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    buf_free(&search->owner);
    buf_free(&search->sealed);
    free(search);
}

int vault_find(struct vault *vault, enum vault_space space, struct slice key, vault_found *found, void *ctx)
{
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL)
        return ERR_NOMEM;
    *search = (struct search){.vault = vault, .space = space, .found = found, .ctx = ctx};
    vault_index(vault, space, key, search->id);
    int error = store_ask(vault_store(vault), run_search, search, search_done, NULL);
    if (error != OK)
        free(search);
    return error;
}

/* ---- by number ---- */

struct vault_number_key vault_number_key(uint64_t number)
{
    struct vault_number_key key;
    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = (uint8_t)(number >> (8 * (sizeof key.bytes - 1 - i)));
    return key;
}

struct numbered {
    uint8_t id[VAULT_INDEX_BYTES];
    size_t from, len; /* of the sealed bytes; len 0: not there */
};

struct numbers {
    struct vault *vault;
    enum vault_space space;
    uint64_t first;
    size_t count;
    struct numbered *rows;
    struct buf sealed; /* of all, one after the other */
    vault_found_number *found;
    void *ctx;
};

/* On the store's thread. */
static int run_numbers(struct db *db, void *job)
{
    struct numbers *numbers = job;
    sqlite3_stmt *row = db_statement(db, "SELECT sealed FROM record WHERE space = ?1 AND id = ?2 AND owner IS NULL");
    for (size_t i = 0; i < numbers->count; i++) {
        bool found = false;
        sqlite3_bind_int(row, 1, (int)numbers->space);
        db_bind_blob(row, 2, slice_of(numbers->rows[i].id, VAULT_INDEX_BYTES));
        int result = db_next(db, row, &found);
        if (result != OK)
            return result;
        if (!found)
            continue;
        numbers->rows[i].from = numbers->sealed.len;
        buf_add_slice(&numbers->sealed, db_blob(row, 0));
        numbers->rows[i].len = numbers->sealed.len - numbers->rows[i].from;
        sqlite3_reset(row);
    }
    return buf_broken(&numbers->sealed) ? ERR_NOMEM : OK;
}

static void free_numbers(struct numbers *numbers)
{
    buf_free(&numbers->sealed);
    free(numbers->rows);
    free(numbers);
}

static void numbers_done(void *ctx, void *job, int result)
{
    struct numbers *numbers = job;
    struct buf plain;
    (void)ctx;
    buf_init(&plain);
    for (size_t i = 0; result == OK && i < numbers->count; i++) {
        const struct numbered *row = &numbers->rows[i];
        buf_clear(&plain);
        int opened = row->len == 0 ?
            ERR_NOT_FOUND :
            vault_open_row(numbers->vault, numbers->space, slice_of(row->id, VAULT_INDEX_BYTES), slice_of(NULL, 0),
                           slice_of(numbers->sealed.data + row->from, row->len), &plain);
        numbers->found(numbers->ctx, numbers->first + i, opened, buf_slice(&plain));
    }
    numbers->found(numbers->ctx, 0, result, slice_of(NULL, 0));
    if (plain.data != NULL)
        seal_wipe(plain.data, plain.capacity);
    buf_free(&plain);
    free_numbers(numbers);
}

int vault_find_numbers(struct vault *vault, enum vault_space space, uint64_t first, size_t count,
                       vault_found_number *found, void *ctx)
{
    CHECK(count <= VAULT_MANY && first > 0);
    struct numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL)
        return ERR_NOMEM;
    *numbers =
        (struct numbers){.vault = vault, .space = space, .first = first, .count = count, .found = found, .ctx = ctx};
    buf_init(&numbers->sealed);
    numbers->rows = calloc(count + 1, sizeof *numbers->rows);
    if (numbers->rows == NULL) {
        free_numbers(numbers);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        struct vault_number_key key = vault_number_key(first + i);
        vault_index(vault, space, slice_of(key.bytes, sizeof key.bytes), numbers->rows[i].id);
    }
    int error = store_ask(vault_store(vault), run_numbers, numbers, numbers_done, NULL);
    if (error != OK)
        free_numbers(numbers);
    return error;
}
