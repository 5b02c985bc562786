/*
 * node_watch: what others leave out. Rosters that cannot be true together, numbers that never came, relays that
 * promised a delivery and did not deliver: noticed, kept, told to the sender where it can help, shown to people.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/record.pb-c.h"
#include "proto/clock.h"
#include "proto/failpoint.h"
#include "proto/log.h"
#include "proto/seal.h"

#define GAP_ANSWER_US (GAP_AFTER_US / 2) /* in it one question of a recipient is answered, to each relay once */
#define SUSPECT_AFTER_US CLOCK_MINUTE_US

/* --- rosters --- */

static void tell_evidence(enum evidence_kind kind, const char *who, uint64_t version)
{
    struct log_number number;
    if (kind != EVIDENCE_NONE)
        log_event(LOG_ERROR, "roster evidence kept", "kind", evidence_name(kind), "who", who, "version",
                  log_number(&number, (long long)version), "what", evidence_text(kind), NULL);
}

void node_hear(struct node *node, const struct evidence_word *word, int64_t now_us)
{
    tell_evidence(evidence_hear(&node->evidence, word, node->directory.roster, now_us), word->who, word->version);
}

void node_hear_signed(struct node *node, const struct evidence_word *word, const ProtobufCMessage *words,
                      int64_t now_us)
{
    struct evidence_word proven = *word;
    struct buf proof;
    buf_init(&proof);
    if (!slice_equal(word->hash, slice_of(roster_hash(node->directory.roster)->bytes, KEY_HASH_BYTES)))
        wire_pack(words, &proof);
    proven.proof = buf_slice(&proof);
    node_hear(node, &proven, now_us);
    buf_free(&proof);
}

/* What the signature covers, and the signature: header || BLAKE2b-256(body) || signature. */
void node_prove(const struct envelope *envelope, struct buf *out)
{
    struct key_hash body = seal_hash(envelope->body);
    buf_add_slice(out, envelope->header_bytes);
    buf_add(out, body.bytes, KEY_HASH_BYTES);
    buf_add_slice(out, envelope->signature);
}

void node_hear_envelope(struct node *node, const struct envelope *envelope, int64_t now_us)
{
    const Hotline__EnvelopeHeader *header = envelope->header;
    struct slice hash = wire_slice(header->roster_hash);
    bool same = slice_equal(hash, slice_of(roster_hash(node->directory.roster)->bytes, KEY_HASH_BYTES));
    struct buf proof;
    buf_init(&proof);
    if (!same)
        node_prove(envelope, &proof);
    node_hear(node,
              &(struct evidence_word){.who = header->sender,
                                      .version = header->roster_version,
                                      .hash = hash,
                                      .proof = buf_slice(&proof),
                                      .said_at_us = header->sent_at_us},
              now_us);
    buf_free(&proof);
}

/* A second roster of our version, signed by the authority itself: no better proof of a fork. */
static void hear_fork(struct node *node, const char *who, struct slice signed_roster, int64_t now_us)
{
    ProtobufCMessage *message;
    wire_arena_clear(&node->scratch);
    if (wire_unpack(&hotline__signed_roster__descriptor, signed_roster, &node->scratch, NULL, &message) != OK)
        return;
    struct key_hash hash = seal_hash(wire_slice(((Hotline__SignedRoster *)message)->roster));
    node_hear(node,
              &(struct evidence_word){.who = who,
                                      .version = roster_version(node->directory.roster),
                                      .hash = slice_of(hash.bytes, KEY_HASH_BYTES),
                                      .proof = signed_roster},
              now_us); /* without a time: it proves a fork, whenever it was made */
}

int node_follow(struct node *node, const char *who, struct slice signed_roster, int64_t now_us, struct err_note *note)
{
    struct key_hash before = *roster_hash(node->directory.roster);
    uint64_t version = roster_version(node->directory.roster);
    int result = directory_follow(&node->directory, signed_roster, now_us, note);
    if (result == ERR_DISPUTED)
        hear_fork(node, who, signed_roster, now_us);
    if (result == OK)
        FAILPOINT("node-roster-held");
    if (result == OK)
        tell_evidence(evidence_follow(&node->evidence, version, &before, node->directory.roster, now_us), "authority",
                      roster_version(node->directory.roster));
    return result;
}

/* --- numbers that we miss --- */

static void save_gap(struct node *node, const struct gap_source *source)
{
    Hotline__Node__GapRecord record = HOTLINE__NODE__GAP_RECORD__INIT;
    struct gap_source copy = *source;
    struct buf bytes, key;
    record.sender = copy.sender;
    WIRE_SET_BYTES(&record, store_id, copy.store_id.bytes, KEY_UUID_BYTES);
    WIRE_SET(&record, upto, copy.upto);
    buf_init(&bytes);
    buf_init(&key);
    wire_pack(&record.base, &bytes);
    buf_add(&key, copy.store_id.bytes, KEY_UUID_BYTES);
    buf_add_text(&key, copy.sender);
    CHECK(!buf_broken(&bytes) && !buf_broken(&key));
    vault_put(node->vault, VAULT_GAP, buf_slice(&key), NULL, buf_slice(&bytes));
    buf_free(&bytes);
    buf_free(&key);
}

int node_load_gap(struct node *node, struct slice bytes)
{
    Hotline__Node__GapRecord *record = hotline__node__gap_record__unpack(NULL, bytes.len, bytes.data);
    struct key_uuid store_id;
    if (record == NULL)
        return ERR_CORRUPT;
    int result = record->sender && strlen(record->sender) <= LIMIT_ID_CHARS ?
        key_uuid_from(wire_slice(record->store_id), &store_id) :
        ERR_CORRUPT;
    if (result == OK)
        result = gaps_restore(&node->gaps, record->sender, &store_id, record->upto);
    hotline__node__gap_record__free_unpacked(record, NULL);
    return result;
}

static void meet(struct node *node, const char *sender, const struct key_uuid *store_id, uint64_t number,
                 int64_t now_us)
{
    if (gaps_meet(&node->gaps, sender, store_id, number, now_us))
        save_gap(node, gaps_find(&node->gaps, sender, store_id));
}

void node_meet(struct node *node, const struct item *item, int64_t now_us)
{
    struct key_uuid store_id;
    if (key_uuid_from(wire_slice(item->header->store_id), &store_id) == OK)
        meet(node, item->header->sender, &store_id, item->sequence, now_us);
}

void node_meet_loaded(struct node *node, const struct item *item, int64_t now_us)
{
    struct key_uuid store_id;
    if (key_uuid_from(wire_slice(item->header->store_id), &store_id) == OK)
        (void)gaps_meet(&node->gaps, item->header->sender, &store_id, item->sequence, now_us);
}

static void report_gap(struct node *node, struct gap_source *source, int64_t now_us)
{
    Hotline__Gap gap = HOTLINE__GAP__INIT;
    uint64_t missing[LIMIT_GAP_NUMBERS];
    gap.recipient = node->keys->id;
    gap.sender = source->sender;
    WIRE_SET_BYTES(&gap, store_id, source->store_id.bytes, KEY_UUID_BYTES);
    gap.n_missing = gaps_missing(source, missing, LIMIT_GAP_NUMBERS);
    gap.missing = missing;
    if (gap.n_missing == 0)
        return;
    if (source->asked_us == 0) {
        struct log_number count;
        log_event(LOG_WARN, "numbers of a sender are missing; it is asked", "sender", source->sender, "missing",
                  log_number(&count, (long long)gap.n_missing), NULL);
    }
    gaps_reported(source, now_us);
    for (size_t i = 0; i < node->link_count; i++) {
        if (node->links[i].uplink.state == UPLINK_READY)
            node_frame(node, &node->links[i], WIRE_GAP, &gap.base);
    }
}

void node_watch_gaps(struct node *node, int64_t now_us)
{
    size_t ready = 0, wanted = node_accepted_needed(node);
    for (size_t i = 0; i < node->link_count; i++)
        ready += node->links[i].uplink.state == UPLINK_READY;
    for (size_t i = 0; i < node->gaps.count && ready >= wanted; i++) {
        if (gaps_is_due(&node->gaps.sources[i], now_us))
            report_gap(node, &node->gaps.sources[i], now_us);
    }
}

void node_gap_answer(struct node *node, const struct node_link *link, const Hotline__GapAnswer *answer, int64_t now_us)
{
    struct key_uuid store_id;
    if (strcmp(answer->recipient, node->keys->id) != 0 ||
        key_uuid_from(wire_slice(answer->store_id), &store_id) != OK ||
        gaps_find(&node->gaps, answer->sender, &store_id) == NULL)
        return;
    if (receipt_verify_gap_answer(answer, node->directory.roster, now_us) != OK) {
        node->counters.refused_in++;
        log_event(LOG_WARN, "an answer on missing numbers is not the sender's: it is refused", "relay",
                  link->uplink.relay, "sender", answer->sender, NULL);
        return;
    }
    for (size_t i = 0; i < answer->n_voided; i++)
        meet(node, answer->sender, &store_id, answer->voided[i], now_us);
}

/* --- numbers that others miss of us --- */

/* Nobody can get what relays refused and none accepted: its number is void, or it would be asked for until it expires.
 */
static bool is_refused(const struct item *item)
{
    size_t refused = 0;
    for (size_t i = 0; i < item->relay_count; i++)
        refused += item->relays[i].state == ITEM_REFUSED;
    return refused > 0 && item_accepted_by(item) == 0;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* What a recipient says to miss of us: ascending, each once, none that is still to be given. A relay that makes a Gap
 * up must get no word of ours on such a one: it would silence the gap of the alert that will carry it. */
struct missed {
    uint64_t numbers[LIMIT_GAP_NUMBERS];
    struct item *items[LIMIT_GAP_NUMBERS]; /* our current ones with these numbers; NULL: void */
    size_t count;
};

static void list_missed(const struct node *node, const Hotline__Gap *gap, bool ours, struct missed *out)
{
    uint64_t last = ours ? node_number_last(node, gap->recipient) : UINT64_MAX;
    size_t count = 0;
    out->count = 0;
    for (size_t i = 0; i < gap->n_missing && count < LIMIT_GAP_NUMBERS; i++)
        if (gap->missing[i] <= last)
            out->numbers[count++] = gap->missing[i];
    qsort(out->numbers, count, sizeof out->numbers[0], compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && out->numbers[i] == out->numbers[out->count - 1])
            continue;
        out->items[out->count] = NULL;
        out->numbers[out->count++] = out->numbers[i];
    }
}

/* One pass over what we sent, whatever the numbers are. */
static void find_missed(const struct node *node, const char *recipient, int64_t now_us, struct missed *missed)
{
    for (size_t i = 0; i < node->sent_count; i++) {
        struct item *item = node->sent[i];
        const struct ladder_row *row = item_row(item, recipient);
        if (row == NULL || !row->has_grant || !node_is_of_store(node, item))
            continue;
        const uint64_t *at =
            bsearch(&row->grant.sequence, missed->numbers, missed->count, sizeof missed->numbers[0], compare_numbers);
        if (at != NULL && node_is_current(node, item, now_us))
            missed->items[at - missed->numbers] = is_refused(item) ? NULL : item;
    }
}

/* Each relay carries the same question: each gets an answer, and none a second one at once. A pass over all that we
 * sent is what a relay could otherwise have for a frame, as often as it likes. */
static bool may_answer(struct node *node, const struct node_link *link, const char *recipient, int64_t now_us)
{
    struct sequence *sequence = node_sequence(node, recipient);
    uint32_t bit = UINT32_C(1) << (link - node->links) % 32;
    if (sequence == NULL)
        return true; /* it was given no number: there is nothing to look for */
    if (now_us - sequence->asked_us >= GAP_ANSWER_US || now_us < sequence->asked_us) {
        sequence->asked_us = now_us;
        sequence->asked_by = 0;
    }
    bool may = !(sequence->asked_by & bit);
    sequence->asked_by |= bit;
    return may;
}

static void answer_gap(struct node *node, struct node_link *link, const Hotline__Gap *gap, struct missed *missed)
{
    Hotline__GapAnswer answer = HOTLINE__GAP_ANSWER__INIT;
    ProtobufCBinaryData again[LIMIT_GAP_NUMBERS];
    uint64_t voided[LIMIT_GAP_NUMBERS];
    for (size_t i = 0; i < missed->count; i++) {
        struct item *item = missed->items[i];
        if (item == NULL) {
            voided[answer.n_voided++] = missed->numbers[i];
            continue;
        }
        again[answer.n_envelope_ids++] = wire_bytes(slice_of(item->id.bytes, KEY_UUID_BYTES));
        node_queue(node, NULL, OUTLET_ITEM, item);
    }
    struct log_number count;
    log_event(LOG_WARN, "a recipient misses alerts of ours; they go out again", "member", gap->recipient, "relay",
              link->uplink.relay, "again", log_number(&count, (long long)answer.n_envelope_ids), NULL);
    answer.recipient = gap->recipient;
    answer.sender = gap->sender;
    answer.has_store_id = 1;
    answer.store_id = gap->store_id;
    answer.voided = voided;
    answer.envelope_ids = again;
    struct key_signature signature;
    if (receipt_sign_gap_answer(&answer, node->keys, &signature) == OK) /* else it is asked again in a minute */
        node_frame(node, link, WIRE_GAP_ANSWER, &answer.base);
}

void node_gap(struct node *node, struct node_link *link, const Hotline__Gap *gap, int64_t now_us)
{
    struct missed missed;
    struct key_uuid store_id;
    if (strcmp(gap->sender, node->keys->id) != 0 || key_uuid_from(wire_slice(gap->store_id), &store_id) != OK)
        return;
    bool ours = key_uuid_equal(&store_id, vault_store_id(node->vault));
    list_missed(node, gap, ours, &missed);
    if (missed.count == 0 || (ours && !may_answer(node, link, gap->recipient, now_us)))
        return;
    if (ours)
        find_missed(node, gap->recipient, now_us, &missed);
    answer_gap(node, link, gap, &missed);
}

/* --- relays that promised --- */

void node_note_present(struct item *item, const struct item_relay *relay, char *const *present, size_t count)
{
    unsigned bit = (unsigned)(relay - item->relays);
    for (size_t i = 0; bit < 32 && i < count; i++) {
        struct ladder_row *row = item_row(item, present[i]);
        if (row != NULL)
            row->promised |= 1u << bit;
    }
}

/* A relay said that the recipient was connected when it took the alert, and a minute later nothing has come back.
 * Returns when to look again. */
static int64_t suspect(struct node *node, const struct item *item, const struct ladder_row *row, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < item->relay_count && i < 32; i++) {
        const struct item_relay *relay = &item->relays[i];
        struct node_link *link = node_link_named(node, relay->relay);
        if (!(row->promised >> i & 1) || relay->state != ITEM_ACCEPTED)
            continue;
        int64_t since_us = relay->at_us > item->at_us ? relay->at_us : item->at_us;
        int64_t due_us = since_us + SUSPECT_AFTER_US;
        if (due_us > now_us || link == NULL) {
            due_us = due_us > now_us ? due_us : now_us + SUSPECT_AFTER_US;
            next_us = due_us < next_us ? due_us : next_us;
            continue;
        }
        if (!link->suspected)
            log_event(LOG_WARN, "a relay is suspected: it took an alert for a connected recipient that never answered",
                      "relay", relay->relay, "member", row->member, NULL);
        link->suspected = true;
        snprintf(link->suspected_of, sizeof link->suspected_of, "%s", row->member);
        next_us = now_us + 1; /* until the answer comes, each second */
    }
    return next_us;
}

static int64_t watch_item(struct node *node, const struct item *item, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    if (node_is_settled(item))
        return INT64_MAX;
    if (!node_is_current(node, item, now_us))
        return now_us + CLOCK_HOUR_US; /* it expired, if the clock is right */
    for (size_t r = 0; r < item->ladder_count; r++) {
        const struct ladder_row *row = &item->ladder[r];
        if (row->state != 0 || row->promised == 0 || row->unreadable != 0)
            continue;
        int64_t due_us = suspect(node, item, row, now_us);
        next_us = due_us < next_us ? due_us : next_us;
    }
    return next_us;
}

void node_watch_promises(struct node *node, int64_t now_us)
{
    for (size_t i = 0; i < node->link_count; i++)
        node->links[i].suspected = false;
    for (struct item *item; (item = dues_first(&node->promises, now_us)) != NULL;) {
        int64_t next_us = watch_item(node, item, now_us);
        if (next_us == INT64_MAX)
            dues_end(&node->promises, &item->promise);
        else
            dues_set(&node->promises, &item->promise, next_us);
    }
}
