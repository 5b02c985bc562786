/* node_api_act: what people do, from a body to the core and back after the commit. Forms are checked here, rules there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/case.h"
#include "proto/closing.h"
#include "proto/country.h"
#include "proto/form.h"
#include "proto/reply.h"

#define PATH_MAX_BYTES 4096

/* ---- opening ---- */

int node_api_read_status(struct node_api_call *call, bool *ret_exercise)
{
    const char *text = jdoc_get_text(call->body, "status", "");
    bool exercise = strcmp(text, "EXERCISE") == 0;
    if (!exercise && strcmp(text, "ACTUAL") != 0)
        return err_set(&call->note, ERR_UNKNOWN, "status: is neither ACTUAL nor EXERCISE");
    *ret_exercise = exercise;
    return OK;
}

/* The name is not repeated: a wrong one may be the right one of another case. */
static int check_confirm(struct node_api_call *call, const Hotline__Case *alert)
{
    const char *name = jdoc_get_text(call->body, "confirm", NULL);
    if (name == NULL)
        return err_set(&call->note, ERR_MISSING, "confirm: is required: the child's given name or an alias");
    if (!case_confirms(alert, name))
        return err_set(&call->note, ERR_INVALID, "confirm: is not the child's given name, nor an alias of this case");
    return OK;
}

static int answer_plan(struct node_api_call *call, const struct node_draft *draft)
{
    struct node_plan plan = {.unreached_count = 0};
    int error = node_plan(call->node, draft, call->now_us, &call->note, &plan);
    if (error != OK)
        return error;
    struct jdoc *view = node_view_plan(call->node, draft, &plan, call->now_us);
    node_api_tell_second(call, draft, view);
    node_api_answer(call->request, 200, view);
    route_set_done(&plan.recipients);
    return OK;
}

static int publish(struct node_api_call *call, const struct node_draft *draft)
{
    struct case_entry *entry = NULL;
    struct case_second second;
    bool kept = false;
    uint64_t ticket = 0;
    int error = check_confirm(call, draft->content);
    if (error == OK)
        error = node_api_second(call, draft, &second, &kept);
    if (error == OK)
        error = node_publish(call->node, draft, call->now_us, &call->note, &entry, &ticket);
    if (error != OK)
        return error;
    if (kept)
        ticket = node_case_second(call->node, entry, &second, call->now_us);
    if (call->draft != NULL) /* both in this turn: never both on the disk, never neither */
        ticket = node_draft_erase(call->node, call->draft);
    struct node_api_subject subject = node_api_subject_case(entry);
    return node_api_answer_committed(call, &subject, ticket);
}

int node_api_read_opening(struct node_api_call *call, struct node_api_opening *ret_opening)
{
    struct node_api_opening *opening = ret_opening;
    const char *drill = jdoc_get_text(call->body, "drill", NULL);
    opening->draft = (struct node_draft){.content = NULL};
    int error = node_api_read_status(call, &opening->draft.exercise);
    if (error == OK)
        error = node_api_read_countries(call, "to", &opening->to);
    if (error == OK && opening->to.count == 0)
        error = err_set(&call->note, ERR_MISSING, "to: at least one country is required");
    if (error == OK && drill != NULL && !form_is_reference(drill))
        error = err_set(&call->note, ERR_INVALID, "drill: capitals, digits and dashes, 1 to 32, as SPRING-2026");
    if (error == OK)
        error = node_api_read_case(call, &opening->alert);
    if (error != OK)
        return error;
    opening->draft.content = opening->alert;
    opening->draft.to = opening->to.codes;
    opening->draft.to_count = opening->to.count;
    opening->draft.restricted = jdoc_get_bool(call->body, "restricted", false);
    opening->draft.drill_id = drill;
    return OK;
}

int node_api_post_case(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"case", JDOC_OBJECT, true},      {"status", JDOC_TEXT, true},       {"to", JDOC_ARRAY, true},
        {"restricted", JDOC_BOOL, false}, {"confirm", JDOC_TEXT, false},     {"dry_run", JDOC_BOOL, false},
        {"drill", JDOC_TEXT, false},      {"break_glass", JDOC_TEXT, false}, {NULL, JDOC_NULL, false},
    };
    struct node_api_opening opening = {.alert = NULL};
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = node_api_read_opening(call, &opening);
    if (error != OK)
        return error;
    bool dry = jdoc_get_bool(call->body, "dry_run", false);
    error = dry ? answer_plan(call, &opening.draft) : publish(call, &opening.draft);
    case_free(opening.alert);
    return error;
}

/* ---- updating ---- */

/* What was read is what is replaced: else whoever types an update undoes what a colleague has sent meanwhile. */
static int check_replaces(struct node_api_call *call)
{
    int64_t newest = cases_last(call->entry)->header->revision;
    int64_t read = jdoc_get_int(call->body, "replaces", newest);
    if (read == newest)
        return OK;
    call->status = 412;
    call->code = "STALE";
    return err_set(&call->note, ERR_STATE, "%s has revision %lld: read it again, and what it says now",
                   call->entry->reference, (long long)newest);
}

/* The countries that it has, and those of the body. */
static void join_countries(const struct case_entry *entry, const struct node_api_countries *more,
                           struct node_api_countries *ret_all)
{
    const Hotline__Route *route = cases_last(entry)->header->route;
    *ret_all = (struct node_api_countries){.count = 0};
    for (size_t i = 0; i < route->n_countries && ret_all->count < LIMIT_COUNTRIES; i++)
        ret_all->codes[ret_all->count++] = route->countries[i];
    for (size_t i = 0; i < more->count && ret_all->count < LIMIT_COUNTRIES; i++) {
        size_t at = 0;
        while (at < ret_all->count && strcmp(ret_all->codes[at], more->codes[i]) != 0)
            at++;
        if (at == ret_all->count)
            ret_all->codes[ret_all->count++] = more->codes[i];
    }
}

static int update(struct node_api_call *call, struct node_draft *draft)
{
    struct node_api_subject subject = node_api_subject_case(call->entry);
    struct case_second second;
    uint64_t ticket = 0;
    bool kept = false;
    int error = jdoc_get(call->body, "confirm") != NULL ? check_confirm(call, draft->content) : OK;
    if (error == OK)
        error = node_api_second(call, draft, &second, &kept);
    if (error == OK)
        error = node_update(call->node, call->entry, draft, call->now_us, &call->note, &ticket);
    if (error != OK)
        return error;
    if (kept)
        ticket = node_case_second(call->node, call->entry, &second, call->now_us);
    if (call->draft != NULL)
        ticket = node_draft_erase(call->node, call->draft);
    return node_api_answer_committed(call, &subject, ticket);
}

int node_api_post_revision(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"case", JDOC_OBJECT, true},       {"to", JDOC_ARRAY, false},
                                                   {"replaces", JDOC_INT, false},     {"dry_run", JDOC_BOOL, false},
                                                   {"break_glass", JDOC_TEXT, false}, {"confirm", JDOC_TEXT, false},
                                                   {NULL, JDOC_NULL, false}};
    struct node_api_countries to, all;
    Hotline__Case *alert = NULL;
    int error = node_api_check_fields(call, fields);
    if (error == OK && !call->entry->mine)
        error = err_set(&call->note, ERR_STATE, "%s is a case of %s: only its opener revises it",
                        call->entry->reference, call->entry->opener);
    if (error == OK && call->entry->revision_count == 0)
        error = err_set(&call->note, ERR_STATE, "%s is erased", call->entry->reference);
    if (error == OK)
        error = check_replaces(call);
    if (error == OK)
        error = node_api_read_countries(call, "to", &to);
    if (error == OK)
        error = node_api_read_case(call, &alert);
    if (error != OK)
        return error;
    struct node_draft draft = {
        .content = alert,
        .to = to.codes,
        .to_count = to.count,
        .photos_given = jdoc_type(jdoc_get(jdoc_get(call->body, "case"), "photos")) == JDOC_ARRAY,
        .exercise = call->entry->exercise,
        .restricted = cases_last(call->entry)->header->route->restricted,
    };
    if (jdoc_get_bool(call->body, "dry_run", false)) {
        join_countries(call->entry, &to, &all);
        draft.to = all.codes;
        draft.to_count = all.count;
        error = answer_plan(call, &draft);
    } else {
        error = update(call, &draft);
    }
    case_free(alert);
    return error;
}

/* ---- closing and retracting ---- */

static int finish(struct node_api_call *call, Hotline__Act__Code act, const struct jdoc *doc)
{
    Hotline__Closing *closing = NULL;
    uint64_t ticket = 0;
    struct node_api_subject subject = node_api_subject_case(call->entry);
    int error = closing_from_json(doc, &call->note, &closing);
    if (error == OK)
        error = closing_check_sendable(closing, &call->note);
    if (error == OK)
        error = node_finish(call->node, call->entry, act, closing, call->now_us, &call->note, &ticket);
    closing_free(closing);
    return error != OK ? error : node_api_answer_committed(call, &subject, ticket);
}

int node_api_post_close(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"outcome", JDOC_TEXT, true}, {"found_country", JDOC_TEXT, false}, {"days_missing", JDOC_INT, false},
        {"reason", JDOC_TEXT, false}, {"taken_over_by", JDOC_TEXT, false}, {NULL, JDOC_NULL, false},
    };
    int error = node_api_check_fields(call, fields);
    if (error == OK && strcmp(jdoc_get_text(call->body, "outcome", ""), "SENT_IN_ERROR") == 0)
        error = err_set(&call->note, ERR_INVALID,
                        "outcome: a case that was sent in error is retracted, as loud as it was sent");
    return error != OK ? error : finish(call, HOTLINE__ACT__CODE__CLOSE, call->body);
}

int node_api_post_retract(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"reason", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    int error = node_api_check_fields(call, fields);
    if (error == OK && form_is_blank(jdoc_get_text(call->body, "reason", NULL)))
        error = err_set(&call->note, ERR_MISSING, "reason: is required");
    if (error != OK)
        return error;
    struct jdoc *closing = jdoc_object();
    jdoc_set_text(closing, "outcome", "SENT_IN_ERROR");
    jdoc_set_text(closing, "reason", jdoc_get_text(call->body, "reason", NULL));
    error = finish(call, HOTLINE__ACT__CODE__RETRACT, closing);
    jdoc_free(closing);
    return error;
}

/* ---- answering others ---- */

static int read_as(struct node_api_call *call, char name[LIMIT_NAME_BYTES + 1])
{
    const char *as = jdoc_get_text(call->body, "as", NULL);
    size_t chars;
    if (as == NULL) {
        node_api_account(call, name);
        return OK;
    }
    if (form_is_blank(as) || form_text(as, false, &chars) != FORM_CLEAN)
        return err_set(&call->note, ERR_INVALID, "as: is not a name");
    if (strlen(as) > LIMIT_NAME_BYTES)
        return err_set(&call->note, ERR_LIMIT, "as: %zu bytes; the limit is %d", strlen(as), LIMIT_NAME_BYTES);
    snprintf(name, LIMIT_NAME_BYTES + 1, "%s", as);
    return OK;
}

int node_api_post_acknowledge(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"as", JDOC_TEXT, false}, {NULL, JDOC_NULL, false}};
    char name[LIMIT_NAME_BYTES + 1];
    uint64_t ticket = 0;
    struct node_api_subject subject = node_api_subject_case(call->entry);
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_as(call, name);
    if (error == OK)
        error = node_acknowledge(call->node, call->entry, name, call->now_us, &call->note, &ticket);
    return error != OK ? error : node_api_answer_committed(call, &subject, ticket);
}

static int read_decline(struct node_api_call *call, Hotline__DeclineCode__Code *ret_code)
{
    const ProtobufCEnumDescriptor *codes = &hotline__decline_code__code__descriptor;
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(codes, jdoc_get_text(call->body, "code", ""));
    if (value == NULL)
        return err_set(&call->note, ERR_UNKNOWN,
                       "code: is none of NOT_COMPETENT, DUPLICATE, NO_CAPACITY, UNINTELLIGIBLE, NOT_ALLOWED");
    *ret_code = (Hotline__DeclineCode__Code)value->value;
    return OK;
}

int node_api_post_decline(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"code", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    Hotline__DeclineCode__Code code = HOTLINE__DECLINE_CODE__CODE__NOT_COMPETENT;
    uint64_t ticket = 0;
    struct node_api_subject subject = node_api_subject_case(call->entry);
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_decline(call, &code);
    if (error == OK)
        error = node_decline(call->node, call->entry, code, call->now_us, &call->note, &ticket);
    return error != OK ? error : node_api_answer_committed(call, &subject, ticket);
}

static int check_reply(struct node_api_call *call, const Hotline__Reply *reply)
{
    bool sighting = reply->has_kind && reply->kind == HOTLINE__REPLY_KIND__CODE__SIGHTING;
    bool answer = reply->has_kind && reply->kind == HOTLINE__REPLY_KIND__CODE__ANSWER;
    if (!answer && reply->has_in_reply_to)
        return err_set(&call->note, ERR_INVALID, "in_reply_to: only with the kind ANSWER");
    if (!sighting && reply->sighting != NULL)
        return err_set(&call->note, ERR_INVALID, "sighting: only with the kind SIGHTING");
    return reply_check(reply, &call->note);
}

int node_api_post_reply(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"kind", JDOC_TEXT, true},        {"text", JDOC_TEXT, false},        {"text_language", JDOC_TEXT, false},
        {"sighting", JDOC_OBJECT, false}, {"in_reply_to", JDOC_TEXT, false}, {NULL, JDOC_NULL, false},
    };
    Hotline__Reply *reply = NULL;
    const struct item *item = NULL;
    uint64_t ticket = 0;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = reply_from_json(call->body, &call->note, &reply);
    if (error == OK)
        error = check_reply(call, reply);
    if (error == OK)
        error = node_reply(call->node, call->entry, reply, call->now_us, &call->note, &item, &ticket);
    reply_free(reply);
    if (error != OK)
        return error;
    struct node_api_subject subject = {.kind = NODE_API_REPLY, .reply = item->id};
    return node_api_answer_committed(call, &subject, ticket);
}

/* ---- subscriptions ---- */

static void set_countries(uint8_t set[LIMIT_COUNTRIES / 8], const struct node_api_countries *countries, bool value)
{
    for (size_t i = 0; i < countries->count; i++) {
        int country = country_index(countries->codes[i]);
        uint8_t bit = (uint8_t)(1u << (country % 8));
        if (value)
            set[country / 8] |= bit;
        else
            set[country / 8] &= (uint8_t)~bit;
    }
}

/* The set of now, for adding and removing. */
static int current_set(struct node_api_call *call, uint8_t set[LIMIT_COUNTRIES / 8])
{
    const struct directory *directory = node_directory(call->node);
    if (!directory->has_own_card)
        return err_set(&call->note, ERR_AGAIN, "this node has just started and has no card of its own yet");
    memcpy(set, directory->own_card.subscriptions, LIMIT_COUNTRIES / 8);
    return OK;
}

int node_api_put_subscriptions(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"countries", JDOC_ARRAY, false},
                                                   {"add", JDOC_ARRAY, false},
                                                   {"remove", JDOC_ARRAY, false},
                                                   {NULL, JDOC_NULL, false}};
    struct node_api_countries whole, add, removed;
    uint8_t set[LIMIT_COUNTRIES / 8] = {0};
    uint64_t ticket = 0;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = node_api_read_countries(call, "countries", &whole);
    if (error == OK)
        error = node_api_read_countries(call, "add", &add);
    if (error == OK)
        error = node_api_read_countries(call, "remove", &removed);
    if (error != OK)
        return error;
    bool replaces = jdoc_type(jdoc_get(call->body, "countries")) == JDOC_ARRAY;
    bool edits =
        jdoc_type(jdoc_get(call->body, "add")) == JDOC_ARRAY || jdoc_type(jdoc_get(call->body, "remove")) == JDOC_ARRAY;
    if (replaces == edits)
        return err_set(&call->note, ERR_USAGE, "countries: either the whole set, or add and remove");
    error = edits ? current_set(call, set) : OK;
    if (error != OK)
        return error;
    set_countries(set, &whole, true);
    set_countries(set, &add, true);
    set_countries(set, &removed, false);
    error = node_subscribe(call->node, set, call->now_us, &call->note, &ticket);
    struct node_api_subject subject = {.kind = NODE_API_SUBSCRIPTIONS};
    return error != OK ? error : node_api_answer_committed(call, &subject, ticket);
}

/* ---- backup ---- */

/* Outlives its request, and the API: the copy ends when it ends. */
struct backup {
    struct http_request *request; /* NULL: its client has left */
    int64_t at_us;
    char path[PATH_MAX_BYTES + 1];
};

static void on_backup_gone(void *ctx)
{
    struct backup *backup = ctx;
    http_reply(backup->request, 503, NULL, slice_of(NULL, 0));
    backup->request = NULL;
}

static void answer_backup(const struct backup *backup)
{
    struct stat facts;
    struct jdoc *doc = jdoc_object();
    jdoc_set_text(doc, "path", backup->path);
    jdoc_set_int(doc, "size_bytes", stat(backup->path, &facts) == 0 ? (int64_t)facts.st_size : 0);
    node_view_set_time(doc, "at", backup->at_us);
    node_view_set_time(doc, "delete_by", backup->at_us + LIMIT_AFTERLIFE_US);
    node_api_answer(backup->request, 201, doc);
}

static void on_backup_done(void *ctx, int error, const char *text)
{
    struct backup *backup = ctx;
    if (backup->request != NULL && error == OK)
        answer_backup(backup);
    else if (backup->request != NULL)
        node_api_refuse_late(backup->request, error, text != NULL && text[0] != '\0' ? text : err_text(error));
    free(backup);
}

int node_api_post_backup(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"path", JDOC_TEXT, true}, {NULL, JDOC_NULL, false}};
    int error = node_api_check_fields(call, fields);
    if (error != OK)
        return error;
    const char *path = jdoc_get_text(call->body, "path", "");
    if (path[0] != '/')
        return err_set(&call->note, ERR_INVALID, "path: is not absolute");
    if (strlen(path) > PATH_MAX_BYTES)
        return err_set(&call->note, ERR_LIMIT, "path: %zu bytes; the limit is %d", strlen(path), PATH_MAX_BYTES);
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL)
        return ERR_NOMEM;
    backup->request = call->request;
    backup->at_us = call->now_us;
    snprintf(backup->path, sizeof backup->path, "%s", path);
    http_on_gone(call->request, on_backup_gone, backup);
    node_api_record(call, NULL);
    node_backup(call->node, backup->path, on_backup_done, backup);
    return OK;
}
