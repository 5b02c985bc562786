/* gate: answers ZAP questions from a sorted table. It must never admit what it does not understand, and
 * never block. */
#include "relay/gate.h"
#include "proto/failpoint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define HANDLER "inproc://zeromq.zap.01"

/* The parts of a question, by their place (RFC 27). */
enum part { VERSION, REQUEST, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIALS, PARTS };
#define PART_MAX 256

struct question {
    uint8_t data[PARTS][PART_MAX];
    size_t len[PARTS];
    size_t count;
    bool too_long;
};

struct gate {
    struct loop *loop;
    struct zlink_poll *poll;
    struct gate_counters counters;
    struct gate_entry *entries; /* sorted by key */
    size_t count;
    bool loaded;
};

static int compare_keys(const void *a, const void *b)
{
    return memcmp(((const struct gate_entry *)a)->key, ((const struct gate_entry *)b)->key, GATE_KEY_BYTES);
}

const char *gate_member(const struct gate *gate, const uint8_t key[GATE_KEY_BYTES])
{
    struct gate_entry wanted = {.member = ""};
    memcpy(wanted.key, key, GATE_KEY_BYTES);
    if (gate->count == 0)
        return NULL;
    const struct gate_entry *found = bsearch(&wanted, gate->entries, gate->count, sizeof wanted, compare_keys);
    return found ? found->member : NULL;
}

const struct gate_counters *gate_counters(const struct gate *gate)
{
    return &gate->counters;
}

static int check_entries(const struct gate_entry *entries, size_t count, struct err_note *note)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].member[0] == '\0' || !memchr(entries[i].member, '\0', sizeof entries[i].member))
            return err_set(note, ERR_INVALID, "a transport key without a member's name");
        if (i > 0 && compare_keys(&entries[i - 1], &entries[i]) == 0)
            return err_set(note, ERR_EXISTS, "%s and %s have the same transport key", entries[i - 1].member,
                           entries[i].member);
    }
    return OK;
}

int gate_allow_only(struct gate *gate, const struct gate_entry *entries, size_t count, struct err_note *note)
{
    struct gate_entry *sorted = calloc(count ? count : 1, sizeof *sorted);
    if (!sorted)
        return err_set(note, ERR_NOMEM, "no memory for %zu transport keys", count);
    if (count > 0) {
        memcpy(sorted, entries, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_keys);
    }
    int error = check_entries(sorted, count, note);
    if (error) {
        free(sorted);
        return error;
    }
    free(gate->entries);
    gate->entries = sorted;
    gate->count = count;
    gate->counters.keys = (int64_t)count;
    gate->loaded = true;
    return OK;
}

/* ---- questions and answers ---- */

static void take_part(struct question *question, zmq_msg_t *part)
{
    size_t len = zmq_msg_size(part);
    size_t at = question->count++;
    if (at >= PARTS)
        return;
    if (len > PART_MAX) {
        question->too_long = true;
        return;
    }
    if (len > 0)
        memcpy(question->data[at], zmq_msg_data(part), len);
    question->len[at] = len;
}

/* A whole question, however many parts it has; ERR_AGAIN when there is none. */
static int receive(void *socket, struct question *question)
{
    zmq_msg_t part;
    int error = OK;
    bool more = true;
    zmq_msg_init(&part);
    memset(question, 0, sizeof *question);
    while (more) {
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            error = errno == EAGAIN ? ERR_AGAIN : ERR_IO;
            break;
        }
        take_part(question, &part);
        more = zmq_msg_more(&part) != 0;
    }
    zmq_msg_close(&part);
    return error;
}

static bool part_is(const struct question *question, enum part part, const char *text)
{
    return question->len[part] == strlen(text) && memcmp(question->data[part], text, question->len[part]) == 0;
}

/* "200" and the member, or the code of a refusal. */
static const char *judge(struct gate *gate, const struct question *question, const char **ret_member)
{
    bool curve = question->count == PARTS && !question->too_long && part_is(question, VERSION, "1.0") &&
        part_is(question, DOMAIN, GATE_DOMAIN) && part_is(question, MECHANISM, "CURVE") &&
        question->len[CREDENTIALS] == GATE_KEY_BYTES;
    if (!curve) {
        gate->counters.refused_request++;
        return "400";
    }
    if (!gate->loaded) {
        gate->counters.deferred++;
        return "300";
    }
    const char *member = gate_member(gate, question->data[CREDENTIALS]);
    if (!member) {
        gate->counters.refused_key++;
        return "400";
    }
    gate->counters.admitted++;
    *ret_member = member;
    return "200";
}

/* The question's asker may be gone meanwhile; then ZeroMQ drops the answer, and so do we. */
static bool send_part(void *socket, const void *data, size_t len, int flags)
{
    while (zmq_send(socket, data, len, ZMQ_DONTWAIT | flags) < 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

static void answer(struct gate *gate, const struct question *question)
{
    void *socket = zlink_poll_socket(gate->poll);
    const char *member = "";
    const char *code = judge(gate, question, &member);
    size_t request_len = question->count > REQUEST ? question->len[REQUEST] : 0;
    (void)(send_part(socket, "1.0", 3, ZMQ_SNDMORE) &&
           send_part(socket, question->data[REQUEST], request_len, ZMQ_SNDMORE) &&
           send_part(socket, code, strlen(code), ZMQ_SNDMORE) && send_part(socket, "", 0, ZMQ_SNDMORE) &&
           send_part(socket, member, strlen(member), ZMQ_SNDMORE) && send_part(socket, "", 0, 0));
}

static void on_turn(void *ctx, bool readable, bool writable)
{
    struct gate *gate = ctx;
    struct question question;
    (void)readable, (void)writable;
    if (FAILPOINT_ON("gate-dead"))
        return;
    for (int i = 0; i < ZLINK_POLL_BUDGET; i++) {
        if (receive(zlink_poll_socket(gate->poll), &question) != OK)
            return;
        answer(gate, &question);
    }
}

/* ---- life ---- */

static void free_memory(void *object)
{
    struct gate *gate = object;
    free(gate->entries);
    free(gate);
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    zlink_poll_free(gate->poll);
    loop_reap(gate->loop, gate, free_memory);
}

int gate_new(struct zlink_context *context, struct err_note *note, struct gate **ret_gate)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return err_set(note, ERR_NOMEM, "no memory for the gate");
    gate->loop = zlink_context_loop(context);
    int error = zlink_poll_new(context, ZMQ_REP, &gate->poll);
    if (!error && zmq_bind(zlink_poll_socket(gate->poll), HANDLER) != 0)
        error = errno == EADDRINUSE ? ERR_BUSY : ERR_IO;
    if (!error)
        error = zlink_poll_start(gate->poll, on_turn, gate);
    if (error) {
        gate_free(gate);
        return err_set(note, error, "the gate (ZAP handler) cannot stand: %s", err_text(error));
    }
    *ret_gate = gate;
    return OK;
}
