/*
 * byz - the hostile ones. A hostile relay is a real core with somebody between it and the wire, who also has its keys.
 * A hostile member has a real member's keys and no core: it says what it likes.
 */
#ifndef TESTS_SIM_BYZ_H
#define TESTS_SIM_BYZ_H

#include "tests/sim/sim.h"

struct byz_relay;

enum byz_trick {
    BYZ_DROP = 1,        /* frames vanish */
    BYZ_REPLAY = 2,      /* old frames come again, to whoever they were for */
    BYZ_REORDER = 4,     /* frames wait and overtake each other */
    BYZ_WITHHOLD = 8,    /* takes and accepts, and delivers nothing to its victims */
    BYZ_TRUNCATE = 16,   /* frames end early, or have other bits */
    BYZ_MIX = 32,        /* frames go to another member; headers, bodies and grants of two envelopes are exchanged */
    BYZ_EQUIVOCATE = 64, /* says one thing to one and another to the next: presence, counts, clocks; accepts falsely */
    BYZ_TWO_WORDS = 128, /* signs two words about one thing, each valid alone: byz_relay.c */
    BYZ_ALL = 255,
    BYZ_SKIP = 256 /* the same half of all envelopes is withheld from everybody by whoever plays it: holes */
};

struct byz_relay *byz_relay_new(struct sim *sim, unsigned relay, unsigned tricks);
void byz_relay_free(struct byz_relay *byz);
/* The core says this to a node; what reaches the wire is this one's affair. */
void byz_relay_says(struct byz_relay *byz, unsigned node, struct slice bytes);
/* Whether this node was signed a word on a roster that is not there: only of BYZ_TWO_WORDS. */
bool byz_relay_forked(const struct byz_relay *byz, unsigned node);
/* A node says this; false: the core does not hear it. */
bool byz_relay_hears(struct byz_relay *byz, unsigned node, struct slice bytes);

enum byz_attack { BYZ_FLOOD = 1, BYZ_COLLIDE = 2, BYZ_GARBAGE = 4, BYZ_NOISE = 8, BYZ_EVERY = 15, BYZ_NEWER = 16 };
/* The node becomes hostile (before it was started) and attacks about every each_us until the sim is quiet. */
void byz_member_turn(struct sim *sim, unsigned node, unsigned attacks, int64_t each_us);
/* What a relay says to it. BYZ_NEWER counts in noted: Goodbye VERSION to a Hello of version 2 alone (0), Welcome to
 * that (1), Welcome to one of 1 and 2 (2), Refused of what has a field that nobody knows (3). */
void byz_member_hears(struct sim *sim, unsigned node, unsigned relay, struct slice bytes);

#endif
