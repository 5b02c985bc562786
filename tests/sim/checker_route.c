/*
 * checker_route: to whom an alert may go, and to whom it must: the rule of the design, from what was said on the wires.
 *
 * A grant is for who is named, who had an earlier revision of the case, and those of the audience whose country is
 * concerned or, unless the route is restricted, who subscribe to it or to the sender's. A publisher knows of cards
 * later than they were said, so whoever ever said so may be granted; who says so still at the end must have been.
 * Nobody is granted anything by a publisher whose roster says that the member is withdrawn.
 */
#include <string.h>

#include "tests/sim/checker_inner.h"

#define WITHDRAWN 3

static uint64_t country_key(const char *country)
{
    return (uint64_t)(unsigned char)country[0] << 8 | (unsigned char)country[1];
}

/* Calls of a country in a list "BE,FR". */
static const char *next_country(const char *list)
{
    return list[0] != '\0' && list[1] != '\0' && list[2] == ',' ? list + 3 : NULL;
}

static bool is_listed(const char *list, const char *country)
{
    for (; list != NULL && *list != '\0'; list = next_country(list))
        if (country_key(list) == country_key(country))
            return true;
    return false;
}

void checker_on_member(struct checker *checker, const struct history_event *event)
{
    struct person *person = &checker->people[event->node];
    struct standing *standing = table_row(&checker->standings, event->revision, event->node, true);
    standing->state = person->state = event->state;
    person->role = event->act;
    person->country = event->text != NULL ? event->text : "";
    checker->was_withdrawn[event->node] |= event->state >= WITHDRAWN;
}

void checker_on_subscribes(struct checker *checker, const struct history_event *event)
{
    uint8_t member = checker->member_of[event->node];
    const char *list = event->text;
    checker->people[member].cards++;
    for (; list != NULL && *list != '\0'; list = next_country(list)) {
        struct subscription *row = table_row(&checker->subscriptions, country_key(list), member, true);
        row->card = checker->people[member].cards;
    }
}

/* now: by its newest card; else by any so far. */
static bool subscribes(struct checker *checker, uint8_t member, const char *country, bool now)
{
    const struct subscription *row = table_row(&checker->subscriptions, country_key(country), member, false);
    return row != NULL && (!now || row->card == checker->people[member].cards);
}

static bool is_routed(struct checker *checker, const struct alert *alert, uint8_t member, bool now)
{
    const struct history_event *route = alert->route;
    const struct person *person = &checker->people[member];
    if (route->names >> member & 1)
        return true;
    if (!(route->act >> person->role & 1))
        return false;
    if (is_listed(route->text, person->country))
        return true;
    if (route->state == 1)
        return false;
    for (const char *list = route->text; list != NULL && *list != '\0'; list = next_country(list))
        if (subscribes(checker, member, list, now))
            return true;
    return subscribes(checker, member, checker->people[checker->member_of[alert->intent.node]].country, now);
}

void checker_check_grants(struct checker *checker, const struct history_event *event, const struct alert *alert,
                          uint64_t names)
{
    struct case_said *said = alert->intent.of == 1 ? table_row(&checker->said, alert->intent.of_case, 0, true) : NULL;
    if (alert->route == NULL)
        return; /* of somebody who watches real processes */
    for (uint8_t member = 0; member < checker->history->name_count; member++) {
        const struct standing *standing = table_row(&checker->standings, event->revision, member, false);
        if (!(names >> member & 1))
            continue;
        if (!is_routed(checker, alert, member, false) && !(said != NULL && said->granted >> member & 1))
            checker_violation(checker, event, "granted to %s, which it does not concern",
                              checker->history->names[member]);
        if (standing != NULL && standing->state == WITHDRAWN)
            checker_violation(checker, event, "granted to %s, which its publisher knew to be withdrawn",
                              checker->history->names[member]);
    }
    if (said != NULL)
        said->granted |= names;
}

void checker_on_route(struct checker *checker, const struct history_event *event)
{
    struct alert *alert = table_row(&checker->alerts, event->hash, 0, true);
    alert->route = event;
    checker_check_grants(checker, event, alert, alert->intent.names);
}

/* Whom it concerns at the end was granted it: who joins or subscribes late gets each open case's newest revision. */
void checker_check_routed(struct checker *checker, const struct alert *alert)
{
    const struct history_event *intent = &alert->intent;
    const struct copy *own = table_row(&checker->copies, intent->hash, intent->node, false);
    uint8_t publisher = checker->member_of[intent->node];
    if (alert->route == NULL || intent->act > 2 || intent->until_us <= checker->end_us || own == NULL || !own->held ||
        own->erased || checker->people[publisher].state >= WITHDRAWN || !checker_is_newest(checker, alert))
        return;
    for (uint8_t member = 0; member < checker->history->name_count; member++) {
        const struct person *person = &checker->people[member];
        if (member != publisher && person->cards > 0 && person->state < WITHDRAWN && !(alert->granted >> member & 1) &&
            is_routed(checker, alert, member, true))
            checker_violation(checker, intent, "%s was never granted it, which it concerns",
                              checker->history->names[member]);
    }
}
