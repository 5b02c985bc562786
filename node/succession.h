/*
 * succession - the rosters that a node keeps to hand on: each that changed the authority's keys, and the current one.
 * Whoever slept through changes follows them in order; a roster between two changes nobody needs.
 */
#ifndef NODE_SUCCESSION_H
#define NODE_SUCCESSION_H

#include "proto/roster.h"

struct succession_page {
    uint64_t version;
    bool changes; /* it changed the authority's keys against the page before */
    struct buf signed_roster;
};

struct succession {
    struct succession_page *pages; /* oldest first; the last is the current roster */
    size_t count;
    struct roster_trust trust; /* that the last one carries */
    struct buf next;           /* prepared, not added yet */
};

void succession_init(struct succession *succession);
void succession_done(struct succession *succession);
/* Makes room for a roster, so that succession_add cannot fail; replaces what was prepared before. ERR_NOMEM. */
int succession_prepare(struct succession *succession, struct slice signed_roster) MUST_CHECK;
/* Adds what was prepared: of a higher version than the last, carrying this trust for the one after it. The version of
 * the page that nobody needs any more, 0 for none: at most one goes. */
uint64_t succession_add(struct succession *succession, uint64_t version, const struct roster_trust *trust);

#endif
