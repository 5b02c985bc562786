/* node_answer, and what people see of it: words of relays and recipients beyond the usual one, each in its place. */
#include "node/node_inner.h"
#include "node/node_view.h"
#include "node_world.h"

#define REFUSED(code) HOTLINE__REFUSED_CODE__CODE__##code

static const struct net_publish to_france = {.to = {"FR"}};

static bool loses_publish(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node && frame->type == WIRE_PUBLISH;
}

/* ---- injected words ---- */

static void inject_refused(struct net *net, const struct item *item, int code, int64_t retry_after_ms)
{
    Hotline__Refused refused = HOTLINE__REFUSED__INIT;
    struct key_hash hash = item->hash;
    WIRE_SET_BYTES(&refused, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&refused, code, (Hotline__RefusedCode__Code)code);
    if (retry_after_ms > 0)
        WIRE_SET(&refused, retry_after_ms, (uint32_t)retry_after_ms);
    net_inject(net, BE, 0, WIRE_REFUSED, &refused.base);
    net_run(net);
}

/* relay-noord's signed word that it holds this item, but not for these (NULL: none). */
static void inject_left_out(struct net *net, const struct item *item, const char *first, const char *second)
{
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT, *list[1] = {&acceptance};
    Hotline__LeftOut out[2] = {HOTLINE__LEFT_OUT__INIT, HOTLINE__LEFT_OUT__INIT}, *outs[2] = {&out[0], &out[1]};
    Hotline__Accepted frame = HOTLINE__ACCEPTED__INIT;
    struct key_hash hash = item->hash;
    struct wire_arena arena;
    struct buf bytes;
    ProtobufCMessage *message;
    char relay[] = "relay-noord", sender[] = "be-baken", names[2][LIMIT_ID_CHARS + 1], why[] = "UNKNOWN";
    snprintf(names[0], sizeof names[0], "%s", first ? first : "");
    snprintf(names[1], sizeof names[1], "%s", second ? second : "");
    for (size_t i = 0; i < 2; i++) {
        out[i].member = names[i];
        out[i].why = why;
    }
    batch.relay = relay;
    batch.sender = sender;
    WIRE_SET(&batch, at_us, net->now_us);
    WIRE_SET(&batch, roster_version, net->roster_version);
    WIRE_SET_BYTES(&batch, roster_hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    batch.n_acceptances = 1;
    batch.acceptances = list;
    acceptance.n_left_out = (size_t)(first != NULL) + (second != NULL);
    acceptance.left_out = outs;
    WIRE_SET_BYTES(&acceptance, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    buf_init(&bytes);
    assert_ok(receipt_sign_accepted(&batch, net->relays[0].keys, &bytes));
    assert_ok(wire_arena_init(&arena));
    assert_ok(wire_unpack(&hotline__signed_accepted__descriptor, buf_slice(&bytes), &arena, NULL, &message));
    frame.accepted = (Hotline__SignedAccepted *)message;
    net_inject(net, BE, 0, WIRE_ACCEPTED, &frame.base);
    net_run(net);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

/* FR cannot read it; card: its own one shown along, broken or not; NULL none. */
static void inject_unreadable(struct net *net, const struct item *item, unsigned by, const bool *card_is_broken)
{
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    Hotline__Unreadables frame = HOTLINE__UNREADABLES__INIT;
    struct key_set *keys = net_member_keys(by);
    struct key_signature signature;
    struct key_hash hash = item->hash;
    struct wire_arena arena;
    struct buf bytes;
    char sender[] = "be-baken";
    unreadable.recipient = keys->id;
    unreadable.sender = sender;
    WIRE_SET_BYTES(&unreadable, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, HOTLINE__UNREADABLE_CODE__CODE__BAD_BODY);
    WIRE_SET(&unreadable, at_us, net->now_us);
    buf_init(&bytes);
    assert_ok(receipt_sign_unreadable(&unreadable, keys, &bytes, &signature));
    WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    assert_ok(wire_arena_init(&arena));
    if (card_is_broken != NULL) {
        assert_ok(card_view(&node_directory(net->nodes[by].node)->own_card, &arena, &outer.card));
        outer.card->signature.data[0] ^= *card_is_broken;
    }
    frame.unreadable = &outer;
    net_inject(net, BE, 0, WIRE_UNREADABLES, &frame.base);
    net_run(net);
    wire_arena_done(&arena);
    buf_free(&bytes);
    key_set_free(keys);
}

/* ---- looking ---- */

static struct jdoc *view(const struct net *net, unsigned node, const char *reference)
{
    return node_view_case(net->nodes[node].node, net_case(net, node, reference), net->now_us);
}

static const char *text_at(const struct jdoc *doc, const char *key)
{
    return jdoc_get_text(doc, key, "(absent)");
}

/* relay-noord's row of the view. */
static void check_at_relay(const struct net *net, const char *reference, const char *state, const char *code)
{
    struct jdoc *doc = view(net, BE, reference);
    const struct jdoc *row = jdoc_at(jdoc_get(doc, "relays"), 0);
    assert_string_equal(text_at(row, "relay"), "relay-noord");
    assert_string_equal(text_at(row, "state"), state);
    assert_string_equal(text_at(row, "code"), code);
    jdoc_free(doc);
}

/* ---- relays ---- */

static void words_left_out_by_a_relay_are_shown_once_each(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    inject_left_out(net, item, NULL, NULL);
    struct jdoc *doc = view(net, BE, reference);
    assert_int_equal(jdoc_count(jdoc_get(doc, "left_out")), 0);
    jdoc_free(doc);
    for (int i = 0; i < 3; i++)
        inject_left_out(net, item, "fr-phare", "es-faro");
    doc = view(net, BE, reference);
    assert_int_equal(jdoc_count(jdoc_get(doc, "left_out")), 2);
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(doc, "left_out"), 0)), "fr-phare");
    assert_string_equal(jdoc_text(jdoc_at(jdoc_get(doc, "left_out"), 1)), "es-faro");
    jdoc_free(doc);
}

static void words_left_out_without_end_fill_no_more_than_their_room(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], names[2][LIMIT_ID_CHARS + 1];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    size_t room = sizeof item->left_out / sizeof item->left_out[0];
    for (unsigned i = 0; i < room + 10; i++) {
        snprintf(names[0], sizeof names[0], "xx-a%u", i);
        snprintf(names[1], sizeof names[1], "xx-b%u", i);
        inject_left_out(net, item, names[0], names[1]);
        net_forget(net);
    }
    assert_int_equal(item->left_out_count, room);
    struct jdoc *doc = view(net, BE, reference);
    assert_int_equal(jdoc_count(jdoc_get(doc, "left_out")), room);
    jdoc_free(doc);
}

/* The relay lost what it had accepted: Grants for it are answered so, and it gets the whole envelope. */
static void words_of_a_relay_that_lost_an_envelope_bring_it_whole(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    size_t sent = net_frames(net, false, BE, 0, WIRE_PUBLISH);
    inject_refused(net, net_revision(net, BE, reference, 1), REFUSED(UNKNOWN_ENVELOPE), 0);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_PUBLISH), sent + 1);
    check_at_relay(net, reference, "ACCEPTED", "(absent)"); /* no refusal of what was sent */
    assert_int_equal(net_events(net, BE, NODE_RELAY_REFUSED), 0);
    inject_refused(net, &(struct item){.hash = {{5}}}, REFUSED(UNKNOWN_ENVELOPE), 0); /* of nobody's */
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_PUBLISH), sent + 1);
}

/* Passing refusals wait as told, a minute at most; what is said without a time is tried again soon. */
static void words_of_a_passing_refusal_are_shown_and_it_is_sent_again(void **state)
{
    struct net *net = *state;
    static const struct {
        int code;
        const char *name;
        int64_t retry_ms;
        int64_t least_us, most_us;
    } cases[] = {{REFUSED(RATE), "RATE", 3600 * 1000, 50 * CLOCK_SECOND_US, 62 * CLOCK_SECOND_US},
                 {REFUSED(DISK_FULL), "DISK_FULL", 0, 0, 62 * CLOCK_SECOND_US},
                 {REFUSED(FROM_THE_FUTURE), "FROM_THE_FUTURE", 20 * 1000, 18 * CLOCK_SECOND_US, 22 * CLOCK_SECOND_US},
                 {REFUSED(TOO_MANY_OPEN), "TOO_MANY_OPEN", 20 * 1000, 18 * CLOCK_SECOND_US, 22 * CLOCK_SECOND_US}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char reference[CASES_REFERENCE_MAX];
        net->loses = loses_publish;
        net_publish(net, BE, &to_france, reference);
        net_run(net);
        inject_refused(net, net_revision(net, BE, reference, 1), cases[i].code, cases[i].retry_ms);
        check_at_relay(net, reference, "WAITING", cases[i].name);
        net_forget(net);
        int64_t from_us = net->steady_us;
        while (net_frames(net, false, BE, 0, WIRE_PUBLISH) == 0 && net->steady_us - from_us <= cases[i].most_us)
            net_tick(net, CLOCK_SECOND_US / 2);
        int64_t after_us = net->steady_us - from_us;
        if (after_us < cases[i].least_us || after_us > cases[i].most_us)
            fail_msg("%s: sent again after %lld ms", cases[i].name, (long long)(after_us / 1000));
        net->loses = NULL;
        net_pass(net, 70 * CLOCK_SECOND_US);
        check_at_relay(net, reference, "ACCEPTED", "(absent)");
        net_forget(net);
    }
}

static void words_that_refuse_many_at_once_lose_none(void **state)
{
    enum { MANY = 24 };
    struct net *net = *state;
    char reference[MANY][CASES_REFERENCE_MAX];
    net_cut(net, BE, 1);
    net->loses = loses_publish;
    for (unsigned i = 0; i < MANY; i++) {
        net_publish(net, BE, &to_france, reference[i]);
        net_run(net);
        inject_refused(net, net_revision(net, BE, reference[i], 1), REFUSED(RATE), 5000);
    }
    assert_int_equal(net_cases(net, FR), 0);
    net->loses = NULL;
    net_forget(net);
    net_pass(net, 10 * CLOCK_SECOND_US);
    assert_int_equal(net_cases(net, FR), MANY);
}

/* ---- recipients ---- */

static void words_of_a_recipient_that_cannot_read_stand_in_its_row(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const bool broken = true, whole = false;
    net_cut(net, FR, NET_ALL);
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    uint64_t refused = node_counters(net->nodes[BE].node)->refused_in;
    inject_unreadable(net, item, FR, &broken); /* its word counts, its card does not */
    assert_int_equal(node_counters(net->nodes[BE].node)->refused_in, refused + 1);
    inject_unreadable(net, item, FR, &whole);
    inject_unreadable(net, item, NL, NULL); /* to whom it was never sent */
    assert_int_equal(node_counters(net->nodes[BE].node)->unreadable, 3);
    struct jdoc *doc = view(net, BE, reference);
    assert_int_equal(jdoc_count(jdoc_get(doc, "ladder")), 1);
    assert_string_equal(text_at(jdoc_at(jdoc_get(doc, "ladder"), 0), "note"), "unreadable there: BAD_BODY");
    assert_string_equal(text_at(jdoc_at(jdoc_get(doc, "ladder"), 0), "state"), "QUEUED");
    jdoc_free(doc);
    net_connect(net, FR, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    doc = view(net, BE, reference);
    assert_string_equal(text_at(jdoc_at(jdoc_get(doc, "ladder"), 0), "state"), "DELIVERED");
    assert_null(jdoc_get(jdoc_at(jdoc_get(doc, "ladder"), 0), "note")); /* it can, now */
    jdoc_free(doc);
    inject_unreadable(net, item, FR, NULL); /* too late: it has said that it has it */
    assert_int_equal(item_row(item, "fr-phare")->unreadable, 0);
}

static void words_that_decline_are_shown_on_both_sides(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    uint64_t ticket;
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "IT"}}, reference);
    net_run(net);
    assert_ok(node_decline(net->nodes[IT].node, net_case(net, IT, reference), HOTLINE__DECLINE_CODE__CODE__NO_CAPACITY,
                           net->now_us, &note, &ticket));
    net_run(net);
    struct jdoc *doc = view(net, BE, reference);
    const struct jdoc *ladder = jdoc_get(doc, "ladder");
    assert_int_equal(jdoc_count(ladder), 2);
    assert_string_equal(text_at(jdoc_at(ladder, 0), "decline_code"), "(absent)");
    assert_string_equal(text_at(jdoc_at(ladder, 1), "member"), "it-lanterna");
    assert_string_equal(text_at(jdoc_at(ladder, 1), "state"), "DECLINED");
    assert_string_equal(text_at(jdoc_at(ladder, 1), "decline_code"), "NO_CAPACITY");
    jdoc_free(doc);
    doc = view(net, IT, reference);
    assert_string_equal(text_at(doc, "decline_code"), "NO_CAPACITY");
    assert_non_null(jdoc_get(doc, "declined_at"));
    jdoc_free(doc);
}

static void words_of_a_member_that_left_the_roster_stay_in_the_thread(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "IT"}}, reference);
    net_run(net);
    assert_ok(net_try_reply(net, IT, reference, "seen at the station", &note));
    net_run(net);
    struct jdoc *doc = view(net, BE, reference);
    assert_string_equal(text_at(jdoc_at(jdoc_get(doc, "thread"), 0), "country"), "IT");
    assert_non_null(jdoc_get(jdoc_at(jdoc_get(doc, "thread"), 0), "received_at"));
    jdoc_free(doc);
    doc = view(net, IT, reference);
    const struct jdoc *own = jdoc_at(jdoc_get(doc, "thread"), 0);
    assert_string_equal(text_at(own, "to"), "be-baken");
    assert_string_equal(text_at(own, "state"), "DELIVERED");
    assert_int_equal(jdoc_get_int(own, "accepted_by", 0), 2);
    jdoc_free(doc);
    net->absent[BE] = net->absent[IT] = true;
    net_new_roster(net);
    doc = view(net, FR, reference);
    assert_string_equal(text_at(doc, "member"), "be-baken");
    assert_true(jdoc_get_bool(doc, "opener_withdrawn", false));
    assert_null(jdoc_get(doc, "opener_name"));
    assert_null(jdoc_get(doc, "country"));
    jdoc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(words_left_out_by_a_relay_are_shown_once_each),
        NET_TEST(words_left_out_without_end_fill_no_more_than_their_room),
        NET_TEST(words_of_a_relay_that_lost_an_envelope_bring_it_whole),
        NET_TEST(words_of_a_passing_refusal_are_shown_and_it_is_sent_again),
        NET_TEST(words_that_refuse_many_at_once_lose_none),
        NET_TEST(words_of_a_recipient_that_cannot_read_stand_in_its_row),
        NET_TEST(words_that_decline_are_shown_on_both_sides),
        NET_TEST(words_of_a_member_that_left_the_roster_stay_in_the_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
