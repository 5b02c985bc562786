/* succession: which rosters are kept to hand on. Never verifies one: what is added was followed already. */
#include "node/succession.h"

#include <stdlib.h>
#include <string.h>

void succession_init(struct succession *succession)
{
    *succession = (struct succession){.count = 0};
    buf_init(&succession->next);
}

void succession_done(struct succession *succession)
{
    for (size_t i = 0; i < succession->count; i++)
        buf_free(&succession->pages[i].signed_roster);
    buf_free(&succession->next);
    free(succession->pages);
    succession_init(succession);
}

int succession_prepare(struct succession *succession, struct slice signed_roster)
{
    struct succession_page *pages = realloc(succession->pages, (succession->count + 1) * sizeof *pages);
    if (pages == NULL)
        return ERR_NOMEM;
    succession->pages = pages;
    buf_free(&succession->next);
    buf_init(&succession->next);
    buf_add_slice(&succession->next, signed_roster);
    return buf_broken(&succession->next) ? ERR_NOMEM : OK;
}

static bool same_trust(const struct roster_trust *a, const struct roster_trust *b)
{
    return a->threshold == b->threshold && a->count == b->count &&
        memcmp(a->keys, b->keys, a->count * sizeof a->keys[0]) == 0;
}

uint64_t succession_add(struct succession *succession, uint64_t version, const struct roster_trust *trust)
{
    struct succession_page *last = succession->count > 0 ? &succession->pages[succession->count - 1] : NULL;
    bool changes = last != NULL && !same_trust(&succession->trust, trust);
    uint64_t dropped = 0;
    if (last != NULL && !last->changes) {
        dropped = last->version;
        buf_free(&last->signed_roster);
        succession->count--;
    }
    succession->pages[succession->count++] =
        (struct succession_page){.version = version, .changes = changes, .signed_roster = succession->next};
    buf_init(&succession->next);
    succession->trust = *trust;
    return dropped;
}
