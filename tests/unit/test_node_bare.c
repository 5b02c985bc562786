/* Alerts of which almost everything lacks, as other software or a hostile member may send them: shown as they are, with
 * nothing made up, through all that can happen to a case. */
#include "node/figures.h"
#include "node/node_inner.h"
#include "node/node_make.h"
#include "node/node_view.h"
#include "node_world.h"

#define REFERENCE "BE-2026-00801"

/* What of an alert there is besides its identity. */
struct bare {
    bool parental;     /* its category; else none */
    const char *alias; /* a child with this and nothing else; NULL: no child at all */
    bool last_seen;    /* an empty one */
};

/* Sealed and sent as any other. Answers its item. */
static struct item *send_bare(struct net *net, const struct bare *bare)
{
    struct node *node = net->nodes[BE].node;
    struct node_outgoing out;
    struct err_note note = {{0}};
    Hotline__Case content = HOTLINE__CASE__INIT;
    Hotline__Description child = HOTLINE__DESCRIPTION__INIT;
    Hotline__LastSeen seen = HOTLINE__LAST_SEEN__INIT;
    char reference[] = REFERENCE, alias[40], *aliases[1] = {alias};
    uint8_t case_id[KEY_UUID_BYTES];
    struct item *item;
    uint64_t ticket;
    assert_ok(node_begin(node, &out, HOTLINE__KIND__CODE__CASE, false, net->now_us));
    assert_ok(node_out_country(&out, "FR", &note));
    seal_random(case_id, sizeof case_id);
    node_name_case(&out, node->keys->id, case_id);
    WIRE_SET(&out.header, act, HOTLINE__ACT__CODE__OPEN);
    WIRE_SET(&out.header, revision, 1);
    WIRE_SET(&out.header, expires_at_us, out.header.sent_at_us + 2 * CLOCK_HOUR_US);
    WIRE_SET(&out.header, urgency, HOTLINE__URGENCY__CODE__ROUTINE);
    content.reference = reference;
    WIRE_SET_BYTES(&content, case_id, case_id, sizeof case_id);
    WIRE_SET(&content, revision, 1);
    WIRE_SET(&content, status, HOTLINE__STATUS__CODE__ACTUAL);
    if (bare->parental)
        WIRE_SET(&content, category, HOTLINE__CATEGORY__CODE__PARENTAL_ABDUCTION);
    if (bare->alias != NULL) {
        snprintf(alias, sizeof alias, "%s", bare->alias);
        child.n_aliases = 1;
        child.aliases = aliases;
        content.child = &child;
    }
    content.last_seen = bare->last_seen ? &seen : NULL;
    out.body.content_case = HOTLINE__ENVELOPE_BODY__CONTENT_ALERT;
    out.body.alert = &content;
    assert_ok(node_seal(node, &out, &note, &item));
    assert_ok(node_launch(node, item, &note, &ticket));
    net_run(net);
    return item;
}

static struct jdoc *view(const struct net *net, unsigned node)
{
    return node_view_case(net->nodes[node].node, net_case(net, node, REFERENCE), net->now_us);
}

static void check_absent(const struct jdoc *doc, const char *const keys[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jdoc_get(doc, keys[i]) != NULL)
            fail_msg("%s is there", keys[i]);
}

static void bare_alert_is_shown_with_nothing_made_up(void **state)
{
    static const char *const lacking[] = {"child", "category", "drill_id", "review_at", "outcome"};
    struct net *net = *state;
    send_bare(net, &(struct bare){.parental = false});
    for (unsigned n = BE; n <= FR; n++) {
        struct jdoc *doc = view(net, n);
        check_absent(doc, lacking, sizeof lacking / sizeof lacking[0]);
        assert_string_equal(jdoc_get_text(doc, "state", ""), "OPEN");
        assert_string_equal(jdoc_get_text(doc, "urgency", ""), "ROUTINE");
        assert_false(jdoc_get_bool(doc, "restricted", true));
        assert_string_equal(jdoc_text(jdoc_at(jdoc_get(doc, "countries"), 0)), "FR");
        assert_int_equal(jdoc_get_int(doc, "photos", -1), 0);
        assert_string_equal(jdoc_get_text(jdoc_get(doc, "case"), "reference", ""), REFERENCE);
        jdoc_free(doc);
    }
    net_crash(net, FR);
    struct jdoc *doc = view(net, FR);
    check_absent(doc, lacking, sizeof lacking / sizeof lacking[0]);
    jdoc_free(doc);
}

static void bare_alert_of_a_child_without_a_name_is_shown_by_its_alias(void **state)
{
    struct net *net = *state;
    send_bare(net, &(struct bare){.alias = "Lenka"});
    struct jdoc *doc = view(net, FR);
    assert_string_equal(jdoc_get_text(jdoc_get(doc, "child"), "given_name", ""), "Lenka");
    assert_null(jdoc_get(jdoc_get(doc, "child"), "age_years"));
    jdoc_free(doc);
}

static void bare_alert_is_acknowledged_and_answered_as_any_other(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    send_bare(net, &(struct bare){.last_seen = true});
    assert_ok(net_try_acknowledge(net, FR, REFERENCE));
    assert_ok(net_try_reply(net, FR, REFERENCE, "what is her name?", &note));
    net_run(net);
    struct jdoc *doc = view(net, BE);
    assert_int_equal(jdoc_count(jdoc_get(doc, "thread")), 1);
    assert_string_equal(jdoc_get_text(jdoc_at(jdoc_get(doc, "ladder"), 0), "state", ""), "ACKNOWLEDGED");
    jdoc_free(doc);
}

/* A referral carries no name: of a child of whom none is known any text will do. */
static void bare_alert_is_referred_when_its_category_says_so(void **state)
{
    struct net *net = *state;
    struct err_note note = {{0}};
    Hotline__Referral referral = HOTLINE__REFERRAL__INIT;
    char language[] = "it", country[] = "IT", *languages[1] = {language}, *countries[1] = {country};
    char text[] = "the parents talk";
    const struct item *item;
    uint64_t ticket;
    net->role[IT] = HOTLINE__ROLE__CODE__MEDIATOR;
    net_new_roster(net);
    send_bare(net, &(struct bare){.parental = true});
    referral.n_languages = referral.n_countries = 1;
    referral.languages = languages;
    referral.countries = countries;
    referral.text = text;
    WIRE_SET(&referral, answer_by, net->now_us + CLOCK_HOUR_US);
    assert_ok(
        node_refer(net->nodes[BE].node, net_case(net, BE, REFERENCE), &referral, net->now_us, &note, &item, &ticket));
    net_run(net);
    assert_int_equal(net_case(net, BE, REFERENCE)->thread_count, 1);
    assert_int_equal(node_cases(net->nodes[IT].node)->order[0]->thread_count, 1);
}

static void hours(struct net *net, int count)
{
    for (int i = 0; i < count * 60; i++) {
        net_tick(net, CLOCK_MINUTE_US);
        net_forget(net);
    }
}

static void erase_soon(struct net *net, unsigned n)
{
    struct node_settings settings = net->nodes[n].node->settings;
    settings.closed_latest_us = settings.closed_after_ack_us = CLOCK_HOUR_US;
    node_change_settings(net->nodes[n].node, &settings);
}

/* Closed, counted and erased: what was never said is not said afterwards. */
static void bare_alert_leaves_bare_figures_and_a_bare_tombstone(void **state)
{
    static const char *const lacking[] = {"child", "category", "drill_id", "case"};
    struct net *net = *state;
    struct err_note note = {{0}};
    send_bare(net, &(struct bare){.last_seen = true});
    assert_ok(net_try_finish(net, BE, REFERENCE, HOTLINE__ACT__CODE__CLOSE, &note));
    net_run(net);
    for (int erased = 0; erased < 2; erased++) {
        struct figures figures;
        figures_init(&figures, 2026, false);
        assert_ok(node_view_gather(net->nodes[BE].node, &figures));
        figures_sort(&figures);
        assert_int_equal(figures.opened, 1);
        assert_int_equal(figures.closed, 1);
        struct jdoc *doc = figures_to_doc(&figures);
        const struct jdoc *cells = jdoc_get(doc, "cells");
        size_t unsaid = 0;
        for (size_t i = 0; i < jdoc_count(cells); i++)
            unsaid += strcmp(jdoc_get_text(jdoc_at(cells, i), "code", ""), "NOT_SAID") == 0;
        assert_int_equal(unsaid, 2); /* category and how it came in */
        jdoc_free(doc);
        figures_done(&figures);
        assert_true(net_case(net, BE, REFERENCE)->erased == (erased == 1));
        if (erased == 0) {
            erase_soon(net, BE);
            erase_soon(net, FR);
            hours(net, 4);
        }
    }
    struct jdoc *doc = view(net, BE);
    check_absent(doc, lacking, sizeof lacking / sizeof lacking[0]);
    assert_string_equal(jdoc_get_text(doc, "outcome", ""), "FOUND_SAFE");
    assert_non_null(jdoc_get(doc, "opened_at"));
    jdoc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(bare_alert_is_shown_with_nothing_made_up),
        NET_TEST(bare_alert_of_a_child_without_a_name_is_shown_by_its_alias),
        NET_TEST(bare_alert_is_acknowledged_and_answered_as_any_other),
        NET_TEST(bare_alert_is_referred_when_its_category_says_so),
        NET_TEST(bare_alert_leaves_bare_figures_and_a_bare_tombstone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
