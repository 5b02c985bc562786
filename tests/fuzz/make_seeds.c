/*
 * make_seeds: what honest relays and nodes say to each other in an hour, as inputs of fuzz_relay and fuzz_node.
 *
 * usage: make_seeds FOLDER: writes FOLDER/relay/seed-... and FOLDER/node/seed-..., the same bytes in every run.
 */
#include "../unit/node_world.h"

#include "fuzz_steps.h"

static void put_file(const char *folder, const char *target, const char *name, struct slice content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/seed-%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(content.data, 1, content.len, file) == content.len && fclose(file) == 0);
}

static void add_step(struct buf *out, const struct fuzz_step *step)
{
    uint8_t *room = buf_reserve(out, step->bytes.len + FUZZ_STEP_HEAD);
    CHECK(room != NULL);
    buf_grew(out, fuzz_put_step(step, room, step->bytes.len + FUZZ_STEP_HEAD));
}

static void add_pass(struct buf *out, uint32_t ms)
{
    const uint8_t bytes[4] = {(uint8_t)ms, (uint8_t)(ms >> 8), (uint8_t)(ms >> 16), (uint8_t)(ms >> 24)};
    add_step(out, &(struct fuzz_step){.what = FUZZ_DO_PASS, .bytes = slice_of(bytes, sizeof bytes)});
}

/* The body in the clear: fuzz_seal closes it again. */
static struct slice opened(struct net *net, const struct net_frame *frame, struct buf *room)
{
    static struct fuzz_dresser dresser;
    fuzz_dresser_start(&dresser);
    fuzz_clear(&dresser);
    Hotline__Deliver *deliver =
        (Hotline__Deliver *)fuzz_unpack(&dresser, &hotline__deliver__descriptor, slice_of(frame->bytes, frame->len));
    CHECK(deliver != NULL);
    struct key_hash body_hash = seal_hash(wire_slice(deliver->envelope->body));
    struct key_hash hash = seal_hash2(wire_slice(deliver->envelope->header), slice_of(body_hash.bytes, KEY_HASH_BYTES));
    for (unsigned n = 0; n < NET_NODES; n++) {
        const struct cases *cases = node_cases(net->nodes[n].node);
        for (size_t i = 0; i < cases->count; i++) {
            const struct case_entry *entry = cases->order[i];
            for (size_t j = 0; j < entry->revision_count + entry->thread_count; j++) {
                const struct item *item =
                    j < entry->revision_count ? entry->revisions[j] : entry->thread[j - entry->revision_count];
                if (memcmp(item->hash.bytes, hash.bytes, KEY_HASH_BYTES) != 0 || item_content(item) == NULL)
                    continue;
                struct slice plain = fuzz_pack(&dresser, &item_content(item)->base);
                WIRE_SET_BYTES(deliver->envelope, body, plain.data, plain.len);
            }
        }
    }
    buf_clear(room);
    buf_add_slice(room, fuzz_pack(&dresser, &deliver->base));
    return buf_slice(room);
}

/* Who made what a relay hands on to BE: fuzz_node's `who` is an index of net_members. */
static uint8_t maker(const struct net_frame *frame)
{
    for (uint8_t n = 0; n < NET_NODES; n++) {
        struct slice id = slice_text(net_members[n]);
        for (size_t at = 0; n != BE && at + id.len <= frame->len && at < 400; at++)
            if (memcmp(frame->bytes + at, id.data, id.len) == 0)
                return n;
    }
    return FR;
}

/* What relay-noord heard, or what it said to BE. */
static void record(struct net *net, const char *folder, const char *name)
{
    struct buf to_relay, to_node, room;
    buf_init(&to_relay);
    buf_init(&to_node);
    buf_init(&room);
    for (size_t i = 0; i < net->frame_count; i++) {
        const struct net_frame *frame = &net->frames[i];
        struct fuzz_step step = {.what = frame->type, .flags = FUZZ_SIGN | FUZZ_NAME};
        if (frame->relay != 0 || frame->type == WIRE_PULSE || frame->type == WIRE_PRESENCE)
            continue;
        step.bytes = slice_of(frame->bytes, frame->len);
        if (!frame->to_node && frame->node != IT) {
            step.who = (uint8_t)(frame->node == NL ? 2 : frame->node);
            step.flags |=
                frame->type == WIRE_RECEIPTS || frame->type == WIRE_GRANTS || frame->type == WIRE_UNREADABLES ?
                FUZZ_REFER :
                0;
            add_step(&to_relay, &step);
        } else if (frame->to_node && frame->node == BE) {
            step.who = maker(frame);
            if (frame->type == WIRE_DELIVER) {
                step.bytes = opened(net, frame, &room);
                step.flags |= FUZZ_SEAL;
            }
            if (frame->type == WIRE_RECEIPTS || frame->type == WIRE_ACCEPTED || frame->type == WIRE_REFUSED)
                step.flags |= FUZZ_REFER;
            add_step(&to_node, &step);
        }
    }
    add_pass(&to_relay, 6000);
    add_pass(&to_node, 6000);
    put_file(folder, "relay", name, buf_slice(&to_relay));
    put_file(folder, "node", name, buf_slice(&to_node));
    buf_free(&to_relay);
    buf_free(&to_node);
    buf_free(&room);
    net_forget(net);
}

/* A person publishes at BE, before the relay answers it. */
static void record_acts(const char *folder)
{
    struct buf out;
    buf_init(&out);
    for (uint8_t act = 0; act < 8; act++) {
        add_step(&out, &(struct fuzz_step){.what = FUZZ_DO_ACT, .refer = act});
        add_pass(&out, 400);
    }
    put_file(folder, "node", "acts", buf_slice(&out));
    buf_free(&out);
}

int main(int argc, char **argv)
{
    char mine[CASES_REFERENCE_MAX], theirs[CASES_REFERENCE_MAX];
    struct err_note note = {""};
    CHECK(argc == 2);
    fuzz_begin();
    struct net *net = net_new();
    for (unsigned n = 0; n < NET_NODES; n++)
        net_start(net, n);
    net_connect(net, NET_ALL, NET_ALL);
    net_pass(net, 12 * CLOCK_SECOND_US);
    record(net, argv[1], "greetings");
    net_publish(net, BE, &(struct net_publish){.to = {"FR", "NL"}}, mine);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, theirs);
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
    record(net, argv[1], "alerts");
    assert_ok(net_try_acknowledge(net, BE, theirs));
    assert_ok(net_try_reply(net, BE, theirs, "seen at the station", &note));
    assert_ok(net_try_reply(net, FR, mine, "which station", &note));
    net_run(net);
    assert_ok(net_try_update(net, FR, theirs, &(struct net_publish){.to = {"NL"}}, &note));
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
    record(net, argv[1], "answers");
    net_lose_disk(net, NL);
    net_connect(net, NL, NET_ALL);
    net_pass(net, 15 * CLOCK_SECOND_US);
    record(net, argv[1], "lost-disk");
    assert_ok(net_try_finish(net, BE, mine, HOTLINE__ACT__CODE__CLOSE, &note));
    assert_ok(net_try_finish(net, FR, theirs, HOTLINE__ACT__CODE__RETRACT, &note));
    net_run(net);
    net_pass(net, CLOCK_SECOND_US);
    record(net, argv[1], "endings");
    record_acts(argv[1]);
    net_free(net);
    return 0;
}
