/* cmd_refer: a parental abduction handed to the mediators, and their answer. Sends no photo, no name and no address. */
#include <stdlib.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cli_text.h"
#include "cli_view.h"
#include "cmd.h"
#include "proto/case.pb-c.h"
#include "proto/clock.h"
#include "proto/reply.h"

/* "en,el" as an array. */
static void add_words(const char *list, struct jdoc *array)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        char word[40];
        snprintf(word, sizeof word, "%.*s", len < sizeof word ? (int)len : (int)sizeof word - 1, list);
        if (len > 0)
            jdoc_add_text(array, word);
        list += len + (list[len] == ',');
    }
}

static int write_referral(struct cli *cli, const struct jdoc *view)
{
    static const char *const fields[] = {"reference", "from",          "from_name", "phone",        "state",
                                         "status",    "urgency",       "answer_by", "withdrawn_at", "child_age_years",
                                         "children",  "hague_pending", "text"};
    int64_t now_us = clock_wall_us();
    struct jdoc *facts = jdoc_object();
    struct buf out;
    buf_init(&out);
    if (strcmp(jdoc_get_text(view, "status", ""), "EXERCISE") == 0)
        buf_add_text(&out, "*** EXERCISE *** EXERCISE *** this is a drill\n");
    buf_printf(&out, "referral %s", jdoc_get_text(view, "referral_id", "?"));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (jdoc_get(view, fields[i]) != NULL)
            jdoc_set_doc(facts, fields[i], jdoc_copy(jdoc_get(view, fields[i])));
    jdoc_set_doc(facts, "languages", jdoc_copy(jdoc_get(view, "languages")));
    jdoc_set_doc(facts, "countries", jdoc_copy(jdoc_get(view, "countries")));
    if (jdoc_get(view, "contact") != NULL)
        jdoc_set_doc(facts, "contact", jdoc_copy(jdoc_get(view, "contact")));
    int error = cli_view_case(facts, &hotline__referral__descriptor, cli->language, &out);
    const struct jdoc *answers = jdoc_get(view, "answers"), *ladder = jdoc_get(view, "ladder");
    for (size_t i = 0; i < jdoc_count(ladder); i++)
        buf_printf(&out, "  %-14s %s\n", jdoc_get_text(jdoc_at(ladder, i), "state", "?"),
                   jdoc_get_text(jdoc_at(ladder, i), "member", "?"));
    for (size_t i = 0; i < jdoc_count(answers); i++) {
        const struct jdoc *answer = jdoc_at(answers, i);
        char when[CLI_TEXT_TIME_MAX];
        cli_text_time(jdoc_get_text(answer, "at", NULL), now_us, when);
        buf_printf(&out, "  %-14s %s %s %s  ", jdoc_get_text(answer, "act", "?"), jdoc_get_text(answer, "member", "?"),
                   jdoc_get_text(answer, "decline", ""), when);
        cli_text_clean(&out, jdoc_get_text(answer, "text", ""));
        buf_add_u8(&out, '\n');
    }
    error = error == OK ? cli_write(cli, &out) : cli_failed(cli, error);
    buf_free(&out);
    jdoc_free(facts);
    return error;
}

static int write_form(struct cli *cli, const struct cli_args *args, const struct jdoc *view)
{
    enum cli_form form;
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    return form == CLI_TABLE ? write_referral(cli, view) : cli_write_doc(cli, form, view);
}

/* ---- refer ---- */

static int read_deadline(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *text = cli_args_text(args, "answer-by", NULL);
    char at[CLOCK_TEXT_MAX];
    int64_t after_us;
    if (text == NULL)
        return cli_fail(cli, ERR_USAGE, "--answer-by is missing: within which time a mediator must answer, as 48h");
    if (clock_parse_duration(text, &after_us) != OK)
        return cli_fail(cli, ERR_USAGE, "--answer-by %s: a duration is a number and a unit: 12h, 2d", text);
    clock_format(clock_wall_us() + after_us, at);
    jdoc_set_text(body, "answer_by", at);
    return OK;
}

static int read_number(struct cli *cli, const struct cli_args *args, const char *option, const char *field,
                       struct jdoc *body)
{
    const char *text = cli_args_text(args, option, NULL);
    if (text == NULL)
        return OK;
    size_t len = strlen(text);
    if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
        return cli_fail(cli, ERR_USAGE, "--%s %s: a whole number", option, text);
    jdoc_set_int(body, field, strtol(text, NULL, 10));
    return OK;
}

static int read_request(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *list, *languages = cli_args_text(args, "languages", NULL), *text = cli_args_text(args, "text", NULL);
    if (languages == NULL || !cli_args_has(args, "countries"))
        return cli_fail(cli, ERR_USAGE, "--languages and --countries are required");
    add_words(languages, jdoc_set_doc(body, "languages", jdoc_array()));
    struct jdoc *countries = jdoc_set_doc(body, "countries", jdoc_array());
    int error = OK;
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "countries", &index)) != NULL;)
        error = cli_add_countries(cli, "--countries", list, countries);
    if (error == OK)
        error = read_deadline(cli, args, body);
    if (error == OK)
        error = read_number(cli, args, "children", "children", body);
    if (error == OK)
        error = read_number(cli, args, "age", "child_age_years", body);
    if (text != NULL)
        jdoc_set_text(body, "text", text);
    if (cli_args_has(args, "language"))
        jdoc_set_text(body, "text_language", cli_args_text(args, "language", ""));
    if (cli_args_has(args, "hague-pending"))
        jdoc_set_bool(body, "hague_pending", true);
    if (cli_args_has(args, "phone"))
        jdoc_set_text(jdoc_set_doc(body, "contact", jdoc_object()), "phone", cli_args_text(args, "phone", ""));
    return error;
}

static int run_refer(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    enum cli_form form;
    struct jdoc *body = jdoc_object(), *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = read_request(cli, args, body);
    if (error == OK && cli_args_has(args, "dry-run")) {
        const char *shows = referral_text_shows(jdoc_get_text(body, "text", NULL));
        cli_talk(shows != NULL ? "Nothing was sent. The text seems to hold %s: leave it out." :
                                 "Nothing was sent. The text seems to hold no %s.",
                 shows != NULL ? shows : "telephone number, e-mail or street address (names are not looked for here)");
        goto out;
    }
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), "/referrals", path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, body, &view);
    if (error == OK && jdoc_get_text(view, "text_shows", NULL) != NULL)
        cli_warn("the text seems to hold %s, and went to the mediators: a referral carries no name and no address",
                 jdoc_get_text(view, "text_shows", ""));
    if (error == OK)
        error = write_form(cli, args, view);
out:
    jdoc_free(view);
    jdoc_free(body);
    return error;
}

/* ---- referrals, referral ---- */

static void add_referral(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_list_id(table, row, "referral_id");
    cli_table_cell(table, jdoc_get_text(row, "reference", NULL));
    cli_table_cell(table, jdoc_get_text(row, "from", NULL));
    cli_table_cell(table, jdoc_get_text(row, "status", NULL));
    cli_table_cell(table, jdoc_get_text(row, "state", NULL));
    cli_list_texts(table, row, "languages");
    cli_list_texts(table, row, "countries");
    cli_list_time(table, row, "answer_by", NULL, now_us);
}

static int run_referrals(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"REFERRAL", "REFERENCE", "FROM",      "STATUS",
                                          "STATE",    "LANGUAGES", "COUNTRIES", "ANSWER BY"};
    static const struct cli_list list = {"/v1/referrals", "There are no referrals.", headers, 8, add_referral};
    return cli_list_show(cli, args, &list);
}

static int read_answer(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *decline = cli_args_text(args, "decline", NULL), *text = cli_args_text(args, "text", NULL);
    char code[32];
    size_t i = 0;
    if (decline != NULL && cli_args_has(args, "accept"))
        return cli_fail(cli, ERR_USAGE, "--accept and --decline exclude each other");
    for (; decline != NULL && decline[i] != '\0' && i + 1 < sizeof code; i++)
        code[i] = decline[i] == '-' ?
            '_' :
            (char)(decline[i] >= 'a' && decline[i] <= 'z' ? decline[i] - 'a' + 'A' : decline[i]);
    code[i] = '\0';
    jdoc_set_text(body, "act", decline != NULL ? "DECLINE" : "ACCEPT");
    if (decline != NULL)
        jdoc_set_text(body, "decline", code);
    if (text != NULL)
        jdoc_set_text(body, "text", text);
    return OK;
}

static int run_referral(struct cli *cli, const struct cli_args *args)
{
    const char *id = cli_args_at(args, 0);
    bool answers = cli_args_has(args, "accept") || cli_args_has(args, "decline");
    enum cli_form form;
    char path[120];
    struct jdoc *body = jdoc_object(), *view = NULL;
    int error = cli_form_of(cli, args, &form);
    if (error == OK && (strlen(id) > 32 || strspn(id, "0123456789abcdef") != strlen(id)))
        error = cli_fail(cli, ERR_USAGE, "%s: the id of a referral, or its first six or more digits", id);
    snprintf(path, sizeof path, "/v1/referrals/%.32s%s", id, answers ? "/answer" : "");
    if (error == OK && answers)
        error = read_answer(cli, args, body);
    if (error == OK)
        error = answers ? cli_api_send(cli, "POST", path, body, &view) : cli_api_get(cli, path, &view);
    if (error == OK)
        error = write_form(cli, args, view);
    jdoc_free(view);
    jdoc_free(body);
    return error;
}

static const struct cli_args_option refer_options[] = {
    {"languages", 0, CLI_ARGS_VALUE, "TAGS", "that the mediation needs: en,el"},
    {"countries", 0, CLI_ARGS_MANY, "COUNTRIES", "whose mediators are asked: GR,IT"},
    {"answer-by", 0, CLI_ARGS_VALUE, "DURATION", "they must answer within: 48h"},
    {"text", 0, CLI_ARGS_VALUE, "TEXT", "what it is about, without names and addresses"},
    {"language", 0, CLI_ARGS_VALUE, "TAG", "of the text (BCP 47: en, el, pt-PT)"},
    {"children", 0, CLI_ARGS_VALUE, "N", "how many"},
    {"age", 0, CLI_ARGS_VALUE, "YEARS", "of the child"},
    {"hague-pending", 0, CLI_ARGS_FLAG, NULL, "an application under the Hague Convention runs"},
    {"phone", 0, CLI_ARGS_VALUE, "PHONE", "the duty desk that answers them"},
    {"dry-run", 0, CLI_ARGS_FLAG, NULL, "send nothing: say what the text seems to hold"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option referrals_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option referral_options[] = {
    {"accept", 0, CLI_ARGS_FLAG, NULL, "we take it on"},
    {"decline", 0, CLI_ARGS_VALUE, "CODE",
     "no-capacity, no-language, not-competent, conflict-of-interest, parents-unwilling, other"},
    {"text", 0, CLI_ARGS_VALUE, "TEXT", "words to the hotline that asks"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_refer[] = {
    {.name = "refer",
     .synopsis = "ID --languages TAGS --countries COUNTRIES --answer-by DURATION [--text TEXT] [OPTION]...",
     .summary = "hand a parental abduction opened here to the mediators",
     .examples = "  hotline refer GR-2026-00001 --languages en,el --countries GR,IT --answer-by 48h \\\n"
                 "      --text \"Two parents, one child of 8\"\n",
     .notes = "It carries no photo, no name and no address; a text that names the child is refused (5).\n",
     .options = refer_options,
     .least = 1,
     .most = 1,
     .run = run_refer},
    {.name = "referrals",
     .synopsis = "[-o FORMAT]",
     .summary = "the referrals asked from here, or to be answered here",
     .examples = "  hotline referrals\n"
                 "  hotline referrals -o json | jq '.[] | select(.state==\"OPEN\") | .referral_id'\n",
     .options = referrals_options,
     .run = run_referrals},
    {.name = "referral",
     .synopsis = "REFERRAL-ID [--accept | --decline CODE] [--text TEXT]",
     .summary = "one referral; a mediator's answer to it",
     .examples = "  hotline referral 3f9a2c\n"
                 "  hotline referral 3f9a2c --accept --text \"We call today\"\n"
                 "  hotline referral 3f9a2c --decline no-language\n",
     .notes = "It is answered once, before its deadline. Only the hotline that asked reads the answer.\n",
     .options = referral_options,
     .least = 1,
     .most = 1,
     .run = run_referral},
    {0},
};
