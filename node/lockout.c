/* lockout: the table of wrong tries. Must never let the number of names decide how much memory or time it takes. */
#include "node/lockout.h"

#include <string.h>

#include "proto/seal.h"

/* Names are hashed: what people type where a name belongs may be a password. */
static uint64_t name_of(const char *name)
{
    struct key_hash hash = seal_personal_hash("hotline lockout", slice_text(name));
    uint64_t number;
    memcpy(&number, hash.bytes, sizeof number);
    return number != 0 ? number : 1;
}

static struct lockout_row *row_of(const struct lockout *lockout, uint64_t name)
{
    for (size_t i = 0; i < LOCKOUT_ROWS; i++)
        if (lockout->rows[i].name == name)
            return (struct lockout_row *)(uintptr_t)&lockout->rows[i];
    return NULL;
}

static int is_over(const struct lockout_row *row, int64_t now_us)
{
    return now_us - row->last_us >= LOCKOUT_FORGET_US;
}

int64_t lockout_wait(const struct lockout *lockout, const char *name, int64_t now_us)
{
    const struct lockout_row *row = row_of(lockout, name_of(name));
    return row == NULL || is_over(row, now_us) || row->until_us <= now_us ? 0 : row->until_us - now_us;
}

/* What a row is worth: a flood of names that were wrong once must not wipe out who is being guessed at. */
static bool is_worth_less(const struct lockout_row *a, const struct lockout_row *b, int64_t now_us)
{
    if ((a->name == 0) != (b->name == 0))
        return a->name == 0;
    if (is_over(a, now_us) != is_over(b, now_us))
        return is_over(a, now_us);
    return a->wrong != b->wrong ? a->wrong < b->wrong : a->last_us < b->last_us;
}

static struct lockout_row *take_row(struct lockout *lockout, uint64_t name, int64_t now_us)
{
    struct lockout_row *least = &lockout->rows[0];
    for (size_t i = 1; i < LOCKOUT_ROWS; i++)
        if (is_worth_less(&lockout->rows[i], least, now_us))
            least = &lockout->rows[i];
    *least = (struct lockout_row){.name = name};
    return least;
}

void lockout_wrong(struct lockout *lockout, const char *name, unsigned free_tries, int64_t now_us)
{
    uint64_t number = name_of(name);
    struct lockout_row *row = row_of(lockout, number);
    if (row == NULL || is_over(row, now_us)) {
        if (row == NULL)
            row = take_row(lockout, number, now_us);
        *row = (struct lockout_row){.name = number};
    }
    row->wrong++;
    row->last_us = now_us;
    if (row->wrong < free_tries)
        return;
    unsigned doublings = row->wrong - free_tries;
    int64_t wait_us = doublings < 20 ? LOCKOUT_FIRST_US << doublings : LOCKOUT_MOST_US;
    row->until_us = now_us + (wait_us < LOCKOUT_MOST_US ? wait_us : LOCKOUT_MOST_US);
}

void lockout_right(struct lockout *lockout, const char *name)
{
    struct lockout_row *row = row_of(lockout, name_of(name));
    if (row == NULL)
        return;
    row->until_us = 0;
    if (row->wrong > 0)
        row->wrong--;
}

void lockout_forget(struct lockout *lockout, const char *name)
{
    struct lockout_row *row = row_of(lockout, name_of(name));
    if (row != NULL)
        *row = (struct lockout_row){.name = 0};
}

void lockout_belongs(struct lockout *lockout, const char *name, const char *owner)
{
    struct lockout_row *row = row_of(lockout, name_of(name));
    if (row != NULL)
        row->owner = name_of(owner);
}

int64_t lockout_wait_of(const struct lockout *lockout, const char *owner, int64_t now_us)
{
    uint64_t number = name_of(owner);
    int64_t longest_us = 0;
    for (size_t i = 0; i < LOCKOUT_ROWS; i++) {
        const struct lockout_row *row = &lockout->rows[i];
        if (row->name != 0 && row->owner == number && !is_over(row, now_us) && row->until_us - now_us > longest_us)
            longest_us = row->until_us - now_us;
    }
    return longest_us;
}

void lockout_forget_of(struct lockout *lockout, const char *owner)
{
    uint64_t number = name_of(owner);
    for (size_t i = 0; i < LOCKOUT_ROWS; i++)
        if (lockout->rows[i].name != 0 && lockout->rows[i].owner == number)
            lockout->rows[i] = (struct lockout_row){.name = 0};
}
