/*
 * drafts - cases that nobody has sent yet: who wrote them, when, and the words as a JSON document.
 *
 * In memory whole, at rest each under a key of its own, so that erasing the key erases the draft. The document is the
 * API's (docs/openapi.yaml, DraftRequest) and is not looked at here. Each change gives the draft a new random tag, and
 * the tag is kept at rest: it is the ETag, and what a second person's approval names, so that an approval ends with
 * the words that it was given for.
 */
#ifndef NODE_DRAFTS_H
#define NODE_DRAFTS_H

#include "node/vault.h"
#include "proto/key.h"
#include "proto/limits.h"

/* Whose changes of a draft were noted in the audit log, and when: see drafts_is_noted. */
#define DRAFTS_NOTED 4
#define DRAFTS_NOTED_US (INT64_C(3600) * 1000000)
struct draft_noted {
    char by[LIMIT_NAME_BYTES + 1];
    int64_t at_us;
};

struct draft {
    struct key_uuid id, tag;
    int64_t created_at_us, changed_at_us;
    char created_by[LIMIT_NAME_BYTES + 1], changed_by[LIMIT_NAME_BYTES + 1]; /* accounts, users, "token NAME" */
    char author[LIMIT_NAME_BYTES + 1];      /* the person behind changed_by: who made the token, when it is one */
    char approved_by[LIMIT_NAME_BYTES + 1]; /* of the words of now; "": nobody */
    int64_t approved_at_us;
    struct buf document;
    struct draft_noted noted[DRAFTS_NOTED]; /* in memory only: a start notes anew */
    uint64_t ticket; /* of its last change: on the disk when vault_committed() >= ticket; 0 after a start */
};

struct drafts {
    struct draft *list[LIMIT_DRAFTS]; /* in no order; owned */
    size_t count;
};

/* The words and who wrote them; borrowed. */
struct drafts_words {
    struct slice document;
    const char *by;
    const char *author; /* NULL: by */
    int64_t at_us;
};

void drafts_init(struct drafts *drafts);
/* Wipes and frees what is in memory. */
void drafts_done(struct drafts *drafts);
/* By its id, or its first digits, lower-case: the draft, and how many begin so. NULL unless one does. */
struct draft *drafts_find(const struct drafts *drafts, const char *digits, size_t *ret_count);
/* A new draft in the open turn. ERR_LIMIT: LIMIT_DRAFTS are there; ERR_NOMEM. */
int drafts_add(struct drafts *drafts, struct vault *vault, const struct drafts_words *words, struct err_note *note,
               struct draft **ret_draft) MUST_CHECK;
/* New words under a new tag, in the open turn. The same words change nothing. ERR_NOMEM. */
int drafts_change(struct vault *vault, struct draft *draft, const struct drafts_words *words) MUST_CHECK;
/* A second person has read the words of now (by NULL: takes that back), in the open turn. Returns the ticket. */
uint64_t drafts_approve(struct vault *vault, struct draft *draft, const char *by, int64_t at_us);
/* Destroys it with its key, in the open turn, and frees it. The caller truncates the write-ahead log afterwards.
 * Returns the ticket. */
uint64_t drafts_erase(struct drafts *drafts, struct vault *vault, struct draft *draft);
/* A page saves a draft as it is typed: an auditor asks who worked on it and when, not how often it was saved. True when
 * this caller's changes were noted within the hour; else they are from now on. */
bool drafts_is_noted(struct draft *draft, const char *by, int64_t now_us);
/* When it is erased if nobody changes it: LIMIT_DRAFT_LIFE_US after its last change. */
int64_t drafts_erased_at(const struct draft *draft);
/* Erases those whose time is over; how many. */
size_t drafts_erase_due(struct drafts *drafts, struct vault *vault, int64_t now_us);
/* One record, at the start. ERR_CORRUPT, ERR_NOMEM. */
int drafts_load(struct drafts *drafts, struct slice record) MUST_CHECK;

#endif
