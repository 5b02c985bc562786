/* evidence: compares what peers say of the roster, keeps what cannot be true together. Never judges who lies. */
#include "node/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "node/record.pb-c.h"
#include "proto/clock.h"

#define FROZEN_AFTER_US CLOCK_HOUR_US
#define WITHHELD_AFTER_US CLOCK_MINUTE_US

void evidence_init(struct evidence *evidence, struct vault *vault)
{
    *evidence = (struct evidence){.vault = vault};
}

void evidence_done(struct evidence *evidence)
{
    free(evidence->peers);
    evidence->peers = NULL;
    evidence->peer_count = 0;
}

const char *evidence_name(enum evidence_kind kind)
{
#define EVIDENCE_NAME(name, text) #name,
    static const char *const names[] = {"NONE", EVIDENCE_KINDS(EVIDENCE_NAME)};
#undef EVIDENCE_NAME
    return names[kind];
}

const char *evidence_text(enum evidence_kind kind)
{
#define EVIDENCE_TEXT(name, text) text,
    static const char *const texts[] = {"", EVIDENCE_KINDS(EVIDENCE_TEXT)};
#undef EVIDENCE_TEXT
    return texts[kind];
}

/* --- facts --- */

static struct evidence_fact *find(struct evidence *evidence, const struct evidence_fact *fact)
{
    for (size_t i = 0; i < evidence->fact_count; i++) {
        struct evidence_fact *known = &evidence->facts[i];
        if (known->kind == fact->kind && known->version == fact->version && strcmp(known->who, fact->who) == 0 &&
            key_hash_equal(&known->hash, &fact->hash))
            return known;
    }
    return NULL;
}

static void save(struct evidence *evidence, const struct evidence_fact *fact, struct slice proof)
{
    Hotline__Node__EvidenceRecord record = HOTLINE__NODE__EVIDENCE_RECORD__INIT;
    struct evidence_fact copy = *fact;
    struct buf bytes, key;
    record.who = copy.who;
    WIRE_SET(&record, kind, (uint32_t)fact->kind);
    WIRE_SET(&record, version, fact->version);
    WIRE_SET_BYTES(&record, hash, copy.hash.bytes, KEY_HASH_BYTES);
    WIRE_SET(&record, at_us, fact->at_us);
    if (proof.len > 0)
        WIRE_SET_BYTES(&record, proof, proof.data, proof.len);
    buf_init(&bytes);
    buf_init(&key);
    wire_pack(&record.base, &bytes);
    buf_add_u8(&key, (uint8_t)fact->kind);
    buf_add_u64le(&key, fact->version);
    buf_add(&key, fact->hash.bytes, KEY_HASH_BYTES);
    buf_add_text(&key, fact->who);
    CHECK(!buf_broken(&bytes) && !buf_broken(&key));
    vault_put(evidence->vault, VAULT_EVIDENCE, buf_slice(&key), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    buf_free(&key);
}

static enum evidence_kind keep(struct evidence *evidence, const struct evidence_fact *fact, struct slice proof)
{
    struct evidence_fact *known = find(evidence, fact);
    if (known != NULL && !known->proven && proof.len > 0) {
        known->proven = true;
        save(evidence, known, proof);
    }
    if (known != NULL || evidence->fact_count == EVIDENCE_MAX)
        return EVIDENCE_NONE;
    known = &evidence->facts[evidence->fact_count++];
    *known = *fact;
    known->proven = proof.len > 0;
    save(evidence, known, proof);
    return fact->kind;
}

int evidence_load(struct evidence *evidence, struct slice bytes)
{
    Hotline__Node__EvidenceRecord *record = hotline__node__evidence_record__unpack(NULL, bytes.len, bytes.data);
    if (record == NULL)
        return ERR_CORRUPT;
    int result = record->who && record->kind > 0 && record->kind <= EVIDENCE_CHAIN ? OK : ERR_CORRUPT;
    if (result == OK && evidence->fact_count < EVIDENCE_MAX) {
        struct evidence_fact *fact = &evidence->facts[evidence->fact_count];
        fact->kind = (enum evidence_kind)record->kind;
        fact->version = record->version;
        fact->at_us = record->at_us;
        fact->proven = record->has_proof && record->proof.len > 0;
        snprintf(fact->who, sizeof fact->who, "%s", record->who);
        result = key_hash_from(wire_slice(record->hash), &fact->hash);
        evidence->fact_count += result == OK;
    }
    hotline__node__evidence_record__free_unpacked(record, NULL);
    return result;
}

/* --- peers --- */

/* The peer's row, made when it is new; NULL out of memory (it is noticed again at the next word). */
static struct evidence_peer *peer_row(struct evidence *evidence, const char *who)
{
    size_t low = 0, high = evidence->peer_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(evidence->peers[middle].who, who);
        if (order == 0)
            return &evidence->peers[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct evidence_peer *peers = realloc(evidence->peers, (evidence->peer_count + 1) * sizeof *peers);
    if (peers == NULL)
        return NULL;
    evidence->peers = peers;
    memmove(&peers[low + 1], &peers[low], (evidence->peer_count - low) * sizeof *peers);
    evidence->peer_count++;
    peers[low] = (struct evidence_peer){0};
    snprintf(peers[low].who, sizeof peers[low].who, "%s", who);
    return &peers[low];
}

/* How a version beside ours reads, given what the peer said before. */
static enum evidence_kind judge(struct evidence_peer *peer, const struct evidence_word *word, bool same_hash,
                                uint64_t ours, int64_t now_us)
{
    uint64_t version = word->version, highest = peer->highest;
    bool is_signed = word->proof.len > 0;
    if (word->said_at_us < peer->said_at_us) /* delivered late or again: it tells what was, not what is */
        return version == ours && !same_hash ? EVIDENCE_FORK : EVIDENCE_NONE;
    peer->said_at_us = word->said_at_us;
    peer->version = version;
    if (version > peer->highest)
        peer->highest = version;
    if (version == ours) {
        peer->differs_since_us = 0;
        return same_hash ? EVIDENCE_NONE : EVIDENCE_FORK;
    }
    if (version < highest && is_signed)
        return EVIDENCE_ROLLBACK;
    if (peer->differs_since_us == 0)
        peer->differs_since_us = now_us;
    int64_t for_us = now_us - peer->differs_since_us;
    /* A relay that lost its disk greets with its seed until it was given ours: only when that lasts is it gone back. */
    if (version < highest && for_us > WITHHELD_AFTER_US)
        return EVIDENCE_ROLLBACK;
    if (version < ours)
        return for_us > FROZEN_AFTER_US ? EVIDENCE_FROZEN : EVIDENCE_NONE;
    return for_us > WITHHELD_AFTER_US ? EVIDENCE_WITHHELD : EVIDENCE_NONE;
}

enum evidence_kind evidence_hear(struct evidence *evidence, const struct evidence_word *word, const struct roster *ours,
                                 int64_t now_us)
{
    struct evidence_fact fact = {.version = word->version, .at_us = now_us};
    struct evidence_peer *peer = peer_row(evidence, word->who);
    if (peer == NULL || key_hash_from(word->hash, &fact.hash) != OK)
        return EVIDENCE_NONE;
    snprintf(fact.who, sizeof fact.who, "%s", word->who);
    fact.kind = judge(peer, word, key_hash_equal(&fact.hash, roster_hash(ours)), roster_version(ours), now_us);
    return fact.kind == EVIDENCE_NONE ? EVIDENCE_NONE : keep(evidence, &fact, word->proof);
}

enum evidence_kind evidence_follow(struct evidence *evidence, uint64_t version_before, const struct key_hash *before,
                                   const struct roster *taken, int64_t now_us)
{
    const struct key_hash *named = roster_previous(taken);
    if (roster_version(taken) != version_before + 1)
        return EVIDENCE_NONE; /* versions between were slept through: there is nothing to compare with */
    if (named != NULL && key_hash_equal(named, before))
        return EVIDENCE_NONE;
    struct evidence_fact fact = {
        .kind = EVIDENCE_CHAIN, .version = roster_version(taken), .hash = *roster_hash(taken), .at_us = now_us};
    snprintf(fact.who, sizeof fact.who, "authority");
    return keep(evidence, &fact, roster_signed(taken));
}
