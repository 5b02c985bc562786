/* vault_find: one record, when it is needed: read on the store's thread, opened on the loop. For what is too large to
 * stand in memory. */
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
    store_ask(vault_store(vault), run_search, search, search_done, NULL);
    return OK;
}
