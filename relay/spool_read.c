/*
 * spool, the reading half: everything but bodies at a start, one parcel when it is needed.
 * Must never trust a row's lengths: a damaged file ends the start with ERR_CORRUPT.
 */
#include "relay/spool_inner.h"

/* Copies a blob of exactly this size; false when it has another. */
static bool spool_fixed(sqlite3_stmt *row, int column, void *out, size_t size)
{
    struct slice blob = db_blob(row, column);

    if (blob.len != size)
        return false;
    memcpy(out, blob.data, size);
    return true;
}

typedef int spool_row_fn(const struct spool_reader *reader, sqlite3_stmt *row);

static int spool_each(struct spool *spool, const struct spool_reader *reader, const char *sql, spool_row_fn *on_row)
{
    sqlite3_stmt *statement = db_statement(spool->db, sql);
    bool more = false;
    int error = db_next(spool->db, statement, &more);

    while (!error && more) {
        error = on_row(reader, statement);
        if (error) {
            sqlite3_reset(statement);
            return error;
        }
        error = db_next(spool->db, statement, &more);
    }
    return error;
}

static int spool_member_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    return reader->on_member(reader->ctx, (uint32_t)sqlite3_column_int64(row, 0),
                             (const char *)sqlite3_column_text(row, 1));
}

static int spool_roster_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    return reader->on_roster(reader->ctx, db_blob(row, 0));
}

static int spool_card_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    return reader->on_card(reader->ctx, (uint32_t)sqlite3_column_int64(row, 0), db_blob(row, 1));
}

static int spool_seen_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    struct key_uuid id;
    struct key_hash hash;

    if (!spool_fixed(row, 1, id.bytes, sizeof id.bytes) || !spool_fixed(row, 2, hash.bytes, sizeof hash.bytes))
        return ERR_CORRUPT;
    return reader->on_seen(reader->ctx, (uint32_t)sqlite3_column_int64(row, 0), &id, &hash,
                           sqlite3_column_int64(row, 3));
}

static int spool_case_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    struct spool_case read = {.opener = (uint32_t)sqlite3_column_int64(row, 0),
                              .exercise = sqlite3_column_int(row, 1) != 0,
                              .act = (uint8_t)sqlite3_column_int(row, 3),
                              .free_used = (uint8_t)sqlite3_column_int(row, 4),
                              .revision = (uint32_t)sqlite3_column_int64(row, 5),
                              .sent_us = sqlite3_column_int64(row, 6),
                              .expires_us = sqlite3_column_int64(row, 7),
                              .holders = db_blob(row, 9)};

    if (!spool_fixed(row, 2, read.case_id.bytes, sizeof read.case_id.bytes) ||
        !spool_fixed(row, 8, read.hash.bytes, sizeof read.hash.bytes) || read.holders.len % 4 != 0)
        return ERR_CORRUPT;
    return reader->on_case(reader->ctx, &read);
}

static int spool_envelope_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    struct spool_envelope read = {.number = (uint64_t)sqlite3_column_int64(row, 0),
                                  .sender = (uint32_t)sqlite3_column_int64(row, 1),
                                  .kind = (uint8_t)sqlite3_column_int(row, 4),
                                  .act = (uint8_t)sqlite3_column_int(row, 5),
                                  .urgency = (uint8_t)sqlite3_column_int(row, 6),
                                  .exercise = sqlite3_column_int(row, 7) != 0,
                                  .has_self = sqlite3_column_int(row, 8) != 0,
                                  .revision = (uint32_t)sqlite3_column_int64(row, 9),
                                  .sent_us = sqlite3_column_int64(row, 10),
                                  .expires_us = sqlite3_column_int64(row, 11),
                                  .taken_us = sqlite3_column_int64(row, 12),
                                  .roster_version = (uint64_t)sqlite3_column_int64(row, 13),
                                  .size_bytes = (uint32_t)sqlite3_column_int64(row, 14),
                                  .opener = (uint32_t)sqlite3_column_int64(row, 15),
                                  .case_id = db_blob(row, 16),
                                  .header = db_blob(row, 17),
                                  .who = db_blob(row, 18)};

    if (!spool_fixed(row, 2, read.id.bytes, sizeof read.id.bytes) ||
        !spool_fixed(row, 3, read.hash.bytes, sizeof read.hash.bytes) || read.who.len % SPOOL_WHO_BYTES != 0 ||
        (read.case_id.len != 0 && read.case_id.len != KEY_UUID_BYTES))
        return ERR_CORRUPT;
    return reader->on_envelope(reader->ctx, &read);
}

static int spool_grant_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    struct spool_grant read = {.number = (uint64_t)sqlite3_column_int64(row, 0),
                               .place = (size_t)sqlite3_column_int64(row, 1),
                               .member = (uint32_t)sqlite3_column_int64(row, 2)};

    if (!spool_fixed(row, 3, read.key_id.bytes, sizeof read.key_id.bytes))
        return ERR_CORRUPT;
    return reader->on_grant(reader->ctx, &read);
}

static int spool_answers_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    return reader->on_answers(reader->ctx, (uint64_t)sqlite3_column_int64(row, 0), db_blob(row, 1));
}

static int spool_owed_row(const struct spool_reader *reader, sqlite3_stmt *row)
{
    struct spool_owed read = {.owner = (uint32_t)sqlite3_column_int64(row, 0),
                              .kind = (uint8_t)sqlite3_column_int(row, 2),
                              .until_us = sqlite3_column_int64(row, 3),
                              .bytes = db_blob(row, 4)};

    if (!spool_fixed(row, 1, read.name.bytes, sizeof read.name.bytes))
        return ERR_CORRUPT;
    return reader->on_owed(reader->ctx, &read);
}

int spool_load(struct spool *spool, const struct spool_reader *reader)
{
    static const struct {
        const char *sql;
        spool_row_fn *on_row;
    } steps[] = {
        {"SELECT number, id FROM members ORDER BY number", spool_member_row},
        {"SELECT signed FROM rosters ORDER BY version", spool_roster_row},
        {"SELECT member, signed FROM cards ORDER BY member", spool_card_row},
        {"SELECT sender, id, hash, until_us FROM seen", spool_seen_row},
        {"SELECT opener, exercise, case_id, act, free_used, revision, sent_us, expires_us, hash, holders"
         " FROM cases",
         spool_case_row},
        {"SELECT number, sender, id, hash, kind, act, urgency, exercise, has_self, revision, sent_us,"
         " expires_us, taken_us,"
         " roster_version, size_bytes, opener, case_id, header, who FROM envelopes ORDER BY number",
         spool_envelope_row},
        {"SELECT number, place, member, key_id FROM grants ORDER BY number, place", spool_grant_row},
        {"SELECT number, states FROM answers ORDER BY number", spool_answers_row},
        {"SELECT owner, name, kind, until_us, bytes FROM owed ORDER BY until_us", spool_owed_row},
    };
    int error = OK;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !error; i++)
        error = spool_each(spool, reader, steps[i].sql, steps[i].on_row);
    return error;
}

/* ---- one parcel ---- */

struct spool_question {
    uint64_t number;
    struct parcel *parcel;
    spool_parcel_fn *done;
    void *ctx;
};

static int spool_body(struct db *db, struct spool_question *question)
{
    sqlite3_stmt *row = db_statement(db, "SELECT signature, self, locks, body FROM bodies WHERE number = ?");
    struct parcel *parcel = parcel_new(question->number);
    bool found = false;
    int error;

    if (!parcel)
        return ERR_NOMEM;
    sqlite3_bind_int64(row, 1, (int64_t)question->number);
    error = db_next(db, row, &found);
    if (!error && !found)
        error = ERR_NOT_FOUND;
    if (!error) {
        parcel->has_self = spool_fixed(row, 1, parcel->self, sizeof parcel->self);
        buf_add_slice(&parcel->locks, db_blob(row, 2));
        buf_add_slice(&parcel->body, db_blob(row, 3));
        if (!spool_fixed(row, 0, parcel->signature.bytes, sizeof parcel->signature.bytes) ||
            db_blob(row, 2).len % PARCEL_LOCK_BYTES != 0)
            error = ERR_CORRUPT;
        if (buf_broken(&parcel->locks) || buf_broken(&parcel->body))
            error = ERR_NOMEM;
        sqlite3_reset(row);
    }
    if (error)
        parcel_free(parcel);
    else
        question->parcel = parcel;
    return error;
}

/* The grants that came later, each at its place. */
static int spool_late(struct db *db, struct spool_question *question)
{
    sqlite3_stmt *row = db_statement(db, "SELECT place, lock FROM grants WHERE number = ? ORDER BY place");
    bool more = false;
    int error;

    sqlite3_bind_int64(row, 1, (int64_t)question->number);
    error = db_next(db, row, &more);
    while (!error && more) {
        struct slice lock = db_blob(row, 1);
        error = lock.len == PARCEL_LOCK_BYTES ?
            parcel_set_lock(question->parcel, (size_t)sqlite3_column_int64(row, 0), lock.data) :
            ERR_CORRUPT;
        if (error)
            sqlite3_reset(row);
        else
            error = db_next(db, row, &more);
    }
    return error;
}

/* On the store's thread. */
static int spool_ask(struct db *db, void *job)
{
    struct spool_question *question = job;
    int error = spool_body(db, question);

    return error ? error : spool_late(db, question);
}

static void spool_answer(void *ctx, void *job, int result)
{
    struct spool_question *question = job;

    (void)ctx;
    if (result) {
        parcel_free(question->parcel);
        question->parcel = NULL;
    }
    question->done(question->ctx, question->number, question->parcel, result);
    free(question);
}

void spool_read_parcel(struct spool *spool, uint64_t number, spool_parcel_fn *done, void *ctx)
{
    struct spool_question *question = calloc(1, sizeof *question);
    int error;

    if (!question) {
        done(ctx, number, NULL, ERR_NOMEM);
        return;
    }
    *question = (struct spool_question){.number = number, .done = done, .ctx = ctx};
    error = store_ask(spool->store, spool_ask, question, spool_answer, NULL);
    if (error)
        spool_answer(NULL, question, error);
}
