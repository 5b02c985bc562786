/*
 * directory: the roster in force, cards, own keys, and the pair keys of alerts in and out. Never believes a roster or a
 * card that it has not verified, and never forgets the newest encryption key.
 */
#include "node/directory.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/clock.h"
#include "proto/country.h"
#include "proto/seal.h"

#define KEYS_MAX 16    /* own encryption keys at once: weekly, kept 30 d after replacement */
#define PAIRS_MAX 8192 /* cached pair keys: two weeks of 1,024 peers, both directions */
#define KEY_AFTERLIFE_US (30 * CLOCK_DAY_US)

struct pair_entry {
    uint8_t key[2 * KEY_BYTES]; /* their public key, our public key */
    struct key_pair pair;
};

/* --- records --- */

static int put_message(struct vault *vault, enum vault_space space, struct slice key, const ProtobufCMessage *message)
{
    struct buf bytes;
    buf_init(&bytes);
    wire_pack(message, &bytes);
    if (!buf_broken(&bytes))
        vault_put(vault, space, key, NULL, buf_slice(&bytes));
    int result = buf_broken(&bytes) ? ERR_NOMEM : OK;
    if (bytes.data != NULL)
        seal_wipe(bytes.data, bytes.len);
    buf_free(&bytes);
    return result;
}

static int save_key(struct directory *directory, const struct directory_key *key)
{
    Hotline__Node__KeyRecord record = HOTLINE__NODE__KEY_RECORD__INIT;
    WIRE_SET_BYTES(&record, public_key, key->public_key.bytes, KEY_BYTES);
    WIRE_SET_BYTES(&record, secret_key, key->secret.bytes, KEY_BYTES);
    WIRE_SET(&record, made_at_us, key->made_at_us);
    WIRE_SET(&record, not_after_us, key->not_after_us);
    WIRE_SET(&record, replaced_at_us, key->replaced_at_us);
    return put_message(directory->vault, VAULT_KEY, slice_of(key->id.bytes, KEY_ID_BYTES), &record.base);
}

/* The roster in force; one that nobody needs any more goes (0: none). */
static void save_roster(struct directory *directory, uint64_t dropped)
{
    struct buf key;
    buf_init(&key);
    buf_add_u64le(&key, roster_version(directory->roster));
    CHECK(!buf_broken(&key));
    vault_put(directory->vault, VAULT_ROSTER, buf_slice(&key), NULL, roster_signed(directory->roster));
    buf_clear(&key);
    buf_add_u64le(&key, dropped);
    CHECK(!buf_broken(&key));
    if (dropped > 0)
        vault_remove(directory->vault, VAULT_ROSTER, buf_slice(&key));
    buf_free(&key);
}

static uint64_t save_card(struct directory *directory, const struct card *card)
{
    return vault_put(directory->vault, VAULT_CARD, slice_text(card->member), NULL, buf_slice(&card->bytes));
}

/* --- the roster in force --- */

static void drop_members(struct directory *directory)
{
    size_t count = directory->roster ? roster_member_count(directory->roster) : 0;
    for (size_t i = 0; directory->members && i < count; i++)
        card_done(&directory->members[i].card);
    free(directory->members);
    directory->members = NULL;
    route_index_free(directory->index);
    directory->index = NULL;
}

/* By the member's keys on this roster: a key that the authority took away locks no alert any more. */
static bool still_signed(const struct card *card, const struct roster *roster, int64_t now_us)
{
    struct card again;
    size_t index;
    if (card_load(buf_slice(&card->bytes), roster, now_us, &again, &index) != OK)
        return false;
    card_done(&again);
    return true;
}

/* The roster says which generation of our keys is in force: after a rotation the next one, without a new start. */
static void follow_keys(struct directory *directory)
{
    const Hotline__Member *self = directory_self(directory);
    uint32_t before = directory->keys->generation;
    if (self == NULL)
        return;
    directory->locked_out =
        key_set_match(directory->keys, wire_slice(self->identity_key), wire_slice(self->transport_key)) != OK;
    directory->card_is_stale |= directory->keys->generation != before;
}

/* Takes the next roster and carries over what is known of each member. */
static int install(struct directory *directory, struct roster *next, int64_t now_us)
{
    struct directory_member *members = calloc(roster_member_count(next) + 1, sizeof *members);
    struct route_index *index = NULL;
    int result = members ? route_index_new(next, now_us, &index) : ERR_NOMEM;
    if (result != OK) {
        free(members);
        roster_free(next);
        return result;
    }
    for (size_t i = 0; directory->members && i < roster_member_count(directory->roster); i++) {
        size_t at = roster_find(next, roster_member(directory->roster, i)->id);
        if (at == ROSTER_NONE)
            continue;
        members[at] = directory->members[i];
        directory->members[i] = (struct directory_member){0};
        if (members[at].has_card && !still_signed(&members[at].card, next, now_us)) {
            card_done(&members[at].card);
            members[at].has_card = false;
        }
        if (members[at].has_card)
            route_index_card(index, at, &members[at].card);
    }
    drop_members(directory);
    roster_free(directory->roster);
    directory->roster = next;
    directory->members = members;
    directory->index = index;
    directory->self = roster_find(next, directory->keys->id);
    follow_keys(directory);
    return OK;
}

int directory_follow(struct directory *directory, struct slice signed_roster, int64_t now_us, struct err_note *note)
{
    struct roster *next;
    int result = roster_follow(directory->roster, signed_roster, note, &next);
    if (result != OK)
        return result;
    result = succession_prepare(&directory->succession, signed_roster);
    if (result != OK) {
        roster_free(next);
        return result;
    }
    result = install(directory, next, now_us);
    if (result == OK)
        save_roster(directory, succession_add(&directory->succession, roster_version(next), roster_next_trust(next)));
    return result;
}

/* --- start --- */

struct rosters {
    struct buf *signed_bytes;
    size_t count;
};

static int gather_roster(void *ctx, struct slice plain)
{
    struct rosters *rosters = ctx;
    struct buf *grown = realloc(rosters->signed_bytes, (rosters->count + 1) * sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM;
    rosters->signed_bytes = grown;
    buf_init(&grown[rosters->count]);
    buf_add_slice(&grown[rosters->count], plain);
    return buf_broken(&grown[rosters->count++]) ? ERR_NOMEM : OK;
}

/* What a stored roster carries for the one after it, and its version. */
static int peek_trust(const struct buf *signed_bytes, uint64_t *ret_version, struct roster_trust *ret_trust)
{
    Hotline__Roster *content;
    struct roster_trust trust = {0};
    int result = roster_peek(buf_slice(signed_bytes), NULL, &content);
    if (result != OK)
        return result;
    trust.threshold = content->threshold;
    for (size_t i = 0; i < content->n_authority_keys && i < LIMIT_AUTHORITY_KEYS; i++)
        memcpy(trust.keys[trust.count++].bytes, content->authority_keys[i].data, KEY_BYTES);
    *ret_version = content->version;
    hotline__roster__free_unpacked(content, NULL);
    *ret_trust = trust;
    return OK;
}

/* The versions of the vault's records are few: what nobody needs has gone with the one after it. */
static const struct buf *next_stored(const struct rosters *rosters, uint64_t above, uint64_t *ret_version,
                                     struct roster_trust *ret_trust)
{
    const struct buf *found = NULL;
    uint64_t version;
    struct roster_trust trust;
    for (size_t i = 0; i < rosters->count; i++) {
        if (peek_trust(&rosters->signed_bytes[i], &version, &trust) != OK || version <= above ||
            (found != NULL && version >= *ret_version))
            continue;
        found = &rosters->signed_bytes[i];
        *ret_version = version;
        *ret_trust = trust;
    }
    return found;
}

/* The newest of the store, and those before it to hand on. It was verified when it came, and the vault's seal says that
 * nobody changed it since; so it is trusted by its own next keys when the configured ones no longer fit. */
static int load_stored(const struct rosters *rosters, const struct roster_trust *trust, struct succession *succession,
                       struct roster **ret_roster)
{
    const struct buf *newest = NULL, *stored;
    uint64_t version = 0;
    struct roster_trust own;
    for (uint64_t above = 0; (stored = next_stored(rosters, above, &version, &own)) != NULL; above = version) {
        if (succession_prepare(succession, buf_slice(stored)) != OK)
            return ERR_NOMEM;
        (void)succession_add(succession, version, &own);
        newest = stored;
    }
    if (newest == NULL)
        return ERR_NOT_FOUND;
    if (roster_verify(buf_slice(newest), trust, NULL, ret_roster) == OK)
        return OK;
    return roster_verify(buf_slice(newest), &succession->trust, NULL, ret_roster);
}

static int load_roster(struct directory *directory, const struct roster_trust *trust, struct slice seed, int64_t now_us,
                       struct err_note *note)
{
    struct rosters rosters = {0};
    struct roster *stored = NULL, *seeded = NULL;
    int result = vault_each(directory->vault, VAULT_ROSTER, gather_roster, &rosters, note);
    if (result == OK) {
        result = load_stored(&rosters, trust, &directory->succession, &stored);
        if (result == ERR_NOT_FOUND)
            result = seed.len ?
                roster_verify(seed, trust, note, &seeded) :
                err_set(note, ERR_NOT_FOUND,
                        "there is no roster yet: name the file from the authority as roster: in the configuration");
        else if (result == OK && seed.len && roster_follow(stored, seed, NULL, &seeded) != OK)
            seeded = NULL; /* older than the store's, or the same: a seed only */
    }
    for (size_t i = 0; i < rosters.count; i++)
        buf_free(&rosters.signed_bytes[i]);
    free(rosters.signed_bytes);
    if (result != OK)
        return result;
    struct roster *newest = seeded ? seeded : stored;
    directory->is_seeded = seeded != NULL;
    if (seeded != NULL) {
        roster_free(stored);
        result = succession_prepare(&directory->succession, seed);
        if (result != OK) {
            roster_free(seeded);
            return result;
        }
        directory->seed_replaced =
            succession_add(&directory->succession, roster_version(seeded), roster_next_trust(seeded));
    }
    return install(directory, newest, now_us);
}

void directory_keep_seed(struct directory *directory)
{
    if (directory->is_seeded)
        save_roster(directory, directory->seed_replaced);
    directory->is_seeded = false;
}

static int check_self(const struct directory *directory, struct err_note *note)
{
    if (directory->self == ROSTER_NONE)
        return err_set(note, ERR_MEMBER, "%s is not on roster version %llu: ask the authority to add its request",
                       directory->keys->id, (unsigned long long)roster_version(directory->roster));
    if (directory->locked_out)
        return err_set(note, ERR_KEY, "%s: the key file is not the one on roster version %llu", directory->keys->id,
                       (unsigned long long)roster_version(directory->roster));
    return OK;
}

static int load_key(void *ctx, struct slice plain)
{
    struct directory *directory = ctx;
    Hotline__Node__KeyRecord *record = hotline__node__key_record__unpack(NULL, plain.len, plain.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int result =
        record->public_key.len == KEY_BYTES && record->secret_key.len == KEY_BYTES && directory->own_count < KEYS_MAX ?
        OK :
        ERR_CORRUPT;
    if (result == OK) {
        struct directory_key key = {.made_at_us = record->made_at_us,
                                    .not_after_us = record->not_after_us,
                                    .replaced_at_us = record->replaced_at_us};
        memcpy(key.public_key.bytes, record->public_key.data, KEY_BYTES);
        memcpy(key.secret.bytes, record->secret_key.data, KEY_BYTES);
        key.id = key_id_of(key.public_key.bytes);
        size_t at = directory->own_count++;
        while (at > 0 && directory->own[at - 1].made_at_us > key.made_at_us) {
            directory->own[at] = directory->own[at - 1];
            at--;
        }
        directory->own[at] = key;
        seal_wipe(&key, sizeof key);
    }
    seal_wipe(record->secret_key.data, record->secret_key.len);
    hotline__node__key_record__free_unpacked(record, NULL);
    return result;
}

struct card_loading {
    struct directory *directory;
    int64_t now_us;
};

static void keep_card(struct directory *directory, size_t index, struct card *card)
{
    struct directory_member *member = &directory->members[index];
    card_done(&member->card);
    member->card = *card;
    member->has_card = true;
    route_index_card(directory->index, index, card);
}

static int load_card(void *ctx, struct slice plain)
{
    struct card_loading *loading = ctx;
    struct card card;
    size_t index;
    if (card_load(plain, loading->directory->roster, loading->now_us, &card, &index) != OK)
        return OK; /* of a member that left or changed its identity: its next card comes from a relay */
    if (index == loading->directory->self) {
        card_done(&loading->directory->own_card);
        loading->directory->own_card = card;
        loading->directory->has_own_card = true;
        return OK;
    }
    keep_card(loading->directory, index, &card);
    return OK;
}

int directory_open(struct directory *directory, struct vault *vault, struct key_set *keys,
                   const struct roster_trust *trust, struct slice seed, int64_t now_us, struct err_note *note)
{
    *directory = (struct directory){.keys = keys, .vault = vault, .self = ROSTER_NONE};
    succession_init(&directory->succession);
    lookup_init(&directory->pairs, offsetof(struct pair_entry, key), 2 * KEY_BYTES);
    directory->own = key_guarded_new(KEYS_MAX * sizeof *directory->own);
    directory->sending = key_guarded_new(sizeof *directory->sending);
    if (directory->own == NULL || directory->sending == NULL)
        return ERR_NOMEM;
    int result = load_roster(directory, trust, seed, now_us, note);
    if (result == OK)
        result = check_self(directory, note);
    if (result == OK)
        result = vault_each(vault, VAULT_KEY, load_key, directory, note);
    struct card_loading loading = {directory, now_us};
    if (result == OK)
        result = vault_each(vault, VAULT_CARD, load_card, &loading, note);
    return result;
}

void directory_done(struct directory *directory)
{
    succession_done(&directory->succession);
    size_t at = 0;
    for (struct pair_entry *entry; (entry = lookup_next(&directory->pairs, &at)) != NULL;) {
        seal_wipe(entry, sizeof *entry);
        free(entry);
    }
    lookup_done(&directory->pairs);
    drop_members(directory);
    roster_free(directory->roster);
    key_guarded_free(directory->own);
    key_guarded_free(directory->sending);
    card_done(&directory->own_card);
}

/* --- cards --- */

int directory_card(struct directory *directory, const Hotline__SignedCard *signed_card, int64_t now_us,
                   bool *ret_changed)
{
    struct card card;
    size_t index;
    int result = card_verify(signed_card, directory->roster, now_us, NULL, &card, &index);
    if (result != OK)
        return result;
    if (index == directory->self) {
        if (card.serial > directory->own_serial_seen) {
            directory->own_serial_seen = card.serial;
            memcpy(directory->own_seen, card.subscriptions, sizeof directory->own_seen);
        }
        card_done(&card);
        *ret_changed = false;
        return OK;
    }
    const struct directory_member *member = &directory->members[index];
    if (member->has_card && member->card.serial >= card.serial) {
        card_done(&card);
        *ret_changed = false;
        return OK;
    }
    save_card(directory, &card);
    keep_card(directory, index, &card);
    *ret_changed = true;
    return OK;
}

/* Forgets keys that were replaced long ago; the newest one never. */
static void drop_old_keys(struct directory *directory, int64_t now_us)
{
    for (size_t i = 0; i + 1 < directory->own_count;) {
        struct directory_key *key = &directory->own[i];
        if (key->replaced_at_us == 0 || now_us - KEY_AFTERLIFE_US < key->replaced_at_us) {
            i++;
            continue;
        }
        vault_remove(directory->vault, VAULT_KEY, slice_of(key->id.bytes, KEY_ID_BYTES));
        memmove(key, key + 1, (directory->own_count - i - 1) * sizeof *key);
        directory->own_count--;
        seal_wipe(&directory->own[directory->own_count], sizeof *key);
    }
}

static int add_key(struct directory *directory, int64_t life_us, int64_t now_us)
{
    drop_old_keys(directory, now_us);
    if (directory->own_count == KEYS_MAX) {
        /* No relay has taken a card for months: the newest key lives on, for an alert is never blocked by a missing
         * key. */
        directory->own[KEYS_MAX - 1].not_after_us = now_us + life_us;
        return save_key(directory, &directory->own[KEYS_MAX - 1]);
    }
    struct directory_key *key = &directory->own[directory->own_count];
    key_box_generate(&key->public_key, &key->secret);
    key->id = key_id_of(key->public_key.bytes);
    key->made_at_us = now_us;
    key->not_after_us = now_us + life_us;
    key->replaced_at_us = 0;
    int result = save_key(directory, key);
    directory->own_count += result == OK;
    return result;
}

bool directory_card_is_due(const struct directory *directory, int64_t now_us)
{
    return !directory->has_own_card || directory->own_count == 0 ||
        now_us > directory->own[directory->own_count - 1].not_after_us ||
        !key_uuid_equal(&directory->own_card.store_id, vault_store_id(directory->vault)) ||
        directory->own_serial_seen > directory->own_card.serial || directory->card_is_stale;
}

void directory_card_taken(struct directory *directory, struct receipt_name name, int64_t now_us)
{
    struct receipt_name own = receipt_name_of(buf_slice(&directory->own_card.bytes));
    if (!directory->has_own_card || memcmp(own.bytes, name.bytes, RECEIPT_NAME_BYTES) != 0)
        return;
    for (size_t i = 0; i + 1 < directory->own_count; i++) {
        if (directory->own[i].replaced_at_us != 0)
            continue;
        directory->own[i].replaced_at_us = now_us;
        if (save_key(directory, &directory->own[i]) != OK)
            directory->own[i].replaced_at_us = 0; /* with the next answer */
    }
}

int directory_new_card(struct directory *directory, const uint8_t subscriptions[LIMIT_COUNTRIES / 8],
                       int64_t key_life_us, int64_t now_us, struct err_note *note)
{
    int result = OK;
    if (directory->own_count == 0 || now_us > directory->own[directory->own_count - 1].not_after_us)
        result = add_key(directory, key_life_us, now_us);
    if (result != OK)
        return err_set(note, result, "a new encryption key cannot be made: %s", err_text(result));
    const struct directory_key *key = &directory->own[directory->own_count - 1];
    const char *codes[LIMIT_COUNTRIES];
    struct card_draft draft = {.store_id = *vault_store_id(directory->vault),
                               .encryption_key = key->public_key,
                               .not_after_us = key->not_after_us,
                               .subscriptions = codes,
                               .software = "hotline-node 0.1.0"};
    draft.serial =
        card_next_serial(directory->has_own_card ? directory->own_card.serial : 0, directory->own_serial_seen, now_us);
    for (int i = 0; i < COUNTRY_COUNT; i++) {
        if (subscriptions[i / 8] >> (i % 8) & 1)
            codes[draft.subscription_count++] = country_code(i);
    }
    struct card card;
    result = card_make(directory->keys, &draft, &card);
    if (result != OK)
        return err_set(note, result, "the card cannot be signed: %s", err_text(result));
    directory->own_card_ticket = save_card(directory, &card);
    directory->card_is_stale = false;
    card_done(&directory->own_card);
    directory->own_card = card;
    directory->has_own_card = true;
    return OK;
}

/* --- questions --- */

const Hotline__Member *directory_self(const struct directory *directory)
{
    return directory->self == ROSTER_NONE ? NULL : roster_member(directory->roster, directory->self);
}

Hotline__Standing__Code directory_standing(const struct directory *directory, int64_t now_us)
{
    if (directory->self == ROSTER_NONE)
        return HOTLINE__STANDING__CODE__WITHDRAWN;
    return roster_standing(directory->roster, directory->self, now_us);
}

/* The cache is emptied when it is full: two weeks' keys of a whole network fit. */
static void forget_pairs(struct directory *directory)
{
    size_t at = 0;
    for (struct pair_entry *entry; (entry = lookup_next(&directory->pairs, &at)) != NULL;) {
        lookup_remove(&directory->pairs, entry->key);
        seal_wipe(entry, sizeof *entry);
        free(entry);
    }
}

static int cached_pair(struct directory *directory, const struct key_box *theirs, const struct key_box *ours,
                       const struct key_box_secret *secret, struct key_pair *ret_pair)
{
    uint8_t key[2 * KEY_BYTES];
    memcpy(key, theirs->bytes, KEY_BYTES);
    memcpy(key + KEY_BYTES, ours->bytes, KEY_BYTES);
    struct pair_entry *entry = lookup_find(&directory->pairs, key);
    if (entry != NULL) {
        *ret_pair = entry->pair;
        return OK;
    }
    int result = seal_pair(theirs, secret, ret_pair);
    if (result != OK)
        return result;
    if (directory->pairs.count >= PAIRS_MAX)
        forget_pairs(directory);
    entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return OK; /* only slower */
    memcpy(entry->key, key, sizeof key);
    entry->pair = *ret_pair;
    if (lookup_add(&directory->pairs, entry) != OK)
        free(entry);
    return OK;
}

/* The week's sending pair is derived once, not once a grant. */
static int sending_of(struct directory *directory, int64_t at_us)
{
    struct directory_sending *sending = directory->sending;
    int64_t week = at_us / (7 * CLOCK_DAY_US);
    if (sending->known && sending->week == week)
        return OK;
    sending->known = false;
    int result = key_sending(directory->keys, at_us, &sending->public_key, &sending->secret);
    sending->week = week;
    sending->known = result == OK;
    return result;
}

int directory_sending(struct directory *directory, int64_t at_us, struct key_box *ret_public)
{
    int result = sending_of(directory, at_us);
    if (result == OK)
        *ret_public = directory->sending->public_key;
    return result;
}

int directory_pair_out(struct directory *directory, int64_t at_us, const struct key_box *theirs,
                       struct key_pair *ret_pair)
{
    int result = sending_of(directory, at_us);
    if (result == OK)
        result = cached_pair(directory, theirs, &directory->sending->public_key, &directory->sending->secret, ret_pair);
    return result;
}

int directory_pair_in(struct directory *directory, const struct key_box *sending, struct key_id own,
                      struct key_pair *ret_pair)
{
    for (size_t i = directory->own_count; i-- > 0;) {
        if (key_id_equal(directory->own[i].id, own))
            return cached_pair(directory, sending, &directory->own[i].public_key, &directory->own[i].secret, ret_pair);
    }
    return ERR_NOT_FOUND;
}
