/*
 * relay, its life: made from its store and its first roster, given another configuration, freed.
 * A start that failed must leave no trace in the store.
 */
#include "proto/log.h"
#include "relay/relay_inner.h"

static int relay_check_keys(const struct relay *relay, struct err_note *note)
{
    const struct roster *roster = relay->registry.roster;
    unsigned long long version = (unsigned long long)roster_version(roster);
    size_t place = roster_find_relay(roster, relay->conf->relay);
    const Hotline__Relay *entry;

    if (place == ROSTER_NONE)
        return err_set(note, ERR_KEY, "%s: not on roster version %llu", relay->conf->relay, version);
    entry = roster_relay(roster, place);
    if (relay->keys->kind != KEY_RELAY || strcmp(relay->keys->id, relay->conf->relay) != 0)
        return err_set(note, ERR_KEY, "%s: the key in %s belongs to %s", relay->conf->relay, relay->conf->key,
                       relay->keys->id);
    if (key_set_match(relay->keys, wire_slice(entry->identity_key), wire_slice(entry->transport_key)))
        return err_set(note, ERR_KEY, "%s: the key in %s is not the one on roster version %llu", relay->conf->relay,
                       relay->conf->key, version);
    return OK;
}

static int relay_prepare(struct relay *relay)
{
    int error = wire_arena_init(&relay->arena);

    if (!error)
        error = wire_arena_init(&relay->work);
    if (!error)
        error = wire_arena_init(&relay->build);
    return error;
}

/* The first roster comes from the file by the configured trust, each later one by the one before. */
static int relay_take_seed(struct relay *relay, const struct relay_setup *setup, struct err_note *note)
{
    struct roster *roster;
    int error;

    if (relay->registry.roster) {
        struct err_note why = {{0}};
        error = setup->seed.len > 0 ? relay_offer_roster(relay, setup->seed, setup->now_us, &why) : OK;
        if (error)
            log_event(LOG_ERROR, "the configured roster is not taken, the stored one stays", "why",
                      err_explain(&why, error), NULL);
        return OK;
    }
    if (setup->seed.len == 0)
        return err_set(note, ERR_CONFIG, "roster: no roster is stored yet, and the file is empty");
    error = roster_verify(setup->seed, setup->trust, note, &roster);
    return error ? error : relay_adopt(relay, roster);
}

int relay_new(const struct relay_setup *setup, struct err_note *note, struct relay **ret_relay)
{
    struct relay *relay = calloc(1, sizeof *relay);
    int error;

    if (!relay) {
        spool_close(setup->spool);
        return ERR_NOMEM;
    }
    relay->conf = setup->conf;
    relay->keys = setup->keys;
    relay->io = setup->io;
    relay->spool = setup->spool;
    relay->now_us = setup->now_us;
    relay->minute_us = setup->now_us;
    registry_init(&relay->registry);
    ledger_init(&relay->ledger);
    parcel_cache_init(&relay->cache, PARCEL_CACHE_BYTES);
    session_table_init(&relay->sessions);
    relay_blobs_init(&relay->blobs);
    lookup_init(&relay->reading, offsetof(struct relay_reading, number), sizeof(uint64_t));
    buf_init(&relay->out);
    error = relay_prepare(relay);
    if (!error)
        error = relay_load(relay, note);
    if (!error)
        error = relay_watch_spool(relay, setup->loop);
    if (!error)
        spool_expire(relay->spool, setup->now_us);
    if (!error)
        error = relay_take_seed(relay, setup, note);
    if (!error)
        error = relay_check_keys(relay, note);
    if (error) {
        spool_abandon(relay->spool); /* a start that failed leaves no trace */
        relay_free(relay);
        return error;
    }
    relay->io.admit(relay->io.ctx, relay->registry.roster);
    relay_sweep_all(relay);
    relay_settle(relay);
    *ret_relay = relay;
    return OK;
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    relay->failed = true; /* what comes in while the store closes is for nobody */
    spool_close(relay->spool);
    relay_readings_done(relay);
    relay_hold_done(relay);
    for (size_t i = 0; i < relay->member_count; i++) {
        courier_done(&relay->members[i]->courier);
        free(relay->members[i]->pendings);
        free(relay->members[i]);
    }
    free(relay->members);
    session_table_done(&relay->sessions);
    relay_blobs_done(&relay->blobs);
    parcel_cache_done(&relay->cache);
    ledger_done(&relay->ledger);
    registry_done(&relay->registry);
    wire_arena_done(&relay->arena);
    wire_arena_done(&relay->work);
    wire_arena_done(&relay->build);
    buf_free(&relay->out);
    free(relay);
}

void relay_reconfigure(struct relay *relay, const struct relay_conf *conf)
{
    relay->conf = conf;
    for (size_t i = 0; i < relay->member_count; i++) {
        relay->members[i]->courier.window_messages = conf->limits.credit_messages;
        relay->members[i]->courier.window_bytes = conf->limits.credit_bytes;
    }
}

const struct roster *relay_roster(const struct relay *relay)
{
    return relay->registry.roster;
}
