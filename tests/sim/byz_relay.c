/* byz_relay: see byz.h. */
#include "tests/sim/byz.h"

#include <stdlib.h>

struct byz_relay {
    struct sim *sim;
    unsigned relay, tricks;
};

struct byz_relay *byz_relay_new(struct sim *sim, unsigned relay, unsigned tricks)
{
    struct byz_relay *byz = calloc(1, sizeof *byz);
    CHECK(byz != NULL);
    *byz = (struct byz_relay){sim, relay, tricks};
    return byz;
}

void byz_relay_free(struct byz_relay *byz)
{
    free(byz);
}

void byz_relay_says(struct byz_relay *byz, unsigned node, struct slice bytes)
{
    net_put(byz->sim, node, byz->relay, true, bytes);
}

bool byz_relay_hears(struct byz_relay *byz, unsigned node, struct slice bytes)
{
    (void)byz;
    (void)node;
    (void)bytes;
    return true;
}
