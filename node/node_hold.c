/* node_hold: what may only be told after its commit: events to people, answers that let a relay forget, calls of the
 * API. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "node/node_view.h"

static struct held *hold(struct node *node, uint64_t ticket, enum held_kind kind)
{
    if (node->held_count == node->held_capacity) {
        size_t capacity = node->held_capacity ? 2 * node->held_capacity : 64;
        struct held *held = malloc(capacity * sizeof *held);
        CHECK(held != NULL);
        for (size_t i = 0; i < node->held_count; i++)
            held[i] = node->held[(node->held_head + i) % node->held_capacity];
        free(node->held);
        node->held = held;
        node->held_head = 0;
        node->held_capacity = capacity;
    }
    struct held *slot = &node->held[(node->held_head + node->held_count++) % node->held_capacity];
    *slot = (struct held){.ticket = ticket, .kind = kind};
    return slot;
}

/* What a new start says anew; NULL: an act, which it does not. */
static const char *source_of(const struct node_event *event)
{
    return event->type == NODE_RELAY_STATE ? event->uplink->relay : event->type == NODE_MEMBERS_CHANGED ? "" : NULL;
}

static uint64_t note_event(struct node *node, const struct node_event *event, uint64_t *inout_ticket)
{
    const struct case_entry *entry = event->entry;
    uint64_t id = node->journal.next, ticket = *inout_ticket;
    struct jdoc *doc = node_view_event(node, event, id);
    struct buf text;
    buf_init(&text);
    buf_printf(&text, "id: %" PRIu64 "\nevent: %s\ndata: ", id, node_view_event_type(event->type));
    CHECK(jdoc_write(doc, false, &text) == OK);
    buf_add_text(&text, "\n\n");
    CHECK(!buf_broken(&text));
    jdoc_free(doc);
    const struct journal_new added = {.at_us = event->at_us,
                                      .source = source_of(event),
                                      .case_key = entry != NULL ? &entry->key : NULL,
                                      .erased = entry != NULL && entry->erased,
                                      .text = buf_text(&text)};
    journal_add(&node->journal, node->vault, &added, &ticket);
    buf_free(&text);
    *inout_ticket = ticket > *inout_ticket ? ticket : *inout_ticket;
    return id;
}

void node_hold_event(struct node *node, uint64_t ticket, const struct node_event *event)
{
    node_hook_event(node, event);
    uint64_t id = note_event(node, event, &ticket);
    struct held *held = hold(node, ticket, HELD_EVENT);
    held->event = *event;
    held->event.id = id;
    if (event->uplink != NULL) { /* the roster may change before it is told */
        held->uplink = malloc(sizeof *held->uplink);
        CHECK(held->uplink != NULL);
        *held->uplink = *event->uplink;
    }
    if (event->row != NULL)
        snprintf(held->member, sizeof held->member, "%s", event->row->member);
    if (event->relay != NULL)
        snprintf(held->relay, sizeof held->relay, "%s", event->relay->relay);
    held->event.row = NULL;
    held->event.relay = NULL;
}

void node_hold_taken(struct node *node, uint64_t ticket, const struct node_link *link, struct receipt_name name)
{
    struct held *held = hold(node, ticket, HELD_TAKEN);
    held->name = name;
    snprintf(held->relay, sizeof held->relay, "%s", link->uplink.relay);
}

void node_hold_reissue(struct node *node, uint64_t ticket, struct case_entry *entry)
{
    hold(node, ticket, HELD_REISSUE)->reissue = entry;
}

void node_when(struct node *node, uint64_t ticket, void (*fn)(void *ctx), void *ctx)
{
    struct held *held = hold(node, ticket, HELD_CALL);
    held->fn = fn;
    held->ctx = ctx;
}

void node_commit(struct node *node)
{
    journal_write(&node->journal, node->vault);
    vault_flush(node->vault);
}

static void tell_event(struct node *node, struct held *held)
{
    struct node_event *event = &held->event;
    event->uplink = held->uplink;
    if (held->member[0] != '\0' && event->item != NULL)
        event->row = item_row(event->item, held->member);
    if (held->relay[0] != '\0' && event->item != NULL)
        event->relay = item_relay(event->item, held->relay);
    journal_tell(&node->journal, event->id);
    node->io.event(node->io.ctx, event);
    free(held->uplink);
}

static void tell_taken(struct node *node, const struct held *held)
{
    struct node_link *link = node_link_named(node, held->relay);
    if (link == NULL || link->uplink.state != UPLINK_READY)
        return; /* it will ask again */
    Hotline__Taken taken = HOTLINE__TAKEN__INIT;
    ProtobufCBinaryData name = wire_bytes(slice_of(held->name.bytes, RECEIPT_NAME_BYTES));
    taken.n_names = 1;
    taken.names = &name;
    node_frame(node, link, WIRE_TAKEN, &taken.base);
}

/* Tickets only grow along the ring but for calls, which may ask for an older one: each is due by its own ticket. */
void node_release_held(struct node *node)
{
    uint64_t committed = vault_committed(node->vault);
    for (size_t left = node->held_count; left > 0 && node->held_count > 0;
         left--) { /* a call may have come here again */
        struct held held = node->held[node->held_head];
        if (held.ticket > committed)
            break;
        node->held_head = (node->held_head + 1) % node->held_capacity;
        node->held_count--;
        if (held.kind == HELD_TAKEN)
            tell_taken(node, &held);
        else if (held.kind == HELD_EVENT)
            tell_event(node, &held);
        else if (held.kind == HELD_REISSUE)
            node_reissue(node, held.reissue, node->now_us);
        else
            held.fn(held.ctx);
    }
}
