/*
 * drills - exercises that are to be sent at a time: which draft, in which state, when, and what became of it.
 *
 * The words are the draft's; here stands nothing about a child. What is due is sent within DRILLS_LATE_US of its time
 * or not at all: a drill that comes when nobody expects it any more is an alarm in the night. Pure but for its records.
 */
#ifndef NODE_DRILLS_H
#define NODE_DRILLS_H

#include "node/caller.h"
#include "node/cases.h"
#include "node/vault.h"
#include "proto/key.h"

#define DRILLS_LATE_US (15 * INT64_C(60) * 1000000)
#define DRILLS_AHEAD_US (30 * INT64_C(24) * 3600 * 1000000)
/* Those that are over are listed for so long. */
#define DRILLS_KEPT_US (30 * INT64_C(24) * 3600 * 1000000)

enum drill_state { DRILL_SCHEDULED, DRILL_SENT, DRILL_MISSED, DRILL_REFUSED, DRILL_STATES };

struct drill {
    struct key_uuid id, draft, tag;     /* tag: of the draft's words as they were scheduled */
    char drill_id[CASES_REFERENCE_MAX]; /* as SPRING-2026 */
    int64_t at_us;
    char by[LIMIT_NAME_BYTES + 1];
    enum caller_kind kind; /* of who scheduled it */
    bool picture;          /* with that of drill_picture.h */
    enum drill_state state;
    char reference[CASES_REFERENCE_MAX]; /* SENT */
    char why[200];                       /* REFUSED */
    uint64_t ticket;
};

struct drills {
    struct drill *list[LIMIT_DRILLS]; /* by their time; owned */
    size_t count;
};

void drills_init(struct drills *drills);
void drills_done(struct drills *drills);
/* "SCHEDULED" and so on. */
const char *drills_state_name(enum drill_state state);
/* By its id, or its first digits: the drill, and how many begin so. NULL unless one does. */
struct drill *drills_find(const struct drills *drills, const char *digits, size_t *ret_count);
/* The one that is scheduled of this draft; NULL. */
struct drill *drills_of(const struct drills *drills, const struct key_uuid *draft);
/* A new one in the open turn; the wish's id and state are not looked at. ERR_LIMIT, ERR_NOMEM. */
int drills_add(struct drills *drills, struct vault *vault, const struct drill *wish, struct err_note *note,
               struct drill **ret_drill) MUST_CHECK;
/* What changed, into the open turn. Returns the ticket. */
uint64_t drills_save(struct vault *vault, struct drill *drill);
/* Forgets it, in the open turn. Returns the ticket. */
uint64_t drills_remove(struct drills *drills, struct vault *vault, struct drill *drill);
/* The first that is due; *ret_missed: too late to be sent. NULL: none. */
struct drill *drills_due(const struct drills *drills, int64_t now_us, bool *ret_missed);
/* Forgets what is over since DRILLS_KEPT_US. */
void drills_sweep(struct drills *drills, struct vault *vault, int64_t now_us);
/* One record, at the start; drills_sort when all are there. ERR_CORRUPT, ERR_NOMEM. */
int drills_load(struct drills *drills, struct slice record) MUST_CHECK;
void drills_sort(struct drills *drills);

#endif
