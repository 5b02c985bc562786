/*
 * relay - where a frame enters and answers leave. Read relay_settle() first: it is the promise of the whole program.
 * Must never send what lets a peer forget before the disk has it.
 */
#include "relay/relay.h"

#include "proto/log.h"
#include "relay/relay_inner.h"

/* ---- the promise, on one screen ---------------------------------------------------------------------------------- */

/* The end of every turn. What was decided goes to the spool as one write; what was to be answered waits for it. Deliver
 * frames went out already: they ask for nothing to be forgotten. */
void relay_settle(struct relay *relay)
{
    uint64_t ticket;

    relay_write_answers(relay);
    relay_blob_settle(relay);
    ticket = spool_submit(relay->spool); /* one atomic write; a group of them is one fsync */
    if (relay->failed)                   /* nothing of this turn will be on the disk: nothing is said */
        return;
    relay_hold_seal(relay, ticket); /* Accepted and Taken of this turn wait for it */
    relay_hold_release(relay, spool_committed(relay->spool));
}

/* The disk has everything up to this ticket: now, and only now, others may forget. */
static void relay_committed(void *ctx, uint64_t ticket)
{
    struct relay *relay = ctx;

    relay->now_us = relay->io.now(relay->io.ctx);
    metric_observe(&relay->numbers.commit_latency, (int64_t)spool_counters(relay->spool).commit_us_last);
    if (relay->failed)
        return;
    relay_hold_release(relay, ticket);
    relay_blob_committed(relay);
}

/* Memory is ahead of the disk for ever: stop. */
static void relay_store_failed(void *ctx, int error, const char *text)
{
    relay_fail(ctx, error, text);
}

int relay_watch_spool(struct relay *relay, struct uv_loop_s *loop)
{
    struct spool_events events = {.on_commit = relay_committed, .on_failed = relay_store_failed, .ctx = relay};

    return spool_start(relay->spool, loop, &events);
}

void relay_fail(struct relay *relay, int error, const char *text)
{
    if (relay->failed)
        return;
    relay->failed = true;
    spool_abandon(relay->spool); /* a revision dropped for one that could not be kept would be lost */
    relay->io.failed(relay->io.ctx, error, text);
}

bool relay_may_log(struct relay *relay, uint32_t number)
{
    struct relay_member *member = relay_member_at(relay, number);

    if (relay->now_us - member->lines_since_us >= CLOCK_MINUTE_US || relay->now_us < member->lines_since_us) {
        member->lines_since_us = relay->now_us;
        member->lines = 0;
    }
    member->lines += member->lines <= RELAY_LINES_MAX;
    if (member->lines == RELAY_LINES_MAX)
        log_event(LOG_WARN, "too much to tell of this member: the rest of the minute is left out", "member",
                  registry_at(&relay->registry, number)->id, NULL);
    return member->lines < RELAY_LINES_MAX;
}

/* ---- a frame ----------------------------------------------------------------------------------------------------- */

static void relay_on_gap(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__Gap *gap = (const Hotline__Gap *)message;
    const struct registry_member *sender = registry_find(&relay->registry, gap->sender);
    const struct session *to = sender ? relay_session_of(relay, sender->number) : NULL;

    if (to && strcmp(gap->recipient, registry_at(&relay->registry, session->member)->id) == 0)
        (void)relay_send(relay, to, WIRE_GAP, message);
}

static void relay_on_gap_answer(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    const Hotline__GapAnswer *answer = (const Hotline__GapAnswer *)message;
    const struct registry_member *recipient = registry_find(&relay->registry, answer->recipient);
    const struct session *to = recipient ? relay_session_of(relay, recipient->number) : NULL;

    if (to && strcmp(answer->sender, registry_at(&relay->registry, session->member)->id) == 0)
        (void)relay_send(relay, to, WIRE_GAP_ANSWER, message);
}

static void relay_on_goodbye(struct relay *relay, struct session *session, const ProtobufCMessage *message)
{
    (void)message;
    session_step(session, SESSION_ENDED);
    relay_lose(relay, session);
}

typedef void relay_handler(struct relay *relay, struct session *session, const ProtobufCMessage *message);

static relay_handler *const relay_handlers[SESSION_HANDLERS] = {
    [SESSION_ON_HELLO] = relay_on_hello,
    [SESSION_ON_ROSTERS] = relay_on_rosters,
    [SESSION_ON_CARDS] = relay_on_cards,
    [SESSION_ON_OFFER] = relay_on_offer,
    [SESSION_ON_PUBLISH] = relay_on_publish,
    [SESSION_ON_GRANTS] = relay_on_grants,
    [SESSION_ON_RECEIPTS] = relay_on_receipts,
    [SESSION_ON_UNREADABLES] = relay_on_unreadables,
    [SESSION_ON_GAP] = relay_on_gap,
    [SESSION_ON_GAP_ANSWER] = relay_on_gap_answer,
    [SESSION_ON_PULSE] = relay_on_pulse,
    [SESSION_ON_TAKEN] = relay_on_taken,
    [SESSION_ON_GOODBYE] = relay_on_goodbye,
    [SESSION_ON_BLOB_PUT] = relay_on_blob_put,
    [SESSION_ON_BLOB_WANT] = relay_on_blob_want,
};

static void relay_goodbye(struct relay *relay, const struct session_peer *peer, Hotline__GoodbyeCode__Code code,
                          const char *reason)
{
    Hotline__Goodbye goodbye = HOTLINE__GOODBYE__INIT;
    char sentence[LIMIT_SENTENCE_BYTES + 1];

    WIRE_SET(&goodbye, code, code);
    if (reason && reason[0]) {
        snprintf(sentence, sizeof sentence, "%s", reason);
        goodbye.reason = sentence;
    }
    buf_clear(&relay->out);
    wire_add(&relay->out, WIRE_GOODBYE, &goodbye.base);
    relay->numbers.frames_out[WIRE_GOODBYE]++;
    if (!buf_broken(&relay->out))
        (void)relay->io.send(relay->io.ctx, peer, buf_slice(&relay->out));
}

/* Not a row of the table. Without a session: Hello first, at a bounded rate. */
static void relay_not_permitted(struct relay *relay, const struct session_peer *peer, struct session *session,
                                uint8_t type)
{
    char reason[120];
    uint32_t wait_ms;

    relay->numbers.counters.not_permitted++;
    if (!session || session->state == SESSION_AWAIT_HELLO) {
        if (quota_take(&relay->goodbyes, RELAY_GOODBYES_PER_MINUTE, relay->now_us, &wait_ms))
            relay_goodbye(relay, peer, HOTLINE__GOODBYE_CODE__CODE__HELLO_FIRST,
                          "this connection has no session: say Hello first");
        return;
    }
    if (session->state == SESSION_CLOSED)
        return;
    snprintf(reason, sizeof reason, "%s (type %u) is not permitted in state %s", wire_name(type), type,
             session_state_name(session->state));
    if (relay_may_log(relay, session->member))
        log_event(LOG_WARN, "session ended", "member", registry_at(&relay->registry, session->member)->id, "reason",
                  reason, NULL);
    relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL, reason);
}

static void relay_malformed(struct relay *relay, struct session *session, uint8_t type, const struct err_note *note)
{
    static const uint8_t unknown[KEY_HASH_BYTES];

    relay->numbers.counters.malformed++;
    if (!session || session->state != SESSION_READY)
        return;
    if (relay_may_log(relay, session->member))
        log_event(LOG_WARN, "malformed frame", "member", registry_at(&relay->registry, session->member)->id, "frame",
                  wire_name(type), "why", note->text, NULL);
    if (!session_forgives(session))
        relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__PROTOCOL, note->text);
    else if (type == WIRE_PUBLISH || type == WIRE_GRANTS)
        relay_refuse(relay, session, unknown, HOTLINE__REFUSED_CODE__CODE__MALFORMED, 0, "%s", note->text);
}

/* One frame through the permit table to its handler; false when the rest of the message is not to be looked at. */
static bool relay_frame(struct relay *relay, const struct session_peer *peer, uint32_t member,
                        const struct wire_frame *frame)
{
    struct session *session = session_find(&relay->sessions, peer);
    const struct session_row *row = session_permits(session ? session->state : SESSION_AWAIT_HELLO, frame->type);
    struct err_note note = {{0}};
    ProtobufCMessage *message;

    if (frame->type < WIRE_TYPE_MAX)
        relay->numbers.frames_in[frame->type]++;
    if (!row) {
        relay_not_permitted(relay, peer, session, frame->type);
        return false;
    }
    wire_arena_clear(&relay->arena);
    if (wire_unpack(wire_descriptor(frame->type), frame->body, &relay->arena, &note, &message)) {
        relay_malformed(relay, session, frame->type, &note);
        return session != NULL;
    }
    if (!session && session_new(&relay->sessions, peer, member, &session))
        return false;
    session->heard_us = relay->now_us;
    relay_handlers[row->handler](relay, session, message);
    return !relay->failed;
}

void relay_receive(struct relay *relay, const struct session_peer *peer, const char *member, struct slice message,
                   int64_t now_us)
{
    const struct registry_member *known = registry_find(&relay->registry, member);
    struct session *session = session_find(&relay->sessions, peer);
    struct cursor cursor = cursor_of(message);
    struct wire_frame frame;
    bool more = true;

    relay->now_us = now_us;
    if (relay->failed || relay->stopping)
        return;
    if (!known || known->place == ROSTER_NONE || (session && session->member != known->number)) {
        relay->io.cut(relay->io.ctx, peer);
        return;
    }
    if (session && session->silent)
        relay_hear_again(relay, session);
    for (size_t i = 0; i < LIMIT_FRAMES && more && !cursor_at_end(&cursor); i++) {
        if (wire_next(&cursor, &frame)) {
            struct err_note note = {"a frame is cut or too long"};
            relay_malformed(relay, session_find(&relay->sessions, peer), 0, &note);
            break;
        }
        more = relay_frame(relay, peer, known->number, &frame);
    }
    relay_settle(relay);
}

/* ---- sending and ending ------------------------------------------------------------------------------------------ */

static int relay_pack(struct relay *relay, enum wire_type type, const ProtobufCMessage *message)
{
    buf_clear(&relay->out);
    wire_add(&relay->out, type, message);
    if (!buf_broken(&relay->out))
        return OK;
    buf_free(&relay->out);
    buf_init(&relay->out);
    return ERR_NOMEM;
}

int relay_send(struct relay *relay, const struct session *session, enum wire_type type, const ProtobufCMessage *message)
{
    int error = relay_pack(relay, type, message);

    if (error)
        return error;
    relay->numbers.frames_out[type]++;
    return relay->io.send(relay->io.ctx, &session->peer, buf_slice(&relay->out));
}

void relay_send_all(struct relay *relay, enum wire_type type, const ProtobufCMessage *message, uint32_t except)
{
    struct session *session;
    size_t at = 0;

    if (relay_pack(relay, type, message))
        return;
    while ((session = session_next(&relay->sessions, &at))) {
        if (session->state != SESSION_READY || session->member == except)
            continue;
        relay->numbers.frames_out[type]++;
        (void)relay->io.send(relay->io.ctx, &session->peer, buf_slice(&relay->out));
    }
}

struct wire_arena *relay_build(struct relay *relay)
{
    wire_arena_clear(&relay->build);
    relay->build.budget = relay->build.capacity;
    return &relay->build;
}

void relay_lose(struct relay *relay, struct session *session)
{
    struct relay_member *member = relay_member_at(relay, session->member);

    if (member->session != session)
        return;
    member->session = NULL;
    member->words_sent = 0;
    courier_lost(&member->courier, relay->now_us);
    relay_blob_lost(relay, session->member);
    relay->pending_dirty = true;
    relay_touch_presence(relay, session->member);
}

void relay_end(struct relay *relay, struct session *session, Hotline__GoodbyeCode__Code code, const char *reason)
{
    relay_goodbye(relay, &session->peer, code, reason);
    session_step(session, SESSION_ENDED);
    relay_lose(relay, session);
}

void relay_gone(struct relay *relay, const struct session_peer *peer, int64_t now_us)
{
    struct session *session = session_find(&relay->sessions, peer);

    relay->now_us = now_us;
    if (!session)
        return;
    relay_lose(relay, session);
    session_drop(&relay->sessions, session);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static void relay_tick_session(struct relay *relay, struct session *session)
{
    int64_t quiet_us = relay->now_us - session->heard_us;

    if (session->cut_us && relay->now_us >= session->cut_us) {
        relay->io.cut(relay->io.ctx, &session->peer);
        session_drop(&relay->sessions, session);
        return;
    }
    if (session->state == SESSION_READY && !session->silent && quiet_us > LIMIT_SILENCE_MS * CLOCK_MS_US) {
        session->silent = true;
        courier_lost(&relay_member_at(relay, session->member)->courier, relay->now_us);
        relay->pending_dirty = true;
        relay_touch_presence(relay, session->member);
    }
    if (quiet_us > RELAY_FORGET_US && !session->cut_us) {
        relay_lose(relay, session);
        session_drop(&relay->sessions, session);
    }
}

/* Once a second: silence, what was not answered in time, grants asked for long ago. */
static void relay_second(struct relay *relay)
{
    struct session *session;
    size_t at = 0;

    spool_hurry(relay->spool);
    while ((session = session_next(&relay->sessions, &at)))
        relay_tick_session(relay, session);
    for (uint32_t i = 0; i < relay->member_count; i++) {
        session = relay_session_of(relay, i);
        if (!session)
            continue;
        relay_send_words(relay, session);
        relay->numbers.counters.resent += (int64_t)courier_overdue(&relay->members[i]->courier, relay->now_us);
        relay_pump(relay, i);
        relay_ask_grants(relay, i);
    }
    relay_blob_second(relay);
    if (relay->pending_dirty)
        relay_tell_pending(relay);
}

void relay_tick(struct relay *relay, int64_t now_us)
{
    bool back = relay->second_us - now_us > CLOCK_MINUTE_US;

    relay->now_us = now_us;
    if (relay->failed || relay->stopping)
        return;
    if (back)
        relay_clock_was_set_back(relay);
    if (relay->sweep_next)
        relay_sweep(relay);
    if (now_us - relay->second_us >= CLOCK_SECOND_US || now_us < relay->second_us) {
        relay->second_us = now_us;
        relay_second(relay);
    }
    if (now_us - relay->minute_us >= CLOCK_MINUTE_US || now_us < relay->minute_us) {
        relay->minute_us = now_us;
        relay_minute(relay);
    }
    int64_t presence_us = RELAY_PRESENCE_US + RELAY_PRESENCE_EACH_US * (int64_t)relay->sessions.by_peer.count;
    if (relay->presence_dirty && (now_us - relay->presence_us >= presence_us || now_us < relay->presence_us)) {
        relay->presence_us = now_us;
        relay_push_presence(relay);
    }
    relay_settle(relay);
}

size_t relay_step(struct relay *relay)
{
    return spool_step(relay->spool);
}

void relay_stop(struct relay *relay, int64_t now_us)
{
    struct session *session;
    size_t at = 0;

    relay->now_us = now_us;
    while ((session = session_next(&relay->sessions, &at)))
        if (session->state == SESSION_READY)
            relay_goodbye(relay, &session->peer, HOTLINE__GOODBYE_CODE__CODE__STOPPING, "this relay stops");
    relay->stopping = true;
}
