/*
 * relay - the orchestrator: frame -> session -> router -> ledger and spool -> courier -> frame.
 *
 * Memory decides, the disk follows, nothing leaves before its write. Each event is decided in memory at once; its
 * writes go to the spool in one piece; every answer that lets a peer forget (Accepted, Taken) is held until the commit
 * of all that was submitted before it. A connected recipient gets Deliver at once, in parallel with the commit: it
 * cannot hurt, since the publisher offers again until receipts and recipients drop what they have. A failed commit ends
 * the process.
 *
 * Usable without sockets, threads or a clock: a simulator makes many in one process. Everything runs on one thread.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "proto/metric.h"
#include "proto/roster.h"
#include "relay/relay_conf.h"
#include "relay/session.h"
#include "relay/spool.h"

struct relay;

/* What the relay needs of the world. */
struct relay_io {
    /* One or more whole frames for this connection (borrowed for the call). An error means that it was not taken: the
     * relay sends again what is owed, later. */
    int (*send)(void *ctx, const struct session_peer *peer, struct slice frames);
    /* Ends the connection. */
    void (*cut)(void *ctx, const struct session_peer *peer);
    /* The roster changed: who may connect from now on. At the first roster too. */
    void (*admit)(void *ctx, const struct roster *roster);
    /* The store failed, or memory ran out half-way: the process must stop. */
    void (*failed)(void *ctx, int error, const char *text);
    /* The wall clock, for what commits bring. */
    int64_t (*now)(void *ctx);
    void *ctx;
};

struct relay_setup {
    const struct relay_conf *conf;    /* borrowed; relay_reconfigure() replaces it */
    struct key_set *keys;             /* borrowed; this relay's: its generation follows the roster at the start */
    const struct roster_trust *trust; /* whose signatures count at the first start */
    struct slice seed;                /* the configured roster file, or empty */
    struct spool *spool;              /* opened, not started; taken, also on failure */
    struct uv_loop_s *loop;           /* NULL: commits happen in relay_step() */
    struct relay_io io;
    int64_t now_us;
};

#define RELAY_METRICS(X)                                                                                               \
    X(accepted, COUNTER, "hotline_relay_accepted_total", "Envelopes taken, durable and answered by Accepted.")         \
    X(duplicates, COUNTER, "hotline_relay_duplicates_total", "Envelopes published again with the same content.")       \
    X(superseded, COUNTER, "hotline_relay_superseded_total", "Revisions that came after a newer one of their case.")   \
    X(delivered, COUNTER, "hotline_relay_delivered_total", "Deliver frames sent.")                                     \
    X(resent, COUNTER, "hotline_relay_resent_total", "Deliveries not answered in time and queued again.")              \
    X(receipts, COUNTER, "hotline_relay_receipts_total", "Receipts taken.")                                            \
    X(unreadable, COUNTER, "hotline_relay_unreadable_total", "Deliveries that a recipient could not read.")            \
    X(grants_late, COUNTER, "hotline_relay_grants_late_total", "Grants that came after their envelope.")               \
    X(malformed, COUNTER, "hotline_relay_malformed_total", "Frames that did not parse.")                               \
    X(not_permitted, COUNTER, "hotline_relay_not_permitted_total",                                                     \
      "Frames that their session's state does not permit.")                                                            \
    X(disputes, COUNTER, "hotline_relay_disputes_total", "Second contents published under one id, kept as evidence.")  \
    X(expired, COUNTER, "hotline_relay_expired_total",                                                                 \
      "Envelopes whose ciphertext was deleted when their time was over.")                                              \
    X(disk_reads, COUNTER, "hotline_relay_parcel_reads_total", "Bodies that had to be read from the disk.")            \
    X(sessions, GAUGE, "hotline_relay_sessions", "Connections that have a session in state READY.")                    \
    X(members_active, GAUGE, "hotline_relay_members_active", "Members on the roster in good standing.")                \
    X(members_suspended, GAUGE, "hotline_relay_members_suspended", "Members on the roster that may open nothing.")     \
    X(members_withdrawn, GAUGE, "hotline_relay_members_withdrawn", "Members on the roster that are cut off.")          \
    X(held, GAUGE, "hotline_relay_envelopes_held", "Envelopes held.")                                                  \
    X(held_bytes, GAUGE, "hotline_relay_held_bytes", "Bytes of header and body of the envelopes held.")                \
    X(owed, GAUGE, "hotline_relay_deliveries_owed", "Deliveries that some member still has to answer.")                \
    X(wanted, GAUGE, "hotline_relay_grants_wanted", "Grants that routed members wait for.")                            \
    X(words_owed, GAUGE, "hotline_relay_receipts_owed", "Receipt batches that wait for their sender.")                 \
    X(words_owed_bytes, GAUGE, "hotline_relay_receipts_owed_bytes",                                                    \
      "Bytes of receipt batches that wait for their sender, all in memory.")                                           \
    X(words_owed_most, GAUGE, "hotline_relay_receipts_owed_most",                                                      \
      "Receipt batches that wait for the one sender that has most of them.")                                           \
    X(blobs, GAUGE, "hotline_relay_blobs", "Photos that an envelope held here names.")                                 \
    X(blobs_lacking, GAUGE, "hotline_relay_blobs_lacking", "Of those, what their senders have not given yet.")         \
    X(disk_free, GAUGE, "hotline_relay_disk_free_bytes", "Free bytes on the store's disk.")                            \
    X(commits, COUNTER, "hotline_relay_commits_total", "Group commits.")                                               \
    X(waiting, GAUGE, "hotline_relay_writes_waiting", "Writes not committed yet.")                                     \
    X(roster_version, GAUGE, "hotline_relay_roster_version", "Version of the roster in force.")                        \
    X(roster_expires, GAUGE, "hotline_relay_roster_expires_seconds",                                                   \
      "When the roster in force expires, in seconds since 1970.")

struct relay_counters {
    RELAY_METRICS(METRIC_FIELD)
};

#define RELAY_REFUSED_CODES 17
/* What the console prints. */
struct relay_numbers {
    struct relay_counters counters;
    int64_t frames_in[WIRE_TYPE_MAX], frames_out[WIRE_TYPE_MAX];
    int64_t refused[RELAY_REFUSED_CODES]; /* by RefusedCode */
    struct metric_histogram accept_latency, commit_latency;
};

/* Loads the store, takes the seed when it is newer, checks that the keys are this relay's on the roster. ERR_CONFIG,
 * ERR_KEY, or as roster_verify, db_open; the note says which file or field. */
int relay_new(const struct relay_setup *setup, struct err_note *note, struct relay **ret_relay) MUST_CHECK;
/* Commits what was submitted and frees everything, the spool too. NULL is fine. */
void relay_free(struct relay *relay);

/* A message from a connection; `member` is what the gate says of its key. */
void relay_receive(struct relay *relay, const struct session_peer *peer, const char *member, struct slice message,
                   int64_t now_us);
/* Time passes: call it every 50 to 200 ms. */
void relay_tick(struct relay *relay, int64_t now_us);
/* The connection is known to be gone. */
void relay_gone(struct relay *relay, const struct session_peer *peer, int64_t now_us);
/* Without a loop: commits what waits; what was held for it is sent. The number of writes. */
size_t relay_step(struct relay *relay);
/* Says Goodbye to every session: the first step of a clean stop. */
void relay_stop(struct relay *relay, int64_t now_us);

/* A roster from the configured file: taken when newer. OK also when it is the current one or older (the note says so).
 */
int relay_offer_roster(struct relay *relay, struct slice signed_roster, int64_t now_us,
                       struct err_note *note) MUST_CHECK;
/* The changeable keys of a configuration: limits, reserve, receipts_kept. The conf is borrowed from now on. */
void relay_reconfigure(struct relay *relay, const struct relay_conf *conf);

/* "RATE" for a RefusedCode. */
const char *relay_refused_name(int code);
const struct roster *relay_roster(const struct relay *relay);
/* Counters as they are; gauges are computed by this call. */
const struct relay_numbers *relay_numbers(struct relay *relay, int64_t now_us);
/* Why the relay is not ready, one reason a line, appended; nothing when it is. */
void relay_unready(const struct relay *relay, int64_t now_us, struct buf *reasons);
/* Lines "note: ..." on its roster: its age, and members that hold another one of the same version. */
void relay_notes(const struct relay *relay, int64_t now_us, struct buf *out);

#endif
