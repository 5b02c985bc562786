/* cmd_user: who may log in at the console, programs' tokens, and the log of what they did. A password comes from the
 * terminal or a file, never from a flag. */
#include <inttypes.h>

#include "cli_api.h"
#include "cli_list.h"
#include "cli_prompt.h"
#include "cmd.h"
#include "proto/seal.h"

/* ---- shared ---- */

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len >= 1 && len <= 40 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

static int address(struct cli *cli, const char *kind, const char *name, const char *rest, char path[CLI_API_PATH_MAX])
{
    if (!is_name(name))
        return cli_fail(cli, ERR_USAGE, "\"%.60s\" is no name: 1 to 40 of a-z 0-9 . - _", name);
    snprintf(path, CLI_API_PATH_MAX, "/v1/%s/%s%s", kind, name, rest);
    return OK;
}

static int not_found(struct cli *cli, int error, const char *list)
{
    if (error == ERR_NOT_FOUND)
        cli_hint(cli, "`hotline %s list` lists them.", list);
    return error;
}

/* From --password-file, or asked twice. The caller wipes room. */
static int read_password(struct cli *cli, const struct cli_args *args, char *room, size_t size)
{
    const char *file = cli_args_text(args, "password-file", NULL);
    if (file != NULL) {
        int error = keyfile_passphrase_from(file, room, size, &cli->note);
        return error == OK ? OK : cli_failed(cli, error);
    }
    if (!cli_prompt_possible(cli)) {
        cli_hint(cli, "Run it on a terminal, or give --password-file FILE.");
        return cli_fail(cli, ERR_USAGE, "a password is needed and there is no terminal to ask on");
    }
    return cli_prompt_new_secret(cli, "password", room, size);
}

static int send_password(struct cli *cli, const struct cli_args *args, const char *method, const char *path,
                         struct jdoc *body)
{
    char password[LIMIT_PASSPHRASE_BYTES + 1] = "";
    struct jdoc *answer = NULL;
    int error = read_password(cli, args, password, sizeof password);
    if (error == OK) {
        jdoc_set_text(body, "password", password);
        error = not_found(cli, cli_api_send(cli, method, path, body, &answer), "user");
    }
    seal_wipe(password, sizeof password);
    jdoc_free(answer);
    return error;
}

/* ---- users ---- */

static int run_user_add(struct cli *cli, const struct cli_args *args)
{
    const char *name = cli_args_at(args, 0), *role = cli_args_text(args, "role", NULL);
    struct jdoc *body = jdoc_object();
    int error = OK;
    if (!is_name(name))
        error = cli_fail(cli, ERR_USAGE, "\"%.60s\" is no name: 1 to 40 of a-z 0-9 . - _", name);
    else if (role == NULL)
        error = cli_fail(cli, ERR_USAGE, "--role is needed: operator, supervisor, it or read-only");
    jdoc_set_text(body, "user", name);
    jdoc_set_text(body, "role", role);
    if (error == OK)
        error = send_password(cli, args, "POST", "/v1/users", body);
    jdoc_free(body);
    if (error == OK)
        cli_talk("%s may log in now, as %s. `hotline user totp %s` adds codes of an authenticator.", name, role, name);
    return error;
}

static int run_user_password(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object();
    int error = address(cli, "users", cli_args_at(args, 0), "/password", path);
    if (error == OK)
        error = send_password(cli, args, "PUT", path, body);
    jdoc_free(body);
    if (error == OK)
        cli_talk("The password is changed; whoever was logged in as %s is not any more.", cli_args_at(args, 0));
    return error;
}

static int run_user_role(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object(), *answer = NULL;
    jdoc_set_text(body, "role", cli_args_at(args, 1));
    int error = address(cli, "users", cli_args_at(args, 0), "/role", path);
    if (error == OK)
        error = not_found(cli, cli_api_send(cli, "PUT", path, body, &answer), "user");
    jdoc_free(body);
    jdoc_free(answer);
    return error;
}

static int remove_at(struct cli *cli, const char *kind, const char *name, const char *rest)
{
    char path[CLI_API_PATH_MAX];
    int error = address(cli, kind, name, rest, path);
    return error == OK ? cli_api_delete_if(cli, path, NULL) : error;
}

static int run_user_remove(struct cli *cli, const struct cli_args *args)
{
    return not_found(cli, remove_at(cli, "users", cli_args_at(args, 0), ""), "user");
}

static int run_user_unlock(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object(), *answer = NULL;
    int error = address(cli, "users", cli_args_at(args, 0), "/unlock", path);
    if (error == OK)
        error = not_found(cli, cli_api_send(cli, "POST", path, body, &answer), "user");
    jdoc_free(body);
    jdoc_free(answer);
    return error;
}

static int run_user_totp(struct cli *cli, const struct cli_args *args)
{
    char path[CLI_API_PATH_MAX];
    struct jdoc *body = jdoc_object(), *answer = NULL;
    struct buf out;
    int error = address(cli, "users", cli_args_at(args, 0), "/totp", path);
    buf_init(&out);
    if (error == OK && cli_args_has(args, "off")) {
        error = not_found(cli, remove_at(cli, "users", cli_args_at(args, 0), "/totp"), "user");
    } else if (error == OK) {
        error = not_found(cli, cli_api_send(cli, "POST", path, body, &answer), "user");
        if (error == OK) {
            buf_printf(&out, "%s\n%s\n", jdoc_get_text(answer, "secret", "?"), jdoc_get_text(answer, "uri", "?"));
            error = cli_write(cli, &out);
            cli_talk(
                "Type the first line into the authenticator; it is not shown again. The next login asks for a code.");
        }
    }
    if (out.data != NULL)
        seal_wipe(out.data, out.capacity);
    buf_free(&out);
    jdoc_free(body);
    jdoc_free(answer);
    return error;
}

static void add_user(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    char wait[40];
    int64_t locked = jdoc_get_int(row, "locked_seconds", 0);
    snprintf(wait, sizeof wait, "%" PRId64 " s", locked);
    cli_table_cell(table, jdoc_get_text(row, "user", NULL));
    cli_table_cell(table, jdoc_get_text(row, "role", NULL));
    cli_table_cell(table, jdoc_get_bool(row, "totp", false) ? "yes" : "no");
    cli_list_time(table, row, "login_at", "never", now_us);
    cli_table_cell_int(table, jdoc_get_int(row, "sessions", 0));
    cli_table_cell(table, locked > 0 ? wait : "-");
}

static int run_user_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"USER", "ROLE", "CODES", "LAST LOGIN", "SESSIONS", "LOCKED"};
    static const struct cli_list list = {"/v1/users", "There is no user: `hotline user add NAME --role supervisor`.",
                                         headers, 6, add_user};
    return cli_list_show(cli, args, &list);
}

/* ---- tokens ---- */

static int run_token_add(struct cli *cli, const struct cli_args *args)
{
    struct jdoc *body = jdoc_object(), *answer = NULL;
    struct buf out;
    char *end = NULL;
    const char *scope, *days = cli_args_text(args, "days", NULL);
    struct jdoc *scopes = jdoc_set_doc(body, "scopes", jdoc_array());
    int error = OK;
    buf_init(&out);
    jdoc_set_text(body, "name", cli_args_at(args, 0));
    for (size_t index = 0; (scope = cli_args_next(args, "scope", &index)) != NULL;)
        jdoc_add_text(scopes, scope);
    if (days != NULL)
        jdoc_set_int(body, "days", strtoll(days, &end, 10));
    if (jdoc_count(scopes) == 0 || (days != NULL && (end == days || *end != '\0')))
        error =
            cli_fail(cli, ERR_USAGE, "%s", days != NULL && *end != '\0' ? "--days is a number" : "--scope is needed");
    if (error == OK)
        error = cli_api_send(cli, "POST", "/v1/tokens", body, &answer);
    if (error == OK) {
        buf_printf(&out, "%s\n", jdoc_get_text(answer, "token", "?"));
        error = cli_write(cli, &out);
        cli_talk("This is the token %s; it is not shown again. It ends %s.", jdoc_get_text(answer, "name", "?"),
                 jdoc_get_text(answer, "expires_at", "?"));
    }
    if (out.data != NULL)
        seal_wipe(out.data, out.capacity);
    buf_free(&out);
    jdoc_free(body);
    jdoc_free(answer);
    return error;
}

static int run_token_revoke(struct cli *cli, const struct cli_args *args)
{
    return not_found(cli, remove_at(cli, "tokens", cli_args_at(args, 0), ""), "token");
}

static void add_token(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_table_cell(table, jdoc_get_text(row, "id", NULL));
    cli_table_cell(table, jdoc_get_text(row, "name", NULL));
    cli_list_texts(table, row, "scopes");
    cli_table_cell(table, jdoc_get_text(row, "created_by", NULL));
    cli_list_time(table, row, "expires_at", "-", now_us);
    cli_list_time(table, row, "used_at", "never", now_us);
}

static int run_token_list(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"ID", "NAME", "SCOPES", "BY", "EXPIRES", "LAST USED"};
    static const struct cli_list list = {"/v1/tokens", "There is no token.", headers, 6, add_token};
    return cli_list_show(cli, args, &list);
}

/* ---- the audit log ---- */

static void add_entry(struct cli_table *table, const struct jdoc *row, int64_t now_us)
{
    cli_table_cell_int(table, jdoc_get_int(row, "number", 0));
    cli_list_time(table, row, "at", "-", now_us);
    cli_table_cell(table, jdoc_get_text(row, "kind", NULL));
    cli_table_cell(table, jdoc_get_text(row, "who", NULL));
    cli_table_cell(table, jdoc_get_text(row, "act", NULL));
    cli_table_cell(table, jdoc_get_text(row, "subject", NULL));
    cli_table_cell(table, jdoc_get_text(row, "result", NULL));
}

static int run_audit(struct cli *cli, const struct cli_args *args)
{
    static const char *const headers[] = {"NUMBER", "AT", "KIND", "WHO", "ACT", "ABOUT", "RESULT"};
    char path[CLI_API_PATH_MAX];
    const char *after = cli_args_text(args, "after", NULL), *limit = cli_args_text(args, "count", "50");
    if (strspn(limit, "0123456789") != strlen(limit) || (after != NULL && strspn(after, "0123456789") != strlen(after)))
        return cli_fail(cli, ERR_USAGE, "--after and --count are numbers");
    snprintf(path, sizeof path, "/v1/audit?limit=%.8s%s%.18s", limit, after != NULL ? "&after=" : "",
             after != NULL ? after : "");
    const struct cli_list list = {path, "Nothing is in the log.", headers, 7, add_entry};
    return cli_list_show(cli, args, &list);
}

static int run_audit_verify(struct cli *cli, const struct cli_args *args)
{
    enum cli_form form;
    struct jdoc *answer = NULL;
    struct buf out;
    int error = cli_form_of(cli, args, &form);
    if (error == OK)
        error = cli_api_get_within(cli, "/v1/audit/verify", 600000, &answer);
    if (error != OK)
        return error;
    bool intact = jdoc_get_bool(answer, "intact", false);
    buf_init(&out);
    if (form != CLI_TABLE) {
        error = cli_write_doc(cli, form, answer);
    } else if (intact) {
        buf_printf(&out, "%" PRId64 " entries, unbroken; head %s\n", jdoc_get_int(answer, "entries", 0),
                   jdoc_get_text(answer, "head", "?"));
        error = cli_write(cli, &out);
    }
    if (error == OK && !intact)
        error = cli_fail(cli, ERR_SIGNATURE, "entry %" PRId64 " of %" PRId64 " breaks the chain: %s",
                         jdoc_get_int(answer, "broken_at", 0), jdoc_get_int(answer, "entries", 0),
                         jdoc_get_text(answer, "why", "?"));
    buf_free(&out);
    jdoc_free(answer);
    return error;
}

/* ---- the table ---- */

#define PASSWORD_OPTION                                                                                                \
    {                                                                                                                  \
        "password-file", 0, CLI_ARGS_VALUE, "FILE", "read the password from the first line of FILE (0600)"             \
    }
static const struct cli_args_option no_options[] = {CLI_OPTION_END};
static const struct cli_args_option read_options[] = {CLI_OPTION_OUTPUT, CLI_OPTION_END};
static const struct cli_args_option password_options[] = {PASSWORD_OPTION, CLI_OPTION_END};
static const struct cli_args_option add_options[] = {
    {"role", 0, CLI_ARGS_VALUE, "ROLE", "operator, supervisor, it or read-only"}, PASSWORD_OPTION, CLI_OPTION_END};
static const struct cli_args_option totp_options[] = {{"off", 0, CLI_ARGS_FLAG, NULL, "no codes any more"},
                                                      CLI_OPTION_END};
static const struct cli_args_option token_options[] = {
    {"scope", 0, CLI_ARGS_MANY, "SCOPE", "read, draft, publish:exercise or publish:live; as many as are needed"},
    {"days", 0, CLI_ARGS_VALUE, "N", "how long it is valid (default 90, at most 366)"},
    CLI_OPTION_END};
static const struct cli_args_option audit_options[] = {
    {"after", 0, CLI_ARGS_VALUE, "NUMBER", "entries that follow this one; without it the newest"},
    {"count", 'n', CLI_ARGS_VALUE, "N", "so many (default 50, at most 500)"},
    CLI_OPTION_OUTPUT,
    CLI_OPTION_END};

const struct cli_command cmd_user[] = {
    {.name = "user add",
     .synopsis = "NAME --role ROLE [--password-file FILE]",
     .summary = "let a person log in at the console",
     .examples = "  hotline user add anna --role supervisor\n  hotline user add night-desk-2 --role operator\n",
     .notes =
         "operator: all that a shift does. supervisor: the audit log too. it: users, tokens, backups, and no case.\n"
         "read-only: sees cases. The password has at least 12 characters; it is asked for without echo.\n",
     .options = add_options,
     .least = 1,
     .most = 1,
     .run = run_user_add},
    {.name = "user list",
     .synopsis = "[-o FORMAT]",
     .summary = "who may log in, with which role, and who must wait after wrong passwords",
     .examples = "  hotline user list\n",
     .options = read_options,
     .run = run_user_list},
    {.name = "user role",
     .synopsis = "NAME ROLE",
     .summary = "give a person another role; it counts from his next click",
     .examples = "  hotline user role anna operator\n",
     .options = no_options,
     .least = 2,
     .most = 2,
     .run = run_user_role},
    {.name = "user password",
     .synopsis = "NAME [--password-file FILE]",
     .summary = "a new password; ends what was open under the old one",
     .examples = "  hotline user password anna\n",
     .options = password_options,
     .least = 1,
     .most = 1,
     .run = run_user_password},
    {.name = "user totp",
     .synopsis = "NAME [--off]",
     .summary = "ask for an authenticator's code too; prints the secret for it, once",
     .examples = "  hotline user totp anna\n  hotline user totp anna --off\n",
     .options = totp_options,
     .least = 1,
     .most = 1,
     .run = run_user_totp},
    {.name = "user unlock",
     .synopsis = "NAME",
     .summary = "let a person try again at once after wrong passwords",
     .examples = "  hotline user unlock anna\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_user_unlock},
    {.name = "user remove",
     .synopsis = "NAME",
     .summary = "nobody logs in by this name any more, and whoever is logged in is not any more",
     .examples = "  hotline user remove anna\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_user_remove},
    {.name = "token add",
     .synopsis = "NAME --scope SCOPE... [--days N]",
     .summary = "let a program use the API at the console; prints its token, once",
     .examples = "  hotline token add case-system --scope read --scope draft\n"
                 "  hotline token add training --scope publish:exercise --days 14\n",
     .notes = "The program sends it as `Authorization: Bearer TOKEN`.\n",
     .options = token_options,
     .least = 1,
     .most = 1,
     .run = run_token_add},
    {.name = "token list",
     .synopsis = "[-o FORMAT]",
     .summary = "the tokens, what they may, until when, and when they were last used",
     .examples = "  hotline token list\n",
     .options = read_options,
     .run = run_token_list},
    {.name = "token revoke",
     .synopsis = "ID|NAME",
     .summary = "end a token at once",
     .examples = "  hotline token revoke case-system\n",
     .options = no_options,
     .least = 1,
     .most = 1,
     .run = run_token_revoke},
    {.name = "audit verify",
     .synopsis = "[-o FORMAT]",
     .summary = "whether the log of acts is whole; exit 5, with the first entry that breaks it",
     .examples = "  hotline audit verify\n",
     .notes =
         "Note the head elsewhere from time to time: whoever holds the node's keys could write a whole log anew.\n",
     .options = read_options,
     .run = run_audit_verify},
    {.name = "audit",
     .synopsis = "[--after NUMBER] [-n N] [-o FORMAT]",
     .summary = "who did what at this node",
     .examples = "  hotline audit\n  hotline audit --after 0 -n 500 -o jsonl >log.jsonl\n",
     .options = audit_options,
     .run = run_audit},
    {0},
};
