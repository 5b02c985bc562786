/*
 * node_send: what people do with cases of their own: publish, update, close, retract. Everything is checked before
 * anything is kept; then one turn seals, saves and queues it (node_make.c). Nothing leaves before its turn is on the
 * disk.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_make.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/seal.h"

/* --- may it be sent --- */

int node_check_disk(const struct node *node, struct err_note *note)
{
    int64_t free_bytes = store_counters(vault_store(node->vault)).free_bytes;
    if (free_bytes >= node->settings.disk_reserve_bytes)
        return OK;
    return err_set(note, ERR_DISK_FULL,
                   "the disk of the store has %lld bytes free; new cases need %lld (disk_reserve): make room",
                   (long long)free_bytes, (long long)node->settings.disk_reserve_bytes);
}

static size_t open_cases(const struct node *node, int64_t now_us)
{
    size_t open = 0;
    for (size_t i = 0; i < node->cases.count; i++) {
        const struct case_entry *entry = node->cases.order[i];
        open += entry->mine && entry->revision_count > 0 && node_state(node, entry, now_us) == CASE_OPEN;
    }
    return open;
}

/* Counted only when there are so many cases at all: counting looks at each. */
static int check_room(const struct node *node, int64_t now_us, struct err_note *note)
{
    size_t most = node->settings.open_cases > 0 ? node->settings.open_cases : LIMIT_OPEN_CASES;
    if (node->cases.count < most || open_cases(node, now_us) < most)
        return OK;
    return err_set(note, ERR_LIMIT, "%zu cases are open here, the most there may be: close some first", most);
}

static int64_t valid_until(const struct node *node, const Hotline__Case *content, int64_t now_us)
{
    if (content->has_valid_until)
        return content->valid_until;
    return node_stamp(node, now_us) + (content->has_valid_for ? content->valid_for : LIMIT_VALIDITY_DEFAULT_US);
}

static int check_validity(const struct node *node, const Hotline__Case *content, int64_t now_us, struct err_note *note)
{
    int64_t left_us = valid_until(node, content, now_us) - node_stamp(node, now_us);
    if (left_us <= 0)
        return err_set(note, ERR_INVALID, "valid_until: it is over already");
    if (left_us > LIMIT_VALIDITY_MAX_US)
        return err_set(note, ERR_LIMIT, "valid_until: more than 30 days ahead");
    return OK;
}

static int add_countries(struct node_outgoing *out, const char *const *codes, size_t count, struct err_note *note)
{
    int result = OK;
    for (size_t i = 0; result == OK && i < count; i++)
        result = node_out_country(out, codes[i], note);
    return result;
}

/* --- publish --- */

int node_plan(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note,
              struct node_plan *ret_plan)
{
    struct node_outgoing out;
    const char *why;
    int result = node_check_standing(node, true, now_us, note);
    if (result == OK)
        result = node_check_disk(node, note);
    if (result == OK)
        result = check_validity(node, draft->content, now_us, note);
    if (result == OK)
        result = node_begin(node, &out, HOTLINE__KIND__CODE__CASE, draft->exercise, now_us);
    if (result == OK)
        result = add_countries(&out, draft->to, draft->to_count, note);
    if (result != OK)
        return result;
    if (out.route.n_countries == 0)
        return err_set(note, ERR_MISSING, "to: no recipients; name the countries concerned");
    if (draft->drill_id != NULL && !draft->exercise)
        return err_set(note, ERR_INVALID, "drill: a real case is part of no drill");
    if (!draft->restricted && case_needs_restriction(draft->content, &why))
        return err_set(note, ERR_POLICY, "%s: publish it restricted (--restricted)", why);
    if ((result = check_room(node, now_us, note)) != OK)
        return result;
    if ((result = route_set_init(&ret_plan->recipients, roster_member_count(node->directory.roster))) != OK)
        return result;
    WIRE_SET(&out.route, restricted, draft->restricted);
    struct route_query query = {.sender = node->keys->id, .route = &out.route};
    ret_plan->unreached_count = 0;
    route_compute(node->directory.index, &query, &ret_plan->recipients, ret_plan->unreached,
                  &ret_plan->unreached_count);
    if (route_set_size(&ret_plan->recipients) > 0)
        return OK;
    route_set_done(&ret_plan->recipients);
    return err_set(note, ERR_POLICY,
                   "nobody would get it: no hotline is active in these countries and nobody subscribes to them");
}

/* The highest number that a case of ours has in this year: a clock that was years off must not make a number twice. */
static uint32_t highest_reference(const struct node *node, uint32_t year)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < node->cases.count; i++) {
        const struct case_entry *entry = node->cases.order[i];
        unsigned of_year, number;
        char country[3];
        if (entry->mine && sscanf(entry->reference, "%2[A-Z]-%4u-%8u", country, &of_year, &number) == 3 &&
            of_year == year && number > highest)
            highest = number;
    }
    return highest;
}

static void next_reference(struct node *node, int64_t now_us, char room[CASES_REFERENCE_MAX])
{
    uint32_t year = (uint32_t)clock_year(node_stamp(node, now_us));
    if (node->reference_year != year) {
        node->reference_year = year;
        node->reference_last = highest_reference(node, year);
    }
    node->reference_last++;
    node_save_reference(node);
    snprintf(room, CASES_REFERENCE_MAX, "%s-%04u-%05u", node->keys->country, year % 10000u,
             node->reference_last % 100000000u);
}

/* A copy that the identity group can be filled into. */
static Hotline__Case *copy_case(const Hotline__Case *content)
{
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(&content->base, &bytes);
    Hotline__Case *copy = buf_broken(&bytes) ?
        NULL :
        hotline__case__unpack(NULL, bytes.len, bytes.data ? bytes.data : (const uint8_t *)"");
    if (bytes.data != NULL)
        seal_wipe(bytes.data, bytes.len);
    buf_free(&bytes);
    return copy;
}

struct identity {
    const char *reference;
    uint32_t revision;
    bool exercise;
    int64_t opened_us, valid_until_us;
    const char *drill_id;      /* NULL: none */
    const struct item *before; /* the revision whose photos it may keep; NULL: none */
    const struct item *last;   /* the revision that this one replaces; NULL: none */
};

/* Names the revision that is replaced; what it points to is the item's. */
static void name_replaced(Hotline__Replaces *replaces, const struct item *last)
{
    hotline__replaces__init(replaces);
    WIRE_SET(replaces, revision, last->header->revision);
    WIRE_SET_BYTES(replaces, envelope_hash, last->hash.bytes, KEY_HASH_BYTES);
}

/* Fills the node's own fields; what they held is freed with the copy. */
static int fill_identity(Hotline__Case *content, const struct node_outgoing *out, const struct identity *identity)
{
    char *reference = strdup(identity->reference), *drill_id = identity->drill_id ? strdup(identity->drill_id) : NULL;
    uint8_t *case_id = malloc(KEY_UUID_BYTES);
    if (reference == NULL || case_id == NULL || (identity->drill_id != NULL && drill_id == NULL)) {
        free(reference);
        free(drill_id);
        free(case_id);
        return ERR_NOMEM;
    }
    memcpy(case_id, out->case_id, KEY_UUID_BYTES);
    if (content->reference != NULL && content->reference != (const char *)protobuf_c_empty_string)
        free(content->reference);
    if (content->drill_id != NULL && content->drill_id != (const char *)protobuf_c_empty_string)
        free(content->drill_id);
    free(content->case_id.data);
    hotline__replaces__free_unpacked(content->replaces, NULL); /* a revision that is said again brings its own */
    content->replaces = NULL;
    content->reference = reference;
    content->drill_id = drill_id;
    WIRE_SET_BYTES(content, case_id, case_id, KEY_UUID_BYTES);
    WIRE_SET(content, revision, identity->revision);
    WIRE_SET(content, status, identity->exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(content, opened_at, identity->opened_us);
    WIRE_SET(content, valid_until, identity->valid_until_us);
    WIRE_SET(content, codes_version, CASE_CODES_VERSION);
    content->has_valid_for = 0;
    return OK;
}

/* Seals a case's content under the header begun, and launches it. */
static int send_content(struct node *node, struct node_outgoing *out, const struct node_draft *draft,
                        const struct identity *identity, struct err_note *note, struct item **ret_item,
                        uint64_t *ret_ticket)
{
    struct node_attached attached = {.count = 0};
    Hotline__Case *content = copy_case(draft->content);
    if (content == NULL)
        return ERR_NOMEM;
    WIRE_SET(&out->header, urgency, case_urgency(draft->content));
    WIRE_SET(&out->header, expires_at_us, identity->valid_until_us);
    int result = fill_identity(content, out, identity);
    if (result == OK)
        result = node_photo_attach(node, out, content, identity->before, draft->photos_given, note, &attached);
    if (result == OK) {
        Hotline__Replaces replaces;
        if (identity->last != NULL) {
            name_replaced(&replaces, identity->last);
            content->replaces = &replaces;
        }
        out->body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
        out->body.alert = content;
        result = node_seal(node, out, note, ret_item);
        content->replaces = NULL;
    }
    hotline__case__free_unpacked(content, NULL);
    if (result == OK)
        result = node_launch(node, *ret_item, note, ret_ticket);
    if (result == OK)
        node_photo_keep(node, *ret_item, &attached);
    node_attached_done(&attached);
    return result;
}

int node_publish(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note,
                 struct case_entry **ret_entry, uint64_t *ret_ticket)
{
    struct node_plan plan;
    struct node_outgoing out;
    uint8_t case_id[KEY_UUID_BYTES];
    char reference[CASES_REFERENCE_MAX];
    struct item *item;
    int result = node_plan(node, draft, now_us, note, &plan);
    if (result != OK)
        return result;
    route_set_done(&plan.recipients);
    if ((result = node_begin(node, &out, HOTLINE__KIND__CODE__CASE, draft->exercise, now_us)) != OK ||
        (result = add_countries(&out, draft->to, draft->to_count, note)) != OK)
        return result;
    seal_random(case_id, sizeof case_id);
    node_name_case(&out, node->keys->id, case_id);
    WIRE_SET(&out.route, restricted, draft->restricted);
    WIRE_SET(&out.header, act, HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&out.header, revision, 1);
    next_reference(node, now_us, reference);
    struct identity identity = {.reference = reference,
                                .revision = 1,
                                .exercise = draft->exercise,
                                .opened_us = out.header.sent_at_us,
                                .valid_until_us = valid_until(node, draft->content, now_us),
                                .drill_id = draft->drill_id};
    result = send_content(node, &out, draft, &identity, note, &item, ret_ticket);
    if (result == OK)
        *ret_entry = item->case_entry;
    return result;
}

/* --- update, close, retract --- */

/* The header of the next revision: the case's route, its number, never an earlier expiry. */
static int begin_revision(struct node *node, struct node_outgoing *out, const struct case_entry *entry,
                          Hotline__Act__Code act, int64_t now_us)
{
    const struct item *last = cases_last(entry);
    int result = node_begin(node, out, HOTLINE__KIND__CODE__CASE, entry->exercise, now_us);
    if (result != OK)
        return result;
    node_name_case(out, entry->opener, entry->case_id);
    const Hotline__Route *route = last->header->route;
    for (size_t i = 0; i < route->n_countries && result == OK; i++)
        result = node_out_country(out, route->countries[i], NULL);
    WIRE_SET(&out->route, restricted, route->restricted);
    WIRE_SET(&out->header, act, act);
    WIRE_SET(&out->header, revision, last->header->revision + 1);
    WIRE_SET(&out->header, urgency, last->header->urgency);
    int64_t expires_us = 0;
    for (size_t i = 0; i < entry->revision_count; i++) {
        if (entry->revisions[i]->header->expires_at_us > expires_us)
            expires_us = entry->revisions[i]->header->expires_at_us;
    }
    /* A closing must outlive its case: whoever was away when it ended must still learn that it did. */
    int64_t least_us = out->header.sent_at_us + CLOCK_DAY_US;
    bool ends = act == HOTLINE__ACT__CODE__CLOSE || act == HOTLINE__ACT__CODE__RETRACT;
    WIRE_SET(&out->header, expires_at_us, ends && expires_us < least_us ? least_us : expires_us);
    return result;
}

static int check_mine(const struct node *node, const struct case_entry *entry, struct err_note *note)
{
    if (!entry->mine)
        return err_set(note, ERR_STATE, "%s is a case of %s: only its opener revises it", entry->reference,
                       entry->opener);
    return cases_newest(&node->cases, entry) ? OK : ERR_NOT_FOUND;
}

int node_update(struct node *node, struct case_entry *entry, const struct node_draft *draft, int64_t now_us,
                struct err_note *note, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    struct item *item;
    const char *why;
    enum case_state state = node_state(node, entry, now_us);
    int result = check_mine(node, entry, note);
    if (result == OK)
        result = node_check_standing(node, state == CASE_CLOSED, now_us, note);
    if (result == OK)
        result = node_check_disk(node, note);
    if (result == OK && (state == CASE_RETRACTED || state == CASE_EXPIRED))
        result =
            err_set(note, ERR_STATE, "%s is %s: publish it as a new case", entry->reference, cases_state_name(state));
    if (result == OK)
        result = check_validity(node, draft->content, now_us, note);
    if (result == OK)
        result = begin_revision(node, &out, entry, HOTLINE__ACT__CODE__UPDATE, now_us);
    if (result == OK)
        result = add_countries(&out, draft->to, draft->to_count, note);
    if (result != OK)
        return result;
    if (!out.route.restricted && case_needs_restriction(draft->content, &why))
        return err_set(note, ERR_POLICY, "%s, and this case is not restricted: close it and open a restricted one",
                       why);
    const struct item *first = entry->revisions[0];
    int64_t until_us = valid_until(node, draft->content, now_us);
    const struct item *shown = cases_shown(&node->cases, entry); /* absent after an erasure */
    struct identity identity = {.last = cases_last(entry),
                                .before = shown,
                                .reference = entry->reference,
                                .revision = out.header.revision,
                                .exercise = entry->exercise,
                                .opened_us = first->header->sent_at_us,
                                .drill_id = shown ? item_content(shown)->alert->drill_id : NULL,
                                .valid_until_us =
                                    until_us > out.header.expires_at_us ? until_us : out.header.expires_at_us};
    return send_content(node, &out, draft, &identity, note, &item, ret_ticket);
}

int node_finish(struct node *node, struct case_entry *entry, Hotline__Act__Code act, Hotline__Closing *closing,
                int64_t now_us, struct err_note *note, uint64_t *ret_ticket)
{
    struct node_outgoing out;
    struct item *item;
    enum case_state state = node_state(node, entry, now_us);
    int result = check_mine(node, entry, note);
    if (result == OK)
        result = node_check_standing(node, false, now_us, note);
    if (result == OK && (state == CASE_RETRACTED || (state == CASE_CLOSED && act == HOTLINE__ACT__CODE__CLOSE)))
        result = err_set(note, ERR_STATE, "%s is %s already", entry->reference, cases_state_name(state));
    if (result == OK)
        result = begin_revision(node, &out, entry, act, now_us);
    if (result != OK)
        return result;
    char *kept_reference = closing->reference;
    ProtobufCBinaryData kept_id = closing->case_id;
    Hotline__Replaces replaces;
    name_replaced(&replaces, cases_last(entry));
    closing->replaces = &replaces;
    closing->reference = entry->reference;
    WIRE_SET_BYTES(closing, case_id, out.case_id, KEY_UUID_BYTES);
    WIRE_SET(closing, revision, out.header.revision);
    WIRE_SET(closing, closed_at, out.header.sent_at_us);
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
    out.body.closing = closing;
    result = node_seal(node, &out, note, &item);
    closing->replaces = NULL;
    closing->reference = kept_reference;
    closing->case_id = kept_id;
    closing->has_case_id = kept_id.data != NULL;
    if (result == OK)
        result = node_launch(node, item, note, ret_ticket);
    if (result == OK)
        node_withdraw_referrals(node, entry, now_us);
    return result;
}
