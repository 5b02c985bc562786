/* dispatch: tries and their times, what a restart keeps, the bound on their number; hooks: addresses and records. */
#include <unistd.h>

#include "fixture.h"
#include "node/dispatch.h"
#include "node/hooks.h"
#include "proto/clock.h"
#include "proto/seal.h"

struct room {
    char folder[64], path[96];
    struct key_set *keys;
    struct vault *vault;
    struct dispatches all;
    struct hooks hooks;
    struct err_note note;
};

static int load(void *ctx, struct slice record)
{
    return dispatches_load(ctx, record);
}

static int load_hook(void *ctx, struct slice record)
{
    return hooks_load(ctx, record);
}

static void open_room(struct room *room)
{
    const struct store_events events = {0};
    struct db *db = NULL;
    assert_int_equal(db_open(room->path, vault_schema(), "be-baken", &room->note, &db), OK);
    assert_int_equal(vault_open(db, room->keys, NULL, &room->note, &room->vault), OK);
    dispatches_init(&room->all);
    hooks_init(&room->hooks);
    assert_int_equal(vault_each(room->vault, VAULT_DISPATCH, load, &room->all, &room->note), OK);
    assert_int_equal(vault_each(room->vault, VAULT_HOOK, load_hook, &room->hooks, &room->note), OK);
    dispatches_sort(&room->all);
    assert_int_equal(vault_start(room->vault, NULL, &events), OK);
}

static void close_room(struct room *room)
{
    vault_close(room->vault);
    dispatches_done(&room->all);
    hooks_done(&room->hooks);
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    snprintf(room->folder, sizeof room->folder, "/tmp/hotline-test-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.db", room->folder);
    assert_int_equal(seal_start(), OK);
    room->keys = fixture_key(KEY_MEMBER, "be-baken", "BE", 0x10);
    open_room(room);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;
    char command[160];
    close_room(room);
    key_set_free(room->keys);
    snprintf(command, sizeof command, "rm -rf '%s'", room->folder);
    assert_int_equal(system(command), 0);
    free(room);
    return 0;
}

static void commit(struct room *room)
{
    vault_flush(room->vault);
    while (vault_committed(room->vault) < vault_last(room->vault))
        store_step(vault_store(room->vault));
}

static struct dispatch *add(struct room *room, enum dispatch_way way, uint8_t hook, int64_t at_us)
{
    const struct key_uuid id = {{hook}};
    const struct dispatch_new new = {way, way == DISPATCH_WEB ? &id : NULL, "case.received", "{\"type\":\"x\"}", at_us};
    struct dispatch *dispatch = NULL;
    assert_int_equal(dispatches_add(&room->all, room->vault, &new, &dispatch), OK);
    return dispatch;
}

static void dispatch_backoff_grows_to_the_ways_most_with_a_quarter_of_jitter(void **state)
{
    (void)state;
    static const int64_t web_s[] = {5, 15, 45, 135, 405, 1215, 3600, 3600}, mail_s[] = {5, 15, 45, 135, 300, 300},
                         command_s[] = {5, 15, 45, 60, 60};
    for (unsigned i = 0; i < 8; i++) {
        int64_t least = dispatch_backoff_us(DISPATCH_WEB, i + 1, 0);
        int64_t most = dispatch_backoff_us(DISPATCH_WEB, i + 1, UINT32_MAX);
        assert_int_equal(least, web_s[i] * CLOCK_SECOND_US * 3 / 4);
        assert_true(most > web_s[i] * CLOCK_SECOND_US * 124 / 100 && most <= web_s[i] * CLOCK_SECOND_US * 5 / 4);
    }
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(dispatch_backoff_us(DISPATCH_MAIL, i + 1, 0), mail_s[i] * CLOCK_SECOND_US * 3 / 4);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(dispatch_backoff_us(DISPATCH_COMMAND, i + 1, 0), command_s[i] * CLOCK_SECOND_US * 3 / 4);
    assert_true(dispatch_backoff_us(DISPATCH_WEB, UINT32_MAX, UINT32_MAX) <= 75 * CLOCK_MINUTE_US);
}

static void dispatch_that_is_not_committed_is_not_sent(void **state)
{
    struct room *room = *state;
    struct dispatch *one = add(room, DISPATCH_WEB, 1, 1000);
    assert_null(dispatches_due(&room->all, room->vault, 1000));
    commit(room);
    assert_ptr_equal(dispatches_due(&room->all, room->vault, 1000), one);
    assert_null(dispatches_due(&room->all, room->vault, 999));
}

static void dispatch_receiver_that_hangs_holds_up_nobody_else(void **state)
{
    struct room *room = *state;
    for (int i = 0; i < 5; i++)
        add(room, DISPATCH_WEB, 1, 1000 + i);
    struct dispatch *other = add(room, DISPATCH_WEB, 2, 2000), *mail = add(room, DISPATCH_MAIL, 0, 3000);
    commit(room);
    for (int i = 0; i < LIMIT_DISPATCH_BESIDE; i++)
        dispatches_due(&room->all, room->vault, 9000)->flying = true;
    assert_ptr_equal(dispatches_due(&room->all, room->vault, 9000), other);
    other->flying = true;
    assert_ptr_equal(dispatches_due(&room->all, room->vault, 9000), mail);
    mail->flying = true;
    assert_null(dispatches_due(&room->all, room->vault, 9000));
}

static void dispatch_is_tried_until_its_time_is_over(void **state)
{
    struct room *room = *state;
    const struct dispatch_result no = {.answer = 500, .why = "it answered with an error"};
    struct dispatch *one = add(room, DISPATCH_WEB, 1, 0);
    int64_t now_us = 0;
    unsigned tries = 0;
    while (one->state == DISPATCH_WAITING && tries < 100) {
        now_us = one->next_us;
        dispatches_settle(&room->all, room->vault, one, &no, now_us);
        tries++;
    }
    assert_int_equal(one->state, DISPATCH_FAILED);
    assert_true(now_us <= LIMIT_DISPATCH_WEB_US && now_us > LIMIT_DISPATCH_WEB_US - 2 * CLOCK_HOUR_US);
    assert_true(tries > 20 && tries < 50);
    assert_int_equal(room->all.counters.waiting, 0);
    assert_string_equal(one->why, "it answered with an error");
}

static void dispatch_final_no_is_not_tried_again(void **state)
{
    struct room *room = *state;
    const struct dispatch_result gone = {.final = true, .answer = 410, .why = "gone"};
    struct dispatch *one = add(room, DISPATCH_WEB, 1, 0);
    dispatches_settle(&room->all, room->vault, one, &gone, 5);
    assert_int_equal(one->state, DISPATCH_FAILED);
}

static void dispatch_outcome_and_next_try_outlive_a_restart(void **state)
{
    struct room *room = *state;
    const struct dispatch_result yes = {.taken = true, .answer = 204}, no = {.answer = 503, .why = "not now"};
    struct dispatch *taken = add(room, DISPATCH_MAIL, 0, 1000), *failed = add(room, DISPATCH_WEB, 7, 2000);
    dispatches_settle(&room->all, room->vault, taken, &yes, 1500);
    dispatches_settle(&room->all, room->vault, failed, &no, 2500);
    int64_t next_us = failed->next_us;
    commit(room);
    close_room(room);
    open_room(room);
    assert_int_equal(room->all.count, 2);
    assert_int_equal(room->all.counters.waiting, 1);
    assert_int_equal(room->all.list[0]->state, DISPATCH_DELIVERED);
    assert_int_equal(room->all.list[0]->ended_at_us, 1500);
    assert_int_equal(room->all.list[1]->next_us, next_us);
    assert_int_equal(room->all.list[1]->tries, 1);
    assert_int_equal(room->all.list[1]->answer, 503);
    assert_string_equal(room->all.list[1]->body, "{\"type\":\"x\"}");
    assert_null(dispatches_due(&room->all, room->vault, next_us - 1));
    assert_ptr_equal(dispatches_due(&room->all, room->vault, next_us), room->all.list[1]);
}

static void dispatch_again_is_the_same_id_with_fresh_patience(void **state)
{
    struct room *room = *state;
    const struct dispatch_result gone = {.final = true, .why = "gone"};
    struct dispatch *one = add(room, DISPATCH_WEB, 1, 0);
    struct key_uuid id = one->id;
    dispatches_settle(&room->all, room->vault, one, &gone, 5);
    dispatches_again(&room->all, room->vault, one, 2 * CLOCK_DAY_US);
    commit(room);
    assert_ptr_equal(dispatches_due(&room->all, room->vault, 2 * CLOCK_DAY_US), one);
    assert_memory_equal(&one->id, &id, sizeof id);
    assert_int_equal(one->tries, 0);
}

static void dispatch_beyond_the_most_what_is_over_goes_first(void **state)
{
    struct room *room = *state;
    const struct dispatch_result yes = {.taken = true};
    for (int i = 0; i < LIMIT_DISPATCHES; i++)
        add(room, DISPATCH_WEB, 1, i);
    struct key_uuid over = room->all.list[3]->id, oldest = room->all.list[0]->id;
    dispatches_settle(&room->all, room->vault, room->all.list[3], &yes, 5);
    add(room, DISPATCH_WEB, 1, 5000);
    assert_null(dispatches_by_id(&room->all, &over));
    assert_non_null(dispatches_by_id(&room->all, &oldest));
    assert_int_equal(room->all.counters.dropped, 0);
    add(room, DISPATCH_WEB, 1, 5001);
    assert_null(dispatches_by_id(&room->all, &oldest));
    assert_int_equal(room->all.counters.dropped, 1);
    assert_int_equal(room->all.count, LIMIT_DISPATCHES);
    assert_int_equal(room->all.counters.waiting, LIMIT_DISPATCHES);
}

static void dispatch_way_fails_while_its_newest_try_did(void **state)
{
    struct room *room = *state;
    const struct dispatch_result no = {.why = "no"}, yes = {.taken = true};
    const struct key_uuid hook = {{1}}, other = {{2}};
    const struct dispatch *last = NULL;
    struct dispatch *one = add(room, DISPATCH_WEB, 1, 0);
    assert_false(dispatches_fails(&room->all, DISPATCH_WEB, &hook, &last));
    dispatches_settle(&room->all, room->vault, one, &no, 1);
    assert_false(dispatches_fails(&room->all, DISPATCH_WEB, &hook, &last));
    dispatches_settle(&room->all, room->vault, one, &no, 2);
    assert_true(dispatches_fails(&room->all, DISPATCH_WEB, &hook, &last));
    assert_ptr_equal(last, one);
    assert_false(dispatches_fails(&room->all, DISPATCH_WEB, &other, &last));
    assert_false(dispatches_fails(&room->all, DISPATCH_MAIL, NULL, &last));
    dispatches_settle(&room->all, room->vault, add(room, DISPATCH_WEB, 1, 3), &yes, 4);
    assert_false(dispatches_fails(&room->all, DISPATCH_WEB, &hook, &last));
}

static void dispatch_of_a_removed_webhook_fails(void **state)
{
    struct room *room = *state;
    struct dispatch *mine = add(room, DISPATCH_WEB, 1, 0), *other = add(room, DISPATCH_WEB, 2, 0);
    const struct key_uuid hook = {{1}};
    dispatches_orphan(&room->all, room->vault, &hook, 7);
    assert_int_equal(mine->state, DISPATCH_FAILED);
    assert_int_equal(other->state, DISPATCH_WAITING);
    assert_int_equal(room->all.counters.waiting, 1);
}

static void hooks_address_is_refused_before_it_is_resolved(void **state)
{
    struct room *room = *state;
    static const struct {
        const char *url;
        int none, loopback, private_networks;
    } rows[] = {
        {"https://hook.example/x?y=1", OK, OK, OK},
        {"https://[2a00:1450:4001::5]:8443/x", OK, OK, OK},
        {"http://hook.example/", ERR_POLICY, OK, ERR_POLICY},
        {"http://127.0.0.1:8080/", ERR_POLICY, OK, ERR_POLICY},
        {"https://127.0.0.1/", ERR_POLICY, OK, ERR_POLICY},
        {"http://192.168.1.1/", ERR_POLICY, ERR_POLICY, ERR_POLICY},
        {"https://192.168.1.1/", ERR_POLICY, ERR_POLICY, OK},
        {"https://169.254.169.254/", ERR_POLICY, ERR_POLICY, ERR_POLICY},
        {"https://user:pw@hook.example/", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"https://hook.example/ x", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"https://hook.example/\r\nHost: x", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"https://hook.example/#x", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"https:///x", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"https://[::1", ERR_INVALID, ERR_INVALID, ERR_INVALID},
        {"gopher://hook.example/", ERR_POLICY, ERR_POLICY, ERR_POLICY},
        {"", ERR_POLICY, ERR_POLICY, ERR_POLICY},
    };
    const struct hooks_policy none = {false, false}, loopback = {true, false}, private_networks = {false, true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hooks_check_url(rows[i].url, &none, &room->note), rows[i].none);
        assert_int_equal(hooks_check_url(rows[i].url, &loopback, &room->note), rows[i].loopback);
        assert_int_equal(hooks_check_url(rows[i].url, &private_networks, &room->note), rows[i].private_networks);
    }
}

static void hooks_keys_and_events_outlive_a_restart(void **state)
{
    struct room *room = *state;
    const struct hooks_wish wish = {"https://hook.example/x", HOOKS_USUAL, "ineke", 1000};
    struct hook *hook = NULL;
    assert_int_equal(hooks_add(&room->hooks, room->vault, &wish, &room->note, &hook), OK);
    struct hook before = *hook;
    commit(room);
    close_room(room);
    open_room(room);
    assert_int_equal(room->hooks.count, 1);
    hook = room->hooks.list[0];
    assert_memory_equal(&hook->keys, &before.keys, sizeof before.keys);
    assert_memory_equal(&hook->id, &before.id, sizeof before.id);
    assert_int_equal(hook->events, HOOKS_USUAL);
    assert_string_equal(hook->url, "https://hook.example/x");
    assert_string_equal(hook->created_by, "ineke");
    hooks_remove(&room->hooks, room->vault, hook);
    commit(room);
    close_room(room);
    open_room(room);
    assert_int_equal(room->hooks.count, 0);
}

static void hooks_beyond_the_most_are_refused(void **state)
{
    struct room *room = *state;
    const struct hooks_wish wish = {"https://hook.example/x", 1, "ineke", 1000};
    struct hook *hook = NULL;
    for (int i = 0; i < LIMIT_HOOKS; i++)
        assert_int_equal(hooks_add(&room->hooks, room->vault, &wish, &room->note, &hook), OK);
    assert_int_equal(hooks_add(&room->hooks, room->vault, &wish, &room->note, &hook), ERR_LIMIT);
}

static void hooks_event_names_are_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < HOOKS_EVENTS; i++)
        assert_int_equal(hooks_event_find(hooks_event_name((enum hooks_event)i)), i);
    assert_int_equal(hooks_event_find("case.recieved"), HOOKS_EVENTS);
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(dispatch_backoff_grows_to_the_ways_most_with_a_quarter_of_jitter),
        ROOM(dispatch_that_is_not_committed_is_not_sent),
        ROOM(dispatch_receiver_that_hangs_holds_up_nobody_else),
        ROOM(dispatch_is_tried_until_its_time_is_over),
        ROOM(dispatch_final_no_is_not_tried_again),
        ROOM(dispatch_outcome_and_next_try_outlive_a_restart),
        ROOM(dispatch_again_is_the_same_id_with_fresh_patience),
        ROOM(dispatch_beyond_the_most_what_is_over_goes_first),
        ROOM(dispatch_way_fails_while_its_newest_try_did),
        ROOM(dispatch_of_a_removed_webhook_fails),
        ROOM(hooks_address_is_refused_before_it_is_resolved),
        ROOM(hooks_keys_and_events_outlive_a_restart),
        ROOM(hooks_beyond_the_most_are_refused),
        cmocka_unit_test(hooks_event_names_are_found_again),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
