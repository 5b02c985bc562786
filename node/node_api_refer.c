/* node_api_refer: referrals to mediators, asked, listed, answered; figures, computed and sent. Forms are checked here,
 * rules there. */
#include <stdlib.h>
#include <string.h>

#include "node/figures.h"
#include "node/node_api_inner.h"
#include "node/node_view.h"
#include "proto/clock.h"
#include "proto/reply.h"

#define ID_DIGITS_LEAST 6

/* ---- asking ---- */

int node_api_post_referral(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"languages", JDOC_ARRAY, true},
        {"countries", JDOC_ARRAY, true},
        {"answer_by", JDOC_TEXT, true},
        {"urgency", JDOC_TEXT, false},
        {"child_age_years", JDOC_INT, false},
        {"children", JDOC_INT, false},
        {"hague_pending", JDOC_BOOL, false},
        {"text", JDOC_TEXT, false},
        {"text_language", JDOC_TEXT, false},
        {"contact", JDOC_OBJECT, false},
        {NULL, JDOC_NULL, false},
    };
    Hotline__Referral *request = NULL;
    const struct item *item = NULL;
    uint64_t ticket = 0;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = referral_from_json(call->body, &call->note, &request);
    if (error == OK)
        error = node_refer(call->node, call->entry, request, call->now_us, &call->note, &item, &ticket);
    referral_free(request);
    if (error != OK)
        return error;
    struct node_api_subject subject = {.kind = NODE_API_REPLY, .reply = item->id};
    return node_api_answer_committed(call, &subject, ticket);
}

/* ---- listing ---- */

static bool is_request(const struct item *item)
{
    return item_content(item)->referral->act == HOTLINE__REFERRAL_ACT__CODE__REQUEST && item->case_entry != NULL;
}

static int newest_first(const void *a, const void *b)
{
    const struct item *const *left = a, *const *right = b;
    return (*left)->at_us < (*right)->at_us ? 1 : (*left)->at_us > (*right)->at_us ? -1 : 0;
}

int node_api_get_referrals(struct node_api_call *call)
{
    const struct item **found = NULL;
    size_t at = 0, count = 0, capacity = 0;
    for (const struct item *item; (item = node_next_item(call->node, &at, HOTLINE__KIND__CODE__REFERRAL)) != NULL;) {
        if (!is_request(item))
            continue;
        if (count == capacity) {
            capacity = capacity != 0 ? 2 * capacity : 16;
            const struct item **grown = realloc(found, capacity * sizeof *found);
            if (grown == NULL) {
                free(found);
                return ERR_NOMEM;
            }
            found = grown;
        }
        found[count++] = item;
    }
    if (count > 1)
        qsort(found, count, sizeof *found, newest_first);
    struct jdoc *page = jdoc_object();
    struct jdoc *items = jdoc_set_doc(page, "items", jdoc_array());
    for (size_t i = 0; i < count; i++)
        jdoc_add_doc(items, node_view_referral(call->node, found[i], call->now_us));
    free(found);
    node_api_answer(call->request, 200, page);
    return OK;
}

/* By its id, or the first six or more digits of it. */
static int find_referral(struct node_api_call *call, const struct item **ret_item)
{
    char id[2 * KEY_UUID_BYTES + 1];
    size_t at = 0, count = 0, len = strlen(call->name);
    if (len < ID_DIGITS_LEAST || len > 2 * KEY_UUID_BYTES)
        return err_set(&call->note, ERR_NOT_FOUND, "no referral here goes by this id");
    for (const struct item *item; (item = node_next_item(call->node, &at, HOTLINE__KIND__CODE__REFERRAL)) != NULL;) {
        buf_hex(slice_of(item_content(item)->referral->referral_id.data, KEY_UUID_BYTES), id);
        if (!is_request(item) || strncmp(id, call->name, len) != 0)
            continue;
        *ret_item = item;
        count++;
    }
    if (count > 1)
        return err_set(&call->note, ERR_AMBIGUOUS, "%zu referrals begin so: say more digits", count);
    return count == 1 ? OK : err_set(&call->note, ERR_NOT_FOUND, "no referral here goes by this id");
}

int node_api_get_referral(struct node_api_call *call)
{
    const struct item *request = NULL;
    int error = find_referral(call, &request);
    if (error == OK)
        node_api_answer(call->request, 200, node_view_referral(call->node, request, call->now_us));
    return error;
}

/* ---- answering ---- */

static int read_answer(struct node_api_call *call, struct node_referral_answer *answer, char **ret_text)
{
    const ProtobufCEnumDescriptor *codes = &hotline__referral_decline__code__descriptor;
    const char *act = jdoc_get_text(call->body, "act", ""), *decline = jdoc_get_text(call->body, "decline", NULL);
    const char *text = jdoc_get_text(call->body, "text", NULL);
    answer->accept = strcmp(act, "ACCEPT") == 0;
    if (!answer->accept && strcmp(act, "DECLINE") != 0)
        return err_set(&call->note, ERR_UNKNOWN, "act: is neither ACCEPT nor DECLINE");
    if (answer->accept == (decline != NULL))
        return err_set(&call->note, answer->accept ? ERR_INVALID : ERR_MISSING,
                       "decline: is for DECLINE, and required there");
    const ProtobufCEnumValue *code =
        decline != NULL ? protobuf_c_enum_descriptor_get_value_by_name(codes, decline) : NULL;
    if (decline != NULL && code == NULL)
        return err_set(&call->note, ERR_UNKNOWN,
                       "decline: is none of NO_CAPACITY, NO_LANGUAGE, NOT_COMPETENT, "
                       "CONFLICT_OF_INTEREST, PARENTS_UNWILLING, OTHER");
    if (code != NULL)
        answer->decline = (Hotline__ReferralDecline__Code)code->value;
    if (text != NULL && (*ret_text = strdup(text)) == NULL)
        return ERR_NOMEM;
    answer->text = *ret_text;
    return OK;
}

int node_api_post_referral_answer(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {
        {"act", JDOC_TEXT, true}, {"decline", JDOC_TEXT, false}, {"text", JDOC_TEXT, false}, {NULL, JDOC_NULL, false}};
    struct node_referral_answer answer = {.accept = false};
    const struct item *request = NULL, *item = NULL;
    char *text = NULL;
    uint64_t ticket = 0;
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = find_referral(call, &request);
    if (error == OK)
        error = read_answer(call, &answer, &text);
    if (error == OK)
        error = node_answer_referral(call->node, request, &answer, call->now_us, &call->note, &item, &ticket);
    free(text);
    if (error != OK)
        return error;
    struct node_api_subject subject = {.kind = NODE_API_REPLY, .reply = item->id};
    return node_api_answer_committed(call, &subject, ticket);
}

/* ---- figures ---- */

static int read_flag(struct node_api_call *call, const char *name, bool *ret_flag)
{
    static const char *const flags[] = {"false", "true", NULL};
    int index = -1;
    int error = node_api_read_choice(call, name, flags, &index);
    *ret_flag = index == 1;
    return error;
}

int node_api_get_figures(struct node_api_call *call)
{
    struct node_view_year query = {.in_house = false};
    struct jdoc *doc = NULL;
    int64_t year = clock_year(call->now_us);
    int error = node_api_read_number(call, "year", 2000, 9999, &year);
    if (error == OK)
        error = read_flag(call, "in_house", &query.in_house);
    if (error == OK)
        error = read_flag(call, "network", &query.network);
    if (error == OK && query.in_house && query.network)
        error = err_set(&call->note, ERR_INVALID, "in_house: the network's figures come suppressed");
    query.year = (unsigned)year;
    if (error == OK)
        error = node_view_figures(call->node, &query, call->now_us, &doc);
    if (error == OK)
        node_api_answer(call->request, 200, doc);
    return error;
}

static int send_part(struct node_api_call *call, unsigned year, bool exercise, const struct item **ret_item,
                     uint64_t *ret_ticket)
{
    struct figures figures;
    Hotline__Statistics *statistics = NULL;
    figures_init(&figures, year, exercise);
    int error = node_view_gather(call->node, &figures);
    if (error == OK) {
        figures_suppress(&figures);
        error = figures_to_statistics(&figures, &statistics);
    }
    if (error == OK)
        error = node_send_statistics(call->node, statistics, call->now_us, &call->note, ret_item, ret_ticket);
    figures_free_statistics(statistics);
    figures_done(&figures);
    return error;
}

/* Live and drills are two envelopes: neither opens as the other. */
int node_api_post_figures(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"year", JDOC_INT, true}, {NULL, JDOC_NULL, false}};
    const struct item *item = NULL, *drills = NULL;
    uint64_t ticket = 0;
    int error = node_api_check_fields(call, fields);
    int64_t year = error == OK ? jdoc_get_int(call->body, "year", 0) : 0;
    if (error == OK && (year < 2000 || year > 9999))
        error = err_set(&call->note, ERR_INVALID, "year: must be a year from 2000 to 9999");
    if (error == OK)
        error = send_part(call, (unsigned)year, false, &item, &ticket);
    if (error == OK)
        error = send_part(call, (unsigned)year, true, &drills, &ticket);
    if (error != OK)
        return error;
    struct node_api_subject subject = {.kind = NODE_API_REPLY, .reply = item->id};
    return node_api_answer_committed(call, &subject, ticket);
}
