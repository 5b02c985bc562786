/* node_view_refer: referrals as people see them: what is asked, by when, who answered what. */
#include <string.h>

#include "node/node_view.h"
#include "proto/mapper.h"
#include "proto/reply.h"

static void add_answer(const struct node *node, struct jdoc *array, const struct item *answer)
{
    const Hotline__Referral *said = item_content(answer)->referral;
    struct jdoc *one = jdoc_add_doc(array, jdoc_object());
    node_view_set_member(node, one, answer->header->sender);
    jdoc_set_text(one, "act", mapper_code_name(&hotline__referral_act__code__descriptor, (int)said->act));
    if (said->has_decline)
        node_view_set_text_if(one, "decline",
                              mapper_code_name(&hotline__referral_decline__code__descriptor, (int)said->decline));
    node_view_set_text_if(one, "text", said->text);
    node_view_set_time(one, "at", answer->header->sent_at_us);
}

/* One acceptance is enough; declined when everybody asked has declined. */
static const char *state_of(const struct item *request, size_t accepted, size_t declined, int64_t now_us)
{
    size_t asked = request->mine ? request->ladder_count : 1;
    if (node_referral_withdrawal(request) != NULL)
        return "WITHDRAWN";
    if (accepted > 0)
        return "ACCEPTED";
    if (declined > 0 && declined >= asked)
        return "DECLINED";
    return now_us > item_content(request)->referral->answer_by ? "EXPIRED" : "OPEN";
}

static void set_recipients(const struct node *node, struct jdoc *view, const struct item *request)
{
    struct jdoc *rows = jdoc_set_doc(view, "ladder", jdoc_array());
    for (size_t i = 0; request->mine && i < request->ladder_count; i++) {
        struct jdoc *one = jdoc_add_doc(rows, jdoc_object());
        node_view_set_member(node, one, request->ladder[i].member);
        jdoc_set_text(one, "state", receipt_state_name(request->ladder[i].state));
    }
}

/* The request that an item of ours asks or answers. */
static const struct item *request_of(const struct item *item)
{
    const struct case_entry *entry = item->case_entry;
    for (size_t i = 0; entry != NULL && item_content(item) != NULL && i < entry->thread_count; i++) {
        const struct item *one = entry->thread[i];
        if (item_content(one) != NULL && one->header->kind == HOTLINE__KIND__CODE__REFERRAL &&
            item_content(one)->referral->act == HOTLINE__REFERRAL_ACT__CODE__REQUEST &&
            slice_equal(wire_slice(item_content(one)->referral->referral_id),
                        wire_slice(item_content(item)->referral->referral_id)))
            return one;
    }
    return NULL;
}

static struct jdoc *view_statistics(const struct node *node, const struct item *item)
{
    struct jdoc *view = jdoc_object();
    if (item_content(item) != NULL)
        jdoc_set_int(view, "year", item_content(item)->statistics->year);
    node_view_set_hex(view, "id", slice_of(item->id.bytes, KEY_UUID_BYTES));
    set_recipients(node, view, item);
    return view;
}

struct jdoc *node_view_sent(const struct node *node, const struct item *item, int64_t now_us)
{
    const struct item *request;
    switch (item->header->kind) {
    case HOTLINE__KIND__CODE__REFERRAL:
        request = request_of(item);
        return request != NULL ? node_view_referral(node, request, now_us) : NULL;
    case HOTLINE__KIND__CODE__STATISTICS:
        return view_statistics(node, item);
    default:
        return node_view_thread_entry(node, item);
    }
}

struct jdoc *node_view_referral(const struct node *node, const struct item *request, int64_t now_us)
{
    struct jdoc *view = NULL;
    size_t at = 0, accepted = 0, declined = 0;
    if (referral_to_json(item_content(request)->referral, &view) != OK)
        view = jdoc_object();
    jdoc_set_text(view, "from", request->header->sender);
    const Hotline__Member *requester = node_view_member(node, request->header->sender, NULL);
    if (requester != NULL) {
        jdoc_set_text(view, "from_name", requester->name);
        node_view_set_text_if(view, "phone", requester->emergency_phone);
    }
    jdoc_set_bool(view, "mine", request->mine);
    if (request->mine)
        node_view_set_text_if(view, "text_shows", referral_text_shows(item_content(request)->referral->text));
    jdoc_set_text(view, "status", node_view_status_name(item_is_exercise(request)));
    node_view_set_text_if(view, "urgency", node_view_urgency_name(request));
    node_view_set_time(view, "sent_at", request->header->sent_at_us);
    if (!request->mine)
        node_view_set_time(view, "received_at", request->at_us);
    jdoc_set_bool(view, "late", request->late);
    struct jdoc *answers = jdoc_set_doc(view, "answers", jdoc_array());
    for (const struct item *answer; (answer = node_referral_answer(request, &at)) != NULL;) {
        if (!node_view_is_on_disk(node, answer))
            continue;
        bool accepts = item_content(answer)->referral->act == HOTLINE__REFERRAL_ACT__CODE__ACCEPT;
        accepted += accepts;
        declined += !accepts;
        add_answer(node, answers, answer);
    }
    const struct item *withdrawal = node_referral_withdrawal(request);
    if (withdrawal != NULL)
        node_view_set_time(view, "withdrawn_at", withdrawal->header->sent_at_us);
    jdoc_set_text(view, "state", state_of(request, accepted, declined, now_us));
    set_recipients(node, view, request);
    return view;
}
