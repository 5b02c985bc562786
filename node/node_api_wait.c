/* node_api_wait: answers that follow a commit, or a step of the ladder. A request whose client has left is forgotten
 * here at once; the core's bells ring for the API as a whole and never for a request, so nothing can ring for a dead
 * one. */
#include <stdlib.h>
#include <string.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/log.h"

#define POLL_MS 250
#define WAIT_DEFAULT_MS 10000

enum step { STEP_ACCEPTED, STEP_DELIVERED, STEP_ACKNOWLEDGED };
static const char *const step_names[] = {"accepted", "delivered", "acknowledged", NULL};

/* Of what a step is waited for. */
enum wait_of { OF_CASE, OF_ACKNOWLEDGEMENT, OF_REPLY };

struct node_api_wait {
    struct node_api *api;
    struct http_request *request;
    struct node_api_wait *next;
    struct node_api_subject subject; /* what the answer shows; with a step: the case */
    bool for_step;
    /* until a commit */
    uint64_t ticket;
    unsigned status;
    char location[LIMIT_SENTENCE_BYTES];
    struct jdoc *doc; /* the answer, when it is none of a subject's state */
    bool has_doc;
    /* until a step */
    enum step step;
    enum wait_of of;
    struct key_uuid reply;
    int64_t end_us; /* steady */
};

/* ---- the list ---- */

static void forget(struct node_api_wait *wait)
{
    struct node_api_wait **at = &wait->api->waits;
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    jdoc_free(wait->doc);
    free(wait);
}

static void on_gone(void *ctx)
{
    struct node_api_wait *wait = ctx;
    struct http_request *request = wait->request;
    forget(wait);
    http_reply(request, 503, NULL, slice_of(NULL, 0));
}

static struct node_api_wait *keep(struct node_api *api, struct http_request *request)
{
    struct node_api_wait *wait = calloc(1, sizeof *wait);
    if (wait == NULL)
        return NULL;
    wait->api = api;
    wait->request = request;
    wait->next = api->waits;
    api->waits = wait;
    http_on_gone(request, on_gone, wait);
    return wait;
}

void node_api_wait_end(struct node_api *api)
{
    while (api->waits != NULL) {
        struct http_request *request = api->waits->request;
        forget(api->waits);
        node_api_refuse_late(request, ERR_UNREACHABLE, "the node is stopping");
    }
}

size_t node_api_waiting(const struct node_api *api)
{
    size_t count = 0;
    for (const struct node_api_wait *wait = api->waits; wait != NULL; wait = wait->next)
        count++;
    return count;
}

bool node_api_is_idle(const struct node_api *api)
{
    for (const struct node_api_wait *wait = api->waits; wait != NULL; wait = wait->next)
        if (!wait->for_step)
            return false;
    return true;
}

/* ---- until a commit ---- */

static void answer_commit(struct node_api_wait *wait)
{
    struct node_api *api = wait->api;
    struct http_request *request = wait->request;
    struct node_api_wait done = *wait;
    wait->doc = NULL;
    forget(wait);
    if (done.has_doc && done.doc == NULL)
        http_reply(request, done.status, NULL, slice_of(NULL, 0));
    else if (done.has_doc)
        node_api_answer(request, done.status, done.doc);
    else
        node_api_answer_subject(api, request, done.status, &done.subject,
                                done.location[0] != '\0' ? done.location : NULL);
}

/* A bell of the core: tickets decide who is answered. */
static void on_committed(void *ctx)
{
    struct node_api *api = ctx;
    uint64_t committed = vault_committed(node_vault(api->conf.node));
    for (struct node_api_wait *wait = api->waits, *next; wait != NULL; wait = next) {
        next = wait->next;
        if (!wait->for_step && wait->ticket <= committed)
            answer_commit(wait);
    }
}

static int wait_for_commit(struct node_api_call *call, const struct node_api_subject *subject, uint64_t ticket,
                           unsigned status, const char *location)
{
    struct node_api_wait *wait = keep(call->api, call->request);
    if (wait == NULL)
        return ERR_NOMEM;
    wait->subject = *subject;
    wait->ticket = ticket;
    wait->status = status;
    snprintf(wait->location, sizeof wait->location, "%s", location);
    node_when(call->node, ticket, on_committed, call->api);
    return OK;
}

void node_api_answer_doc(struct node_api *api, struct http_request *request, struct jdoc *doc, uint64_t ticket,
                         unsigned status)
{
    struct node_api_wait *wait = keep(api, request);
    if (wait == NULL) {
        jdoc_free(doc);
        node_api_refuse_late(request, ERR_NOMEM, err_text(ERR_NOMEM));
        return;
    }
    wait->doc = doc;
    wait->has_doc = true;
    wait->ticket = ticket;
    wait->status = status;
    node_when(api->conf.node, ticket, on_committed, api);
}

/* ---- idempotency ---- */

static void remember(struct node_api_call *call, const struct node_api_subject *subject, const char *location)
{
    struct node_idempotency record = {
        .request_hash = call->hash,
        .status = 201,
        .until_us = call->now_us + NODE_API_KEY_LIFE_US,
    };
    snprintf(record.key, sizeof record.key, "%s", call->key);
    snprintf(record.location, sizeof record.location, "%s", location);
    node_api_subject_write(subject, record.of);
    if (node_idempotency_put(call->node, &record) != OK) /* the act stands; only its repetition is not known any more */
        log_event(LOG_ERROR, "out of memory for an idempotency key", NULL);
}

int node_api_answer_committed(struct node_api_call *call, const struct node_api_subject *subject, uint64_t ticket)
{
    char location[LIMIT_SENTENCE_BYTES] = "";
    const struct case_entry *entry =
        subject->kind == NODE_API_CASE ? cases_find(node_cases(call->node), &subject->case_key) : NULL;
    if (entry != NULL && call->entry == NULL) /* opened by this request */
        snprintf(location, sizeof location, "/v1/cases/%s:%s", entry->opener, entry->reference);
    if (subject->kind == NODE_API_DRAFT && call->key != NULL) {
        char id[2 * KEY_UUID_BYTES + 1];
        buf_hex(slice_of(subject->reply.bytes, KEY_UUID_BYTES), id);
        snprintf(location, sizeof location, "/v1/drafts/%s", id);
    }
    if (call->key != NULL)
        remember(call, subject, location);
    if (subject->kind == NODE_API_DRAFT)
        node_api_record_draft(call, &subject->reply);
    else
        node_api_record(call, entry != NULL ? entry : call->entry);
    return wait_for_commit(call, subject, ticket, call->key != NULL ? 201 : 200, location);
}

int node_api_answer_after(struct node_api_call *call, const struct node_api_subject *subject, uint64_t ticket,
                          unsigned status)
{
    return wait_for_commit(call, subject, ticket, status, "");
}

int node_api_replay(struct node_api_call *call, bool *ret_replayed)
{
    struct node_api_subject subject;
    const struct node_idempotency *record = node_idempotency_find(call->node, call->key, call->now_us);
    *ret_replayed = false;
    if (record == NULL)
        return OK;
    if (!key_hash_equal(&record->request_hash, &call->hash)) {
        call->status = 422;
        call->code = "IDEMPOTENCY";
        return err_set(&call->note, ERR_EXISTS, "this Idempotency-Key was used for another request");
    }
    int error = node_api_subject_read(record->of, &subject);
    if (error == OK)
        error = http_reply_header(call->request, "Idempotency-Replayed", "true");
    if (error == OK)
        error = wait_for_commit(call, &subject, record->ticket, record->status, record->location);
    *ret_replayed = error == OK;
    return error;
}

/* ---- until a step ---- */

static const struct item *reply_in(const struct case_entry *entry, const struct key_uuid *id)
{
    for (size_t i = 0; i < entry->thread_count; i++)
        if (entry->thread[i]->mine && key_uuid_equal(&entry->thread[i]->id, id))
            return entry->thread[i];
    return NULL;
}

static bool is_accepted(const struct node *node, const struct item *item)
{
    return item_accepted_by(item) >= node_accepted_needed(node);
}

/* At least one recipient, and each has come to this state. */
static bool has_come_to(const struct item *item, int state)
{
    for (size_t i = 0; i < item->ladder_count; i++)
        if (item->ladder[i].state < state)
            return false;
    return item->ladder_count > 0;
}

static bool is_refused_by_all(const struct node *node, const struct item *item)
{
    size_t count = node_uplink_count(node);
    for (size_t slot = 0; slot < count; slot++) {
        const struct item_relay *relay = item_relay(item, node_uplink(node, slot)->relay);
        if (relay == NULL || relay->state != ITEM_REFUSED)
            return false;
    }
    return count > 0;
}

static void judge(const struct node *node, const struct item *item, enum step step, bool *ret_reached,
                  bool *ret_settled)
{
    static const int states[] = {
        [STEP_DELIVERED] = HOTLINE__RECEIPT_STATE__CODE__DELIVERED,
        [STEP_ACKNOWLEDGED] = HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED,
    };
    *ret_reached = step == STEP_ACCEPTED ? is_accepted(node, item) : has_come_to(item, states[step]);
    *ret_settled = !*ret_reached && is_refused_by_all(node, item);
}

static void judge_wait(const struct node_api_wait *wait, const struct case_entry *entry, bool *ret_reached,
                       bool *ret_settled)
{
    const struct node *node = wait->api->conf.node;
    const struct item *item =
        wait->of == OF_REPLY ? reply_in(entry, &wait->reply) : cases_newest(node_cases(node), entry);
    *ret_reached = *ret_settled = false;
    if (wait->of == OF_ACKNOWLEDGEMENT)
        *ret_reached = node_acknowledgement_taken(node, entry) >= node_accepted_needed(node);
    else if (item != NULL)
        judge(node, item, wait->step, ret_reached, ret_settled);
}

static void answer_step(struct node_api_wait *wait, const struct case_entry *entry, bool reached, bool settled)
{
    struct jdoc *view =
        node_view_case(wait->api->conf.node, entry, node_now(wait->api->conf.node, clock_wall_us(), clock_steady_us()));
    struct jdoc *part = jdoc_set_doc(view, "wait", jdoc_object());
    struct http_request *request = wait->request;
    jdoc_set_text(part, "for", step_names[wait->step]);
    jdoc_set_bool(part, "reached", reached);
    jdoc_set_bool(part, "settled", settled);
    forget(wait);
    node_api_answer(request, 200, view);
}

static void look(struct node_api_wait *wait)
{
    bool reached, settled;
    const struct cases *cases = node_cases(wait->api->conf.node);
    const struct case_entry *entry = cases_find(cases, &wait->subject.case_key);
    if (entry == NULL || cases_newest(cases, entry) == NULL) {
        struct http_request *request = wait->request;
        forget(wait);
        node_api_refuse_late(request, ERR_NOT_FOUND, "the case has been erased");
        return;
    }
    judge_wait(wait, entry, &reached, &settled);
    if (reached || settled || clock_steady_us() >= wait->end_us)
        answer_step(wait, entry, reached, settled);
}

void node_api_changed(struct node_api *api)
{
    bool more = false;
    if (node_has_failed(api->conf.node))
        return; /* who waits is told when the API closes */
    for (struct node_api_wait *wait = api->waits, *next; wait != NULL; wait = next) {
        next = wait->next;
        if (wait->for_step)
            look(wait);
    }
    for (const struct node_api_wait *wait = api->waits; wait != NULL; wait = wait->next)
        more = more || wait->for_step;
    if (!more)
        loop_timer_stop(api->poll);
}

static int read_of(struct node_api_call *call, enum step step, enum wait_of *ret_of, struct key_uuid *ret_reply)
{
    const char *of = http_query(call->request, "of");
    if (of == NULL || strcmp(of, "case") == 0) {
        *ret_of = OF_CASE;
        return call->entry->mine ?
            OK :
            err_set(&call->note, ERR_STATE, "the case is another member's: it has no ladder here");
    }
    if (strcmp(of, "acknowledgement") == 0) {
        *ret_of = OF_ACKNOWLEDGEMENT;
        if (step != STEP_ACCEPTED)
            return err_set(&call->note, ERR_INVALID,
                           "wait: an acknowledgement can only be waited for until it is accepted");
        return call->entry->acknowledged_at_us != 0 ?
            OK :
            err_set(&call->note, ERR_STATE, "nobody here has acknowledged the case");
    }
    *ret_of = OF_REPLY;
    if (buf_unhex(of, ret_reply->bytes, sizeof ret_reply->bytes) != OK || reply_in(call->entry, ret_reply) == NULL)
        return err_set(&call->note, ERR_UNKNOWN,
                       "of: is none of case, acknowledgement, or the id of a reply written here");
    if (step == STEP_ACKNOWLEDGED)
        return err_set(&call->note, ERR_INVALID,
                       "wait: a reply can only be waited for until it is accepted or delivered");
    return OK;
}

int node_api_wait_step(struct node_api_call *call)
{
    enum wait_of of = OF_CASE;
    struct key_uuid reply = {{0}};
    int64_t timeout_ms = WAIT_DEFAULT_MS;
    int step = -1;
    int error = node_api_read_choice(call, "wait", step_names, &step);
    if (error == OK)
        error = node_api_read_number(call, "timeout_ms", 0, NODE_API_WAIT_MAX_MS, &timeout_ms);
    if (error == OK)
        error = read_of(call, (enum step)step, &of, &reply);
    if (error != OK)
        return error;
    struct node_api_wait *wait = keep(call->api, call->request);
    if (wait == NULL)
        return ERR_NOMEM;
    wait->for_step = true;
    wait->subject = node_api_subject_case(call->entry);
    wait->step = (enum step)step;
    wait->of = of;
    wait->reply = reply;
    wait->end_us = clock_steady_us() + timeout_ms * CLOCK_MS_US;
    loop_timer_every(call->api->poll, POLL_MS);
    look(wait);
    return OK;
}
