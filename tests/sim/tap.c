/*
 * tap: what somebody who sees every wire, every screen and every disk would write down. The checker's only source.
 */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/limits.h"
#include "proto/seal.h"
#include "relay/relay_inner.h"
#include "tests/sim/sim.h"

struct history_event tap_blank(struct sim *sim, enum history_kind kind)
{
    return history_blank(kind, sim->now_us);
}

uint64_t tap_hash(const struct key_hash *hash)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | hash->bytes[i];
    return number;
}

static uint64_t hash_of(ProtobufCBinaryData data)
{
    struct key_hash hash = {{0}};
    if (data.len == KEY_HASH_BYTES)
        memcpy(hash.bytes, data.data, KEY_HASH_BYTES);
    return tap_hash(&hash);
}

uint64_t tap_case(const char *opener, bool exercise, const uint8_t case_id[KEY_UUID_BYTES])
{
    uint8_t tail[2 + KEY_UUID_BYTES] = {0, exercise ? 2 : 1};
    memcpy(tail + 2, case_id, KEY_UUID_BYTES);
    struct key_hash hash = seal_hash2(slice_text(opener), slice_of(tail, sizeof tail));
    return tap_hash(&hash);
}

static uint64_t digest_of(const struct item *item)
{
    struct buf bytes;
    if (item_content(item) == NULL || item->erased)
        return 0;
    buf_init(&bytes);
    wire_pack(&item_content(item)->base, &bytes);
    struct key_hash hash = seal_hash(buf_slice(&bytes));
    buf_free(&bytes);
    return tap_hash(&hash);
}

static struct history_event about_item(struct sim *sim, enum history_kind kind, const struct item *item)
{
    struct history_event event = tap_blank(sim, kind);
    const Hotline__EnvelopeHeader *header = item->header;
    event.hash = tap_hash(&item->hash);
    event.of = (uint8_t)header->kind;
    event.act = header->kind == HOTLINE__KIND__CODE__CASE ? (uint8_t)header->act : 0;
    event.revision = header->revision;
    event.exercise = header->status == HOTLINE__STATUS__CODE__EXERCISE;
    if (header->case_name != NULL)
        event.of_case = tap_case(header->case_name->opener, event.exercise, header->case_name->case_id.data);
    event.digest = digest_of(item);
    return event;
}

/* --- wires --- */

static bool is_sign_of_life(uint8_t type)
{
    return type == WIRE_PULSE || type == WIRE_HELLO || type == WIRE_WELCOME || type == WIRE_PRESENCE ||
        type == WIRE_CARDS || type == WIRE_ROSTERS || type == WIRE_GOODBYE || type == WIRE_PENDING;
}

static void search_canary(struct sim *sim, struct slice bytes, const char *where)
{
    static const char canary[] = SIM_CANARY;
    const uint8_t *at = bytes.data, *end = bytes.data + bytes.len;
    while ((size_t)(end - at) >= sizeof canary - 1) {
        at = memchr(at, canary[0], (size_t)(end - at) - sizeof canary + 2);
        if (at == NULL)
            return;
        if (memcmp(at, canary, sizeof canary - 1) == 0) {
            struct history_event event = tap_blank(sim, HISTORY_CANARY);
            event.text = where;
            history_add(&sim->history, event);
            return;
        }
        at++;
    }
}

static void *unpack(struct sim *sim, const ProtobufCMessageDescriptor *descriptor, struct slice bytes)
{
    ProtobufCMessage *message = NULL;
    return wire_unpack(descriptor, bytes, &sim->arena, NULL, &message) == OK ? message : NULL;
}

static void see_receipts(struct sim_node *node, const struct wire_frame *frame)
{
    struct sim *sim = node->p.sim;
    wire_arena_clear(&sim->arena);
    Hotline__Receipts *receipts = unpack(sim, &hotline__receipts__descriptor, frame->body);
    CHECK(receipts != NULL);
    Hotline__ReceiptBatch *batch =
        unpack(sim, &hotline__receipt_batch__descriptor, wire_slice(receipts->receipts->batch));
    CHECK(batch != NULL);
    for (size_t i = 0; i < batch->n_receipts; i++) {
        struct history_event event = tap_blank(sim, HISTORY_RECEIPT);
        event.node = node->p.name;
        event.hash = hash_of(batch->receipts[i]->envelope_hash);
        event.state = (uint8_t)batch->receipts[i]->state;
        history_add(&sim->history, event);
    }
}

/* Only what is new of its own: a node brings others' cards, too. */
static void see_card(struct sim_node *node, const Hotline__SignedCard *signed_card)
{
    struct sim *sim = node->p.sim;
    const Hotline__Card *card =
        signed_card != NULL ? unpack(sim, &hotline__card__descriptor, wire_slice(signed_card->card)) : NULL;
    struct history_event event = tap_blank(sim, HISTORY_SUBSCRIBES);
    char list[3 * LIMIT_COUNTRIES + 1] = "";
    if (card == NULL || strcmp(wire_text(card->member), node->p.id) != 0 || card->serial == node->card_said)
        return;
    node->card_said = card->serial;
    for (size_t i = 0; i < card->n_subscriptions; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? "," : "", card->subscriptions[i]);
    event.node = node->p.name;
    event.text = list;
    history_add(&sim->history, event);
}

static void see_cards(struct sim_node *node, const struct wire_frame *frame)
{
    struct sim *sim = node->p.sim;
    wire_arena_clear(&sim->arena);
    if (frame->type == WIRE_HELLO) {
        const Hotline__Hello *hello = unpack(sim, &hotline__hello__descriptor, frame->body);
        CHECK(hello != NULL);
        see_card(node, hello->card);
        return;
    }
    const Hotline__Cards *cards = unpack(sim, &hotline__cards__descriptor, frame->body);
    CHECK(cards != NULL);
    for (size_t i = 0; i < cards->n_cards; i++)
        see_card(node, cards->cards[i]);
}

/* By the roster that it says to have. */
static void see_grants(struct sim_node *node, uint64_t hash, Hotline__Grant *const *grants, size_t count)
{
    struct sim *sim = node->p.sim;
    struct history_event event = tap_blank(sim, HISTORY_GRANTED);
    event.hash = hash;
    event.revision = (uint32_t)roster_version(node->node->directory.roster);
    for (size_t i = 0; i < count; i++)
        event.names |= UINT64_C(1) << history_name(&sim->history, grants[i]->member);
    if (event.names != 0)
        history_add(&sim->history, event);
}

static void see_publish(struct sim_node *node, const struct wire_frame *frame)
{
    struct sim *sim = node->p.sim;
    wire_arena_clear(&sim->arena);
    if (frame->type == WIRE_GRANTS) {
        Hotline__Grants *grants = unpack(sim, &hotline__grants__descriptor, frame->body);
        CHECK(grants != NULL);
        see_grants(node, hash_of(grants->envelope_hash), grants->grants, grants->n_grants);
        struct history_event event = tap_blank(sim, HISTORY_NOT_ROUTED);
        event.hash = hash_of(grants->envelope_hash);
        for (size_t i = 0; i < grants->n_not_routed; i++)
            event.names |= UINT64_C(1) << history_name(&sim->history, grants->not_routed[i]);
        if (event.names != 0)
            history_add(&sim->history, event);
        return;
    }
    Hotline__Publish *publish = unpack(sim, &hotline__publish__descriptor, frame->body);
    CHECK(publish != NULL);
    const Hotline__Envelope *envelope = publish->envelope;
    struct key_hash body = seal_hash(wire_slice(envelope->body));
    struct key_hash hash = seal_hash2(wire_slice(envelope->header), slice_of(body.bytes, sizeof body.bytes));
    see_grants(node, tap_hash(&hash), envelope->grants, envelope->n_grants);
}

/* What this number carries for this recipient, on the sender's disk: the newest of that case; NULL nothing. */
static const struct item *numbered(const struct node *node, const char *recipient, uint64_t number)
{
    const struct item *newest = NULL;
    size_t at = 0;
    for (const struct item *item; (item = lookup_next(&node->items, &at)) != NULL;) {
        const struct ladder_row *row = item->mine ? item_row(item, recipient) : NULL;
        if (row != NULL && row->has_grant && row->grant.sequence == number && node_is_of_store(node, item) &&
            (newest == NULL || item->header->revision > newest->header->revision))
            newest = item;
    }
    return newest;
}

static void see_gap_answer(struct sim_node *node, const struct wire_frame *frame)
{
    struct sim *sim = node->p.sim;
    struct key_uuid store_id;
    wire_arena_clear(&sim->arena);
    const Hotline__GapAnswer *answer = unpack(sim, &hotline__gap_answer__descriptor, frame->body);
    CHECK(answer != NULL && key_uuid_from(wire_slice(answer->store_id), &store_id) == OK);
    bool ours = key_uuid_equal(&store_id, vault_store_id(node->node->vault));
    for (size_t i = 0; i < answer->n_voided; i++) {
        const struct item *item = ours ? numbered(node->node, answer->recipient, answer->voided[i]) : NULL;
        struct history_event event = tap_blank(sim, HISTORY_VOIDED);
        event.node = node->p.name;
        event.member = history_name(&sim->history, answer->recipient);
        event.revision = (uint32_t)answer->voided[i];
        event.hash = item != NULL ? tap_hash(&item->hash) : 0;
        history_add(&sim->history, event);
    }
}

/* to: NULL for a node's, which says the same to the relay of the link. */
static void note_frame(struct sim *sim, uint8_t type, const char *from, const char *to)
{
    sim->stats.frames++;
    if (!is_sign_of_life(type))
        sim->moved_us = sim->now_us - sim->skipped_us;
    if (sim->shape.verbose)
        fprintf(stderr, "%lld %s%s%s %s\n", (long long)(sim->now_us - SIM_START_US), from, to != NULL ? " to " : "",
                to != NULL ? to : "", wire_name(type));
}

static void end_after(struct sim_process *process, uint8_t type)
{
    if (process->end_on_frame == type && type != 0)
        disk_end(process->disk, process->end_on_frame_how);
}

void tap_from_node(struct sim_node *node, struct slice bytes)
{
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    search_canary(node->p.sim, bytes, "a wire from a node");
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        note_frame(node->p.sim, frame.type, node->p.id, NULL);
        node->p.sim->stats.gaps += frame.type == WIRE_GAP;
        if (frame.type == WIRE_RECEIPTS)
            see_receipts(node, &frame);
        else if (frame.type == WIRE_PUBLISH || frame.type == WIRE_GRANTS)
            see_publish(node, &frame);
        else if (frame.type == WIRE_HELLO || frame.type == WIRE_CARDS)
            see_cards(node, &frame);
        else if (frame.type == WIRE_GAP_ANSWER)
            see_gap_answer(node, &frame);
        end_after(&node->p, frame.type);
    }
}

static Hotline__AcceptedBatch *accepted_batch(struct sim *sim, const struct wire_frame *frame, bool verified)
{
    Hotline__AcceptedBatch *batch = NULL;
    wire_arena_clear(&sim->arena);
    Hotline__Accepted *accepted = unpack(sim, &hotline__accepted__descriptor, frame->body);
    if (accepted == NULL)
        return NULL;
    if (verified)
        return receipt_verify_accepted(accepted->accepted, sim->roster, &sim->arena, &batch) == OK ? batch : NULL;
    return unpack(sim, &hotline__accepted_batch__descriptor, wire_slice(accepted->accepted->batch));
}

/* For whoever follows a run by eye: SIM --verbose. */
static void tell_refused(struct sim_relay *relay, const struct wire_frame *frame, unsigned node)
{
    struct sim *sim = relay->p.sim;
    wire_arena_clear(&sim->arena);
    Hotline__Refused *refused = unpack(sim, &hotline__refused__descriptor, frame->body);
    if (refused != NULL)
        fprintf(stderr, "%s refuses %s %016llx: %s\n", relay->p.id, sim->nodes[node].p.id,
                (unsigned long long)hash_of(refused->envelope_hash), refused->reason ? refused->reason : "");
}

void tap_from_relay(struct sim_relay *relay, struct slice bytes, unsigned node)
{
    struct sim *sim = relay->p.sim;
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    search_canary(sim, bytes, "a wire from a relay");
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        note_frame(sim, frame.type, relay->p.id, sim->nodes[node].p.id);
        if (sim->shape.verbose && frame.type == WIRE_REFUSED)
            tell_refused(relay, &frame, node);
        Hotline__AcceptedBatch *batch = frame.type == WIRE_ACCEPTED ? accepted_batch(sim, &frame, false) : NULL;
        for (size_t i = 0; batch != NULL && i < batch->n_acceptances; i++) {
            struct history_event event = tap_blank(sim, HISTORY_PROMISED);
            event.node = sim->nodes[node].p.name;
            event.relay = relay->p.name;
            event.hash = hash_of(batch->acceptances[i]->envelope_hash);
            history_add(&sim->history, event);
        }
        end_after(&relay->p, frame.type);
    }
}

void tap_to_node(struct sim_node *node, unsigned relay, struct slice bytes)
{
    struct sim *sim = node->p.sim;
    struct cursor cursor = cursor_of(bytes);
    struct wire_frame frame;
    while (!cursor_at_end(&cursor) && wire_next(&cursor, &frame) == OK) {
        Hotline__AcceptedBatch *batch = frame.type == WIRE_ACCEPTED ? accepted_batch(sim, &frame, true) : NULL;
        if (batch == NULL || strcmp(batch->sender, node->p.id) != 0 ||
            strcmp(batch->relay, sim->relays[relay].p.id) != 0)
            continue;
        for (size_t i = 0; i < batch->n_acceptances; i++) {
            const Hotline__Acceptance *acceptance = batch->acceptances[i];
            struct history_event event = tap_blank(sim, HISTORY_ACCEPTED);
            event.node = node->p.name;
            event.relay = sim->relays[relay].p.name;
            event.hash = hash_of(acceptance->envelope_hash);
            for (size_t g = 0; g < acceptance->n_granted; g++)
                event.names |= UINT64_C(1) << history_name(&sim->history, acceptance->granted[g]);
            history_add(&sim->history, event);
        }
    }
}

/* --- screens --- */

void tap_event(struct sim_node *node, const struct node_event *told)
{
    struct sim *sim = node->p.sim;
    struct history_event event;
    switch (told->type) {
    case NODE_CASE_RECEIVED:
    case NODE_CASE_UPDATED:
    case NODE_CASE_CLOSED:
    case NODE_CASE_RETRACTED:
    case NODE_REPLY_RECEIVED:
    case NODE_REFERRAL_RECEIVED:
        event = about_item(sim, HISTORY_VIEW, told->item);
        event.node = node->p.name;
        event.member = history_name(&sim->history, told->item->header->sender);
        break;
    case NODE_LADDER_CHANGED:
        event = tap_blank(sim, HISTORY_LADDER);
        event.node = node->p.name;
        event.member = history_name(&sim->history, told->row->member);
        event.hash = tap_hash(&told->item->hash);
        event.state = (uint8_t)told->state;
        break;
    case NODE_RELAY_ACCEPTED:
        event = tap_blank(sim, HISTORY_TOLD);
        event.node = node->p.name;
        event.relay = history_name(&sim->history, told->relay->relay);
        event.hash = tap_hash(&told->item->hash);
        break;
    default:
        return;
    }
    history_add(&sim->history, event);
}

static void say_route(struct sim_node *node, const struct item *item)
{
    struct sim *sim = node->p.sim;
    const Hotline__Route *route = item->header->route;
    struct history_event event = tap_blank(sim, HISTORY_ROUTE);
    char list[3 * LIMIT_COUNTRIES + 1] = "";
    event.node = node->p.name;
    event.hash = tap_hash(&item->hash);
    event.state = route->restricted;
    event.revision = (uint32_t)item->header->roster_version;
    for (size_t i = 0; i < route->n_members; i++)
        event.names |= UINT64_C(1) << history_name(&sim->history, route->members[i]);
    for (size_t i = 0; i < route->n_audience; i++)
        event.act |= (uint8_t)(1u << route->audience[i]);
    if (route->n_audience == 0)
        event.act = 1u << HOTLINE__ROLE__CODE__HOTLINE;
    for (size_t i = 0; i < route->n_countries; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? "," : "", route->countries[i]);
    event.text = list;
    history_add(&sim->history, event);
}

void tap_intent(struct sim_node *node, const struct item *item)
{
    struct history_event event = about_item(node->p.sim, HISTORY_INTENT, item);
    event.node = node->p.name;
    event.until_us = item->header->expires_at_us;
    for (size_t i = 0; i < item->ladder_count; i++)
        if (item->ladder[i].has_grant)
            event.names |= UINT64_C(1) << history_name(&node->p.sim->history, item->ladder[i].member);
    history_add(&node->p.sim->history, event);
    say_route(node, item);
}

/* --- stores --- */

static void say_item(struct sim_node *node, const struct item *item)
{
    struct sim *sim = node->p.sim;
    struct history_event event = about_item(sim, item->mine ? HISTORY_OWNS : HISTORY_HOLDS, item);
    event.node = node->p.name;
    event.state = item->erased;
    history_add(&sim->history, event);
    for (size_t i = 0; item->mine && i < item->ladder_count; i++) {
        struct history_event rung = tap_blank(sim, HISTORY_LADDER);
        rung.node = node->p.name;
        rung.member = history_name(&sim->history, item->ladder[i].member);
        rung.hash = event.hash;
        rung.state = (uint8_t)item->ladder[i].state;
        if (rung.state != 0)
            history_add(&sim->history, rung);
    }
}

void tap_look(struct sim_node *node)
{
    const struct cases *cases = node_cases(node->node);
    size_t at = 0;
    for (size_t i = 0; i < cases->count; i++) {
        struct history_event event = tap_blank(node->p.sim, HISTORY_ERASED);
        const struct case_entry *entry = cases->order[i];
        event.node = node->p.name;
        event.of_case = tap_case(entry->opener, entry->exercise, entry->case_id);
        if (entry->erased)
            history_add(&node->p.sim->history, event);
    }
    for (const struct item *item; (item = lookup_next(&node->node->items, &at)) != NULL;)
        if (item->ticket <= vault_committed(node_vault(node->node)))
            say_item(node, item);
}

void tap_node_started(struct sim_node *node)
{
    struct sim *sim = node->p.sim;
    struct history_event event = tap_blank(sim, HISTORY_START);
    event.node = node->p.name;
    event.state = (uint8_t)node->p.started_from;
    history_add(&sim->history, event);
    tap_look(node);
    event.kind = HISTORY_LOADED;
    history_add(&sim->history, event);
}

void tap_relay_started(struct sim_relay *relay)
{
    struct sim *sim = relay->p.sim;
    struct history_event event = tap_blank(sim, HISTORY_RELAY_START);
    event.relay = relay->p.name;
    event.state = (uint8_t)relay->p.started_from;
    history_add(&sim->history, event);
    event.kind = HISTORY_RELAY_HOLDS;
    for (const struct ledger_envelope *row = relay->relay->ledger.oldest; row != NULL; row = row->newer) {
        event.hash = tap_hash(&row->hash);
        history_add(&sim->history, event);
    }
    event.hash = 0;
    event.kind = HISTORY_RELAY_LOADED;
    history_add(&sim->history, event);
}

/* --- disks --- */

#define DISK_MIB 64  /* of one process in a run: far above what some hundred cases need */
#define HEAP_MIB 160 /* of one core at its most, in its last life; 97 of it are tables with room up to their limits */

static void say_size(struct sim *sim, const struct sim_process *process, const char *what, int64_t bytes, uint8_t mib)
{
    char text[80];
    struct history_event event = tap_blank(sim, HISTORY_SIZE);
    snprintf(text, sizeof text, "%s: %s", process->id, what);
    event.text = text;
    event.state = mib;
    event.until_us = bytes;
    history_add(&sim->history, event);
}

void tap_sizes(struct sim *sim)
{
    for (unsigned i = 0; i < proc_count(sim); i++) {
        const struct sim_process *process = proc_at(sim, i);
        say_size(sim, process, "disk", (int64_t)disk_bytes(process->disk), DISK_MIB);
        say_size(sim, process, "heap", process->memory.most_bytes, HEAP_MIB);
        if (disk_contains(process->disk, slice_text(SIM_CANARY))) {
            struct history_event event = tap_blank(sim, HISTORY_CANARY);
            event.text = process->id;
            history_add(&sim->history, event);
        }
    }
}
