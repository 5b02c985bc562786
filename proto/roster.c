/* roster: verifies what the authority signed and answers questions about it. Never accepts one it has not checked
 * whole. */
#include "roster.h"

#include <stdlib.h>
#include <string.h>

#include "keyfile.h"
#include "roster_rules.h"
#include "seal.h"

struct roster {
    struct buf bytes; /* the SignedRoster as it came */
    struct wire_arena arena;
    const Hotline__Roster *content; /* in the arena */
    struct key_hash hash, previous;
    struct roster_trust next;
    struct roster_signers signers;
};

/* --- trust --- */

static int trust_line(struct roster_trust *trust, const char *line)
{
    unsigned threshold;
    char hex[2 * KEY_BYTES + 1], rest;
    uint8_t bytes[KEY_BYTES];
    if (sscanf(line, "threshold %2u%c", &threshold, &rest) == 1 && trust->threshold == 0) {
        trust->threshold = threshold;
        return OK;
    }
    if (sscanf(line, "key %64[0-9a-f]%c", hex, &rest) == 1 && buf_unhex(hex, bytes, sizeof bytes) == OK) {
        if (trust->count == LIMIT_AUTHORITY_KEYS)
            return ERR_LIMIT;
        for (size_t i = 0; i < trust->count; i++) {
            if (memcmp(trust->keys[i].bytes, bytes, KEY_BYTES) == 0)
                return ERR_EXISTS; /* counted twice, one signature would be two */
        }
        return key_identity_from(slice_of(bytes, sizeof bytes), &trust->keys[trust->count++]);
    }
    return ERR_SYNTAX;
}

static int trust_parse(const char *path, char *text, struct err_note *note, struct roster_trust *ret_trust)
{
    struct roster_trust trust = {0};
    int number = 0;
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        number++;
        int result = OK;
        if (number == 1)
            result = strcmp(line, "hotline-authority 1") == 0 ? OK : ERR_SYNTAX;
        else if (*line != '\0')
            result = trust_line(&trust, line);
        if (result != OK)
            return err_set(note, result, "%s:%d: %s; expected \"hotline-authority 1\", \"threshold K\", \"key HEX\"",
                           path, number, err_text(result));
        line = next;
    }
    if (trust.threshold < 1 || trust.threshold > trust.count)
        return err_set(note, ERR_INVALID, "%s: a threshold of %u with %zu keys", path, trust.threshold, trust.count);
    *ret_trust = trust;
    return OK;
}

int roster_trust_read(const char *path, struct err_note *note, struct roster_trust *ret_trust)
{
    struct buf text;
    buf_init(&text);
    int result = keyfile_slurp(path, 8192, &text, note);
    if (result == OK) {
        buf_add_u8(&text, '\0');
        CHECK(!buf_broken(&text)); /* it was read into room for a byte more than it may have */
        if (strlen((const char *)text.data) + 1 != text.len)
            result = err_set(note, ERR_SYNTAX, "%s: holds a NUL byte", path);
        else
            result = trust_parse(path, (char *)text.data, note, ret_trust);
    }
    buf_free(&text);
    return result;
}

void roster_trust_write(const struct roster_trust *trust, struct buf *out)
{
    char hex[2 * KEY_BYTES + 1];
    buf_printf(out, "hotline-authority 1\nthreshold %u\n", trust->threshold);
    for (size_t i = 0; i < trust->count; i++) {
        buf_hex(slice_of(trust->keys[i].bytes, KEY_BYTES), hex);
        buf_printf(out, "key %s\n", hex);
    }
}

static bool trust_equal(const struct roster_trust *a, const struct roster_trust *b)
{
    return a->threshold == b->threshold && a->count == b->count &&
        memcmp(a->keys, b->keys, a->count * sizeof a->keys[0]) == 0;
}

/* --- signatures --- */

/* Which keys of the trust signed the bytes, each once. ERR_NOMEM: it could not be found out. */
static int find_signers(const Hotline__SignedRoster *signed_roster, const struct roster_trust *trust,
                        bool ret_signed[static LIMIT_AUTHORITY_KEYS], size_t *ret_wrong)
{
    bool counted[LIMIT_AUTHORITY_KEYS] = {false};
    size_t wrong = 0;
    for (size_t s = 0; s < signed_roster->n_signatures; s++) {
        const Hotline__Signature *signature = signed_roster->signatures[s];
        for (size_t k = 0; k < trust->count; k++) {
            struct key_id id = key_id_of(trust->keys[k].bytes);
            if (counted[k] || memcmp(id.bytes, signature->key_id.data, KEY_ID_BYTES) != 0)
                continue;
            int result = seal_verify(&trust->keys[k], SEAL_CONTEXT_ROSTER, wire_slice(signed_roster->roster),
                                     wire_slice(signature->signature));
            if (result == ERR_NOMEM)
                return result;
            counted[k] = result == OK;
            wrong += result != OK;
        }
    }
    memcpy(ret_signed, counted, sizeof counted);
    *ret_wrong = wrong;
    return OK;
}

static int check_signers(const Hotline__SignedRoster *signed_roster, const struct roster_trust *trust,
                         const char *whose, struct err_note *note, struct roster_signers *ret_signers)
{
    bool has_signed[LIMIT_AUTHORITY_KEYS];
    size_t wrong = 0, signers = 0;
    struct roster_signers found = {.count = 0};
    int result = find_signers(signed_roster, trust, has_signed, &wrong);
    if (result != OK)
        return result;
    for (size_t k = 0; k < trust->count; k++) {
        if (has_signed[k])
            found.ids[found.count++] = key_id_of(trust->keys[k].bytes);
    }
    signers = found.count;
    *ret_signers = found;
    if (signers >= trust->threshold)
        return OK;
    if (wrong > 0)
        return err_set(note, ERR_SIGNATURE,
                       "%zu signature%s of %s authority keys do%s not verify: the roster was changed after signing",
                       wrong, wrong == 1 ? "" : "s", whose, wrong == 1 ? "es" : "");
    return err_set(note, ERR_THRESHOLD, "signed by %zu of the %u %s authority keys needed", signers, trust->threshold,
                   whose);
}

/* --- life --- */

void roster_free(struct roster *roster)
{
    if (roster == NULL)
        return;
    wire_arena_done(&roster->arena);
    buf_free(&roster->bytes);
    free(roster);
}

static int open_signed(struct roster *roster, const struct roster_trust *trust, struct err_note *note)
{
    ProtobufCMessage *message;
    int result =
        wire_unpack(&hotline__signed_roster__descriptor, buf_slice(&roster->bytes), &roster->arena, note, &message);
    if (result != OK)
        return result;
    const Hotline__SignedRoster *signed_roster = (const Hotline__SignedRoster *)message;
    if ((result = check_signers(signed_roster, trust, "trusted", note, &roster->signers)) != OK)
        return result;
    roster->hash = seal_hash(wire_slice(signed_roster->roster));
    if ((result = wire_unpack(&hotline__roster__descriptor, wire_slice(signed_roster->roster), &roster->arena, note,
                              &message)) != OK)
        return result;
    roster->content = (const Hotline__Roster *)message;
    if (roster->content->has_previous_hash)
        memcpy(roster->previous.bytes, roster->content->previous_hash.data, KEY_HASH_BYTES);
    if ((result = roster_rules_check(roster->content, note, &roster->next)) != OK)
        return result;
    /* A change of the authority's keys must be signed by the new ones too, or a slip would lock everybody out. */
    return trust_equal(trust, &roster->next) ?
        OK :
        check_signers(signed_roster, &roster->next, "new", note, &roster->signers);
}

int roster_verify(struct slice signed_roster, const struct roster_trust *trust, struct err_note *note,
                  struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof *roster);
    if (roster == NULL)
        return ERR_NOMEM;
    int result = wire_arena_init_for(&roster->arena, signed_roster.len);
    if (result == OK && signed_roster.len > LIMIT_ROSTER_BYTES)
        result = err_set(note, ERR_LIMIT, "roster: %zu bytes, at most %d", signed_roster.len, LIMIT_ROSTER_BYTES);
    if (result == OK) {
        buf_add_slice(&roster->bytes, signed_roster);
        result = buf_broken(&roster->bytes) ? ERR_NOMEM : open_signed(roster, trust, note);
    }
    if (result == OK)
        *ret_roster = roster;
    else
        roster_free(roster);
    return result;
}

int roster_follow(const struct roster *current, struct slice signed_roster, struct err_note *note,
                  struct roster **ret_roster)
{
    struct roster *next;
    int result = roster_verify(signed_roster, &current->next, note, &next);
    if (result != OK)
        return result;
    uint64_t had = current->content->version, has = next->content->version;
    if (has < had)
        result = err_set(note, ERR_ROLLBACK, "version %llu is older than version %llu, known here",
                         (unsigned long long)has, (unsigned long long)had);
    else if (has == had && key_hash_equal(&current->hash, &next->hash))
        result = err_set(note, ERR_EXISTS, "version %llu is known here", (unsigned long long)has);
    else if (has == had)
        result =
            err_set(note, ERR_DISPUTED, "two rosters of version %llu are signed: the authority must say which holds",
                    (unsigned long long)has);
    if (result == OK)
        *ret_roster = next;
    else
        roster_free(next);
    return result;
}

/* --- questions --- */

uint64_t roster_version(const struct roster *roster)
{
    return roster->content->version;
}
const struct key_hash *roster_hash(const struct roster *roster)
{
    return &roster->hash;
}
struct slice roster_signed(const struct roster *roster)
{
    return buf_slice(&roster->bytes);
}
const struct roster_signers *roster_signers(const struct roster *roster)
{
    return &roster->signers;
}
const struct roster_trust *roster_next_trust(const struct roster *roster)
{
    return &roster->next;
}
const struct key_hash *roster_previous(const struct roster *roster)
{
    return roster->content->has_previous_hash ? &roster->previous : NULL;
}

int64_t roster_issued_us(const struct roster *roster)
{
    return roster->content->issued_at_us;
}
int64_t roster_expires_us(const struct roster *roster)
{
    return roster->content->expires_at_us;
}
size_t roster_member_count(const struct roster *roster)
{
    return roster->content->n_members;
}
size_t roster_relay_count(const struct roster *roster)
{
    return roster->content->n_relays;
}

bool roster_changes_trust(const struct roster *roster, const struct roster_trust *trust)
{
    return !trust_equal(&roster->next, trust);
}

bool roster_is_stale(const struct roster *roster, int64_t now_us)
{
    return now_us > roster->content->expires_at_us;
}

bool roster_is_dead(const struct roster *roster, int64_t now_us)
{
    return now_us - LIMIT_ROSTER_GRACE_US > roster->content->expires_at_us;
}

const Hotline__Member *roster_member(const struct roster *roster, size_t index)
{
    CHECK(index < roster->content->n_members);
    return roster->content->members[index];
}

const Hotline__Relay *roster_relay(const struct roster *roster, size_t index)
{
    CHECK(index < roster->content->n_relays);
    return roster->content->relays[index];
}

size_t roster_find(const struct roster *roster, const char *member_id)
{
    size_t low = 0, high = roster->content->n_members;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(roster->content->members[middle]->id, member_id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ROSTER_NONE;
}

size_t roster_find_relay(const struct roster *roster, const char *relay_id)
{
    for (size_t i = 0; i < roster->content->n_relays; i++) {
        if (strcmp(roster->content->relays[i]->id, relay_id) == 0)
            return i;
    }
    return ROSTER_NONE;
}

Hotline__Standing__Code roster_standing(const struct roster *roster, size_t index, int64_t now_us)
{
    const Hotline__Member *member = roster_member(roster, index);
    bool outside = (member->has_accredited_from_us && now_us < member->accredited_from_us) ||
        (member->has_accredited_until_us && now_us > member->accredited_until_us);
    if (member->standing == HOTLINE__STANDING__CODE__ACTIVE && outside)
        return HOTLINE__STANDING__CODE__SUSPENDED;
    return member->standing;
}

int roster_verify_member(const struct roster *roster, size_t index, const char *context, struct slice bytes,
                         struct slice signature, int64_t now_us)
{
    const Hotline__Member *member = roster_member(roster, index);
    struct key_identity key;
    memcpy(key.bytes, member->identity_key.data, KEY_BYTES);
    int result = seal_verify(&key, context, bytes, signature);
    for (size_t i = 0; result == ERR_SIGNATURE && i < member->n_former_keys; i++) {
        if (now_us > member->former_keys[i]->until_us)
            continue;
        memcpy(key.bytes, member->former_keys[i]->identity_key.data, KEY_BYTES);
        result = seal_verify(&key, context, bytes, signature);
    }
    return result;
}

int roster_verify_relay(const struct roster *roster, size_t index, const char *context, struct slice bytes,
                        struct slice signature)
{
    struct key_identity key;
    memcpy(key.bytes, roster_relay(roster, index)->identity_key.data, KEY_BYTES);
    return seal_verify(&key, context, bytes, signature);
}
