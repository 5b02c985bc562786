/* roster_authority: the authority's side of the roster: requests, checks before signing, one signature at a time.
 * Offline. */
#include <stdlib.h>
#include <string.h>

#include "roster.h"
#include "roster_rules.h"
#include "seal.h"

int roster_request_make(const struct key_set *set, const char *endpoint, int64_t now_us, struct buf *out)
{
    Hotline__MembershipRequest request = HOTLINE__MEMBERSHIP_REQUEST__INIT;
    Hotline__SignedRequest signed_request = HOTLINE__SIGNED_REQUEST__INIT;
    char id[sizeof set->id], country[sizeof set->country], name[sizeof set->name], where[LIMIT_ENDPOINT_BYTES + 1];
    char *endpoints[1] = {where};
    snprintf(id, sizeof id, "%s", set->id);
    snprintf(country, sizeof country, "%s", set->country);
    snprintf(name, sizeof name, "%s", set->name);
    request.id = id;
    request.country = country;
    request.name = name;
    WIRE_SET_BYTES(&request, identity_key, set->identity.bytes, KEY_BYTES);
    WIRE_SET_BYTES(&request, transport_key, set->transport.bytes, KEY_BYTES);
    WIRE_SET(&request, made_at_us, now_us);
    if (endpoint != NULL) {
        if (snprintf(where, sizeof where, "%s", endpoint) >= (int)sizeof where)
            return ERR_LIMIT;
        request.n_endpoints = 1;
        request.endpoints = endpoints;
    }
    int result = wire_check(&request.base, NULL);
    if (result != OK)
        return result;
    struct buf bytes;
    struct key_signature signature;
    buf_init(&bytes);
    wire_pack(&request.base, &bytes);
    result = buf_broken(&bytes) ? ERR_NOMEM :
                                  seal_sign(&set->identity_secret, SEAL_CONTEXT_REQUEST, buf_slice(&bytes), &signature);
    if (result == OK) {
        WIRE_SET_BYTES(&signed_request, request, bytes.data, bytes.len);
        WIRE_SET_BYTES(&signed_request, signature, signature.bytes, sizeof signature.bytes);
        wire_pack(&signed_request.base, out);
        result = buf_broken(out) ? ERR_NOMEM : OK;
    }
    buf_free(&bytes);
    return result;
}

static int request_open(struct slice signed_request, struct wire_arena *arena, struct err_note *note,
                        struct slice *ret_request)
{
    ProtobufCMessage *message;
    int result = wire_unpack(&hotline__signed_request__descriptor, signed_request, arena, note, &message);
    if (result != OK)
        return result;
    const Hotline__SignedRequest *outer = (const Hotline__SignedRequest *)message;
    if ((result = wire_unpack(&hotline__membership_request__descriptor, wire_slice(outer->request), arena, note,
                              &message)) != OK)
        return result;
    const Hotline__MembershipRequest *request = (const Hotline__MembershipRequest *)message;
    struct key_identity identity;
    if (key_identity_from(wire_slice(request->identity_key), &identity) != OK)
        return err_set(note, ERR_KEY, "identity_key: not a valid Ed25519 point");
    result = seal_verify(&identity, SEAL_CONTEXT_REQUEST, wire_slice(outer->request), wire_slice(outer->signature));
    if (result == ERR_NOMEM)
        return result; /* nothing was found out about the signature */
    if (result != OK)
        return err_set(note, ERR_SIGNATURE, "the request is not signed by the identity key that it asks for");
    *ret_request = wire_slice(outer->request);
    return OK;
}

int roster_request_read(struct slice signed_request, struct err_note *note, Hotline__MembershipRequest **ret_request)
{
    struct wire_arena arena;
    struct slice request = {0};
    int result = wire_arena_init_for(&arena, signed_request.len);
    if (result != OK)
        return result;
    result = request_open(signed_request, &arena, note, &request);
    if (result == OK) {
        *ret_request = hotline__membership_request__unpack(NULL, request.len, request.data);
        result = *ret_request ? OK : ERR_NOMEM;
    }
    wire_arena_done(&arena);
    return result;
}

static int by_member_id(const void *a, const void *b)
{
    return strcmp((*(Hotline__Member *const *)a)->id, (*(Hotline__Member *const *)b)->id);
}

static int by_relay_id(const void *a, const void *b)
{
    return strcmp((*(Hotline__Relay *const *)a)->id, (*(Hotline__Relay *const *)b)->id);
}

int roster_check(Hotline__Roster *roster, struct err_note *note)
{
    struct roster_trust trust;
    int result = wire_check(&roster->base, note);
    if (result != OK)
        return result;
    if (roster->n_members > 1)
        qsort(roster->members, roster->n_members, sizeof roster->members[0], by_member_id);
    if (roster->n_relays > 1)
        qsort(roster->relays, roster->n_relays, sizeof roster->relays[0], by_relay_id);
    return roster_rules_check(roster, note, &trust);
}

/* The signatures of `before` that are over the same bytes, and not by the same key. */
static size_t keep_signatures(const Hotline__SignedRoster *before, struct slice roster_bytes, struct key_id mine,
                              Hotline__Signature **kept)
{
    size_t count = 0;
    if (before == NULL || !slice_equal(wire_slice(before->roster), roster_bytes))
        return 0;
    for (size_t i = 0; i < before->n_signatures && count < 2 * LIMIT_AUTHORITY_KEYS - 1; i++) {
        if (memcmp(before->signatures[i]->key_id.data, mine.bytes, KEY_ID_BYTES) != 0)
            kept[count++] = before->signatures[i];
    }
    return count;
}

int roster_sign(struct slice roster_bytes, struct slice signed_roster, const struct key_set *authority, struct buf *out)
{
    struct wire_arena arena;
    int result = wire_arena_init_for(&arena, signed_roster.len);
    if (result != OK)
        return result;
    ProtobufCMessage *before = NULL;
    if (signed_roster.len > 0)
        result = wire_unpack(&hotline__signed_roster__descriptor, signed_roster, &arena, NULL, &before);
    struct key_signature signature;
    if (result == OK)
        result = seal_sign(&authority->identity_secret, SEAL_CONTEXT_ROSTER, roster_bytes, &signature);
    if (result == OK) {
        struct key_id mine = key_id_of(authority->identity.bytes);
        Hotline__Signature *signatures[2 * LIMIT_AUTHORITY_KEYS], own = HOTLINE__SIGNATURE__INIT;
        Hotline__SignedRoster after = HOTLINE__SIGNED_ROSTER__INIT;
        WIRE_SET_BYTES(&own, key_id, mine.bytes, sizeof mine.bytes);
        WIRE_SET_BYTES(&own, signature, signature.bytes, sizeof signature.bytes);
        WIRE_SET_BYTES(&after, roster, roster_bytes.data, roster_bytes.len);
        after.n_signatures = keep_signatures((const Hotline__SignedRoster *)before, roster_bytes, mine, signatures);
        signatures[after.n_signatures++] = &own;
        after.signatures = signatures;
        result = wire_check(&after.base, NULL);
        if (result == OK && protobuf_c_message_get_packed_size(&after.base) > LIMIT_ROSTER_BYTES)
            result = ERR_LIMIT;
        if (result == OK) {
            wire_pack(&after.base, out);
            result = buf_broken(out) ? ERR_NOMEM : OK;
        }
    }
    wire_arena_done(&arena);
    return result;
}

int roster_peek(struct slice signed_roster, struct err_note *note, Hotline__Roster **ret_roster)
{
    struct wire_arena arena;
    ProtobufCMessage *message;
    int result = wire_arena_init_for(&arena, signed_roster.len);
    if (result != OK)
        return result;
    result = wire_unpack(&hotline__signed_roster__descriptor, signed_roster, &arena, note, &message);
    if (result == OK) {
        struct slice bytes = wire_slice(((const Hotline__SignedRoster *)message)->roster);
        result = wire_unpack(&hotline__roster__descriptor, bytes, &arena, note, &message);
        if (result == OK) {
            *ret_roster = hotline__roster__unpack(NULL, bytes.len, bytes.data);
            result = *ret_roster ? OK : ERR_NOMEM;
        }
    }
    wire_arena_done(&arena);
    return result;
}
