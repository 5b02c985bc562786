/*
 * node_refer: what goes to others than hotlines: a parental abduction to the mediators, who accept or decline before a
 * deadline, and the year's figures to the observers. Carries no photo, no name and no address: the text is refused when
 * it names the child.
 */
#include "node/node_make.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/log.h"
#include "proto/reply.h"
#include "proto/seal.h"

#define NAME_LEAST 3 /* a shorter name is part of too many words */

/* --- what may be asked --- */

static bool is_named_in(const char *text, const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;
    if (len < NAME_LEAST)
        return false;
    for (; strlen(text) >= len; text++) {
        if (strncasecmp(text, name, len) == 0)
            return true;
    }
    return false;
}

static bool names_child(const char *text, const Hotline__Description *child)
{
    bool named = is_named_in(text, child->given_name) || is_named_in(text, child->family_name);
    for (size_t i = 0; i < child->n_aliases; i++)
        named |= is_named_in(text, child->aliases[i]);
    for (size_t i = 0; i < child->n_transliterations; i++)
        named |= is_named_in(text, child->transliterations[i]->given_name) ||
            is_named_in(text, child->transliterations[i]->family_name);
    return named;
}

static int check_case(const struct node *node, const struct case_entry *entry, const Hotline__Referral *request,
                      int64_t now_us, struct err_note *note)
{
    const struct item *shown = cases_shown(&node->cases, entry);
    if (!entry->mine)
        return err_set(note, ERR_STATE, "%s is a case of %s: its opener refers it", entry->reference, entry->opener);
    if (shown == NULL || node_state(node, entry, now_us) != CASE_OPEN)
        return err_set(note, ERR_STATE, "%s is %s: nothing to mediate", entry->reference,
                       cases_state_name(node_state(node, entry, now_us)));
    const Hotline__Case *alert = item_content(shown)->alert;
    if (alert->category != HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION)
        return err_set(note, ERR_POLICY, "mediators are for parental abductions; the category of %s is another",
                       entry->reference);
    if (alert->child != NULL && request->text != NULL && names_child(request->text, alert->child))
        return err_set(note, ERR_POLICY,
                       "text: it names the child; a referral carries no name, no photo and no address");
    int64_t left_us = request->answer_by - node_stamp(node, now_us);
    if (left_us <= 0)
        return err_set(note, ERR_INVALID, "answer_by: it is over already");
    return left_us > LIMIT_VALIDITY_MAX_US ? err_set(note, ERR_LIMIT, "answer_by: more than 30 days ahead") : OK;
}

/* --- sending --- */

/* Nobody among the roster's mediators would get it: said before anything is kept. */
static int check_reached(const struct node *node, const Hotline__Route *route, struct err_note *note)
{
    struct route_set set;
    struct route_query query = {.sender = node->keys->id, .route = route};
    size_t unreached_count;
    uint16_t unreached[LIMIT_COUNTRIES];
    int result = route_set_init(&set, roster_member_count(node->directory.roster));
    if (result != OK)
        return result;
    route_compute(node->directory.index, &query, &set, unreached, &unreached_count);
    size_t reached = route_set_size(&set);
    route_set_done(&set);
    return reached > 0 ? OK :
                         err_set(note, ERR_POLICY, "nobody would get it: no mediator is active in these countries");
}

static int send_referral(struct node *node, struct node_outgoing *out, Hotline__Referral *referral,
                         struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket)
{
    struct item *item;
    out->body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REFERRAL;
    out->body.referral = referral;
    int result = node_seal(node, out, note, &item);
    if (result == OK)
        result = node_launch(node, item, note, ret_ticket);
    if (result == OK)
        *ret_item = item;
    return result;
}

int node_refer(struct node *node, struct case_entry *entry, Hotline__Referral *request, int64_t now_us,
               struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    Hotline__Role__Code audience = HOTLINE__ROLE__CODE__MEDIATOR;
    uint8_t id[KEY_UUID_BYTES];
    char reference[CASES_REFERENCE_MAX];
    seal_random(id, sizeof id);
    snprintf(reference, sizeof reference, "%s", entry->reference);
    Hotline__Referral whole = *request;
    whole.reference = reference;
    WIRE_SET(&whole, act, HOTLINE__REFERRAL_ACT__CODE__REQUEST);
    WIRE_SET_BYTES(&whole, referral_id, id, sizeof id);
    int result = node_check_standing(node, true, now_us, note);
    if (result == OK)
        result = referral_check(&whole, note);
    if (result == OK)
        result = check_case(node, entry, &whole, now_us, note);
    if (result == OK)
        result = node_begin(node, &out, HOTLINE__KIND__CODE__REFERRAL, entry->exercise, now_us);
    for (size_t i = 0; result == OK && i < whole.n_countries; i++)
        result = node_out_country(&out, whole.countries[i], note);
    if (result != OK)
        return result;
    node_name_case(&out, entry->opener, entry->case_id);
    out.route.n_audience = 1;
    out.route.audience = &audience;
    WIRE_SET(&out.route, restricted, true);
    WIRE_SET(&out.header, urgency, whole.has_urgency ? whole.urgency : HOTLINE__URGENCY__CODE__EXPECTED);
    WIRE_SET(&out.header, expires_at_us, whole.answer_by);
    if ((result = check_reached(node, &out.route, note)) != OK)
        return result;
    return send_referral(node, &out, &whole, note, ret_item, ret_ticket);
}

/* --- answering --- */

const struct item *node_referral_answer(const struct item *request, size_t *inout_at)
{
    const struct case_entry *entry = request->case_entry;
    const Hotline__Referral *asked = item_content(request)->referral;
    while (*inout_at < entry->thread_count) {
        const struct item *item = entry->thread[(*inout_at)++];
        const Hotline__Referral *one =
            item_content(item) != NULL && item->header->kind == HOTLINE__KIND__CODE__REFERRAL ?
            item_content(item)->referral :
            NULL;
        if (one != NULL &&
            (one->act == HOTLINE__REFERRAL_ACT__CODE__ACCEPT || one->act == HOTLINE__REFERRAL_ACT__CODE__DECLINE) &&
            slice_equal(wire_slice(one->referral_id), wire_slice(asked->referral_id)))
            return item;
    }
    return NULL;
}

int node_answer_referral(struct node *node, const struct item *request, const struct node_referral_answer *answer,
                         int64_t now_us, struct err_note *note, const struct item **ret_item, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    const Hotline__Referral *asked = item_content(request)->referral;
    Hotline__Referral referral = HOTLINE__REFERRAL__INIT;
    size_t at = 0;
    if (request->mine)
        return err_set(note, ERR_STATE, "the referral is your own: the mediators answer it");
    if (node_referral_answer(request, &at) != NULL)
        return err_set(note, ERR_STATE, "the referral was answered from here already");
    if (node_referral_withdrawal(request) != NULL)
        return err_set(note, ERR_STATE, "the referral was withdrawn: its case is over");
    if (node_stamp(node, now_us) > asked->answer_by)
        return err_set(note, ERR_EXPIRED, "the referral was to be answered before now: ring the hotline");
    int result = node_check_standing(node, false, now_us, note);
    if (result == OK)
        result = node_begin(node, &out, HOTLINE__KIND__CODE__REFERRAL, item_is_exercise(request), now_us);
    if (result != OK)
        return result;
    node_name_case(&out, request->case_entry->opener, request->case_entry->case_id);
    node_out_reader(&out, request->header->sender);
    referral.has_referral_id = 1;
    referral.referral_id = asked->referral_id;
    referral.reference = asked->reference;
    referral.text = answer->text;
    WIRE_SET(&referral, act,
             answer->accept ? HOTLINE__REFERRAL_ACT__CODE__ACCEPT : HOTLINE__REFERRAL_ACT__CODE__DECLINE);
    if (!answer->accept)
        WIRE_SET(&referral, decline, answer->decline);
    WIRE_SET(&out.header, urgency, request->header->urgency);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + LIMIT_VALIDITY_DEFAULT_US);
    return send_referral(node, &out, &referral, note, ret_item, ret_ticket);
}

/* --- withdrawing --- */

const struct item *node_referral_withdrawal(const struct item *request)
{
    const struct case_entry *entry = request->case_entry;
    for (size_t i = 0; i < entry->thread_count; i++) {
        const struct item *item = entry->thread[i];
        if (item_content(item) != NULL && item->header->kind == HOTLINE__KIND__CODE__REFERRAL &&
            item_content(item)->referral->act == HOTLINE__REFERRAL_ACT__CODE__WITHDRAW &&
            slice_equal(wire_slice(item_content(item)->referral->referral_id),
                        wire_slice(item_content(request)->referral->referral_id)))
            return item;
    }
    return NULL;
}

/* It has accepted, or may still answer. */
static bool is_at_work(const struct item *request, const char *member, bool open)
{
    size_t at = 0;
    for (const struct item *answer; (answer = node_referral_answer(request, &at)) != NULL;) {
        if (strcmp(answer->header->sender, member) == 0)
            return item_content(answer)->referral->act == HOTLINE__REFERRAL_ACT__CODE__ACCEPT;
    }
    return open;
}

/* One envelope to these of the request's recipients; as long as the request may be found waiting somewhere. */
static int send_withdrawal(struct node *node, const struct item *request, char *const *members, size_t count,
                           int64_t now_us)
{
    struct node_outgoing out;
    const struct item *item;
    uint64_t ticket;
    const Hotline__Referral *asked = item_content(request)->referral;
    Hotline__Referral referral = HOTLINE__REFERRAL__INIT;
    int result = node_begin(node, &out, HOTLINE__KIND__CODE__REFERRAL, item_is_exercise(request), now_us);
    if (result != OK)
        return result;
    node_name_case(&out, request->case_entry->opener, request->case_entry->case_id);
    memcpy(out.members, members, count * sizeof members[0]);
    out.route.n_members = count;
    out.route.members = out.members;
    WIRE_SET(&out.route, restricted, true);
    referral.has_referral_id = 1;
    referral.referral_id = asked->referral_id;
    referral.reference = asked->reference;
    WIRE_SET(&referral, act, HOTLINE__REFERRAL_ACT__CODE__WITHDRAW);
    WIRE_SET(&out.header, urgency, request->header->urgency);
    int64_t least_us = out.header.sent_at_us + LIMIT_VALIDITY_DEFAULT_US;
    WIRE_SET(&out.header, expires_at_us, asked->answer_by > least_us ? asked->answer_by : least_us);
    return send_referral(node, &out, &referral, NULL, &item, &ticket);
}

static int withdraw(struct node *node, const struct item *request, int64_t now_us)
{
    char *members[NODE_OUT_MEMBERS];
    size_t count = 0;
    bool open = node_surely_us(node, now_us) <= item_content(request)->referral->answer_by;
    int result = OK;
    for (size_t i = 0; result == OK && i < request->ladder_count; i++) {
        if (is_at_work(request, request->ladder[i].member, open))
            members[count++] = request->ladder[i].member;
        if (count == NODE_OUT_MEMBERS || (count > 0 && i + 1 == request->ladder_count)) {
            result = send_withdrawal(node, request, members, count, now_us);
            count = 0;
        }
    }
    return result;
}

void node_withdraw_referrals(struct node *node, const struct case_entry *entry, int64_t now_us)
{
    size_t count = entry->thread_count; /* what is sent here is added behind, or, by a clock set back, among them */
    const struct item **requests = calloc(count + 1, sizeof *requests);
    size_t found = 0;
    int result = requests != NULL ? OK : ERR_NOMEM;
    for (size_t i = 0; result == OK && i < count; i++) {
        const struct item *item = entry->thread[i];
        if (item->mine && item_content(item) != NULL && item->header->kind == HOTLINE__KIND__CODE__REFERRAL &&
            item_content(item)->referral->act == HOTLINE__REFERRAL_ACT__CODE__REQUEST &&
            node_referral_withdrawal(item) == NULL)
            requests[found++] = item;
    }
    for (size_t i = 0; result == OK && i < found; i++)
        result = withdraw(node, requests[i], now_us);
    free(requests);
    if (result != OK)
        log_event(LOG_ERROR, "mediators could not be told that the case is over: ring them", "reference",
                  entry->reference, "error", err_name(result), NULL);
}

/* --- figures --- */

/* Every observer of the roster that is not withdrawn, by name; the list is the caller's, the names are the roster's. */
static int name_observers(const struct node *node, int64_t now_us, struct err_note *note, char ***ret_names,
                          size_t *ret_count)
{
    const struct roster *roster = node->directory.roster;
    char **names = calloc(roster_member_count(roster) + 1, sizeof *names);
    size_t count = 0;
    if (names == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < roster_member_count(roster); i++) {
        if (roster_member(roster, i)->role == HOTLINE__ROLE__CODE__OBSERVER && i != node->directory.self &&
            roster_standing(roster, i, now_us) != HOTLINE__STANDING__CODE__WITHDRAWN)
            names[count++] = roster_member(roster, i)->id;
    }
    if (count > 0 && count <= LIMIT_RECIPIENTS) {
        *ret_names = names;
        *ret_count = count;
        return OK;
    }
    free(names);
    return count == 0 ? err_set(note, ERR_POLICY, "nobody would get them: no observer is on the roster") :
                        err_set(note, ERR_LIMIT, "%zu observers are on the roster, one envelope names at most %d",
                                count, LIMIT_RECIPIENTS);
}

int node_send_statistics(struct node *node, Hotline__Statistics *statistics, int64_t now_us, struct err_note *note,
                         const struct item **ret_item, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    struct item *item;
    char **observers = NULL;
    size_t count = 0;
    int result = node_check_standing(node, false, now_us, note);
    if (result == OK)
        result = node_begin(node, &out, HOTLINE__KIND__CODE__STATISTICS, statistics->exercise, now_us);
    if (result == OK)
        result = name_observers(node, now_us, note, &observers, &count);
    if (result != OK)
        return result;
    out.route.members = observers;
    out.route.n_members = count;
    out.header.case_name = NULL;
    WIRE_SET(&out.route, restricted, true);
    WIRE_SET(&out.header, urgency, HOTLINE__URGENCY__CODE__ROUTINE);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + LIMIT_VALIDITY_MAX_US);
    WIRE_SET(statistics, made_at, out.header.sent_at_us);
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_STATISTICS;
    out.body.statistics = statistics;
    result = node_seal(node, &out, note, &item);
    free(observers);
    if (result == OK)
        result = node_launch(node, item, note, ret_ticket);
    if (result == OK)
        *ret_item = item;
    return result;
}

const struct item *node_next_item(const struct node *node, size_t *inout_at, Hotline__Kind__Code kind)
{
    for (const struct item *item; (item = lookup_next(&node->items, inout_at)) != NULL;) {
        if (item->header->kind == kind && item_content(item) != NULL && item->ticket <= vault_committed(node->vault))
            return item;
    }
    return NULL;
}
