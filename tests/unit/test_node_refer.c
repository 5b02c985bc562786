/* node_refer: a case of a hotline asked of mediators, in a network of real nodes: who gets it, what is refused before
 * anything is kept, what is over with the case, and what is left when a mediator's time is over. */
#include "node/node_inner.h"
#include "node_world.h"

static const struct net_publish to_france = {.to = {"FR"}};

/* Italy's and France's members mediate; the roster says so from now on. */
static void appoint(struct net *net)
{
    net->role[IT] = HOTLINE__ROLE__CODE__MEDIATOR;
    net->role[NL] = HOTLINE__ROLE__CODE__MEDIATOR;
    net_new_roster(net);
    net_pass(net, CLOCK_SECOND_US);
}

/* What is asked, with room for a text of its own. */
struct asked {
    Hotline__Referral referral;
    char language[3], italy[3], other[3], *languages[1], *countries[2], text[400];
};

static void asked_init(struct asked *asked, int64_t answer_by)
{
    *asked = (struct asked){.referral = HOTLINE__REFERRAL__INIT, .language = "it", .italy = "IT", .other = "NL"};
    asked->languages[0] = asked->language;
    asked->countries[0] = asked->italy;
    asked->countries[1] = asked->other;
    asked->referral.n_languages = 1;
    asked->referral.languages = asked->languages;
    asked->referral.n_countries = 2;
    asked->referral.countries = asked->countries;
    WIRE_SET(&asked->referral, answer_by, answer_by);
}

static int refer(struct net *net, unsigned node, const char *reference, struct asked *asked, struct err_note *note)
{
    const struct item *item = NULL;
    uint64_t ticket;
    int error = node_refer(net->nodes[node].node, net_case(net, node, reference), &asked->referral,
                           net_node_now(&net->nodes[node]), note, &item, &ticket);
    assert_true((error == OK) == (item != NULL));
    return error;
}

/* The only entry that a mediator has. */
static struct case_entry *thread_of(struct net *net, unsigned node)
{
    const struct cases *cases = node_cases(net->nodes[node].node);
    assert_int_equal(cases->count, 1);
    return cases->order[0];
}

static int answer(struct net *net, unsigned node, const struct item *request, bool accept, struct err_note *note)
{
    const struct node_referral_answer said = {.accept = accept, .decline = HOTLINE__REFERRAL_DECLINE__CODE__OTHER};
    const struct item *item;
    uint64_t ticket;
    return node_answer_referral(net->nodes[node].node, request, &said, net_node_now(&net->nodes[node]), note, &item,
                                &ticket);
}

/* A parental abduction of BE's, sent to France. */
static void open_case(struct net *net, char reference[CASES_REFERENCE_MAX])
{
    struct err_note note = {{0}};
    struct case_entry *entry = NULL;
    uint64_t ticket;
    Hotline__Case *content = net_content(&to_france);
    struct node_draft draft = net_draft(&to_france, content);
    appoint(net);
    content->category = HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION;
    assert_ok(node_publish(net->nodes[BE].node, &draft, net_node_now(&net->nodes[BE]), &note, &entry, &ticket));
    snprintf(reference, CASES_REFERENCE_MAX, "%s", entry->reference);
    case_free(content);
    net_run(net);
}

static void node_refer_reaches_mediators_alone_and_they_answer_once(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct asked asked;
    open_case(net, reference);
    assert_int_equal(net_cases(net, IT), 0);
    asked_init(&asked, net->now_us + CLOCK_DAY_US);
    assert_ok(refer(net, BE, reference, &asked, &note));
    net_run(net);
    const struct item *request = net_case(net, BE, reference)->thread[0];
    assert_int_equal(request->ladder_count, 2);
    assert_error(answer(net, BE, request, true, &note), ERR_STATE);
    assert_note(&note, "your own");
    const struct case_entry *asked_here = thread_of(net, IT);
    assert_int_equal(asked_here->revision_count, 0); /* and never the case */
    assert_ok(answer(net, IT, asked_here->thread[0], true, &note));
    assert_ok(answer(net, NL, thread_of(net, NL)->thread[0], false, &note));
    net_run(net);
    assert_error(answer(net, IT, asked_here->thread[0], false, &note), ERR_STATE);
    assert_note(&note, "answered from here already");
    size_t at = 0, answers = 0;
    while (node_referral_answer(net_case(net, BE, reference)->thread[0], &at) != NULL)
        answers++;
    assert_int_equal(answers, 2);
    assert_int_equal(thread_of(net, NL)->thread_count, 2); /* its own; not what the other one said */
    net_crash(net, IT);
    assert_error(answer(net, IT, thread_of(net, IT)->thread[0], false, &note), ERR_STATE);
}

static void node_refer_is_refused_before_anything_is_kept(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct asked asked;
    open_case(net, reference);
    asked_init(&asked, net->now_us);
    assert_error(refer(net, BE, reference, &asked, &note), ERR_INVALID);
    assert_note(&note, "answer_by: it is over already");
    asked_init(&asked, net->now_us + LIMIT_VALIDITY_MAX_US + CLOCK_DAY_US);
    assert_error(refer(net, BE, reference, &asked, &note), ERR_LIMIT);
    asked_init(&asked, net->now_us + CLOCK_DAY_US);
    assert_error(refer(net, FR, reference, &asked, &note), ERR_STATE);
    assert_note(&note, "its opener refers it");
    const Hotline__Description *child = item_content(net_case(net, BE, reference)->revisions[0])->alert->child;
    snprintf(asked.text, sizeof asked.text, "the father of %s", child->given_name);
    asked.referral.text = asked.text;
    assert_error(refer(net, BE, reference, &asked, &note), ERR_POLICY);
    assert_note(&note, "names the child");
    asked.referral.text = NULL;
    memcpy(asked.italy, "SE", 2);
    memcpy(asked.other, "DK", 2);
    assert_error(refer(net, BE, reference, &asked, &note), ERR_POLICY);
    assert_note(&note, "no mediator is active");
    asked_init(&asked, net->now_us + CLOCK_DAY_US);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_error(refer(net, BE, reference, &asked, &note), ERR_STATE);
    assert_note(&note, "nothing to mediate");
    assert_int_equal(net_case(net, BE, reference)->thread_count, 0);
    assert_int_equal(net_cases(net, IT), 0);
}

/* Whoever may still answer, or has accepted, is told; who declined is not asked again and not told. */
static void node_refer_of_a_closed_case_is_withdrawn_where_it_matters(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct asked asked;
    open_case(net, reference);
    asked_init(&asked, net->now_us + CLOCK_DAY_US);
    assert_ok(refer(net, BE, reference, &asked, &note));
    net_run(net);
    assert_ok(answer(net, NL, thread_of(net, NL)->thread[0], false, &note));
    net_run(net);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    const struct item *request = thread_of(net, IT)->thread[0];
    assert_non_null(node_referral_withdrawal(request));
    assert_null(node_referral_withdrawal(thread_of(net, NL)->thread[0]));
    assert_error(answer(net, IT, request, true, &note), ERR_STATE);
    assert_note(&note, "withdrawn");
}

static void pass_hours(struct net *net, int hours)
{
    for (int i = 0; i < hours * 180; i++) {
        net_tick(net, 20 * CLOCK_SECOND_US);
        net_forget(net);
    }
}

/* A mediator keeps a referral as long as a closed case is kept. A relay that says it again then is not believed; one
 * that was asked since is. */
static void node_refer_is_erased_at_a_mediator_and_the_case_can_be_asked_anew(void **state)
{
    struct net *net = *state;
    char reference[CASES_REFERENCE_MAX];
    struct err_note note = {{0}};
    struct asked asked;
    open_case(net, reference);
    asked_init(&asked, net->now_us + CLOCK_HOUR_US);
    assert_ok(refer(net, BE, reference, &asked, &note));
    net_run(net);
    const struct item *request = thread_of(net, IT)->thread[0];
    struct envelope_case_key key = thread_of(net, IT)->key;
    struct node_settings settings = net->nodes[IT].node->settings;
    settings.closed_latest_us = 2 * CLOCK_HOUR_US;
    node_change_settings(net->nodes[IT].node, &settings);
    assert_false(cases_find(node_cases(net->nodes[IT].node), &key)->erased);
    pass_hours(net, 2);
    assert_error(answer(net, IT, request, true, &note), ERR_EXPIRED);
    pass_hours(net, 2);
    net_pass(net, CLOCK_MINUTE_US);
    net_forget(net);
    const struct case_entry *entry = cases_find(node_cases(net->nodes[IT].node), &key);
    assert_true(entry->erased);
    assert_int_equal(entry->thread_count, 0);
    net_crash(net, IT);
    net_connect(net, IT, NET_ALL);
    net_run(net);
    entry = cases_find(node_cases(net->nodes[IT].node), &key);
    assert_true(entry->erased);
    asked_init(&asked, net->now_us + CLOCK_HOUR_US);
    assert_ok(refer(net, BE, reference, &asked, &note));
    net_run(net);
    assert_int_equal(cases_find(node_cases(net->nodes[IT].node), &key)->thread_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(node_refer_reaches_mediators_alone_and_they_answer_once),
        NET_TEST(node_refer_is_refused_before_anything_is_kept),
        NET_TEST(node_refer_of_a_closed_case_is_withdrawn_where_it_matters),
        NET_TEST(node_refer_is_erased_at_a_mediator_and_the_case_can_be_asked_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
