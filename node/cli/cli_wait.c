/* cli_wait: long polls until a step is reached. The verdict is pure; silence is never taken for success. */
#include "cli_wait.h"

#include <inttypes.h>

#include "cli_api.h"
#include "proto/clock.h"

#define POLL_MS 10000
#define MARGIN_MS 5000

int cli_wait_read(struct cli *cli, const struct cli_args *args, const char **ret_step, int64_t *ret_limit_us)
{
    static const char *const steps[] = {"accepted", "delivered", "acknowledged"};
    const char *step = cli_args_text(args, "wait", NULL), *limit = cli_args_text(args, "timeout", NULL);
    int64_t limit_us = CLOCK_MINUTE_US;
    if (step == NULL && limit != NULL)
        return cli_fail(cli, ERR_USAGE, "-W says how long to --wait; --wait is missing");
    if (limit != NULL && clock_parse_duration(limit, &limit_us) != OK)
        return cli_fail(cli, ERR_USAGE, "-W %s: a duration is a number and a unit: 500ms, 30s, 5m, 1h", limit);
    bool known = step == NULL;
    for (size_t i = 0; i < 3 && !known; i++)
        known = strcmp(step, steps[i]) == 0;
    if (!known)
        return cli_fail(cli, ERR_USAGE, "--wait %s: there is accepted, delivered and acknowledged", step);
    *ret_step = step;
    *ret_limit_us = limit_us;
    return OK;
}

static size_t count_state(const struct jdoc *rows, const char *state, bool equal)
{
    size_t count = 0;
    for (size_t i = 0; i < jdoc_count(rows); i++)
        count += (strcmp(jdoc_get_text(jdoc_at(rows, i), "state", ""), state) == 0) == equal;
    return count;
}

static size_t count_acknowledged(const struct jdoc *ladder)
{
    return count_state(ladder, "ACKNOWLEDGED", true) + count_state(ladder, "DECLINED", true) +
        count_state(ladder, "ERASED", true);
}

static int refused_by_all(const struct jdoc *view, struct err_note *note)
{
    const struct jdoc *first = jdoc_at(jdoc_get(view, "relays"), 0);
    return err_set(note, ERR_POLICY, "refused by every relay: %s: %s %s", jdoc_get_text(first, "relay", "?"),
                   jdoc_get_text(first, "code", "REFUSED"), jdoc_get_text(first, "detail", ""));
}

int cli_wait_verdict(const struct jdoc *view, const char *step, struct err_note *note)
{
    if (jdoc_get_bool(jdoc_get(view, "wait"), "reached", false))
        return OK;
    const struct jdoc *relays = jdoc_get(view, "relays"), *ladder = jdoc_get(view, "ladder");
    size_t refused = count_state(relays, "REFUSED", true), rows = jdoc_count(ladder);
    int64_t accepted = jdoc_get_int(view, "accepted_by", 0);
    if (refused > 0 && refused == jdoc_count(relays))
        return refused_by_all(view, note);
    if (strcmp(step, "accepted") == 0) {
        if (accepted > 0)
            return err_set(note, ERR_PARTLY, "accepted by %" PRId64 " of %" PRId64 " relays in time", accepted,
                           jdoc_get_int(view, "accepted_needed", 2));
        return err_set(note, ERR_TIMEOUT, "no relay has accepted it in time; it stays in the outbox and is sent on");
    }
    bool delivered = strcmp(step, "delivered") == 0;
    size_t done = delivered ? count_state(ladder, "QUEUED", false) : count_acknowledged(ladder);
    if (done > 0)
        return err_set(note, ERR_PARTLY, "%s to %zu of %zu recipients in time", step, done, rows);
    return err_set(note, ERR_TIMEOUT, "not %s in time, by nobody of %zu; it is sent on", step, rows);
}

static int poll_once(struct cli *cli, const char *case_path, const char *query, int64_t left_us,
                     struct jdoc **inout_view)
{
    char path[CLI_API_PATH_MAX + 128];
    int64_t left_ms = left_us / CLOCK_MS_US;
    int timeout_ms = (int)(left_ms < 0 ? 0 : left_ms > POLL_MS ? POLL_MS : left_ms);
    snprintf(path, sizeof path, "%s?%s&timeout_ms=%d", case_path, query, timeout_ms);
    struct jdoc *view = NULL;
    int error = cli_api_get_within(cli, path, timeout_ms + MARGIN_MS, &view);
    if (error != OK)
        return error;
    jdoc_free(*inout_view);
    *inout_view = view;
    return OK;
}

int cli_wait_for(struct cli *cli, const char *case_path, const char *step, const char *of, int64_t limit_us,
                 struct jdoc **inout_view)
{
    char query[96];
    snprintf(query, sizeof query, "wait=%s%s%s", step, of != NULL ? "&of=" : "", of != NULL ? of : "");
    int64_t end_us = clock_steady_us() + limit_us;
    bool done = false;
    while (!done) {
        int error = poll_once(cli, case_path, query, end_us - clock_steady_us(), inout_view);
        if (error != OK)
            return error;
        const struct jdoc *wait = jdoc_get(*inout_view, "wait");
        done = jdoc_get_bool(wait, "reached", false) || jdoc_get_bool(wait, "settled", false) ||
            clock_steady_us() >= end_us;
    }
    int verdict = cli_wait_verdict(*inout_view, step, &cli->note);
    if (verdict != OK)
        cli_hint(cli, "`hotline show %s` shows who has it; `hotline status` shows the relays.",
                 jdoc_get_text(*inout_view, "reference", "ID"));
    return verdict;
}
