/*
 * node_send: what people do: publish, update, close, retract, acknowledge, reply. Everything is checked before anything is kept;
 * then one turn seals, saves and queues it. Nothing leaves before its turn is on the disk.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/closing.h"
#include "proto/country.h"
#include "proto/log.h"
#include "proto/reply.h"
#include "proto/seal.h"

/* A case and its reference as it goes out. */
struct outgoing {
    Hotline__EnvelopeHeader header;
    Hotline__EnvelopeBody body;
    Hotline__CaseName case_name;
    Hotline__Route route;
    uint8_t id[KEY_UUID_BYTES], store_id[KEY_UUID_BYTES], case_id[KEY_UUID_BYTES];
    struct key_box sending;
    struct key_hash roster_hash;
    char sender[LIMIT_ID_CHARS + 1], opener[LIMIT_ID_CHARS + 1];
    char codes[LIMIT_COUNTRIES][3];
    char *countries[LIMIT_COUNTRIES];
    char *members[1];
};

/* --- may it be sent --- */

static int check_standing(const struct node *node, bool opens, int64_t now_us, struct err_note *note)
{
    const struct roster *roster = node->directory.roster;
    Hotline__Standing__Code standing = directory_standing(&node->directory, now_us);
    if (standing == HOTLINE__STANDING__CODE__WITHDRAWN)
        return err_set(note, ERR_MEMBER, "%s was withdrawn by the authority (roster version %llu): it cannot send", node->keys->id,
                       (unsigned long long)roster_version(roster));
    if (opens && standing == HOTLINE__STANDING__CODE__SUSPENDED)
        return err_set(note, ERR_MEMBER, "%s is suspended: it can update, close, retract and reply, but open nothing", node->keys->id);
    if (opens && roster_is_dead(roster, now_us))
        return err_set(note, ERR_EXPIRED, "the roster expired more than 30 days ago: ask the authority for a new one; updates and closings still go");
    return OK;
}

static int check_disk(struct node *node, struct err_note *note)
{
    int64_t free_bytes = store_counters(vault_store(node->vault)).free_bytes;
    if (free_bytes >= node->settings.disk_reserve_bytes)
        return OK;
    return err_set(note, ERR_DISK_FULL, "the disk of the store has %lld bytes free; new cases need %lld (disk_reserve): make room",
                   (long long)free_bytes, (long long)node->settings.disk_reserve_bytes);
}

static size_t open_cases(const struct node *node, int64_t now_us)
{
    size_t open = 0;
    for (size_t i = 0; i < node->cases.count; i++) {
        const struct case_entry *entry = node->cases.order[i];
        open += entry->mine && entry->revision_count > 0 && cases_state(&node->cases, entry, now_us) == CASE_OPEN;
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

/* --- the route --- */

static int add_country(struct outgoing *out, const char *code, struct err_note *note)
{
    int index = country_index(code);
    if (index < 0) {
        int near = country_find(code);
        return err_set(note, ERR_UNKNOWN, near >= 0 ? "to: \"%s\" is no ISO 3166-1 country code; did you mean %s?" : "to: \"%s\" is no ISO 3166-1 country code",
                       code, near >= 0 ? country_code(near) : "");
    }
    for (size_t i = 0; i < out->route.n_countries; i++) {
        if (strcmp(out->codes[i], code) == 0)
            return OK;
    }
    size_t at = out->route.n_countries++;
    snprintf(out->codes[at], sizeof out->codes[at], "%s", country_code(index));
    out->countries[at] = out->codes[at];
    return OK;
}

static int add_countries(struct outgoing *out, const char *const *codes, size_t count, struct err_note *note)
{
    int result = OK;
    for (size_t i = 0; result == OK && i < count; i++)
        result = add_country(out, codes[i], note);
    return result;
}

/* --- the header --- */

static int begin(struct node *node, struct outgoing *out, Hotline__Kind__Code kind, bool exercise, int64_t now_us)
{
    memset(out, 0, sizeof *out);
    hotline__envelope_header__init(&out->header);
    hotline__envelope_body__init(&out->body);
    hotline__case_name__init(&out->case_name);
    hotline__route__init(&out->route);
    int64_t stamp_us = node_stamp(node, now_us);
    struct key_uuid id = seal_uuid(stamp_us, NULL);
    int result = directory_sending(&node->directory, stamp_us, &out->sending);
    if (result != OK)
        return result;
    memcpy(out->id, id.bytes, KEY_UUID_BYTES);
    memcpy(out->store_id, vault_store_id(node->vault)->bytes, KEY_UUID_BYTES);
    out->roster_hash = *roster_hash(node->directory.roster);
    snprintf(out->sender, sizeof out->sender, "%s", node->keys->id);
    Hotline__EnvelopeHeader *header = &out->header;
    header->sender = out->sender;
    header->case_name = &out->case_name;
    header->route = &out->route;
    out->route.countries = out->countries;
    out->case_name.opener = out->opener;
    WIRE_SET_BYTES(header, id, out->id, KEY_UUID_BYTES);
    WIRE_SET_BYTES(header, store_id, out->store_id, KEY_UUID_BYTES);
    WIRE_SET_BYTES(header, sending_key, out->sending.bytes, KEY_BYTES);
    WIRE_SET_BYTES(header, roster_hash, out->roster_hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(header, roster_version, roster_version(node->directory.roster));
    WIRE_SET(header, kind, kind);
    WIRE_SET(header, status, exercise ? HOTLINE__STATUS__CODE__EXERCISE : HOTLINE__STATUS__CODE__ACTUAL);
    WIRE_SET(header, sent_at_us, stamp_us);
    return OK;
}

static void name_case(struct outgoing *out, const char *opener, const uint8_t *case_id)
{
    snprintf(out->opener, sizeof out->opener, "%s", opener);
    memcpy(out->case_id, case_id, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&out->case_name, case_id, out->case_id, KEY_UUID_BYTES);
}

static int seal_item(struct node *node, struct outgoing *out, int64_t now_us, struct err_note *note, struct item **ret_item)
{
    struct envelope_sealed sealed;
    struct item *item = NULL;
    int result = envelope_seal(&out->header, &out->body.base, &node->keys->identity_secret, &sealed);
    if (result == ERR_LIMIT)
        return err_set(note, result, "the sealed case would be larger than %d bytes: shorten its texts", LIMIT_BODY_BYTES);
    if (result != OK)
        return err_set(note, result, "it cannot be sealed: %s", err_text(result));
    wire_arena_clear(&node->scratch);
    result = item_new(buf_slice(&sealed.header), slice_of(sealed.signature.bytes, KEY_SIGNATURE_BYTES), buf_slice(&sealed.body), &node->scratch, note, &item);
    if (result == OK)
        result = item_open(item, &sealed.content, &node->scratch, note);
    envelope_sealed_done(&sealed);
    if (result != OK) {
        item_free(item);
        return result;
    }
    item->mine = true;
    item->at_us = now_us;
    *ret_item = item;
    return OK;
}

/* Grants for all that the rule names, rows for those without a key too, a row per relay; saved and queued in this turn. */
static int launch(struct node *node, struct item *item, struct err_note *note, uint64_t *ret_ticket)
{
    struct route_set recipients;
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count = 0;
    bool newest;
    int result = route_set_init(&recipients, roster_member_count(node->directory.roster));
    if (result == OK)
        result = node_keep(node, item, &newest);
    if (result != OK) {
        route_set_done(&recipients);
        return err_set(note, result, "%s", err_text(result));
    }
    node_route(node, item, &recipients, unreached, &unreached_count);
    for (size_t i = 0; i < unreached_count; i++)
        snprintf(item->unreached[item->unreached_count++], sizeof item->unreached[0], "%s", country_code(unreached[i]));
    for (size_t i = route_set_next(&recipients, 0); i != SIZE_MAX; i = route_set_next(&recipients, i + 1)) {
        int granted = node_grant(node, item, i, false);
        if (granted != OK && granted != ERR_NOT_FOUND)
            log_event(LOG_ERROR, "a grant cannot be made", "member", roster_member(node->directory.roster, i)->id, "error", err_name(granted), NULL);
    }
    route_set_done(&recipients);
    for (size_t i = 0; i < node->link_count; i++)
        CHECK(item_relay_add(item, node->links[i].uplink.relay) != NULL);
    *ret_ticket = item_save(node->vault, item);
    if (item->case_entry != NULL) {
        cases_touch(&node->cases, item->case_entry, item->at_us);
        cases_save(node->vault, item->case_entry);
    }
    node_queue(node, NULL, OUTLET_ITEM, item);
    node->counters.published++;
    return OK;
}

/* --- publish --- */

int node_plan(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note, struct node_plan *ret_plan)
{
    struct outgoing out;
    const char *why;
    int result = check_standing(node, true, now_us, note);
    if (result == OK)
        result = check_disk(node, note);
    if (result == OK)
        result = check_validity(node, draft->content, now_us, note);
    if (result == OK)
        result = begin(node, &out, HOTLINE__KIND__CODE__CASE, draft->exercise, now_us);
    if (result == OK)
        result = add_countries(&out, draft->to, draft->to_count, note);
    if (result != OK)
        return result;
    if (out.route.n_countries == 0)
        return err_set(note, ERR_MISSING, "to: no recipients; name the countries concerned");
    if (!draft->restricted && case_needs_restriction(draft->content, &why))
        return err_set(note, ERR_POLICY, "%s: publish it restricted (--restricted)", why);
    if ((result = check_room(node, now_us, note)) != OK)
        return result;
    if ((result = route_set_init(&ret_plan->recipients, roster_member_count(node->directory.roster))) != OK)
        return result;
    WIRE_SET(&out.route, restricted, draft->restricted);
    struct route_query query = {.sender = node->keys->id, .route = &out.route};
    ret_plan->unreached_count = 0;
    route_compute(node->directory.index, &query, &ret_plan->recipients, ret_plan->unreached, &ret_plan->unreached_count);
    if (route_set_size(&ret_plan->recipients) > 0)
        return OK;
    route_set_done(&ret_plan->recipients);
    return err_set(note, ERR_POLICY, "nobody would get it: no hotline is active in these countries and nobody subscribes to them");
}

/* The highest number that a case of ours has in this year: a clock that was years off must not make a number twice. */
static uint32_t highest_reference(const struct node *node, uint32_t year)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < node->cases.count; i++) {
        const struct case_entry *entry = node->cases.order[i];
        unsigned of_year, number;
        char country[3];
        if (entry->mine && sscanf(entry->reference, "%2[A-Z]-%4u-%8u", country, &of_year, &number) == 3 && of_year == year &&
            number > highest)
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
    snprintf(room, CASES_REFERENCE_MAX, "%s-%04u-%05u", node->keys->country, year % 10000u, node->reference_last % 100000000u);
}

/* A copy that the identity group can be filled into. */
static Hotline__Case *copy_case(const Hotline__Case *content)
{
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(&content->base, &bytes);
    Hotline__Case *copy = buf_broken(&bytes) ? NULL : hotline__case__unpack(NULL, bytes.len, bytes.data ? bytes.data : (const uint8_t *)"");
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
};

/* Fills the node's own fields; what they held is freed with the copy. */
static int fill_identity(Hotline__Case *content, const struct outgoing *out, const struct identity *identity)
{
    char *reference = strdup(identity->reference);
    uint8_t *case_id = malloc(KEY_UUID_BYTES);
    if (reference == NULL || case_id == NULL) {
        free(reference);
        free(case_id);
        return ERR_NOMEM;
    }
    memcpy(case_id, out->case_id, KEY_UUID_BYTES);
    if (content->reference != NULL && content->reference != (const char *)protobuf_c_empty_string)
        free(content->reference);
    free(content->case_id.data);
    content->reference = reference;
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
static int send_content(struct node *node, struct outgoing *out, const Hotline__Case *draft, const struct identity *identity, int64_t now_us,
                        struct err_note *note, struct item **ret_item, uint64_t *ret_ticket)
{
    Hotline__Case *content = copy_case(draft);
    if (content == NULL)
        return ERR_NOMEM;
    WIRE_SET(&out->header, urgency, case_urgency(draft));
    WIRE_SET(&out->header, expires_at_us, identity->valid_until_us);
    int result = fill_identity(content, out, identity);
    if (result == OK) {
        out->body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
        out->body.alert = content;
        result = seal_item(node, out, now_us, note, ret_item);
    }
    hotline__case__free_unpacked(content, NULL);
    return result == OK ? launch(node, *ret_item, note, ret_ticket) : result;
}

int node_publish(struct node *node, const struct node_draft *draft, int64_t now_us, struct err_note *note, struct case_entry **ret_entry, uint64_t *ret_ticket)
{
    struct node_plan plan;
    struct outgoing out;
    uint8_t case_id[KEY_UUID_BYTES];
    char reference[CASES_REFERENCE_MAX];
    struct item *item;
    int result = node_plan(node, draft, now_us, note, &plan);
    if (result != OK)
        return result;
    route_set_done(&plan.recipients);
    if ((result = begin(node, &out, HOTLINE__KIND__CODE__CASE, draft->exercise, now_us)) != OK ||
        (result = add_countries(&out, draft->to, draft->to_count, note)) != OK)
        return result;
    seal_random(case_id, sizeof case_id);
    name_case(&out, node->keys->id, case_id);
    WIRE_SET(&out.route, restricted, draft->restricted);
    WIRE_SET(&out.header, act, HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&out.header, revision, 1);
    next_reference(node, now_us, reference);
    struct identity identity = {.reference = reference, .revision = 1, .exercise = draft->exercise, .opened_us = out.header.sent_at_us,
                                .valid_until_us = valid_until(node, draft->content, now_us)};
    result = send_content(node, &out, draft->content, &identity, now_us, note, &item, ret_ticket);
    if (result == OK)
        *ret_entry = item->case_entry;
    return result;
}

/* --- update, close, retract --- */

/* The header of the next revision: the case's route, its number, never an earlier expiry. */
static int begin_revision(struct node *node, struct outgoing *out, const struct case_entry *entry, Hotline__Act__Code act, int64_t now_us)
{
    const struct item *last = entry->revisions[entry->revision_count - 1];
    int result = begin(node, out, HOTLINE__KIND__CODE__CASE, entry->exercise, now_us);
    if (result != OK)
        return result;
    name_case(out, entry->opener, entry->case_id);
    const Hotline__Route *route = last->header->route;
    for (size_t i = 0; i < route->n_countries && result == OK; i++)
        result = add_country(out, route->countries[i], NULL);
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
        return err_set(note, ERR_STATE, "%s is a case of %s: only its opener revises it", entry->reference, entry->opener);
    return cases_newest(&node->cases, entry) ? OK : ERR_NOT_FOUND;
}

int node_update(struct node *node, struct case_entry *entry, const struct node_draft *draft, int64_t now_us, struct err_note *note, uint64_t *ret_ticket)
{
    struct outgoing out;
    struct item *item;
    const char *why;
    enum case_state state = cases_state(&node->cases, entry, now_us);
    int result = check_mine(node, entry, note);
    if (result == OK)
        result = check_standing(node, state == CASE_CLOSED, now_us, note);
    if (result == OK)
        result = check_disk(node, note);
    if (result == OK && (state == CASE_RETRACTED || state == CASE_EXPIRED))
        result = err_set(note, ERR_STATE, "%s is %s: publish it as a new case", entry->reference, cases_state_name(state));
    if (result == OK)
        result = check_validity(node, draft->content, now_us, note);
    if (result == OK)
        result = begin_revision(node, &out, entry, HOTLINE__ACT__CODE__UPDATE, now_us);
    if (result == OK)
        result = add_countries(&out, draft->to, draft->to_count, note);
    if (result != OK)
        return result;
    if (!out.route.restricted && case_needs_restriction(draft->content, &why))
        return err_set(note, ERR_POLICY, "%s, and this case is not restricted: close it and open a restricted one", why);
    const struct item *first = entry->revisions[0];
    int64_t until_us = valid_until(node, draft->content, now_us);
    struct identity identity = {.reference = entry->reference, .revision = out.header.revision, .exercise = entry->exercise,
                                .opened_us = first->header->sent_at_us,
                                .valid_until_us = until_us > out.header.expires_at_us ? until_us : out.header.expires_at_us};
    return send_content(node, &out, draft->content, &identity, now_us, note, &item, ret_ticket);
}

int node_finish(struct node *node, struct case_entry *entry, Hotline__Act__Code act, Hotline__Closing *closing, int64_t now_us, struct err_note *note,
                uint64_t *ret_ticket)
{
    struct outgoing out;
    struct item *item;
    enum case_state state = cases_state(&node->cases, entry, now_us);
    int result = check_mine(node, entry, note);
    if (result == OK)
        result = check_standing(node, false, now_us, note);
    if (result == OK && (state == CASE_RETRACTED || (state == CASE_CLOSED && act == HOTLINE__ACT__CODE__CLOSE)))
        result = err_set(note, ERR_STATE, "%s is %s already", entry->reference, cases_state_name(state));
    if (result == OK)
        result = begin_revision(node, &out, entry, act, now_us);
    if (result != OK)
        return result;
    char *kept_reference = closing->reference;
    ProtobufCBinaryData kept_id = closing->case_id;
    closing->reference = entry->reference;
    WIRE_SET_BYTES(closing, case_id, out.case_id, KEY_UUID_BYTES);
    WIRE_SET(closing, revision, out.header.revision);
    WIRE_SET(closing, closed_at, out.header.sent_at_us);
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_CLOSING;
    out.body.closing = closing;
    result = seal_item(node, &out, now_us, note, &item);
    closing->reference = kept_reference;
    closing->case_id = kept_id;
    closing->has_case_id = kept_id.data != NULL;
    return result == OK ? launch(node, item, note, ret_ticket) : result;
}

/* --- answers --- */

int node_acknowledge(struct node *node, struct case_entry *entry, const char *as, int64_t now_us, struct err_note *note, uint64_t *ret_ticket)
{
    struct item *newest = cases_newest(&node->cases, entry);
    if (entry->mine)
        return err_set(note, ERR_STATE, "%s is a case of your own: its recipients acknowledge it", entry->reference);
    if (newest == NULL)
        return err_set(note, ERR_NOT_FOUND, "%s: nothing to acknowledge", entry->reference);
    if (strlen(as) > LIMIT_NAME_BYTES)
        return err_set(note, ERR_LIMIT, "as: %zu bytes, at most %d", strlen(as), LIMIT_NAME_BYTES);
    entry->acknowledged_at_us = now_us;
    entry->acknowledged_revision = newest->header->revision;
    snprintf(entry->acknowledged_as, sizeof entry->acknowledged_as, "%s", as);
    cases_touch(&node->cases, entry, now_us);
    *ret_ticket = cases_save(node->vault, entry);
    if (receipt_may_follow(newest->receipt_state, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED))
        node_receipt(node, newest, HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED, SIZE_MAX, now_us);
    newest->receipt_state = HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED;
    newest->receipt_at_us = now_us;
    item_save(node->vault, newest);
    return OK;
}

int node_reply(struct node *node, struct case_entry *entry, Hotline__Reply *reply, int64_t now_us, struct err_note *note, const struct item **ret_item,
               uint64_t *ret_ticket)
{
    struct outgoing out;
    struct item *item = NULL, *newest = cases_newest(&node->cases, entry);
    int result = check_standing(node, false, now_us, note);
    if (entry->mine)
        return err_set(note, ERR_STATE, "%s is a case of your own: replies come from its recipients", entry->reference);
    if (result == OK && newest == NULL)
        result = err_set(note, ERR_NOT_FOUND, "%s: nothing to reply to", entry->reference);
    if (result == OK)
        result = begin(node, &out, HOTLINE__KIND__CODE__REPLY, entry->exercise, now_us);
    if (result != OK)
        return result;
    name_case(&out, entry->opener, entry->case_id);
    out.members[0] = out.opener;
    out.route.n_members = 1;
    out.route.members = out.members;
    WIRE_SET(&out.route, restricted, true);
    WIRE_SET(&out.header, urgency, newest->header->urgency);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + LIMIT_VALIDITY_DEFAULT_US);
    char *kept_reference = reply->reference;
    reply->reference = entry->reference;
    WIRE_SET(reply, revision, newest->header->revision);
    WIRE_SET(reply, written_at, out.header.sent_at_us);
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_REPLY;
    out.body.reply = reply;
    result = seal_item(node, &out, now_us, note, &item);
    reply->reference = kept_reference;
    if (result == OK)
        result = launch(node, item, note, ret_ticket);
    if (result == OK && ret_item != NULL)
        *ret_item = item;
    return result;
}
