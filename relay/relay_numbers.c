/*
 * relay, its numbers and whether it is ready: for the console. Must never change what the relay does.
 */
#include "proto/clock.h"
#include "relay/relay_inner.h"

#define RELAY_ROSTER_WARN_US (14 * CLOCK_DAY_US)

static void relay_count_members(struct relay *relay, struct relay_counters *counters, int64_t now_us)
{
    counters->members_active = counters->members_suspended = counters->members_withdrawn = 0;
    counters->sessions = counters->owed = 0;
    for (uint32_t i = 0; i < relay->member_count; i++) {
        int standing = registry_standing(&relay->registry, registry_at(&relay->registry, i), now_us);
        counters->members_active += standing == HOTLINE__STANDING__CODE__ACTIVE;
        counters->members_suspended += standing == HOTLINE__STANDING__CODE__SUSPENDED;
        counters->members_withdrawn += standing == HOTLINE__STANDING__CODE__WITHDRAWN;
        counters->sessions += relay->members[i]->session != NULL;
        counters->owed += (int64_t)courier_count(&relay->members[i]->courier);
    }
}

const struct relay_numbers *relay_numbers(struct relay *relay, int64_t now_us)
{
    struct relay_counters *counters = &relay->numbers.counters;
    struct spool_counters spool = spool_counters(relay->spool);
    size_t whole;

    relay_count_members(relay, counters, now_us);
    counters->held = (int64_t)relay->ledger.envelope_count;
    counters->held_bytes = relay->ledger.held_bytes;
    counters->wanted = (int64_t)relay->ledger.want_count;
    counters->words_owed = (int64_t)relay->ledger.owed.count;
    counters->words_owed_bytes = relay->ledger.owed_bytes;
    counters->words_owed_most = 0;
    for (size_t i = 0; i < relay->ledger.owner_count; i++)
        if ((int64_t)relay->ledger.owners[i].owed_count > counters->words_owed_most)
            counters->words_owed_most = (int64_t)relay->ledger.owners[i].owed_count;
    counters->blobs = (int64_t)relay_blob_count(relay, &whole);
    counters->blobs_lacking = counters->blobs - (int64_t)whole;
    counters->disk_free = spool.free_bytes;
    counters->commits = (int64_t)spool.commits;
    counters->waiting = (int64_t)spool.waiting;
    counters->roster_version = (int64_t)roster_version(relay->registry.roster);
    counters->roster_expires = roster_expires_us(relay->registry.roster) / CLOCK_SECOND_US;
    return &relay->numbers;
}

void relay_notes(const struct relay *relay, int64_t now_us, struct buf *out)
{
    const struct roster *roster = relay->registry.roster;
    char age[CLOCK_TEXT_MAX];
    int64_t left_us = roster_expires_us(roster) - now_us;

    clock_format_age(left_us < 0 ? -left_us : left_us, age);
    if (left_us < 0 && !roster_is_dead(roster, now_us))
        buf_printf(out, "note: the roster expired %s ago: after 30 days nothing may be opened\n", age);
    else if (left_us >= 0 && left_us < RELAY_ROSTER_WARN_US)
        buf_printf(out, "note: the roster expires in %s\n", age);
    if (relay->fork.version == roster_version(roster))
        buf_printf(out,
                   "note: %s holds another roster of version %llu: the authority signed two, or its keys are stolen\n",
                   relay->fork.member, (unsigned long long)relay->fork.version);
}

void relay_unready(const struct relay *relay, int64_t now_us, struct buf *reasons)
{
    int64_t free_bytes = spool_counters(relay->spool).free_bytes;

    if (relay->failed)
        buf_add_text(reasons, "the store failed: the relay stops\n");
    if (relay->stopping)
        buf_add_text(reasons, "the relay stops\n");
    if (roster_is_dead(relay->registry.roster, now_us))
        buf_add_text(reasons, "the roster expired more than 30 days ago: nothing may be opened\n");
    if (free_bytes < relay->conf->disk_reserve_bytes)
        buf_printf(reasons, "%lld bytes are free on the store's disk, less than the reserve of %lld\n",
                   (long long)free_bytes, (long long)relay->conf->disk_reserve_bytes);
}
