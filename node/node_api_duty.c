/* node_api_duty: consoles are armed, say that they are there, and show cases. The network learns counts and languages,
 * and of a case that it stands before somebody's eyes. */
#include <string.h>

#include "node/node_api_inner.h"
#include "proto/clock.h"
#include "proto/form.h"

static void tell(struct node_api *api)
{
    const char *languages[LIMIT_LANGUAGES];
    size_t count = duty_languages(&api->duty, languages);
    node_set_duty(api->conf.node, api->duty.count, languages, count);
}

void node_api_duty_sweep(void *ctx)
{
    struct node_api *api = ctx;
    if (duty_sweep(&api->duty, clock_steady_us()))
        tell(api);
}

static int read_console(struct node_api_call *call, uint8_t id[DUTY_ID_BYTES])
{
    const char *text = jdoc_get_text(call->body, "console", "");
    if (strlen(text) != 2 * DUTY_ID_BYTES || buf_unhex(text, id, DUTY_ID_BYTES) != OK)
        return err_set(&call->note, ERR_INVALID, "console: must be %d hexadecimal digits", 2 * DUTY_ID_BYTES);
    return OK;
}

static int read_languages(struct node_api_call *call, struct duty_console *console)
{
    const struct jdoc *array = jdoc_get(call->body, "languages");
    if (jdoc_count(array) > LIMIT_LANGUAGES)
        return err_set(&call->note, ERR_LIMIT, "languages: at most %d", LIMIT_LANGUAGES);
    for (size_t i = 0; i < jdoc_count(array); i++) {
        const char *text = jdoc_text(jdoc_at(array, i));
        if (text == NULL || strlen(text) > LIMIT_LANGUAGE_CHARS || !form_is_language(text))
            return err_set(&call->note, ERR_INVALID, "languages[%zu]: is not a language, as fr", i);
        snprintf(console->languages[console->language_count++], sizeof console->languages[0], "%s", text);
    }
    return OK;
}

static int done(struct node_api_call *call, uint64_t ticket)
{
    node_api_answer_doc(call->api, call->request, NULL, ticket, 204);
    return OK;
}

int node_api_post_console_arm(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"console", JDOC_TEXT, true},
                                                   {"languages", JDOC_ARRAY, true},
                                                   {"user", JDOC_TEXT, false},
                                                   {NULL, JDOC_NULL, false}};
    struct duty_console console = {.heard_us = clock_steady_us()};
    int error = node_api_check_fields(call, fields);
    if (error == OK)
        error = read_console(call, console.id);
    if (error == OK)
        error = read_languages(call, &console);
    if (error != OK)
        return error;
    caller_label(&call->caller, console.who);
    error = duty_arm(&call->api->duty, &console);
    if (error != OK)
        return err_set(&call->note, error, "%s",
                       error == ERR_LIMIT ? "too many consoles are armed" : "this console is armed by somebody else");
    tell(call->api);
    return done(call, node_api_audit(call->api, &call->caller, call->route, "", "OK"));
}

static const struct node_api_field console_fields[] = {
    {"console", JDOC_TEXT, true},
    {NULL, JDOC_NULL, false},
};

/* A body that names a console and nothing else, and whose it would be. */
static int read_who(struct node_api_call *call, uint8_t id[DUTY_ID_BYTES], char who[LIMIT_NAME_BYTES + 1])
{
    int error = node_api_check_fields(call, console_fields);
    if (error == OK)
        error = read_console(call, id);
    caller_label(&call->caller, who);
    return error;
}

int node_api_post_console_alive(struct node_api_call *call)
{
    char who[LIMIT_NAME_BYTES + 1];
    uint8_t id[DUTY_ID_BYTES];
    int error = read_who(call, id, who);
    if (error == OK && duty_alive(&call->api->duty, id, who, clock_steady_us()) != OK)
        error = err_set(&call->note, ERR_NOT_FOUND, "this console is not armed; arm it again");
    if (error == OK)
        http_reply(call->request, 204, NULL, slice_of(NULL, 0));
    return error;
}

int node_api_post_console_disarm(struct node_api_call *call)
{
    char who[LIMIT_NAME_BYTES + 1];
    uint8_t id[DUTY_ID_BYTES];
    int error = read_who(call, id, who);
    if (error == OK && duty_disarm(&call->api->duty, id, who) != OK)
        error = err_set(&call->note, ERR_NOT_FOUND, "this console is not armed");
    if (error != OK)
        return error;
    tell(call->api);
    return done(call, node_api_audit(call->api, &call->caller, call->route, "", "OK"));
}

/* By whoever has an armed console: the revision is drawn on it. Said once; again is no error. */
int node_api_post_shown(struct node_api_call *call)
{
    static const struct node_api_field fields[] = {{"revision", JDOC_INT, true}, {NULL, JDOC_NULL, false}};
    char who[LIMIT_NAME_BYTES + 1];
    bool fresh = false;
    int error = node_api_check_fields(call, fields);
    caller_label(&call->caller, who);
    if (error == OK && !duty_has(&call->api->duty, who))
        error = err_set(&call->note, ERR_STATE, "no console of yours is armed: nobody would hear the alarm");
    if (error == OK)
        error = node_shown(call->node, call->entry, jdoc_get_int(call->body, "revision", 0), call->now_us, &call->note,
                           &fresh);
    if (error == OK && fresh)
        node_api_record(call, call->entry);
    return error == OK ? done(call, vault_last(node_vault(call->node))) : error;
}
