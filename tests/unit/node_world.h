/*
 * node_world - a whole network in one process (see node_net.h): how it falls, rises and is looked at, and what people
 * do in it. A crash is a copy of the store's files as they are on the disk at that moment.
 */
#ifndef TESTS_UNIT_NODE_WORLD_H
#define TESTS_UNIT_NODE_WORLD_H

#include "node_net.h"

/* ---- falls ---- */

static inline void net_copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out;
    if (in == NULL)
        return;
    out = fopen(to, "wb");
    assert_non_null(out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    chmod(to, 0600);
}

/* The disk as it is now becomes the disk of the next life. */
static inline void net_next_life(char path[160], const char *folder, const char *name, unsigned *life, bool keep)
{
    char to[160], from_wal[200], to_wal[200];
    snprintf(to, sizeof to, "%s/%s-%u.db", folder, name, ++*life);
    if (keep && path[0] != '\0') {
        snprintf(from_wal, sizeof from_wal, "%s-wal", path);
        snprintf(to_wal, sizeof to_wal, "%s-wal", to);
        net_copy_file(path, to);
        net_copy_file(from_wal, to_wal);
    }
    memcpy(path, to, sizeof to);
}

static inline void net_kill_node(struct net *net, unsigned index)
{
    struct net_node *self = &net->nodes[index];
    struct node *node = self->node;
    for (unsigned r = 0; r < NET_RELAYS; r++) {
        struct session_peer peer = net_peer(net, index, r);
        if (net->relays[r].connected[index] && net->relays[r].relay != NULL)
            relay_gone(net->relays[r].relay, &peer, net->now_us);
        net->relays[r].connected[index] = false;
    }
    self->node = NULL; /* what it says while it is taken apart is heard by nobody */
    self->held = false;
    node_close(node);
}

/* kill -9: what is not on the disk is gone. It runs again, not connected. */
static inline void net_crash(struct net *net, unsigned index)
{
    struct net_node *self = &net->nodes[index];
    net_next_life(self->path, net->folder, net_members[index], &self->life, true);
    size_t events = self->event_count;
    net_kill_node(net, index);
    self->event_count = events;
    net_start(net, index);
}

static inline void net_lose_disk(struct net *net, unsigned index)
{
    struct net_node *self = &net->nodes[index];
    net_kill_node(net, index);
    net_next_life(self->path, net->folder, net_members[index], &self->life, false);
    net_start(net, index);
}

static inline void net_end_relay(struct net *net, unsigned index)
{
    struct net_relay *self = &net->relays[index];
    struct relay *relay = self->relay;
    for (unsigned n = 0; n < NET_NODES; n++)
        net_link_down(net, n, index);
    self->relay = NULL;
    relay_free(relay);
    self->held = false;
}

static inline void net_crash_relay(struct net *net, unsigned index, bool keep_disk)
{
    struct net_relay *self = &net->relays[index];
    net_next_life(self->path, net->folder, net_relay_ids[index], &self->life, keep_disk);
    net_end_relay(net, index);
    net_start_relay(net, index);
}

/* ---- life ---- */

static inline void net_forget(struct net *net)
{
    for (size_t i = 0; i < net->frame_count; i++)
        free(net->frames[i].bytes);
    net->frame_count = 0;
    for (unsigned i = 0; i < NET_NODES; i++)
        net->nodes[i].event_count = 0;
}

static inline void net_init_relays(struct net *net)
{
    static const char *const countries[NET_RELAYS] = {"NL", "FR"};
    for (unsigned r = 0; r < NET_RELAYS; r++) {
        struct net_relay *relay = &net->relays[r];
        *relay = (struct net_relay){.net = net, .index = r};
        relay->keys = fixture_key(KEY_RELAY, net_relay_ids[r], countries[r], (uint8_t)(0x60 + r));
        net_next_life(relay->path, net->folder, net_relay_ids[r], &relay->life, false);
        relay->conf = (struct relay_conf){.relay = net_relay_ids[r],
                                          .key = "relay.key",
                                          .store = relay->path,
                                          .disk_reserve_bytes = 1 << 20,
                                          .receipts_kept_us = LIMIT_AFTERLIFE_US,
                                          .limits = {.validity_max_us = LIMIT_VALIDITY_MAX_US,
                                                     .openings_per_minute = 30,
                                                     .updates_per_minute = 60,
                                                     .open_cases = 2000,
                                                     .recipients = 1024,
                                                     .credit_messages = 256,
                                                     .credit_bytes = 4 << 20}};
    }
}

/* A network of two relays and four members, nothing running but the relays. */
static inline struct net *net_new(void)
{
    struct net *net = calloc(1, sizeof *net);
    assert_non_null(net);
    assert_int_equal(seal_start(), OK);
    log_setup("test", getenv("NET_LOG") ? LOG_DEBUG : LOG_ERROR, LOG_LOGFMT);
    assert_int_equal(wire_arena_init(&net->arena), OK);
    buf_init(&net->roster);
    net->end = &net->first;
    net->now_us = FIXTURE_NOW;
    net->steady_us = CLOCK_HOUR_US;
    net->issued_us = FIXTURE_NOW - CLOCK_DAY_US;
    net->roster_life_us = 31 * CLOCK_DAY_US;
    net->relay_count = NET_RELAYS;
    snprintf(net->folder, sizeof net->folder, NET_FOLDER "/hotline-test-net-XXXXXX");
    assert_non_null(mkdtemp(net->folder));
    net->authority = fixture_key(KEY_AUTHORITY, "authority", "", 0xa0);
    net->trust = (struct roster_trust){.threshold = 1, .count = 1, .keys = {net->authority->identity}};
    net_init_relays(net);
    for (unsigned n = 0; n < NET_NODES; n++) {
        struct net_node *node = &net->nodes[n];
        net->standing[n] = HOTLINE__STANDING__CODE__ACTIVE;
        net->role[n] = HOTLINE__ROLE__CODE__HOTLINE;
        *node = (struct net_node){.net = net, .index = n, .key_life_us = 7 * CLOCK_DAY_US};
        net_next_life(node->path, net->folder, net_members[n], &node->life, false);
    }
    net_sign_roster(net);
    for (unsigned r = 0; r < NET_RELAYS; r++)
        net_start_relay(net, r);
    return net;
}

static inline void net_free(struct net *net)
{
    char command[128];
    for (unsigned i = 0; i < NET_NODES; i++)
        if (net->nodes[i].node != NULL)
            net_kill_node(net, i);
    for (unsigned i = 0; i < NET_RELAYS; i++) {
        if (net->relays[i].relay != NULL)
            net_end_relay(net, i);
        key_set_free(net->relays[i].keys);
    }
    while (net->first != NULL) {
        struct net_message *message = net->first;
        net->first = message->next;
        buf_free(&message->bytes);
        free(message);
    }
    net_forget(net);
    key_set_free(net->authority);
    buf_free(&net->roster);
    wire_arena_done(&net->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", net->folder);
    assert_int_equal(system(command), 0);
    free(net);
}

/* All four members up, connected and known to each other by their cards. */
static inline int net_setup(void **state)
{
    struct net *net = net_new();
    for (unsigned n = 0; n < NET_NODES; n++)
        net_start(net, n);
    net_connect(net, NET_ALL, NET_ALL);
    net_pass(net, CLOCK_SECOND_US);
    net_forget(net);
    *state = net;
    return 0;
}

static inline int net_teardown(void **state)
{
    net_free(*state);
    return 0;
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

/* The next version of the roster, with what the test set in the net; to both relays, which hand it on. */
static inline void net_new_roster(struct net *net)
{
    struct err_note note = {{0}};
    net_sign_roster(net);
    for (unsigned r = 0; r < NET_RELAYS; r++)
        if (net->relays[r].relay != NULL)
            assert_int_equal(relay_offer_roster(net->relays[r].relay, buf_slice(&net->roster), net->now_us, &note), OK);
    net_run(net);
    net_pass(net, 3 * CLOCK_SECOND_US);
}

/* ---- looking ---- */

static inline size_t net_frames(const struct net *net, bool to_node, unsigned node, unsigned relay, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < net->frame_count; i++) {
        const struct net_frame *frame = &net->frames[i];
        count += frame->to_node == to_node && (node == NET_ALL || frame->node == node) &&
            (relay == NET_ALL || frame->relay == relay) && frame->type == type;
    }
    return count;
}

static inline size_t net_sent(const struct net *net, unsigned node, uint8_t type)
{
    return net_frames(net, false, node, NET_ALL, type);
}

/* The last such frame, unpacked into the net's arena. */
static inline void *net_last(struct net *net, bool to_node, unsigned node, unsigned relay, uint8_t type)
{
    for (size_t i = net->frame_count; i-- > 0;) {
        const struct net_frame *frame = &net->frames[i];
        ProtobufCMessage *message;
        if (frame->to_node != to_node || frame->node != node || (relay != NET_ALL && frame->relay != relay) ||
            frame->type != type)
            continue;
        wire_arena_clear(&net->arena);
        assert_int_equal(
            wire_unpack(wire_descriptor(type), slice_of(frame->bytes, frame->len), &net->arena, NULL, &message), OK);
        return message;
    }
    fail_msg("no %s %s %s", wire_name(type), to_node ? "to" : "from", net_members[node]);
    return NULL;
}

static inline size_t net_events(const struct net *net, unsigned node, enum node_event_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < net->nodes[node].event_count; i++)
        count += net->nodes[node].events[i].type == type;
    return count;
}

/* The cases that this node shows. */
static inline size_t net_cases(const struct net *net, unsigned node)
{
    const struct cases *cases = node_cases(net->nodes[node].node);
    size_t count = 0;
    for (size_t i = 0; i < cases->count; i++)
        count += cases_newest(cases, cases->order[i]) != NULL;
    return count;
}

/* The one case of that reference; fails without it. */
static inline struct case_entry *net_case(const struct net *net, unsigned node, const char *reference)
{
    struct case_entry *candidates[8], *entry = NULL;
    size_t count;
    int error = cases_named(node_cases(net->nodes[node].node), reference, candidates, 8, &count, &entry);
    if (error != OK)
        fail_msg("%s at %s: %s", reference, net_members[node], err_name(error));
    return entry;
}

static inline bool net_has(const struct net *net, unsigned node, const char *reference)
{
    struct case_entry *candidates[8], *entry = NULL;
    size_t count;
    return cases_named(node_cases(net->nodes[node].node), reference, candidates, 8, &count, &entry) == OK;
}

/* The item of a revision at a node; NULL. */
static inline struct item *net_revision(const struct net *net, unsigned node, const char *reference, uint32_t revision)
{
    struct case_entry *entry = net_case(net, node, reference);
    for (size_t i = 0; i < entry->revision_count; i++)
        if (entry->revisions[i]->header->revision == revision)
            return entry->revisions[i];
    return NULL;
}

/* State of a recipient's row of the newest revision at its publisher; -1: no row. */
static inline int net_state(const struct net *net, unsigned publisher, const char *reference, unsigned recipient)
{
    const struct case_entry *entry = net_case(net, publisher, reference);
    const struct ladder_row *row = item_row(entry->revisions[entry->revision_count - 1], net_members[recipient]);
    return row ? row->state : -1;
}

/* ---- doing ---- */

static const char net_draft_json[] =
    "{\"category\": \"RUNAWAY\", \"urgency\": \"IMMEDIATE\", \"child\": {\"given_name\": "
    "\"Aurelia-canary\", \"age_years\": 9, "
    "\"languages\": [\"fr\"]}, \"last_seen\": {\"country\": \"BE\"}, \"police\": {\"informed\": true}, "
    "\"publicity\": {\"level\": \"NONE\"}, \"contact\": {\"phone\": \"+3225550100\"}}";

struct net_publish {
    const char *to[4];
    bool exercise, restricted, medical;
    int64_t valid_for_us;
};

static inline Hotline__Case *net_content(const struct net_publish *from)
{
    struct jdoc *doc;
    Hotline__Case *content;
    struct err_note note = {{0}};
    assert_int_equal(jdoc_parse(slice_text(net_draft_json), "draft", &note, &doc), OK);
    if (case_from_json(doc, &note, &content) != OK)
        fail_msg("the draft: %s", note.text);
    jdoc_free(doc);
    if (from->valid_for_us)
        WIRE_SET(content, valid_for, from->valid_for_us);
    if (from->medical) {
        content->legal = malloc(sizeof *content->legal);
        assert_non_null(content->legal);
        hotline__legal__init(content->legal);
    }
    return content;
}

static inline struct node_draft net_draft(const struct net_publish *from, const Hotline__Case *content)
{
    struct node_draft draft = {
        .content = content, .exercise = from->exercise, .restricted = from->restricted, .to = from->to};
    while (draft.to_count < 4 && from->to[draft.to_count] != NULL)
        draft.to_count++;
    return draft;
}

/* Publishes; nothing is moved yet. reference gets CASES_REFERENCE_MAX bytes. */
static inline int net_try_publish(struct net *net, unsigned node, const struct net_publish *from, struct err_note *note,
                                  char *reference)
{
    Hotline__Case *content = net_content(from);
    struct node_draft draft = net_draft(from, content);
    struct case_entry *entry = NULL;
    uint64_t ticket;
    int error = node_publish(net->nodes[node].node, &draft, net_node_now(&net->nodes[node]), note, &entry, &ticket);
    if (error == OK)
        snprintf(reference, CASES_REFERENCE_MAX, "%s", entry->reference);
    case_free(content);
    return error;
}

static inline void net_publish(struct net *net, unsigned node, const struct net_publish *from, char *reference)
{
    struct err_note note = {{0}};
    int error = net_try_publish(net, node, from, &note, reference);
    if (error != OK)
        fail_msg("publish: %s: %s", err_name(error), note.text);
}

static inline int net_try_update(struct net *net, unsigned node, const char *reference, const struct net_publish *from,
                                 struct err_note *note)
{
    Hotline__Case *content = net_content(from);
    struct node_draft draft = net_draft(from, content);
    uint64_t ticket;
    int error = node_update(net->nodes[node].node, net_case(net, node, reference), &draft,
                            net_node_now(&net->nodes[node]), note, &ticket);
    case_free(content);
    return error;
}

static inline int net_try_finish(struct net *net, unsigned node, const char *reference, Hotline__Act__Code act,
                                 struct err_note *note)
{
    Hotline__Closing closing = HOTLINE__CLOSING__INIT;
    char reason[] = "wrong child";
    uint64_t ticket;
    bool closes = act == HOTLINE__ACT__CODE__CLOSE;
    WIRE_SET(&closing, outcome, closes ? HOTLINE__OUTCOME__CODE__FOUND_SAFE : HOTLINE__OUTCOME__CODE__SENT_IN_ERROR);
    if (!closes)
        closing.reason = reason;
    return node_finish(net->nodes[node].node, net_case(net, node, reference), act, &closing,
                       net_node_now(&net->nodes[node]), note, &ticket);
}

static inline int net_try_acknowledge(struct net *net, unsigned node, const char *reference)
{
    struct err_note note = {{0}};
    uint64_t ticket;
    return node_acknowledge(net->nodes[node].node, net_case(net, node, reference), "Ana",
                            net_node_now(&net->nodes[node]), &note, &ticket);
}

static inline int net_try_reply(struct net *net, unsigned node, const char *reference, const char *text,
                                struct err_note *note)
{
    Hotline__Reply reply = HOTLINE__REPLY__INIT;
    char room[200];
    uint64_t ticket;
    snprintf(room, sizeof room, "%s", text);
    WIRE_SET(&reply, kind, HOTLINE__REPLY_KIND__CODE__MESSAGE);
    reply.text = room;
    return node_reply(net->nodes[node].node, net_case(net, node, reference), &reply, net_node_now(&net->nodes[node]),
                      note, NULL, &ticket);
}

/* A frame of a hostile relay, straight into the node. */
static inline void net_inject(struct net *net, unsigned node, unsigned relay, enum wire_type type,
                              const ProtobufCMessage *message)
{
    struct net_node *to = &net->nodes[node];
    struct buf out;
    buf_init(&out);
    wire_add(&out, type, message);
    node_receive(to->node, net_slot(to, relay), buf_slice(&out), net_node_now(to), net->steady_us);
    buf_free(&out);
}

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        int assert_ok_result = (call);                                                                                 \
        if (assert_ok_result != OK)                                                                                    \
            fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, err_name(assert_ok_result));                          \
    } while (0)

#endif
