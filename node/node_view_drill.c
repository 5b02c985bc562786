/* node_view_drill: how the drills that were sent from here went, from the ladders of their cases. Keeps nothing: what
 * is erased counts with what its closing knows. */
#include <stdlib.h>
#include <string.h>

#include "node/node_view.h"
#include "proto/case.h"
#include "proto/clock.h"

/* Half for the delivery, half for a person's acknowledgement. */
#define SCORE_STEPS 2

enum step { DELIVERED, SHOWN, ACKNOWLEDGED, STEPS };

static const struct step_row {
    const char *name, *after, *count;
    int state;
} steps[STEPS] = {
    {"DELIVERED", "delivered_after_ms", "delivered", HOTLINE__RECEIPT_STATE__CODE__DELIVERED},
    {"SHOWN", "shown_after_ms", "shown", HOTLINE__RECEIPT_STATE__CODE__SHOWN},
    {"ACKNOWLEDGED", "acknowledged_after_ms", "acknowledged", HOTLINE__RECEIPT_STATE__CODE__ACKNOWLEDGED},
};

/* One drill: all its cases. */
struct drill_sum {
    char drill_id[CASES_REFERENCE_MAX]; /* "": exercises that name none */
    int64_t sent_us;
    int64_t cases, recipients, missed, reached[STEPS];
};

/* One recipient of one case. */
struct drill_row {
    const struct case_entry *entry;
    const struct ladder_row *newest;
    int64_t sent_us, at_us[STEPS]; /* 0: not reached */
    unsigned missed;               /* bit per step */
};

static void drill_of(const struct node *node, const struct case_entry *entry, char drill_id[CASES_REFERENCE_MAX])
{
    const struct item *shown = cases_shown(node_cases(node), entry);
    const char *id = shown != NULL ? item_content(shown)->alert->drill_id : NULL;
    if (shown == NULL && entry->tombstone != NULL)
        id = entry->tombstone->drill_id;
    snprintf(drill_id, CASES_REFERENCE_MAX, "%s", id != NULL ? id : "");
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us == 0 || (b_us != 0 && b_us < a_us) ? b_us : a_us;
}

/* Whoever got a later revision first has got the case then; who acknowledged has been delivered to. */
static void read_row(struct drill_row *row)
{
    for (size_t i = 0; i < row->entry->revision_count; i++) {
        const struct ladder_row *of = item_row(row->entry->revisions[i], row->newest->member);
        if (of == NULL)
            continue;
        row->sent_us = earlier(row->sent_us, of->state_at_us[0]);
        for (int step = 0; step < STEPS; step++)
            row->at_us[step] = earlier(row->at_us[step], of->state_at_us[steps[step].state]);
    }
    row->at_us[DELIVERED] = earlier(row->at_us[DELIVERED], earlier(row->at_us[SHOWN], row->at_us[ACKNOWLEDGED]));
}

/* Only what is IMMEDIATE has deadlines; of the rest a step is missed when the case is over without it. */
static void judge(const struct node *node, struct drill_row *row, int64_t now_us)
{
    const struct node_settings *settings = node_settings(node);
    const int64_t deadlines[STEPS] = {settings->deadline_delivered_us, settings->deadline_shown_us,
                                      settings->deadline_acknowledged_us};
    bool urgent = row->entry->revisions[0]->header->urgency == HOTLINE__URGENCY__CODE__IMMEDIATE;
    bool over = node_state(node, row->entry, now_us) != CASE_OPEN;
    for (int step = 0; step < STEPS; step++) {
        int64_t end_us = row->at_us[step] != 0 ? row->at_us[step] : now_us;
        bool late = urgent && end_us - row->sent_us > deadlines[step];
        if (late || (row->at_us[step] == 0 && over))
            row->missed |= 1u << step;
    }
}

static void count_row(struct drill_sum *sum, const struct drill_row *row)
{
    sum->recipients++;
    sum->missed += row->missed != 0;
    for (int step = 0; step < STEPS; step++)
        sum->reached[step] += row->at_us[step] != 0;
}

static void view_row(const struct node *node, const struct drill_row *row, struct jdoc *rows)
{
    struct jdoc *one = jdoc_add_doc(rows, jdoc_object());
    jdoc_set_text(one, "reference", row->entry->reference);
    node_view_set_member(node, one, row->newest->member);
    jdoc_set_text(one, "state", receipt_state_name(row->newest->state));
    node_view_set_time_if(one, "sent_at", row->sent_us);
    for (int step = 0; step < STEPS; step++)
        if (row->at_us[step] != 0)
            jdoc_set_int(one, steps[step].after,
                         row->at_us[step] > row->sent_us ? (row->at_us[step] - row->sent_us) / CLOCK_MS_US : 0);
    struct jdoc *missed = jdoc_set_doc(one, "missed", jdoc_array());
    for (int step = 0; step < STEPS; step++)
        if ((row->missed & (1u << step)) != 0)
            jdoc_add_text(missed, steps[step].name);
}

/* rows: NULL: only the sum. */
static void add_case(const struct node *node, const struct case_entry *entry, int64_t now_us, struct drill_sum *sum,
                     struct jdoc *rows)
{
    const struct item *newest = cases_newest(node_cases(node), entry);
    if (newest == NULL)
        return;
    int64_t sent_us = entry->revisions[0]->header->sent_at_us;
    sum->cases++;
    sum->sent_us = sent_us > sum->sent_us ? sent_us : sum->sent_us;
    for (size_t i = 0; i < newest->ladder_count; i++) {
        struct drill_row row = {.entry = entry, .newest = &newest->ladder[i]};
        read_row(&row);
        judge(node, &row, now_us);
        count_row(sum, &row);
        if (rows != NULL)
            view_row(node, &row, rows);
    }
}

static void set_sum(struct jdoc *view, const struct drill_sum *sum)
{
    int64_t most = SCORE_STEPS * sum->recipients;
    jdoc_set_text(view, "drill_id", sum->drill_id);
    node_view_set_time_if(view, "sent_at", sum->sent_us);
    jdoc_set_int(view, "cases", sum->cases);
    jdoc_set_int(view, "recipients", sum->recipients);
    for (int step = 0; step < STEPS; step++)
        jdoc_set_int(view, steps[step].count, sum->reached[step]);
    jdoc_set_int(view, "missed", sum->missed);
    jdoc_set_int(view, "score", most > 0 ? 100 * (sum->reached[DELIVERED] + sum->reached[ACKNOWLEDGED]) / most : 0);
}

static bool is_drill(const struct case_entry *entry)
{
    return entry->mine && entry->exercise && entry->revision_count > 0;
}

struct jdoc *node_view_drill_report(const struct node *node, const char *drill_id, int64_t now_us)
{
    const struct cases *cases = node_cases(node);
    struct drill_sum sum = {.cases = 0};
    struct jdoc *view = jdoc_object(), *rows = jdoc_array();
    snprintf(sum.drill_id, sizeof sum.drill_id, "%s", drill_id);
    for (size_t i = 0; i < cases->count; i++) {
        char of[CASES_REFERENCE_MAX];
        if (!is_drill(cases->order[i]))
            continue;
        drill_of(node, cases->order[i], of);
        if (strcmp(of, drill_id) == 0)
            add_case(node, cases->order[i], now_us, &sum, rows);
    }
    set_sum(view, &sum);
    jdoc_set_doc(view, "rows", rows);
    if (sum.cases > 0)
        return view;
    jdoc_free(view);
    return NULL;
}

/* The drill of this id, or a new one; NULL: there are so many. */
static struct drill_sum *sum_of(struct drill_sum *sums, size_t *count, const char *drill_id)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(sums[i].drill_id, drill_id) == 0)
            return &sums[i];
    if (*count == NODE_VIEW_DRILLS_MAX)
        return NULL;
    struct drill_sum *fresh = &sums[(*count)++];
    *fresh = (struct drill_sum){.cases = 0};
    snprintf(fresh->drill_id, sizeof fresh->drill_id, "%s", drill_id);
    return fresh;
}

static int newest_first(const void *a, const void *b)
{
    const struct drill_sum *x = a, *y = b;
    return x->sent_us < y->sent_us ? 1 : x->sent_us > y->sent_us ? -1 : 0;
}

struct jdoc *node_view_drill_reports(const struct node *node, int64_t now_us)
{
    const struct cases *cases = node_cases(node);
    struct drill_sum *sums = calloc(NODE_VIEW_DRILLS_MAX, sizeof *sums);
    struct jdoc *page = jdoc_object(), *items = jdoc_set_doc(page, "items", jdoc_array());
    size_t count = 0;
    CHECK(sums != NULL);
    for (size_t i = cases->count; i-- > 0;) {
        char of[CASES_REFERENCE_MAX];
        if (!is_drill(cases->order[i]))
            continue;
        drill_of(node, cases->order[i], of);
        struct drill_sum *sum = sum_of(sums, &count, of);
        if (sum != NULL)
            add_case(node, cases->order[i], now_us, sum, NULL);
    }
    qsort(sums, count, sizeof *sums, newest_first);
    for (size_t i = 0; i < count; i++)
        set_sum(jdoc_add_doc(items, jdoc_object()), &sums[i]);
    free(sums);
    return page;
}
