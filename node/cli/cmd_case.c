/* cmd_case: what people do with a case: acknowledge, reply, update, close, retract. Each returns once committed here.
 */
#include "cli_api.h"
#include "cli_view.h"
#include "cli_wait.h"
#include "cmd.h"
#include "proto/case.h"
#include "proto/clock.h"
#include "proto/closing.h"
#include "proto/reply.h"

/* How one act is sent and waited for. */
struct act {
    const char *rest; /* "/close" */
    const char *of;   /* what to wait for: NULL the case, "acknowledgement", "reply" its own entry */
    const char *done; /* "closed" */
};

static void tell(const struct act *act, const struct jdoc *answer, const char *id)
{
    const char *reference = jdoc_get_text(answer, "reference", id);
    cli_talk("%s: %s", reference, act->done);
}

static int write_answer(struct cli *cli, const struct cli_args *args, const struct act *act, const struct jdoc *answer)
{
    enum cli_form form;
    int error = cli_form_of(cli, args, &form);
    if (error != OK)
        return error;
    if (form != CLI_TABLE)
        return cli_write_doc(cli, form, answer);
    tell(act, answer, cli_args_at(args, 0));
    return OK;
}

/* The case's name from an answer, since a closing or another case may make what was typed ambiguous meanwhile. */
static int wait_path(struct cli *cli, const struct cli_args *args, const struct jdoc *answer,
                     char path[CLI_API_PATH_MAX])
{
    char name[120];
    const char *member = jdoc_get_text(answer, "member", NULL), *reference = jdoc_get_text(answer, "reference", NULL);
    if (member == NULL || reference == NULL)
        return cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    snprintf(name, sizeof name, "%.60s/%.50s", member, reference);
    return cli_api_case_path(cli, name, "", path);
}

static int wait_after(struct cli *cli, const struct cli_args *args, const struct act *act, struct jdoc **inout_answer)
{
    const char *step = NULL;
    int64_t limit_us = 0;
    char path[CLI_API_PATH_MAX], of[48] = "";
    int error = cli_wait_read(cli, args, &step, &limit_us);
    if (error != OK || step == NULL)
        return error;
    bool reply = act->of != NULL && strcmp(act->of, "reply") == 0;
    snprintf(of, sizeof of, "%.40s", reply ? jdoc_get_text(*inout_answer, "id", "") : act->of != NULL ? act->of : "");
    error = wait_path(cli, args, *inout_answer, path);
    return error == OK ? cli_wait_for(cli, path, step, of[0] != '\0' ? of : NULL, limit_us, inout_answer) : error;
}

/* Usage is checked before anything is sent. */
static int check_options(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    const char *step;
    int64_t limit_us;
    int error = cli_form_of(cli, args, &form);
    return error == OK ? cli_wait_read(cli, args, &step, &limit_us) : error;
}

static int perform(struct cli *cli, const struct cli_args *args, const struct act *act, const struct jdoc *body)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *answer = NULL;
    int error = check_options(cli, args);
    if (error == OK)
        error = cli_api_case_path(cli, cli_args_at(args, 0), act->rest, path);
    if (error == OK)
        error = cli_api_send(cli, "POST", path, body, &answer);
    if (error != OK)
        return error;
    error = wait_after(cli, args, act, &answer);
    int written = write_answer(cli, args, act, answer);
    jdoc_free(answer);
    return error != OK ? error : written;
}

static int run_ack(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/acknowledge", "acknowledgement", "acknowledged"};
    struct jdoc *body = jdoc_object();
    const char *as = cli_args_text(args, "as", NULL), *step = cli_args_text(args, "wait", "accepted");
    int error = OK;
    if (as != NULL)
        jdoc_set_text(body, "as", as);
    if (strcmp(step, "accepted") != 0)
        error = cli_fail(cli, ERR_USAGE, "--wait %s: an acknowledgement can only be accepted, by the relays", step);
    error = error == OK ? perform(cli, args, &act, body) : error;
    jdoc_free(body);
    return error;
}

/* The one kind that was asked for, or NULL. */
static const char *reply_option(const struct cli_args *args)
{
    static const char *const names[] = {"sighting", "question", "acting", "nothing-here"};
    const char *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (cli_args_has(args, names[i])) {
            found = names[i];
            count++;
        }
    }
    if (count == 0 && cli_args_has(args, "message"))
        return "message";
    bool two_texts = count == 1 && strcmp(found, "question") == 0 && cli_args_has(args, "message");
    return count == 1 && !two_texts ? found : NULL;
}

static int read_sighting(struct cli *cli, const char *path, struct jdoc *body)
{
    struct jdoc *doc = NULL;
    Hotline__Reply *reply = NULL;
    int error = cli_read_doc(cli, path, &doc);
    if (error != OK)
        return error;
    error = reply_from_sighting(doc, &cli->note, &reply);
    if (error == OK)
        error = reply_check(reply, &cli->note);
    reply_free(reply);
    if (error != OK) {
        jdoc_free(doc);
        return cli_failed(cli, error);
    }
    jdoc_set_doc(body, "sighting", doc);
    return OK;
}

static int read_reply(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *option = reply_option(args);
    char kind[16];
    if (option == NULL) {
        cli_hint(cli, "A --message may go with --sighting, --acting and --nothing-here.");
        return cli_fail(cli, ERR_USAGE, "say one of --message, --question, --sighting, --acting, --nothing-here");
    }
    size_t i = 0;
    for (; option[i] != '\0' && i + 1 < sizeof kind; i++)
        kind[i] = option[i] == '-' ? '_' : (char)(option[i] - 'a' + 'A');
    kind[i] = '\0';
    jdoc_set_text(body, "kind", kind);
    const char *text = cli_args_text(args, "question", cli_args_text(args, "message", NULL));
    if (text != NULL)
        jdoc_set_text(body, "text", text);
    if (cli_args_has(args, "language"))
        jdoc_set_text(body, "text_language", cli_args_text(args, "language", ""));
    return strcmp(option, "sighting") == 0 ? read_sighting(cli, cli_args_text(args, "sighting", ""), body) : OK;
}

static int run_reply(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/replies", "reply", "reply sent to its publisher"};
    struct jdoc *body = jdoc_object();
    const char *step = cli_args_text(args, "wait", "accepted");
    int error = read_reply(cli, args, body);
    if (error == OK && strcmp(step, "acknowledged") == 0)
        error = cli_fail(cli, ERR_USAGE, "--wait acknowledged: a reply can be accepted and delivered");
    error = error == OK ? perform(cli, args, &act, body) : error;
    jdoc_free(body);
    return error;
}

static int read_update(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    struct jdoc *doc = NULL;
    Hotline__Case *alert = NULL;
    int error = cli_read_doc(cli, cli_args_at(args, 1), &doc);
    if (error != OK)
        return error;
    error = case_from_json(doc, &cli->note, &alert);
    if (error == OK)
        error = case_check_sendable(alert, clock_wall_us(), &cli->note);
    case_free(alert);
    jdoc_set_doc(body, "case", doc);
    if (error != OK)
        return cli_failed(cli, error);
    struct jdoc *to = jdoc_array();
    const char *list;
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "to", &index)) != NULL;)
        error = cli_add_countries(cli, "--to", list, to);
    if (error == OK && jdoc_count(to) > 0)
        jdoc_set_doc(body, "to", to);
    else
        jdoc_free(to);
    return error;
}

static int run_update(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/revisions", NULL, "updated"};
    struct jdoc *body = jdoc_object();
    int error = read_update(cli, args, body);
    error = error == OK ? perform(cli, args, &act, body) : error;
    jdoc_free(body);
    return error;
}

static int read_closing(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *outcome = cli_args_text(args, "outcome", NULL);
    Hotline__Outcome__Code code;
    if (outcome == NULL) {
        cli_hint(cli, "For example: hotline close %s --outcome found-safe", cli_args_at(args, 0));
        return cli_fail(cli, ERR_USAGE, "--outcome is missing");
    }
    int error = case_outcome_from_text(outcome, &cli->note, &code);
    if (error != OK) {
        err_prefix(&cli->note, "--outcome");
        return cli_failed(cli, error);
    }
    jdoc_set_text(body, "outcome", mapper_code_name(&hotline__outcome__code__descriptor, (int)code));
    if (cli_args_has(args, "found-country"))
        jdoc_set_text(body, "found_country", cli_args_text(args, "found-country", ""));
    if (cli_args_has(args, "reason"))
        jdoc_set_text(body, "reason", cli_args_text(args, "reason", ""));
    if (cli_args_has(args, "taken-over-by"))
        jdoc_set_text(body, "taken_over_by", cli_args_text(args, "taken-over-by", ""));
    Hotline__Closing *closing = NULL;
    error = closing_from_json(body, &cli->note, &closing);
    if (error == OK)
        error = closing_check_sendable(closing, &cli->note);
    closing_free(closing);
    return error == OK ? OK : cli_failed(cli, error);
}

static int run_close(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/close", NULL, "closed"};
    struct jdoc *body = jdoc_object();
    int error = read_closing(cli, args, body);
    error = error == OK ? perform(cli, args, &act, body) : error;
    jdoc_free(body);
    return error;
}

static int run_retract(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/retract", NULL, "retracted"};
    const char *reason = cli_args_text(args, "reason", NULL);
    if (reason == NULL || reason[0] == '\0') {
        cli_hint(cli, "For example: hotline retract %s --reason \"sent in error\"", cli_args_at(args, 0));
        return cli_fail(cli, ERR_USAGE, "--reason is missing");
    }
    struct jdoc *body = jdoc_object();
    jdoc_set_text(body, "reason", reason);
    int error = perform(cli, args, &act, body);
    jdoc_free(body);
    return error;
}

static const struct cli_args_option ack_options[] = {
    {"as", 0, CLI_ARGS_VALUE, "NAME", "who; stays here, the receipt names the hotline only (default: your account)"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option reply_options[] = {
    {"message", 0, CLI_ARGS_VALUE, "TEXT", "words to the publisher"},
    {"question", 0, CLI_ARGS_VALUE, "TEXT", "something to be answered"},
    {"sighting", 0, CLI_ARGS_VALUE, "FILE", "a sighting: when, where, how sure (JSON)"},
    {"acting", 0, CLI_ARGS_FLAG, NULL, "we have taken it on"},
    {"nothing-here", 0, CLI_ARGS_FLAG, NULL, "looked; nothing"},
    {"language", 0, CLI_ARGS_VALUE, "TAG", "of the text (BCP 47: en, el, pt-PT)"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option update_options[] = {
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", "further countries concerned; nobody is taken off"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option close_options[] = {
    {"outcome", 0, CLI_ARGS_VALUE, "CODE",
     "found-safe, found-harmed, found-deceased, returned, withdrawn, aged-out, taken-over"},
    {"found-country", 0, CLI_ARGS_VALUE, "CC", "where the child was found"},
    {"taken-over-by", 0, CLI_ARGS_VALUE, "MEMBER", "with taken-over"},
    {"reason", 0, CLI_ARGS_VALUE, "TEXT", "a sentence, without personal data"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option retract_options[] = {
    {"reason", 0, CLI_ARGS_VALUE, "TEXT", "a sentence, without personal data"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};

const struct cli_command cmd_case[] = {
    {.name = "ack",
     .synopsis = "ID [--as NAME]",
     .summary = "a person here has read it: tell the publisher",
     .examples = "  hotline ack GR-2026-00001 --as Paola\n"
                 "  hotline ack gr-faros/GR-2026-00001 --wait accepted\n",
     .options = ack_options,
     .least = 1,
     .most = 1,
     .run = run_ack},
    {.name = "reply",
     .synopsis = "ID (--message TEXT | --question TEXT | --sighting FILE | --acting | --nothing-here)",
     .summary = "answer the publisher; nobody else reads it",
     .examples =
         "  hotline reply GR-2026-00001 --message \"Bari police informed\"\n"
         "  hotline reply GR-2026-00001 --acting\n"
         "  hotline reply GR-2026-00001 --sighting seen.json --message \"by the ticket office\"\n"
         "\n  seen.json: {\"at\": \"2026-11-21T18:05:00+01:00\", \"place\": \"Bari, port\", \"country\": \"IT\",\n"
         "              \"confidence\": \"PROBABLE\"}\n",
     .options = reply_options,
     .least = 1,
     .most = 1,
     .run = run_reply},
    {.name = "update",
     .synopsis = "ID FILE [--to COUNTRIES]",
     .summary = "a new revision of a case opened here, whole",
     .examples = "  hotline update GR-2026-00001 case.json\n"
                 "  hotline update GR-2026-00001 case.json --to AL --wait delivered\n",
     .notes = "It reaches everybody who holds the case. After a closing it opens the case again, loudly.\n",
     .options = update_options,
     .least = 2,
     .most = 2,
     .run = run_update},
    {.name = "close",
     .synopsis = "ID --outcome CODE [--found-country CC] [--reason TEXT]",
     .summary = "end a case opened here",
     .examples = "  hotline close GR-2026-00001 --outcome found-safe --found-country IT\n"
                 "  hotline close GR-2026-00001 --outcome taken-over --taken-over-by it-lanterna\n",
     .options = close_options,
     .least = 1,
     .most = 1,
     .run = run_close},
    {.name = "retract",
     .synopsis = "ID --reason TEXT",
     .summary = "take back a case sent in error, as loud as it was sent",
     .examples = "  hotline retract GR-2026-00001 --reason \"sent in error\"\n",
     .options = retract_options,
     .least = 1,
     .most = 1,
     .run = run_retract},
    {0},
};
