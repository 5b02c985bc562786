/*
 * relay, what ends: envelopes, seen ids, cases and owed words whose time is over, once a minute. Costs what ends in
 * that minute, however much is held. Must never end what still orders revisions or is owed to somebody.
 */
#include "proto/log.h"
#include "relay/relay_inner.h"

/* CLOSE and RETRACT are kept until every holder has answered, 30 days beyond their time at the latest. */
static bool relay_is_over(const struct ledger_envelope *envelope, int64_t now_us)
{
    bool closing = envelope->of_case &&
        (envelope->act == HOTLINE__ACT__CODE__CLOSE || envelope->act == HOTLINE__ACT__CODE__RETRACT);

    if (envelope->expires_us > now_us)
        return false;
    return !closing || !ledger_is_unanswered(envelope) || envelope->expires_us + LIMIT_AFTERLIFE_US <= now_us;
}

static void relay_end_envelopes(struct relay *relay)
{
    struct dues *over = &relay->ledger.over_envelopes;
    struct ledger_envelope *envelope;

    while ((envelope = dues_first(over, relay->now_us))) {
        if (!relay_is_over(envelope, relay->now_us)) {
            dues_set(over, &envelope->over, relay->now_us + CLOCK_MINUTE_US); /* a closing that waits for answers */
            continue;
        }
        if (envelope->of_case)
            relay_write_case(relay, envelope->of_case);
        relay_drop_envelope(relay, envelope);
        relay->numbers.counters.expired++;
    }
}

/* The disk forgets by name what memory forgets: a search of its tables would stand in the way of every commit. */
static void relay_seen_ends(void *ctx, const struct ledger_seen *seen)
{
    spool_drop_seen(((struct relay *)ctx)->spool, ledger_seen_sender(seen), seen->key + 4);
}

static void relay_case_ends(void *ctx, const struct ledger_case *of_case)
{
    if (of_case->stored)
        spool_drop_case(((struct relay *)ctx)->spool, ledger_case_opener(of_case), of_case->key[4] != 0,
                        of_case->key + 5);
}

static void relay_owed_ends(void *ctx, const struct ledger_owed *owed)
{
    spool_drop_owed(((struct relay *)ctx)->spool, ledger_owed_owner(owed), owed->key + 4);
}

void relay_minute(struct relay *relay)
{
    const struct ledger_ends ends = {
        .seen = relay_seen_ends, .of_case = relay_case_ends, .owed = relay_owed_ends, .ctx = relay};

    relay_end_envelopes(relay);
    ledger_expire(&relay->ledger, relay->now_us, &ends);
    if (registry_refresh(&relay->registry, relay->now_us))
        log_event(LOG_WARN, "no memory to refresh the routing index", NULL);
    if (roster_is_stale(relay->registry.roster, relay->now_us))
        log_event(LOG_WARN, "the roster has expired: ask the authority for a new one", NULL);
}

void relay_clock_was_set_back(struct relay *relay)
{
    struct session *session;
    size_t at = 0;

    for (uint32_t i = 0; i < relay->member_count; i++)
        for (struct ledger_owed *owed = ledger_owner(&relay->ledger, i)->first; owed; owed = owed->after)
            owed->sent_us = 0; /* it would count as just sent until that time comes again */
    log_event(LOG_WARN, "this machine's clock was set back: all nodes are asked to greet anew", NULL);
    while ((session = session_next(&relay->sessions, &at))) {
        session->heard_us = relay->now_us;
        if (session->state == SESSION_READY && !session->cut_us)
            relay_end(relay, session, HOTLINE__GOODBYE_CODE__CODE__HELLO_FIRST, "this relay's clock was set back");
    }
}
