/* sessions, accounts, audit: in a real node's store, over a restart of it. */
#include <sqlite3.h>

#include "node/accounts.h"
#include "node/audit.h"
#include "node/sessions.h"
#include "node_room.h"

static const uint8_t secret[SESSIONS_SECRET_BYTES] = {1, 2, 3};

static const char *cookie_of(const uint8_t bytes[SESSIONS_SECRET_BYTES])
{
    static char text[SESSIONS_TEXT_MAX];
    buf_hex(slice_of(bytes, SESSIONS_SECRET_BYTES), text);
    return text;
}

static void restart(struct room *room)
{
    room_settle(room);
    room_close_node(room);
    room_open_node(room);
}

/* ---- sessions ---- */

static void sessions_end_when_idle_and_when_old(void **state)
{
    struct room *room = *state;
    struct sessions *sessions = node_sessions(room->node);
    struct vault *vault = node_vault(room->node);
    int64_t now = room->now_us;
    assert_true(sessions_begin(sessions, vault, "anna", secret, now) > 0);
    assert_non_null(sessions_use(sessions, vault, cookie_of(secret), now + LIMIT_SESSION_IDLE_US - 1));
    assert_non_null(sessions_find(sessions, cookie_of(secret), now + LIMIT_SESSION_LIFE_US - 1));
    assert_null(sessions_find(sessions, cookie_of(secret), now + LIMIT_SESSION_LIFE_US));
    assert_null(sessions_use(sessions, vault, cookie_of(secret), now + LIMIT_SESSION_LIFE_US));
    assert_null(sessions_find(sessions, cookie_of(secret), now)); /* it is gone */
    assert_true(sessions_begin(sessions, vault, "anna", secret, now) > 0);
    assert_null(sessions_use(sessions, vault, cookie_of(secret), now + LIMIT_SESSION_IDLE_US));
}

static void sessions_sixth_login_ends_the_stalest(void **state)
{
    struct room *room = *state;
    struct sessions *sessions = node_sessions(room->node);
    struct vault *vault = node_vault(room->node);
    uint8_t each[SESSIONS_SECRET_BYTES] = {0};
    for (uint8_t i = 0; i < 5; i++) {
        each[0] = i;
        assert_true(sessions_begin(sessions, vault, "anna", each, room->now_us + i) > 0);
    }
    each[0] = 0;
    assert_non_null(sessions_use(sessions, vault, cookie_of(each), room->now_us + 10));
    assert_true(sessions_begin(sessions, vault, "bert", secret, room->now_us + 11) > 0);
    each[0] = 9;
    assert_true(sessions_begin(sessions, vault, "anna", each, room->now_us + 12) > 0);
    assert_int_equal(sessions_count(sessions, "anna"), 5);
    each[0] = 1;
    assert_null(sessions_find(sessions, cookie_of(each), room->now_us + 13));
    each[0] = 0;
    assert_non_null(sessions_find(sessions, cookie_of(each), room->now_us + 13));
    assert_int_equal(sessions_end_user(sessions, vault, "anna"), 5);
    assert_int_equal(sessions_count(sessions, "bert"), 1);
}

static void sessions_outlive_a_restart_and_their_end_too(void **state)
{
    struct room *room = *state;
    uint8_t other[SESSIONS_SECRET_BYTES] = {7};
    assert_true(sessions_begin(node_sessions(room->node), node_vault(room->node), "anna", secret, room->now_us) > 0);
    assert_true(sessions_begin(node_sessions(room->node), node_vault(room->node), "bert", other, room->now_us) > 0);
    (void)sessions_end_user(node_sessions(room->node), node_vault(room->node), "bert");
    restart(room);
    const struct sessions_row *session = sessions_find(node_sessions(room->node), cookie_of(secret), room->now_us);
    assert_non_null(session);
    assert_string_equal(session->user, "anna");
    assert_null(sessions_find(node_sessions(room->node), cookie_of(other), room->now_us));
    assert_null(sessions_find(node_sessions(room->node), "", room->now_us));
}

static void sessions_page_word_is_another_for_each_session_and_not_the_cookie(void **state)
{
    (void)state;
    char a[2 * KEY_HASH_BYTES + 1], b[2 * KEY_HASH_BYTES + 1];
    sessions_csrf("one", a);
    sessions_csrf("two", b);
    assert_string_not_equal(a, b);
    sessions_csrf("one", b);
    assert_string_equal(a, b);
}

/* ---- accounts ---- */

static void accounts_user_and_token_outlive_a_restart(void **state)
{
    struct room *room = *state;
    struct err_note note = {""};
    struct user user = {.name = "anna", .role = CALLER_SUPERVISOR, .has_totp = true, .totp_last = 5};
    struct token wanted = {.name = "ccms", .scopes = 3, .expires_us = room->now_us + 1000}, *token = NULL;
    char text[ACCOUNTS_TOKEN_MAX];
    struct accounts *accounts = node_accounts(room->node);
    user.password.argon = accounts_argon();
    memset(user.password.hash, 7, sizeof user.password.hash);
    memset(user.totp_secret, 8, sizeof user.totp_secret);
    assert_int_equal(accounts_add_user(accounts, node_vault(room->node), &user, &note), OK);
    assert_int_equal(accounts_add_user(accounts, node_vault(room->node), &user, &note), ERR_EXISTS);
    assert_int_equal(accounts_add_token(accounts, node_vault(room->node), &wanted, &note, text, &token), OK);
    restart(room);
    accounts = node_accounts(room->node);
    const struct user *found = accounts_user(accounts, "anna");
    assert_non_null(found);
    assert_int_equal(found->role, CALLER_SUPERVISOR);
    assert_memory_equal(&found->password, &user.password, sizeof user.password);
    assert_true(found->has_totp && found->totp_last == 5);
    assert_memory_equal(found->totp_secret, user.totp_secret, TOTP_SECRET_BYTES);
    const struct token *known = accounts_find_token(accounts, text, room->now_us);
    assert_non_null(known);
    assert_int_equal(known->scopes, 3);
    assert_null(accounts_find_token(accounts, text, room->now_us + 1000)); /* expired */
    text[12] ^= 1;
    assert_null(accounts_find_token(accounts, text, room->now_us));
    (void)accounts_remove_token(accounts, node_vault(room->node), accounts_token(accounts, "ccms"));
    (void)accounts_remove_user(accounts, node_vault(room->node), accounts_user(accounts, "anna"));
    restart(room);
    assert_int_equal(node_accounts(room->node)->user_count + node_accounts(room->node)->token_count, 0);
}

static void accounts_names_are_plain(void **state)
{
    (void)state;
    assert_true(accounts_name_ok("anna"));
    assert_true(accounts_name_ok("night-desk_2.b"));
    static const char *const wrong[] = {
        "", "Anna", "2anna", "anna b", "anna/b", "\xc3\xa9lise", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(accounts_name_ok(wrong[i]));
}

static void accounts_are_bounded(void **state)
{
    struct room *room = *state;
    struct err_note note = {""};
    struct user user = {.role = CALLER_OPERATOR};
    for (int i = 0; i < LIMIT_USERS; i++) {
        snprintf(user.name, sizeof user.name, "user-%d", i);
        assert_int_equal(accounts_add_user(node_accounts(room->node), node_vault(room->node), &user, &note), OK);
    }
    snprintf(user.name, sizeof user.name, "one-more");
    assert_int_equal(accounts_add_user(node_accounts(room->node), node_vault(room->node), &user, &note), ERR_LIMIT);
}

/* ---- audit ---- */

struct walk {
    struct audit_walk walk;
    bool over;
};

static void on_record(void *ctx, uint64_t number, int result, struct slice record)
{
    struct walk *walk = ctx;
    if (number != 0)
        (void)audit_walk_step(&walk->walk, result, record);
    else
        walk->over = true;
}

static bool is_over(void *ctx)
{
    return ((struct walk *)ctx)->over;
}

static struct audit_walk verify(struct room *room)
{
    struct walk walk = {.over = false};
    audit_walk_begin(node_audit(room->node), &walk.walk);
    assert_int_equal(
        vault_find_numbers(node_vault(room->node), VAULT_AUDIT, 1, (size_t)walk.walk.last, on_record, &walk), OK);
    assert_int_equal(loop_run_until(room->loop, is_over, &walk, ROOM_DEADLINE_MS), OK);
    return walk.walk;
}

static void add_entries(struct room *room, int count)
{
    for (int i = 0; i < count; i++) {
        const struct audit_entry entry = {
            .at_us = room->now_us, .kind = CALLER_USER, .who = "anna", .act = "POST /v1/x"};
        (void)audit_add(node_audit(room->node), node_vault(room->node), &entry);
    }
    room_settle(room);
}

static void audit_chain_is_whole_over_a_restart(void **state)
{
    struct room *room = *state;
    assert_int_equal(verify(room).broken, 0);
    add_entries(room, 3);
    restart(room);
    add_entries(room, 2);
    struct audit_walk walk = verify(room);
    assert_int_equal(walk.broken, 0);
    assert_int_equal(walk.next, 6);
    assert_int_equal(walk.last, 5);
}

static void sql(const struct room *room, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What happens to the store while the node is down, and the entry that the verifier names then. */
static void tampered(struct room *room, const char *text, uint64_t broken, const char *why)
{
    room_settle(room);
    room_close_node(room);
    sql(room, text);
    room_open_node(room);
    struct audit_walk walk = verify(room);
    assert_int_equal(walk.broken, broken);
    assert_string_equal(walk.why, why);
}

#define AUDIT_SPACE "24"
#define ENTRY(n) "(SELECT rowid FROM record WHERE space=" AUDIT_SPACE " ORDER BY rowid LIMIT 1 OFFSET " #n "-1)"

static void audit_changed_entry_is_named(void **state)
{
    struct room *room = *state;
    assert_int_equal(VAULT_AUDIT, 24);
    add_entries(room, 5);
    tampered(room, "UPDATE record SET sealed=zeroblob(length(sealed)) WHERE rowid=" ENTRY(3), 3,
             "it does not open: it was changed or damaged");
}

static void audit_removed_entry_is_named(void **state)
{
    struct room *room = *state;
    add_entries(room, 5);
    tampered(room, "DELETE FROM record WHERE rowid=" ENTRY(2), 2, "it is missing");
}

static void audit_cut_end_is_named(void **state)
{
    struct room *room = *state;
    add_entries(room, 5);
    tampered(room, "DELETE FROM record WHERE rowid=" ENTRY(5), 5, "it is missing");
}

static void audit_swapped_entries_do_not_open(void **state)
{
    struct room *room = *state;
    add_entries(room, 5);
    tampered(room,
             "CREATE TEMP TABLE t AS SELECT sealed FROM record WHERE rowid=" ENTRY(
                 4) ";"
                    "UPDATE record SET sealed=(SELECT sealed FROM t) WHERE rowid=" ENTRY(3),
             3, "it does not open: it was changed or damaged");
}

/* Whoever has the keys may write what opens; it does not follow. */
static void audit_rewritten_entry_breaks_the_next(void **state)
{
    struct room *room = *state;
    struct audit forged = {.number = 1};
    add_entries(room, 1);
    forged.head = node_audit(room->node)->head;
    add_entries(room, 3);
    const struct audit head = *node_audit(room->node);
    const struct audit_entry entry = {.at_us = room->now_us, .kind = CALLER_USER, .who = "bert", .act = "POST /v1/x"};
    (void)audit_add(&forged, node_vault(room->node), &entry); /* as number 2 */
    assert_int_equal(node_audit(room->node)->number, head.number);
    room_settle(room);
    struct audit_walk walk = verify(room);
    assert_int_equal(walk.broken, 3);
    assert_string_equal(walk.why, "it does not follow the entry before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(sessions_end_when_idle_and_when_old),
        ROOM_TEST(sessions_sixth_login_ends_the_stalest),
        ROOM_TEST(sessions_outlive_a_restart_and_their_end_too),
        ROOM_TEST(sessions_page_word_is_another_for_each_session_and_not_the_cookie),
        ROOM_TEST(accounts_user_and_token_outlive_a_restart),
        ROOM_TEST(accounts_names_are_plain),
        ROOM_TEST(accounts_are_bounded),
        ROOM_TEST(audit_chain_is_whole_over_a_restart),
        ROOM_TEST(audit_changed_entry_is_named),
        ROOM_TEST(audit_removed_entry_is_named),
        ROOM_TEST(audit_cut_end_is_named),
        ROOM_TEST(audit_swapped_entries_do_not_open),
        ROOM_TEST(audit_rewritten_entry_breaks_the_next),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
