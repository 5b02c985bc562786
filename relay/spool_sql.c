/*
 * spool_sql - the schema of a relay's store.
 *
 * Envelopes and bodies are apart, so that a start reads small rows only; answers are apart, so that a receipt rewrites
 * some bytes and not an alert. A seen row is written when its envelope goes: before, the envelope's own row says it.
 * Must never change a migration that was released: add one.
 */
#include "relay/spool_sql.h"

static const char *const spool_sql_migrations[] = {
    "CREATE TABLE members (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE rosters (version INTEGER PRIMARY KEY, signed BLOB NOT NULL) STRICT;"
    "CREATE TABLE cards (member INTEGER PRIMARY KEY, signed BLOB NOT NULL) STRICT;"
    "CREATE TABLE envelopes (number INTEGER PRIMARY KEY, sender INTEGER NOT NULL, id BLOB NOT NULL, hash BLOB NOT NULL,"
    " kind INTEGER NOT NULL, act INTEGER NOT NULL, urgency INTEGER NOT NULL, exercise INTEGER NOT NULL,"
    " has_self INTEGER NOT NULL, revision INTEGER NOT NULL, sent_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
    " taken_us INTEGER NOT NULL, roster_version INTEGER NOT NULL, size_bytes INTEGER NOT NULL, opener INTEGER NOT NULL,"
    " case_id BLOB NOT NULL, header BLOB NOT NULL, who BLOB NOT NULL) STRICT;"
    "CREATE TABLE bodies (number INTEGER PRIMARY KEY, signature BLOB NOT NULL, self BLOB NOT NULL, locks BLOB NOT NULL,"
    " body BLOB NOT NULL) STRICT;"
    "CREATE TABLE grants (number INTEGER NOT NULL, place INTEGER NOT NULL, member INTEGER NOT NULL,"
    " key_id BLOB NOT NULL,"
    " lock BLOB NOT NULL, PRIMARY KEY (number, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE answers (number INTEGER PRIMARY KEY, states BLOB NOT NULL) STRICT;"
    "CREATE TABLE seen (sender INTEGER NOT NULL, id BLOB NOT NULL, hash BLOB NOT NULL, until_us INTEGER NOT NULL,"
    " PRIMARY KEY (sender, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE cases (opener INTEGER NOT NULL, exercise INTEGER NOT NULL, case_id BLOB NOT NULL,"
    " act INTEGER NOT NULL,"
    " free_used INTEGER NOT NULL, revision INTEGER NOT NULL, sent_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
    " hash BLOB NOT NULL, holders BLOB NOT NULL, PRIMARY KEY (opener, exercise, case_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE owed (owner INTEGER NOT NULL, name BLOB NOT NULL, kind INTEGER NOT NULL, until_us INTEGER NOT NULL,"
    " bytes BLOB NOT NULL, PRIMARY KEY (owner, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE evidence (number INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, sender INTEGER NOT NULL,"
    " id BLOB NOT NULL,"
    " first BLOB NOT NULL, second BLOB NOT NULL, header BLOB NOT NULL, signature BLOB NOT NULL,"
    " body_hash BLOB NOT NULL) STRICT;",
    "CREATE TABLE blobs (name BLOB PRIMARY KEY, chunks INTEGER NOT NULL, whole INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE blob_chunks (name BLOB NOT NULL, chunk INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (name, chunk)) STRICT;",
};

const struct db_schema *spool_sql_schema(void)
{
    static const struct db_schema schema = {.kind = "relay",
                                            .migrations = spool_sql_migrations,
                                            .count = sizeof spool_sql_migrations / sizeof spool_sql_migrations[0]};

    return &schema;
}
