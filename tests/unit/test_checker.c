/* checker: what it says of each event as it comes. Each violation has its innocent twin; each excuse, both its sides.
 */
#include "checker_story.h"

static void checker_a_whole_story_is_counted_and_passes(void **state)
{
    (void)state;
    struct history history;
    story_read(SENT "5 LINK node=fr relay=ra state=1\n" SHOWN ANSWERED TOLD LOOK HELD END, &history);
    struct checker_report report = checker_run(&history, NULL, 0);
    assert_int_equal(report.violations, 0);
    assert_int_equal(report.alerts, 1);
    assert_int_equal(report.accepted, 1);
    assert_int_equal(report.views, 1);
    assert_int_equal(report.receipts, 1);
    assert_int_equal(report.owed, 1);
    history_done(&history);
}

/* --- the publisher --- */

static void checker_two_intents_with_one_hash_are_told(void **state)
{
    (void)state;
    passes(WORLD INTENT);
    breaks(WORLD INTENT INTENT, "two intents have one hash");
}

static void checker_accepted_before_the_commit_is_told(void **state)
{
    (void)state;
    passes(WORLD INTENT COMMITTED "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n");
    breaks(WORLD INTENT "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n" COMMITTED, "had not committed");
    /* A store that died before it said so has it when it comes back. */
    passes(WORLD INTENT "10 START node=be\n10 OWNS node=be hash=a1 case=c1 revision=1\n10 LOADED node=be\n"
                        "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n");
}

static void checker_accepted_of_what_nobody_published_is_told_of_an_honest_relay(void **state)
{
    (void)state;
    breaks(WORLD "11 ACCEPTED node=be relay=ra hash=a1 names=fr\n", "what nobody published");
    passes(WORLD "2 RELAY relay=ra state=0\n11 ACCEPTED node=be relay=ra hash=a1 names=fr\n");
}

static void checker_accepted_that_names_whom_nobody_granted_is_told_of_an_honest_relay(void **state)
{
    (void)state;
    breaks(WORLD INTENT COMMITTED "11 ACCEPTED node=be relay=ra hash=a1 names=fr,it\n", "whom nobody granted it");
    passes(WORLD INTENT COMMITTED "11 GRANTED hash=a1 names=it\n11 ACCEPTED node=be relay=ra hash=a1 names=fr,it\n");
    passes(WORLD INTENT COMMITTED "2 RELAY relay=ra state=0\n11 ACCEPTED node=be relay=ra hash=a1 names=fr,it\n");
}

#define ALL_ANSWERS                                                                                                    \
    "13 RECEIPT node=fr hash=a1 state=1\n13 RECEIPT node=fr hash=a1 state=2\n13 RECEIPT node=fr hash=a1 state=3\n"     \
    "13 RECEIPT node=fr hash=a1 state=4\n20001 RECEIPT node=fr hash=a1 state=5\n"
#define RUNG(n) "20001 LADDER node=be member=fr hash=a1 state=" #n "\n"

static void checker_a_state_that_goes_back_is_told(void **state)
{
    (void)state;
    passes(SENT SHOWN ALL_ANSWERS RUNG(1) RUNG(1) RUNG(2) RUNG(3) RUNG(4) RUNG(3) RUNG(5));
    breaks(SENT SHOWN ALL_ANSWERS RUNG(2) RUNG(1), "went back from 2 to 1");
    breaks(SENT SHOWN ALL_ANSWERS RUNG(3) RUNG(2), "went back from 3 to 2");
    breaks(SENT SHOWN ALL_ANSWERS RUNG(4) RUNG(2), "went back from 4 to 2");
    breaks(SENT SHOWN ALL_ANSWERS RUNG(5) RUNG(3), "went back from 5 to 3");
}

static void checker_states_begin_anew_in_another_store_only(void **state)
{
    (void)state;
    passes(SENT SHOWN ALL_ANSWERS RUNG(3) "20002 START node=be state=1\n20002 LOADED node=be\n" RUNG(1));
    breaks(SENT SHOWN ALL_ANSWERS RUNG(
               3) "20002 START node=be\n20002 OWNS node=be hash=a1\n20002 LOADED node=be\n" RUNG(1),
           "went back from 3 to 1");
    /* Of two stores of one key each has a ladder of its own. */
    passes(SENT SHOWN ALL_ANSWERS RUNG(3) "20002 CLONE node=be2 member=be state=1\n"
                                          "20003 LADDER node=be2 member=fr hash=a1 state=1\n");
}

static void checker_a_state_that_its_recipient_never_sent_is_told(void **state)
{
    (void)state;
    passes(SENT SHOWN ANSWERED RUNG(1));
    breaks(SENT SHOWN RUNG(1), "that its recipient never sent");
    breaks(SENT SHOWN ANSWERED RUNG(2), "that its recipient never sent");
    breaks(SENT SHOWN ANSWERED RUNG(3), "that its recipient never sent");
    breaks(SENT SHOWN ANSWERED RUNG(4), "that its recipient never sent");
    breaks(SENT SHOWN ANSWERED RUNG(5), "that its recipient never sent");
    breaks(SENT SHOWN "13 RECEIPT node=it hash=a1 state=1\n" RUNG(1), "that its recipient never sent");
    breaks(SENT SHOWN "13 RECEIPT node=fr hash=a2 state=1\n" RUNG(1), "that its recipient never sent");
}

static void checker_a_receipt_of_a_clone_or_of_a_lost_store_is_its_members(void **state)
{
    (void)state;
    passes(SENT SHOWN "12 CLONE node=fr2 member=fr state=1\n13 RECEIPT node=fr2 hash=a1 state=3\n" RUNG(3));
    passes(SENT SHOWN ANSWERED "14 START node=fr state=1\n14 LOADED node=fr\n" RUNG(1));
}

/* --- what is shown --- */

static void checker_what_nobody_published_is_told_unless_a_hostile_member_signed_it(void **state)
{
    (void)state;
    passes(SENT SHOWN);
    breaks(WORLD SHOWN, "nobody published it");
    passes(WORLD "11 HOSTILE node=it hash=a1 case=c1\n" SHOWN);
    breaks(WORLD "11 HOSTILE node=it hash=a2 case=c1\n" SHOWN, "nobody published it");
}

static void checker_other_content_is_told_but_what_was_erased_has_none(void **state)
{
    (void)state;
    breaks(SENT "12 VIEW node=fr member=be hash=a1 case=c1 kind=1 act=1 revision=1 digest=dd\n",
           "the content is not what was published");
    passes(SENT "12 VIEW node=fr member=be hash=a1 case=c1 kind=1 act=1 revision=1\n");
    breaks(SENT "12 HOLDS node=fr hash=a1 case=c1 kind=1 act=1 revision=1 digest=dd\n",
           "the content is not what was published");
    passes(SENT "12 HOLDS node=fr hash=a1 case=c1 kind=1 act=1 revision=1 digest=dd state=1\n");
}

static void checker_a_drill_as_live_is_told_and_live_as_a_drill(void **state)
{
    (void)state;
#define DRILL WORLD "10 INTENT node=be " OPEN " exercise=1 until=20000 names=fr\n" COMMITTED
    passes(DRILL "12 VIEW node=fr member=be " OPEN " exercise=1\n");
    breaks(DRILL SHOWN, "a drill shown as live");
    breaks(SENT "12 VIEW node=fr member=be " OPEN " exercise=1\n", "a drill shown as live");
}

static void checker_another_revision_act_or_case_is_told(void **state)
{
    (void)state;
    breaks(SENT "12 VIEW node=fr member=be hash=a1 case=c1 kind=1 act=1 revision=2 digest=d1\n",
           "revision, act or case");
    breaks(SENT "12 VIEW node=fr member=be hash=a1 case=c1 kind=1 act=2 revision=1 digest=d1\n",
           "revision, act or case");
    breaks(SENT "12 VIEW node=fr member=be hash=a1 case=c2 kind=1 act=1 revision=1 digest=d1\n",
           "revision, act or case");
}

static void checker_shown_without_a_grant_is_told_but_for_the_senders_own_stores(void **state)
{
    (void)state;
#define SHOWN_AT(node) "12 VIEW node=" node " member=be " OPEN "\n"
    breaks(SENT SHOWN_AT("it"), "was not granted it");
    passes(SENT "12 GRANTED hash=a1 names=it\n" SHOWN_AT("it"));
    passes(SENT "12 CLONE node=be2 member=be state=1\n" SHOWN_AT("be2"));
    passes(SENT "12 CLONE node=fr2 member=fr state=1\n" SHOWN_AT("fr2"));
    breaks(SENT "12 CLONE node=it2 member=it state=1\n" SHOWN_AT("it2"), "was not granted it");
}

static void checker_another_sender_is_told(void **state)
{
    (void)state;
    breaks(SENT "12 VIEW node=fr member=it " OPEN "\n", "as of another sender");
    passes(WORLD "11 HOSTILE node=it hash=a1 case=c1\n12 VIEW node=fr member=it " OPEN "\n");
    /* A clone signs as its member. */
    passes(WORLD "9 CLONE node=be2 member=be state=1\n10 INTENT node=be2 " OPEN " until=20000 names=fr\n" SHOWN);
}

/* --- once --- */

#define AGAIN "15 VIEW node=fr member=be " OPEN "\n"
#define RESTARTED(how) "14 START node=fr state=" #how "\n14 HOLDS node=fr " OPEN "\n14 LOADED node=fr\n"

static void checker_shown_twice_in_the_life_of_a_store_is_told(void **state)
{
    (void)state;
    breaks(SENT SHOWN AGAIN, "shown twice");
    breaks(SENT SHOWN RESTARTED(0) AGAIN, "shown twice");
    passes(SENT SHOWN "14 START node=fr state=1\n14 LOADED node=fr\n" AGAIN);
    passes(SENT SHOWN RESTARTED(2) AGAIN);
}

static void checker_what_one_store_showed_its_copy_showed(void **state)
{
    (void)state;
    breaks(SENT SHOWN "13 CLONE node=fr2 member=fr\n15 VIEW node=fr2 member=be " OPEN "\n", "shown twice");
    passes(SENT SHOWN "13 CLONE node=fr2 member=fr state=1\n15 VIEW node=fr2 member=be " OPEN "\n");
    /* ... and of another member's store it showed nothing. */
    passes(SENT SHOWN "13 GRANTED hash=a1 names=it\n13 CLONE node=it2 member=it\n15 VIEW node=it2 member=be " OPEN
                      "\n");
    breaks(SENT UPDATED "22 VIEW node=fr member=be " UPDATE "\n23 CLONE node=fr2 member=fr\n"
                        "24 VIEW node=fr2 member=be " OPEN "\n",
           "an older revision (of 2) shown as news");
    /* An empty one was shown nothing, and no more was a copy of who was shown nothing. */
    passes(SENT UPDATED "22 VIEW node=fr member=be " UPDATE "\n23 CLONE node=fr2 member=fr state=1\n"
                        "24 VIEW node=fr2 member=be " OPEN "\n");
    passes(SENT UPDATED "13 GRANTED hash=a2 names=it\n22 VIEW node=it member=be " UPDATE
                        "\n23 CLONE node=fr2 member=fr\n"
                        "24 VIEW node=fr2 member=be " OPEN "\n");
}

static void checker_an_older_revision_as_news_is_told(void **state)
{
    (void)state;
#define UPDATE_SHOWN "22 VIEW node=fr member=be " UPDATE "\n"
#define OPEN_SHOWN "23 VIEW node=fr member=be " OPEN "\n"
    passes(SENT UPDATED OPEN_SHOWN UPDATE_SHOWN);
    breaks(SENT UPDATED UPDATE_SHOWN OPEN_SHOWN, "an older revision (of 2) shown as news");
    /* Another store of the key was shown nothing. */
    passes(SENT UPDATED UPDATE_SHOWN "22 START node=fr state=1\n22 LOADED node=fr\n" OPEN_SHOWN);
    /* A reply has no revision. */
    passes(SENT UPDATED UPDATE_SHOWN "23 INTENT node=it hash=a3 case=c1 kind=2 digest=d3 until=20000 names=fr\n"
                                     "24 VIEW node=fr member=it hash=a3 case=c1 kind=2 digest=d3\n");
}

/* --- its end --- */

#define ERASED "100 ERASED node=fr case=c1\n"

static void checker_what_was_erased_may_not_come_back(void **state)
{
    (void)state;
    breaks(SENT SHOWN ERASED "150 HOLDS node=fr " OPEN "\n", "there again after its erasure");
    passes(SENT SHOWN ERASED "150 HOLDS node=fr " OPEN " state=1\n");
    breaks(SENT "99 HOLDS node=fr " OPEN " state=1\n150 VIEW node=fr member=be " OPEN "\n", "shown after its erasure");
    passes(SENT SHOWN "100 ERASED node=it case=c1\n150 HOLDS node=fr " OPEN "\n");
    passes(SENT SHOWN "100 ERASED node=fr case=c2\n150 HOLDS node=fr " OPEN "\n");
    /* An old backup has it again, and the key with it. */
    passes(SENT SHOWN ERASED RESTARTED(2) "150 HOLDS node=fr " OPEN "\n");
}

static void checker_erasure_spares_a_closing(void **state)
{
    (void)state;
#define CLOSING "hash=a4 case=c1 kind=1 act=3 revision=2 digest=d4"
#define CLOSED "20 INTENT node=be " CLOSING " until=20000 names=fr\n20 COMMITTED node=be hash=a4\n"
    passes(SENT SHOWN CLOSED "22 VIEW node=fr member=be " CLOSING "\n" ERASED "150 HOLDS node=fr " CLOSING "\n");
    breaks(SENT SHOWN UPDATED UPDATE_SHOWN ERASED "150 HOLDS node=fr " UPDATE "\n", "there again after its erasure");
}

#define SAYS_ERASED(at) #at " RECEIPT node=fr hash=a1 state=5\n"

static void checker_erased_while_the_case_is_open_is_told(void **state)
{
    (void)state;
    breaks(SENT SHOWN SAYS_ERASED(19999), "erased while its case is open");
    passes(SENT SHOWN SAYS_ERASED(20000));
    passes(SENT SHOWN CLOSED SAYS_ERASED(100));
    passes(SENT SHOWN "20 INTENT node=be hash=a4 case=c1 kind=1 act=4 revision=2 until=20000 names=fr\n"
                      "20 COMMITTED node=be hash=a4\n" SAYS_ERASED(100));
    /* A closing that died before its commit is known to nobody. */
    breaks(SENT SHOWN "20 INTENT node=be " CLOSING " until=20000 names=fr\n" SAYS_ERASED(100),
           "while its case is open");
    breaks(SENT SHOWN UPDATED SAYS_ERASED(100), "erased while its case is open");
    breaks(SENT SHOWN "20 INTENT node=be hash=a4 case=c2 kind=1 act=3 revision=2 until=20000 names=fr\n"
                      "20 COMMITTED node=be hash=a4\n" SAYS_ERASED(100),
           "erased while its case is open");
    /* The latest validity of its revisions counts. */
    breaks(SENT SHOWN "20 INTENT node=be " UPDATE
                      " until=90000 names=fr\n20 COMMITTED node=be hash=a2\n" SAYS_ERASED(20000),
           "erased while its case is open");
    /* Nobody honest published it. */
    passes(WORLD "11 HOSTILE node=it hash=a1 case=c1\n" SHOWN SAYS_ERASED(100));
}

/* --- lives --- */

#define BACK(node, how) "50 START node=" node " state=" #how "\n"
#define LOADED(node) "50 LOADED node=" node "\n"

static void checker_a_committed_alert_that_is_gone_after_a_restart_is_told(void **state)
{
    (void)state;
    passes(SENT BACK("be", 0) "50 OWNS node=be hash=a1 case=c1 revision=1\n" LOADED("be"));
    breaks(SENT BACK("be", 0) LOADED("be"), "the publisher said committed");
    passes(WORLD INTENT BACK("be", 0) LOADED("be"));
    passes(SENT BACK("be", 1) LOADED("be"));
    passes(SENT "40 ERASED node=be case=c1\n" BACK("be", 0) LOADED("be"));
    breaks(SENT "40 ERASED node=be case=c2\n" BACK("be", 0) LOADED("be"), "the publisher said committed");
    /* What it has after another start it must have after the next, too. */
    breaks(SENT BACK("be", 1) "50 OWNS node=be hash=a1\n" LOADED("be") BACK("be", 0) LOADED("be"),
           "the publisher said committed");
}

static void checker_what_was_shown_or_answered_and_is_gone_after_a_restart_is_told(void **state)
{
    (void)state;
    breaks(SENT SHOWN BACK("fr", 0) LOADED("fr"), "it was shown, and");
    breaks(SENT ANSWERED BACK("fr", 0) LOADED("fr"), "a receipt was sent, and");
    passes(SENT SHOWN ANSWERED BACK("fr", 0) "50 HOLDS node=fr " OPEN "\n" LOADED("fr"));
    passes(SENT SHOWN ANSWERED BACK("fr", 1) LOADED("fr"));
    passes(SENT SHOWN ANSWERED BACK("fr", 2) LOADED("fr"));
    passes(SENT SHOWN ANSWERED BACK("it", 0) LOADED("it"));
    /* That it says of itself that it erased something is not that it has it. */
    passes(SENT "13 RECEIPT node=fr hash=a9 state=5\n" BACK("fr", 0) LOADED("fr"));
    passes(SENT SHOWN "40 ERASED node=fr case=c1\n" BACK("fr", 0) LOADED("fr"));
}

#define FIGURES(t, node, h) #t " INTENT node=" node " hash=" h " kind=4 until=20000 names=it\n"
#define FIGURES_SHOWN(t, sender, h) #t " VIEW node=it member=" sender " hash=" h " kind=4\n"

static void checker_figures_give_way_to_newer_ones_that_are_there(void **state)
{
    (void)state;
    breaks(WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") BACK("it", 0) LOADED("it"), "it was shown, and");
    passes(WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") FIGURES(20, "be", "f2")
               FIGURES_SHOWN(21, "be", "f2") BACK("it", 0) "50 HOLDS node=it hash=f2 kind=4\n" LOADED("it"));
    /* Newer ones that never came, or went, too, take no place; nor do older ones, nor those of another. */
    breaks(WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") FIGURES(20, "be", "f2") BACK("it", 0)
               LOADED("it"),
           "it was shown, and");
    breaks(WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") FIGURES(20, "be", "f2")
               FIGURES_SHOWN(21, "be", "f2") BACK("it", 0) "50 HOLDS node=it hash=f1 kind=4\n" LOADED("it"),
           "it was shown, and");
    breaks(WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") FIGURES(20, "fr", "f2")
               FIGURES_SHOWN(21, "fr", "f2") BACK("it", 0) "50 HOLDS node=it hash=f2 kind=4\n" LOADED("it"),
           "it was shown, and");
    story_is(__FILE__, __LINE__,
             WORLD FIGURES(10, "be", "f1") FIGURES_SHOWN(11, "be", "f1") FIGURES(20, "be", "f2")
                 FIGURES_SHOWN(21, "be", "f2") BACK("it", 0) LOADED("it"),
             2, "it was shown, and");
    breaks(SENT SHOWN UPDATED UPDATE_SHOWN BACK("fr", 0) "50 HOLDS node=fr " UPDATE "\n" LOADED("fr"),
           "it was shown, and");
}

/* Rows are found again when their table grew, which it does at 512. */
static void checker_hundreds_are_told_apart(void **state)
{
    (void)state;
    for (unsigned count = 250; count < 260; count++) {
        char *story;
        size_t len;
        FILE *text = open_memstream(&story, &len);
        assert_non_null(text);
        fputs(WORLD, text);
        for (unsigned i = 1; i <= count; i++) {
            fprintf(text, "%u INTENT node=be hash=%x kind=4 until=20000 names=it\n", 10 + i, i);
            fprintf(text, "%u VIEW node=it member=be hash=%x kind=4\n", 10 + i, i);
        }
        fprintf(text, "900 VIEW node=it member=be hash=1 kind=4\n900 VIEW node=it member=be hash=%x kind=4\n", count);
        fclose(text);
        story_is(__FILE__, __LINE__, story, 2, "shown twice");
        free(story);
    }
}

#define PROMISED "11 PROMISED node=be relay=ra hash=a1\n"
#define RELAY_BACK(t, how, rows) #t " RELAY_START relay=ra state=" #how "\n" rows #t " RELAY_LOADED relay=ra\n"

static void checker_a_relays_promise_that_is_gone_after_a_restart_is_told(void **state)
{
    (void)state;
    passes(SENT PROMISED RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a1\n"));
    breaks(SENT PROMISED RELAY_BACK(60, 0, ""), "the relay said Accepted, and after");
    breaks(SENT PROMISED RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a1\n") RELAY_BACK(70, 0, ""),
           "the relay said Accepted, and after");
    passes(SENT RELAY_BACK(60, 0, ""));
    passes(SENT PROMISED "60 RELAY_START relay=rb\n60 RELAY_LOADED relay=rb\n");
    /* That another one lost its store is no excuse. */
    breaks(SENT PROMISED "50 RELAY_START relay=rb state=1\n50 RELAY_LOADED relay=rb\n" RELAY_BACK(60, 0, ""),
           "the relay said Accepted, and after");
    /* Once is enough to say. */
    breaks(SENT PROMISED RELAY_BACK(60, 0, "") RELAY_BACK(70, 0, ""), "the relay said Accepted, and after");
}

static void checker_another_store_of_a_relay_promised_nothing(void **state)
{
    (void)state;
    passes(SENT PROMISED RELAY_BACK(60, 1, ""));
    passes(SENT PROMISED RELAY_BACK(60, 2, "") RELAY_BACK(70, 0, ""));
    breaks(SENT PROMISED RELAY_BACK(60, 1, "") "61 PROMISED node=be relay=ra hash=a1\n" RELAY_BACK(70, 0, ""),
           "the relay said Accepted, and after");
}

static void checker_a_hostile_relay_may_lose_what_it_likes_and_what_is_hostile_may_be_lost(void **state)
{
    (void)state;
    breaks(SENT "2 RELAY relay=ra state=1\n" PROMISED RELAY_BACK(60, 0, ""), "the relay said Accepted, and after");
    passes(SENT "2 RELAY relay=ra state=0\n" PROMISED RELAY_BACK(60, 0, ""));
    breaks(SENT "2 RELAY relay=rb state=0\n" PROMISED RELAY_BACK(60, 0, ""), "the relay said Accepted, and after");
    passes(WORLD "10 HOSTILE node=it hash=a1 case=c1\n" PROMISED RELAY_BACK(60, 0, ""));
    passes(WORLD PROMISED RELAY_BACK(60, 0, ""));
}

static void checker_a_relay_may_drop_what_expired_by_a_clock_that_is_two_hours_off(void **state)
{
    (void)state;
    passes(SENT PROMISED RELAY_BACK(20000, 0, ""));
    passes(WORLD "10 INTENT node=be " OPEN " until=7260 names=fr\n" COMMITTED PROMISED RELAY_BACK(60, 0, ""));
    breaks(WORLD "10 INTENT node=be " OPEN " until=7261 names=fr\n" COMMITTED PROMISED RELAY_BACK(60, 0, ""),
           "the relay said Accepted, and after");
}

static void checker_a_relay_may_drop_a_revision_for_a_newer_one_that_it_has(void **state)
{
    (void)state;
#define PROMISED_UPDATE "21 PROMISED node=be relay=ra hash=a2\n"
    passes(SENT PROMISED UPDATED PROMISED_UPDATE RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a2\n"));
    passes(SENT PROMISED UPDATED RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a2\n"));
    breaks(SENT PROMISED UPDATED RELAY_BACK(60, 0, ""), "the relay said Accepted, and after");
    /* The newer one is what is missing. */
    breaks(SENT PROMISED UPDATED PROMISED_UPDATE RELAY_BACK(60, 0, ""),
           "and after the restart it has not 00000000000000a2");
    breaks(SENT PROMISED UPDATED "21 PROMISED node=be relay=rb hash=a2\n" RELAY_BACK(60, 0, ""),
           "the relay said Accepted, and after");
    breaks(SENT PROMISED UPDATED PROMISED_UPDATE RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a1\n"),
           "the relay said Accepted, and after");
    /* What it had in another life holds no place. */
    breaks(SENT UPDATED PROMISED_UPDATE RELAY_BACK(60, 1, "") "61 PROMISED node=be relay=ra hash=a1\n" RELAY_BACK(70, 0,
                                                                                                                  ""),
           "the relay said Accepted, and after");
    breaks(SENT UPDATED PROMISED_UPDATE RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a2\n")
               RELAY_BACK(65, 1, "") "66 PROMISED node=be relay=ra hash=a1\n" RELAY_BACK(70, 0, ""),
           "the relay said Accepted, and after");
    breaks(SENT "20 INTENT node=be hash=a2 case=c2 kind=1 act=1 revision=2 until=20000 names=fr\n" PROMISED RELAY_BACK(
               60, 0, "60 RELAY_HOLDS relay=ra hash=a2\n"),
           "the relay said Accepted, and after");
}

static void checker_a_relay_may_not_drop_a_reply_for_a_revision_of_its_case(void **state)
{
    (void)state;
#define REPLY "30 INTENT node=fr hash=a3 case=c1 kind=2 until=20000 names=be\n"
    breaks(SENT REPLY "31 PROMISED node=fr relay=ra hash=a3\n" RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a1\n"),
           "the relay said Accepted, and after");
    passes(SENT REPLY "31 PROMISED node=fr relay=ra hash=a3\n" RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a3\n"));
    /* ... nor a revision for a reply, whatever revision that speaks of. */
    breaks(SENT PROMISED "30 INTENT node=fr hash=a3 case=c1 kind=2 revision=9 until=20000 names=be\n" RELAY_BACK(
               60, 0, "60 RELAY_HOLDS relay=ra hash=a3\n"),
           "the relay said Accepted, and after");
    breaks(SENT PROMISED REPLY RELAY_BACK(60, 0, "60 RELAY_HOLDS relay=ra hash=a3\n"),
           "the relay said Accepted, and after");
}

/* --- holes --- */

#define VOIDED(t, h) #t " VOIDED node=be member=fr revision=7" h "\n"
#define CARRIES "it carries what is owed"

static void checker_void_said_of_what_is_owed_is_told(void **state)
{
    (void)state;
    breaks(SENT VOIDED(50, " hash=a1"), CARRIES);
    breaks(SENT ANSWERED TOLD VOIDED(50, " hash=a1"), CARRIES);
    breaks(SENT UPDATED VOIDED(50, " hash=a2"), CARRIES);
    /* A number of another store, or of what was never there. */
    passes(SENT VOIDED(50, ""));
    passes(SENT VOIDED(50, " hash=a9"));
    passes(SENT "9 HOSTILE node=it hash=a9 case=c1\n" VOIDED(50, " hash=a9"));
}

static void checker_void_may_be_said_of_what_is_over(void **state)
{
    (void)state;
    passes(SENT UPDATED VOIDED(50, " hash=a1"));
    breaks(SENT "20 INTENT node=be " UPDATE " until=20000 names=fr\n" VOIDED(50, " hash=a1"), CARRIES);
    passes(SENT "40 ERASED node=be case=c1\n" VOIDED(50, " hash=a1"));
    breaks(SENT "40 ERASED node=fr case=c1\n" VOIDED(50, " hash=a1"), CARRIES);
    /* By a clock that is two hours off. */
    passes(SENT VOIDED(12800, " hash=a1"));
    breaks(SENT VOIDED(12799, " hash=a1"), CARRIES);
}

static void checker_void_may_be_said_of_what_no_relay_took(void **state)
{
    (void)state;
    passes(WORLD INTENT COMMITTED VOIDED(50, " hash=a1"));
    breaks(WORLD INTENT COMMITTED "11 ACCEPTED node=be relay=ra hash=a1\n" VOIDED(50, " hash=a1"), CARRIES);
}

static void checker_void_may_be_said_of_a_reply_that_was_answered(void **state)
{
    (void)state;
#define REPLY_SENT                                                                                                     \
    WORLD "10 INTENT node=be hash=a3 case=c1 kind=2 until=20000 names=fr\n10 COMMITTED node=be hash=a3\n"              \
          "11 ACCEPTED node=be relay=ra hash=a3 names=fr\n"
    breaks(REPLY_SENT VOIDED(50, " hash=a3"), CARRIES);
    passes(REPLY_SENT
           "12 RECEIPT node=fr hash=a3 state=1\n13 LADDER node=be member=fr hash=a3 state=1\n" VOIDED(50, " hash=a3"));
    breaks(REPLY_SENT
           "12 RECEIPT node=it hash=a3 state=1\n13 LADDER node=be member=it hash=a3 state=1\n" VOIDED(50, " hash=a3"),
           CARRIES);
    breaks(REPLY_SENT "12 RECEIPT node=fr hash=a3 state=1\n13 LADDER node=be member=fr hash=a3 state=1\n"
                      "14 START node=be state=1\n14 OWNS node=be hash=a3\n14 LOADED node=be\n" VOIDED(50, " hash=a3"),
           CARRIES);
}

/* --- bounds --- */

static void checker_canary_and_a_broken_program_are_told(void **state)
{
    (void)state;
    breaks(WORLD "9 CANARY text=ra\n", "a canary where none may be");
    breaks(WORLD "9 BROKEN text=ra\n", "a program gave up");
}

static void checker_what_grew_beyond_its_bound_is_told(void **state)
{
    (void)state;
    passes(WORLD "9 SIZE text=disk state=3 bytes=3145728\n");
    breaks(WORLD "9 SIZE text=disk state=3 bytes=3145729\n", "grew beyond its bound");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checker_a_whole_story_is_counted_and_passes),
        cmocka_unit_test(checker_two_intents_with_one_hash_are_told),
        cmocka_unit_test(checker_accepted_before_the_commit_is_told),
        cmocka_unit_test(checker_accepted_of_what_nobody_published_is_told_of_an_honest_relay),
        cmocka_unit_test(checker_accepted_that_names_whom_nobody_granted_is_told_of_an_honest_relay),
        cmocka_unit_test(checker_a_state_that_goes_back_is_told),
        cmocka_unit_test(checker_states_begin_anew_in_another_store_only),
        cmocka_unit_test(checker_a_state_that_its_recipient_never_sent_is_told),
        cmocka_unit_test(checker_a_receipt_of_a_clone_or_of_a_lost_store_is_its_members),
        cmocka_unit_test(checker_what_nobody_published_is_told_unless_a_hostile_member_signed_it),
        cmocka_unit_test(checker_other_content_is_told_but_what_was_erased_has_none),
        cmocka_unit_test(checker_a_drill_as_live_is_told_and_live_as_a_drill),
        cmocka_unit_test(checker_another_revision_act_or_case_is_told),
        cmocka_unit_test(checker_shown_without_a_grant_is_told_but_for_the_senders_own_stores),
        cmocka_unit_test(checker_another_sender_is_told),
        cmocka_unit_test(checker_shown_twice_in_the_life_of_a_store_is_told),
        cmocka_unit_test(checker_what_one_store_showed_its_copy_showed),
        cmocka_unit_test(checker_an_older_revision_as_news_is_told),
        cmocka_unit_test(checker_what_was_erased_may_not_come_back),
        cmocka_unit_test(checker_erasure_spares_a_closing),
        cmocka_unit_test(checker_erased_while_the_case_is_open_is_told),
        cmocka_unit_test(checker_a_committed_alert_that_is_gone_after_a_restart_is_told),
        cmocka_unit_test(checker_what_was_shown_or_answered_and_is_gone_after_a_restart_is_told),
        cmocka_unit_test(checker_figures_give_way_to_newer_ones_that_are_there),
        cmocka_unit_test(checker_hundreds_are_told_apart),
        cmocka_unit_test(checker_a_relays_promise_that_is_gone_after_a_restart_is_told),
        cmocka_unit_test(checker_another_store_of_a_relay_promised_nothing),
        cmocka_unit_test(checker_a_hostile_relay_may_lose_what_it_likes_and_what_is_hostile_may_be_lost),
        cmocka_unit_test(checker_a_relay_may_drop_what_expired_by_a_clock_that_is_two_hours_off),
        cmocka_unit_test(checker_a_relay_may_drop_a_revision_for_a_newer_one_that_it_has),
        cmocka_unit_test(checker_a_relay_may_not_drop_a_reply_for_a_revision_of_its_case),
        cmocka_unit_test(checker_void_said_of_what_is_owed_is_told),
        cmocka_unit_test(checker_void_may_be_said_of_what_is_over),
        cmocka_unit_test(checker_void_may_be_said_of_what_no_relay_took),
        cmocka_unit_test(checker_void_may_be_said_of_a_reply_that_was_answered),
        cmocka_unit_test(checker_canary_and_a_broken_program_are_told),
        cmocka_unit_test(checker_what_grew_beyond_its_bound_is_told),
    };
    return cmocka_run_group_tests_name("checker", tests, NULL, NULL);
}
