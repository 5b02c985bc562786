/*
 * malformed: sends a relay messages that no honest node would send, with a member's own key and with strangers' keys.
 *
 * usage: malformed ENDPOINT RELAY-KEY MEMBER-KEY AUTHORITY ROSTER COUNT SEED FILE...: messages are made of the files
 * (frames, or anything) cut, flipped, doubled and mixed, from the seed. A good Hello comes before every few: so what
 * follows reaches an open session. Prints how many were sent and how many answers came.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/card.h"
#include "proto/clock.h"
#include "proto/keyfile.h"
#include "proto/seal.h"

#define FILES_MAX 512
#define HELLO_EVERY 6
#define STRANGER_EVERY 2000

struct sender {
    void *context, *link;
    const char *endpoint;
    struct key_set *relay, *member;
    struct buf hello, files[FILES_MAX];
    size_t file_count;
    uint64_t dice;
    unsigned long sent, answers;
};

static uint32_t roll(struct sender *sender, uint32_t below)
{
    sender->dice ^= sender->dice << 13;
    sender->dice ^= sender->dice >> 7;
    sender->dice ^= sender->dice << 17;
    return (uint32_t)(sender->dice >> 32) % below;
}

static void must(int result, const char *what, const struct err_note *note)
{
    if (result == OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err_explain(note, result));
    exit(1);
}

static void *new_link(struct sender *sender, const struct key_transport *public_key,
                      const struct key_transport_secret *secret)
{
    void *link = zmq_socket(sender->context, ZMQ_DEALER);
    int linger = 0, wait_ms = 20000, hwm = 1000;
    zmq_setsockopt(link, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(link, ZMQ_SNDTIMEO, &wait_ms, sizeof wait_ms);
    zmq_setsockopt(link, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt(link, ZMQ_CURVE_SERVERKEY, sender->relay->transport.bytes, KEY_BYTES);
    zmq_setsockopt(link, ZMQ_CURVE_PUBLICKEY, public_key->bytes, KEY_BYTES);
    zmq_setsockopt(link, ZMQ_CURVE_SECRETKEY, secret->bytes, KEY_BYTES);
    if (zmq_connect(link, sender->endpoint) != 0) {
        fprintf(stderr, "%s: %s\n", sender->endpoint, zmq_strerror(errno));
        exit(1);
    }
    return link;
}

/* What a node would say first. */
static void make_hello(struct sender *sender, const char *authority, const char *roster_file)
{
    struct roster_trust trust;
    struct err_note note = {""};
    struct buf bytes;
    struct roster *roster = NULL;
    struct wire_arena arena;
    struct key_box box;
    struct key_box_secret secret;
    struct card card;
    Hotline__Hello hello = HOTLINE__HELLO__INIT;
    Hotline__RosterName name = HOTLINE__ROSTER_NAME__INIT;
    uint32_t protocol = 1;
    buf_init(&bytes);
    must(roster_trust_read(authority, &note, &trust), authority, &note);
    must(keyfile_slurp(roster_file, LIMIT_ROSTER_BYTES, &bytes, &note), roster_file, &note);
    must(roster_verify(buf_slice(&bytes), &trust, &note, &roster), roster_file, &note);
    must(wire_arena_init(&arena), "memory", NULL);
    key_box_generate(&box, &secret);
    const struct card_draft draft = {.serial = (uint64_t)(clock_wall_us() / CLOCK_SECOND_US),
                                     .store_id = seal_uuid(clock_wall_us(), NULL),
                                     .encryption_key = box,
                                     .not_after_us = clock_wall_us() + CLOCK_DAY_US,
                                     .software = "malformed"};
    must(card_make(sender->member, &draft, &card), "card", NULL);
    must(card_view(&card, &arena, &hello.card), "card", NULL);
    WIRE_SET(&name, version, roster_version(roster));
    WIRE_SET_BYTES(&name, hash, roster_hash(roster)->bytes, KEY_HASH_BYTES);
    hello.roster = &name;
    hello.n_protocol = 1;
    hello.protocol = &protocol;
    wire_add(&sender->hello, WIRE_HELLO, &hello.base);
    card_done(&card);
    wire_arena_done(&arena);
    roster_free(roster);
    buf_free(&bytes);
}

/* A file's bytes, or noise, or both; then a few of them changed. */
static void make_message(struct sender *sender, struct buf *out)
{
    static const uint8_t types[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 32, 36, 63, 255, 0};
    const struct buf *file = &sender->files[roll(sender, (uint32_t)sender->file_count)];
    uint32_t kind = roll(sender, 8), len = roll(sender, 300);
    buf_clear(out);
    if (kind == 0) { /* a frame's head, and noise behind it */
        buf_add_u32le(out, kind == 0 && roll(sender, 9) == 0 ? 0xffffffffu : len + 1);
        buf_add_u8(out, types[roll(sender, sizeof types)]);
    } else {
        buf_add_slice(out, buf_slice(file));
    }
    if (kind <= 1)
        for (uint32_t i = 0; i < len; i++)
            buf_add_u8(out, (uint8_t)roll(sender, 256));
    if (kind == 2 && out->len > 0)
        out->len = roll(sender, (uint32_t)out->len);
    if (kind == 3)
        buf_add_slice(out, buf_slice(file));
    for (uint32_t flips = kind >= 4 ? 1 + roll(sender, 6) : 0; flips > 0 && out->len > 0; flips--)
        out->data[roll(sender, (uint32_t)out->len)] ^= (uint8_t)(1 + roll(sender, 255));
}

static void hear(struct sender *sender)
{
    char ignored[16];
    while (zmq_recv(sender->link, ignored, sizeof ignored, ZMQ_DONTWAIT) >= 0)
        sender->answers++;
}

/* Somebody who is on no roster: lets no message in, and costs a handshake. */
static void be_stranger(struct sender *sender)
{
    struct key_transport public_key;
    struct key_transport_secret secret;
    struct key_box box;
    struct key_box_secret box_secret;
    key_box_generate(&box, &box_secret);
    memcpy(public_key.bytes, box.bytes, KEY_BYTES);
    memcpy(secret.bytes, box_secret.bytes, KEY_BYTES);
    void *link = new_link(sender, &public_key, &secret);
    for (int i = 0; i < 20; i++)
        (void)zmq_send(link, sender->hello.data, sender->hello.len, ZMQ_DONTWAIT);
    (void)poll(NULL, 0, 30);
    zmq_close(link);
}

static void send_all(struct sender *sender, unsigned long count)
{
    struct buf message;
    buf_init(&message);
    while (sender->sent < count) {
        if (sender->sent % STRANGER_EVERY == 0)
            be_stranger(sender);
        if (sender->sent % HELLO_EVERY == 0)
            (void)zmq_send(sender->link, sender->hello.data, sender->hello.len, 0);
        make_message(sender, &message);
        int more = roll(sender, 50) == 0 ? ZMQ_SNDMORE : 0;
        if (zmq_send(sender->link, message.data, message.len, more) < 0 ||
            (more && zmq_send(sender->link, "x", 1, 0) < 0)) {
            fprintf(stderr, "the relay takes nothing any more: %s\n", zmq_strerror(errno));
            exit(1);
        }
        sender->sent++;
        hear(sender);
    }
    buf_free(&message);
}

int main(int argc, char **argv)
{
    static struct sender sender;
    struct err_note note = {""};
    if (argc < 9) {
        fprintf(stderr, "usage: malformed ENDPOINT RELAY-KEY MEMBER-KEY AUTHORITY ROSTER COUNT SEED FILE...\n");
        return 2;
    }
    /* Odd, so never zero, where the dice would stay. */
    sender.dice = UINT64_C(0x9e3779b97f4a7c15) * (2 * strtoull(argv[7], NULL, 10) + 1);
    must(seal_start(), "libsodium", NULL);
    must(keyfile_read(argv[2], NULL, NULL, &note, &sender.relay), argv[2], &note);
    must(keyfile_read(argv[3], NULL, NULL, &note, &sender.member), argv[3], &note);
    sender.endpoint = argv[1];
    sender.context = zmq_ctx_new();
    make_hello(&sender, argv[4], argv[5]);
    for (int i = 8; i < argc && sender.file_count < FILES_MAX; i++)
        must(keyfile_slurp(argv[i], LIMIT_MESSAGE_BYTES, &sender.files[sender.file_count++], &note), argv[i], &note);
    sender.link = new_link(&sender, &sender.member->transport, &sender.member->transport_secret);
    send_all(&sender, strtoul(argv[6], NULL, 10));
    /* All of it has arrived when a last Hello is answered, or nothing was heard for a while. */
    for (int quiet = 0; quiet < 20; quiet++) {
        unsigned long before = sender.answers;
        (void)poll(NULL, 0, 50);
        hear(&sender);
        quiet = sender.answers != before ? 0 : quiet;
    }
    printf("%lu sent, %lu answers\n", sender.sent, sender.answers);
    zmq_close(sender.link);
    zmq_ctx_term(sender.context);
    for (size_t i = 0; i < sender.file_count; i++)
        buf_free(&sender.files[i]);
    buf_free(&sender.hello);
    key_set_free(sender.relay);
    key_set_free(sender.member);
    return 0;
}
