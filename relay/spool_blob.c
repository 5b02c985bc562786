/*
 * spool_blob - the chunks of attached files on the disk. Must never read more of them into memory than one at a time.
 */
#include "relay/spool_blob.h"

#include "relay/spool_inner.h"

static struct spool_value spool_number(int64_t number)
{
    return (struct spool_value){.number = number};
}

static struct spool_value spool_bytes(struct slice bytes)
{
    return (struct spool_value){.bytes = bytes, .is_bytes = true};
}

static struct spool_value spool_name(const uint8_t name[KEY_HASH_BYTES])
{
    return spool_bytes(slice_of(name, KEY_HASH_BYTES));
}

/* ---- putting ---- */

void spool_put_blob(struct spool *spool, const struct spool_blob *row)
{
    const struct spool_value values[] = {spool_name(row->name), spool_number(row->chunks), spool_number(row->whole)};

    spool_put(spool, "INSERT OR REPLACE INTO blobs VALUES (?,?,?)", values, 3);
}

void spool_put_chunk(struct spool *spool, const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, struct slice data)
{
    const struct spool_value values[] = {spool_name(name), spool_number(chunk), spool_bytes(data)};

    spool_put(spool, "INSERT OR REPLACE INTO blob_chunks VALUES (?,?,?)", values, 3);
}

void spool_drop_blob(struct spool *spool, const uint8_t name[KEY_HASH_BYTES])
{
    const struct spool_value values[] = {spool_name(name)};

    spool_put(spool, "DELETE FROM blob_chunks WHERE name = ?", values, 1);
    spool_put(spool, "DELETE FROM blobs WHERE name = ?", values, 1);
}

/* ---- loading ---- */

int spool_load_blobs(struct spool *spool, int (*on_blob)(void *ctx, const struct spool_blob *row), void *ctx)
{
    sqlite3_stmt *row =
        db_statement(spool->db,
                     "SELECT name, chunks, whole, (SELECT count(*) FROM blob_chunks c WHERE c.name = b.name),"
                     " (SELECT coalesce(sum(length(data)), 0) FROM blob_chunks c WHERE c.name = b.name),"
                     " (SELECT coalesce(max(chunk) + 1, 0) FROM blob_chunks c WHERE c.name = b.name)"
                     " FROM blobs b");
    bool more = false;
    int error = db_next(spool->db, row, &more);

    while (!error && more) {
        struct slice name = db_blob(row, 0);
        const struct spool_blob read = {.name = name.data,
                                        .chunks = (uint32_t)sqlite3_column_int64(row, 1),
                                        .whole = sqlite3_column_int(row, 2) != 0,
                                        .held = (uint32_t)sqlite3_column_int64(row, 3),
                                        .bytes = (uint64_t)sqlite3_column_int64(row, 4)};
        bool fits = name.len == KEY_HASH_BYTES && read.held == (uint32_t)sqlite3_column_int64(row, 5) &&
            read.held <= read.chunks && read.whole == (read.held == read.chunks);
        error = fits ? on_blob(ctx, &read) : ERR_CORRUPT;
        if (error)
            sqlite3_reset(row);
        else
            error = db_next(spool->db, row, &more);
    }
    return error;
}

int spool_load_chunks(struct spool *spool, const uint8_t name[KEY_HASH_BYTES],
                      int (*on_chunk)(void *ctx, struct slice data), void *ctx)
{
    sqlite3_stmt *row = db_statement(spool->db, "SELECT data FROM blob_chunks WHERE name = ? ORDER BY chunk");
    bool more = false;
    int error;

    db_bind_blob(row, 1, slice_of(name, KEY_HASH_BYTES));
    error = db_next(spool->db, row, &more);
    while (!error && more) {
        error = on_chunk(ctx, db_blob(row, 0));
        if (error)
            sqlite3_reset(row);
        else
            error = db_next(spool->db, row, &more);
    }
    return error;
}

/* ---- one chunk ---- */

struct spool_chunk_question {
    uint8_t name[KEY_HASH_BYTES];
    uint32_t chunk;
    struct buf data;
    spool_chunk_fn *done;
    void *ctx;
};

/* On the store's thread. */
static int spool_ask_chunk(struct db *db, void *job)
{
    struct spool_chunk_question *question = job;
    sqlite3_stmt *row = db_statement(db, "SELECT data FROM blob_chunks WHERE name = ? AND chunk = ?");
    bool found = false;
    int error;

    db_bind_blob(row, 1, slice_of(question->name, KEY_HASH_BYTES));
    sqlite3_bind_int64(row, 2, question->chunk);
    error = db_next(db, row, &found);
    if (error || !found)
        return error ? error : ERR_NOT_FOUND;
    buf_add_slice(&question->data, db_blob(row, 0));
    sqlite3_reset(row);
    return buf_broken(&question->data) ? ERR_NOMEM : OK;
}

static void spool_answer_chunk(void *ctx, void *job, int result)
{
    struct spool_chunk_question *question = job;

    (void)ctx;
    if (result)
        buf_free(&question->data);
    question->done(question->ctx, &question->data, result);
    free(question);
}

void spool_read_chunk(struct spool *spool, const uint8_t name[KEY_HASH_BYTES], uint32_t chunk, spool_chunk_fn *done,
                      void *ctx)
{
    struct spool_chunk_question *question = calloc(1, sizeof *question);
    struct buf none;
    int error;

    if (!question) {
        buf_init(&none);
        done(ctx, &none, ERR_NOMEM);
        return;
    }
    memcpy(question->name, name, KEY_HASH_BYTES);
    question->chunk = chunk;
    question->done = done;
    question->ctx = ctx;
    buf_init(&question->data);
    error = store_ask(spool->store, spool_ask_chunk, question, spool_answer_chunk, NULL);
    if (error)
        spool_answer_chunk(NULL, question, error);
}
