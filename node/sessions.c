/* sessions: the table of who is logged in. Must never keep, log or give away a cookie. */
#include "node/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/seal.h"
#include "proto/wire.h"

/* So often is the last use written down: a restart may make a session that much older. */
#define SAVE_EVERY_US (INT64_C(600) * 1000000)

void sessions_init(struct sessions *sessions)
{
    lookup_init(&sessions->table, offsetof(struct sessions_row, hash), KEY_HASH_BYTES);
}

void sessions_done(struct sessions *sessions)
{
    size_t at = 0;
    for (struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;)
        free(session);
    lookup_done(&sessions->table);
}

static struct key_hash hash_of(const char *cookie)
{
    return seal_personal_hash("hotline session", slice_text(cookie));
}

void sessions_csrf(const char *cookie, char text[2 * KEY_HASH_BYTES + 1])
{
    struct key_hash hash = seal_personal_hash("hotline csrf", slice_text(cookie));
    buf_hex(slice_of(hash.bytes, KEY_HASH_BYTES), text);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sessions_end_us(const struct sessions_row *session)
{
    return least(session->used_us + LIMIT_SESSION_IDLE_US, session->begun_us + LIMIT_SESSION_LIFE_US);
}

/* --- at rest --- */

/* patient: nobody misses it when it is lost in a crash. */
static void save(struct vault *vault, struct sessions_row *session, bool patient)
{
    Hotline__Node__SessionRecord record = HOTLINE__NODE__SESSION_RECORD__INIT;
    struct slice key = slice_of(session->hash.bytes, KEY_HASH_BYTES);
    struct buf bytes;
    WIRE_SET_BYTES(&record, hash, session->hash.bytes, KEY_HASH_BYTES);
    record.user = session->user;
    WIRE_SET(&record, begun_at_us, session->begun_us);
    WIRE_SET(&record, used_at_us, session->used_us);
    buf_init(&bytes);
    wire_pack(&record.base, &bytes);
    CHECK(!buf_broken(&bytes));
    if (patient)
        vault_note(vault, VAULT_SESSION, key, buf_slice(&bytes));
    else
        (void)vault_put(vault, VAULT_SESSION, key, NULL, buf_slice(&bytes));
    buf_free(&bytes);
    session->saved_us = session->used_us;
}

int sessions_load(struct sessions *sessions, struct slice bytes)
{
    Hotline__Node__SessionRecord *record = hotline__node__session_record__unpack(NULL, bytes.len, bytes.data);
    struct sessions_row *session = calloc(1, sizeof *session);
    int error = record == NULL ? ERR_CORRUPT :
        session == NULL        ? ERR_NOMEM :
                                 key_hash_from(wire_slice(record->hash), &session->hash);
    if (error == OK) {
        snprintf(session->user, sizeof session->user, "%s", wire_text(record->user));
        session->begun_us = record->begun_at_us;
        session->used_us = session->saved_us = record->used_at_us;
        error = lookup_add(&sessions->table, session);
    }
    if (error != OK)
        free(session);
    if (record != NULL)
        hotline__node__session_record__free_unpacked(record, NULL);
    return error == OK || error == ERR_NOMEM ? error : ERR_CORRUPT;
}

/* --- life --- */

void sessions_end(struct sessions *sessions, struct vault *vault, struct sessions_row *session)
{
    (void)vault_remove(vault, VAULT_SESSION, slice_of(session->hash.bytes, KEY_HASH_BYTES));
    (void)lookup_remove(&sessions->table, &session->hash);
    free(session);
}

size_t sessions_count(const struct sessions *sessions, const char *user)
{
    size_t at = 0, count = 0;
    for (const struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;)
        count += strcmp(session->user, user) == 0;
    return count;
}

size_t sessions_live(const struct sessions *sessions, int64_t now_us)
{
    size_t at = 0, count = 0;
    for (const struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;)
        count += now_us < sessions_end_us(session);
    return count;
}

static struct sessions_row *stalest(const struct sessions *sessions, const char *user)
{
    struct sessions_row *found = NULL;
    size_t at = 0;
    for (struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;)
        if (strcmp(session->user, user) == 0 && (found == NULL || session->used_us < found->used_us))
            found = session;
    return found;
}

uint64_t sessions_begin(struct sessions *sessions, struct vault *vault, const char *user,
                        const uint8_t secret[SESSIONS_SECRET_BYTES], int64_t now_us)
{
    char cookie[SESSIONS_TEXT_MAX];
    struct sessions_row *session = calloc(1, sizeof *session);
    if (session == NULL)
        return 0;
    sessions_sweep(sessions, vault, now_us);
    while (sessions_count(sessions, user) >= LIMIT_SESSIONS_PER_USER)
        sessions_end(sessions, vault, stalest(sessions, user));
    buf_hex(slice_of(secret, SESSIONS_SECRET_BYTES), cookie);
    session->hash = hash_of(cookie);
    seal_wipe(cookie, sizeof cookie);
    snprintf(session->user, sizeof session->user, "%s", user);
    session->begun_us = session->used_us = now_us;
    if (lookup_add(&sessions->table, session) != OK) {
        free(session);
        return 0;
    }
    save(vault, session, false);
    return vault_ticket(vault);
}

const struct sessions_row *sessions_still(const struct sessions *sessions, const struct key_hash *hash, int64_t now_us)
{
    const struct sessions_row *session = lookup_find(&sessions->table, hash);
    return session != NULL && now_us < sessions_end_us(session) ? session : NULL;
}

const struct sessions_row *sessions_find(const struct sessions *sessions, const char *cookie, int64_t now_us)
{
    struct key_hash hash = hash_of(cookie);
    return sessions_still(sessions, &hash, now_us);
}

struct sessions_row *sessions_use(struct sessions *sessions, struct vault *vault, const char *cookie, int64_t now_us)
{
    struct key_hash hash = hash_of(cookie);
    struct sessions_row *session = lookup_find(&sessions->table, &hash);
    if (session == NULL)
        return NULL;
    if (now_us >= sessions_end_us(session)) {
        sessions_end(sessions, vault, session);
        return NULL;
    }
    if (now_us > session->used_us)
        session->used_us = now_us;
    if (session->used_us - session->saved_us > SAVE_EVERY_US)
        save(vault, session, true);
    return session;
}

size_t sessions_end_user(struct sessions *sessions, struct vault *vault, const char *user)
{
    return sessions_end_others(sessions, vault, user, NULL);
}

size_t sessions_end_others(struct sessions *sessions, struct vault *vault, const char *user, const struct key_hash *but)
{
    size_t at = 0, count = 0;
    for (struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;) {
        if (strcmp(session->user, user) != 0 || (but != NULL && key_hash_equal(&session->hash, but)))
            continue;
        sessions_end(sessions, vault, session);
        count++;
    }
    return count;
}

void sessions_sweep(struct sessions *sessions, struct vault *vault, int64_t now_us)
{
    size_t at = 0;
    for (struct sessions_row *session; (session = lookup_next(&sessions->table, &at)) != NULL;)
        if (now_us >= sessions_end_us(session))
            sessions_end(sessions, vault, session);
}
