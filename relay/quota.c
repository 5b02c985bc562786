/* quota - token buckets counted in time, so that nothing is rounded away. Must never look at a clock. */
#include "relay/quota.h"

#include "proto/clock.h"

bool quota_take(struct quota *quota, uint32_t per_minute, int64_t now_us, uint32_t *ret_wait_ms)
{
    int64_t cost = CLOCK_MINUTE_US / (per_minute ? per_minute : 1);
    int64_t most = 2 * CLOCK_MINUTE_US;

    if (quota->filled_us == 0 || now_us - quota->filled_us > most)
        quota->tokens_us = most;
    else if (now_us > quota->filled_us)
        quota->tokens_us += now_us - quota->filled_us;
    if (quota->tokens_us > most)
        quota->tokens_us = most;
    quota->filled_us = now_us;
    if (quota->tokens_us < cost) {
        *ret_wait_ms = (uint32_t)((cost - quota->tokens_us) / CLOCK_MS_US + 1);
        return false;
    }
    quota->tokens_us -= cost;
    return true;
}
