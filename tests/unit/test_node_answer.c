/* node_answer: what comes back to our own envelopes, honest or not: relays' answers, receipts, Unreadables, wishes for
 * grants. */
#include "node/node_inner.h"
#include "node_world.h"

#define RECEIPT(state) HOTLINE__RECEIPT_STATE__CODE__##state
#define REFUSED(code) HOTLINE__REFUSED_CODE__CODE__##code

static const struct net_publish to_france = {.to = {"FR"}};

static bool loses_answers(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && (frame->type == WIRE_ACCEPTED || frame->type == WIRE_REFUSED);
}

static bool loses_everything(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return !frame->to_node &&
        (frame->type == WIRE_PUBLISH || frame->type == WIRE_GRANTS || frame->type == WIRE_RECEIPTS);
}

/* Published and sent, and no relay heard of it. */
static struct item *publish_unheard(struct net *net, char *reference)
{
    net->loses = loses_everything;
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    return net_revision(net, BE, reference, 1);
}

/* ---- Accepted ---- */

struct word {
    unsigned by;                /* relay whose key signs */
    const char *relay, *sender; /* as the batch says */
    bool broken;                /* a bit of the signature */
};

static void inject_accepted(struct net *net, unsigned over, const struct word *word, const struct item *item)
{
    Hotline__AcceptedBatch batch = HOTLINE__ACCEPTED_BATCH__INIT;
    Hotline__Acceptance acceptance = HOTLINE__ACCEPTANCE__INIT, *list[1] = {&acceptance};
    Hotline__Accepted frame = HOTLINE__ACCEPTED__INIT;
    struct key_hash hash = item->hash;
    struct wire_arena arena;
    struct buf bytes;
    ProtobufCMessage *message;
    char relay[LIMIT_ID_CHARS + 1], sender[LIMIT_ID_CHARS + 1];
    snprintf(relay, sizeof relay, "%s", word->relay);
    snprintf(sender, sizeof sender, "%s", word->sender);
    batch.relay = relay;
    batch.sender = sender;
    WIRE_SET(&batch, at_us, net->now_us);
    WIRE_SET(&batch, roster_version, net->roster_version);
    WIRE_SET_BYTES(&batch, roster_hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    batch.n_acceptances = 1;
    batch.acceptances = list;
    WIRE_SET_BYTES(&acceptance, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    buf_init(&bytes);
    assert_ok(receipt_sign_accepted(&batch, net->relays[word->by].keys, &bytes));
    assert_ok(wire_arena_init(&arena));
    assert_ok(wire_unpack(&hotline__signed_accepted__descriptor, buf_slice(&bytes), &arena, NULL, &message));
    frame.accepted = (Hotline__SignedAccepted *)message;
    frame.accepted->signature.data[5] ^= word->broken;
    net_inject(net, BE, over, WIRE_ACCEPTED, &frame.base);
    net_run(net);
    wire_arena_done(&arena);
    buf_free(&bytes);
}

static void answer_accepted_counts_only_from_the_relay_itself_and_signed(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const struct item *item = publish_unheard(net, reference);
    const struct word forged[] = {{0, "relay-noord", "be-baken", true},
                                  {1, "relay-noord", "be-baken", false},
                                  {1, "relay-sud", "be-baken", false},
                                  {0, "relay-noord", "fr-phare", false},
                                  {0, "relay-nowhere", "be-baken", false}};
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        inject_accepted(net, 0, &forged[i], item);
        assert_int_equal(item_accepted_by(item), 0);
    }
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 0);
    inject_accepted(net, 0, &(struct word){0, "relay-noord", "be-baken", false}, item);
    inject_accepted(net, 0, &(struct word){0, "relay-noord", "be-baken", false}, item);
    assert_int_equal(item_accepted_by(item), 1);
    assert_int_equal(net_events(net, BE, NODE_RELAY_ACCEPTED), 1);
    net_crash(net, BE);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 1);
}

static void answer_lost_is_asked_for_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_answers;
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 0);
    net->loses = NULL;
    net_pass(net, 12 * CLOCK_SECOND_US);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

static void inject_lacking(struct net *net, unsigned relay, const struct item *item)
{
    Hotline__Lacking lacking = HOTLINE__LACKING__INIT;
    struct key_uuid id = item->id;
    ProtobufCBinaryData ids[1] = {wire_bytes(slice_of(id.bytes, KEY_UUID_BYTES))};
    WIRE_SET(&lacking, page, 0);
    lacking.n_ids = 1;
    lacking.ids = ids;
    net_inject(net, BE, relay, WIRE_LACKING, &lacking.base);
}

static void answer_lacking_after_accepted_sends_it_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    size_t before = net_frames(net, false, BE, 0, WIRE_PUBLISH);
    inject_lacking(net, 0, net_revision(net, BE, reference, 1));
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 1); /* no longer two */
    net_run(net);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_PUBLISH), before + 1);
    assert_int_equal(net_frames(net, false, BE, 1, WIRE_PUBLISH), before);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 2);
}

static void answer_lacking_without_end_queues_it_once(void **state)
{
    struct net *net = *state;
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, first);
    net_publish(net, BE, &to_france, second);
    net_run(net);
    for (unsigned i = 0; i < 1000; i++) {
        inject_lacking(net, 0, net_revision(net, BE, first, 1));
        inject_lacking(net, 0, net_revision(net, BE, second, 1));
    }
    assert_int_equal(node_waiting_at(net->nodes[BE].node, net_slot(&net->nodes[BE], 0)), 2);
}

/* ---- Refused ---- */

static void inject_refused(struct net *net, const struct item *item, Hotline__RefusedCode__Code code)
{
    Hotline__Refused refused = HOTLINE__REFUSED__INIT;
    struct key_hash hash = item->hash;
    char reason[] = "30 a minute";
    WIRE_SET_BYTES(&refused, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&refused, code, code);
    refused.reason = reason;
    if (code == REFUSED(RATE))
        WIRE_SET(&refused, retry_after_ms, 2000);
    net_inject(net, BE, 0, WIRE_REFUSED, &refused.base);
    net_run(net);
}

static const struct item_relay *relay_of(const struct net *net, const char *reference)
{
    return item_relay(net_revision(net, BE, reference, 1), "relay-noord");
}

static void answer_refused_for_its_rate_is_tried_again_when_told(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const struct item *item = publish_unheard(net, reference);
    size_t sent = net_frames(net, false, BE, 0, WIRE_PUBLISH);
    for (unsigned i = 0; i < 50; i++)
        inject_refused(net, item, REFUSED(RATE));
    assert_int_equal(net->nodes[BE].node->delayed_count, 1); /* a relay that repeats itself fills no memory */
    assert_int_equal(relay_of(net, reference)->state, ITEM_WAITING);
    assert_string_equal(relay_of(net, reference)->reason, "30 a minute");
    assert_true(net_events(net, BE, NODE_RELAY_REFUSED) >= 1);
    net_pass(net, CLOCK_SECOND_US);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_PUBLISH), sent);
    net->loses = NULL;
    net_pass(net, 3 * CLOCK_SECOND_US);
    assert_int_equal(relay_of(net, reference)->state, ITEM_ACCEPTED);
}

static void answer_refused_for_its_rate_still_waits_after_a_restart(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    inject_refused(net, publish_unheard(net, reference), REFUSED(RATE));
    net_crash(net, BE);
    assert_int_equal(relay_of(net, reference)->state, ITEM_WAITING);
    assert_true(node_waiting_at(net->nodes[BE].node, net_slot(&net->nodes[BE], 0)) == 1);
}

static void answer_refused_for_good_is_shown_and_not_tried_again(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    inject_refused(net, publish_unheard(net, reference), REFUSED(NOT_ALLOWED));
    size_t sent = net_frames(net, false, BE, 0, WIRE_PUBLISH);
    assert_int_equal(relay_of(net, reference)->state, ITEM_REFUSED);
    assert_int_equal(relay_of(net, reference)->refused, REFUSED(NOT_ALLOWED));
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_PUBLISH), sent);
    net_crash(net, BE);
    assert_int_equal(relay_of(net, reference)->state, ITEM_REFUSED);
    assert_string_equal(relay_of(net, reference)->reason, "30 a minute");
    inject_refused(net, &(struct item){.hash = {{9}}}, REFUSED(RATE)); /* of nothing that was ever sent */
}

/* ---- receipts ---- */

struct said {
    unsigned recipient, by;
    const char *sender;
    Hotline__ReceiptState__Code state;
    bool broken;
};

static void inject_receipt(struct net *net, const struct said *said, const struct item *item)
{
    Hotline__ReceiptBatch batch = HOTLINE__RECEIPT_BATCH__INIT;
    Hotline__Receipt receipt = HOTLINE__RECEIPT__INIT, *list[1] = {&receipt};
    Hotline__Receipts frame = HOTLINE__RECEIPTS__INIT;
    struct key_set *keys = net_member_keys(said->by);
    struct key_hash hash = item->hash;
    struct wire_arena arena;
    struct buf bytes;
    ProtobufCMessage *message;
    char recipient[LIMIT_ID_CHARS + 1], sender[LIMIT_ID_CHARS + 1];
    snprintf(recipient, sizeof recipient, "%s", net_members[said->recipient]);
    snprintf(sender, sizeof sender, "%s", said->sender);
    batch.recipient = recipient;
    batch.sender = sender;
    WIRE_SET(&batch, made_at_us, net->now_us);
    WIRE_SET(&batch, roster_version, net->roster_version);
    WIRE_SET_BYTES(&batch, roster_hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    batch.n_receipts = 1;
    batch.receipts = list;
    WIRE_SET_BYTES(&receipt, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&receipt, state, said->state);
    WIRE_SET(&receipt, at_us, ++net->now_us);
    if (said->state == RECEIPT(DECLINED))
        WIRE_SET(&receipt, decline, HOTLINE__DECLINE_CODE__CODE__NOT_COMPETENT);
    buf_init(&bytes);
    assert_ok(receipt_sign(&batch, keys, &bytes));
    assert_ok(wire_arena_init(&arena));
    assert_ok(wire_unpack(&hotline__signed_receipts__descriptor, buf_slice(&bytes), &arena, NULL, &message));
    frame.receipts = (Hotline__SignedReceipts *)message;
    frame.receipts->signature.data[5] ^= said->broken;
    net_inject(net, BE, 0, WIRE_RECEIPTS, &frame.base);
    net_run(net);
    wire_arena_done(&arena);
    buf_free(&bytes);
    key_set_free(keys);
}

static void answer_receipts_only_move_forward(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const struct item *item = publish_unheard(net, reference);
    const struct {
        Hotline__ReceiptState__Code said;
        int then;
    } steps[] = {{RECEIPT(SHOWN), RECEIPT(SHOWN)},
                 {RECEIPT(DELIVERED), RECEIPT(SHOWN)},
                 {RECEIPT(DECLINED), RECEIPT(DECLINED)},
                 {RECEIPT(SHOWN), RECEIPT(DECLINED)},
                 {RECEIPT(ACKNOWLEDGED), RECEIPT(ACKNOWLEDGED)},
                 {RECEIPT(DELIVERED), RECEIPT(ACKNOWLEDGED)},
                 {RECEIPT(ERASED), RECEIPT(ERASED)},
                 {RECEIPT(ACKNOWLEDGED), RECEIPT(ERASED)}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        inject_receipt(net, &(struct said){FR, FR, "be-baken", steps[i].said, false}, item);
        if (net_state(net, BE, reference, FR) != steps[i].then)
            fail_msg("step %zu: %d instead of %d", i, net_state(net, BE, reference, FR), steps[i].then);
    }
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 4);
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN), 8); /* each is answered all the same */
    net_crash(net, BE);
    const struct ladder_row *row = item_row(net_revision(net, BE, reference, 1), "fr-phare");
    assert_int_equal(row->state, RECEIPT(ERASED));
    assert_int_equal(row->decline, HOTLINE__DECLINE_CODE__CODE__NOT_COMPETENT);
    assert_true(row->state_at_us[RECEIPT(SHOWN)] < row->state_at_us[RECEIPT(DECLINED)]);
    assert_int_equal(row->state_at_us[RECEIPT(DELIVERED)], 0);
}

static void answer_receipts_that_are_forged_change_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    const struct item *item = publish_unheard(net, reference);
    inject_receipt(net, &(struct said){FR, FR, "be-baken", RECEIPT(DELIVERED), true}, item);
    inject_receipt(net, &(struct said){FR, IT, "be-baken", RECEIPT(DELIVERED), false}, item); /* another's key */
    inject_receipt(net, &(struct said){FR, FR, "it-lanterna", RECEIPT(DELIVERED), false}, item);
    assert_int_equal(net_state(net, BE, reference, FR), 0);
    assert_int_equal(net_events(net, BE, NODE_LADDER_CHANGED), 0);
    assert_int_equal(node_counters(net->nodes[BE].node)->refused_in, 3);
}

/* A member that a relay told the hash to would get all later revisions, were its word enough for a row. */
static void strangers_receipt_opens_no_row(struct net *net, bool restricted)
{
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    net_forget(net);
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .restricted = restricted}, reference);
    net_run(net);
    inject_receipt(net, &(struct said){NL, NL, "be-baken", RECEIPT(ACKNOWLEDGED), false},
                   net_revision(net, BE, reference, 1));
    assert_null(item_row(net_revision(net, BE, reference, 1), "nl-lamp"));
    assert_ok(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}}, &note));
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 1);
    assert_null(item_row(net_revision(net, BE, reference, 2), "nl-lamp"));
    assert_false(net_has(net, NL, reference));
}

static void answer_receipt_of_a_stranger_opens_no_row_and_wins_no_grant(void **state)
{
    strangers_receipt_opens_no_row(*state, true);
    strangers_receipt_opens_no_row(*state, false);
}

/* ---- Unreadable ---- */

/* FR's word that it holds no such key, with a card that shows another one. */
static void inject_unreadable(struct net *net, const struct item *item, const struct key_box *fresh, uint64_t serial)
{
    Hotline__Unreadable unreadable = HOTLINE__UNREADABLE__INIT;
    Hotline__SignedUnreadable outer = HOTLINE__SIGNED_UNREADABLE__INIT;
    Hotline__Unreadables frame = HOTLINE__UNREADABLES__INIT;
    struct key_set *keys = net_member_keys(FR);
    struct key_signature signature;
    struct key_hash hash = item->hash;
    struct wire_arena arena;
    struct buf bytes;
    struct card card = {0};
    char sender[] = "be-baken";
    struct card_draft draft = {.serial = serial,
                               .store_id = {{3}},
                               .encryption_key = *fresh,
                               .not_after_us = net->now_us + CLOCK_DAY_US,
                               .software = "x"};
    assert_ok(card_make(keys, &draft, &card));
    assert_ok(wire_arena_init(&arena));
    unreadable.recipient = keys->id;
    unreadable.sender = sender;
    WIRE_SET_BYTES(&unreadable, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&unreadable, code, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    WIRE_SET(&unreadable, at_us, net->now_us);
    buf_init(&bytes);
    assert_ok(receipt_sign_unreadable(&unreadable, keys, &bytes, &signature));
    WIRE_SET_BYTES(&outer, unreadable, bytes.data, bytes.len);
    WIRE_SET_BYTES(&outer, signature, signature.bytes, KEY_SIGNATURE_BYTES);
    assert_ok(card_view(&card, &arena, &outer.card));
    frame.unreadable = &outer;
    net_inject(net, BE, 0, WIRE_UNREADABLES, &frame.base);
    net_run(net);
    buf_free(&bytes);
    card_done(&card);
    wire_arena_done(&arena);
    key_set_free(keys);
}

static void answer_unreadable_without_key_is_granted_anew_under_the_same_number(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct item *item = net_revision(net, BE, reference, 1);
    struct envelope_grant before = item_row(item, "fr-phare")->grant;
    struct key_box fresh;
    struct key_box_secret secret;
    key_box_generate(&fresh, &secret);
    uint64_t serial = node_directory(net->nodes[FR].node)->own_card.serial + 100;
    inject_unreadable(net, item, &fresh, serial);
    struct envelope_grant after = item_row(item, "fr-phare")->grant;
    assert_true(key_id_equal(after.key_id, key_id_of(fresh.bytes)));
    assert_int_equal(after.sequence, before.sequence);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_GRANTS), 1); /* all relays get it */
    assert_int_equal(net_frames(net, false, BE, 1, WIRE_GRANTS), 1);
    inject_unreadable(net, item, &fresh, serial); /* the other relay's copy: not another grant */
    assert_memory_equal(item_row(item, "fr-phare")->grant.box, after.box, sizeof after.box);
    assert_int_equal(item_row(item, "fr-phare")->unreadable, HOTLINE__UNREADABLE_CODE__CODE__NO_KEY);
    net_pass(net, 12 * CLOCK_SECOND_US);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_GRANTS), 1); /* answered, so not sent again */
    net_crash(net, BE);
    assert_memory_equal(item_row(net_revision(net, BE, reference, 1), "fr-phare")->grant.box, after.box,
                        sizeof after.box);
}

/* The kill comes between the commit and the sending: no relay knows of the grant, and none asks for it. */
static void answer_unreadable_is_granted_anew_though_the_node_was_killed_before_a_relay_heard(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_cut(net, FR, NET_ALL);
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    net_cut(net, BE, 1);
    struct key_box fresh;
    struct key_box_secret secret;
    key_box_generate(&fresh, &secret);
    inject_unreadable(net, net_revision(net, BE, reference, 1), &fresh,
                      node_directory(net->nodes[FR].node)->own_card.serial + 100);
    assert_int_equal(net_frames(net, false, BE, 1, WIRE_GRANTS), 0);
    net_crash(net, BE);
    net_connect(net, BE, 1);
    net_run(net);
    assert_int_equal(net_frames(net, false, BE, 1, WIRE_GRANTS), 1);
    net_pass(net, 12 * CLOCK_SECOND_US);
    assert_int_equal(net_frames(net, false, BE, 1, WIRE_GRANTS), 1); /* answered */
}

/* Nobody grants to it any more, whatever it says, and whatever relay brings it. */
static void answer_unreadable_of_a_withdrawn_member_is_granted_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct key_box fresh;
    struct key_box_secret secret;
    net_cut(net, FR, NET_ALL);
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct item *item = net_revision(net, BE, reference, 1);
    struct envelope_grant before = item_row(item, "fr-phare")->grant;
    net->standing[FR] = HOTLINE__STANDING__CODE__WITHDRAWN;
    net_new_roster(net);
    key_box_generate(&fresh, &secret);
    inject_unreadable(net, item, &fresh, node_directory(net->nodes[FR].node)->own_card.serial + 100);
    assert_memory_equal(item_row(item, "fr-phare")->grant.box, before.box, sizeof before.box);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_GRANTS), 0);
}

/* ---- wishes for grants ---- */

static void inject_wanted(struct net *net, const struct item *item, unsigned member, bool broken)
{
    Hotline__GrantWanted wanted = HOTLINE__GRANT_WANTED__INIT;
    Hotline__SignedCard *cards[1];
    struct key_hash hash = item->hash;
    struct key_uuid id = item->id;
    struct wire_arena arena;
    assert_ok(wire_arena_init(&arena));
    assert_ok(card_view(&node_directory(net->nodes[member].node)->own_card, &arena, &cards[0]));
    cards[0]->signature.data[0] ^= broken;
    WIRE_SET_BYTES(&wanted, envelope_hash, hash.bytes, KEY_HASH_BYTES);
    WIRE_SET_BYTES(&wanted, envelope_id, id.bytes, KEY_UUID_BYTES);
    wanted.n_cards = 1;
    wanted.cards = cards;
    net_inject(net, BE, 0, WIRE_GRANT_WANTED, &wanted.base);
    net_run(net);
    wire_arena_done(&arena);
}

static void answer_to_a_wish_for_somebody_not_routed_is_no(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    inject_wanted(net, net_revision(net, BE, reference, 1), NL, false);
    const Hotline__Grants *grants = net_last(net, false, BE, 0, WIRE_GRANTS);
    assert_int_equal(grants->n_grants, 0);
    assert_int_equal(grants->n_not_routed, 1);
    assert_string_equal(grants->not_routed[0], "nl-lamp");
    assert_null(item_row(net_revision(net, BE, reference, 1), "nl-lamp"));
    size_t sent = net_sent(net, BE, WIRE_GRANTS);
    inject_wanted(net, net_revision(net, BE, reference, 1), NL, true);  /* a card that nobody signed */
    inject_wanted(net, &(struct item){.hash = {{4}}}, NL, false);       /* an envelope that nobody sent */
    inject_wanted(net, net_revision(net, FR, reference, 1), BE, false); /* for ourselves */
    assert_int_equal(net_sent(net, BE, WIRE_GRANTS), sent + 1);         /* the last one is "no", too */
}

static void answer_to_a_wish_for_a_holder_is_its_grant_word_for_word(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct envelope_grant grant = item_row(net_revision(net, BE, reference, 1), "fr-phare")->grant;
    inject_wanted(net, net_revision(net, BE, reference, 1), FR, false);
    const Hotline__Grants *grants = net_last(net, false, BE, 0, WIRE_GRANTS);
    assert_int_equal(grants->n_grants, 1);
    assert_memory_equal(grants->grants[0]->box.data, grant.box, sizeof grant.box);
    assert_memory_equal(grants->grants[0]->nonce.data, grant.nonce, sizeof grant.nonce);
}

/* ---- hostile frames of every kind ---- */

/* Everything that must not change by garbage. */
struct shape {
    size_t cases, own, seen, owed, sent;
    uint64_t roster, serial, ticket, state; /* no padding: shapes are compared as bytes */
};

static struct shape shape_of(const struct net *net, unsigned node)
{
    const struct node *inner = net->nodes[node].node;
    return (struct shape){.cases = inner->cases.count,
                          .own = inner->own.count,
                          .seen = inner->seen.count,
                          .owed = inner->owed.count,
                          .sent = inner->sent_count,
                          .roster = roster_version(inner->directory.roster),
                          .serial = inner->directory.own_card.serial,
                          .ticket = vault_last(inner->vault),
                          .state = node_uplink(inner, net_slot(&net->nodes[node], 0))->state};
}

static void hand_bytes(struct net *net, uint8_t type, const uint8_t *body, size_t len)
{
    struct buf bytes;
    buf_init(&bytes);
    buf_add_u32le(&bytes, (uint32_t)len + 1);
    buf_add_u8(&bytes, type);
    buf_add(&bytes, body, len);
    node_receive(net->nodes[BE].node, net_slot(&net->nodes[BE], 0), buf_slice(&bytes), net->now_us, net->steady_us);
    buf_free(&bytes);
}

static void answer_to_garbage_of_every_frame_type_is_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct shape before = shape_of(net, BE), after;
    uint8_t random[300];
    net_forget(net);
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned round = 0; round < 8; round++) {
            seal_random(random, sizeof random);
            hand_bytes(net, (uint8_t)type, random, round == 0 ? 0 : 40 * round);
        }
    }
    node_receive(net->nodes[BE].node, 0, slice_of(random, 3), net->now_us, net->steady_us);
    node_receive(net->nodes[BE].node, 99, slice_of(random, 30), net->now_us, net->steady_us);
    net_run(net);
    after = shape_of(net, BE);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN) + net_sent(net, BE, WIRE_GRANTS) + net_sent(net, BE, WIRE_PUBLISH),
                     0);
}

/* Frames that only nodes send, and every relay's frame before its Welcome. */
static void answer_to_frames_that_are_not_permitted_is_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net->loses = loses_answers;
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct net_frame frames[64];
    size_t count = 0;
    for (size_t i = 0; i < net->frame_count && count < 64; i++) {
        if (net->frames[i].to_node && net->frames[i].node == BE && net->frames[i].relay == 0 &&
            net->frames[i].type != WIRE_WELCOME)
            frames[count++] = net->frames[i];
    }
    assert_true(count > 0);
    struct shape before = shape_of(net, BE);
    for (size_t i = 0; i < net->frame_count; i++) {
        if (!net->frames[i].to_node && net->frames[i].type != WIRE_RECEIPTS && net->frames[i].type != WIRE_PULSE)
            hand_bytes(net, net->frames[i].type, net->frames[i].bytes, net->frames[i].len);
    }
    struct shape after = shape_of(net, BE);
    assert_memory_equal(&before, &after, sizeof before);
    net_cut(net, BE, 0); /* OFFLINE: not even what it would have accepted a moment ago */
    before = shape_of(net, BE);
    for (size_t i = 0; i < count; i++)
        hand_bytes(net, frames[i].type, frames[i].bytes, frames[i].len);
    after = shape_of(net, BE);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(item_accepted_by(net_revision(net, BE, reference, 1)), 0);
}

/* A relay may say any number: only a card that we signed ourselves counts. */
static void answer_to_a_welcome_with_an_absurd_serial_is_no_new_card(void **state)
{
    struct net *net = *state;
    const Hotline__Welcome *last;
    net_cut(net, BE, 0);
    net_connect(net, BE, 0);
    last = net_last(net, true, BE, 0, WIRE_WELCOME);
    Hotline__Welcome welcome = *last;
    uint64_t serial = node_directory(net->nodes[BE].node)->own_card.serial;
    WIRE_SET(&welcome, own_card_serial, UINT64_MAX);
    net_inject(net, BE, 0, WIRE_WELCOME, &welcome.base);
    net_forget(net);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(node_directory(net->nodes[BE].node)->own_card.serial, serial);
    assert_int_equal(net_sent(net, BE, WIRE_CARDS), 0);
}

static void answer_to_a_welcome_under_another_name_is_no_session(void **state)
{
    struct net *net = *state;
    char name[] = "relay-sud";
    net_cut(net, BE, 0);
    net_connect(net, BE, 0);
    Hotline__Welcome welcome = *(const Hotline__Welcome *)net_last(net, true, BE, 0, WIRE_WELCOME);
    struct node_link *link = node_link_named(net->nodes[BE].node, "relay-noord");
    node_link(net->nodes[BE].node, net_slot(&net->nodes[BE], 0), UPLINK_LINK_DOWN, net->now_us);
    node_link(net->nodes[BE].node, net_slot(&net->nodes[BE], 0), UPLINK_LINK_UP, net->now_us);
    assert_int_equal(link->uplink.state, UPLINK_GREETING);
    welcome.relay = name;
    net_inject(net, BE, 0, WIRE_WELCOME, &welcome.base);
    assert_int_equal(link->uplink.state, UPLINK_GREETING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(answer_accepted_counts_only_from_the_relay_itself_and_signed),
        NET_TEST(answer_lost_is_asked_for_again),
        NET_TEST(answer_lacking_after_accepted_sends_it_again),
        NET_TEST(answer_lacking_without_end_queues_it_once),
        NET_TEST(answer_refused_for_its_rate_is_tried_again_when_told),
        NET_TEST(answer_refused_for_its_rate_still_waits_after_a_restart),
        NET_TEST(answer_refused_for_good_is_shown_and_not_tried_again),
        NET_TEST(answer_receipts_only_move_forward),
        NET_TEST(answer_receipts_that_are_forged_change_nothing),
        NET_TEST(answer_receipt_of_a_stranger_opens_no_row_and_wins_no_grant),
        NET_TEST(answer_unreadable_without_key_is_granted_anew_under_the_same_number),
        NET_TEST(answer_unreadable_is_granted_anew_though_the_node_was_killed_before_a_relay_heard),
        NET_TEST(answer_unreadable_of_a_withdrawn_member_is_granted_nothing),
        NET_TEST(answer_to_a_wish_for_somebody_not_routed_is_no),
        NET_TEST(answer_to_a_wish_for_a_holder_is_its_grant_word_for_word),
        NET_TEST(answer_to_garbage_of_every_frame_type_is_nothing),
        NET_TEST(answer_to_frames_that_are_not_permitted_is_nothing),
        NET_TEST(answer_to_a_welcome_with_an_absurd_serial_is_no_new_card),
        NET_TEST(answer_to_a_welcome_under_another_name_is_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
