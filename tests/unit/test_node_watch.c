/* node_watch: what others leave out is noticed: withheld alerts as gaps, broken promises as suspected relays. */
#include "node/node_inner.h"
#include "node_world.h"

static const struct net_publish to_france = {.to = {"FR"}};

static bool loses_deliveries_to_france(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->node == FR && frame->type == WIRE_DELIVER;
}

static bool loses_receipts_of_france(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node && frame->node == FR && frame->type == WIRE_RECEIPTS;
}

static bool warned(const struct net *net, unsigned node, const char *code)
{
    struct node_warning warnings[16];
    size_t count = node_warnings(net->nodes[node].node, net->now_us, warnings, 16);
    for (size_t i = 0; i < count; i++)
        if (strcmp(warnings[i].code, code) == 0)
            return true;
    return false;
}

static void publish_and_run(struct net *net, char *reference)
{
    net_publish(net, BE, &to_france, reference);
    net_run(net);
}

static void watch_withheld_alert_is_a_gap_that_is_reported_and_closes(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], withheld[CASES_REFERENCE_MAX], third[CASES_REFERENCE_MAX];
    publish_and_run(net, first);
    net->loses = loses_deliveries_to_france;
    publish_and_run(net, withheld);
    net->loses = NULL;
    publish_and_run(net, third);
    assert_true(net_has(net, FR, first) && net_has(net, FR, third));
    assert_false(net_has(net, FR, withheld));
    assert_int_equal(net_sent(net, FR, WIRE_GAP), 0);
    net->loses = loses_deliveries_to_france;
    net_pass(net, 55 * CLOCK_SECOND_US);
    assert_int_equal(net_sent(net, FR, WIRE_GAP), 0);
    assert_false(warned(net, FR, "GAP"));
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_sent(net, FR, WIRE_GAP) > 0);
    assert_true(net_sent(net, BE, WIRE_GAP_ANSWER) > 0);
    assert_true(warned(net, FR, "GAP"));
    net->loses = NULL;
    net_pass(net, 70 * CLOCK_SECOND_US);
    assert_true(net_has(net, FR, withheld));
    assert_false(warned(net, FR, "GAP"));
}

/* As after an allocation that failed where it was due. */
static void forget_record(struct net *net, unsigned node)
{
    const struct node *core = net->nodes[node].node;
    struct buf key;
    assert_int_equal(core->gaps.count, 1);
    buf_init(&key);
    buf_add(&key, core->gaps.sources[0].store_id.bytes, KEY_UUID_BYTES);
    buf_add_text(&key, core->gaps.sources[0].sender);
    vault_remove(core->vault, VAULT_GAP, buf_slice(&key));
    buf_free(&key);
}

static void start_again(struct net *net, unsigned node)
{
    net_crash(net, node);
    for (unsigned r = 0; r < NET_RELAYS; r++)
        net_connect(net, node, r);
    net_pass(net, CLOCK_SECOND_US);
}

static void watch_record_of_numbers_that_is_behind_stops_no_start(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX];
    publish_and_run(net, first);
    forget_record(net, FR);
    net_run(net);
    start_again(net, FR);
    assert_true(net_has(net, FR, first));
    assert_int_equal(net->nodes[FR].node->gaps.count, 1);
    publish_and_run(net, second);
    assert_true(net_has(net, FR, second));
    start_again(net, FR);
    assert_int_equal(net->nodes[FR].node->gaps.sources[0].upto, 2);
}

static void watch_gap_of_a_case_that_is_over_is_answered_as_void(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], withheld[CASES_REFERENCE_MAX], third[CASES_REFERENCE_MAX];
    const struct net_publish brief = {.to = {"FR"}, .valid_for_us = CLOCK_MINUTE_US};
    publish_and_run(net, first);
    net->loses = loses_deliveries_to_france;
    net_publish(net, BE, &brief, withheld);
    net_run(net);
    net->loses = NULL;
    publish_and_run(net, third);
    net->loses = loses_deliveries_to_france;
    net_pass(net, 3 * CLOCK_MINUTE_US);
    assert_false(net_has(net, FR, withheld));
    assert_false(warned(net, FR, "GAP"));
}

/* The relay's own answer in the sender's name: FR misses number 2 of BE. */
static void answer_void(struct net *net, const struct key_set *signer)
{
    Hotline__GapAnswer answer = HOTLINE__GAP_ANSWER__INIT;
    struct key_uuid store_id = *vault_store_id(node_vault(net->nodes[BE].node));
    struct key_signature signature;
    uint64_t voided[] = {2};
    struct buf bytes;
    buf_init(&bytes);
    answer.recipient = node_directory(net->nodes[FR].node)->keys->id;
    answer.sender = node_directory(net->nodes[BE].node)->keys->id;
    WIRE_SET_BYTES(&answer, store_id, store_id.bytes, KEY_UUID_BYTES);
    answer.n_voided = 1;
    answer.voided = voided;
    assert_error(receipt_sign_gap_answer(&answer, signer, &signature), OK);
    wire_add(&bytes, WIRE_GAP_ANSWER, &answer.base);
    assert_error(net_queue(net, true, FR, 0, buf_slice(&bytes)), OK);
    buf_free(&bytes);
    net_run(net);
}

/* Number 1 was given, 2 and 3 were not: a signed word that they are void could be kept until they are. */
static void watch_gap_that_a_relay_made_up_gets_no_void_in_advance(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX];
    Hotline__Gap gap = HOTLINE__GAP__INIT;
    struct key_uuid store_id = *vault_store_id(node_vault(net->nodes[BE].node));
    uint64_t missing[] = {2, 3};
    publish_and_run(net, first);
    gap.recipient = node_directory(net->nodes[FR].node)->keys->id;
    gap.sender = node_directory(net->nodes[BE].node)->keys->id;
    WIRE_SET_BYTES(&gap, store_id, store_id.bytes, KEY_UUID_BYTES);
    gap.n_missing = 2;
    gap.missing = missing;
    net_forget(net);
    net_inject(net, BE, 0, WIRE_GAP, &gap.base);
    net_run(net);
    assert_int_equal(net_sent(net, BE, WIRE_GAP_ANSWER), 0);
}

/* A pass over all that was sent, and envelopes on every wire, is not what a relay gets for each frame of its own. */
static void watch_gap_that_comes_again_at_once_is_answered_once_to_each_relay(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX];
    Hotline__Gap gap = HOTLINE__GAP__INIT;
    struct key_uuid store_id = *vault_store_id(node_vault(net->nodes[BE].node));
    uint64_t missing[] = {1};
    publish_and_run(net, first);
    gap.recipient = node_directory(net->nodes[FR].node)->keys->id;
    gap.sender = node_directory(net->nodes[BE].node)->keys->id;
    WIRE_SET_BYTES(&gap, store_id, store_id.bytes, KEY_UUID_BYTES);
    gap.n_missing = 1;
    gap.missing = missing;
    net_forget(net);
    for (unsigned i = 0; i < 20; i++) {
        net_inject(net, BE, 0, WIRE_GAP, &gap.base);
        net_inject(net, BE, 1, WIRE_GAP, &gap.base);
        net_run(net);
    }
    assert_int_equal(net_sent(net, BE, WIRE_GAP_ANSWER), 2);
    net_pass(net, 31 * CLOCK_SECOND_US);
    net_inject(net, BE, 0, WIRE_GAP, &gap.base);
    net_run(net);
    assert_int_equal(net_sent(net, BE, WIRE_GAP_ANSWER), 3);
}

/* A Gap as a relay may make one up: of `recipient`, on `sender`, in this store. */
static void inject_gap(struct net *net, const char *recipient, const char *sender, const struct key_uuid *store,
                       uint64_t *missing, size_t count)
{
    Hotline__Gap gap = HOTLINE__GAP__INIT;
    struct key_uuid copy = *store;
    char names[2][LIMIT_ID_CHARS + 1];
    snprintf(names[0], sizeof names[0], "%s", recipient);
    snprintf(names[1], sizeof names[1], "%s", sender);
    gap.recipient = names[0];
    gap.sender = names[1];
    WIRE_SET_BYTES(&gap, store_id, copy.bytes, KEY_UUID_BYTES);
    gap.n_missing = count;
    gap.missing = missing;
    net_inject(net, BE, 0, WIRE_GAP, &gap.base);
    net_run(net);
}

static void watch_gap_is_answered_by_its_sender_alone_and_each_number_once(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX];
    struct key_uuid store = *vault_store_id(node_vault(net->nodes[BE].node)), other = {{7}};
    uint64_t missing[] = {2, 1, 2, 1, 1}, one[] = {1};
    publish_and_run(net, first);
    publish_and_run(net, second);
    net_forget(net);
    inject_gap(net, "fr-phare", "nl-lamp", &store, one, 1); /* another's */
    inject_gap(net, "nl-lamp", "be-baken", &store, one, 1); /* who was given no number */
    inject_gap(net, "xx-nobody", "be-baken", &store, one, 1);
    assert_int_equal(net_sent(net, BE, WIRE_GAP_ANSWER), 0);
    inject_gap(net, "fr-phare", "be-baken", &store, missing, 5);
    const Hotline__GapAnswer *answer = net_last(net, false, BE, 0, WIRE_GAP_ANSWER);
    assert_int_equal(answer->n_envelope_ids, 2);
    assert_int_equal(answer->n_voided, 0);
    assert_memory_equal(answer->envelope_ids[0].data, net_revision(net, BE, first, 1)->id.bytes, KEY_UUID_BYTES);
    assert_memory_equal(answer->envelope_ids[1].data, net_revision(net, BE, second, 1)->id.bytes, KEY_UUID_BYTES);
    inject_gap(net, "fr-phare", "be-baken", &other, one, 1); /* of a store that is lost: nothing of it can come */
    answer = net_last(net, false, BE, 0, WIRE_GAP_ANSWER);
    assert_int_equal(answer->n_envelope_ids, 0);
    assert_int_equal(answer->n_voided, 1);
}

static bool loses_publish(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node && frame->node == BE && frame->type == WIRE_PUBLISH;
}

static void refuse(struct net *net, unsigned relay, const struct item *item)
{
    Hotline__Refused refused = HOTLINE__REFUSED__INIT;
    struct key_hash hash = item->hash;
    WIRE_SET_BYTES(&refused, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&refused, code, HOTLINE__REFUSED_CODE__CODE__NOT_ALLOWED);
    net_inject(net, BE, relay, WIRE_REFUSED, &refused.base);
    net_run(net);
}

/* Nobody can get it: its number must not be asked for until it expires. */
static void watch_gap_of_an_alert_that_every_relay_refused_is_void(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct key_uuid store = *vault_store_id(node_vault(net->nodes[BE].node));
    uint64_t one[] = {1};
    net->loses = loses_publish;
    publish_and_run(net, reference);
    refuse(net, 0, net_revision(net, BE, reference, 1));
    inject_gap(net, "fr-phare", "be-baken", &store, one, 1);
    const Hotline__GapAnswer *answer = net_last(net, false, BE, 0, WIRE_GAP_ANSWER);
    assert_int_equal(answer->n_voided, 1);
    assert_int_equal(answer->voided[0], 1);
    assert_int_equal(answer->n_envelope_ids, 0);
}

/* What a lost store sent names that store. A number of the present one in it would be missed under the present store's
 * name, by a recipient that has the case. */
static void watch_case_of_a_lost_store_takes_no_number_of_the_next_one(void **state)
{
    struct net *net = *state;
    char kept[CASES_REFERENCE_MAX], reference[CASES_REFERENCE_MAX];
    publish_and_run(net, kept);
    net_lose_disk(net, BE);
    net_connect(net, BE, NET_ALL);
    net_run(net);
    net_pass(net, CLOCK_MINUTE_US);
    net_lose_disk(net, FR); /* and needs a grant to its new key */
    net_connect(net, FR, NET_ALL);
    net_run(net);
    net_pass(net, CLOCK_MINUTE_US);
    assert_true(net_has(net, FR, kept));
    publish_and_run(net, reference);
    publish_and_run(net, reference);
    const struct node *node = net->nodes[FR].node;
    size_t at = 0, unnumbered = 0, numbered = 0;
    for (const struct item *item; (item = lookup_next(&node->items, &at)) != NULL;) {
        bool present = memcmp(item->header->store_id.data, vault_store_id(node_vault(net->nodes[BE].node))->bytes,
                              KEY_UUID_BYTES) == 0;
        unnumbered += !present && item->sequence == 0;
        numbered += present && item->sequence != 0;
    }
    assert_int_equal(unnumbered, 1);
    assert_int_equal(numbered, 2);
    net_forget(net);
    net_pass(net, 3 * CLOCK_MINUTE_US);
    assert_int_equal(net_sent(net, FR, WIRE_GAP), 0);
}

static void watch_forged_void_of_a_relay_silences_no_gap(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], withheld[CASES_REFERENCE_MAX], third[CASES_REFERENCE_MAX];
    publish_and_run(net, first);
    net->loses = loses_deliveries_to_france;
    publish_and_run(net, withheld);
    net->loses = NULL;
    publish_and_run(net, third);
    net->loses = loses_deliveries_to_france;
    net_pass(net, 75 * CLOCK_SECOND_US);
    assert_true(warned(net, FR, "GAP"));
    answer_void(net, net->authority);
    answer_void(net, node_directory(net->nodes[FR].node)->keys);
    assert_true(warned(net, FR, "GAP"));
    answer_void(net, node_directory(net->nodes[BE].node)->keys);
    assert_false(warned(net, FR, "GAP"));
}

static void watch_relay_that_promised_and_brings_no_receipt_is_suspected(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_receipts_of_france;
    publish_and_run(net, reference);
    net_pass(net, 50 * CLOCK_SECOND_US);
    assert_false(warned(net, BE, "RELAY_SUSPECTED"));
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(warned(net, BE, "RELAY_SUSPECTED"));
    net->loses = NULL;
    net_pass(net, 30 * CLOCK_SECOND_US);
    assert_int_equal(net_state(net, BE, reference, FR), HOTLINE__RECEIPT_STATE__CODE__DELIVERED);
    assert_false(warned(net, BE, "RELAY_SUSPECTED"));
}

/* What a second costs a node is what is due in it: cases that are open, sent or received, wait for their own times. */
static void watch_open_cases_are_not_looked_at_before_something_is_due(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    for (unsigned i = 0; i < 20; i++)
        publish_and_run(net, reference);
    net_pass(net, 70 * CLOCK_SECOND_US); /* promises were kept, erasure has looked at each */
    for (unsigned n = BE; n <= FR; n++) {
        const struct node *node = net->nodes[n].node;
        assert_true(node->cases.count >= 20);
        assert_int_equal(node->cases.looks.count, node->cases.count);
        assert_null(dues_first(&node->cases.looks, net->now_us + CLOCK_DAY_US));
        assert_null(dues_first(&node->promises, net->now_us + CLOCK_DAY_US));
        assert_null(dues_first(&node->alarms, net->steady_us + CLOCK_SECOND_US));
    }
    assert_int_equal(net->nodes[BE].node->promises.count, 0); /* all answered */
    assert_true(net->nodes[BE].node->alarms.count >= 20);     /* nobody has acknowledged */
}

/* Told to France by a relay, rightly or not. */
static void say_pending(struct net *net, unsigned relay, const char *of)
{
    Hotline__Pending pending = HOTLINE__PENDING__INIT;
    char sender[40];
    snprintf(sender, sizeof sender, "%s", of);
    pending.sender = sender;
    WIRE_SET(&pending, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&pending, since_us, net->now_us);
    WIRE_SET(&pending, count, 1);
    net_inject(net, FR, relay, WIRE_PENDING, &pending.base);
}

/* What one relay makes up must not crowd out what another one tells. */
static void watch_pending_that_a_relay_makes_up_leaves_room_for_the_others(void **state)
{
    struct net *net = *state;
    for (unsigned i = 0; i < 100; i++) {
        char made_up[40];
        snprintf(made_up, sizeof made_up, "xx-nobody-%u", i);
        say_pending(net, 0, made_up);
    }
    assert_null(node_pending(net->nodes[FR].node, 0));
    for (unsigned n = 0; n < NET_NODES; n++)
        say_pending(net, 0, net_members[n]);
    say_pending(net, 1, "be-baken");
    bool heard = false;
    for (size_t i = 0; node_pending(net->nodes[FR].node, i) != NULL; i++)
        heard |= strcmp(node_pending(net->nodes[FR].node, i)->relay, net_relay_ids[1]) == 0;
    assert_true(heard);
}

/* A relay that starts anew tells what is pending now; what it told before must not stay for ever. */
static void watch_pending_of_an_earlier_session_is_forgotten(void **state)
{
    struct net *net = *state;
    say_pending(net, 0, "be-baken");
    say_pending(net, 1, "be-baken");
    net_cut(net, FR, 0);
    net_connect(net, FR, 0);
    net_pass(net, 2 * CLOCK_SECOND_US);
    assert_non_null(node_pending(net->nodes[FR].node, 0));
    assert_string_equal(node_pending(net->nodes[FR].node, 0)->relay, net_relay_ids[1]);
    assert_null(node_pending(net->nodes[FR].node, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(watch_withheld_alert_is_a_gap_that_is_reported_and_closes),
        NET_TEST(watch_record_of_numbers_that_is_behind_stops_no_start),
        NET_TEST(watch_gap_of_a_case_that_is_over_is_answered_as_void),
        NET_TEST(watch_gap_that_a_relay_made_up_gets_no_void_in_advance),
        NET_TEST(watch_gap_that_comes_again_at_once_is_answered_once_to_each_relay),
        NET_TEST(watch_gap_is_answered_by_its_sender_alone_and_each_number_once),
        NET_TEST(watch_gap_of_an_alert_that_every_relay_refused_is_void),
        NET_TEST(watch_case_of_a_lost_store_takes_no_number_of_the_next_one),
        NET_TEST(watch_forged_void_of_a_relay_silences_no_gap),
        NET_TEST(watch_pending_that_a_relay_makes_up_leaves_room_for_the_others),
        NET_TEST(watch_pending_of_an_earlier_session_is_forgotten),
        NET_TEST(watch_relay_that_promised_and_brings_no_receipt_is_suspected),
        NET_TEST(watch_open_cases_are_not_looked_at_before_something_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
