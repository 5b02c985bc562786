/*
 * posters - which posters of which cases were made here, and which were taken down again.
 *
 * A registration says nothing about the child: the case's key, the language, the form, who, when. It is under the
 * store's key and outlives the case, for what hangs in a station outlives it too. In memory whole. Draws nothing.
 */
#ifndef NODE_POSTERS_H
#define NODE_POSTERS_H

#include "node/vault.h"
#include "proto/envelope.h"
#include "proto/key.h"
#include "proto/limits.h"

struct poster {
    struct key_uuid id;
    struct envelope_case_key case_key;
    char language[36];
    bool square;                    /* else A4 */
    int64_t at_us, withdrawn_at_us; /* withdrawn: 0 not */
    char by[LIMIT_NAME_BYTES + 1], withdrawn_by[LIMIT_NAME_BYTES + 1];
    bool told;       /* people were told that it has to go */
    uint64_t ticket; /* on the disk when vault_committed() >= ticket; 0 after a start */
};

struct posters {
    struct poster **list; /* by age; owned */
    size_t count, capacity;
};

void posters_init(struct posters *posters);
void posters_done(struct posters *posters);
/* By its id, or its first digits, lower-case, among those of one case; how many begin so. NULL unless one does. */
struct poster *posters_find(const struct posters *posters, const struct envelope_case_key *case_key, const char *digits,
                            size_t *ret_count);
/* A new one in the open turn; id and ticket of the wish are not looked at. ERR_LIMIT: LIMIT_POSTERS hang; ERR_NOMEM. */
int posters_add(struct posters *posters, struct vault *vault, const struct poster *wish, struct err_note *note,
                struct poster **ret_poster) MUST_CHECK;
/* What changed, into the open turn. Returns the ticket. */
uint64_t posters_save(struct vault *vault, struct poster *poster);
/* Forgets those that were taken down LIMIT_AFTERLIFE_US ago; how many. */
size_t posters_sweep(struct posters *posters, struct vault *vault, int64_t now_us);
/* One record, at the start; posters_sort when all are there. ERR_CORRUPT, ERR_NOMEM. */
int posters_load(struct posters *posters, struct slice record) MUST_CHECK;
void posters_sort(struct posters *posters);

#endif
