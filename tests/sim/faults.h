/*
 * faults - what breaks, one function each; most end by themselves after a while, all at sim_heal(). A fault strikes
 * whoever the dice say when the number is SIM_ALL.
 */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

#include "tests/sim/sim.h"

/* X(name, how often of a thousand in the mix). Each is fault_NAME(sim, whom, 0), whom a number of proc_at() or of a
 * node, or SIM_ALL. */
#define FAULTS(X)                                                                                                      \
    X(kill, 130)                                                                                                       \
    X(power, 130)                                                                                                      \
    X(end_on_word, 120)                                                                                                \
    X(kill_relays, 20)                                                                                                 \
    X(power_all, 15)                                                                                                   \
    X(io_error, 80)                                                                                                    \
    X(disk_full, 30)                                                                                                   \
    X(disk_slow, 40)                                                                                                   \
    X(stop, 40)                                                                                                        \
    X(cut, 90)                                                                                                         \
    X(one_way, 50)                                                                                                     \
    X(lossy, 70)                                                                                                       \
    X(late, 50)                                                                                                        \
    X(narrow, 20)                                                                                                      \
    X(flapping, 30)                                                                                                    \
    X(clock_node, 30)                                                                                                  \
    X(clock_relay, 10)                                                                                                 \
    X(lose_relay_disk, 10)                                                                                             \
    X(restore_relay, 10)                                                                                               \
    X(lose_node_disk, 5)                                                                                               \
    X(suspend, 15)                                                                                                     \
    X(freeze, 5)

#define FAULTS_DECLARE(name, weight) void fault_##name(struct sim *sim, unsigned whom, unsigned unused);
FAULTS(FAULTS_DECLARE)
#undef FAULTS_DECLARE

/* Not in the mix. */
void fault_restore_node(struct sim *sim, unsigned whom, unsigned unused); /* an old backup, marked as such */
void fault_back_up(struct sim *sim, unsigned whom, unsigned unused);      /* what the next restore brings back */
void fault_withdraw(struct sim *sim, unsigned node, unsigned unused);
/* A member stops, the authority lists its next keys, and it starts with them. */
void fault_new_identity(struct sim *sim, unsigned whom, unsigned unused);
void fault_flip(struct sim *sim, unsigned relay, unsigned unused);
void fault_shorten(struct sim *sim, unsigned relay, unsigned unused);
void fault_flip_node(struct sim *sim, unsigned whom, unsigned unused);
/* A bit flips on the way from or to a relay's disk while it runs, or a read ends early. */
void fault_flip_io(struct sim *sim, unsigned relay, unsigned unused);
void fault_cut_each_relay(struct sim *sim, unsigned whom, unsigned unused); /* each node sees another relay alone */
void fault_no_room(struct sim *sim, unsigned whom, unsigned unused);        /* free space under the reserve */

/* An allocation of its core fails, once or from then on until its restart: any time soon, or in a start. */
void fault_memory(struct sim *sim, unsigned whom, unsigned unused);

/* One of the mix. */
void faults_any(struct sim *sim, unsigned a, unsigned b);
/* fn(sim, whom, 0) again and again from now on, about every each_us. */
void faults_every(struct sim *sim, int64_t until_us, int64_t each_us, sim_fn *fn, unsigned whom);

#endif
