/* checker_lost: what the last look says. The story: be's alert was accepted for fr, which was connected, and has it
 * not. */
#include "checker_story.h"

#define LINKED "15 LINK node=fr relay=ra state=1\n"
#define LOST "LOST: be accepted, named fr"

static void lost_an_alert_that_never_came_is_told(void **state)
{
    (void)state;
    breaks(SENT LINKED LOOK END, LOST);
    passes(SENT LINKED ANSWERED TOLD LOOK HELD END);
    /* Without a last look nobody can say. */
    passes(SENT LINKED LOOK);
    /* What it had before is not what it has. */
    breaks(SENT LINKED SHOWN ANSWERED TOLD LOOK END, LOST);
    breaks(SENT LINKED "16 GRANTED hash=a1 names=it\n17 HOLDS node=it " OPEN "\n" LOOK END, LOST);
}

static void lost_a_newer_revision_takes_its_place_and_an_older_one_does_not(void **state)
{
    (void)state;
#define TOLD_UPDATE "22 RECEIPT node=fr hash=a2 state=1\n23 LADDER node=be member=fr hash=a2 state=1\n"
#define HELD_UPDATE "200 HOLDS node=fr " UPDATE "\n"
#define OWNS_UPDATE "200 OWNS node=be hash=a2 case=c1 revision=2\n"
    passes(SENT UPDATED LINKED TOLD_UPDATE LOOK OWNS_UPDATE HELD_UPDATE END);
    breaks(SENT UPDATED LINKED ANSWERED TOLD LOOK HELD END, LOST);
    /* A reply is no revision, whatever it speaks of. */
    breaks(SENT LINKED "20 INTENT node=it hash=a3 case=c1 kind=2 revision=2 until=20000 names=fr\n" LOOK
                       "200 HOLDS node=fr hash=a3 case=c1 kind=2 revision=2\n" END,
           LOST);
    /* Shown, and its view is there still. */
    passes(SENT UPDATED LINKED LOOK "200 VIEW node=fr member=be " UPDATE "\n" END);
}

static void lost_what_was_erased_there_had_come(void **state)
{
    (void)state;
    passes(SENT LINKED SHOWN LOOK "200 ERASED node=fr case=c1\n" END);
    passes(SENT LINKED LOOK "200 HOLDS node=fr " OPEN " state=1\n" END);
    breaks(SENT LINKED SHOWN LOOK "200 ERASED node=it case=c1\n" END, LOST);
    breaks(SENT LINKED SHOWN LOOK "200 ERASED node=fr case=c2\n" END, LOST);
}

static void lost_a_revision_above_the_erased_one_opens_the_case_anew(void **state)
{
    (void)state;
#define ERASED_OPEN SHOWN "16 START node=fr\n16 ERASED node=fr case=c1\n16 LOADED node=fr\n"
    breaks(SENT ERASED_OPEN UPDATED LINKED LOOK "200 ERASED node=fr case=c1\n" END, LOST);
    passes(SENT ERASED_OPEN UPDATED LINKED TOLD_UPDATE LOOK OWNS_UPDATE HELD_UPDATE END);
    /* At or below the tombstone's it is answered ERASED: the newer one was there. */
    passes(SENT UPDATED "22 VIEW node=fr member=be " UPDATE "\n" LINKED LOOK "200 ERASED node=fr case=c1\n" END);
}

static void lost_a_reply_to_an_erased_case_is_answered_so(void **state)
{
    (void)state;
#define REPLIED                                                                                                        \
    "30 INTENT node=it hash=a3 case=c1 kind=2 until=20000 names=fr\n30 COMMITTED node=it hash=a3\n"                    \
    "31 ACCEPTED node=it relay=ra hash=a3 names=fr\n31 ACCEPTED node=it relay=rb hash=a3 names=fr\n"
    breaks(WORLD REPLIED LINKED LOOK END, "LOST: it accepted, named fr");
    passes(WORLD REPLIED LINKED LOOK "200 ERASED node=fr case=c1\n" END);
    breaks(WORLD REPLIED LINKED LOOK "200 ERASED node=fr case=c2\n" END, "LOST: it accepted, named fr");
    /* One erased reply is not the end of its case. */
    breaks(SENT LINKED "30 INTENT node=it hash=a3 case=c1 kind=2 until=20000 names=fr\n" LOOK
                       "200 HOLDS node=fr hash=a3 case=c1 kind=2 state=1\n" END,
           LOST);
}

#define FIGURES(t, h)                                                                                                  \
#t " INTENT node=be hash=" h " kind=4 until=20000 names=fr\n" #t " COMMITTED node=be hash=" h "\n" #t              \
       " ACCEPTED node=be relay=ra hash=" h " names=fr\n" #t " ACCEPTED node=be relay=rb hash=" h " names=fr\n"

static void lost_older_figures_that_newer_ones_replaced_there_are_over(void **state)
{
    (void)state;
    passes(WORLD FIGURES(10, "f1") FIGURES(20, "f2") LINKED LOOK "200 HOLDS node=fr hash=f2 kind=4\n" END);
    breaks(WORLD FIGURES(10, "f1") FIGURES(20, "f2") LINKED LOOK "200 HOLDS node=fr hash=f1 kind=4\n" END, LOST);
    /* Only figures replace figures. */
    breaks(WORLD FIGURES(
               10, "f1") "20 INTENT node=be " OPEN
                         " until=20000 names=fr\n20 COMMITTED node=be hash=a1\n" ANSWERED TOLD LINKED LOOK HELD END,
           LOST);
    breaks(WORLD REPLIED "40 INTENT node=it hash=f2 kind=4 until=20000 names=fr\n" LINKED LOOK
                         "200 HOLDS node=fr hash=f2 kind=4\n" END,
           "LOST: it accepted, named fr");
    /* Newer ones that were never sent replace nothing. */
    breaks(WORLD FIGURES(10, "f1") "20 INTENT node=be hash=f2 kind=4 until=20000 names=fr\n" LINKED LOOK END, LOST);
}

/* --- who is owed nothing --- */

static void lost_who_is_withdrawn_or_hostile_is_owed_nothing(void **state)
{
    (void)state;
    breaks(SENT LINKED "16 MEMBER node=fr state=2\n" LOOK END, LOST);
    passes(SENT LINKED "16 MEMBER node=fr state=3\n" LOOK END);
    passes(SENT LINKED "16 MEMBER node=fr state=4\n" LOOK END);
    passes(SENT LINKED "16 MEMBER node=fr state=3\n17 MEMBER node=fr state=1\n" LOOK END);
    breaks(SENT LINKED "16 MEMBER node=it state=3\n" LOOK END, LOST);
    /* What was sent before its sender was withdrawn is owed still. */
    breaks(SENT LINKED "16 MEMBER node=be state=3\n" LOOK END, LOST);
}

static void lost_a_hostile_envelope_is_owed_to_nobody(void **state)
{
    (void)state;
    passes(SENT "16 HOSTILE node=be hash=a1 case=c1\n" LINKED LOOK END);
}

static void lost_the_publisher_owes_itself_nothing(void **state)
{
    (void)state;
#define TO_SELF                                                                                                        \
    WORLD "10 INTENT node=be " OPEN " until=20000 names=be\n" COMMITTED                                                \
          "11 ACCEPTED node=be relay=ra hash=a1 names=be\n11 ACCEPTED node=be relay=rb hash=a1 names=be\n"             \
          "15 LINK node=be relay=ra state=1\n"
    passes(TO_SELF "200 LOOK\n200 END\n");
}

static void lost_what_one_of_two_relays_accepted_is_not_promised_and_one_of_one_is(void **state)
{
    (void)state;
    passes(WORLD INTENT COMMITTED "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n" LINKED LOOK END);
    breaks(WORLD "2 NETWORK state=1\n" INTENT COMMITTED
                 "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n" LINKED LOOK END,
           LOST);
    passes(WORLD INTENT COMMITTED "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n"
                                  "12 ACCEPTED node=be relay=ra hash=a1 names=fr\n" LINKED LOOK END);
}

static void lost_who_was_not_named_is_owed_nothing(void **state)
{
    (void)state;
    passes(WORLD INTENT COMMITTED
           "11 ACCEPTED node=be relay=ra hash=a1\n11 ACCEPTED node=be relay=rb hash=a1\n" LINKED LOOK END);
    breaks(WORLD INTENT COMMITTED
           "11 ACCEPTED node=be relay=ra hash=a1\n11 ACCEPTED node=be relay=rb hash=a1 names=fr\n" LINKED LOOK END,
           LOST);
}

static void lost_whom_a_hostile_relay_names_without_a_grant_is_owed_nothing(void **state)
{
    (void)state;
#define NAMES_IT                                                                                                       \
    WORLD "2 RELAY relay=rb state=0\n" INTENT COMMITTED                                                                \
          "11 ACCEPTED node=be relay=ra hash=a1\n11 ACCEPTED node=be relay=rb hash=a1 names=it\n"                      \
          "15 LINK node=it relay=ra state=1\n"
    passes(NAMES_IT LOOK END);
    struct history history;
    story_read(NAMES_IT LOOK END, &history);
    assert_int_equal(checker_run(&history, NULL, 0).owed, 0);
    history_done(&history);
    breaks(NAMES_IT "16 GRANTED hash=a1 names=it\n17 LINK node=be relay=ra state=1\n" LOOK END,
           "LOST: be accepted, named it");
}

/* --- thirty seconds --- */

#define UP(t) #t " LINK node=fr relay=ra state=1\n"
#define DOWN(t) #t " LINK node=fr relay=ra\n"

static void lost_thirty_seconds_in_all_are_enough_and_less_is_not(void **state)
{
    (void)state;
    passes(SENT LOOK END);
    passes(SENT UP(20) DOWN(49) LOOK END);
    breaks(SENT UP(20) DOWN(50) LOOK END, LOST);
    breaks(SENT UP(20) DOWN(30) UP(60) DOWN(80) LOOK END, LOST);
    passes(SENT UP(20) DOWN(30) UP(60) DOWN(79) LOOK END);
    /* What was before it was accepted does not count. */
    passes(WORLD UP(2) INTENT COMMITTED ACCEPTED DOWN(40) LOOK END);
    breaks(WORLD UP(2) INTENT COMMITTED ACCEPTED DOWN(41) LOOK END, LOST);
    passes(SENT "15 LINK node=it relay=ra state=1\n" LOOK END);
}

static void lost_an_alert_that_expired_before_is_not_owed(void **state)
{
    (void)state;
#define EXPIRES(s) WORLD "10 INTENT node=be " OPEN " until=" #s " names=fr\n" COMMITTED ACCEPTED
    passes(EXPIRES(49) UP(20) LOOK END);
    breaks(EXPIRES(50) UP(20) LOOK END, LOST);
    passes(EXPIRES(11) UP(5) LOOK END);
}

static void lost_a_relay_that_never_had_it_does_not_count_unless_the_publisher_reaches_it(void **state)
{
    (void)state;
#define THIRD "15 LINK node=fr relay=rc state=1\n"
    passes(SENT "1 RELAY_START relay=rc state=1\n" THIRD LOOK END);
    breaks(SENT THIRD "16 LINK node=be relay=rc state=1\n" LOOK END, LOST);
    passes(SENT THIRD "16 LINK node=be relay=rc state=1\n40 LINK node=be relay=rc\n" LOOK END);
    /* It was given it late. */
    passes(SENT THIRD "171 ACCEPTED node=be relay=rc hash=a1 names=fr\n" LOOK END);
    breaks(SENT THIRD "170 ACCEPTED node=be relay=rc hash=a1 names=fr\n" LOOK END, LOST);
    passes(SENT THIRD "16 LINK node=it relay=rc state=1\n" LOOK END);
    passes(SENT THIRD "16 RELAY_START relay=rc\n16 RELAY_HOLDS relay=rc hash=a9\n16 RELAY_LOADED relay=rc\n" LOOK END);
}

static void lost_a_relay_that_lost_its_disk_has_it_no_more(void **state)
{
    (void)state;
    passes(SENT LINKED "12 RELAY_START relay=ra state=1\n12 RELAY_LOADED relay=ra\n" LOOK END);
    breaks(SENT LINKED "12 RELAY_START relay=rb state=1\n12 RELAY_LOADED relay=rb\n" LOOK END, LOST);
    breaks(SENT LINKED "12 RELAY_START relay=ra\n12 RELAY_LOADED relay=ra\n" LOOK END, LOST);
    /* Said again later, it was there all the time. */
    breaks(SENT LINKED "190 ACCEPTED node=be relay=ra hash=a1 names=fr\n" LOOK END, LOST);
    /* Thirty seconds before it lost it were enough; an old copy of its disk may have it still. */
    passes(SENT LINKED "44 RELAY_START relay=ra state=1\n44 RELAY_LOADED relay=ra\n" LOOK END);
    breaks(SENT LINKED "45 RELAY_START relay=ra state=1\n45 RELAY_LOADED relay=ra\n" LOOK END, LOST);
    passes(SENT LINKED "12 RELAY_START relay=ra state=2\n12 RELAY_LOADED relay=ra\n" LOOK END);
    breaks(SENT LINKED
           "12 RELAY_START relay=ra state=2\n12 RELAY_HOLDS relay=ra hash=a1\n12 RELAY_LOADED relay=ra\n" LOOK END,
           LOST);
    /* It accepted it again. */
    breaks(SENT LINKED "12 RELAY_START relay=ra state=1\n12 RELAY_LOADED relay=ra\n"
                       "13 ACCEPTED node=be relay=ra hash=a1 names=fr\n" LOOK END,
           LOST);
}

/* A relay that lost its disk takes no opening from who is suspended, and nothing from who is withdrawn. */
static void lost_what_a_suspended_publisher_may_not_give_again_is_not_owed(void **state)
{
    (void)state;
#define LOST_BY_RELAYS                                                                                                 \
    "13 RELAY_START relay=ra state=1\n13 RELAY_LOADED relay=ra\n13 RELAY_START relay=rb state=1\n13 RELAY_LOADED "     \
    "relay=rb\n15 LINK node=be relay=ra state=1\n"
    breaks(SENT LOST_BY_RELAYS LINKED LOOK END, LOST);
    passes(SENT LOST_BY_RELAYS "14 MEMBER node=be state=2\n" LINKED LOOK END);
    breaks(SENT LOST_BY_RELAYS "14 MEMBER node=it state=2\n" LINKED LOOK END, LOST);
    passes(SENT LOST_BY_RELAYS LINKED "44 MEMBER node=be state=2\n" LOOK END);
    breaks(SENT LOST_BY_RELAYS LINKED "45 MEMBER node=be state=2\n" LOOK END, LOST);
    breaks(SENT LOST_BY_RELAYS "14 MEMBER node=be state=2\n" LINKED "16 MEMBER node=be state=1\n" LOOK END, LOST);
    /* It may go on with what it opened. */
#define TAKEN                                                                                                          \
    UPDATED LINKED "22 RELAY_START relay=ra state=1\n22 RELAY_LOADED relay=ra\n23 LINK node=be relay=ra state=1\n"
    breaks(SENT "14 MEMBER node=be state=2\n" TAKEN ANSWERED TOLD LOOK HELD OWNS_UPDATE END, LOST);
    passes(SENT "14 MEMBER node=be state=3\n" TAKEN ANSWERED TOLD LOOK HELD OWNS_UPDATE END);
}

static void lost_a_grant_that_came_late_is_owed_from_then_on(void **state)
{
    (void)state;
#define LATE                                                                                                           \
    WORLD "0 RELAY relay=rb state=0\n10 INTENT node=be " OPEN " until=20000 names=it\n" COMMITTED                      \
          "11 ACCEPTED node=be relay=ra hash=a1 names=it\n11 ACCEPTED node=be relay=rb hash=a1 names=it,fr\n" LINKED   \
          "100 GRANTED hash=a1 names=fr\n"
    passes(LATE LOOK END); /* ra never heard of it */
    breaks(LATE "120 ACCEPTED node=be relay=ra hash=a1 names=it,fr\n" LOOK END, LOST);
    passes(LATE "171 ACCEPTED node=be relay=ra hash=a1 names=it,fr\n" LOOK END);
    breaks(LATE "120 LINK node=be relay=ra state=1\n" LOOK END, LOST);
    passes(LATE "171 LINK node=be relay=ra state=1\n" LOOK END);
    /* That its publisher could have given it before, it was not to. */
#define GRANTED_AT(t)                                                                                                  \
    WORLD "0 RELAY relay=rb state=0\n10 INTENT node=be " OPEN " until=20000 names=it\n" COMMITTED                      \
          "11 ACCEPTED node=be relay=ra hash=a1 names=it\n11 ACCEPTED node=be relay=rb hash=a1 names=it,fr\n" LINKED   \
          "15 LINK node=be relay=ra state=1\n" #t " GRANTED hash=a1 names=fr\n"
    breaks(GRANTED_AT(170) LOOK END, LOST);
    passes(GRANTED_AT(171) LOOK END);
    /* An old copy of its store has the grants of the beginning. */
    passes(LATE
           "101 RELAY_START relay=ra state=2\n101 RELAY_HOLDS relay=ra hash=a1\n101 RELAY_LOADED relay=ra\n" LOOK END);
}

static void lost_a_hostile_relay_counts_for_nothing(void **state)
{
    (void)state;
    passes(SENT "2 RELAY relay=ra state=0\n" LINKED LOOK END);
    passes(SENT "2 RELAY relay=ra state=0\n" LINKED "16 LINK node=be relay=ra state=1\n" LOOK END);
    breaks(SENT "2 RELAY relay=rb state=0\n" LINKED LOOK END, LOST);
}

/* --- two stores of one key --- */

static void lost_what_one_store_of_a_member_has_the_member_has(void **state)
{
    (void)state;
#define TOLD_BY_CLONE "13 RECEIPT node=fr2 hash=a1 state=1\n" TOLD
#define TOLD_UPDATE_BY_CLONE "22 RECEIPT node=fr2 hash=a2 state=1\n23 LADDER node=be member=fr hash=a2 state=1\n"
#define CLONE "12 CLONE node=fr2 member=fr state=1\n"
    breaks(SENT LINKED CLONE LOOK END, LOST);
    passes(SENT LINKED CLONE TOLD_BY_CLONE LOOK "200 HOLDS node=fr2 " OPEN "\n" END);
    /* What its people were shown counts, though the clone was ended before the last look. */
    passes(SENT LINKED CLONE "13 VIEW node=fr2 member=be " OPEN "\n" TOLD_BY_CLONE LOOK END);
    passes(WORLD REPLIED LINKED CLONE "32 VIEW node=fr2 member=it hash=a3 case=c1 kind=2\n" LOOK END);
    passes(SENT UPDATED LINKED CLONE "22 VIEW node=fr2 member=be " UPDATE "\n" TOLD_UPDATE_BY_CLONE LOOK END);
    /* Its connection is the member's. */
    breaks(SENT CLONE "15 LINK node=fr2 relay=ra state=1\n" LOOK END, LOST);
    breaks(SENT CLONE LINKED "15 LINK node=fr2 relay=ra state=1\n20 LINK node=fr2 relay=ra\n" LOOK END, LOST);
}

/* --- a lost key --- */

#define KEY_LOST "100 START node=fr state=1\n100 LOADED node=fr\n"

static void lost_key_only_what_is_current_is_owed_again(void **state)
{
    (void)state;
    breaks(SENT LINKED KEY_LOST LOOK END, LOST);
    breaks(SENT LINKED "100 START node=fr\n100 LOADED node=fr\n" LOOK END, LOST);
    passes(EXPIRES(199) LINKED KEY_LOST LOOK END);
    passes(EXPIRES(200) LINKED KEY_LOST LOOK END);
    breaks(EXPIRES(201) LINKED KEY_LOST LOOK END, LOST);
    /* An older revision comes no more; the newest does. */
    breaks(SENT UPDATED LINKED KEY_LOST LOOK OWNS_UPDATE END, "LOST: be accepted");
    /* A newer one that died before its commit is no revision. */
    breaks(SENT "20 INTENT node=be " UPDATE " until=20000 names=fr\n" LINKED KEY_LOST LOOK END, LOST);
    /* It lost it before the alert was sent. */
    breaks(WORLD "5 START node=fr state=1\n10 INTENT node=be " OPEN
                 " until=199 names=fr\n" COMMITTED ACCEPTED LINKED LOOK END,
           LOST);
    breaks(WORLD "5 START node=fr state=1\n" INTENT COMMITTED ACCEPTED LINKED "16 RELAY relay=rb state=0\n" LOOK END,
           LOST);
}

static void lost_key_time_counts_from_then_on(void **state)
{
    (void)state;
    passes(SENT LINKED "171 START node=fr state=1\n171 LOADED node=fr\n" LOOK END);
    breaks(SENT LINKED "170 START node=fr state=1\n170 LOADED node=fr\n" LOOK END, LOST);
}

static void lost_key_a_publisher_that_has_it_no_more_owes_nothing(void **state)
{
    (void)state;
#define PUBLISHER_LOST "50 START node=be state=1\n50 LOADED node=be\n"
    passes(SENT LINKED PUBLISHER_LOST KEY_LOST "200 LOOK\n200 END\n");
    breaks(SENT LINKED PUBLISHER_LOST KEY_LOST LOOK END, LOST);
    breaks(SENT LINKED PUBLISHER_LOST "200 LOOK\n200 END\n", LOST);
    passes(SENT LINKED KEY_LOST LOOK "200 ERASED node=be case=c1\n" END);
    breaks(SENT LINKED LOOK "200 ERASED node=be case=c1\n" END, LOST);
    passes(SENT LINKED KEY_LOST "101 MEMBER node=be state=3\n" LOOK END);
}

static void lost_key_whom_it_concerns_no_more_is_owed_nothing(void **state)
{
    (void)state;
#define NOT_ROUTED(who) "101 NOT_ROUTED hash=a1 names=" who "\n"
    passes(SENT LINKED KEY_LOST NOT_ROUTED("fr") LOOK END);
    breaks(SENT LINKED KEY_LOST NOT_ROUTED("it") LOOK END, LOST);
    breaks(SENT LINKED NOT_ROUTED("fr") LOOK END, LOST);
    /* It concerns it again. */
    breaks(SENT LINKED KEY_LOST NOT_ROUTED("fr") "102 GRANTED hash=a1 names=fr\n" LOOK END, LOST);
}

static void lost_key_what_it_said_to_have_erased_came_before(void **state)
{
    (void)state;
#define OF_NO_CASE WORLD "10 INTENT node=be hash=a1 kind=3 until=20000 names=fr\n" COMMITTED ACCEPTED
#define SAID_ERASED(t) #t " RECEIPT node=fr hash=a1 state=5\n" #t " LADDER node=be member=fr hash=a1 state=5\n"
    breaks(OF_NO_CASE LINKED KEY_LOST LOOK END, LOST);
    passes(OF_NO_CASE LINKED SAID_ERASED(80) KEY_LOST LOOK END);
#define FINISHED                                                                                                       \
    "20 INTENT node=be hash=a4 case=c1 kind=1 act=3 revision=2 until=20000 names=fr\n20 COMMITTED node=be hash=a4\n"   \
    "21 ACCEPTED node=be relay=ra hash=a4 names=fr\n21 ACCEPTED node=be relay=rb hash=a4 names=fr\n"
#define OWNS_FINISHED "200 OWNS node=be hash=a4 case=c1 revision=2\n"
    breaks(SENT FINISHED LINKED KEY_LOST LOOK OWNS_FINISHED END, LOST);
    passes(SENT FINISHED LINKED
           "80 RECEIPT node=fr hash=a4 state=5\n80 LADDER node=be member=fr hash=a4 state=5\n" KEY_LOST LOOK
               OWNS_FINISHED END);
    breaks(SENT FINISHED LINKED
           "80 RECEIPT node=fr hash=a4 state=3\n80 LADDER node=be member=fr hash=a4 state=3\n" KEY_LOST LOOK
               OWNS_FINISHED END,
           LOST);
    /* With its disk it must have it, or have erased it. */
    breaks(OF_NO_CASE LINKED SAID_ERASED(80) LOOK END, LOST);
}

static void lost_key_a_reply_that_it_answered_is_over(void **state)
{
    (void)state;
#define REPLY_TOLD "40 RECEIPT node=fr hash=a3 state=1\n41 LADDER node=it member=fr hash=a3 state=1\n"
#define OWNS_REPLY "200 OWNS node=it hash=a3 case=c1\n"
    passes(WORLD REPLIED LINKED REPLY_TOLD KEY_LOST "200 LOOK\n" OWNS_REPLY END);
    breaks(SENT REPLIED LINKED ANSWERED TOLD KEY_LOST LOOK OWNS_REPLY HELD END, "LOST: it accepted, named fr");
    breaks(WORLD REPLIED LINKED KEY_LOST "200 LOOK\n" OWNS_REPLY END, "LOST: it accepted, named fr");
    breaks(WORLD REPLIED LINKED REPLY_TOLD "200 LOOK\n" OWNS_REPLY END, "LOST: it accepted, named fr");
    /* Of a case the newest revision comes again. */
    breaks(SENT LINKED ANSWERED TOLD KEY_LOST LOOK END, LOST);
}

/* --- all agree --- */

#define UNKNOWN "fr has it, and be does not know"

static void lost_a_receipt_that_never_came_is_told(void **state)
{
    (void)state;
    breaks(SENT LOOK HELD END, UNKNOWN);
    passes(SENT ANSWERED TOLD LOOK HELD END);
    breaks(SENT "13 RECEIPT node=it hash=a1 state=1\n14 LADDER node=be member=it hash=a1 state=1\n" LOOK HELD END,
           UNKNOWN);
    breaks(SENT ANSWERED "14 LADDER node=it member=fr hash=a1 state=1\n" LOOK HELD END, UNKNOWN);
    /* Accepted or not. */
    breaks(WORLD INTENT COMMITTED LOOK HELD END, UNKNOWN);
    passes(SENT LOOK "200 HOLDS node=be " OPEN "\n" END);
    /* What nobody published is told as that alone. */
    story_is(__FILE__, __LINE__, WORLD "200 LOOK\n200 HOLDS node=be " OPEN "\n" HELD END, 2, "nobody published it");
}

static void lost_a_receipt_of_what_either_has_no_more_is_not_asked_for(void **state)
{
    (void)state;
    passes(SENT LOOK HELD "200 ERASED node=fr case=c1\n" END);
    passes(SENT LOOK HELD "200 ERASED node=be case=c1\n" END);
    passes(SENT "200 LOOK\n" HELD END);
    passes(SENT SHOWN LOOK END);
}

static void lost_a_receipt_of_or_to_who_was_withdrawn_is_not_asked_for(void **state)
{
    (void)state;
    passes(SENT "16 MEMBER node=fr state=3\n" LOOK HELD END);
    passes(SENT "16 MEMBER node=be state=3\n" LOOK HELD END);
    breaks(SENT "16 MEMBER node=be state=2\n" LOOK HELD END, UNKNOWN);
}

static void lost_a_receipt_that_the_publishers_lost_disk_had_comes_no_more(void **state)
{
    (void)state;
    passes(SENT PUBLISHER_LOST LOOK HELD END);
    breaks(SENT "50 START node=be\n50 OWNS node=be hash=a1 case=c1 revision=1\n50 LOADED node=be\n" LOOK HELD END,
           UNKNOWN);
    breaks(WORLD "5 START node=be state=1\n" INTENT COMMITTED ACCEPTED LOOK HELD END, UNKNOWN);
}

static void lost_a_receipt_that_one_store_of_the_publisher_has_is_there(void **state)
{
    (void)state;
    passes(SENT ANSWERED
           "12 CLONE node=be2 member=be state=1\n14 LADDER node=be2 member=fr hash=a1 state=1\n" LOOK HELD END);
    breaks(SENT "12 CLONE node=be2 member=be state=1\n" LOOK HELD END, UNKNOWN);
    breaks(SENT ANSWERED "12 CLONE node=be2 member=be state=1\n14 LADDER node=be2 member=fr hash=a1 state=1\n"
                         "15 START node=be2 state=1\n15 LOADED node=be2\n" LOOK HELD END,
           UNKNOWN);
    /* Two stores of one key tell each other nothing. */
    passes(SENT "12 CLONE node=be2 member=be state=1\n" LOOK "200 HOLDS node=be2 " OPEN "\n" END);
}

static void lost_a_receipt_of_an_old_revision_that_every_relay_lost_comes_no_more(void **state)
{
    (void)state;
#define BOTH_LOST "30 RELAY_START relay=ra state=1\n30 RELAY_LOADED relay=ra\n" ONE_LOST
#define ONE_LOST "30 RELAY_START relay=rb state=1\n30 RELAY_LOADED relay=rb\n"
    passes(SENT UPDATED BOTH_LOST LOOK HELD END);
    breaks(SENT UPDATED ONE_LOST LOOK HELD END, UNKNOWN);
    passes(SENT UPDATED "2 RELAY relay=ra state=0\n" ONE_LOST LOOK HELD END);
    /* The newest is given to them again, and so is its answer. */
    breaks(SENT BOTH_LOST LOOK HELD END, UNKNOWN);
    breaks(SENT "20 INTENT node=be " UPDATE " until=20000 names=fr\n" BOTH_LOST LOOK HELD END, UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_an_alert_that_never_came_is_told),
        cmocka_unit_test(lost_a_newer_revision_takes_its_place_and_an_older_one_does_not),
        cmocka_unit_test(lost_what_was_erased_there_had_come),
        cmocka_unit_test(lost_a_revision_above_the_erased_one_opens_the_case_anew),
        cmocka_unit_test(lost_a_reply_to_an_erased_case_is_answered_so),
        cmocka_unit_test(lost_older_figures_that_newer_ones_replaced_there_are_over),
        cmocka_unit_test(lost_who_is_withdrawn_or_hostile_is_owed_nothing),
        cmocka_unit_test(lost_a_hostile_envelope_is_owed_to_nobody),
        cmocka_unit_test(lost_the_publisher_owes_itself_nothing),
        cmocka_unit_test(lost_what_one_of_two_relays_accepted_is_not_promised_and_one_of_one_is),
        cmocka_unit_test(lost_who_was_not_named_is_owed_nothing),
        cmocka_unit_test(lost_whom_a_hostile_relay_names_without_a_grant_is_owed_nothing),
        cmocka_unit_test(lost_thirty_seconds_in_all_are_enough_and_less_is_not),
        cmocka_unit_test(lost_an_alert_that_expired_before_is_not_owed),
        cmocka_unit_test(lost_a_relay_that_never_had_it_does_not_count_unless_the_publisher_reaches_it),
        cmocka_unit_test(lost_a_relay_that_lost_its_disk_has_it_no_more),
        cmocka_unit_test(lost_what_a_suspended_publisher_may_not_give_again_is_not_owed),
        cmocka_unit_test(lost_a_grant_that_came_late_is_owed_from_then_on),
        cmocka_unit_test(lost_a_hostile_relay_counts_for_nothing),
        cmocka_unit_test(lost_what_one_store_of_a_member_has_the_member_has),
        cmocka_unit_test(lost_key_only_what_is_current_is_owed_again),
        cmocka_unit_test(lost_key_time_counts_from_then_on),
        cmocka_unit_test(lost_key_a_publisher_that_has_it_no_more_owes_nothing),
        cmocka_unit_test(lost_key_whom_it_concerns_no_more_is_owed_nothing),
        cmocka_unit_test(lost_key_what_it_said_to_have_erased_came_before),
        cmocka_unit_test(lost_key_a_reply_that_it_answered_is_over),
        cmocka_unit_test(lost_a_receipt_that_never_came_is_told),
        cmocka_unit_test(lost_a_receipt_of_what_either_has_no_more_is_not_asked_for),
        cmocka_unit_test(lost_a_receipt_of_or_to_who_was_withdrawn_is_not_asked_for),
        cmocka_unit_test(lost_a_receipt_that_the_publishers_lost_disk_had_comes_no_more),
        cmocka_unit_test(lost_a_receipt_that_one_store_of_the_publisher_has_is_there),
        cmocka_unit_test(lost_a_receipt_of_an_old_revision_that_every_relay_lost_comes_no_more),
    };
    return cmocka_run_group_tests_name("checker_lost", tests, NULL, NULL);
}
