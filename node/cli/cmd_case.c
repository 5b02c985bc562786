/* cmd_case: what people do with a case: acknowledge, decline, reply, update, close, retract. Each returns once
 * committed here. */
#include "cli_api.h"
#include "cli_photo.h"
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

/* "not-competent" as the API's code. */
static void code_of(const char *text, char code[32])
{
    size_t i = 0;
    for (; text[i] != '\0' && i < 31; i++)
        code[i] = text[i] == '-' ? '_' : (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    code[i] = '\0';
}

static int run_decline(struct cli *cli, const struct cli_args *args)
{
    static const struct act act = {"/decline", NULL, "declined"};
    const char *text = cli_args_text(args, "code", NULL);
    char code[32];
    if (text == NULL) {
        cli_hint(cli, "For example: hotline decline %s --code not-competent", cli_args_at(args, 0));
        return cli_fail(cli, ERR_USAGE, "--code is missing");
    }
    code_of(text, code);
    struct jdoc *body = jdoc_object();
    jdoc_set_text(body, "code", code);
    int error = perform(cli, args, &act, body);
    jdoc_free(body);
    return error;
}

/* The one kind that was asked for, or NULL. */
static const char *reply_option(const struct cli_args *args)
{
    static const char *const names[] = {"sighting", "question", "answer", "acting", "nothing-here"};
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
    bool text = count == 1 && (strcmp(found, "question") == 0 || strcmp(found, "answer") == 0);
    bool two_texts = text && cli_args_has(args, "message");
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

/* --to: the whole id of the thread's entry whose id begins so. */
static int read_answered(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *typed = cli_args_text(args, "to", NULL), *found = NULL;
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    size_t count = 0;
    cli_hint(cli, "hotline show %s lists the replies with their ids.", cli_args_at(args, 0));
    if (typed == NULL)
        return cli_fail(cli, ERR_USAGE, "--to is missing: the id of the reply that is answered");
    int error = cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error != OK)
        return error;
    const struct jdoc *thread = jdoc_get(view, "thread");
    for (size_t i = 0; i < jdoc_count(thread); i++) {
        const char *id = jdoc_get_text(jdoc_at(thread, i), "id", "");
        if (typed[0] == '\0' || strncmp(id, typed, strlen(typed)) != 0 ||
            jdoc_get_bool(jdoc_at(thread, i), "mine", false))
            continue;
        found = id;
        count++;
    }
    if (count == 1)
        jdoc_set_text(body, "in_reply_to", found);
    jdoc_free(view);
    if (count == 1) {
        cli_hint(cli, "%s", "");
        return OK;
    }
    return count == 0 ? cli_fail(cli, ERR_NOT_FOUND, "--to %s: no reply to this case has this id", typed) :
                        cli_fail(cli, ERR_USAGE, "--to %s: %zu replies begin so: type more of it", typed, count);
}

static int read_reply(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    const char *option = reply_option(args);
    char kind[32];
    if (option == NULL) {
        cli_hint(cli, "A --message may go with --sighting, --acting and --nothing-here.");
        return cli_fail(cli, ERR_USAGE,
                        "say one of --message, --question, --answer, --sighting, --acting, --nothing-here");
    }
    code_of(option, kind);
    jdoc_set_text(body, "kind", kind);
    const char *text =
        cli_args_text(args, "question", cli_args_text(args, "answer", cli_args_text(args, "message", NULL)));
    if (text != NULL)
        jdoc_set_text(body, "text", text);
    if (cli_args_has(args, "language"))
        jdoc_set_text(body, "text_language", cli_args_text(args, "language", ""));
    if (strcmp(option, "answer") == 0)
        return read_answered(cli, args, body);
    return strcmp(option, "sighting") == 0 ? read_sighting(cli, cli_args_text(args, "sighting", ""), body) : OK;
}

static int run_reply(struct cli *cli, const struct cli_args *args)
{
    const struct act act = {"/replies", "reply",
                            cli_args_has(args, "answer") ? "answer sent" : "reply sent to its publisher"};
    struct jdoc *body = jdoc_object();
    const char *step = cli_args_text(args, "wait", "accepted");
    int error = read_reply(cli, args, body);
    if (error == OK && strcmp(step, "acknowledged") == 0)
        error = cli_fail(cli, ERR_USAGE, "--wait acknowledged: a reply can be accepted and delivered");
    error = error == OK ? perform(cli, args, &act, body) : error;
    jdoc_free(body);
    return error;
}

/* A new term from now on, in the place of what the file says. */
static void renew(const struct cli_args *args, struct jdoc **inout_doc)
{
    const char *term = cli_args_text(args, "valid-for", NULL), *key;
    struct jdoc_iter at = {0};
    const struct jdoc *value;
    if (term == NULL || jdoc_type(*inout_doc) != JDOC_OBJECT)
        return;
    struct jdoc *renewed = jdoc_object();
    while (jdoc_next(*inout_doc, &at, &key, &value))
        if (strcmp(key, "valid_until") != 0 && strcmp(key, "valid_for") != 0)
            jdoc_set_doc(renewed, key, jdoc_copy(value));
    jdoc_set_text(renewed, "valid_for", term);
    jdoc_free(*inout_doc);
    *inout_doc = renewed;
}

/* Photos are added to those that the case has. */
static int add_photos(struct cli *cli, const struct cli_args *args, struct jdoc *doc)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *view = NULL;
    if (!cli_args_has(args, "photo"))
        return OK;
    int error = cli_api_case_path(cli, cli_args_at(args, 0), "", path);
    if (error == OK)
        error = cli_api_get(cli, path, &view);
    if (error == OK)
        cli_photo_keep(view, doc);
    jdoc_free(view);
    return error == OK ? cli_photo_add(cli, args, doc) : error;
}

static int read_update(struct cli *cli, const struct cli_args *args, struct jdoc *body)
{
    struct jdoc *doc = NULL;
    Hotline__Case *alert = NULL;
    int error = cli_read_doc(cli, cli_args_at(args, 1), &doc);
    if (error != OK)
        return error;
    renew(args, &doc);
    error = case_from_json(doc, &cli->note, &alert);
    if (error == OK)
        error = case_check_sendable(alert, clock_wall_us(), &cli->note);
    case_free(alert);
    doc = jdoc_set_doc(body, "case", doc);
    if (error != OK)
        return cli_failed(cli, error);
    error = add_photos(cli, args, doc);
    if (error != OK)
        return error;
    struct jdoc *to = jdoc_array();
    const char *list;
    for (size_t index = 0; error == OK && (list = cli_args_next(args, "to", &index)) != NULL;)
        error = cli_add_countries(cli, "--to", list, to);
    if (error == OK && jdoc_count(to) > 0)
        jdoc_set_doc(body, "to", to);
    else
        jdoc_free(to);
    if (cli_args_has(args, "break-glass"))
        jdoc_set_text(body, "break_glass", cli_args_text(args, "break-glass", ""));
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
static const struct cli_args_option decline_options[] = {
    {"code", 0, CLI_ARGS_VALUE, "CODE", "not-competent, duplicate, no-capacity, unintelligible, not-allowed"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option reply_options[] = {
    {"message", 0, CLI_ARGS_VALUE, "TEXT", "words to the publisher"},
    {"question", 0, CLI_ARGS_VALUE, "TEXT", "something to be answered"},
    {"sighting", 0, CLI_ARGS_VALUE, "FILE", "a sighting: when, where, how sure (JSON)"},
    {"answer", 0, CLI_ARGS_VALUE, "TEXT", "the publisher's answer to a reply, to the one that wrote it"},
    {"to", 0, CLI_ARGS_VALUE, "REPLY-ID", "with --answer: the id of that reply, or its first digits"},
    {"acting", 0, CLI_ARGS_FLAG, NULL, "we have taken it on"},
    {"nothing-here", 0, CLI_ARGS_FLAG, NULL, "looked; nothing"},
    {"language", 0, CLI_ARGS_VALUE, "TAG", "of the text (BCP 47: en, el, pt-PT)"},
    CLI_OPTION_WAIT,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END,
};
static const struct cli_args_option update_options[] = {
    {"to", 0, CLI_ARGS_MANY, "COUNTRIES", "further countries concerned; nobody is taken off"},
    CLI_OPTION_PHOTO,
    {"valid-for", 0, CLI_ARGS_VALUE, "DURATION", "valid for so long from now on: 72h, 10d; never shorter than before"},
    {"break-glass", 0, CLI_ARGS_VALUE, "REASON", "send it without the second person that the rules ask for"},
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
    {.name = "decline",
     .synopsis = "ID --code CODE",
     .summary = "this hotline will not deal with it: tell the publisher, with the code",
     .examples = "  hotline decline GR-2026-00001 --code not-competent\n",
     .notes = "Who thinks again acknowledges it.\n",
     .options = decline_options,
     .least = 1,
     .most = 1,
     .run = run_decline},
    {.name = "reply",
     .synopsis = "ID (--message TEXT | --question TEXT | --sighting FILE | --acting | --nothing-here | "
                 "--answer TEXT --to REPLY-ID)",
     .summary = "answer the publisher, or as the publisher one that wrote; nobody else reads it",
     .examples =
         "  hotline reply GR-2026-00001 --message \"Bari police informed\"\n"
         "  hotline reply GR-2026-00001 --acting\n"
         "  hotline reply GR-2026-00001 --answer \"A red backpack\" --to 019ab3f0\n"
         "  hotline reply GR-2026-00001 --sighting seen.json --message \"by the ticket office\"\n"
         "\n  seen.json: {\"at\": \"2026-11-21T18:05:00+01:00\", \"place\": \"Bari, port\", \"country\": \"IT\",\n"
         "              \"confidence\": \"PROBABLE\", \"source_grade\": \"B\", \"information_grade\": 2}\n"
         "  (source: A completely reliable to F cannot be judged; information: 1 confirmed to 6 cannot be judged)\n",
     .options = reply_options,
     .least = 1,
     .most = 1,
     .run = run_reply},
    {.name = "update",
     .synopsis = "ID FILE [--to COUNTRIES] [--valid-for DURATION]",
     .summary = "a new revision of a case opened here, whole",
     .examples = "  hotline update GR-2026-00001 case.json\n"
                 "  hotline update GR-2026-00001 case.json --to AL --wait delivered\n"
                 "  hotline update GR-2026-00001 case.json --valid-for 72h\n",
     .notes =
         "It reaches everybody who holds the case. After a closing it opens the case again, loudly.\n"
         "The photos stay; --photo adds to them, and `photos` in the file replaces them.\n"
         "Where the rules of this hotline ask for a second person, an update that reaches further than before needs\n"
         "one: `hotline draft save FILE --updates ID` keeps it until it is approved.\n",
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
