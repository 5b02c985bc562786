/* relay: an alert through the whole core, with a real store and real signatures. */
#include "relay_world.h"

#define BE 0
#define FR 1
#define NL 2
#define DELIVERED HOTLINE__RECEIPT_STATE__CODE__DELIVERED

/* The heart: Deliver in parallel with the commit, Accepted and Taken only after it, the receipt forwarded and owed. */
static void relay_alert_crosses_and_nothing_is_promised_before_its_commit(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    Hotline__Acceptance *acceptance;
    Hotline__Deliver *deliver;
    Hotline__Receipts *receipts;
    struct receipt_name name;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_none(world, BE, WIRE_ACCEPTED);
    deliver = world_take(world, FR, WIRE_DELIVER);
    assert_int_equal(deliver->envelope->n_grants, 1);
    assert_string_equal(deliver->envelope->grants[0]->member, "fr-phare");
    assert_true(slice_equal(wire_slice(deliver->envelope->grants[0]->box),
                            slice_of(alert.grants[0].box, ENVELOPE_GRANT_BOX_BYTES)));
    assert_true(slice_equal(wire_slice(deliver->envelope->body), buf_slice(&alert.sealed.body)));
    assert_true(slice_equal(wire_slice(deliver->envelope->header), buf_slice(&alert.sealed.header)));
    assert_null(deliver->envelope->self_grant);
    world_none(world, NL, WIRE_DELIVER);
    world_commit(world);
    acceptance = world_accepted(world, BE);
    assert_int_equal(acceptance->n_granted, 1);
    assert_string_equal(acceptance->granted[0], "fr-phare");
    assert_int_equal(acceptance->n_wanted, 0);
    assert_int_equal(acceptance->n_present, 1);

    world_receipt(world, FR, &alert, DELIVERED);
    world_none(world, FR, WIRE_TAKEN);
    receipts = world_take(world, BE, WIRE_RECEIPTS);
    name = receipt_name_of(wire_slice(receipts->receipts->batch));
    world_commit(world);
    assert_memory_equal(((Hotline__Taken *)world_take(world, FR, WIRE_TAKEN))->names[0].data, name.bytes,
                        RECEIPT_NAME_BYTES);
    assert_int_equal(world_counters(world)->owed, 0);
    assert_int_equal(world_counters(world)->words_owed, 1);
    world_taken(world, BE, slice_of(name.bytes, RECEIPT_NAME_BYTES));
    assert_int_equal(world_counters(world)->words_owed, 0);
    world_alert_done(&alert);
}

static void relay_same_envelope_again_is_accepted_again_and_delivered_once(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_publish(world, &alert);
    world_none(world, BE, WIRE_ACCEPTED);
    world_commit(world);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 1);
    world_publish(world, &alert); /* nothing to wait for any more: at once */
    world_take(world, BE, WIRE_ACCEPTED);
    assert_int_equal(((Hotline__Acceptance *)world_accepted(world, BE))->n_granted, 1);
    world_alert_done(&alert);
}

static void relay_other_content_under_one_id_is_disputed_and_the_first_stays(void **state)
{
    struct world *world = *state;
    struct world_alert first, second;
    Hotline__EnvelopeHeader *header;
    ProtobufCMessage *message;
    struct envelope_sealed again = {0};
    Hotline__Pulse body = HOTLINE__PULSE__INIT;
    Hotline__Refused *refused;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &first);
    world_grant(world, &first, FR);
    world_publish(world, &first);
    second = first;
    wire_arena_clear(&world->arena);
    assert_int_equal(wire_unpack(&hotline__envelope_header__descriptor, buf_slice(&first.sealed.header), &world->arena,
                                 NULL, &message),
                     OK);
    header = (Hotline__EnvelopeHeader *)message;
    WIRE_SET(&body, clock_us, 2);
    assert_int_equal(envelope_seal(header, &body.base, &world->fixture.member[BE]->identity_secret, &again), OK);
    second.sealed = again;
    world_publish(world, &second);
    refused = world_take(world, BE, WIRE_REFUSED);
    assert_int_equal(refused->code, HOTLINE__REFUSED_CODE__CODE__DISPUTED);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 1);
    assert_int_equal(world_counters(world)->disputes, 1);
    world_alert_done(&first);
    envelope_sealed_done(&again);
}

static void relay_forged_or_foreign_envelope_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    alert.sealed.signature.bytes[3] ^= 1;
    world_publish(world, &alert);
    assert_int_equal(((Hotline__Refused *)world_take(world, BE, WIRE_REFUSED))->code,
                     HOTLINE__REFUSED_CODE__CODE__BAD_SIGNATURE);
    alert.sealed.signature.bytes[3] ^= 1;
    alert.sender = NL; /* nl-lamp sends be-baken's envelope */
    world_publish(world, &alert);
    assert_int_equal(((Hotline__Refused *)world_take(world, NL, WIRE_REFUSED))->code,
                     HOTLINE__REFUSED_CODE__CODE__NOT_SENDER);
    world_none(world, FR, WIRE_DELIVER);
    world_alert_done(&alert);
}

static void relay_times_out_of_bounds_are_refused(void **state)
{
    static const struct {
        int64_t sent, expires;
        int code;
    } rows[] = {
        {-2 * CLOCK_HOUR_US, -CLOCK_HOUR_US, HOTLINE__REFUSED_CODE__CODE__EXPIRED},
        {25 * CLOCK_HOUR_US, 26 * CLOCK_HOUR_US, HOTLINE__REFUSED_CODE__CODE__FROM_THE_FUTURE},
        {0, 31 * CLOCK_DAY_US, HOTLINE__REFUSED_CODE__CODE__VALIDITY_TOO_LONG},
    };
    struct world *world = *state;

    world_hello_all(world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world_alert alert;
        Hotline__Refused *refused;
        world_seal(world,
                   &(struct world_case){.sender = BE,
                                        .case_id = (uint8_t)i,
                                        .sent_us = world->now_us + rows[i].sent,
                                        .expires_us = world->now_us + rows[i].expires},
                   &alert);
        world_grant(world, &alert, FR);
        world_publish(world, &alert);
        refused = world_take(world, BE, WIRE_REFUSED);
        assert_int_equal(refused->code, rows[i].code);
        assert_non_null(refused->reason);
        world_alert_done(&alert);
    }
}

static void relay_openings_beyond_the_burst_are_refused_with_a_wait(void **state)
{
    struct world *world = *state;
    Hotline__Refused *refused;

    world_hello_all(world);
    for (unsigned i = 0; i < 61; i++) {
        struct world_alert alert;
        world_seal(world, &(struct world_case){.sender = BE, .case_id = (uint8_t)i}, &alert);
        world_grant(world, &alert, FR);
        world_publish(world, &alert);
        world_alert_done(&alert);
    }
    refused = world_take(world, BE, WIRE_REFUSED);
    assert_int_equal(refused->code, HOTLINE__REFUSED_CODE__CODE__RATE);
    assert_true(refused->retry_after_ms > 0 && refused->retry_after_ms <= 2001);
    world_none(world, BE, WIRE_REFUSED);
}

/* One revision of the case 0, to FR. */
static void publish_revision(struct world *world, uint32_t revision, Hotline__Act__Code act)
{
    struct world_alert alert;
    world_seal(world, &(struct world_case){.sender = BE, .revision = revision, .act = act}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_alert_done(&alert);
}

static void relay_closing_passes_where_updates_are_refused_for_their_rate(void **state)
{
    struct world *world = *state;
    Hotline__Refused *refused;
    uint32_t revision;

    world_hello_all(world);
    for (revision = 1; revision <= 121; revision++)
        publish_revision(world, revision, revision == 1 ? HOTLINE__ACT__CODE__OPEN : HOTLINE__ACT__CODE__UPDATE);
    world_none(world, BE, WIRE_REFUSED);
    publish_revision(world, revision, HOTLINE__ACT__CODE__UPDATE);
    refused = world_take(world, BE, WIRE_REFUSED);
    assert_int_equal(refused->code, HOTLINE__REFUSED_CODE__CODE__RATE);
    world_forget(world);
    publish_revision(world, revision, HOTLINE__ACT__CODE__CLOSE);
    world_take(world, FR, WIRE_DELIVER);
    world_none(world, BE, WIRE_REFUSED);
    publish_revision(world, revision + 1, HOTLINE__ACT__CODE__RETRACT); /* and one retraction */
    world_take(world, FR, WIRE_DELIVER);
    world_none(world, BE, WIRE_REFUSED);
}

static void relay_update_wants_a_grant_for_every_earlier_holder(void **state)
{
    struct world *world = *state;
    struct world_alert first, second;
    Hotline__GrantWanted *wanted;
    Hotline__Accepted *accepted;
    Hotline__AcceptedBatch *batch;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &first);
    world_grant(world, &first, FR);
    world_grant(world, &first, NL);
    world_publish(world, &first);
    world_commit(world);
    world_forget(world);
    world_seal(world, &(struct world_case){.sender = BE, .revision = 2, .act = HOTLINE__ACT__CODE__UPDATE}, &second);
    world_grant(world, &second, FR);
    world_publish(world, &second);
    world_commit(world);
    wanted = world_take(world, BE, WIRE_GRANT_WANTED);
    assert_memory_equal(wanted->envelope_hash.data, second.sealed.hash.bytes, KEY_HASH_BYTES);
    assert_int_equal(wanted->n_cards, 1);
    accepted = world_take(world, BE, WIRE_ACCEPTED);
    assert_int_equal(receipt_verify_accepted(accepted->accepted, world->fixture.roster, &world->arena, &batch), OK);
    assert_int_equal(batch->acceptances[0]->n_wanted, 1);
    assert_string_equal(batch->acceptances[0]->wanted[0], "nl-lamp");
    second.grant_count = 0;
    world_grant(world, &second, NL);
    world_send_grants(world, &second);
    world_take(world, NL, WIRE_DELIVER);
    world_commit(world);
    assert_int_equal(world_accepted(world, BE)->n_granted, 2);
    assert_int_equal(world_counters(world)->held, 1);
    world_alert_done(&first);
    world_alert_done(&second);
}

static void relay_older_revision_is_accepted_and_owed_to_nobody(void **state)
{
    struct world *world = *state;
    struct world_alert older, newer;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &older);
    world_grant(world, &older, FR);
    world_seal(world, &(struct world_case){.sender = BE, .revision = 2, .act = HOTLINE__ACT__CODE__UPDATE}, &newer);
    world_grant(world, &newer, FR);
    world_publish(world, &newer);
    world_commit(world);
    world_forget(world);
    world_publish(world, &older);
    world_none(world, BE, WIRE_ACCEPTED);
    world_none(world, FR, WIRE_DELIVER);
    world_commit(world);
    assert_int_equal(world_accepted(world, BE)->n_granted, 0);
    world_alert_done(&older);
    world_alert_done(&newer);
}

static void relay_restart_owes_what_was_accepted_and_not_answered(void **state)
{
    struct world *world = *state;
    struct world_alert first, second;
    Hotline__Welcome *welcome;
    Hotline__Deliver *deliver;

    world_hello(world, BE);
    world_hello(world, NL);
    world_seal(world, &(struct world_case){.sender = BE}, &first);
    world_grant(world, &first, FR);
    world_grant(world, &first, NL);
    world_publish(world, &first);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 2}, &second);
    world_grant(world, &second, FR);
    world_publish(world, &second);
    world_receipt(world, NL, &first, DELIVERED);
    world_commit(world);
    world_forget(world);
    world_stop(world);
    world_start(world);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++) {
        world->connection[i]++;
        world_hello(world, i);
    }
    welcome = world_take(world, BE, WIRE_WELCOME);
    assert_int_equal(welcome->held_count, 2);
    for (size_t i = 0; i < KEY_HASH_BYTES; i++)
        assert_int_equal(welcome->held_xor.data[i], first.sealed.hash.bytes[i] ^ second.sealed.hash.bytes[i]);
    world_take(world, BE, WIRE_RECEIPTS); /* nl-lamp's, owed to the sender across the restart */
    world_commit(world);                  /* bodies come from the disk */
    world_none(world, NL, WIRE_DELIVER);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 2);
    deliver = world_take(world, FR, WIRE_DELIVER);
    assert_true(slice_equal(wire_slice(deliver->envelope->body), buf_slice(&first.sealed.body)));
    assert_true(slice_equal(wire_slice(deliver->envelope->grants[0]->box),
                            slice_of(first.grants[0].box, ENVELOPE_GRANT_BOX_BYTES)));
    world_publish(world, &first); /* still known: the same answer */
    assert_int_equal(world_accepted(world, BE)->n_granted, 2);
    world_alert_done(&first);
    world_alert_done(&second);
}

/* What was not committed was not promised, and is not there: a process that dies before its commit. */
static void relay_crash_before_the_commit_forgets_what_nobody_was_told(void **state)
{
    struct world *world = *state;
    pid_t child;
    int status;

    world_stop(world);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct world_alert kept, lost;
        world_start(world);
        world_hello_all(world);
        world_seal(world, &(struct world_case){.sender = BE}, &kept);
        world_grant(world, &kept, FR);
        world_publish(world, &kept);
        world_commit(world);
        world_seal(world, &(struct world_case){.sender = BE, .case_id = 2}, &lost);
        world_grant(world, &lost, FR);
        world_publish(world, &lost);
        _exit(world_count(world, BE, WIRE_ACCEPTED) == 1 && world_count(world, FR, WIRE_DELIVER) == 2 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    world_start(world);
    assert_int_equal(world_counters(world)->held, 1);
}

/* Granted to a key that is gone: blocked, told to the sender, wanted for the card's key, sent once it is granted. */
static void relay_unreadable_blocks_until_a_grant_for_the_shown_key_comes(void **state)
{
    struct world *world = *state;
    struct world_alert alert;
    struct key_box_secret secret;
    Hotline__GrantWanted *wanted;
    struct receipt_name name;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    key_box_generate(&world->encryption[FR], &secret);
    world->serial[FR]++;
    world_publish(world, &alert);
    world_take(world, FR, WIRE_DELIVER);
    world_unreadable(world, FR, &alert, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    name = receipt_name_of(
        wire_slice(((Hotline__Unreadables *)world_take(world, BE, WIRE_UNREADABLES))->unreadable->unreadable));
    wanted = world_take(world, BE, WIRE_GRANT_WANTED);
    assert_memory_equal(wanted->envelope_hash.data, alert.sealed.hash.bytes, KEY_HASH_BYTES);
    world_none(world, FR, WIRE_TAKEN);
    world_commit(world);
    assert_memory_equal(((Hotline__Taken *)world_take(world, FR, WIRE_TAKEN))->names[0].data, name.bytes,
                        RECEIPT_NAME_BYTES);
    for (int i = 0; i < 70; i++)
        world_pass(world, CLOCK_SECOND_US / 10);
    world_none(world, FR, WIRE_DELIVER);
    assert_int_equal(world_counters(world)->owed, 1);
    alert.grant_count = 0;
    world_grant(world, &alert, FR);
    world_send_grants(world, &alert);
    assert_true(
        slice_equal(wire_slice(((Hotline__Deliver *)world_take(world, FR, WIRE_DELIVER))->envelope->grants[0]->box),
                    slice_of(alert.grants[0].box, ENVELOPE_GRANT_BOX_BYTES)));
    assert_int_equal(world_counters(world)->wanted, 0);
    world_alert_done(&alert);
}

/* A slow node slows only itself: with its credit used up it gets no more, others do. */
static void relay_credit_bounds_what_flies_and_receipts_free_it(void **state)
{
    struct world *world = *state;
    struct world_alert alerts[5];

    world->conf.limits.credit_messages = 3;
    relay_reconfigure(world->relay, &world->conf);
    world_hello_all(world);
    for (uint8_t i = 0; i < 5; i++) {
        world_seal(world, &(struct world_case){.sender = BE, .case_id = i, .sent_us = world->now_us + i}, &alerts[i]);
        world_grant(world, &alerts[i], FR);
        world_grant(world, &alerts[i], NL);
        world_publish(world, &alerts[i]);
    }
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 3);
    assert_int_equal(world_count(world, NL, WIRE_DELIVER), 3);
    world_receipt(world, FR, &alerts[1], DELIVERED);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 4);
    world_receipt(world, FR, &alerts[0], HOTLINE__RECEIPT_STATE__CODE__DECLINED);
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 5);
    assert_int_equal(world_count(world, NL, WIRE_DELIVER), 3);
    for (size_t i = 0; i < 5; i++)
        world_alert_done(&alerts[i]);
}

/* ZeroMQ's queue is full: nothing is lost, it goes with the next occasion. */
static void relay_send_that_is_not_taken_is_tried_again(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world->deaf = true;
    world_publish(world, &alert);
    world_none(world, FR, WIRE_DELIVER);
    world->deaf = false;
    world_pass(world, 2 * CLOCK_SECOND_US);
    world_take(world, FR, WIRE_DELIVER);
    world_alert_done(&alert);
}

/* Each recipient gets its own grant and nobody else's; what is missing is still known to be after a restart. */
static void relay_restart_keeps_each_grant_with_its_member_and_still_wants_the_missing(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world->subscription[NL] = "BE";
    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_publish(world, &alert);
    world_take(world, BE, WIRE_GRANT_WANTED);
    world_grant(world, &alert, NL);
    world_grant(world, &alert, FR);
    world_send_grants(world, &alert);
    for (unsigned i = 0; i < 2; i++) {
        Hotline__Deliver *deliver = world_take(world, i ? FR : NL, WIRE_DELIVER);
        assert_int_equal(deliver->envelope->n_grants, 1);
        assert_string_equal(deliver->envelope->grants[0]->member, alert.grants[i].member);
        assert_memory_equal(deliver->envelope->grants[0]->box.data, alert.grants[i].box, ENVELOPE_GRANT_BOX_BYTES);
    }
    world_alert_done(&alert);
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 2}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    world_stop(world);
    world_start(world);
    for (unsigned i = 0; i < FIXTURE_MEMBERS; i++)
        world->connection[i]++;
    world_hello(world, NL);
    assert_int_equal(((Hotline__Pending *)world_take(world, NL, WIRE_PENDING))->count, 1);
    world_hello(world, BE);
    assert_memory_equal(((Hotline__GrantWanted *)world_take(world, BE, WIRE_GRANT_WANTED))->envelope_hash.data,
                        alert.sealed.hash.bytes, KEY_HASH_BYTES);
    world_pass(world, 2 * CLOCK_SECOND_US);
    assert_int_equal(((Hotline__Pending *)world_take(world, NL, WIRE_PENDING))->count, 0);
    world_alert_done(&alert);
}

static void relay_receipt_signed_by_another_member_is_not_taken(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    world_receipt_as(world, NL, FR, &alert, DELIVERED); /* nl-lamp's connection, fr-phare's words */
    world_commit(world);
    world_none(world, NL, WIRE_TAKEN);
    world_none(world, BE, WIRE_RECEIPTS);
    assert_int_equal(world_counters(world)->owed, 1);
    world_alert_done(&alert);
}

static void relay_receipt_for_an_unknown_envelope_is_kept_and_forwarded(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_receipt(world, FR, &alert, DELIVERED);
    world_take(world, BE, WIRE_RECEIPTS);
    world_commit(world);
    world_take(world, FR, WIRE_TAKEN);
    world_alert_done(&alert);
}

static void relay_opening_that_reaches_nobody_is_refused(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE, .country = "MT"}, &alert);
    world_publish(world, &alert);
    assert_int_equal(((Hotline__Refused *)world_take(world, BE, WIRE_REFUSED))->code,
                     HOTLINE__REFUSED_CODE__CODE__NOBODY);
    assert_int_equal(world_counters(world)->held, 0);
    world_alert_done(&alert);
}

static void relay_expired_envelope_is_deleted_and_its_debt_with_it(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello(world, BE);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    assert_int_equal(world_counters(world)->owed, 1);
    world_pass(world, LIMIT_VALIDITY_DEFAULT_US + CLOCK_MINUTE_US);
    assert_int_equal(world_counters(world)->held, 0);
    assert_int_equal(world_counters(world)->owed, 0);
    world_stop(world);
    world_start(world);
    assert_int_equal(world_counters(world)->held, 0);
    world_alert_done(&alert);
}

/* The case is over and gone; what its recipient said of it waits for a sender that is away, over a new start too. */
static void relay_receipt_waits_30_days_for_its_sender_apart_from_the_case(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_stop(world); /* the sender does not come back to this relay */
    world_start(world);
    world_hello(world, FR);
    world_receipt(world, FR, &alert, DELIVERED);
    world_commit(world);
    world_pass(world, 29 * CLOCK_DAY_US);
    assert_int_equal(world_counters(world)->held, 0);
    assert_int_equal(world_counters(world)->words_owed, 1);
    world_stop(world);
    world_start(world);
    world_hello(world, BE);
    assert_non_null(world_take(world, BE, WIRE_RECEIPTS));
    assert_int_equal(world_counters(world)->words_owed, 1); /* until it is answered */
    world_pass(world, 2 * CLOCK_DAY_US);
    assert_int_equal(world_counters(world)->words_owed, 0);
    world_alert_done(&alert);
}

static void relay_unanswered_delivery_is_sent_again_after_a_minute(void **state)
{
    struct world *world = *state;
    struct world_alert alert;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world_forget(world);
    for (int i = 0; i < 62; i++) { /* the node is alive and does not answer */
        Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
        WIRE_SET(&pulse, clock_us, 1);
        world_say(world, FR, WIRE_PULSE, &pulse.base);
        world_pass(world, CLOCK_SECOND_US);
    }
    assert_int_equal(world_count(world, FR, WIRE_DELIVER), 1);
    world_alert_done(&alert);
}

static void relay_full_disk_refuses_openings_and_lets_closings_pass(void **state)
{
    struct world *world = *state;
    struct world_alert alert, closing, other;
    Hotline__Refused *refused;

    world_hello_all(world);
    world_seal(world, &(struct world_case){.sender = BE}, &alert);
    world_grant(world, &alert, FR);
    world_publish(world, &alert);
    world_commit(world);
    world->conf.disk_reserve_bytes = INT64_MAX;
    world_seal(world, &(struct world_case){.sender = BE, .case_id = 5}, &other);
    world_grant(world, &other, FR);
    world_publish(world, &other);
    refused = world_take(world, BE, WIRE_REFUSED);
    assert_int_equal(refused->code, HOTLINE__REFUSED_CODE__CODE__DISK_FULL);
    assert_true(refused->retry_after_ms > 0);
    world_forget(world);
    world_seal(world, &(struct world_case){.sender = BE, .revision = 2, .act = HOTLINE__ACT__CODE__CLOSE}, &closing);
    world_grant(world, &closing, FR);
    world_publish(world, &closing);
    world_take(world, FR, WIRE_DELIVER);
    world_alert_done(&alert);
    world_alert_done(&closing);
    world_alert_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(relay_alert_crosses_and_nothing_is_promised_before_its_commit),
        WORLD_TEST(relay_same_envelope_again_is_accepted_again_and_delivered_once),
        WORLD_TEST(relay_other_content_under_one_id_is_disputed_and_the_first_stays),
        WORLD_TEST(relay_forged_or_foreign_envelope_is_refused),
        WORLD_TEST(relay_times_out_of_bounds_are_refused),
        WORLD_TEST(relay_openings_beyond_the_burst_are_refused_with_a_wait),
        WORLD_TEST(relay_update_wants_a_grant_for_every_earlier_holder),
        WORLD_TEST(relay_older_revision_is_accepted_and_owed_to_nobody),
        WORLD_TEST(relay_restart_owes_what_was_accepted_and_not_answered),
        WORLD_TEST(relay_crash_before_the_commit_forgets_what_nobody_was_told),
        WORLD_TEST(relay_unreadable_blocks_until_a_grant_for_the_shown_key_comes),
        WORLD_TEST(relay_credit_bounds_what_flies_and_receipts_free_it),
        WORLD_TEST(relay_send_that_is_not_taken_is_tried_again),
        WORLD_TEST(relay_restart_keeps_each_grant_with_its_member_and_still_wants_the_missing),
        WORLD_TEST(relay_receipt_signed_by_another_member_is_not_taken),
        WORLD_TEST(relay_receipt_for_an_unknown_envelope_is_kept_and_forwarded),
        WORLD_TEST(relay_opening_that_reaches_nobody_is_refused),
        WORLD_TEST(relay_expired_envelope_is_deleted_and_its_debt_with_it),
        WORLD_TEST(relay_receipt_waits_30_days_for_its_sender_apart_from_the_case),
        WORLD_TEST(relay_unanswered_delivery_is_sent_again_after_a_minute),
        WORLD_TEST(relay_full_disk_refuses_openings_and_lets_closings_pass),
        WORLD_TEST(relay_closing_passes_where_updates_are_refused_for_their_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
