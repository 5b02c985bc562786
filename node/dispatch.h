/*
 * dispatch - messages that leave this node to wake people: to a webhook, by mail, to a command. Each is one record,
 * written in the turn of what it tells, tried until it is taken or its time is over, and kept afterwards as the log.
 *
 *              (made) --> WAITING --taken--> DELIVERED --+
 *                          ^  |                          | again
 *                          |  +--no, or too long--> FAILED
 *                          +--------------------------+--+
 *
 * A try that a crash cuts short is made again under the same id: at least once, and a receiver can tell. Their number
 * is bounded: for a new one the oldest that is over goes, else the oldest. Nothing here is about a child.
 */
#ifndef NODE_DISPATCH_H
#define NODE_DISPATCH_H

#include "node/vault.h"
#include "proto/key.h"
#include "proto/limits.h"
#include "proto/metric.h"

enum dispatch_way { DISPATCH_WEB, DISPATCH_MAIL, DISPATCH_COMMAND, DISPATCH_WAYS };
enum dispatch_state { DISPATCH_WAITING, DISPATCH_DELIVERED, DISPATCH_FAILED, DISPATCH_STATES };

#define DISPATCH_TYPE_MAX 24
#define DISPATCH_WHY_MAX 120

struct dispatch {
    struct key_uuid id;
    enum dispatch_way way;
    struct key_uuid hook; /* WEB */
    char type[DISPATCH_TYPE_MAX];
    char body[LIMIT_DISPATCH_BYTES + 1]; /* JSON */
    int64_t at_us, since_us, next_us, ended_at_us;
    unsigned tries;
    enum dispatch_state state;
    int answer;                 /* of the last try: HTTP status, reply code of SMTP, exit status; 0 none */
    char why[DISPATCH_WHY_MAX]; /* the last try failed: one sentence */
    bool flying;                /* a try is under way; not at rest */
    uint64_t ticket;
};

#define DISPATCH_METRICS(X)                                                                                            \
    X(waiting, GAUGE, "hotline_node_dispatch_waiting", "Messages to wake people that wait for their receiver.")        \
    X(delivered, COUNTER, "hotline_node_dispatch_delivered_total", "Messages that their receiver took.")               \
    X(failed, COUNTER, "hotline_node_dispatch_failed_total", "Messages given up: their receiver did not take them.")   \
    X(dropped, COUNTER, "hotline_node_dispatch_dropped_total", "Messages given up: too many waited.")

struct dispatch_counters {
    DISPATCH_METRICS(METRIC_FIELD)
};

struct dispatches {
    struct dispatch **list; /* by age; owned; LIMIT_DISPATCHES at most */
    size_t count;
    struct dispatch_counters counters; /* since the start */
};

/* What a try came to. */
struct dispatch_result {
    bool taken, final; /* final: no other try will do better */
    int answer;
    const char *why; /* not taken */
};

struct dispatch_new {
    enum dispatch_way way;
    const struct key_uuid *hook; /* WEB */
    const char *type, *body;
    int64_t at_us;
};

/* "WEBHOOK", "MAIL", "COMMAND"; "WAITING", "DELIVERED", "FAILED". */
const char *dispatch_way_name(enum dispatch_way way);
const char *dispatch_state_name(enum dispatch_state state);
/* How long to wait after this many tries in vain: 5 s, then three times as long each time, up to the way's most (an
 * hour, 5 min, 1 min); a quarter more or less by `random`, so that many do not come back at once. */
int64_t dispatch_backoff_us(enum dispatch_way way, unsigned tries, uint32_t random);
/* How long it is tried at all. */
int64_t dispatch_patience_us(enum dispatch_way way);

void dispatches_init(struct dispatches *dispatches);
void dispatches_done(struct dispatches *dispatches);
/* By its id, or its first digits: the dispatch, and how many begin so. NULL unless one does. */
struct dispatch *dispatches_find(const struct dispatches *dispatches, const char *digits, size_t *ret_count);
struct dispatch *dispatches_by_id(const struct dispatches *dispatches, const struct key_uuid *id);
/* A new one in the open turn. ERR_LIMIT: the body is too long, or all there may be are under way; ERR_NOMEM. */
int dispatches_add(struct dispatches *dispatches, struct vault *vault, const struct dispatch_new *new,
                   struct dispatch **ret_dispatch) MUST_CHECK;
/* The first that is due, on the disk and not under way, while few enough others are; NULL. */
struct dispatch *dispatches_due(const struct dispatches *dispatches, const struct vault *vault, int64_t now_us);
/* True when the newest one that was tried at all failed, or failed twice and is to be tried again: people should know.
 * hook: of WEB. *ret_dispatch: it. */
bool dispatches_fails(const struct dispatches *dispatches, enum dispatch_way way, const struct key_uuid *hook,
                      const struct dispatch **ret_dispatch);
/* A try is over; in the open turn. */
void dispatches_settle(struct dispatches *dispatches, struct vault *vault, struct dispatch *dispatch,
                       const struct dispatch_result *result, int64_t now_us);
/* Tried again from now on, under its id; in the open turn. Returns its ticket. */
uint64_t dispatches_again(struct dispatches *dispatches, struct vault *vault, struct dispatch *dispatch,
                          int64_t now_us);
/* Its receiver is gone: those that wait for it fail. In the open turn. */
void dispatches_orphan(struct dispatches *dispatches, struct vault *vault, const struct key_uuid *hook, int64_t now_us);
/* One record, at the start; then dispatches_sort. ERR_CORRUPT, ERR_NOMEM. */
int dispatches_load(struct dispatches *dispatches, struct slice record) MUST_CHECK;
void dispatches_sort(struct dispatches *dispatches);

#endif
