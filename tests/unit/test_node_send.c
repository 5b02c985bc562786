/* node_send: what is refused before anything is kept, with words that say what to do; and what of a case of our own
 * never changes, whatever the clock did. */
#include "node/node_inner.h"
#include "node_world.h"

static const struct net_publish to_france = {.to = {"FR"}};

static Hotline__Case *parental(const struct net_publish *from)
{
    Hotline__Case *content = net_content(from);
    content->category = HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION;
    return content;
}

/* Publishes this content, which it frees. reference may be NULL. */
static int send(struct net *net, Hotline__Case *content, const struct net_publish *from, const char *drill_id,
                struct err_note *note, char *reference)
{
    struct node_draft draft = net_draft(from, content);
    struct case_entry *entry = NULL;
    uint64_t ticket;
    draft.drill_id = drill_id;
    int error = node_publish(net->nodes[BE].node, &draft, net_node_now(&net->nodes[BE]), note, &entry, &ticket);
    if (error == OK && reference != NULL)
        snprintf(reference, CASES_REFERENCE_MAX, "%s", entry->reference);
    case_free(content);
    return error;
}

static void check_nothing_kept(struct net *net, size_t cases)
{
    net_run(net);
    assert_int_equal(node_cases(net->nodes[BE].node)->count, cases);
    assert_int_equal(net_cases(net, FR), cases);
}

/* ---- what may not be sent ---- */

static void send_until_a_time_that_is_over_or_too_far_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    Hotline__Case *content = net_content(&to_france);
    WIRE_SET(content, valid_until, net->now_us - CLOCK_MINUTE_US);
    assert_error(send(net, content, &to_france, NULL, &note, NULL), ERR_INVALID);
    assert_note(&note, "valid_until: it is over already");
    content = net_content(&to_france);
    WIRE_SET(content, valid_until, net->now_us + LIMIT_VALIDITY_MAX_US + CLOCK_HOUR_US);
    assert_error(send(net, content, &to_france, NULL, &note, NULL), ERR_LIMIT);
    assert_note(&note, "valid_until: more than 30 days ahead");
    check_nothing_kept(net, 0);
    content = net_content(&to_france);
    WIRE_SET(content, valid_until, net->now_us + 5 * CLOCK_DAY_US);
    assert_ok(send(net, content, &to_france, NULL, &note, NULL));
    check_nothing_kept(net, 1);
}

static void send_to_nobody_or_to_no_country_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    assert_error(send(net, net_content(&to_france), &(struct net_publish){.to = {NULL}}, NULL, &note, NULL),
                 ERR_MISSING);
    assert_note(&note, "name the countries concerned");
    assert_error(send(net, net_content(&to_france), &(struct net_publish){.to = {"FR", "XX"}}, NULL, &note, NULL),
                 ERR_UNKNOWN);
    assert_note(&note, "to: \"XX\" is no ISO 3166-1 country code");
    assert_error(send(net, net_content(&to_france), &(struct net_publish){.to = {"SE"}}, NULL, &note, NULL),
                 ERR_POLICY);
    assert_note(&note, "nobody would get it");
    check_nothing_kept(net, 0);
}

static void send_of_a_drill_as_a_real_case_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    const struct net_publish exercise = {.to = {"FR"}, .exercise = true};
    const char *drill = "BE-2026-90001";
    assert_error(send(net, net_content(&to_france), &to_france, drill, &note, NULL), ERR_INVALID);
    assert_note(&note, "drill: a real case is part of no drill");
    check_nothing_kept(net, 0);
    char reference[CASES_REFERENCE_MAX];
    assert_ok(send(net, net_content(&to_france), &exercise, drill, &note, reference));
    net_run(net);
    assert_ok(net_try_update(net, BE, reference, &exercise, &note));
    net_run(net);
    assert_string_equal(item_content(net_revision(net, FR, reference, 2))->alert->drill_id, drill);
    assert_true(net_case(net, FR, reference)->exercise);
}

static void send_without_room_on_the_disk_is_refused_and_a_closing_is_not(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &to_france, reference);
    net_run(net);
    struct node_settings settings = net->nodes[BE].node->settings;
    settings.disk_reserve_bytes = INT64_MAX;
    node_change_settings(net->nodes[BE].node, &settings);
    assert_error(send(net, net_content(&to_france), &to_france, NULL, &note, NULL), ERR_DISK_FULL);
    assert_note(&note, "(disk_reserve): make room");
    assert_error(net_try_update(net, BE, reference, &to_france, &note), ERR_DISK_FULL);
    check_nothing_kept(net, 1);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_non_null(net_revision(net, FR, reference, 2));
}

static void send_of_more_open_cases_than_there_may_be_is_refused_until_one_is_closed(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char first[CASES_REFERENCE_MAX], second[CASES_REFERENCE_MAX], received[CASES_REFERENCE_MAX];
    struct node_settings settings = net->nodes[BE].node->settings;
    settings.open_cases = 2;
    node_change_settings(net->nodes[BE].node, &settings);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, received); /* others' do not count */
    net_run(net);
    net_publish(net, BE, &to_france, first);
    net_publish(net, BE, &to_france, second);
    net_run(net);
    assert_error(send(net, net_content(&to_france), &to_france, NULL, &note, NULL), ERR_LIMIT);
    assert_note(&note, "2 cases are open here, the most there may be: close some first");
    assert_ok(net_try_update(net, BE, second, &to_france, &note));
    assert_ok(net_try_finish(net, BE, first, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_ok(send(net, net_content(&to_france), &to_france, NULL, &note, NULL));
    assert_error(send(net, net_content(&to_france), &to_france, NULL, &note, NULL), ERR_LIMIT);
}

static void send_of_a_revision_of_what_is_over_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char retracted[CASES_REFERENCE_MAX], expired[CASES_REFERENCE_MAX];
    const struct net_publish short_one = {.to = {"FR"}, .valid_for_us = CLOCK_HOUR_US};
    net_publish(net, BE, &to_france, retracted);
    net_publish(net, BE, &short_one, expired);
    net_run(net);
    assert_error(net_try_update(net, FR, retracted, &to_france, &note), ERR_STATE);
    assert_note(&note, "is a case of be-baken: only its opener revises it");
    assert_ok(net_try_finish(net, BE, retracted, HOTLINE__ACT__CODE__RETRACT, &note));
    net_run(net);
    assert_error(net_try_finish(net, BE, retracted, HOTLINE__ACT__CODE__CLOSE, &note), ERR_STATE);
    assert_note(&note, "is RETRACTED already");
    assert_error(net_try_update(net, BE, retracted, &to_france, &note), ERR_STATE);
    assert_note(&note, "is RETRACTED: publish it as a new case");
    net_tick(net, CLOCK_HOUR_US + CLOCK_MINUTE_US);
    assert_error(net_try_update(net, BE, expired, &to_france, &note), ERR_STATE);
    assert_note(&note, "is EXPIRED: publish it as a new case");
    net_run(net);
    assert_null(net_revision(net, FR, retracted, 3));
    assert_null(net_revision(net, FR, expired, 2));
}

/* ---- what never changes ---- */

static void send_in_a_year_gone_by_gives_no_number_twice(void **state)
{
    struct net *net = *state;
    char reference[3][CASES_REFERENCE_MAX], received[CASES_REFERENCE_MAX];
    net->roster_life_us = 200 * CLOCK_DAY_US;
    net_new_roster(net);
    net_publish(net, FR, &(struct net_publish){.to = {"BE"}}, received);
    net_run(net);
    net_publish(net, BE, &to_france, reference[0]);
    net->nodes[BE].clock_error_us = 60 * CLOCK_DAY_US;
    net_publish(net, BE, &to_france, reference[1]);
    net->nodes[BE].clock_error_us = 0;
    net_publish(net, BE, &to_france, reference[2]);
    assert_string_equal(reference[0], "BE-2026-00001");
    assert_string_equal(reference[1], "BE-2027-00001");
    assert_string_equal(reference[2], "BE-2026-00002");
}

static void send_never_shortens_what_was_said(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    net_publish(net, BE, &(struct net_publish){.to = {"FR"}, .valid_for_us = 9 * CLOCK_DAY_US}, reference);
    net_run(net);
    int64_t until_us = net_revision(net, BE, reference, 1)->header->expires_at_us;
    assert_ok(
        net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}, .valid_for_us = CLOCK_DAY_US}, &note));
    assert_int_equal(net_revision(net, BE, reference, 2)->header->expires_at_us, until_us);
    assert_ok(net_try_update(net, BE, reference, &(struct net_publish){.to = {NULL}, .valid_for_us = 11 * CLOCK_DAY_US},
                             &note));
    assert_true(net_revision(net, BE, reference, 3)->header->expires_at_us > until_us);
    assert_ok(net_try_finish(net, BE, reference, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    assert_int_equal(net_revision(net, FR, reference, 4)->header->expires_at_us,
                     net_revision(net, BE, reference, 3)->header->expires_at_us);
}

/* ---- mediators ---- */

struct asked {
    Hotline__Referral referral;
    char language[3], country[3], *languages[1], *countries[1], text[100];
};

static int refer(struct net *net, const char *reference, const char *country, const char *text, struct err_note *note)
{
    struct asked asked = {.referral = HOTLINE__REFERRAL__INIT, .language = "it"};
    const struct item *item;
    uint64_t ticket;
    snprintf(asked.country, sizeof asked.country, "%s", country);
    snprintf(asked.text, sizeof asked.text, "%s", text);
    asked.languages[0] = asked.language;
    asked.countries[0] = asked.country;
    asked.referral.n_languages = asked.referral.n_countries = 1;
    asked.referral.languages = asked.languages;
    asked.referral.countries = asked.countries;
    asked.referral.text = asked.text;
    WIRE_SET(&asked.referral, answer_by, net->now_us + CLOCK_DAY_US);
    WIRE_SET(&asked.referral, urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    return node_refer(net->nodes[BE].node, net_case(net, BE, reference), &asked.referral, net_node_now(&net->nodes[BE]),
                      note, &item, &ticket);
}

static void with_a_mediator(struct net *net)
{
    net->role[IT] = HOTLINE__ROLE__CODE__MEDIATOR;
    net_new_roster(net);
}

/* A list of texts, of a case that was unpacked: freed with it. */
static char **two_texts(const char *first, const char *second)
{
    char **list = calloc(2, sizeof *list);
    assert_non_null(list);
    list[0] = strdup(first);
    list[1] = strdup(second);
    return list;
}

static void send_to_mediators_carries_no_name_that_the_child_has(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char reference[CASES_REFERENCE_MAX];
    static const char *const named[] = {"aurelia-canary is with her father", "called Lia at home",
                                        "her papers say Avreliya", "of the family Kanari"};
    with_a_mediator(net);
    Hotline__Case *content = parental(&to_france);
    Hotline__Description *child = content->child;
    child->aliases = two_texts("Li", "Lia");
    child->n_aliases = 2;
    child->transliterations = malloc(sizeof *child->transliterations);
    child->transliterations[0] = malloc(sizeof *child->transliterations[0]);
    hotline__transliteration__init(child->transliterations[0]);
    child->transliterations[0]->given_name = strdup("Avreliya");
    child->transliterations[0]->family_name = strdup("Kanari");
    child->n_transliterations = 1;
    assert_ok(send(net, content, &to_france, NULL, &note, reference));
    net_run(net);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        assert_error(refer(net, reference, "IT", named[i], &note), ERR_POLICY);
        assert_note(&note, "it names the child");
    }
    assert_int_equal(net_case(net, BE, reference)->thread_count, 0);
    assert_ok(refer(net, reference, "IT", "Li and her parents talk", &note)); /* part of too many words */
    net_run(net);
    const struct item *request = net_case(net, BE, reference)->thread[0];
    assert_int_equal(request->header->urgency, HOTLINE__URGENCY__CODE__IMMEDIATE);
    assert_int_equal(node_cases(net->nodes[IT].node)->order[0]->thread_count, 1);
}

static void send_to_mediators_is_for_parental_abductions_and_known_countries(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    char runaway[CASES_REFERENCE_MAX], abduction[CASES_REFERENCE_MAX];
    with_a_mediator(net);
    net_publish(net, BE, &to_france, runaway);
    assert_ok(send(net, parental(&to_france), &to_france, NULL, &note, abduction));
    net_run(net);
    assert_error(refer(net, runaway, "IT", "the parents talk", &note), ERR_POLICY);
    assert_note(&note, "mediators are for parental abductions");
    assert_error(refer(net, abduction, "ZZ", "the parents talk", &note), ERR_INVALID);
    assert_int_equal(net_case(net, BE, runaway)->thread_count + net_case(net, BE, abduction)->thread_count, 0);
    assert_int_equal(node_cases(net->nodes[IT].node)->count, 0);
}

static void send_of_figures_without_an_observer_is_refused(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    Hotline__Statistics statistics = HOTLINE__STATISTICS__INIT;
    const struct item *item;
    uint64_t ticket;
    size_t at = 0;
    WIRE_SET(&statistics, year, 2026);
    net->role[FR] = HOTLINE__ROLE__CODE__OBSERVER;
    net->standing[FR] = HOTLINE__STANDING__CODE__WITHDRAWN;
    net_new_roster(net);
    assert_error(node_send_statistics(net->nodes[BE].node, &statistics, net->now_us, &note, &item, &ticket),
                 ERR_POLICY);
    assert_note(&note, "no observer is on the roster");
    assert_null(node_next_item(net->nodes[BE].node, &at, HOTLINE__KIND__CODE__STATISTICS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(send_until_a_time_that_is_over_or_too_far_is_refused),
        NET_TEST(send_to_nobody_or_to_no_country_is_refused),
        NET_TEST(send_of_a_drill_as_a_real_case_is_refused),
        NET_TEST(send_without_room_on_the_disk_is_refused_and_a_closing_is_not),
        NET_TEST(send_of_more_open_cases_than_there_may_be_is_refused_until_one_is_closed),
        NET_TEST(send_of_a_revision_of_what_is_over_is_refused),
        NET_TEST(send_in_a_year_gone_by_gives_no_number_twice),
        NET_TEST(send_never_shortens_what_was_said),
        NET_TEST(send_to_mediators_carries_no_name_that_the_child_has),
        NET_TEST(send_to_mediators_is_for_parental_abductions_and_known_countries),
        NET_TEST(send_of_figures_without_an_observer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
