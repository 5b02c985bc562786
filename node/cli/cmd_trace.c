/* cmd_trace: the timeline of one case, step by step with milliseconds: where it is, and where it stalls. Times of a
 * recipient's steps are its own clock's, as its receipts say. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli_api.h"
#include "cli_table.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/clock.h"

struct step {
    int64_t at_us; /* 0: it has not happened */
    const char *what, *who;
    int64_t revision; /* 0: of no revision */
    const char *detail;
    size_t order; /* as found, for equal times */
};

struct steps {
    struct step *list;
    size_t count, capacity;
    int64_t committed_us; /* what `after` counts from: the newest revision here */
    bool broken;
};

static void add(struct steps *steps, const char *at, struct step step)
{
    if (at != NULL && clock_parse(at, &step.at_us) != OK)
        return;
    if (steps->count == steps->capacity) {
        size_t capacity = steps->capacity == 0 ? 64 : 2 * steps->capacity;
        struct step *list = realloc(steps->list, capacity * sizeof *list);
        if (list == NULL) {
            steps->broken = true;
            return;
        }
        steps->list = list;
        steps->capacity = capacity;
    }
    step.order = steps->count;
    steps->list[steps->count++] = step;
}

static void add_revisions(struct steps *steps, const struct jdoc *view)
{
    const struct jdoc *revisions = jdoc_get(view, "revisions");
    for (size_t i = 0; i < jdoc_count(revisions); i++) {
        const struct jdoc *one = jdoc_at(revisions, i);
        const char *received = jdoc_get_text(one, "received_at", NULL);
        const char *at =
            received != NULL ? received : jdoc_get_text(one, "committed_at", jdoc_get_text(one, "sent_at", NULL));
        int64_t revision = jdoc_get_int(one, "revision", 0);
        const char *act = jdoc_get_text(one, "act", "?"), *opener = jdoc_get_text(view, "member", "?");
        if (received != NULL)
            add(steps, jdoc_get_text(one, "sent_at", NULL), (struct step){0, "SENT", opener, revision, act, 0});
        add(steps, at, (struct step){0, received != NULL ? "RECEIVED" : "COMMITTED", "here", revision, act, 0});
        if (i == 0 && at != NULL && clock_parse(at, &steps->committed_us) != OK)
            steps->committed_us = 0;
    }
}

static void add_relays(struct steps *steps, const struct jdoc *view)
{
    const struct jdoc *relays = jdoc_get(view, "relays");
    int64_t revision = jdoc_get_int(view, "revision", 0);
    for (size_t i = 0; i < jdoc_count(relays); i++) {
        const struct jdoc *one = jdoc_at(relays, i);
        const char *state = jdoc_get_text(one, "state", "?"), *detail = jdoc_get_text(one, "detail", "");
        bool waits = strcmp(state, "WAITING") == 0;
        add(steps, waits ? NULL : jdoc_get_text(one, "at", NULL),
            (struct step){0, state, jdoc_get_text(one, "relay", "?"), revision, waits ? "for its answer" : detail, 0});
    }
}

static void add_row(struct steps *steps, const struct jdoc *row, int64_t revision)
{
    static const char *const fields[][2] = {{"delivered_at", "DELIVERED"},
                                            {"shown_at", "SHOWN"},
                                            {"acknowledged_at", "ACKNOWLEDGED"},
                                            {"declined_at", "DECLINED"},
                                            {"erased_at", "ERASED"}};
    const char *member = jdoc_get_text(row, "member", "?");
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        const char *at = jdoc_get_text(row, fields[f][0], NULL);
        bool declined = strcmp(fields[f][1], "DECLINED") == 0;
        if (at != NULL)
            add(steps, at,
                (struct step){0, fields[f][1], member, revision, declined ? jdoc_get_text(row, "decline_code", "") : "",
                              0});
    }
    bool late = jdoc_get_bool(row, "late", false);
    const char *note = jdoc_get_text(row, "note", jdoc_get_text(row, "phone", ""));
    if (strcmp(jdoc_get_text(row, "state", ""), "QUEUED") == 0 || late)
        add(steps, NULL, (struct step){0, late ? "LATE" : "QUEUED", member, revision, note, 0});
}

static void add_rest(struct steps *steps, const struct jdoc *view)
{
    const struct jdoc *ladder = jdoc_get(view, "ladder"), *thread = jdoc_get(view, "thread"),
                      *own = jdoc_get(view, "acknowledgement");
    for (size_t i = 0; i < jdoc_count(ladder); i++)
        add_row(steps, jdoc_at(ladder, i), jdoc_get_int(view, "revision", 0));
    for (size_t i = 0; i < jdoc_count(thread); i++) {
        const struct jdoc *one = jdoc_at(thread, i);
        add(steps, jdoc_get_text(one, "received_at", jdoc_get_text(one, "at", NULL)),
            (struct step){0, "REPLY", jdoc_get_text(one, "from", "?"), 0, jdoc_get_text(one, "kind", ""), 0});
    }
    if (own != NULL)
        add(steps, jdoc_get_text(own, "at", NULL),
            (struct step){0, "ACKNOWLEDGED", "here", jdoc_get_int(own, "revision", 0), jdoc_get_text(own, "as", ""),
                          0});
}

/* By time; what has not happened yet comes last. */
static int by_time(const void *a, const void *b)
{
    const struct step *left = a, *right = b;
    if ((left->at_us == 0) != (right->at_us == 0))
        return left->at_us == 0 ? 1 : -1;
    if (left->at_us != right->at_us)
        return left->at_us < right->at_us ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static bool has_after(const struct steps *steps, const struct step *step, int64_t newest)
{
    return step->at_us != 0 && steps->committed_us != 0 && step->revision == newest &&
        step->at_us >= steps->committed_us;
}

static struct jdoc *doc_of(const struct steps *steps, int64_t newest)
{
    struct jdoc *array = jdoc_array();
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->list[i];
        struct jdoc *one = jdoc_add_doc(array, jdoc_object());
        char at[CLOCK_TEXT_MAX];
        clock_format(step->at_us, at);
        if (step->at_us != 0)
            jdoc_set_text(one, "at", at);
        else
            jdoc_set_null(one, "at");
        if (has_after(steps, step, newest))
            jdoc_set_int(one, "after_ms", (step->at_us - steps->committed_us) / CLOCK_MS_US);
        jdoc_set_text(one, "what", step->what);
        jdoc_set_text(one, "who", step->who);
        if (step->revision != 0)
            jdoc_set_int(one, "revision", step->revision);
        if (step->detail != NULL && step->detail[0] != '\0')
            jdoc_set_text(one, "detail", step->detail);
    }
    return array;
}

static int add_table(const struct steps *steps, int64_t newest, struct buf *out)
{
    static const char *const headers[] = {"TIME (UTC)", "AFTER", "WHAT", "WHO", "REV", ""};
    struct cli_table *table = cli_table_new(headers, 6);
    if (table == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < steps->count; i++) {
        const struct step *step = &steps->list[i];
        char at[CLOCK_TEXT_MAX], after[32];
        clock_format(step->at_us, at);
        snprintf(after, sizeof after, "%" PRId64 " ms", (step->at_us - steps->committed_us) / CLOCK_MS_US);
        cli_table_cell(table, step->at_us != 0 ? at : "not yet");
        cli_table_cell(table, has_after(steps, step, newest) ? after : "");
        cli_table_cell(table, step->what);
        cli_table_cell(table, step->who);
        if (step->revision != 0)
            cli_table_cell_int(table, step->revision);
        else
            cli_table_cell(table, "");
        cli_table_cell(table, step->detail != NULL ? step->detail : "");
    }
    int error = cli_table_write(table, out);
    cli_table_free(table);
    return error;
}

static int write_steps(struct cli *cli, enum cli_form form, const struct steps *steps, const struct jdoc *view)
{
    int64_t newest = jdoc_get_int(view, "revision", 0);
    int error = OK;
    if (form != CLI_TABLE) {
        struct jdoc *doc = doc_of(steps, newest);
        error = cli_write_doc(cli, form, doc);
        jdoc_free(doc);
        return error;
    }
    struct buf out;
    buf_init(&out);
    cli_view_headline(view, cli->language, clock_wall_us(), &out);
    buf_add_u8(&out, '\n');
    error = add_table(steps, newest, &out);
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    return error;
}

static int run_trace(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    struct steps steps = {.list = NULL};
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    add_revisions(&steps, view);
    add_relays(&steps, view);
    add_rest(&steps, view);
    if (steps.count > 0)
        qsort(steps.list, steps.count, sizeof steps.list[0], by_time);
    error = steps.broken ? cli_fail(cli, ERR_NOMEM, "out of memory") : write_steps(cli, form, &steps, view);
    free(steps.list);
    jdoc_free(view);
    return error;
}

static const struct cli_args_option trace_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};

const struct cli_command cmd_trace[] = {
    {.name = "trace",
     .synopsis = "ID [-o FORMAT]",
     .summary = "the timeline of one case: each relay, each recipient, to the millisecond",
     .examples = "  hotline trace GR-2026-00001\n"
                 "  hotline trace GR-2026-00001 -o json | jq '.[] | select(.what==\"DELIVERED\") | .after_ms'\n",
     .notes = "AFTER counts from this node's commit of the newest revision, and is said of that revision alone.\n"
              "A recipient's times are those of its receipts. What has not happened comes last.\n",
     .options = trace_options,
     .least = 1,
     .most = 1,
     .run = run_trace},
    {0},
};
