/* node_api_drill: exercises scheduled, and sent when they are due, by the way of every case. Sends nothing that is no
 * exercise, nothing that was changed since, and nothing late. */
#include <stdlib.h>
#include <string.h>

#include "node/drafts.h"
#include "node/drill_picture.h"
#include "node/drills.h"
#include "node/node_api_inner.h"
#include "node/node_blob.h"
#include "node/node_view.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/log.h"

#define ID_DIGITS_LEAST 6

/* ---- documents ---- */

struct jdoc *node_api_view_drill(const struct node *node, const struct key_uuid *id)
{
    char digits[2 * KEY_UUID_BYTES + 1];
    size_t count;
    buf_hex(slice_of(id->bytes, KEY_UUID_BYTES), digits);
    const struct drill *drill = drills_find(node_drills((struct node *)(uintptr_t)node), digits, &count);
    if (drill == NULL)
        return NULL;
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "id", digits);
    jdoc_set_text(doc, "drill", drill->drill_id);
    node_view_set_hex(doc, "draft", slice_of(drill->draft.bytes, KEY_UUID_BYTES));
    node_view_set_time(doc, "at", drill->at_us);
    jdoc_set_text(doc, "by", drill->by);
    jdoc_set_bool(doc, "picture", drill->picture);
    jdoc_set_text(doc, "state", drills_state_name(drill->state));
    node_view_set_text_if(doc, "why", drill->why);
    node_view_set_text_if(doc, "reference", drill->reference);
    return doc;
}

int node_api_get_drills(struct node_api_call *call)
{
    const struct drills *drills = node_drills(call->node);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = drills->count; i-- > 0;)
        jdoc_add_doc(items, node_api_view_drill(call->node, &drills->list[i]->id));
    node_api_answer_doc(call->api, call->request, page, vault_last(node_vault(call->node)), 200);
    return OK;
}

int node_api_get_drill_report(struct node_api_call *call)
{
    const char *drill = http_query(call->request, "drill");
    struct jdoc *report = drill == NULL ? node_view_drill_reports(call->node, call->now_us) :
                                          node_view_drill_report(call->node, drill, call->now_us);
    if (report == NULL)
        return err_set(&call->note, ERR_NOT_FOUND, "no exercise was sent from here under this drill id");
    node_api_answer(call->request, 200, report);
    return OK;
}

/* ---- scheduling ---- */

/* The opening that the draft makes as an exercise; its alert is the caller's on success. */
static int open_draft(struct node_api_call *call, const struct draft *draft, struct node_api_opening *opening)
{
    struct jdoc *words = NULL;
    int error = jdoc_parse(buf_slice(&draft->document), "draft", &call->note, &words);
    if (error == OK && jdoc_get(words, "updates") != NULL)
        error = err_set(&call->note, ERR_INVALID, "draft: an update is not scheduled");
    if (error == OK &&
        (strcmp(jdoc_get_text(words, "status", ""), "EXERCISE") != 0 || jdoc_get_text(words, "drill", NULL) == NULL))
        error = err_set(&call->note, ERR_INVALID, "draft: must be meant as EXERCISE and name its drill");
    if (error == OK) {
        jdoc_free(call->body);
        call->body = jdoc_object();
        jdoc_set_text(call->body, "status", "EXERCISE");
        struct jdoc *body = node_api_compose(call, words);
        jdoc_free(call->body);
        call->body = body;
        error = node_api_read_opening(call, opening);
    }
    jdoc_free(words);
    return error;
}

/* Whether it could be sent now: the same checks as at its time. */
static int check_sendable(struct node_api_call *call, const struct node_api_opening *opening)
{
    struct node_plan plan = {.unreached_count = 0};
    if (opening->alert->n_photos > 0)
        return err_set(&call->note, ERR_INVALID,
                       "draft: a picture that was handed in waits for an hour at most: schedule it without, or with "
                       "picture, the one that says EXERCISE");
    int error = node_plan(call->node, &opening->draft, call->now_us, &call->note, &plan);
    if (error == OK)
        route_set_done(&plan.recipients);
    return error;
}

static int read_time(struct node_api_call *call, const struct draft *draft, int64_t *ret_at_us)
{
    int64_t at_us = 0;
    if (clock_parse(jdoc_get_text(call->body, "at", ""), &at_us) != OK)
        return err_set(&call->note, ERR_INVALID, "at: is no time, as 2026-12-01T09:00:00Z");
    if (at_us <= call->now_us)
        return err_set(&call->note, ERR_INVALID, "at: is over; to send it now, publish the draft");
    if (at_us > call->now_us + DRILLS_AHEAD_US || at_us >= drafts_erased_at(draft))
        return err_set(&call->note, ERR_LIMIT, "at: the draft is erased before; 30 days after its last change");
    *ret_at_us = at_us;
    return OK;
}

static int find_draft(struct node_api_call *call, struct draft **ret_draft)
{
    snprintf(call->name, sizeof call->name, "%s", jdoc_get_text(call->body, "draft", ""));
    int error = node_api_find_draft(call, ret_draft);
    if (error == OK && drills_of(node_drills(call->node), &(*ret_draft)->id) != NULL)
        error = err_set(&call->note, ERR_EXISTS, "this draft is scheduled already: cancel that first");
    return error;
}

int node_api_post_drill(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"draft", JDOC_TEXT, true},
                                                   {"at", JDOC_TEXT, true},
                                                   {"confirm", JDOC_TEXT, true},
                                                   {"picture", JDOC_BOOL, false},
                                                   {NULL, JDOC_NULL, false}};
    struct node_api_opening opening = {.alert = NULL};
    struct draft *draft = NULL;
    struct drill wish = {.kind = call->caller.kind}, *drill = NULL;
    char name[LIMIT_SENTENCE_BYTES];
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = find_draft(call, &draft);
    if (error == OK)
        error = read_time(call, draft, &wish.at_us);
    snprintf(name, sizeof name, "%s", jdoc_get_text(call->body, "confirm", ""));
    wish.picture = jdoc_get_bool(call->body, "picture", false);
    if (error == OK)
        error = open_draft(call, draft, &opening);
    if (error == OK && !case_confirms(opening.alert, name))
        error =
            err_set(&call->note, ERR_INVALID, "confirm: is not the child's given name, nor an alias of this exercise");
    if (error == OK)
        error = check_sendable(call, &opening);
    if (error == OK) {
        wish.draft = draft->id;
        wish.tag = draft->tag;
        snprintf(wish.drill_id, sizeof wish.drill_id, "%s", opening.draft.drill_id);
        node_api_account(call, wish.by);
        error = drills_add(node_drills(call->node), node_vault(call->node), &wish, &call->note, &drill);
    }
    case_free(opening.alert);
    if (error != OK)
        return error;
    struct node_api_subject subject = {.kind = NODE_API_DRILL, .reply = drill->id};
    return node_api_answer_committed(call, &subject, drill->ticket);
}

int node_api_delete_drill(struct node_api_call *call)
{
    struct node_api_subject subject = {.kind = NODE_API_NOTHING};
    struct drills *drills = node_drills(call->node);
    size_t count = 0;
    struct drill *drill = drills_find(drills, call->name, &count);
    if (strlen(call->name) < ID_DIGITS_LEAST || count == 0)
        return err_set(&call->note, ERR_NOT_FOUND, "no drill here goes by this id");
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu drills begin so: say more digits", count);
    if (drill->state != DRILL_SCHEDULED)
        return err_set(&call->note, ERR_STATE, "this drill is %s: there is nothing to cancel",
                       drills_state_name(drill->state));
    node_api_record(call, NULL);
    return node_api_answer_after(call, &subject, drills_remove(drills, node_vault(call->node), drill), 204);
}

/* ---- its picture ---- */

/* Outlives the API: the helper answers when it does. */
struct node_api_drawing {
    struct node_api *api; /* NULL: it ended */
};

static void on_drawn(void *ctx, int error, const struct err_note *note, const struct picture *picture)
{
    struct node_api_drawing *drawing = ctx;
    struct node_api *api = drawing->api;
    free(drawing);
    if (api == NULL)
        return;
    api->drawing = NULL;
    if (error == OK)
        error = node_photo_offer(api->conf.node, picture, node_now(api->conf.node, clock_wall_us(), clock_steady_us()),
                                 api->drawn);
    if (error != OK)
        log_event(LOG_WARN, "the picture of a drill could not be made", "why", err_explain(note, error), NULL);
}

/* Asks for it; the next sweep looks again. What fails is tried again until the drill is missed. */
static void ask_picture(struct node_api *api)
{
    struct node_api_drawing *drawing = api->drawing == NULL ? calloc(1, sizeof *drawing) : NULL;
    struct err_note note = {""};
    struct buf png;
    if (drawing == NULL)
        return;
    drawing->api = api;
    buf_init(&png);
    drill_picture(&png);
    int error =
        buf_broken(&png) ? ERR_NOMEM : helper_picture(api->conf.helper, buf_slice(&png), &note, on_drawn, drawing);
    buf_free(&png);
    if (error == OK) {
        api->drawing = drawing;
        return;
    }
    free(drawing);
    log_event(LOG_WARN, "the picture of a drill could not be made", "why", err_explain(&note, error), NULL);
}

void node_api_drill_end(struct node_api *api)
{
    if (api->drawing != NULL)
        api->drawing->api = NULL;
    api->drawing = NULL;
}

static int add_picture(const struct node_api *api, Hotline__Case *alert)
{
    Hotline__Attachment *one = malloc(sizeof *one), **list = malloc(sizeof *list);
    uint8_t *id = malloc(sizeof api->drawn);
    if (one == NULL || list == NULL || id == NULL) {
        free(one);
        free(list);
        free(id);
        return ERR_NOMEM;
    }
    hotline__attachment__init(one);
    memcpy(id, api->drawn, sizeof api->drawn);
    one->has_upload = 1;
    one->upload = (ProtobufCBinaryData){sizeof api->drawn, id};
    list[0] = one;
    alert->photos = list;
    alert->n_photos = 1;
    return OK;
}

/* ---- sending ---- */

static int send_draft(struct node_api_call *call, struct drill *drill, struct case_entry **ret_entry)
{
    char digits[2 * KEY_UUID_BYTES + 1];
    struct node_api_opening opening = {.alert = NULL};
    size_t count;
    uint64_t ticket = 0;
    buf_hex(slice_of(drill->draft.bytes, KEY_UUID_BYTES), digits);
    struct draft *draft = drafts_find(node_drafts(call->node), digits, &count);
    if (draft == NULL)
        return err_set(&call->note, ERR_STATE, "its draft is gone");
    if (!key_uuid_equal(&draft->tag, &drill->tag))
        return err_set(&call->note, ERR_STATE, "its draft was changed since it was scheduled");
    int error = open_draft(call, draft, &opening);
    if (error == OK && drill->picture)
        error = add_picture(call->api, opening.alert);
    if (error == OK)
        error = node_publish(call->node, &opening.draft, call->now_us, &call->note, ret_entry, &ticket);
    if (error == OK)
        (void)node_draft_erase(call->node, draft);
    case_free(opening.alert);
    return error;
}

/* State, word of the log and event are in one turn with what was sent. */
static void run_drill(struct node_api_call *call, struct drill *drill, bool missed)
{
    struct case_entry *entry = NULL;
    int error = missed ? ERR_TIMEOUT : send_draft(call, drill, &entry);
    drill->state = error == OK ? DRILL_SENT : missed ? DRILL_MISSED : DRILL_REFUSED;
    if (error == OK)
        snprintf(drill->reference, sizeof drill->reference, "%s", entry->reference);
    else if (!missed)
        snprintf(drill->why, sizeof drill->why, "%.199s", err_explain(&call->note, error));
    call->result = drills_state_name(drill->state);
    node_drill_told(call->node, drill, entry, call->now_us);
    node_api_record(call, entry);
    if (error != OK)
        log_event(LOG_WARN, "a scheduled drill was not sent", "drill", drill->drill_id, "state",
                  drills_state_name(drill->state), NULL);
}

void node_api_drill_sweep(struct node_api *api)
{
    static const struct node_api_route route = {.method = "DUE", .path = "/v1/drills/{drill}"};
    struct node *node = api->conf.node;
    bool missed = false;
    struct node_api_call call = {
        .api = api, .node = node, .route = &route, .now_us = node_now(node, clock_wall_us(), clock_steady_us())};
    struct drill *drill = drills_due(node_drills(node), call.now_us, &missed);
    if (drill == NULL)
        return;
    if (drill->picture && !missed && !node_photo_waits(node, api->drawn)) {
        ask_picture(api);
        return;
    }
    call.caller.kind = drill->kind;
    snprintf(call.caller.name, sizeof call.caller.name, "%s", drill->by);
    run_drill(&call, drill, missed);
    jdoc_free(call.body);
    api->conf.touched(api->conf.ctx);
}
