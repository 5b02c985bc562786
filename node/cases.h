/*
 * cases - the cases that this node knows, its own and received: revisions in order, thread, state, and finding them by
 * what people type. A case is named by (opener, status, case id); a drill's case is another case than its namesake.
 */
#ifndef NODE_CASES_H
#define NODE_CASES_H

#include "node/item.h"
#include "proto/due.h"
#include "proto/lookup.h"

#define CASES_REFERENCE_MAX ITEM_REFERENCE_MAX

enum case_state { CASE_OPEN, CASE_CLOSED, CASE_RETRACTED, CASE_EXPIRED };

/* What figures and people may still know of a case whose personal data was erased. */
struct case_tombstone {
    int64_t erased_at_us;                  /* 0: not erased */
    uint32_t revision;                     /* the highest there was */
    int category, outcome, intake_channel; /* codes; 0 unknown */
    char last_seen_country[3], found_country[3];
    char countries[LIMIT_COUNTRIES][3];
    size_t country_count;
    int64_t opened_at_us, closed_at_us;
    char drill_id[CASES_REFERENCE_MAX]; /* "" none: of a drill, so that its report still counts it */
    int64_t first_acknowledged_us;      /* from opening to the first acknowledgement; 0 none */
};

/* The second person of a revision of our own: who approved it, or who sent it without, and why. */
#define CASES_SECONDS_MAX 16 /* kept of a case; the audit log has all */
struct case_second {
    uint32_t revision;
    char by[LIMIT_NAME_BYTES + 1];
    int64_t at_us;
    char reason[LIMIT_BREAK_GLASS_CHARS * 4 + 1]; /* "": it was approved */
};

struct case_entry {
    struct envelope_case_key key; /* first: the key of the table */
    char opener[LIMIT_ID_CHARS + 1];
    uint8_t case_id[KEY_UUID_BYTES];
    bool exercise, mine;
    char reference[CASES_REFERENCE_MAX];
    struct item **revisions; /* oldest first, by envelope_order */
    size_t revision_count;
    struct item **thread; /* replies, by time */
    size_t thread_count;
    int64_t acknowledged_at_us; /* by a person here; 0 not */
    uint32_t acknowledged_revision;
    char acknowledged_as[LIMIT_NAME_BYTES + 1];
    int64_t expiring_told_us, expired_told_us, review_told_us; /* the times that people were told of; 0 none */
    bool erased;                                               /* its key is destroyed; the tombstone stands for it */
    struct case_tombstone *tombstone;                          /* NULL: never erased */
    uint64_t changed;                                          /* grows with each change: newest change first */
    int64_t changed_us;
    struct due look;             /* when it may have to be erased: see cases.looks */
    unsigned escalated;          /* the highest step told since the last answer: node/escalation.h */
    struct case_second *seconds; /* of the revisions that needed one, oldest first; none after an erasure */
    size_t second_count;
    struct due wake; /* when it may have to be escalated: node_escalate */
};

struct cases {
    struct lookup by_key;
    struct dues looks;         /* every change asks for a look at once; whoever looks says when to look again */
    struct dues wakes;         /* of received cases that people here may have to be woken for; by the steady clock */
    struct case_entry **order; /* all, by age of entry; see cases_at */
    size_t count, capacity;
    uint64_t last_change;
    const struct vault *vault;
};

/* Empty; the vault says what is on the disk. */
void cases_init(struct cases *cases, const struct vault *vault);
/* Frees the entries, not the items. */
void cases_done(struct cases *cases);

/* NULL when the case is not known. */
struct case_entry *cases_find(const struct cases *cases, const struct envelope_case_key *key);
/* The entry of an item's case, made when it is new; NULL out of memory. */
struct case_entry *cases_entry(struct cases *cases, const struct item *item, const char *self);
/* Puts the item where it belongs: revisions in order, or the thread. *ret_newest: it is the newest revision now. */
int cases_add(struct cases *cases, struct case_entry *entry, struct item *item, bool *ret_newest) MUST_CHECK;
/* Erasure and escalation look at it anew, as after each change. */
void cases_look_again(struct cases *cases, struct case_entry *entry);
/* Marks a change, so that lists show it first. */
void cases_touch(struct cases *cases, struct case_entry *entry, int64_t now_us);

/* The newest revision, on the disk or on its way there; NULL when there is none. */
struct item *cases_last(const struct case_entry *entry);
/* The newest revision on the disk; NULL when not even the first is. */
struct item *cases_newest(const struct cases *cases, const struct case_entry *entry);
/* The newest OPEN or UPDATE, whose content is shown. */
struct item *cases_shown(const struct cases *cases, const struct case_entry *entry);
enum case_state cases_state(const struct cases *cases, const struct case_entry *entry, int64_t now_us);
const char *cases_state_name(enum case_state state);

/* The content that the case has now, as a tombstone would tell it. */
void cases_describe(const struct cases *cases, const struct case_entry *entry, struct case_tombstone *ret_tombstone);
/* Keeps only this revision, and no thread: the others' items stay with their owner. */
void cases_keep_only(struct case_entry *entry, struct item *item);

/* What a person typed: reference, member:reference or member/reference, case id or at least 6 of its first digits.
 * ERR_NOT_FOUND; ERR_AMBIGUOUS: `candidates` (room for cap) holds *ret_count of them. Only what is on the disk is
 * found. */
int cases_named(const struct cases *cases, const char *name, struct case_entry **candidates, size_t cap,
                size_t *ret_count, struct case_entry **ret_entry) MUST_CHECK;

/* The same for a case that was opened here and is kept. ERR_STATE: it was opened elsewhere, or is erased; *ret_entry
 * is set then, too. */
int cases_own(const struct cases *cases, const char *name, struct case_entry **ret_entry) MUST_CHECK;

/* Copies; cases_save keeps it. ERR_NOMEM. */
int cases_add_second(struct case_entry *entry, const struct case_second *second) MUST_CHECK;
/* Wipes and frees them. */
void cases_forget_seconds(struct case_entry *entry);

/* At rest: what people did with the case, or its tombstone. Returns the ticket. */
uint64_t cases_save(struct vault *vault, const struct case_entry *entry);
/* From a record, before any item. ERR_CORRUPT, ERR_NOMEM. */
int cases_load(struct cases *cases, struct slice record) MUST_CHECK;

#endif
