/* roster_rules: what a roster must be by its content, whoever signed it. Used before signing and before believing. */
#include "roster_rules.h"

#include <stdlib.h>
#include <string.h>

#include "country.h"

static int check_country(const char *country, const char *who, const char *field, struct err_note *note)
{
    if (country_index(country) >= 0)
        return OK;
    return err_set(note, ERR_UNKNOWN, "%s: %s: \"%s\" is not an ISO 3166-1 country code", who, field, country);
}

static int check_keys(ProtobufCBinaryData identity, ProtobufCBinaryData transport, const char *who,
                      struct err_note *note)
{
    struct key_identity identity_key;
    struct key_transport transport_key;
    if (key_identity_from(wire_slice(identity), &identity_key) != OK)
        return err_set(note, ERR_KEY, "%s: identity_key: not a valid Ed25519 point", who);
    if (key_transport_from(wire_slice(transport), &transport_key) != OK)
        return err_set(note, ERR_KEY, "%s: transport_key: of low order", who);
    return OK;
}

static bool phone_ok(const char *phone)
{
    size_t len = strlen(phone);
    return phone[0] == '+' && len >= 3 && len <= LIMIT_PHONE_CHARS && strspn(phone + 1, "0123456789") == len - 1;
}

static int check_member(const Hotline__Member *member, struct err_note *note)
{
    char who[64];
    snprintf(who, sizeof who, "member %s", member->id);
    if (!key_name_ok(member->id))
        return err_set(note, ERR_INVALID, "%s: id: only lowercase letters, digits and dashes", who);
    if (member->emergency_phone && !phone_ok(member->emergency_phone))
        return err_set(note, ERR_INVALID, "%s: emergency_phone: not an E.164 number such as +3225550000", who);
    if (member->has_accredited_until_us && member->accredited_until_us <= member->accredited_from_us)
        return err_set(note, ERR_INVALID, "%s: accredited_until_us: not after accredited_from_us", who);
    int result = check_country(member->country, who, "country", note);
    for (size_t i = 0; result == OK && i < member->n_may_subscribe; i++)
        result = check_country(member->may_subscribe[i], who, "may_subscribe", note);
    for (size_t i = 0; result == OK && i < member->n_former_keys; i++)
        result = check_keys(member->former_keys[i]->identity_key, member->transport_key, who, note);
    return result == OK ? check_keys(member->identity_key, member->transport_key, who, note) : result;
}

static int check_relay(const Hotline__Relay *relay, struct err_note *note)
{
    char who[64];
    snprintf(who, sizeof who, "relay %s", relay->id);
    if (!key_name_ok(relay->id))
        return err_set(note, ERR_INVALID, "%s: id: only lowercase letters, digits and dashes", who);
    for (size_t i = 0; i < relay->n_endpoints; i++) {
        if (strncmp(relay->endpoints[i], "tcp://", 6) != 0)
            return err_set(note, ERR_INVALID, "%s: endpoints: \"%s\" does not begin with tcp://", who,
                           relay->endpoints[i]);
    }
    int result = check_country(relay->country, who, "country", note);
    return result == OK ? check_keys(relay->identity_key, relay->transport_key, who, note) : result;
}

static int check_trust(const Hotline__Roster *roster, struct err_note *note, struct roster_trust *ret_trust)
{
    ret_trust->threshold = roster->threshold;
    ret_trust->count = roster->n_authority_keys;
    if (roster->threshold < 1 || roster->threshold > roster->n_authority_keys)
        return err_set(note, ERR_INVALID, "threshold: %u of %zu authority keys", roster->threshold,
                       roster->n_authority_keys);
    for (size_t i = 0; i < roster->n_authority_keys; i++) {
        if (key_identity_from(wire_slice(roster->authority_keys[i]), &ret_trust->keys[i]) != OK)
            return err_set(note, ERR_KEY, "authority_keys[%zu]: not a valid Ed25519 point", i);
        for (size_t j = 0; j < i; j++) {
            if (memcmp(ret_trust->keys[i].bytes, ret_trust->keys[j].bytes, KEY_BYTES) == 0)
                return err_set(note, ERR_KEY, "authority_keys[%zu]: the same key twice", i);
        }
    }
    return OK;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_BYTES);
}

/* No two entries may share a transport key: it is how a connection becomes a member. */
static int check_transport_unique(const Hotline__Roster *roster, struct err_note *note)
{
    size_t count = roster->n_members + roster->n_relays;
    uint8_t *keys = malloc(count ? count * KEY_BYTES : 1);
    if (keys == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < roster->n_members; i++)
        memcpy(keys + i * KEY_BYTES, roster->members[i]->transport_key.data, KEY_BYTES);
    for (size_t i = 0; i < roster->n_relays; i++)
        memcpy(keys + (roster->n_members + i) * KEY_BYTES, roster->relays[i]->transport_key.data, KEY_BYTES);
    qsort(keys, count, KEY_BYTES, compare_keys);
    int result = OK;
    for (size_t i = 1; i < count && result == OK; i++) {
        if (memcmp(keys + (i - 1) * KEY_BYTES, keys + i * KEY_BYTES, KEY_BYTES) == 0)
            result = err_set(note, ERR_KEY, "transport_key: two entries share one");
    }
    free(keys);
    return result;
}

int roster_rules_check(const Hotline__Roster *roster, struct err_note *note, struct roster_trust *ret_trust)
{
    if (roster->expires_at_us <= roster->issued_at_us)
        return err_set(note, ERR_INVALID, "expires_at_us: not after issued_at_us");
    int result = check_trust(roster, note, ret_trust);
    for (size_t i = 0; result == OK && i < roster->n_members; i++) {
        if (i > 0 && strcmp(roster->members[i - 1]->id, roster->members[i]->id) >= 0)
            result = err_set(note, ERR_INVALID, "members[%zu]: %s is out of order or twice", i, roster->members[i]->id);
        else
            result = check_member(roster->members[i], note);
    }
    for (size_t i = 0; result == OK && i < roster->n_relays; i++) {
        if (i > 0 && strcmp(roster->relays[i - 1]->id, roster->relays[i]->id) >= 0)
            result = err_set(note, ERR_INVALID, "relays[%zu]: %s is out of order or twice", i, roster->relays[i]->id);
        else
            result = check_relay(roster->relays[i], note);
    }
    return result == OK ? check_transport_unique(roster, note) : result;
}
