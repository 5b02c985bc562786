/*
 * notes - what one shift leaves for the next: short texts, who wrote them, when.
 *
 * In memory whole, at rest each under a key of its own, so that erasing the key erases the note. A note may name a
 * child, so it ends by itself, however wrong the clock of its writer. Sends nothing, and nothing here leaves the node.
 */
#ifndef NODE_NOTES_H
#define NODE_NOTES_H

#include "node/vault.h"
#include "proto/key.h"
#include "proto/limits.h"

struct note {
    struct key_uuid id;
    int64_t at_us;
    char by[LIMIT_NAME_BYTES + 1];
    struct buf text; /* UTF-8, checked by whoever took it in */
    uint64_t ticket; /* on the disk when vault_committed() >= ticket; 0 after a start */
};

struct notes {
    struct note *list[LIMIT_NOTES]; /* by age; owned */
    size_t count;
};

void notes_init(struct notes *notes);
/* Wipes and frees what is in memory. */
void notes_done(struct notes *notes);
/* By its id, or its first digits, lower-case: the note, and how many begin so. NULL unless one does. */
struct note *notes_find(const struct notes *notes, const char *digits, size_t *ret_count);
/* A new note in the open turn. by: LIMIT_NAME_BYTES at most. ERR_LIMIT: LIMIT_NOTES are there; ERR_NOMEM. */
int notes_add(struct notes *notes, struct vault *vault, const struct note *wish, struct err_note *note,
              struct note **ret_note) MUST_CHECK;
/* Destroys it with its key, in the open turn, and frees it. The caller truncates the write-ahead log afterwards.
 * Returns the ticket. */
uint64_t notes_erase(struct notes *notes, struct vault *vault, struct note *note);
/* Erases those that are older than life_us; how many. */
size_t notes_erase_due(struct notes *notes, struct vault *vault, int64_t life_us, int64_t now_us);
/* One record, at the start; notes_sort when all are there. ERR_CORRUPT, ERR_NOMEM. */
int notes_load(struct notes *notes, struct slice record) MUST_CHECK;
void notes_sort(struct notes *notes);

#endif
