/* node_relays: one link per relay of the roster in force, and this member's own card that all of them must have. */
#include <stdlib.h>
#include <string.h>

#include "node/node_inner.h"
#include "proto/country.h"
#include "proto/failpoint.h"
#include "proto/log.h"

void node_link_event(struct node *node, struct node_link *link, enum uplink_event event, const char *reason,
                     int64_t now_us)
{
    enum uplink_state before = link->uplink.state;
    if (!uplink_step(&link->uplink, event, reason, now_us))
        return;
    if (before == UPLINK_READY) {
        outlet_again(&link->outlet, INT64_MAX);
        route_set_clear(&link->present);
    }
    struct node_event told = {.type = NODE_RELAY_STATE, .at_us = now_us, .uplink = &link->uplink};
    node_hold_event(node, vault_last(node->vault), &told);
}

void node_free_link(struct node_link *link)
{
    outlet_done(&link->outlet);
    buf_free(&link->out);
    route_set_done(&link->present);
}

static bool owes_late_grants(const struct item *item)
{
    for (size_t i = 0; i < item->ladder_count; i++) {
        const struct ladder_row *row = &item->ladder[i];
        if (row->has_grant && row->late_grant && !receipt_ends_debt(row->state))
            return true;
    }
    return false;
}

/* A new link has everything of ours to send that its relay has not accepted. Whether it has the grants that came later
 * no record says: until their recipients answer they are said again, or a kill between their commit and their sending
 * would leave them here for good. */
static int fill_link(struct node *node, struct node_link *link)
{
    int64_t now_us = node->now_us;
    for (size_t i = 0; i < node->sent_count; i++) {
        const struct item_relay *relay = item_relay(node->sent[i], link->uplink.relay);
        if (!node_is_current(node, node->sent[i], now_us))
            continue;
        if (relay == NULL || relay->state == ITEM_WAITING)
            node_queue(node, link, OUTLET_ITEM, node->sent[i]);
        else if (owes_late_grants(node->sent[i]))
            node_queue(node, link, OUTLET_GRANTS, node->sent[i]);
    }
    size_t at = 0;
    for (struct owed *owed; (owed = lookup_next(&node->owed, &at)) != NULL;) {
        for (size_t i = 0; i < owed->relay_count; i++) {
            if (strcmp(owed->relays[i], link->uplink.relay) == 0 &&
                outlet_push(&link->outlet, OUTLET_OWED, owed, 1) != OK)
                return ERR_NOMEM;
        }
    }
    return OK;
}

static int make_link(struct node *node, const Hotline__Relay *relay, int64_t now_us, struct node_link *link)
{
    uplink_init(&link->uplink, relay->id, now_us);
    outlet_init(&link->outlet);
    buf_init(&link->out);
    return route_set_init(&link->present, roster_member_count(node->directory.roster));
}

/* One link per relay of the roster; those that stay keep their state. */
int node_build_links(struct node *node, int64_t now_us)
{
    const struct roster *roster = node->directory.roster;
    size_t count = roster_relay_count(roster), old_count = node->link_count;
    struct node_link *links = calloc(count + 1, sizeof *links), *old = node->links;
    if (links == NULL)
        return ERR_NOMEM;
    bool *fresh = calloc(count + 1, sizeof *fresh);
    int result = fresh ? OK : ERR_NOMEM;
    for (size_t i = 0; result == OK && i < count; i++) {
        const Hotline__Relay *relay = roster_relay(roster, i);
        struct node_link *before = node_link_named(node, relay->id);
        fresh[i] = before == NULL;
        if (before != NULL) {
            links[i] = *before;
            memset(before, 0, sizeof *before);
            route_set_done(&links[i].present);
            result = route_set_init(&links[i].present, roster_member_count(roster));
        } else {
            result = make_link(node, relay, now_us, &links[i]);
        }
    }
    for (size_t i = 0; i < old_count; i++)
        node_free_link(&old[i]);
    free(old);
    node->links = links;
    node->link_count = count;
    for (size_t i = 0; result == OK && i < count; i++)
        result = fresh[i] ? fill_link(node, &links[i]) : OK;
    free(fresh);
    return result;
}

void node_roster_changed(struct node *node, int64_t now_us)
{
    struct log_number version;
    log_event(LOG_INFO, "roster changed", "version",
              log_number(&version, (long long)roster_version(node->directory.roster)), NULL);
    node_sign_receipts(node, now_us); /* those for one relay name it by its slot */
    node_drop_owed(node);
    CHECK(node_build_links(node, now_us) == OK);
    FAILPOINT("node-roster-changed");
    struct node_event event = {.type = NODE_ROSTER_CHANGED, .at_us = now_us};
    node_hold_event(node, vault_ticket(node->vault), &event);
    node->io.relays_changed(node->io.ctx);
}

int node_bring_roster(struct node *node, struct slice signed_roster, int64_t now_us, struct err_note *note)
{
    int result = node_follow(node, NODE_ROSTER_FILE, signed_roster, now_us, note);
    if (result != OK)
        return result;
    node_roster_changed(node, now_us);
    for (size_t i = 0; i < node->link_count; i++)
        node_link_event(node, &node->links[i], UPLINK_HELLO_WANTED, NULL, now_us);
    return OK;
}

bool node_card_stands(const struct node *node)
{
    return node->directory.has_own_card && node->directory.own_card_ticket <= vault_committed(node->vault);
}

void node_say_card(struct node *node, struct node_link *link)
{
    const struct card *own = &node->directory.own_card;
    Hotline__Cards cards = HOTLINE__CARDS__INIT;
    Hotline__SignedCard *card;
    wire_arena_clear(&node->scratch);
    if (link->uplink.state != UPLINK_READY || !node_card_stands(node) || link->card_said >= own->serial ||
        card_view(own, &node->scratch, &card) != OK)
        return;
    cards.n_cards = 1;
    cards.cards = &card;
    node_frame(node, link, WIRE_CARDS, &cards.base);
    link->card_said = own->serial;
}

/* After the commit: nobody may lock an alert for a key that a crash could take away. */
static void spread_card(void *ctx)
{
    struct node *node = ctx;
    FAILPOINT("node-card-stored");
    for (size_t i = 0; i < node->link_count; i++)
        node_say_card(node, &node->links[i]);
}

static int new_card(struct node *node, const uint8_t *subscriptions, int64_t now_us, struct err_note *note)
{
    int result =
        directory_new_card(&node->directory, subscriptions, node->settings.encryption_key_life_us, now_us, note);
    if (result == OK)
        node_when(node, node->directory.own_card_ticket, spread_card, node);
    FAILPOINT("node-card-made");
    return result;
}

void node_renew_card(struct node *node, int64_t now_us)
{
    struct err_note note = {{0}};
    struct directory *directory = &node->directory;
    if (!directory_card_is_due(directory, now_us))
        return;
    const uint8_t *subscriptions = directory->has_own_card ? directory->own_card.subscriptions :
        directory->own_serial_seen > 0                     ? directory->own_seen :
                                                             node->first_subscriptions;
    uint8_t copy[LIMIT_COUNTRIES / 8];
    memcpy(copy, subscriptions, sizeof copy);
    if (new_card(node, copy, now_us, &note) != OK)
        log_event(LOG_ERROR, "a new card cannot be made", "why", note.text, NULL);
}

int node_subscribe(struct node *node, const uint8_t subscriptions[LIMIT_COUNTRIES / 8], int64_t now_us,
                   struct err_note *note, uint64_t *ret_ticket)
{
    const Hotline__Member *self = directory_self(&node->directory);
    for (int country = 0; country < COUNTRY_COUNT; country++) {
        if (!(subscriptions[country / 8] >> (country % 8) & 1) || self == NULL || self->n_may_subscribe == 0)
            continue;
        bool allowed = false;
        for (size_t i = 0; i < self->n_may_subscribe; i++)
            allowed |= strcmp(self->may_subscribe[i], country_code(country)) == 0;
        if (!allowed)
            return err_set(note, ERR_POLICY, "the roster does not allow this member to subscribe to %s (%s)",
                           country_code(country), country_name(country));
    }
    uint8_t copy[LIMIT_COUNTRIES / 8];
    memcpy(copy, subscriptions, sizeof copy);
    *ret_ticket = vault_ticket(node->vault);
    return new_card(node, copy, now_us, note);
}
