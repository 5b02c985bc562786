/* relay: rules of which a small slip loses, doubles or leaks, each by the one behaviour that shows it. */
#include <sqlite3.h>

#include "proto/log.h"
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2
#define DELIVERED HOTLINE__RECEIPT_STATE__CODE__DELIVERED
#define ACT(code) HOTLINE__ACT__CODE__##code
#define REFUSED(code) HOTLINE__REFUSED_CODE__CODE__##code

static void to_france(struct world *world, const struct world_case *from, struct world_alert *ret_alert)
{
    world_seal(world, from, ret_alert);
    world_grant(world, ret_alert, FR);
}

static void publish(struct world *world, const struct world_case *from)
{
    struct world_alert alert;
    to_france(world, from, &alert);
    world_publish(world, &alert);
    world_alert_done(&alert);
}

static int refused(struct world *world)
{
    return (int)((Hotline__Refused *)world_take(world, BE, WIRE_REFUSED))->code;
}

/* Whoever was silent so long greets anew. */
static void pass_and_greet(struct world *world, int64_t us)
{
    world_pass(world, us);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++) {
        world->connection[i]++;
        world_hello(world, i);
    }
    world_commit(world);
    world_forget(world);
}

static void restart(struct world *world)
{
    world_commit(world);
    world_stop(world);
    world_start(world);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        world->connection[i]++;
    world_forget(world);
}

/* Another body under the id of this one; it may expire later. The first one's buffers stay its own. */
static void say_otherwise(struct world *world, const struct world_alert *first, int64_t expires_us)
{
    struct world_alert other = *first;
    ProtobufCMessage *message;
    Hotline__EnvelopeHeader *header;
    Hotline__Pulse body = HOTLINE__PULSE__INIT;
    wire_arena_clear(&world->arena);
    assert_int_equal(wire_unpack(&hotline__envelope_header__descriptor, buf_slice(&first->sealed.header), &world->arena,
                                 NULL, &message),
                     OK);
    header = (Hotline__EnvelopeHeader *)message;
    WIRE_SET(header, expires_at_us, expires_us);
    WIRE_SET(&body, clock_us, 2);
    assert_int_equal(envelope_seal(header, &body.base, &world->fixture.member[BE]->identity_secret, &other.sealed), OK);
    world_publish(world, &other);
    envelope_sealed_done(&other.sealed);
}

/* In the relay's store, while it is stopped. */
static int64_t in_store(const struct world *world, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t number = 0;
    assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

/* ---- times ---- */

static void relay_closing_is_taken_and_kept_for_30_days_beyond_its_time(void **state)
{
    struct world *world = *state;
    struct world_alert closing;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE});
    to_france(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(CLOSE)}, &closing);
    pass_and_greet(world, 4 * CLOCK_DAY_US); /* its sender was away meanwhile */
    world->deaf = true;                      /* and now its recipient is */
    world_publish(world, &closing);
    world_commit(world);
    world->deaf = false;
    assert_int_equal(relay_numbers(world->relay, world->now_us)->refused[REFUSED(EXPIRED)], 0);
    pass_and_greet(world, 5 * CLOCK_DAY_US);
    assert_int_equal(world_counters(world)->owed, 1);
    world->connection[FR]++;
    world_hello(world, FR);
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
    pass_and_greet(world, 26 * CLOCK_DAY_US);
    assert_int_equal(world_counters(world)->held, 0);
    world_alert_done(&closing);
}

static void relay_dead_roster_opens_nothing_and_closes_all_the_same(void **state)
{
    struct world *world = *state;
    int64_t until_us = world->now_us + 90 * CLOCK_DAY_US;
    world->conf.limits.validity_max_us = 100 * CLOCK_DAY_US;
    relay_reconfigure(world->relay, &world->conf);
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE, .expires_us = until_us});
    pass_and_greet(world, 59 * CLOCK_DAY_US);
    publish(world, &(struct world_case){.sender = BE, .case_id = 7});
    world_none(world, BE, WIRE_REFUSED); /* within its grace */
    pass_and_greet(world, 2 * CLOCK_DAY_US);
    publish(world, &(struct world_case){.sender = BE, .case_id = 8});
    assert_int_equal(refused(world), REFUSED(ROSTER_STALE));
    publish(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(CLOSE), .expires_us = until_us});
    world_none(world, BE, WIRE_REFUSED);
}

static void relay_second_closing_is_outside_no_rate(void **state)
{
    struct world *world = *state;
    uint32_t revision;
    world_hello_all(world);
    for (revision = 1; revision <= 121; revision++)
        publish(
            world,
            &(struct world_case){.sender = BE, .revision = revision, .act = revision == 1 ? ACT(OPEN) : ACT(UPDATE)});
    world_none(world, BE, WIRE_REFUSED);
    publish(world, &(struct world_case){.sender = BE, .revision = revision, .act = ACT(CLOSE)});
    world_none(world, BE, WIRE_REFUSED);
    publish(world, &(struct world_case){.sender = BE, .revision = revision + 1, .act = ACT(CLOSE)});
    assert_int_equal(refused(world), REFUSED(RATE));
}

/* ---- what is remembered ---- */

/* The caller ends it with world_alert_done. */
static void say_older_after_newer(struct world *world, struct world_alert *older)
{
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE}, older);
    publish(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(UPDATE)});
    world_publish(world, older);
}

static void relay_id_of_a_revision_that_came_too_late_stays_taken_over_a_restart(void **state)
{
    struct world *world = *state;
    struct world_alert older;
    say_older_after_newer(world, &older);
    restart(world);
    world_hello(world, BE);
    say_otherwise(world, &older, world->now_us + CLOCK_DAY_US);
    assert_int_equal(refused(world), REFUSED(DISPUTED));
    world_stop(world);
    assert_int_equal(in_store(world, "SELECT count(*) FROM evidence"), 1); /* both hashes, and who signed the second */
    world_start(world);
    world_alert_done(&older);
}

static void relay_id_stays_taken_for_30_days_after_its_envelope_expired(void **state)
{
    struct world *world = *state;
    struct world_alert first;
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE, .expires_us = world->now_us + CLOCK_HOUR_US}, &first);
    world_publish(world, &first);
    pass_and_greet(world, 2 * CLOCK_DAY_US);
    assert_int_equal(world_counters(world)->held, 0);
    say_otherwise(world, &first, world->now_us + CLOCK_DAY_US);
    assert_int_equal(refused(world), REFUSED(DISPUTED));
    world_none(world, FR, WIRE_DELIVER);
    world_alert_done(&first);
}

/* The newest revision expired first: what is older must not come back as news, after a restart neither. */
static void relay_order_of_a_case_outlives_its_newest_revision(void **state)
{
    struct world *world = *state;
    struct world_alert older;
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE}, &older);
    publish(world,
            &(struct world_case){
                .sender = BE, .revision = 2, .act = ACT(UPDATE), .expires_us = world->now_us + CLOCK_HOUR_US});
    pass_and_greet(world, 2 * CLOCK_HOUR_US);
    assert_int_equal(world_counters(world)->held, 0);
    restart(world);
    world_hello(world, FR);
    world_hello(world, BE);
    world_publish(world, &older);
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(world_accepted(world, BE)->n_granted, 0);
    world_alert_done(&older);
}

static void relay_order_of_a_case_is_kept_for_the_longest_of_its_revisions(void **state)
{
    struct world *world = *state;
    struct world_alert closing;
    int64_t until_us = world->now_us + 30 * CLOCK_DAY_US;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE, .expires_us = until_us});
    to_france(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(CLOSE), .expires_us = until_us},
              &closing);
    publish(world,
            &(struct world_case){
                .sender = BE, .revision = 3, .act = ACT(UPDATE), .expires_us = world->now_us + CLOCK_HOUR_US});
    pass_and_greet(world, 31 * CLOCK_DAY_US);
    world_publish(world, &closing); /* it may come for so long, and it is older than what reopened the case */
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(world_accepted(world, BE)->n_granted, 0);
    world_alert_done(&closing);
}

static void relay_body_that_rotted_on_the_disk_is_delivered_to_nobody(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE});
    world_commit(world);
    world_stop(world);
    (void)in_store(world, "UPDATE bodies SET body = zeroblob(length(body))");
    world_start(world);
    world_forget(world);
    world->connection[FR]++;
    world_hello(world, FR);
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(world->failed, ERR_CORRUPT); /* an operator has to look at this disk */
}

static void relay_drill_takes_the_place_of_no_case(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE, .case_id = 1});
    publish(world, &(struct world_case){.sender = BE, .case_id = 1, .exercise = true});
    publish(world,
            &(struct world_case){.sender = BE, .case_id = 1, .exercise = true, .revision = 2, .act = ACT(CLOSE)});
    world_commit(world);
    assert_int_equal(world_counters(world)->held, 2);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 3);
    restart(world);
    assert_int_equal(world_counters(world)->held, 2);
}

/* A sender that says an older revision does not know the newer one: a clone, or a store that was put back. */
static void relay_sender_of_an_older_revision_is_handed_the_newer(void **state)
{
    struct world *world = *state;
    struct world_alert older;
    say_older_after_newer(world, &older);
    world_commit(world);
    assert_true(((Hotline__Deliver *)world_take(world, BE, WIRE_DELIVER))->recovery);
    world_alert_done(&older);
}

/* ---- grants ---- */

static void withdraw_fr(Hotline__Roster *roster, void *ctx)
{
    (void)ctx;
    WIRE_SET(roster->members[FR], standing, HOTLINE__STANDING__CODE__WITHDRAWN);
}

static void relay_withdrawn_member_is_granted_and_owed_nothing_afterwards(void **state)
{
    struct world *world = *state;
    struct world_alert alert, before;
    world_hello(world, BE);
    world_hello(world, NL);
    to_france(world, &(struct world_case){.sender = BE, .case_id = 1}, &before);
    world_publish(world, &before);
    world_new_roster(world, withdraw_fr, NULL);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 2, .country = "NL"}, &alert);
    world_grant(world, &alert, NL);
    world_publish(world, &alert);
    alert.grant_count = 0;
    world_grant(world, &alert, FR);
    world_commit(world);
    world_forget(world);
    world_send_grants(world, &alert); /* late: the sender has not heard yet */
    world_commit(world);
    assert_int_equal(world_accepted(world, BE)->n_granted, 1);
    restart(world);
    assert_int_equal(world_counters(world)->owed, 1); /* what nl-lamp has to answer */
    world_alert_done(&alert);
    world_alert_done(&before);
}

static void relay_grant_for_an_older_key_replaces_none_for_the_shown_one(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct key_box shown = world->encryption[FR];
    struct key_box_secret secret;
    Hotline__Deliver *deliver;
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE}, &alert);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    key_box_generate(&world->encryption[FR], &secret); /* as fr-phare's key was once */
    alert.grant_count = 0;
    world_grant(world, &alert, FR);
    world_send_grants(world, &alert);
    world->encryption[FR] = shown;
    world->connection[FR]++;
    world_hello(world, FR);
    deliver = world_take(world, FR, WIRE_DELIVER);
    assert_memory_equal(deliver->envelope->grants[0]->key_id.data, key_id_of(shown.bytes).bytes, KEY_ID_BYTES);
    world_alert_done(&alert);
}

/* fr-phare's store was put back with its key: what it had not answered in that store is owed, over a restart too. */
static void relay_member_whose_store_was_put_back_is_owed_again_until_it_answers(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE}, &alert);
    world_publish(world, &alert);
    world_receipt(world, FR, &alert, DELIVERED);
    world_commit(world);
    world->store[FR] = seal_uuid(world->now_us, NULL);
    world->serial[FR]++;
    world->connection[FR]++;
    world_forget(world);
    world_hello(world, FR);
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
    restart(world);
    world_hello(world, FR);
    world_commit(world); /* reads it from the disk */
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
    world_alert_done(&alert);
}

static void relay_store_that_is_older_than_the_one_known_gets_nothing(void **state)
{
    struct world *world = *state;
    struct key_uuid known = world->store[FR];
    world->serial[FR] = 5;
    world_hello_all(world);
    world_stop(world);
    world_start(world);
    world_hello(world, BE);
    publish(world, &(struct world_case){.sender = BE});
    world->store[FR] = seal_uuid(world->now_us, NULL);
    world->serial[FR] = 4;
    world_hello(world, FR);
    world_commit(world);
    world_none(world, FR, WIRE_DELIVER); /* until it shows a newer card */
    world->store[FR] = known;
    world->serial[FR] = 5;
    world_hello(world, FR);
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
}

static void relay_who_greets_again_gets_at_once_what_it_has_not_answered(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE});
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
    world_hello(world, FR);
    assert_non_null(world_take(world, FR, WIRE_DELIVER));
}

static void relay_late_subscriber_is_not_told_of_a_case_that_is_over(void **state)
{
    struct world *world = *state;
    world_hello_all(world);
    publish(world, &(struct world_case){.sender = BE});
    publish(world, &(struct world_case){.sender = BE, .revision = 2, .act = ACT(CLOSE)});
    world_commit(world);
    world_forget(world);
    world->subscription[NL] = "BE";
    world->serial[NL]++;
    world->connection[NL]++;
    world_hello(world, NL);
    world_pass(world, 2 * CLOCK_SECOND_US);
    world_none(world, BE, WIRE_GRANT_WANTED);
    world_none(world, NL, WIRE_PENDING);
}

/* ---- words for others ---- */

static void relay_receipt_for_another_senders_alert_ends_no_debt(void **state)
{
    struct world *world = *state;
    struct world_alert alert, claimed;
    world_hello_all(world);
    to_france(world, &(struct world_case){.sender = BE}, &alert);
    world_publish(world, &alert);
    claimed = alert;
    claimed.sender = NL; /* fr-phare signs that it has it, as an alert of nl-lamp's */
    world_receipt(world, FR, &claimed, DELIVERED);
    world_commit(world);
    assert_int_equal(world_counters(world)->owed, 1);
    world_alert_done(&alert);
}

static void relay_gap_is_carried_for_whoever_says_it_of_itself(void **state)
{
    struct world *world = *state;
    Hotline__Gap gap = HOTLINE__GAP__INIT;
    uint64_t missing[1] = {3};
    world_hello_all(world);
    gap.sender = world->fixture.member[BE]->id;
    gap.recipient = world->fixture.member[FR]->id;
    WIRE_SET_BYTES(&gap, store_id, world->store[BE].bytes, 16);
    gap.n_missing = 1;
    gap.missing = missing;
    world_say(world, NL, WIRE_GAP, &gap.base);
    world_none(world, BE, WIRE_GAP);
    world_say(world, FR, WIRE_GAP, &gap.base);
    assert_non_null(world_take(world, BE, WIRE_GAP));
}

static void relay_gap_answer_is_carried_for_its_sender_alone(void **state)
{
    struct world *world = *state;
    Hotline__GapAnswer answer = HOTLINE__GAP_ANSWER__INIT;
    struct key_signature signature;
    uint64_t voided[1] = {3};
    world_hello_all(world);
    answer.sender = world->fixture.member[BE]->id;
    answer.recipient = world->fixture.member[FR]->id;
    WIRE_SET_BYTES(&answer, store_id, world->store[BE].bytes, 16);
    answer.n_voided = 1;
    answer.voided = voided;
    assert_int_equal(receipt_sign_gap_answer(&answer, world->fixture.member[BE], &signature), OK);
    world_say(world, NL, WIRE_GAP_ANSWER, &answer.base); /* heard elsewhere, said again */
    world_none(world, FR, WIRE_GAP_ANSWER);
    world_say(world, BE, WIRE_GAP_ANSWER, &answer.base);
    assert_non_null(world_take(world, FR, WIRE_GAP_ANSWER));
}

int main(void)
{
    log_setup("test", LOG_ERROR, LOG_LOGFMT);
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_closing_is_taken_and_kept_for_30_days_beyond_its_time),
        WORLD_TEST(relay_dead_roster_opens_nothing_and_closes_all_the_same),
        WORLD_TEST(relay_second_closing_is_outside_no_rate),
        WORLD_TEST(relay_id_of_a_revision_that_came_too_late_stays_taken_over_a_restart),
        WORLD_TEST(relay_id_stays_taken_for_30_days_after_its_envelope_expired),
        WORLD_TEST(relay_order_of_a_case_outlives_its_newest_revision),
        WORLD_TEST(relay_order_of_a_case_is_kept_for_the_longest_of_its_revisions),
        WORLD_TEST(relay_body_that_rotted_on_the_disk_is_delivered_to_nobody),
        WORLD_TEST(relay_drill_takes_the_place_of_no_case),
        WORLD_TEST(relay_sender_of_an_older_revision_is_handed_the_newer),
        WORLD_TEST(relay_withdrawn_member_is_granted_and_owed_nothing_afterwards),
        WORLD_TEST(relay_grant_for_an_older_key_replaces_none_for_the_shown_one),
        WORLD_TEST(relay_member_whose_store_was_put_back_is_owed_again_until_it_answers),
        WORLD_TEST(relay_store_that_is_older_than_the_one_known_gets_nothing),
        WORLD_TEST(relay_who_greets_again_gets_at_once_what_it_has_not_answered),
        WORLD_TEST(relay_late_subscriber_is_not_told_of_a_case_that_is_over),
        WORLD_TEST(relay_receipt_for_another_senders_alert_ends_no_debt),
        WORLD_TEST(relay_gap_is_carried_for_whoever_says_it_of_itself),
        WORLD_TEST(relay_gap_answer_is_carried_for_its_sender_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
