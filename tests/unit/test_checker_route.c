/* checker_route: to whom an alert may go, to whom it must, and what people are told of who took it. */
#include "checker_story.h"

/* Hotlines of five countries, and a mediator in Italy; be publishes to France. */
#define ROSTER(version)                                                                                                \
    "0 MEMBER node=be state=1 act=1 text=BE revision=" version                                                         \
    "\n0 MEMBER node=fr state=1 act=1 text=FR revision=" version                                                       \
    "\n0 MEMBER node=it state=1 act=1 text=IT revision=" version                                                       \
    "\n0 MEMBER node=nl state=1 act=1 text=NL revision=" version                                                       \
    "\n0 MEMBER node=de state=1 act=1 text=DE revision=" version                                                       \
    "\n0 MEMBER node=mediator state=1 act=2 text=IT revision=" version "\n"
#define CARDS                                                                                                          \
    "1 SUBSCRIBES node=be\n1 SUBSCRIBES node=fr\n1 SUBSCRIBES node=it\n1 SUBSCRIBES node=nl\n1 SUBSCRIBES node=de\n"   \
    "1 SUBSCRIBES node=mediator\n"
#define PEOPLE "0 NETWORK state=2\n" ROSTER("1") CARDS
#define TO(names) "10 INTENT node=be " OPEN " until=20000 names=" names "\n" COMMITTED
#define HOTLINES "act=2"
#define ROUTE(more) "10 ROUTE node=be hash=a1 revision=1 " HOTLINES " " more "\n"
#define LAST "200 LOOK\n200 OWNS node=be hash=a1 case=c1 revision=1\n200 END\n"
#define NOT_CONCERNED "which it does not concern"
#define NEVER "was never granted it, which it concerns"

static void route_whose_country_is_concerned_may_be_granted_it(void **state)
{
    (void)state;
    passes(PEOPLE TO("fr") ROUTE("text=FR"));
    passes(PEOPLE TO("fr,it") ROUTE("text=FR,IT"));
    passes(PEOPLE TO("fr,it") ROUTE("text=DE,IT,FR"));
    breaks(PEOPLE TO("fr,it") ROUTE("text=FR"), "granted to it, " NOT_CONCERNED);
    breaks(PEOPLE TO("fr,it") ROUTE("text=FR,DE"), "granted to it, " NOT_CONCERNED);
    breaks(PEOPLE TO("be,fr") ROUTE("text=FR"), "granted to be, " NOT_CONCERNED);
    breaks(PEOPLE TO("fr,de") ROUTE("text=FR,BE"), "granted to de, " NOT_CONCERNED);
    breaks(PEOPLE TO("it") ROUTE("text=IE"), NOT_CONCERNED);
    /* Who watches real processes says no route. */
    passes(PEOPLE TO("fr,it"));
}

static void route_outside_the_audience_it_may_not_be_granted(void **state)
{
    (void)state;
    passes(PEOPLE TO("mediator") "10 ROUTE node=be hash=a1 revision=1 act=4 text=IT\n");
    passes(PEOPLE TO("mediator,it") "10 ROUTE node=be hash=a1 revision=1 act=6 text=IT\n");
    breaks(PEOPLE TO("mediator") ROUTE("text=IT"), NOT_CONCERNED);
    breaks(PEOPLE "2 SUBSCRIBES node=mediator text=BE\n" TO("mediator") ROUTE("text=FR"), NOT_CONCERNED);
}

static void route_who_subscribes_may_be_granted_it_unless_it_is_restricted(void **state)
{
    (void)state;
#define IT_SUBSCRIBES(list) "2 SUBSCRIBES node=it text=" list "\n"
    passes(PEOPLE IT_SUBSCRIBES("FR") TO("it") ROUTE("text=FR"));
    passes(PEOPLE IT_SUBSCRIBES("BE") TO("it") ROUTE("text=FR"));
    passes(PEOPLE IT_SUBSCRIBES("DE,NL,BE") TO("it") ROUTE("text=FR"));
    passes(PEOPLE IT_SUBSCRIBES("NL") TO("it") ROUTE("text=FR,NL"));
    breaks(PEOPLE IT_SUBSCRIBES("NL") TO("it") ROUTE("text=FR"), NOT_CONCERNED);
    breaks(PEOPLE IT_SUBSCRIBES("FR") TO("it") ROUTE("text=FR state=1"), NOT_CONCERNED);
    breaks(PEOPLE IT_SUBSCRIBES("BE") TO("it") ROUTE("text=FR state=1"), NOT_CONCERNED);
    passes(PEOPLE IT_SUBSCRIBES("BE") TO("it") ROUTE("text=FR,IT state=1"));
    /* Its own territory needs no subscription; another's subscription is not its own. */
    breaks(PEOPLE "2 SUBSCRIBES node=nl text=FR\n" TO("it") ROUTE("text=FR"), NOT_CONCERNED);
    /* A publisher may not have heard of a card yet; of one that was never said it cannot. */
    passes(PEOPLE IT_SUBSCRIBES("FR") "3 SUBSCRIBES node=it\n" TO("it") ROUTE("text=FR"));
    breaks(PEOPLE TO("it") ROUTE("text=FR") IT_SUBSCRIBES("FR"), NOT_CONCERNED);
}

static void route_who_is_named_may_be_granted_it(void **state)
{
    (void)state;
    passes(PEOPLE TO("mediator") ROUTE("state=1 names=mediator"));
    breaks(PEOPLE TO("mediator") ROUTE("state=1 names=it"), NOT_CONCERNED);
}

static void route_who_had_an_earlier_revision_may_be_granted_the_next(void **state)
{
    (void)state;
#define SECOND(names, case) "20 INTENT node=be hash=a2 kind=1 act=2 revision=2 until=20000 case=" case " names=" names
#define SECOND_ROUTE(route) "20 ROUTE node=be hash=a2 revision=1 act=2 " route "\n"
#define NEXT(names, case, route) SECOND(names, case) "\n20 COMMITTED node=be hash=a2\n" SECOND_ROUTE(route)
    passes(PEOPLE TO("fr,it") ROUTE("text=FR,IT") NEXT("fr,it", "c1", "text=FR"));
    breaks(PEOPLE TO("fr,it") ROUTE("text=FR,IT") NEXT("fr,it", "c2", "text=FR"), "granted to it, " NOT_CONCERNED);
    breaks(PEOPLE TO("fr,it") ROUTE("text=FR,IT") NEXT("fr,nl", "c1", "text=FR"), "granted to nl, " NOT_CONCERNED);
    /* A reply is no revision. */
    breaks(PEOPLE TO("fr,it") ROUTE("text=FR,IT") "20 INTENT node=fr hash=a3 case=c1 kind=2 until=20000 names=be,it\n"
                                                  "20 ROUTE node=fr hash=a3 revision=1 act=2 state=1 names=be\n",
           "granted to it, " NOT_CONCERNED);
}

static void route_a_late_grant_is_judged_as_the_first_ones(void **state)
{
    (void)state;
#define LATE(name) "50 GRANTED hash=a1 revision=1 names=" name "\n"
    breaks(PEOPLE TO("fr") ROUTE("text=FR") LATE("it"), "granted to it, " NOT_CONCERNED);
    passes(PEOPLE TO("fr") ROUTE("text=FR") "40 SUBSCRIBES node=it text=FR\n" LATE("it"));
    passes(PEOPLE TO("fr") ROUTE("text=FR") LATE("fr"));
    /* Told once. */
    breaks(PEOPLE TO("fr") ROUTE("text=FR") LATE("it") LATE("it"), "granted to it, " NOT_CONCERNED);
    passes(PEOPLE TO("fr,it") ROUTE("text=FR,IT")
               NEXT("fr", "c1", "text=FR") "50 GRANTED hash=a2 revision=1 names=it\n");
}

static void route_a_member_that_its_publisher_knows_to_be_withdrawn_is_granted_nothing(void **state)
{
    (void)state;
#define WITHDRAWN "5 MEMBER node=fr state=3 act=1 text=FR revision=2\n"
#define KNOWN "which its publisher knew to be withdrawn"
    passes(PEOPLE WITHDRAWN TO("fr") ROUTE("text=FR"));
    breaks(PEOPLE WITHDRAWN TO("fr") "10 ROUTE node=be hash=a1 revision=2 act=2 text=FR\n", KNOWN);
    passes(PEOPLE "5 MEMBER node=fr state=2 act=1 text=FR revision=2\n" TO(
        "fr") "10 ROUTE node=be hash=a1 revision=2 act=2 text=FR\n");
    breaks(PEOPLE WITHDRAWN TO("it") ROUTE("text=FR,IT") "50 GRANTED hash=a1 revision=2 names=fr\n", KNOWN);
    passes(PEOPLE WITHDRAWN TO("it") ROUTE("text=FR,IT") "50 GRANTED hash=a1 revision=1 names=fr\n");
    /* What it was granted before is sent again as it was. */
    passes(PEOPLE WITHDRAWN TO("fr") ROUTE("text=FR") "50 GRANTED hash=a1 revision=2 names=fr\n");
}

/* --- whom it concerns at the end --- */

static void route_whom_it_concerns_at_the_end_was_granted_it(void **state)
{
    (void)state;
    passes(PEOPLE TO("fr") ROUTE("text=FR") LAST);
    breaks(PEOPLE TO("fr") ROUTE("text=FR,IT") LAST, "it " NEVER);
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") LATE("it") LAST);
    breaks(PEOPLE TO("fr") ROUTE("text=FR") "40 SUBSCRIBES node=it text=BE\n" LAST, "it " NEVER);
    passes(PEOPLE TO("fr") ROUTE("text=FR state=1") "40 SUBSCRIBES node=it text=BE\n" LAST);
    breaks(PEOPLE TO("fr") ROUTE("text=FR state=1 names=mediator") LAST, "mediator " NEVER);
    /* It subscribes no more. */
    passes(PEOPLE TO("fr") ROUTE("text=FR") "40 SUBSCRIBES node=it text=BE\n41 SUBSCRIBES node=it text=NL\n" LAST);
    passes(PEOPLE TO("fr") ROUTE("text=FR,BE") LAST);
}

static void route_who_has_no_card_or_is_withdrawn_is_waited_for_by_nobody(void **state)
{
    (void)state;
    passes("0 NETWORK state=2\n" ROSTER("1") TO("fr") ROUTE("text=FR,IT") LAST);
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") "60 MEMBER node=it state=3 act=1 text=IT revision=2\n" LAST);
    breaks(PEOPLE TO("fr") ROUTE("text=FR,IT") "60 MEMBER node=it state=2 act=1 text=IT revision=2\n" LAST, NEVER);
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") "60 MEMBER node=be state=3 act=1 text=BE revision=2\n" LAST);
    breaks(PEOPLE TO("fr") ROUTE("text=FR,IT") "60 MEMBER node=be state=2 act=1 text=BE revision=2\n" LAST, NEVER);
}

static void route_only_what_is_current_is_owed_to_who_comes_late(void **state)
{
    (void)state;
#define OWNS(h, revision) "200 OWNS node=be hash=" h " case=c1 revision=" revision "\n"
#define CLOSED                                                                                                         \
    "20 INTENT node=be hash=a2 case=c1 kind=1 act=3 revision=2 until=20000 names=fr\n20 COMMITTED node=be hash=a2\n"   \
    "20 ROUTE node=be hash=a2 revision=1 act=2 text=FR,IT\n"
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") CLOSED "200 LOOK\n" OWNS("a1", "1") OWNS("a2", "2") "200 END\n");
    breaks(PEOPLE TO("fr") ROUTE("text=FR,IT") NEXT("fr", "c1", "text=FR,IT") "200 LOOK\n" OWNS("a1", "1")
               OWNS("a2", "2") "200 END\n",
           "it " NEVER);
    passes(PEOPLE "10 INTENT node=be " OPEN " until=200 names=fr\n" COMMITTED ROUTE("text=FR,IT") LAST);
    breaks(PEOPLE "10 INTENT node=be " OPEN " until=201 names=fr\n" COMMITTED ROUTE("text=FR,IT") LAST, NEVER);
    /* Its publisher has it no more. */
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") "200 LOOK\n200 END\n");
    passes(PEOPLE TO("fr") ROUTE("text=FR,IT") "200 LOOK\n" OWNS("a1", "1") "200 ERASED node=be case=c1\n200 END\n");
    passes(PEOPLE TO("fr") "9 HOSTILE node=be hash=a1 case=c1\n" ROUTE("text=FR,IT") LAST);
}

static void route_a_clone_is_its_member(void **state)
{
    (void)state;
#define IT_CLONE "3 CLONE node=it2 member=it state=1\n"
    passes(PEOPLE IT_CLONE "4 SUBSCRIBES node=it2 text=BE\n" TO("fr,it") ROUTE("text=FR") LAST);
    breaks(PEOPLE IT_CLONE "4 SUBSCRIBES node=it2 text=BE\n" TO("fr") ROUTE("text=FR") LAST, "it " NEVER);
    /* What a clone of be's publishes is be's: whoever subscribes to BE is concerned. */
    passes(PEOPLE "3 CLONE node=be2 member=be state=1\n" IT_SUBSCRIBES(
        "BE") "10 INTENT node=be2 " OPEN " until=20000 names=it\n10 ROUTE node=be2 hash=a1 revision=1 act=2 text=FR\n");
}

/* --- what people are told --- */

static void told_accepted_by_a_relay_that_never_signed_so_is_told(void **state)
{
    (void)state;
#define TOLD_BY(relay) "12 TOLD node=be relay=" relay " hash=a1\n"
    passes(SENT TOLD_BY("ra") TOLD_BY("rb"));
    breaks(SENT TOLD_BY("rc"), "never signed that");
    breaks(WORLD INTENT COMMITTED TOLD_BY("ra"), "never signed that");
    breaks(WORLD TOLD_BY("ra"), "never signed that");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_whose_country_is_concerned_may_be_granted_it),
        cmocka_unit_test(route_outside_the_audience_it_may_not_be_granted),
        cmocka_unit_test(route_who_subscribes_may_be_granted_it_unless_it_is_restricted),
        cmocka_unit_test(route_who_is_named_may_be_granted_it),
        cmocka_unit_test(route_who_had_an_earlier_revision_may_be_granted_the_next),
        cmocka_unit_test(route_a_late_grant_is_judged_as_the_first_ones),
        cmocka_unit_test(route_a_member_that_its_publisher_knows_to_be_withdrawn_is_granted_nothing),
        cmocka_unit_test(route_whom_it_concerns_at_the_end_was_granted_it),
        cmocka_unit_test(route_who_has_no_card_or_is_withdrawn_is_waited_for_by_nobody),
        cmocka_unit_test(route_only_what_is_current_is_owed_to_who_comes_late),
        cmocka_unit_test(route_a_clone_is_its_member),
        cmocka_unit_test(told_accepted_by_a_relay_that_never_signed_so_is_told),
    };
    return cmocka_run_group_tests_name("checker_route", tests, NULL, NULL);
}
