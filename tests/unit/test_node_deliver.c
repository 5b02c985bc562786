/* node_deliver: what comes in: forged, altered, repeated, out of order, disputed; each has its answer and leaves no
 * trace. */
#include "node/node_inner.h"
#include "node_world.h"

#define UNREADABLE(code) HOTLINE__UNREADABLE_CODE__CODE__##code
#define RECEIPT(state) HOTLINE__RECEIPT_STATE__CODE__##state
#define ACT(code) HOTLINE__ACT__CODE__##code

/* ---- envelopes made by hand: by a member's own keys, as a hostile member or a broken node would ---- */

struct craft {
    unsigned sender;     /* NET_NODES: a stranger with a key of its own */
    uint8_t id, case_id; /* fillers */
    uint32_t revision;
    Hotline__Act__Code act;
    const char *text; /* the child's name */
    int64_t sent_us;
    uint64_t roster_version; /* 0: the one in force */
    bool body_is_no_case, grant_of_another_key, other_case_inside, other_revision_inside, drill_inside;
};

struct crafted {
    struct envelope_sealed sealed;
    struct envelope_grant grant;
};

static struct key_set *keys_of(unsigned sender)
{
    return sender < NET_NODES ? net_member_keys(sender) : fixture_key(KEY_MEMBER, "xx-ghost", "BE", 0x55);
}

static void fill_body(const struct craft *from, const uint8_t *case_id, Hotline__Case *content,
                      Hotline__Closing *closing, Hotline__EnvelopeBody *body)
{
    static char reference[] = "BE-2026-00777";
    if (from->act == ACT(CLOSE) || from->act == ACT(RETRACT)) {
        closing->reference = reference;
        WIRE_SET_BYTES(closing, case_id, case_id, KEY_UUID_BYTES);
        WIRE_SET(closing, revision, from->revision);
        WIRE_SET(closing, outcome, HOTLINE__OUTCOME__CODE__FOUND_SAFE);
        body->content_case = HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
        body->closing = closing;
        return;
    }
    content->reference = strdup(reference);
    content->case_id.data = malloc(KEY_UUID_BYTES);
    assert_non_null(content->case_id.data);
    memcpy(content->case_id.data, case_id, KEY_UUID_BYTES);
    content->case_id.data[0] ^= from->other_case_inside;
    content->case_id.len = KEY_UUID_BYTES;
    content->has_case_id = 1;
    WIRE_SET(content, revision, from->revision + from->other_revision_inside);
    WIRE_SET(content, status, from->drill_inside ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    if (from->text != NULL) {
        free(content->child->given_name);
        content->child->given_name = strdup(from->text);
    }
    body->content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    body->alert = content;
}

/* A grant for the node's present key, as its card shows it. */
static void grant_to(struct net *net, const struct craft *from, const struct key_set *keys, int64_t sent_us,
                     unsigned to, struct crafted *made)
{
    const struct card *card = &node_directory(net->nodes[to].node)->own_card;
    struct key_box sending;
    struct key_box_secret secret;
    struct key_pair pair;
    struct key_content content = made->sealed.content;
    if (from->grant_of_another_key)
        seal_random(content.bytes, sizeof content.bytes);
    assert_ok(key_sending(keys, sent_us, &sending, &secret));
    assert_ok(seal_pair(&card->encryption_key, &secret, &pair));
    snprintf(made->grant.member, sizeof made->grant.member, "%s", net_members[to]);
    made->grant.key_id = card->encryption_key_id;
    assert_ok(envelope_grant_make(&content, 7, &pair, &made->grant));
}

static void make(struct net *net, const struct craft *from, unsigned to, struct crafted *made)
{
    Hotline__EnvelopeHeader header = HOTLINE__ENVELOPE_HEADER__INIT;
    Hotline__CaseName name = HOTLINE__CASE_NAME__INIT;
    Hotline__Route route = HOTLINE__ROUTE__INIT;
    Hotline__EnvelopeBody body = HOTLINE__ENVELOPE_BODY__INIT;
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    Hotline__Pulse pulse = HOTLINE__PULSE__INIT;
    struct key_set *keys = keys_of(from->sender);
    struct key_uuid id = seal_uuid(net->now_us, (const uint8_t[10]){from->id});
    struct key_uuid store = {{1}};
    uint8_t case_id[KEY_UUID_BYTES] = {from->case_id};
    char france[] = "FR", *countries[1] = {france};
    struct key_box sending;
    struct key_box_secret secret;
    int64_t sent_us = from->sent_us ? from->sent_us : net->now_us;
    Hotline__Case *content = net_content(&(struct net_publish){.to = {NULL}});
    WIRE_SET(&pulse, clock_us, 1);
    fill_body(from, case_id, content, &closing, &body);
    assert_ok(key_sending(keys, sent_us, &sending, &secret));
    header.sender = name.opener = keys->id;
    header.case_name = &name;
    header.route = &route;
    route.n_countries = 1;
    route.countries = countries;
    WIRE_SET_BYTES(&name, case_id, case_id, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&header, id, id.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&header, store_id, store.bytes, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&header, sending_key, sending.bytes, KEY_BYTES);
    WIRE_SET(&header, kind, HOTLINE__KIND__CODE__CASE);
    WIRE_SET(&header, status, HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(&header, revision, from->revision ? from->revision : 1);
    WIRE_SET(&header, act, from->act ? from->act : ACT(OPEN));
    WIRE_SET(&header, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    WIRE_SET(&header, sent_at_us, sent_us);
    WIRE_SET(&header, expires_at_us, sent_us + LIMIT_VALIDITY_DEFAULT_US);
    WIRE_SET(&header, roster_version, from->roster_version ? from->roster_version : net->roster_version);
    WIRE_SET_BYTES(&header, roster_hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    assert_ok(envelope_seal(&header, from->body_is_no_case ? &pulse.base : &body.base, &keys->identity_secret,
                            &made->sealed));
    grant_to(net, from, keys, sent_us, to, made);
    body.alert = NULL;
    case_free(content);
    key_set_free(keys);
}

static void hand_in(struct net *net, unsigned node, unsigned relay, struct crafted *made)
{
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant = HOTLINE__GRANT__INIT, *grants[1] = {&grant};
    WIRE_SET_BYTES(&envelope, header, made->sealed.header.data, made->sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, made->sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, made->sealed.body.data, made->sealed.body.len);
    grant.member = made->grant.member;
    WIRE_SET_BYTES(&grant, key_id, made->grant.key_id.bytes, KEY_ID_BYTES);
    WIRE_SET_BYTES(&grant, nonce, made->grant.nonce, sizeof made->grant.nonce);
    WIRE_SET_BYTES(&grant, box, made->grant.box, sizeof made->grant.box);
    envelope.n_grants = 1;
    envelope.grants = grants;
    deliver.envelope = &envelope;
    net_inject(net, node, relay, WIRE_DELIVER, &deliver.base);
}

/* Made, handed to FR by relay 0 and committed. */
static void craft_in(struct net *net, const struct craft *from)
{
    struct crafted made = {0};
    make(net, from, FR, &made);
    hand_in(net, FR, 0, &made);
    net_commit(net, FR);
    node_flush(net->nodes[FR].node, net->now_us, net->steady_us);
    envelope_sealed_done(&made.sealed);
}

/* The code of the last Unreadable that FR sent; 0 when it sent none. */
static int answered(struct net *net)
{
    if (net_sent(net, FR, WIRE_UNREADABLES) == 0)
        return 0;
    const Hotline__Unreadables *frame = net_last(net, false, FR, NET_ALL, WIRE_UNREADABLES);
    struct wire_arena arena;
    Hotline__Unreadable *unreadable;
    size_t recipient;
    assert_ok(wire_arena_init(&arena));
    assert_ok(receipt_verify_unreadable(frame->unreadable, node_directory(net->nodes[BE].node)->roster, net->now_us,
                                        &arena, &unreadable, &recipient));
    assert_string_equal(unreadable->recipient, "fr-phare");
    int code = (int)unreadable->code;
    wire_arena_done(&arena);
    return code;
}

static void refused_as(struct net *net, const struct craft *from, int code)
{
    net_forget(net);
    craft_in(net, from);
    if (answered(net) != code)
        fail_msg("answered with %d instead of %d", answered(net), code);
    assert_int_equal(net->nodes[FR].event_count, 0);
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 0);
    assert_int_equal(net_cases(net, FR), 0);
}

/* ---- what is refused ---- */

static void deliver_of_a_good_envelope_is_shown(void **state)
{
    struct net *net = *state;
    craft_in(net, &(struct craft){.sender = BE, .id = 1, .case_id = 1, .revision = 1});
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
    assert_int_equal(net_sent(net, FR, WIRE_UNREADABLES), 0);
    assert_int_equal(net_revision(net, FR, "BE-2026-00777", 1)->sequence, 7);
}

static void deliver_of_each_fault_has_its_code_and_leaves_no_trace(void **state)
{
    struct net *net = *state;
    refused_as(net, &(struct craft){.sender = BE, .id = 2, .case_id = 2, .revision = 1, .body_is_no_case = true},
               UNREADABLE(BAD_BODY));
    refused_as(net, &(struct craft){.sender = BE, .id = 3, .case_id = 2, .revision = 1, .other_case_inside = true},
               UNREADABLE(BAD_BODY));
    refused_as(net, &(struct craft){.sender = BE, .id = 7, .case_id = 2, .revision = 1, .other_revision_inside = true},
               UNREADABLE(BAD_BODY));
    refused_as(net, &(struct craft){.sender = BE, .id = 8, .case_id = 2, .revision = 1, .drill_inside = true},
               UNREADABLE(BAD_BODY));
    refused_as(net, &(struct craft){.sender = BE, .id = 4, .case_id = 2, .revision = 1, .grant_of_another_key = true},
               UNREADABLE(BAD_COMMITMENT));
    refused_as(net, &(struct craft){.sender = NET_NODES, .id = 5, .case_id = 2, .revision = 1}, UNREADABLE(NO_SENDER));
    refused_as(net, &(struct craft){.sender = NET_NODES, .id = 6, .case_id = 2, .revision = 1, .roster_version = 99},
               UNREADABLE(ROSTER_OLDER));
    net_run(net);
    net_crash(net, FR);
    assert_int_equal(net_cases(net, FR), 0);
}

enum part { SIGNATURE, BODY, HEADER, BOX, KEY_ID, MEMBER };

static void alter(Hotline__Envelope *envelope, enum part part)
{
    static char other[] = "nl-lamp";
    switch (part) {
    case SIGNATURE:
        envelope->signature.data[9] ^= 1;
        break;
    case BODY:
        envelope->body.data[100] ^= 1;
        break;
    case HEADER: /* a nonce in it: it still parses */
        envelope->header.data[envelope->header.len - 20] ^= 1;
        break;
    case BOX:
        envelope->grants[0]->box.data[3] ^= 1;
        break;
    case KEY_ID:
        envelope->grants[0]->key_id.data[0] ^= 1;
        break;
    case MEMBER:
        envelope->grants[0]->member = other;
        break;
    }
}

static bool loses_deliveries(struct net *net, const struct net_frame *frame)
{
    (void)net;
    return frame->to_node && frame->type == WIRE_DELIVER;
}

/* The relay's own Deliver, one bit changed; then the true one from the other relay is shown all the same. */
static void deliver_altered_anywhere_is_answered_and_never_stops_the_true_one(void **state)
{
    struct net *net = *state;
    const int codes[] = {UNREADABLE(BAD_SIGNATURE), UNREADABLE(BAD_SIGNATURE), UNREADABLE(BAD_SIGNATURE),
                         UNREADABLE(BAD_GRANT),     UNREADABLE(NO_KEY),        UNREADABLE(BAD_GRANT)};
    for (enum part part = SIGNATURE; part <= MEMBER; part++) {
        char reference[CASES_REFERENCE_MAX];
        net->loses = loses_deliveries;
        net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
        net_run(net);
        Hotline__Deliver *deliver = net_last(net, true, FR, 0, WIRE_DELIVER);
        alter(deliver->envelope, part);
        net_inject(net, FR, 0, WIRE_DELIVER, &deliver->base);
        net_run(net);
        if (answered(net) != codes[part])
            fail_msg("part %d: %d instead of %d", part, answered(net), codes[part]);
        assert_false(net_has(net, FR, reference));
        net->loses = NULL;
        net_inject(net, FR, 1, WIRE_DELIVER, net_last(net, true, FR, 1, WIRE_DELIVER));
        net_run(net);
        assert_true(net_has(net, FR, reference));
        assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
        net_forget(net);
    }
}

static void deliver_of_garbage_changes_nothing(void **state)
{
    struct net *net = *state;
    struct crafted made = {0};
    uint64_t before = node_counters(net->nodes[FR].node)->refused_in;
    make(net, &(struct craft){.sender = BE, .id = 8, .case_id = 8, .revision = 1}, FR, &made);
    memset(made.sealed.header.data, 0xff, made.sealed.header.len);
    hand_in(net, FR, 0, &made);
    net_run(net);
    assert_int_equal(node_counters(net->nodes[FR].node)->refused_in, before + 1);
    assert_int_equal(net_sent(net, FR, WIRE_UNREADABLES), 0);
    assert_int_equal(net_cases(net, FR), 0);
    envelope_sealed_done(&made.sealed);
}

static void deliver_of_a_withdrawn_sender_counts_only_when_it_was_sent_before(void **state)
{
    struct net *net = *state;
    int64_t before_us = net->now_us - CLOCK_HOUR_US;
    net->standing[BE] = HOTLINE__STANDING__CODE__WITHDRAWN;
    net->issued_us = net->now_us;
    net_new_roster(net);
    refused_as(net, &(struct craft){.sender = BE, .id = 9, .case_id = 9, .revision = 1}, UNREADABLE(NO_SENDER));
    craft_in(net, &(struct craft){.sender = BE, .id = 10, .case_id = 9, .revision = 1, .sent_us = before_us});
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

/* ---- again ---- */

static void deliver_again_is_answered_again_to_that_relay_alone(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_run(net);
    Hotline__Deliver *deliver = net_last(net, true, FR, 0, WIRE_DELIVER);
    net_pass(net, CLOCK_SECOND_US);
    size_t to_0 = net_frames(net, false, FR, 0, WIRE_RECEIPTS), to_1 = net_frames(net, false, FR, 1, WIRE_RECEIPTS);
    int64_t said_us = net_revision(net, FR, reference, 1)->receipt_at_us;
    deliver = net_last(net, true, FR, 0, WIRE_DELIVER);
    net_inject(net, FR, 0, WIRE_DELIVER, &deliver->base);
    net_inject(net, FR, 0, WIRE_DELIVER, &deliver->base); /* one on its way is enough */
    net_run(net);
    assert_int_equal(net_frames(net, false, FR, 0, WIRE_RECEIPTS), to_0 + 1);
    assert_int_equal(net_frames(net, false, FR, 1, WIRE_RECEIPTS), to_1);
    const Hotline__Receipts *frame = net_last(net, false, FR, 0, WIRE_RECEIPTS);
    struct wire_arena arena;
    Hotline__ReceiptBatch *batch;
    size_t recipient;
    assert_ok(wire_arena_init(&arena));
    assert_ok(receipt_verify(frame->receipts, node_directory(net->nodes[BE].node)->roster, net->now_us, &arena, &batch,
                             &recipient));
    assert_int_equal(batch->receipts[0]->state, RECEIPT(ACKNOWLEDGED)); /* the state as it is, with its own time */
    assert_true(llabs(batch->receipts[0]->at_us - said_us) < CLOCK_SECOND_US);
    wire_arena_done(&arena);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1);
}

/* A malicious relay keeps an envelope for months. */
static void deliver_of_what_was_seen_long_ago_is_not_shown_again(void **state)
{
    struct net *net = *state;
    struct crafted made = {0};
    make(net, &(struct craft){.sender = BE, .id = 11, .case_id = 11, .revision = 1}, FR, &made);
    hand_in(net, FR, 0, &made);
    net_run(net);
    net->now_us += 34 * CLOCK_DAY_US;
    net->steady_us += 2 * CLOCK_HOUR_US;
    net_pass(net, CLOCK_SECOND_US);
    hand_in(net, FR, 0, &made);
    net_run(net);
    net_pass(net, 3 * CLOCK_SECOND_US);
    hand_in(net, FR, 1, &made);
    net_run(net);
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED) + net_events(net, FR, NODE_CASE_UPDATED), 1);
    envelope_sealed_done(&made.sealed);
}

static size_t owed_count(const struct net *net, unsigned node)
{
    return net->nodes[node].node->owed.count;
}

/* ---- one id, two contents ---- */

/* Never seen before, and of a case that is erased: it is answered, and nothing of it is kept. */
static void deliver_of_a_lower_revision_after_the_erasure_is_shown_nowhere(void **state)
{
    struct net *net = *state;
    struct crafted first = {0};
    struct err_note note = {{0}};
    uint64_t ticket;
    const struct craft opening = {.sender = BE, .id = 14, .case_id = 14, .revision = 1, .text = "First"};
    make(net, &opening, FR, &first);
    craft_in(net, &(struct craft){.sender = BE, .id = 15, .case_id = 14, .revision = 2, .act = ACT(UPDATE)});
    craft_in(net, &(struct craft){.sender = BE, .id = 16, .case_id = 14, .revision = 3, .act = ACT(CLOSE)});
    struct case_entry *entry = net_case(net, FR, "BE-2026-00777");
    assert_int_equal(node_acknowledge(net->nodes[FR].node, entry, "A", net->now_us, &note, &ticket), OK);
    net_run(net);
    net->now_us += 25 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(entry->erased);
    size_t events = net->nodes[FR].event_count;
    hand_in(net, FR, 0, &first);
    net_run(net);
    assert_int_equal(node_counters(net->nodes[FR].node)->duplicates, 1);
    assert_int_equal(net->nodes[FR].event_count, events);
    assert_true(entry->erased);
    assert_int_equal(entry->revision_count, 1);
    envelope_sealed_done(&first.sealed);
}

/* What was seen is remembered by the disk: a restart lets no second content in under a name that is taken. */
static void deliver_of_another_content_after_a_restart_is_disputed(void **state)
{
    struct net *net = *state;
    struct crafted second = {0};
    make(net, &(struct craft){.sender = BE, .id = 13, .case_id = 13, .revision = 1, .text = "Second"}, FR, &second);
    craft_in(net, &(struct craft){.sender = BE, .id = 13, .case_id = 13, .revision = 1, .text = "First"});
    net_crash(net, FR);
    net_connect(net, FR, NET_ALL);
    net_run(net);
    hand_in(net, FR, 1, &second);
    net_run(net);
    assert_int_equal(answered(net), UNREADABLE(DISPUTED));
    assert_int_equal(net_case(net, FR, "BE-2026-00777")->revision_count, 1);
    assert_string_equal(item_content(net_revision(net, FR, "BE-2026-00777", 1))->alert->child->given_name, "First");
    envelope_sealed_done(&second.sealed);
}

static bool is_shown_as_disputed(const struct net *net, unsigned node, const char *sender)
{
    struct node_warning warnings[NODE_WARNINGS_MAX];
    size_t count = node_warnings(net->nodes[node].node, net->now_us, warnings, NODE_WARNINGS_MAX), found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(warnings[i].code, "DISPUTED") == 0 && strstr(warnings[i].text, sender) == warnings[i].text;
    return found == 1;
}

static void deliver_of_two_contents_under_one_id_keeps_the_first_and_the_evidence(void **state)
{
    struct net *net = *state;
    struct crafted second = {0};
    struct key_uuid id;
    craft_in(net, &(struct craft){.sender = BE, .id = 12, .case_id = 12, .revision = 1, .text = "First"});
    make(net, &(struct craft){.sender = BE, .id = 12, .case_id = 12, .revision = 1, .text = "Second"}, FR, &second);
    assert_false(is_shown_as_disputed(net, FR, "be-baken"));
    hand_in(net, FR, 1, &second);
    net_run(net);
    assert_int_equal(answered(net), UNREADABLE(DISPUTED));
    assert_true(is_shown_as_disputed(net, FR, "be-baken"));
    assert_int_equal(net->nodes[FR].event_count, 1);
    assert_string_equal(item_content(net_revision(net, FR, "BE-2026-00777", 1))->alert->child->given_name, "First");
    assert_int_equal(net_case(net, FR, "BE-2026-00777")->revision_count, 1);
    id = net_revision(net, FR, "BE-2026-00777", 1)->id;
    net_crash(net, FR);
    const struct seen *seen = node_seen(net->nodes[FR].node, "be-baken", &id);
    assert_non_null(seen);
    assert_true(seen->is_disputed);
    assert_memory_equal(seen->disputed.bytes, second.sealed.hash.bytes, KEY_HASH_BYTES);
    assert_true(is_shown_as_disputed(net, FR, "be-baken"));
    net_connect(net, FR, NET_ALL);
    hand_in(net, FR, 0, &second);
    net_run(net);
    assert_string_equal(item_content(net_revision(net, FR, "BE-2026-00777", 1))->alert->child->given_name, "First");
    assert_true(is_shown_as_disputed(net, FR, "be-baken"));
    envelope_sealed_done(&second.sealed);
}

/* ---- a relay that will not stop ---- */

static void deliver_of_endless_garbage_is_not_answered_without_end(void **state)
{
    struct net *net = *state;
    struct crafted made = {0};
    net_cut(net, NET_ALL, 1);
    net->nodes[FR].held = true; /* nothing is taken meanwhile */
    make(net, &(struct craft){.sender = BE, .id = 13, .case_id = 13, .revision = 1}, FR, &made);
    for (unsigned i = 0; i < 700; i++) {
        made.sealed.body.data[i] ^= 1;
        hand_in(net, FR, 0, &made);
        net->now_us++;
        hand_in(net, FR, 0, &made); /* and each of them twice */
        assert_true(owed_count(net, FR) <= i + 1);
    }
    assert_int_equal(owed_count(net, FR), 512);
    net->nodes[FR].held = false;
    envelope_sealed_done(&made.sealed);
}

/* ---- order ---- */

static void deliver_of_an_older_revision_goes_into_the_timeline_without_a_word(void **state)
{
    struct net *net = *state;
    craft_in(
        net,
        &(struct craft){.sender = BE, .id = 21, .case_id = 20, .revision = 3, .act = ACT(UPDATE), .text = "Third"});
    assert_int_equal(net_events(net, FR, NODE_CASE_RECEIVED), 1); /* over a hole, at once */
    craft_in(net, &(struct craft){.sender = BE, .id = 22, .case_id = 20, .revision = 1, .text = "First"});
    craft_in(
        net,
        &(struct craft){.sender = BE, .id = 23, .case_id = 20, .revision = 2, .act = ACT(UPDATE), .text = "Second"});
    assert_int_equal(net->nodes[FR].event_count, 1);
    const struct case_entry *entry = net_case(net, FR, "BE-2026-00777");
    assert_int_equal(entry->revision_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(entry->revisions[i]->header->revision, i + 1);
    assert_string_equal(item_content(cases_shown(node_cases(net->nodes[FR].node), entry))->alert->child->given_name,
                        "Third");
    assert_int_equal(net_sent(net, FR, WIRE_RECEIPTS), 3 * 2); /* each is DELIVERED all the same, at both relays */
    craft_in(
        net,
        &(struct craft){.sender = BE, .id = 24, .case_id = 20, .revision = 4, .act = ACT(UPDATE), .text = "Fourth"});
    assert_int_equal(net_events(net, FR, NODE_CASE_UPDATED), 1);
}

static void deliver_of_a_closing_before_its_case_is_a_closed_case(void **state)
{
    struct net *net = *state;
    const struct cases *cases = node_cases(net->nodes[FR].node);
    craft_in(net, &(struct craft){.sender = BE, .id = 31, .case_id = 30, .revision = 2, .act = ACT(CLOSE)});
    assert_int_equal(net_events(net, FR, NODE_CASE_CLOSED), 1);
    craft_in(net, &(struct craft){.sender = BE, .id = 32, .case_id = 30, .revision = 1});
    assert_int_equal(net->nodes[FR].event_count, 1);
    assert_int_equal(cases_state(cases, net_case(net, FR, "BE-2026-00777"), net->now_us), CASE_CLOSED);
}

/* Two revisions of one number, as a cloned node makes them: the same one wins everywhere. */
static void deliver_of_two_equal_revisions_has_one_winner(void **state)
{
    struct net *net = *state;
    craft_in(net,
             &(struct craft){.sender = BE,
                             .id = 41,
                             .case_id = 40,
                             .revision = 2,
                             .act = ACT(UPDATE),
                             .text = "Late",
                             .sent_us = net->now_us});
    craft_in(net,
             &(struct craft){.sender = BE,
                             .id = 42,
                             .case_id = 40,
                             .revision = 2,
                             .act = ACT(UPDATE),
                             .text = "Early",
                             .sent_us = net->now_us - 5});
    const struct case_entry *entry = net_case(net, FR, "BE-2026-00777");
    assert_string_equal(item_content(cases_shown(node_cases(net->nodes[FR].node), entry))->alert->child->given_name,
                        "Late");
    assert_int_equal(net->nodes[FR].event_count, 1);
}

/* ---- replies to what is not there ---- */

static bool loses_own_cases(struct net *net, const struct net_frame *frame)
{
    ProtobufCMessage *message;
    if (!loses_deliveries(net, frame))
        return false;
    wire_arena_clear(&net->arena);
    assert_ok(
        wire_unpack(wire_descriptor(frame->type), slice_of(frame->bytes, frame->len), &net->arena, NULL, &message));
    return ((Hotline__Deliver *)message)->recovery;
}

/* A reply that comes before the case that it is about is back from a lost disk. */
static void deliver_of_a_reply_to_an_unknown_case_opens_nothing(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    assert_ok(net_try_reply(net, FR, reference, "Seen.", &note));
    net_run(net);
    net_lose_disk(net, BE);
    net->loses = loses_own_cases;
    net_connect(net, BE, NET_ALL);
    net_pass(net, 5 * CLOCK_SECOND_US);
    assert_int_equal(net_events(net, BE, NODE_REPLY_RECEIVED),
                     2); /* before and after the loss: granted anew, though answered once */
    assert_int_equal(net_cases(net, BE), 0);
    net->loses = NULL;
    net_cut(net, BE, NET_ALL);
    net_connect(net, BE, NET_ALL);
    assert_int_equal(net_cases(net, BE), 1); /* its own, recovered; the reply hangs on it */
    assert_int_equal(net_case(net, BE, reference)->thread_count, 1);
}

/* ---- our own, handed back ---- */

static void deliver_of_our_own_with_a_forged_self_grant_is_not_taken(void **state)
{
    struct net *net = *state;
    struct crafted made = {0};
    make(net, &(struct craft){.sender = FR, .id = 51, .case_id = 51, .revision = 1}, FR, &made);
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    Hotline__Grant grant = HOTLINE__GRANT__INIT;
    char stranger[] = "nl-lamp", *granted[1] = {stranger};
    WIRE_SET_BYTES(&envelope, header, made.sealed.header.data, made.sealed.header.len);
    WIRE_SET_BYTES(&envelope, signature, made.sealed.signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, made.sealed.body.data, made.sealed.body.len);
    grant.member = made.grant.member;
    WIRE_SET_BYTES(&grant, key_id, made.grant.key_id.bytes, KEY_ID_BYTES);
    WIRE_SET_BYTES(&grant, nonce, made.grant.nonce, sizeof made.grant.nonce);
    WIRE_SET_BYTES(&grant, box, made.grant.box, sizeof made.grant.box);
    envelope.self_grant = &grant; /* for the encryption key, not for the recovery key */
    deliver.envelope = &envelope;
    deliver.n_granted = 1;
    deliver.granted = granted;
    net_inject(net, FR, 0, WIRE_DELIVER, &deliver.base);
    net_run(net);
    assert_int_equal(net_cases(net, FR), 0);
    assert_int_equal(net_sent(net, FR, WIRE_TAKEN), 0);
    envelope_sealed_done(&made.sealed);
}

/* A relay cannot slip a recipient into a case that this node remembers by itself. */
static void deliver_of_a_known_own_envelope_adds_no_recipient(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX], stranger[] = "nl-lamp", *granted[1] = {stranger};
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .restricted = true}, reference);
    net_run(net);
    const struct item *item = net_revision(net, BE, reference, 1);
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    Hotline__Envelope envelope = HOTLINE__ENVELOPE__INIT;
    WIRE_SET_BYTES(&envelope, header, item->header_bytes.data, item->header_bytes.len);
    WIRE_SET_BYTES(&envelope, signature, item->signature.bytes, KEY_SIGNATURE_BYTES);
    WIRE_SET_BYTES(&envelope, body, item->body.data, item->body.len);
    deliver.envelope = &envelope;
    deliver.n_granted = 1;
    deliver.granted = granted;
    net_inject(net, BE, 0, WIRE_DELIVER, &deliver.base);
    net_run(net);
    assert_null(item_row(net_revision(net, BE, reference, 1), "nl-lamp"));
    assert_int_equal(net_sent(net, BE, WIRE_TAKEN) > 0, 1);
}

/* A relay that kept what its publisher erased hands it back: it is answered, and nothing of it is kept. */
static void deliver_of_our_own_after_its_erasure_does_not_come_back(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}}, reference);
    net_run(net);
    net_cut(net, BE, 1); /* so that its opening is what this relay had last */
    assert_ok(net_try_finish(net, BE, reference, ACT(CLOSE), &note));
    net_run(net);
    assert_ok(net_try_acknowledge(net, FR, reference));
    net_pass(net, 10 * CLOCK_SECOND_US);
    net->now_us += 80 * CLOCK_HOUR_US;
    net_pass(net, 20 * CLOCK_SECOND_US);
    assert_true(net_case(net, BE, reference)->erased);
    net_crash(net, BE);
    net_connect(net, BE, 0);
    net_run(net);
    size_t taken = net_frames(net, false, BE, 0, WIRE_TAKEN), events = net->nodes[BE].event_count;
    Hotline__Deliver deliver = HOTLINE__DELIVER__INIT;
    const Hotline__Publish *publish = net_last(net, false, BE, 1, WIRE_PUBLISH);
    assert_non_null(publish->envelope->self_grant);
    deliver.envelope = publish->envelope;
    net_inject(net, BE, 0, WIRE_DELIVER, &deliver.base);
    net_run(net);
    const struct case_entry *entry = net_case(net, BE, reference);
    assert_true(entry->erased);
    assert_int_equal(entry->revision_count, 1);
    assert_int_equal(cases_last(entry)->header->act, ACT(CLOSE));
    assert_int_equal(net->nodes[BE].event_count, events);
    assert_int_equal(net_frames(net, false, BE, 0, WIRE_TAKEN), taken + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(deliver_of_our_own_after_its_erasure_does_not_come_back),
        NET_TEST(deliver_of_a_good_envelope_is_shown),
        NET_TEST(deliver_of_each_fault_has_its_code_and_leaves_no_trace),
        NET_TEST(deliver_altered_anywhere_is_answered_and_never_stops_the_true_one),
        NET_TEST(deliver_of_garbage_changes_nothing),
        NET_TEST(deliver_of_a_withdrawn_sender_counts_only_when_it_was_sent_before),
        NET_TEST(deliver_again_is_answered_again_to_that_relay_alone),
        NET_TEST(deliver_of_what_was_seen_long_ago_is_not_shown_again),
        NET_TEST(deliver_of_a_lower_revision_after_the_erasure_is_shown_nowhere),
        NET_TEST(deliver_of_another_content_after_a_restart_is_disputed),
        NET_TEST(deliver_of_two_contents_under_one_id_keeps_the_first_and_the_evidence),
        NET_TEST(deliver_of_endless_garbage_is_not_answered_without_end),
        NET_TEST(deliver_of_an_older_revision_goes_into_the_timeline_without_a_word),
        NET_TEST(deliver_of_a_closing_before_its_case_is_a_closed_case),
        NET_TEST(deliver_of_two_equal_revisions_has_one_winner),
        NET_TEST(deliver_of_a_reply_to_an_unknown_case_opens_nothing),
        NET_TEST(deliver_of_our_own_with_a_forged_self_grant_is_not_taken),
        NET_TEST(deliver_of_a_known_own_envelope_adds_no_recipient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
