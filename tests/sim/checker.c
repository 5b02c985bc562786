/* checker: see the header. Every rule is one function that reads like its sentence in the header. */
#include "tests/sim/checker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/checker_inner.h"

/* --- what is broken --- */

void checker_violation(struct checker *checker, const struct history_event *event, const char *format, ...)
{
    va_list args;
    if (checker->out != NULL && checker->report.violations < checker->most) {
        fputs("VIOLATION ", checker->out);
        va_start(args, format);
        vfprintf(checker->out, format, args);
        va_end(args);
        fputs("\n    ", checker->out);
        if (event != NULL)
            history_print(checker->history, event, checker->out);
        else
            fputc('\n', checker->out);
    }
    checker->report.violations++;
}

static struct alert *alert_of(struct checker *checker, uint64_t hash, bool make)
{
    return table_row(&checker->alerts, hash, 0, make);
}

static struct copy *copy_of(struct checker *checker, const struct history_event *event)
{
    struct copy *copy = table_row(&checker->copies, event->hash, event->node, true);
    if (event->of_case != 0)
        copy->of_case = event->of_case;
    if (event->revision != 0)
        copy->revision = event->revision;
    return copy;
}

/* --- the publisher --- */

static void on_intent(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = alert_of(checker, event->hash, true);
    if (alert->intent.hash != 0)
        checker_violation(checker, event, "two intents have one hash");
    alert->intent = *event;
    alert->granted |= event->names;
    (void)copy_of(checker, event); /* says of which case it is */
    checker->report.alerts++;
}

/* Its publisher's disk has it: only now can anybody else know of it. */
static void commit(struct checker *checker, uint64_t hash)
{
    struct alert *alert = alert_of(checker, hash, true);
    const struct history_event *intent = &alert->intent;
    alert->committed = true;
    if (intent->hash == 0 || intent->of != 1)
        return;
    struct case_said *said = table_row(&checker->said, intent->of_case, 0, true);
    said->ended |= intent->act > 2;
    if (intent->revision > said->newest)
        said->newest = intent->revision;
    if (intent->until_us > said->until_us)
        said->until_us = intent->until_us;
}

bool checker_is_newest(struct checker *checker, const struct alert *alert)
{
    const struct case_said *said = table_row(&checker->said, alert->intent.of_case, 0, false);
    return alert->intent.of != 1 || said == NULL || said->newest <= alert->intent.revision;
}

static void on_committed(struct checker *checker, const struct history_event *event)
{
    commit(checker, event->hash);
    copy_of(checker, event)->owned = true;
}

static void on_accepted(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = alert_of(checker, event->hash, true);
    unsigned needed = checker->relays < 2 ? 1 : 2, have = 0;
    if (checker->hostile_relay[event->relay] && alert->intent.hash == 0)
        return;
    if (alert->intent.hash == 0) {
        checker_violation(checker, event, "a relay accepted what nobody published");
        return;
    }
    if (!checker->hostile_relay[event->relay] && (event->names & ~alert->granted) != 0)
        checker_violation(checker, event, "a relay named whom nobody granted it");
    if (!alert->committed)
        checker_violation(checker, event, "a relay accepted what its publisher had not committed");
    alert->accepted |= event->names;
    alert->relays |= UINT64_C(1) << event->relay;
    for (unsigned i = 0; i < HISTORY_NAMES; i++)
        have += alert->relays >> i & 1;
    if (have >= needed && alert->accepted_at_us == 0) {
        alert->accepted_at_us = event->at_us;
        checker->report.accepted++;
    }
}

struct rung *checker_rung(struct checker *checker, uint64_t hash, uint8_t node, uint8_t member, bool make)
{
    uint64_t key = hash ^ (node + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    struct rung *rung = table_row(&checker->rungs, key, member, make);
    if (rung != NULL)
        rung->node = node;
    return rung;
}

/* A receipt of this state left a store of the member's. */
static bool has_answered(struct checker *checker, uint64_t hash, uint8_t member, uint8_t state)
{
    for (uint8_t store = 0; store < checker->history->name_count; store++) {
        const struct copy *copy =
            checker->member_of[store] == member ? table_row(&checker->copies, hash, store, false) : NULL;
        if (copy != NULL && copy->answered >> state & 1)
            return true;
    }
    return false;
}

static bool may_follow(unsigned from, unsigned to)
{
    enum { DELIVERED = 1, SHOWN, ACKNOWLEDGED, DECLINED };
    return to > from || (from == DECLINED && to == ACKNOWLEDGED);
}

static void on_ladder(struct checker *checker, const struct history_event *event)
{
    struct rung *rung = checker_rung(checker, event->hash, event->node, event->member, true);
    if (event->state != rung->state && !may_follow(rung->state, event->state))
        checker_violation(checker, event, "a recipient's state went back from %u to %u", rung->state, event->state);
    if (event->state != rung->state && !has_answered(checker, event->hash, event->member, event->state))
        checker_violation(checker, event, "the publisher was told of a receipt that its recipient never sent");
    rung->state = event->state;
}

/* --- the recipient --- */

static void check_content(struct checker *checker, const struct history_event *event, const struct alert *alert)
{
    const struct history_event *intent = &alert->intent;
    if (alert->hostile)
        return;
    if (intent->hash == 0) {
        checker_violation(checker, event, "shown, and nobody published it");
        return;
    }
    if (intent->digest != event->digest && event->digest != 0)
        checker_violation(checker, event, "the content is not what was published");
    if (intent->exercise != event->exercise)
        checker_violation(checker, event, "a drill shown as live, or live as a drill");
    if (intent->revision != event->revision || intent->act != event->act || intent->of_case != event->of_case)
        checker_violation(checker, event, "revision, act or case are not what was published");
    uint8_t member = checker->member_of[event->node];
    if (member != checker->member_of[intent->node] && !(alert->granted >> member & 1))
        checker_violation(checker, event, "shown to a member that was not granted it");
}

static void case_has(struct case_at *at, const struct history_event *event)
{
    if (event->of != 1)
        return;
    if (event->revision > at->held)
        at->held = event->revision;
    if (event->revision > at->highest)
        at->highest = event->revision;
}

static void on_view(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = alert_of(checker, event->hash, true);
    struct copy *copy = copy_of(checker, event);
    struct case_at *at = table_row(&checker->cases, event->of_case, event->node, true);
    checker->report.views++;
    check_content(checker, event, alert);
    if (alert->intent.hash != 0 && checker->member_of[alert->intent.node] != event->member)
        checker_violation(checker, event, "shown as of another sender");
    if (copy->told)
        checker_violation(checker, event, "shown twice");
    if (copy->erased)
        checker_violation(checker, event, "shown after its erasure");
    if (event->of == 1 && event->revision < at->told)
        checker_violation(checker, event, "an older revision (of %u) shown as news", at->told);
    if (event->of == 1 && event->revision > at->told)
        at->told = event->revision;
    case_has(at, event);
    copy->told = copy->held = true;
}

static void on_holds(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = alert_of(checker, event->hash, true);
    struct copy *copy = copy_of(checker, event);
    struct case_at *at = table_row(&checker->cases, event->of_case, event->node, true);
    copy->loaded = copy->held = true;
    /* Erasure spares a closing: it says nothing of the child. */
    if (event->state != 1 && copy->erased && event->act < 3)
        checker_violation(checker, event, "there again after its erasure");
    copy->erased |= event->state == 1;
    case_has(at, event);
    if (event->state != 1)
        check_content(checker, event, alert);
}

static void on_owns(struct checker *checker, const struct history_event *event)
{
    struct copy *copy = copy_of(checker, event);
    commit(checker, event->hash);
    copy->owned = copy->loaded = copy->held = true;
}

/* Until when the case is open: its publisher's commit of a closing ends it for all, as the one may know of it and the
 * other not yet. 0: it ended, or nobody honest published it. */
static int64_t open_until_us(struct checker *checker, uint64_t of_case)
{
    const struct case_said *said = table_row(&checker->said, of_case, 0, false);
    return said == NULL || said->ended ? 0 : said->until_us;
}

static void on_receipt(struct checker *checker, const struct history_event *event)
{
    struct copy *copy = copy_of(checker, event);
    checker->report.receipts++;
    copy->answered |= (uint8_t)(1u << event->state);
    if (event->state < 5)
        copy->receipt = true;
    else if (event->at_us < open_until_us(checker, copy->of_case))
        checker_violation(checker, event, "erased while its case is open");
}

static void on_erased(struct checker *checker, const struct history_event *event)
{
    struct case_at *at = table_row(&checker->cases, event->of_case, event->node, true);
    at->erased = true;
    at->erased_to = at->highest;
    for (size_t i = 0; i < checker->copies.count; i++) {
        struct copy *copy = (struct copy *)(void *)(checker->copies.rows + i * checker->copies.size);
        if (copy->node == event->node && copy->of_case == event->of_case)
            copy->erased = true;
    }
}

/* --- lives --- */

/* What is held is said anew; not by a clone that was ended: what its people were shown, the member was shown. */
static void on_look(struct checker *checker, const struct history_event *event)
{
    (void)event;
    for (size_t i = 0; i < checker->copies.count; i++) {
        struct copy *copy = (struct copy *)(void *)(checker->copies.rows + i * checker->copies.size);
        copy->held &= checker->member_of[copy->node] != copy->node;
    }
    for (size_t i = 0; i < checker->cases.count; i++) {
        struct case_at *at = (struct case_at *)(void *)(checker->cases.rows + i * checker->cases.size);
        at->held = checker->member_of[at->node] != at->node ? at->held : 0;
    }
}

static void forget_life(struct checker *checker, uint8_t node)
{
    for (size_t i = 0; i < checker->cases.count; i++) {
        struct case_at *at = (struct case_at *)(void *)(checker->cases.rows + i * checker->cases.size);
        if (at->node == node)
            *at = (struct case_at){.of_case = at->of_case, .node = node};
    }
    for (size_t i = 0; i < checker->rungs.count; i++) {
        struct rung *rung = (struct rung *)(void *)(checker->rungs.rows + i * checker->rungs.size);
        if (rung->node == node)
            rung->state = 0;
    }
}

static void on_start(struct checker *checker, const struct history_event *event)
{
    bool same = event->state == 0;
    for (size_t i = 0; i < checker->copies.count; i++) {
        struct copy *copy = (struct copy *)(void *)(checker->copies.rows + i * checker->copies.size);
        if (copy->node != event->node)
            continue;
        copy->loaded = copy->held = false;
        if (!same)
            copy->told = copy->receipt = copy->owned = copy->erased = false;
    }
    if (same)
        return;
    checker->store_lost_us[event->node] = event->at_us;
    forget_life(checker, event->node);
}

bool checker_is_replaced(struct checker *checker, const struct history_event *intent, uint8_t store)
{
    for (size_t i = 0; i < checker->alerts.count && intent->of == KIND_STATISTICS; i++) {
        const struct alert *other =
            (const struct alert *)(const void *)(checker->alerts.rows + i * checker->alerts.size);
        const struct copy *copy = other->intent.of == KIND_STATISTICS && other->intent.node == intent->node &&
                other->intent.at_us > intent->at_us ?
            table_row(&checker->copies, other->hash, store, false) :
            NULL;
        if (copy != NULL && copy->held)
            return true;
    }
    return false;
}

static void on_loaded(struct checker *checker, const struct history_event *event)
{
    for (size_t i = 0; i < checker->copies.count; i++) {
        struct copy *copy = (struct copy *)(void *)(checker->copies.rows + i * checker->copies.size);
        const char *what = copy->owned ? "the publisher said committed" :
            copy->told                 ? "it was shown" :
            copy->receipt              ? "a receipt was sent" :
                                         NULL;
        if (copy->node != event->node || what == NULL || copy->loaded || copy->erased)
            continue;
        const struct alert *alert = alert_of(checker, copy->hash, false);
        if (alert == NULL || !checker_is_replaced(checker, &alert->intent, event->node))
            checker_violation(checker, event, "%s, and after the restart it is not there: %016" PRIx64 " revision %u",
                              what, copy->hash, copy->revision);
    }
}

static void on_relay_start(struct checker *checker, const struct history_event *event)
{
    checker->is_relay[event->relay] = true;
    for (size_t i = 0; i < checker->promises.count; i++) {
        struct promise *promise = (struct promise *)(void *)(checker->promises.rows + i * checker->promises.size);
        if (promise->relay != event->relay)
            continue;
        promise->loaded = false;
        promise->stands &= event->state == 0; /* another store promised nothing */
    }
    if (event->state != 0)
        checker->relay_lost_us[event->relay] = event->at_us;
}

/* The newest revision of each case that this relay promised, or holds after this start. */
static void gather_kept(struct checker *checker, const struct history_event *event)
{
    for (size_t i = 0; i < checker->promises.count; i++) {
        const struct promise *promise =
            (const struct promise *)(const void *)(checker->promises.rows + i * checker->promises.size);
        const struct alert *alert = alert_of(checker, promise->hash, false);
        if (promise->relay != event->relay || !(promise->stands || promise->loaded) || alert == NULL ||
            alert->intent.of != 1)
            continue;
        struct case_said *kept = table_row(&checker->kept, alert->intent.of_case, event->relay, true);
        if (kept->at_us != event->at_us || alert->intent.revision > kept->newest)
            kept->newest = alert->intent.revision;
        kept->at_us = event->at_us;
    }
}

/* A newer revision takes the place of an older one there. */
static bool is_superseded(struct checker *checker, const struct alert *alert, uint8_t relay)
{
    const struct case_said *kept = table_row(&checker->kept, alert->intent.of_case, relay, false);
    return alert->intent.of == 1 && kept != NULL && kept->newest > alert->intent.revision;
}

static void on_relay_loaded(struct checker *checker, const struct history_event *event)
{
    gather_kept(checker, event);
    for (size_t i = 0; i < checker->promises.count && !checker->hostile_relay[event->relay]; i++) {
        struct promise *promise = (struct promise *)(void *)(checker->promises.rows + i * checker->promises.size);
        const struct alert *alert = alert_of(checker, promise->hash, false);
        if (promise->relay != event->relay || promise->loaded || !promise->stands || alert == NULL)
            continue;
        if (alert->intent.until_us > event->at_us + CLOCK_SLACK_US && !is_superseded(checker, alert, promise->relay))
            checker_violation(checker, event, "the relay said Accepted, and after the restart it has not %016" PRIx64,
                              promise->hash);
        promise->stands = false; /* said once */
    }
}

static void on_relay_holds(struct checker *checker, const struct history_event *event)
{
    ((struct promise *)table_row(&checker->promises, event->hash, event->relay, true))->loaded = true;
}

/* --- the network --- */

static void on_granted(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = alert_of(checker, event->hash, true);
    checker_check_grants(checker, event, alert, event->names & ~alert->granted);
    alert->granted |= event->names;
    alert->not_routed &= ~event->names;
}

/* What people are told of a relay's word, it said. */
static void on_told(struct checker *checker, const struct history_event *event)
{
    const struct alert *alert = alert_of(checker, event->hash, false);
    if (alert == NULL || !(alert->relays >> event->relay & 1))
        checker_violation(checker, event, "people were told accepted, and this relay never signed that");
}

/* What the one was told and has, its copy was and has. */
static void on_clone(struct checker *checker, const struct history_event *event)
{
    checker->member_of[event->node] = event->member;
    for (size_t i = 0, count = checker->copies.count; i < count && event->state == 0; i++) {
        struct copy copy = *(const struct copy *)(const void *)(checker->copies.rows + i * checker->copies.size);
        if (copy.node != event->member)
            continue;
        copy.node = event->node;
        *(struct copy *)table_row(&checker->copies, copy.hash, event->node, true) = copy;
    }
    for (size_t i = 0, count = checker->cases.count; i < count && event->state == 0; i++) {
        struct case_at at = *(const struct case_at *)(const void *)(checker->cases.rows + i * checker->cases.size);
        if (at.node != event->member)
            continue;
        at.node = event->node;
        *(struct case_at *)table_row(&checker->cases, at.of_case, event->node, true) = at;
    }
}

/* A sender's word that a number carries nothing closes the gap for good: what it carries still must not be said void.
 */
static void on_voided(struct checker *checker, const struct history_event *event)
{
    const struct alert *alert = alert_of(checker, event->hash, false);
    const struct copy *own = table_row(&checker->copies, event->hash, event->node, false);
    const struct rung *rung = checker_rung(checker, event->hash, event->node, event->member, false);
    if (alert == NULL || own == NULL || own->erased || !checker_is_newest(checker, alert) ||
        alert->intent.until_us <= event->at_us + CLOCK_SLACK_US)
        return;
    if (alert->relays == 0 || (alert->intent.of != 1 && rung != NULL && rung->state != 0))
        return; /* no relay took it; or it is over, as a reply is with its answer */
    checker_violation(checker, event, "said to be void, and it carries what is owed");
}

static void on_other(struct checker *checker, const struct history_event *event)
{
    switch (event->kind) {
    case HISTORY_NETWORK:
        checker->relays = event->state;
        break;
    case HISTORY_CLONE:
        on_clone(checker, event);
        break;
    case HISTORY_RELAY:
        checker->hostile_relay[event->relay] = event->state == 0;
        break;
    case HISTORY_NOT_ROUTED:
        alert_of(checker, event->hash, true)->not_routed |= event->names;
        break;
    case HISTORY_PROMISED:
        ((struct promise *)table_row(&checker->promises, event->hash, event->relay, true))->stands = true;
        break;
    case HISTORY_HOSTILE:
        alert_of(checker, event->hash, true)->hostile = true;
        break;
    case HISTORY_CANARY:
        checker_violation(checker, event, "a canary where none may be");
        break;
    case HISTORY_BROKEN:
        checker_violation(checker, event, "a program gave up");
        break;
    case HISTORY_SIZE:
        if (event->until_us > (int64_t)event->state << 20)
            checker_violation(checker, event, "grew beyond its bound");
        break;
    default:
        break;
    }
}

static void on_event(struct checker *checker, const struct history_event *event)
{
    static void (*const rules[HISTORY_KINDS])(struct checker *, const struct history_event *) = {
        [HISTORY_INTENT] = on_intent,
        [HISTORY_COMMITTED] = on_committed,
        [HISTORY_ACCEPTED] = on_accepted,
        [HISTORY_LADDER] = on_ladder,
        [HISTORY_VIEW] = on_view,
        [HISTORY_HOLDS] = on_holds,
        [HISTORY_OWNS] = on_owns,
        [HISTORY_RECEIPT] = on_receipt,
        [HISTORY_ERASED] = on_erased,
        [HISTORY_LOOK] = on_look,
        [HISTORY_START] = on_start,
        [HISTORY_MEMBER] = checker_on_member,
        [HISTORY_SUBSCRIBES] = checker_on_subscribes,
        [HISTORY_ROUTE] = checker_on_route,
        [HISTORY_GRANTED] = on_granted,
        [HISTORY_TOLD] = on_told,
        [HISTORY_VOIDED] = on_voided,
        [HISTORY_LOADED] = on_loaded,
        [HISTORY_RELAY_START] = on_relay_start,
        [HISTORY_RELAY_HOLDS] = on_relay_holds,
        [HISTORY_RELAY_LOADED] = on_relay_loaded,
    };
    checker->end_us = event->at_us;
    (rules[event->kind] != NULL ? rules[event->kind] : on_other)(checker, event);
}

struct checker_report checker_run(const struct history *history, FILE *out, size_t most)
{
    struct checker checker = {.history = history,
                              .out = out,
                              .most = most,
                              .relays = 1,
                              .alerts.size = sizeof(struct alert),
                              .copies.size = sizeof(struct copy),
                              .cases.size = sizeof(struct case_at),
                              .rungs.size = sizeof(struct rung),
                              .promises.size = sizeof(struct promise),
                              .standings.size = sizeof(struct standing),
                              .subscriptions.size = sizeof(struct subscription),
                              .said.size = sizeof(struct case_said),
                              .kept.size = sizeof(struct case_said)};
    for (unsigned i = 0; i < HISTORY_NAMES; i++)
        checker.member_of[i] = (uint8_t)i, checker.people[i].country = "";
    for (size_t i = 0; i < history->count; i++)
        on_event(&checker, &history->events[i]);
    if (history->count > 0 && history->events[history->count - 1].kind == HISTORY_END)
        checker_end(&checker);
    struct checker_report report = checker.report;
    table_done(&checker.alerts);
    table_done(&checker.copies);
    table_done(&checker.cases);
    table_done(&checker.rungs);
    table_done(&checker.promises);
    table_done(&checker.standings);
    table_done(&checker.subscriptions);
    table_done(&checker.said);
    table_done(&checker.kept);
    return report;
}
