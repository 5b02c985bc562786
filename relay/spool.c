/*
 * spool - putting: each statement with a copy of its values, collected into one write per submit.
 * Must never decide what is owed, and never let half of a submit reach the disk.
 */
#include "relay/spool.h"

#include "relay/spool_inner.h"
#include "relay/spool_sql.h"

#define NUMBER(n)                                                                                                      \
    {                                                                                                                  \
        .number = (int64_t)(n)                                                                                         \
    }
#define BYTES(s)                                                                                                       \
    {                                                                                                                  \
        .bytes = (s), .is_bytes = true                                                                                 \
    }
#define ARRAY(a)                                                                                                       \
    {                                                                                                                  \
        .bytes = slice_of((a), sizeof(a)), .is_bytes = true                                                            \
    }
#define TEXT(t)                                                                                                        \
    {                                                                                                                  \
        .bytes = slice_text(t), .is_bytes = true, .is_text = true                                                      \
    }

/* So many that may wait make a write of their own. */
#define SPOOL_PATIENT 512

struct spool_write {
    struct spool_write *next;
    const char *sql;
    size_t count;
    struct spool_value values[]; /* their bytes behind the last */
};

int spool_open(const char *path, const char *relay_id, struct err_note *note, struct spool **ret_spool)
{
    struct spool *spool = calloc(1, sizeof *spool);
    int error;

    if (!spool)
        return ERR_NOMEM;
    error = db_open(path, spool_sql_schema(), relay_id, note, &spool->db);
    if (error) {
        free(spool);
        return error;
    }
    *ret_spool = spool;
    return OK;
}

int spool_start(struct spool *spool, struct uv_loop_s *loop, const struct spool_events *events)
{
    struct store_events store_events = {
        .on_commit = events->on_commit, .on_failed = events->on_failed, .ctx = events->ctx};
    int error = store_open(loop, spool->db, &store_events, &spool->store);

    if (error)
        return error;
    spool->db = NULL;
    spool->events = *events;
    return OK;
}

static void spool_free_writes(void *job)
{
    struct spool_write *write = job;

    while (write) {
        struct spool_write *next = write->next;
        free(write);
        write = next;
    }
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    if (spool->store) {
        spool_hurry(spool);
        spool_submit(spool);
        store_close(spool->store);
    }
    db_close(spool->db);
    spool_free_writes(spool->first);
    free(spool);
}

/* ---- collecting and writing ---- */

static void spool_put_patient(struct spool *spool, const char *sql, const struct spool_value *values, size_t count)
{
    size_t size = sizeof(struct spool_write) + count * sizeof(*values);
    struct spool_write *write;
    uint8_t *at;

    if (spool->abandoned)
        return;
    for (size_t i = 0; i < count; i++)
        size += values[i].bytes.len;
    write = malloc(size);
    if (!write) {
        spool->broken = true;
        return;
    }
    write->next = NULL;
    write->sql = sql;
    write->count = count;
    at = (uint8_t *)(write->values + count);
    for (size_t i = 0; i < count; i++) {
        write->values[i] = values[i];
        write->values[i].bytes.data = at;
        if (values[i].bytes.len > 0)
            memcpy(at, values[i].bytes.data, values[i].bytes.len);
        at += values[i].bytes.len;
    }
    *(spool->last ? &spool->last->next : &spool->first) = write;
    spool->last = write;
}

void spool_put(struct spool *spool, const char *sql, const struct spool_value *values, size_t count)
{
    spool->urgent = true;
    spool_put_patient(spool, sql, values, count);
}

#define PUT(spool, sql, values) spool_put((spool), (sql), (values), sizeof(values) / sizeof((values)[0]))

/* On the store's thread, inside the group's transaction. */
static int spool_run(struct db *db, void *job)
{
    for (struct spool_write *write = job; write; write = write->next) {
        sqlite3_stmt *statement = db_statement(db, write->sql);
        int error;

        for (size_t i = 0; i < write->count; i++) {
            const struct spool_value *value = &write->values[i];
            int position = (int)i + 1;
            if (value->is_text)
                error = sqlite3_bind_text(statement, position, (const char *)value->bytes.data, (int)value->bytes.len,
                                          SQLITE_STATIC);
            else if (value->is_bytes)
                error = sqlite3_bind_blob(statement, position, value->bytes.data, (int)value->bytes.len, SQLITE_STATIC);
            else
                error = sqlite3_bind_int64(statement, position, value->number);
            if (error != SQLITE_OK)
                return ERR_NOMEM;
        }
        error = db_run(db, statement);
        if (error)
            return error;
    }
    return OK;
}

void spool_abandon(struct spool *spool)
{
    spool->abandoned = true;
    spool_free_writes(spool->first);
    spool->first = spool->last = NULL;
}

uint64_t spool_submit(struct spool *spool)
{
    uint64_t ticket;

    if (spool->broken && !spool->abandoned) {
        spool_abandon(spool);
        spool->events.on_failed(spool->events.ctx, ERR_NOMEM, "out of memory before a write");
    }
    if (!spool->first || (!spool->urgent && spool->patient < SPOOL_PATIENT))
        return store_last_ticket(spool->store);
    spool->urgent = false;
    spool->patient = 0;
    ticket = store_write(spool->store, spool_run, spool->first, spool_free_writes);
    spool->first = spool->last = NULL;
    return ticket;
}

void spool_hurry(struct spool *spool)
{
    spool->urgent = spool->first != NULL;
}

uint64_t spool_committed(const struct spool *spool)
{
    return store_committed(spool->store);
}

size_t spool_step(struct spool *spool)
{
    return store_step(spool->store);
}

struct spool_counters spool_counters(const struct spool *spool)
{
    struct store_counters store = store_counters(spool->store);

    return (struct spool_counters){.commits = store.commits,
                                   .writes = store.writes,
                                   .waiting = store.waiting,
                                   .commit_us_total = store.commit_us_total,
                                   .commit_us_last = store.commit_us_last,
                                   .free_bytes = store.free_bytes};
}

/* ---- what is put ---- */

void spool_put_member(struct spool *spool, uint32_t number, const char *id)
{
    const struct spool_value values[] = {NUMBER(number), TEXT(id)};

    PUT(spool, "INSERT INTO members VALUES (?, ?)", values);
}

void spool_put_roster(struct spool *spool, uint64_t version, struct slice signed_roster)
{
    const struct spool_value values[] = {NUMBER(version), BYTES(signed_roster)};

    PUT(spool, "INSERT OR REPLACE INTO rosters VALUES (?, ?)", values);
}

void spool_drop_roster(struct spool *spool, uint64_t version)
{
    const struct spool_value values[] = {NUMBER(version)};

    PUT(spool, "DELETE FROM rosters WHERE version = ?", values);
}

void spool_put_card(struct spool *spool, uint32_t member, struct slice signed_card)
{
    const struct spool_value values[] = {NUMBER(member), BYTES(signed_card)};

    PUT(spool, "INSERT OR REPLACE INTO cards VALUES (?, ?)", values);
}

void spool_put_envelope(struct spool *spool, const struct spool_envelope *row, const struct parcel *parcel)
{
    const struct spool_value index[] = {NUMBER(row->number),    NUMBER(row->sender),         ARRAY(row->id.bytes),
                                        ARRAY(row->hash.bytes), NUMBER(row->kind),           NUMBER(row->act),
                                        NUMBER(row->urgency),   NUMBER(row->exercise),       NUMBER(row->has_self),
                                        NUMBER(row->revision),  NUMBER(row->sent_us),        NUMBER(row->expires_us),
                                        NUMBER(row->taken_us),  NUMBER(row->roster_version), NUMBER(row->size_bytes),
                                        NUMBER(row->opener),    BYTES(row->case_id),         BYTES(row->header),
                                        BYTES(row->who)};
    const struct spool_value body[] = {NUMBER(row->number), ARRAY(parcel->signature.bytes),
                                       BYTES(slice_of(parcel->self, parcel->has_self ? sizeof parcel->self : 0)),
                                       BYTES(buf_slice(&parcel->locks)), BYTES(buf_slice(&parcel->body))};

    PUT(spool, "INSERT INTO envelopes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", index);
    PUT(spool, "INSERT INTO bodies VALUES (?,?,?,?,?)", body);
}

void spool_put_grant(struct spool *spool, const struct spool_grant *row)
{
    const struct spool_value values[] = {NUMBER(row->number), NUMBER(row->place), NUMBER(row->member),
                                         ARRAY(row->key_id.bytes), BYTES(slice_of(row->lock, PARCEL_LOCK_BYTES))};

    PUT(spool, "INSERT OR REPLACE INTO grants VALUES (?,?,?,?,?)", values);
}

void spool_put_answers(struct spool *spool, uint64_t number, struct slice answers)
{
    const struct spool_value values[] = {NUMBER(number), BYTES(answers)};

    PUT(spool, "INSERT OR REPLACE INTO answers VALUES (?, ?)", values);
}

void spool_drop_envelope(struct spool *spool, uint64_t number, int64_t until_us)
{
    const struct spool_value seen[] = {NUMBER(until_us), NUMBER(number)};
    const struct spool_value values[] = {NUMBER(number)};

    PUT(spool, "INSERT OR REPLACE INTO seen SELECT sender, id, hash, ? FROM envelopes WHERE number = ?", seen);
    PUT(spool, "DELETE FROM bodies WHERE number = ?", values);
    PUT(spool, "DELETE FROM grants WHERE number = ?", values);
    PUT(spool, "DELETE FROM answers WHERE number = ?", values);
    PUT(spool, "DELETE FROM envelopes WHERE number = ?", values);
}

void spool_put_seen(struct spool *spool, uint32_t sender, const struct key_uuid *id, const struct key_hash *hash,
                    int64_t until_us)
{
    const struct spool_value values[] = {NUMBER(sender), ARRAY(id->bytes), ARRAY(hash->bytes), NUMBER(until_us)};

    PUT(spool, "INSERT OR REPLACE INTO seen VALUES (?,?,?,?)", values);
}

void spool_put_case(struct spool *spool, const struct spool_case *row)
{
    const struct spool_value values[] = {NUMBER(row->opener),  NUMBER(row->exercise),   ARRAY(row->case_id.bytes),
                                         NUMBER(row->act),     NUMBER(row->free_used),  NUMBER(row->revision),
                                         NUMBER(row->sent_us), NUMBER(row->expires_us), ARRAY(row->hash.bytes),
                                         BYTES(row->holders)};

    PUT(spool, "INSERT OR REPLACE INTO cases VALUES (?,?,?,?,?,?,?,?,?,?)", values);
}

void spool_put_owed(struct spool *spool, const struct spool_owed *row)
{
    const struct spool_value values[] = {NUMBER(row->owner), ARRAY(row->name.bytes), NUMBER(row->kind),
                                         NUMBER(row->until_us), BYTES(row->bytes)};

    PUT(spool, "INSERT OR REPLACE INTO owed VALUES (?,?,?,?,?)", values);
}

void spool_drop_owed(struct spool *spool, uint32_t owner, const uint8_t name[RECEIPT_NAME_BYTES])
{
    const struct spool_value values[] = {NUMBER(owner), BYTES(slice_of(name, RECEIPT_NAME_BYTES))};

    spool_put_patient(spool, "DELETE FROM owed WHERE owner = ? AND name = ?", values, 2);
    spool->patient++;
}

void spool_drop_seen(struct spool *spool, uint32_t sender, const uint8_t id[KEY_UUID_BYTES])
{
    const struct spool_value values[] = {NUMBER(sender), BYTES(slice_of(id, KEY_UUID_BYTES))};

    PUT(spool, "DELETE FROM seen WHERE sender = ? AND id = ?", values);
}

void spool_drop_case(struct spool *spool, uint32_t opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES])
{
    const struct spool_value values[] = {NUMBER(opener), NUMBER(exercise), BYTES(slice_of(case_id, KEY_UUID_BYTES))};

    PUT(spool, "DELETE FROM cases WHERE opener = ? AND exercise = ? AND case_id = ?", values);
}

void spool_put_evidence(struct spool *spool, const struct spool_evidence *row)
{
    const struct spool_value values[] = {NUMBER(row->at_us),      NUMBER(row->sender),        ARRAY(row->id.bytes),
                                         ARRAY(row->first.bytes), ARRAY(row->second.bytes),   BYTES(row->header),
                                         BYTES(row->signature),   ARRAY(row->body_hash.bytes)};

    PUT(spool,
        "INSERT INTO evidence (at_us, sender, id, first, second, header, signature, body_hash)"
        " VALUES (?,?,?,?,?,?,?,?)",
        values);
}

void spool_expire(struct spool *spool, int64_t now_us)
{
    const struct spool_value values[] = {NUMBER(now_us)};
    const struct spool_value cases[] = {NUMBER(now_us - LIMIT_AFTERLIFE_US)};

    PUT(spool, "DELETE FROM seen WHERE until_us <= ?", values);
    PUT(spool, "DELETE FROM owed WHERE until_us <= ?", values);
    PUT(spool, "DELETE FROM cases WHERE expires_us <= ?", cases);
}
