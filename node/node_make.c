/*
 * node_make: an envelope of our own in the making, whatever it carries: who may send, header, seal, grants, rows and
 * queues. Decides nothing about what is said in it. Nothing leaves before its turn is on the disk.
 */
#include "node/node_make.h"

#include <stdlib.h>
#include <string.h>

#include "proto/country.h"
#include "proto/log.h"
#include "proto/seal.h"

int node_check_standing(const struct node *node, bool opens, int64_t now_us, struct err_note *note)
{
    const struct roster *roster = node->directory.roster;
    Hotline__Standing__Code standing = directory_standing(&node->directory, now_us);
    if (standing == HOTLINE__STANDING__CODE__WITHDRAWN)
        return err_set(note, ERR_MEMBER, "%s was withdrawn by the authority (roster version %llu): it cannot send",
                       node->keys->id, (unsigned long long)roster_version(roster));
    size_t self = roster_find(roster, node->keys->id);
    Hotline__Role__Code role = self == ROSTER_NONE ? HOTLINE__ROLE__CODE__HOTLINE : roster_member(roster, self)->role;
    if (opens && (role == HOTLINE__ROLE__CODE__OBSERVER || role == HOTLINE__ROLE__CODE__PROBE))
        return err_set(note, ERR_MEMBER, "%s is %s: its role opens no cases", node->keys->id,
                       role == HOTLINE__ROLE__CODE__OBSERVER ? "an observer" : "a probe");
    if (opens && standing == HOTLINE__STANDING__CODE__SUSPENDED)
        return err_set(note, ERR_MEMBER, "%s is suspended: it can update, close, retract and reply, but open nothing",
                       node->keys->id);
    if (opens && roster_is_dead(roster, now_us))
        return err_set(
            note, ERR_EXPIRED,
            "the roster expired more than 30 days ago: ask the authority for a new one; updates and closings still go");
    return OK;
}

int node_out_country(struct node_outgoing *out, const char *code, struct err_note *note)
{
    int index = country_index(code);
    if (index < 0) {
        int near = country_find(code);
        return err_set(note, ERR_UNKNOWN,
                       near >= 0 ? "to: \"%s\" is no ISO 3166-1 country code; did you mean %s?" :
                                   "to: \"%s\" is no ISO 3166-1 country code",
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

/* --- the header --- */

int node_begin(struct node *node, struct node_outgoing *out, Hotline__Kind__Code kind, bool exercise, int64_t now_us)
{
    memset(out, 0, sizeof *out);
    hotline__envelope_header__init(&out->header);
    hotline__envelope_body__init(&out->body);
    hotline__case_name__init(&out->case_name);
    hotline__route__init(&out->route);
    out->made_us = now_us;
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

void node_name_case(struct node_outgoing *out, const char *opener, const uint8_t *case_id)
{
    snprintf(out->opener, sizeof out->opener, "%s", opener);
    memcpy(out->case_id, case_id, KEY_UUID_BYTES);
    WIRE_SET_BYTES(&out->case_name, case_id, out->case_id, KEY_UUID_BYTES);
}

void node_out_reader(struct node_outgoing *out, const char *member)
{
    snprintf(out->reader, sizeof out->reader, "%s", member);
    out->members[0] = out->reader;
    out->route.n_members = 1;
    out->route.members = out->members;
    WIRE_SET(&out->route, restricted, true);
}

int node_seal(struct node *node, struct node_outgoing *out, struct err_note *note, struct item **ret_item)
{
    struct envelope_sealed sealed;
    struct item *item = NULL;
    int result = envelope_seal(&out->header, &out->body.base, &node->keys->identity_secret, &sealed);
    if (result == ERR_LIMIT)
        return err_set(note, result, "the sealed case would be larger than %d bytes: shorten its texts",
                       LIMIT_BODY_BYTES);
    if (result != OK)
        return err_set(note, result, "it cannot be sealed: %s", err_text(result));
    wire_arena_clear(&node->scratch);
    result = item_new(buf_slice(&sealed.header), slice_of(sealed.signature.bytes, KEY_SIGNATURE_BYTES),
                      buf_slice(&sealed.body), &node->scratch, note, &item);
    if (result == OK)
        result = item_open(item, &sealed.content, &node->scratch, note);
    envelope_sealed_done(&sealed);
    if (result != OK) {
        item_free(item);
        return result;
    }
    item->mine = true;
    item->at_us = out->made_us;
    item->steady_us = node->steady_us;
    *ret_item = item;
    return OK;
}

int node_launch(struct node *node, struct item *item, struct err_note *note, uint64_t *ret_ticket)
{
    struct route_set recipients = {0};
    uint16_t unreached[LIMIT_COUNTRIES];
    size_t unreached_count = 0;
    bool newest;
    int result = route_set_init(&recipients, roster_member_count(node->directory.roster));
    if (result == OK)
        result = node_keep(node, item, &newest);
    if (result != OK) {
        route_set_done(&recipients);
        return err_set(note, node_half_kept(node, item, result), "%s", err_text(result));
    }
    node_route(node, item, &recipients, unreached, &unreached_count);
    for (size_t i = 0; i < unreached_count; i++)
        snprintf(item->unreached[item->unreached_count++], sizeof item->unreached[0], "%s", country_code(unreached[i]));
    for (size_t i = route_set_next(&recipients, 0); i != SIZE_MAX; i = route_set_next(&recipients, i + 1)) {
        int granted = node_grant(node, item, i, false);
        if (granted != OK && granted != ERR_NOT_FOUND)
            log_event(LOG_ERROR, "a grant cannot be made", "member", roster_member(node->directory.roster, i)->id,
                      "error", err_name(granted), NULL);
    }
    route_set_done(&recipients);
    for (size_t i = 0; i < node->link_count; i++)
        CHECK(item_relay_add(item, node->links[i].uplink.relay) != NULL);
    *ret_ticket = item_save(node->vault, item);
    if (item->ladder_count > 0)
        item_save_rows(node->vault, item);
    if (item->case_entry != NULL) {
        cases_touch(&node->cases, item->case_entry, item->at_us);
        cases_save(node->vault, item->case_entry);
    }
    node_queue(node, NULL, OUTLET_ITEM, item);
    node->counters.published++;
    return OK;
}
