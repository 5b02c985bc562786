/*
 * journal - what happened at this node, under numbers that grow over restarts, as it is told to readers of events.
 *
 * The newest JOURNAL_KEPT events of JOURNAL_LIFE_US are in memory and at rest; each is put into the turn of the act
 * that it tells of, so both are on the disk or neither is. The events of one turn and case are one record, under the
 * case's key: they go with it. News of a state (a relay's session, who is present) is not kept at rest, for a new start
 * says it anew: it has a number, and the newest of each source is kept in memory.
 *
 * No number is given twice: numbers are reserved at rest ahead of their use, and a start goes on at the clock's
 * milliseconds where that is more. Memory decides, no call waits for the disk.
 */
#ifndef NODE_JOURNAL_H
#define NODE_JOURNAL_H

#include "node/vault.h"

#define JOURNAL_KEPT 4096
#define JOURNAL_LIFE_US (72 * INT64_C(3600) * 1000000)
#define JOURNAL_SOURCES (LIMIT_RELAYS + 1)

struct journal_row {
    uint64_t id;
    uint64_t record; /* the first number of the record that it stands in; 0: none */
    int64_t at_us;
    bool is_state, has_case;
    bool owned; /* the record is under the case's key */
    struct envelope_case_key case_key;
    char *text; /* NULL: not kept any more */
};

struct journal {
    struct journal_row *rows; /* by number */
    size_t count, capacity;
    size_t first;      /* rows before it are not kept any more */
    size_t written;    /* rows before it are in their records */
    size_t live;       /* acts kept, from `first` on */
    uint64_t next;     /* the number to come */
    uint64_t told;     /* all up to it have been told */
    uint64_t floor;    /* all acts from this number on are kept */
    uint64_t holes;    /* from here up to `begun` no number was given */
    uint64_t begun;    /* the first number of this run */
    uint64_t reserved; /* at rest or in the open turn: numbers below it may have been given */
    struct {
        char source[LIMIT_ID_CHARS + 1];
        uint64_t id;
    } states[JOURNAL_SOURCES]; /* the newest of each source */
    size_t state_count;
};

void journal_init(struct journal *journal);
void journal_done(struct journal *journal);
/* One record, at the start, in any order. ERR_CORRUPT, ERR_NOMEM. */
int journal_load(struct journal *journal, struct slice record) MUST_CHECK;
int journal_load_head(struct journal *journal, struct slice record) MUST_CHECK;
/* After the records were loaded, before anything is added. fresh: the store is empty or was restored, so it does not
 * know what its numbers were used for. */
void journal_begin(struct journal *journal, bool fresh, int64_t now_us);

/* Something that happened. text is copied: the event as its readers get it, with the number journal->next. */
struct journal_new {
    int64_t at_us;
    const char *source;                       /* of news of a state ("" is one too); NULL: an act */
    const struct envelope_case_key *case_key; /* NULL: about none */
    bool erased;                              /* the case's key is destroyed: the record is under the store's */
    const char *text;
};
/* Gives it the next number. *ret_ticket: what must be on the disk before it may be told; untouched when that is nothing
 * new. An act is at rest only after journal_write. */
uint64_t journal_add(struct journal *journal, struct vault *vault, const struct journal_new *added,
                     uint64_t *ret_ticket);
/* Puts the acts added since into the open turn: to be called before it is flushed. */
void journal_write(struct journal *journal, struct vault *vault);
/* The event of this number was told. */
void journal_tell(struct journal *journal, uint64_t id);
/* Wipes all of a case whose key is being destroyed, and takes out what stands under the store's. */
void journal_forget(struct journal *journal, struct vault *vault, const struct envelope_case_key *case_key);
/* Drops what is too old. */
void journal_sweep(struct journal *journal, struct vault *vault, int64_t now_us);

/* The first event told after this number; NULL: there is none (yet). */
const struct journal_row *journal_after(const struct journal *journal, uint64_t after);
/* The event of this number, told or not; NULL: not kept. */
const struct journal_row *journal_find(const struct journal *journal, uint64_t id);
/* True when acts after this number are missing, or it was never given. */
bool journal_is_gap(const struct journal *journal, uint64_t after);

#endif
