/* node_reply, node_refer, node_erase as the publisher sees it: declined with a code, answered by the publisher alone,
 * referred to mediators, erased and counted. In a whole network. */
#include "node_world.h"

#include "node/node_make.h"
#include "proto/reply.h"

static int say(struct net *net, unsigned node, const char *reference, Hotline__ReplyKind__Code kind,
               const struct item *to, struct err_note *note)
{
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    char text[] = "Which backpack?";
    uint8_t id[KEY_UUID_BYTES];
    uint64_t ticket;
    WIRE_SET(&reply, kind, kind);
    reply.text = text;
    if (to != NULL) {
        memcpy(id, to->id.bytes, sizeof id);
        WIRE_SET_BYTES(&reply, in_reply_to, id, sizeof id);
    }
    return node_reply(net->nodes[node].node, net_case(net, node, reference), &reply, net_node_now(&net->nodes[node]),
                      note, NULL, &ticket);
}

static void node_decline_reaches_the_ladder_with_its_code_and_survives_a_crash(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    uint64_t ticket;
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    assert_int_equal(node_decline(net->nodes[FR].node, net_case(net, FR, reference),
                                  HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY, net->now_us, &note, &ticket),
                     OK);
    net_run(net);
    const struct ladder_row *row = item_row(net_revision(net, BE, reference, 1), net_members[FR]);
    assert_int_equal(row->state, HOTLINE__RECEIPT_STATE__CODE__DECLINED);
    assert_int_equal(row->decline, HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY);
    assert_int_equal(node_decline(net->nodes[FR].node, net_case(net, FR, reference),
                                  HOTLINE__DECLINE_CODE__CODE__DUPLICATE, net->now_us, &note, &ticket),
                     ERR_STATE);
    assert_int_equal(node_decline(net->nodes[BE].node, net_case(net, BE, reference),
                                  HOTLINE__DECLINE_CODE__CODE__DUPLICATE, net->now_us, &note, &ticket),
                     ERR_STATE);
    net_crash(net, FR);
    assert_int_equal(net_revision(net, FR, reference, 1)->decline, HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY);
    net_connect(net, FR, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(
        node_acknowledge(net->nodes[FR].node, net_case(net, FR, reference), "A", net->now_us, &note, &ticket), OK);
    net_run(net);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED);
}

static void node_reply_answer_goes_to_the_one_that_asked(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, reference);
    net_run(net);
    assert_int_equal(say(net, FR, reference, HOTLINE__REPLY_KIND__CODE__QUESTION, NULL, &note), OK);
    net_run(net);
    struct case_entry *entry = net_case(net, BE, reference);
    assert_int_equal(entry->thread_count, 1);
    const struct item *asked = entry->thread[0];
    assert_int_equal(say(net, BE, reference, HOTLINE__REPLY_KIND__CODE__MESSAGE, NULL, &note), ERR_STATE);
    assert_int_equal(say(net, BE, reference, HOTLINE__REPLY_KIND__CODE__ANSWER, NULL, &note), ERR_MISSING);
    assert_int_equal(
        say(net, BE, reference, HOTLINE__REPLY_KIND__CODE__ANSWER, net_revision(net, BE, reference, 1), &note),
        ERR_UNKNOWN);
    assert_int_equal(say(net, FR, reference, HOTLINE__REPLY_KIND__CODE__ANSWER, NULL, &note), ERR_STATE);
    assert_int_equal(say(net, BE, reference, HOTLINE__REPLY_KIND__CODE__ANSWER, asked, &note), OK);
    net_run(net);
    assert_int_equal(net_case(net, FR, reference)->thread_count, 2);
    assert_int_equal(net_case(net, NL, reference)->thread_count, 0);
    assert_int_equal(net_events(net, FR, NODE_REPLY_RECEIVED), 1);
}

/* A member that is neither the opener nor writes to it: its words are answered as unreadable and shown nowhere. */
static void third_party_says(struct net *net, const char *reference, Hotline__ReplyKind__Code kind)
{
    struct node_outgoing out;
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    struct err_note note = {{0}};
    struct node *node = net->nodes[FR].node;
    const struct case_entry *entry = net_case(net, FR, reference);
    char text[] = "Look elsewhere", to[LIMIT_ID_CHARS + 1];
    struct item *item;
    uint64_t ticket;
    assert_int_equal(node_begin(node, &out, HOTLINE__KIND__CODE__REPLY, false, net->now_us), OK);
    node_name_case(&out, entry->opener, entry->case_id);
    snprintf(to, sizeof to, "%s", net_members[NL]);
    out.members[0] = to;
    out.route.n_members = 1;
    out.route.members = out.members;
    WIRE_SET(&out.route, restricted, true);
    WIRE_SET(&out.header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + CLOCK_HOUR_US);
    WIRE_SET(&reply, kind, kind);
    reply.text = text;
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REPLY;
    out.body.reply = &reply;
    assert_int_equal(node_seal(node, &out, &note, &item), OK);
    assert_int_equal(node_launch(node, item, &note, &ticket), OK);
}

static void node_reply_of_a_third_party_is_shown_nowhere(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, reference);
    net_run(net);
    third_party_says(net, reference, HOTLINE__REPLY_KIND__CODE__ANSWER);
    third_party_says(net, reference, HOTLINE__REPLY_KIND__CODE__ACTING);
    third_party_says(net, reference, HOTLINE__REPLY_KIND__CODE__MESSAGE);
    net_run(net);
    assert_int_equal(net_case(net, NL, reference)->thread_count, 0);
    assert_int_equal(net_events(net, NL, NODE_REPLY_RECEIVED), 0);
    assert_true(node_counters(net->nodes[NL].node)->unreadable >= 2);
}

/* ---- erasure, counted by the publisher ---- */

/* The rows that carried the numbers go with the case; that they were given stays. */
static void node_erase_forgets_no_number_that_was_given(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], next[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    uint64_t ticket;
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    assert_ok(net_try_reply(net, FR, reference, "seen at the station", &note));
    net_run(net);
    const struct case_entry *entry = net_case(net, FR, reference);
    assert_int_equal(entry->thread_count, 1);
    uint64_t given = item_row(entry->thread[0], net_members[BE])->grant.sequence;
    assert_true(given > 0);
    assert_int_equal(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), OK);
    net_run(net);
    assert_int_equal(
        node_acknowledge(net->nodes[FR].node, net_case(net, FR, reference), "A", net->now_us, &note, &ticket), OK);
    net_run(net);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, reference)->erased);
    net_crash(net, FR);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, next);
    net_commit(net, FR);
    assert_int_equal(item_row(net_revision(net, FR, next, 1), net_members[BE])->grant.sequence, given + 1);
}

static void node_erase_is_told_on_the_closing_and_kept(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    uint64_t ticket;
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, reference);
    net_run(net);
    assert_int_equal(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), OK);
    net_run(net);
    assert_int_equal(
        node_acknowledge(net->nodes[FR].node, net_case(net, FR, reference), "A", net->now_us, &note, &ticket), OK);
    net_run(net);
    net_cut(net, NL, NET_ALL);
    net_pass(net, 10 * CLOCK_SECOND_US);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, reference)->erased);
    assert_true(net_case(net, BE, reference)->erased);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ERASED);
    assert_string_equal(net_case(net, FR, reference)->acknowledged_as, "");
    assert_int_not_equal(net_state(net, BE, reference, NL), HOTLINE__RECEIPT_STATE__CODE__ERASED);
    const struct item *closing = net_revision(net, BE, reference, 2);
    assert_true(item_row(closing, net_members[NL])->heard_us > 0);
    net_crash(net, BE);
    net_connect(net, BE, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ERASED);
    assert_true(item_row(net_revision(net, BE, reference, 2), net_members[NL])->heard_us > 0);
    /* After the erasure there is nothing to decline, and an acknowledgement takes no state back. */
    assert_int_equal(node_decline(net->nodes[FR].node, net_case(net, FR, reference),
                                  HOTLINE__DECLINE_CODE__CODE__DUPLICATE, net->now_us, &note, &ticket),
                     ERR_STATE);
    assert_int_equal(
        node_acknowledge(net->nodes[FR].node, net_case(net, FR, reference), "B", net->now_us, &note, &ticket), OK);
    net_run(net);
    assert_string_equal(net_case(net, FR, reference)->acknowledged_as, "");
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ERASED);
}

/* The power goes as soon as the erasure is on the disk: ERASED is there with it, or the publisher waits for ever. */
static void node_erase_and_its_word_are_one_turn(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    uint64_t ticket;
    char log[200];
    struct stat about;
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    assert_int_equal(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), OK);
    net_run(net);
    assert_int_equal(
        node_acknowledge(net->nodes[FR].node, net_case(net, FR, reference), "A", net->now_us, &note, &ticket), OK);
    net_run(net);
    net->now_us += 25 * CLOCK_HOUR_US;
    net->steady_us += 25 * CLOCK_HOUR_US;
    node_tick(net->nodes[FR].node, net_node_now(&net->nodes[FR]), net->steady_us);
    assert_true(net_case(net, FR, reference)->erased);
    store_step(vault_store(node_vault(net->nodes[FR].node))); /* and no flush after it */
    snprintf(log, sizeof log, "%s-wal", net->nodes[FR].path);
    assert_int_equal(stat(log, &about), 0);
    assert_int_equal(about.st_size, 0); /* the records that held it are in no log any more */
    net_crash(net, FR);
    assert_true(net_case(net, FR, reference)->erased);
    net_connect(net, FR, NET_ALL);
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__ERASED);
}

/* Nobody there has read that it is over: what they hold is not taken from them before they must give it up. */
static void node_erase_waits_for_who_has_not_read_the_closing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .valid_for_us = CLOCK_HOUR_US}, reference);
    net_run(net);
    assert_int_equal(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), OK);
    net_run(net);
    /* It outlives its case by a day, for whoever was away when that ended. */
    const Hotline__EnvelopeHeader *header = net_revision(net, FR, reference, 2)->header;
    assert_true(header->expires_at_us >= header->sent_at_us + CLOCK_DAY_US);
    net->now_us += 48 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_false(net_case(net, FR, reference)->erased);
    net->now_us += 89 * CLOCK_DAY_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, FR, reference)->erased);
}

/* Written while the writer was cut off: it comes when nothing may be kept of the case any more. */
static void node_erase_reply_that_comes_afterwards_is_shown_nowhere(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, reference);
    net_run(net);
    net_cut(net, NL, NET_ALL);
    assert_ok(net_try_reply(net, NL, reference, "seen at the station", &note));
    net_commit(net, NL);
    assert_int_equal(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note), OK);
    net_run(net);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, BE, reference)->erased);
    net_connect(net, NL, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    assert_true(node_counters(net->nodes[BE].node)->duplicates > 0); /* it came, and is answered ERASED */
    assert_int_equal(net_events(net, BE, NODE_REPLY_RECEIVED), 0);
    assert_int_equal(net_case(net, BE, reference)->thread_count, 0);
}

static void backed_up(void *ctx, int error, const char *text)
{
    (void)text;
    *(int *)ctx = error;
}

static void node_erase_says_until_when_a_backup_may_hold_it(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], path[200];
    struct err_note note = {{0}};
    int done = 1;
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    snprintf(path, sizeof path, "%s/backup.db", net->folder);
    node_backup(net->nodes[FR].node, path, backed_up, &done);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(done, OK);
    int64_t backup_us = net->now_us;
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    net_crash(net, FR); /* that there was a backup is kept */
    net_connect(net, FR, NET_ALL);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    const struct ladder_row *row = item_row(net_revision(net, BE, reference, 2), net_members[FR]);
    assert_int_equal(row->state, HOTLINE__RECEIPT_STATE__CODE__ERASED);
    int64_t off_us = row->backup_until_us - backup_us - 30 * CLOCK_DAY_US;
    assert_true(off_us >= -2 * CLOCK_SECOND_US && off_us <= 2 * CLOCK_SECOND_US);
}

/* ---- closings ---- */

static size_t offered_at(const struct net *net, int64_t at_us)
{
    struct key_hash sum;
    return node_should_hold(net->nodes[BE].node, at_us, &sum);
}

static void node_closing_is_offered_for_30_days_beyond_expiry_until_all_have_answered(void **state)
{
    struct net *net = *state;
    char away[CASES_REFERENCE_MAX], answered[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, answered);
    net_run(net);
    assert_ok(net_try_finish(net, BE, answered, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, away);
    net_run(net);
    net_cut(net, NL, NET_ALL);
    assert_ok(net_try_finish(net, BE, away, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    int64_t until_us = net_revision(net, BE, away, 2)->header->expires_at_us;
    assert_int_equal(offered_at(net, until_us - CLOCK_MINUTE_US), 2);
    assert_int_equal(offered_at(net, until_us + CLOCK_DAY_US), 1); /* the one that NL has not answered */
    assert_int_equal(offered_at(net, until_us + 30 * CLOCK_DAY_US - CLOCK_MINUTE_US), 1);
    assert_int_equal(offered_at(net, until_us + 30 * CLOCK_DAY_US + CLOCK_MINUTE_US), 0);
    net->now_us = until_us + 29 * CLOCK_DAY_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, BE, away)->erased); /* which spares the closing */
    assert_int_equal(offered_at(net, net->now_us), 1);
    net_connect(net, NL, NET_ALL);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, NL, NODE_CASE_CLOSED), 1);
    assert_int_equal(offered_at(net, net->now_us), 0);
}

static void node_replaces_of_another_case_is_counted_and_shown_all_the_same(void **state)
{
    struct net *net = *state;
    char one[CASES_REFERENCE_MAX], other[CASES_REFERENCE_MAX];
    const struct net_publish france = {.to = {"FR"}};
    struct err_note note = {{0}};
    net_publish(net, BE, &france, one);
    net_publish(net, BE, &france, other);
    net_run(net);
    assert_ok(net_try_update(net, BE, one, &france, &note));
    net_run(net);
    const struct item *good = net_revision(net, FR, one, 2);
    assert_int_equal(item_replaces(good)->revision, 1);
    assert_false(node_replaces_wrongly(net->nodes[FR].node, good));
    assert_int_equal(node_counters(net->nodes[FR].node)->wrong_replaces, 0);
    /* A publisher whose memory is mixed up: what it replaces is the other case's. */
    struct item *first = net_revision(net, BE, one, 2);
    struct key_hash kept = first->hash;
    first->hash = net_revision(net, BE, other, 1)->hash;
    int result = net_try_update(net, BE, one, &france, &note);
    first->hash = kept;
    assert_int_equal(result, OK);
    net_run(net);
    const struct item *wrong = net_revision(net, FR, one, 3);
    assert_non_null(wrong);
    assert_true(node_replaces_wrongly(net->nodes[FR].node, wrong));
    assert_int_equal(node_counters(net->nodes[FR].node)->wrong_replaces, 1);
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 2);
    assert_int_equal(net_state(net, BE, one, FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
}

/* What a sender says of its past: a number that is not before it is wrong, with or without a hash; what is not held
 * here is believed. */
static void node_replaces_is_judged_by_its_number_and_by_what_is_held_here(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const struct net_publish france = {.to = {"FR"}};
    struct err_note note = {{0}};
    net_publish(net, BE, &france, reference);
    net_run(net);
    assert_ok(net_try_update(net, BE, reference, &france, &note));
    net_run(net);
    struct node *node = net->nodes[FR].node;
    const struct item *item = net_revision(net, FR, reference, 2);
    Hotline__Replaces *said = item_content(item)->alert->replaces;
    const Hotline__Replaces kept = *said;
    assert_false(node_replaces_wrongly(node, net_revision(net, FR, reference, 1))); /* the first one replaces none */
    said->revision = 2;
    assert_true(node_replaces_wrongly(node, item));
    said->revision = 0; /* the hash is of revision 1 */
    assert_true(node_replaces_wrongly(node, item));
    said->has_revision = 0;
    assert_false(node_replaces_wrongly(node, item));
    *said = kept;
    said->envelope_hash.data[0] ^= 1;
    assert_false(node_replaces_wrongly(node, item));
    said->has_envelope_hash = 0;
    assert_false(node_replaces_wrongly(node, item));
    *said = kept;
    said->envelope_hash.data[0] ^= 1;
    assert_false(node_replaces_wrongly(node, item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(node_decline_reaches_the_ladder_with_its_code_and_survives_a_crash),
        NET_TEST(node_reply_answer_goes_to_the_one_that_asked),
        NET_TEST(node_reply_of_a_third_party_is_shown_nowhere),
        NET_TEST(node_erase_forgets_no_number_that_was_given),
        NET_TEST(node_erase_is_told_on_the_closing_and_kept),
        NET_TEST(node_erase_and_its_word_are_one_turn),
        NET_TEST(node_erase_waits_for_who_has_not_read_the_closing),
        NET_TEST(node_erase_reply_that_comes_afterwards_is_shown_nowhere),
        NET_TEST(node_erase_says_until_when_a_backup_may_hold_it),
        NET_TEST(node_closing_is_offered_for_30_days_beyond_expiry_until_all_have_answered),
        NET_TEST(node_replaces_of_another_case_is_counted_and_shown_all_the_same),
        NET_TEST(node_replaces_is_judged_by_its_number_and_by_what_is_held_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
