/*
 * work - what people do: publish, update, close, reopen, retract, acknowledge, reply, decline, drills, photos,
 * referrals, figures, subscriptions. Each is one call of the node's API for people; a refusal is an answer, too.
 */
#ifndef TESTS_SIM_WORK_H
#define TESTS_SIM_WORK_H

#include "tests/sim/sim.h"

struct work;

struct work *work_new(struct sim *sim);
void work_free(struct work *work);
/* How often people did what, and how often the node said yes. */
struct work_count {
    uint64_t tried, done;
};
enum work_kind {
    WORK_OPEN,
    WORK_UPDATE,
    WORK_CLOSE,
    WORK_RETRACT,
    WORK_ACK,
    WORK_DECLINE,
    WORK_REPLY,
    WORK_ANSWER,
    WORK_REFER,
    WORK_MEDIATE,
    WORK_FIGURES,
    WORK_SUBSCRIBE,
    WORK_KINDS
};
struct work_count work_done(const struct work *work, enum work_kind kind);

/* One person at this node does one thing of this kind, if there is something to do it with. */
void work_do(struct sim *sim, unsigned node, enum work_kind kind);
/* Something, by somebody: opening and acknowledging most of all. */
void work_any(struct sim *sim);
/* From now to until_us: bouts of it, about so many a day, of some minutes each. */
void work_plan(struct sim *sim, int64_t until_us, unsigned bouts_a_day);
/* A case of this node to the countries of others; for scenarios that want one. */
void work_publish(struct sim *sim, unsigned node, unsigned to, bool exercise);

#endif
