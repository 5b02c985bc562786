/*
 * fuzz_node: a sequence of frames of a hostile relay, with keys of members that help it, into a real node core; people
 * act meanwhile, time passes, the node is killed and opened again. What was said is mutated inside and signed again.
 */
#define NET_FOLDER "/dev/shm"
#include "../unit/node_world.h"

#include "fuzz_steps.h"
#include "node/node_view.h"

static struct net *net;
static struct key_set *members[NET_NODES];
static struct roster *roster;
static struct fuzz_dresser dresser;

static void start_world(void)
{
    struct err_note note = {{0}};
    net = net_new();
    fuzz_remove_at_exit(net->folder);
    for (unsigned i = 0; i < NET_NODES; i++)
        members[i] = net_member_keys(i);
    CHECK(roster_verify(buf_slice(&net->roster), &net->trust, &note, &roster) == OK);
    net_end_relay(net, 0);
    net_end_relay(net, 1);
}

static void forget_sent(void)
{
    while (net->first != NULL) {
        struct net_message *message = net->first;
        net->first = message->next;
        buf_free(&message->bytes);
        free(message);
    }
    net->end = &net->first;
    net_forget(net);
}

static struct net_node *self(void)
{
    return &net->nodes[BE];
}

/* Ends a turn as the daemon does; what the node sends is taken and thrown away. */
static void settle(void)
{
    for (int turns = 0; turns < 50 && net_commit(net, BE) > 0; turns++)
        ;
    node_flush(self()->node, net_node_now(self()), net->steady_us);
    forget_sent();
}

static void hand(uint8_t type, struct slice body)
{
    struct buf message;
    if (body.len > LIMIT_FRAME_BYTES)
        return;
    buf_init(&message);
    buf_add_u32le(&message, (uint32_t)body.len + 1);
    buf_add_u8(&message, type);
    buf_add_slice(&message, body);
    node_receive(self()->node, net_slot(self(), 0), buf_slice(&message), net_node_now(self()), net->steady_us);
    buf_free(&message);
}

static void hand_message(enum wire_type type, const ProtobufCMessage *message)
{
    struct buf bytes;
    buf_init(&bytes);
    fixture_pack_raw(message, &bytes);
    hand(type, buf_slice(&bytes));
    buf_free(&bytes);
}

static void pass(int64_t us)
{
    net->now_us += us;
    net->steady_us += us;
    node_tick(self()->node, net_node_now(self()), net->steady_us);
    settle();
}

static void welcome(void)
{
    static const uint8_t zero[KEY_HASH_BYTES] = {0};
    Hotline__Welcome frame = HOTLINE__WELCOME__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    char relay[] = "relay-noord", software[] = "fuzz";
    net->relays[0].connected[BE] = true;
    node_link(self()->node, net_slot(self(), 0), UPLINK_LINK_UP, net_node_now(self()));
    WIRE_SET(&name, version, net->roster_version);
    WIRE_SET_BYTES(&name, hash, net->roster_hash.bytes, KEY_HASH_BYTES);
    frame.roster = &name;
    frame.relay = relay;
    frame.software = software;
    WIRE_SET(&frame, protocol, 1);
    WIRE_SET(&frame, clock_us, net->now_us);
    WIRE_SET(&frame, credit_messages, 256);
    WIRE_SET(&frame, credit_bytes, 4 << 20);
    WIRE_SET(&frame, message_bytes, LIMIT_MESSAGE_BYTES);
    WIRE_SET(&frame, held_count, 0);
    WIRE_SET_BYTES(&frame, held_xor, zero, KEY_HASH_BYTES);
    WIRE_SET(&frame, own_card_serial, 0);
    hand_message(WIRE_WELCOME, &frame.base);
}

static void give_cards(void)
{
    for (unsigned i = FR; i < NET_NODES; i++) {
        Hotline__Cards cards = HOTLINE__CARDS__INIT;
        Hotline__SignedCard *view = NULL;
        struct key_box box;
        struct key_box_secret secret;
        struct card card;
        key_box_generate(&box, &secret);
        const struct card_draft draft = {.serial = i,
                                         .store_id = {{(uint8_t)i}},
                                         .encryption_key = box,
                                         .not_after_us = net->now_us + 7 * CLOCK_DAY_US,
                                         .software = "fuzz"};
        CHECK(card_make(members[i], &draft, &card) == OK);
        fuzz_clear(&dresser);
        CHECK(card_view(&card, &dresser.arena, &view) == OK);
        cards.n_cards = 1;
        cards.cards = &view;
        hand_message(WIRE_CARDS, &cards.base);
        card_done(&card);
    }
}

static void remove_store(void)
{
    char wal[200];
    snprintf(wal, sizeof wal, "%s-wal", self()->path);
    unlink(self()->path);
    unlink(wal);
}

/* A fresh node that knows the others, with a card of its own. */
static void start_over(void)
{
    struct err_note note = {{0}};
    remove_store();
    net->now_us = FIXTURE_NOW;
    net->steady_us = CLOCK_HOUR_US;
    self()->failed = OK;
    CHECK(net_try_open(net, BE, net_member_keys(BE), buf_slice(&net->roster), &note) == OK);
    pass(1);
    welcome();
    pass(12 * CLOCK_SECOND_US);
    give_cards();
    pass(CLOCK_SECOND_US);
}

static void stop_node(void)
{
    struct node *node = self()->node;
    self()->node = NULL;
    node_close(node);
    forget_sent();
}

static void restart(void)
{
    struct err_note note = {{0}};
    stop_node();
    int error = net_try_open(net, BE, net_member_keys(BE), buf_slice(&net->roster), &note);
    CHECK(error == OK);
    pass(1);
    welcome();
    pass(CLOCK_SECOND_US);
}

static struct case_entry *some_case(unsigned which)
{
    const struct cases *cases = node_cases(self()->node);
    struct case_entry *entry = cases->count > 0 ? cases->order[which % cases->count] : NULL;
    return entry != NULL && cases_newest(cases, entry) != NULL ? entry : NULL;
}

static void act(const struct fuzz_step *step)
{
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct case_entry *entry = some_case(step->who);
    const struct net_publish draft = {.to = {"FR", step->who & 1 ? "NL" : NULL}, .exercise = (step->who & 2) != 0};
    uint64_t ticket;
    if (step->refer % 8 == 0)
        (void)net_try_publish(net, BE, &draft, &note, reference);
    if (entry == NULL)
        return;
    switch (step->refer % 8) {
    case 1:
        (void)!node_acknowledge(self()->node, entry, "Ana", net_node_now(self()), &note, &ticket);
        break;
    case 2:
        (void)net_try_reply(net, BE, entry->reference, "seen", &note);
        break;
    case 3:
        (void)net_try_update(net, BE, entry->reference, &draft, &note);
        break;
    case 4:
        (void)net_try_finish(net, BE, entry->reference, HOTLINE__ACT__CODE__CLOSE, &note);
        break;
    case 5:
        (void)net_try_finish(net, BE, entry->reference, HOTLINE__ACT__CODE__RETRACT, &note);
        break;
    case 6:
        (void)!node_decline(self()->node, entry, HOTLINE__DECLINE_CODE__CODE__DUPLICATE, net_node_now(self()), &note,
                            &ticket);
        break;
    default:
        break;
    }
}

/* Everything that people see. */
static void look(void)
{
    const struct cases *cases = node_cases(self()->node);
    int64_t now_us = net_node_now(self());
    for (size_t i = 0; i < cases->count; i++)
        if (cases_newest(cases, cases->order[i]) != NULL)
            jdoc_free(node_view_case(self()->node, cases->order[i], now_us));
    jdoc_free(node_view_status(self()->node, FIXTURE_NOW, now_us));
    jdoc_free(node_view_members(self()->node, now_us));
    (void)node_view_tally(self()->node, now_us);
}

static void remember_own(void)
{
    for (size_t at = 0, kind = HOTLINE__KIND__CODE__CASE; kind <= HOTLINE__KIND__CODE__REPLY; kind++, at = 0)
        for (const struct item *item; (item = node_next_item(self()->node, &at, (Hotline__Kind__Code)kind)) != NULL;)
            if (item->mine && dresser.hash_count < FUZZ_HASHES)
                fuzz_remember(&dresser, item->hash);
}

static void take_step(const struct fuzz_step *step)
{
    struct cursor bytes = cursor_of(step->bytes);
    switch (step->what) {
    case FUZZ_DO_PASS:
        pass((int64_t)(cursor_u32le(&bytes) % (90u * 86400u * 1000u)) * 1000 + 1);
        return;
    case FUZZ_DO_RECONNECT:
        node_link(self()->node, net_slot(self(), 0), UPLINK_LINK_DOWN, net_node_now(self()));
        settle();
        welcome();
        break;
    case FUZZ_DO_RESTART:
        restart();
        break;
    case FUZZ_DO_RAW:
        node_receive(self()->node, net_slot(self(), 0), step->bytes, net_node_now(self()), net->steady_us);
        break;
    case FUZZ_DO_ACT:
        act(step);
        break;
    default:
        dresser.who = net->relays[0].keys;
        dresser.from = members[step->who % NET_NODES];
        dresser.flags = step->flags;
        dresser.refer = step->refer;
        dresser.recipient = node_directory(self()->node)->own_card.encryption_key;
        hand(step->what, fuzz_dressed(&dresser, step->what, step->bytes));
        break;
    }
    if (!(step->refer & 0x80)) /* else more comes before the disk answers */
        settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(slice_of(data, size));
    struct fuzz_step step;
    fuzz_begin();
    if (net == NULL)
        start_world();
    fuzz_dresser_start(&dresser);
    start_over();
    dresser.roster = roster;
    dresser.has_recipient = true;
    snprintf(dresser.recipient_id, sizeof dresser.recipient_id, "%s", net_members[BE]);
    for (int steps = 0; steps < FUZZ_STEPS && !cursor_at_end(&input) && fuzz_next_step(&input, &step); steps++) {
        take_step(&step);
        CHECK(self()->failed == OK);
        if (step.what == FUZZ_DO_ACT)
            remember_own();
    }
    settle();
    look();
    restart(); /* what it kept can be read again */
    look();
    stop_node();
    return 0;
}
