/*
 * checker_lost: the definition of "nothing lost", word by word.
 *
 * Every alert for which the publisher was told accepted (its own commit, and Accepted by min(2, relays) relays), or a
 * newer revision of its case, is in the view of each recipient that the relays named, which still holds its key, stays
 * accredited and was connected, before the alert expired, for 30 s in all to an honest relay that had the alert or
 * could still be given it by the publisher. And after the faults stopped, all agree: what holds, whatever was lost
 * before, as long as the publisher has it and it is current.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/checker_inner.h"

#define CONNECTED_US INT64_C(30000000)

static const char *name(const struct checker *checker, uint8_t number)
{
    return number < checker->history->name_count ? checker->history->names[number] : "nobody";
}

/* In its view, or a newer revision of its case, or its case is erased there. */
static bool store_has(struct checker *checker, const struct alert *alert, uint8_t store)
{
    const struct copy *copy = table_row(&checker->copies, alert->hash, store, false);
    const struct case_at *at = table_row(&checker->cases, alert->intent.of_case, store, false);
    if (copy != NULL && copy->held)
        return true;
    if (alert->intent.of != 1)
        return (at != NULL && at->erased) || checker_is_replaced(checker, &alert->intent, store);
    return at != NULL && (at->held >= alert->intent.revision || at->erased_to >= alert->intent.revision);
}

static bool has(struct checker *checker, const struct alert *alert, uint8_t member)
{
    for (uint8_t store = 0; store < checker->history->name_count; store++)
        if (checker->member_of[store] == member && store_has(checker, alert, store))
            return true;
    return false;
}

/* Who could hand the alert to one member, as the history goes on. */
struct ways {
    bool granted;  /* its publisher means it for this member */
    bool may_give; /* whoever is suspended opens no case: a relay that lost its disk takes no OPEN from it any more */
    bool given[HISTORY_NAMES]; /* the publisher is connected to this relay */
    bool kept[HISTORY_NAMES];  /* this relay has it, with a grant for the member */
    int up[HISTORY_NAMES];     /* stores of the member there: one, but for a clone's */
};

static bool has_way(const struct checker *checker, const struct ways *ways)
{
    for (unsigned r = 0; r < HISTORY_NAMES && ways->granted; r++)
        if (ways->up[r] > 0 && !checker->hostile_relay[r] && (ways->kept[r] || (ways->may_give && ways->given[r])))
            return true;
    return false;
}

static void follow(const struct checker *checker, const struct alert *alert, uint8_t member,
                   const struct history_event *event, struct ways *ways)
{
    const struct history_event *intent = &alert->intent;
    bool this_one = event->hash == intent->hash, named = this_one && event->names >> member & 1;
    bool from_begin = intent->names >> member & 1; /* the grant is a part of what relays took, then */
    switch (event->kind) {
    case HISTORY_INTENT:
    case HISTORY_GRANTED:
        ways->granted |= named;
        break;
    case HISTORY_ACCEPTED:
        ways->kept[event->relay] |= named || (this_one && from_begin);
        break;
    case HISTORY_RELAY_START:
        ways->kept[event->relay] &= event->state == 0;
        break;
    case HISTORY_RELAY_HOLDS: /* an old copy of its store, too */
        ways->kept[event->relay] |= this_one && from_begin;
        break;
    case HISTORY_MEMBER:
        if (event->node == checker->member_of[intent->node])
            ways->may_give = event->state == 1 || (event->state == 2 && intent->act != 1);
        break;
    case HISTORY_LINK:
        if (checker->member_of[event->node] == member)
            ways->up[event->relay] += event->state == 1 ? 1 : -1;
        if (event->node == intent->node)
            ways->given[event->relay] = event->state == 1;
        break;
    default:
        break;
    }
}

/* Time in [from, to] that the member was connected to an honest relay that had the alert or could be given it. */
static int64_t connected_us(const struct checker *checker, const struct alert *alert, uint8_t member, int64_t from_us,
                            int64_t to_us)
{
    struct ways ways = {.may_give = true};
    int64_t sum_us = 0, last_us = from_us;
    for (size_t i = 0; i < checker->history->count; i++) {
        const struct history_event *event = &checker->history->events[i];
        int64_t at_us = event->at_us < from_us ? from_us : event->at_us > to_us ? to_us : event->at_us;
        sum_us += has_way(checker, &ways) ? at_us - last_us : 0;
        last_us = at_us;
        follow(checker, alert, member, event, &ways);
    }
    return sum_us;
}

static void check_recipient(struct checker *checker, const struct alert *alert, uint8_t member)
{
    const struct history_event *intent = &alert->intent;
    if (checker->was_withdrawn[member] || member == checker->member_of[intent->node])
        return;
    checker->report.owed++;
    if (has(checker, alert, member))
        return;
    const struct rung *rung = checker_rung(checker, alert->hash, intent->node, member, false);
    int64_t until_us = intent->until_us < checker->end_us ? intent->until_us : checker->end_us;
    bool lost_key = checker->store_lost_us[member] > intent->at_us;
    if (lost_key && rung != NULL && rung->state == 5)
        return; /* its end came there before its disk was lost, and the publisher knows */
    if (lost_key) {
        /* It lost its key: only what is current, from a publisher that is there and has not erased it, can come again,
         * and only to whom it concerns still (subscriptions change). */
        const struct copy *own = table_row(&checker->copies, alert->hash, intent->node, false);
        /* A reply or a referral that it answered is over: its publisher offers it to nobody any more. */
        if (intent->of != 1 && rung != NULL && rung->state != 0)
            return;
        if (intent->until_us <= checker->end_us || !checker_is_newest(checker, alert) || own == NULL || !own->owned ||
            own->erased || checker->was_withdrawn[intent->node] || alert->not_routed >> member & 1)
            return;
    }
    int64_t from_us = lost_key ? checker->store_lost_us[member] : alert->accepted_at_us;
    int64_t time_us = connected_us(checker, alert, member, from_us, until_us);
    if (time_us >= CONNECTED_US)
        checker_violation(checker, intent,
                          "LOST: %s accepted, named %s, which was connected for %" PRId64 " s and has it not",
                          name(checker, intent->node), name(checker, member), time_us / 1000000);
}

/* One store of the publisher's has the recipient's answer. */
static bool knows(struct checker *checker, const struct alert *alert, uint8_t member)
{
    uint8_t publisher = checker->member_of[alert->intent.node];
    for (uint8_t store = 0; store < checker->history->name_count; store++) {
        const struct rung *rung =
            checker->member_of[store] == publisher ? checker_rung(checker, alert->hash, store, member, false) : NULL;
        if (rung != NULL && rung->state != 0)
            return true;
    }
    return false;
}

/* No honest relay has the store that it had then. */
static bool relays_lost(const struct checker *checker, int64_t since_us)
{
    for (unsigned r = 0; r < HISTORY_NAMES; r++)
        if (checker->is_relay[r] && !checker->hostile_relay[r] && checker->relay_lost_us[r] < since_us)
            return false;
    return true;
}

/* Whoever has it has answered, and the publisher knows. A relay that took an answer and lost its disk is given the
 * alert again, and so is the answer; not that of a revision that a newer one replaced. */
static void check_receipt(struct checker *checker, const struct alert *alert, uint8_t store)
{
    uint8_t member = checker->member_of[store];
    const struct copy *copy = table_row(&checker->copies, alert->hash, store, false);
    const struct copy *own = table_row(&checker->copies, alert->hash, alert->intent.node, false);
    if (copy == NULL || !copy->held || copy->erased || own == NULL || !own->held || own->erased ||
        checker->was_withdrawn[member] || checker->was_withdrawn[alert->intent.node] ||
        checker->store_lost_us[alert->intent.node] > alert->intent.at_us)
        return;
    if (!knows(checker, alert, member) &&
        !(relays_lost(checker, alert->intent.at_us) && !checker_is_newest(checker, alert)))
        checker_violation(checker, &alert->intent, "%s has it, and %s does not know, though all is well again",
                          name(checker, member), name(checker, alert->intent.node));
}

void checker_end(struct checker *checker)
{
    for (size_t i = 0; i < checker->alerts.count; i++) {
        struct alert *alert = (struct alert *)(void *)(checker->alerts.rows + i * sizeof *alert);
        if (alert->intent.hash == 0 || alert->hostile)
            continue;
        checker_check_routed(checker, alert);
        for (uint8_t member = 0; member < checker->history->name_count; member++) { /* or another store of one */
            /* A hostile relay names whom it likes. */
            if (alert->accepted_at_us != 0 && (alert->accepted & alert->granted) >> member & 1)
                check_recipient(checker, alert, member);
            if (checker->member_of[member] != checker->member_of[alert->intent.node])
                check_receipt(checker, alert, member);
        }
    }
}
